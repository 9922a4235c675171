"""Bad input: an answer or a clear error, within a deadline, never a crash; through the whole catalogue."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from index import grouping, text
from index.errors import ClarionError
from index.explaining import explain
from index.model import Answer
from tests.index.house import RUMORS, House

DEADLINE_S = 20  # of one text on a busy machine; a pattern that tries every end would take minutes

WORST = {
    "empty": "",
    "white space": " \t\r\n\u3000\u2028\u00a0",
    "one character": "水",
    "one letter": "a",
    "1 MB of one character": "水" * 350_000,
    "1 MB of words": "boiled water is toxic " * 47_000,
    "1 MB without a space": "a" * 1_000_000,
    "emoji only": "😱🔥💉🙏👨‍👩‍👧‍👦" * 200,
    "control characters": "".join(map(chr, range(32))) + "\x7f\x80\x9f" * 100,
    "lone surrogates": "\ud800\udfff\udc00" * 300,
    "a surrogate in a sentence": "喝白酒\ud83d可以预防新冠病毒",
    "mixed scripts": "新冠 covid вакцина لقاح टीका วัคซีน ワクチン 백신 疫苗 " * 40,
    "5,000 ligatures": "\ufdfa" * 5_000,
    "5,000 combining marks": "e" + "\u0301" * 4_999,
    "bidirectional overrides": "\u202e喝白酒可以\u202d预防\u2066新冠\u2069病毒",
    "zero width between all": "\u200b".join("喝白酒可以预防新冠病毒"),
    "nulls between all": "\x00".join("喝白酒可以预防新冠病毒"),
    "dates only": "2024年3月5日" * 500,
    "brackets": "《「（【" * 1_200,
    "addresses only": "https://a.example/x?y=1 " * 200,
    "markup": "<script>alert(1)</script>{{ 7*7 }}%s %(x)s {0}" * 100,
    "queries of engines": 'AND OR NOT ( ) [ TO ] {"query":{}} * ? ~ ^ \\ / : " + -' * 80,
}
PIECES = st.sampled_from(
    [
        *"水白酒新冠aé1１.。,，!？\n\x00\x07\u200b\u202e\ufeff\ufdfa\ud800\udfff😱\u0301\u3000",
        "https://a.b/",
        "2024年",
        "@a",
        "#",
    ]
)
ODD = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200)
unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


class _TooSlow(BaseException):
    """No code under test may catch it."""


@contextmanager
def deadline(seconds: int = DEADLINE_S) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def known(house: House) -> House:
    """A house that knows three rumors and has answered one of them."""
    claims = [house.seen(rumor) for rumor in RUMORS[:3]]
    house.published(claims[0])
    house.links()
    return house


def _ask(house: House, raw: str) -> None:
    """Either an answer or an error that Clarion raises on purpose, from both ways to ask."""
    for ask in (house.catalogue.answer, house.catalogue.match):
        try:
            with deadline():
                found = ask(raw)
        except ClarionError as error:
            assert error.code in ("empty", "too_long")
        else:
            assert isinstance(found, Answer) and len(found.text) <= 5_000
            for candidate in found.candidates:
                spans = (*candidate.explanation.shared, *((d.start, d.end) for d in candidate.explanation.differing))
                assert all(0 <= start < end <= len(found.text) for start, end in spans)


@pytest.mark.parametrize("raw", WORST.values(), ids=WORST.keys())
def test_the_worst_texts_get_an_answer_or_a_clear_error(known: House, raw: str) -> None:
    _ask(known, raw)
    _ask(known, raw[:5_000])


@unhurried
@given(ODD)
@example("\ufdfa" * 300)
@example("\ud83d")
def test_any_text_gets_an_answer_or_a_clear_error(known: House, raw: str) -> None:
    _ask(known, raw)


def test_a_crawled_text_of_any_kind_is_stored_or_passed_over(house: House) -> None:
    from tests.index.house import post

    items = [post(raw, number=number) for number, raw in enumerate(WORST.values())]
    with deadline(DEADLINE_S * 6):
        outcome = house.record(*items)
        house.links()
    assert outcome.new_count >= 5
    assert house.outcome("zzz 没有人说过这句话 qqq") in ("nothing", "similar")


@pytest.mark.parametrize("raw", WORST.values(), ids=WORST.keys())
@pytest.mark.parametrize("other", [RUMORS[0], "\ufdfa" * 5_000, ""], ids=["a rumor", "ligatures", "empty"])
def test_grouping_and_explaining_bear_the_worst_texts(raw: str, other: str) -> None:
    with deadline():
        found = grouping.group(raw, [grouping.Candidate("clm_1", other)])
        assert found.claim_id in (None, "clm_1")
        explained = explain(raw[:20_000], other)
        assert all(end <= len(raw) for _, end in explained.shared)
        assert all(end <= len(other) for _, end in explained.shared_in_match)


@pytest.mark.parametrize("raw", WORST.values(), ids=WORST.keys())
def test_every_pure_function_bears_the_worst_texts(raw: str) -> None:
    cut = raw[:20_000]
    with deadline():
        assert len(text.understand(raw).text) <= 5_000
        aligned = text.align(cut)
        assert len(aligned.text) == len(aligned.starts) == len(aligned.ends) <= 12_100
        assert all(0 <= start < end <= len(cut) for start, end in zip(aligned.starts, aligned.ends, strict=True))
        assert all(start < end for start, end in text.sentence_spans(cut))
        for read in (text.dates, text.names, text.places, text.numbers):
            assert all(isinstance(value, str) and value for value in read(cut))
        assert text.negations(cut) >= 0
        assert len(text.blank_urls(cut)) == len(cut)


@settings(deadline=None, max_examples=200)
@given(ODD)
def test_folded_places_are_those_of_the_fold(raw: str) -> None:
    """What is found in aligned text is what is found in folded text, but for what only a second round folds."""
    aligned = text.align(raw).text.strip()
    assert text.fold(aligned) == text.fold(raw)
