"""No fetch reaches an internal address: reliability.md 2.1 and 2.2, against a canary and a recording stub."""

from __future__ import annotations

import ast
import ipaddress
import itertools
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from index.outbound import Failure, Response, Vetting, request
from tests.crawlers.rude_server import RudeServer, Wire, by_path

ROOT = Path(__file__).parents[2]

FORBIDDEN_V4 = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.31.196.1",
    "192.52.193.1", "192.88.99.1", "192.168.1.1", "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
]  # fmt: skip
FORBIDDEN_V6 = [
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:10::1", "2001:20::1", "2001:db8::1",
    "2002:7f00:1::", "2002:a00:1::1", "2620:4f:8000::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd12:3456::1",
    "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
PERMITTED = [
    "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "223.255.255.255",
    "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8",
]  # fmt: skip
SPELLINGS = [
    "2130706433", "0x7f000001", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0x7f.1",
    "127.000.000.001", "0", "0x0",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①", "ⓛocalhost", "localhost", "LOCALHOST", "localhost.", "127.0.0.1.", "[::1]",
    "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "0x7f.0.0.0x1", "127.0.0.01",
    "１２７.０.０.１",
]  # fmt: skip
ADDRESSES = [*FORBIDDEN_V4, *FORBIDDEN_V6]


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Records every address that anything tries to connect to, and refuses."""
    seen: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        seen.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    yield seen


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """A resolver that gives one answer after the other, the last one for ever."""
    turns = itertools.chain(answers, itertools.repeat(answers[-1]))

    def getaddrinfo(host: str, port: int, *_: Any) -> list[Any]:
        found: list[Any] = []
        for address in next(turns):
            if ":" in address:
                found.append((socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)))
            else:
                found.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)))
        return found

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_the_table_has_at_least_eighty_vectors() -> None:
    assert len(ADDRESSES) + len(SPELLINGS) >= 80


@pytest.mark.parametrize("address", ADDRESSES)
def test_a15_a_forbidden_address_is_never_admitted(address: str) -> None:
    assert not Vetting().admits(address, 80)


@pytest.mark.parametrize("address", PERMITTED)
def test_a15_a_public_address_is_admitted(address: str) -> None:
    assert Vetting().admits(address, 443)


def test_a15_the_ipv4_table_is_exact_at_both_edges_of_every_network() -> None:
    from index.outbound.addresses import _FORBIDDEN_V4 as networks

    for network in networks:
        first, last = int(network.network_address), int(network.broadcast_address)
        for inside in (first, last):
            assert not Vetting().admits(str(ipaddress.IPv4Address(inside)), 80)
        for outside in (first - 1, last + 1):
            if not 0 <= outside < 2**32:
                continue
            address = ipaddress.IPv4Address(outside)
            assert Vetting().admits(str(address), 80) is not any(address in other for other in networks)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a15_a_name_that_resolves_to_a_forbidden_address_is_not_dialled(
    address: str, dialled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, [address])
    outcome = request("GET", "http://rumor.example/")
    assert isinstance(outcome, Failure) and outcome.code == "blocked_address"
    assert dialled == []


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a15_no_spelling_of_a_loopback_address_is_dialled(spelling: str, dialled: list[Any]) -> None:
    """The real resolver: it is what turns these spellings into addresses."""
    outcome = request("GET", f"http://{spelling}/")
    assert isinstance(outcome, Failure) and outcome.code in ("blocked_address", "dns")
    assert dialled == []


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a15_a_canary_on_loopback_sees_no_connection(spelling: str) -> None:
    """Its port is registered, so that only the judgement of the address stands between."""
    with RudeServer(lambda wire, asked: wire.answer(200, b"secret")) as canary:
        outcome = request("GET", f"http://{spelling}:{canary.port}/", vetting=Vetting(ports=frozenset({canary.port})))
        assert isinstance(outcome, Failure)
        assert canary.connection_count == 0


@pytest.mark.parametrize("address", [*FORBIDDEN_V4, *(a for a in FORBIDDEN_V6 if "%" not in a)])
def test_a15_a_redirect_to_a_forbidden_address_is_not_followed(address: str) -> None:
    host = f"[{address}]" if ":" in address else address

    def redirect(wire: Wire, _: Any) -> None:
        wire.answer(302, b"", {"Location": f"http://{host}/latest/meta-data/"})

    with RudeServer(redirect) as server:
        outcome = request("GET", f"{server.base}/", vetting=Vetting(frozenset({server.pair})))
        assert isinstance(outcome, Failure) and outcome.code == "blocked_address"
        assert server.connection_count == 1


def test_a15_a_resolver_that_flips_to_loopback_gains_nothing(
    dialled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(100):
        resolve_to(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
        request("GET", "http://rumor.example/")
    assert len(dialled) == 100
    assert {address[0] for address in dialled} == {"8.8.8.8"}


@pytest.mark.parametrize("answer", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["8.8.8.8", "::1"]])
def test_a15_one_forbidden_address_refuses_the_whole_host(
    answer: list[str], dialled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, answer)
    outcome = request("GET", "http://rumor.example/")
    assert isinstance(outcome, Failure) and outcome.code == "blocked_address"
    assert dialled == []


def test_a15_proxies_of_the_environment_are_ignored(dialled: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    resolve_to(monkeypatch, ["8.8.8.8"])
    request("GET", "http://rumor.example/")
    request("GET", "https://rumor.example/")
    assert [address[:2] for address in dialled] == [("8.8.8.8", 80), ("8.8.8.8", 443)]


@pytest.mark.parametrize(
    "url",
    [
        "http://user@rumor.example/", "http://user:word@rumor.example/", "http://a\\@b.example/",
        "http:/\\rumor.example/",
        "http://rumor.example\\@127.0.0.1/", "http://rumor.example/ x", "http://rumor.example/\n",
        "http://rumor.example/\x7f",
        "ftp://rumor.example/", "file:///etc/passwd", "gopher://rumor.example/",
        "javascript:alert(1)", "//rumor.example/",
        "rumor.example", "", "http://", "http:///x", "http://rumor.example:22/", "http://rumor.example:0/",
        "http://rumor.example:99999/", "http://rumor.example:8080/", "http://%31%32%37.0.0.1/", "http://rumor..example/",
        "http://[fe80::1%25lo]/", "http://[::1", "http://rumor.example#@127.0.0.1/\t", "http://-.example/",
    ],
)  # fmt: skip
def test_a15_an_unclear_address_is_refused_before_it_is_resolved(
    url: str, dialled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_: asked.append(host) or [])
    outcome = request("GET", url)
    assert isinstance(outcome, Failure) and outcome.code in ("blocked_address", "dns")
    assert outcome.permanent
    assert asked == [] and dialled == []


def test_an_internal_pair_opens_exactly_that_address_and_port(dialled: list[Any]) -> None:
    vetting = Vetting(frozenset({"10.0.0.5:8080"}))
    assert vetting.admits("10.0.0.5", 8080)
    assert not vetting.admits("10.0.0.5", 80)
    assert not vetting.admits("10.0.0.6", 8080)
    assert not vetting.admits("8.8.8.8", 8080), "a public host gains no port from an internal pair"
    request("GET", "http://10.0.0.5:8080/", vetting=vetting)
    assert dialled == [("10.0.0.5", 8080)]


def test_nat64_is_refused_unless_unwrapped_and_then_judged_by_the_inner_address() -> None:
    unwrapping = Vetting(unwraps_nat64=True)
    assert not Vetting().admits("64:ff9b::808:808", 80)
    assert unwrapping.admits("64:ff9b::808:808", 80)
    assert not unwrapping.admits("64:ff9b::7f00:1", 80)


def test_the_private_hook_of_urllib3_is_still_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """If urllib3 stops calling `_new_conn`, it dials by itself and every test above would pass in vain."""
    import urllib3.util.connection

    def own_dialling(*_: Any, **__: Any) -> None:
        raise AssertionError("urllib3 dialled by itself")

    monkeypatch.setattr(urllib3.util.connection, "create_connection", own_dialling)
    with RudeServer(by_path({"/": b"hello"})) as server:
        outcome = request("GET", f"{server.base}/", vetting=Vetting(frozenset({server.pair})))
        assert isinstance(outcome, Response) and outcome.body == b"hello"


TRANSPORTS = {"requests", "httpx", "aiohttp", "urllib3", "http.client", "urllib.request", "ftplib", "websockets"}


def test_a15_no_other_module_brings_a_transport_of_its_own() -> None:
    found = []
    for path in [p for room in ("index", "crawlers", "webapp") for p in (ROOT / room).rglob("*.py")]:
        if path.is_relative_to(ROOT / "index" / "outbound") or path.is_relative_to(ROOT / "index" / "search"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [(str(path), n) for n in names if any(n == t or n.startswith(f"{t}.") for t in TRANSPORTS)]
    assert found == []


def test_a10_feedparser_is_only_given_bytes() -> None:
    """`feedparser.parse(text)` opens paths and addresses."""
    calls = []
    for path in (ROOT / "crawlers").rglob("*.py"):
        if path.is_relative_to(ROOT / "crawlers" / "samples"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "feedparser.parse":
                calls.append(ast.unparse(node.args[0]).startswith("BytesIO("))
    assert calls and all(calls)
