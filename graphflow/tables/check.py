"""The checks of single rows: from what a loader hands over to typed tables, nothing dropped in silence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import InputError, Problem, UsageError
from graphflow.language import N_
from graphflow.tables import columns as read
from graphflow.tables import keys
from graphflow.tables.columns import Currencies, Fault, Parsed
from graphflow.tables.currencies import digits as digits_of
from graphflow.tables.digest import PIECE
from graphflow.tables.raw import Note, Pieces, Raw
from graphflow.tables.result import QUARANTINE, Checked, Tally, closed, joined_quarantine, nothing, unsigned
from graphflow.tables.schema import PROVENANCE, SCHEMA, ColumnSpec, TableSpec
from graphflow.tables.shelf import LONG, Shelf, ShelfWriter, fitted, united
from graphflow.threads import threads

Flags = npt.NDArray[np.bool_]
Shelve = Callable[[str, int], ShelfWriter]
_DAY = 86_400_000_000
_NONE = np.zeros(0, np.int64)

ENDS_EARLY = N_("ends before it begins")
ALONE = N_("target_amount and target_currency stand together or not at all")
SAME_CURRENCY = N_("a conversion into the same currency")
WHOSE = N_("the row of a statement that does not say whose")
LEAST_MOST = N_("the least share is greater than the greatest")
ZERO = N_("zero amount")
BOTH = N_("both, or neither")
ANOTHER_CURRENCY = N_("another currency than the row's")

STATEMENT = ("statement_side", "other_as_written")
"""Columns of one-sided rows: whose statement it is, and the other side as it was written (masked, say)."""
REVERSAL_ROW = "reversal_row"
"""Of a row without ids: the row (of the same file and sheet) that it takes back; becomes `reversal_of`."""
GENERATED = "id_generated"
"""Marks, in ``transfers``, rows whose id is ours."""


def read_raw(
    raw: Raw,
    *,
    currency: str = "CNY",
    timezone: str = "Asia/Shanghai",
    minor_units: Mapping[str, int] | None = None,
    money: str = "major",
    shelve: Shelve | None = None,
) -> Checked:
    """Check one source row by row.

    Parameters
    ----------
    raw
        What a loader returned, or :func:`frames_to_raw`.
    currency
        What an empty currency means.
    timezone
        The zone of times without an offset, unless the source says one.
    minor_units
        Digits of a currency, where they are more than ISO 4217's.
    money
        ``"minor"``: columns of whole numbers are minor units already. Text is always major units.
    shelve
        Where the rows of a long table go once they are checked, by its name; without it all stay in memory.

    Returns
    -------
    Checked
        The typed rows, the quarantine, and what became of every row and its money.

    Raises
    ------
    InputError
        With everything that makes a table unreadable as a whole: columns that are missing or of a wrong type.

    Examples
    --------
    >>> rows = {"transfer_id": ["T1"], "time": ["2016-04-14"], "source": ["A"], "target": ["B"]}
    >>> rows["amount"] = ["1.5"]
    >>> part = read_raw(Raw({"transfers": pa.table(rows)}))
    >>> part.tables["transfers"]["amount"].to_pylist(), part.tallies["transfers"].money["loaded"]
    ([150], {'CNY': 150})
    """
    if money not in ("major", "minor"):
        raise UsageError(Problem("money", "unknown unit of money", {}, money, "one of: major, minor"))
    zone = raw.timezone or timezone
    digits = digits_of(minor_units, raw.minor_units)
    _refuse_unreadable(raw, digits, currency, zone, money == "minor")
    checker = _Checker(raw, currency, zone, digits, money == "minor", shelve)
    for name in SCHEMA:
        if name in raw.tables or name in raw.set_aside or name in raw.refused:
            checker.check(SCHEMA[name])
    return checker.result()


def _refuse_unreadable(raw: Raw, digits: Mapping[str, int], currency: str, zone: str, minor: bool) -> None:
    found: list[Problem] = []
    if currency not in digits:
        found.append(Problem("currency", read.NO_CURRENCY, {}, currency, read.A_CURRENCY))
    try:
        pc.assume_timezone(pa.array([0], pa.timestamp("us")), zone)
    except pa.ArrowInvalid:
        found.append(
            Problem("timezone", "unknown time zone", {}, zone, "a name such as Asia/Shanghai or UTC")
        )
    for name in {*raw.tables, *raw.set_aside, *raw.refused}:
        if name not in SCHEMA:
            known = {"names": read.names([name], list(SCHEMA))}
            found.append(Problem(name, "there is no such table", known, expected="one of: {names}"))
    for name, spec in SCHEMA.items():
        table = raw.tables.get(name)
        if table is None:
            continue
        given = table.column_names
        doubled = sorted({c for c in given if given.count(c) > 1})
        for column in doubled:
            found.append(Problem(f"{name}.{column}", "this column is there more than once"))
        missing = [
            c for c in spec.required if c not in given and not (name == "transfers" and c == "transfer_id")
        ]
        if name == "transfers" and raw.one_sided and STATEMENT[0] not in given:
            missing.append(STATEMENT[0])
        files = ", ".join(sorted(file.name for file in raw.files))
        for column in missing:
            names = read.names([column], [known for known in given if known not in PROVENANCE])
            what = N_("this required column is missing; there are: {names}")
            known = {"names": names or "-"}
            found.append(Problem(f"{name}.{column}", what, known, files))
        for column in given:
            if column in spec.columns and column not in doubled:
                wrong = read.accepts(spec.columns[column], table.schema.field(column).type, minor)
                if wrong:
                    kind = {"type": str(table.schema.field(column).type)}
                    found.append(
                        Problem(
                            f"{name}.{column}",
                            wrong,
                            kind,
                            expected=_TYPES.get(spec.columns[column].kind, ""),
                        )
                    )
    if found:
        raise InputError(*found)


_TYPES = {
    "money": N_("major units as text or Decimal; or minor units as whole numbers with money='minor'"),
    "id": N_("text: read with dtype=str, so that no digit and no leading zero is lost"),
}


class _Checker:
    """The checks of one source; gathers what :class:`Checked` holds."""

    def __init__(
        self,
        raw: Raw,
        currency: str,
        zone: str,
        digits: Mapping[str, int],
        minor: bool,
        shelve: Shelve | None,
    ) -> None:
        self.raw = raw
        self.shelve = shelve
        self.currency = currency
        self.zone = zone
        self.digits = digits
        self.minor = minor
        self.tables: dict[str, pa.Table] = {}
        self.set_aside: dict[str, pa.Table] = {}
        self.quarantine: list[pa.Table] = []
        self.tallies: dict[str, Tally] = {}
        self.rounded: dict[str, int] = {}
        self.notes: list[Note] = list(raw.notes)
        self.used: set[str] = {currency}

    def check(self, spec: TableSpec) -> None:
        """Check one table."""
        name = spec.name
        tally = nothing()
        if name in self.raw.tables:
            tally += self._rows(spec, self.raw.tables[name])
        for kind, more in (("set_aside", self.raw.set_aside), ("quarantined", self.raw.refused)):
            if name in more and more[name].num_rows:
                rows = with_provenance(more[name], self.raw)
                money, unknown, negative = self._money(spec, rows)
                counts = {"read": rows.num_rows, kind: rows.num_rows}
                tally += Tally(
                    counts, {"read": money, kind: money}, {"read": unknown, kind: unknown}, negative
                )
                if kind == "set_aside":
                    self._put_aside(name, rows)
                else:
                    self._refused(name, rows)
        said = self.raw.rows_read.get(name, tally.rows["read"])
        if said != tally.rows["read"]:
            # The loader's own count is the independent one: a row that it lost is seen here.
            tally = replace(tally, rows={**tally.rows, "read": said})
        self.tallies[name] = tally

    def result(self) -> Checked:
        """All of it."""
        closed(self.tallies)
        return Checked(
            self.tables,
            self.set_aside,
            joined_quarantine(self.quarantine),
            self.tallies,
            {c: self.digits[c] for c in sorted(self.used)},
            self.currency,
            self.zone,
            self.raw.one_sided,
            self.raw.files,
            tuple(self.notes),
            self.rounded,
        )

    # ------------------------------------------------------------ one table

    def _rows(self, spec: TableSpec, table: Any) -> Tally:
        if isinstance(table, Pieces):
            table = table.changed(lambda piece: with_provenance(piece, self.raw))
        else:
            table = with_provenance(table, self.raw)
        shelf = self._shelf(spec, table)
        tally = nothing()
        good: list[pa.Table] = []
        for piece in _pieces_of(table, shelf is not None):
            typed, more = self._checked(spec, piece)
            tally += more
            if shelf is not None:
                shelf.add(typed)
            else:
                good.append(typed)
        whole: Any = shelf.close() if shelf is not None else _together(spec, good)
        if spec.name == "transfers":
            whole = self._identified(whole)
            if self.raw.one_sided:
                whole = reversals_by_id(whole)
        self.tables[spec.name] = whole
        return tally

    def _shelf(self, spec: TableSpec, table: Any) -> ShelfWriter | None:
        """Where the rows go, if they are too many to be held and nothing asks for all of them at once."""
        plain = spec.name == "transfers" and "transfer_id" in table.column_names and not self.raw.one_sided
        if self.shelve is None or not plain or table.num_rows < LONG:
            return None
        return self.shelve(spec.name, table.num_rows)

    def _checked(self, spec: TableSpec, table: pa.Table) -> tuple[pa.Table, Tally]:
        """The good rows of a piece of a table, and what became of the others."""
        n = table.num_rows
        own = self._currencies(spec, table, "currency") if "currency" in spec.columns else self._of_case(n)
        into = own
        faults: list[Fault] = own[1]
        if "target_currency" in spec.columns:
            into = self._currencies(spec, table, "target_currency")
            faults = faults + into[1]
        given = [c for c in spec.columns.values() if c.name in table.column_names and c.kind != "currency"]

        def parse(column: ColumnSpec, values: Any, worth: Currencies) -> Parsed:
            if column.kind == "time":
                return read.read_time(values, column, self.zone)
            if column.kind == "money":
                if column.currency == "account_id":
                    return _deferred(values, column)
                return read.read_money(values, column, worth, self.minor)
            return read.READERS[column.kind](values, column)

        case = self._of_case(n)[0]
        # Columns do not know one another, and both the kernels and Arrow let go of Python's lock.
        with threads(min(4, os.cpu_count() or 1), n) as pool:
            tasks: dict[str, list[tuple[int, Future[Parsed]]]] = {}
            for given_column in given:
                worth = own[0] if given_column.currency == "currency" else case
                if given_column.currency == "target_currency":
                    worth = _either(into[0], own[0])
                tasks[given_column.name] = [
                    (first, pool.submit(parse, given_column, values, worth.part(first, len(values))))
                    for first, values in _pieces(table[given_column.name], given_column.kind)
                ]
            parsed = {
                name: read.joined([(first, task.result()) for first, task in pieces])
                for name, pieces in tasks.items()
            }
        for column, found in parsed.items():
            faults.extend(found.faults)
            if found.rounded:
                name = f"{spec.name}.{column}"
                self.rounded[name] = self.rounded.get(name, 0) + found.rounded
        typed = self._typed(spec, table, parsed, own[0], into[0])
        faults.extend(self._across(spec, typed, table))

        bad = np.zeros(n, np.bool_)
        for fault in faults:
            bad[fault.rows] = True
        aside = np.zeros(n, np.bool_)
        if spec.name == "transfers":
            amounts = typed["amount"]
            aside = pc.fill_null(pc.equal(amounts, 0), False).to_numpy(zero_copy_only=False) & ~bad
        good = ~bad & ~aside
        tally = self._tally(spec, typed, own[0], bad, aside)
        if bad.any():
            self.quarantine.append(quarantined(spec, table, faults, bad, typed, self.currency))
        if aside.any():
            rows = table.filter(pa.array(aside))
            self._put_aside(
                spec.name, rows.append_column("reason", pa.array([ZERO] * rows.num_rows, pa.large_string()))
            )
        if not good.all():
            typed = typed.filter(pa.array(good))
        for currencies in (own[0], into[0]):
            self.used.update(w for w, p in zip(currencies.words, currencies.places, strict=True) if p >= 0)
        return typed, tally

    def _of_case(self, n: int) -> tuple[Currencies, list[Fault]]:
        return read.read_currency(None, n, ColumnSpec("currency", "currency"), self.digits, self.currency)

    def _currencies(self, spec: TableSpec, table: pa.Table, name: str) -> tuple[Currencies, list[Fault]]:
        column = table[name] if name in table.column_names else None
        default = None if name == "target_currency" else self.currency
        return read.read_currency(column, table.num_rows, spec.columns[name], self.digits, default)

    def _typed(
        self,
        spec: TableSpec,
        table: pa.Table,
        parsed: Mapping[str, Parsed],
        own: Currencies,
        into: Currencies,
    ) -> pa.Table:
        """The canonical columns, what goes with them, then the further ones and where each row stands."""
        out: dict[str, Any] = {}
        for column in spec.columns.values():
            name = column.name
            if name == "currency":
                if spec.name in ("transfers", "financials"):
                    out[name] = own.arrow()
                elif (
                    "currency" in table.column_names
                    or "opening_balance" in parsed
                    or "overdraft_limit" in parsed
                ):
                    # Money is in some currency: an account's that says none is in the case's.
                    said = read.clean(read.as_text(table[name])) if name in table.column_names else None
                    worth = [
                        parsed[c].values.is_valid()
                        for c in ("opening_balance", "overdraft_limit")
                        if c in parsed
                    ]
                    some = pc.or_(*worth) if len(worth) == 2 else worth[0] if worth else None
                    said = pa.nulls(table.num_rows, pa.large_string()) if said is None else said
                    filled = said.is_valid() if some is None else pc.or_(said.is_valid(), some)
                    out[name] = pc.if_else(filled, own.arrow(), pa.scalar(None, pa.large_string()))
            elif name == "target_currency":
                if name in table.column_names:
                    out[name] = into.arrow()
            elif name in parsed:
                out[name] = parsed[name].values
        for name, found in parsed.items():
            for beside, values in found.beside.items():
                if beside in table.column_names and beside.endswith("_stated"):
                    values = pc.coalesce(values, read.as_text(table[beside]))
                out[beside] = values
            if f"{name}_day" in table.column_names and f"{name}_day" not in found.beside:
                said = read.read_bool(table[f"{name}_day"], ColumnSpec(f"{name}_day", "bool")).values
                if pa.types.is_timestamp(table.schema.field(name).type) and pc.any(said).as_py():
                    out[f"{name}_day"] = pc.fill_null(said, False)
        days = {f"{c}_day" for c in parsed if spec.columns[c].kind == "time"}
        for name in table.column_names:
            if name not in out and name not in spec.columns and name not in PROVENANCE and name not in days:
                # whether an id is ours is for us to say
                out["given_" + name if name == GENERATED else name] = read.as_text(table[name])
        for name in PROVENANCE:  # names of files as they are: a constant is no longer one in one piece
            out[name] = table[name]
        return pa.table(out)

    def _across(self, spec: TableSpec, typed: pa.Table, table: pa.Table) -> list[Fault]:
        """What several columns of a row say together."""
        found = Parsed(pa.nulls(0))
        have = set(typed.column_names)
        either: tuple[str, ...] = ()
        if spec.name == "transfers" and self.raw.one_sided:
            side = typed[STATEMENT[0]]
            payer = pc.fill_null(pc.equal(side, "source"), False)
            payee = pc.fill_null(pc.equal(side, "target"), False)
            found.fault(~_flags(pc.or_(payer, payee)), STATEMENT[0], WHOSE, f"{read.ONE_OF}: source, target")
            for name, whose in (("source", payer), ("target", payee)):
                found.fault(_flags(pc.and_(whose, typed[name].is_null())), name, read.MISSING, read.A_VALUE)
            either = ("source", "target")
        for name in spec.required:
            if name in have and name not in either and (spec.name, name) != ("transfers", "transfer_id"):
                nulls = np.flatnonzero(_flags(typed[name].is_null())) if typed[name].null_count else _NONE
                empty = nulls[_flags(_blank(table[name].take(pa.array(nulls))))] if nulls.size else _NONE
                found.fault(empty, name, read.MISSING, read.A_VALUE)
        for column in spec.columns.values():
            if column.positive and column.name in have:
                least = 0 if (spec.name, column.name) == ("transfers", "amount") else 1
                low = pc.fill_null(pc.less(typed[column.name], least), False)
                found.fault(_flags(low), column.name, read.NOT_POSITIVE, read.MORE_THAN_ZERO)
        for start, end in spec.periods:
            if start in have and end in have:
                last = pc.cast(typed[end], pa.int64())
                if f"{end}_day" in have:  # some time on that day: at its end, at the latest
                    last = pc.add(last, pc.multiply(pc.cast(typed[f"{end}_day"], pa.int64()), _DAY - 1))
                late = pc.fill_null(pc.greater(pc.cast(typed[start], pa.int64()), last), False)
                found.fault(_flags(late), end, ENDS_EARLY, f"{start} <= {end}")
        if {"share_min", "share_max"} <= have:
            turned = pc.fill_null(pc.greater(typed["share_min"], typed["share_max"]), False)
            found.fault(_flags(turned), "share_max", LEAST_MOST, "share_min <= share_max")
        if spec.name == "transfers":
            self._conversion(typed, table, found)
        return found.faults

    def _conversion(self, typed: pa.Table, table: pa.Table, found: Parsed) -> None:
        n = typed.num_rows
        said = {}
        for name in ("target_amount", "target_currency"):
            said[name] = ~_flags(_blank(table[name])) if name in table.column_names else np.zeros(n, np.bool_)
        found.fault(said["target_amount"] & ~said["target_currency"], "target_currency", ALONE, BOTH)
        found.fault(said["target_currency"] & ~said["target_amount"], "target_amount", ALONE, BOTH)
        if said["target_currency"].any():
            same = pc.fill_null(pc.equal(typed["target_currency"], typed["currency"]), False)
            found.fault(_flags(same), "target_currency", SAME_CURRENCY, ANOTHER_CURRENCY)

    def _identified(self, typed: Any) -> Any:
        """Give an id to the transfers that have none: a key of the row as its statement has it."""
        if isinstance(typed, Shelf):
            if typed.nulls("transfer_id") == 0:
                return typed
            typed = typed.taken_down()  # the keys of its rows are asked for all at once
        n = typed.num_rows
        have = typed.column_names
        ids = read.one(typed["transfer_id"]) if "transfer_id" in have else pa.nulls(n, pa.large_string())
        if n == 0 or ids.null_count == 0:
            return typed if "transfer_id" in have else typed.add_column(0, "transfer_id", ids)
        rows = ids.is_null()
        # The ordinal counts identical rows of a file among those without an id.
        few = typed if ids.null_count == n else typed.filter(rows)
        made = generated_ids(few, self.digits, self.raw.one_sided)
        if ids.null_count < n:
            made = pc.replace_with_mask(ids, rows, made)
        at = have.index("transfer_id") if "transfer_id" in have else -1
        typed = (
            typed.set_column(at, "transfer_id", made) if at >= 0 else typed.add_column(0, "transfer_id", made)
        )
        if GENERATED in have:
            typed = typed.drop_columns([GENERATED])
        return typed.append_column(GENERATED, rows)

    # ------------------------------------------------------------ counts

    def _tally(self, spec: TableSpec, typed: pa.Table, own: Currencies, bad: Flags, aside: Flags) -> Tally:
        n = typed.num_rows
        rows = {"read": n, "quarantined": int(bad.sum()), "set_aside": int(aside.sum())}
        rows["loaded"] = n - rows["quarantined"] - rows["set_aside"]
        money: dict[str, dict[str, int]] = {}
        unknown: dict[str, int] = {}
        negative: dict[str, int] = {}
        if spec.money and spec.money in typed.column_names:
            values = read.one(typed[spec.money])
            currencies: Any = self.currency
            if spec.columns[spec.money].currency:
                currencies = own.arrow() if len(own.words) != 1 or (own.codes < 0).any() else own.words[0]
            money["read"], negative = unsigned(values, currencies)
            unknown["read"] = values.null_count
            for kind, mask in (("loaded", ~bad & ~aside), ("quarantined", bad), ("set_aside", aside)):
                if not mask.any():
                    money[kind], unknown[kind] = {}, 0
                    continue
                if mask.all():
                    money[kind], unknown[kind] = money["read"], unknown["read"]
                    continue
                some = values.filter(pa.array(mask))
                whose = currencies if isinstance(currencies, str) else currencies.filter(pa.array(mask))
                money[kind], _ = unsigned(some, whose)
                unknown[kind] = some.null_count
        return Tally(rows, money, unknown, negative)

    def _money(self, spec: TableSpec, table: pa.Table) -> tuple[dict[str, int], int, dict[str, int]]:
        """The money of rows that a loader put aside or could not map, as far as it can be read."""
        if not spec.money or spec.money not in table.column_names:
            return {}, table.num_rows if spec.money else 0, {}
        column = spec.columns[spec.money]
        own = (
            self._currencies(spec, table, "currency")[0]
            if column.currency
            else self._of_case(table.num_rows)[0]
        )
        if pa.types.is_floating(table.schema.field(spec.money).type):
            return {}, table.num_rows, {}
        values = read.read_money(table[spec.money], column, own, self.minor).values
        values = pc.if_else(pa.array(own.known), values, pa.scalar(None, pa.int64()))
        self.used.update(w for w, p in zip(own.words, own.places, strict=True) if p >= 0)
        money, negative = unsigned(values, own.arrow())
        return money, values.null_count, negative

    def _put_aside(self, name: str, rows: pa.Table) -> None:
        rows = pa.table(
            {c: read.as_text(rows[c]) if c != "source_row" else read.one(rows[c]) for c in rows.column_names}
        )
        before = self.set_aside.get(name)
        self.set_aside[name] = (
            rows if before is None else pa.concat_tables([before, rows], promote_options="default")
        )

    def _refused(self, name: str, rows: pa.Table) -> None:
        own = ("reason", "column", "value", "expected", "also")
        inside = rows.select([c for c in rows.column_names if c not in own])
        spec = SCHEMA[name]
        text: dict[str, Any] = {
            c: read.as_text(rows[c]) if c in rows.column_names else pa.nulls(rows.num_rows, pa.large_string())
            for c in own
        }
        self.quarantine.append(_quarantine(spec, inside, text, self.currency))


# ---------------------------------------------------------------- helpers


def _pieces_of(table: Any, short: bool) -> Iterator[pa.Table]:
    """A table in pieces: as they are read, or `short` ones of what is there; else all of it."""
    if isinstance(table, Pieces):
        yield from table.read() if table.num_rows else iter([table.whole()])
    elif short:
        for at in range(0, table.num_rows, PIECE):
            yield table.slice(at, PIECE)
    else:
        yield table


def _together(spec: TableSpec, pieces: list[pa.Table]) -> pa.Table:
    """Pieces of a table one behind the other, each column in one piece again."""
    if len(pieces) == 1:
        return pieces[0]
    schema = united(spec.columns, *(piece.schema for piece in pieces))
    return pa.concat_tables([fitted(piece, schema) for piece in pieces]).combine_chunks()


def _pieces(column: pa.ChunkedArray, kind: str) -> list[tuple[int, Any]]:
    """A column to be read: text that becomes numbers as it lies, piece by piece, so that it is not copied."""
    if kind not in ("time", "money", "integer") or column.num_chunks < 2:
        return [(0, column)]
    firsts = np.cumsum([0, *(len(chunk) for chunk in column.chunks)])
    return [(int(first), chunk) for first, chunk in zip(firsts, column.chunks, strict=False)]


def reversals_by_id(typed: pa.Table) -> pa.Table:
    """The transfers, with `reversal_of` from the row that a reversal names by its place in the file.

    Examples
    --------
    >>> place = {"source_file": ["f", "f", "f"], "source_sheet": ["s", "s", None], "source_row": [2, 3, 4]}
    >>> rows = pa.table({"transfer_id": ["a", "b", "c"], "reversal_row": [None, "2", "9"], **place})
    >>> reversals_by_id(rows)["reversal_of"].to_pylist()
    [None, 'a', 'f||9']
    """
    if REVERSAL_ROW not in typed.column_names:
        return typed
    named = read.one(typed[REVERSAL_ROW]).cast(pa.int64())
    typed = typed.drop_columns([REVERSAL_ROW])
    rows = named.is_valid()
    asked = typed.filter(rows).select(PROVENANCE).set_column(2, "source_row", named.drop_null())
    among = typed.filter(pc.is_in(typed["source_row"], value_set=pc.unique(asked["source_row"])))
    at = pc.index_in(_place(asked), value_set=_place(among))
    # A row that is not there (refused, or failed) is named by its place: the link is then reported as broken.
    found = pc.coalesce(read.one(among["transfer_id"]).take(at), _place(asked))
    links = pc.replace_with_mask(pa.nulls(typed.num_rows, pa.large_string()), rows, found)
    if "reversal_of" in typed.column_names:
        at = typed.column_names.index("reversal_of")
        return typed.set_column(at, "reversal_of", pc.coalesce(typed["reversal_of"], links))
    return typed.append_column("reversal_of", links)


def _place(rows: pa.Table) -> pa.Array:
    """Where rows stand, as text."""
    parts = [pc.fill_null(read.one(rows[c]).cast(pa.large_string()), "") for c in PROVENANCE]
    return pc.binary_join_element_wise(*parts, pa.scalar("|", pa.large_string()))


def _flags(mask: Any) -> Flags:
    array = mask.combine_chunks() if isinstance(mask, pa.ChunkedArray) else mask
    return np.asarray(array.to_numpy(zero_copy_only=False), np.bool_)


def _blank(column: pa.ChunkedArray) -> Any:
    """Rows of a raw column in which nothing stands."""
    if not read.is_text(column.type):
        return column.is_null()
    text = read.as_text(column)
    return pc.fill_null(pc.equal(pc.binary_length(pc.utf8_trim(text, read.BLANKS)), 0), True)


def _either(first: Currencies, second: Currencies) -> Currencies:
    """The first currency where a row has one, else the second."""
    words = first.words + second.words
    codes = np.where(first.codes >= 0, first.codes, second.codes + np.int32(len(first.words)))
    codes = np.where((first.codes < 0) & (second.codes < 0), np.int32(-1), codes).astype(np.int32)
    return Currencies(codes, words, np.concatenate([first.places, second.places]))


def _deferred(column: Any, spec: ColumnSpec) -> Parsed:
    """Money in the currency of an account that another source may describe: text until all are there."""
    array = read.clean(read.as_text(column))
    most = read.Currencies(np.zeros(len(array), np.int32), ("",), np.full(1, 18, np.int8))
    # With eighteen decimals, only what is no number at all is refused here.
    wrong = read.read_money(array, spec, most, False)
    parsed = Parsed(array)
    parsed.faults = [fault for fault in wrong.faults if fault.reason in (read.NO_NUMBER, read.EXPONENT)]
    return parsed


def with_provenance(table: pa.Table, raw: Raw) -> pa.Table:
    """The table with all three columns that say where its rows stand."""
    n = table.num_rows
    name = raw.files[0].name if len(raw.files) == 1 else None
    if "source_file" not in table.column_names:
        table = table.append_column("source_file", read.constant(name, n))
    elif not pa.types.is_large_string(table.schema.field("source_file").type):
        at = table.column_names.index("source_file")
        table = table.set_column(at, "source_file", read.as_text(table["source_file"]))
    if "source_sheet" not in table.column_names:
        table = table.append_column("source_sheet", read.constant(None, n))
    elif not pa.types.is_large_string(table.schema.field("source_sheet").type):
        at = table.column_names.index("source_sheet")
        table = table.set_column(at, "source_sheet", read.as_text(table["source_sheet"]))
    if "source_row" not in table.column_names:
        return table.append_column("source_row", pa.array(np.arange(1, n + 1)))
    at = table.column_names.index("source_row")
    return table.set_column(at, "source_row", read.one(table["source_row"]).cast(pa.int64()))


def generated_ids(typed: pa.Table, digits: Mapping[str, int], one_sided: bool) -> pa.Array:
    """Ids of transfers that have none, from what their statement says of them.

    Own account, direction, time, amount, currency, balance, reference, the other side as written; and how
    many identical rows stand before it in the same file. Of two-sided rows the own account is the payer's.
    """
    size = max(100_000, -(-typed.num_rows // (os.cpu_count() or 1)))
    pieces = [typed.slice(at, size) for at in range(0, max(typed.num_rows, 1), size)]
    with threads(len(pieces), typed.num_rows) as pool:  # rows do not know one another yet
        stirred = list(pool.map(lambda piece: _stirred(piece, digits, one_sided), pieces))
    made = (np.concatenate([a for a, _ in stirred]), np.concatenate([b for _, b in stirred]))
    keys.stir(made, pa.array(keys.ordinals(made, typed["source_file"])))
    return keys.hexadecimal(made)


def _stirred(
    typed: pa.Table, digits: Mapping[str, int], one_sided: bool
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """The keys of rows, from what identifies them but their ordinal."""
    n = typed.num_rows
    have = typed.column_names

    def column(name: str) -> Any:
        return read.one(typed[name]) if name in have else pa.nulls(n, _HASHED.get(name, pa.large_string()))

    payer = pa.array(np.ones(n, np.bool_))
    if one_sided:
        payer = pc.fill_null(pc.equal(column("statement_side"), "source"), False)

    def of(own: bool, what: str) -> Any:
        first, second = (f"source{what}", f"target{what}") if own else (f"target{what}", f"source{what}")
        if first not in have and second not in have:
            return None
        return pc.if_else(payer, column(first), column(second)) if one_sided else column(first)

    coded = read.one(typed["currency"]).dictionary_encode()
    places = np.array([digits[c] for c in coded.dictionary.to_pylist()] or [0], np.int64)
    if len(places) > 1:
        places = places[coded.indices.to_numpy(zero_copy_only=False)]
    made = keys.blank(n)
    keys.stir(made, of(True, ""))
    keys.stir(made, payer)
    keys.stir(made, typed["time"])
    keys.stir(made, typed["time_day"] if "time_day" in have else pa.array(np.zeros(n, np.bool_)))
    keys.stir_money(made, typed["amount"], places)
    keys.stir(made, typed["currency"])
    keys.stir_money(made, of(True, "_balance"), places)
    keys.stir(made, of(True, "_reference"))
    for other in (of(False, ""), of(False, "_name"), typed[STATEMENT[1]] if STATEMENT[1] in have else None):
        keys.stir(made, other)
    return made


_HASHED = {"source_balance": pa.int64(), "target_balance": pa.int64()}


# ---------------------------------------------------------------- quarantine


def quarantined(
    spec: TableSpec, table: pa.Table, faults: list[Fault], bad: Flags, typed: pa.Table, currency: str
) -> pa.Table:
    """Refused rows: each once, with the first thing that is wrong and, beside it, all others."""
    rows = np.flatnonzero(bad)
    place = np.full(bad.size, -1, np.int64)
    place[rows] = np.arange(rows.size)
    order = {name: i for i, name in enumerate(spec.columns)}
    faults = sorted(faults, key=lambda f: order.get(f.column, -1))
    first = np.full(rows.size, -1, np.int64)
    also: dict[int, list[str]] = {}
    for i, fault in enumerate(faults):
        at = place[fault.rows]
        taken = first[at] >= 0
        first[at[~taken]] = i
        if taken.any():
            said = _values(table, fault.column, fault.rows[taken])
            for k, value in zip(at[taken].tolist(), said, strict=True):
                also.setdefault(k, []).append(f"{fault.column}: {fault.reason}: {value}")
    values: npt.NDArray[np.object_] = np.full(rows.size, None, object)
    for i, fault in enumerate(faults):
        mine = first == i
        if mine.any():
            values[mine] = _values(table, fault.column, rows[mine])
    text: dict[str, Any] = {
        "reason": pa.array([f.reason for f in faults], pa.large_string()).take(pa.array(first)),
        "column": pa.array([f.column for f in faults], pa.large_string()).take(pa.array(first)),
        "expected": pa.array([f.expected for f in faults], pa.large_string()).take(pa.array(first)),
        "value": pa.array(values, pa.large_string()),
        "also": pa.array(
            ["; ".join(also[k]) if k in also else None for k in range(rows.size)], pa.large_string()
        ),
    }
    return _quarantine(spec, table.take(pa.array(rows)), text, currency)


def _values(table: pa.Table, column: str, rows: Any) -> list[str | None]:
    if column not in table.column_names:
        return [None] * len(rows)
    said: list[str | None] = read.as_text(table[column].take(pa.array(rows))).to_pylist()
    return said


def _quarantine(spec: TableSpec, rows: pa.Table, text: Mapping[str, Any], currency: str) -> pa.Table:
    n = rows.num_rows
    empty = pa.nulls(n, pa.large_string())
    amount = read.as_text(rows[spec.money]) if spec.money in rows.column_names else empty
    worth = empty
    if spec.money:
        worth = pa.repeat(pa.scalar(currency, pa.large_string()), n)
        if spec.columns[spec.money].currency and "currency" in rows.column_names:
            worth = pc.coalesce(read.emptied(read.as_text(rows["currency"])), worth)
    return pa.table(
        {
            "table": pa.repeat(pa.scalar(spec.name, pa.large_string()), n),
            **{c: read.one(rows[c]) for c in PROVENANCE},
            **{c: text[c] for c in ("column", "value", "reason", "expected", "also")},
            "amount": amount,
            "currency": worth,
            "raw": as_json(rows),
        },
        schema=QUARANTINE,
    )


def as_json(rows: pa.Table) -> pa.Array:
    """Each row as a JSON object of texts: what was read, to the letter.

    Examples
    --------
    >>> as_json(pa.table({"a": ["1/2", None], "source_row": [2, 3]})).to_pylist()
    ['{"a":"1/2"}', '{"a":null}']
    """
    names = [c for c in rows.column_names if c not in PROVENANCE]
    n = rows.num_rows
    if n == 0 or not names:
        return pa.array(["{}"] * n, pa.large_string())
    frame = pa.table({c: read.as_text(rows[c]) for c in names}).to_pandas()
    lines = frame.to_json(orient="records", lines=True, force_ascii=False)
    # pandas writes \/ for /, which is JSON but no pleasure to read.
    return pa.array(lines.replace("\\/", "/").strip("\n").split("\n"), pa.large_string())
