"""What the verbs `score` and `decide` print: how the night went and who rose; what was decided."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from graphflow.actions import Action
from graphflow.cli.showing import called, out, print_facts, print_table, write_csv
from graphflow.findings import SEVERITIES, SEVERITY_NAMES
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table, amount_text
from graphflow.redlines import REDLINES
from graphflow.scoring.changing import CHANGES
from graphflow.scoring.rating import LEVELS
from graphflow.scoring.rolling import WAYS, authorities
from graphflow.terminal import jsonable, money_text, write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from graphflow.case import Case
    from graphflow.scoring.nightly import Night

SHOWN = 20
"""Subjects that a person is shown; the rest is counted."""

FEW = 3
"""New findings of one subject that a person is shown; the rest is counted."""

KINDS = {"party": N_("party"), "account": N_("account"), "product": N_("product")}


def show_night(night: Night, form: str, language: str) -> None:
    """Print how a night went: counts, who rose, what could not be read."""
    if form == "json":
        write_json(_pairs(night), sys.stdout)
        return
    if form == "csv":
        write_csv([_record(row) for row in night.changes.to_dict("records")], list(night.changes.columns))
        return

    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    again = sum(reused for _, reused, _ in night.steps)
    print_facts(
        Facts([
            (say(N_("Night")), night.as_of),
            (say(N_("Compared with")), night.before or say(N_("nothing: the first night"))),
            (say(N_("Findings")), f"{night.counts['findings']:,}"),
            *((say(LEVELS[name]), f"{night.counts[f'level_{name}']:,}") for name in LEVELS),
            (say(N_("Changed")), say(N_("{count}, of which {new} new"), count=f"{night.counts['changed']:,}",
                                     new=f"{night.counts['new']:,}")),
            (say(N_("Steps")), say(N_("{count}, of which {again} were there already"),
                                   count=len(night.steps), again=again)),
            (say(N_("Results")), str(night.folder)),
        ])
    )  # fmt: skip
    if len(night.changes):
        print_table(_changes(night, language))
        if len(night.changes) > SHOWN:
            out(say(N_("and {count} more"), count=len(night.changes) - SHOWN))
    for problem in night.refused:
        out(say(N_("not read, left in the inbox: {what}"), what=problem.text(say)))
    for line in night.told:
        if line["level"] == "error":
            out(say(N_("not told: {to}: {why}"), to=line["to"], why=line["message"].partition(": ")[2]))
    if night.quarantined:
        out(say(N_("Rows of the case are in quarantine: `graphflow info` says which and why.")))


def _changes(night: Night, language: str) -> Table:
    def say(text: str) -> str:
        return translate(text, language)

    rows = [
        [
            say(CHANGES[row["change"]]), say(KINDS[row["subject_kind"]]),
            called(row["subject_id"], {row["subject_id"]: row["name"]}),
            f"{row['score_before']:.3f}", f"{row['score']:.3f}",
            say(LEVELS[row["level"]]) if row["level"] else "", _some(row["new_findings"], language),
        ]
        for row in night.changes.head(SHOWN).to_dict("records")
    ]  # fmt: skip
    heads = [
        N_("change"), N_("kind"), N_("subject"), N_("score before"), N_("score"), N_("level"),
        N_("new findings"),
    ]  # fmt: skip
    return Table(say(N_("What changed since the night before")), [say(each) for each in heads], rows, [3, 4])


def _some(findings: Sequence[str], language: str) -> str:
    """The first of some findings, red lines before patterns, and how many more there are."""
    ordered = sorted(findings, key=lambda each: not each.startswith("RL-"))
    if len(ordered) <= FEW + 1:
        return ", ".join(ordered)
    more = translate(N_("and {count} more"), language, count=len(ordered) - FEW)
    return ", ".join(ordered[:FEW]) + f" {more}"


def _record(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): jsonable(value) for name, value in row.items()}


def _pairs(night: Night) -> Iterator[tuple[str, object]]:
    yield "version", VERSION
    yield "as_of", night.as_of
    yield "before", night.before or None
    yield "folder", str(night.folder)
    yield "counts", dict(night.counts)
    yield "changes", [_record(row) for row in night.changes.to_dict("records")]
    yield "refused", [problem.text() for problem in night.refused]
    yield "told", [dict(line) for line in night.told]
    yield "quarantined", night.quarantined
    yield (
        "steps",
        [
            {"step": name, "reused": reused, "seconds": round(seconds, 3)}
            for name, reused, seconds in night.steps
        ],
    )


def show_decision(action: Action, form: str, language: str) -> None:
    """Print what was decided, as it stands in the case's log."""
    said = {"number": action.number, "at": action.at, "by": action.by, **action.content, "hash": action.hash}
    if form == "json":
        write_json(iter(said.items()), sys.stdout)
    elif form == "csv":
        write_csv([{k: v for k, v in said.items() if k != "subject"}], [k for k in said if k != "subject"])
    else:
        from graphflow.scoring.deciding import VERDICTS

        out(
            translate(
                N_("{finding}: {verdict} by {by}; kept in the case's log as number {number}"),
                language,
                finding=action.content["finding"],
                verdict=translate(VERDICTS[action.content["verdict"]], language),
                by=action.by,
                number=action.number,
            )
        )


def show_roll_up(
    case: Case, frame: pd.DataFrame, payment: pd.DataFrame, by: str, form: str, language: str
) -> None:
    """Print what was found by region or authority, then who carries payments without a licence."""
    digits = case.tables.minor_units

    def records(table: pd.DataFrame, money: str) -> list[dict[str, Any]]:
        return [
            {**_record(row), money: money_text(int(row[money]), digits.get(row["currency"], 2))}
            for row in table.to_dict("records")
        ]

    rows, carried = records(frame, "amount"), records(payment, "volume")
    if form == "json":
        said = {
            "by": by,
            "rows": rows,
            "unlicensed_payment": carried,
            "case_hash": case.hash,
            "version": VERSION,
        }
        write_json(iter(said.items()), sys.stdout)
        return
    if form == "csv":
        write_csv(rows, [str(each) for each in frame.columns])
        return

    def say(text: str) -> str:
        return translate(text, language)

    heads = [
        WAYS[by], N_("currency"), N_("parties"), N_("findings"),
        *(SEVERITY_NAMES[each] for each in reversed(SEVERITIES)), N_("money of the findings, added up"),
    ]  # fmt: skip
    called_ = {zh: en for line in REDLINES for zh, en in authorities(line.code)} if language != "zh" else {}
    cells = [
        [
            called_.get(str(row["key"]), str(row["key"])) or say(N_("not stated")), row["currency"],
            f"{row['parties']:,}", f"{row['findings']:,}",
            *(f"{row[each]:,}" for each in reversed(SEVERITIES)),
            amount_text(int(frame["amount"].iloc[n]), digits.get(row["currency"], 2)),
        ]
        for n, row in enumerate(rows)
    ]  # fmt: skip
    print_table(Table(say(N_("What was found")), [say(each) for each in heads], cells, range(2, len(heads))))
    if carried:
        names = [
            N_("party"), N_("finding"), N_("volume"), N_("merchants"), N_("channel providers"),
            N_("depth of subcontracting"),
        ]  # fmt: skip
        lines = [
            [
                called(row["party_id"], {row["party_id"]: row["name"]}), row["finding"],
                f"{row['volume']} {row['currency']}",
                f"{row['merchants']:,}", f"{row['providers']:,}", f"{row['depth']:,}",
            ]
            for n, row in enumerate(carried)
        ]  # fmt: skip
        print_table(
            Table(say(N_("Payment without a licence")), [say(each) for each in names], lines, [2, 3, 4, 5])
        )
