"""How a source stands, what about it wants a person, and what editors may do with it. Pure (sources.md 3, A4-A6, E4).

    check   any source but a paused one               follow | stay   a move that waits for an answer
    pause   with a reason and a day to look again     learn           health drifting: this is how it looks now
    resume  health paused                             drop            what waits for a second editor
    return  a move that was followed, by an editor or by the rule: the registered address again, with a reason

Two editors pause an official source, two let it speak from another registrable domain, and two take that back: the
first asks, the second does the same act. Refusal codes: not_allowed, wrong_status, own_proposal, proposal_waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from index.errors import InvalidInput, Refused
from index.model import (
    CheckCounts,
    Concern,
    Editor,
    EditorRole,
    Health,
    Move,
    Proposal,
    Revalidation,
    Source,
    SourceAct,
    SourceKind,
    SourceState,
)

OFFICIAL_FAILS = timedelta(hours=6)
OTHERS_FAIL = timedelta(days=3)
WEEK = timedelta(days=7)
UNMAPPED_SHARE = 0.05
LEAST_UNMAPPED = 2  # one strange label in a quiet week is nothing to call for
MAX_NOTE = 500
MAX_PAUSE = timedelta(days=366)
_DECIDERS = frozenset({EditorRole.EDITOR, EditorRole.ADMIN})
_PROPOSED = {
    SourceAct.PAUSE: "source_pause_proposed",
    SourceAct.FOLLOW: "source_follow_proposed",
    SourceAct.RETURN: "source_return_proposed",
}
_NEEDS_NOTE = frozenset({SourceAct.PAUSE, SourceAct.STAY, SourceAct.RETURN})


@dataclass(frozen=True, slots=True)
class Asked:
    """What came with an act, and under which rules it is judged."""

    now: datetime
    note: str = ""
    review_on: date | None = None
    is_training: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """The state that an act leads to, and the act as the audit names it."""

    state: SourceState
    act: str
    values: Mapping[str, str]


def decide(act: SourceAct, source: Source, state: SourceState, actor: Editor, asked: Asked) -> Decided:
    """Raises: Refused with the first rule that forbids the act, InvalidInput for its note or day."""
    may(act, state, actor, asked.is_training)
    is_second = _is_second(act, state)
    if len(asked.note) > MAX_NOTE:
        raise InvalidInput(code="too_long", field="note")
    if act in _NEEDS_NOTE and not is_second and not asked.note.strip():
        raise InvalidInput(code="reason_required", field="note")
    if act is SourceAct.PAUSE and not is_second:
        _check_day(asked.review_on, asked.now.date())
    if _wants_second(act, source, state) and not is_second and not asked.is_training:
        return _proposed(act, state, actor, asked)
    return _DO[act](state, asked)


def may(act: SourceAct, state: SourceState, actor: Editor, is_training: bool = False) -> None:
    """Raises: Refused."""
    if not actor.is_active or actor.role not in _DECIDERS:
        raise Refused(code="not_allowed")
    if not _fits(act, state):
        raise Refused(code="wrong_status")
    waits = state.proposal
    if waits is None or act in (SourceAct.CHECK, SourceAct.DROP, SourceAct.STAY, SourceAct.LEARN):
        return
    if waits.act is not act:
        raise Refused(code="proposal_waits")
    if waits.editor_id == actor.id and not is_training:
        raise Refused(code="own_proposal")


def allowed(state: SourceState, actor: Editor, is_training: bool = False) -> frozenset[SourceAct]:
    """The acts open to an editor now."""
    acts = set()
    for act in SourceAct:
        try:
            may(act, state, actor, is_training)
        except Refused:
            continue
        acts.add(act)
    return frozenset(acts)


def _fits(act: SourceAct, state: SourceState) -> bool:
    is_paused = state.health is Health.PAUSED
    if act in (SourceAct.FOLLOW, SourceAct.STAY):
        return state.health is Health.MOVED and state.move is not None and not state.is_in_other_hands
    if act is SourceAct.RETURN:
        return bool(state.address or state.also_domain) and not is_paused
    if act is SourceAct.LEARN:
        is_drifting = state.health is Health.DRIFTING and not state.error_count
        return bool(state.doubts) and (state.is_in_other_hands or is_drifting)
    if act is SourceAct.DROP:
        return state.proposal is not None
    return is_paused if act is SourceAct.RESUME else not is_paused


def _wants_second(act: SourceAct, source: Source, state: SourceState) -> bool:
    if source.kind is not SourceKind.OFFICIAL:
        return False
    return act is SourceAct.PAUSE or bool(_leads_to(act, state)[1])


def _is_second(act: SourceAct, state: SourceState) -> bool:
    """Whether this is the second of two: of a move, only about the address that the first one saw."""
    waits = state.proposal
    if waits is None or waits.act is not act:
        return False
    return _leads_to(act, state)[0] == waits.to


def _leads_to(act: SourceAct, state: SourceState) -> tuple[str, str]:
    """The address that an act is about, and its registrable domain where that is not the source's own."""
    if act is SourceAct.RETURN:
        return state.address, state.also_domain
    return (state.move.to, state.move.domain) if act is SourceAct.FOLLOW and state.move else ("", "")


def _check_day(review_on: date | None, today: date) -> None:
    if review_on is None:
        raise InvalidInput(code="review_required", field="review_on")
    if not today < review_on <= today + MAX_PAUSE:
        raise InvalidInput(code="review_out_of_range", field="review_on")


# --- what each act does ---


def _proposed(act: SourceAct, state: SourceState, actor: Editor, asked: Asked) -> Decided:
    to, domain = _leads_to(act, state)
    proposal = Proposal(act, actor.id, asked.now, asked.note.strip(), asked.review_on, to, domain)
    return Decided(replace(state, proposal=proposal), _PROPOSED[act], {"note": proposal.note, "target": to})


def _check(state: SourceState, asked: Asked) -> Decided:
    """Of a silent source once without validators: a 304 may be what hides its items."""
    is_doubted = state.health is Health.SILENT and state.revalidation is Revalidation.ON
    revalidation = Revalidation.SKIP if is_doubted else state.revalidation
    return Decided(replace(state, next_check_at=asked.now, revalidation=revalidation), "source_checked", {})


def _pause(state: SourceState, asked: Asked) -> Decided:
    waits = state.proposal if _is_second(SourceAct.PAUSE, state) else None
    note, review_on = (waits.note, waits.review_on) if waits else (asked.note.strip(), asked.review_on)
    paused = replace(state, health=Health.PAUSED, note=note, review_on=review_on, proposal=None)
    return Decided(paused, "source_paused", {"note": note})


def _resume(state: SourceState, asked: Asked) -> Decided:
    resumed = replace(
        state, health=Health.OK, note="", review_on=None, proposal=None, next_check_at=asked.now,
        error_code=None, error_count=0, failing_since=None, missing_since=None,
    )  # fmt: skip
    return Decided(resumed, "source_resumed", {})


def _follow(state: SourceState, asked: Asked) -> Decided:
    assert state.move is not None  # _fits
    moved = replace(
        state, address=state.move.to, also_domain=state.move.domain or state.also_domain, move=None, proposal=None,
        etag=None, last_modified=None, body_sha256=None, health=Health.OK, next_check_at=asked.now,
        error_code=None, error_count=0, failing_since=None, missing_since=None, note="",
    )  # fmt: skip
    return Decided(moved, "source_followed", {"target": state.move.to})


def _return(state: SourceState, asked: Asked) -> Decided:
    """The move that was followed counts as refused, or the same redirect would be followed again."""
    waits = state.proposal if _is_second(SourceAct.RETURN, state) else None
    move = Move(state.address, is_refused=True, domain=state.also_domain) if state.address else None
    back = replace(
        state, address="", also_domain="", move=move, proposal=None,
        etag=None, last_modified=None, body_sha256=None, health=Health.OK, next_check_at=asked.now,
        error_code=None, error_count=0, failing_since=None, missing_since=None, note="",
    )  # fmt: skip
    note = waits.note if waits else asked.note.strip()
    return Decided(back, "source_returned", {"note": note, "target": state.address})


def _stay(state: SourceState, asked: Asked) -> Decided:
    assert state.move is not None  # _fits
    waits = state.proposal
    kept = None if waits is not None and waits.act is SourceAct.FOLLOW else waits
    health = Health.FAILING if state.error_count else Health.OK
    stayed = replace(state, move=replace(state.move, is_refused=True), proposal=kept, health=health)
    return Decided(stayed, "source_stayed", {"note": asked.note.strip(), "target": state.move.to})


def _learn(state: SourceState, asked: Asked) -> Decided:
    # Read whole once more: what comes under other names than before is then known by both (Q16).
    learnt = replace(
        state, doubts=(), learn_from=asked.now, health=Health.OK, etag=None, last_modified=None, body_sha256=None,
        error_code=None, error_count=0, failing_since=None,
    )  # fmt: skip
    if state.error_count:
        learnt = replace(learnt, next_check_at=asked.now)
    return Decided(learnt, "source_learnt", {})


def _drop(state: SourceState, asked: Asked) -> Decided:
    return Decided(replace(state, proposal=None), "source_proposal_dropped", {})


_DO = {
    SourceAct.CHECK: _check,
    SourceAct.PAUSE: _pause,
    SourceAct.RESUME: _resume,
    SourceAct.FOLLOW: _follow,
    SourceAct.STAY: _stay,
    SourceAct.RETURN: _return,
    SourceAct.LEARN: _learn,
    SourceAct.DROP: _drop,
}


# --- what wants a person ---


def concerns(source: Source, state: SourceState, week: CheckCounts, now: datetime) -> tuple[Concern, ...]:
    """What about a source wants a person, alarms first."""
    if not source.is_enabled:
        return ()
    is_official = source.kind is SourceKind.OFFICIAL
    found = [c for c in (_failing(is_official, state, now), _health(is_official, state)) if c is not None]
    if state.proposal is not None:
        found.append(Concern("second_editor"))
    if state.health is Health.PAUSED and state.review_on is not None and state.review_on <= now.date():
        found.append(Concern("pause_ends"))
    if week.unmapped_count >= LEAST_UNMAPPED and week.unmapped_count > UNMAPPED_SHARE * week.label_count:
        counts = {"count": str(week.unmapped_count), "of": str(week.label_count)}
        found.append(Concern("labels_unmapped", counts))
    if state.revalidation is Revalidation.OFF:
        found.append(Concern("validators_off"))
    return tuple(sorted(found, key=lambda c: not c.is_alarm))


def _failing(is_official: bool, state: SourceState, now: datetime) -> Concern | None:
    if state.failing_since is None or state.health is Health.PAUSED:
        return None
    if state.health is Health.GONE and not is_official:
        return None  # nobody asks any more: one notice is enough (A6)
    lasted = now - state.failing_since
    if is_official and lasted >= OFFICIAL_FAILS:
        return Concern("official_failing", {"hours": str(int(lasted.total_seconds() // 3600))}, is_alarm=True)
    if not is_official and lasted >= OTHERS_FAIL:
        return Concern("failing", {"days": str(lasted.days)})
    return None


def _health(is_official: bool, state: SourceState) -> Concern | None:
    if state.is_in_other_hands:
        return Concern("other_hands", is_alarm=is_official)
    if state.health in (Health.SILENT, Health.GONE, Health.MOVED):
        return Concern(state.health.value, is_alarm=is_official)
    return Concern(state.health.value) if state.health is Health.DRIFTING else None
