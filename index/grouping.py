"""Is a circulating text one that is known? Same text, variant of it, or new (sources.md 5).

The same *rumor* in other words is for matching.

    equal fingerprint ─────────────────────────────► same text
    overlap >= 0.85, no guard objects ─────────────► variant
    a guard objects, or overlap below that ────────► new, with the reason; matching may still suggest it

Guards: numbers, denials and places must be equal. Under 10 Han characters or 5 words only equality counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from index import text as language
from index.model import Grouped

VARIANT_OVERLAP = 0.85
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

    `reason`: same_text, near_duplicate, close_wording (0.6-0.85), numbers_differ, negation_differs, places_differ,
    too_short, different, no_candidates.
    """

    kind: Grouped
    claim_id: str | None
    reason: str


def group(text: str, candidates: Sequence[Candidate]) -> Grouping:
    """The claim among `candidates` whose wording `text` repeats or varies: the first equal one, else the closest."""
    if not candidates:
        return Grouping(Grouped.NEW, None, "no_candidates")
    fingerprint = language.fingerprint(text)
    for candidate in candidates:
        if language.fingerprint(candidate.text) == fingerprint:
            return Grouping(Grouped.REPEAT, candidate.claim_id, "same_text")
    if language.length(text).is_under(SHORT_HAN, SHORT_WORDS):
        return Grouping(Grouped.NEW, None, "too_short")
    reasons = []
    for share, candidate in sorted(((overlap(text, c.text), c) for c in candidates), key=lambda pair: -pair[0]):
        if share < VARIANT_OVERLAP:
            reasons.append("close_wording" if share >= NEAR_OVERLAP else "different")
            break
        objection = _objection(text, candidate.text)
        if objection is None:
            return Grouping(Grouped.VARIANT, candidate.claim_id, "near_duplicate")
        reasons.append(objection)
    return Grouping(Grouped.NEW, None, reasons[0])


def overlap(a: str, b: str) -> float:
    """Dice coefficient of the two texts' shingles, 0 to 1."""
    first, second = language.shingles(language.understand(a).text), language.shingles(language.understand(b).text)
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0


def is_debunk(text: str, checker_keys: Collection[str] = ()) -> bool:
    """Whether a post quotes a claim to deny it, so that it does not count as spread.

    `checker_keys`: hosts of registered checkers; a link to one of them speaks for a denial.
    """
    folded = language.fold(text)
    if _DENIALS.search(_NOT_DENIALS.sub(" ", folded)):
        return True
    keys = (language.url_key(url) or "" for _, url in language.find_urls(text))
    return any(key.split("/", 1)[0] in checker_keys for key in keys)


def _objection(a: str, b: str) -> str | None:
    if language.numbers(a) != language.numbers(b):
        return "numbers_differ"
    if language.negations(a) % 2 != language.negations(b) % 2:
        return "negation_differs"
    if language.places(a) != language.places(b):
        return "places_differ"
    return None
