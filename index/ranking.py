"""The learned decision: rows of `features` -> probabilities, and from which probability on two texts are the same.

Weights belong to an encoder, whose cosines they know. `weights/<name>.json` holds two forests of small trees that
`clarion evaluate --train` grew, with the features by name, the data's hash and the scores measured in cross-validation:
one states the odds that a candidate is right (gradient boosting, Friedman 2001), one learned to put the right one first
(LambdaMART, Burges 2010). Three numbers weigh them together into calibrated log odds (Platt 1999). One file, `words`,
reads no cosine: it judges where an encoder has no weights, and where there is no vector.

An operator's own weights for another encoder lie in `weights/` of the data folder, as `--train` wrote them there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import CorruptModel
from index.features import FEATURES, Rows

FORMAT = 2
LEAF = -1
FOLDER = "weights"  # of the data folder
WORDS = "words"  # stands in place of an encoder's name


class Weights(Protocol):
    """Turns rows into probabilities. `same`, `similar`: the least probability of each band."""

    @property
    def name(self) -> str: ...
    @property
    def same(self) -> float: ...
    @property
    def similar(self) -> float: ...
    @property
    def reads_vectors(self) -> bool: ...

    def probability(self, rows: Rows) -> Rows:
        """Of each row (n × FEATURES), 0 to 1."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Three logistic regressions, one a kind of pair; each a constant and a weight by feature."""

    name: str
    same: float
    similar: float
    zh: Mapping[str, float]
    spaced: Mapping[str, float]
    cross: Mapping[str, float]
    reads_vectors: ClassVar[bool] = True

    def probability(self, rows: Rows) -> Rows:
        is_cross, is_zh = (rows[:, FEATURES.index(name)] > 0.5 for name in ("is_cross", "is_zh"))
        odds = np.where(is_cross, self._odds(self.cross, rows), self._odds(self.spaced, rows))
        return _share(np.where(is_zh, self._odds(self.zh, rows), odds))

    @staticmethod
    def _odds(weights: Mapping[str, float], rows: Rows) -> Rows:
        each = np.array([weights.get(name, 0.0) for name in FEATURES])
        odds: Rows = rows @ each + weights["constant"]
        return odds


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees in flat arrays of all their nodes: at a node go left if the feature is at most the threshold.

    `onward` holds two places a node, first where to go right, then left; a leaf leads to itself.
    """

    feature: NDArray[np.int64]
    threshold: Rows
    onward: NDArray[np.int64]
    value: Rows
    roots: NDArray[np.int64]
    depth: int

    def total(self, rows: Rows) -> Rows:
        """The sum of the leaves that each row reaches."""
        count, width = rows.shape
        values, starts = rows.ravel(), np.arange(count)[:, None] * width
        at = np.repeat(self.roots[None, :], count, axis=0)
        for _ in range(self.depth):
            goes_left = values.take(starts + self.feature.take(at)) <= self.threshold.take(at)
            at = self.onward.take(2 * at + goes_left)
        total: Rows = self.value.take(at).sum(axis=1)
        return total


@dataclass(frozen=True, slots=True)
class Learned:
    """Two forests, and what each counts: log odds = calibration · (right, first, 1)."""

    name: str
    encoder: str
    same: float
    similar: float
    calibration: tuple[float, float, float]
    right: Forest
    first: Forest

    @property
    def reads_vectors(self) -> bool:
        return self.encoder != WORDS

    def probability(self, rows: Rows) -> Rows:
        right, first, shift = self.calibration
        return _share(right * self.right.total(rows) + first * self.first.total(rows) + shift)


def _share(odds: Rows) -> Rows:
    probabilities: Rows = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return probabilities


#: For the hashed encoder of tests, whose vectors know words only.
TESTED = Linear(
    name="linear-1",
    same=0.7,
    similar=0.4,
    zh={"constant": -11.7, "cosine": 1.97, "over_middle": 1.87, "length": 0.93},
    spaced={"constant": -9.65, "cosine": 3.16, "over_middle": 0.44, "theirs": 3.23, "length": 0.63},
    cross={"constant": -9.87, "cosine": 3.32, "over_middle": 0.82},
)


def weights_for(encoder: str, data_dir: Path | None = None) -> Weights:
    """Those in the data folder for that encoder, else those that are shipped for it, else `words()`.

    Raises: CorruptModel.
    """
    if encoder == "hashed-1":
        return TESTED
    own = {} if data_dir is None else own_weights(data_dir)
    return own.get(encoder) or _shipped().get(encoder) or words()


def words() -> Weights:
    """The shipped weights that read no cosine."""
    return _shipped()[WORDS]


@cache
def _shipped() -> dict[str, Learned]:
    files = [f for f in resources.files("index").joinpath("weights").iterdir() if f.name.endswith(".json")]
    return _by_encoder([read(json.loads(f.read_text(encoding="utf-8"))) for f in files])


@cache
def own_weights(data_dir: Path) -> dict[str, Learned]:
    """Those that an operator has put into the data folder, by encoder; read once, so changed ones need a restart.

    The folds and the words of a training may lie beside its weights; they are passed over. Raises: CorruptModel.
    """
    found = []
    for path in sorted((data_dir / FOLDER).glob("*.json")):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            found += [] if isinstance(raw, list) else [read(raw)]
        except (OSError, ValueError, CorruptModel) as error:
            raise CorruptModel(f"{path} cannot be used: {error}") from error
    return {encoder: each for encoder, each in _by_encoder(found).items() if encoder != WORDS}


def _by_encoder(weights: Sequence[Learned]) -> dict[str, Learned]:
    return {encoder: each for each in weights for encoder in each.encoder.split()}


def read(raw: Mapping[str, Any]) -> Learned:
    """Weights from their JSON form. Raises: CorruptModel if it is another format or was made for other features."""
    try:
        if raw["format"] != FORMAT:
            raise CorruptModel(f"weights of format {raw['format']}, not {FORMAT}")
        places = [FEATURES.index(name) for name in raw["features"]]
        right, first, shift = map(float, raw["calibration"])
        return Learned(
            name=str(raw["name"]),
            encoder=str(raw["encoder"]),
            same=float(raw["bands"]["same"]),
            similar=float(raw["bands"]["similar"]),
            calibration=(right, first, shift),
            right=_forest(raw["right"], int(raw["depth"]), places),
            first=_forest(raw["first"], int(raw["depth"]), places),
        )
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise CorruptModel(f"unreadable weights: {error}") from error


def _forest(trees: Sequence[Mapping[str, Any]], depth: int, places: Sequence[int]) -> Forest:
    most = max(len(tree["feature"]) for tree in trees)

    def table(name: str, kind: Any) -> NDArray[Any]:
        filled = np.zeros((len(trees), most), kind)
        for row, tree in zip(filled, trees, strict=True):
            row[: len(tree[name])] = tree[name]
        return filled

    feature = table("feature", np.int64)
    left, right = table("left", np.int64), table("right", np.int64)
    if feature.min() < LEAF or not all(t.min() >= 0 and t.max() < most for t in (left, right)):
        raise ValueError("a node points outside its tree")
    roots = np.arange(len(trees)) * most
    itself = roots[:, None] + np.arange(most)
    onward = [np.where(feature == LEAF, itself, roots[:, None] + side) for side in (right, left)]
    return Forest(
        feature=np.array(places)[np.maximum(feature, 0)].ravel(),  # of a leaf any: it leads to itself
        threshold=table("threshold", np.float64).ravel(),
        onward=np.stack(onward, axis=-1).ravel(),
        value=table("value", np.float64).ravel(),
        roots=roots,
        depth=depth,
    )
