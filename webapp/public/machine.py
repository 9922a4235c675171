"""Addresses for machines that have no language: probes, metrics, robots.txt, the sitemap."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, abort, jsonify, make_response, request
from lxml import etree
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from index.errors import ClarionError
from index.model import LANGUAGES, TOPICS
from index.ports import ThreadFilter
from webapp import headers, language
from webapp.opened import catalogue, settings
from webapp.present import alert_url

blueprint = Blueprint("machine", __name__)

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"
MOST_URLS = 10_000  # threads in the sitemap; the format allows 50,000 addresses
PAGES = ("home", "alerts", "topics", "corrections", "sources", "feeds", "method", "about", "accessibility", "privacy")


@blueprint.get("/livez")
def livez() -> Response:
    """The process answers."""
    return make_response(jsonify({"status": "ok"}))


@blueprint.get("/readyz")
def readyz() -> Response:
    """Ready when the records can be read and their schema is current. Search may be down: matching is then reduced,
    not gone."""
    try:
        state = catalogue().status()
    except (ClarionError, OSError):
        return make_response(jsonify({"status": "unavailable"}), 503)
    body = {
        "status": "ok" if state.schema_is_current else "schema_is_old",
        "search": state.search_is_available,
        "pending_changes": state.pending_changes,
        "last_crawl_at": state.last_crawl_at.isoformat() if state.last_crawl_at else None,
    }
    return make_response(jsonify(body), 200 if state.schema_is_current else 503)


@blueprint.get("/metrics")
def metrics() -> Response:
    """For a Prometheus server that knows the token. For everybody else there is no such page: neither the caller's
    address nor a forwarded header is evidence of anything."""
    token = settings().metrics_token
    given = request.headers.get("Authorization", "").encode()
    if not token or not hmac.compare_digest(given, f"Bearer {token}".encode()):
        abort(404)
    response = make_response(catalogue().metrics())
    response.content_type = CONTENT_TYPE_PLAIN_0_0_4
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/robots.txt")
def robots() -> Response:
    lines = [
        "User-agent: *",
        "Disallow: /desk",
        "Disallow: /tips/",
        "Disallow: /check?",
        "",
        f"Sitemap: {language.site_url()}/sitemap.xml",
        "",
    ]
    response = make_response("\n".join(lines))
    response.content_type = "text/plain; charset=utf-8"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    headers.refuse_while_training()
    root = etree.Element(f"{{{SITEMAP}}}urlset", nsmap={None: SITEMAP, "xhtml": XHTML})
    for name in PAGES:
        _add(root, {tongue: language.url_for(f"public.{name}", language=tongue, absolute=True) for tongue in LANGUAGES})
    for topic in TOPICS:
        _add(
            root,
            {
                tongue: language.url_for("public.topic", topic=topic, language=tongue, absolute=True)
                for tongue in LANGUAGES
            },
        )
    for thread in catalogue().threads(ThreadFilter(include_withdrawn=False), page_size=MOST_URLS).threads:
        found = {tongue: alert_url(thread, absolute=True, language=tongue) for tongue in LANGUAGES}
        _add(root, found, thread.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    response = make_response(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
    response.content_type = "application/xml; charset=utf-8"
    response.headers["Cache-Control"] = "public, max-age=600"
    return response


def _add(root: etree._Element, addresses: dict[str, str], modified: str = "") -> None:
    """One entry a language, each naming the others."""
    for address in addresses.values():
        url = etree.SubElement(root, f"{{{SITEMAP}}}url")
        etree.SubElement(url, f"{{{SITEMAP}}}loc").text = address
        if modified:
            etree.SubElement(url, f"{{{SITEMAP}}}lastmod").text = modified
        for tongue, other in addresses.items():
            etree.SubElement(url, f"{{{XHTML}}}link", {"rel": "alternate", "hreflang": tongue, "href": other})
