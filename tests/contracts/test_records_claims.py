"""The port `Unit`: claims and sightings, other publishers' reviews, matches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from index.model import ClaimStatus, Evidence, MatchStatus, TargetKind
from index.ports import Notice
from index.records import SqlRecords
from tests.records.samples import NOW, after, claim, match, outside, sighting


def test_a_claim_comes_back_as_it_was_put(records: SqlRecords) -> None:
    rich = claim(
        "clm_2",
        status=ClaimStatus.NOT_CHECKABLE,
        version=4,
        topic="health",
        reason="an opinion",
        merged_into="clm_1",
        answered_by="ref_1",
        taken_by="edt_a",
        taken_until=after(hours=2),
    )
    with records.begin() as unit:
        unit.put_claim(claim())
        unit.put_claim(rich)
    with records.read() as unit:
        assert unit.claim("clm_1") == claim()
        assert unit.claim("clm_2") == rich
        assert unit.claim("clm_3") is None
        assert unit.claims(["clm_2", "clm_3", "clm_1", "clm_1"]) == {"clm_1": claim(), "clm_2": rich}
        assert unit.claims([]) == {}


def test_counts_and_dates_come_from_the_sightings_not_from_the_claim(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim(sighting_count=99, asked_count=99, first_seen_at=after(days=-99)))
        unit.put_sighting(sighting("sig_1", published_at=after(days=-3), seen_at=NOW))
        unit.put_sighting(sighting("sig_2", seen_at=after(days=-1)))
        unit.add_asked("clm_1")
        unit.add_asked("clm_1")
        unit.put_claim(claim(topic="food"))
    with records.read() as unit:
        stored = unit.claim("clm_1")
        expected = claim(
            topic="food", sighting_count=2, asked_count=2, first_seen_at=after(days=-3), last_seen_at=after(days=-1)
        )
        assert stored == expected
        assert unit.list_claims() == (expected,)


def test_a_debunk_is_kept_but_is_no_spread(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim())
        unit.put_sighting(sighting("sig_1", is_debunk=True, seen_at=after(days=9)))
        stored = unit.claim("clm_1")
        assert stored is not None and (stored.sighting_count, stored.last_seen_at) == (0, NOW)
        assert [s.id for s in unit.sightings("clm_1")] == ["sig_1"]
        assert unit.daily_sightings(["clm_1"], NOW.date(), after(days=9).date()) == {"clm_1": [0] * 10}


def test_a_publication_date_in_the_future_does_not_lift_a_claim(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim())
        unit.put_sighting(sighting(published_at=after(days=3650), seen_at=after(days=1)))
        stored, seen = unit.claim("clm_1"), unit.sighting("sig_1")
    assert stored is not None and stored.last_seen_at == after(days=1)
    assert seen is not None and seen.published_at == after(days=3650)


def test_claims_are_listed_latest_seen_first_without_merged_ones(records: SqlRecords) -> None:
    with records.begin() as unit:
        for n in range(4):
            unit.put_claim(claim(f"clm_{n}", status=ClaimStatus.ANSWERED if n == 3 else ClaimStatus.OPEN))
            unit.put_sighting(sighting(f"sig_{n}", f"clm_{n}", seen_at=after(hours=[5, 9, 7, 1][n])))
        unit.put_claim(claim("clm_old", created_at=after(days=-9)))
        unit.put_claim(claim("clm_gone", merged_into="clm_1"))
    with records.read() as unit:
        assert [c.id for c in unit.list_claims()] == ["clm_1", "clm_2", "clm_0", "clm_3", "clm_old"]
        assert [c.id for c in unit.list_claims(limit=2, offset=1)] == ["clm_2", "clm_0"]
        assert [c.id for c in unit.list_claims(status=ClaimStatus.ANSWERED)] == ["clm_3"]
        assert unit.list_claims(offset=10**30) == ()
        assert unit.count_claims() == 5
        assert unit.count_claims(status=ClaimStatus.OPEN) == 4
        assert unit.count_claims(status=ClaimStatus.NOT_CHECKABLE) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100%", ["clm_0"]),
        ("%", ["clm_0"]),
        ("_", ["clm_1"]),
        ("\\", ["clm_2"]),
        ("基站", ["clm_3"]),
        ("VITAMIN", ["clm_0"]),
        ("'; DROP TABLE claims; --", []),
        ("nul\x00basis", []),
        ("\ud800", []),
        ("", ["clm_3", "clm_2", "clm_1", "clm_0"]),
    ],
)
def test_the_text_filter_is_a_plain_substring(records: SqlRecords, text: str, expected: list[str]) -> None:
    statements = ("100% vitamin c", "a_b", "back\\slash", "5G基站传播病毒")
    with records.begin() as unit:
        for n, statement in enumerate(statements):
            unit.put_claim(claim(f"clm_{n}", statement=statement))
    with records.read() as unit:
        assert [c.id for c in unit.list_claims(text=text)] == expected


def test_topic_and_status_and_text_narrow_together(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim("clm_1", topic="food"))
        unit.put_claim(claim("clm_2", topic="food", status=ClaimStatus.ANSWERED))
        unit.put_claim(claim("clm_3", topic="health"))
    with records.read() as unit:
        assert [c.id for c in unit.list_claims(topic="food")] == ["clm_2", "clm_1"]
        assert [c.id for c in unit.list_claims(topic="food", status=ClaimStatus.OPEN, text="5G")] == ["clm_1"]


def test_a_page_of_claims_takes_no_query_a_row(records: SqlRecords) -> None:
    with records.begin() as unit:
        for n in range(60):
            unit.put_claim(claim(f"clm_{n:02}"))
            for m in range(3):
                unit.put_sighting(sighting(f"sig_{n:02}_{m}", f"clm_{n:02}", seen_at=after(hours=m)))
    statements: list[str] = []
    with records.read() as unit:
        event.listen(unit._connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        page = unit.list_claims(limit=50)
        total = unit.count_claims()
        days = unit.daily_sightings([c.id for c in page], NOW.date(), NOW.date())
    assert (len(page), total, len(days)) == (50, 60, 50)
    assert {c.sighting_count for c in page} == {3}
    assert len(statements) == 3


# --- sightings ---


def test_a_sighting_comes_back_as_it_was_put(records: SqlRecords) -> None:
    rich = sighting("sig_2", published_at=after(hours=-5), is_debunk=True, text="Ω" * 20_000,
                    date_quality="approximate")  # fmt: skip
    with records.begin() as unit:
        unit.put_claim(claim())
        unit.put_sighting(sighting())
        unit.put_sighting(rich)
    with records.read() as unit:
        assert unit.sighting("sig_1") == sighting()
        assert unit.sighting("sig_2") == rich
        assert unit.sighting("sig_3") is None


def test_sightings_are_listed_newest_first(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim())
        unit.put_claim(claim("clm_2"))
        for n, hours in enumerate((2, 3, 1)):
            unit.put_sighting(sighting(f"sig_{n}", seen_at=after(hours=hours)))
        unit.put_sighting(sighting("sig_9", "clm_2"))
        assert [s.id for s in unit.sightings("clm_1")] == ["sig_1", "sig_0", "sig_2"]
        assert [s.id for s in unit.sightings("clm_1", limit=1)] == ["sig_1"]
        assert unit.sightings("clm_3") == ()


def test_wordings_are_the_first_of_each_text_oldest_first(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim())
        for n, (fingerprint, hours) in enumerate([("b", 3), ("a", 2), ("b", 1), ("a", 4), ("c", 0)]):
            unit.put_sighting(sighting(f"sig_{n}", fingerprint=fingerprint, seen_at=after(hours=hours)))
        assert [(s.id, s.fingerprint) for s in unit.wordings("clm_1")] == [
            ("sig_4", "c"),
            ("sig_2", "b"),
            ("sig_1", "a"),
        ]
        assert [s.id for s in unit.wordings("clm_1", limit=2)] == ["sig_4", "sig_2"]
        assert unit.wordings("clm_2") == ()
        assert unit.wordings_of(["clm_1", "clm_2"], limit=2) == {"clm_1": unit.wordings("clm_1", limit=2)}


def test_the_first_sighting_of_a_text_is_found_by_its_fingerprint(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim())
        unit.put_sighting(sighting("sig_1", fingerprint="f", seen_at=after(hours=1)))
        unit.put_sighting(sighting("sig_2", fingerprint="f", seen_at=NOW))
        found = unit.sighting_by_fingerprint("f")
        assert found is not None and found.id == "sig_2"
        assert unit.sighting_by_fingerprint("g") is None


def test_sightings_move_together_and_back_one_by_one(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim("clm_1"))
        unit.put_claim(claim("clm_2"))
        for n in range(3):
            unit.put_sighting(sighting(f"sig_{n}", "clm_1"))
        unit.put_sighting(sighting("sig_9", "clm_2"))
        moved = unit.move_sightings("clm_1", "clm_2")
        assert moved == ("sig_0", "sig_1", "sig_2")
        merged = unit.claim("clm_2")
        assert merged is not None and merged.sighting_count == 4
        unit.move_sighting(moved[0], "clm_1")
        assert {id: c.sighting_count for id, c in unit.claims(["clm_1", "clm_2"]).items()} == {"clm_1": 1, "clm_2": 3}
        assert unit.move_sightings("clm_7", "clm_2") == ()


def test_daily_counts_are_by_utc_day_with_zeros_filled_in(records: SqlRecords) -> None:
    beijing = timezone(timedelta(hours=8))
    with records.begin() as unit:
        unit.put_claim(claim("clm_1"))
        unit.put_claim(claim("clm_2"))
        early = datetime(2026, 3, 4, 7, 59, tzinfo=beijing)  # still the 3rd in UTC
        unit.put_sighting(sighting("sig_1", published_at=early, seen_at=early))
        for n in (2, 3):
            unit.put_sighting(sighting(f"sig_{n}", seen_at=datetime(2026, 3, 4, 23, 59, 59, 999999, tzinfo=UTC)))
        unit.put_sighting(sighting("sig_4", seen_at=datetime(2026, 3, 6, tzinfo=UTC)))
        unit.put_sighting(sighting("sig_5", seen_at=datetime(2026, 3, 9, tzinfo=UTC)))
    with records.read() as unit:
        days = unit.daily_sightings(["clm_1", "clm_2", "clm_x"], date(2026, 3, 2), date(2026, 3, 6))
        assert days == {"clm_1": [0, 1, 2, 0, 1], "clm_2": [0] * 5, "clm_x": [0] * 5}
        assert unit.daily_sightings(["clm_1"], date(2026, 3, 6), date(2026, 3, 2)) == {"clm_1": []}
        assert unit.daily_sightings([], date(2026, 3, 2), date(2026, 3, 6)) == {}


def test_a_sighting_of_no_claim_cannot_be_committed(records: SqlRecords) -> None:
    with pytest.raises(IntegrityError), records.begin() as unit:
        unit.put_sighting(sighting(claim_id="clm_nowhere"))
    with records.begin() as unit:  # the order within a transaction is free
        unit.put_sighting(sighting())
        unit.put_claim(claim())
    with records.read() as unit:
        assert unit.sighting("sig_1") is not None


# --- other publishers, evidence, matches ---


def test_an_outside_refutation_comes_back_as_it_was_put(records: SqlRecords) -> None:
    bare = outside("out_2", verdict=None, mapped_by="none", published_at=None, is_withdrawn=True, is_offsite=True,
                   date_quality="approximate")  # fmt: skip
    with records.begin() as unit:
        unit.put_outsides([outside()])
        unit.put_outsides([bare])
    with records.begin() as unit:
        assert unit.outside("out_1") == outside()
        assert unit.outsides(["out_1", "out_2", "out_3"]) == {"out_1": outside(), "out_2": bare}
        unit.put_outsides([replace(bare, version=2, is_withdrawn=False)])
        assert unit.outside("out_2") == replace(bare, version=2, is_withdrawn=False)
        assert unit.outside("out_3") is None


def test_evidence_can_be_put_twice(records: SqlRecords) -> None:
    notice = Evidence("应急管理部", "关于地震云的说明", "https://www.mem.gov.cn/1", NOW.date(), NOW, "ab" * 32)
    with records.begin() as unit:
        unit.put_evidence("evi_1", "src", notice, "地震云没有科学依据", NOW)
        unit.put_evidence("evi_1", "src", replace(notice, archived_at=None), "地震云没有科学依据。", NOW)
        rows = unit._connection.exec_driver_sql("SELECT publisher, text, archived_at FROM evidence").all()
    assert [tuple(row) for row in rows] == [("应急管理部", "地震云没有科学依据。", None)]


def test_a_notice_keeps_its_standing_when_its_text_is_put_again(records: SqlRecords) -> None:
    told = Evidence("应急管理部", "暴雨预警", "https://www.mem.gov.cn/2", NOW.date())
    with records.begin() as unit:
        unit.put_evidence("evi_1", "src", told, "暴雨", NOW, NOW)
        assert unit.notice("evi_1") == Notice("evi_1", "src", told, "暴雨", NOW, "", is_withdrawn=False)
        unit.retire_evidence("evi_1", "evi_2", is_withdrawn=True)
        unit.retire_evidence("evi_1", "evi_3", is_withdrawn=False)
        unit.retire_evidence("evi_1", "", is_withdrawn=False)
        unit.put_evidence("evi_1", "src", told, "大暴雨", NOW)
        assert unit.notice("evi_1") == Notice("evi_1", "src", told, "大暴雨", None, "evi_3", is_withdrawn=True)
        assert unit.notice("evi_0") is None


def test_notices_are_listed_newest_first_and_found_by_their_words_source_and_standing(records: SqlRecords) -> None:
    with records.begin() as unit:
        for n, (title, expires) in enumerate((("暴雨预警", NOW), ("停水通知", None), ("100%_已恢复", None)), start=1):
            told = Evidence("应急管理部" if n < 3 else "Water Office", title, f"https://www.mem.gov.cn/{n}")
            unit.put_evidence(f"evi_{n}", "src" if n < 3 else "other", told, f"text {n}", NOW, expires)
        unit.retire_evidence("evi_2", "evi_3", is_withdrawn=False)

    def listed(**asked: Any) -> list[str]:
        with records.read() as unit:
            return [notice.id.removeprefix("evi_") for notice in unit.notices(**asked)]

    assert (listed(), listed(limit=1), listed(before_id="evi_3")) == (["3", "2", "1"], ["3"], ["2", "1"])
    assert (listed(source_id="src"), listed(source_id="nobody")) == (["2", "1"], [])
    assert (listed(text="应急 预警"), listed(text="water"), listed(text="TEXT 2")) == (["1"], ["3"], ["2"])
    assert (listed(text="100%_"), listed(text="10_%")) == (["3"], [])
    assert (listed(in_force_at=after(hours=-1)), listed(in_force_at=NOW)) == (["3", "1"], ["3"])


def test_a_match_comes_back_as_it_was_put(records: SqlRecords) -> None:
    decided = match(
        "mat_2",
        target_kind=TargetKind.CLAIM,
        target_id="clm_2",
        status=MatchStatus.CONFIRMED,
        decided_by="auto",
        decided_at=after(hours=1),
        note="same photo",
        reasons=(),
        moved=("sig_1", "sig_2"),
    )
    with records.begin() as unit:
        unit.put_claim(claim())
        unit.put_match(match())
        unit.put_match(decided)
    with records.read() as unit:
        assert unit.match("mat_1") == match()
        assert unit.match("mat_2") == decided
        assert unit.match("mat_3") is None


def test_matches_are_found_by_claim_target_and_status_newest_first(records: SqlRecords) -> None:
    with records.begin() as unit:
        unit.put_claim(claim("clm_1"))
        unit.put_claim(claim("clm_2"))
        unit.put_match(match("mat_1"))
        unit.put_match(match("mat_2", created_at=after(hours=1), status=MatchStatus.REJECTED))
        unit.put_match(match("mat_3", "clm_2", target_kind=TargetKind.CLAIM, target_id="clm_1"))
    with records.read() as unit:

        def ids(**wanted: object) -> list[str]:
            return [m.id for m in unit.matches(**wanted)]  # type: ignore[arg-type]

        assert ids() == ["mat_2", "mat_3", "mat_1"]
        assert ids(claim_id="clm_1") == ["mat_2", "mat_1"]
        assert ids(target_kind=TargetKind.CLAIM, target_id="clm_1") == ["mat_3"]
        assert ids(claim_id="clm_1", status=MatchStatus.SUGGESTED) == ["mat_1"]
        assert ids(limit=1, offset=1) == ["mat_3"]
        assert unit.count_matches(status=MatchStatus.SUGGESTED) == 2
        assert unit.count_matches(status=MatchStatus.CONFIRMED) == 0
