"""The transport against servers that misbehave: statuses, redirects, drips, lengths, bombs, TLS (A5–A8, A16, A17)."""

from __future__ import annotations

import datetime as dt
import gzip
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from index import outbound
from index.outbound import Failure, Limits, Response, Vetting, gunzip, request, retry_after_s
from tests.crawlers.rude_server import Asked, RudeServer, Wire, by_path

MIB = 1024 * 1024
QUICK = Limits(total_s=0.8)


def get(server: RudeServer, path: str = "/", limits: Limits | None = None, **headers: str) -> Response | Failure:
    return request("GET", server.base + path, headers=headers, vetting=Vetting(frozenset({server.pair})), limits=limits)


def code_of(outcome: Response | Failure) -> str:
    return outcome.code if isinstance(outcome, Failure) else f"status {outcome.status}"


def serving(status: int, body: bytes = b"", **headers: str) -> RudeServer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return RudeServer(lambda wire, asked: wire.answer(status, body, sent))


# --- statuses and headers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 401, 403, 404, 410, 418, 429, 500, 502, 503, 599])
def test_every_final_status_is_a_response(status: int) -> None:
    with serving(status, b"" if status in (204, 304) else b"body") as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.status == status


def test_header_names_are_lower_case_and_the_request_asks_for_gzip_only() -> None:
    with serving(200, b"x", ETag='W/"opaque, quoted"') as server:
        outcome = get(server, **{"User-Agent": "ClarionBot/1.0"})
        assert isinstance(outcome, Response)
        assert outcome.headers["etag"] == 'W/"opaque, quoted"'
        assert server.asked[0].headers["accept-encoding"] == "gzip"
        assert server.asked[0].headers["host"] == server.pair


def test_a_post_carries_its_body() -> None:
    with serving(200, b"ok") as server:
        outcome = request("POST", server.base + "/hook", body=b"{}", vetting=Vetting(frozenset({server.pair})))
        assert isinstance(outcome, Response)
        assert (server.asked[0].method, server.asked[0].body) == ("POST", b"{}")


@pytest.mark.parametrize(
    "raw",
    [b"", b"\r\n\r\n", b"garbage\r\n\r\n", b"HTTP/9.9 what\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 500 + b"\r\n"],
)  # fmt: skip
def test_what_is_not_http_is_a_failure(raw: bytes) -> None:
    with RudeServer(lambda wire, asked: wire.send(raw) and None) as server:
        outcome = get(server)
        assert isinstance(outcome, Failure) and outcome.code in ("connect", "malformed")


def test_a_reset_before_the_headers_is_a_failure() -> None:
    with RudeServer(lambda wire, asked: wire.reset()) as server:
        assert code_of(get(server)) == "connect"


def test_a_refused_connection_is_a_failure() -> None:
    with serving(200) as server:
        base, pair = server.base, server.pair
    assert code_of(request("GET", base, vetting=Vetting(frozenset({pair})))) == "connect"


def test_an_unknown_name_is_a_failure() -> None:
    assert code_of(request("GET", "http://no-such-host.invalid/")) == "dns"


# --- redirects (A5) --------------------------------------------------------------------------------------------------


def redirect(status: int, to: str) -> tuple[int, bytes, dict[str, str]]:
    return status, b"body of a redirect", {"Location": to}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a5_a_redirect_is_followed_and_its_hop_is_kept(status: int) -> None:
    with RudeServer(by_path({"/": redirect(status, "/there?x=1"), "/there?x=1": b"found"})) as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.body == b"found"
        assert [(h.status, h.url) for h in outcome.hops] == [(status, server.base + "/")]
        assert outcome.url == server.base + "/there?x=1"
        assert server.connection_count == 2, "each hop on a fresh connection"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a5_a_loop_ends_at_its_first_repetition(status: int) -> None:
    with RudeServer(by_path({"/": redirect(status, "/b"), "/b": redirect(status, "/")})) as server:
        assert code_of(get(server)) == "redirect_refused"
        assert server.connection_count == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a5_five_hops_are_followed_and_the_sixth_is_refused(status: int) -> None:
    table: dict[str, Any] = {f"/{n}": redirect(status, f"/{n + 1}") for n in range(21)}
    with RudeServer(by_path(table | {"/5": b"end"})) as server:
        assert code_of(get(server, "/0")) == "status 200"
    with RudeServer(by_path(table)) as server:
        assert code_of(get(server, "/0")) == "redirect_refused"
        assert server.connection_count == 6


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to", ["file:///etc/passwd", "gopher://x/", "ftp://x/", "javascript:alert(1)", "data:,x"]
)
def test_a5_no_other_scheme_is_followed(status: int, to: str) -> None:
    with RudeServer(by_path({"/": redirect(status, to)})) as server:
        assert code_of(get(server)) == "redirect_refused"


@pytest.mark.parametrize("to", ["http://user:word@127.0.0.1/", "http://a\\@b/", "http://[::1", "http://", "//"])
def test_a5_an_unclear_redirect_is_refused(to: str) -> None:
    with RudeServer(by_path({"/": redirect(302, to)})) as server:
        outcome = get(server)
        assert isinstance(outcome, Failure)
        assert server.connection_count == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a5_no_credential_or_custom_header_crosses_origins(status: int) -> None:
    with serving(200, b"x") as other, RudeServer(by_path({"/": redirect(status, other.base + "/")})) as server:
        headers = {"Authorization": "Bearer t", "Cookie": "c=1", "X-Key": "k", "If-None-Match": "1", "User-Agent": "B"}
        pairs = Vetting(frozenset({server.pair, other.pair}))
        request("GET", server.base + "/", headers=headers, vetting=pairs)
        crossed = set(other.asked[0].headers)
        assert crossed == {"host", "accept-encoding", "user-agent"}


def test_a5_headers_stay_inside_the_origin() -> None:
    with RudeServer(by_path({"/": redirect(301, "/b"), "/b": b"x"})) as server:
        get(server, **{"If-None-Match": '"1"'})
        assert [a.headers.get("if-none-match") for a in server.asked] == ['"1"', '"1"']


@pytest.mark.parametrize("status", [307, 308])
def test_a5_a_body_is_not_sent_on_to_another_origin(status: int) -> None:
    with serving(200, b"x") as other, RudeServer(by_path({"/": redirect(status, other.base + "/")})) as server:
        pairs = Vetting(frozenset({server.pair, other.pair}))
        assert code_of(request("POST", server.base + "/", body=b"secret", vetting=pairs)) == "redirect_refused"
        assert other.connection_count == 0


def test_a5_a_location_in_utf8_or_with_a_space_is_understood() -> None:
    def behave(wire: Wire, asked: Asked) -> None:
        if asked.path == "/":
            wire.send("HTTP/1.1 302 F\r\nLocation: /谣 言\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            wire.answer(200, asked.path.encode())

    with RudeServer(behave) as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.body == b"/%E8%B0%A3%20%E8%A8%80"


def test_a7_the_body_of_a_redirect_is_never_read() -> None:
    bomb = gzip.compress(b"\0" * (16 * MIB))

    def behave(wire: Wire, asked: Asked) -> None:
        if asked.path == "/":
            wire.answer(302, bomb, {"Location": "/b", "Content-Encoding": "gzip", "Content-Length": str(10**12)})
        else:
            wire.answer(200, b"fine")

    with RudeServer(behave) as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.body == b"fine" and outcome.wire_bytes == 4


# --- bodies (A7, A8) -------------------------------------------------------------------------------------------------


def gzip_times(times: int, data: bytes) -> bytes:
    for _ in range(times):
        data = gzip.compress(data)
    return data


def test_gzip_is_unpacked_also_in_several_members() -> None:
    with serving(200, gzip.compress(b"one ") + gzip.compress(b"two"), Content_Encoding="gzip") as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.body == b"one two" and not outcome.is_truncated


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip,br", "compress", "x", "gzip;q=1"])
def test_a7_every_other_encoding_is_refused_unread(encoding: str) -> None:
    sent: list[int] = []

    def behave(wire: Wire, asked: Asked) -> None:
        wire.send(f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {64 * MIB}\r\n\r\n".encode())
        for count in range(64):
            if not wire.send(b"\0" * MIB):
                break
            sent.append(count)

    with RudeServer(behave) as server:
        assert code_of(get(server)) == "bad_content_encoding"
    assert len(sent) < 64


@pytest.mark.parametrize("encoding", ["", "identity", "IDENTITY", "gzip", "GZIP", "x-gzip"])
def test_a7_the_four_permitted_encodings_are_read(encoding: str) -> None:
    body = gzip.compress(b"text") if "zip" in encoding.lower() else b"text"
    with serving(200, body, **({"Content_Encoding": encoding} if encoding else {})) as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.body == b"text"


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """512 MiB of zeros, packed piece by piece."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"\0" * MIB
    return b"".join([*(packer.compress(block) for _ in range(512)), packer.flush()])


def peak_mib() -> float:
    """The most memory this process has held since `forget_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def bombs_of(bomb: bytes) -> dict[str, tuple[bytes, dict[str, str], str]]:
    """Body, headers, and what must come of it. Nobody's decoder is asked but our own, so any bytes stand for br."""
    deflated = zlib.compress(b"\0" * (16 * MIB))
    return {
        "gzip of 512 MiB": (bomb, {"Content-Encoding": "gzip"}, "too_large"),
        "gzip of 512 MiB as x-gzip": (bomb, {"Content-Encoding": "x-gzip"}, "too_large"),
        "gzip under two names": (gzip.compress(bomb), {"Content-Encoding": "gzip, gzip"}, "bad_content_encoding"),
        "a chain of six": (bomb, {"Content-Encoding": ", ".join(["gzip"] * 6)}, "bad_content_encoding"),
        "brotli of 809 bytes": (b"\xff" * 809, {"Content-Encoding": "br"}, "bad_content_encoding"),
        "zstd": (b"\x28\xb5\x2f\xfd" * 100, {"Content-Encoding": "zstd"}, "bad_content_encoding"),
        "deflate": (deflated, {"Content-Encoding": "deflate"}, "bad_content_encoding"),
        "a length that lies upwards": (bomb, {"Content-Encoding": "gzip", "Content-Length": str(10**15)}, "too_large"),
        "members without end": (gzip.compress(b"\0" * MIB) * 64, {"Content-Encoding": "gzip"}, "too_large"),
    }


@pytest.mark.parametrize("name", bombs_of(b""))
def test_a7_q39_every_bomb_is_refused_within_a_second_of_work_and_64_mib(name: str, bomb: bytes) -> None:
    body, headers, code = bombs_of(bomb)[name]
    with RudeServer(lambda wire, asked: wire.answer(200, body, headers)) as server:
        forget_peak()
        held, worked = peak_mib(), time.process_time()
        assert code_of(get(server)) == code
        grown, spent = peak_mib() - held, time.process_time() - worked
    print(f"{name}: {spent:.2f} s of CPU, {grown:.0f} MiB")
    assert grown <= 64
    assert spent <= 1


def test_a7_a_packed_bomb_stays_packed(bomb: bytes) -> None:
    """Only one layer is ever taken off; the caller sees that the rest is still gzip."""
    with serving(200, gzip.compress(bomb), Content_Encoding="gzip") as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.body.startswith(b"\x1f\x8b") and len(outcome.body) == len(bomb)


def test_q24_a_gzip_header_over_a_plain_body_is_read_as_plain() -> None:
    with serving(200, b"<rss/>", Content_Encoding="gzip") as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.body == b"<rss/>"


@pytest.mark.parametrize("cut", [1, 4, 8, 12, 40])
def test_truncated_gzip_is_marked_and_gives_what_there_is(cut: int) -> None:
    data = bytes(range(256)) * 64
    with serving(200, gzip.compress(data)[:-cut], Content_Encoding="gzip") as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.is_truncated
        assert data.startswith(outcome.body)


def test_damaged_gzip_is_refused() -> None:
    packed = bytearray(gzip.compress(b"text" * 100))
    packed[-5] ^= 0xFF  # the checksum
    with serving(200, bytes(packed), Content_Encoding="gzip") as server:
        assert code_of(get(server)) == "bad_content_encoding"


def test_a_gzip_body_byte_by_byte_is_whole() -> None:
    packed = gzip.compress(b"slow but whole")

    def behave(wire: Wire, asked: Asked) -> None:
        wire.send(f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode())
        wire.drip(packed, every_s=0.001)

    with RudeServer(behave) as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.body == b"slow but whole" and not outcome.is_truncated


def test_gunzip_of_a_whole_body_keeps_the_same_cap(bomb: bytes) -> None:
    assert gunzip(gzip.compress(b"x"), 10) == b"x"
    outcome = gunzip(bomb, MIB)
    assert isinstance(outcome, Failure) and outcome.code == "too_large"


def test_a8_a_length_over_the_cap_is_refused_unread() -> None:
    with serving(200, b"x", Content_Length=str(10 * MIB + 1)) as server:
        assert code_of(get(server)) == "too_large"


def test_a8_an_endless_body_is_cut_at_the_cap() -> None:
    sent: list[int] = []

    def behave(wire: Wire, asked: Asked) -> None:
        wire.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while len(sent) < 200 and wire.send(b"a" * MIB):
            sent.append(1)

    with RudeServer(behave) as server:
        assert code_of(get(server)) == "too_large"
    assert 10 <= len(sent) < 60


@pytest.mark.parametrize("extra", [1, 5_000, 10**6])
def test_q21_a_body_shorter_than_its_length_is_marked_truncated(extra: int) -> None:
    with serving(200, b"<rss>half", Content_Length=str(9 + extra)) as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.is_truncated and outcome.body == b"<rss>half"


def test_q21_a_broken_chunk_is_marked_truncated_and_keeps_the_whole_ones() -> None:
    def behave(wire: Wire, asked: Asked) -> None:
        wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\nff\r\nhal")

    with RudeServer(behave) as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.is_truncated and outcome.body.startswith(b"whole")


def test_a_reset_inside_the_body_is_marked_truncated() -> None:
    def behave(wire: Wire, asked: Asked) -> None:
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        wire.send(b"x" * 10)
        threading.Event().wait(0.2)
        wire.reset()

    with RudeServer(behave) as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.is_truncated


def test_a_longer_body_than_its_length_is_cut_at_the_length() -> None:
    with serving(200, b"0123456789", Content_Length="4") as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.body == b"0123"


# --- time (A16) ------------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


@pytest.mark.parametrize(
    "already_sent",
    [b"", b"HTTP/1.1 200 OK\r\n", HEAD + b"Content-Length: 900\r\n\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
     HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\x03",
     b"HTTP/1.1 302 F\r\nLocation: /x\r\n"],
)  # fmt: skip
def test_a16_a_dripping_server_is_ended_by_the_total_deadline(already_sent: bytes) -> None:
    """Each byte is in time for every per-read timeout; only the total ends it."""
    sent: list[int] = []

    def behave(wire: Wire, asked: Asked) -> None:
        wire.send(already_sent)
        sent.append(wire.drip(b"X" * 900))

    with RudeServer(behave) as server:
        assert code_of(get(server, limits=QUICK)) == "timeout"
        deadline = threading.Event()
        for _ in range(100):
            if sent or deadline.wait(0.05):
                break
    assert sent and sent[0] < 200, "the connection was cut, not read to its end"


def test_a16_a_silent_server_is_ended() -> None:
    with RudeServer(lambda wire, asked: threading.Event().wait(3) and None) as server:
        assert code_of(get(server, limits=QUICK)) == "timeout"


def test_a16_a_stalled_tls_handshake_is_ended() -> None:
    """The server never answers the client's hello."""
    with RudeServer(lambda wire, asked: None) as server:
        server.behave = lambda wire, asked: threading.Event().wait(3) and None
        url = f"https://{server.pair}/"
        assert code_of(request("GET", url, vetting=Vetting(frozenset({server.pair})), limits=QUICK)) in (
            "timeout",
            "tls",
        )


def test_a16_a_name_server_that_never_answers_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(outbound.socket, "getaddrinfo", lambda *_: released.wait(5) and [])
    try:
        assert code_of(request("GET", "http://slow.example/", limits=QUICK)) == "timeout"
    finally:
        released.set()


def test_a16_the_deadline_counts_over_all_redirects_together() -> None:
    def behave(wire: Wire, asked: Asked) -> None:
        threading.Event().wait(0.3)
        wire.answer(302, b"", {"Location": f"/{len(server.asked)}"})

    with RudeServer(behave) as server:
        assert code_of(get(server, limits=Limits(total_s=0.8, redirects=50))) == "timeout"
        assert server.connection_count <= 4


def test_a_finished_exchange_leaves_no_timer_behind() -> None:
    with serving(200, b"x") as server:
        for _ in range(20):
            assert code_of(get(server)) == "status 200"
    assert sum(isinstance(t, threading.Timer) for t in threading.enumerate()) <= 1


# --- TLS (A17) -------------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[trustme.CA]:
    """A certificate authority that this machine trusts, for the test only."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    outbound._trust.cache_clear()
    yield ca
    outbound._trust.cache_clear()


def tls_server(certificate: trustme.LeafCert, body: bytes = b"secret") -> RudeServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return RudeServer(by_path({"/": body, "/down": redirect(302, "http://127.0.0.1:9/")}), tls=context)


def test_a17_a_good_certificate_is_accepted(authority: trustme.CA) -> None:
    with tls_server(authority.issue_cert("127.0.0.1")) as server:
        outcome = get(server)
        assert isinstance(outcome, Response) and outcome.body == b"secret"


def test_e4_the_answer_names_who_signed_the_certificate(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = trustme.CA(organization_name="Another Authority")
    for ca in (authority, other):
        ca.cert_pem.write_to_path(str(tmp_path / "both.pem"), append=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "both.pem"))
    outbound._trust.cache_clear()
    issuers = []
    for ca in (authority, other):
        with tls_server(ca.issue_cert("127.0.0.1")) as server:
            outcome = get(server)
            assert isinstance(outcome, Response)
            issuers.append(outcome.issuer)
    assert issuers[0].startswith("trustme") and issuers[1] == "Another Authority"
    with serving(200, b"x") as server:
        plain = get(server)
        assert isinstance(plain, Response) and plain.issuer == ""


@pytest.mark.parametrize("fault", ["expired", "self_signed", "wrong_host", "not_yet"])
def test_a17_a_bad_certificate_is_refused_with_nothing_read(fault: str, authority: trustme.CA) -> None:
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(1)
    certificate = {
        "expired": lambda: authority.issue_cert("127.0.0.1", not_before=now - 9 * day, not_after=now - day),
        "not_yet": lambda: authority.issue_cert("127.0.0.1", not_before=now + day, not_after=now + 9 * day),
        "self_signed": lambda: trustme.CA().issue_cert("127.0.0.1"),
        "wrong_host": lambda: authority.issue_cert("rumor.example"),
    }[fault]()  # fmt: skip
    with tls_server(certificate) as server:
        assert code_of(get(server)) == "tls"
        assert server.asked == []


def test_a17_https_never_becomes_http(authority: trustme.CA) -> None:
    with tls_server(authority.issue_cert("127.0.0.1")) as server:
        assert code_of(get(server, "/down")) == "redirect_refused"


def test_a17_a_plain_server_behind_https_is_refused() -> None:
    with serving(200, b"x") as server:
        url = f"https://{server.pair}/"
        assert code_of(request("GET", url, vetting=Vetting(frozenset({server.pair})), limits=QUICK)) in (
            "tls",
            "timeout",
        )


# --- Retry-After (A3) ------------------------------------------------------------------------------------------------

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1000000000000"}, 86400),
        ({"retry-after": "9" * 400}, 86400),
        ({"retry-after": "Sun, 01 Mar 2026 12:05:00 GMT"}, 300),
        ({"retry-after": "Sun, 01 Mar 2026 12:05:00 GMT", "date": "Sun, 01 Mar 2026 12:04:00 GMT"}, 60),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Sun, 01 Mar 2099 11:00:00 GMT"}, 86400),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "12.5"}, None),
        ({"retry-after": "１２"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_a3_every_form_of_retry_after(headers: dict[str, str], expected: int | None) -> None:
    assert retry_after_s(headers, NOW) == expected
