"""What a suggestion points to, and the short lists of reasons that decisions on it may give."""

from __future__ import annotations

from dataclasses import dataclass

from index.pages import Suggestion
from webapp.language import N_
from webapp.opened import catalogue

#: What `Different` may be for; the key is stored as its English sentence, which is the message id.
DIFFERENCES = (
    N_("It says something else"),
    N_("One affirms what the other denies"),
    N_("Another number, place or time"),
    N_("Another person or product"),
)
NOT_CLAIMS = (
    N_("It is an opinion"),
    N_("It is an advertisement or a call, not a statement"),
    N_("It is too vague to check"),
    N_("It concerns a private person"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a suggestion points to, as the review shows it."""

    text: str
    language: str
    body: str = ""
    publisher: str = ""
    label: str = ""
    url: str = ""


def target_of(suggestion: Suggestion) -> Target:
    """The claim, our refutation's wording, or the other publisher's review."""
    if suggestion.target_claim is not None:
        return Target(suggestion.target_claim.statement, suggestion.target_claim.language)
    own = suggestion.target_refutation
    if own is not None:
        revision = own.published or own.working
        text = revision.text if revision else None
        return Target(text.claim, text.language, text.headline) if text else Target("", "")
    outside = suggestion.target_outside
    if outside is not None:
        sources = {row.source.id: row.source for row in catalogue().sources()}
        source = sources.get(outside.source_id)
        publisher = outside.publisher or (source.name(outside.language) if source else outside.source_id)
        text = outside.claim or outside.title
        body = outside.title if outside.claim else ""
        return Target(text, outside.language, body, publisher, outside.label, outside.url)
    return Target("", "")
