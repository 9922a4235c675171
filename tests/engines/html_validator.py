"""The Nu Html Checker (npm `vnu-jar`) as a loopback service, so that not every page starts a Java of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.engines.processes import LOOPBACK, EngineUnavailable, free_port, wait_until

JAR = Path(__file__).parents[2] / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
START_TIMEOUT_S = 60.0


class HtmlValidator:
    """Checks whole HTML documents. Does not fetch anything that they link to."""

    def __init__(self, *, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._log = Path(tempfile.gettempdir()) / f"clarion-validator-{self.port}.log"

    def start(self) -> HtmlValidator:
        java = shutil.which("java")
        if java is None:
            raise EngineUnavailable("no Java (Debian: openjdk-17-jdk-headless) for the HTML checker")
        if not JAR.exists():
            raise EngineUnavailable("no node_modules/vnu-jar (run `npm ci`) for the HTML checker")
        command = [java, "-Xss1m", "-Xmx256m", "-cp", str(JAR)]
        command += [f"-Dnu.validator.servlet.bind-address={LOOPBACK}", "nu.validator.servlet.Main", str(self.port)]
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        wait_until(self._answers, self._process, what="HTML checker", log=self._log, timeout_s=START_TIMEOUT_S)
        return self

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        self._log.unlink(missing_ok=True)

    def __enter__(self) -> HtmlValidator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answers(self) -> bool:
        try:
            return not errors_in("<!DOCTYPE html><html lang=en><title>Ready</title><p>Ready</p></html>", self.url)
        except (urllib.error.URLError, OSError):
            return False


def errors_in(document: str | bytes, address: str) -> list[str]:
    """The checker's errors and warnings (not its hints) about a whole page, each with its line and an extract."""
    body = document.encode() if isinstance(document, str) else document
    request = urllib.request.Request(
        f"{address}/?out=json", data=body, headers={"Content-Type": "text/html; charset=utf-8"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        messages: list[dict[str, Any]] = json.load(response)["messages"]
    return [_in_words(message) for message in messages if _counts(message)]


def _counts(message: dict[str, Any]) -> bool:
    return message["type"] != "info" or message.get("subType") == "warning"


def _in_words(message: dict[str, Any]) -> str:
    extract = " ".join(str(message.get("extract", "")).split())
    return f"line {message.get('lastLine', '?')}: {message['message']} ({extract})"
