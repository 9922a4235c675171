"""The desk's pages of sources: what is in trouble and why, and what editors do about it, alone or by two."""

from __future__ import annotations

import bz2
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from index.model import Health, Move, SourceAct, SourceCheck, SourceSample

from .conftest import Desk

SOON = "2026-12-24"


def polled(desk: Desk, source_id: str, check: SourceCheck | None = None, **state: object) -> None:
    """A poll that leaves the source in this state."""
    desk.catalogue.set_due(source_id)
    desk.clock.move(seconds=2)
    lease = next(found for found in desk.catalogue.lease_sources("test", 10) if found.source.id == source_id)
    after = replace(lease.state, next_check_at=desk.clock.now() + timedelta(hours=1), **state)
    assert desk.catalogue.record(lease, [], after, check) is not None


def state_of(desk: Desk, source_id: str):
    return next(row.state for row in desk.catalogue.sources() if row.source.id == source_id)


def failing(desk: Desk, hours: float = 7) -> dict[str, object]:
    since = desk.clock.now() - timedelta(hours=hours)
    return {"health": Health.FAILING, "error_code": "timeout", "error_count": 4, "failing_since": since}


def test_an_official_source_that_fails_for_six_hours_is_named_on_every_page_of_the_desk(desk):
    polled(desk, "who", **failing(desk, 5))
    reporter = desk.logged_in("reporter R")
    assert "alarms-title" not in reporter.get("/en/desk").text
    desk.clock.move(hours=2)
    for path in ("/en/desk", "/en/desk/claims", "/en/desk/audit"):
        page = reporter.get(path).text
        assert "1 official source needs attention" in page and "It could not be read for 7 hours." in page, path
        assert page.count('href="/en/desk/sources/who"') == 1
    assert "个官方来源需要处理" in reporter.get("/desk").text
    assert "alarms-title" not in desk.client().get("/en/desk/log-in").text


def test_the_banner_stands_on_no_page_of_the_sources_not_even_where_a_form_comes_back(desk):
    polled(desk, "who", **failing(desk))
    a = desk.logged_in("editor A")
    pages = [a.get("/desk/sources"), a.get("/desk/sources/who"), a.post("/desk/sources/who/pause", {"pause-note": ""})]
    assert [page.status_code for page in pages] == [200, 200, 422]
    assert not [page.request.path for page in pages if "alarms-title" in page.text]


def test_readers_are_told_since_when_a_source_fails(desk):
    polled(desk, "who", **failing(desk, 30))
    chinese, english = "自2026年11月19日起", "since19November2026"
    for prefix, words in (("", chinese), ("/zh-hant", chinese), ("/en", english)):
        assert words in re.sub(r"[\s\u2060]", "", desk.client().get(f"{prefix}/sources").text), prefix


def test_a_switched_off_source_is_neither_checked_nor_paused(desk):
    square = next(row.source for row in desk.catalogue.sources() if row.source.id == "square")
    desk.catalogue.put_sources([replace(square, is_enabled=False)])
    page = desk.logged_in("editor A").get("/en/desk/sources/square").text
    assert "Switched off in the registry" in page
    assert "Next check" not in page and 'action="/en/desk/sources/square' not in page


def test_another_source_that_fails_is_no_banner_but_stands_first_in_the_list(desk):
    polled(desk, "square", **failing(desk, 80))
    reporter = desk.logged_in("reporter R")
    assert "alarms-title" not in reporter.get("/en/desk").text
    page = reporter.get("/en/desk/sources").text
    assert "1 source needs attention" in page and "It could not be read for 3 days." in page
    assert page.index('id="square"') < page.index('id="who"')


def test_the_page_of_a_source_shows_its_last_checks_in_words(desk):
    now = desk.clock.now()
    polled(desk, "square", SourceCheck("square", now, "ok", http_status=200, listed_count=12))
    polled(desk, "square", SourceCheck("square", now, "error", "server_error", http_status=502), **failing(desk))
    page = desk.logged_in("reporter R").get("/en/desk/sources/square").text
    assert page.count("<tr>") == 3
    assert "failed: The server reported a fault of its own." in page and "HTTP 502" in page
    assert "checks: 2, failed: 1, new items: 0" in page
    assert '<form method="post" action="/en/desk/sources' not in page, "a reporter decides nothing here"


def test_check_now_sets_when_the_source_is_due_and_nothing_else(desk):
    polled(desk, "square", etag='"1"')
    before, a = state_of(desk, "square"), desk.logged_in("editor A")
    answer = a.post("/en/desk/sources/square/check")
    assert (answer.status_code, answer.location) == (303, "/en/desk/sources/square")
    assert state_of(desk, "square") == replace(before, next_check_at=desk.clock.now())
    assert "The square is due now." in a.get(answer.location).text


def test_a_pause_that_lacks_its_reason_or_its_day_comes_back_as_it_was_typed(desk):
    a = desk.logged_in("editor A")
    for fields, anchor in (
        ({"pause-note": "", "review_on": SOON}, "pause-note"),
        ({"pause-note": "改版中", "review_on": ""}, "pause-review_on"),
        ({"pause-note": "改版中", "review_on": "soon"}, "pause-review_on"),
        ({"pause-note": "改版中", "review_on": "2020-01-01"}, "pause-review_on"),
    ):
        answer = a.post("/desk/sources/square/pause", fields)
        assert answer.status_code == 422
        assert f'href="#{anchor}"' in answer.text and f'id="{anchor}"' in answer.text
        assert fields["pause-note"] in answer.text
        assert fields["review_on"] in ("", "soon") or f'value="{fields["review_on"]}"' in answer.text
    assert state_of(desk, "square").health is Health.OK


def test_one_editor_pauses_a_place_where_claims_circulate_and_resumes_it(desk):
    a = desk.logged_in("editor A")
    paused = a.post("/en/desk/sources/square/pause", {"pause-note": "改版中", "review_on": SOON})
    page = a.get(paused.location).text
    assert "is paused." in page and "改版中" in page and "24 December 2026" in page
    assert "改版中" in desk.client().get("/sources").text, "readers are told as well"
    assert "look again at whether it stays paused" not in page
    desk.clock.move(days=40)
    a = desk.logged_in("editor A")
    assert "look again at whether it stays paused" in a.get("/en/desk/sources/square").text
    a.post("/en/desk/sources/square/resume")
    assert state_of(desk, "square").health is Health.OK


def test_an_official_source_is_paused_by_two_editors(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    asked = a.post("/en/desk/sources/who/pause", {"pause-note": "域名待核实", "review_on": SOON})
    own = a.get(asked.location).text
    assert "It waits for a second editor now." in own and "Confirm the pause" not in own
    again = a.post("/en/desk/sources/who/pause", {"pause-note": "域名待核实", "review_on": SOON})
    assert again.status_code == 403 and "another editor has to confirm it" in again.text
    theirs = b.get("/en/desk/sources/who").text
    assert "editor A asks to pause this source. 域名待核实" in theirs and "Confirm the pause" in theirs
    assert "A proposal waits for a second editor." in b.get("/en/desk/sources").text
    b.post("/en/desk/sources/who/pause")
    assert (state_of(desk, "who").health, state_of(desk, "who").note) == (Health.PAUSED, "域名待核实")
    audit = b.get("/en/desk/audit").text
    assert "editor A asked for the source who to be paused" in audit and "editor B paused the source who" in audit


@pytest.mark.parametrize(("domain", "persons"), [("", 1), ("parked.example", 2)])
def test_a_move_of_an_official_source_is_approved_by_one_editor_and_a_change_of_domain_by_two(desk, domain, persons):
    move = Move("https://news.example/feed", (desk.clock.now().date(),), domain)
    polled(desk, "who", health=Health.MOVED, move=move)
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    page = a.get("/en/desk/sources/who").text
    assert "Follow the source to its new address?" in page and "https://news.example/feed" in page
    a.post("/en/desk/sources/who/follow")
    assert (state_of(desk, "who").address == move.to) is (persons == 1)
    if persons == 2:
        assert "Confirm the new address" in b.get("/en/desk/sources/who").text
        b.post("/en/desk/sources/who/follow")
    assert state_of(desk, "who").address == move.to
    assert "is read at https://news.example/feed" in b.get("/en/desk/audit").text


def test_a_move_that_changed_its_target_is_asked_for_anew_not_confirmed(desk):
    today = (desk.clock.now().date(),)
    polled(desk, "who", health=Health.MOVED, move=Move("https://parked.example/feed", today, "parked.example"))
    desk.logged_in("editor A").post("/desk/sources/who/follow")
    polled(desk, "who", move=Move("https://other.example/feed", today, "other.example"))
    page = desk.logged_in("editor B").get("/en/desk/sources/who").text
    assert "Read it at the new address" in page or "Drop the proposal" in page
    assert "Confirm the new address" not in page


def test_a_refused_move_needs_a_reason(desk):
    polled(desk, "who", health=Health.MOVED, move=Move("https://news.example/feed", (desk.clock.now().date(),)))
    a = desk.logged_in("editor A")
    assert a.post("/desk/sources/who/stay", {"stay-note": " "}).status_code == 422
    assert a.post("/desk/sources/who/stay", {"stay-note": "只是镜像"}).status_code == 303
    assert state_of(desk, "who").move.is_refused and "只是镜像" in a.get("/desk/audit").text


@pytest.mark.parametrize(("domain", "persons"), [("", 1), ("parked.example", 2)])
def test_a_followed_move_has_a_way_back_with_a_reason(desk, domain, persons):
    polled(desk, "who", address="https://news.example/feed", also_domain=domain)
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    assert "改回登记地址读取" in a.get("/desk/sources/who").text and "Confirm" not in a.get("/en/desk/sources/who").text
    assert a.post("/desk/sources/who/return", {"return-note": ""}).status_code == 422
    assert a.post("/en/desk/sources/who/return", {"return-note": "域名存疑"}).status_code == 303
    assert (state_of(desk, "who").address == "") is (persons == 1)
    if persons == 2:
        page = b.get("/en/desk/sources/who").text
        assert "editor A asks to read this source at its registered address again." in page and "域名存疑" in page
        assert "Confirm the registered address" in page
        b.post("/en/desk/sources/who/return")
    state = state_of(desk, "who")
    assert (state.address, state.also_domain) == ("", "")
    page = b.get("/en/desk/sources/who").text
    assert "域名存疑" in page and "registered address again, no longer at https://news.example/feed" in page
    assert 'action="/en/desk/sources/who/return"' not in page


def test_a_drifting_source_says_in_what_it_differs_and_an_editor_takes_it_for_usual(desk):
    polled(desk, "square", health=Health.DRIFTING, doubts=("dates", "links"))
    a = desk.logged_in("editor A")
    page = a.get("/en/desk/sources/square").text
    assert "What is different: dates are missing, the links lead to another site." in page
    a.post("/en/desk/sources/square/learn")
    assert state_of(desk, "square").health is Health.OK


def test_a_proposal_is_dropped_by_any_editor(desk):
    editor = next(e for e in desk.catalogue.editors() if e.name == "editor A")
    polled(desk, "who")
    desk.catalogue.decide_source("who", SourceAct.PAUSE, editor, "改版", (desk.clock.now() + timedelta(days=9)).date())
    b = desk.logged_in("editor B")
    assert b.post("/en/desk/sources/who/drop").status_code == 303
    assert state_of(desk, "who").proposal is None


def test_an_unknown_source_is_a_page_that_says_so(desk):
    a = desk.logged_in("editor A")
    assert a.get("/desk/sources/nobody").status_code == 404
    for act in SourceAct:
        assert a.post(f"/desk/sources/nobody/{act}").status_code == 404


HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e<img src=x onerror=alert(1)> 谣言\n".encode()


def sampled(desk: Desk, body: bytes = HOSTILE, content_type: str = "text/html", is_good: bool = False) -> None:
    desk.catalogue.set_due("who")
    desk.clock.move(seconds=2)
    lease = next(found for found in desk.catalogue.lease_sources("test", 10) if found.source.id == "who")
    sample = SourceSample("who", is_good, desk.clock.now(), lease.source.url, content_type, len(body), body)
    after = replace(lease.state, next_check_at=desk.clock.now() + timedelta(hours=1))
    assert desk.catalogue.record(lease, [], after, None, sample) is not None


def test_c8_what_a_source_answered_is_shown_as_inert_text(desk):
    reporter = desk.logged_in("reporter R")
    assert reporter.get("/en/desk/sources/who/answers/unusable").status_code == 404
    sampled(desk)
    page = reporter.get("/en/desk/sources/who").text
    assert 'href="/en/desk/sources/who/answers/unusable"' in page and "answers/usable" not in page
    answer = reporter.get("/en/desk/sources/who/answers/unusable")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.text == "<script>alert(1)</script>\\u001b[31m\\u202e<img src=x onerror=alert(1)> 谣言\n"
    assert desk.client().get("/en/desk/sources/who/answers/unusable").status_code != 200
    assert reporter.get("/en/desk/sources/who/answers/other").status_code == 404


@pytest.mark.parametrize(
    ("body", "content_type"),
    [("可信".encode("gb18030"), "text/html"), ("可信".encode("big5"), "text/xml; charset=big5"),
     ("可信".encode() + b"\xe8\xb0", "charset=nonsense"), ("可信".encode("utf-16"), "text/xml; charset=UTF-16"),
     *(("可信".encode("gbk"), f"charset={codec}") for codec in ("hex", "base64", "bz2", "zlib", "rot13", "punycode"))],
)  # fmt: skip
def test_a_sample_is_read_in_the_encoding_that_fits(desk, body, content_type):
    sampled(desk, body, content_type, is_good=True)
    assert desk.logged_in("editor A").get("/desk/sources/who/answers/usable").text.startswith("可信")


def test_a_sample_is_never_inflated_and_its_lines_end_as_lines(desk):
    bomb = bz2.compress(bytes(1_000_000))
    sampled(desk, bomb, "text/xml; charset=bz2", is_good=True)
    page = desk.logged_in("editor A").get("/desk/sources/who/answers/usable")
    assert page.status_code == 200 and len(page.text) < 10 * len(bomb)
    sampled(desk, "一\r\n二\r三".encode(), is_good=True)
    assert desk.logged_in("editor A").get("/desk/sources/who/answers/usable").text == "一\n二\\u000d三"


def test_a_source_in_other_hands_says_so_and_can_be_taken_as_it_is(desk):
    held = {"doubts": ("language", "issuer"), "error_count": 1, "error_code": "identity_changed"}
    polled(desk, "who", health=Health.MOVED, **held)
    a = desk.logged_in("editor A")
    page = a.get("/en/desk/sources/who").text
    assert "It may be in other hands." in page and "another language, someone else vouches for its server" in page
    a.post("/en/desk/sources/who/learn")
    assert (state_of(desk, "who").health, state_of(desk, "who").error_count) == (Health.OK, 0)
