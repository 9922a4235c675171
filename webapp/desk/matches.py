"""Match review: is this the same claim? One suggestion a page, the next one after each decision, all undoable."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, session
from werkzeug.wrappers import Response

from index.errors import InvalidInput, Refused
from index.ids import is_id
from index.model import MatchStatus
from webapp.desk import access
from webapp.desk.forms import Problem
from webapp.desk.matched import DIFFERENCES, target_of
from webapp.desk.room import blueprint
from webapp.language import gettext, url_for
from webapp.marked import match_marked, query_marked
from webapp.opened import catalogue

PAGES_AHEAD = 3
MAX_STATEMENT = 5_000  # of a claim, shown in full


@blueprint.get("/matches/<match_id>")
def match(match_id: str) -> str:
    return _page(match_id)


@blueprint.post("/matches/<match_id>/confirm")
def confirm(match_id: str) -> Response:
    catalogue().confirm(match_id, access.editor())
    return _on(match_id, gettext("Marked as the same."))


@blueprint.post("/matches/<match_id>/reject")
def reject(match_id: str) -> Response | tuple[str, int]:
    reason = request.form.get("own_reason", "").strip() or request.form.get("reason", "")
    try:
        catalogue().reject(match_id, access.editor(), reason)
    except (InvalidInput, Refused) as error:
        if error.field != "reason":
            raise
        return _page(match_id, Problem("reason-1", error.code)), 422
    return _on(match_id, gettext("Marked as different."))


@blueprint.post("/matches/<match_id>/undo")
def undo(match_id: str) -> Response:
    catalogue().undo(match_id, access.editor())
    session.pop("undo", None)
    flash(gettext("Undone. Please decide again."))
    return redirect(url_for(".match", match_id=match_id), 303)


def _on(match_id: str, said: str) -> Response:
    """After a decision: the next suggestion, with the way back kept until the next decision."""
    session["undo"] = match_id
    flash(said)
    then = request.form.get("then", "")
    if is_id(then, "mat") and catalogue().suggestion(then).match.status is MatchStatus.SUGGESTED:
        return redirect(url_for(".match", match_id=then), 303)
    return redirect(url_for(".queue", list="match"), 303)


def _page(match_id: str, problem: Problem | None = None) -> str:
    suggestion = catalogue().suggestion(match_id)
    target = target_of(suggestion)
    explanation = catalogue().explain(suggestion.claim.statement, target.text)
    file = catalogue().claim_file(suggestion.claim.id)
    return render_template(
        "desk/match.html",
        suggestion=suggestion,
        target=target,
        left=query_marked(suggestion.claim.statement, explanation, MAX_STATEMENT),
        right=match_marked(target.text, explanation),
        file=file,
        following=_following(match_id),
        differences=DIFFERENCES,
        problems=(problem,) if problem else (),
        typed=request.form,
    )


def _following(match_id: str) -> str | None:
    """The suggestion after this one in the order of the queue; the first one after the last."""
    ids: list[str] = []
    for page in range(1, PAGES_AHEAD + 1):
        found = catalogue().queue("match", access.editor(), page)
        ids += [s.match.id for row in found.rows for s in row.suggestions]
        if match_id in ids[:-1] or page >= found.page_count:
            break
    if match_id in ids[:-1]:
        return ids[ids.index(match_id) + 1]
    return next((other for other in ids if other != match_id), None)
