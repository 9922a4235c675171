"""What readers and search engines get if the revision in work is approved, made by the public parts themselves.

The article is cut out of the public page itself, so that no second template can drift away from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import render_template
from markupsafe import Markup

from index import workflow
from index.model import Alert, AlertKind, PublicState, Revision, Thread, Verdict
from index.pages import DraftPage, ThreadPage
from webapp.charts import sightings_chart
from webapp.language import gettext
from webapp.opened import catalogue
from webapp.passing_on import kit
from webapp.review_markup import claim_review

ARTICLE_BEGINS = '<div class="page columns alert'


@dataclass(frozen=True, slots=True)
class ReadersView:
    """A revision in all its public forms. `has_verdict` is False while a draft has none and a stand-in is shown."""

    thread: Thread
    article: Markup
    markup: dict[str, Any] | None
    has_verdict: bool


def revision_of(page: DraftPage) -> Revision | None:
    """The revision to show: the one in work, else the one in force."""
    return page.working or page.published


def as_readers_see(page: DraftPage) -> ReadersView:
    """Everything that the public would get; nothing of it is stored or sent."""
    thread = _as_thread(page)
    has_verdict = thread.text.verdict is not None
    if not has_verdict or not thread.text.headline:  # the public template needs both
        headline = thread.text.headline or gettext("Without a headline")
        text = replace(thread.text, headline=headline, verdict=thread.text.verdict or Verdict.UNPROVEN)
        thread = replace(thread, revision=replace(thread.revision, text=text))
    public = _thread_page(page, thread)
    markup = claim_review(public) if has_verdict else None
    return ReadersView(thread, _article(public), markup, has_verdict)


def _article(page: ThreadPage) -> Markup:
    """The public alert page from its first block to the end of `main`; its h1 gives way to that of the desk's page."""
    thread = page.thread
    before = ["", *(n.id for n in thread.notices)]
    html = render_template(
        "public/alert.html",
        page=page,
        thread=thread,
        text=thread.text,
        kit=kit(thread),
        history=list(zip(thread.notices, before, strict=False))[::-1],
        chart=sightings_chart(page.daily, thread.issued_at),
        markup=None,
    )
    article = html[html.index(ARTICLE_BEGINS) : html.rindex("</main>")]
    return Markup(article.replace("<h1", '<h2 class="as-h1"').replace("</h1>", "</h2>"))  # noqa: S704 - template's own


def _thread_page(page: DraftPage, thread: Thread) -> ThreadPage:
    claim = catalogue().claim_page(page.refutation.claim_id)
    file = catalogue().claim_file(page.refutation.claim_id)
    return ThreadPage(
        thread=thread,
        claim=claim.claim,
        sightings=tuple(s for s in file.sightings if not s.is_debunk),
        source_names=file.source_names,
        daily=claim.daily,
        reviews=claim.reviews,
        related=(),
    )


def _as_thread(page: DraftPage) -> Thread:
    """The thread as readers would see it with the revision in work approved now; nothing of it is stored.

    A withdrawal keeps the published text and adds its notice, as the page will.
    """
    revision = revision_of(page)
    assert revision is not None  # the views have made sure
    refutation, now = page.refutation, catalogue().now()
    notices = page.notices
    if page.working is not None:
        notice_id = refutation.thread_id if not notices else f"{refutation.thread_id}-next"
        references = tuple(n.id for n in notices)
        notice = Alert(
            notice_id, refutation.thread_id, refutation.id, revision.id, revision.kind, now, references, revision.note,
            revision.is_material,
        )  # fmt: skip
        notices = (*notices, notice)
    is_withdrawn = any(n.kind is AlertKind.CANCEL for n in notices)
    in_force = page.published if is_withdrawn and page.published is not None else replace(revision, published_at=now)
    return Thread(
        id=refutation.thread_id,
        refutation_id=refutation.id,
        claim_id=refutation.claim_id,
        revision=in_force,
        notices=notices,
        revisions=(in_force,),
        state=PublicState.WITHDRAWN if is_withdrawn else workflow.public_state(refutation, now),
        issued_at=notices[0].sent_at if notices else now,
        updated_at=notices[-1].sent_at if notices else now,
        is_corrected=any(n.kind is AlertKind.UPDATE and n.is_material for n in notices),
    )
