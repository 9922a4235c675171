"""Pure text: what a pasted or crawled text says once its dress is taken off. Nothing here reads, writes or remembers.

raw -> understand (noise off, links out, sentences) -> fold (one spelling) -> terms, shingles, fingerprint

`ANALYSIS` names the version of `terms`: an index built with another one must be rebuilt.
"""

from index.text.folding import ANALYSIS, content_terms, fold, is_cjk, shingles, terms, words
from index.text.languages import Length, language_of, length, script_of
from index.text.personal import mask_personal
from index.text.reading import Understood, fingerprint, is_boilerplate, sentences, understand
from index.text.statements import negations, numbers, places
from index.text.urls import canonical_url, find_urls, url_key, without_urls

__all__ = [
    "ANALYSIS",
    "Length",
    "Understood",
    "canonical_url",
    "content_terms",
    "find_urls",
    "fingerprint",
    "fold",
    "is_boilerplate",
    "is_cjk",
    "language_of",
    "length",
    "mask_personal",
    "negations",
    "numbers",
    "places",
    "script_of",
    "sentences",
    "shingles",
    "terms",
    "understand",
    "url_key",
    "without_urls",
    "words",
]
