"""How often one network address may ask. Counted in the memory of each web process; a shared front proxy may be
stricter.
"""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

API = "100 per minute"
CHECK = "60 per minute"
WRITE = "20 per hour"  # tips, and "I want to know too"

limiter = Limiter(key_func=get_remote_address, storage_uri="memory://", headers_enabled=True, strategy="fixed-window")


def init_app(app: Flask) -> None:
    limiter.init_app(app)
