"""Posts of a WordPress site by its REST interface, version 2: `/wp-json/wp/v2/posts?per_page=100&_fields=…`.

body -> list of posts -> Item (date_gmt, titles without entities) -> the next page, until X-WP-TotalPages, or until a
page is not full. Where a site has REST switched off its `/feed/` is registered instead, as a `feed`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crawlers.adapters.dating import moment
from crawlers.adapters.feed import headline_verdict
from crawlers.adapters.jsonld import text_value
from crawlers.adapters.loosejson import load_json, number_in, text_at, with_parameter
from crawlers.adapters.opening import opened, page_instead
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request, parted
from crawlers.language import told_language
from crawlers.plain import clip, plain_text, plain_title, web_link
from crawlers.roles import role_of
from index.model import Item, Source

DEFAULT_PER_PAGE = 10  # WordPress's own


class WordPressAdapter:
    """Reads one page of posts. It uses no nonce and no `admin-ajax.php`."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        try:
            posts = load_json(decoded.text)
        except ValueError:
            instead = page_instead(decoded.text) or "malformed"
            return Parsed(code="truncated" if context.is_truncated else instead)
        if not isinstance(posts, list):
            return Parsed(code="not_a_feed")  # {"code": "rest_…"}: an error, not a list of posts
        if not posts and context.request.url == context.source.url:
            return Parsed(code="drift")
        items, bad = parted(_item(post, context) for post in posts)
        return Parsed(items, bad, _more(len(posts), context), is_complete=not context.is_truncated)


def _more(count: int, context: Context) -> tuple[Request, ...]:
    url = context.request.url
    page = number_in(url, "page") or 1
    is_last = count < (number_in(url, "per_page") or DEFAULT_PER_PAGE)
    if context.page_count is not None:
        is_last = page >= context.page_count
    return () if is_last or not count else (Request(with_parameter(url, "page", str(page + 1))),)


def _item(post: Any, context: Context) -> Item | ItemError:
    if not isinstance(post, dict):
        return ItemError("malformed")
    source = context.source
    native_id = text_value(post.get("id"))[:100]
    link = web_link(text_value(post.get("link")), context.url)
    guid = web_link(_rendered(post, "guid"), context.url)
    title = plain_title(_rendered(post, "title"))
    text = plain_text(_rendered(post, "content"), link) or plain_text(_rendered(post, "excerpt"), link)
    if not (title or text) or not (native_id or link):
        return ItemError("empty_item", native_id or link)
    title = title or clip(text.split("\n", 1)[0], 80)
    published, updated = _date(post, "date", context), _date(post, "modified", context)
    label, claim = headline_verdict(title, source)
    return Item(
        native_id=native_id or link,
        url=link or context.url,
        title=title,
        text=text or title,
        language=told_language(f"{title} {text}", "", source.language),
        role=role_of(source, title),
        published_at=published,
        updated_at=updated if updated and published and updated > published else None,
        label=label,
        claim=claim,
        aliases=tuple(a for a in dict.fromkeys((link, guid)) if a and a != native_id),
    )


def _rendered(post: dict[str, Any], key: str) -> str:
    """`title` is `{"rendered": …}`, and plain text where a plugin or `_fields=title.rendered` made it so."""
    return text_at(post, f"{key}.rendered") or text_value(post.get(key))


def _date(post: dict[str, Any], key: str, context: Context) -> datetime | None:
    """`date_gmt` is UTC without saying so; `date` is in the site's own zone."""
    gmt = moment(text_value(post.get(f"{key}_gmt")), context, "UTC")
    return gmt or moment(text_value(post.get(key)), context)
