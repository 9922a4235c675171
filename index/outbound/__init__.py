"""The one HTTP transport of the project: no other room opens a connection to an address that somebody else named.

URL -> parts (scheme, user info, port, host as A-label) -> every resolved address judged -> a vetted address dialled
-> body under caps, all under one deadline. A redirect starts again at the first step, on a fresh connection.
Expected troubles are values (`Failure`), never exceptions. Rules and measurements: reliability.md 2.1-2.4.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

import idna
import urllib3  # noqa: TID251 - the one place
from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: TID251
from urllib3.exceptions import (  # noqa: TID251
    HTTPError,
    IncompleteRead,
    LocationParseError,
    ProtocolError,
)
from urllib3.exceptions import SSLError as PoolSSLError  # noqa: TID251
from urllib3.exceptions import TimeoutError as PoolTimeoutError  # noqa: TID251

from index.outbound.addresses import Vetting
from index.outbound.bodies import Inflater, gunzip
from index.outbound.deadline import Deadline
from index.outbound.values import Failure, Hop, Limits, Response, Sink, Stop, retry_after_s

__all__ = ["Failure", "Hop", "Limits", "Response", "Sink", "Stop", "Vetting", "gunzip", "request", "retry_after_s"]

# getaddrinfo cannot be interrupted: this bounds how long a dead name server holds a thread of the pool below.
os.environ.setdefault("RES_OPTIONS", "timeout:2 attempts:2")
_resolvers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="resolve")


_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^/?#@:\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?#].*)?",
    re.S | re.I,
)
_ASCII_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_.])?")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ANYWHERE = frozenset({"user-agent", "accept", "accept-language", "accept-encoding"})  # may travel to another origin


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str  # A-label or address, as dialled and as in the Host header
    port: int
    path: str
    url: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return (self.scheme, self.host, self.port)


@dataclass(frozen=True, slots=True)
class _Rules:
    vetting: Vetting
    limits: Limits
    deadline: Deadline
    into: Sink | None


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    vetting: Vetting | None = None,
    limits: Limits | None = None,
    into: Sink | None = None,
) -> Response | Failure:
    """One exchange with at most `limits.redirects` redirects. Never raises for anything that the other side does.
    The body of a success goes unpacked `into` a sink, where there is one, and the answer's own is empty.

    To another origin only User-Agent and Accept headers travel on; a body travels on only inside the origin (307, 308).
    """
    vetting, limits = vetting or Vetting(), limits or Limits()
    with Deadline(limits.total_s) as deadline:
        try:
            return _follow(method, url, dict(headers or {}), body, _Rules(vetting, limits, deadline, into))
        except Stop as stop:
            timed_out = deadline.fired and stop.failure.code != "blocked_address"
            return Failure("timeout", "no complete answer within the total deadline") if timed_out else stop.failure


def _follow(method: str, url: str, headers: dict[str, str], body: bytes | None, rules: _Rules) -> Response:
    hops: list[Hop] = []
    target = _target(url, rules.vetting)
    while True:
        response, location = _exchange(method, target, headers, body, rules)
        if location is None:
            return replace(response, hops=tuple(hops))
        hops.append(Hop(target.url, response.status))
        if len(hops) > rules.limits.redirects:
            raise Stop(Failure("redirect_refused", "too many redirects"))
        following = _next_target(target, location, rules.vetting)
        if following.url == target.url or any(h.url == following.url for h in hops):
            raise Stop(Failure("redirect_refused", "redirect loop"))
        if response.status == 303 or (response.status in (301, 302) and method not in ("GET", "HEAD")):
            method, body = "HEAD" if method == "HEAD" else "GET", None
            headers = {k: v for k, v in headers.items() if not k.lower().startswith("content-")}
        if following.origin != target.origin:
            headers = {k: v for k, v in headers.items() if k.lower() in _ANYWHERE}
            if body is not None:
                raise Stop(Failure("redirect_refused", "a body is not sent on to another origin"))
        target = following


def _target(url: str, vetting: Vetting) -> _Target:
    """The parts of a URL, judged before anything is resolved (reliability.md 2.2, steps 1 and 2)."""
    if len(url) > 4096 or "\\" in url or any(c.isspace() or ord(c) < 0x21 or 0x7F <= ord(c) < 0xA0 for c in url):
        raise Stop(Failure("blocked_address", "the address holds characters that are refused", permanent=True))
    match = _URL.fullmatch(url)
    if match is None:
        raise Stop(Failure("blocked_address", "not a plain http or https address", permanent=True))
    scheme, host = match["scheme"].lower(), _a_label(match["host"])
    port = int(match["port"] or (443 if scheme == "https" else 80))
    if not vetting.admits_port(port):
        raise Stop(Failure("blocked_address", f"port {port} is not registered", permanent=True))
    # Two parsers that read one address differently are a hole: urllib3 must agree, and its parts are what is dialled.
    plain = f"{scheme}://{host}:{port}{(match['rest'] or '/').split('#', 1)[0]}"
    try:
        parsed = urllib3.util.parse_url(plain)
    except LocationParseError:
        raise Stop(Failure("blocked_address", "the address cannot be read", permanent=True)) from None
    if parsed.host != host or parsed.port != port or parsed.auth is not None or parsed.scheme != scheme:
        raise Stop(Failure("blocked_address", "the address can be read in two ways", permanent=True))
    shown = host if port == (443 if scheme == "https" else 80) else f"{host}:{port}"
    return _Target(scheme, host, port, parsed.request_uri, f"{scheme}://{shown}{parsed.request_uri}")


def _a_label(host: str) -> str:
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            raise Stop(Failure("blocked_address", "not an IPv6 address", permanent=True)) from None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise Stop(Failure("dns", "the host name is not valid", permanent=True)) from None
    host = host.lower()
    if not _ASCII_HOST.fullmatch(host) or ".." in host:
        raise Stop(Failure("dns", "the host name is not valid", permanent=True))
    return host


def _next_target(here: _Target, location: str, vetting: Vetting) -> _Target:
    with contextlib.suppress(UnicodeError):  # http.client reads headers as latin-1; servers write UTF-8
        location = location.encode("latin-1").decode("utf-8")
    try:
        there = urljoin(here.url, location.strip().replace(" ", "%20"))
    except ValueError:
        raise Stop(Failure("redirect_refused", "the redirect's address cannot be read")) from None
    scheme = there.split(":", 1)[0].lower()
    if scheme not in ("http", "https"):
        raise Stop(Failure("redirect_refused", "redirect to another scheme"))
    if here.scheme == "https" and scheme == "http":
        raise Stop(Failure("redirect_refused", "redirect from https to http"))
    return _target(there, vetting)


def _vetted(target: _Target, rules: _Rules) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    """Every address of the host; one forbidden address refuses the host."""
    host = target.host.strip("[]")
    pending = _resolvers.submit(socket.getaddrinfo, host, target.port, 0, socket.SOCK_STREAM)
    try:
        found = pending.result(timeout=rules.deadline.left_s())
    except FutureTimeout:
        raise Stop(Failure("timeout", "the name was not resolved in time")) from None
    except (OSError, UnicodeError):
        raise Stop(Failure("dns", "the name cannot be resolved")) from None
    if not found:
        raise Stop(Failure("dns", "the name has no address"))
    for _, _, _, _, sockaddr in found:
        if not rules.vetting.admits(str(sockaddr[0]), target.port) or (len(sockaddr) == 4 and sockaddr[3]):
            raise Stop(Failure("blocked_address", "the host has an address that must not be read", permanent=True))
    return [(family, sockaddr) for family, _, _, _, sockaddr in found]


def _dialler(target: _Target, rules: _Rules) -> Callable[[], socket.socket]:
    def dial() -> socket.socket:
        trouble: OSError | None = None
        for family, sockaddr in _vetted(target, rules):
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(min(rules.limits.connect_s, rules.deadline.left_s()))
                rules.deadline.watch(sock)
                sock.connect(sockaddr)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(rules.limits.read_s)
                return sock
            except OSError as error:
                trouble = error
                sock.close()
        raise Stop(Failure("timeout" if isinstance(trouble, TimeoutError) else "connect", "no connection"))

    return dial


class _Plain(HTTPConnection):
    """urllib3's connection, dialling a vetted address; Host, SNI and certificate check keep the name.

    The hook is private: a test fails if urllib3 stops calling it.
    """

    def __init__(self, *args: Any, dial: Callable[[], socket.socket], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dial = dial

    def _new_conn(self) -> socket.socket:
        return self._dial()


class _Secure(HTTPSConnection):
    """As `_Plain`, over TLS; `signed` is told who signed the server's certificate."""

    def __init__(
        self, *args: Any, dial: Callable[[], socket.socket], signed: Callable[[str], None], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._dial, self._signed = dial, signed

    def _new_conn(self) -> socket.socket:
        return self._dial()

    def connect(self) -> None:
        super().connect()
        # Now, since a connection that closes after its answer has no socket to ask any more.
        self._signed(_issuer(self.sock))


def _issuer(sock: Any) -> str:
    """Who signed the certificate that was just checked: an organisation, which outlives its intermediate names."""
    certificate = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    parts: Any = (certificate or {}).get("issuer", ())
    names = {key: str(value) for part in parts for key, value in part}
    return (names.get("organizationName") or names.get("commonName") or "")[:200]


@functools.cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _pool(
    target: _Target, dial: Callable[[], socket.socket], limits: Limits, signed: Callable[[str], None]
) -> urllib3.HTTPConnectionPool:
    timeout = urllib3.Timeout(connect=limits.connect_s, read=limits.read_s)
    options: dict[str, Any] = {"timeout": timeout, "maxsize": 1, "retries": False, "dial": dial}
    if target.scheme == "http":
        pool = urllib3.HTTPConnectionPool(target.host, target.port, **options)
        pool.ConnectionCls = _Plain
        return pool
    options |= {"ssl_context": _trust(), "cert_reqs": "CERT_REQUIRED", "signed": signed}
    secure = urllib3.HTTPSConnectionPool(target.host, target.port, **options)
    secure.ConnectionCls = _Secure
    return secure


def _exchange(
    method: str, target: _Target, headers: dict[str, str], body: bytes | None, rules: _Rules
) -> tuple[Response, str | None]:
    """One request on a fresh connection; the second value is where a redirect leads (its body is never read)."""
    issuers: list[str] = []
    pool = _pool(target, _dialler(target, rules), rules.limits, issuers.append)
    wanted = {"Accept-Encoding": "gzip", **headers}
    try:
        raw = pool.urlopen(
            method, target.path, body, wanted, redirect=False, preload_content=False, decode_content=False
        )
        try:
            response, location = _read(raw, method, target, rules)
            return replace(response, issuer=issuers[-1] if issuers else ""), location
        finally:
            raw.close()
    except (HTTPError, OSError, ValueError) as error:
        raise Stop(_failure(error)) from None
    finally:
        pool.close()


def _read(raw: urllib3.BaseHTTPResponse, method: str, target: _Target, rules: _Rules) -> tuple[Response, str | None]:
    headers = {name.lower(): value for name, value in raw.headers.items()}
    location = headers.get("location") if raw.status in _REDIRECTS else None
    content, is_truncated, wire = b"", False, 0
    if location is None and method != "HEAD" and raw.status not in (204, 304):
        into = rules.into if 200 <= raw.status < 300 else None
        limits = rules.limits if into is rules.into else Limits()  # a page about an error is read in memory
        content, is_truncated, wire = _body(raw, headers, limits, into)
    if rules.deadline.fired:
        raise Stop(Failure("timeout"))
    return Response(raw.status, headers, content, target.url, (), is_truncated, wire), location


def _body(
    raw: urllib3.BaseHTTPResponse, headers: Mapping[str, str], limits: Limits, into: Sink | None
) -> tuple[bytes, bool, int]:
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Stop(Failure("bad_content_encoding", "only gzip was asked for"))
    if headers.get("content-length", "").isdecimal() and int(headers["content-length"]) > limits.wire_bytes:
        raise Stop(Failure("too_large", f"more than {limits.wire_bytes} bytes"))
    received, is_truncated = bytearray(), False
    # What goes to disk is looked at by nobody before it is read: the inflater finds out itself whether it is packed.
    is_packed = encoding.endswith("gzip") or into is not None
    sink = Inflater(limits.decoded_bytes, into) if is_packed else None
    wire = 0
    try:
        while chunk := raw.read1(65536, decode_content=False):
            wire += len(chunk)
            if wire > limits.wire_bytes:
                raise Stop(Failure("too_large", f"more than {limits.wire_bytes} bytes"))
            if sink is None:
                received += chunk
            else:
                sink.feed(chunk)
    except (IncompleteRead, ProtocolError):
        is_truncated = True
    if sink is not None:
        return bytes(sink.done), is_truncated or not sink.is_complete, wire
    return bytes(received), is_truncated, wire


def _failure(error: Exception) -> Failure:
    if isinstance(error, PoolSSLError | ssl.SSLError):
        return Failure("tls", "the certificate or the encrypted connection was refused")
    if isinstance(error, PoolTimeoutError | TimeoutError):
        return Failure("timeout", "no answer in time")
    if isinstance(error, ProtocolError | OSError):
        return Failure("connect", "the connection was cut or did not speak HTTP")
    return Failure("malformed", "the answer is not HTTP")
