"""Pages about the site itself: how we check, who we are, privacy, accessibility, the crawler, the state of the
service.
"""

from __future__ import annotations

from flask import render_template

from webapp.crawler import bot_contact
from webapp.opened import catalogue, settings
from webapp.public.room import blueprint


@blueprint.get("/method")
def method() -> str:
    return render_template("public/method.html", figures=catalogue().figures(), encoder=catalogue().encoder_name)


@blueprint.get("/about")
def about() -> str:
    return render_template("public/about.html")


@blueprint.get("/accessibility")
def accessibility() -> str:
    return render_template("public/accessibility.html")


@blueprint.get("/privacy")
def privacy() -> str:
    return render_template("public/privacy.html", retention_days=settings().tip_retention_days)


@blueprint.get("/bot")
def bot() -> str:
    return render_template("public/bot.html", contact=bot_contact(settings()))


@blueprint.get("/status")
def status() -> str:
    return render_template("public/status.html", state=catalogue().status(), now=catalogue().now())
