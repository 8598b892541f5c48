"""The manual's page on red lines, in both languages, made of the list of red lines and the tables of law.

``python -m graphflow.redlines.page`` writes it; a test compares what is there with what it would write.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

from graphflow.findings import BASIS_NAMES, MARK_NAMES, UNIT_NAMES, number_text, said_need
from graphflow.language import LANGUAGES, N_, translate
from graphflow.law import law
from graphflow.redlines import REDLINES
from graphflow.redlines.asking import RedLine

MANUAL = Path(__file__).parent.parent / "manual"


def page(language: str) -> str:
    """The page as Markdown.

    Examples
    --------
    >>> page("zh").splitlines()[0]
    '# 红线：问什么、凭什么、什么不算 {#redlines}'
    """

    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    lines = [
        f"# {say(N_('Red lines: what is asked, on what ground, and what is not meant'))} {{#redlines}}",
        "",
        say(HEAD),
        "",
        f"## {say(N_('How to read a finding'))} {{#reading}}",
        "",
        *(f"- {say(text)}" for text in READING),
        "",
    ]
    for line in REDLINES:
        lines += _line(line, language)
    return "\n".join(lines).rstrip("\n") + "\n"


HEAD = N_(
    "A red line is a question of the clean-up plan that data can answer. What `graphflow check CASE` finds "
    "is a lead (线索): it says what was seen, on which rows, against which article, and what speaks "
    "against it. Whether it is a breach is for whoever decides by law. This page is made of the program's "
    "own list and tables, so it says what runs."
)

READING = (
    N_(
        "Severity says how bad it would be, confidence how well it is shown: 1 − Π(1 − c) over independent "
        "kinds of evidence, 0.7 for one that is shown and 0.4 for one that is inferred. Nothing is critical "
        "on one kind alone."
    ),
    N_(
        "Each element of the rule is shown, inferred, or cannot be told; each thing that looks like it "
        "and is not was checked, or cannot be told for want of a table."
    ),
    N_(
        "Rows show a finding (without one of them its figures would be others) or are its context; together "
        "they give the finding again."
    ),
    N_(
        "A threshold is law, with its article and day, or a default of ours; a file given with --law "
        "replaces it."
    ),
    N_("Where no test of a red line can run, it is not assessable: that is no clean bill."),
)


def _line(line: RedLine, language: str) -> Iterator[str]:
    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    zh = language == "zh"
    name = line.name_zh if zh else f"{say(line.name)} ({line.name_zh})"
    yield f"## {line.code} {name} {{#{line.code.lower()}}}"
    yield ""
    yield say(line.asks)
    yield ""
    for row in law("articles"):
        if row["code"] == line.code:
            text = N_("{article} (in force from {since}; {mark}): {text}")
            text_of = row["text_zh" if zh else "text_en"]
            mark = say(MARK_NAMES[row["mark"]])
            yield f"- {say(text, article=row['article'], since=row['since'] or '?', mark=mark, text=text_of)}"
    yield ""
    yield from _table(
        [say(N_("test")), say(N_("needs"))],
        [[say(test.text), ", ".join(_need(need, language) for need in test.needs)] for test in line.tests],
    )
    rows = [row for row in law("thresholds") if row["code"] == line.code]
    if rows:
        yield from _table(
            [say(N_("threshold")), say(N_("value")), say(N_("from")), say(N_("what it means"))],
            [
                [
                    row["name"],
                    _value(row, language),
                    _basis(row, language),
                    row["text_zh" if zh else "text_en"],
                ]
                for row in rows
            ],
        )
    yield from _table([say(N_("element of the rule"))], [[say(text)] for text in line.elements.values()])
    yield from _table(
        [say(N_("what could speak against it"))], [[say(text)] for text in line.guards.values()]
    )
    settings = [
        name for name in inspect.signature(line.find).parameters if name not in ("case", "as_of", "law")
    ]
    if settings:
        yield say(N_("Settings of `find`: {names}."), names=", ".join(f"`{name}`" for name in settings))
        yield ""


def _need(need: str | tuple[str, ...], language: str) -> str:
    return said_need(need if isinstance(need, str) else " | ".join(need), language).replace("|", "/")


def _value(row: Mapping[str, str], language: str) -> str:
    number, unit = number_text(Fraction(row["value"])), row["unit"]
    if not unit:
        return number
    said = translate(UNIT_NAMES.get(unit, unit), language)
    return translate(N_("{number} {unit}"), language, number=number, unit=said)


def _basis(row: Mapping[str, str], language: str) -> str:
    if row["basis"] == "default":
        return translate(BASIS_NAMES["default"], language)
    mark = translate(MARK_NAMES[row["mark"]], language)
    return translate(
        N_("{article} (from {since}; {mark})"),
        language,
        article=row["article"],
        since=row["since"],
        mark=mark,
    )


def _table(heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield "|" + "|".join(heads) + "|"
    yield "|" + "|".join("---" for _ in heads) + "|"
    for row in rows:
        yield "|" + "|".join(cell.replace("|", "/") for cell in row) + "|"
    yield ""


def write() -> None:
    """Write the page in both languages."""
    for language in LANGUAGES:
        (MANUAL / language / "redlines.md").write_text(page(language), encoding="utf-8")


if __name__ == "__main__":
    write()
