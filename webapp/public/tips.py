"""Sending a message in: no account, a receipt code; the state of the tip in words; and taking it back.

The form starts empty, or with the text that was just checked: that text travels in the body of a POST, never in an
address.
"""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from index.errors import InvalidInput, NotFound
from webapp import csrf, language
from webapp.language import lazy_gettext
from webapp.limits import CHECK, WRITE, limiter
from webapp.looking_up import MAX_TEXT
from webapp.opened import catalogue, settings
from webapp.present import clean_lines
from webapp.public.room import blueprint


class TipForm(FlaskForm):
    """The text, and the reader's word that it may be kept."""

    text = TextAreaField(
        lazy_gettext("The message, as you received it"),
        [
            InputRequired(lazy_gettext("Paste or write the message that you want checked.")),
            Length(
                max=MAX_TEXT,
                message=lazy_gettext("A message may have up to 5,000 characters. Send the part that matters."),
            ),
        ],
    )
    agreed = BooleanField(
        lazy_gettext("You may keep this text so that editors can look into it"),
        [InputRequired(lazy_gettext("Tick the box so that we may keep the text; without it we cannot look into it."))],
    )


class ReceiptForm(FlaskForm):
    """Finds a tip again. A GET form that changes nothing, so it has no token."""

    class Meta:
        csrf = False

    receipt = StringField(lazy_gettext("Receipt code"))


@blueprint.get("/tips")
@limiter.limit(CHECK)
def tips() -> str | BaseResponse:
    receipt = request.args.get("receipt", "").strip()
    if receipt:
        return redirect(language.url_for("public.tip", receipt=receipt[:100]), 303)
    return _form(TipForm())


@blueprint.post("/tips/start")
@csrf.exempt
@limiter.limit(CHECK)
def tips_start() -> str:
    """The form with the checked text in it. It changes nothing: only sending the form does, and that has a token."""
    return _form(TipForm(formdata=None, text=clean_lines(request.form.get("text", ""))[:MAX_TEXT]))


@blueprint.post("/tips")
@limiter.limit(WRITE)
def send_tip() -> Response | BaseResponse:
    form = TipForm()
    if form.validate():
        try:
            receipt, _ = catalogue().send_tip(clean_lines(form.text.data))
        except InvalidInput:
            form.text.errors = [lazy_gettext("Paste or write the message that you want checked.")]
        else:
            return redirect(language.url_for("public.tip", receipt=receipt, sent="1"), 303)
    return make_response(_form(form), 400)


def _form(form: TipForm) -> str:
    return render_template(
        "public/tips.html", form=form, find=ReceiptForm(formdata=None), retention_days=settings().tip_retention_days
    )


@blueprint.get("/tips/<receipt>")
@limiter.limit(CHECK)
def tip(receipt: str) -> Response:
    try:
        found, claim, thread = catalogue().tip(receipt)
    except NotFound:
        return make_response(render_template("public/tip_unknown.html", find=ReceiptForm(formdata=None)), 404)
    is_shown = claim is not None and _is_shown(claim.id)
    page = render_template(
        "public/tip.html",
        tip=found,
        claim=claim if is_shown else None,
        is_unread=claim is not None and not is_shown,
        thread=thread,
        receipt=receipt,
        retention_days=settings().tip_retention_days,
        is_new="sent" in request.args,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_shown(claim_id: str) -> bool:
    """Whether the claim has a public page: not while only tips speak of it."""
    try:
        catalogue().claim_page(claim_id)
    except NotFound:
        return False
    return True


@blueprint.post("/tips/<receipt>/erase")
@limiter.limit(WRITE)
def erase_tip(receipt: str) -> str:
    catalogue().erase_tip(receipt)
    return render_template("public/tip_erased.html")
