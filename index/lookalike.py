"""Hosts that imitate a registered domain. Pure; a warning for readers, never a verdict about a source
(reliability.md E3).

    piyao.org.cn ◄─ piyao.org.cn.login.example · piyao-org.cn · piyao.cc · рiyao.org.cn · p1yao.org.cn · piyoa.org.cn

Who has only a part of the name is honest: biyao.com, factcheck.afp.com, whois.com.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import idna
from publicsuffixlist import PublicSuffixList
from rapidfuzz.distance import OSA

#: Characters that pass for another at a glance, after NFKD and case folding: Cyrillic and Greek letters, digits.
_CONFUSABLE = str.maketrans(
    "асеорхуіјѕһԁɡӏкмтпвνοαρτιυκ013578l",
    "aceopxyijshdgikmtnbvoaptiukoiestbi",
)
_SHORT = 4  # names under this length, such as who, are part of many words
_DISTINCT = 8  # from this length on, a slip of one letter is no other word


@dataclass(frozen=True, slots=True)
class _Known:
    """A registered domain as it looks: whole, its name, what comes after it, and both written as one word."""

    domain: str
    skeleton: str
    name: str
    suffix: str
    words: frozenset[str]  # piyaoorg, piyaoorgcn


def registrable(host: str) -> str:
    """The registrable domain of a host in its ASCII form (public suffix list); the host itself if it has none."""
    ascii_host = _ascii(host)
    return _suffixes().privatesuffix(ascii_host) or ascii_host


def imitating(urls: Iterable[str], domains: Sequence[str]) -> tuple[str, ...]:
    """The hosts among `urls` that imitate one of the registered `domains` without being it."""
    hosts = {host for url in urls if (host := host_of(url))}
    return tuple(sorted(host for host in hosts if imitated(host, domains)))


def imitated(host: str, domains: Sequence[str]) -> str | None:
    """The registered domain that `host` imitates, None if it imitates none or belongs to one."""
    own = registrable(host)
    known = {registrable(d) for d in domains if "." in d and not d.replace(".", "").isdigit()}
    if own in known or _is_address(host):
        return None
    return next((d for d in sorted(known) if _imitates(_ascii(host), own, _parts(d))), None)


def _imitates(host: str, own: str, known: _Known) -> bool:
    looks = _skeleton(own)
    if f".{known.domain}." in f".{host}" or looks == known.skeleton or known.words & _words(_skeleton(host)):
        return True
    if len(known.name) < _SHORT:
        return False
    name, _, suffix = looks.partition(".")
    plain = name.replace("-", "")
    if plain == known.name or known.name in name.split("-") or plain.startswith(tuple(known.words)):
        return True
    is_near = suffix == known.suffix or len(known.name) >= _DISTINCT
    return is_near and OSA.distance(plain, known.name) <= 1


def _words(host: str) -> set[str]:
    """What the labels of a host say: every run of their hyphened parts, written as one word."""
    found = set()
    for label in host.split("."):
        parts = label.split("-")
        ends = range(1, len(parts) + 1)
        found |= {"".join(parts[start:end]) for start in range(len(parts)) for end in ends if start < end}
    return found


@cache
def _parts(domain: str) -> _Known:
    skeleton = _skeleton(domain)
    name, _, suffix = skeleton.replace("-", "").partition(".")
    words = frozenset({name + suffix.split(".", 1)[0], name + suffix.replace(".", "")})
    return _Known(domain, skeleton, name, suffix, words)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def host_of(url: str) -> str:
    """The host of an address, "" if it has none or is malformed."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _skeleton(host: str) -> str:
    """The host as it looks: decoded, marks off, look-alike letters replaced."""
    try:
        shown = idna.decode(_ascii(host))
    except (idna.IDNAError, UnicodeError):
        shown = host
    plain = "".join(c for c in unicodedata.normalize("NFKD", shown.casefold()) if not unicodedata.combining(c))
    return plain.translate(_CONFUSABLE).replace("rn", "m").replace("vv", "w")


def _ascii(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower().rstrip(".")
    except (idna.IDNAError, UnicodeError):
        return host.lower().rstrip(".")
