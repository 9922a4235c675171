"""Clarion as an operator runs it: real processes, real engines, ended by id when the test is over."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from index.outbound import Failure, Limits, Response, Vetting, request

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "crawlers" / "samples"
CLARION = [sys.executable, "-m", "index.cli"]


def free_port_pair() -> int:
    """A port of 127.0.0.1 that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return int(port)


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without its Clarion settings, and with these."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CLARION_")}
    return {**kept, **settings}


@dataclass(frozen=True)
class Site:
    """A running site."""

    url: str

    def get(self, path: str) -> Response:
        return self._sent("GET", path, None)

    def post_json(self, path: str, body: bytes) -> Response:
        return self._sent("POST", path, body)

    def _sent(self, method: str, path: str, body: bytes | None) -> Response:
        answer = ask(method, self.url + path, body)
        assert isinstance(answer, Response), answer
        return answer


def ask(method: str, url: str, body: bytes | None = None) -> Response | Failure:
    """One request to a server on loopback, with the project's own transport."""
    port = url.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[1]
    vetting = Vetting(allowed_internal=frozenset({f"127.0.0.1:{port}"}))
    headers = {"content-type": "application/json"} if body is not None else None
    limits = Limits(read_s=120, total_s=120)  # the first check loads the model, on a machine that tests keep busy
    return request(method, url, headers=headers, body=body, vetting=vetting, limits=limits)


def wait_for(condition: Callable[[], bool], within_s: float, what: str, every_s: float = 0.3) -> float:
    """Seconds until the condition held, which is looked at `every_s`. Fails the test after `within_s`."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < within_s, f"{what} did not happen within {within_s:.0f} s"
        time.sleep(every_s)
    return time.monotonic() - started


def is_ready(url: str) -> bool:
    answer = ask("GET", f"{url}/readyz")
    return isinstance(answer, Response) and answer.status == 200


@contextmanager
def processes(
    commands: Mapping[str, list[str]], env: Mapping[str, str], log: Path
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Starts every command in the repository's root; ends each by SIGTERM, and checks that it went in good order."""
    with log.open("ab") as out:
        running = {
            name: subprocess.Popen(command, cwd=ROOT, env=dict(env), stdout=out, stderr=out, start_new_session=True)
            for name, command in commands.items()
        }
        try:
            yield running
        finally:
            for child in running.values():
                if child.poll() is None:
                    child.send_signal(signal.SIGTERM)
            for child in running.values():
                try:
                    child.wait(40)
                except subprocess.TimeoutExpired:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()


def probes() -> list[tuple[str, str, str]]:
    """(rumor, language, wording) of the fresh wordings, which stand nowhere in the samples."""
    truth = tomllib.loads((SAMPLES / "truth.toml").read_text("utf-8"))
    return [(p["rumor"], p["language"], p["text"]) for p in truth["probes"]]


def unrelated() -> list[str]:
    truth = tomllib.loads((SAMPLES / "truth.toml").read_text("utf-8"))
    return [p["text"] for p in truth["unrelated_probes"]]


def headline_of(rumor: str) -> str:
    """The headline under which the demo's desk answers a rumor."""
    desk = tomllib.loads((SAMPLES / "desk.toml").read_text("utf-8"))
    return next(str(t["headline"]) for t in desk["text"] if t["rumor"] == rumor)


def plain(markup: str) -> str:
    """The words of a page or feed, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())
