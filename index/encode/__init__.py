"""Encoders: text to unit vectors. `open_encoder` chooses by settings and loads nothing yet."""

from __future__ import annotations

import re
from pathlib import Path

from index.encode import packaged, tuned
from index.encode.hashed import HashedEncoder
from index.encode.packaged import Progress
from index.encode.sentence import SentenceEncoder, folder_dimensions
from index.ports import Encoder
from index.settings import Settings

__all__ = ["HashedEncoder", "Progress", "SentenceEncoder", "alike", "open_encoder"]


def open_encoder(settings: Settings, progress: Progress | None = None) -> Encoder:
    """The encoder that `settings` name. The model is prepared and loaded by its first encoding, not here.

    `progress("model", share)` is called while the packaged model is rebuilt, which happens once in a data folder.
    """
    if settings.encoder == "hashed":
        return HashedEncoder()
    if settings.encoder == "packaged":
        return SentenceEncoder(
            lambda: packaged.prepare(settings.data_dir, progress),
            packaged.ENCODER_NAME,
            packaged.DIMENSIONS,
            settings.encoder_threads,
        )
    place = settings.encoder
    name, change = _short_name(place), None
    if name in tuned.BASES:
        name, change = _tuned_name(name), tuned.apply
    dimensions = folder_dimensions(Path(place))
    return SentenceEncoder(lambda: place, name, dimensions, settings.encoder_threads, change)


def alike(name: str) -> tuple[str, ...]:
    """The names of the encoders whose vectors are as those of `name`, so that one set of weights serves them all."""
    same = (packaged.ENCODER_NAME, *(_tuned_name(base) for base in sorted(tuned.BASES)))
    return same if name in same else (name,)


def _tuned_name(base: str) -> str:
    return f"{base}-{tuned.NAME}-hans"


def _short_name(place: str) -> str:
    """The last part of a folder or hub name, fit for an index name."""
    return re.sub(r"[^a-z0-9.]+", "-", Path(place).name.lower()).strip("-.") or "model"
