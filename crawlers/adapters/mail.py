"""One mail of a member of the public as the text of a tip; run in the parsing child, like every document of outsiders.

raw message -> plain part first, else cleaned HTML -> the forwarded part apart from the sender's words -> one text

No name, address or subject line of anybody is kept with the text. What a machine answered is `auto_reply` or `bounce`;
attachments are counted and never opened. SPF and DKIM results are notes.
"""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

from crawlers.adapters.mailtext import own_and_forwarded
from crawlers.adapters.protocol import Context, Parsed, Request
from crawlers.decode import decode
from crawlers.plain import one_line, plain_text
from index.model import Item, Role, Source

MAX_TEXT = 5_000  # characters of a tip, as the web form has it
MAX_PARTS = 100
MAX_DEPTH = 10
_STATEFUL = frozenset({"iso-2022-jp", "iso-2022-kr", "hz-gb-2312"})  # plain ASCII on the wire: they pass for UTF-8
_MACHINES = re.compile(r"\b(?:mailer-daemon|postmaster|no-?reply-bounce)@", re.I)
_BULK = frozenset({"bulk", "junk", "auto_reply"})
_RESULT = re.compile(r"\b(spf|dkim)\s*=\s*([a-z]{2,12})\b", re.I)
_REPLY_MARK = re.compile(r"^(?:(?:re|fwd?|aw|wg|回复|答复|转发|回覆|轉寄|轉發)\s*(?:\[\d+\])?\s*[:：]\s*)+", re.I)


class MailAdapter:
    """Reads one message. The item's `native_id` is the key of its Message-ID, its `text` the tip."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return ()  # a mailbox is no address: crawlers/mailbox.py brings the messages

    def read(self, body: bytes, context: Context) -> Parsed:
        try:
            message = email.message_from_bytes(body, policy=policy.compat32)
            if code := _machine(message):
                return Parsed(code=code)
            found = _Found()
            found.add(message, 0)
        except (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
            return Parsed(code="malformed")  # seen from the standard library for broken headers and parts
        text = found.tip() or _REPLY_MARK.sub("", _header(message, "Subject"))
        if not any(c.isalnum() for c in text):
            return Parsed(code="no_text", notes=found.notes())
        item = Item(_key(message, body), "", "", text[:MAX_TEXT], "", Role.CIRCULATING)
        return Parsed((item,), notes=found.notes() | _results(message))


@dataclass
class _Found:
    """The texts of a message, by kind; those of a message attached to it stand apart."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    attachment_count: int = 0
    part_count: int = 0

    def add(self, part: Message, depth: int) -> None:
        self.part_count += 1
        if self.part_count > MAX_PARTS or depth > MAX_DEPTH:
            return
        payload = part.get_payload()
        if part.get_content_type() == "message/rfc822" and isinstance(payload, list):
            inner = _Found(part_count=self.part_count)
            inner.add_all(payload[:1], depth)
            self.part_count = inner.part_count
            self.attachment_count += inner.attachment_count
            self.attached.append(inner.tip())
        elif isinstance(payload, list):
            self.add_all(payload, depth)
        elif part.get_filename() or part.get_content_disposition() == "attachment":
            self.attachment_count += 1
        elif part.get_content_type() == "text/plain":
            self.plain.append(_unflowed(_text(part), part))
        elif part.get_content_type() == "text/html":
            self.html.append(plain_text(_text(part)))
        else:
            self.attachment_count += 1

    def add_all(self, children: Sequence[object], depth: int) -> None:
        for child in children:
            if isinstance(child, Message):
                self.add(child, depth + 1)

    def tip(self) -> str:
        """What was forwarded, else what the sender wrote."""
        written = "\n".join(t for t in self.plain if t.strip()) or "\n".join(self.html)
        own, forwarded = own_and_forwarded(written)
        return forwarded or next((text for text in self.attached if text), "") or own

    def notes(self) -> dict[str, int]:
        return {"attachments": self.attachment_count} if self.attachment_count else {}


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = str(part.get_content_charset() or "")
    if charset in _STATEFUL:
        return payload.decode(charset.replace("hz-gb-2312", "hz"), "replace")
    decoded = decode(payload, f"text/plain; charset={charset}" if charset else "", "zh-Hans", is_truncated=True)
    return decoded.text if decoded is not None else payload.decode("utf-8", "ignore")


def _unflowed(text: str, part: Message) -> str:
    """Lines that only the mail program broke, joined (RFC 3676)."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    gap = "" if str(part.get_param("delsp", "")).lower() == "yes" else " "
    return re.sub(r"(?<!^--) \r?\n(?!>|-- )", gap, text, flags=re.M)


def _header(message: Message, name: str) -> str:
    raw = message.get(name)
    if raw is None:
        return ""
    try:
        return one_line(str(make_header(decode_header(str(raw)))))[:500]
    except (MessageError, ValueError, LookupError):
        return one_line(str(raw))[:500]


def _machine(message: Message) -> str:
    """`bounce` or `auto_reply` for what no person wrote, else ""."""
    kind = message.get_content_type()
    if kind in ("multipart/report", "message/delivery-status", "message/disposition-notification"):
        return "bounce"
    if _header(message, "Return-Path") == "<>" or _MACHINES.search(_header(message, "From")):
        return "bounce"
    submitted = _header(message, "Auto-Submitted").lower()
    if submitted and not submitted.startswith("no"):
        return "auto_reply"
    if _header(message, "Precedence").lower() in _BULK:
        return "auto_reply"
    return "auto_reply" if any(message.get(n) for n in ("X-Autoreply", "X-Autorespond", "X-Auto-Response")) else ""


def _key(message: Message, body: bytes) -> str:
    """The Message-ID as a digest: it may hold the sender's host. A message without one is known by its bytes."""
    name = _header(message, "Message-ID").encode("utf-8", "replace") or body
    return hashlib.sha256(name).hexdigest()


def _results(message: Message) -> dict[str, int]:
    """What the receiving server found (the topmost header is its own): notes, nothing is decided by them."""
    found = _RESULT.findall(_header(message, "Authentication-Results"))
    return {f"{kind.lower()}_{'pass' if result.lower() == 'pass' else 'other'}": 1 for kind, result in found}
