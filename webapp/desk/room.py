"""The desk's blueprint: the guard before every view, what its templates may ask, and its errors as pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, g, make_response, render_template, request, session
from flask_wtf.csrf import CSRFError

from index.errors import ClarionError, Conflict, InvalidInput, NotFound, Refused
from index.ids import is_id
from index.pages import SourceRow
from webapp import auth, charts
from webapp.desk import access, matched, problems, words
from webapp.language import url_for
from webapp.opened import catalogue

blueprint = Blueprint("desk", __name__, url_prefix="/desk")
blueprint.before_request(access.guard)
blueprint.after_request(access.no_store)

#: A long Chinese draft is 150 kB as a posted form: nine bytes a character.
MAX_FORM_BYTES = 1024 * 1024

_STATUSES = ((InvalidInput, 422), (Refused, 403), (NotFound, 404), (Conflict, 409))


@blueprint.url_value_preprocessor
def allow_long_forms(endpoint: str | None, values: Mapping[str, Any] | None) -> None:
    """Before anything reads the form. Ids that cannot be one are told apart here, before any query."""
    request.max_content_length = MAX_FORM_BYTES
    request.max_form_memory_size = MAX_FORM_BYTES
    for name, prefix in (("claim_id", "clm"), ("refutation_id", "ref"), ("match_id", "mat"), ("editor_id", "edt")):
        if values and name in values and not is_id(values[name], prefix):
            abort(404)


@blueprint.context_processor
def for_templates() -> dict[str, Any]:
    return {
        "visitor": g.get("visitor"),
        "has_shortcuts": request.cookies.get("clarion-shortcuts") != "off",
        "undo_id": session.get("undo"),
        "own_address": access.own_address(),
        "problem_sentence": problems.sentence,
        "words": words,
        "spark": charts.spark,
        "target_of": matched.target_of,
        "not_claims": matched.NOT_CLAIMS,
        "source_alarms": alarms,
    }


def alarms() -> tuple[SourceRow, ...]:
    """Official sources that are in trouble, for the banner; none for who is not logged in."""
    if g.get("visitor") is None:
        return ()
    try:
        return catalogue().source_alarms()
    except ClarionError:
        return ()  # a page of an error shows its own


# --- errors -------------------------------------------------------------------------------------------------------


@blueprint.errorhandler(access.SessionEnded)
def on_session_ended(ended: access.SessionEnded) -> Response:
    """A page was asked for: log in, then go there. A form was posted: its text stays on the page of the log-in."""
    if request.method in ("GET", "HEAD"):
        target = auth.safe_next(ended.kept.path, "")
        return make_response(render_template("desk/log_in.html", next=target, name="", kept=None, has_ended=True), 401)
    return make_response(render_template("desk/log_in.html", next="", name="", kept=ended.kept, has_ended=True), 401)


@blueprint.errorhandler(CSRFError)
def on_refused_form(error: CSRFError) -> Response:
    """The token is missing or old. What was typed is shown, to be sent again by the person's own hand."""
    return make_response(render_template("desk/form_refused.html", kept=access.kept()), 400)


@blueprint.errorhandler(ClarionError)
def on_clarion_error(error: ClarionError) -> Response:
    """The rules of the catalogue, as a sentence; what the views have not shown beside a field."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 503)
    back = auth.safe_next(request.form.get("back"), url_for(".queue"))
    kept = access.kept() if request.method == "POST" else None
    page = render_template("desk/problem.html", sentence=problems.sentence(error.code), back=back, kept=kept)
    return make_response(page, status)
