"""Real servers for the tests, on loopback, stopped with their parent: PostgreSQL, Elasticsearch, the HTML checker.

    with PostgresServer() as postgres:            with ElasticsearchNode() as node:
        url = postgres.new_database()                 client = Elasticsearch(node.url)

By hand: `python -m tests.engines postgres|elasticsearch|validator` prints the address and stays until Ctrl-C.
In pytest: the fixtures of tests/conftest.py, which share one engine of each kind through `keeper.py`.
"""

from tests.engines.elasticsearch_node import ElasticsearchNode
from tests.engines.html_validator import HtmlValidator
from tests.engines.postgres_server import PostgresServer
from tests.engines.processes import EngineUnavailable

__all__ = ["ElasticsearchNode", "EngineUnavailable", "HtmlValidator", "PostgresServer"]
