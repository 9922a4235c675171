"""RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0: text decoded by us, structure by feedparser, dates and identity by us.

body -> decode (Q7-Q10) -> feedparser on UTF-8 bytes, its sanitizer and link resolving off (quadratic) -> Items
"""

from __future__ import annotations

import dataclasses
import hashlib
import html
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from html.entities import html5
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser

from crawlers.adapters.bridge import bridged
from crawlers.adapters.dating import dated, quality
from crawlers.adapters.opening import opened, page_instead
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request, parted
from crawlers.dates import Dated
from crawlers.language import told_language
from crawlers.page import option
from crawlers.plain import MAX_LABEL, clip, has_mojibake, mended, one_line, plain_text, plain_title, web_link
from crawlers.roles import role_of
from index.model import Item, Source

MAX_ENTRIES = 20_000
_ENTRY = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?(?:item|entry)[\s>/]")
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}\?>", re.I)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]{0,2000}(?:\[.{0,60000}?\]\s*)?>", re.S | re.I)
_ROOT = re.compile(r"(<(?:[A-Za-z_][\w.-]{0,40}:)?(?:rss|feed|RDF)\b)[^>]{0,5000}>")
_BASE = re.compile(r"\sxml:base\s*=\s*([\"'])(.{0,2000}?)\1", re.S)
_XSL = re.compile(r"<\?xml-stylesheet[^<]{0,2000}?\?>")
_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|$))", re.S)
_RUN = re.compile(r"[^<>&\[\]]+")
_AMPERSAND = re.compile(r"&(#[0-9]{1,9};|#[xX][0-9a-fA-F]{1,8};|[A-Za-z][A-Za-z0-9]{0,40};)?")
# What feedparser raises for bad input, seen on its own and on hostile files; its interface promises nothing.
_FAULTS = (ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError)
_CUT = ("no element found", "unclosed token", "unclosed CDATA")
_TOMBSTONE = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?deleted-entry\s[^>]{0,1000}?\bref\s*=\s*[\"']([^\"'<>]{1,500})", re.I)


class FeedAdapter:
    """Reads a feed's entries as Items. It follows no link and trusts no date or name of the feed."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        parsed = self._read(body, context)
        return bridged(parsed, body, context) if context.source.options.get("bridge") else parsed

    def _read(self, body: bytes, context: Context) -> Parsed:
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        if decoded.text.lstrip("\ufeff \n\r\t").startswith("{"):  # JSON Feed at a feed's address (Q24)
            from crawlers.adapters.jsonfeed import JsonFeedAdapter  # late: it builds on this module

            return JsonFeedAdapter().read(body, context)
        text = prepared(decoded.text)
        if code := page_instead(text):
            return Parsed(code=code)
        if len(_ENTRY.findall(text)) > MAX_ENTRIES:
            return Parsed(code="too_large")
        try:
            result = feedparser.parse(
                BytesIO(_based(text, context.url).encode("utf-8", "ignore")),
                sanitize_html=False,
                resolve_relative_uris=False,
                response_headers={"content-type": "application/xml; charset=utf-8"},
            )
        except _FAULTS:
            return Parsed(code="malformed")
        if not result.get("version"):
            return Parsed(code="not_a_feed")
        entries, is_cut = _whole_entries(result, text, context.is_truncated)
        parsed = _parsed(result, entries, is_cut, context, decoded.removed_count)
        return dataclasses.replace(parsed, items=(*parsed.items, *_tombstones(text, context)))


def prepared(text: str) -> str:
    """XML that a strict parser reads (Q22): declaration, DTD and style sheet off, HTML's entities as characters, bare
    ampersands escaped, impossible references dropped. The text is UTF-8 now, and no entity of a DTD is expanded."""
    text = _XML_DECLARATION.sub("", text.lstrip("\ufeff"), count=1)
    start = text[:65536].upper().find("<!DOCTYPE")  # one attempt only: the pattern is slow where it does not fit
    if start >= 0 and (doctype := _DOCTYPE.match(text, start)):
        text = text[:start] + text[doctype.end() :]
    text = _XSL.sub("", text)
    if has_mojibake(text):  # here, because feedparser trims what is half of a character as white space
        text = _RUN.sub(lambda run: mended(run[0]), text)
    pieces = _CDATA.split(text)
    return "".join(piece if piece.startswith("<![CDATA[") else _AMPERSAND.sub(_reference, piece) for piece in pieces)


def _based(text: str, url: str) -> str:
    """A document with bases of its own starts from its address: feedparser joins relative ones to nothing (Q23).

    Documents without are left alone, since a base would also turn plain guids into addresses.
    """
    root = _ROOT.search(text[:65536]) if "xml:base" in text else None
    if root is None:
        return text
    own = _BASE.search(root[0])
    base = html.escape(urljoin(url, html.unescape(own[2])) if own else url)
    tag = _BASE.sub("", root[0], count=1)
    return f'{text[: root.start()]}{root[1]} xml:base="{base}"{tag[len(root[1]) :]}{text[root.end() :]}'


def _reference(match: re.Match[str]) -> str:
    name = match[1]
    if not name:
        return "&amp;"
    if name.startswith("#"):
        digits = name[1:-1]
        code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        is_possible = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF
        return match[0] if is_possible and code not in (0xFFFE, 0xFFFF) else ""
    if name[:-1] in ("amp", "lt", "gt", "quot", "apos"):
        return match[0]
    return html5.get(name) or f"&amp;{name}"


def _whole_entries(result: Any, text: str, is_truncated: bool) -> tuple[list[Any], bool]:
    """The entries without a half one at the end, and whether the document was cut (Q21)."""
    entries = list(result.entries)
    reason = str(result.get("bozo_exception", "")) if result.get("bozo") else ""
    ends_well = re.search(r"</(?:rss|feed|(?:[\w.-]+:)?RDF|channel)>\s*(?:<!--.*?-->\s*)*$", text[-2000:], re.S | re.I)
    is_cut = is_truncated or (not ends_well and any(mark in reason for mark in _CUT))
    if not is_cut:
        return entries, False
    opened, closed = len(_ENTRY.findall(text)), len(re.findall(r"</(?:[A-Za-z_][\w.-]*:)?(?:item|entry)>", text))
    if opened > closed and len(entries) >= opened:
        entries = entries[: max(0, closed)]
    return entries, True


def _parsed(result: Any, entries: Sequence[Any], is_cut: bool, context: Context, removed: int) -> Parsed:
    feed_language = str(result.feed.get("language", ""))
    named = [(entry, _guid(entry), _link(entry, context)) for entry in entries]
    ids = Counter(guid for _, guid, _ in named if guid)
    links: dict[str, set[str]] = {}
    for _, guid, link in named:
        links.setdefault(guid, set()).add(link)
    shared = {
        i for i, n in ids.items() if n > 1 and len(links[i]) > 1
    }  # one guid on several links: not an identity (Q13)
    items, bad = parted(_item(*entry, context, feed_language, shared) for entry in named)
    return Parsed(
        items=_without_poll_dates(items, context.fetched_at),
        bad=bad,
        is_complete=not is_cut,
        ttl_min=_ttl(result.feed),
        notes={k: n for k, n in (("guids_ignored", len(shared)), ("controls_removed", removed)) if n},
    )


def _item(
    entry: Any, guid: str, link: str, context: Context, feed_language: str, shared: set[str]
) -> Item | ItemError:
    source = context.source
    title = plain_title(str(entry.get("title", "")))
    text = _body(entry, link or context.url)
    if not title and not text:
        return ItemError("empty_item", guid or link)
    title = title or clip(text.split("\n", 1)[0], 80)
    published = _date(entry, ("published", "created"), context)
    updated = _date(entry, ("updated",), context)
    found = published or updated
    at = found.at if found else None
    label, claim = headline_verdict(title, source)
    native_id = guid if guid and guid not in shared else link or weak_id(title, at)
    return Item(
        native_id=native_id[:500],
        url=link or context.url,
        title=title,
        text=text or title,
        language=told_language(f"{title} {text}", str(_declared_language(entry, feed_language)), source.language),
        role=role_of(source, title),
        published_at=at,
        updated_at=updated.at if updated and at and updated.at > at else None,
        date_quality=quality(found),
        publisher=plain_title(str(entry.get("author", "")))[:200] if source.options.get("aggregator") else "",
        label=_category(entry, source) or label,
        claim=claim,
        aliases=tuple(a for a in dict.fromkeys((link, guid)) if a and a != native_id and a not in shared),
    )


def _tombstones(text: str, context: Context) -> list[Item]:
    """Entries that an Atom feed declares deleted (RFC 6721): withdrawn at once, with nothing but their id (Q19)."""
    source = context.source
    refs = dict.fromkeys(one_line(html.unescape(ref)) for ref in _TOMBSTONE.findall(text)[:MAX_ENTRIES])
    return [Item(ref, context.url, "", "", source.language, source.role, is_withdrawn=True) for ref in refs if ref]


def _guid(entry: Any) -> str:
    return one_line(str(entry.get("id", "")))[:500] if "id" in entry else ""


def _link(entry: Any, context: Context) -> str:
    base = context.url
    for candidate in entry.get("links", []):
        if candidate.get("rel", "alternate") == "alternate" and candidate.get("href"):
            found = web_link(str(candidate["href"]), base)
            if found:
                return found
    found = web_link(str(entry.get("link", "")), base) if "link" in entry else ""
    guid = _guid(entry)
    if not found and guid.startswith(("http://", "https://")):
        found = web_link(guid, base)
    return found


def _body(entry: Any, base: str) -> str:
    """The longest of content and summary, as plain text."""
    texts = [
        plain_text(str(c.get("value", "")), base) if c.get("type") != "text/plain" else plain_text_only(c)
        for c in entry.get("content", [])
    ]
    if "summary" in entry:
        texts.append(plain_text(str(entry["summary"]), base))
    return max(texts, key=len, default="")


def plain_text_only(content: Any) -> str:
    return "\n".join(one_line(line) for line in str(content.get("value", "")).split("\n")).strip()[:50_000]


def _declared_language(entry: Any, feed_language: str) -> str:
    detail = entry.get("title_detail") or {}
    return detail.get("language") or feed_language or ""


def _date(entry: Any, names: Sequence[str], context: Context) -> Dated | None:
    """The first of these that the entry itself has: asked for `updated`, feedparser falls back to published."""
    for name in names:
        if dict.__contains__(entry, name) and (raw := str(dict.__getitem__(entry, name))):
            return dated(raw, context)
    return None


def _without_poll_dates(items: tuple[Item, ...], fetched_at: datetime) -> tuple[Item, ...]:
    """A feed that dates every entry with the moment of the poll has no dates (Q6)."""
    dates = [i.published_at for i in items]
    fresh = all(d is not None and abs(fetched_at - d) < timedelta(minutes=2) for d in dates)
    if len(items) >= 3 and fresh:
        return tuple(dataclasses.replace(i, published_at=None, updated_at=None) for i in items)
    return items


def _ttl(feed: Any) -> int | None:
    """Minutes the publisher asks us to wait: `ttl`, or `sy:updatePeriod` over its frequency."""
    text = str(feed.get("ttl", ""))
    if text.isdecimal() and text:
        return min(int(text[:6]), 24 * 60)
    periods = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}
    period = periods.get(str(feed.get("sy_updateperiod", "")).strip().lower())
    frequency = str(feed.get("sy_updatefrequency", "1")).strip()
    if period is None:
        return None
    return min(period // max(1, int(frequency[:4]) if frequency.isdecimal() else 1), 24 * 60)


def weak_id(title: str, published: datetime | None) -> str:
    """Identity of the last resort: title and day."""
    day = published.date().isoformat() if published else ""
    return "weak:" + hashlib.sha256(f"{title}\n{day}".encode()).hexdigest()[:32]


def headline_verdict(title: str, source: Source) -> tuple[str, str]:
    """The verdict word before a headline and the claim after it, by the source's own rule `label_prefix` (Q36)."""
    rule = source.options.get("label_prefix")
    match = re.match(rule, title) if isinstance(rule, str) else None
    if match is None:
        return "", ""
    return (match[1] if match.groups() else match[0])[:MAX_LABEL], title[match.end() :].strip()[:500]


def _category(entry: Any, source: Source) -> str:
    """The first category, where the source declares that it holds the verdict (`select = { label = "category" }`)."""
    if option(source, "label") != "category":
        return ""
    return next((t for c in entry.get("tags", []) if (t := plain_title(str(c.get("term", ""))))), "")[:MAX_LABEL]
