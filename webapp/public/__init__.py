"""The public half of the site: reading, checking a message, sending one in. Reading needs no cookie and no script."""

from __future__ import annotations

from webapp.public import alerts, checking, claims, home, lists, texts, tips
from webapp.public.room import blueprint

__all__ = ["alerts", "blueprint", "checking", "claims", "home", "lists", "texts", "tips"]
