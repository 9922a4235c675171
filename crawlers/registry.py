"""sources.toml to Sources. Start-up refuses what is unclear, naming the entry and the key (sources.md 1.1).

Runtime state never stands here; label tables of single sources stand beside it in `[labels.‹name›]`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crawlers.adapters import FORMATS
from crawlers.domains import is_within, registrable
from crawlers.format_rules import PATH_KEYS, format_fault
from crawlers.labels import fold
from crawlers.page import selector
from index.errors import InvalidInput
from index.model import Licence, Role, Source, SourceKind, Verdict

PACKAGED = Path(__file__).with_name("sources.toml")

_REQUIRED = ("id", "name", "kind", "authority", "domain", "url", "format", "role", "language", "licence")
_OPTIONS = (
    "scope", "proof", "select", "labels", "role_rules", "dates", "also_hosts", "url_pattern", "aggregator", "bridge",
    "pages_a_day", "robots_override", "key_env", "known_by", "label_prefix", "pace_s", "page_param", "link_template",
    "dump",
)  # fmt: skip
_KNOWN = frozenset({*_REQUIRED, *_OPTIONS, "timezone", "cadence", "enabled"})
_SELECT = frozenset(
    {
        "item",
        "link",
        "title",
        "date",
        "label",
        "page_title",
        "page_body",
        "page_date",
        "page_date_after",
        "page_label",
        "page_claim",
    }
    | PATH_KEYS
)
_LEVELS = {SourceKind.OFFICIAL: (0, 4), SourceKind.CHECKER: (0, 2), SourceKind.MONITOR: (0, 0)}
_ROLES = {SourceKind.MONITOR: {Role.CIRCULATING}}
_NO_SELECTOR = frozenset({"page_date_after"})
_FIELD_NAMES = frozenset({"label"})  # in a feed's `select`, the name of a field


@dataclass(frozen=True, slots=True)
class Registry:
    """The sources, and the label tables that they name."""

    sources: tuple[Source, ...]
    labels: Mapping[str, Mapping[str, Verdict | None]] = field(default_factory=dict)

    def labels_of(self, source: Source) -> Mapping[str, Verdict | None]:
        name = source.options.get("labels")
        return self.labels.get(name, {}) if isinstance(name, str) else {}

    def authority_of(self, url: str) -> int | None:
        """The level of the registered checker or official body on whose domain `url` lies (for aggregators)."""
        levels = [s.authority for s in self.sources if not s.options.get("aggregator") and is_within(url, (s.domain,))]
        return max(levels, default=None)


def load_registry(path: Path | None = None, internal_targets: frozenset[str] = frozenset()) -> Registry:
    """Raises: InvalidInput naming the source and the key that cannot be used."""
    path = path or PACKAGED
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{path}: {error}", code="bad_registry", field=str(path)) from None
    return parse_registry(document, internal_targets)


def parse_registry(document: Mapping[str, Any], internal_targets: frozenset[str] = frozenset()) -> Registry:
    """Raises: InvalidInput."""
    if unknown := sorted(set(document) - {"source", "labels"}):
        raise _refused("registry", unknown[0], "unknown table")
    labels = {name: _labels(name, table) for name, table in document.get("labels", {}).items()}
    sources: dict[str, Source] = {}
    for entry in document.get("source", []):
        source = _source(entry, labels, internal_targets)
        if source.id in sources:
            raise _refused(source.id, "id", "used twice")
        sources[source.id] = source
    return Registry(tuple(sources.values()), labels)


def _refused(source_id: str, key: str, reason: str) -> InvalidInput:
    return InvalidInput(f"source {source_id}: {key}: {reason}", code="bad_registry", field=key)


def _labels(name: str, table: Any) -> dict[str, Verdict | None]:
    if not isinstance(table, dict):
        raise _refused(f"labels.{name}", name, "must be a table of label = verdict")
    found: dict[str, Verdict | None] = {}
    for label, verdict in table.items():
        if verdict != "none" and verdict not in set(Verdict):
            raise _refused(f"labels.{name}", str(label), 'must be a verdict or "none"')
        found[fold(label)] = None if verdict == "none" else Verdict(verdict)
    return found


def _source(entry: Mapping[str, Any], labels: Mapping[str, Any], internal_targets: frozenset[str]) -> Source:
    source_id = str(entry.get("id", "?"))
    if unknown := sorted(set(entry) - _KNOWN):
        raise _refused(source_id, unknown[0], "unknown key")
    for key in _REQUIRED:
        if key not in entry:
            raise _refused(source_id, key, "missing")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,63}", source_id):
        raise _refused(source_id, "id", "must be lower-case letters, digits and hyphens")
    kind, role = _enum(source_id, "kind", SourceKind, entry["kind"]), _enum(source_id, "role", Role, entry["role"])
    _check_kind(source_id, kind, role, entry, labels)
    _check_address(source_id, entry, internal_targets)
    _check_reading(source_id, entry)
    cadence = _table(source_id, entry, "cadence", {"every_min", "silent_after_h"})
    return Source(
        id=source_id,
        names={str(k): str(v) for k, v in _table(source_id, entry, "name").items()},
        kind=kind,
        authority=int(entry["authority"]),
        domain=str(entry["domain"]),
        url=str(entry["url"]),
        format=str(entry["format"]),
        role=role,
        language=str(entry["language"]),
        timezone=str(entry.get("timezone", "UTC")),
        licence=_licence(source_id, entry),
        every_min=_positive(source_id, "cadence.every_min", cadence.get("every_min", 60)),
        silent_after_h=_silence(source_id, cadence),
        is_enabled=_flag(source_id, entry),
        options={key: _plain(entry[key]) for key in _OPTIONS if key in entry},
    )


def _check_kind(
    source_id: str, kind: SourceKind, role: Role, entry: Mapping[str, Any], labels: Mapping[str, Any]
) -> None:
    authority, (lowest, highest) = entry["authority"], _LEVELS[kind]
    if not isinstance(authority, int) or isinstance(authority, bool) or not lowest <= authority <= highest:
        raise _refused(source_id, "authority", f"{kind.value} sources have {lowest} to {highest}")
    if role not in _ROLES.get(kind, set(Role)):
        raise _refused(source_id, "role", f"a {kind.value} cannot have the role {role.value}")
    if kind is SourceKind.MONITOR and ("labels" in entry or "label_prefix" in entry):
        raise _refused(source_id, "labels", "a monitor never carries a verdict")
    if "labels" in entry and entry["labels"] not in labels:
        raise _refused(source_id, "labels", "no such label table")
    if kind is SourceKind.OFFICIAL:
        proof = _table(source_id, entry, "proof")
        if not {"by", "url", "on"} <= set(proof) or not isinstance(proof["on"], date):
            raise _refused(source_id, "proof", "an official source needs by, url and on")
        if len(set(proof.get("editors", ()))) < 2:
            raise _refused(source_id, "proof", "two editors must have approved an official source")


def _check_address(source_id: str, entry: Mapping[str, Any], internal_targets: frozenset[str]) -> None:
    url, domain = str(entry["url"]), str(entry["domain"])
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refused(source_id, "url", "must be an http or https address")
    if not domain or domain != domain.lower() or "/" in domain or registrable(domain) != domain:
        raise _refused(source_id, "domain", "must be one registrable domain in lower case")
    also = entry.get("also_hosts", [])
    if not isinstance(also, list) or not all(isinstance(h, str) and h for h in also):
        raise _refused(source_id, "also_hosts", "must be a list of host names")
    if not is_within(url, (domain, *also)):
        raise _refused(source_id, "url", "lies outside domain and also_hosts")
    if "pace_s" in entry:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if f"{parts.hostname}:{port}" not in internal_targets:
            raise _refused(source_id, "pace_s", "only for an internal address named in CLARION_INTERNAL_TARGETS")
        if not isinstance(entry["pace_s"], int | float) or not 0 <= entry["pace_s"] <= 60:
            raise _refused(source_id, "pace_s", "must be 0 to 60 seconds")


def _check_reading(source_id: str, entry: Mapping[str, Any]) -> None:
    if entry["format"] not in FORMATS:
        raise _refused(source_id, "format", f"must be one of {', '.join(FORMATS)}")
    try:
        ZoneInfo(str(entry.get("timezone", "UTC")))
    except (ZoneInfoNotFoundError, ValueError):
        raise _refused(source_id, "timezone", "unknown") from None
    select = _table(source_id, entry, "select", _SELECT)
    for key, css in select.items():
        is_name = entry["format"] == "jsonlist" or (entry["format"] in ("feed", "jsonfeed") and key in _FIELD_NAMES)
        if key not in _NO_SELECTOR and not is_name:
            _check_selector(source_id, key, css)
    if entry["format"] == "listing" and "item" not in select:
        raise _refused(source_id, "select", "a listing needs select.item")
    if fault := format_fault(entry, select):
        raise _refused(source_id, *fault)
    for key in ("url_pattern", "label_prefix"):
        if key in entry:
            _check_pattern(source_id, key, entry[key])
    for rule in entry.get("role_rules", []):
        if not isinstance(rule, dict) or set(rule) != {"title", "role"}:
            raise _refused(source_id, "role_rules", "each rule has a title pattern and a role")
        _check_pattern(source_id, "role_rules", rule["title"])
        _enum(source_id, "role_rules", Role, rule["role"])
    override = entry.get("robots_override")
    if override is not None and not (isinstance(override, dict) and {"reason", "editor"} <= set(override)):
        raise _refused(source_id, "robots_override", "needs reason and editor")


def _check_selector(source_id: str, key: str, css: Any) -> None:
    try:
        selector(str(css))
    except (SyntaxError, NotImplementedError, ValueError):  # cssselect's errors are SyntaxErrors
        raise _refused(source_id, f"select.{key}", "not a CSS selector") from None


def _check_pattern(source_id: str, key: str, pattern: Any) -> None:
    try:
        re.compile(str(pattern))
    except re.error:
        raise _refused(source_id, key, "not a regular expression") from None


def _licence(source_id: str, entry: Mapping[str, Any]) -> Licence:
    table = _table(source_id, entry, "licence", {"reuse", "terms", "reviewed_on", "attribution"})
    for key in ("terms", "reviewed_on", "attribution"):
        if key not in table:
            raise _refused(source_id, f"licence.{key}", "missing")
    reuse, reviewed = table.get("reuse", "link"), table["reviewed_on"]
    if reuse not in ("link", "excerpt", "full"):
        raise _refused(source_id, "licence.reuse", "must be link, excerpt or full")
    if not isinstance(reviewed, date):
        raise _refused(source_id, "licence.reviewed_on", "must be a date")
    return Licence(reuse, str(table["terms"]), reviewed, str(table["attribution"]))


def _table(
    source_id: str, entry: Mapping[str, Any], key: str, known: frozenset[str] | set[str] | None = None
) -> dict[str, Any]:
    table = entry.get(key, {})
    if not isinstance(table, dict):
        raise _refused(source_id, key, "must be a table")
    if known is not None and (unknown := sorted(set(table) - known)):
        raise _refused(source_id, f"{key}.{unknown[0]}", "unknown key")
    return table


def _enum(source_id: str, key: str, kind: Any, value: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise _refused(source_id, key, f"must be one of {', '.join(k.value for k in kind)}") from None


def _positive(source_id: str, key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise _refused(source_id, key, "must be a positive whole number")
    return value


def _flag(source_id: str, entry: Mapping[str, Any]) -> bool:
    value = entry.get("enabled", False)
    if not isinstance(value, bool):
        raise _refused(source_id, "enabled", "must be true or false")
    return value


def _silence(source_id: str, cadence: Mapping[str, Any]) -> int:
    """0: not registered, so silence is judged by the source's own rhythm (cadence.py)."""
    key = "silent_after_h"
    return _positive(source_id, f"cadence.{key}", cadence[key]) if key in cadence else 0


def _plain(value: Any) -> Any:
    """Dates as text: options are stored as JSON."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value
