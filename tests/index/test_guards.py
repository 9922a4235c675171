"""Guards against a wrong `same`: each both ways, in both spellings of Chinese and in English."""

from __future__ import annotations

import pytest

from index import text
from index.guards import Stated, objections
from index.text import find_counts, fold
from webapp.reasons import SENTENCES


def _keys(ours: str, theirs: str, field: str = "claim") -> list[str]:
    found = objections(Stated(ours), Stated(theirs), field, (text.language_of(ours), text.language_of(theirs)))
    assert all(reason.objects and reason.key in SENTENCES for reason in found)
    return [reason.key for reason in found]


class TestDenials:
    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("接種疫苗不會導致不孕", "接种疫苗会导致不孕"),
            ("板蓝根并非可以预防流感", "板蓝根可以预防流感"),
            ("疫苗里沒有晶片", "疫苗里有晶片"),
            ("隔夜水没有毒，可以放心喝", "隔夜水有毒，不要喝"),
            ("该市从未发生过水库决堤", "该市发生过水库决堤"),
            ("发烧时不要捂汗", "发烧时要捂汗"),
            ("感冒切勿喝薑湯", "感冒应该喝姜汤"),
            ("发烧不可以洗澡", "发烧可以洗澡"),
            ("喝绿豆汤能解农药毒的说法是谣言", "喝绿豆汤能解农药毒"),
            ("5G masts dont spread the coronavirus", "5G masts spread the coronavirus"),
            ("Garlic never cures the flu", "Garlic cures the flu"),
            ("The bridge is no longer open to trucks", "The bridge is open to trucks"),
            ("Neither vaccine causes infertility in women", "The vaccine causes infertility in women"),
            ("You should not drink water with meals", "You should drink water with meals"),
            ("The claim that onions absorb flu germs is false", "Onions absorb flu germs"),
        ],
    )
    def test_what_one_denies_and_the_other_affirms_objects(self, ours: str, theirs: str) -> None:
        assert _keys(ours, theirs) == ["negation_differs"]

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("不是不能吃柿子", "能吃柿子"),
            ("It is not untrue that garlic cures the flu", "Garlic cures the flu"),
            ("5G是不是會傳播病毒", "5G会传播病毒"),
            ("有没有可能喝酒能防病毒", "喝酒能防病毒"),
            ("Doesn't garlic cure the flu?", "Garlic cures the flu"),
            ("柿子和螃蟹不要一起吃，會中毒", "柿子和螃蟹一起吃会中毒"),
            ("不仅喝酒能防病毒，抽烟也能", "喝酒能防病毒"),
            ("別人說喝酒能防病毒", "喝酒能防病毒"),
            ("特别是喝酒能防病毒", "喝酒能防病毒"),
            ("没想到喝酒能防病毒", "喝酒能防病毒"),
            ("无论老少喝酒都能防病毒", "喝酒能防病毒"),
            ("未来三天将停水", "未来三天将停水，请储水"),
            ("I don't like it at all. Garlic cures the flu", "Garlic cures the flu"),
            ("今天我不去上班了。听说喝酒能防病毒。没有人告诉我。", "喝酒能防病毒"),
            ("Drinking liquor is not what my uncle does", "Liquor protects from the virus"),
        ],
    )
    def test_questions_warnings_asides_and_double_denials_do_not(self, ours: str, theirs: str) -> None:
        assert _keys(ours, theirs) == []

    def test_a_title_may_deny_what_it_answers(self) -> None:
        assert _keys("5G基站会传播新冠病毒", "5G基站不会传播新冠病毒", "title") == []

    def test_no_of_another_language_is_not_english(self) -> None:
        assert _keys("Reunião no aeroporto de Porto com milhares de pessoas", "Aeroporto de Porto com milhares") == []


class TestCounts:
    @pytest.mark.parametrize(
        ("ours", "theirs", "field"),
        [
            ("每天喝9杯水可以排毒", "每天喝8杯水可以排毒", "claim"),
            ("每天喝9杯水可以排毒", "每天喝8杯水不会排毒", "title"),
            ("九成的人感染了病毒", "30%的人感染了病毒", "claim"),
            ("爆炸造成三百人死亡", "爆炸造成3人死亡", "headline"),
            ("The blast killed 300 people", "The blast killed three people", "claim"),
            ("100 children fell ill after the lunch", "12 children fell ill after the lunch", "claim"),
        ],
    )
    def test_another_number_of_the_same_objects(self, ours: str, theirs: str, field: str) -> None:
        assert _keys(ours, theirs, field) == ["numbers_differ"]

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("每天喝2升水可以排毒", "每天喝8杯水可以排毒"),
            ("每天喝水可以排毒", "每天喝8杯水可以排毒"),
            ("每天喝8杯水可以排毒", "每天喝水可以排毒"),
            ("三千人感染了病毒", "3,000人感染了病毒"),
            ("three thousand people caught the virus", "3千人感染了病毒"),
            ("一半的人感染了病毒", "50%的人感染了病毒"),
            ("half of the people caught the virus", "50% of the people caught the virus"),
            ("1. 超市要关门三天", "2. 超市要關門三天"),
            ("晚上8点超市要关门", "晚上9点超市要关门"),
            ("拨打13812345678可领补贴", "拨打13987654321可领补贴"),
            ("3rd wave of the virus hits the city", "2nd wave of the virus hits the city"),
            ("The tax will rise to $5m for firms", "The tax will rise to $5 million for firms"),
        ],
    )
    def test_other_units_one_side_labels_and_other_spellings_do_not(self, ours: str, theirs: str) -> None:
        assert _keys(ours, theirs) == []

    def test_the_same_number_has_one_spelling(self) -> None:
        spellings = ["3000人", "3,000人", "3千人", "三千人", "three thousand people"]
        assert {next(find_counts(fold(s))).value for s in spellings} == {"3000"}

    @pytest.mark.parametrize(
        ("raw", "found"),
        [("twenty-five", {"25"}), ("one hundred and fifty", {"150"}), ("two or three", {"2", "3"}), ("one", set())],
    )
    def test_english_numerals_are_read_as_one(self, raw: str, found: set[str]) -> None:
        assert text.numbers(raw) == found


class TestDatesAndPlaces:
    @pytest.mark.parametrize(
        ("ours", "theirs", "objection"),
        [
            ("3月5日起全市停水", "3月6日起全市停水", "dates_differ"),
            ("The bank closes on March 5", "The bank closes on March 6", "dates_differ"),
            ("西安零点开始封城", "湖北零點開始封城", "places_differ"),
            ("Xi'an will be locked down at midnight", "武汉明天零点开始封城", "places_differ"),
        ],
    )
    def test_another_day_or_place_objects(self, ours: str, theirs: str, objection: str) -> None:
        assert _keys(ours, theirs) == [objection]

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("3月5日发布，明天起全市停水", "3月6日起全市停水"),
            ("3月5日宣布，6日起全市停水", "3月6日起全市停水"),
            ("The bank closes on March 6 — A Bank (@abank) March 1, 2024", "The bank closes on March 6"),
            ("The bank closes on May 6 — A Bank (@abank) May 1, 2024", "The bank closes on May 6, 2023"),
            ("武漢零點開始封城", "湖北零点开始封城"),
            ("American doctors found the cure", "Doctors in the United States found the cure"),
            ("我在北京。听说武汉零点开始封城", "武汉零点开始封城"),
        ],
    )
    def test_the_day_of_the_post_and_a_part_of_a_place_do_not(self, ours: str, theirs: str) -> None:
        assert _keys(ours, theirs) == []


@pytest.mark.parametrize("raw", ["不" * 9_000, "not " * 3_000, "1 " * 5_000, "no evidence, " * 900, "3人。" * 3_000])
def test_no_text_makes_them_slow(raw: str) -> None:
    assert isinstance(_keys(raw, raw[:600]), list)
