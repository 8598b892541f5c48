"""Results made readable: the same tables on a terminal and on a page, JSON and CSV for programs."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphflow.errors import GraphflowError
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Picture, Table, amount_text, brief, end_name, html_page, sankey_svg
from graphflow.pictures.words import OUTER_BOUND, percents, shorten
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
_SEED = frozenset({"seed_amount", "least", "greatest"})


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


@dataclass(frozen=True)
class Extras:
    """What is computed beside a trace where it is wanted.

    ``envelope``: the least and the greatest of each end; ``resting``: how many of its ends would differ if
    unknown openings were very large, and how many others would be ends then, or why that cannot be said.
    """

    envelope: pd.DataFrame | None = None
    resting: tuple[int, int] | GraphflowError | None = None

    @classmethod
    def of(cls, t: Trace, *, envelope: bool, openings: bool = False) -> Extras:
        resting: tuple[int, int] | GraphflowError | None = None
        if openings and (t.assumptions["kind"] == "opening").any():
            try:
                ends = t.with_large_openings().ends
                differ = ends["difference"] != 0
                resting = int((differ & (ends["before"] != 0)).sum()), int((ends["before"] == 0).sum())
            except GraphflowError as error:  # an answer that there is must not fail for what is beside it
                resting = error
        return cls(t.envelope() if envelope else None, resting)


def trace_pairs(
    case: Case, t: Trace, top: int | None, order: str | None = None, extras: Extras = Extras()
) -> Iterator[tuple[str, object]]:
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
    if not t.attributes:
        yield "chains", None
    elif top is None:
        ordered = None if order in (None, "found") else t.chains(order=order)
        yield (
            "chains",
            chain_records(t, amounts) if ordered is None else amounts.records(ordered, _CHAIN_SEED),
        )
    else:
        kept, left, money = top_chains(t, top, order)
        yield "chains", amounts.records(kept, _CHAIN_SEED)
        yield "chains_left_out", {"count": left, "money": amounts.text(money)}
    if extras.envelope is None:
        yield "envelope", None
    else:
        yield "envelope", amounts.records(extras.envelope)
        if others := extras.envelope.attrs.get("left_out"):
            yield "envelope_left_out", {"count": int(others), "reasons": extras.envelope.attrs["reasons"]}
    yield "assumptions", amounts.assumed(t.assumptions)
    yield "misuse", amounts.records(t.misuse)


def chain_records(t: Trace, amounts: Amounts) -> Iterator[dict[str, Any]]:
    """All chains, never all in memory."""
    for chain in t.iter_chains():
        yield amounts.record(chain._asdict(), _CHAIN_SEED)


def top_chains(t: Trace, top: int, order: str | None = None) -> tuple[pd.DataFrame, int, int]:
    """The first chains of an order, and how many with how much money are left out."""
    kept = t.chains(top=top, order=order or "amount")
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

    def __init__(self, case: Case, t: Trace, start: str, language: str, extras: Extras = Extras()) -> None:
        self.case, self.t, self.start, self.language, self.extras = case, t, start, language, extras
        self.amounts = Amounts(case.tables.minor_units, t.currency)
        self.labels: dict[str, str] = {}

    def say(self, text: str, **values: object) -> str:
        return translate(text, self.language, **values)

    def know(self, ids: Iterable[object]) -> None:
        """Look up the names of accounts, and by party of parties, that will be shown."""
        wanted = {str(i) for i in ids if jsonable(i) is not None} - self.labels.keys()
        self.labels.update(account_names(self.case, wanted))
        if self.t.parameters["by"] == "party":
            self.labels.update(party_names(self.case, wanted))

    def label(self, account: object) -> str:
        if jsonable(account) is None:
            return ""
        name = self.labels.get(str(account), "")
        return f"{name} ({account})" if name and name != account else str(account)

    def holders(self, frame: pd.DataFrame) -> list[object]:
        """Whose each row is: an account's id, or by party the party's where it has one."""
        whose = frame["account_id"]
        if "party_id" in frame.columns:
            whose = whose.where(whose.notna(), frame["party_id"])
        self.know(whose)
        return list(whose)

    @property
    def under_any_rule(self) -> str:
        """What the least and the greatest are."""
        if self.t.order_bounds == "known":
            return N_("Least and greatest: under any rule, in {currency}.")
        return N_("Least and greatest: under any rule in the order of rows that is shown, in {currency}.")

    @property
    def whose(self) -> str:
        """What a column of holders is called."""
        return N_("party") if self.t.parameters["by"] == "party" else N_("account")

    def facts(self) -> Facts:
        from graphflow.tracing.rules import rule_named

        t = self.t
        direction = self.say(N_("where it came from")) if t.backward else self.say(N_("where it went"))
        rows = [
            (self.say(N_("Question")), self.say(N_("{where}: {what}"), where=self.start, what=direction)),
            (self.say(N_("Money traced")), f"{self.amounts.shown(t.seed)} {t.currency}"),
            (self.say(N_("Rule")), self.say(rule_named(t.rule).title)),
        ]
        asked = {k: v for k, v in t.parameters.items() if k in _LIMITS and v is not None}
        if asked["min_amount"]:
            asked["min_amount"] = self.amounts.text(asked["min_amount"])
        else:
            del asked["min_amount"]
        limits = [self.say(_LIMITS[name], value=value) for name, value in asked.items()]
        ways = [self.say(text) for name, value, text in _WAYS if t.parameters.get(name) == value]
        if t.parameters["cash_gaps"] and not t._ledger.gaps:
            ways[-1] = self.say(N_("over gaps of cash: there are none where this money was"))
        if ways:
            rows.append((self.say(N_("Options")), ", ".join(ways)))
        if limits:
            rows.append((self.say(N_("Limits")), ", ".join(limits)))
        rows.append(
            (self.say(N_("Case")), f"{self.case.path or self.say(N_('in memory'))} ({self.case.hash[:12]})")
        )
        rows.append((self.say(N_("Program")), f"graphflow {VERSION}"))
        return Facts(rows)

    def ends(self, top: int) -> Table:
        frame = self.t.ends
        shown = frame.head(top)
        whose = self.holders(shown)
        attributes = self.t.attributes
        abroad = attributes and bool((frame["currency"] != self.t.currency).any())
        spread = bool(frame["amount_min"].ne(frame["amount_max"]).fillna(False).any())
        bounds = self._bounds()
        parts = percents(frame["seed_amount"].tolist(), self.t.seed) if attributes else []
        rows = []
        for i, (row, who) in enumerate(zip(shown.to_dict("records"), whose, strict=True)):
            cells = [
                self.say(end_name(row["kind"], self.t.backward)),
                self.label(who),
                f"{self.amounts.shown(row['amount'], row['currency'])} {row['currency']}",
            ]
            cells += [self.amounts.shown(row["seed_amount"])] if abroad else []
            cells += [self._span(row)] if spread else []
            if bounds is not None:
                cells += self.bound(*bounds.get((row["kind"], who, row["currency"]), (None, None, None)))
            rows.append([*cells, parts[i]] if attributes else cells)
        titles = [N_("origin") if self.t.backward else N_("end"), self.whose, N_("amount")]
        titles += [N_("of the money traced")] if abroad else []
        titles += [N_("in any order of the rows")] if spread else []
        titles += [N_("least"), N_("greatest")] if bounds is not None else []
        title = (
            N_("Origins: where the money stood at the start")
            if self.t.backward
            else N_("Ends: where the money stands at the close")
        )
        what = N_("origins") if self.t.backward else N_("ends")
        notes = [
            self._left(len(frame) - len(shown), int(frame["seed_amount"].iloc[top:].sum()), what)
            if attributes
            else self.more(len(frame) - len(shown))
        ]
        if spread and self.t.order_bounds == "outer":
            notes.append(self.say(OUTER_BOUND))
        if not attributes:
            notes.append(self.say(NO_SUM))
        if bounds is not None:
            notes.append(self.say(self.under_any_rule, currency=self.t.currency))
            if not all(exact for _, _, exact in bounds.values()):
                notes.append(self.say(INEXACT))
            notes += self.beyond(self.extras.envelope)
        return Table(
            self.say(title),
            [*(self.say(title) for title in titles), *(["%"] if attributes else [])],
            rows,
            right=range(2, len(titles) + attributes),
            note=self.sentences(notes),
        )

    def beyond(self, envelope: pd.DataFrame | None) -> list[str]:
        """What the bounds do not speak of, as sentences."""
        said = [] if envelope is None else envelope.attrs.get("reasons", [])
        return [self.say(N_("Note: {reason}."), reason=self.say(reason)) for reason in said]

    def _span(self, row: Mapping[Any, Any]) -> str:
        """The least and the greatest over all orders of the rows, where they differ."""
        low, high = (jsonable(row[name]) for name in ("amount_min", "amount_max"))
        if low is None or low == high:
            return ""
        return "[" + "–".join(self.amounts.shown(x, row["currency"]) for x in (low, high)) + "]"

    def bound(self, least: object, greatest: object, exact: object) -> list[str]:
        """The envelope's two cells; those that are not exact are marked."""
        if jsonable(least) is None:
            return ["", ""]
        low, high = (self.amounts.shown(int(str(x))) for x in (least, greatest))
        return (
            [low, high] if exact is not False and jsonable(exact) is not False else [f"≥ {low}", f"≤ {high}"]
        )

    def _bounds(self) -> dict[tuple[Any, Any, Any], tuple[Any, Any, Any]] | None:
        frame = self.extras.envelope
        if frame is None:
            return None
        whose = self.holders(frame)
        return {
            (row["kind"], who, row["currency"]): (row["least"], row["greatest"], bool(row["exact"]))
            for row, who in zip(frame.to_dict("records"), whose, strict=True)
        }

    def reachable(self, top: int) -> Table | None:
        """Ends that this rule leaves empty and another attribution could reach."""
        frame = self.extras.envelope
        if frame is None:
            return None
        own = self.t.ends
        taken = set(zip(own["kind"], self.holders(own), own["currency"], strict=True))
        whose = self.holders(frame)
        rows = [
            [
                self.say(
                    _CONVERTED if row["kind"] == "converted" else end_name(row["kind"], self.t.backward)
                ),
                self.label(who),
                *self.bound(row["least"], row["greatest"], bool(row["exact"])),
            ]
            for row, who in zip(frame.to_dict("records"), whose, strict=True)
            if (row["kind"], who, row["currency"]) not in taken
        ]
        left = len(rows[top:]) + int(frame.attrs.get("left_out") or 0)
        if not rows and not left:
            return None
        titles = (N_("origin") if self.t.backward else N_("end"), self.whose, N_("least"), N_("greatest"))
        return Table(
            self.say(N_("Other ends that money can have reached under another rule")),
            [self.say(title) for title in titles],
            rows[:top],
            right=(2, 3),
            note=self.more(left),
        )

    def frontier(self, top: int) -> Table | None:
        """The statements to ask for next: where the money leaves those that are held, the most first."""
        frame = self.t.ends
        of = "seed_amount" if self.t.attributes else "amount"
        frame = frame[frame["kind"] == "frontier"].sort_values(of, ascending=False, kind="stable")
        if frame.empty:
            return None
        return self.statements(
            frame,
            top,
            self.say(N_("amount")),
            lambda row: f"{self.amounts.shown(row['amount'], row['currency'])} {row['currency']}",
            "" if self.t.attributes else self.say(NO_SUM),
        )

    def statements(
        self,
        frame: pd.DataFrame,
        top: int,
        head: str,
        told: Callable[[Mapping[Any, Any]], str],
        note: str = "",
    ) -> Table:
        """The statements to ask for, in the order given: whose, and what `told` says of each under a head."""
        shown = frame.head(top)
        pairs = zip(shown.to_dict("records"), self.holders(shown), strict=True)
        return Table(
            self.say(N_("Statements to ask for next: the money that each would explain")),
            ["", self.say(self.whose), head],
            [[str(i), self.label(who), told(row)] for i, (row, who) in enumerate(pairs, start=1)],
            right=(0, 2),
            note=self.sentences((self.more(len(frame) - len(shown)), note)),
        )

    def chains(self, top: int, *, transfers: bool, order: str | None = None) -> Table:
        kept, left, money = top_chains(self.t, top, order)
        self.know(account for way in kept["accounts"] for account in way)
        arrow = " ← " if self.t.backward else " → "
        rows = []
        for row in kept.to_dict("records"):
            cells = [
                self.amounts.shown(row["amount"]),
                str(row["hops"]),
                self.say(end_name(row["kind"], self.t.backward))
                + (self.say(N_(", inferred over cash")) if row["inferred"] else ""),
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
        """What other rules reach, what to ask for, and what this rests on: each where there is any."""
        yield from (table for table in (self.reachable(top), self.frontier(top)) if table is not None)
        yield from self.rests(top)

    def rests(self, top: int) -> Iterator[Table]:
        """What was assumed, and money taken of others' earmarks: each where there is any."""
        frame = self.t.assumptions
        if len(frame):
            shown = frame.head(top)
            self.know(shown["account_id"])
            rows = [
                [
                    self.say(row["note"]),
                    self.label(row["account_id"]),
                    "" if jsonable(row["seed_amount"]) is None else self.amounts.shown(row["seed_amount"]),
                    f"{self.amounts.shown(row['value'], row['currency'])} {row['currency']}"
                    if row["kind"] == "opening"
                    else f"{row['value']:,}",
                ]
                for row in shown.to_dict("records")
            ]
            came = self.say(N_("money that came there, {currency}"), currency=self.t.currency)
            yield Table(
                self.say(N_("Assumptions, and the money that rests on them")),
                [
                    self.say(N_("assumption")),
                    self.say(N_("account")),
                    came,
                    self.say(N_("opening, or how many")),
                ],
                rows,
                right=(2, 3),
                note=self.sentences((self.more(len(frame) - len(shown)), self._resting())),
            )
        frame = self.t.misuse
        if len(frame):
            records = [*self.amounts.records(frame.head(top))]
            yield Table(
                self.say(N_("Money taken of others' earmarks")),
                [self.say(_MISUSE.get(str(name), str(name))) for name in frame.columns],
                [[cell(value) for value in record.values()] for record in records],
                right=[i for i, name in enumerate(frame.columns) if name in _LOCAL],
                note=self.more(len(frame) - len(records)),
            )

    def _resting(self) -> str:
        """How much rests on openings that nobody knows."""
        found = self.extras.resting
        if found is None:
            return ""
        if isinstance(found, GraphflowError):
            return self.say(N_("What rests on the unknown openings cannot be said here."))
        return self.say(
            N_(
                "If the unknown openings were very large, {count} of the {all} ends would differ, "
                "and {more} would be added."
            ),
            count=f"{found[0]:,}",
            all=f"{int((self.t.ends['amount'] != 0).sum()):,}",
            more=f"{found[1]:,}",
        )

    def sentences(self, notes: Iterable[str]) -> str:
        """Notes one after the other, each ended as a sentence is, if there are several."""
        said = [note for note in notes if note]
        if len(said) < 2:
            return "".join(said)
        stop = "。" if self.language == "zh" else "."
        return " ".join(note if note.endswith((".", "。")) else note + stop for note in said)

    def more(self, count: int) -> str:
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
            percent=percents([money], self.t.seed)[0],
        )


_LIMITS = {
    "since": N_("since {value}"),
    "until": N_("until {value}"),
    "max_hops": N_("hops: at most {value}"),
    "min_amount": N_("chains of at least {value}"),
}
_WAYS = (
    ("by", "party", N_("transfers inside one party are no hop")),
    ("overdraft", "coordinated", N_("overdrafts coordinated with what repaid them")),
    ("cash_gaps", True, N_("over gaps of cash: an inference")),
)
NO_SUM = N_("Poison attributes nothing: these add up to more than the money traced.")
INEXACT = N_("With ≥ and ≤ it was not computed to the end: the true ones may lie closer together.")
_CONVERTED = N_("changed into another currency")
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


def in_unit(text: str, unit: str, language: str) -> str:
    """A heading in the reader's language, with the unit of what stands below it.

    Examples
    --------
    >>> in_unit("amount", "CNY", "en")
    'amount, CNY'
    """
    return translate(N_("{what}, {unit}"), language, what=translate(text, language), unit=unit)


def party_names(case: Case, ids: set[str]) -> dict[str, str]:
    """The names of parties."""
    import pyarrow as pa
    import pyarrow.compute as pc

    held = case.tables.arrow("parties", {"party_id", "name"}) if ids else None
    if held is None or held.num_columns < 2:
        return {}
    found = held.filter(pc.is_in(held["party_id"], pa.array(sorted(ids), held["party_id"].type)))
    return {row["party_id"]: row["name"] for row in found.to_pylist() if row["name"]}


def called(ident: str, names: Mapping[str, str]) -> str:
    """A party with its name before its id; the id alone where it has no other name.

    >>> called("C1", {"C1": "恒达实业"}), called("C2", {})
    ('恒达实业 (C1)', 'C2')
    """
    name = names.get(ident, "")
    return f"{name} ({ident})" if name and name != ident else ident


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
    case: Case,
    t: Trace,
    start: str,
    form: str,
    language: str,
    *,
    part: str = "ends",
    top: int | None = None,
    order: str | None = None,
    extras: Extras = Extras(),
) -> None:
    """Print a trace."""
    amounts = Amounts(case.tables.minor_units, t.currency)
    if form == "json":
        write_json(trace_pairs(case, t, top, order, extras), sys.stdout)
    elif form == "csv":
        if part == "routes":
            frame = t.routes()
        elif part == "chains":
            frame = t.chains(top=top, order=order or "amount")
        elif part == "envelope" and extras.envelope is not None:
            frame = extras.envelope
        else:
            frame = _with_bounds(t.ends, extras.envelope) if part == "ends" else getattr(t, part)
        seed = _CHAIN_SEED if part in ("routes", "chains") else _SEED
        records = amounts.assumed(frame) if part == "assumptions" else amounts.records(frame, seed)
        write_csv(records, [str(c) for c in frame.columns])
    else:
        tables = TraceTables(case, t, start, language, extras)
        most = TABLE_TOP if top is None else top
        print_facts(tables.facts())
        print_table(tables.ends(most))
        if t.attributes:
            print_table(tables.chains(most, transfers=False, order=order), wraps=3)
        for table in tables.others(most):
            print_table(table)


def _with_bounds(ends: pd.DataFrame, envelope: pd.DataFrame | None) -> pd.DataFrame:
    """Ends with their envelope beside them, where it was asked for."""
    if envelope is None:
        return ends
    keys = [name for name in ("kind", "account_id", "party_id", "currency") if name in envelope.columns]
    return ends.merge(envelope, on=keys, how="left")


def show_explained(transfer: str, told: str, form: str) -> None:
    """Print why a transfer carries that much."""
    if form == "json":
        write_json([("transfer_id", transfer), ("explanation", told)], sys.stdout)
    elif form == "csv":
        names = ["transfer_id", "explanation"]
        write_csv([dict(zip(names, (transfer, told), strict=True))], names)
    else:
        for line in told.splitlines():
            words = line.lstrip()
            out(line[: len(line) - len(words)] + plain(words))


def trace_page(case: Case, t: Trace, start: str, language: str, extras: Extras = Extras()) -> str:
    """The same as a page: the picture (not under poison), and tables with the transfers of each chain."""
    tables = TraceTables(case, t, start, language, extras)
    ends = tables.ends(PAGE_TOP)
    title = tables.say(
        N_("Where the money of {start} came from") if t.backward else N_("Where the money of {start} went"),
        start=shorten(start, 80),
    )
    shown: list[Picture | Table] = [ends]
    if t.attributes:
        chains = tables.chains(PAGE_TOP, transfers=True)
        shown = [Picture(_picture(tables)), ends, chains]
    foot = tables.say(
        N_("graphflow {version}; case {hash}; rule {rule}."), version=VERSION, hash=case.hash, rule=t.rule
    )
    return html_page(
        title,
        [tables.facts(), *shown, *tables.others(PAGE_TOP)],
        language=language,
        foot=foot,
    )


def _picture(tables: TraceTables) -> str:
    """The routes as a picture."""
    t, routes = tables.t, tables.t.routes()
    tables.know(account for way in routes["accounts"] for account in way)
    return sankey_svg(
        routes,
        title=tables.say(
            N_("Hop by hop, from right to left") if t.backward else N_("Hop by hop, from left to right")
        ),
        unit=t.currency,
        digits=t.minor_units,
        language=tables.language,
        labels=tables.labels,
        backward=t.backward,
    )
