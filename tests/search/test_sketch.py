"""The nearest rows among few and among many, and the file they stand in."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from index.ports import Vectors
from index.search import sketch
from index.search.sketch import BLOCK, Sketch, Snapshot
from index.search.vectors import VectorFile, VectorsDamaged, VectorWriter

DIMENSIONS = 100  # no multiple of 64
MANY = 3 * BLOCK + 17


def rows(count: int, seed: int = 1, spread: float = 0.5) -> Vectors:
    """Unit vectors in a cone, in clusters, as encoders make them."""
    random = np.random.default_rng(seed)
    axis = np.random.default_rng(0).standard_normal(DIMENSIONS)
    centres = random.standard_normal((max(1, count // 20), DIMENSIONS))
    found = axis + spread * (
        centres[random.integers(0, len(centres), count)] + random.standard_normal((count, DIMENSIONS))
    )
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def stored(path: Path, made: Vectors, before: int = 0) -> VectorFile:
    with VectorWriter(path, DIMENSIONS, before) as writer:
        for vector in made:
            writer.append(vector)
        writer.flush()
    return VectorFile(path, DIMENSIONS)


def everything(snapshot: Snapshot) -> np.ndarray:
    return np.ones(snapshot.count, np.bool_)


def best(snapshot: Snapshot, vector: Vectors, allowed: np.ndarray, wanted: int = 10) -> dict[int, float]:
    numbers, scores = snapshot.nearest(vector, allowed, wanted)
    return dict(zip(numbers.tolist(), scores.tolist(), strict=True))


def truth(made: Vectors, vector: Vectors, allowed: np.ndarray, wanted: int = 10) -> dict[int, float]:
    scores = np.where(allowed, made @ vector, -2.0)
    return {int(n): float(scores[n]) for n in np.argsort(-scores)[:wanted] if allowed[n]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.f32"


def test_among_few_rows_the_nearest_are_exact(path: Path) -> None:
    made = rows(BLOCK + 5)
    snapshot = Sketch(DIMENSIONS).read(stored(path, made), len(made))
    assert snapshot.mean is None
    for vector in rows(20, seed=2):
        expected = truth(made, vector, everything(snapshot))
        assert best(snapshot, vector, everything(snapshot)) == pytest.approx(expected, abs=1e-6)


def test_among_many_rows_nearly_all_of_the_nearest_are_found_with_exact_cosines(path: Path) -> None:
    made = rows(MANY)
    snapshot = Sketch(DIMENSIONS).read(stored(path, made), len(made))
    assert snapshot.mean is not None
    random = np.random.default_rng(3)
    shares = []
    for vector in made[random.integers(0, MANY, 50)] + 0.02 * random.standard_normal((50, DIMENSIONS)).astype(
        np.float32
    ):
        vector /= np.linalg.norm(vector)
        found, expected = best(snapshot, vector, everything(snapshot)), truth(made, vector, everything(snapshot))
        shares.append(len(found.keys() & expected.keys()) / len(expected))
        assert max(found, key=lambda n: found[n]) == max(expected, key=lambda n: expected[n])
        for number, score in found.items():
            assert score == pytest.approx(float(made[number] @ vector), abs=1e-6)
    print("recall@10 at 100 bits:", np.mean(shares))
    assert np.mean(shares) > 0.95


def test_rows_that_are_not_allowed_are_never_found_and_few_allowed_ones_all(path: Path) -> None:
    made = rows(MANY)
    snapshot = Sketch(DIMENSIONS).read(stored(path, made), len(made))
    vector = made[7]
    for count in (0, 1, 9, 500, 5_000, MANY - 1):
        allowed = np.zeros(MANY, np.bool_)
        allowed[np.random.default_rng(count).permutation(MANY)[:count]] = True
        allowed[7] = False
        found = best(snapshot, vector, allowed, wanted=20)
        assert all(allowed[number] for number in found)
        assert len(found) == min(20, int(allowed.sum()))
        if count <= sketch.ROUGH_LEAST:
            assert found == pytest.approx(truth(made, vector, allowed, 20), abs=1e-6)


def test_equal_rows_by_the_thousand_neither_hide_the_others_nor_take_for_ever(path: Path) -> None:
    made = np.concatenate([np.repeat(rows(1, seed=9), MANY - 1_000, axis=0), rows(1_000)])
    snapshot = Sketch(DIMENSIONS).read(stored(path, made), len(made))
    assert len(best(snapshot, made[0], everything(snapshot), wanted=40)) == 40
    found = best(snapshot, made[-1], everything(snapshot), wanted=40)
    assert MANY - 1 in found


def test_a_snapshot_keeps_its_meaning_while_rows_come_and_the_mean_is_renewed(path: Path) -> None:
    first, second = rows(100), rows(sketch.EXACT_ROWS, seed=5)
    third = rows(sketch.EXACT_ROWS * sketch._RENEW_AT, seed=6, spread=2.0)
    growing = Sketch(DIMENSIONS)
    snapshots, all_rows = [], first[:0]
    for some in (first, second, third):
        file = stored(path, some, len(all_rows))
        all_rows = np.concatenate([all_rows, some])
        snapshots.append(growing.read(file, len(all_rows)))
    means = [snapshot.mean for snapshot in snapshots]
    assert means[0] is None
    assert not np.allclose(means[1], means[2])
    for snapshot in snapshots:
        for at in (3, snapshot.count - 1):
            assert at in best(snapshot, all_rows[at], everything(snapshot))


def test_rows_that_no_commit_named_are_written_over(path: Path) -> None:
    made = rows(30)
    stored(path, made)
    other = rows(5, seed=8)
    file = stored(path, other, before=10)
    assert np.array_equal(file.rows(8, 15), np.concatenate([made[8:10], other]))
    assert np.array_equal(file.some([14, 0]), np.stack([other[4], made[0]]))


def test_a_file_that_is_missing_or_too_short_is_damaged(path: Path) -> None:
    with pytest.raises(VectorsDamaged):
        VectorFile(path, DIMENSIONS)
    file = stored(path, rows(30))
    os.truncate(path, 20 * 4 * DIMENSIONS - 1)
    with pytest.raises(VectorsDamaged):
        file.rows(0, 20)
    with pytest.raises(VectorsDamaged):
        Sketch(DIMENSIONS).read(file, 30)
    with pytest.raises(VectorsDamaged):
        VectorWriter(path, DIMENSIONS, 20)
