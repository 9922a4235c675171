"""An encoder for tests that need no meaning: character n-grams hashed into a unit vector. Like wordings score alike.

It knows no synonyms and no second language; no operator's choice for real work (`CLARION_ENCODER=hashed`).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from index.ports import Vectors

NAME = "hashed-1"
DIMENSIONS = 384
_MAX_CHARACTERS = 2_000


class HashedEncoder:
    """An `Encoder` that needs no model and gives the same vectors on every machine."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    def encode(self, texts: Sequence[str]) -> Vectors:
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts")
        return np.array([_vector(text) for text in texts], np.float32).reshape(len(texts), DIMENSIONS)


def _vector(text: str) -> Vectors:
    vector = np.zeros(DIMENSIONS, np.float32)
    folded = unicodedata.normalize("NFKC", text[:_MAX_CHARACTERS]).casefold()
    for word in re.findall(r"[^\W_]+", folded):
        for gram in _grams(word):
            number = int.from_bytes(hashlib.blake2b(gram.encode("utf-8", "replace"), digest_size=8).digest(), "little")
            vector[number % DIMENSIONS] += 1.0 if number >> 63 else -1.0
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector


def _grams(word: str) -> list[str]:
    """Pairs of characters where words are not spaced (Han), triples with edges elsewhere."""
    if any("一" <= character <= "鿿" for character in word):
        return [word[i : i + 2] for i in range(max(len(word) - 1, 1))]
    edged = f"^{word}$"
    return [edged[i : i + 3] for i in range(max(len(edged) - 2, 1))]
