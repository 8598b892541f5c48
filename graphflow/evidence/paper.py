"""The parts of a page as PDF/A: the same bytes for the same parts, on the same fonts."""

from __future__ import annotations

import datetime
import json
import re
import textwrap
import unicodedata
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from graphflow.errors import GraphflowError, InputError, MissingExtraError, Problem
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table, Words, width_of

FONTS = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Serif CJK SC", "WenQuanYi Zen Hei",
    "Microsoft YaHei", "SimSun", "PingFang SC", "Libertinus Serif", "New Computer Modern",
)  # fmt: skip
"""Fonts in the order in which they are tried, for characters that the one before lacks."""

OURS = "线索资金证据"
"""Characters of our own texts: a font without them has no Chinese."""

Part = Facts | Table | Words

_NARROW = 24
"""Columns whose cells are all this narrow are as wide as what is in them."""

_HEAD = 14
"""Heads that are wider than this, and than their cells, are broken between words."""

_ENDLESS = re.compile(r"[^\s\u2e80-\uffef]{41,}")
"""Words so long that no line takes them: they may be broken anywhere."""


class NoFontError(InputError):
    """The machine has no font with which a page can be set."""


def pdf_page(title: str, parts: Sequence[Part], *, language: str, day: str = "", foot: str = "") -> bytes:
    """A page as PDF/A. A character that no font has stands as its number, and the page says so.

    Parameters
    ----------
    title, parts, language, foot
        As `graphflow.pictures.html_page` takes them.
    day
        The date of the document, such as ``2026-11-28``: that of the data, whenever it is made.

    Raises
    ------
    MissingExtraError
        Where what sets PDF is not installed.
    NoFontError
        Where no font has Chinese characters.
    """
    try:
        import typst
    except ImportError:
        raise MissingExtraError.of("report", "typst") from None
    template = files("graphflow.evidence").joinpath("page.typ").read_bytes()
    when = datetime.datetime.fromtimestamp(0, datetime.UTC)
    lacking: set[str] = set()
    while True:
        data = json.dumps(
            _data(title, parts, language, day, foot, lacking), ensure_ascii=False, sort_keys=True
        )
        try:
            made: bytes = typst.compile(
                template, format="pdf", sys_inputs={"data": data}, timestamp=when, pdf_standards=["a-2b"]
            )
            return made
        except typst.TypstError as error:
            missing = missing_in(str(error)) - lacking
            if missing & set(OURS):
                raise NoFontError(
                    Problem(
                        "pdf", N_("no font with Chinese characters is installed"), first=min(missing),
                        expected=N_("a font such as Noto Sans CJK SC (on Debian: fonts-noto-cjk)"),
                    )
                ) from None  # fmt: skip
            if not missing:
                raise GraphflowError(
                    Problem("pdf", "typst: {reason}", {"reason": str(error)[:400]})
                ) from error
            lacking |= missing


def missing_in(error: str) -> set[str]:
    """The characters that an error of the typesetter says no font has.

    >>> sorted(missing_in('PDF/A-2b error: the text `"𠮷"` could not be displayed with font `"X"`'))
    ['𠮷']
    """
    found: set[str] = set()
    for text in re.findall(r"the text [\"“'`‘]+(.+?)[\"”'`’]+ could not be displayed", error, re.DOTALL):
        found |= {chr(int(code, 16)) for code in re.findall(r"\\u\{([0-9a-fA-F]+)\}", text)}
        found |= set(re.sub(r"\\u\{[0-9a-fA-F]+\}", "", text))
    for code in re.findall(r"codepoint (?:U\+)?([0-9A-Fa-f]{4,6})", error):
        found.add(chr(int(code, 16)))
    return found


def printable(text: str, lacking: set[str] | frozenset[str] = frozenset()) -> str:
    """Text as it can be set: what is no letter, and what no font has, as its number.

    >>> printable("a\\u202eb")
    'a[U+202E]b'
    """
    made = "".join(f"[U+{ord(c):04X}]" if (_unseen(c) and c != "\n") or c in lacking else c for c in text)
    return _ENDLESS.sub(lambda word: "\u200b".join(re.findall(r".{1,20}", word[0])), made)


def rare(title: str, parts: Sequence[Part], language: str) -> list[Part]:
    """What a page says of characters that the fonts of whoever opens it may lack, or that nobody sees.

    >>> [part.paragraphs for part in rare("𠮷田", [], "en")]
    [['Characters that a screen may lack, or not show: 𠮷 U+20BB7']]
    >>> rare("吉田", [Words("", ["Łódź, 臺灣"])], "en")
    []
    """
    texts = [title]
    for part in parts:
        if isinstance(part, Facts):
            texts += [str(cell) for row in part.rows for cell in row]
        elif isinstance(part, Words):
            texts += [part.title, *part.paragraphs]
        else:
            texts += [part.title, part.note, *(str(cell) for row in part.rows for cell in row)]
    odd = sorted({c for text in texts for c in text if c > "\uffff" or (_unseen(c) and c != "\n")})
    if not odd:
        return []
    codes = ", ".join(f"U+{ord(c):04X}" if _unseen(c) else f"{c} U+{ord(c):04X}" for c in odd)
    return [Words("", [translate(N_("Characters that a screen may lack, or not show: {codes}"), language,
                                 codes=codes)])]  # fmt: skip


def _unseen(c: str) -> bool:
    return unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Cn")


def _data(
    title: str, parts: Sequence[Part], language: str, day: str, foot: str, lacking: set[str]
) -> dict[str, Any]:
    told = [_part(part) for part in parts]
    if lacking:
        codes = ", ".join(f"U+{ord(c):04X}" for c in sorted(lacking))
        text = N_("No font here has these characters, which stand as their numbers: {codes}")
        told.insert(0, _empty("words") | {"rows": [translate(text, language, codes=codes)]})
    date = (day or "1980-01-01")[:10]

    def deep(value: Any) -> Any:
        if isinstance(value, str):
            return printable(value, lacking)
        if isinstance(value, dict):
            return {name: deep(each) for name, each in value.items()}
        return [deep(each) for each in value] if isinstance(value, list) else value

    return {
        "title": printable(title, lacking), "parts": deep(told), "foot": printable(foot, lacking),
        "language": language, "region": "cn" if language == "zh" else "us", "fonts": list(FONTS),
        "day": [int(each) for each in date.split("-")],
    }  # fmt: skip


def _empty(kind: str) -> dict[str, Any]:
    return {"kind": kind, "title": "", "rows": [], "heads": [], "right": [], "widths": [], "note": ""}


def _part(part: Part) -> dict[str, Any]:
    if isinstance(part, Facts):
        return _empty("facts") | {"rows": [list(row) for row in part.rows]}
    if isinstance(part, Words):
        return _empty("words") | {"title": part.title, "rows": list(part.paragraphs)}
    rows = [[str(cell) for cell in row] for row in part.rows]
    widths = []
    for n in range(len(part.columns)):
        widest = max((width_of(row[n]) for row in rows), default=0)
        widths.append(0 if widest <= _NARROW else min(max(widest // _NARROW, 1), 4))
    if not rows:  # a head without rows says less than its note
        return _empty("words") | {"title": part.title, "rows": [part.note or "–"]}
    heads = [
        "\n".join(textwrap.wrap(head, max(_HEAD, *(width_of(row[n]) for row in rows)))) or head
        for n, head in enumerate(part.columns)
    ]
    return _empty("table") | {
        "title": part.title, "rows": rows, "heads": heads, "right": list(part.right), "widths": widths,
        "note": part.note,
    }  # fmt: skip
