"""Every place that fetches, found by AST, against every SSRF vector (A15, Q37); TLS without a switch (A17).

A new caller of `index.outbound.request` fails the first test: add it here, and send the vectors through it.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawlers.fetch import Failed, Fetcher, Outcome
from crawlers.pipeline import Pipeline
from index.model import Role, Source, SourceKind
from index.outbound import Limits
from index.settings import Settings
from tests.crawlers.fakes import NO_LABELS, FakeCatalogue, InProcessReader, a_lease, a_source
from tests.crawlers.rude_server import RudeServer, by_path
from tests.security.test_outbound_addresses import ADDRESSES, ROOT, SPELLINGS, dialled, resolve_to

__all__ = ["dialled"]  # the fixture

#: Who calls the transport. Crawled addresses come through the first two; the demo asks only its own site.
CALLERS = {
    ("crawlers/fetch.py", "Fetcher._get"),
    ("crawlers/fetch.py", "Fetcher._robots_txt"),
    ("crawlers/samples/demo.py", "_Processes._wait_until_ready"),
    ("crawlers/samples/demo.py", "_Processes._warm_up"),
}


def calls_of_request(path: Path) -> Iterator[str]:
    """The functions, with their class, that call what the module imported as `request` from `index.outbound`."""
    tree = ast.parse(path.read_text("utf-8"))
    imported = {
        a.asname or a.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "index.outbound"
        for a in node.names
        if a.name == "request"
    }
    modules = {"outbound", "index.outbound"}

    def visit(node: ast.AST, where: tuple[str, ...]) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            inner = where
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                inner = (*where, child.name)
            if isinstance(child, ast.Call):
                name = ast.unparse(child.func)
                if name in imported or any(name == f"{m}.request" for m in modules):
                    yield ".".join(where)
            yield from visit(child, inner)

    yield from visit(tree, ())


def test_a15_every_caller_of_the_transport_is_known_here() -> None:
    rooms = ("index", "crawlers", "webapp")
    paths = [p for room in rooms for p in (ROOT / room).rglob("*.py") if "outbound" not in p.parts]
    found = {(str(p.relative_to(ROOT)), name) for p in paths for name in calls_of_request(p)}
    assert found == CALLERS


def source_at(url: str, **options: Any) -> Source:
    return Source("s", {"en": "S"}, SourceKind.MONITOR, 0, "news.example", url, "feed", Role.CIRCULATING, "en",
                  options=options)  # fmt: skip


OVERRIDE = {"reason": "written consent", "editor": "editor A"}


def by_poll(url: str) -> Outcome:
    return Fetcher(Settings()).poll(source_at(url, robots_override=OVERRIDE), url, None, None, None)


def by_page(url: str) -> Outcome:
    source = source_at("https://news.example/feed", robots_override=OVERRIDE, pace_s=0)
    return Fetcher(Settings()).page(source, url)


def by_robots(url: str) -> Outcome:
    return Fetcher(Settings()).page(source_at("https://news.example/feed", pace_s=0), url)


ENTRIES: dict[str, Callable[[str], Outcome]] = {"poll": by_poll, "page": by_page, "robots": by_robots}


@pytest.mark.parametrize("entry", ENTRIES)
def test_a15_no_entry_point_dials_a_forbidden_address(
    entry: str, dialled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for address in ADDRESSES:
        resolve_to(monkeypatch, [address])
        outcomes.append(ENTRIES[entry]("http://rumor.example/x"))
        host = f"[{address}]" if ":" in address else address
        outcomes.append(ENTRIES[entry](f"http://{host}/x"))
    assert len(outcomes) >= 100 and all(isinstance(o, Failed) for o in outcomes)
    assert {o.code for o in outcomes} <= {"blocked_address", "dns"}
    assert dialled == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_a15_no_entry_point_reaches_a_canary_by_any_spelling(entry: str) -> None:
    with RudeServer(lambda wire, asked: wire.answer(200, b"secret")) as canary:
        for spelling in SPELLINGS:
            assert isinstance(ENTRIES[entry](f"http://{spelling}:{canary.port}/"), Failed)
        assert canary.connection_count == 0


def test_a15_a_name_that_flips_between_robots_and_the_page_gains_nothing(
    dialled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    assert isinstance(by_robots("http://rumor.example/x"), Failed)
    assert {address[0] for address in dialled} <= {"8.8.8.8"}


# --- Q37: what a document names is no address that the crawler goes to --------------------------------------------


def crawl(base: RudeServer, form: str) -> FakeCatalogue:
    """One run over the real transport, allowed to read exactly this server."""
    fetcher = Fetcher(Settings(internal_targets=(base.pair,)), limits=Limits(total_s=3.0), sleep=lambda s: None)
    options = {"select": {"item": "li", "page_body": "h1"}}
    source = a_source(url=f"{base.base}/feed", domain="127.0.0.1", format=form, options=options)
    catalogue = FakeCatalogue()
    report = Pipeline(catalogue, fetcher, InProcessReader(), NO_LABELS).crawl(a_lease(source))
    assert report.code != "crashed"
    return catalogue


def naming(inside: str) -> dict[str, tuple[str, str]]:
    """Documents that name an address wherever a format has a place for one."""
    rss = (
        f"<image><url>{inside}</url></image><item><title>t</title><link>{inside}</link><comments>{inside}</comments>"
        f"<enclosure url='{inside}' type='audio/mpeg' length='1'/></item>"
    )
    style = f"<?xml version='1.0'?><?xml-stylesheet href='{inside}'?><!DOCTYPE rss SYSTEM '{inside}'>"
    item = {"id": "1", "content_text": "x", "image": inside, "attachments": [{"url": inside}]}
    jsonfeed = {"version": "https://jsonfeed.org/version/1.1", "next_url": inside, "icon": inside, "items": [item]}
    claim = {"@type": "Claim", "appearance": [inside], "firstAppearance": inside}
    review = json.dumps({"@type": "ClaimReview", "claimReviewed": "c", "image": inside, "itemReviewed": claim})
    return {
        "enclosure": ("feed", f"<rss version='2.0'><channel>{rss}</channel></rss>"),
        "style sheet and DTD": ("feed", f"{style}<rss version='2.0'><channel>{rss}</channel></rss>"),
        "next_url": ("jsonfeed", json.dumps(jsonfeed | {"hubs": [{"type": "WebSub", "url": inside}]})),
        "appearance": (
            "claimreview",
            f"<html><head><script type='application/ld+json'>{review}</script></head>"
            f"<body><img src='{inside}'><h1>t</h1></body></html>",
        ),
        "a page of the list": ("listing", f"<html><body><ul><li><a href='{inside}'>t</a></li></ul></body></html>"),
    }


@pytest.mark.parametrize("name", naming(""))
def test_q37_no_address_that_a_document_names_is_connected_to(name: str) -> None:
    with RudeServer(lambda wire, asked: wire.answer(200, b"secret")) as canary:
        form, body = naming(f"{canary.base}/latest/meta-data/")[name]
        with RudeServer(by_path({"/feed": body.encode()})) as server:
            crawl(server, form)
            assert "/feed" in server.paths()
        assert canary.connection_count == 0


@pytest.mark.parametrize("path", ["/feed", "/robots.txt"])
def test_q37_a_redirect_inwards_is_refused_for_the_document_and_for_robots(path: str) -> None:
    with RudeServer(lambda wire, asked: wire.answer(200, b"secret")) as canary:
        table: dict[str, Any] = {"/feed": b"<rss version='2.0'><channel/></rss>"}
        table[path] = (302, b"", {"Location": f"{canary.base}/x"})
        with RudeServer(by_path(table)) as server:
            (recorded,) = crawl(server, "feed").recorded
            assert recorded[2].error_code == "blocked_address"
        assert canary.connection_count == 0


# --- A17: verification has no switch -----------------------------------------------------------------------------


_WITHOUT_CHECK = ("CERT_NONE", "CERT_OPTIONAL", "_create_unverified_context")


def test_a17_no_module_turns_the_check_of_certificates_off() -> None:
    found = []
    for path in [p for room in ("index", "crawlers", "webapp") for p in (ROOT / room).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_switch = isinstance(node, ast.keyword) and node.arg in ("verify", "verify_certs", "check_hostname")
            if is_switch and ast.unparse(node.value) == "False":
                found.append((str(path), node.arg))
            if isinstance(node, ast.Attribute) and node.attr in _WITHOUT_CHECK:
                found.append((str(path), node.attr))
            if isinstance(node, ast.Assign) and any(ast.unparse(t).endswith("check_hostname") for t in node.targets):
                found.append((str(path), "check_hostname"))
    assert found == []
