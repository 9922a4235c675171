"""Writing: the form in the order of the page, saving under an optimistic lock, submitting, comparing revisions."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from index import workflow
from index.errors import Conflict, InvalidInput, NotFound, Refused
from index.model import LANGUAGES, TOPICS, Evidence, Harm, Severity, Technique, Verdict
from index.pages import DraftPage, NoticeRow
from webapp import compare
from webapp.desk import access, forms, words
from webapp.desk.forms import DraftForm, Problem, Row
from webapp.desk.queue import MAX_SEARCH
from webapp.desk.room import blueprint
from webapp.language import gettext, url_for
from webapp.opened import catalogue
from webapp.present import moment
from webapp.regions import REGION_NAMES

ADD_ROW, ADD_SUGGESTED, FIND_NOTICE, SUBMIT, PREVIEW = "add_row", "add-", "find_notice", "submit", "preview"
ENTER = "enter"
OFFERED_NOTICES = 8


@blueprint.get("/drafts/<refutation_id>")
def draft(refutation_id: str) -> Response | str:
    page = catalogue().draft_page(refutation_id, access.editor())
    if workflow.Act.SAVE not in page.acts or page.working is None:
        return redirect(url_for(".publish_check", refutation_id=refutation_id), 303)
    return _form(page, forms.of_revision(page.working))


@blueprint.post("/drafts/<refutation_id>")
def save_draft(refutation_id: str) -> Response | str | tuple[str, int]:
    page = catalogue().draft_page(refutation_id, access.editor())
    if workflow.Act.SAVE not in page.acts or page.working is None:
        raise Refused(code=page.refusals.get(workflow.Act.SAVE, "wrong_status"))
    form = _read(page.working.text.evidence)
    act = request.form.get("act", "")
    if act == ENTER and _asked("notice-words") != _asked("notice-asked"):  # the key was pressed in that field
        act = FIND_NOTICE
    if act == ADD_ROW:
        return _form(page, form.with_rows(Row(), Row()), is_row_new=True)
    if act == FIND_NOTICE:
        return _form(page, form, offered=_notices("notice-words"))
    if act.startswith(ADD_SUGGESTED):
        row = _suggested(page, act.removeprefix(ADD_SUGGESTED))
        if row is None:  # it has been withdrawn, or newer ones stand before it now
            return _form(page, form, offered=_notices("notice-asked"))
        return _form(page, form.with_rows(row, Row()), is_row_new=True)
    if form.problems:
        return _form(page, form), 422
    try:
        catalogue().save(refutation_id, form.text, access.editor(), form.version, form.note, form.is_material)
    except Conflict:
        return _conflict(refutation_id, form), 409
    except InvalidInput as error:
        return _form(page, form.with_problems(Problem(error.field or "headline", error.code))), 422
    if act == SUBMIT:
        return _submit(refutation_id)
    if act == PREVIEW:
        return redirect(url_for(".preview", refutation_id=refutation_id), 303)
    flash(gettext("Saved: %(time)s.", time=moment(catalogue().now())))
    return redirect(url_for(".draft", refutation_id=refutation_id), 303)


@blueprint.get("/drafts/<refutation_id>/compare")
def compare_revisions(refutation_id: str) -> str:
    """The revision in work against the published one, or any two by number."""
    page = catalogue().draft_page(refutation_id, access.editor())
    revisions = {str(r.number): r for r in page.refutation.revisions}
    numbers = list(revisions)
    old = request.args.get("from", numbers[max(0, len(numbers) - 2)])
    new = request.args.get("to", numbers[-1])
    if old not in revisions or new not in revisions:
        raise NotFound(f"no such revision of {refutation_id}")
    before, after = revisions[old], revisions[new]
    changes = compare.changes(words.shown(before.text), words.shown(after.text))
    return render_template("desk/compare.html", page=page, before=before, after=after, changes=changes, numbers=numbers)


def _read(known: tuple[Evidence, ...]) -> DraftForm:
    return forms.read(request.form, request.form.getlist("topics"), request.form.getlist("regions"), known)


def _submit(refutation_id: str) -> Response | tuple[str, int]:
    try:
        catalogue().submit(refutation_id, access.editor())
    except InvalidInput:
        page = catalogue().draft_page(refutation_id, access.editor())
        assert page.working is not None  # saved a moment ago, and submit would have said so otherwise
        checks = workflow.checklist(page.working.text, page.working.kind, page.working.note)
        missing = [Problem(c.field, c.key) for c in checks if c.is_required and not c.is_done]
        return _form(page, forms.of_revision(page.working).with_problems(*missing)), 422
    flash(gettext("Saved and submitted. Another editor can now check and approve it."))
    return redirect(url_for(".publish_check", refutation_id=refutation_id), 303)


def _suggested(page: DraftPage, outside_id: str) -> Row | None:
    notice = next((row for row in _notices("notice-asked") if row.id == outside_id), None)
    if notice is not None:
        return forms.notice_row(notice)
    found = next((o for o in page.suggested_evidence if o.id == outside_id), None)
    if found is None:
        return None
    source = next((row.source for row in catalogue().sources() if row.source.id == found.source_id), None)
    return forms.suggested_row(found, found.publisher or (source.name(found.language) if source else found.source_id))


def _asked(field: str) -> str:
    return request.form.get(field, "").strip()[:MAX_SEARCH]


def _notices(field: str) -> tuple[NoticeRow, ...]:
    """Official notices in force with the words in `field`: those typed now, or those of the list that is shown."""
    return catalogue().official_notices(text=_asked(field), only_in_force=True).rows[:OFFERED_NOTICES]


def _conflict(refutation_id: str, form: DraftForm) -> Response | str:
    """Somebody saved in between: both versions side by side, and nothing lost whichever is kept."""
    page = catalogue().draft_page(refutation_id, access.editor())
    if page.working is None:
        raise Refused(code="nothing_in_work")
    changes = compare.changes(words.shown(page.working.text, page.working.note), words.shown(form.text, form.note))
    fields = [(k, v) for k, v in access.kept().fields.items(multi=True) if k not in ("version", "act")]
    return make_response(
        render_template("desk/conflict.html", page=page, changes=changes, fields=fields, version=page.working.version)
    )


def _form(
    page: DraftPage, form: DraftForm, is_row_new: bool = False, offered: tuple[NoticeRow, ...] | None = None
) -> str:
    assert page.working is not None  # the views have made sure
    return render_template(
        "desk/draft.html",
        page=page,
        form=form,
        revision=page.working,
        checks=workflow.checklist(form.text, page.working.kind, form.note),
        used={e.url for e in form.text.evidence},
        problems=form.problems,
        is_row_new=is_row_new,
        offered=offered,
        verdicts=tuple(Verdict),
        techniques=tuple(Technique),
        severities=tuple(Severity),
        harms=tuple(Harm),
        topics=TOPICS,
        regions=REGION_NAMES,
        languages=LANGUAGES,
        limits=words.LENGTHS,
    )
