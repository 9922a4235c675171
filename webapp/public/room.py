"""The public blueprint and the small questions its views share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, request

from index.ids import is_id
from webapp import language

blueprint = Blueprint("public", __name__)

_IDS = {"thread_id": "alt", "claim_id": "clm"}


@blueprint.url_value_preprocessor
def refuse_ids_that_cannot_be(endpoint: str | None, values: Mapping[str, Any] | None) -> None:
    """Told apart before any query; the page says the same as for an unknown id."""
    for name, prefix in _IDS.items():
        if values and name in values and not is_id(values[name], prefix):
            abort(404)


def page_number() -> int:
    """The `page` parameter: 1 if absent, 400 if it is not a small positive number."""
    text = request.args.get("page", "1")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10_000:
        abort(400)
    return int(text)


def self_link(**changes: Any) -> str:
    """The present address with some query parameters changed, in a fixed order; empty ones are left out."""
    values = {**request.args.to_dict(), **{k: str(v) for k, v in changes.items()}}
    endpoint = request.endpoint or "public.home"
    return language.url_for(endpoint, **(request.view_args or {}), **{k: v for k, v in sorted(values.items()) if v})


def page_link(page: int) -> str:
    return self_link(page=page if page > 1 else "")
