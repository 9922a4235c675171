"""Matching: bands, reasons and guards on made vectors; and with the real encoder, wordings in three languages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import text
from index.encode import open_encoder
from index.matching import Entry, Judgement, Passage, judge, make_query
from index.model import Band, DocKind
from index.ports import Encoder, Vectors
from index.ranking import TESTED, weights_for, words
from index.said import cached_said
from index.settings import Settings

LIQUOR = "喝高度白酒可以预防新冠病毒感染"


def _vector(cosine: float) -> Vectors:
    """A unit vector at this cosine to the query's, which is the first axis."""
    vector = np.zeros(384, np.float32)
    vector[0], vector[1] = cosine, np.sqrt(1 - cosine * cosine)
    return vector


def _entry(id: str, known: str, cosine: float) -> Entry:
    return Entry(DocKind.CLAIM, id, (Passage(known, "statement", text.language_of(known), _vector(cosine)),))


def _judge(raw: str, known: str, cosine: float, field: str = "claim", urls: Sequence[str] = ()) -> Judgement:
    passage = Passage(known, field, text.language_of(known), _vector(cosine))
    entry = Entry(DocKind.ALERT, "alt_1", (passage,), frozenset({"example.com/seen"}))
    return judge(make_query(raw, _vector(1.0), urls), [entry])[0]


def _keys(judgement: Judgement, objects: bool | None = None) -> set[str]:
    return {r.key for r in judgement.reasons if objects is None or r.objects is objects}


class TestBands:
    def test_the_same_text_in_other_dress_and_script_is_the_same(self) -> None:
        found = _judge("【转】喝高度白酒，可以預防新冠病毒感染！！請大家轉發！", LIQUOR, 0.5)
        assert (found.band, _keys(found)) == (Band.SAME, {"same_text", "shares_words"})

    def test_close_meaning_in_one_language_is_the_same(self) -> None:
        found = _judge("天天来两口二锅头，新冠病毒不敢近身", LIQUOR, 0.85)
        assert (found.band, _keys(found, objects=True)) == (Band.SAME, set())
        assert "same_meaning" in _keys(found)

    def test_close_meaning_in_another_language_is_the_same_and_names_the_language(self) -> None:
        found = _judge("A shot of strong liquor a day protects from the coronavirus", LIQUOR, 0.8)
        assert found.band is Band.SAME
        assert [(r.key, dict(r.values)) for r in found.reasons] == [
            ("same_meaning_other_language", {"language": "zh-Hans"})
        ]

    def test_some_likeness_is_similar_and_says_that_only_the_topic_is_shared(self) -> None:
        found = _judge("Alcohol rub on the hands kills the coronavirus", LIQUOR, 0.69)
        assert (found.band, _keys(found)) == (Band.SIMILAR, {"only_topic"})

    def test_little_likeness_is_none_without_reasons(self) -> None:
        found = _judge("酒类消费税将作出调整，下月起执行", LIQUOR, 0.5)
        assert (found.band, found.reasons) == (Band.NONE, ())

    def test_the_passage_that_decides_is_named(self) -> None:
        passages = (
            Passage("喝酒不能防新冠", "headline", "zh-Hans", _vector(0.6)),
            Passage(LIQUOR, "claim", "zh-Hans", _vector(0.9)),
        )
        query = make_query("天天来两口二锅头，病毒不敢近身", _vector(1.0))
        found = judge(query, [Entry(DocKind.ALERT, "alt_1", passages)])[0]
        assert (found.matched_text, found.field) == (LIQUOR, "claim")

    def test_judgements_come_in_the_order_of_the_entries(self) -> None:
        entries = [_entry(f"clm_{n}", LIQUOR, n / 10) for n in range(10)]
        assert [j.id for j in judge(make_query("喝酒防病毒的说法", _vector(1.0)), entries)] == [e.id for e in entries]

    def test_what_is_like_every_candidate_counts_less(self) -> None:
        crowd = [_entry(f"clm_{n}", f"说法{n}", 0.7) for n in range(12)]
        one = _entry("alt_1", LIQUOR, 0.75)
        query = make_query("天天来两口二锅头，新冠病毒不敢近身", _vector(1.0))
        assert judge(query, [one])[0].probability > judge(query, [one, *crowd])[0].probability

    def test_without_vectors_only_the_words_speak(self) -> None:
        entry = Entry(DocKind.CLAIM, "clm_1", (Passage(LIQUOR, "statement", "zh-Hans", None),))
        query = make_query("听人说喝高度白酒可以预防新冠病毒感染的", None)
        near, far = (judge(q, [entry])[0] for q in (query, make_query("地铁四号线今天延误了二十分钟", None)))
        assert near.band is not Band.NONE and far.band is Band.NONE
        assert near.model == far.model == words().name

    def test_the_vectors_of_an_encoder_that_the_numbers_do_not_fit_decide_nothing(self) -> None:
        other = "天天来两口二锅头，新冠病毒不敢近身"
        near, far = _entry("clm_1", LIQUOR, 0.99), _entry("clm_1", LIQUOR, 0.1)
        fitted = judge(make_query(other, _vector(1.0)), [near])[0]
        unfitted = [judge(make_query(other, _vector(1.0)), [entry], words())[0] for entry in (near, far)]
        assert (fitted.band, fitted.model) == (Band.SAME, TESTED.name)
        assert unfitted[0] == unfitted[1] and unfitted[0].model == words().name
        assert unfitted[0].band is not Band.SAME
        assert judge(make_query(LIQUOR, _vector(1.0)), [near], words())[0].band is Band.SAME


class TestGuards:
    @pytest.mark.parametrize(
        ("raw", "known", "objection"),
        [
            ("某地化工厂爆炸已经造成3人死亡", "某地化工厂爆炸已经造成300人死亡", "numbers_differ"),
            ("5G基站不会传播任何新冠病毒", "5G基站会传播新冠病毒", "negation_differs"),
            ("5G masts do not spread the coronavirus", "5G masts spread the coronavirus", "negation_differs"),
            ("西安明天零点开始封城赶紧囤菜", "武汉明天零点开始封城赶紧囤菜", "places_differ"),
            ("Xi'an will be locked down at midnight", "武汉明天零点开始封城赶紧囤菜", "places_differ"),
            ("隔夜水致癌", "隔夜的开水会致癌千万别喝", "too_short"),
        ],
    )
    def test_what_differs_keeps_a_close_match_out_of_the_same_band(self, raw: str, known: str, objection: str) -> None:
        found = _judge(raw, known, 0.97)
        assert (found.band, _keys(found, objects=True)) == (Band.SIMILAR, {objection})

    def test_the_numbers_that_differ_are_named(self) -> None:
        found = _judge("化工厂爆炸造成3人死亡20人受伤", "化工厂爆炸造成300人死亡", 0.97)
        differ = next(r for r in found.reasons if r.key == "numbers_differ")
        assert dict(differ.values) == {"theirs": "300", "ours": "3, 20"}

    def test_a_headline_may_deny_what_the_text_claims(self) -> None:
        found = _judge("听说高度白酒可以预防新冠病毒", "高度白酒不能预防新冠病毒", 0.95, field="headline")
        assert found.band is Band.SAME

    def test_another_way_to_say_it_is_not_taken_for_a_denial(self) -> None:
        assert _judge("二锅头天天喝一点就不会得新冠", LIQUOR, 0.9).band is Band.SAME

    def test_a_short_text_is_never_the_same_even_when_equal(self) -> None:
        found = _judge("白酒防新冠", "白酒防新冠！", 1.0)
        assert (found.band, _keys(found, objects=True)) == (Band.SIMILAR, {"too_short"})


class TestAddresses:
    def test_a_link_alone_finds_the_page_that_carried_the_claim(self) -> None:
        found = _judge("http://www.example.com/seen", LIQUOR, 0.5, urls=["example.com/seen"])
        assert (found.band, _keys(found)) == (Band.SAME, {"shares_url"})

    def test_a_link_alone_finds_nothing_else(self) -> None:
        assert _judge("https://other.example/page", LIQUOR, 0.99, urls=["other.example/page"]).band is Band.NONE

    def test_other_words_around_a_shared_link_are_similar(self) -> None:
        found = _judge("看这篇讲地铁延误的报道 https://example.com/seen", LIQUOR, 0.4, urls=["example.com/seen"])
        assert (found.band, "shares_url" in _keys(found)) == (Band.SIMILAR, True)


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.floats(-1, 1))
def test_any_two_texts_get_a_probability_and_a_band_that_fits(raw: str, known: str, cosine: float) -> None:
    found = _judge(raw, known, cosine)
    assert 0 <= found.probability <= 1
    assert not (found.band is Band.SAME and _keys(found, objects=True))


def test_a_pasted_text_is_not_remembered() -> None:
    before = cached_said.cache_info().currsize
    make_query("一段只属于读者自己的私人文字，不应留在任何缓存里", None)
    assert cached_said.cache_info().currsize == before


# ------------------------------------------------------------------------------------- with the real encoder


CLAIMS = {
    "chives": "韭菜是农药最多的蔬菜，吃一口就会中毒",
    "dashboard": "夏天上车就开空调，仪表盘会释放苯让人得白血病",
    "pin": "Entering your PIN backwards at a cash machine calls the police",
    "towel": "人販子用有迷藥的毛巾在臉前一揮，小孩就會跟著走",
    "nosebleed": "流鼻血的时候要把头向后仰",
    "moon": "The moon landing was filmed in a studio",
    "egg": "雞蛋蛋黃會彈起來就是化學原料做的假蛋",
    "bank": "本地银行下周倒闭，存款都取不出来了",
}
WORDINGS = [
    ("chives", "市场上的韭菜打的农药特别厉害，邻居吃完就进了医院"),
    ("chives", "Chinese chives are soaked in pesticide, one bite is enough to poison you"),
    ("dashboard", "熱天開車門後別馬上開冷氣，儀表板塑膠散出來的苯會害你得血癌"),
    ("dashboard", "Hot car dashboards give off benzene when you switch on the AC, that is how people get leukaemia"),
    ("pin", "取款时被人挟持，就把密码反着输入，机器会自动报警"),
    ("pin", "被搶匪逼去領錢時把密碼倒過來按，提款機會通知警察"),
    ("towel", "有坏人拿带迷药的毛巾晃一下，孩子就乖乖跟他走了"),
    ("nosebleed", "Tilt your head back as soon as your nose starts to bleed"),
    ("moon", "阿波罗登月是在摄影棚里拍出来的假货"),
    ("egg", "蛋黄扔到桌上能弹起来，这种是人造的假鸡蛋"),
    ("egg", "If the yolk bounces, the egg is a fake made of chemicals"),
    ("bank", "Our local bank goes bust next week and nobody will get their deposits back"),
]
UNRELATED = [
    "市图书馆从下周起延长周末开放时间",
    "韭菜盒子要先把面醒半个小时再擀皮",
    "新款電動車續航力達五百公里，下月開始交車",
    "月底前完成空污改善的工廠可以申請補助",
    "The bank opened a new branch next to the railway station",
    "The museum shows photographs of the moon taken by amateur astronomers",
    "警方在商场门口开展防诈骗宣传，发放手册两千份",
    "Egg prices rose for the third week in a row",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    folder = Path(os.environ["CLARION_TEST_RUN"]) / "model-data"
    return open_encoder(Settings(data_dir=folder, encoder_threads=2))


@pytest.fixture(scope="module")
def entries(encoder: Encoder) -> list[Entry]:
    vectors = encoder.encode(list(CLAIMS.values()))
    return [
        Entry(DocKind.ALERT, name, (Passage(claim, "claim", text.language_of(claim), vector),))
        for (name, claim), vector in zip(CLAIMS.items(), vectors, strict=True)
    ]


@pytest.mark.model
def test_wordings_in_three_languages_meet_their_claims(encoder: Encoder, entries: list[Entry]) -> None:
    first = shown = 0
    for name, raw in WORDINGS:
        judged = judge(make_query(raw, encoder.encode([raw])[0]), entries, weights_for(encoder.name))
        best = max(judged, key=lambda j: j.probability)
        first += best.id == name
        shown += best.id == name and best.band is not Band.NONE
    assert first == len(WORDINGS)
    assert shown >= 9  # of 12; one passage a claim, mostly in another language, is the hardest case


@pytest.mark.model
def test_unrelated_texts_meet_nothing(encoder: Encoder, entries: list[Entry]) -> None:
    judged = [judge(make_query(raw, encoder.encode([raw])[0]), entries, weights_for(encoder.name)) for raw in UNRELATED]
    assert not any(j.band is Band.SAME for js in judged for j in js)
    assert sum(all(j.band is Band.NONE for j in js) for js in judged) >= len(UNRELATED) - 1
