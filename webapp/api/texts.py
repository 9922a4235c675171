"""POST /match: a text in, what is known about it out. It changes nothing; the text is neither stored nor logged."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request

from index.errors import InvalidInput
from webapp.api import shapes
from webapp.api.room import answer, blueprint, refuse
from webapp.looking_up import MAX_TEXT, look_up
from webapp.present import clean_lines


@blueprint.post("/match")
def match() -> Response:
    text = _text(_body())
    try:
        result = look_up(text)
    except InvalidInput as error:
        refuse("too_long" if error.code == "too_long" else "empty", "text")
    claim = result.answer.claim
    return answer(
        {
            "outcome": result.outcome.value,
            "candidates": [shapes.candidate(s) for s in result.shown],
            "claim": {**shapes.claim(claim), "is_being_checked": result.is_being_checked} if claim else None,
            "reviews": [shapes.review(r) for r in result.reviews],
            "text": result.answer.text,
            "was_trimmed": result.answer.was_trimmed,
            "is_degraded": result.answer.is_degraded,
            "imitated_domains": list(result.answer.imitated_domains),
        }
    )


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data().decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        refuse("malformed_json")
    if not isinstance(body, dict):
        refuse("malformed_json")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _text(body: dict[str, Any]) -> str:
    if "text" not in body:
        refuse("missing", "text")
    text = body["text"]
    if not isinstance(text, str):
        refuse("wrong_type", "text")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # JSON may escape half of a surrogate pair
        refuse("invalid_text", "text")
    if len(text) > MAX_TEXT:
        refuse("too_long", "text")
    text = clean_lines(text)
    if not text.strip():
        refuse("empty", "text")
    return text
