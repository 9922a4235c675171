"""The port `Unit`: change log, cursors, stored vectors; audit rows and named leases."""

from __future__ import annotations

import numpy as np
import pytest

from index.ports import Change, Changed
from index.records import SqlRecords
from tests.records.samples import NOW, after, claim


def test_marks_are_numbered_once_in_their_order_when_the_transaction_commits(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.changed(Changed.CLAIM, "clm_1")
        unit.changed(Changed.REFUTATION, "ref_1")
        unit.changed(Changed.CLAIM, "clm_1")
        assert (unit.head(), unit.changes(0, 10)) == (0, ())
    with records.begin() as unit:
        unit.changed(Changed.OUTSIDE, "clm_1")
    with records.read() as unit:
        assert unit.head() == 3
        assert unit.changes(0, 10) == (
            Change(1, Changed.CLAIM, "clm_1"),
            Change(2, Changed.REFUTATION, "ref_1"),
            Change(3, Changed.OUTSIDE, "clm_1"),
        )
        assert unit.changes(1, 1) == (Change(2, Changed.REFUTATION, "ref_1"),)
        assert unit.changes(3, 10) == ()


def test_a_record_that_changes_again_is_followed_at_its_newest_number(records: SqlRecords) -> None:
    for marks in (("clm_1", "clm_2"), ("clm_1",)):
        with records.begin() as unit:
            for id in marks:
                unit.changed(Changed.CLAIM, id)
    with records.read() as unit:
        assert unit.changes(0, 10) == (Change(2, Changed.CLAIM, "clm_2"), Change(3, Changed.CLAIM, "clm_1"))
        assert unit.last_changes() == {(Changed.CLAIM, "clm_1"): 3, (Changed.CLAIM, "clm_2"): 2}
        assert unit.head() == 3


def test_an_abandoned_transaction_leaves_neither_record_nor_mark(records: SqlRecords) -> None:
    with pytest.raises(ZeroDivisionError), records.begin() as unit:
        unit.put_claim(claim())
        unit.changed(Changed.CLAIM, "clm_1")
        unit.append_audit(NOW, "edt_a", "act", "clm_1", {})
        raise ZeroDivisionError
    with records.read() as unit:
        assert (unit.claim("clm_1"), unit.head(), unit.audit()) == (None, 0, ())
        assert unit.first_broken_audit_row() is None


def test_a_reader_keeps_its_snapshot_while_others_write(records: SqlRecords) -> None:
    with records.read() as reader:
        assert reader.claim("clm_1") is None
        with records.begin() as unit:
            unit.put_claim(claim())
            unit.changed(Changed.CLAIM, "clm_1")
        assert (reader.claim("clm_1"), reader.head()) == (None, 0)
    with records.read() as reader:
        assert (reader.claim("clm_1"), reader.head()) == (claim(), 1)


def test_a_cursor_moves_forward_only_or_back_to_the_start(records: SqlRecords) -> None:
    with records.begin() as unit:
        assert unit.cursor("search") == 0
        for asked, expected in ((5, 5), (3, 5), (9, 9), (0, 0), (2, 2)):
            unit.set_cursor("search", asked)
            assert unit.cursor("search") == expected
        assert unit.cursor("linking") == 0


def test_vectors_come_back_in_value_and_shape_by_model(records: SqlRecords) -> None:
    generator = np.random.default_rng(7)
    one, many = generator.random(384, np.float32), generator.random((3, 384), np.float32)
    with records.begin() as unit:
        unit.put_embeddings("e5", {"a": one, "b": many})
        unit.put_embeddings("other", {"a": one * 2})
        unit.put_embeddings("e5", {})
    with records.begin() as unit:
        stored = unit.embeddings("e5", ["b", "a", "c"])
        assert stored.keys() == {"a", "b"}
        assert stored["a"].dtype == np.float32 and stored["a"].flags.writeable
        assert np.array_equal(stored["a"], one) and np.array_equal(stored["b"], many)
        assert np.array_equal(unit.embeddings("other", ["a"])["a"], one * 2)
        unit.put_embeddings("e5", {"a": many})
        assert np.array_equal(unit.embeddings("e5", ["a"])["a"], many)
        assert unit.embeddings("e5", []) == {}


def test_more_keys_than_a_statement_takes_are_looked_up_all_the_same(records: SqlRecords) -> None:
    keys = [f"{n:064x}" for n in range(2_500)]
    with records.begin() as unit:
        unit.put_embeddings("e5", {key: np.full(2, n, np.float32) for n, key in enumerate(keys)})
    with records.read() as unit:
        stored = unit.embeddings("e5", [*keys, *(f"missing {n}" for n in range(70_000))])
    assert len(stored) == 2_500
    assert stored[keys[1_234]].tolist() == [1234.0, 1234.0]


# --- audit ---


def test_audit_rows_come_back_newest_first_by_subject_and_page(records: SqlRecords) -> None:
    with records.begin() as unit:
        for n in range(5):
            unit.append_audit(after(minutes=n), "edt_a", "saved", f"ref_{n % 2}", {"headline": f"标题 {n}"})
    with records.read() as unit:
        entries = unit.audit()
        assert [e.seq for e in entries] == [5, 4, 3, 2, 1]
        first = entries[-1]
        assert (first.at, first.actor_id, first.act, first.subject_id) == (NOW, "edt_a", "saved", "ref_0")
        assert first.values == {"headline": "标题 0"}
        assert len({e.row_hash for e in entries}) == 5 and len(first.row_hash) == 64
        assert [e.seq for e in unit.audit(subject_id="ref_0")] == [5, 3, 1]
        assert [e.seq for e in unit.audit(limit=2, before_seq=4)] == [3, 2]
        assert [e.seq for e in unit.audit(before_seq=10**40)] == [5, 4, 3, 2, 1]
        assert unit.first_broken_audit_row() is None


def test_the_chain_is_whole_whatever_texts_are_in_it(records: SqlRecords) -> None:
    with records.begin() as unit:
        for value in (
            "",
            "nul\x00",
            "\ud83d\ude00 pair",
            "\udc00 lone",
            "é",
            "e\u0301",
            '"\\/\b',
            "\u2028",
            "0" * 9_000,
        ):
            unit.append_audit(NOW, "edt_a", "act", "ref_1", {value[:9]: value})
    with records.read() as unit:
        assert unit.first_broken_audit_row() is None
        assert [dict(e.values) for e in unit.audit()][5:8] == [
            {"\ufffd lone": "\ufffd lone"},
            {"😀 pair": "😀 pair"},
            {"nul": "nul"},
        ]


# --- named leases ---


def test_a_named_lease_has_one_holder_until_it_expires(records: SqlRecords) -> None:
    with records.begin() as unit:
        assert unit.take_lease("clock", "a", NOW, 10) == 1
        assert unit.take_lease("clock", "b", after(seconds=9), 10) is None
        assert unit.take_lease("clock", "a", after(seconds=9), 10) == 1  # renewed: same epoch
        assert unit.take_lease("clock", "b", after(seconds=18), 10) is None
        assert unit.take_lease("clock", "b", after(seconds=19), 10) == 2
        assert unit.take_lease("clock", "a", after(seconds=20), 10) is None
        assert unit.take_lease("sync", "a", NOW, 10) == 1


def test_a_released_lease_is_free_at_once_and_only_its_holder_can_release_it(records: SqlRecords) -> None:
    with records.begin() as unit:
        assert unit.take_lease("sync", "a", NOW, 60) == 1
        unit.release_lease("sync", "b")
        assert unit.take_lease("sync", "b", NOW, 60) is None
        unit.release_lease("sync", "a")
        assert unit.take_lease("sync", "b", NOW, 60) == 2
        unit.release_lease("unknown", "a")


def test_a_lease_has_an_end_once_somebody_took_it(records: SqlRecords) -> None:
    with records.begin() as unit:
        assert unit.lease_end("clock") is None
        unit.take_lease("clock", "a", NOW, 10)
        assert unit.lease_end("clock") == after(seconds=10)
        unit.release_lease("clock", "a")
        end = unit.lease_end("clock")
    assert end is not None and end < NOW
