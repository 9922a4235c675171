"""What is installed is pinned and complete, and what deploy/ says is true."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from index.settings import Settings
from tests.engines.processes import free_port

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
LOCKS = sorted(ROOT.glob("requirements*.txt"))
PACKAGES = ("index", "crawlers", "webapp")

sys.path.insert(0, str(DEPLOY))
from lock import IS_TORCH, pins  # noqa: E402


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


# ------------------------------------------------------------------------------------------------------------- locks


def test_there_are_four_lock_files() -> None:
    names = [path.name for path in LOCKS]
    assert names == ["requirements-build.txt", "requirements-test.txt", "requirements-torch.txt", "requirements.txt"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_has_a_hash(lock: Path) -> None:
    entries = pins(lock.read_text())
    assert len(entries) > 1
    loose = [name for name, text in entries.items() if "==" not in name or "--hash=sha256:" not in text]
    assert loose == []


@pytest.mark.parametrize("lock", [*LOCKS, ROOT / "package-lock.json", ROOT / ".npmrc"], ids=lambda path: path.name)
def test_no_lock_names_a_registry(lock: Path) -> None:
    assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links|\"resolved\"", lock.read_text()) == []


def test_npm_packages_are_pinned_by_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert len(installed) >= 2
    assert [name for name, package in installed.items() if not package.get("integrity", "").startswith("sha512-")] == []


def test_torch_and_its_gpu_libraries_stand_apart() -> None:
    torch = pins((ROOT / "requirements-torch.txt").read_text())
    others = [name for lock in LOCKS if "torch" not in lock.name for name in pins(lock.read_text())]
    assert any(name.startswith("torch==") for name in torch)
    assert [name for name in torch if not IS_TORCH.match(name)] == []
    assert [name for name in others if IS_TORCH.match(name)] == []


def test_every_dependency_of_the_project_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert "clarion[train]" in extras["test"]  # the project itself: what it trains with is tested too
    wanted = [*project["dependencies"], *extras["test"], *extras["train"]]
    wanted.remove("clarion[train]")
    locked = {_plain(name) for lock in LOCKS for name in pins(lock.read_text())}
    assert {_plain(requirement) for requirement in wanted} - locked == set()


def _plain(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name.group()).lower()


# ------------------------------------------------------------------------------------------------- installing torch


@pytest.mark.parametrize(
    ("index", "backend", "installed"),
    [
        ("exit 0", "cpu", "--torch-backend=cpu torch=="),
        ("exit 1", "cpu", "--require-hashes -r requirements-torch.txt"),
        ("exec sleep 30", "cpu", "--require-hashes -r requirements-torch.txt"),
        ("exit 0", "", "--require-hashes -r requirements-torch.txt"),
    ],
    ids=["index answers", "index refuses", "index hangs", "no other index wanted"],
)
def test_the_cpu_build_of_torch_is_taken_where_its_index_answers(
    tmp_path: Path, index: str, backend: str, installed: str
) -> None:
    uv, log = tmp_path / "uv", tmp_path / "log"
    uv.write_text(f'#!/bin/sh\ncase "$*" in *--dry-run*) {index};; esac\necho "$*" >> {log}\n')
    uv.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TORCH_BACKEND": backend, "TORCH_PATIENCE_S": "1"}
    subprocess.run(["sh", DEPLOY / "install-torch.sh", "some/python"], env=environment, check=True, capture_output=True)
    runs = log.read_text().splitlines()
    assert len(runs) == 1
    assert installed in runs[0]
    assert "--no-deps" in runs[0] and "--python some/python" in runs[0]


# ------------------------------------------------------------------------------------------------------------- wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built from a copy of the tracked files, so that the checkout gets no build folder."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in [*_tracked(*PACKAGES), "pyproject.toml", "README.md", "LICENSE"]:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    build = f"from setuptools.build_meta import build_wheel; print(build_wheel({str(output)!r}))"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    return zipfile.ZipFile(next(output.glob("clarion-*.whl")))


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    tracked = set(_tracked(*PACKAGES))
    assert any(name.startswith("webapp/templates/") for name in tracked)
    assert inside == tracked


def test_the_wheel_installs_the_command_and_its_groups(wheel: zipfile.ZipFile) -> None:
    points = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(points).decode()
    assert "clarion = index.cli:main" in text
    assert "crawl = crawlers.cli:register" in text
    assert "web = webapp.cli:register" in text


def _tracked(*under: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", *under], cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


# ------------------------------------------------------------------------------------------------------------ deploy


def test_each_command_group_can_be_registered() -> None:
    groups = {point.name: point.load() for point in entry_points(group="clarion.commands")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert sorted(groups) == sorted(project["entry-points"]["clarion.commands"])
    assert {"crawl", "web"} <= set(groups)
    assert all(callable(group) for group in groups.values())


@pytest.mark.parametrize("process", ["init", "web", "crawl", "deliver", "mail"])
def test_the_commands_of_compose_exist(process: str) -> None:
    program, *arguments = compose()["services"][process]["command"]
    assert (Path(sys.executable).parent / program).exists()
    if program == "clarion":
        asked = subprocess.run(
            [Path(sys.executable).parent / program, *arguments, "--help"], cwd=ROOT, capture_output=True, text=True
        )
        assert asked.returncode == 0, asked.stderr
        assert " ".join(["clarion", *arguments]) in asked.stdout
    else:
        config, application = arguments[1], arguments[2]
        module, _, factory = application.removesuffix("()").partition(":")
        assert (ROOT / config).exists()
        assert callable(getattr(import_module(module), factory))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the site as compose.yaml starts it, with the example's address and an empty embedded database."""
    programs, port = Path(sys.executable).parent, free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLARION_")} | {
        "CLARION_SITE_URL": "https://clarion.example",
        "CLARION_SECRET_KEY": "0123456789abcdef" * 4,
        "CLARION_DATA": str(tmp_path_factory.mktemp("data")),
        "CLARION_ENCODER": "hashed",
        "WEB_BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": "1",
    }
    subprocess.run([programs / "clarion", "init"], cwd=ROOT, env=environment, check=True, capture_output=True)
    command = [programs / "gunicorn", *compose()["services"]["web"]["command"][1:]]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as gunicorn:
        _wait_for(port)
        yield port
        gunicorn.terminate()


def test_the_health_check_of_the_image_passes_on_a_running_site_and_fails_without_one(deployed: int) -> None:
    (check,) = re.findall(r"^    CMD (\[.*\])$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    _, script = yaml.safe_load(check)

    def status(port: int) -> int:
        environment = {"WEB_BIND": f"0.0.0.0:{port}", "CLARION_SITE_URL": "https://clarion.example"}
        return subprocess.run([sys.executable, ROOT / script], env=environment, capture_output=True).returncode

    until = time.monotonic() + 90  # the worker loads its model beside the first requests
    while status(deployed) != 0:
        assert time.monotonic() < until
    assert status(free_port()) == 1


def test_the_runbooks_readiness_address_answers_on_a_running_site(deployed: int) -> None:
    assert "curl -f -H 'Host: clarion.example' http://127.0.0.1:8000/readyz" in (DEPLOY / "README.md").read_text()
    request = urllib.request.Request(f"http://127.0.0.1:{deployed}/readyz", headers={"Host": "clarion.example"})
    with urllib.request.urlopen(request, timeout=90) as answer:  # the worker may still be loading its model
        assert answer.status == 200


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    pytest.fail("the site did not listen within 60 s")


def test_gunicorn_accepts_its_configuration(tmp_path: Path) -> None:
    application = tmp_path / "empty.py"
    application.write_text("def create_app():\n    return lambda environ, start: []\n")
    gunicorn = Path(sys.executable).parent / "gunicorn"
    command = [gunicorn, "--check-config", "-c", DEPLOY / "gunicorn.conf.py", "empty:create_app()"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_the_image_starts_the_site_as_compose_does() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    command = re.findall(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    assert [yaml.safe_load(line) for line in command] == [compose()["services"]["web"]["command"]]


def test_the_image_copies_only_files_that_exist_and_are_not_ignored() -> None:
    lines = re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    sources = [source for line in lines for source in shlex.split(line)[:-1]]
    admitted = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert len(sources) >= 8
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if not any(Path(source).match(pattern) for pattern in admitted)] == []


def test_every_setting_is_in_the_example_with_its_default() -> None:
    lines = (DEPLOY / "env.example").read_text().splitlines()
    shown = dict(
        re.match(r"#? ?(CLARION_\w+)=(.*)", line).groups() for line in lines if re.match(r"#? ?CLARION_", line)
    )  # type: ignore[union-attr]
    defaults = {field.metadata["variable"]: _as_text(field.default) for field in fields(Settings)}
    filled_in = {"CLARION_SITE_URL", "CLARION_SECRET_KEY", "CLARION_TRUSTED_PROXIES"}
    assert sorted(shown) == sorted(defaults)
    assert {name: value for name, value in shown.items() if name not in filled_in} == {
        name: value for name, value in defaults.items() if name not in filled_in
    }


def test_the_example_is_accepted_as_settings() -> None:
    pairs = re.findall(
        r"^# ?(CLARION_\w+)=(.*)$|^(CLARION_\w+)=(.*)$", (DEPLOY / "env.example").read_text(), re.MULTILINE
    )
    environment = {commented or plain: value or other for commented, value, plain, other in pairs}
    assert Settings.from_env(environment).site_url == "https://clarion.example"


def test_compose_gives_clarion_only_settings_that_exist_and_every_variable_is_in_the_example() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    given = compose()["services"]["web"]["environment"]
    assert set(given) <= {field.metadata["variable"] for field in fields(Settings)}
    example = (DEPLOY / "env.example").read_text()
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    assert used
    assert {name for name in used if f"{name}=" not in example} == set()


def test_compose_starts_the_mail_process_only_where_the_example_turns_it_on() -> None:
    profiles = {name: service["profiles"] for name, service in compose()["services"].items() if "profiles" in service}
    assert profiles == {"mail": ["mail"]}
    mail = (DEPLOY / "env.example").read_text().split("# ---- Tips by mail")[1].split("# ----")[0]
    assert {"# CLARION_MAIL_URL=", "# CLARION_MAIL_PASSWORD=", "# COMPOSE_PROFILES=mail"} <= set(mail.splitlines())


def test_only_the_site_is_asked_by_the_health_check_of_the_image() -> None:
    clarion = {name: s for name, s in compose()["services"].items() if s["image"].startswith("clarion")}
    assert {name for name, s in clarion.items() if not s.get("healthcheck", {}).get("disable")} == {"web"}
    waiting = {name for name, s in clarion.items() if s["depends_on"].get("init")}
    assert waiting == set(clarion) - {"init"}, "nobody works on tables that are not there yet"


def test_nothing_of_compose_listens_beyond_this_machine() -> None:
    ports = {name: service["ports"] for name, service in compose()["services"].items() if "ports" in service}
    assert ports == {"web": ["127.0.0.1:8000:8000"]}


def test_the_runbook_names_each_process_and_only_commands_that_exist() -> None:
    runbook = (DEPLOY / "README.md").read_text()
    assert all(f"| {process} |" in runbook for process in ("web", "crawl", "deliver", "mail"))
    named = set(re.findall(r"`clarion ((?:[a-z]+ ?)+)", runbook))
    clarion = Path(sys.executable).parent / "clarion"
    unknown = [
        words
        for words in sorted(named)
        if subprocess.run([clarion, *words.split(), "--help"], cwd=ROOT, capture_output=True).returncode != 0
    ]
    assert len(named) >= 5
    assert unknown == []


def test_the_runbooks_alarm_rules_ask_for_metrics_that_exist() -> None:
    runbook = (DEPLOY / "README.md").read_text()
    described = set(re.findall(r"^\| .*", runbook, re.MULTILINE))
    named = set(re.findall(r"clarion_[a-z_]+", runbook))
    made = set(re.findall(r'"(clarion_[a-z_]+)"', (ROOT / "index" / "measuring.py").read_text()))
    assert made == named
    assert all(any(f"`{name}" in line for line in described) for name in made)
    (rules,) = [r for r in re.findall(r"```yaml\n(.*?)```", runbook, re.DOTALL) if "alert:" in r]
    assert [set(rule) >= {"alert", "expr"} for rule in yaml.safe_load(rules)["groups"][0]["rules"]] == [True] * 3


# ----------------------------------------------------------------------------------------------- continuous integration


def test_continuous_integration_runs_make_test_with_every_part_required() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert script.rstrip().splitlines()[-1] == "CLARION_REQUIRE_ALL=1 make test"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return ",".join(value) if isinstance(value, tuple) else str(value)
