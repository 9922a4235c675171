"""Google's Fact Check Tools interface, `claims:search`: one Item for each review of each claim.

body -> claims -> their reviews -> Item, whose publisher is the domain of the review's own page -> `nextPageToken` with
the same parameters. The key travels in a header (`crawlers.fetch`); it is in no address, log or child.
"""

from __future__ import annotations

from typing import Any

from crawlers.adapters.claimreview import review_id
from crawlers.adapters.dating import moment
from crawlers.adapters.jsonld import text_value
from crawlers.adapters.loosejson import load_json, text_at, with_parameter
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request, parted
from crawlers.domains import registrable
from crawlers.language import told_language
from crawlers.plain import MAX_CLAIM, MAX_LABEL, plain_title, web_link
from crawlers.roles import role_of
from index.model import Item, Source


class FactCheckToolsAdapter:
    """Reads answers of one search. It lends its level to nobody and knows no appearance of a claim."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        if not body.strip():
            return Parsed(code="empty_body")
        try:
            document = load_json(body.decode("utf-8", "replace"))
        except ValueError:
            return Parsed(code="truncated" if context.is_truncated else "malformed")
        claims = document.get("claims", []) if isinstance(document, dict) else None
        if not isinstance(claims, list) or "error" in document:
            return Parsed(code="not_a_feed")
        items, bad = parted(found for claim in claims for found in _reviews(claim, context))
        token = text_value(document.get("nextPageToken"))
        more = (Request(with_parameter(context.source.url, "pageToken", token)),) if token and claims else ()
        return Parsed(items, bad, more, is_complete=not context.is_truncated)


def _reviews(claim: Any, context: Context) -> list[Item | ItemError]:
    reviews = claim.get("claimReview") if isinstance(claim, dict) else None
    if not isinstance(reviews, list):
        return [ItemError("malformed")]
    return [_item(claim, review, context) for review in reviews]


def _item(claim: dict[str, Any], review: Any, context: Context) -> Item | ItemError:
    source = context.source
    url = web_link(text_at(review, "url"))
    if not url:
        return ItemError("no_link")
    text = plain_title(text_value(claim.get("text")))
    title = plain_title(text_value(review.get("title"))) or text
    if not title:
        return ItemError("empty_item", url)
    wording = text if len(text) < MAX_CLAIM and text != title else ""
    return Item(
        native_id=review_id(url, wording or title),
        url=url,
        title=title,
        text=text or title,
        language=told_language(f"{title} {text}", text_value(review.get("languageCode")), source.language),
        role=role_of(source, title),
        published_at=moment(text_value(review.get("reviewDate")), context, "UTC"),
        publisher=registrable(url),
        claim=wording,
        claimant=plain_title(text_value(claim.get("claimant")))[:200],
        label=plain_title(text_value(review.get("textualRating")))[:MAX_LABEL],
    )
