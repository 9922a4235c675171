"""Labelled data as it lies on disk: queries, documents, and which document answers which query.

    FOLDER/queries.jsonl.gz {id, text, lang, split, date?}   docs.jsonl.gz {id, title?, text, lang, url?, article?, …}
    FOLDER/qrels.tsv  split ⇥ query ⇥ doc                    pairs.jsonl {id, a, b, same, lang}  (another kind of set)

FOLDER may be one set or hold several. What cannot be read stops the run with its file and line; what can be read but
does not fit together (an id twice, a document that is missing) is left out, counted and told.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from index.errors import InvalidInput, SettingError

QUERIES, DOCS, QRELS, PAIRS = "queries.jsonl.gz", "docs.jsonl.gz", "qrels.tsv", "pairs.jsonl"
HELD_OUT = 5  # one query in so many
ALL = "all"  # the split that means every query
MAX_ID_BYTES = 512  # Elasticsearch takes no longer ids


@dataclass(frozen=True, slots=True)
class Query:
    """A circulating text. `split` is empty where the set has none."""

    id: str
    text: str
    lang: str = ""
    split: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Doc:
    """What may answer: a headline, the statement or the ruling, and the whole article where there is one."""

    id: str
    title: str
    text: str
    lang: str = ""
    url: str = ""
    article: str = ""
    verdict: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One set. `relevant` has only queries and documents of the set; `faults` counts what was left out, in words."""

    name: str
    queries: tuple[Query, ...]
    docs: tuple[Doc, ...]
    relevant: Mapping[str, frozenset[str]]
    faults: Mapping[str, int] = field(default_factory=dict)
    sha256: str = ""

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(sorted({q.split for q in self.queries if q.split}))

    def answers(self, query: Query) -> frozenset[str]:
        """The ids of the documents that answer it; none if nothing does."""
        return self.relevant.get(query.id, frozenset())

    def only(self, split: str = ALL, limit: int = 0) -> Dataset:
        """The same documents with the queries of one split; `limit` keeps so many, spread evenly, so no language or
        kind that comes late in the file is lost."""
        kept = [q for q in self.queries if split in (ALL, q.split)]
        if 0 < limit < len(kept):
            kept = [kept[i * len(kept) // limit] for i in range(limit)]
        return replace(self, queries=tuple(kept))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two messages, and whether people judged them to say the same."""

    id: str
    a: str
    b: str
    same: bool
    lang: str = ""


_Row = TypeVar("_Row", Query, Doc)


def load(folder: Path, names: Collection[str] = ()) -> tuple[Dataset, ...]:
    """The sets in `folder`, in the order of their names; `names` picks some.

    Raises: SettingError if there is no such folder or set; InvalidInput with file and line for what cannot be read.
    """
    if not folder.is_dir():
        raise SettingError(f"no evaluation data at {folder}: --data names a folder of labelled sets")
    folders = [folder] if _is_set(folder) else sorted(f for f in folder.iterdir() if f.is_dir() and _is_set(f))
    if not folders:
        raise SettingError(f"no labelled set in {folder}: a set has {QUERIES}, {DOCS} and {QRELS}")
    unknown = sorted(set(names) - {f.resolve().name for f in folders})
    if unknown:
        raise SettingError(f"no set {unknown[0]} in {folder}; it has " + ", ".join(f.resolve().name for f in folders))
    return tuple(_load(f) for f in folders if not names or f.resolve().name in names)


def load_pairs(folder: Path) -> tuple[Pair, ...]:
    """The judged pairs of every `pairs.jsonl` in `folder` or one level below it, or of the file `folder` itself.

    Raises: SettingError if there is none; InvalidInput with file and line for what cannot be read.
    """
    paths = [folder] if folder.is_file() else sorted([*folder.glob(PAIRS), *folder.glob(f"*/{PAIRS}")])
    if not paths:
        raise SettingError(f"no {PAIRS} in {folder}")
    return tuple(_pair(path, number, row) for path in paths for number, row in _rows(path))


def is_held_out(query_id: str) -> bool:
    """Whether the shipped encoder never learned from the query: one in five, by its id."""
    return zlib.crc32(query_id.encode()) % HELD_OUT == 0


def digest(datasets: Collection[Dataset]) -> str:
    """SHA-256 hex over the names and contents of the sets, in whatever order they come."""
    lines = sorted(f"{d.name} {d.sha256}\n" for d in datasets)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _is_set(folder: Path) -> bool:
    return any((folder / name).exists() for name in (QUERIES, DOCS, QRELS))


def _load(folder: Path) -> Dataset:
    faults: Counter[str] = Counter()
    queries = [_query(folder / QUERIES, number, row) for number, row in _rows(folder / QUERIES)]
    docs = [_doc(folder / DOCS, number, row) for number, row in _rows(folder / DOCS)]
    known_queries = _by_id(queries, "query ids that came twice, the first kept", faults)
    known_docs = _by_id(docs, "document ids that came twice, the first kept", faults)
    relevant: dict[str, set[str]] = {}
    for split, query, doc in _qrels(folder / QRELS):
        if query not in known_queries:
            faults["labels of a query that is missing, left out"] += 1
        elif doc not in known_docs:
            faults["labels that name a document that is missing, left out"] += 1
        else:
            relevant.setdefault(query, set()).add(doc)
            if not known_queries[query].split:
                known_queries[query] = replace(known_queries[query], split=split)
    faults["queries without text, asked all the same"] = sum(not q.text.strip() for q in known_queries.values())
    faults["documents without text"] = sum(not (d.text + d.title + d.article).strip() for d in known_docs.values())
    return Dataset(
        name=folder.resolve().name,
        queries=tuple(known_queries.values()),
        docs=tuple(known_docs.values()),
        relevant={query: frozenset(found) for query, found in relevant.items()},
        faults={fault: count for fault, count in faults.items() if count},
        sha256=_sha256(folder),
    )


def _by_id(rows: list[_Row], fault: str, faults: Counter[str]) -> dict[str, _Row]:
    known: dict[str, _Row] = {}
    for row in rows:
        known.setdefault(row.id, row)
    faults[fault] = len(rows) - len(known)
    return known


def _query(path: Path, number: int, row: Mapping[str, Any]) -> Query:
    return Query(_id(path, number, row), *(_text(path, number, row, k) for k in ("text", "lang", "split", "date")))


def _doc(path: Path, number: int, row: Mapping[str, Any]) -> Doc:
    keys = ("title", "text", "lang", "url", "article", "verdict", "date")
    return Doc(_id(path, number, row), *(_text(path, number, row, key) for key in keys))


def _pair(path: Path, number: int, row: Mapping[str, Any]) -> Pair:
    if not isinstance(row.get("same"), bool):
        raise _fault(path, number, "same is not true or false")
    a, b, lang = (_text(path, number, row, key) for key in ("a", "b", "lang"))
    return Pair(str(row.get("id", number)), a, b, row["same"], lang)


def _id(path: Path, number: int, row: Mapping[str, Any]) -> str:
    found = row.get("id")
    if not isinstance(found, str | int) or isinstance(found, bool) or not str(found):
        raise _fault(path, number, "no id")
    if len(str(found).encode("utf-8", "replace")) > MAX_ID_BYTES:
        raise _fault(path, number, f"an id longer than {MAX_ID_BYTES} bytes")
    return str(found)


def _text(path: Path, number: int, row: Mapping[str, Any], key: str) -> str:
    found = row.get(key)
    if found is not None and not isinstance(found, str):
        raise _fault(path, number, f"{key} is not a text")
    return found or ""


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _fault(path, number, "not JSON") from error
        if not isinstance(row, dict):
            raise _fault(path, number, "not a JSON object")
        yield number, row


def _qrels(path: Path) -> Iterator[tuple[str, str, str]]:
    """Split, query and document. The split repeats the query's own, or says it where the query does not."""
    for number, line in _lines(path):
        parts = line.rstrip("\r\n").split("\t")
        if len(parts) != 3 or not parts[1] or not parts[2]:
            raise _fault(path, number, "not split, query and document with tabs between them")
        yield parts[0], parts[1], parts[2]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that hold something."""
    if not path.is_file():
        raise InvalidInput(f"{path} is missing")
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _fault(path, number, "not UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:
        raise _fault(path, number + 1, f"cannot be read: {error}") from error


def _fault(path: Path, number: int, what: str) -> InvalidInput:
    return InvalidInput(f"{path}, line {number}: {what}")


def _sha256(folder: Path) -> str:
    whole = hashlib.sha256()
    for name in (QUERIES, DOCS, QRELS):
        whole.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return whole.hexdigest()
