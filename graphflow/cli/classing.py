"""What the verb `classes` prints: the class of each party, what put it there, and the axes of platforms."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphflow.cli.showing import out, print_table, write_csv
from graphflow.findings import SEVERITY_NAMES
from graphflow.language import N_, told, translate
from graphflow.pictures import Table
from graphflow.redlines.classes import AXES, SIX, THREE
from graphflow.terminal import jsonable, write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from graphflow.case import Case
    from graphflow.redlines import Check

SHOWN = 50
"""Parties and reasons that a person is shown in a table; the rest is counted."""


def show_classes(case: Case, c: Check, frame: pd.DataFrame, form: str, language: str) -> None:
    """Print the classes: tables for people, all of it as JSON, the frame as CSV."""
    records = [_record(row) for row in frame.to_dict("records")]
    if form == "json":
        write_json(_pairs(case, c, records), sys.stdout)
    elif form == "csv":
        write_csv(records, [str(name) for name in frame.columns])
    else:
        _print(c, records, language)


def _record(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): jsonable(value) for name, value in row.items()} | {"reasons": list(row["reasons"])}


def _pairs(case: Case, c: Check, records: list[dict[str, Any]]) -> Iterator[tuple[str, object]]:
    """The classes, with the red lines that could not be asked: those can only make a class graver."""
    yield "version", VERSION
    yield "case_hash", case.hash
    yield "as_of", c.as_of
    yield "classes", iter(records)
    yield (
        "findings",
        [{"id": f.id, "code": f.code, "severity": f.severity, "summary": str(f.summary)} for f in c.findings],
    )
    yield "not_assessable", c.not_assessable.to_dict("records")


def _print(c: Check, records: list[dict[str, Any]], language: str) -> None:
    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    def measure(names: Any, code: str | None, zh: str | None) -> str:
        return "" if code is None else str(zh) if language == "zh" else say(names[code][1])

    def licensed(value: bool | None) -> str:
        return say(N_("unknown")) if value is None else say(N_("yes")) if value else say(N_("no"))

    if not records:
        out(say(N_("No party has a licence, runs a platform or is what a finding is about.")))
        return
    print_table(
        Table(
            say(N_("Classes (六分类)")),
            [say(h) for h in (N_("party"), N_("licensed"), N_("class"), N_("what is done"), N_("reasons"))],
            [
                [
                    _party(row), licensed(row["licensed"]), row["six"],
                    measure(SIX, row["six"], row["six_zh"]),
                    f"{len(row['reasons']):,}",
                ]
                for row in records[:SHOWN]
            ],
            right=(4,),
        )
    )  # fmt: skip
    if len(records) > SHOWN:
        out(say(N_("and {count} more"), count=len(records) - SHOWN))
    platforms = [row for row in records if row["three"] is not None]
    if platforms:
        heads = (N_("party"), N_("class"), *(text for text, _ in AXES.values()))
        print_table(
            Table(
                say(N_("Lending platforms (三分类), each axis from 0 to 100")),
                [say(h) for h in heads],
                [
                    [
                        _party(row), measure(THREE, row["three"], row["three_zh"]),
                        *(say(N_("unknown")) if row[axis] is None else str(row[axis]) for axis in AXES),
                    ]
                    for row in platforms[:SHOWN]
                ],
                right=tuple(range(2, 2 + len(AXES))),
            )
        )  # fmt: skip
        if len(platforms) > SHOWN:
            out(say(N_("and {count} more"), count=len(platforms) - SHOWN))
    findings = {f.id: f for f in c.findings}
    reasons = [(row, reason) for row in records for reason in row["reasons"]]
    if reasons:
        rows = []
        for row, reason in reasons[:SHOWN]:
            f = findings.get(reason)
            grave = "" if f is None else say(SEVERITY_NAMES[f.severity])
            said = told(reason, language) if f is None else f"{f.code}: {told(f.summary, language)}"
            rows.append([_party(row), row["six"], said, grave])
        heads = (N_("party"), N_("class"), N_("reason"), N_("severity"))
        print_table(Table(say(N_("What put them there")), [say(h) for h in heads], rows))
        if len(reasons) > SHOWN:
            out(say(N_("and {count} more"), count=len(reasons) - SHOWN))
    out(say(N_("A class is a proposal for whoever decides; every finding behind it is a lead (线索).")))
    lacking = c.not_assessable["code"].tolist()
    if lacking:
        text = N_("Not asked, which can only make a class graver: {codes}; graphflow check says why.")
        out(say(text, codes=", ".join(lacking)))


def _party(row: dict[str, Any]) -> str:
    return f"{row['name']} ({row['party_id']})" if row["name"] else str(row["party_id"])
