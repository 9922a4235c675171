"""Feeds at the addresses of ux.md 6.2, promised for ten years.

    /feeds/<topic|all>/<lang>.<rss|atom|json>?verdict=false,misleading&region=guangdong&min_severity=medium&page=2
    /feeds/notices/<lang>.…   /feeds/corrections/<lang>.…
    /feeds/alerts/<thread>.…?lang=en (default: the alert's own language)

One address a list: parameters in another order, or that nobody knows, redirect to the canonical form; an unknown
value is a 400 with the allowed list. ETag is over filter, language, every entry's newest notice and state (so an
expiry changes it) and the writers' version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from index.ids import is_id
from index.model import LANGUAGES, TOPICS, Alert, AlertKind, PublicState, Severity, Thread, Verdict
from index.ports import ThreadFilter
from webapp import headers, language
from webapp.feed_entries import Entry, notice_entry, thread_entry
from webapp.feed_formats import TYPES, WRITERS, Feed
from webapp.language import N_, gettext
from webapp.opened import catalogue
from webapp.present import alert_url, topic_word
from webapp.regions import REGION_NAMES

blueprint = Blueprint("feeds", __name__, url_prefix="/feeds")
blueprint.before_request(headers.refuse_while_training)

PAGE_SIZE = 50
MOST_PAGES = 20  # of /feeds/notices, which has no cursor; the API has one
KEPT_AFTER_WITHDRAWAL = timedelta(days=30)
MAX_AGE_S = 60
ALLOWED = {
    "verdict": [v.value for v in Verdict],
    "region": list(REGION_NAMES),
    "min_severity": [s.value for s in Severity],
    "lang": [code.lower() for code in LANGUAGES],
}
TITLES = {
    "all": N_("Alerts"),
    "notices": N_("Every notice"),
    "corrections": N_("Corrections and withdrawals"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for, in canonical form."""

    verdicts: tuple[str, ...] = ()
    region: str = ""
    min_severity: str = ""
    lang: str = ""
    page: int = 1

    def query(self, page: int | None = None) -> str:
        values = {
            "verdict": ",".join(self.verdicts),
            "region": self.region,
            "min_severity": self.min_severity,
            "lang": self.lang,
            "page": str(page or self.page) if (page or self.page) > 1 else "",
        }
        filled = {k: v for k, v in values.items() if v}
        return f"?{urlencode(filled, safe=',')}" if filled else ""


class UnknownValue(Exception):
    """A parameter has a value that is not in the allowed list."""

    def __init__(self, field: str, allowed: Iterable[str]) -> None:
        super().__init__(field)
        self.field, self.allowed = field, list(allowed)


@blueprint.errorhandler(UnknownValue)
def on_unknown_value(error: UnknownValue) -> Response:
    message = gettext("“%(field)s” takes one of: %(allowed)s.", field=error.field, allowed=", ".join(error.allowed))
    body = {
        "error": {"code": "unknown_value", "message": message, "field": error.field, "allowed": error.allowed},
        "request_id": headers.request_id(),
    }
    return make_response(jsonify(body), 400)


# --- addresses ------------------------------------------------------------------------------------


@blueprint.get("/<topic>/<tongue>.<form>")
def topic(topic: str, tongue: str, form: str) -> BaseResponse:
    _speak(tongue, form)
    if topic != "all" and topic not in TOPICS:
        raise UnknownValue("topic", ["all", *TOPICS])
    wanted = _wanted("verdict", "region", "min_severity", "page")
    if (elsewhere := _elsewhere(wanted)) is not None:
        return elsewhere
    narrow = ThreadFilter(
        verdicts=frozenset(Verdict(v) for v in wanted.verdicts),
        topics=frozenset() if topic == "all" else frozenset({topic}),
        regions=frozenset([wanted.region] if wanted.region else []),
        min_severity=wanted.min_severity,
    )
    found = catalogue().threads(narrow, wanted.page, PAGE_SIZE)
    threads = list(found.threads) if wanted.page <= found.page_count else []
    if wanted.page == 1:
        threads += _lately_withdrawn(narrow, {t.id for t in threads})
    title = title_of("all") if topic == "all" else gettext("Alerts on %(topic)s", topic=topic_word(topic))
    home = (
        language.url_for("public.alerts", absolute=True)
        if topic == "all"
        else language.url_for("public.topic", topic=topic, absolute=True)
    )
    return _answer(form, title, home, wanted, [(t, t.notices[-1]) for t in threads], found.page_count, thread_entry_of)


@blueprint.get("/notices/<tongue>.<form>")
def notices(tongue: str, form: str) -> BaseResponse:
    _speak(tongue, form)
    wanted = _wanted("page")
    if (elsewhere := _elsewhere(wanted)) is not None:
        return elsewhere
    if wanted.page > MOST_PAGES:
        raise UnknownValue("page", [str(page) for page in (1, 2, 3)] + ["…", str(MOST_PAGES)])
    found = catalogue().notices(limit=wanted.page * PAGE_SIZE + 1)
    page = found[(wanted.page - 1) * PAGE_SIZE : wanted.page * PAGE_SIZE]
    page_count = min(wanted.page + (len(found) > wanted.page * PAGE_SIZE), MOST_PAGES)
    rows = [(thread, notice) for notice, thread in page]
    return _answer(
        form,
        title_of("notices"),
        language.url_for("public.alerts", absolute=True),
        wanted,
        rows,
        page_count,
        notice_entry_of,
    )


@blueprint.get("/corrections/<tongue>.<form>")
def corrections(tongue: str, form: str) -> BaseResponse:
    _speak(tongue, form)
    wanted = _wanted("page")
    if (elsewhere := _elsewhere(wanted)) is not None:
        return elsewhere
    found = catalogue().threads(ThreadFilter(corrected_only=True), wanted.page, PAGE_SIZE)
    threads = found.threads if wanted.page <= found.page_count else ()
    rows = [
        (t, n)
        for t in threads
        for n in t.notices
        if n.kind is AlertKind.CANCEL or (n.kind is AlertKind.UPDATE and n.is_material)
    ]
    rows.sort(key=lambda row: row[1].sent_at, reverse=True)
    home = language.url_for("public.corrections", absolute=True)
    return _answer(form, title_of("corrections"), home, wanted, rows, found.page_count, notice_entry_of)


@blueprint.get("/alerts/<thread_id>.<form>")
def alert(thread_id: str, form: str) -> BaseResponse:
    """For watching one alert: an entry for each of its notices."""
    if form not in WRITERS or not is_id(thread_id, "alt"):
        abort(404)
    wanted = _wanted("lang")
    if (elsewhere := _elsewhere(wanted)) is not None:
        return elsewhere
    thread = catalogue().thread(thread_id)
    if thread.id != thread_id:
        return redirect(language.url_for("feeds.alert", thread_id=thread.id, form=form) + wanted.query(), 301)
    language.speak(language.from_slug(wanted.lang) or thread.text.language)
    rows = [(thread, notice) for notice in reversed(thread.notices)]
    return _answer(form, thread.text.headline, alert_url(thread, absolute=True), wanted, rows, 1, notice_entry_of)


def title_of(name: str) -> str:
    message = TITLES[name]
    return gettext(message)


def thread_entry_of(thread: Thread, notice: Alert) -> Entry:
    return thread_entry(thread)


def notice_entry_of(thread: Thread, notice: Alert) -> Entry:
    return notice_entry(notice, thread)


def _lately_withdrawn(narrow: ThreadFilter, shown: set[str]) -> list[Thread]:
    """Withdrawals of the last 30 days that newer alerts have pushed off the first page: nobody may miss one."""
    since = catalogue().now() - KEPT_AFTER_WITHDRAWAL
    found = catalogue().threads(replace(narrow, corrected_only=True, since=since), 1, 200).threads
    return [t for t in found if t.state is PublicState.WITHDRAWN and t.id not in shown]


# --- the request ----------------------------------------------------------------------------------


def _speak(tongue: str, form: str) -> None:
    spoken = language.from_slug(tongue)
    if form not in WRITERS:
        abort(404)
    if spoken is None:
        raise UnknownValue("lang", ALLOWED["lang"])
    language.speak(spoken)


def _wanted(*names: str) -> Wanted:
    values = {name: request.args.get(name, "") for name in names}
    verdicts = tuple(sorted(set(filter(None, values.get("verdict", "").split(",")))))
    for value in verdicts:
        _check("verdict", value)
    for name in ("region", "min_severity", "lang"):
        if values.get(name):
            _check(name, values[name])
    page = values.get("page") or "1"
    if not (page.isascii() and page.isdigit() and 1 <= int(page) <= 1_000):
        raise UnknownValue("page", ["1", "2", "3", "…"])
    return Wanted(verdicts, values.get("region", ""), values.get("min_severity", ""), values.get("lang", ""), int(page))


def _check(field: str, value: str) -> None:
    if value not in ALLOWED[field]:
        raise UnknownValue(field, ALLOWED[field])


def _elsewhere(wanted: Wanted) -> BaseResponse | None:
    """A redirect to the canonical address, if this is not it."""
    given = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    canonical = wanted.query()
    return None if given.replace("%2C", ",") == canonical else redirect(request.path + canonical, 301)


# --- the answer -----------------------------------------------------------------------------------


Rows = list[tuple[Thread, Alert]]


def _answer(
    form: str,
    title: str,
    home: str,
    wanted: Wanted,
    rows: Rows,
    page_count: int,
    entry_of: Callable[[Thread, Alert], Entry],
) -> Response:
    """Renders only if the reader's copy is out of date."""
    if wanted.page > 1 and not rows:
        abort(404)
    response = make_response()
    response.set_etag(_etag(form, wanted, rows))
    modified = _modified(rows)
    if modified is not None:
        response.last_modified = modified
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_S}, stale-if-error=86400"
    response.content_type = f"{TYPES[form]}; charset=utf-8"
    response.make_conditional(request)
    if response.status_code != 304:
        here = f"{language.site_url()}{request.path}"
        links = {"self": here + wanted.query()}
        if page_count > 1:
            links["first"] = here + wanted.query(page=1)
        if wanted.page < page_count:
            links["next"] = here + wanted.query(page=wanted.page + 1)
        if wanted.page > 1:
            links["previous"] = here + wanted.query(page=wanted.page - 1)
        name = language.site_name()
        feed = Feed(
            id=here,
            title=f"{title} · {name}",
            description=gettext("Alerts about circulating claims: what is true, and the evidence."),
            language=language.current(),
            home=home,
            author=name,
            links=links,
            entries=tuple(entry_of(thread, notice) for thread, notice in rows),
        )
        response.set_data(WRITERS[form](feed))
    return response


def _etag(form: str, wanted: Wanted, rows: Rows) -> str:
    state = "|".join(f"{t.id}:{t.updated_at.timestamp()}:{t.state}:{n.id}" for t, n in rows)
    identity = "|".join([_version(), language.site_url(), request.path, form, language.current(), wanted.query()])
    return hashlib.sha256(f"{identity}\n{state}".encode()).hexdigest()[:32]


def _modified(rows: Rows) -> datetime | None:
    """The newest notice, or the newest expiry that has passed since."""
    moments = [t.updated_at for t, _ in rows]
    moments += [t.text.expires_at for t, _ in rows if t.state is PublicState.PAST and t.text.expires_at]
    return max(moments).astimezone(UTC) if moments else None


@cache
def _version() -> str:
    """Changes with the code and the sentences of the entries, so that nobody keeps an older rendering."""
    folder = Path(__file__).parent
    files = [folder / name for name in ("feeds.py", "feed_entries.py", "feed_formats.py", "present.py")]
    files += sorted((folder / "translations").rglob("*.po"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
