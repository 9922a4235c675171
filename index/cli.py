"""The command line: `clarion init | sync | rebuild | check | metrics | match "text" | evaluate`, and the groups of
crawlers and webapp.

Groups register through the entry-point group `clarion.commands`, so that index imports nothing above it. A command is a
function `(args, settings) -> exit status`; exit status 2 means that a setting or an argument cannot be used.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from importlib.metadata import entry_points
from typing import Any

import structlog

from index import Catalogue, open_catalogue
from index.errors import ClarionError, SettingError
from index.evaluation import command as evaluation
from index.model import Answer, Candidate
from index.settings import Settings


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="clarion", description="Links circulating claims to refutations and publishes alerts."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _register(commands)
    for group in sorted(entry_points(group="clarion.commands"), key=lambda e: e.name):
        group.load()(commands)
    args = parser.parse_args(argv)
    try:
        settings = Settings.from_env()
        configure_logging(settings.log_format)
        return int(args.func(args, settings))
    except SettingError as error:
        print(f"clarion: {error}", file=sys.stderr)
        return 2
    except ClarionError as error:
        print(f"clarion: {error} [{error.code}]", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def configure_logging(log_format: str) -> None:
    """One line an event on standard error, as text or JSON; third-party libraries speak up from warnings on."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # asked for at each event: it may be replaced
        cache_logger_on_first_use=False,
    )


def _register(commands: Any) -> None:
    init = commands.add_parser("init", help="create or upgrade the database and prepare the encoder's model")
    init.set_defaults(func=_init)
    sync = commands.add_parser("sync", help="carry waiting changes into the search index")
    sync.set_defaults(func=_sync)
    rebuild = commands.add_parser("rebuild", help="build the search index anew from the database and swap it in")
    rebuild.set_defaults(func=_rebuild)
    check = commands.add_parser("check", help="compare database and search index")
    check.add_argument("--repair", action="store_true", help="write anew what differs")
    check.set_defaults(func=_check)
    metrics = commands.add_parser("metrics", help="what the records say about the work, as Prometheus reads it")
    metrics.set_defaults(func=_metrics)
    match = commands.add_parser("match", help="what answers a text, and why")
    match.add_argument("text", help="the text; - reads standard input")
    match.add_argument("--json", action="store_true", help="print one JSON object")
    match.add_argument("--public", action="store_true", help="only what readers of the site would be shown")
    match.set_defaults(func=_match)
    evaluation.register(commands)


def _init(args: argparse.Namespace, settings: Settings) -> int:
    catalogue = open_catalogue(settings, progress=_print_progress)
    print(f"database at revision {catalogue.migrate()}")
    catalogue.warm_up()
    print(f"encoder {catalogue.encoder_name} ready")
    return 0


def _print_progress(part: str, share: float) -> None:
    end = "\n" if share >= 1 else ""
    print(f"\rpreparing the encoder's {part} {share:4.0%}", end=end, file=sys.stderr, flush=True)


def _sync(args: argparse.Namespace, settings: Settings) -> int:
    report = open_catalogue(settings).sync(1_000_000)
    print(f"{report.applied_count} documents written, {report.pending_count} changes waiting")
    return 0 if report.pending_count == 0 else 1


def _rebuild(args: argparse.Namespace, settings: Settings) -> int:
    print(f"{open_catalogue(settings).rebuild()} documents in the new index")
    return 0


def _check(args: argparse.Namespace, settings: Settings) -> int:
    catalogue = open_catalogue(settings)
    report = catalogue.check(repair=args.repair)
    for name in ("missing", "stale", "orphaned"):
        for document_id in getattr(report, name):
            print(f"{name} {document_id}")
    if args.repair and not report.is_clean:
        report = catalogue.check()
    broken = catalogue.first_broken_audit_row()
    print("audit chain holds" if broken is None else f"audit chain broken at row {broken}")
    print("index agrees with the records" if report.is_clean else "index differs from the records")
    return 0 if report.is_clean and broken is None else 1


def _metrics(args: argparse.Namespace, settings: Settings) -> int:
    print(open_catalogue(settings).metrics(), end="")
    return 0


def _match(args: argparse.Namespace, settings: Settings) -> int:
    raw = sys.stdin.read() if args.text == "-" else args.text
    catalogue = open_catalogue(settings)
    answer = catalogue.answer(raw) if args.public else catalogue.match(raw)
    if args.json:
        print(json.dumps(_as_json(catalogue, answer), ensure_ascii=False, indent=2))
    else:
        _print_answer(answer)
    return 0


def _as_json(catalogue: Catalogue, answer: Answer) -> dict[str, Any]:
    return {
        "outcome": answer.outcome.value,
        "is_degraded": answer.is_degraded,
        "candidates": [_candidate_json(catalogue, c) for c in answer.candidates],
    }


def _candidate_json(catalogue: Catalogue, candidate: Candidate) -> dict[str, Any]:
    site = catalogue.settings.site_url
    addresses = {"alert": f"{site}/alerts/{candidate.id}", "claim": f"{site}/claims/{candidate.id}"}
    return {
        "id": candidate.id,
        "kind": candidate.kind.value,
        "title": candidate.title,
        "url": addresses.get(candidate.kind.value, candidate.url),
        "verdict": candidate.verdict.value if candidate.verdict else None,
        "status": candidate.status,
        "band": candidate.band.value,
        "probability": round(candidate.probability, 4),
        "reasons": [{"key": r.key, "values": dict(r.values), "objects": r.objects} for r in candidate.reasons],
        "matched_text": candidate.matched_text,
    }


def _print_answer(answer: Answer) -> None:
    print(f"outcome: {answer.outcome.value}" + (" (search reduced)" if answer.is_degraded else ""))
    for c in answer.candidates:
        reasons = ", ".join(r.key for r in c.reasons)
        print(f"  {c.band.value:8} {c.probability:.2f}  {c.kind.value:8} {c.id}  {c.title}  [{reasons}]")


if __name__ == "__main__":
    sys.exit(main())
