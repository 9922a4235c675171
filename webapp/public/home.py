"""The first page: one box to paste into, what is in force now, what has ended lately."""

from __future__ import annotations

from flask import render_template

from index.model import PublicState, Thread
from index.ports import ThreadFilter
from webapp.opened import catalogue
from webapp.public.room import blueprint

LOOKED_AT = 30
SHOWN_CURRENT = 5
SHOWN_LATEST = 3


@blueprint.get("/")
def home() -> str:
    threads = catalogue().threads(ThreadFilter(include_withdrawn=False), page_size=LOOKED_AT).threads
    current, latest = split(threads)
    return render_template(
        "public/home.html",
        current=current[:SHOWN_CURRENT],
        has_more=len(current) > SHOWN_CURRENT,
        latest=latest,
        topics=catalogue().topic_counts(),
    )


def split(threads: tuple[Thread, ...]) -> tuple[list[Thread], list[Thread]]:
    """Those in force, and the newest of those that have ended."""
    current = [t for t in threads if t.state is PublicState.CURRENT]
    return current, [t for t in threads if t.state is PublicState.PAST][:SHOWN_LATEST]
