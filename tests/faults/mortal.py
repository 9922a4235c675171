"""`python -m tests.faults.mortal`: processes that do one act of the catalogue and die by SIGKILL at its n-th step.

order (a line of JSON on standard input) ─► fork ─► child: open the catalogue, act, kill itself before step n
                                                └─► a line of JSON: how many steps it took, whether it said "done"

The product knows nothing of this: the adapters are wrapped where the catalogue holds them. A step is each call on a
port, the moment after each commit and each answer of the engine, and what an engine does inside one call; with
`every_statement` also each SQL statement. Forking from one warm process keeps a run at a few hundredths of a second.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from index import Catalogue, open_catalogue
from index.settings import Settings

DONE = "done "
FAILED = "failed "


class Steps:
    """Counts, tells each step before it is taken, and kills the process at the chosen one."""

    def __init__(self, kill_at: int, tell: Callable[[str], None]) -> None:
        self._kill_at, self._tell, self._count = kill_at, tell, 0
        self._is_armed = False

    def arm(self) -> None:
        self._is_armed = True

    def take(self, name: str) -> None:
        if not self._is_armed:
            return
        self._count += 1
        self._tell(name)
        if self._count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


class Stepping:
    """An adapter whose every call is a step; `after` also tells when the call has returned."""

    def __init__(self, inner: Any, steps: Steps, name: str, *, after: bool = False) -> None:
        self._inner, self._steps, self._name, self._after = inner, steps, name, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._steps.take(f"{self._name}.{name}")
            result = found(*args, **kwargs)
            if self._after:
                self._steps.take(f"{self._name}.{name} returned")
            return result

        return call


class SteppingRecords(Stepping):
    """Also a step: the beginning of a transaction, the moment before its commit and the one after it."""

    def begin(self) -> Any:
        return self._transaction(self._inner.begin, "begin")

    def together(self, act: Callable[[Any], Any], weight: int = 1) -> Any:
        with self.begin() as unit:
            return act(unit)

    def read(self) -> Any:
        return self._transaction(self._inner.read, "read")

    @contextmanager
    def _transaction(self, open_: Callable[[], Any], name: str) -> Iterator[Any]:
        self._steps.take(f"records.{name}")
        with open_() as unit:
            yield Stepping(unit, self._steps, "unit")
            self._steps.take(f"before the end of {name}")
        self._steps.take(f"after the end of {name}")


def main() -> int:
    _warm_up()
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)
    return 0


def _warm_up() -> None:
    """What each child would otherwise load for itself. Opens no file and starts no thread."""
    import psycopg  # noqa: F401
    import sqlalchemy.dialects.postgresql.psycopg
    import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401

    import index.encode
    import index.records
    import index.search.elastic
    import index.search.embedded
    import index.sync
    from index import text

    index.sync.PATIENCE_S = 60.0  # each step is to be reached, however busy the machine is
    text.terms(text.understand("转发：繁體與简体").text)


def _run(order: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _live(order, lambda line: os.write(writing, line.encode() + b"\n"))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        lines = told.read().splitlines()
    _, status = os.waitpid(pid, 0)
    steps = [line for line in lines if not line.startswith((DONE, FAILED))]
    last = lines[-1] if lines else ""
    return {
        "steps": steps,
        "was_killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
        "acknowledged": last.removeprefix(DONE) if last.startswith(DONE) else None,
        "error": last.removeprefix(FAILED) if last.startswith(FAILED) else None,
    }


def _live(order: dict[str, Any], tell: Callable[[str], Any]) -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # logs; standard output carries the answers
    try:
        steps = Steps(order["kill_at"], tell)
        _step_inside_engines(steps)
        if order["every_statement"]:
            _step_at_statements(steps)
        catalogue = _open(order, steps)
        steps.arm()
        tell(DONE + str(ACTS[order["act"]](catalogue, order)))
    except BaseException:  # noqa: BLE001 - told to the test, which fails with it
        tell(FAILED + traceback.format_exc().replace("\n", " | "))


def _open(order: dict[str, Any], steps: Steps) -> Catalogue:
    class Clock:
        def now(self) -> datetime:
            return datetime.fromisoformat(order["now"])

    settings = Settings.from_env(order["settings"])
    catalogue = open_catalogue(settings, clock=Clock())
    parts = catalogue._parts
    for name, stepping in (
        ("records", SteppingRecords(parts.records, steps, "records")),
        ("search", Stepping(parts.search, steps, "search", after=True)),
        ("encoder", Stepping(parts.encoder, steps, "encoder")),
    ):
        object.__setattr__(parts, name, stepping)
    return catalogue


def _approve(catalogue: Catalogue, order: dict[str, Any]) -> str:
    editor = next(e for e in catalogue.editors() if e.id == order["editor"])
    return catalogue.approve(order["refutation"], editor, order["version"]).id


#: What a mortal process can be asked to do; each returns what it acknowledges.
ACTS: dict[str, Callable[[Catalogue, dict[str, Any]], str]] = {
    "approve": _approve,
    "sync": lambda catalogue, order: str(catalogue.sync().applied_count),
    "rebuild": lambda catalogue, order: str(catalogue.rebuild()),
}


def _step_inside_engines(steps: Steps) -> None:
    """The embedded engine has two commits, of rows and of terms; Elasticsearch is asked by HTTP."""
    from elastic_transport import Transport

    from index.search.lexical import Lexical
    from index.search.store import Store

    for owner, name in (
        (Store, "put"),
        (Store, "replace"),
        (Store, "set_applied"),
        (Lexical, "apply"),
        (Transport, "perform_request"),
    ):
        setattr(owner, name, _stepping(getattr(owner, name), steps, f"{owner.__name__}.{name}"))


def _stepping(function: Callable[..., Any], steps: Steps, name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        steps.take(name)
        return function(*args, **kwargs)

    return call


def _step_at_statements(steps: Steps) -> None:
    from sqlalchemy import Engine, event

    event.listen(Engine, "before_cursor_execute", lambda *args: steps.take(f"sql {args[2][:60]!r}"))
    event.listen(Engine, "commit", lambda connection: steps.take("sql COMMIT"))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    sys.exit(main())
