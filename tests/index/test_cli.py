"""The command line: exit statuses, output for people and for programs, and no traceback for what an operator does."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from index.cli import main
from index.settings import Settings
from tests.index.house import RUMORS, House

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`clarion …` in this process, on the test's own data; returns exit status, output, errors."""
    for name in [name for name in os.environ if name.startswith("CLARION_")]:
        monkeypatch.delenv(name)
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_a_first_start_makes_the_database_and_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARION_DATA", str(tmp_path / "new"))
    monkeypatch.setenv("CLARION_ENCODER", "hashed")
    assert main(["init"]) == 0
    assert main(["init"]) == 0  # safe to run again
    assert main(["check"]) == 0
    assert (tmp_path / "new" / "clarion.db").exists()


def test_sync_says_what_was_written_and_what_waits(house: House, run: Run) -> None:
    house.seen(RUMORS[0])
    assert run("sync")[:2] == (0, "2 documents written, 0 changes waiting\n")
    assert run("sync")[:2] == (0, "0 documents written, 0 changes waiting\n")
    house.seen(RUMORS[1])
    house.catalogue.take_lease("sync", "another process", 365 * 86_400)  # also by the machine's clock
    assert run("sync")[:2] == (1, "0 documents written, 1 changes waiting\n")


def test_metrics_prints_what_the_site_would_answer(house: House, run: Run) -> None:
    house.seen(RUMORS[0])
    status, output, _ = run("metrics")
    assert status == 0
    assert "\nclarion_claims_open 1.0\n" in output and output.endswith("\n")


def test_check_names_what_differs_and_repair_mends_it(house: House, run: Run) -> None:
    claim_id = house.seen(RUMORS[0])
    house.catalogue.sync()
    assert run("check")[:2] == (0, "audit chain holds\nindex agrees with the records\n")
    house.parts.search.rebuild([])
    status, out, _ = run("check")
    assert status == 1
    assert f"missing {claim_id}" in out.splitlines()
    assert "index differs from the records" in out.splitlines()
    status, out, _ = run("check", "--repair")
    assert (status, out.splitlines()[-1]) == (0, "index agrees with the records")
    assert run("check")[0] == 0


def test_check_tells_of_a_broken_audit_chain(house: House, run: Run) -> None:
    with house.parts.records.begin() as unit:
        connection = unit._connection  # type: ignore[attr-defined]
        connection.exec_driver_sql("UPDATE audit_head SET row_hash = 'forged'")
    status, out, _ = run("check")
    assert status == 1
    assert out.startswith("audit chain broken at row 5")


def test_rebuild_counts_the_documents(house: House, run: Run) -> None:
    house.published(house.seen(RUMORS[0]))
    assert run("rebuild")[:2] == (0, "3 documents in the new index\n")


def test_match_prints_one_json_object(house: House, run: Run) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    house.parts.search.refresh()
    status, out, _ = run("match", RUMORS[0], "--json")
    answer = json.loads(out)
    (candidate,) = answer["candidates"]
    assert (status, answer["outcome"], answer["is_degraded"]) == (0, "found", False)
    assert (candidate["id"], candidate["kind"], candidate["verdict"], candidate["band"]) == (
        alert.id,
        "alert",
        "false",
        "same",
    )
    assert candidate["url"] == f"{house.catalogue.settings.site_url}/alerts/{alert.id}"
    assert 0 < candidate["probability"] <= 1
    assert {"key", "values", "objects"} == set(candidate["reasons"][0])
    assert RUMORS[0] in out  # Han characters as they are


def test_match_shows_the_desk_what_the_public_does_not_see(house: House, run: Run) -> None:
    outside_id = house.reviewed(RUMORS[0])
    house.catalogue.sync()
    house.parts.search.refresh()
    assert run("match", RUMORS[0])[1].splitlines()[0] == "outcome: found"
    assert outside_id in run("match", RUMORS[0])[1]
    assert run("match", RUMORS[0], "--public")[1] == "outcome: nothing\n"


def test_match_reads_standard_input(house: House, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    house.seen(RUMORS[0])
    house.catalogue.sync()
    house.parts.search.refresh()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"转发：\n{RUMORS[0]}\n"))
    assert run("match", "-")[1].splitlines()[0] == "outcome: known"


@pytest.mark.parametrize(("text", "code"), [("", "empty"), ("🔥", "empty"), ("x" * 5_001, "too_long")])
def test_a_text_that_cannot_be_matched_is_said_in_one_line(house: House, run: Run, text: str, code: str) -> None:
    status, out, err = run("match", text)
    assert (status, out) == (1, "")
    assert err.strip().splitlines()[-1] == f"clarion: {code} [{code}]"


def test_a_bad_setting_ends_with_status_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARION_SITE_URL", "nonsense")
    status, out, err = run("check")
    assert (status, out) == (2, "")
    assert err.startswith("clarion: CLARION_SITE_URL")
    monkeypatch.delenv("CLARION_SITE_URL")
    monkeypatch.setenv("CLARION_WHATEVER", "1")
    assert run("check")[0] == 2


def test_an_unknown_command_is_a_usage_error(run: Run) -> None:
    with pytest.raises(SystemExit) as exit_:
        run("publish-everything")
    assert exit_.value.code == 2


@pytest.mark.parametrize("command", [["sync"], ["check"], ["rebuild"], ["match", RUMORS[0]]])
def test_a_database_without_tables_is_an_error_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.setenv("CLARION_DATA", str(tmp_path / "empty"))
    monkeypatch.setenv("CLARION_ENCODER", "hashed")
    assert main(command) == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("clarion: ")
    assert last.endswith("[records_unavailable]")


def test_the_installed_command_takes_bytes_that_are_no_text(tmp_path: Path) -> None:
    environment = {**os.environ, "CLARION_DATA": str(tmp_path), "CLARION_ENCODER": "hashed", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "index.cli"]
    subprocess.run([*command, "init"], env=environment, check=True, capture_output=True)
    match = [*command, "match", "--json", b"\xff\xfe" + RUMORS[0].encode()]
    done = subprocess.run(match, env=environment, capture_output=True, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert json.loads(done.stdout)["outcome"] == "nothing"
