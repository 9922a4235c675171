"""Cofacts: messages and replies from its API and its files, opposed and deleted replies, cursor and access key."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import pytest

from crawlers.adapters import adapter, cofactsdump
from crawlers.adapters.cofacts import PAGE, question
from crawlers.labels import map_label
from index.model import Role, SourceKind, Verdict
from tests.crawlers.fakes import FakeCatalogue, a_source
from tests.crawlers.loopback import at, crawl, read
from tests.crawlers.rude_server import Asked, RudeServer, Wire

CHECKER: dict[str, Any] = {"kind": SourceKind.CHECKER, "role": Role.REFUTATION, "language": "zh-Hant"}
OPEN: dict[str, Any] = {"kind": SourceKind.MONITOR, "role": Role.CIRCULATING, "language": "zh-Hant"}
KEY = {"key_env": "COFACTS_APP_ID"}


def cofacts(**changes: Any) -> Any:
    values = CHECKER | {"domain": "cofacts.tw", "url": "https://api.cofacts.tw/graphql", "format": "cofacts"}
    return a_source("tw-cofacts", **(values | changes))


def reply(name: str, kind: str = "RUMOR", status: str = "NORMAL", text: str = "衛福部說明，沒有這項規定。") -> Any:
    told = {"id": name, "type": kind, "text": text, "reference": "https://www.mohw.gov.tw/1"}
    return {"status": status, "createdAt": "2026-02-28T10:00:00.000Z", "reply": told}


def node(name: str, *replies: Any, text: str | None = "喝冰水會致癌！請轉發 @friend") -> dict[str, Any]:
    return {"id": name, "text": text, "createdAt": "2026-02-28T09:00:00.000Z", "articleReplies": list(replies)}


def answer(*nodes: Any) -> str:
    edges = [{"cursor": f"c-{n['id']}" if isinstance(n, dict) else "", "node": n} for n in nodes]
    return json.dumps({"data": {"ListArticles": {"edges": edges}}})


def test_a_message_is_a_sighting_and_each_reply_a_review_opposed_ones_too() -> None:
    parsed = read(cofacts(), answer(node("a1", reply("r1"), reply("r2", "NOT_RUMOR"), reply("r3", "OPINIONATED"))))
    message, *reviews = parsed.items
    assert (message.role, message.native_id, message.url) == (Role.CIRCULATING, "a1", "https://cofacts.tw/article/a1")
    assert (message.title, message.text) == ("喝冰水會致癌！", "喝冰水會致癌！請轉發 @…")
    assert [(r.role, r.native_id, r.label) for r in reviews] == [
        (Role.REFUTATION, "a1/r1", "RUMOR"), (Role.REFUTATION, "a1/r2", "NOT_RUMOR"),
        (Role.REFUTATION, "a1/r3", "OPINIONATED"),
    ]  # fmt: skip
    assert {r.claim for r in reviews} == {message.text}
    assert reviews[0].text == "衛福部說明，沒有這項規定。\n\nhttps://www.mohw.gov.tw/1"
    verdicts = [map_label(r.label, None, {}).verdict for r in reviews]
    assert verdicts == [Verdict.FALSE, Verdict.TRUE, None]


def test_a_deleted_reply_is_withdrawn_and_one_without_text_keeps_its_label() -> None:
    parsed = read(cofacts(), answer(node("a1", reply("r1", status="DELETED"), reply("r2", text=""))))
    _, deleted, silent = parsed.items
    assert (deleted.is_withdrawn, silent.is_withdrawn, silent.title) == (True, False, "RUMOR")


def test_a_picture_without_text_has_reviews_but_no_claim() -> None:
    parsed = read(cofacts(), answer(node("a1", reply("r1"), text=None), None, node("a2", text="  ")))
    (review,) = parsed.items
    assert (review.native_id, review.claim) == ("a1/r1", "")
    assert (parsed.notes, [e.code for e in parsed.bad]) == ({"without_text": 2}, ["malformed"])


def test_open_messages_are_sightings_only_and_are_asked_for_as_such() -> None:
    parsed = read(cofacts(**OPEN), answer(node("a1", reply("r1"))))
    assert [i.role for i in parsed.items] == [Role.CIRCULATING]
    (first,) = adapter("cofacts").first(cofacts(**OPEN))
    asked = json.loads(first.body)
    assert "replyCount:{EQ:0}" in asked["query"] and "articleReplies" not in asked["query"]
    assert asked["variables"] == {"first": PAGE, "after": None}
    assert "aiReplies" not in json.loads(question(cofacts()))["query"], "no replies of a machine"


def test_a_full_page_leads_to_the_next_by_its_last_cursor() -> None:
    parsed = read(cofacts(), answer(*(node(f"a{n}", reply(f"r{n}")) for n in range(PAGE))))
    (more,) = parsed.more
    assert json.loads(more.body)["variables"]["after"] == f"c-a{PAGE - 1}"
    assert more.native_id == f"a{PAGE - 1}/r{PAGE - 1}"
    assert read(cofacts(), answer(node("a1"))).more == ()


@pytest.mark.parametrize(
    ("body", "code"),
    [('{"errors": [{"message": "x-app-id is required"}]}', "needs_token"),
     ('{"errors": [{"message": "Cannot query field"}], "data": null}', "malformed"),
     ('{"data": {"ListArticles": null}}', "malformed"), ("<html>", "malformed"), ("[]", "malformed"),
     ("", "empty_body")],
)  # fmt: skip
def test_what_is_no_list_of_messages_has_a_code(body: str, code: str) -> None:
    assert read(cofacts(), body).code == code


def test_an_answer_in_no_encoding_says_so() -> None:
    assert read(cofacts(), b"\x81\xff\xfe\x00\xff" * 20).code == "bad_encoding"


def test_the_api_over_loopback_wants_the_key_and_gives_pages_by_cursor() -> None:
    names = [f"a{n:03}" for n in range(60, 0, -1)]

    def behave(wire: Wire, asked: Asked) -> None:
        if asked.path != "/graphql":
            wire.answer(404)
            return
        if asked.method != "POST" or asked.headers.get("content-type") != "application/json":
            wire.answer(400)
            return
        if asked.headers.get("x-app-id") != "loopback-app":
            wire.answer(200, b'{"errors": [{"message": "app-id unknown"}]}')
            return
        wanted = json.loads(asked.body)["variables"]
        start = names.index(wanted["after"].removeprefix("c-")) + 1 if wanted["after"] else 0
        page = [node(n, reply(f"r-{n}"), text=f"第{n}則訊息說要停水") for n in names[start : start + wanted["first"]]]
        wire.answer(200, answer(*page).encode())

    with RudeServer(behave) as server:
        source, catalogue = at(server, "/graphql", format="cofacts", options=KEY, **CHECKER), FakeCatalogue()
        environ = {"COFACTS_APP_ID": "loopback-app"}
        report, items = crawl(server, source, catalogue, environ)
        assert (report.status, len(items)) == ("ok", 120)
        names.insert(0, "a061")
        server.asked.clear()
        report, _ = crawl(server, source, catalogue, environ, is_first=False)
        assert report.new == 2
        assert server.paths().count("/graphql") == 1, "the second page is known"
        for wrong, code in (({}, "needs_token"), ({"COFACTS_APP_ID": "other"}, "needs_token")):
            server.asked.clear()
            report, _ = crawl(server, source, FakeCatalogue(), wrong)
            assert (report.code, "/graphql" in server.paths()) == (code, bool(wrong))


# --- the files of its open data ---


def table(header: str, *rows: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([tuple(header.split()), *rows])
    return out.getvalue()


ARTICLES = table("id references text createdAt", ("a1", "LINE", "喝冰水,會致癌\n請轉發", "2026-02-28T09:00:00.000Z"))
LINKS = table(
    "articleId replyId replyType status createdAt",
    ("a1", "r1", "RUMOR", "NORMAL", "2026-02-28T10:00:00.000Z"),
    ("a1", "r2", "NON_RUMOR", "DELETED", "2026-02-28T10:00:00.000Z"),
)
REPLIES = table("id type reference text", ("r1", "RUMOR", "https://www.mohw.gov.tw/1", "沒有這項規定。"))


def packed(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return out.getvalue()


def test_the_files_give_what_the_api_gives() -> None:
    parsed = read(cofacts(), packed(articles=ARTICLES, article_replies=LINKS, replies=REPLIES))
    message, first, second = parsed.items
    assert (message.native_id, message.text) == ("a1", "喝冰水,會致癌\n請轉發")
    assert (first.native_id, first.label, first.text) == (
        "a1/r1",
        "RUMOR",
        "沒有這項規定。\n\nhttps://www.mohw.gov.tw/1",
    )
    assert (second.label, second.is_withdrawn) == ("NOT_RUMOR", True)
    assert [i.native_id for i in read(cofacts(), "\ufeff" + ARTICLES).items] == ["a1"]
    (first_request,) = adapter("cofacts").first(cofacts(url="https://cofacts.tw/articles.csv"))
    assert first_request.body == b""


def test_a7_files_that_are_too_large_or_broken_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = packed(articles=ARTICLES, replies=REPLIES)
    assert read(cofacts(), whole[:60]).code == "malformed"
    assert read(cofacts(), packed(readme="id,other\n1,2\n")).code == "not_a_feed"
    monkeypatch.setattr(cofactsdump, "MAX_BYTES", 100)
    assert read(cofacts(), packed(articles=ARTICLES + "x" * 1000)).code == "too_large"
    monkeypatch.setattr(cofactsdump, "MAX_BYTES", 10**6)
    monkeypatch.setattr(cofactsdump, "MAX_ROWS", 1)
    assert read(cofacts(), packed(articles=ARTICLES + ARTICLES)).code == "too_large"
