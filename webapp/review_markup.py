"""ClaimReview as schema.org JSON-LD (https://schema.org/ClaimReview): one, on our own published review, gone when
withdrawn.
"""

from __future__ import annotations

from typing import Any

from index.model import RATINGS, Sighting
from index.pages import ThreadPage
from webapp import language
from webapp.present import slug, word

APPEARANCES = 5


def claim_review(page: ThreadPage) -> dict[str, Any] | None:
    """The markup for the alert's page, None once it is withdrawn. Consumers should rely on `alternateName`."""
    thread, text = page.thread, page.thread.text
    if thread.withdrawal is not None or text.verdict is None:
        return None
    publisher = {
        "@type": "Organization",
        "name": language.site_name(),
        "url": language.url_for("public.home", absolute=True),
    }
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "@id": language.url_for("public.alert", thread_id=thread.id, language=language.DEFAULT, absolute=True),
        "url": language.url_for("public.alert", thread_id=thread.id, slug=slug(text.headline), absolute=True),
        "headline": text.headline,
        "claimReviewed": text.claim,
        "reviewBody": text.truth,
        "inLanguage": text.language,
        "datePublished": thread.issued_at.isoformat(),
        "dateModified": thread.updated_at.isoformat(),
        "author": publisher,
        "publisher": publisher,
        "reviewRating": {
            "@type": "Rating",
            "ratingValue": RATINGS[text.verdict],
            "bestRating": 5,
            "worstRating": 1,
            "alternateName": word(text.verdict),
        },
        "itemReviewed": _claim(page),
    }


def _claim(page: ThreadPage) -> dict[str, Any]:
    seen = sorted((s for s in page.sightings if not s.is_debunk), key=lambda s: s.published_at or s.seen_at)
    claim: dict[str, Any] = {"@type": "Claim", "text": page.thread.text.claim}
    if seen:
        works = [{"@type": "CreativeWork", "url": s.url, **_published(s)} for s in seen[:APPEARANCES]]
        claim["firstAppearance"] = works[0]
        claim["appearance"] = works
        claim.update(_published(seen[0]))
    return claim


def _published(sighting: Sighting) -> dict[str, str]:
    """Nothing where the publisher told only about when: the format knows exact moments alone."""
    if sighting.published_at is not None and sighting.date_quality != "exact":
        return {}
    return {"datePublished": (sighting.published_at or sighting.seen_at).isoformat()}
