"""Two texts side by side: what stayed, what came, what went. Pure; Han by the character, other scripts by the word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from index.model import RefutationText

#: Beyond this many pieces on a side the comparison is by whole text: SequenceMatcher is quadratic.
MAX_PIECES = 4000

_PIECE = re.compile(r"[^\W\d_\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+|\d+(?:[.,]\d+)*|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text: `same`, `added` or `gone`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: its old and new text, each as parts."""

    field: str
    before: tuple[Part, ...]
    after: tuple[Part, ...]


def pieces(text: str) -> list[str]:
    """Han characters and signs one by one, words and numbers whole."""
    return _PIECE.findall(text)


def sides(before: str, after: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The old text with what went marked, and the new one with what came."""
    a, b = pieces(before), pieces(after)
    if max(len(a), len(b)) > MAX_PIECES:
        return (Part("gone", before),) if before else (), (Part("added", after),) if after else ()
    left: list[Part] = []
    right: list[Part] = []
    for op, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        kinds = ("same", "same") if op == "equal" else ("gone", "added")
        _append(left, kinds[0], a[a1:a2])
        _append(right, kinds[1], b[b1:b2])
    return tuple(left), tuple(right)


def _append(parts: list[Part], kind: str, found: Sequence[str]) -> None:
    if not found:
        return
    if parts and parts[-1].kind == kind:
        parts[-1] = Part(kind, parts[-1].text + "".join(found))
    else:
        parts.append(Part(kind, "".join(found)))


def changes(before: dict[str, str], after: dict[str, str]) -> tuple[Change, ...]:
    """The fields that differ, in the order of `after`. Both hold what a reader would see (see `shown`)."""
    found = []
    for field in after:
        old, new = before.get(field, ""), after[field]
        if old != new:
            found.append(Change(field, *sides(old, new)))
    return tuple(found)


def evidence_lines(text: RefutationText) -> str:
    """The evidence as lines of text, so that it is compared like any other field."""
    return "\n".join(
        " · ".join(filter(None, (e.publisher, e.title, str(e.published_on or ""), e.url))) for e in text.evidence
    )
