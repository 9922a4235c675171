"""An IMAP mailbox (RFC 3501) by the standard library: over TLS only, certificate checked, sizes and counts bounded.

The host is the operator's own choice (settings), so the transport for addresses of others is not used here.
"""

from __future__ import annotations

import contextlib
import imaplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from index.errors import SettingError
from index.settings import Settings

MAX_BYTES = 1024 * 1024  # of one message; what lies behind is attachments
MAX_MESSAGES = 100  # of one visit
TIMEOUT_S = 20.0
TROUBLES = (imaplib.IMAP4.error, OSError)  # refusals and broken answers; connection, TLS, time


@dataclass(frozen=True, slots=True)
class Address:
    """Where the mailbox is. The password is no part of it."""

    host: str
    port: int
    user: str
    folder: str


def address_of(settings: Settings) -> Address:
    """Raises: SettingError for anything but `imaps://user@host[:port][/folder]`."""
    try:
        parts = urlsplit(settings.mail_url)
        port = parts.port or 993
    except ValueError:
        raise SettingError("CLARION_MAIL_URL cannot be read") from None
    user, folder = unquote(parts.username or ""), unquote(parts.path.strip("/")) or "INBOX"
    if parts.scheme != "imaps" or not parts.hostname or not user or parts.password is not None:
        raise SettingError("CLARION_MAIL_URL must be imaps://user@host, without a password")
    if not settings.mail_password:
        raise SettingError("CLARION_MAIL_PASSWORD is not set")
    if not settings.mail_password.isascii() or not settings.mail_password.isprintable():
        raise SettingError("CLARION_MAIL_PASSWORD must be plain ASCII: LOGIN takes nothing else")
    if not (user + folder).isascii() or any(c in user + folder for c in '"\\\r\n'):
        raise SettingError("CLARION_MAIL_URL: the user and the folder must be plain ASCII")
    return Address(parts.hostname, port, user, folder)


class Mailbox:
    """One visit: use it as a context. It reads, and marks what was read; it moves and deletes nothing.

    Every method may raise one of TROUBLES.
    """

    def __init__(self, address: Address, password: str, ca_certs: str = "") -> None:
        trust = ssl.create_default_context(cafile=ca_certs or None)
        self._imap = imaplib.IMAP4_SSL(address.host, address.port, ssl_context=trust, timeout=TIMEOUT_S)
        try:
            self._imap.login(address.user, password)
            self._expect_ok(self._imap.select(f'"{address.folder}"'))
        except BaseException:
            self.close()
            raise

    def unread(self) -> tuple[str, ...]:
        """The ids of messages without the mark, oldest first, at most MAX_MESSAGES."""
        data = self._expect_ok(self._imap.uid("SEARCH", "UNSEEN"))
        ids = [i for line in data if isinstance(line, bytes) for i in line.decode("ascii", "ignore").split()]
        return tuple(sorted((i for i in ids if i.isdecimal()), key=int)[:MAX_MESSAGES])

    def message(self, uid: str) -> bytes | None:
        """The first MAX_BYTES of a message, without marking it; None if it is gone."""
        data = self._expect_ok(self._imap.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MAX_BYTES}>)"))
        return next((bytes(part[1])[:MAX_BYTES] for part in data if isinstance(part, tuple)), None)

    def mark(self, uid: str, *, for_a_person: bool = False) -> None:
        """Marked as read; a message that could not be read is flagged too, so that a person may look."""
        flags = r"(\Seen \Flagged)" if for_a_person else r"(\Seen)"
        self._expect_ok(self._imap.uid("STORE", uid, "+FLAGS.SILENT", flags))

    def close(self) -> None:
        with contextlib.suppress(*TROUBLES):
            self._imap.logout()

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _expect_ok(self, answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
        status, data = answer
        if status != "OK":
            raise imaplib.IMAP4.error(f"the server answered {status}")
        return data
