"""Labels to verdicts: the table of sources.md 6, its order, and the swaps that must never happen."""

# ruff: noqa: E501 - the tables are as wide as their characters

from __future__ import annotations

import pytest

from crawlers.labels import by_number, fold, map_label
from index.model import Verdict

F, M, U, T = Verdict.FALSE, Verdict.MISLEADING, Verdict.UNPROVEN, Verdict.TRUE

TABLED = {
    F: """False|Fake|Hoax|Wrong|Incorrect|Inaccurate|Not true|Pants on Fire|Scam|Altered|Mostly False|Three Pinocchios
        |Four Pinocchios|谣言|假|不实|虚假|假新闻|伪科学|伪常识|錯誤|謠言|不實|詐騙|RUMOR|誤り|虚偽|전혀 사실 아님|거짓|대체로 사실 아님
        |Falsch|Frei erfunden|Manipuliert|Größtenteils falsch|Faux|C'est faux|Erroné|Falso|Fals|Bulo|FAKE|Panzana pazzesca
        |Pinocchio andante|Yanlış|YANLIŞ|Sahte|Keliru|Salah|Hoaks|نادرست|زائف|خطأ|झूठ|फर्जी|Фейк|Ложь""",
    M: """Misleading|Half True|Mixture|Mixed|Partly False|Missing Context|Miscaptioned|Out of Context|Cherry-picked
        |Exaggerated|Two Pinocchios|Outdated|误导|有失实|分情况|断章取义|旧闻翻新|夸大|部分錯誤|易誤解|誤導|不正確|ミスリード|절반의 사실
        |Teilweise falsch|Fehlender Kontext|Falscher Kontext|Falsche Überschrift|Trompeur|Hors contexte|Imprécis|Engañoso
        |Verdad a medias|Inexacto|Fuera de contexto|Enganoso|Impreciso|Exagerado|Distorcido|Contraditório|Nì|Karma|Sesat
        |Sebagian benar|نیمه درست|گمراه‌کننده|مضلل|भ्रामक|Манипуляция""",
    U: """Unproven|Unfounded|Unsupported|Unverified|Baseless|No Evidence|Legend|尚无定论|存疑|未证实|存在争议|待核实|證據不足
        |尚待證實|根拠不明|判定留保|판단 유보|Unbelegt|Non prouvé|Invérifiable|Sin pruebas|Sin evidencia|No comprobable
        |Insustentável|Belirsiz|Tidak terbukti|غير مؤكد|Не доказано""",
    T: """True|Correct|Accurate|Correct Attribution|Mostly True|One Pinocchio|真|属实|确有此事|确实如此|可信|正確|屬實|NOT_RUMOR
        |ほぼ正確|사실|대체로 사실|Richtig|Größtenteils richtig|Vrai|Plutôt vrai|Verdadero|Cierto|Verdadeiro|Vero|C'eri quasi
        |Doğru|Benar|درست|صحيح|सच|Правда""",
}
CASES = [(label.strip(), verdict) for verdict, labels in TABLED.items() for label in labels.split("|")]


@pytest.mark.parametrize(("label", "verdict"), CASES)
def test_every_tabled_label_maps_as_tabled(label: str, verdict: Verdict) -> None:
    mapped = map_label(label)
    assert (mapped.verdict, mapped.mapped_by) == (verdict, "global")


@pytest.mark.parametrize(("label", "verdict"), CASES)
def test_decoration_does_not_change_the_verdict(label: str, verdict: Verdict) -> None:
    for dressed in (
        f"  {label}. ",
        f"【{label}】",
        f"“{label}”",
        f"Rating: {label}",
        f"查核結果：{label}",
        label.upper(),
    ):
        assert map_label(dressed).verdict is verdict, dressed


@pytest.mark.parametrize(
    "label",
    ["事實釐清", "科普", "提示", "Satire", "Research In Progress", "Explainer", "Experts disagree", "Spins the Facts", "",
     "   ", "???", "Truthiness", "Falsehoods in context", "a true story about a false rumor", "虚假宣传案例汇编", "真相", "假期安排"],
)  # fmt: skip
def test_what_is_not_in_the_table_is_left_to_an_editor(label: str) -> None:
    mapped = map_label(label)
    assert mapped.verdict is None and mapped.mapped_by == "none"


@pytest.mark.parametrize("label", ["Opinion", "OPINIONATED", "NOT_ARTICLE", "検証対象外"])
def test_labels_that_say_not_checkable(label: str) -> None:
    mapped = map_label(label, (1.0, 1.0, 5.0))
    assert mapped.verdict is None and mapped.is_not_checkable


@pytest.mark.parametrize(
    ("label", "verdict"),
    [
        ("Not true. The picture is from 2011", F),
        ("This isn't correct. It was stopped in 2015", F),
        ("This isn’t correct. It was stopped in 2015", F),
        ("This is not true", F),
        ("Incorrect. The figure is lower", F),
        ("Untrue, says the ministry", F),
        ("This is correct", T),
        ("Correct. The law says so", T),
        ("There's no evidence for this", U),
        ("Mostly false, in our view", F),
        ("Partly true. It happened in 2010", M),
        ("False - the video is old", F),
    ],
)
def test_q36_a_sentence_is_judged_by_how_it_begins_negations_first(label: str, verdict: Verdict) -> None:
    mapped = map_label(label)
    assert (mapped.verdict, mapped.mapped_by) == (verdict, "prefix")


@pytest.mark.parametrize(
    "label", ["True, but it was years ago", "Correct, although the figure is old", "True-ish", "Correctly attributed"]
)
def test_a_true_with_a_turn_is_left_to_an_editor(label: str) -> None:
    assert map_label(label).verdict is None


@pytest.mark.parametrize(("label", "verdict"), CASES)
def test_no_swap_between_true_and_false(label: str, verdict: Verdict) -> None:
    opposite = {F: T, T: F}.get(verdict)
    if opposite is not None:
        assert map_label(f"{label}!", (3.0, 1.0, 5.0)).verdict is not opposite


def test_category_prefixes_are_taken_off() -> None:
    assert map_label("假/谣言").verdict is F
    assert map_label("Fact Crescendo Rating: False").verdict is F
    assert map_label("Our Verdict: Misleading").verdict is M


def test_parts_that_disagree_are_nobodys_verdict() -> None:
    assert map_label("True/False").verdict is None


def test_the_sources_own_table_comes_first_and_may_say_none() -> None:
    own = {fold("Impreciso"): U, fold("False"): None}
    assert map_label("IMPRECISO", own=own) == map_label("impreciso.", own=own)
    assert (map_label("Impreciso", own=own).verdict, map_label("Impreciso", own=own).mapped_by) == (U, "source")
    assert (map_label("False", (1.0, 1.0, 5.0), own).verdict, map_label("False", own=own).mapped_by) == (None, "source")


@pytest.mark.parametrize(
    ("rating", "verdict"),
    [((1, 1, 5), F), ((2, 1, 5), F), ((2.1, 1, 5), M), ((3, 1, 5), M), ((3.9, 1, 5), M), ((4, 1, 5), T), ((5, 1, 5), T),
     ((0, 0, 10), F), ((10, 0, 10), T), ((-2, -2, 2), F)],
)  # fmt: skip
def test_a_number_decides_only_without_a_label_and_is_never_unproven(
    rating: tuple[float, float, float], verdict: Verdict
) -> None:
    assert by_number(*rating) is verdict
    assert (map_label("", rating).verdict, map_label("", rating).mapped_by) == (verdict, "number")
    assert map_label("True", rating).verdict is T
    assert map_label("Satire", rating).verdict is None


def test_one_label_for_several_claims_is_nobodys_verdict() -> None:
    assert map_label("1. false 2. true", (1.0, 1.0, 5.0)).verdict is None
