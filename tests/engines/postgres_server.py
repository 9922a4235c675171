"""A real PostgreSQL server from Debian's packages, in a temporary folder, on a loopback port.

initdb -> postgres -h 127.0.0.1 -> one fresh database for each `new_database()`. Durability settings are left as in
production (fsync and synchronous_commit on), so that what a test proves about commits holds there too.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path
from types import TracebackType

import psycopg
import psycopg.sql

from tests.engines.processes import LOOPBACK, EngineUnavailable, free_port, wait_until

USER = "clarion"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0


def find_binaries() -> Path:
    """The folder with `initdb` and `postgres`, newest version first. Raises EngineUnavailable."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).parent)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise EngineUnavailable("no PostgreSQL server (Debian: postgresql)")


class PostgresServer:
    """Starts and stops one server and makes databases in it. Does not create tables: that is the migrations' work."""

    def __init__(self, *, port: int | None = None, folder: Path | None = None) -> None:
        """`folder`: where the data stay after the end, for a later server; else they are in a temporary one."""
        self.port = port or free_port()
        self._kept = folder
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of the maintenance database, as SQLAlchemy writes it; `new_database()` takes such an address."""
        return f"postgresql+psycopg://{USER}@{LOOPBACK}:{self.port}/postgres"

    @property
    def log(self) -> Path:
        return self._data_folder() / "server.log"

    def start(self) -> PostgresServer:
        """Returns when connections are accepted; a second start finds the data of the first."""
        binaries, folder = find_binaries(), self._data_folder()
        as_user = _as_ordinary_user(folder)
        if not (folder / "data").exists():
            initdb = [str(binaries / "initdb"), "-D", str(folder / "data"), "--username", USER, "--auth=trust"]
            initdb += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
            done = subprocess.run([*as_user, *initdb], cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")
        server = [str(binaries / "postgres"), "-D", str(folder / "data"), "-h", LOOPBACK, "-p", str(self.port)]
        server += ["-c", "unix_socket_directories=", "-c", "max_connections=200"]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*as_user, *server], cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            wait_until(self._answers, self._process, what="PostgreSQL", log=self.log, timeout_s=START_TIMEOUT_S)
        except RuntimeError:
            self.stop(signal.SIGQUIT)
            raise
        return self

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: fast and clean. SIGQUIT: at once, so the next start must recover. The data stay until `close()`."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def new_database(self) -> str:
        """The URL of a fresh, empty database; it ends with the server."""
        return new_database(self.url)

    def close(self) -> None:
        self.stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> PostgresServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _data_folder(self) -> Path:
        if self._kept is not None:
            self._kept.mkdir(parents=True, exist_ok=True)
            return self._kept
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="clarion-postgres-")
        return Path(self._folder.name)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(_libpq_url(self.url), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False


def new_database(server_url: str) -> str:
    """Creates an empty database on the server (any SQLAlchemy URL of it) and returns its URL."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(_libpq_url(server_url), autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    return server_url.rsplit("/", 1)[0] + "/" + name


def drop_database(url: str) -> None:
    """Drops a database that `new_database()` made, ending what is still connected to it."""
    base, name = url.rsplit("/", 1)
    with psycopg.connect(_libpq_url(f"{base}/postgres"), autocommit=True) as connection:
        statement = psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        connection.execute(statement.format(psycopg.sql.Identifier(name)))


def _libpq_url(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _as_ordinary_user(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as Debian's `postgres` user, which comes to own the folder.

    `setpriv` (util-linux) also ends the server when the process that started it dies, so no stray server stays.
    """
    setpriv = shutil.which("setpriv")
    end_with_parent = [setpriv, "--pdeathsig", "INT"] if setpriv else []
    if os.geteuid() != 0:
        return [*end_with_parent, "--"] if end_with_parent else []
    if setpriv is None:
        raise EngineUnavailable("no setpriv (Debian: util-linux) to run PostgreSQL as an ordinary user")
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    who = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*end_with_parent, *who, "--"]
