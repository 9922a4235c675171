"""Watching the machine and ourselves: the health of sources, and the audit as sentences by day."""

from __future__ import annotations

from itertools import groupby

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from index.errors import InvalidInput
from index.model import Health
from index.pages import SourceRow
from webapp.desk import access, words
from webapp.desk.forms import Problem
from webapp.desk.room import blueprint
from webapp.language import current, gettext, url_for
from webapp.opened import catalogue
from webapp.present import SITE_ZONE

AUDIT_PAGE = 100


@blueprint.get("/sources")
def sources() -> str:
    return _sources()


@blueprint.post("/sources/<source_id>/check")
def check_source(source_id: str) -> Response:
    catalogue().set_due(source_id)
    flash(gettext("%(source)s is due now. The next crawl takes it.", source=_name(source_id)))
    return redirect(url_for(".sources", _anchor=source_id), 303)


@blueprint.post("/sources/<source_id>/pause")
def pause_source(source_id: str) -> Response | tuple[str, int]:
    try:
        catalogue().set_source_health(source_id, Health.PAUSED, access.editor(), request.form.get("note", ""))
    except InvalidInput:
        return _sources(Problem(f"note-{source_id}", "note_required")), 422
    flash(gettext("%(source)s is paused.", source=_name(source_id)))
    return redirect(url_for(".sources", _anchor=source_id), 303)


@blueprint.post("/sources/<source_id>/resume")
def resume_source(source_id: str) -> Response:
    catalogue().set_source_health(source_id, Health.OK, access.editor(), "")
    flash(gettext("%(source)s is read again.", source=_name(source_id)))
    return redirect(url_for(".sources", _anchor=source_id), 303)


def _name(source_id: str) -> str:
    return catalogue().source(source_id).name(current())


def _sources(problem: Problem | None = None) -> str:
    rows = sorted(catalogue().sources(), key=_by_trouble)
    troubled = sum(1 for row in rows if _is_troubled(row))
    problems = (problem,) if problem else ()
    return render_template("desk/sources.html", rows=rows, troubled=troubled, problems=problems)


def _is_troubled(row: SourceRow) -> bool:
    return row.source.is_enabled and row.state is not None and row.state.health not in (Health.OK, Health.PAUSED)


def _by_trouble(row: SourceRow) -> tuple[bool, bool, str]:
    return (not _is_troubled(row), not row.source.is_enabled, row.source.id)


@blueprint.get("/audit")
def audit() -> str:
    asked = request.args.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None
    entries = catalogue().audit(limit=AUDIT_PAGE, before_seq=before)
    editors = {e.id: e for e in catalogue().editors()}
    days = [
        (day, [(e, words.audit_sentence(e, editors)) for e in found])
        for day, found in groupby(entries, key=lambda e: e.at.astimezone(SITE_ZONE).date())
    ]
    older = entries[-1].seq if len(entries) == AUDIT_PAGE and entries[-1].seq > 1 else None
    return render_template(
        "desk/audit.html", days=days, older=older, broken=catalogue().first_broken_audit_row(), is_first=before is None
    )
