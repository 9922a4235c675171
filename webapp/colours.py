"""The colours of the house, in one table. The stylesheet's tokens are written from it and a test computes contrast
from it.

`python -m webapp.colours` rewrites the block between the two marker lines of `static/site.css`; a test fails if
they disagree. Colour is reserved for verdicts; everything else is ink on paper.
"""

from __future__ import annotations

import re
from pathlib import Path

from index.model import Verdict

STYLESHEET = Path(__file__).parent / "static" / "site.css"
BEGIN, END = "/* tokens: written by webapp/colours.py */", "/* end of tokens */"

#: name -> (light, dark)
PAPER: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#121517"),
    "sheet": ("#f5f5f1", "#1a1e21"),
    "ink": ("#16191c", "#e9ebe8"),
    "muted": ("#565d63", "#a6adb2"),
    "line": ("#d6d8d3", "#343a3e"),
    "hair": ("#e7e8e4", "#262b2e"),
    "edge": ("#767d82", "#7d868c"),  # borders that must be seen: fields, quiet buttons
    "bar": ("#868d93", "#747d83"),  # bars of a chart beside the one that the title speaks of
    "focus": ("#0b62c4", "#7fb8ff"),
}

#: verdict -> (light ink, light tint, dark ink, dark tint); ux.md 3
VERDICTS: dict[Verdict, tuple[str, str, str, str]] = {
    Verdict.FALSE: ("#6a0f17", "#fdecec", "#ffb3ad", "#3a0d10"),
    Verdict.MISLEADING: ("#a55c09", "#fff3df", "#ffc873", "#3a2500"),
    Verdict.UNPROVEN: ("#5b636b", "#eef0f2", "#c9d1d9", "#22272d"),
    Verdict.TRUE: ("#00467a", "#e5f1fb", "#8ecbff", "#06263f"),
}


def tokens() -> str:
    """The custom properties of both colour schemes."""
    light = [f"--{name}: {pair[0]};" for name, pair in PAPER.items()]
    dark = [f"--{name}: {pair[1]};" for name, pair in PAPER.items()]
    for verdict, (light_ink, light_tint, dark_ink, dark_tint) in VERDICTS.items():
        light.append(f"--{verdict}: {light_ink}; --{verdict}-tint: {light_tint};")
        dark.append(f"--{verdict}: {dark_ink}; --{verdict}-tint: {dark_tint};")
    return "\n".join(
        [
            BEGIN,
            ":root { color-scheme: light dark; " + " ".join(light) + " }",
            "@media (prefers-color-scheme: dark) { :root { " + " ".join(dark) + " } }",
            END,
        ]
    )


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def write() -> None:
    css = STYLESHEET.read_text(encoding="utf-8")
    pattern = re.escape(BEGIN) + r".*?" + re.escape(END)
    STYLESHEET.write_text(re.sub(pattern, lambda _: tokens(), css, count=1, flags=re.S), encoding="utf-8")


if __name__ == "__main__":
    write()
