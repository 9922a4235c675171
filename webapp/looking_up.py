"""What the page and the API say about a pasted text: the catalogue's answer with the records behind its candidates."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from index.errors import NotFound
from index.model import Answer, Candidate, Claim, DocKind, Outcome, OutsideRefutation, PublicState, Reason, Thread
from webapp.compare import pieces
from webapp.opened import catalogue

MAX_TEXT = 5_000
SHOWN_PHRASES = 3
DOUBTED = {
    "same_text": "close_meaning",
    "same_meaning": "close_meaning",
    "same_meaning_other_language": "close_meaning_other_language",
}
COMPARED = 1_000  # characters of each text that are searched for phrases in common


@dataclass(frozen=True, slots=True)
class Shown:
    """A candidate with the record behind it: our thread, or a claim."""

    candidate: Candidate
    thread: Thread | None = None
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What an answer is shown from. Other publishers' reviews appear only if an editor confirmed the match."""

    answer: Answer
    outcome: Outcome
    shown: tuple[Shown, ...]
    reviews: tuple[OutsideRefutation, ...] = ()
    is_being_checked: bool = False


def look_up(text: str) -> Result:
    """Raises: InvalidInput for an empty or too long text.

    A thread that was withdrawn a moment ago is left out, even if the search index has not heard of it yet.
    """
    answer = catalogue().answer(text)
    worded = (in_readable_words(c, answer.text) for c in answer.candidates)
    shown = tuple(s for s in (_behind(c) for c in worded) if s is not None)
    reviews, is_being_checked = answer.reviews, False
    if answer.claim is not None:
        page = catalogue().claim_page(answer.claim.id)
        is_being_checked, reviews = page.is_being_checked, reviews or page.reviews
    outcome = answer.outcome
    if outcome in (Outcome.FOUND, Outcome.SIMILAR) and not shown:
        outcome = Outcome.KNOWN if answer.claim else Outcome.NOTHING
    return Result(answer, outcome, shown, reviews, is_being_checked)


def _behind(candidate: Candidate) -> Shown | None:
    try:
        if candidate.kind is DocKind.ALERT:
            thread = catalogue().thread(candidate.id)
            return None if thread.state is PublicState.WITHDRAWN else Shown(candidate, thread=thread)
        if candidate.kind is DocKind.CLAIM:
            return Shown(candidate, claim=catalogue().claim_page(candidate.id).claim)
    except NotFound:
        return None  # gone since the search; not an error
    return None


def in_readable_words(candidate: Candidate, text: str) -> Candidate:
    """ "It says the same" becomes "close in meaning" where something objects; search terms become shared phrases,
    because in Chinese they are pairs of characters."""
    is_doubted = any(reason.objects and reason.key != "too_short" for reason in candidate.reasons)
    reasons = []
    for reason in candidate.reasons:
        if reason.key == "shares_words":
            phrases = shared_phrases(text, candidate.matched_text)
            if phrases:
                reasons.append(Reason("shares_words", {"words": " · ".join(phrases)}))
        elif is_doubted and reason.key in DOUBTED:
            reasons.append(replace(reason, key=DOUBTED[reason.key]))
        else:
            reasons.append(reason)
    return replace(candidate, reasons=tuple(reasons))


def shared_phrases(first: str, second: str) -> list[str]:
    """The longest runs of text that both hold: at least three Han characters, or a word of four letters."""
    a, b = pieces(first[:COMPARED]), pieces(second[:COMPARED])
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    runs = ("".join(a[block.a : block.a + block.size]) for block in blocks)
    phrases = {
        part.strip()
        for run in runs
        for part in re.split(r"[\s]*[，。！？、；：“”‘’「」『』（）《》,.!?;:\"()\n]+[\s]*", run)
    }
    long_enough = [p for p in phrases if re.search(r"[\u3400-\u9fff]{3}|[A-Za-z]{4}", p)]
    return sorted(long_enough, key=lambda p: (-len(p), p))[:SHOWN_PHRASES]
