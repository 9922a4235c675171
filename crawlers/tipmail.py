"""Tips by mail: `clarion mail`. Each unread message of the mailbox becomes the same Tip as the web form writes.

visit (one process at a time, by lease) ─► message ─► parsing child ─► catalogue.take_tip ─► marked as read

The Message-ID is stored with the tip in one transaction, so a crash before the mark costs a second look, no second tip.
Nobody is answered. Logged are counts, never an address, a subject or a text.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import structlog

from crawlers.adapters.protocol import Context, Request
from crawlers.fetch import Failed
from crawlers.following import Reading
from crawlers.mailbox import TROUBLES, Mailbox, address_of
from crawlers.reading import Reader
from crawlers.schedule import UNAVAILABLE, new_owner
from index.errors import InvalidInput
from index.model import Role, Source, SourceKind, Tip
from index.settings import Settings

EVERY_S = 60.0
AFTER_TROUBLE_S = 300.0
LEASE = "mail"
LEASE_S = 120.0
# The reader wants to know whose document it reads; a mailbox is nobody's.
SENDERS = Source("mail", {"en": "mail"}, SourceKind.MONITOR, 0, "", "", "mail", Role.CIRCULATING, "zh-Hans")
_log = structlog.get_logger("crawlers")


class Catalogue(Protocol):
    """What a visit asks of the catalogue."""

    def take_tip(self, text: str, key: str) -> Tip | None: ...
    def take_lease(self, name: str, holder: str, ttl_s: float) -> int | None: ...
    def release_lease(self, name: str, holder: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit did. `code` set: it ended early, and what is left waits for the next."""

    taken: int = 0
    known: int = 0
    dropped: int = 0
    unread: int = 0  # could not be read: left to a person
    code: str = ""


def visit(catalogue: Catalogue, settings: Settings, reader: Reading, owner: str) -> Visit:
    """Reads what is unread. A trouble of the mailbox is a value; only one process visits at a time."""
    address = address_of(settings)
    if catalogue.take_lease(LEASE, owner, LEASE_S) is None:
        return Visit(code="taken_elsewhere")
    counts: Counter[str] = Counter()
    code = ""
    try:
        with Mailbox(address, settings.mail_password, settings.mail_ca_certs) as box:
            for uid in box.unread():
                if catalogue.take_lease(LEASE, owner, LEASE_S) is None:
                    code = "taken_elsewhere"
                    break
                counts[_take(catalogue, box, uid, reader)] += 1
    except TROUBLES as error:
        code = "mailbox"
        _log.warning("mailbox_failed", kind=type(error).__name__)  # its message may hold the user's name
    finally:
        catalogue.release_lease(LEASE, owner)
    done = Visit(counts["taken"], counts["known"], counts["dropped"], counts["unread"], code)
    values = {name: getattr(done, name) for name in ("taken", "known", "dropped", "unread")}
    _log.info("mailbox_visited", code=code, **values)
    return done


def _take(catalogue: Catalogue, box: Mailbox, uid: str, reader: Reading) -> str:
    """What became of one message: taken, known, dropped, unread or gone."""
    body = box.message(uid)
    if body is None:
        return "gone"
    parsed = reader.read(body, Context(SENDERS, Request(""), "", datetime.now(UTC)))
    if isinstance(parsed, Failed) or parsed.code == "malformed":
        box.mark(uid, for_a_person=True)
        return "unread"
    outcome, reason = "dropped", parsed.code
    for item in parsed.items:
        try:
            tip = catalogue.take_tip(item.text, item.native_id)
        except InvalidInput as error:
            reason = error.code
        else:
            outcome = "known" if tip is None else "taken"
    box.mark(uid)
    _log.info("mail_read", outcome=outcome, reason=reason, **parsed.notes)
    return outcome


def run(settings: Settings, catalogue: Catalogue, stop: threading.Event) -> None:
    """Visits the mailbox until `stop` is set."""
    address_of(settings)  # an unusable setting ends the command at once
    owner, reader = new_owner(), Reader(size=1)
    _log.info("mail_started", owner=owner)
    try:
        while not stop.is_set():
            try:
                code = visit(catalogue, settings, reader, owner).code
            except UNAVAILABLE as error:  # the database restarts or is full: unread messages wait
                code = error.code
                _log.warning("visit_put_off", code=code)
            stop.wait(AFTER_TROUBLE_S if code == "mailbox" else EVERY_S)
    finally:
        reader.close()
        _log.info("mail_stopped", owner=owner)
