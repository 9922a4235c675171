"""Walks the sample texts of `desk.toml` through the desk with two demo editors: the acts a person would do, no
shortcuts.

suggestions beyond doubt are confirmed ─► each text is drafted on the claim it answers ─► submitted ─► approved by
the other
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from index import Catalogue
from index.errors import Conflict, NotFound
from index.model import (
    Band,
    DocKind,
    Editor,
    Evidence,
    Harm,
    Refutation,
    RefutationText,
    Severity,
    Technique,
    Verdict,
)

Progress = Callable[[int, int], None]
_KEPT_FOR_THE_DESK = 4  # sure suggestions left over, so that the queue has some to try


def walk(catalogue: Catalogue, desk_toml: str, editors: tuple[Editor, Editor], progress: Progress) -> int:
    """Confirms, drafts and publishes; returns how many notices went out.

    Raises: NotFound if no claim was found for a text, which means that linking or the samples are broken.
    """
    texts = tomllib.loads(desk_toml)["text"]
    confirm_sure(catalogue, editors)
    notices = 0
    for number, entry in enumerate(texts):
        author, approver = editors if number % 2 == 0 else (editors[1], editors[0])
        notices += _write(catalogue, entry, author, approver)
        progress(number + 1, len(texts))
    catalogue.sync()
    catalogue.link_waiting(10_000)
    return notices


def confirm_sure(catalogue: Catalogue, editors: Sequence[Editor]) -> int:
    """Confirms the suggestions in band `same` to which nothing objects, all but the last few; returns how many."""
    sure = []
    page = 1
    while True:
        queue = catalogue.queue("match", editors[0], page)
        for row in queue.rows:
            sure += [s.match for s in row.suggestions if s.match.band is Band.SAME]
        if page >= queue.page_count:
            break
        page += 1
    sure = [m for m in sure if not any(r.objects for r in m.reasons)]
    count = 0
    for number, match in enumerate(sure[: max(0, len(sure) - _KEPT_FOR_THE_DESK)]):
        try:
            catalogue.confirm(match.id, editors[number % 2])
        except Conflict:  # an earlier confirmation has joined the two already
            continue
        count += 1
    return count


def _write(catalogue: Catalogue, entry: dict[str, Any], author: Editor, approver: Editor) -> int:
    text = _text(entry)
    refutation = catalogue.draft(_claim_for(catalogue, text), author, text)
    state = entry["state"]
    if state == "draft":
        return 0
    refutation = catalogue.submit(refutation.id, author)
    if state == "in_review":
        return 0
    _approve(catalogue, refutation, approver)
    if state == "corrected":
        _correct(catalogue, refutation, text, entry["correction"], author, approver)
        return 2
    if state == "withdrawn":
        _approve(catalogue, catalogue.propose_withdrawal(refutation.id, author, entry["reason"]), approver)
        return 2
    return 1


def _correct(
    catalogue: Catalogue,
    refutation: Refutation,
    text: RefutationText,
    correction: dict[str, Any],
    author: Editor,
    approver: Editor,
) -> None:
    started = catalogue.start_correction(refutation.id, author)
    assert started.working is not None  # start_correction opens it
    changed = replace(text, **correction["changes"])
    catalogue.save(
        refutation.id, changed, author, started.working.version, correction["note"], correction["is_material"]
    )
    _approve(catalogue, catalogue.submit(refutation.id, author), approver)


def _approve(catalogue: Catalogue, refutation: Refutation, approver: Editor) -> None:
    assert refutation.working is not None  # submitted just before
    catalogue.approve(refutation.id, approver, refutation.working.version)


def _claim_for(catalogue: Catalogue, text: RefutationText) -> str:
    """The claim that the crawlers found and that this text answers; a claim with an answer of its own is passed
    over.
    """
    for wording in (text.claim, text.circulating):
        for candidate in catalogue.match(wording, limit=10).candidates:
            if candidate.kind is DocKind.CLAIM and candidate.status == "open":
                return candidate.id
    raise NotFound(f"no claim for the sample text {text.headline!r}")


def _text(entry: dict[str, Any]) -> RefutationText:
    evidence = tuple(Evidence(e["publisher"], e["title"], e["url"], e.get("published_on")) for e in entry["evidence"])
    return RefutationText(
        headline=entry["headline"],
        verdict=Verdict(entry["verdict"]),
        claim=entry["claim"],
        truth=entry["truth"],
        circulating=entry["circulating"],
        why=entry["why"],
        technique=Technique(entry["technique"]) if entry["technique"] else None,
        action=entry["action"],
        question=entry.get("question", ""),
        evidence=evidence,
        language=entry["language"],
        topics=tuple(entry["topics"]),
        regions=tuple(entry["regions"]),
        severity=Severity(entry["severity"]),
        harm=Harm(entry["harm"]),
    )
