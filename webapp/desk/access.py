"""Who may open what on the desk: one table, looked at before every request; what is not in it stays shut.

    Origin (headers.py) ─► form token ─► session ─► role ─► the view; the catalogue then decides about the act itself

The order matters: a form that arrives without a session is shown back, so we must know first that our own page sent it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from flask import abort, g, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from index.model import Editor, EditorRole
from webapp import auth
from webapp.opened import catalogue


class Level(IntEnum):
    """How much is asked of the person. Each level includes those below it."""

    ANYONE = 0
    REPORTER = 1
    EDITOR = 2
    ADMIN = 3


_LEVEL_OF = {EditorRole.REPORTER: Level.REPORTER, EditorRole.EDITOR: Level.EDITOR, EditorRole.ADMIN: Level.ADMIN}

#: Endpoint (without the blueprint's name) -> the least role that may call it. A new view must be entered here, else it
#: answers 403 to everybody; a test compares the table with the routes.
NEEDS: dict[str, Level] = {
    "log_in": Level.ANYONE,
    "log_in_now": Level.ANYONE,
    "log_out": Level.ANYONE,
    "queue": Level.REPORTER,
    "claims": Level.REPORTER,
    "claim": Level.REPORTER,
    "take": Level.REPORTER,
    "release": Level.REPORTER,
    "set_not_checkable": Level.EDITOR,
    "reopen": Level.EDITOR,
    "take_out": Level.EDITOR,
    "start_draft": Level.REPORTER,
    "match": Level.REPORTER,
    "confirm": Level.EDITOR,
    "reject": Level.EDITOR,
    "undo": Level.EDITOR,
    "draft": Level.REPORTER,
    "save_draft": Level.REPORTER,
    "preview": Level.REPORTER,
    "compare_revisions": Level.REPORTER,
    "publish_check": Level.REPORTER,
    "send_back": Level.EDITOR,
    "approve": Level.EDITOR,
    "discard": Level.REPORTER,
    "correct": Level.EDITOR,
    "keep_citations": Level.EDITOR,
    "withdrawal": Level.EDITOR,
    "propose_withdrawal": Level.EDITOR,
    "alerts": Level.REPORTER,
    "sources": Level.REPORTER,
    "source_sample": Level.REPORTER,
    "source": Level.REPORTER,
    "notices": Level.REPORTER,
    "check_source": Level.EDITOR,
    "pause_source": Level.EDITOR,
    "resume_source": Level.EDITOR,
    "follow_source": Level.EDITOR,
    "stay_source": Level.EDITOR,
    "return_source": Level.EDITOR,
    "learn_source": Level.EDITOR,
    "drop_proposal": Level.EDITOR,
    "audit": Level.REPORTER,
    "account": Level.REPORTER,
    "change_password": Level.REPORTER,
    "set_shortcuts": Level.REPORTER,
    "editors": Level.ADMIN,
    "add_editor": Level.ADMIN,
    "set_active": Level.ADMIN,
    "reset_password": Level.ADMIN,
}

#: Never shown back and never kept.
_SECRET = frozenset({"csrf_token", "password", "new_password"})
#: Kept for sending again, but nothing that a person wrote.
_BOOKKEEPING = frozenset({"version", "act", "back", "then", "next"})

Fields = MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that could not be taken: its fields, and where it was going."""

    fields: Fields
    path: str

    @property
    def written(self) -> list[tuple[str, str]]:
        """What a person wrote or chose, for showing."""
        return [(k, v) for k, v in self.fields.items(multi=True) if k not in _BOOKKEEPING]


class SessionEnded(Exception):
    """Nobody is logged in; `kept` is the form that was on its way."""

    def __init__(self, kept: Kept) -> None:
        super().__init__("no live session")
        self.kept = kept


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person of this request, for templates: never compare roles there, ask `may`."""

    editor: Editor

    def may(self, endpoint: str) -> bool:
        return is_allowed(endpoint, self.editor)


def is_allowed(endpoint: str, editor: Editor | None) -> bool:
    """Whether the table lets `editor` (None: nobody) call the endpoint; False for an endpoint it does not know."""
    level = NEEDS.get(endpoint)
    if level is None:
        return False
    own = _LEVEL_OF[editor.role] if editor is not None else Level.ANYONE
    return own >= level


def guard() -> None:
    """Runs before every desk request. Raises: SessionEnded; aborts with 403."""
    endpoint = (request.endpoint or "").rpartition(".")[2]
    if endpoint not in NEEDS:
        abort(403)
    editor = auth.current_editor(catalogue())
    if editor is None and NEEDS[endpoint] is not Level.ANYONE:
        raise SessionEnded(kept())
    if not is_allowed(endpoint, editor):
        abort(403)
    g.visitor = Visitor(editor) if editor is not None else None


def no_store(response: Response) -> Response:
    """The desk is in no cache."""
    response.headers["Cache-Control"] = "no-store"
    return response


def editor() -> Editor:
    """The logged-in editor; `guard` has let nobody else through."""
    found: Visitor = g.visitor
    return found.editor


def kept() -> Kept:
    """The posted form without its secrets."""
    pairs = [(k, v) for k, v in request.form.items(multi=True) if k not in _SECRET and v.strip()]
    return Kept(Fields(pairs), own_address())


def own_address() -> str:
    """The path asked for, with its language, and for a GET its query."""
    query = request.query_string.decode("ascii", "replace")
    return request.script_root + request.path + (f"?{query}" if query and request.method == "GET" else "")
