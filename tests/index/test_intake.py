"""What recording a poll does: identity, revisions, grouping, withdrawal, and what a lost lease leaves behind."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from index import intake
from index.errors import NotFound, SearchUnavailable
from index.intake import MAX_APPEARANCES, MAX_REVISIONS, MAX_TEXT
from index.model import Health, Item, Labelled, RecordOutcome, Role, TargetKind
from index.ports import Changed, Notice
from tests.index.house import HOSTILE_IDS, RUMORS, START, House, at_once, checker, forum, post, review

RELEVANT = ("new_count", "repeat_count", "variant_count", "revised_count", "withdrawn_count")


def counts(outcome: RecordOutcome) -> tuple[int, ...]:
    return tuple(getattr(outcome, name) for name in RELEVANT)


def seen_kind(house: House, native_id: str, source_id: str = "forum") -> str | None:
    with house.parts.records.read() as unit:
        seen = unit.seen_item(source_id, [native_id])
    return seen.kind if seen else None


# --- circulating texts ---


def test_a_new_text_is_a_claim_with_its_first_sighting(house: House) -> None:
    published = house.clock.now() - timedelta(hours=5)
    outcome = house.record(post(RUMORS[0], title="震惊", published_at=published))
    (claim_id,) = outcome.claim_ids
    file = house.catalogue.claim_file(claim_id)
    (sighting,) = file.sightings
    assert counts(outcome) == (1, 0, 0, 0, 0)
    assert (sighting.source_id, sighting.url, sighting.published_at) == ("forum", "https://forum.example/1", published)
    assert file.claim.statement in sighting.text
    assert (file.claim.first_seen_at, file.claim.sighting_count) == (published, 1)
    assert seen_kind(house, "post-1") == "sighting"


def test_the_same_entry_again_is_a_repeat_and_writes_no_sighting(house: House) -> None:
    claim_id = house.record(post(RUMORS[0])).claim_ids[0]
    again = house.record(post(RUMORS[0]), post("  " + RUMORS[0] + "\n", native_id="post-1"))
    moved = house.record(post(RUMORS[0], url="https://forum.example/moved"))
    assert counts(again) == (0, 2, 0, 0, 0)
    assert counts(moved) == (0, 1, 0, 0, 0)  # an address or a date alone makes no revision
    assert again.claim_ids == ()
    assert house.claim(claim_id).sighting_count == 1


def test_another_name_of_an_entry_is_the_same_entry(house: House) -> None:
    house.record(post(RUMORS[0], native_id="https://forum.example/1", aliases=("tag:1",)))
    assert counts(house.record(post(RUMORS[0], native_id="tag:1"))) == (0, 1, 0, 0, 0)


def test_equal_and_nearly_equal_texts_of_others_are_sightings_of_one_claim(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    equal = house.record(post(f"【转发】{RUMORS[0]}！！", number=2), source=forum("other"))
    house.links()
    house.parts.search.refresh()
    near = house.record(post(f"{RUMORS[0]}啊", number=3), source=forum("third"))
    assert counts(equal) == counts(near) == (0, 0, 1, 0, 0)
    assert equal.claim_ids == near.claim_ids == (claim_id,)
    assert house.claim(claim_id).sighting_count == 3


def test_a_text_that_differs_in_a_number_is_another_claim(house: House) -> None:
    first = house.seen("超市的食盐从明天起涨价到每包30元，大家快去买")
    house.links()
    house.parts.search.refresh()
    assert house.seen("超市的食盐从明天起涨价到每包80元，大家快去买") != first


def test_two_equal_texts_of_one_poll_meet(house: House) -> None:
    outcome = house.record(post(RUMORS[0], number=1), post(RUMORS[0], number=2), post(RUMORS[1], number=3))
    assert counts(outcome) == (2, 0, 1, 0, 0)
    assert len(outcome.claim_ids) == 2
    assert house.claim(outcome.claim_ids[0]).sighting_count == 2


def test_a_revised_entry_changes_its_sighting_and_its_place_in_the_index(house: House) -> None:
    claim_id = house.record(post(RUMORS[0])).claim_ids[0]
    house.links()
    revised = house.record(post(RUMORS[1], title="改过的标题"))
    house.links()
    (sighting,) = house.catalogue.claim_file(claim_id).sightings
    assert counts(revised) == (0, 0, 0, 1, 0)
    assert revised.claim_ids == (claim_id,)
    assert (sighting.text, sighting.title) == (f"改过的标题\n{RUMORS[1]}", "改过的标题")
    assert house.answer(RUMORS[1]).outcome.value != "nothing"
    assert house.catalogue.check().is_clean


def test_a_post_edited_into_a_denial_no_longer_counts_as_spread(house: House) -> None:
    claim_id = house.record(post(RUMORS[0])).claim_ids[0]
    house.record(post(f"辟谣：{RUMORS[0]}，这是假消息"))
    assert house.claim(claim_id).sighting_count == 0
    assert house.catalogue.claim_page(claim_id).wordings == ()


def test_q17_an_entry_that_changes_at_every_poll_freezes(house: House) -> None:
    claim_id = house.record(post(RUMORS[0])).claim_ids[0]
    outcomes = [counts(house.record(post(f"{RUMORS[0]}，第{n}版"))) for n in range(MAX_REVISIONS + 3)]
    assert outcomes == [(0, 0, 0, 1, 0)] * MAX_REVISIONS + [(0, 1, 0, 0, 0)] * 3
    (sighting,) = house.catalogue.claim_file(claim_id).sightings
    assert sighting.text == f"{RUMORS[0]}，第{MAX_REVISIONS - 1}版"


def test_a_frozen_review_can_still_be_withdrawn(house: House) -> None:
    for number in range(MAX_REVISIONS + 2):
        last = house.record(review(RUMORS[0], label=f"第{number}版"), source=checker())
    assert counts(last) == (0, 1, 0, 0, 0)
    assert counts(house.record(review(RUMORS[0], is_withdrawn=True), source=checker())) == (0, 0, 0, 1, 1)


@pytest.mark.parametrize("text", ["请登录后查看", "404 Not Found", "🔥🔥🔥", "", "\x00\ud800"])
def test_a_page_without_content_is_no_claim_and_breaks_no_sighting(house: House, text: str) -> None:
    empty = house.record(post(text, number=9))
    assert counts(empty) == (0, 1, 0, 0, 0)
    assert empty.claim_ids == ()
    claim_id = house.record(post(RUMORS[0])).claim_ids[0]
    house.record(post(text))
    (sighting,) = house.catalogue.claim_file(claim_id).sightings
    assert sighting.text == RUMORS[0]
    healed = house.record(post(RUMORS[0] + "，速看"))
    assert healed.claim_ids == (claim_id,)
    assert house.claim(claim_id).sighting_count == 1


def test_texts_of_symbols_alone_are_not_one_claim(house: House) -> None:
    house.record(post("🔥🔥🔥", number=1), post("😱！！", number=2), post("……", number=3))
    assert house.catalogue.desk_claims().rows == ()


def test_a_denial_is_kept_with_its_claim_but_does_not_count_as_spread(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    house.links()
    house.parts.search.refresh()
    house.record(post(f"{RUMORS[0]}（谣言）", number=2))
    claim = house.claim(claim_id)
    assert claim.sighting_count == 1
    assert counts(house.record(post("辟谣：月球并不是奶酪做的", number=3))) == (0, 1, 0, 0, 0)
    assert len(house.catalogue.desk_claims().rows) == 1


def test_a_long_text_is_cut_and_a_strange_one_is_stored(house: House) -> None:
    long_id = house.seen("好" * 1_000_000)
    (sighting,) = house.catalogue.claim_file(long_id).sightings
    assert len(sighting.text) == MAX_TEXT
    assert len(house.claim(long_id).statement) <= 200
    odd = house.seen("\ufdfa" * 5_000)
    assert house.claim(odd).sighting_count == 1
    mixed = house.seen("断\x00粮\ud83d了\u202e" + RUMORS[2])
    assert "\x00" not in house.claim(mixed).statement


def test_a_statement_does_not_begin_with_what_a_forwarding_mark_left(house: House) -> None:
    claim_id = house.seen("紧急扩散：5G基站会传播病毒，专家提醒远离")
    assert house.claim(claim_id).statement.startswith("5G基站")


def test_an_earlier_publication_of_known_words_takes_its_place_in_the_index(house: House) -> None:
    house.seen(RUMORS[0], published_at=house.clock.now())
    house.links()
    house.seen(RUMORS[0], native_id="older", published_at=house.clock.now() - timedelta(days=3))
    house.links()
    assert house.catalogue.check().is_clean


def test_more_wordings_than_the_index_takes_leave_no_orphans(house: House) -> None:
    ids = [f"{RUMORS[0]}，来自{name}的消息" for name in _NAMES]
    claim_id = house.seen(ids[0])
    with house.parts.records.begin() as unit:  # wordings that grouping would not bring together
        sighting = unit.sightings(claim_id)[0]
        for number, text in enumerate(ids[1:], start=1):
            at = sighting.seen_at - timedelta(minutes=number)
            unit.put_sighting(replace(sighting, id=f"sig_{number:026d}", text=text, fingerprint=text, published_at=at))
            if number % 10 == 0:
                unit.changed(Changed.CLAIM, claim_id)
    for _ in range(2):
        house.catalogue.sync()
        assert house.catalogue.check().is_clean
        with house.parts.records.begin() as unit:  # ten more, published before all others
            for number in range(10):
                text, at = f"更早的第{number}种说法", sighting.seen_at - timedelta(days=1, minutes=number)
                unit.put_sighting(
                    replace(sighting, id=f"sig_9{number:025d}", text=text, fingerprint=text, published_at=at)
                )
            unit.changed(Changed.CLAIM, claim_id)


_NAMES = [f"{a}{b}" for a in "东南西北中" for b in "城乡山水田园村"]


# --- reviews and notices ---


def test_a_review_is_kept_with_its_label_and_where_it_saw_the_claim(house: House) -> None:
    places = ("https://social.example/1", "https://social.example/2")
    outcome = house.record(review(RUMORS[0], appearances=places), source=checker())
    (claim_id,) = set(outcome.claim_ids)
    sightings = house.catalogue.claim_file(claim_id).sightings
    assert counts(outcome) == (1, 0, 0, 0, 0)
    assert {s.url for s in sightings} == set(places)
    assert seen_kind(house, "review-1", "checker") == "outside"
    house.links()
    (pair,) = house.catalogue.claim_file(claim_id).suggestions
    assert pair.target_outside is not None
    assert (pair.target_outside.label, pair.target_outside.authority) == ("错误", 3)


def test_a_date_that_was_told_vaguely_is_kept_as_such_until_a_revision_tells_it_exactly(house: House) -> None:
    about = {"published_at": START, "date_quality": "approximate"}
    vague, exact = house.seen(RUMORS[0], **about), house.seen(RUMORS[1], published_at=START)
    qualities = [house.catalogue.claim_file(id).sightings[0].date_quality for id in (vague, exact)]
    assert qualities == ["approximate", "exact"]
    found = []
    for changes in (about, {"published_at": START, "label": "部分错误"}):
        house.record(review(RUMORS[2], **changes), source=checker())
        with house.parts.records.read() as unit:
            seen = unit.seen_item("checker", ["review-1"])
            outside = unit.outside(seen.record_id) if seen else None
        assert outside is not None
        found.append((outside.version, outside.date_quality))
    assert found == [(1, "approximate"), (2, "exact")]


def test_a_revised_or_withdrawn_review_keeps_its_id(house: House) -> None:
    house.record(review(RUMORS[0]), source=checker())
    revised = house.record(review(RUMORS[0], label="部分错误"), source=checker())
    withdrawn = house.record(review(RUMORS[0], is_withdrawn=True), source=checker())
    back = house.record(review(RUMORS[0]), source=checker())
    assert [counts(o) for o in (revised, withdrawn, back)] == [(0, 0, 0, 1, 0), (0, 0, 0, 1, 1), (0, 0, 0, 1, 0)]
    with house.parts.records.read() as unit:
        seen = unit.seen_item("checker", ["review-1"])
        assert seen is not None
        outside = unit.outside(seen.record_id)
    assert outside is not None
    assert (outside.version, outside.is_withdrawn, outside.label) == (4, False, "错误")


def test_a_review_that_names_thousands_of_places_fills_no_database(house: House) -> None:
    places = tuple(f"https://social.example/{n}" for n in range(5_000))
    (claim_id,) = set(house.record(review(RUMORS[0], appearances=places), source=checker()).claim_ids)
    assert house.claim(claim_id).sighting_count == MAX_APPEARANCES


def test_a_review_without_words_or_withdrawn_from_the_start_makes_no_claim(house: House) -> None:
    places = ("https://social.example/1",)
    house.record(
        review("🔥🔥", number=1, appearances=places),
        review(RUMORS[0], number=2, appearances=places, is_withdrawn=True),
        source=checker(),
    )
    assert house.catalogue.desk_claims().rows == ()


def test_a_notice_is_kept_as_evidence(house: House) -> None:
    notice = Labelled(Item("n-1", "https://gov.example/n", "公告", "供水正常", "zh-Hans", Role.NOTICE))
    assert counts(house.record(notice)) == (1, 0, 0, 0, 0)
    changed = Labelled(replace(notice.item, text="供水已经恢复"))
    assert counts(house.record(changed)) == (0, 0, 0, 1, 0)
    assert seen_kind(house, "n-1") == "evidence"
    assert house.catalogue.desk_claims().rows == ()


def warning(name: str, *supersedes: str, **changes: Any) -> Labelled:
    item = Item(name, f"https://gov.example/{name}", "预警", f"预警 {name}", "zh-Hans", Role.NOTICE)
    return Labelled(replace(item, supersedes=supersedes, **changes))


def standing(house: House, native_id: str) -> Notice:
    with house.parts.records.read() as unit:
        seen = unit.seen_item("forum", [native_id])
        found = unit.notice(seen.record_id) if seen else None
    assert found is not None
    return found


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_notices_that_supersede_and_withdraw_leave_the_same_standing_in_any_order(
    house: House, order: tuple[int, ...]
) -> None:
    first, update = warning("w-1"), warning("w-2", "w-1")
    cancel = warning("w-3", "w-2", "w-1", is_withdrawn=True)
    for number in order:
        assert house.record((first, update, cancel)[number]).new_count == 1
    assert [standing(house, name).is_withdrawn for name in ("w-1", "w-2", "w-3")] == [True] * 3
    assert standing(house, "w-1").superseded_by and standing(house, "w-2").superseded_by
    assert house.record(first, update, cancel).repeat_count == 3


def test_a_notice_that_was_only_superseded_is_not_withdrawn(house: House) -> None:
    until = house.clock.now() + timedelta(hours=6)
    house.record(warning("w-2", "w-1", expires_at=until))
    house.record(warning("w-1"))
    assert (standing(house, "w-1").is_withdrawn, bool(standing(house, "w-1").superseded_by)) == (False, True)
    assert (standing(house, "w-2").superseded_by, standing(house, "w-2").expires_at) == ("", until)


def test_a_notice_that_names_itself_keeps_its_standing(house: House) -> None:
    house.record(warning("w-1", "w-1"))
    assert standing(house, "w-1").superseded_by == ""


def test_one_source_cannot_withdraw_what_another_announced(house: House) -> None:
    house.record(warning("w-1"))
    house.record(warning("w-3", "w-1", is_withdrawn=True), source=checker())
    assert not standing(house, "w-1").is_withdrawn


def test_an_entry_may_turn_from_a_claim_into_a_review(house: House) -> None:
    claim_id = house.record(post(RUMORS[0], number=1)).claim_ids[0]
    turned = replace(review(RUMORS[0]).item, native_id="post-1")
    assert counts(house.record(Labelled(turned))) == (1, 0, 0, 0, 0)
    assert seen_kind(house, "post-1") == "outside"
    assert house.claim(claim_id).sighting_count == 1


# --- leases and state ---


def test_a_lost_lease_writes_nothing(house: House) -> None:
    lease = house.lease()
    house.clock.forward(minutes=5)
    (taken,) = house.catalogue.lease_sources("another", 5)
    assert taken.epoch > lease.epoch
    head = _head(house)
    assert house.catalogue.record(lease, [Labelled(post(RUMORS[0]))], lease.state) is None
    assert house.catalogue.desk_claims().rows == ()
    assert (_head(house), seen_kind(house, "post-1")) == (head, None)
    assert not house.catalogue.renew_lease(lease)
    assert house.catalogue.record(taken, [Labelled(post(RUMORS[0]))], taken.state) is not None


def test_a_long_poll_is_stored_in_parts_that_let_others_write(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "AT_ONCE", 3)
    begun: list[int] = []
    begin = house.parts.records.begin
    lease = house.lease()
    monkeypatch.setattr(house.parts.records, "begin", lambda: begun.append(1) or begin())
    items = [Labelled(post(text, number=n)) for n, text in enumerate(RUMORS[:7])]
    outcome = house.catalogue.record(lease, items, lease.state)
    assert outcome is not None
    assert (outcome.new_count, len(outcome.claim_ids), len(begun)) == (7, 7, 3)
    (row,) = house.catalogue.sources()
    assert row.state is not None
    assert row.state.new_item_count == 7


def test_a_lease_lost_within_a_long_poll_stops_it_and_loses_no_item(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "AT_ONCE", 3)
    lease = house.lease()
    begin = house.parts.records.begin
    takers: list[object] = []

    def overtaken() -> object:
        if len(takers) == 1:
            house.clock.forward(minutes=5)
            monkeypatch.setattr(house.parts.records, "begin", begin)
            (taken,) = house.catalogue.lease_sources("another", 5)
            takers.append(taken)
        takers.append(None)
        return begin()

    monkeypatch.setattr(house.parts.records, "begin", overtaken)
    items = [Labelled(post(text, number=n)) for n, text in enumerate(RUMORS[:7])]
    assert house.catalogue.record(lease, items, lease.state) is None
    assert [seen_kind(house, f"post-{n}") for n in range(7)] == ["sighting"] * 3 + [None] * 4
    (taken,) = [t for t in takers if t is not None]
    outcome = house.catalogue.record(taken, items, taken.state)  # type: ignore[attr-defined, arg-type]
    assert outcome is not None
    assert (outcome.repeat_count, outcome.new_count) == (3, 4)


def test_a_poll_and_a_join_at_once_leave_no_sighting_behind(house: House) -> None:
    for number in range(4):
        older, newer = house.seen(RUMORS[2 * number]), house.seen(RUMORS[2 * number + 1])
        source = forum(f"mirror-{number}")
        house.record(post(RUMORS[2 * number + 1], native_id="mirrored"), source=source)
        match = house.suggest(newer, TargetKind.CLAIM, older)
        lease = house.lease(source)
        revised = Labelled(post(RUMORS[2 * number + 1] + "，第二版", native_id="mirrored"))
        at_once(
            lambda lease=lease, revised=revised: house.catalogue.record(lease, [revised], lease.state),
            lambda match=match: house.catalogue.confirm(match.id, house.author),
        )
        assert house.claim(newer).id == older
        assert house.claim(older).sighting_count == 3
    house.links()
    assert house.catalogue.check().is_clean


def test_a_poll_leaves_the_state_that_it_brings_and_counts_what_is_new(house: House) -> None:
    lease = house.lease()
    due = house.clock.now() + timedelta(hours=2)
    state = replace(lease.state, next_check_at=due, etag='"1"', health=Health.DRIFTING)
    house.catalogue.record(lease, [Labelled(post(RUMORS[0])), Labelled(post(RUMORS[1], number=2))], state)
    (row,) = house.catalogue.sources()
    assert row.state is not None
    assert (row.state.next_check_at, row.state.etag, row.state.health) == (due, '"1"', Health.DRIFTING)
    assert (row.state.new_item_count, row.state.last_new_at) == (2, house.clock.now())
    assert house.catalogue.lease_sources("test", 5) == ()
    house.catalogue.set_due("forum")
    house.clock.forward(seconds=1)  # the pace per host
    assert len(house.catalogue.lease_sources("test", 5)) == 1


def test_with_the_engine_down_near_duplicates_become_claims_and_equal_ones_still_meet(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim_id = house.seen(RUMORS[0])
    house.links()

    def refuse(*_: object) -> None:
        raise SearchUnavailable("switched off")

    monkeypatch.setattr(house.parts.search, "find", refuse)
    assert house.seen(RUMORS[0], native_id="again") == claim_id
    assert house.seen(f"{RUMORS[0]}啊") != claim_id


def test_known_items_are_those_that_were_recorded(house: House) -> None:
    house.record(post(RUMORS[0], native_id="a", aliases=("b",)))
    assert house.catalogue.known_items("forum", ["a", "b", "c"]) == {"a", "b"}
    assert house.catalogue.known_items("other", ["a"]) == frozenset()


def test_recording_after_a_join_goes_to_the_root(house: House) -> None:
    a, b, c = (house.seen(rumor) for rumor in RUMORS[:3])
    house.joined(a, into=b)
    house.joined(b, into=c)
    house.links()
    house.parts.search.refresh()
    assert house.seen(RUMORS[0], native_id="again") == c
    assert house.seen(f"{RUMORS[0]}啊") == c


def test_sources_are_added_updated_and_found(house: House) -> None:
    assert house.catalogue.put_sources([forum(), checker()]) == 2
    assert house.catalogue.put_sources([forum(every_min=5)]) == 1
    assert house.catalogue.source("forum").every_min == 5
    assert [row.source.id for row in house.catalogue.sources()] == ["checker", "forum"]
    for id in HOSTILE_IDS:
        for act in (house.catalogue.source, house.catalogue.set_due):
            with pytest.raises(NotFound):
                act(id)


def _head(house: House) -> int:
    with house.parts.records.read() as unit:
        return unit.head()


def gone(native_id: str, role: Role) -> Labelled:
    return Labelled(Item(native_id, "https://gov.example/feed", "", "", "zh-Hans", role, is_withdrawn=True))


def test_a_tombstone_withdraws_a_notice(house: House) -> None:
    house.record(Labelled(Item("n-1", "https://gov.example/n", "公告", "供水恢复正常", "zh-Hans", Role.NOTICE)))
    assert house.record(gone("n-1", Role.NOTICE)).withdrawn_count == 1
    with house.parts.records.read() as unit:
        seen = unit.seen_item(forum().id, ["n-1"])
        notice = unit.notice(seen.record_id) if seen else None
    assert notice is not None and notice.is_withdrawn and notice.text == "供水恢复正常"


def test_a_tombstone_withdraws_what_was_kept_whatever_the_list_is_for(house: House) -> None:
    house.record(review(RUMORS[0]), source=checker())
    assert house.record(gone("review-1", Role.NOTICE), source=checker()).withdrawn_count == 1
    with house.parts.records.read() as unit:
        seen = unit.seen_item(checker().id, ["review-1"])
        outside = unit.outside(seen.record_id) if seen else None
    assert outside is not None and outside.is_withdrawn


def test_a_poll_of_an_address_that_the_registry_has_changed_is_void(house: House) -> None:
    source = forum()
    lease = house.lease(source)
    house.catalogue.put_sources([replace(source, url="https://forum.example/new-feed")])
    after = house.clock.now() + timedelta(hours=1)
    state = replace(lease.state, etag='"old"', address="https://old.example/feed", next_check_at=after)
    assert house.catalogue.record(lease, [], state) is None
    with house.parts.records.read() as unit:
        kept = unit.source_state(source.id)
    assert kept is not None and (kept.etag, kept.address) == (None, "")


def test_a_notice_that_its_source_shows_again_stands_again_but_not_if_another_notice_withdrew_it(house: House) -> None:
    house.record(warning("a"), warning("b"))
    house.record(gone("a", Role.NOTICE), warning("c", "b", is_withdrawn=True))
    assert [standing(house, name).is_withdrawn for name in "ab"] == [True, True]
    house.record(warning("a"), warning("b", text="预警 b，改了字"))
    assert [standing(house, name).is_withdrawn for name in "ab"] == [False, True]
