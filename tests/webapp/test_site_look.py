"""Colours, contrast and weight, computed from what is served."""

from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask

from index.model import Verdict
from tests.webapp.looking import public_paths
from tests.webapp.stage import Stage
from webapp.colours import PAPER, STYLESHEET, VERDICTS, contrast, tokens

LIGHT, DARK = 0, 1


def test_the_stylesheet_holds_the_tokens_of_the_table() -> None:
    assert tokens() in STYLESHEET.read_text(encoding="utf-8")


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_text_is_readable_and_edges_can_be_seen(scheme: int) -> None:
    paper, sheet = PAPER["paper"][scheme], PAPER["sheet"][scheme]
    for ground in (paper, sheet):
        assert contrast(PAPER["ink"][scheme], ground) >= 7
        assert contrast(PAPER["muted"][scheme], ground) >= 4.5
        assert contrast(PAPER["focus"][scheme], ground) >= 3
        assert contrast(PAPER["edge"][scheme], ground) >= 3
    assert contrast(PAPER["bar"][scheme], paper) >= 3
    assert set(VERDICTS) == set(Verdict)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_a_verdict_is_readable_on_its_tint_the_page_and_a_sheet(verdict: Verdict, scheme: int) -> None:
    ink, tint = VERDICTS[verdict][2 * scheme : 2 * scheme + 2]
    assert contrast(ink, tint) >= 4.5
    for ground in ("paper", "sheet"):
        assert contrast(ink, PAPER[ground][scheme]) >= 4.5


def test_no_colour_stands_outside_the_tokens() -> None:
    css = STYLESHEET.read_text(encoding="utf-8").replace(tokens(), "")
    css = re.sub(r"@media print \{.*?\n\}", "", css, flags=re.S)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", css) == []


def test_the_pages_stay_light(site: Flask, shared_stage: Stage) -> None:
    client = site.test_client()
    css = len(gzip.compress(client.get("/static/site.css").data, 6))
    script = len(client.get("/static/site.js").data)
    pages = {path: len(gzip.compress(client.get(path).data, 6)) for path in public_paths(shared_stage)}
    assert max(pages.values()) + css <= 50_000
    assert script <= 10_000
    assert "@font-face" not in client.get("/static/site.css").get_data(as_text=True)
