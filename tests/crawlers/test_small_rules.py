"""The pure rules below the adapters: dates, decoding, languages, plain text, domains, JSON-LD."""

# ruff: noqa: E501 - the tables are as wide as their characters
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers import moves
from crawlers.adapters.jsonld import is_type, nodes_of_type, read_blocks, strings
from crawlers.adapters.listing import exact
from crawlers.adapters.loosejson import with_parameter
from crawlers.dates import Dated, read_date
from crawlers.decode import decode
from crawlers.domains import is_within, registrable
from crawlers.language import canonical_language, told_language
from crawlers.plain import mended, one_line, plain_text, plain_title, web_link
from index.model import Move
from tests.crawlers.fakes import a_source
from tests.crawlers.loopback import read

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "zone", "expected"),
    [
        ("时间：2024-03-05 08:30", "Asia/Shanghai", "2024-03-05T00:30:00+00:00"),
        ("发布日期: 2024年3月5日", "Asia/Shanghai", "2024-03-04T16:00:00+00:00"),
        ("2013 年 6 月 5 日", "Asia/Shanghai", "2013-06-04T16:00:00+00:00"),
        ("2024-03-05T10:00:00.123456+08:00", "UTC", "2024-03-05T02:00:00+00:00"),
        ("2024-03-05T10:00:00+0800", "UTC", "2024-03-05T02:00:00+00:00"),
        ("5 Mar 24 10:00 +0800", "UTC", "2024-03-05T02:00:00+00:00"),
        ("1709625600000", "UTC", "2024-03-05T08:00:00+00:00"),
        ("Tue, 05 Mar 2024 10:00:00 EST", "UTC", "2024-03-05T15:00:00+00:00"),
        ("Tue, 05 Mar 2024 10:00:00 CST", "America/Chicago", "2024-03-05T16:00:00+00:00"),
        ("2024-03-10 02:30", "America/New_York", "2024-03-10T07:30:00+00:00"),
        ("1 March 2026", "UTC", "2026-03-01T00:00:00+00:00"),
        ("20240305", "UTC", None),
        ("12024-03-05", "UTC", None),
        ("99999999999999999999", "UTC", None),
        ("2024-02-30", "UTC", None),
        ("now", "UTC", None),
        ("", "UTC", None),
    ],
)
def test_a_date_is_read_exactly_or_not_at_all(raw: str, zone: str, expected: str | None) -> None:
    found = read_date(raw, zone, (), NOW)
    assert (found.at.isoformat() if found else None) == expected


def test_the_sources_own_formats_come_first() -> None:
    assert read_date("05.03.2024", "Europe/Berlin", ["%d.%m.%Y"], NOW) == Dated(datetime(2024, 3, 4, 23, tzinfo=UTC))
    assert read_date("03/04/2024", "UTC", ["%m/%d/%Y"], NOW) == Dated(datetime(2024, 3, 4, tzinfo=UTC))
    assert read_date("03/04/2024", "UTC", ["%d/%m/%Y"], NOW) == Dated(datetime(2024, 4, 3, tzinfo=UTC))


@given(st.text(max_size=60))
def test_no_text_makes_the_date_reader_fail_or_answer_with_now(raw: str) -> None:
    found = read_date(raw, "Asia/Shanghai", (), NOW)
    assert found is None or found.at.tzinfo is UTC


@given(st.binary(max_size=400), st.sampled_from(["", "text/xml; charset=gbk", "text/xml; charset=utf-7", "charset=x"]))
def test_a11_no_bytes_make_the_decoder_fail_or_let_controls_through(body: bytes, content_type: str) -> None:
    found = decode(body, content_type, "zh-Hans")
    if found is not None:
        assert not any(c < " " and c not in "\t\n\r" for c in found.text)
        assert not any("\ud800" <= c <= "\udfff" for c in found.text)


@given(st.text(min_size=1, max_size=200))
def test_a11_valid_utf8_is_never_read_as_anything_else(text: str) -> None:
    body = text.encode("utf-8")
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or "\0" in text or text.startswith("\ufeff"):
        return
    found = decode(body, "text/xml; charset=gb2312", "zh-Hans")
    assert found is not None and found.encoding == "utf-8"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("zh-TW", "zh-Hant"), ("zh_CN", "zh-Hans"), ("zh", "zh-Hans"), ("zh-Hant-HK", "zh-Hant"), ("en-GB", "en"), ("EN", "en"),
     ("", ""), ("english", ""), ("x", ""), ("ja-JP", "ja")],
)  # fmt: skip
def test_language_tags_have_one_form(tag: str, expected: str) -> None:
    assert canonical_language(tag) == expected


HANS = "网传手机来电会引爆加油站，加油站员工要求所有人关机，专家说没有证实的案例，真正要防的是静电，请大家不要转发。"
HANT = "網傳手機來電會引爆加油站，加油站員工要求所有人關機，專家說沒有證實的案例，真正要防的是靜電，請大家不要轉發。"
JA = "携帯電話の着信でガソリンスタンドが爆発するという話が広まっているが、実際の事例は確認されていない。"
KO = "휴대전화 전화가 주유소 폭발을 일으킨다는 소문이 퍼지고 있으나 실제로 확인된 사례는 하나도 없으며 정전기를 조심해야 한다."
EN = "A message says that a phone call at a petrol station can ignite the fumes, and many people share it again."


@pytest.mark.parametrize("label", ["zh-CN", "zh-TW", "en", "", "xx"])
@pytest.mark.parametrize(("text", "expected"), [(HANS, "zh-Hans"), (HANT, "zh-Hant"), (JA, "ja"), (KO, "ko")])
def test_q12_forty_letters_in_another_script_beat_the_label(text: str, label: str, expected: str) -> None:
    assert told_language(text, label, "en") == expected


def test_q12_below_forty_letters_the_label_counts_and_latin_text_is_not_chinese() -> None:
    assert told_language("谣言", "zh-TW", "zh-Hans") == "zh-Hant"
    assert told_language("short", "zh-TW", "zh-Hans") == "zh-Hant"
    assert told_language(EN, "zh-CN", "zh-Hans") == "en"
    assert told_language(EN, "fr", "fr") == "fr", "script does not tell Latin languages apart"
    assert told_language("", "", "zh-Hant") == "zh-Hant"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>一</p><p>二</p>", "一\n\n二"),
        ("一<br>二<br/>三", "一\n二\n三"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("  a   b\n\n\n\nc  ", "a b\n\nc"),
        ("<p>a\n   b</p>", "a b"),
        ("2 &lt; 3 &amp; 4 &gt; 3", "2 < 3 & 4 > 3"),
        ("<script>x()</script><style>p{}</style>text", "text"),
        ("<iframe src=x>inner</iframe><img src=x onerror=y>text", "text"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("<!-- comment -->text", "text"),
        ("plain", "plain"),
        ("", ""),
        ("<p></p>", ""),
    ],
)
def test_markup_becomes_paragraphs_of_plain_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@given(st.text(alphabet="<>/&;\"'= abpscriptonload#x0\u202e\x00", max_size=120))
def test_c8_no_markup_leaves_a_tag_or_an_unseen_character(markup: str) -> None:
    for text in (plain_title(markup), one_line(markup)):
        assert "\x00" not in text and "\u202e" not in text and "\n" not in text
    assert "\x00" not in plain_text(markup)


def test_q11_only_a_reversible_repair_is_made() -> None:
    assert mended("喝酒".encode().decode("latin-1")) == "喝酒"
    assert mended("喝酒".encode().decode("cp1252", "replace")) != "喝酒", "a lost byte stays lost"
    for good in ("café", "naïve résumé", "Größtenteils", "5 × 3 ÷ 2", "“谣言”"):
        assert mended(good) == good


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/a", "https://news.example/a"), ("a?b=c#d", "https://news.example/x/a?b=c"), ("//h.example/p", "https://h.example/p"),
        ("HTTP://H.example/p", "http://H.example/p"), ("https://h.example/a b", "https://h.example/a%20b"),
        ("https://h.example/%E8%B0%A3", "https://h.example/%E8%B0%A3"), ("javascript:x", ""), ("data:x", ""), ("mailto:a@b", ""),
        ("ftp://h/", ""), ("http://", ""), ("", ""), ("http://[::1", ""), ("https://h\\@evil.example/", ""),
        ("java\tscript:x", ""), ("\u202ehttps://h.example/", "https://h.example/"), ("x" * 5000, ""),
    ],
)  # fmt: skip
def test_q23_links_are_absolute_web_addresses_or_nothing(raw: str, expected: str) -> None:
    assert web_link(raw, "https://news.example/x/feed") == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://www.piyao.org.cn/a", "piyao.org.cn"), ("piyao.org.cn", "piyao.org.cn"), ("https://www.gov.uk/x", "www.gov.uk"),
     ("https://www.cfs.gov.hk", "cfs.gov.hk"), ("http://127.0.0.1:80/", "127.0.0.1"), ("http://[::1]/", "::1"), ("", "")],
)  # fmt: skip
def test_registrable_domains_follow_the_public_suffix_list(url: str, expected: str) -> None:
    assert registrable(url) == expected


def test_e3_a_look_alike_is_not_within_a_domain() -> None:
    for url in (
        "https://piyao.org.cn.evil.test/",
        "https://xpiyao.org.cn/",
        "https://piya0.org.cn/",
        "https://piyao-org.cn/",
    ):
        assert not is_within(url, ("piyao.org.cn",))
    assert is_within("https://a.b.PIYAO.org.cn./", ("piyao.org.cn",))


def test_json_ld_nodes_are_found_once_in_document_order_and_within_bounds() -> None:
    document = {"@graph": [{"@type": "ClaimReview", "n": 1}, [{"a": {"@type": ["X", "ClaimReview"], "n": 2}}]]}
    assert [n["n"] for n in nodes_of_type(document, "ClaimReview")] == [1, 2]
    assert nodes_of_type([[]] * 200_000 + [{"@type": "ClaimReview"}], "ClaimReview") == []
    assert is_type("schema:ClaimReview", "ClaimReview") and not is_type("NotAClaimReview", "ClaimReview")
    assert strings([1, None, True, {"@value": "x"}, ["y"], {}]) == ["1", "x", "y"]


def test_a_block_without_a_review_is_not_worth_a_repair() -> None:
    assert list(read_blocks(['{"@type": "Article",}', ""])) == []


def test_the_page_adds_the_hour_to_the_lists_day_and_never_another_day() -> None:
    day, hour = Dated(datetime(2024, 3, 4, 16, tzinfo=UTC)), Dated(datetime(2024, 3, 5, 0, 24, tzinfo=UTC))
    assert exact(day, hour, "Asia/Shanghai") == hour
    assert exact(day, Dated(datetime(2024, 3, 7, tzinfo=UTC)), "Asia/Shanghai") == day
    assert exact(hour, day, "Asia/Shanghai") == hour
    assert exact(None, hour, "UTC") == exact(hour, None, "UTC") == hour
    assert exact(Dated(day.at, is_approximate=True), hour, "Asia/Shanghai") == hour


@pytest.mark.parametrize("raw", ["二三十分钟前", "十三四天前", "三四十天前", "三四天前"])
def test_q4_about_so_many_days_ago_is_no_date(raw: str) -> None:
    assert read_date(raw, "Asia/Shanghai", (), datetime(2026, 3, 1, tzinfo=UTC), "zh-Hans") is None


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("mastodon", r'[{"id": "1\ud83d", "url": "https://news.example/1", "content": "<p>停水\ud83d</p>"}]'),
        ("wordpress", r'[{"id": 1, "link": "https://news.example/1", "content": {"rendered": "<p>停水\ud83d</p>"}}]'),
        ("jsonfeed", r'{"version": "https://jsonfeed.org/version/1", "items": [{"id": 1, "content_html": "<p>停水\ud83d</p>"}]}'),
    ],
)
def test_q10_half_an_emoji_goes_and_the_text_around_it_stays(form: str, body: str) -> None:
    assert [i.text for i in read(a_source(format=form), body).items] == ["停水"]


def test_q10_half_an_emoji_is_no_part_of_an_address() -> None:
    assert with_parameter("https://news.example/list?limit=40", "max_id", "1\ud83d") == "https://news.example/list?limit=40&max_id=1"


def test_a5_a_refused_move_stays_refused_after_an_answer_without_a_redirect() -> None:
    refused = Move("https://news.example/new", is_refused=True)
    asked = "https://news.example/feed"
    assert moves.seen(refused, asked, asked, (), ("news.example",), date(2026, 3, 1)) == refused
