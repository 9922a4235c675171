"""CAP alerts: what is a notice and what never is, identity, languages, and where alerts are packed or linked."""

from __future__ import annotations

import time
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from structlog.testing import capture_logs

from crawlers.adapters.protocol import Parsed, Request
from crawlers.fetch import Fetcher
from crawlers.pipeline import Pipeline
from crawlers.registry import Registry, parse_registry
from index import Catalogue, open_catalogue
from index.model import Item, Role, SourceKind, SourceLease
from index.settings import Settings
from tests.crawlers.fakes import START, FakeCatalogue, InProcessReader, a_source
from tests.crawlers.loopback import at, crawl, read
from tests.crawlers.rude_server import Asked, RudeServer, Wire, by_path

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SENT = "2026-02-28T18:30:00+08:00"


def info(language: str = "zh-CN", headline: str = "暴雨橙色预警", **fields: str) -> str:
    values = {
        "language": language, "category": "Met", "event": "暴雨", "urgency": "Expected", "severity": "Severe",
        "certainty": "Likely", "expires": "2026-03-01T06:30:00+08:00", "headline": headline,
        "description": "预计未来六小时降雨量将达五十毫米以上", "instruction": "请减少外出，避开低洼地带",
    } | fields  # fmt: skip
    body = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in values.items() if v)
    return f"<info>{body}<area><areaDesc>东部各区</areaDesc></area></info>"


def alert(identifier: str = "A-1", infos: str | None = None, namespace: str = NAMESPACE, **fields: str) -> str:
    values = {
        "identifier": identifier, "sender": "alerts@weather.example", "sent": SENT, "status": "Actual",
        "msgType": "Alert", "scope": "Public",
    } | fields  # fmt: skip
    body = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in values.items() if v)
    return f'<alert xmlns="{namespace}">{body}{info() if infos is None else infos}</alert>'


def triple(identifier: str, sent: str = SENT, sender: str = "alerts@weather.example") -> str:
    return f"{sender},{identifier},{sent}"


def official(**changes: Any) -> Any:
    values = {"kind": SourceKind.OFFICIAL, "format": "cap", "role": Role.NOTICE, "language": "zh-Hans"}
    return a_source("cap", **(values | changes))


def parsed(body: str, **changes: Any) -> Parsed:
    return read(official(**changes), body)


def one(body: str, **changes: Any) -> Item:
    (item,) = parsed(body, **changes).items
    return item


@pytest.mark.parametrize(
    "namespace", [NAMESPACE, "urn:oasis:names:tc:emergency:cap:1.1", "http://www.incident.com/cap/1.0"]
)
def test_an_alert_of_each_version_is_one_notice(namespace: str) -> None:
    item = one(alert(namespace=namespace))
    assert (item.role, item.title, item.language) == (Role.NOTICE, "暴雨橙色预警", "zh-Hans")
    assert item.text == "预计未来六小时降雨量将达五十毫米以上\n\n请减少外出，避开低洼地带\n\n东部各区"
    assert item.published_at == datetime(2026, 2, 28, 10, 30, tzinfo=UTC)
    assert item.expires_at == datetime(2026, 2, 28, 22, 30, tzinfo=UTC)
    assert item.native_id == "alerts@weather.example,A-1,2026-02-28T10:30:00+00:00"
    assert (item.is_withdrawn, item.supersedes) == (False, ())


def test_the_same_moment_in_another_zone_is_the_same_alert() -> None:
    assert one(alert()).native_id == one(alert(sent="2026-02-28T10:30:00-00:00")).native_id
    assert one(alert()).native_id != one(alert(sent="2026-02-28T10:30:01-00:00")).native_id


@pytest.mark.parametrize("status", ["Exercise", "System", "Test", "Draft", "actual", ""])
def test_what_does_not_say_that_it_is_real_is_never_a_notice(status: str) -> None:
    found = parsed(alert(status=status, msgType="Cancel", references=triple("A-0")))
    assert (found.items, found.notes["not_actual"]) == ((), 1)


@pytest.mark.parametrize(("field", "value", "note"), [
    ("scope", "Restricted", "not_public"), ("scope", "Private", "not_public"),
    ("msgType", "Ack", "no_notice"), ("msgType", "Error", "no_notice"),
])  # fmt: skip
def test_what_is_for_others_or_about_messages_is_no_notice(field: str, value: str, note: str) -> None:
    found = parsed(alert(**{field: value}))
    assert (found.items, found.notes[note]) == ((), 1)


def test_an_update_supersedes_and_a_cancel_withdraws_what_it_names() -> None:
    names = f"{triple('A-1')} {triple('A-2', '2026-02-28T10:30:00+00:00')}\n broken,reference"
    update = parsed(alert("A-3", msgType="Update", references=names))
    cancel = one(alert("A-4", infos="", msgType="Cancel", references=names, note="预警解除"))
    assert update.items[0].supersedes == (one(alert("A-1")).native_id, one(alert("A-2")).native_id)
    assert (update.items[0].is_withdrawn, update.notes["bad_references"]) == (False, 1)
    assert (cancel.is_withdrawn, cancel.supersedes) == (True, update.items[0].supersedes)
    assert (cancel.title, cancel.text, cancel.expires_at) == ("预警解除", "预警解除", None)
    assert one(alert("A-5", references=names)).supersedes == (), "a plain alert replaces nothing"


def test_many_languages_are_one_notice_that_begins_in_the_source_s_own() -> None:
    infos = info("en-US", "Rainstorm warning", description="Heavy rain within six hours", instruction="") + info()
    item = one(alert(infos=infos))
    assert (item.title, item.language) == ("暴雨橙色预警", "zh-Hans")
    assert "Rainstorm warning" in item.text and "Heavy rain within six hours" in item.text
    english = one(alert(infos=infos), language="en")
    assert (english.title, english.language) == ("Rainstorm warning", "en")


def test_a_notice_is_in_force_as_long_as_any_part_of_it() -> None:
    later = info(expires="2026-03-02T00:00:00+00:00")
    assert one(alert(infos=info() + later)).expires_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert one(alert(infos=info(expires="") + later)).expires_at is None


def test_offsets_are_numbers_and_a_z_is_read_and_noted() -> None:
    found = parsed(alert(sent="2026-02-28T10:30:00Z"))
    assert found.items[0].published_at == datetime(2026, 2, 28, 10, 30, tzinfo=UTC)
    assert (found.notes["zulu_times"], "schema_faults" in found.notes) == (1, False)
    local = parsed(alert(sent="2026-02-28T18:30:00"), timezone="Asia/Shanghai")
    assert local.items[0].published_at == datetime(2026, 2, 28, 10, 30, tzinfo=UTC)
    assert local.notes["schema_faults"] == 1


def test_faults_against_the_schema_are_notes_and_a_valid_alert_has_none() -> None:
    assert "schema_faults" not in parsed(alert()).notes
    faulty = parsed(alert(scope="Everybody", infos=info(urgency="Soon", category="")))
    assert (len(faulty.items), faulty.notes["schema_faults"]) == (1, 3)


@pytest.mark.parametrize("missing", ["sender", "identifier", "sent"])
def test_an_alert_that_cannot_be_told_apart_is_rejected_and_the_others_go_on(missing: str) -> None:
    found = parsed(f"<alerts>{alert(**{missing: ''})}{alert('A-2')}</alerts>")
    assert [e.code for e in found.bad] == ["malformed"]
    assert len(found.items) == 1


def test_a_signature_is_noted_and_its_text_is_no_part_of_the_notice() -> None:
    signature = (
        '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignatureValue>c2lnbg==</SignatureValue></Signature>'
    )
    found = parsed(alert().replace("</alert>", f"{signature}</alert>"))
    assert found.notes["signed"] == 1 and "c2lnbg" not in found.items[0].text
    assert parsed(alert()).notes.get("signed", 0) == 0


def test_a_poll_says_that_signatures_were_there_and_that_nobody_checked_them() -> None:
    body = alert().replace("</alert>", '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></alert>')
    for sent, expected in ((body, [(1, 0)]), (alert(), [])):
        with RudeServer(by_path({"/cap": sent.encode()})) as server, capture_logs() as logs:
            source = at(server, "/cap", kind=SourceKind.OFFICIAL, format="cap", role=Role.NOTICE)
            assert crawl(server, source)[0].new == 1
        found = [(log["present"], log["checked"]) for log in logs if log["event"] == "signatures_seen"]
        assert found == expected


def test_alerts_are_found_inside_atom_and_edxl_de() -> None:
    entry = f'<entry><id>e</id><content type="text/xml">{alert()}</content></entry>'
    atom = f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>'
    edxl = (
        '<EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0"><contentObject><xmlContent>'
        f"<embeddedXMLContent>{alert('A-1')}</embeddedXMLContent></xmlContent></contentObject><contentObject><xmlContent>"
        f"<embeddedXMLContent>{alert('A-2')}</embeddedXMLContent></xmlContent></contentObject></EDXLDistribution>"
    )
    assert len(parsed(atom).items) == 1 and parsed(atom).more == ()
    assert len({i.native_id for i in parsed(edxl).items}) == 2


def test_the_alerts_that_a_feed_links_to_are_pages_to_read() -> None:
    rss = (
        "<rss version='2.0'><channel><title>t</title>"
        "<item><guid>g-1</guid><link>https://news.example/cap/1.xml</link></item>"
        "<item><link>https://news.example/2.html</link><enclosure url='/cap/2' type='application/cap+xml'/></item>"
        "<item><title>no link</title></item></channel></rss>"
    )
    assert parsed(rss).more == (
        Request("https://news.example/cap/1.xml", "page", "g-1"),
        Request("https://news.example/cap/2", "page", "https://news.example/cap/2"),
    )
    assert parsed("<rss version='2.0'><channel><title>quiet</title></channel></rss>") == Parsed(notes={})


def test_a_page_is_known_by_the_name_that_the_feed_gave_it() -> None:
    request = Request("https://news.example/cap/1.xml", "page", "g-1")
    (item,) = read(official(), alert(), request.url, request=request).items
    assert item.aliases == ("g-1",)


def test_half_an_alert_is_none() -> None:
    whole = f"<alerts>{alert('A-1')}{alert('A-2')}</alerts>"
    found = read(official(), whole[: whole.rindex("<description>") + 20], is_truncated=True)
    assert [i.native_id.split(",")[1] for i in found.items] == ["A-1"]
    assert not found.is_complete


@pytest.mark.parametrize(
    ("body", "code"),
    [("", "empty_body"), ("<html><body>closed</body></html>", "not_a_feed"), ("<a>other xml</a>", "not_a_feed"),
     ("plain words", "malformed"), ("<", "malformed")],
)  # fmt: skip
def test_what_is_no_alert_has_a_code(body: str, code: str) -> None:
    assert parsed(body).code == code


def test_a9_entities_of_a_dtd_are_neither_expanded_nor_fetched() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol" * 10}">' for n in range(9))
    outside = '<!ENTITY file SYSTEM "file:///etc/hostname">'
    body = f"<!DOCTYPE alert [{bomb}{outside}]>" + alert(headline="x", note="&e8;&file;").replace("&amp;", "&")
    (item,) = parsed(body).items
    assert len(item.text) < 500 and "lol" not in item.text


def test_a_hub_lends_no_level_and_a_sender_speaks_for_its_own_alerts_only() -> None:
    body = alert(msgType="Cancel", references=f"{triple('A-0')} {triple('B-1', sender='warn@other.example')}",
                 infos=info(web="https://trusted.example/x"))  # fmt: skip
    found = parsed(body, options={"aggregator": True})
    (item,) = found.items
    assert (item.publisher, item.url) == ("weather.example", "https://news.example/feed")
    assert [name.split(",")[1] for name in item.supersedes] == ["A-0"]
    assert found.notes["foreign_references"] == 1
    unnamed = parsed(alert(sender="urn:oid:2.49.0.0.1", senderName="x"), options={"aggregator": True}).items[0]
    assert "." not in unnamed.publisher


def test_the_alert_s_own_page_is_its_address_inside_the_domain_only() -> None:
    assert one(alert(infos=info(web="https://www.news.example/a"))).url == "https://www.news.example/a"
    assert one(alert(infos=info(web="https://elsewhere.example/a"))).url == "https://news.example/feed"


def test_c8_markup_in_an_alert_does_not_run() -> None:
    item = one(alert(infos=info(headline="<script>alert(1)</script>暴雨", description="<b onclick='x()'>雨</b>大")))
    assert "<" not in item.title + item.text and "雨大" in item.text


def test_a_feed_of_alerts_is_read_over_loopback_and_known_or_unreal_ones_are_not_read_again() -> None:
    def entry(number: int) -> str:
        return f"<entry><id>urn:{number}</id><link href='/cap/{number}.xml' type='application/cap+xml'/></entry>"

    feed = f"<feed xmlns='http://www.w3.org/2005/Atom'>{''.join(map(entry, range(1, 5)))}</feed>"
    pages = {
        "/cap/1.xml": alert("A-1"),
        "/cap/2.xml": alert("A-2", status="Exercise"),
        "/cap/3.xml": alert("A-3", msgType="Cancel", references=triple("A-1")),
        "/cap/4.xml": "<html><body>gone</body></html>",
    }
    table: Any = {"/feed.atom": feed.encode()} | {path: body.encode() for path, body in pages.items()}
    with RudeServer(by_path(table)) as server:
        source = at(server, "/feed.atom", format="cap", kind=SourceKind.OFFICIAL, role=Role.NOTICE, language="zh-Hans")
        catalogue = FakeCatalogue(clock=START + timedelta(minutes=5))
        report, items = crawl(server, source, catalogue, registry=Registry((source,)))
        assert (report.status, report.new, report.bad, report.withdrawn) == ("ok", 2, 1, 1)
        assert {i.url for i in items} == {f"{server.base}/cap/1.xml", f"{server.base}/cap/3.xml"}
        server.asked.clear()
        again, _ = crawl(server, source, catalogue, is_first=False)
        assert again.new == 0
        assert [p for p in server.paths() if p.startswith("/cap/")] == ["/cap/2.xml", "/cap/4.xml"]


REGISTRY = """
[[source]]
id = "alerts"
name = {{ en = "Alerts" }}
kind = "official"
authority = 4
domain = "127.0.0.1"
proof = {{ by = "letter", url = "https://127.0.0.1/", on = 2026-11-01, editors = ["editor A", "editor B"] }}
url = "{base}/feed.atom"
format = "cap"
role = "notice"
language = "zh-Hans"
pace_s = 0
licence = {{ terms = "t", reviewed_on = 2026-11-01, attribution = "a" }}
known_by = "code"
enabled = true
"""


def leased(catalogue: Catalogue) -> SourceLease:
    """The source, due again; the pace of its host is a second."""
    catalogue.set_due("alerts")
    for _ in range(300):
        if leases := catalogue.lease_sources("worker", 1):
            return leases[0]
        time.sleep(0.1)
    raise AssertionError("the source was never free")


def test_a_cancel_that_is_read_before_its_alert_leaves_nothing_in_force(tmp_path: Path) -> None:
    """Catalogue and database as they run; the alert comes a poll after what cancels it."""
    cancel = alert("A-3", infos="", msgType="Cancel", references=triple("A-1"), note="预警解除")
    shown = {"A-3": cancel, "A-2": alert("A-2")}

    def behave(wire: Wire, asked: Asked) -> None:
        name = asked.path.rsplit("/", 1)[-1]
        links = ((n, f"<link href='/cap/{n}' type='application/cap+xml'/>") for n in shown)
        entries = "".join(f"<entry><id>urn:{n}</id>{link}</entry>" for n, link in links)
        feed = f"<feed xmlns='http://www.w3.org/2005/Atom'>{entries}</feed>"
        body = feed if name == "feed.atom" else shown.get(name, "")
        wire.answer(200 if body else 404, body.encode())

    with RudeServer(behave) as server:
        settings = Settings(data_dir=tmp_path, encoder="hashed", internal_targets=(server.pair,))
        registry = parse_registry(tomllib.loads(REGISTRY.format(base=server.base)), frozenset({server.pair}))
        catalogue = open_catalogue(settings)
        try:
            catalogue.migrate()
            catalogue.put_sources(registry.sources)
            pipeline = Pipeline(catalogue, Fetcher(settings, sleep=lambda s: None), InProcessReader(), registry)
            report = pipeline.crawl(leased(catalogue))
            assert (report.status, report.new, report.withdrawn) == ("ok", 2, 1)
            shown["A-1"] = alert("A-1")
            report = pipeline.crawl(leased(catalogue))
            assert (report.status, report.new) == ("ok", 1)
            with catalogue._parts.records.read() as unit:
                names = [f"alerts@weather.example,{n},2026-02-28T10:30:00+00:00" for n in ("A-1", "A-2", "A-3")]
                seen = [unit.seen_item("alerts", (name,)) for name in names]
                notices = [unit.notice(s.record_id) for s in seen if s is not None]
            assert [n.is_withdrawn for n in notices if n is not None] == [True, False, True]
        finally:
            catalogue.close()


def test_q22_an_undeclared_prefix_costs_no_alert() -> None:
    entry = "<entry><id>a</id><link href='https://news.example/a.cap'/><cap:event>Flood</cap:event></entry>"
    found = parsed(f"<feed xmlns='http://www.w3.org/2005/Atom'>{entry}</feed>")
    assert not found.code and [request.url for request in found.more] == ["https://news.example/a.cap"]
