"""Walks the sample texts of `desk.toml` through the desk with two demo editors: the acts a person would do, no
shortcuts.

suggestions beyond doubt are confirmed ─► each text is drafted on the claim it answers ─► submitted ─► approved by
the other
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from index import Catalogue
from index.errors import Conflict, NotFound, Refused
from index.model import (
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
from index.pages import Suggestion

Progress = Callable[[int, int], None]
_KEPT_FOR_THE_DESK = 6
_REJECTION = "说的不是同一件事"


def walk(
    catalogue: Catalogue, desk_toml: str, truth_toml: str, editors: tuple[Editor, Editor], progress: Progress
) -> int:
    """Decides on suggestions, drafts and publishes; returns how many notices went out.

    Raises: NotFound if no claim was found for a text, which means that linking or the samples are broken.
    """
    texts = tomllib.loads(desk_toml)["text"]
    rumors = _Rumors(truth_toml)
    review(catalogue, rumors, editors)
    notices = 0
    for number, entry in enumerate(texts):
        author, approver = editors if number % 2 == 0 else (editors[1], editors[0])
        notices += _write(catalogue, entry, author, approver)
        progress(number + 1, len(texts))
    catalogue.sync()
    catalogue.link_waiting(10_000)  # what was published looks for claims in other words
    review(catalogue, rumors, editors, keep=_KEPT_FOR_THE_DESK)
    catalogue.sync()
    return notices


class _Rumors:
    """What the demo's editors know: which sample item is about which rumor. It does not help the machine."""

    def __init__(self, truth_toml: str) -> None:
        self._by_item: dict[str, str] = {}
        for key, rumor in tomllib.loads(truth_toml)["rumors"].items():
            for item in (*rumor["items"], *rumor["denials"], *rumor["refutations"]):
                self._by_item[item] = key

    def of_claim(self, catalogue: Catalogue, claim_id: str) -> str | None:
        seen = catalogue.claim_file(claim_id).sightings
        return next((key for s in seen if (key := self._of(s.native_id, s.url))), None)

    def of_target(self, catalogue: Catalogue, suggestion: Suggestion) -> str | None:
        if suggestion.target_outside is not None:
            return self._of(suggestion.target_outside.native_id, suggestion.target_outside.url)
        if suggestion.target_refutation is not None:
            return self.of_claim(catalogue, suggestion.target_refutation.claim_id)
        return self.of_claim(catalogue, suggestion.match.target_id)

    def _of(self, native_id: str, url: str) -> str | None:
        return self._by_item.get(native_id) or self._by_item.get(urlsplit(url).path)


def review(catalogue: Catalogue, rumors: _Rumors, editors: tuple[Editor, Editor], keep: int = 0) -> None:
    """The two editors take turns: same rumor, confirmed; another one, rejected with the reason.

    The `keep` least probable ones stay, so that the queue has some to try.
    """
    waiting = _suggestions(catalogue, editors[0])
    for number, suggestion in enumerate(waiting[: max(0, len(waiting) - keep)]):
        editor, match = editors[number % 2], suggestion.match
        ours, theirs = rumors.of_claim(catalogue, match.claim_id), rumors.of_target(catalogue, suggestion)
        try:
            if ours is not None and ours == theirs:
                catalogue.confirm(match.id, editor)
            else:
                catalogue.reject(match.id, editor, _REJECTION)
        except (Conflict, Refused):  # an earlier decision has settled this one too
            continue


def _suggestions(catalogue: Catalogue, editor: Editor) -> list[Suggestion]:
    found: list[Suggestion] = []
    page = 1
    while True:
        queue = catalogue.queue("match", editor, page)
        found += [s for row in queue.rows for s in row.suggestions]
        if page >= queue.page_count:
            return sorted(found, key=lambda s: -s.match.probability)
        page += 1


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
