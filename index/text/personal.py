"""Personal data out of a text before it is stored: what can identify or reach a person becomes a word in brackets.

Names of people are not recognised; hotlines and short numbers (110, 12345, 400 lines) stay: rumors turn on them.
"""

from __future__ import annotations

import re

from index.text.languages import script_of

_WORDS = {
    "Hans": ("［邮箱］", "［证件号］", "［车牌］", "［电话］"),
    "Hant": ("［電子郵件］", "［證件號碼］", "［車牌］", "［電話］"),
    "": ("[e-mail]", "[id number]", "[plate]", "[phone]"),
}
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PATTERNS = (
    re.compile(r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9._%+-]{1,64}[@＠][A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}"),
    # identity numbers: mainland (18 places, a cautious date inside), Taiwan, Hong Kong
    re.compile(
        r"(?<![\dA-Za-z])(?:[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
        r"|[A-Z][1289]\d{8}|[A-Z]{1,2}\d{6}[(（][\dA][)）])(?![\dA-Za-z])"
    ),
    re.compile(rf"[{_PROVINCES}][A-HJ-NP-Z][·•・\s-]?[A-HJ-NP-Z0-9]{{5,6}}(?![A-Za-z0-9])"),
    # mobile and land lines of the mainland, Taiwan and Hong Kong, and international numbers with their plus
    re.compile(
        r"(?<![\d.A-Za-z])(?:(?:(?:\+|00)86[\s-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}"
        r"|09\d{2}[\s-]?\d{3}[\s-]?\d{3}"
        r"|[(（]?0\d{1,3}[)）]?[\s-]\d{3,4}[\s-]?\d{4}|0\d{2,3}\d{7,8}"
        r"|(?:\+|00)\d{1,3}[\s-]?(?:\d[\s-]?){6,12}\d)(?!\d)"
    ),
)


def mask_personal(text: str) -> str:
    """`text` with e-mail addresses, identity numbers, plates and telephone numbers replaced, in its own script."""
    script = script_of(text)
    for pattern, word in zip(_PATTERNS, _WORDS.get(script, _WORDS[""]), strict=True):
        text = pattern.sub(word, text)
    return text
