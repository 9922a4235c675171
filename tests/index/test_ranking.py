"""The learned decision: forests read as they were grown, shipped weights of one encoder, features."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import features, ranking
from index.encode import packaged
from index.errors import CorruptModel
from index.features import FEATURES, Entry, Passage
from index.matching import make_query
from index.model import DocKind
from index.ports import Vectors

#: One tree: more than half of the passage's words, else more than a tenth of cosine above the usual.
TREE = {
    "feature": [1, -1, 0, -1, -1],
    "threshold": [0.5, 0.0, 1.0, 0.0, 0.0],
    "left": [2, 0, 3, 0, 0],
    "right": [1, 0, 4, 0, 0],
    "value": [0.0, 2.0, 0.0, -3.0, 1.0],
}


def _raw(**changes: Any) -> dict[str, Any]:
    return {
        "format": 2, "name": "forest-0", "encoder": "some-model", "features": ["cosine", "theirs"],
        "calibration": [2.0, 0.5, -0.5], "bands": {"same": 0.8, "similar": 0.4}, "depth": 2,
        "right": [TREE, TREE], "first": [TREE],
    } | changes  # fmt: skip


def _rows(*pairs: tuple[float, float]) -> features.Rows:
    rows = np.zeros((len(pairs), len(FEATURES)))
    for row, (cosine, theirs) in zip(rows, pairs, strict=True):
        row[FEATURES.index("cosine")], row[FEATURES.index("theirs")] = cosine, theirs
    return rows


def _vector(cosine: float, axis: int = 1) -> Vectors:
    """So near to the query, and on an axis of its own as far as possible from the others."""
    vector = np.zeros(8, np.float32)
    vector[0], vector[axis] = cosine, np.sqrt(1 - cosine * cosine)
    return vector


def _entry(id: str, text: str, cosine: float, lexical: float | None = None, axis: int = 1) -> Entry:
    return Entry(DocKind.CLAIM, id, (Passage(text, "claim", "en", _vector(cosine, axis)),), lexical=lexical)


def test_two_forests_add_the_leaves_that_a_row_falls_into_and_are_weighed_together() -> None:
    weights = ranking.read(_raw())
    rows = _rows((0.0, 0.6), (2.0, 0.5), (1.0, 0.0))
    assert weights.right.total(rows).tolist() == [4.0, 2.0, -6.0]
    assert weights.first.total(rows).tolist() == [2.0, 1.0, -3.0]
    odds = [2.0 * right + 0.5 * first - 0.5 for right, first in ((4.0, 2.0), (2.0, 1.0), (-6.0, -3.0))]
    assert weights.probability(rows) == pytest.approx([1 / (1 + np.exp(-x)) for x in odds])


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 1},
        {"features": ["cosine", "mood"]},
        {"right": []},
        {"first": [TREE | {"left": [9, 0, 0, 0, 0]}]},
        {"first": [{"feature": [0]}]},
        {"calibration": [1.0, 0.0]},
        {"bands": {}},
    ],
)
def test_weights_that_cannot_be_meant_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CorruptModel):
        ranking.read(_raw(**changes))


def test_the_shipped_weights_say_where_they_come_from_and_what_they_scored() -> None:
    files = [f for f in resources.files("index").joinpath("weights").iterdir() if f.name.endswith(".json")]
    assert files
    for file in files:
        raw = json.loads(file.read_text(encoding="utf-8"))
        assert raw["encoder"].split()[0] in (packaged.ENCODER_NAME, ranking.WORDS)
        assert len(raw["data_sha256"]) == 64 and raw["made_on"] and raw["scores"]
        assert raw["features"] == list(FEATURES)
        weights = ranking.read(raw)
        assert 0 < weights.similar < weights.same < 1
    assert len(files) == 2 and ranking.weights_for(packaged.ENCODER_NAME).reads_vectors


@pytest.mark.parametrize("encoder", [packaged.ENCODER_NAME, "an encoder without weights"])
def test_more_likeness_never_lowers_the_shipped_probability(encoder: str) -> None:
    weights = ranking.weights_for(encoder)
    rnd = np.random.default_rng(4)
    low = rnd.uniform(0, 1, (400, len(FEATURES)))
    for name in ("cosine", "over_middle", "ahead", "theirs", "ours", "dice", "alike", "lexical"):
        high = low.copy()
        high[:, FEATURES.index(name)] += rnd.uniform(0, 2, 400)
        assert (weights.probability(high) >= weights.probability(low) - 1e-9).all(), name


class TestFeatures:
    def test_a_row_stands_among_the_other_candidates(self) -> None:
        query = make_query("the old bridge fell into the river", _vector(1.0))
        entries = [
            _entry("clm_1", "a bridge collapsed into the river", 0.9, lexical=4.0, axis=1),
            _entry("clm_2", "rivers carry more water in spring", 0.6, lexical=2.0, axis=2),
            _entry("clm_3", "a museum opens on Sunday", 0.4, axis=3),
        ]
        rows = features.compare(query, entries).rows
        value = {name: rows[:, FEATURES.index(name)] for name in FEATURES}
        assert value["nearness"].tolist() == pytest.approx([1, 1 / 2, 1 / 3])
        assert value["ahead"].tolist() == pytest.approx([3.0, -3.0, -5.0], abs=1e-5)
        assert value["lexical"].tolist() == [1.0, 0.5, 0.0]
        assert value["lexical_rank"].tolist() == [1.0, 0.5, 0.0]
        assert value["rank"].tolist() == pytest.approx([1, 1 / 2, 1 / 3])
        assert value["fused"].tolist() == pytest.approx([1, 61 / 62, 61 / 63 / 2])
        assert value["theirs"][0] > value["theirs"][1] > value["theirs"][2] == 0

    def test_candidates_that_say_the_same_are_no_rivals(self) -> None:
        query = make_query("the old bridge fell into the river", _vector(1.0))
        twice = [_entry("clm_1", "the bridge fell", 0.9), _entry("clm_2", "the bridge collapsed", 0.89)]
        other = _entry("clm_3", "rivers carry more water in spring", 0.6, axis=2)
        rows = features.compare(query, [*twice, other]).rows
        ahead, nearness = rows[:, FEATURES.index("ahead")], rows[:, FEATURES.index("nearness")]
        assert ahead.tolist() == pytest.approx([3.0, 2.9, -3.0], abs=1e-5)
        assert nearness.tolist() == pytest.approx([1, 1, 1 / 3])
        assert rows[:, FEATURES.index("rank")].tolist() == pytest.approx([1, 1 / 2, 1 / 3])
        alone = features.compare(query, twice[:1]).rows[0, FEATURES.index("ahead")]
        assert alone == pytest.approx(4.3, abs=1e-5)  # above what any text reaches

    def test_the_body_counts_for_its_words_alone(self) -> None:
        query = make_query("old bridge river museum", _vector(1.0))
        entry = _entry("clm_1", "the old bridge", 0.7)
        bare, with_body = (
            dict(zip(FEATURES, features.compare(query, [e]).rows[0], strict=True))
            for e in (entry, replace(entry, body="The museum by the river."))
        )
        assert bare["ours_body"] == bare["ours"] < 0.5
        assert with_body["ours_body"] == pytest.approx(1.0)
        assert {name for name in FEATURES if bare[name] != with_body[name]} == {"ours_body"}

    def test_the_best_of_several_passages_speaks_and_is_named(self) -> None:
        passages = (
            Passage("Bridges are old", "title", "en", _vector(0.5)),
            Passage("The old bridge fell", "claim", "en", _vector(0.8)),
        )
        compared = features.compare(
            make_query("the old bridge fell", _vector(1.0)), [Entry(DocKind.CLAIM, "clm_1", passages)]
        )
        row = dict(zip(FEATURES, compared.rows[0], strict=True))
        assert compared.best == (1,)
        assert (row["cosine"], row["cosine_next"]) == (pytest.approx(3.3, abs=1e-4), pytest.approx(0.3, abs=1e-4))

    def test_compared_by_words_no_vector_counts(self) -> None:
        query = make_query("the old bridge fell into the river", _vector(1.0))
        texts = ("a bridge collapsed into the river", "rivers carry more water in spring")
        bare = [Entry(DocKind.CLAIM, f"clm_{n}", (Passage(t, "claim", "en", None),)) for n, t in enumerate(texts)]
        near = [_entry(f"clm_{n}", t, 0.9) for n, t in enumerate(texts)]
        by_words = features.compare(query, near, by_words=True).rows
        assert (by_words == features.compare(replace(query, vector=None), bare, by_words=True).rows).all()
        of_vectors = [FEATURES.index(name) for name in ("cosine", "cosine_next", "over_middle", "ahead")]
        assert not by_words[:, of_vectors].any()
        assert by_words[0, FEATURES.index("theirs_ahead")] > 0 > by_words[1, FEATURES.index("theirs_ahead")]

    def test_numbers_and_names_that_only_the_passage_has_are_counted(self) -> None:
        query = make_query("In 2021 the ministry in Berlin closed 40 schools", _vector(1.0))
        rows = features.compare(query, [_entry("clm_1", "They say Berlin closed 40 of 300 schools", 0.7)]).rows
        row = dict(zip(FEATURES, rows[0], strict=True))
        assert (row["numbers"], row["numbers_missing"], row["names"]) == (0.5, 1.0, 1.0)

    @settings(max_examples=60, deadline=None)
    @given(st.text(max_size=80), st.lists(st.text(max_size=60), min_size=1, max_size=6))
    def test_any_texts_give_finite_rows(self, asked: str, known: list[str]) -> None:
        entries = [_entry(f"clm_{n}", text, 0.1 * n) for n, text in enumerate(known)]
        rows = features.compare(make_query(asked, _vector(1.0)), entries).rows
        assert rows.shape == (len(known), len(FEATURES)) and np.isfinite(rows).all()
