"""A page that stands alone: pictures, tables and facts, and nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphflow.pictures.words import clean, width_of

_SHORT = 24  # columns whose cells are all this narrow or narrower are not broken into lines


@dataclass(frozen=True)
class Table:
    """A table for a page: text cells, `right` the columns that hold numbers, `note` what is not in it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawing for a page, as SVG text."""

    svg: str
    title: str = ""


@dataclass(frozen=True)
class Facts:
    """Names and values for a page."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Words:
    """A heading and paragraphs for a page, never cut."""

    title: str
    paragraphs: Sequence[str]


_PAGE_STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5d6878;--ground:#fff;--line:#d8dde5;--head:#f3f5f8}
@media (prefers-color-scheme:dark){
:root{--ink:#e8ebf0;--soft:#a3adba;--ground:#14181f;--line:#333b47;--head:#1d232d}}
body{margin:0 auto;max-width:1500px;padding:24px;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,"Noto Sans","Noto Sans CJK SC","Microsoft YaHei",sans-serif}
h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:28px 0 8px}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:6px}.picture{padding:8px}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{padding:4px 10px;text-align:left;border-top:1px solid var(--line);vertical-align:top}
th{background:var(--head);position:sticky;top:0;border-top:0;white-space:nowrap}
td{overflow-wrap:anywhere}td:has(bdi){unicode-bidi:isolate}
.s{white-space:nowrap}
.r{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}
dt{color:var(--soft)}dd{margin:0}
p.note,footer{color:var(--soft);font-size:13px}
footer{margin-top:32px;border-top:1px solid var(--line);padding-top:8px}
@media print{.scroll{overflow:visible;border:0}th{position:static}tr{break-inside:avoid}}
"""


def html_page(
    title: str, parts: Sequence[Table | Picture | Facts | Words], *, language: str = "en", foot: str = ""
) -> str:
    """A page that stands alone: no script, nothing requested from anywhere, readable light, dark and printed.

    Examples
    --------
    >>> page = html_page("A trace", [Table("Ends", ["end", "amount"], [["<b>", "1.00"]], right=[1])])
    >>> "&lt;b&gt;" in page, "http://" in page, "https://" in page
    (True, False, False)
    """
    draw: dict[type, Callable[[Any], list[str]]] = {
        Table: _table, Picture: _picture, Facts: _facts, Words: _words,
    }  # fmt: skip
    body = [line for part in parts for line in draw[type(part)](part)]
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{"zh-CN" if language == "zh" else language}">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # Nothing may be fetched, even if something hostile got past the escaping.
            '<meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{clean(title)}</title>",
            f"<style>{_PAGE_STYLE}</style>",
            "</head>",
            "<body>",
            f"<h1>{clean(title)}</h1>",
            *body,
            f"<footer>{clean(foot, 2000)}</footer>" if foot else "",
            "</body>",
            "</html>",
            "",
        ]
    )


def _picture(part: Picture) -> list[str]:
    head = [f"<h2>{clean(part.title)}</h2>"] if part.title else []
    svg = part.svg.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1)  # HTML knows without it
    return [*head, f'<div class="scroll picture">{svg}</div>']


def _words(part: Words) -> list[str]:
    said = [f"<p><bdi>{clean(each, len(each))}</bdi></p>" for each in part.paragraphs]
    return [f"<h2>{clean(part.title)}</h2>", *said] if part.title else said


def _facts(part: Facts) -> list[str]:
    rows = [f"<dt>{clean(name)}</dt><dd><bdi>{clean(value, 2000)}</bdi></dd>" for name, value in part.rows]
    return ["<dl>", *rows, "</dl>"]


def _table(part: Table) -> list[str]:
    if not part.rows:  # a head without rows says less than its note
        return [f"<h2>{clean(part.title)}</h2>", f'<p class="note">{clean(part.note or "–", 2000)}</p>']
    kinds = {
        i: " class=s"
        for i in range(len(part.columns))
        if all(i >= len(row) or width_of(row[i]) <= _SHORT for row in part.rows)
    } | dict.fromkeys(part.right, " class=r")

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{kinds.get(i, '')}><bdi>{clean(cell, 4000)}</bdi></{tag}>" for i, cell in enumerate(row)
        )

    return [
        f"<h2>{clean(part.title)}</h2>",
        '<div class="scroll"><table>',
        f"<thead><tr>{cells('th', part.columns)}</tr></thead>",
        "<tbody>",
        *(f"<tr>{cells('td', row)}</tr>" for row in part.rows),
        "</tbody></table></div>",
        f'<p class="note">{clean(part.note, 2000)}</p>' if part.note else "",
    ]
