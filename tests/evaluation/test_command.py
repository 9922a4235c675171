"""`clarion evaluate` from the command line: its files, its exit statuses, and what it leaves behind."""

from __future__ import annotations

import json
import os
import secrets
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from index.cli import main
from index.evaluation import compare
from index.evaluation.data import is_held_out
from index.figures import parse
from index.settings import Settings
from tests.evaluation.small_set import DOCS, QRELS, QUERIES, write_set

Run = Callable[..., tuple[int, str, str]]
KEYS = [
    "dataset", "split", "engine", "method", "queries", "docs", "map_at_5", "success_at_1", "success_at_10", "mrr",
    "found_rate", "correct_none_rate", "calibration_error", "p50_ms", "p95_ms", "queries_per_s",
]  # fmt: skip


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`clarion evaluate …` in this process; returns exit status, output, errors."""
    for name in [name for name in os.environ if name.startswith("CLARION_")]:
        monkeypatch.delenv(name)
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["evaluate", *map(str, arguments)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_set(tmp_path / "sets" / "small")
    return tmp_path / "sets"


def test_the_embedded_engine_gives_a_table_and_rows_of_the_documented_form(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    status, out, _ = run("--data", folder, "--json", tmp_path / "out.json")
    assert status == 0
    rows = json.loads((tmp_path / "out.json").read_text())
    assert [list(row) for row in rows] == [KEYS] * 4
    assert [row["method"] for row in rows] == ["ours", "bm25", "cosine", "rrf"]
    ours, bm25 = rows[:2]
    assert (ours["dataset"], ours["split"], ours["engine"]) == ("small", "all", "embedded")
    assert (ours["queries"], ours["docs"]) == (8, 10)
    assert ours["success_at_10"] == bm25["success_at_10"] == 1
    assert all(0 <= ours[key] <= 1 for key in KEYS[6:13])
    assert [bm25[key] for key in KEYS[10:13]] == [None] * 3
    assert all(row["p95_ms"] >= row["p50_ms"] > 0 and row["queries_per_s"] > 0 for row in rows)
    assert "ours" in out and "zh-Hant" in out
    assert "Not on the embedded engine: cofacts, alegre_lexical, alegre_vector." in out


def test_held_out_asks_only_what_the_encoder_never_learned_and_folds_judge(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    held = [query for query in QUERIES if is_held_out(str(query["id"]))]
    assert 0 < len(held) < len(QUERIES)
    assert run("--data", folder, "--held-out", "--methods", "bm25", "--json", tmp_path / "out.json")[0] == 0
    assert [row["queries"] for row in json.loads((tmp_path / "out.json").read_text())] == [len(held)]
    (tmp_path / "empty.json").write_text("[]", "utf-8")
    status, _, errors = run("--data", folder, "--methods", "ours", "--folds", tmp_path / "empty.json")
    assert status != 0 and "empty.json" in errors
    (tmp_path / "folds.json").write_text("[{}]", "utf-8")
    status, _, errors = run("--data", folder, "--methods", "ours", "--folds", tmp_path / "folds.json")
    assert status != 0 and "weights" in errors
    status, _, errors = run("--data", folder, "--methods", "ours", "--folds", tmp_path / "none.json")
    assert status != 0 and "none.json" in errors


def test_the_public_figures_say_what_they_were_made_with(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run("--data", folder, "--figures", tmp_path / "figures.json", "--methods", "ours,bm25")[0] == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert list(figures) == ["made_on", "encoder", "weights", "data_sha256", "rows"]
    assert figures["encoder"] == "hashed-1"
    assert len(figures["data_sha256"]) == 64
    assert [(row["method"], list(row)) for row in figures["rows"]] == [("ours", KEYS)]
    read = parse((tmp_path / "figures.json").read_text())  # as the page /method reads them
    assert (read.rows[0].queries, read.rows[0].success_at_10) == (8, 1)


def test_a_split_has_a_row_of_its_own_and_sets_without_it_are_passed_over(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    write_set(folder / "other", [{"id": "q", "text": "盐"}], DOCS, [])
    arguments = ("--data", folder, "--methods", "bm25", "--json", tmp_path / "out.json")
    assert run(*arguments, "--split", "dev,train")[0] == 0
    rows = json.loads((tmp_path / "out.json").read_text())
    assert [(r["dataset"], r["split"], r["queries"]) for r in rows] == [("small", "dev", 4), ("small", "train", 2)]
    assert run(*arguments, "--split", "dev", "--limit-queries", 2)[0] == 0
    assert json.loads((tmp_path / "out.json").read_text())[0]["queries"] == 2
    assert run(*arguments, "--split", "test")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data", "/nowhere/at/all"], "no evaluation data at /nowhere/at/all"),
        (["--methods", "ours,guess"], "no method guess; there are ours, bm25"),
        (["--sets", "large"], "no set large in"),
        (["--engine", "both"], "--elasticsearch or CLARION_SEARCH_URL names its hosts"),
        (["--methods", "cofacts"], "the embedded engine runs none of these methods"),
        (["--json", "/nowhere/at/all/out.json"], "/nowhere/at/all is no folder"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line_with_status_2(
    run: Run, folder: Path, arguments: list[str], said: str
) -> None:
    status, out, err = run("--data", folder, *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_line_that_cannot_be_read_ends_with_status_1_and_its_number(run: Run, folder: Path) -> None:
    (folder / "small" / "qrels.tsv").write_text("dev q d\n")
    status, _, err = run("--data", folder)
    assert status == 1
    assert "qrels.tsv, line 1" in err


@pytest.mark.parametrize(("queries", "docs"), [([], []), (QUERIES, []), ([], DOCS), ([{"id": "q", "text": ""}], DOCS)])
def test_an_empty_set_gives_rows_without_figures(
    run: Run, tmp_path: Path, queries: list[dict[str, str]], docs: list[dict[str, str]]
) -> None:
    write_set(tmp_path / "empty", queries, docs, QRELS)
    status, out, _ = run("--data", tmp_path / "empty", "--json", tmp_path / "out.json")
    assert status == 0
    rows = json.loads((tmp_path / "out.json").read_text())
    assert len(rows) == 4
    assert all(row["map_at_5"] is None for row in rows)
    assert "empty: " in out


def test_faults_of_the_data_are_counted_in_the_output(run: Run, tmp_path: Path) -> None:
    write_set(tmp_path / "odd", [*QUERIES, QUERIES[0]], DOCS, [*QRELS, ("dev", "q-bus", "d-gone")])
    _, out, _ = run("--data", tmp_path / "odd", "--methods", "bm25")
    assert "odd: 1 query ids that came twice" in out
    assert "odd: 1 labels that name a document that is missing" in out


def test_a_second_run_encodes_nothing_but_the_timed_sample(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.encode import HashedEncoder

    run("--data", folder, "--methods", "ours")
    asked: list[int] = []
    encode = HashedEncoder.encode
    monkeypatch.setattr(HashedEncoder, "encode", lambda self, texts: (asked.append(len(texts)), encode(self, texts))[1])
    run("--data", folder, "--methods", "ours,cosine")
    assert asked == [1] * (1 + len(QUERIES))  # a first call, then each query once, alone


def test_the_latency_of_a_method_that_encodes_holds_the_encoding(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "_encoding_ms", lambda encoder, sample: {q.id: 5_000.0 for q in sample[:3]})
    assert run("--data", folder, "--json", tmp_path / "out.json")[0] == 0
    p50 = {row["method"]: row["p50_ms"] for row in json.loads((tmp_path / "out.json").read_text())}
    assert p50["bm25"] < 5_000 <= min(p50["ours"], p50["cosine"], p50["rrf"])


def test_a_run_that_is_ended_leaves_no_index_behind(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.encode import HashedEncoder

    def ended(self: HashedEncoder, texts: list[str]) -> object:
        assert list(tmp_path.glob("clarion-evaluate-*"))
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("not reached")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(HashedEncoder, "encode", ended)
    before = signal.getsignal(signal.SIGTERM)
    assert run("--data", folder)[0] == 130
    assert not list(tmp_path.glob("clarion-evaluate-*"))
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_log_gets_a_line_for_each_tenth_of_what_is_done(run: Run, folder: Path) -> None:
    _, _, err = run("--data", folder, "--methods", "ours,bm25")
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    ends = [line for line in lines if line.split()[-1] in ("10/10", "8/8")]
    assert ends[-3:] == ["small, embedded: indexing 10/10", "small, embedded: ours 8/8", "small, embedded: bm25 8/8"]
    assert lines[-1] == ends[-1] and 2 <= sum(": bm25 " in line for line in lines) <= 10


@pytest.mark.elasticsearch
def test_both_engines_give_the_same_figures_and_the_peers_stand_beside(
    run: Run, folder: Path, tmp_path: Path, elasticsearch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = secrets.token_hex(4)
    monkeypatch.setattr(secrets, "token_hex", lambda size: number)
    arguments = ("--data", folder, "--engine", "both", "--elasticsearch", elasticsearch_url)
    status, out, _ = run(*arguments, "--json", tmp_path / "out.json")
    assert status == 0
    with Elasticsearch(elasticsearch_url) as client:
        assert not client.indices.get(index=f"clarion-evaluate-{number}*").body  # it deleted its own
    rows = json.loads((tmp_path / "out.json").read_text())
    assert [(row["engine"], row["method"]) for row in rows] == [
        *(("embedded", name) for name in compare.EVERYWHERE),
        *(("elasticsearch", name) for name in compare.METHODS),
    ]
    figures = {(row["engine"], row["method"]): [row[key] for key in KEYS[6:12]] for row in rows}
    for name in compare.EVERYWHERE:
        assert figures["embedded", name] == figures["elasticsearch", name]
    for name in compare.ELASTICSEARCH_ONLY:
        assert None not in figures["elasticsearch", name]
    assert "cofacts" in out
