"""What `--train` and `--tune` make: forests as LightGBM grew them, batches without held-out queries, small weights."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from index import ranking
from index.encode import HashedEncoder, tuned
from index.encode import tuning as encoder_tuning
from index.encode.tuning import Batch
from index.errors import CorruptModel
from index.evaluation import data, own_set, training
from index.evaluation.data import is_held_out
from index.evaluation.ours import Folds
from index.evaluation.tuning import Batches, Neighbours, _lessons
from index.features import FEATURES
from index.settings import Settings
from tests.evaluation.small_set import write_set

THINGS = ["garlic", "onion", "honey", "ginger", "vinegar", "coffee", "butter", "pepper", "celery", "turmeric"]
ILLS = ["the flu", "a cold", "measles", "malaria", "baldness", "snoring", "warts"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seventy claims, each asked about in other words; ten questions that nothing answers."""
    docs, queries, qrels = [], [], []
    for number, (thing, ill) in enumerate(itertools.product(THINGS, ILLS)):
        claim = f"Eating {thing} every morning cures {ill}."
        docs.append({"id": f"d{number}", "title": "", "text": claim, "lang": "en"})
        asked = {"id": f"q{number}", "text": f"My aunt says that {thing} cures {ill}, is it true?", "lang": "en"}
        queries.append(asked | {"split": "train"})
        qrels.append(("train", f"q{number}", f"d{number}"))
    for number in range(10):
        text = f"Bus line {number} stops at the museum on Sundays"
        queries.append({"id": f"n{number}", "text": text, "lang": "en", "split": "negative"})
    return write_set(tmp_path / "cures", queries, docs, qrels)


def test_our_own_set_is_sound() -> None:
    own = own_set.load()
    docs = {doc.id for doc in own.docs}
    assert len(docs) == len(own.docs) == 52 and len({query.id for query in own.queries}) == len(own.queries)
    answered = [query for query in own.queries if own.answers(query)]
    assert len(answered) == 104 and len(own.queries) - len(answered) >= 40
    assert set().union(*own.relevant.values()) == docs


def test_a_trained_forest_is_read_back_and_says_what_lightgbm_says(
    folder: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "is_held_out", lambda _: True)
    grown: list[Any] = []
    train = lightgbm.train

    def remembered(*arguments: Any, **more: Any) -> Any:
        grown.append(train(*arguments, **more))
        return grown[-1]

    monkeypatch.setattr(lightgbm, "train", remembered)
    out = tmp_path / "weights.json"
    training.train(data.load(folder), settings, out)
    raw = json.loads(out.read_text(encoding="utf-8"))
    folds = Folds.read(out.with_suffix(".folds.json"))
    assert len(folds.weights) == 5 and folds.weights[0].same == raw["bands"]["same"]
    weights = ranking.read(raw)
    assert weights.encoder == "hashed-1"
    rows = np.random.default_rng(3).uniform(-1, 3, (200, len(FEATURES)))
    own = grown[: len(grown) // 2]  # the others read words alone
    for forest, booster in zip((weights.right, weights.first), own[-2:], strict=True):
        assert forest.total(rows) == pytest.approx(booster.predict(rows, raw_score=True), abs=0.01)
    by_words = ranking.read(json.loads(out.with_suffix(".words.json").read_text(encoding="utf-8")))
    assert not by_words.reads_vectors
    moved = rows.copy()
    moved[:, [FEATURES.index(name) for name in ("cosine", "cosine_next", "over_middle", "ahead", "nearness")]] += 1
    assert (by_words.probability(moved) == by_words.probability(rows)).all()
    assert (weights.probability(moved) != weights.probability(rows)).any()
    scores = raw["scores"]["cures"]
    assert scores["cases"] == 150  # 70 as asked, 70 without their answer, 10 that have none
    assert scores["success_at_1"] > 0.9 and 0 <= scores["calibration_error"] < 0.2


def test_no_batch_has_a_held_out_query_and_equal_groups_mean_the_same(folder: Path) -> None:
    dataset = data.load(folder)[0]
    lessons, titles = _lessons(dataset, HashedEncoder())
    assert titles.is_titles and not titles.pairs  # no document of this set has a title
    learned = [q for q in dataset.queries if dataset.answers(q) and not is_held_out(q.id)]
    assert len(lessons.pairs) == len(learned) < 70
    held = {q.text for q in dataset.queries if is_held_out(q.id) or not dataset.answers(q)}
    kinds = set()
    for batch in itertools.islice(Batches([lessons]), 40):
        assert len(batch.texts) == len(batch.groups) and not held & set(batch.texts)
        kinds.add(batch.sides is None)
        if batch.sides is not None:
            firsts = [g for g, side in zip(batch.groups, batch.sides, strict=True) if side == 0]
            documents = [g for g, side in zip(batch.groups, batch.sides, strict=True) if side == 1]
            assert set(firsts) <= set(documents) and len(documents) > len(set(firsts))
    assert kinds == {True, False}


def test_neighbours_share_the_rarest_words(folder: Path) -> None:
    dataset = data.load(folder)[0]
    near = next(Neighbours(dataset.docs).of(["does turmeric cure malaria"]))
    assert len(near) == 22
    assert all("turmeric" in doc.text or "malaria" in doc.text for doc in near[:10])


@pytest.mark.model
def test_tuning_brings_what_means_the_same_together_and_its_file_changes_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = _tiny_model(tmp_path / "tiny")
    words = [f"w{n}" for n in range(40)]
    texts = tuple(f"{a} {b}" for a, b in zip(words, reversed(words), strict=True))
    batch = Batch(texts, tuple(n // 2 for n in range(40)))
    losses: list[float] = []
    monkeypatch.setattr(encoder_tuning, "RATE", 5e-3)  # a tiny model of random weights has far to go
    out = tmp_path / "tuned.safetensors"
    done = encoder_tuning.tune(
        base, itertools.repeat(batch), out, steps=150, prefix="", told=lambda step, of, loss: losses.append(loss)
    )
    assert done == 150 and len(losses) == 149  # the last one only ends it
    assert losses[-1] < 0.8 * losses[0]
    (tmp_path / "torn.safetensors").write_bytes(out.read_bytes()[:100])
    for start in ("torn.safetensors", "none.safetensors"):
        with pytest.raises(CorruptModel):
            encoder_tuning.tune(
                base, itertools.repeat(batch), out, steps=2, prefix="", told=lambda *_: None, start=tmp_path / start
            )
    monkeypatch.setattr(tuned, "PATH", out)
    with pytest.raises(CorruptModel):
        tuned.load()  # another file than the one that was reviewed
    monkeypatch.setattr(tuned, "checked", lambda path, _: path.read_bytes())
    from transformers import AutoModel

    model = AutoModel.from_pretrained(base)
    before = model.encoder.layer[0].output.dense.weight.clone()
    untouched = model.embeddings.word_embeddings.weight.clone()
    tuned.apply(model)
    assert not (model.encoder.layer[0].output.dense.weight == before).all()
    assert (model.embeddings.word_embeddings.weight == untouched).all()


def _tiny_model(folder: Path) -> Path:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = {"[UNK]": 0, "[PAD]": 1} | {f"w{n}": n + 2 for n in range(40)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder
