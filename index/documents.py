"""Search documents from the records: what each changed record is in the index, or that it is there no more.

    change ─► record ─► documents (a claim: its statement and each wording) ─► with_vectors

A document's version is the number of the change that it reflects. What is withdrawn, joined to another or no wording
of its own any more becomes a tombstone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from index import embedding, text, workflow
from index.model import Claim, DocKind, OutsideRefutation, Refutation, SearchDocument, Sighting
from index.ports import Change, Changed, Parts, Unit

MAX_WORDINGS = 30  # documents of one claim besides its statement


@dataclass(frozen=True, slots=True)
class Draft:
    """A document before its vectors."""

    document: SearchDocument
    title: str = ""
    statement: str = ""


def drafts(unit: Unit, changes: Sequence[Change]) -> list[Draft]:
    """Documents for the newest change of each record; a document touched by two records keeps the greater version."""
    newest = {(c.kind, c.id): c.seq for c in sorted(changes, key=lambda c: c.seq)}
    found: dict[str, Draft] = {}
    for (kind, id), seq in newest.items():
        for draft in _documents(unit, kind, id, seq):
            other = found.get(draft.document.id)
            if other is None or other.document.version < draft.document.version:
                found[draft.document.id] = draft
    return list(found.values())


def _documents(unit: Unit, kind: Changed, id: str, seq: int) -> Iterable[Draft]:
    if kind is Changed.CLAIM and id.startswith("sig_"):
        return _sighting_document(unit, id, seq)
    if kind is Changed.CLAIM:
        claim = unit.claim(id)
        if claim is None or claim.merged_into is not None or workflow.is_erased(claim):
            return [_tombstone(id, DocKind.CLAIM, seq)]
        wordings = unit.wordings(id, 2 * MAX_WORDINGS)
        crowded_out = (_tombstone(s.id, DocKind.CLAIM, seq) for s in wordings[MAX_WORDINGS:])
        return [_claim(claim, seq), *(_wording(claim, s, seq) for s in wordings[:MAX_WORDINGS]), *crowded_out]
    if kind is Changed.OUTSIDE:
        outside = unit.outside(id)
        return [
            _tombstone(id, DocKind.OUTSIDE, seq) if outside is None or outside.is_withdrawn else _outside(outside, seq)
        ]
    refutation = unit.refutation(id)
    if refutation is None:
        return [_tombstone(id, DocKind.ALERT, seq)]
    if not workflow.is_public(refutation):
        return [_tombstone(refutation.thread_id, DocKind.ALERT, seq)]
    return [_alert(refutation, seq)]


def _sighting_document(unit: Unit, id: str, seq: int) -> Iterable[Draft]:
    """A single wording, after its text changed: gone if its claim is, or if another sighting says the same."""
    sighting = unit.sighting(id)
    claim = unit.claim(sighting.claim_id) if sighting else None
    if (
        sighting is None
        or claim is None
        or claim.merged_into
        or all(s.id != id for s in unit.wordings(claim.id, MAX_WORDINGS))
    ):
        return [_tombstone(id, DocKind.CLAIM, seq)]
    return [_wording(claim, sighting, seq)]


def _tombstone(id: str, kind: DocKind, seq: int) -> Draft:
    return Draft(SearchDocument(id=id, version=seq, kind=kind, parent=id, state="withdrawn", is_deleted=True))


def _terms(raw: str) -> str:
    return " ".join(text.terms(raw))


def _url_keys(*raws: str) -> tuple[str, ...]:
    return tuple(sorted({key for raw in raws for url in text.understand(raw).urls if (key := text.url_key(url))}))


def _claim(claim: Claim, seq: int) -> Draft:
    document = SearchDocument(
        id=claim.id,
        version=seq,
        kind=DocKind.CLAIM,
        parent=claim.id,
        language=claim.language,
        statement=_terms(claim.statement),
        topics=(claim.topic,) if claim.topic else (),
        state=claim.status.value,
    )
    return Draft(document, statement=claim.statement)


def _wording(claim: Claim, sighting: Sighting, seq: int) -> Draft:
    own = text.url_key(sighting.url)
    document = SearchDocument(
        id=sighting.id,
        version=seq,
        kind=DocKind.CLAIM,
        parent=claim.id,
        language=sighting.language,
        statement=_terms(sighting.text),
        url_keys=tuple(sorted({*_url_keys(sighting.text), *([own] if own else [])})),
        topics=(claim.topic,) if claim.topic else (),
        source=sighting.source_id,
        state=claim.status.value,
    )
    return Draft(document, statement=sighting.text)


def _outside(outside: OutsideRefutation, seq: int) -> Draft:
    own = text.url_key(outside.url)
    document = SearchDocument(
        id=outside.id,
        version=seq,
        kind=DocKind.OUTSIDE,
        parent=outside.id,
        language=outside.language,
        title=_terms(outside.title),
        statement=_terms(outside.claim),
        body=_terms(outside.text[:4_000]),
        url_keys=(own,) if own else (),
        source=outside.source_id,
        verdict=outside.verdict.value if outside.verdict else "",
        state="published",
    )
    return Draft(document, title=outside.title, statement=embedding.lead(outside.claim))


def _alert(refutation: Refutation, seq: int) -> Draft:
    assert refutation.published is not None  # is_public
    words = refutation.published.text
    document = SearchDocument(
        id=refutation.thread_id,
        version=seq,
        kind=DocKind.ALERT,
        parent=refutation.thread_id,
        language=words.language,
        title=_terms(words.headline),
        statement=_terms(f"{words.claim}\n{words.circulating}"),
        body=_terms(f"{words.truth}\n{words.why}"),
        url_keys=_url_keys(words.circulating),
        topics=words.topics,
        regions=words.regions,
        verdict=words.verdict.value if words.verdict else "",
        state="published",
    )
    return Draft(document, title=words.headline, statement=words.claim)


def with_vectors(parts: Parts, drafts: Sequence[Draft]) -> list[SearchDocument]:
    """The documents ready for an engine. Raises: EncoderUnavailable."""
    cut = [(d, embedding.passage(d.title), embedding.passage(d.statement)) for d in drafts]
    vectors = embedding.embed(parts, [p for _, title, statement in cut for p in (title, statement)])
    return [
        replace(
            d.document,
            title_vector=tuple(map(float, vectors[title])) if title else None,
            statement_vector=tuple(map(float, vectors[statement])) if statement else None,
        )
        for d, title, statement in cut
    ]
