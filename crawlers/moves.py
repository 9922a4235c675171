"""Whether a source has moved: permanent redirects are believed after seven different days (reliability.md A5). Pure.

An official source is held for an editor then; another registrable domain holds it at once (E4), see `pipeline`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import urlsplit

from crawlers.domains import is_within, registrable
from index.model import Move, SourceLease
from index.outbound import Hop

DAYS = 7
_PERMANENT = frozenset({301, 308})


def seen(move: Move | None, asked: str, to: str, hops: Sequence[Hop], own: Sequence[str], today: date) -> Move | None:
    """What is known of a move after an answer that could be read: `asked` led to `to` by `hops`. None: it has not
    moved, or not for good, or to a mere home page. What editors refused stays refused.
    """
    if not hops or any(hop.status not in _PERMANENT for hop in hops) or (_is_home(to) and not _is_home(asked)):
        return move if move is not None and move.is_refused else None
    if move is None or move.to != to:
        return Move(to, (today,), "" if is_within(to, own) else registrable(to))
    if today in move.days or len(move.days) >= DAYS:
        return move
    return replace(move, days=(*move.days, today))


def is_believed(move: Move | None) -> bool:
    """Whether it was seen on enough days, and no editor refused it."""
    return move is not None and not move.is_refused and len(move.days) >= DAYS


def elsewhere(move: Move | None, to: str, today: date) -> Move:
    """An answer from another registrable domain: a move that counts at once. A refusal of the same address stays."""
    return move if move is not None and move.to == to and move.domain else Move(to, (today,), registrable(to))


def address_of(lease: SourceLease) -> str:
    """Where the source is read now: as registered, or where it has moved to since."""
    return lease.state.address or lease.source.url


def hosts_of(lease: SourceLease) -> tuple[str, ...]:
    """The hosts that speak for the source: as registered, and what editors approved after a move."""
    also = lease.source.options.get("also_hosts", ())
    listed = tuple(str(h) for h in also) if isinstance(also, list | tuple) else ()
    return (lease.source.domain, *listed, *((lease.state.also_domain,) if lease.state.also_domain else ()))


def _is_home(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query
