"""JSON Feed 1 and 1.1, by our own parser: feedparser has none. `content_text` is not HTML; ids may be numbers."""

from __future__ import annotations

import json
import re
from typing import Any

from crawlers.adapters.bridge import bridged
from crawlers.adapters.dating import dated, quality
from crawlers.adapters.feed import headline_verdict, weak_id
from crawlers.adapters.opening import opened
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request, parted
from crawlers.language import told_language
from crawlers.page import option
from crawlers.plain import MAX_LABEL, MAX_TEXT, clip, mended, one_line, plain_text, plain_title, web_link
from crawlers.roles import role_of
from index.model import Item, Source

MAX_ITEMS = 20_000
_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/1(?:\.\d+)?/?")


class JsonFeedAdapter:
    """Reads the items of a JSON Feed; `next_url` is offered as a further list."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        parsed = self._read(body, context)
        return bridged(parsed, body, context) if context.source.options.get("bridge") else parsed

    def _read(self, body: bytes, context: Context) -> Parsed:
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        try:
            document = json.loads(decoded.text.lstrip("\ufeff"), strict=False)
        except (ValueError, RecursionError):
            return Parsed(code="truncated" if context.is_truncated else _not_json(decoded.text))
        if not is_json_feed(document):
            return Parsed(code="not_a_feed")
        items, bad = parted(_item(entry, document, context) for entry in document["items"][:MAX_ITEMS])
        following = web_link(_text(document.get("next_url")), context.url)
        more = (Request(following),) if following and following != context.url else ()
        return Parsed(items, bad, more, is_complete=not context.is_truncated)


def is_json_feed(document: Any) -> bool:
    version = document.get("version") if isinstance(document, dict) else None
    return isinstance(version, str) and bool(_VERSION.fullmatch(version)) and isinstance(document.get("items"), list)


def _not_json(text: str) -> str:
    return "not_a_feed" if text.lstrip().startswith("<") else "malformed"


def _text(value: Any) -> str:
    """Strings and numbers as text; whatever else a publisher puts there is nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def _item(entry: Any, document: dict[str, Any], context: Context) -> Item | ItemError:
    if not isinstance(entry, dict):
        return ItemError("malformed")
    source = context.source
    link = web_link(_text(entry.get("url")), context.url) or web_link(_text(entry.get("external_url")), context.url)
    native_id = one_line(_text(entry.get("id")))[:500]
    text = _body(entry, link or context.url)
    title = plain_title(_text(entry.get("title")))
    if not title and not text:
        return ItemError("empty_item", native_id or link)
    title = title or clip(text.split("\n", 1)[0], 80)
    published = dated(_text(entry.get("date_published")), context)
    updated = dated(_text(entry.get("date_modified")), context)
    found = published or updated
    at = found.at if found else None
    label, claim = headline_verdict(title, source)
    native_id = native_id or link or weak_id(title, at)
    return Item(
        native_id=native_id,
        url=link or context.url,
        title=title,
        text=text or title,
        language=told_language(
            f"{title} {text}", _text(entry.get("language")) or _text(document.get("language")), source.language
        ),
        role=role_of(source, title),
        published_at=at,
        updated_at=updated.at if updated and at and updated.at > at else None,
        date_quality=quality(found),
        publisher=_author(entry)[:200] if source.options.get("aggregator") else "",
        label=_label(entry, source) or label,
        claim=claim,
        is_withdrawn=entry.get("expired") is True,
        aliases=(link,) if link and link != native_id else (),
    )


def _body(entry: dict[str, Any], base: str) -> str:
    markup = _text(entry.get("content_html"))
    if markup:
        return plain_text(markup, base)
    plain = _text(entry.get("content_text")) or _text(entry.get("summary"))
    lines = [one_line(line) for line in mended(plain).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:MAX_TEXT]


def _author(entry: dict[str, Any]) -> str:
    authors = entry.get("authors") or [entry.get("author")]
    names = (
        [plain_title(_text(a.get("name"))) for a in authors if isinstance(a, dict)] if isinstance(authors, list) else []
    )
    return next((n for n in names if n), "")


def _label(entry: dict[str, Any], source: Source) -> str:
    key = option(source, "label")
    value = entry.get(key) if key else None
    first = next((_text(v) for v in value if _text(v)), "") if isinstance(value, list) else _text(value)
    return plain_title(first)[:MAX_LABEL]
