"""The measures of matching.md, from how each question went. Pure.

ranking     over answerable questions: MAP@5, success@1, success@10, MRR
decision    found rate: share of answerable questions whose right refutation is in the band `same`;
            correct-none rate: share of unanswerable ones with nothing in it
calibration expected calibration error over ten bins of the probability stated for the first candidate

A question is unanswerable if nothing answers it, or because its answers were left out when it was asked again. Many
sets label one answer where the documents hold several, so a correct-none rate on left-out answers is a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

BINS = 10
DEPTH = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question went. `right` is empty if nothing among the documents asked answers it.

    `same`: what the method is sure of; None if it makes no decision. `probability`: that the first of `ranked` is
    right; None if the method states none or found nothing.
    """

    lang: str
    right: frozenset[str]
    ranked: tuple[str, ...]
    same: frozenset[str] | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """A figure that does not apply is None."""

    map_at_5: float | None
    success_at_1: float | None
    success_at_10: float | None
    mrr: float | None
    found_rate: float | None
    correct_none_rate: float | None
    calibration_error: float | None


def measure(outcomes: Sequence[Outcome]) -> Measures:
    answerable = [o for o in outcomes if o.right]
    deciding = [o for o in outcomes if o.same is not None]
    return Measures(
        map_at_5=_mean(average_precision(o, DEPTH) for o in answerable),
        success_at_1=_mean(_success(o, 1) for o in answerable),
        success_at_10=_mean(_success(o, 10) for o in answerable),
        mrr=_mean(_reciprocal_rank(o) for o in answerable),
        found_rate=_mean(float(bool(o.same and o.same & o.right)) for o in deciding if o.right),
        correct_none_rate=_mean(float(not o.same) for o in deciding if not o.right),
        calibration_error=calibration_error(
            [(o.probability, o.ranked[0] in o.right) for o in outcomes if o.probability is not None and o.ranked]
        ),
    )


def by_language(outcomes: Iterable[Outcome]) -> dict[str, Measures]:
    """The same for each language of the questions, in the order of their names."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.lang, []).append(outcome)
    return {lang: measure(group) for lang, group in sorted(groups.items())}


def average_precision(outcome: Outcome, depth: int) -> float:
    """Mean over all right documents of the precision at their rank, 0 for those below `depth` (trec_eval map_cut)."""
    found, total = 0, 0.0
    for rank, id in enumerate(outcome.ranked[:depth], start=1):
        if id in outcome.right:
            found += 1
            total += found / rank
    return total / len(outcome.right)


def calibration_error(stated: Sequence[tuple[float, bool]]) -> float | None:
    """Expected calibration error: mean over equal bins of |stated - true share|, weighted by the bins' sizes
    (Naeini, Cooper and Hauskrecht 2015)."""
    bins: Mapping[int, list[tuple[float, bool]]] = {number: [] for number in range(BINS)}
    for probability, is_right in stated:
        bins[min(int(probability * BINS), BINS - 1)].append((probability, is_right))
    gaps = (abs(sum(p for p, _ in some) - sum(is_right for _, is_right in some)) for some in bins.values())
    return sum(gaps) / len(stated) if stated else None


def _success(outcome: Outcome, depth: int) -> float:
    return float(not outcome.right.isdisjoint(outcome.ranked[:depth]))


def _reciprocal_rank(outcome: Outcome) -> float:
    return next((1 / rank for rank, id in enumerate(outcome.ranked, start=1) if id in outcome.right), 0.0)


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return sum(listed) / len(listed) if listed else None
