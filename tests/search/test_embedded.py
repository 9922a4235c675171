"""The embedded engine's own promises: several processes on one folder, killed writers, damaged files."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from index.errors import SearchUnavailable
from index.model import DocKind, SearchDocument, SearchQuery
from index.search.embedded import EmbeddedSearch
from index.search.lock import FolderLock
from tests.contracts.search_documents import DIMENSIONS, MODEL, direction, document, tombstone

PREAMBLE = f"""
import os, signal, sys
from pathlib import Path
from index.model import SearchQuery
from index.search.embedded import EmbeddedSearch
from index.search.lexical import Lexical
from index.search.store import Store
from tests.contracts.search_documents import direction, document, tombstone
engine = EmbeddedSearch(Path(sys.argv[1]), {MODEL!r}, {DIMENSIONS})
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EmbeddedSearch]:
    engine = open_engine(tmp_path)
    yield engine
    engine.close()


def open_engine(folder: Path) -> EmbeddedSearch:
    return EmbeddedSearch(folder, MODEL, DIMENSIONS)


def start(folder: Path, code: str) -> subprocess.Popen[str]:
    script = PREAMBLE + textwrap.dedent(code)
    return subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True)


def run(folder: Path, code: str) -> tuple[int, str]:
    with start(folder, code) as process:
        out, _ = process.communicate(timeout=60)
        return process.returncode, out.strip()


def words(engine: EmbeddedSearch, *terms: str) -> set[str]:
    return {hit.id for hit in engine.find(SearchQuery(terms=terms, limit=1000))}


def near(engine: EmbeddedSearch) -> set[str]:
    return {hit.id for hit in engine.find(SearchQuery(vector=direction(0), limit=1000))}


def files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(path for path in folder.rglob(pattern) if path.is_file())
    assert found, pattern
    return found


# ----------------------------------------------------------------------------------------------------- processes


def test_two_processes_see_each_others_writes_without_refreshing(engine: EmbeddedSearch, tmp_path: Path) -> None:
    engine.write([document("a", title="salt", title_vector=direction(0))])
    code = """
        print([hit.id for hit in engine.find(SearchQuery(terms=("salt",), vector=direction(0)))])
        engine.write([document("b", title="salt", title_vector=direction(0)), tombstone("a", 2)])
    """
    assert run(tmp_path, code) == (0, "['a']")
    assert words(engine, "salt") == near(engine) == {"b"}
    assert engine.versions() == {"b": 1}


def test_four_processes_writing_at_once_lose_nothing(engine: EmbeddedSearch, tmp_path: Path) -> None:
    code = """
        for n in range(6):
            engine.write([document(f"{NAME}-{n}", title=f"salt {NAME}"), document("shared", n + 1, title=f"v{n}")])
    """
    writers = [start(tmp_path, f"NAME = 'w{n}'" + textwrap.dedent(code)) for n in range(4)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0, 0]
    expected = {f"w{w}-{n}" for w in range(4) for n in range(6)}
    assert words(engine, "salt") == expected
    assert engine.versions() == dict.fromkeys(expected, 1) | {"shared": 6}
    assert words(engine, "v5") == {"shared"}
    assert words(engine, *(f"v{n}" for n in range(5))) == set()


def test_files_that_writers_left_behind_are_cleared_away(engine: EmbeddedSearch, tmp_path: Path) -> None:
    other = open_engine(tmp_path)
    for n in range(1, 41):
        (engine if n % 2 else other).write([document(f"d{n % 5}", n, title=f"w{n}")])
    kept = files(tmp_path, "terms-*/*")
    assert len(kept) < 60, "a few segments of six files, not forty"
    other.close()


def test_readers_follow_a_process_that_rebuilds(engine: EmbeddedSearch, tmp_path: Path) -> None:
    engine.write([document("a", 5, title="salt", title_vector=direction(0)), document("b", 5, title="salt")])
    assert words(engine, "salt") == {"a", "b"}
    assert run(tmp_path, 'engine.rebuild([document("b", 1, title="salt", title_vector=direction(0))])')[0] == 0
    assert words(engine, "salt") == near(engine) == {"b"}


def test_a_writer_that_holds_the_folder_too_long_makes_others_unavailable(
    engine: EmbeddedSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.write([document("a", title="salt")])
    monkeypatch.setattr("index.search.embedded.WRITE_WAIT_S", 0.1)
    monkeypatch.setattr("index.search.embedded.OPEN_WAIT_S", 0.1)
    (lock,) = files(tmp_path, "writer.lock")
    with FolderLock(lock).hold(1.0):
        with pytest.raises(SearchUnavailable):
            engine.write([document("b", title="salt")])
        assert words(engine, "salt") == {"a"}, "who reads already goes on reading"
        newcomer = open_engine(tmp_path)
        assert words(newcomer, "salt") == {"a"}, "and so may who comes new"
        nobody = EmbeddedSearch(tmp_path / lock.parent.name, "other", DIMENSIONS)
        assert nobody.is_available(), "another index has another lock"
    assert engine.write([document("b", title="salt")]) == 1
    assert words(newcomer, "salt") == {"a", "b"}
    newcomer.close()
    nobody.close()


# ------------------------------------------------------------------------------------------------- killed writers

STEPS = {
    "before the rows are committed": "Store._transaction = dying",
    "after the rows": "Lexical.apply = die",
    "before the terms are committed": "import index.search.lexical as l; l._document = die",
    "after the terms": "Store.set_applied = die",
}
DYING = """
import index.search.store as s
class Dying(s._Transaction):
    def __exit__(self, *args):
        die() if self._kind == "IMMEDIATE" else super().__exit__(*args)
def dying(store, kind="IMMEDIATE"):
    return Dying(store._connection, kind)
"""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("act", ["write", "rebuild"])
def test_a_writer_killed_at_any_step_leaves_all_or_nothing(
    engine: EmbeddedSearch, tmp_path: Path, step: str, act: str
) -> None:
    before = [document("kept", title="salt", title_vector=direction(0)), document("gone", title="salt")]
    engine.write(before)
    assert words(engine, "salt") == {"kept", "gone"}
    change = """[document("new", 9, title="iodine", title_vector=direction(0)), tombstone("gone", 9)]"""
    return_code, _ = run(tmp_path, f"{DYING}\nengine.versions()\n{STEPS[step]}\nengine.{act}({change})")
    assert return_code == -signal.SIGKILL

    happened = step != "before the rows are committed"
    kept = {"kept"} if act == "write" or not happened else set()
    newcomer = open_engine(tmp_path)
    for reader in (engine, newcomer):  # one that was reading all the time, and one that opens the folder now
        assert words(reader, "iodine") == ({"new"} if happened else set())
        assert words(reader, "salt") == (kept if happened else {"kept", "gone"})
        assert near(reader) == (kept | {"new"} if happened else {"kept"})
    assert newcomer.write([document("after", title="salt")]) == 1
    assert words(engine, "salt") == (kept | {"after"} if happened else {"kept", "gone", "after"})
    newcomer.close()


def test_what_was_acknowledged_before_a_kill_at_any_moment_is_found(engine: EmbeddedSearch, tmp_path: Path) -> None:
    rnd = random.Random(7)
    acknowledged: set[str] = set()
    for round_ in range(4):
        code = f"""
            for n in range(10_000):
                engine.write([document(f"r{round_}-{{n}}", title="salt", title_vector=direction(0))])
                print(f"r{round_}-{{n}}", flush=True)
        """
        with start(tmp_path, code) as process:
            assert process.stdout is not None
            first = {process.stdout.readline().strip() for _ in range(3)}
            time.sleep(rnd.uniform(0, 0.2))
            process.kill()
            acknowledged |= first | set(process.stdout.read().split())
        found = words(engine, "salt")
        assert acknowledged <= found
        assert found == near(engine) == set(engine.versions())
        assert len(found - acknowledged) <= round_ + 1, "at most the write that was under way"
    assert len(acknowledged) >= 12


# ------------------------------------------------------------------------------------------------- damaged files


def damage(path: Path) -> None:
    size = path.stat().st_size
    path.write_bytes(b"\x5a" * size)


def fill(folder: Path) -> None:
    engine = open_engine(folder)
    engine.write([document("a", title="salt", title_vector=direction(0)), tombstone("b", 9)])
    engine.write([document("c", body="salt iodine", title_vector=direction(0))])
    engine.close()


def test_unreadable_rows_start_empty_with_one_warning(tmp_path: Path) -> None:
    fill(tmp_path)
    damage(files(tmp_path, "documents-*.db")[0])
    engine = open_engine(tmp_path)
    with capture_logs() as logs:
        assert words(engine, "salt") == set()
    assert [log["event"] for log in logs if log["log_level"] == "warning"] == ["search index unreadable, started empty"]
    assert engine.document_count() == 0
    assert engine.rebuild([document("a", title="salt")]) == 1
    assert words(engine, "salt") == {"a"}
    engine.close()


def test_rows_that_become_unreadable_under_a_running_reader_start_empty_too(tmp_path: Path) -> None:
    fill(tmp_path)
    engine = open_engine(tmp_path)
    damage(files(tmp_path, "documents-*.db")[0])
    assert words(engine, "salt") == set()
    assert engine.write([document("a", title="salt")]) == 1
    assert words(engine, "salt") == {"a"}
    engine.close()


def test_rows_cut_off_in_the_middle_do_not_crash(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    engine.rebuild([document(f"d{n}", title="salt " * 50, title_vector=direction(n)) for n in range(300)])
    engine.close()
    (rows,) = files(tmp_path, "documents-*.db")
    os.truncate(rows, rows.stat().st_size // 2)
    engine = open_engine(tmp_path)
    assert words(engine, "salt") == set()
    assert engine.rebuild([document("a", title="salt")]) == 1
    assert words(engine, "salt") == {"a"}
    engine.close()


@pytest.mark.parametrize("pattern", ["terms-*/" + name for name in ("meta.json", "*", "*.term", "*.idx", "*.fast")])
def test_damaged_terms_are_made_anew_from_the_rows(tmp_path: Path, pattern: str) -> None:
    fill(tmp_path)
    for path in files(tmp_path, pattern):
        damage(path)
    engine = open_engine(tmp_path)
    for _ in range(3):
        try:
            found = words(engine, "salt")
        except SearchUnavailable:  # met in the middle of a search: said once, repaired by the next
            continue
        if found == {"a", "c"}:
            break
    assert words(engine, "salt") == near(engine) == {"a", "c"}
    assert engine.write([document("b", 9, title="salt")]) == 0
    engine.close()


def test_missing_terms_are_made_anew_from_the_rows(tmp_path: Path) -> None:
    fill(tmp_path)
    shutil.rmtree(files(tmp_path, "terms-*/meta.json")[0].parent)
    engine = open_engine(tmp_path)
    with capture_logs() as logs:
        assert words(engine, "salt") == {"a", "c"}
    assert [log["event"] for log in logs] == ["search terms made anew from the rows"]
    engine.close()


@pytest.mark.parametrize("is_cut_off", [True, False])
def test_vectors_that_are_missing_start_empty_with_one_warning(tmp_path: Path, is_cut_off: bool) -> None:
    fill(tmp_path)
    (vectors,) = files(tmp_path, "vectors-*.f32")
    if is_cut_off:
        os.truncate(vectors, vectors.stat().st_size - 1)
    else:
        vectors.unlink()
    engine = open_engine(tmp_path)
    with capture_logs() as logs:
        assert near(engine) == words(engine, "salt") == set()
    assert [log["event"] for log in logs] == ["search index unreadable, started empty"]
    assert engine.rebuild([document("a", title="salt", title_vector=direction(0))]) == 1
    assert near(engine) == words(engine, "salt") == {"a"}
    engine.close()


def test_a_folder_deleted_under_a_running_engine_starts_empty(engine: EmbeddedSearch, tmp_path: Path) -> None:
    engine.write([document("a", title="salt", title_vector=direction(0))])
    assert words(engine, "salt") == {"a"}
    for folder in tmp_path.iterdir():
        shutil.rmtree(folder)
    assert words(engine, "salt") == near(engine) == set()
    assert engine.write([document("b", title="salt")]) == 1
    assert words(engine, "salt") == {"b"}


def test_a_folder_that_cannot_be_made_is_unavailable_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    engine = open_engine(tmp_path / "file")
    assert not engine.is_available()
    with pytest.raises(SearchUnavailable):
        engine.find(SearchQuery(terms=("salt",)))
    with pytest.raises(SearchUnavailable):
        engine.write([document("a")])


# --------------------------------------------------------------------------------------------------------- memory


def test_another_encoder_or_analysis_has_its_own_index(engine: EmbeddedSearch, tmp_path: Path) -> None:
    engine.write([document("a", title="salt")])
    others = [
        EmbeddedSearch(tmp_path, MODEL, DIMENSIONS, analysis="2"),
        EmbeddedSearch(tmp_path, "Test Model", DIMENSIONS),  # the same slug, another name
        EmbeddedSearch(tmp_path, MODEL, DIMENSIONS + 1),
    ]
    for other in others:
        assert words(other, "salt") == set()
        other.close()
    assert words(engine, "salt") == {"a"}


def test_a_document_written_thousands_of_times_does_not_fill_the_memory(engine: EmbeddedSearch) -> None:
    for start_ in range(0, 2_400, 200):
        some = [document(f"d{n}", start_ + 1, title="salt", title_vector=direction(n)) for n in range(200)]
        engine.write(some)
        assert len(words(engine, "salt")) == 200
    assert engine._session is not None
    assert len(engine._session.view.ids) < 1_600
    assert len(near(engine)) == 200


def test_vectors_out_of_use_do_not_fill_the_disk(
    engine: EmbeddedSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.search.store.UNUSED_LEAST", 30)
    reader = open_engine(tmp_path)
    for version in range(1, 41):
        engine.write([_moved(n, version) for n in range(20)])
        (vectors,) = files(tmp_path, "vectors-*.f32")
        assert vectors.stat().st_size <= (20 + 20 + 30 + 20) * 4 * DIMENSIONS
        assert len(near(reader)) == 20
        hits = reader.find(SearchQuery(vector=direction(version), limit=1))
        assert [(hit.id, round(hit.cosine or 0, 5)) for hit in hits] == [("d0", 1.0)]
    engine.write([document("d0", 99, title="salt")])
    assert len(near(reader)) == 19
    reader.close()


def test_a_vector_that_did_not_change_is_not_written_again(engine: EmbeddedSearch, tmp_path: Path) -> None:
    for version in range(1, 6):
        engine.write([document(f"d{n}", version, title=f"v{version}", title_vector=direction(n)) for n in range(20)])
    (vectors,) = files(tmp_path, "vectors-*.f32")
    assert vectors.stat().st_size == 20 * 4 * DIMENSIONS
    assert len(near(engine)) == len(words(engine, "v5")) == 20


# ------------------------------------------------------------------------------------------------------- large indexes


def test_a_large_index_answers_as_a_small_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same documents, searched row by row and by their signs first: the near, filtered and left-out ones agree."""
    made = [_spread(n) for n in range(400)]
    small = open_engine(tmp_path / "small")
    small.rebuild(made)
    queries = [
        SearchQuery(vector=made[n].title_vector, limit=5, kinds=frozenset(kinds), exclude_parents=frozenset(parents))
        for n in range(0, 400, 40)
        for kinds in ((), (DocKind.ALERT,), (DocKind.OUTSIDE, DocKind.CLAIM))
        for parents in ((), (f"d{n}",), ("d1", f"d{n}"))
    ]
    expected = [small.find(query) for query in queries]
    monkeypatch.setattr("index.search.sketch.EXACT_ROWS", 50)
    large = open_engine(tmp_path / "small")
    assert [large.find(query) for query in queries] == expected
    assert large._session is not None and large._session.view.rows.mean is not None
    assert {len(hits) for hits in expected} == {5}
    small.close()
    large.close()


def _spread(n: int) -> SearchDocument:
    vectors = np.random.default_rng(n).standard_normal((2, DIMENSIONS)).tolist()
    kind = list(DocKind)[n % 3]
    return document(f"d{n}", n + 1, kind=kind, title_vector=tuple(vectors[0]), statement_vector=tuple(vectors[1]))


def test_a_large_index_looks_for_the_rarest_words_but_for_some_at_the_least(
    engine: EmbeddedSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = [f"common{n}" for n in range(20)]
    engine.write([document(f"d{n}", title=" ".join(common), body="rare" if n == 3 else "") for n in range(50)])
    expected = engine.find(SearchQuery(terms=("rare",), limit=1))
    monkeypatch.setattr("index.search.lexical.MOST_POSTINGS", 10)
    monkeypatch.setattr("index.search.lexical.LEAST_TERMS", 1)
    assert engine.find(SearchQuery(terms=(*common, "rare"), limit=1)) == expected
    assert len(words(engine, *common)) == 50


def test_many_threads_reading_while_one_writes_see_whole_states(engine: EmbeddedSearch) -> None:
    """Every state has exactly twenty live documents, whichever moment a reader meets."""
    engine.write([document(f"d{n}", title="salt", title_vector=direction(n), url_keys=("u",)) for n in range(20)])
    wrong: list[tuple[int, int]] = []
    looks = 0
    is_done = threading.Event()

    def read() -> None:
        nonlocal looks
        while not is_done.is_set():
            hits = engine.find(SearchQuery(vector=direction(0), url_keys=("u",), limit=100))
            counts = (sum(hit.cosine is not None for hit in hits), sum(hit.shares_url for hit in hits))
            looks += 1
            if counts != (20, 20):
                wrong.append(counts)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for version in range(2, 17):
            engine.write([_moved(n, version) for n in range(20)])
    finally:
        is_done.set()
        for thread in threads:
            thread.join()
    assert looks > 10
    assert wrong == []


def _moved(n: int, version: int) -> SearchDocument:
    return document(f"d{n}", version, title="salt", title_vector=direction(n + version), url_keys=("u",))


def test_deleting_and_writing_again_keeps_one_entry(engine: EmbeddedSearch) -> None:
    for version in range(1, 21):
        engine.write([tombstone("a", version) if version % 2 == 0 else document("a", version, title="salt")])
    assert words(engine, "salt") == set()
    engine.write([document("a", 21, title="salt")])
    assert [hit.id for hit in engine.find(SearchQuery(terms=("salt",)))] == ["a"]
