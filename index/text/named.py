"""Names in a text, told by their form alone: capitals, hash marks, title marks, the endings of Chinese institutions.

No model and no list of people: a name in plain Chinese text is not noticed, and a name at the start of an English
sentence only if it stands elsewhere too. What is found is folded, so that the same name in two scripts is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.text.dated import Found
from index.text.folding import HAN, fold
from index.text.urls import blank_urls

MAX_NAMES = 200
_LATIN = "A-Za-zÀ-ɏ"
_WORD = re.compile(rf"(?<![{_LATIN}\d#@_&])[{_LATIN}][{_LATIN}\d]*(?:['’-][{_LATIN}\d]+)*(?![{_LATIN}])")
_TAG = re.compile(r"[#＃@＠]([A-Za-z_][A-Za-z0-9_]{1,40})")
_HAN_TAG = re.compile(rf"[#＃]([{HAN}A-Za-z0-9]{{2,12}})(?=[#＃\s]|$)")
_PARTS_OF_TAG = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_QUOTED = re.compile(r"《([^《》\n]{2,30})》|「([^「」\n]{2,12})」|〈([^〈〉\n]{2,30})〉")
#: Characters that end a phrase before a name begins; and names that hold one of them.
_STOPS = (
    "的了是在我你妳您他她它们們这這那哪个個有和与與及或也都不就吗嗎呢啊吧把被让讓给給对對向到去从從由于於等为為称稱说說"
    "据據按某各该該本全每几幾两兩一"
)
_NAMED = rf"(?:协和|協和|仁和|和平|华为|華為|(?![{_STOPS}])[{HAN}])"
_BODIES = """
医院 醫院 大学 大學 学院 學院 中学 中學 小学 小學 公司 集团 集團 银行 銀行 研究院 研究所 委员会 委員會 基金会 基金會
协会 協會 卫健委 衛健委 发改委 發改委 公安局 卫生局 衛生局 教育局 气象局 氣象局 管理局 监管局 监督局 自来水厂
自來水廠 派出所 检察院 檢察院 法院 法務部 衛福部 疾管署 食藥署 食药监局 疾控中心
"""
_ENDINGS = tuple(_BODIES.split())
_INSTITUTION = re.compile(rf"{_NAMED}{{2,5}}?(?:{'|'.join(_ENDINGS)})")
_BEFORE = (
    "昨天|昨日|今天|今日|明天|近日|日前|目前|刚刚|最近|位于|来自|听闻|网传|网友|关于|其中|还有|因为|如果|所以|但是|已经"
    "|正在|可以|知名|著名|当地"
)
_BEFORE_NAMES = re.compile(f"^(?:{_BEFORE})+")
_END_OF_DIVISION = "[省市县縣区區](?![场場民值面长長内內区區委政别別域块塊级級])"
_DIVISION = re.compile(rf"{_NAMED}{{2,3}}?{_END_OF_DIVISION}")
_DIVISION_END = re.compile(_END_OF_DIVISION)
#: Of kinds, not of bodies: nothing is named by `the company`.
_COMMON_BODIES = """
有限公司 分公司 子公司 总公司 大公司 小公司 保险公司 物业公司 网络公司 科技公司 上市公司 快递公司 人民医院 中心医院
妇幼医院 三甲医院 大医院 各大医院 定点医院 商业银行 中小学 委员会 研究院 研究所 股份公司 有限责任公司 人民法院
附近医院 多家医院 家医院 医院 大学 公司 银行 中学 小学 学院 法院 集团 协会 派出所 疾控中心
"""
_COMMON = frozenset(_COMMON_BODIES.split())
_COMMON_DIVISIONS = re.compile(
    "(?:超|城|上|股|夜|菜|都|开|集|门|街|楼|早|闹|逛|黑|农贸|直辖|地级|外|同|花)市$|(?:自治|郊)县$|(?:外|反|节)省$"
    "|(?:社|小|地|景|疫|校|灾|山|郊|时|禁|特|辖|城|新|老|工业|开发|风险|自治|保护|园|住宅|商业|馆|港|片|厂|市)区$"
)
#: What a capital follows that begins a sentence, as does a number in brackets, `2)`, and the beginning of a line.
_BEFORE_SENTENCE = frozenset(".!?…:;。！？：；\"“‘「(（[—–-•*|")
_POSSESSIVE = re.compile(r"['’]s$")
_NO_NAMES = """
i i'm i'll i've i'd ok okay lol omg wtf tv mr mrs ms dr breaking news fact check false true video photo watch rt via
am pm january february march april may june july august september october november december jan feb mar apr jun jul
aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun a an
the this that these those it he she we you they is are was were do does did not no yes and or but if in on at to for
of from by with as my your our his her their please share
"""
_NOT_NAMES = frozenset(_NO_NAMES.split())


def names(text: str) -> frozenset[str]:
    """The names in a text, folded: words of hashtags and handles, capitalised words, acronyms, titles, institutions."""
    return frozenset(value for _, _, value in find_names(text))


def find_names(text: str) -> Iterator[Found]:
    """Each name with its place in the text as written; at most MAX_NAMES."""
    plain = blank_urls(text)
    for count, found in enumerate(_all_names(plain)):
        if count >= MAX_NAMES:
            return
        yield found


def _all_names(plain: str) -> Iterator[Found]:
    for match in _QUOTED.finditer(plain) if not plain.isascii() else ():
        group = match.lastindex or 1
        value = "".join(fold(match.group(group)).split())
        if len(value) > 1:
            yield match.start(group), match.end(group), value
    for match in _HAN_TAG.finditer(plain):
        yield match.start(1), match.end(1), fold(match.group(1))
    for match in _TAG.finditer(plain):
        for part in _PARTS_OF_TAG.finditer(match.group(1)):
            if len(part.group()) > 2 and part.group().lower() not in _NOT_NAMES:
                yield match.start(1) + part.start(), match.start(1) + part.end(), fold(part.group())
    if not plain.isascii():
        yield from _institutions(plain)
    yield from _capitalised(plain)


def _institutions(plain: str) -> Iterator[Found]:
    for match in _INSTITUTION.finditer(plain) if any(body in plain for body in _ENDINGS) else ():
        value = _BEFORE_NAMES.sub("", fold(match.group()))
        if value not in _COMMON:
            yield match.end() - min(len(value), len(match.group())), match.end(), value
    for match in _DIVISION.finditer(plain) if _DIVISION_END.search(plain) else ():
        value = fold(match.group())
        if not _COMMON_DIVISIONS.search(value):
            yield match.end() - 3, match.end(), value[-3:]  # where the name begins is not told: the last two count


def _capitalised(plain: str) -> Iterator[Found]:
    found = list(_WORD.finditer(plain))
    every = [word.group() for word in found]
    upper = sum(written[0].isupper() for written in every)
    shouted = sum(written.isupper() and len(written) > 1 for written in every)
    if upper * 10 > len(found) * 7 and len(found) > 3:  # a headline in capitals: they tell nothing
        return
    for word, written in zip(found, every, strict=True):
        if not written[0].isupper():
            continue
        value = _POSSESSIVE.sub("", written.lower())
        if len(value) < 2 or value in _NOT_NAMES or value.split("'")[0] in _NOT_NAMES:
            continue
        if written.isupper():
            is_name = len(written) <= 6 and shouted * 3 <= len(found)
        else:
            is_name = not _begins_sentence(plain, word.start())
        if is_name:
            yield word.start(), word.end(), fold(value)


def _begins_sentence(plain: str, start: int) -> bool:
    """Whether what begins at `start` begins a sentence or a line, as far as the twelve characters before it tell."""
    before = plain[max(0, start - 12) : start]
    kept = before.rstrip()
    if not kept and start <= 12:
        return True
    if "\n" in before[len(kept) :] or kept[-1:] in _BEFORE_SENTENCE:
        return True
    return kept[-1:] == ")" and kept[-2:-1].isdecimal()
