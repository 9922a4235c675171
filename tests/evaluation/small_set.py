"""A small labelled set of own texts, and how to write any set to disk in the documented layout."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Rows = Iterable[Mapping[str, Any]]

DOCS = (
    {"id": "d-salt", "title": "碘盐不能防核辐射", "text": "食用碘盐里的碘含量很低，吃再多也起不到防护核辐射的作用。",
     "article": "食用碘盐里的碘含量很低，吃再多也起不到防护核辐射的作用。请市民不要抢购食盐。", "lang": "zh-Hans"},
    {"id": "d-oven", "title": "微波炉加热食物会致癌？",
     "text": "微波炉加热只是让食物里的水分子振动，不会让食物致癌。", "lang": "zh-Hans", "url": "https://example.org/oven"},
    {"id": "d-shrimp", "title": "虾和维生素C同吃等于砒霜",
     "text": "一次要吃下上百公斤虾才可能有危险，日常同吃没有问题。", "lang": "zh-Hans"},
    {"id": "d-seaweed", "title": "紫菜是塑料袋做的",
     "text": "紫菜是海藻，泡水后有韧性，与塑料袋没有关系。", "lang": "zh-Hans"},
    {"id": "d-cloud", "title": "地震雲預兆大地震",
     "text": "氣象與地震專家說明，沒有任何雲可以預測地震。", "lang": "zh-Hant"},
    {"id": "d-pump", "title": "加油站講手機會爆炸",
     "text": "手機訊號的能量點不燃汽油蒸氣，至今沒有這樣的事故。", "lang": "zh-Hant"},
    {"id": "d-garlic", "text": "Eating raw garlic cures the flu within one day.", "lang": "en"},
    {"id": "d-bridge", "title": "No, the river bridge did not collapse last night",
     "text": "A video said to show the river bridge collapsing last night is from a film.", "lang": "en"},
    {"id": "d-bridge-again", "title": "Old film scene shared as the river bridge collapse",
     "text": "The clip of the river bridge falling is a scene from a film made ten years ago.", "lang": "en"},
    {"id": "d-water", "title": "", "text": "Tap water in the city is being shut off for three days.", "lang": "en"},
)  # fmt: skip
QUERIES = (
    {"id": "q-salt", "text": "快去买碘盐！碘盐可以防核辐射，超市已经抢空", "lang": "zh-Hans", "split": "train"},
    {"id": "q-oven", "text": "微波炉加热食物会致癌", "lang": "zh-Hans", "split": "train", "date": "2026-01-05"},
    {"id": "q-shrimp", "text": "虾和维生素C一起吃等于吞下砒霜", "lang": "zh-Hans", "split": "dev"},
    {"id": "q-cloud", "text": "天空出現地震雲，三天內有大地震", "lang": "zh-Hant", "split": "dev"},
    {"id": "q-garlic", "text": "Raw garlic cures the flu in one day, doctors hate it", "lang": "en", "split": "dev"},
    {"id": "q-bridge", "text": "Watch: the river bridge collapsed last night", "lang": "en", "split": "dev"},
    {"id": "q-park", "text": "市立公园周末举办花展，门票免费", "lang": "zh-Hans", "split": "negative"},
    {"id": "q-bus", "text": "The number nine bus now stops at the museum", "lang": "en", "split": "negative"},
)
QRELS = (
    ("train", "q-salt", "d-salt"), ("train", "q-oven", "d-oven"), ("dev", "q-shrimp", "d-shrimp"),
    ("dev", "q-cloud", "d-cloud"), ("dev", "q-garlic", "d-garlic"), ("dev", "q-bridge", "d-bridge"),
    ("dev", "q-bridge", "d-bridge-again"),
)  # fmt: skip


def write_set(
    folder: Path, queries: Rows = QUERIES, docs: Rows = DOCS, qrels: Iterable[tuple[str, ...]] = QRELS
) -> Path:
    folder.mkdir(parents=True)
    for name, rows in (("queries", queries), ("docs", docs)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines.encode("utf-8", "surrogatepass")))
    (folder / "qrels.tsv").write_text("".join("\t".join(row) + "\n" for row in qrels), "utf-8")
    return folder
