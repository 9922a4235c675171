"""The API's OpenAPI 3.1 document. A test compares it with the routes and checks real answers against its schemas."""

from __future__ import annotations

from typing import Any

from index.model import (
    LANGUAGES,
    TOPICS,
    AlertKind,
    Band,
    ClaimStatus,
    DocKind,
    Harm,
    Health,
    Outcome,
    PublicState,
    Severity,
    SourceKind,
    Technique,
    Verdict,
)
from webapp.marked import DIFFERENCE_WORDS
from webapp.regions import REGION_NAMES

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer", "minimum": 0}
FLAG: Json = {"type": "boolean"}
TIME: Json = {"type": "string", "format": "date-time"}
LINK: Json = {"type": "string", "format": "uri"}


def _enum(values: Any) -> Json:
    return {"type": "string", "enum": [str(v) for v in values]}


#: Of a publisher's date: approximate where it was told as a distance or without its year.
DATE_QUALITY: Json = _enum(("exact", "approximate"))


def _maybe(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(schema: Json) -> Json:
    return {"type": "array", "items": schema}


def _object(**properties: Json) -> Json:
    """All properties are always there; new ones may be added."""
    return {"type": "object", "properties": properties, "required": list(properties)}


SCHEMAS: Json = {
    "Error": _object(error=_object(code=TEXT, message=TEXT, field=_maybe(TEXT)), request_id=TEXT),
    "Verdict": _object(key=_enum(Verdict), word=TEXT, rating=NUMBER),
    "Evidence": _object(
        publisher=TEXT,
        title=TEXT,
        url=LINK,
        archived_at=_maybe(TIME),
        sha256=_maybe(TEXT),
        published_on=_maybe({"type": "string", "format": "date"}),
    ),
    "Notice": _object(
        id=TEXT, alert_id=TEXT, kind=_enum(AlertKind), sent_at=TIME, references=_list(TEXT), note=TEXT, is_material=FLAG
    ),
    "Alert": _object(
        id=TEXT,
        url=LINK,
        state=_enum(PublicState),
        is_corrected=FLAG,
        title=TEXT,
        verdict=_maybe(_ref("Verdict")),
        withdrawal_reason=_maybe(TEXT),
        claim_id=TEXT,
        claim_reviewed=TEXT,
        truth=TEXT,
        circulating=TEXT,
        why=TEXT,
        technique=_maybe(_enum(Technique)),
        action=TEXT,
        question=_maybe(TEXT),
        evidence=_list(_ref("Evidence")),
        language=_enum(LANGUAGES),
        topics=_list(TEXT),
        regions=_list(TEXT),
        severity=_enum(Severity),
        harm=_enum(Harm),
        expires_at=_maybe(TIME),
        issued_at=TIME,
        updated_at=TIME,
        notices=_list(_ref("Notice")),
    ),
    "Claim": _object(
        id=TEXT,
        url=LINK,
        statement=TEXT,
        language=TEXT,
        status=_enum(ClaimStatus),
        reason=_maybe(TEXT),
        first_seen_at=TIME,
        last_seen_at=TIME,
        sighting_count=NUMBER,
        asked_count=NUMBER,
    ),
    "Review": _object(
        publisher=TEXT,
        title=TEXT,
        url=LINK,
        label=_maybe(TEXT),
        language=TEXT,
        published_at=_maybe(TIME),
        date_quality=DATE_QUALITY,
    ),
    "Source": _object(
        id=TEXT,
        name=TEXT,
        kind=_enum(SourceKind),
        authority=NUMBER,
        domain=TEXT,
        url=LINK,
        language=TEXT,
        is_enabled=FLAG,
        every_min=NUMBER,
        licence=_object(reuse=TEXT, terms=_maybe(TEXT), attribution=_maybe(TEXT)),
        health=_maybe(_enum(Health)),
        last_success_at=_maybe(TIME),
    ),
    "Candidate": _object(
        id=TEXT,
        kind=_enum(k for k in DocKind if k is not DocKind.OUTSIDE),
        title=TEXT,
        url=LINK,
        language=TEXT,
        verdict=_maybe(_enum(Verdict)),
        state=_maybe(TEXT),
        band=_enum(Band),
        probability={"type": "number", "minimum": 0, "maximum": 1},
        reasons=_list(TEXT),
        objections=_list(TEXT),
        matched_text={**TEXT, "description": "The wording of the candidate that was nearest to the text."},
        explanation=_ref("Explanation"),
    ),
    "Explanation": {
        **_object(
            shared=_list(_ref("Span")),
            shared_in_match=_list(_ref("Span")),
            differing=_list(_ref("Difference")),
            differing_in_match=_list(_ref("Difference")),
            sentence=_maybe(_ref("Span")),
        ),
        "description": (
            "What the text and the candidate's `matched_text` share and where they differ, as places in each, counted "
            "in Unicode code points; `shared`, `differing` and `sentence` (the one that matched) are places in the "
            "answer's `text`, the others in `matched_text`."
        ),
    },
    "Span": {
        "type": "array",
        "items": NUMBER,
        "minItems": 2,
        "maxItems": 2,
        "description": "Where a part begins, and where it has ended.",
    },
    "Difference": _object(kind=_enum(DIFFERENCE_WORDS), start=NUMBER, end=NUMBER),
}
SCHEMAS["Answer"] = _object(
    outcome=_enum(Outcome),
    candidates=_list(_ref("Candidate")),
    claim=_maybe({"allOf": [_ref("Claim"), _object(is_being_checked=FLAG)]}),
    reviews=_list(_ref("Review")),
    text={**TEXT, "description": "The text as it was looked up: forwarding notes and the like left out."},
    was_trimmed=FLAG,
    is_degraded=FLAG,
    imitated_domains=_list(TEXT),
)

LANG = {
    "name": "lang",
    "in": "query",
    "description": "Language of words and sentences; texts of alerts stay in their own.",
    "schema": {**_enum(code.lower() for code in LANGUAGES), "default": "zh-hans"},
}


def _query(name: str, schema: Json, text: str = "") -> Json:
    return {"name": name, "in": "query", "description": text, "schema": schema}


def _path(name: str, prefix: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{prefix}_[0-9a-v]{{26}}$"},
    }


def _body(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}


def _operation(name: str, summary: str, schema: Json, parameters: list[Json], errors: tuple[int, ...]) -> Json:
    refusals = {
        str(code): {"description": text, **_body(_ref("Error"))} for code, text in ERRORS.items() if code in errors
    }
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [*parameters, LANG],
        "responses": {"200": {"description": "The answer.", **_body(schema)}, **refusals},
    }


ERRORS = {
    400: "The request breaks a documented form; `field` names it.",
    404: "There is no such record.",
    413: "The body is too large.",
    429: "Too many requests; see Retry-After.",
}
_MANY = [
    _query("limit", {"type": "integer", "minimum": 1, "maximum": 100}),
]
_FILTERS = [
    _query("verdict", TEXT, "Comma-separated: " + ", ".join(Verdict)),
    _query("topic", TEXT, "Comma-separated: " + ", ".join(TOPICS)),
    _query("region", TEXT, "Comma-separated: " + ", ".join(REGION_NAMES)),
    _query("min_severity", _enum(Severity)),
    _query("cursor", {"type": "integer", "minimum": 1, "maximum": 10_000}, "Part of `next`."),
]


def describe(site_url: str, site_name: str) -> Json:
    """The whole document."""
    get = {
        "/alerts": _operation(
            "alerts",
            "Alerts, newest notice first.",
            _object(total=NUMBER, alerts=_list(_ref("Alert")), next=_maybe(LINK)),
            [*_MANY, *_FILTERS],
            (400, 429),
        ),
        "/alerts/{thread_id}": _operation(
            "alert",
            "One alert; also found by the id of any of its notices.",
            _ref("Alert"),
            [_path("thread_id", "alt")],
            (400, 404, 429),
        ),
        "/notices": _operation(
            "notices",
            "Every publication, correction and withdrawal, oldest first; ask again with `since=<cursor>`.",
            _object(
                notices=_list({"allOf": [_ref("Notice"), _object(alert=_ref("Alert"))]}),
                cursor=_maybe(TEXT),
                next=_maybe(LINK),
            ),
            [
                *_MANY,
                _query("since", {"type": "string", "pattern": "^alt_[0-9a-v]{26}$"}, "The last notice that you have."),
            ],
            (400, 429),
        ),
        "/claims/{claim_id}": _operation(
            "claim",
            "A claim with its wordings, our alert and other publishers' reviews.",
            {
                "allOf": [
                    _ref("Claim"),
                    _object(
                        wordings=_list(_object(text=TEXT, language=TEXT, seen_at=TIME, date_quality=DATE_QUALITY)),
                        alert=_maybe(_ref("Alert")),
                        reviews=_list(_ref("Review")),
                        is_being_checked=FLAG,
                    ),
                ]
            },
            [_path("claim_id", "clm")],
            (400, 404, 429),
        ),
        "/topics": _operation(
            "topics",
            "The topics.",
            _object(topics=_list(_object(key=_enum(TOPICS), word=TEXT, alert_count=NUMBER))),
            [],
            (400, 429),
        ),
        "/verdicts": _operation(
            "verdicts",
            "The verdicts and what they mean.",
            _object(verdicts=_list({"allOf": [_ref("Verdict"), _object(meaning=TEXT)]})),
            [],
            (400, 429),
        ),
        "/sources": _operation(
            "sources", "The sources that are watched.", _object(sources=_list(_ref("Source"))), [], (400, 429)
        ),
        "/openapi.json": _operation("openapi", "This document.", {"type": "object"}, [], (400, 429)),
    }
    match = _operation(
        "match", "What is known about a text. Nothing of it is kept.", _ref("Answer"), [], (400, 413, 429)
    )
    match["requestBody"] = {
        "required": True,
        **_body(
            {
                "type": "object",
                "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 5000}},
                "required": ["text"],
            }
        ),
    }
    paths: Json = {path: {"get": operation} for path, operation in get.items()}
    paths["/match"] = {"post": match}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{site_name} API",
            "version": "1",
            "description": "Alerts about circulating claims. 100 requests a minute without a key.",
        },
        "servers": [{"url": f"{site_url}/api/v1"}],
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }
