"""Answers a pasted text: what is published, what is known and unanswered, what is like it, or nothing (ux.md 4.2).

    raw ─► understand ─► candidates.find ─► resolve (joins, answers) ─► outcome, and the candidate that it rests on

Nothing of the text is kept; a reader's check that finds nothing is counted by fingerprint only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from index import candidates, explaining, lookalike, merging, text, workflow
from index.candidates import Judged
from index.errors import InvalidInput, RecordsUnavailable
from index.model import Answer, Band, Candidate, DocKind, Outcome, SourceKind
from index.ports import Parts, Unit

MAX_PASTE = 5_000
_PUBLIC = frozenset({DocKind.ALERT, DocKind.CLAIM})
_PUBLIC_ANSWERS = frozenset({DocKind.ALERT})
_ANSWERS = frozenset({DocKind.ALERT, DocKind.OUTSIDE})
_BANDS = {Band.SAME: 0, Band.SIMILAR: 1, Band.NONE: 2}


def answer(
    parts: Parts, raw: str, limit: int, *, is_public: bool, is_check: bool = False, with_unread: bool = False
) -> Answer:
    """See Catalogue.answer and Catalogue.match. `is_check`: a reader's check, which is counted if it finds nothing.

    `with_unread`: claims known from tips alone count in a public answer too, so that tips find one another.
    """
    if len(raw) > MAX_PASTE:
        raise InvalidInput(code="too_long", field="text")
    understood = text.understand(raw)
    if not text.words(text.fold(understood.text)) and not understood.urls:
        raise InvalidInput(code="empty", field="text")
    found = candidates.find(parts, understood.text, _PUBLIC if is_public else frozenset(DocKind))
    with parts.records.read() as unit:
        resolved = [r for j in found.judged if (r := _resolved(unit, j)) is not None]
        if is_public and not with_unread:
            resolved = [r for r in resolved if r.claim is None or not merging.is_unread(unit, r.claim)]
        best = candidates.strongest(resolved)
        domains = [s.domain for s in unit.sources() if s.kind is SourceKind.OFFICIAL]
        shown = [_candidate(j, parts.clock.now()) for j in best.values() if j.judgement.band is not Band.NONE]
        shown.sort(key=lambda c: (_BANDS[c.band], -c.probability))
        outcome, first = _outcome(shown, _PUBLIC_ANSWERS if is_public else _ANSWERS)
        if first is not None:  # what the outcome rests on comes first
            shown = [first, *(c for c in shown if c is not first)]
        claim = unit.claim(first.id) if first is not None and outcome is Outcome.KNOWN else None
        reviews = merging.confirmed_reviews(unit, claim.id) if claim else ()
    shown = shown[:limit]
    explanations = explaining.explain_each(understood.text, [c.matched_text for c in shown])
    if outcome is Outcome.NOTHING and is_check and not found.is_degraded:
        _count_unanswered(parts, understood.text)
    return Answer(
        outcome=outcome,
        candidates=tuple(replace(c, explanation=e) for c, e in zip(shown, explanations, strict=True)),
        text=understood.text,
        was_trimmed=understood.was_trimmed,
        is_degraded=found.is_degraded,
        imitated_domains=lookalike.imitating(understood.urls, domains),
        claim=claim,
        reviews=reviews,
    )


def _count_unanswered(parts: Parts, wording: str) -> None:
    """A busy or full database must not keep the answer from the reader."""
    with contextlib.suppress(RecordsUnavailable), parts.records.begin() as unit:
        unit.count_unanswered_check(text.fingerprint(wording), parts.clock.now())


def _resolved(unit: Unit, judged: Judged) -> Judged | None:
    """What the judgement is about now: a joined claim stands for its root, an answered one for its refutation."""
    if judged.claim is None:
        return judged
    claim = merging.root(unit, judged.claim.id)
    if claim is None or workflow.is_erased(claim):
        return None
    refutation = unit.refutation(claim.answered_by) if claim.answered_by else None
    if refutation is not None and workflow.is_public(refutation):
        resolved = replace(judged.judgement, id=refutation.thread_id, kind=DocKind.ALERT)
        return Judged(resolved, refutation=refutation)
    return Judged(replace(judged.judgement, id=claim.id), claim=claim)


def _candidate(judged: Judged, now: datetime) -> Candidate:
    j = judged.judgement
    base = Candidate(j.kind, j.id, "", "", j.band, j.probability, j.reasons, j.matched_text)
    if judged.refutation is not None and judged.refutation.published is not None:
        words = judged.refutation.published.text
        state = workflow.public_state(judged.refutation, now)
        return replace(base, title=words.headline, language=words.language, verdict=words.verdict, status=state.value)
    if judged.outside is not None:
        o = judged.outside
        return replace(base, title=o.title, language=o.language, verdict=o.verdict, url=o.url)
    assert judged.claim is not None  # Judged holds one of the three
    return replace(base, title=judged.claim.statement, language=judged.claim.language, status=judged.claim.status.value)


def _outcome(shown: Sequence[Candidate], answers: frozenset[DocKind]) -> tuple[Outcome, Candidate | None]:
    """The outcome and the candidate that it rests on.

    found: the same text or meaning, published, nothing objects. known: a claim is, unanswered. similar: the rest."""
    sure = [c for c in shown if c.band is Band.SAME and not any(r.objects for r in c.reasons)]
    answer = next((c for c in sure if c.kind in answers), None)
    if answer is not None:
        return Outcome.FOUND, answer
    known = next((c for c in sure if c.kind is DocKind.CLAIM), None)
    if known is not None:
        return Outcome.KNOWN, known
    return (Outcome.SIMILAR if shown else Outcome.NOTHING), None
