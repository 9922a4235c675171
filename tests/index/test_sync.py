"""The index kept in step: versions, tombstones, turns, rebuilding under fire, and damage found and repaired."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from index import documents, open_catalogue, sync
from index.errors import RecordsUnavailable, SearchUnavailable
from index.model import DocKind, SearchDocument
from index.ports import Change, Changed
from tests.index.house import RUMORS, House, MovableClock, post

# --- following the change log ---


def test_each_kind_of_record_is_one_document_with_the_number_of_its_change(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    outside_id = house.reviewed(RUMORS[1])
    alert = house.published(house.seen(RUMORS[2]))
    house.links()
    found = house.indexed()
    kinds = sorted(id[:3] for id in found)
    assert kinds == ["alt", "clm", "clm", "out", "sig", "sig"]
    with house.parts.records.read() as unit:
        last = unit.last_changes()
    assert found[claim_id] == last[(Changed.CLAIM, claim_id)]
    assert found[outside_id] == last[(Changed.OUTSIDE, outside_id)]
    assert found[alert.id] == last[(Changed.REFUTATION, alert.refutation_id)]


def test_syncing_again_writes_nothing(house: House) -> None:
    house.seen(RUMORS[0])
    first, second = house.catalogue.sync(), house.catalogue.sync()
    assert (first.applied_count, first.pending_count, first.is_available) == (2, 0, True)
    assert (second.applied_count, second.pending_count) == (0, 0)


def test_a_limit_leaves_the_rest_for_later(house: House) -> None:
    house.record(*(post(text, number=n) for n, text in enumerate(RUMORS)))
    pending = house.catalogue.status().pending_changes
    assert house.catalogue.sync(limit=3).pending_count == pending - 3
    assert house.catalogue.sync().pending_count == 0


def test_an_older_version_never_brings_a_withdrawn_alert_back(house: House) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    late = _documents(house)
    house.withdrawn(alert)
    assert alert.id not in house.indexed()
    assert house.parts.search.write(late) == 0
    assert alert.id not in house.indexed()
    assert house.outcome(RUMORS[0]) == "known"
    house.catalogue.rebuild()
    assert house.parts.search.write(late) == 0  # the rebuilt index remembers the withdrawal as well
    assert alert.id not in house.indexed()


def test_an_engine_that_is_down_leaves_everything_waiting(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise SearchUnavailable("switched off")

    monkeypatch.setattr(house.parts.search, "write", refuse)
    alert = house.published(house.seen(RUMORS[0]))
    report = house.catalogue.sync()
    assert (report.applied_count, report.is_available) == (0, False)
    assert report.pending_count == house.catalogue.status().pending_changes > 0
    assert house.catalogue.thread(alert.id).id == alert.id
    monkeypatch.undo()
    assert house.catalogue.sync().pending_count == 0
    assert house.outcome(RUMORS[0]) == "found"


def test_what_was_committed_is_acknowledged_even_if_the_sync_after_it_fails(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    refutation = house.submitted(house.seen(RUMORS[0]))

    def busy(*_: object) -> None:
        raise RecordsUnavailable("database is locked")

    monkeypatch.setattr("index.sync.sync", busy)
    alert = house.approve(refutation)
    monkeypatch.undo()
    assert house.catalogue.thread(alert.id).id == alert.id


def test_an_engine_that_never_answers_keeps_nobody_waiting(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    refutation = house.submitted(house.seen(RUMORS[0]))
    answers, is_over = threading.Event(), threading.Event()
    write = house.parts.search.write

    def stuck(made: Sequence[SearchDocument]) -> int:
        answers.wait(30)
        try:
            return write(made)
        finally:
            is_over.set()

    monkeypatch.setattr(house.parts.search, "write", stuck)
    monkeypatch.setattr(sync, "PATIENCE_S", 0.2)
    alert = house.approve(refutation)
    assert not is_over.is_set()
    assert house.catalogue.thread(alert.id).id == alert.id
    assert house.catalogue.status().pending_changes > 0
    answers.set()
    assert is_over.wait(30)
    while house.catalogue.sync().pending_count:
        house.clock.forward(seconds=1)
    assert house.outcome(RUMORS[0]) == "found"


# --- turns ---


def test_one_relays_at_a_time_and_a_dead_ones_turn_lapses(house: House) -> None:
    house.seen(RUMORS[0])
    assert house.catalogue.take_lease("sync", "a process that was killed", 60) is not None
    waiting = house.catalogue.sync()
    assert (waiting.applied_count, waiting.is_available) == (0, True)
    assert waiting.pending_count > 0
    house.clock.forward(seconds=61)
    assert house.catalogue.sync().pending_count == 0


def test_who_lost_the_turn_moves_no_cursor(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.seen(RUMORS[0])
    pending = house.catalogue.status().pending_changes
    write = house.parts.search.write

    def slow(documents: Sequence[SearchDocument]) -> int:
        house.clock.forward(seconds=61)
        assert house.catalogue.take_lease("sync", "another", 60) is not None
        return write(documents)

    monkeypatch.setattr(house.parts.search, "write", slow)
    assert house.catalogue.sync().pending_count == pending
    monkeypatch.undo()
    house.clock.forward(seconds=61)
    assert house.catalogue.sync().pending_count == 0
    assert house.catalogue.check().is_clean


# --- rebuilding ---


def test_a_rebuild_restores_all_and_encodes_nothing_anew(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    house.withdrawn(house.published(house.seen(RUMORS[1])))
    house.reviewed(RUMORS[2])
    house.catalogue.sync()
    before = house.indexed()
    house.parts.search.rebuild([])
    assert house.indexed() == {}

    def refuse(texts: Sequence[str]) -> None:
        raise AssertionError(f"encoded {texts}")

    monkeypatch.setattr(house.parts.encoder, "encode", refuse)
    assert house.catalogue.rebuild() == len(before)
    monkeypatch.undo()
    assert house.indexed() == before
    assert house.answer(RUMORS[0]).candidates[0].id == alert.id


def test_a_swap_that_outlasts_its_lease_loses_nothing_that_others_relayed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.published(house.seen(RUMORS[0]))
    rebuild = house.parts.search.rebuild
    late: list[str] = []

    def slowly(documents: Sequence[SearchDocument]) -> int:
        house.clock.forward(hours=1)  # the lease is gone
        late.append(house.published(house.seen(RUMORS[1])).id)
        house.catalogue.sync()  # into the index that the swap replaces
        return rebuild(documents)

    monkeypatch.setattr(house.parts.search, "rebuild", slowly)
    house.catalogue.rebuild()
    assert late[0] in house.indexed()
    assert house.catalogue.check().is_clean


def test_a_publish_in_the_middle_of_a_rebuild_is_not_lost(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice goes out after the documents were read and before the swap; its sync cannot have its turn then."""
    house.published(house.seen(RUMORS[0]))
    late = house.submitted(house.seen(RUMORS[1]))
    gone = house.published(house.seen(RUMORS[2]))
    leaving = house.catalogue.propose_withdrawal(gone.refutation_id, house.author, "结论有误")
    rebuild = house.parts.search.rebuild

    def with_a_publish(documents: Sequence[SearchDocument]) -> int:
        house.approve(late)
        house.approve(leaving)
        return rebuild(documents)

    monkeypatch.setattr(house.parts.search, "rebuild", with_a_publish)
    house.catalogue.rebuild()
    assert house.catalogue.check().is_clean
    assert (house.outcome(RUMORS[1]), house.outcome(RUMORS[2])) == ("found", "known")


def test_a_relay_that_wrote_before_the_swap_does_not_skip_its_changes_after_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild has read the records; a change follows and a relay writes it to the old index; the rebuild waits for
    the relay's turn to end, or the relay would move the cursor beyond a change that the new index lacks."""
    house.published(house.seen(RUMORS[0]))
    has_read, may_go_on = threading.Event(), threading.Event()
    with_vectors, write = documents.with_vectors, house.parts.search.write

    def paused(*arguments: Any) -> list[SearchDocument]:
        made = with_vectors(*arguments)
        if threading.current_thread() is rebuilding and not has_read.is_set():
            has_read.set()
            may_go_on.wait(30)
        return made

    def overtaken(made: Sequence[SearchDocument]) -> int:
        count = write(made)
        if threading.current_thread() is not rebuilding:
            may_go_on.set()
            rebuilding.join(0.5)
        return count

    rebuilding = threading.Thread(target=house.catalogue.rebuild)
    monkeypatch.setattr(documents, "with_vectors", paused)
    monkeypatch.setattr(house.parts.search, "write", overtaken)
    rebuilding.start()
    assert has_read.wait(30)
    house.seen(RUMORS[1])
    house.catalogue.sync()
    rebuilding.join(30)
    assert not rebuilding.is_alive()
    assert house.catalogue.sync().pending_count == 0
    assert house.catalogue.check().is_clean
    assert house.outcome(RUMORS[1]) == "known"


def test_a_relay_that_was_overtaken_by_a_rebuild_moves_no_cursor(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay is so slow that its turn lapses; a rebuild comes and goes; the turn is free again when it is done."""
    house.published(house.seen(RUMORS[0]))
    house.seen(RUMORS[1])
    write = house.parts.search.write

    def slow(made: Sequence[SearchDocument]) -> int:
        count = write(made)
        monkeypatch.setattr(house.parts.search, "write", write)
        house.clock.forward(seconds=61)
        assert house.catalogue.take_lease("sync", "a rebuild", 60) is not None
        with house.parts.records.begin() as unit:
            unit.set_cursor("search", 0)
        house.catalogue.release_lease("sync", "a rebuild")
        return count

    monkeypatch.setattr(house.parts.search, "write", slow)
    report = house.catalogue.sync()
    assert report.pending_count == _head(house)
    assert house.catalogue.sync().pending_count == 0


def _head(house: House) -> int:
    with house.parts.records.read() as unit:
        return unit.head()


def test_rebuilds_and_publishes_side_by_side_end_clean(house: House) -> None:
    drafts = [house.submitted(house.seen(rumor)) for rumor in RUMORS[:6]]
    errors: list[BaseException] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)
            raise

    def rebuild() -> None:
        for _ in range(3):
            house.catalogue.rebuild()

    def publish() -> None:
        for draft in drafts:
            house.approve(draft)

    threads = [threading.Thread(target=run, args=(act,)) for act in (rebuild, publish)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.catalogue.sync()
    assert errors == []
    assert house.catalogue.check().is_clean
    assert {house.outcome(rumor) for rumor in RUMORS[:6]} == {"found"}


# --- checking and repairing ---


def _documents(house: House) -> list[SearchDocument]:
    """What the index should hold now, in full."""
    with house.parts.records.read() as unit:
        changes = [Change(seq, kind, id) for (kind, id), seq in unit.last_changes().items()]
        drafts = documents.drafts(unit, changes)
    return documents.with_vectors(house.parts, drafts)


def furnished(house: House) -> House:
    house.published(house.seen(RUMORS[0]))
    house.withdrawn(house.published(house.seen(RUMORS[1])))
    house.joined(house.seen(RUMORS[2]), into=house.seen(RUMORS[3]))
    house.reviewed(RUMORS[4])
    house.links()
    assert house.catalogue.check().is_clean
    return house


def test_damage_of_every_kind_is_named_and_repaired(house: House) -> None:
    whole = _documents(furnished(house))
    alive = [d for d in whole if not d.is_deleted]
    missing, stale, kept = alive[0::3], alive[1::3], alive[2::3]
    alien = [
        SearchDocument(id=f"{prefix}_{'0' * 26}", version=1, kind=kind, parent=f"{prefix}_{'0' * 26}", statement="x")
        for prefix, kind in (
            ("alt", DocKind.ALERT),
            ("clm", DocKind.CLAIM),
            ("sig", DocKind.CLAIM),
            ("out", DocKind.OUTSIDE),
        )
    ]
    resurrected = [
        replace(d, is_deleted=False, version=d.version - 1, statement="旧") for d in whole if d.is_deleted
    ]
    old = [replace(d, version=d.version - 1, statement="旧") for d in stale]
    house.parts.search.rebuild([*old, *kept, *alien, *resurrected])
    report = house.catalogue.check()
    assert set(report.missing) == {d.id for d in missing}
    assert set(report.stale) == {d.id for d in stale}
    assert set(report.orphaned) == {d.id for d in (*alien, *resurrected)}
    assert house.catalogue.check(repair=True) == report
    assert house.catalogue.check().is_clean
    assert (house.outcome(RUMORS[0]), house.outcome(RUMORS[1])) == ("found", "known")
    house.links()  # what was repaired upsets no follower of the change log
    assert house.catalogue.check().is_clean


def test_an_index_ahead_of_the_records_is_named_and_rebuilt(house: House) -> None:
    """After the database was restored from a backup, the index holds versions of changes that never were."""
    whole = _documents(furnished(house))
    ahead = [replace(d, version=d.version + 1_000, statement="后来") for d in whole if not d.is_deleted]
    wrongly_gone = replace(ahead[0], is_deleted=True)
    house.parts.search.rebuild([wrongly_gone, *ahead[1:]])
    report = house.catalogue.check()
    assert report.missing == (ahead[0].id,)
    assert set(report.stale) == {d.id for d in ahead[1:]}
    house.catalogue.check(repair=True)
    assert house.catalogue.check().is_clean
    assert house.outcome(RUMORS[0]) == "found"


def test_a_lost_index_is_rebuilt_from_the_records(house: House) -> None:
    furnished(house)
    count = len(house.indexed())
    house.parts.search.rebuild([])
    assert house.outcome(RUMORS[0]) != "found"
    assert len(house.catalogue.check(repair=True).missing) == count
    assert house.outcome(RUMORS[0]) == "found"


def test_a_catalogue_opened_again_finds_everything(house: House) -> None:
    furnished(house)
    again = House.__new__(House)
    again.catalogue = open_catalogue(house.catalogue.settings, clock=MovableClock(house.clock.now()))
    try:
        assert again.catalogue.check().is_clean
        assert again.outcome(RUMORS[0]) == "found"
        assert again.catalogue.first_broken_audit_row() is None
    finally:
        again.catalogue.close()
