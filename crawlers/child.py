"""The parsing child: `python -m crawlers.child`, fed through its pipes by `crawlers.reading`. Never started by hand."""

from __future__ import annotations

import gc
import os
import pickle
import resource
import signal
import sys
from collections.abc import Iterator
from typing import IO

from crawlers.adapters import FORMATS, adapter
from crawlers.adapters.datafeed import read_dump
from crawlers.adapters.protocol import Context, Dump, Parsed, Portion
from crawlers.pipes import receive, send

CPU_S = 5
MEMORY_BYTES = 512 * 1024 * 1024


def main() -> None:
    """Answers one task after the other until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which ends the children
    # Answers leave by a private descriptor: a library that prints cannot break the protocol.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for name in FORMATS:  # before the first task: on a busy machine the imports alone would use up its time
        adapter(name)
    gc.freeze()  # what is imported stays: no collection need look at it again
    _limit_for_good()
    send(answers, b"ready")
    while (task := _next(sys.stdin.buffer)) is not None:
        body, context = task
        _limit_task()
        for answer in _portions(body, context) if isinstance(body, Dump) else [_read(body, context)]:
            send(answers, pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))
            _limit_task()


def _next(pipe: IO[bytes]) -> tuple[bytes | Dump, Context] | None:
    try:
        body, context = pickle.loads(receive(pipe))  # noqa: S301 - from our own parent
    except EOFError:
        return None
    return body, context


def _read(body: bytes, context: Context) -> Parsed:
    try:
        return adapter(context.source.format).read(body, context)
    except (MemoryError, RecursionError):
        return Parsed(code="parser_killed")


def _portions(dump: Dump, context: Context) -> Iterator[Portion]:
    try:
        yield from read_dump(dump, context)
    except (MemoryError, RecursionError, OSError):
        yield Portion(Parsed(code="parser_killed"), known=b"")


def _limit_for_good() -> None:
    """Memory on top of what the interpreter maps already; no files, no core dumps."""
    with open("/proc/self/statm") as statm:
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY_BYTES, mapped + MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_task() -> None:
    """CPU seconds count over the whole life of a process, so the limit moves on with each task."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU_S + 1, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
