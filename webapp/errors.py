"""Errors as readers see them: a plain page in their language, or the one JSON shape of the API. Never a traceback.

The mapping from stable codes to HTTP is here once. The handler of unexpected exceptions is the web's edge: it logs
and answers 500.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from index.errors import ClarionError
from webapp import headers
from webapp.language import N_, gettext

log = structlog.get_logger("web")

STATUSES: Mapping[str, int] = {
    "invalid_input": 400,
    "not_found": 404,
    "refused": 403,
    "conflict": 409,
    "search_unavailable": 503,
    "encoder_unavailable": 503,
}
CODES: Mapping[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    410: "gone",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
TITLES: Mapping[int, str] = {
    400: N_("This request cannot be read"),
    403: N_("This is not allowed"),
    404: N_("There is no such page"),
    405: N_("This page does not accept that kind of request"),
    409: N_("Somebody else changed this in the meantime"),
    410: N_("This page has been removed"),
    413: N_("The text is too large"),
    429: N_("Too many requests in a short time"),
    500: N_("Something went wrong on our side"),
    503: N_("This part of the site is not available right now"),
}
ADVICE: Mapping[int, str] = {
    400: N_("Go back and try again. If you followed a link, the address may have been cut."),
    403: N_("Open the page again and repeat the step. Forms are only accepted from this site's own pages."),
    404: N_("The address may be mistyped or cut. An alert stays at its address even when it is withdrawn."),
    405: N_("Go back to the page you came from."),
    409: N_("Open the page again to see the newest state. Nothing of yours was saved over it."),
    410: N_("It was removed for a legal or privacy reason."),
    413: N_("Texts may have up to 5,000 characters. Shorten it, or send the part that matters."),
    429: N_("Wait a minute and try again."),
    500: N_("Nothing that you sent was published. Try again in a few minutes."),
    503: N_("Try again in a few minutes. Published alerts stay readable."),
}


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(CSRFError, on_stale_form)
    app.register_error_handler(ClarionError, on_clarion_error)
    app.register_error_handler(Exception, on_crash)


def on_http_error(error: HTTPException) -> Response:
    if error.response is not None and error.code is None:
        return make_response(error.response)
    code = error.code or 500
    if code < 400:
        return make_response(error.get_response())
    response = answer(code, CODES.get(code, "error"))
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def on_stale_form(error: CSRFError) -> Response:
    """The token of a form is missing, older than a day, or of another visit."""
    return page(
        400, gettext("This form has expired"), gettext("Open the page again and send the form from there.")
    )


def on_clarion_error(error: ClarionError) -> Response:
    status = next((s for c, s in STATUSES.items() if c == type(error).code), 500)
    if status == 500:
        log.error("clarion_error", code=error.code, request_id=headers.request_id())
    return answer(status, error.code, error.field)


def on_crash(error: Exception) -> Response:
    """Logs where it happened, not the exception's text or variables: they may hold what a reader pasted."""
    frames = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    route = request.url_rule.rule if request.url_rule else "-"
    log.error("crash", error=type(error).__name__, route=route, request_id=headers.request_id(), frames=frames[-12:])
    return answer(500, "internal_error")


def answer(status: int, code: str, field: str | None = None, message: str | None = None) -> Response:
    """The error as a page, or as JSON below /api/."""
    shown = status if status in TITLES else (400 if status < 500 else 500)
    title, advice = gettext(TITLES[shown]), gettext(ADVICE[shown])
    if not request.path.startswith("/api/"):
        return page(status, title, advice)
    error = {"code": code, "message": message or title, "field": field}
    return _never_kept(status, jsonify({"error": error, "request_id": headers.request_id()}))


def page(status: int, title: str, advice: str) -> Response:
    html = render_template("error.html", title=title, advice=advice, request_id=headers.request_id())
    return _never_kept(status, make_response(html))


def _never_kept(status: int, response: Response) -> Response:
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
