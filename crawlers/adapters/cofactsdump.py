"""Cofacts' open data: its CSV files alone, or packed together in one zip archive. Bounded, and read in the child.

`articles` alone are messages; with `article_replies` and `replies` in the same archive, messages and reviews.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib

MAX_BYTES = 100 * 1024 * 1024  # unpacked, of all files together
MAX_ROWS = 50_000  # of one file
MAX_FILES = 10
Rows = list[dict[str, str]]
# what zipfile and csv raise for files that are none, or packed in a way that is not read (passwords are a RuntimeError)
_FAULTS = (csv.Error, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
# the columns that tell the files apart, each with the name of its table
_TABLES = (
    ({"articleId", "replyId", "status"}, "article_replies"),
    ({"id", "type", "reference", "text"}, "replies"),
    ({"id", "text", "createdAt"}, "articles"),
)


def is_dump(body: bytes) -> bool:
    if body.startswith(b"PK\x03\x04"):
        return True
    return _table_of(body.split(b"\n", 1)[0].decode("utf-8-sig", "ignore").strip().split(",")) is not None


def rows_of(body: bytes) -> dict[str, Rows] | str:
    """Rows by table; or the code of what is wrong with the files."""
    csv.field_size_limit(1024 * 1024)
    tables: dict[str, Rows] = {}
    try:
        for content in _files(body):
            reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig", "replace").replace("\0", ""), newline=""))
            name = _table_of(reader.fieldnames or ())
            if name is None:
                continue
            rows = tables.setdefault(name, [])
            for row in reader:
                rows.append({k: v for k, v in row.items() if isinstance(k, str) and isinstance(v, str)})
                if len(rows) > MAX_ROWS:
                    return "too_large"
    except _TooLarge:
        return "too_large"
    except _FAULTS:
        return "malformed"
    return tables or "not_a_feed"


class _TooLarge(Exception):
    """The unpacked files exceed the limit."""


def _files(body: bytes) -> list[bytes]:
    if not body.startswith(b"PK\x03\x04"):
        return [body]
    found, left = [], MAX_BYTES
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for entry in archive.infolist()[:MAX_FILES]:
            if not entry.filename.endswith(".csv"):
                continue
            with archive.open(entry) as file:
                content = file.read(left + 1)
            left -= len(content)
            if left < 0:
                raise _TooLarge
            found.append(content)
    return found


def _table_of(columns: object) -> str | None:
    names = set(columns) if isinstance(columns, list | tuple) else set()
    return next((table for wanted, table in _TABLES if wanted <= names), None)
