"""CAP 1.2 (1.0 and 1.1 read too): alone, embedded or linked in Atom and RSS, inside EDXL-DE. One alert is one notice.

body -> decode -> a tree without entities, DTD or network -> its `alert` elements as notices, else the links of a feed's
entries as pages to read. A fault against the schema is a note, as long as the alert says who sent it, when and which.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from crawlers.adapters.capalert import child_text, is_alert, local_name, notice
from crawlers.adapters.feed import prepared
from crawlers.adapters.opening import opened, page_instead
from crawlers.adapters.protocol import Context, ItemError, Parsed, Request
from crawlers.plain import web_link
from index.model import Item, Source

MAX_ALERTS = 2_000
_FEEDS = frozenset({"feed", "rss", "RDF"})
_PACKAGES = frozenset({"EDXLDistribution", "alerts"})


class CapAdapter:
    """Reads alerts as notices. It validates no signature and judges no sender: the registry gives the level."""

    def first(self, source: Source) -> tuple[Request, ...]:
        return (Request(source.url),)

    def read(self, body: bytes, context: Context) -> Parsed:
        decoded = opened(body, context)
        if isinstance(decoded, Parsed):
            return decoded
        text = prepared(decoded.text)
        root, is_whole = _tree(text)
        if root is None:
            return Parsed(code=page_instead(text) or "malformed")
        alerts = list(_alerts(root))
        entries = [e for e in root.iter() if local_name(e) in ("entry", "item")] if local_name(root) in _FEEDS else []
        if not alerts and not entries and local_name(root) not in _FEEDS | _PACKAGES:
            return Parsed(code=page_instead(text) or "not_a_feed")
        is_whole = is_whole and not context.is_truncated
        if not is_whole:  # what was open where the document ends is half an alert
            alerts, entries = (alerts[:-1], entries) if not entries else (alerts, entries[:-1])
        return _parsed(alerts, entries, is_whole, context)


def _tree(text: str) -> tuple[etree._Element | None, bool]:
    """The root, and whether the document was whole; a broken one is read as far as it goes."""
    for is_lenient in (False, True):
        parser = etree.XMLParser(
            encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
            remove_comments=True, remove_pis=True, recover=is_lenient,
        )  # fmt: skip
        try:
            root = etree.fromstring(text.encode("utf-8", "ignore"), parser=parser)
        except (etree.XMLSyntaxError, ValueError):
            continue
        if root is not None:  # a document that closes its root was not cut, whatever else is wrong in it (Q22)
            last = re.search(r"</([^<>\s]+)\s*>\s*$", text)
            is_closed = last is not None and last[1].rpartition(":")[2] == local_name(root)
            return root, not is_lenient or is_closed
    return None, False


def _alerts(root: etree._Element) -> Iterator[etree._Element]:
    for element in root.iter():
        if is_alert(element) and not any(is_alert(a) for a in element.iterancestors()):
            yield element


def _parsed(alerts: list[etree._Element], entries: list[etree._Element], is_whole: bool, context: Context) -> Parsed:
    notes: Counter[str] = Counter()
    items: list[Item] = []
    bad: list[ItemError] = []
    alias = context.request.native_id
    for element in alerts[:MAX_ALERTS]:
        found = notice(element, context, notes, alias)
        if isinstance(found, Item):
            items.append(found)
            alias = ""  # the page's name belongs to its first alert
        elif found is not None:
            bad.append(found)
    more = [r for e in entries if not any(is_alert(d) for d in e.iter()) and (r := _linked(e, context)) is not None]
    return Parsed(tuple(items), tuple(bad), tuple(more), is_complete=is_whole, notes=dict(notes))


def _linked(entry: etree._Element, context: Context) -> Request | None:
    """The alert that an entry points at: the link typed as CAP, else the one that looks like a file, else the first."""
    links: list[tuple[int, str]] = []
    for element in entry:
        name, kind = local_name(element), (element.get("type") or "").lower()
        raw = element.get("href") or element.get("url") or (element.text or "" if name == "link" else "")
        if name in ("link", "enclosure") and (url := web_link(raw, context.url)):
            rank = 0 if "cap" in kind else 1 if url.endswith((".xml", ".cap")) else 2 if "xml" in kind else 3
            links.append((rank, url))
    if not links:
        return None
    url = min(links, key=lambda link: link[0])[1]
    name = child_text(entry, "id") or child_text(entry, "guid") or url
    return Request(url, "page", name[:500])
