"""Golden pairs: `Qnn-what.ext` is a body as a publisher sent its like, `Qnn-what.expected.json` what must come of it.

Ids are those of the quirk table in sources.md 4; Jnn are JSON Feed's own, Snn sitemaps', Wnn those of WordPress, Lnn of
lists in JSON, Fnn of Google's fact checks. Of each item, every key given must be equal.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crawlers.adapters import adapter
from crawlers.adapters.protocol import Context, Parsed, Request
from index.model import Item, Role, Source, SourceKind

FOLDER = Path(__file__).parent
FETCHED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PAIRS = sorted(p.name.removesuffix(".expected.json") for p in FOLDER.glob("*.expected.json"))
ROLES = {"monitor": Role.CIRCULATING, "checker": Role.REFUTATION, "official": Role.NOTICE}


def read(name: str) -> tuple[Parsed, dict[str, Any]]:
    expected = json.loads((FOLDER / f"{name}.expected.json").read_text("utf-8"))
    (body,) = [p for p in FOLDER.glob(f"{name}.*") if not p.name.endswith(".expected.json")]
    kind = expected.get("kind", "monitor")
    url = expected.get("url", "https://news.example/feed")
    source = Source(
        id="golden",
        names={"en": "Golden"},
        kind=SourceKind(kind),
        authority=0,
        domain="news.example",
        url=url,
        format=expected.get("format", "feed"),
        role=ROLES[kind],
        language=expected.get("language", "en"),
        timezone=expected.get("timezone", "UTC"),
        options=expected.get("options", {}),
    )
    request = Request(url, expected.get("request", "list"))
    context = Context(
        source=source,
        request=request,
        url=url,
        fetched_at=FETCHED_AT,
        content_type=expected.get("content_type", ""),
        answered_at=datetime.fromisoformat(expected["answered_at"]) if "answered_at" in expected else None,
        is_truncated=expected.get("is_truncated", False),
    )
    return adapter(source.format).read(body.read_bytes(), context), expected


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def test_there_is_a_pair_for_every_quirk_of_these_adapters() -> None:
    wanted = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 21, 22, 23, 24, 26, 31, 32, 33, 34, 35, 36, 38}
    assert {int(name[1:3]) for name in PAIRS if name.startswith("Q")} >= wanted


@pytest.mark.parametrize("name", PAIRS)
def test_a_body_gives_exactly_the_items_expected(name: str) -> None:
    parsed, expected = read(name)
    assert parsed.code == expected.get("code", "")
    assert len(parsed.items) == expected.get("count", len(expected.get("items", ())))
    for item, wanted in zip(parsed.items, expected.get("items", ()), strict=False):
        check(item, dict(wanted))
    assert parsed.is_complete is expected.get("is_complete", True)
    assert [e.code for e in parsed.bad] == expected.get("bad", [])
    if "notes" in expected:
        assert dict(parsed.notes) == expected["notes"]
    if "more" in expected:
        assert [r.url for r in parsed.more] == expected["more"]
    if "repaired" in expected:
        assert len(parsed.repaired) == expected["repaired"] == len(parsed.items)


def check(item: Item, wanted: dict[str, Any]) -> None:
    if wanted.pop("native_id_starts", False):
        assert item.native_id.startswith(wanted.pop("native_id"))
    for key, value in wanted.items():
        assert plain(getattr(item, key)) == value, key


@pytest.mark.parametrize("name", PAIRS)
def test_q38_nothing_that_leaves_an_adapter_can_run(name: str) -> None:
    parsed, _ = read(name)
    for item in parsed.items:
        for link in (item.url, *item.appearances):
            assert link.startswith(("http://", "https://"))
        assert len(item.label) <= 100
        for text in (item.title, item.text, item.label, item.claim, item.claimant, item.publisher):
            assert not any(mark in text.lower() for mark in ("<script", "<svg", "<img", "javascript:", "onerror="))
            assert not any("\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" for c in text)
