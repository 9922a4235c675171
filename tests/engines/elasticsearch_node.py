"""A real Elasticsearch node from the server's own jars on Maven Central, without the distribution archive.

pom.xml -> jars (once, kept in the cache) -> home folder -> TestNode.java on a JDK -> HTTP on loopback.
The node lives as long as this process holds the pipe to its standard input, so a killed test run leaves no stray node.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.engines.processes import LOOPBACK, EngineUnavailable, free_port, locked, tail, wait_until

HERE = Path(__file__).parent
VERSION_8 = "8.19.21"
VERSION_9 = "9.5.3"
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0

PLUGIN_DESCRIPTOR = """\
description=Netty transport
version={version}
elasticsearch.version={version}
name=transport-netty4
classname=org.elasticsearch.transport.netty4.Netty4Plugin
java.version=17
modulename=org.elasticsearch.transport.netty4
"""
LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


@dataclass(frozen=True)
class Jdk:
    """One installed Java development kit (the launcher is compiled as it starts, so a runtime alone is not enough)."""

    home: Path
    major: int

    @property
    def java(self) -> Path:
        return self.home / "bin" / "java"


def find_jdks() -> list[Jdk]:
    """Every JDK at JAVA_HOME, under /usr/lib/jvm or behind `java` on the path, oldest first."""
    homes = [Path(value) for value in [os.environ.get("JAVA_HOME")] if value]
    homes += sorted(Path("/usr/lib/jvm").glob("*"))
    on_path = shutil.which("java")
    if on_path:
        homes.append(Path(on_path).resolve().parent.parent)
    found: dict[Path, Jdk] = {}
    for home in homes:
        release = home / "release"
        if not (home / "bin" / "javac").exists() or not release.exists():
            continue
        match = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE)
        if match:
            found[home.resolve()] = Jdk(home.resolve(), int(match.group(1)))
    return sorted(found.values(), key=lambda jdk: jdk.major)


def jdk_for(version: str) -> Jdk:
    """The oldest JDK that runs this server: 17 or later for 8.x, 21 or later for 9.x. Raises EngineUnavailable."""
    needed = 17 if version.startswith("8.") else 21
    for jdk in find_jdks():
        if jdk.major >= needed:
            return jdk
    raise EngineUnavailable(f"no JDK {needed} or later (Debian: openjdk-17-jdk-headless) for Elasticsearch {version}")


def cache_folder() -> Path:
    """CLARION_TEST_CACHE, or ~/.cache/clarion."""
    named = os.environ.get("CLARION_TEST_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "clarion"


def prepare_home(version: str) -> Path:
    """The home folder of one version, downloaded on first use. Raises EngineUnavailable without Maven or its jars."""
    home = cache_folder() / "elasticsearch" / version
    with locked(home.with_name(f"{version}.lock")):
        if not home.exists():
            with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
                built = _build_home(version, Path(scratch))
                built.rename(home)
    return home


def _build_home(version: str, scratch: Path) -> Path:
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineUnavailable("no mvn (Debian: maven) to fetch the Elasticsearch jars")
    jars, log = scratch / "jars", scratch / "maven.log"
    command = [maven, "--batch-mode", "--strict-checksums", "--file", str(HERE / "pom.xml")]
    command += [DEPENDENCY_PLUGIN, f"-Delasticsearch.version={version}", f"-DoutputDirectory={jars}"]
    with log.open("wb") as output:
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    if status != 0:
        raise EngineUnavailable(f"Maven could not fetch Elasticsearch {version}:\n{tail(log)}")

    home = scratch / "home"
    transport = home / "modules" / "transport-netty4"
    for folder in (home / "lib", home / "config", home / "plugins", transport):
        folder.mkdir(parents=True)
    for jar in jars.glob("*.jar"):
        is_transport = jar.name.startswith(("netty-", "transport-netty4-"))
        jar.rename((transport if is_transport else home / "lib") / jar.name)
    (transport / "plugin-descriptor.properties").write_text(PLUGIN_DESCRIPTOR.format(version=version))
    (home / "config" / "log4j2.properties").write_text(LOGGING)
    (home / "config" / "elasticsearch.yml").touch()
    return home


class ElasticsearchNode:
    """Starts, stops and kills one node. Does not form clusters by itself: pass `settings` for that."""

    def __init__(
        self,
        version: str = VERSION_8,
        *,
        port: int | None = None,
        heap: str = "1g",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.version = version
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._heap = heap
        self._settings = dict(settings or {"discovery.type": "single-node"})
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def log(self) -> Path:
        return self._data_folder() / "node.log"

    def start(self) -> ElasticsearchNode:
        """Returns when the node answers its health check; a second start finds the data of the first."""
        jdk, home = jdk_for(self.version), prepare_home(self.version)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command(jdk, home), stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
            )
        what = f"Elasticsearch {self.version}"
        try:
            wait_until(self._answers, self._process, what=what, log=self.log, timeout_s=START_TIMEOUT_S)
        except RuntimeError:
            self.kill()
            raise
        return self

    def stop(self) -> None:
        """Closes the pipe, which closes the node cleanly; the data stay until `close()`."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """As `kill -9`: nothing is flushed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = None

    def close(self) -> None:
        self.stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> ElasticsearchNode:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _command(self, jdk: Jdk, home: Path) -> list[str]:
        modules = ["jdk.net", "ALL-MODULE-PATH"]
        command = [str(jdk.java), f"-Xmx{self._heap}", "-Dlog4j2.disable.jmx=true"]
        if jdk.major >= 21:
            modules.insert(0, "jdk.incubator.vector")
            command.append("--enable-native-access=org.elasticsearch.nativeaccess,org.apache.lucene.core")
        # On the class path instead of the module path the server fails: Module.getDescriptor() is null.
        command += ["--module-path", str(home / "lib"), "--add-modules", ",".join(modules), str(HERE / "TestNode.java")]
        folder = self._data_folder()
        settings = {
            "cluster.name": "clarion-tests",
            "node.name": "n1",
            "http.port": str(self.port),
            "transport.port": str(free_port()),
            # A nearly full disk would turn every index read-only; these indexes are small and temporary.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            **self._settings,
            "path.home": str(home),
            "path.data": str(folder / "data"),
            "path.logs": str(folder / "logs"),
        }
        return command + [f"{key}={value}" for key, value in settings.items()]

    def _data_folder(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="clarion-elasticsearch-")
        return Path(self._folder.name)

    def _answers(self) -> bool:
        # The node has no `GET /`: the module that serves it is not published.
        try:
            with urllib.request.urlopen(f"{self.url}/_cluster/health", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False
