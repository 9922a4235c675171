"""Metrics in the Prometheus text format, version 0.0.4. Pure.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. A `# HELP` and a `# TYPE`
line a metric, then one line `name{label="value"} number` a sample; lines end with a line feed, the last one too.
Backslash and line feed are escaped in help texts, the quotation mark also in label values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric that may rise and fall, with its samples: labels and value."""

    name: str
    help: str
    samples: tuple[tuple[Mapping[str, str], float], ...]


def gauge(name: str, help: str, value: float) -> Gauge:
    """A metric of a single sample."""
    return Gauge(name, help, (({}, value),))


def exposition(gauges: Iterable[Gauge]) -> str:
    """The text that a Prometheus server or a textfile collector reads."""
    return "".join(line + "\n" for each in gauges for line in _lines(each))


def _lines(metric: Gauge) -> list[str]:
    head = [f"# HELP {metric.name} {_escaped(metric.help)}", f"# TYPE {metric.name} gauge"]
    return head + [f"{metric.name}{_labels(labels)} {value:.15g}" for labels, value in metric.samples]


def _labels(labels: Mapping[str, str]) -> str:
    pairs = (f'{name}="{_escaped(value).replace(chr(34), chr(92) + chr(34))}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}" if labels else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
