"""The site in a real Chromium: no policy violation, no sideways scroll, large targets, axe, and the live check."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.webapp.conftest import make_site
from tests.webapp.looking import public_paths
from tests.webapp.stage import Stage
from webapp.limits import limiter

pytestmark = pytest.mark.browser

RUMOR = "5G 基站会传播新冠病毒，住在附近的人都会被感染"
SMALLEST_TARGET = 24  # WCAG 2.5.8; ours are 44, except links inside a sentence


@pytest.fixture(scope="module")
def address(shared_stage: Stage) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, make_site(shared_stage), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A phone of 360 px; complaints of the browser fail the test."""
    limiter.reset()
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=address)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("request", lambda r: complaints.append(r.url) if not r.url.startswith(address) else None)
    yield page
    context.close()
    assert complaints == []


def test_no_page_breaks_the_policy_or_scrolls_sideways_at_320_px(page: Any, shared_stage: Stage) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    too_wide = {}
    for path in public_paths(shared_stage):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 320:
            too_wide[path] = width
    assert too_wide == {}


def test_text_spacing_and_double_size_cut_nothing_off(page: Any, shared_stage: Stage) -> None:
    page.goto(f"/alerts/{shared_stage.threads['5g']}")
    # The policy forbids styles of others, so the reader's own settings come through the style sheet object.
    page.evaluate(
        """() => { const sheet = new CSSStyleSheet();
        sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important }'
          + '* { word-spacing: .16em !important }'
          + 'html { font-size: 212% !important } p { margin-bottom: 2em !important }');
        document.adoptedStyleSheets = [sheet]; }"""
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    cut = page.evaluate(
        """() => [...document.querySelectorAll('main *')]
        .filter(e => getComputedStyle(e).overflow === 'hidden' && e.scrollHeight > e.clientHeight + 1)
        .filter(e => !e.closest('svg') && !e.classList.contains('unseen')).map(e => e.className)"""
    )
    assert cut == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, address: str, axe_source: str, shared_stage: Stage, scheme: str) -> None:
    limiter.reset()
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, base_url=address, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    found = {}
    for path in public_paths(shared_stage):
        page.goto(path)
        page.evaluate(axe_source)
        violations = page.evaluate(
            "axe.run().then(r => r.violations.map(v => `${v.id}: ${v.nodes[0].html.slice(0, 120)}`))"
        )
        if violations:
            found[path] = violations
    context.close()
    assert found == {}


def test_targets_are_large_enough(page: Any, shared_stage: Stage) -> None:
    for path in ("/", "/alerts", f"/alerts/{shared_stage.threads['5g']}", "/tips", "/feeds"):
        page.goto(path)
        small = page.evaluate(
            """(least) => [...document.querySelectorAll('a, button, input, select, summary, textarea')]
            .filter(e => e.checkVisibility() && !e.classList.contains('skip'))
            .filter(e => !(e.tagName === 'A' && e.closest('p, dd, li span, .prose li')))
            .map(e => [e.getBoundingClientRect(), e.outerHTML.slice(0, 90)])
            .filter(([r, h]) => r.height < least || r.width < least).map(([r, h]) => h)""",
            SMALLEST_TARGET,
        )
        assert small == [], path


def test_a_paste_is_answered_on_the_spot_without_moving_the_reader(page: Any) -> None:
    page.goto("/")
    page.focus("#text")
    page.evaluate(
        """(text) => { const box = document.querySelector('#text'); box.value = text;
        box.dispatchEvent(new Event('paste', { bubbles: true })); }""",
        RUMOR,
    )
    page.wait_for_selector("#answer [data-outcome=found]")
    assert page.url.endswith("/") and page.evaluate("document.activeElement.id") == "text"
    assert page.get_attribute("#answer", "role") == "status"
    assert "5G 信号不会传播病毒" in page.inner_text("#answer")


def test_without_scripts_the_button_brings_the_same_answer(browser: Any, address: str) -> None:
    limiter.reset()
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/en/")
    page.fill("#text", RUMOR)
    page.click("form[data-check] button")
    assert page.get_attribute("[data-outcome]", "data-outcome") == "found" and page.url.endswith("/en/check")
    page.click("text=This is not my message")
    assert page.input_value("textarea") == RUMOR and "5G" not in page.url
    context.close()


def test_the_text_to_pass_on_is_copied_by_its_button(browser: Any, address: str, shared_stage: Stage) -> None:
    limiter.reset()
    context = browser.new_context(base_url=address, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"/alerts/{shared_stage.threads['5g']}")
    page.click(".kit button >> nth=0")
    page.wait_for_selector("text=已复制")
    assert page.evaluate("navigator.clipboard.readText()") == page.input_value(".kit textarea >> nth=0")
    context.close()


def test_the_first_screen_of_a_phone_holds_fact_and_verdict(page: Any, shared_stage: Stage) -> None:
    page.goto(f"/alerts/{shared_stage.threads['5g']}")
    for selector in ("h1", ".verdict"):
        box = page.locator(selector).first.bounding_box()
        assert box["y"] + box["height"] <= 740, selector


def test_print_is_black_on_white_with_framed_verdict_and_full_addresses(page: Any, shared_stage: Stage) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(f"/alerts/{shared_stage.threads['5g']}")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('.verdict')).borderTopWidth") == "2px"
    assert not page.is_visible(".mast nav") and not page.is_visible(".kit")
    after = page.evaluate("getComputedStyle(document.querySelector('.evidence a'), '::after').content")
    assert "https://www.who.int/" in after
