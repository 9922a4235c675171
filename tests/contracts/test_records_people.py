"""The port `Unit`: editors, sessions, failed log-ins, tips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import Conflict
from index.model import EditorRole, TipStatus
from index.records import SqlRecords
from tests.records.samples import NOW, after, editor, tip


def test_an_editor_comes_back_and_keeps_the_password_unless_a_new_one_is_put(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_editor(editor(), "hash 1")
        unit.put_editor(editor(role=EditorRole.ADMIN))
        assert unit.editor_by_name("Editor A") == (editor(role=EditorRole.ADMIN), "hash 1")
        unit.put_editor(editor(), "hash 2")
        assert unit.editor_by_name("Editor A") == (editor(), "hash 2")
        assert unit.editor("edt_a") == editor()
        assert unit.editor("edt_b") is None


def test_editors_are_found_by_name_in_any_case(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_editor(editor("edt_a", "Straße"), "hash")
        for name in ("STRASSE", "straße", " Strasse "):
            found = unit.editor_by_name(name)
            assert found is not None and found[0].name == "Straße"
        for name in ("", "\ud800", "nobody\x00", "x" * 100_000):
            assert unit.editor_by_name(name) is None


def test_a_name_belongs_to_one_editor(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_editor(editor("edt_a", "编辑 A"))
    with pytest.raises(Conflict), records.begin() as unit:
        unit.put_editor(editor("edt_b", "编辑 a"))
    with records.begin() as unit:
        unit.put_editor(editor("edt_a", "编辑 B"))
        unit.put_editor(editor("edt_b", "编辑 a", created_at=after(hours=1)))
        assert [e.id for e in unit.editors()] == ["edt_b", "edt_a"]


def test_a_session_is_live_until_it_expires_or_is_ended_or_its_editor_is_not_active(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_editor(editor("edt_a", "A"))
        unit.put_editor(editor("edt_b", "B"))
        unit.put_session("token a1", "edt_a", NOW, after(hours=8))
        unit.put_session("token a2", "edt_a", NOW, after(hours=8))
        unit.put_session("token b1", "edt_b", NOW, after(hours=8))
        unit.put_session("token b2", "edt_b", NOW, after(hours=8))
    with records.read() as unit:
        assert unit.session("token a1", after(hours=7.99)) == editor("edt_a", "A")
        assert unit.session("token a1", after(hours=8)) is None
        assert unit.session("token", NOW) is None
    with records.begin() as unit:
        unit.end_session("token a1")
        assert unit.session("token a1", NOW) is None
        assert unit.session("token a2", NOW) is not None
        unit.end_sessions("edt_b")
        assert (unit.session("token b1", NOW), unit.session("token b2", NOW)) == (None, None)
        unit.put_editor(editor("edt_a", "A", is_active=False))
        assert unit.session("token a2", NOW) is None


def test_expired_sessions_are_swept_when_somebody_logs_in(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_editor(editor())
        unit.put_session("old", "edt_a", NOW, after(hours=1))
        unit.put_session("new", "edt_a", after(hours=2), after(hours=9))
        rows = unit._connection.exec_driver_sql("SELECT token_sha256 FROM sessions").scalars().all()
    assert rows == ["new"]


def test_failed_logins_are_counted_by_key_since_a_time_and_forgotten_after_a_day(records: SqlRecords) -> None:
    long = "name " * 1_000
    with records.begin() as unit:
        for minutes in (0, 10, 20):
            unit.add_failed_login("editor a", after(minutes=minutes))
        unit.add_failed_login(long, NOW)
        assert unit.failed_logins("editor a", NOW) == 3
        assert unit.failed_logins("editor a", after(minutes=10)) == 2
        assert unit.failed_logins("editor a", after(minutes=21)) == 0
        assert unit.failed_logins(long, NOW) == 1
        unit.clear_failed_logins("editor a")
        assert (unit.failed_logins("editor a", NOW), unit.failed_logins(long, NOW)) == (0, 1)
        unit.add_failed_login("editor b", after(hours=25))
        rows = unit._connection.exec_driver_sql("SELECT count(*) FROM failed_logins").scalar()
    assert rows == 1


# --- tips ---


def test_a_tip_comes_back_by_its_receipt_only(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_tip(tip(), "ab" * 32)
        grouped = tip(status=TipStatus.CLOSED, claim_id="clm_1", reason="an advert")
        unit.put_tip(grouped)
        assert unit.tip_by_receipt("ab" * 32) == grouped
        assert unit.count_tips() == 1
        assert unit.tip_by_receipt("") is None
        assert unit.tip_by_receipt("tip_1") is None


def test_tips_are_listed_newest_first_and_by_claim(records: SqlRecords) -> None:
    with records.begin() as unit:
        for n in range(3):
            of_claim = "clm_1" if n else None
            unit.put_tip(tip(f"tip_{n}", received_at=after(hours=n), claim_id=of_claim), f"receipt {n}")
        assert [t.id for t in unit.tips()] == ["tip_2", "tip_1", "tip_0"]
        assert [t.id for t in unit.tips(limit=1)] == ["tip_2"]
        assert [t.id for t in unit.tips_of("clm_1")] == ["tip_2", "tip_1"]
        unit.put_tip(replace(tip("tip_2"), claim_id="clm_2"))
        assert [t.id for t in unit.tips_of("clm_1")] == ["tip_1"]


def test_e5_an_erased_tip_leaves_nothing_behind(records: SqlRecords, fresh_url: str) -> None:
    with records.begin() as unit:
        unit.put_tip(tip(text="canary-7f3a " * 50), "receipt")
        unit.put_tip(tip("tip_2"))
    with records.begin() as unit:
        unit.delete_tip("tip_1")
        unit.delete_tip("tip_1")
    with records.read() as unit:
        assert [t.id for t in unit.tips()] == ["tip_2"]
        assert unit.tip_by_receipt("receipt") is None
    records.close()
    if fresh_url.startswith("sqlite"):
        assert b"canary-7f3a" not in Path(fresh_url.removeprefix("sqlite:///")).read_bytes()


def test_unanswered_checks_are_counted_by_fingerprint(records: SqlRecords) -> None:
    with records.begin() as unit:
        for minutes in (0, 1, 2):
            unit.count_unanswered_check("f" * 64, after(minutes=minutes))
        unit.count_unanswered_check("g" * 64, NOW)
        rows = unit._connection.exec_driver_sql("SELECT count FROM unanswered_checks ORDER BY fingerprint").scalars()
        assert rows.all() == [3, 1]
