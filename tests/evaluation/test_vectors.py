"""Embeddings on disk: each text is encoded once, and a killed run goes on where it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from index.encode import HashedEncoder
from index.errors import ClarionError, EncoderUnavailable
from index.evaluation import vectors
from index.evaluation.vectors import RememberedEncoder
from index.ports import Vectors

TEXTS = [f"text {'long ' * (n % 7)}{n}" for n in range(40)]


class Counting(HashedEncoder):
    """Counts what it is asked, and fails after so many batches, as a killed process would."""

    def __init__(self, name: str = "counting-1", lives: int = 1_000) -> None:
        self.batches: list[list[str]] = []
        self._name = name
        self._lives = lives

    @property
    def name(self) -> str:
        return self._name

    def encode(self, texts: Sequence[str]) -> Vectors:
        if len(self.batches) == self._lives:
            raise EncoderUnavailable("gone")
        self.batches.append(list(texts))
        return super().encode(texts)

    @property
    def texts(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "BATCH", 8)
    monkeypatch.setattr(vectors, "ASKED_AT_ONCE", 5)


def test_the_vectors_are_those_of_the_encoder_in_the_order_of_the_texts(tmp_path: Path) -> None:
    with RememberedEncoder(Counting(), tmp_path) as remembered:
        found = remembered.encode([*TEXTS, "", TEXTS[3]])
    assert np.array_equal(found, HashedEncoder().encode([*TEXTS, "", TEXTS[3]]))
    assert found.dtype == np.float32


def test_a_text_is_encoded_once_for_ever(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    with RememberedEncoder(first, tmp_path) as remembered:
        remembered.encode(TEXTS)
        remembered.forget()
        remembered.encode(TEXTS[::2])
    with RememberedEncoder(second, tmp_path) as remembered:
        again = remembered.encode([*TEXTS, "a new one"])
    assert sorted(first.texts) == sorted(TEXTS)
    assert second.texts == ["a new one"]
    assert np.array_equal(again[:-1], HashedEncoder().encode(TEXTS))


def test_a_run_that_was_killed_goes_on_after_its_last_batch(tmp_path: Path) -> None:
    killed, next_ = Counting(lives=3), Counting()
    with RememberedEncoder(killed, tmp_path) as remembered, pytest.raises(EncoderUnavailable):
        remembered.encode(TEXTS)
    with RememberedEncoder(next_, tmp_path) as remembered:
        remembered.encode(TEXTS)
    assert len(killed.texts) == 24
    assert sorted(killed.texts + next_.texts) == sorted(TEXTS)


def test_another_encoder_has_vectors_of_its_own(tmp_path: Path) -> None:
    other = Counting("counting-2")
    with RememberedEncoder(Counting(), tmp_path) as remembered:
        remembered.encode(TEXTS)
    with RememberedEncoder(other, tmp_path) as remembered:
        remembered.encode(TEXTS)
    assert sorted(other.texts) == sorted(TEXTS)


def test_texts_of_like_length_share_a_batch_and_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    counting = Counting()
    with RememberedEncoder(counting, tmp_path, lambda *step: told.append(step)) as remembered:
        remembered.encode(TEXTS)
    lengths = [len(text) for text in counting.texts]
    assert lengths == sorted(lengths, reverse=True)
    assert told == [("encoding", done, 40) for done in (8, 16, 24, 32, 40)]


def test_the_time_of_a_text_is_taken_by_encoding_it_alone_and_once(tmp_path: Path) -> None:
    counting = Counting()
    with RememberedEncoder(counting, tmp_path) as remembered:
        remembered.encode(TEXTS[:3])
        first = remembered.live_ms(TEXTS[0])
        remembered.forget()
        assert remembered.live_ms(TEXTS[0]) == first > 0
    assert counting.batches[1:] == [[TEXTS[0]]]


def test_a_text_that_utf8_cannot_hold_is_kept_like_any_other(tmp_path: Path) -> None:
    with RememberedEncoder(Counting(), tmp_path) as remembered:
        assert remembered.encode(["half a pair \ud83d"]).shape == (1, HashedEncoder().dimensions)


def test_a_file_that_is_no_database_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / vectors.FILE).write_bytes(b"something else " * 100)
    with pytest.raises(ClarionError, match=vectors.FILE):
        RememberedEncoder(Counting(), tmp_path)
