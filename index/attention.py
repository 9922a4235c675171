"""What wants an editor for what is published: pages that it cites were withdrawn, or its claim is rising again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from index import recurrence, workflow
from index.model import Claim, Refutation
from index.ports import Unit


class OfAnswer(TypedDict, total=False):
    """What `workflow.priority` weighs of it."""

    cites_withdrawn: bool
    again: int


@dataclass(frozen=True, slots=True)
class Rising:
    """An answered claim that is back, and how often it was seen since."""

    claim: Claim
    count: int


@dataclass(frozen=True, slots=True)
class News:
    """By the refutation that it concerns."""

    withdrawn: Collection[str]
    again: Mapping[str, Rising]

    def public(self, unit: Unit, in_work: Sequence[Refutation]) -> list[Refutation]:
        """Those refutations in force that nobody is working on."""
        ids = {*self.again, *self.withdrawn} - {r.id for r in in_work}
        found = (unit.refutation(id) for id in sorted(ids))
        return [r for r in found if r is not None and workflow.is_public(r)]

    def of(self, refutation: Refutation) -> OfAnswer:
        rising = self.again.get(refutation.id)
        return {"cites_withdrawn": refutation.id in self.withdrawn, "again": rising.count if rising else 0}


def news(unit: Unit, now: datetime) -> News:
    return News(unit.withdrawn_citations(), rising_again(unit, now))


def rising_again(unit: Unit, now: datetime) -> dict[str, Rising]:
    """Answered claims that are back, by the refutation that answers them, unless a notice of it was sent since."""
    spread = unit.spread_of_answered(now - 2 * recurrence.QUIET, now - recurrence.QUIET, recurrence.LEAST)
    found: dict[str, Rising] = {}
    for claim in unit.claims(spread).values():
        back = recurrence.rising_again(spread[claim.id], claim.first_seen_at, now)
        answer = unit.refutation(claim.answered_by) if back and claim.answered_by else None
        if back is None or answer is None:
            continue
        sent = unit.alerts_of([answer.thread_id])[answer.thread_id]
        if sent and sent[-1].sent_at < back.since:
            found[answer.id] = Rising(claim, back.count)
    return found


def rises(unit: Unit, claim: Claim, now: datetime) -> int:
    """How often the claim was seen since it came back; 0 if it did not, or a notice was sent since."""
    return next((rising.count for rising in rising_again(unit, now).values() if rising.claim.id == claim.id), 0)
