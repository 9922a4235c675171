"""The editors' desk: what spreads, what answers it, and how a draft becomes a notice that two people stand behind.

    access  who may open what         room     blueprint, guard, errors    problems   codes as sentences
    people  log-in, account, editors  queue    the lists of work, claims   matches    same or different
    drafts  write, submit, compare    publish  check, approve, withdraw    sources    health, pause, move
    oversight  audit

Only the catalogue decides; views carry out and templates ask what is open (`page.acts`).
"""

from webapp.desk import drafts, matches, oversight, people, publish, queue, sources
from webapp.desk.room import blueprint

__all__ = ["blueprint", "drafts", "matches", "oversight", "people", "publish", "queue", "sources"]
