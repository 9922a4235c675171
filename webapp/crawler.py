"""What the site says about its crawler; the crawler itself lives in another package that the site never imports."""

from __future__ import annotations

from index.settings import Settings

BOT_NAME = "ClarionBot"


def bot_contact(settings: Settings) -> str:
    """Where the operator of another site can write to."""
    return settings.bot_contact or f"{settings.site_url}/bot"
