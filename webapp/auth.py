"""Who is at the desk: passwords, log-in with a growing delay, sessions kept on the server, and safe `next` addresses.

A session is a random token in a cookie; the records hold only its SHA-256. Log-in makes a new token; log-out, a new
password and deactivation end it. What a person may do with it is decided in `desk/access.py` and by the catalogue.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app, g, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from index.catalogue import Catalogue
from index.errors import InvalidInput
from index.model import Editor
from webapp import opened

PASSWORD_LENGTH = (8, 128)
SESSION_LENGTH = timedelta(hours=12)
DEVICE_LENGTH = timedelta(days=180)
#: Guesses are counted over this window; the first ones are free, then each waits twice as long as the one before.
#: 15 fit into the hour (a test counts them), under the 20 of reliability.md C6.
WINDOW = timedelta(hours=1)
FREE_GUESSES = 3
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
#: A network may hold a whole newsroom, so it only waits after many more failures.
FREE_GUESSES_OF_A_NETWORK = 30

#: OWASP's argon2id profile of 46 MiB; 44 ms measured.
hasher = PasswordHasher(time_cost=1, memory_cost=47104, parallelism=1)


@dataclass(frozen=True, slots=True)
class LogIn:
    """What an attempt came to: the editor, or nobody and how long to wait before the next guess is looked at."""

    editor: Editor | None = None
    wait_s: int = 0


def init_app(app: Flask) -> None:
    """Checks at start what log-in stands on, and makes the hash that unknown names are compared with."""
    if not app.secret_key:
        raise RuntimeError("log-in needs a secret key")
    _dummy_hash()


# --- passwords ----------------------------------------------------------------------------------------------------


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return hasher.hash(unicodedata.normalize("NFC", password))


def check_new_password(password: str, name: str) -> None:
    """Refuses what is too short, too long or too common.

    Raises: InvalidInput with code password_short, password_long or password_common.
    """
    shortest, longest = PASSWORD_LENGTH
    if len(password) < shortest:
        raise InvalidInput(code="password_short", field="password")
    if len(password) > longest:
        raise InvalidInput(code="password_long", field="password")
    if _is_common(password.casefold(), name.casefold()):
        raise InvalidInput(code="password_common", field="password")


def _is_common(password: str, name: str) -> bool:
    letters = password.translate(str.maketrans("@$01!3", "asolie"))
    tail, ends = r"[\W\d_]+$", r"^[\W\d_]+|[\W\d_]+$"
    words = {password, re.sub(tail, "", letters), re.sub(tail, "", password), re.sub(ends, "", password)}
    steps = {ord(b) - ord(a) for a, b in pairwise(password)}
    is_run = len(steps) == 1 and steps <= {-1, 0, 1}  # 12345678, aaaaaaaa, 87654321
    return is_run or bool(words & _common_passwords()) or len(set(password)) < 3 or (len(name) > 3 and name in password)


@cache
def _common_passwords() -> frozenset[str]:
    text = (Path(__file__).parent / "common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def _dummy_hash() -> str:
    return hash_password(secrets.token_urlsafe(16))


def _fits(password_hash: str, password: str) -> bool:
    if len(password) > PASSWORD_LENGTH[1]:
        return False  # nobody has such a password, so the quick answer tells nothing
    try:
        return hasher.verify(password_hash, unicodedata.normalize("NFC", password))
    except (VerificationError, InvalidHashError):
        return False


# --- log-in -------------------------------------------------------------------------------------------------------


def try_log_in(catalogue: Catalogue, name: str, password: str) -> LogIn:
    """Looks at one guess. Unknown, deactivated and wrong give the same answer after the same work.

    Guesses are counted per account and per network. A browser that logged in to this account before is counted apart,
    so a stranger who keeps guessing cannot keep the owner out (reliability.md C6).
    """
    name = "".join(char for char in name if char.isprintable()).strip()  # as the records read it: one name, one counter
    guesser, network = _guesser_key(name), _key("network", _network(request.remote_addr))
    wait_s = max(_wait_s(catalogue, guesser, FREE_GUESSES), _wait_s(catalogue, network, FREE_GUESSES_OF_A_NETWORK))
    if wait_s:
        return LogIn(wait_s=wait_s)
    catalogue.note_login(guesser, succeeded=False)  # before the hasher runs: guesses sent at once all count
    found = catalogue.editor_by_name(name)
    editor, stored = found or (None, _dummy_hash())
    is_right = _fits(stored, password)
    if editor is None or not editor.is_active or not is_right:
        catalogue.note_login(network, succeeded=False)
        return LogIn(wait_s=0)
    catalogue.note_login(guesser, succeeded=True)
    if hasher.check_needs_rehash(stored):
        catalogue.renew_hash(editor, hash_password(password))
    return LogIn(editor)


def wait_after(failures: int, free: int) -> float:
    """Seconds that must pass after the last failure: 0 while some are free, then 2, 4, 8 … at most 15 minutes."""
    if failures < free:
        return 0.0
    return min(FIRST_WAIT_S * 2.0 ** min(failures - free, 30), LONGEST_WAIT_S)


def _wait_s(catalogue: Catalogue, key: str, free: int) -> int:
    wait = wait_after(catalogue.failed_logins(key, WINDOW), free)
    return math.ceil(wait) if wait and catalogue.failed_logins(key, timedelta(seconds=wait)) else 0


def _guesser_key(name: str) -> str:
    device = _read_device(request.cookies.get(_cookie_name("device"), ""))
    if device and hmac.compare_digest(device[0], _key("account", name.casefold())):
        return _key("device", device[1])
    return _key("account", name.casefold())


def _network(address: str | None) -> str:
    """The /24 or /56 that an address belongs to: one person, one office or one hoster."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 56), strict=False))


def _key(kind: str, value: str) -> str:
    """Counters hold no name or address: people type passwords into the name field."""
    return hmac.new(_secret(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


# --- sessions -----------------------------------------------------------------------------------------------------


def open_session(response: Response, catalogue: Catalogue, editor: Editor) -> None:
    """Ends the browser's earlier session and sets a new token; remembers the browser as one that knows this account."""
    _end(catalogue)
    token = secrets.token_urlsafe(32)
    catalogue.open_session(editor, _sha256(token), SESSION_LENGTH)
    _set_cookie(response, "session", token, SESSION_LENGTH)
    device = _devices().dumps([_key("account", editor.name.casefold()), secrets.token_hex(16)])
    _set_cookie(response, "device", device, DEVICE_LENGTH)


def end_session(response: Response, catalogue: Catalogue) -> None:
    """Ends the browser's session on the server and in the browser."""
    _end(catalogue)
    response.delete_cookie(_cookie_name("session"), path="/", secure=_is_https(), httponly=True, samesite="Lax")


def _end(catalogue: Catalogue) -> None:
    token = request.cookies.get(_cookie_name("session"))
    if token:
        catalogue.end_session(_sha256(token))
    g.pop("clarion_editor", None)


def current_editor(catalogue: Catalogue) -> Editor | None:
    """The active editor whose live session this request carries; asked once a request."""
    if "clarion_editor" not in g:
        token = request.cookies.get(_cookie_name("session"), "")
        g.clarion_editor = catalogue.session(_sha256(token)) if 32 <= len(token) <= 64 else None
    return g.clarion_editor


def _read_device(cookie: str) -> tuple[str, str] | None:
    try:
        account, nonce = _devices().loads(cookie, max_age=DEVICE_LENGTH.total_seconds())
        return str(account), str(nonce)
    except (BadData, ValueError, TypeError):
        return None


def _devices() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_secret(), salt="clarion-device")


def _set_cookie(response: Response, kind: str, value: str, length: timedelta) -> None:
    response.set_cookie(
        _cookie_name(kind), value, max_age=length, path="/", secure=_is_https(), httponly=True, samesite="Lax"
    )


def _cookie_name(kind: str) -> str:
    return f"__Host-clarion-{kind}" if _is_https() else f"clarion-{kind}"


def _is_https() -> bool:
    return opened.settings().site_url.startswith("https://")


def _secret() -> bytes:
    key = current_app.secret_key
    if not key:
        raise RuntimeError("the application has no secret key")
    return key if isinstance(key, bytes) else key.encode()


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# --- where to go after log-in --------------------------------------------------------------------------------------

_DESK_PATH = re.compile(r"/(?:en/|zh-hant/)?desk(?:/[A-Za-z0-9_./~-]*)?")


def safe_next(target: str | None, default: str) -> str:
    """`target` if it is a path of the desk on this site, else `default`.

    An allow-list, not a list of tricks: plain ASCII, begins with a desk path, no empty or dot segment, nothing encoded
    in the path (reliability.md C9).
    """
    if not target or not target.isascii() or not target.isprintable() or "\\" in target or " " in target:
        return default
    try:
        parts = urlsplit(target)
    except ValueError:
        return default
    path = parts.path
    is_plain = not parts.scheme and not parts.netloc and unquote(path) == path
    is_tidy = "//" not in path and not any(segment in (".", "..") for segment in path.split("/"))
    return target if is_plain and is_tidy and target.startswith("/") and _DESK_PATH.fullmatch(path) else default
