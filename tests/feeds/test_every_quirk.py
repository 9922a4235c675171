"""Each row of the quirk table (sources.md 4) has a test that carries its number, or a golden pair that does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROWS = range(1, 41)


def numbers() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {n: [] for n in ROWS}
    for path in TESTS.rglob("test_*.py"):
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.M):
            for number in re.findall(r"_q(\d{1,2})(?=_)", name):
                found.setdefault(int(number), []).append(name)
    for pair in (TESTS / "feeds").glob("Q*.expected.json"):
        found[int(pair.name[1:3])].append(pair.name)
    return found


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_a_test_named_after_it(row: int) -> None:
    assert numbers()[row], f"no test and no golden pair carries Q{row}"
