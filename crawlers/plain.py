"""Publishers' markup to plain text and safe links. What leaves here runs nowhere (reliability.md 2.5, C8)."""

from __future__ import annotations

import html
import re
from urllib.parse import quote, urljoin, urlsplit

import nh3
from lxml import etree
from lxml import html as lxml_html

MAX_TEXT = 50_000
MAX_TITLE = 500
MAX_LABEL = 100
MAX_CLAIM = 500

_TAGS = {
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
}
_TAGS |= {
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "article",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "tr",
    "u",
    "ul",
}
_BLOCKS = _TAGS - {"a", "b", "code", "em", "i", "strong", "sub", "sup", "u", "td", "th"}
_KNOWN_TAG = re.compile(
    r"</?(?:a|b|blockquote|br|div|em|font|h[1-6]|i|img|li|ol|p|span|strong|sub|sup|table|td|tr|u|ul)\b[^<>]*>", re.I
)
_SCRIPT = re.compile(r"<(script|style|template|iframe|object|svg|math)\b.*?(?:</\1\s*>|$)", re.I | re.S)
_ESCAPED_TAG = re.compile(r"&lt;/?(?:a|b|br|div|em|i|img|li|ol|p|span|strong|ul)\b", re.I)
# Controls, bidi embeddings, overrides and isolates, lone surrogates: never shown, and no part of any word.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
# What a byte from 0x80 to 0x9f looks like after cp1252; its five holes stay controls.
_BYTE_OF = {bytes([b]).decode("cp1252"): b for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_MOJIBAKE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]")


def plain_text(markup: str, base_url: str = "") -> str:
    """HTML as paragraphs of plain text, with a blank line between blocks; at most MAX_TEXT characters."""
    if "<" not in markup and "&" not in markup:
        return _lines(markup)[:MAX_TEXT]
    return _lines(_text_of(cleaned(markup, base_url)))[:MAX_TEXT]


def cleaned(markup: str, base_url: str = "") -> str:
    """HTML of text and absolute web links alone: nothing in it runs, nothing is fetched by showing it."""
    markup = _HALF_PAIR.sub("", markup)  # no UTF-8 has them; JSON does, of an emoji cut in two
    if _ESCAPED_TAG.search(markup):  # twice escaped: once more only where a known tag results (Q11)
        markup = html.unescape(markup)
    return nh3.clean(
        markup,
        tags=_TAGS,
        clean_content_tags={"script", "style", "template", "noscript", "iframe", "object"},
        attributes={"a": {"href"}, "*": set()},
        url_schemes={"http", "https", "mailto"},
        url_relative=("rewrite_with_base", base_url) if _is_web(base_url) else "deny",
        link_rel=None,
    )


def plain_title(raw: str) -> str:
    """One line without markup; `<` in a formula stays."""
    text = raw
    for _ in range(2):
        text = _SCRIPT.sub("", text)
        if _KNOWN_TAG.search(text):
            text = _KNOWN_TAG.sub("", text)
        text = html.unescape(text) if re.search(r"&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]+);", text, re.I) else text
    return clip(one_line(text), MAX_TITLE)


def one_line(text: str) -> str:
    return " ".join(_UNSEEN.sub("", mended(text)).split())


def clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def has_mojibake(text: str) -> bool:
    return _MOJIBAKE.search(text) is not None


def mended(text: str) -> str:
    """UTF-8 that was read as latin-1 inside a field, repaired where that is reversible and more plausible (Q11)."""
    if not _MOJIBAKE.search(text):
        return text
    try:
        better = bytes(_BYTE_OF.get(c, ord(c)) for c in text).decode("utf-8")
    except ValueError:
        return text
    return text if _MOJIBAKE.search(better) else better


def web_link(raw: str, base_url: str = "") -> str:
    """An absolute http(s) address without fragment, or "" for anything else (`javascript:`, `data:`, `mailto:` …)."""
    raw = _UNSEEN.sub("", raw).strip().replace("\n", "").replace("\t", "")
    if not raw or len(raw) > 4096:
        return ""
    try:
        joined = urljoin(base_url, raw) if base_url else raw
        parts = urlsplit(joined)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or "\\" in joined:
            return ""
        host = parts.netloc
    except ValueError:
        return ""
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._") or "/"
    query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?[]')}" if parts.query else ""
    return f"{parts.scheme.lower()}://{host}{path}{query}"


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _text_of(markup: str) -> str:
    if not markup.strip():
        return ""
    try:
        root = lxml_html.fragment_fromstring(markup, create_parent="div")
    except (etree.ParserError, ValueError):
        return html.unescape(re.sub(r"<[^<>]*>", " ", markup))
    pieces: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        is_block = element.tag in _BLOCKS
        if event == "start":
            pieces.append(
                "\n" if element.tag == "br" else "\n\n" if is_block else " " if element.tag in ("td", "th") else ""
            )
            pieces.append(element.text or "")
        else:
            pieces.append("\n\n" if is_block and element.tag != "br" else "")
            pieces.append((element.tail or "") if element is not root else "")
    return "".join(re.sub(r"[ \t\r\f\v]*\n[ \t\r\f\v]*", " ", p) if p.strip() else p for p in pieces)


def _lines(text: str) -> str:
    text = _UNSEEN.sub("", mended(text))
    text = re.sub(r"[ \t\r\f\v\u00a0]+", " ", text.replace("\r\n", "\n"))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" ?\n ?", "\n", text)).strip()
