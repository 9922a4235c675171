"""`python -m tests.engines NAME`: one engine in the foreground; its address is the first line printed."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time

from tests.engines.elasticsearch_node import VERSION_8, ElasticsearchNode
from tests.engines.html_validator import HtmlValidator
from tests.engines.postgres_server import PostgresServer
from tests.engines.processes import EngineUnavailable

POLL_S = 0.5
UNAVAILABLE_STATUS = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.engines", description=__doc__)
    parser.add_argument("engine", choices=["postgres", "elasticsearch", "validator"])
    parser.add_argument("--port", type=int, help="on 127.0.0.1; a free one by default")
    parser.add_argument("--version", default=VERSION_8, help="of Elasticsearch; %(default)s by default")
    parser.add_argument("--heap", default="1g", help="of Elasticsearch; %(default)s by default")
    parser.add_argument("--while-pid", type=int, help="end when this process is gone")
    options = parser.parse_args()

    signal.signal(signal.SIGTERM, _interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            with _engine(options) as engine:
                print(engine.url, flush=True)
                while options.while_pid is None or _is_alive(options.while_pid):
                    time.sleep(POLL_S)
        except EngineUnavailable as reason:
            print("unavailable:", " ".join(str(reason).split()), flush=True)
            return UNAVAILABLE_STATUS
    return 0


def _engine(options: argparse.Namespace) -> PostgresServer | ElasticsearchNode | HtmlValidator:
    if options.engine == "postgres":
        return PostgresServer(port=options.port)
    if options.engine == "elasticsearch":
        return ElasticsearchNode(options.version, port=options.port, heap=options.heap)
    return HtmlValidator(port=options.port)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
