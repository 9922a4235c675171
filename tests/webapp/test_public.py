"""What readers do: check a message, read an alert and its history, send a message in; each without scripts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from index.catalogue import Catalogue
from index.model import Answer, Band, Candidate, DocKind, Outcome, Reason
from tests.webapp.looking import every, one, parsed, token, words
from tests.webapp.stage import TEXTS, Stage, correct, withdraw
from webapp.looking_up import shared_phrases


def outcome_of(page) -> str:  # type: ignore[no-untyped-def]
    return one(page, ".//*[@data-outcome]").get("data-outcome")


# --- checking -------------------------------------------------------------------------------------


def test_a_known_rumor_finds_its_refutation_with_the_fact_before_the_claim(
    reader: FlaskClient, shared_stage: Stage
) -> None:
    page = parsed(reader.post("/check", data={"text": "5G 基站会传播新冠病毒，住在附近的人都会被感染"}))
    card = one(page, './/*[@data-outcome="found"]')
    text = words(card)
    assert text.index(TEXTS["5g"].headline) < text.index(TEXTS["5g"].truth[:12]) < text.index(TEXTS["5g"].claim)
    assert ("不实" in text and "意思相同" in text) or "文字相同" in text
    assert words(one(page, './/form[@action="/tips/start"]//button')) == "这不是我收到的消息"


def test_a_claim_without_an_answer_is_known_shows_outside_reviews_and_counts_who_asks(
    own_site: Flask, own_stage: Stage
) -> None:
    client = own_site.test_client()
    page = parsed(client.post("/check", data={"text": "今年全国高考推迟到七月底举行"}))
    assert outcome_of(page) == "known"
    text = words(one(page, ".//main"))
    assert "已有人问过，尚未核实" in text and "教育部 · 其结论：谣言" in text
    form = one(page, f'.//form[@action="/claims/{own_stage.claims["exam"]}/ask"]')
    own = every(form, './/input[@name="csrf_token"]')[0].get("value")
    answer = client.post(form.get("action"), data={"csrf_token": own})
    assert answer.status_code == 303
    assert "已有 1 位读者问过。" in words(one(parsed(client.get(answer.headers["Location"])), ".//main"))


def test_nothing_found_never_reads_as_true(reader: FlaskClient) -> None:
    for prefix, sentence in (
        ("", "没有找到，不等于属实。"),
        ("/zh-hant", "沒有找到，不等於屬實。"),
        ("/en", "Not found. That does not mean it is true."),
    ):
        page = parsed(reader.post(f"{prefix}/check", data={"text": "隔壁的猫今天生了五只小猫，都很健康"}))
        assert outcome_of(page) == "nothing"
        assert words(every(page, ".//*[@data-outcome]//h2")[0]) == sentence
        assert not every(page, './/*[@data-outcome]//*[contains(@class, "verdict")]')


def test_a_draft_never_leaks_into_an_answer(own_site: Flask, own_stage: Stage) -> None:
    own_stage.catalogue.draft(
        own_stage.claims["exam"],
        own_stage.writer,
        replace(TEXTS["cloud"], headline="草稿里的标题", truth="草稿里的结论"),
    )
    own_stage.catalogue.sync()
    body = own_site.test_client().post("/check", data={"text": "今年全国高考推迟到七月底举行"}).get_data(as_text=True)
    assert "草稿" not in body and 'data-outcome="known"' in body


def test_a_withdrawn_alert_is_no_longer_an_answer(own_site: Flask, own_stage: Stage) -> None:
    client = own_site.test_client()
    assert outcome_of(parsed(client.post("/check", data={"text": TEXTS["cloud"].claim}))) == "found"
    withdraw(own_stage, "cloud", "正在重新核实。")
    page = parsed(client.post("/check", data={"text": TEXTS["cloud"].claim}))
    assert outcome_of(page) != "found" and TEXTS["cloud"].headline not in words(one(page, ".//main"))


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Sets what the catalogue answers, for states that the hashed encoder does not reach."""

    def set_answer(**fields: object) -> None:
        base = Answer(Outcome.NOTHING, (), "喝高度白酒可以预防新冠病毒，三杯就够")
        monkeypatch.setattr(Catalogue, "answer", lambda self, text, limit=5: replace(base, **fields))

    return set_answer


def candidate(stage: Stage, name: str, *reasons: Reason) -> Candidate:
    text = TEXTS[name]
    return Candidate(
        DocKind.ALERT,
        stage.threads[name],
        text.headline,
        text.language,
        Band.SIMILAR,
        0.6,
        reasons,
        text.claim,
        text.verdict,
        "current",
    )


def test_a_similar_alert_says_what_is_shared_and_what_differs(
    reader: FlaskClient, shared_stage: Stage, answering
) -> None:  # type: ignore[no-untyped-def]
    objection = Reason("numbers_differ", {"theirs": "1", "ours": "3"}, objects=True)
    answering(
        outcome=Outcome.SIMILAR,
        candidates=(
            candidate(shared_stage, "strong", Reason("same_meaning_other_language", {"language": "en"}), objection),
        ),
    )
    page = parsed(reader.post("/check", data={"text": "喝高度白酒可以预防新冠病毒，三杯就够"}))
    assert outcome_of(page) == "similar"
    assert "大部分意思相近，原文是英文。" in words(one(page, ".//main"))
    assert [words(li) for li in every(page, './/li[@class="against"]')] == ["数字不同：那里是 1，您的文字里是 3。"]
    assert words(one(page, './/form[@action="/tips/start"]//button')) == "都不是"


def test_imitated_domains_trimming_and_a_reduced_search_are_said(reader: FlaskClient, answering) -> None:  # type: ignore[no-untyped-def]
    answering(imitated_domains=("piyao-org.cn",), was_trimmed=True, is_degraded=True)
    text = words(one(parsed(reader.post("/check", data={"text": "转发：看 http://piyao-org.cn/a"})), ".//main"))
    assert "piyao-org.cn 模仿了官方机构的网址" in text
    assert "目前查找能力有限" in text
    assert "查找时略去了问候语、转发说明等内容" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "请贴上或写下想核实的内容。"), (" \n\t", "请贴上或写下想核实的内容。"), ("长" * 5001, "超过 5,000 个字符了")],
)
def test_an_empty_or_too_long_text_is_told_at_the_field(reader: FlaskClient, text: str, message: str) -> None:
    answer = reader.post("/check", data={"text": text})
    page = parsed(answer)
    assert answer.status_code == 400 and words(one(page, ".//title")).startswith("有误：")
    assert message in words(one(page, './/*[@id="text-error"]'))
    assert one(page, ".//textarea[@id='text']").get("aria-describedby") == "text-error"


def test_the_live_check_gets_the_same_answer_as_a_fragment(reader: FlaskClient) -> None:
    form = {"text": "5G 基站会传播新冠病毒，住在附近的人都会被感染"}
    fragment = reader.post("/check", data=form, headers={"X-Fragment": "1"})
    page = parsed(reader.post("/check", data=form))
    assert "<html" not in fragment.text and fragment.headers["Cache-Control"] == "no-store"
    shown = "".join(words(one(page, ".//*[@data-outcome]")).split())
    assert shown in "".join("".join(parsed_fragment(fragment.text).itertext()).split())


def parsed_fragment(text: str):  # type: ignore[no-untyped-def]
    import html5lib

    return html5lib.parse(text, treebuilder="lxml").getroot()


def test_a_short_question_can_be_shared_as_an_address_a_long_one_cannot(reader: FlaskClient) -> None:
    assert 'data-outcome="found"' in reader.get("/check", query_string={"q": TEXTS["5g"].claim}).text
    assert reader.get("/check", query_string={"q": "长" * 201}).status_code == 400


def test_what_was_pasted_is_shown_literally(reader: FlaskClient) -> None:
    hostile = "{{7*7}}<script>alert(1)</script>${7*7}</textarea><img src=x onerror=alert(1)>"
    page = parsed(reader.post("/check", data={"text": hostile}))
    assert one(page, ".//textarea[@id='text']").text.strip() == hostile
    assert not every(page, ".//img") and all(s.get("src") for s in every(page, ".//script"))


def test_shared_phrases_are_words_of_people_not_search_terms() -> None:
    assert shared_phrases("转：5G基站会传播新冠病毒，快看", "听说5G基站会传播新冠病毒吗") == ["5G基站会传播新冠病毒"]
    assert shared_phrases("strong liquor kills the virus", "Does liquor kill the virus") == ["the virus", "liquor"]
    assert shared_phrases("今天天气很好", "明天下雨") == []


# --- alerts ---------------------------------------------------------------------------------------

BLOCKS = ["核实结果", "网传说法", "错在哪里 移花接木", "请记住", "可以这样做", "证据", "在哪里、什么时候出现过", "经过"]


def address(stage: Stage, name: str) -> str:
    return f"/alerts/{stage.threads[name]}"


def test_an_alert_has_its_blocks_in_the_one_order(reader: FlaskClient, shared_stage: Stage) -> None:
    page = parsed(reader.get(address(shared_stage, "5g"), follow_redirects=True))
    article = one(page, ".//article")
    assert [words(h) for h in every(article, ".//h2")] == BLOCKS
    text = words(article)
    parts = [
        TEXTS["5g"].headline,
        "不实",
        TEXTS["5g"].claim,
        TEXTS["5g"].truth,
        "以下说法不实",
        TEXTS["5g"].circulating,
        "移花接木",
        "信号塔传的是数据",
        TEXTS["5g"].evidence[0].title,
    ]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert text.count(TEXTS["5g"].circulating) == 1


def test_only_the_id_counts_and_a_notice_leads_to_its_row(reader: FlaskClient, shared_stage: Stage) -> None:
    right = reader.get(address(shared_stage, "salt"))
    assert right.status_code == 301
    assert reader.get(address(shared_stage, "salt") + "/wrong").headers["Location"] == right.headers["Location"]
    assert reader.get(right.headers["Location"]).status_code == 200
    update = shared_stage.catalogue.thread(shared_stage.threads["salt"]).notices[1].id
    there = reader.get(f"/en/alerts/{update}").headers["Location"]
    assert there.startswith(f"/en/alerts/{shared_stage.threads['salt']}/") and there.endswith(f"#notice-{update}")
    page = parsed(reader.get(there))
    assert one(page, f'.//li[@id="notice-{update}"]') is not None
    assert reader.get(f"/a/{shared_stage.threads['salt']}").headers["Location"] == right.headers["Location"]
    assert reader.get("/alerts/alt_00000000000000000000000000").status_code == 404
    assert reader.get("/alerts/nonsense").status_code == 404


def test_claim_review_is_there_once_and_gone_when_withdrawn(own_site: Flask, own_stage: Stage) -> None:
    client = own_site.test_client()

    def markup() -> list[dict]:  # type: ignore[type-arg]
        page = parsed(client.get(address(own_stage, "5g"), follow_redirects=True))
        return [json.loads(s.text) for s in every(page, './/script[@type="application/ld+json"]')]

    (found,) = markup()
    assert found["@type"] == "ClaimReview" and found["claimReviewed"] == TEXTS["5g"].claim
    assert found["reviewRating"] == {
        "@type": "Rating",
        "ratingValue": 1,
        "bestRating": 5,
        "worstRating": 1,
        "alternateName": "不实",
    }
    assert found["itemReviewed"]["firstAppearance"]["url"].startswith("https://square.example/5g/0/")
    assert len(found["itemReviewed"]["appearance"]) > 1
    withdraw(own_stage, "5g", "正在重新核实。")
    assert markup() == []


def test_a_withdrawn_alert_stays_with_its_reason_first_and_no_kit(reader: FlaskClient, shared_stage: Stage) -> None:
    answer = reader.get(address(shared_stage, "phone"), follow_redirects=True)
    page = parsed(answer)
    text = words(one(page, ".//article"))
    assert answer.status_code == 200
    assert text.startswith("这条预警已撤回 所引案例的来源已更正，我们正在重新核实。")
    assert TEXTS["phone"].truth in text
    assert not every(page, './/*[contains(@class, "kit")]') and not every(
        page, './/article//*[contains(@class, "verdict")]'
    )


def test_a_correction_is_repeated_on_top_and_its_changes_are_one_link_away(
    reader: FlaskClient, shared_stage: Stage
) -> None:
    page = parsed(reader.get(address(shared_stage, "salt"), follow_redirects=True))
    text = words(one(page, ".//article"))
    assert text.index("补充剂量对比，结论不变。") < text.index(TEXTS["salt"].truth)
    link = next(a.get("href") for a in every(page, ".//a[@href]") if "/changes" in a.get("href"))
    changed = parsed(reader.get(link))
    assert [words(h) for h in every(changed, './/*[@class="compare"]//h2')] == ["核实结果"]
    assert [words(i) for i in every(changed, ".//ins")] == ["［新增： 按平时的量吃即可。］"]
    assert not every(changed, ".//del")


def test_changes_since_a_day_compare_with_what_was_in_force_then(own_site: Flask, own_stage: Stage) -> None:
    client = own_site.test_client()
    base = address(own_stage, "cloud")
    own_stage.clock.pass_(days=2)
    today = own_stage.clock.now().date().isoformat()
    correct(own_stage, "cloud", "结论改为不实。", headline="云的形状不能预示地震", verdict=TEXTS["5g"].verdict)
    page = parsed(client.get(f"{base}/changes?since=2026-11-18"))
    assert [words(h) for h in every(page, './/*[@class="compare"]//h2')] == ["标题", "结论"]
    assert "尚无定论 → 不实" in words(one(page, ".//main"))
    assert "此后文字没有改动。" in client.get(f"{base}/changes?since={today}").text
    assert client.get(f"{base}/changes?since=yesterday").status_code == 400
    assert client.get(f"{base}/changes?since={own_stage.threads['salt']}").status_code == 404


def test_the_kit_fits_into_140_characters_and_ends_with_the_short_address(
    reader: FlaskClient, shared_stage: Stage
) -> None:
    for name, prefix in (("5g", ""), ("salt", ""), ("strong", "/en")):
        page = parsed(reader.get(address(shared_stage, name), follow_redirects=True))
        texts = [(t.text or "").strip() for t in every(page, './/*[contains(@class, "kit")]//textarea')]
        assert len(texts) == 3 and len(set(texts)) == 3
        short = f"http://127.0.0.1:8000{prefix}/a/{shared_stage.threads[name]}"
        for text in texts:
            assert len(text) <= 140 and text.endswith(short), text
            assert TEXTS[name].headline[:40] in text
        if name != "strong":  # its headline leaves no room for a whole source, and half a name is none
            assert all("世界卫生组织" in text for text in texts)


def test_a_text_in_another_language_is_marked_as_such(reader: FlaskClient, shared_stage: Stage) -> None:
    page = parsed(reader.get(address(shared_stage, "strong"), follow_redirects=True))
    assert one(page, ".//h1").get("lang") == "en" and page.get("lang") == "zh-Hans"
    assert "这条预警的原文是英文。" in words(one(page, ".//article"))
    own = parsed(reader.get("/en" + address(shared_stage, "strong"), follow_redirects=True))
    assert one(own, ".//h1").get("lang") is None and page is not own


def test_alerts_can_be_filtered_and_an_unknown_filter_is_not_everything(
    reader: FlaskClient, shared_stage: Stage
) -> None:
    def names(query: str) -> set[str]:
        page = parsed(reader.get(f"/alerts{query}"))
        titles = {words(h) for h in every(page, './/li[contains(@class, "row")]//h3')}
        return {name for name, text in TEXTS.items() if text.headline in titles}

    assert names("") == set(TEXTS)
    assert names("?verdict=false&topic=&region=&month=") == {"5g", "strong"}
    assert names("?topic=disaster") == {"cloud"}
    assert names("?month=2026-11") == set(TEXTS) and names("?month=2026-10") == set()
    for query in ("?verdict=fake", "?topic=x", "?region=atlantis", "?month=11", "?page=0", "?page=x"):
        assert reader.get(f"/alerts{query}").status_code == 400, query


def test_home_shows_a_single_current_alert_in_full_several_as_a_list_and_says_when_there_is_none(
    own_site: Flask, own_stage: Stage
) -> None:
    client = own_site.test_client()

    def text() -> str:
        return words(one(parsed(client.get("/")), ".//main"))

    assert TEXTS["5g"].headline in text() and TEXTS["5g"].truth not in text()
    for name in ("salt", "cloud", "strong"):
        withdraw(own_stage, name, "正在重新核实。")
    assert TEXTS["5g"].truth in text()
    withdraw(own_stage, "5g", "正在重新核实。")
    assert "目前没有生效的预警。" in text()


def test_corrections_list_material_ones_and_withdrawals_with_their_reasons(reader: FlaskClient) -> None:
    page = parsed(reader.get("/corrections"))
    rows = [words(li) for li in every(page, './/ul[@class="list"]/li')]
    assert len(rows) == 2
    assert rows[0].startswith("已撤回") and "所引案例的来源已更正" in rows[0]
    assert rows[1].startswith("已更新") and "补充剂量对比" in rows[1]


def test_sources_are_named_with_state_licence_and_last_success(reader: FlaskClient) -> None:
    row = every(parsed(reader.get("/sources")), ".//tbody/tr")[0]
    cells = [words(cell) for cell in row]
    assert cells == [
        "中国互联网联合辟谣平台piyao.org.cn",
        "正常",
        "2026年11月10日 10:00（北京时间）",
        "1 小时",
        "简短摘录中国互联网联合辟谣平台",
    ]


# --- sending in -----------------------------------------------------------------------------------


def test_a_message_is_sent_in_followed_by_its_receipt_and_taken_back(own_site: Flask, own_stage: Stage) -> None:
    client = own_site.test_client()
    message = "听说明天全市停水三天，请大家马上储水。联系电话 13912345678"
    started = parsed(client.post("/tips/start", data={"text": message}))
    assert one(started, ".//textarea").text.strip() == message
    form = {"csrf_token": every(started, './/input[@name="csrf_token"]')[0].get("value"), "text": message}
    refused = parsed(client.post("/tips", data=form))
    assert words(one(refused, ".//title")).startswith("有误：") and "请勾选同意保存" in words(
        one(refused, './/*[@role="alert"]')
    )
    sent = client.post("/tips", data={**form, "agreed": "y"})
    assert sent.status_code == 303
    page = parsed(client.get(sent.headers["Location"]))
    text = words(one(page, ".//main"))
    receipt = words(every(page, ".//code")[0])
    assert text.startswith("已收到，谢谢 您的回执码") and "13912345678" not in text
    assert "目前只有编辑和持有回执码的人能看到它" in text and every(page, './/a[contains(@href, "/claims/")]') == []
    found = client.get("/tips", query_string={"receipt": receipt})
    assert found.headers["Location"] == f"/tips/{receipt}"
    erased = client.post(
        f"/tips/{receipt}/erase", data={"csrf_token": every(page, './/input[@name="csrf_token"]')[0].get("value")}
    )
    assert words(one(parsed(erased), ".//h1")) == "您的消息已删除"
    gone = client.get(f"/tips/{receipt}")
    assert gone.status_code == 404 and words(one(parsed(gone), ".//h1")) == "没有这个回执对应的消息"


def test_the_state_of_a_tip_follows_the_answer(own_site: Flask, own_stage: Stage) -> None:
    client = own_site.test_client()
    sent = client.post("/tips", data={"csrf_token": token(client, "/tips"), "text": TEXTS["5g"].claim, "agreed": "y"})
    text = words(one(parsed(client.get(sent.headers["Location"])), ".//main"))
    assert "已有核实结果。" in text and TEXTS["5g"].headline in text
