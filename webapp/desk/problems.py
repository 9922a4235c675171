"""The catalogue's codes as sentences: what keeps an act from happening, and what to do. One place for all pages."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.language import N_, gettext

SENTENCES: Mapping[str, str] = {
    # workflow.py
    "not_allowed": N_("Your role does not include this step."),
    "own_text": N_("You saved this text last, so another editor has to approve it."),
    "wrong_status": N_("This step does not fit the present state. Somebody may have acted in the meantime."),
    "nothing_in_work": N_("No revision is in work here."),
    "already_in_work": N_("A revision of this alert is already in work. Finish or discard it first."),
    "reason_required": N_("Give a reason."),
    # the checklist, as what is missing
    "headline_states_fact": N_(
        "Write a headline that states the fact: at most 30 Han characters (120 characters in other scripts), "
        "no question, and without quoting the rumor."
    ),
    "verdict_chosen": N_("Choose a verdict."),
    "claim_named": N_("Enter the exact wording that the verdict applies to."),
    "truth_given": N_("Say what is true."),
    "myth_quoted_once": N_("Quote what is circulating, here and nowhere else."),
    "why_explained": N_("Explain how we know."),
    "action_given": N_("Say what to remember and what to do."),
    "two_independent_sources": N_(
        "Give at least two sources from different publishers, each with publisher, title and link."
    ),
    "sources_archived": N_("Some sources have no archived copy yet."),
    "topic_chosen": N_("Choose at least one topic."),
    "correction_noted": N_("Write the public note: what was corrected, and why."),
    # publishing.py
    "saved_in_between": N_("Somebody saved this text after you opened it."),
    "too_long": N_("This text is too long."),
    "too_many": N_("There are too many sources. Keep the 20 that matter most."),
    "bad_address": N_("Enter a full web address that begins with http:// or https://."),
    "unknown_topic": N_("Choose topics from the list."),
    # standing.py
    "own_proposal": N_("You asked for this, so another editor has to confirm it."),
    "proposal_waits": N_("Something else waits for a second editor here. Decide or drop that first."),
    "review_required": N_("Say on which day to look at it again."),
    "review_out_of_range": N_("Choose a day after today, within a year."),
    # forms
    "unknown_choice": N_("Choose one of the options."),
    "bad_date": N_("Enter a date as year-month-day."),
    # accounts
    "log_in_failed": N_("The name or the password is not right."),
    "log_in_wait": N_("There were too many attempts. Wait a little, then try again."),
    "password_wrong": N_("The present password is not right."),
    "password_short": N_("A password has at least 8 characters."),
    "password_long": N_("A password has at most 128 characters."),
    "password_common": N_("This password is among the first that others would guess. Choose another one."),
    "bad_name": N_("Enter a name of at most 60 characters."),
    "name_taken": N_("This name is already in use."),
    # the rest
    "taken_by_another": N_("Another editor has this claim at the moment."),
    "first_wording": N_("This wording began the claim, so it stays. Take the others out instead."),
    "already_merged": N_("These two claims have been joined already."),
    "both_answered": N_("Both claims have an answer of their own. Withdraw one of the two alerts first."),
    "not_found": N_("There is no such record. It may have been merged into another one."),
    "conflict": N_("Somebody else changed this in the meantime. Open it again to see the newest state."),
    "refused": N_("This step is not possible now."),
    "invalid_input": N_("Something in the form cannot be read."),
    "search_unavailable": N_("The search is not available right now. Everything else on the desk works."),
    "encoder_unavailable": N_("Matching is not available right now. Everything else on the desk works."),
}


def sentence(code: str) -> str:
    """The sentence for a code; one without a sentence (from a newer catalogue) is said in general terms."""
    return gettext(SENTENCES.get(code, SENTENCES["refused"]))
