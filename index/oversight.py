"""Watching the sources: what editors decide about them, and what the desk and the command line are shown of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from index import notices, standing
from index.errors import NotFound
from index.model import CheckCounts, Editor, Source, SourceAct, SourceCheck, SourceSample, SourceState
from index.pages import SourcePage, SourceRow
from index.ports import Parts

ARRIVALS_OF = timedelta(days=180)
KEEP_QUIET = timedelta(days=90)
KEEP_SAMPLES = timedelta(days=14)
SHOWN_CHECKS = 50
SHOWN_NOTICES = 10


def decide(
    parts: Parts, source_id: str, act: SourceAct, editor: Editor, note: str, review_on: date | None
) -> SourceState:
    """See Catalogue.decide_source."""
    now = parts.clock.now()
    asked = standing.Asked(now, note, review_on, parts.settings.is_training)
    with parts.records.begin() as unit:
        unit.hold_desk()  # in the order of a poll, or the two may wait for each other: the desk, then the sources
        source, state = unit.source(source_id), unit.hold_source(source_id)
        if source is None or state is None:
            raise NotFound(f"no source {source_id}")
        decided = standing.decide(act, source, state, editor, asked)
        if act is SourceAct.CHECK and decided.state.revalidation is state.revalidation:
            unit.set_due(source_id, now)  # a poll under way is as good as the next one
        else:
            unit.put_source_state(decided.state)
        unit.append_audit(now, editor.id, decided.act, source_id, decided.values)
    return decided.state


def rows(parts: Parts) -> tuple[SourceRow, ...]:
    """See Catalogue.source_health."""
    now = parts.clock.now()
    with parts.records.read() as unit:
        weeks, states = unit.check_counts(now - standing.WEEK), unit.source_states()
        return tuple(_row(s, states.get(s.id), weeks.get(s.id, CheckCounts()), now) for s in unit.sources())


def page(parts: Parts, source_id: str, editor: Editor) -> SourcePage:
    """See Catalogue.source_page."""
    now = parts.clock.now()
    with parts.records.read() as unit:
        source, state = unit.source(source_id), unit.source_state(source_id)
        if source is None or state is None:
            raise NotFound(f"no source {source_id}")
        week = unit.check_counts(now - standing.WEEK).get(source_id, CheckCounts())
        return SourcePage(
            row=_row(source, state, week, now),
            state=state,
            checks=unit.checks(source_id, limit=SHOWN_CHECKS),
            acts=standing.allowed(state, editor, parts.settings.is_training),
            editors={e.id: e for e in unit.editors()},
            audit=unit.audit(subject_id=source_id, limit=20),
            samples=unit.samples(source_id),
            notices=notices.rows(unit, unit.notices(source_id=source_id, limit=SHOWN_NOTICES), now),
        )


def samples(parts: Parts, source_id: str) -> tuple[SourceSample, ...]:
    """See Catalogue.source_samples."""
    with parts.records.read() as unit:
        if unit.source(source_id) is None:
            raise NotFound(f"no source {source_id}")
        return unit.samples(source_id)


def alarms(parts: Parts) -> tuple[SourceRow, ...]:
    """See Catalogue.source_alarms."""
    now = parts.clock.now()
    with parts.records.read() as unit:
        found = [_row(source, state, CheckCounts(), now) for source, state in unit.troubled_officials()]
    return tuple(row for row in found if any(c.is_alarm for c in row.concerns))


def past_checks(parts: Parts, source_id: str, limit: int, since: datetime | None) -> tuple[SourceCheck, ...]:
    """See Catalogue.past_checks."""
    with parts.records.read() as unit:
        return unit.full_checks(source_id, limit=limit, since=since)


def arrivals(parts: Parts, source_id: str) -> tuple[datetime, ...]:
    """See Catalogue.arrivals."""
    with parts.records.read() as unit:
        return unit.arrivals(source_id, parts.clock.now() - ARRIVALS_OF)


def forget_old_checks(parts: Parts) -> int:
    """See Catalogue.forget_old_checks."""
    now = parts.clock.now()
    with parts.records.begin() as unit:
        unit.delete_samples_before(now - KEEP_SAMPLES)
        return unit.delete_checks_before(now - KEEP_QUIET, now - ARRIVALS_OF)


def _row(source: Source, state: SourceState | None, week: CheckCounts, now: datetime) -> SourceRow:
    found = standing.concerns(source, state, week, now) if state is not None else ()
    return SourceRow(source, state, week, found)
