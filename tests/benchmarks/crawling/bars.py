"""A bar: what was measured, what is wanted, and whether it was met; all of them as a table or as JSON lines."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Bar:
    name: str
    measured: str
    wanted: str
    is_met: bool
    facts: dict[str, object] = field(default_factory=dict)


def show(bar: Bar, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(bar)), flush=True)
        return
    print(f"{'ok  ' if bar.is_met else 'MISS'}  {bar.name:34} {bar.measured:44} wanted: {bar.wanted}", flush=True)
    for name, value in bar.facts.items():
        print(f"        {name}: {value}", flush=True)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
