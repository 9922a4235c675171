"""One exception tree with stable codes. Expected outcomes of crawling and matching are values, not exceptions.

`code` is for machines and never changes; the message is for logs. Texts for readers are looked up by code in `webapp`.
"""

from __future__ import annotations


class ClarionError(Exception):
    """Base of all errors that Clarion raises on purpose."""

    code = "error"

    def __init__(self, message: str = "", *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message or code or self.code)
        if code is not None:
            self.code = code
        self.field = field


class SettingError(ClarionError):
    """A setting has a value that cannot be used; the message names the variable."""

    code = "bad_setting"


class InvalidInput(ClarionError):
    """Input that breaks a documented limit or form; `field` names it."""

    code = "invalid_input"


class NotFound(ClarionError):
    code = "not_found"


class Refused(ClarionError):
    """A workflow rule forbids the act; `code` says which (own_text, wrong_status, reason_required, …)."""

    code = "refused"


class Conflict(ClarionError):
    """Somebody else changed the record in between."""

    code = "conflict"


class RecordsUnavailable(ClarionError):
    """The database cannot answer now (down, locked, full) and acknowledged nothing. Callers say so, daemons try
    again.
    """

    code = "records_unavailable"


class SearchUnavailable(ClarionError):
    """The search engine cannot answer now; callers go on without it and say so."""

    code = "search_unavailable"


class EncoderUnavailable(ClarionError):
    code = "encoder_unavailable"


class CorruptModel(ClarionError):
    """The packaged model file is not the one that was checked."""

    code = "corrupt_model"
