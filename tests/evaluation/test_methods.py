"""Our method and the plain ones on both engines: they rank alike there, and ours is the product's own path."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index import candidates, matching
from index.errors import SearchUnavailable
from index.evaluation import bench as benches
from index.evaluation import ours
from index.evaluation.bench import Bench
from index.evaluation.data import Query
from index.evaluation.methods import Bm25, Cosine, Ranked, Rrf, fused
from index.evaluation.ours import Ours
from index.model import Band, DocKind, Hit, SearchQuery

NOTHING = frozenset[str]()


def asked(bench: Bench, id: str) -> Query:
    return next(q for q in bench.dataset.queries if q.id == id)


def test_fusion_adds_reciprocal_ranks() -> None:
    assert fused([("a", "b", "c"), ("b", "d")]) == ("b", "a", "d", "c")  # 1/62 + 1/61 > 1/61 > 1/62 > 1/63
    assert fused([(), ()]) == ()


@pytest.mark.parametrize("make", [Bm25, Cosine, Rrf, Ours])
def test_each_method_finds_what_answers(bench: Bench, make: type[Ours]) -> None:
    method = make(bench)
    for query in bench.dataset.queries:
        right = bench.dataset.answers(query)
        if right:
            assert right & set(method.rank(query, NOTHING).ids[:2]), (method.name, query.id)


@pytest.mark.parametrize("make", [Bm25, Cosine, Rrf, Ours])
def test_answers_that_are_left_out_are_not_ranked_and_the_rest_is(bench: Bench, make: type[Ours]) -> None:
    method = make(bench)
    query = asked(bench, "q-bridge")
    ranked = method.rank(query, frozenset({"d-bridge"})).ids
    assert "d-bridge" not in ranked
    assert ranked[0] == "d-bridge-again"


@pytest.mark.elasticsearch
@pytest.mark.parametrize("make", [Bm25, Cosine, Rrf, Ours])
def test_both_engines_rank_alike(embedded: Bench, elastic: Bench, make: type[Ours]) -> None:
    for query in embedded.dataset.queries:
        here, there = (make(bench).rank(query, NOTHING) for bench in (embedded, elastic))
        assert here.ids[:3] == there.ids[:3]
        assert here.same == there.same
        assert here.probability == (None if there.probability is None else pytest.approx(there.probability, abs=1e-4))


@pytest.mark.parametrize("words", ["", " \n", "！！！", "\x00\ud800", "😀", "ﷺ" * 5_000, "a", "很" * 30_000])
def test_no_query_is_too_odd_to_be_asked(bench: Bench, words: str) -> None:
    for make in (Bm25, Cosine, Rrf, Ours):
        make(bench).rank(Query("q", words), NOTHING)


def test_a_query_that_says_nothing_gets_nothing(bench: Bench) -> None:
    assert Ours(bench).rank(Query("q", " …"), NOTHING) == Ranked((), NOTHING)


def test_ours_is_what_the_product_finds(bench: Bench) -> None:
    for query in bench.dataset.queries:
        found = candidates.find(bench.parts, benches.wording(query), frozenset({DocKind.OUTSIDE})).judged
        ranked = Ours(bench).rank(query, NOTHING)
        assert ranked.ids == tuple(j.judgement.id for j in found)
        assert ranked.same == {j.judgement.id for j in found if j.judgement.band is Band.SAME}
        assert ranked.probability == found[0].judgement.probability == max(j.judgement.probability for j in found)


def test_the_cases_for_training_hold_what_the_product_judges(bench: Bench) -> None:
    cases = list(ours.cases(bench))
    assert [case.asked for case in cases] == list(bench.dataset.queries)
    for case in cases:
        found = candidates.find(bench.parts, benches.wording(case.asked), frozenset({DocKind.OUTSIDE})).judged
        judged = matching.judge(case.query, case.entries, bench.weights)
        assert {j.id: j for j in judged} == {j.judgement.id: j.judgement for j in found}
        assert case.right == bench.dataset.answers(case.asked)
    assert any(passage.vector is not None for case in cases for entry in case.entries for passage in entry.passages)


def test_cases_with_the_answers_left_out_are_of_the_answerable_queries_alone(bench: Bench) -> None:
    cases = list(ours.cases(bench, is_left_out=True))
    assert len(cases) == 6
    for case in cases:
        assert case.left_out == bench.dataset.answers(case.asked)
        assert not case.right
        assert not case.left_out & {entry.id for entry in case.entries}


def test_a_search_that_fails_ends_the_run_instead_of_counting_as_a_miss(embedded: Bench) -> None:
    class Down:
        def find(self, query: SearchQuery) -> tuple[Hit, ...]:
            raise SearchUnavailable("down")

    broken = replace(embedded, parts=replace(embedded.parts, search=Down()))  # type: ignore[arg-type]
    with pytest.raises(SearchUnavailable):
        Ours(broken).rank(asked(embedded, "q-salt"), NOTHING)
