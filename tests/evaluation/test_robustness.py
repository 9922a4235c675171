"""`clarion evaluate --edits`: the losses follow from what was counted, and the table and the file say the same."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from index.cli import main
from index.encode import HashedEncoder
from index.evaluation import data, robustness
from index.evaluation.bench import Engine
from index.evaluation.data import Dataset, Query
from index.evaluation.edits import KINDS
from index.evaluation.robustness import Answered, Loss, edits_of, losses
from index.evaluation.vectors import RememberedEncoder
from index.settings import Settings
from tests.evaluation.small_set import DOCS, QRELS, QUERIES, write_set

KEYS = [
    "dataset", "split", "engine", "method", "docs", "kind", "of", "queries", "before", "after", "loss",
]  # fmt: skip
LINES = (*KINDS, "worst", "greatest")


def test_losses_follow_from_the_counted_outcomes() -> None:
    found = {
        loss.kind: loss
        for loss in losses([
            Answered(1.0, {"casing": 1.0, "script": 0.5}),
            Answered(0.5, {"casing": 0.0}),
            Answered(0.0, {"script": 1.0}),
            Answered(1.0, {}),
        ])
    }  # fmt: skip
    assert tuple(found) == LINES
    assert found["casing"] == Loss("casing", 2, 0.75, 0.5)
    assert found["script"] == Loss("script", 2, 0.5, 0.75)
    assert (found["casing"].loss, found["script"].loss) == (0.25, -0.25)
    assert found["worst"] == Loss("worst", 3, 0.5, 0.5)  # 0.5, 0 and 1 after; the one without edits does not count
    assert found["greatest"] == Loss("greatest", 2, 0.75, 0.5, of="casing")
    assert (found["dress"].queries, found["dress"].loss) == (0, None)


def test_the_worst_case_is_never_better_than_any_kind() -> None:
    answered = [Answered(n / 7, {k: (n * i % 5) / 5 for i, k in enumerate(KINDS)}) for n in range(8)]
    found = {loss.kind: loss.loss or 0.0 for loss in losses(answered)}
    assert found["worst"] >= found["greatest"] == max(found[kind] for kind in KINDS)


def test_a_kind_that_hardly_ever_applies_is_not_the_greatest_loss() -> None:
    answered = [Answered(1.0, {"dress": 0.9})] * 39 + [Answered(1.0, {"dress": 0.9, "script": 0.0})]
    assert losses(answered)[-1].of == "dress"
    assert losses(answered[-20:])[-1].of == "script"


def test_nothing_asked_gives_lines_without_figures() -> None:
    assert [(loss.kind, loss.queries, loss.loss) for loss in losses([])] == [(kind, 0, None) for kind in LINES]


def test_edits_keep_the_query_but_for_its_text_and_name() -> None:
    query = Query("q", "天空出現地震雲，三天內有大地震", "zh-Hant", "dev", "2026-01-05")
    found = edits_of(query)
    assert {"script", "dress", "dialect"} <= set(found) <= set(KINDS)
    assert len({other.id for other in found.values()} | {query.id}) == len(found) + 1
    assert {(o.lang, o.split, o.date) for o in found.values()} == {("zh-Hant", "dev", "2026-01-05")}


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`clarion evaluate --edits …` in this process; returns what it printed."""
    for name in [name for name in os.environ if name.startswith("CLARION_")]:
        monkeypatch.delenv(name)
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)

    def call(*arguments: object, status: int = 0) -> str:
        capsys.readouterr()
        assert main(["evaluate", "--edits", *map(str, arguments)]) == status
        captured = capsys.readouterr()
        return captured.err if status else captured.out

    return call


def test_the_command_gives_a_table_and_rows_of_the_documented_form(run: Callable[..., str], tmp_path: Path) -> None:
    out = run("--data", write_set(tmp_path / "small"), "--json", tmp_path / "out.json")
    rows = json.loads((tmp_path / "out.json").read_text())
    assert [list(row) for row in rows] == [KEYS] * len(rows)
    assert [(row["method"], row["kind"]) for row in rows] == [
        (m, kind) for m in ("ours", "cosine", "bm25") for kind in LINES
    ]
    for row in rows:
        assert (row["dataset"], row["split"], row["engine"], row["docs"]) == ("small", "all", "embedded", 10)
        assert (row["of"] is not None) == (row["kind"] == "greatest")
        assert row["loss"] is None or row["loss"] == pytest.approx(row["before"] - row["after"], abs=2e-6)
    by_kind = {row["kind"]: row for row in rows if row["method"] == "ours"}
    # 6 of the 8 queries have an answer: 4 Chinese, 2 English
    assert (by_kind["dress"]["queries"], by_kind["worst"]["queries"], by_kind["script"]["queries"]) == (6, 6, 4)
    assert by_kind["casing"]["queries"] == 2
    assert next(r["loss"] for r in rows if (r["method"], r["kind"]) == ("bm25", "script")) == 0  # both fold to one
    assert f"{by_kind['worst']['after']:.3f}" in out
    assert all(kind in out for kind in LINES) and "bm25" in out


def test_queries_splits_and_methods_are_chosen_as_usual(run: Callable[..., str], tmp_path: Path) -> None:
    folder = write_set(tmp_path / "small")
    arguments = ("--data", folder, "--json", tmp_path / "out.json", "--methods", "bm25")
    run(*arguments, "--split", "dev,negative")
    rows = json.loads((tmp_path / "out.json").read_text())
    assert {(r["split"], r["method"]) for r in rows} == {("dev", "bm25"), ("negative", "bm25")}
    assert {r["queries"] for r in rows if r["split"] == "negative"} == {0}
    run(*arguments, "--split", "dev", "--limit-queries", 2)
    rows = json.loads((tmp_path / "out.json").read_text())
    assert max(r["queries"] for r in rows) == 2
    assert "--figures" in run("--data", folder, "--figures", tmp_path / "f.json", status=2)


@pytest.mark.parametrize(("queries", "docs"), [([], []), (QUERIES, []), ([], DOCS), ([{"id": "q", "text": ""}], DOCS)])
def test_an_empty_set_gives_rows_without_figures(
    run: Callable[..., str], tmp_path: Path, queries: list[dict[str, str]], docs: list[dict[str, str]]
) -> None:
    write_set(tmp_path / "empty", queries, docs, QRELS)
    run("--data", tmp_path / "empty", "--json", tmp_path / "out.json")
    assert {row["loss"] for row in json.loads((tmp_path / "out.json").read_text())} == {None}


def test_odd_queries_are_asked_and_edited_like_any(run: Callable[..., str], tmp_path: Path) -> None:
    odd = ["", "😀", "https://example.org/oven", "\x00水", "ﷺ" * 900, "很" * 30_000]
    queries = [{"id": f"q{n}", "text": text} for n, text in enumerate(odd)]
    write_set(tmp_path / "odd", queries, DOCS, [("dev", q["id"], "d-oven") for q in queries])
    out = run("--data", tmp_path / "odd")
    assert "worst" in out


def test_a_second_run_encodes_no_edit_anew(small: Dataset, settings: Settings, tmp_path: Path) -> None:
    asked: list[int] = []

    class Counting(HashedEncoder):
        def encode(self, texts: list[str]) -> object:  # type: ignore[override]
            asked.append(len(texts))
            return super().encode(texts)

    tables = []
    for _ in range(2):
        asked.clear()
        with RememberedEncoder(Counting(), tmp_path) as encoder:
            tables.append(
                robustness.compare(small, ("all",), Engine.EMBEDDED, ("ours", "cosine"), settings, encoder)
            )
        if len(tables) == 1:
            assert sum(asked) > 6 * 5
    assert not asked
    assert tables[0] == tables[1]


def test_the_bench_holds_every_edit_with_the_answers_of_its_query(
    small: Dataset, settings: Settings, encoder: RememberedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[data.Dataset] = []
    opening = robustness.open_bench
    monkeypatch.setattr(robustness, "open_bench", lambda whole, *rest: (seen.append(whole), opening(whole, *rest))[1])
    robustness.compare(small, ("dev", "all"), Engine.EMBEDDED, ("bm25",), settings, encoder)
    queries = seen[0].queries
    assert len({q.id for q in queries}) == len(queries)
    answerable = [q for q in small.queries if small.answers(q)]
    assert len(queries) == sum(1 + len(edits_of(q)) for q in answerable)
    # so a query and its edits are judged by the same weights of a cross-validation
    assert all(seen[0].answers(q) == small.relevant[q.id.partition("\t")[0]] for q in queries)
