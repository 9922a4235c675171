"""A source's health over simulated days, through the pipeline: failing, gone, moved, silent, drifting (A4-A6, E4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from crawlers import pipeline
from crawlers.adapters.protocol import Request
from crawlers.fetch import Failed, Fetched, NotModified, Outcome, Unchanged
from crawlers.pipeline import Pipeline, Report
from index.model import (
    CheckCounts,
    Editor,
    EditorRole,
    Health,
    Move,
    Revalidation,
    Source,
    SourceAct,
    SourceKind,
    SourceState,
)
from index.outbound import Hop
from index.standing import Asked, allowed, concerns, decide
from tests.crawlers.fakes import NO_LABELS, START, FakeCatalogue, InProcessReader, a_source, fetched

EDITOR_A = Editor("edt_a", "editor A", EditorRole.EDITOR, True, START)
EDITOR_B = Editor("edt_b", "editor B", EditorRole.EDITOR, True, START)
OFFICIAL = a_source("o", kind=SourceKind.OFFICIAL, every_min=240)
CHECKER = a_source("c", every_min=360)
URL = "https://news.example/feed"
NEW = "https://news.example/new/feed"
PARKED = "https://parked.example/feed"


def feed(*numbers: int, dated: bool = True) -> str:
    date = "<pubDate>Sun, 01 Mar 2026 0{n}:00:00 GMT</pubDate>" if dated else ""
    items = "".join(
        f"<item><guid>g{n}</guid><link>https://news.example/{n}</link><title>Claim {n} on the bridge is false</title>"
        f"<description>The bridge stands, says the office, for the time number {n}.</description>"
        f"{date.format(n=n % 10)}</item>"
        for n in numbers
    )
    return f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'


@dataclass
class Site:
    """A network of one site whose answer a test changes as it likes; it keeps what was asked, and with what."""

    answer: Callable[[str], Outcome]
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def poll(
        self,
        source: Source,
        url: str,
        etag: str | None,
        last_modified: str | None,
        sha256: str | None,
        body: bytes = b"",
    ) -> Outcome:
        self.asked.append((url, etag))
        return self.answer(url)

    def page(self, source: Source, url: str, body: bytes = b"") -> Fetched | Failed:
        return Failed("not_found", permanent=True)


@dataclass
class World:
    """A catalogue, a site and a pipeline; days pass as the polls ask for."""

    source: Source
    site: Site
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)

    def __post_init__(self) -> None:
        self.catalogue.add(self.source)
        self.pipeline = Pipeline(self.catalogue, self.site, InProcessReader(), NO_LABELS, jitter=lambda: 0.0)

    @property
    def state(self) -> SourceState:
        return self.catalogue.rows[self.source.id][1]

    def put(self, state: SourceState) -> None:
        self.catalogue.rows[self.source.id] = (self.source, state)

    def poll(self) -> Report:
        """The next poll, at its time."""
        self.catalogue.clock = max(self.catalogue.clock, self.state.next_check_at)
        (lease,) = self.catalogue.lease_sources("w", 1)
        return self.pipeline.crawl(lease)

    def polls(self, days: float) -> int:
        """Polls until that many days have passed; returns how many there were."""
        ends, count = self.catalogue.clock + timedelta(days=days), 0
        while max(self.catalogue.clock, self.state.next_check_at) < ends:
            self.poll()
            count += 1
        self.catalogue.clock = ends
        return count

    def decide(self, act: SourceAct, editor: Any = EDITOR_A, **asked: Any) -> str:
        decided = decide(act, self.source, self.state, editor, Asked(self.catalogue.clock, **asked))
        self.put(decided.state)
        return decided.act

    def concerns(self) -> dict[str, bool]:
        found = concerns(self.source, self.state, CheckCounts(), self.catalogue.clock)
        return {concern.key: concern.is_alarm for concern in found}


def always(outcome: Outcome) -> Callable[[str], Outcome]:
    return lambda url: outcome


def redirected(to: str, *statuses: int, body: str = "") -> Callable[[str], Outcome]:
    """The registered address redirects; the new one answers."""
    hops = tuple(Hop(URL, status) for status in statuses)
    return lambda url: fetched(body or feed(1), to, hops=hops if url == URL else ())


# --- failing, gone ---


def test_a4_an_official_source_alarms_after_six_hours_and_is_polled_on_for_the_week() -> None:
    world = World(OFFICIAL, Site(always(Failed("server_error", status=500))))
    world.polls(days=5.9 / 24)
    assert (world.state.health, world.concerns()) == (Health.FAILING, {})
    world.polls(days=2.2 / 24)
    assert world.concerns() == {"official_failing": True}
    assert world.polls(days=7) >= 7 * 12 - 1, "at least every two hours"
    world.site.answer = always(fetched(feed(1)))
    world.poll()
    assert (world.state.health, world.state.failing_since, world.concerns()) == (Health.OK, None, {})


def test_a4_another_source_comes_to_the_desk_after_three_days_and_is_no_alarm() -> None:
    world = World(CHECKER, Site(always(Failed("timeout"))))
    world.polls(days=2.9)
    assert world.concerns() == {}
    world.polls(days=2)
    assert world.concerns() == {"failing": False}


def test_a6_a_gone_checker_is_not_asked_for_thirty_days_until_an_editor_asks() -> None:
    world = World(CHECKER, Site(always(Failed("gone", permanent=True, status=410))))
    assert world.polls(days=30) == 1
    assert (world.state.health, world.concerns()) == (Health.GONE, {"gone": False})
    world.decide(SourceAct.CHECK)
    world.site.answer = always(fetched(feed(1)))
    assert world.polls(days=1) > 2
    assert world.state.health is Health.OK


def test_a6_a_gone_official_source_is_probed_daily_and_alarms() -> None:
    world = World(OFFICIAL, Site(always(Failed("gone", permanent=True, status=410))))
    assert world.polls(days=30) == 30
    assert world.concerns() == {"official_failing": True, "gone": True}


# --- moved ---


@pytest.mark.parametrize("statuses", [(301,), (308,), (301, 308)])
def test_a5_a_checker_is_followed_after_seven_days_of_permanent_redirects(statuses: tuple[int, ...]) -> None:
    world = World(CHECKER, Site(redirected(NEW, *statuses)))
    world.polls(days=5.4)  # from noon: parts of six days
    assert (world.state.address, world.state.health) == ("", Health.OK)
    world.polls(days=1.5)
    assert (world.state.address, world.state.move) == (NEW, None)
    first = next(asked for asked in world.site.asked if asked[0] == NEW)
    assert first == (NEW, None), "the validators belong to the address that gave them"


def test_a5_a_move_that_editors_took_back_is_not_followed_again() -> None:
    world = World(CHECKER, Site(redirected(NEW, 301)))
    world.polls(days=8)
    assert world.state.address == NEW
    world.decide(SourceAct.RETURN, note="新网址是镜像")
    world.polls(days=20)
    assert (world.state.address, world.state.health) == ("", Health.OK)
    assert world.site.asked[-1][0] == URL


def test_e4_a_domain_that_editors_took_back_is_not_asked_about_again() -> None:
    world = World(OFFICIAL, Site(always(fetched(feed(1), PARKED))))
    world.put(replace(world.state, address=PARKED, also_domain="parked.example"))
    world.poll()
    assert world.state.health is Health.OK
    for editor in (EDITOR_A, EDITOR_B):
        world.decide(SourceAct.RETURN, editor, note="域名被人注册")
    world.poll()
    assert (world.state.address, world.state.error_code, world.state.health) == ("", "redirect_refused", Health.FAILING)


@pytest.mark.parametrize(
    ("to", "statuses"),
    [(NEW, (302,)), (NEW, (303,)), (NEW, (307,)), (NEW, (301, 302)), ("https://news.example/", (301,))],
)
def test_a5_a_temporary_redirect_or_one_to_the_home_page_changes_nothing(to: str, statuses: tuple[int, ...]) -> None:
    world = World(CHECKER, Site(redirected(to, *statuses)))
    world.polls(days=20)
    assert (world.state.address, world.state.move, world.state.health) == ("", None, Health.OK)


def test_a5_the_days_begin_anew_where_the_redirect_ended_or_leads_elsewhere() -> None:
    world = World(CHECKER, Site(redirected(NEW, 301)))
    world.polls(days=5)
    world.site.answer = always(fetched(feed(1)))
    world.polls(days=1)
    assert world.state.move is None
    world.site.answer = redirected(NEW, 301)
    world.polls(days=3)
    world.site.answer = redirected(NEW + "2", 301)
    world.polls(days=5)
    assert world.state.address == "" and world.state.move is not None
    assert (world.state.move.to, len(world.state.move.days)) == (NEW + "2", 6)


def test_a5_many_redirects_of_one_day_count_once() -> None:
    world = World(CHECKER, Site(redirected(NEW, 301)))
    for _ in range(30):
        world.put(replace(world.state, next_check_at=world.catalogue.clock))
        world.poll()
    assert world.state.move is not None and len(world.state.move.days) == 1


def test_a5_a_304_or_the_same_body_behind_the_redirect_counts_as_well() -> None:
    world = World(CHECKER, Site(redirected(NEW, 301)))
    world.poll()
    hops = (Hop(URL, 301),)
    turns = iter([NotModified(hops, url=NEW), Unchanged('"1"', None, hops, url=NEW)] * 500)
    world.site.answer = lambda url: next(turns)
    world.polls(days=7)
    assert world.state.address == NEW


def test_a5_an_official_source_is_held_for_an_editor_and_read_on_meanwhile() -> None:
    world = World(OFFICIAL, Site(redirected(NEW, 301)))
    world.polls(days=10)
    assert (world.state.address, world.state.health) == ("", Health.MOVED)
    assert world.concerns() == {"moved": True}
    assert world.state.last_checked_at == world.state.last_success_at
    assert world.decide(SourceAct.FOLLOW) == "source_followed"
    world.poll()
    assert (world.site.asked[-1], world.state.health) == ((NEW, None), Health.OK)


def test_a5_a_refused_redirect_is_not_asked_about_again_unless_it_leads_elsewhere() -> None:
    world = World(OFFICIAL, Site(redirected(NEW, 301)))
    world.polls(days=8)
    assert world.decide(SourceAct.STAY, note="只是镜像") == "source_stayed"
    world.polls(days=20)
    assert (world.state.health, world.state.address) == (Health.OK, "")
    world.site.answer = redirected(NEW + "2", 301)
    world.polls(days=8)
    assert world.state.health is Health.MOVED


@pytest.mark.parametrize(
    "outcome",
    [
        fetched(feed(1), PARKED, hops=(Hop(URL, 302),)),
        NotModified((Hop(URL, 301),), url=PARKED),
        Unchanged('"1"', None, (Hop(URL, 301),), url=PARKED),
    ],
)
def test_e4_an_official_source_that_answers_from_another_domain_is_held_at_once_and_nothing_is_stored(
    outcome: Outcome,
) -> None:
    world = World(OFFICIAL, Site(always(outcome)))
    assert world.poll().status == "error"
    assert world.state.health is Health.MOVED
    assert world.state.move == Move(PARKED, (world.catalogue.clock.date(),), "parked.example")
    assert [items for _, items, _ in world.catalogue.recorded] == [()]
    world.polls(days=1)
    assert world.concerns() == {"official_failing": True, "moved": True}


def test_e4_two_editors_let_another_domain_speak_for_an_official_source() -> None:
    world = World(OFFICIAL, Site(lambda url: fetched(feed(1), PARKED, hops=(Hop(URL, 301),) if url == URL else ())))
    world.poll()
    assert world.decide(SourceAct.FOLLOW) == "source_follow_proposed"
    world.poll()
    assert (world.state.health, world.state.address) == (Health.MOVED, ""), "one editor is not enough"
    assert world.decide(SourceAct.FOLLOW, EDITOR_B) == "source_followed"
    report = world.poll()
    assert (report.status, world.state.health, world.site.asked[-1][0]) == ("ok", Health.OK, PARKED)
    (labelled,) = world.catalogue.recorded[-1][1]
    assert (labelled.authority, labelled.is_offsite) == (4, False), "the links still lead to the registered domain"


def test_e4_a_refused_domain_is_a_failure_like_others() -> None:
    world = World(OFFICIAL, Site(redirected(PARKED, 301)))
    world.poll()
    world.decide(SourceAct.STAY, note="域名已被抢注")
    world.polls(days=1)
    assert (world.state.health, world.state.error_code) == (Health.FAILING, "redirect_refused")
    assert world.concerns() == {"official_failing": True}


CHINESE = (
    "<rss version='2.0'><channel><title>t</title>"
    + "".join(
        f"<item><guid>h{n}</guid><link>https://news.example/h{n}</link><title>澳门新葡京娱乐城注册就送彩金第{n}期</title>"
        f"<description>最好的网上赌场，注册就送彩金，提款快速安全可靠，欢迎新老玩家前来体验，第{n}期。</description></item>"
        for n in range(6)
    )
    + "</channel></rss>"
)


def signed_world(source: Source) -> World:
    """A source with a past, of one authority and in one language."""
    world = World(source, Site(lambda url: fetched(feed(*range(6)), issuer="CA One")))
    for n in range(6):
        world.site.answer = always(fetched(feed(*range(n, n + 6)), issuer="CA One"))
        world.poll()
    return world


def test_e4_an_official_source_in_another_language_and_with_another_issuer_is_held_until_an_editor_has_looked() -> None:
    world = signed_world(OFFICIAL)
    recorded = len([i for _, items, _ in world.catalogue.recorded for i in items])
    world.site.answer = always(fetched(CHINESE, issuer="CA Two"))
    report = world.poll()
    assert (report.status, report.code, world.state.health) == ("error", "identity_changed", Health.MOVED)
    assert world.concerns() == {"other_hands": True} and set(world.state.doubts) >= {"language", "issuer"}
    assert len([i for _, items, _ in world.catalogue.recorded for i in items]) == recorded, "nothing of it is stored"
    assert world.catalogue.samples[-1].is_good is False and "娱乐城" in world.catalogue.samples[-1].body.decode()
    assert world.poll().code == "identity_changed", "it is held until somebody decides"
    assert world.decide(SourceAct.LEARN) == "source_learnt"
    assert (world.poll().status, world.state.health, world.state.doubts) == ("ok", Health.OK, ())


def test_e4_what_is_held_can_be_learnt_and_not_followed_where_a_move_is_remembered_too() -> None:
    world = signed_world(OFFICIAL)
    refused = Move("https://news.example/new", (world.catalogue.clock.date(),), is_refused=True)
    world.put(replace(world.state, move=refused))
    world.site.answer = always(fetched(CHINESE, issuer="CA Two"))
    world.poll()
    assert world.concerns() == {"other_hands": True} and world.state.move is not None
    open_acts = allowed(world.state, EDITOR_A)
    assert SourceAct.LEARN in open_acts and not {SourceAct.FOLLOW, SourceAct.STAY} & open_acts
    assert world.decide(SourceAct.LEARN) == "source_learnt" and world.poll().status == "ok"


@pytest.mark.parametrize("back", [NotModified((), url=URL), Unchanged('"1"', None, (), url=URL)])
def test_e4_the_old_page_ends_the_doubt_when_it_is_back(back: Outcome) -> None:
    world = signed_world(OFFICIAL)
    world.site.answer = always(fetched(CHINESE, issuer="CA Two"))
    world.poll()
    world.site.answer = always(back)
    world.poll()
    assert (world.state.health, world.state.doubts) == (Health.OK, ())


@pytest.mark.parametrize("changed", [{"body": CHINESE}, {"issuer": "CA Two"}])
def test_e4_another_language_or_another_issuer_alone_holds_nothing(changed: dict[str, str]) -> None:
    world = signed_world(OFFICIAL)
    world.site.answer = always(fetched(**({"body": feed(*range(7, 13)), "issuer": "CA One"} | changed)))
    assert world.poll().status == "ok"


def test_a_checker_in_other_hands_is_drifting_and_read_on() -> None:
    world = signed_world(CHECKER)
    world.site.answer = always(fetched(CHINESE, issuer="CA Two"))
    assert (world.poll().status, world.state.health) == ("ok", Health.DRIFTING)


def test_samples_are_the_last_body_that_was_as_usual_and_the_last_that_was_not() -> None:
    world = World(CHECKER, Site(always(fetched(feed(1)))))
    world.poll()
    world.site.answer = always(fetched("<html>maintenance</html>"))
    world.poll()
    world.site.answer = always(Failed("server_error", status=500))
    world.poll()
    good, bad = world.catalogue.samples
    assert (good.is_good, bad.is_good, bad.body) == (True, False, b"<html>maintenance</html>")
    assert good.body.decode() == feed(1)


def test_of_a_monitor_no_body_is_kept_and_of_a_long_one_only_its_beginning() -> None:
    monitor = World(a_source("m", kind=SourceKind.MONITOR), Site(always(fetched(feed(1)))))
    monitor.poll()
    assert monitor.catalogue.samples == []
    long = World(CHECKER, Site(always(fetched(feed(1) + " " * 300_000))))
    long.poll()
    assert (len(long.catalogue.samples[0].body), long.catalogue.samples[0].size) == (256 * 1024, len(feed(1)) + 300_000)


def test_a_checker_may_answer_from_another_domain_and_its_items_are_offsite() -> None:
    world = World(CHECKER, Site(redirected(PARKED, 301)))
    world.polls(days=8)
    assert (world.state.health, world.state.address, world.state.also_domain) == (Health.OK, PARKED, "")


def test_an_address_that_the_format_made_of_the_registered_one_is_never_moved_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Api:
        def first(self, source: Source) -> tuple[Request, ...]:
            return (Request(f"{source.url}?api=2"),)

    monkeypatch.setattr(pipeline, "adapter", lambda name: Api())
    world = World(CHECKER, Site(lambda url: fetched(feed(1), NEW, hops=(Hop(url, 301),))))
    world.polls(days=9)
    assert {url for url, _ in world.site.asked} == {f"{URL}?api=2"}
    assert (world.state.health, world.state.move, world.state.address) == (Health.OK, None, "")


# --- silent ---


def by_rhythm(source: Source) -> Source:
    """Without a registered silence."""
    return replace(source, silent_after_h=0)


def test_silence_comes_after_the_kinds_time_and_ends_with_the_next_item() -> None:
    world = World(by_rhythm(OFFICIAL), Site(always(fetched(feed(1)))))
    world.poll()
    world.put(replace(world.state, last_new_at=world.catalogue.clock))
    world.site.answer = always(NotModified())
    world.polls(days=1.9)
    assert world.state.health is Health.OK
    world.polls(days=0.5)
    assert (world.state.health, world.concerns()) == (Health.SILENT, {"silent": True})


def test_a_source_with_long_gaps_is_silent_only_after_three_of_them() -> None:
    world = World(by_rhythm(CHECKER), Site(always(NotModified())))
    arrival = replace(_row(world), new_count=1)
    for week in range(10):
        world.catalogue.log.append(replace(arrival, checked_at=world.catalogue.clock + timedelta(days=7 * week)))
    world.catalogue.clock += timedelta(days=63)
    world.put(replace(world.state, last_new_at=world.catalogue.clock, next_check_at=world.catalogue.clock))
    world.polls(days=20.5)
    assert world.state.health is Health.OK
    world.polls(days=1)
    assert world.state.health is Health.SILENT


def _row(world: World) -> Any:
    probe = World(replace(world.source, id="probe"), Site(always(NotModified())))
    probe.poll()
    return replace(probe.catalogue.log[0], source_id=world.source.id)


def silent_world(answer: Callable[[str], Outcome]) -> World:
    """A source that fell silent three days ago, all polls since answered 304, and which an editor has checked."""
    world = World(by_rhythm(OFFICIAL), Site(always(fetched(feed(1)))))
    world.poll()
    world.put(replace(world.state, last_new_at=world.catalogue.clock))
    world.site.answer = always(NotModified())
    world.polls(days=3)
    assert world.site.asked[-1] == (URL, '"1"')
    world.site.answer = answer
    world.decide(SourceAct.CHECK)
    assert world.state.revalidation is Revalidation.SKIP
    world.poll()
    return world


def test_checking_a_silent_source_asks_once_without_validators() -> None:
    world = silent_world(always(Unchanged('"2"', None)))
    assert world.site.asked[-1] == (URL, None)
    world.poll()
    assert (world.site.asked[-1], world.state.revalidation) == ((URL, '"2"'), Revalidation.ON)


def test_items_that_a_304_had_hidden_switch_the_validators_off() -> None:
    world = silent_world(always(fetched(feed(1, 2))))
    assert world.state.revalidation is Revalidation.OFF
    world.poll()
    assert world.site.asked[-1] == (URL, None)
    assert "validators_off" in world.concerns()


def test_a_new_item_that_was_not_hidden_leaves_the_validators_on() -> None:
    fresh = feed(1) .replace("</channel>", feed(3).partition("<title>News</title>")[2].partition("</channel>")[0]
                             .replace("Sun, 01 Mar", "Thu, 05 Mar") + "</channel>")  # fmt: skip
    world = silent_world(always(fetched(fresh)))
    assert world.state.revalidation is Revalidation.ON
    assert len(world.catalogue.known["o"]) >= 2


def test_a_check_that_fails_is_made_good_by_the_next_poll() -> None:
    world = silent_world(always(Failed("timeout")))
    assert world.state.revalidation is Revalidation.SKIP
    world.site.answer = always(Unchanged('"2"', None))
    world.poll()
    assert (world.site.asked[-1], world.state.revalidation) == ((URL, None), Revalidation.ON)


# --- drifting ---


def drifting_world() -> World:
    world = World(CHECKER, Site(always(fetched(feed(*range(10))))))
    for _ in range(6):
        world.poll()
    assert world.state.health is Health.OK
    world.site.answer = always(fetched(feed(*range(10), dated=False)))
    world.poll()
    return world


def test_a_source_whose_dates_are_lost_drifts_and_its_items_are_recorded_all_the_same() -> None:
    world = drifting_world()
    assert (world.state.health, world.state.doubts) == (Health.DRIFTING, ("dates",))
    assert world.concerns() == {"drifting": False}
    assert len(world.catalogue.recorded[-1][1]) == 10
    assert world.catalogue.log[-1].doubts == ("dates",)


def test_a_304_leaves_a_drifting_source_drifting() -> None:
    world = drifting_world()
    world.site.answer = always(NotModified())
    world.polls(days=2)
    assert world.state.health is Health.DRIFTING


def test_what_an_editor_takes_for_usual_is_no_drift_any_more() -> None:
    world = drifting_world()
    world.polls(days=3)
    assert world.state.health is Health.DRIFTING
    world.decide(SourceAct.LEARN)
    world.polls(days=3)
    assert (world.state.health, world.state.doubts) == (Health.OK, ())


def test_a_list_that_is_suddenly_empty_drifts_and_removes_nothing() -> None:
    world = World(CHECKER, Site(always(fetched(feed(*range(10))))))
    for _ in range(6):
        world.poll()
    known = set(world.catalogue.known["c"])
    world.site.answer = always(fetched(feed()))
    world.poll()
    assert (world.state.health, world.state.doubts) == (Health.DRIFTING, ("count",))
    assert world.catalogue.known["c"] == known


# --- the log ---


def test_every_poll_leaves_a_row_in_the_log() -> None:
    world = World(CHECKER, Site(always(fetched(feed(1, 2)))))
    world.poll()
    for outcome in (NotModified(), Unchanged('"1"', None, wire_bytes=7), Failed("server_error", status=502)):
        world.site.answer = always(outcome)
        world.poll()
    shown = [(c.status, c.code, c.http_status, c.listed_count, c.item_count, c.new_count) for c in world.catalogue.log]
    assert shown == [
        ("ok", "", 200, 2, 2, 2),
        ("not_modified", "", 304, 0, 0, 0),
        ("unchanged", "", 200, 0, 0, 0),
        ("error", "server_error", 502, 0, 0, 0),
    ]
    assert all(len(c.body_sha256) == 64 for c in world.catalogue.log[:3])
