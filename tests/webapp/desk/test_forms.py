"""The draft's form as data: what was typed is read, kept, and told about."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from index.model import Evidence, Harm, Severity, Technique, Verdict
from webapp import compare
from webapp.desk import forms
from webapp.desk.forms import Problem, Row


def read(fields, known=()):
    return forms.read(MultiDict(fields), fields.get("topics", []), fields.get("regions", []), known)


def test_a_full_form_is_read_into_a_text():
    form = read(
        {
            "headline": "  事实标题 ",
            "verdict": "misleading",
            "technique": "spliced",
            "why": "一\r\n二\r三\x00\x07",
            "severity": "high",
            "harm": "money",
            "language": "zh-Hant",
            "topics": ["fraud", "health", "made-up"],
            "regions": ["hubei", "atlantis"],
            "expires_at": "2026-12-01T08:30",
            "evidence-0-publisher": "甲",
            "evidence-0-title": "乙",
            "evidence-0-url": "https://a.example/1",
            "evidence-0-published_on": "2026-03-05",
            "evidence-7-url": "http://b.example/",
            "version": "12",
            "note": "改了",
            "is_material": "yes",
        }
    )
    text = form.text
    assert form.problems == ()
    assert (text.headline, text.why, text.language) == ("事实标题", "一\n二\n三", "zh-Hant")
    assert (text.verdict, text.technique) == (Verdict.MISLEADING, Technique.SPLICED)
    assert (text.severity, text.harm) == (Severity.HIGH, Harm.MONEY)
    assert (text.topics, text.regions) == (("health", "fraud"), ("hubei",))
    assert text.expires_at == datetime(2026, 12, 1, 0, 30, tzinfo=UTC), "typed in Beijing time"
    assert text.evidence[0] == Evidence("甲", "乙", "https://a.example/1", date(2026, 3, 5))
    assert len(text.evidence) == 2
    assert (form.version, form.note, form.is_material) == (12, "改了", True)


def test_empty_rows_are_ignored_and_a_known_source_keeps_its_copy():
    archived = datetime(2026, 1, 1, tzinfo=UTC)
    known = (Evidence("甲", "旧题", "https://a.example/1", None, archived, "ab12"),)
    fields = {"evidence-0-url": " ", "evidence-1-url": "https://a.example/1", "evidence-1-title": "新题"}
    form = read(fields, known)
    assert form.text.evidence == (Evidence("", "新题", "https://a.example/1", None, archived, "ab12"),)
    assert form.with_rows(Row()).rows == (Row("", "新题", "https://a.example/1", ""), Row())


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"verdict": "perhaps"}, Problem("verdict", "unknown_choice")),
        ({"technique": "magic"}, Problem("technique", "unknown_choice")),
        ({"expires_at": "tomorrow"}, Problem("expires_at", "bad_date")),
        ({"expires_at": "0001-01-01T00:00"}, Problem("expires_at", "bad_date")),
        ({"evidence-0-url": "javascript:alert(1)"}, Problem("evidence-0-url", "bad_address")),
        ({"evidence-0-url": "https://"}, Problem("evidence-0-url", "bad_address")),
        ({"evidence-0-published_on": "31.12.2026"}, Problem("evidence-0-published_on", "bad_date")),
    ],
)
def test_what_cannot_be_read_is_named_and_kept_as_typed(fields, problem):
    form = read(fields)
    assert form.problems == (problem,)
    assert form.expires == fields.get("expires_at", "")
    if "evidence-0-published_on" in fields:
        assert form.rows[0].published_on == "31.12.2026"


@given(st.dictionaries(st.sampled_from([*forms.TEXT_FIELDS, "version", "expires_at", "verdict", "evidence-0-url", "evidence-999-x", "evidence-0-published_on", "language", "note"]), st.text(max_size=40)))  # fmt: skip # noqa: E501
def test_no_form_crashes_the_reader(fields):
    form = read(fields)
    assert form.text.language in ("zh-Hans", "zh-Hant", "en")
    assert all("\x00" not in getattr(form.text, name) for name in forms.TEXT_FIELDS)


def test_a_saved_revision_comes_back_as_the_same_form():
    from index.model import AlertKind, RefutationText, Revision, RevisionStatus

    now = datetime(2026, 5, 1, tzinfo=UTC)
    text = RefutationText(
        headline="题",
        expires_at=datetime(2026, 12, 1, 0, 30, tzinfo=UTC),
        evidence=(Evidence("甲", "乙", "https://a.example"),),
    )
    revision = Revision("rev_1", "ref_1", 1, AlertKind.ISSUE, RevisionStatus.DRAFT, text, "edt_1", now, now, version=4)
    form = forms.of_revision(revision)
    assert (form.expires, form.version, len(form.rows)) == ("2026-12-01T08:30", 4, 3)


# --- comparing ----------------------------------------------------------------------------------------------------


def marked(parts):
    signs = {"same": "{}", "added": "+{}+", "gone": "-{}-"}
    return "".join(signs[p.kind].format(p.text) for p in parts)


def test_han_is_compared_by_the_character_and_other_scripts_by_the_word():
    left, right = compare.sides("饮酒能预防新冠", "饮酒不能预防新冠")
    assert (marked(left), marked(right)) == ("饮酒能预防新冠", "饮酒+不+能预防新冠")
    left, right = compare.sides("It kills 90 percent", "It kills 99.5 percent")
    assert (marked(left), marked(right)) == ("It kills -90- percent", "It kills +99.5+ percent")
    left, right = compare.sides("", "新")
    assert (left, marked(right)) == ((), "+新+")


@given(st.text(max_size=60), st.text(max_size=60))
def test_both_sides_are_the_texts_themselves(before, after):
    left, right = compare.sides(before, after)
    assert "".join(p.text for p in left) == before
    assert "".join(p.text for p in right) == after
    assert all(p.kind in ("same", "gone") for p in left) and all(p.kind in ("same", "added") for p in right)
    assert "".join(p.text for p in left if p.kind == "same") == "".join(p.text for p in right if p.kind == "same")


def test_very_long_texts_are_compared_whole_in_no_time():
    left, right = compare.sides("甲" * 10_000, "乙" * 10_000)
    assert [p.kind for p in left + right] == ["gone", "added"]
