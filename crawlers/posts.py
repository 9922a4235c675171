"""Posts of monitors: a title where there is none, and no handle of anybody (sources.md 3, what is stored)."""

from __future__ import annotations

import re

from crawlers.plain import clip, one_line

MAX_TITLE = 80
# `@name` and `@name@server`, not the middle of an e-mail address and not a path of a link
_HANDLE = re.compile(
    r"(?<![\w.@/])@[A-Za-z0-9_](?:[\w.-]{0,63}\w)?(?:@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4})?", re.A
)
_SENTENCE = re.compile(r".+?(?:[。！？!?…]+[”’」』\"]?|\.(?=\s|$))")


def without_handles(text: str) -> str:
    return _HANDLE.sub("@…", text)


def first_sentence(text: str) -> str:
    """The first sentence of the first line that has words, as a title."""
    line = next((one for raw in text.split("\n") if (one := one_line(raw))), "")
    match = _SENTENCE.match(line)
    return clip(match[0] if match else line, MAX_TITLE)
