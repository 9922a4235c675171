"""A process is killed at each step of publishing; records, index and feeds agree after a sync (reliability.md B1).

What was acknowledged is everywhere; what was not is everywhere or nowhere. The surviving processes go on at once with
the records, and with the index when the dead one's turn has lapsed.

Each run kills before every commit and every step of the engine, and at some steps in between; CLARION_TEST_KILLS=all
kills at every step and every SQL statement.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import etree

from index.model import AlertKind, ClaimStatus, PublicState, Refutation, RevisionStatus
from index.ports import Changed
from tests.index.house import House, post, ready_text, working
from webapp import create_app
from webapp.regions import REGION_NAMES

ROOT = Path(__file__).parents[2]
IS_THOROUGH = os.environ.get("CLARION_TEST_KILLS") == "all"
#: Steps that make something durable, by how their names begin; the next of them is the moment after.
DECISIVE = ("before the end of begin", "search.write", "search.rebuild", "Store.", "Lexical.", "Transport.")
SAMPLED = 24  # one in so many of the others
LAPSE_S = 61  # reliability.md 9: after a crash all is well in 65 s
REGIONS = tuple(REGION_NAMES)
ATOM = "{http://www.w3.org/2005/Atom}"


class Mortals:
    """The warm process that forks one mortal for each order."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._settings = house.catalogue.settings.to_env()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CLARION_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.mortal"], cwd=ROOT, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def run(self, act: str, kill_at: int, **order: object) -> dict[str, Any]:
        """What became of a process that was to die at its step number `kill_at`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order |= {"act": act, "kill_at": kill_at, "every_statement": IS_THOROUGH, "settings": self._settings}
        order["now"] = self._house.clock.now().isoformat()
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        result: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert result["error"] is None, result["error"]
        assert result["was_killed"] != (result["acknowledged"] is not None)
        return result

    def approve(self, refutation: Refutation, kill_at: int) -> dict[str, Any]:
        return self.run(
            "approve",
            kill_at,
            refutation=refutation.id,
            version=working(refutation).version,
            editor=self._house.approver.id,
        )

    def close(self) -> None:
        """Ends it; there is nothing to save."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()


def moments(steps: list[str]) -> list[int]:
    """The steps to kill at, given those of a run that nobody killed; the last number is past the end."""
    numbers = range(1, len(steps) + 1)
    chosen = [n for n in numbers if IS_THOROUGH or n % SAMPLED == 1 or steps[n - 1].startswith(DECISIVE)]
    return [*chosen, len(steps) + 1]


@pytest.fixture
def mortals(house: House) -> Iterator[Mortals]:
    warm = Mortals(house)
    yield warm
    warm.close()


@dataclass
class Case:
    """A refutation in review, and how things stood before its approval."""

    refutation: Refutation
    claim_id: str
    text: str
    region: str
    notice_count: int


def rumor(number: int) -> str:
    """Twenty characters that no other rumor has in this order."""
    letters = random.Random(number)
    return "".join(chr(letters.randrange(0x4E00, 0x9FA5)) for _ in range(20))


def case(house: House, kind: AlertKind, number: int) -> Case:
    text, region = rumor(number), REGIONS[number % len(REGIONS)]
    claim_id = house.record(post(text, number=number)).claim_ids[0]
    texts = {"claim": text, "circulating": text, "headline": f"事实已经查清：{text[:4]}", "regions": (region,)}
    ready = house.submitted(claim_id, **texts)
    if kind is AlertKind.ISSUE:
        return Case(ready, claim_id, text, region, 0)
    alert = house.approve(ready)
    if kind is AlertKind.CANCEL:
        leaving = house.catalogue.propose_withdrawal(alert.refutation_id, house.author, "结论有误")
        return Case(leaving, claim_id, text, region, 1)
    started = house.catalogue.start_correction(alert.refutation_id, house.author)
    corrected = ready_text(text, **texts, truth="更正后的事实。")
    house.catalogue.save(started.id, corrected, house.author, working(started).version, "更正了事实", True)
    return Case(house.catalogue.submit(started.id, house.author), claim_id, text, region, 1)


# --- what every place says ---


def in_records(house: House, tried: Case) -> int:
    """How many notices are out, after checking that revisions, notices, claim and audit say the same."""
    refutation = house.refutation(tried.refutation.id)
    published = [r for r in refutation.revisions if r.status is RevisionStatus.PUBLISHED]
    with house.parts.records.read() as unit:
        notices = unit.alerts_of([refutation.thread_id])[refutation.thread_id]
        audit = [e.act for e in unit.audit(subject_id=refutation.id) if e.act.startswith("approved_")]
    assert [n.kind for n in notices] == [r.kind for r in published]
    assert sorted(audit) == sorted(f"approved_{n.kind.value}" for n in notices)
    is_answered = bool(notices) and notices[-1].kind is not AlertKind.CANCEL
    claim = house.claim(tried.claim_id)
    assert (claim.status is ClaimStatus.ANSWERED) == is_answered
    assert claim.answered_by == (refutation.id if is_answered else None)
    assert (refutation.working is None) == (len(notices) > tried.notice_count)
    return len(notices)


def in_search(house: House, tried: Case) -> str | None:
    """The truth that a reader is told who pastes the rumor, None if there is none yet."""
    answer = house.answer(tried.text)
    thread_id = house.refutation(tried.refutation.id).thread_id
    found = [c for c in answer.candidates if c.id == thread_id]
    assert (thread_id in house.parts.search.versions()) == bool(found)
    assert (answer.outcome.value == "found") == bool(found)
    return house.catalogue.thread(thread_id).text.truth if found else None


def in_feeds(client: FlaskClient, thread_id: str, region: str) -> dict[str, str | None]:
    """The title of the thread's entry in the region's feed in each format, None if there is no entry."""
    paths = {name: f"/feeds/all/zh-hans.{name}?region={region}" for name in ("rss", "atom", "json")}
    bodies = {name: client.get(path, base_url="http://127.0.0.1:8000").data for name, path in paths.items()}
    entries = {e["id"]: e["title"] for e in json.loads(bodies["json"])["items"]}
    titles: dict[str, dict[str, str | None]] = {"json": entries, "rss": {}, "atom": {}}
    for item in etree.fromstring(bodies["rss"]).iter("item"):
        titles["rss"][str(item.findtext("guid"))] = item.findtext("title")
    for entry in etree.fromstring(bodies["atom"]).iter(f"{ATOM}entry"):
        titles["atom"][str(entry.findtext(f"{ATOM}id"))] = entry.findtext(f"{ATOM}title")
    return {
        name: next((title for id, title in found.items() if thread_id in id), None) for name, found in titles.items()
    }


def agree(house: House, client: FlaskClient, tried: Case, kind: AlertKind, acknowledged: str | None) -> bool:
    """Whether the notice is out, after checking that every place says so or none does."""
    count = in_records(house, tried)
    is_out = count > tried.notice_count
    refutation = house.refutation(tried.refutation.id)
    if acknowledged is not None:
        assert is_out
        assert house.catalogue.notices(limit=1)[0][0].id == acknowledged
    truth = in_search(house, tried)
    titles = in_feeds(client, refutation.thread_id, tried.region)
    headline = f"事实已经查清：{tried.text[:4]}"
    if kind is AlertKind.ISSUE:
        assert (truth is not None) == is_out
        assert set(titles.values()) == ({headline} if is_out else {None})
    elif kind is AlertKind.UPDATE:
        assert truth == ("更正后的事实。" if is_out else "现有证据不支持这种说法。")
        assert {str(title).endswith(headline) for title in titles.values()} == {True}
    else:
        assert (truth is None) == is_out
        assert {str(title).startswith("已撤回") for title in titles.values()} == {is_out}
        state = house.catalogue.thread(refutation.thread_id).state
        assert (state is PublicState.WITHDRAWN) == is_out
    return is_out


@pytest.mark.parametrize("kind", list(AlertKind))
def test_a_publisher_killed_at_any_step_leaves_all_of_the_notice_or_nothing(
    house: House, mortals: Mortals, kind: AlertKind
) -> None:
    client = create_app(house.catalogue.settings, house.catalogue).test_client()
    steps = mortals.approve(case(house, kind, number=0).refutation, kill_at=0)["steps"]
    killed: list[str] = []
    outs: list[bool] = []
    for number in moments(steps):
        tried = case(house, kind, number)
        house.catalogue.sync()
        result = mortals.approve(tried.refutation, kill_at=number)
        in_records(house, tried)  # the records are sound at once
        house.clock.forward(seconds=LAPSE_S)
        assert house.catalogue.sync().pending_count == 0
        outs.append(agree(house, client, tried, kind, result["acknowledged"]))
        killed += result["steps"][-1:] if result["was_killed"] else []
    assert outs == sorted(outs)  # one moment parts nothing from all: the commit
    assert 0 < sum(outs) < len(outs)
    assert _decisive(killed) >= _decisive(steps)
    assert house.catalogue.check().is_clean
    assert house.catalogue.first_broken_audit_row() is None


@pytest.mark.parametrize("act", ["sync", "rebuild"])
def test_a_relay_or_rebuild_killed_at_any_step_is_made_up_for(house: House, mortals: Mortals, act: str) -> None:
    published = [case(house, AlertKind.ISSUE, number) for number in range(3)]
    for tried in published[:2]:
        house.approve(tried.refutation)
    house.approve(house.catalogue.propose_withdrawal(published[0].refutation.id, house.author, "结论有误"))
    expected = {published[0].text: "known", published[1].text: "found", published[2].text: "known"}

    def work() -> None:
        """Something for a relay to do."""
        with house.parts.records.begin() as unit:
            unit.changed(Changed.REFUTATION, published[1].refutation.id)

    work()
    steps = mortals.run(act, kill_at=0)["steps"]
    killed: list[str] = []
    for number in moments(steps):
        work()
        result = mortals.run(act, kill_at=number)
        assert {text: house.outcome(text) for text in expected} == expected  # readers notice nothing
        house.clock.forward(seconds=LAPSE_S)
        assert house.catalogue.sync().pending_count == 0
        assert house.catalogue.check().is_clean, result["steps"][-1]
        killed += result["steps"][-1:] if result["was_killed"] else []
    assert _decisive(killed) >= _decisive(steps)


def _decisive(steps: list[str]) -> set[str]:
    """Without what the engine has just returned: how often a server is asked may differ from run to run."""
    return {step for step in steps if step.startswith(DECISIVE) and not step.endswith("returned")}
