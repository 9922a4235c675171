"""The lists of work, the list of claims and the claim's file; taking a claim and letting it go."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from index.errors import Conflict
from index.model import TOPICS, ClaimStatus
from webapp import auth
from webapp.desk import access
from webapp.desk.room import blueprint
from webapp.language import gettext, url_for
from webapp.opened import catalogue

LISTS = ("match", "write", "approve")
MAX_SEARCH = 200


def page_number() -> int:
    """The page asked for; anything else is the first."""
    asked = request.args.get("page", "")
    return min(int(asked), 10_000) if asked.isascii() and asked.isdigit() and asked != "0" * len(asked) else 1


def page_link(endpoint: str, **kept: str) -> Callable[[int], str]:
    """The address of each page of a list, its filters kept."""
    filled = {k: v for k, v in kept.items() if v}
    return lambda page: url_for(endpoint, **filled, **({"page": str(page)} if page > 1 else {}))


def _filters() -> tuple[str, str]:
    topic = request.args.get("topic", "")
    return (topic if topic in TOPICS else ""), request.args.get("q", "").strip()[:MAX_SEARCH]


@blueprint.get("")
def queue() -> str:
    which = request.args.get("list", "")
    which = which if which in LISTS else LISTS[0]
    topic, text = _filters()
    found = catalogue().queue(which, access.editor(), page_number(), topic, text)
    return render_template(
        "desk/queue.html",
        queue=found,
        which=which,
        lists=LISTS,
        topics=TOPICS,
        topic=topic,
        text=text,
        link=page_link(".queue", list=which, topic=topic, q=text),
        now=catalogue().now(),
    )


@blueprint.get("/claims")
def claims() -> str:
    topic, text = _filters()
    status = request.args.get("status", "")
    status = status if status in set(ClaimStatus) else ""
    found = catalogue().desk_claims(page_number(), status, topic, text)
    return render_template(
        "desk/claims.html",
        queue=found,
        topics=TOPICS,
        statuses=tuple(ClaimStatus),
        status=status,
        topic=topic,
        text=text,
        link=page_link(".claims", status=status, topic=topic, q=text),
        now=catalogue().now(),
    )


@blueprint.get("/claims/<claim_id>")
def claim(claim_id: str) -> Response | str:
    file = catalogue().claim_file(claim_id)
    if file.claim.id != claim_id:  # merged: the file of the claim that it was joined to
        return redirect(url_for(".claim", claim_id=file.claim.id), 303)
    editors = {e.id: e for e in catalogue().editors()}
    return render_template("desk/claim.html", file=file, editors=editors, now=catalogue().now())


@blueprint.post("/claims/<claim_id>/take")
def take(claim_id: str) -> Response:
    taken = catalogue().take(claim_id, access.editor())
    flash(gettext("You have “%(claim)s” for 30 minutes.", claim=taken.statement))
    return _back(claim_id)


@blueprint.post("/claims/<claim_id>/release")
def release(claim_id: str) -> Response:
    catalogue().release(claim_id, access.editor())
    flash(gettext("The claim is free again."))
    return _back(claim_id)


@blueprint.post("/claims/<claim_id>/not-checkable")
def set_not_checkable(claim_id: str) -> Response:
    reason = request.form.get("own_reason", "").strip() or request.form.get("reason", "")
    catalogue().set_not_checkable(claim_id, access.editor(), reason)
    flash(gettext("Set aside as not checkable. The reason is shown to readers who ask."))
    return _back(claim_id)


@blueprint.post("/claims/<claim_id>/reopen")
def reopen(claim_id: str) -> Response:
    catalogue().reopen(claim_id, access.editor())
    flash(gettext("The claim is open again."))
    return _back(claim_id)


@blueprint.post("/sightings/<sighting_id>/take-out")
def take_out(sighting_id: str) -> Response:
    """Takes a wording out of its claim; the way back is among the decisions of the new claim."""
    claim = catalogue().take_out(sighting_id, access.editor(), request.form.get("reason", ""))
    flash(gettext("The wording is a claim of its own now."))
    return redirect(url_for(".claim", claim_id=claim.id), 303)


@blueprint.post("/claims/<claim_id>/draft")
def start_draft(claim_id: str) -> Response:
    """Opens the draft in work or begins one; the writer takes the claim, unless somebody else has it."""
    refutation = catalogue().draft(claim_id, access.editor())
    try:
        catalogue().take(refutation.claim_id, access.editor())
    except Conflict:
        flash(gettext("Another editor has this claim at the moment. Agree on who writes."))
    return redirect(url_for(".draft", refutation_id=refutation.id), 303)


def _back(claim_id: str) -> Response:
    return redirect(auth.safe_next(request.form.get("back"), url_for(".claim", claim_id=claim_id)), 303)
