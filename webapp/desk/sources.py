"""Watching the sources: the list of their health, the page of one, and what editors decide about it.

Every act posts to the page of its source and comes back there; the catalogue says what is allowed (index/standing.py).
"""

from __future__ import annotations

import codecs
import contextlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from flask import abort, flash, redirect, render_template, request
from werkzeug.wrappers import Response

from index.errors import InvalidInput
from index.model import Health, NoticeState, SourceAct, SourceKind, SourceSample
from index.pages import SourceRow
from webapp.desk import access
from webapp.desk.forms import Problem
from webapp.desk.queue import MAX_SEARCH
from webapp.desk.room import blueprint
from webapp.language import N_, current, gettext, url_for
from webapp.opened import catalogue

Answer = Response | tuple[str, int]

#: Names of encodings, as Python writes them, in which a page may be written.
_OF_PAGES = re.compile(
    r"utf-(8|16|32)(-[bl]e)?|gb\w+|big5\w*|cp\d+|shift_jis\w*|euc_\w+|iso8859-\d+|iso2022_\w+|koi8-[ru]|ascii"
)

#: What is said after an act that is done, and after one that waits for a second editor.
_DONE: Mapping[SourceAct, str] = {
    SourceAct.CHECK: N_("%(source)s is due now. The next crawl takes it."),
    SourceAct.PAUSE: N_("%(source)s is paused."),
    SourceAct.RESUME: N_("%(source)s is read again."),
    SourceAct.FOLLOW: N_("%(source)s is read at its new address from now on."),
    SourceAct.STAY: N_("%(source)s stays at its address."),
    SourceAct.RETURN: N_("%(source)s is read at its registered address from now on."),
    SourceAct.LEARN: N_("%(source)s is compared with its new look from now on."),
    SourceAct.DROP: N_("The proposal is dropped."),
}
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_ASKED = N_("It waits for a second editor now.")


@blueprint.get("/sources")
def sources() -> str:
    rows = sorted(catalogue().source_health(), key=_by_trouble)
    return render_template("desk/sources.html", rows=rows, troubled=sum(map(_is_troubled, rows)))


@blueprint.get("/notices")
def notices() -> str:
    """What official sources announced, with how each notice stands."""
    asked, text = request.args.get("source", ""), request.args.get("q", "").strip()[:MAX_SEARCH]
    is_in_force = request.args.get("state") == NoticeState.IN_FORCE
    before = request.args.get("before", "")
    found = catalogue().official_notices(asked, text, before, only_in_force=is_in_force)
    kept = {k: v for k, v in {"source": asked, "q": text, "state": "in_force" if is_in_force else ""}.items() if v}
    return render_template(
        "desk/notices.html",
        found=found,
        sources=[row.source for row in catalogue().sources() if row.source.kind is SourceKind.OFFICIAL],
        asked=asked,
        text=text,
        is_in_force=is_in_force,
        is_first=not before,
        kept=kept,
    )


@blueprint.get("/sources/<source_id>")
def source(source_id: str) -> str:
    return _page(source_id)


@blueprint.get("/sources/<source_id>/answers/<any(usable, unusable):which>")
def source_sample(source_id: str, which: str) -> Answer:
    """What the source answered, as text alone: no browser makes a page of it, and its hidden characters show (C8)."""
    wanted = which == "usable"
    sample = next((s for s in catalogue().source_samples(source_id) if s.is_good is wanted), None)
    if sample is None:
        abort(404)
    answer = Response(_legible(sample), content_type="text/plain; charset=utf-8")
    answer.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    answer.headers["Content-Disposition"] = "inline"
    return answer


def _legible(sample: SourceSample) -> str:
    """By the encoding that fits, UTF-8 before what the answer declares; controls and marks of direction as numbers."""
    text = sample.body.decode("utf-8", "replace")
    for encoding in ("utf-8", *_declared(sample.content_type), "gb18030"):
        with contextlib.suppress(ValueError):
            text = codecs.getincrementaldecoder(encoding)().decode(sample.body)  # its last character may be cut
            break
    lines = text.replace("\r\n", "\n")
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in _HIDDEN else f"\\u{ord(c):04x}" for c in lines)


def _declared(content_type: str) -> tuple[str, ...]:
    """The encoding that the answer names, if it is one of pages: Python's list also has codecs that inflate."""
    told = re.search(r"charset=[\"']?([\w.:-]{1,40})", content_type)
    with contextlib.suppress(LookupError):
        name = codecs.lookup(told[1]).name if told else ""
        return (name,) if _OF_PAGES.fullmatch(name) else ()
    return ()


@blueprint.post("/sources/<source_id>/check")
def check_source(source_id: str) -> Answer:
    return _decide(source_id, SourceAct.CHECK)


@blueprint.post("/sources/<source_id>/pause")
def pause_source(source_id: str) -> Answer:
    return _decide(source_id, SourceAct.PAUSE)


@blueprint.post("/sources/<source_id>/resume")
def resume_source(source_id: str) -> Answer:
    return _decide(source_id, SourceAct.RESUME)


@blueprint.post("/sources/<source_id>/follow")
def follow_source(source_id: str) -> Answer:
    return _decide(source_id, SourceAct.FOLLOW)


@blueprint.post("/sources/<source_id>/stay")
def stay_source(source_id: str) -> Answer:
    return _decide(source_id, SourceAct.STAY)


@blueprint.post("/sources/<source_id>/return")
def return_source(source_id: str) -> Answer:
    return _decide(source_id, SourceAct.RETURN)


@blueprint.post("/sources/<source_id>/learn")
def learn_source(source_id: str) -> Answer:
    return _decide(source_id, SourceAct.LEARN)


@blueprint.post("/sources/<source_id>/drop")
def drop_proposal(source_id: str) -> Answer:
    return _decide(source_id, SourceAct.DROP)


def _decide(source_id: str, act: SourceAct) -> Answer:
    """Does the act, or shows the form again with what is missing."""
    typed = request.form.get("review_on", "").strip()
    try:
        review_on = date.fromisoformat(typed) if typed else None
    except ValueError:
        return _page(source_id, act, Problem(f"{act}-review_on", "bad_date")), 422
    try:
        state = catalogue().decide_source(
            source_id, act, access.editor(), request.form.get(f"{act}-note", ""), review_on
        )
    except InvalidInput as error:
        return _page(source_id, act, Problem(f"{act}-{error.field}", error.code)), 422
    is_asked = state.proposal is not None and state.proposal.act is act
    name = catalogue().source(source_id).name(current())
    flash(gettext(_ASKED) if is_asked else gettext(_DONE[act], source=name))
    return redirect(url_for(".source", source_id=source_id), 303)


def _page(source_id: str, act: SourceAct | None = None, *problems: Problem) -> str:
    page = catalogue().source_page(source_id, access.editor())
    return render_template("desk/source.html", page=page, open_act=act, problems=problems)


def _is_troubled(row: SourceRow) -> bool:
    is_well = row.state is None or row.state.health in (Health.OK, Health.PAUSED)
    return row.source.is_enabled and (bool(row.concerns) or not is_well)


def _by_trouble(row: SourceRow) -> tuple[bool, bool, bool, str]:
    has_alarm = any(concern.is_alarm for concern in row.concerns)
    return (not has_alarm, not _is_troubled(row), not row.source.is_enabled, row.source.id)
