"""Two texts that were put together, cut into pieces that a page can mark: what both say, and what one has otherwise.

Pure. What a piece is stands in words too (`DIFFERENCE_WORDS`), so that no meaning hangs on the look alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from index.model import Difference, Explanation, Span
from webapp.language import N_

SHARED = "shared"
WHOLE = 240  # characters of a pasted text that are shown in full; of a longer one the sentence that matched

DIFFERENCE_WORDS = {
    "number": N_("differs, a number:"),
    "date": N_("differs, a date:"),
    "place": N_("differs, a place:"),
    "name": N_("differs, a name:"),
    "denial": N_("differs, a denial:"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. `kind`: empty, `shared`, or a key of DIFFERENCE_WORDS."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A text or a part of it; `is_cut` where the text goes on before or behind."""

    pieces: tuple[Piece, ...]
    is_cut: bool = False

    @property
    def is_marked(self) -> bool:
        return any(piece.kind for piece in self.pieces)


def match_marked(text: str, explanation: Explanation) -> Marked:
    """The matched text, all of it."""
    return Marked(_pieces(text, explanation.shared_in_match, explanation.differing_in_match, (0, len(text))))


def query_marked(text: str, explanation: Explanation, whole: int = WHOLE) -> Marked:
    """The text that was looked up; of a long one the sentence that matched, or its beginning."""
    window = (0, len(text))
    if len(text) > whole:
        start, end = explanation.sentence or (0, whole)
        window = (start, min(end, start + whole))
    return Marked(_pieces(text, explanation.shared, explanation.differing, window), window != (0, len(text)))


def _pieces(text: str, shared: Iterable[Span], differing: Iterable[Difference], window: Span) -> tuple[Piece, ...]:
    marks = sorted([(*span, SHARED) for span in shared] + [(d.start, d.end, d.kind) for d in differing])
    place, last = window
    found: list[Piece] = []
    for start, end, kind in marks:
        start, end = max(start, place), min(end, last)
        if start >= end:
            continue
        found.append(Piece("", text[place:start]))
        found.append(Piece(kind, text[start:end]))
        place = end
    found.append(Piece("", text[place:last]))
    return tuple(piece for piece in found if piece.text)
