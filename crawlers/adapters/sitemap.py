"""Sitemaps: an index, a list of pages or of news, as XML or as lines of text; and the `Sitemap:` lines of a robots.txt.

robots.txt -> index -> at most 50 children, newest first -> addresses that fit `url_pattern` -> one page each (only
unknown ones) -> a ClaimReview's Items, else the page by the source's selectors. gzip is taken off by the fetcher.
`lastmod` only orders: it is often wrong. News entries tell title and date.

A robots.txt, and an index that dates no child, stay the same when pages come: they are never taken as complete, so
that the next poll reads the children again. A source that names its list of pages itself is polled conditionally.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO

from lxml import etree

from crawlers.adapters.claimreview import ClaimReviewAdapter
from crawlers.adapters.dating import moment
from crawlers.adapters.listing import ListingAdapter
from crawlers.adapters.opening import opened, page_instead
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request
from crawlers.language import told_language
from crawlers.plain import plain_title, web_link
from crawlers.roles import role_of
from index.model import Item, Source

MAX_URLS = 50_000  # of one file, by the protocol
MAX_CHILDREN = 50
MAX_PAGES = 5_000  # of one file, newest first: what a desk could ever read
MAX_PAGE_BYTES = 10 * 1024 * 1024  # sitemaps may be larger than pages
# Not `feed.prepared`, which does more: of a file of 45 MB it would take what is left of the child's five seconds.
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,300}\?>", re.I)
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d)?")
_ROBOTS_LINE = re.compile(r"(?im)^[ \t]*sitemap[ \t]*:[ \t]*(\S+)")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One `<url>` or `<sitemap>`: raw text of what it holds."""

    is_child: bool
    loc: str = ""
    lastmod: str = ""
    title: str = ""
    published: str = ""
    language: str = ""


class SitemapAdapter:
    """Finds pages and reads them. It follows an index one level down and believes no `lastmod`."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        if context.request.kind == "page":
            return _page(body, context)
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        text = decoded.text.lstrip("\ufeff \n\r\t")
        if not text.startswith("<"):
            return _lines(text, context)
        if code := page_instead(text):
            return Parsed(code=code)
        return _document(text, context)


def _lines(text: str, context: Context) -> Parsed:
    """A sitemap of one address a line; or, where the source names a robots.txt, the sitemaps that it names."""
    if context.request.url == context.source.url and context.url.split("?")[0].endswith("/robots.txt"):
        sitemaps = dict.fromkeys(u for raw in _ROBOTS_LINE.findall(text) if (u := web_link(raw, context.url)))
        more = tuple(Request(url) for url in list(sitemaps)[:MAX_CHILDREN] if url != context.url)
        return Parsed(more=more, is_complete=False) if more else Parsed(code="drift")
    entries = [_Entry(is_child=False, loc=line) for line in text.split("\n")[:MAX_URLS] if line.strip()]
    if not any(web_link(e.loc) for e in entries):
        return Parsed(code="not_a_feed")
    return _pages(entries, context, is_whole=not context.is_truncated)


def _document(text: str, context: Context) -> Parsed:
    parser = etree.iterparse(
        BytesIO(_BARE_AMPERSAND.sub("&amp;", _DECLARATION.sub("", text, count=1)).encode("utf-8", "ignore")),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    entries: list[_Entry] = []
    root, is_whole = "", False
    try:
        for event, element in parser:
            name = _name(element)
            root = root or name
            if event == "end" and name in ("url", "sitemap") and element.getparent() is not None:
                entries.append(_entry(element, is_child=name == "sitemap"))
                _forget(element)
            if len(entries) >= MAX_URLS:
                break
        else:
            is_whole = not context.is_truncated
    except etree.XMLSyntaxError:
        is_whole = False  # the whole entries before the fault stand (Q21)
    if root not in ("urlset", "sitemapindex"):
        return Parsed(code="not_a_feed" if root else "malformed")
    if root == "sitemapindex":
        return _children([e for e in entries if e.is_child], context, is_whole)
    return _pages([e for e in entries if not e.is_child], context, is_whole)


def _name(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _forget(element: etree._Element) -> None:
    """What was read leaves the tree: a sitemap of 50 MB must not become one of 500."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _entry(element: etree._Element, is_child: bool) -> _Entry:
    """Only the entry's own `loc`; an image's or video's title is not the page's."""
    values: dict[str, str] = {}
    for child in _with_news(element):
        values.setdefault(_name(child), (child.text or "").strip()[:4096])
    return _Entry(
        is_child,
        values.get("loc", ""),
        values.get("lastmod", ""),
        values.get("title", ""),
        values.get("publication_date", ""),
        values.get("language", ""),
    )


def _with_news(element: etree._Element) -> Iterator[etree._Element]:
    for child in element:
        if _name(child) == "news":
            for part in child:
                yield from part if _name(part) == "publication" else (part,)
        else:
            yield child


def _children(entries: list[_Entry], context: Context, is_whole: bool) -> Parsed:
    """An index leads to lists of pages; an index inside an index is refused: two levels are enough for anybody."""
    if context.request.kind == "child":
        return Parsed(bad=(ItemError("malformed", context.url),), is_complete=is_whole)
    urls = [u for e in _newest_first(entries) if (u := web_link(e.loc, context.url))]
    more = tuple(Request(url, "child") for url in list(dict.fromkeys(urls))[:MAX_CHILDREN] if url != context.url)
    is_dated = all(e.lastmod for e in entries)
    return Parsed(more=more, is_complete=is_whole and is_dated) if more else Parsed(code="drift")


def _pages(entries: list[_Entry], context: Context, is_whole: bool) -> Parsed:
    pattern = re.compile(str(context.source.options.get("url_pattern", "")))
    wanted = [e for e in entries if pattern.search(e.loc)]
    if not wanted and entries and context.request.url == context.source.url:
        return Parsed(code="drift")
    more: dict[str, Request] = {}
    bad: list[ItemError] = []
    for entry in _newest_first(wanted)[:MAX_PAGES]:
        if url := web_link(entry.loc, context.url):
            more.setdefault(url, Request(url, "page", url, _about(entry, url, context)))
        else:
            bad.append(ItemError("no_link"))
    return Parsed((), tuple(bad[:100]), tuple(more.values()), is_complete=is_whole)


def _newest_first(entries: list[_Entry]) -> list[_Entry]:
    """By the text of the date, which is W3C's form; entries without one keep their place after those that have."""
    return sorted(entries, key=lambda e: day[0] if (day := _DAY.match(e.published or e.lastmod)) else "", reverse=True)


def _about(entry: _Entry, url: str, context: Context) -> Item | None:
    """What a news entry already tells of its page."""
    source, title = context.source, plain_title(entry.title)
    if not title:
        return None
    published = moment(entry.published, context)
    language = told_language(title, entry.language, source.language)
    return Item(url, url, title, "", language, role_of(source, title), published)


def _page(body: bytes, context: Context) -> Parsed:
    """The page's ClaimReviews; a page without any by the source's selectors."""
    if len(body) > MAX_PAGE_BYTES:
        return Parsed(code="too_large")
    if b"ClaimReview" in body:
        about = context.request.about
        reviews = ClaimReviewAdapter().read(body, replace(context, request=replace(context.request, about=None)))
        listed = about.published_at if about else None
        items = tuple(replace(i, published_at=i.published_at or listed) for i in reviews.items)
        if items:
            return replace(reviews, items=items, more=())
    return ListingAdapter().read(body, context)
