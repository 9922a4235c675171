"""Small helpers that read pages as a person or a machine would."""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urljoin, urlsplit

import html5lib
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

from tests.webapp.stage import Stage
from webapp.language import PREFIXES

XHTML = "{http://www.w3.org/1999/xhtml}"
BASE = "http://127.0.0.1:8000"


def public_paths(stage: Stage) -> list[str]:
    """One address of every kind of public page, without a language."""
    threads, claims = stage.threads, stage.claims
    paths = [
        "/",
        "/check",
        "/check?q=5G",
        "/alerts",
        "/alerts?verdict=false&topic=health",
        "/topics",
        "/topics/food",
        "/corrections",
        "/sources",
        "/feeds",
    ]
    paths += [
        "/method",
        "/about",
        "/accessibility",
        "/privacy",
        "/status",
        "/bot",
        "/tips",
        f"/claims/{claims['5g']}",
        f"/claims/{claims['exam']}",
        f"/claims/{claims['exam']}/ask",
    ]
    for name in ("5g", "salt", "phone", "strong"):
        thread = stage.catalogue.thread(threads[name])
        from webapp.present import slug

        paths += [f"/alerts/{thread.id}/{slug(thread.text.headline)}", f"/alerts/{thread.id}/changes"]
    return paths


def in_every_language(paths: list[str]) -> list[tuple[str, str]]:
    return [(language, prefix + path) for path in paths for language, prefix in PREFIXES.items()]


def parsed(response: TestResponse) -> etree._Element:
    """The page as a tree. Raises html5lib's ParseError for anything that the HTML standard calls a parse error."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("lxml"), strict=True, namespaceHTMLElements=True)
    return parser.parse(response.get_data(as_text=True)).getroot()


def one(page: etree._Element, path: str) -> etree._Element:
    found = every(page, path)
    assert len(found) == 1, f"{path}: {len(found)}"
    return found[0]


def every(page: etree._Element, path: str) -> list[etree._Element]:
    """XPath with HTML names: `.//h1`, `.//a[@href]`."""
    prefixed = re.sub(r"""(["'].*?["'])|(?<=/)([a-z][a-z0-9]*)""", lambda m: m[1] or f"h:{m[2]}", path)
    return page.xpath(prefixed, namespaces={"h": "http://www.w3.org/1999/xhtml"})


def words(element: etree._Element) -> str:
    return " ".join("".join(element.itertext()).split())


def local_links(page: etree._Element, address: str) -> set[str]:
    """Paths (with queries) of this site that the page links to or loads."""
    found = set()
    for name, attribute in (("a", "href"), ("link", "href"), ("script", "src"), ("img", "src")):
        for element in every(page, f".//{name}[@{attribute}]"):
            target = urldefrag(urljoin(BASE + address, element.get(attribute)))[0]
            if target.startswith(BASE):
                parts = urlsplit(target)
                found.add(parts.path + (f"?{parts.query}" if parts.query else ""))
    return found


def token(client: FlaskClient, path: str) -> str:
    """The form token of a page with a form."""
    page = parsed(client.get(path))
    return every(page, './/input[@name="csrf_token"]')[0].get("value")
