"""The site: thin views over the Catalogue. `create_app` is the composition root; nothing else builds parts.

gunicorn starts it as `webapp:create_app()`. See README.md in this folder for the conventions that all rooms share.
"""

from __future__ import annotations

import importlib.util
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from index.settings import Settings

if TYPE_CHECKING:
    from index.catalogue import Catalogue

csrf = CSRFProtect()


def create_app(settings: Settings | None = None, catalogue: Catalogue | None = None) -> Flask:
    """The WSGI application. Without arguments: settings from the environment, the catalogue opened at the first
    request."""
    assert not _has_scheduler(), "the scheduler never runs in a web process"
    settings = settings or (catalogue.settings if catalogue else Settings.from_env())
    app = Flask("webapp", static_url_path="/static")
    _configure(app, settings)

    from webapp import errors, headers, language, limits, opened, present

    headers.init_app(app)
    language.init_app(app)
    present.init_app(app)
    opened.init_app(app, settings, catalogue)
    csrf.init_app(app)
    limits.init_app(app)
    errors.init_app(app)
    _open_rooms(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _has_scheduler() -> bool:
    """Whether APScheduler works in this process: each worker would run every job once more (reliability.md 3)."""
    return any(thread.name == "APScheduler" for thread in threading.enumerate())


def _configure(app: Flask, settings: Settings) -> None:
    from webapp.keys import secret_key

    is_https = settings.site_url.startswith("https://")
    app.config.update(
        SECRET_KEY=secret_key(settings),
        SITE_URL=settings.site_url,
        SITE_NAME=settings.site_name,
        TRUSTED_HOSTS=allowed_hosts(settings),
        MAX_CONTENT_LENGTH=256 * 1024,
        MAX_FORM_MEMORY_SIZE=128 * 1024,
        MAX_FORM_PARTS=100,
        # The session only carries the form token, and is only set by pages that show a form which needs one.
        SESSION_COOKIE_NAME="__Host-clarion-form" if is_https else "clarion-form",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=24 * 3600,
        WTF_CSRF_SSL_STRICT=False,  # a Referer may be missing; headers.refuse_other_sites checks Origin
        WTF_I18N_ENABLED=False,  # texts of forms come from our own sentences
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.jinja_env.globals.update(
        site_name=settings.site_name, is_training=settings.is_training, has_session=has_session
    )


def has_session() -> bool:
    """True if the browser sent our cookie; asking does not touch the session, so a page without forms stays free of
    it."""
    return current_app.config["SESSION_COOKIE_NAME"] in request.cookies


def allowed_hosts(settings: Settings) -> list[str]:
    """Names that the Host header may carry. On the own machine `localhost` is the same place as 127.0.0.1."""
    host = urlsplit(settings.site_url).hostname or ""
    own = {host, *settings.allowed_hosts}
    if host in ("127.0.0.1", "::1", "localhost"):
        own |= {"127.0.0.1", "localhost"}
    return sorted(own)


def _open_rooms(app: Flask) -> None:
    from webapp.api import blueprint as api
    from webapp.feeds import blueprint as feeds
    from webapp.public import blueprint as public
    from webapp.public.machine import blueprint as machine

    for part in (public, machine, feeds, api):
        app.register_blueprint(part)
    csrf.exempt(api)  # no cookies, JSON only: there is no session that another site could ride on
    if importlib.util.find_spec("webapp.auth") is not None:
        from webapp import auth

        auth.init_app(app)
    room = importlib.util.find_spec("webapp.desk")
    if room is not None and room.origin is not None:
        from webapp.desk import blueprint as desk

        app.register_blueprint(desk)
