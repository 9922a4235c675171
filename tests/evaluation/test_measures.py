"""The measures against values worked by hand and against second implementations from their definitions."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from index.evaluation.measures import Measures, Outcome, by_language, calibration_error, measure


def outcome(ranked: str, right: str, **more: object) -> Outcome:
    return Outcome("en", frozenset(right.split()), tuple(ranked.split()), **more)  # type: ignore[arg-type]


def defined_map(outcomes: list[Outcome], depth: int) -> Fraction:
    """AP@k = 1/R Σ_k P(k) rel(k), in the long form: P(k) counted anew at every rank (Manning and others 2008, 8.4)."""
    total = Fraction(0)
    for o in outcomes:
        relevances = [int(id in o.right) for id in o.ranked[:depth]]
        precisions = [Fraction(sum(relevances[: k + 1]), k + 1) for k in range(len(relevances))]
        total += sum((p * r for p, r in zip(precisions, relevances, strict=True)), Fraction(0)) / len(o.right)
    return total / len(outcomes)


def defined_mrr(outcomes: list[Outcome]) -> Fraction:
    ranks = [[o.ranked.index(id) + 1 for id in o.right if id in o.ranked] for o in outcomes]
    return sum((Fraction(1, min(r)) if r else Fraction(0) for r in ranks), Fraction(0)) / len(outcomes)


def test_three_rankings_worked_by_hand() -> None:
    # first: right at 1. second: right at 2 and 5 of two: (1/2 + 2/5) / 2. third: right at 6, too late for MAP@5.
    outcomes = [outcome("a b", "a"), outcome("a b c d e", "b e"), outcome("a b c d e f", "f")]
    measured = measure(outcomes)
    assert measured.map_at_5 == pytest.approx((1 + 0.45 + 0) / 3)
    assert measured.success_at_1 == pytest.approx(1 / 3)
    assert measured.success_at_10 == 1
    assert measured.mrr == pytest.approx((1 + 1 / 2 + 1 / 6) / 3)


def test_an_answer_that_is_not_ranked_costs_its_share() -> None:
    assert measure([outcome("a", "a b")]).map_at_5 == 0.5
    assert measure([outcome("", "a")]) == Measures(0, 0, 0, 0, None, None, None)


def test_random_rankings_measure_as_the_definitions_say() -> None:
    chance = random.Random(7)
    outcomes = []
    for _ in range(300):
        ids = [f"d{n}" for n in range(20)]
        right = chance.sample(ids, chance.randint(1, 7))
        outcomes.append(outcome(" ".join(chance.sample(ids, chance.randint(0, 20))), " ".join(right)))
    measured = measure(outcomes)
    assert measured.map_at_5 == pytest.approx(float(defined_map(outcomes, 5)))
    assert measured.mrr == pytest.approx(float(defined_mrr(outcomes)))
    hits = [sum(bool(o.right & set(o.ranked[:k])) for o in outcomes) / len(outcomes) for k in (1, 10)]
    assert [measured.success_at_1, measured.success_at_10] == pytest.approx(hits)


def test_found_is_the_right_one_in_the_band_and_none_is_an_empty_band() -> None:
    outcomes = [
        outcome("a b", "a", same=frozenset("a")),
        outcome("a b", "b", same=frozenset("a")),  # sure of the wrong one: not found
        outcome("a b", "b", same=frozenset("ab")),  # found, though not first
        outcome("a b", "a", same=frozenset()),
        outcome("a", "", same=frozenset()),  # nothing answers it, and that was said
        outcome("a", "", same=frozenset()),
        outcome("a", "", same=frozenset("a")),
    ]
    measured = measure(outcomes)
    assert measured.found_rate == 2 / 4
    assert measured.correct_none_rate == 2 / 3
    assert measured.map_at_5 == pytest.approx((1 + 0.5 + 0.5 + 1) / 4)


def test_a_method_that_decides_nothing_has_no_rates_and_one_without_probability_no_calibration() -> None:
    measured = measure([outcome("a", "a"), outcome("b", "")])
    assert (measured.found_rate, measured.correct_none_rate, measured.calibration_error) == (None, None, None)


def test_nothing_asked_measures_nothing() -> None:
    assert measure([]) == Measures(*[None] * 7)
    assert by_language([]) == {}


def test_calibration_error_worked_by_hand() -> None:
    # Bin .8: stated .85 twice, half right, gap .35. Bin .1: stated .1 and .15, none right, gap .125. Bin .9: no gap.
    stated = [(0.85, True), (0.85, False), (0.1, False), (0.15, False), (1.0, True)]
    assert calibration_error(stated) == pytest.approx((2 * 0.35 + 2 * 0.125 + 0) / 5)
    assert calibration_error([(0.0, False), (1.0, True)]) == 0
    assert calibration_error([]) is None


def test_what_is_stated_for_the_first_candidate_counts_for_unanswerable_questions_too() -> None:
    stated = [outcome("a b", "a", probability=0.95), outcome("b", "", probability=0.95)]
    asked = [*stated, outcome("", "a", probability=None)]
    assert measure(asked).calibration_error == pytest.approx(0.45)


def test_a_probability_that_is_right_as_often_as_it_says_has_hardly_an_error() -> None:
    chance = random.Random(3)
    stated = [(p, chance.random() < p) for p in (chance.random() for _ in range(20_000))]
    error = calibration_error(stated)
    assert error is not None and error < 0.015
    overconfident = calibration_error([(min(1.0, p + 0.2), is_right) for p, is_right in stated])
    assert overconfident is not None and overconfident > 0.15


def test_languages_are_measured_apart() -> None:
    outcomes = [Outcome(lang, frozenset("a"), (first,)) for lang, first in (("zh-Hant", "a"), ("en", "b"), ("en", "a"))]
    measured = by_language(outcomes)
    assert list(measured) == ["en", "zh-Hant"]
    assert (measured["en"].mrr, measured["zh-Hant"].mrr) == (0.5, 1)
