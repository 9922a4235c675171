"""Readers who send something in, without an account; editors, their sessions and log-ins."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from index.errors import Conflict, InvalidInput, NotFound, Refused
from index.model import ClaimStatus, EditorRole, TargetKind, TipStatus
from tests.index.house import HOSTILE_IDS, RUMORS, House, at_once

PERSONAL = "张三手机13812345678，身份证110101199003071234，邮箱zhang.san@example.com，车牌京A12345"


# --- tips ---


def test_a_tip_becomes_a_claim_and_its_receipt_tells_the_way(house: House) -> None:
    receipt, tip = house.catalogue.send_tip(f"请大家转发：{RUMORS[0]}")
    assert re.fullmatch(r"[2-9A-HJKMNP-TV-Z]{16}", receipt)
    assert (tip.status, tip.received_at) == (TipStatus.GROUPED, house.clock.now())
    found, claim, thread = house.catalogue.tip(receipt)
    assert claim is not None
    assert (found.id, claim.asked_count, claim.status, thread) == (tip.id, 1, ClaimStatus.OPEN, None)
    assert claim.statement == RUMORS[0]
    assert [row.claim.id for row in house.catalogue.queue("write", house.author).rows] == [claim.id]


def test_a_receipt_is_read_with_its_dashes_spaces_and_small_letters(house: House) -> None:
    receipt, tip = house.catalogue.send_tip(RUMORS[0])
    written = f"  {receipt[:4]}-{receipt[4:8]}-{receipt[8:]}\n".lower()
    assert house.catalogue.tip(written)[0].id == tip.id


def test_an_unknown_receipt_is_not_found(house: House) -> None:
    house.catalogue.send_tip(RUMORS[0])
    for receipt in (*HOSTILE_IDS, "\ud800" * 16, "A" * 16):
        with pytest.raises(NotFound):
            house.catalogue.tip(receipt)
        with pytest.raises(NotFound):
            house.catalogue.erase_tip(receipt)


def test_a_receipt_is_stored_only_as_a_hash(house: House) -> None:
    receipt, _ = house.catalogue.send_tip(RUMORS[0])
    with house.parts.records.read() as unit:
        (tip,) = unit.tips()
        stored = unit._connection.exec_driver_sql("SELECT receipt_sha256 FROM tips").scalar()  # type: ignore[attr-defined]
    assert receipt not in repr(tip)
    assert re.fullmatch(r"[0-9a-f]{64}", str(stored))


def test_personal_data_is_masked_before_anything_is_stored(house: House) -> None:
    receipt, _ = house.catalogue.send_tip(f"{RUMORS[0]}。联系人：{PERSONAL}")
    tip, claim, _ = house.catalogue.tip(receipt)
    assert claim is not None
    for secret in ("13812345678", "110101199003071234", "zhang.san@example.com", "京A12345"):
        assert secret not in tip.text
        assert secret not in claim.statement


def test_tips_with_one_text_are_one_claim_asked_twice(house: House) -> None:
    receipts = [house.catalogue.send_tip(RUMORS[0])[0] for _ in range(2)]
    house.parts.search.refresh()
    receipts.append(house.catalogue.send_tip(f"速看！{RUMORS[0]}")[0])
    house.parts.search.refresh()
    house.links()  # the engine shows a new document within a second; linking joins what came sooner
    claims = [house.catalogue.tip(receipt)[1] for receipt in receipts]
    assert len({claim and claim.id for claim in claims}) == 1


def test_a_tip_about_what_is_published_is_answered_at_once(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    alert = house.published(claim_id)
    house.parts.search.refresh()
    receipt, tip = house.catalogue.send_tip(RUMORS[0])
    found, claim, thread = house.catalogue.tip(receipt)
    assert (tip.claim_id, found.status) == (claim_id, TipStatus.ANSWERED)
    assert thread is not None
    assert thread.id == alert.id
    assert claim is not None
    assert claim.asked_count == 1


def test_a_tip_follows_its_claim_through_joins_answers_and_withdrawals(house: House) -> None:
    receipt, tip = house.catalogue.send_tip(RUMORS[0])
    other = house.seen(RUMORS[1])
    match = house.joined(str(tip.claim_id), into=other)

    def state() -> tuple[TipStatus, str | None]:
        found, claim, _ = house.catalogue.tip(receipt)
        return found.status, claim and claim.id

    assert state() == (TipStatus.GROUPED, other)
    alert = house.published(other)
    assert state() == (TipStatus.ANSWERED, other)
    house.withdrawn(alert)
    assert state() == (TipStatus.GROUPED, other)
    house.catalogue.undo(match.id, house.author)
    assert state() == (TipStatus.GROUPED, tip.claim_id)
    house.catalogue.set_not_checkable(str(tip.claim_id), house.author, "看法，不是事实")
    found, _, _ = house.catalogue.tip(receipt)
    assert (found.status, found.reason) == (TipStatus.CLOSED, "看法，不是事实")


def test_what_only_tips_say_is_shown_to_the_desk_and_to_nobody_else(house: House) -> None:
    _, tip = house.catalogue.send_tip(RUMORS[0])
    claim_id = str(tip.claim_id)
    answer = house.answer(RUMORS[0])
    assert (answer.outcome, answer.candidates, answer.claim) == ("nothing", (), None)
    for page in (house.catalogue.claim_page, house.catalogue.want_to_know):
        with pytest.raises(NotFound):
            page(claim_id)
    assert house.catalogue.send_tip(RUMORS[0])[1].claim_id == claim_id
    assert house.catalogue.match(RUMORS[0]).outcome == "known"
    assert house.catalogue.claim_file(claim_id).claim.asked_count == 2


def test_a_tip_is_public_once_it_was_seen_or_an_editor_has_acted(house: House) -> None:
    tips = [house.catalogue.send_tip(rumor)[1] for rumor in RUMORS[:4]]
    seen, written, set_aside, reviewed = (str(tip.claim_id) for tip in tips)
    house.joined(house.seen(RUMORS[4]), into=seen)
    house.written(written)
    house.catalogue.set_not_checkable(set_aside, house.author, "看法，不是事实")
    match = house.suggest(reviewed, TargetKind.OUTSIDE, house.reviewed(RUMORS[5]))
    with pytest.raises(NotFound):  # a machine's suggestion is no act
        house.catalogue.claim_page(reviewed)
    house.catalogue.confirm(match.id, house.author)
    for claim_id, rumor in zip((seen, written, set_aside, reviewed), RUMORS, strict=False):
        assert house.catalogue.claim_page(claim_id).claim.statement == rumor
        assert house.outcome(rumor) == "known"


def test_an_erased_tip_leaves_no_words_anywhere(house: House) -> None:
    receipt, tip = house.catalogue.send_tip(RUMORS[0])
    claim_id = str(tip.claim_id)
    house.suggest(house.seen(RUMORS[1]), TargetKind.CLAIM, claim_id)
    house.parts.search.refresh()
    assert house.catalogue.match(RUMORS[0]).outcome == "known"
    house.catalogue.erase_tip(receipt)
    with pytest.raises(NotFound):
        house.catalogue.tip(receipt)
    with pytest.raises(NotFound):
        house.catalogue.erase_tip(receipt)
    for page in (house.catalogue.claim_page, house.catalogue.claim_file, house.catalogue.want_to_know):
        with pytest.raises(NotFound):
            page(claim_id)
    assert claim_id not in house.indexed()
    assert house.catalogue.match(RUMORS[0]).outcome == "nothing"
    assert house.catalogue.check().is_clean
    assert house.catalogue.queue("match", house.author).counts["match"] == 0
    assert all(row.claim.statement for row in house.catalogue.desk_claims().rows)
    with house.parts.records.read() as unit:
        assert unit.tips() == ()
        stored = unit.claim(claim_id)
    assert stored is not None
    assert stored.statement == ""
    assert house.catalogue.link(claim_id) == ()


def test_erasing_a_tip_leaves_what_others_said_and_editors_wrote(house: House) -> None:
    first, tip = house.catalogue.send_tip(RUMORS[0])
    house.parts.search.refresh()
    second, other = house.catalogue.send_tip(RUMORS[0])
    assert tip.claim_id == other.claim_id
    house.catalogue.erase_tip(first)
    assert house.claim(str(tip.claim_id)).statement == RUMORS[0]
    house.catalogue.erase_tip(second)
    with pytest.raises(NotFound):
        house.claim(str(tip.claim_id))
    third, seen = house.catalogue.send_tip(RUMORS[1])
    house.links()
    house.parts.search.refresh()
    house.seen(RUMORS[1])
    house.links()
    house.catalogue.erase_tip(third)
    assert house.outcome(RUMORS[1]) == "known"
    fourth, written = house.catalogue.send_tip(RUMORS[2])
    house.written(str(written.claim_id))
    house.catalogue.erase_tip(fourth)
    assert house.claim(str(written.claim_id)).statement == RUMORS[2]
    assert seen.claim_id


def test_wanting_to_know_counts_for_the_claim_that_stands(house: House) -> None:
    a, b, c = (house.seen(rumor) for rumor in RUMORS[:3])
    house.joined(a, into=b)
    house.joined(b, into=c)
    assert house.catalogue.want_to_know(a).id == c
    assert house.catalogue.want_to_know(c).asked_count == 2
    assert house.claim(a).asked_count == 2


def test_no_voice_is_lost_when_many_want_to_know_at_once(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    at_once(*[lambda: house.catalogue.want_to_know(claim_id)] * 8)
    assert house.claim(claim_id).asked_count == 8


# --- editors ---


def test_an_editor_is_added_once_by_name(house: House) -> None:
    editor = house.catalogue.add_editor("  editor \n C ", EditorRole.REPORTER, "hash-c")
    assert (editor.name, editor.role, editor.is_active) == ("editor C", EditorRole.REPORTER, True)
    assert house.catalogue.editor_by_name("EDITOR C") == (editor, "hash-c")
    with pytest.raises(Conflict) as conflict:
        house.catalogue.add_editor("Editor c", EditorRole.ADMIN, "other")
    assert (conflict.value.code, conflict.value.field) == ("name_taken", "name")
    for name in ("", "  ", "x" * 61):
        with pytest.raises(InvalidInput) as invalid:
            house.catalogue.add_editor(name, EditorRole.EDITOR, "hash")
        assert (invalid.value.code, invalid.value.field) == ("bad_name", "name")
    assert house.catalogue.editor_by_name("nobody") is None
    assert editor.id in {e.id for e in house.catalogue.editors()}


def test_of_many_who_take_one_name_at_once_one_gets_it(house: House) -> None:
    found = at_once(*[lambda: house.catalogue.add_editor("twin", EditorRole.EDITOR, "hash")] * 5)
    assert sum(isinstance(result, Conflict) for result in found) == 4
    assert [e.name for e in house.catalogue.editors()].count("twin") == 1


def test_only_an_active_admin_deactivates_and_nobody_themselves(house: House) -> None:
    set_active = house.catalogue.set_active
    for by in (house.author, house.reporter, replace(house.admin, is_active=False)):
        with pytest.raises(Refused) as refused:
            set_active(house.approver.id, False, by)
        assert refused.value.code == "not_allowed"
    with pytest.raises(Refused):
        set_active(house.admin.id, False, house.admin)
    for id in HOSTILE_IDS:
        with pytest.raises(NotFound):
            set_active(id, False, house.admin)
    house.catalogue.open_session(house.author, "t" * 64, timedelta(hours=1))
    gone = set_active(house.author.id, False, house.admin)
    assert not gone.is_active
    assert house.catalogue.session("t" * 64) is None
    assert set_active(house.author.id, True, house.admin).is_active
    assert house.catalogue.session("t" * 64) is None  # the old session does not come back
    assert house.acts()[-2:] == ["editor_deactivated", "editor_activated"]


def test_a_session_lives_until_it_ends_or_the_password_changes(house: House) -> None:
    catalogue = house.catalogue
    for token in ("a", "b", "c"):
        catalogue.open_session(house.author, token * 64, timedelta(hours=1))
    assert catalogue.session("a" * 64) == house.author
    assert catalogue.session("d" * 64) is None
    catalogue.end_session("a" * 64)
    assert catalogue.session("a" * 64) is None
    catalogue.set_password(house.author, "new")
    assert catalogue.session("b" * 64) is None
    assert catalogue.editor_by_name("editor A") == (house.author, "new")
    catalogue.open_session(house.author, "e" * 64, timedelta(hours=1))
    house.clock.forward(minutes=59)
    assert catalogue.session("e" * 64) == house.author
    house.clock.forward(minutes=1)
    assert catalogue.session("e" * 64) is None
    assert house.acts()[-1] == "password_changed"


def test_the_audit_names_who_added_an_editor_or_reset_a_password(house: House) -> None:
    catalogue = house.catalogue
    added = catalogue.add_editor("editor C", EditorRole.EDITOR, "hash", by=house.admin)
    catalogue.open_session(added, "a" * 64, timedelta(hours=1))
    catalogue.set_password(added, "reset", by=house.admin)
    assert catalogue.session("a" * 64) is None
    catalogue.set_password(added, "own", by=added)
    catalogue.renew_hash(added, "own, hashed anew")
    assert catalogue.editor_by_name("editor C") == (added, "own, hashed anew")
    rows = [(entry.actor_id, entry.act, entry.subject_id) for entry in reversed(catalogue.audit(limit=3))]
    assert rows == [
        (house.admin.id, "editor_added", added.id),
        (house.admin.id, "password_reset", added.id),
        (added.id, "password_changed", added.id),
    ]


def test_failed_log_ins_count_for_a_while_and_end_with_a_success(house: House) -> None:
    catalogue, hour = house.catalogue, timedelta(hours=1)
    for _ in range(3):
        catalogue.note_login("account:a", succeeded=False)
    catalogue.note_login("account:b", succeeded=False)
    assert (catalogue.failed_logins("account:a", hour), catalogue.failed_logins("account:b", hour)) == (3, 1)
    house.clock.forward(minutes=61)
    assert catalogue.failed_logins("account:a", hour) == 0
    catalogue.note_login("account:a", succeeded=False)
    catalogue.note_login("account:a", succeeded=True)
    assert catalogue.failed_logins("account:a", timedelta(days=1)) == 0
