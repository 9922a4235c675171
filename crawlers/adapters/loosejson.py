"""JSON as list interfaces send it: unwrapped from JSONP and guards, stray backslashes mended, one value a line, paths.

text -> BOM, `)]}'`, `name(…);` off -> json -> (failing that) stray backslashes doubled -> (failing that) JSON Lines
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawlers.adapters.jsonld import text_value

PATH = re.compile(r"[^\s.]{1,60}(?:\.[^\s.]{1,60}){0,9}")
_GUARD = re.compile(r"\s*(?:\)\]\}'?,?|while\s*\(1\);|for\s*\(;;\);)\s*")
_CALL = re.compile(r"\s*(?:/\*\*/\s*)?[A-Za-z_$][\w$.]{0,100}\s*\(")
_CALL_END = re.compile(r"\)\s*;?\s*$")
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|(\')|)')


def load_json(text: str) -> Any:
    """The value; None for `null` too. Raises: ValueError where it cannot be read."""
    text = _unwrapped(text)
    try:
        return _loads(text)
    except ValueError:
        return _loads(_ESCAPE.sub(_mended_escape, text))


def load_lines(text: str) -> list[Any]:
    """JSON Lines: a value a line, None for a line that is none. Empty unless the first line is an object."""
    lines = [line for line in text.lstrip("\ufeff").split("\n") if line.strip()]
    values = [_line(line) for line in lines]
    return values if values and isinstance(values[0], dict) else []


def _line(line: str) -> Any:
    try:
        return load_json(line)
    except ValueError:
        return None


def _loads(text: str) -> Any:
    try:
        return json.loads(text, strict=False, parse_constant=lambda _: None)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _unwrapped(text: str) -> str:
    text = text.lstrip("\ufeff")
    if guard := _GUARD.match(text):
        text = text[guard.end() :]
    if (call := _CALL.match(text)) and (end := _CALL_END.search(text, max(call.end(), len(text) - 100))):
        text = text[call.end() : end.start()]
    return text


def _mended_escape(match: re.Match[str]) -> str:
    if match[1]:
        return match[0]
    return "'" if match[2] else r"\\"


def at_path(value: Any, path: str) -> Any:
    """What lies at `data.list.0`; None where a step does not fit. The empty path is the value itself."""
    for step in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdecimal() and int(step[:6]) < len(value):
            value = value[int(step[:6])]
        else:
            return None
    return value


def text_at(value: Any, path: str) -> str:
    """The text or number that lies there, or ""."""
    return text_value(at_path(value, path))


def number_in(url: str, name: str) -> int | None:
    """The whole number that the query parameter carries."""
    values = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    text = values.get(name, "")
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.A) else None


def with_parameter(url: str, name: str, value: str) -> str:
    """The same address with this parameter set; all others stay, in their order."""
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k != name]
    return urlunsplit(parts._replace(query=urlencode([*query, (name, value)], safe=",:/", errors="ignore")))
