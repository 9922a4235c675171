"""Polite fetching over index.outbound: robots first, validators byte for byte, statuses as stable codes.

Per-host pace across processes is part of the lease claim (reliability.md A13); here only further pages of a run wait.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from crawlers.domains import host_of
from crawlers.robots import MAX_BYTES, RobotsCache
from crawlers.spill import DUMP_BYTES, DUMP_S, Spill
from index.model import Source
from index.outbound import Failure, Hop, Limits, Response, Vetting, gunzip, request, retry_after_s
from index.settings import Settings

GAP_S = 1.0
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/html;q=0.8, */*"
)
_CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    407: "unauthorized",
    410: "gone",
    429: "rate_limited",
}
# A 400 that says more than "not found", by what its body holds.
_SAID_400 = {b"rest_post_invalid_page_number": "end_of_list", b"API_KEY_INVALID": "needs_token"}
# Format -> the header in which its API takes the key named by `key_env`; there it is in no address, log or redirect.
_KEY_HEADERS = {"factchecktools": "X-Goog-Api-Key", "cofacts": "x-app-id"}
SITEMAP_BYTES = 50 * 1024 * 1024  # what the sitemap protocol allows
_CHALLENGE = (
    b"cf-chl",
    b"challenge-platform",
    b"Just a moment...",
    b"cf_chl_opt",
    b"_Incapsula_Resource",
    b"/cdn-cgi/challenge",
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A new body. `etag` and `last_modified` are opaque: quotes and all."""

    body: bytes
    url: str
    status: int
    content_type: str
    sha256: str
    etag: str | None
    last_modified: str | None
    answered_at: datetime | None
    max_age_s: int | None
    hops: tuple[Hop, ...]
    is_truncated: bool
    wire_bytes: int
    page_count: int | None = None  # X-WP-TotalPages
    issuer: str = ""  # of the server's certificate
    spill: Spill | None = None  # a dump: `body` is only its beginning; whoever takes this closes it


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: the publisher says that nothing changed."""

    hops: tuple[Hop, ...] = ()
    max_age_s: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """200 with the body we know; its validators are the newer ones."""

    etag: str | None
    last_modified: str | None
    hops: tuple[Hop, ...] = ()
    max_age_s: int | None = None
    wire_bytes: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """No usable body, by a stable code (sources.md 3)."""

    code: str
    permanent: bool = False
    retry_after_s: int | None = None
    detail: str = ""
    status: int | None = None


Outcome = Fetched | NotModified | Unchanged | Failed


class Fetcher:
    """Fetches for one crawl process. Per host it keeps robots rules, the last start and a pause that was asked for."""

    def __init__(
        self,
        settings: Settings,
        *,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        contact = settings.bot_contact or f"{settings.site_url}/bot"
        self._headers = {"User-Agent": f"ClarionBot/1.0 (+{contact})", "Accept": _ACCEPT}
        self._internal = frozenset(settings.internal_targets)
        self._limits = limits or Limits()
        self._sleep, self._monotonic, self._environ = sleep, monotonic, environ
        self._last_start: dict[str, float] = {}
        self._paused_until: dict[str, float] = {}
        self._lock = threading.Lock()
        self._robots = RobotsCache(monotonic)
        self._folder, self._stopped = settings.data_dir, threading.Event()

    def close(self) -> None:
        """Ends the fetching of dumps, the one kind of exchange that lasts for minutes."""
        self._stopped.set()

    def poll(
        self,
        source: Source,
        url: str,
        etag: str | None,
        last_modified: str | None,
        sha256: str | None,
        body: bytes = b"",
    ) -> Outcome:
        """The source's own document, conditionally. The claim waited for the host; what this process began there since
        (the pages of another run) is waited for here."""
        headers = {}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        self._wait(url, pace_s(source))
        spill = Spill(self._folder, self._stopped) if source.options.get("dump") else None
        outcome = self._get(source, url, headers, body, spill)
        if spill is not None and not isinstance(outcome, Fetched):
            spill.close()
        if isinstance(outcome, Failed) and outcome.code == "end_of_list":
            return replace(outcome, code="not_found")  # an end without a beginning
        if isinstance(outcome, Fetched) and sha256 and outcome.sha256 == sha256 and not outcome.is_truncated:
            if outcome.spill is not None:
                outcome.spill.close()
            return Unchanged(
                outcome.etag, outcome.last_modified, outcome.hops, outcome.max_age_s, outcome.wire_bytes, outcome.url
            )
        return outcome

    def page(self, source: Source, url: str, body: bytes = b"") -> Fetched | Failed:
        """A further address of the same run, at least a second after the last start on its host."""
        self._wait(url, pace_s(source))
        outcome = self._get(source, url, {}, body)
        return outcome if isinstance(outcome, Fetched | Failed) else Failed("malformed", detail="an unasked 304")

    def _get(
        self, source: Source, url: str, conditional: dict[str, str], body: bytes, spill: Spill | None = None
    ) -> Outcome:
        if (left_s := self._pause_s(url)) > 0:
            return Failed("rate_limited", retry_after_s=left_s, detail="the host asked for a pause")
        vetting = self._vetting(source)
        if "robots_override" not in source.options:
            rules = self._robots.rules(url, lambda address: self._robots_txt(address, vetting))
            if rules.closed_by:
                return Failed(rules.closed_by, detail="robots.txt could not be had")  # not the publisher's will
            if not rules.allows(url):
                return Failed("robots", permanent=True, detail="robots.txt does not allow this address")
        key = _key_header(source, self._environ)
        if key is None:
            return Failed("needs_token", detail=f"the variable {source.options['key_env']} is not set")
        headers, limits = self._headers | conditional | key, self._limits_of(source, is_dump=spill is not None)
        if body:
            headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        method = "POST" if body else "GET"
        answer = request(method, url, headers=headers, body=body or None, vetting=vetting, limits=limits, into=spill)
        if isinstance(answer, Failure):
            return Failed(answer.code, answer.permanent, answer.retry_after_s, answer.detail)
        if answer.status == 304:
            return (
                NotModified(answer.hops, _max_age_s(answer), answer.url)
                if conditional
                else Failed("malformed", detail="an unasked 304")
            )
        outcome = self._judged(answer, limits, spill if 200 <= answer.status < 300 else None)
        # A bridge answers 503 for one dead account; the others behind it go on.
        is_one_account = bool(source.options.get("bridge")) and answer.status == 503
        is_pause = isinstance(outcome, Failed) and outcome.code == "rate_limited" and not is_one_account
        if is_pause and isinstance(outcome, Failed) and outcome.retry_after_s:
            with self._lock:
                self._paused_until[host_of(url)] = self._monotonic() + outcome.retry_after_s
        return outcome

    def _limits_of(self, source: Source, *, is_dump: bool) -> Limits:
        """Sitemaps and dumps may be larger than feeds and pages."""
        if is_dump:
            return replace(self._limits, total_s=DUMP_S, wire_bytes=DUMP_BYTES, decoded_bytes=DUMP_BYTES)
        if source.format != "sitemap":
            return self._limits
        return replace(self._limits, wire_bytes=SITEMAP_BYTES, decoded_bytes=SITEMAP_BYTES)

    def _judged(self, answer: Response, limits: Limits, spill: Spill | None) -> Fetched | Failed:
        if spill is not None:
            answer = replace(answer, body=spill.head)
        if _is_challenge(answer):
            return Failed("challenge", status=answer.status, retry_after_s=retry_after_s(answer.headers))
        if not 200 <= answer.status < 300:
            return _by_status(answer)
        body = answer.body
        if spill is None and body.startswith(b"\x1f\x8b"):
            if "gzip" in answer.headers.get("content-encoding", "").lower():
                return Failed("bad_content_encoding", detail="packed twice", status=answer.status)
            unpacked = gunzip(body, limits.decoded_bytes)
            if isinstance(unpacked, Failure):
                return Failed(unpacked.code, detail=unpacked.detail, status=answer.status)
            body = unpacked
        if not body.strip():
            return Failed("empty_body", status=answer.status)
        return Fetched(
            body=body,
            url=answer.url,
            status=answer.status,
            content_type=answer.headers.get("content-type", ""),
            sha256=spill.sha256 if spill is not None else hashlib.sha256(body).hexdigest(),
            etag=answer.headers.get("etag"),
            last_modified=answer.headers.get("last-modified"),
            answered_at=_date(answer.headers.get("date", "")),
            max_age_s=_max_age_s(answer),
            hops=answer.hops,
            is_truncated=answer.is_truncated,
            wire_bytes=answer.wire_bytes,
            page_count=_whole_number(answer.headers.get("x-wp-totalpages", "")),
            issuer=answer.issuer,
            spill=spill,
        )

    def _vetting(self, source: Source) -> Vetting:
        """The port of the registered address is the only one that a source adds."""
        port = urlsplit(source.url).port
        return Vetting(self._internal, frozenset({port} if port else ()))

    def _pause_s(self, url: str) -> int:
        """Whole seconds that the host still asked for (429, 503 with Retry-After): they count for all its sources."""
        with self._lock:
            return max(0, math.ceil(self._paused_until.get(host_of(url), 0.0) - self._monotonic()))

    def _robots_txt(self, url: str, vetting: Vetting) -> Response | Failure:
        limits = Limits(total_s=self._limits.total_s, decoded_bytes=8 * MAX_BYTES, wire_bytes=8 * MAX_BYTES)
        return request("GET", url, headers=self._headers, vetting=vetting, limits=limits)

    def _wait(self, url: str, gap_s: float) -> None:
        with self._lock:
            now = self._monotonic()
            start = max(now, self._last_start.get(host_of(url), 0.0) + gap_s)
            self._last_start[host_of(url)] = start
        if start > now:
            self._sleep(start - now)


def pace_s(source: Source) -> float:
    """Seconds between starts; the registry admits a `pace_s` only for internal addresses."""
    value = source.options.get("pace_s", GAP_S)
    return float(value) if isinstance(value, int | float) else GAP_S


def _key_header(source: Source, environ: Mapping[str, str]) -> dict[str, str] | None:
    """The header that carries the source's access key, for formats that have one; None if the key is missing.

    The transport drops it on the way to another origin.
    """
    name, variable = _KEY_HEADERS.get(source.format), source.options.get("key_env")
    if name is None or not isinstance(variable, str):
        return {}
    key = environ.get(variable, "").strip()
    return {name: key} if re.fullmatch(r"[!-~]{1,500}", key) else None


def _whole_number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,6}", text, re.A) else None


def _asked_wait_s(answer: Response) -> int | None:
    """Retry-After, or Mastodon's moment in X-RateLimit-Reset, as seconds from the answer's own Date."""
    wait = retry_after_s(answer.headers)
    if wait is not None or answer.status != 429:
        return wait
    try:
        reset = datetime.fromisoformat(answer.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return None
    since = _date(answer.headers.get("date", "")) or datetime.now(UTC)
    return max(0, min(int((reset.replace(tzinfo=reset.tzinfo or UTC) - since).total_seconds()), 24 * 3600))


def _by_status(answer: Response) -> Failed:
    if answer.status == 400:
        said = next((code for mark, code in _SAID_400.items() if mark in answer.body[:20_000]), None)
        if said is not None:
            return Failed(said, permanent=True, status=400)
    wait = _asked_wait_s(answer)
    if answer.status == 503 and wait is not None:
        return Failed("rate_limited", retry_after_s=wait, status=503)
    code = _CODES.get(answer.status, "server_error" if answer.status >= 500 else "not_found")
    if 300 <= answer.status < 400:
        code = "redirect_refused"
    permanent = code in ("gone", "not_found", "unauthorized", "forbidden")
    return Failed(code, permanent, wait if code == "rate_limited" else None, status=answer.status)


def _is_challenge(answer: Response) -> bool:
    if answer.headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    return answer.status in (200, 403, 429, 503) and any(mark in answer.body[:20_000] for mark in _CHALLENGE)


def _max_age_s(answer: Response) -> int | None:
    for part in answer.headers.get("cache-control", "").lower().split(","):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and value.strip('"').isdecimal():
            return min(int(value.strip('"')[:9]), 24 * 3600)
    return None


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
