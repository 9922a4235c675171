"""A catalogue to test in, on real adapters: a clock that the test moves, editors, and short ways to a state.

    house.seen("…") ─► a claim that a crawler brought     house.written(claim_id) ─► a draft that passes the checklist
    house.published(claim_id) ─► its notice               house.links() ─► sync and link, as the deliver process does
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from index import Catalogue
from index.errors import ClarionError
from index.ids import new_id
from index.model import (
    Alert,
    Answer,
    Band,
    Claim,
    Editor,
    EditorRole,
    Evidence,
    Item,
    Labelled,
    Match,
    MatchStatus,
    RecordOutcome,
    Refutation,
    RefutationText,
    Revision,
    Role,
    Source,
    SourceKind,
    SourceLease,
    TargetKind,
    Verdict,
)
from index.ports import Parts

START = datetime(2026, 3, 5, 2, 32, tzinfo=UTC)
#: Rumors with nothing in common, so that the hashed encoder tells them apart.
RUMORS = (
    "5G基站会传播新冠病毒，请大家远离基站",
    "微波炉加热的食物会致癌，千万不要再吃",
    "隔夜水反复烧开会产生亚硝酸盐导致中毒",
    "碘盐可以防核辐射，超市食盐已经被抢空",
    "虾和维生素C一起吃等于吞下砒霜",
    "紫菜是黑色塑料袋做成的，一烧就有臭味",
    "地震云出现说明三天之内必有大地震",
    "加油站打手机会引起爆炸，已有多人受伤",
)


#: Of no record; some would break out of a query, a log line or a path.
HOSTILE_IDS = (
    *(f"{prefix}_{'0' * 26}" for prefix in ("clm", "ref", "alt", "mat", "src")),
    "", "clm_", "CLM_" + "0" * 26, "x" * 10_000, "ref_\x00\ud800", "'; DROP TABLE claims; --", "../../passwd", "%00",
)  # fmt: skip


class MovableClock:
    """Stands still until the test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def forward(self, **amount: float) -> datetime:
        self._now += timedelta(**amount)
        return self._now


@dataclass
class House:
    """The catalogue with the people who work in it."""

    catalogue: Catalogue
    clock: MovableClock
    author: Editor = field(init=False)
    approver: Editor = field(init=False)
    reporter: Editor = field(init=False)
    admin: Editor = field(init=False)

    def __post_init__(self) -> None:
        add = self.catalogue.add_editor
        self.author = add("editor A", EditorRole.EDITOR, "hash")
        self.approver = add("editor B", EditorRole.EDITOR, "hash")
        self.reporter = add("reporter", EditorRole.REPORTER, "hash")
        self.admin = add("admin", EditorRole.ADMIN, "hash")
        self._numbers = itertools.count(1)

    @property
    def parts(self) -> Parts:
        """The adapters behind the catalogue, for tests that damage what is stored."""
        return self.catalogue._parts

    # --- crawling ---

    def lease(self, source: Source | None = None) -> SourceLease:
        """A lease on the source, which is registered and made due if need be."""
        source = source or forum()
        if all(row.source.id != source.id for row in self.catalogue.sources()):
            self.catalogue.put_sources([source])
        self.catalogue.set_due(source.id)
        self.clock.forward(seconds=2)  # the pace per host
        leases = self.catalogue.lease_sources("test", 50)
        return next(lease for lease in leases if lease.source.id == source.id)

    def record(self, *items: Item | Labelled, source: Source | None = None) -> RecordOutcome:
        """One poll of the source that finds these items."""
        lease = self.lease(source)
        labelled = [item if isinstance(item, Labelled) else Labelled(item) for item in items]
        state = replace(lease.state, next_check_at=self.clock.now() + timedelta(hours=1))
        outcome = self.catalogue.record(lease, labelled, state)
        assert outcome is not None
        return outcome

    def seen(self, text: str, **changes: Any) -> str:
        """The id of the claim that a post with this text is a sighting of."""
        outcome = self.record(post(text, number=next(self._numbers), **changes))
        (claim_id,) = outcome.claim_ids
        return claim_id

    def reviewed(self, claim: str, **changes: Any) -> str:
        """The id of another publisher's review of the claim."""
        number = next(self._numbers)
        self.record(review(claim, number=number, **changes), source=checker())
        with self.parts.records.read() as unit:
            seen = unit.seen_item(checker().id, [f"review-{number}"])
        assert seen is not None
        return seen.record_id

    def links(self) -> None:
        """Everything that waits for the index or for linking is done."""
        for _ in range(10):
            self.catalogue.sync()
            if self.catalogue.link_waiting(1_000) == 0:
                break

    def indexed(self) -> dict[str, int]:
        """What the engine shows once it has refreshed: versions by document id, tombstones left out."""
        self.parts.search.refresh()
        return self.parts.search.versions()

    def answer(self, text: str) -> Answer:
        """What a reader gets who pastes the text, once the engine has refreshed."""
        self.parts.search.refresh()
        return self.catalogue.answer(text)

    def outcome(self, text: str) -> str:
        return self.answer(text).outcome.value

    # --- the desk ---

    def claim(self, claim_id: str) -> Claim:
        return self.catalogue.claim_file(claim_id).claim

    def suggest(self, claim_id: str, kind: TargetKind, target_id: str) -> Match:
        """A suggestion as linking would store it, for pairs that the hashed encoder cannot see."""
        match = Match(
            id=new_id("mat"),
            claim_id=claim_id,
            target_kind=kind,
            target_id=target_id,
            status=MatchStatus.SUGGESTED,
            band=Band.SIMILAR,
            probability=0.6,
            reasons=(),
            model="test",
            created_at=self.clock.now(),
        )
        with self.parts.records.begin() as unit:
            unit.put_match(match)
        return match

    def joined(self, claim_id: str, into: str) -> Match:
        """An editor has found that the claim is the same as `into`."""
        return self.catalogue.confirm(self.suggest(claim_id, TargetKind.CLAIM, into).id, self.author)

    def linked(self, claim_id: str, refutation_id: str) -> Match:
        """An editor has found that the refutation answers the claim too."""
        return self.catalogue.confirm(self.suggest(claim_id, TargetKind.REFUTATION, refutation_id).id, self.author)

    def written(self, claim_id: str, **changes: Any) -> Refutation:
        """A draft by the author that passes the checklist."""
        statement = self.claim(claim_id).statement
        return self.catalogue.draft(claim_id, self.author, ready_text(statement, **changes))

    def submitted(self, claim_id: str, **changes: Any) -> Refutation:
        return self.catalogue.submit(self.written(claim_id, **changes).id, self.author)

    def approve(self, refutation: Refutation, editor: Editor | None = None) -> Alert:
        return self.catalogue.approve(refutation.id, editor or self.approver, working(refutation).version)

    def published(self, claim_id: str, **changes: Any) -> Alert:
        return self.approve(self.submitted(claim_id, **changes))

    def corrected(self, alert: Alert, note: str = "更正了一处数字", is_material: bool = True, **changes: Any) -> Alert:
        started = self.catalogue.start_correction(alert.refutation_id, self.author)
        text = replace(working(started).text, **changes)
        self.catalogue.save(started.id, text, self.author, working(started).version, note, is_material)
        return self.approve(self.catalogue.submit(started.id, self.author))

    def withdrawn(self, alert: Alert, reason: str = "结论有误") -> Alert:
        return self.approve(self.catalogue.propose_withdrawal(alert.refutation_id, self.author, reason))

    def refutation(self, refutation_id: str) -> Refutation:
        return self.catalogue.draft_page(refutation_id, self.author).refutation

    def acts(self) -> list[str]:
        """What the audit says was done, oldest first."""
        return [entry.act for entry in reversed(self.catalogue.audit(limit=1_000))]


def working(refutation: Refutation) -> Revision:
    assert refutation.working is not None
    return refutation.working


# --- what crawlers bring ---


def forum(id: str = "forum", **changes: Any) -> Source:
    """A place where claims circulate."""
    values: dict[str, Any] = {
        "names": {"zh-Hans": "论坛"},
        "kind": SourceKind.MONITOR,
        "authority": 0,
        "domain": f"{id}.example",
        "url": f"https://{id}.example/feed",
        "format": "feed",
        "role": Role.CIRCULATING,
        "language": "zh-Hans",
        "is_enabled": True,
    }
    return Source(id=id, **values | changes)


def checker(id: str = "checker", **changes: Any) -> Source:
    """A fact-checker whose reviews are crawled."""
    return forum(id, kind=SourceKind.CHECKER, authority=3, role=Role.REFUTATION, names={"zh-Hans": "查核"}, **changes)


def post(text: str, /, number: int = 1, **changes: Any) -> Item:
    values: dict[str, Any] = {
        "native_id": f"post-{number}",
        "url": f"https://forum.example/{number}",
        "title": "",
        "language": "zh-Hans",
        "role": Role.CIRCULATING,
    }
    return Item(text=text, **values | changes)


def review(claim: str, /, number: int = 1, **changes: Any) -> Labelled:
    values: dict[str, Any] = {
        "native_id": f"review-{number}",
        "url": f"https://checker.example/{number}",
        "title": f"查核：{claim}",
        "text": "经查，此说法不实。",
        "language": "zh-Hans",
        "role": Role.REFUTATION,
        "claim": claim,
        "label": "错误",
    }
    return Labelled(Item(**values | changes), verdict=Verdict.FALSE, mapped_by="source", authority=3)


def ready_text(claim: str, /, **changes: Any) -> RefutationText:
    """A text that passes the checklist, about this claim."""
    values: dict[str, Any] = {
        "headline": "权威机构已经说明事实",
        "verdict": Verdict.FALSE,
        "claim": claim,
        "truth": "现有证据不支持这种说法。",
        "circulating": claim,
        "why": "两家机构分别查证，结论一致。",
        "action": "以权威发布为准，转发之前先查证。",
        "evidence": (
            Evidence("世界卫生组织", "流言与事实", "https://www.who.int/facts"),
            Evidence("国家卫生健康委员会", "答记者问", "https://www.nhc.gov.cn/answers"),
        ),
        "topics": ("health", "technology"),
    }
    return RefutationText(**values | changes)


def kinds(alerts: Sequence[Alert]) -> list[str]:
    return [alert.kind.value for alert in alerts]


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Runs the acts together; each result is what it returned or the error that Clarion raised on purpose."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        start.wait()
        try:
            return act()
        except ClarionError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
