"""Records as JSON values: one function an object. RFC 3339 in UTC, null for what is not known, addresses absolute."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from index.model import RATINGS, Alert, Claim, Explanation, OutsideRefutation, Thread, Verdict
from index.pages import SourceRow
from webapp import language
from webapp.feed_entries import rfc3339
from webapp.present import alert_url, reason_sentence, word

Json = dict[str, Any]


def moment(value: datetime | None) -> str | None:
    return rfc3339(value.astimezone(UTC)) if value else None


def verdict(value: Verdict) -> Json:
    return {"key": value.value, "word": word(value), "rating": RATINGS[value]}


def alert(thread: Thread) -> Json:
    """A thread with its text in force. A withdrawn one keeps its address; its verdict is no longer given."""
    text, withdrawal = thread.text, thread.withdrawal
    assert text.verdict is not None  # a published text has one
    return {
        "id": thread.id,
        "url": alert_url(thread, absolute=True),
        "state": thread.state.value,
        "is_corrected": thread.is_corrected,
        "title": text.headline,
        "verdict": None if withdrawal else verdict(text.verdict),
        "withdrawal_reason": withdrawal.note if withdrawal else None,
        "claim_id": thread.claim_id,
        "claim_reviewed": text.claim,
        "truth": text.truth,
        "circulating": text.circulating,
        "why": text.why,
        "technique": text.technique.value if text.technique else None,
        "action": text.action,
        "question": text.question or None,
        "evidence": [
            {
                "publisher": e.publisher,
                "title": e.title,
                "url": e.url,
                "archived_at": moment(e.archived_at),
                "sha256": e.sha256 or None,
                "published_on": e.published_on.isoformat() if e.published_on else None,
            }
            for e in text.evidence
        ],
        "language": text.language,
        "topics": list(text.topics),
        "regions": list(text.regions),
        "severity": text.severity.value,
        "harm": text.harm.value,
        "expires_at": moment(text.expires_at),
        "issued_at": moment(thread.issued_at),
        "updated_at": moment(thread.updated_at),
        "notices": [notice(n) for n in thread.notices],
    }


def notice(value: Alert) -> Json:
    return {
        "id": value.id,
        "alert_id": value.thread_id,
        "kind": value.kind.value,
        "sent_at": moment(value.sent_at),
        "references": list(value.references),
        "note": value.note,
        "is_material": value.is_material,
    }


def claim(value: Claim) -> Json:
    return {
        "id": value.id,
        "url": language.url_for("public.claim", claim_id=value.id, absolute=True),
        "statement": value.statement,
        "language": value.language,
        "status": value.status.value,
        "reason": value.reason or None,
        "first_seen_at": moment(value.first_seen_at),
        "last_seen_at": moment(value.last_seen_at),
        "sighting_count": value.sighting_count,
        "asked_count": value.asked_count,
    }


def review(value: OutsideRefutation) -> Json:
    """Another publisher's review, under its own label; never one of our verdicts."""
    return {
        "publisher": value.publisher or value.source_id,
        "title": value.title,
        "url": value.url,
        "label": value.label or None,
        "language": value.language,
        "published_at": moment(value.published_at),
        "date_quality": value.date_quality,
    }


def source(row: SourceRow) -> Json:
    state = row.state
    return {
        "id": row.source.id,
        "name": row.source.name(language.current()),
        "kind": row.source.kind.value,
        "authority": row.source.authority,
        "domain": row.source.domain,
        "url": row.source.url,
        "language": row.source.language,
        "is_enabled": row.source.is_enabled,
        "every_min": row.source.every_min,
        "licence": {
            "reuse": row.source.licence.reuse,
            "terms": row.source.licence.terms or None,
            "attribution": row.source.licence.attribution or None,
        },
        "health": state.health.value if state else None,
        "last_success_at": moment(state.last_success_at) if state else None,
    }


def explanation(value: Explanation) -> Json:
    """Places as [start, end) in characters (code points) of the answer's `text` and of `matched_text`."""
    return {
        "shared": [list(span) for span in value.shared],
        "shared_in_match": [list(span) for span in value.shared_in_match],
        "differing": [asdict(d) for d in value.differing],
        "differing_in_match": [asdict(d) for d in value.differing_in_match],
        "sentence": list(value.sentence) if value.sentence else None,
    }


def candidate(shown: Any) -> Json:
    """One candidate of an answer: an alert or a claim, with the reasons as sentences, those against it marked."""
    found = shown.candidate
    url = (
        alert_url(shown.thread, absolute=True)
        if shown.thread
        else language.url_for("public.claim", claim_id=found.id, absolute=True)
    )
    return {
        "id": found.id,
        "kind": found.kind.value,
        "title": found.title,
        "url": url,
        "language": found.language,
        "verdict": found.verdict.value if shown.thread and found.verdict else None,
        "state": found.status or None,
        "band": found.band.value,
        "probability": round(found.probability, 4),
        "reasons": [reason_sentence(r) for r in found.reasons],
        "objections": [reason_sentence(r) for r in found.reasons if r.objects],
        "matched_text": found.matched_text,
        "explanation": explanation(found.explanation),
    }
