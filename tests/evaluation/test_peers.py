"""The peers' analyzers and thresholds, and their queries on a real node."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from index.encode import HashedEncoder
from index.errors import SearchUnavailable
from index.evaluation import peers
from index.evaluation.bench import Engine, open_bench
from index.evaluation.data import Dataset, Doc, Query
from index.evaluation.methods import Method
from index.evaluation.peers import alegre_words, cofacts_words, dice, word_count
from index.evaluation.vectors import RememberedEncoder
from index.search.peers import MAX_WORDS, PeerDocument, PeerIndex, drop_indices
from index.settings import Settings

NOTHING = frozenset[str]()


# ----------------------------------------------------------------------------------------------------- their analyzers


def test_cofacts_cuts_chinese_into_pairs_and_keeps_addresses_whole() -> None:
    text = "轉發：ＡＢＣ病毒 see https://example.org/a?b=1 and mail info@example.org for the Details"
    assert cofacts_words(text) == [
        "轉發", "abc", "病毒", "see", "https://example.org/a?b=1", "mail", "info@example.org", "details",
    ]  # fmt: skip


def test_alegre_keeps_stop_words_and_cuts_addresses() -> None:
    assert alegre_words("The salt at example.org, 1,000 km") == ["the", "salt", "at", "example.org", "1,000", "km"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("鹽", ["鹽"]),
        ("食鹽水。好", ["食鹽", "鹽水", "好"]),
        ("テスト", ["テス", "スト"]),
        ("한국어", ["한국", "국어"]),
        ("don’t stop", ["don’t", "stop"]),
        ("नमक से कैंसर", ["नमक", "से", "कैंसर"]),
        ("ไม่จริง", ["ไม่จริง"]),
        ("", []),
        ("！？…", []),
    ],
)
def test_words_are_cut_as_the_standard_tokenizer_cuts_them(text: str, words: list[str]) -> None:
    assert alegre_words(text) == words


def test_two_han_characters_count_as_one_word() -> None:
    assert word_count("吃鹽防輻射 right now") == 4.5
    assert word_count("") == 0


def test_dice_counts_pairs_of_characters_without_white_space() -> None:
    assert dice("healed", "sealed") == 0.8  # the standard example: ea, al, le, ed of five pairs each
    assert dice("碘 鹽\n防輻射", "碘鹽防輻射") == 1
    assert dice("aaaa", "aa") == 0.5  # a pair counts as often as it occurs in both
    assert dice("a", "b") == dice("", "ab") == 0


# ---------------------------------------------------------------------------------------- their queries, on a real node


@pytest.fixture
def peer_index(elasticsearch_url: str) -> Iterator[PeerIndex]:
    prefix = f"clarion-evaluate-{token_hex(4)}"
    settings = Settings(search_url=elasticsearch_url)
    index = PeerIndex(settings, f"{prefix}-peers", 3)
    yield index
    index.close()
    drop_indices(settings, prefix)


def filled(index: PeerIndex, *texts: str) -> None:
    index.fill(PeerDocument(f"d{n}", text, text) for n, text in enumerate(texts))


@pytest.mark.elasticsearch
def test_more_like_this_wants_all_of_ten_words_and_seventy_percent_of_more(peer_index: PeerIndex) -> None:
    words = [f"w{n}" for n in range(20)]
    filled(peer_index, " ".join(words), " ".join(words[:14]), " ".join(words[:13]), " ".join(words[:9]))
    found = [hit.id for hit in peer_index.more_like_this(words, NOTHING)]
    assert sorted(found) == ["d0", "d1"]  # 14 of 20 are 70 %
    assert sorted(hit.id for hit in peer_index.more_like_this(words[:10], NOTHING)) == ["d0", "d1", "d2"]
    assert [hit.id for hit in peer_index.more_like_this(words, frozenset({"d0"}))] == ["d1"]
    assert peer_index.more_like_this([], NOTHING) == []


@pytest.mark.elasticsearch
def test_more_like_this_asks_for_the_twenty_five_rarest_words(peer_index: PeerIndex) -> None:
    rare, common = [f"r{n}" for n in range(25)], [f"c{n}" for n in range(25)]
    filled(peer_index, " ".join(rare), *[" ".join(common)] * 5)
    found = peer_index.more_like_this(rare + common, NOTHING)
    assert [hit.id for hit in found] == ["d0"]


@pytest.mark.elasticsearch
def test_match_wants_its_share_of_the_words(peer_index: PeerIndex) -> None:
    words = [f"w{n}" for n in range(25)]
    filled(peer_index, " ".join(words[:22]), " ".join(words[:18]), " ".join(words[:17]))
    assert [hit.id for hit in peer_index.match(words, "70%", NOTHING)] == ["d0", "d1", "d2"]  # 17.5, rounded down
    assert [hit.id for hit in peer_index.match(words, "88%", NOTHING)] == ["d0"]
    assert [hit.id for hit in peer_index.match(words, "70%", frozenset({"d0", "d2"}))] == ["d1"]


@pytest.mark.elasticsearch
def test_a_query_of_endless_words_is_cut_and_one_that_utf8_cannot_hold_is_asked(peer_index: PeerIndex) -> None:
    words = [f"w{n}" for n in range(10 * MAX_WORDS)]
    filled(peer_index, " ".join(words))
    assert [hit.id for hit in peer_index.match(words, "70%", NOTHING)] == ["d0"]
    assert [hit.id for hit in peer_index.more_like_this(words, NOTHING)] == ["d0"]
    assert peer_index.match(["\ud800"], "70%", NOTHING) == peer_index.more_like_this(["\ud800"], NOTHING) == []


@pytest.mark.elasticsearch
def test_vectors_are_ranked_by_their_exact_cosine(peer_index: PeerIndex) -> None:
    vectors = {"a": (1, 0, 0), "b": (0.6, 0.8, 0), "c": (-1, 0, 0), "none": (0, 0, 0)}
    peer_index.fill(PeerDocument(id, "x", "x", np.array(v, np.float32)) for id, v in vectors.items())
    query = np.array((2, 0, 0), np.float32)
    found = {hit.id: hit.score for hit in peer_index.nearest(query, NOTHING)}
    assert list(found) == ["a", "b", "c"]
    assert found == pytest.approx({"a": 1, "b": 0.6, "c": -1}, abs=1e-6)
    assert [hit.id for hit in peer_index.nearest(query, frozenset({"a"}))] == ["b", "c"]
    assert peer_index.nearest(np.zeros(3, np.float32), NOTHING) == []


@pytest.mark.elasticsearch
def test_only_the_indices_of_one_evaluation_are_dropped(elasticsearch_url: str) -> None:
    settings = Settings(search_url=elasticsearch_url)
    mine, other = (f"clarion-evaluate-{token_hex(4)}" for _ in range(2))
    with Elasticsearch(elasticsearch_url) as client:
        for prefix in (mine, other):
            index = PeerIndex(settings, f"{prefix}-peers", 3)
            filled(index, "x")
            index.close()
        drop_indices(settings, mine)
        drop_indices(settings, mine)  # nothing left is no error
        assert not client.indices.exists(index=f"{mine}-peers")
        assert client.indices.exists(index=f"{other}-peers")
        drop_indices(settings, other)
    for slip in ("clarion", "clarion-evaluate-", "clarion-evaluate-*", ""):
        with pytest.raises(ValueError, match="does not name an evaluation"):
            drop_indices(settings, slip)


def test_a_node_that_is_not_there_is_said_to_be_unreachable() -> None:
    index = PeerIndex(Settings(search_url="http://127.0.0.1:9"), "clarion-evaluate-00000000-peers", 3)
    with pytest.raises(SearchUnavailable, match="cannot be reached"):
        index.match(["x"], "70%", NOTHING)


# -------------------------------------------------------------------------------------------- their methods, as a whole

#: 40 documents about nothing, so that a word of the one that counts is rare and scores high.
_OTHERS = tuple(Doc(f"other-{n}", f"第{n}号通知", f"通知{n}的内容是某处第{n}次会议", "zh-Hant") for n in range(40))
_RUMOR = "吃茄子配蘑菇會中毒，醫院已經收了十七位病人，請告訴家人不要同吃"
_NEAR = "吃茄子配蘑菇會中毒，醫院已經收了七位病人，請告訴家人不要同吃。急"


@pytest.fixture(scope="module")
def methods(elasticsearch_url: str, encoder: RememberedEncoder) -> Iterator[dict[str, Method]]:
    docs = (Doc("d-copy", "", _RUMOR, "zh-Hant"), Doc("d-like", "", _NEAR, "zh-Hant"), *_OTHERS)
    dataset = Dataset("peers", (Query("q", _RUMOR, "zh-Hant"),), docs, {"q": frozenset({"d-copy"})})
    settings = Settings(search_url=elasticsearch_url, encoder="hashed")
    with (
        open_bench(dataset, Engine.ELASTICSEARCH, settings, encoder) as bench,
        peers.open_peers(bench, peers.NAMES) as made,
    ):
        yield {method.name: method for method in made}


@pytest.mark.elasticsearch
def test_cofacts_accepts_a_copy_and_offers_what_is_like_it(methods: dict[str, Method]) -> None:
    ranked = methods["cofacts"].rank(Query("q", _RUMOR), NOTHING)
    assert ranked.ids == ("d-copy", "d-like")
    assert ranked.same == {"d-copy"}
    assert 0.75 < dice(_RUMOR, _NEAR) < peers.DICE_SAME
    without = methods["cofacts"].rank(Query("q", _RUMOR), frozenset({"d-copy"}))
    assert (without.ids, without.same) == (("d-like",), NOTHING)


@pytest.mark.elasticsearch
def test_alegre_lexical_accepts_from_eighty_eight_percent(methods: dict[str, Method]) -> None:
    method = methods["alegre_lexical"]
    assert method.rank(Query("q", _RUMOR), NOTHING).same == {"d-copy", "d-like"}
    half_other = _RUMOR[:24] + "另外加幾個字"
    ranked = method.rank(Query("q", half_other), NOTHING)
    assert set(ranked.ids) == {"d-copy", "d-like"}
    assert ranked.same == NOTHING
    assert method.rank(Query("q", "會議"), NOTHING).ids == ()  # few words never score above ten


@pytest.mark.elasticsearch
def test_alegre_vector_accepts_a_copy_and_suggests_what_is_near(methods: dict[str, Method]) -> None:
    method = methods["alegre_vector"]
    ranked = method.rank(Query("q", _RUMOR), NOTHING)
    assert ranked.ids == ("d-copy", "d-like")
    cosine = float(np.dot(*HashedEncoder().encode([_RUMOR, _NEAR])))
    assert peers.COSINE_SUGGESTED < cosine < peers.COSINE_SAME
    assert ranked.same == {"d-copy"}


@pytest.mark.elasticsearch
@pytest.mark.parametrize("words", ["", "！！", "\x00\ud800", "😀", "ﷺ" * 5_000, "很" * 30_000, "a " * 9_000])
def test_no_query_is_too_odd_for_the_peers(methods: dict[str, Method], words: str) -> None:
    for method in methods.values():
        method.rank(Query("q", words), NOTHING)


@pytest.mark.elasticsearch
def test_a_short_text_is_suggested_and_never_accepted(elasticsearch_url: str, encoder: RememberedEncoder) -> None:
    docs = (Doc("d", "", "吃鹽防輻射", "zh-Hant"),)
    dataset = Dataset("short", (), docs, {})
    settings = Settings(search_url=elasticsearch_url, encoder="hashed")
    with (
        open_bench(dataset, Engine.ELASTICSEARCH, settings, encoder) as bench,
        peers.open_peers(bench, ("alegre_vector",)) as (method,),
    ):
        ranked = method.rank(Query("q", "吃鹽防輻射"), NOTHING)
    assert (ranked.ids, ranked.same) == (("d",), NOTHING)
