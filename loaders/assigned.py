"""Any table at all, with a file beside it that says which of its columns is what.

Nobody can know every bank's layout. Where no loader recognises a file, a person says once what its columns
mean; that is kept as `graphflow-columns.json` beside the file and is read here, so that the same can be done
again and is part of the record. A table is found by its header: one assignment serves every file that has it.

::

    {"version": 1, "tables": [{"header": ["时间", "付款账号", "收款账号", "金额"],
                               "columns": {"time": 0, "source": 1, "target": 2, "amount": 3}}]}

Columns are named by their place in the header, from 0. Either each row names both sides (`source`, `target`),
or it is a row of one account's statement: `own` (or the constant `"account"`), `other`, and its direction by
a column of words (`direction`, with `"out"` and `"in"`), by two columns (`amount_out`, `amount_in`), or by
the amount's sign.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import InputError, Problem
from graphflow.language import N_
from graphflow.tables import Raw
from loaders import cleaning, headings
from loaders import grid as grids
from loaders.cleaning import Flags
from loaders.grid import Grid
from loaders.mapping import (
    LOST_DIGITS,
    TEXT,
    WHOLE_ID,
    constant,
    grid_notes,
    join,
    provenance,
    refused_rows,
    source_file,
    spoiled,
    texts,
    unread_notes,
    unreadable_rows,
)
from loaders.ordering import groups_of_time, sequences
from loaders.source import File, Source

BESIDE = "graphflow-columns.json"
VERSION = 1
LONGEST = 1 << 22  # bytes of the file beside

# What a column can be, and the headings by which it is guessed; the first that fits counts.
FIELDS: Mapping[str, tuple[str, ...]] = {
    name: tuple(words.split(", "))
    for name, words in (
        ("time", "交易时间, 时间, 记账时间, 入账时间, timestamp, datetime, time, booking time"),
        ("date", "交易日期, 日期, 记账日期, date, booking date, value date"),
        (
            "source",
            "付款账号, 付款方账号, 付款人账号, 转出账号, payer account, from account, source, payer, from",
        ),
        (
            "target",
            "收款账号, 收款方账号, 收款人账号, 转入账号, payee account, to account, target, payee, to",
        ),
        ("source_name", "付款方, 付款人, 付款户名, 付款方户名, 付款人名称, payer name, from name"),
        ("target_name", "收款方, 收款人, 收款户名, 收款方户名, 收款人名称, payee name, to name"),
        ("own", "本方账号, 本方卡号, 账号, 账户, 卡号, own account, account number, account"),
        ("own_name", "本方户名, 户名, 账户名称, account name"),
        ("other", "对方账号, 对手账号, 对方卡号, 交易对手账号, counterparty account, other account"),
        ("other_name", "对方户名, 对方名称, 对手户名, 交易对方, 对手名称, counterparty name, counterparty"),
        ("amount", "交易金额, 金额, 发生额, 交易额, amount, value"),
        ("amount_out", "支出, 支出金额, 借方金额, 借方发生额, 转出金额, debit, debit amount, paid out"),
        ("amount_in", "收入, 收入金额, 贷方金额, 贷方发生额, 转入金额, credit, credit amount, paid in"),
        ("direction", "收付标志, 借贷标志, 借贷, 收支, 收/支, 方向, direction, dc, debit/credit"),
        ("balance", "余额, 账户余额, 交易余额, balance, running balance"),
        ("currency", "币种, 交易币种, currency"),
        ("memo", "摘要, 用途, 附言, 备注, 交易摘要, memo, description, purpose, details, narrative"),
        ("reference", "流水号, 交易流水号, 交易号, 凭证号, reference, transaction id, transfer_id, id"),
    )
}
OUT = ("出", "支", "支出", "付", "借", "转出", "d", "debit", "dr", "out", "-")
IN = ("进", "收", "收入", "贷", "入", "转入", "c", "credit", "cr", "in", "+")

NO_OWN = N_("the row does not say whose account it is")
NO_SIDE = N_("the row does not name both accounts")
NO_DIRECTION = N_("the direction is blank or not known: it is not guessed")
NO_AMOUNT = N_("is not an amount of money")
NO_TIME = N_("is not a time")
TWO_AMOUNTS = N_("the row has an amount in both directions")
NEGATIVE = N_("a negative amount in a row that names payer and payee")
ZERO = N_("the amount is zero")


@dataclass(frozen=True)
class Assignment:
    """Which column is what, of the tables with one header."""

    header: tuple[str, ...]
    columns: Mapping[str, int]
    account: str = ""
    out: tuple[str, ...] = OUT
    into: tuple[str, ...] = IN

    @property
    def one_sided(self) -> bool:
        return "source" not in self.columns

    def as_dict(self) -> dict[str, Any]:
        """The assignment as the file beside has it, in one way of writing it."""
        told: dict[str, Any] = {"header": list(self.header), "columns": dict(sorted(self.columns.items()))}
        if self.one_sided:
            told |= {"account": self.account, "out": list(self.out), "in": list(self.into)}
        return told

    def problems(self, where: str) -> list[Problem]:
        """What it lacks to be read by."""
        have, found = set(self.columns), []

        def lacks(expected: str) -> None:
            found.append(Problem(where, N_("the assignment of columns lacks something"), expected=expected))

        if not have & {"time", "date"}:
            lacks(N_("a column for the time"))
        if have & {"source", "target"}:
            if not {"source", "target"} <= have:
                lacks(N_("columns for both accounts, payer and payee"))
            if "amount" not in have:
                lacks(N_("a column for the amount"))
        else:
            if "own" not in have and not self.account:
                lacks(N_("whose account it is: a column, or one number for all rows"))
            if "amount" not in have and not {"amount_in", "amount_out"} <= have:
                lacks(N_("a column for the amount, or one for money out and one for money in"))
        unknown = sorted(have - set(FIELDS))
        if unknown:
            found.append(
                Problem(where, N_("there is no such field"), first=unknown[0], expected=", ".join(FIELDS))
            )
        outside = [place for place in self.columns.values() if not 0 <= place < len(self.header)]
        if outside or len(set(self.columns.values())) < len(self.columns):
            found.append(
                Problem(
                    where,
                    N_("a column is named that is not there, or one column twice"),
                    first=str(outside[0]) if outside else "",
                    expected=N_("each field its own column, counted from 0"),
                )
            )
        return found


def claims(source: Source) -> tuple[File, ...]:
    """The file beside, and every file that has one of its headers."""
    beside = [file for file in source.files if file.name.rpartition("/")[2] == BESIDE]
    if len(beside) != 1:
        return ()
    try:
        known = {assignment.header for assignment in assignments(beside[0])}
    except InputError:
        return (beside[0],)  # `load` says what is wrong with it
    return (beside[0], *(file for file in source.files if file is not beside[0] and _headed(file, known)))


def load(source: Source, *, currency: str | None = None, timezone: str | None = None) -> Raw:
    """Read every table by its assignment.

    Parameters
    ----------
    source
        Files that `claims` has named: the file beside, and those with its headers.
    currency, timezone
        Not used: a column says the currency, or the case does; times are the case's local ones.
    """
    [beside] = [file for file in source.files if file.name.rpartition("/")[2] == BESIDE]
    known = {assignment.header: assignment for assignment in assignments(beside)}
    raw = Raw({})
    files = []
    made, refused, aside, read = [], [], [], 0
    notes = unread_notes(source)
    for file in source.files:
        if file is beside:
            continue
        used = []
        for grid in grids.iterate_grids(file, lambda row: _trimmed(row) in known):
            part = _Part(grid, known[tuple(grid.header)])
            used.append(part.how)
            read += grid.table.num_rows + len(grid.unreadable)
            made.append(part.rows())
            refused += part.refused
            aside += part.aside
            notes += grid_notes(grid)
            raw.one_sided = raw.one_sided or part.how.one_sided
        # The assignment is no source of rows: it is kept with each file that was read by it.
        told = [how.as_dict() for i, how in enumerate(used) if how not in used[:i]]
        mapping = json.dumps(told, ensure_ascii=False)
        files.append(source_file(file, "assigned", mapping))
    raw.files = tuple(files)
    if not made:
        raise InputError(
            Problem(
                beside.name,
                N_("no file has one of the headers that are assigned"),
                first=", ".join(next(iter(known), ())),
                expected=N_("the files, beside the assignment"),
            )
        )
    if raw.one_sided:
        made = [_with_side(table) for table in made]
    raw.tables["transfers"] = join(made)
    if refused:
        raw.refused["transfers"] = join(refused)
    if aside:
        raw.set_aside["transfers"] = join(aside)
    raw.rows_read["transfers"] = read
    raw.notes = tuple(notes)
    return raw


def assignments(beside: File) -> list[Assignment]:
    """What the file beside says, checked."""
    where = beside.name
    try:
        if beside.size > LONGEST:
            raise ValueError("too long")
        data = json.loads(beside.path.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']}")
        found = [
            Assignment(
                tuple(str(cell) for cell in each["header"]),
                {str(name): int(place) for name, place in each["columns"].items()},
                str(each.get("account") or ""),
                tuple(str(word).casefold() for word in each.get("out") or OUT),
                tuple(str(word).casefold() for word in each.get("in") or IN),
            )
            for each in data["tables"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            Problem(
                where,
                N_("is no assignment of columns: {reason}"),
                {"reason": f"{type(error).__name__}: {error}"},
                expected='{"version": 1, "tables": [{"header": […], "columns": {"time": 0, …}}]}',
            )
        ) from error
    problems = [problem for each in found for problem in each.problems(where)]
    if problems:
        raise InputError(*problems)
    return found


def guess(header: Sequence[str]) -> dict[str, int]:
    """Which column is probably what, by its heading alone: for a person to look at, never to load by.

    Examples
    --------
    >>> guess(["交易日期", "对方账号", "支出", "收入", "余额"])
    {'date': 0, 'other': 1, 'amount_out': 2, 'amount_in': 3, 'balance': 4}
    """
    plain = [headings.plain_heading(name)[0].casefold() for name in header]
    spaced = [" ".join(name.casefold().replace("_", " ").split()) for name in header]
    found: dict[str, int] = {}
    for name, words in FIELDS.items():
        for word in words:
            at = next(
                (
                    i
                    for i in range(len(header))
                    if i not in found.values() and (plain[i] == word.replace(" ", "") or spaced[i] == word)
                ),
                None,
            )
            if at is not None:
                found[name] = at
                break
    return dict(sorted(found.items(), key=lambda item: item[1]))


def heads(file: File) -> list[tuple[str | None, list[str], list[list[str]]]]:
    """The likely header of each table of a file with the rows below it: (sheet, header, rows)."""
    if file.kind in ("xlsx", "xls"):
        tables: list[tuple[str | None, list[list[str]]]] = [
            (sheet, grids.sheet_head(file, sheet)) for sheet in grids.sheet_names(file)
        ]
    elif file.kind == "text":
        lines = grids.head_lines(file)
        # one delimiter for all: the one that cuts most lines alike
        by = max(",\t;|", key=lambda sign: sum(line.count(sign) > 1 for line in lines))
        tables = [(None, [grids.split_line(line, by) for line in lines])]
    else:
        return []
    found = []
    for sheet, rows in tables:
        at = _header_at(rows)
        if at is not None:
            header = list(_trimmed(rows[at]))
            found.append((sheet, header, [row[: len(header)] for row in rows[at + 1 : at + 9] if any(row)]))
    return found


def _header_at(rows: Sequence[Sequence[str]]) -> int | None:
    """The row that looks most like a header: many cells, few numbers, known headings."""

    def score(row: Sequence[str]) -> int:
        cells = [cell for cell in row if cell]
        figures = sum(any(sign.isdigit() for sign in cell) for cell in cells)
        return len(cells) - 2 * figures + 3 * len(guess(row)) if len(cells) > 2 else 0

    scores = [score(row) for row in rows]
    return scores.index(max(scores)) if scores and max(scores) > 0 else None


def _trimmed(row: Sequence[str]) -> tuple[str, ...]:
    cells = [grids.trimmed(cell) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _headed(file: File, known: set[tuple[str, ...]]) -> bool:
    try:
        return any(tuple(header) in known for _, header, _ in heads(file)) or any(
            _trimmed(row) in known for row in _rows_at_top(file)
        )
    except InputError:
        return False


def _rows_at_top(file: File) -> list[list[str]]:
    if file.kind in ("xlsx", "xls"):
        return [row for sheet in grids.sheet_names(file) for row in grids.sheet_head(file, sheet)]
    if file.kind == "text":
        return [grids.split_line(line) for line in grids.head_lines(file)]
    return []


def _with_side(table: pa.Table) -> pa.Table:
    """Where some rows are of statements, the others say that they are of none."""
    if "statement_side" in table.column_names:
        return table
    return table.append_column("statement_side", constant(None, table.num_rows))


class _Part:
    """One table being read."""

    def __init__(self, grid: Grid, how: Assignment) -> None:
        self.grid, self.how = grid, how
        self.refused = [part for part in (unreadable_rows(grid),) if part is not None]
        self.aside: list[pa.Table] = []
        self.numbers = grid.rows

    def column(self, name: str) -> pa.Array:
        place = self.how.columns.get(name)
        if place is None:
            return constant("", self.grid.table.num_rows)
        column = self.grid.column(place)
        return pc.utf8_trim_whitespace(column.combine_chunks() if column.num_chunks != 1 else column.chunk(0))

    def rows(self) -> pa.Table:
        """The good rows, as `transfers`; the others are refused or set aside."""
        time, bad_time = self._times()
        amount, out, money = self._money()
        one = self.how.one_sided
        if one:
            own = cleaning.ids(self.column("own"))
            own = cleaning.unmasked(pc.coalesce(own, pa.scalar(self.how.account or None, TEXT)))
            other = cleaning.unmasked(cleaning.ids(self.column("other")))
            spoilt = [("own", own), ("other", other)]
        else:
            own, other = (cleaning.unmasked(cleaning.ids(self.column(name))) for name in ("source", "target"))
            spoilt = [("source", own), ("target", other)]
        checks: list[tuple[Any, str, str, str]] = [
            (
                bad_time,
                NO_TIME,
                "time" if "time" in self.how.columns else "date",
                N_("a date, or a date and time"),
            )
        ]
        checks += [(spoiled(ids), LOST_DIGITS, name, WHOLE_ID) for name, ids in spoilt]
        if one:
            checks.append((_empty(own), NO_OWN, "own", N_("the account's number")))
        else:
            checks.append(
                (_empty(own) | _empty(other), NO_SIDE, "source", N_("the accounts of payer and payee"))
            )
        checks += money
        good = self._refuse(checks, amount)
        zero = good & _is_zero(amount)
        if zero.any():
            table = self._as_written(zero)
            self.aside.append(table.append_column("reason", constant(ZERO, table.num_rows)))
        keep = good & ~zero
        return self._table(keep, time, amount, own, other, out)

    def _times(self) -> tuple[pa.Array, Flags]:
        serial = self.grid.sheet is not None
        if "time" in self.how.columns and "date" in self.how.columns:
            time, bad = cleaning.times(self.column("time"), dates=self.column("date"), serial=serial)
        else:
            time, bad = cleaning.times(
                self.column("time" if "time" in self.how.columns else "date"), serial=serial
            )
        return time, bad | _empty(time)

    def _money(self) -> tuple[pa.Array, Flags, list[tuple[Any, str, str, str]]]:
        """The amount without its sign, which rows are money out, and what is wrong with them."""
        wanted = N_("an amount such as 1234.56")
        if not self.how.one_sided:
            amount, bad = cleaning.money(self.column("amount"), self._shift("amount"))
            minus = _starts(amount, "-")
            return (
                amount,
                np.ones(len(amount), bool),
                [
                    (bad | _empty(amount), NO_AMOUNT, "amount", wanted),
                    (minus, NEGATIVE, "amount", N_("an amount greater than zero")),
                ],
            )
        if "amount" in self.how.columns:
            amount, bad = cleaning.money(self.column("amount"), self._shift("amount"))
            minus = _starts(amount, "-")
            checks: list[tuple[Any, str, str, str]] = [(bad | _empty(amount), NO_AMOUNT, "amount", wanted)]
            out = minus
            if "direction" in self.how.columns:
                words = pc.utf8_lower(self.column("direction"))
                out, into = _among(words, self.how.out), _among(words, self.how.into)
                said = N_("one of the words for money out or in")
                checks.append((~(out | into) | (out & into), NO_DIRECTION, "direction", said))
            return pc.replace_substring_regex(amount, r"^[-+]", ""), out, checks
        paid, bad_out = cleaning.money(self.column("amount_out"), self._shift("amount_out"))
        got, bad_in = cleaning.money(self.column("amount_in"), self._shift("amount_in"))
        has_out, has_in = ~(_empty(paid) | _is_zero(paid)), ~(_empty(got) | _is_zero(got))
        amount = pc.if_else(pa.array(has_out), paid, pc.coalesce(got, paid))
        # A negative amount on one side is money the other way.
        out = np.where(has_out, ~_starts(amount, "-"), _starts(amount, "-"))
        none = _empty(paid) & _empty(got)
        return (
            pc.replace_substring_regex(amount, r"^[-+]", ""),
            out.astype(bool),
            [
                (bad_out, NO_AMOUNT, "amount_out", wanted),
                (bad_in | none, NO_AMOUNT, "amount_in", wanted),
                (has_out & has_in, TWO_AMOUNTS, "amount_out", N_("an amount in one of them")),
            ],
        )

    def _shift(self, name: str) -> int:
        return headings.plain_heading(self.how.header[self.how.columns[name]])[1]

    def _refuse(self, checks: Sequence[tuple[Any, str, str, str]], amount: pa.Array) -> Flags:
        """Which rows are good; the first thing found wrong with the others is why they are refused."""
        bad = np.zeros(self.grid.table.num_rows, bool)
        for mask, reason, name, expected in checks:
            new = np.asarray(mask, bool) & ~bad
            if new.any():
                value = self.column(name).filter(pa.array(new))
                held = self._held(new)
                if reason != TWO_AMOUNTS:  # which of the two would count is not known
                    held["amount"] = amount.filter(pa.array(new))
                self.refused.append(
                    refused_rows(
                        held,
                        self.grid.file,
                        self.grid.sheet,
                        self.numbers[new],
                        reason=reason,
                        column=name,
                        value=value,
                        expected=expected,
                    )
                )
            bad |= new
        return ~bad

    def _held(self, mask: Flags) -> dict[str, Any]:
        return {
            name or f"column_{place + 1}": self.grid.column(place).filter(pa.array(mask))
            for place, name in enumerate(self.how.header)
        }

    def _as_written(self, mask: Flags) -> pa.Table:
        return provenance(self._held(mask), self.grid.file, self.grid.sheet, self.numbers[mask])

    def _table(
        self, keep: Flags, time: pa.Array, amount: pa.Array, own: pa.Array, other: pa.Array, out: Flags
    ) -> pa.Table:
        mask = pa.array(keep)

        def kept(column: pa.Array) -> pa.Array:
            return column.filter(mask)

        time, amount, own, other = kept(time), kept(amount), kept(own), kept(other)
        n, table = len(time), {"time": time, "amount": amount}
        if not self.how.one_sided:
            table |= {"source": own, "target": other}
            table |= {name: kept(self.column(name)) for name in ("source_name", "target_name")}
            table["transfer_id"] = kept(self.column("reference"))
        else:
            is_out = pa.array(out[keep])
            nobody = constant(None, n)

            def sides(mine: pa.Array, theirs: pa.Array) -> tuple[pa.Array, pa.Array]:
                return pc.if_else(is_out, mine, theirs), pc.if_else(is_out, theirs, mine)

            table["source"], table["target"] = sides(own, other)
            table["statement_side"] = pc.if_else(is_out, pa.scalar("source", TEXT), pa.scalar("target", TEXT))
            names = kept(self.column("own_name")), kept(self.column("other_name"))
            table["source_name"], table["target_name"] = sides(*names)
            table["source_reference"], table["target_reference"] = sides(
                kept(self.column("reference")), nobody
            )
            balance, _ = cleaning.money(kept(self.column("balance")), 0)
            table["source_balance"], table["target_balance"] = sides(balance, nobody)
            sequence = self._sequence(time, amount, own, balance, out[keep])
            missing = pa.nulls(n, pa.int64())
            table["source_sequence"], table["target_sequence"] = sides(sequence, missing)
            written = kept(self.column("other"))
            replaced = pc.invert(pc.fill_null(pc.equal(other, written), False))
            table["other_as_written"] = pc.if_else(replaced, written, pa.scalar(None, TEXT))
        table |= {name: kept(self.column(name)) for name in ("memo", "currency")}
        placed = set(self.how.columns.values())
        for place, name in enumerate(self.how.header):
            if place not in placed and name and name not in table:
                table[name] = self.grid.column(place).filter(mask)
        return provenance(table, self.grid.file, self.grid.sheet, self.numbers[keep])

    def _sequence(
        self, time: pa.Array, amount: pa.Array, own: pa.Array, balance: pa.Array, out: Flags
    ) -> pa.Array:
        """The rows' order in their statement, where running balances confirm one."""
        n = len(time)
        if not n:
            return pa.nulls(0, pa.int64())
        account = np.asarray(pc.dictionary_encode(own).indices, np.int64)
        moments = np.asarray(pc.cast(time, pa.timestamp("us"))).astype("datetime64[us]").astype(np.int64)
        is_date = np.asarray(pc.equal(pc.binary_length(time), 10), bool)
        change, _ = cleaning.tenthousandths(amount)
        held, known = cleaning.tenthousandths(balance)
        place = sequences(
            account, groups_of_time(account, moments, is_date), np.where(out, -change, change), held, known
        )
        return pa.array(np.maximum(place, 0) + 1, pa.int64(), mask=place < 0)


def _empty(column: pa.Array) -> Flags:
    return np.asarray(pc.fill_null(pc.equal(pc.binary_length(column), 0), True), bool)


def _is_zero(column: pa.Array) -> Flags:
    return np.asarray(
        pc.fill_null(pc.match_substring_regex(column, r"^[-+]?0*\.?0*$"), False), bool
    ) & ~_empty(column)


def _starts(column: pa.Array, sign: str) -> Flags:
    return np.asarray(pc.fill_null(pc.starts_with(column, sign), False), bool)


def _among(words: pa.Array, known: Sequence[str]) -> Flags:
    return np.asarray(pc.is_in(words, value_set=texts(list(known))), bool)
