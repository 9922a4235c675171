"""robots.txt: forty rules, and what each answer of the server means (A14, K6)."""

from __future__ import annotations

import random
import time

import pytest

from crawlers.robots import MAX_BYTES, RobotsCache, Rules, parse_robots, robots_url, rules_from
from index.outbound import Failure, Response

OURS = "User-agent: ClarionBot\n"
ALL = "User-agent: *\n"

#: rules, path, allowed. The expectations follow RFC 9309 and Google's parser.
TABLE = [
    ("", "/x", True),
    (ALL + "Disallow: /", "/x", False),
    (ALL + "Disallow:", "/x", True),
    (ALL + "Disallow: /a", "/b", True),
    (ALL + "Disallow: /a", "/a", False),
    (ALL + "Disallow: /a", "/abc", False),
    (ALL + "Disallow: /a/", "/a", True),
    (ALL + "Disallow: /a\nAllow: /a/b", "/a/b/c", True),
    (ALL + "Allow: /a/b\nDisallow: /a", "/a/b/c", True),
    (ALL + "Allow: /a\nDisallow: /a", "/a", True),
    (ALL + "Disallow: /a\nAllow: /a", "/a", True),
    (ALL + "Disallow: /*.pdf$", "/x/y.pdf", False),
    (ALL + "Disallow: /*.pdf$", "/x/y.pdf?z", True),
    (ALL + "Disallow: /*.pdf", "/x/y.pdf?z", False),
    (ALL + "Disallow: /*/private/", "/a/b/private/c", False),
    (ALL + "Disallow: /?", "/?q=1", False),
    (ALL + "Disallow: /*?", "/a?q=1", False),
    (ALL + "Disallow: /*?", "/a", True),
    (ALL + "Disallow: /a$", "/a", False),
    (ALL + "Disallow: /a$", "/ab", True),
    (OURS + "Disallow: /\n\n" + ALL + "Allow: /", "/x", False),
    (OURS + "Allow: /\n\n" + ALL + "Disallow: /", "/x", True),
    (ALL + "Disallow: /\n\n" + OURS + "Disallow: /private", "/x", True),
    ("User-agent: clarionbot\nDisallow: /", "/x", False),
    ("User-agent: CLARIONBOT/1.0\nDisallow: /", "/x", False),
    ("User-agent: ClarionBot (reads feeds)\nDisallow: /", "/x", False),
    ("User-agent: Clarion\nDisallow: /\n\n" + ALL + "Allow: /", "/x", True),
    ("User-agent: OtherBot\nDisallow: /", "/x", True),
    ("User-agent: OtherBot\nUser-agent: ClarionBot\nDisallow: /", "/x", False),
    (OURS + "Disallow: /a\n\n" + OURS + "Disallow: /b", "/b", False),
    (OURS + "Disallow: /a\n\n" + OURS + "Disallow: /b", "/a", False),
    ("\ufeff" + ALL + "Disallow: /", "/x", False),
    ("User-agent: ClarionBot\nNoindex: /x\nUser-agent: OtherBot\nDisallow: /", "/x", False),
    (OURS + "Crawl-delay: 10\nDisallow: /a", "/a", False),
    (OURS + "Unknown: thing\nDisallow: /a", "/a", False),
    (OURS + "Sitemap: https://x.example/s.xml\nDisallow: /a", "/a", False),
    ("Disallow: /\n" + ALL + "Allow: /", "/x", True),
    (ALL + "Disallow: /a # not here", "/a", False),
    ("# only a comment", "/x", True),
    (ALL + "disallow: /A", "/a", True),
    (ALL + "DISALLOW: /a", "/a", False),
    (ALL + "Disallow: /谣言", "/%E8%B0%A3%E8%A8%80/1", False),
    (ALL + "Disallow: /%E8%B0%A3", "/谣言", False),
    (ALL + "Disallow: /a%2Fb", "/a%2Fb", False),
    (ALL.replace("\n", "\r\n") + "Disallow: /a\r\n", "/a", False),
    (ALL.replace("\n", "\r") + "Disallow: /a\r", "/a", False),
    ("<!doctype html><html><body>Not found</body></html>", "/x", True),
    ("{}", "/x", True),
    (ALL + "Disallow: /", "/robots.txt", True),
]


def test_the_table_has_at_least_forty_cases() -> None:
    assert len(TABLE) >= 40


@pytest.mark.parametrize(("text", "path", "allowed"), TABLE)
def test_a14_a_rule_gives_the_documented_verdict(text: str, path: str, allowed: bool) -> None:
    assert parse_robots(text.encode()).allows(f"https://news.example{path}") is allowed


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        (Response(200, {}, (ALL + "Disallow: /").encode(), "u"), False),
        (Response(204, {}, b"", "u"), True),
        (Response(401, {}, b"", "u"), True),
        (Response(403, {}, b"", "u"), True),
        (Response(404, {}, b"", "u"), True),
        (Response(410, {}, b"", "u"), True),
        (Response(429, {}, b"", "u"), False),
        (Response(500, {}, b"", "u"), False),
        (Response(503, {}, b"", "u"), False),
        (Response(304, {}, b"", "u"), False),
        (Failure("redirect_refused"), False),
        (Failure("timeout"), False),
        (Failure("dns"), False),
        (Failure("too_large"), False),
    ],
)
def test_a14_each_answer_of_the_server_has_its_meaning(answer: Response | Failure, allowed: bool) -> None:
    assert rules_from(answer).allows("https://news.example/x") is allowed


def test_a14_a_file_is_cut_at_512_kib() -> None:
    filler = b"# " + b"x" * MAX_BYTES + b"\n"
    assert parse_robots(filler + b"User-agent: *\nDisallow: /\n").allows("https://news.example/x")
    assert not parse_robots(b"User-agent: *\nDisallow: /\n" + filler).allows("https://news.example/x")


def test_a14_odd_bytes_are_no_error() -> None:
    assert parse_robots(bytes(range(256)) * 100).allows("https://news.example/x")
    assert parse_robots(b"\xff\xfeU\0s\0e\0r\0").allows("https://news.example/x")


def test_rules_are_kept_for_a_day_and_a_closed_door_is_tried_again_sooner() -> None:
    asked: list[str] = []
    answers: list[Response | Failure] = [Failure("timeout"), Response(200, {}, b"", "u"), Response(200, {}, b"", "u")]
    clock = [0.0]

    def fetch(url: str) -> Response | Failure:
        asked.append(url)
        return answers[len(asked) - 1]

    cache = RobotsCache(lambda: clock[0])
    url = "https://news.example/a?b"
    assert not cache.rules(url, fetch).allows(url)
    clock[0] = 300
    assert not cache.rules(url, fetch).allows(url)
    clock[0] = 700
    assert cache.rules(url, fetch).allows(url)
    clock[0] = 700 + 23 * 3600
    assert cache.rules("https://news.example/other", fetch).allows(url)
    clock[0] = 700 + 25 * 3600
    cache.rules(url, fetch)
    assert asked == ["https://news.example/robots.txt"] * 3


def test_each_origin_has_its_own_file() -> None:
    assert robots_url("http://a.example:8080/x?y") == "http://a.example:8080/robots.txt"


def test_no_rules_at_all_allow_everything() -> None:
    assert Rules().allows("https://news.example/x")


def test_q30_every_5xx_closes_and_every_4xx_but_429_opens() -> None:
    for status in range(400, 600):
        answer = Response(status, {}, b"User-agent: *\nDisallow: /", "u")
        assert rules_from(answer).allows("https://n.example/x") is (status < 500 and status != 429)


def test_q30_four_megabytes_are_read_within_a_second_of_work_and_only_to_the_cut() -> None:
    group = b"User-agent: *\n" + b"".join(b"Disallow: /p%07d\n" % n for n in range(230_000))
    assert len(group) > 4_000_000
    started = time.process_time()
    rules = parse_robots(group)
    assert not rules.allows("https://news.example/p0000001")
    assert rules.allows("https://news.example/p0229999"), "beyond 512 KiB nothing counts"
    spent = time.process_time() - started
    print(f"4 MB of robots.txt: {spent:.2f} s of CPU")
    assert spent <= 5


@pytest.mark.parametrize("line", ["Noindex: /x", "Clean-param: a /x", "garbage", "<p>", "Allow /x", ": /", "Unknown:"])
def test_q30_a_line_of_no_known_field_never_splits_a_group(line: str) -> None:
    text = f"User-agent: ClarionBot\n{line}\nUser-agent: OtherBot\n{line}\nDisallow: /secret\n{line}\nDisallow: /more"
    rules = parse_robots(text.encode())
    assert not rules.allows("https://news.example/secret") and not rules.allows("https://news.example/more")


def test_q30_a_bom_before_the_first_group_hides_nothing() -> None:
    for bom in (b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf"):
        assert not parse_robots(bom + b"User-agent: *\nDisallow: /").allows("https://news.example/x")


def test_q30_no_line_noise_makes_the_rules_fail() -> None:
    seed = random.Random(30)
    words = [b"User-agent:", b"Disallow:", b"Allow:", *(bytes([b]) for b in b"*$/%\xff\n\r\0# "), b"%e8"]
    for _ in range(500):
        parse_robots(b"".join(seed.choices(words, k=60))).allows("https://news.example/%E8?a=*$")
