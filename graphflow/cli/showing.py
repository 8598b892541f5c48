"""Results made readable: the same tables on a terminal and on a page, JSON and CSV for programs."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphflow.language import N_, translate
from graphflow.pictures import Facts, Picture, Table, amount_text, brief, end_name, html_page, sankey_svg
from graphflow.pictures.words import percent, shorten
from graphflow.terminal import Column, jsonable, money_text, plain, table_lines, write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from graphflow.case import Case
    from graphflow.receipt import ImportReport
    from graphflow.tracing import Trace

TABLE_TOP, PAGE_TOP = 20, 500
# What is money in a result's frames, and in whose currency: the row's own, or the seed's.
_LOCAL = frozenset({"traced", "traced_min", "traced_max", "amount", "amount_min", "amount_max", "money"})
_SEED = frozenset({"seed_amount"})


def out(line: str = "") -> None:
    """One line of a result."""
    sys.stdout.write(line + "\n")


# ---------------------------------------------------------------- for programs


@dataclass(frozen=True)
class Amounts:
    """Turns minor units into decimal text: digits by currency, the seed's where a row names none."""

    digits: Mapping[str, int]
    currency: str

    def of(self, currency: object = None) -> int:
        return self.digits.get(str(currency) if currency else self.currency, 2)

    def text(self, minor: int, currency: object = None) -> str:
        return money_text(minor, self.of(currency))

    def shown(self, minor: int, currency: object = None) -> str:
        return amount_text(minor, self.of(currency))

    def record(self, row: Mapping[str, Any], seed: frozenset[str] = _SEED) -> dict[str, Any]:
        """A row as JSON has it: money as decimal text."""
        made: dict[str, Any] = {}
        for name, value in row.items():
            plain_value = jsonable(value)
            if plain_value is not None and name in seed:
                made[name] = self.text(plain_value)
            elif plain_value is not None and name in _LOCAL:
                made[name] = self.text(plain_value, jsonable(row.get("currency")))
            else:
                made[name] = plain_value
        return made

    def assumed(self, frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """Assumptions: the value of an opening is money, that of the others a count."""
        for record in self.records(frame):
            if record["kind"] == "opening":
                record["value"] = self.text(record["value"], record["currency"])
            yield record

    def asked(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """A trace's parameters: the least amount is money of the seed's currency."""
        return {**jsonable(parameters), "min_amount": self.text(parameters.get("min_amount") or 0)}

    def records(self, frame: pd.DataFrame, seed: frozenset[str] = _SEED) -> Iterator[dict[str, Any]]:
        names = list(frame.columns)
        for row in frame.itertuples(index=False, name=None):
            yield self.record(dict(zip(names, row, strict=True)), seed)


_CHAIN_SEED = frozenset({"amount", "seed_amount"})  # a chain's amount is in the seed's currency


def trace_pairs(case: Case, t: Trace, top: int | None) -> Iterator[tuple[str, object]]:
    """A trace as the pairs of one JSON object; chains are streamed."""
    amounts = Amounts(case.tables.minor_units, t.currency)
    yield "version", VERSION
    yield "case_hash", case.hash
    yield "seed", amounts.text(t.seed)
    yield "currency", t.currency
    yield "rule", t.rule
    yield "backward", t.backward
    yield "parameters", amounts.asked(t.parameters)
    yield "ends", amounts.records(t.ends)
    yield "transfers", amounts.records(t.transfers)
    if top is None:
        yield "chains", chain_records(t, amounts)
    else:
        kept, left, money = top_chains(t, top)
        yield "chains", amounts.records(kept, _CHAIN_SEED)
        yield "chains_left_out", {"count": left, "money": amounts.text(money)}
    yield "envelope", None
    yield "assumptions", amounts.assumed(t.assumptions)
    yield "misuse", amounts.records(t.misuse)


def chain_records(t: Trace, amounts: Amounts) -> Iterator[dict[str, Any]]:
    """All chains, never all in memory."""
    for chain in t.iter_chains():
        yield amounts.record(chain._asdict(), _CHAIN_SEED)


def top_chains(t: Trace, top: int) -> tuple[pd.DataFrame, int, int]:
    """The largest chains, and how many with how much money are left out."""
    kept = t.chains(top=top)
    left = kept.attrs["left_out"]
    return kept, int(left["count"]), int(left["amount"])


def write_csv(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Rows as CSV with a header; tuples as words between spaces, unknown as nothing."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow(
            " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else value
            for value in (row[name] for name in names)
        )


# ---------------------------------------------------------------- for people


def print_table(table: Table, *, wraps: int = -1) -> None:
    """A table on the terminal, cut to its width; in a file or a pipe nothing is cut.

    The column `wraps` is not cut but goes on in further lines.
    """
    terminal = sys.stdout.isatty()
    room = shutil.get_terminal_size((160, 40)).columns
    right = set(table.right)
    widest = max(20, room // 2) if terminal else 100_000
    columns = [
        Column(title, i in right, max(30, room - 45) if i == wraps else widest, i == wraps)
        for i, title in enumerate(table.columns)
    ]
    out()
    out(plain(table.title))
    for line in table_lines(columns, table.rows):
        out(line)
    if table.note:
        out(plain(table.note))


def print_facts(facts: Facts) -> None:
    """Names and values, lined up."""
    from graphflow.pictures.words import width_of

    wide = max((width_of(name) for name, _ in facts.rows), default=0)
    for name, value in facts.rows:
        out(f"{name}{' ' * (wide - width_of(name))}  {plain(value)}")


class TraceTables:
    """A trace as tables in the reader's language."""

    def __init__(self, case: Case, t: Trace, start: str, language: str) -> None:
        self.case, self.t, self.start, self.language = case, t, start, language
        self.amounts = Amounts(case.tables.minor_units, t.currency)
        self.labels: dict[str, str] = {}

    def say(self, text: str, **values: object) -> str:
        return translate(text, self.language, **values)

    def know(self, ids: Iterable[object]) -> None:
        """Look up the names of accounts that will be shown."""
        wanted = {str(i) for i in ids if jsonable(i) is not None} - self.labels.keys()
        self.labels.update(account_names(self.case, wanted))

    def label(self, account: object) -> str:
        if jsonable(account) is None:
            return ""
        name = self.labels.get(str(account), "")
        return f"{name} ({account})" if name and name != account else str(account)

    def facts(self) -> Facts:
        from graphflow.tracing.rules import rule_named

        t = self.t
        direction = self.say(N_("where it came from")) if t.backward else self.say(N_("where it went"))
        rows = [
            (self.say(N_("Question")), self.say(N_("{where}: {what}"), where=self.start, what=direction)),
            (self.say(N_("Money traced")), f"{self.amounts.shown(t.seed)} {t.currency}"),
            (self.say(N_("Rule")), self.say(rule_named(t.rule).title)),
        ]
        asked = {k: v for k, v in t.parameters.items() if k in _LIMITS and v not in (None, 0)}
        if "min_amount" in asked:
            asked["min_amount"] = self.amounts.text(asked["min_amount"])
        limits = [self.say(_LIMITS[name], value=value) for name, value in asked.items()]
        if limits:
            rows.append((self.say(N_("Limits")), ", ".join(limits)))
        rows.append(
            (self.say(N_("Case")), f"{self.case.path or self.say(N_('in memory'))} ({self.case.hash[:12]})")
        )
        return Facts(rows)

    def ends(self, top: int) -> Table:
        frame = self.t.ends
        shown = frame.head(top)
        self.know(shown["account_id"])
        abroad = bool((frame["currency"] != self.t.currency).any())
        spread = bool((frame["amount_min"].ne(frame["amount_max"])).fillna(False).any())
        rows = []
        for row in shown.to_dict("records"):
            cells = [
                self.say(end_name(row["kind"], self.t.backward)),
                self.label(row["account_id"]),
                f"{self.amounts.shown(row['amount'], row['currency'])} {row['currency']}",
            ]
            cells += [self.amounts.shown(row["seed_amount"])] if abroad else []
            if spread:
                cells += [self.amounts.shown(row[n], row["currency"]) for n in ("amount_min", "amount_max")]
            rows.append([*cells, percent(row["seed_amount"], self.t.seed)])
        titles = [N_("origin") if self.t.backward else N_("end"), N_("account"), N_("amount")]
        titles += [N_("of the money traced")] if abroad else []
        titles += [N_("at least"), N_("at most")] if spread else []
        title = (
            N_("Origins: where the money stood at the start")
            if self.t.backward
            else N_("Ends: where the money stands at the close")
        )
        return Table(
            self.say(title),
            [*(self.say(title) for title in titles), "%"],
            rows,
            right=range(2, len(titles) + 1),
            note=self._left(
                len(frame) - len(shown),
                int(frame["seed_amount"].iloc[top:].sum()),
                N_("origins") if self.t.backward else N_("ends"),
            ),
        )

    def chains(self, top: int, *, transfers: bool) -> Table:
        kept, left, money = top_chains(self.t, top)
        self.know(account for way in kept["accounts"] for account in way)
        arrow = " ← " if self.t.backward else " → "
        rows = []
        for row in kept.to_dict("records"):
            cells = [
                self.amounts.shown(row["amount"]),
                str(row["hops"]),
                self.say(end_name(row["kind"], self.t.backward)),
                arrow.join(
                    self.label(account) if transfers else brief(self.labels.get(account, ""), account)
                    for account in row["accounts"]
                ),
            ]
            rows.append([*cells, " ".join(map(str, row["transfers"]))] if transfers else cells)
        end = N_("origin") if self.t.backward else N_("end")
        titles = [N_("amount"), N_("hops"), end, N_("way")] + ([N_("transfers")] if transfers else [])
        return Table(
            self.say(N_("Chains: ways that the money took")),
            [self.say(title) for title in titles],
            rows,
            right=(0, 1),
            note=self._left(left, money, N_("chains")),
        )

    def others(self, top: int) -> Iterator[Table]:
        """What was assumed, and money taken of others' earmarks, where there is any."""
        frame = self.t.assumptions
        if len(frame):
            shown = frame.head(top)
            self.know(shown["account_id"])
            rows = [
                [
                    self.say(row["note"]),
                    self.label(row["account_id"]),
                    self.amounts.shown(row["seed_amount"]),
                    f"{self.amounts.shown(row['value'], row['currency'])} {row['currency']}"
                    if row["kind"] == "opening"
                    else f"{row['value']:,}",
                ]
                for row in shown.to_dict("records")
            ]
            titles = (N_("assumption"), N_("account"), N_("money that came there"), N_("value"))
            yield Table(
                self.say(N_("Assumptions, and the money that rests on them")),
                [self.say(title) for title in titles],
                rows,
                right=(2, 3),
                note=self._more(len(frame) - len(shown)),
            )
        frame = self.t.misuse
        if len(frame):
            records = [*self.amounts.records(frame.head(top))]
            yield Table(
                self.say(N_("Money taken of others' earmarks")),
                [self.say(_MISUSE.get(str(name), str(name))) for name in frame.columns],
                [[cell(value) for value in record.values()] for record in records],
                right=[i for i, name in enumerate(frame.columns) if name in _LOCAL],
                note=self._more(len(frame) - len(records)),
            )

    def _more(self, count: int) -> str:
        return self.say(N_("and {count} more rows"), count=f"{count:,}") if count else ""

    def _left(self, count: int, money: int, what: str) -> str:
        if not count:
            return ""
        return self.say(
            N_("and {count} more {what} with {money} {currency}, {percent} % of the money traced"),
            count=f"{count:,}",
            what=self.say(what),
            money=self.amounts.shown(money),
            currency=self.t.currency,
            percent=percent(money, self.t.seed),
        )


_LIMITS = {
    "since": N_("since {value}"),
    "until": N_("until {value}"),
    "max_hops": N_("at most {value} hops"),
    "min_amount": N_("chains of at least {value}"),
}
_MISUSE = {
    "transfer_id": N_("transfer"),
    "account_id": N_("account"),
    "earmark": N_("earmark paid for"),
    "taken_from": N_("earmark taken from"),
    "amount": N_("amount"),
    "traced": N_("traced money in it"),
}


def cell(value: object) -> str:
    """A JSON value as a table's cell."""
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def account_names(case: Case, ids: set[str]) -> dict[str, str]:
    """The names of accounts: their party's, else the account's own hint."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def rows(table: str, key: str, wanted: set[str], columns: set[str]) -> list[dict[str, Any]]:
        held = case.tables.arrow(table, columns | {key}) if wanted else None
        if held is None or held.num_columns == 1:
            return []
        found = held.filter(pc.is_in(held[key], pa.array(sorted(wanted), held[key].type)))
        return list(found.to_pylist())

    accounts = rows("accounts", "account_id", ids, {"name", "party_id"})
    owners = {row["party_id"] for row in accounts if row.get("party_id")}
    parties = {row["party_id"]: row["name"] for row in rows("parties", "party_id", owners, {"name"})}
    names = {row["account_id"]: parties.get(row.get("party_id")) or row.get("name") for row in accounts}
    return {account: name for account, name in names.items() if name}


def show_import(report: ImportReport, form: str, language: str) -> None:
    """Print an import report."""
    if form == "json":
        out(report.json(language))
    elif form == "csv":
        kinds = ("read", "loaded", "quarantined", "duplicates", "set_aside")
        rows: list[Mapping[str, Any]] = []
        for table, tally in report.tallies.items():
            rows.append(
                {"table": table, "currency": "", "of": "rows"} | {k: tally.rows.get(k, 0) for k in kinds}
            )
            for currency in sorted({c for sums in tally.money.values() for c in sums}):
                digits = report.minor_units.get(currency, 2)
                money = {k: money_text(tally.money.get(k, {}).get(currency, 0), digits) for k in kinds}
                rows.append({"table": table, "currency": currency, "of": "money"} | money)
        write_csv(rows, ["table", "of", "currency", *kinds])
    else:
        out(report.text(language))


def show_facts(facts: Mapping[str, object], form: str, language: str) -> None:
    """Print names and values; a name of several words is one key."""
    if form == "json":
        write_json(((name.replace(" ", "_"), value) for name, value in facts.items()), sys.stdout)
    elif form == "csv":
        write_csv([{"name": k, "value": jsonable(v)} for k, v in facts.items()], ["name", "value"])
    else:
        print_facts(Facts([(translate(k, language), cell(jsonable(v))) for k, v in facts.items()]))


def show_trace(
    case: Case, t: Trace, start: str, form: str, language: str, *, part: str = "ends", top: int | None = None
) -> None:
    """Print a trace."""
    amounts = Amounts(case.tables.minor_units, t.currency)
    if form == "json":
        write_json(trace_pairs(case, t, top), sys.stdout)
    elif form == "csv":
        frame = (
            t.routes() if part == "routes" else t.chains(top=top) if part == "chains" else getattr(t, part)
        )
        seed = _CHAIN_SEED if part in ("routes", "chains") else _SEED
        records = amounts.assumed(frame) if part == "assumptions" else amounts.records(frame, seed)
        write_csv(records, [str(c) for c in frame.columns])
    else:
        tables = TraceTables(case, t, start, language)
        print_facts(tables.facts())
        print_table(tables.ends(TABLE_TOP if top is None else top))
        print_table(tables.chains(TABLE_TOP if top is None else top, transfers=False), wraps=3)
        for table in tables.others(TABLE_TOP):
            print_table(table)


def trace_page(case: Case, t: Trace, start: str, language: str) -> str:
    """The same as a page: the picture, and tables with the transfers behind each chain."""
    tables = TraceTables(case, t, start, language)
    ends, chains = tables.ends(PAGE_TOP), tables.chains(PAGE_TOP, transfers=True)
    routes = t.routes()
    tables.know(account for way in routes["accounts"] for account in way)
    title = tables.say(
        N_("Where the money of {start} came from") if t.backward else N_("Where the money of {start} went"),
        start=shorten(start, 80),
    )
    svg = sankey_svg(
        routes,
        title=tables.say(
            N_("Hop by hop, from right to left") if t.backward else N_("Hop by hop, from left to right")
        ),
        unit=t.currency,
        digits=t.minor_units,
        language=language,
        labels=tables.labels,
        backward=t.backward,
    )
    foot = tables.say(
        N_("graphflow {version}; case {hash}; rule {rule}."), version=VERSION, hash=case.hash, rule=t.rule
    )
    return html_page(
        title,
        [tables.facts(), Picture(svg), ends, chains, *tables.others(PAGE_TOP)],
        language=language,
        foot=foot,
    )
