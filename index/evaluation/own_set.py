"""A small labelled set of our own, for the ranker alone: known rumors in our words, half across languages or scripts.

The sets of others hold few pairs of two languages and only large catalogues; without this one a right answer in another
language, among few, is stated far too unsurely. `own_set.json` has two lists: `rumors`, a refutation and the ways
people circulate what it refutes, and `unanswered`, texts that none of them answers: `near` (another claim on the same
topic), `true`, `chat` and `rumor`. None of it is in rumors.json, which the encoder learned from.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from index.evaluation.data import Dataset, Doc, Query

FILE = Path(__file__).with_name("own_set.json")


def load() -> Dataset:
    """The splits are `answered` and one for each kind of unanswered text."""
    raw = FILE.read_bytes()
    rows = json.loads(raw)
    queries, relevant = [], {}
    for rumor in rows["rumors"]:
        for number, said in enumerate(rumor["queries"], start=1):
            query = Query(f"{rumor['id']}-{number}", said["text"], said["lang"], "answered")
            queries.append(query)
            relevant[query.id] = frozenset({rumor["id"]})
    queries += [
        Query(f"none-{number}", said["text"], said["lang"], said["kind"])
        for number, said in enumerate(rows["unanswered"], start=1)
    ]
    return Dataset(
        name="own",
        queries=tuple(queries),
        docs=tuple(Doc(rumor["id"], rumor["title"], rumor["text"], rumor["lang"]) for rumor in rows["rumors"]),
        relevant=relevant,
        sha256=hashlib.sha256(raw).hexdigest(),
    )
