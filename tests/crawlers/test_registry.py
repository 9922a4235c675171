"""The registry: what start-up refuses, and that each refusal names the source and the key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from crawlers.adapters import FORMATS
from crawlers.registry import Registry, load_registry, parse_registry
from index.errors import InvalidInput
from index.model import Role, SourceKind, Verdict

ENTRY = """
[[source]]
id = "xx-official"
name = { en = "Office" }
kind = "official"
authority = 4
domain = "office.example"
proof = { by = "letter", url = "https://office.example/", on = 2026-11-01, editors = ["editor A", "editor B"] }
url = "https://www.office.example/list"
format = "listing"
role = "refutation"
role_rules = [{ title = "提示", role = "notice" }]
language = "zh-Hans"
timezone = "Asia/Shanghai"
select = { item = "li", link = "a" }
labels = "office"
licence = { reuse = "link", terms = "https://office.example/terms", reviewed_on = 2026-11-01, attribution = "Office" }
cadence = { every_min = 15, silent_after_h = 48 }
known_by = "doc"
enabled = true

[labels.office]
"谣言" = "false"
"科普" = "none"
"""


def entry(**changes: Any) -> dict[str, Any]:
    """The good entry with keys changed, or taken away by None."""
    document = tomllib.loads(ENTRY)
    for key, value in changes.items():
        if value is None:
            del document["source"][0][key]
        else:
            document["source"][0][key] = value
    return document


def refused(document: dict[str, Any]) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse_registry(document)
    return caught.value


def test_a_good_entry_becomes_a_source() -> None:
    registry = parse_registry(entry())
    (source,) = registry.sources
    assert (source.id, source.kind, source.authority, source.role) == (
        "xx-official",
        SourceKind.OFFICIAL,
        4,
        Role.REFUTATION,
    )
    assert (source.every_min, source.silent_after_h, source.is_enabled) == (15, 48, True)
    assert source.licence.attribution == "Office"
    assert registry.labels_of(source) == {"谣言": Verdict.FALSE, "科普": None}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"colour": "red"}, "colour"),
        ({"proof": None}, "proof"),
        ({"proof": {"by": "letter"}}, "proof"),
        ({"proof": {"by": "letter", "url": "u", "on": "soon", "editors": ["a", "b"]}}, "proof"),
        ({"id": "Upper"}, "id"),
        ({"id": None}, "id"),
        ({"name": None}, "name"),
        ({"licence": None}, "licence"),
        ({"licence": {"reuse": "link"}}, "licence.terms"),
        ({"kind": "ministry"}, "kind"),
        ({"kind": "checker"}, "authority"),
        ({"authority": 5}, "authority"),
        ({"authority": "high"}, "authority"),
        ({"role": "opinion"}, "role"),
        ({"format": "gopher"}, "format"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"url": "ftp://office.example/"}, "url"),
        ({"url": "https://other.example/list"}, "url"),
        ({"url": "https://office.example.evil.test/"}, "url"),
        ({"domain": "www.office.example"}, "domain"),
        ({"domain": "Office.example"}, "domain"),
        ({"labels": "nobody"}, "labels"),
        ({"select": {"link": "a"}}, "select"),
        ({"select": {"item": "li["}}, "select.item"),
        ({"select": {"item": "li", "colour": "b"}}, "select.colour"),
        ({"role_rules": [{"title": "(", "role": "notice"}]}, "role_rules"),
        ({"role_rules": [{"title": "x", "role": "verdict"}]}, "role_rules"),
        ({"role_rules": [{"title": "x"}]}, "role_rules"),
        ({"url_pattern": "["}, "url_pattern"),
        ({"robots_override": {"reason": "because"}}, "robots_override"),
        ({"cadence": {"every_min": 0}}, "cadence.every_min"),
        ({"cadence": {"every_hour": 1}}, "cadence.every_hour"),
        ({"enabled": "yes"}, "enabled"),
        ({"pace_s": 0}, "pace_s"),
        ({"also_hosts": "cdn.example"}, "also_hosts"),
        ({"format": "cap", "select": {}}, "role"),
        ({"format": "mastodon", "select": {}}, "kind"),
        ({"aggregator": "yes"}, "aggregator"),
        ({"bridge": True}, "authority"),
        ({"bridge": True, "authority": 0}, "bridge"),
        ({"key_env": "a-secret-key"}, "key_env"),
        ({"key_env": "x"}, "key_env"),
    ],
)
def test_what_is_unclear_is_refused_by_source_and_key(changes: dict[str, Any], key: str) -> None:
    error = refused(entry(**changes))
    assert error.field == key
    assert error.code == "bad_registry"
    assert changes.get("id", "xx-official") is None or str(changes.get("id", "xx-official")) in str(error)


JSON_LIST = {"format": "jsonlist", "select": {"item": "data.list", "title": "t"}, "url": "https://office.example/l?p=0"}
CHECKS = {"format": "factchecktools", "select": None, "aggregator": True, "key_env": "SOME_KEY",
          "url": "https://office.example/claims?query=x"}  # fmt: skip
POSTS = {"format": "wordpress", "select": None, "url": "https://office.example/wp-json/wp/v2/posts?per_page=100"}
PAGES = {"format": "sitemap", "select": None, "url": "https://office.example/s.xml", "url_pattern": "/a/"}


@pytest.mark.parametrize(
    "changes",
    [
        JSON_LIST,
        JSON_LIST | {"page_param": "p", "link_template": "https://www.office.example/{id}"},
        CHECKS,
        POSTS,
        PAGES,
    ],
)
def test_an_entry_that_its_format_can_read_is_taken(changes: dict[str, Any]) -> None:
    assert parse_registry(entry(**changes)).sources[0].format == changes["format"]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        (JSON_LIST | {"select": {"item": "data.list"}}, "select"),
        (JSON_LIST | {"select": {"title": "a b"}}, "select.title"),
        (JSON_LIST | {"select": {"title": "a..b"}}, "select.title"),
        (JSON_LIST | {"page_param": "page"}, "page_param"),
        (JSON_LIST | {"page_param": 0}, "page_param"),
        (JSON_LIST | {"link_template": "https://office.example/"}, "link_template"),
        (JSON_LIST | {"link_template": "https://other.example/{id}"}, "link_template"),
        (JSON_LIST | {"link_template": "javascript:{id}"}, "link_template"),
        ({"select": {"item": "li", "next": "a"}}, "select.next"),
        ({"page_param": "p"}, "page_param"),
        ({"link_template": "https://office.example/{id}"}, "link_template"),
        (CHECKS | {"url": "https://office.example/claims?maxAgeDays=3"}, "url"),
        (CHECKS | {"url": "https://office.example/claims?query=x&key=secret"}, "url"),
        (CHECKS | {"key_env": None}, "key_env"),
        (CHECKS | {"key_env": "AIzaSyNotAVariable"}, "key_env"),
        (CHECKS | {"key_env": "CLARION_SEARCH_PASSWORD"}, "key_env"),
        (CHECKS | {"aggregator": None}, "aggregator"),
        (POSTS | {"url": "https://office.example/feed/"}, "url"),
        (PAGES | {"url_pattern": None}, "url_pattern"),
        (PAGES | {"url_pattern": "("}, "url_pattern"),
    ],
)
def test_what_a_format_cannot_read_is_refused_by_source_and_key(changes: dict[str, Any], key: str) -> None:
    good = {"key_env": "SOME_KEY", "aggregator": True, "url_pattern": "/a/"}
    document = entry(**{k: v for k, v in changes.items() if v is not None or k not in good})
    error = refused(document)
    assert (error.field, error.code) == (key, "bad_registry")
    assert "xx-official" in str(error)


def test_one_editor_alone_cannot_approve_an_official_source() -> None:
    proof = {**entry()["source"][0]["proof"], "editors": ["editor A", "editor A"]}
    assert refused(entry(proof=proof)).field == "proof"


def monitor(**changes: Any) -> dict[str, Any]:
    base = {"kind": "monitor", "authority": 0, "role": "circulating", "labels": None, "proof": None, "role_rules": None}
    return entry(**(base | changes))


def test_a_monitor_needs_no_proof_and_never_carries_a_verdict() -> None:
    assert parse_registry(monitor()).sources[0].kind is SourceKind.MONITOR
    assert refused(monitor(labels="office")).field == "labels"
    assert refused(monitor(label_prefix="(x)")).field == "labels"
    assert refused(monitor(role="refutation")).field == "role"
    assert refused(monitor(authority=1)).field == "authority"


def test_a_telegram_source_is_the_preview_of_one_channel() -> None:
    preview = monitor(domain="t.me", url="https://t.me/s/telegram", format="telegram", select={})
    assert parse_registry(preview).sources[0].format == "telegram"
    for url in ("https://t.me/telegram", "https://t.me/s/telegram/1", "https://t.me/s/"):
        assert refused(monitor(domain="t.me", url=url, format="telegram", select={})).field == "url"
    assert refused(monitor(format="cofacts", role="notice", select={})).field == "role"


def test_an_id_is_used_once() -> None:
    document = entry()
    document["source"].append(dict(document["source"][0]))
    assert refused(document).field == "id"


def test_a_label_table_holds_only_verdicts() -> None:
    document = entry()
    document["labels"]["office"]["x"] = "wrong"
    assert "labels.office" in str(refused(document))


def test_an_unknown_table_is_refused() -> None:
    assert refused(entry() | {"sauce": []}).field == "sauce"


def test_pace_may_be_given_up_only_for_a_named_internal_address() -> None:
    document = monitor(url="http://127.0.0.1:8123/list", domain="127.0.0.1", pace_s=0)
    assert refused(document).field == "pace_s"
    (source,) = parse_registry(document, frozenset({"127.0.0.1:8123"})).sources
    assert source.options["pace_s"] == 0


def test_a_file_that_is_no_toml_or_is_missing_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "sources.toml"
    broken.write_text("[[source]\n")
    for path in (broken, tmp_path / "nowhere.toml"):
        with pytest.raises(InvalidInput) as caught:
            load_registry(path)
        assert str(path) in str(caught.value)


@pytest.fixture(scope="module")
def packaged() -> Registry:
    return load_registry()


def test_the_packaged_registry_is_good_and_polls_nobody_unasked(packaged: Registry) -> None:
    assert len(packaged.sources) >= 7
    assert [s.id for s in packaged.sources if s.is_enabled] == []
    assert {s.format for s in packaged.sources} <= set(FORMATS)


def test_a_packaged_source_that_needs_a_key_names_a_variable_and_holds_none(packaged: Registry) -> None:
    named = {s.id: s.options["key_env"] for s in packaged.sources if "key_env" in s.options}
    assert {"tw-cofacts", "tw-cofacts-open"} <= set(named)
    assert all(str(name).isupper() for name in named.values())


def test_every_packaged_source_says_how_it_is_known_and_under_what_terms(packaged: Registry) -> None:
    for source in packaged.sources:
        assert source.options["known_by"] in ("doc", "code", "list")
        assert source.licence.terms.startswith("https://") and source.licence.attribution
        assert {"zh-Hans", "zh-Hant", "en"} <= set(source.names)


def test_an_aggregator_asks_the_registry_for_the_level_of_a_named_publisher(packaged: Registry) -> None:
    assert packaged.authority_of("https://www.piyao.org.cn/2024/1.html") == 3
    assert packaged.authority_of("https://fullfact.org/health/x") == 2
    assert packaged.authority_of("https://fullfact.org.evil.test/") is None
