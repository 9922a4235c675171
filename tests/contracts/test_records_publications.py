"""The port `Unit`: refutations, revisions, alerts, and the lists of what is published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from index.errors import Conflict, InvalidInput
from index.model import (
    AlertKind,
    Harm,
    Refutation,
    RefutationStatus,
    RefutationText,
    RevisionStatus,
    Severity,
    Technique,
    Verdict,
)
from index.ports import ThreadFilter
from index.records import SqlRecords
from tests.records.samples import NOW, after, alert, claim, publish, published, refutation, revision, text


@pytest.fixture(autouse=True)
def _a_claim(records: SqlRecords) -> Iterator[None]:
    with records.begin() as unit:
        unit.put_claim(claim())
    yield


def _stored(records: SqlRecords, refutation_id: str = "ref_1") -> Refutation:
    with records.read() as unit:
        found = unit.refutation(refutation_id)
    assert found is not None
    return found


def test_a_refutation_comes_back_with_its_revisions_oldest_first(records: SqlRecords) -> None:
    first = published(note="", is_material=False)
    second = revision(
        "rev_2",
        number=2,
        kind=AlertKind.UPDATE,
        status=RevisionStatus.IN_REVIEW,
        note="更正：数字有误",
        is_material=True,
        return_reason="add the year",
        version=5,
        text=text(
            technique=Technique.OLD_AS_NEW,
            severity=Severity.HIGH,
            harm=Harm.SAFETY,
            action="保留聊天记录",
            question="?",
        ),
    )
    with records.begin() as unit:
        unit.put_revision(second)
        unit.put_revision(first)
        unit.put_refutation(refutation(revisions=(published("rev_9"),)))
    stored = _stored(records)
    assert stored == refutation(revisions=(first, second))
    with records.read() as unit:
        assert unit.refutation_by_thread("alt_ref_1") == stored
        assert unit.refutation("ref_2") is None
        assert unit.refutation_by_thread("ref_1") is None


def test_an_empty_text_comes_back_empty(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_refutation(refutation())
        unit.put_revision(revision(text=RefutationText()))
    assert _stored(records).revisions[0].text == RefutationText()


def test_putting_a_refutation_again_keeps_its_revisions(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_refutation(refutation())
        unit.put_revision(revision())
        unit.put_refutation(refutation(status=RefutationStatus.IN_REVIEW, version=2, thread_id="alt_new"))
    assert _stored(records) == refutation(
        status=RefutationStatus.IN_REVIEW, version=2, thread_id="alt_new", revisions=(revision(),)
    )


def test_refutations_are_listed_newest_first_and_by_what_is_in_work(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim("clm_2"))
        publish(unit, 1, hours=1)
        unit.put_refutation(refutation("ref_2", created_at=after(hours=2)))
        unit.put_revision(revision("rev_2", "ref_2"))
        unit.put_refutation(refutation("ref_3", claim_id="clm_2", status=RefutationStatus.IN_REVIEW))
        unit.put_revision(revision("rev_3", "ref_3", status=RevisionStatus.IN_REVIEW))
        unit.put_refutation(refutation("ref_4", created_at=after(hours=-1)))
        unit.put_revision(revision("rev_4", "ref_4", status=RevisionStatus.DISCARDED))
    with records.read() as unit:

        def ids(**wanted: object) -> list[str]:
            return [r.id for r in unit.refutations(**wanted)]  # type: ignore[arg-type]

        assert ids() == ["ref_2", "ref_1", "ref_3", "ref_4"]
        assert ids(in_work=True) == ["ref_2", "ref_3"]
        assert ids(in_work=False) == ["ref_1", "ref_4"]
        assert ids(claim_id="clm_2") == ["ref_3"]
        assert ids(status=RefutationStatus.PUBLISHED) == ["ref_1"]
        assert ids(limit=1) == ["ref_2"]
        assert [len(r.revisions) for r in unit.refutations()] == [1, 1, 1, 1]


# --- what may change, and what never does ---


def test_a_stale_version_is_a_conflict_and_changes_nothing(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_refutation(refutation())
        unit.put_revision(revision())
        unit.put_revision(revision(version=2, note="second"), 1)
    with pytest.raises(Conflict), records.begin() as unit:
        unit.put_revision(revision(version=2, note="late"), 1)
    assert _stored(records).revisions[0].note == "second"


def test_an_expected_version_of_an_unknown_revision_is_a_conflict(records: SqlRecords) -> None:
    with pytest.raises(Conflict), records.begin() as unit:
        unit.put_refutation(refutation())
        unit.put_revision(revision(), 1)
    with records.read() as unit:
        assert unit.refutation("ref_1") is None


@pytest.mark.parametrize("approver", ["edt_a", None])
def test_c15_the_database_refuses_a_published_revision_without_a_second_person(
    records: SqlRecords, approver: str | None
) -> None:
    with pytest.raises(IntegrityError), records.begin() as unit:
        unit.put_refutation(refutation())
        unit.put_revision(published(approver_id=approver))
    with pytest.raises(IntegrityError), records.begin() as unit:
        unit.put_refutation(refutation())
        unit.put_revision(revision())
        unit.put_revision(published(approver_id=approver))
    with records.begin() as unit:
        unit.put_refutation(refutation())
        unit.put_revision(published(approver_id=approver), is_training=True)
    assert _stored(records).revisions[0].approver_id == approver


def test_a_published_revision_never_changes_again(records: SqlRecords) -> None:
    with records.begin() as unit:
        publish(unit, 1)
    for expected in (None, 3):
        for changed in (published(note="x"), published(), revision(version=4)):
            with pytest.raises(Conflict), records.begin() as unit:
                unit.put_revision(changed, expected)
    assert _stored(records).revisions == (published(),)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE revisions SET note = 'x'",
        "UPDATE revisions SET status = 'draft'",
        "DELETE FROM revisions",
        "UPDATE alerts SET note = 'x'",
        "DELETE FROM alerts",
        "UPDATE audit_log SET act = 'x'",
        "DELETE FROM audit_log",
    ],
)
def test_the_database_refuses_to_change_what_is_published_or_audited(records: SqlRecords, statement: str) -> None:
    with records.begin() as unit:
        publish(unit, 1)
        unit.append_audit(NOW, "edt_a", "approved", "ref_1", {})
    with pytest.raises(IntegrityError, match="never changes"), records.begin() as unit:
        unit._connection.execute(sql(statement))


def test_a_draft_may_still_be_deleted_and_changed(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_refutation(refutation())
        unit.put_revision(revision())
        unit._connection.execute(sql("UPDATE revisions SET note = 'x'"))
        unit._connection.execute(sql("DELETE FROM revisions"))
    assert _stored(records).revisions == ()


def test_a_refutation_has_one_revision_in_work(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_refutation(refutation())
        unit.put_revision(revision())
    with pytest.raises(Conflict), records.begin() as unit:
        unit.put_revision(revision("rev_2", number=2, status=RevisionStatus.IN_REVIEW))
    with records.begin() as unit:
        unit.put_revision(revision(status=RevisionStatus.DISCARDED))
        unit.put_revision(revision("rev_2", number=2))
    working = _stored(records).working
    assert working is not None and working.id == "rev_2"


def test_two_notices_of_one_revision_and_two_issues_of_one_thread_are_refused(records: SqlRecords) -> None:
    with records.begin() as unit:
        publish(unit, 1)
        unit.put_revision(published("rev_2", number=2, kind=AlertKind.UPDATE))
        unit.put_revision(published("rev_3", number=3, kind=AlertKind.CANCEL))
        unit.add_alert(alert("alt_3", revision_id="rev_3", kind=AlertKind.CANCEL))
        unit.put_revision(published("rev_4", number=4, kind=AlertKind.CANCEL))
    for again in (
        alert("alt_8", kind=AlertKind.UPDATE),
        alert("alt_8", revision_id="rev_2"),
        alert("alt_8", revision_id="rev_4", kind=AlertKind.CANCEL),
        alert("alt_1", revision_id="rev_2", kind=AlertKind.UPDATE),
    ):
        with pytest.raises(Conflict), records.begin() as unit:
            unit.add_alert(again)
    with records.read() as unit:
        assert len(unit.list_alerts()) == 2


# --- alerts ---


def test_an_alert_comes_back_as_it_was_added(records: SqlRecords) -> None:
    update = alert(
        "alt_2", revision_id="rev_2", kind=AlertKind.UPDATE, references=("alt_1",), note="更正", is_material=True
    )
    with records.begin() as unit:
        publish(unit, 1)
        unit.put_revision(published("rev_2", number=2, kind=AlertKind.UPDATE))
        unit.add_alert(update)
    with records.read() as unit:
        assert unit.alert("alt_2") == update
        assert unit.alert("alt_9") is None
        assert unit.alerts_of(["alt_ref_1", "alt_none"]) == {"alt_ref_1": (alert(), update), "alt_none": ()}
        assert unit.alerts_of([]) == {}


def test_alerts_are_listed_by_id_in_both_directions(records: SqlRecords) -> None:
    with records.begin() as unit:
        for number in range(1, 6):
            publish(unit, number, hours=number)
    with records.read() as unit:

        def ids(**wanted: object) -> list[str]:
            return [a.id for a in unit.list_alerts(**wanted)]  # type: ignore[arg-type]

        assert ids() == ["alt_5", "alt_4", "alt_3", "alt_2", "alt_1"]
        assert ids(limit=2) == ["alt_5", "alt_4"]
        assert ids(after_id="alt_2", newest_first=False, limit=2) == ["alt_3", "alt_4"]
        assert ids(after_id="alt_4") == ["alt_5"]
        assert ids(after_id="alt_5") == []


# --- threads ---


def _threads(records: SqlRecords, limit: int = 50, offset: int = 0, **wanted: object) -> list[str]:
    filter = ThreadFilter(**wanted)  # type: ignore[arg-type]
    with records.read() as unit:
        ids = [r.id for r in unit.list_threads(filter, limit=limit, offset=offset)]
        if (limit, offset) == (50, 0):
            assert unit.count_threads(filter) == len(ids)
        return ids


def _update(records: SqlRecords, hours: float, *, is_material: bool, **of_text: object) -> None:
    with records.begin() as unit:
        unit.put_revision(published("rev_1b", number=2, kind=AlertKind.UPDATE, text=text(**of_text)))
        unit.add_alert(
            alert(
                "alt_1b",
                revision_id="rev_1b",
                kind=AlertKind.UPDATE,
                is_material=is_material,
                sent_at=after(hours=hours),
            )
        )


def _withdraw(records: SqlRecords, hours: float) -> None:
    with records.begin() as unit:
        unit.put_revision(
            published("rev_1c", number=3, kind=AlertKind.CANCEL, text=RefutationText(topics=("food",)), note="错了")
        )
        cancel = alert("alt_1c", revision_id="rev_1c", kind=AlertKind.CANCEL, sent_at=after(hours=hours))
        unit.add_alert(replace(cancel, is_material=True))


def test_threads_are_listed_by_their_newest_notice(records: SqlRecords) -> None:
    with records.begin() as unit:
        for number in (1, 2, 3):
            publish(unit, number, hours=number)
        unit.put_refutation(refutation("ref_4"))
        unit.put_revision(revision("rev_4", "ref_4"))
    assert _threads(records) == ["ref_3", "ref_2", "ref_1"]
    _update(records, 9, is_material=False)
    assert _threads(records) == ["ref_1", "ref_3", "ref_2"]
    assert _threads(records, limit=1, offset=1) == ["ref_3"]
    with records.read() as unit:
        (newest,) = unit.list_threads(ThreadFilter(), limit=1)
    assert newest == _stored(records, "ref_1")


def test_threads_are_filtered_by_what_the_published_revision_says(records: SqlRecords) -> None:
    with records.begin() as unit:
        publish(unit, 1, topics=("health", "food"), regions=("CN-44",), severity=Severity.LOW)
        publish(unit, 2, hours=1, topics=("fraud",), regions=(), verdict=Verdict.MISLEADING, language="en")
        publish(unit, 3, hours=2, topics=(), regions=("HK", "CN-44"), severity=Severity.HIGH, language="zh-Hant")
    assert _threads(records, topics=frozenset({"health"})) == ["ref_1"]
    assert _threads(records, topics=frozenset({"health", "food", "fraud"})) == ["ref_2", "ref_1"]
    assert _threads(records, regions=frozenset({"CN-44"})) == ["ref_3", "ref_1"]
    assert _threads(records, regions=frozenset({"CN-44"}), topics=frozenset({"food"})) == ["ref_1"]
    assert _threads(records, verdicts=frozenset({Verdict.MISLEADING})) == ["ref_2"]
    assert _threads(records, verdicts=frozenset({Verdict.FALSE, Verdict.MISLEADING})) == ["ref_3", "ref_2", "ref_1"]
    assert _threads(records, languages=frozenset({"en", "zh-Hant"})) == ["ref_3", "ref_2"]
    assert _threads(records, min_severity="low") == ["ref_3", "ref_2", "ref_1"]
    assert _threads(records, min_severity="medium") == ["ref_3", "ref_2"]
    assert _threads(records, min_severity="high") == ["ref_3"]
    assert _threads(records, topics=frozenset({'"] OR 1=1'})) == []
    with pytest.raises(InvalidInput), records.read() as unit:
        unit.count_threads(ThreadFilter(min_severity="terrible"))


def test_threads_are_filtered_by_the_time_of_the_newest_notice(records: SqlRecords) -> None:
    with records.begin() as unit:
        for number in (1, 2, 3):
            publish(unit, number, hours=number)
    assert _threads(records, since=after(hours=2)) == ["ref_3", "ref_2"]
    assert _threads(records, until=after(hours=2)) == ["ref_2", "ref_1"]
    assert _threads(records, since=after(hours=2), until=after(hours=2)) == ["ref_2"]
    _update(records, 9, is_material=False)
    assert _threads(records, until=after(hours=2)) == ["ref_2"]


def test_a_correction_replaces_what_the_thread_is_found_by(records: SqlRecords) -> None:
    with records.begin() as unit:
        publish(unit, 1, topics=("health",))
    _update(records, 1, is_material=True, topics=("food",), verdict=Verdict.TRUE, regions=())
    assert _threads(records, topics=frozenset({"health"})) == []
    assert _threads(records, topics=frozenset({"food"}), verdicts=frozenset({Verdict.TRUE})) == ["ref_1"]
    assert _threads(records, regions=frozenset({"CN"})) == []


def test_a_draft_of_a_correction_changes_no_list(records: SqlRecords) -> None:
    with records.begin() as unit:
        publish(unit, 1, topics=("health",))
        unit.put_revision(revision("rev_1b", number=2, kind=AlertKind.UPDATE, text=text(topics=("food",))))
    assert _threads(records, topics=frozenset({"health"})) == ["ref_1"]
    assert _threads(records, topics=frozenset({"food"})) == []
    assert _threads(records, corrected_only=True) == []


@pytest.mark.parametrize("is_material", [True, False])
def test_only_material_updates_count_as_corrections(records: SqlRecords, is_material: bool) -> None:
    with records.begin() as unit:
        publish(unit, 1)
        publish(unit, 2)
    _update(records, 1, is_material=is_material)
    assert _threads(records, corrected_only=True) == (["ref_1"] if is_material else [])


def test_a_withdrawn_thread_stays_listed_by_its_last_real_text_unless_it_is_left_out(records: SqlRecords) -> None:
    with records.begin() as unit:
        publish(unit, 1, topics=("health",))
        publish(unit, 2, hours=1, topics=("health",))
    _withdraw(records, 5)
    assert _threads(records, topics=frozenset({"health"})) == ["ref_1", "ref_2"]
    assert _threads(records, topics=frozenset({"food"})) == []
    assert _threads(records, corrected_only=True) == ["ref_1"]
    assert _threads(records, include_withdrawn=False) == ["ref_2"]


def test_the_order_of_writes_in_a_publication_does_not_matter(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.add_alert(alert())
        unit.put_revision(published())
        unit.put_refutation(refutation(status=RefutationStatus.PUBLISHED))
    assert _threads(records, topics=frozenset({"health"}), regions=frozenset({"CN"})) == ["ref_1"]
