"""Fact-checks marked up as schema.org ClaimReview, in JSON-LD or microdata: one Item a (page, claim).

list (HTML links, or a feed) -> pages -> blocks -> every ClaimReview node -> Item. A name in the markup gains nothing:
the publisher is the domain of the page it was read from (Q31-Q36 of sources.md 4).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from lxml.html import HtmlElement

from crawlers.adapters.dating import dated, moment, quality
from crawlers.adapters.feed import FeedAdapter, headline_verdict
from crawlers.adapters.jsonld import Node, nodes_of_type, read_blocks, strings, text_value
from crawlers.adapters.microdata import nodes_in
from crawlers.adapters.opening import opened
from crawlers.adapters.protocol import Context, Parsed, Request
from crawlers.domains import is_within, registrable
from crawlers.language import told_language
from crawlers.page import base_of, found, link_of, option, page_body, page_language, page_title, parse_page
from crawlers.plain import MAX_CLAIM, MAX_LABEL, MAX_TEXT, plain_text, plain_title, web_link
from crawlers.roles import role_of
from index.model import Item, Source

MAX_LINKS = 500


class ClaimReviewAdapter:
    """Reads reviews out of pages. It does not judge them and follows no `appearance`."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        if context.request.kind == "list" and _is_data_feed(body[:4096].decode("utf-8", "ignore")):
            from crawlers.adapters.datafeed import read_data_feed  # late: it reads reviews by this module

            return read_data_feed(BytesIO(body), context)
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        head = decoded.text.lstrip("\ufeff \n\r\t")[:1000]
        if context.request.kind == "list" and re.search(r"<(?:rss|feed|rdf:RDF)[\s>]", head):
            return _from_feed(body, context)
        root = parse_page(decoded.text)
        reviews, repaired_count = _reviews(decoded.text, head, root)
        if root is None and not reviews:
            return Parsed(code="malformed")
        items, repaired = _items(reviews, root, context)
        more = _links(root, context) if context.request.kind == "list" and root is not None else ()
        if context.request.kind == "list" and not items and not more:
            return Parsed(code="drift")
        notes = {"repaired": repaired_count} if repaired_count else {}
        if not items and context.request.about is not None:
            items = [context.request.about]  # the feed's entry stands for a page without markup
        return Parsed(tuple(items), (), more, "", not context.is_truncated, None, notes, repaired)


def _is_data_feed(head: str) -> bool:
    """A dump, by its first characters: it is read as a stream, never decoded or parsed as a whole."""
    is_json = head.lstrip("\ufeff \n\r\t").startswith("{")
    return is_json and ('"dataFeedElement"' in head or '"DataFeed"' in head)


def _from_feed(body: bytes, context: Context) -> Parsed:
    """Each entry's page holds the review; an entry without a link stays what it is."""
    feed = FeedAdapter().read(body, context)
    if feed.code:
        return feed
    more = tuple(Request(i.url, "page", i.url, i) for i in feed.items if i.url != context.url)
    return Parsed((), feed.bad, more, "", feed.is_complete, feed.ttl_min, feed.notes)


def _links(root: HtmlElement, context: Context) -> tuple[Request, ...]:
    source, base = context.source, base_of(root, context.url)
    pattern = str(source.options.get("url_pattern", ""))
    css = option(source, "link") or ("a[href]" if pattern else "")
    urls = [link_of(e, "", base) for e in found(root, css)[: MAX_LINKS * 4]]
    wanted = dict.fromkeys(u for u in urls if u and u != context.url and (not pattern or re.search(pattern, u)))
    return tuple(Request(url, "page", url) for url in list(wanted)[:MAX_LINKS])


def _reviews(text: str, head: str, root: HtmlElement | None) -> tuple[list[tuple[Node, bool]], int]:
    """Every ClaimReview node with whether its block had to be repaired, and how many blocks had to be."""
    blocks = [text] if head.startswith(("{", "[")) else []
    if root is not None and not blocks:
        blocks = [str(e.text_content()) for e in root.iter("script") if "ld+json" in (e.get("type") or "").lower()]
    reviews, repaired = [], 0
    for document, was_repaired in read_blocks(blocks):
        repaired += was_repaired
        reviews += [(node, was_repaired) for node in nodes_of_type(document, "ClaimReview")]
    if root is not None:
        reviews += [(node, False) for node in nodes_in(root, "ClaimReview")]
    return reviews, repaired


def _items(
    reviews: list[tuple[Node, bool]], root: HtmlElement | None, context: Context
) -> tuple[list[Item], frozenset[str]]:
    items: dict[str, Item] = {}
    repaired: set[str] = set()
    for node, was_repaired in reviews:
        item = review_item(node, root, context, is_only=len(reviews) == 1)
        if item.native_id not in items:
            items[item.native_id] = item
            repaired |= {item.native_id} if was_repaired else set()
    return list(items.values()), frozenset(repaired)


def review_item(node: Node, root: HtmlElement | None, context: Context, is_only: bool) -> Item:
    """One review as an Item. `context.url` is the page that carries it, whatever the markup says."""
    source = context.source
    reviewed = _first_node(node.get("itemReviewed"))
    url = next((u for raw in strings(node.get("url")) if (u := web_link(raw, context.url))), context.url)
    title = plain_title(text_value(node.get("headline")) or text_value(node.get("name")))
    title = title or (plain_title(page_title(root, option(source, "page_title"))) if root is not None else "")
    claim = _claim(node, reviewed, title)
    text = _body(node, root, context) or claim or title
    day = dated(text_value(node.get("datePublished")), context) or dated(text_value(node.get("dateCreated")), context)
    published, updated = day.at if day else None, moment(text_value(node.get("dateModified")), context)
    page_id = context.request.native_id or context.url
    return Item(
        native_id=review_id(context.url, claim or title),
        url=url,
        title=title or claim,
        text=text,
        language=told_language(f"{title} {text}", _language(node, root), source.language),
        role=role_of(source, title),
        published_at=published,
        updated_at=updated if updated and published and updated > published else None,
        date_quality=quality(day),
        publisher=_other_publisher(node, url, context),
        claim=claim,
        claimant=plain_title(_name(reviewed.get("author")))[:200],
        appearances=_appearances(reviewed, context),
        label=_label(node) or headline_verdict(title, source)[0],
        rating=_rating(_first_node(node.get("reviewRating"))),
        aliases=(page_id,) if is_only else (),
    )


def review_id(page_url: str, claim: str) -> str:
    """A page may hold several reviews: its address and the claim together name one."""
    return f"{page_url}#{hashlib.sha256(claim.encode('utf-8', 'ignore')).hexdigest()[:16]}"


def _claim(node: Node, reviewed: Node, title: str) -> str:
    """Plain and at most 500 characters, and not the headline again; else none: an editor fills it (Q36)."""
    raw = text_value(node.get("claimReviewed")) or text_value(reviewed.get("name") or reviewed.get("text"))
    claim = plain_title(raw) if len(raw) <= MAX_CLAIM * 4 else ""
    return claim if len(claim) < MAX_CLAIM and claim != title else ""


def _body(node: Node, root: HtmlElement | None, context: Context) -> str:
    declared = option(context.source, "page_body")
    if declared and root is not None and (text := page_body(root, context.url, declared)):
        return text
    body = text_value(node.get("reviewBody")) or text_value(node.get("articleBody"))
    if len(body) >= 40:
        return plain_text(body, context.url)[:MAX_TEXT]
    return page_body(root, context.url) if root is not None else plain_text(body, context.url)


def _language(node: Node, root: HtmlElement | None) -> str:
    value = node.get("inLanguage")
    named = text_value(value) or text_value(_first_node(value).get("alternateName"))
    return named or (page_language(root) if root is not None else "")


def _other_publisher(node: Node, url: str, context: Context) -> str:
    """Empty where the markup agrees with the page's domain, else the other domain: the item is `offsite` then (Q35)."""
    here = registrable(context.url)
    if context.source.options.get("aggregator"):
        return here  # its level is that of the page's own domain: a name in copied markup gains nothing
    authors = [u for raw in strings(_first_node(node.get("author")).get("url")) if (u := web_link(raw, context.url))]
    others = [d for d in (registrable(u) for u in [*authors[:1], url]) if d and d != here]
    mine = (context.source.domain, *_also(context.source))
    return next((d for d in others if not is_within(d, mine)), "")


def _also(source: Source) -> tuple[str, ...]:
    hosts = source.options.get("also_hosts", ())
    return tuple(str(h) for h in hosts) if isinstance(hosts, list | tuple) else ()


def _label(node: Node) -> str:
    rating = _first_node(node.get("reviewRating"))
    label = text_value(rating.get("alternateName"))
    if not label:  # some write the word where the number belongs, or as the whole rating
        value = text_value(rating.get("ratingValue")) or text_value(node.get("reviewRating"))
        label = "" if _number(value) is not None else value
    return plain_title(label)[:MAX_LABEL]


def _rating(rating: Node) -> tuple[float, float, float] | None:
    """Numbers only if worst <= value <= best and worst < best (Q33); schema.org's defaults are 1 and 5."""
    value = _number(text_value(rating.get("ratingValue")))
    worst = _number(text_value(rating.get("worstRating", 1)))
    best = _number(text_value(rating.get("bestRating", 5)))
    if value is None or worst is None or best is None or not (worst < best and worst <= value <= best):
        return None
    return value, worst, best


def _number(text: str) -> float | None:
    return float(text.replace(",", ".")) if re.fullmatch(r"\s*-?\d{1,9}(?:[.,]\d{1,6})?\s*", text, re.A) else None


def _appearances(reviewed: Node, context: Context) -> tuple[str, ...]:
    """Links where the claim was seen: split, http(s) only, the publisher's own pages removed (Q34)."""
    raw = [*_links_in(reviewed.get("appearance")), *_links_in(reviewed.get("firstAppearance"))]
    pieces = [piece for text in raw for piece in re.split(r"[\s,;]+(?=https?://)|\s+", text)]
    urls = dict.fromkeys(u for p in pieces if (u := web_link(p.strip(",;"))))
    here = registrable(context.url)
    return tuple(u for u in urls if registrable(u) != here)[:50]


def _links_in(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for entry in value[:200]:
            yield from _links_in(entry)
    elif isinstance(value, dict):
        yield from strings(value.get("url") or value.get("@id") or value.get("contentUrl"))
    else:
        yield from strings(value)


def _first_node(value: Any) -> Node:
    if isinstance(value, list):
        return next((v for v in value if isinstance(v, dict)), {})
    return value if isinstance(value, dict) else {}


def _name(value: Any) -> str:
    if isinstance(value, list):
        return next((n for v in value if (n := _name(v))), "")
    return text_value(value.get("name")) if isinstance(value, dict) else text_value(value)
