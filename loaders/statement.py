"""The 34-column export (调单) with which banks answer the police, and the files beside it.

A row is one side of a movement: it becomes a row of `transfers` with `statement_side`, which says whose
statement it stands in; pairing both sides is the intake's business. Nothing is guessed: a row whose
direction, time, amount or own number cannot be read is refused and says why; failed rows are set aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import InputError, Problem
from graphflow.language import N_
from graphflow.tables import Note, Raw
from loaders import cleaning, headings
from loaders import grid as grids
from loaders.beside import Beside
from loaders.cleaning import Flags, Ints
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
    source_files,
    spoiled,
    texts,
    unread_notes,
    unreadable_rows,
)
from loaders.ordering import groups_of_time, reversals, sequences
from loaders.source import File, Source

NO_OWN = N_("the row does not say whose account it is")
NO_DIRECTION = N_("the direction is blank or not known: it is not guessed")
NO_AMOUNT = N_("is not an amount of money")
NO_TIME = N_("is not a time")
TWO_AMOUNTS = N_("the row has an amount in both directions")
NEGATIVE = N_("a negative amount beside a direction, in a row that is not marked as a reversal")
NO_SUCCESS = N_("whether the transaction succeeded is not known")
FAILED = N_("the transaction failed")
ZERO = N_("the amount is zero")

# Columns that have a place in our tables; the others are kept under their own headings.
_PLACED = frozenset(
    (
        "own_account own_name time date amount amount_in amount_out balance direction other other_name memo "
        "ip mac other_balance currency reference"
    ).split()
)


def claims(source: Source) -> tuple[File, ...]:
    return tuple(file for file in source.files if _kinds(file))


def _kinds(file: File) -> set[str]:
    """The kinds of table of the export in a file."""
    if file.kind == "text":
        rows = [[grids.split_line(line) for line in grids.head_lines(file)]]
    elif file.kind in ("xlsx", "xls"):
        try:
            rows = [grids.sheet_head(file, sheet) for sheet in grids.sheet_names(file)]
        except InputError:
            return set()
    else:
        return set()
    return {kind for sheet in rows for row in sheet if (kind := headings.kind_of_header(row))}


@dataclass
class Part:
    """The movements of one file or sheet, cleaned, not yet rows of ours."""

    grid: Grid
    bank: str
    rows: Ints
    columns: dict[str, pa.Array]
    out: Flags
    amount: pa.Array
    time: pa.Array
    reversing: Flags
    further: dict[str, pa.Array]
    every: dict[str, pa.Array]  # own numbers and time of every row that was read, those set aside too
    period: tuple[str, str] | None
    own: pa.Array | None = None
    place: Ints = field(default_factory=lambda: np.empty(0, np.int64))


def load(source: Source, *, currency: str | None = None, timezone: str | None = None) -> Raw:
    """Read the statements of one answer: a folder or zip, a folder for each bank, or one file.

    Parameters
    ----------
    source
        Files that `claims` has named.
    currency
        Of rows that name none; without it, the case's.
    timezone
        Of the times, which have no offset; without it, the case's.
    """
    reading = _Reading(currency)
    for file in source.files:
        try:
            for grid in grids.iterate_grids(file, lambda row: bool(headings.kind_of_header(row)), fill=True):
                reading.add(grid)
        except InputError as error:
            reading.problems += error.problems
    if reading.problems:
        raise InputError(*reading.problems)
    if not reading.parts and not reading.refused:
        reading.notes.append(
            Note("no_transactions", N_("no file of transactions (交易明细) was among the files"))
        )
    raw = reading.finish()
    raw.timezone = timezone
    raw.files = source_files(source, "statement")
    raw.notes = (*unread_notes(source), *raw.notes)
    return raw


class _Reading:
    """Everything that one answer says, put together."""

    def __init__(self, currency: str | None) -> None:
        self.currency = currency
        self.parts: list[Part] = []
        self.refused: list[pa.Table] = []
        self.aside: list[pa.Table] = []
        self.notes: list[Note] = []
        self.problems: list[Problem] = []
        self.beside = Beside()
        self.read = 0

    def add(self, grid: Grid) -> None:
        self.notes += grid_notes(grid)
        kind = headings.kind_of_header(grid.header)
        bank = headings.bank_of(grid.file.name)
        if kind == "transactions":
            lacking = headings.missing(grid.header)
            if lacking:
                self.problems.append(
                    Problem(
                        _where(grid),
                        N_("{count} columns are missing"),
                        {"count": len(lacking)},
                        first=lacking[0],
                        expected=", ".join(lacking),
                    )
                )
                return
            self.transactions(grid, bank)
        else:
            self.beside.add(kind, grid, bank)

    # ------------------------------------------------------------ one file of transactions

    def transactions(self, grid: Grid, bank: str) -> None:
        at = headings.columns_of(grid.header)
        every = [cleaning.whole(grid.column(position)) for position in range(len(grid.header))]
        cells = {key: every[position] for key, (position, _) in at.items()}
        keep, footers = _data_rows(grid, at, cells)
        footers += self._unreadable(grid)
        if footers:
            self.notes.append(
                Note(
                    "footer",
                    N_("{count} lines of {file} are no rows (a footer): {first}"),
                    {"count": len(footers), "file": _where(grid), "first": footers[0][:120]},
                    len(footers),
                )
            )
        every = [cleaning.rows_of(column, keep) for column in every]
        cells = {key: every[position] for key, (position, _) in at.items()}
        rows = grid.rows[keep]
        n = len(rows)
        self.read += n
        blank = pa.repeat(pa.scalar("", TEXT), n)

        def cell(key: str) -> pa.Array:
            return cells.get(key, blank)

        check = _Check(n)
        columns: dict[str, pa.Array] = {}
        for key in ("own_account", "own_card", "other"):
            columns[key] = cleaning.ids(cell(key))
            check.refuse(spoiled(columns[key]), LOST_DIGITS, key, WHOLE_ID)
            if (
                key != "other"
            ):  # the other side as it was written is kept, and then a placeholder stands for it
                columns[key] = cleaning.unmasked(columns[key])
        none = np.asarray(pc.and_(_no(columns["own_account"]), _no(columns["own_card"])), dtype=bool)
        blank_account = np.asarray(pc.equal(cell("own_account"), ""), dtype=bool)
        for column, mask in (("own_card", none & blank_account), ("own_account", none)):
            column = column if column in at else "own_account" if "own_account" in at else "own_card"
            check.refuse(mask, NO_OWN, column, N_("the account's number, whole and not masked"))
        time, bad_time = cleaning.times(
            cell("time") if "time" in at else cell("date"),
            dates=cell("date") if "time" in at and "date" in at else None,
            serial=grid.encoding == "excel",
        )
        # Failed first: such a row may lack anything. Zero next: it moves nothing, whichever way it points.
        done = pc.dictionary_encode(cell("success"))
        said = np.asarray([headings.success(text) for text in done.dictionary.to_pylist()] or [""], object)
        succeeded = said[np.asarray(done.indices)] if n else np.empty(0, object)
        check.set_aside(succeeded == "no", FAILED)
        check.refuse(succeeded == "?", NO_SUCCESS, "success", N_("是, 否 or the like"))
        text = pc.binary_join_element_wise(
            cell("memo"), cell("type"), cell("remark"), cell("undone"), pa.scalar(" ", TEXT)
        )
        undoing = cleaning.matches(text, headings.REVERSAL) & ~cleaning.matches(text, headings.REVERSED)
        amount, out, negative = self._amounts(at, cells, check, n, undoing)
        # A payment with a minus and the mark of a reversal is money coming back: the other way, without the
        # minus.
        check.refuse(negative & ~undoing, NEGATIVE, "amount", N_("an amount without a minus"))
        out = np.where(negative, ~out, out)
        check.refuse(
            bad_time, NO_TIME, "time" if "time" in at else "date", N_("for example 2021-01-05 09:30:00")
        )
        check.refuse(
            np.asarray(pc.is_null(time), dtype=bool),
            NO_TIME,
            "time" if "time" in at else "date",
            N_("for example 2021-01-05 09:30:00"),
        )

        names = {position: name or f"column_{position + 1}" for position, name in enumerate(grid.header)}
        for key in (
            "own_name",
            "own_number",
            "own_bank",
            "other_name",
            "other_number",
            "other_bank",
            "memo",
            "ip",
            "mac",
            "reference",
            "log",
            "voucher",
            "document",
        ):
            columns[key] = _none(cell(key))
        for key in ("own_number", "other_number"):
            number = cleaning.unmasked(cleaning.ids(cell(key)))
            columns[key] = pc.if_else(pa.array(spoiled(columns[key])), pa.scalar(None, TEXT), number)
        columns["cash"], columns["text"] = cell("cash"), text
        columns["currency"] = self._currency(cell("currency"))
        for key in ("balance", "other_balance"):
            value, wrong = cleaning.money(cell(key), at[key][1] if key in at else 0)
            columns[key] = value
            if wrong.any():
                self.notes.append(
                    Note(
                        "bad_balance",
                        N_("{count} balances of {file} are no amounts and were left out (first: {first})"),
                        {
                            "count": int(wrong.sum()),
                            "file": _where(grid),
                            "first": cell(key).filter(pa.array(wrong))[0].as_py(),
                        },
                        int(wrong.sum()),
                    )
                )
        raw_cells = {names[i]: column for i, column in enumerate(every)}
        heading = {key: names[position] for key, (position, _) in at.items()}
        self._set_down(grid, rows, check, raw_cells, heading, amount, columns["currency"])
        good = check.good
        placed = {at[key][0] for key in _PLACED if key in at}
        further = {
            name: cleaning.rows_of(_none(raw_cells[name]), good)
            for position, name in names.items()
            if position not in placed
        }
        self.parts.append(
            Part(
                grid,
                bank,
                rows[check.good],
                {key: cleaning.rows_of(column, good) for key, column in columns.items()},
                out[check.good],
                cleaning.rows_of(amount, good),
                cleaning.rows_of(time, good),
                undoing[check.good],
                {name: column for name, column in further.items() if column.null_count < len(column)},
                {**{key: columns[key] for key in ("own_account", "own_card")}, "time": time},
                _period([*grid.preamble, *footers]),
            )
        )

    def _unreadable(self, grid: Grid) -> list[str]:
        """Rows that are no rows: the footers among them are nothing, the others are refused."""
        footers = [odd.text for odd in grid.unreadable if odd.reason == "cells" and _is_footer(odd.text)]
        grid.unreadable = [
            odd for odd in grid.unreadable if not (odd.reason == "cells" and _is_footer(odd.text))
        ]
        bad = unreadable_rows(grid)
        if bad is not None:
            self.refused.append(bad)
            self.read += bad.num_rows
        return footers

    def _amounts(
        self,
        at: dict[str, tuple[int, int]],
        cells: dict[str, pa.Array],
        check: _Check,
        n: int,
        undoing: Flags,
    ) -> tuple[pa.Array, Flags, Flags]:
        """Amounts without their sign, whether they go out, and where a minus contradicts the direction."""
        if "amount" in at and "direction" in at:
            amount, wrong = cleaning.money(cells["amount"], at["amount"][1])
            check.refuse(
                wrong | np.asarray(pc.is_null(amount), dtype=bool),
                NO_AMOUNT,
                "amount",
                N_("for example 1234.50"),
            )
            check.set_aside(cleaning.matches(amount, r"^[+-]?0+(\.0+)?$"), ZERO)
            marks = pc.dictionary_encode(cells["direction"])
            said = np.asarray(
                [headings.direction(mark) for mark in marks.dictionary.to_pylist()] or [""], object
            )
            way = said[np.asarray(marks.indices)] if n else np.empty(0, object)
            check.refuse(
                way == "", NO_DIRECTION, "direction", N_("进/出, 借/贷, 收/付, D/C, +/- or the like")
            )
            minus = cleaning.matches(amount, "^-") & check.good
            out = way == "out"
            # Where every payment of the file has a minus and no receipt has one, the sign only says it again;
            # a reversal is then what has the other sign than its direction.
            plain = check.good & ~undoing
            if (minus & plain).any() and (minus == out)[plain].all():
                minus = (minus != out) & undoing & check.good
            return pc.replace_substring_regex(amount, "^[+-]", ""), out, minus
        both: dict[str, tuple[pa.Array, Flags]] = {}
        for key in ("amount_in", "amount_out"):
            value, wrong = (
                cleaning.money(cells[key], at[key][1])
                if key in at
                else (pa.nulls(n, TEXT), np.zeros(n, bool))
            )
            check.refuse(wrong, NO_AMOUNT, key, N_("for example 1234.50"))
            zero = cleaning.matches(value, r"^[+-]?0+(\.0+)?$") | np.asarray(pc.is_null(value), dtype=bool)
            both[key] = value, ~zero
        received, paid = both["amount_in"][1], both["amount_out"][1]
        check.refuse(received & paid, TWO_AMOUNTS, "amount_out", N_("an amount in one of the two columns"))
        check.set_aside(~received & ~paid, ZERO)
        amount = pc.if_else(pa.array(paid), both["amount_out"][0], both["amount_in"][0])
        minus = cleaning.matches(amount, "^-") & check.good
        return pc.replace_substring_regex(pc.fill_null(amount, "0"), "^[+-]", ""), paid, minus

    def _currency(self, column: pa.Array) -> pa.Array:
        encoded = pc.dictionary_encode(column)
        codes = pa.array([headings.currency(text) for text in encoded.dictionary.to_pylist()], TEXT)
        made = codes.take(encoded.indices) if len(codes) else pa.nulls(len(column), TEXT)
        return pc.fill_null(made, self.currency) if self.currency else made

    def _set_down(
        self,
        grid: Grid,
        rows: Ints,
        check: _Check,
        cells: dict[str, pa.Array],
        heading: dict[str, str],
        amount: pa.Array,
        currency: pa.Array,
    ) -> None:
        """Rows refused and rows set aside, as they stand in the file, with the amount, for the report."""
        cells = {**cells, "amount": amount, "currency": currency}
        if check.bad.any():
            mask = pa.array(check.bad)
            held = {name: column.filter(mask) for name, column in cells.items()}
            at = np.flatnonzero(check.bad)
            columns = [heading.get(key, key) for key in check.column[at]]
            values = [
                cells[name][int(i)].as_py() if name in cells else None
                for name, i in zip(columns, at, strict=True)
            ]
            self.refused.append(
                refused_rows(
                    held,
                    grid.file,
                    grid.sheet,
                    rows[check.bad],
                    reason=texts(check.reason[at]),
                    column=texts(columns),
                    value=texts(values),
                    expected=texts(check.expected[at]),
                )
            )
        if check.aside.any():
            mask = pa.array(check.aside)
            held = {name: column.filter(mask) for name, column in cells.items()}
            self.aside.append(
                provenance(held, grid.file, grid.sheet, rows[check.aside]).append_column(
                    "reason", texts(check.reason[check.aside])
                )
            )

    # ------------------------------------------------------------ all of them

    def finish(self) -> Raw:
        raw = Raw({}, one_sided=True)
        made: list[pa.Table] = []
        periods: list[pa.Table] = []
        for part in self.parts:
            part.own = pc.coalesce(part.columns["own_account"], part.columns["own_card"])
            made.append(self._linked(self._rows_of(part), part.reversing))
            self.beside.holders(part.own, part.columns, part.bank, part.grid, part.rows)
            self.beside.others(part.own, _other_ids(part), part.columns, part.grid, part.rows)
            if part.period is not None:
                periods.append(_stated(part, part.period))
        if made:
            raw.tables["transfers"] = join(made)
        if self.refused:
            raw.refused["transfers"] = join(self.refused)
        if self.aside:
            raw.set_aside["transfers"] = join(self.aside)
        raw.rows_read["transfers"] = self.read
        raw.tables.update(self.beside.tables())
        if periods:
            raw.tables["coverage"] = join(periods)
        raw.notes = (*self.notes, *self.beside.notes)
        return raw

    def _rows_of(self, part: Part) -> pa.Table:
        """One part as rows of `transfers`, one-sided."""
        n = len(part.rows)
        columns, out = part.columns, pa.array(part.out)
        own = part.own
        other, kind = _other_side(part)
        change, _ = cleaning.tenthousandths(part.amount)
        balance, known = cleaning.tenthousandths(columns["balance"])
        change = np.where(part.out, -change, change)
        account = np.asarray(pc.dictionary_encode(own).indices, np.int64) if n else np.empty(0, np.int64)
        time = _moments(part.time)
        is_date = np.asarray(pc.equal(pc.binary_length(part.time), 10), dtype=bool)
        time = groups_of_time(account, time, is_date)
        currency = (
            np.asarray(pc.dictionary_encode(pc.fill_null(columns["currency"], "")).indices, np.int64)
            if n
            else account
        )
        ledger = account * (int(currency.max(initial=0)) + 1) + currency  # one running balance a currency
        ledger = np.unique(ledger, return_inverse=True)[1].astype(np.int64) if n else ledger
        place = sequences(ledger, time, change, balance, known)
        part.place = place
        sequence = pa.array(np.maximum(place, 0) + 1, pa.int64(), mask=place < 0)
        nobody = pa.nulls(n, TEXT)
        number = pa.nulls(n, pa.int64())

        def sides(mine: Any, theirs: Any) -> tuple[pa.Array, pa.Array]:
            return pc.if_else(out, mine, theirs), pc.if_else(out, theirs, mine)

        table: dict[str, Any] = {"time": part.time}
        table["source"], table["target"] = sides(own, other)
        table["amount"] = part.amount
        table["currency"] = columns["currency"]
        table["statement_side"] = pc.if_else(out, pa.scalar("source", TEXT), pa.scalar("target", TEXT))
        table["source_name"], table["target_name"] = sides(columns["own_name"], columns["other_name"])
        table["source_reference"], table["target_reference"] = sides(columns["reference"], nobody)
        table["source_balance"], table["target_balance"] = sides(columns["balance"], columns["other_balance"])
        table["source_sequence"], table["target_sequence"] = sides(sequence, number)
        replaced = pc.invert(pc.fill_null(pc.equal(other, columns["other"]), False))
        table["other_as_written"] = pc.if_else(replaced, columns["other"], pa.scalar(None, TEXT))
        table["kind"] = kind
        table["memo"], table["ip"], table["mac"] = columns["memo"], columns["ip"], columns["mac"]
        for key in ("log", "voucher", "document"):
            table["\0" + key] = columns[key]
        table.update({name: column for name, column in part.further.items() if name not in table})
        return provenance(table, part.grid.file, part.grid.sheet, part.rows)

    def _linked(self, transfers: pa.Table, undoing: Flags) -> pa.Table:
        """Reversals with the row of their file that they take back; its id is for the tables to give."""
        marks = [transfers["\0" + key].to_pylist() for key in ("log", "voucher", "document")]
        transfers = transfers.drop_columns(["\0log", "\0voucher", "\0document"])
        n = transfers.num_rows
        if not undoing.any():
            return transfers
        out = np.asarray(pc.equal(transfers["statement_side"], "source"), dtype=bool)
        mask = pa.array(out)
        own = pc.if_else(mask, transfers["source"], transfers["target"])
        other = pc.if_else(mask, transfers["target"], transfers["source"]).to_pylist()
        references = pc.if_else(
            mask, transfers["source_reference"], transfers["target_reference"]
        ).to_pylist()
        account = np.asarray(pc.dictionary_encode(own.combine_chunks()).indices, np.int64)
        sequence = pc.if_else(mask, transfers["source_sequence"], transfers["target_sequence"])
        # Without a sequence the file's own order has to do; both only matter at equal times.
        place = np.asarray(pc.fill_null(sequence, 0), np.int64) * (1 << 32) + np.asarray(
            transfers["source_row"], np.int64
        )
        found, lost = reversals(
            account,
            out,
            _amount_keys(transfers),
            _moments(transfers["time"]),
            place,
            other,
            [references, *marks],
            undoing,
        )
        rows = transfers["source_row"].to_pylist()
        links = pa.array([rows[found[i]] if i in found else None for i in range(n)], pa.int64())
        if lost:
            self.notes.append(
                Note(
                    "reversal_alone",
                    N_(
                        "{count} rows of {file} are marked as reversals of rows that are not there: "
                        "they count as payments"
                    ),
                    {"count": len(lost), "file": transfers["source_file"][0].as_py()},
                    len(lost),
                )
            )
        return transfers.append_column("reversal_row", links)


class _Check:
    """What is wrong with each row: the first thing found counts."""

    def __init__(self, n: int) -> None:
        self.bad: Flags = np.zeros(n, dtype=bool)
        self.aside: Flags = np.zeros(n, dtype=bool)
        self.reason = np.full(n, None, object)
        self.column = np.full(n, "", object)
        self.expected = np.full(n, None, object)

    @property
    def good(self) -> Flags:
        return ~self.bad & ~self.aside

    def refuse(self, mask: npt.NDArray[Any], reason: str, column: str, expected: str) -> None:
        new = mask.astype(bool) & self.good
        self.bad |= new
        self.reason[new], self.column[new], self.expected[new] = reason, column, expected

    def set_aside(self, mask: npt.NDArray[Any], reason: str) -> None:
        new = mask.astype(bool) & self.good
        self.aside |= new
        self.reason[new] = reason


def _where(grid: Grid) -> str:
    return f"{grid.file.name} [{grid.sheet}]" if grid.sheet else grid.file.name


def _no(column: pa.Array) -> pa.Array:
    return pc.or_kleene(pc.is_null(column), pc.fill_null(pc.equal(column, ""), True))


def _none(column: pa.Array) -> pa.Array:
    """A column with null for what says nothing."""
    empty = pc.or_(
        pc.equal(pc.binary_length(column), 0),
        pc.is_in(column, value_set=texts(["-", "--", "\\N", "NULL", "null", "无"])),
    )
    return pc.if_else(empty, pa.scalar(None, TEXT), column)


def _amount_keys(transfers: pa.Table) -> list[str]:
    """Amount and currency as one text, equal where the money is: 5.0 and 5.00 are."""
    amounts = pc.replace_substring_regex(
        pc.replace_substring_regex(transfers["amount"], r"^0+(\d)", r"\1"), r"(\.\d*?)0+$", r"\1"
    )
    amounts = pc.replace_substring_regex(amounts, r"\.$", "")
    currencies = pc.fill_null(transfers["currency"], "")
    keys: list[str] = pc.binary_join_element_wise(amounts, currencies, pa.scalar(" ", TEXT)).to_pylist()
    return keys


def _data_rows(
    grid: Grid, at: dict[str, tuple[int, int]], cells: dict[str, pa.Array]
) -> tuple[Flags, list[str]]:
    """Which rows are rows: not the header again, not a footer; and what the footers say."""
    n = grid.table.num_rows
    header = np.zeros(n, dtype=bool)
    for key in ("time", "date", "direction", "amount", "amount_in"):
        if key in at:
            header |= np.asarray(
                pc.is_in(
                    cells[key],
                    value_set=texts(
                        {
                            *headings.HEADINGS[key],
                            grid.header[at[key][0]],
                            cleaning.plain(grid.header[at[key][0]]),
                        }
                    ),
                ),
                bool,
            )
    money = next(key for key in ("amount", "amount_in", "amount_out") if key in at)
    when = "time" if "time" in at else "date"
    # A footer has neither a time nor an amount where rows have theirs.
    suspect = ~header & ~(cleaning.matches(cells[when], r"\d{2}") & cleaning.matches(cells[money], r"\d"))
    footer = np.zeros(n, dtype=bool)
    said: list[str] = []
    for i in np.flatnonzero(suspect):
        words = [
            text for column in grid.table.columns if (text := grids.trimmed(column[int(i)].as_py() or ""))
        ]
        if _is_footer("\t".join(words)) or (
            len(words) <= 2 and not any(re.fullmatch(r"[\d.,]+", w) for w in words)
        ):
            footer[i] = True
            said.append(" ".join(words))
    return ~header & ~footer, said


def _is_footer(text: str) -> bool:
    words = [word for word in re.split(r"[,\t|]", text) if word.strip(' "')]
    return bool(words) and bool(re.match(headings.FOOTER, words[0].strip(' "')))


_DAY = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*[-/.月]?\s*(\d{1,2})\s*日?(?!\d)")


def _period(lines: Iterable[str]) -> tuple[str, str] | None:
    """The period that a preamble or footer states: the one line about it that has two days.

    Examples
    --------
    >>> _period(["某某银行", "查询起止日期：20200101 至 20201231"])
    ('2020-01-01', '2020-12-31')
    >>> _period(["打印日期：2021-02-03"]) is None
    True
    """
    for line in lines:
        if not re.search(headings.PERIOD, line):
            continue
        days = []
        for year, month, day in _DAY.findall(re.sub(r"\d{1,2}:\d{2}(:\d{2})?", " ", line)):
            iso = f"{year}-{int(month):02d}-{int(day):02d}"
            if cleaning._exists(iso):
                days.append(iso)
        if len(days) == 2 and days[0] <= days[1]:
            return days[0], days[1]
    return None


def _other_ids(part: Part) -> pa.Array:
    """The other side's number, null where it is masked, a mere name, or not there."""
    other = part.columns["other"]
    unknown = cleaning.masked(other) | cleaning.nameless(other)
    return pc.if_else(pa.array(unknown), pa.scalar(None, TEXT), other)


def _other_side(part: Part) -> tuple[pa.Array, pa.Array]:
    """The account on the other side, and the kind of the row where its own words say it.

    Cash goes to the account's own `cash:`; interest, fees and taxes, where nobody else is named, to the
    bank's.
    """
    n = len(part.rows)
    columns = part.columns
    other = _other_ids(part)
    cash = cleaning.matches(columns["cash"], headings.CASH) & ~cleaning.matches(
        columns["cash"], headings.NOT_CASH
    )
    absent = np.asarray(_no(columns["other"]), dtype=bool)
    name = pc.fill_null(columns["other_name"], "")
    by_bank = absent & (
        np.asarray(pc.equal(name, ""), dtype=bool) | cleaning.matches(name, headings.OF_THE_BANK)
    )
    kind = np.full(n, None, object)
    for word, pattern in (("tax", headings.TAX), ("fee", headings.FEE), ("interest", headings.INTEREST)):
        kind[by_bank & ~cash & (kind == None) & cleaning.matches(columns["text"], pattern)] = word  # noqa: E711
    kind[cash] = "cash"
    bank = np.full(n, part.bank, object)
    if not part.bank:
        bank = np.asarray(pc.coalesce(columns["own_bank"], part.own).to_pylist(), object)
    own = np.asarray(part.own.to_pylist(), object) if part.own is not None else bank
    named = np.asarray(other.to_pylist(), object)
    for word in ("cash", "interest", "fee"):
        at = np.flatnonzero(kind == word)
        named[at] = [f"{word}:{(own if word == 'cash' else bank)[i]}" for i in at]
    named[kind == "tax"] = "tax"
    kind[part.reversing & (kind == None)] = "reversal"  # noqa: E711
    return pa.array(named, TEXT), pa.array(kind, TEXT)


def _moments(time: Any) -> Ints:
    """ISO text as microseconds, to compare."""
    return np.asarray(pc.cast(time, pa.timestamp("us"))).astype("datetime64[us]").astype(np.int64)


def _stated(part: Part, period: tuple[str, str]) -> pa.Table:
    """The period that a file states, for each account whose rows it has; never less than the rows."""
    days = pa.table(
        {
            "own": pc.coalesce(part.every["own_account"], part.every["own_card"]),
            "day": pc.utf8_slice_codeunits(part.every["time"], 0, 10),
        }
    )
    spans = (
        days.filter(pc.and_(pc.is_valid(days["own"]), pc.is_valid(days["day"])))
        .group_by("own", use_threads=False)
        .aggregate([("day", "min"), ("day", "max")])
    )
    n = spans.num_rows
    return pa.table(
        {
            "account_id": spans["own"],
            "from": pc.min_element_wise(spans["day_min"], pa.scalar(period[0], TEXT)),
            "to": pc.max_element_wise(spans["day_max"], pa.scalar(period[1], TEXT)),
            "source": constant("statement", n),
            "source_file": constant(part.grid.file.name, n),
            "source_sheet": constant(part.grid.sheet, n),
            "source_row": pa.nulls(n, pa.int64()),
        }
    )
