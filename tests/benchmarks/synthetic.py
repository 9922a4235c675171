"""Documents and queries made by a seed, in blocks, so that a million of them never stand in memory at once.

A topic has its own words and a direction; a document mixes both with words of everybody (Zipf) and noise of its own.
The vectors imitate those of multilingual-e5-small: all lie in one narrow cone, strangers have a cosine of about 0.76,
documents of one topic about 0.85, and what a query is made from about 0.93 to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from index.model import DocKind, SearchDocument, SearchQuery
from index.ports import MAX_TERMS

DIMENSIONS = 384
BLOCK = 1_000
WORDS = 60_000
DOCUMENTS_A_TOPIC = 40
MOST_TOPICS = 20_000
TOPIC_WORDS = 40
LENGTHS = {"title": 12, "statement": 30, "body": 100}  # words in the mean
#: Shares of what all have in common, of the topic, of the document, and of the single text, in squared length.
SHARES = (0.76, 0.09, 0.09, 0.06)
ANSWERS = frozenset({DocKind.ALERT, DocKind.OUTSIDE})  # what a reader's question is matched with
_KINDS = (DocKind.OUTSIDE, DocKind.ALERT, DocKind.CLAIM)
_KIND_SHARES = (0.6, 0.1, 0.3)
_STATES = {DocKind.OUTSIDE: "published", DocKind.ALERT: "published", DocKind.CLAIM: "open"}

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Block:
    """The numeric half of BLOCK documents: vectors of shape (2, BLOCK, DIMENSIONS): title, statement."""

    number: int
    topics: NDArray[np.int64]
    kinds: NDArray[np.int64]
    vectors: Rows


class Corpus:
    """`count` documents; any block can be made again alone and comes out the same."""

    def __init__(self, count: int, seed: int = 7) -> None:
        self.count = count
        self._seed = seed
        random = np.random.default_rng([seed, 1])
        self._topics = max(1, min(count // DOCUMENTS_A_TOPIC, MOST_TOPICS))
        self._words = _vocabulary(random)
        self._topic_words = _zipf(random, (self._topics, TOPIC_WORDS), skip=200)
        self._common = _unit(random.standard_normal(DIMENSIONS, dtype=np.float32))
        self._directions = _unit(random.standard_normal((self._topics, DIMENSIONS), dtype=np.float32))

    def blocks(self) -> Iterator[Block]:
        for number in range(-(-self.count // BLOCK)):
            yield self.block(number)

    def block(self, number: int) -> Block:
        random = np.random.default_rng([self._seed, 2, number])
        size = min(BLOCK, self.count - number * BLOCK)
        topics = random.integers(0, self._topics, size)
        kinds = random.choice(len(_KINDS), size, p=_KIND_SHARES)
        own = _unit(random.standard_normal((size, DIMENSIONS), dtype=np.float32))
        single = _unit(random.standard_normal((2, size, DIMENSIONS), dtype=np.float32))
        parts = (self._common, self._directions[topics], own, single)
        vectors = sum(np.float32(share**0.5) * part for share, part in zip(SHARES, parts, strict=True))
        return Block(number, topics, kinds, _unit(vectors))

    def documents(self) -> Iterator[SearchDocument]:
        for block in self.blocks():
            yield from self._documents(block, range(len(block.topics)))

    def some(self, numbers: Iterable[int]) -> Iterator[SearchDocument]:
        """The documents of these numbers, which must rise."""
        for number, members in groupby(numbers, lambda n: n // BLOCK):
            yield from self._documents(self.block(number), [n % BLOCK for n in members])

    def _documents(self, block: Block, places: Iterable[int]) -> Iterator[SearchDocument]:
        texts = {name: self._texts(block, name) for name in LENGTHS}
        topics, kinds = block.topics.tolist(), block.kinds.tolist()
        for at in places:
            topic, kind, number = topics[at], kinds[at], block.number * BLOCK + at
            yield SearchDocument(
                id=document_id(number),
                version=number + 1,
                kind=_KINDS[kind],
                parent=document_id(number),
                language=("zh", "zh", "en")[number % 3],
                state=_STATES[_KINDS[kind]],
                topics=(f"topic{topic % 12}",),
                url_keys=(f"news{number % 500}.example/{number}",),
                title_vector=tuple(block.vectors[0, at].tolist()),
                statement_vector=tuple(block.vectors[1, at].tolist()),
                **{name: " ".join(texts[name][at]) for name in LENGTHS},
            )

    def _texts(self, block: Block, field: str) -> list[list[str]]:
        """The words of one field of each document of the block; a quarter of them are the topic's."""
        random = np.random.default_rng([self._seed, 3, list(LENGTHS).index(field), block.number])
        lengths = np.maximum(3, random.gamma(4.0, LENGTHS[field] / 4.0, len(block.topics))).astype(np.int64)
        numbers = _zipf(random, (int(lengths.sum()),))
        topical = self._topic_words[np.repeat(block.topics, lengths), random.integers(0, TOPIC_WORDS, numbers.size)]
        words = self._words[np.where(random.random(numbers.size) < 0.25, topical, numbers)].tolist()
        ends = np.cumsum(lengths).tolist()
        return [words[end - length : end] for length, end in zip(lengths.tolist(), ends, strict=True)]

    def queries(self, count: int, least_terms: int = 0) -> list[SearchQuery]:
        """Wordings of documents spread over the corpus: half the words of their statement, as many of the topic's and
        of everybody's, about 40 in all, and a vector near theirs.

        `least_terms`: filled up to so many with words of everybody, as a long message has.
        """
        random, more = np.random.default_rng([self._seed, 4]), np.random.default_rng([self._seed, 5])
        found = []
        for number in random.integers(0, self.count, count).tolist():
            block, at = self.block(number // BLOCK), number % BLOCK
            noise = _unit(random.standard_normal(DIMENSIONS, dtype=np.float32))
            vector = _unit(np.float32(0.96) * block.vectors[1, at] + np.float32(0.28) * noise)
            topical = self._topic_words[block.topics[at], random.integers(0, TOPIC_WORDS, 8)]
            other = self._words[np.concatenate([topical, _zipf(random, (20,))])].tolist()
            words = dict.fromkeys(self._texts(block, "statement")[at][::2] + other)
            while len(words) < min(least_terms, MAX_TERMS):
                words |= dict.fromkeys(self._words[_zipf(more, (50,))].tolist())
            found.append(SearchQuery(terms=tuple(words)[:MAX_TERMS], vector=tuple(vector.tolist()), kinds=ANSWERS))
        return found

    def exact(self, queries: list[SearchQuery], depth: int) -> list[list[str]]:
        """For each query the ids of the `depth` documents with the best cosine, found by looking at every vector."""
        asked = np.array([query.vector for query in queries], dtype=np.float32)
        best = np.full((len(queries), depth), -2.0, np.float32)
        ids = np.zeros((len(queries), depth), np.int64)
        answers = [n for n, kind in enumerate(_KINDS) if kind in ANSWERS]
        for block in self.blocks():
            scores = np.maximum(asked @ block.vectors[0].T, asked @ block.vectors[1].T)
            scores[:, ~np.isin(block.kinds, answers)] = -2.0
            numbers = np.broadcast_to(np.arange(scores.shape[1]) + block.number * BLOCK, scores.shape)
            scores, numbers = np.hstack([best, scores]), np.hstack([ids, numbers])
            order = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
            best, ids = np.take_along_axis(scores, order, 1), np.take_along_axis(numbers, order, 1)
        return [[document_id(number) for number in row] for row in ids]


def document_id(number: int) -> str:
    return f"doc_{number:026d}"  # as long as real ids


def _unit(values: Rows) -> Rows:
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def _zipf(random: np.random.Generator, shape: tuple[int, ...], skip: int = 0) -> NDArray[np.int64]:
    """Word numbers; the n-th is drawn about proportionally to 1/n. `skip` leaves out the commonest."""
    low, high = np.log(skip + 1), np.log(WORDS)
    return np.minimum(np.exp(random.uniform(low, high, shape)).astype(np.int64), WORDS - 1)


def _vocabulary(random: np.random.Generator) -> NDArray[np.object_]:
    """Two of three are pairs of Han characters, as the analysis makes them; the rest are words in Latin letters."""
    han = [chr(0x4E00 + n) for n in random.permutation(3_500)]
    letters = "abcdefghijklmnopqrstuvwxyz"
    words: dict[str, None] = {}
    while len(words) < WORDS:
        if len(words) % 3:
            a, b = random.integers(0, len(han), 2)
            words[han[a] + han[b]] = None
        else:
            words["".join(letters[n] for n in random.integers(0, 26, random.integers(3, 10)))] = None
    return np.array(list(words), dtype=object)
