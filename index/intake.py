"""Recording what the crawlers bring: identity -> revision -> grouping, the items of a poll in one transaction (of a
long poll in several, each guarded by the lease; what it showed before is known when it comes again).

    circulating item ─► Sighting of a known claim (repeat of the text, near-duplicate) or of a new one
    refutation item  ─► OutsideRefutation (a suggestion for editors), and a Sighting per place where it saw the claim
    notice item      ─► Evidence, and the notices that it names lose their standing, also when they come after it

Near-duplicates are looked up in the search index before the transaction opens, so that no engine call holds the
writers' lock; two equal texts of one poll still meet, by fingerprint.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from index import grouping, merging, notices, text
from index.errors import NotFound, SearchUnavailable
from index.ids import new_id
from index.model import (
    Claim,
    ClaimStatus,
    DocKind,
    Grouped,
    Health,
    Item,
    Labelled,
    OutsideRefutation,
    RecordOutcome,
    Role,
    SearchQuery,
    Sighting,
    Source,
    SourceCheck,
    SourceLease,
    SourceSample,
    SourceState,
)
from index.ports import MAX_TERMS, Changed, Parts, SeenItem, Unit
from index.statement import MAX_STATEMENT, statements

MAX_TEXT = 20_000  # characters kept of one item
MAX_APPEARANCES = 20  # places kept of those where one review saw the claim
AT_ONCE = 200  # items of one transaction, so that other writers wait for a second at most
RENEWED_FOR = timedelta(seconds=60)
MAX_REVISIONS = 24  # reliability.md A12: an entry that changes at every poll freezes


REISSUED = "identity"  # among the doubts about a source
LEAST_REISSUED = 3  # one or two items under new names are an editor's correction


class _LeaseLost(Exception):
    """Rolls the poll's transaction back."""


def put_sources(parts: Parts, sources: Iterable[Source]) -> int:
    now, count = parts.clock.now(), 0
    with parts.records.begin() as unit:
        for source in sources:
            unit.put_source(source, now)
            count += 1
    return count


def source(parts: Parts, source_id: str) -> Source:
    with parts.records.read() as unit:
        found = unit.source(source_id)
    if found is None:
        raise NotFound(f"no source {source_id}")
    return found


def known_items(
    parts: Parts, source_id: str, native_ids: Iterable[str], *, only_standing: bool = False
) -> frozenset[str]:
    with parts.records.read() as unit:
        seen = unit.seen_items(source_id, list(native_ids))
        return frozenset(name for name, item in seen.items() if not (only_standing and _is_withdrawn(unit, item)))


def _is_withdrawn(unit: Unit, seen: SeenItem) -> bool:
    """Whether the publisher withdrew what the item became."""
    if seen.kind == "outside":
        kept = unit.outside(seen.record_id)
        return kept is not None and kept.is_withdrawn
    notice = unit.notice(seen.record_id) if seen.kind == "evidence" else None
    return notice is not None and notice.is_withdrawn


def entries_read(parts: Parts, source_id: str) -> bytes:
    with parts.records.read() as unit:
        return unit.entries_read(source_id)


def keep_entries_read(parts: Parts, source_id: str, hashes: bytes) -> None:
    with parts.records.begin() as unit:
        unit.put_entries_read(source_id, hashes)


def set_due(parts: Parts, source_id: str) -> None:
    source(parts, source_id)
    with parts.records.begin() as unit:
        unit.set_due(source_id, parts.clock.now())


def record(
    parts: Parts,
    lease: SourceLease,
    items: Sequence[Labelled],
    state: SourceState | None,
    check: SourceCheck | None = None,
    sample: SourceSample | None = None,
) -> RecordOutcome | None:
    """See Catalogue.record; record_part where `state` is None, which keeps the lease. Polls that end at the same time
    share a commit (`Records.together`).
    """
    fresh = _fresh_texts(parts, lease.source, items)
    near, worded = _near_duplicates(parts, fresh), statements(parts, fresh)
    poll = _Poll(lease.source, parts.clock.now(), near, worded, _is_learnt(lease.state))
    starts = range(0, len(items), AT_ONCE) or range(1)

    def take(unit: Unit, start: int) -> _Poll:
        taken = poll.copy()  # an act that is run again counts once
        taken.take(unit, items[start : start + AT_ONCE])
        if state is not None and start == starts[-1]:
            is_held = unit.finish_poll(lease, taken.state_after(state))
            if check is not None:
                unit.add_check(taken.counted(check))
            if sample is not None:
                unit.put_sample(sample)
        else:
            is_held = unit.renew_lease(lease, parts.clock.now() + RENEWED_FOR)
        if not is_held:
            raise _LeaseLost
        return taken

    try:
        for start in starts:
            part = partial(take, start=start)
            poll = parts.records.together(part, weight=min(AT_ONCE, len(items) - start))
    except _LeaseLost:
        return None
    return poll.outcome()


def new_claim(statement: str, language: str, now: datetime, *, asked: int = 0, topic: str = "") -> Claim:
    """A claim as first heard: open, unanswered."""
    return Claim(
        id=new_id("clm"),
        statement=statement[:MAX_STATEMENT],
        language=language,
        status=ClaimStatus.OPEN,
        created_at=now,
        first_seen_at=now,
        last_seen_at=now,
        version=1,
        asked_count=asked,
        topic=topic,
    )


def _fresh_texts(parts: Parts, source: Source, items: Sequence[Labelled]) -> list[str]:
    """The circulating texts that this source shows for the first time; only they want a claim."""
    circulating = [i.item for i in items if i.item.role is Role.CIRCULATING]
    if not circulating:
        return []
    with parts.records.read() as unit:
        seen = unit.seen_items(source.id, [name for i in circulating for name in (i.native_id, *i.aliases)])
    return [_circulating_text(i) for i in circulating if not {i.native_id, *i.aliases} & seen.keys()]


def has_words(wording: str) -> bool:
    """Whether anything can be checked in it. Texts of symbols alone all have the same fingerprint, so none is kept."""
    return bool(text.words(text.fold(wording)))


def _circulating_text(item: Item) -> str:
    body, title = item.text.strip(), item.title.strip()
    if not title or body.startswith(title.rstrip("…. ")):
        return (body or title)[:MAX_TEXT]
    return f"{title}\n{body}"[:MAX_TEXT] if body else title[:MAX_TEXT]


def _near_duplicates(parts: Parts, texts: Sequence[str]) -> dict[str, tuple[grouping.Candidate, ...]]:
    """For each text the known wordings that share words with it. Empty while the engine is down: linking catches up."""
    near: dict[str, tuple[grouping.Candidate, ...]] = {}
    for wording in dict.fromkeys(texts):
        query = SearchQuery(terms=text.query_terms(wording, MAX_TERMS), kinds=frozenset({DocKind.CLAIM}), limit=5)
        try:
            hits = parts.search.find(query)
        except SearchUnavailable:
            return near
        with parts.records.read() as unit:
            found = [c for hit in hits if (c := _as_candidate(unit, hit.id, hit.parent)) is not None]
        near[wording] = tuple(found)
    return near


def _as_candidate(unit: Unit, document_id: str, claim_id: str) -> grouping.Candidate | None:
    if document_id.startswith("sig_"):
        seen = unit.sighting(document_id)
        return grouping.Candidate(claim_id=seen.claim_id, text=seen.text) if seen else None
    claim = unit.claim(claim_id)
    return grouping.Candidate(claim_id=claim_id, text=claim.statement) if claim and claim.merged_into is None else None


@dataclass
class _Poll:
    """One poll's items on their way into the records: one transaction, or one for each AT_ONCE of a long poll."""

    source: Source
    now: datetime
    near: Mapping[str, tuple[grouping.Candidate, ...]]
    worded: Mapping[str, str]  # a text's checkable statement
    is_learnt: bool = False  # an editor has just taken how the source looks for usual

    def __post_init__(self) -> None:
        self.unit: Unit
        self.counts: Counter[Grouped] = Counter()
        self.claim_ids: list[str] = []
        self.withdrawn = self.labels = self.unmapped = self.renamed = self.listed = 0
        self._has_desk = False
        self._seen: dict[str, SeenItem] = {}
        self._names: set[str] = set()  # of what waits to be written
        self._waiting: list[tuple[str, SeenItem, Collection[str]]] = []
        self._outsides: list[OutsideRefutation] = []

    def copy(self) -> _Poll:
        """The poll so far, to go on from; what it was copied from stays as it is."""
        twin = replace(self)
        twin.counts, twin.claim_ids, twin.withdrawn = self.counts.copy(), list(self.claim_ids), self.withdrawn
        twin.labels, twin.unmapped = self.labels, self.unmapped
        twin.renamed, twin.listed = self.renamed, self.listed
        return twin

    def take(self, unit: Unit, items: Sequence[Labelled]) -> None:
        self.unit, self._has_desk = unit, False
        names = [name for i in items for name in (i.item.native_id, *i.item.aliases)]
        self._seen = unit.seen_items(self.source.id, names) if names else {}
        for labelled in items:
            self._take(labelled)
        self._write()

    def _write(self) -> None:
        """Other publishers' reviews and the items' names, a few statements for all of them."""
        self.unit.put_outsides(self._outsides)
        if self._waiting:
            self.unit.put_seen_items(self.source.id, self._waiting, self.now)
        self._outsides, self._waiting, self._names = [], [], set()

    def state_after(self, state: SourceState) -> SourceState:
        """The state that the crawler brings, with what was new."""
        new_count = self.counts[Grouped.NEW] + self.counts[Grouped.VARIANT]
        is_heard = bool(new_count) and state.health is Health.SILENT
        if self.is_reissued and state.health in (Health.OK, Health.SILENT, Health.DRIFTING):
            state = replace(state, health=Health.DRIFTING, doubts=(*state.doubts, REISSUED))
        return replace(
            state,
            health=Health.OK if is_heard and state.health is Health.SILENT else state.health,
            last_new_at=self.now if new_count else state.last_new_at,
            new_item_count=state.new_item_count + new_count,
        )

    @property
    def is_reissued(self) -> bool:
        """Whether everything that the source shows is known, and under other names (Q16)."""
        return self.listed >= LEAST_REISSUED and self.renamed == self.listed and not self.is_learnt

    def counted(self, check: SourceCheck) -> SourceCheck:
        """The row of the log, with what became of these items added."""
        return replace(
            check,
            new_count=check.new_count + self.counts[Grouped.NEW],
            repeat_count=check.repeat_count + self.counts[Grouped.REPEAT],
            variant_count=check.variant_count + self.counts[Grouped.VARIANT],
            revised_count=check.revised_count + self.counts[Grouped.REVISED],
            withdrawn_count=check.withdrawn_count + self.withdrawn,
            label_count=check.label_count + self.labels,
            unmapped_count=check.unmapped_count + self.unmapped,
            doubts=(*check.doubts, REISSUED) if self.is_reissued else check.doubts,
        )

    def outcome(self) -> RecordOutcome:
        return RecordOutcome(
            new_count=self.counts[Grouped.NEW],
            repeat_count=self.counts[Grouped.REPEAT],
            variant_count=self.counts[Grouped.VARIANT],
            revised_count=self.counts[Grouped.REVISED],
            withdrawn_count=self.withdrawn,
            claim_ids=tuple(dict.fromkeys(self.claim_ids)),
            label_count=self.labels,
            unmapped_count=self.unmapped,
        )

    def _take(self, labelled: Labelled) -> None:
        item = labelled.item
        names = (item.native_id, *item.aliases)
        is_notice = item.role is Role.NOTICE  # one may name another by its native id, which must be written by then
        if is_notice or not self._names.isdisjoint(names):  # or two items of one poll are under one name
            self._write()
        if is_notice:
            seen = self.unit.seen_item(self.source.id, names)
        else:
            seen = next((self._seen[name] for name in names if name in self._seen), None)
        if _is_tombstone(item) and (seen is None or seen.kind not in ("outside", "evidence")):
            self.counts[Grouped.REPEAT] += 1
            return
        is_renamed = seen is not None and self._is_renamed(item)
        self.listed, self.renamed = self.listed + 1, self.renamed + is_renamed
        digest = _content_sha256(labelled)
        is_frozen = seen is not None and seen.revision_count >= MAX_REVISIONS and not item.is_withdrawn
        # what comes back after its withdrawal is no clock in the text
        is_frozen = is_frozen and seen is not None and not _is_withdrawn(self.unit, seen)
        if seen and (is_frozen or seen.content_sha256 == digest):
            self.counts[Grouped.REPEAT] += 1
            if is_renamed and self.is_learnt:  # until an editor has seen it, a new name stays strange
                self._waiting.append((item.native_id, seen, item.aliases))
            return
        if _is_tombstone(item) and seen is not None:  # what was kept says what it is, not the role of the list
            outcome = self._gone(labelled, seen)
        elif item.role is Role.CIRCULATING:
            outcome = self._circulating(item, seen)
        elif item.role is Role.REFUTATION:
            outcome = self._refutation(labelled, seen)
        else:
            outcome = notices.keep(self.unit, self.source, item, seen, self.now)
            self.withdrawn += item.is_withdrawn
        kind, record_id, grouped = outcome
        self.counts[grouped] += 1
        revisions = seen.revision_count + 1 if seen and seen.kind not in notices.RETIRED else 0
        now_seen = SeenItem(kind, record_id, digest, revisions)
        self._waiting.append((item.native_id, now_seen, item.aliases))
        self._names.update(names)
        for name in names:
            if self._seen.get(name, seen) is seen:  # a name that belongs to another item stays with that item
                self._seen[name] = now_seen

    def _is_renamed(self, item: Item) -> bool:
        """Whether a known item comes under another name than before; the same address in another spelling is none."""
        key = text.url_key(item.native_id)
        return item.native_id not in self._seen and f"url:{key}" not in self._seen

    def _hold_desk(self) -> None:
        """From here on it matters which claims are joined. What concerns no claim does without: on PostgreSQL this
        lock lets one crawl process write at a time."""
        if not self._has_desk:
            self.unit.hold_desk()
            self._has_desk = True

    # each returns (kind, record id, what it was)

    def _gone(self, labelled: Labelled, seen: SeenItem) -> tuple[str, str, Grouped]:
        if seen.kind == "outside":
            return self._refutation(labelled, seen)
        notices.retire(self.unit, seen.record_id, "", self.now, is_withdrawn=True)
        self.withdrawn += 1
        return seen.kind, seen.record_id, Grouped.REVISED

    def _circulating(self, item: Item, seen: SeenItem | None) -> tuple[str, str, Grouped]:
        self._hold_desk()
        wording = _circulating_text(item)
        old = self.unit.sighting(seen.record_id) if seen and seen.kind == "sighting" else None
        if text.is_boilerplate(wording) or not has_words(wording):  # a page that is broken today keeps its sighting
            return ("sighting", old.id, Grouped.REPEAT) if old else ("ignored", "", Grouped.REPEAT)
        if old is not None:
            self._revise(old, item, wording)
            return "sighting", old.id, Grouped.REVISED
        is_debunk = grouping.is_debunk(wording)
        claim_id, grouped = self._claim_for(wording, item, may_create=not is_debunk)
        if claim_id is None:
            return "ignored", "", Grouped.REPEAT
        sighting = self._sight(claim_id, item.native_id, item.url, item.title, wording, item, is_debunk)
        return "sighting", sighting.id, grouped

    def _revise(self, old: Sighting, item: Item, wording: str) -> None:
        self.unit.put_sighting(
            replace(
                old,
                title=item.title[:500],
                text=wording,
                url=item.url,
                fingerprint=text.fingerprint(wording),
                is_debunk=grouping.is_debunk(wording),
            )
        )
        self.unit.changed(Changed.CLAIM, old.claim_id)
        self.unit.changed(Changed.CLAIM, old.id)  # its own document, should it no longer be a wording of its own
        self.claim_ids.append(old.claim_id)

    def _refutation(self, labelled: Labelled, seen: SeenItem | None) -> tuple[str, str, Grouped]:
        item = labelled.item
        old = self._outside(seen.record_id) if seen and seen.kind == "outside" else None
        if item.is_withdrawn:
            self.withdrawn += 1
        if item.label.strip():
            self.labels += 1
            self.unmapped += labelled.verdict is None and labelled.mapped_by == "none"
        outside = OutsideRefutation(
            id=old.id if old else new_id("out"),
            source_id=self.source.id,
            native_id=item.native_id,
            url=item.url,
            title=item.title[:500],
            text=item.text[:MAX_TEXT],
            claim=item.claim[:500],
            language=item.language or self.source.language,
            label=item.label[:100],
            verdict=labelled.verdict,
            mapped_by=labelled.mapped_by,
            publisher=item.publisher or self.source.name(self.source.language),
            authority=labelled.authority,
            is_offsite=labelled.is_offsite,
            published_at=item.published_at,
            date_quality=item.date_quality,
            seen_at=old.seen_at if old else self.now,
            version=old.version + 1 if old else 1,
            is_withdrawn=item.is_withdrawn,
        )
        if old and _is_tombstone(item):
            outside = replace(old, is_withdrawn=True, version=old.version + 1)
        if old is not None and old.is_withdrawn != outside.is_withdrawn:
            self.unit.set_page_withdrawn(outside.url, self.now if outside.is_withdrawn else None)
        self._outsides.append(outside)
        self.unit.changed(Changed.OUTSIDE, outside.id)
        if old is None and has_words(item.claim) and not item.is_withdrawn:
            for number, url in enumerate(item.appearances[:MAX_APPEARANCES]):
                self._hold_desk()
                claim_id, _ = self._claim_for(item.claim, item, may_create=True)
                if claim_id is not None:
                    self._sight(
                        claim_id, f"{item.native_id}#appearance-{number}", url, "", item.claim, item, is_debunk=False
                    )
        return "outside", outside.id, Grouped.REVISED if old else Grouped.NEW

    def _outside(self, outside_id: str) -> OutsideRefutation | None:
        waiting = next((o for o in reversed(self._outsides) if o.id == outside_id), None)
        return waiting or self.unit.outside(outside_id)

    def _claim_for(self, wording: str, item: Item, *, may_create: bool) -> tuple[str | None, Grouped]:
        """The claim that a wording belongs to: by equal text, by near-duplicate, else a new one."""
        same = self.unit.sighting_by_fingerprint(text.fingerprint(wording))
        if same is not None:
            if item.published_at is not None and item.published_at < same.seen_at:
                self.unit.changed(Changed.CLAIM, same.id)  # an earlier one may stand for these words in the index now
            return same.claim_id, Grouped.VARIANT
        decision = grouping.group(wording, self.near.get(wording, ()))
        if decision.claim_id is not None:
            claim = merging.root(self.unit, decision.claim_id)
            if claim is not None:
                return claim.id, Grouped.VARIANT
        if not may_create:
            return None, Grouped.REPEAT
        language = item.language or self.source.language
        claim = new_claim(self.worded.get(wording, wording), language, self.now)
        self.unit.put_claim(claim)
        return claim.id, Grouped.NEW

    def _sight(
        self, claim_id: str, native_id: str, url: str, title: str, wording: str, item: Item, is_debunk: bool
    ) -> Sighting:
        sighting = Sighting(
            id=new_id("sig"),
            claim_id=claim_id,
            source_id=self.source.id,
            native_id=native_id,
            url=url,
            title=title[:500],
            text=wording,
            language=item.language or self.source.language,
            fingerprint=text.fingerprint(wording),
            seen_at=self.now,
            published_at=item.published_at,
            date_quality=item.date_quality,
            is_debunk=is_debunk,
        )
        self.unit.put_sighting(sighting)
        self.unit.changed(Changed.CLAIM, claim_id)
        self.claim_ids.append(claim_id)
        return sighting


def _is_learnt(state: SourceState) -> bool:
    """Whether no poll has succeeded since an editor took how the source looks for usual."""
    asked, polled = state.learn_from, state.last_success_at
    return asked is not None and (polled is None or polled <= asked)


def _is_tombstone(item: Item) -> bool:
    """A publisher's word that an entry is gone, with nothing but its id: what it said is kept."""
    return item.is_withdrawn and not item.title and not item.text


def _content_sha256(labelled: Labelled) -> str:
    """Hash of what makes a revision: title, text, claim, label, withdrawal. Dates and links alone do not
    (sources.md Q6).
    """
    item = labelled.item
    fields = [item.title, item.text, item.claim, item.label, str(item.is_withdrawn), "|".join(item.appearances)]
    if item.supersedes:
        fields.append("|".join(item.supersedes))
    folded = "\x1f".join(" ".join(f.split()) for f in fields)
    return hashlib.sha256(folded.encode("utf-8", "replace")).hexdigest()
