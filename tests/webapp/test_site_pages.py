"""What holds for every public page, in every language: written once, over real pages of a real catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.webapp.looking import every, in_every_language, local_links, one, parsed, public_paths, words
from tests.webapp.stage import Stage
from webapp.language import PREFIXES

LANDMARKS = ("header", "main", "footer")
SAME_FOR_ALL = {"machine", "feeds", "api", "static"}


@pytest.fixture(scope="module")
def pages(shared_site: Flask, shared_stage: Stage) -> dict[str, tuple[str, object]]:
    """address -> (language, tree), each parsed strictly: a parse error fails here."""
    client = shared_site.test_client()
    found = {}
    for language, path in in_every_language(public_paths(shared_stage)):
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        try:
            found[path] = (language, parsed(response))
        except Exception as error:  # noqa: BLE001  html5lib raises several kinds
            pytest.fail(f"{path} is not valid HTML: {error}")
    return found


def test_every_page_has_one_h1_and_a_title_that_begins_with_it(pages: dict) -> None:  # type: ignore[type-arg]
    for path, (_, page) in pages.items():
        title = words(one(page, ".//title"))
        assert title.startswith(words(one(page, ".//h1"))), (path, title)


def test_every_page_says_its_language_and_no_heading_level_is_skipped(pages: dict) -> None:  # type: ignore[type-arg]
    for path, (language, page) in pages.items():
        assert page.get("lang") == language, path
        levels = [int(h.tag[-1]) for h in page.iter() if isinstance(h.tag, str) and re.fullmatch(r".*\}h[1-6]", h.tag)]
        after_title = levels[levels.index(1) :]
        assert all(b <= a + 1 for a, b in pairwise(after_title)), (path, levels)


def test_every_page_has_landmarks_a_skip_link_and_labelled_navigation(pages: dict) -> None:  # type: ignore[type-arg]
    for path, (_, page) in pages.items():
        for landmark in LANDMARKS:
            one(page, f".//{landmark}")
        skip = every(page, ".//a[@href]")[0]
        assert skip.get("href") == "#main" and every(page, './/main[@id="main"]'), path
        labels = [nav.get("aria-label") for nav in every(page, ".//nav")]
        assert all(labels) and len(set(labels)) == len(labels), (path, labels)


def test_no_page_has_an_inline_style_or_script_or_loads_from_elsewhere(pages: dict) -> None:  # type: ignore[type-arg]
    for path, (_, page) in pages.items():
        for element in page.iter():
            if not isinstance(element.tag, str):
                continue
            assert not [a for a in element.attrib if a == "style" or a.startswith("on")], (
                path,
                element.tag,
                dict(element.attrib),
            )
        assert not every(page, ".//style"), path
        for script in every(page, ".//script"):
            assert script.get("type") == "application/ld+json" or script.get("src", "").startswith("/static/"), path
        for loaded in every(page, './/link[@rel="stylesheet"]') + every(page, ".//img"):
            assert (loaded.get("href") or loaded.get("src")).startswith("/static/"), path


def test_every_field_has_a_label_and_every_image_a_text(pages: dict) -> None:  # type: ignore[type-arg]
    for path, (_, page) in pages.items():
        labelled = {label.get("for") for label in every(page, ".//label")}
        for field in every(page, ".//input") + every(page, ".//select") + every(page, ".//textarea"):
            is_silent = field.get("type") == "hidden" or field.get("hidden") is not None
            assert (
                is_silent or field.get("id") in labelled or field.get("aria-labelledby") or field.get("aria-label")
            ), (path, dict(field.attrib))
        for image in page.iter("{http://www.w3.org/2000/svg}svg"):
            assert image.get("aria-hidden") == "true" or image.get("aria-label"), path


def test_no_page_raises_its_voice(pages: dict) -> None:  # type: ignore[type-arg]
    for path, (_, page) in pages.items():
        assert not re.search("[!！]", words(one(page, ".//main"))), path


def test_no_local_link_is_broken(pages: dict, site: Flask) -> None:  # type: ignore[type-arg]
    client = site.test_client()
    links = set().union(*(local_links(page, path) for path, (_, page) in pages.items()))
    assert len(links) > 100
    broken = {}
    for link in sorted(links):
        from webapp.limits import limiter

        limiter.reset()
        status = client.get(link, follow_redirects=True).status_code
        if status != 200:
            broken[link] = status
    assert broken == {}


def test_every_public_page_of_the_route_table_is_among_those_looked_at(pages: dict, site: Flask) -> None:  # type: ignore[type-arg]
    """A new page must be added to `public_paths`, or it would be looked at by nobody."""
    adapter = site.url_map.bind("127.0.0.1")
    seen = {adapter.match(path.partition("?")[0])[0] for path in pages if not path.startswith(("/en/", "/zh-hant/"))}
    readable = {
        rule.endpoint
        for rule in site.url_map.iter_rules()
        if rule.endpoint.startswith("public.") and "GET" in (rule.methods or ())
    }
    only_redirects_or_receipts = {"public.short", "public.tip"}
    assert readable - seen == only_redirects_or_receipts


def test_pages_exist_in_each_language_and_name_each_other(reader: FlaskClient) -> None:
    page = parsed(reader.get("/zh-hant/alerts?topic=health"))
    alternates = {
        link.get("hreflang"): link.get("href") for link in every(page, './/link[@rel="alternate"][@hreflang]')
    }
    assert alternates == {
        "zh-Hans": "http://127.0.0.1:8000/alerts?topic=health",
        "zh-Hant": "http://127.0.0.1:8000/zh-hant/alerts?topic=health",
        "en": "http://127.0.0.1:8000/en/alerts?topic=health",
        "x-default": "http://127.0.0.1:8000/alerts?topic=health",
    }
    switcher = {a.get("hreflang"): (a.get("lang"), words(a)) for a in every(page, ".//nav//a[@hreflang]")}
    assert switcher == {"zh-Hans": ("zh-Hans", "简体"), "zh-Hant": ("zh-Hant", "繁體"), "en": ("en", "English")}


def test_an_address_without_a_language_has_no_language_prefix(site: Flask, reader: FlaskClient) -> None:
    for path in ("/feeds/all/en.rss", "/api/v1/alerts", "/static/site.css", "/robots.txt", "/livez"):
        assert reader.get(path).status_code == 200
        for prefix in filter(None, PREFIXES.values()):
            assert reader.get(prefix + path).status_code == 404, prefix + path


def test_reading_sets_no_cookie(pages: dict, site: Flask) -> None:  # type: ignore[type-arg]
    setting = [path for path in pages if "Set-Cookie" in site.test_client().get(path).headers]
    assert {re.sub(r"^/(en|zh-hant)(?=/)", "", path).split("/")[1] for path in setting} == {"tips", "claims"}
    assert all(path.endswith(("/tips", "/ask")) for path in setting)


def test_the_html_checker_finds_nothing(
    shared_stage: Stage, site: Flask, html_errors: Callable[[bytes], list[str]]
) -> None:
    client = site.test_client()
    errors = {path: html_errors(client.get(path).data) for path in public_paths(shared_stage)}
    assert {path: found for path, found in errors.items() if found} == {}
