"""Under which names an item may come again: its id, its link, and what spellings of one address share (Q13-Q16).

A name that two items of one document share is nobody's name; a home page is no name at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.model import Item
from index.text import url_key


def named(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items with their aliases completed, each native id once (the first stands)."""
    once = {item.native_id: item for item in reversed(items)}
    kept = [item for item in dict.fromkeys(i.native_id for i in items) if item in once]
    aliases = {native_id: tuple(dict.fromkeys(_aliases(once[native_id]))) for native_id in kept}
    uses = Counter(name for native_id in kept for name in {native_id, *aliases[native_id]})
    return tuple(
        replace(once[native_id], aliases=tuple(a for a in aliases[native_id] if uses[a] == 1)) for native_id in kept
    )


def _aliases(item: Item) -> Iterator[str]:
    for name in (item.native_id, *item.aliases):
        is_address = name.startswith(("http://", "https://"))
        key = url_key(name) if is_address else None
        if is_address and (key is None or not {"/", "?"} & set(key)):
            continue  # a home page
        if name != item.native_id:
            yield name
        if key is not None:
            yield f"url:{key}"
