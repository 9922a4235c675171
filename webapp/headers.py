"""What every answer carries: security headers, a request id, caching that suits it; and one log line without what
readers typed.

The log names the route, not the path: a path may hold a receipt, a query string may hold a pasted text.
"""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
import uuid_utils
from flask import Flask, Response, abort, current_app, g, request, session

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
FIXED = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}
HSTS = "max-age=31536000; includeSubDomains"
YEAR_S = 31_536_000

log = structlog.get_logger("web")


def init_app(app: Flask) -> None:
    app.before_request(begin)
    app.before_request(refuse_other_sites)
    app.after_request(finish)
    app.url_defaults(add_content_hash)


def begin() -> None:
    g.request_id = f"req_{uuid_utils.uuid7().hex}"
    g.started = time.perf_counter()


def request_id() -> str:
    if "request_id" not in g:
        begin()  # an error before the first hook, e.g. a Host that is not ours
    return str(g.request_id)


def refuse_other_sites() -> None:
    """A form may only be sent from our own pages. Browsers say where a request comes from; scripts without a browser
    hold no cookies."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.blueprint == "api":
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403)
    origin = request.headers.get("Origin")
    if origin is None:
        return
    try:
        sender = urlsplit(origin).netloc
    except ValueError:
        abort(403)
    if sender not in (request.host, urlsplit(current_app.config["SITE_URL"]).netloc):
        abort(403)


def refuse_while_training() -> None:
    """In training mode nothing leaves the house by a feed, the API or the sitemap (ux.md 5)."""
    if current_app.jinja_env.globals["is_training"]:
        abort(503)


def finish(response: Response) -> Response:
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    if request.is_secure or current_app.config["SITE_URL"].startswith("https://"):
        response.headers["Strict-Transport-Security"] = HSTS
    response.headers["X-Request-Id"] = request_id()
    if current_app.jinja_env.globals["is_training"]:
        response.headers["X-Robots-Tag"] = "noindex"
    _set_caching(response)
    route = request.url_rule.rule if request.url_rule else "-"
    took_ms = round((time.perf_counter() - g.started) * 1000)
    log.info(
        "request", method=request.method, route=route, status=response.status_code, ms=took_ms, request_id=g.request_id
    )
    return response


def _set_caching(response: Response) -> None:
    """Nothing is stored unless a view or the file's own hash says so."""
    if request.endpoint == "static" and response.status_code in (200, 304):
        fits = request.args.get("v") == content_hash((request.view_args or {}).get("filename", ""))
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if fits else "public, max-age=300"
    elif "Cache-Control" not in response.headers and session.accessed:
        response.headers["Cache-Control"] = "no-store"  # it holds a form token of one reader
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = (
            "no-cache" if request.method in ("GET", "HEAD") and response.status_code < 400 else "no-store"
        )


def add_content_hash(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "v" not in values:
        values["v"] = content_hash(values.get("filename", ""))


@lru_cache(maxsize=64)
def content_hash(filename: str) -> str | None:
    """A short hash of a static file's content; None for a file that is not there."""
    folder = Path(__file__).parent / "static"
    path = (folder / filename).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
