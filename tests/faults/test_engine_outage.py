"""The engine goes away and comes back: publishing goes on, answers are reduced and say so, all converges (B5)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest

from index.errors import SearchUnavailable
from index.model import PublicState
from index.settings import Settings
from tests.engines.processes import free_port
from tests.faults.gate import Gate
from tests.index.house import RUMORS, House, post
from webapp import create_app, deliver

DEADLINE_S = 60.0
BASE = "http://127.0.0.1:8000"


class Switch(Protocol):
    def off(self) -> None: ...
    def on(self) -> None: ...


class WayToTheNode:
    """Elasticsearch behind a gate."""

    def __init__(self, gate: Gate) -> None:
        self.off, self.on = gate.close_way, gate.open_way


class EmbeddedEngine:
    """The embedded engine behind its port, as if its folder could not be read: a fake at the port."""

    def __init__(self) -> None:
        self._is_off = False
        self.inner: Any = None

    def off(self) -> None:
        self._is_off = True

    def on(self) -> None:
        self._is_off = False

    def __getattr__(self, name: str) -> Any:
        if self._is_off and name == "is_available":
            return lambda: False
        if self._is_off and name != "close":
            return self._refuse
        return getattr(self.inner, name)

    def _refuse(self, *_: object) -> None:
        raise SearchUnavailable("switched off")


@pytest.fixture
def engine(settings: Settings, open_house: Callable[..., House]) -> Iterator[tuple[House, Switch]]:
    """A house, and the switch of its engine."""
    if settings.search_url:
        with Gate(settings.search_url) as gate:
            yield open_house(search_url=gate.url, search_timeout_s=5.0), WayToTheNode(gate)
        return
    switch = EmbeddedEngine()
    house = open_house()
    switch.inner = house.parts.search
    object.__setattr__(house.parts, "search", switch)
    yield house, switch


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, f"after {DEADLINE_S:.0f} s still not: {what}"
        time.sleep(0.05)


def test_the_desk_and_the_site_go_on_without_the_engine(engine: tuple[House, Switch]) -> None:
    house, switch = engine
    before = house.published(house.seen(RUMORS[0]))
    leaving = house.published(house.seen(RUMORS[1]))
    house.links()
    waiting = house.submitted(house.seen(RUMORS[2]))
    client = create_app(house.catalogue.settings, house.catalogue).test_client()

    switch.off()
    alert = house.approve(waiting)
    update = house.corrected(before)
    house.withdrawn(leaving)
    claim_id = house.record(post(RUMORS[3], number=30)).claim_ids[0]
    assert house.catalogue.link(claim_id) == ()
    receipt, _ = house.catalogue.send_tip(RUMORS[4])
    assert house.catalogue.tip(receipt)[1] is not None
    for rumor, outcome in ((RUMORS[0], "found"), (RUMORS[1], "known"), (RUMORS[2], "found"), (RUMORS[5], "nothing")):
        answer = house.catalogue.answer(rumor)
        assert (answer.outcome.value, answer.is_degraded) == (outcome, True)
    assert house.catalogue.thread(leaving.id).state is PublicState.WITHDRAWN
    assert update.id in {a.id for a, _ in house.catalogue.notices()}
    for path in ("/", "/alerts", f"/alerts/{alert.id}", f"/claims/{claim_id}", "/feeds/all/zh-hans.json"):
        assert client.get(path, base_url=BASE, follow_redirects=True).status_code == 200, path
    assert client.post("/check", data={"text": RUMORS[2]}, base_url=BASE).status_code == 200
    status = house.catalogue.status()
    assert not status.search_is_available
    assert status.pending_changes > 0
    assert not house.catalogue.sync().is_available
    for act in (house.catalogue.check, house.catalogue.rebuild):
        with pytest.raises(SearchUnavailable):
            act()

    switch.on()
    until(lambda: house.catalogue.sync().pending_count == 0, "everything in the index")
    house.links()
    assert house.catalogue.check().is_clean
    for rumor, outcome in ((RUMORS[0], "found"), (RUMORS[1], "known"), (RUMORS[2], "found"), (RUMORS[3], "known")):
        answer = house.answer(rumor)
        assert (answer.outcome.value, answer.is_degraded) == (outcome, False)


def test_the_deliver_process_outlives_an_outage_and_catches_up(
    engine: tuple[House, Switch], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, switch = engine
    monkeypatch.setattr(deliver, "PAUSE_S", 0.05)
    monkeypatch.setattr(deliver, "PAUSE_AFTER_FAILURE_S", 0.1)
    first, second, third = (house.submitted(house.seen(rumor)) for rumor in RUMORS[:3])
    stop = threading.Event()
    worker = threading.Thread(target=deliver.run, args=(house.catalogue, stop))
    worker.start()
    try:
        house.approve(first)
        until(lambda: house.catalogue.status().pending_changes == 0, "the first notice delivered")
        for draft in (second, third):
            switch.off()
            alert = house.approve(draft)
            time.sleep(0.3)  # a few rounds that fail
            assert worker.is_alive()
            assert house.catalogue.status().pending_changes > 0
            switch.on()
            until(lambda: house.catalogue.status().pending_changes == 0, "a notice of the outage delivered")
            assert house.catalogue.thread(alert.id).id == alert.id
    finally:
        stop.set()
        worker.join(DEADLINE_S)
    assert not worker.is_alive()
    assert house.catalogue.check().is_clean
    assert {house.outcome(rumor) for rumor in RUMORS[:3]} == {"found"}


def test_an_engine_that_was_never_there_keeps_nobody_from_publishing(open_house: Callable[..., House]) -> None:
    house = open_house(search_url=f"http://127.0.0.1:{free_port()}", search_timeout_s=1.0)
    alert = house.published(house.seen(RUMORS[0]))
    answer = house.catalogue.answer(RUMORS[0])
    assert (answer.outcome.value, answer.candidates[0].id, answer.is_degraded) == ("found", alert.id, True)
    house.withdrawn(alert)
    assert house.catalogue.answer(RUMORS[0]).outcome.value == "known"
