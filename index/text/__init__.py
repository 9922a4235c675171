"""Pure text: what a pasted or crawled text says once its dress is taken off. Nothing here reads, writes or remembers.

raw -> understand (noise off, links out, sentences) -> fold (one spelling) -> terms, shingles, fingerprint

`ANALYSIS` names the version of `terms`: an index built with another one must be rebuilt.
"""

from index.text.aligning import Aligned, align
from index.text.counted import Count, find_counts, other_counts
from index.text.dated import date_agrees, dates, dates_conflict, find_dates
from index.text.denied import contradict, find_negations, negations
from index.text.folding import (
    ANALYSIS,
    content_terms,
    fold,
    is_cjk,
    legible,
    query_terms,
    shingles,
    stem,
    terms,
    terms_of,
    words,
)
from index.text.languages import Length, language_of, length, length_of, script_of
from index.text.named import find_names, names
from index.text.personal import mask_personal
from index.text.placed import find_places, hinted_places, places, places_conflict
from index.text.reading import (
    Understood,
    fingerprint,
    fingerprint_of,
    is_boilerplate,
    sentence_spans,
    sentences,
    understand,
    undressed,
    without_noise,
    without_signature,
)
from index.text.statements import find_numbers, numbers
from index.text.urls import blank_urls, canonical_url, find_urls, url_key, without_urls

__all__ = [
    "ANALYSIS",
    "Aligned",
    "Count",
    "Length",
    "Understood",
    "align",
    "blank_urls",
    "canonical_url",
    "content_terms",
    "contradict",
    "date_agrees",
    "dates",
    "dates_conflict",
    "find_counts",
    "find_dates",
    "find_names",
    "find_negations",
    "find_numbers",
    "find_places",
    "find_urls",
    "fingerprint",
    "fingerprint_of",
    "fold",
    "hinted_places",
    "is_boilerplate",
    "is_cjk",
    "language_of",
    "legible",
    "length",
    "length_of",
    "mask_personal",
    "names",
    "negations",
    "numbers",
    "other_counts",
    "places",
    "places_conflict",
    "query_terms",
    "script_of",
    "sentence_spans",
    "sentences",
    "shingles",
    "stem",
    "terms",
    "terms_of",
    "understand",
    "undressed",
    "url_key",
    "without_noise",
    "without_signature",
    "without_urls",
    "words",
]
