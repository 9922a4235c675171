"""The public half of the site: reading, checking a message, sending one in."""

from __future__ import annotations

from flask import Blueprint, render_template

blueprint = Blueprint("public", __name__)


def _todo(**_: object) -> str:
    return render_template("error.html", title="…", advice="", request_id="")


for _name, _rule in {
    "home": "/", "alerts": "/alerts", "alert": "/alerts/<thread_id>/<slug>", "topics": "/topics", "topic": "/topics/<topic>",
    "corrections": "/corrections", "feeds": "/feeds", "tips": "/tips", "method": "/method", "sources": "/sources", "about": "/about",
    "privacy": "/privacy", "accessibility": "/accessibility", "status": "/status", "claim": "/claims/<claim_id>",
}.items():
    blueprint.add_url_rule(_rule, _name, _todo)
