"""A small IMAP server on loopback, as much of RFC 3501 as a mailbox of tips needs: over TLS, with literals and flags.

LOGIN SELECT UID SEARCH UNSEEN, UID FETCH (BODY.PEEK[]<0.n>), UID STORE +FLAGS, LOGOUT, NOOP, CAPABILITY. A test may
break it: refuse the login, hang up after a number of commands or in the middle of a message. At most 50 connections,
30 s each.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from dataclasses import dataclass, field

MAX_CONNECTIONS = 50
MAX_S = 30.0
_FETCH = re.compile(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", re.I)
_STORE = re.compile(r"UID STORE (\d+) \+FLAGS\.SILENT \(([^)]*)\)", re.I)


@dataclass
class Kept:
    """A message in the mailbox."""

    body: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class ImapServer:
    """Serves `messages` (by uid) to one user. `commands` holds every line that a client sent, without its password."""

    tls: ssl.SSLContext
    user: str = "tips@news.example"
    password: str = "correct horse"
    messages: dict[int, Kept] = field(default_factory=dict)
    hangs_up_after: int | None = None  # commands of one connection
    tears_messages: bool = False  # half of one is sent, and the connection closed
    commands: list[str] = field(default_factory=list)
    connection_count: int = 0

    def __enter__(self) -> ImapServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def put(self, body: bytes) -> int:
        uid = max(self.messages, default=100) + 1
        self.messages[uid] = Kept(body)
        return uid

    def _accept(self) -> None:
        while self.connection_count < MAX_CONNECTIONS:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connection_count += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(MAX_S)
        with contextlib.suppress(OSError, ValueError), self.tls.wrap_socket(sock, server_side=True) as secured:
            lines = secured.makefile("rb")
            secured.sendall(b"* OK [CAPABILITY IMAP4rev1] loopback\r\n")
            is_in = False
            for count, line in enumerate(iter(lines.readline, b"")):
                if count == self.hangs_up_after:
                    return
                tag, _, command = line.decode("utf-8").strip().partition(" ")
                self.commands.append("LOGIN …" if command.upper().startswith("LOGIN") else command)
                if command.upper().startswith("LOGIN"):
                    is_in = command == f'LOGIN "{self.user}" "{self.password}"' or command == (
                        f'LOGIN {self.user} "{self.password}"'
                    )
                    secured.sendall(f"{tag} {'OK done' if is_in else 'NO [AUTHENTICATIONFAILED] no'}\r\n".encode())
                    continue
                answer = self._answer(tag, command, is_in)
                if self.tears_messages and _FETCH.fullmatch(command):
                    secured.sendall(answer[: len(answer) // 2])
                    return
                secured.sendall(answer)
                if command.upper() == "LOGOUT":
                    return

    def _answer(self, tag: str, command: str, is_in: bool) -> bytes:
        upper = command.upper()
        if upper == "CAPABILITY":
            return f"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n".encode()
        if upper in ("LOGOUT", "NOOP"):
            return (b"* BYE bye\r\n" if upper == "LOGOUT" else b"") + f"{tag} OK done\r\n".encode()
        if not is_in:
            return f"{tag} NO not authenticated\r\n".encode()
        if upper.startswith("SELECT"):
            if '"INBOX"' not in command:
                return f"{tag} NO [NONEXISTENT] no such mailbox\r\n".encode()
            count = len(self.messages)
            return f"* {count} EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n{tag} OK [READ-WRITE] done\r\n".encode()
        if upper == "UID SEARCH UNSEEN":
            unseen = " ".join(str(uid) for uid, kept in self.messages.items() if "\\Seen" not in kept.flags)
            return f"* SEARCH {unseen}\r\n{tag} OK done\r\n".encode()
        if match := _FETCH.fullmatch(command):
            return self._fetched(tag, int(match[1]), int(match[2]))
        if (match := _STORE.fullmatch(command)) and int(match[1]) in self.messages:
            self.messages[int(match[1])].flags |= set(match[2].split())
            return f"{tag} OK done\r\n".encode()
        return f"{tag} BAD unknown command\r\n".encode()

    def _fetched(self, tag: str, uid: int, limit: int) -> bytes:
        kept = self.messages.get(uid)
        if kept is None:
            return f"{tag} OK done\r\n".encode()
        body, number = kept.body[:limit], list(self.messages).index(uid) + 1
        head = f"* {number} FETCH (UID {uid} BODY[]<0> {{{len(body)}}}\r\n".encode()
        return head + body + f")\r\n{tag} OK done\r\n".encode()
