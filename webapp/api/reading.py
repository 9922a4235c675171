"""What can be read: alerts, notices, claims, topics, verdicts, sources, and the description of it all."""

from __future__ import annotations

from flask import Response, request

from index.errors import NotFound
from index.ids import is_id
from index.model import TOPICS, Severity, Verdict
from index.ports import ThreadFilter
from webapp import language
from webapp.api import shapes
from webapp.api.description import describe
from webapp.api.room import answer, blueprint, number, refuse
from webapp.opened import catalogue
from webapp.present import topic_word
from webapp.regions import REGION_NAMES
from webapp.words import VERDICT_MEANINGS

PAGE_SIZE, LARGEST_PAGE = 20, 100
BEFORE_ALL = "alt_"  # sorts before every id


@blueprint.get("/alerts")
def alerts() -> Response:
    page, limit = number("cursor", 1, 10_000), number("limit", PAGE_SIZE, LARGEST_PAGE)
    found = catalogue().threads(_filter(), page, limit)
    if page > found.page_count:
        refuse("unknown_value", "cursor")
    following = _here(cursor=page + 1) if page < found.page_count else None
    return answer({"total": found.total, "alerts": [shapes.alert(t) for t in found.threads], "next": following})


def _filter() -> ThreadFilter:
    chosen = {
        "verdict": _chosen("verdict", [v.value for v in Verdict]),
        "topic": _chosen("topic", TOPICS),
        "region": _chosen("region", list(REGION_NAMES)),
    }
    severity = _chosen("min_severity", [s.value for s in Severity])
    return ThreadFilter(
        verdicts=frozenset(Verdict(v) for v in chosen["verdict"]),
        topics=frozenset(chosen["topic"]),
        regions=frozenset(chosen["region"]),
        min_severity=severity[0] if severity else "",
    )


def _chosen(name: str, allowed: list[str] | tuple[str, ...]) -> list[str]:
    values = [v for v in request.args.get(name, "").split(",") if v]
    if any(v not in allowed for v in values):
        refuse("unknown_value", name)
    return values


def _here(**changes: object) -> str:
    values = {**request.args.to_dict(), **{k: str(v) for k, v in changes.items()}}
    return language.url_for(
        request.endpoint or "", absolute=True, **(request.view_args or {}), **dict(sorted(values.items()))
    )


@blueprint.get("/alerts/<thread_id>")
def alert(thread_id: str) -> Response:
    """Also found by the id of any of its notices."""
    return answer(shapes.alert(catalogue().thread(_checked(thread_id, "alt"))))


@blueprint.get("/notices")
def notices() -> Response:
    """Every notice, oldest first. Keep `cursor` and ask again with `since=` to be told each notice exactly once."""
    since, limit = request.args.get("since", ""), number("limit", 50, LARGEST_PAGE)
    if since and not is_id(since, "alt"):
        refuse("unknown_value", "since")
    found = catalogue().notices(after_id=since or BEFORE_ALL, limit=limit + 1)
    page = found[:limit]
    cursor = page[-1][0].id if page else since or None
    following = _here(since=cursor) if len(found) > limit else None
    rows = [{**shapes.notice(notice), "alert": shapes.alert(thread)} for notice, thread in page]
    return answer({"notices": rows, "cursor": cursor, "next": following})


@blueprint.get("/claims/<claim_id>")
def claim(claim_id: str) -> Response:
    """A claim that was joined to another answers with the one it belongs to."""
    page = catalogue().claim_page(_checked(claim_id, "clm"))
    body = shapes.claim(page.claim)
    body["wordings"] = [
        {
            "text": w.text,
            "language": w.language,
            "seen_at": shapes.moment(w.published_at or w.seen_at),
            "date_quality": w.date_quality if w.published_at else "exact",
        }
        for w in page.wordings
    ]
    body["alert"] = shapes.alert(page.thread) if page.thread else None
    body["reviews"] = [shapes.review(r) for r in page.reviews]
    body["is_being_checked"] = page.is_being_checked
    return answer(body)


def _checked(value: str, prefix: str) -> str:
    if not is_id(value, prefix):
        raise NotFound(f"no {prefix} {value}")
    return value


@blueprint.get("/topics")
def topics() -> Response:
    counts = catalogue().topic_counts()
    return answer({"topics": [{"key": t, "word": topic_word(t), "alert_count": counts.get(t, 0)} for t in TOPICS]})


@blueprint.get("/verdicts")
def verdicts() -> Response:
    return answer(
        {"verdicts": [{**shapes.verdict(v), "meaning": language.gettext(VERDICT_MEANINGS[v])} for v in Verdict]}
    )


@blueprint.get("/sources")
def sources() -> Response:
    return answer({"sources": [shapes.source(row) for row in catalogue().sources()]})


@blueprint.get("/openapi.json")
def openapi() -> Response:
    return answer(describe(language.site_url(), language.site_name()))
