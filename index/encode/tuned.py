"""The low-rank tuning that ships beside this module: for the packaged model, and for multilingual-e5-small by name.

tuned-*.safetensors -> checked by SHA-256 -> each linear layer's weight W becomes W + b @ a

`clarion evaluate --tune` made it (index/encode/tuning.py): it brings claims, wordings and languages together and keeps
near topics apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import CorruptModel

NAME = "tuned-5"
PATH = Path(__file__).with_name(f"{NAME}.safetensors")
SHA256 = "a8bf3c6135981fed0926ba07a7df8d74ec2140b31ef4d6767242c6cd2bec9d7e"
#: Hub or folder names, in lower case, whose weights the tuning fits besides the packaged ones.
BASES = frozenset({"multilingual-e5-small"})


def checked(path: Path, sha256: str) -> bytes:
    """The file's content. Raises: CorruptModel if it is another than the one that was reviewed."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CorruptModel(f"SHA-256 of {path} is not {sha256}")
    return content


@dataclass(frozen=True)
class Changes:
    """The factors by the name of their layer: `….a` and `….b`."""

    factors: Mapping[str, NDArray[np.float16]]

    def of(self, weight_name: str) -> NDArray[np.float32] | None:
        """What to add to the weight of that name in transformers' BertModel, None for a weight that stays."""
        module = weight_name.removesuffix(".weight")
        a, b = (self.factors.get(f"{module}.{factor}") for factor in "ab")
        if a is None or b is None or module == weight_name:
            return None
        product: NDArray[np.float32] = b.astype(np.float32) @ a.astype(np.float32)
        return product


def load() -> Changes:
    """The shipped changes. Raises: CorruptModel."""
    from safetensors import numpy as safetensors

    return Changes(safetensors.load(checked(PATH, SHA256)))


def apply(model: Any) -> None:
    """Changes a loaded BertModel in place. Raises: CorruptModel, also where a weight has another shape."""
    import torch

    changes = load()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            added = changes.of(name)
            if added is None:
                continue
            if tuple(weight.shape) != added.shape:
                raise CorruptModel(f"{name} has the shape {tuple(weight.shape)}, the tuning {added.shape}")
            weight += torch.from_numpy(added).to(weight.dtype)
