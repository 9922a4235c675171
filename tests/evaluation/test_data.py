"""Reading labelled data: the layout, what is said about what cannot be read, and what is counted and left out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from index.errors import InvalidInput, SettingError
from index.evaluation import data
from tests.evaluation.small_set import DOCS, QRELS, QUERIES, write_set


def test_a_folder_that_is_a_set_is_read_whole(tmp_path: Path) -> None:
    (dataset,) = data.load(write_set(tmp_path / "small"))
    assert dataset.name == "small"
    assert (len(dataset.queries), len(dataset.docs)) == (len(QUERIES), len(DOCS))
    assert dataset.queries[1] == data.Query("q-oven", "微波炉加热食物会致癌", "zh-Hans", "train", "2026-01-05")
    assert dataset.docs[0].article.endswith("不要抢购食盐。")
    assert dataset.docs[6].title == ""
    assert dataset.answers(dataset.queries[5]) == {"d-bridge", "d-bridge-again"}
    assert dataset.answers(dataset.queries[6]) == frozenset()
    assert dataset.splits == ("dev", "negative", "train")
    assert dataset.faults == {}


def test_a_parent_folder_gives_its_sets_by_name_and_passes_over_what_is_none(tmp_path: Path) -> None:
    write_set(tmp_path / "b")
    write_set(tmp_path / "a")
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / "pairs.jsonl").write_text("")
    (tmp_path / "notes.txt").write_text("nothing")
    assert [d.name for d in data.load(tmp_path)] == ["a", "b"]
    assert [d.name for d in data.load(tmp_path, ["b"])] == ["b"]


def test_a_folder_set_or_split_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"no evaluation data at .*nowhere"):
        data.load(tmp_path / "nowhere")
    with pytest.raises(SettingError, match="no labelled set in"):
        data.load(tmp_path)
    write_set(tmp_path / "a")
    with pytest.raises(SettingError, match=r"no set c in .*; it has a"):
        data.load(tmp_path, ["a", "c"])


def test_a_set_of_which_a_file_is_missing_is_an_error(tmp_path: Path) -> None:
    (write_set(tmp_path / "a") / "docs.jsonl.gz").unlink()
    with pytest.raises(InvalidInput, match=r"docs\.jsonl\.gz is missing"):
        data.load(tmp_path)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"text": "a"}', "no id"),
        (b'{"id": true, "text": "a"}', "no id"),
        (b'{"id": "x", "text": 5}', "text is not a text"),
        (b'{"id": "\xff", "text": "a"}', "not UTF-8"),
        (b'{"id": "' + b"x" * 513 + b'"}', "an id longer than 512 bytes"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_number(tmp_path: Path, line: bytes, what: str) -> None:
    folder = write_set(tmp_path / "a")
    (folder / "queries.jsonl.gz").write_bytes(gzip.compress(b'{"id": "q", "text": "a"}\n\n' + line + b"\n"))
    with pytest.raises(InvalidInput, match=rf"queries\.jsonl\.gz, line 3: {what}"):
        data.load(folder)


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"plain text", lambda b: b[:40] + bytes([b[40] ^ 255]) + b[41:]]
)
def test_a_damaged_archive_is_an_error_with_its_place(tmp_path: Path, damage: object) -> None:
    path = write_set(tmp_path / "a") / "docs.jsonl.gz"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(InvalidInput, match=r"docs\.jsonl\.gz, line \d+: (cannot be read|not)"):
        data.load(tmp_path)


def test_labels_without_tabs_are_named_with_their_line(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "a")
    (folder / "qrels.tsv").write_text("dev\tq-salt\td-salt\ndev q-oven d-oven\n")
    with pytest.raises(InvalidInput, match=r"qrels\.tsv, line 2: not split, query and document"):
        data.load(folder)


def test_what_does_not_fit_together_is_left_out_and_counted(tmp_path: Path) -> None:
    queries = [*QUERIES, {"id": "q-salt", "text": "another text"}, {"id": "q-empty", "text": " \n"}, {"id": 7}]
    docs = [*DOCS, {"id": "d-salt", "text": "another text"}, {"id": "d-empty"}]
    qrels = [*QRELS, ("dev", "q-park", "d-gone"), ("dev", "q-gone", "d-salt"), ("dev", "q-empty", "d-salt")]
    (dataset,) = data.load(write_set(tmp_path / "a", queries, docs, qrels))
    assert dataset.faults == {
        "query ids that came twice, the first kept": 1,
        "document ids that came twice, the first kept": 1,
        "labels that name a document that is missing, left out": 1,
        "labels of a query that is missing, left out": 1,
        "queries without text, asked all the same": 2,
        "documents without text": 1,
    }
    assert dataset.queries[0].text.startswith("快去买碘盐")
    assert dataset.queries[-1].id == "7"
    assert "q-park" not in dataset.relevant


def test_a_query_without_a_split_has_that_of_its_label(tmp_path: Path) -> None:
    queries = [{k: v for k, v in query.items() if k != "split" or v == "train"} for query in QUERIES]
    qrels = [("test", query, doc) for _, query, doc in QRELS]
    (dataset,) = data.load(write_set(tmp_path / "a", queries, DOCS, qrels))
    assert [q.split for q in dataset.queries] == ["train", "train", "test", "test", "test", "test", "", ""]


def test_an_empty_set_is_a_set(tmp_path: Path) -> None:
    (dataset,) = data.load(write_set(tmp_path / "a", [], [], []))
    assert (dataset.queries, dataset.docs, dict(dataset.relevant)) == ((), (), {})


def test_a_split_or_a_limit_keeps_the_documents_and_spreads_the_queries(tmp_path: Path) -> None:
    (dataset,) = data.load(write_set(tmp_path / "a"))
    assert [q.id for q in dataset.only("train").queries] == ["q-salt", "q-oven"]
    assert [q.id for q in dataset.only("all", 4).queries] == ["q-salt", "q-shrimp", "q-garlic", "q-park"]
    assert dataset.only("all", 100).queries == dataset.queries
    assert dataset.only("dev").docs == dataset.docs


def test_the_digest_follows_the_content_and_not_the_order(tmp_path: Path) -> None:
    write_set(tmp_path / "a")
    write_set(tmp_path / "b")
    first = data.load(tmp_path)
    assert data.digest(first) == data.digest(first[::-1])
    with (tmp_path / "b" / "qrels.tsv").open("a") as file:
        file.write("dev\tq-salt\td-oven\n")
    assert data.digest(data.load(tmp_path)) != data.digest(first)


def test_judged_pairs_are_read_and_their_faults_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs" / "pairs.jsonl"
    path.parent.mkdir()
    rows = [
        {"id": "p", "a": "一句话", "b": "一句話", "same": True, "lang": "zh-Hant"},
        {"id": "r", "a": "x", "b": "y", "same": 1},
    ]
    path.write_text(json.dumps(rows[0]))
    expected = (data.Pair("p", "一句话", "一句話", True, "zh-Hant"),)
    assert data.load_pairs(tmp_path) == data.load_pairs(path.parent) == data.load_pairs(path) == expected
    path.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(InvalidInput, match=r"pairs\.jsonl, line 2: same is not true or false"):
        data.load_pairs(tmp_path)
    with pytest.raises(SettingError, match=r"no pairs\.jsonl"):
        data.load_pairs(tmp_path / "pairs" / "deeper")
