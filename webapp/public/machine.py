"""Addresses for machines that have no language: probes, robots.txt, the sitemap."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("machine", __name__)
