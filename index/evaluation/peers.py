"""Other projects' matchers, with their parameters and thresholds (matching.md, "Peers' algorithms").

    cofacts          more_like_this ─► the first four by the Dice coefficient ─► same from 0.95
    alegre_lexical   match 70 % (suggested), 88 % (same), score above 10
    alegre_vector    exact cosine from 0.75 (suggested), 0.95 (same; never under eight words)

Documents are one text each, title and text, as these projects keep them. Their analyzers are rebuilt here: words as the
standard tokenizer finds them, runs of Chinese, Japanese and Korean as pairs of characters. For Alegre that is its best
configuration; as it runs, Chinese is cut into single characters. The encoder is ours in place of its mpnet.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from index import embedding
from index.evaluation.bench import Bench, wording
from index.evaluation.data import Doc, Query
from index.evaluation.methods import NOTHING, Method, Ranked
from index.search.peers import PeerDocument, PeerHit, PeerIndex

NAMES = ("cofacts", "alegre_lexical", "alegre_vector")
RERANKED = 4
DICE_SAME = 0.95
LEAST_SCORE = 10.0
SUGGESTED, SAME = "70%", "88%"
COSINE_SUGGESTED, COSINE_SAME = 0.75, 0.95
FEW_WORDS = 8

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_CJK = _HAN + "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f\uac00-\ud7a3\u1100-\u11ff"
# \w lacks the vowel signs of Indic scripts and Thai, at which the standard tokenizer does not cut.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0962\u0963"
_MARKS += "\u0980-\u0983\u09bc-\u09cd\u0a01-\u0a03\u0a3c-\u0a51\u0a70\u0a71\u0abc-\u0acd\u0b3c-\u0b57\u0bbe-\u0bcd"
_MARKS += "\u0c3e-\u0c56\u0cbc-\u0cd6\u0d3e-\u0d4d\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ecd\u102b-\u103e"
_LETTER = rf"(?:[^\W{_CJK}]|[{_MARKS}])"
_WORD = rf"{_LETTER}+(?:['’.:·]{_LETTER}+|,\d+)*"
_ADDRESS = r"https?://[^\s<>\"'，。、；（）《》“”]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_STANDARD = re.compile(rf"(?P<cjk>[{_CJK}]+)|{_WORD}")
_WITH_ADDRESSES = re.compile(rf"(?P<address>{_ADDRESS})|(?P<cjk>[{_CJK}]+)|{_WORD}")
_WIDE = re.compile("[\uff01-\uff5e\uff65-\uff9f]+")
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
#: Lucene's English stop words.
_ENGLISH = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this "
    "to was will with"
)
_STOP = frozenset(_ENGLISH.split())


def cofacts_words(text: str) -> list[str]:
    """uax_url_email, cjk_width, lowercase, cjk_bigram, English stop words."""
    return [word for word in _words(text, _WITH_ADDRESSES) if word not in _STOP]


def alegre_words(text: str) -> list[str]:
    """The standard tokenizer, lower case, pairs of characters."""
    return list(_words(text, _STANDARD))


def _words(text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    narrow = _WIDE.sub(lambda run: unicodedata.normalize("NFKC", run.group()), text).lower()
    for match in pattern.finditer(narrow):
        run = match.group()
        if match.lastgroup == "cjk":
            yield from (run[i : i + 2] for i in range(max(len(run) - 1, 1)))
        else:
            yield run


def word_count(text: str) -> float:
    """As Alegre counts: two Han characters are one word."""
    han = len(_HAN_CHARACTER.findall(text))
    return han / 2 + len(re.findall(_WORD, _HAN_CHARACTER.sub(" ", text)))


def dice(a: str, b: str) -> float:
    """Sørensen-Dice coefficient over pairs of characters, white space removed; 1 for equal texts."""
    a, b = "".join(a.split()), "".join(b.split())
    if a == b:
        return 1.0
    ours, theirs = (Counter(s[i : i + 2] for i in range(len(s) - 1)) for s in (a, b))
    both = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / both if ours and theirs else 0.0


def whole(doc: Doc) -> str:
    """The document as one text; a text that only repeats the title counts once."""
    return doc.title if doc.text == doc.title else f"{doc.title}\n{doc.text}".strip()


class Cofacts:
    name = "cofacts"
    encodes = False
    decides = True

    def __init__(self, bench: Bench, index: PeerIndex) -> None:
        self._index = index
        self._texts = {doc.id: whole(doc) for doc in bench.dataset.docs}

    def rank(self, query: Query, without: frozenset[str]) -> Ranked:
        ids = [hit.id for hit in self._index.more_like_this(cofacts_words(query.text), without)]
        scores = {id: dice(query.text, self._texts.get(id, "")) for id in ids[:RERANKED]}
        first = sorted(scores, key=lambda id: -scores[id])
        return Ranked((*first, *ids[RERANKED:]), frozenset(id for id in first if scores[id] >= DICE_SAME))


class AlegreLexical:
    name = "alegre_lexical"
    encodes = False
    decides = True

    def __init__(self, bench: Bench, index: PeerIndex) -> None:
        self._index = index

    def rank(self, query: Query, without: frozenset[str]) -> Ranked:
        words = alegre_words(query.text)
        suggested, same = (_above(self._index.match(words, share, without)) for share in (SUGGESTED, SAME))
        return Ranked(suggested, frozenset(same))


class AlegreVector:
    name = "alegre_vector"
    encodes = True
    decides = True

    def __init__(self, bench: Bench, index: PeerIndex) -> None:
        self._index = index
        self._encoder = bench.encoder

    def rank(self, query: Query, without: frozenset[str]) -> Ranked:
        understood = wording(query)
        if not understood:
            return NOTHING
        vector = self._encoder.encode([embedding.passage(understood)])[0]
        hits = [hit for hit in self._index.nearest(vector, without) if hit.score >= COSINE_SUGGESTED]
        is_sure = word_count(query.text) >= FEW_WORDS
        same = frozenset(hit.id for hit in hits if is_sure and hit.score >= COSINE_SAME)
        return Ranked(tuple(hit.id for hit in hits), same)


def _above(hits: list[PeerHit]) -> tuple[str, ...]:
    return tuple(hit.id for hit in hits if hit.score > LEAST_SCORE)


@contextmanager
def open_peers(bench: Bench, names: tuple[str, ...]) -> Iterator[list[Method]]:
    """The named peers on an index of their own, which the bench's owner drops with the others.

    Raises: SearchUnavailable, EncoderUnavailable.
    """
    settings = bench.parts.settings
    index = PeerIndex(settings, f"{settings.search_index}-peers", bench.encoder.dimensions)
    try:
        index.fill(_documents(bench, with_vectors="alegre_vector" in names))
        made: dict[str, Method] = {
            method.name: method
            for method in (Cofacts(bench, index), AlegreLexical(bench, index), AlegreVector(bench, index))
        }
        yield [made[name] for name in names]
    finally:
        index.close()


def _documents(bench: Bench, *, with_vectors: bool) -> Iterator[PeerDocument]:
    passages = {doc.id: embedding.passage(whole(doc)) for doc in bench.dataset.docs} if with_vectors else {}
    bench.encoder.encode(sorted(set(passages.values())))
    for doc in bench.dataset.docs:
        text = whole(doc)
        vector = bench.encoder.encode([passages[doc.id]])[0] if with_vectors else None
        yield PeerDocument(doc.id, " ".join(cofacts_words(text)), " ".join(alegre_words(text)), vector)
