"""Low-rank tuning of an e5-style encoder on pairs that mean the same: what `clarion evaluate --tune` runs.

    base model (frozen) + b @ a beside each linear layer ─► contrastive loss over batches ─► a, b as float16

The low-rank form is LoRA (Hu and others 2021), the loss InfoNCE over scaled cosines with several positives (SupCon,
Khosla and others 2020). Only a and b learn; they are what is shipped, for any weights of the same architecture.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encode.sentence import half_precision, make_safe
from index.errors import CorruptModel

RANK = 32
TEMPERATURE = 0.02
RATE = 5e-4
WARM_STEPS = 20
ONWARD_RATE = 3e-4  # from factors that have learned already
MAX_TOKENS = 88  # of a training text; the cost grows with it, and claims are shorter
CHUNK = 32  # texts of like length that are run together
LINEAR = (
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
    "intermediate.dense", "output.dense",
)  # fmt: skip

#: Told the step, the steps in all, and the mean loss of late.
StepTold = Callable[[int, int, float], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts to be told apart. Equal `groups` mean the same; with `sides` (0 query, 1 document) only across them."""

    texts: tuple[str, ...]
    groups: tuple[int, ...]
    sides: tuple[int, ...] | None = None


def tune(
    base: Path,
    batches: Iterator[Batch],
    out: Path,
    *,
    steps: int,
    prefix: str,
    told: StepTold,
    seconds: float | None = None,
    start: Path | None = None,
) -> int:
    """Trains on `batches` and writes `out` (also every 50 steps, so a killed run leaves its best so far).

    `base`: a sentence-transformers folder. `seconds`: stops learning by then; the rate falls with the greater share of
    steps or time used. `start`: a file of factors to go on from. Returns the steps done. Raises: CorruptModel.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer

    torch.manual_seed(1)
    tokenizer: Any = AutoTokenizer.from_pretrained(str(base), local_files_only=True)
    # eager: on a processor a backward pass through the fused attention takes half as long again
    options = {"dtype": torch.float32, "use_safetensors": True, "attn_implementation": "eager"}
    model = AutoModel.from_pretrained(str(base), local_files_only=True, **options)
    model.requires_grad_(False).eval()
    adapters = _adapt(torch, model, _factors(start))
    precision = half_precision(torch, model)
    learning = [p for pair in adapters.values() for p in pair]
    rate = RATE if start is None else ONWARD_RATE
    optimizer = torch.optim.AdamW(learning, lr=rate, weight_decay=0.01)
    started = time.monotonic()
    recent: list[float] = []
    step = 0
    for step, batch in enumerate(batches, start=1):
        spent = step / steps if seconds is None else max(step / steps, (time.monotonic() - started) / seconds)
        if spent >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, step / WARM_STEPS) * (1 - spent)
        with precision():
            vectors = _encode(torch, model, tokenizer, [prefix + make_safe(t) for t in batch.texts])
        loss = _loss(torch, vectors, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        recent = [*recent[-49:], float(loss.detach())]
        told(step, steps, float(np.mean(recent)))
        if step % 50 == 0:
            _save(adapters, out)
    _save(adapters, out)
    return step


def _factors(start: Path | None) -> dict[str, NDArray[Any]]:
    """Raises: CorruptModel if `start` cannot be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return {} if start is None else load_file(start)
    except (OSError, SafetensorError) as error:
        raise CorruptModel(f"{start} cannot be read: {error}") from error


def _adapt(torch: Any, model: Any, known: dict[str, NDArray[Any]]) -> dict[str, tuple[Any, Any]]:
    """Puts b @ a beside each linear layer, as far as `known`; else b starts at zero, so the model starts as it is."""

    class Adapted(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, linear: Any) -> None:
            super().__init__()
            self.linear = linear
            self.a = torch.nn.Parameter(torch.randn(RANK, linear.in_features) * 0.02)
            self.b = torch.nn.Parameter(torch.zeros(linear.out_features, RANK))

        def forward(self, x: Any) -> Any:
            return self.linear(x) + (x @ self.a.T) @ self.b.T

    adapters = {}
    for number, layer in enumerate(model.encoder.layer):
        for name in LINEAR:
            owner_name, _, last = name.rpartition(".")
            owner = layer.get_submodule(owner_name)
            adapted = Adapted(getattr(owner, last))
            setattr(owner, last, adapted)
            full = f"encoder.layer.{number}.{name}"
            for factor, values in (("a", adapted.a), ("b", adapted.b)):
                if f"{full}.{factor}" in known:
                    values.data.copy_(torch.from_numpy(known[f"{full}.{factor}"].astype(np.float32)))
            adapters[full] = (adapted.a, adapted.b)
    return adapters


def _encode(torch: Any, model: Any, tokenizer: Any, texts: Sequence[str]) -> Any:
    """Unit vectors by mean pooling, in the order of `texts`; run in chunks of like length, so little is padded."""
    ids = tokenizer(list(texts), truncation=True, max_length=MAX_TOKENS)["input_ids"]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    rows: list[Any] = [None] * len(ids)
    for start in range(0, len(order), CHUNK):
        chunk = order[start : start + CHUNK]
        batch = tokenizer.pad({"input_ids": [ids[i] for i in chunk]}, return_tensors="pt")
        hidden = model(**batch).last_hidden_state.float()
        mask = batch["attention_mask"][..., None].to(hidden.dtype)
        mean = (hidden * mask).sum(1) / mask.sum(1)
        for row, i in zip(torch.nn.functional.normalize(mean, dim=1), chunk, strict=True):
            rows[i] = row
    return torch.stack(rows)


def _loss(torch: Any, vectors: Any, batch: Batch) -> Any:
    similarity = vectors @ vectors.T / TEMPERATURE
    groups = torch.tensor(batch.groups)
    compared = ~torch.eye(len(groups), dtype=torch.bool)
    if batch.sides is not None:
        sides = torch.tensor(batch.sides)
        compared &= sides[:, None] != sides[None]
    positive = (groups[:, None] == groups[None]) & compared
    log_share = torch.log_softmax(similarity.masked_fill(~compared, -1e4), dim=1)
    anchors = positive.any(1)
    return -((log_share * positive).sum(1)[anchors] / positive.sum(1)[anchors]).mean()


def _save(adapters: dict[str, tuple[Any, Any]], out: Path) -> None:
    from safetensors.numpy import save_file

    tensors: dict[str, NDArray[Any]] = {}
    for name, (a, b) in adapters.items():
        tensors[f"{name}.a"] = a.detach().numpy().astype(np.float16)
        tensors[f"{name}.b"] = b.detach().numpy().astype(np.float16)
    half = out.with_suffix(".part")
    save_file(tensors, half)
    half.replace(out)
