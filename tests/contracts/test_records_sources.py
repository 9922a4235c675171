"""The port `Unit`: the registry of sources, its leases, and items seen before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from index.model import (
    Absence,
    CheckCounts,
    Health,
    Licence,
    Move,
    PollCounts,
    Proposal,
    Revalidation,
    SourceAct,
    SourceCheck,
    SourceSample,
)
from index.ports import SeenItem
from index.records import SqlRecords
from index.records.tables.crawled import source_samples
from tests.records.samples import NOW, after, source, state


def _fill(records: SqlRecords, *sources: object) -> None:
    with records.begin() as unit:
        for entry in sources:
            unit.put_source(entry, NOW)  # type: ignore[arg-type]


def test_a_source_comes_back_as_it_was_put(records: SqlRecords) -> None:
    rich, plain = source("a"), source("b", licence=Licence(), options={}, is_enabled=False)
    _fill(records, plain, rich)
    with records.read() as unit:
        assert unit.source("a") == rich
        assert unit.sources() == (rich, plain)
        assert unit.source("c") is None


def test_a_new_source_is_due_at_once_and_a_known_one_keeps_its_state(records: SqlRecords) -> None:
    _fill(records, source())
    with records.read() as unit:
        first = unit.source_state("src")
    assert first is not None
    assert (first.next_check_at, first.health, first.error_count) == (NOW, Health.OK, 0)
    with records.begin() as unit:
        unit.set_due("src", after(hours=5))
        unit.put_source(source(authority=2), after(days=1))
    with records.read() as unit:
        stored = unit.source("src")
        assert stored is not None and stored.authority == 2
        assert unit.source_states() == {"src": replace(first, next_check_at=after(hours=5))}


def test_a_new_address_forgets_the_validators_of_the_old_one(records: SqlRecords) -> None:
    _fill(records, source())
    with records.begin() as unit:
        (lease,) = unit.lease_sources("w", NOW, limit=1, lease_s=60)
        unit.finish_poll(lease, state(etag='W/"x"', last_modified="Tue", body_sha256="ab", error_count=3))
        unit.put_source(source(authority=1), NOW)
    with records.read() as unit:
        kept = unit.source_state("src")
    assert kept is not None and (kept.etag, kept.last_modified, kept.body_sha256) == ('W/"x"', "Tue", "ab")
    with records.begin() as unit:
        unit.put_source(source(url="https://piyao.org.cn/moved.xml"), NOW)
    with records.read() as unit:
        moved = unit.source_state("src")
    assert moved is not None and (moved.etag, moved.last_modified, moved.body_sha256) == (None, None, None)
    assert moved.error_count == 3


def test_an_unknown_source_has_no_state(records: SqlRecords) -> None:
    with records.read() as unit:
        assert unit.source_state("src") is None
        assert unit.source_states() == {}
        assert unit.sources() == ()


# --- leases ---


def test_only_due_enabled_and_unpaused_sources_are_leased(records: SqlRecords) -> None:
    names = ("due", "later", "off", "paused")
    _fill(records, *(source(name, f"{name}.example", is_enabled=name != "off") for name in names))
    with records.begin() as unit:
        unit.set_due("later", after(seconds=1))
        unit.put_source_state(state("paused", next_check_at=NOW, health=Health.PAUSED, note="moved house"))
        leases = unit.lease_sources("w", NOW, limit=10, lease_s=60)
    assert [lease.source.id for lease in leases] == ["due"]
    assert (leases[0].owner, leases[0].epoch, leases[0].until) == ("w", 1, after(seconds=60))
    assert leases[0].state.next_check_at == NOW


def test_a_lease_hides_the_source_until_it_expires(records: SqlRecords) -> None:
    _fill(records, source())
    with records.begin() as unit:
        assert len(unit.lease_sources("w", NOW, limit=1, lease_s=60)) == 1
    with records.begin() as unit:
        assert unit.lease_sources("v", after(seconds=59), limit=1, lease_s=60) == ()
        (again,) = unit.lease_sources("v", after(seconds=60), limit=1, lease_s=60)
    assert (again.owner, again.epoch) == ("v", 2)


def test_the_most_overdue_come_first_and_no_more_than_the_limit(records: SqlRecords) -> None:
    _fill(records, *(source(f"s{n}", f"h{n}.example") for n in range(5)))
    with records.begin() as unit:
        for n in range(5):
            unit.set_due(f"s{n}", after(minutes=-n))
        leases = unit.lease_sources("w", NOW, limit=3, lease_s=60)
        assert unit.lease_sources("w", NOW, limit=0, lease_s=60) == ()
    assert [lease.source.id for lease in leases] == ["s4", "s3", "s2"]


def test_a13_one_claim_starts_once_a_host_and_the_next_start_waits_for_the_gap(records: SqlRecords) -> None:
    _fill(records, *(source(f"s{n}", "one.example") for n in range(4)), source("other", "two.example"))

    def lease(seconds: float) -> list[str]:
        with records.begin() as unit:
            leases = unit.lease_sources("w", after(seconds=seconds), limit=10, lease_s=60)
            return [lease.source.id for lease in leases]

    assert lease(0) == ["other", "s0"]
    assert lease(0.999) == []
    assert lease(1) == ["s1"]
    assert lease(2) == []  # two live leases on the host
    with records.begin() as unit:
        unit.set_due("other", after(hours=1))
    assert lease(61) == ["s0"]  # the first two have expired: one start a second again


def test_a13_without_a_gap_a_claim_takes_no_more_of_a_host_than_may_be_live(records: SqlRecords) -> None:
    _fill(records, *(source(f"s{n}", "one.example") for n in range(6)))
    with records.begin() as unit:
        first = unit.lease_sources("w", NOW, limit=10, lease_s=60, per_host=3, host_gap_s=0)
        second = unit.lease_sources("w", NOW, limit=10, lease_s=60, per_host=3, host_gap_s=0)
        unit.finish_poll(first[0], state(first[0].source.id))
        third = unit.lease_sources("w", NOW, limit=10, lease_s=60, per_host=3, host_gap_s=0)
    assert [lease.source.id for lease in first] == ["s0", "s1", "s2"]
    assert second == ()
    assert [lease.source.id for lease in third] == ["s3"]


def test_a_host_is_the_same_whatever_its_spelling_and_port(records: SqlRecords) -> None:
    spellings = ("https://News.Example/a", "http://news.example:8080/b", "https://news.example./c")
    _fill(records, *(source(f"s{n}", url=url) for n, url in enumerate(spellings)))
    with records.begin() as unit:
        assert len(unit.lease_sources("w", NOW, limit=10, lease_s=60)) == 1


def test_a_busy_host_does_not_keep_others_from_the_limit(records: SqlRecords) -> None:
    _fill(records, *(source(f"busy{n}", "busy.example") for n in range(20)), source("free", "free.example"))
    with records.begin() as unit:
        for n in range(20):
            unit.set_due(f"busy{n}", after(hours=-1))
        leases = unit.lease_sources("w", NOW, limit=2, lease_s=60)
    assert [lease.source.id for lease in leases] == ["busy0", "free"]


def test_a_finished_poll_stores_the_state_and_frees_the_lease(records: SqlRecords) -> None:
    _fill(records, source())
    told = state(
        next_check_at=after(minutes=30),
        etag='"é\\"',
        last_modified="Wed, 04 Mar 2026 05:06:07 GMT",
        body_sha256="cd" * 32,
        health=Health.FAILING,
        error_code="timeout",
        error_count=2,
        last_checked_at=NOW,
        last_success_at=after(days=-1),
        last_new_at=after(days=-2),
        new_item_count=7,
        note="slow",
    )
    with records.begin() as unit:
        (lease,) = unit.lease_sources("w", NOW, limit=1, lease_s=60)
        assert unit.finish_poll(lease, told)
    with records.begin() as unit:
        assert unit.source_state("src") == told
        (again,) = unit.lease_sources("v", after(minutes=30), limit=1, lease_s=60)
    assert again.epoch == 2 and again.state == told


def test_a_late_finish_writes_nothing(records: SqlRecords) -> None:
    _fill(records, source())
    with records.begin() as unit:
        (late,) = unit.lease_sources("late", NOW, limit=1, lease_s=60)
    with records.begin() as unit:
        (current,) = unit.lease_sources("late", after(seconds=61), limit=1, lease_s=60)  # same name, next epoch
    with records.begin() as unit:
        before = unit.source_state("src")
        assert not unit.finish_poll(late, state(note="late"))
        assert not unit.renew_lease(late, after(hours=1))
        assert unit.source_state("src") == before
        assert unit.finish_poll(current, state(note="in time"))
    with records.begin() as unit:
        assert not unit.finish_poll(current, state(note="twice"))
        stored = unit.source_state("src")
    assert stored is not None and stored.note == "in time"


def test_a_renewed_lease_lasts_longer(records: SqlRecords) -> None:
    _fill(records, source())
    with records.begin() as unit:
        (lease,) = unit.lease_sources("w", NOW, limit=1, lease_s=60)
        assert unit.renew_lease(lease, after(seconds=120))
        assert unit.lease_sources("v", after(seconds=90), limit=1, lease_s=60) == ()
        assert len(unit.lease_sources("v", after(seconds=120), limit=1, lease_s=60)) == 1


def test_what_an_editor_decides_during_a_poll_voids_the_poll(records: SqlRecords) -> None:
    _fill(records, source())
    with records.begin() as unit:
        (lease,) = unit.lease_sources("w", NOW, limit=1, lease_s=60)
    with records.begin() as unit:
        held = unit.hold_source("src")
        assert held is not None
        unit.put_source_state(replace(held, health=Health.PAUSED, note="hijacked"))
    with records.begin() as unit:
        assert not unit.finish_poll(lease, state(note="fine", etag='"1"'))
        assert not unit.renew_lease(lease, after(hours=1))
        stored = unit.source_state("src")
        assert stored is not None
        assert (stored.health, stored.note, stored.etag) == (Health.PAUSED, "hijacked", None)
        unit.put_source_state(replace(stored, health=Health.OK))
        (again,) = unit.lease_sources("w", after(seconds=2), limit=1, lease_s=60)
        assert again.epoch == 4
        assert unit.hold_source("nobody") is None


def test_what_editors_decided_and_where_a_source_went_comes_back_as_it_was_put(records: SqlRecords) -> None:
    _fill(records, source())
    told = state(
        health=Health.MOVED,
        failing_since=after(days=-1),
        missing_since=after(days=-2),
        doubts=("dates", "labels"),
        move=Move("https://new.example/x", (NOW.date(), after(days=1).date()), "new.example", is_refused=True),
        address="https://old.example/y",
        also_domain="old.example",
        revalidation=Revalidation.OFF,
        learn_from=after(hours=-3),
        proposal=Proposal(SourceAct.PAUSE, "edt_1", NOW, "改版", after(days=30).date(), "https://new.example/x", "x"),
        review_on=after(days=14).date(),
        absences=(Absence("n-1", "https://old.example/1", (after(hours=-30), after(hours=-12))),),
        look_again_at=after(hours=2),
    )
    with records.begin() as unit:
        (lease,) = unit.lease_sources("w", NOW, limit=1, lease_s=60)
        assert unit.finish_poll(lease, told)
    with records.read() as unit:
        assert unit.source_state("src") == told
    with records.begin() as unit:
        unit.put_source_state(state())
        assert unit.source_state("src") == state()


def test_pace_is_kept_for_the_host_that_is_read_now(records: SqlRecords) -> None:
    _fill(records, source("a", "old.example"), source("b", "new.example"))
    with records.begin() as unit:
        unit.put_source_state(state("a", next_check_at=NOW, address="https://new.example/a"))
    _fill(records, source("a", "old.example"))  # a restart loads the registry again
    with records.begin() as unit:
        assert len(unit.lease_sources("w", NOW, limit=10, lease_s=60)) == 1
    _fill(records, source("a", url="https://third.example/a"))
    with records.begin() as unit:
        moved = unit.source_state("a")
        assert moved is not None and moved.address == ""
        early = unit.lease_sources("w", after(seconds=0.5), limit=10, lease_s=60)
        assert [lease.source.id for lease in early] == ["a"]  # its poll is void; for b new.example keeps its pace
        assert len(unit.lease_sources("w", after(seconds=61), limit=10, lease_s=60)) == 2


# --- the log of polls ---


def test_the_log_of_polls_is_read_newest_first_and_added_up(records: SqlRecords) -> None:
    first = SourceCheck("src", NOW, "ok", http_status=200, ms=7, wire_bytes=99, new_count=2, label_count=4,
                        unmapped_count=1, doubts=("dates",), language="zh", host="piyao.org.cn")  # fmt: skip
    rows = (
        first,
        SourceCheck("src", after(hours=1), "not_modified", http_status=304),
        SourceCheck("src", after(hours=2), "ok", variant_count=1, body_sha256="ab", listed_count=20, item_count=9),
        SourceCheck("src", after(hours=3), "error", "timeout"),
        SourceCheck("other", after(hours=3), "ok", new_count=5),
    )
    with records.begin() as unit:
        for row in rows:
            unit.add_check(row)
    with records.read() as unit:
        assert unit.checks("src", limit=9) == rows[3::-1]
        assert unit.checks("src", limit=2, since=after(hours=2)) == (rows[3], rows[2])
        assert unit.full_checks("src", limit=9) == (rows[2], first)
        assert unit.full_checks("src", limit=9, since=after(minutes=1)) == (rows[2],)
        assert unit.arrivals("src", NOW) == (NOW, after(hours=2))
        assert unit.check_counts(NOW) == {"src": CheckCounts(4, 1, 3, 4, 1), "other": CheckCounts(1, 0, 5, 0, 0)}
        assert unit.check_counts(after(hours=3)) == {"src": CheckCounts(1, 1), "other": CheckCounts(1, 0, 5)}
        assert unit.poll_counts(after(hours=1)) == (
            PollCounts("error", "timeout", 1, 0, 0, 0, 0, 0, 0),
            PollCounts("not_modified", "", 1, 0, 0, 0, 0, 0, 0),
            PollCounts("ok", "", 2, 5, 1, 0, 0, 0, 0),
        )
        assert unit.poll_counts(after(hours=4)) == ()


def test_old_rows_of_the_log_go_and_those_that_brought_something_stay_longer(records: SqlRecords) -> None:
    with records.begin() as unit:
        for hours, news in ((0, 1), (1, 0), (2, 1), (3, 0)):
            unit.add_check(SourceCheck("src", after(hours=hours), "ok", new_count=news))
        assert unit.delete_checks_before(after(hours=3), after(hours=1)) == 2
        assert [c.checked_at for c in unit.checks("src", limit=9)] == [after(hours=3), after(hours=2)]


# --- items seen ---


def test_an_item_is_known_by_each_of_its_names(records: SqlRecords) -> None:
    seen = SeenItem("sighting", "sig_1", "ab" * 32, 0)
    with records.begin() as unit:
        unit.put_seen_item("src", "guid", seen, ["https://a.example/1", "guid"], NOW)
        assert unit.seen_item("src", ["guid"]) == seen
        assert unit.seen_item("src", ["new guid", "https://a.example/1"]) == seen
        assert unit.seen_item("src", ["other"]) is None
        assert unit.seen_item("src", []) is None
        assert unit.seen_item("other source", ["guid"]) is None


def test_what_is_learnt_under_one_name_holds_for_the_others(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_seen_item("src", "a", SeenItem("sighting", "sig_1", "11", 0), ["b"], NOW)
        unit.put_seen_item("src", "b", SeenItem("sighting", "sig_1", "22", 1), ["c"], after(hours=1))
        for name in "abc":
            assert unit.seen_item("src", [name]) == SeenItem("sighting", "sig_1", "22", 1)


def test_a_name_shared_by_two_items_stays_with_the_first(records: SqlRecords) -> None:
    first, second = SeenItem("sighting", "sig_1", "1", 0), SeenItem("sighting", "sig_2", "2", 0)
    with records.begin() as unit:
        unit.put_seen_item("src", "one", first, ["https://live.example/"], NOW)
        unit.put_seen_item("src", "two", second, [], NOW)
        unit.put_seen_item("src", "two", second, ["https://live.example/"], NOW)
        assert unit.seen_item("src", ["two", "https://live.example/"]) == second
        assert unit.seen_item("src", ["one", "https://live.example/"]) == first
        assert unit.seen_item("src", ["https://live.example/"]) == first


@pytest.mark.parametrize("name", ["x" * 100_000, "nul\x00inside", "lone \ud83d surrogate", ""], ids=len)
def test_any_name_a_feed_can_give_is_remembered(records: SqlRecords, name: str) -> None:
    seen = SeenItem("evidence", "evi_1", "ab", 0)
    with records.begin() as unit:
        unit.put_seen_item("src", name, seen, [], NOW)
        unit.put_seen_item("src", name + "y", SeenItem("evidence", "evi_2", "cd", 0), [], NOW)
    with records.read() as unit:
        assert unit.seen_item("src", [name]) == seen


def test_a_sample_takes_the_place_of_the_one_before_and_is_kept_packed(records: SqlRecords) -> None:
    _fill(records, source())
    first = SourceSample("src", True, NOW, "https://n.example/", "text/html", 10**6, b"<p>\x00\xff</p>" * 20_000)
    with records.begin() as unit:
        unit.put_sample(first)
        unit.put_sample(replace(first, is_good=False, body=b""))
        unit.put_sample(replace(first, taken_at=after(days=1)))
    with records.read() as unit:
        good, bad = unit.samples("src")
        assert (good, bad) == (replace(first, taken_at=after(days=1)), replace(first, is_good=False, body=b""))
    with records.begin() as unit:
        assert unit.delete_samples_before(after(hours=1)) == 1
        assert unit.samples("src") == (good,)
        assert unit._scalar(select(func.length(source_samples.c.packed))) < 2_000


def test_what_was_read_of_a_dump_is_one_value_a_source(records: SqlRecords) -> None:
    _fill(records, source("a"), source("b"))
    with records.begin() as unit:
        assert unit.entries_read("a") == b""
        unit.put_entries_read("a", b"\x00one")
        unit.put_entries_read("a", b"\x00two" * 200_000)
        assert (unit.entries_read("a"), unit.entries_read("b")) == (b"\x00two" * 200_000, b"")
