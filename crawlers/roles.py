"""Which role an item has: its source's or what a declared rule says of its title (official lists mix kinds)."""

from __future__ import annotations

import re

from index.model import Role, Source


def role_of(source: Source, title: str) -> Role:
    """The first of the source's `role_rules` whose `title` pattern is found in the title decides."""
    rules = source.options.get("role_rules", ())
    if isinstance(rules, list | tuple):
        for rule in rules:
            if isinstance(rule, dict) and re.search(str(rule.get("title", "(?!)")), title):
                return Role(str(rule["role"]))
    return source.role
