"""What a pasted or crawled text says: forwarding noise off, links out, sentences apart.

Only what surely is dress goes: marks of forwarding, pleas to spread, app signatures. The rest keeps its spelling.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.text.folding import fold, has_words, words
from index.text.urls import blank_urls, find_urls, url_key, without_urls

LIMIT = 5_000
_MOST_SENTENCES = 60
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]+")
_LINE = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_EMOJI = "[\u2600-\u27bf\u2b00-\u2bff\u3030\u303d\U0001f000-\U0001faff][\ufe0f\u200d\U0001f3fb-\U0001f3ff]*"
_ASK = (
    "请|請|麻烦|麻煩|拜托|拜託|敬请|敬請|大家|各位|互相|相互|帮忙|幫忙|广泛|廣泛|多多|赶紧|趕緊|务必|務必|尽快|儘快|立即|赶快|趕快"
)
_SPREAD = "(?:扩散|擴散|转发|轉發|转告|轉告|转起来|轉起來|分享出去|轉傳|转传)"
_TO_WHOM = "(?:出去|一下|[给給](?:家人|朋友|[亲親]友|更多人|身[边邊]的?人|大家){1,4}|周知|起来|起來|吧|哦|喔)"
_SPREAD_HINTS = ("扩散", "擴散", "转发", "轉發", "转告", "轉告", "转起来", "轉起來", "分享出去", "轉傳", "转传")
# Each pattern with what a case-folded text must hold one of for it to match; none of these has a space, which noise is
# replaced by, or an `i`, whose other cases fold otherwise.
# Every repetition is bounded: an open one before a word that may be missing costs its square (90 s for 请 x 20,000).
_NOISE = tuple(
    (hints, re.compile(pattern, re.IGNORECASE | re.MULTILINE))
    for hints, pattern in (
        # marks at the beginning of a line
        (
            ("转", "轉", "群发", "群發", "fw", "forward", "post", "whatsapp"),
            r"^[ \t>*\-|]{0,12}(?:[\[【［(（]\s{0,4})?(?:转发?|轉發?|转帖|轉貼|转载|轉載|群发|群發"
            r"|fwd?|forwarded(?: message| as received| many times)?|re-?post(?:ed)?|via whatsapp)"
            r"\s{0,4}(?:(?:[\]】］)）]\s{0,4}[:：]?)|[:：])\s{0,4}",
        ),
        (
            ("forwarded",),
            r"^[ \t>*\-]{0,12}forwarded (?:as received|many times|message)\b[\s.:：-]{0,9}",
        ),
        (
            ("--",),
            r"^-{2,20}\s{0,4}(?:forwarded message|转发的?邮件|轉寄郵件|original message)\s{0,4}-{2,20}\s{0,4}$",
        ),
        (
            ("/@",),
            r"^[ \t]{0,12}//?@[^\s:：]{1,30}[:：]\s{0,4}",
        ),
        # pleas to spread
        (
            ("速看", "急", "扩散", "擴散", "赶紧看", "趕快看", "马上删", "馬上刪"),
            r"[\[【［(（]?(?:速看|急[!！]{0,9}转|紧急扩散|緊急擴散|扩散周知|擴散周知"
            r"|求扩散|求擴散|赶紧看|趕快看|马上删|馬上刪|删前速看|刪前速看)[\]】］)）]?[!！。.~～]*",
        ),
        (
            _SPREAD_HINTS,
            rf"(?:{_ASK}){{1,6}}{_SPREAD}{_TO_WHOM}?[!！。~～]*",
        ),
        (
            _SPREAD_HINTS,
            rf"{_SPREAD}{_TO_WHOM}[!！。~～]*",
        ),
        (
            ("share", "forward", "post", "spread", "pass"),
            r"\b(?:please|pls|plz|kindly)\s+(?:share|forward|repost|spread|pass (?:this|it) on)\b"
            r"[^.!\n。！]{0,60}[.!。！]*",
        ),
        (
            ("share", "forward", "send"),
            r"\b(?:share|forward|send) (?:this|it) (?:to|with) "
            r"(?:everyone|all|your (?:family|friends|loved ones|contacts))\b[^.!\n]{0,40}[.!]*",
        ),
        (
            ("forwarded",),
            r"^[ \t]{0,12}forwarded\s{0,4}$",
        ),
        # signatures of apps
        (
            ("分享自", "来自", "來自", "发自", "發自"),
            r"[(（\[【]?(?:分享自|分享自|来自|來自|发自|發自)\s{0,4}(?:@?[\w一-鿿]{1,20})"
            r"(?:客户端|客戶端|app|iphone|手机|手機|微博|公众号|公眾號)[)）\]】]?",
        ),
        (
            ("sent",),
            r"^[ \t]{0,12}sent from my \w+\s{0,4}$",
        ),
        (
            ("网页链接", "秒拍视频", "展开全文", "收起全文"),
            r"(?:o网页链接|网页链接|o秒拍视频|秒拍视频|展开全文c?|收起全文d?)",
        ),
    )
)
_NOISE_HINTS = tuple(dict.fromkeys(hint for hints, _ in _NOISE for hint in hints))
_ONE_EMOJI = re.compile(_EMOJI[: _EMOJI.index("]") + 1])
_REPEATED_EMOJI = re.compile(rf"(?:{_EMOJI}\s*){{2,}}")
_REPEATED_MARKS = re.compile(r"([!！?？。.~～…\-=_*#])\1{3,}")
_ODD_SPACE = re.compile(r"[^\S\n ]|  ")
_SENTENCE = re.compile(r"[^。！？!?；;\n…]+(?:[。！？!?；;…]+[”’」』\"')）]*)?")
_LATIN_STOP = re.compile(r"(?<=[a-z0-9)\"'’”][.])\s+(?=[A-Z\"'“‘(¿¡])")
_DANGLING = re.compile(r"(?:\s[.,;:，]+)+$")  # what is left after an address was taken out
#: Of a quoted post, with the day it was posted: `— A Name (@handle) January 6, 2020`.
_SIGNATURE = re.compile(r"\s[—–-]{1,2}\s[^\n—–]{1,80}\(@\w{1,30}\)[^\n]{0,40}\s*$")
_BOILERPLATE = re.compile(
    r"404 not found|page not found|not found on this server|access denied|403 forbidden|502 bad gateway|503 service|"
    r"enable (?:javascript|cookies)|are you a (?:robot|human)|verify you are human|checking your browser|captcha|"
    r"(?:sign|log) ?in (?:to|or)\b|you must (?:log|sign) in|create an account|session (?:has )?expired|"
    r"content isn't available|页面不存在|网页不存在|访问的页面|找不到(?:该|网|此|您)?页|页面找不到|无权访问|拒绝访问|"
    r"访问受限|内容已被(?:发布者)?删除|请(?:先)?登录|登录后查看|扫码登录|输入验证码|安全验证|滑动验证|环境异常|该内容已被|此帐号已|系统繁忙|服务器错误"
)


@dataclass(frozen=True, slots=True)
class Understood:
    """A text as understood. `was_trimmed`: noise went or the end was cut; `urls` are canonical, in order, once each."""

    text: str
    was_trimmed: bool
    urls: tuple[str, ...]
    sentences: tuple[str, ...]


def understand(raw: str, limit: int = LIMIT) -> Understood:
    """`raw` without forwarding noise and unusable characters, at most `limit` characters; line breaks stay."""
    plain, text = _undressed(raw, limit)
    was_trimmed = _ink(text) != _ink(plain) or len(text) > limit or len(raw) > limit * 4
    text = text[:limit].rstrip()
    urls = tuple(dict.fromkeys(canonical for _, canonical in find_urls(text)))
    return Understood(text, was_trimmed, urls, sentences(text))


def undressed(raw: str, limit: int = LIMIT) -> str:
    """The `text` of what `understand` gives, without the work for the rest."""
    return _undressed(raw, limit)[1][:limit].rstrip()


def _undressed(raw: str, limit: int) -> tuple[str, str]:
    plain = _CONTROL.sub("", _LINE.sub("\n", raw[: limit * 4])).strip()
    return plain, without_noise(plain)


def without_noise(text: str) -> str:
    """`text` without marks of forwarding, pleas to spread, signatures and repeated emoji. All noise: as it was."""
    rest, folded = text, text.casefold()
    if any(map(folded.__contains__, _NOISE_HINTS)):
        for hints, pattern in _NOISE:
            if any(map(folded.__contains__, hints)):
                rest = pattern.sub(" ", rest)
    if _ONE_EMOJI.search(rest):
        rest = _REPEATED_EMOJI.sub(" ", rest)
    rest = _REPEATED_MARKS.sub(r"\1", rest)
    if _ODD_SPACE.search(rest):
        rest = re.sub(r"[^\S\n]+", " ", rest)
    if "\n" in rest:
        rest = re.sub(r" ?\n ?(?:\n ?)+", "\n\n", rest)
    rest = rest.strip()
    return rest if has_words(rest) else text.strip()


def without_signature(text: str) -> str:
    """`text` without the line that says who posted a quoted post, and when."""
    return _SIGNATURE.sub("", text)


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, in its own spelling; addresses are not sentences. At most 60."""
    found: list[str] = []
    for part in _SENTENCE.findall(without_urls(text)):
        for sentence in _LATIN_STOP.split(part):
            sentence = _DANGLING.sub("", " ".join(sentence.split()))
            if words(sentence):
                found.append(sentence)
        if len(found) >= _MOST_SENTENCES:
            break
    return tuple(found[:_MOST_SENTENCES])


def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where the sentences of a text stand in it, white space around them left out; addresses are none."""
    found: list[tuple[int, int]] = []
    plain = blank_urls(text)
    for match in _SENTENCE.finditer(plain):
        start = match.start()
        for stop in [*(s.start() for s in _LATIN_STOP.finditer(plain, match.start(), match.end())), match.end()]:
            piece = plain[start:stop]
            if any(c.isalnum() for c in piece):
                left = len(piece) - len(piece.lstrip())
                found.append((start + left, start + len(piece.rstrip())))
            start = stop
    return tuple(found)


def fingerprint(text: str) -> str:
    """SHA-256 (hex) of the folded text without forwarding noise, addresses, punctuation and spaces.

    Equal means: the same text. Of a text that is only addresses, their keys count.
    """
    return fingerprint_of(words(fold(without_noise(without_urls(text)))), text)


def fingerprint_of(runs: Sequence[str], text: str) -> str:
    """The fingerprint of `text`, whose `words`, folded without noise and addresses, are `runs`."""
    said = "".join(runs) or " ".join(url_key(url) or url for _, url in find_urls(text))
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def is_boilerplate(text: str) -> bool:
    """Whether a fetched page is a log-in, error or challenge page rather than content: short, and it says so."""
    folded = fold(text[:4_000])
    return len(folded) < 600 and _BOILERPLATE.search(folded) is not None


def _ink(text: str) -> str:
    return "".join(text.split())
