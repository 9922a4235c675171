"""A desk on real parts: SQLite, embedded search, the hashed encoder, and three people who work there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from index import Catalogue, open_catalogue
from index.model import EditorRole, Item, Labelled, Role, Source, SourceKind, SourceState, Verdict
from index.settings import Settings
from webapp import auth, create_app

PASSWORD = "lantern-under-the-bridge"
START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


class MovableClock:
    """Time that a test moves by hand."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Desk:
    """The application with its catalogue and clock, and clients of people."""

    app: Flask
    catalogue: Catalogue
    clock: MovableClock

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def logged_in(self, name: str) -> Person:
        person = Person(self.client())
        answer = person.post("/desk/log-in", {"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return person

    def claim_ids(self) -> list[str]:
        admin = next(e for e in self.catalogue.editors() if e.role is EditorRole.ADMIN)
        return [row.claim.id for which in ("match", "write") for row in self.catalogue.queue(which, admin).rows]


@dataclass
class Person:
    """A browser that carries the form token like a person would: from a page it has opened."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def token(self) -> str:
        page = self.client.get("/en/desk/account")
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found, page.text
        return found[1]

    def post(self, path: str, fields: dict[str, object] | None = None, **kwargs: object) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(), **(fields or {})}, **kwargs)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with people, claims and suggestions, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("filled")
    catalogue = open_catalogue(Settings(data_dir=folder, encoder="hashed"), clock=MovableClock())
    catalogue.migrate()
    password_hash = auth.hash_password(PASSWORD)
    for name, role in PEOPLE.items():
        catalogue.add_editor(name, role, password_hash)
    fill(catalogue)
    catalogue.close()
    return folder


@pytest.fixture
def settings(tmp_path: Path, filled: Path) -> Settings:
    shutil.copytree(filled, tmp_path / "data")
    return Settings(data_dir=tmp_path / "data", encoder="hashed", site_url="http://localhost")


@pytest.fixture
def catalogue(settings: Settings, clock: MovableClock) -> Iterator[Catalogue]:
    found = open_catalogue(settings, clock=clock)
    yield found
    found.close()


@pytest.fixture
def desk(catalogue: Catalogue, settings: Settings, clock: MovableClock) -> Desk:
    app = create_app(settings, catalogue)
    app.testing = True
    return Desk(app, catalogue, clock)


PEOPLE = {
    "reporter R": EditorRole.REPORTER,
    "editor A": EditorRole.EDITOR,
    "editor B": EditorRole.EDITOR,
    "admin C": EditorRole.ADMIN,
}

SOURCES = (
    Source(
        "square", {"zh-Hans": "广场", "zh-Hant": "廣場", "en": "The square"}, SourceKind.MONITOR, 0, "square.example",
        "https://square.example/feed", "feed", Role.CIRCULATING, "zh-Hans", is_enabled=True,
    ),
    Source(
        "who", {"zh-Hans": "世界卫生组织", "zh-Hant": "世界衛生組織", "en": "WHO"},
        SourceKind.OFFICIAL, 4, "who.int", "https://www.who.int/feed", "feed", Role.REFUTATION, "zh-Hans",
        is_enabled=True,
    ),
)  # fmt: skip

SEEN = (
    "5G 基站会传播新冠病毒，要求马上拆除信号塔",
    "5G基站会传播新冠病毒，大家快要求拆除信号塔！",
    "喝高度白酒可以杀死体内的新冠病毒",
    "多吃碘盐可以防核辐射，赶快囤盐",
    "Microwaved food causes cancer, stop using the oven",
)

REVIEWED = {
    SEEN[0]: "5G 网络不会传播新冠病毒",
    SEEN[2]: "饮酒不能杀死体内的新冠病毒",
}


def fill(catalogue: Catalogue) -> None:
    """Two polls: what circulates, and official reviews of the first two claims, in the same words."""
    catalogue.put_sources(SOURCES)
    now = catalogue.now()
    leases = {lease.source.id: lease for lease in catalogue.lease_sources("tests", 10)}
    seen = [
        Labelled(
            Item(f"s{n}", f"https://square.example/{n}", text.partition("，")[0], text,
                 "en" if text.isascii() else "zh-Hans", Role.CIRCULATING, published_at=now - timedelta(hours=n))
        )
        for n, text in enumerate(SEEN)
    ]  # fmt: skip
    reviews = [
        Labelled(
            Item(f"w{n}", f"https://www.who.int/{n}", title, "世界卫生组织的说明。", "zh-Hans", Role.REFUTATION,
                 published_at=now - timedelta(days=1), claim=claim, label="不实"),
            Verdict.FALSE, "source", 4,
        )
        for n, (claim, title) in enumerate(REVIEWED.items())
    ]  # fmt: skip
    state = SourceState("", now + timedelta(hours=1), last_success_at=now, last_checked_at=now)
    catalogue.record(leases["square"], seen, replace(state, source_id="square"))
    catalogue.record(leases["who"], reviews, replace(state, source_id="who"))
    catalogue.sync()
    catalogue.link_waiting()
