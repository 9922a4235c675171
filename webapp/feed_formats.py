"""One writer a format: RSS 2.0 (with atom:updated), Atom (RFC 4287) and JSON Feed 1.1. XML is built as a tree,
never from strings.

Paging follows RFC 5005 section 3 (`first`, `next`, `previous`), in JSON Feed `next_url`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from lxml import etree

from webapp.feed_entries import Entry, clean_line, rfc3339

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
REFUTATION = "urn:x-clarion:refutation:1"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
GENERATOR = "Clarion"
EMPTY_SINCE = datetime(2026, 1, 1, tzinfo=UTC)  # `updated` of a feed that has no entry yet; Atom wants one


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of a feed. `links` are its own address and its neighbours, by relation: self, first, next, previous."""

    id: str
    title: str
    description: str
    language: str
    home: str
    author: str
    links: Mapping[str, str]
    entries: tuple[Entry, ...]

    @property
    def updated(self) -> datetime:
        return max((entry.updated for entry in self.entries), default=EMPTY_SINCE)


def rss(feed: Feed) -> bytes:
    root = etree.Element("rss", {"version": "2.0"}, nsmap={"atom": ATOM, "content": CONTENT, "r": REFUTATION})
    channel = etree.SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.home)
    _add(channel, "description", feed.description)
    _add(channel, "language", feed.language)
    _add(channel, "lastBuildDate", format_datetime(feed.updated.astimezone(UTC), usegmt=True))
    _add(channel, "generator", GENERATOR)
    for relation, address in feed.links.items():
        etree.SubElement(channel, f"{{{ATOM}}}link", {"rel": relation, "href": address, "type": TYPES["rss"]})
    for entry in feed.entries:
        item = etree.SubElement(channel, "item", {XML_LANG: entry.language})
        _add(item, "title", entry.title)
        _add(item, "link", entry.url)
        _add(item, "guid", entry.id, isPermaLink="false")
        _add(item, "pubDate", format_datetime(entry.published.astimezone(UTC), usegmt=True))
        _add(item, f"{{{ATOM}}}updated", rfc3339(entry.updated.astimezone(UTC)))
        for term, label in entry.categories:
            _add(item, "category", label, domain=term)
        _add(item, "description", entry.summary)
        _add(item, f"{{{CONTENT}}}encoded", entry.html)
        _extend(item, entry)
    return _bytes(root)


def atom(feed: Feed) -> bytes:
    root = etree.Element(f"{{{ATOM}}}feed", {XML_LANG: feed.language}, nsmap={None: ATOM, "r": REFUTATION})
    _add(root, f"{{{ATOM}}}id", feed.id)
    _add(root, f"{{{ATOM}}}title", feed.title)
    _add(root, f"{{{ATOM}}}subtitle", feed.description)
    _add(root, f"{{{ATOM}}}updated", rfc3339(feed.updated.astimezone(UTC)))
    _add(etree.SubElement(root, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", feed.author)
    _add(root, f"{{{ATOM}}}generator", GENERATOR)
    etree.SubElement(root, f"{{{ATOM}}}link", {"rel": "alternate", "href": feed.home, "type": "text/html"})
    for relation, address in feed.links.items():
        etree.SubElement(root, f"{{{ATOM}}}link", {"rel": relation, "href": address, "type": TYPES["atom"]})
    for entry in feed.entries:
        item = etree.SubElement(root, f"{{{ATOM}}}entry", {XML_LANG: entry.language})
        _add(item, f"{{{ATOM}}}id", entry.id)
        _add(item, f"{{{ATOM}}}title", entry.title, type="text")
        etree.SubElement(item, f"{{{ATOM}}}link", {"rel": "alternate", "href": entry.url, "type": "text/html"})
        _add(item, f"{{{ATOM}}}published", rfc3339(entry.published.astimezone(UTC)))
        _add(item, f"{{{ATOM}}}updated", rfc3339(entry.updated.astimezone(UTC)))
        for term, label in entry.categories:
            etree.SubElement(item, f"{{{ATOM}}}category", {"term": term, "label": label})
        _add(item, f"{{{ATOM}}}summary", entry.summary, type="text")
        _add(item, f"{{{ATOM}}}content", entry.html, type="html")
        _extend(item, entry)
    return _bytes(root)


def json_feed(feed: Feed) -> bytes:
    document: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": clean_line(feed.title),
        "description": feed.description,
        "home_page_url": feed.home,
        "feed_url": feed.links["self"],
        "language": feed.language,
        "authors": [{"name": feed.author}],
    }
    if "next" in feed.links:
        document["next_url"] = feed.links["next"]
    document["items"] = [
        {
            "id": entry.id,
            "url": entry.url,
            "title": entry.title,
            "summary": entry.summary,
            "content_html": entry.html,
            "language": entry.language,
            "date_published": rfc3339(entry.published.astimezone(UTC)),
            "date_modified": rfc3339(entry.updated.astimezone(UTC)),
            "tags": [label for _, label in entry.categories],
            "_refutation": entry.extension,
        }
        for entry in feed.entries
    ]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _add(parent: etree._Element, tag: str, text: str, **attributes: str) -> None:
    etree.SubElement(parent, tag, attributes).text = text


def _extend(item: etree._Element, entry: Entry) -> None:
    """The extension in one namespace: scalars by name, lists as repeated elements, evidence as attributes."""
    refutation = etree.SubElement(item, f"{{{REFUTATION}}}refutation")
    for key, value in entry.extension.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                etree.SubElement(
                    refutation, f"{{{REFUTATION}}}{key}", {k: str(v) for k, v in one.items() if v is not None}
                )
            elif one is not None and one != "":
                _add(refutation, f"{{{REFUTATION}}}{key}", str(one).lower() if isinstance(one, bool) else str(one))


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


TYPES: Mapping[str, str] = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}
WRITERS: Mapping[str, Callable[[Feed], bytes]] = {"rss": rss, "atom": atom, "json": json_feed}
