"""Tips by mail: what of a message becomes the tip, what is dropped, and a visit to a real mailbox over TLS."""

from __future__ import annotations

import sqlite3
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme

from crawlers import mailbox, tipmail
from crawlers.adapters import FORMATS, adapter
from crawlers.adapters.mailtext import own_and_forwarded
from crawlers.adapters.protocol import Context, Parsed, Request
from crawlers.reading import Reader
from crawlers.tipmail import Visit, visit
from index import Catalogue, open_catalogue
from index.errors import SettingError
from index.settings import Settings
from tests.crawlers.imap_server import ImapServer

RUMOR = "自来水公司说明天起停水三天，请大家赶快储水"
SENDER = "reader.wang@private.example"


def mail(text: str | None = RUMOR, html: str | None = None, **headers: str) -> EmailMessage:
    message = EmailMessage()
    values = {"From": f"A Reader <{SENDER}>", "To": "tips@news.example", "Subject": "请核实",
              "Message-ID": "<1@private.example>"} | {k.replace("_", "-"): v for k, v in headers.items()}  # fmt: skip
    for name, value in values.items():
        if value:
            message[name] = value
    if text is not None:
        message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html") if text is not None else message.set_content(html, subtype="html")
    return message


def read(message: EmailMessage | bytes) -> Parsed:
    body = message if isinstance(message, bytes) else message.as_bytes()
    context = Context(tipmail.SENDERS, Request(""), "", datetime(2026, 3, 1, tzinfo=UTC))
    return adapter("mail").read(body, context)


def text_of(message: EmailMessage | bytes) -> str:
    (item,) = read(message).items
    assert SENDER not in item.text and "private.example" not in item.native_id
    return item.text


# --- what the text is ---


def test_the_plain_part_comes_before_the_html_and_html_is_cleaned() -> None:
    html = f"<p onclick='x()'>{RUMOR}</p><script>alert(1)</script><img src='https://spy.example/p.gif'>"
    assert text_of(mail("只有文字", html)) == "只有文字"
    assert text_of(mail(None, html)) == RUMOR
    assert text_of(mail(" \n", html)) == RUMOR


@pytest.mark.parametrize(
    "mark",
    ["---------- Forwarded message ---------", "-----Original Message-----", "Begin forwarded message:",
     "------------------ 原始邮件 ------------------", "-----原始郵件-----", "---------- 轉寄郵件 ---------",
     "开始转发的邮件："],
)  # fmt: skip
def test_the_forwarded_part_is_the_tip_and_its_headers_are_not(mark: str) -> None:
    headers = f"发件人: 张 <{SENDER}>\nDate: Sat, 28 Feb 2026\n主题: 通知\n  续行\nTo: x@y.example"
    assert text_of(mail(f"这是真的吗？\n\n{mark}\n\n{headers}\n\n{RUMOR}\n第二行")) == f"{RUMOR}\n第二行"


def test_a_block_of_headers_marks_a_forwarded_part_too_and_the_innermost_counts() -> None:
    block = f"From: a@b.example\nSent: Saturday\nTo: c@d.example\nSubject: x\n\n{RUMOR}"
    assert own_and_forwarded(f"看看\n________________________________\n{block}")[1] == RUMOR
    inner = f"> -----Original Message-----\n> From: e@f.example\n>\n> {RUMOR}"
    twice = f"看看\n-----Original Message-----\nFrom: a@b.example\n\n请看\n{inner}"
    assert own_and_forwarded(twice) == ("看看", RUMOR)
    assert own_and_forwarded(f"{RUMOR}\n-----Original Message-----\nFrom: a@b.example\n\n") == (RUMOR, "")
    assert own_and_forwarded(f"From: the river to the town, {RUMOR}")[1] == ""


def test_headers_that_html_sets_apart_are_no_part_of_the_tip_and_the_text_may_begin_like_one() -> None:
    parts = ("From: A Friend", "Sent: Saturday", "To: B Friend", "Subject: x", RUMOR)
    html = "<p>看看</p><hr>" + "".join(f"<p>{part}</p>" for part in parts)
    assert text_of(mail(None, html)) == RUMOR
    plain = f"-----Original Message-----\nFrom: a@b.example\nSubject: x\n\n时间：明天\n{RUMOR}"
    assert text_of(mail(plain)) == f"时间：明天\n{RUMOR}"


def test_signature_and_quotation_are_no_part_of_the_tip_unless_there_is_nothing_else() -> None:
    assert text_of(mail(f"{RUMOR}\n> 之前的话\n-- \n某某\n电话")) == RUMOR
    assert text_of(mail(f"{RUMOR}\n发自我的iPhone")) == RUMOR
    assert text_of(mail(f"> {RUMOR}")) == RUMOR


def test_a_mail_attached_to_a_mail_is_what_was_forwarded() -> None:
    outer = mail("请核实")
    outer.add_attachment(mail(RUMOR))
    assert text_of(outer) == RUMOR


def test_attachments_are_counted_and_never_read() -> None:
    message = mail()
    message.add_attachment(b"MZ evil", maintype="application", subtype="octet-stream", filename="video.exe")
    message.add_attachment("不是正文", filename="note.txt")
    parsed = read(message)
    assert (parsed.items[0].text, parsed.notes["attachments"]) == (RUMOR, 2)


def test_a_mail_without_text_has_its_subject_or_nothing() -> None:
    assert text_of(mail("\n", Subject=f"Fwd: 转发：{RUMOR}")) == RUMOR
    message = mail(None, Subject="")
    message.set_content(b"\x89PNG", maintype="image", subtype="png", filename="a.png")
    parsed = read(message)
    assert (parsed.code, parsed.items, parsed.notes) == ("no_text", (), {"attachments": 1})


@pytest.mark.parametrize(
    ("charset", "words"),
    [("gb2312", RUMOR), ("big5", "明天起停水三天"), ("iso-2022-jp", "明日から断水します"), ("utf-8", RUMOR)],
)
def test_the_encodings_of_mail_programs_are_read(charset: str, words: str) -> None:
    body = f"Content-Type: text/plain; charset={charset}\nMessage-ID: <1@x>\n\n".encode() + words.encode(charset)
    assert text_of(body) == words


def test_lines_that_only_the_program_broke_are_joined() -> None:
    body = "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\n\n明天起停水 \n三天，请储水\n完".encode()
    assert text_of(body) == "明天起停水三天，请储水\n完"


def test_a_long_mail_is_cut_and_not_refused() -> None:
    assert len(text_of(mail("字" * 20_000))) == 5_000


# --- identity, machines, hostile messages ---


def test_the_message_id_is_the_key_and_no_address_is_in_it() -> None:
    key = read(mail()).items[0].native_id
    assert key == read(mail("别的文字")).items[0].native_id
    assert key != read(mail(Message_ID="<2@private.example>")).items[0].native_id
    assert read(mail(Message_ID="")).items[0].native_id != read(mail("别的", Message_ID="")).items[0].native_id


@pytest.mark.parametrize(
    ("headers", "code"),
    [({"Auto_Submitted": "auto-replied"}, "auto_reply"), ({"Precedence": "bulk"}, "auto_reply"),
     ({"X_Autoreply": "yes"}, "auto_reply"), ({"Return_Path": "<>"}, "bounce"),
     ({"From": "MAILER-DAEMON@mx.example"}, "bounce"),
     ({"Auto_Submitted": "no"}, ""), ({"Return_Path": f"<{SENDER}>"}, "")],
)  # fmt: skip
def test_answers_of_machines_and_bounces_are_dropped_and_people_are_not(headers: dict[str, str], code: str) -> None:
    parsed = read(mail(**headers))
    assert (parsed.code, len(parsed.items)) == (code, 0 if code else 1)


def test_a_delivery_report_is_a_bounce() -> None:
    report = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nnot delivered\n--b--\n"
    assert read(report).code == "bounce"


def test_spf_and_dkim_are_notes_and_decide_nothing() -> None:
    parsed = read(mail(Authentication_Results="mx.news.example; spf=fail smtp.mailfrom=x; dkim=pass header.d=y"))
    assert (len(parsed.items), parsed.notes) == (1, {"spf_other": 1, "dkim_pass": 1})


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff" * 500, b"Content-Type: text/plain; charset=no-such\n\n\xff\xfe",
     b"Content-Transfer-Encoding: base64\n\n!!!", b"Subject: =?utf-8?b?!!?=\nContent-Type: multipart/mixed\n\nx",
     b"Content-Type: message/rfc822\n\n", b"Message-ID: \xff\xff\n\nx"],
)  # fmt: skip
def test_a9_a_broken_message_is_an_answer_and_no_exception(body: bytes) -> None:
    parsed = read(body)
    assert parsed.code in ("", "malformed", "no_text")


def test_a_thousand_nested_parts_end_in_the_child_and_not_here() -> None:
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(1_000)) + b"\nx"
    reader = Reader(size=1)
    try:
        found = reader.read(deep, Context(tipmail.SENDERS, Request(""), "", datetime(2026, 3, 1, tzinfo=UTC)))
        assert found.code in ("parser_killed", "no_text")
        (item,) = reader.read(mail().as_bytes(), Context(tipmail.SENDERS, Request(""), "", datetime.now(UTC))).items  # type: ignore[union-attr]
        assert item.text == RUMOR
    finally:
        reader.close()


def test_mail_is_no_format_of_a_source() -> None:
    assert "mail" not in FORMATS


# --- the mailbox ---


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[ImapServer]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with ImapServer(tls) as server:
        yield server


@pytest.fixture
def settings(server: ImapServer, authority: trustme.CA, tmp_path: Path) -> Settings:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    url = f"imaps://tips%40news.example@127.0.0.1:{server.port}/INBOX"
    return Settings(data_dir=tmp_path, encoder="hashed", mail_url=url, mail_password="correct horse",
                    mail_ca_certs=str(bundle))  # fmt: skip


@pytest.fixture
def catalogue(settings: Settings) -> Iterator[Catalogue]:
    catalogue = open_catalogue(settings)
    catalogue.migrate()
    yield catalogue
    catalogue.close()


class Here:
    """Reads in this process; the child has a test of its own."""

    def read(self, body: bytes, context: Context) -> Parsed:
        return adapter("mail").read(body, context)


def tips(catalogue: Catalogue) -> list[str]:
    with catalogue._parts.records.read() as unit:
        return [tip.text for tip in unit.tips()]


def test_a_visit_makes_the_same_tip_as_the_web_form_and_marks_what_it_read(
    server: ImapServer, settings: Settings, catalogue: Catalogue
) -> None:
    server.put(mail(f"{RUMOR}，电话 13812345678，写信 {SENDER}").as_bytes())
    server.put(mail("外出", Message_ID="<2@x>", Auto_Submitted="auto-replied").as_bytes())
    server.put(mail("！！！", Message_ID="<3@x>", Subject="").as_bytes())
    assert visit(catalogue, settings, Here(), "one") == Visit(taken=1, dropped=2)
    (text,) = tips(catalogue)
    assert RUMOR in text and "13812345678" not in text and SENDER not in text
    _, by_form = catalogue.send_tip(f"{RUMOR}，电话 13812345678，写信 {SENDER}")
    assert by_form.text == text
    assert [kept.flags for kept in server.messages.values()] == [{"\\Seen"}] * 3
    assert visit(catalogue, settings, Here(), "two") == Visit(), "nothing is unread, and the lease was given back"
    assert not any("DELETE" in c.upper() or "EXPUNGE" in c.upper() for c in server.commands)


def test_the_same_message_twice_is_one_tip_also_after_a_crash_before_the_mark(
    server: ImapServer, settings: Settings, catalogue: Catalogue
) -> None:
    first = server.put(mail().as_bytes())
    server.put(mail().as_bytes())
    assert visit(catalogue, settings, Here(), "one") == Visit(taken=1, known=1)
    server.messages[first].flags.clear()
    assert visit(catalogue, settings, Here(), "one") == Visit(known=1)
    assert len(tips(catalogue)) == 1


def test_what_cannot_be_read_is_left_to_a_person_and_stops_no_other(
    server: ImapServer, settings: Settings, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = server.put(b"broken"), server.put(mail().as_bytes())

    class Failing(Here):
        def read(self, body: bytes, context: Context) -> Any:
            return Parsed(code="malformed") if body == b"broken" else super().read(body, context)

    assert visit(catalogue, settings, Failing(), "one") == Visit(taken=1, unread=1)
    assert server.messages[broken].flags == {"\\Seen", "\\Flagged"}
    assert server.messages[whole].flags == {"\\Seen"}


def test_sizes_and_counts_of_a_visit_are_bounded(
    server: ImapServer, settings: Settings, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "MAX_MESSAGES", 2)
    monkeypatch.setattr(mailbox, "MAX_BYTES", 2_000)
    big = mail(Message_ID="<big@x>")
    big.add_attachment(b"\x00" * 100_000, maintype="video", subtype="mp4", filename="a.mp4")
    server.put(big.as_bytes())
    for number in range(3):
        server.put(mail(f"第{number}条：{RUMOR}", Message_ID=f"<{number}@x>").as_bytes())
    assert visit(catalogue, settings, Here(), "one").taken == 2
    assert visit(catalogue, settings, Here(), "one").taken == 2
    assert len(tips(catalogue)) == 4
    assert all("<0.2000>" in c for c in server.commands if "FETCH" in c)


def test_only_one_process_visits_at_a_time(server: ImapServer, settings: Settings, catalogue: Catalogue) -> None:
    assert catalogue.take_lease(tipmail.LEASE, "other", 60) is not None
    assert visit(catalogue, settings, Here(), "one") == Visit(code="taken_elsewhere")
    assert server.connection_count == 0


def test_a_wrong_password_and_a_connection_that_breaks_are_values(
    server: ImapServer, settings: Settings, catalogue: Catalogue
) -> None:
    from dataclasses import replace

    server.put(mail().as_bytes())
    assert visit(catalogue, replace(settings, mail_password="wrong"), Here(), "one") == Visit(code="mailbox")
    nowhere = replace(settings, mail_url=settings.mail_url.replace("INBOX", "Nowhere"))
    assert visit(catalogue, nowhere, Here(), "one") == Visit(code="mailbox")
    server.hangs_up_after = 5  # CAPABILITY, LOGIN, SELECT, SEARCH, FETCH; the mark does not arrive
    assert visit(catalogue, settings, Here(), "one").code == "mailbox"
    server.hangs_up_after = None
    assert visit(catalogue, settings, Here(), "one").code == ""
    assert len(tips(catalogue)) == 1


def test_a_message_that_breaks_off_is_read_whole_later(
    server: ImapServer, settings: Settings, catalogue: Catalogue
) -> None:
    uid = server.put(mail().as_bytes())
    server.tears_messages = True
    assert visit(catalogue, settings, Here(), "one") == Visit(code="mailbox")
    assert (tips(catalogue), server.messages[uid].flags) == ([], set())
    server.tears_messages = False
    assert visit(catalogue, settings, Here(), "two") == Visit(taken=1)
    assert len(tips(catalogue)) == 1


def test_mail_outlives_a_database_that_goes_away_and_no_message_is_lost(
    server: ImapServer, settings: Settings, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real records, locked by another connection from the moment at which the message is read."""
    other = sqlite3.connect(settings.data_dir / "clarion.db", isolation_level=None, check_same_thread=False)
    is_locked, stop = threading.Event(), threading.Event()

    class Locking(Here):
        def read(self, body: bytes, context: Context) -> Parsed:
            if not is_locked.is_set():
                other.execute("BEGIN IMMEDIATE")
                is_locked.set()
            return super().read(body, context)

        def close(self) -> None: ...

    monkeypatch.setattr("index.records.engine.BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(tipmail, "Reader", lambda size: Locking())
    monkeypatch.setattr(tipmail, "EVERY_S", 0.05)
    monkeypatch.setattr(tipmail, "LEASE_S", 0.5)  # it was not given back: nobody could write
    uid = server.put(mail().as_bytes())
    opened = open_catalogue(settings)  # with the shorter wait
    process = threading.Thread(target=tipmail.run, args=(settings, opened, stop))
    process.start()
    try:
        assert is_locked.wait(20)
        time.sleep(1)
        assert process.is_alive() and server.messages[uid].flags == set()
        other.execute("ROLLBACK")
        ends = time.monotonic() + 20
        while "\\Seen" not in server.messages[uid].flags and time.monotonic() < ends:
            time.sleep(0.05)
    finally:
        stop.set()
        process.join(20)
        other.close()
        opened.close()
    assert server.messages[uid].flags == {"\\Seen"} and len(tips(catalogue)) == 1


def test_a17_a_server_whose_certificate_is_not_trusted_gets_no_password(
    server: ImapServer, settings: Settings, catalogue: Catalogue
) -> None:
    from dataclasses import replace

    assert visit(catalogue, replace(settings, mail_ca_certs=""), Here(), "one") == Visit(code="mailbox")
    assert server.commands == []


@pytest.mark.parametrize(
    ("url", "password"),
    [("", "x"), ("imap://u@host/INBOX", "x"), ("imaps://host/INBOX", "x"), ("imaps://u:secret@host", "x"),
     ("imaps://u@host:port", "x"), ('imaps://u@host/a"b', "x"), ("imaps://u@host", ""),
     ("imaps://u@host", "密码 secret"), ("imaps://u@host", "x\r\nsecret")],
)  # fmt: skip
def test_an_address_that_is_not_safe_or_not_whole_is_refused(url: str, password: str) -> None:
    with pytest.raises(SettingError) as refused:
        mailbox.address_of(Settings(mail_url=url, mail_password=password))
    assert "secret" not in str(refused.value)


def test_the_command_visits_once_with_the_parsing_child(
    server: ImapServer, settings: Settings, catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    import argparse

    from crawlers.cli import register

    server.put(mail().as_bytes())
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    args = parser.parse_args(["mail", "--once"])
    assert args.func(args, settings) == 0
    assert "1 tips, 0 known" in capsys.readouterr().out
    assert len(tips(catalogue)) == 1
