"""Which language a page speaks, what its sentences are, and how its addresses are built.

`/alerts` is zh-Hans, `/zh-hant/alerts` and `/en/alerts` the others; nothing is guessed from headers.
`LanguagePrefix` moves the prefix from the path into SCRIPT_NAME before routing, so there is one rule a page and
`url_for` answers in the language of the request. Message ids are English sentences with named placeholders;
`translations/<language>/<domain>.po` are compiled in memory at start.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import flask
from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import LazyProxy, NullTranslations, Translations
from flask import Flask, current_app, g, has_request_context, request

DEFAULT = "zh-Hans"
PREFIXES = {"zh-Hans": "", "zh-Hant": "/zh-hant", "en": "/en"}
NAMES = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
SHORT_NAMES = {"zh-Hans": "简体", "zh-Hant": "繁體", "en": "English"}
DOMAINS = ("public", "desk")
TRANSLATED_ROOMS = frozenset({"public", "desk", "auth"})  # blueprints whose pages exist once a language

_ENVIRON_KEY = "clarion.language"
_FOLDER = Path(__file__).parent / "translations"


class LanguagePrefix:
    """Takes `/en` or `/zh-hant` off the path. It does not decide which pages have a translation: `refuse_foreign`
    does."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        for language, prefix in PREFIXES.items():
            if prefix and (path == prefix or path.startswith(prefix + "/")):
                environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
                environ["PATH_INFO"] = path[len(prefix) :]
                environ[_ENVIRON_KEY] = language
        return self._app(environ, start_response)


def init_app(app: Flask) -> None:
    app.wsgi_app = LanguagePrefix(app.wsgi_app)  # type: ignore[method-assign]
    app.extensions["translations"] = {language: load(language) for language in PREFIXES}
    app.before_request(refuse_foreign)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_plain_gettext, _plain_ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(
        url_for=url_for, language=current, alternates=alternates, site_url=site_url, SHORT_NAMES=SHORT_NAMES
    )


def load(language: str) -> NullTranslations:
    """The sentences of all domains in `language`; English needs none."""
    merged: NullTranslations = NullTranslations()
    for domain in DOMAINS:
        path = _FOLDER / language / f"{domain}.po"
        if not path.exists():
            continue
        mo = io.BytesIO()
        with path.open("rb") as file:
            write_mo(mo, read_po(file, locale=language.replace("-", "_")))
        mo.seek(0)
        loaded = Translations(mo)
        merged = merged.add(loaded, merge=True) if isinstance(merged, Translations) else loaded
    return merged


def refuse_foreign() -> None:
    """Feeds, the API and files carry their language in the address or have none: a prefix there is a wrong address."""
    if _ENVIRON_KEY in request.environ and request.endpoint is not None and request.blueprint not in TRANSLATED_ROOMS:
        flask.abort(404)


# --- which language -------------------------------------------------------------------------------


def current() -> str:
    """The language in force: one set by `speaking`, else that of the address."""
    if has_request_context():
        return str(g.get("language") or request.environ.get(_ENVIRON_KEY, DEFAULT))
    return DEFAULT


def speak(language: str) -> None:
    """Sets the language for the rest of the request: feeds and the API name theirs in the address."""
    g.language = language


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Another language for a while: texts that are passed on are in that of the alert, not of the page."""
    before = g.get("language")
    g.language = language if language in PREFIXES else DEFAULT
    try:
        yield
    finally:
        g.language = before


def site_name() -> str:
    return str(current_app.config["SITE_NAME"])


def site_url() -> str:
    return str(current_app.config["SITE_URL"])


def locale(language: str | None = None) -> Locale:
    return Locale.parse((language or current()).replace("-", "_"))


def from_slug(slug: str) -> str | None:
    """`zh-hant` -> `zh-Hant`; None for a language that we do not speak."""
    return next((language for language in PREFIXES if language.lower() == slug), None)


# --- sentences ------------------------------------------------------------------------------------


def _translations() -> NullTranslations:
    return current_app.extensions["translations"][current()]  # type: ignore[no-any-return]


def _plain_gettext(message: str) -> str:
    return _translations().gettext(message)


def _plain_ngettext(singular: str, plural: str, count: int) -> str:
    return _translations().ngettext(singular, plural, count)


def gettext(message: str, **values: Any) -> str:
    """The sentence in the current language with its named placeholders filled."""
    return _plain_gettext(message) % values if values else _plain_gettext(message)


def ngettext(singular: str, plural: str, count: int, **values: Any) -> str:
    """`%(num)s` is the count."""
    return _plain_ngettext(singular, plural, count) % {"num": count, **values}


def N_(message: str) -> str:
    """Marks a sentence that is translated later, where it is shown."""
    return message


#: For texts of forms, which are built once at import: translated each time they are shown.
lazy_gettext = partial(LazyProxy, gettext, enable_cache=False)


# --- addresses ------------------------------------------------------------------------------------


def url_for(endpoint: str, *, language: str | None = None, absolute: bool = False, **values: Any) -> str:
    """The path of an endpoint in `language` (the current one if None); absolute ones stand on `settings.site_url`.

    Unlike flask.url_for it never reads the Host header, and gives feeds, API and files their one address.
    """
    if endpoint.startswith("."):
        endpoint = f"{request.blueprint}{endpoint}"
    prefix = PREFIXES[language or current()] if endpoint.partition(".")[0] in TRANSLATED_ROOMS else ""
    current_app.inject_url_defaults(endpoint, values)
    path = current_app.url_map.bind("", script_name=prefix or None).build(
        endpoint, {k: v for k, v in values.items() if v is not None}
    )
    return f"{current_app.config['SITE_URL']}{path}" if absolute else path


def alternates() -> dict[str, str]:
    """The present page in each language, as paths, with the query string of the request kept."""
    query = (
        f"?{request.query_string.decode('ascii', 'replace')}"
        if request.query_string and request.method == "GET"
        else ""
    )
    return {language: f"{prefix}{request.path}{query}" for language, prefix in PREFIXES.items()}
