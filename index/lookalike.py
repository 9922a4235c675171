"""Hosts that imitate a registered domain. Pure; a warning for readers, never a verdict about a source
(reliability.md E3).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from urllib.parse import urlsplit

import idna
from publicsuffixlist import PublicSuffixList
from rapidfuzz.distance import OSA

#: Characters that pass for another at a glance, after NFKD and case folding: Cyrillic and Greek letters, digits.
_CONFUSABLE = str.maketrans("асеорхуіјѕһԁɡӏν0135", "aceopxyijshdglvoles")
_SHORTEST = 4  # labels under this length are too common for edit distance to mean anything


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def registrable(host: str) -> str:
    """The registrable domain of a host in its ASCII form (public suffix list); the host itself if it has none."""
    ascii_host = _ascii(host)
    return _suffixes().privatesuffix(ascii_host) or ascii_host


def imitating(urls: Iterable[str], domains: Sequence[str]) -> tuple[str, ...]:
    """The hosts among `urls` that imitate one of the registered `domains` without being it."""
    hosts = {host for url in urls if (host := urlsplit(url).hostname)}
    return tuple(sorted(host for host in hosts if imitated(host, domains)))


def imitated(host: str, domains: Sequence[str]) -> str | None:
    """The registered domain that `host` imitates, None if it imitates none or belongs to one."""
    own = registrable(host)
    known = {registrable(d) for d in domains if "." in d and not d.replace(".", "").isdigit()}
    if own in known:
        return None
    skeleton, labels = _skeleton(own), _ascii(host).split(".")
    for domain in sorted(known):
        name = _name(domain)
        if len(name) < _SHORTEST:
            if domain in _ascii(host):  # a short one counts only in full: who.int.example.net
                return domain
            continue
        if name in labels[:-1] or name in _skeleton(host) or OSA.distance(_name_of_skeleton(skeleton), name) <= 1:
            return domain
    return None


def _name(domain: str) -> str:
    return domain.split(".", 1)[0].replace("-", "")


def _name_of_skeleton(skeleton: str) -> str:
    return skeleton.split(".", 1)[0].replace("-", "")


def _skeleton(host: str) -> str:
    """The host as it looks: decoded, marks off, look-alike letters replaced, hyphens out."""
    try:
        shown = idna.decode(_ascii(host))
    except idna.IDNAError:
        shown = host
    plain = "".join(c for c in unicodedata.normalize("NFKD", shown) if not unicodedata.combining(c))
    return plain.casefold().translate(_CONFUSABLE).replace("-", "")


def _ascii(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower().rstrip(".")
    except (idna.IDNAError, UnicodeError):
        return host.lower().rstrip(".")
