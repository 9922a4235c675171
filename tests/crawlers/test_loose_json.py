"""JSON that is not quite JSON, and paths into it."""

from __future__ import annotations

from typing import Any

import pytest

from crawlers.adapters.loosejson import at_path, load_json, load_lines, number_in, with_parameter


@pytest.mark.parametrize(
    "text",
    ['{"a":[1]}', '\ufeff{"a":[1]}', ")]}'\n{\"a\":[1]}", ')]}\',{"a":[1]}', 'cb({"a":[1]})', 'a.b_1$({"a":[1]});\n',
     '/**/cb({"a":[1]}) ; ', 'while(1);{"a":[1]}', 'for (;;);{"a":[1]}'],
)  # fmt: skip
def test_wrappings_come_off(text: str) -> None:
    assert load_json(text) == {"a": [1]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'["C:\dir"]', ["C:\\dir"]),
        (r'["it\'s \d \\ \" \/ \u4e00 \u12"]', ["it's \\d \\ \" / 一 \\u12"]),
        ('["two\nlines"]', ["two\nlines"]),
        ("[NaN, Infinity]", [None, None]),
        ('["cb(1);"]', ["cb(1);"]),
    ],
)
def test_stray_backslashes_and_raw_newlines_are_read(text: str, expected: Any) -> None:
    assert load_json(text) == expected


@pytest.mark.parametrize("text", ["", "cb(", "{", "<html>", "[" * 200_000, "9" * 5000])
def test_what_cannot_be_read_is_a_value_error_and_never_another(text: str) -> None:
    with pytest.raises(ValueError):
        load_json(text)


def test_lines_are_read_one_by_one_and_a_page_of_prose_is_none() -> None:
    assert load_lines('{"a":1}\n\n[2\r\n{"a":3}') == [{"a": 1}, None, {"a": 3}]
    assert load_lines("<html>\n{}") == [] and load_lines("") == []


def test_a_path_that_does_not_fit_leads_to_nothing() -> None:
    document = {"a": [{"b": "x"}, 5], "": 1}
    assert at_path(document, "a.0.b") == "x" and at_path(document, "") is document
    assert [at_path(document, p) for p in ("a.2", "a.b", "a.-1", "a.0.b.c", "z", "a.٣")] == [None] * 6


def test_a_parameter_is_set_and_all_others_stay() -> None:
    url = "https://a.example/p?_fields=id,link&q=%E6%97%A5&page=1&empty="
    assert with_parameter(url, "page", "2") == "https://a.example/p?_fields=id,link&q=%E6%97%A5&empty=&page=2"
    assert number_in(url, "page") == 1
    assert [number_in(url, name) for name in ("q", "empty", "none")] == [None] * 3
