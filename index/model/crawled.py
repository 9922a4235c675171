"""What is crawled: an entry as read, and what it is kept as: a sighting, or another publisher's review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from index.model.published import Verdict
from index.model.sources import Role


class Grouped(StrEnum):
    """What recording an item did (grouping.py for circulating texts, the item's identity for the rest)."""

    NEW = "new"
    REPEAT = "repeat"
    VARIANT = "variant"
    REVISED = "revised"


@dataclass(frozen=True, slots=True)
class Item:
    """One parsed entry before judgement. `text` is plain text; links are absolute http(s)."""

    native_id: str
    url: str
    title: str
    text: str
    language: str
    role: Role
    published_at: datetime | None = None
    updated_at: datetime | None = None
    date_quality: str = "exact"  # or approximate: told as a distance or without its year
    publisher: str = ""
    claim: str = ""  # refutations: the wording reviewed
    claimant: str = ""
    appearances: tuple[str, ...] = ()  # refutations: where the claim was seen
    label: str = ""  # the publisher's own verdict word
    rating: tuple[float, float, float] | None = None  # value, worst, best
    is_withdrawn: bool = False  # of an item that names others in `supersedes`: it withdraws them too
    aliases: tuple[str, ...] = ()  # other spellings of native_id
    supersedes: tuple[str, ...] = ()  # native ids of the source's items that this one takes the place of
    expires_at: datetime | None = None  # notices: until when they are in force


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item as the crawler hands it over: with the verdict its label suggests and the authority its publisher has
    here.
    """

    item: Item
    verdict: Verdict | None = None
    mapped_by: str = "none"  # source | global | prefix | number | none
    authority: int = 0
    is_offsite: bool = False


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """What recording one poll did, in counts, and which claims now want linking."""

    new_count: int = 0
    repeat_count: int = 0
    variant_count: int = 0
    revised_count: int = 0
    withdrawn_count: int = 0
    claim_ids: tuple[str, ...] = ()
    label_count: int = 0  # reviews with a label; of them
    unmapped_count: int = 0  # those whose label no table knows

    def plus(self, other: RecordOutcome) -> RecordOutcome:
        """Both together, for a dump that is recorded in portions."""
        return RecordOutcome(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place and time a claim was seen. No names, handles or counts are kept."""

    id: str
    claim_id: str
    source_id: str
    native_id: str
    url: str
    title: str
    text: str
    language: str
    fingerprint: str
    seen_at: datetime
    published_at: datetime | None = None
    is_debunk: bool = False  # quotes the claim to deny it: not counted as spread
    date_quality: str = "exact"  # of published_at, as the Item had it


class NoticeState(StrEnum):
    """How an official notice stands; derived, never stored."""

    IN_FORCE = "in_force"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class OutsideRefutation:
    """Another publisher's review, as crawled. A suggestion for editors; never a Clarion verdict."""

    id: str
    source_id: str
    native_id: str
    url: str
    title: str
    text: str
    claim: str
    language: str
    label: str
    verdict: Verdict | None  # suggested from the label, see `mapped_by`
    mapped_by: str  # source | global | prefix | number | none
    publisher: str
    authority: int
    is_offsite: bool
    published_at: datetime | None
    seen_at: datetime
    version: int
    is_withdrawn: bool = False
    date_quality: str = "exact"  # of published_at, as the Item had it
