"""robots.txt as RFC 9309 and Google's parser read it: protego behind a cleaning step (reliability.md 2.6).

2xx obey · 4xx allow · 429, 5xx and network errors disallow all · kept for at most 24 h.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from protego import Protego

from index.outbound import Failure, Response

ROBOT = "ClarionBot"
MAX_BYTES = 512 * 1024
KEEP_S = 24 * 3600
RETRY_S = 600  # an unreachable robots.txt is asked for again before its 24 h are over
# Fields that protego knows. Any other line would end the group of agents above it.
_FIELDS = re.compile(
    r"\s*(user-?\s?agent|dis{1,2}all?ow|dissalow|disalow|diasllow|disallaw|allow|crawl-?\s?delay|site-?maps?"
    r"|request-?\s?rate|visit-?\s?time|host)\s*:\s*(.*)",
    re.I,
)
_AGENT = re.compile(r"[A-Za-z_-]+")


@dataclass(frozen=True, slots=True)
class Rules:
    """What one host's robots.txt allows. `closed_by`: the code of why it could not be had; then nothing is
    fetched."""

    parser: Protego | None = None
    closed_by: str = ""

    def allows(self, url: str) -> bool:
        if self.closed_by:
            return False
        return self.parser is None or bool(self.parser.can_fetch(encoded(url), ROBOT))


def parse_robots(body: bytes) -> Rules:
    """BOM off, cut at 512 KiB, lines of unknown fields dropped, agent names cut to their leading letters."""
    text = body[:MAX_BYTES].decode("utf-8-sig", "replace").lstrip("\ufeff")
    lines = []
    for line in text.splitlines():
        match = _FIELDS.fullmatch(line.split("#", 1)[0].rstrip())
        if match is None:
            continue
        field, value = match[1].lower(), match[2].strip()
        if field.startswith("user"):
            field, value = "user-agent", _agent(value)
        lines.append(f"{field}: {value}")
    return Rules(Protego.parse("\n".join(lines)))


def _agent(value: str) -> str:
    """Our own name, `*`, or a name that is nobody's: protego would take `Clarion` for ours."""
    name = _AGENT.match(value)
    if name is None:
        return "*" if value.startswith("*") and not value[1:].strip() else "nobody"
    return ROBOT if name[0].lower() == ROBOT.lower() else "nobody"


def rules_from(answer: Response | Failure) -> Rules:
    """The verdict of a fetch of robots.txt."""
    if isinstance(answer, Failure):
        return Rules(closed_by=answer.code)
    if 200 <= answer.status < 300:
        return parse_robots(answer.body)
    if 400 <= answer.status < 500 and answer.status != 429:
        return Rules()
    if answer.status == 429:
        return Rules(closed_by="rate_limited")
    return Rules(closed_by="server_error" if answer.status >= 500 else "redirect_refused")


def robots_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


def encoded(url: str) -> str:
    return quote(url, safe="/%:@!$&'()*+,;=?~-._[]#")


class RobotsCache:
    """Rules per origin for up to 24 h. It fetches only through the function it is asked with."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._kept: dict[str, tuple[float, Rules]] = {}
        self._lock = threading.Lock()

    def rules(self, url: str, fetch: Callable[[str], Response | Failure]) -> Rules:
        key = robots_url(url)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and self._now() < kept[0]:
            return kept[1]
        rules = rules_from(fetch(key))
        with self._lock:
            if len(self._kept) > 10_000:
                self._kept.clear()
            self._kept[key] = (self._now() + (RETRY_S if rules.closed_by else KEEP_S), rules)
        return rules
