"""JSON-LD as publishers write it: strict first, then unwrapped, then repaired and marked so (Q31, Q32)."""

from __future__ import annotations

import html
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

Node = dict[str, Any]
MAX_NODES = 50_000
_WRAPPING = re.compile(
    r"^\s*(?://|/\*)?\s*(?:<!\[CDATA\[|<!--)\s*(?:\*/)?|(?://|/\*)?\s*(?:\]\]>|-->)\s*(?:\*/)?\s*;?\s*$"
)
_LINE_COMMENT = re.compile(r"^\s*//[^\n]*$", re.M)


def read_blocks(blocks: Iterable[str]) -> Iterator[tuple[Any, bool]]:
    """Each readable block with whether it had to be repaired: a repaired one gives no verdict of its own."""
    for block in blocks:
        if len(block) > 2_000_000 or not block.strip():
            continue
        document, was_repaired = _read(block)
        if document is not None:
            yield document, was_repaired


def _read(block: str) -> tuple[Any, bool]:
    unwrapped = _LINE_COMMENT.sub("", _WRAPPING.sub("", _WRAPPING.sub("", block.strip()))).strip()
    for candidate in (block, unwrapped, html.unescape(unwrapped)):
        try:
            return json.loads(candidate, strict=False), False
        except (ValueError, RecursionError):
            continue
    if "ClaimReview" not in block:  # repair is slow, and guesses: only where there is something to save
        return None, False
    import json_repair  # late: rarely needed

    try:
        return json_repair.loads(html.unescape(unwrapped)), True
    except (ValueError, RecursionError):
        return None, False


def nodes_of_type(document: Any, name: str) -> list[Node]:
    """Every node of that schema.org type, wherever it is nested; references by `@id` inside the document resolved."""
    seen: list[Node] = []
    by_id: dict[str, Node] = {}
    queue: deque[Any] = deque([document])
    for _ in range(MAX_NODES):
        if not queue:
            break
        value = queue.popleft()
        if isinstance(value, list):
            queue.extendleft(reversed(value))
        elif isinstance(value, dict):
            if isinstance(value.get("@id"), str) and len(value) > 1:
                by_id.setdefault(value["@id"], value)
            if is_type(value.get("@type"), name):
                seen.append(value)
            queue.extendleft(v for v in reversed(value.values()) if isinstance(v, dict | list))
    return [_resolved(node, by_id) for node in seen]


def _resolved(node: Node, by_id: dict[str, Node]) -> Node:
    return {k: by_id.get(v["@id"], v) if isinstance(v, dict) and set(v) == {"@id"} else v for k, v in node.items()}


def is_type(value: Any, name: str) -> bool:
    """`ClaimReview`, a list holding it, or its full IRI."""
    names = value if isinstance(value, list) else [value]
    return any(isinstance(n, str) and re.split(r"[/#:]", n)[-1] == name for n in names)


def strings(value: Any) -> list[str]:
    """All texts of a value that may be a text, a number, a list or a `{"@value": …}`."""
    if isinstance(value, list):
        return [s for v in value[:200] for s in strings(v)]
    if isinstance(value, dict):
        return strings(value.get("@value"))
    if isinstance(value, bool) or value is None:
        return []
    return [str(value)] if str(value).strip() else []


def text_value(value: Any) -> str:
    return next(iter(strings(value)), "")
