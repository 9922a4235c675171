"""What a reader gets for a pasted text: the four outcomes, and what must never be served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from index import candidates
from index.errors import EncoderUnavailable, InvalidInput, RecordsUnavailable, SearchUnavailable
from index.model import Band, DocKind, SourceKind, TargetKind, Verdict
from index.ports import Changed, Vectors
from tests.index.house import RUMORS, House, checker, forum, review

LINK = "https://video.example/watch/42"


def unanswered_checks(house: House) -> int:
    with house.parts.records.read() as unit:
        rows = unit._connection.exec_driver_sql("SELECT coalesce(sum(count), 0) FROM unanswered_checks")  # type: ignore[attr-defined]
        return int(rows.scalar())


# --- the four outcomes ---


def test_found_is_the_published_refutation_in_full(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    alert = house.published(claim_id)
    answer = house.answer(f"紧急扩散！！！{RUMORS[0]}")
    first = answer.candidates[0]
    assert answer.outcome.value == "found"
    assert (first.kind, first.id, first.verdict, first.status) == (DocKind.ALERT, alert.id, Verdict.FALSE, "current")
    assert (first.title, first.band) == ("权威机构已经说明事实", Band.SAME)
    assert first.reasons
    assert (answer.was_trimmed, answer.is_degraded, answer.claim) == (True, False, None)
    assert len({c.id for c in answer.candidates}) == len(answer.candidates)  # the claim and its answer are one


def test_known_is_a_claim_without_an_answer(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    draft = house.submitted(claim_id, headline="还没有发布的标题")
    house.links()
    answer = house.answer(RUMORS[0])
    assert answer.outcome.value == "known"
    assert answer.claim is not None
    assert answer.claim.id == claim_id
    assert draft.thread_id not in {c.id for c in answer.candidates}
    assert "还没有发布的标题" not in str(answer)  # nothing of a draft leaks


def test_known_shows_a_review_only_after_an_editor_confirmed_it(house: House) -> None:
    claim_id, outside_id = house.seen(RUMORS[0]), house.reviewed(RUMORS[0])
    house.links()
    assert house.answer(RUMORS[0]).reviews == ()
    (row,) = house.catalogue.queue("match", house.author).rows
    house.catalogue.confirm(row.suggestions[0].match.id, house.author)
    answer = house.answer(RUMORS[0])
    assert (answer.outcome.value, [r.id for r in answer.reviews]) == ("known", [outside_id])
    assert all(c.kind is not DocKind.OUTSIDE for c in answer.candidates)
    assert claim_id == answer.candidates[0].id


def test_similar_is_what_shares_something_and_is_not_the_same(house: House) -> None:
    claim_id = house.seen(f"医院隐瞒了疫苗的真相，看完就明白 {LINK}")
    house.links()
    answer = house.answer(f"老人赶紧囤积大米 {LINK}")
    assert (answer.outcome.value, [c.id for c in answer.candidates]) == ("similar", [claim_id])
    assert "shares_url" in {r.key for r in answer.candidates[0].reasons}
    assert answer.claim is None


def test_nothing_is_counted_once_a_check_and_names_no_candidate(house: House) -> None:
    house.seen(RUMORS[0])
    house.links()
    for times in (1, 2):
        answer = house.answer(RUMORS[3])
        assert (answer.outcome.value, answer.candidates) == ("nothing", ())
        assert unanswered_checks(house) == times
    house.catalogue.match(RUMORS[4])
    house.catalogue.send_tip(RUMORS[5])
    assert unanswered_checks(house) == 2  # the desk and tips are no checks


def test_many_reviews_leave_the_room_of_the_alerts_alone(house: House) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    for number in range(candidates.MAX_PARENTS + 6):
        house.reviewed(f"{RUMORS[0]}，第{number}版")
    house.links()
    found = candidates.find(house.parts, RUMORS[0], frozenset({DocKind.ALERT, DocKind.OUTSIDE})).judged
    kinds = [judged.judgement.kind for judged in found]
    assert kinds.count(DocKind.OUTSIDE) == candidates.MAX_PARENTS
    assert alert.id in {judged.judgement.id for judged in found}


def test_an_expired_or_answered_claim_is_still_found_and_a_withdrawn_one_is_not(house: House) -> None:
    alert = house.published(house.seen(RUMORS[0]), expires_at=house.clock.now())
    assert house.answer(RUMORS[0]).candidates[0].status == "past"
    house.withdrawn(alert)
    answer = house.answer(RUMORS[0])
    assert answer.outcome.value == "known"
    assert alert.id not in {c.id for c in answer.candidates}


def test_the_words_of_a_joined_claim_lead_to_the_answer_of_its_root(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    house.joined(newer, into=older)
    alert = house.published(older)
    answer = house.answer(RUMORS[1])
    assert (answer.outcome.value, answer.candidates[0].id) == ("found", alert.id)


def test_what_the_outcome_rests_on_comes_first(house: House) -> None:
    """Two claims with the very same words, one answered: the answer leads, whichever claim scores higher."""
    answered, open_one = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    alert = house.published(answered)
    house.suggest(open_one, TargetKind.CLAIM, answered)  # so that linking leaves them apart
    with house.parts.records.begin() as unit:
        claim = unit.claim(open_one)
        assert claim is not None
        unit.put_claim(replace(claim, statement=RUMORS[0]))
        unit.changed(Changed.CLAIM, open_one)
    house.links()
    answer = house.answer(RUMORS[0])
    assert {c.id for c in answer.candidates} == {alert.id, open_one}
    assert (answer.outcome.value, answer.candidates[0].id) == ("found", alert.id)
    _, tip = house.catalogue.send_tip(RUMORS[0])
    assert tip.claim_id == answered


# --- the desk's and the command line's answer ---


def test_the_desk_finds_another_publishers_review_too(house: House) -> None:
    outside_id = house.reviewed(RUMORS[0])
    house.links()
    house.parts.search.refresh()
    answer = house.catalogue.match(RUMORS[0])
    first = answer.candidates[0]
    assert (answer.outcome.value, first.kind, first.id) == ("found", DocKind.OUTSIDE, outside_id)
    assert (first.verdict, first.url.startswith("https://checker.example/")) == (Verdict.FALSE, True)
    assert house.outcome(RUMORS[0]) == "nothing"  # the public is not shown what nobody confirmed


def test_a_withdrawn_review_is_not_found_by_the_desk(house: House) -> None:
    house.record(review(RUMORS[0]), source=checker())
    house.links()
    house.record(review(RUMORS[0], is_withdrawn=True), source=checker())
    house.catalogue.sync()
    house.parts.search.refresh()
    assert house.catalogue.match(RUMORS[0]).outcome.value == "nothing"


# --- what the index has not heard of yet ---


def test_a_withdrawal_is_obeyed_before_the_index_hears_of_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    assert house.outcome(RUMORS[0]) == "found"
    monkeypatch.setattr("index.sync.sync", lambda *_: None)
    house.withdrawn(alert)
    assert alert.id in house.indexed()
    answer = house.catalogue.answer(RUMORS[0])
    assert answer.outcome.value == "known"
    assert alert.id not in {c.id for c in answer.candidates}


def test_a_join_is_obeyed_before_the_index_hears_of_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    house.links()
    monkeypatch.setattr("index.sync.sync", lambda *_: None)
    house.joined(newer, into=older)
    house.parts.search.refresh()
    answer = house.catalogue.answer(RUMORS[1])
    assert answer.outcome.value == "known"
    assert answer.claim is not None
    assert (answer.claim.id, [c.id for c in answer.candidates]) == (older, [older])


# --- with parts missing ---


def test_without_the_engine_the_answer_comes_from_the_records_and_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    claim_id = house.seen(RUMORS[1])
    _switch_off(monkeypatch, house, "find")
    answer = house.catalogue.answer(RUMORS[0])
    assert (answer.outcome.value, answer.candidates[0].id, answer.is_degraded) == ("found", alert.id, True)
    answer = house.catalogue.answer(RUMORS[1])
    assert (answer.outcome.value, answer.candidates[0].id, answer.is_degraded) == ("known", claim_id, True)
    answer = house.catalogue.answer(RUMORS[2])
    assert (answer.outcome.value, answer.is_degraded) == ("nothing", True)
    assert unanswered_checks(house) == 0  # the engine might have found it
    house.withdrawn(alert)
    assert house.catalogue.answer(RUMORS[0]).outcome.value == "known"


class Silent:
    """An encoder whose model cannot be loaded: a fake at the port."""

    name, dimensions = "silent", 384

    def encode(self, texts: Sequence[str]) -> Vectors:
        raise EncoderUnavailable("no model")


def test_without_the_encoder_words_alone_answer_and_tips_are_kept(open_house: Callable[..., House]) -> None:
    house = open_house(encoder=Silent())
    house.seen(RUMORS[0])
    alert = house.published(house.seen(RUMORS[1]))
    answer = house.catalogue.answer(RUMORS[2])
    assert answer.is_degraded
    receipt, tip = house.catalogue.send_tip(RUMORS[3])
    assert house.catalogue.tip(receipt)[0].id == tip.id
    assert house.catalogue.thread(alert.id).id == alert.id


def test_a_database_that_takes_no_writes_still_answers(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = house.published(house.seen(RUMORS[0]))
    house.parts.search.refresh()

    def refuse() -> None:
        raise RecordsUnavailable("disk full")

    monkeypatch.setattr(house.parts.records, "begin", refuse)
    assert house.catalogue.answer(RUMORS[0]).candidates[0].id == alert.id
    assert house.catalogue.answer(RUMORS[3]).outcome.value == "nothing"


# --- odd pastes ---


EMPTY = ("", "  \n\u3000", "\x00\x01", "🔥🔥🔥😱", "！？！？", "(((((" * 1_000, "\ud800\udfff", "\u200b\u202e\ufeff")


def test_a_paste_with_nothing_to_check_is_called_empty(house: House) -> None:
    for paste in EMPTY:
        for ask in (house.catalogue.answer, house.catalogue.match, house.catalogue.send_tip):
            with pytest.raises(InvalidInput) as invalid:
                ask(paste)
            assert (invalid.value.code, invalid.value.field) == ("empty", "text")


def test_a_paste_beyond_the_limit_is_refused_at_once(house: House) -> None:
    for paste in ("好" * 5_001, "x" * 1_000_000, "\ufdfa" * 1_000_000):
        for ask in (house.catalogue.answer, house.catalogue.match, house.catalogue.send_tip):
            with pytest.raises(InvalidInput) as invalid:
                ask(paste)
            assert (invalid.value.code, invalid.value.field) == ("too_long", "text")
    assert house.catalogue.answer("好" * 5_000).outcome.value == "nothing"


HOSTILE = (
    "\ufdfa" * 5_000,
    "a\u0301" * 2_500,
    "https://" * 600 + "x",
    '*:* AND _exists_:body OR (\\"~^1000',
    "<script>alert(1)</script>' OR 1=1 --",
    "中\x00文\ud83d夹\udc00杂" * 500,
    "١٢٣ ๑๒๓ १२३ 𝟙𝟚𝟛 Ⅻ ㊿",
    "\U000e0041" * 4_000 + "好话",
)


def test_hostile_pastes_are_answered_like_any_other(house: House) -> None:
    house.seen(RUMORS[0])
    house.links()
    for paste in HOSTILE:
        assert house.answer(paste).outcome.value in ("nothing", "similar")
    assert house.catalogue.check().is_clean


def test_a_pasted_link_finds_the_claim_that_carries_it(house: House) -> None:
    claim_id = house.seen(f"医院隐瞒了疫苗的真相，看完就明白 {LINK}")
    house.links()
    for paste in (LINK, "http://www.video.example/watch/42/?utm_source=chat", f"看 {LINK}#t=1"):
        answer = house.answer(paste)
        assert claim_id in {c.id for c in answer.candidates}, paste
        assert answer.outcome.value != "found"


def test_a_link_that_imitates_an_official_domain_is_named(house: House) -> None:
    official = forum("official", kind=SourceKind.OFFICIAL, domain="piyao.org.cn")
    house.catalogue.put_sources([official, checker(domain="mygopen.com")])
    answer = house.catalogue.answer(
        "详情见 https://www.piyao-org.cn/a 和 https://www.piyao.org.cn/b 还有 https://news.example/c 和 https://mygopen.cc/d"
    )
    assert answer.imitated_domains == ("www.piyao-org.cn",)  # only of official bodies, as the page says


def test_the_number_of_candidates_is_limited(house: House) -> None:
    for number in range(8):
        house.seen(f"{RUMORS[number]} {LINK}")
    house.links()
    assert len(house.answer(f"老人赶紧囤积大米 {LINK}").candidates) == 5
    assert len(house.catalogue.answer(f"老人赶紧囤积大米 {LINK}", limit=2).candidates) == 2


def _switch_off(monkeypatch: pytest.MonkeyPatch, house: House, *names: str) -> None:
    def refuse(*_: object) -> None:
        raise SearchUnavailable("switched off")

    for name in names:
        monkeypatch.setattr(house.parts.search, name, refuse)
