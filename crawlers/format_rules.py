"""What a format demands of its registry entry, beyond what every entry must have. Pure: the first fault, or None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from crawlers.adapters.loosejson import PATH, number_in
from crawlers.domains import is_within

Fault = tuple[str, str]  # key, reason
PATH_KEYS = frozenset({"id", "text", "claim", "next"})  # of a jsonlist's `select`, besides those that others share
_VARIABLE = re.compile(r"(?!CLARION_)[A-Z][A-Z0-9_]{2,63}")


def format_fault(entry: Mapping[str, Any], select: Mapping[str, Any]) -> Fault | None:
    """The key that cannot be used and why; None for an entry that its format can read."""
    form = entry["format"]
    if form != "jsonlist":
        for key in sorted(PATH_KEYS & set(select)):
            return f"select.{key}", "only a jsonlist has it"
        for key in ("page_param", "link_template"):
            if key in entry:
                return key, "only a jsonlist has it"
    if "key_env" in entry and not (isinstance(entry["key_env"], str) and _VARIABLE.fullmatch(entry["key_env"])):
        return "key_env", "must be the name of a variable in capitals, not of Clarion's own, and never a key"
    check = {
        "sitemap": _sitemap,
        "wordpress": _wordpress,
        "factchecktools": _factchecktools,
        "cap": _cap,
        "cofacts": _cofacts,
        "mastodon": _monitor,
        "telegram": _telegram,
    }.get(form)
    if form == "jsonlist":
        return _jsonlist(entry, select)
    return (check(entry) if check else None) or _third_party(entry)


def _third_party(entry: Mapping[str, Any]) -> Fault | None:
    for key in ("aggregator", "bridge", "dump"):
        if not isinstance(entry.get(key, False), bool):
            return key, "must be true or false"
    if entry.get("dump") and entry["format"] != "claimreview":
        return "dump", "only a claimreview has it"
    if entry.get("bridge") and entry["authority"] != 0:
        return "authority", "what comes through a bridge has level 0"
    if entry.get("bridge") and entry["format"] not in ("feed", "jsonfeed"):
        return "bridge", "a bridge makes feeds: format feed or jsonfeed"
    return None


def _cap(entry: Mapping[str, Any]) -> Fault | None:
    return None if entry["role"] == "notice" else ("role", "a source of the format cap is notice")


def _cofacts(entry: Mapping[str, Any]) -> Fault | None:
    is_known = entry["role"] in ("refutation", "circulating")
    return None if is_known else ("role", "a source of the format cofacts is circulating or refutation")


def _monitor(entry: Mapping[str, Any]) -> Fault | None:
    is_monitor = entry["kind"] == "monitor"
    return None if is_monitor else ("kind", f"what is read by {entry['format']} is a monitor")


def _telegram(entry: Mapping[str, Any]) -> Fault | None:
    if not re.fullmatch(r"/s/[A-Za-z0-9_]{3,64}", urlsplit(str(entry["url"])).path):
        return "url", "must be the preview of a channel, …/s/‹channel›"
    return _monitor(entry)


def _sitemap(entry: Mapping[str, Any]) -> Fault | None:
    return None if entry.get("url_pattern") else ("url_pattern", "a sitemap needs it: which addresses are wanted pages")


def _wordpress(entry: Mapping[str, Any]) -> Fault | None:
    is_rest = re.search(r"/wp/v2/[a-z0-9_-]+", str(entry["url"]))
    return None if is_rest else ("url", "must be a list of its REST interface, such as …/wp-json/wp/v2/posts")


def _factchecktools(entry: Mapping[str, Any]) -> Fault | None:
    query = parse_qs(urlsplit(str(entry["url"])).query)
    if "key" in query:
        return "url", "holds a key; name its variable in key_env"
    if not {"query", "reviewPublisherSiteFilter"} & set(query):
        return "url", "needs query or reviewPublisherSiteFilter"
    if "key_env" not in entry:
        return "key_env", "missing: the name of the variable that holds the key"
    if entry.get("aggregator") is not True:
        return "aggregator", "must be true: its reviews are other publishers'"
    return None


def _jsonlist(entry: Mapping[str, Any], select: Mapping[str, Any]) -> Fault | None:
    for key, path in select.items():
        if not isinstance(path, str) or not PATH.fullmatch(path):
            return f"select.{key}", "not a path such as data.list"
    if not {"title", "text"} & set(select):
        return "select", "a jsonlist needs select.title or select.text"
    if "page_param" in entry:
        name = entry["page_param"]
        if not isinstance(name, str) or number_in(str(entry["url"]), name) is None:
            return "page_param", "the address must carry it with the number of the first page"
    template = entry.get("link_template")
    if template is None:
        return None
    hosts = (str(entry["domain"]), *entry.get("also_hosts", []))
    is_address = isinstance(template, str) and re.match(r"https?://", template) and "{id}" in template
    if not is_address or not is_within(template, hosts):
        return "link_template", "must be an address inside domain and also_hosts, with {id} in it"
    return None
