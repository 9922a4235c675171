"""Why a candidate fits a text or not, as sentences. Keys come from `index.matching` and the desk's queue; values fill the placeholders."""

from __future__ import annotations

from collections.abc import Mapping

from index.model import Reason
from webapp.language import N_, gettext

SENTENCES: Mapping[str, str] = {
    "same_text": N_("The text is the same."),
    "same_meaning": N_("The meaning is the same."),
}
OTHER_FOR = N_("Other signs speak for it.")
OTHER_AGAINST = N_("Other signs speak against it.")


def sentence(reason: Reason) -> str:
    """A key without a sentence (from a newer catalogue) is shown in general terms, never dropped."""
    message = SENTENCES.get(reason.key)
    if message is None:
        return gettext(OTHER_AGAINST if reason.objects else OTHER_FOR)
    return gettext(message) % dict(reason.values) if reason.values else gettext(message)
