"""Charts as inline SVG: bars from zero, one bar may take the verdict's colour; a title that states the finding; a table beside them.

Shapes are coloured by classes of the stylesheet, because the Content-Security-Policy forbids style attributes.
"""

from __future__ import annotations

from datetime import timedelta

from markupsafe import Markup

from index.pages import Daily
from webapp.language import gettext, ngettext
from webapp.present import number, short_day

SPARK_W, SPARK_H = 144, 32


def spark(daily: Daily, days: int = 12) -> Markup:
    """A small chart of the last `days` days for a list; the newest two bars are dark. Its text says total and peak."""
    counts = daily.counts[-days:]
    if not counts:
        return Markup("")
    step, top = SPARK_W / days, max(max(counts), 1)
    bars = []
    for i, count in enumerate(counts):
        height = max(round(count / top * (SPARK_H - 2)), 1)
        kind = "late" if i >= len(counts) - 2 else "bar"
        bars.append(f'<rect class="{kind}" x="{i * step + 1:.0f}" y="{SPARK_H - height}" width="{step - 3:.0f}" height="{height}"/>')
    label = gettext("Seen %(total)s times in %(days)s days, at most %(peak)s a day", total=number(sum(counts)), days=len(counts), peak=number(max(counts)))
    return Markup('<svg class="spark" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">{bars}</svg>').format(
        w=SPARK_W, h=SPARK_H, label=label, bars=Markup("".join(bars))
    )
