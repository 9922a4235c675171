"""Charts as inline SVG: bars from zero, one bar may take the verdict's colour; a title that states the finding; a
table beside them.

Shapes are coloured by classes of the stylesheet, because the Content-Security-Policy forbids style attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from markupsafe import Markup

from index.pages import Daily
from webapp.language import gettext
from webapp.present import SITE_ZONE, number, short_day

SPARK_W, SPARK_H = 144, 32
WIDTH, HEIGHT, BASE, TOP = 480, 176, 146, 48
MOST_BARS, LEAST_BARS = 90, 14


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, the finding as its title, its text alternative, and the numbers behind it (day, count)."""

    title: str
    svg: Markup
    rows: tuple[tuple[date, int], ...]


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
        bars.append(
            f'<rect class="{kind}" x="{i * step + 1:.0f}" y="{SPARK_H - height}" '
            f'width="{step - 3:.0f}" height="{height}"/>'
        )
    label = gettext(
        "Seen %(total)s times in %(days)s days, at most %(peak)s a day",
        total=number(sum(counts)),
        days=len(counts),
        peak=number(max(counts)),
    )
    return Markup('<svg class="spark" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">{bars}</svg>').format(
        w=SPARK_W,
        h=SPARK_H,
        label=label,
        bars=Markup("".join(bars)),  # noqa: S704  numbers and our own class names only
    )


def sightings_chart(daily: Daily, issued_at: datetime | None = None) -> Chart | None:
    """Sightings a day with the day of the alert marked; None if nothing was seen in that time."""
    rows = tuple((daily.first + timedelta(days=i), count) for i, count in enumerate(daily.counts))[-MOST_BARS:]
    if not any(count for _, count in rows):
        return None
    rows = _from_the_beginning(rows)
    issued_on = issued_at.astimezone(SITE_ZONE).date() if issued_at else None
    title = finding(rows, issued_on)
    return Chart(title, _bars(rows, issued_on, title), rows)


def _from_the_beginning(rows: tuple[tuple[date, int], ...]) -> tuple[tuple[date, int], ...]:
    """Without the empty days before the claim was first seen, but at least two weeks."""
    first = next(i for i, (_, count) in enumerate(rows) if count)
    return rows[max(0, min(first - 2, len(rows) - LEAST_BARS)) :]


def finding(rows: tuple[tuple[date, int], ...], issued_on: date | None) -> str:
    """What the numbers say, in a sentence; "less after the alert" only where both weeks are complete and it is so."""
    total = sum(count for _, count in rows)
    peak_day, peak = max(rows, key=lambda row: row[1])
    if total == peak:
        return (
            gettext("Seen %(count)s times, all on %(day)s", count=number(total), day=short_day(peak_day))
            if total > 1
            else gettext("Seen once, on %(day)s", day=short_day(peak_day))
        )
    if issued_on is not None:
        week = timedelta(days=7)
        before = [count for on, count in rows if issued_on - week <= on < issued_on]
        after = [count for on, count in rows if issued_on < on <= issued_on + week]
        if len(before) == len(after) == 7 and sum(after) < sum(before) and peak_day <= issued_on:
            return gettext("Seen most on %(day)s, and less in the week after the alert", day=short_day(peak_day))
    return gettext("Seen most on %(day)s: %(count)s times", day=short_day(peak_day), count=number(peak))


def _bars(rows: tuple[tuple[date, int], ...], issued_on: date | None, title: str) -> Markup:
    top = max(count for _, count in rows)
    step = WIDTH / len(rows)
    width = max(min(step * 0.72, 30.0), 2.0)
    peak_at = max(range(len(rows)), key=lambda i: rows[i][1])
    shapes = []
    for i, (_, count) in enumerate(rows):
        height = count / top * (BASE - TOP)
        kind = "peak" if i == peak_at else "bar"
        shapes.append(
            f'<rect class="{kind}" x="{i * step + (step - width) / 2:.1f}" y="{BASE - height:.1f}" '
            f'width="{width:.1f}" height="{height:.1f}"/>'
        )
    shapes.append(f'<line class="axis" x1="0" y1="{BASE}.5" x2="{WIDTH}" y2="{BASE}.5"/>')
    x = min(max(peak_at * step + step / 2, 10), WIDTH - 10)
    shapes.append(
        f'<text class="strong" x="{x:.1f}" y="{TOP - 8}" text-anchor="middle">{Markup.escape(number(top))}</text>'
    )
    if issued_on is not None and rows[0][0] <= issued_on <= rows[-1][0]:
        x = ((issued_on - rows[0][0]).days + 0.5) * step
        shapes.append(f'<line class="mark-line" x1="{x:.1f}" y1="22" x2="{x:.1f}" y2="{BASE}"/>')
        label = gettext("%(day)s: alert", day=short_day(issued_on))
        anchor = "start" if x < WIDTH / 3 else "end" if x > WIDTH * 2 / 3 else "middle"
        shapes.append(f'<text x="{x:.1f}" y="16" text-anchor="{anchor}">{Markup.escape(label)}</text>')
    for x, anchor, on in ((0, "start", rows[0][0]), (WIDTH, "end", rows[-1][0])):
        shapes.append(
            f'<text class="soft" x="{x}" y="{HEIGHT - 8}" text-anchor="{anchor}">{Markup.escape(short_day(on))}</text>'
        )
    return Markup('<svg class="bars" viewBox="0 0 {w} {h}" role="img" aria-label="{title}">{shapes}</svg>').format(
        w=WIDTH,
        h=HEIGHT,
        title=title,
        shapes=Markup("".join(shapes)),  # noqa: S704  its texts are escaped above
    )
