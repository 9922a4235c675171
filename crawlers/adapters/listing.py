"""Official HTML lists by declared CSS selectors: fixed operations, never code of a source (reliability.md C10).

list -> links, titles, days -> one page each (only unknown ones) -> Item. Zero matches is `drift`, never "no news".
"""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from crawlers.adapters.dating import dated, quality
from crawlers.adapters.opening import opened, page_instead
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request
from crawlers.dates import Dated, zone
from crawlers.language import told_language
from crawlers.page import (
    base_of,
    found,
    link_of,
    option,
    page_body,
    page_date,
    page_language,
    page_title,
    parse_page,
    text_of,
)
from crawlers.plain import MAX_CLAIM, MAX_LABEL, clip, one_line, plain_title
from crawlers.roles import role_of
from index.model import Item, Source

MAX_LINKS = 500


class ListingAdapter:
    """Reads a list page, then its items' pages, by the source's `select` table. It guesses nothing."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        root = parse_page(decoded.text)
        if root is None:
            return Parsed(code="malformed")
        if context.request.kind == "page":
            return _page(root, context)
        return _list(root, context, decoded.text)


def _list(root: HtmlElement, context: Context, text: str) -> Parsed:
    source, base = context.source, base_of(root, context.url)
    pattern = str(source.options.get("url_pattern", ""))
    more: dict[str, Request] = {}
    bad: list[ItemError] = []
    for element in found(root, option(source, "item"))[:MAX_LINKS]:
        url = link_of(element, option(source, "link") or "a", base)
        title = _list_title(element, source)
        if not url or (pattern and not re.search(pattern, url)):
            bad.append(ItemError("no_link"))
            continue
        day = _list_date(element, context)
        about = Item(
            native_id=url,
            url=url,
            title=title,
            text="",
            language=source.language,
            role=role_of(source, title),
            published_at=day.at if day else None,
            date_quality=quality(day),
        )
        more.setdefault(url, Request(url, "page", url, about))
    if not more:
        return Parsed(code="login_wall" if page_instead(text) == "login_wall" else "drift")
    return Parsed((), tuple(bad), tuple(more.values()), is_complete=not context.is_truncated)


def _list_title(element: HtmlElement, source: Source) -> str:
    css = option(source, "title") or option(source, "link") or "a"
    return plain_title(text_of(element, css))


def _list_date(element: HtmlElement, context: Context) -> Dated | None:
    css = option(context.source, "date")
    return dated(text_of(element, css), context) if css else None


def _page(root: HtmlElement, context: Context) -> Parsed:
    source, about = context.source, context.request.about
    title = plain_title(page_title(root, option(source, "page_title"))) or (about.title if about else "")
    text = page_body(root, context.url, option(source, "page_body"))
    if not title and not text:
        return Parsed(code="drift")
    if option(source, "page_body") and not text:
        return Parsed(code="drift")  # the declared body is gone: the page changed, or is a login or error page
    native_id = context.request.native_id or context.url
    aliases = tuple(a for a in (context.url,) if a != native_id)
    listed = Dated(about.published_at, about.date_quality != "exact") if about and about.published_at else None
    day = exact(listed, _page_date(root, context), source.timezone)
    item = Item(
        native_id=native_id,
        url=context.url,
        title=title or clip(text.split("\n", 1)[0], 80),
        text=text or title,
        language=told_language(f"{title} {text}", page_language(root), source.language),
        role=role_of(source, title),
        published_at=day.at if day else None,
        date_quality=quality(day),
        label=_page_text(root, source, "page_label")[:MAX_LABEL],
        claim=_claim(root, source),
        aliases=aliases,
    )
    return Parsed((item,), is_complete=not context.is_truncated)


def exact(listed: Dated | None, on_page: Dated | None, timezone: str) -> Dated | None:
    """The list's date; the page's where the list has none or only tells about when, or where it adds the hour."""
    if listed is None or on_page is None:
        return listed or on_page
    if listed.is_approximate and not on_page.is_approximate:
        return on_page
    local, other = listed.at.astimezone(zone(timezone)), on_page.at.astimezone(zone(timezone))
    is_day_only = (local.hour, local.minute, local.second) == (0, 0, 0)
    return on_page if is_day_only and local.date() == other.date() else listed


def _page_date(root: HtmlElement, context: Context) -> Dated | None:
    css = option(context.source, "page_date")
    raw = text_of(root, css) if css else page_date(root, option(context.source, "page_date_after"))
    return dated(raw, context)


def _page_text(root: HtmlElement, source: Source, key: str) -> str:
    css = option(source, key)
    return one_line(text_of(root, css)) if css else ""


def _claim(root: HtmlElement, source: Source) -> str:
    claim = _page_text(root, source, "page_claim")
    return claim if len(claim) <= MAX_CLAIM else ""
