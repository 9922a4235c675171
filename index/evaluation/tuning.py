"""Tunes the encoder on labelled data and on rumors of our own: what `clarion evaluate --tune` runs.

    pairs query–document of each set, a BM25 neighbour that does not answer beside each  ┐
    rumors.json: one rumor in several wordings and languages, and near topics            ┘ ─► batches ─► encode.tuning

A batch is from one set, so that telling texts apart takes more than telling sets apart; sets are drawn with their
size ^ .6, so that the small ones count. One query in five stays out for good (`is_held_out`): the ranker learns from
those, and they measure what the encoder is worth.
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
from index.encode import packaged
from index.encode.tuning import Batch
from index.encode.tuning import tune as tune_encoder
from index.evaluation import report
from index.evaluation.data import Dataset, Doc
from index.settings import Settings

HELD_OUT = 5  # one query in so many
PAIRS = 30  # of a batch
RUMORS = 24
RUMOR_SHARE = 0.28  # of the batches
MAX_DOCUMENTS = 16_000  # of a set among which neighbours are looked for
NEIGHBOURS = slice(2, 24)  # the very nearest often answer too, unlabelled
MAX_CHARACTERS = 450
_BEFORE = {
    "zh": ("听说", "网上说", "转发：", "姐妹们注意，", "我妈发来的："),
    "en": ("I heard that ", "My aunt says: ", "WARNING! ", "So apparently ", "Someone told me "),
}
_AFTER = {
    "zh": ("，是真的吗", "，大家小心", "，赶紧告诉家人"),
    "en": (", is it true?", " Tell everyone.", " Be careful out there."),
}


def is_held_out(query_id: str) -> bool:
    """Whether the encoder never learns from the query."""
    return zlib.crc32(query_id.encode()) % HELD_OUT == 0


def tune(datasets: Sequence[Dataset], settings: Settings, out: Path, steps: int) -> None:
    """Writes the changes of the packaged encoder's weights. Raises: EncoderUnavailable, CorruptModel."""
    with report.Bars() as bars:
        base = packaged.prepare_plain(settings.data_dir, lambda part, share: bars.told(part, int(100 * share), 100))
        bars.about = "reading the sets:"
        lessons = [_lessons(d, n, len(datasets), bars) for n, d in enumerate(datasets, start=1)]
        bars.about = "tuning:"
        batches = Batches([lesson for lesson in lessons if lesson.pairs])
        tune_encoder(
            base, iter(batches), out, steps=steps, prefix="query: ", told=lambda step, of, loss: bars.told("", step, of)
        )


@dataclass(frozen=True, slots=True)
class Pair:
    query: str
    answers: tuple[Doc, ...]
    neighbours: tuple[Doc, ...]


@dataclass(frozen=True, slots=True)
class Lessons:
    """What one set teaches."""

    name: str
    pairs: tuple[Pair, ...]


def _lessons(dataset: Dataset, number: int, count: int, bars: report.Bars) -> Lessons:
    docs = _some(dataset)
    by_id = {doc.id: doc for doc in docs}
    asked = [q for q in dataset.queries if dataset.answers(q) and not is_held_out(q.id)]
    wordings = [text.understand(q.text).text[:MAX_CHARACTERS] for q in asked]
    nearest = Neighbours(docs).of(wordings)
    bars.told("sets", number, count)
    return Lessons(
        dataset.name,
        tuple(
            Pair(wording, tuple(by_id[id] for id in sorted(dataset.answers(q))), _without(near, dataset.answers(q)))
            for q, wording, near in zip(asked, wordings, nearest, strict=True)
            if wording
        ),
    )


def _without(docs: Sequence[Doc], answers: frozenset[str]) -> tuple[Doc, ...]:
    return tuple(doc for doc in docs if doc.id not in answers)


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
    """Endless batches, the same ones in every run."""

    def __init__(self, lessons: Sequence[Lessons]) -> None:
        self._lessons = lessons
        self._random = random.Random(5)  # noqa: S311 (no secret)
        rumors = resources.files("index.evaluation").joinpath("rumors.json").read_text(encoding="utf-8")
        self._rumors: list[dict[str, list[str]]] = json.loads(rumors)

    def __iter__(self) -> Iterator[Batch]:
        sizes = [len(lesson.pairs) ** 0.6 for lesson in self._lessons]
        while True:
            if not sizes or self._random.random() < RUMOR_SHARE:
                yield self._of_rumors()
            else:
                yield self._of_pairs(self._random.choices(self._lessons, sizes)[0].pairs)

    def _of_rumors(self) -> Batch:
        texts, groups = [], []
        for number, rumor in enumerate(self._random.sample(self._rumors, RUMORS)):
            same = self._random.sample(rumor["same"], min(3, len(rumor["same"])))
            texts += [self._dressed(wording) for wording in same] + rumor["others"]
            groups += [number] * len(same) + [1_000 + 10 * number + n for n in range(len(rumor["others"]))]
        return Batch(tuple(texts), tuple(groups))

    def _dressed(self, wording: str) -> str:
        """As people pass it on: with a word before or after, or as it is."""
        language, chance = "en" if wording.isascii() else "zh", self._random.random()
        if chance < 0.25:
            return self._random.choice(_BEFORE[language]) + wording
        return wording + self._random.choice(_AFTER[language]) if chance < 0.5 else wording

    def _of_pairs(self, pairs: Sequence[Pair]) -> Batch:
        texts, groups, sides = [], [], []
        numbers: dict[str, int] = {}
        beside: dict[str, Doc] = {}
        for pair in self._random.sample(pairs, min(PAIRS, len(pairs))):
            answer = self._random.choice(pair.answers)
            group = numbers.setdefault(answer.id, len(numbers))
            texts += [pair.query, self._shown(answer)]
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
