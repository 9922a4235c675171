"""The API's blueprint: limits, language, caching, and how a bad request is told."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Blueprint, Response, jsonify, request

from index.model import LANGUAGES
from webapp import errors, headers, language
from webapp.language import N_, gettext
from webapp.limits import API, limiter

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
limiter.limit(API)(blueprint)
blueprint.before_request(headers.refuse_while_training)

MESSAGES = {
    "malformed_json": N_("The body is not a JSON object in UTF-8."),
    "missing": N_("“%(field)s” is missing."),
    "wrong_type": N_("“%(field)s” has the wrong type."),
    "empty": N_("“%(field)s” is empty."),
    "too_long": N_("“%(field)s” is too long."),
    "invalid_text": N_("“%(field)s” holds characters that are not text."),
    "unknown_value": N_("“%(field)s” has a value that is not offered."),
}


class BadRequest(Exception):
    """A request that breaks a documented form; `code` is a key of MESSAGES."""

    def __init__(self, code: str, field: str | None = None) -> None:
        super().__init__(code)
        self.code, self.field = code, field


def refuse(code: str, field: str | None = None) -> NoReturn:
    raise BadRequest(code, field)


@blueprint.errorhandler(BadRequest)
def on_bad_request(error: BadRequest) -> Response:
    return errors.answer(400, error.code, error.field, gettext(MESSAGES[error.code], field=error.field or ""))


@blueprint.before_request
def choose_language() -> None:
    asked = request.args.get("lang")
    if asked is None:
        return
    spoken = language.from_slug(asked.lower())
    if spoken is None or spoken not in LANGUAGES:
        refuse("unknown_value", "lang")
    language.speak(spoken)


@blueprint.after_request
def let_copies_be_kept(response: Response) -> Response:
    if request.method in ("GET", "HEAD") and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=60, stale-if-error=86400"
        response.add_etag()
        response.make_conditional(request)
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def answer(body: dict[str, Any]) -> Response:
    return jsonify(body)


def number(name: str, default: int, largest: int) -> int:
    """A whole number of the query, 1 to `largest`."""
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= largest):
        refuse("unknown_value", name)
    return int(text)
