"""Commands of the site: `clarion serve | deliver | editors`."""

from __future__ import annotations

import argparse
import getpass
import signal
import sys
import threading
from typing import Any

from index import open_catalogue
from index.errors import InvalidInput
from index.model import EditorRole
from index.settings import Settings
from webapp import auth, create_app, deliver


def register(commands: Any) -> None:
    """Adds this group to the command line."""
    serve = commands.add_parser("serve", help="serve the site for a look (production: gunicorn, see deploy/)")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.set_defaults(func=_serve)
    carry = commands.add_parser("deliver", help="carry changes into the search index and link claims, until stopped")
    carry.set_defaults(func=_deliver)
    editors = commands.add_parser("editors", help="people of the desk").add_subparsers(required=True, metavar="ACT")
    listed = editors.add_parser("list", help="who may log in")
    listed.set_defaults(func=_list_editors)
    added = editors.add_parser("add", help="add an editor; asks for the password, or reads one line from a pipe")
    added.add_argument("name")
    added.add_argument("--role", choices=[r.value for r in EditorRole], default=EditorRole.EDITOR.value)
    added.set_defaults(func=_add_editor)


def _serve(args: argparse.Namespace, settings: Settings) -> int:
    create_app(settings).run(host=args.host, port=args.port, threaded=True, use_reloader=False)
    return 0


def _deliver(args: argparse.Namespace, settings: Settings) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    catalogue = open_catalogue(settings)
    try:
        deliver.run(catalogue, stop)
    finally:
        catalogue.close()
    return 0


def _list_editors(args: argparse.Namespace, settings: Settings) -> int:
    for editor in open_catalogue(settings).editors():
        print(f"{editor.id}  {editor.role.value:8}  {'active' if editor.is_active else 'inactive':8}  {editor.name}")
    return 0


def _add_editor(args: argparse.Namespace, settings: Settings) -> int:
    password = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        auth.check_new_password(password, args.name)
    except InvalidInput as error:
        print(f"clarion: this password cannot be used [{error.code}]", file=sys.stderr)
        return 2
    editor = open_catalogue(settings).add_editor(args.name, EditorRole(args.role), auth.hash_password(password))
    print(f"{editor.id}  {editor.role.value}  {editor.name}")
    return 0
