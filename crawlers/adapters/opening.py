"""What every adapter does first: the body as text, and the code of one that holds none or is a page instead."""

from __future__ import annotations

import re

from crawlers.adapters.protocol import Context, Parsed
from crawlers.decode import Decoded, decode

_LOGIN = re.compile(r"<input[^>]{0,300}type\s*=\s*[\"']?password", re.I)


def opened(body: bytes, context: Context) -> Decoded | Parsed:
    """The text; else what the adapter answers, `empty_body` or `bad_encoding`."""
    if not body.strip():
        return Parsed(code="empty_body")
    decoded = decode(body, context.content_type, context.source.language, context.is_truncated)
    return decoded if decoded is not None else Parsed(code="bad_encoding")


def page_instead(text: str) -> str:
    """`login_wall` or `not_a_feed` if the body is an HTML page and no feed, else "" (Q20)."""
    head = text[:2000].lstrip().lower()
    if re.search(r"<(?:rss|feed|rdf:rdf|channel)\b", head):
        return ""
    if head.startswith(("<!doctype html", "<html")) or "<body" in head or "<head" in head:
        return "login_wall" if _LOGIN.search(text[:200_000]) else "not_a_feed"
    return ""
