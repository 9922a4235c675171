"""A publisher's verdict word to the verdict it suggests: never more than a suggestion, and never by substring.

Order: the source's own table -> global exact -> prefix (negations first) -> number -> none (sources.md 6). The original
label is stored and shown beside whatever comes out here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from index.model import Verdict

_F, _M, _U, _T = Verdict.FALSE, Verdict.MISLEADING, Verdict.UNPROVEN, Verdict.TRUE

# fmt: off
_TABLE: dict[Verdict, tuple[str, ...]] = {
    _F: (
        # en
        "False", "Fake", "Hoax", "Wrong", "Incorrect", "Inaccurate", "Not true", "Untrue", "Pants on Fire", "Scam",
        "Altered", "Mostly False", "Three Pinocchios", "Four Pinocchios", "Fake news", "False news",
        "False claim", "Debunked",
        # zh-Hans
        "谣言", "假", "不实", "虚假", "假新闻", "伪科学", "伪常识", "不属实", "虚假信息",
        # zh-Hant
        "錯誤", "謠言", "不實", "詐騙", "RUMOR", "假訊息", "不屬實", "虛假", "偽科學",
        # ja, ko, de
        "誤り", "虚偽", "전혀 사실 아님", "거짓", "대체로 사실 아님", "Falsch", "Frei erfunden", "Manipuliert",
        "Größtenteils falsch",
        # fr, es, ca, pt, it, tr
        "Faux", "C'est faux", "Erroné", "Falso", "Fals", "Bulo", "Panzana pazzesca", "Pinocchio andante",
        "Yanlış", "yanliş", "Sahte",
        # id, fa, ar, hi, ru
        "Keliru", "Salah", "Hoaks", "نادرست", "زائف", "خطأ", "झूठ", "फर्जी", "Фейк", "Ложь",
    ),
    _M: (
        "Misleading", "Half True", "Mixture", "Mixed", "Partly False", "Partly True", "Missing Context",
        "Miscaptioned",
        "Out of Context", "Cherry-picked", "Exaggerated", "Two Pinocchios", "Outdated", "Partially False",
        "Partially True",
        "Lacks context", "Needs context", "Decontextualized",
        "误导", "有失实", "分情况", "断章取义", "旧闻翻新", "夸大", "部分不实", "部分属实", "半真半假",
        "部分錯誤", "易誤解", "誤導", "部分不實", "斷章取義", "誇大",
        "不正確", "ミスリード", "절반의 사실",
        "Teilweise falsch", "Fehlender Kontext", "Falscher Kontext", "Falsche Überschrift",
        "Trompeur", "Hors contexte", "Imprécis",
        "Engañoso", "Verdad a medias", "Inexacto", "Fuera de contexto",
        "Enganoso", "Impreciso", "Exagerado", "Distorcido", "Contraditório",
        "Nì", "Karma", "Sesat", "Sebagian benar", "نیمه درست", "گمراه‌کننده", "مضلل", "भ्रामक", "Манипуляция",
    ),
    _U: (
        "Unproven", "Unfounded", "Unsupported", "Unverified", "Baseless", "No Evidence", "Legend", "Not proven",
        "尚无定论", "存疑", "未证实", "存在争议", "待核实", "证据不足", "尚待证实",
        "證據不足", "尚待證實", "尚無定論", "未證實",
        "根拠不明", "判定留保", "판단 유보", "Unbelegt", "Non prouvé", "Invérifiable",
        "Sin pruebas", "Sin evidencia", "No comprobable", "Insustentável", "Belirsiz", "Tidak terbukti", "غير مؤكد",
        "Не доказано",
    ),
    _T: (
        "True", "Correct", "Accurate", "Correct Attribution", "Mostly True", "One Pinocchio", "Geppetto Checkmark",
        "真", "属实", "确有此事", "确实如此", "可信", "真实", "正确",
        "正確（查核）", "屬實", "NOT_RUMOR", "確有此事",
        "ほぼ正確", "사실", "대체로 사실", "Richtig", "Größtenteils richtig", "Vrai",
        "Plutôt vrai",
        "Verdadero", "Cierto", "Verdadeiro", "Vero", "C'eri quasi", "Doğru", "Benar", "درست", "صحيح", "सच", "Правда",
    ),
}
# One spelling, two meanings: Japanese 不正確 is not Chinese 不正确, and 正確 means "correct" in both.
_TABLE_EXTRA: dict[str, Verdict] = {"正確": _T}

# No verdict: an editor decides. Listed so that no prefix or number decides in their place.
_UNDECIDED = (
    "事實釐清", "事实厘清", "科普", "提示", "Satire", "Labeled Satire", "Research In Progress", "Explainer",
    "Experts disagree", "Spins the Facts", "Lost Legend", "Analysis",
)
_NOT_CHECKABLE = ("Opinion", "OPINIONATED", "NOT_ARTICLE", "検証対象外", "Not checkable")

# Beginnings of whole-sentence labels. Negations stand first, so that "not true" never reads as "true".
_PREFIXES: tuple[tuple[str, Verdict], ...] = (
    ("this isn't true", _F), ("this isn't correct", _F), ("this isn't right", _F), ("this is not true", _F),
    ("this is not correct", _F), ("this is incorrect", _F), ("this is false", _F), ("this is wrong", _F),
    ("this is untrue", _F),
    ("not true", _F), ("not correct", _F), ("not accurate", _F), ("not quite", _M), ("not entirely", _M), ("no,", _F),
    ("incorrect", _F), ("untrue", _F), ("inaccurate", _F), ("there is no evidence", _U), ("there's no evidence", _U),
    ("no evidence", _U), ("unproven", _U), ("unverified", _U), ("mostly false", _F), ("mostly true", _T),
    ("partly false", _M), ("partly true", _M), ("partially", _M), ("half true", _M), ("misleading", _M),
    ("this is misleading", _M),
    ("false", _F), ("fake", _F), ("wrong", _F), ("hoax", _F),
    ("this is true", _T), ("this is correct", _T), ("this is accurate", _T), ("correct", _T), ("true", _T),
    ("accurate", _T),
    ("不是真的", _F), ("并非事实", _F), ("并不属实", _F),
    ("不属实", _F), ("不实", _F), ("部分不实", _M), ("网传不实", _F),
    ("並非事實", _F), ("並不屬實", _F), ("不屬實", _F), ("不實", _F),
)
# fmt: on
_CATEGORY = re.compile(
    r"^(?:[^:：]{0,40}\brating|verdict|conclusion|our verdict|结论|結論|查核结果|查核結果)\s*[:：]\s*", re.I
)
_TURN = re.compile(r"\b(?:but|however|although|though|except|unless|not|misleading|false|wrong|outdated)\b")
_TRIMMED = " \t\n.,;:!?\"'`*#-–—…。，、；：！？「」『』《》〈〉【】[]()（）<>“”‘’/|·~"


@dataclass(frozen=True, slots=True)
class Mapped:
    """The suggested verdict, and by what: source | global | prefix | number | none."""

    verdict: Verdict | None
    mapped_by: str
    is_not_checkable: bool = False


@lru_cache(maxsize=4096)  # publishers have a few labels each
def fold(label: str) -> str:
    """The form in which labels are compared: NFKC, case folded, category prefix and outer punctuation off."""
    text = unicodedata.normalize("NFKC", label).strip().strip(_TRIMMED)
    text = _CATEGORY.sub("", text).strip().strip(_TRIMMED)
    return " ".join(text.replace("’", "'").casefold().split())


@lru_cache(maxsize=1)
def _global() -> dict[str, Verdict]:
    table = {fold(label): verdict for verdict, labels in _TABLE.items() for label in labels}
    return table | {fold(k): v for k, v in _TABLE_EXTRA.items()}


@lru_cache(maxsize=1)
def _silent() -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(map(fold, _UNDECIDED)), frozenset(map(fold, _NOT_CHECKABLE))


def map_label(
    label: str, rating: tuple[float, float, float] | None = None, own: Mapping[str, Verdict | None] | None = None
) -> Mapped:
    """What `label` (and the number beside it) suggests. A None in `own`, the source's table, leaves it to an editor."""
    folded = fold(label)
    for candidate in _candidates(label, folded):
        if own and candidate in own:
            return Mapped(own[candidate], "source")
    undecided, not_checkable = _silent()
    for candidate in _candidates(label, folded):
        if candidate in not_checkable:
            return Mapped(None, "none", is_not_checkable=True)
        if candidate in undecided:
            return Mapped(None, "none")
        if candidate in _global():
            return Mapped(_global()[candidate], "global")
    for prefix, verdict in _PREFIXES if folded else ():
        if folded.startswith(prefix) and _ends_word(folded, len(prefix)):
            if verdict is _T and _TURN.search(folded, len(prefix)):
                return Mapped(
                    None, "none"
                )  # "true, but …" is not `true`, and which verdict it is only a person can say
            return Mapped(verdict, "prefix")
    if folded and _is_several(label):
        return Mapped(None, "none")
    if rating is not None:
        return Mapped(by_number(*rating), "number")
    return Mapped(None, "none")


def by_number(value: float, worst: float, best: float) -> Verdict:
    """Share of the way from worst to best; never `unproven`. The caller has checked worst <= value <= best."""
    share = (value - worst) / (best - worst)
    return Verdict.FALSE if share <= 0.25 else Verdict.TRUE if share >= 0.75 else Verdict.MISLEADING


def _candidates(label: str, folded: str) -> tuple[str, ...]:
    """The label, and its last part after a category (`假/谣言`); parts that disagree are nobody's verdict."""
    parts = [fold(p) for p in re.split(r"[/|]", label) if fold(p)]
    if len(parts) < 2:
        return (folded,)
    verdicts = {_global().get(p) for p in parts}
    return (folded, parts[-1]) if len(verdicts - {None}) <= 1 else (folded,)


def _ends_word(text: str, at: int) -> bool:
    """Latin prefixes end at a word boundary; Han has none."""
    return at >= len(text) or not (
        text[at - 1].isascii() and text[at - 1].isalnum() and (text[at].isalnum() or text[at] == "-")
    )


def _is_several(label: str) -> bool:
    """One label for several claims ("1. false 2. true")."""
    return bool(re.search(r"(?:^|\s)1[.)].+\s2[.)]", label))
