"""A refutation's text as JSON and back. Fields that a stored text lacks take their defaults; others are dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from index.model import Evidence, Harm, RefutationText, Severity, Technique, Verdict

ENUMS = {"verdict": Verdict, "technique": Technique, "severity": Severity, "harm": Harm}


def to_json(text: RefutationText) -> dict[str, Any]:
    stored = {field.name: getattr(text, field.name) for field in fields(text)}
    stored["evidence"] = [
        {
            "publisher": source.publisher,
            "title": source.title,
            "url": source.url,
            "published_on": source.published_on and source.published_on.isoformat(),
            "archived_at": source.archived_at and source.archived_at.isoformat(),
            "sha256": source.sha256,
        }
        for source in text.evidence
    ]
    stored["expires_at"] = text.expires_at and text.expires_at.isoformat()
    return stored


def from_json(stored: Mapping[str, Any]) -> RefutationText:
    values = {field.name: stored[field.name] for field in fields(RefutationText) if field.name in stored}
    for name, enum in ENUMS.items():
        if values.get(name) is not None:
            values[name] = enum(values[name])
    values["evidence"] = tuple(_evidence(source) for source in values.get("evidence", ()))
    values["topics"] = tuple(values.get("topics", ()))
    values["regions"] = tuple(values.get("regions", ()))
    if values.get("expires_at"):
        values["expires_at"] = datetime.fromisoformat(values["expires_at"])
    return RefutationText(**values)


def _evidence(stored: Mapping[str, Any]) -> Evidence:
    values = {field.name: stored[field.name] for field in fields(Evidence) if field.name in stored}
    if values.get("published_on"):
        values["published_on"] = date.fromisoformat(values["published_on"])
    if values.get("archived_at"):
        values["archived_at"] = datetime.fromisoformat(values["archived_at"])
    return Evidence(**values)
