"""Explanations: what two texts share, where they differ, which sentence matched; as places in the texts as written."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.explaining import MAX_COMPARED, explain, explain_each
from index.model import Difference, Explanation

KNOWN = "市自来水厂发生氯气泄漏，全市居民三天内不要饮用自来水，已有200人住院"
HANT = "大家好。聽說市自來水廠發生氯氣洩漏，三天內不要飲用自來水，已有9000人住院！請告訴家人。"
#: Texts made of what is compared: both scripts, facts, camouflage, invisible characters, addresses.
ODD = st.text(
    alphabet="新*冠-疫苗不会不是2024年3月5日武漢汉abc NOT《》「」#@.。\ufdfa\ud800\u200b\u0301é\nhttps://x", max_size=80
)


def _said(raw: str, spans: tuple[tuple[int, int], ...]) -> list[str]:
    return [raw[start:end] for start, end in spans]


def _differing(raw: str, differences: tuple[Difference, ...]) -> list[tuple[str, str]]:
    return [(d.kind, raw[d.start : d.end]) for d in differences]


class TestShared:
    def test_traditional_and_simplified_texts_share_what_they_say(self) -> None:
        found = explain(HANT, KNOWN)
        assert "市自來水廠發生氯氣洩漏" in _said(HANT, found.shared)
        assert "市自来水厂发生氯气泄漏" in _said(KNOWN, found.shared_in_match)

    def test_words_are_shared_in_other_forms_and_grammar_between_them_is_taken_along(self) -> None:
        ours, theirs = "He microwaved the water in plastic cups", "Never microwave the water; plastic is bad"
        found = explain(ours, theirs)
        assert _said(ours, found.shared) == ["microwaved the water in plastic"]
        assert _said(theirs, found.shared_in_match)[0].startswith("microwave the water")

    def test_camouflage_is_inside_the_span_that_a_reader_sees(self) -> None:
        raw = "都说喝*高-度 白🍷酒可以预防"
        assert _said(raw, explain(raw, "喝高度白酒可以预防").shared) == ["喝*高-度 白🍷酒可以预防"]

    def test_one_number_written_in_two_ways_is_shared(self) -> None:
        assert _said("感染了3万人", explain("感染了3万人", "30,000 people").shared) == ["3万"]

    def test_grammar_alone_is_not_shared(self) -> None:
        assert explain("这是我们的", "那是他们的").shared == ()
        assert explain("It was in the house", "It was in the garden").shared == ()

    def test_addresses_are_not_compared(self) -> None:
        assert explain("https://a.example/water", "https://a.example/water").shared == ()


class TestDiffering:
    @pytest.mark.parametrize(
        ("ours", "theirs", "here", "there"),
        [
            ("已有9000人住院", "已有200人住院", ("number", "9000"), ("number", "200")),
            ("三月五號停水", "3月6日停水", ("date", "三月五號"), ("date", "3月6日")),
            ("武漢停水", "郑州停水", ("place", "武漢"), ("place", "郑州")),
            ("They met Gates in May", "They met Fauci in May", ("name", "Gates"), ("name", "Fauci")),
        ],
    )
    def test_other_numbers_dates_places_and_names_are_told(
        self, ours: str, theirs: str, here: tuple[str, str], there: tuple[str, str]
    ) -> None:
        found = explain(ours, theirs)
        assert _differing(ours, found.differing) == [here]
        assert _differing(theirs, found.differing_in_match) == [there]

    def test_a_denial_is_told_on_its_side(self) -> None:
        found = explain("5G会传播病毒", "5G不会传播病毒")
        assert (found.differing, _differing("5G不会传播病毒", found.differing_in_match)) == ((), [("denial", "不会")])

    def test_a_denial_of_something_else_is_no_difference(self) -> None:
        theirs = "听说疫苗里有芯片，打了就会被跟踪。邻居看完，第二针说什么也不去打了。"
        found = explain("打了疫苗就会被植入芯片跟踪", theirs)
        assert not [d for d in (*found.differing, *found.differing_in_match) if d.kind == "denial"]

    def test_what_one_text_adds_is_no_difference(self) -> None:
        found = explain("200人在武汉住院，3月5日", "有人住院")
        assert (found.differing, found.differing_in_match) == ((), ())

    def test_a_less_exact_date_agrees(self) -> None:
        assert explain("2024年3月5日停水", "3月5日停水").differing == ()

    def test_what_differs_is_not_shared(self) -> None:
        found = explain("水厂漏氯气，3月5日起停水三天", "水厂漏氯气，3月6日起停水三天")
        assert _said("水厂漏氯气，3月5日起停水三天", found.shared) == ["水厂漏氯气", "起停水三天"]


class TestSentence:
    def test_the_sentence_with_most_in_common_is_named(self) -> None:
        found = explain(HANT, KNOWN)
        assert found.sentence is not None
        assert HANT[slice(*found.sentence)] == "聽說市自來水廠發生氯氣洩漏，三天內不要飲用自來水，已有9000人住院！"

    def test_texts_with_nothing_in_common_have_none(self) -> None:
        assert explain("天气很好。", KNOWN) == Explanation()


@settings(deadline=None, max_examples=200)
@given(ODD | st.text(max_size=150), ODD | st.text(max_size=150))
def test_spans_lie_in_order_inside_the_texts(ours: str, theirs: str) -> None:
    found = explain(ours, theirs)
    for raw, shared, differing in (
        (ours, found.shared, found.differing),
        (theirs, found.shared_in_match, found.differing_in_match),
    ):
        spans = sorted([*shared, *((d.start, d.end) for d in differing)])
        assert all(0 <= start < end <= len(raw) for start, end in spans)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    if found.sentence is not None:
        assert 0 <= found.sentence[0] < found.sentence[1] <= len(ours)


@settings(deadline=None, max_examples=60)
@given(ODD, st.lists(ODD, max_size=3))
def test_together_or_alone_makes_no_difference(ours: str, others: list[str]) -> None:
    assert explain_each(ours, others) == tuple(explain(ours, other) for other in others)


@pytest.mark.parametrize(
    "piece", ["好", "\ufdfa", "a b ", "2024年3月5日", "不", "3 ", "\ud800", "《a》", "武汉", "Abc "]
)
def test_the_cost_of_long_texts_grows_with_their_length(piece: str) -> None:
    def cost(length: int) -> float:
        raw, spent = (piece * length)[:length], []
        for _ in range(3):  # the least of three: other work on the machine must not count
            began = time.process_time()
            explain(raw, raw[::-1])
            spent.append(time.process_time() - began)
        return min(spent)

    cost(100)
    small, large = cost(MAX_COMPARED // 8), cost(MAX_COMPARED)
    print(f"{piece!r}: {large * 1000:.0f} ms for {MAX_COMPARED} characters of each text")
    assert large < 32 * max(small, 0.002)  # eight times is usual, its square is 64
