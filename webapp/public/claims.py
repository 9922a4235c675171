"""A claim as the public may see it, and "I want to know too"."""

from __future__ import annotations

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from webapp import language
from webapp.charts import sightings_chart
from webapp.limits import WRITE, limiter
from webapp.opened import catalogue
from webapp.public.room import blueprint


@blueprint.get("/claims/<claim_id>")
def claim(claim_id: str) -> str | Response:
    page = catalogue().claim_page(claim_id)
    if page.claim.id != claim_id:
        return redirect(language.url_for("public.claim", claim_id=page.claim.id), 301)
    issued_at = page.thread.issued_at if page.thread else None
    return render_template(
        "public/claim.html",
        page=page,
        claim=page.claim,
        chart=sightings_chart(page.daily, issued_at),
        has_asked="asked" in request.args,
    )


@blueprint.get("/claims/<claim_id>/ask")
def ask_form(claim_id: str) -> str | Response:
    """A page of its own, so that reading a claim needs no cookie: only the form's token does."""
    page = catalogue().claim_page(claim_id)
    if page.claim.id != claim_id:
        return redirect(language.url_for("public.ask_form", claim_id=page.claim.id), 301)
    return render_template("public/ask.html", claim=page.claim)


@blueprint.post("/claims/<claim_id>/ask")
@limiter.limit(WRITE)
def ask(claim_id: str) -> Response:
    claim = catalogue().want_to_know(claim_id)
    return redirect(language.url_for("public.claim", claim_id=claim.id, asked="1"), 303)
