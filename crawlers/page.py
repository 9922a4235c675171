"""An HTML page as a tree, asked by declared selectors. It runs nothing, follows nothing and believes no name in it."""

from __future__ import annotations

import re
from functools import lru_cache

from lxml import etree
from lxml import html as lxml_html
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from crawlers.plain import one_line, plain_text, plain_title, web_link
from index.model import Source

_DATE_RUN = re.compile(
    r"\s*((?:(?:民國|民国|令和|平成)\s*(?=\d{1,3}|元)|\d{4})[\d元年月日号號上下午时時分秒:：/.\-+TZ ]{4,30})"
)
_LD_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{4,60})"')
_PUBLISHED = (
    "article:published_time",
    "datePublished",
    "pubdate",
    "PubDate",
    "publishdate",
    "date",
    "og:published_time",
)


def parse_page(text: str) -> HtmlElement | None:
    """None for what holds no element at all."""
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_pis=True)
    try:
        root = lxml_html.document_fromstring(text.encode("utf-8", "ignore"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return root


@lru_cache(maxsize=512)
def selector(css: str) -> CSSSelector:
    """Raises: cssselect.SelectorError (a SyntaxError or NotImplementedError by kind) for a selector that is none."""
    return CSSSelector(css, translator="html")


def option(source: Source, key: str) -> str:
    """A value of the source's `select` table, or ""."""
    table = source.options.get("select", {})
    return str(table.get(key, "")) if isinstance(table, dict) else ""


def found(root: HtmlElement, css: str) -> list[HtmlElement]:
    return [e for e in selector(css)(root) if isinstance(e, HtmlElement)] if css else []


def text_of(root: HtmlElement, css: str) -> str:
    """The first match that has text, on one line."""
    return next((t for e in found(root, css) if (t := one_line(str(e.text_content())))), "")


def link_of(element: HtmlElement, css: str, base_url: str) -> str:
    """The first safe link of the matches, or of `element` itself."""
    candidates = found(element, css) if css else [element]
    return next((url for e in candidates if (url := web_link(e.get("href") or "", base_url))), "")


def base_of(root: HtmlElement, url: str) -> str:
    """The page's own `<base>` counts only inside http(s)."""
    href = next((e.get("href") or "" for e in found(root, "base[href]")), "")
    return web_link(href, url) or url


def meta(root: HtmlElement, *names: str) -> str:
    """The first non-empty `<meta>` of these names, properties or itemprops."""
    wanted = {name.lower() for name in names}
    for element in root.iter("meta"):
        keys = {(element.get(k) or "").lower() for k in ("name", "property", "itemprop")}
        if keys & wanted and (content := one_line(element.get("content") or "")):
            return content
    return ""


def page_title(root: HtmlElement, css: str = "") -> str:
    return (
        text_of(root, css)
        or (plain_title(meta(root, "og:title")) if not css else "")
        or text_of(root, "h1")
        or text_of(root, "title")
    )


def page_body(root: HtmlElement, url: str, css: str = "") -> str:
    """Plain text of the declared body, else of what trafilatura takes for the article."""
    if css:
        parts = [plain_text(lxml_html.tostring(e, encoding="unicode", with_tail=False), url) for e in found(root, css)]
        return "\n\n".join(p for p in parts if p)[:50_000]
    import trafilatura  # late: a second of imports that declared sources never need

    extracted = trafilatura.extract(
        lxml_html.tostring(root, encoding="unicode"), favor_precision=True, include_comments=False
    )
    return plain_text(extracted or "")


def page_date(root: HtmlElement, after: str = "") -> str:
    """The raw date that follows the declared words, else that of `<meta>`, of JSON-LD, of the first `<time>` (Q6)."""
    if after:
        text = one_line(str(root.text_content()))
        start = text.find(after)
        match = _DATE_RUN.match(text, start + len(after)) if start >= 0 else None
        if match:
            return match[1].strip()
    return meta(root, *_PUBLISHED) or _ld_date(root) or next((e.get("datetime") or "" for e in root.iter("time")), "")


def _ld_date(root: HtmlElement) -> str:
    """`datePublished` as text: whole enough for a date also where the block around it is broken."""
    scripts = (e for e in root.iter("script") if "ld+json" in (e.get("type") or "").lower())
    found = (_LD_DATE.search(str(e.text_content())[:500_000]) for e in scripts)
    return next((match[1] for match in found if match), "")


def page_language(root: HtmlElement) -> str:
    return next((e.get("lang") or "" for e in root.iter("html")), "")
