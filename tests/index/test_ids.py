"""Ids sort by the time they were made, never meet, and are told from anything else before a query is made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from index.ids import is_id, new_id, new_id_after
from tests.index.house import HOSTILE_IDS


def test_ids_made_one_after_another_sort_in_that_order() -> None:
    made = [new_id("alt") for _ in range(20_000)]
    assert made == sorted(set(made))


def test_an_id_after_another_is_greater_even_where_the_clock_is_behind() -> None:
    ahead = "alt_" + "6" + "v" * 25  # a time centuries from now
    after = new_id_after(ahead)
    assert after > ahead and is_id(after, "alt")
    assert new_id_after(after) > after
    assert new_id_after(new_id("alt")).startswith("alt_")


def test_ids_made_by_many_at_once_never_meet() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [id for ids in pool.map(lambda _: [new_id("clm") for _ in range(2_000)], range(8)) for id in ids]
    assert len(set(made)) == 16_000


def test_an_id_has_its_prefix_and_form() -> None:
    made = new_id("ref")
    assert is_id(made, "ref")
    assert not is_id(made, "alt")
    assert not is_id(made + "0", "ref")
    assert not is_id(made.upper(), "ref")
    assert not is_id(made[:-1] + "٣", "ref")
    assert not is_id(made + "\n", "ref")


@pytest.mark.parametrize("text", [id for id in HOSTILE_IDS if "_0" not in id])
def test_nothing_else_has_the_form_of_an_id(text: str) -> None:
    assert not any(is_id(text, prefix) for prefix in ("clm", "ref", "alt", "mat", "sig", ""))
