"""What the verb `patterns` prints: the most unusual first, and where none were looked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from graphflow.cli.showing import out, print_table, write_csv
from graphflow.language import N_, translate
from graphflow.pictures import Table, amount_text
from graphflow.pictures.words import shorten
from graphflow.rows import local_time
from graphflow.terminal import folded, jsonable, money_text, write_json
from graphflow.typologies import PATTERNS, Pattern, Patterns
from graphflow.version import VERSION

if TYPE_CHECKING:
    from graphflow.case import Case

TOP = 10
"""Patterns of a kind that a person is shown where nobody says how many; the rest is counted."""

WIDTH = 100


def show_patterns(case: Case, found: Patterns, form: str, language: str, top: int | None) -> None:
    """Print the patterns: a table a kind; JSON and CSV have all of them, or the first `top` of each kind."""
    if form == "json":
        write_json(_pairs(case, found, top), sys.stdout)
        return
    if form == "csv":
        names = [str(name) for name in found.frame(0).columns]
        write_csv(list(_records(case, found, top)), names)
        return

    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    counts = found.counts()
    for pattern in PATTERNS:
        if counts.get(pattern.name):
            print_table(_table(case, found, pattern, TOP if top is None else top, language))
    none = [each for each in PATTERNS if counts.get(each.name) == 0]
    if none:
        out()
        out(say(N_("None: {names}"), names=", ".join(named(each, language) for each in none)))
    out()
    for text in READ_SO:
        for line in folded(say(text), WIDTH):
            out(line)
    if len(found.left_out):
        print_table(_left_out(case, found, language))


READ_SO = (
    N_("A pattern says how transfers lie, not that anybody did wrong: a lead (线索), no determination."),
    N_(
        "The score is what part of a member's transfers belongs to the pattern, on average over its members: "
        "near one, hardly anything else went through these accounts."
    ),
)


def named(pattern: Pattern, language: str) -> str:
    """A pattern's name as a person reads it, with the word by which it is asked for."""
    name = pattern.name_zh if language == "zh" else translate(pattern.name_en, language)
    return name if name == pattern.name else f"{name} ({pattern.name})"


def span_text(span: int, language: str) -> str:
    """A length of time in words.

    >>> span_text(86_400_000_000, "en"), span_text(36 * 3_600_000_000, "en")
    ('24 hours', '36 hours')
    """
    days, rest = divmod(span, 86_400_000_000)
    if rest or days == 1:
        return translate(N_("{count} hours"), language, count=span // 3_600_000_000)
    return translate(N_("{count} days"), language, count=days)


def _pairs(case: Case, found: Patterns, top: int | None) -> Iterator[tuple[str, object]]:
    yield "version", VERSION
    yield "case_hash", case.hash
    yield "parameters", found.parameters
    yield "counts", found.counts()
    yield "patterns", _records(case, found, top)
    yield "left_out", _left_records(case, found)


def _records(case: Case, found: Patterns, top: int | None) -> Iterator[dict[str, Any]]:
    """The rows of the frame, money as decimal text."""
    digits = case.tables.minor_units
    for row in found.frame(top).to_dict("records"):
        plain: dict[str, Any] = {str(name): jsonable(value) for name, value in row.items()}
        if plain["amount"] is not None:
            plain["amount"] = money_text(plain["amount"], digits.get(plain["currency"], 2))
        yield plain


def _left_records(case: Case, found: Patterns) -> Iterator[dict[str, Any]]:
    digits = case.tables.minor_units
    for row in found.left_out.to_dict("records"):
        plain: dict[str, Any] = {str(name): value for name, value in row.items()}
        yield {**plain, "amount": money_text(row["amount"], digits.get(row["currency"], 2))}


def _table(case: Case, found: Patterns, pattern: Pattern, top: int, language: str) -> Table:
    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    digits, zone = case.tables.minor_units, case.tables.timezone
    count = found.counts()[pattern.name]
    rows = []
    for row in found.rows(pattern.name, top):
        amount, currency = row["amount"], row["currency"]
        arrow = " → " if pattern.name == "cycle" else ", "
        rows.append(
            [
                f"{row['score']:.3f}",
                currency if amount is None else f"{amount_text(amount, digits.get(currency, 2))} {currency}",
                local_time(row["since"], zone).date().isoformat(),
                local_time(row["until"], zone).date().isoformat(),
                str(len(row["transfers"])),
                str(row["members"]),
                shorten(arrow.join(row["accounts"]), 90),
            ]
        )
    heads = [
        N_("score"), N_("money"), N_("since"), N_("until"), N_("transfers"), N_("holders"), N_("accounts"),
    ]  # fmt: skip
    asked = found.parameters[pattern.name]
    title = say(
        N_("{name}: {count}; at least {least} {of}, within {window}"),
        name=named(pattern, language), count=f"{count:,}", of=say(pattern.of), least=asked["least"],
        window=span_text(asked["window"], language),
    )  # fmt: skip
    more = count - len(rows)
    note = say(N_("and {count} more"), count=f"{more:,}") if more else ""
    return Table(title, [say(head) for head in heads], rows, right=(0, 1, 4, 5), note=note)


def _left_out(case: Case, found: Patterns, language: str) -> Table:
    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    digits = case.tables.minor_units
    names: Mapping[str, str] = {each.name: named(each, language) for each in PATTERNS}
    frame = found.left_out
    rows = [
        [
            names.get(kind, say(N_("all"))), account, transfer, say(why), f"{transfers:,}",
            f"{amount_text(amount, digits.get(currency, 2))} {currency}",
        ]
        for kind, account, transfer, why, transfers, amount, currency in frame.head(TOP).itertuples(
            index=False, name=None
        )
    ]  # fmt: skip
    heads = [N_("pattern"), N_("account"), N_("transfer"), N_("why"), N_("transfers"), N_("money")]
    note = say(N_("and {count} more"), count=len(frame) - TOP) if len(frame) > TOP else ""
    title = say(N_("Where no pattern was looked for, or not to the end"))
    return Table(title, [say(head) for head in heads], rows, right=(4, 5), note=note)
