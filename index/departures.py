"""What left its source: which pages are worth asking for again, and which of our texts cite what was withdrawn."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from index import workflow
from index.errors import InvalidInput, NotFound, Refused
from index.ids import is_id
from index.lookalike import host_of
from index.model import Absence, Editor
from index.ports import Parts
from index.text import url_key

AGAIN_AFTER = timedelta(days=1)
FRESH_FOR = timedelta(days=30)  # afterwards only what our texts cite is asked for again
MAX_NOTE = 500


def departed_items(parts: Parts, source_id: str, listed: Collection[str], limit: int) -> tuple[Absence, ...]:
    """See Catalogue.departed_items."""
    now = parts.clock.now()
    with parts.records.read() as unit:
        source = unit.source(source_id)
        if source is None:
            raise NotFound(f"no source {source_id}")
        cited = [url for url in unit.cited_urls() if source.domain in host_of(url)]
        names = [name for url in cited for name in (url, f"url:{url_key(url)}")]
        return unit.departed_items(
            source_id, listed, names, now=now, seen_before=now - AGAIN_AFTER, new_since=now - FRESH_FOR, limit=limit
        )


def asked_again(parts: Parts, source_id: str, names: Collection[str]) -> None:
    """See Catalogue.asked_again."""
    with parts.records.begin() as unit:
        unit.asked_again(source_id, names, parts.clock.now())


def keep_citations(parts: Parts, refutation_id: str, editor: Editor, urls: Collection[str], reason: str) -> None:
    """See Catalogue.keep_citations."""
    workflow.keep_citations(editor, reason)
    if len(reason) > MAX_NOTE:
        raise InvalidInput(code="too_long", field="reason")
    with parts.records.begin() as unit:
        unit.hold_desk()
        refutation = unit.refutation(refutation_id) if is_id(refutation_id, "ref") else None
        if refutation is None:
            raise NotFound(f"no refutation {refutation_id}")
        kept = sorted(set(unit.withdrawn_citations(refutation_id).get(refutation_id, ())) & set(urls))
        if not kept:  # only what the editor saw: another page may have been withdrawn meanwhile
            raise Refused(code="wrong_status")
        unit.keep_citations(refutation_id, kept)
        shown = refutation.published or refutation.revisions[-1]
        values = {"headline": shown.text.headline, "note": reason.strip(), "pages": " ".join(kept)}
        unit.append_audit(parts.clock.now(), editor.id, "citations_kept", refutation_id, values)
