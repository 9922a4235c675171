"""schema.org microdata in an HTML page as the nodes that JSON-LD would have been: `itemscope`, `itemprop`, `itemref`.

A property that comes once is a value, one that comes more often a list; a scope inside a scope is a node inside a node.
"""

from __future__ import annotations

import re
from collections import deque

from lxml.html import HtmlElement

from crawlers.adapters.jsonld import Node

MAX_DEPTH = 8
MAX_ELEMENTS = 5_000  # of one scope
_VALUES = {  # where HTML keeps the value of a property; any other element's is its text
    "meta": "content", "a": "href", "area": "href", "link": "href", "img": "src", "audio": "src", "video": "src",
    "iframe": "src", "embed": "src", "source": "src", "track": "src", "object": "data", "data": "value",
    "meter": "value", "time": "datetime",
}  # fmt: skip


def nodes_in(root: HtmlElement, name: str) -> list[Node]:
    """Every scope of that schema.org type, wherever it stands."""
    wanted = re.compile(rf"https?://(?:www\.)?schema\.org/{name}/?", re.I)
    scopes = [
        e
        for e in root.iter()
        if isinstance(e.tag, str) and any(wanted.fullmatch(t) for t in (e.get("itemtype") or "").split())
    ]
    if not scopes:
        return []
    by_id = {str(e.get("id")): e for e in reversed(list(root.iter())) if isinstance(e.tag, str) and e.get("id")}
    return [_scope(e, by_id, 0) for e in scopes]


def _scope(element: HtmlElement, by_id: dict[str, HtmlElement], depth: int) -> Node:
    found: dict[str, list[object]] = {}
    referenced = [by_id[i] for i in dict.fromkeys((element.get("itemref") or "").split()) if i in by_id]
    stack: deque[HtmlElement] = deque([*element, *(e for e in referenced if e is not element)])
    for _ in range(MAX_ELEMENTS):
        if not stack:
            break
        child = stack.popleft()
        if not isinstance(child.tag, str):
            continue
        is_scope = child.get("itemscope") is not None
        names = (child.get("itemprop") or "").split()
        if names:
            value = _scope(child, by_id, depth + 1) if is_scope and depth < MAX_DEPTH else _value(child)
            for name in dict.fromkeys(names):
                found.setdefault(name, []).append(value)
        if not is_scope:
            stack.extendleft(reversed(list(child)))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _value(element: HtmlElement) -> str:
    """HTML's own attribute of the element first; publishers write `content` on any element, too."""
    for key in ("content", _VALUES.get(str(element.tag), "")):
        if key and element.get(key):
            return str(element.get(key)).strip()
    return str(element.text_content()).strip()
