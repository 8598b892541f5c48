"""The manual: pages in Chinese and English, shipped with the program, because its readers have no network.

A page is one Markdown file a language, of a few forms only: headings (each with an anchor of its own,
``## Title {#anchor}``), paragraphs, lists, tables and code. A comment on a line of its own is for the tests,
which compute what stands below it; no reader sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib.resources import files

from graphflow.errors import Problem, UsageError
from graphflow.language import LANGUAGES, N_

PAGES = ("tracing", "ownership", "products", "penetration", "redlines", "operating")
"""Every page, in the order in which they are best read. In each language there is a file of that name."""


@dataclass(frozen=True)
class Block:
    """One piece of a page.

    Attributes
    ----------
    kind
        ``heading``, ``text``, ``item`` (of a list), ``table`` or ``code``.
    text
        Its words, with their marks for ``code`` and **strength**; of code its lines.
    level
        Of a heading, from 1 on; of an item, how deep it stands.
    mark
        Of a heading its anchor, of an item what stands before it (``-``, ``1.``).
    rows
        Of a table: its heads, then its rows.
    right
        Of a table: the columns whose cells stand at the right.
    note
        What the comment before it says.
    """

    kind: str
    text: str = ""
    level: int = 0
    mark: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    right: tuple[int, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A heading, and what stands below it up to the next one; ``text`` is Markdown without the heading."""

    title: str
    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Page:
    """A page in one language."""

    name: str
    language: str
    source: str

    @property
    def title(self) -> str:
        return next(self.blocks()).text

    def blocks(self) -> Iterator[Block]:
        """The page, piece by piece."""
        return blocks(self.source)

    def sections(self) -> list[Section]:
        """The page, heading by heading, as Markdown that anything can show."""
        found: list[Section] = []
        for line in _lines(self.source):
            heading = _HEADING.fullmatch(line[1])
            if heading and not line[0]:
                found.append(Section(heading["title"], len(heading["signs"]), heading["anchor"], ""))
            elif line[0] or not _COMMENT.fullmatch(line[1]):
                found[-1] = replace(found[-1], text=found[-1].text + line[1] + "\n")
        return [replace(section, text=section.text.strip("\n")) for section in found]


def read(name: str, language: str = "en") -> Page:
    """A page of the manual.

    Raises
    ------
    UsageError
        For a page that there is not: it lists those that there are, and the closest.

    Examples
    --------
    >>> read("tracing").title
    'Tracing: how every figure comes about'
    >>> read("tracing", "zh").title
    '资金追踪：每个数字如何得出'
    """
    if name not in PAGES:
        near = get_close_matches(name.casefold(), PAGES, 1)
        raise UsageError(
            Problem(
                "page",
                N_("the manual has no page {page}; did you mean {near}?")
                if near
                else N_("the manual has no page {page}"),
                {"page": name, "near": "".join(near)},
                name,
                ", ".join(PAGES),
            )
        )
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r}: there is {', '.join(LANGUAGES)}")
    file = files(__name__).joinpath(language, f"{name}.md")
    return Page(name, language, file.read_text(encoding="utf-8"))


_HEADING = re.compile(r"(?P<signs>#{1,4}) (?P<title>.+?) \{#(?P<anchor>[a-z0-9-]+)\}")
_COMMENT = re.compile(r"<!-- (?P<note>.+?) -->")
_ITEM = re.compile(r"(?P<room> *)(?P<mark>-|\d+\.) (?P<text>.*)")
_FENCE = "```"


def _lines(source: str) -> Iterator[tuple[bool, str]]:
    """Lines, and whether each belongs to code."""
    code = False
    for line in source.splitlines():
        fence = line.startswith(_FENCE)
        yield code or fence, line
        code ^= fence


def blocks(source: str) -> Iterator[Block]:
    """Markdown of the few forms that the manual uses, piece by piece.

    Examples
    --------
    >>> text = "# A page {#top}\\n\\nOne\\nline.\\n\\n- a\\n  b\\n"
    >>> for block in blocks(text + "\\n|x|y|\\n|---|---:|\\n|1|2|\\n"):
    ...     print(block.kind, block.text or block.rows, block.mark or block.right)
    heading A page top
    text One line. ()
    item a b -
    table (('x', 'y'), ('1', '2')) (1,)
    """
    note = ""
    for group in _groups(source):
        first = group[0]
        heading, item = _HEADING.fullmatch(first), _ITEM.fullmatch(first)
        if comment := _COMMENT.fullmatch(first):
            note = comment["note"]
            continue
        if heading:
            block = Block("heading", heading["title"], len(heading["signs"]), heading["anchor"])
        elif first.startswith(_FENCE):
            block = Block("code", "\n".join(group[1:-1]))
        elif first.startswith("|"):
            heads, rule, *rows = [tuple(_cells(line)) for line in group]
            right = tuple(i for i, cell in enumerate(rule) if cell.endswith(":"))
            block = Block("table", rows=(heads, *rows), right=right)
        elif item:
            text = " ".join([item["text"], *(line.strip() for line in group[1:])])
            block = Block("item", text, len(item["room"]) // 2, item["mark"])
        else:
            block = Block("text", " ".join(group))
        yield replace(block, note=note)
        note = ""


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _groups(source: str) -> Iterator[list[str]]:
    """The lines of each piece."""
    group: list[str] = []
    before = False
    for code, line in _lines(source):
        alone = not code and (_HEADING.fullmatch(line) or _COMMENT.fullmatch(line))
        starts = code != before or alone or (not code and _ITEM.fullmatch(line))
        if group and (starts or not (code or line.strip())):
            yield group
            group = []
        if code or line.strip():
            group.append(line)
        if alone:
            yield group
            group = []
        before = code
    if group:
        yield group
