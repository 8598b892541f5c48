"""What is in a case and how good it is, from its ledger, its manifest and its import report."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from graphflow import sets
from graphflow.cli.showing import account_names, cell, print_facts, print_table, write_csv
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table, amount_text
from graphflow.terminal import jsonable, money_text, write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    from graphflow.case import Case

ASKED = 20
# Accounts that stand for something else than somebody's account: nobody has a statement of them.
_NOBODYS = ("cash", "internal", "tax")


def info(case: Case) -> dict[str, Any]:
    """Everything that `graphflow info` tells, as plain data; money as {currency: minor units}."""
    ledger = case.ledger
    rows = ledger.rows
    zone = ZoneInfo(case.tables.timezone)
    report = case.report.as_dict()
    asked, placeholders = statements_to_ask_for(case)
    covered = np.zeros(len(ledger.account_ids), dtype=bool)
    covered[ledger.periods["account"]] = True
    counts = case.manifest.get("counts", {})  # of a case on disk: no table is read for them
    refused = zip(case.quarantine["column"], case.quarantine["reason"], strict=True)
    times = (int(rows["time"].min()), int(rows["time"].max())) if len(rows) else ()
    return {
        "version": VERSION,
        "case": str(case.path or ""),
        "case_hash": case.hash,
        "currency": case.tables.currency,
        "timezone": case.tables.timezone,
        "minor_units": dict(case.tables.minor_units),
        "tables": {name: counts.get(name) or case.tables.stored[name].num_rows for name in case.tables.names},
        "transfers": len(rows),
        "money": _sums(rows["amount"], rows["currency"], ledger.currencies),
        "period": [_local(time, zone) for time in times],
        "accounts": len(ledger.account_ids),
        "coverage": {
            "stated": bool(ledger.coverage_stated),
            "covered": int(covered.sum()) if ledger.coverage_stated else len(ledger.account_ids),
            "openings": _openings(ledger),
        },
        "sources": [dict(source) for source in case.manifest.get("sources", [])],
        "tallies": report["tallies"],
        "quarantine": dict(Counter(f"{column}: {reason}" for column, reason in refused)),
        "breaks": _breaks(ledger),
        "open_orders": len(sets.unique(ledger.open_groups[:, 1])),
        "ask_for": asked,
        "unnamed_counterparties": placeholders,
    }  # fmt: skip


def statements_to_ask_for(case: Case, most: int = ASKED) -> tuple[list[dict[str, Any]], int]:
    """Accounts that we see only from the other side, by the money that their statements would show.

    Returns
    -------
    list of mappings, and how many counterparties have no number by which a statement could be asked for.
    """
    ledger = case.ledger
    if not ledger.coverage_stated:
        return [], 0
    from graphflow.ledger.form import KINDS

    count = len(ledger.account_ids)
    wanted = np.ones(count, dtype=bool)
    wanted[ledger.periods["account"]] = False
    wanted &= ~np.isin(ledger.account_kind, [KINDS.index(kind) for kind in _NOBODYS])
    rows = ledger.rows
    found: list[dict[str, Any]] = []
    placeholders: set[int] = set()
    for number, currency in enumerate(ledger.currencies):
        here = rows[rows["currency"] == number]
        got, paid, times = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64)
        np.add.at(got, here["target"], here["net"])
        np.add.at(paid, here["source"], here["net"])
        np.add.at(times, here["target"], 1)
        np.add.at(times, here["source"], 1)
        whole = np.where(wanted, got + paid, 0)
        for account in np.argsort(-whole, kind="stable"):
            if whole[account] <= 0:
                break
            account_id = ledger.account_ids[int(account)].as_py()
            if account_id.startswith("?:"):
                placeholders.add(int(account))
            elif sum(row["currency"] == currency for row in found) < most:
                found.append(
                    {
                        "account_id": account_id,
                        "currency": currency,
                        "received": int(got[account]),
                        "paid": int(paid[account]),
                        "transfers": int(times[account]),
                    }
                )
    names = account_names(case, {row["account_id"] for row in found})
    return [{**row, "name": names.get(row["account_id"], "")} for row in found], len(placeholders)


def _openings(ledger: Any) -> dict[str, int]:
    """How many histories open on which basis; those that need none are not counted."""
    from graphflow.ledger.form import BASES

    numbers, counts = np.unique(ledger.pots["basis"], return_counts=True)
    found = {BASES[int(number)]: int(count) for number, count in zip(numbers, counts, strict=True)}
    return {basis: count for basis, count in found.items() if basis in _OPENINGS}


def _breaks(ledger: Any) -> dict[str, int]:
    """How many breaks there are of each kind; one that stands for many that are not listed counts so."""
    found: Counter[str] = Counter()
    for gap in ledger.breaks:
        found[str(gap["kind"])] += int(gap.get("rows", 1))
    return dict(found)


def _sums(amount: Any, currency: Any, names: tuple[str, ...]) -> dict[str, int]:
    from graphflow.tables.result import exact_sum

    return {name: exact_sum(amount[currency == i]) for i, name in enumerate(names) if (currency == i).any()}


def _local(microseconds: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).astimezone(zone).isoformat()


def _decimal(value: object, digits: Mapping[str, int]) -> Any:
    """Sums of money, wherever they stand in plain data, as decimal text."""
    if isinstance(value, dict):
        if value and all(key in digits and isinstance(item, int) for key, item in value.items()):
            return {key: money_text(item, digits[key]) for key, item in value.items()}
        return {
            # how many digits a currency has is a count, though it looks like a sum of each
            key: item if key == "minor_units" else _decimal(item, digits)
            for key, item in value.items()
        }
    return [_decimal(item, digits) for item in value] if isinstance(value, list) else value


def show_info(case: Case, form: str, language: str) -> None:
    """Print what is in a case."""
    told = info(case)
    digits = told["minor_units"]
    if form == "json":
        for row in told["ask_for"]:
            for name in ("received", "paid"):
                row[name] = money_text(row[name], digits.get(row["currency"], 2))
        write_json(_decimal(told, digits).items(), sys.stdout)
    elif form == "csv":
        write_csv([{"table": name, "rows": rows} for name, rows in told["tables"].items()], ["table", "rows"])
    else:
        _print(told, digits, language)


def _print(told: Mapping[str, Any], digits: Mapping[str, int], language: str) -> None:
    def say(text: str, **values: object) -> str:
        return translate(text, language, **values)

    def amount(row: Mapping[str, Any], name: str) -> str:
        return amount_text(row[name], digits.get(row["currency"], 2))

    money = ", ".join(f"{amount_text(value, digits.get(c, 2))} {c}" for c, value in told["money"].items())
    coverage = told["coverage"]
    held = (
        N_("{covered} of {accounts} accounts have a statement here")
        if coverage["stated"]
        else N_("nothing is said about coverage: the case counts as complete")
    )
    held = say(held, covered=f"{coverage['covered']:,}", accounts=f"{told['accounts']:,}")
    facts = [
        (N_("Case"), f"{told['case'] or say(N_('in memory'))} ({told['case_hash'][:12]})"),
        (N_("Transfers"), say(N_("{count}; {money}"), count=f"{told['transfers']:,}", money=money)),
        (N_("Period"), " – ".join(told["period"]) + f" ({told['timezone']})"),
        (N_("Coverage"), held),
        (N_("Openings"), _counted({say(_OPENINGS[k]): n for k, n in coverage["openings"].items()}) or "–"),
        (N_("Open order"), say(N_("{count} groups"), count=f"{told['open_orders']:,}")),
        (N_("Breaks"), _counted({say(_BREAKS.get(k, k)): n for k, n in told["breaks"].items()}) or "0"),
    ]
    print_facts(Facts([(say(name), value) for name, value in facts]))

    def table(
        title: str, columns: list[str], rows: list[list[str]], right: tuple[int, ...], note: str = ""
    ) -> None:
        if rows:
            print_table(Table(say(title), [say(column) for column in columns], rows, right, note))

    kinds = ("read", "quarantined", "duplicates", "set_aside")
    table(
        N_("Tables"),
        [N_("table"), N_("rows"), N_("read"), N_("quarantined"), N_("duplicates"), N_("set aside")],
        [
            [_title(name, language), f"{rows:,}", *(_of(told["tallies"], name, kind) for kind in kinds)]
            for name, rows in told["tables"].items()
        ],
        (1, 2, 3, 4, 5),
    )
    reasons = sorted(told["quarantine"].items(), key=lambda found: -found[1])
    table(
        N_("Quarantine"),
        [N_("reason"), N_("rows")],
        [[_reason(name, language), f"{count:,}"] for name, count in reasons],
        (1,),
    )
    # Who gave a source and on what basis take room only where somebody said it.
    columns = [
        name
        for name in _SOURCE
        if any(source.get(name) not in (None, "") for source in told["sources"]) or name == "name"
    ]
    sources = [
        [_source_cell(name, source.get(name)) for name in columns]
        for source in sorted(told["sources"], key=lambda source: str(source.get("name", "")))
    ]
    right = tuple(i for i, name in enumerate(columns) if name == "bytes")
    table(N_("Sources"), [_SOURCE[name] for name in columns], sources, right)
    table(
        N_("Statements to ask for: accounts seen only from the other side"),
        [N_("account"), N_("name"), N_("currency"), N_("received"), N_("paid"), N_("transfers")],
        [
            [row["account_id"], row["name"], row["currency"]]
            + [amount(row, "received"), amount(row, "paid"), f"{row['transfers']:,}"]
            for row in told["ask_for"]
        ],
        (3, 4, 5),
        say(N_("{count} more counterparties have no account number"), count=told["unnamed_counterparties"])
        if told["unnamed_counterparties"]
        else "",
    )


_OPENINGS = {
    "stated": N_("stated"),
    "first balance": N_("from the first running balance"),
    "unknown": N_("unknown, the least that never overdraws is taken"),
}
_BREAKS = {
    "balance": N_("running balances that do not follow"),
    "opening": N_("openings that do not follow"),
    "gap": N_("gaps between statements"),
    "order": N_("orders that contradict one another"),
    "reversal": N_("reversals that do not fit"),
}
_SOURCE = {
    "name": N_("file"),
    "loader": N_("loader"),
    "bytes": N_("bytes"),
    "sha256": N_("SHA-256"),
    "authority": N_("authority"),
    "basis": N_("legal basis"),
}


def _source_cell(name: str, value: object) -> str:
    text = cell(jsonable(value))
    return text[:16] if name == "sha256" else f"{int(text):,}" if name == "bytes" and text.isdigit() else text


def _title(table: str, language: str) -> str:
    from graphflow.tables import SCHEMA

    return translate(SCHEMA[table].title, language) if table in SCHEMA else table


def _reason(found: str, language: str) -> str:
    """The reason of a quarantined row, after the column that it is about."""
    column, _, reason = found.partition(": ")
    if not reason:
        return found
    if not column:  # it is about the whole row
        return translate(reason, language)
    return translate(N_("{where}: {what}"), language, where=column, what=translate(reason, language))


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _of(tallies: Mapping[str, Any], table: str, kind: str) -> str:
    return f"{tallies[table]['rows'].get(kind, 0):,}" if table in tallies else ""
