"""Links between claims and what answers or equals them: suggested, decided, undone; joins in every order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from index.errors import ClarionError, Conflict, InvalidInput, NotFound, Refused, SearchUnavailable
from index.model import Band, ClaimStatus, Match, MatchStatus, TargetKind
from index.ports import Changed
from tests.index.house import HOSTILE_IDS, RUMORS, House, at_once, forum, post

#: Two claims that share a film and no words: whatever the model is, that makes a suggestion and no more.
FILM = "医院隐瞒了疫苗的真相，看完就明白 https://video.example/watch/42"
SAME_FILM = "老人赶紧囤积大米 https://video.example/watch/42"


def open_matches(house: House, claim_id: str) -> list[Match]:
    return [s.match for s in house.catalogue.claim_file(claim_id).suggestions]


# --- suggesting ---


def test_a_claim_like_an_older_one_is_suggested_to_join_it(house: House) -> None:
    older = house.seen(FILM)
    house.links()
    newer = house.seen(SAME_FILM)
    assert newer != older
    house.links()
    (match,) = open_matches(house, newer)
    assert (match.claim_id, match.target_kind, match.target_id) == (newer, TargetKind.CLAIM, older)
    assert match.status is MatchStatus.SUGGESTED
    assert match.reasons
    assert [m.id for m in open_matches(house, older)] == [match.id]
    house.links()
    assert len(open_matches(house, newer)) == 1  # linking again adds nothing


def test_unrelated_claims_are_not_linked(house: House) -> None:
    ids = [house.seen(rumor) for rumor in RUMORS]
    house.links()
    assert len(set(ids)) == len(RUMORS)
    assert [open_matches(house, id) for id in ids] == [[]] * len(RUMORS)


@pytest.mark.parametrize("is_answer_first", [True, False])
def test_a_review_and_a_claim_find_each_other_in_either_order(house: House, is_answer_first: bool) -> None:
    if is_answer_first:
        outside_id = house.reviewed(RUMORS[0])
        house.links()
    claim_id = house.seen(RUMORS[0])
    house.links()
    if not is_answer_first:
        outside_id = house.reviewed(RUMORS[0])
        house.links()
    (match,) = open_matches(house, claim_id)
    assert (match.target_kind, match.target_id, match.band) == (TargetKind.OUTSIDE, outside_id, Band.SAME)


def test_a_published_refutation_looks_for_claims_it_answers(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    alert = house.published(house.seen(RUMORS[4]), claim=RUMORS[0], circulating=RUMORS[0])
    house.links()
    matches = [m for m in open_matches(house, claim_id) if m.target_kind is TargetKind.REFUTATION]
    assert [m.target_id for m in matches] == [alert.refutation_id]


def test_a_claim_that_is_answered_is_not_offered_another_answer(house: House) -> None:
    first = house.published(house.seen(RUMORS[0]))
    house.links()
    house.published(house.seen(RUMORS[4]), claim=RUMORS[0], circulating=RUMORS[0])
    house.links()
    file = house.catalogue.claim_file(house.catalogue.thread(first.id).claim_id)
    assert [s for s in file.suggestions if s.match.target_kind is TargetKind.REFUTATION] == []


def test_two_claims_with_one_text_join_by_themselves_and_can_be_parted(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    house.links()
    house.record(post(RUMORS[0], number=2), source=forum())  # the post behind the newer claim was rewritten
    house.links()
    assert house.claim(newer).id == older
    (decided,) = [s.match for s in house.catalogue.claim_file(older).decided]
    assert (decided.decided_by, decided.status, len(decided.moved)) == ("auto", MatchStatus.CONFIRMED, 1)
    assert house.acts()[-1] == "claims_joined"
    house.catalogue.sync()
    assert house.catalogue.check().is_clean  # the moved sighting has no words of its own there
    undone = house.catalogue.undo(decided.id, house.author)
    assert (undone.status, undone.decided_by, undone.moved) == (MatchStatus.SUGGESTED, None, ())
    assert house.claim(newer).id == newer
    house.links()
    assert house.claim(newer).id == newer  # what an editor parted does not join by itself again
    assert house.catalogue.check().is_clean


def test_two_answered_claims_with_one_text_wait_for_an_editor(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    house.published(older)
    house.published(newer)
    house.record(post(RUMORS[0], number=2), source=forum())
    house.links()
    (match,) = open_matches(house, newer)
    assert (match.status, match.target_id) == (MatchStatus.SUGGESTED, older)
    with pytest.raises(Conflict) as conflict:
        house.catalogue.confirm(match.id, house.author)
    assert conflict.value.code == "both_answered"
    assert house.claim(newer).id == newer
    assert house.catalogue.link_waiting() == 0


def test_linking_an_unknown_claim_is_not_found(house: House) -> None:
    for id in HOSTILE_IDS:
        with pytest.raises(NotFound):
            house.catalogue.link(id)


def test_a_change_of_a_claim_that_is_no_more_does_not_stop_linking(house: House) -> None:
    with house.parts.records.begin() as unit:
        unit.changed(Changed.CLAIM, "clm_" + "0" * 26)
    house.seen(FILM)
    house.seen(SAME_FILM)
    house.links()
    assert house.catalogue.link_waiting() == 0
    assert house.catalogue.queue("match", house.author).counts["match"] == 1


class Switched:
    """An engine that can be switched off: a fake at the port over the real one."""

    def __init__(self, engine: object) -> None:
        self._engine = engine
        self.is_on = True

    def __getattr__(self, name: str) -> object:
        if not self.is_on and name in ("write", "find", "versions", "rebuild", "refresh"):
            return self._refuse
        return getattr(self._engine, name)

    def _refuse(self, *_: object) -> None:
        raise SearchUnavailable("switched off")

    def is_available(self) -> bool:
        return self.is_on


@pytest.fixture
def switched(house: House) -> Switched:
    engine = Switched(house.parts.search)
    object.__setattr__(house.parts, "search", engine)
    return engine


def test_linking_put_off_by_an_outage_is_made_up_for(house: House, switched: Switched) -> None:
    older = house.seen(FILM)
    house.links()
    switched.is_on = False
    newer = house.seen(SAME_FILM)
    assert house.catalogue.link(newer) == ()
    assert house.catalogue.link_waiting() == 0
    assert not house.catalogue.sync().is_available
    switched.is_on = True
    house.links()
    assert [m.target_id for m in open_matches(house, newer)] == [older]


def test_an_engine_lost_between_sync_and_linking_loses_no_link(house: House, switched: Switched) -> None:
    older, newer = house.seen(FILM), house.seen(SAME_FILM)
    house.catalogue.sync()
    switched.is_on = False
    assert house.catalogue.link_waiting() == 0
    switched.is_on = True
    assert house.catalogue.link_waiting() > 0
    assert [m.target_id for m in open_matches(house, newer)] == [older]


# --- deciding ---


def test_a_confirmed_review_stands_on_the_claims_page(house: House) -> None:
    claim_id, outside_id = house.seen(RUMORS[0]), house.reviewed(RUMORS[0])
    house.links()
    (match,) = open_matches(house, claim_id)
    assert house.catalogue.claim_page(claim_id).reviews == ()
    house.clock.forward(minutes=1)
    confirmed = house.catalogue.confirm(match.id, house.author)
    assert (confirmed.status, confirmed.decided_by) == (MatchStatus.CONFIRMED, house.author.id)
    assert confirmed.decided_at == house.clock.now()
    assert [r.id for r in house.catalogue.claim_page(claim_id).reviews] == [outside_id]
    assert house.claim(claim_id).status is ClaimStatus.OPEN  # another's review is no answer of ours
    house.catalogue.undo(match.id, house.approver)
    assert house.catalogue.claim_page(claim_id).reviews == ()
    assert house.acts()[-2:] == ["match_confirmed", "match_undone"]


def test_a_withdrawn_review_leaves_the_claims_page_and_the_queue(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    outside_id = house.reviewed(RUMORS[0])
    house.links()
    assert house.catalogue.queue("match", house.author).counts["match"] == 1
    with house.parts.records.begin() as unit:
        outside = unit.outside(outside_id)
        assert outside is not None
        unit.put_outsides([replace(outside, is_withdrawn=True)])
        unit.changed(Changed.OUTSIDE, outside_id)
    assert house.catalogue.queue("match", house.author).counts["match"] == 0
    (match,) = [s.match for s in (house.catalogue.suggestion(m) for m in _match_ids(house, claim_id))]
    house.catalogue.confirm(match.id, house.author)
    assert house.catalogue.claim_page(claim_id).reviews == ()


def test_a_rejected_link_is_kept_and_not_suggested_again(house: House) -> None:
    older, newer = house.seen(FILM), house.seen(SAME_FILM)
    house.links()
    (match,) = open_matches(house, newer)
    for reason, error, code in (
        ("", Refused, "reason_required"),
        (" ", Refused, "reason_required"),
        ("x" * 501, InvalidInput, "too_long"),
    ):
        with pytest.raises(error) as refused:
            house.catalogue.reject(match.id, house.author, reason)
        assert (refused.value.code, refused.value.field) == (code, "reason")
    rejected = house.catalogue.reject(match.id, house.author, " 地点不同 ")
    assert (rejected.status, rejected.note) == (MatchStatus.REJECTED, "地点不同")
    for claim_id in (older, newer):
        assert house.catalogue.link(claim_id) == ()
    assert house.seen(SAME_FILM, native_id="again") == newer
    house.links()
    assert open_matches(house, newer) == []
    assert [s.match.id for s in house.catalogue.claim_file(newer).decided] == [match.id]
    assert house.catalogue.queue("match", house.author).counts["match"] == 0


def test_a_decision_on_an_unknown_or_decided_match_is_refused(house: House) -> None:
    catalogue, editor = house.catalogue, house.author
    for id in HOSTILE_IDS:
        for act in (
            lambda id: catalogue.confirm(id, editor),
            lambda id: catalogue.reject(id, editor, "reason"),
            lambda id: catalogue.undo(id, editor),
            lambda id: catalogue.suggestion(id),
        ):
            with pytest.raises(NotFound):
                act(id)
    match = house.joined(house.seen(RUMORS[1]), into=house.seen(RUMORS[0]))
    for act in (
        lambda id: catalogue.confirm(id, editor),
        lambda id: catalogue.reject(id, editor, "reason"),
    ):
        with pytest.raises(Refused) as refused:
            act(match.id)
        assert refused.value.code == "wrong_status"
    for act in (catalogue.undo, catalogue.confirm):
        with pytest.raises(Refused) as refused:
            act(match.id, house.reporter)
        assert refused.value.code == "not_allowed"


def test_of_decisions_at_once_one_stands(house: House) -> None:
    for first, second in zip(RUMORS[0::2], RUMORS[1::2], strict=True):
        older, newer = house.seen(first), house.seen(second)
        match = house.suggest(newer, TargetKind.CLAIM, older)
        found = at_once(
            lambda m=match: house.catalogue.confirm(m.id, house.author),
            lambda m=match: house.catalogue.reject(m.id, house.approver, "不同"),
            lambda m=match: house.catalogue.confirm(m.id, house.admin),
        )
        (decided,) = [r for r in found if isinstance(r, Match)]
        assert all(isinstance(r, Refused | Conflict) for r in found if not isinstance(r, Match))
        is_joined = house.claim(newer).id == older
        assert is_joined == (decided.status is MatchStatus.CONFIRMED)
        assert house.catalogue.suggestion(match.id).match.status is decided.status


def test_a_withdrawn_refutation_is_no_longer_suggested(house: House) -> None:
    claim_id = house.seen(RUMORS[1])
    alert = house.published(house.seen(RUMORS[0]))
    house.suggest(claim_id, TargetKind.REFUTATION, alert.refutation_id)
    assert house.catalogue.queue("match", house.author).counts["match"] == 1
    house.withdrawn(alert)
    assert house.catalogue.queue("match", house.author).counts["match"] == 0
    assert open_matches(house, claim_id) == []


def test_a_second_answer_is_not_confirmed_for_an_answered_claim(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    house.published(claim_id)
    other = house.published(house.seen(RUMORS[1]))
    with pytest.raises(Conflict) as conflict:
        house.linked(claim_id, other.refutation_id)
    assert conflict.value.code == "both_answered"


def test_undoing_a_confirmed_answer_opens_the_claim_again_but_never_its_own(house: House) -> None:
    own, other = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    alert = house.published(own)
    match = house.linked(other, alert.refutation_id)
    assert house.outcome(RUMORS[1]) == "found"
    house.catalogue.undo(match.id, house.author)
    assert (house.claim(other).status, house.claim(other).answered_by) == (ClaimStatus.OPEN, None)
    assert house.outcome(RUMORS[1]) == "known"
    again = house.linked(own, alert.refutation_id)  # a needless link of a claim with its own refutation
    house.catalogue.undo(again.id, house.author)
    assert house.claim(own).status is ClaimStatus.ANSWERED


# --- joins ---


def wordings(house: House, claim_id: str) -> set[str]:
    return {s.text for s in house.catalogue.claim_file(claim_id).sightings}


def test_a_join_gathers_sightings_and_its_undo_sorts_them_out(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    match = house.joined(newer, into=older)
    page = house.catalogue.claim_page(newer)
    assert page.claim.id == older
    assert page.claim.sighting_count == 2
    assert wordings(house, older) == set(RUMORS[:2])
    answer = house.answer(RUMORS[1])
    assert (answer.outcome.value, answer.candidates[0].id) == ("known", older)
    assert house.catalogue.check().is_clean
    house.catalogue.undo(match.id, house.author)
    assert (wordings(house, older), wordings(house, newer)) == ({RUMORS[0]}, {RUMORS[1]})
    answer = house.answer(RUMORS[1])
    assert (answer.outcome.value, answer.candidates[0].id) == ("known", newer)
    assert house.catalogue.check().is_clean


def test_what_came_after_a_join_goes_back_with_its_words(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    match = house.joined(newer, into=older)
    assert house.seen(RUMORS[1], native_id="late-1") == older
    assert house.seen(RUMORS[0], native_id="late-2") == older
    house.catalogue.undo(match.id, house.author)
    assert house.claim(older).sighting_count == 2
    assert house.claim(newer).sighting_count == 2
    assert wordings(house, newer) == {RUMORS[1]}


ORDERS = [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2), (2, 0, 3, 1)]


@pytest.mark.parametrize("joins", ORDERS[:2])
@pytest.mark.parametrize("undos", ORDERS)
def test_joins_of_joins_are_undone_in_any_order(
    house: House, joins: tuple[int, ...], undos: tuple[int, ...]
) -> None:
    """Five claims in a chain, each joined to the next; whatever was joined first and undone first, all is as before."""
    ids = [house.seen(rumor) for rumor in RUMORS[:5]]
    pairs = [house.suggest(ids[n], TargetKind.CLAIM, ids[n + 1]) for n in range(4)]
    for n in joins:
        house.catalogue.confirm(pairs[n].id, house.author)
    assert {house.claim(id).id for id in ids} == {ids[4]}
    assert wordings(house, ids[0]) == set(RUMORS[:5])
    left = set(range(4))
    for n in undos:
        house.catalogue.undo(pairs[n].id, house.author)
        left.discard(n)
        for place, id in enumerate(ids):
            end = next(k for k in range(place, 5) if k not in left)
            begin = next(k for k in range(place, -1, -1) if k - 1 not in left)
            assert house.claim(id).id == ids[end]
            assert wordings(house, id) == set(RUMORS[begin : end + 1])
    assert house.catalogue.check().is_clean


def test_joining_what_is_joined_already_is_a_conflict(house: House) -> None:
    a, b, c = (house.seen(rumor) for rumor in RUMORS[:3])
    house.joined(a, into=b)
    for first, second in ((a, c), (b, a), (a, b)):
        with pytest.raises(Conflict) as conflict:
            house.joined(first, into=second)
        assert conflict.value.code == "already_merged"


def test_a_join_brings_its_answer_and_its_undo_takes_it_back(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    alert = house.published(newer)
    match = house.joined(newer, into=older)
    assert house.claim(older).answered_by == alert.refutation_id
    assert house.catalogue.claim_page(older).thread is not None
    assert house.outcome(RUMORS[0]) == "found"
    house.catalogue.undo(match.id, house.author)
    assert house.claim(older).status is ClaimStatus.OPEN
    assert house.claim(newer).answered_by == alert.refutation_id
    house.withdrawn(alert)
    assert house.claim(newer).status is ClaimStatus.OPEN


def test_a_withdrawal_during_a_join_holds_after_its_undo(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    alert = house.published(newer)
    match = house.joined(newer, into=older)
    house.withdrawn(alert)
    assert house.claim(older).status is ClaimStatus.OPEN
    house.catalogue.undo(match.id, house.author)
    for claim_id in (older, newer):
        assert (house.claim(claim_id).status, house.claim(claim_id).answered_by) == (ClaimStatus.OPEN, None)


def test_a_join_brings_confirmed_reviews_and_drafts_in_work(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    outside_id = house.reviewed(RUMORS[1])
    house.links()
    (match,) = open_matches(house, newer)
    house.catalogue.confirm(match.id, house.author)
    draft = house.written(newer)
    house.joined(newer, into=older)
    page = house.catalogue.claim_page(older)
    assert [r.id for r in page.reviews] == [outside_id]
    assert page.is_being_checked
    assert house.catalogue.draft(older, house.author).id == draft.id
    assert [r.id for r in house.catalogue.claim_file(older).refutations] == [draft.id]
    queue = house.catalogue.queue("write", house.author)
    assert [(row.claim.id, row.refutation and row.refutation.id) for row in queue.rows] == [(older, draft.id)]
    assert queue.counts["write"] == 1
    with pytest.raises(Refused) as refused:
        house.catalogue.set_not_checkable(older, house.author, "看法")
    assert refused.value.code == "already_in_work"
    alert = house.approve(house.catalogue.submit(draft.id, house.author))
    assert house.claim(older).answered_by == alert.refutation_id


def test_two_answered_claims_are_not_joined(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    house.published(older)
    house.published(newer)
    with pytest.raises(Conflict) as conflict:
        house.joined(newer, into=older)
    assert conflict.value.code == "both_answered"
    assert house.claim(newer).id == newer


def test_claims_with_the_same_answer_are_joined(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    alert = house.published(older)
    house.linked(newer, alert.refutation_id)
    house.joined(newer, into=older)
    assert house.claim(newer).answered_by == alert.refutation_id
    house.withdrawn(alert)
    assert house.claim(newer).status is ClaimStatus.OPEN


def test_an_answer_confirmed_for_a_joined_claim_answers_its_root(house: House) -> None:
    older, newer = house.seen(RUMORS[0]), house.seen(RUMORS[1])
    alert = house.published(house.seen(RUMORS[2]))
    match = house.suggest(newer, TargetKind.REFUTATION, alert.refutation_id)
    joined = house.joined(newer, into=older)
    house.catalogue.confirm(match.id, house.author)
    assert house.claim(older).answered_by == alert.refutation_id
    house.catalogue.undo(joined.id, house.author)
    assert house.claim(older).status is ClaimStatus.OPEN
    assert house.claim(newer).answered_by == alert.refutation_id


def test_publishing_and_joining_at_once_end_in_the_same_place(house: House) -> None:
    for older_text, newer_text in zip(RUMORS[0::2], RUMORS[1::2], strict=True):
        older, newer = house.seen(older_text), house.seen(newer_text)
        draft = house.submitted(newer)
        match = house.suggest(newer, TargetKind.CLAIM, older)
        found = at_once(
            lambda d=draft: house.approve(d), lambda m=match: house.catalogue.confirm(m.id, house.author)
        )
        assert not any(isinstance(result, ClarionError) for result in found)
        assert house.claim(newer).id == older
        assert house.claim(older).answered_by == draft.id
    house.links()
    assert house.catalogue.check().is_clean


# --- claims ---


def test_a_claim_called_not_checkable_says_why_until_it_is_opened_again(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    for reason, error, code in (("  ", Refused, "reason_required"), ("x" * 501, InvalidInput, "too_long")):
        with pytest.raises(error) as refused:
            house.catalogue.set_not_checkable(claim_id, house.author, reason)
        assert refused.value.code == code
    with pytest.raises(Refused):
        house.catalogue.set_not_checkable(claim_id, house.reporter, "看法")
    claim = house.catalogue.set_not_checkable(claim_id, house.author, " 看法，不是事实 ")
    assert (claim.status, claim.reason) == (ClaimStatus.NOT_CHECKABLE, "看法，不是事实")
    answer = house.answer(RUMORS[0])
    assert answer.outcome.value == "known"
    assert answer.claim is not None
    assert answer.claim.reason == "看法，不是事实"
    assert house.catalogue.queue("write", house.author).counts["write"] == 0
    reopened = house.catalogue.reopen(claim_id, house.author)
    assert (reopened.status, reopened.reason) == (ClaimStatus.OPEN, "")
    with pytest.raises(Refused) as again:
        house.catalogue.reopen(claim_id, house.author)
    assert again.value.code == "wrong_status"
    assert house.acts()[-2:] == ["claim_not_checkable", "claim_open"]


def test_a_claim_is_taken_for_half_an_hour_by_one_editor(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    start = house.clock.now()
    taken = house.catalogue.take(claim_id, house.author)
    assert (taken.taken_by, taken.taken_until) == (house.author.id, start + timedelta(minutes=30))
    assert house.catalogue.claim_page(claim_id).is_being_checked
    house.clock.forward(minutes=20)
    with pytest.raises(Conflict) as conflict:
        house.catalogue.take(claim_id, house.approver)
    assert conflict.value.code == "taken_by_another"
    extended = house.catalogue.take(claim_id, house.author)
    assert extended.taken_until == start + timedelta(minutes=50)
    house.catalogue.release(claim_id, house.approver)  # another's hold is not released
    assert house.claim(claim_id).taken_by == house.author.id
    house.clock.forward(minutes=30)
    assert not house.catalogue.claim_page(claim_id).is_being_checked
    (row,) = house.catalogue.queue("write", house.author).rows
    assert (row.taken_by, row.taken_until) == (None, None)
    assert house.catalogue.take(claim_id, house.approver).taken_by == house.approver.id
    assert house.catalogue.release(claim_id, house.approver).taken_by is None


def test_of_many_who_take_a_claim_at_once_one_has_it(house: House) -> None:
    claim_id = house.seen(RUMORS[0])
    editors = [house.author, house.approver, house.reporter, house.admin]
    found = at_once(*[lambda e=e: house.catalogue.take(claim_id, e) for e in editors])
    assert sum(isinstance(result, Conflict) for result in found) == 3
    assert house.claim(claim_id).taken_by in {e.id for e in editors}


def test_taking_a_claim_while_it_is_answered_does_not_undo_the_answer(house: House) -> None:
    for rumor in RUMORS[:4]:
        claim_id = house.seen(rumor)
        draft = house.submitted(claim_id)
        at_once(
            lambda d=draft: house.approve(d), lambda c=claim_id: house.catalogue.take(c, house.admin)
        )
        assert house.claim(claim_id).answered_by == draft.id


def test_acts_on_an_unknown_claim_are_not_found(house: House) -> None:
    catalogue, editor = house.catalogue, house.author
    acts: list[Callable[[str], object]] = [
        lambda id: catalogue.take(id, editor),
        lambda id: catalogue.release(id, editor),
        lambda id: catalogue.set_not_checkable(id, editor, "reason"),
        lambda id: catalogue.reopen(id, editor),
        lambda id: catalogue.draft(id, editor),
        lambda id: catalogue.want_to_know(id),
    ]
    for id in HOSTILE_IDS:
        for act in acts:
            with pytest.raises(NotFound):
                act(id)


def _match_ids(house: House, claim_id: str) -> list[str]:
    with house.parts.records.read() as unit:
        return [m.id for m in unit.matches(claim_id=claim_id)]


class TestTakingOut:
    """An editor undoes a grouping: a wording becomes a claim of its own."""

    FIRST = "今晨市自来水厂发生氯气泄漏，全市居民三天内不要饮用自来水，请大家储备桶装水"
    NEAR = "今早市自来水厂发生氯气泄漏，全市居民三天内不要饮用自来水，请大家储备桶装水"

    def _wordings(self, house: House) -> tuple[str, str, str]:
        claim_id = house.seen(self.FIRST)
        house.links()
        house.parts.search.refresh()
        assert house.seen(self.NEAR) == house.seen(self.NEAR) == claim_id
        first, near = house.catalogue.claim_file(claim_id).wordings
        return claim_id, first.id, near.id

    def test_every_sighting_in_these_words_goes_along_and_linking_does_not_bring_it_back(self, house: House) -> None:
        claim_id, _, near = self._wordings(house)
        own = house.catalogue.take_out(near, house.author, "另一家水厂")
        assert own.id != claim_id and own.sighting_count == 2
        assert house.claim(claim_id).sighting_count == 1
        house.links()
        assert house.claim(own.id).merged_into is None
        assert house.seen(self.NEAR) == own.id
        assert house.acts()[-1] == "wording_taken_out"

    def test_it_can_be_undone(self, house: House) -> None:
        claim_id, _, near = self._wordings(house)
        own = house.catalogue.take_out(near, house.author, "另一家水厂")
        (decided,) = house.catalogue.claim_file(own.id).decided
        assert (decided.match.status, decided.match.note) == (MatchStatus.REJECTED, "另一家水厂")
        house.catalogue.undo(decided.match.id, house.author)
        house.catalogue.confirm(decided.match.id, house.approver)
        assert house.claim(claim_id).sighting_count == 3

    def test_it_wants_an_editor_a_reason_and_another_wording_than_the_first(self, house: House) -> None:
        claim_id, first, near = self._wordings(house)
        for sighting, editor, reason, code in (
            (near, house.reporter, "另一家水厂", "not_allowed"),
            (near, house.author, " ", "reason_required"),
            (first, house.author, "另一家水厂", "first_wording"),
        ):
            with pytest.raises(Refused) as refused:
                house.catalogue.take_out(sighting, editor, reason)
            assert refused.value.code == code
        with pytest.raises(NotFound):
            house.catalogue.take_out("sig_nothing", house.author, "另一家水厂")
        assert house.claim(claim_id).sighting_count == 3
