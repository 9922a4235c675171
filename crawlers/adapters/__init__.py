"""One module a format. `adapter(name)` gives the reader of a format; each is pure: bytes in, `Parsed` out."""

from __future__ import annotations

from importlib import import_module

from crawlers.adapters.protocol import Adapter

_CLASSES = {  # by the name of the format, which is its module's too
    "feed": "FeedAdapter",
    "jsonfeed": "JsonFeedAdapter",
    "claimreview": "ClaimReviewAdapter",
    "listing": "ListingAdapter",
    "sitemap": "SitemapAdapter",
    "wordpress": "WordPressAdapter",
    "jsonlist": "JsonListAdapter",
    "factchecktools": "FactCheckToolsAdapter",
    "cap": "CapAdapter",
    "cofacts": "CofactsAdapter",
    "mastodon": "MastodonAdapter",
    "telegram": "TelegramAdapter",
    "mail": "MailAdapter",
}
#: Those that a source may have. Mail is none: `clarion mail` reads its messages in the same children.
FORMATS = tuple(name for name in _CLASSES if name != "mail")


def adapter(name: str) -> Adapter:
    """Raises: KeyError for an unknown format (the registry refuses it first)."""
    class_name = _CLASSES[name]
    # Late: who reads only the registry needs none of them, and none of their parsers.
    found: Adapter = getattr(import_module(f"{__name__}.{name}"), class_name)()
    return found
