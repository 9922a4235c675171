"""Every setting of Clarion, read once from the environment into a frozen record.

Each field documents its variable, unit and default; `deploy/env.example` lists the same (a test compares them).
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from index.errors import SettingError

LEAST_TOKEN = 16  # characters: a shorter one could be guessed


def _setting(variable: str, default: Any, doc: str, *, least: float | None = None, is_secret: bool = False) -> Any:
    """`least` bounds a number; a secret is never part of the record's repr, so that no log or traceback holds it."""
    metadata = {"variable": variable, "doc": doc, "least": least, "is_secret": is_secret}
    return field(default=default, repr=not is_secret, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose. It does not read files or open connections."""

    data_dir: Path = _setting(
        "CLARION_DATA", Path("data"), "Folder of the embedded database, search index and rebuilt model."
    )
    database_url: str = _setting(
        "CLARION_DATABASE_URL",
        "",
        "SQLAlchemy URL, e.g. postgresql+psycopg://clarion@db/clarion. Empty: SQLite in CLARION_DATA.",
        is_secret=True,  # it may hold a password
    )
    search_url: str = _setting(
        "CLARION_SEARCH_URL", "", "Comma-separated Elasticsearch hosts. Empty: the embedded engine.", is_secret=True
    )
    search_index: str = _setting(
        "CLARION_SEARCH_INDEX", "clarion", "Alias (and prefix of the indices) in Elasticsearch."
    )
    search_ca_certs: str = _setting("CLARION_SEARCH_CA_CERTS", "", "CA bundle that signs the Elasticsearch hosts.")
    search_user: str = _setting("CLARION_SEARCH_USER", "", "User for basic authentication to Elasticsearch.")
    search_password: str = _setting("CLARION_SEARCH_PASSWORD", "", "Its password.", is_secret=True)
    search_api_key: str = _setting(
        "CLARION_SEARCH_API_KEY", "", "API key instead of user and password.", is_secret=True
    )
    search_timeout_s: float = _setting(
        "CLARION_SEARCH_TIMEOUT_S", 3.0, "Seconds one search may take before matching is degraded.", least=0.1
    )
    encoder: str = _setting(
        "CLARION_ENCODER",
        "packaged",
        "`packaged` (multilingual-e5-small, no download), `hashed` (tests only), or a sentence-transformers model.",
    )
    encoder_threads: int = _setting(
        "CLARION_ENCODER_THREADS", 0, "Threads of the encoder; 0 leaves it to PyTorch.", least=0
    )
    sources: Path | None = _setting(
        "CLARION_SOURCES", None, "Registry of sources (TOML). Unset: the packaged crawlers/sources.toml."
    )
    site_url: str = _setting(
        "CLARION_SITE_URL",
        "http://127.0.0.1:8000",
        "Public address of the site, without a slash at the end; part of ids in feeds.",
    )
    site_name: str = _setting("CLARION_SITE_NAME", "Clarion", "Name of the site as readers see it.")
    secret_key: str = _setting(
        "CLARION_SECRET_KEY",
        "",
        "Signs form tokens; 32 random bytes as text. Empty: made once and kept in CLARION_DATA.",
        is_secret=True,
    )
    allowed_hosts: tuple[str, ...] = _setting(
        "CLARION_ALLOWED_HOSTS", (), "Comma-separated Host names that are answered besides that of CLARION_SITE_URL."
    )
    trusted_proxies: int = _setting(
        "CLARION_TRUSTED_PROXIES", 0, "Number of reverse proxies in front whose X-Forwarded-* headers count.", least=0
    )
    is_training: bool = _setting(
        "CLARION_TRAINING",
        False,
        "1: training mode, on a database of its own: self-approval allowed, banner on every page, no feeds, no API.",
    )
    internal_targets: tuple[str, ...] = _setting(
        "CLARION_INTERNAL_TARGETS",
        (),
        "Comma-separated exact address:port pairs inside the network that the crawler may read.",
    )
    bot_contact: str = _setting(
        "CLARION_BOT_CONTACT", "", "Address in the crawler's User-Agent; empty: CLARION_SITE_URL + /bot."
    )
    crawl_workers: int = _setting("CLARION_CRAWL_WORKERS", 4, "Sources fetched at once by one crawl process.", least=1)
    mail_url: str = _setting(
        "CLARION_MAIL_URL",
        "",
        "Mailbox that members of the public may write to: imaps://user@host/folder. Read by `clarion mail`.",
        is_secret=True,  # it names an account
    )
    mail_password: str = _setting("CLARION_MAIL_PASSWORD", "", "Its password.", is_secret=True)
    mail_ca_certs: str = _setting(
        "CLARION_MAIL_CA_CERTS", "", "CA bundle that signs the mail server, if it is not a public one."
    )
    metrics_token: str = _setting(
        "CLARION_METRICS_TOKEN",
        "",
        "Bearer token that opens /metrics, at least 16 characters. Empty: there is no /metrics.",
        is_secret=True,
    )
    tip_retention_days: int = _setting(
        "CLARION_TIP_RETENTION_DAYS", 30, "Days after which a reader's tip is deleted.", least=1
    )
    log_format: str = _setting("CLARION_LOG_FORMAT", "console", "`console` or `json`.")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from the process environment (or `environ`).

        Raises: SettingError naming the variable whose value does not fit, or an unknown CLARION_ variable.
        """
        environ = os.environ if environ is None else environ
        known = {f.metadata["variable"]: f for f in fields(cls)}
        unknown = sorted(
            k
            for k in environ
            if k.startswith("CLARION_") and k not in known and not k.startswith(("CLARION_TEST_", "CLARION_REQUIRE_"))
        )
        if unknown:
            raise SettingError(f"unknown setting {unknown[0]}")
        values = {
            f.name: _parse(variable, environ[variable], f.default, f.metadata["least"])
            for variable, f in known.items()
            if environ.get(variable, "") != ""
        }
        settings = cls(**values)
        if settings.log_format not in ("console", "json"):
            raise SettingError("CLARION_LOG_FORMAT must be console or json")
        if 0 < len(settings.metrics_token) < LEAST_TOKEN:
            raise SettingError(f"CLARION_METRICS_TOKEN must have at least {LEAST_TOKEN} characters")
        if not settings.site_url.startswith(("http://", "https://")) or settings.site_url.endswith("/"):
            raise SettingError("CLARION_SITE_URL must begin with http:// or https:// and not end with a slash")
        return settings

    def to_env(self) -> dict[str, str]:
        """The variables that reproduce these settings in a child process; defaults are left out."""
        env = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if value != f.default:
                env[f.metadata["variable"]] = (
                    ",".join(value)
                    if isinstance(value, tuple)
                    else str(int(value))
                    if isinstance(value, bool)
                    else str(value)
                )
        return env

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'clarion.db'}"


def _parse(variable: str, text: str, default: Any, least: float | None) -> Any:
    value = _value(variable, text, default)
    if least is not None and not (math.isfinite(value) and value >= least):
        raise SettingError(f"{variable} must be at least {least:g}")
    return value


def _value(variable: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.strip().lower()]
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text)
        if isinstance(default, tuple):
            return tuple(part.strip() for part in text.split(",") if part.strip())
        if isinstance(default, Path) or default is None:
            return Path(text)
    except (ValueError, KeyError):
        raise SettingError(f"{variable} has a value that cannot be used: {text!r}") from None
    return text
