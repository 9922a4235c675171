"""The Elasticsearch engine on a real node: names, index types, rebuilds, and an index deleted by somebody else."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch
from structlog.testing import capture_logs

from index.errors import SearchUnavailable, SettingError
from index.model import DocKind, SearchQuery
from index.search import elastic, elastic_bodies
from index.search.elastic import ElasticSearch
from index.settings import Settings
from tests.contracts.search_documents import DIMENSIONS, MODEL, direction, document, tombstone

pytestmark = pytest.mark.elasticsearch


@pytest.fixture
def settings(elasticsearch_url: str) -> Settings:
    return Settings(search_url=elasticsearch_url, search_index=f"clarion-test-{secrets.token_hex(4)}")


@pytest.fixture
def node(elasticsearch_url: str, settings: Settings) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch_url) as client:
        yield client
        for name in client.indices.get(index=f"{settings.search_index}*"):
            client.indices.delete(index=name)


@pytest.fixture
def engine(settings: Settings, node: Elasticsearch) -> Iterator[ElasticSearch]:
    engine = ElasticSearch(settings, MODEL, DIMENSIONS)
    yield engine
    engine.close()


def indices(node: Elasticsearch, engine: ElasticSearch) -> dict[str, bool]:
    """Every index of the engine's alias, and whether the alias points to it."""
    found = node.indices.get_alias(index=f"{engine.alias}*")
    return {name: engine.alias in one["aliases"] for name, one in sorted(found.items())}


def words(engine: ElasticSearch, *terms: str) -> set[str]:
    return {hit.id for hit in engine.find(SearchQuery(terms=terms))}


def vector_index(node: Elasticsearch, engine: ElasticSearch) -> set[str]:
    (mapping,) = node.indices.get_mapping(index=engine.alias).values()
    fields = mapping["mappings"]["properties"]
    return {fields[name]["index_options"]["type"] for name in ("title_vector", "statement_vector")}


def test_nothing_is_asked_of_the_cluster_before_the_first_call(settings: Settings, node: Elasticsearch) -> None:
    ElasticSearch(settings, MODEL, DIMENSIONS).close()
    assert not node.indices.exists(index=f"{settings.search_index}*", expand_wildcards="all", allow_no_indices=False)


def test_engines_that_start_together_make_one_index(settings: Settings, node: Elasticsearch) -> None:
    started = [ElasticSearch(settings, MODEL, DIMENSIONS) for _ in range(4)]
    documents = [[document(f"d{n}", title="salt")] for n in range(4)]
    threads = [threading.Thread(target=one.write, args=(some,)) for one, some in zip(started, documents, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    started[0].refresh()
    assert started[3].document_count() == 4
    assert list(indices(node, started[0]).values()) == [True]
    for one in started:
        one.close()


def test_the_index_name_tells_analysis_and_model(settings: Settings, engine: ElasticSearch) -> None:
    assert engine.alias.startswith(f"{settings.search_index}-a1-test-model-{DIMENSIONS}-")
    others = [
        ElasticSearch(settings, MODEL, DIMENSIONS, analysis="2"),
        ElasticSearch(settings, "Test Model", DIMENSIONS),
        ElasticSearch(settings, MODEL, 4),
    ]
    assert len({engine.alias, *(other.alias for other in others)}) == 4
    engine.write([document("a", title="salt")])
    engine.refresh()
    assert [words(other, "salt") for other in others] == [set(), set(), set()]
    for other in others:
        other.close()


def test_an_unknown_field_is_refused_by_the_mapping(engine: ElasticSearch, node: Elasticsearch) -> None:
    engine.write([document("a")])
    (mapping,) = node.indices.get_mapping(index=engine.alias).values()
    assert mapping["mappings"]["dynamic"] == "strict"


def test_vectors_are_searched_exactly_below_the_bound_and_by_a_graph_above(
    engine: ElasticSearch, node: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [document(f"d{n}", title_vector=direction(n)) for n in range(12)]
    engine.write(some)
    assert vector_index(node, engine) == {"flat"}
    monkeypatch.setattr(elastic_bodies, "FLAT_BELOW", 10)
    assert engine.rebuild(some) == 12
    assert vector_index(node, engine) == {"int8_hnsw"}
    best = [hit.id for hit in engine.find(SearchQuery(vector=direction(0), limit=3))]
    assert best == ["d0", "d1", "d2"]
    assert engine.rebuild(some[:9]) == 9
    assert vector_index(node, engine) == {"flat"}


def test_a_write_of_many_documents_goes_in_several_requests(engine: ElasticSearch) -> None:
    many = [document(f"d{n}", n + 1, title=f"salt w{n}", title_vector=direction(n)) for n in range(1_203)]
    assert engine.write(many) == 1_203
    assert engine.write(many) == 0
    engine.refresh()
    assert engine.document_count() == 1_203
    assert engine.versions() == {d.id: d.version for d in many}
    assert words(engine, "w1202") == {"d1202"}


def test_a_rebuild_keeps_the_index_before_and_deletes_older_ones_after_a_day(
    engine: ElasticSearch, node: Elasticsearch
) -> None:
    engine.write([document("a", title="salt")])
    days = {n: f"{engine.alias}-{datetime.now(UTC) - timedelta(days=n):%Y%m%d%H%M%S%f}" for n in (3, 2)}
    young = f"{engine.alias}-{datetime.now(UTC) - timedelta(hours=2):%Y%m%d%H%M%S%f}"
    for name in (*days.values(), young, f"{engine.alias}-notes"):
        node.indices.create(index=name)
    assert engine.rebuild([document("a", 2, title="salt")]) == 1
    left = indices(node, engine)
    assert set(days.values()).isdisjoint(left)
    assert {young, f"{engine.alias}-notes"} <= set(left)
    assert [name for name, has_alias in left.items() if has_alias] == [max(left.keys() - {f"{engine.alias}-notes"})]


def test_a_rebuild_can_be_undone_by_moving_the_alias_back(engine: ElasticSearch, node: Elasticsearch) -> None:
    engine.rebuild([document("a", 1, title="salt")])
    (first,) = [name for name, has_alias in indices(node, engine).items() if has_alias]
    engine.rebuild([document("b", 2, title="salt")])
    assert words(engine, "salt") == {"b"}
    assert indices(node, engine)[first] is False
    engine._move_alias(first)
    assert words(engine, "salt") == {"a"}
    assert engine.write([document("c", 1, title="salt")]) == 1


def test_a_rebuild_that_does_not_come_out_right_changes_nothing(
    engine: ElasticSearch, node: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.write([document("a", title="salt")])
    engine.refresh()
    before = indices(node, engine)
    send = engine._bulk.send
    monkeypatch.setattr(engine._bulk, "send", lambda target, docs, **rest: send(target, list(docs)[:-1], **rest))
    with pytest.raises(SearchUnavailable, match="holds 1 of 2"):
        engine.rebuild([document("b"), document("c")])
    assert indices(node, engine) == before


def test_an_index_deleted_by_somebody_else_is_made_again_with_its_mapping(
    engine: ElasticSearch, node: Elasticsearch
) -> None:
    engine.write([document("a", title="salt")])
    for act in ("write", "find", "versions", "refresh", "document_count"):
        for name in indices(node, engine):
            node.indices.delete(index=name)
        with capture_logs() as logs:
            if act == "write":
                assert engine.write([document("b", 1, kind=DocKind.CLAIM, title="salt")]) == 1
            elif act == "find":
                assert words(engine, "salt") == set()
            else:
                getattr(engine, act)()
        assert [log["event"] for log in logs] == ["search index missing, made anew and empty"], act
        assert list(indices(node, engine).values()) == [True]
        assert vector_index(node, engine) == {"flat"}


def test_documents_the_server_refuses_are_parked_and_the_others_are_stored(engine: ElasticSearch) -> None:
    endless_id = document("x" * 600, title="salt")  # ids end at 512 bytes: the whole request is refused
    endless_word = document("s", title="salt", source="secret " * 6_000)  # Lucene's terms end at 32,766: this item is
    good = [document(f"g{n}", title="salt") for n in range(5)]
    with capture_logs() as logs:
        assert engine.write([*good[:2], endless_id, good[2], endless_word, *good[3:]]) == 5
    assert engine.dead_letters == 2
    errors = [log for log in logs if log["log_level"] == "error"]
    assert {(log["event"], log["id"]) for log in errors} == {
        ("search document refused", endless_id.id), ("search document refused", "s"),
    }  # fmt: skip
    assert len(str(errors)) < 2_500, "a log does not quote what was indexed"
    engine.refresh()
    assert words(engine, "salt") == {d.id for d in good}
    assert engine.rebuild([*good, endless_id, endless_word]) == 5
    assert engine.dead_letters == 4


def test_tombstones_hold_nothing_that_could_be_found(engine: ElasticSearch, node: Elasticsearch) -> None:
    engine.write([document("a", title="salt", url_keys=("u",))])
    engine.write([tombstone("a", 2)])
    engine.refresh()
    (hit,) = node.search(index=engine.alias, query={"match_all": {}})["hits"]["hits"]
    assert hit["_source"]["is_deleted"] is True
    assert not {"title", "statement", "body", "url_keys"} & hit["_source"].keys()


def test_vectors_are_not_kept_in_the_stored_document(engine: ElasticSearch, node: Elasticsearch) -> None:
    engine.write([document("a", title="salt", title_vector=direction(0))])
    engine.refresh()
    (hit,) = node.search(index=engine.alias, query={"match_all": {}})["hits"]["hits"]
    assert "title_vector" not in hit["_source"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("http://es1:9200", ["http://es1:9200"]),
        ("https://es1.example.org, http://es2:9201/", ["https://es1.example.org:443", "http://es2:9201"]),
        ("es1,es2:9300", ["http://es1:9200", "http://es2:9300"]),
        ("https://es.example.org/search", ["https://es.example.org:443/search"]),
        ("http://[::1]", ["http://[::1]:9200"]),
    ],
)
def test_hosts_are_read_as_operators_write_them(written: str, expected: list[str]) -> None:
    assert elastic._hosts(written) == expected


@pytest.mark.parametrize(
    "bad",
    [
        {"search_url": "http://host:port"},
        {"search_url": ","},
        {"search_url": "ftp://host:21"},
        {"search_url": "https://host:9200", "search_ca_certs": "/nowhere/ca.pem"},
    ],
)
def test_a_setting_that_cannot_be_used_is_named(bad: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="CLARION_SEARCH_URL"):
        ElasticSearch(Settings(**bad), MODEL, DIMENSIONS)  # type: ignore[arg-type]
