"""The one catalogue of a web process: given by a test, or opened from the settings at the first request that needs
it.

Opening late keeps the master process of gunicorn free of connections and threads, which do not survive a fork.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flask import Flask, current_app

if TYPE_CHECKING:
    from index.catalogue import Catalogue
    from index.settings import Settings


class Holder:
    """Opens the catalogue once a process. It does not close it: the process ends with it."""

    def __init__(self, settings: Settings, catalogue: Catalogue | None) -> None:
        self.settings = settings
        self._catalogue = catalogue
        self._lock = threading.Lock()

    def get(self) -> Catalogue:
        if self._catalogue is None:
            with self._lock:
                if self._catalogue is None:
                    from index import open_catalogue

                    self._catalogue = open_catalogue(self.settings)
        return self._catalogue


def init_app(app: Flask, settings: Settings, catalogue: Catalogue | None) -> None:
    app.extensions["catalogue"] = Holder(settings, catalogue)


def catalogue() -> Catalogue:
    """The catalogue of this process."""
    return current_app.extensions["catalogue"].get()  # type: ignore[no-any-return]


def settings() -> Settings:
    """The settings that this site was made with; never opens the catalogue."""
    return current_app.extensions["catalogue"].settings  # type: ignore[no-any-return]
