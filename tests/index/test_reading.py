"""What pages and desk lists are made of: merges followed, counts right, unknown and hostile ids not found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from index.errors import InvalidInput, NotFound
from index.model import ClaimStatus, Health, Severity, TargetKind, Verdict
from index.ports import ThreadFilter
from tests.index.house import HOSTILE_IDS, RUMORS, House, checker, forum, post


def test_pages_of_unknown_things_are_not_found(house: House) -> None:
    catalogue = house.catalogue
    pages: list[Callable[[str], object]] = [
        catalogue.thread,
        catalogue.thread_page,
        catalogue.claim_page,
        catalogue.claim_file,
        catalogue.suggestion,
        lambda id: catalogue.draft_page(id, house.author),
    ]
    for id in HOSTILE_IDS:
        for page in pages:
            with pytest.raises(NotFound):
                page(id)


# --- threads ---


def test_threads_are_listed_newest_notice_first_in_pages(house: House) -> None:
    alerts = []
    for rumor in RUMORS[:5]:
        house.clock.forward(minutes=1)
        alerts.append(house.published(house.seen(rumor)))
    house.clock.forward(minutes=1)
    house.corrected(alerts[0])  # moves to the front
    order = [alerts[n].id for n in (0, 4, 3, 2, 1)]
    first, last = house.catalogue.threads(page_size=2), house.catalogue.threads(page=3, page_size=2)
    assert ([t.id for t in first.threads], first.total, first.page, first.page_count) == (order[:2], 5, 1, 3)
    assert [t.id for t in last.threads] == order[4:]
    assert house.catalogue.threads(page=10**30, page_size=2).page == 3
    assert house.catalogue.threads(page=-5, page_size=2).page == 1
    assert house.catalogue.threads(page_size=0).page_count == 5
    assert [t.id for t in house.catalogue.desk_threads().threads] == order


def test_an_empty_list_has_one_page(house: House) -> None:
    found = house.catalogue.threads(page=7)
    assert (found.threads, found.total, found.page, found.page_count) == ((), 0, 1, 1)


def test_filters_look_at_the_text_in_force(house: House) -> None:
    first = house.published(house.seen(RUMORS[0]), topics=("health",), severity=Severity.HIGH, regions=("CN-44",))
    start = house.clock.forward(hours=1)
    second = house.published(house.seen(RUMORS[1]), topics=("food",), verdict=Verdict.MISLEADING, language="en")
    house.withdrawn(house.published(house.seen(RUMORS[2]), topics=("health",)))

    def found(**changes: object) -> set[str]:
        return {t.id for t in house.catalogue.threads(ThreadFilter(**changes)).threads}  # type: ignore[arg-type]

    assert found(verdicts=frozenset({Verdict.MISLEADING})) == {second.id}
    assert found(topics=frozenset({"health"}), include_withdrawn=False) == {first.id}
    assert len(found(topics=frozenset({"health"}))) == 2
    assert found(min_severity="high") == {first.id}
    assert found(regions=frozenset({"CN-44"})) == {first.id}
    assert found(languages=frozenset({"en"})) == {second.id}
    assert found(until=start - timedelta(minutes=1)) == {first.id}
    assert len(found(since=start)) == 2
    assert len(found(corrected_only=True)) == 1
    with pytest.raises(InvalidInput):
        found(min_severity="'; --")
    house.corrected(first, topics=("policy",))
    assert found(topics=frozenset({"policy"})) == {first.id}


def test_a_thread_page_holds_what_surrounds_the_alert(house: House) -> None:
    claim_id = house.seen(RUMORS[0], published_at=house.clock.now() - timedelta(days=2))
    house.seen(RUMORS[0], native_id="again")
    house.record(post(f"辟谣：{RUMORS[0]}", number=77))
    alert = house.published(claim_id, topics=("health",))
    related = house.published(house.seen(RUMORS[1]), topics=("health",))
    gone = house.published(house.seen(RUMORS[2]), topics=("health",))
    house.withdrawn(gone)
    page = house.catalogue.thread_page(alert.id)
    assert page.claim is not None
    assert (page.thread.id, page.claim.id, len(page.sightings)) == (alert.id, claim_id, 2)
    assert set(page.source_names) == {"forum"}
    assert (len(page.daily.counts), sum(page.daily.counts), page.daily.counts[-3:]) == (30, 2, (1, 0, 1))
    assert [t.id for t in page.related] == [related.id]
    assert page.reviews == ()


def test_an_alert_page_follows_its_claim_into_another(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    alert = house.published(newer)
    house.joined(newer, into=older)
    page = house.catalogue.thread_page(alert.id)
    assert page.claim is not None
    assert (page.claim.id, len(page.sightings)) == (older, 2)
    claim = house.catalogue.claim_page(newer)
    assert claim.thread is not None
    assert (claim.claim.id, claim.thread.id) == (older, alert.id)


def test_notices_can_be_followed_without_a_gap_or_a_repeat(house: House) -> None:
    first = house.published(house.seen(RUMORS[0]))
    second = house.published(house.seen(RUMORS[1]))
    third = house.corrected(first)
    fourth = house.withdrawn(second)
    order = [first.id, second.id, third.id, fourth.id]
    assert [a.id for a, _ in house.catalogue.notices()] == order[::-1]
    seen, cursor = [], "alt_"
    while page := house.catalogue.notices(after_id=cursor, limit=3):
        seen += [a.id for a, _ in page]
        cursor = seen[-1]
    assert seen == order
    threads = [t.id for _, t in house.catalogue.notices(after_id="alt_")]
    assert threads == [first.id, second.id, first.id, second.id]
    for odd in ("zzz", "\x00", "'; --"):
        assert isinstance(house.catalogue.notices(after_id=odd), tuple)
    assert house.catalogue.notices(limit=-1) == ()


# --- claims ---


def test_a_claim_page_shows_wordings_without_denials(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    house.links()
    house.parts.search.refresh()
    house.record(post(f"{RUMORS[0]}啊", number=8), source=forum("other"))
    house.record(post(f"{RUMORS[0]}（谣言）", number=9))
    page = house.catalogue.claim_page(claim_id)
    assert {s.text for s in page.wordings} == {RUMORS[0], f"{RUMORS[0]}啊"}
    assert (page.thread, page.reviews, page.is_being_checked) == (None, (), False)
    assert set(page.source_names) >= {"forum", "other"}


def test_a_claim_file_holds_every_suggestion_decision_and_act(house: House) -> None:
    a, b, c = (house.seen(rumor) for rumor in RUMORS[:3])
    house.joined(a, into=b)
    waiting = house.suggest(c, TargetKind.CLAIM, b)
    rejected = house.suggest(b, TargetKind.OUTSIDE, house.reviewed(RUMORS[3]))
    house.catalogue.reject(rejected.id, house.author, "不同的说法")
    draft = house.written(b)
    file = house.catalogue.claim_file(a)
    assert file.claim.id == b
    assert {s.text for s in file.sightings} == set(RUMORS[:2])
    assert [s.match.id for s in file.suggestions] == [waiting.id]
    assert {s.match.id for s in file.decided} >= {rejected.id}
    assert [r.id for r in file.refutations] == [draft.id]
    assert [e.act for e in file.audit] == ["drafted", "match_rejected", "claims_joined"]


def test_a_suggestion_shows_both_sides(house: House) -> None:
    claim_id, outside_id = house.seen(RUMORS[0]), house.reviewed(RUMORS[1])
    alert = house.published(house.seen(RUMORS[2]))
    other = house.seen(RUMORS[3])
    shown = [
        house.catalogue.suggestion(house.suggest(claim_id, kind, target).id)
        for kind, target in (
            (TargetKind.OUTSIDE, outside_id),
            (TargetKind.REFUTATION, alert.refutation_id),
            (TargetKind.CLAIM, other),
        )
    ]
    assert [s.claim.id for s in shown] == [claim_id] * 3
    assert shown[0].target_outside is not None
    assert shown[1].target_refutation is not None
    assert shown[2].target_claim is not None
    assert [shown[0].target_claim, shown[1].target_outside, shown[2].target_refutation] == [None] * 3


# --- the desk ---


def test_the_queue_counts_its_three_lists_and_shows_one(house: House) -> None:
    to_match, to_write, drafted, waiting, correcting = (house.seen(rumor) for rumor in RUMORS[:5])
    house.suggest(to_match, TargetKind.OUTSIDE, house.reviewed(RUMORS[6]))
    draft = house.written(drafted)
    review = house.submitted(waiting)
    alert = house.published(correcting)
    house.catalogue.start_correction(alert.refutation_id, house.author)
    lists = {which: house.catalogue.queue(which, house.author) for which in ("match", "write", "approve")}
    for queue in lists.values():
        assert queue.counts == {"match": 1, "write": 3, "approve": 1}
    assert [r.claim.id for r in lists["match"].rows] == [to_match]
    assert len(lists["match"].rows[0].suggestions) == 1
    assert {r.claim.id for r in lists["write"].rows} == {to_write, drafted, correcting}
    in_work = {r.refutation.id for r in lists["write"].rows if r.refutation}
    assert in_work == {draft.id, alert.refutation_id}
    assert [r.refutation.id for r in lists["approve"].rows if r.refutation] == [review.id]
    assert house.catalogue.queue("approve", house.reporter).counts["approve"] == 1  # also who may not approve sees it
    with pytest.raises(InvalidInput) as invalid:
        house.catalogue.queue("everything", house.author)
    assert invalid.value.field == "which"


def test_the_queue_is_ordered_by_urgency_filtered_and_paged(house: House) -> None:
    quiet, asked = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    for _ in range(6):
        house.catalogue.want_to_know(asked)
    for n in range(3):
        house.seen(RUMORS[2], native_id=f"rise-{n}")
    rows = house.catalogue.queue("write", house.author).rows
    assert [r.priority for r in rows] == ["medium", "medium", "low"]
    assert {r.key for r in rows[0].reasons} | {r.key for r in rows[1].reasons} == {"asked", "rising"}
    assert rows[2].claim.id == quiet
    assert len(rows[0].daily.counts) == 12
    found = house.catalogue.queue("write", house.author, text=RUMORS[0][:6])
    assert [r.claim.id for r in found.rows] == [quiet]
    assert house.catalogue.queue("write", house.author, text="%").rows == ()
    assert house.catalogue.queue("write", house.author, topic="health").rows == ()
    assert house.catalogue.queue("write", house.author, page=99).page == 1


def test_more_work_than_a_page_holds_is_paged(house: House) -> None:
    texts = [f"{RUMORS[n % 8]}，{'甲乙丙丁'[n // 8]}地居民都收到了这个消息{n}" for n in range(25)]
    house.record(*(post(text, number=n) for n, text in enumerate(texts)))
    first, second = (house.catalogue.queue("write", house.author, page=n) for n in (1, 2))
    assert (first.page_count, len(first.rows), len(second.rows)) == (2, 20, first.counts["write"] - 20)
    assert not {r.claim.id for r in first.rows} & {r.claim.id for r in second.rows}


def test_the_desk_lists_claims_by_status_topic_and_words(house: House) -> None:
    answered, open_one, unfit = (house.seen(rumor) for rumor in RUMORS[:3])
    house.published(answered, topics=("technology",))
    house.catalogue.set_not_checkable(unfit, house.author, "看法")
    house.joined(house.seen(RUMORS[3]), into=open_one)

    def found(**changes: str) -> list[str]:
        return [row.claim.id for row in house.catalogue.desk_claims(**changes).rows]  # type: ignore[arg-type]

    assert house.catalogue.desk_claims().counts == {"open": 1, "answered": 1, "not_checkable": 1}
    assert set(found()) == {answered, open_one, unfit}
    assert found(status="answered") == [answered]
    assert found(topic="technology") == [answered]
    assert found(text=house.claim(unfit).statement[:6]) == [unfit]
    assert found(text="_" * 3) == []
    with pytest.raises(InvalidInput) as invalid:
        found(status="deleted")
    assert invalid.value.field == "status"


def test_a_draft_page_says_what_this_editor_may_do(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    house.suggest(claim_id, TargetKind.OUTSIDE, house.reviewed(RUMORS[0]))
    (pair,) = house.catalogue.claim_file(claim_id).suggestions
    house.catalogue.confirm(pair.match.id, house.author)
    refutation = house.submitted(claim_id)
    own, others = (house.catalogue.draft_page(refutation.id, e) for e in (house.author, house.approver))
    assert own.acts == {"send_back"}
    assert own.refusals["approve"] == "own_text"
    assert others.acts == {"send_back", "approve"}
    assert [o.id for o in others.suggested_evidence] == [pair.match.target_id]
    assert others.editors[house.author.id].name == "editor A"
    assert (others.notices, others.published) == ((), None)
    alert = house.approve(refutation)
    after = house.catalogue.draft_page(refutation.id, house.author)
    assert (after.notices, after.working, after.acts) == ((alert,), None, {"correct", "withdraw"})
    assert [e.act for e in after.audit] == ["approved_issue", "submitted", "drafted"]


def test_the_state_of_the_parts_is_told(house: House) -> None:
    status = house.catalogue.status()
    assert (status.schema_is_current, status.search_is_available, status.pending_changes) == (True, True, 0)
    assert (status.last_crawl_at, status.newest_notice_at, status.failing_sources) == (None, None, 0)
    claim_id = house.seen(RUMORS[0])
    assert house.catalogue.status().pending_changes > 0
    lease = house.lease(checker())
    house.catalogue.record(lease, [], replace(lease.state, health=Health.FAILING))
    alert = house.published(claim_id)
    status = house.catalogue.status()
    assert (status.pending_changes, status.newest_notice_at, status.failing_sources) == (0, alert.sent_at, 1)


def test_a_claim_counts_what_was_asked_and_seen(house: House) -> None:
    claim_id = house.seen(RUMORS[0], published_at=house.clock.now() - timedelta(days=3))
    assert house.catalogue.want_to_know(claim_id).asked_count == 1
    house.seen(RUMORS[0], native_id="b")
    claim = house.claim(claim_id)
    assert (claim.status, claim.asked_count, claim.sighting_count) == (ClaimStatus.OPEN, 1, 2)
    assert claim.last_seen_at - claim.first_seen_at > timedelta(days=3)
