"""The words of the site for the enums of the model, as sentences to translate.

A test checks that no table has a gap.
"""

from __future__ import annotations

from collections.abc import Mapping

from index.model import (
    AlertKind,
    Band,
    ClaimStatus,
    EditorRole,
    Harm,
    Health,
    PublicState,
    RefutationStatus,
    Severity,
    SourceKind,
    Technique,
    TipStatus,
    Verdict,
)
from webapp.language import N_

VERDICT_WORDS: Mapping[Verdict, str] = {
    Verdict.FALSE: N_("False"),
    Verdict.MISLEADING: N_("Misleading"),
    Verdict.UNPROVEN: N_("Unproven"),
    Verdict.TRUE: N_("True"),
}
VERDICT_MEANINGS: Mapping[Verdict, str] = {
    Verdict.FALSE: N_("The main point is shown to be wrong."),
    Verdict.MISLEADING: N_("It has real parts but leaves a wrong impression, or passes old news off as new."),
    Verdict.UNPROVEN: N_("The evidence does not settle it."),
    Verdict.TRUE: N_("The main point is shown to be right."),
}
CIRCULATING_WARNINGS: Mapping[Verdict, str] = {
    Verdict.FALSE: N_("The following claim is false"),
    Verdict.MISLEADING: N_("The following claim is misleading"),
    Verdict.UNPROVEN: N_("The following claim is unproven"),
    Verdict.TRUE: N_("The following claim is true"),
}
WHY_LABELS: Mapping[Verdict, str] = {
    Verdict.FALSE: N_("Why it is wrong"),
    Verdict.MISLEADING: N_("How it misleads"),
    Verdict.UNPROVEN: N_("Why it is not settled"),
    Verdict.TRUE: N_("Why it holds"),
}
LANGUAGE_WORDS: Mapping[str, str] = {
    "zh-Hans": N_("Simplified Chinese"),
    "zh-Hant": N_("Traditional Chinese"),
    "en": N_("English"),
}
TOPIC_WORDS: Mapping[str, str] = {
    "health": N_("Health"),
    "food": N_("Food"),
    "disaster": N_("Disasters"),
    "policy": N_("Policy"),
    "fraud": N_("Fraud"),
    "traffic": N_("Traffic"),
    "technology": N_("Technology"),
    "environment": N_("Environment"),
}
TECHNIQUE_WORDS: Mapping[Technique, str] = {
    Technique.OUT_OF_CONTEXT: N_("Out of context"),
    Technique.SPLICED: N_("Spliced together"),
    Technique.OLD_AS_NEW: N_("Old as new"),
    Technique.FABRICATED: N_("Fabricated"),
    Technique.OVERGENERALISED: N_("Overgeneralised"),
}
SEVERITY_WORDS: Mapping[Severity, str] = {
    Severity.LOW: N_("Low"),
    Severity.MEDIUM: N_("Medium"),
    Severity.HIGH: N_("High"),
}
HARM_WORDS: Mapping[Harm, str] = {
    Harm.HEALTH: N_("May harm health"),
    Harm.SAFETY: N_("May endanger safety"),
    Harm.MONEY: N_("May cost money"),
    Harm.NONE: N_("No direct harm"),
}
STATE_WORDS: Mapping[PublicState, str] = {
    PublicState.CURRENT: N_("Current"),
    PublicState.PAST: N_("Past"),
    PublicState.WITHDRAWN: N_("Withdrawn"),
}
KIND_WORDS: Mapping[AlertKind, str] = {
    AlertKind.ISSUE: N_("Published"),
    AlertKind.UPDATE: N_("Updated"),
    AlertKind.CANCEL: N_("Withdrawn"),
}
CLAIM_STATUS_WORDS: Mapping[ClaimStatus, str] = {
    ClaimStatus.OPEN: N_("Not yet answered"),
    ClaimStatus.ANSWERED: N_("Answered"),
    ClaimStatus.NOT_CHECKABLE: N_("Cannot be checked"),
}
REFUTATION_STATUS_WORDS: Mapping[RefutationStatus, str] = {
    RefutationStatus.DRAFT: N_("Draft"),
    RefutationStatus.IN_REVIEW: N_("In review"),
    RefutationStatus.PUBLISHED: N_("Published"),
    RefutationStatus.WITHDRAWN: N_("Withdrawn"),
}
TIP_SENTENCES: Mapping[TipStatus, str] = {
    TipStatus.RECEIVED: N_("We have received it. Nobody has looked at it yet."),
    TipStatus.GROUPED: N_("It says the same as a claim that we already follow. It has not been answered yet."),
    TipStatus.ANSWERED: N_("It has been answered."),
    TipStatus.CLOSED: N_("We have closed it without an answer."),
}
SOURCE_KIND_WORDS: Mapping[SourceKind, str] = {
    SourceKind.OFFICIAL: N_("Official body"),
    SourceKind.CHECKER: N_("Fact-checker"),
    SourceKind.MONITOR: N_("Place where claims circulate"),
}
HEALTH_WORDS: Mapping[Health, str] = {
    Health.OK: N_("Working"),
    Health.FAILING: N_("Failing"),
    Health.SILENT: N_("Nothing new for long"),
    Health.DRIFTING: N_("Its pages have changed"),
    Health.MOVED: N_("Moved"),
    Health.GONE: N_("Gone"),
    Health.PAUSED: N_("Paused by an editor"),
}
HELD_WORD = N_("Held for a check")
BAND_WORDS: Mapping[Band, str] = {
    Band.SAME: N_("Same claim"),
    Band.SIMILAR: N_("Similar claim"),
    Band.NONE: N_("Different claim"),
}
ROLE_WORDS: Mapping[EditorRole, str] = {
    EditorRole.REPORTER: N_("Reporter"),
    EditorRole.EDITOR: N_("Editor"),
    EditorRole.ADMIN: N_("Administrator"),
}
TONE_WORDS: Mapping[str, str] = {
    "plain": N_("Plain"),
    "gentle": N_("Gentle, for family"),
    "formal": N_("Formal, for a work group"),
}
PRIORITY_WORDS: Mapping[str, str] = {"high": N_("High"), "medium": N_("Medium"), "low": N_("Low")}

LICENCE_WORDS: Mapping[str, str] = {
    "link": N_("Link and title"),
    "excerpt": N_("Short excerpts"),
    "full": N_("Full text"),
}

#: The labelled sets that the figures on /method were measured on (index/evaluation/figures.json).
DATASET_WORDS: Mapping[str, str] = {
    "en_tweets_snopes": N_("Tweets, and claims that Snopes has checked (English)"),
    "multi_claimnorm": N_("Posts on social media, and the claims in them (13 languages)"),
    "zh_hant_cofacts": N_(
        "LINE messages, and replies by volunteers of Cofacts "
        "(Traditional Chinese; many right pairs are not marked, so “among ten” says more)"
    ),
    "zh_official": N_("Circulating statements, and official refutations of 2011 to 2024 (Simplified Chinese)"),
    "zh_piyao_jiaozhen_dxy": N_(
        "Circulating statements, and refutations by Piyao, Jiaozhen and DXY (Simplified Chinese)"
    ),
    "zh_toutiao_covid": N_("Chat messages on COVID-19, and official answers (Toutiao, Simplified Chinese)"),
    "zh_weibo_covid": N_("Weibo posts on COVID-19, and the platform’s rulings (Simplified Chinese)"),
}

WORDS: tuple[
    Mapping[object, str], ...
] = (  # the tables that `word` looks in; StrEnums of different kinds may share a value
    VERDICT_WORDS,
    TECHNIQUE_WORDS,
    SEVERITY_WORDS,
    HARM_WORDS,
    STATE_WORDS,
    KIND_WORDS,
    CLAIM_STATUS_WORDS,
    REFUTATION_STATUS_WORDS,
    SOURCE_KIND_WORDS,
    HEALTH_WORDS,
    BAND_WORDS,
    ROLE_WORDS,
)  # type: ignore[assignment]
