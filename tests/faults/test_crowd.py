"""Many at once: no lock error reaches anybody, each notice goes out once, the audit is one chain (B14, C15, C16)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from index import open_catalogue
from index.errors import ClarionError, Conflict, Refused
from index.model import Alert
from tests.faults.test_killed_while_publishing import rumor
from tests.index.house import House, MovableClock, at_once, post

WRITERS = 8


def test_eight_publish_eight_drafts_at_once_without_a_lock_error(house: House) -> None:
    drafts = [house.submitted(house.record(post(rumor(n), number=n)).claim_ids[0]) for n in range(WRITERS)]
    found = at_once(*[lambda d=d: house.approve(d) for d in drafts])
    assert [type(result) for result in found] == [Alert] * WRITERS
    notices = [alert for alert, _ in house.catalogue.notices()]
    assert len({n.id for n in notices}) == WRITERS
    assert house.catalogue.first_broken_audit_row() is None
    house.catalogue.sync()
    assert house.catalogue.check().is_clean
    assert {house.outcome(rumor(n)) for n in range(WRITERS)} == {"found"}


def test_desk_crawlers_and_readers_work_at_once_without_a_lock_error(house: House) -> None:
    """Several processes would each hold a catalogue of their own, so each worker here does."""
    drafts = [house.submitted(house.record(post(rumor(n), number=n)).claim_ids[0]) for n in range(6)]
    errors: list[BaseException] = []

    def worker(act: Callable[[House, int], object], rounds: int) -> None:
        own = House.__new__(House)
        own.catalogue = open_catalogue(house.catalogue.settings, clock=MovableClock(house.clock.now()))
        own.author, own.approver = house.author, house.approver
        try:
            for number in range(rounds):
                act(own, number)
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            own.catalogue.close()

    def publish(own: House, number: int) -> None:
        own.approve(drafts[number])

    jobs: list[tuple[Callable[[House, int], object], int]] = [
        (publish, 6),
        (lambda own, n: own.catalogue.send_tip(rumor(100 + n)), 6),
        (lambda own, n: own.catalogue.send_tip(rumor(200 + n)), 6),
        (lambda own, n: own.catalogue.want_to_know(drafts[n % 6].claim_id), 20),
        (lambda own, n: own.catalogue.answer(rumor(n % 6)), 15),
        (lambda own, n: own.catalogue.sync(), 10),
        (lambda own, n: own.catalogue.queue("write", own.author), 10),
        (lambda own, n: own.catalogue.note_login("account:a", succeeded=False), 20),
    ]
    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(lambda job: worker(*job), jobs))
    assert errors == []
    assert len(house.catalogue.notices()) == 6
    assert house.catalogue.first_broken_audit_row() is None
    house.links()
    assert house.catalogue.check().is_clean


def test_fifty_approvals_of_one_draft_are_one_transition(house: House) -> None:
    refutation = house.submitted(house.record(post(rumor(1), number=1)).claim_ids[0])
    found = at_once(*[lambda: house.approve(refutation)] * 50)
    assert sum(isinstance(result, Alert) for result in found) == 1
    assert all(isinstance(r, Refused | Conflict) for r in found if isinstance(r, ClarionError))
    assert len(house.catalogue.notices()) == 1


def test_a_withdrawal_approved_and_refused_at_once_does_one_of_the_two(house: House) -> None:
    for number in range(4):
        alert = house.published(house.record(post(rumor(number), number=number)).claim_ids[0])
        leaving = house.catalogue.propose_withdrawal(alert.refutation_id, house.author, "结论有误")
        found = at_once(
            lambda d=leaving: house.approve(d),
            lambda d=leaving: house.catalogue.send_back(d.id, house.admin, "没有错"),
            lambda d=leaving: house.approve(d, house.admin),
        )
        assert sum(not isinstance(result, ClarionError) for result in found) == 1
        is_gone = any(isinstance(result, Alert) for result in found)
        assert len(house.catalogue.thread(alert.id).notices) == 1 + is_gone
