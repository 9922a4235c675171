"""What the desk calls things: fields, checks, risks, reasons of the queue, acts of the audit, errors of sources.

Every table is keyed by a code of the catalogue or the crawler; tests compare the keys with the code that makes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from index import workflow
from index.model import (
    AlertKind,
    AuditEntry,
    Concern,
    Editor,
    MatchStatus,
    NoticeState,
    Reason,
    Refutation,
    RefutationText,
    RevisionStatus,
)
from webapp.compare import evidence_lines
from webapp.language import N_, NAMES, gettext
from webapp.present import SITE_ZONE, moment, region_word, topic_word, word

#: The fields of a draft in the order of the page (ux.md 2), then what the notice needs.
FIELDS: Mapping[str, str] = {
    "headline": N_("Fact headline"),
    "verdict": N_("Verdict"),
    "claim": N_("Applies to this wording"),
    "truth": N_("What is true"),
    "circulating": N_("What is circulating"),
    "why": N_("How we know"),
    "technique": N_("How it misleads readers"),
    "action": N_("What to remember and what to do"),
    "evidence": N_("Evidence"),
    "question": N_("Question that this answers"),
    "topics": N_("Topics"),
    "regions": N_("Regions"),
    "severity": N_("Severity"),
    "harm": N_("Possible harm"),
    "expires_at": N_("Ends on"),
    "language": N_("Language of the text"),
    "note": N_("Public note"),
}

#: Characters after which the counter of a field speaks up; the catalogue's own limits are wider.
LENGTHS: Mapping[str, int] = {
    "headline": 30,
    "claim": 120,
    "truth": 200,
    "circulating": 300,
    "why": 1500,
    "action": 150,
}

CHECKS: Mapping[str, str] = {
    "headline_states_fact": N_("State the fact in the headline, without a question and without the rumor"),
    "verdict_chosen": N_("Choose the verdict"),
    "claim_named": N_("Name the exact wording"),
    "truth_given": N_("Say what is true, in two or three sentences"),
    "myth_quoted_once": N_("Quote the rumor once only, after the warning"),
    "why_explained": N_("Explain the reasons"),
    "action_given": N_("Say what to remember and do"),
    "two_independent_sources": N_("Give two sources from different publishers"),
    "sources_archived": N_("Keep a copy of every source"),
    "topic_chosen": N_("Choose a topic"),
    "correction_noted": N_("Say in the public note what changed"),
}

RISKS: Mapping[str, str] = {
    "severity_high": N_("its severity is high"),
    "harm_health": N_("people’s health is at stake"),
    "harm_safety": N_("people’s safety is at stake"),
    "harm_money": N_("people’s money is at stake"),
    "first_true": N_("it says that a claim is true"),
    "material_correction": N_("it corrects something that matters"),
    "withdrawal": N_("it withdraws a published alert"),
}

QUEUE_REASONS: Mapping[str, str] = {
    "citation_withdrawn": N_("cites a page that its publisher has withdrawn"),
    "may_harm": N_("may do harm"),
    "rising_again": N_("rising again: %(count)s sightings after a quiet month"),
    "rising": N_("rising: %(count)s sightings in three days"),
    "seen": N_("%(count)s sightings"),
    "asked": N_("%(count)s readers want to know"),
    "official_answer_near": N_("an official answer looks close"),
}

AUDIT: Mapping[str, str] = {
    "drafted": N_("%(who)s began a refutation of “%(claim)s”."),
    "submitted": N_("%(who)s submitted “%(headline)s”."),
    "sent_back": N_("%(who)s returned “%(headline)s”: %(note)s"),
    "approved_issue": N_("%(who)s approved and published “%(headline)s”."),
    "approved_update": N_("%(who)s approved the correction of “%(headline)s”: %(note)s"),
    "approved_cancel": N_("%(who)s approved the withdrawal of “%(headline)s”: %(note)s"),
    "correction_started": N_("%(who)s began a correction of “%(headline)s”."),
    "withdrawal_proposed": N_("%(who)s proposed to withdraw “%(headline)s”: %(note)s"),
    "withdrawal_refused": N_("%(who)s refused to withdraw “%(headline)s”: %(note)s"),
    "citations_kept": N_("%(who)s kept what “%(headline)s” cites (%(pages)s) although it was withdrawn: %(note)s"),
    "discarded": N_("%(who)s discarded the draft “%(headline)s”."),
    "claims_joined": N_("%(who)s joined “%(claim)s” to “%(target)s”."),
    "match_confirmed": N_("%(who)s confirmed an answer to “%(claim)s”."),
    "match_rejected": N_("%(who)s rejected a suggestion: %(note)s"),
    "match_undone": N_("%(who)s took back a decision on a suggestion."),
    "wording_taken_out": N_("%(who)s took “%(target)s” out of the claim “%(claim)s”: %(note)s"),
    "claim_not_checkable": N_("%(who)s set “%(claim)s” aside as not checkable: %(note)s"),
    "claim_open": N_("%(who)s opened “%(claim)s” again."),
    "source_checked": N_("%(who)s asked for the source %(subject)s to be read now."),
    "source_pause_proposed": N_("%(who)s asked for the source %(subject)s to be paused: %(note)s"),
    "source_paused": N_("%(who)s paused the source %(subject)s: %(note)s"),
    "source_resumed": N_("%(who)s resumed the source %(subject)s."),
    "source_follow_proposed": N_("%(who)s asked for the source %(subject)s to be read at %(target)s."),
    "source_followed": N_("%(who)s approved that the source %(subject)s is read at %(target)s."),
    "source_stayed": N_("%(who)s refused to follow the source %(subject)s to %(target)s: %(note)s"),
    "source_return_proposed": N_(
        "%(who)s asked for the source %(subject)s to be read at its registered address again: %(note)s"
    ),
    "source_returned": N_(
        "%(who)s had the source %(subject)s read at its registered address again, no longer at %(target)s: %(note)s"
    ),
    "source_learnt": N_("%(who)s took the new look of the source %(subject)s for its usual one."),
    "source_proposal_dropped": N_("%(who)s dropped what was asked about the source %(subject)s."),
    "editor_added": N_("%(name)s was added to the desk."),
    "editor_activated": N_("%(who)s let %(name)s log in again."),
    "editor_deactivated": N_("%(who)s ended the access of %(name)s."),
    "password_changed": N_("The password of %(who)s was changed."),
    "password_reset": N_("%(who)s set a new password for %(name)s."),
}
AUDIT_OTHER = N_("%(who)s: %(act)s.")
MACHINE = N_("The system")
UNKNOWN_PERSON = N_("A former editor")

WORK: Mapping[tuple[AlertKind, RevisionStatus], str] = {
    (AlertKind.ISSUE, RevisionStatus.DRAFT): N_("draft in work"),
    (AlertKind.ISSUE, RevisionStatus.IN_REVIEW): N_("waits for approval"),
    (AlertKind.UPDATE, RevisionStatus.DRAFT): N_("published, correction in work"),
    (AlertKind.UPDATE, RevisionStatus.IN_REVIEW): N_("published, correction waits for approval"),
    (AlertKind.CANCEL, RevisionStatus.IN_REVIEW): N_("published, withdrawal waits for approval"),
}

DECISIONS: Mapping[MatchStatus, str] = {
    MatchStatus.SUGGESTED: N_("Not decided"),
    MatchStatus.CONFIRMED: N_("Same"),
    MatchStatus.REJECTED: N_("Different"),
}

#: Fields of other forms, for showing a form that could not be taken.
OTHER_FIELDS: Mapping[str, str] = {
    "reason": N_("Reason"),
    "own_reason": N_("Reason in your own words"),
    "name": N_("Name"),
    "role": N_("Role"),
    "is_material": N_("Material"),
    "notice-words": N_("Words in the notice"),
    "keep-reason": N_("Why does the text still hold?"),
}

#: The crawler's codes (sources.md 3).
SOURCE_ERRORS: Mapping[str, str] = {
    "dns": N_("The name of the server was not found."),
    "connect": N_("The server did not accept a connection."),
    "tls": N_("The server’s certificate could not be trusted."),
    "timeout": N_("The server took too long."),
    "blocked_address": N_("The address leads to a network that may not be read."),
    "too_large": N_("The answer was larger than allowed."),
    "bad_content_encoding": N_("The answer was compressed in a way that cannot be read."),
    "robots": N_("The publisher asks crawlers to stay away."),
    "unauthorized": N_("The server asks for a log-in."),
    "forbidden": N_("The server refuses to answer us."),
    "challenge": N_("The server wants a test for humans, which we do not take."),
    "not_found": N_("There is nothing at this address any more."),
    "gone": N_("The publisher has removed this address."),
    "rate_limited": N_("The server asks us to come less often."),
    "server_error": N_("The server reported a fault of its own."),
    "redirect_refused": N_("The server sends us somewhere we do not follow."),
    "identity_changed": N_("Both the language and the issuer of the certificate have changed."),
    "login_wall": N_("A log-in page came instead of the content."),
    "not_a_feed": N_("What came is not a feed."),
    "no_preview": N_("The channel has no public preview."),
    "bridge_error": N_("The service in between reported an error."),
    "empty_body": N_("The answer was empty."),
    "truncated": N_("The answer broke off in the middle."),
    "bad_encoding": N_("The characters of the answer could not be read."),
    "malformed": N_("The answer is too damaged to be read."),
    "drift": N_("The pages are not built as our description of this source says; it must be adjusted."),
    "parser_killed": N_("Reading the answer took too long and was stopped."),
    "needs_token": N_("An access key is missing in the settings."),
    "crashed": N_("A fault in our own reader. It has been logged for the operator."),
}
SOURCE_ERROR_OTHER = N_("An error that has no description yet: %(code)s.")


#: What about a source wants a person (index/standing.py).
CONCERNS: Mapping[str, str] = {
    "official_failing": N_("It could not be read for %(hours)s hours."),
    "failing": N_("It could not be read for %(days)s days."),
    "silent": N_("It answers, but has brought nothing new for longer than usual."),
    "drifting": N_("Its answers differ from before."),
    "moved": N_("It has moved. An editor has to decide whether we follow."),
    "other_hands": N_("It may be in other hands. Nothing new is taken until an editor has looked."),
    "gone": N_("Its publisher seems to have removed it."),
    "pause_ends": N_("The day has come to look again at whether it stays paused."),
    "second_editor": N_("A proposal waits for a second editor."),
    "labels_unmapped": N_("Within a week, %(count)s of %(of)s labels were in no table of labels."),
    "validators_off": N_("Its server said that nothing was new while something was, so it is read in full each time."),
}

#: In what the answers of a source may differ from before (crawlers/drift.py).
DOUBTS: Mapping[str, str] = {
    "count": N_("far fewer entries"),
    "dates": N_("dates are missing"),
    "texts": N_("texts are missing"),
    "labels": N_("labels are missing"),
    "language": N_("another language"),
    "generator": N_("another program makes it"),
    "issuer": N_("someone else vouches for its server"),
    "identity": N_("known entries under new ids"),
    "links": N_("the links lead to another site"),
}

CHECK_STATUS: Mapping[str, str] = {
    "ok": N_("read"),
    "not_modified": N_("nothing changed"),
    "unchanged": N_("the same as before"),
    "error": N_("failed"),
}


NOTICE_STATES: Mapping[NoticeState, str] = {
    NoticeState.IN_FORCE: N_("in force"),
    NoticeState.EXPIRED: N_("expired"),
    NoticeState.SUPERSEDED: N_("superseded by a later notice"),
    NoticeState.WITHDRAWN: N_("withdrawn by its publisher"),
}


def notice_state(state: NoticeState) -> str:
    return gettext(NOTICE_STATES[state])


def field(name: str) -> str:
    return gettext(FIELDS[name])


def check(key: str) -> str:
    return gettext(CHECKS[key]) if key in CHECKS else key


def risk(key: str) -> str:
    return gettext(RISKS[key]) if key in RISKS else key


def queue_reason(reason: Reason) -> str:
    """A phrase for a row of the queue; a key without one (from a newer catalogue) is left to its own words."""
    return gettext(QUEUE_REASONS[reason.key], **reason.values) if reason.key in QUEUE_REASONS else reason.key


def source_error(code: str) -> str:
    return gettext(SOURCE_ERRORS[code]) if code in SOURCE_ERRORS else gettext(SOURCE_ERROR_OTHER, code=code)


def concern(found: Concern) -> str:
    return gettext(CONCERNS[found.key], **found.values) if found.key in CONCERNS else found.key


def doubts(keys: Iterable[str]) -> str:
    return gettext(", ").join(gettext(DOUBTS[key]) if key in DOUBTS else key for key in keys)


def check_status(status: str) -> str:
    return gettext(CHECK_STATUS[status]) if status in CHECK_STATUS else status


def person(editor_id: str, editors: Mapping[str, Editor]) -> str:
    """The name behind an id, the machine's too."""
    if editor_id == "auto":
        return gettext(MACHINE)
    return editors[editor_id].name if editor_id in editors else gettext(UNKNOWN_PERSON)


def audit_sentence(entry: AuditEntry, editors: Mapping[str, Editor]) -> str:
    """An act of the audit as a sentence; missing values show as a dash, never as an error."""
    values = dict.fromkeys(("claim", "target", "headline", "note", "name", "pages"), "—") | dict(entry.values)
    values["note"] = maybe_sentence(values["note"])
    values |= {"who": person(entry.actor_id, editors), "subject": entry.subject_id, "act": entry.act}
    return gettext(AUDIT.get(entry.act, AUDIT_OTHER), **values)


def shown(text: RefutationText, note: str | None = None) -> dict[str, str]:
    """Every field as a reader would see it, in the order of the page: what two versions are compared by."""
    fields = {name: str(getattr(text, name)) for name in ("headline", "claim", "truth", "circulating", "why", "action")}
    fields |= {
        "verdict": word(text.verdict) if text.verdict else "",
        "technique": word(text.technique) if text.technique else "",
        "evidence": evidence_lines(text),
        "question": text.question,
        "topics": gettext(", ").join(topic_word(t) for t in text.topics),
        "regions": gettext(", ").join(region_word(r) for r in text.regions),
        "severity": word(text.severity),
        "harm": word(text.harm),
        "expires_at": moment(text.expires_at) if text.expires_at else "",
        "language": text.language,
    }
    if note is not None:
        fields["note"] = note
    return {name: fields[name] for name in FIELDS if name in fields}


# --- small answers for templates ----------------------------------------------------------------------------------


def anchor(field_name: str) -> str:
    """The id of the control that an error is about."""
    return {
        "verdict": "verdict-1",
        "technique": "technique-1",
        "severity": "severity-1",
        "harm": "harm-1",
        "role": "role-1",
    }.get(field_name, field_name)


def field_or_name(name: str) -> str:
    """The label of a posted field; one that is not of the draft keeps its own name."""
    message = FIELDS.get(name) or OTHER_FIELDS.get(name)
    return gettext(message) if message else name


def pairs(members: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Enum members as (value, word) for radio buttons."""
    return [(member.value, word(member)) for member in members]


def language_name(code: str) -> str:
    return NAMES[code]


def minutes_left(until: datetime | None, now: datetime) -> int:
    return max(0, math.ceil((until - now).total_seconds() / 60)) if until else 0


def clock(at: datetime) -> str:
    return at.astimezone(SITE_ZONE).strftime("%H:%M")


def open_refutation(refutations: Iterable[Refutation]) -> Refutation | None:
    """Our refutation that is being worked on or in force, if a claim has one: then no second one is begun."""
    return next((r for r in refutations if r.working is not None or workflow.is_public(r)), None)


def work_state(refutation: Refutation) -> str:
    """What is being done with a refutation, as a phrase: the revision in work says it, else the public status."""
    working = refutation.working
    if working is None:
        return word(refutation.status)
    return gettext(WORK[(working.kind, working.status)])


def decision(status: MatchStatus) -> str:
    return gettext(DECISIONS[status])


def maybe_sentence(note: str) -> str:
    """A note that was chosen from a list is stored as its message id; one's own words stay as they are."""
    return gettext(note) if note else ""
