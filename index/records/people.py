"""Editors, their sessions and failed log-ins; tips from the public and counts of unanswered checks."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import RowMapping, and_, delete, func, select

from index.errors import Conflict
from index.model import Editor, EditorRole, Tip, TipStatus
from index.records.room import Room, bounded
from index.records.tables.desk import editors, failed_logins, sessions, tips, unanswered_checks
from index.records.types import clean, key_of

EDITOR_COLUMNS = [editors.c[name] for name in Editor.__dataclass_fields__]
TIP_COLUMNS = [tips.c[name] for name in Tip.__dataclass_fields__]
#: A failed log-in is kept no longer (reliability.md E5: the rate-limit key dies).
FAILED_LOGIN_KEPT = timedelta(hours=24)


class PeopleRoom(Room):
    """Who may work on the desk."""

    def put_editor(self, editor: Editor, password_hash: str | None = None) -> None:
        """None keeps the stored hash. Raises: Conflict if another editor has the name."""
        folded = _folded(editor.name)
        named = self._one(select(editors.c.id).where(editors.c.name_folded == folded, editors.c.id != editor.id))
        if named is not None:
            raise Conflict("another editor has this name", field="name")
        row = {name: getattr(editor, name) for name in Editor.__dataclass_fields__}
        keep = () if password_hash is not None else ("password_hash",)
        self._put(editors, {**row, "name_folded": folded, "password_hash": password_hash or ""}, keep)

    def editor(self, editor_id: str) -> Editor | None:
        row = self._one(select(*EDITOR_COLUMNS).where(editors.c.id == editor_id))
        return None if row is None else _editor(row)

    def editor_by_name(self, name: str) -> tuple[Editor, str] | None:
        """The editor and the password hash; names compare case-folded."""
        row = self._one(select(*EDITOR_COLUMNS, editors.c.password_hash).where(editors.c.name_folded == _folded(name)))
        return None if row is None else (_editor(row), row["password_hash"])

    def editors(self) -> tuple[Editor, ...]:
        """Newest first."""
        newest_first = select(*EDITOR_COLUMNS).order_by(editors.c.created_at.desc(), editors.c.id.desc())
        return tuple(_editor(row) for row in self._all(newest_first))

    # --- sessions ---

    def put_session(self, token_sha256: str, editor_id: str, now: datetime, expires_at: datetime) -> None:
        """Expired sessions are swept on the way."""
        self._change(delete(sessions).where(sessions.c.expires_at <= now))
        row = {"token_sha256": token_sha256, "editor_id": editor_id, "created_at": now, "expires_at": expires_at}
        self._put(sessions, row)

    def session(self, token_sha256: str, now: datetime) -> Editor | None:
        """The active editor of a live session; reads only."""
        is_live = and_(sessions.c.token_sha256 == token_sha256, sessions.c.expires_at > now, editors.c.is_active)
        row = self._one(select(*EDITOR_COLUMNS).join_from(sessions, editors).where(is_live))
        return None if row is None else _editor(row)

    def end_session(self, token_sha256: str) -> None:
        self._change(delete(sessions).where(sessions.c.token_sha256 == token_sha256))

    def end_sessions(self, editor_id: str) -> None:
        self._change(delete(sessions).where(sessions.c.editor_id == editor_id))

    def failed_logins(self, key: str, since: datetime) -> int:
        counted = select(func.count()).select_from(failed_logins)
        return int(self._scalar(counted.where(failed_logins.c.key == key_of(key), failed_logins.c.at >= since)))

    def add_failed_login(self, key: str, at: datetime) -> None:
        """Older failures than a day are forgotten on the way."""
        self._change(delete(failed_logins).where(failed_logins.c.at < at - FAILED_LOGIN_KEPT))
        self._add(failed_logins, {"key": key_of(key), "at": at})

    def clear_failed_logins(self, key: str) -> None:
        self._change(delete(failed_logins).where(failed_logins.c.key == key_of(key)))


class TipRoom(Room):
    """What the public sent in. It masks nothing: texts arrive masked."""

    def put_tip(self, tip: Tip, receipt_sha256: str | None = None) -> None:
        """None keeps the stored receipt."""
        row = {name: getattr(tip, name) for name in Tip.__dataclass_fields__}
        keep = () if receipt_sha256 is not None else ("receipt_sha256",)
        self._put(tips, {**row, "receipt_sha256": receipt_sha256}, keep)

    def tip_by_receipt(self, receipt_sha256: str) -> Tip | None:
        row = self._one(select(*TIP_COLUMNS).where(tips.c.receipt_sha256 == receipt_sha256))
        return None if row is None else _tip(row)

    def tips(self, *, limit: int = 50) -> tuple[Tip, ...]:
        newest_first = select(*TIP_COLUMNS).order_by(tips.c.received_at.desc(), tips.c.id.desc())
        return tuple(_tip(row) for row in self._all(newest_first.limit(bounded(limit))))

    def tips_of(self, claim_id: str) -> tuple[Tip, ...]:
        of_claim = select(*TIP_COLUMNS).where(tips.c.claim_id == claim_id)
        return tuple(_tip(row) for row in self._all(of_claim.order_by(tips.c.received_at.desc(), tips.c.id.desc())))

    def count_tips(self) -> int:
        return int(self._scalar(select(func.count()).select_from(tips)))

    def delete_tip(self, tip_id: str) -> None:
        self._change(delete(tips).where(tips.c.id == tip_id))

    def claims_of_tips_before(self, received_before: datetime) -> tuple[str, ...]:
        """The claims, each once, of the tips that readers sent in before then."""
        old = select(tips.c.claim_id).where(tips.c.received_at < received_before, tips.c.claim_id.is_not(None))
        return tuple(row["claim_id"] for row in self._all(old.distinct().order_by(tips.c.claim_id)))

    def delete_tips_before(self, received_before: datetime) -> int:
        """Deletes old tips; returns how many."""
        old = delete(tips).where(tips.c.received_at < received_before)
        return len(self._all(old.returning(tips.c.id)))

    def count_unanswered_check(self, fingerprint: str, now: datetime) -> None:
        """A check that found nothing, counted by fingerprint only (ux.md 4.2)."""
        insert = self._insert(unanswered_checks).values(
            fingerprint=key_of(fingerprint), count=1, first_at=now, last_at=now
        )
        once_more = {"count": unanswered_checks.c.count + 1, "last_at": insert.excluded.last_at}
        self._connection.execute(insert.on_conflict_do_update(index_elements=["fingerprint"], set_=once_more))


def _folded(name: str) -> str:
    return key_of(clean(name).strip().casefold())


def _editor(row: RowMapping) -> Editor:
    values = {name: row[name] for name in Editor.__dataclass_fields__}
    return Editor(**values | {"role": EditorRole(row["role"])})


def _tip(row: RowMapping) -> Tip:
    return Tip(**{**row, "status": TipStatus(row["status"])})
