"""Parsing children: whatever a document does to a parser, this process goes on (A9, K2)."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers.adapters.protocol import Context, Parsed, Request
from crawlers.fetch import Failed
from crawlers.reading import Reader
from tests.crawlers.fakes import a_source

GOOD = b"<rss version='2.0'><channel><item><title>fine</title><guid>g</guid></item></channel></rss>"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader(size=1)
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def patient() -> Iterator[Reader]:
    """Counts work by the processor's clock, so that a busy machine is no document's fault."""
    reader = Reader(size=1, wall_s=120.0)
    yield reader
    reader.close()


def context(form: str = "feed") -> Context:
    source = a_source(format=form, options={"select": {"item": "li"}})
    return Context(source, Request(source.url), source.url, datetime(2026, 3, 1, tzinfo=UTC))


def feed(*items: str, doctype: str = "") -> bytes:
    return f"{doctype}<rss version='2.0'><channel>{''.join(items)}</channel></rss>".encode()


def lol(levels: int) -> str:
    """The billion laughs: each entity is ten of the one before."""
    lines = ["<!ENTITY l0 'lol'>"] + [f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, levels)]
    return f"<?xml version='1.0'?><!DOCTYPE rss [{''.join(lines)}]>"


BOMBS = {
    "billion laughs": feed("<item><title>&l9;</title></item>", doctype=lol(10)),
    "quadratic entity": feed(
        f"<item><title>{'&a;' * 50_000}</title></item>", doctype=f"<!DOCTYPE rss [<!ENTITY a '{'x' * 50_000}'>]>"
    ),
    "external entity, file": feed(
        "<item><title>&x;</title></item>", doctype="<!DOCTYPE rss [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    ),
    "external entity, http": feed(
        "<item><title>&x;</title></item>", doctype="<!DOCTYPE rss [<!ENTITY x SYSTEM 'http://127.0.0.1:9/x'>]>"
    ),
    "external DTD": feed("<item><title>x</title></item>", doctype="<!DOCTYPE rss SYSTEM 'http://127.0.0.1:9/x.dtd'>"),
    "parameter entity": feed(
        "<item><title>x</title></item>", doctype="<!DOCTYPE r [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]>"
    ),
    "200,000 nested tags": feed("<item><title>x</title><description>", "<b>" * 200_000),
    "160,000 escaped comments": feed(f"<item><title>x</title><description>{'&lt;!--' * 160_000}</description></item>"),
    "300,000 less-than signs": feed("<item><title>x</title>", "<" * 300_000),
    "300,000 ampersands": feed(f"<item><title>{'&' * 300_000}</title></item>"),
    "a million open brackets": b"<rss>" + b"<!DOCTYPE [" * 100_000,
    "unclosed CDATA sections": feed("<item><title>x</title><description>" + "<![CDATA[" * 100_000),
    "100,000 items": feed(*("<item><title>t</title></item>" for _ in range(100_000))),
    "zeros": b"\0" * 5_000_000,
    "ten million letters": feed(f"<item><title>{'a' * 9_000_000}</title></item>"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a9_a_bomb_ends_as_a_value_and_the_next_document_is_read(name: str, reader: Reader) -> None:
    outcome = reader.read(BOMBS[name], context())
    assert isinstance(outcome, Parsed | Failed)
    if isinstance(outcome, Failed):
        assert outcome.code == "parser_killed"
    else:
        assert all(len(item.title) <= 500 and len(item.text) <= 50_000 for item in outcome.items)
        assert "root:" not in repr(outcome.items)[:100_000]
    again = reader.read(GOOD, context())
    assert isinstance(again, Parsed) and [i.title for i in again.items] == ["fine"]


def spent_s(reader: Reader) -> float:
    """CPU seconds of the reader's one child so far."""
    (child,) = reader._children
    fields = Path(f"/proc/{child._process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize(
    "name",
    ["billion laughs", "quadratic entity", "external entity, file", "external DTD", "160,000 escaped comments",
     "300,000 ampersands", "a million open brackets", "unclosed CDATA sections"],
)  # fmt: skip
def test_q39_a_bomb_costs_the_child_at_most_a_second_of_work(name: str, patient: Reader) -> None:
    patient.read(GOOD, context())
    before, children = spent_s(patient), set(patient._children)
    outcome = patient.read(BOMBS[name], context())
    assert isinstance(outcome, Parsed) and set(patient._children) == children, "no child had to be killed"
    spent = spent_s(patient) - before
    print(f"{name}: {spent:.2f} s of CPU, {outcome.code or len(outcome.items)}")
    assert spent <= 1


def test_q25_a_feed_of_five_thousand_items_is_read_and_one_of_fifty_thousand_refused(patient: Reader) -> None:
    def items(count: int) -> bytes:
        return feed(*(f"<item><title>t {n}</title><guid>g{n}</guid><link>/{n}</link></item>" for n in range(count)))

    patient.read(GOOD, context())
    before = spent_s(patient)
    outcome = patient.read(items(5_000), context())
    spent = spent_s(patient) - before
    print(f"5,000 items: {spent:.2f} s of CPU")
    assert isinstance(outcome, Parsed) and len(outcome.items) == 5_000 and spent <= 5
    refused = patient.read(items(50_000), context())
    assert isinstance(refused, Parsed) and (refused.code, refused.items) == ("too_large", ())


def test_a9_no_document_makes_the_parser_open_a_file_or_a_connection(tmp_path: Path) -> None:
    """By the system's own log: libxml and expat open files below what Python can see."""
    if shutil.which("strace") is None:
        pytest.skip("strace: not on this machine")
    names = ["external entity, file", "external entity, http", "external DTD", "parameter entity", "billion laughs"]
    bodies = [BOMBS[name] for name in names]
    bodies += [b"<html><head><base href='http://127.0.0.1:9/'><link href='file:///etc/passwd'></head></html>"]
    (tmp_path / "tasks").write_bytes(pickle.dumps([(body, context(form)) for body in bodies for form in FORMATS]))
    log = tmp_path / "log"
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    traced = ["strace", "-f", "-e", "trace=openat,open,socket,connect", "-o", str(log), sys.executable, "-c", TRACED]
    done = subprocess.run([*traced, str(tmp_path / "tasks")], env=env, capture_output=True, text=True)
    if "PTRACE" in done.stderr:
        pytest.skip("strace: not permitted on this machine")
    assert done.returncode == 0, done.stderr[-2000:]
    calls = log.read_text("utf-8", "replace").partition("BEGIN-OF-DOCUMENTS")[2]
    assert "END-OF-DOCUMENTS" in calls, "the log covers the whole reading"
    assert "socket(" not in calls and "connect(" not in calls
    opened = re.findall(r'open(?:at)?\([^"]*"([^"]+)"', calls)
    assert [p for p in opened if "passwd" in p or "x.dtd" in p or p.startswith("http")] == []


FORMATS = ("feed", "listing", "claimreview", "jsonfeed")
TRACED = """
import pickle, sys
from crawlers.adapters import adapter
tasks = pickle.load(open(sys.argv[1], "rb"))
def mark(word):
    try:
        open("/nonexistent/" + word)
    except OSError:
        pass
mark("BEGIN-OF-DOCUMENTS")
for body, context in tasks:
    adapter(context.source.format).read(body, context)
mark("END-OF-DOCUMENTS")
"""


@pytest.mark.parametrize(
    "form", ["listing", "claimreview", "jsonfeed", "sitemap", "wordpress", "jsonlist", "factchecktools"]
)
@pytest.mark.parametrize(
    "body",
    [b"<div>" * 200_000, b"[" * 1_000_000, b'{"a":' * 200_000, b"<script type='application/ld+json'>" + b"[" * 500_000,
     b"<urlset>" + b"<url><loc>" * 200_000, b'{"@type":"DataFeed","dataFeedElement":[' + b"[" * 500_000,
     b"<a href='" * 300_000, b'{"version":"https://jsonfeed.org/version/1","items":[' + b"{}," * 500_000 + b"{}]}"],
)  # fmt: skip
def test_a9_the_other_formats_survive_deep_and_wide_documents(form: str, body: bytes, reader: Reader) -> None:
    assert isinstance(reader.read(body, context(form)), Parsed | Failed)
    assert isinstance(reader.read(GOOD, context()), Parsed)


def test_a_child_is_used_again_and_replaced_after_a_kill(reader: Reader) -> None:
    reader.read(GOOD, context())
    before = set(reader._children)
    reader.read(GOOD, context())
    assert set(reader._children) == before
    for child in before:
        child.kill()
    outcome = reader.read(GOOD, context())
    assert isinstance(outcome, Failed) and outcome.code == "parser_killed"
    assert isinstance(reader.read(GOOD, context()), Parsed)
    assert not set(reader._children) & before


def test_a_child_that_takes_too_long_is_killed_and_others_are_not_held_up() -> None:
    reader = Reader(size=2, wall_s=2.0)
    try:
        reader.read(GOOD, context())
        outcomes: list[object] = []
        slow = threading.Thread(target=lambda: outcomes.append(reader.read(BOMBS["200,000 nested tags"], context())))
        slow.start()
        assert isinstance(reader.read(GOOD, context()), Parsed)
        slow.join()
        assert isinstance(outcomes[0], Failed)
    finally:
        reader.close()


STOPPED = """
import sys
from crawlers.fetch import Failed
from crawlers.reading import Reader
from tests.crawlers.test_reading import GOOD, context
reader = Reader(size=1, wall_s=1.5)
reader.read(GOOD, context())
print("ready", flush=True)
failed = sum(isinstance(reader.read(GOOD, context()), Failed) for _ in range(300))
reader.close()
print(failed, flush=True)
"""


def test_s1_a_process_that_was_stopped_longer_than_the_limit_blames_no_document() -> None:
    process = subprocess.Popen([sys.executable, "-c", STOPPED], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for _ in range(3):
        time.sleep(0.05)
        process.send_signal(signal.SIGSTOP)
        time.sleep(2)
        process.send_signal(signal.SIGCONT)
    assert process.communicate(timeout=60)[0] == "0\n"


def test_closing_ends_every_child() -> None:
    reader = Reader(size=2)
    reader.read(GOOD, context())
    pids = [child._process.pid for child in reader._children]
    reader.close()
    assert pids and not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert isinstance(reader.read(GOOD, context()), Failed)


PROBE = """
import json, os, resource, sys
from crawlers import child
child._limit_for_good(); child._limit_task()
try:
    with open("probe.txt", "w") as probe:
        probe.write("x" * 10)
    wrote = True
except OSError:
    wrote = False
try:
    bytearray(600 * 1024 * 1024); took = True
except MemoryError:
    took = False
used = resource.getrusage(resource.RUSAGE_SELF)
left = resource.getrlimit(resource.RLIMIT_CPU)[0] - int(used.ru_utime + used.ru_stime)
print(json.dumps({"wrote": wrote, "took": took, "cpu": left}))
"""


def test_a9_a_child_cannot_write_files_take_much_memory_or_much_time(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    # Python ignores SIGXFSZ, so a write over the limit is an OSError.
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["wrote"] is False and found["took"] is False and found["cpu"] <= 7
    assert not (tmp_path / "probe.txt").exists() or (tmp_path / "probe.txt").stat().st_size == 0


def test_a_child_inherits_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARION_SEARCH_PASSWORD", "not-for-parsers")
    reader = Reader(size=1)
    try:
        reader.read(GOOD, context())
        (child,) = reader._children
        assert b"not-for-parsers" not in Path(f"/proc/{child._process.pid}/environ").read_bytes()
    finally:
        reader.close()
