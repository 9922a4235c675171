"""Sources, their states and the log of polls as rows, and back."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import RowMapping

from index.model import (
    Absence,
    Health,
    Licence,
    Move,
    Proposal,
    Revalidation,
    Role,
    Source,
    SourceAct,
    SourceCheck,
    SourceKind,
    SourceSample,
    SourceState,
)


def host_of(url: str) -> str:
    """The host that a URL's pace is kept for, "" if it has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def source_row(source: Source) -> dict[str, Any]:
    row = {name: getattr(source, name) for name in Source.__dataclass_fields__}
    reviewed_on = source.licence.reviewed_on
    row["licence"] = asdict(source.licence) | {"reviewed_on": reviewed_on and reviewed_on.isoformat()}
    row["host"] = host_of(source.url)
    return row


def source_of(row: RowMapping) -> Source:
    values = {name: row[name] for name in Source.__dataclass_fields__}
    values |= {"kind": SourceKind(row["kind"]), "role": Role(row["role"]), "licence": _licence(row["licence"])}
    return Source(**values)


def _licence(stored: Mapping[str, Any]) -> Licence:
    return Licence(**{**stored, "reviewed_on": _day(stored.get("reviewed_on"))})


def state_row(state: SourceState) -> dict[str, Any]:
    """What is as usual is stored as nothing, as in the rows that are older than these columns."""
    row = {name: getattr(state, name) for name in SourceState.__dataclass_fields__}
    row |= {name: row[name] or None for name in ("doubts", "address", "also_domain")}
    row["revalidation"] = None if state.revalidation is Revalidation.ON else state.revalidation
    row["absences"] = [asdict(a) | {"at": [at.isoformat() for at in a.at]} for a in state.absences] or None
    row["move"] = state.move and asdict(state.move) | {"days": [day.isoformat() for day in state.move.days]}
    if state.proposal is not None:
        review_on = state.proposal.review_on
        moments = {"at": state.proposal.at.isoformat(), "review_on": review_on and review_on.isoformat()}
        row["proposal"] = asdict(state.proposal) | moments
    return row


def state_of(row: RowMapping) -> SourceState:
    values = {name: row[name] for name in SourceState.__dataclass_fields__}
    return SourceState(
        **values
        | {
            "health": Health(row["health"]),
            "doubts": tuple(row["doubts"] or ()),
            "absences": tuple(_absence(stored) for stored in row["absences"] or ()),
            "move": _move(row["move"]),
            "address": row["address"] or "",
            "also_domain": row["also_domain"] or "",
            "revalidation": Revalidation(row["revalidation"] or Revalidation.ON),
            "proposal": _proposal(row["proposal"]),
        }
    )


def check_row(check: SourceCheck) -> dict[str, Any]:
    row = {name: getattr(check, name) for name in SourceCheck.__dataclass_fields__}
    return row | {name: row[name] or None for name in ("issuer", "generator")}


def check_of(row: RowMapping) -> SourceCheck:
    values = {name: row[name] for name in SourceCheck.__dataclass_fields__}
    told = {name: row[name] or "" for name in ("issuer", "generator")}
    return SourceCheck(**values | told | {"doubts": tuple(row["doubts"])})


def sample_row(sample: SourceSample) -> dict[str, Any]:
    row = {name: getattr(sample, name) for name in SourceSample.__dataclass_fields__ if name != "body"}
    return row | {"packed": zlib.compress(sample.body, 1)}


def sample_of(row: RowMapping) -> SourceSample:
    values = {name: row[name] for name in SourceSample.__dataclass_fields__ if name != "body"}
    return SourceSample(**values, body=zlib.decompress(row["packed"]))


def _move(stored: Mapping[str, Any] | None) -> Move | None:
    if not stored:
        return None
    return Move(**{**stored, "days": tuple(date.fromisoformat(day) for day in stored["days"])})


def _absence(stored: Mapping[str, Any]) -> Absence:
    return Absence(**{**stored, "at": tuple(datetime.fromisoformat(at) for at in stored["at"])})


def _proposal(stored: Mapping[str, Any] | None) -> Proposal | None:
    if not stored:
        return None
    moments = {"at": datetime.fromisoformat(stored["at"]), "review_on": _day(stored["review_on"])}
    return Proposal(**{**stored, **moments, "act": SourceAct(stored["act"])})


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
