"""Every page of the desk, filled with work, in three languages: valid, accessible, with keys and without scripts."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from werkzeug.serving import make_server

from index.model import Health, Item, Labelled, Move, Revalidation, Role, SourceAct, SourceCheck
from index.settings import Settings
from webapp import create_app

from .conftest import PASSWORD, Desk
from .test_flow import READY, published, save, start

LANGUAGES = {"zh-Hans": "", "zh-Hant": "/zh-hant", "en": "/en"}


def at_work(desk: Desk) -> dict[str, str]:
    """A draft, a text in review, a correction in review and a published alert; the path of each kind of page."""
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    corrected = published(desk, a, b)
    a.post(f"/desk/drafts/{corrected}/correct")
    save(a, corrected, "submit", truth="新冠病毒靠飞沫和直接接触传播。", note="补充传播方式。", is_material="yes")
    match_id = desk.catalogue.queue("match", desk.catalogue.editors()[0]).rows[-1].suggestions[0].match.id
    first, second = [i for i in desk.claim_ids() if desk.catalogue.claim_file(i).claim.status == "open"][:2]
    drafted, reviewed = start(a, first), start(b, second)
    save(b, reviewed, "submit")
    withdrawn = published_again(desk, a, b)
    in_trouble(desk)
    return {
        "log-in": "/desk/log-in",
        "queue": "/desk",
        "to write": "/desk?list=write",
        "to approve": "/desk?list=approve",
        "nothing found": "/desk?q=zzz",
        "claims": "/desk/claims",
        "claim": f"/desk/claims/{first}",
        "match": f"/desk/matches/{match_id}",
        "draft": f"/desk/drafts/{drafted}",
        "preview": f"/desk/drafts/{drafted}/preview",
        "check": f"/desk/drafts/{reviewed}/check",
        "correction": f"/desk/drafts/{corrected}/check",
        "compare": f"/desk/drafts/{corrected}/compare",
        "withdraw": f"/desk/drafts/{withdrawn}/withdraw",
        "alert": f"/desk/drafts/{withdrawn}/check",
        "alerts": "/desk/alerts",
        "sources": "/desk/sources",
        "source": "/desk/sources/square",
        "source in trouble": "/desk/sources/who",
        "notices": "/desk/notices",
        "no such notice": "/desk/notices?q=zzz",
        "audit": "/desk/audit",
        "account": "/desk/account",
        "editors": "/desk/editors",
        "no such claim": "/desk/claims/clm_00000000000000000000000000",
    }


def in_trouble(desk: Desk) -> None:
    """The official source answers from another site since yesterday; one editor has asked to follow it.
    A notice of it that an alert cites was withdrawn."""
    desk.clock.move(seconds=2)  # the pace of its host
    desk.catalogue.set_due("who")
    (lease,) = desk.catalogue.lease_sources("trouble", 10)
    now = desk.clock.now()
    move = Move("https://parked.example/feed", (now.date(),), "parked.example")
    state = replace(
        lease.state, health=Health.MOVED, move=move, error_code="redirect_refused", error_count=9,
        failing_since=now - timedelta(days=1), next_check_at=now + timedelta(days=9), revalidation=Revalidation.OFF,
    )  # fmt: skip
    check = SourceCheck("who", now, "error", "redirect_refused", http_status=301, doubts=("dates", "links"))
    notices = [Item(f"n{n}", f"https://www.who.int/n{n}", "公告", "说明", "zh-Hans", Role.NOTICE) for n in (1, 2)]
    gone = replace(notices[0], title="", text="", is_withdrawn=True)
    assert desk.catalogue.record(lease, [Labelled(i) for i in (*notices, gone)], state, check) is not None
    editor = next(e for e in desk.catalogue.editors() if e.name == "editor A")
    desk.catalogue.decide_source("who", SourceAct.FOLLOW, editor)


def published_again(desk: Desk, a, b) -> str:
    """A second alert, of the last open claim."""
    claim_id = [i for i in desk.claim_ids() if desk.catalogue.claim_file(i).claim.status == "open"][-1]
    refutation_id = start(a, claim_id)
    save(a, refutation_id, "submit", headline="多吃碘盐不能防核辐射", **{"evidence-0-url": "https://www.who.int/n1"})
    version = re.search(r'name="version" value="(\d+)"', b.get(f"/desk/drafts/{refutation_id}/check").text)[1]
    assert b.post(f"/desk/drafts/{refutation_id}/approve", {"version": version}).status_code == 303
    return refutation_id


@pytest.fixture
def worked(desk: Desk) -> tuple[Desk, dict[str, str]]:
    return desk, at_work(desk)


def test_every_page_is_valid_html_in_each_language(worked, html_errors):
    desk, paths = worked
    admin, wrong = desk.logged_in("admin C"), {}
    for prefix in LANGUAGES.values():
        for name, path in paths.items():
            errors = html_errors(admin.client.get(prefix + path, follow_redirects=True).data)
            if errors:
                wrong[prefix + name] = errors
    assert wrong == {}


def test_every_page_has_one_h1_that_begins_the_title_and_no_sentence_left_in_english(worked):
    desk, paths = worked
    admin = desk.logged_in("admin C")
    for language, prefix in LANGUAGES.items():
        for name, path in paths.items():
            text = admin.client.get(prefix + path, follow_redirects=True).text
            title = re.search(r"<title>(.*?)</title>", text, re.DOTALL)[1]
            headings = re.findall(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
            assert len(headings) == 1 and title.startswith(headings[0]), (language, name, title, headings)
            assert f'<html lang="{language}">' in text
            if language != "en":
                assert re.search(r"[㐀-鿿]", headings[0]) or name in ("claim", "draft"), (name, headings)
            assert " style=" not in text and " onclick=" not in text


def test_pages_of_errors_are_valid_too(worked, html_errors):
    desk, paths = worked
    admin = desk.logged_in("admin C")
    token = admin.token()
    answers = [
        admin.post("/desk/editors", {"name": "", "role": "", "password": "x"}),
        admin.post("/desk/editors", {"name": "editor A", "role": "editor", "password": "a sentence of mine"}),
        admin.post("/desk/account/password", {"password": "wrong", "new_password": "x"}),
        admin.post(paths["withdraw"], {"reason": ""}),
        admin.post(paths["withdraw"], {"reason": "数据有误。", "act": "review"}),
        admin.post(paths["match"] + "/reject", {"reason": ""}),
        admin.post("/desk/sources/square/pause", {"pause-note": "", "review_on": "2026-12-24"}),
        admin.post("/desk/sources/square/pause", {"pause-note": "改版", "review_on": "soon"}),
        admin.post("/desk/sources/who/stay", {"stay-note": ""}),
        admin.post(paths["check"].replace("/check", "/return"), {"reason": ""}),
        save(admin, paths["draft"].rpartition("/")[2], "save", **{"evidence-0-url": "ftp://x", "expires_at": "soon"}),
        save(admin, paths["draft"].rpartition("/")[2], "save", version="0"),
        save(admin, paths["draft"].rpartition("/")[2], "add_row"),
        admin.post(paths["claim"] + "/reopen"),
        admin.client.post(paths["claim"] + "/take", data={"own_reason": "x"}),
        desk.client().post(paths["draft"], data={"csrf_token": token, **READY}),
        desk.client().get("/desk/audit"),
    ]
    for answer in answers:
        assert html_errors(answer.data) == [], answer.request.path
        if answer.status_code == 422:
            assert 'class="problem" role="alert"' in answer.text
            for anchor in re.findall(
                r'<li><a href="#([^"]+)">', answer.text.partition('class="problem"')[2].partition("</div>")[0]
            ):
                assert f'id="{anchor}"' in answer.text, (answer.request.path, anchor)
    assert [a.status_code for a in answers] == [
        422,
        422,
        422,
        422,
        200,
        422,
        422,
        422,
        422,
        422,
        422,
        409,
        200,
        403,
        400,
        400,
        401,
    ]


# --- in a real browser --------------------------------------------------------------------------------------------


@pytest.fixture
def served(desk: Desk, settings: Settings) -> Iterator[tuple[Desk, str]]:
    """The desk on a loopback port, its own address in the settings."""
    server = make_server("127.0.0.1", 0, desk.app, threaded=True)
    url = f"http://127.0.0.1:{server.port}"
    server.app = create_app(replace(settings, site_url=url), desk.catalogue)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield desk, url
    server.shutdown()
    thread.join()


def open_page(browser, url, name, **options):
    """A logged-in page of a fresh browser profile; what the console says is collected in `page.said`."""
    page = browser.new_context(base_url=url, **options).new_page()
    page.said = []
    page.on("console", lambda message: page.said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto("/desk/log-in")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_load_state()
    assert page.url == f"{url}/desk"
    return page


@pytest.mark.browser
def test_pages_fit_a_phone_and_pass_the_accessibility_check_in_both_schemes(served, browser, axe_source):
    desk, url = served
    paths = at_work(desk)
    wrong = {}
    for scheme, width in (("light", 1280), ("dark", 360), ("light", 320)):
        page = open_page(browser, url, "admin C", viewport={"width": width, "height": 800}, color_scheme=scheme)
        for name, path in paths.items():
            page.goto(path)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                wrong[f"{name} {width}"] = f"{wide} px too wide"
            if width != 320:
                page.evaluate(axe_source)
                found = page.evaluate(
                    "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
                )
                if found["violations"]:
                    wrong[f"{name} {scheme}"] = [
                        (v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found["violations"]
                    ]
        assert [said for said in page.said if "404" not in said] == [], "the policy of the page is kept"
        page.context.close()
    assert wrong == {}


@pytest.mark.browser
def test_two_editors_walk_from_match_to_published_by_keyboard_alone(served, browser):
    desk, url = served
    a = open_page(browser, url, "editor A")
    a.keyboard.press("j")
    assert a.evaluate("document.activeElement.className") == "claim"
    a.keyboard.press("t")
    a.wait_for_selector("text=放回")
    a.keyboard.press("j")
    a.keyboard.press("Enter")
    a.wait_for_url("**/matches/**")
    first = a.url
    a.keyboard.press("n")
    assert a.evaluate("document.activeElement.name") == "reason", "the reasons open and take the focus"
    a.keyboard.press("Escape")
    a.goto(first)
    a.keyboard.press("y")
    a.wait_for_selector(".undo")
    a.keyboard.press("u")
    a.wait_for_url(first)
    a.keyboard.press("y")
    a.wait_for_selector(".undo")
    a.goto("/desk/claims")
    a.keyboard.press("j")
    a.keyboard.press("Enter")
    a.wait_for_url("**/claims/clm_*")
    a.keyboard.press("e")
    a.wait_for_url("**/drafts/ref_*")
    for field in ("headline", "claim", "truth", "circulating", "why", "action"):
        a.focus(f"#{field}")
        a.keyboard.press("Control+A")
        a.keyboard.type(READY[field])
    assert a.url.rpartition("/")[2].startswith("ref_"), "keys rest while one types"
    for selector in ("#verdict-1", "[name=topics][value=health]"):
        a.focus(selector)
        a.keyboard.press("Space")
    for name in READY:
        if name.startswith("evidence-") and "published" not in name and READY[name]:
            a.focus(f"#{name}")
            a.keyboard.type(READY[name])
    a.focus("button[value=submit]")
    a.keyboard.press("Enter")
    a.wait_for_url("**/check")
    check = a.url
    assert not a.query_selector("form[action$='/approve']")

    b = open_page(browser, url, "editor B")
    b.goto(check)
    b.focus("form[action$='/approve'] button")
    b.keyboard.press("Enter")
    b.wait_for_selector("text=已发布")
    assert [t.text.headline for t in desk.catalogue.threads().threads] == [READY["headline"]]
    for page in (a, b):
        assert page.said == []
        page.context.close()


@pytest.mark.browser
def test_no_key_acts_once_shortcuts_are_switched_off(served, browser):
    _, url = served
    page = open_page(browser, url, "editor A")
    page.goto("/desk/account")
    page.click("button[name=shortcuts]")
    page.goto("/desk")
    assert page.query_selector("kbd") is None
    for key in ("j", "t", "Enter", "/", "?"):
        page.keyboard.press(key)
    assert page.url == f"{url}/desk" and page.query_selector("li.at") is None and page.query_selector(".said") is None
    page.context.close()


@pytest.mark.browser
def test_the_whole_form_works_without_scripts(served, browser):
    desk, url = served
    page = open_page(browser, url, "editor A", java_script_enabled=False)
    page.goto(f"/desk/claims/{desk.claim_ids()[0]}")
    page.click("form[action$='/draft'] button")
    page.fill("#headline", READY["headline"])
    page.click("button[value=add_row]")
    assert page.locator("#evidence-3-url, #evidence-1-url").count() >= 1
    assert page.input_value("#headline") == READY["headline"]
    page.click(".save-bar button[value=save]")
    assert page.locator(".said").count() == 1
    page.context.close()
