"""Search and answers: what the engines keep and find, and what a pasted text is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from index.model.crawled import OutsideRefutation
from index.model.desk import Band, Claim, Reason
from index.model.published import Verdict


class DocKind(StrEnum):
    """What a search document stands for: a published refutation, a claim's wording, another publisher's review."""

    ALERT = "alert"
    CLAIM = "claim"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """One entry of the search index. Terms come from `text.terms`; vectors are unit length, float32, by field name.

    `id` is unique; `parent` is the thread, claim or outside refutation it stands for (a claim has one document a
    wording).
    `version` is the change number: an engine keeps the newest and ignores the rest. A tombstone has `is_deleted`.
    """

    id: str
    version: int
    kind: DocKind
    parent: str
    language: str = ""
    title: str = ""  # terms joined by spaces
    statement: str = ""
    body: str = ""
    url_keys: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    source: str = ""
    verdict: str = ""
    state: str = ""
    title_vector: tuple[float, ...] | None = None
    statement_vector: tuple[float, ...] | None = None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What both engines answer: terms for BM25, a unit vector for cosine, URL keys, and filters that both sides
    obey.
    """

    terms: tuple[str, ...] = ()
    vector: tuple[float, ...] | None = None
    url_keys: tuple[str, ...] = ()
    kinds: frozenset[DocKind] = frozenset()
    languages: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    exclude_parents: frozenset[str] = frozenset()
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found: its BM25 score (None if only the vector found it), its best cosine (None likewise)."""

    id: str
    parent: str
    kind: DocKind
    lexical: float | None = None
    cosine: float | None = None
    shares_url: bool = False


class Outcome(StrEnum):
    """The four answers to a pasted text (ux.md 4.2)."""

    FOUND = "found"
    SIMILAR = "similar"
    KNOWN = "known"
    NOTHING = "nothing"


Span = tuple[int, int]  # where a part of a text begins and ends, in characters


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of a text that the other text has otherwise. `kind`: number, date, place, name or denial."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a text and a matched one share and where they differ, as places in each, in order and without overlap.

    `shared`, `differing` and `sentence` (the one that matched) are places in the text, the others in the matched one.
    """

    shared: tuple[Span, ...] = ()
    shared_in_match: tuple[Span, ...] = ()
    differing: tuple[Difference, ...] = ()
    differing_in_match: tuple[Difference, ...] = ()
    sentence: Span | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that may answer a text. `id` is a thread id (alert), claim id or outside refutation id."""

    kind: DocKind
    id: str
    title: str
    language: str
    band: Band
    probability: float
    reasons: tuple[Reason, ...]
    matched_text: str = ""  # the sentence or wording that matched
    verdict: Verdict | None = None
    status: str = ""  # alert: public state; claim: claim status
    url: str = ""  # outside refutations: their own page
    explanation: Explanation = Explanation()  # places in `Answer.text` and in `matched_text`


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a pasted text: outcome, candidates best first, and what was done to the text."""

    outcome: Outcome
    candidates: tuple[Candidate, ...]
    text: str  # as understood: forwarding noise removed
    was_trimmed: bool = False
    is_degraded: bool = False
    imitated_domains: tuple[str, ...] = ()  # hosts in the text that imitate a registered domain
    claim: Claim | None = None  # outcome known: the claim
    reviews: tuple[OutsideRefutation, ...] = ()  # outcome known: confirmed by an editor
