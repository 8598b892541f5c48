"""One question under every rule, side by side: for people, and for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphflow.cli.showing import (
    INEXACT,
    TABLE_TOP,
    Amounts,
    Extras,
    TraceTables,
    out,
    print_facts,
    print_table,
    trace_pairs,
    write_csv,
)
from graphflow.language import N_
from graphflow.pictures import Facts, Table, end_name
from graphflow.terminal import jsonable, write_json

if TYPE_CHECKING:
    import argparse

    import pandas as pd

    from graphflow.case import Case
    from graphflow.tracing import Trace


OTHERS = N_(
    "Ends that no rule here has, and another attribution could reach, are told by --envelope of one rule."
)
ORDERS = N_(
    "Nothing decides the order of some rows: in another order these figures are others; "
    "--rule tells between what."
)


def show_comparison(
    case: Case,
    answers: Mapping[str, Trace],
    extras: Mapping[str, Extras],
    errors: Mapping[str, str],
    frame: pd.DataFrame,
    asked: argparse.Namespace,
) -> None:
    """Print what every rule says, and what any may say."""
    first = next(iter(answers.values()))
    amounts = Amounts(case.tables.minor_units, first.currency)
    rules = [name for name in frame.columns if name in answers or name in errors]
    if asked.format == "json":
        told = {
            name: {"error": errors[name]}
            if name in errors
            else _whole(trace_pairs(case, answers[name], asked.top, asked.order, extras[name]))
            for name in rules
        }
        write_json([("rules", told), ("comparison", _rows(frame, answers, amounts))], sys.stdout)
    elif asked.format == "csv":
        write_csv(_rows(frame, answers, amounts), [str(name) for name in frame.columns])
    else:
        tables = TraceTables(case, first, asked.start, asked.language, extras[first.rule])
        say = tables.say
        facts = tables.facts().rows
        print_facts(Facts([row for row in facts if row[0] != say(N_("Rule"))]))
        most = TABLE_TOP if asked.top is None else asked.top
        print_table(_table(frame, answers, tables, most))
        for name, error in errors.items():
            out(f"{name}: {error}")
        frontier = _frontier(frame, answers, tables, most)
        if frontier is not None:
            print_table(frontier)
        for table in tables.rests(most):
            title = say(N_("{title} (under {rule})"), title=table.title, rule=first.rule)
            print_table(replace(table, title=title))


def _whole(pairs: Iterator[tuple[str, object]]) -> dict[str, Any]:
    """An answer in memory: several of them stand in one object."""
    return {name: list(value) if isinstance(value, Iterator) else value for name, value in pairs}


def _rows(frame: pd.DataFrame, answers: Mapping[str, Trace], amounts: Amounts) -> Iterator[dict[str, Any]]:
    """The rows for programs: money as decimal text, what is not known as nothing."""
    seed = frozenset({"least", "greatest", *(name for name, t in answers.items() if t.attributes)})
    own = [name for name, t in answers.items() if not t.attributes]
    for record in amounts.records(frame, seed):
        yield record | {name: amounts.text(record[name], record["currency"]) for name in own}


def _frontier(
    frame: pd.DataFrame, answers: Mapping[str, Trace], tables: TraceTables, most: int
) -> Table | None:
    """The statements to ask for next, by the most that any rule says each would explain."""
    frame = frame[frame["kind"] == "frontier"]
    say, amounts = tables.say, tables.amounts
    figures = [name for name, t in answers.items() if t.attributes]
    own = not figures  # what poison touches is in the money's own currency
    figures = figures or list(answers)
    if frame.empty:
        return None
    low, high = frame[figures].min(axis=1), frame[figures].max(axis=1)
    frame = frame.assign(low=low, high=high).sort_values(["high", "low"], ascending=False, kind="stable")

    def told(row: Mapping[Any, Any]) -> str:
        coin = row["currency"] if own else tables.t.currency
        ends = [amounts.shown(row[name], coin) for name in ("low", "high")]
        return "–".join(dict.fromkeys(ends)) + f" {coin}"

    return tables.statements(frame, most, say(N_("of the money traced, by the rules")), told)


def _table(frame: pd.DataFrame, answers: Mapping[str, Trace], tables: TraceTables, most: int) -> Table:
    """One row an end, a column a rule, the least and the greatest."""
    shown = frame.head(most)
    say, amounts = tables.say, tables.amounts
    rows = []
    inexact = False
    for row, who in zip(shown.to_dict("records"), tables.holders(shown), strict=True):
        figures = []
        for name, t in answers.items():
            own = None if t.attributes else row["currency"]
            abroad = f" {own}" if own not in (None, tables.t.currency) else ""
            figures.append(amounts.shown(row[name], own) + abroad)
        exact = jsonable(row["exact"])
        inexact |= exact is False
        rows.append(
            [
                say(end_name(row["kind"], tables.t.backward)),
                tables.label(who),
                *figures,
                *tables.bound(row["least"], row["greatest"], exact),
            ]
        )
    if len(frame):  # of the rows that are left out, too
        sums = [amounts.shown(int(frame[name].sum())) if t.attributes else "" for name, t in answers.items()]
        rows.append([say(N_("all together")), "", *sums, "", ""])
    titles = [say(N_("origin") if tables.t.backward else N_("end")), say(tables.whose), *answers]
    titles += [say(N_("least")), say(N_("greatest"))]
    notes = [
        say(N_("and {count} more rows"), count=f"{len(frame) - len(shown):,}") if len(frame) > most else "",
        say(N_("In {currency}."), currency=tables.t.currency),
        say(tables.under_any_rule, currency=tables.t.currency) if frame["least"].notna().any() else "",
        say(OTHERS) if frame["least"].notna().any() else "",
        say(ORDERS) if any(t.order_bounds != "known" for t in answers.values()) else "",
        say(N_("poison attributes nothing: all that was touched there, in that money's own currency."))
        if any(not t.attributes for t in answers.values())
        else "",
        say(INEXACT) if inexact else "",
        *tables.beyond(frame),
    ]
    return Table(
        say(N_("Every rule beside the others")),
        titles,
        rows,
        right=range(2, len(titles)),
        note=tables.sentences(notes),
    )
