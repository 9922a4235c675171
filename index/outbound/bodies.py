"""Bodies under a cap: plain, or gzip through our own bounded inflater (reliability.md 2.4). Nothing else."""

from __future__ import annotations

import zlib
from typing import Any

from index.outbound.values import Failure, Stop

_GZIP = b"\x1f\x8b"


class Inflater:
    """Gunzips piece by piece, never past `cap` bytes; several members are joined. It does not touch what is no gzip."""

    def __init__(self, cap: int) -> None:
        self.done = bytearray()
        self._cap = cap
        self._member: Any = None
        self._is_plain = False
        self._head = b""

    @property
    def is_complete(self) -> bool:
        return self._is_plain or self._member is None

    def feed(self, data: bytes) -> None:
        """Raises: the transport's own stop with `too_large` or `bad_content_encoding`."""
        if not self.done and self._member is None and not self._is_plain:
            data, self._head = self._head + data, b""
            if len(data) < 2:
                self._head = data
                return
            self._is_plain = not data.startswith(_GZIP)
        if self._is_plain:
            self._add(data)
            return
        while data:
            if self._member is None:
                if not data.strip(b"\0"):  # padding after the last member
                    return
                self._member = zlib.decompressobj(31)
            try:
                self._add(self._member.decompress(data, self._cap + 1 - len(self.done)))
            except zlib.error:
                raise Stop(Failure("bad_content_encoding", "the compressed body is damaged")) from None
            data = self._member.unconsumed_tail
            if self._member.eof:
                data, self._member = self._member.unused_data, None

    def _add(self, data: bytes) -> None:
        self.done += data
        if len(self.done) > self._cap:
            raise Stop(Failure("too_large", f"more than {self._cap} bytes unpacked"))


def gunzip(body: bytes, cap: int) -> bytes | Failure:
    """A whole gzip body that came without its header, unpacked under `cap`."""
    inflater = Inflater(cap)
    try:
        inflater.feed(body)
    except Stop as stop:
        return stop.failure
    return bytes(inflater.done)
