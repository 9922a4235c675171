"""Three short texts for answering the group that a message came from: plain, gentle and formal; at most 140
characters each.

The fact comes first, a source is named where there is room, the short address
ends it. They are in the language of the alert, not of
the page.
"""

from __future__ import annotations

from dataclasses import dataclass

from index.model import Thread
from webapp import language
from webapp.language import N_, gettext
from webapp.present import excerpt, word

LIMIT = 140

#: tone -> the text with a source named, and the shorter one for facts that leave no room for it
_TONES = {
    "plain": (N_("[Checked] %(fact)s Source: %(source)s. %(link)s"), N_("[Checked] %(fact)s %(link)s")),
    "gentle": (
        N_("I looked this up: %(fact)s (%(source)s) Please read before passing it on: %(link)s"),
        N_("I looked this up: %(fact)s %(link)s"),
    ),
    "formal": (
        N_("Notice: the claim going round was found to be “%(verdict)s”. %(fact)s Source: %(source)s. %(link)s"),
        N_("Checked and found “%(verdict)s”: %(fact)s %(link)s"),
    ),
}


@dataclass(frozen=True, slots=True)
class Text:
    tone: str
    text: str


def kit(thread: Thread) -> tuple[Text, ...]:
    """The texts, or none for an alert that was withdrawn."""
    if thread.withdrawal is not None or thread.text.verdict is None:
        return ()
    with language.speaking(thread.text.language):
        return tuple(Text(tone, _fit(named, plain, thread)) for tone, (named, plain) in _TONES.items())


def _fit(named: str, plain: str, thread: Thread) -> str:
    """With a source that fits whole, else without; only then is the fact shortened. The link is never cut."""
    values = {
        "fact": _as_sentence(thread.text.headline),
        "verdict": word(thread.text.verdict),
        "link": language.url_for("public.short", thread_id=thread.id, absolute=True),
    }
    for evidence in thread.text.evidence:
        text = gettext(named, source=evidence.publisher, **values)
        if len(text) <= LIMIT:
            return text
    room = LIMIT - len(gettext(plain, **{**values, "fact": ""}))
    return gettext(plain, **{**values, "fact": excerpt(values["fact"], max(room - 2, 10))})


def _as_sentence(headline: str) -> str:
    headline = headline.strip()
    if headline.endswith(("。", "？", ".", "?", "”", "」")):
        return headline
    return headline + ("." if headline.isascii() else "。")
