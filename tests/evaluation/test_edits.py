"""The edits: each changes what it says it changes, leaves the rest, and is the same every time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import text as language
from index.evaluation import respellings
from index.evaluation.edits import KINDS, READ, edited

SEEDS = tuple(map(str, range(12)))
LINK = "https://Example.org/A/b?Id=7&the=US"
EN = (
    "President Donald Trump said on 3 May that the WHO is not going to give 1,500 doctors in the US their money, "
    f"because they were giving children the vaccine. {LINK} Nobody told the people."
)
HANS = (
    f"3月5日武汉市的医生说世卫组织不会给1500个孩子打疫苗，因为视频里的信息没有质量。{LINK} 他们现在在网上找钟南山院士。"
)
HANT = (
    f"3月5日台北市的醫生說世衛組織不會給1500個孩子打疫苗，因為影片裡的資訊沒有品質。{LINK} "
    "他們現在在網路上找陳時中部長。"
)
HI = "लखनऊ के मॉल में 1500 लोगों ने नमाज़ पढ़ी, सरकार ने जाँच के आदेश दिए हैं."
APPLIES = {
    EN: set(KINDS) - {"script"},
    HANS: set(KINDS) - {"casing"},
    HANT: set(KINDS) - {"casing"},
    HI: {"typos_light", "typos_heavy", "dress", "rewrite"},
}


def all_of(kind: str, text: str) -> list[str]:
    return [after for seed in SEEDS if (after := edited(kind, text, seed)) is not None]


@pytest.mark.parametrize("text", APPLIES, ids=["en", "zh-Hans", "zh-Hant", "hi"])
def test_each_kind_applies_to_its_languages_and_then_changes_something(text: str) -> None:
    for kind in KINDS:
        found = all_of(kind, text)
        assert len(found) == (len(SEEDS) if kind in APPLIES[text] else 0), kind
        assert text not in found


@pytest.mark.parametrize("text", APPLIES, ids=["en", "zh-Hans", "zh-Hant", "hi"])
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"shorten"}))
def test_addresses_numbers_and_negations_survive(kind: str, text: str) -> None:
    for after in all_of(kind, text):
        assert (LINK in after) == (LINK in text)
        said, before = language.without_urls(after), language.without_urls(text)
        assert sorted(re.findall(r"\d+", said)) == sorted(re.findall(r"\d+", before))
        if kind != "negation":
            assert language.negations(said) > 0 or not language.negations(before) or kind == "dialect"


def test_the_same_seed_gives_the_same_edit_and_others_differ() -> None:
    for kind in KINDS:
        assert all_of(kind, EN) == all_of(kind, EN)
    assert len(set(all_of("typos_heavy", EN))) > 6
    # what a run of today and one of next year ask must be one thing: no hash seed, no set order
    assert edited("typos_light", "Raw garlic cures the flu", "q-garlic") == "Raw garlic curess the flu"
    assert edited("casing", "Raw garlic", "2") == "RAW GARLIC"


def test_heavy_typing_makes_more_mistakes_and_both_keep_to_their_rate() -> None:
    letters = "考试之前大家都听说学校今天发布了新的通知要求所有师生提前到校" * 8
    wrong = [
        sum(a != b for a, b in zip(letters, edited(kind, letters, "1") or "", strict=True))
        for kind in ("typos_light", "typos_heavy")
    ]
    assert wrong == [round(len(letters) / 25), round(len(letters) / 10)]


def test_typing_never_touches_first_letters_short_words_or_handles() -> None:
    text = "@BernieSanders was not at the rally, #PizzaGate 5G masts cannot do that"
    for after in all_of("typos_heavy", text):
        assert {"@BernieSanders", "was", "not", "at", "the", "#PizzaGate", "5G", "cannot", "do"} <= set(after.split())
        assert [word[0] for word in after.split()] == [word[0] for word in text.split()]


def test_chinese_mistakes_are_of_the_texts_own_script_and_spare_what_carries_the_meaning() -> None:
    for after in all_of("typos_heavy", "學校通知三月開始不發藥，醫院沒有這種說法"):
        assert language.language_of(after) == "zh-Hant"
        assert all(character in after for character in "三不沒")


@pytest.mark.parametrize(
    ("kind", "text", "some"),
    [
        ("casing", "Öl kostet", {"ÖL KOSTET", "öl kostet"}),
        ("dialect", "The people are not eating with their children", {"Di pipo no be chop wit dia pikin dem"}),
        ("dialect", "You cannot go out of the house now", {"Ye cannae go oot o the hoose noo"}),
        ("dialect", "They are trying to get the money", {"They tryna get da money"}),
        ("dialect", "It’s theirs, you’re next, DON’T stop", {"It’s theirs, you next, DON’T stop"}),
        ("dialect", "the WHO", {"da WHO", "di WHO"}),
        ("dialect", "WHO IS THE OLD MAN", {"WHA IS THE AULD MAN"}),
        ("dialect", "这个视频是他们的", {"这个影片是他们的", "呢个视频系佢哋嘅呀"}),
        ("dialect", "這個影片的品質", {"這個視頻的質量"}),
        ("script", "台湾的头发", {"臺灣的頭髮"}),
        ("script", "頭髮與後來", {"头发与后来"}),
        ("entities", "President Trump left the WHO", {"Trump left the World Health Organization"}),
        ("entities", "Ivanka Trump likes Dr. Smith", {"Ivanka Trump likes Smith"}),
        ("entities", "who told us that", set()),
        ("entities", "武汉市民看到钟南山院士", {"武汉市民看到钟南山"}),
        ("entities", "世卫组织说新冠肺炎", {"世界卫生组织说新型冠状病毒肺炎"}),
        ("entities", "前总统特朗普", {"川普"}),
        ("shorten", "Unbelievable! The bridge of the old town fell down last night.", {
            "The bridge of the old town fell down last night."}),
        ("shorten", "One sentence about the bridge of the old town.", set()),
        ("rewrite", "They do not sell it, because the doctors said no.", {
            "Since the physicians stated no, they don't sell it."}),
        ("rewrite", "因为医院没有药，大家都去超市。", {"大家都去商场，由于医院没有药。"}),
        ("rewrite", "他说“水里有毒，大家不要去喝水”。", {"他说“水里含毒，大家别去喝水”。"}),
        ("negation", "The bridge fell", {"It is not untrue that the bridge fell"}),
    ],
)  # fmt: skip
def test_each_kind_says_it_otherwise(kind: str, text: str, some: set[str]) -> None:
    found = {after for seed in range(60) if (after := edited(kind, text, str(seed))) is not None}
    assert some <= found
    assert some or not found


def test_an_acronym_is_no_word_of_a_dialect() -> None:
    assert all("WHO" in after and "US" in after for after in all_of("dialect", EN))


def test_the_dress_is_around_the_text() -> None:
    for text in (EN, HANS, HANT, HI):
        for after in all_of("dress", text):
            before, _, behind = after.partition(text)
            assert before and behind


def test_no_word_of_a_table_is_respelt_as_itself_but_the_guards_of_cantonese() -> None:
    for table in (respellings.MAINLAND_TAIWAN, respellings.HAN_SYNONYMS):
        for entry in filter(None, map(str.split, re.split(r"[;\n]", table))):
            assert len(entry) == 2 and entry[0] != entry[1], entry
    assert not set("一二三四五六七八九十百千万不没无未") & set(respellings.HAN_CONFUSED)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        *("", " \n\t", "😀🎉", "\ud800", "\x00", "？！", "a", "水", "的"),
        *("ﷺ" * 3_000, "@", "，，，", '"“', LINK, "İŞß"),
        *("ก" * 50, "\u0301" * 9),
    ],
)
def test_no_text_is_too_odd(kind: str, text: str) -> None:
    for seed in ("", "1", "\ud800", "问"):
        after = edited(kind, text, seed)
        assert after is None or (after.strip() and after != text)
    if not any(map(str.isalnum, text)):
        assert edited(kind, text, "1") is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("piece", ["a", "水", "的，", "The US, ", "请", "\n", "www.a.bc ", "(", "don't ", "\ud800x"])
def test_a_megabyte_is_cut_and_done_in_a_moment(kind: str, piece: str) -> None:
    start = time.perf_counter()
    after = edited(kind, piece * (1_000_000 // len(piece)), "1")
    assert time.perf_counter() - start < 5
    assert after is None or len(after) < 3 * READ


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.sampled_from(sorted(KINDS)), st.text(max_size=5))
def test_whatever_the_text_an_edit_is_none_or_another_text(text: str, kind: str, seed: str) -> None:
    after = edited(kind, text, seed)
    assert after is None or after != text
    assert after == edited(kind, text, seed)
