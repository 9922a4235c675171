"""The text of a mail, parted: what its sender wrote, and what was forwarded. Marks as mail programs write them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from crawlers.plain import one_line

MAX_LINES = 5_000
_WORDS = (
    r"forwarded message|original message|begin forwarded message|原始邮件|邮件原件|转发的?邮件(?:信息)?|开始转发的?邮件"
    r"|以下是转发的?邮件|原始郵件|轉寄的?(?:郵件|訊息)|開始轉寄的?郵件|以下(?:是|為)轉寄的?郵件|轉發的?郵件"
)
_MARK = re.compile(rf"^[>\s]*[-_=*]*\s*(?:{_WORDS})\s*[:：]?\s*[-_=*]*\s*$", re.I)
_HEADER = re.compile(
    r"^[>\s]*\*?(?:from|sent|date|to|cc|subject|reply-to|发件人|发送时间|发送日期|时间|日期|收件人|抄送|主题"
    r"|寄件者|寄件人|寄件日期|傳送時間|收件者|副本|主旨|主題)\s*[:：]\*?(?:\s|$|\S)",
    re.I,
)
_SENDER = re.compile(r"^[>\s]*\*?(?:from|发件人|寄件者|寄件人)\s*[:：]", re.I)
_QUOTE = re.compile(r"^\s*(?:>\s?)+")
_SENT_FROM = re.compile(r"^\s*(?:sent from my .{1,40}|发自我的.{1,40}|從(?:我的)?.{1,40}(?:傳送|寄出))\s*$", re.I)


def own_and_forwarded(text: str) -> tuple[str, str]:
    """The sender's words, and the innermost forwarded text that has any; either may be ""."""
    lines = text.replace("\r\n", "\n").split("\n")[:MAX_LINES]
    start = _next_mark(lines, 0)
    if start is None:
        return _own(lines), ""
    own, forwarded = _own(lines[:start]), ""
    while start is not None:
        begin = _after_headers(lines, start)
        following = _next_mark(lines, begin)
        part = _joined(_QUOTE.sub("", line) for line in lines[begin:following])
        forwarded = part if _has_words(part) else forwarded
        start = following
    return own, forwarded


def _next_mark(lines: list[str], begin: int) -> int | None:
    """The line of a forwarding mark, or of a block of headers that begins with the sender's."""
    for number in range(begin, len(lines)):
        if _MARK.match(lines[number]):
            return number
        following = [line for line in lines[number + 1 : number + 6] if not _is_blank(line)][:2]
        if _SENDER.match(lines[number]) and len(following) == 2 and all(_HEADER.match(line) for line in following):
            return number
    return None


def _after_headers(lines: list[str], mark: int) -> int:
    """The first line of the forwarded text: what follows its headers. HTML puts a blank line between them too."""
    number = _skip_blank(lines, mark + 1 if _MARK.match(lines[mark]) else mark)
    is_spaced = _is_header(lines, number) and _is_blank(lines[number + 1] if number + 1 < len(lines) else "x")
    while _is_header(lines, number):
        number += 1
        while number < len(lines) and lines[number][:1] in (" ", "\t") and lines[number].strip():
            number += 1  # a folded header
        if is_spaced and _is_header(lines, following := _skip_blank(lines, number)):
            number = following
    return number


def _is_header(lines: list[str], number: int) -> bool:
    return number < len(lines) and _HEADER.match(lines[number]) is not None


def _is_blank(line: str) -> bool:
    return not _QUOTE.sub("", line).strip()


def _skip_blank(lines: list[str], number: int) -> int:
    while number < len(lines) and _is_blank(lines[number]):
        number += 1
    return number


def _own(lines: list[str]) -> str:
    """Without signature and quotations; with the quotations where there is nothing else."""
    kept: list[str] = []
    for line in lines:
        if line.rstrip() == "--" or _SENT_FROM.match(line):
            break
        kept.append(line)
    written = _joined(line for line in kept if not line.lstrip().startswith(">"))
    return written if _has_words(written) else _joined(_QUOTE.sub("", line) for line in kept)


def _joined(lines: Iterable[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(map(one_line, lines))).strip()


def _has_words(text: str) -> bool:
    return any(c.isalnum() for c in text)
