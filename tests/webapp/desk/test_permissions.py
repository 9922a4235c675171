"""Every desk route has a decision, and the running site keeps it for every kind of visitor (reliability.md C1, C2)."""

from __future__ import annotations

import re
import sqlite3

import pytest

from index.ids import new_id
from index.model import SourceSample
from webapp.desk import access

from .conftest import PASSWORD, Person

#: What each visitor gets, route by route: the table a reviewer reads. ok = let in (the catalogue may still refuse).
#: Columns: nobody, reporter, editor, admin. A deactivated editor counts as nobody.
EXPECTED = """
GET   log_in              ok   ok   ok   ok
POST  log_in_now          ok   ok   ok   ok
POST  log_out             ok   ok   ok   ok
GET   queue               401  ok   ok   ok
GET   claims              401  ok   ok   ok
GET   claim               401  ok   ok   ok
POST  take                401  ok   ok   ok
POST  release             401  ok   ok   ok
POST  set_not_checkable   401  403  ok   ok
POST  reopen              401  403  ok   ok
POST  take_out            401  403  ok   ok
POST  start_draft         401  ok   ok   ok
GET   match               401  ok   ok   ok
POST  confirm             401  403  ok   ok
POST  reject              401  403  ok   ok
POST  undo                401  403  ok   ok
GET   draft               401  ok   ok   ok
POST  save_draft          401  ok   ok   ok
GET   preview             401  ok   ok   ok
GET   compare_revisions   401  ok   ok   ok
GET   publish_check       401  ok   ok   ok
POST  send_back           401  403  ok   ok
POST  approve             401  403  ok   ok
POST  discard             401  ok   ok   ok
POST  correct             401  403  ok   ok
POST  keep_citations      401  403  ok   ok
GET   withdrawal          401  403  ok   ok
POST  propose_withdrawal  401  403  ok   ok
GET   alerts              401  ok   ok   ok
GET   sources             401  ok   ok   ok
GET   source              401  ok   ok   ok
GET   source_sample       401  ok   ok   ok
GET   notices             401  ok   ok   ok
POST  check_source        401  403  ok   ok
POST  pause_source        401  403  ok   ok
POST  resume_source       401  403  ok   ok
POST  follow_source       401  403  ok   ok
POST  stay_source         401  403  ok   ok
POST  return_source       401  403  ok   ok
POST  learn_source        401  403  ok   ok
POST  drop_proposal       401  403  ok   ok
GET   audit               401  ok   ok   ok
GET   account             401  ok   ok   ok
POST  change_password     401  ok   ok   ok
POST  set_shortcuts       401  ok   ok   ok
GET   editors             401  403  403  ok
POST  add_editor          401  403  403  ok
POST  set_active          401  403  403  ok
POST  reset_password      401  403  403  ok
"""
VISITORS = ("nobody", "reporter R", "editor A", "admin C")


def table():
    rows = [line.split() for line in EXPECTED.strip().splitlines()]
    return {(method, endpoint): dict(zip(VISITORS, answers, strict=True)) for method, endpoint, *answers in rows}


def routes(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("desk."):
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                yield method, rule.endpoint.removeprefix("desk."), rule


def path_of(rule):
    values = {"claim_id": "clm", "refutation_id": "ref", "match_id": "mat", "editor_id": "edt", "sighting_id": "sig"}
    path = rule.rule
    for name, prefix in values.items():
        path = path.replace(f"<{name}>", new_id(prefix))
    return path.replace("<source_id>", "square").replace("<any(usable, unusable):which>", "usable")


def test_the_table_the_routes_and_the_guard_name_the_same_endpoints(desk):
    found = {(method, endpoint) for method, endpoint, _ in routes(desk.app)}
    assert found == set(table())
    assert {endpoint for _, endpoint in found} == set(access.NEEDS)


@pytest.mark.parametrize("visitor", VISITORS)
def test_each_route_answers_each_visitor_as_the_table_says(desk, visitor):
    expected, deviations = table(), []
    person = Person(desk.client()) if visitor == "nobody" else desk.logged_in(visitor)
    token = person.token()
    ordered = sorted(routes(desk.app), key=lambda r: (r[1] in ("log_out", "log_in_now"), r[1]))  # these end the session
    for method, endpoint, rule in ordered:
        form = {"csrf_token": token} if method == "POST" else None
        answer = person.client.open(path_of(rule), method=method, data=form)
        wanted = expected[method, endpoint][visitor]
        if wanted == "ok":
            is_as_said = answer.status_code not in (401, 500) and not is_guards_403(answer)
        else:
            is_as_said = answer.status_code == int(wanted)
        if not is_as_said:
            deviations.append((method, endpoint, answer.status_code, wanted))
    assert deviations == []


def is_guards_403(answer):
    """The guard's own refusal, as against one by the catalogue, which is a page of the desk with a sentence."""
    return answer.status_code == 403 and 'class="mark" href="/desk"' not in answer.text


def test_a_deactivated_editor_is_nobody(desk):
    person = desk.logged_in("editor B")
    token = person.token()
    editor, _ = desk.catalogue.editor_by_name("editor B")
    admin, _ = desk.catalogue.editor_by_name("admin C")
    desk.catalogue.set_active(editor.id, False, admin)
    for method, endpoint, rule in routes(desk.app):
        if endpoint not in ("log_in", "log_in_now", "log_out"):
            form = {"csrf_token": token} if method == "POST" else None
            assert person.client.open(path_of(rule), method=method, data=form).status_code == 401, endpoint


def test_a_view_that_is_not_in_the_table_stays_shut_to_everybody(desk, monkeypatch):
    monkeypatch.delitem(access.NEEDS, "audit")
    for visitor in VISITORS:
        person = Person(desk.client()) if visitor == "nobody" else desk.logged_in(visitor)
        assert person.get("/desk/audit").status_code == 403, visitor


def test_no_unsafe_route_acts_without_a_form_token(desk):
    for visitor in ("nobody", "admin C"):
        person = Person(desk.client()) if visitor == "nobody" else desk.logged_in(visitor)
        for method, endpoint, rule in routes(desk.app):
            if method != "GET":
                for form in ({}, {"csrf_token": "x.y.z"}):
                    answer = person.client.open(path_of(rule), method=method, data=form)
                    assert answer.status_code == 400, (endpoint, visitor, answer.status_code)


def test_no_get_changes_a_record(desk):
    admin = desk.logged_in("admin C")
    refutation_id = admin.post(f"/desk/claims/{desk.claim_ids()[0]}/draft").location.rpartition("/")[2]
    claim_id, match_id = (
        desk.claim_ids()[0],
        desk.catalogue.queue("match", desk.catalogue.editors()[0]).rows[0].suggestions[0].match.id,
    )
    desk.catalogue.set_due("square")
    desk.clock.move(seconds=2)
    lease = next(found for found in desk.catalogue.lease_sources("test", 10) if found.source.id == "square")
    sample = SourceSample("square", True, desk.clock.now(), "https://square.example/", "text/html", 4, b"text")
    assert desk.catalogue.record(lease, [], lease.state, None, sample) is not None
    before = dump(desk)
    for method, _, rule in routes(desk.app):
        if method == "GET":
            path = (
                rule.rule.replace("<claim_id>", claim_id)
                .replace("<refutation_id>", refutation_id)
                .replace("<match_id>", match_id)
                .replace("<any(usable, unusable):which>", "usable")
                .replace("<source_id>", "square")
            )
            assert admin.get(path).status_code in (200, 303, 403), path
    assert dump(desk) == before


def dump(desk):
    with sqlite3.connect(desk.catalogue.settings.data_dir / "clarion.db") as database:
        return list(database.iterdump())


def test_the_desk_is_never_kept_in_a_cache_and_never_indexed(desk):
    admin = desk.logged_in("admin C")
    for person in (admin, Person(desk.client())):
        for path in ("/desk", "/en/desk/sources", "/desk/log-in", "/desk/claims/nonsense"):
            answer = person.get(path)
            assert answer.headers["Cache-Control"] == "no-store", path
            if answer.status_code == 200:
                assert 'name="robots" content="noindex"' in answer.text


def test_errors_tell_nothing_of_the_inside(desk, monkeypatch):
    admin = desk.logged_in("admin C")

    def broken(*_, **__):
        raise RuntimeError("SELECT secret FROM /work/inside")

    for name in ("queue", "desk_claims", "claim_file", "desk_threads", "source_health", "audit", "editors", "session"):
        with monkeypatch.context() as patch:
            patch.setattr(desk.app, "testing", False)
            desk.app.config["PROPAGATE_EXCEPTIONS"] = False
            patch.setattr(type(desk.catalogue), name, broken)
            paths = {
                "desk_claims": "/desk/claims",
                "claim_file": f"/desk/claims/{new_id('clm')}",
                "desk_threads": "/desk/alerts",
                "source_health": "/desk/sources",
            }
            answer = admin.get(paths.get(name, f"/desk/{name}" if name not in ("queue", "session") else "/desk"))
            assert answer.status_code == 500, name
            assert not re.search(r"SELECT|Traceback|/work/|RuntimeError", answer.text)
    assert admin.get("/desk").status_code == 200, "the process lives"
    assert PASSWORD not in answer.text
