"""From the second pair of eyes to the public notice: publish check, approve or return, correct, withdraw."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from index import workflow
from index.errors import InvalidInput, Refused
from index.model import AlertKind
from index.pages import DraftPage
from webapp import compare
from webapp.desk import access, words
from webapp.desk.forms import Problem
from webapp.desk.queue import page_link, page_number
from webapp.desk.readers_view import as_readers_see, revision_of
from webapp.desk.room import blueprint
from webapp.language import gettext, url_for
from webapp.opened import catalogue


@blueprint.get("/alerts")
def alerts() -> str:
    return render_template("desk/alerts.html", found=catalogue().desk_threads(page_number()), link=page_link(".alerts"))


@blueprint.get("/drafts/<refutation_id>/preview")
def preview(refutation_id: str) -> str:
    page = catalogue().draft_page(refutation_id, access.editor())
    if revision_of(page) is None:
        raise Refused(code="nothing_in_work")
    return render_template("desk/preview.html", page=page, view=as_readers_see(page))


@blueprint.get("/drafts/<refutation_id>/check")
def publish_check(refutation_id: str) -> str:
    return _check(refutation_id)


@blueprint.post("/drafts/<refutation_id>/approve")
def approve(refutation_id: str) -> Response:
    version = request.form.get("version", "")
    expected = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1
    alert = catalogue().approve(refutation_id, access.editor(), expected)
    said = {
        AlertKind.ISSUE: gettext("Published. The site and the feeds have it now."),
        AlertKind.UPDATE: gettext("The correction is published, with its note."),
        AlertKind.CANCEL: gettext("Withdrawn. The page stays, with the reason first."),
    }
    flash(said[alert.kind])
    return redirect(url_for(".publish_check", refutation_id=refutation_id), 303)


@blueprint.post("/drafts/<refutation_id>/return")
def send_back(refutation_id: str) -> Response | tuple[str, int]:
    try:
        catalogue().send_back(refutation_id, access.editor(), request.form.get("reason", ""))
    except (InvalidInput, Refused) as error:
        if error.field != "reason":
            raise
        return _check(refutation_id, Problem("reason", error.code)), 422
    flash(gettext("Returned with your reason."))
    return redirect(url_for(".queue", list="approve"), 303)


@blueprint.post("/drafts/<refutation_id>/discard")
def discard(refutation_id: str) -> Response:
    catalogue().discard(refutation_id, access.editor())
    flash(gettext("The draft has been discarded. What is public stays as it is."))
    return redirect(url_for(".queue", list="write"), 303)


@blueprint.post("/drafts/<refutation_id>/correct")
def correct(refutation_id: str) -> Response:
    catalogue().start_correction(refutation_id, access.editor())
    flash(gettext("You are writing a correction. Readers see the present text until it is approved."))
    return redirect(url_for(".draft", refutation_id=refutation_id), 303)


@blueprint.post("/drafts/<refutation_id>/keep-citations")
def keep_citations(refutation_id: str) -> Response | tuple[str, int]:
    try:
        seen, reason = request.form.getlist("withdrawn"), request.form.get("keep-reason", "")
        catalogue().keep_citations(refutation_id, access.editor(), seen, reason)
    except (InvalidInput, Refused) as error:
        if error.field != "reason":
            raise
        return _check(refutation_id, Problem("keep-reason", error.code)), 422
    flash(gettext("The text goes on citing it. Your reason is in the audit."))
    return redirect(url_for(".publish_check", refutation_id=refutation_id), 303)


@blueprint.get("/drafts/<refutation_id>/withdraw")
def withdrawal(refutation_id: str) -> str:
    return _withdrawal(refutation_id, "")


@blueprint.post("/drafts/<refutation_id>/withdraw")
def propose_withdrawal(refutation_id: str) -> Response | str | tuple[str, int]:
    """First the page that shows what would happen, then the act itself."""
    reason = request.form.get("reason", "").strip()
    if not reason:
        return _withdrawal(refutation_id, "", Problem("reason", "reason_required")), 422
    if request.form.get("act") != "send":
        return _withdrawal(refutation_id, reason, is_review=request.form.get("act") == "review")
    try:
        catalogue().propose_withdrawal(refutation_id, access.editor(), reason)
    except InvalidInput as error:
        return _withdrawal(refutation_id, reason, Problem("reason", error.code)), 422
    flash(gettext("The withdrawal waits for another editor. The alert stays as it is until then."))
    return redirect(url_for(".publish_check", refutation_id=refutation_id), 303)


def _withdrawal(refutation_id: str, reason: str, problem: Problem | None = None, is_review: bool = False) -> str:
    page = catalogue().draft_page(refutation_id, access.editor())
    if workflow.Act.WITHDRAW not in page.acts:
        raise Refused(code=page.refusals[workflow.Act.WITHDRAW])
    return render_template(
        "desk/withdraw.html",
        page=page,
        view=as_readers_see(page),
        reason=reason,
        is_review=is_review,
        problems=(problem,) if problem else (),
    )


def _changes(page: DraftPage) -> tuple[compare.Change, ...]:
    """What a correction in review changes; the person who approves must see it without a click."""
    if page.published is None or page.working is None or page.working.kind is not AlertKind.UPDATE:
        return ()
    return compare.changes(words.shown(page.published.text), words.shown(page.working.text))


def _check(refutation_id: str, problem: Problem | None = None) -> str:
    page = catalogue().draft_page(refutation_id, access.editor())
    revision = revision_of(page)
    if revision is None:  # a first draft that was discarded
        raise Refused(code="nothing_in_work")
    level, reasons = workflow.risk(revision, page.published if page.working is not None else None)
    return render_template(
        "desk/check.html",
        page=page,
        revision=revision,
        view=as_readers_see(page),
        changes=_changes(page),
        checks=workflow.checklist(revision.text, revision.kind, revision.note),
        risk=level,
        risk_reasons=reasons,
        problems=(problem,) if problem else (),
        typed=request.form,
    )
