"""Bodies under a cap: plain, or gzip through our own bounded inflater (reliability.md 2.4). Nothing else."""

from __future__ import annotations

import zlib
from typing import Any

from index.outbound.values import Failure, Sink, Stop

_GZIP = b"\x1f\x8b"
_PIECE = 1024 * 1024  # unpacked at once, so that a bomb on its way to a sink never stands in memory


class Inflater:
    """Gunzips piece by piece, never past `cap` bytes; several members are joined. It does not touch what is no gzip.

    What it has unpacked goes into a sink, else it is in `done`.
    """

    def __init__(self, cap: int, into: Sink | None = None) -> None:
        self.done = bytearray()
        self._count = 0
        self._cap, self._into = cap, into
        self._member: Any = None
        self._is_plain = False
        self._head = b""

    @property
    def is_complete(self) -> bool:
        return self._is_plain or self._member is None

    def feed(self, data: bytes) -> None:
        """Raises: the transport's own stop with `too_large` or `bad_content_encoding`."""
        if not self._count and self._member is None and not self._is_plain:
            data, self._head = self._head + data, b""
            if len(data) < 2:
                self._head = data
                return
            self._is_plain = not data.startswith(_GZIP)
        if self._is_plain:
            self._add(data)
            return
        is_full = False  # a full piece may have left output behind although all input is consumed
        while data or is_full:
            if self._member is None:
                if not data.strip(b"\0"):  # padding after the last member
                    return
                self._member = zlib.decompressobj(31)
            room = min(_PIECE, self._cap + 1 - self._count)
            try:
                piece = self._member.decompress(data, room)
            except zlib.error:
                raise Stop(Failure("bad_content_encoding", "the compressed body is damaged")) from None
            self._add(piece)
            data, is_full = self._member.unconsumed_tail, len(piece) == room
            if self._member.eof:
                data, self._member, is_full = self._member.unused_data, None, False

    def _add(self, data: bytes) -> None:
        self._count += len(data)
        if self._count > self._cap:
            raise Stop(Failure("too_large", f"more than {self._cap} bytes unpacked"))
        if self._into is not None:
            self._into.write(data)
        else:
            self.done += data


def gunzip(body: bytes, cap: int) -> bytes | Failure:
    """A whole gzip body that came without its header, unpacked under `cap`."""
    inflater = Inflater(cap)
    try:
        inflater.feed(body)
    except Stop as stop:
        return stop.failure
    return bytes(inflater.done)
