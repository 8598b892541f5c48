"""The manual on a terminal: its Markdown as plain text whose lines fit, also those in Chinese."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence

from graphflow.cli.showing import out, write_csv
from graphflow.language import N_, translate
from graphflow.manual import PAGES, Block, Page, read
from graphflow.pictures.words import width_of
from graphflow.terminal import Column, folded, table_lines, write_json

WIDEST, IN_A_PIPE = 100, 80  # columns: longer lines are hard to read; a pager's width is not known
LEAST_CELL = 10
_STRONG, _WEAK = "\u2061", "\u2062"  # stand for the beginning and the end of strong words: no column wide
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def show_manual(name: str | None, form: str, language: str) -> None:
    """Print a page, or the list of pages."""
    if name is None:
        _list_pages(form, language)
        return
    page = read(name, language)
    if form == "json":
        write_json(
            [
                ("page", page.name),
                ("language", page.language),
                ("title", page.title),
                ("sections", iter(_records(page))),
            ],
            sys.stdout,
        )
    elif form == "csv":
        write_csv(_records(page), ["anchor", "level", "title", "text"])
    else:
        terminal = sys.stdout.isatty()
        width = min(shutil.get_terminal_size((IN_A_PIPE, 24)).columns, WIDEST)
        strong = terminal and os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ
        for line in page_lines(page.blocks(), width, strong=strong):
            out(line)


def _list_pages(form: str, language: str) -> None:
    rows = [{"page": name, "title": read(name, language).title} for name in PAGES]
    if form == "json":
        write_json([("pages", rows)], sys.stdout)
    elif form == "csv":
        write_csv(rows, ["page", "title"])
    else:
        columns = [Column(translate(N_("page"), language)), Column(translate(N_("title"), language))]
        for line in table_lines(columns, [list(row.values()) for row in rows]):
            out(line)
        out()
        out(translate(N_("To read one: graphflow manual PAGE"), language))


def _records(page: Page) -> list[dict[str, object]]:
    return [
        {"anchor": each.anchor, "level": each.level, "title": each.title, "text": each.text}
        for each in page.sections()
    ]


def page_lines(page: Iterable[Block], width: int, *, strong: bool = False) -> Iterator[str]:
    """A page as lines of at most so many columns; code is not broken.

    Examples
    --------
    >>> from graphflow.manual import blocks
    >>> text = "# A page {#top}\\n\\nIt is `code`, and **strong**.\\n\\n- an item\\n"
    >>> print("\\n".join(page_lines(blocks(text + "\\n|x|\\n|--:|\\n|资金 1|\\n"), 16)))
    A page
    ════════════════
    <BLANKLINE>
    It is code, and
    strong.
    <BLANKLINE>
    - an item
    <BLANKLINE>
         x
    ──────
    资金 1
    """
    before = ""
    for block in page:
        if before and not before == block.kind == "item":
            yield ""
        if block.kind == "heading" and block.level == 2:
            yield ""
        for line in _drawn(_block_lines(block, width), strong):
            yield line.rstrip()
        before = block.kind


def _block_lines(block: Block, width: int) -> Iterator[str]:
    if block.kind == "heading":
        lines = folded(_marked(block.text), width)
        yield from (f"{_STRONG}{line}{_WEAK}" for line in lines)
        sign, length = ("═" if block.level == 1 else "─"), max(width_of(line) for line in lines)
        yield sign * (width if block.level < 3 else length)
    elif block.kind == "code":
        for line in block.text.splitlines():
            yield f"    {line}"
    elif block.kind == "item":
        room = "  " * block.level
        hang = room + " " * (len(block.mark) + 1)
        for i, line in enumerate(folded(_marked(block.text), width - len(hang))):
            yield (hang if i else f"{room}{block.mark} ") + line
    elif block.kind == "table":
        yield from _table(block, width)
    else:
        yield from folded(_marked(block.text), width)


def _table(block: Block, width: int) -> Iterator[str]:
    """A table whose cells go on in further lines where it would be too wide."""
    rows = [[_marked(cell) for cell in row] for row in block.rows]
    wide = [max(width_of(row[i]) for row in rows) for i in range(len(rows[0]))]
    while sum(wide) + 2 * (len(wide) - 1) > width and max(wide) > LEAST_CELL:
        wide[wide.index(max(wide))] -= 1
    cells = [[folded(cell, most) for cell, most in zip(row, wide, strict=True)] for row in rows]
    wide = [max(width_of(part) for row in cells for part in row[i]) for i in range(len(wide))]
    several = any(len(parts) > 1 for row in cells[1:] for parts in row)
    for number, row in enumerate(cells):
        if several and number > 1:
            yield ""  # rows of several lines are told apart
        yield from _row(row, wide, block.right)
        if number == 0:
            yield "  ".join("─" * each for each in wide)


def _row(row: Sequence[Sequence[str]], wide: Sequence[int], right: Sequence[int]) -> Iterator[str]:
    for at in range(max(len(parts) for parts in row)):
        cells = []
        for i, parts in enumerate(row):
            part = parts[at] if at < len(parts) else ""
            pad = " " * (wide[i] - width_of(part))
            cells.append(pad + part if i in right else part + pad)
        yield "  ".join(cells)


# Markdown needs a space behind strong words that end a Chinese sentence; a reader does not.
_GAP = re.compile(rf"(?<=[，。；：、？！）”])({_WEAK}?) (?=[\u2e80-\u9fff\w])")
_INLINE = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*|\[(?P<link>[^\]]+)\]\([^)]*\)")


def _marked(text: str) -> str:
    """Words without Markdown's marks; where strong words begin and end stands a sign of no width."""

    def plain(found: re.Match[str]) -> str:
        if found["strong"]:
            return f"{_STRONG}{_INLINE.sub(plain, found['strong'])}{_WEAK}"
        return found["code"] or found["link"]

    return _GAP.sub(r"\1", _INLINE.sub(plain, text))


def _drawn(lines: Iterable[str], strong: bool) -> Iterator[str]:
    """The signs of strong words as the terminal knows them, line by line, or not at all."""
    inside = False
    for line in lines:
        begun = inside
        inside = line.rfind(_STRONG) > line.rfind(_WEAK) if {_STRONG, _WEAK} & set(line) else inside
        if strong:
            line = (_BOLD if begun else "") + line.replace(_STRONG, _BOLD).replace(_WEAK, _PLAIN)
            yield line + (_PLAIN if inside else "")
        else:
            yield line.replace(_STRONG, "").replace(_WEAK, "")
