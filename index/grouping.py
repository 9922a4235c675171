"""Is a circulating text one that is known? Same text, variant of it, or new (sources.md 5).

The same *rumor* in other words is for matching.

    equal fingerprint ──────────────────────────────────────────► same text
    overlap >= 0.7 (0.85 if short), or one holds nearly all of the other, no guard objects ─► variant
    a guard objects, or overlap below that ─────────────────────► new, with the reason; matching may still suggest it

Guards: what both texts count, date, deny and place must agree; one may state more than the other. Under 10 Han
characters or 5 words only equality counts. The relation is symmetric, so the order of arrival decides little
(`evaluation/groups.py` measures how little, and where these numbers come from).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from index import text as language
from index.model import Grouped

VARIANT_OVERLAP = 0.7
#: Of short texts, where one other word makes another claim: 喝茶可以预防… and 灵芝可以预防… overlap by 0.82.
SHORT_VARIANT_OVERLAP = 0.85
FEW_SHINGLES = 20
#: A text that holds nearly all of the other is the other with something added, if it is not mostly additions.
VARIANT_CONTAINMENT, CONTAINMENT_OVERLAP = 0.9, 0.5
NEAR_OVERLAP = 0.6
SHORT_HAN, SHORT_WORDS = 10, 5

_DENIALS = re.compile(
    r"辟谣|谣言|网传.{0,40}(?:不实|不属实|不是真的|是假的)|不实(?:信息|消息|传闻|言论)|假消息|事实查核|事实核查|真相是"
    r"|请勿(?:轻信|相信)|不信谣|假新闻|查证为|纯属(?:虚构|捏造|编造|谣)"
    r"|\bfact[- ]?check|\bdebunk|\bhoax\b|\bno evidence (?:that|for|of)\b|\bfalse(?:ly)? claim"
    r"|\b(?:claim|rumou?r|post)s? (?:is|are|was|were) (?:false|not true|untrue|misleading)|\bmyth\b|\bmisinformation\b"
)
_NOT_DENIALS = re.compile(r"(?:不是|并非|绝非|别说是|别以为是)(?:谣言|假消息)|\bnot a (?:hoax|myth|rumou?r)\b")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known wording and the claim it belongs to."""

    claim_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Grouping:
    """What a text is. `claim_id` is set for `repeat` and `variant` only.

    `reason`: same_text, near_duplicate, close_wording (0.6 or more), numbers_differ, dates_differ, negation_differs,
    places_differ, too_short, different, no_candidates.
    """

    kind: Grouped
    claim_id: str | None
    reason: str


def group(text: str, candidates: Sequence[Candidate]) -> Grouping:
    """The claim among `candidates` whose wording `text` repeats or varies: the first equal one, else the closest."""
    if not candidates:
        return Grouping(Grouped.NEW, None, "no_candidates")
    ours = _read(text)
    theirs = [_read(candidate.text) for candidate in candidates]
    for candidate, known in zip(candidates, theirs, strict=True):
        if known.fingerprint == ours.fingerprint:
            return Grouping(Grouped.REPEAT, candidate.claim_id, "same_text")
    if ours.is_short:
        return Grouping(Grouped.NEW, None, "too_short")
    nearest = sorted(
        (
            (_overlap(ours, known), known, candidate.claim_id)
            for candidate, known in zip(candidates, theirs, strict=True)
        ),
        key=lambda found: (-found[0], found[2]),
    )
    reasons = []
    for share, known, claim_id in nearest:
        if not _is_near(share, ours, known):
            reasons.append("close_wording" if share >= NEAR_OVERLAP else "different")
            continue
        objection = _objection(ours, known)
        if objection is None:
            return Grouping(Grouped.VARIANT, claim_id, "near_duplicate")
        reasons.append(objection)
    return Grouping(Grouped.NEW, None, reasons[0])


def overlap(a: str, b: str) -> float:
    """Dice coefficient of the two texts' shingles, 0 to 1; addresses do not count."""
    return _overlap(_read(a), _read(b))


def is_debunk(text: str, checker_keys: Collection[str] = ()) -> bool:
    """Whether a post quotes a claim to deny it, so that it does not count as spread.

    `checker_keys`: hosts of registered checkers; a link to one of them speaks for a denial.
    """
    folded = language.fold(text)
    if _DENIALS.search(_NOT_DENIALS.sub(" ", folded)):
        return True
    keys = (language.url_key(url) or "" for _, url in language.find_urls(text))
    return any(key.split("/", 1)[0] in checker_keys for key in keys)


@dataclass(frozen=True, slots=True)
class _Text:
    """What grouping compares, read once a text."""

    fingerprint: str
    shingles: frozenset[str]
    plain: str
    is_short: bool


def _read(text: str) -> _Text:
    plain = language.without_urls(language.understand(text).text)
    is_short = language.length(plain).is_under(SHORT_HAN, SHORT_WORDS)
    return _Text(language.fingerprint(text), language.shingles(plain), plain, is_short)


def _overlap(a: _Text, b: _Text) -> float:
    if not a.shingles or not b.shingles:
        return 0.0
    return 2 * len(a.shingles & b.shingles) / (len(a.shingles) + len(b.shingles))


def _is_near(share: float, a: _Text, b: _Text) -> bool:
    if a.is_short or b.is_short:
        return False
    fewer = min(len(a.shingles), len(b.shingles))
    if fewer < FEW_SHINGLES:
        return share >= SHORT_VARIANT_OVERLAP
    is_contained = len(a.shingles & b.shingles) >= VARIANT_CONTAINMENT * fewer and share >= CONTAINMENT_OVERLAP
    return share >= VARIANT_OVERLAP or is_contained


def _objection(a: _Text, b: _Text) -> str | None:
    ours, theirs = language.numbers(a.plain), language.numbers(b.plain)
    if not (ours <= theirs or theirs <= ours):
        return "numbers_differ"
    if language.dates_conflict(language.dates(a.plain), language.dates(b.plain)):
        return "dates_differ"
    if language.negations(a.plain) % 2 != language.negations(b.plain) % 2:
        return "negation_differs"
    ours, theirs = language.places(a.plain), language.places(b.plain)
    # a text that names a place is about it; where both name one they share, more of them change nothing
    if ours != theirs and not (ours & theirs and (ours <= theirs or theirs <= ours)):
        return "places_differ"
    return None
