"""What a run says: bars while it runs, one table, the languages, and the JSON files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from index.errors import SettingError
from index.evaluation import robustness
from index.evaluation.compare import ELASTICSEARCH_ONLY, Row
from index.evaluation.data import Dataset

_FIGURES = {
    "map_at_5": "MAP@5", "success_at_1": "S@1", "success_at_10": "S@10", "mrr": "MRR", "found_rate": "found",
    "correct_none_rate": "none", "calibration_error": "cal.err",
}  # fmt: skip
_COSTS = {"p50_ms": "p50 ms", "p95_ms": "p95 ms", "queries_per_s": "q/s"}


class Bars:
    """A bar on standard error for each thing that takes time; a done one makes way. In a log, a line each tenth."""

    def __init__(self, console: Console | None = None) -> None:
        columns = (TextColumn("{task.description:44}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bars = Progress(*columns, console=console or Console(stderr=True), transient=True)
        self._tasks: dict[str, TaskID] = {}
        self._tenths: dict[str, int] = {}
        self.about = ""

    def told(self, what: str, done: int, total: int, note: str = "") -> None:
        """`note`: how it goes, shown beside the bar."""
        title = f"{self.about} {what}".strip()
        if what not in self._tasks:
            self._tasks[what], self._tenths[what] = self._bars.add_task(title, total=total), 0
        self._bars.update(self._tasks[what], completed=done, total=total, description=f"{title} {note}".strip())
        tenths = 10 * done // max(total, 1)
        is_told, self._tenths[what] = tenths > self._tenths[what], tenths
        if is_told and not self._bars.console.is_terminal:
            self._bars.console.print(f"{title} {done}/{total} {note}".strip())
        if done >= total:
            self._bars.remove_task(self._tasks.pop(what))

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


def print_table(rows: Sequence[Row], encoder: str, console: Console) -> None:
    """The rows as one table, then what a reader has to know to read it."""
    table = Table("dataset", "split", "engine", "method", title=f"Matching, measured with the encoder {encoder}")
    for heading in ("queries", "docs", *_FIGURES.values(), *_COSTS.values()):
        table.add_column(heading, justify="right")
    last = None
    for row in rows:
        values = row.as_json()
        if last not in (None, (row.dataset, row.split, row.engine)):
            table.add_section()
        last = (row.dataset, row.split, row.engine)
        figures = [_figure(values[key], 3) for key in _FIGURES] + [_figure(values[key], 1) for key in _COSTS]
        table.add_row(row.dataset, row.split, row.engine, row.method, str(row.queries), str(row.docs), *figures)
    console.print(table)
    console.print(
        "found: right refutation in the band `same`. none: nothing in it where nothing answers; answerable queries are"
        " asked again without their answers. Latencies include the query's encoding, not the database.",
        style="dim",
    )


def print_languages(rows: Iterable[Row], console: Console) -> None:
    """Found and correct-none rate by language, for methods that decide, where a set has several languages."""
    table = Table("dataset", "split", "engine", "method", "language", title="Decisions by language")
    for heading in ("found", "none"):
        table.add_column(heading, justify="right")
    for row in rows:
        is_deciding = (row.figures.found_rate, row.figures.correct_none_rate) != (None, None)
        if not is_deciding or len(row.languages) < 2:
            continue
        for lang, figures in row.languages.items():
            rates = (_figure(figures.found_rate, 3), _figure(figures.correct_none_rate, 3))
            table.add_row(row.dataset, row.split, row.engine, row.method, lang or "–", *rates)
    if table.row_count:
        console.print(table)


def print_losses(rows: Sequence[robustness.Row], encoder: str, console: Console) -> None:
    """The kinds of edits as one table, the methods side by side, then what a reader has to know to read it."""
    methods = tuple(dict.fromkeys(row.method for row in rows))
    table = Table("dataset", "split", "engine", "edit", title=f"Edited queries, measured with the encoder {encoder}")
    for heading in ("queries", *(f"{method}\n{side}" for method in methods for side in ("before", "after", "loss"))):
        table.add_column(heading, justify="right")
    lines: dict[tuple[str, str, str, str], dict[str, robustness.Loss]] = {}
    for row in rows:
        lines.setdefault((row.dataset, row.split, row.engine, row.figures.kind), {})[row.method] = row.figures
    last: tuple[str, ...] = ()
    for line, found in lines.items():
        if last and (line[:3] != last or line[3] == robustness.WORST):
            table.add_section()
        last = line[:3]
        queries = next(iter(found.values())).queries
        # each method has a greatest loss of its own, by a kind of its own
        table.add_row(*line, "" if line[3] == robustness.GREATEST else str(queries), *_sides(found, methods))
    console.print(table)
    console.print(
        "MAP@5 over the answerable queries that an edit applies to. worst: of each query its worst edit, averaged."
        f" greatest: the kind that loses most, if it applies to at least {robustness.LEAST_SHARE:.0%} of them.",
        style="dim",
    )


def _sides(found: Mapping[str, robustness.Loss], methods: Iterable[str]) -> Iterator[str]:
    for method in methods:
        loss = found[method]
        yield from (_figure(loss.before, 3), _figure(loss.after, 3), f"{loss.of} {_figure(loss.loss, 3)}".strip())


def print_scores(name: str, scores: Mapping[str, Mapping[str, float | None]], same: float, console: Console) -> None:
    """What training measured on queries that neither the encoder nor the judging forest has learned from."""
    table = Table("dataset", title=f"{name}: held-out queries in cross-validation; `same` from {same:.2f} on")
    for heading in ("cases", *_FIGURES.values()):
        table.add_column(heading, justify="right")
    for dataset, values in scores.items():
        table.add_row(dataset, str(values["cases"]), *(_figure(values[key], 3) for key in _FIGURES))
    console.print(table)


def print_faults(datasets: Iterable[Dataset], console: Console) -> None:
    for dataset in datasets:
        for fault, count in dataset.faults.items():
            console.print(f"{dataset.name}: {count} {fault}", style="yellow")
        if not dataset.queries or not dataset.docs:
            console.print(f"{dataset.name}: {len(dataset.queries)} queries, {len(dataset.docs)} documents")


def print_left_out(methods: Iterable[str], console: Console) -> None:
    peers = [name for name in methods if name in ELASTICSEARCH_ONLY]
    if peers:
        console.print(f"Not on the embedded engine: {', '.join(peers)}. Their queries need Elasticsearch.")


def _figure(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


@dataclass(frozen=True, slots=True)
class Made:
    """What the public figures were made with."""

    on: date
    encoder: str
    weights: str
    data_sha256: str


class Written(Protocol):
    """A row of any table."""

    def as_json(self) -> dict[str, Any]: ...


def write_rows(path: Path, rows: Iterable[Written]) -> None:
    """The list of rows. Raises: SettingError if the file cannot be written."""
    _write(path, [row.as_json() for row in rows])


def write_figures(path: Path, rows: Iterable[Row], made: Made) -> None:
    """What /method shows: the rows of `ours`. Raises: SettingError if the file cannot be written."""
    figures: Mapping[str, Any] = {
        "made_on": made.on.isoformat(),
        "encoder": made.encoder,
        "weights": made.weights,
        "data_sha256": made.data_sha256,
        "rows": [row.as_json() for row in rows if row.method == "ours"],
    }
    _write(path, figures)


def _write(path: Path, content: Any) -> None:
    """Whole or not at all: a run is long, and one that is stopped leaves the rows of the sets that it finished."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise SettingError(f"{path} cannot be written: {error.strerror}") from error
