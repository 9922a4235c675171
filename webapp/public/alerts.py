"""The list of alerts, one alert in its fixed order, and what changed in it since a notice or a day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from flask import Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from index.model import TOPICS, Alert, PublicState, Revision, Thread, Verdict
from index.ports import ThreadFilter
from webapp import compare
from webapp.charts import sightings_chart
from webapp.opened import catalogue
from webapp.passing_on import kit
from webapp.present import SITE_ZONE, alert_url, month
from webapp.present import slug as slug_of
from webapp.public.room import blueprint, page_link, page_number
from webapp.regions import REGION_NAMES
from webapp.review_markup import claim_review

PAGE_SIZE = 20
MONTHS_OFFERED = 18


def _day(thread: Thread) -> date:
    return thread.updated_at.astimezone(SITE_ZONE).date()


@blueprint.get("/alerts")
def alerts() -> str:
    chosen = {name: request.args.get(name, "") for name in ("verdict", "topic", "region", "month")}
    found = catalogue().threads(_filter(chosen), page_number(), PAGE_SIZE)
    days = [(day, list(threads)) for day, threads in groupby(found.threads, key=_day)]
    return render_template(
        "public/alerts.html",
        found=found,
        days=days,
        chosen=chosen,
        is_filtered=any(chosen.values()),
        link=page_link,
        choices={
            "verdict": [(v.value, v) for v in Verdict],
            "topic": list(TOPICS),
            "region": list(REGION_NAMES),
            "month": _months(chosen["month"]),
        },
    )


def _filter(chosen: dict[str, str]) -> ThreadFilter:
    """Raises 400 for a value that is not offered: a shared link must not silently mean "everything"."""
    allowed = {"verdict": {v.value for v in Verdict}, "topic": set(TOPICS), "region": set(REGION_NAMES)}
    for name, values in allowed.items():
        if chosen[name] and chosen[name] not in values:
            abort(400)
    since, until = _span(chosen["month"])
    return ThreadFilter(
        verdicts=frozenset([Verdict(chosen["verdict"])] if chosen["verdict"] else []),
        topics=frozenset([chosen["topic"]] if chosen["topic"] else []),
        regions=frozenset([chosen["region"]] if chosen["region"] else []),
        since=since,
        until=until,
    )


def _span(text: str) -> tuple[datetime | None, datetime | None]:
    """Begin and end of a month `2026-03` in the site's time zone, as UTC."""
    if not text:
        return None, None
    if not re.fullmatch(r"20[0-9]{2}-(?:0[1-9]|1[0-2])", text):
        abort(400)
    first = datetime.strptime(text, "%Y-%m").replace(tzinfo=SITE_ZONE)
    following = (first + timedelta(days=32)).replace(day=1)
    return first.astimezone(UTC), following.astimezone(UTC)


def _months(chosen: str) -> list[tuple[str, str]]:
    day = catalogue().now().astimezone(SITE_ZONE).date().replace(day=1)
    found = []
    for _ in range(MONTHS_OFFERED):
        found.append(day)
        day = (day - timedelta(days=1)).replace(day=1)
    if chosen and chosen not in {d.strftime("%Y-%m") for d in found}:
        found.append(date.fromisoformat(f"{chosen}-01"))
    return [(d.strftime("%Y-%m"), month(d)) for d in found]


# --- one alert ------------------------------------------------------------------------------------


@blueprint.get("/alerts/<thread_id>")
@blueprint.get("/alerts/<thread_id>/<slug>")
def alert(thread_id: str, slug: str = "") -> BaseResponse:
    """Only the id counts: another slug is redirected, the id of a later notice leads to its row in the history."""
    page = catalogue().thread_page(thread_id)
    thread = page.thread
    if thread.id != thread_id:
        return redirect(alert_url(thread) + f"#{notice_anchor(thread_id)}", 302)
    if slug != slug_of(thread.text.headline):
        return redirect(alert_url(thread), 301)
    response = make_response(
        render_template(
            "public/alert.html",
            page=page,
            thread=thread,
            text=thread.text,
            kit=kit(thread),
            history=history(thread),
            chart=sightings_chart(page.daily, thread.issued_at),
            markup=claim_review(page),
        )
    )
    response.headers["Last-Modified"] = _http_date(thread.updated_at)
    return response


@blueprint.get("/a/<thread_id>")
def short(thread_id: str) -> BaseResponse:
    """The short address for posters and messages."""
    return redirect(alert_url(catalogue().thread(thread_id)), 301)


def notice_anchor(notice_id: str) -> str:
    return f"notice-{notice_id}"


def _http_date(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def history(thread: Thread) -> list[tuple[Alert, str]]:
    """Notices newest first; each update with the id of the notice before it, from which its changes are shown."""
    before = [""] + [n.id for n in thread.notices]
    return [(notice, earlier) for notice, earlier in zip(thread.notices, before, strict=False)][::-1]


# --- what changed ---------------------------------------------------------------------------------


@blueprint.get("/alerts/<thread_id>/changes")
def changes(thread_id: str) -> Response:
    """Block by block, from the text in force at `since` (a notice's id or a day) to the one in force now."""
    thread = catalogue().thread(thread_id)
    if thread.id != thread_id:
        abort(404)
    since = request.args.get("since", "")
    base = _revision_at(thread, since)
    texts = [(block, *compare.sides(old, new)) for block, old, new in _blocks(base, thread.revision) if old != new]
    notes = [n for n in thread.notices if n.sent_at > (base.published_at or base.saved_at)]
    page = render_template(
        "public/changes.html",
        thread=thread,
        base=base,
        texts=texts,
        notes=notes,
        is_withdrawn=thread.state is PublicState.WITHDRAWN,
    )
    return make_response(page)


def _revision_at(thread: Thread, since: str) -> Revision:
    """The published revision that readers saw then: the first one if `since` is empty or earlier. Raises 400, 404."""
    if since.startswith("alt_"):
        notice = next((n for n in thread.notices if n.id == since), None)
        if notice is None:
            abort(404)
        moment = notice.sent_at
    elif since:
        try:
            moment = datetime.combine(date.fromisoformat(since), datetime.max.time(), SITE_ZONE)
        except ValueError:
            abort(400)
    else:
        moment = thread.issued_at
    texts = [r for r in thread.revisions if r.kind != "cancel"]
    return next((r for r in reversed(texts) if (r.published_at or r.saved_at) <= moment), texts[0])


def _blocks(old: Revision, new: Revision) -> list[tuple[str, str, str]]:
    """The blocks of ux.md 2 in their order, as the text a reader sees."""

    def words(revision: Revision) -> list[tuple[str, str]]:
        text = revision.text
        return [
            ("headline", text.headline),
            ("verdict", text.verdict or ""),
            ("claim", text.claim),
            ("truth", text.truth),
            ("circulating", text.circulating),
            ("why", text.why),
            ("action", text.action),
            ("evidence", compare.evidence_lines(text)),
            ("question", text.question),
        ]

    return [(block, before, after) for (block, before), (_, after) in zip(words(old), words(new), strict=True)]
