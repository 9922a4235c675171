"""A small HTTP server that answers as a sick Elasticsearch would; a healthy node gives none of these answers."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, bytes] | Callable[["Request"], tuple[int, bytes]]


class Request:
    """One request as it came in."""

    def __init__(self, method: str, path: str, headers: Message, body: bytes) -> None:
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def ids(self) -> list[str]:
        """The documents of a bulk request."""
        return [line["index"]["_id"] for line in self.lines[::2]]


class ScriptedNode:
    """Gives the next answer of its script to each `_bulk` or `_msearch`, and 200 to everything else. Without a script
    it takes every document and finds nothing."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.script: deque[Answer] = deque()
        self.requests: list[Request] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                node.answer(self, Request(self.command, self.path, self.headers, body))

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self, part: str) -> list[Request]:
        return [request for request in self.requests if part in request.path]

    def answer(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        self.requests.append(request)
        status, body = 200, b'{"status": "green"}'
        if "_bulk" in request.path or "_msearch" in request.path:
            answer = self.script.popleft() if self.script else all_good
            status, body = answer(request) if callable(answer) else answer
        with suppress(OSError):  # the client may have given up waiting
            self._send(handler, request, status, body)

    def _send(self, handler: BaseHTTPRequestHandler, request: Request, status: int, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("X-Elastic-Product", "Elasticsearch")
        handler.send_header("Content-Type", "application/vnd.elasticsearch+json;compatible-with=8")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if request.method != "HEAD":
            handler.wfile.write(body)


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def all_good(request: Request) -> tuple[int, bytes]:
    if "_bulk" in request.path:
        return items()(request)
    hits: dict[str, Any] = {"timed_out": False, "status": 200, "hits": {"hits": []}}
    return 200, as_json({"responses": [hits] * (len(request.lines) // 2)})


def items(**statuses: int) -> Callable[[Request], tuple[int, bytes]]:
    """A bulk answer with the given status by document id; 201 for the rest."""

    def answer(request: Request) -> tuple[int, bytes]:
        listed = [_item(id, statuses.get(id, 201)) for id in request.ids]
        return 200, as_json({"errors": bool(statuses), "items": listed})

    return answer


def _item(id: str, status: int) -> dict[str, Any]:
    reason = "refused. Preview of field's value: 'secret'"
    rest = {} if status < 300 else {"error": {"type": f"error_{status}", "reason": reason}}
    return {"index": {"_id": id, "status": status, **rest}}


def error(status: int) -> tuple[int, bytes]:
    return status, as_json({"error": {"type": f"error_{status}", "root_cause": []}, "status": status})


def slow(seconds: float) -> Callable[[Request], tuple[int, bytes]]:
    def answer(request: Request) -> tuple[int, bytes]:
        time.sleep(seconds)
        return all_good(request)

    return answer
