"""Grouping: the same text, a variant of it, or new; spreading a claim or denying it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.grouping import Candidate, group, is_debunk, overlap
from index.model import Grouped

KNOWN = "今晨市自来水厂发生氯气泄漏，全市居民三天内不要饮用自来水，已有200人住院"


def _group(text: str, *known: str) -> tuple[Grouped, str | None, str]:
    found = group(text, [Candidate(f"clm_{i}", wording) for i, wording in enumerate(known)])
    return found.kind, found.claim_id, found.reason


def test_without_candidates_a_text_is_new() -> None:
    assert _group(KNOWN) == (Grouped.NEW, None, "no_candidates")


def test_the_same_text_in_other_dress_is_a_repeat() -> None:
    dressed = "【转】今晨市自來水廠發生氯氣洩漏！全市居民三天內不要飲用自來水。已有200人住院！請大家擴散"
    assert _group(dressed, "别的说法", KNOWN) == (Grouped.REPEAT, "clm_1", "same_text")


def test_a_few_changed_words_make_a_variant() -> None:
    assert _group(KNOWN.replace("今晨", "今早"), KNOWN) == (Grouped.VARIANT, "clm_0", "near_duplicate")


def test_english_variants_are_told_by_triples_of_words() -> None:
    known = (
        "Breaking: the water works reported a chlorine leak this morning and nobody in the city should drink tap water "
        "for the next three days, says a friend who works there"
    )
    assert _group(known.replace("nobody", "no one"), known)[0] is Grouped.VARIANT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (KNOWN.replace("200", "9000"), "numbers_differ"),
        (KNOWN.replace("已有200人", "没有200人"), "negation_differs"),
        ("武汉" + KNOWN, "places_differ"),
    ],
)
def test_a_changed_number_denial_or_place_makes_another_claim(text: str, reason: str) -> None:
    assert _group(text, KNOWN) == (Grouped.NEW, None, reason)


def test_other_dates_make_another_claim_and_a_date_more_does_not() -> None:
    assert _group("3月5日" + KNOWN, "3月8日" + KNOWN)[2] == "dates_differ"
    assert _group("3月5日" + KNOWN, KNOWN)[0] is Grouped.VARIANT


def test_in_a_short_text_one_other_word_makes_another_claim() -> None:
    assert _group("喝灵芝汤可以预防新型冠状病毒", "喝板蓝根可以预防新型冠状病毒")[0] is Grouped.NEW


def test_a_text_with_something_added_is_a_variant() -> None:
    added = "刚刚听水务局的朋友在电话里说的，各位邻居都注意一下：" + KNOWN + "，回家以后先把浴缸和水桶都接满"
    assert _group(added, KNOWN)[0] is _group(KNOWN, added)[0] is Grouped.VARIANT


def test_the_addresses_in_two_texts_do_not_count() -> None:
    assert overlap(KNOWN + " https://a.example/very/long/path", KNOWN) == 1.0


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=60), st.text(max_size=60))
def test_it_does_not_matter_which_of_two_texts_was_known(one: str, other: str) -> None:
    assert (_group(one + KNOWN, KNOWN + other)[0] is Grouped.NEW) == (
        _group(KNOWN + other, one + KNOWN)[0] is Grouped.NEW
    )


def test_a_short_text_is_grouped_only_when_equal() -> None:
    assert _group("自来水有毒", "自来水有毒了") == (Grouped.NEW, None, "too_short")
    assert _group("自来水有毒！", "自来水有毒")[0] is Grouped.REPEAT


def test_the_same_rumor_in_other_words_is_left_to_matching() -> None:
    assert _group("水厂漏氯气了，别喝水管里的水，好多人都送医院去了", KNOWN) == (Grouped.NEW, None, "different")


def test_a_close_wording_is_new_but_said_to_be_close() -> None:
    close = "今晨市自来水厂发生氯气泄漏，全市居民三天内不要饮用，请储备桶装水，消息来自水务局的朋友"
    assert _group(close, KNOWN) == (Grouped.NEW, None, "close_wording")


@pytest.mark.parametrize(
    "text",
    [
        "【辟谣】网传喝白酒能防新冠，不实",
        "官方：這是謠言，請勿輕信",
        "Fact check: 5G does not spread the virus",
        "The claim is false, there is no evidence that salt protects from radiation",
    ],
)
def test_a_post_that_quotes_to_deny_is_a_debunk(text: str) -> None:
    assert is_debunk(text)


@pytest.mark.parametrize(
    "text", ["这不是谣言，是我同事亲眼所见，快转发", "喝白酒能防新冠", "This is not a hoax, my cousin saw it happen"]
)
def test_a_post_that_spreads_is_none(text: str) -> None:
    assert not is_debunk(text)


def test_a_link_to_a_registered_checker_speaks_for_a_denial() -> None:
    post = "看看这个 https://www.checker.example/a/1"
    assert is_debunk(post, {"checker.example"})
    assert not is_debunk(post, {"other.example"})
