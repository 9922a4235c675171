"""The real encoder: any sentence-transformers model, on the processor, loaded when the first text comes.

text -> made safe and cut -> "query: " before it for e5 models -> unit vector

Both sides of a match get the same prefix, because claim matching is symmetric.

torch and sentence_transformers are imported on the first use only, so that commands which encode nothing start at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from opencc import OpenCC

from index.errors import EncoderUnavailable
from index.ports import Vectors
from index.text import legible

MAX_TOKENS = 384  # of long messages the point often comes late: 128 found a tenth fewer of their answers
MAX_CHARACTERS = 2_000  # 384 tokens are some 600 Han characters or 1,500 letters; the rest would only cost time
_BATCH = 32
_CACHED = 512
_KANA = re.compile("[\u3040-\u30ff]")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")


def make_safe(text: str) -> str:
    """`text` as a tokenizer may see it: legible (text.legible), no control, bidi or surrogate characters, at most
    MAX_CHARACTERS.

    Cut before and after NFKC, which turns one U+FDFA into 18 characters. Traditional Chinese is encoded as simplified:
    the same statement in both then has one vector (multilingual-e5-small tells them .03 apart, a third of its range).
    """
    text = " ".join(legible(text[:MAX_CHARACTERS]).split())[:MAX_CHARACTERS]
    if _KANA.search(text) or not _HAN.search(text):
        return text
    return str(_to_simplified().convert(text))


@cache
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


class SentenceEncoder:
    """An `Encoder` over a sentence-transformers model. Thread-safe; uses no GPU and never runs code of a model.

    `locate` gives the model's folder or hub name; it runs on the first encoding, under the lock. `dimensions` loads the
    model only where neither the caller nor the folder says it.
    """

    def __init__(
        self,
        locate: Callable[[], str | Path],
        name: str,
        dimensions: int | None = None,
        threads: int = 0,
        change: Callable[[Any], None] | None = None,
    ) -> None:
        """`change`: applied once to the loaded transformer, before anything is encoded."""
        self._locate = locate
        self._change = change
        self._name = name
        self._dimensions = dimensions
        self._threads = threads
        self._model: Any = None
        self._autocast: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext
        self._lock = threading.RLock()
        self._recent: OrderedDict[bytes, Vectors] = OrderedDict()

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimensions(self) -> int:
        if self._dimensions is None:
            with self._lock:
                self._dimensions = int(self._loaded().get_embedding_dimension())
        return self._dimensions

    @property
    def prefix(self) -> str:
        return "query: " if "e5" in self._name.lower() else ""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, in the order of `texts`; a text without content gives the zero vector.

        Raises: EncoderUnavailable if the model cannot be loaded.
        """
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts")
        safe = [make_safe(text) for text in texts]
        result = np.zeros((len(safe), self.dimensions), np.float32)
        wanted = [i for i, text in enumerate(safe) if text]
        if len(wanted) == 1:
            result[wanted[0]] = self._encode_one(safe[wanted[0]])
        elif wanted:
            result[wanted] = self._run([safe[i] for i in wanted])
        return result

    def _encode_one(self, text: str) -> Vectors:
        """One text, remembered by its hash: a reader's paste is often looked up twice in a row."""
        key = hashlib.sha256(text.encode()).digest()
        with self._lock:
            vector = self._recent.pop(key, None)
            if vector is None:
                vector = self._run([text])[0]
            self._recent[key] = vector
            while len(self._recent) > _CACHED:
                self._recent.popitem(last=False)
            return vector

    def _run(self, texts: list[str]) -> Vectors:
        """Encodes in batches of like length (sentence-transformers sorts by length itself)."""
        with self._lock:
            model = self._loaded()
            with self._autocast():
                vectors = model.encode(
                    [self.prefix + text for text in texts],
                    batch_size=_BATCH,
                    convert_to_numpy=True,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
        return np.asarray(vectors, np.float32)

    def _loaded(self) -> Any:
        if self._model is None:
            place = str(self._locate())
            try:
                self._model, self._autocast = _load(place, self._threads, self._change)
            except (OSError, ValueError, ImportError, RuntimeError) as error:
                raise EncoderUnavailable(f"model {place} cannot be loaded: {error}") from error
        return self._model


def folder_dimensions(folder: Path) -> int | None:
    """The vectors' length of a plain transformer with pooling, read from its files; None if only loading can tell."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        if any(module["type"].rsplit(".", 1)[-1] not in ("Transformer", "Pooling", "Normalize") for module in modules):
            return None
        return int(json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _load(
    place: str, threads: int, change: Callable[[Any], None] | None
) -> tuple[Any, Callable[[], contextlib.AbstractContextManager[Any]]]:
    is_folder = Path(place).is_dir()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Waiting threads must sleep: on two cores shared by several processes spinning made a query take 1.0 s, not 0.14.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if is_folder:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if threads:
        torch.set_num_threads(threads)
    # Safetensors only: a pickle may run code when it is read.
    options = {"dtype": torch.float32, "use_safetensors": True}
    model = SentenceTransformer(
        place, device="cpu", local_files_only=is_folder, trust_remote_code=False, model_kwargs=options
    )
    model.eval()
    if change is not None:
        change(model[0].auto_model)
    _spare_memory(torch, model, place)
    limit = model.max_seq_length
    model.max_seq_length = min(MAX_TOKENS, limit) if limit else MAX_TOKENS
    return model, half_precision(torch, model)


def half_precision(torch: Any, model: Any) -> Callable[[], contextlib.AbstractContextManager[Any]]:
    """Frozen linear layers in bfloat16, where that is faster; what is given back runs the model so."""
    if not _gains_by_bfloat16(torch):
        return contextlib.nullcontext
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.to(torch.bfloat16)  # once, else autocast converts the weights on every call
    return lambda: torch.autocast("cpu", torch.bfloat16)


def _spare_memory(torch: Any, model: Any, place: str) -> None:
    """Keeps the table of words, most of a multilingual model, in half precision: each text reads a few of its rows.

    The packaged model's are float16 to begin with, so its vectors stay the same; its table stays in the file, which the
    processes of a machine share. What loading left behind goes back to the system.
    """
    table = model[0].auto_model.get_input_embeddings()
    in_file = _table_in_file(torch, Path(place) / "model.safetensors", tuple(table.weight.shape))
    if in_file is None:
        table.to(torch.float16)
    else:
        table.weight = torch.nn.Parameter(in_file, requires_grad=False)
    table.register_forward_hook(lambda _module, _inputs, rows: rows.float())
    with contextlib.suppress(OSError, AttributeError):  # another C library than GNU's
        ctypes.CDLL(None).malloc_trim(0)


def _table_in_file(torch: Any, path: Path, shape: tuple[int, ...]) -> Any:
    """The table as a view of the mapped file; None unless it lies there in half precision."""
    from safetensors import safe_open

    if not path.is_file():
        return None
    with safe_open(path, framework="pt") as file:
        names = [name for name in sorted(file.keys()) if name.endswith("embeddings.word_embeddings.weight")]
        found = file.get_tensor(names[0]) if names else None
    is_usable = found is not None and found.dtype == torch.float16 and tuple(found.shape) == shape
    return found if is_usable else None


def _gains_by_bfloat16(torch: Any) -> bool:
    """Whether the processor has AMX tiles. The AVX-512 instruction for bfloat16 alone does not pay: on a Sapphire
    Rapids guest without tiles, matrices of the model's size ran at 240 GFLOP/s in float32 and at 145 in bfloat16."""
    check = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(check is not None and check())
