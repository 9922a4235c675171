"""The answer to a pasted text. The text is neither stored nor logged, and never part of an address unless a reader
puts it there.

POST needs no form token: it changes nothing, so there is nothing that another site could make a reader do.
"""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from index.errors import InvalidInput
from webapp import csrf
from webapp.limits import CHECK, limiter
from webapp.looking_up import MAX_TEXT, look_up
from webapp.present import clean_lines
from webapp.public.room import blueprint

MAX_QUERY = 200


@blueprint.get("/check")
@limiter.limit(CHECK)
def check_form() -> Response:
    """An empty box, or the answer to a short shareable `?q=`."""
    query = clean_lines(request.args.get("q", "")).strip()
    if not query:
        return make_response(render_template("public/check.html", text="", result=None, problem=""))
    if len(query) > MAX_QUERY:
        return make_response(
            render_template("public/check.html", text=query[:MAX_TEXT], result=None, problem="too_long"), 400
        )
    return _answer(query)


@blueprint.post("/check")
@csrf.exempt
@limiter.limit(CHECK)
def check() -> Response:
    return _answer(clean_lines(request.form.get("text", "")))


def _answer(text: str) -> Response:
    is_fragment = "X-Fragment" in request.headers
    template = "public/answer.html" if is_fragment else "public/check.html"
    problem = "empty" if not text.strip() else "too_long" if len(text) > MAX_TEXT else ""
    result = None
    if not problem:
        try:
            result = look_up(text)
        except InvalidInput as error:
            problem = "too_long" if error.code == "too_long" else "empty"
    response = make_response(
        render_template(template, text=text[:MAX_TEXT], result=result, problem=problem), 400 if problem else 200
    )
    if request.method == "POST":
        response.headers["Cache-Control"] = "no-store"
    return response
