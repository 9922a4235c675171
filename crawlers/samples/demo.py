"""`clarion demo`: the whole of Clarion on one machine, on the bundled samples, until Ctrl-C.

    first time: database, model ─► sample server ─► clarion crawl --once ─► two editors walk texts through the desk
    every time: sample server + web (gunicorn) + clarion crawl + clarion deliver, each a process of its own

The folder of the demo is prepared aside and only then marked, so that an interrupted first run starts over.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from types import FrameType
from typing import Any

import structlog
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from crawlers.samples import walk
from crawlers.samples.server import filled, serve
from index import open_catalogue
from index.outbound import Limits, Response, Vetting, request
from index.settings import Settings

#: The demo's own people; their passwords are printed, so the demo answers on loopback only.
EDITORS = (("编辑 A", "admin", "harbour-kettle-41"), ("编辑 B", "editor", "orchard-lantern-58"))
READY = "demo-ready"
EDITION = "1"  # raise it when the samples or the walk change, so that the demo is prepared anew
START_S = 60.0
STOP_S = 15.0


def register(commands: Any) -> None:
    """Adds `clarion demo` to the command line."""
    demo = commands.add_parser("demo", help="run everything on this machine, on the bundled samples")
    demo.add_argument(
        "--port", type=int, default=0, help="port of the site (default: $PORT, else 8000); the next one too"
    )
    demo.add_argument("--prepare-only", action="store_true", help="prepare the demo's data and end")
    demo.set_defaults(func=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Prepares on first use, then serves until Ctrl-C or SIGTERM. Exit status 0 after either."""
    port = args.port or int(os.environ.get("PORT") or 8000)
    settings = demo_settings(settings, port)
    try:
        server = serve(port + 1)
    except OSError:
        print(f"Port {port + 1} on 127.0.0.1 is taken; the demo needs two in a row. Choose others: make demo PORT=8100")
        return 1
    console = Console(stderr=True)
    with server:
        if not _is_ready(settings, server.base_url):
            prepare(settings, server.base_url, console)
        if args.prepare_only:
            return 0
        return _Processes(settings, port, console).run()


def demo_settings(settings: Settings, port: int) -> Settings:
    """The settings of the demo: own folder, own address, and leave to read its own sample server.

    Database and search are always the embedded ones: a demo never touches an installation that the environment names.
    """
    folder = settings.data_dir / "demo"
    return replace(
        Settings(),
        encoder=settings.encoder,
        log_format=settings.log_format,
        data_dir=folder.absolute(),
        site_url=f"http://127.0.0.1:{port}",
        sources=folder.absolute() / "sources.toml",
        internal_targets=(f"127.0.0.1:{port + 1}",),
    )


def prepare(settings: Settings, base_url: str, console: Console) -> None:
    """Crawls the samples with the real crawler and walks texts through the desk. Raises: ClarionError."""
    for name in ("clarion.db", "clarion.db-wal", "clarion.db-shm", "search"):
        path = settings.data_dir / name
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    assert settings.sources is not None  # demo_settings
    settings.sources.write_text(filled("sources.toml", base_url), "utf-8")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))  # bars instead of lines
    columns = (TextColumn("{task.description:28}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        model = bars.add_task("preparing the model", total=None)
        catalogue = open_catalogue(settings, progress=lambda part, share: bars.update(model, completed=share, total=1))
        catalogue.migrate()
        catalogue.warm_up()
        bars.update(model, completed=1, total=1)
    _command(settings, "crawl", "--once")
    for name, role, password in EDITORS:
        _command(settings, "editors", "add", name, "--role", role, text=password + "\n", is_quiet=True)
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        task = bars.add_task("writing and approving alerts", total=None)
        catalogue.sync()
        catalogue.link_waiting(10_000)
        people = {e.name: e for e in catalogue.editors()}
        editors = (people[EDITORS[0][0]], people[EDITORS[1][0]])
        walk.walk(
            catalogue,
            filled("desk.toml", base_url),
            filled("truth.toml", base_url),
            editors,
            lambda done, total: bars.update(task, completed=done, total=total),
        )
    catalogue.close()
    (settings.data_dir / READY).write_text(f"{EDITION} {base_url}\n", "utf-8")


def _is_ready(settings: Settings, base_url: str) -> bool:
    mark = settings.data_dir / READY
    return mark.exists() and mark.read_text("utf-8") == f"{EDITION} {base_url}\n"


def _clarion() -> list[str]:
    return [sys.executable, "-m", "index.cli"]


def _environment(settings: Settings) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CLARION_")}
    return {**kept, **settings.to_env()}


def _command(settings: Settings, *arguments: str, text: str | None = None, is_quiet: bool = False) -> None:
    """Runs one clarion command to its end. Raises: CalledProcessError."""
    out = subprocess.DEVNULL if is_quiet else None
    subprocess.run([*_clarion(), *arguments], env=_environment(settings), input=text, text=True, stdout=out, check=True)


class _Processes:
    """Web, crawl and deliver as children of this process. They end with it: by signal, never left behind."""

    def __init__(self, settings: Settings, port: int, console: Console) -> None:
        self._settings, self._port, self._console = settings, port, console
        self._stop = threading.Event()

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        web = [
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            f"127.0.0.1:{self._port}",
            "--workers",
            "1",
            "--threads",
            "8",
        ]
        commands = {
            "web": [*web, "--log-level", "warning", "webapp:create_app()"],
            "crawl": [*_clarion(), "crawl"],
            "deliver": [*_clarion(), "deliver"],
        }
        environment = _environment(self._settings)
        log = (self._settings.data_dir / "demo.log").open("ab")
        children = {
            name: subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
            for name, command in commands.items()
        }
        try:
            return self._serve(children)
        finally:
            _end(list(children.values()))
            log.close()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _serve(self, children: dict[str, subprocess.Popen[bytes]]) -> int:
        if not self._wait_until_ready(children):
            return 0 if self._stop.is_set() else 1
        self._print_where()
        while not self._stop.wait(0.5):
            ended = [name for name, child in children.items() if child.poll() is not None]
            if ended:
                self._console.print(f"{ended[0]} has ended; see {self._settings.data_dir / 'demo.log'}")
                return 1
        self._console.print("stopping")
        return 0

    def _wait_until_ready(self, children: dict[str, subprocess.Popen[bytes]]) -> bool:
        vetting = Vetting(allowed_internal=frozenset({f"127.0.0.1:{self._port}"}))
        until = time.monotonic() + START_S
        with self._console.status("starting"):
            while time.monotonic() < until and not self._stop.is_set():
                if any(child.poll() is not None for child in children.values()):
                    break
                answer = request("GET", f"{self._settings.site_url}/readyz", vetting=vetting)
                if isinstance(answer, Response) and answer.status == 200:
                    threading.Thread(target=self._warm_up, args=(vetting,), daemon=True).start()
                    return True
                self._stop.wait(0.2)
        if not self._stop.is_set():
            self._console.print(f"The site did not start; see {self._settings.data_dir / 'demo.log'}")
        return False

    def _warm_up(self, vetting: Vetting) -> None:
        """The first check loads the model, which takes some seconds; better now than under a reader's eyes."""
        headers = {"content-type": "application/json"}
        body = json.dumps({"text": "warm up"}).encode()
        limits = Limits(read_s=START_S, total_s=START_S)
        site = self._settings.site_url
        request("POST", f"{site}/api/v1/match", headers=headers, body=body, vetting=vetting, limits=limits)

    def _print_where(self) -> None:
        site = self._settings.site_url
        print(f"\n  Site       {site}/  (also {site}/zh-hant/ and {site}/en/)")
        print(f"  Check      {site}/check")
        print(f"  Feeds      {site}/feeds")
        print(f"  Desk       {site}/desk")
        for name, role, password in EDITORS:
            print(f"             {name}  password {password}  ({role})")
        print(f"  Data, log  {self._settings.data_dir}")
        print("\n  Ctrl-C stops everything.\n", flush=True)


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    until = time.monotonic() + STOP_S
    for child in children:
        try:
            child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # its own session: nobody else's processes
            child.wait()
