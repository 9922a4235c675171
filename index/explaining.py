"""Why a text and a known one were put together: what they share, where they differ, which sentence it was.

    both texts ─► folded, places kept ─► shared runs of characters and words ──────────────► shared
                                      ─► numbers, dates, places, names, denials of each ───► differing
                 sentences of the query, the one with most in common ──────────────────────► sentence

All spans are character offsets (start, end) into the texts as given, in order, without overlap; what differs is not
shared. Simplified and traditional Chinese are compared as one script. Texts in two languages share little but numbers,
dates and places.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from index import guards
from index import text as language
from index.model import Difference, Explanation, Span

MAX_COMPARED = 5_000  # characters of each text
MAX_SPANS = 100  # of each kind and text
MAX_GAP = 2  # words of grammar that a run of shared words may hold
FEW_NAMES = 3  # with more names on a side that the other lacks, the texts simply name much
LEAST_SHARE = 0.1  # of a sentence and the match, for the sentence to be the one that matched

_Found = tuple[int, int, str]

#: Han characters that carry grammar; a pair with one of them says nothing by itself.
_GRAMMAR = frozenset(
    "的了是在有和与就都而及着或被把让给对从向到为于也很会要不没我你他她它们这那哪什么个之其所以但如果因可能吗呢啊吧呀一"
)


@dataclass(frozen=True, slots=True)
class _Side:
    """One text with what is found in it; places in `tokens` and `facts` are those of the text as written."""

    folded: str
    tokens: tuple[_Found, ...]
    facts: dict[str, list[_Found]]


def explain(query_text: str, matched_text: str) -> Explanation:
    """Compares the two texts as they are displayed; of longer ones the first MAX_COMPARED characters."""
    return explain_each(query_text, [matched_text])[0]


def explain_each(query_text: str, matched_texts: Sequence[str]) -> tuple[Explanation, ...]:
    """One explanation a matched text, in their order; the query is read once."""
    raw = query_text[:MAX_COMPARED]
    ours = _read(raw)
    stated = guards.Stated(raw)
    sentences = language.sentence_spans(raw)
    cut = [matched[:MAX_COMPARED] for matched in matched_texts]
    return tuple(_compare(ours, sentences, _read(m), guards.is_denied(stated, guards.Stated(m))) for m in cut)


def _compare(ours: _Side, sentences: Iterable[Span], theirs: _Side, is_denied: bool) -> Explanation:
    differing, differing_in_match = _differences(ours, theirs, is_denied), _differences(theirs, ours, is_denied)
    return Explanation(
        shared=_without((*_shared(ours, theirs), *_equal_facts(ours, theirs)), differing),
        shared_in_match=_without((*_shared(theirs, ours), *_equal_facts(theirs, ours)), differing_in_match),
        differing=differing,
        differing_in_match=differing_in_match,
        sentence=_sentence(sentences, ours, theirs),
    )


# --- reading a text ---


def _read(raw: str) -> _Side:
    plain = language.blank_urls(raw)
    aligned = language.align(plain)
    facts = {
        kind: [(*aligned.span(start, end), value) for start, end, value in find(aligned.text)]
        for kind, find in _FINDERS.items()
    }
    facts["name"] = list(language.find_names(plain))
    tokens = tuple((*aligned.span(start, end), key) for start, end, key in _tokens(aligned.text))
    return _Side(aligned.text, tokens, facts)


_FINDERS: dict[str, Callable[[str], Iterator[_Found]]] = {
    "number": language.find_numbers,
    "date": language.find_dates,
    "place": language.find_places,
    "denial": language.find_negations,
}


def _tokens(folded: str) -> Iterator[_Found]:
    """Pairs of unspaced script, and words by their stem; words of grammar have an empty key."""
    place = 0
    for run in language.words(folded):
        start = folded.index(run, place)
        place = start + len(run)
        if not language.is_cjk(run[0]):
            yield start, place, next(iter(language.content_terms(run)), "")
            continue
        for i in range(start, place - 1):
            yield i, i + 2, folded[i : i + 2]


# --- what is shared ---


def _shared(ours: _Side, theirs: _Side) -> list[Span]:
    keys = {key for _, _, key in theirs.tokens if key}
    spans: list[Span] = []
    said: list[str] = []
    gap = MAX_GAP + 1  # words of grammar since the last shared word
    for start, end, key in ours.tokens:
        if not key:
            gap += 1
        elif key not in keys:
            gap = MAX_GAP + 1
        elif language.is_cjk(key[0]):
            if spans and start < spans[-1][1]:
                spans[-1] = (spans[-1][0], end)
                said[-1] += key[-1]
            else:
                spans.append((start, end))
                said.append(key)
            gap = MAX_GAP + 1
        else:
            if gap <= MAX_GAP and start - spans[-1][1] <= MAX_GAP * 6:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
                said.append(key)
            gap = 0
    return [span for span, text in zip(spans, said, strict=True) if _says_something(text)]


def _says_something(said: str) -> bool:
    """Two characters that carry meaning, or a word."""
    if not language.is_cjk(said[0]):
        return True
    return sum(c not in _GRAMMAR for c in said) >= 2


def _equal_facts(ours: _Side, theirs: _Side) -> list[Span]:
    """Numbers, dates and places that both state, however they are written."""
    return [(start, end) for kind in ("number", "date", "place") for start, end, value in _split(kind, ours, theirs)[0]]


# --- what differs ---


def _differences(ours: _Side, theirs: _Side, is_denied: bool) -> tuple[Difference, ...]:
    """`is_denied`: the guards say so; a `not` in some other sentence is no difference."""
    found = [
        Difference(kind, start, end)
        for kind in ("number", "date", "place", "name")
        for start, end, _ in _other_values(kind, ours, theirs)
    ]
    if is_denied:
        found += [Difference("denial", start, end) for start, end, _ in ours.facts["denial"]]
    ordered: list[Difference] = []
    for difference in sorted(found, key=lambda d: (d.start, -d.end)):
        if not ordered or difference.start >= ordered[-1].end:
            ordered.append(difference)
    return tuple(ordered[:MAX_SPANS])


def _other_values(kind: str, ours: _Side, theirs: _Side) -> list[_Found]:
    """What only we state, if they state something of the kind that only they do; else it is more, not other."""
    only_ours, only_theirs = _split(kind, ours, theirs)[1], _split(kind, theirs, ours)[1]
    if not only_ours or not only_theirs:
        return []
    if kind == "name" and max(_count(only_ours), _count(only_theirs)) > FEW_NAMES:
        return []
    return only_ours


def _split(kind: str, side: _Side, other: _Side) -> tuple[list[_Found], list[_Found]]:
    """What the other side states too, and what it does not."""
    theirs = {value for _, _, value in other.facts[kind]}
    known = {value: _is_stated(kind, value, theirs, other) for _, _, value in side.facts[kind]}
    both = [found for found in side.facts[kind] if known[found[2]]]
    return both, [found for found in side.facts[kind] if not known[found[2]]]


def _is_stated(kind: str, value: str, theirs: Collection[str], other: _Side) -> bool:
    if kind == "date":
        return language.date_agrees(value, theirs)
    return value in theirs or (kind == "name" and value in other.folded)


def _count(found: Collection[_Found]) -> int:
    return len({value for _, _, value in found})


# --- spans ---


def _without(spans: Iterable[Span], differing: Iterable[Difference]) -> tuple[Span, ...]:
    """The spans joined where they touch, less what differs."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    joined = joined[:MAX_SPANS]
    for difference in differing:
        joined = [
            piece
            for start, end in joined
            for piece in (
                ((start, end),)
                if end <= difference.start or start >= difference.end
                else ((start, difference.start), (difference.end, end))
            )
            if piece[0] < piece[1]
        ]
    return tuple(joined[:MAX_SPANS])


def _sentence(sentences: Iterable[Span], ours: _Side, theirs: _Side) -> Span | None:
    """The sentence of the query that has most in common with the matched text; None if none has much."""
    wanted = {key for _, _, key in theirs.tokens if key}
    best, chosen = LEAST_SHARE, None
    tokens = iter(ours.tokens)
    token = next(tokens, None)
    for start, end in sentences:
        said: set[str] = set()
        while token is not None and token[0] < end:
            if token[0] >= start and token[2]:
                said.add(token[2])
            token = next(tokens, None)
        share = 2 * len(said & wanted) / (len(said) + len(wanted)) if said and wanted else 0.0
        if share > best:
            best, chosen = share, (start, end)
    return chosen
