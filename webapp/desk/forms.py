"""The draft's form: what was typed, read into a RefutationText, with errors by field. Nothing typed is ever lost.

Evidence rows are numbered fields (`evidence-0-url` …); empty rows are ignored, so adding a row works without script.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar

from index.model import (
    LANGUAGES,
    TOPICS,
    Evidence,
    Harm,
    OutsideRefutation,
    RefutationText,
    Revision,
    Severity,
    Technique,
    Verdict,
)
from index.pages import NoticeRow
from webapp.present import SITE_ZONE, clean_lines
from webapp.regions import REGION_NAMES

TEXT_FIELDS = ("headline", "claim", "truth", "circulating", "why", "action", "question")
ROW_FIELDS = ("publisher", "title", "url", "published_on")
FIRST_ROWS = 3
MAX_ROWS = 40

_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a form: the id of the field to go to, and the code of its sentence (problems.py)."""

    field: str
    code: str


@dataclass(frozen=True, slots=True)
class Row:
    """An evidence row as typed."""

    publisher: str = ""
    title: str = ""
    url: str = ""
    published_on: str = ""

    @property
    def is_empty(self) -> bool:
        return not any((self.publisher, self.title, self.url, self.published_on))


@dataclass(frozen=True, slots=True)
class DraftForm:
    """A draft as it stands in the form: the text it reads as, and what was typed where that cannot be read."""

    text: RefutationText
    rows: tuple[Row, ...]
    expires: str = ""
    note: str = ""
    is_material: bool = False
    version: int = 0
    problems: tuple[Problem, ...] = ()

    def with_rows(self, *more: Row) -> DraftForm:
        """Filled rows move up, `more` follow."""
        return replace(self, rows=(*(row for row in self.rows if not row.is_empty), *more)[:MAX_ROWS])

    def with_problems(self, *more: Problem) -> DraftForm:
        return replace(self, problems=(*self.problems, *more))

    def problem(self, field: str) -> str | None:
        """The code of the first problem of a field."""
        return next((p.code for p in self.problems if p.field == field), None)


def of_revision(revision: Revision) -> DraftForm:
    """The form as saved."""
    text = revision.text
    rows = tuple(Row(e.publisher, e.title, e.url, str(e.published_on or "")) for e in text.evidence)
    blank = (Row(),) * max(1, FIRST_ROWS - len(rows))
    expires = text.expires_at.astimezone(SITE_ZONE).strftime("%Y-%m-%dT%H:%M") if text.expires_at else ""
    return DraftForm(text, (*rows, *blank), expires, revision.note, revision.is_material, revision.version)


def read(
    form: Mapping[str, str], topics: Sequence[str], regions: Sequence[str], known: tuple[Evidence, ...]
) -> DraftForm:
    """The form as posted. `known` is the saved evidence: a row that keeps its address keeps its archived copy.

    `topics` and `regions` are the ticked boxes (a mapping holds only the first of a name).
    """
    problems: list[Problem] = []
    rows = _rows(form)
    expires = form.get("expires_at", "").strip()
    text = RefutationText(
        **{name: _plain(form.get(name, "")) for name in TEXT_FIELDS},
        verdict=_word(Verdict, form, "verdict", problems),
        technique=_word(Technique, form, "technique", problems),
        evidence=_evidence(rows, known, problems),
        language=form.get("language", "") if form.get("language") in LANGUAGES else LANGUAGES[0],
        topics=tuple(topic for topic in TOPICS if topic in topics),
        regions=tuple(region for region in REGION_NAMES if region in regions),
        severity=_word(Severity, form, "severity", problems) or Severity.MEDIUM,
        harm=_word(Harm, form, "harm", problems) or Harm.NONE,
        expires_at=_time(expires, problems),
    )
    version = form.get("version", "")
    return DraftForm(
        text,
        rows or (Row(),) * FIRST_ROWS,
        expires,
        _plain(form.get("note", "")),
        form.get("is_material") == "yes",
        int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
        tuple(problems),
    )


def suggested_row(outside: OutsideRefutation, publisher: str) -> Row:
    """Another publisher's review as an evidence row: who, what, where and when; never its words as our facts."""
    is_known = outside.published_at is not None and outside.date_quality == "exact"  # else the editor looks it up
    day = outside.published_at.astimezone(SITE_ZONE).date() if outside.published_at and is_known else ""
    return Row(publisher, outside.title, outside.url, str(day))


def notice_row(notice: NoticeRow) -> Row:
    """An official notice as an evidence row."""
    told = notice.evidence
    return Row(told.publisher, told.title, told.url, str(told.published_on or ""))


def _rows(form: Mapping[str, str]) -> tuple[Row, ...]:
    numbers = sorted({int(m[1]) for key in form if (m := re.fullmatch(r"evidence-(\d{1,3})-[a-z_]+", key))})[:MAX_ROWS]
    return tuple(Row(*(form.get(f"evidence-{n}-{name}", "").strip() for name in ROW_FIELDS)) for n in numbers)


def _evidence(rows: tuple[Row, ...], known: tuple[Evidence, ...], problems: list[Problem]) -> tuple[Evidence, ...]:
    archived = {e.url: e for e in known}
    found = []
    for n, row in enumerate(rows):
        if row.is_empty:
            continue
        day = _day(row.published_on, f"evidence-{n}-published_on", problems)
        if row.url and not re.match(r"https?://[^\s/]+", row.url):
            problems.append(Problem(f"evidence-{n}-url", "bad_address"))
        kept = archived.get(row.url)
        found.append(
            Evidence(
                row.publisher, row.title, row.url, day, kept.archived_at if kept else None, kept.sha256 if kept else ""
            )
        )
    return tuple(found)


def _plain(text: str) -> str:
    return clean_lines(text).strip()


def _word(kind: type[_Word], form: Mapping[str, str], field: str, problems: list[Problem]) -> _Word | None:
    value = form.get(field, "")
    if not value:
        return None
    try:
        return kind(value)
    except ValueError:
        problems.append(Problem(field, "unknown_choice"))
        return None


def _day(text: str, field: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        problems.append(Problem(field, "bad_date"))
        return None


def _time(text: str, problems: list[Problem]) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SITE_ZONE).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        problems.append(Problem("expires_at", "bad_date"))
        return None
