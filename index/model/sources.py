"""The sources: who is read, how each stands, the log of its polls, and what editors do with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class SourceKind(StrEnum):
    """Who publishes: a body with a mandate, a fact-checker, or a place where claims circulate."""

    OFFICIAL = "official"
    CHECKER = "checker"
    MONITOR = "monitor"


class Role(StrEnum):
    """What an item of a source is: a circulating claim, a review of one, or a plain official statement."""

    CIRCULATING = "circulating"
    REFUTATION = "refutation"
    NOTICE = "notice"


class Health(StrEnum):
    """State of a source as the desk sees it (sources.md 3)."""

    OK = "ok"
    FAILING = "failing"
    SILENT = "silent"
    DRIFTING = "drifting"
    MOVED = "moved"
    GONE = "gone"
    PAUSED = "paused"


class Revalidation(StrEnum):
    """Whether a source is asked with its validators. `skip`: not at the next poll, for the desk asked for that one;
    `off`: never again, because a 304 had hidden items (sources.md 3).
    """

    ON = "on"
    SKIP = "skip"
    OFF = "off"


class SourceAct(StrEnum):
    """What an editor may do with a source. `follow` and `stay` answer a move, `return` takes one back, `learn` takes
    the new look of its pages for the usual one, `drop` takes back what waits for a second editor.
    """

    CHECK = "check"
    PAUSE = "pause"
    RESUME = "resume"
    FOLLOW = "follow"
    STAY = "stay"
    RETURN = "return"
    LEARN = "learn"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Licence:
    """What we may reuse of a source: `link`, `excerpt` (<= 200 characters) or `full`."""

    reuse: str = "link"
    terms: str = ""
    reviewed_on: date | None = None
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A registry entry: who is read, where, how, and what it may count as. Runtime state is `SourceState`."""

    id: str
    names: Mapping[str, str]
    kind: SourceKind
    authority: int
    domain: str
    url: str
    format: str
    role: Role
    language: str
    timezone: str = "UTC"
    licence: Licence = field(default_factory=Licence)
    every_min: int = 60
    silent_after_h: int = 0  # 0: by its own rhythm
    is_enabled: bool = False
    options: Mapping[str, object] = field(
        default_factory=dict
    )  # select, labels, role_rules, also_hosts, dates, … as in sources.toml

    def name(self, language: str) -> str:
        """The source's name in `language`, else in any language it has."""
        return self.names.get(language) or next(iter(self.names.values()), self.id)


@dataclass(frozen=True, slots=True)
class Move:
    """Where a source sends us for good: the address, and the days it did (as many as it takes to be believed).

    `domain` is the registrable domain of the address where that is not the source's own, else empty.
    """

    to: str
    days: tuple[date, ...] = ()
    domain: str = ""
    is_refused: bool = False  # by an editor; asked again only for another address


@dataclass(frozen=True, slots=True)
class Proposal:
    """An act on an official source that one editor asks for and another one has to confirm."""

    act: SourceAct
    editor_id: str
    at: datetime
    note: str = ""
    review_on: date | None = None
    to: str = ""  # follow: the address; return: the one that is left
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """A page of an item that left its list, and when it was asked for in vain."""

    name: str  # the item's
    url: str
    at: tuple[datetime, ...] = ()


#: The error of a poll whose language and issuer of the certificate have changed together (E4).
IN_OTHER_HANDS = "identity_changed"


@dataclass(frozen=True, slots=True)
class SourceState:
    """What the crawler knows about a source between two polls. `etag` and `last_modified` are opaque."""

    source_id: str
    next_check_at: datetime
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    health: Health = Health.OK
    error_code: str | None = None
    error_count: int = 0
    last_checked_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    new_item_count: int = 0
    note: str = ""
    failing_since: datetime | None = None  # the first of the failures in a row
    missing_since: datetime | None = None  # the first of the 404s in a row
    doubts: tuple[str, ...] = ()  # health drifting: in what the answers differ from before
    move: Move | None = None
    address: str = ""  # read instead of the registered one, after a move
    also_domain: str = ""  # counts as the source's own, approved by editors
    revalidation: Revalidation = Revalidation.ON
    learn_from: datetime | None = None  # answers before it are no measure for drifting any more
    proposal: Proposal | None = None
    review_on: date | None = None  # health paused: when to look at it again
    absences: tuple[Absence, ...] = ()  # pages that may have been withdrawn
    look_again_at: datetime | None = None  # when to ask next for pages that left the list

    @property
    def is_in_other_hands(self) -> bool:
        """Whether it may be: nothing of its answers is recorded until an editor has looked."""
        return self.health is Health.MOVED and self.error_code == IN_OTHER_HANDS


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """What one poll of a source came to: a row of its log. `status` is ok, not_modified, unchanged or error."""

    source_id: str
    checked_at: datetime
    status: str
    code: str = ""
    http_status: int | None = None
    ms: int = 0
    wire_bytes: int = 0
    body_sha256: str = ""
    listed_count: int = 0  # entries that the source's own document showed
    item_count: int = 0  # items read, pages included; of them
    dated_count: int = 0
    worded_count: int = 0
    tagged_count: int = 0  # with a label
    language: str = ""  # of most items
    host: str = ""  # of most links
    bad_count: int = 0
    new_count: int = 0
    repeat_count: int = 0
    variant_count: int = 0
    revised_count: int = 0
    withdrawn_count: int = 0
    label_count: int = 0  # new or changed reviews with a label; of them
    unmapped_count: int = 0  # those whose label no table knows
    doubts: tuple[str, ...] = ()
    issuer: str = ""  # of the server's certificate
    generator: str = ""  # the program that the document says it was made by


@dataclass(frozen=True, slots=True)
class SourceSample:
    """What a source answered last: that could be used (good), or that could not or looked otherwise than before."""

    source_id: str
    is_good: bool
    taken_at: datetime
    url: str
    content_type: str
    size: int  # of the whole body
    body: bytes  # its beginning


@dataclass(frozen=True, slots=True)
class CheckCounts:
    """A source's log of some days, added up."""

    check_count: int = 0
    error_count: int = 0
    new_count: int = 0
    label_count: int = 0
    unmapped_count: int = 0


@dataclass(frozen=True, slots=True)
class PollCounts:
    """The polls of all sources that ended alike, added up."""

    status: str
    code: str
    poll_count: int
    new_count: int
    variant_count: int
    repeat_count: int
    revised_count: int
    withdrawn_count: int
    bad_count: int


@dataclass(frozen=True, slots=True)
class Concern:
    """Something about a source that a person should look at; an alarm is for everybody on the desk, at once."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    is_alarm: bool = False


@dataclass(frozen=True, slots=True)
class SourceLease:
    """A due source taken by one worker until `until`; its epoch makes a late commit void."""

    source: Source
    state: SourceState
    owner: str
    epoch: int
    until: datetime
