"""One CAP `alert` element as a notice. Identity is sender, identifier and moment of sending, as the standard has it.

`status` decides whether it is real at all, `msgType` what it does to those that `references` names.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

from lxml import etree

from crawlers.adapters.dating import moment
from crawlers.adapters.protocol import Context, ItemError
from crawlers.dates import zone
from crawlers.domains import host_of, is_within
from crawlers.language import canonical_language, told_language
from crawlers.plain import clip, one_line, plain_text, web_link
from index.model import Item, Role, Source

MAX_INFOS = 100
MAX_AREAS = 50
MAX_NAME = 150  # characters of a sender or an identifier
_NAMESPACES = ("urn:oasis:names:tc:emergency:cap:", "http://www.incident.com/cap/")
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.A)
_MARKUP = re.compile(r"</?[A-Za-z!]")
_ALLOWED = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown", "Very Likely"},
}


def local_name(element: etree._Element) -> str:
    """The name without its namespace; "" for comments and entities."""
    # not by QName: of an undeclared prefix the recovering parser keeps "cap:event", which QName refuses (Q22)
    return element.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(element.tag, str) else ""


def is_alert(element: etree._Element) -> bool:
    if local_name(element) != "alert":
        return False
    namespace = str(element.tag)[1:].rpartition("}")[0]
    return not namespace or namespace.startswith(_NAMESPACES)


def child_text(element: etree._Element, name: str) -> str:
    """Text of the first child of this name, on one line."""
    return next((one_line("".join(c.itertext())) for c in element if local_name(c) == name), "")


def notice(alert: etree._Element, context: Context, notes: Counter[str], alias: str = "") -> Item | ItemError | None:
    """The alert as a notice; None for what is no public, real notice; an error for one that cannot be told apart."""
    source = context.source
    sender, identifier, sent = (child_text(alert, name) for name in ("sender", "identifier", "sent"))
    if not (sender and identifier and sent) or max(len(sender), len(identifier), len(sent)) > MAX_NAME:
        return ItemError("malformed", identifier or alias)
    notes["signed"] += sum(1 for child in alert if child.tag == _SIGNATURE)
    infos = [child for child in alert if local_name(child) == "info"][:MAX_INFOS]
    _note_faults(alert, infos, notes)
    status, scope, kind = (child_text(alert, name) for name in ("status", "scope", "msgType"))
    if refused := _refused(status, scope, kind):
        notes[refused] += 1
        return None
    name = identity(sender, identifier, sent, source)
    infos = sorted(infos, key=lambda info: _language_rank(info, source))  # stable: the sender's order inside a language
    title, text = _wording(alert, infos, identifier)
    publisher, url = _origin(sender, alert, infos, context)
    return Item(
        native_id=name,
        url=url,
        title=title,
        text=text,
        language=_language(infos, title, source),
        role=Role.NOTICE,
        published_at=moment(sent, context),
        publisher=publisher,
        is_withdrawn=kind == "Cancel",
        aliases=(alias,) if alias and alias != name else (),
        supersedes=_references(alert, sender, source, notes) if kind in ("Update", "Cancel") else (),
        expires_at=_expiry(infos, source),
    )


def identity(sender: str, identifier: str, sent: str, source: Source) -> str:
    """The triple in one spelling: the same moment in another zone is the same alert."""
    moment = _moment(sent, source)
    return f"{sender},{identifier},{moment.isoformat() if moment else sent}"


def _moment(raw: str, source: Source) -> datetime | None:
    """As the standard writes it, and nothing else; unlike a date of publication it may lie ahead (`expires`)."""
    match = _MOMENT.fullmatch(raw)
    if match is None:
        return None
    try:
        found = datetime.fromisoformat(raw)
        return (found if match[1] else found.replace(tzinfo=zone(source.timezone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _refused(status: str, scope: str, kind: str) -> str:
    """Why this is no notice: an exercise is never shown as real, and neither is what does not say that it is real."""
    if status != "Actual":
        return "not_actual"
    if scope in ("Restricted", "Private"):
        return "not_public"
    return "no_notice" if kind in ("Ack", "Error") else ""


def _note_faults(alert: etree._Element, infos: list[etree._Element], notes: Counter[str]) -> None:
    """Counts what the 1.2 schema would refuse, and `Z` apart: it asks for a numeric offset."""
    faults = 0
    ranked = ((alert, ("status", "msgType", "scope")), *((i, ("urgency", "severity", "certainty")) for i in infos))
    for element, names in ranked:
        faults += sum(child_text(element, name) not in _ALLOWED[name] for name in names)
    faults += sum(not child_text(info, name) for info in infos for name in ("category", "event"))
    times = [child_text(alert, "sent"), *(child_text(i, n) for i in infos for n in ("effective", "onset", "expires"))]
    for raw in filter(None, times):
        match = _MOMENT.fullmatch(raw)
        if match is not None and match[1] == "Z":
            notes["zulu_times"] += 1
        elif match is None or not match[1] or "." in raw:
            faults += 1
    if faults:
        notes["schema_faults"] += faults


def _language_rank(info: etree._Element, source: Source) -> int:
    told, wanted = canonical_language(child_text(info, "language") or "en-US"), canonical_language(source.language)
    return 0 if told == wanted else 1 if told.split("-")[0] == wanted.split("-")[0] else 2


def _language(infos: list[etree._Element], title: str, source: Source) -> str:
    if not infos:
        return told_language(title, "", source.language)
    sample, label = f"{title} {_plain(infos[0], 'description')}", child_text(infos[0], "language")
    return told_language(sample, label, source.language)


def _wording(alert: etree._Element, infos: list[etree._Element], identifier: str) -> tuple[str, str]:
    """Title of the first language; the text of all, each with its headline, so that one notice can be found in each."""
    blocks: list[str] = []
    title = ""
    for info in infos:
        headline = child_text(info, "headline") or child_text(info, "event")
        title = title or headline
        areas = [child_text(area, "areaDesc") for area in info if local_name(area) == "area"][:MAX_AREAS]
        blocks += [headline if headline != title else "", _plain(info, "description"), _plain(info, "instruction")]
        blocks.append("; ".join(dict.fromkeys(filter(None, areas))))
    blocks.append(_plain(alert, "note"))
    text = "\n\n".join(dict.fromkeys(b for b in blocks if b))
    title = clip(one_line(plain_text(title)) if _MARKUP.search(title) else title, 500)
    title = title or clip(text.split("\n", 1)[0], 80) or identifier
    return title, text or title


def _plain(element: etree._Element, name: str) -> str:
    raw = next(("".join(c.itertext()) for c in element if local_name(c) == name), "")
    if _MARKUP.search(raw):
        return plain_text(raw)
    return "\n".join(line for part in raw.splitlines() if (line := one_line(part)))[:20_000]


def _origin(sender: str, alert: etree._Element, infos: list[etree._Element], context: Context) -> tuple[str, str]:
    """Publisher and address. A hub lends no level: there the sender's domain is named, and no page that the alert
    itself names may stand for it."""
    source = context.source
    if source.options.get("aggregator"):
        domain = host_of(sender.rsplit("@", 1)[-1]) if "@" in sender or "://" in sender else ""
        return domain if "." in domain else one_line(sender).replace(".", " "), context.url
    also = source.options.get("also_hosts", ())
    hosts = (source.domain, *(str(h) for h in also)) if isinstance(also, list | tuple) else (source.domain,)
    pages = (web_link(child_text(info, "web")) for info in infos)
    return "", next((url for url in pages if url and is_within(url, hosts)), context.url)


def _references(alert: etree._Element, sender: str, source: Source, notes: Counter[str]) -> tuple[str, ...]:
    """The alerts that this one replaces. In a hub, where many senders meet, a sender speaks for its own alerts only."""
    found = []
    for raw in child_text(alert, "references").split():
        parts = raw.split(",")
        if len(parts) != 3 or not all(parts):
            notes["bad_references"] += 1
        elif source.options.get("aggregator") and parts[0] != sender:
            notes["foreign_references"] += 1
        else:
            found.append(identity(parts[0], parts[1], parts[2], source))
    return tuple(dict.fromkeys(found))


def _expiry(infos: list[etree._Element], source: Source) -> datetime | None:
    """The notice is in force as long as any part of it; without end if one part has none."""
    ends = [_moment(child_text(info, "expires"), source) for info in infos]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None
