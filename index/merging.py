"""Claims that were joined: the root that stands for them, the family behind it, and what answers it.

    join(A ► B)   A.merged_into = B; A's sightings go to B's root          part(A ► B)   what came with A goes back
    settle(A)     the root is answered while a public refutation of its family, or one confirmed to fit it, stands

A claim points to the claim that the editor saw beside it, not to that one's root, so that every join can be undone
alone, in any order. All of it runs in the caller's transaction, which holds the desk.
"""

from __future__ import annotations

from dataclasses import replace

from index import workflow
from index.documents import MAX_WORDINGS
from index.errors import Conflict
from index.model import Claim, ClaimStatus, Match, MatchStatus, OutsideRefutation, RefutationStatus, TargetKind
from index.ports import Changed, Unit

ALL = 10_000  # more than one claim, refutation or match can have in practice


def root(unit: Unit, claim_id: str) -> Claim | None:
    """The claim that stands for this one: itself unless it was joined to another."""
    claim = unit.claim(claim_id)
    while claim is not None and claim.merged_into is not None:
        claim = unit.claim(claim.merged_into)
    return claim


def family(unit: Unit, claim_id: str) -> tuple[str, ...]:
    """The claim and every claim that was joined to it, directly or through others; the claim itself first."""
    found = [claim_id]
    for member in found:  # grows while it is read
        joined = unit.matches(
            target_kind=TargetKind.CLAIM, target_id=member, status=MatchStatus.CONFIRMED, limit=ALL
        )
        found.extend(m.claim_id for m in joined if m.claim_id not in found)
    return tuple(found)


def join(unit: Unit, match: Match) -> Match:
    """Joins the claim of a confirmed match to its target; stores and returns the match, with what moved.

    Raises: Conflict (already_merged, both_answered); nothing is written then.
    """
    claim, target = unit.claim(match.claim_id), root(unit, match.target_id)
    if claim is None or target is None or claim.merged_into is not None or claim.id == target.id:
        raise Conflict(code="already_merged")
    if claim.answered_by is not None and target.answered_by not in (None, claim.answered_by):
        raise Conflict(code="both_answered")
    indexed = _indexed(unit, claim.id)
    moved = unit.move_sightings(claim.id, target.id)
    match = replace(match, moved=moved)
    unit.put_match(match)
    unit.put_claim(replace(claim, merged_into=match.target_id, taken_by=None, taken_until=None))
    _changed(unit, claim.id, target.id, *indexed)
    settle(unit, target.id)
    return match


def part(unit: Unit, match: Match, undone: Match) -> None:
    """Takes a join apart and stores `undone`: what moved with it goes back, and what came later in the same words."""
    claim, target = unit.claim(match.claim_id), root(unit, match.target_id)
    unit.put_match(undone)
    if claim is None or target is None:
        return
    unit.put_claim(replace(claim, merged_into=None))
    came = set(match.moved)
    for member in family(unit, claim.id):
        for joined in unit.matches(target_kind=TargetKind.CLAIM, target_id=member, status=MatchStatus.CONFIRMED):
            came.update(joined.moved)
    here = unit.sightings(target.id, limit=ALL)
    words = {s.fingerprint for s in here if s.id in came}
    since = match.decided_at or match.created_at
    back = [s.id for s in here if s.id in came or (s.fingerprint in words and s.seen_at >= since)]
    indexed = _indexed(unit, target.id)
    for sighting_id in back:
        unit.move_sighting(sighting_id, claim.id)
    _changed(unit, claim.id, target.id, *indexed)
    settle(unit, claim.id)
    settle(unit, target.id)


def settle(unit: Unit, claim_id: str) -> None:
    """Makes the status of the claim's root follow from the answers that are public now."""
    claim = root(unit, claim_id)
    if claim is None:
        return
    settled = workflow.settled(claim, _answers(unit, claim.id))
    if settled != claim:
        unit.put_claim(settled)
        unit.changed(Changed.CLAIM, claim.id)


def settle_answered(unit: Unit, refutation_id: str, claim_id: str) -> None:
    """After a notice: its own claim `claim_id`, and every claim that was confirmed to be answered by it."""
    confirmed = unit.matches(
        target_kind=TargetKind.REFUTATION, target_id=refutation_id, status=MatchStatus.CONFIRMED, limit=ALL
    )
    for id in dict.fromkeys((claim_id, *(m.claim_id for m in confirmed))):
        settle(unit, id)


def confirmed_reviews(unit: Unit, claim_id: str) -> tuple[OutsideRefutation, ...]:
    """Other publishers' reviews that an editor linked to the claim or one joined to it, highest authority first."""
    targets = [
        match.target_id
        for member in family(unit, claim_id)
        for match in unit.matches(
            claim_id=member, target_kind=TargetKind.OUTSIDE, status=MatchStatus.CONFIRMED, limit=ALL
        )
    ]
    shown = [r for r in unit.outsides(targets).values() if not r.is_withdrawn]
    return tuple(sorted(shown, key=lambda r: (-r.authority, r.id)))


def is_unread(unit: Unit, claim: Claim) -> bool:
    """Whether nothing but tips speaks of this root: it was seen nowhere, and no editor has decided or written anything.

    Its statement is a reader's text then, which the public must not see."""
    if claim.sighting_count or claim.status is not ClaimStatus.OPEN or claim.answered_by is not None:
        return False
    members = family(unit, claim.id)
    return not (
        unit.sightings(claim.id, limit=1)
        or any(unit.refutations(claim_id=m, limit=1) for m in members)
        or confirmed_reviews(unit, claim.id)
    )


def _answers(unit: Unit, claim_id: str) -> list[str]:
    """Public refutations of the claim's family, the newest first, then those confirmed to fit one of it."""
    members = family(unit, claim_id)
    own = [r for m in members for r in unit.refutations(claim_id=m, status=RefutationStatus.PUBLISHED)]
    own.sort(key=lambda r: r.id, reverse=True)
    confirmed = [
        match.target_id
        for member in members
        for match in unit.matches(
            claim_id=member, target_kind=TargetKind.REFUTATION, status=MatchStatus.CONFIRMED, limit=ALL
        )
    ]
    others = [r for id in dict.fromkeys(confirmed) if (r := unit.refutation(id)) is not None and workflow.is_public(r)]
    return list(dict.fromkeys(r.id for r in (*own, *others)))


def _indexed(unit: Unit, claim_id: str) -> list[str]:
    """The sightings that may have a document of their own: a claim's first wordings."""
    return [s.id for s in unit.wordings(claim_id, 2 * MAX_WORDINGS)]


def _changed(unit: Unit, *ids: str) -> None:
    """Marks claims and sightings; a sighting by itself, as it may be a wording of neither claim now."""
    for id in ids:
        unit.changed(Changed.CLAIM, id)

