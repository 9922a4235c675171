"""What a sentence denies, and whether another affirms just that, in Chinese and English.

    negation ─► its head, the word or pair of characters that it bears on ─► found in the other text, not denied there?

不会, 并非, 没有, not, never, no longer deny. 不要, 切勿, 不可, do not, should not forbid: only advice to do the same
opposes them. 谣言, 不实, is a hoax deny all that is said. Questions and double denials say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.text.dated import Found
from index.text.folding import ENGLISH_STOP, fold, is_cjk, stem, words

_NT = r"(?:is|are|was|were|do|does|did|ca|could|wo|would|has|have|had|ai|need)n['’]?t"  # with and without apostrophe
_DENY = (
    r"不会|不能(?:预防|防|治|杀|抵|替代|代替|导致|引起|传播|说明|证明|等于|作为|使|让|产生|形成)?|不可能|无法|并不|并非|绝非|决非|而非"
    r"|不是|不存在|(?:从来|并)?没有?|从未|未曾|尚未|未必|未发现|未见|未(?!来|婚|成年|知数|免)|不致|不具|不等于|毫无|并无|不再|不属于"
    r"|不(?!仅|但|过|同|断|只|管|论|少|久|如|料|然|得|止|妨|幸|锈|孕|育|明|知)"
    r"|无(?!线|论|数|锡|意|人机|人驾|比|非|形|条件|奈|聊|辜)"
    rf"|\bnot\b|\bno longer\b|\bno\b(?! (?:matter|way|idea|doubt|words?)\b)|\b{_NT}\b"
    r"|\bcannot\b|\bnever\b|\bnobody\b|\bnone\b"
    r"|\bnothing\b|\bwithout\b|\bneither\b|\bnor\b"
)
_FORBID = (
    r"千万(?:别|不要|不能|不可)|不要|切勿|切忌|请勿|勿|不可以?(?!能)|不得|不宜|不应该?|不该|不准|不许|禁止|严禁"
    r"|(?<![特区级性个分告识鉴类差判派国辨有])别(?![人的墅名致说扭处])"
    r"|(?:(?<=^)|(?<=[.!;:,]\s))(?:please )?(?:do not|don['’]?t|never)\b|\b(?:should|must|ought)(?: not\b|n['’]?t\b)"
    r"|\b(?:you|we|people|one|kids|children) (?:cannot|can['’]?t|can not)\b"
)
_VERDICT = (
    r"(?:是|为|系|属|纯属|都是|全是|均为)(?:一[个则条])?(?:谣言|谣传|假消息|虚假|误读|误传|伪造|假的|不实)|不实(?![在])|不属实|无稽|辟谣|谣言(?:一则)"
    r"|不得当真|没有(?:任何|科学)*(?:依据|根据|证据)|无(?:任何)?(?:科学)?(?:依据|根据|证据)"
    r"|\b(?:is|are|was|were|it['’]s|that['’]s|as|completely|totally|all|just) "
    r"(?:a |an |all |just |completely |totally )*"
    r"(?:false|hoax|hoaxes|myth|myths|fake|untrue|lie|misinformation|fabricated)\b(?! \w)"
    r"|\b(?:is|are|was|were|it['’]s)(?: not|n['’]?t) (?:true|real)\b|\bdebunk(?:s|ed)?\b"
    r"|\bno evidence\b|^(?:fake|false|hoax)(?: news)?:"
)
#: No denials: questions by repetition, words that hold the character, and two denials that make one affirmation.
_NEUTRAL = (
    r"(?P<asked>[一-鿿])(?:不|没)(?P=asked)|是否|能否|可否|为什么不|为何不|何不|难道(?:不是|没有)?|有没有|不得不|不能不|不会不|不可不|无不|没有不|莫不"
    r"|不是(?:没有?|不|假的?|无|谣言)|并非(?:没有?|不|无|谣言)|绝非(?:不|无|谣言)|不是谣言|不无|不可否认|毫无疑问|毫无疑义|无疑|不由得|没有人知道|没想到|不小心"
    r"|不要紧|差别|不久|不一定(?:不|没)"
    r"|\bnot only\b|\bnot just\b|"
    r"\bnot (?:un(?:true|safe|likely|common|usual|reasonable|healthy|proven)"
    r"|impossible|false|fake|without|a (?:hoax|myth|lie|rumou?r))\b"
    rf"|\b(?:cannot|can['’]?t|can not|{_NT}|never|nobody can|no one can) (?:deny|not|help but)\b|\bwhy (?:not|{_NT})\b"
    r"|\bwhether or not\b|\bor not\b|\bno doubt\b|\bif not\b|\bnot to mention\b|\bno wonder\b|\bnever ?mind\b"
)
_MARKS = re.compile(f"(?P<neutral>{_NEUTRAL})|(?P<verdict>{_VERDICT})|(?P<forbid>{_FORBID})|(?P<deny>{_DENY})")
_MAY_DENY = re.compile(
    r"[不没未无非别勿忌禁否谣假误辟难]|n['’]?t\b|\bn(?:o|ot|or|ever|either|one|othing|obody)\b|\bwithout\b|cannot|false|hoax|myth|fake|untrue|debunk|lie\b|misinf|fabric"
)

_CLAUSE = re.compile(r"[，。,;；:：!！?？、…\n]|\.\s|\bbut\b|但是?|然而|而且")
_FILLER = re.compile(
    "(?:会|能够?|可以?|是|再|被|有|任何|什么|太|很|真的?|的|给|让|使|把|将|和|与|跟|用|直接|完全|必|一定|都|也|就|所谓|得|曾|经|发现|见|了|过"
    "|多|随便|轻易|去|在|对|任意|一起|同时|随意)+"
)
_WEAK = (
    "even really actually just ever yet any a an the to have get do does did been be being so very at all "
    "that this it going able always necessarily directly completely currently now still of in for on is "
    "are was were will would can could should may might must has had i you he she we they them there who "
    "what one people much more most"
)
_WEAK_WORDS = frozenset(_WEAK.split())
_ADVICE = re.compile(
    "要|应|必须|可以|可|能|宜|最好|建议|务必|推荐|适合|放心|应当"
    r"|\b(?:should|must|need to|have to|always|can|may"
    r"|safe(?:ly)?(?: to)?|be sure to|remember to|recommend(?:s|ed)?(?: to)?|advised? to)\b"
)
_REACH = {True: 12, False: 40}  # characters after a negation in which it denies, in unspaced script and else
_BEFORE = {True: 10, False: 24}  # characters before a word in which advice to do it stands, likewise
_QUESTION = re.compile(r"(?:[?？][\"'”’」』）)]*|[吗么呢][。.!！…]*)$")


@dataclass(frozen=True, slots=True)
class _Negation:
    kind: str  # deny, forbid or verdict
    start: int
    end: int
    head: str  # a pair of characters or a stem; empty if it bears on nothing


def find_negations(folded: str) -> Iterator[Found]:
    """Each denial in a folded text with its place; what forbids (不要吃) or asks (是不是) is none."""
    for kind, match in _marks(folded):
        if kind != "forbid":
            yield match.start(), match.end(), match.group()


def negations(text: str) -> int:
    """How many times a text denies something."""
    return sum(1 for _ in find_negations(fold(text)))


def contradict(ours: str, theirs: str) -> bool:
    """Whether one of two folded sentences denies what the other affirms in the same words, or calls it untrue.

    That they are about the same is for the caller to know. A verdict on `theirs` (… 不实) is none on `ours`.
    """
    if not (_MAY_DENY.search(ours) or _MAY_DENY.search(theirs)) or _is_question(ours) or _is_question(theirs):
        return False
    mine, other = _negations(ours), _negations(theirs)
    if any(n.kind == "verdict" for n in other):
        return False
    if any(n.kind == "verdict" for n in mine):
        return True
    return any(_is_opposed(n, ours, mine, theirs, other) for n in mine) or any(
        _is_opposed(n, theirs, other, ours, mine) for n in other
    )


def _is_question(folded: str) -> bool:
    return _QUESTION.search(folded.rstrip()) is not None


def _marks(folded: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Each mark of denial with its kind: deny, forbid or verdict."""
    if not _MAY_DENY.search(folded):
        return
    for match in _MARKS.finditer(folded):
        kind = next(name for name in ("neutral", "verdict", "forbid", "deny") if match.group(name) is not None)
        if kind == "deny" and match.group() == "不能":
            kind = "forbid"  # 不能吃: whether one cannot or may not is not told
        if kind != "neutral":
            yield kind, match


def _negations(folded: str) -> list[_Negation]:
    found = []
    for kind, match in _marks(folded):
        is_with_verb = kind == "deny" and match.group().startswith("不能")  # 不能预防: the verb is part of the mark
        start = match.start() + 2 if is_with_verb else match.end()
        found.append(_Negation(kind, match.start(), match.end(), _head(folded, start)))
    return found


def _head(folded: str, start: int) -> str:
    """What a negation that ends at `start` bears on, up to the end of its clause."""
    stop = _CLAUSE.search(folded, start)
    rest = folded[start : stop.start() if stop else len(folded)][:60]
    rest = rest.lstrip()
    filler = _FILLER.match(rest)
    if filler and len(rest) > filler.end():
        rest = rest[filler.end() :]
    for run in words(rest):
        if is_cjk(run[0]):
            return run[:2] if len(run) > 1 else f"有{run}"  # 没有毒: the other text has 有毒
        if run not in _WEAK_WORDS and run not in ENGLISH_STOP and not run.endswith("ly"):
            return stem(run)
    return ""


def _is_opposed(one: _Negation, own: str, all_own: list[_Negation], other: str, all_other: list[_Negation]) -> bool:
    if not one.head:
        return False
    others = _affirmed(one.head, other, all_other)
    if one.kind == "forbid":
        others = [place for place in others if _is_advice(other, place)]
    return bool(others) and not _affirmed(one.head, own, all_own)


def _affirmed(head: str, folded: str, denied: list[_Negation]) -> list[int]:
    """Where a text says the word, but for where a negation bears on it."""
    if is_cjk(head[0]):
        places = [m.start() for m in re.finditer(re.escape(head), folded)]
    else:
        places = [m.start() for m in re.finditer(r"[^\W_]+(?:['’][a-z]+)?", folded) if stem(m.group()) == head]
    reach = _REACH[is_cjk(head[0])]
    return [p for p in places if not any(_bears_on(n, p, reach, folded) for n in denied)]


def _bears_on(one: _Negation, place: int, reach: int, folded: str) -> bool:
    return one.start <= place <= one.end + reach and not _CLAUSE.search(folded, one.end, max(place, one.end))


def _is_advice(folded: str, place: int) -> bool:
    before = folded[max(0, place - _BEFORE[is_cjk(folded[place])]) : place]
    clause = _CLAUSE.split(before)[-1]
    return not folded[:place].strip() or _ADVICE.search(clause) is not None
