"""C16: what the owner of the database does to the audit rows behind our back shows at the first bad row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from index.records import SqlRecords
from tests.records.samples import after

ROWS = 60


@pytest.fixture
def chain(records: SqlRecords) -> SqlRecords:
    with records.begin() as unit:
        for n in range(ROWS):
            unit.append_audit(after(seconds=n), f"edt_{n % 3}", "saved", f"ref_{n % 7}", {"headline": f"标题 {n}"})
    return records


@pytest.fixture
def tamper(fresh_url: str) -> Iterator[Callable[[str], None]]:
    """Runs statements as somebody who may do anything: without the triggers."""
    engine = create_engine(fresh_url)

    def run(script: str) -> None:
        with engine.begin() as connection:
            _without_triggers(connection)
            for statement in script.split(";"):
                connection.execute(text(statement))

    yield run
    engine.dispose()


def _without_triggers(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
    else:
        for act in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS audit_log_no_{act}"))


TAMPERINGS = {
    "an act edited": ("UPDATE audit_log SET act = 'approved' WHERE seq = 20", 20),
    "an actor edited": ("UPDATE audit_log SET actor_id = 'edt_z' WHERE seq = 1", 1),
    "a subject edited": ("UPDATE audit_log SET subject_id = 'ref_9' WHERE seq = 60", 60),
    "a time moved": ("UPDATE audit_log SET at = (SELECT at FROM audit_log WHERE seq = 4) WHERE seq = 5", 5),
    "values edited": (
        """UPDATE audit_log SET "values" = (SELECT "values" FROM audit_log WHERE seq = 3) WHERE seq = 8""",
        8,
    ),
    "a hash replaced": (
        "UPDATE audit_log SET row_hash = (SELECT row_hash FROM audit_log WHERE seq = 9) WHERE seq = 10",
        10,
    ),
    "a link replaced": ("UPDATE audit_log SET prev_hash = '' WHERE seq = 33", 33),
    "the first row deleted": ("DELETE FROM audit_log WHERE seq = 1", 2),
    "a row deleted": ("DELETE FROM audit_log WHERE seq = 30", 31),
    "a row deleted and the rest moved up": (
        "DELETE FROM audit_log WHERE seq = 30; UPDATE audit_log SET seq = seq + 1000 WHERE seq > 30;"
        "UPDATE audit_log SET seq = seq - 1001 WHERE seq > 1000",
        30,
    ),
    "two rows exchanged": (
        "UPDATE audit_log SET seq = 1000 WHERE seq = 40; UPDATE audit_log SET seq = 40 WHERE seq = 41;"
        "UPDATE audit_log SET seq = 41 WHERE seq = 1000",
        40,
    ),
    "a row inserted": (
        'INSERT INTO audit_log SELECT 61, at, actor_id, act, subject_id, "values", prev_hash, row_hash '
        "FROM audit_log WHERE seq = 60",
        61,
    ),
    "the tail cut": ("DELETE FROM audit_log WHERE seq > 50", 51),
    "everything deleted": ("DELETE FROM audit_log", 1),
    "the tail cut and the head set back": (
        "DELETE FROM audit_log WHERE seq > 50; UPDATE audit_head SET seq = 50",
        51,
    ),
    "the head deleted": ("DELETE FROM audit_head", 61),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_c16_tampering_names_the_first_bad_row(chain: SqlRecords, tamper: Callable[[str], None], what: str) -> None:
    with chain.read() as unit:
        assert unit.first_broken_audit_row() is None
    script, first_bad = TAMPERINGS[what]
    tamper(script)
    with chain.read() as unit:
        assert unit.first_broken_audit_row() == first_bad


def test_c16_tampering_is_still_named_after_more_was_written(chain: SqlRecords, tamper: Callable[[str], None]) -> None:
    tamper("UPDATE audit_log SET act = 'approved' WHERE seq = 20")
    with chain.begin() as unit:
        unit.append_audit(after(hours=1), "edt_a", "saved", "ref_1", {})
        assert unit.first_broken_audit_row() == 20


def test_c16_anyone_can_recompute_the_chain_from_its_rows(chain: SqlRecords) -> None:
    last_hash = ""
    with chain.read() as unit:
        entries = unit.audit(limit=ROWS)[::-1]
    for entry in entries:
        content = {
            "seq": entry.seq,
            "at": entry.at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
            "actor_id": entry.actor_id,
            "act": entry.act,
            "subject_id": entry.subject_id,
            "values": dict(entry.values),
            "prev_hash": last_hash,
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        last_hash = hashlib.sha256(canonical.encode()).hexdigest()
        assert entry.row_hash == last_hash
    assert len(entries) == ROWS
    # the same on both databases and in every later version
    assert last_hash == "bdde47ae1f317cb1354365c3b32a4199d4db35862697b8e9666a0b10d2e7fb75"
