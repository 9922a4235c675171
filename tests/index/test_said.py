"""What a text says, worked out part by part: equal to what the functions of `index.text` find in the whole of it."""

from __future__ import annotations

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from index import text
from index.said import SHORT_HAN, SHORT_WORDS, Said

PARTS = ("folded", "fingerprint", "terms", "numbers", "names", "words", "is_short")
#: What noise, addresses, folding, numbers, dates, names and places are made of.
PIECES = [
    "转发：", "請大家轉發！", "【转】", "速看", "fwd: ", "Please share with everyone", "ſhare thiſ with all ",
    "😱😱", "！！！！！", "https://example.com/a?utm_source=x", "www.example.com", "ｗｗｗ．example．com ",
    "HTTP://A.example/。", "\r\n", "\u200b", "\u3000", "新*冠-疫 苗", "乾著後麵", "c0vid", "сovid", "v@ccine",
    "2024年3月5日", "March 5 2024", "5/3/2024", "三万人", "30,000", "५०", "two hundred", "《新闻》", "北京协和医院",
    "海淀区", "Xi'an", "u.s", "The Red Cross", "1) Dr Li", "#CovidVaccine", "不会", "not", " ", ".",
]  # fmt: skip
TEXTS = st.text(max_size=80) | st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=12).map("".join)


def _directly(raw: str) -> dict[str, object]:
    plain = text.without_urls(text.understand(raw).text)
    folded = text.fold(plain)
    return {
        "folded": folded,
        "fingerprint": text.fingerprint(raw),
        "terms": frozenset(text.content_terms(folded)),
        "numbers": text.numbers(plain),
        "names": text.names(plain),
        "words": tuple(text.words(folded)),
        "is_short": text.length(plain).is_under(SHORT_HAN, SHORT_WORDS),
    }


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.randoms(use_true_random=False))
@example("转发：https://example.com/a", random.Random(1))
@example("", random.Random(1))
def test_each_part_is_what_the_whole_text_says_in_whatever_order_it_is_asked_for(raw: str, rnd: random.Random) -> None:
    said = Said(raw)
    expected = _directly(raw)
    for part in rnd.sample(PARTS, len(PARTS)):
        assert getattr(said, part) == expected[part], part


def test_a_part_is_worked_out_once() -> None:
    said = Said("北京协和医院在2024年3月5日接诊30人")
    assert all(getattr(said, part) is getattr(said, part) for part in PARTS)
