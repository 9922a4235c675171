"""What an entry of a feed says, before any format: threads and notices as plain entries, their text as HTML in the
order of ux.md 2.

A thread has one entry with one id for ever; its `updated` moves with each notice. A withdrawn one keeps its entry:
the title says so, the content is the reason. Notices have an id each. Control characters, which XML 1.0 cannot
carry or discourages, are dropped from every text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree
from lxml.builder import E

from index.model import RATINGS, Alert, AlertKind, PublicState, Thread
from webapp import language
from webapp.language import N_, gettext
from webapp.present import alert_url, day, paragraphs, topic_word, word
from webapp.words import CIRCULATING_WARNINGS, WHY_LABELS

WITHDRAWN_TITLE = N_("Withdrawn: %(headline)s")
CORRECTED_TITLE = N_("Corrected: %(headline)s")
# What XML 1.0 cannot carry, and the C1 controls, which it discourages and feed readers take for Windows-1252.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `html` is a fragment; `extension` is the machine-readable part, as JSON values."""

    id: str
    url: str
    title: str
    summary: str
    html: str
    language: str
    published: datetime
    updated: datetime
    categories: tuple[tuple[str, str], ...]  # (term, label); the verdict first
    extension: dict[str, Any]


def clean(text: str) -> str:
    """`text` as XML 1.0 can carry it, line ends as `\\n`, without control characters."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def clean_line(text: str) -> str:
    """On one line: for titles."""
    return " ".join(clean(text).split())


def thread_uri(thread_id: str) -> str:
    """The id of a thread's entry: its address without language, slug or query."""
    return language.url_for("public.alert", thread_id=thread_id, language=language.DEFAULT, absolute=True)


def notice_uri(notice: Alert) -> str:
    return f"{thread_uri(notice.thread_id)}#notice-{notice.id}"


def thread_entry(thread: Thread) -> Entry:
    """The entry of a thread as it stands now."""
    newest = thread.notices[-1]
    is_withdrawn = thread.state is PublicState.WITHDRAWN
    title = gettext(WITHDRAWN_TITLE, headline=thread.text.headline) if is_withdrawn else thread.text.headline
    return _entry(
        thread,
        newest,
        thread_uri(thread.id),
        alert_url(thread, absolute=True),
        title,
        thread.issued_at,
        thread.updated_at,
        is_withdrawn,
    )


def notice_entry(notice: Alert, thread: Thread) -> Entry:
    """The entry of one notice; it never changes its id, and tells what the notice did."""
    titles = {AlertKind.ISSUE: "%(headline)s", AlertKind.UPDATE: CORRECTED_TITLE, AlertKind.CANCEL: WITHDRAWN_TITLE}
    address = f"{alert_url(thread, absolute=True)}#notice-{notice.id}"
    if thread.withdrawal is not None:  # then no older notice repeats the finding either
        title, updated = gettext(WITHDRAWN_TITLE, headline=thread.text.headline), thread.withdrawal.sent_at
    else:
        title, updated = gettext(titles[notice.kind], headline=thread.text.headline), notice.sent_at
    return _entry(
        thread, notice, notice_uri(notice), address, title, notice.sent_at, updated, thread.withdrawal is not None
    )


def _entry(
    thread: Thread,
    notice: Alert,
    uri: str,
    url: str,
    title: str,
    published: datetime,
    updated: datetime,
    is_withdrawn: bool,
) -> Entry:
    text = thread.text
    reason = thread.withdrawal.note if thread.withdrawal else ""
    categories = [(f"verdict:{text.verdict}", word(text.verdict))] if text.verdict and not is_withdrawn else []
    categories += [(f"topic:{key}", topic_word(key)) for key in text.topics]
    return Entry(
        id=uri,
        url=url,
        title=clean_line(title),
        summary=clean_line(reason if is_withdrawn else text.truth),
        html=_withdrawn_html(reason) if is_withdrawn else _html(thread, notice),
        language=text.language,
        published=published,
        updated=updated,
        categories=tuple((clean_line(term), clean_line(label)) for term, label in categories),
        extension=_extension(thread, notice),
    )


def _extension(thread: Thread, notice: Alert) -> dict[str, Any]:
    text = thread.text
    assert text.verdict is not None  # a published text has one
    return {
        "thread_id": thread.id,
        "claim_id": thread.claim_id,
        "verdict": text.verdict.value,
        "verdict_word": word(text.verdict),
        "rating": RATINGS[text.verdict],
        "state": thread.state.value,
        "is_corrected": thread.is_corrected,
        "notice_id": notice.id,
        "notice_kind": notice.kind.value,
        "notice_note": clean(notice.note),
        "references": list(notice.references),
        "severity": text.severity.value,
        "harm": text.harm.value,
        "topics": list(text.topics),
        "regions": list(text.regions),
        "expires_at": rfc3339(text.expires_at) if text.expires_at else None,
        "claim_reviewed": clean(text.claim),
        "evidence": [
            {
                "publisher": clean_line(e.publisher),
                "title": clean_line(e.title),
                "url": clean_line(e.url),
                "published_on": e.published_on.isoformat() if e.published_on else None,
            }
            for e in text.evidence
        ],
    }


def rfc3339(moment: datetime) -> str:
    """UTC with Z, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# --- the text -------------------------------------------------------------------------------------


def _withdrawn_html(reason: str) -> str:
    return _serialise([E.p(E.strong(gettext("This alert has been withdrawn"))), *_lines(reason)])


def _html(thread: Thread, notice: Alert) -> str:
    """The blocks in their fixed order: verdict and scope, truth, what circulates, why, action, evidence; a
    correction's note on top."""
    text = thread.text
    assert text.verdict is not None
    blocks: list[etree._Element] = []
    if notice.note and notice.kind is AlertKind.UPDATE:
        blocks += [E.p(E.strong(gettext("Corrected"))), *_lines(notice.note)]
    blocks += [
        E.p(
            E.strong(word(text.verdict)),
            " · ",
            gettext("The finding applies only to this claim: “%(claim)s”", claim=clean(text.claim)),
        )
    ]
    blocks += [E.h2(gettext("What is true")), *_lines(text.truth)]
    blocks += [
        E.h2(gettext("What is circulating")),
        E.p(E.strong(gettext(CIRCULATING_WARNINGS[text.verdict]))),
        E.blockquote(*_lines(text.circulating)),
    ]
    blocks += [E.h2(gettext(WHY_LABELS[text.verdict])), *_lines(text.why)]
    blocks += [E.h2(gettext("Remember")), *_lines(text.action)]
    if text.evidence:
        items = [
            E.li(
                E.a(clean_line(e.title), href=clean_line(e.url)),
                f" · {clean_line(e.publisher)}",
                f" · {day(e.published_on)}" if e.published_on else "",
            )
            for e in text.evidence
        ]
        blocks += [E.h2(gettext("Evidence")), E.ol(*items)]
    return _serialise(blocks)


def _lines(text: str) -> list[etree._Element]:
    return [E.p(line) for line in paragraphs(clean(text))]


def _serialise(blocks: list[etree._Element]) -> str:
    return "".join(etree.tostring(block, method="html", encoding="unicode") for block in blocks)
