"""Serves `site/` on 127.0.0.1 like a good publisher: validators, 304, gzip, robots.txt, a page behind each link.

All documents are read and filled in at start, so no request ever names a file.
`python -m crawlers.samples.server --port N` prints its address and runs until stdin closes or SIGTERM.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import signal
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import TracebackType
from typing import ClassVar
from urllib.parse import urlsplit

import feedparser

PLACEHOLDER = "{{base}}"
CONTENT_TYPES = {
    ".rss": "application/rss+xml; charset=utf-8",
    ".atom": "application/atom+xml; charset=utf-8",
    ".rdf": "application/rdf+xml; charset=utf-8",
    ".json": "application/feed+json; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
# The documents never change after they were written, so their date is a constant and not that of a checkout.
LAST_MODIFIED = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Document:
    """One answer, ready to send. The ETag is weak because gzip and plain share it."""

    body: bytes
    content_type: str
    etag: str


def filled(name: str, base_url: str) -> str:
    """The text of a file beside this module (such as `sources.toml`), with the server's address filled in."""
    return (files(__package__ or "crawlers.samples") / name).read_text("utf-8").replace(PLACEHOLDER, base_url)


def _document(text: str, content_type: str) -> Document:
    body = text.encode()
    return Document(body, content_type, f'W/"{hashlib.sha256(body).hexdigest()[:32]}"')


def _walk(folder: Traversable, prefix: str = "/") -> list[tuple[str, Traversable]]:
    """Every file below `folder` with its URL path."""
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        found += _walk(entry, f"{prefix}{entry.name}/") if entry.is_dir() else [(prefix + entry.name, entry)]
    return found


def _post_page(language: str, title: str, content: str) -> Document:
    heading = escape(title or "…")
    return _document(
        f'<!doctype html>\n<html lang="{escape(language)}">\n'
        f'<head><meta charset="utf-8"><title>{heading}</title></head>\n'
        f"<body>\n<main><article>\n<h1>{heading}</h1>\n{content}\n</article></main>\n"
        '<p><a href="/about.html">Clarion sample data</a></p>\n</body>\n</html>\n',
        CONTENT_TYPES[".html"],
    )


def _linked_pages(text: str, suffix: str, base_url: str) -> dict[str, Document]:
    """A small page for every entry of a feed, by the path of the entry's link. The feeds are our own, hence trusted."""
    pages: dict[str, Document] = {}
    if suffix == ".json":
        feed = json.loads(text)
        for item in feed["items"]:
            content = item.get("content_html") or f"<p>{escape(item['content_text'])}</p>"
            pages[item["url"].removeprefix(base_url)] = _post_page(feed["language"], item.get("title", ""), content)
        return pages
    parsed = feedparser.parse(text.encode(), sanitize_html=False)
    for entry in parsed.entries:
        content = entry.content[0].value if "content" in entry else entry.summary
        if not content.startswith("<p>"):
            content = f"<p>{escape(content)}</p>"
        page = _post_page(parsed.feed.get("language", ""), entry.get("title", ""), content)
        pages[entry.link.removeprefix(base_url)] = page
    return pages


def load_site(base_url: str) -> dict[str, Document]:
    """Every document by URL path; `x/index.html` also answers at `x/`."""
    site: dict[str, Document] = {}
    for path, entry in _walk(files(__package__ or "crawlers.samples") / "site"):
        suffix = path[path.rfind(".") :]
        text = entry.read_text("utf-8").replace(PLACEHOLDER, base_url)
        site[path] = _document(text, CONTENT_TYPES[suffix])
        if path.endswith("/index.html"):
            site[path.removesuffix("index.html")] = site[path]
        if suffix not in (".html", ".txt"):
            site |= _linked_pages(text, suffix, base_url)
    return site


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD of `site`; knows nothing else."""

    protocol_version = "HTTP/1.1"
    server_version = "ClarionSamples/1.0"
    timeout = 30
    site: ClassVar[dict[str, Document]]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        found = self.site.get(urlsplit(self.path).path)
        if found is not None and self._is_unchanged(found):
            self._start(304, found)
            self.end_headers()
            return
        document = found or self.site["/404.html"]
        body, is_zipped = document.body, self._accepts_gzip()
        if is_zipped:
            body = gzip.compress(body, mtime=0)
        self._start(200 if found else 404, found)
        self.send_header("Content-Type", document.content_type)
        self.send_header("Content-Length", str(len(body)))
        if is_zipped:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _start(self, status: int, document: Document | None) -> None:
        self.send_response(status)
        self.send_header("Vary", "Accept-Encoding")
        if document is not None:  # an error page has no validators
            self.send_header("ETag", document.etag)
            self.send_header("Last-Modified", format_datetime(LAST_MODIFIED, usegmt=True))
            self.send_header("Cache-Control", "max-age=60")

    def _is_unchanged(self, document: Document) -> bool:
        """RFC 9110 13.2.2: If-None-Match decides where it is present, by weak comparison."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            opaque = document.etag.removeprefix("W/")
            return tags.strip() == "*" or opaque in {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            moment = parsedate_to_datetime(since)
        except ValueError:  # an unreadable date is ignored, RFC 9110 13.1.3
            return False
        return moment.replace(tzinfo=moment.tzinfo or UTC) >= LAST_MODIFIED

    def _accepts_gzip(self) -> bool:
        offers = [part.replace(" ", "").lower() for part in self.headers.get("Accept-Encoding", "").split(",")]
        return any(offer.split(";")[0] == "gzip" and not re.search(r";q=0(\.0*)?$", offer) for offer in offers)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the crawler logs what it fetched."""


class SampleServer:
    """A running server. Closing it ends its thread and frees the port; it can be used as a context."""

    def __init__(self, port: int) -> None:
        class Handler(_Handler):
            site: ClassVar[dict[str, Document]] = {}

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True
        self.port: int = self._http.server_address[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        Handler.site = load_site(self.base_url)  # after binding: the documents name the port
        self._thread = threading.Thread(target=self._http.serve_forever, name="sample-server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops answering; returns when the port is free."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> SampleServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(port: int = 0) -> SampleServer:
    """Starts the server in a thread of this process; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    return SampleServer(port)


def main() -> None:
    """Runs until stdin closes or SIGTERM, so that the process that started it never leaves it behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    port = parser.parse_args().port
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    signal.signal(signal.SIGINT, lambda *_: is_over.set())
    with serve(port) as server:
        print(server.base_url, flush=True)

        def watch() -> None:
            while sys.stdin.readline():
                pass
            is_over.set()

        threading.Thread(target=watch, daemon=True).start()
        is_over.wait()


if __name__ == "__main__":
    main()
