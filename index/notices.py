"""Official notices: kept as evidence, each with its standing. A notice may take the place of others or withdraw them.

the one named was seen     ─► it loses its standing now
it was not seen yet        ─► its name is remembered, and it has no standing when it comes (CAP documents of one
                              poll, and of several publishers' mirrors, come in any order)
"""

from __future__ import annotations

from datetime import datetime

from index.ids import new_id
from index.model import Evidence, Grouped, Item, Source
from index.ports import SeenItem, Unit

MAX_TEXT = 20_000  # characters kept of one notice
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
        unit.set_page_withdrawn(item.url, None)
    is_named = seen is not None and seen.kind in RETIRED
    if seen is not None and is_named:  # what names it came first
        retire(unit, evidence_id, seen.record_id, now, is_withdrawn=seen.kind == WITHDRAWN)
    for name in item.supersedes[:MAX_SUPERSEDED]:
        if name not in (item.native_id, *item.aliases):
            _name_retired(unit, source.id, name, evidence_id, item.is_withdrawn, now)
    return "evidence", evidence_id, Grouped.NEW if seen is None or is_named else Grouped.REVISED


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
