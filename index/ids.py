"""Ids: a prefix and a UUIDv7 in 26 base-32 digits, so that ids of one kind sort by the time they were made.

UUIDv7 is RFC 9562 section 5.7; within one process the library keeps them strictly increasing.
"""

from __future__ import annotations

import re

import uuid_utils

_DIGITS = "0123456789abcdefghijklmnopqrstuv"  # RFC 4648 base32hex, whose order is that of the numbers
_PATTERN = re.compile(r"[a-z]{3}_[0-9a-v]{26}")


def new_id(prefix: str) -> str:
    """A new id such as `clm_0692c…`; `prefix` has three letters."""
    return _written(prefix, uuid_utils.uuid7().int)


def new_id_after(previous: str) -> str:
    """A new id of the same prefix, greater than `previous` even where this machine's clock is behind."""
    prefix, _, digits = previous.partition("_")
    return max(new_id(prefix), _written(prefix, int(digits, 32) + 1))


def _written(prefix: str, number: int) -> str:
    digits = [_DIGITS[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(digits)}"


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the form of an id with this prefix; a cheap check before any query."""
    return text.startswith(prefix + "_") and _PATTERN.fullmatch(text) is not None
