"""Cofacts, where the public of Taiwan asks about messages: its GraphQL API, or files of its open data (CSV).

    message ─► a circulating text       each reply ─► a review, opposed ones too; a deleted one is withdrawn

Replies that a machine wrote are never asked for. The access key (`key_env`) is added by the fetcher. Its RSS is not
read (tracking in the ids, ten items).
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from crawlers.adapters.cofactsdump import is_dump, rows_of
from crawlers.adapters.dating import moment
from crawlers.adapters.loosejson import at_path, load_json, text_at
from crawlers.adapters.opening import opened
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request
from crawlers.language import told_language
from crawlers.plain import MAX_CLAIM, clip, one_line, plain_text
from crawlers.posts import first_sentence, without_handles
from index.model import Item, Role, Source

PAGE = 25
_ANSWERED = "filter:{replyCount:{GTE:1}},orderBy:[{lastRepliedAt:DESC}]"
_OPEN = "filter:{replyCount:{EQ:0}},orderBy:[{createdAt:DESC}]"
_REPLIES = "articleReplies(statuses:[NORMAL,DELETED]){status createdAt reply{id type text reference}}"


class CofactsAdapter:
    """Reads messages and, for a source of reviews, their replies. It asks for no names of users."""

    def first(self, source: Source) -> tuple[Request, ...]:
        """A question to the API; a source whose address is a file is simply fetched."""
        if not source.url.endswith("/graphql"):
            return (Request(source.url),)
        return (Request(source.url, body=question(source)),)

    def read(self, body: bytes, context: Context) -> Parsed:
        if is_dump(body):
            return _from_dump(body, context)
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        try:
            document = load_json(decoded.text)
        except ValueError:
            return Parsed(code="truncated" if context.is_truncated else "malformed")
        listed = at_path(document, "data.ListArticles.edges")
        if not isinstance(listed, list):
            return Parsed(code=_refusal(document))
        edges = [edge for edge in listed if isinstance(edge, dict)]
        parsed = _parsed([_message(edge.get("node")) for edge in edges], context)
        return dataclasses.replace(parsed, more=_next_page(edges, parsed.items, context))


def question(source: Source, after: str = "") -> bytes:
    """The request's JSON for one page of messages, answered or open by the source's role."""
    is_open = source.role is Role.CIRCULATING
    fields = f"id text createdAt {'' if is_open else _REPLIES}"
    chosen = _OPEN if is_open else _ANSWERED
    listed = f"ListArticles({chosen},first:$first,after:$after){{edges{{cursor node{{{fields}}}}}}}"
    query = f"query($first:Int,$after:String){{{listed}}}"
    return json.dumps({"query": query, "variables": {"first": PAGE, "after": after or None}}).encode()


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    id: str
    kind: str
    text: str
    reference: str
    created: str
    is_deleted: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """One message with its replies, from the API or from the files. The text of a picture may be empty."""

    id: str
    text: str
    created: str
    replies: tuple[Reply, ...] = ()


def _refusal(document: Any) -> str:
    errors = document.get("errors") if isinstance(document, dict) else None
    said = " ".join(text_at(error, "message") for error in errors) if isinstance(errors, list) else ""
    is_about_access = any(mark in said.lower() for mark in ("app-id", "appid", "app-secret", "authenticat", "authoriz"))
    return "needs_token" if is_about_access else "malformed"


def _message(node: Any) -> Message:
    replies = at_path(node, "articleReplies")
    found = [
        Reply(
            id=text_at(r, "reply.id"),
            kind=text_at(r, "reply.type"),
            text=text_at(r, "reply.text"),
            reference=text_at(r, "reply.reference"),
            created=text_at(r, "createdAt"),
            is_deleted=at_path(r, "status") not in (None, "NORMAL"),
        )
        for r in (replies if isinstance(replies, list) else ())
    ]
    return Message(text_at(node, "id"), text_at(node, "text"), text_at(node, "createdAt"), tuple(found))


def _from_dump(body: bytes, context: Context) -> Parsed:
    tables = rows_of(body)
    if isinstance(tables, str):
        return Parsed(code=tables)
    replies = {row["id"]: row for row in tables.get("replies", ()) if row.get("id")}
    joined: dict[str, list[Reply]] = {}
    for row in tables.get("article_replies", ()):
        told = replies.get(row.get("replyId", ""), {})
        joined.setdefault(row.get("articleId", ""), []).append(
            Reply(
                id=row.get("replyId", ""),
                kind=told.get("type") or row.get("replyType", ""),
                text=told.get("text", ""),
                reference=told.get("reference", ""),
                created=row.get("createdAt", ""),
                is_deleted=row.get("status", "NORMAL") != "NORMAL",
            )
        )
    messages = [
        Message(name, row.get("text", ""), row.get("createdAt", ""), tuple(joined.get(name, ())))
        for row in tables.get("articles", ())
        if (name := row.get("id", ""))
    ]
    return _parsed(messages, context)


def _parsed(messages: list[Message], context: Context) -> Parsed:
    items: list[Item] = []
    bad: list[ItemError] = []
    silent_count = 0
    is_open = context.source.role is Role.CIRCULATING
    for message in messages:
        if not message.id:
            bad.append(ItemError("malformed"))
            continue
        text = without_handles(plain_text(message.text))
        if text:
            items.append(_sighting(message, text, context))
        else:
            silent_count += 1  # a picture or a film
        if not is_open:
            items += [_review(message, text, reply, context) for reply in message.replies if reply.id]
    notes = {"without_text": silent_count} if silent_count else {}
    return Parsed(tuple(items), tuple(bad), is_complete=not context.is_truncated, notes=notes)


def _sighting(message: Message, text: str, context: Context) -> Item:
    source = context.source
    return Item(
        native_id=one_line(message.id)[:200],
        url=f"https://{source.domain}/article/{_in_path(message.id)}",
        title=first_sentence(text),
        text=text,
        language=told_language(text, "", source.language),
        role=Role.CIRCULATING,
        published_at=moment(message.created, context),
    )


def _review(message: Message, claim: str, reply: Reply, context: Context) -> Item:
    source = context.source
    said = plain_text(reply.text)
    body = "\n\n".join(part for part in (said, plain_text(reply.reference)) if part)
    return Item(
        native_id=f"{one_line(message.id)[:200]}/{one_line(reply.id)[:200]}",
        url=f"https://{source.domain}/reply/{_in_path(reply.id)}",
        title=first_sentence(said) or one_line(reply.kind)[:100],
        text=body,
        language=told_language(said, "", source.language),
        role=Role.REFUTATION,
        published_at=moment(reply.created, context),
        claim=clip(claim, MAX_CLAIM),
        label="NOT_RUMOR" if reply.kind == "NON_RUMOR" else one_line(reply.kind)[:100],
        is_withdrawn=reply.is_deleted,
    )


def _in_path(name: str) -> str:
    return "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_"))[:200]


def _next_page(edges: list[dict[str, Any]], items: tuple[Item, ...], context: Context) -> tuple[Request, ...]:
    """The page after the last cursor, named by the last item here: history that is known is not asked for again."""
    after = text_at(edges[-1], "cursor") if edges else ""
    if len(edges) < PAGE or not after or not items:
        return ()
    return (Request(context.source.url, "list", items[-1].native_id, body=question(context.source, after)),)
