"""Which pages our texts cite, those in force and those in work; and of whose pages the publisher has withdrawn.

`citations` repeats what the texts say and is derived anew with every revision that is written. That a page was
withdrawn stays with it until it comes back, until no text cites it, or until an editor keeps it all the same.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update

from index.model import Refutation, RefutationStatus
from index.records.room import Room, batches
from index.records.tables.crawled import evidence, outsides
from index.records.tables.published import citations
from index.records.types import key_of


class CitationRoom(Room):
    """The pages that our texts stand on."""

    def cited_urls(self) -> tuple[str, ...]:
        """Of every text in force or in work, each once."""
        return tuple(self._connection.execute(select(citations.c.url).distinct()).scalars())

    def set_page_withdrawn(self, url: str, at: datetime | None) -> None:
        """The publisher has withdrawn the page, or (None) shows it again."""
        self._change(update(citations).where(citations.c.page == page_of(url)).values(withdrawn_at=at))

    def keep_citations(self, refutation_id: str, urls: Collection[str]) -> None:
        """A text goes on citing these pages although they were withdrawn."""
        kept = (citations.c.refutation_id == refutation_id, citations.c.url.in_(urls))
        self._change(update(citations).where(*kept).values(withdrawn_at=None))

    def withdrawn_citations(self, refutation_id: str | None = None) -> dict[str, tuple[str, ...]]:
        """The addresses that were withdrawn, by the refutation that cites them; of one refutation, or of all."""
        statement = select(citations).where(citations.c.withdrawn_at.is_not(None)).order_by(citations.c.url)
        if refutation_id is not None:
            statement = statement.where(citations.c.refutation_id == refutation_id)
        found: dict[str, tuple[str, ...]] = {}
        for row in self._all(statement):
            found[row["refutation_id"]] = (*found.get(row["refutation_id"], ()), row["url"])
        return found

    def _derive_citations(self, refutation: Refutation | None) -> None:
        if refutation is None:  # its revision came first
            return
        own = citations.c.refutation_id == refutation.id
        in_force = None if refutation.status is RefutationStatus.WITHDRAWN else refutation.published
        texts = [r.text for r in (in_force, refutation.working) if r is not None]
        urls = {page_of(e.url): e.url for text in texts for e in text.evidence if e.url}
        known = {row["page"] for row in self._all(select(citations.c.page).where(own))}
        self._change(delete(citations).where(own, citations.c.page.not_in(urls)))
        fresh = {page: url for page, url in urls.items() if page not in known}
        gone = self._withdrawn_pages(fresh.values())
        cited_at = max((revision.saved_at for revision in refutation.revisions), default=None)
        rows = [
            {
                "refutation_id": refutation.id,
                "page": page,
                "url": url,
                "withdrawn_at": cited_at if page in gone else None,
            }
            for page, url in fresh.items()
        ]
        if rows:
            self._connection.execute(self._insert(citations).on_conflict_do_nothing(), rows)

    def _withdrawn_pages(self, urls: Collection[str]) -> set[str]:
        """Those of the pages that their publishers have withdrawn already."""
        spelt = {spelling for url in urls for spelling in _spellings(url)}
        found: set[str] = set()
        for table in (outsides, evidence):
            for batch in batches(sorted(spelt)):
                gone = select(table.c.url).where(table.c.url.in_(batch), table.c.is_withdrawn)
                found.update(page_of(url) for url in self._connection.execute(gone).scalars())
        return found


def _spellings(url: str) -> set[str]:
    """The addresses that `page_of` takes for the same page, but for what follows a `#`."""
    rest = url.partition("#")[0].partition("://")[2].removeprefix("www.").rstrip("/")
    hosts = (f"{scheme}{www}{rest}" for scheme in ("http://", "https://") for www in ("", "www."))
    return {host + end for host in hosts for end in ("", "/")}


def page_of(url: str) -> str:
    """What the spellings of one address share, as a key."""
    return key_of(url.partition("#")[0].partition("://")[2].removeprefix("www.").rstrip("/"))
