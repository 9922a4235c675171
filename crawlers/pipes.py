"""Length-prefixed messages over a pipe, between the crawler and its parsing children."""

from __future__ import annotations

import struct
from typing import IO

_HEADER = struct.Struct(">I")


def send(pipe: IO[bytes], payload: bytes) -> None:
    pipe.write(_HEADER.pack(len(payload)))
    pipe.write(payload)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes:
    """Raises: EOFError if the other side ended."""
    header = pipe.read(_HEADER.size)
    if len(header) < _HEADER.size:
        raise EOFError
    payload = pipe.read(_HEADER.unpack(header)[0])
    if len(payload) < _HEADER.unpack(header)[0]:
        raise EOFError
    return payload
