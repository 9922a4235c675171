"""Log-in, sessions, passwords, and where a log-in may lead."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters

from index.errors import InvalidInput
from index.model import EditorRole
from webapp import auth, create_app

from .conftest import PASSWORD, Person

WRONG = "not-the-password-at-all"


def log_in(client, name, password, **fields):
    person = Person(client)
    return person.post("/desk/log-in", {"name": name, "password": password, **fields})


# --- sessions -----------------------------------------------------------------------------------------------------


def test_the_session_cookie_is_closed_to_scripts_and_other_sites_and_only_its_hash_is_stored(desk):
    answer = log_in(desk.client(), "editor A", PASSWORD)
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("clarion-session="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Secure" not in cookie
    token = cookie.partition("=")[2].partition(";")[0]
    assert len(token) >= 43
    data = b"".join(p.read_bytes() for p in desk.catalogue.settings.data_dir.rglob("*") if p.is_file())
    assert token.encode() not in data
    assert auth._sha256(token).encode() in data


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(catalogue, settings):
    app = create_app(replace(settings, site_url="https://localhost"), catalogue)
    client = app.test_client()
    page = client.get("/desk/log-in", base_url="https://localhost")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    form = {"csrf_token": token, "name": "editor A", "password": PASSWORD}
    answer = client.post("/desk/log-in", data=form, base_url="https://localhost")
    assert answer.status_code == 303
    cookies = [c for c in answer.headers.getlist("Set-Cookie") if "session" in c or "device" in c]
    assert len(cookies) == 2
    assert all(c.startswith("__Host-") and "Secure" in c and "Domain" not in c for c in cookies)


def test_each_log_in_makes_a_new_token_and_ends_the_old_one(desk):
    client = desk.client()
    log_in(client, "editor A", PASSWORD)
    first = client.get_cookie("clarion-session").value
    log_in(client, "editor A", PASSWORD)
    second = client.get_cookie("clarion-session").value
    assert first != second
    replay = desk.client()
    replay.set_cookie("clarion-session", first)
    assert replay.get("/desk").status_code == 401


def test_a_replayed_cookie_is_worth_nothing_after_log_out_new_password_or_deactivation(desk):
    for ending in ("log-out", "password", "deactivation"):
        person = desk.logged_in("editor A")
        token = person.client.get_cookie("clarion-session").value
        if ending == "log-out":
            assert person.post("/desk/log-out").status_code == 303
        elif ending == "password":
            new = "another sentence of mine"
            changed = person.post("/desk/account/password", {"password": PASSWORD, "new_password": new})
            assert changed.status_code == 303
            assert person.get("/desk").status_code == 200, "the browser that changed it goes on"
            editor, _ = desk.catalogue.editor_by_name("editor A")
            desk.catalogue.set_password(editor, auth.hash_password(PASSWORD))
        else:
            editor, _ = desk.catalogue.editor_by_name("editor A")
            admin = desk.logged_in("admin C")
            assert admin.post(f"/desk/editors/{editor.id}/active", {"active": "no"}).status_code == 303
        replay = desk.client()
        replay.set_cookie("clarion-session", token)
        assert replay.get("/desk").status_code == 401, ending


def test_a_session_ends_after_twelve_hours_however_busy_it_was(desk):
    person = desk.logged_in("editor A")
    for _ in range(11):
        desk.clock.move(hours=1)
        assert person.get("/desk").status_code == 200
    desk.clock.move(hours=1, minutes=1)
    assert person.get("/desk").status_code == 401


def test_made_up_tokens_open_nothing(desk):
    for token in ("", "x", "A" * 43, "A" * 5000, "中文"):
        client = desk.client()
        client.set_cookie("clarion-session", token)
        assert client.get("/desk").status_code == 401


# --- guessing -----------------------------------------------------------------------------------------------------


def test_unknown_wrong_and_deactivated_give_the_same_answer(desk):
    editor, _ = desk.catalogue.editor_by_name("editor B")
    admin = next(e for e in desk.catalogue.editors() if e.role is EditorRole.ADMIN)
    desk.catalogue.set_active(editor.id, False, admin)
    attempts = {"editor A": WRONG, "nobody here": PASSWORD, "editor B": PASSWORD}
    answers = set()
    for name, password in attempts.items():
        answer = log_in(desk.client(), name, password)
        page = re.sub(r'value="[^"]*"', "", answer.text)
        answers.add((answer.status_code, page))
    assert len(answers) == 1 and next(iter(answers))[0] == 422


def test_unknown_names_cost_a_hash_as_known_ones_do(desk, monkeypatch):
    counted = count_hashes(monkeypatch)
    for name in ("editor A", "nobody here"):
        log_in(desk.client(), name, WRONG)
    assert len(counted) == 2


def count_hashes(monkeypatch):
    counted = []

    class Counting(PasswordHasher):
        def verify(self, hash, password):
            counted.append(1)
            return hash == "right" and password == PASSWORD

    monkeypatch.setattr(auth, "hasher", Counting())
    return counted


def test_hours_of_guessing_reach_the_hasher_at_most_twenty_times_an_hour(desk, monkeypatch):
    counted = count_hashes(monkeypatch)
    client = desk.client()
    token = Person(client).token()
    per_hour = []
    for _ in range(2):
        before = len(counted)
        for number in range(180):  # one every 20 seconds, each with a forged address
            form = {"csrf_token": token, "name": "editor A", "password": f"guess-{number}"}
            client.post("/desk/log-in", data=form, headers={"X-Forwarded-For": f"10.{number}.0.9"})
            desk.clock.move(seconds=20)
        per_hour.append(len(counted) - before)
    assert per_hour[0] >= 10 and max(per_hour) <= 20


def test_the_delay_grows_and_ends(desk):
    assert [auth.wait_after(n, 3) for n in range(8)] == [0, 0, 0, 2, 4, 8, 16, 32]
    assert auth.wait_after(10_000, 3) == 900
    for _ in range(3):
        assert log_in(desk.client(), "editor A", WRONG).status_code == 422
    blocked = log_in(desk.client(), "editor A", PASSWORD)
    assert blocked.status_code == 429 and int(blocked.headers["Retry-After"]) >= 1
    desk.clock.move(seconds=3)
    assert log_in(desk.client(), "editor A", PASSWORD).status_code == 303


def test_a_stranger_who_keeps_guessing_does_not_keep_the_owner_out_of_a_known_browser(desk):
    owner = desk.logged_in("editor A")
    owner.post("/desk/log-out")
    stranger = desk.client()
    for _ in range(12):
        log_in(stranger, "editor A", WRONG)
        desk.clock.move(seconds=60)
    log_in(stranger, "editor A", WRONG)
    assert log_in(stranger, "editor A", PASSWORD).status_code == 429
    assert log_in(owner.client, "editor A", PASSWORD).status_code == 303
    desk.clock.move(hours=2)
    assert log_in(desk.client(), "editor A", PASSWORD).status_code == 303, "and nobody is locked out for ever"


def test_a_device_cookie_counts_for_its_own_account_only(desk):
    owner = desk.logged_in("editor A")
    owner.post("/desk/log-out")
    for _ in range(3):
        log_in(desk.client(), "editor B", WRONG)
    assert log_in(owner.client, "editor B", PASSWORD).status_code == 429


def test_names_and_addresses_of_failed_attempts_are_not_kept(desk):
    log_in(desk.client(), "a-password-typed-into-the-name-field", WRONG)
    data = b"".join(p.read_bytes() for p in desk.catalogue.settings.data_dir.rglob("*") if p.is_file())
    assert b"a-password-typed-into-the-name-field" not in data


def test_addresses_are_counted_by_network():
    assert auth._network("198.51.100.7") == auth._network("198.51.100.250") == "198.51.100.0/24"
    assert auth._network("2001:db8:1:2::5") == auth._network("2001:db8:1:f0::9") == "2001:db8:1::/56"
    assert auth._network(None) == auth._network("not an address") == "unknown"


# --- passwords ----------------------------------------------------------------------------------------------------


def test_passwords_are_hashed_by_argon2id_at_46_mib_or_better():
    found = extract_parameters(auth.hash_password("a fine password"))
    assert (found.type.name, found.memory_cost >= 47104, found.time_cost >= 1) == ("ID", True, True)


def test_a_hash_of_older_settings_is_renewed_at_log_in(desk):
    editor, _ = desk.catalogue.editor_by_name("editor A")
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    desk.catalogue.set_password(editor, weak)
    assert log_in(desk.client(), "editor A", PASSWORD).status_code == 303
    _, renewed = desk.catalogue.editor_by_name("editor A")
    assert extract_parameters(renewed).memory_cost >= 47104
    assert [e.act for e in desk.catalogue.audit()].count("password_changed") == 1  # the test's own, not the renewal
    assert log_in(desk.client(), "editor A", PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_short"),
        ("七个字符的密码", "password_short"),
        ("x" * 129, "password_long"),
        ("password", "password_common"),
        ("P@ssw0rd2024!", "password_common"),
        ("12345678", "password_common"),
        ("87654321", "password_common"),
        ("aaaaaaaaaa", "password_common"),
        ("abababababab", "password_common"),
        ("qwertyuiop1", "password_common"),
        ("woaini1314", "password_common"),
        ("clarion2026", "password_common"),
        ("the editor a of today", "password_common"),
    ],
)
def test_a_password_that_is_too_short_too_long_or_too_common_is_refused(password, code):
    with pytest.raises(InvalidInput) as refused:
        auth.check_new_password(password, "Editor A")
    assert refused.value.code == code


@pytest.mark.parametrize(
    "password",
    ["八个字的密码也可以", "x9 river under stone", "é" * 7 + "abc", "correct-horse 4 battery", "z" * 4 + "kq7!" * 31],
)
def test_a_password_of_8_to_128_characters_is_taken_whole(password):
    auth.check_new_password(password, "Editor A")
    stored = auth.hash_password(password)
    assert auth._fits(stored, password)
    assert not auth._fits(stored, password[:-1])


def test_a_changed_password_needs_the_present_one_and_a_good_new_one(desk):
    person = desk.logged_in("editor A")
    wrong = person.post("/en/desk/account/password", {"password": WRONG, "new_password": "a new sentence here"})
    assert (
        wrong.status_code == 422 and "present password is not right" in wrong.text and 'href="#password"' in wrong.text
    )
    weak = person.post("/en/desk/account/password", {"password": PASSWORD, "new_password": "password1"})
    assert weak.status_code == 422 and 'href="#new_password"' in weak.text


# --- where a log-in leads -----------------------------------------------------------------------------------------

HOSTILE = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example",
    "/\t/evil.example", "\t//evil.example", "https:evil.example", "https:/evil.example",
    "https://evil.example/desk", "http://evil.example", "//evil.example/desk", "//@evil.example", "/@evil.example",
    "https://localhost@evil.example/desk", "%2f%2fevil.example", "/%2fevil.example", "/%2f%2fevil.example",
    "/%5cevil.example", "／／evil.example", "/／evil.example", "⁄⁄evil.example", "/desk//evil.example",
    "/desk/../../evil", "/desk/%2e%2e/evil", "/desk\\..\\evil", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "data:text/html,x", "/desk\r\nSet-Cookie: a=b", "/desk\x00", "/deskevil", "desk", "", " /desk", "/fr/desk",
    "/desk/log-in@evil", "//localhost/desk", "/en//evil.example/desk", "https:///desk", "/desk;//evil",
    "vbscript:x", "/en/desk/..", "?next=/desk", "#",
]  # fmt: skip
OWN = [
    "/desk",
    "/en/desk",
    "/zh-hant/desk/sources",
    "/desk?list=write&topic=health",
    "/desk/drafts/ref_0123/check",
    "/desk/audit?before=12",
    "/desk/",
]


@pytest.mark.parametrize("target", HOSTILE)
def test_a_log_in_never_leads_away_from_the_desk(target):
    assert auth.safe_next(target, "/desk") == "/desk"


@pytest.mark.parametrize("target", OWN)
def test_a_log_in_leads_back_to_the_page_that_was_asked_for(target):
    assert auth.safe_next(target, "/") == target


def test_there_are_at_least_thirty_hostile_vectors():
    assert len(HOSTILE) >= 30


def test_next_is_checked_on_the_page_and_on_the_post(desk):
    page = desk.client().get("/desk/log-in?next=//evil.example")
    assert "evil.example" not in page.text.partition("<main")[2]
    answer = log_in(desk.client(), "editor A", PASSWORD, next="//evil.example")
    assert answer.location == "/desk"
    answer = log_in(desk.client(), "editor A", PASSWORD, next="/en/desk/sources")
    assert answer.location == "/en/desk/sources"


def test_a_page_asked_for_without_a_session_comes_after_log_in(desk):
    client = desk.client()
    page = client.get("/en/desk/claims?topic=health")
    assert page.status_code == 401 and "session" in page.text
    target = re.search(r'name="next" value="([^"]+)"', page.text)[1]
    assert target == "/en/desk/claims?topic=health"


# --- a session that ends while somebody writes --------------------------------------------------------------------


def test_a_text_posted_after_the_session_ended_is_kept_through_the_log_in_and_sent_again(desk):
    person = desk.logged_in("editor A")
    refutation_id = person.post(f"/desk/claims/{desk.claim_ids()[0]}/draft").location.rpartition("/")[2]
    form_page = person.get(f"/en/desk/drafts/{refutation_id}").text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form_page))
    desk.clock.move(hours=13)
    text = "An hour of careful work.\nSecond line <b>&amp;</b>"
    fields = {
        "csrf_token": hidden["csrf_token"],
        "version": hidden["version"],
        "why": text,
        "language": "en",
        "act": "save",
    }
    ended = person.client.post(f"/en/desk/drafts/{refutation_id}", data=fields)
    assert ended.status_code == 401
    assert "An hour of careful work." in ended.text and "&lt;b&gt;" in ended.text and "<b>&amp;</b>" not in ended.text

    form = {
        n: unescape(v)
        for n, v in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', ended.text, re.DOTALL)
    }
    assert form["kept_path"] == f"/en/desk/drafts/{refutation_id}"
    mistyped = person.client.post("/en/desk/log-in", data={**form, "name": "editor A", "password": WRONG})
    assert mistyped.status_code == 422 and "An hour of careful work." in mistyped.text, (
        "also kept after a wrong password"
    )
    again = person.client.post("/en/desk/log-in", data={**form, "name": "editor A", "password": PASSWORD})
    assert again.status_code == 200 and "An hour of careful work." in again.text
    form = {
        n: unescape(v)
        for n, v in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', again.text, re.DOTALL)
    }
    action = re.findall(r'<form method="post" action="([^"]+)"', again.text)[-1]
    saved = person.client.post(action, data=form)
    assert saved.status_code == 303
    page = desk.catalogue.draft_page(refutation_id, desk.catalogue.editors()[0])
    assert page.working.text.why.replace("\r", "") == text


def unescape(value):
    return html.unescape(value)


def test_a_form_without_a_token_is_refused_and_its_text_is_shown_back(desk):
    person = desk.logged_in("editor A")
    claim_id = desk.claim_ids()[0]
    for token in (None, "made-up", desk.logged_in("editor B").token()):
        fields = {"own_reason": "只是一种看法"} | ({"csrf_token": token} if token else {})
        answer = person.client.post(f"/desk/claims/{claim_id}/not-checkable", data=fields)
        assert answer.status_code == 400 and "只是一种看法" in answer.text and answer.text.count("<h1") == 1
    assert desk.catalogue.claim_file(claim_id).claim.status.value == "open"


def test_a_kept_form_is_never_sent_anywhere_but_to_the_desk(desk):
    answer = log_in(desk.client(), "editor A", PASSWORD, kept_path="https://evil.example/", **{"kept-x": "y"})
    assert answer.status_code == 303 and answer.location == "/desk"


def test_forms_from_other_sites_are_refused(desk):
    person = desk.logged_in("editor A")
    claim_id = desk.claim_ids()[0]
    hostile = [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ]
    for headers in hostile:
        assert person.post(f"/desk/claims/{claim_id}/take", headers=headers).status_code == 403, headers
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert person.post(f"/desk/claims/{claim_id}/take", headers=own).status_code == 303


def test_the_window_of_the_throttle_is_an_hour():
    assert timedelta(hours=1) == auth.WINDOW
