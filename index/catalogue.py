"""The facade: everything the site, the crawlers and the command line may ask. Opens the transactions; delegates.

    crawlers ─► intake      record(items)       linking   link(claim), confirm, reject, undo    answering  answer(text)
    desk     ─► publishing  draft … approve      reading   pages, lists, queue         sync   change log -> search
                oversight   decide_source, source_health, source_page

Times come from the clock, ids from `ids`; no method keeps state between calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta

from index import (
    answering,
    departures,
    explaining,
    figures,
    intake,
    linking,
    measuring,
    notices,
    oversight,
    people,
    publishing,
    reading,
    regrouping,
    sync,
)
from index.model import (
    Absence,
    Alert,
    Answer,
    AuditEntry,
    Claim,
    Editor,
    EditorRole,
    Explanation,
    Labelled,
    Match,
    RecordOutcome,
    Refutation,
    RefutationText,
    Source,
    SourceAct,
    SourceCheck,
    SourceLease,
    SourceSample,
    SourceState,
    Thread,
    Tip,
)
from index.pages import (
    CheckReport,
    ClaimFile,
    ClaimPage,
    DraftPage,
    Figures,
    NoticeList,
    Queue,
    SourcePage,
    SourceRow,
    Status,
    Suggestion,
    SyncReport,
    ThreadList,
    ThreadPage,
)
from index.ports import Parts, ThreadFilter
from index.settings import Settings


class Catalogue:
    """What is known, and every rule about it. It does not speak HTTP, render pages or know formats."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def settings(self) -> Settings:
        return self._parts.settings

    @property
    def encoder_name(self) -> str:
        return self._parts.encoder.name

    def warm_up(self) -> None:
        """Prepares and loads the encoder's model now instead of with the first text. Raises: EncoderUnavailable."""
        self._parts.encoder.encode(["warm up"])

    def now(self) -> datetime:
        return self._parts.clock.now()

    def close(self) -> None:
        self._parts.search.close()
        self._parts.records.close()

    # --- sources and crawling ---

    def put_sources(self, sources: Iterable[Source]) -> int:
        """Adds or updates registry entries; returns how many. Their runtime state is kept."""
        return intake.put_sources(self._parts, sources)

    def source(self, source_id: str) -> Source:
        """Raises: NotFound."""
        return intake.source(self._parts, source_id)

    def sources(self) -> tuple[SourceRow, ...]:
        """Every source with its state, by id."""
        return reading.sources(self._parts)

    def lease_sources(
        self, owner: str, limit: int, lease_s: float = 60.0, host_gap_s: float = 1.0
    ) -> tuple[SourceLease, ...]:
        """Due sources, taken for `lease_s` seconds; at most two at once and one each `host_gap_s` per host."""
        with self._parts.records.begin() as unit:
            return unit.lease_sources(owner, self.now(), limit=limit, lease_s=lease_s, host_gap_s=host_gap_s)

    def renew_lease(self, lease: SourceLease, lease_s: float = 60.0) -> bool:
        """False if the lease was lost."""
        with self._parts.records.begin() as unit:
            return unit.renew_lease(lease, self.now() + timedelta(seconds=lease_s))

    def record(
        self,
        lease: SourceLease,
        items: Sequence[Labelled],
        state: SourceState,
        check: SourceCheck | None = None,
        sample: SourceSample | None = None,
    ) -> RecordOutcome | None:
        """Stores the items of one poll, the source's new state, the row of its log, a sample of its body and the freed
        lease in one transaction; a long poll in several of 200 items, the state with the last.

        None if the lease was lost: nothing is written from then on.
        """
        return intake.record(self._parts, lease, items, state, check, sample)

    def record_part(self, lease: SourceLease, items: Sequence[Labelled]) -> RecordOutcome | None:
        """Stores some items of a poll that goes on, and renews its lease; None if that was lost. Whoever is killed
        before `record` ends the poll leaves it due, and what was stored is known when it comes again.
        """
        return intake.record(self._parts, lease, items, None)

    def entries_read(self, source_id: str) -> bytes:
        """Hashes of a dump's entries that need not be read again, as its reader left them."""
        return intake.entries_read(self._parts, source_id)

    def keep_entries_read(self, source_id: str, hashes: bytes) -> None:
        """Only after the items of these entries are recorded."""
        intake.keep_entries_read(self._parts, source_id, hashes)

    def known_items(
        self, source_id: str, native_ids: Iterable[str], *, only_standing: bool = False
    ) -> frozenset[str]:
        """Those of the names that the source showed before; `only_standing`: and did not withdraw, so that their pages
        need not be read again.
        """
        return intake.known_items(self._parts, source_id, native_ids, only_standing=only_standing)

    def past_checks(self, source_id: str, limit: int, since: datetime | None = None) -> tuple[SourceCheck, ...]:
        """The polls that read a new body, newest first."""
        return oversight.past_checks(self._parts, source_id, limit, since)

    def arrivals(self, source_id: str) -> tuple[datetime, ...]:
        """When polls of the last 180 days brought something new, oldest first."""
        return oversight.arrivals(self._parts, source_id)

    def departed_items(self, source_id: str, listed: Collection[str], limit: int) -> tuple[Absence, ...]:
        """Reviews and notices that the source's list (these names) does not show any more and whose page was not
        asked for since a day ago, what our texts cite first. Raises: NotFound."""
        return departures.departed_items(self._parts, source_id, listed, limit)

    def asked_again(self, source_id: str, names: Collection[str]) -> None:
        """Their pages were asked for; others come first now."""
        departures.asked_again(self._parts, source_id, names)

    def set_due(self, source_id: str) -> None:
        """For `crawl --once`; an editor's "check now" is `decide_source`. Raises: NotFound."""
        intake.set_due(self._parts, source_id)

    def decide_source(
        self, source_id: str, act: SourceAct, editor: Editor, note: str = "", review_on: date | None = None
    ) -> SourceState:
        """Does what an editor decides about a source, or keeps it as a proposal for a second one (see `standing`).
        Returns the state it leads to. Raises: NotFound, Refused, InvalidInput for the note or the day.
        """
        return oversight.decide(self._parts, source_id, act, editor, note, review_on)

    def source_health(self) -> tuple[SourceRow, ...]:
        """Every source with its state, its last seven days and what about it wants a person, by id."""
        return oversight.rows(self._parts)

    def source_samples(self, source_id: str) -> tuple[SourceSample, ...]:
        """What it answered last that could be used, and last that could not. Raises: NotFound."""
        return oversight.samples(self._parts, source_id)

    def source_page(self, source_id: str, editor: Editor) -> SourcePage:
        """Raises: NotFound."""
        return oversight.page(self._parts, source_id, editor)

    def official_notices(
        self, source_id: str = "", text: str = "", before_id: str = "", *, only_in_force: bool = False
    ) -> NoticeList:
        """What official sources announced, newest first, from before the notice named; each word of `text` is in it."""
        return notices.page(self._parts, source_id, text, before_id, only_in_force=only_in_force)

    def source_alarms(self) -> tuple[SourceRow, ...]:
        """The official sources that everybody on the desk should know about."""
        return oversight.alarms(self._parts)

    def forget_old_checks(self) -> int:
        """Deletes the log of polls after 90 days (180 where something new came), samples of bodies after 14;
        returns how many rows of the log."""
        return oversight.forget_old_checks(self._parts)

    def take_lease(self, name: str, holder: str, ttl_s: float) -> int | None:
        """The epoch of the named lease if `holder` has it now, else None."""
        with self._parts.records.begin() as unit:
            return unit.take_lease(name, holder, self.now(), ttl_s)

    def release_lease(self, name: str, holder: str) -> None:
        with self._parts.records.begin() as unit:
            unit.release_lease(name, holder)

    # --- linking ---

    def link(self, claim_id: str) -> tuple[Match, ...]:
        """Suggests what answers or equals a claim; returns the new matches. With the engine down: none, and the claim
        stays queued (`link_waiting`). Raises: NotFound."""
        return linking.link(self._parts, claim_id)

    def link_waiting(self, limit: int = 100) -> int:
        """Links claims whose linking is due (new, or put off by an outage); returns how many were done."""
        return linking.link_waiting(self._parts, limit)

    def answer(self, text: str, limit: int = 5) -> Answer:
        """The public answer to a pasted text: only published refutations, known claims, confirmed reviews.

        Raises: InvalidInput for an empty or too long text.
        """
        return answering.answer(self._parts, text, limit, is_public=True, is_check=True)

    def match(self, text: str, limit: int = 10) -> Answer:
        """Like `answer`, with other publishers' unconfirmed reviews among the candidates, which can be what was found:
        for the desk and `clarion match`.
        """
        return answering.answer(self._parts, text, limit, is_public=False)

    def explain(self, text: str, other: str) -> Explanation:
        """What the two texts share and where they differ, as places in each."""
        return explaining.explain(text, other)

    def figures(self) -> Figures | None:
        """The measured quality of matching that this release carries; None if nothing was measured."""
        return figures.shipped()

    def confirm(self, match_id: str, editor: Editor) -> Match:
        """Confirms: to a claim, merges into it; to a refutation or review, links. Raises: NotFound, Refused,
        Conflict.
        """
        return linking.confirm(self._parts, match_id, editor)

    def reject(self, match_id: str, editor: Editor, reason: str) -> Match:
        """Keeps the pair from being suggested again. Raises: NotFound, Refused (also without a reason), InvalidInput
        for one that is too long.
        """
        return linking.reject(self._parts, match_id, editor, reason)

    def undo(self, match_id: str, editor: Editor) -> Match:
        """A decided match becomes a suggestion again; a merge is taken apart: what came with the claim, or later in its
        words, goes back. Raises: NotFound, Refused.
        """
        return linking.undo(self._parts, match_id, editor)

    def set_not_checkable(self, claim_id: str, editor: Editor, reason: str) -> Claim:
        """Raises: NotFound, Refused (also without a reason, or while an answer is in work), InvalidInput for one that
        is too long.
        """
        return linking.set_not_checkable(self._parts, claim_id, editor, reason)

    def reopen(self, claim_id: str, editor: Editor) -> Claim:
        """Takes `not_checkable` back. Raises: NotFound, Refused."""
        return linking.reopen(self._parts, claim_id, editor)

    def take_out(self, sighting_id: str, editor: Editor, reason: str) -> Claim:
        """Undoes a grouping: the sighting's wording, wherever the claim was seen in it, becomes a claim of its own, and
        linking does not join the two again. Raises: NotFound, Refused (also without a reason, and for the wording that
        began the claim), InvalidInput for one that is too long.
        """
        return regrouping.take_out(self._parts, sighting_id, editor, reason)

    def take(self, claim_id: str, editor: Editor) -> Claim:
        """Takes a claim for 30 minutes, or extends. Raises: NotFound, Conflict if another editor has it."""
        return linking.take(self._parts, claim_id, editor)

    def release(self, claim_id: str, editor: Editor) -> Claim:
        return linking.release(self._parts, claim_id, editor)

    # --- publishing ---

    def draft(self, claim_id: str, editor: Editor, text: RefutationText | None = None) -> Refutation:
        """A new refutation of the claim, or the one in work. Raises: NotFound, Refused unless the claim is open,
        InvalidInput.
        """
        return publishing.draft(self._parts, claim_id, editor, text)

    def save(
        self,
        refutation_id: str,
        text: RefutationText,
        editor: Editor,
        expected_version: int,
        note: str = "",
        is_material: bool = False,
    ) -> Refutation:
        """Saves the revision in work. Raises: NotFound, Refused, Conflict if somebody saved in between,
        InvalidInput.
        """
        return publishing.save(self._parts, refutation_id, text, editor, expected_version, note, is_material)

    def submit(self, refutation_id: str, editor: Editor) -> Refutation:
        """Raises: NotFound, Refused, InvalidInput naming the first field that is not ready."""
        return publishing.submit(self._parts, refutation_id, editor)

    def send_back(self, refutation_id: str, editor: Editor, reason: str) -> Refutation:
        """Returns a revision in review to its author. Raises: NotFound, Refused (also without a reason), InvalidInput
        for one that is too long.
        """
        return publishing.send_back(self._parts, refutation_id, editor, reason)

    def approve(self, refutation_id: str, editor: Editor, expected_version: int) -> Alert:
        """Publishes the revision in review: revision, notice, audit row and change log in ONE transaction, then
        tries to sync. Raises: NotFound, Refused (own_text, wrong_status …), Conflict."""
        return publishing.approve(self._parts, refutation_id, editor, expected_version)

    def start_correction(self, refutation_id: str, editor: Editor) -> Refutation:
        """Opens the next revision while the published one stays up. Raises: NotFound, Refused."""
        return publishing.start_correction(self._parts, refutation_id, editor)

    def propose_withdrawal(self, refutation_id: str, editor: Editor, reason: str) -> Refutation:
        """Puts a withdrawal in review; another editor approves it. Raises: NotFound, Refused (also without a reason),
        InvalidInput for one that is too long.
        """
        return publishing.propose_withdrawal(self._parts, refutation_id, editor, reason)

    def keep_citations(self, refutation_id: str, editor: Editor, urls: Collection[str], reason: str) -> None:
        """The text goes on citing these pages, which their publishers have withdrawn; nobody is asked again. Raises:
        NotFound, Refused (also without a reason), InvalidInput for one that is too long.
        """
        departures.keep_citations(self._parts, refutation_id, editor, urls, reason)

    def discard(self, refutation_id: str, editor: Editor) -> Refutation:
        """Throws the draft in work away (of a correction, or of a first text). Raises: NotFound, Refused."""
        return publishing.discard(self._parts, refutation_id, editor)

    # --- reading ---

    def threads(self, filter: ThreadFilter | None = None, page: int = 1, page_size: int = 20) -> ThreadList:
        return reading.threads(self._parts, filter or ThreadFilter(), page, page_size)

    def thread(self, thread_id: str) -> Thread:
        """Also found by the id of any of its notices. Raises: NotFound."""
        return reading.thread(self._parts, thread_id)

    def thread_page(self, thread_id: str) -> ThreadPage:
        """Raises: NotFound."""
        return reading.thread_page(self._parts, thread_id)

    def notices(self, after_id: str = "", limit: int = 50) -> tuple[tuple[Alert, Thread], ...]:
        """Every notice with its thread, newest first; with `after_id` oldest first from there."""
        return reading.notices(self._parts, after_id, limit)

    def topic_counts(self) -> dict[str, int]:
        """Threads in force a topic."""
        return reading.topic_counts(self._parts)

    def claim_page(self, claim_id: str) -> ClaimPage:
        """Follows merges: `page.claim.id` may differ from `claim_id`. Raises: NotFound, also for a claim that only tips
        speak of: the desk reads that one in `claim_file`."""
        return reading.claim_page(self._parts, claim_id)

    def queue(self, which: str, editor: Editor, page: int = 1, topic: str = "", text: str = "") -> Queue:
        """`which` is match, write or approve."""
        return reading.queue(self._parts, which, editor, page, topic, text)

    def claim_file(self, claim_id: str) -> ClaimFile:
        """Raises: NotFound."""
        return reading.claim_file(self._parts, claim_id)

    def suggestion(self, match_id: str) -> Suggestion:
        """Raises: NotFound."""
        return reading.suggestion(self._parts, match_id)

    def draft_page(self, refutation_id: str, editor: Editor) -> DraftPage:
        """Raises: NotFound."""
        return reading.draft_page(self._parts, refutation_id, editor)

    def desk_threads(self, page: int = 1) -> ThreadList:
        """Threads for the desk's list of published alerts."""
        return reading.threads(self._parts, ThreadFilter(), page, 30)

    def desk_claims(self, page: int = 1, status: str = "", topic: str = "", text: str = "") -> Queue:
        return reading.desk_claims(self._parts, page, status, topic, text)

    def audit(self, limit: int = 100, before_seq: int | None = None) -> tuple[AuditEntry, ...]:
        with self._parts.records.read() as unit:
            return unit.audit(limit=limit, before_seq=before_seq)

    def first_broken_audit_row(self) -> int | None:
        """None if the hash chain of the audit holds."""
        with self._parts.records.read() as unit:
            return unit.first_broken_audit_row()

    def status(self) -> Status:
        return reading.status(self._parts)

    def metrics(self) -> str:
        """How the crawl, the index and the desk are doing, in the Prometheus text format; nothing about persons."""
        return measuring.metrics(self._parts)

    # --- readers and editors ---

    def send_tip(self, text: str) -> tuple[str, Tip]:
        """Keeps a reader's text, personal data masked, grouped to its claim. Returns the receipt code, shown once.
        Raises: InvalidInput."""
        return people.send_tip(self._parts, text)

    def take_tip(self, text: str, key: str) -> Tip | None:
        """Keeps the text of a message that came by another way than the site (mail), as `send_tip` does, without a
        receipt. The key is stored with it: None, and nothing kept, if it was taken before. Raises: InvalidInput."""
        return people.take_tip(self._parts, text, key)

    def tip(self, receipt: str) -> tuple[Tip, Claim | None, Thread | None]:
        """Raises: NotFound."""
        return people.tip(self._parts, receipt)

    def erase_tip(self, receipt: str) -> None:
        """Deletes the tip's text, and its claim's unless somebody else said the same or an editor began an alert about
        it. Raises: NotFound."""
        people.erase_tip(self._parts, receipt)

    def forget_old_tips(self) -> int:
        """Deletes tips received longer ago than the settings promise, as `erase_tip` does; returns how many."""
        return people.forget_old_tips(self._parts)

    def want_to_know(self, claim_id: str) -> Claim:
        """One more reader asks about a claim. Raises: NotFound."""
        return people.want_to_know(self._parts, claim_id)

    def add_editor(self, name: str, role: EditorRole, password_hash: str, *, by: Editor | None = None) -> Editor:
        """`by`: who the audit names; the new editor without it. Raises: Conflict if the name is taken, InvalidInput."""
        return people.add_editor(self._parts, name, role, password_hash, by=by)

    def editor_by_name(self, name: str) -> tuple[Editor, str] | None:
        """The editor and the stored password hash."""
        with self._parts.records.read() as unit:
            return unit.editor_by_name(name)

    def editors(self) -> tuple[Editor, ...]:
        with self._parts.records.read() as unit:
            return unit.editors()

    def set_password(self, editor: Editor, password_hash: str, *, by: Editor | None = None) -> None:
        """Also ends the editor's sessions. `by`: who did it, if not the editor; the audit names them."""
        people.set_password(self._parts, editor, password_hash, by=by)

    def renew_hash(self, editor: Editor, password_hash: str) -> None:
        """Stores another hash of the same password: no act for the audit, and sessions go on."""
        people.renew_hash(self._parts, editor, password_hash)

    def set_active(self, editor_id: str, is_active: bool, by: Editor) -> Editor:
        """Raises: NotFound, Refused unless `by` is an admin."""
        return people.set_active(self._parts, editor_id, is_active, by)

    def open_session(self, editor: Editor, token_sha256: str, ttl: timedelta) -> None:
        with self._parts.records.begin() as unit:
            unit.put_session(token_sha256, editor.id, self.now(), self.now() + ttl)

    def session(self, token_sha256: str) -> Editor | None:
        """The active editor of a live session."""
        with self._parts.records.read() as unit:
            return unit.session(token_sha256, self.now())

    def end_session(self, token_sha256: str) -> None:
        with self._parts.records.begin() as unit:
            unit.end_session(token_sha256)

    def failed_logins(self, key: str, within: timedelta) -> int:
        with self._parts.records.read() as unit:
            return unit.failed_logins(key, self.now() - within)

    def note_login(self, key: str, succeeded: bool) -> None:
        """Counts a failed log-in for `key` (an account or a network), or forgets them after a success."""
        with self._parts.records.begin() as unit:
            if succeeded:
                unit.clear_failed_logins(key)
            else:
                unit.add_failed_login(key, self.now())

    # --- the index ---

    def sync(self, limit: int = 1000) -> SyncReport:
        """Carries the change log into the search engine; an engine that is down leaves the rest waiting."""
        return sync.sync(self._parts, limit)

    def rebuild(self) -> int:
        """Builds the index anew from the records and swaps it in. Raises: SearchUnavailable."""
        return sync.rebuild(self._parts)

    def fill_if_empty(self) -> int:
        """Rebuilds an index that has nothing although something was synced: another encoder by setting, a lost folder.
        Returns how many documents it then has, 0 if nothing was done. Raises: SearchUnavailable."""
        return sync.fill_if_empty(self._parts)

    def check(self, repair: bool = False) -> CheckReport:
        """Compares records and index. Raises: SearchUnavailable."""
        return sync.check(self._parts, repair)

    def migrate(self) -> str:
        return self._parts.records.migrate()
