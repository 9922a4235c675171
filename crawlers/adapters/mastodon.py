"""Mastodon: an account's or a tag's RSS, or the public timeline API; Lemmy's list of posts too. Posts as sightings.

RSS ─► the feed adapter, then a first sentence as title      API ─► its JSON, boosts and private posts left out
An edit is a revision under the same id. A deleted post leaves the timeline, which says nothing (Q19).
"""

from __future__ import annotations

import dataclasses
from typing import Any

from crawlers.adapters.dating import moment
from crawlers.adapters.feed import FeedAdapter
from crawlers.adapters.jsonld import text_value
from crawlers.adapters.loosejson import load_json, with_parameter
from crawlers.adapters.opening import opened
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request
from crawlers.language import told_language
from crawlers.plain import one_line, plain_text, web_link
from crawlers.posts import first_sentence, without_handles
from crawlers.roles import role_of
from index.model import Item, Source

MAX_POSTS = 1_000


class MastodonAdapter:
    """Reads posts. Names, handles, avatars and counts are not kept."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        if body.lstrip()[:1] not in (b"[", b"{"):
            return _from_feed(FeedAdapter().read(body, context))
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        try:
            document = load_json(decoded.text)
        except ValueError:
            return Parsed(code="truncated" if context.is_truncated else "malformed")
        if isinstance(document, dict) and isinstance(document.get("posts"), list):
            return _parsed([_lemmy(entry) for entry in document["posts"][:MAX_POSTS]], context)
        if not isinstance(document, list):
            is_refused = isinstance(document, dict) and "error" in document
            return Parsed(code="needs_token" if is_refused else "not_a_feed")
        parsed = _parsed([_status(entry) for entry in document[:MAX_POSTS]], context)
        return dataclasses.replace(parsed, more=_older(document, parsed.items, context))


def _from_feed(parsed: Parsed) -> Parsed:
    items = []
    for item in parsed.items:
        text = without_handles(item.text)
        items.append(dataclasses.replace(item, title=first_sentence(text) or item.title, text=text, publisher=""))
    return dataclasses.replace(parsed, items=tuple(items))


@dataclasses.dataclass(frozen=True, slots=True)
class _Post:
    """What both services say of a post. `reason` set: it is no public post of its own."""

    id: str = ""
    url: str = ""
    title: str = ""
    markup: str = ""
    language: str = ""
    published: str = ""
    updated: str = ""
    reason: str = ""


def _status(entry: Any) -> _Post:
    """https://docs.joinmastodon.org/entities/Status/"""
    if not isinstance(entry, dict):
        return _Post(reason="malformed")
    if entry.get("reblog"):
        return _Post(reason="boosts")
    if text_value(entry.get("visibility")) not in ("", "public", "unlisted"):
        return _Post(reason="not_public")
    warning = text_value(entry.get("spoiler_text"))
    return _Post(
        id=text_value(entry.get("uri")) or text_value(entry.get("id")),
        url=text_value(entry.get("url")) or text_value(entry.get("uri")),
        markup=f"<p>{warning}</p>{text_value(entry.get('content'))}" if warning else text_value(entry.get("content")),
        language=text_value(entry.get("language")),
        published=text_value(entry.get("created_at")),
        updated=text_value(entry.get("edited_at")),
    )


def _lemmy(entry: Any) -> _Post:
    """https://join-lemmy.org/api/ PostView: the parts of `post` that are the text itself."""
    post = entry.get("post") if isinstance(entry, dict) else None
    if not isinstance(post, dict):
        return _Post(reason="malformed")
    if post.get("deleted") or post.get("removed"):
        return _Post(reason="not_public")
    return _Post(
        id=text_value(post.get("ap_id")) or text_value(post.get("id")),
        url=text_value(post.get("ap_id")),
        title=text_value(post.get("name")),
        markup=text_value(post.get("body")),
        published=text_value(post.get("published")),
        updated=text_value(post.get("updated")),
    )


def _parsed(posts: list[_Post], context: Context) -> Parsed:
    items: list[Item] = []
    bad: list[ItemError] = []
    notes: dict[str, int] = {}
    for post in posts:
        if post.reason and post.reason != "malformed":
            notes[post.reason] = notes.get(post.reason, 0) + 1
            continue
        item = None if post.reason else _item(post, context)
        if item is None:
            bad.append(ItemError(post.reason or "empty_item", post.id[:500]))
        else:
            items.append(item)
    return Parsed(tuple(items), tuple(bad), is_complete=not context.is_truncated, notes=notes)


def _item(post: _Post, context: Context) -> Item | None:
    source, base = context.source, context.url
    text = without_handles(plain_text(post.markup, base))
    title = without_handles(one_line(post.title)) or first_sentence(text)
    link = web_link(post.url, base)
    if not title or not (post.id or link):
        return None
    published = moment(post.published, context, "UTC")
    updated = moment(post.updated, context, "UTC")
    return Item(
        native_id=one_line(post.id)[:500] or link,
        url=link or base,
        title=title[:500],
        text=text or title,
        language=told_language(f"{title} {text}", post.language, source.language),
        role=role_of(source, title),
        published_at=published,
        updated_at=updated if updated and published and updated > published else None,
        aliases=(link,) if link and link != post.id else (),
    )


def _older(statuses: list[Any], items: tuple[Item, ...], context: Context) -> tuple[Request, ...]:
    """The page before: `max_id` is the last id here, as the API's own Link header has it. Named by the last post that
    is kept of this page, so that history which is known is not read again."""
    last = next((s for s in reversed(statuses) if isinstance(s, dict) and text_value(s.get("id"))), None)
    if last is None or not items:
        return ()
    url = with_parameter(context.url, "max_id", text_value(last["id"]))
    return (Request(url, "list", items[-1].native_id),)
