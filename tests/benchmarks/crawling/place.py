"""Where a benchmark of crawling stores: a folder with SQLite, or a database of a PostgreSQL server; the farm's sources.

Nothing encodes: the encoder is the hashed one of the tests, and the index is not kept up unless a bar asks for it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from index import Catalogue, open_catalogue
from index.model import Health, Licence, Role, Source, SourceKind
from index.settings import Settings
from tests.benchmarks.crawling.farm import Farm, host
from tests.engines import PostgresServer
from tests.engines.postgres_server import drop_database, new_database

ENGINES = ("sqlite", "postgresql")


@dataclass
class Place:
    """One benchmark's database and folder; `rows` asks the database directly, past the catalogue."""

    folder: Path
    database_url: str = ""
    hosts: tuple[str, ...] = ()
    _engine: sa.Engine | None = field(default=None, repr=False)

    def settings(self, **changes: Any) -> Settings:
        values: dict[str, Any] = {
            "data_dir": self.folder,
            "database_url": self.database_url,
            "encoder": "hashed",
            "internal_targets": self.hosts,
            "log_format": "json",
        }
        return Settings(**(values | changes))

    def open(self, **changes: Any) -> Catalogue:
        return open_catalogue(self.settings(**changes))

    def rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(statement), values)]

    def change(self, statement: str, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), values)

    def set_all_due(self) -> datetime:
        """Makes every source due now; returns that moment."""
        now = datetime.now(UTC)
        self.change("UPDATE source_states SET next_check_at = :at", at=self.time(now))
        return now

    def time(self, at: datetime) -> Any:
        """A time as the database's columns hold it."""
        return at if self.database_url else at.replace(tzinfo=None).isoformat(" ", "microseconds")

    def recorded_since(self, at: datetime) -> int:
        statement = "SELECT count(*) FROM source_states WHERE last_checked_at >= :at"
        return int(self.rows(statement, at=self.time(at))[0][0])

    @property
    def engine(self) -> sa.Engine:
        if self._engine is None:
            self._engine = sa.create_engine(self.settings().database)
        return self._engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


@contextlib.contextmanager
def place(engine: str, folder: Path | None = None) -> Iterator[Place]:
    """A fresh, migrated database for the time of a block, at CLARION_TEST_POSTGRES or on a server of our own."""
    with contextlib.ExitStack() as stack:
        url = ""
        if engine == "postgresql":
            server = os.environ.get("CLARION_TEST_POSTGRES", "") or stack.enter_context(PostgresServer()).url
            url = new_database(server)
            stack.callback(drop_database, url)
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clarion-crawl-")))
        made = Place(folder, url)
        stack.callback(made.close)
        catalogue = made.open()
        catalogue.migrate()
        catalogue.close()
        yield made


def feeds(farm: Farm, count: int, host_count: int, **changes: Any) -> tuple[Source, ...]:
    """The farm's feeds as sources of a checker, spread evenly over its hosts."""
    return tuple(feed(number, farm, host(number % host_count), **changes) for number in range(count))


def feed(number: int, farm: Farm, address: str, **changes: Any) -> Source:
    """The farm's n-th feed, at one of its hosts. The interval is left to `Crews`."""
    values: dict[str, Any] = {
        "id": f"farm-{number}",
        "names": {"en": f"Farm {number}"},
        "kind": SourceKind.CHECKER,
        "authority": 2,
        "domain": address,
        "url": f"http://{address}:{farm.port}/f/{number}",
        "format": "feed",
        "role": Role.REFUTATION,
        "language": "en",
        "licence": Licence(terms="none", attribution="none"),
        "every_min": 0,
        "silent_after_h": 10**6,
        "is_enabled": True,
        "options": {"robots_override": "the farm has no robots.txt", "also_hosts": ["checks.example"]},
    }
    return Source(**(values | changes))


def settle(place: Place, farm: Farm, sources: tuple[Source, ...], is_due: bool = True) -> None:
    """Registers the sources and admits the farm's addresses."""
    place.hosts = tuple(sorted({f"{s.domain}:{farm.port}" for s in sources}))
    catalogue = place.open()
    catalogue.put_sources(sources)
    catalogue.close()
    if not is_due:
        put_off(place)


def put_off(place: Place) -> None:
    """Nothing is due for a year."""
    place.change("UPDATE source_states SET next_check_at = :at", at=place.time(datetime(2099, 1, 1, tzinfo=UTC)))


def know_tags(place: Place, count: int) -> None:
    """As if every source had been polled before: the state holds the tag that a steady farm gives."""
    place.change(
        "UPDATE source_states SET etag = '\"' || substr(source_id, 6) || '\"', body_sha256 = 'known', health = :ok",
        ok=Health.OK.value,
    )
    assert place.rows("SELECT count(*) FROM source_states WHERE etag IS NOT NULL") == [(count,)]
