"""Grows the ranker's weights on labelled data: what `clarion evaluate --train` runs.

    cases of each set (as asked, and with their answers left out), whole and as a small catalogue would show them
      ─► rows of features, labels ─► five folds by answer: two forests on four, what they say on the fifth
      ─► how much each counts, bands, scores ─► two forests on all ─► weights JSON
    and all of it once more with rows that no vector has touched ─► weights for encoders without any (`ranking.words`)

The encoder has seen the pairs that it was tuned on, so only queries that `data.is_held_out` kept from it teach the
forests, or they would trust the cosine too much. What a forest says may only rise with what speaks for a match
(monotone constraints), so that it stays sensible on texts unlike the training's.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from index import features, matching, ranking
from index.encode import alike, open_encoder
from index.errors import SettingError
from index.evaluation import data, measures, own_set, report
from index.evaluation.bench import Engine, open_bench
from index.evaluation.data import Dataset, is_held_out
from index.evaluation.measures import Outcome
from index.evaluation.ours import Case, cases, fold_of
from index.evaluation.vectors import RememberedEncoder
from index.features import FEATURES, Rows
from index.settings import Settings

FOLDS = 5
FOLDS_SUFFIX, WORDS_SUFFIX = ".folds.json", ".words.json"
TREES = 240
PARAMETERS: dict[str, Any] = {
    "learning_rate": 0.06,
    "num_leaves": 6,
    "max_depth": 4,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "monotone_constraints_method": "advanced",
    "seed": 7,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
FIRST: dict[str, Any] = {"objective": "lambdarank", "lambdarank_truncation_level": 10}
FALLING = frozenset({"numbers_missing"})
FREE = frozenset({"length", "size", "crowd", "is_cross", "is_zh"})
#: Of the forest that states odds, beside the one that orders. In cross-validation the second alone orders best (MAP@5
#: .843; with a quarter of the first .842, in even parts .839), but tells less well when nothing answers (area under the
#: curve of the first candidates .887, .892, .894).
RIGHT_SHARE = 0.25
SMALLER = (1, 16)  # candidates of a case that is seen once more as a small catalogue would show it
ALL = "all together"
CORRECT_NONE = 0.88  # mean over the sets; many label one answer of several, so the true rate is greater


@dataclass(frozen=True, slots=True)
class Lesson:
    """A case with the set it is from; `fold` is the same for all queries of one answer.

    `rows` are of all its candidates, `few_rows` of some; `labels` say which of them are right.
    """

    dataset: str
    case: Case
    fold: int
    rows: Rows
    labels: NDArray[np.float64]
    few_rows: Rows
    few_labels: NDArray[np.float64]
    word_rows: Rows  # `rows` and `few_rows` once more, without vectors
    few_word_rows: Rows

    def by_words(self) -> Lesson:
        """The same lesson as weights see it that read no vectors."""
        return replace(self, rows=self.word_rows, few_rows=self.few_word_rows)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to learn from, the cases one after the other; `weight` lets a small set count beside a large one."""

    rows: Rows
    labels: Rows
    weight: Rows
    cases: tuple[int, ...]  # how many rows each has


def train(datasets: Sequence[Dataset], settings: Settings, out: Path) -> None:
    """Writes the weights, and beside them those of the five folds, for `--folds`, and those that read words alone.

    Raises: SettingError without LightGBM; EncoderUnavailable; SearchUnavailable.
    """
    lightgbm = _lightgbm()
    with report.Bars() as bars:
        live = open_encoder(settings)
        with RememberedEncoder(live, settings.data_dir / "evaluation", bars.told) as encoder:
            own = own_set.load()  # no encoder has learned from it
            lessons = [lesson for d in datasets for lesson in _lessons(_held_out(d), settings, encoder, bars)]
            lessons += _lessons(own, settings, encoder, bars)
        bars.about = "growing:"
        digest = data.digest((*datasets, own))
        weights, folds = _learned(lessons, Model(lightgbm, "forest-4", alike(live.name)), digest, bars)
        bars.about = "words:"
        by_words = [lesson.by_words() for lesson in lessons]
        words, _ = _learned(by_words, Model(lightgbm, "words-3", (ranking.WORDS,)), digest, bars)
    _write(out.with_suffix(FOLDS_SUFFIX), folds)
    _write(out.with_suffix(WORDS_SUFFIX), words)
    _write(out, weights)
    for made in (words, weights):
        report.print_scores(made["name"], made["scores"], made["scores_at"], Console())


def _learned(
    lessons: Sequence[Lesson], model: Model, digest: str, bars: report.Bars
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The weights learned from all lessons, and those of the folds, as JSON."""
    folds = []
    for number in range(FOLDS):
        folds.append(model.grow([lesson for lesson in lessons if lesson.fold != number]))
        bars.told("folds", number + 1, FOLDS)
    calibration = _calibration(lessons, folds)
    folds = [raw | {"calibration": calibration} for raw in folds]
    judged = _cross_validated(lessons, folds)
    same = _threshold(lessons, judged)
    decided = {"calibration": calibration, "bands": {"same": same, "similar": round(same / 2, 4)}}
    weights = model.grow(lessons) | decided | {
        "data_sha256": digest,
        "made_on": datetime.now(UTC).date().isoformat(),
        "scores_at": same,
        "scores": _scores(lessons, judged, same),
    }
    return weights, [raw | decided for raw in folds]


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError:
        raise SettingError("--train needs LightGBM: pip install 'clarion[train]'") from None
    return lightgbm


def _held_out(dataset: Dataset) -> Dataset:
    """With the queries that the encoder never learned from: those kept from it, and those that nothing answers."""
    kept = (q for q in dataset.queries if is_held_out(q.id) or not dataset.answers(q))
    return replace(dataset, queries=tuple(kept))


def _lessons(dataset: Dataset, settings: Settings, encoder: RememberedEncoder, bars: report.Bars) -> Iterator[Lesson]:
    """Each query with its candidates, and each that has answers once more without them."""
    bars.about = f"{dataset.name}:"
    rnd = random.Random(11)  # noqa: S311 (no secret)
    asked = (len(dataset.queries), sum(bool(dataset.answers(q)) for q in dataset.queries))
    with open_bench(dataset, Engine.EMBEDDED, settings, encoder, bars.told) as bench:
        for is_left_out in (False, True):
            for done, case in enumerate(cases(bench, is_left_out=is_left_out), start=1):
                bars.told("left out" if is_left_out else "asked", done, asked[is_left_out])
                if lesson := _lesson(dataset.name, case, rnd):
                    yield lesson


def _lesson(dataset: str, case: Case, rnd: random.Random) -> Lesson | None:
    entries = [e for e in case.entries if e.passages]
    if not entries or not case.query.said.terms:
        return None
    few = rnd.sample(entries, min(len(entries), rnd.randint(*SMALLER)))
    few += [e for e in entries if e.id in case.right and e not in few]
    return Lesson(
        dataset,
        replace(case, entries=tuple(entries)),
        fold_of(case.asked, case.right | case.left_out, FOLDS),
        features.compare(case.query, entries).rows,
        np.array([float(e.id in case.right) for e in entries]),
        features.compare(case.query, few).rows,
        np.array([float(e.id in case.right) for e in few]),
        features.compare(case.query, entries, by_words=True).rows,
        features.compare(case.query, few, by_words=True).rows,
    )


def _table(lessons: Sequence[Lesson], *, has_few: bool) -> Table:
    """`has_few`: each case once more with few of its candidates."""
    counts = Counter(lesson.dataset for lesson in lessons)
    cases = [
        (rows, labels, 1 / math.sqrt(counts[lesson.dataset]))
        for lesson in lessons
        for rows, labels in ((lesson.rows, lesson.labels), (lesson.few_rows, lesson.few_labels))[: 1 + has_few]
    ]
    weight = np.concatenate([np.full(len(labels), w) for _, labels, w in cases])
    rows, labels = np.vstack([rows for rows, _, _ in cases]), np.concatenate([labels for _, labels, _ in cases])
    return Table(rows, labels, weight / weight.mean(), tuple(len(labels) for _, labels, _ in cases))


class Model:
    """Grows forests and writes them down."""

    def __init__(self, lightgbm: Any, name: str, encoders: Sequence[str]) -> None:
        self._lightgbm = lightgbm
        self._name = name
        self._encoders = encoders

    def grow(self, lessons: Sequence[Lesson]) -> dict[str, Any]:
        """The JSON form of two forests that are not calibrated yet and have no scores."""
        return {
            "format": ranking.FORMAT,
            "name": self._name,
            "encoder": " ".join(self._encoders),
            "features": list(FEATURES),
            "calibration": (1.0, 0.0, 0.0),
            "bands": {"same": 0.5, "similar": 0.25},
            "depth": PARAMETERS["max_depth"],
            "right": self._forest(_table(lessons, has_few=True), {"objective": "binary"}),
            # an order among few teaches little: MAP@5 of 46 Toutiao queries was .964 with them, .986 without
            "first": self._forest(_table([x for x in lessons if x.case.right], has_few=False), FIRST),
        }

    def _forest(self, table: Table, aim: dict[str, Any]) -> list[dict[str, Any]]:
        rises = [-1 if name in FALLING else 0 if name in FREE else 1 for name in FEATURES]
        groups = list(table.cases) if aim is FIRST else None
        learned = self._lightgbm.Dataset(
            table.rows, table.labels, weight=table.weight, group=groups, feature_name=list(FEATURES)
        )
        booster = self._lightgbm.train({**PARAMETERS, **aim, "monotone_constraints": rises}, learned, TREES)
        return [_flat(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]


def _flat(root: dict[str, Any]) -> dict[str, list[Any]]:
    """One tree as lists by node, the root first."""
    tree: dict[str, list[Any]] = {"feature": [], "threshold": [], "left": [], "right": [], "value": []}

    def add(node: dict[str, Any]) -> int:
        at = len(tree["feature"])
        is_leaf = "leaf_value" in node
        for name, value in (
            ("feature", ranking.LEAF if is_leaf else node["split_feature"]),
            ("threshold", 0.0 if is_leaf else round(node["threshold"], 5)),
            ("left", 0),
            ("right", 0),
            ("value", round(node["leaf_value"], 5) if is_leaf else 0.0),
        ):
            tree[name].append(value)
        if not is_leaf:
            tree["left"][at] = add(node["left_child"])
            tree["right"][at] = add(node["right_child"])
        return at

    add(root)
    return tree


def _calibration(lessons: Sequence[Lesson], folds: Sequence[dict[str, Any]]) -> tuple[float, float, float]:
    """How the two forests count together, scaled and shifted so that what is stated of the first candidates comes true
    (Platt 1999)."""
    forests = [ranking.read(raw) for raw in folds]
    counts = Counter(lesson.dataset for lesson in lessons)
    said = [
        np.stack([forests[x.fold].right.total(x.rows), forests[x.fold].first.total(x.rows)], axis=1) for x in lessons
    ]
    weight = [1 / math.sqrt(counts[lesson.dataset]) for lesson in lessons]
    both = np.array([RIGHT_SHARE, 1.0])
    odds = [x @ both for x in said]
    tops = [int(np.argmax(x)) for x in odds]
    scale, shift = _fitted(
        np.array([[x[n]] for x, n in zip(odds, tops, strict=True)]),
        np.array([x.labels[n] for x, n in zip(lessons, tops, strict=True)]),
        np.array(weight),
    )
    return round(float(scale * both[0]), 5), round(float(scale * both[1]), 5), round(float(shift), 5)


def _fitted(values: Rows, labels: Rows, weight: Rows) -> Rows:
    """Logistic regression: a factor for each column, then the constant."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6).fit(values, labels, sample_weight=weight)
    found: Rows = np.append(fitted.coef_[0], fitted.intercept_[0])
    return found


@dataclass(frozen=True, slots=True)
class Judged:
    """What weights that have not seen the case say of its candidates, in their order."""

    probability: Rows
    objected: tuple[bool, ...]


def _cross_validated(lessons: Sequence[Lesson], folds: Sequence[dict[str, Any]]) -> list[Judged]:
    weights = [ranking.read(raw) for raw in folds]
    judged = []
    for lesson in lessons:
        found = matching.judge(lesson.case.query, lesson.case.entries, weights[lesson.fold])
        objected = tuple(any(r.objects for r in j.reasons if r.key != "only_topic") for j in found)
        judged.append(Judged(np.array([j.probability for j in found]), objected))
    return judged


def _threshold(lessons: Sequence[Lesson], judged: Sequence[Judged]) -> float:
    """The least probability from which on nothing is `same` in CORRECT_NONE of the cases that nothing answers."""
    surest: dict[str, list[float]] = {}
    for lesson, each in zip(lessons, judged, strict=True):
        if not lesson.case.right:
            clear = [p for p, objected in zip(each.probability.tolist(), each.objected, strict=True) if not objected]
            surest.setdefault(lesson.dataset, []).append(max(clear, default=0.0))
    for same in np.arange(0.4, 0.99, 0.01):
        rates = [float((np.array(some) < same).mean()) for some in surest.values()]
        if rates and sum(rates) / len(rates) >= CORRECT_NONE:
            return round(float(same), 2)
    return 0.99


def _scores(
    lessons: Sequence[Lesson], judged: Sequence[Judged], same: float
) -> dict[str, dict[str, float | int | None]]:
    """The measures of each set on its held-out queries, none judged by a forest that learned from it; and of all."""
    outcomes: dict[str, list[Outcome]] = {}
    for lesson, each in zip(lessons, judged, strict=True):
        outcomes.setdefault(lesson.dataset, []).append(_outcome(lesson, each, same))
    everything = {ALL: [one for some in outcomes.values() for one in some]} if len(outcomes) > 1 else {}
    return {
        name: {"cases": len(some)} | {k: _rounded(v) for k, v in asdict(measures.measure(some)).items()}
        for name, some in (outcomes | everything).items()
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _outcome(lesson: Lesson, judged: Judged, same: float) -> Outcome:
    order = np.argsort(-judged.probability, kind="stable")
    ids = [entry.id for entry in lesson.case.entries]
    sure = {n for n in range(len(ids)) if judged.probability[n] >= same and not judged.objected[n]}
    return Outcome(
        lang=lesson.case.asked.lang,
        right=lesson.case.right,
        ranked=tuple(ids[n] for n in order),
        same=frozenset(ids[n] for n in sure),
        probability=float(judged.probability[order[0]]),
    )
