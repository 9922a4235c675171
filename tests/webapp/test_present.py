"""Words, dates, excerpts, charts, regions: the small helpers, in isolation."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from index import matching
from index.model import TOPICS, Reason
from index.pages import Daily
from webapp import charts, language, present, words
from webapp.reasons import SENTENCES, sentence

AT = datetime(2026, 3, 5, 2, 32, tzinfo=UTC)


@pytest.fixture(params=["zh-Hans", "zh-Hant", "en"])
def tongue(request: pytest.FixtureRequest, site: Flask):  # type: ignore[no-untyped-def]
    with site.test_request_context("/"):
        language.speak(request.param)
        yield request.param


def test_no_table_of_words_has_a_gap() -> None:
    tables = [t for t in vars(words).values() if isinstance(t, dict) and t and isinstance(next(iter(t)), StrEnum)]
    assert len(tables) >= 14
    for table in tables:
        assert set(table) == set(type(next(iter(table))))
    assert set(words.TOPIC_WORDS) == set(TOPICS)


def test_every_reason_of_the_catalogue_has_a_sentence() -> None:
    documented = re.findall(r"(\w+)(?:\*|\(|\*\(| ·|$)", (matching.__doc__ or "").split("those marked * object:")[1])
    keys = {key for key in documented if "_" in key}
    assert keys >= {"same_text", "numbers_differ", "negation_differs", "too_short"}
    assert keys <= set(SENTENCES)


def test_an_unknown_reason_is_told_in_general_terms(site: Flask) -> None:
    with site.test_request_context("/en/"):
        language.speak("en")
        assert sentence(Reason("new_key", {"a": "b"})) == "Other signs speak for it."
        assert sentence(Reason("new_key", objects=True)) == "Other signs speak against it."


def test_moments_name_their_zone_in_each_language(tongue: str) -> None:
    assert (
        present.moment(AT)
        == {
            "zh-Hans": "2026年3月5日 10:32（北京时间）",
            "zh-Hant": "2026年3月5日 10:32（北京時間）",
            "en": "5 March 2026, 10:32 (Beijing time)",
        }[tongue]
    )
    late = datetime(2026, 3, 5, 17, 0, tzinfo=UTC)  # already the 6th in Beijing
    assert present.day(late) == {"en": "6 March 2026"}.get(tongue, "2026年3月6日")
    assert present.day(date(2026, 3, 5)) == {"en": "5 March 2026"}.get(tongue, "2026年3月5日")


@given(st.text(max_size=400), st.integers(min_value=5, max_value=200))
def test_an_excerpt_is_short_and_a_beginning(text: str, length: int) -> None:
    cut = present.excerpt(text, length)
    whole = " ".join(text.split())
    assert len(cut) <= length + 2
    assert cut == whole or whole.startswith(cut.rstrip("…"))


@given(st.text(max_size=200))
def test_a_slug_is_safe_in_an_address_and_never_empty(text: str) -> None:
    slug = present.slug(text)
    assert slug and len(slug) <= 60 and re.fullmatch(r"[\w-]+", slug)


@given(st.text(max_size=200))
def test_cleaned_lines_hold_no_control_characters_and_can_be_stored(text: str) -> None:
    cleaned = present.clean_lines(text + "\x00\ud800\r\n")
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned and "\r" not in cleaned


def test_the_first_sentence_is_told_from_the_rest() -> None:
    assert present.first_sentence("病毒靠人传人。看到拆塔号召，不转发。") == (
        "病毒靠人传人。",
        "看到拆塔号召，不转发。",
    )
    assert present.first_sentence("Wash 2.5 hands. Keep calm.") == ("Wash 2.5 hands.", "Keep calm.")
    assert present.first_sentence("只有一句") == ("只有一句", "")
    assert present.first_sentence("") == ("", "")


# --- charts


def daily(*counts: int) -> Daily:
    return Daily(date(2026, 11, 1), counts)


def test_a_chart_states_the_finding_and_only_what_the_numbers_bear(site: Flask) -> None:
    with site.test_request_context("/en/"):
        language.speak("en")
        issued = datetime(2026, 11, 8, 2, tzinfo=UTC)
        falling = daily(1, 2, 3, 9, 4, 5, 6, 2, 1, 0, 0, 1, 0, 0, 0)
        assert (
            charts.sightings_chart(falling, issued).title
            == "Seen most on 4 November, and less in the week after the alert"
        )
        assert charts.sightings_chart(daily(*falling.counts[:10]), issued).title == "Seen most on 4 November: 9 times"
        assert charts.sightings_chart(daily(0, 4, 0)).title == "Seen 4 times, all on 2 November"
        assert charts.sightings_chart(daily(0, 1, 0)).title == "Seen once, on 2 November"
        assert charts.sightings_chart(daily(0, 0)) is None


@given(st.lists(st.integers(min_value=0, max_value=10_000), min_size=1, max_size=120))
def test_bars_start_at_zero_and_stay_inside_the_drawing(counts: list[int]) -> None:
    with_app = _app()
    with with_app.test_request_context("/"):
        chart = charts.sightings_chart(daily(*counts), datetime(2026, 11, 20, tzinfo=UTC))
    if not any(counts):
        assert chart is None
        return
    assert chart is not None and sum(c for _, c in chart.rows) == sum(counts[-charts.MOST_BARS :])
    bars = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', chart.svg)
    assert len(bars) == len(chart.rows) and [kind for kind, *_ in bars].count("peak") == 1
    top = max(c for _, c in chart.rows)
    for (_, x, y, width, height), (_, count) in zip(bars, chart.rows, strict=True):
        assert float(x) >= 0 and float(x) + float(width) <= charts.WIDTH + 0.1
        assert float(y) + float(height) == pytest.approx(charts.BASE, abs=0.2)
        assert float(height) == pytest.approx(count / top * (charts.BASE - charts.TOP), abs=0.1)
    assert "style=" not in chart.svg


_APP: list[Flask] = []


def _app() -> Flask:
    if not _APP:
        _APP.append(Flask("webapp"))
        _APP[0].extensions["translations"] = {tongue: language.load(tongue) for tongue in language.PREFIXES}
    return _APP[0]


def test_a_spark_says_its_numbers(site: Flask) -> None:
    with site.test_request_context("/en/"):
        language.speak("en")
        svg = charts.spark(daily(0, 0, 1, 5))
    assert 'aria-label="Seen 6 times in 4 days, at most 5 a day"' in svg and svg.count("<rect") == 4
