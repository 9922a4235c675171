"""Watching ourselves: the audit as sentences by day."""

from __future__ import annotations

from itertools import groupby

from flask import render_template, request

from webapp.desk import words
from webapp.desk.room import blueprint
from webapp.opened import catalogue
from webapp.present import SITE_ZONE

AUDIT_PAGE = 100


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
