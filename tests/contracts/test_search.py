"""The port `Search`, on every engine: what is found, what is kept, and what never comes back."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index import text
from index.errors import SearchUnavailable
from index.model import DocKind, SearchDocument, SearchQuery
from index.ports import MAX_TERMS, Search
from tests.contracts.search_documents import DIMENSIONS, direction, document, engines, tombstone


@pytest.fixture
def new_engine(search_url: str, tmp_path: Path) -> Iterator[Callable[[], Search]]:
    with engines(search_url, tmp_path) as new:
        yield new


@pytest.fixture
def engine(new_engine: Callable[[], Search]) -> Search:
    return new_engine()


def found(engine: Search, **query: object) -> list[str]:
    return [hit.id for hit in engine.find(SearchQuery(**query))]  # type: ignore[arg-type]


def by_words(engine: Search, *terms: str, **query: object) -> list[str]:
    """Ids by BM25, best first."""
    hits = engine.find(SearchQuery(terms=terms, **query))  # type: ignore[arg-type]
    return [hit.id for hit in sorted(hits, key=lambda h: (-(h.lexical or 0.0), h.id)) if hit.lexical is not None]


def store(engine: Search, *documents: SearchDocument) -> int:
    count = engine.write(documents)
    engine.refresh()
    return count


# ------------------------------------------------------------------------------------------------------- what is found


def test_an_empty_index_answers_with_nothing_and_is_available(engine: Search) -> None:
    assert engine.is_available()
    assert engine.find(SearchQuery(terms=("salt",), vector=direction(0), url_keys=("x",))) == ()
    assert engine.versions() == {}


def test_a_query_without_words_vector_or_urls_finds_nothing(engine: Search) -> None:
    store(engine, document("a", title="salt"))
    assert engine.find(SearchQuery()) == ()
    assert engine.find(SearchQuery(terms=("", " ", "\n"))) == ()
    assert engine.find(SearchQuery(terms=("salt",), limit=0)) == ()


def test_words_are_joined_by_or_and_more_of_them_rank_higher(engine: Search) -> None:
    store(engine, document("a", body="salt"), document("b", body="salt iodine"), document("c", body="water"))
    assert by_words(engine, "iodine", "salt") == ["b", "a"]


def test_a_word_in_title_or_statement_counts_twice_that_of_the_body(engine: Search) -> None:
    store(engine, document("t", title="salt"), document("s", statement="salt"), document("b", body="salt"))
    scores = {hit.id: hit.lexical for hit in engine.find(SearchQuery(terms=("salt",)))}
    assert scores["t"] == pytest.approx(scores["s"])
    assert scores["t"] == pytest.approx(2 * scores["b"])  # type: ignore[operator]


def test_the_score_is_bm25_with_k1_of_1_2_and_b_of_three_quarters(engine: Search) -> None:
    store(engine, document("a", body="salt"), document("b", body="salt water air"), document("c", body="x y"))
    # idf = ln(1 + (3 - 2 + 0.5) / (2 + 0.5)); mean length 2; 2.2 × tf / (tf + 1.2 × (0.25 + 0.75 × length / mean))
    idf = 0.4700036
    scores = {hit.id: hit.lexical for hit in engine.find(SearchQuery(terms=("salt",)))}
    assert scores["a"] == pytest.approx(idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 0.5)), rel=1e-4)
    assert scores["b"] == pytest.approx(idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1.5)), rel=1e-4)


def test_cosine_is_that_of_the_better_vector_and_documents_without_one_are_left_out(engine: Search) -> None:
    store(
        engine,
        document("near", title_vector=direction(90), statement_vector=direction(10)),
        document("far", title_vector=direction(60)),
        document("none", title="salt"),
    )
    hits = engine.find(SearchQuery(vector=direction(0)))
    assert [hit.id for hit in hits] == ["near", "far"]
    assert [hit.cosine for hit in hits] == pytest.approx([0.98481, 0.5], abs=0.002)
    assert all(hit.lexical is None and not hit.shares_url for hit in hits)


def test_each_side_gives_up_to_the_limit_and_hits_are_merged_by_id(engine: Search) -> None:
    store(engine, *(document(f"w{i}", title="salt") for i in range(5)))
    for i in range(5):
        store(engine, document(f"v{i}", title_vector=direction(10 * i), statement_vector=direction(10 * i)))
    store(engine, document("both", title="salt salt salt", title_vector=direction(1), url_keys=("u",)))
    query = SearchQuery(terms=("salt",), vector=direction(0), url_keys=("u",), limit=3)
    hits = {hit.id: hit for hit in engine.find(query)}
    assert len([hit for hit in hits.values() if hit.lexical is not None]) == 3
    assert {id for id, hit in hits.items() if hit.cosine is not None} == {"v0", "both", "v1"}
    assert hits["both"].lexical and hits["both"].cosine and hits["both"].shares_url
    assert len(hits) == 5


def test_zero_vectors_have_no_meaning_and_vectors_are_brought_to_length_one(engine: Search) -> None:
    zero = (0.0,) * DIMENSIONS
    store(engine, document("zero", title="salt", title_vector=zero, statement_vector=zero))
    store(engine, document("long", title_vector=tuple(3 * x for x in direction(60))))
    assert found(engine, vector=zero) == []
    hits = engine.find(SearchQuery(vector=direction(0)))
    assert [(hit.id, round(hit.cosine or 0, 2)) for hit in hits] == [("long", 0.5)]
    assert by_words(engine, "salt") == ["zero"]


def test_a_vector_of_another_length_is_a_bug_and_changes_nothing(engine: Search) -> None:
    with pytest.raises(ValueError, match="dimensions"):
        engine.write([document("a", title="salt"), document("b", title_vector=(1.0, 0.0))])
    with pytest.raises(ValueError, match="dimensions"):
        engine.find(SearchQuery(vector=(1.0, 0.0)))
    engine.refresh()
    assert engine.versions() == {}


def test_a_shared_url_finds_its_documents_without_any_word(engine: Search) -> None:
    store(
        engine,
        document("a", url_keys=("example.org/1", "example.org/2")),
        document("b", url_keys=("example.org/2",)),
        document("c", url_keys=("example.org/22",), title="example.org/2"),
    )
    hits = engine.find(SearchQuery(url_keys=("example.org/2",)))
    assert {hit.id for hit in hits} == {"a", "b"}
    assert all(hit.shares_url and hit.lexical is None and hit.cosine is None for hit in hits)


# ------------------------------------------------------------------------------------------------------------- filters

FILTERED = {
    "a": {"kind": DocKind.ALERT, "parent": "p1", "language": "zh-Hans", "topics": ("food", "health"), "state": "now"},
    "b": {"kind": DocKind.CLAIM, "parent": "p2", "language": "zh-Hant", "topics": ("food",), "state": "past"},
    "c": {"kind": DocKind.OUTSIDE, "parent": "p3", "language": "en", "topics": (), "state": "now"},
    "d": {"kind": DocKind.CLAIM, "parent": "p2", "language": "en", "topics": ("disaster",), "state": "now"},
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "abcd"),
        ({"kinds": frozenset({DocKind.CLAIM})}, "bd"),
        ({"kinds": frozenset({DocKind.CLAIM, DocKind.ALERT})}, "abd"),
        ({"languages": frozenset({"en", "zh-Hant"})}, "bcd"),
        ({"topics": frozenset({"health", "disaster"})}, "ad"),
        ({"states": frozenset({"past"})}, "b"),
        ({"exclude_parents": frozenset({"p2", "unknown"})}, "ac"),
        ({"kinds": frozenset({DocKind.CLAIM}), "languages": frozenset({"en"}), "topics": frozenset({"disaster"})}, "d"),
        ({"languages": frozenset({"fr"})}, ""),
    ],
)
def test_filters_hold_for_words_vectors_and_urls_alike(engine: Search, query: dict[str, object], expected: str) -> None:
    for id, fields in FILTERED.items():
        engine.write([document(id, title="salt", title_vector=direction(0), url_keys=("u",), **fields)])
    engine.refresh()
    for side in ({"terms": ("salt",)}, {"vector": direction(0)}, {"url_keys": ("u",)}):
        assert "".join(sorted(found(engine, **side, **query))) == expected, side


def test_a_narrow_filter_still_fills_the_limit(engine: Search) -> None:
    better = [document(f"en{i}", title="salt", title_vector=direction(0), language="en") for i in range(40)]
    fields = {"body": "salt and water", "title_vector": direction(80), "language": "zh-Hans"}
    wanted = [document(f"zh{i}", **fields) for i in range(5)]
    store(engine, *better, *wanted)
    only = frozenset({"zh-Hans"})
    assert len(found(engine, terms=("salt",), languages=only, limit=5)) == 5
    assert len(found(engine, vector=direction(0), languages=only, limit=5)) == 5


def test_a_hit_says_what_it_stands_for(engine: Search) -> None:
    store(engine, document("clm_1-2", parent="clm_1", kind=DocKind.CLAIM, statement="salt"))
    (hit,) = engine.find(SearchQuery(terms=("salt",)))
    assert (hit.id, hit.parent, hit.kind) == ("clm_1-2", "clm_1", DocKind.CLAIM)


# ---------------------------------------------------------------------------------------------------------- odd input

ODD = [
    'say"so', "back\\slash", "*", "a*", "title:salt", "+x", "-x", "(", "[1", "~2", "OR", "^5",
    "😀", "\ufdfa", "𠮷", "é", "\x00n",
]  # fmt: skip


@pytest.mark.parametrize("term", ODD)
def test_a_term_is_only_ever_a_term(engine: Search, term: str) -> None:
    store(engine, document("odd", title=f"salt {term}"), document("plain", title="salt water", body="a x n"))
    assert found(engine, terms=(term,)) == ["odd"]


def test_ids_and_keywords_may_hold_any_character(engine: Search) -> None:
    odd = document('i"d/\\ *é😀', parent="p:*", title="salt", url_keys=('u"*',), language="x y")
    store(engine, odd)
    assert found(engine, terms=("salt",), languages=frozenset({"x y"})) == [odd.id]
    assert found(engine, url_keys=('u"*',)) == [odd.id]
    assert found(engine, url_keys=("u*",)) == []
    assert found(engine, terms=("salt",), exclude_parents=frozenset({"p:*"})) == []


def test_lone_surrogates_and_endless_words_do_no_harm(engine: Search) -> None:
    store(engine, document("a", title="salt \ud800", body="x" * 50_000, url_keys=("u" * 40_000, "\udfff")))
    assert by_words(engine, "salt", "\ud800") == ["a"]
    assert by_words(engine, "x" * 50_000) == ["a"]
    assert found(engine, url_keys=("u" * 40_000,)) == []


def test_of_many_terms_the_first_distinct_ones_count_up_to_the_limit(engine: Search) -> None:
    many = [f"t{i}" for i in range(3 * MAX_TERMS)]
    store(engine, document("early", title=f"t{MAX_TERMS - 1}"), document("late", title=f"t{MAX_TERMS}"))
    assert by_words(engine, *many) == ["early"]
    assert by_words(engine, *(["t0"] * 2 * MAX_TERMS), f"t{MAX_TERMS}") == ["late"]


def test_as_many_terms_as_are_allowed_all_count_in_every_field(engine: Search) -> None:
    """Three fields make three clauses a term: a cluster's limit of clauses must not stop the longest message."""
    many = text.query_terms("".join(map(chr, range(0x4E00, 0x4E00 + 2 * MAX_TERMS))), MAX_TERMS)
    assert len(many) == MAX_TERMS
    first, middle, last = many[0], many[MAX_TERMS // 2], many[-1]
    store(engine, document("a", title=first), document("b", statement=middle), document("c", body=last))
    store(engine, document("all", title=" ".join(many), statement=" ".join(many), body=" ".join(many)))
    assert by_words(engine, *many)[0] == "all"
    assert set(by_words(engine, *many)) == {"a", "b", "c", "all"}


# ------------------------------------------------------------------------------------------------ versions and deletion


def test_only_a_greater_version_replaces_a_document(engine: Search) -> None:
    assert store(engine, document("a", 5, title="five", title_vector=direction(0))) == 1
    assert store(engine, document("a", 4, title="four"), document("a", 5, title="again")) == 0
    assert store(engine, document("a", 6, title="six")) == 1
    assert by_words(engine, "five", "four", "again", "six") == ["a"]
    assert by_words(engine, "five", "four", "again") == []
    assert found(engine, vector=direction(0)) == []
    assert engine.versions() == {"a": 6}


def test_of_one_document_twice_in_a_write_the_newer_stays(engine: Search) -> None:
    assert store(engine, document("a", 2, title="two"), document("a", 1, title="one"), document("b", 1)) == 2
    assert engine.versions() == {"a": 2, "b": 1}
    assert by_words(engine, "two", "one") == ["a"]
    assert by_words(engine, "one") == []


def test_a_deleted_document_is_found_by_nothing_and_late_writes_do_not_bring_it_back(engine: Search) -> None:
    alive = document("a", 1, title="salt", title_vector=direction(0), url_keys=("u",))
    store(engine, alive)
    assert store(engine, tombstone("a", 3)) == 1
    for late in (alive, document("a", 2, title="salt"), document("a", 3, title="salt")):
        assert store(engine, late) == 0
        assert found(engine, terms=("salt",), vector=direction(0), url_keys=("u",)) == []
    assert engine.versions() == {}
    assert store(engine, document("a", 4, title="salt")) == 1
    assert found(engine, terms=("salt",)) == ["a"]


def test_b2_shuffled_writes_of_four_writers_end_in_the_newest_of_each(new_engine: Callable[[], Search]) -> None:
    rnd = random.Random(2)
    history = [
        tombstone(f"d{n}", version) if rnd.random() < 0.2 else document(f"d{n}", version, title=f"word{version}")
        for n in range(25)
        for version in range(1, 6)
    ]
    operations = history + rnd.sample(history, len(history) // 20)
    rnd.shuffle(operations)
    writers = [new_engine() for _ in range(4)]

    def run(number: int) -> None:
        mine = operations[number::4]
        for start in range(0, len(mine), 5):
            writers[number].write(mine[start : start + 5])

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writers[0].refresh()
    last = {d.id: d for d in sorted(history, key=lambda d: d.version)}
    expected = {d.id for d in last.values() if not d.is_deleted}
    assert 10 < len(expected) < 25
    assert writers[0].versions() == dict.fromkeys(expected, 5)
    assert set(found(writers[1], terms=("word5",))) == expected
    assert found(writers[2], terms=("word1", "word2", "word3", "word4")) == []


def test_words_are_found_behind_many_better_documents_that_the_filters_leave_out(engine: Search) -> None:
    better = [document(f"c{n}", kind=DocKind.CLAIM, title="salt") for n in range(200)]
    worse = [document(f"a{n}", title="salt " + "sand " * (n % 3 + 1)) for n in range(100)]
    store(engine, *better, *worse)
    everything = engine.find(SearchQuery(terms=("salt",), limit=300))
    expected = {hit.id: hit.lexical for hit in everything if hit.kind is DocKind.ALERT}
    hits = engine.find(SearchQuery(terms=("salt",), kinds=frozenset({DocKind.ALERT}), limit=40))
    assert len(hits) == 40
    assert {hit.id: hit.lexical for hit in hits}.items() <= expected.items()
    assert min(hit.lexical or 0 for hit in hits) >= sorted((s or 0 for s in expected.values()), reverse=True)[39]
    others = frozenset(hit.parent for hit in everything) - {"a7", "c9"}
    assert sorted(found(engine, terms=("salt",), exclude_parents=others, limit=5)) == ["a7", "c9"]


# ------------------------------------------------------------------------------------------------------------- rebuild


def test_rebuild_replaces_everything_whichever_the_version(engine: Search) -> None:
    store(engine, document("old", 9, title="salt"), document("both", 9, title="salt nine"), tombstone("gone", 9))
    new = [document("both", 3, title="three"), document("new", 1, title="salt"), tombstone("dead", 4)]
    assert engine.rebuild(new) == 2
    assert engine.versions() == {"both": 3, "new": 1}
    assert by_words(engine, "salt", "nine") == ["new"]
    assert store(engine, document("dead", 3, title="salt"), document("gone", 1, title="salt")) == 1
    assert engine.versions() == {"both": 3, "new": 1, "gone": 1}


def test_rebuild_to_nothing_and_again(engine: Search) -> None:
    store(engine, document("a", title="salt"))
    assert engine.rebuild([]) == 0
    assert found(engine, terms=("salt",)) == []
    assert engine.rebuild([document("a", title="salt")]) == 1
    assert found(engine, terms=("salt",)) == ["a"]


class Stream:
    """Documents that are read while they are taken; `fails_at` the one that cannot be read."""

    def __init__(self, documents: list[SearchDocument], fails_at: int | None = None) -> None:
        self._documents = documents
        self._fails_at = fails_at

    def __iter__(self) -> Iterator[SearchDocument]:
        for n, one in enumerate(self._documents):
            if n == self._fails_at:
                raise RuntimeError("cannot be read")
            yield one


def test_rebuild_takes_a_stream_and_of_repeated_ids_the_newest_and_of_equals_the_first(engine: Search) -> None:
    store(engine, document("a", 9, title="old"))
    stream = [
        document("a", 2, title="two"),
        document("b", 1),
        document("a", 1, title="one"),
        document("c", 5, title="x"),
    ]
    stream += [
        document("a", 3, title="three", title_vector=direction(0)),
        document("a", 3, title="late"),
        tombstone("c", 6),
    ]
    assert engine.rebuild(Stream(stream)) == 2
    assert engine.versions() == {"a": 3, "b": 1}
    assert by_words(engine, "three") == found(engine, vector=direction(0)) == ["a"]
    assert by_words(engine, "old", "one", "two", "late", "x") == []


def test_a_rebuild_from_documents_that_cannot_be_read_changes_nothing(engine: Search) -> None:
    store(engine, document("a", 9, title="salt", title_vector=direction(0)))
    some = [document(f"n{n}", title="salt", title_vector=direction(n)) for n in range(600)]
    with pytest.raises(RuntimeError, match="cannot be read"):
        engine.rebuild(Stream(some, fails_at=590))
    with pytest.raises(ValueError, match="dimensions"):
        engine.rebuild([*some, document("b", title_vector=(1.0,))])
    with pytest.raises(TypeError):
        engine.rebuild(iter(some))
    assert by_words(engine, "salt") == found(engine, vector=direction(0)) == ["a"]
    assert store(engine, document("a", 10, title="salt"), document("n1", title="salt", title_vector=direction(0))) == 2
    assert found(engine, vector=direction(0)) == ["n1"]


def test_b6_readers_see_no_gap_while_the_index_is_rebuilt(new_engine: Callable[[], Search]) -> None:
    stored = [document(f"d{i}", title="salt", title_vector=direction(i), url_keys=("u",)) for i in range(60)]
    builder, reader = new_engine(), new_engine()
    builder.write(stored)
    builder.refresh()
    query = SearchQuery(terms=("salt",), vector=direction(0), url_keys=("u",), limit=100)
    gaps: list[tuple[int, int, int]] = []
    looks = 0
    is_done = threading.Event()

    def read() -> None:
        nonlocal looks
        while not is_done.is_set():
            hits = reader.find(query)
            counts = (
                sum(hit.lexical is not None for hit in hits),
                sum(hit.cosine is not None for hit in hits),
                sum(hit.shares_url for hit in hits),
            )
            looks += 1
            if counts != (60, 60, 60):
                gaps.append(counts)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        version = 10
        while version < 13 or (looks < 6 and version < 100):
            assert builder.rebuild([document(d.id, version, **_content(d)) for d in stored]) == 60
            version += 1
    finally:
        is_done.set()
        thread.join()
    assert looks >= 6
    assert gaps == []


def _content(stored: SearchDocument) -> dict[str, object]:
    return {"title": stored.title, "title_vector": stored.title_vector, "url_keys": stored.url_keys}


# ------------------------------------------------------------------------------------------------- life of an engine


def test_two_engines_over_one_index_see_each_others_writes(new_engine: Callable[[], Search]) -> None:
    one, other = new_engine(), new_engine()
    assert found(other, terms=("salt",)) == []
    store(one, document("a", title="salt"))
    assert found(other, terms=("salt",)) == ["a"]
    store(other, tombstone("a", 2), document("b", title="salt"))
    assert found(one, terms=("salt",)) == ["b"]


def test_what_was_written_is_there_after_closing_and_opening(new_engine: Callable[[], Search]) -> None:
    first = new_engine()
    store(first, document("a", title="salt", title_vector=direction(0)), tombstone("b", 7))
    first.close()
    second = new_engine()
    assert found(second, terms=("salt",)) == ["a"]
    assert found(second, vector=direction(0)) == ["a"]
    assert store(second, document("b", 6, title="salt")) == 0


def test_a_closed_engine_is_unavailable_and_says_so(engine: Search) -> None:
    store(engine, document("a", title="salt"))
    engine.close()
    engine.close()
    assert not engine.is_available()
    for act in (
        lambda: engine.find(SearchQuery(terms=("salt",))),
        lambda: engine.write([document("b")]),
        lambda: engine.rebuild([]),
        engine.versions,
        engine.refresh,
    ):
        with pytest.raises(SearchUnavailable):
            act()
