"""The Elasticsearch engine against answers that only a sick or distant cluster gives (reliability.md B4, B5)."""

from __future__ import annotations

import base64
import random
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from structlog.testing import capture_logs

from index.errors import SearchUnavailable
from index.model import SearchDocument, SearchQuery
from index.search.breaker import Breaker
from index.search.elastic import ElasticSearch
from index.search.elastic_bulk import ATTEMPTS
from index.settings import Settings
from tests.contracts.search_documents import DIMENSIONS, MODEL, direction, document
from tests.search.scripted_node import Request, ScriptedNode, all_good, as_json, error, items, slow

QUERY = SearchQuery(terms=("salt",), vector=direction(0))


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def node() -> Iterator[ScriptedNode]:
    node = ScriptedNode()
    yield node
    node.stop()


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def engine(node: ScriptedNode, clock: Seconds, pauses: list[float]) -> Iterator[ElasticSearch]:
    settings = Settings(search_url=node.url, search_timeout_s=0.5)
    engine = ElasticSearch(settings, MODEL, DIMENSIONS, breaker=Breaker(now=clock), sleep=pauses.append)
    yield engine
    engine.close()


def some(count: int) -> list[SearchDocument]:
    return [document(f"d{n}", title="salt") for n in range(count)]


# ------------------------------------------------------------------------------------------------------------- bulk


def test_b4_each_item_is_taken_superseded_parked_or_sent_again(
    engine: ElasticSearch, node: ScriptedNode, pauses: list[float]
) -> None:
    node.script += [items(d1=409, d2=429, d3=503, d4=400), items(d3=429)]
    with capture_logs() as logs:
        assert engine.write(some(6)) == 4  # d0, d5 at once; d2 at the second and d3 at the third request
    assert [" ".join(request.ids) for request in node.asked("_bulk")] == ["d0 d1 d2 d3 d4 d5", "d2 d3", "d3"]
    assert engine.dead_letters == 1
    parked = [log for log in logs if log["log_level"] == "error"]
    assert [(log["id"], log["error"]) for log in parked] == [("d4", "error_400")]
    assert "secret" not in str(logs)
    assert len(pauses) == 2


def test_b4_of_a_thousand_items_with_every_kind_of_trouble_none_is_dropped_silently(
    engine: ElasticSearch, node: ScriptedNode
) -> None:
    rnd = random.Random(4)
    stored: dict[str, int] = {}
    bad = {f"d{n}" for n in range(0, 1_000, 37)}

    def troubled(request: Request) -> tuple[int, bytes]:
        chance = rnd.random()
        if chance < 0.1:
            return error(rnd.choice([429, 503]))
        statuses = {}
        for line in request.lines[::2]:
            id, version = line["index"]["_id"], line["index"]["version"]
            if id in bad:
                statuses[id] = 400
            elif stored.get(id, 0) >= version:
                statuses[id] = 409
            elif rnd.random() < 0.2:
                statuses[id] = rnd.choice([429, 503])
            else:
                stored[id] = version
        status, body = items(**statuses)(request)
        return (status, body[: len(body) // 2]) if chance < 0.25 else (status, body)  # taken, but the answer is cut

    applied = 0
    for start in range(0, 1_000, 50):
        batch = [document(f"d{n}", title="salt") for n in range(start, start + 50)]
        for _ in range(20):
            node.script.extend([troubled] * ATTEMPTS)
            try:
                applied += engine.write(batch)
            except SearchUnavailable:  # said aloud, and sync would come again
                engine._breaker.succeeded()
                continue
            break
        node.script.clear()
    assert set(stored) == {f"d{n}" for n in range(1_000)} - bad
    assert engine.dead_letters >= len(bad)
    assert 500 < applied <= len(stored), "what was taken in an answer that was cut counts as superseded"


def test_a_whole_request_is_sent_again_with_growing_pauses_and_then_given_up(
    engine: ElasticSearch, node: ScriptedNode, pauses: list[float]
) -> None:
    cut = (200, b'{"errors": false, "items": [{"index": {"_id"')
    node.script += [error(429), error(503), cut, (200, b""), error(502), error(504)]
    with pytest.raises(SearchUnavailable, match="3 documents in 6 attempts"):
        engine.write(some(3))
    assert len(node.asked("_bulk")) == ATTEMPTS == 6
    assert all(low <= pause <= 2 * low for low, pause in zip((0.05, 0.1, 0.2, 0.4, 0.8), pauses, strict=True))


def test_fewer_items_than_documents_are_no_answer(engine: ElasticSearch, node: ScriptedNode) -> None:
    node.script += [(200, as_json({"errors": False, "items": [{"index": {"_id": "d0", "status": 201}}]}))]
    assert engine.write(some(2)) == 2
    assert len(node.asked("_bulk")) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_not_tried_again(engine: ElasticSearch, node: ScriptedNode, status: int) -> None:
    node.script += [error(status)]
    with pytest.raises(SearchUnavailable, match=str(status)):
        engine.write(some(2))
    node.script += [items(d1=status)]
    with pytest.raises(SearchUnavailable, match=str(status)):
        engine.write(some(2))
    assert len(node.asked("_bulk")) == 2
    assert engine.dead_letters == 0


def test_a_request_that_is_too_large_is_cut_in_two(engine: ElasticSearch, node: ScriptedNode) -> None:
    node.script += [error(413)]
    assert engine.write(some(5)) == 5
    assert [len(request.ids) for request in node.asked("_bulk")] == [5, 2, 3]


# ------------------------------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize(
    "answer",
    [
        error(429), error(500), error(503), error(400), error(403),
        (200, b'{"responses": [{"hits"'),
        (200, b"[]"),
        (200, b'{"responses": []}'),
        (200, as_json({"responses": [{"status": 500, "error": {"type": "search_phase_execution_exception"}}] * 3})),
        (200, as_json({"responses": [{"status": 200, "timed_out": True, "hits": {"hits": []}}] * 3})),
        (200, as_json({"responses": [{"status": 200, "timed_out": False, "hits": {"hits": [{"_id": "a"}]}}] * 3})),
        (200, as_json({"responses": [{"status": 200, "timed_out": False, "hits": None}] * 3})),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_answer_is_unavailable_never_nothing_found(
    engine: ElasticSearch, node: ScriptedNode, answer: tuple[int, bytes]
) -> None:
    node.script += [answer, answer]
    with pytest.raises(SearchUnavailable) as raised:
        engine.find(QUERY)
    assert raised.value.code == "search_unavailable"


def test_a_passing_fault_of_the_way_is_tried_once_more(engine: ElasticSearch, node: ScriptedNode) -> None:
    node.script += [error(503)]
    assert engine.find(QUERY) == ()
    assert len(node.asked("_msearch")) == 2


def test_b5_after_a_timeout_readers_are_answered_at_once_until_the_cluster_is_back(
    engine: ElasticSearch, node: ScriptedNode, clock: Seconds
) -> None:
    node.script += [slow(1.5)]
    with pytest.raises(SearchUnavailable) as raised:
        engine.find(QUERY)
    assert raised.value.__cause__ is not None
    for _ in range(20):
        with pytest.raises(SearchUnavailable):
            engine.find(QUERY)
        with pytest.raises(SearchUnavailable):
            engine.write(some(1))
        assert not engine.is_available()
    assert len(node.asked("_msearch")) == 1, "only the first reader waited"
    clock.now += 1
    assert engine.find(QUERY) == ()
    assert engine.write(some(1)) == 1


def test_a_refused_connection_is_unavailable_with_its_cause(clock: Seconds) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        engine = ElasticSearch(Settings(search_url=url), MODEL, DIMENSIONS, breaker=Breaker(now=clock))
        with pytest.raises(SearchUnavailable) as raised:
            engine.find(QUERY)
    assert raised.value.__cause__ is not None
    assert not engine.is_available()
    engine.close()


def test_something_that_is_no_elasticsearch_is_unavailable(
    engine: ElasticSearch, node: ScriptedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain(handler: object, request: Request) -> None:
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.send_header("Content-Length", "0")  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]

    monkeypatch.setattr(node, "answer", plain)
    with pytest.raises(SearchUnavailable):
        engine.find(QUERY)
    assert not engine.is_available()


def test_a_second_host_answers_when_the_first_is_gone_or_hangs(node: ScriptedNode, clock: Seconds) -> None:
    hanging = ScriptedNode()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for other in (gone, hanging.url):
            settings = Settings(search_url=f"{other},{node.url}", search_timeout_s=1.0)
            engine = ElasticSearch(settings, MODEL, DIMENSIONS, breaker=Breaker(now=clock))
            for _ in range(4):
                hanging.script = type(hanging.script)([slow(2.0)] * 4)
                assert engine.find(QUERY) == ()
            engine.close()
    hanging.stop()


# ------------------------------------------------------------------------------------------------------- what is sent


def test_credentials_are_sent_as_set(node: ScriptedNode) -> None:
    for settings, expected in (
        (Settings(search_url=node.url, search_api_key="a2V5"), "ApiKey a2V5"),
        (
            Settings(search_url=node.url, search_user="clarion", search_password="pass"),
            "Basic " + base64.b64encode(b"clarion:pass").decode(),
        ),
    ):
        engine = ElasticSearch(settings, MODEL, DIMENSIONS)
        engine.find(QUERY)
        assert {request.headers.get("Authorization") for request in node.requests} == {expected}
        node.requests.clear()
        engine.close()


def test_a_cluster_behind_tls_is_trusted_by_the_set_authority_only(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    node = ScriptedNode(tls)
    answers = []
    for name, known in (("ours", authority), ("another", stranger)):
        known.cert_pem.write_to_path(tmp_path / name)
        settings = Settings(search_url=node.url, search_ca_certs=str(tmp_path / name))
        engine = ElasticSearch(settings, MODEL, DIMENSIONS)
        answers.append(engine.is_available())
        engine.close()
    engine = ElasticSearch(Settings(search_url=node.url), MODEL, DIMENSIONS)
    with pytest.raises(SearchUnavailable):
        engine.find(QUERY)
    engine.close()
    node.stop()
    assert answers == [True, False]
    assert len(node.requests) == 1


def test_nothing_that_needs_a_plugin_a_script_or_a_licence_is_sent(engine: ElasticSearch, node: ScriptedNode) -> None:
    engine.write(some(3))
    engine.find(SearchQuery(terms=("a", "b"), vector=direction(0), url_keys=("u",), languages=frozenset({"en"})))
    sent = b"".join(request.body for request in node.requests) + " ".join(r.path for r in node.requests).encode()
    for word in ("script", "rrf", "retriever", "semantic", "_inference", "_reindex", "_by_query", "query_string"):
        assert word.encode() not in sent


def test_a_search_is_one_request_without_stored_documents(engine: ElasticSearch, node: ScriptedNode) -> None:
    node.script += [all_good]
    engine.find(SearchQuery(terms=("salt",), vector=direction(0), url_keys=("u",), limit=7))
    (request,) = node.asked("_msearch")
    searches = request.lines[1::2]
    assert len(searches) == 4  # words, two vectors, URLs
    assert all(search["_source"] is False and search["size"] == 7 for search in searches)
    assert all(header["allow_partial_search_results"] is False for header in request.lines[::2])


def test_writes_go_to_the_alias_and_never_make_an_index_by_themselves(
    engine: ElasticSearch, node: ScriptedNode
) -> None:
    engine.write(some(1))
    (request,) = node.asked("_bulk")
    assert request.path.startswith(f"/{engine.alias}/_bulk")
    assert "require_alias=true" in request.path
    assert request.lines[0]["index"]["version_type"] == "external"
