"""What the records say about the work of every process, as metrics (reliability.md 8).

The processes share no memory, so each figure is derived from what they recorded: it is right whoever asks, and survives
a restart. Polls are counted over the last hour, since their log is pruned and a counter must not fall.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from index import linking, standing, sync
from index.gauges import gauges
from index.model import CheckCounts, ClaimStatus, Health, MatchStatus, PollCounts, Source, SourceKind, SourceState
from index.ports import Parts, Unit

HOUR = timedelta(hours=1)
CLOCK = "clock"  # the lease of the crawl processes' clock


def metrics(parts: Parts) -> str:
    """See Catalogue.metrics."""
    now = parts.clock.now()
    with parts.records.read() as unit:
        states = unit.source_states()
        sources = [(source, states[source.id]) for source in unit.sources() if source.id in states]
        found = [*_crawl(sources, now), *_polls(unit.poll_counts(now - HOUR)), *_waiting(unit, now)]
    registry = CollectorRegistry()
    registry.register(_Derived(found))
    return generate_latest(registry).decode()


class _Derived(Collector):
    """Figures that are known already, as the library wants to be given them."""

    def __init__(self, found: Sequence[GaugeMetricFamily]) -> None:
        self._found = found

    def collect(self) -> Sequence[GaugeMetricFamily]:
        return self._found


Samples = Iterable[tuple[Mapping[str, str], float]]


def _gauge(name: str, help: str, value: float | Samples) -> GaugeMetricFamily:
    """A metric of one value, or of several that labels tell apart."""
    if isinstance(value, (int, float)):
        return GaugeMetricFamily(name, help, value=float(value))
    samples = list(value)
    names = list(samples[0][0]) if samples else []
    metric = GaugeMetricFamily(name, help, labels=names)
    for labels, each in samples:
        metric.add_metric([labels[label] for label in names], float(each))
    return metric


def _crawl(sources: Sequence[tuple[Source, SourceState]], now: datetime) -> list[GaugeMetricFamily]:
    measured = gauges(sources, now)
    read = [(source, state) for source, state in sources if source.is_enabled]
    standings = Counter((source.kind, state.health) for source, state in read)
    alarms = sum(
        any(concern.is_alarm for concern in standing.concerns(source, state, CheckCounts(), now))
        for source, state in read
        if source.kind is SourceKind.OFFICIAL
    )
    polled = [state.last_checked_at.timestamp() for _, state in read if state.last_checked_at is not None]
    return [
        _gauge(
            "clarion_sources",
            "Enabled sources by kind and standing.",
            tuple(
                ({"kind": kind.value, "health": health.value}, standings[kind, health])
                for kind in SourceKind
                for health in Health
            ),
        ),
        _gauge("clarion_sources_due", "Sources whose next poll is due.", measured["due"]),
        _gauge(
            "clarion_crawl_lateness_seconds",
            "95 of 100 due sources are less late than this.",
            measured["crawl_lateness_seconds"],
        ),
        _gauge(
            "clarion_official_source_failing_seconds",
            "For how long the worst official source could not be read; 0 if all can.",
            measured["official_source_failing_seconds"],
        ),
        _gauge("clarion_official_alarms", "Official sources that the desk is alarmed about.", alarms),
        _gauge("clarion_last_poll_timestamp_seconds", "When a source was last polled.", max(polled, default=0)),
    ]


def _polls(ended: Sequence[PollCounts]) -> list[GaugeMetricFamily]:
    items = {
        outcome: sum(getattr(polls, f"{outcome}_count") for polls in ended)
        for outcome in ("new", "variant", "repeat", "revised", "withdrawn", "bad")
    }
    return [
        _gauge(
            "clarion_polls_last_hour",
            "Polls of the last hour by outcome; an error also has its code.",
            tuple(({"status": polls.status, "code": polls.code}, polls.poll_count) for polls in ended),
        ),
        _gauge(
            "clarion_items_last_hour",
            "Items that these polls read, by what became of them; bad: they could not be read.",
            tuple(({"outcome": outcome}, count) for outcome, count in items.items()),
        ),
    ]


def _waiting(unit: Unit, now: datetime) -> list[GaugeMetricFamily]:
    head, held_until = unit.head(), unit.lease_end(CLOCK)
    return [
        _gauge("clarion_clock_held", "1 while a crawl process holds the clock.", bool(held_until and held_until > now)),
        _gauge(
            "clarion_changelog_waiting",
            "Changes that the search index does not show yet.",
            max(0, head - unit.cursor(sync.CURSOR)),
        ),
        _gauge(
            "clarion_linking_waiting",
            "Changes whose claims and answers were not looked for yet.",
            max(0, head - unit.cursor(linking.CURSOR)),
        ),
        _gauge("clarion_claims_open", "Claims without an answer.", unit.count_claims(status=ClaimStatus.OPEN)),
        _gauge(
            "clarion_matches_suggested",
            "Suggestions that wait for an editor.",
            unit.count_matches(status=MatchStatus.SUGGESTED),
        ),
        _gauge("clarion_tips_kept", "Readers' tips that are not deleted yet.", unit.count_tips()),
    ]
