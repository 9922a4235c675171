"""`clarion evaluate`: measures matching on labelled data, beside the peers' methods; trains and tunes on the same data.

--data ─► load ─► each set × engine: open_bench ─► every method, every query ─► table, --json, --figures
              ├─► --edits: the queries and what people make of them ─► what is lost, the same way
              └─► --train OUT.json (ranker)   └─► --tune OUT.safetensors (encoder)
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import SettingError
from index.settings import Settings

if TYPE_CHECKING:
    from index.evaluation.compare import Row
    from index.evaluation.data import Dataset
    from index.evaluation.ours import Folds
    from index.evaluation.report import Bars

DATA = Path(__file__).parents[3] / "shared" / "data"  # beside the project's folder
ENGINES = ("embedded", "elasticsearch", "both")
STEPS = 356  # batches of the recipe that was measured (45 minutes on two cores)


def register(commands: Any) -> None:
    """Adds `clarion evaluate` to the command line. Imports nothing heavy: every command passes here."""
    evaluate = commands.add_parser("evaluate", help="measure matching on labelled data, beside other methods")
    evaluate.set_defaults(func=run)
    add = evaluate.add_argument
    add("--data", type=Path, default=DATA, metavar="FOLDER", help="one labelled set or several (default: %(default)s)")
    add("--sets", type=_listed, default=(), metavar="A,B", help="only these sets of the folder")
    add("--split", type=_listed, default=("all",), metavar="NAME", help="only this split, or several: a,b")
    add("--limit-queries", type=_count, default=0, metavar="N", help="only N queries a split, spread evenly")
    add("--engine", choices=ENGINES, default="embedded", help="where to search (default: %(default)s)")
    add("--elasticsearch", default="", metavar="URL", help="hosts (default: CLARION_SEARCH_URL)")
    add("--methods", type=_listed, default=(), metavar="A,B", help="only these methods (default: all)")
    add("--json", type=Path, metavar="OUT", help="write the rows as a JSON list")
    add("--figures", type=Path, metavar="FILE", help="write the public figures for the site's /method page")
    add("--held-out", action="store_true", help="only queries that the shipped encoder never learned from")
    add("--folds", type=Path, metavar="FILE", help="judge each query with weights that never learned from it")
    add("--groups", action="store_true", help="measure the grouping of sightings of one message instead")
    add("--edits", action="store_true", help="measure what matching loses when queries are edited instead")
    add("--train", type=Path, metavar="OUT.json", help="train the ranker's weights on the data instead")
    add("--tune", type=Path, metavar="OUT.safetensors", help="tune the encoder on the data instead")
    add("--steps", type=_count, default=STEPS, metavar="N", help="batches of --tune (default: %(default)s)")
    add("--minutes", type=_count, default=0, metavar="N", help="end the learning of --tune after so long")
    add("--from", type=Path, dest="start", metavar="FILE", help="factors that --tune goes on from")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Exit status 0. Raises: SettingError for what cannot be used, ClarionError for what cannot be read or asked."""
    from index.evaluation import data

    if args.elasticsearch:
        settings = replace(settings, search_url=args.elasticsearch)
    for path in (args.json, args.figures, args.train, args.tune):
        if path is not None and not path.resolve().parent.is_dir():
            raise SettingError(f"{path.resolve().parent} is no folder")  # said now, not after hours
    if args.edits and args.figures:
        raise SettingError("--figures takes the queries as they are, without --edits")
    datasets = data.load(args.data, args.sets)
    if args.groups:
        return _group(args, datasets)
    if args.train or args.tune:
        return _learn(args, settings, datasets)
    return _measure(args, settings, datasets)


def _group(args: argparse.Namespace, datasets: tuple[Dataset, ...]) -> int:
    """On the judged pairs of the folder, if it has any, and on the sets."""
    from rich.console import Console

    from index.evaluation import data, groups

    try:
        pairs = data.load_pairs(args.data)
    except SettingError:
        pairs = ()
    groups.print_scores(pairs, datasets, Console(width=None if Console().is_terminal else 120))
    return 0


def _learn(args: argparse.Namespace, settings: Settings, datasets: tuple[Dataset, ...]) -> int:
    """Both work on every query of the chosen sets; what they print is theirs."""
    if args.tune:
        _part("tuning", "--tune").tune(datasets, settings, args.tune, args.steps, args.minutes or None, args.start)
    if args.train:
        _part("training", "--train").train(datasets, settings, args.train)
    return 0


def _part(name: str, option: str) -> Any:
    try:
        return import_module(f"index.evaluation.{name}")
    except ModuleNotFoundError as error:
        raise SettingError(f"{option} needs {error.name}, which is not part of this installation") from error


def _measure(args: argparse.Namespace, settings: Settings, datasets: tuple[Dataset, ...]) -> int:
    from rich.console import Console

    from index.encode import open_encoder
    from index.evaluation import report, robustness
    from index.evaluation.compare import METHODS, compare, plan
    from index.evaluation.ours import Folds
    from index.evaluation.vectors import RememberedEncoder

    methods = tuple(name for name in METHODS if not args.methods or name in args.methods)
    if args.edits and not args.methods:
        methods = robustness.METHODS
    if unknown := sorted(set(args.methods) - set(METHODS)):
        raise SettingError(f"no method {unknown[0]}; there are {', '.join(METHODS)}")
    if args.held_out:
        datasets = tuple(_held_out(dataset) for dataset in datasets)
    folds = Folds.read(args.folds) if args.folds else None
    planned = list(plan(datasets, args.split))
    if not planned:
        raise SettingError(f"no set in {args.data} has a split {' or '.join(args.split)}")
    _check_engines(args.engine, methods, settings)
    # A file or a pipe gets every column; on a screen the table takes the width that there is.
    console = Console(width=None if Console().is_terminal else 180)
    report.print_faults([dataset for dataset, _ in planned], console)
    with _stoppable(), report.Bars() as bars:
        live = open_encoder(settings, lambda part, share: bars.told(f"preparing the {part}", int(100 * share), 100))
        with RememberedEncoder(live, settings.data_dir / "evaluation", bars.told) as encoder:
            measured = robustness.compare if args.edits else compare
            rows = _rows(args, settings, planned, methods, folds, encoder, bars, measured)
    if args.edits:
        report.print_losses(rows, live.name, console)
    else:
        report.print_table(rows, live.name, console)
        report.print_languages(rows, console)
    if args.engine != "elasticsearch":
        report.print_left_out(methods, console)
    if args.figures:
        _write_figures(args.figures, settings, rows, live.name, [dataset for dataset, _ in planned])
    return 0


def _held_out(dataset: Dataset) -> Dataset:
    from index.evaluation.data import is_held_out

    return replace(dataset, queries=tuple(q for q in dataset.queries if is_held_out(q.id)))


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM ends the run as Ctrl-C does, so that it leaves no index and no folder behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_engines(engine: str, methods: tuple[str, ...], settings: Settings) -> None:
    from index.evaluation.compare import EVERYWHERE

    if engine != "embedded" and not settings.search_url:
        raise SettingError("no Elasticsearch: --elasticsearch or CLARION_SEARCH_URL names its hosts")
    if engine == "embedded" and not set(methods) & set(EVERYWHERE):
        raise SettingError("the embedded engine runs none of these methods; they need --engine elasticsearch")


def _rows(
    args: argparse.Namespace,
    settings: Settings,
    planned: list[tuple[Dataset, tuple[str, ...]]],
    methods: tuple[str, ...],
    folds: Folds | None,
    encoder: Any,
    bars: Bars,
    compare: Callable[..., list[Any]],
) -> list[Any]:
    """The rows of `compare` for every set and engine; the file of --json is written set by set."""
    from index.evaluation import report
    from index.evaluation.bench import Engine

    engines = [Engine(name) for name in ENGINES[:2] if args.engine in (name, "both")]
    rows: list[Any] = []
    for dataset, splits in planned:
        for engine in engines:
            bars.about = f"{dataset.name}, {engine.value}:"
            rows += compare(
                dataset,
                splits,
                engine,
                methods,
                settings,
                encoder,
                limit=args.limit_queries,
                folds=folds,
                told=bars.told,
            )
            if args.json:
                report.write_rows(args.json, rows)
        encoder.forget()
    return rows


def _write_figures(path: Path, settings: Settings, rows: list[Row], encoder: str, datasets: list[Dataset]) -> None:
    from datetime import UTC, datetime

    from index import ranking
    from index.evaluation import data, report

    weights = ranking.weights_for(encoder, settings.data_dir)
    made = report.Made(datetime.now(UTC).date(), encoder, weights.name, data.digest(datasets))
    report.write_figures(path, rows, made)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number
