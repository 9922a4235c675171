"""Q23: links are absolute by the bases in force, as RFC 3986 resolves them: 54 cases (K1), in Atom and in RSS."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urljoin

import pytest

from crawlers.adapters import adapter
from crawlers.adapters.protocol import Context, Request
from tests.crawlers.fakes import a_source

FEED_URL = "https://news.example/feeds/main.xml"
BASES = ["", "https://other.example/a/b", "/rooted/", "below/", "//host.example/", "../up/"]
LINKS = ["item?a=1", "/rooted", "//far.example/x"]
LEVELS = ["feed", "entry", "both"]
CASES = [(level, base, link) for level in LEVELS for base in BASES for link in LINKS]


def read(body: str) -> str:
    source = a_source(url=FEED_URL)
    context = Context(source, Request(FEED_URL), FEED_URL, datetime(2026, 3, 1, tzinfo=UTC))
    (item,) = adapter("feed").read(body.encode(), context).items
    return item.url


def expected(level: str, base: str, link: str) -> str:
    bases = {"feed": [base], "entry": [base], "both": [base, "inner/"]}[level]
    url = FEED_URL
    for each in bases:
        url = urljoin(url, each)
    return urljoin(url, link)


def test_there_are_54_cases() -> None:
    assert len(CASES) == 54


@pytest.mark.parametrize(("level", "base", "link"), CASES)
def test_q23_a_link_is_resolved_by_every_base_around_it(level: str, base: str, link: str) -> None:
    outer = f" xml:base='{base}'" if level in ("feed", "both") and base else ""
    inner = {"entry": f" xml:base='{base}'" if base else "", "both": " xml:base='inner/'"}.get(level, "")
    atom = (
        f"<feed xmlns='http://www.w3.org/2005/Atom'{outer}><title>t</title>"
        f"<entry{inner}><id>1</id><title>x</title><link href='{link}'/></entry></feed>"
    )
    rss = (
        f"<rss version='2.0'{outer}><channel><title>t</title><item{inner}><title>x</title><link>{link}</link></item>"
        "</channel></rss>"
    )
    wanted = expected(level, base, link)
    assert read(atom) == wanted
    assert read(rss) == wanted


@pytest.mark.parametrize("base", ["javascript:alert(1)//", "data:text/html,x", "file:///etc/", "ftp://h.example/"])
def test_q23_a_base_of_another_scheme_makes_no_link(base: str) -> None:
    body = (
        f"<feed xmlns='http://www.w3.org/2005/Atom' xml:base='{base}'><title>t</title>"
        "<entry><id>1</id><title>x</title><link href='a'/></entry></feed>"
    )
    assert read(body).startswith("https://news.example/")
