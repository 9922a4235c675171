"""Official notices: kept as evidence, each with its standing. A notice may take the place of others or withdraw them.

the one named was seen     ─► it loses its standing now
it was not seen yet        ─► its name is remembered, and it has no standing when it comes (CAP documents of one
                              poll, and of several publishers' mirrors, come in any order)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from index.ids import is_id, new_id
from index.model import Evidence, Grouped, Item, NoticeState, Source
from index.pages import NoticeList, NoticeRow
from index.ports import Notice, Parts, SeenItem, Unit

MAX_TEXT = 20_000  # characters kept of one notice
SHOWN = 30  # notices of one page of the desk
MAX_WORDS = 8  # looked for at once
MAX_SUPERSEDED = 100  # notices that one notice may take the place of
#: What is remembered of a notice that another one named before it was seen itself.
SUPERSEDED, WITHDRAWN = "superseded", "withdrawn"
RETIRED = (SUPERSEDED, WITHDRAWN)


def keep(unit: Unit, source: Source, item: Item, seen: SeenItem | None, now: datetime) -> tuple[str, str, Grouped]:
    """Stores the notice; returns its kind, its record's id and whether it is new."""
    evidence_id = seen.record_id if seen and seen.kind == "evidence" else new_id("evi")
    evidence = Evidence(
        publisher=item.publisher or source.name(source.language),
        title=item.title[:500],
        url=item.url,
        published_on=item.published_at.date() if item.published_at else None,
    )
    unit.put_evidence(evidence_id, source.id, evidence, item.text[:MAX_TEXT], now, item.expires_at)
    if item.is_withdrawn:
        retire(unit, evidence_id, "", now, is_withdrawn=True)
    elif seen and seen.kind == "evidence":
        unit.restore_evidence(evidence_id)
        kept = unit.notice(evidence_id)
        if kept is not None and not kept.is_withdrawn:  # what another notice cancelled stays so
            unit.set_page_withdrawn(item.url, None)
    is_named = seen is not None and seen.kind in RETIRED
    if seen is not None and is_named:  # what names it came first
        retire(unit, evidence_id, seen.record_id, now, is_withdrawn=seen.kind == WITHDRAWN)
    for name in item.supersedes[:MAX_SUPERSEDED]:
        if name not in (item.native_id, *item.aliases):
            _name_retired(unit, source.id, name, evidence_id, item.is_withdrawn, now)
    return "evidence", evidence_id, Grouped.NEW if seen is None or is_named else Grouped.REVISED


def page(parts: Parts, source_id: str, text: str, before_id: str, *, only_in_force: bool) -> NoticeList:
    """See Catalogue.official_notices."""
    now = parts.clock.now()
    words = " ".join(text.split()[:MAX_WORDS])
    with parts.records.read() as unit:
        found = unit.notices(
            source_id=source_id,
            text=words,
            before_id=before_id if is_id(before_id, "evi") else "",
            in_force_at=now if only_in_force else None,
            limit=SHOWN + 1,
        )
        return NoticeList(rows(unit, found[:SHOWN], now), found[SHOWN - 1].id if len(found) > SHOWN else "")


def rows(unit: Unit, found: Sequence[Notice], now: datetime) -> tuple[NoticeRow, ...]:
    """The notices with their sources, as the desk shows them."""
    sources = {id: unit.source(id) for id in {notice.source_id for notice in found}}
    return tuple(
        NoticeRow(n.id, n.evidence, n.text, n.expires_at, state(n, now), sources[n.source_id]) for n in found
    )


def state(notice: Notice, now: datetime) -> NoticeState:
    """A withdrawal weighs more than what took its place, and that more than its end."""
    if notice.is_withdrawn:
        return NoticeState.WITHDRAWN
    if notice.superseded_by:
        return NoticeState.SUPERSEDED
    is_over = notice.expires_at is not None and notice.expires_at <= now
    return NoticeState.EXPIRED if is_over else NoticeState.IN_FORCE


def retire(unit: Unit, evidence_id: str, by_id: str, now: datetime, *, is_withdrawn: bool) -> None:
    """Another notice took its place, or (also without another) it was withdrawn: then texts of ours may cite it."""
    unit.retire_evidence(evidence_id, by_id, is_withdrawn=is_withdrawn)
    notice = unit.notice(evidence_id) if is_withdrawn else None
    if notice is not None:
        unit.set_page_withdrawn(notice.evidence.url, now)


def _name_retired(unit: Unit, source_id: str, name: str, by_id: str, is_withdrawn: bool, now: datetime) -> None:
    named = unit.seen_item(source_id, (name,))
    if named is not None and named.kind == "evidence":
        retire(unit, named.record_id, by_id, now, is_withdrawn=is_withdrawn)
    elif named is None or named.kind == SUPERSEDED:  # a withdrawal that came before stays one
        kind = WITHDRAWN if is_withdrawn else SUPERSEDED
        unit.put_seen_item(source_id, name, SeenItem(kind, by_id, "", 0), (), now)
