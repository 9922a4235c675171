"""The labelled set of the regression floor: known rumors with what refutes each, and how people pass them on.

    floor_set.json   rumors      {id, lang, title, claim, text, asked: [{lang, text}]}   text: why the claim is wrong
                     unanswered  {kind, lang, text}                                      no rumor of the set answers it

Half of what is asked is in another language or script than its refutation. Kinds of the unanswered: `near` (another
claim about the same matter), `opposite`, `true`, `chat`, and `rumor` (on a matter of its own). Every sentence was
written for this project, and no rumor is one of index/evaluation/rumors.json, from which the encoder learned.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from index.evaluation.data import Dataset, Doc, Query

FILE = Path(__file__).with_name("floor_set.json")
ANSWERED = "answered"
KINDS = ("near", "opposite", "true", "chat", "rumor")


def read() -> Dataset:
    """The set as `clarion evaluate` would load it; a query's split is `answered` or its kind."""
    raw = FILE.read_bytes()
    rows = json.loads(raw)
    asked = {query: rumor["id"] for rumor in rows["rumors"] for query in _asked(rumor)}
    unanswered = [
        Query(f"none-{number}", row["text"], row["lang"], row["kind"])
        for number, row in enumerate(rows["unanswered"], start=1)
    ]
    return Dataset(
        name="floor",
        queries=(*asked, *unanswered),
        docs=tuple(_doc(rumor) for rumor in rows["rumors"]),
        relevant={query.id: frozenset({id}) for query, id in asked.items()},
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def _asked(rumor: dict[str, Any]) -> list[Query]:
    return [
        Query(f"{rumor['id']}-{number}", row["text"], row["lang"], ANSWERED)
        for number, row in enumerate(rumor["asked"], start=1)
    ]


def _doc(rumor: dict[str, Any]) -> Doc:
    """As a fact-checker publishes it: the claim that was reviewed apart from the article about it."""
    return Doc(rumor["id"], rumor["title"], rumor["claim"], rumor["lang"], article=rumor["text"])
