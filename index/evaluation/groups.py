"""How well grouping tells sightings of one message from others, and how little the order of arrival decides.

    judged pairs ────────────────► precision and recall of repeat | variant, with what went wrong
    queries with a common answer ─► the same, among the pairs that share many words
    texts in several orders ──────► share of pairs whose togetherness changed

Pure but for `print_scores`; `data` reads the files.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rich.console import Console
from rich.table import Table

from index import grouping
from index import text as language
from index.evaluation.data import Dataset, Pair
from index.model import Grouped

NEAR = 0.45  # overlap from which two messages of a set are looked at; below, grouping never joins
MOST_SHARED = 60  # messages that one shingle may stand in; more common ones tell nothing
ORDERED = 600  # messages of a set that arrive in several orders
LOOKED_UP = 5  # candidates of one text, as intake takes from the index


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair with what people said and what grouping said, and its overlap."""

    pair: Pair
    is_joined: bool
    reason: str
    overlap: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Joined pairs against judged ones; None where nothing was joined, or nothing was to be joined."""

    pairs: int
    same: int
    joined: int
    right: int
    wrong: tuple[Judged, ...]  # joined though different, then left apart though the same; by overlap

    @property
    def precision(self) -> float | None:
        return self.right / self.joined if self.joined else None

    @property
    def recall(self) -> float | None:
        return self.right / self.same if self.same else None


def measure(pairs: Iterable[Pair]) -> Scores:
    """Groups the second text of each pair among candidates that hold the first alone."""
    judged = [_judge(pair) for pair in pairs]
    joined = [j for j in judged if j.is_joined]
    wrong = [j for j in judged if j.is_joined != j.pair.same]
    return Scores(
        pairs=len(judged),
        same=sum(j.pair.same for j in judged),
        joined=len(joined),
        right=sum(j.pair.same for j in joined),
        wrong=tuple(sorted(wrong, key=lambda j: (j.pair.same, -j.overlap, j.pair.id))),
    )


def _judge(pair: Pair) -> Judged:
    found = grouping.group(pair.b, [grouping.Candidate("first", pair.a)])
    return Judged(pair, found.kind is not Grouped.NEW, found.reason, grouping.overlap(pair.a, pair.b))


def near_pairs(dataset: Dataset, limit: int = 1_500) -> Iterator[Pair]:
    """Pairs of messages with much in common; the same if one document answers both.

    Labels of the sets are not complete: two equal messages may be labelled with two documents that say the same.
    """
    queries = [q for q in dataset.only(limit=limit).queries if dataset.answers(q)]
    shingles = {q.id: language.shingles(language.without_urls(q.text)) for q in queries}
    texts = {q.id: q.text for q in queries}
    shared: Counter[tuple[str, str]] = Counter()
    for holders in _holders(shingles).values():
        if len(holders) <= MOST_SHARED:
            shared.update(combinations(holders, 2))
    for a, b in sorted(shared):
        if 2 * shared[a, b] >= NEAR * (len(shingles[a]) + len(shingles[b])):
            same = bool(dataset.relevant.get(a, frozenset()) & dataset.relevant.get(b, frozenset()))
            yield Pair(f"{a}|{b}", texts[a], texts[b], same)


def arrange(texts: Sequence[str], order: Sequence[int]) -> tuple[int, ...]:
    """The group of each text when they arrive in `order`; groups are numbered by the text that began them."""
    shingles = [language.shingles(language.without_urls(text)) for text in texts]
    known: dict[str, list[int]] = defaultdict(list)
    group_of = [-1] * len(texts)
    for place in order:
        shared = Counter(other for shingle in shingles[place] for other in known[shingle])
        nearest = sorted(shared, key=lambda o: (-shared[o] / (len(shingles[place]) + len(shingles[o])), o))[:LOOKED_UP]
        candidates = [grouping.Candidate(str(group_of[other]), texts[other]) for other in nearest]
        found = grouping.group(texts[place], candidates)
        group_of[place] = place if found.claim_id is None else int(found.claim_id)
        for shingle in shingles[place]:
            known[shingle].append(place)
    return tuple(group_of)


def order_share(texts: Sequence[str], shuffles: int = 5, seed: int = 1) -> float:
    """The greatest share of together pairs (in any of two orders) that the order of arrival puts together or apart."""
    orders = [list(range(len(texts)))]
    for number in range(shuffles):
        order = list(range(len(texts)))
        random.Random(seed + number).shuffle(order)  # noqa: S311 - an order to test with, not a secret
        orders.append(order)
    together = [_together(arrange(texts, order)) for order in orders]
    shares = [len(a ^ b) / len(a | b) for a, b in combinations(together, 2) if a | b]
    return max(shares, default=0.0)


def _together(groups: Sequence[int]) -> frozenset[tuple[int, int]]:
    members: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    return frozenset(pair for places in members.values() for pair in combinations(places, 2))


def print_scores(pairs: Sequence[Pair], datasets: Iterable[Dataset], console: Console) -> None:
    """A table of the judged pairs and of each set, then what went wrong among the judged pairs."""
    table = Table("data", title="Grouping of sightings", title_justify="left")
    for heading in ("pairs", "same", "joined", "precision", "recall", "by order"):
        table.add_column(heading, justify="right")
    judged = measure(pairs)
    if pairs:
        table.add_row("judged pairs", *_figures(judged), "–")
    for dataset in datasets:
        texts = [q.text for q in dataset.only(limit=ORDERED).queries]
        table.add_row(dataset.name, *_figures(measure(near_pairs(dataset))), f"{order_share(texts, shuffles=3):.3f}")
    console.print(table)
    console.print(
        "joined: repeat or variant. by order: share of pairs together in one order of arrival and not in another,"
        " before linking joins claims. Sets: pairs with much in common, the same if one document answers both; their"
        " labels have gaps.",
        style="dim",
    )
    for wrong in judged.wrong:
        said = "joined, but other" if wrong.is_joined else f"left apart ({wrong.reason}), but the same"
        a, b = (" ".join(text.split())[:60] for text in (wrong.pair.a, wrong.pair.b))
        console.print(f"{wrong.overlap:.2f} {said}: {a} | {b}", markup=False, highlight=False)


def _figures(scores: Scores) -> tuple[str, ...]:
    shares = ("–" if share is None else f"{share:.3f}" for share in (scores.precision, scores.recall))
    return str(scores.pairs), str(scores.same), str(scores.joined), *shares


def _holders(shingles: dict[str, frozenset[str]]) -> dict[str, list[str]]:
    holders: dict[str, list[str]] = defaultdict(list)
    for id in sorted(shingles):
        for shingle in shingles[id]:
            holders[shingle].append(id)
    return holders
