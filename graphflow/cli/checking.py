"""What the verb `check` prints: what the red lines found, and what they could not be asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphflow.cli.showing import out, print_table, write_csv
from graphflow.findings import SEVERITY_NAMES, Finding, said_need
from graphflow.language import N_, told, translate
from graphflow.pictures import Table, amount_text
from graphflow.redlines import LEADS, REDLINES, SHOWN, Check
from graphflow.terminal import folded, jsonable, money_text, write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    from graphflow.case import Case

WIDTH = 100


def show_check(
    case: Case, c: Check, form: str, language: str, law: str | None, *, report: bool, rows: bool
) -> None:
    """Print what was found: a table, or a paragraph each (`report`), with its rows (`rows`); JSON has all."""
    if form == "json":
        write_json(_pairs(case, c, law), sys.stdout)
        return
    if form == "csv":
        frame = c.frame()
        digits = case.tables.minor_units
        records = []
        for row in frame.to_dict("records"):
            plain: dict[str, Any] = {str(name): jsonable(value) for name, value in row.items()}
            for name in ("amount", "amount_least"):
                if plain[name] is not None:
                    plain[name] = money_text(plain[name], digits.get(plain["currency"], 2))
            for name in ("value", "threshold"):
                if plain["unit"] in digits and plain[name] is not None:  # money in whole minor units
                    plain[name] = money_text(int(plain[name]), digits[plain["unit"]])
            records.append(plain)
        write_csv(records, [str(name) for name in frame.columns])
        return

    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    if not c.findings:
        out(say(N_("Nothing was found in what could be asked of this case.")))
    elif report:
        for f in c.findings:
            for line in folded(f.text(language), WIDTH):
                out(line)
            if rows:
                print_table(_rows(f, language))
            out()
    else:
        print_table(_findings(case, c, language))
        if len(c.findings) > SHOWN:
            out(say(N_("and {count} more"), count=len(c.findings) - SHOWN))
        if rows:
            for f in c.findings[:SHOWN]:
                print_table(_rows(f, language))
    out(say(LEADS))
    out(
        say(
            N_("Asked of everything that the case knows, by the law as it was last; --as-of D asks of a day.")
        )
        if c.as_of is None
        else say(N_("Asked as known on {day}, by the law of that day."), day=c.as_of)
    )
    if law is not None:
        out(say(N_("Thresholds of {file} took the place of ours."), file=law))
    if not report and c.findings:
        out(
            say(
                N_("--report says each as a paragraph with its law, its elements and what speaks against it.")
            )
        )
    lacking = c.tests[~c.tests["ran"]]
    if len(lacking):
        print_table(_lacking(c, language))
    if len(c.hubs):
        print_table(_hubs(case, c, language))


def _pairs(case: Case, c: Check, law: str | None) -> Iterator[tuple[str, object]]:
    yield "version", VERSION
    yield "case_hash", case.hash
    yield "as_of", c.as_of
    yield "law", law
    yield "findings", (f.as_dict() for f in c.findings)
    yield "not_assessable", c.not_assessable.to_dict("records")
    yield "tests", c.tests.to_dict("records")
    yield (
        "hubs",
        [
            {**row, "paid_in": money_text(row["paid_in"], case.tables.minor_units.get(row["currency"], 2))}
            for row in c.hubs.to_dict("records")
        ],
    )


def name_of(code: str, language: str) -> str:
    """A red line's name as a person reads it."""
    line = next(line for line in REDLINES if line.code == code)
    return line.name_zh if language == "zh" else translate(line.name, language)


def _findings(case: Case, c: Check, language: str) -> Table:
    def say(text: str) -> str:
        return translate(text, language)

    digits = case.tables.minor_units
    rows = [
        [
            f"{f.code} {name_of(f.code, language)}",
            say(SEVERITY_NAMES[f.severity]),
            f"{f.confidence:.2f}",
            "" if f.amount is None else f"{amount_text(f.amount, digits.get(f.currency, 2))} {f.currency}",
            f.subject_name or f.subject_id,
            told(f.summary, language),
        ]
        for f in c.findings[:SHOWN]
    ]
    heads = [N_("red line"), N_("severity"), N_("confidence"), N_("money"), N_("about"), N_("what")]
    return Table(say(N_("Findings (线索)")), [say(h) for h in heads], rows, right=(2, 3))


def _rows(f: Finding, language: str) -> Table:
    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    rows = [
        [
            str(row["table"]), str(row["key"]), str(row["source_file"] or ""), str(row["source_sheet"] or ""),
            str(row["source_row"]), str(row["sha256"] or "")[:12],
            say(N_("shows")) if row["shows"] else say(N_("context")),
        ]
        for row in f.evidence.to_dict("records")
    ]  # fmt: skip
    heads = [N_("table"), N_("row's key"), N_("file"), N_("sheet"), N_("row"), "SHA-256", N_("as")]
    return Table(say(N_("Rows of {id}"), id=f.id), [say(h) if h != "SHA-256" else h for h in heads], rows)


def _lacking(c: Check, language: str) -> Table:
    def say(text: str) -> str:
        return translate(text, language)

    texts = {(line.code, test.name): test.text for line in REDLINES for test in line.tests}
    whole = set(c.not_assessable["code"])
    rows = [
        [
            code,
            name_of(code, language),
            say(texts[code, test]),
            ", ".join(said_need(each, language) for each in missing.split(", ")),
            say(N_("not assessable")) if code in whole else say(N_("in part")),
        ]
        for code, test, missing in c.tests.loc[~c.tests["ran"], ["code", "test", "missing"]].itertuples(
            index=False, name=None
        )
    ]
    heads = [N_("code"), N_("red line"), N_("test"), N_("needs"), N_("answer")]
    return Table(say(N_("What could not be asked (不可评估)")), [say(h) for h in heads], rows)


def _hubs(case: Case, c: Check, language: str) -> Table:
    def say(text: str) -> str:
        return translate(text, language)

    digits = case.tables.minor_units
    rows = [
        [
            str(account), c.facts.name_of(party) or party, f"{count:,}",
            f"{amount_text(paid, digits.get(currency, 2))} {currency}",
        ]
        for account, party, count, paid, currency in c.hubs[
            ["account_id", "party_id", "counterparties", "paid_in", "currency"]
        ].itertuples(index=False, name=None)
    ]  # fmt: skip
    heads = [N_("account"), N_("holder"), N_("counterparties"), N_("paid in")]
    title = N_("Accounts of very many counterparties without a role: say what they are")
    return Table(say(title), [say(h) for h in heads], rows, right=(2, 3))
