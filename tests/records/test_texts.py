"""Any text that the world sends can be written, on both databases, and comes back readable."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.model import Evidence, Reason
from index.ports import ThreadFilter
from index.records import SqlRecords
from index.records.types import clean, clean_json, key_of
from tests.records.samples import NOW, claim, match, outside, publish, revision, sighting, source, text, tip

BAD = "a\x00b\ud800c\ud83d\ude00d\udc00"
GOOD = "ab\ufffdc😀d\ufffd"
any_text = st.text(alphabet=st.characters(exclude_categories=[]), max_size=200)  # surrogates and controls too


def test_nul_goes_pairs_join_and_lone_surrogates_are_replaced() -> None:
    assert clean(BAD) == GOOD
    assert clean("\ufeffbom and ‮bidi\u200d") == "\ufeffbom and ‮bidi\u200d"
    assert clean_json({BAD: [BAD, (BAD,), {"k": BAD}], "n": 1, "x": None, "f": 0.5, "t": True}) == {
        GOOD: [GOOD, [GOOD], {"k": GOOD}],
        "n": 1,
        "x": None,
        "f": 0.5,
        "t": True,
    }


@given(any_text)
def test_clean_text_can_be_encoded_and_is_left_alone_the_second_time(value: str) -> None:
    cleaned = clean(value)
    assert "\x00" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned
    if "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value):
        assert cleaned == value


@given(any_text, any_text)
def test_keys_are_short_and_differ_as_their_names_do(one: str, other: str) -> None:
    long = one * 100
    assert len(key_of(long).encode()) <= 512
    assert (key_of(one) == key_of(other)) == (clean(one) == clean(other))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=any_text)
def test_any_text_can_be_stored_and_searched(records: SqlRecords, value: str) -> None:
    with records.begin() as unit:
        unit.put_claim(claim(statement=value))
    with records.read() as unit:
        stored = unit.claim("clm_1")
        assert stored is not None and stored.statement == clean(value)
        assert [c.id for c in unit.list_claims(text=value)] == ["clm_1"]
        assert unit.claims([value + "?"]) == {}


def test_every_kind_of_record_takes_bad_text(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_source(source(names={"en": BAD}, options={BAD: [BAD]}), NOW)
        unit.put_claim(claim(statement=BAD))
        unit.put_sighting(sighting(title=BAD, text=BAD, native_id=BAD, url=BAD, fingerprint=BAD))
        unit.put_outsides([outside(title=BAD, text=BAD, label=BAD)])
        unit.put_match(match(reasons=(Reason(BAD, {BAD: BAD}),), note=BAD, moved=(BAD,)))
        unit.put_tip(tip(text=BAD), BAD)
        unit.put_evidence("evi_1", BAD, Evidence(BAD, BAD, BAD), BAD, NOW)
        publish(unit, 1, headline=BAD, topics=(BAD,), evidence=(Evidence(BAD, BAD, BAD),))
        unit.put_revision(revision("rev_2", "ref_1", number=2, note=BAD, text=text(why=BAD)))
        unit.append_audit(NOW, BAD, BAD, BAD, {BAD: BAD})
    with records.read() as unit:
        found = unit.source("src")
        assert found is not None and (found.names, found.options) == ({"en": GOOD}, {GOOD: [GOOD]})
        assert unit.sighting("sig_1") == sighting(title=GOOD, text=GOOD, native_id=GOOD, url=GOOD, fingerprint=GOOD)
        assert unit.sighting_by_fingerprint(BAD) == unit.sighting("sig_1")
        assert unit.match("mat_1") == match(reasons=(Reason(GOOD, {GOOD: GOOD}),), note=GOOD, moved=(GOOD,))
        assert unit.tip_by_receipt(BAD) == replace(tip(), text=GOOD)
        listed = unit.list_threads(ThreadFilter(topics=frozenset({BAD})))
        assert [r.revisions[0].text.headline for r in listed] == [GOOD]
        assert unit.audit(subject_id=BAD)[0].act == GOOD
        assert unit.first_broken_audit_row() is None


# --- times ---


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 4, 5, 6, 7, 1, tzinfo=UTC),
        datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
        datetime(2026, 3, 4, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=-11))),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, tzinfo=UTC),
    ],
)
def test_times_come_back_equal_aware_and_in_utc(records: SqlRecords, at: datetime) -> None:
    with records.begin() as unit:
        unit.put_outsides([outside(seen_at=at, published_at=at)])
    with records.read() as unit:
        stored = unit.outside("out_1")
    assert stored is not None and stored.seen_at == at == stored.published_at
    assert stored.seen_at.tzinfo is UTC or stored.seen_at.utcoffset() == timedelta(0)
    assert stored.seen_at.microsecond == at.microsecond


def test_a_time_without_a_zone_is_a_mistake_of_the_caller(records: SqlRecords) -> None:
    with pytest.raises(Exception, match="without a zone"), records.begin() as unit:
        unit.put_outsides([outside(seen_at=datetime(2026, 3, 4))])  # noqa: DTZ001
