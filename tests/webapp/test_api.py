"""The API: its answers fit its own description, bad requests have one shape, notices are told exactly once."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.webapp.stage import TEXTS, Stage, correct, publish, withdraw

V1 = "/api/v1"


def described(client: FlaskClient) -> dict[str, Any]:
    return client.get(f"{V1}/openapi.json").get_json()


def fits(document: dict[str, Any], path: str, method: str, status: int, body: Any) -> None:
    """Raises jsonschema.ValidationError if an answer is not as described."""
    schema = document["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator(
        {**schema, "components": document["components"]}, format_checker=jsonschema.FormatChecker()
    ).validate(body)


def test_the_description_and_the_routes_are_the_same(site: Flask, reader: FlaskClient) -> None:
    routes = {
        (rule.rule.removeprefix(V1).replace("<", "{").replace(">", "}"), method.lower())
        for rule in site.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    document = described(reader)
    assert {(path, method) for path, item in document["paths"].items() for method in item} == routes
    jsonschema.Draft202012Validator.check_schema({"$defs": document["components"]["schemas"]})


def test_every_answer_fits_its_description(reader: FlaskClient, shared_stage: Stage) -> None:
    document = described(reader)
    asked = {
        "/alerts": ["/alerts", "/alerts?verdict=false&topic=health&limit=1", "/alerts?min_severity=high&lang=en"],
        "/alerts/{thread_id}": [f"/alerts/{id}" for id in shared_stage.threads.values()],
        "/notices": ["/notices", "/notices?limit=2"],
        "/claims/{claim_id}": [f"/claims/{id}" for id in shared_stage.claims.values()],
        "/topics": ["/topics"],
        "/verdicts": ["/verdicts?lang=zh-hant"],
        "/sources": ["/sources"],
        "/openapi.json": ["/openapi.json"],
    }
    for path, addresses in asked.items():
        for address in addresses:
            answer = reader.get(V1 + address)
            assert answer.status_code == 200, address
            fits(document, path, "get", 200, answer.get_json())
    for text in (TEXTS["5g"].claim, "今年全国高考推迟到七月底举行", "隔壁的猫今天生了五只小猫，都很健康"):
        fits(document, "/match", "post", 200, reader.post(f"{V1}/match", json={"text": text}).get_json())
    assert set(asked) | {"/match"} == set(document["paths"])


def test_match_finds_the_refutation_and_says_why(reader: FlaskClient, shared_stage: Stage) -> None:
    body = reader.post(f"{V1}/match", json={"text": "5G 基站会传播新冠病毒，住在附近的人都会被感染"}).get_json()
    assert body["outcome"] == "found"
    first = body["candidates"][0]
    assert first["id"] == shared_stage.threads["5g"] and first["verdict"] == "false" and first["band"] == "same"
    assert first["title"] == TEXTS["5g"].headline and first["url"].startswith(
        f"http://127.0.0.1:8000/alerts/{first['id']}/"
    )
    assert 0 <= first["probability"] <= 1
    assert first["reasons"][0] in ("文字相同。", "换了说法，意思相同。") and first["objections"] == []


@pytest.mark.parametrize(
    ("tongue", "reasons"),
    [
        ("en", {"The text is the same.", "It says the same in other words."}),
        ("zh-hant", {"文字相同。", "換了說法，意思相同。"}),
    ],
)
def test_reasons_come_in_the_language_that_was_asked_for(reader: FlaskClient, tongue: str, reasons: set[str]) -> None:
    body = reader.post(f"{V1}/match?lang={tongue}", json={"text": TEXTS["5g"].claim}).get_json()
    assert reasons & set(body["candidates"][0]["reasons"])


def test_a_known_claim_gives_no_verdict_and_no_draft_but_other_publishers_reviews(
    reader: FlaskClient, shared_stage: Stage
) -> None:
    body = reader.post(f"{V1}/match", json={"text": "今年全国高考推迟到七月底举行"}).get_json()
    assert body["outcome"] == "known" and body["claim"]["id"] == shared_stage.claims["exam"]
    assert [c["verdict"] for c in body["candidates"]] == [None]
    assert [(r["publisher"], r["label"]) for r in body["reviews"]] == [("教育部", "谣言")]


def test_nothing_found_is_an_empty_list_and_no_verdict(reader: FlaskClient) -> None:
    body = reader.post(f"{V1}/match", json={"text": "隔壁的猫今天生了五只小猫，都很健康"}).get_json()
    assert (body["outcome"], body["candidates"], body["claim"]) == ("nothing", [], None)


BAD_BODIES = {
    b"": "malformed_json", b"{": "malformed_json", b"[]": "malformed_json",
    b'"text"': "malformed_json", b"null": "malformed_json",
    b'{"text": NaN}': "malformed_json", b"\xff\xfe": "malformed_json", b"[" * 60_000: "malformed_json",
    b"{}": "missing", b'{"text": 5}': "wrong_type", b'{"text": null}': "wrong_type", b'{"text": ["a"]}': "wrong_type",
    b'{"text": ""}': "empty", b'{"text": "  \\n "}': "empty", b'{"text": "\\u0000\\u0001"}': "empty",
    b'{"text": "\\ud800 abc"}': "invalid_text",
    json.dumps({"text": "长" * 5001}).encode(): "too_long",
}  # fmt: skip


@pytest.mark.parametrize(("body", "code"), BAD_BODIES.items(), ids=lambda v: v if isinstance(v, str) else repr(v[:12]))
def test_a_bad_body_has_a_code_a_sentence_and_a_request_id(reader: FlaskClient, body: bytes, code: str) -> None:
    answer = reader.post(f"{V1}/match?lang=en", data=body, content_type="application/json")
    assert answer.status_code == 400
    document = answer.get_json()
    fits(described(reader), "/match", "post", 400, document)
    assert document["error"]["code"] == code and document["error"]["message"].endswith(".")
    assert document["request_id"] == answer.headers["X-Request-Id"]
    assert document["error"]["field"] == (None if code == "malformed_json" else "text")


@pytest.mark.parametrize(
    ("address", "status", "code", "field"),
    [
        ("/alerts?verdict=fake", 400, "unknown_value", "verdict"),
        ("/alerts?limit=0", 400, "unknown_value", "limit"),
        ("/alerts?limit=１", 400, "unknown_value", "limit"),
        ("/alerts?cursor=999", 400, "unknown_value", "cursor"),
        ("/alerts?lang=fr", 400, "unknown_value", "lang"),
        ("/notices?since=xyz", 400, "unknown_value", "since"),
        ("/alerts/nothing", 404, "not_found", None),
        ("/claims/clm_00000000000000000000000000", 404, "not_found", None),
        ("/nope", 404, "not_found", None),
        ("/match", 405, "method_not_allowed", None),
    ],
)
def test_every_refusal_has_the_same_shape(
    reader: FlaskClient, address: str, status: int, code: str, field: str | None
) -> None:
    answer = reader.get(V1 + address)
    assert answer.status_code == status and answer.mimetype == "application/json"
    error = answer.get_json()["error"]
    assert (error["code"], error["field"]) == (code, field) and error["message"]
    assert set(answer.get_json()) == {"error", "request_id"} and set(error) == {"code", "message", "field"}


def test_a_body_that_is_too_large_is_refused_before_it_is_read(reader: FlaskClient) -> None:
    answer = reader.post(f"{V1}/match", data=b'{"text": "' + b"a" * 300_000 + b'"}')
    assert answer.status_code == 413 and answer.get_json()["error"]["code"] == "too_large"


def test_more_than_100_requests_a_minute_are_told_when_to_come_back(reader: FlaskClient) -> None:
    statuses = [reader.get(f"{V1}/verdicts").status_code for _ in range(100)]
    assert set(statuses) == {200}
    answer = reader.get(f"{V1}/verdicts")
    assert answer.status_code == 429 and answer.get_json()["error"]["code"] == "too_many_requests"
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_notices_are_told_oldest_first_and_each_exactly_once(own_site: Flask, own_stage: Stage) -> None:
    client = own_site.test_client()
    told: list[str] = []
    cursor = ""

    def catch_up() -> None:
        nonlocal cursor
        address = f"{V1}/notices?limit=2" + (f"&since={cursor}" if cursor else "")
        while address:
            body = client.get(address.replace("http://127.0.0.1:8000", "")).get_json()
            told.extend(n["id"] for n in body["notices"])
            cursor, address = body["cursor"], body["next"]

    catch_up()
    before = len(told)
    own_stage.clock.pass_(hours=1)
    sent = [
        publish(own_stage, "exam", TEXTS["cloud"]),
        correct(own_stage, "5g", "补充说明。", why=TEXTS["5g"].why + "\n补充说明。"),
        withdraw(own_stage, "salt", "正在重新核实。"),
    ]
    catch_up()
    catch_up()
    assert told[before:] == [n.id for n in sent]
    assert len(set(told)) == len(told) == len(own_stage.catalogue.notices(limit=1000))


def test_a_withdrawn_alert_gives_its_reason_and_no_verdict(reader: FlaskClient, shared_stage: Stage) -> None:
    body = reader.get(f"{V1}/alerts/{shared_stage.threads['phone']}").get_json()
    assert body["state"] == "withdrawn" and body["verdict"] is None and body["withdrawal_reason"].startswith("所引案例")
    assert [n["kind"] for n in body["notices"]] == ["issue", "cancel"] and body["notices"][1]["references"]


def test_an_alert_is_also_found_by_the_id_of_a_later_notice(reader: FlaskClient, shared_stage: Stage) -> None:
    thread = shared_stage.catalogue.thread(shared_stage.threads["salt"])
    assert reader.get(f"{V1}/alerts/{thread.notices[-1].id}").get_json()["id"] == thread.id


def test_lists_go_on_at_next_and_hold_each_alert_once(reader: FlaskClient, shared_stage: Stage) -> None:
    seen: list[str] = []
    address: str | None = f"{V1}/alerts?limit=2&lang=en"
    while address:
        body = reader.get(address.replace("http://127.0.0.1:8000", "")).get_json()
        seen += [a["id"] for a in body["alerts"]]
        address = body["next"]
        assert address is None or "lang=en" in address
    assert sorted(seen) == sorted(shared_stage.threads.values())


def test_an_unchanged_answer_is_304(reader: FlaskClient) -> None:
    first = reader.get(f"{V1}/alerts")
    again = reader.get(f"{V1}/alerts", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""


def test_the_api_neither_sets_nor_reads_cookies(reader: FlaskClient) -> None:
    assert "Set-Cookie" not in reader.post(f"{V1}/match", json={"text": TEXTS["5g"].claim}).headers
