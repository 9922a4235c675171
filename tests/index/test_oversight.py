"""What editors decide about sources: by whom, with what, by two for official ones; and what the desk is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from index.errors import InvalidInput, NotFound, Refused
from index.model import (
    CheckCounts,
    Concern,
    Editor,
    Health,
    Labelled,
    Move,
    Revalidation,
    Source,
    SourceAct,
    SourceCheck,
    SourceKind,
    SourceSample,
    SourceState,
    Verdict,
)
from index.standing import MAX_NOTE, concerns
from tests.index.house import HOSTILE_IDS, RUMORS, START, House, at_once, checker, forum, post, review

LATER = START.date() + timedelta(days=14)
OFFICIAL = forum("official", kind=SourceKind.OFFICIAL)
MOVE = Move("https://new.example/feed", (START.date(),))
ELSEWHERE = Move("https://parked.example/feed", (START.date(),), "parked.example")


def given(house: House, source: Source, **state: Any) -> SourceState:
    """The source with this state, as a poll left it."""
    lease = house.lease(source)
    house.catalogue.record(lease, [], replace(lease.state, **state))
    return lease.state


def state_of(house: House, source: Source) -> SourceState:
    return next(row.state for row in house.catalogue.sources() if row.source.id == source.id and row.state)


def refusal(house: House, source_id: str, act: SourceAct, editor: Editor, **more: Any) -> str:
    with pytest.raises((Refused, InvalidInput)) as refused:
        house.catalogue.decide_source(source_id, act, editor, **more)
    return refused.value.code


@pytest.mark.parametrize("act", [SourceAct.CHECK, SourceAct.FOLLOW])
def test_a_note_that_is_too_long_is_refused_with_any_act(house: House, act: SourceAct) -> None:
    given(house, OFFICIAL, health=Health.MOVED, move=ELSEWHERE)
    assert refusal(house, "official", act, house.author, note="x" * (MAX_NOTE + 1)) == "too_long"


# --- pausing ---


def test_a_pause_needs_an_editor_a_reason_and_a_day_to_look_again(house: House) -> None:
    given(house, forum())
    pause = SourceAct.PAUSE
    assert refusal(house, "forum", pause, house.reporter, note="改版", review_on=LATER) == "not_allowed"
    assert refusal(house, "forum", pause, house.author, note="  ", review_on=LATER) == "reason_required"
    assert refusal(house, "forum", pause, house.author, note="x" * (MAX_NOTE + 1), review_on=LATER) == "too_long"
    assert refusal(house, "forum", pause, house.author, note="改版") == "review_required"
    for day in (START.date(), date(2020, 1, 1), START.date() + timedelta(days=400)):
        assert refusal(house, "forum", pause, house.author, note="改版", review_on=day) == "review_out_of_range"
    house.catalogue.decide_source("forum", pause, house.author, " 改版 ", LATER)
    state = state_of(house, forum())
    assert (state.health, state.note, state.review_on) == (Health.PAUSED, "改版", LATER)
    house.clock.forward(days=2)
    assert house.catalogue.lease_sources("test", 5) == ()
    assert refusal(house, "forum", pause, house.author, note="改版", review_on=LATER) == "wrong_status"
    assert refusal(house, "forum", SourceAct.CHECK, house.author) == "wrong_status"
    house.catalogue.decide_source("forum", SourceAct.RESUME, house.author)
    assert [lease.source.id for lease in house.catalogue.lease_sources("test", 5)] == ["forum"]
    assert house.acts()[-2:] == ["source_paused", "source_resumed"]


def test_two_editors_pause_an_official_source(house: House) -> None:
    given(house, OFFICIAL)
    house.catalogue.decide_source("official", SourceAct.PAUSE, house.author, "改版", LATER)
    assert state_of(house, OFFICIAL).health is Health.OK
    assert refusal(house, "official", SourceAct.PAUSE, house.author, note="改版", review_on=LATER) == "own_proposal"
    house.catalogue.decide_source("official", SourceAct.PAUSE, house.approver)
    state = state_of(house, OFFICIAL)
    assert (state.health, state.note, state.review_on, state.proposal) == (Health.PAUSED, "改版", LATER, None)
    assert house.acts()[-2:] == ["source_pause_proposed", "source_paused"]


def test_an_admin_alone_is_no_two_editors(house: House) -> None:
    given(house, OFFICIAL)
    for _ in range(2):
        try:
            house.catalogue.decide_source("official", SourceAct.PAUSE, house.admin, "改版", LATER)
        except Refused as refused:
            assert refused.code == "own_proposal"
    assert state_of(house, OFFICIAL).health is Health.OK


def test_a_proposal_can_be_dropped_and_keeps_other_two_person_acts_waiting(house: House) -> None:
    given(house, OFFICIAL, health=Health.MOVED, move=ELSEWHERE)
    house.catalogue.decide_source("official", SourceAct.PAUSE, house.author, "改版", LATER)
    assert refusal(house, "official", SourceAct.FOLLOW, house.approver) == "proposal_waits"
    house.catalogue.decide_source("official", SourceAct.DROP, house.approver)
    assert state_of(house, OFFICIAL).proposal is None
    assert refusal(house, "official", SourceAct.DROP, house.approver) == "wrong_status"


# --- checking now ---


def test_check_now_only_sets_when_the_source_is_due(house: House) -> None:
    before = given(house, forum(), next_check_at=START + timedelta(days=1), etag='"1"')
    after = house.catalogue.decide_source("forum", SourceAct.CHECK, house.author)
    stored = state_of(house, forum())
    assert stored.next_check_at == house.clock.now() == after.next_check_at
    assert (stored.etag, stored.health, stored.revalidation) == ('"1"', before.health, Revalidation.ON)
    assert house.acts()[-1] == "source_checked"
    assert refusal(house, "forum", SourceAct.CHECK, house.reporter) == "not_allowed"


def test_check_now_of_a_silent_source_asks_once_without_validators(house: House) -> None:
    given(house, forum(), health=Health.SILENT, etag='"1"')
    house.catalogue.decide_source("forum", SourceAct.CHECK, house.author)
    assert state_of(house, forum()).revalidation is Revalidation.SKIP
    given(house, forum(), health=Health.SILENT, revalidation=Revalidation.OFF)
    house.catalogue.decide_source("forum", SourceAct.CHECK, house.author)
    assert state_of(house, forum()).revalidation is Revalidation.OFF


# --- moves and drifting ---


def test_one_editor_follows_an_official_source_inside_its_domain_and_its_validators_go(house: House) -> None:
    given(house, OFFICIAL, health=Health.MOVED, move=MOVE, etag='"1"', body_sha256="ab")
    house.catalogue.decide_source("official", SourceAct.FOLLOW, house.author)
    state = state_of(house, OFFICIAL)
    assert (state.address, state.also_domain, state.move) == (MOVE.to, "", None)
    assert (state.health, state.etag, state.body_sha256) == (Health.OK, None, None)
    assert refusal(house, "official", SourceAct.FOLLOW, house.author) == "wrong_status"


def test_e4_two_editors_follow_an_official_source_to_another_domain(house: House) -> None:
    given(house, OFFICIAL, health=Health.MOVED, move=ELSEWHERE, error_count=3, failing_since=START)
    house.catalogue.decide_source("official", SourceAct.FOLLOW, house.author)
    assert state_of(house, OFFICIAL).address == ""
    assert refusal(house, "official", SourceAct.FOLLOW, house.author) == "own_proposal"
    house.catalogue.decide_source("official", SourceAct.FOLLOW, house.approver)
    state = state_of(house, OFFICIAL)
    assert (state.address, state.also_domain, state.failing_since) == (ELSEWHERE.to, "parked.example", None)
    assert house.acts()[-2:] == ["source_follow_proposed", "source_followed"]


def test_e4_the_second_editor_confirms_only_the_address_that_the_first_one_saw(house: House) -> None:
    given(house, OFFICIAL, health=Health.MOVED, move=ELSEWHERE)
    house.catalogue.decide_source("official", SourceAct.FOLLOW, house.author)
    other = replace(ELSEWHERE, to="https://third.example/", domain="third.example")
    given(house, OFFICIAL, health=Health.MOVED, move=other)
    house.catalogue.decide_source("official", SourceAct.FOLLOW, house.approver)
    state = state_of(house, OFFICIAL)
    assert state.address == "" and state.proposal is not None
    assert (state.proposal.to, state.proposal.editor_id) == (other.to, house.approver.id)


def test_to_stay_needs_a_reason_and_takes_the_question_off_the_desk(house: House) -> None:
    given(house, OFFICIAL, health=Health.MOVED, move=MOVE)
    assert refusal(house, "official", SourceAct.STAY, house.author) == "reason_required"
    house.catalogue.decide_source("official", SourceAct.STAY, house.author, "只是镜像")
    state = state_of(house, OFFICIAL)
    assert (state.health, state.move) == (Health.OK, replace(MOVE, is_refused=True))


def test_a_followed_move_is_taken_back_with_a_reason_and_not_followed_again(house: House) -> None:
    given(house, forum(), address=MOVE.to, etag='"1"', error_count=3)
    back = SourceAct.RETURN
    assert refusal(house, "forum", back, house.author, note=" ") == "reason_required"
    assert refusal(house, "forum", back, house.reporter, note="新网址是镜像") == "not_allowed"
    house.catalogue.decide_source("forum", back, house.author, " 新网址是镜像 ")
    state = state_of(house, forum())
    assert (state.address, state.etag, state.error_count) == ("", None, 0)
    assert state.move is not None and (state.move.to, state.move.is_refused) == (MOVE.to, True)
    entry = house.catalogue.audit(limit=1)[0]
    assert (entry.act, entry.values["note"], entry.values["target"]) == ("source_returned", "新网址是镜像", MOVE.to)
    assert refusal(house, "forum", back, house.author, note="再来一次") == "wrong_status"


def test_one_editor_takes_an_official_source_back_inside_its_domain(house: House) -> None:
    given(house, OFFICIAL, address=MOVE.to)
    house.catalogue.decide_source("official", SourceAct.RETURN, house.author, "旧网址又可用")
    assert state_of(house, OFFICIAL).address == ""


def test_two_editors_take_an_official_source_back_from_another_domain(house: House) -> None:
    given(house, OFFICIAL, address=ELSEWHERE.to, also_domain=ELSEWHERE.domain)
    back = SourceAct.RETURN
    house.catalogue.decide_source("official", back, house.author, "域名并非该机构所有")
    assert state_of(house, OFFICIAL).address == ELSEWHERE.to
    assert refusal(house, "official", back, house.author, note="域名并非该机构所有") == "own_proposal"
    house.catalogue.decide_source("official", back, house.approver)
    state = state_of(house, OFFICIAL)
    assert (state.address, state.also_domain, state.proposal) == ("", "", None)
    assert house.acts()[-2:] == ["source_return_proposed", "source_returned"]
    assert house.catalogue.audit(limit=1)[0].values["note"] == "域名并非该机构所有"


def test_the_second_editor_takes_back_only_the_address_that_the_first_one_saw(house: House) -> None:
    given(house, OFFICIAL, address=ELSEWHERE.to, also_domain=ELSEWHERE.domain)
    house.catalogue.decide_source("official", SourceAct.RETURN, house.author, "存疑")
    lease = house.lease(OFFICIAL)
    house.catalogue.record(lease, [], replace(lease.state, address="https://parked.example/other"))
    house.catalogue.decide_source("official", SourceAct.RETURN, house.approver, "存疑")
    state = state_of(house, OFFICIAL)
    assert state.address and state.proposal is not None and state.proposal.editor_id == house.approver.id


def test_a_new_look_is_learnt_only_where_the_source_can_still_be_read(house: House) -> None:
    given(house, forum(), health=Health.DRIFTING, error_count=2, error_code="drift")
    assert refusal(house, "forum", SourceAct.LEARN, house.author) == "wrong_status"
    given(house, forum(), health=Health.DRIFTING, error_count=0, error_code=None, doubts=("dates",))
    house.catalogue.decide_source("forum", SourceAct.LEARN, house.author)
    state = state_of(house, forum())
    assert (state.health, state.doubts, state.learn_from) == (Health.OK, (), house.clock.now())


def test_what_an_editor_decides_during_a_poll_stands(house: House) -> None:
    lease = house.lease(forum())
    house.catalogue.decide_source("forum", SourceAct.PAUSE, house.author, "改版", LATER)
    assert house.catalogue.record(lease, [], replace(lease.state, note="late")) is None
    assert state_of(house, forum()).note == "改版"


def test_no_act_on_a_source_that_does_not_exist(house: House) -> None:
    for source_id in HOSTILE_IDS:
        with pytest.raises(NotFound):
            house.catalogue.decide_source(source_id, SourceAct.CHECK, house.author)
        with pytest.raises(NotFound):
            house.catalogue.source_page(source_id, house.author)


# --- the log, the list, the page ---


def test_the_log_counts_what_was_new_and_which_labels_no_table_knows(house: House) -> None:
    lease = house.lease(checker())
    labels = (("谣言", "global", Verdict.FALSE), ("怪词", "none", None), ("", "none", None))
    items = [
        replace(review("微波炉会致癌", number=n, label=label), mapped_by=by, verdict=verdict)
        for n, (label, by, verdict) in enumerate(labels)
    ]
    check = SourceCheck("checker", house.clock.now(), "ok", listed_count=3)
    house.catalogue.record(lease, items, lease.state, check)
    (row,) = house.catalogue.source_health()
    assert row.week == CheckCounts(1, 0, 3, 2, 1)
    page = house.catalogue.source_page("checker", house.author)
    assert page.checks == (replace(check, new_count=3, label_count=2, unmapped_count=1),)
    lease = house.lease(checker())
    house.catalogue.record(lease, items, lease.state, check)
    assert house.catalogue.source_page("checker", house.author).row.week.label_count == 2, "the same items once more"


def test_polls_that_end_together_each_leave_their_row_and_a_lost_one_leaves_none(house: House) -> None:
    leases = [house.lease(forum(f"forum-{n}")) for n in range(4)]
    leases[3] = replace(leases[3], epoch=leases[3].epoch + 1)
    at = house.clock.now()
    checks = [SourceCheck(f"forum-{n}", at, "ok") for n in range(4)]
    items = [[Labelled(post(RUMORS[n]))] for n in range(4)]
    records = zip(leases, items, checks, strict=True)
    outcomes = at_once(*(partial(house.catalogue.record, a, b, a.state, c) for a, b, c in records))
    assert [outcome is not None for outcome in outcomes] == [True, True, True, False]
    logs = [house.catalogue.source_page(f"forum-{n}", house.author).checks for n in range(4)]
    assert logs == [*((replace(check, new_count=1),) for check in checks[:3]), ()]


def test_a_new_item_ends_the_silence_in_the_same_transaction(house: House) -> None:
    lease = house.lease(forum())
    house.catalogue.record(lease, [], replace(lease.state, health=Health.SILENT))
    assert state_of(house, forum()).health is Health.SILENT
    lease = house.lease(forum())
    house.catalogue.record(lease, [Labelled(post("微波炉加热的食物会致癌", number=1))], lease.state)
    assert state_of(house, forum()).health is Health.OK


def test_the_page_offers_the_acts_that_its_reader_may_do(house: House) -> None:
    given(house, OFFICIAL)
    house.catalogue.decide_source("official", SourceAct.PAUSE, house.author, "改版", LATER)
    acts = {e.name: house.catalogue.source_page("official", e).acts for e in (house.author, house.approver)}
    assert acts["editor A"] == {SourceAct.CHECK, SourceAct.DROP}
    assert acts["editor B"] == {SourceAct.CHECK, SourceAct.DROP, SourceAct.PAUSE}
    assert house.catalogue.source_page("official", house.reporter).acts == frozenset()


def test_alarms_name_official_sources_only(house: House) -> None:
    long_ago = house.clock.now() - timedelta(hours=7)
    for source in (OFFICIAL, forum(), forum("fine", kind=SourceKind.OFFICIAL)):
        is_bad = source.id != "fine"
        given(house, source, health=Health.FAILING if is_bad else Health.OK, failing_since=long_ago if is_bad else None)
    assert [row.source.id for row in house.catalogue.source_alarms()] == ["official"]


def test_old_rows_of_the_log_are_forgotten(house: House) -> None:
    for days in (200, 100, 1):
        lease = house.lease(forum())
        at = house.clock.now() - timedelta(days=days)
        house.catalogue.record(lease, [], lease.state, SourceCheck("forum", at, "not_modified"))
    assert house.catalogue.forget_old_checks() == 2
    assert len(house.catalogue.source_page("forum", house.author).checks) == 1


def test_samples_are_forgotten_after_fourteen_days(house: House) -> None:
    for days, is_good in ((15, True), (13, False)):
        lease, at = house.lease(forum()), house.clock.now() - timedelta(days=days)
        sample = SourceSample("forum", is_good, at, forum().url, "text/html", 4, b"body")
        house.catalogue.record(lease, [], lease.state, None, sample)
    assert [s.is_good for s in house.catalogue.source_samples("forum")] == [True, False]
    house.catalogue.forget_old_checks()
    assert [s.is_good for s in house.catalogue.source_page("forum", house.author).samples] == [False]
    with pytest.raises(NotFound):
        house.catalogue.source_samples("nobody")


# --- what wants a person ---


def keys(source: Source, week: CheckCounts | None = None, **state: Any) -> dict[str, bool]:
    found = concerns(source, SourceState("s", START, **state), week or CheckCounts(), START)
    assert all(isinstance(c, Concern) for c in found)
    return {c.key: c.is_alarm for c in found}


def ago(**span: float) -> dict[str, Any]:
    return {"health": Health.FAILING, "failing_since": START - timedelta(**span)}


@pytest.mark.parametrize(
    ("source", "state", "expected"),
    [
        (OFFICIAL, ago(hours=5.9), {}),
        (OFFICIAL, ago(hours=6), {"official_failing": True}),
        (forum(), ago(hours=71), {}),
        (forum(), ago(hours=72), {"failing": False}),
        (OFFICIAL, {"health": Health.SILENT}, {"silent": True}),
        (forum(), {"health": Health.SILENT}, {"silent": False}),
        (OFFICIAL, {"health": Health.DRIFTING}, {"drifting": False}),
        (OFFICIAL, {"health": Health.GONE, "failing_since": START - timedelta(days=9)},
         {"official_failing": True, "gone": True}),
        (forum(), {"health": Health.GONE, "failing_since": START - timedelta(days=9)}, {"gone": False}),
        (OFFICIAL, {"health": Health.PAUSED, "failing_since": START - timedelta(days=9)}, {}),
        (forum(), {"health": Health.PAUSED, "review_on": START.date()}, {"pause_ends": False}),
        (forum(), {"health": Health.PAUSED, "review_on": START.date() + timedelta(days=1)}, {}),
        (replace(OFFICIAL, is_enabled=False), ago(days=9), {}),
    ],
)  # fmt: skip
def test_what_about_a_source_wants_a_person(source: Source, state: dict[str, Any], expected: dict[str, bool]) -> None:
    assert keys(source, **state) == expected


@pytest.mark.parametrize(
    ("unmapped", "labels", "is_notice"), [(5, 100, False), (6, 100, True), (1, 4, False), (2, 4, True)]
)
def test_more_than_one_label_in_twenty_without_a_table_is_a_notice(unmapped: int, labels: int, is_notice: bool) -> None:
    assert ("labels_unmapped" in keys(forum(), CheckCounts(9, 0, 9, labels, unmapped))) is is_notice
