"""The words of the embedded engine: a Tantivy index of numbered documents, searched by BM25 over three weighted fields.

Queries are built of terms, never parsed, so no character of a text means anything here. A change is one commit of
Tantivy: readers see the whole of it or nothing. What it must hold is in store.py, from which it can be made anew.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import cast

import tantivy
from tantivy import Occur, Query

from index.model import SearchQuery
from index.search.rules import TEXT_FIELDS, clean

MOST_POSTINGS = 1_000_000  # entries of the inverted lists that one search reads, about 10 ms of them
LEAST_TERMS = 8

_HEAP_BYTES = 32_000_000
_HEAP_BYTES_FROM_SCRATCH = 128_000_000  # larger segments, so fewer to search
_FILTERS = ("kind", "language", "state", "parent")


class TermsFailure(Exception):
    """Tantivy could not read or write its files."""


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:  # Tantivy's binding reports most failures as ValueError
        raise TermsFailure(str(error)) from error
    except BaseException as error:
        # A damaged segment makes the Rust code panic; the binding's PanicException is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise TermsFailure(str(error)) from error


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("number", indexed=True, fast=True)
    for name in TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name="words", index_option="freq")
    for name in (*_FILTERS, "topics"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    return builder.build()


def _open(folder: Path) -> tantivy.Index:
    folder.mkdir(parents=True, exist_ok=True)
    index = tantivy.Index(_schema(), path=str(folder))
    index.register_tokenizer("words", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    index.config_reader("manual")
    return index


class Lexical:
    """The terms index of one folder as one process sees it since its last `reload`. Only `apply` writes, and its caller
    must hold the folder's lock. It keeps no versions and no tombstones. Every method may raise TermsFailure."""

    def __init__(self, folder: Path) -> None:
        """Opens the index, or makes an empty one where there is none."""
        self._folder = folder
        with _failures():
            self._index = _open(folder)
        self._schema = self._index.schema
        self.reload()

    def reload(self) -> None:
        """Shows the newest commit to `search`."""
        with _failures():
            self._index.reload()
            self._searcher = self._index.searcher()

    @property
    def document_count(self) -> int:
        return int(self._searcher.num_docs)

    def apply(self, rows: Iterable[sqlite3.Row], from_scratch: bool) -> None:
        """Replaces the documents of `rows` (deletes those of tombstones) in one commit; `from_scratch` drops the rest.

        It opens the index again for it: a handle remembers which files are to be cleared away one day, and an older one
        would overwrite what other processes have noted since.
        """
        with _failures():
            writer = _open(self._folder).writer(_HEAP_BYTES_FROM_SCRATCH if from_scratch else _HEAP_BYTES, 1)
            if from_scratch:
                writer.delete_all_documents()
            for row in rows:
                if not from_scratch:
                    # Not delete_documents_by_term: in tantivy 0.27 it misses unsigned fields and says nothing.
                    writer.delete_documents_by_query(Query.term_query(self._schema, "number", row["number"]))
                if not row["is_deleted"]:
                    writer.add_document(_document(row))
            writer.commit()
            writer.wait_merging_threads()  # else closing the writer drops the merges, and segments pile up

    def search(self, query: SearchQuery, limit: int, *, is_filtered: bool) -> list[tuple[int, float]]:
        """Number and score of the best `limit` documents that have one of the terms and, if so said, pass the filters.

        Where the terms are so common that reading all their lists would take long (some hundred thousand documents),
        only the rarest are looked for; those left out, which nearly every tenth document has, hardly tell any apart.
        """
        searcher = self._searcher
        with _failures():
            parts = [
                (Occur.Should, Query.boost_query(Query.term_query(self._schema, name, term, "freq"), weight))
                for term in _affordable(searcher, query.terms)
                for name, weight in TEXT_FIELDS.items()
            ]
            wanted = Query.boolean_query(parts)
            found = searcher.search(self._filtered(wanted, query) if is_filtered else wanted, limit, count=False).hits
            numbers = searcher.fast_field_values("number", [address for _, address in found])
        return [(cast(int, number), hit[0]) for number, hit in zip(numbers, found, strict=True)]

    def _filtered(self, wanted: Query, query: SearchQuery) -> Query:
        clauses = [(Occur.Must, wanted)]
        for name, values in (
            ("kind", query.kinds), ("language", query.languages), ("topics", query.topics), ("state", query.states),
        ):  # fmt: skip
            if values:
                clauses.append((Occur.Must, Query.const_score_query(self._any_of(name, values), 0.0)))
        if query.exclude_parents:
            clauses.append((Occur.MustNot, self._any_of("parent", query.exclude_parents)))
        return Query.boolean_query(clauses) if len(clauses) > 1 else wanted

    def _any_of(self, field: str, values: Collection[str]) -> Query:
        return Query.term_set_query(self._schema, field, sorted(clean(str(value)) for value in values))


def _affordable(searcher: tantivy.Searcher, terms: Collection[str]) -> list[str]:
    """The rarest terms, as many as MOST_POSTINGS allow; all of them in any but a large index."""
    if searcher.num_docs * len(terms) * len(TEXT_FIELDS) <= MOST_POSTINGS:
        return list(terms)
    costs = {term: sum(searcher.doc_freq(name, term) for name in TEXT_FIELDS) for term in terms}
    chosen = sorted(terms, key=lambda term: costs[term])
    spent = list(accumulate(costs[term] for term in chosen))
    return chosen[: max(LEAST_TERMS, bisect_right(spent, MOST_POSTINGS))]


def _document(row: sqlite3.Row) -> tantivy.Document:
    document = tantivy.Document()
    document.add_unsigned("number", row["number"])
    for name in (*TEXT_FIELDS, *_FILTERS):
        document.add_text(name, row[name])
    for topic in json.loads(row["topics"]):
        document.add_text("topics", topic)
    return document
