"""How grouping is measured; and that the order in which texts arrive decides little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from index.cli import main
from index.evaluation.data import Dataset, Pair, Query
from index.evaluation.groups import arrange, measure, near_pairs, order_share
from tests.evaluation.small_set import write_set

#: The most of the pairs that are together in one order and not in another.
TOLERANCE = 0.1
BASE = (
    "今晨市自来水厂发生氯气泄漏，全市居民三天内不要饮用自来水，已有200人住院",
    "老中医说每天早上空腹喝一杯盐水可以清洗肠胃还能降低血压和血糖",
    "五月一日起坐高铁必须出示接种证明，没有的旅客一律不准进站上车",
    "Breaking: the water works reported a chlorine leak this morning and nobody in the city should drink tap water "
    "for the next three days, says a friend who works there",
    "超市的冷冻饺子里检出病毒，家里有的赶紧扔掉，不要再买任何冷冻食品",
)
CHANGES = (
    lambda t: t,
    lambda t: "【转】" + t + "！请大家转发",
    lambda t: str(OpenCC("s2t").convert(t)),
    lambda t: t.replace("，", "。", 1) + "，我朋友亲眼看到的",
    lambda t: "刚刚得到消息：" + t,
    lambda t: t.replace("全市", "全城").replace("可以", "能够").replace("nobody", "no one"),
    lambda t: t + " https://a.example/1?from=timeline",
)
FAMILIES = [change(text) for text in BASE for change in CHANGES]


def test_pairs_are_counted_and_what_went_wrong_is_listed() -> None:
    pairs = [
        Pair("1", BASE[0], CHANGES[1](BASE[0]), True),
        Pair("2", BASE[0], BASE[1], False),
        Pair("3", BASE[0], "水厂漏氯气了，别喝水管里的水", True),
        Pair("4", BASE[4], BASE[4], False),
    ]
    found = measure(pairs)
    assert (found.pairs, found.same, found.joined, found.right) == (4, 2, 2, 1)
    assert (found.precision, found.recall) == (0.5, 0.5)
    assert [w.pair.id for w in found.wrong] == ["4", "3"]


def test_the_command_prints_the_judged_pairs_the_sets_and_what_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_set(tmp_path / "small")
    rows = [
        {"id": "1", "a": BASE[0], "b": CHANGES[1](BASE[0]), "same": True},
        {"id": "2", "a": BASE[1], "b": "老中医说喝盐水没有用", "same": True},
    ]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["evaluate", "--data", str(tmp_path), "--groups"]) == 0
    out = capsys.readouterr().out
    judged = next(line for line in out.splitlines() if "judged pairs" in line)
    assert [cell.strip() for cell in judged.strip("│ ").split("│")] == [
        "judged pairs",
        "2",
        "2",
        "1",
        "1.000",
        "0.500",
        "–",
    ]
    assert "small" in out and "left apart" in out


def test_nothing_joined_has_no_precision() -> None:
    assert measure([Pair("1", BASE[0], BASE[1], False)]).precision is None


def test_messages_with_a_common_answer_are_the_same_and_far_ones_are_no_pair() -> None:
    texts = {"a": BASE[0], "b": CHANGES[4](BASE[0]), "c": CHANGES[3](BASE[0]), "d": BASE[1]}
    queries = tuple(Query(id, text, "zh-Hans", "dev") for id, text in texts.items())
    answers = {"a": frozenset({"1"}), "b": frozenset({"1"}), "c": frozenset({"2"}), "d": frozenset({"1"})}
    pairs = list(near_pairs(Dataset("own", queries, (), answers)))
    assert {(p.id, p.same) for p in pairs} == {("a|b", True), ("a|c", False), ("b|c", False)}


def test_families_are_told_apart_and_kept_together() -> None:
    groups = arrange(FAMILIES, range(len(FAMILIES)))
    assert {group // len(CHANGES) for group in groups} == set(range(len(BASE)))
    assert all(group // len(CHANGES) == place // len(CHANGES) for place, group in enumerate(groups))
    assert len(set(groups)) <= len(BASE) + 2


@settings(deadline=None, max_examples=15)
@given(st.permutations(FAMILIES), st.integers(0, 1_000))
def test_the_order_of_arrival_changes_few_groups(texts: list[str], seed: int) -> None:
    assert order_share(texts, shuffles=2, seed=seed) <= TOLERANCE
