"""Other publishers' reviews, notices kept as evidence, and the matches that link claims to what answers them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, or_, select, update

from index.model import Band, Evidence, Match, MatchStatus, OutsideRefutation, Reason, TargetKind, Verdict
from index.ports import Notice
from index.records.room import Room, batches, bounded
from index.records.tables.crawled import evidence as evidence_table
from index.records.tables.crawled import matches, outsides

OUTSIDE_FIELDS = tuple(OutsideRefutation.__dataclass_fields__)
MATCH_FIELDS = tuple(Match.__dataclass_fields__)


class ReviewRoom(Room):
    """What others concluded, and what fits which claim."""

    def put_outsides(self, reviews: Sequence[OutsideRefutation]) -> None:
        """Many in one statement; of two with one id the later one stays."""
        if reviews:
            self._put_all(outsides, [{name: getattr(r, name) for name in OUTSIDE_FIELDS} for r in reviews])

    def outside(self, outside_id: str) -> OutsideRefutation | None:
        return self.outsides([outside_id]).get(outside_id)

    def outsides(self, ids: Collection[str]) -> dict[str, OutsideRefutation]:
        found: dict[str, OutsideRefutation] = {}
        for batch in batches(ids):
            rows = self._all(select(outsides).where(outsides.c.id.in_(batch)))
            found.update((row["id"], _outside(row)) for row in rows)
        return found

    def put_evidence(
        self,
        evidence_id: str,
        source_id: str,
        evidence: Evidence,
        text: str,
        seen_at: datetime,
        expires_at: datetime | None = None,
    ) -> None:
        """A notice of an official source, kept for drafts and matching. Its standing stays as `retire_evidence` left
        it."""
        row = {name: getattr(evidence, name) for name in Evidence.__dataclass_fields__}
        more = {"id": evidence_id, "source_id": source_id, "text": text, "seen_at": seen_at, "expires_at": expires_at}
        self._put(evidence_table, row | more)

    def retire_evidence(self, evidence_id: str, superseded_by: str, *, is_withdrawn: bool) -> None:
        """Another notice took its place ("": none did), or it was withdrawn."""
        values: dict[str, Any] = {"superseded_by": superseded_by} if superseded_by else {}
        if is_withdrawn:
            values["is_withdrawn"] = True
        if values:
            self._change(update(evidence_table).where(evidence_table.c.id == evidence_id).values(**values))

    def restore_evidence(self, evidence_id: str) -> None:
        """Its publisher shows it again; what another notice withdrew stays withdrawn."""
        own = update(evidence_table).where(evidence_table.c.id == evidence_id, evidence_table.c.superseded_by == "")
        self._change(own.values(is_withdrawn=False))

    def notice(self, evidence_id: str) -> Notice | None:
        row = self._one(select(evidence_table).where(evidence_table.c.id == evidence_id))
        return None if row is None else _notice(row)

    def notices(
        self,
        *,
        source_id: str = "",
        text: str = "",
        in_force_at: datetime | None = None,
        before_id: str = "",
        limit: int = 50,
    ) -> tuple[Notice, ...]:
        """Newest first; each word of `text` is in its publisher, title or text."""
        kept = evidence_table.c
        statement = select(evidence_table).order_by(kept.id.desc()).limit(bounded(limit))
        if source_id:
            statement = statement.where(kept.source_id == source_id)
        if before_id:
            statement = statement.where(kept.id < before_id)
        if in_force_at is not None:
            lasts = or_(kept.expires_at.is_(None), kept.expires_at > in_force_at)
            statement = statement.where(kept.is_withdrawn.is_(False), kept.superseded_by == "", lasts)
        for word in text.split():
            places = (kept.title, kept.publisher, kept.text)
            statement = statement.where(or_(*(place.icontains(word, autoescape=True) for place in places)))
        return tuple(_notice(row) for row in self._all(statement))

    # --- matches ---

    def put_match(self, match: Match) -> None:
        reasons = [{"key": r.key, "values": r.values, "objects": r.objects} for r in match.reasons]
        self._put(matches, {name: getattr(match, name) for name in MATCH_FIELDS} | {"reasons": reasons})

    def match(self, match_id: str) -> Match | None:
        row = self._one(select(matches).where(matches.c.id == match_id))
        return None if row is None else _match(row)

    def matches(
        self,
        *,
        claim_id: str | None = None,
        target_kind: TargetKind | None = None,
        target_id: str | None = None,
        status: MatchStatus | None = None,
        limit: int = 200,
        offset: int = 0,
    ) -> tuple[Match, ...]:
        wanted = {"claim_id": claim_id, "target_kind": target_kind, "target_id": target_id, "status": status}
        statement = select(matches).where(*(matches.c[name] == is_ for name, is_ in wanted.items() if is_ is not None))
        newest_first = statement.order_by(matches.c.created_at.desc(), matches.c.id.desc())
        return tuple(_match(row) for row in self._all(newest_first.limit(bounded(limit)).offset(bounded(offset))))

    def count_matches(self, *, status: MatchStatus) -> int:
        return int(self._scalar(select(func.count()).select_from(matches).where(matches.c.status == status)))


def _outside(row: RowMapping) -> OutsideRefutation:
    return OutsideRefutation(**{**row, "verdict": Verdict(row["verdict"]) if row["verdict"] else None})


def _notice(row: RowMapping) -> Notice:
    told = Evidence(**{name: row[name] for name in Evidence.__dataclass_fields__})
    standing = (row["expires_at"], row["superseded_by"], row["is_withdrawn"])
    return Notice(row["id"], row["source_id"], told, row["text"], *standing)


def _match(row: RowMapping) -> Match:
    values: dict[str, Any] = {
        **row,
        "target_kind": TargetKind(row["target_kind"]),
        "status": MatchStatus(row["status"]),
        "band": Band(row["band"]),
        "reasons": tuple(Reason(r["key"], r["values"], r["objects"]) for r in row["reasons"]),
        "moved": tuple(row["moved"]),
    }
    return Match(**values)
