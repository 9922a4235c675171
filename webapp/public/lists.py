"""Lists beside the alerts: topics, corrections, sources, feeds."""

from __future__ import annotations

from flask import abort, render_template

from index.model import LANGUAGES, TOPICS, AlertKind, SourceKind
from index.ports import ThreadFilter
from webapp import language
from webapp.opened import catalogue
from webapp.public.room import blueprint, page_link, page_number

PAGE_SIZE = 20
FORMATS = ("rss", "atom", "json")


@blueprint.get("/topics")
def topics() -> str:
    counts = catalogue().topic_counts()
    return render_template("public/topics.html", topics=[(key, counts.get(key, 0)) for key in TOPICS])


@blueprint.get("/topics/<topic>")
def topic(topic: str) -> str:
    if topic not in TOPICS:
        abort(404)
    found = catalogue().threads(ThreadFilter(topics=frozenset({topic})), page_number(), PAGE_SIZE)
    return render_template("public/topic.html", topic=topic, found=found, link=page_link)


@blueprint.get("/corrections")
def corrections() -> str:
    """Every material correction and every withdrawal, newest first, with its reason."""
    found = catalogue().threads(ThreadFilter(corrected_only=True), page_number(), PAGE_SIZE)
    rows = [
        (notice, thread)
        for thread in found.threads
        for notice in reversed(thread.notices)
        if notice.kind is AlertKind.CANCEL or (notice.kind is AlertKind.UPDATE and notice.is_material)
    ]
    rows.sort(key=lambda row: row[0].sent_at, reverse=True)
    return render_template("public/corrections.html", rows=rows, found=found, link=page_link)


@blueprint.get("/sources")
def sources() -> str:
    rows = [row for row in catalogue().sources() if row.source.is_enabled or row.state is not None]
    groups = [(kind, [row for row in rows if row.source.kind is kind]) for kind in SourceKind]
    return render_template("public/sources.html", groups=[(kind, found) for kind, found in groups if found])


@blueprint.get("/feeds")
def feeds() -> str:
    """Every feed with its address, for copying: HTML instead of a stylesheet in the feed."""
    tongue = language.current().lower()
    addresses = [("all", _addresses("feeds.topic", topic="all", tongue=tongue))]
    addresses += [(key, _addresses("feeds.topic", topic=key, tongue=tongue)) for key in TOPICS]
    special = [(name, _addresses(f"feeds.{name}", tongue=tongue)) for name in ("notices", "corrections")]
    return render_template("public/feeds.html", addresses=addresses, special=special, tongues=LANGUAGES)


def _addresses(endpoint: str, **values: str) -> dict[str, str]:
    return {form: language.url_for(endpoint, absolute=True, form=form, **values) for form in FORMATS}
