"""A Telegram channel's public preview, `t.me/s/‹channel›`: its messages as circulating texts.

https://t.me/s/name ─► messages, newest page first      ?before=N ─► the page before, while its oldest is unknown
redirect to /name   ─► no_preview: the channel shows none, which is not "empty"
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml import html as lxml_html
from lxml.html import HtmlElement

from crawlers.adapters.dating import moment
from crawlers.adapters.opening import opened
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request
from crawlers.language import told_language
from crawlers.page import found, parse_page
from crawlers.plain import plain_text
from crawlers.posts import first_sentence, without_handles
from crawlers.roles import role_of
from index.model import Item, Source

_POST = re.compile(r"([A-Za-z0-9_]{3,64})/(\d{1,12})")


class TelegramAdapter:
    """Reads text messages. Views, authors and the names that messages were forwarded from are not read at all."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        if not urlsplit(context.url).path.startswith("/s/"):
            return Parsed(code="no_preview")
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        root = parse_page(decoded.text)
        if root is None:
            return Parsed(code="malformed")
        messages = found(root, "div.tgme_widget_message[data-post]")
        if not messages:  # an empty channel still introduces itself
            is_channel = found(root, ".tgme_channel_info, .tgme_channel_history")
            return Parsed() if is_channel else Parsed(code="no_preview" if found(root, ".tgme_page") else "drift")
        items: list[Item] = []
        bad: list[ItemError] = []
        silent_count = 0
        for message in messages:
            item = _item(message, context)
            if isinstance(item, Item):
                items.append(item)
            elif item is not None:
                bad.append(item)
            else:
                silent_count += 1
        notes = {"without_text": silent_count} if silent_count else {}
        more = _before(messages, items, context)
        return Parsed(tuple(items), tuple(bad), more, is_complete=not context.is_truncated, notes=notes)


def _item(message: HtmlElement, context: Context) -> Item | ItemError | None:
    """None for pictures without a word and for notices of the service itself."""
    source, name = context.source, message.get("data-post") or ""
    post = _POST.fullmatch(name)
    if post is None:
        return ItemError("malformed", name[:500])
    texts = [
        element
        for element in found(message, ".tgme_widget_message_text")
        if not any("tgme_widget_message_reply" in (a.get("class") or "") for a in element.iterancestors())
    ]
    markup = "".join(lxml_html.tostring(e, encoding="unicode", with_tail=False) for e in texts[:1])
    text = without_handles(plain_text(markup, context.url))
    if not text or "service_message" in (message.get("class") or ""):
        return None
    title = first_sentence(text)
    raw_date = next((e.get("datetime") or "" for e in found(message, "a.tgme_widget_message_date time, time")), "")
    return Item(
        native_id=f"{post[1].lower()}/{post[2]}",
        url=f"https://t.me/{post[1]}/{post[2]}",
        title=title,
        text=text,
        language=told_language(text, "", source.language),
        role=role_of(source, title),
        published_at=moment(raw_date, context),
    )


def _before(messages: list[HtmlElement], items: list[Item], context: Context) -> tuple[Request, ...]:
    """The page before this one. Named by the oldest message that is kept of this one: where that is known, so is what
    came before."""
    numbers = [int(match[2]) for m in messages if (match := _POST.fullmatch(m.get("data-post") or ""))]
    if not items or not numbers or min(numbers) <= 1:
        return ()
    address = urlsplit(context.url)
    url = f"{address.scheme}://{address.netloc}{address.path}?before={min(numbers)}"
    oldest = min(items, key=lambda item: int(item.native_id.rsplit("/", 1)[-1]))
    return (Request(url, "list", oldest.native_id),)
