"""JSON, JSONP and JSON Lines lists, read by the paths that the source declares (`select`); nothing is guessed.

body -> list at `item` -> id, link, title, date, text, label, claim by their paths -> Item; `next` or `page_param` lead
to the next page, on which an empty list is the end. On the first page it is `drift`, never "no news".
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from crawlers.adapters.dating import dated, quality
from crawlers.adapters.feed import headline_verdict, weak_id
from crawlers.adapters.jsonld import text_value
from crawlers.adapters.loosejson import at_path, load_json, load_lines, number_in, text_at, with_parameter
from crawlers.adapters.opening import opened, page_instead
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request, parted
from crawlers.language import told_language
from crawlers.page import option
from crawlers.plain import MAX_CLAIM, MAX_LABEL, clip, one_line, plain_text, plain_title, web_link
from crawlers.roles import role_of
from index.model import Item, Source

MAX_ITEMS = 20_000


class JsonListAdapter:
    """Reads one page of a list interface. It runs no script and follows no path that was not declared."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        document, entries, code = _entries(decoded.text, context)
        if code:
            return Parsed(code=code)
        items, bad = parted(_item(entry, context) for entry in entries[:MAX_ITEMS])
        if not items and context.request.url == context.source.url:
            return Parsed(code="drift")
        more = _more(document, context) if items else ()
        return Parsed(items, bad, more, is_complete=not context.is_truncated)


def _entries(text: str, context: Context) -> tuple[Any, list[Any], str]:
    """The document, the entries of its list, and why there are none."""
    try:
        document = load_json(text)
    except ValueError:
        lines = load_lines(text)
        if lines:
            return None, lines, ""
        instead = page_instead(text) or ("not_a_feed" if text.lstrip().startswith("<") else "malformed")
        return None, [], "truncated" if context.is_truncated else instead
    found = at_path(document, option(context.source, "item"))
    if found is None and isinstance(document, dict) and not option(context.source, "item"):
        found = [document]  # a single line of JSON Lines
    return document, found if isinstance(found, list) else [], ""


def _item(entry: Any, context: Context) -> Item | ItemError:
    if not isinstance(entry, dict):
        return ItemError("malformed")
    source = context.source
    native_id = one_line(_text(entry, source, "id"))[:500]
    link = web_link(_text(entry, source, "link"), context.url) or _templated(native_id, source)
    title = plain_title(_text(entry, source, "title"))
    text = plain_text(_text(entry, source, "text"), link or context.url)
    if not title and not text:
        return ItemError("empty_item", native_id or link)
    title = title or clip(text.split("\n", 1)[0], 80)
    found = dated(_text(entry, source, "date"), context)
    published = found.at if found else None
    label, claim = headline_verdict(title, source)
    declared = plain_title(_text(entry, source, "claim"))
    native_id = native_id or link or weak_id(title, published)
    return Item(
        native_id=native_id,
        url=link or context.url,
        title=title,
        text=text or title,
        language=told_language(f"{title} {text}", "", source.language),
        role=role_of(source, title),
        published_at=published,
        date_quality=quality(found),
        label=plain_title(_text(entry, source, "label"))[:MAX_LABEL] or label,
        claim=declared if declared and len(declared) <= MAX_CLAIM else claim,
        aliases=(link,) if link and link != native_id else (),
    )


def _text(entry: dict[str, Any], source: Source, key: str) -> str:
    path = option(source, key)
    value = at_path(entry, path) if path else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1709625600.0 is a moment too
    return text_value(value)


def _templated(native_id: str, source: Source) -> str:
    """The page's address by the source's `link_template`, for lists that tell only ids."""
    template = source.options.get("link_template")
    if not native_id or not isinstance(template, str):
        return ""
    return web_link(template.replace("{id}", quote(native_id, safe="")))


def _more(document: Any, context: Context) -> tuple[Request, ...]:
    source, here = context.source, context.request.url
    path, parameter = option(source, "next"), source.options.get("page_param")
    following = web_link(text_at(document, path), context.url) if path else ""
    if not path and isinstance(parameter, str) and (number := number_in(here, parameter)) is not None:
        following = with_parameter(here, parameter, str(number + 1))
    return (Request(following),) if following and following not in (here, context.url) else ()
