"""The public half of the route table: what anybody may do, what needs a form token; and reading changes nothing."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from flask import Flask

from index.ids import new_id
from tests.webapp.looking import public_paths
from tests.webapp.stage import Stage
from webapp.limits import limiter

#: free: anybody; token: anybody, with the token of a form of this site. A new route must be entered here.
DECISIONS = """
GET   static             free
GET   public.home        free
GET   public.check_form  free
POST  public.check       free
GET   public.alerts      free
GET   public.alert       free
GET   public.short       free
GET   public.changes     free
GET   public.claim       free
GET   public.ask_form    free
POST  public.ask         token
GET   public.topics      free
GET   public.topic       free
GET   public.corrections free
GET   public.sources     free
GET   public.feeds       free
GET   public.method      free
GET   public.about       free
GET   public.privacy     free
GET   public.accessibility free
GET   public.bot         free
GET   public.status      free
GET   public.tips        free
POST  public.tips_start  free
POST  public.send_tip    token
GET   public.tip         free
POST  public.erase_tip   token
GET   machine.livez      free
GET   machine.readyz     free
GET   machine.metrics    free
GET   machine.robots     free
GET   machine.sitemap    free
GET   feeds.topic        free
GET   feeds.notices      free
GET   feeds.corrections  free
GET   feeds.alert        free
GET   api.alerts         free
GET   api.alert          free
GET   api.notices        free
GET   api.claim          free
GET   api.topics         free
GET   api.verdicts       free
GET   api.sources        free
GET   api.openapi        free
POST  api.match          free
"""
#: A check that finds nothing counts the fingerprint of the text (ux.md 4.2); vectors of stored texts are kept
#: at first use.
KEPT_BY_CHECKS = {"unanswered_checks", "embeddings"}


def decisions() -> dict[tuple[str, str], str]:
    rows = (line.split() for line in DECISIONS.strip().splitlines())
    return {(method, endpoint): decision for method, endpoint, decision in rows}


def routes(site: Flask) -> dict[tuple[str, str], str]:
    return {
        (method, rule.endpoint): rule.rule
        for rule in site.url_map.iter_rules()
        if not rule.endpoint.startswith("desk.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_outside_the_desk_has_a_decision(site: Flask) -> None:
    assert set(routes(site)) == set(decisions())


def address(rule: str) -> str:
    for name, value in {
        "<thread_id>": new_id("alt"),
        "<claim_id>": new_id("clm"),
        "<slug>": "x",
        "<topic>": "health",
        "<receipt>": "ABCDEFGH",
        "<tongue>": "en",
        "<form>": "rss",
        "<path:filename>": "site.css",
    }.items():
        rule = rule.replace(name, value)
    return rule


def test_nobody_is_asked_to_log_in_and_only_tokens_open_what_writes(site: Flask) -> None:
    client = site.test_client()
    for (method, endpoint), decision in decisions().items():
        limiter.reset()
        answer = client.open(address(routes(site)[method, endpoint]), method=method)
        assert answer.status_code not in (401, 403, 500), endpoint
        if decision == "token":
            assert answer.status_code == 400, endpoint
        elif method == "POST":
            assert answer.status_code in (200, 400), endpoint


def fingerprints(database: Path) -> dict[str, str]:
    """A digest of every table's rows."""
    connection = sqlite3.connect(database)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {}
    for name in names:
        digest = hashlib.sha256()
        for row in connection.execute(f'SELECT * FROM "{name}"'):
            digest.update(repr(row).encode())
        found[name] = digest.hexdigest()
    connection.close()
    return found


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_changes_nothing(own_site: Flask, own_stage: Stage, method: str) -> None:
    database = own_stage.catalogue.settings.data_dir / "clarion.db"
    paths = [
        *public_paths(own_stage),
        "/feeds/all/en.rss",
        "/feeds/notices/en.json",
        "/api/v1/alerts",
        "/sitemap.xml",
        "/readyz",
    ]
    client = own_site.test_client()
    before = fingerprints(database)
    for path in paths:
        limiter.reset()
        assert client.open(path, method=method).status_code == 200, path
    after = fingerprints(database)
    assert {name for name in before if before[name] != after[name]} <= KEPT_BY_CHECKS
