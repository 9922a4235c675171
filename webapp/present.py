"""How records look on a page: words for enums, dates, excerpts, slugs. Templates hold no rules; they ask here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from flask import Flask

from index.model import (
    Evidence,
    Reason,
    Source,
    SourceState,
    Thread,
    Verdict,
)
from webapp import language as lang
from webapp.language import gettext, ngettext
from webapp.marked import DIFFERENCE_WORDS, match_marked, query_marked
from webapp.regions import CODES, REGION_NAMES
from webapp.words import (
    CIRCULATING_WARNINGS,
    DATASET_WORDS,
    HELD_WORD,
    LANGUAGE_WORDS,
    LICENCE_WORDS,
    PRIORITY_WORDS,
    TIP_SENTENCES,
    TONE_WORDS,
    TOPIC_WORDS,
    VERDICT_MEANINGS,
    WHY_LABELS,
    WORDS,
)

SITE_ZONE = ZoneInfo("Asia/Shanghai")


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        word=word,
        standing=standing_word,
        topic=topic_word,
        region=region_word,
        moment=moment,
        day=day,
        month=month,
        number=number,
        share=share,
        difference=difference_word,
        query_marked=query_marked,
        match_marked=match_marked,
        paragraphs=paragraphs,
        excerpt=excerpt,
        reason=reason_sentence,
        every=every,
        licence=licence_word,
        dataset=dataset_word,
        evidence_line=evidence_line,
        isotime=isotime,
        clean_lines=clean_lines,
        first_sentence=first_sentence,
    )
    app.jinja_env.globals.update(
        CIRCULATING_WARNINGS=CIRCULATING_WARNINGS,
        WHY_LABELS=WHY_LABELS,
        VERDICT_MEANINGS=VERDICT_MEANINGS,
        TIP_SENTENCES=TIP_SENTENCES,
        PRIORITY_WORDS=PRIORITY_WORDS,
        VERDICTS=tuple(Verdict),
        slug=slug,
        alert_url=alert_url,
        lang_attr=lang_attr,
        source_name=source_name,
        language_word=language_word,
        verdict_of=verdict_of,
        TONE_WORDS=TONE_WORDS,
    )


# --- words ----------------------------------------------------------------------------------------


def word(value: object) -> str:
    """The word for an enum's member, in the language of the page."""
    table = next(t for t in WORDS if isinstance(value, type(next(iter(t)))))
    return gettext(table[value])


def standing_word(state: SourceState) -> str:
    """How a source stands; one that is held for an editor has moved nowhere, as far as anybody knows."""
    return gettext(HELD_WORD) if state.is_in_other_hands else word(state.health)


def language_word(code: str) -> str:
    """The name of a language in the language of the page."""
    return gettext(LANGUAGE_WORDS[code]) if code in LANGUAGE_WORDS else code


def difference_word(kind: str) -> str:
    """What a marked difference is, for those who do not see the mark."""
    return gettext(DIFFERENCE_WORDS[kind])


def topic_word(key: str) -> str:
    return gettext(TOPIC_WORDS[key]) if key in TOPIC_WORDS else key


def region_word(key: str) -> str:
    message = REGION_NAMES.get(CODES.get(key, key))
    return gettext(message) if message else key


def reason_sentence(reason: Reason) -> str:
    """Why a candidate fits or does not, in words. An unknown key says nothing false: it is shown in general terms."""
    from webapp.reasons import sentence  # it words languages by this module

    return sentence(reason)


def verdict_of(parts: Sequence[object]) -> Verdict:
    """The verdict that a compared field holds."""
    return Verdict("".join(str(getattr(part, "text", part)) for part in parts))


# --- time and numbers -----------------------------------------------------------------------------


def moment(value: datetime) -> str:
    """2026年3月5日 10:32（北京时间）; 5 March 2026, 10:32 (Beijing time)."""
    local = value.astimezone(SITE_ZONE)
    pattern = "d MMMM y, HH:mm" if lang.current() == "en" else "y年M月d日 HH:mm"
    return gettext("%(time)s (Beijing time)", time=format_datetime(local, pattern, locale=lang.locale()))


def day(value: date | datetime) -> str:
    """2026年3月5日; 5 March 2026."""
    if isinstance(value, datetime):
        value = value.astimezone(SITE_ZONE).date()
    return format_date(value, "d MMMM y" if lang.current() == "en" else "y年M月d日", locale=lang.locale())


def short_day(value: date) -> str:
    """3月5日; 5 March."""
    return format_date(value, "d MMMM" if lang.current() == "en" else "M月d日", locale=lang.locale())


def month(value: date | datetime) -> str:
    if isinstance(value, datetime):
        value = value.astimezone(SITE_ZONE).date()
    return format_date(value, "MMMM y" if lang.current() == "en" else "y年M月", locale=lang.locale())


def isotime(value: datetime) -> str:
    """For `<time datetime>`: in the zone that the page shows."""
    return value.astimezone(SITE_ZONE).isoformat(timespec="minutes")


def number(value: int | float) -> str:
    return format_decimal(value, locale=lang.locale())


def share(value: float | None) -> str:
    """0.934 as 93.4%; a dash for what was not measured."""
    return "–" if value is None else format_percent(value, "#,##0.0%", locale=lang.locale())


# --- text -----------------------------------------------------------------------------------------


def paragraphs(text: str) -> list[str]:
    """The lines of a text, empty ones dropped."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def clean_lines(text: str) -> str:
    """Line ends of any kind as `\\n`; the control characters that have no place in a page dropped."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))


def excerpt(text: str, length: int = 120) -> str:
    """At most `length` characters, cut where a sentence or word ends near; …… in Chinese, … elsewhere."""
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    cut = text[:length]
    ends = [m.end() for m in re.finditer(r"[。！？；，、]|[.!?;,] | ", cut)]
    if ends and ends[-1] > length * 2 // 3:
        cut = cut[: ends[-1]]
    return cut.rstrip(" ,;，、；") + ("……" if re.search(r"[㐀-鿿]", cut) else "…")


def first_sentence(text: str) -> tuple[str, str]:
    """The first sentence and the rest: the fact to remember, and what to do."""
    lines = paragraphs(text)
    if not lines:
        return "", ""
    end = re.search(r"[。！？]|[.!?](?=\s)", lines[0])
    head = lines[0][: end.end()] if end else lines[0]
    return head, "\n".join(filter(None, [lines[0][len(head) :].strip(), *lines[1:]]))


def slug(text: str) -> str:
    """The readable tail of an address: words joined by hyphens, at most 60 characters; only the id before it counts."""
    words = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFKC", text).lower()).strip("-_")
    return words[:60].strip("-") or "alert"


def alert_url(thread: Thread, absolute: bool = False, language: str | None = None) -> str:
    """The address of an alert's page; the id decides, the slug is for people."""
    return lang.url_for(
        "public.alert", thread_id=thread.id, slug=slug(thread.text.headline), absolute=absolute, language=language
    )


def lang_attr(content_language: str) -> str:
    """The `lang` of a text that is not in the language of the page; empty if it is."""
    return "" if content_language == lang.current() else content_language


def evidence_line(evidence: Evidence) -> str:
    """Publisher and date of a source, as one line."""
    return f"{evidence.publisher} · {day(evidence.published_on)}" if evidence.published_on else evidence.publisher


def source_name(sources: Mapping[str, Source], source_id: str) -> str:
    """The name of a source in the language of the page; its id if the registry no longer has it."""
    return sources[source_id].name(lang.current()) if source_id in sources else source_id


def every(minutes: int) -> str:
    """How often something happens, in the largest whole unit."""
    if minutes % 1440 == 0:
        return ngettext("%(num)s day", "%(num)s days", minutes // 1440)
    if minutes % 60 == 0:
        return ngettext("%(num)s hour", "%(num)s hours", minutes // 60)
    return ngettext("%(num)s minute", "%(num)s minutes", minutes)


def licence_word(reuse: str) -> str:
    return gettext(LICENCE_WORDS[reuse]) if reuse in LICENCE_WORDS else reuse


def dataset_word(name: str) -> str:
    """What a set of labelled data holds; nothing for a set of an operator's own, whose name has to do."""
    return gettext(DATASET_WORDS[name]) if name in DATASET_WORDS else ""
