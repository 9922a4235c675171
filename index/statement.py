"""The checkable statement of a post: the one sentence that says most of what the whole says.

Titles of posts are seldom it ("What the hospitals will not tell you"). It is the sentence whose vector is nearest to
that of the whole text; without an encoder, the first sentence that is long enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from index import embedding, text
from index.errors import EncoderUnavailable
from index.ports import Parts

log = structlog.get_logger()
MAX_STATEMENT = 200
LOOKED_AT = 8  # sentences: what a post claims comes early
MAX_TEXTS = 300  # encoded of one poll; a first import of thousands takes the plain way for the rest
_EDGES = "：:，,、。.；;！!?？ \t\n-—…*#】)）"


def statements(parts: Parts, raws: Sequence[str]) -> dict[str, str]:
    """The statement of each text, at most MAX_STATEMENT characters."""
    found = {raw: _plain(raw) for raw in raws}
    choices = {raw: _choices(raw) for raw in list(found)[:MAX_TEXTS]}
    undecided = {raw: sentences for raw, sentences in choices.items() if len(sentences) > 1}
    flat = [p for raw, sentences in undecided.items() for p in (embedding.passage(raw), *sentences)]
    if not flat:
        return found
    try:
        vectors = parts.encoder.encode(flat)
    except EncoderUnavailable as error:
        log.warning("statement_without_encoder", code=error.code)
        return found
    at = 0
    for raw, sentences in undecided.items():
        whole, own = vectors[at], vectors[at + 1 : at + 1 + len(sentences)]
        found[raw] = _cut(sentences[int((own @ whole).argmax())])
        at += 1 + len(sentences)
    return found


def _choices(raw: str) -> list[str]:
    sentences = [_trimmed(s) for s in text.understand(raw).sentences[:LOOKED_AT]]
    return [s for s in sentences if not text.length(s).is_under(han=8, words=4)]


def _plain(raw: str) -> str:
    choices = _choices(raw)
    understood = text.understand(raw)
    return _cut(choices[0] if choices else _trimmed(understood.text) or understood.text or raw)


def _trimmed(sentence: str) -> str:
    """Without what a cut forwarding mark leaves at the front."""
    return sentence.strip().lstrip(_EDGES)


def _cut(sentence: str) -> str:
    return sentence if len(sentence) <= MAX_STATEMENT else sentence[: MAX_STATEMENT - 1].rstrip() + "…"
