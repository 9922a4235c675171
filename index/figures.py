"""The measured quality of matching, for the public: `evaluation/figures.json`, written by `clarion evaluate --figures`.

Absent until somebody has measured; then nothing is claimed.
"""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from typing import Any

from index.pages import FigureRow, Figures

NAME = "evaluation/figures.json"


def shipped() -> Figures | None:
    """The figures that this release carries; None if it carries none."""
    file = files("index").joinpath(NAME)
    return parse(file.read_text(encoding="utf-8")) if file.is_file() else None


def parse(written: str) -> Figures:
    """Figures from JSON; unknown keys are passed over, a measure that does not apply is None.

    Raises: ValueError, KeyError or TypeError if it is not what `evaluate` writes.
    """
    read: dict[str, Any] = json.loads(written)
    return Figures(
        made_on=date.fromisoformat(read["made_on"]),
        encoder=str(read["encoder"]),
        weights=str(read["weights"]),
        data_sha256=str(read["data_sha256"]),
        rows=tuple(_row(row) for row in read["rows"] if row["method"] == "ours"),
    )


def _row(row: dict[str, Any]) -> FigureRow:
    return FigureRow(
        dataset=str(row["dataset"]),
        split=str(row.get("split") or ""),
        engine=str(row.get("engine") or ""),
        queries=int(row["queries"]),
        docs=int(row["docs"]),
        map_at_5=_share(row, "map_at_5"),
        success_at_1=_share(row, "success_at_1"),
        success_at_10=_share(row, "success_at_10"),
        found_rate=_share(row, "found_rate"),
        correct_none_rate=_share(row, "correct_none_rate"),
        calibration_error=_share(row, "calibration_error"),
    )


def _share(row: dict[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    share = float(value)
    if not 0 <= share <= 1:
        raise ValueError(f"{key} of {row['dataset']} is no share: {value}")
    return share
