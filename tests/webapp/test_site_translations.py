"""Every sentence of the site exists in zh-Hans and zh-Hant, with the same placeholders, and nothing is left over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from webapp.language import DOMAINS, PREFIXES

WEBAPP = Path(__file__).parents[2] / "webapp"
TONGUES = [language for language in PREFIXES if language != "en"]
KEYWORDS = {"_": None, "gettext": None, "N_": None, "lazy_gettext": None, "ngettext": (1, 2)}
Id = str | tuple[str, ...]


@pytest.fixture(scope="module")
def used() -> dict[Id, str]:
    """Every message id in code and templates, with a place where it stands."""
    found: dict[Id, str] = {}
    for path in sorted([*WEBAPP.rglob("*.py"), *(WEBAPP / "templates").rglob("*.*")]):
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        options = {} if path.suffix == ".py" else {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
        for line, message, _, _ in extract_from_file(method, path, keywords=KEYWORDS, options=options):
            found.setdefault(message, f"{path.relative_to(WEBAPP)}:{line}")
    return found


def catalogue(tongue: str, domain: str) -> Catalog:
    with (WEBAPP / "translations" / tongue / f"{domain}.po").open("rb") as file:
        return read_po(file, locale=tongue.replace("-", "_"))


@pytest.fixture(scope="module", params=TONGUES)
def tongue(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def translated(tongue: str) -> dict[Id, tuple[str, ...]]:
    rows: dict[Id, tuple[str, ...]] = {}
    for domain in DOMAINS:
        for message in catalogue(tongue, domain):
            if message.id:
                assert message.id not in rows, f"{tongue}: twice: {message.id}"
                rows[message.id] = message.string if isinstance(message.string, tuple) else (message.string,)
    return rows


def test_no_sentence_lacks_a_translation(used: dict[Id, str], tongue: str) -> None:
    rows = translated(tongue)
    assert {id: place for id, place in used.items() if not all(rows.get(id, ("",)))} == {}


def test_no_translation_is_fuzzy(tongue: str) -> None:
    assert [m.id for domain in DOMAINS for m in catalogue(tongue, domain) if m.id and m.fuzzy] == []


def test_no_translation_is_left_over(used: dict[Id, str], tongue: str) -> None:
    assert [id for id in translated(tongue) if id not in used] == []


def test_placeholders_are_the_same_and_named(tongue: str) -> None:
    for id, strings in translated(tongue).items():
        ids = id if isinstance(id, tuple) else (id,)
        wanted = set(re.findall(r"%\((\w+)\)s", ids[-1]))
        for string in strings:
            assert set(re.findall(r"%\((\w+)\)s", string)) == wanted, (id, string)
            assert not re.search(r"%(?!\(\w+\)s|%)", string), string


def test_punctuation_suits_the_script(tongue: str) -> None:
    quotes = {"zh-Hans": "「」『』", "zh-Hant": "“”‘’"}[tongue]
    for id, strings in translated(tongue).items():
        for string in strings:
            assert not set(string) & set(quotes), (id, string)
            assert not re.search(r"[一-鿿][,;?!]", string), (id, string)
            assert "!" not in string and "！" not in string, string
            assert "..." not in string and not re.search("(?<!…)…(?!…)", string), string


def test_each_script_keeps_to_its_own_characters(tongue: str) -> None:
    """GB 2312 holds the simplified characters of daily use, Big5 the traditional ones."""
    charset = {"zh-Hans": "gb2312", "zh-Hant": "big5"}[tongue]
    for id, strings in translated(tongue).items():
        for string in strings:
            han = "".join(re.findall("[一-鿿]", string))
            assert han.encode(charset, "ignore").decode(charset) == han, (id, string)
