"""Vectors of stored texts: computed once, kept in the records under the model's name; so a rebuild does not encode."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable

from index import text
from index.errors import RecordsUnavailable
from index.ports import Parts, Vectors

LEAD_BYTES = 600  # 200 Han characters or some 100 words: the vector of more says less of each
MAX_CHARACTERS = 1_500  # the encoder reads 384 tokens; the rest would only cost time


def passage(raw: str) -> str:
    """The part of a stored text that is encoded and compared: forwarding noise off, cut to length."""
    return text.understand(raw[: MAX_CHARACTERS * 2]).text[:MAX_CHARACTERS]


def lead(raw: str) -> str:
    """The beginning of a passage, where an article says what it is about; whole if it is short."""
    whole = passage(raw)
    return whole.encode("utf-8", "replace")[:LEAD_BYTES].decode(errors="ignore").rstrip()


def key(wording: str) -> str:
    """SHA-256 hex of a passage."""
    return hashlib.sha256(wording.encode("utf-8", "replace")).hexdigest()


def embed(parts: Parts, passages: Iterable[str]) -> dict[str, Vectors]:
    """A unit vector by passage; what is not stored yet is encoded and stored. For texts we keep, never for pasted ones.

    Raises: EncoderUnavailable.
    """
    wanted = {key(p): p for p in passages if p}
    model = parts.encoder.name
    with parts.records.read() as unit:
        known = unit.embeddings(model, list(wanted))
    missing = [k for k in wanted if k not in known]
    if missing:
        encoded = parts.encoder.encode([wanted[k] for k in missing])
        fresh = dict(zip(missing, encoded, strict=True))
        # a database that takes no writes now must not keep an answer from a reader: they are computed again
        with contextlib.suppress(RecordsUnavailable), parts.records.begin() as unit:
            unit.put_embeddings(model, fresh)
        known = {**known, **fresh}
    return {wanted[k]: vector for k, vector in known.items()}
