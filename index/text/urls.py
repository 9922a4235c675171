"""Addresses in one spelling (sources.md 5): for display with their scheme, for comparison without it.

An address that could mislead (user info, backslash, control characters, no host) has none: no guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

_MAX_LENGTH = 2_048
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.?|\[[0-9a-f:.]+\]")
_ODD = re.compile(r"[\x00-\x20\x7f-\xa0\\\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
# Nothing in it has two spellings: what `_once` would make of it is itself.
_PLAIN = re.compile(
    r"https?://[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*(?:/(?!\.)[A-Za-z0-9._~-]*)+"
)
# Only ASCII: in Chinese text an address is followed by the next word without a space.
_LINK = re.compile(r"(?:https?://|(?<![A-Za-z0-9_.@/-])www\.)[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.IGNORECASE)
_PREFIXES = ("utm_", "share_", "sharer_", "pk_", "mtm_", "_hs")
_TRACKING_KEYS = (
    "fbclid gclid dclid gbraid wbraid msclkid yclid twclid ttclid igshid igsh mc_cid mc_eid _ga spm scm from "
    "isappinstalled scene subscene ascene chksm nsukey exportkey pass_ticket wx_header clicktime enterid devicetype "
    "wfr ref_src ref_url sharefrom vd_source spm_id_from share timestamp"
)
_TRACKING = frozenset(_TRACKING_KEYS.split())


def canonical_url(url: str) -> str | None:
    """The one spelling of an http(s) address: no default port, fragment or tracking keys; query sorted. Idempotent."""
    url = url.strip()
    if not url or len(url) > _MAX_LENGTH or _ODD.search(url):
        return None
    if _PLAIN.fullmatch(url):
        return url
    for _ in range(4):
        after = _once(url)
        if after is None or after == url:
            return after
        url = after
    return None  # an address that changes each time it is normalised is not one


def url_key(url: str) -> str | None:
    """What two spellings of one address share: no scheme, no leading `www.`, no slash at the end."""
    canonical = canonical_url(url)
    if canonical is None:
        return None
    return canonical.split("://", 1)[1].removeprefix("www.").rstrip("/")


def may_hold_url(text: str) -> bool:
    """Whether anything in `text` can begin an address; quick, and true too often."""
    return "://" in text or ("." in text and "www." in text.lower())


def find_urls(text: str) -> Iterator[tuple[str, str]]:
    """Each address in `text`, as written and canonical. Odd ones are passed over."""
    if not may_hold_url(text):
        return
    for found in _LINK.finditer(text):
        written = _without_tail(found.group())
        canonical = canonical_url(written if "://" in written else "http://" + written)
        if canonical is not None:
            yield written, canonical


def without_urls(text: str) -> str:
    """`text` with a space in the place of each address."""
    if not may_hold_url(text):
        return text
    return _LINK.sub(lambda found: " " + found.group()[len(_without_tail(found.group())) :], text)


def blank_urls(text: str) -> str:
    """`text` with as many spaces as characters in the place of each address, so that the rest keeps its place."""
    if not may_hold_url(text):
        return text
    return _LINK.sub(lambda found: " " * len(kept := _without_tail(found.group())) + found.group()[len(kept) :], text)


def _once(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        scheme, port = parts.scheme.lower(), parts.port
        if scheme not in _PORTS or "@" in parts.netloc or not parts.hostname:
            return None
        parts = urlsplit(canonicalize_url(url, keep_fragments=False))
        host = (parts.hostname or "").rstrip(".")
        if not _HOST.fullmatch(f"[{host}]" if ":" in host else host):
            return None
        kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _is_tracking(k)]
    except (ValueError, UnicodeError):
        return None
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in (None, _PORTS[scheme]) else f"{host}:{port}"
    after = urlunsplit((scheme, netloc, parts.path or "/", urlencode(kept), ""))
    return None if _ODD.search(after) or len(after) > _MAX_LENGTH else after


def _is_tracking(key: str) -> bool:
    key = key.lower()
    return key in _TRACKING or key.startswith(_PREFIXES)


def _without_tail(url: str) -> str:
    """Without the punctuation of the sentence around it; a closing bracket stays if it was opened inside."""
    opening = {")": "(", "]": "["}
    while url and (url[-1] in ".,;:!?'*" or url.count(url[-1]) > url.count(opening.get(url[-1], url[-1]))):
        url = url[:-1]
    return url
