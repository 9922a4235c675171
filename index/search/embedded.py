"""The embedded engine: words by Tantivy, meaning by cosine, in process, over a folder that many processes share.

write:  folder lock ─► vectors (a file) ─► rows (SQLite commit: the truth) ─► terms (Tantivy commit) ─► "applied"
find:   anything new? ─► read the new rows, reload the terms ─► words + vectors + URLs, one set of filters ─► merge
A writer killed between two of those commits leaves rows that are not applied; whoever comes next applies them. Files
that cannot be read are replaced by empty ones, with a warning: the database is the system of record and can rebuild.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from index.errors import SearchUnavailable
from index.model import Hit, SearchDocument, SearchQuery
from index.search.lexical import Lexical, TermsFailure
from index.search.lock import FolderLock
from index.search.rules import Found, checked, index_tag, merge, newest, unit, usable
from index.search.store import FORMAT, Marks, Store
from index.search.table import Allowed, Table, View
from index.search.vectors import VectorFile, VectorsDamaged

WRITE_WAIT_S = 60.0  # a rebuild of 100,000 documents keeps the lock for tens of seconds
OPEN_WAIT_S = 3.0  # a reader that comes new while one runs is told at once that there is no search yet

WIDEST = 0.25  # of the documents must pass the filters, that their words are looked for without

_NOTHING = Marks(head=0, applied=0, generation=0, file=0, row_count=0, unused_count=0)

_log = structlog.get_logger()
_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Session:
    """What one process holds open for reading, until the folder's file is replaced by another."""

    inode: int
    reader: Store
    lexical: Lexical
    table: Table
    view: View
    marks: Marks = _NOTHING
    vectors: VectorFile | None = None
    data_version: int = -1


@dataclass(frozen=True, slots=True)
class _Present:
    """What one search looks at: the newest state of the folder, and the documents that SQLite names for the query."""

    view: View
    lexical: Lexical
    excluded: list[int]
    linked: list[int]


class EmbeddedSearch:
    """Port `Search` without a server. Any number of threads and processes may read and write one folder.

    It opens its files at the first call; do not call it before a fork. Memory in every process: about 300 bytes a
    document and one bit × dimensions a vector; few vectors (sketch.py) are held whole. Cosines are exact; which
    documents are the nearest is exact among few vectors and found with few misses among many. It never deletes the
    index of another model.
    """

    def __init__(self, folder: Path, model: str, dimensions: int, *, analysis: str = "1") -> None:
        """`folder` gets one subfolder for each model, number of dimensions and version of the text analysis."""
        self._folder = folder / index_tag(model, dimensions, analysis)
        self._rows = self._folder / f"documents-{FORMAT}.db"
        self._terms = self._folder / f"terms-{FORMAT}"
        self._dimensions = dimensions
        self._lock = FolderLock(self._folder / "writer.lock")
        self._reading = threading.RLock()  # guards the session; taken before the folder lock, never while holding it
        self._session: _Session | None = None
        self._terms_failure = ""  # the next opening makes the terms anew
        self._is_closed = False

    # ------------------------------------------------------------------------------------------------ the port

    def write(self, documents: Sequence[SearchDocument]) -> int:
        fresh = newest(documents, self._dimensions)
        return self._safely(lambda: self._change(lambda store: store.put(fresh)))

    def find(self, query: SearchQuery) -> tuple[Hit, ...]:
        query = usable(query)
        vector = unit(query.vector, self._dimensions)
        now = self._safely(lambda: self._present(query))
        if not query.limit:
            return ()
        allowed = now.view.allowed(query, now.excluded)
        worded = self._safely(lambda: _worded(now, query, allowed)) if query.terms else []
        near: list[Found] = []
        if vector is not None:
            near = self._safely(lambda: now.view.nearest(vector, allowed, len(now.excluded), query.limit))
        linked = now.view.by_number(((number, 0.0) for number in now.linked), allowed)
        return merge(worded, near, linked, query.limit)

    def versions(self) -> dict[str, int]:
        return self._safely(lambda: self._ask(lambda store: store.versions()))

    def document_count(self) -> int:
        """How many documents are alive.

        Raises: SearchUnavailable.
        """
        return self._safely(lambda: self._ask(lambda store: store.count()))

    def rebuild(self, documents: Iterable[SearchDocument]) -> int:
        """Makes `documents`, tombstones among them, the whole content; everything else is forgotten, whichever its
        version. Readers have the old rows or the new. Writers wait; what they wrote since `documents` were read from
        the records is replaced, so sync has to run again from the cursor taken before. Returns how many are alive.
        """
        return self._safely(lambda: self._change(lambda store: store.replace(checked(documents, self._dimensions))))

    def refresh(self) -> None:
        def refresh() -> None:
            self._change(lambda store: None)
            self._present(SearchQuery())

        self._safely(refresh)

    def is_available(self) -> bool:
        try:
            self._safely(lambda: self._ask(lambda store: store.marks()))
        except SearchUnavailable:
            return False
        return True

    def close(self) -> None:
        with self._reading:
            self._is_closed = True
            self._drop_session()

    # --------------------------------------------------------------------------------------------- reading and writing

    def _change(self, act: Callable[[Store], _Result]) -> _Result:
        """Runs `act` on the rows, then brings the terms up to them; no other thread or process changes either."""
        with self._writing() as (store, lexical):
            result = act(store)
            _apply(store, lexical)
        return result

    @contextmanager
    def _writing(self) -> Iterator[tuple[Store, Lexical]]:
        while True:
            with self._reading:
                session = self._opened(WRITE_WAIT_S)
            with self._lock.hold(WRITE_WAIT_S):
                if session.inode == self._inode():
                    with Store(self._rows, self._dimensions) as store:
                        yield store, session.lexical
                    return
            # the files were replaced while this thread waited

    def _present(self, query: SearchQuery) -> _Present:
        """What readers shall see now: caught up with every commit of any process."""
        with self._reading:
            session = self._opened(OPEN_WAIT_S)
            data_version = session.reader.data_version()
            if data_version != session.data_version:
                self._catch_up(session)
                session.data_version = data_version
            if session.marks.applied < session.marks.head:
                self._finish_dead_write(session)
            excluded = session.reader.numbers_of_parents(query.exclude_parents)
            linked = session.reader.numbers_of_links(query.url_keys)
            return _Present(session.view, session.lexical, excluded, linked)

    def _catch_up(self, session: _Session) -> None:
        with session.reader.changes(session.marks, session.vectors) as changes:
            if changes.marks.generation != session.marks.generation:
                session.table = Table(self._dimensions)
            marks, session.vectors = changes.marks, changes.vectors
            session.view = session.table.read(changes.rows, changes.last_number, changes.vectors, marks.row_count)
            session.marks = marks
        session.lexical.reload()

    def _finish_dead_write(self, session: _Session) -> None:
        """Applies what a killed writer left. A living one holds the lock and will do it itself."""
        try:
            with self._lock.hold(0.0), Store(self._rows, self._dimensions) as store:
                _apply(store, session.lexical)
        except SearchUnavailable:
            return
        self._catch_up(session)

    def _ask(self, question: Callable[[Store], _Result]) -> _Result:
        with self._reading:
            return question(self._opened(OPEN_WAIT_S).reader)

    # -------------------------------------------------------------------------------------------- opening and repairing

    def _opened(self, wait_s: float) -> _Session:
        """The session on the file that now has the name. Call with `_reading` held."""
        if self._is_closed:
            raise SearchUnavailable("the search engine is closed")
        if self._session is not None and self._session.inode != self._inode():
            _log.warning("search folder replaced, opened again", folder=str(self._folder))
            self._drop_session()
        if self._session is None:
            self._session = self._open_as_it_is()
        if self._session is None:
            with self._lock.hold(wait_s):
                self._session = self._open()
        return self._session

    def _open_as_it_is(self) -> _Session | None:
        """Opens files that need no work, without the lock, which busy writers would keep from a newcomer for long."""
        inode = self._inode()
        if not inode or not (self._terms / "meta.json").exists() or self._terms_failure:
            return None
        reader = Store(self._rows, self._dimensions)
        try:
            lexical = Lexical(self._terms)
            marks = reader.marks()
            if marks.applied == marks.head and lexical.document_count == reader.count():
                return self._start(inode, reader, lexical)
        except (TermsFailure, sqlite3.OperationalError):  # damaged, or another process is just making them
            pass
        except BaseException:
            reader.close()
            raise
        reader.close()
        return None

    def _open(self) -> _Session:
        """Opens or makes the files and finishes what a killed writer left. The folder must be locked."""
        with Store(self._rows, self._dimensions) as writer:
            writer.create()
            lexical = self._open_terms(writer)
            _apply(writer, lexical)
            return self._start(self._inode(), Store(self._rows, self._dimensions), lexical)

    def _start(self, inode: int, reader: Store, lexical: Lexical) -> _Session:
        table = Table(self._dimensions)
        return _Session(inode, reader, lexical, table, table.read((), 0, None, 0))

    def _open_terms(self, store: Store) -> Lexical:
        """The terms index, emptied and marked for filling if it is damaged or does not hold what the rows say."""
        reason = self._terms_failure
        try:
            lexical = Lexical(self._terms)
        except TermsFailure as error:
            reason = str(error)
            shutil.rmtree(self._terms, ignore_errors=True)
            lexical = Lexical(self._terms)
        marks, count = store.marks(), store.count()
        if not reason and marks.applied == marks.head and lexical.document_count != count:
            reason = f"{lexical.document_count} documents instead of {count}"
        if reason:
            _log.warning("search terms made anew from the rows", folder=str(self._terms), reason=reason)
            store.set_applied(0)
            self._terms_failure = ""
        return lexical

    def _inode(self) -> int:
        try:
            return self._rows.stat().st_ino
        except FileNotFoundError:
            return 0

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.reader.close()
            self._session = None

    def _safely(self, operation: Callable[[], _Result]) -> _Result:
        """Runs it; empties an unreadable folder and runs it again; turns every other failure into SearchUnavailable."""
        try:
            try:
                return operation()
            except (sqlite3.DatabaseError, VectorsDamaged) as error:
                if not _is_unreadable(error):
                    raise
                self._start_empty(error)
                return operation()
        except (sqlite3.Error, OSError, TermsFailure, VectorsDamaged) as error:
            with self._reading:
                self._drop_session()  # half a catch-up is not kept, and opening repairs what it can
                self._terms_failure = str(error) if isinstance(error, TermsFailure) else ""
            raise SearchUnavailable(f"the search folder cannot be used: {error}") from error

    def _start_empty(self, error: Exception) -> None:
        with self._reading:
            self._drop_session()
        with self._lock.hold(WRITE_WAIT_S):
            if self._is_sound():
                return  # another process was faster
            _log.warning("search index unreadable, started empty", folder=str(self._folder), reason=str(error))
            for suffix in ("", "-wal", "-shm"):
                self._rows.with_name(self._rows.name + suffix).unlink(missing_ok=True)
            for vectors in self._folder.glob(f"vectors-{FORMAT}-*.f32"):
                vectors.unlink(missing_ok=True)
            shutil.rmtree(self._terms, ignore_errors=True)

    def _is_sound(self) -> bool:
        try:
            with Store(self._rows, self._dimensions) as store:
                store.marks()
                return store.is_sound()
        except sqlite3.DatabaseError:
            return False


def _worded(now: _Present, query: SearchQuery, allowed: Allowed) -> list[Found]:
    """The best documents by words. Filters keep Tantivy from leaving out what cannot be among the best, so where most
    documents pass them it is asked without, for more than are wanted; if too few of those pass, it is asked again."""
    if allowed.share >= WIDEST:
        more = 0 if allowed.share == 1.0 else 20 + int(query.limit * (1.3 / allowed.share - 1))
        asked = query.limit + more + len(now.excluded)
        scored = now.lexical.search(query, asked, is_filtered=False)
        found = now.view.by_number(scored, allowed)
        if len(found) >= query.limit or len(scored) < asked:
            return found
    return now.view.by_number(now.lexical.search(query, query.limit, is_filtered=True), allowed)


def _apply(store: Store, lexical: Lexical) -> None:
    """Brings the terms up to the rows. The folder must be locked."""
    marks = store.marks()
    if marks.applied < marks.head:
        lexical.apply(store.texts_after(marks.applied), from_scratch=marks.applied == 0)
        store.set_applied(marks.head)
        store.delete_unused_files()  # not sooner: a reader may know the old one's name and be about to open it


def _is_unreadable(error: sqlite3.DatabaseError | VectorsDamaged) -> bool:
    if isinstance(error, VectorsDamaged):
        return True
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
