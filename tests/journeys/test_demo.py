"""`make demo` as a newcomer lives through it: the samples are crawled, a reader's message is answered, editors publish,
correct and withdraw, and every step is found in page, RSS, Atom and JSON Feed. Embedded engine, packaged encoder.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from crawlers.samples.demo import EDITORS
from tests.journeys.desk_steps import person
from tests.journeys.reader_steps import feed, reader
from tests.journeys.running import (
    CLARION,
    ROOT,
    Site,
    environment,
    free_port_pair,
    headline_of,
    is_ready,
    plain,
    probes,
    unrelated,
    wait_for,
)

pytestmark = [pytest.mark.browser, pytest.mark.model]

TEXT = {
    "headline": "四六级考试时间以教育考试院公告为准",
    "claim": "今年12月的四六级考试推迟到明年1月",
    "truth": "教育部教育考试院没有发布推迟四六级考试的公告。考试时间以其官网公布的为准。",
    "circulating": "刚收到的消息：今年的四六级要推迟到明年1月了。",
    "why": "消息没有文件编号，也没有出处，官网的考试日程没有变动。",
    "action": "考试时间以官网为准。看到推迟的消息，先到官网查看日程。",
}
EVIDENCE = [
    ("教育部教育考试院", "全国大学英语四、六级考试", "https://cet.neea.edu.cn/"),
    ("教育部", "教育部门户网站", "https://www.moe.gov.cn/"),
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("demo"), free_port_pair()
    first = _start(folder, port, within_s=600)
    first.send_signal(signal.SIGINT)
    assert first.wait(40) == 0, "Ctrl-C ends the demo in good order"
    second = _start(folder, port, within_s=60)
    try:
        yield Site(f"http://127.0.0.1:{port}")
    finally:
        second.send_signal(signal.SIGINT)
        second.wait(40)


def _start(folder: Path, port: int, within_s: float) -> subprocess.Popen[bytes]:
    log = (folder / "output.log").open("ab")
    started = time.monotonic()
    process = subprocess.Popen(
        [*CLARION, "demo"],
        cwd=ROOT,
        env=environment(CLARION_DATA=str(folder), PORT=str(port)),
        stdout=log,
        stderr=log,
    )

    def is_up() -> bool:
        assert process.poll() is None, (folder / "output.log").read_text("utf-8", "replace")[-2000:]
        return is_ready(f"http://127.0.0.1:{port}")

    wait_for(is_up, within_s, "the demo's start")
    print(f"demo ready after {time.monotonic() - started:.1f} s")
    return process


def test_every_fresh_wording_in_three_languages_finds_its_refutation(demo: Site) -> None:
    not_found, not_shown = [], []
    for rumor, language, wording in probes():
        answer = json.loads(demo.post_json("/api/v1/match", json.dumps({"text": wording}).encode()).body)
        is_first = [c["title"] for c in answer["candidates"][:1]] == [headline_of(rumor)]
        if not is_first or answer["outcome"] != "found":
            not_found.append((rumor, language, answer["outcome"]))
        if not is_first:
            not_shown.append((rumor, language))
    print(f"of {len(probes())} fresh wordings not found: {not_found}; the right refutation not first: {not_shown}")
    assert len(not_shown) <= len(probes()) // 10
    assert len(not_found) <= len(probes()) // 4


def test_unrelated_texts_get_nothing(demo: Site) -> None:
    claimed = []
    for wording in unrelated():
        answer = json.loads(demo.post_json("/api/v1/match", json.dumps({"text": wording}).encode()).body)
        if answer["outcome"] != "nothing":
            claimed.append((answer["outcome"], wording[:30], [c["title"] for c in answer["candidates"]]))
    print(f"{len(unrelated()) - len(claimed)} of {len(unrelated())} unrelated texts got nothing; not: {claimed}")
    assert not [c for c in claimed if c[0] == "found"]
    assert len(claimed) <= len(unrelated()) // 6


@pytest.mark.parametrize(
    ("wording", "rumor"),
    [
        ("听人说微波炉热的饭菜吃多了要得癌", "microwave-cancer"),  # answered in zh-Hant
        ("打了疫苗就会被植入芯片跟踪，是不是真的", "vaccine-microchip"),
        ("I was told mobile phone masts for 5G are how the virus gets around", "5g-virus"),  # answered in zh-Hans
    ],
)
def test_a_reader_pastes_a_rumor_in_other_words_and_reads_the_refutation(
    demo: Site, browser: Browser, wording: str, rumor: str
) -> None:
    visitor = reader(browser, demo.url)
    assert visitor.check(wording) == "found"
    assert visitor.headline() == headline_of(rumor)
    visitor.open_first()
    assert headline_of(rumor) in visitor.page.title()


def test_an_unrelated_text_is_never_called_true(demo: Site, browser: Browser) -> None:
    visitor = reader(browser, demo.url)
    assert visitor.check("周末想带孩子去植物园看菊展，有人一起拼车吗") == "nothing"
    assert "没有找到" in visitor.answer()


def test_two_editors_publish_correct_and_withdraw_and_every_output_follows(demo: Site, browser: Browser) -> None:
    a, b, visitor = person(browser, demo.url), person(browser, demo.url), reader(browser, demo.url)
    for someone, (name, _, password) in zip((a, b), EDITORS, strict=True):
        someone.log_in(name, password)

    a.open_claim("四六级")
    a.write(TEXT, "false", ["policy"], EVIDENCE)
    check = a.submit()
    a.cannot_approve(check)
    b.approve(check)
    assert visitor.check("听说这次四六级要延期到一月份考") == "found"
    assert visitor.headline() == TEXT["headline"]
    address = visitor.open_first()
    identity = _in_every_format(demo, TEXT["headline"], TEXT["truth"])

    corrected = TEXT["truth"] + "报名和考试日程均可在官网查询。"
    b.approve(a.correct(check, {"truth": corrected}, "补充查询方式，结论不变。"))
    visitor.page.goto(address)
    assert corrected in visitor.page.content() and "补充查询方式" in visitor.page.content()
    assert _in_every_format(demo, TEXT["headline"], corrected) == identity, "an entry keeps its id"

    reason = "引用的公告已被新公告代替，现予撤回。"
    a.propose_withdrawal(check, reason)
    b.approve(check)
    visitor.page.goto(address)
    assert visitor.page.evaluate("document.body.innerText").index(reason) > 0
    for kind, entries in feed(demo, "all/zh-hans").items():
        entry = next(e for e in entries if e.id == identity)
        assert entry.title.startswith("已撤回") and reason in plain(entry.content), kind
    assert visitor.check("听说这次四六级要延期到一月份考") != "found"


def _in_every_format(site: Site, headline: str, words: str) -> str:
    """Checks that RSS, Atom and JSON Feed carry the words; returns the id, which is one for all."""
    ids = set()
    for kind, entries in feed(site, "all/zh-hans").items():
        entry = next((e for e in entries if headline in e.title), None)
        assert entry is not None and words in plain(entry.content), kind
        ids.add(entry.id)
    assert len(ids) == 1
    return ids.pop()
