"""What tells two claims apart: dates, places, names; and words in disguise."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import text

unhurried = settings(deadline=None, max_examples=150)
#: Texts made of what the patterns look for.
ODD = st.text(alphabet="2024年月日号民國三十-/. MarchAug5th,in《》「」#@市医院大学XYx\ud800\u200b\n0123", max_size=60)


class TestDates:
    @pytest.mark.parametrize(
        "raw",
        [
            "2024年3月5日", "二〇二四年三月五日", "民國113年3月5日", "民國一一三年三月五號", "2024-03-05", "2024/3/5",
            "2024.3.5", "March 5, 2024", "5th of March 2024", "5 Mar 2024", "24年3月5日", "２０２４年３月５日",
        ],
    )  # fmt: skip
    def test_one_day_has_one_spelling(self, raw: str) -> None:
        assert text.dates(raw) == {"2024-03-05"}

    @pytest.mark.parametrize(
        ("raw", "found"),
        [
            ("2024年3月停电", {"2024-03"}),
            ("三月五號停電", {"03-05"}),
            ("On March 5 the power fails", {"03-05"}),
            ("早在2019年就有人说", {"2019"}),
            ("民國一百一十三年的公告", {"2024"}),
            ("It happened in 2019", {"2019"}),
            ("3月5日至8日停水", {"03-05", "03-08"}),
            ("3/5/2024", {"2024-03-05", "2024-05-03"}),
            ("25/12/2023", {"2023-12-25"}),
        ],
    )
    def test_a_date_is_read_as_far_as_it_is_stated(self, raw: str, found: set[str]) -> None:
        assert text.dates(raw) == found

    @pytest.mark.parametrize(
        "raw", ["2月30日", "90年代", "5年3个月", "2020 people", "电话2020-1234567", "1/2", "you may go", "3.5元", ""]
    )
    def test_what_only_looks_like_a_date_is_none(self, raw: str) -> None:
        assert text.dates(raw) == set()

    def test_the_digits_of_a_date_are_no_numbers(self) -> None:
        assert text.numbers("2024年3月5日起停水3天，影响200人") == {"3", "200"}
        assert text.numbers("From March 5, 2024 some 200 people") == {"200"}

    def test_dates_conflict_only_in_what_both_state(self) -> None:
        assert text.dates_conflict({"2024-03-05"}, {"2024-03-06"})
        assert text.dates_conflict({"03-05"}, {"2024-04-05"})
        assert not text.dates_conflict({"03-05"}, {"2024-03-05"})
        assert not text.dates_conflict({"2024"}, {"2024-03"})
        assert not text.dates_conflict({"2024"}, {"03-05"})
        assert not text.dates_conflict(set(), {"2024"})
        assert not text.dates_conflict({"2024-03-05", "2024-05-03"}, {"2024-05-03"})


class TestPlaces:
    @pytest.mark.parametrize(
        ("raw", "found"),
        [
            ("武漢和臺北", {"武汉", "台北"}),
            ("Wuhan, Xi'an and New York", {"武汉", "西安", "纽约"}),
            ("義大利封城", {"意大利"}),
            ("Italy and the U.S. closed", {"意大利", "美国"}),
            ("內蒙古", {"内蒙古"}),
            ("印尼发现", {"印度尼西亚"}),
            ("they told us", set()),
            ("印度洋上的罗马尼亚船", set()),
            ("接种日本脑炎疫苗", set()),
        ],
    )
    def test_a_place_has_one_name(self, raw: str, found: set[str]) -> None:
        assert text.places(raw) == found


class TestNames:
    @pytest.mark.parametrize(
        ("raw", "found"),
        [
            ("The doctor said that Bill Gates pays the WHO", {"bill", "gates", "who"}),
            ("They watched #CoronavirusOutbreak by @realNewsDaily", {"coronavirus", "outbreak", "real", "daily"}),
            ("《人民日報》刊文", {"人民日报"}),
            ("轉傳「普篩計畫」的內容", {"普筛计划"}),
            ("昨天北京協和醫院的醫生說", {"北京协和医院"}),
            ("昨天北京协和医院的医生说", {"北京协和医院"}),
            ("某地广州市发生", {"广州市"}),
        ],
    )
    def test_names_are_told_by_their_form(self, raw: str, found: set[str]) -> None:
        assert text.names(raw) == found

    @pytest.mark.parametrize(
        "raw",
        [
            "去超市买菜", "我们公司的人", "城市和社区", "THIS IS A SHOUTED LINE", "Every Word Here Is A Title",
            "Cats sleep. Dogs bark.", "on Monday in May", "附近医院",
        ],
    )  # fmt: skip
    def test_common_words_are_no_names(self, raw: str) -> None:
        assert text.names(raw) == set()


class TestDisguises:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("加薇信群", "加微信群"),
            ("加V信群", "加微信群"),
            ("打新官病毒役苗", "打新冠病毒疫苗"),
            ("莲花清温", "连花清瘟"),
            ("新😷冠丨疫→苗", "新冠疫苗"),
            ("疫1️⃣苗", "疫1苗"),
            ("c0vid v@ccines", "covid vaccines"),
            ("сovid", "covid"),  # a Cyrillic с
        ],
    )
    def test_a_disguised_word_is_read_as_meant(self, written: str, meant: str) -> None:
        assert text.fold(written) == text.fold(meant)

    @pytest.mark.parametrize("raw", ["台风登陆广东", "很有威信", "мир вам", "h1n1 and b4", "直至癌症晚期", "门口照相"])
    def test_words_that_mean_themselves_stay(self, raw: str) -> None:
        assert text.fold(raw) == raw


@unhurried
@given(ODD | st.text(max_size=120))
def test_no_text_makes_them_crash(raw: str) -> None:
    folded = text.fold(raw)
    assert text.fold(folded) == folded
    text.dates(raw), text.names(raw), text.places(raw), text.numbers(raw)


@pytest.mark.parametrize(
    "piece",
    [
        "2024年",
        "3月",
        "May ",
        "《",
        "「",
        "#a",
        "#好",
        "A ",
        "市",
        "医院",
        "民国",
        "十",
        "1/",
        "A.",
        "@A",
        "v",
        "аb",
        "3月5日",
    ],
)
def test_the_cost_grows_with_the_length_and_not_its_square(piece: str) -> None:
    def cost(length: int) -> float:
        raw, spent = (piece * length)[:length], []
        for _ in range(3):  # the least of three: other work on the machine must not count
            began = time.process_time()
            text.dates(raw), text.names(raw), text.places(raw), text.numbers(raw)
            spent.append(time.process_time() - began)
        return min(spent)

    cost(1_000)
    small, large = cost(4_000), cost(32_000)
    print(f"{piece!r}: {small * 1000:.1f} ms, {large * 1000:.1f} ms for eight times as much")
    assert large < 32 * max(small, 0.004)  # eight times is usual, its square is 64
