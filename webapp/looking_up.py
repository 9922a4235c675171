"""What the page and the API say about a pasted text: the catalogue's answer with the records behind its candidates."""

from __future__ import annotations

from dataclasses import dataclass

from index.errors import NotFound
from index.model import Answer, Candidate, Claim, DocKind, Outcome, OutsideRefutation, PublicState, Thread
from webapp.opened import catalogue

MAX_TEXT = 5_000


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
    shown = tuple(s for s in (_behind(c) for c in answer.candidates) if s is not None)
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
