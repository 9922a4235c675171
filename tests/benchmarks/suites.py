"""`python -m tests.benchmarks.suites`: other people's test files through our readers, as counts beside their bars.

    pip download (sdist, nothing of it is kept in the repository)  ->  parsing child, robots, addresses  ->  a table
Bars are those of sources.md 7. It needs the package index, so `make test` does not run it. Times are CPU seconds of the
child that parses: they hold on a busy machine. Rc 1 if a bar is missed.

Not to be had from a package index, so not here: the W3C feed validator's cases, google/robotstxt's own test (protego
ports most of it), the article-extraction benchmark and trafilatura's 990 pages, google/cap-library's samples.
"""

from __future__ import annotations

import argparse
import ast
import datetime as datetime_module
import ipaddress
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser
from lxml import html as lxml_html

from crawlers.adapters.protocol import Context, Parsed, Request
from crawlers.fetch import Failed
from crawlers.plain import cleaned
from crawlers.reading import Reader
from crawlers.robots import parse_robots
from index.model import Role, Source, SourceKind
from index.text import canonical_url

PACKAGES = ("feedparser==6.0.14", "defusedxml==0.7.1", "protego==0.7.0", "w3lib==2.5.0", "courlan==1.4.0")
_HEADER = re.compile(rb"^Header:\s+([^:]+):(.+)$", re.M)
_EXPECTED = re.compile(r"Description:\s*(.*?)\s*Expect:\s*(.*)\s*-->")
_URL = re.compile(r"https?://[^\s\"'<>\\)]{3,300}")
_WRITTEN_IN = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp037", "latin-1")
_WORDS = {f.__name__: f for f in (len, str, tuple, ord, isinstance, bool)}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Row:
    """One line of the table. `is_met` None: no bar."""

    suite: str
    what: str
    found: str
    bar: str = ""
    is_met: bool | None = None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.suites", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the archives are, or are put; a temporary one by default")
    parser.add_argument("--only", choices=["feedparser", "defusedxml", "protego", "urls"], action="append")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        wanted = options.only or ["feedparser", "defusedxml", "protego", "urls"]
        suites = {"feedparser": _feedparser, "defusedxml": _defusedxml, "protego": _protego, "urls": _urls}
        rows = [row for name in wanted for row in suites[name](folder)]
    for row in rows:
        mark = {True: "met", False: "MISSED", None: ""}[row.is_met]
        print(f"{row.suite:<12} {row.what:<58} {row.found:<34} {row.bar:<14} {mark}")
    return 1 if any(row.is_met is False for row in rows) else 0


def _files(folder: Path, name: str) -> dict[str, bytes]:
    """Every file of a package's source archive under its path inside the archive."""
    requirement = next(p for p in PACKAGES if p.startswith(name + "=="))
    archive = folder / f"{requirement.replace('==', '-')}.tar.gz"
    if not archive.exists():
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", name, requirement]
        subprocess.run([*command, "-d", str(folder)], check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(archive) as opened:
        members = [m for m in opened if m.isfile()]
        return {m.name.partition("/")[2]: file.read() for m in members if (file := opened.extractfile(m)) is not None}


# --- the parsing child -----------------------------------------------------------------------------------------------


def _context(headers: dict[str, str], form: str = "feed") -> Context:
    source = Source(
        id="suite", names={"en": "suite"}, kind=SourceKind.MONITOR, authority=0, domain="example.org",
        url="https://example.org/feed", format=form, role=Role.CIRCULATING, language="en",
        options={"select": {"item": "li"}},
    )  # fmt: skip
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    return Context(source, Request(source.url), source.url, moment, headers.get("content-type", ""))


def _cpu_s(reader: Reader) -> float:
    total = 0.0
    for child in tuple(reader._children):
        parts = Path(f"/proc/{child._process.pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(parts[11]) + int(parts[12])) / _TICKS
    return total


def _read_all(files: dict[str, bytes], forms: tuple[str, ...] = ("feed",)) -> tuple[Counter[str], float, float, int]:
    """Outcomes by kind, the slowest file and the whole in CPU seconds, and how many items came out."""
    outcomes: Counter[str] = Counter()
    slowest, whole, items = 0.0, 0.0, 0
    reader = Reader(size=1, wall_s=120.0)  # the CPU limit stays; a busy machine is no document's fault
    try:
        for body in files.values():
            headers = {k.decode().strip().lower(): v.decode().strip() for k, v in _HEADER.findall(body)}
            for form in forms:
                before, had = _cpu_s(reader), set(reader._children)
                outcome = reader.read(body, _context(headers, form))
                spent = _cpu_s(reader) - (before if had == set(reader._children) else 0.0)
                if had == set(reader._children):  # a new child's start is no document's cost
                    slowest, whole = max(slowest, spent), whole + spent
                outcomes[outcome.code or "read"] += 1
                if isinstance(outcome, Parsed):
                    items += len(outcome.items)
                    kept = [i for i in outcome.items if not i.is_withdrawn]
                    outcomes["empty item"] += sum(not i.title and not i.text for i in kept)
                    outcomes["unsafe link"] += sum(not i.url.startswith(("http://", "https://")) for i in kept)
                assert isinstance(outcome, Parsed | Failed)
    finally:
        reader.close()
    return outcomes, slowest, whole, items


# --- feedparser's own files ------------------------------------------------------------------------------------------


def _feedparser(folder: Path) -> Iterator[Row]:
    name = "feedparser"
    files = {p: b for p, b in _files(folder, name).items() if p.startswith("tests/") and not p.endswith(".py")}
    outcomes, slowest, whole, items = _read_all(files)
    killed = outcomes["parser_killed"]
    yield Row(name, f"{len(files)} files through the child: killed or crashed", str(killed), "0", killed == 0)
    yield Row(name, "slowest file, CPU", f"{slowest:.2f} s", "<= 5 s", slowest <= 5)
    yield Row(name, "all files, CPU", f"{whole:.1f} s", "<= 30 s", whole <= 30)
    yield Row(name, "items read; outcomes", f"{items}; {dict(outcomes.most_common(6))}")
    bad = outcomes["empty item"] + outcomes["unsafe link"]
    yield Row(name, "items without title and text, or with another link", str(bad), "0", bad == 0)
    met = Counter[str]()
    values: list[str] = []
    for path, body in files.items():
        expression = _expectation(body)
        if not expression:
            continue
        result = _as_we_parse(body)
        met["expected"] += 1
        is_met = _is_met(expression, result)
        met["met"] += is_met
        if "sanitize" in path:
            met["sanitize files"] += 1
            values += _texts(result)
        if "/base/" in path or "_base" in path:
            met["base"], met["base met"] = met["base"] + 1, met["base met"] + is_met
    what = f"expectations met with our options, of {met['expected']}"
    yield Row(name, what, str(met["met"]), ">= 1655", met["met"] >= 1655)
    yield Row(name, f"of these in files about bases, of {met['base']}", str(met["base met"]))
    active = sum(_active(cleaned(value, "https://example.org/")) for value in values)
    what = f"{met['sanitize files']} sanitize files, {len(values)} values: active after cleaning"
    yield Row(name, what, str(active), "0", active == 0)


def _expectation(body: bytes) -> str:
    """The file's own expectation, in whatever encoding the file is; "" if it has none."""
    for encoding in _WRITTEN_IN:
        try:
            found = _EXPECTED.search(body.decode(encoding))
        except UnicodeError:
            continue
        if found is not None:
            return found[2]
    return ""


def _as_we_parse(body: bytes) -> Any:
    headers = {k.decode().strip().lower(): v.decode().strip() for k, v in _HEADER.findall(body)}
    headers.setdefault("content-type", "application/xml")
    options = {"sanitize_html": False, "resolve_relative_uris": False, "response_headers": headers}
    try:
        return feedparser.parse(BytesIO(body), **options)
    except Exception as error:  # noqa: BLE001 - counted as not met
        return {"bozo": True, "error": repr(error), "entries": [], "feed": {}}


def _is_met(expression: str, result: Any) -> bool:
    """The file's own expectation, in feedparser's words: Python over its result."""
    try:
        return bool(eval(expression, {"__builtins__": _WORDS, "datetime": datetime_module}, dict(result)))
    except Exception:  # noqa: BLE001 - any error of a foreign expression is "not met"
        return False


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [t for v in value.values() for t in _texts(v)]
    if isinstance(value, list | tuple):
        return [t for v in value for t in _texts(v)]
    return [value] if isinstance(value, str) else []


def _active(markup: str) -> int:
    """Tags, attributes and links of cleaned markup that could run or fetch anything."""
    if not markup.strip():
        return 0
    root = lxml_html.fragment_fromstring(markup, create_parent="div")
    count = 0
    for element in root.iter():
        if element.tag in ("script", "style", "iframe", "object", "embed", "img", "svg", "math", "form", "video"):
            count += 1
        for key, value in element.attrib.items():
            count += key != "href" or not re.match(r"https?://|mailto:", str(value))
    return count


# --- defusedxml, protego, addresses ----------------------------------------------------------------------------------


def _defusedxml(folder: Path) -> Iterator[Row]:
    name = "defusedxml"
    files = {p: b for p, b in _files(folder, name).items() if "xmltestdata/" in p}
    outcomes, slowest, _, items = _read_all(files, ("feed", "listing", "claimreview"))
    killed = outcomes["parser_killed"]
    yield Row(name, f"{len(files)} files as three formats: killed", str(killed), "0", killed == 0)
    yield Row(name, "slowest, CPU", f"{slowest:.2f} s", "<= 1 s", slowest <= 1)
    yield Row(name, "items; outcomes", f"{items}; {dict(outcomes.most_common(4))}")


def _protego(folder: Path) -> Iterator[Row]:
    files = {p: b for p, b in _files(folder, "protego").items() if p.startswith("tests/test_data/")}
    started, slowest, faults = time.process_time(), 0.0, 0
    for body in files.values():
        before = time.process_time()
        try:
            rules = parse_robots(body)
            for path in ("/", "/robots.txt", "/a?b=c", "/%E8%B0%A3%E8%A8%80", "/谣言"):
                rules.allows(f"https://example.org{path}")
        except Exception:  # noqa: BLE001 - counted
            faults += 1
        slowest = max(slowest, time.process_time() - before)
    whole = time.process_time() - started
    yield Row("protego", f"{len(files)} real robots.txt: exceptions", str(faults), "0", faults == 0)
    yield Row("protego", "all files, CPU; slowest", f"{whole:.1f} s; {slowest:.2f} s", "<= 5 s", whole <= 5)


def _urls(folder: Path) -> Iterator[Row]:
    """Every address in the string literals of w3lib's and courlan's tests."""
    urls: dict[str, None] = {}
    for name in ("w3lib", "courlan"):
        for path, body in _files(folder, name).items():
            if path.startswith("tests/") and path.endswith(".py"):
                tree = ast.parse(body)
                texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
                urls |= dict.fromkeys(u for text in texts for u in _URL.findall(text))
    known = {u: c for u in urls if (c := canonical_url(u)) is not None}
    unstable = [u for u, c in known.items() if canonical_url(c) != c]
    moved = [u for u, c in known.items() if _host(u) != _host(c)]
    what = f"{len(urls)} addresses, {len(known)} canonical: not idempotent"
    yield Row("w3lib+courlan", what, str(len(unstable)), "0", not unstable)
    yield Row("w3lib+courlan", "host changed", f"{len(moved)} {moved[:3]}", "0", not moved)


def _host(url: str) -> str:
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if ":" in host:
        return ipaddress.ip_address(host).compressed
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


if __name__ == "__main__":
    sys.exit(main())
