"""Tunes the encoder on labelled data and on rumors of our own: what `clarion evaluate --tune` runs.

    pairs query–document of each set, and title–text of its documents  ┐  neighbours that do not answer, by BM25 and by
    rumors.json: one rumor in several wordings, and near topics        ┘  the encoder as it is, beside each
      ─► batches from one set, half of them of one topic ─► encode.tuning

A batch is from one set, so that telling texts apart takes more than telling sets apart; sets are drawn with their
size ^ .6, so that the small ones count. A neighbour that says nearly what the answer says is no lesson: many sets
label one answer of several. One query in five stays out for good (`is_held_out`): the ranker learns from those, and
they measure what the encoder is worth.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from index import text
from index.encode import open_encoder, packaged
from index.encode.tuning import Batch
from index.encode.tuning import tune as tune_encoder
from index.evaluation import report
from index.evaluation.data import Dataset, Doc, is_held_out
from index.evaluation.vectors import RememberedEncoder
from index.ports import Encoder, Vectors
from index.settings import Settings

PAIRS = 20  # of a batch
RUMORS = 16
RUMOR_SHARE = 0.2  # of the batches
TITLE_SHARE = 0.15
TOPIC_SHARE = 0.5  # of the batches of pairs
MAX_DOCUMENTS = 7_500  # of a set among which neighbours are looked for
MAX_TITLES = 4_000
NEIGHBOURS = slice(2, 24)  # by words; the very nearest often answer too, unlabelled
NEAR = 16  # by meaning
ANSWERS_TOO = 0.9  # cosine to an answer from which on a neighbour is taken to say the same
MINED_CHARACTERS = 120  # of a text that neighbours are looked for with
MAX_CHARACTERS = 600
# Not those of `edits`: an encoder that had learned the measure's own edits would only remember them.
_BEFORE = {
    "zh": ("听说", "网上说", "转发：", "姐妹们注意，", "我妈发来的："),
    "en": ("I heard that ", "My aunt says: ", "WARNING! ", "So apparently ", "Someone told me "),
}
_AFTER = {
    "zh": ("，是真的吗", "，大家小心", "，赶紧告诉家人"),
    "en": (", is it true?", " Tell everyone.", " Be careful out there."),
}


def tune(
    datasets: Sequence[Dataset],
    settings: Settings,
    out: Path,
    steps: int,
    minutes: float | None = None,
    start: Path | None = None,
) -> None:
    """Writes the changes of the packaged encoder's weights; `start` are changes to go on from.

    Raises: EncoderUnavailable, CorruptModel; ClarionError if the kept embeddings cannot be used.
    """
    with report.Bars() as bars:
        base = packaged.prepare_plain(settings.data_dir, lambda part, share: bars.told(part, int(100 * share), 100))
        lessons: list[Lessons] = []
        with RememberedEncoder(open_encoder(settings), settings.data_dir / "evaluation", bars.told) as encoder:
            for number, dataset in enumerate(datasets, start=1):
                bars.about = f"{dataset.name}:"
                lessons += _lessons(dataset, encoder)
                encoder.forget()
                bars.told("sets", number, len(datasets))
        bars.about = "tuning:"
        # going on draws other batches than the run before did, which its factors have learned already
        seed = 5 if start is None else zlib.crc32(start.read_bytes())
        batches = Batches([lesson for lesson in lessons if len(lesson.pairs) > 1], seed)
        tune_encoder(
            base,
            iter(batches),
            out,
            steps=steps,
            prefix="query: ",
            told=lambda step, of, loss: bars.told("steps", step, of, f"loss {loss:.2f}"),
            seconds=None if minutes is None else 60 * minutes,
            start=start,
        )


@dataclass(frozen=True, slots=True)
class Pair:
    query: str
    answers: tuple[Doc, ...]
    neighbours: tuple[Doc, ...]


@dataclass(frozen=True, slots=True)
class Lessons:
    """What one set teaches. `topics`: a unit vector of each pair's answer (pairs × dimensions)."""

    name: str
    pairs: tuple[Pair, ...]
    topics: Vectors
    is_titles: bool = False


def _lessons(dataset: Dataset, encoder: Encoder) -> Iterator[Lessons]:
    """Its labelled pairs, then the titles and texts of its documents."""
    docs = _some(dataset)
    places = {doc.id: n for n, doc in enumerate(docs)}
    vectors = encoder.encode(
        [_mined(f"{doc.title}\n{doc.text}" if doc.title != doc.text else doc.text) for doc in docs]
    )
    asked = [q for q in dataset.queries if dataset.answers(q) and not is_held_out(q.id)]
    wordings = {q.id: wording for q in asked if (wording := text.understand(q.text).text[:MAX_CHARACTERS])}
    asked = [q for q in asked if q.id in wordings]
    by_words = Neighbours(docs).of(list(wordings.values()))
    own = encoder.encode([_mined(wording) for wording in wordings.values()])
    pairs, topics = [], []
    for q, vector, near in zip(asked, own, by_words, strict=True):
        answers = sorted(dataset.answers(q))
        others = [*near, *(docs[n] for n in np.argsort(-(vectors @ vector))[:NEAR])]
        alike = vectors[[places[id] for id in answers]]
        beside = {d.id: d for d in others if float((alike @ vectors[places[d.id]]).max()) < ANSWERS_TOO}
        pairs.append(Pair(wordings[q.id], tuple(docs[places[id]] for id in answers), tuple(beside.values())))
        topics.append(alike[0])
    yield Lessons(dataset.name, tuple(pairs), np.array(topics))
    titled = [n for n, doc in enumerate(docs) if doc.title.strip() and doc.text.strip() and doc.title != doc.text]
    titled = titled[:: len(titled) // MAX_TITLES + 1]
    own_titles = tuple(Pair(docs[n].title, (Doc(docs[n].id, "", docs[n].text),), ()) for n in titled)
    yield Lessons(dataset.name, own_titles, vectors[titled], is_titles=True)


def _mined(raw: str) -> str:
    return raw[:MINED_CHARACTERS].strip()


def _some(dataset: Dataset) -> list[Doc]:
    """All documents, or those that answer something and an even share of the rest."""
    if len(dataset.docs) <= MAX_DOCUMENTS:
        return list(dataset.docs)
    answering = frozenset().union(*dataset.relevant.values())
    every = len(dataset.docs) // MAX_DOCUMENTS + 1
    return [doc for n, doc in enumerate(dataset.docs) if n % every == 0 or doc.id in answering]


class Neighbours:
    """The documents with the most words of a query, by BM25 (k1 1, b .75, each word once)."""

    def __init__(self, docs: Sequence[Doc]) -> None:
        self._docs = docs
        self._columns: dict[str, int] = {}
        counts = self._matrix([f"{d.title} {d.text[:200]}" for d in docs], grows=True)
        in_documents = np.asarray(counts.sum(axis=0)).ravel()
        rarity = np.log(1 + (len(docs) - in_documents + 0.5) / (in_documents + 0.5))
        length = np.asarray(counts.sum(axis=1)).ravel()
        weight = 1 / (1.25 + 0.75 * length / max(float(length.mean()), 1.0))
        self._scores = (sparse.diags(weight) @ counts @ sparse.diags(rarity)).T.tocsr()

    def of(self, wordings: Sequence[str]) -> Iterator[list[Doc]]:
        for start in range(0, len(wordings), 256):
            scores = (self._matrix(wordings[start : start + 256]) @ self._scores).toarray()
            for row in scores:
                most = min(NEIGHBOURS.stop, len(row))
                best = np.argpartition(-row, most - 1)[:most]
                yield [self._docs[n] for n in best[np.argsort(-row[best])][NEIGHBOURS]]

    def _matrix(self, texts: Sequence[str], *, grows: bool = False) -> sparse.csr_matrix:
        rows, columns = [], []
        for row, raw in enumerate(texts):
            for term in set(text.terms(raw)):
                if grows:
                    self._columns.setdefault(term, len(self._columns))
                if term in self._columns:
                    rows.append(row)
                    columns.append(self._columns[term])
        shape = (len(texts), max(len(self._columns), 1))
        return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


class Batches:
    """Endless batches, the same ones in every run with one seed."""

    def __init__(self, lessons: Sequence[Lessons], seed: int = 5) -> None:
        self._lessons = lessons
        self._random = random.Random(seed)  # noqa: S311 (no secret)
        rumors = resources.files("index.evaluation").joinpath("rumors.json").read_text(encoding="utf-8")
        self._rumors: list[dict[str, list[str]]] = json.loads(rumors)

    def __iter__(self) -> Iterator[Batch]:
        kinds = [[lesson for lesson in self._lessons if lesson.is_titles is is_titles] for is_titles in (False, True)]
        while True:
            chance = self._random.random()
            some = kinds[chance > 1 - TITLE_SHARE] or kinds[0]
            if chance < RUMOR_SHARE or not some:
                yield self._of_rumors()
            else:
                yield self._of_pairs(self._chosen(self._random.choices(some, [len(x.pairs) ** 0.6 for x in some])[0]))

    def _chosen(self, lesson: Lessons) -> list[Pair]:
        """Any of its pairs, or those about one thing, which are harder to tell apart."""
        if self._random.random() > TOPIC_SHARE:
            return self._random.sample(lesson.pairs, min(PAIRS, len(lesson.pairs)))
        seed = self._random.randrange(len(lesson.pairs))
        chosen: list[int] = []
        for n in np.argsort(-(lesson.topics @ lesson.topics[seed]), kind="stable")[: 8 * PAIRS]:
            known = lesson.topics[chosen] @ lesson.topics[n] if chosen else np.zeros(1)
            # an equal vector is the same answer; one a little less near may be, unlabelled
            if not ((known > ANSWERS_TOO) & (known < 0.9999)).any():
                chosen.append(int(n))
        return [lesson.pairs[n] for n in chosen[:PAIRS]]

    def _of_rumors(self) -> Batch:
        texts, groups = [], []
        for number, rumor in enumerate(self._random.sample(self._rumors, RUMORS)):
            same = self._random.sample(rumor["same"], min(3, len(rumor["same"])))
            texts += [self._dressed(wording) for wording in same] + rumor["others"]
            groups += [number] * len(same) + [1_000 + 10 * number + n for n in range(len(rumor["others"]))]
        return Batch(tuple(texts), tuple(groups))

    def _dressed(self, wording: str) -> str:
        """As people pass it on: with a word before or after, or as it is."""
        language = "en" if wording.isascii() else "zh" if any(map(text.is_cjk, wording[:40])) else ""
        chance = self._random.random()
        if language and chance < 0.15:
            return self._random.choice(_BEFORE[language]) + wording
        if language and chance < 0.3:
            return wording + self._random.choice(_AFTER[language])
        return self._mistyped(wording) if chance < 0.45 else wording

    def _mistyped(self, wording: str) -> str:
        """About one character in thirty left out, doubled or changed with the next."""
        letters = list(wording)
        for n in range(len(letters) - 1):
            if self._random.random() < 0.03:
                here, onward = letters[n], letters[n + 1]
                letters[n], letters[n + 1] = self._random.choice((("", onward), (here + here, onward), (onward, here)))
        return "".join(letters)

    def _of_pairs(self, pairs: Sequence[Pair]) -> Batch:
        texts, groups, sides = [], [], []
        numbers: dict[str, int] = {}
        beside: dict[str, Doc] = {}
        for pair in pairs:
            answer = self._random.choice(pair.answers)
            group = numbers.setdefault(answer.id, len(numbers))
            texts += [self._dressed(pair.query), self._shown(answer)]
            groups += [group, group]
            sides += [0, 1]
            if pair.neighbours:
                neighbour = self._random.choice(pair.neighbours)
                beside[neighbour.id] = neighbour
        others = [doc for doc in beside.values() if doc.id not in numbers]
        texts += [self._shown(doc) for doc in others]
        groups += range(1_000, 1_000 + len(others))
        sides += [1] * len(others)
        kept = [n for n, wording in enumerate(texts) if wording]
        return Batch(tuple(texts[n] for n in kept), tuple(groups[n] for n in kept), tuple(sides[n] for n in kept))

    def _shown(self, doc: Doc) -> str:
        """Its title, its text, or both, as it will be looked for by either."""
        title, body = doc.title.strip(), doc.text[:MAX_CHARACTERS].strip()
        if not title or not body or title == body:
            return title or body
        chance = self._random.random()
        return title if chance < 0.35 and len(title) > 5 else body if chance < 0.7 else f"{title}\n{body}"
