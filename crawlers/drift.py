"""Whether a source's answers look otherwise than before: a site that was built anew still answers 200. Pure.

    a poll's counts ─► beside the median of the last 30 sound polls ─► in what they differ (sources.md 3, `drifting`)

A poll in which anything differed is no measure for the next ones, so a new look stays in doubt until an editor takes it
for the usual one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import TypedDict

from crawlers.domains import registrable
from index.model import Labelled, Source, SourceCheck

BASE = 30  # sound polls to compare with
LEAST_BASE = 5
LEAST_ITEMS = 5  # fewer say nothing about shares; the polls before are added until there are enough
POINTS = 50
LOOKED_AT = 3 * BASE  # polls of the log that are read for it
HEAD_BYTES = 64 * 1024
MAX_GENERATOR = 60
_GENERATOR = re.compile(
    rb"""<generator\b[^>]*>\s*([^<]{1,200})|<meta\s[^>]{0,200}?name=["']?generator["']?[^>]{0,200}?content=["']([^"'>]{1,200})""",
    re.I,
)
_NEWS = b"sitemap-news/"
_SHARES = {"dates": "dated_count", "texts": "worded_count", "labels": "tagged_count"}


class Profile(TypedDict):
    """What a poll's items have: fields of SourceCheck."""

    item_count: int
    dated_count: int
    worded_count: int
    tagged_count: int
    language: str
    host: str


def doubts(now: SourceCheck, past: Sequence[SourceCheck], is_counted: bool = True) -> tuple[str, ...]:
    """In what this poll differs from the sound ones in `past` (full polls, newest first): count, dates, texts, labels,
    language, links, generator; issuer, where the language is another one too (E4): certificates alone change often.
    Nothing while there are too few to compare with.
    """
    base = [check for check in past if not check.doubts][:BASE]
    if len(base) < LEAST_BASE:
        return ()
    usual = median(check.listed_count for check in base)
    found = ["count"] if is_counted and now.listed_count < usual * POINTS / 100 else []
    recent = _enough([now, *past])
    if recent:
        found += [name for name, counted in _SHARES.items() if _has_dropped(counted, recent, base)]
        parts = (("language", "language"), ("links", "host"), ("generator", "generator"))
        found += [name for name, part in parts if _is_new(part, recent, base)]
        found += ["issuer"] if "language" in found and _is_new("issuer", recent, base) else []
    return tuple(found)


def is_counted(source: Source, head: bytes) -> bool:
    """Whether the number of entries says anything: warnings, and the news of two days, come and go."""
    return source.format != "cap" and not (source.format == "sitemap" and _NEWS in head[:HEAD_BYTES])


def made_by(body: bytes) -> str:
    """The program that a feed or page names as its maker, without its version."""
    match = _GENERATOR.search(body[:HEAD_BYTES])
    told = (match[1] or match[2]).decode("utf-8", "replace").strip().lower() if match else ""
    host = re.match(r"https?://([^/?#\s]+)", told)
    name = host[1] if host else re.split(r"[\s/(]*v?\d|[(;,|]", told, maxsplit=1)[0]
    return "".join(c for c in name.strip() if c.isprintable())[:MAX_GENERATOR]


def profile(items: Sequence[Labelled]) -> Profile:
    """What a poll's items have, as the log keeps it."""
    return {
        "item_count": len(items),
        "dated_count": sum(i.item.published_at is not None for i in items),
        "worded_count": sum(bool(i.item.text.strip() or i.item.claim.strip()) for i in items),
        "tagged_count": sum(bool(i.item.label.strip()) for i in items),
        "language": _most(i.item.language.partition("-")[0].lower() for i in items),
        "host": _most(registrable(i.item.url) for i in items),
    }


def _enough(checks: Sequence[SourceCheck]) -> list[SourceCheck]:
    """The newest polls that have enough items together, none if there are not so many."""
    taken, count = [], 0
    for check in checks:
        if check.item_count:
            taken.append(check)
            count += check.item_count
        if count >= LEAST_ITEMS:
            return taken
    return []


def _has_dropped(counted: str, recent: Sequence[SourceCheck], base: Sequence[SourceCheck]) -> bool:
    usual = [100 * getattr(c, counted) / c.item_count for c in base if c.item_count]
    share = 100 * sum(getattr(c, counted) for c in recent) / sum(c.item_count for c in recent)
    return bool(usual) and share < median(usual) - POINTS


def _is_new(part: str, recent: Sequence[SourceCheck], base: Sequence[SourceCheck]) -> bool:
    """Whether the recent polls agree on something that no sound poll had. What is not told is nothing new."""
    usual = {getattr(c, part) for c in base if c.item_count and getattr(c, part)}
    shown = {getattr(c, part) for c in recent}
    return bool(usual) and len(shown) == 1 and "" not in shown and not shown & usual


def _most(values: Iterable[str]) -> str:
    counted = Counter(value for value in values if value)
    return counted.most_common(1)[0][0] if counted else ""
