"""Sample sources for the demo and the tests, and the loopback server that serves them.

`site/` holds the documents as they go over the wire, with `{{base}}` for the server's own address; `sources.toml` their
registry entries, `desk.toml` refutation texts for the demo desk, `truth.toml` (tests only) what belongs to what. All of
it was written for this project. The rumors and the facts are real; the sources are named as samples, because no
institution published these words.
"""
