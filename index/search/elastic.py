"""The Elasticsearch engine: the same answers as the embedded one, from a cluster of 8.19 or 9.x.

An alias a model (`clarion-a1-multilingual-e5-small-384-3f2a9c10`) points to one index (the alias, a dash and the time
it was made). Writes carry external versions, so late and repeated ones are refused by the server; a deletion is a
document that says so, because the server forgets deleted versions (reliability.md B3). `rebuild` fills a new index
beside the old one and moves the alias. After a failure the breaker answers for the cluster, so readers need not wait.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from operator import length_hint
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError, TransportError

from index.errors import SearchUnavailable, SettingError
from index.model import Hit, SearchDocument, SearchQuery
from index.search import elastic_bodies as bodies
from index.search.breaker import Breaker
from index.search.elastic_bulk import BulkWriter, Busy, IndexMissing, Refused, Tally, chunks
from index.search.rules import checked, clean, index_tag, merge, newest, unit, usable
from index.settings import Settings

FIRST_STAMP = "0" * 20  # two processes that start together make the same first index
KEEP_OLD = timedelta(days=1)
WRITE_TIMEOUT_S = 30.0
PAGE = 2_000

_log = structlog.get_logger()
_Result = TypeVar("_Result")


class ElasticSearch:
    """Port `Search` on a cluster. Thread-safe; connects at the first call. It needs no plugin, script or paid licence,
    and does not create users, templates or snapshots."""

    def __init__(
        self,
        settings: Settings,
        model: str,
        dimensions: int,
        *,
        analysis: str = "1",
        breaker: Breaker | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises: SettingError if the hosts, certificates or credentials cannot be used as written."""
        self.alias = f"{settings.search_index}-{index_tag(model, dimensions, analysis)}"
        self._dimensions = dimensions
        self._timeout_s = settings.search_timeout_s
        self._client = connect(settings)
        self._reads = _for_reading(self._client, settings)
        self._writes = self._client.options(request_timeout=WRITE_TIMEOUT_S, max_retries=0)
        self._bulk = BulkWriter(self._post, dimensions, sleep)
        self._breaker = breaker or Breaker()
        self._making = threading.Lock()
        self._is_made = False
        self._is_closed = False

    @property
    def dead_letters(self) -> int:
        """How many documents the server refused for good since this engine was made; each was logged."""
        return self._bulk.dead_letters

    # ------------------------------------------------------------------------------------------------ the port

    def write(self, documents: Sequence[SearchDocument]) -> int:
        fresh = newest(documents, self._dimensions)
        return self._on_index(lambda: self._bulk.send(self.alias, fresh, must_be_alias=True)).applied

    def find(self, query: SearchQuery) -> tuple[Hit, ...]:
        query = usable(query)
        searches = bodies.searches(query, unit(query.vector, self._dimensions), self._timeout_s)
        if self._is_closed:
            raise SearchUnavailable("the search engine is closed")
        if not searches or not query.limit:
            return ()
        found: dict[bodies.Side, list[Any]] = {side: [] for side in bodies.Side}
        for side, some in self._on_index(lambda: self._ask(searches)):
            found[side] += some
        return merge(found[bodies.Side.WORDS], found[bodies.Side.NEAR], found[bodies.Side.LINKED], query.limit)

    def versions(self) -> dict[str, int]:
        return self._on_index(self._versions)

    def document_count(self) -> int:
        """How many documents are alive and visible to `find`.

        Raises: SearchUnavailable.
        """
        alive = {"term": {"is_deleted": False}}
        return self._on_index(lambda: int(self._reads.count(index=self.alias, query=alive)["count"]))

    def rebuild(self, documents: Iterable[SearchDocument]) -> int:
        """Makes `documents`, tombstones among them, the whole content. Readers have the old index until the new one is
        full and checked. A write meanwhile goes to the old index and is lost with it, therefore sync has to run again
        from the cursor taken before `documents` were read. Returns how many are alive.
        """
        fresh = checked(documents, self._dimensions)
        name = f"{self.alias}-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        sent: dict[str, int] = {}  # newest version by id; the documents themselves would not fit into memory
        tally = Tally()
        with contextlib.ExitStack() as undoing:
            undoing.callback(self._drop, name)
            with self._talking():
                self._make_index()
                self._make_next(name, length_hint(documents))
            for chunk in chunks(_newer(fresh, sent)):  # what reading them raises is no failure of the cluster
                with self._talking():
                    tally += self._bulk.send(name, chunk, must_be_alias=False)
            with self._talking():
                alive = self._put_into_use(name, sent, tally)
            undoing.pop_all()
        with self._talking():
            self._delete_old(name)
        return alive

    def refresh(self) -> None:
        self._on_index(lambda: self._client.indices.refresh(index=self.alias))

    def is_available(self) -> bool:
        # GET / would do, but a node built from the published jars does not have it (elasticsearch.md 2).
        try:
            with self._talking():
                return str(self._reads.cluster.health()["status"]) != "red"
        except SearchUnavailable:
            return False

    def close(self) -> None:
        self._is_closed = True
        self._client.close()

    # ------------------------------------------------------------------------------------------------- reading

    def _ask(self, searches: list[tuple[bodies.Side, dict[str, Any]]]) -> list[tuple[bodies.Side, list[Any]]]:
        lines: list[dict[str, Any]] = []
        for _, body in searches:
            lines += [{"allow_partial_search_results": False}, body]  # half an answer would read as "nothing found"
        responses = self._reads.msearch(searches=lines, index=self.alias)["responses"]
        answers = []
        for (side, _), response in zip(searches, responses, strict=True):
            if "error" in response:
                _raise_for(response)
            if response["timed_out"]:
                raise SearchUnavailable("Elasticsearch ran out of time")
            answers.append((side, bodies.read_hits(side, response)))
        return answers

    def _versions(self) -> dict[str, int]:
        versions: dict[str, int] = {}
        point = self._client.open_point_in_time(index=self.alias, keep_alive="1m")["id"]
        try:
            after: Any = None
            while True:
                page = self._client.search(
                    pit={"id": point, "keep_alive": "1m"}, query={"term": {"is_deleted": False}}, size=PAGE,
                    sort=[{"_shard_doc": "asc"}], search_after=after, version=True, source=False,
                    track_total_hits=False,
                )["hits"]["hits"]  # fmt: skip
                versions |= {hit["_id"]: int(hit["_version"]) for hit in page}
                if len(page) < PAGE:
                    return versions
                after = page[-1]["sort"]
        finally:
            self._client.close_point_in_time(id=point)

    # ------------------------------------------------------------------------------------------------- writing

    def _post(self, target: str, lines: Sequence[Mapping[str, Any]], must_be_alias: bool) -> list[dict[str, Any]]:
        """One bulk request. `must_be_alias`: else a missing alias would become an index without our mapping."""
        try:
            answer = self._writes.bulk(index=target, operations=lines, require_alias=must_be_alias)
        except ApiError as error:
            if error.status_code in (429, 502, 503, 504):
                raise Busy(f"status {error.status_code}") from error
            if error.status_code in (400, 413):
                raise Refused(error.error, str(error)) from error
            raise
        except TransportError as error:
            raise Busy(type(error).__name__) from error
        try:
            return list(answer["items"])
        except (KeyError, TypeError) as error:
            raise Busy("unreadable answer") from error


    # ------------------------------------------------------------------------------------------------- rebuilding

    def _make_next(self, name: str, document_count: int) -> None:
        made = bodies.definition(self._dimensions, document_count)
        made["settings"]["refresh_interval"] = "-1"  # nobody reads it yet
        self._client.indices.create(index=name, **made)

    def _put_into_use(self, name: str, sent: dict[str, int], tally: Tally) -> int:
        """Returns how many documents are alive."""
        self._client.indices.put_settings(index=name, settings={"refresh_interval": "1s"})
        self._client.indices.refresh(index=name)
        self._check(name, sent, tally)
        alive = self._client.count(index=name, query={"term": {"is_deleted": False}})["count"]
        self._move_alias(name)
        return int(alive)

    def _drop(self, name: str) -> None:
        with contextlib.suppress(ApiError, TransportError):
            self._client.indices.delete(index=name, ignore_unavailable=True)

    def _check(self, name: str, sent: dict[str, int], tally: Tally) -> None:
        """The new index holds every document that was not parked, and a sample of them in the right version."""
        count = self._client.count(index=name)["count"]
        if not len(sent) - tally.parked <= count <= len(sent):
            raise SearchUnavailable(f"the new index holds {count} of {len(sent)} documents")
        sample = list(sent)[:: max(1, len(sent) // 20)]
        if sample and not tally.parked:
            got = self._client.mget(index=name, ids=sample, source=False)["docs"]
            if [doc.get("_version") for doc in got] != [sent[id] for id in sample]:
                raise SearchUnavailable("the new index holds other versions than were sent")

    def _move_alias(self, name: str) -> None:
        """One atomic step, so that no search meets two indices or none."""
        self._client.indices.update_aliases(
            actions=[
                {"remove": {"index": f"{self.alias}-*", "alias": self.alias, "must_exist": False}},
                {"add": {"index": name, "alias": self.alias, "is_write_index": True}},
            ]
        )

    def _delete_old(self, name: str) -> None:
        """Deletes older indices of this alias; the one before this stays, to go back to, and none younger than a day
        is touched: another rebuild may be filling it."""
        pattern = re.compile(re.escape(self.alias) + r"-(\d{20})")
        known = self._client.indices.get_alias(index=f"{self.alias}-*")
        unused = (other for other in known if pattern.fullmatch(other) and not known[other]["aliases"])
        old = sorted(other for other in unused if other < name)
        limit = f"{datetime.now(UTC) - KEEP_OLD:%Y%m%d%H%M%S%f}"
        for other in old[:-1]:
            if other.removeprefix(f"{self.alias}-") < limit:
                self._client.indices.delete(index=other, ignore_unavailable=True)

    # ------------------------------------------------------------------------------------------------- talking

    def _on_index(self, act: Callable[[], _Result]) -> _Result:
        """Runs `act` on an index that exists; once more if somebody has just deleted it."""
        with self._talking():
            self._make_index()
            try:
                return act()
            except (NotFoundError, IndexMissing):
                _log.warning("search index missing, made anew and empty", alias=self.alias)
                self._is_made = False
                self._make_index()
                return act()

    def _make_index(self) -> None:
        if self._is_made:
            return
        with self._making:
            if not self._reads.indices.exists_alias(name=self.alias):
                made = bodies.definition(self._dimensions, 0) | {"aliases": {self.alias: {"is_write_index": True}}}
                try:
                    self._client.indices.create(index=f"{self.alias}-{FIRST_STAMP}", **made)
                except BadRequestError as error:
                    if error.error != "resource_already_exists_exception":
                        raise
            self._is_made = True

    @contextmanager
    def _talking(self) -> Iterator[None]:
        """Every failure of the cluster or the way to it becomes SearchUnavailable; the breaker learns of it."""
        if self._is_closed:
            raise SearchUnavailable("the search engine is closed")
        round_ = self._breaker.admit()
        try:
            yield
        except SearchUnavailable:
            self._breaker.failed(round_)
            raise
        except ApiError as error:
            # Any other status is an answer to this one request, and came at once: no reason to spare the cluster.
            if error.status_code == 429 or error.status_code >= 500:
                self._breaker.failed(round_)
            else:
                self._breaker.succeeded()
            raise SearchUnavailable(f"Elasticsearch answered {error.status_code} {error.error}") from error
        except (TransportError, IndexMissing) as error:
            self._breaker.failed(round_)
            raise SearchUnavailable(f"Elasticsearch cannot be reached: {type(error).__name__}") from error
        except (KeyError, TypeError, IndexError, ValueError) as error:
            self._breaker.failed(round_)
            raise SearchUnavailable("Elasticsearch gave an answer that cannot be read") from error
        else:
            self._breaker.succeeded()


def _newer(documents: Iterable[SearchDocument], sent: dict[str, int]) -> Iterator[SearchDocument]:
    """The documents but for versions that are not newer than one before; notes in `sent` what it gives."""
    for document in documents:
        id = clean(document.id)
        if id not in sent or document.version > sent[id]:
            sent[id] = document.version
            yield document


def _raise_for(response: dict[str, Any]) -> None:
    kind = response["error"]["type"]
    if kind == "index_not_found_exception":
        raise IndexMissing(kind)
    raise SearchUnavailable(f"Elasticsearch answered {response.get('status')} {kind}")


def connect(settings: Settings) -> Elasticsearch:
    """A client for the hosts of the settings; it connects at the first call. Raises: SettingError."""
    options: dict[str, Any] = {"request_timeout": 10.0, "max_retries": 1, "retry_on_timeout": False}
    if settings.search_api_key:
        options["api_key"] = settings.search_api_key
    elif settings.search_user:
        options["basic_auth"] = (settings.search_user, settings.search_password)
    try:
        if settings.search_ca_certs:
            ssl.create_default_context(cafile=settings.search_ca_certs)  # the client would find out at the first call
            options["ca_certs"] = settings.search_ca_certs
        return Elasticsearch(_hosts(settings.search_url), **options)
    except (ValueError, OSError) as error:
        raise SettingError(f"CLARION_SEARCH_URL or CLARION_SEARCH_CA_CERTS cannot be used: {error}") from error


def _hosts(text: str) -> list[str]:
    """The hosts, each with its scheme and port as the client wants them: http 9200 and https 443 where none is said."""
    hosts = []
    for part in filter(None, (part.strip().rstrip("/") for part in text.split(","))):
        url = urlsplit(part if "://" in part else f"http://{part}")
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"{part} is no http or https address")
        if url.port is None:
            url = url._replace(netloc=f"{url.netloc}:{443 if url.scheme == 'https' else 9200}")
        hosts.append(url.geturl())
    return hosts


def _for_reading(client: Elasticsearch, settings: Settings) -> Elasticsearch:
    """With several hosts a second one is tried when half the time is over; with one the whole time is its own."""
    has_choice = len(_hosts(settings.search_url)) > 1
    timeout_s = settings.search_timeout_s / 2 if has_choice else settings.search_timeout_s
    return client.options(request_timeout=timeout_s, max_retries=1, retry_on_timeout=has_choice)
