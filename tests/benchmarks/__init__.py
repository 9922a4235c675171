"""Measurements on request, not tests: `python -m tests.benchmarks.search`; README.md says how to read the tables."""
