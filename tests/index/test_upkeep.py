"""What the deliver process does on the side: promises of deletion are kept, a lost index is filled again."""

from __future__ import annotations

import pytest

from index.errors import NotFound
from tests.index.house import RUMORS, House


def test_a_tip_is_deleted_when_its_retention_has_passed(house: House) -> None:
    receipt, _ = house.catalogue.send_tip("听说隔夜的西瓜吃了会中毒，是真的吗")
    house.clock.forward(days=house.catalogue.settings.tip_retention_days - 1)
    assert house.catalogue.forget_old_tips() == 0
    assert house.catalogue.tip(receipt)
    house.clock.forward(days=2)
    assert house.catalogue.forget_old_tips() == 1
    with pytest.raises(NotFound):
        house.catalogue.tip(receipt)


def test_what_a_forgotten_tip_said_goes_with_it_unless_somebody_else_says_it(house: House) -> None:
    alone, first, seen, written = (house.catalogue.send_tip(rumor)[1].claim_id or "" for rumor in RUMORS[:4])
    house.joined(house.seen(RUMORS[4]), into=seen)
    house.written(written)
    house.clock.forward(days=house.catalogue.settings.tip_retention_days - 1)
    later = house.catalogue.send_tip(RUMORS[5])[1].claim_id or ""
    house.joined(later, into=first)  # two readers, one claim
    house.clock.forward(days=2)
    assert house.catalogue.forget_old_tips() == 4
    with pytest.raises(NotFound):
        house.claim(alone)
    assert [house.claim(id).statement for id in (first, seen, written)] == [RUMORS[1], RUMORS[2], RUMORS[3]]
    assert alone not in house.indexed()
    assert house.catalogue.check().is_clean
    house.clock.forward(days=house.catalogue.settings.tip_retention_days)
    assert house.catalogue.forget_old_tips() == 1
    for gone in (first, later):
        with pytest.raises(NotFound):
            house.claim(gone)
    assert house.catalogue.forget_old_tips() == 0


def test_an_index_that_was_lost_is_filled_again_and_a_full_one_is_left_alone(house: House) -> None:
    house.catalogue.send_tip("听说隔夜的西瓜吃了会中毒，是真的吗")
    house.catalogue.sync()
    assert house.catalogue.fill_if_empty() == 0
    house.parts.search.rebuild([])
    assert house.parts.search.document_count() == 0
    assert house.catalogue.fill_if_empty() > 0
    assert house.catalogue.check().is_clean
