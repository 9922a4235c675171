"""Which registrable domain an address belongs to, by the public suffix list; numeric addresses stand for themselves."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=4096)  # an item's address is asked about several times
def host_of(url: str) -> str:
    """The lower-case host of an address, or of a bare host name; "" if there is none."""
    try:
        host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""
    return host.rstrip(".").lower()


def registrable(url: str) -> str:
    """`www.piyao.org.cn` -> `piyao.org.cn`; a public suffix that is itself a site (`www.gov.uk`) stays as it is."""
    return _registrable(host_of(url))


@lru_cache(maxsize=4096)
def _registrable(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return (_suffixes().privatesuffix(host) or host) if host else ""
    return host


def is_within(url: str, domains: Iterable[str]) -> bool:
    """Whether the address's host is one of these domains or below it. Look-alikes are not: labels must be equal."""
    host = host_of(url)
    return bool(host) and any(host == d or host.endswith(f".{d}") for d in (host_of(d) for d in domains) if d)
