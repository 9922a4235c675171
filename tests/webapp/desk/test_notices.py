"""Official notices on the desk: how each stands, where it is found, and how a draft comes to cite one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from index.model import Item, Labelled, NoticeState, Role
from webapp.desk import words

from .conftest import Desk
from .test_flow import READY, start, version


def announced(desk: Desk, *items: Item) -> None:
    desk.catalogue.set_due("who")
    desk.clock.move(minutes=2)
    lease = next(found for found in desk.catalogue.lease_sources("test", 10) if found.source.id == "who")
    state = replace(lease.state, next_check_at=desk.clock.now() + timedelta(hours=1))
    assert desk.catalogue.record(lease, [Labelled(item) for item in items], state) is not None


def notice(number: int, title: str, **changes: object) -> Item:
    url = f"https://www.who.int/n{number}"
    return Item(f"n{number}", url, title, f"全文 {number}", "zh-Hans", Role.NOTICE, **changes)


@pytest.fixture
def told(desk):
    """One notice of each state."""
    soon = desk.clock.now() + timedelta(hours=1)
    announced(
        desk,
        notice(1, "供水通知"),
        notice(2, "暴雨预警", expires_at=soon),
        notice(3, "停电通知"),
        notice(4, "停电通知更正", supersedes=("n3",)),
        notice(5, "停课通知"),
        Item("n5", "", "", "", "zh-Hans", Role.NOTICE, is_withdrawn=True),
    )
    desk.clock.move(hours=2)
    return desk


def test_every_notice_is_listed_newest_first_with_how_it_stands(told):
    page = told.logged_in("reporter R").get("/en/desk/notices").text
    listed = re.findall(r'<a class="claim" href="([^"]+)"[^>]*>([^<]+)</a>\s*<p class="meta"><b>([^<]+)</b>', page)
    assert listed == [
        ("https://www.who.int/n5", "停课通知", "withdrawn by its publisher"),
        ("https://www.who.int/n4", "停电通知更正", "in force"),
        ("https://www.who.int/n3", "停电通知", "superseded by a later notice"),
        ("https://www.who.int/n2", "暴雨预警", "expired"),
        ("https://www.who.int/n1", "供水通知", "in force"),
    ]
    assert set(words.NOTICE_STATES) == set(NoticeState)


def test_notices_are_found_by_their_words_their_source_and_their_state(told):
    reporter = told.logged_in("reporter R")

    def titles(query: str) -> list[str]:
        return re.findall(r'<a class="claim"[^>]*>([^<]+)</a>', reporter.get(f"/en/desk/notices?{query}").text)

    assert titles("q=停电") == ["停电通知更正", "停电通知"]
    assert titles("q=停电+全文+3") == ["停电通知"]
    assert titles("state=in_force") == ["停电通知更正", "供水通知"]
    assert titles("source=square") == [] and len(titles("source=who")) == 5
    assert titles("before=evi_nonsense&source=%27--&q=%25") == []


def test_a_long_list_goes_on_to_older_notices_with_its_filter(desk):
    announced(desk, *(notice(n, f"通知 {n}") for n in range(1, 36)))
    reporter = desk.logged_in("reporter R")
    page = reporter.get("/en/desk/notices?q=通知").text
    assert "通知 35<" in page and "通知 6<" in page and "通知 5<" not in page
    older = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
    rest = reporter.get(older).text
    assert "通知 5<" in rest and "通知 6<" not in rest and 'rel="next"' not in rest and "q=" in older


def test_the_page_of_a_source_shows_its_newest_notices(told):
    reporter = told.logged_in("reporter R")
    page = reporter.get("/desk/sources/who").text
    assert "停课通知" in page and "已被发布方撤下" in page and "/desk/notices?source=who" in page
    assert "最新公告" not in reporter.get("/desk/sources/square").text


def test_a_draft_finds_notices_in_force_and_cites_one_without_saving_or_losing_a_word(told):
    a = told.logged_in("editor A")
    refutation_id = start(a, told.claim_ids()[0])
    fields = {**READY, "version": version(a, refutation_id), "notice-words": "停电", "act": "find_notice"}
    found = a.post(f"/en/desk/drafts/{refutation_id}", fields)
    assert found.status_code == 200
    offered = re.findall(r'value="(add-evi_[^"]+)"', found.text)
    assert len(offered) == 1 and "停电通知更正" in found.text and READY["truth"] in found.text
    assert '<input type="hidden" name="notice-asked" value="停电">' in found.text
    asked = fields | {"act": offered[0], "notice-asked": "停电", "notice-words": "停电 又改"}
    added = a.post(f"/en/desk/drafts/{refutation_id}", asked).text
    assert 'name="evidence-2-url" type="url" inputmode="url" value="https://www.who.int/n4"' in added
    assert 'name="evidence-2-publisher" value="世界卫生组织"' in added and READY["truth"] in added
    gone = a.post(f"/en/desk/drafts/{refutation_id}", asked | {"act": "add-evi_gone"}).text
    assert 'name="evidence-2-url" type="url" inputmode="url" value=""' in gone and offered[0] in gone
    assert gone.count('name="evidence-3-url"') == 0
    for act in ("find_notice", "enter"):
        nothing = a.post(f"/en/desk/drafts/{refutation_id}", fields | {"notice-words": "暴雨", "act": act}).text
        assert "No notice fits." in nothing and "add-evi_" not in nothing
    cited = {"evidence-2-url": "https://www.who.int/n4", "evidence-2-publisher": "世界卫生组织"}
    assert "No notice fits." in a.post(f"/en/desk/drafts/{refutation_id}", fields | cited).text
    assert a.get(f"/en/desk/drafts/{refutation_id}").text.count("https://www.who.int/n4") == 0
