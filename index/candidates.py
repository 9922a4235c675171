"""From a text to judged candidates: search both ways, fetch what the hits stand for, let `matching` judge each.

    wording ─► terms, vector, URL keys ─► Search.find ─► parents ─► Entry (passages with vectors) ─► matching.judge

While the engine is down the newest published threads are judged directly, and without the encoder by words alone, so
the answer is reduced, not absent. What the records say counts, not the index: it may not have heard of a withdrawal.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from index import embedding, matching, ranking, text, workflow
from index.errors import EncoderUnavailable, SearchUnavailable
from index.model import Claim, DocKind, Hit, OutsideRefutation, Refutation, SearchQuery, Sighting
from index.ports import MAX_TERMS, Parts, ThreadFilter, Unit, Vectors

MAX_PARENTS = 24  # of a kind; judging twice as many took twice as long and ranked no better (MAP@5 .856 and .857)
FALLBACK_THREADS = 300
MAX_BODY = 2_000  # characters of what a candidate says besides


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement with the record it is about (one of the three is set)."""

    judgement: matching.Judgement
    claim: Claim | None = None
    refutation: Refutation | None = None
    outside: OutsideRefutation | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Judged candidates, best first, and whether the engine was missing."""

    judged: tuple[Judged, ...]
    is_degraded: bool = False


@dataclass(slots=True)
class _Known:
    """A record behind the hits, with its passages before they have vectors."""

    kind: DocKind
    id: str
    passages: list[tuple[str, str, str]]  # text, field, language
    url_keys: set[str] = field(default_factory=set)
    lexical: float | None = None
    body: str = ""
    claim: Claim | None = None
    refutation: Refutation | None = None
    outside: OutsideRefutation | None = None


def find(
    parts: Parts,
    wording: str,
    kinds: frozenset[DocKind],
    exclude: frozenset[str] = frozenset(),
    *,
    is_stored: bool = False,
    weights: ranking.Weights | None = None,
) -> Found:
    """Judges what may answer or equal `wording` (already understood).

    `is_stored`: a text of the records, whose vector is kept there too; a pasted text leaves nothing behind.
    `weights`: others than those that are shipped for the encoder.
    """
    gathered = gather(parts, wording, kinds, exclude, is_stored=is_stored)
    weights = weights or ranking.weights_for(parts.encoder.name, parts.settings.data_dir)
    judgements = matching.judge(gathered.query, gathered.entries, weights)
    judged = [Judged(j, k.claim, k.refutation, k.outside) for j, k in zip(judgements, gathered.known, strict=True)]
    judged.sort(key=lambda j: -j.judgement.probability)
    return Found(tuple(judged), gathered.is_degraded)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What there is to judge: the query, the entries, and of each entry the record behind it."""

    query: matching.Query
    entries: tuple[matching.Entry, ...]
    known: tuple[_Known, ...]
    is_degraded: bool = False


def gather(
    parts: Parts,
    wording: str,
    kinds: frozenset[DocKind],
    exclude: frozenset[str] = frozenset(),
    *,
    is_stored: bool = False,
) -> Gathered:
    """All of `find` but the judging."""
    vector = _vector(parts, wording, is_stored)
    is_degraded = vector is None
    urls = text.understand(wording).urls
    url_keys = tuple(key for url in urls if (key := text.url_key(url)))
    search = SearchQuery(
        terms=text.query_terms(wording, MAX_TERMS),
        vector=None if vector is None else tuple(map(float, vector)),
        url_keys=url_keys,
        kinds=kinds,
        exclude_parents=exclude,
    )
    try:
        hits: Sequence[Hit] | None = parts.search.find(search)
    except SearchUnavailable:
        hits, is_degraded = None, True
    with parts.records.read() as unit:
        known = _fallback(unit, wording, kinds) if hits is None else _behind(unit, hits)
    query = matching.make_query(wording, vector, url_keys)
    return Gathered(query, tuple(_entries(parts, known)), tuple(known), is_degraded)


def _vector(parts: Parts, wording: str, is_stored: bool) -> Vectors | None:
    passage = embedding.passage(wording)
    try:
        if is_stored and passage:
            return embedding.embed(parts, [passage])[passage]
        vector: Vectors = parts.encoder.encode([passage])[0]
    except EncoderUnavailable:
        return None
    return vector


@dataclass(frozen=True, slots=True)
class _Parent:
    """What several documents of the index belong to, with the best BM25 score among them."""

    kind: DocKind
    id: str
    lexical: float | None


def _parents(hits: Sequence[Hit]) -> tuple[_Parent, ...]:
    """What the hits stand for: at most MAX_PARENTS of a kind, a shared URL first, then the best lexical or vector
    rank."""
    found: dict[str, _Parent] = {}
    for hit in _by_best_rank(hits):
        known = found.get(hit.parent, _Parent(hit.kind, hit.parent, None))
        best = max((s for s in (known.lexical, hit.lexical) if s is not None), default=None)
        found[hit.parent] = replace(known, lexical=best)
    room = Counter[DocKind]()
    chosen = []
    for parent in found.values():
        room[parent.kind] += 1
        if room[parent.kind] <= MAX_PARENTS:
            chosen.append(parent)
    return tuple(chosen)


def _behind(unit: Unit, hits: Sequence[Hit]) -> list[_Known]:
    """The records that the hits stand for."""
    chosen = _parents(hits)
    claims = unit.claims([p.id for p in chosen if p.kind is DocKind.CLAIM])
    outsides = unit.outsides([p.id for p in chosen if p.kind is DocKind.OUTSIDE])
    wordings = unit.wordings_of(list(claims))
    known = []
    for parent in chosen:
        kind, id = parent.kind, parent.id
        if kind is DocKind.CLAIM and id in claims:
            entry = of_claim(claims[id], wordings.get(id, ()))
        elif kind is DocKind.OUTSIDE and id in outsides and not outsides[id].is_withdrawn:
            entry = of_outside(outsides[id])
        elif kind is DocKind.ALERT and (refutation := unit.refutation_by_thread(id)) and workflow.is_public(refutation):
            entry = of_refutation(refutation)
        else:
            continue
        entry.lexical = parent.lexical
        known.append(entry)
    return known


def _by_best_rank(hits: Sequence[Hit]) -> list[Hit]:
    def ranks(scores: Mapping[str, float]) -> dict[str, int]:
        return {id: rank for rank, id in enumerate(sorted(scores, key=lambda i: -scores[i]))}

    lexical = ranks({h.id: h.lexical for h in hits if h.lexical is not None})
    vector = ranks({h.id: h.cosine for h in hits if h.cosine is not None})
    worst = len(hits)
    return sorted(hits, key=lambda h: (not h.shares_url, min(lexical.get(h.id, worst), vector.get(h.id, worst))))


def _fallback(unit: Unit, wording: str, kinds: frozenset[DocKind]) -> list[_Known]:
    known: list[_Known] = []
    if DocKind.CLAIM in kinds and (same := unit.sighting_by_fingerprint(text.fingerprint(wording))):
        claim = unit.claim(same.claim_id)
        if claim is not None:
            known.append(of_claim(claim, (same,)))
    if DocKind.ALERT in kinds:
        threads = unit.list_threads(ThreadFilter(include_withdrawn=False), limit=FALLBACK_THREADS)
        known.extend(of_refutation(r) for r in threads if r.published)
    return known


def of_claim(claim: Claim, wordings: Sequence[Sighting]) -> _Known:
    passages = [(claim.statement, "statement", claim.language)]
    passages += [(s.text, "wording", s.language) for s in wordings]
    urls = {key for s in wordings if (key := text.url_key(s.url))}
    urls |= {key for s in wordings for _, url in text.find_urls(s.text) if (key := text.url_key(url))}
    return _Known(DocKind.CLAIM, claim.id, passages, urls, claim=claim)


def of_outside(outside: OutsideRefutation) -> _Known:
    lead = embedding.lead(outside.claim)
    passages = [(lead, "claim", outside.language), (outside.title, "title", outside.language)]
    url = text.url_key(outside.url)
    return _Known(
        DocKind.OUTSIDE,
        outside.id,
        [p for p in passages if p[0].strip()],
        {url} if url else set(),
        body=f"{outside.claim[len(lead) : MAX_BODY]} {outside.text[:MAX_BODY]}".strip(),
        outside=outside,
    )


def of_refutation(refutation: Refutation) -> _Known:
    assert refutation.published is not None  # callers look
    words = refutation.published.text
    # Not the question: "is it safe to drink …?" states nothing, so every remark on the topic comes near it.
    fields = (("claim", words.claim), ("circulating", words.circulating), ("headline", words.headline))
    passages = [(value, name, words.language) for name, value in fields if value.strip()]
    urls = {key for url in text.understand(words.circulating).urls if (key := text.url_key(url))}
    return _Known(DocKind.ALERT, refutation.thread_id, passages, urls, refutation=refutation)


def _entries(parts: Parts, known: Sequence[_Known]) -> list[matching.Entry]:
    cut = [[(embedding.passage(raw), name, language) for raw, name, language in k.passages] for k in known]
    vectors: dict[str, Vectors] = {}
    with contextlib.suppress(EncoderUnavailable):
        vectors = embedding.embed(parts, [p for passages in cut for p, _, _ in passages])
    return [
        matching.Entry(
            kind=k.kind,
            id=k.id,
            passages=tuple(matching.Passage(p, name, language, vectors.get(p)) for p, name, language in passages if p),
            url_keys=frozenset(k.url_keys),
            lexical=k.lexical,
            body=k.body,
        )
        for k, passages in zip(known, cut, strict=True)
    ]


def strongest(found: Sequence[Judged]) -> dict[str, Judged]:
    """The best judgement by candidate id, when several wordings of one claim were looked up."""
    best: dict[str, Judged] = {}
    for judged in found:
        other = best.get(judged.judgement.id)
        if other is None or other.judgement.probability < judged.judgement.probability:
            best[judged.judgement.id] = judged
    return best
