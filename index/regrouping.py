"""Takes a wording out of a claim: an editor has found that grouping put two messages together that say other things.

    wording ─► a claim of its own, with every sighting in these words; the pair of claims is kept as rejected, so that
               linking does not join them again, and undo makes it a suggestion

The wording that began the claim stays: it is what the claim is about, so the others are taken out instead.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from index import merging, sync, workflow
from index.errors import InvalidInput, NotFound, Refused
from index.ids import new_id
from index.intake import new_claim
from index.model import Band, Claim, Editor, Match, MatchStatus, Sighting, TargetKind
from index.ports import Changed, Parts, Unit
from index.statement import statements

MODEL = "desk"  # of a match that no machine suggested
MAX_REASON = 500


def take_out(parts: Parts, sighting_id: str, editor: Editor, reason: str) -> Claim:
    """See Catalogue.take_out."""
    if len(reason) > MAX_REASON:
        raise InvalidInput(code="too_long", field="reason")
    now = parts.clock.now()
    with parts.records.read() as unit:
        wording = _sighting(unit, sighting_id).text
    statement = statements(parts, [wording]).get(wording, wording)
    with parts.records.begin() as unit:
        unit.hold_desk()
        sighting = _sighting(unit, sighting_id)
        claim = merging.root(unit, sighting.claim_id)
        if claim is None:
            raise NotFound(f"no claim of {sighting_id}")
        own = new_claim(statement, sighting.language, now, topic=claim.topic)
        match = _apart(own, claim, editor, reason, now)
        wordings = unit.wordings(claim.id, merging.ALL)
        if not wordings or wordings[0].fingerprint == sighting.fingerprint:
            raise Refused(code="first_wording")
        unit.put_claim(own)
        for other in unit.sightings(claim.id, limit=merging.ALL):
            if other.fingerprint == sighting.fingerprint:
                unit.move_sighting(other.id, own.id)
        unit.put_match(match)
        for id in (own.id, claim.id, *(w.id for w in wordings)):
            unit.changed(Changed.CLAIM, id)
        values = {"claim": claim.statement, "target": own.statement, "note": reason.strip()}
        unit.append_audit(now, editor.id, "wording_taken_out", own.id, values)
        stored = unit.claim(own.id)
    sync.try_sync(parts)
    return stored or own


def _apart(own: Claim, claim: Claim, editor: Editor, reason: str, now: datetime) -> Match:
    """The pair as an editor's rejection. Raises: Refused (not_allowed, reason_required)."""
    suggested = Match(
        id=new_id("mat"),
        claim_id=own.id,
        target_kind=TargetKind.CLAIM,
        target_id=claim.id,
        status=MatchStatus.SUGGESTED,
        band=Band.SIMILAR,
        probability=0.0,
        reasons=(),
        model=MODEL,
        created_at=now,
    )
    workflow.decide_match(suggested, MatchStatus.REJECTED, editor, reason)
    return replace(suggested, status=MatchStatus.REJECTED, decided_by=editor.id, decided_at=now, note=reason.strip())


def _sighting(unit: Unit, sighting_id: str) -> Sighting:
    found = unit.sighting(sighting_id)
    if found is None:
        raise NotFound(f"no sighting {sighting_id}")
    return found
