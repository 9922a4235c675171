"""`python -m tests.benchmarks.search --documents 10000,100000 --engine embedded`: how an engine grows, as a table.

    for each size:   child: rebuild from a stream of documents  ─►  child: open, warm up, ask  ─►  one line
Each step has a process of its own, so the memory of one does not count for the other. Vectors are made (synthetic.py);
`--whole` times the whole match besides, with the encoder and the records (whole.py). Elasticsearch runs at
CLARION_TEST_ELASTICSEARCH, else one is started for the time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from index.model import Hit, SearchDocument
from index.ports import Search
from index.search import open_search
from index.settings import Settings
from tests.benchmarks.synthetic import DIMENSIONS, Corpus
from tests.benchmarks.whole import whole_match
from tests.engines import ElasticsearchNode

MODEL = "benchmark"
LARGEST = 1_000_000
LONGEST_S = 1_500.0
DEPTH = 10
COLUMNS = {
    "documents": "{:,}", "build_s": "{:.0f}", "built_a_s": "{:,.0f}", "index_mb": "{:,.0f}", "build_rss_mb": "{:,.0f}",
    "open_s": "{:.1f}", "rss_mb": "{:,.0f}", "p50_ms": "{:.1f}", "p95_ms": "{:.1f}", "cpu_ms": "{:.1f}",
    "recall@10": "{:.3f}", "queries_a_s": "{:.0f}",
}  # fmt: skip
WHOLE = {
    "match_p50_ms": "{:.0f}", "match_p95_ms": "{:.0f}", "encode_p50_ms": "{:.0f}", "linked_a_s": "{:.1f}",
    "whole_rss_mb": "{:,.0f}",
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.search", description=__doc__)
    parser.add_argument("--documents", default="10000,100000", help="sizes, up to 1000000; %(default)s by default")
    parser.add_argument("--engine", choices=["embedded", "elasticsearch"], default="embedded")
    parser.add_argument("--queries", type=int, default=200, help="%(default)s by default")
    parser.add_argument("--terms", type=int, default=0, help="of a query at the least; about 40 by default")
    parser.add_argument("--whole", action="store_true", help="also matches, with encoding and judging")
    parser.add_argument("--keep", type=Path, help="folder for the indexes; those in it are used again")
    parser.add_argument("--json", action="store_true", help="one JSON object a size instead of the table")
    parser.add_argument("--step", choices=["build", "find"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = sorted({min(LARGEST, int(size)) for size in options.documents.split(",")})
    with _place(options) as (folder, url):
        settings = Settings(data_dir=folder / f"{sizes[0]}", search_url=url, search_index=f"clarion-bench-{sizes[0]}")
        if options.step:
            step = {"build": _build, "find": _find}[options.step]
            print(json.dumps(step(settings, Corpus(sizes[0]), options)))
            return 0
        _say(f"engine {options.engine}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n")
        columns = COLUMNS | WHOLE if options.whole else COLUMNS
        _print_line({}, columns, options.json)
        for size in sizes:
            _print_line(_measured(size, folder, url, options), columns, options.json)
    return 0


@contextlib.contextmanager
def _place(options: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    """A folder for the indexes and the address of the cluster, "" for none."""
    url = os.environ.get("CLARION_TEST_ELASTICSEARCH", "")
    with contextlib.ExitStack() as stack:
        if options.engine == "embedded":
            url = ""
        elif not url:
            url = stack.enter_context(ElasticsearchNode()).url
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clarion-benchmark-")))
        yield folder, url


def _measured(size: int, folder: Path, url: str, options: argparse.Namespace) -> dict[str, Any]:
    line: dict[str, Any] = {"documents": size}
    note = folder / f"{size}-built.json"
    if not url and note.exists():
        line |= json.loads(note.read_text())
    else:
        line |= _step("build", size, folder, url, options)
        note.write_text(json.dumps(line))
    return line | _step("find", size, folder, url, options)


def _step(name: str, size: int, folder: Path, url: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [
        sys.executable, "-m", "tests.benchmarks.search", "--step", name, "--documents", str(size),
        "--keep", str(folder), "--engine", options.engine, "--queries", str(options.queries),
        "--terms", str(options.terms), *(["--whole"] if options.whole else []),
    ]  # fmt: skip
    environment = os.environ | {"CLARION_TEST_ELASTICSEARCH": url}
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=LONGEST_S, env=environment)
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


# ---------------------------------------------------------------------------------------------------------- the steps


def _build(settings: Settings, corpus: Corpus, _: argparse.Namespace) -> dict[str, Any]:
    shutil.rmtree(settings.data_dir, ignore_errors=True)
    engine = open_search(settings, MODEL, DIMENSIONS)
    start = time.perf_counter()
    engine.rebuild(Documents(corpus))
    engine.refresh()
    took_s = time.perf_counter() - start
    size = _index_bytes(engine, settings)
    engine.close()
    return {
        "build_s": took_s, "built_a_s": corpus.count / took_s, "index_mb": size / 1e6, "build_rss_mb": _memory("VmHWM"),
    }  # fmt: skip


def _find(settings: Settings, corpus: Corpus, options: argparse.Namespace) -> dict[str, Any]:
    before, count = _memory("VmRSS"), options.queries
    queries = corpus.queries(count + 10, options.terms)
    engine = open_search(settings, MODEL, DIMENSIONS)
    start = time.perf_counter()
    engine.find(queries[0])
    opened_s = time.perf_counter() - start
    for query in queries[:10]:
        engine.find(query)
    answers: list[tuple[Hit, ...]] = []
    times: list[float] = []
    cpu = time.process_time()
    for query in _with_progress(queries[10:], count, "queries"):
        start = time.perf_counter()
        answers.append(engine.find(query))
        times.append(time.perf_counter() - start)
    cpu_s = time.process_time() - cpu
    memory = _memory("VmRSS")
    whole: dict[str, float] = {}
    if options.whole:
        with tempfile.TemporaryDirectory(prefix="clarion-benchmark-") as place:
            whole = whole_match(engine, corpus, queries, Path(place)) | {"whole_rss_mb": _memory("VmRSS")}
    engine.close()
    truth = corpus.exact(queries[10:], DEPTH)
    recalls = [
        len({hit.id for hit in hits if hit.cosine is not None} & set(nearest)) / DEPTH
        for hits, nearest in zip(answers, truth, strict=True)
    ]
    p50, p95 = np.percentile(np.array(times) * 1_000, [50, 95])
    return {
        "open_s": opened_s, "rss_mb": memory, "rss_before_mb": before, "p50_ms": float(p50), "p95_ms": float(p95),
        "cpu_ms": 1_000 * cpu_s / count, "recall@10": float(np.mean(recalls)), "queries_a_s": count / sum(times),
        **whole,
    }  # fmt: skip


class Documents(Iterable[SearchDocument]):
    """The corpus as an engine takes it: walked more than once if need be, its number known beforehand."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    def __iter__(self) -> Iterator[SearchDocument]:
        return _with_progress(self._corpus.documents(), self._corpus.count, "documents")

    def __length_hint__(self) -> int:
        return self._corpus.count


def _index_bytes(engine: Search, settings: Settings) -> int:
    if settings.search_url:
        from elasticsearch import Elasticsearch

        with Elasticsearch(settings.search_url, request_timeout=60) as client:
            stats = client.indices.stats(index=f"{settings.search_index}-*", metric="store")
            return int(stats["_all"]["total"]["store"]["size_in_bytes"])
    return sum(path.stat().st_size for path in settings.data_dir.rglob("*") if path.is_file())


def _memory(name: str) -> float:
    """A line of /proc/self/status, in MB; VmHWM is the most that was ever in use."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1_000
    return float("nan")


# ------------------------------------------------------------------------------------------------------------ printing


def _with_progress(items: Iterable[Any], count: int, what: str) -> Iterator[Any]:
    step = max(1, count // 200)
    for done, item in enumerate(items, start=1):
        yield item
        if sys.stderr.isatty() and (done % step == 0 or done == count):
            bar = "█" * (30 * done // count)
            _say(f"\r{bar:30} {done:,}/{count:,} {what}" + ("\n" if done == count else ""))


def _say(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _print_line(line: dict[str, Any], columns: dict[str, str], is_json: bool) -> None:
    """An empty line stands for the head of the table."""
    if is_json:
        if line:
            print(json.dumps(line), flush=True)
        return
    cells = [
        (form.format(line[name]) if line else name).rjust(max(9, len(name)))
        for name, form in columns.items()
    ]
    print("  ".join(cells), flush=True)


if __name__ == "__main__":
    sys.exit(main())
