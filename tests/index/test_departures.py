"""Q19: what left its source is asked for again, and the editors of every text that cites it are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from index.errors import InvalidInput, NotFound, Refused
from index.intake import MAX_REVISIONS
from index.model import Evidence, Item, Labelled, RefutationText, Role
from tests.index.house import HOSTILE_IDS, RUMORS, House, checker, ready_text, review, working

PAGE = "https://checker.example/1"
OTHER = Evidence("国家卫生健康委员会", "答记者问", "https://www.nhc.gov.cn/answers")


def citing(url: str = PAGE) -> dict[str, Any]:
    return {"evidence": (Evidence("查核", "查核报告", url), OTHER)}


def withdraws(house: House, number: int = 1) -> None:
    tombstone = Item(f"review-{number}", "", "", "", "zh-Hans", Role.REFUTATION, is_withdrawn=True)
    assert house.record(Labelled(tombstone), source=checker()).withdrawn_count == 1


def to_write(house: House) -> dict[str, tuple[str, list[str]]]:
    """Refutations in the list "to write": priority and reasons."""
    queue = house.catalogue.queue("write", house.author)
    assert queue.counts["write"] == len(queue.rows)
    return {r.refutation.id: (r.priority, [reason.key for reason in r.reasons]) for r in queue.rows if r.refutation}


def told(house: House, refutation_id: str) -> tuple[str, ...]:
    return house.catalogue.draft_page(refutation_id, house.author).withdrawn_citations


@pytest.mark.parametrize("url", [PAGE, "http://www.checker.example/1/", f"{PAGE}#part"])
def test_q19_editors_of_an_alert_that_cites_a_withdrawn_page_are_told_and_nothing_is_deleted(
    house: House, url: str
) -> None:
    house.record(review(RUMORS[0]), source=checker())
    alert = house.published(house.seen(RUMORS[1]), **citing(url))
    assert (to_write(house), told(house, alert.refutation_id)) == ({}, ())
    withdraws(house)
    assert told(house, alert.refutation_id) == (url,)
    (row,) = to_write(house).values()
    assert row[0] == "high" and row[1][0] == "citation_withdrawn"
    thread = house.catalogue.thread(alert.thread_id)
    assert [e.url for e in thread.text.evidence] == [url, OTHER.url] and thread.state == "current"


def test_q19_a_draft_that_cites_a_withdrawn_page_is_told_in_its_place(house: House) -> None:
    house.record(review(RUMORS[0]), source=checker())
    draft = house.written(house.seen(RUMORS[1]), **citing())
    withdraws(house)
    assert "citation_withdrawn" in to_write(house)[draft.id][1]
    house.catalogue.submit(draft.id, house.author)
    (row,) = house.catalogue.queue("approve", house.approver).rows
    assert row.reasons[0].key == "citation_withdrawn"
    house.approve(house.refutation(draft.id))
    assert told(house, draft.id) == (PAGE,)


def test_q19_a_correction_that_cites_something_else_ends_it_once_it_is_published(house: House) -> None:
    house.record(review(RUMORS[0]), source=checker())
    alert = house.published(house.seen(RUMORS[1]), **citing())
    withdraws(house)
    started = house.catalogue.start_correction(alert.refutation_id, house.author)
    text: RefutationText = ready_text(RUMORS[1])
    house.catalogue.save(started.id, text, house.author, working(started).version, "换了来源", False)
    assert told(house, alert.refutation_id) == (PAGE,), "readers still see it"
    house.approve(house.catalogue.submit(started.id, house.author))
    assert (told(house, alert.refutation_id), to_write(house)) == ((), {})


def test_q19_an_alert_that_was_withdrawn_itself_asks_for_nothing(house: House) -> None:
    house.record(review(RUMORS[0]), source=checker())
    alert = house.published(house.seen(RUMORS[1]), **citing())
    house.withdrawn(alert)
    withdraws(house)
    assert (told(house, alert.refutation_id), to_write(house)) == ((), {})


def test_q19_a_page_that_comes_back_ends_it(house: House) -> None:
    house.record(review(RUMORS[0]), source=checker())
    alert = house.published(house.seen(RUMORS[1]), **citing())
    withdraws(house)
    house.record(review(RUMORS[0]), source=checker())
    assert told(house, alert.refutation_id) == ()


def test_q19_a_notice_that_is_withdrawn_is_told_like_a_review(house: House) -> None:
    notice = Item("n-1", "https://gov.example/n", "公告", "供水恢复正常", "zh-Hans", Role.NOTICE)
    house.record(Labelled(notice))
    alert = house.published(house.seen(RUMORS[1]), **citing(notice.url))
    house.record(Labelled(Item("n-1", "", "", "", "zh-Hans", Role.NOTICE, is_withdrawn=True)))
    assert told(house, alert.refutation_id) == (notice.url,)
    house.record(Labelled(notice))
    assert told(house, alert.refutation_id) == ()


def test_q19_a_notice_that_another_one_cancelled_stays_so_when_its_words_change(house: House) -> None:
    notice = Item("n-1", "https://gov.example/n", "公告", "供水恢复正常", "zh-Hans", Role.NOTICE)
    house.record(Labelled(notice))
    alert = house.published(house.seen(RUMORS[1]), **citing(notice.url))
    cancel = replace(notice, native_id="n-2", url="https://gov.example/n2", supersedes=("n-1",), is_withdrawn=True)
    house.record(Labelled(cancel))
    assert told(house, alert.refutation_id) == (notice.url,)
    house.record(Labelled(replace(notice, text="供水恢复正常。")))
    assert told(house, alert.refutation_id) == (notice.url,)


def test_q19_a_text_that_begins_to_cite_a_withdrawn_page_is_told_at_once(house: House) -> None:
    house.record(review(RUMORS[0]), source=checker())
    withdraws(house)
    draft = house.written(house.seen(RUMORS[1]), **citing("http://www.checker.example/1/#part"))
    assert told(house, draft.id) == ("http://www.checker.example/1/#part",)


def test_q19_what_has_reached_the_limit_of_revisions_comes_back_after_its_withdrawal(house: House) -> None:
    for number in range(MAX_REVISIONS + 2):
        house.record(review(f"{RUMORS[0]}（第{number}版）", number=1), source=checker())
    withdraws(house)
    draft = house.written(house.seen(RUMORS[1]), **citing())
    assert told(house, draft.id) == (PAGE,)
    known = house.catalogue.known_items
    assert known(checker().id, ["review-1"]) == {"review-1"}
    assert known(checker().id, ["review-1"], only_standing=True) == frozenset(), "its page is worth another look"
    house.record(review(f"{RUMORS[0]}（又见）", number=1), source=checker())
    assert told(house, draft.id) == () and known(checker().id, ["review-1"], only_standing=True) == {"review-1"}


def test_an_editor_keeps_a_citation_with_a_reason_and_the_audit_says_so(house: House) -> None:
    house.record(review(RUMORS[0]), source=checker())
    alert = house.published(house.seen(RUMORS[1]), **citing())
    keep = house.catalogue.keep_citations
    with pytest.raises(Refused) as early:
        keep(alert.refutation_id, house.author, [PAGE], "有存档")
    withdraws(house)
    with pytest.raises(Refused) as nameless:
        keep(alert.refutation_id, house.author, [PAGE], "  ")
    with pytest.raises(Refused) as reporter:
        keep(alert.refutation_id, house.reporter, [PAGE], "有存档")
    with pytest.raises(InvalidInput) as endless:
        keep(alert.refutation_id, house.author, [PAGE], "x" * 501)
    codes = [refused.value.code for refused in (early, nameless, reporter, endless)]
    assert codes == ["wrong_status", "reason_required", "not_allowed", "too_long"]
    assert told(house, alert.refutation_id) == (PAGE,)
    with pytest.raises(Refused):
        keep(alert.refutation_id, house.author, ["https://www.who.int/unseen"], "有存档")
    keep(alert.refutation_id, house.author, [PAGE, "https://www.who.int/unseen"], "有存档")
    assert (told(house, alert.refutation_id), to_write(house)) == ((), {})
    entry = house.catalogue.audit(limit=1)[0]
    assert (entry.act, entry.subject_id, entry.values["note"]) == ("citations_kept", alert.refutation_id, "有存档")
    assert entry.values["pages"] == PAGE
    with pytest.raises(NotFound):
        keep(HOSTILE_IDS[0], house.author, [PAGE], "有存档")


# --- which pages are asked for ---


def departed(house: House, *listed: str, limit: int = 5) -> list[tuple[str, str]]:
    return [(a.name, a.url) for a in house.catalogue.departed_items(checker().id, listed, limit)]


def test_reviews_that_left_the_list_are_asked_for_after_a_day_the_longest_unseen_first(house: House) -> None:
    house.record(review(RUMORS[0], number=1), source=checker())
    house.clock.forward(hours=3)
    house.record(review(RUMORS[1], number=2), review(RUMORS[2], number=3), source=checker())
    assert departed(house) == []
    house.clock.forward(hours=25)
    pages = [(f"review-{n}", f"https://checker.example/{n}") for n in (1, 2, 3)]
    assert departed(house) == pages
    assert departed(house, "review-2") == [pages[0], pages[2]]
    assert departed(house, limit=1) == pages[:1]
    house.catalogue.asked_again(checker().id, ["review-1", "no such name"])
    assert departed(house) == pages[1:]
    withdraws(house, 2)
    assert departed(house) == pages[2:]


def test_after_a_month_only_what_our_texts_cite_is_asked_for_and_it_comes_first(house: House) -> None:
    link = "https://checker.example/2"  # a name of the item, as crawlers complete them
    house.record(review(RUMORS[0], number=1), review(RUMORS[1], number=2, aliases=(link,)), source=checker())
    house.clock.forward(days=31)
    assert departed(house) == []
    house.published(house.seen(RUMORS[3]), **citing(link))
    assert departed(house) == [(link, link)]
    house.clock.forward(minutes=2)  # the lease that came with the post's
    house.record(review(RUMORS[2], number=3), source=checker())
    house.clock.forward(days=2)
    assert [name for name, _ in departed(house)] == [link, "review-3"]


def test_a_notice_that_has_expired_or_was_replaced_is_not_asked_for(house: House) -> None:
    first = Item("n-1", "https://gov.example/1", "预警", "今晚有暴雨", "zh-Hans", Role.NOTICE)
    soon = house.clock.now() + timedelta(hours=5)
    ends = replace(first, native_id="n-2", url="https://gov.example/2", text="明早停水", expires_at=soon)
    newer = replace(first, native_id="n-3", url="https://gov.example/3", text="暴雨已过", supersedes=("n-1",))
    house.record(*map(Labelled, (first, ends, newer)))
    house.clock.forward(days=2)
    assert [a.name for a in house.catalogue.departed_items("forum", (), 5)] == ["n-3"]


def test_what_circulates_is_never_asked_for_again(house: House) -> None:
    house.seen(RUMORS[0])
    house.clock.forward(days=2)
    assert house.catalogue.departed_items("forum", (), 5) == ()
    with pytest.raises(NotFound):
        house.catalogue.departed_items("nobody", (), 5)


@pytest.mark.parametrize("url", ["https://[example.org]/x", "http://[abc"])
def test_a_malformed_address_in_a_draft_is_refused_and_a_kept_one_stops_no_source(house: House, url: str) -> None:
    house.record(review(RUMORS[0]), source=checker())
    with pytest.raises(InvalidInput) as refused:
        house.written(house.seen(RUMORS[1]), **citing(url))
    assert (refused.value.code, refused.value.field) == ("bad_address", "evidence")
    draft = house.written(house.seen(RUMORS[1]), **citing())
    revision = working(draft)
    kept = replace(revision, text=replace(revision.text, evidence=(Evidence("查核", "查核报告", url),)))
    with house.parts.records.begin() as unit:
        unit.put_revision(kept, expected_version=revision.version)  # as written before such addresses were refused
    house.clock.forward(days=2)
    assert departed(house) == [("review-1", PAGE)]
