"""Log-in and log-out, one's own account, and the list of editors."""

from __future__ import annotations

from flask import flash, g, make_response, redirect, render_template, request, session
from werkzeug.wrappers import Response

from index.errors import Conflict, InvalidInput, NotFound
from index.model import Editor, EditorRole
from webapp import auth
from webapp.desk import access
from webapp.desk.forms import Problem
from webapp.desk.room import blueprint
from webapp.language import gettext, url_for
from webapp.opened import catalogue

YEAR_S = 365 * 24 * 3600


@blueprint.get("/log-in")
def log_in() -> Response | str:
    target = auth.safe_next(request.args.get("next"), url_for(".queue"))
    if g.get("visitor") is not None:
        return redirect(target, 303)
    return _log_in_page(target)


@blueprint.post("/log-in")
def log_in_now() -> Response | str:
    name = request.form.get("name", "").strip()[:100]
    attempt = auth.try_log_in(catalogue(), name, request.form.get("password", ""))
    target = auth.safe_next(request.form.get("next"), url_for(".queue"))
    if attempt.editor is None:
        code = "log_in_wait" if attempt.wait_s else "log_in_failed"
        response = make_response(_log_in_page(target, name, Problem("name", code)), 429 if attempt.wait_s else 422)
        if attempt.wait_s:
            response.headers["Retry-After"] = str(attempt.wait_s)
        return response
    kept = _carried()
    session.clear()  # a new form token for the new session
    if kept is not None:
        response = make_response(render_template("desk/send_again.html", kept=kept))
    else:
        response = make_response(redirect(target, 303))
    auth.open_session(response, catalogue(), attempt.editor)
    return response


def _carried() -> access.Kept | None:
    """The form that waits behind the log-in, in fields of its own; it only ever goes back to a page of the desk."""
    path = auth.safe_next(request.form.get("kept_path"), "")
    if not path:
        return None
    pairs = [(k.removeprefix("kept-"), v) for k, v in request.form.items(multi=True) if k.startswith("kept-")]
    return access.Kept(access.Fields(pairs), path)


def _log_in_page(target: str, name: str = "", problem: Problem | None = None) -> str:
    problems = (problem,) if problem else ()
    return render_template("desk/log_in.html", next=target, name=name, kept=_carried(), problems=problems)


@blueprint.post("/log-out")
def log_out() -> Response:
    response = redirect(url_for(".log_in"), 303)
    auth.end_session(response, catalogue())
    session.clear()
    return response


# --- one's own account --------------------------------------------------------------------------------------------


@blueprint.get("/account")
def account() -> str:
    return render_template("desk/account.html", problems=())


@blueprint.post("/account/password")
def change_password() -> Response | str | tuple[str, int]:
    editor, new = access.editor(), request.form.get("new_password", "")
    attempt = auth.try_log_in(catalogue(), editor.name, request.form.get("password", ""))
    if attempt.editor is None:
        code = "log_in_wait" if attempt.wait_s else "password_wrong"
        return render_template("desk/account.html", problems=(Problem("password", code),)), 422
    try:
        auth.check_new_password(new, editor.name)
    except InvalidInput as error:
        return render_template("desk/account.html", problems=(Problem("new_password", error.code),)), 422
    catalogue().set_password(editor, auth.hash_password(new), by=editor)
    session.clear()
    flash(gettext("Your password has been changed. Other browsers have been logged out."))
    response = redirect(url_for(".account"), 303)
    auth.open_session(response, catalogue(), editor)
    return response


@blueprint.post("/account/shortcuts")
def set_shortcuts() -> Response:
    is_on = request.form.get("shortcuts") == "on"
    flash(gettext("Shortcuts are on.") if is_on else gettext("Shortcuts are off."))
    response = redirect(url_for(".account"), 303)
    response.set_cookie(
        "clarion-shortcuts", "on" if is_on else "off", max_age=YEAR_S, samesite="Lax", secure=request.is_secure
    )
    return response


# --- the list of editors ------------------------------------------------------------------------------------------


@blueprint.get("/editors")
def editors() -> str:
    return _editors_page()


@blueprint.post("/editors")
def add_editor() -> Response | tuple[str, int]:
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    try:
        role = EditorRole(request.form.get("role", ""))
    except ValueError:
        return _editors_page(Problem("role", "unknown_choice")), 422
    try:
        auth.check_new_password(password, name)
        added = catalogue().add_editor(name, role, auth.hash_password(password), by=access.editor())
    except (InvalidInput, Conflict) as error:
        return _editors_page(Problem(error.field or "name", error.code)), 422
    flash(gettext("%(name)s can now log in. Ask them to change the password at once.", name=added.name))
    return redirect(url_for(".editors"), 303)


@blueprint.post("/editors/<editor_id>/active")
def set_active(editor_id: str) -> Response:
    is_active = request.form.get("active") == "yes"
    changed = catalogue().set_active(editor_id, is_active, access.editor())
    if is_active:
        flash(gettext("%(name)s can log in again.", name=changed.name))
    else:
        flash(gettext("%(name)s can no longer log in. Open sessions have ended.", name=changed.name))
    return redirect(url_for(".editors"), 303)


@blueprint.post("/editors/<editor_id>/password")
def reset_password(editor_id: str) -> Response | tuple[str, int]:
    """For somebody who forgot theirs: a password to be changed after the first log-in."""
    person = _editor(editor_id)
    try:
        auth.check_new_password(request.form.get("password", ""), person.name)
    except InvalidInput as error:
        return _editors_page(Problem(f"password-{editor_id}", error.code)), 422
    catalogue().set_password(person, auth.hash_password(request.form["password"]), by=access.editor())
    flash(gettext("%(name)s has a new password. Ask them to change it at once.", name=person.name))
    return redirect(url_for(".editors"), 303)


def _editor(editor_id: str) -> Editor:
    found = next((e for e in catalogue().editors() if e.id == editor_id), None)
    if found is None:
        raise NotFound(f"no editor {editor_id}")
    return found


def _editors_page(problem: Problem | None = None) -> str:
    return render_template(
        "desk/editors.html",
        editors=catalogue().editors(),
        roles=tuple(EditorRole),
        problems=(problem,) if problem else (),
        typed=request.form,
    )
