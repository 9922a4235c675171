"""Why a candidate fits a text or not, as sentences. Keys and values are those of `index.matching`.

`close_meaning` stands for `same_meaning` where something speaks against it (see looking_up).
"""

from __future__ import annotations

from collections.abc import Mapping

from index.model import Reason
from webapp.language import N_, gettext
from webapp.present import language_word

SENTENCES: Mapping[str, str] = {
    "same_text": N_("The text is the same."),
    "same_meaning": N_("It says the same in other words."),
    "same_meaning_other_language": N_("It says the same in %(language)s."),
    "close_meaning": N_("Much of it is close in meaning."),
    "close_meaning_other_language": N_("Much of it is close in meaning; it is in %(language)s."),
    "shares_url": N_("It holds the same link."),
    "shares_words": N_("Both contain: %(words)s."),
    "only_topic": N_("It is on the same subject, but may say something else."),
    "numbers_differ": N_("The numbers differ: %(theirs)s there, %(ours)s in your text."),
    "dates_differ": N_("The dates differ: %(theirs)s there, %(ours)s in your text."),
    "places_differ": N_("They name different places."),
    "negation_differs": N_("One of them says the opposite: look for a “not”."),
    "too_short": N_("Your text is too short to be sure."),
}
OTHER_FOR = N_("Other signs speak for it.")
OTHER_AGAINST = N_("Other signs speak against it.")


def sentence(reason: Reason) -> str:
    """A key without a sentence (from a newer catalogue) is shown in general terms, never dropped."""
    message = SENTENCES.get(reason.key)
    if message is None:
        return gettext(OTHER_AGAINST if reason.objects else OTHER_FOR)
    values = dict(reason.values)
    if "language" in values:
        values["language"] = language_word(values["language"])
    return gettext(message, **values)
