"""The way of a text over the desk, as two editors walk it in their browsers, on the real catalogue."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from index import open_catalogue
from index.model import ClaimStatus, Item, Labelled, MatchStatus, PublicState, RefutationStatus, Role, Verdict
from webapp import create_app

READY = {
    "headline": "病毒不能随无线电波移动，5G 基站不传播病毒",
    "verdict": "false",
    "claim": "5G 基站会传播新冠病毒",
    "truth": "新冠病毒靠飞沫和接触在人与人之间传播，没有 5G 网络的地方同样有过疫情。",
    "circulating": "“5G 基站一开，附近的人就会被感染。”",
    "why": "无线电波是电磁波，不携带颗粒。\n先有疫情、后有基站的城市很多。",
    "technique": "spliced",
    "action": "信号塔传的是数据，病毒靠人传人。看到拆塔号召，不转发。",
    "question": "5G 会传播病毒吗？",
    "topics": ["health", "technology"],
    "regions": ["guangdong"],
    "severity": "high",
    "harm": "health",
    "language": "zh-Hans",
    "evidence-0-publisher": "世界卫生组织",
    "evidence-0-title": "关于新冠病毒的误解",
    "evidence-0-url": "https://www.who.int/zh/mythbusters",
    "evidence-0-published_on": "2020-04-08",
    "evidence-1-publisher": "中国互联网联合辟谣平台",
    "evidence-1-title": "5G 与疫情有关？专家这样说",
    "evidence-1-url": "https://www.piyao.org.cn/5g",
    "evidence-1-published_on": "",
    "evidence-2-publisher": "",
    "evidence-2-title": "",
    "evidence-2-url": "",
    "evidence-2-published_on": "",
}


def version(person, refutation_id):
    found = re.search(r'name="version" value="(\d+)"', person.get(f"/desk/drafts/{refutation_id}").text)
    return found[1]


def start(person, claim_id):
    answer = person.post(f"/desk/claims/{claim_id}/draft")
    assert answer.status_code == 303
    return answer.location.rpartition("/")[2]


def save(person, refutation_id, act="save", **changes):
    fields = {**READY, "version": version(person, refutation_id), "act": act, **changes}
    return person.post(f"/desk/drafts/{refutation_id}", fields)


def published(desk, author, approver):
    """A published refutation of the first claim, and its id."""
    refutation_id = start(author, desk.claim_ids()[0])
    assert save(author, refutation_id, "submit").status_code == 303
    page = approver.get(f"/desk/drafts/{refutation_id}/check").text
    approved = approver.post(f"/desk/drafts/{refutation_id}/approve", {"version": version_of_check(page)})
    assert approved.status_code == 303, approved.text
    return refutation_id


def version_of_check(page):
    return re.search(r'name="version" value="(\d+)"', page)[1]


def test_a_text_goes_from_draft_to_published_to_corrected_to_withdrawn_by_two_editors(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    claim_id = desk.claim_ids()[0]
    refutation_id = start(a, claim_id)

    saved = save(a, refutation_id)
    assert saved.status_code == 303
    shown = a.get(saved.location).text
    assert READY["headline"] in shown and "已保存" in shown
    submitted = save(a, refutation_id, "submit")
    assert submitted.location.endswith(f"/desk/drafts/{refutation_id}/check")
    own_page = a.get(submitted.location).text
    assert "approve" not in own_page.partition("<main")[2].replace("list=approve", "")
    own = a.post(f"/desk/drafts/{refutation_id}/approve", {"version": 3})
    assert own.status_code == 403 and "另一位编辑" in own.text

    check = b.get(f"/desk/drafts/{refutation_id}/check").text
    assert READY["truth"] in check and "ClaimReview" in check and "高风险" in check
    approved = b.post(f"/desk/drafts/{refutation_id}/approve", {"version": version_of_check(check)})
    assert approved.status_code == 303
    threads = desk.catalogue.threads().threads
    assert [t.text.headline for t in threads] == [READY["headline"]]
    assert desk.catalogue.claim_file(claim_id).claim.status is ClaimStatus.ANSWERED
    assert READY["headline"] in b.get("/desk/alerts").text

    a.post(f"/desk/drafts/{refutation_id}/correct")
    corrected = save(
        a, refutation_id, "submit", truth="病毒靠飞沫和直接接触传播。", note="改正了一个数字。", is_material="yes"
    )
    assert corrected.status_code == 303
    compare = b.get(f"/desk/drafts/{refutation_id}/compare").text
    assert "<del>" in compare and "<ins>" in compare and '<span class="unseen">删除：' in compare
    assert desk.catalogue.threads().threads[0].text.truth == READY["truth"], "the old text stays up until approval"
    check = b.get(f"/desk/drafts/{refutation_id}/check").text
    assert "改正了一个数字。" in check
    b.post(f"/desk/drafts/{refutation_id}/approve", {"version": version_of_check(check)})
    thread = desk.catalogue.threads().threads[0]
    assert thread.text.truth == "病毒靠飞沫和直接接触传播。" and thread.is_corrected

    review = a.post(f"/desk/drafts/{refutation_id}/withdraw", {"reason": "原始数据有误。", "act": "review"})
    assert review.status_code == 200 and "原始数据有误。" in review.text
    assert desk.catalogue.threads().threads[0].state is PublicState.CURRENT
    a.post(f"/desk/drafts/{refutation_id}/withdraw", {"reason": "原始数据有误。", "act": "send"})
    check = b.get(f"/desk/drafts/{refutation_id}/check").text
    assert "原始数据有误。" in check
    b.post(f"/desk/drafts/{refutation_id}/approve", {"version": version_of_check(check)})
    thread = desk.catalogue.threads().threads[0]
    assert thread.state is PublicState.WITHDRAWN and thread.withdrawal.note == "原始数据有误。"
    assert [n.kind.value for n in thread.notices] == ["issue", "update", "cancel"]
    final = b.get(f"/desk/drafts/{refutation_id}/check")
    assert final.status_code == 200 and "/correct" not in final.text and "/withdraw" not in final.text
    audit = b.get("/desk/audit").text
    assert audit.count("editor B") >= 3 and "记录链完整" in audit


def test_a_returned_text_shows_its_author_the_reason(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    refutation_id = start(a, desk.claim_ids()[0])
    save(a, refutation_id, "submit")
    empty = b.post(f"/desk/drafts/{refutation_id}/return", {"reason": " "})
    assert empty.status_code == 422 and 'href="#reason"' in empty.text
    assert empty.text.partition("<title>")[2].startswith("有误：")
    returned = b.post(f"/desk/drafts/{refutation_id}/return", {"reason": "第二段缺出处。"})
    assert returned.status_code == 303
    assert "第二段缺出处。" in a.get(f"/desk/drafts/{refutation_id}").text
    assert (
        desk.catalogue.draft_page(refutation_id, desk.catalogue.editors()[0]).refutation.status
        is RefutationStatus.DRAFT
    )


def test_what_is_not_ready_is_saved_and_every_gap_is_named_with_a_link(desk):
    a = desk.logged_in("editor A")
    refutation_id = start(a, desk.claim_ids()[0])
    fields = {
        "version": version(a, refutation_id),
        "act": "submit",
        "headline": "网传5G传播病毒是真的吗？",
        "language": "zh-Hans",
    }
    answer = a.post(f"/en/desk/drafts/{refutation_id}", fields)
    assert answer.status_code == 422
    assert answer.text.partition("<title>")[2].startswith("Error: ")
    anchors = re.findall(
        r'<li><a href="#([\w-]+)">', answer.text.partition('class="problem"')[2].partition("</div>")[0]
    )
    assert anchors == ["headline", "verdict-1", "claim", "truth", "circulating", "why", "action", "evidence", "topics"]
    for anchor in anchors:
        assert f'id="{anchor}"' in answer.text
    page = desk.catalogue.draft_page(refutation_id, desk.catalogue.editors()[0])
    assert page.working.text.headline == fields["headline"], "nothing typed is lost"
    assert page.working.status.value == "draft"


def test_two_people_who_save_the_same_text_see_both_versions_and_neither_is_lost(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    refutation_id = start(a, desk.claim_ids()[0])
    old = version(a, refutation_id)
    assert save(b, refutation_id, headline="信号塔不传播病毒").status_code == 303
    late = a.post(f"/desk/drafts/{refutation_id}", {**READY, "version": old, "act": "save"})
    assert late.status_code == 409
    assert "信号塔不传播病毒" in re.sub(r"<[^>]+>", "", late.text) and "editor B" in late.text
    page = desk.catalogue.draft_page(refutation_id, desk.catalogue.editors()[0])
    assert page.working.text.headline == "信号塔不传播病毒", "nothing was overwritten"
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', late.text))
    assert kept["headline"] == READY["headline"]
    over = a.post(f"/desk/drafts/{refutation_id}", {**READY, "version": kept["version"], "act": "save"})
    assert over.status_code == 303
    page = desk.catalogue.draft_page(refutation_id, desk.catalogue.editors()[0])
    assert page.working.text.headline == READY["headline"]


def test_a_row_for_evidence_is_added_without_script_and_without_saving(desk):
    a = desk.logged_in("editor A")
    refutation_id = start(a, desk.claim_ids()[0])
    before = version(a, refutation_id)
    answer = save(a, refutation_id, "add_row")
    assert answer.status_code == 200
    assert 'name="evidence-3-url"' in answer.text and READY["why"].splitlines()[0] in answer.text
    assert version(a, refutation_id) == before


def test_confirmed_reviews_are_offered_as_sources_and_nothing_of_their_text_enters_the_facts(desk):
    a = desk.logged_in("editor A")
    admin = desk.catalogue.editors()[0]
    row = desk.catalogue.queue("match", admin).rows[0]
    a.post(f"/desk/matches/{row.suggestions[0].match.id}/confirm")
    refutation_id = start(a, row.claim.id)
    page = a.get(f"/desk/drafts/{refutation_id}").text
    offered = re.search(r'name="act" value="(add-[^"]+)"', page)
    assert offered, "the review is offered"
    fields = {"version": version(a, refutation_id), "act": offered[1], "language": "zh-Hans"}
    added = a.post(f"/desk/drafts/{refutation_id}", fields).text
    assert 'name="evidence-0-publisher" value="世界卫生组织"' in added
    for field in ("headline", "truth", "why", "action"):
        area = re.search(rf'<textarea id="{field}"[^>]*>\s*(.*?)</textarea>', added, re.DOTALL)
        assert area[1] == "", f"{field} must be written by a person"


def test_same_and_undo_and_different_with_a_reason(desk):
    a = desk.logged_in("editor A")
    first, second = (
        row.suggestions[0].match for row in desk.catalogue.queue("match", desk.catalogue.editors()[0]).rows
    )
    done = a.post(f"/desk/matches/{first.id}/confirm", {"then": second.id})
    assert done.location == f"/desk/matches/{second.id}", "the next suggestion follows"
    assert desk.catalogue.suggestion(first.id).match.status is MatchStatus.CONFIRMED
    after = a.get(done.location).text
    assert f"/desk/matches/{first.id}/undo" in after
    undone = a.post(f"/desk/matches/{first.id}/undo")
    assert undone.location == f"/desk/matches/{first.id}"
    assert desk.catalogue.suggestion(first.id).match.status is MatchStatus.SUGGESTED
    unreasoned = a.post(f"/desk/matches/{first.id}/reject", {"reason": ""})
    assert unreasoned.status_code == 422 and '<details class="drop" open>' in unreasoned.text
    rejected = a.post(f"/desk/matches/{first.id}/reject", {"reason": "It says something else", "then": second.id})
    assert rejected.status_code == 303
    assert desk.catalogue.suggestion(first.id).match.note == "It says something else"
    assert "说的是另一件事" in a.get("/desk/audit").text, "a reason from the list is shown in the language of the page"


def test_the_match_review_marks_what_both_texts_say(desk):
    a = desk.logged_in("editor A")
    match = desk.catalogue.queue("match", desk.catalogue.editors()[0]).rows[0].suggestions[0].match
    page = a.get(f"/desk/matches/{match.id}").text
    assert len(re.findall(r'<p class="side-text"[^>]*>.*?<mark>', page)) == 2, "each side has marks"
    assert "加下划线：两段文字都有。" in page, "and says what they mean"


def test_a_claim_is_taken_extended_released_and_frees_itself_after_thirty_minutes(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    claim_id = desk.claim_ids()[0]
    assert a.post(f"/desk/claims/{claim_id}/take", {"back": "/desk?list=match"}).location == "/desk?list=match"
    assert b.post(f"/desk/claims/{claim_id}/take").status_code == 409
    assert "editor A" in b.get("/desk").text.partition('class="work"')[2]
    desk.clock.move(minutes=31)
    assert b.post(f"/desk/claims/{claim_id}/take").status_code == 303
    assert b.post(f"/desk/claims/{claim_id}/release").status_code == 303
    assert desk.catalogue.claim_file(claim_id).claim.taken_by is None


def test_a_claim_is_set_aside_with_a_reason_and_opened_again(desk):
    a = desk.logged_in("editor A")
    claim_id = desk.claim_ids()[-1]
    assert a.post(f"/desk/claims/{claim_id}/not-checkable").status_code == 403
    a.post(f"/desk/claims/{claim_id}/not-checkable", {"own_reason": "只是个人看法"})
    assert desk.catalogue.claim_file(claim_id).claim.status is ClaimStatus.NOT_CHECKABLE
    assert "只是个人看法" in a.get(f"/desk/claims/{claim_id}").text
    a.post(f"/desk/claims/{claim_id}/reopen")
    assert desk.catalogue.claim_file(claim_id).claim.status is ClaimStatus.OPEN


def test_a_withdrawal_asks_for_a_reason_and_only_acts_after_its_review(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    refutation_id = published(desk, a, b)
    for act in ("review", "send"):
        answer = a.post(f"/desk/drafts/{refutation_id}/withdraw", {"reason": "", "act": act})
        assert answer.status_code == 422 and 'href="#reason"' in answer.text
    changed = a.post(f"/desk/drafts/{refutation_id}/withdraw", {"reason": "数据有误。", "act": "edit"})
    assert changed.status_code == 200 and "数据有误。</textarea>" in changed.text
    assert desk.catalogue.draft_page(refutation_id, desk.catalogue.editors()[0]).working is None


def test_a_correction_without_a_public_note_cannot_be_submitted(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    refutation_id = published(desk, a, b)
    a.post(f"/desk/drafts/{refutation_id}/correct")
    answer = save(a, refutation_id, "submit")
    assert answer.status_code == 422 and 'href="#note"' in answer.text
    again = b.post(f"/desk/drafts/{refutation_id}/correct")
    assert again.status_code == 403, "one revision at a time"
    a.post(f"/desk/drafts/{refutation_id}/discard")
    assert desk.catalogue.threads().threads[0].text.truth == READY["truth"]


def test_an_approval_of_a_text_that_changed_meanwhile_is_refused(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    refutation_id = start(a, desk.claim_ids()[0])
    save(a, refutation_id, "submit")
    seen = version_of_check(b.get(f"/desk/drafts/{refutation_id}/check").text)
    b.post(f"/desk/drafts/{refutation_id}/return", {"reason": "改一下"})
    save(a, refutation_id, "submit", truth="另一个说法。")
    stale = b.post(f"/desk/drafts/{refutation_id}/approve", {"version": seen})
    assert stale.status_code == 409
    assert desk.catalogue.threads().total == 0


def test_an_act_that_does_not_fit_the_state_is_a_page_with_a_sentence(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    refutation_id = start(a, desk.claim_ids()[0])
    for path in ("approve", "correct", "withdraw"):
        answer = b.post(f"/en/desk/drafts/{refutation_id}/{path}", {"version": 1, "reason": "x", "act": "send"})
        assert answer.status_code == 403 and "does not fit the present state" in answer.text
    assert b.get("/desk/drafts/ref_00000000000000000000000000/check").status_code == 404
    assert b.get("/desk/drafts/nonsense/check").status_code == 404


def test_a_text_saved_after_somebody_submitted_it_is_shown_back(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    refutation_id = start(a, desk.claim_ids()[0])
    old = version(a, refutation_id)
    save(b, refutation_id, "submit")
    late = a.post(f"/desk/drafts/{refutation_id}", {**READY, "truth": "我写的另一段。", "version": old, "act": "save"})
    assert late.status_code == 403 and "我写的另一段。" in late.text


def test_a_preview_shows_the_public_page_of_the_draft(desk):
    a = desk.logged_in("editor A")
    refutation_id = start(a, desk.claim_ids()[0])
    unfinished = a.get(f"/desk/drafts/{refutation_id}/preview")
    assert unfinished.status_code == 200 and "尚未选择结论" in unfinished.text
    to_preview = save(a, refutation_id, "preview")
    page = a.get(to_preview.location).text
    order = [
        page.index(text)
        for text in (READY["headline"], READY["truth"], "以下说法不实", "基站一开", "无线电波是电磁波", "看到拆塔号召")
    ]
    assert order == sorted(order)
    assert page.count("<h1") == 1


def test_training_mode_says_so_on_every_page_and_lets_the_author_approve(desk, settings):
    catalogue = open_catalogue(replace(settings, is_training=True), clock=desk.clock)
    training = type(desk)(create_app(catalogue.settings, catalogue), catalogue, desk.clock)
    a = training.logged_in("editor A")
    for path in ("/desk", "/desk/sources", "/desk/log-in"):
        assert a.client.get(path, follow_redirects=True).text.count('class="training"') == 1
    assert 'class="training"' not in desk.client().get("/desk/log-in").text
    refutation_id = start(a, training.claim_ids()[0])
    save(a, refutation_id, "submit")
    check = a.get(f"/desk/drafts/{refutation_id}/check").text
    approved = a.post(f"/desk/drafts/{refutation_id}/approve", {"version": version_of_check(check)})
    assert approved.status_code == 303
    catalogue.close()


def test_an_editor_takes_a_wording_out_of_a_claim_with_a_reason(desk):
    first = "今晨市自来水厂发生氯气泄漏，全市居民三天内不要饮用自来水，请大家储备桶装水"
    for number, text in enumerate((first, first.replace("今晨", "今早"))):
        desk.clock.move(hours=2)
        (lease,) = [x for x in desk.catalogue.lease_sources("test", 10) if x.source.id == "square"]
        item = Item(f"water{number}", f"https://square.example/w{number}", "", text, "zh-Hans", Role.CIRCULATING)
        state = replace(lease.state, next_check_at=desk.clock.now() + timedelta(hours=1))
        (claim_id,) = desk.catalogue.record(lease, [Labelled(item)], state).claim_ids
        desk.catalogue.sync()
    a = desk.logged_in("editor A")
    page = a.get(f"/desk/claims/{claim_id}").text
    (action,) = re.findall(r'action="(/desk/sightings/[^"]+/take-out)"', page)  # the wording that began it stays
    unreasoned = a.post(action, {"reason": ""})
    assert unreasoned.status_code >= 400 and "请写明理由" in unreasoned.text
    taken = a.post(action, {"reason": "说的是另一家水厂"})
    assert taken.status_code == 303 and claim_id not in taken.location
    assert "说的是另一家水厂" in a.get(taken.location).text, "the decision, with the way back"
    assert "中分出：说的是另一家水厂" in a.get("/desk/audit").text
    assert desk.catalogue.claim_file(claim_id).claim.sighting_count == 1


def test_a_date_that_was_told_vaguely_is_shown_as_such_and_not_offered_as_evidence(desk):
    text = "有人在水库投毒，全城自来水不能喝，请立刻停止用水"
    about = {"published_at": datetime(2026, 3, 5, 4, tzinfo=UTC), "date_quality": "approximate"}
    desk.clock.move(hours=2)
    leases = {lease.source.id: lease for lease in desk.catalogue.lease_sources("test", 10)}
    states = {id: replace(x.state, next_check_at=desk.clock.now() + timedelta(hours=1)) for id, x in leases.items()}
    seen = Item("poison", "https://square.example/poison", "", text, "zh-Hans", Role.CIRCULATING, **about)
    (claim_id,) = desk.catalogue.record(leases["square"], [Labelled(seen)], states["square"]).claim_ids
    title = "水库投毒的消息不实"
    review = Item("p", "https://www.who.int/p", title, "没有。", "zh-Hans", Role.REFUTATION, claim=text, **about)
    desk.catalogue.record(leases["who"], [Labelled(review, Verdict.FALSE, "source", 4)], states["who"])
    desk.catalogue.sync()
    desk.catalogue.link_waiting()
    a = desk.logged_in("editor A")
    for prefix, words in (("", "2026年3月5日前后"), ("/zh-hant", "2026年3月5日前後"), ("/en", "about 5 March 2026")):
        page = a.get(f"{prefix}/desk/claims/{claim_id}").text
        assert words in page and not re.search(r"12:00(（| \()", page), "nobody told the hour"
    row = next(r for r in desk.catalogue.queue("match", desk.catalogue.editors()[0]).rows if r.claim.id == claim_id)
    a.post(f"/desk/matches/{row.suggestions[0].match.id}/confirm")
    refutation_id = start(a, claim_id)
    (act,) = re.findall(r'name="act" value="(add-[^"]+)"', a.get(f"/desk/drafts/{refutation_id}").text)
    fields = {"version": version(a, refutation_id), "act": act, "language": "zh-Hans"}
    added = a.post(f"/desk/drafts/{refutation_id}", fields).text
    assert f'name="evidence-0-title" value="{title}"' in added
    assert "2026-03-05" not in added, "the editor looks the day up"


def test_q19_a_citation_that_was_withdrawn_is_on_the_desk_until_an_editor_decides(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    refutation_id = start(a, desk.claim_ids()[0])
    save(a, refutation_id, "submit", **{"evidence-0-url": "https://www.who.int/0"})
    check = f"/en/desk/drafts/{refutation_id}/check"
    b.post(f"/desk/drafts/{refutation_id}/approve", {"version": version_of_check(b.get(check).text)})
    told = "A page that this text cites was withdrawn by its publisher"
    assert told not in a.get(check).text
    desk.catalogue.set_due("who")
    desk.clock.move(hours=2)
    lease = next(found for found in desk.catalogue.lease_sources("test", 10) if found.source.id == "who")
    gone = Item("w0", "https://www.who.int/0", "", "", "zh-Hans", Role.REFUTATION, is_withdrawn=True)
    desk.catalogue.record(lease, [Labelled(gone)], lease.state)
    queue = a.get("/en/desk?list=write").text
    assert "cites a page that its publisher has withdrawn" in queue and f"/en/desk/drafts/{refutation_id}" in queue
    assert told in a.get(check).text and "所引页面已被发布方撤下" in a.get("/desk?list=write").text
    assert "Keep citing it" not in desk.logged_in("reporter R").get(check).text
    keep = f"/en/desk/drafts/{refutation_id}/keep-citations"
    (seen,) = re.findall(r'name="withdrawn" value="([^"]+)"', a.get(check).text)
    assert a.post(keep, {"keep-reason": "", "withdrawn": seen}).status_code == 422
    assert a.post(keep, {"keep-reason": "有存档", "withdrawn": seen}).status_code == 303
    assert told not in a.get(check).text and "有存档" in a.get(check).text
    assert "cites a page" not in a.get("/en/desk?list=write").text
    a.post(f"/desk/drafts/{refutation_id}/correct")
    assert a.get(f"/en/desk/drafts/{refutation_id}").status_code == 200


def test_an_answered_claim_that_rises_again_is_marked_in_the_queue_and_in_its_file(desk):
    a, b = desk.logged_in("editor A"), desk.logged_in("editor B")
    refutation_id = published(desk, a, b)
    claim_id = desk.catalogue.draft_page(refutation_id, desk.catalogue.editors()[0]).claim.id
    wording = desk.catalogue.claim_file(claim_id).claim.statement
    desk.clock.move(days=45)
    a = desk.logged_in("editor A")  # the session has ended
    now, lease = desk.clock.now(), desk.catalogue.lease_sources("test", 10)
    square = next(found for found in lease if found.source.id == "square")
    items = [
        Item(f"a{n}", f"https://square.example/a{n}", "", wording, "zh-Hans", Role.CIRCULATING, published_at=now)
        for n in range(6)
    ]
    desk.catalogue.record(square, [Labelled(item) for item in items], square.state)
    queue = a.get("/en/desk?list=write").text
    assert "rising again: 6 sightings after a quiet month" in queue and f"/en/desk/drafts/{refutation_id}" in queue
    assert "再度流传" in a.get("/desk?list=write").text and "再度流傳" in a.get("/zh-hant/desk?list=write").text
    assert "It was quiet for a month and has been seen 6 times since." in a.get(f"/en/desk/claims/{claim_id}").text
