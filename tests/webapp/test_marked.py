"""What is shared and what differs, marked on the pages; and the public figures on how well matching works."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.serving import make_server

from index.catalogue import Catalogue
from index.explaining import explain
from index.figures import parse, shipped
from index.model import Answer
from tests.webapp.looking import every, one, parsed, words
from tests.webapp.stage import TEXTS
from webapp.marked import DIFFERENCE_WORDS, WHOLE, match_marked, query_marked
from webapp.words import DATASET_WORDS

ODD = st.text(alphabet="<&>\"'新冠疫苗不会2024年3月5日武漢abc 。\n\ufdfa", max_size=400)
WRITTEN = {
    "made_on": "2026-11-22",
    "encoder": "e5-small-q4-0.3.0-tuned-1-hans",
    "weights": "ranker-1",
    "data_sha256": "ab" * 32,
    "rows": [
        {
            "dataset": "zh_official", "split": "dev", "engine": "embedded", "method": "ours", "queries": 398,
            "docs": 5738, "map_at_5": 0.98, "success_at_1": 0.934, "success_at_10": 1.0, "mrr": 0.97,
            "found_rate": 0.9, "correct_none_rate": None, "calibration_error": 0.021, "p50_ms": 11.2,
        },
        {"dataset": "zh_official", "split": "dev", "method": "bm25", "queries": 398, "docs": 5738},
    ],
}  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(ODD, ODD)
def test_the_pieces_of_a_text_are_the_text(ours: str, theirs: str) -> None:
    found = explain(ours, theirs)
    assert "".join(p.text for p in match_marked(theirs, found).pieces) == theirs
    shown = query_marked(ours, found)
    assert "".join(p.text for p in shown.pieces) in ours
    assert shown.is_cut == (len(ours) > WHOLE) or found.sentence == (0, len(ours))
    assert {p.kind for p in (*shown.pieces, *match_marked(theirs, found).pieces)} <= {"", "shared", *DIFFERENCE_WORDS}


def test_of_a_long_text_the_sentence_that_matched_is_shown() -> None:
    ours = "天气很好。" * 100 + "隔夜水反复烧开会致癌。" + "大家再见。" * 100
    shown = query_marked(ours, explain(ours, "隔夜水反复烧开会产生致癌物"))
    assert ("".join(p.text for p in shown.pieces), shown.is_cut) == ("隔夜水反复烧开会致癌。", True)


def test_the_check_page_marks_what_both_say_and_boxes_what_differs(reader: FlaskClient) -> None:
    raw = "5G 基站会传播新冠病毒，<b>武汉</b>附近的人都会被感染"
    page = parsed(reader.post("/check", data={"text": raw}))
    pair = one(page, './/dl[@class="pairing more"]')
    assert words(every(pair, ".//dd")[0]) == raw  # what a reader typed is text, never markup
    marked = [words(m) for m in every(pair, ".//mark")]
    assert any("传播新冠病毒" in m for m in marked)
    assert "加下划线：两段文字都有。" in words(one(page, ".//main"))


@pytest.mark.parametrize(
    ("prefix", "word"), [("", "不同，数字："), ("/zh-hant", "不同，數字："), ("/en", "differs, a number:")]
)
def test_other_numbers_are_boxed_with_a_word_for_those_who_do_not_see_the_box(
    reader: FlaskClient, monkeypatch: pytest.MonkeyPatch, prefix: str, word: str
) -> None:
    ours, theirs = "某厂爆炸已致9000人受伤住院", "某厂爆炸已致200人受伤住院"
    real = Catalogue.answer

    def answer(self: Catalogue, text: str, limit: int = 5) -> object:
        found = real(self, TEXTS["5g"].claim, limit)
        first = replace(found.candidates[0], matched_text=theirs, explanation=explain(ours, theirs))
        return replace(found, text=ours, candidates=(first,))

    monkeypatch.setattr(Catalogue, "answer", answer)
    page = parsed(reader.post(f"{prefix}/check", data={"text": ours}))
    boxes = every(page, './/strong[@class="differs"]')
    assert [words(b) for b in boxes] == [f"{word} 9000", f"{word} 200"]


def test_the_api_gives_the_places(reader: FlaskClient) -> None:
    body = reader.post("/api/v1/match", json={"text": "转发：5G 基站会传播新冠病毒，附近的人都会被感染"}).get_json()
    first = body["candidates"][0]
    assert body["text"].startswith("5G")
    assert "传播新冠病毒" in "".join(body["text"][start:end] for start, end in first["explanation"]["shared"])
    assert all(0 <= s < e <= len(first["matched_text"]) for s, e in first["explanation"]["shared_in_match"])


class TestFigures:
    def test_what_evaluate_writes_is_read_and_only_our_rows_are_shown(self) -> None:
        found = parse(json.dumps(WRITTEN))
        assert (found.made_on, len(found.rows), found.rows[0].success_at_1) == (date(2026, 11, 22), 1, 0.934)
        assert found.rows[0].correct_none_rate is None

    def test_a_share_above_one_is_refused(self) -> None:
        row = {**WRITTEN["rows"][0], "found_rate": 93}  # type: ignore[dict-item]
        with pytest.raises(ValueError, match="found_rate"):
            parse(json.dumps({**WRITTEN, "rows": [row]}))

    def test_the_figures_of_this_release_can_be_read_if_there_are_any(self) -> None:
        found = shipped()
        assert found is None or found.rows

    def test_each_set_of_data_of_this_release_is_told_in_words(self) -> None:
        found = shipped()
        assert {row.dataset for row in (found.rows if found else ())} <= set(DATASET_WORDS)

    @pytest.mark.parametrize(
        ("prefix", "sentence"),
        [
            ("", "这个版本还没有测得数据"),
            ("/zh-hant", "這個版本還沒有測得數據"),
            ("/en", "No figures have been measured"),
        ],
    )
    def test_without_figures_the_page_claims_none(
        self, reader: FlaskClient, monkeypatch: pytest.MonkeyPatch, prefix: str, sentence: str
    ) -> None:
        monkeypatch.setattr(Catalogue, "figures", lambda self: None)
        page = parsed(reader.get(f"{prefix}/method"))
        assert sentence in words(one(page, ".//main")) and not every(page, ".//table")

    @pytest.mark.parametrize("prefix", ["", "/zh-hant", "/en"])
    def test_the_page_shows_the_figures_and_says_for_which_model(
        self, reader: FlaskClient, monkeypatch: pytest.MonkeyPatch, prefix: str, html_errors
    ) -> None:  # type: ignore[no-untyped-def]
        monkeypatch.setattr(Catalogue, "figures", lambda self: parse(json.dumps(WRITTEN)))
        answer = reader.get(f"{prefix}/method")
        page = parsed(answer)
        cells = [words(td) for td in every(one(page, ".//table/tbody"), ".//td")]
        assert cells == ["398", "5,738", "93.4%", "100.0%", "90.0%", "–", "2.1%"]
        text = words(one(page, ".//main"))
        assert "e5-small-q4-0.3.0-tuned-1-hans" in text and "hashed-1" in text  # the stage runs another model
        assert "ab" * 32 in text and html_errors(answer.data) == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_and_figures_fit_a_phone_and_pass_the_accessibility_check(
    browser: Any, shared_site: Flask, axe_source: str, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    ours, theirs = "武汉某厂3月5日爆炸，已致9000人受伤住院", "郑州某厂3月6日爆炸，已致200人受伤住院，警方说不会再炸"
    real = Catalogue.answer

    def answer(self: Catalogue, text: str, limit: int = 5) -> Answer:
        found = real(self, TEXTS["5g"].claim, limit)
        first = replace(found.candidates[0], matched_text=theirs, explanation=explain(ours, theirs))
        return replace(found, text=ours, candidates=(first,))

    monkeypatch.setattr(Catalogue, "answer", answer)
    monkeypatch.setattr(Catalogue, "figures", lambda self: parse(json.dumps(WRITTEN)))
    server = make_server("127.0.0.1", 0, shared_site, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(
        viewport={"width": 320, "height": 700}, base_url=f"http://127.0.0.1:{server.server_port}", color_scheme=scheme,
        bypass_csp=True,
    )  # fmt: skip
    try:
        page = context.new_page()
        for path, sign in (("/check?q=5G", "strong.differs"), ("/method", "table")):
            page.goto(path)
            assert page.is_visible(sign)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            page.evaluate(axe_source)
            assert page.evaluate("axe.run().then(r => r.violations.map(v => v.id + v.nodes[0].html))") == []
            if folder := os.environ.get("CLARION_PICTURES"):
                page.screenshot(path=f"{folder}/{sign.partition('.')[0]}-{scheme}.png", full_page=True)
    finally:
        context.close()
        server.shutdown()
