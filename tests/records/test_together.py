"""Acts of several threads in one commit: each whole or not at all, each with its own outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from index.errors import Conflict, RecordsUnavailable
from index.ports import Changed, Unit
from index.records import SqlRecords
from tests.records.samples import NOW, source


class Held:
    """Makes acts share a transaction: the first one waits inside its own until the others have queued up."""

    def __init__(self, records: SqlRecords, acts: list[Callable[[Unit], Any]]) -> None:
        self._records, self._acts = records, acts

    def outcomes(self) -> list[Any]:
        begun, go_on = threading.Event(), threading.Event()

        def first(unit: Unit) -> None:
            begun.set()
            assert go_on.wait(30)

        def outcome(act: Callable[[Unit], Any]) -> Any:
            try:
                return self._records.together(act)
            except BaseException as error:  # noqa: BLE001 - the outcome is what is tested
                return error

        with ThreadPoolExecutor(len(self._acts) + 1) as pool:
            holding = pool.submit(outcome, first)
            assert begun.wait(30)
            futures = []
            for count, act in enumerate(self._acts, 1):  # one after the other, so that their order is known
                futures.append(pool.submit(outcome, act))
                while len(self._records._together._waiting) < count:
                    threading.Event().wait(0.005)
            go_on.set()
            assert holding.result() is None
            return [future.result() for future in futures]


def put(name: str) -> Callable[[Unit], str]:
    def act(unit: Unit) -> str:
        unit.put_source(source(name, f"{name}.example"), NOW)
        unit.changed(Changed.CLAIM, name)
        return name

    return act


def failing(name: str, error: BaseException) -> Callable[[Unit], None]:
    def act(unit: Unit) -> None:
        put(name)(unit)
        raise error

    return act


def stored(records: SqlRecords) -> tuple[list[str], list[str]]:
    with records.read() as unit:
        return [s.id for s in unit.sources()], [c.id for c in unit.changes(0, 100)]


def test_acts_of_several_threads_share_a_commit_and_each_has_its_result(records: SqlRecords) -> None:
    begins: list[int] = []
    inner = records._together._begin
    records._together._begin = lambda: (begins.append(1), inner())[1]
    assert Held(records, [put("a"), put("b"), put("c")]).outcomes() == ["a", "b", "c"]
    assert len(begins) == 2, "the one that held them up, and one for the three"
    assert stored(records) == (["a", "b", "c"], ["a", "b", "c"])


def test_an_act_that_raises_is_undone_alone_with_its_marks(records: SqlRecords) -> None:
    error = ValueError("a bug")
    assert Held(records, [put("a"), failing("b", error), put("c")]).outcomes() == ["a", error, "c"]
    assert stored(records) == (["a", "c"], ["a", "c"])


@pytest.mark.parametrize("error", [Conflict("lost"), RecordsUnavailable("full")])
def test_what_the_database_refuses_ends_the_shared_transaction_and_each_runs_again_alone(
    records: SqlRecords, error: Exception
) -> None:
    assert Held(records, [put("a"), failing("b", error), put("c")]).outcomes() == ["a", error, "c"]
    assert stored(records) == (["a", "c"], ["a", "c"])


def test_a_commit_that_fails_loses_no_act(records: SqlRecords) -> None:
    """A foreign key is checked at commit: the whole shared transaction fails there, by the fault of one act."""

    def orphan(unit: Unit) -> None:
        unit.put_source(source("b", "b.example"), NOW)
        unit._connection.exec_driver_sql(  # type: ignore[attr-defined]
            "INSERT INTO seen_names (source_id, name, item_id) VALUES ('b', 'x', 4711)"
        )

    first, second, third = Held(records, [put("a"), orphan, put("c")]).outcomes()
    assert (first, third) == ("a", "c") and isinstance(second, Exception)
    assert stored(records) == (["a", "c"], ["a", "c"])


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_a_thread_that_is_ended_in_a_shared_transaction_leaves_nobody_waiting(
    records: SqlRecords, error: BaseException
) -> None:
    """It is whichever thread has the turn that ends; the others are told that their acts were not done."""
    outcomes = Held(records, [put("a"), failing("b", error), put("c")]).outcomes()
    assert outcomes.count(error) == 1
    assert sum(isinstance(outcome, RecordsUnavailable) for outcome in outcomes) == 2
    assert stored(records) == ([], [])
    assert records.together(put("d")) == "d"


def test_heavy_acts_do_not_share(records: SqlRecords) -> None:
    begins: list[int] = []
    inner = records._together._begin
    records._together._begin = lambda: (begins.append(1), inner())[1]
    acts = [put("a"), put("b"), put("c")]
    original = records.together
    records.together = lambda act, weight=1: original(act, 150)  # type: ignore[method-assign]
    assert Held(records, acts).outcomes() == ["a", "b", "c"]
    assert len(begins) == 4
