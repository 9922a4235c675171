"""One module a format. `adapter(name)` gives the reader of a format; each is pure: bytes in, `Parsed` out."""

from __future__ import annotations

from crawlers.adapters.protocol import Adapter

FORMATS = (
    "feed", "jsonfeed", "claimreview", "listing", "sitemap", "wordpress", "jsonlist", "factchecktools",
    "cap", "cofacts", "mastodon", "telegram",
)  # fmt: skip


def adapter(name: str) -> Adapter:
    """Raises: KeyError for an unknown format (the registry refuses it first)."""
    # Late, one by one: only the parsing child needs them, and it needs few.
    if name == "feed":
        from crawlers.adapters.feed import FeedAdapter

        return FeedAdapter()
    if name == "jsonfeed":
        from crawlers.adapters.jsonfeed import JsonFeedAdapter

        return JsonFeedAdapter()
    if name == "claimreview":
        from crawlers.adapters.claimreview import ClaimReviewAdapter

        return ClaimReviewAdapter()
    if name == "listing":
        from crawlers.adapters.listing import ListingAdapter

        return ListingAdapter()
    if name == "sitemap":
        from crawlers.adapters.sitemap import SitemapAdapter

        return SitemapAdapter()
    if name == "wordpress":
        from crawlers.adapters.wordpress import WordPressAdapter

        return WordPressAdapter()
    if name == "jsonlist":
        from crawlers.adapters.jsonlist import JsonListAdapter

        return JsonListAdapter()
    if name == "factchecktools":
        from crawlers.adapters.factchecktools import FactCheckToolsAdapter

        return FactCheckToolsAdapter()
    if name == "cap":
        from crawlers.adapters.cap import CapAdapter

        return CapAdapter()
    if name == "cofacts":
        from crawlers.adapters.cofacts import CofactsAdapter

        return CofactsAdapter()
    if name == "mastodon":
        from crawlers.adapters.mastodon import MastodonAdapter

        return MastodonAdapter()
    if name == "telegram":
        from crawlers.adapters.telegram import TelegramAdapter

        return TelegramAdapter()
    if name == "mail":  # no format of a source: `clarion mail` reads its messages in the same children
        from crawlers.adapters.mail import MailAdapter

        return MailAdapter()
    raise KeyError(name)
