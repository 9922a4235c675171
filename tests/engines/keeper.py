"""One engine for a whole test run, also when pytest-xdist spreads the run over several processes.

The first process that asks starts `python -m tests.engines NAME --while-pid CONTROLLER` under a file lock and writes
its address into the run's folder; the others read it. The controlling process ends the engines it finds there; if it is
killed, each engine sees that and ends by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.engines.processes import EngineUnavailable, locked

STOP_TIMEOUT_S = 30.0


class EngineKeeper:
    """Addresses of the engines of one run: `folder` is the run's own, `owner` its controlling process."""

    def __init__(self, folder: Path, owner: int) -> None:
        self._folder = folder
        self._owner = owner

    def address(self, name: str, *arguments: str) -> str:
        """The address of the engine called `name`, started on first use. Raises EngineUnavailable."""
        record = self._folder / f"{name}.json"
        with locked(self._folder / f"{name}.lock"):
            if not record.exists():
                record.write_text(json.dumps(self._start(name, arguments)))
        state = json.loads(record.read_text())
        if "missing" in state:
            raise EngineUnavailable(state["missing"])
        return str(state["address"])

    def missing(self) -> dict[str, str]:
        """The engines that a test asked for and this machine lacks, each with the reason."""
        states = {path.stem: json.loads(path.read_text()) for path in sorted(self._folder.glob("*.json"))}
        return {name: state["missing"] for name, state in states.items() if "missing" in state}

    def note_missing(self, name: str, reason: str) -> None:
        (self._folder / f"{name}.json").write_text(json.dumps({"missing": reason}))

    def stop_all(self) -> None:
        states = [json.loads(path.read_text()) for path in self._folder.glob("*.json")]
        pids = [state["pid"] for state in states if "pid" in state]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while any(_is_running(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.1)

    def _start(self, name: str, arguments: tuple[str, ...]) -> dict[str, str | int]:
        log = self._folder / f"{name}.log"
        command = [sys.executable, "-m", "tests.engines", *arguments, "--while-pid", str(self._owner)]
        with log.open("wb") as errors:
            # Its own session, so that Ctrl-C reaches pytest first and the tests still find their engine while they end.
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
        assert process.stdout is not None
        answer = process.stdout.readline().decode().strip()
        if answer.startswith("unavailable: "):
            return {"missing": answer.removeprefix("unavailable: ")}
        if not answer:
            raise RuntimeError(f"{name} did not start:\n{log.read_text(errors='replace')}")
        return {"address": answer, "pid": process.pid}


def _is_running(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
