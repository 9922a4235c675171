"""A dump larger than memory should hold: streamed to disk, read and recorded in portions, killed in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crawlers import fetch
from crawlers.adapters import datafeed
from crawlers.fetch import Fetcher
from crawlers.pipeline import Pipeline, Report
from crawlers.reading import Reader
from crawlers.registry import Registry
from index import open_catalogue
from index.model import Absence, Source
from index.settings import Settings
from tests.crawlers.fakes import FakeCatalogue, InProcessReader, a_lease, a_source, a_state
from tests.crawlers.loopback import at
from tests.crawlers.rude_server import Asked, RudeServer, Wire
from tests.index.house import MovableClock

MIB = 1024 * 1024
HEAD, TAIL = b'{"@context":"https://schema.org","@type":"DataFeed","dataFeedElement":[', b"]}"


def entry(number: int, claim: str = "", padding: int = 0) -> bytes:
    review: dict[str, Any] = {"@type": "ClaimReview", "url": f"https://checker.example/{number}"}
    review["claimReviewed"] = claim or f"Claim number {number} about the water"
    return json.dumps({"@type": "DataFeedItem", "item": [None, review], "padding": "x" * padding}).encode()


def dump(*entries: bytes) -> bytes:
    return HEAD + b",".join(entries) + TAIL


class Publisher:
    """Serves one dump piece by piece, under an ETag of its own."""

    def __init__(self, *entries: bytes) -> None:
        self.pieces: Iterator[bytes] | None = None
        self.body = dump(*entries)
        self.is_packed = False

    def __call__(self, wire: Wire, asked: Asked) -> None:
        if asked.path == "/robots.txt":
            return wire.answer(404)
        tag = f'"{zlib.crc32(self.body)}"'
        if asked.headers.get("if-none-match") == tag:
            return wire.answer(304)
        if self.pieces is not None:
            wire.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            return [None for piece in self.pieces if wire.send(piece)].clear()
        sent = {"ETag": tag} | ({"Content-Encoding": "gzip"} if self.is_packed else {})
        packer = zlib.compressobj(wbits=31)
        return wire.answer(200, packer.compress(self.body) + packer.flush() if self.is_packed else self.body, sent)


class Crawling:
    """Polls of one dump by the real transport, into a catalogue that remembers between polls."""

    def __init__(self, server: RudeServer, folder: Path, reader: Any = None) -> None:
        self.source = dumped(server)
        self.catalogue = FakeCatalogue()
        self.state = a_state(self.source.id)
        settings = Settings(internal_targets=(server.pair,), data_dir=folder)
        self.fetcher = Fetcher(settings, sleep=lambda s: None)
        self.pipeline = Pipeline(self.catalogue, self.fetcher, reader or InProcessReader(), Registry((self.source,)))

    def poll(self) -> Report:
        self.catalogue.parts.clear()
        lease = replace(a_lease(self.source, self.state), until=self.catalogue.now() + timedelta(minutes=1))
        report = self.pipeline.crawl(lease)
        self.state = self.catalogue.recorded[-1][2] if self.catalogue.recorded else self.state
        return report

    @property
    def handed_over(self) -> list[str]:
        return [labelled.item.url for part in self.catalogue.parts for labelled in part]


def dumped(server: RudeServer) -> Source:
    return at(server, "/data.json", format="claimreview", options={"aggregator": True, "dump": True})


def test_only_the_entries_that_changed_are_handed_over_again(tmp_path: Path) -> None:
    publisher = Publisher(*(entry(n) for n in range(40)))
    with RudeServer(publisher) as server:
        crawling = Crawling(server, tmp_path)
        first = crawling.poll()
        assert (first.status, first.new, len(crawling.handed_over)) == ("ok", 40, 40)
        assert crawling.poll().status == "not_modified"
        publisher.body = dump(*(entry(n, "It was another claim" if n == 7 else "") for n in range(41)))
        second = crawling.poll()
    assert (second.status, second.new) == ("ok", 2)  # the changed claim is another review of its page
    assert crawling.handed_over == ["https://checker.example/7", "https://checker.example/40"]
    assert crawling.state.etag is not None
    assert [c.listed_count for c in crawling.catalogue.log if c.status == "ok"] == [40, 41]
    assert not list(tmp_path.iterdir()), "the file has no name"


def test_an_entry_that_goes_back_to_what_it_said_before_is_read_again(tmp_path: Path) -> None:
    publisher = Publisher(entry(1, "first"), entry(2))
    with RudeServer(publisher) as server:
        crawling = Crawling(server, tmp_path)
        for claim in ("first", "second", "first"):
            publisher.body = dump(entry(1, claim), entry(2))
            crawling.poll()
            assert "https://checker.example/1" in crawling.handed_over, claim


def test_items_are_recorded_in_bounded_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datafeed, "PORTION_ITEMS", 10)
    with RudeServer(Publisher(*(entry(n) for n in range(35)))) as server:
        crawling = Crawling(server, tmp_path)
        assert crawling.poll().new == 35
    assert [len(part) for part in crawling.catalogue.parts] == [10, 10, 10, 5]
    assert crawling.state.new_item_count == 35 and crawling.state.last_new_at is not None


def test_what_one_poll_has_no_time_for_comes_with_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datafeed, "PORTION_ITEMS", 10)
    now = iter(range(1000))
    monkeypatch.setattr(datafeed, "time", SimpleNamespace(monotonic=lambda: next(now) * 700.0))  # over after the second
    with RudeServer(Publisher(*(entry(n) for n in range(25)))) as server:
        crawling = Crawling(server, tmp_path)
        news = []
        for _ in range(5):
            news.append(crawling.poll().new)
            if crawling.state.etag:
                break
    assert sum(news) == 25 and len(news) > 1 and news[0] in (10, 20)


def test_a_dump_that_is_cut_gives_its_whole_entries_and_is_asked_for_again(tmp_path: Path) -> None:
    publisher = Publisher(*(entry(n) for n in range(5)))
    publisher.body = publisher.body[:-30]
    with RudeServer(publisher) as server:
        crawling = Crawling(server, tmp_path)
        assert (crawling.poll().new, crawling.state.etag) == (4, None)
        publisher.body = dump(*(entry(n) for n in range(5)))
        assert (crawling.poll().new, crawling.handed_over) == (1, ["https://checker.example/4"])


def test_null_items_and_entries_without_a_link_stop_nothing(tmp_path: Path) -> None:
    no_link = b'{"item":{"@type":"ClaimReview","url":""}}'
    strange = [b"null", b'{"item":null}', b'{"item":[null,null]}', no_link, b"[]", b"7"]
    with RudeServer(Publisher(*strange, entry(1))) as server:
        crawling = Crawling(server, tmp_path)
        assert [(r.new, r.bad) for r in [crawling.poll()]] == [(1, 1)]


@pytest.mark.parametrize("body", [dump(), b"<html>maintenance</html>", b'{"a":1}', b'{"', dump(b"null")])
def test_what_holds_no_review_is_an_error_and_forgets_nothing(body: bytes, tmp_path: Path) -> None:
    publisher = Publisher(entry(1))
    with RudeServer(publisher) as server:
        crawling = Crawling(server, tmp_path)
        crawling.poll()
        known = crawling.catalogue.entries_read(crawling.source.id)
        publisher.body = body
        assert crawling.poll().code in ("drift", "truncated")
        assert crawling.catalogue.entries_read(crawling.source.id) == known != b""


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_dump_beyond_the_cap_is_refused_packed_or_not(
    is_packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "DUMP_BYTES", MIB)
    publisher = Publisher(entry(1, padding=2 * MIB))
    publisher.is_packed = is_packed
    with RudeServer(publisher) as server:
        crawling = Crawling(server, tmp_path)
        assert crawling.poll().code == "too_large"
        publisher.body = dump(entry(1, padding=MIB // 2))
        assert crawling.poll().new == 1


def test_a_packed_dump_is_read_even_where_nothing_says_that_it_is_packed(tmp_path: Path) -> None:
    publisher = Publisher()
    packer = zlib.compressobj(wbits=31)
    publisher.body = packer.compress(dump(entry(1), entry(2, padding=3 * MIB), entry(3))) + packer.flush()
    with RudeServer(publisher) as server:
        assert Crawling(server, tmp_path).poll().new == 3


def test_a_process_that_ends_does_not_wait_for_a_dump_and_records_no_failure(tmp_path: Path) -> None:
    publisher = Publisher()
    publisher.pieces = (b" " * 1000 if time.sleep(0.02) is None else b"" for _ in range(500))
    with RudeServer(publisher) as server:
        crawling = Crawling(server, tmp_path)
        threading.Timer(0.3, crawling.fetcher.close).start()
        started = time.monotonic()
        assert crawling.poll().status == "lost"
    assert time.monotonic() - started < 5 and not crawling.catalogue.recorded


def test_a_process_that_ends_while_a_dump_is_read_records_no_failure(tmp_path: Path) -> None:
    reader = Reader(size=1)
    with RudeServer(Publisher(*(entry(n) for n in range(1_200)))) as server:
        crawling = Crawling(server, tmp_path, reader)
        record = crawling.catalogue.record_part

        def ends(lease: Any, items: Any) -> Any:
            reader.close()
            return record(lease, items)

        crawling.catalogue.record_part = ends  # type: ignore[method-assign]
        assert crawling.poll().status == "lost"
    assert not crawling.catalogue.recorded


def test_one_entry_that_is_nested_too_deeply_hides_no_other(tmp_path: Path) -> None:
    deep = b'{"item":' + b"[" * 1_200 + b"]" * 1_200 + b"}"
    with RudeServer(Publisher(entry(1), deep, entry(2))) as server:
        crawling = Crawling(server, tmp_path)
        report = crawling.poll()
        assert (report.status, report.new, report.bad) == ("ok", 2, 1)
        assert crawling.handed_over == ["https://checker.example/1", "https://checker.example/2"]


def test_an_entry_that_ends_the_stream_is_named(tmp_path: Path) -> None:
    with RudeServer(Publisher(entry(1), b'{"item":1' + b"0" * 400 + b"}", entry(2))) as server:
        report = Crawling(server, tmp_path).poll()
    assert (report.status, report.new, report.bad) == ("ok", 1, 1)


def test_what_a_dump_lists_has_not_left_it(tmp_path: Path) -> None:
    with RudeServer(Publisher(entry(1))) as server:
        crawling = Crawling(server, tmp_path)
        crawling.source = replace(crawling.source, options={"dump": True}, domain="checker.example")
        crawling.catalogue.kept = (Absence("https://checker.example/1", "https://checker.example/1"),)
        assert crawling.poll().new == 1
        assert crawling.poll().status == "not_modified"
        assert not crawling.catalogue.asked_for and not crawling.state.absences


def test_a_full_disk_is_said_and_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - what is tested closes it
    monkeypatch.setattr("crawlers.spill.tempfile.TemporaryFile", lambda **_: full)
    with RudeServer(Publisher(entry(1))) as server:
        report = Crawling(server, tmp_path).poll()
    assert (report.status, report.code, full.closed) == ("error", "too_large", True)


def growth(mib: int, folder: Path) -> tuple[int, float, float]:
    """Reviews read, and by how many MiB the crawl process (Python's objects) and its child (resident) grew at most."""
    count, padding = mib * 16, 64 * 1024
    publisher = Publisher()
    publisher.pieces = _pieces(count, padding)
    reader = Reader(size=1)
    with RudeServer(publisher) as server:
        crawling = Crawling(server, folder, reader)
        sizes: list[int] = []
        record = crawling.catalogue.record_part

        def measured(lease: Any, items: Any) -> Any:
            sizes.append(max((_resident_kib(c._process.pid) for c in reader._children), default=0))
            return record(lease, items)

        crawling.catalogue.record_part = measured  # type: ignore[method-assign]
        started = Reader(size=1)
        child = started._start()
        idle_kib = _resident_kib(child._process.pid)
        started.close()
        tracemalloc.start()
        try:
            report = crawling.poll()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            reader.close()
    assert report.wire_bytes > count * padding
    return report.new, peak / MIB, (max(sizes) - idle_kib) / 1024


def _pieces(count: int, padding: int) -> Iterator[bytes]:
    yield HEAD
    for number in range(count):
        yield entry(number, padding=padding) + (b"," if number + 1 < count else TAIL)


def _resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def test_neither_process_holds_the_dump(tmp_path: Path) -> None:
    read, parent_mib, child_mib = growth(24, tmp_path)
    assert read == 24 * 16
    assert parent_mib < 8 and child_mib < 16, (parent_mib, child_mib)


MORTAL = """
import os, signal, sys
from pathlib import Path
from tests.crawlers.test_dump import crawled
crawled(Path(sys.argv[1]), sys.argv[2], sys.argv[3], dies_after=1)
"""


def crawled(folder: Path, url: str, pair: str, dies_after: int = 10**6, hours: int = 0) -> Report:
    """A poll into real records; the process kills itself in the portion after `dies_after` of them."""
    settings = Settings(internal_targets=(pair,), data_dir=folder, encoder="hashed")
    clock = MovableClock()
    clock.forward(hours=hours)
    catalogue = open_catalogue(settings, clock=clock)
    source = replace(_source(url), domain="127.0.0.1")
    if not hours:
        catalogue.migrate()
        catalogue.put_sources([source])
    record, calls = catalogue.record_part, []

    def mortal(lease: Any, items: Any) -> Any:
        calls.append(len(items))
        if len(calls) > dies_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return record(lease, items)

    catalogue.record_part = mortal  # type: ignore[method-assign]
    (lease,) = catalogue.lease_sources("worker", 1)
    reader = Reader(size=1)
    try:
        return Pipeline(catalogue, Fetcher(settings), reader, Registry((source,))).crawl(lease)
    finally:
        reader.close()
        catalogue.close()


def _source(url: str) -> Source:
    return a_source("s", url=url, format="claimreview", options={"aggregator": True, "dump": True, "pace_s": 0})


def test_killed_between_two_portions_it_goes_on_and_nothing_is_there_twice(tmp_path: Path) -> None:
    count = datafeed.PORTION_ITEMS * 2 + 10
    with RudeServer(Publisher(*(entry(n) for n in range(count)))) as server:
        url = f"{server.base}/data.json"
        root = Path(__file__).parents[2]
        killed = subprocess.run(
            [sys.executable, "-c", MORTAL, str(tmp_path), url, server.pair],
            cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, check=False, timeout=100, capture_output=True,
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        report = crawled(tmp_path, url, server.pair, hours=1)
        once = datafeed.PORTION_ITEMS
        assert (report.status, report.new, report.repeat) == ("ok", count - once, once)
        again = crawled(tmp_path, url, server.pair, hours=100)
        assert again.status == "not_modified"
