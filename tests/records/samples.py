"""Small records to store: each builder fills what a test does not care about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from index.model import (
    Alert,
    AlertKind,
    Band,
    Claim,
    ClaimStatus,
    Editor,
    EditorRole,
    Evidence,
    Licence,
    Match,
    MatchStatus,
    OutsideRefutation,
    Reason,
    Refutation,
    RefutationStatus,
    RefutationText,
    Revision,
    RevisionStatus,
    Role,
    Sighting,
    Source,
    SourceKind,
    SourceState,
    TargetKind,
    Tip,
    TipStatus,
    Verdict,
)
from index.records import SqlUnit

NOW = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)


def after(**amount: float) -> datetime:
    return NOW + timedelta(**amount)


def source(id: str = "src", host: str = "piyao.org.cn", **changes: Any) -> Source:
    values: dict[str, Any] = {
        "names": {"zh-Hans": "中国互联网联合辟谣平台", "en": "China Internet Joint Rumor Refuting Platform"},
        "kind": SourceKind.OFFICIAL,
        "authority": 5,
        "domain": host,
        "url": f"https://{host}/{id}.xml",
        "format": "feed",
        "role": Role.REFUTATION,
        "language": "zh-Hans",
        "licence": Licence("excerpt", "terms", NOW.date(), "来源"),
        "is_enabled": True,
        "options": {"labels": {"谣言": "false"}, "also_hosts": ["www.piyao.org.cn"], "depth": 2},
    }
    return Source(id=id, **values | changes)


def state(source_id: str = "src", **changes: Any) -> SourceState:
    return SourceState(**{"source_id": source_id, "next_check_at": after(hours=1)} | changes)


def claim(id: str = "clm_1", **changes: Any) -> Claim:
    values: dict[str, Any] = {
        "statement": "5G基站会传播病毒",
        "language": "zh-Hans",
        "status": ClaimStatus.OPEN,
        "created_at": NOW,
        "first_seen_at": NOW,
        "last_seen_at": NOW,
        "version": 1,
    }
    return Claim(id=id, **values | changes)


def sighting(id: str = "sig_1", claim_id: str = "clm_1", **changes: Any) -> Sighting:
    values: dict[str, Any] = {
        "source_id": "src",
        "native_id": id,
        "url": f"https://example.org/{id}",
        "title": "转发",
        "text": "5G基站会传播病毒，快转",
        "language": "zh-Hans",
        "fingerprint": f"print of {id}",
        "seen_at": NOW,
    }
    return Sighting(id=id, claim_id=claim_id, **values | changes)


def outside(id: str = "out_1", **changes: Any) -> OutsideRefutation:
    values: dict[str, Any] = {
        "source_id": "src",
        "native_id": id,
        "url": "https://www.who.int/myth",
        "title": "FACT: 5G mobile networks DO NOT spread COVID-19",
        "text": "Viruses cannot travel on radio waves.",
        "claim": "5G masts spread the virus",
        "language": "en",
        "label": "False",
        "verdict": Verdict.FALSE,
        "mapped_by": "global",
        "publisher": "WHO",
        "authority": 5,
        "is_offsite": False,
        "published_at": after(days=-1),
        "seen_at": NOW,
        "version": 1,
    }
    return OutsideRefutation(id=id, **values | changes)


def match(id: str = "mat_1", claim_id: str = "clm_1", **changes: Any) -> Match:
    values: dict[str, Any] = {
        "target_kind": TargetKind.OUTSIDE,
        "target_id": "out_1",
        "status": MatchStatus.SUGGESTED,
        "band": Band.SAME,
        "probability": 0.875,
        "reasons": (Reason("same_place", {"place": "武汉"}), Reason("negated", objects=True)),
        "model": "simple-1",
        "created_at": NOW,
    }
    return Match(id=id, claim_id=claim_id, **values | changes)


def refutation(id: str = "ref_1", **changes: Any) -> Refutation:
    values: dict[str, Any] = {
        "thread_id": f"alt_{id}",
        "claim_id": "clm_1",
        "status": RefutationStatus.DRAFT,
        "created_at": NOW,
        "version": 1,
    }
    return Refutation(id=id, **values | changes)


def text(**changes: Any) -> RefutationText:
    values: dict[str, Any] = {
        "headline": "病毒不能通过无线电波传播",
        "verdict": Verdict.FALSE,
        "claim": "5G基站会传播病毒",
        "evidence": (
            Evidence("世界卫生组织", "流言终结者", "https://www.who.int/", NOW.date(), NOW, "ab" * 32),
            Evidence("ICNIRP", "5G", "https://www.icnirp.org/"),
        ),
        "topics": ("health", "technology"),
        "regions": ("CN", "CN-44"),
        "expires_at": after(days=90),
    }
    return RefutationText(**values | changes)


def revision(id: str = "rev_1", refutation_id: str = "ref_1", **changes: Any) -> Revision:
    values: dict[str, Any] = {
        "number": 1,
        "kind": AlertKind.ISSUE,
        "status": RevisionStatus.DRAFT,
        "text": text(),
        "author_id": "edt_a",
        "created_at": NOW,
        "saved_at": NOW,
    }
    return Revision(id=id, refutation_id=refutation_id, **values | changes)


def published(id: str = "rev_1", refutation_id: str = "ref_1", **changes: Any) -> Revision:
    values = {"status": RevisionStatus.PUBLISHED, "approver_id": "edt_b", "published_at": NOW, "version": 3}
    return revision(id, refutation_id, **values | changes)


def alert(id: str = "alt_1", refutation_id: str = "ref_1", revision_id: str = "rev_1", **changes: Any) -> Alert:
    values: dict[str, Any] = {"thread_id": f"alt_{refutation_id}", "kind": AlertKind.ISSUE, "sent_at": NOW}
    return Alert(id=id, refutation_id=refutation_id, revision_id=revision_id, **values | changes)


def publish(unit: SqlUnit, number: int, *, hours: float = 0, **of_text: Any) -> str:
    """A published refutation of `clm_1` with its notice, `hours` after NOW; returns its id."""
    name, at = f"ref_{number}", after(hours=hours)
    unit.put_refutation(refutation(name, status=RefutationStatus.PUBLISHED, created_at=at))
    unit.put_revision(published(f"rev_{number}", name, text=text(**of_text), published_at=at))
    unit.add_alert(alert(f"alt_{number}", name, f"rev_{number}", sent_at=at))
    return name


def editor(id: str = "edt_a", name: str = "Editor A", **changes: Any) -> Editor:
    values: dict[str, Any] = {"role": EditorRole.EDITOR, "is_active": True, "created_at": NOW}
    return Editor(id=id, name=name, **values | changes)


def tip(id: str = "tip_1", **changes: Any) -> Tip:
    values: dict[str, Any] = {
        "text": "听说喝高度白酒能预防新冠",
        "language": "zh-Hans",
        "status": TipStatus.RECEIVED,
        "received_at": NOW,
    }
    return Tip(id=id, **values | changes)
