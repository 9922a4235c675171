"""`make lock`: writes the four requirements files, each a complete list of pinned versions with their hashes.

    pyproject.toml ─ uv pip compile ─► requirements.txt        what runs, but for torch
                                       requirements-torch.txt  torch and the GPU libraries of its PyPI build: apart, so
                                                               that the installer may take PyTorch's CPU build instead
                                       requirements-test.txt   what only the tests need
                                       requirements-build.txt  uv and setuptools, which install the rest

No file names a registry: which index serves the packages is the machine's own setting. `make lock UPGRADE=1` moves
every version to the newest that pyproject.toml admits; without it only what pyproject.toml changed moves.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUN, TORCH, TEST, BUILD = (
    ROOT / f"requirements{part}.txt" for part in ("", "-torch", "-test", "-build")
)  # fmt: skip
HEADER = "# Written by `make lock` from pyproject.toml; do not edit.\n"
COMPILE = [
    "uv", "pip", "compile", "--quiet", "--no-header", "--annotation-style=line",
    "--generate-hashes", "--universal", "--python-version=3.11",
]  # fmt: skip
IS_TORCH = re.compile(r"(torch|triton|nvidia-.+|cuda-.+)==")
NAME = re.compile(r"[A-Za-z0-9._-]+")

Pins = dict[str, str]


def main() -> None:
    """Reads the locks as they are, so that versions stay put unless asked, and writes them anew."""
    is_upgrade = os.environ.get("UPGRADE") == "1"
    kept = "".join(path.read_text() for path in (RUN, TORCH, TEST, BUILD) if path.exists() and not is_upgrade)
    run = compiled(["pyproject.toml"], kept)
    everything = compiled(["pyproject.toml", "--extra", "test"], "".join(run.values()) + kept)
    tools = compiled(["-"], kept, stdin="uv\nsetuptools\n")

    torch = {name: pin for name, pin in run.items() if IS_TORCH.match(pin)}
    write(RUN, {name: pin for name, pin in run.items() if name not in torch})
    write(TORCH, torch)
    write(TEST, {name: pin for name, pin in everything.items() if name not in run})
    write(BUILD, tools)


def compiled(sources: list[str], kept: str, stdin: str | None = None) -> Pins:
    """The resolution of `sources` by name, preferring the versions in `kept`."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "lock.txt"
        output.write_text(kept)  # uv prefers the versions that it finds in its output file
        subprocess.run([*COMPILE, *sources, "-o", str(output)], cwd=ROOT, input=stdin, text=True, check=True)
        return pins(output.read_text())


def pins(text: str) -> Pins:
    """Splits a requirements file into its entries: one starts at each line that is neither indented nor a comment."""
    found: Pins = {}
    name = ""
    for line in text.splitlines(keepends=True):
        match = NAME.match(line)
        if match:
            name = line.split(" \\")[0].strip()
        if name:
            found[name] = found.get(name, "") + line
    return found


def write(path: Path, entries: Pins) -> None:
    path.write_text(HEADER + "".join(entries.values()))
    print(f"{path.name}: {len(entries)} packages")


if __name__ == "__main__":
    sys.exit(main())
