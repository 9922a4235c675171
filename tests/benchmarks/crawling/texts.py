"""Texts of the farm's entries: made from small word lists, each entry unlike the others, about 0.8 kB."""

from __future__ import annotations

_WHO = ("A message", "A voice note", "A short video", "A screenshot", "A poster", "A leaflet", "A copied post")
_SAYS = ("claims", "tells readers", "warns", "repeats", "promises", "insists")
_WHAT = (
    "that the water of the northern district must not be drunk this week",
    "that the bridge by the old market will be closed for good",
    "that boiled onions cure the fever that goes round",
    "that banknotes with a red line are no longer taken",
    "that the school year begins a month later",
    "that a storm will reach the coast before Sunday",
    "that the new meters send pictures from kitchens",
    "that salt will be rationed from Monday",
)
_ANSWER = (
    "The waterworks published its readings and found nothing unusual.",
    "The road office says that only one lane is being repaired.",
    "Doctors at the regional hospital know of no study that shows this.",
    "The central bank takes every note that was ever printed with this date.",
    "The ministry's calendar, printed in spring, has not been changed.",
    "The weather service expects light wind and some rain.",
    "The maker opened a meter for our reporters: there is no lens in it.",
    "Shops have salt for more than a year, the grocers' union says.",
)
_MORE = (
    "We asked the office by telephone and had its answer in writing on the same day.",
    "The picture is older than the event that it is said to show; a first copy was found in an archive.",
    "The text has been passed on for several years, each time with another place in it.",
    "No date, no sender and no office is named in it, which is a sign to be careful.",
    "Whoever received it can delete it; nothing needs to be done.",
    "Readers sent it to us many times since yesterday morning.",
)


_BODIES = [
    [" ".join((answer, *(_MORE[start:] + _MORE[:start])[:5])) for start in range(len(_MORE))] for answer in _ANSWER
]


def entry(feed: int, number: int) -> str:
    """One RSS item. The same feed and number always give the same text; date and id are of the number too."""
    pick = feed * 7_919 + number * 104_729
    what, more = pick % len(_WHAT), pick // 8 % len(_MORE)
    title = f"{_WHO[pick % len(_WHO)]} {_SAYS[pick // 16 % len(_SAYS)]} {_WHAT[what]} ({feed}-{number})"
    day, hour, minute = 1 + number % 28, number // 28 % 24, number // 672 % 60
    return (
        f"<item><title>{title}</title><link>http://checks.example/{feed}/{number}</link>"
        f"<guid isPermaLink='false'>{feed}:{number}</guid>"
        f"<pubDate>{day:02} Oct 2026 {hour:02}:{minute:02}:00 GMT</pubDate>"
        f"<description>&lt;p&gt;{_BODIES[what][more]} Our file has the number {feed}/{number}.&lt;/p&gt;"
        "</description></item>"
    )
