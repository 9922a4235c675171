"""The API under /api/v1: the catalogue's public half as JSON. Nouns, additive changes only, one error shape, no
cookies.

`lang` (zh-hans, zh-hant, en) chooses the language of words and sentences; texts of alerts stay in their own
language.
"""

from __future__ import annotations

from webapp.api import reading, room, texts
from webapp.api.room import blueprint

__all__ = ["blueprint", "reading", "room", "texts"]
