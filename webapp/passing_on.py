"""Three short texts for answering the group that a message came from: plain, gentle and formal; at most 140
characters each.

The fact comes first, one source is named, the short address ends it. They are in the language of the alert, not of
the page.
"""

from __future__ import annotations

from dataclasses import dataclass

from index.model import Thread
from webapp import language
from webapp.language import N_, gettext
from webapp.present import excerpt, word

LIMIT = 140

_TONES = {
    "plain": N_("[Checked] %(fact)s Source: %(source)s. %(link)s"),
    "gentle": N_("I looked this up: %(fact)s (%(source)s) Please read before passing it on: %(link)s"),
    "formal": N_("Notice: the claim going round was found to be “%(verdict)s”. %(fact)s Source: %(source)s. %(link)s"),
}


@dataclass(frozen=True, slots=True)
class Text:
    tone: str
    text: str


def kit(thread: Thread) -> tuple[Text, ...]:
    """The texts, or none for an alert that was withdrawn."""
    if thread.withdrawal is not None or thread.text.verdict is None:
        return ()
    link = language.url_for("public.short", thread_id=thread.id, absolute=True)
    with language.speaking(thread.text.language):
        return tuple(Text(tone, _fit(message, thread, link)) for tone, message in _TONES.items())


def _fit(message: str, thread: Thread, link: str) -> str:
    """Shortens the source, then the fact, until the text fits; the link is never cut."""
    fact = _as_sentence(thread.text.headline)
    source = thread.text.evidence[0].publisher if thread.text.evidence else language.site_name()
    verdict = word(thread.text.verdict)
    fixed = len(gettext(message, fact="", source="", verdict=verdict, link=link))
    source = excerpt(source, max(min(len(source), 24, LIMIT - fixed - len(fact)), 4))
    fact = excerpt(fact, max(LIMIT - fixed - len(source) - 2, 10))
    return gettext(message, fact=fact, source=source, verdict=verdict, link=link)


def _as_sentence(headline: str) -> str:
    headline = headline.strip()
    if headline.endswith(("。", "？", ".", "?", "”", "」")):
        return headline
    return headline + ("." if headline.isascii() else "。")
