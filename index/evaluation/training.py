"""Grows the ranker's weights on labelled data: what `clarion evaluate --train` runs.

    cases of each set (as asked, and with their answers left out) ─► rows of features, labels
      ─► five folds by answer: a forest on four, judged on the fifth ─► scores, calibration, bands
      ─► a forest on all ─► weights JSON

The encoder has seen the pairs that it was tuned on, so only queries that `tuning.is_held_out` kept from it teach the
forest, or it would trust the cosine too much. What the forest says may only rise with what speaks for a match
(monotone constraints), so that it stays sensible on texts unlike the training's.
"""

from __future__ import annotations

import json
import math
import random
import zlib
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
from index.evaluation import data, measures, report
from index.evaluation.bench import Engine, open_bench
from index.evaluation.data import Dataset, Query
from index.evaluation.measures import Outcome
from index.evaluation.ours import Case, cases
from index.evaluation.tuning import is_held_out
from index.evaluation.vectors import RememberedEncoder
from index.features import FEATURES, Rows
from index.settings import Settings

FOLDS = 5
TREES = 240
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
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
FALLING = frozenset({"numbers_missing"})
FREE = frozenset({"length", "size", "crowd", "is_cross", "is_zh"})
SMALLER = (3, 16)  # candidates of a case that is seen once more as a small catalogue would show it
CORRECT_NONE = 0.95  # mean over the sets; many label one answer of several, so the true rate is greater


@dataclass(frozen=True, slots=True)
class Lesson:
    """A case with the set it is from; `fold` is the same for all queries of one answer."""

    dataset: str
    case: Case
    fold: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to learn from; `weight` lets a small set count beside a large one."""

    rows: Rows
    labels: Rows
    weight: Rows


def train(datasets: Sequence[Dataset], settings: Settings, out: Path) -> None:
    """Writes the weights. Raises: SettingError without LightGBM; EncoderUnavailable; SearchUnavailable."""
    lightgbm = _lightgbm()
    with report.Bars() as bars:
        live = open_encoder(settings)
        with RememberedEncoder(live, settings.data_dir / "evaluation", bars.told) as encoder:
            lessons = [lesson for dataset in datasets for lesson in _lessons(dataset, settings, encoder, bars)]
    model = Model(lightgbm, live.name)
    judged = _cross_validated(model, lessons)
    tops = _tops(lessons, judged)
    calibration = _calibration(tops)
    same = _threshold(tops, calibration)
    weights = model.grow(lessons) | {
        "calibration": calibration,
        "bands": {"same": same, "similar": round(same / 2, 4)},
        "data_sha256": data.digest(datasets),
        "made_on": datetime.now(UTC).date().isoformat(),
        "scores": _scores(lessons, judged, calibration, same),
    }
    out.write_text(json.dumps(weights, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    report.print_scores(weights["scores"], same, Console())


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError:
        raise SettingError("--train needs LightGBM: pip install 'clarion[train]'") from None
    return lightgbm


def _lessons(dataset: Dataset, settings: Settings, encoder: RememberedEncoder, bars: report.Bars) -> Iterator[Lesson]:
    """The held-out queries with their candidates; those that nothing answers were never learned and stay, too."""
    bars.about = f"{dataset.name}:"
    kept = tuple(q for q in dataset.queries if is_held_out(q.id) or not dataset.answers(q))
    with open_bench(replace(dataset, queries=kept), Engine.EMBEDDED, settings, encoder, bars.told) as bench:
        for is_left_out in (False, True):
            for case in cases(bench, is_left_out=is_left_out):
                if case.entries:
                    yield Lesson(dataset.name, case, _fold(case.asked, case.right | case.left_out))


def _fold(asked: Query, answers: frozenset[str]) -> int:
    return zlib.crc32(min(answers, default=asked.id).encode()) // 7 % FOLDS


def _table(lessons: Sequence[Lesson]) -> Table:
    """Each case whole, and once more with few of its candidates."""
    rnd = random.Random(11)  # noqa: S311 (no secret)
    counts = Counter(lesson.dataset for lesson in lessons)
    rows, labels, weights = [], [], []
    for lesson in lessons:
        entries = [e for e in lesson.case.entries if e.passages]
        few = rnd.sample(entries, min(len(entries), rnd.randint(*SMALLER)))
        few += [e for e in entries if e.id in lesson.case.right and e not in few]
        for some in (entries, few):
            if some and lesson.case.query.said.terms:
                rows.append(features.compare(lesson.case.query, some).rows)
                labels += [float(e.id in lesson.case.right) for e in some]
                weights += [1 / math.sqrt(counts[lesson.dataset])] * len(some)
    weight = np.array(weights)
    return Table(np.vstack(rows), np.array(labels), weight / weight.mean())


class Model:
    """Grows forests and writes them down."""

    def __init__(self, lightgbm: Any, encoder: str) -> None:
        self._lightgbm = lightgbm
        self._encoder = encoder

    def grow(self, lessons: Sequence[Lesson]) -> dict[str, Any]:
        """The JSON form of a forest that is not calibrated yet and has no scores."""
        table = _table(lessons)
        rises = [-1 if name in FALLING else 0 if name in FREE else 1 for name in FEATURES]
        learned = self._lightgbm.Dataset(table.rows, table.labels, weight=table.weight, feature_name=list(FEATURES))
        booster = self._lightgbm.train({**PARAMETERS, "monotone_constraints": rises}, learned, TREES)
        trees = [_flat(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
        return {
            "format": ranking.FORMAT,
            "name": "forest-1",
            "encoder": " ".join(alike(self._encoder)),
            "features": list(FEATURES),
            "calibration": (1.0, 0.0),
            "bands": {"same": 0.5, "similar": 0.25},
            "depth": PARAMETERS["max_depth"],
            "trees": trees,
        }


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


@dataclass(frozen=True, slots=True)
class Judged:
    """What a forest that has not seen the case says: log odds and objections by entry, in the order of the case."""

    odds: Rows
    objected: tuple[bool, ...]


def _cross_validated(model: Model, lessons: Sequence[Lesson]) -> list[Judged]:
    judged: list[Judged | None] = [None] * len(lessons)
    for fold in range(FOLDS):
        forest = ranking.read(model.grow([lesson for lesson in lessons if lesson.fold != fold]))
        for n, lesson in enumerate(lessons):
            if lesson.fold == fold:
                found = matching.judge(lesson.case.query, lesson.case.entries, forest)
                probability = np.clip([j.probability for j in found], 1e-9, 1 - 1e-9)
                objected = tuple(any(r.objects for r in j.reasons if r.key != "only_topic") for j in found)
                judged[n] = Judged(np.log(probability / (1 - probability)), objected)
    return [j for j in judged if j is not None]


@dataclass(frozen=True, slots=True)
class Tops:
    """Of each case: its set and weight; of its first candidate the log odds, whether it is right, and unopposed."""

    dataset: NDArray[np.str_]
    is_unanswerable: NDArray[np.bool_]

    odds: Rows
    is_right: Rows
    is_clear: Rows
    weight: Rows


def _tops(lessons: Sequence[Lesson], judged: Sequence[Judged]) -> Tops:
    best = [int(np.argmax(j.odds)) for j in judged]
    counts = Counter(lesson.dataset for lesson in lessons)
    return Tops(
        dataset=np.array([lesson.dataset for lesson in lessons]),
        is_unanswerable=np.array([not lesson.case.right for lesson in lessons]),
        odds=np.array([j.odds[n] for n, j in zip(best, judged, strict=True)]),
        is_right=np.array(
            [float(lesson.case.entries[n].id in lesson.case.right) for n, lesson in zip(best, lessons, strict=True)]
        ),
        is_clear=np.array([float(not j.objected[n]) for n, j in zip(best, judged, strict=True)]),
        weight=np.array([1 / math.sqrt(counts[lesson.dataset]) for lesson in lessons]),
    )


def _calibration(tops: Tops) -> tuple[float, float]:
    """Scale and shift of the log odds under which the first candidates' probabilities come true (Platt 1999)."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6).fit(tops.odds[:, None], tops.is_right, sample_weight=tops.weight)
    return round(float(fitted.coef_[0][0]), 5), round(float(fitted.intercept_[0]), 5)


def _threshold(tops: Tops, calibration: tuple[float, float]) -> float:
    """The least probability from which on nothing is `same` in CORRECT_NONE of the cases that nothing answers."""
    probability = np.where(tops.is_clear > 0, _share(tops.odds, calibration), 0.0)[tops.is_unanswerable]
    sets = tops.dataset[tops.is_unanswerable]
    for same in np.arange(0.5, 0.99, 0.01):
        rates = [float((probability[sets == name] < same).mean()) for name in np.unique(sets)]
        if rates and sum(rates) / len(rates) >= CORRECT_NONE:
            return round(float(same), 2)
    return 0.99


def _share(odds: Rows, calibration: tuple[float, float]) -> Rows:
    probabilities: Rows = 1 / (1 + np.exp(-(calibration[0] * odds + calibration[1])))
    return probabilities


def _scores(
    lessons: Sequence[Lesson], judged: Sequence[Judged], calibration: tuple[float, float], same: float
) -> dict[str, dict[str, float | int | None]]:
    """The measures of each set on its held-out queries, none judged by a forest that learned from it."""
    outcomes: dict[str, list[Outcome]] = {}
    for lesson, each in zip(lessons, judged, strict=True):
        outcomes.setdefault(lesson.dataset, []).append(_outcome(lesson, each, calibration, same))
    return {
        name: {"cases": len(some)} | {k: _rounded(v) for k, v in asdict(measures.measure(some)).items()}
        for name, some in outcomes.items()
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _outcome(lesson: Lesson, judged: Judged, calibration: tuple[float, float], same: float) -> Outcome:
    probability = _share(judged.odds, calibration)
    order = np.argsort(-probability, kind="stable")
    ids = [entry.id for entry in lesson.case.entries]
    sure = {n for n in range(len(ids)) if probability[n] >= same and not judged.objected[n]}
    return Outcome(
        lang=lesson.case.asked.lang,
        right=lesson.case.right,
        ranked=tuple(ids[n] for n in order),
        same=frozenset(ids[n] for n in sure),
        probability=float(probability[order[0]]),
    )
