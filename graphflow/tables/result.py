"""What comes out of the checks: typed tables, what was refused and why, and a report that closes."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import GraphflowError, InputError, Problem, Told, said, shown
from graphflow.language import N_, translate
from graphflow.tables.raw import Note, SourceFile
from graphflow.tables.schema import PROVENANCE, SCHEMA, TableSpec

ROWS = ("loaded", "quarantined", "duplicates", "set_aside")
"""What becomes of a row that was read: one of these, so that they add up to ``read``."""

QUARANTINE = pa.schema(
    [
        ("table", pa.large_string()),
        ("source_file", pa.large_string()),
        ("source_sheet", pa.large_string()),
        ("source_row", pa.int64()),
        ("column", pa.large_string()),
        ("value", pa.large_string()),
        ("reason", pa.large_string()),
        ("expected", pa.large_string()),
        ("also", pa.large_string()),
        ("amount", pa.large_string()),
        ("currency", pa.large_string()),
        ("raw", pa.large_string()),
    ]
)
"""The quarantine: one row a refused row. ``reason`` is a message id; ``expected`` is one, with ``: words``
after it where the words are listed; ``also`` has what else is wrong with the row; ``raw`` the row as JSON."""

Money = Mapping[str, int]
"""Sums of money: minor units by currency."""


def exact_sum(values: Any) -> int:
    """The sum of int64 values as a Python integer: it cannot overflow.

    Examples
    --------
    >>> exact_sum(np.array([2**62, 2**62, 2**62, -1]))
    13835058055282163711
    """
    ints = np.asarray(values, dtype=np.int64)
    if ints.size == 0:
        return 0
    if max(int(ints.max()), -int(ints.min())) * ints.size < 2**63:
        return int(ints.sum())
    return (int((ints >> 32).sum()) << 32) + int((ints & 0xFFFFFFFF).sum())


def sums(values: pa.ChunkedArray | pa.Array, currencies: pa.ChunkedArray | pa.Array | str) -> dict[str, int]:
    """Sum minor units by currency; a null amount counts for nothing."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(currencies, str):
        known = values.drop_null()
        return {currencies: exact_sum(known)} if len(known) else {}
    if isinstance(currencies, pa.ChunkedArray):
        currencies = currencies.combine_chunks()
    codes = currencies.dictionary_encode() if not pa.types.is_dictionary(currencies.type) else currencies
    if len(codes.dictionary) == 1 and codes.null_count == 0:
        return sums(values, codes.dictionary[0].as_py())
    number = pc.fill_null(codes.indices, -1).to_numpy(zero_copy_only=False)
    if values.null_count:
        number = np.where(values.is_valid().to_numpy(zero_copy_only=False), number, -1)
    ints = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    out: dict[str, int] = {}
    for i, currency in enumerate(codes.dictionary.to_pylist()):
        rows = number == i
        if rows.any():
            out[currency] = exact_sum(ints[rows])
    return out


def unsigned(
    values: pa.ChunkedArray | pa.Array, currencies: pa.ChunkedArray | pa.Array | str
) -> tuple[dict[str, int], dict[str, int]]:
    """Sums of amounts without their signs, and how much of them is negative: +70 and -70 are 140, not 0.

    Examples
    --------
    >>> unsigned(pa.array([70, -70, None]), "CNY")
    ({'CNY': 140}, {'CNY': 70})
    """
    total = sums(values, currencies)
    if (pc.min(values).as_py() or 0) >= 0:
        return total, {}
    below = pc.fill_null(pc.less(values, 0), False)
    whose = currencies if isinstance(currencies, str) else currencies.filter(below)
    negative = sums(values.filter(below), whose)
    return (
        {currency: value - 2 * negative.get(currency, 0) for currency, value in total.items()},
        {currency: -value for currency, value in negative.items()},
    )


def plus(*parts: Money) -> dict[str, int]:
    """Add sums of money up.

    Examples
    --------
    >>> plus({"CNY": 1}, {"CNY": 2, "USD": 5})
    {'CNY': 3, 'USD': 5}
    """
    out: dict[str, int] = {}
    for part in parts:
        for currency, value in part.items():
            out[currency] = out.get(currency, 0) + value
    return out


@dataclass(frozen=True)
class Tally:
    """What became of the rows of one table, and of their money.

    Attributes
    ----------
    rows
        ``read`` and each of :data:`ROWS`: the latter add up to the former.
    money
        The same for the money, by currency, in minor units: sums of amounts without their signs, so that no
        amount hides another.
    unknown
        For each of these: how many of the rows have no readable amount, or one whose currency we do not know.
    negative
        How much of the money read stands there with a minus.

    Examples
    --------
    >>> tally = Tally({"read": 3, "loaded": 2, "set_aside": 1}, {"read": {"CNY": 5}, "loaded": {"CNY": 5}})
    >>> tally.closes
    True
    >>> tally.moved("loaded", "duplicates", 1, {"CNY": 2}).rows["duplicates"]
    1
    """

    rows: Mapping[str, int]
    money: Mapping[str, Money] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    negative: Money = field(default_factory=dict)

    @property
    def closes(self) -> bool:
        """Whether what was read is what became of it: in rows, in money, in rows of unknown money."""
        parts = plus(*(self.money.get(kind, {}) for kind in ROWS))
        read = self.money.get("read", {})
        return (
            self.rows.get("read", 0) == sum(self.rows.get(kind, 0) for kind in ROWS)
            and all(parts.get(c, 0) == read.get(c, 0) for c in {*parts, *read})
            and self.unknown.get("read", 0) == sum(self.unknown.get(kind, 0) for kind in ROWS)
        )

    def moved(
        self, source: str, target: str, rows: int, money: Money | None = None, unknown: int = 0
    ) -> Tally:
        """The same with `rows` and their money moved to another kind: a mirror from loaded to duplicates."""
        money = money or {}
        back = {currency: -value for currency, value in money.items()}
        out_rows = dict(self.rows)
        out_rows[source] = out_rows.get(source, 0) - rows
        out_rows[target] = out_rows.get(target, 0) + rows
        out_money = dict(self.money)
        out_money[source] = plus(out_money.get(source, {}), back)
        out_money[target] = plus(out_money.get(target, {}), money)
        out_unknown = dict(self.unknown)
        out_unknown[source] = out_unknown.get(source, 0) - unknown
        out_unknown[target] = out_unknown.get(target, 0) + unknown
        return Tally(out_rows, out_money, out_unknown, self.negative)

    def __add__(self, other: Tally) -> Tally:
        kinds = ("read", *ROWS)
        return Tally(
            {kind: self.rows.get(kind, 0) + other.rows.get(kind, 0) for kind in kinds},
            {kind: plus(self.money.get(kind, {}), other.money.get(kind, {})) for kind in kinds},
            {kind: self.unknown.get(kind, 0) + other.unknown.get(kind, 0) for kind in kinds},
            plus(self.negative, other.negative),
        )

    def scaled(self, factors: Mapping[str, int]) -> Tally:
        """The same with the money of some currencies in smaller minor units."""

        def scaled(money: Money) -> dict[str, int]:
            return {currency: value * factors.get(currency, 1) for currency, value in money.items()}

        money = {kind: scaled(sums) for kind, sums in self.money.items()}
        return Tally(self.rows, money, self.unknown, scaled(self.negative))

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for a manifest."""
        return {
            "rows": dict(self.rows),
            "money": {kind: dict(money) for kind, money in self.money.items()},
            "unknown": dict(self.unknown),
            "negative": dict(self.negative),
        }

    @classmethod
    def of_dict(cls, data: Mapping[str, Any]) -> Tally:
        """The tally that :meth:`as_dict` wrote."""
        return cls(data["rows"], data["money"], data["unknown"], data["negative"])


def nothing() -> Tally:
    """The tally of a table of which nothing was read."""
    return Tally(dict.fromkeys(("read", *ROWS), 0))


@dataclass(frozen=True)
class Checked:
    """One source, checked row by row: the typed part of a case that it is.

    Money is in the minor units of `minor_units`. Other sources may have more digits: :func:`join_parts`
    brings all to the same. `facts` and `of` take it apart and together for keeping on disk.
    """

    tables: Mapping[str, pa.Table]
    set_aside: Mapping[str, pa.Table]
    quarantine: pa.Table
    tallies: Mapping[str, Tally]
    minor_units: Mapping[str, int]
    currency: str
    timezone: str
    one_sided: bool = False
    files: tuple[SourceFile, ...] = ()
    notes: tuple[Note, ...] = ()
    rounded: Mapping[str, int] = field(default_factory=dict)
    """By ``table.column``: how many shares had more than nine decimals and were rounded."""

    def facts(self) -> dict[str, Any]:
        """Everything but the Arrow tables, as plain data."""
        return {
            "tallies": {name: tally.as_dict() for name, tally in self.tallies.items()},
            "minor_units": dict(self.minor_units),
            "currency": self.currency,
            "timezone": self.timezone,
            "one_sided": self.one_sided,
            "files": [dict(vars(f)) for f in self.files],
            "notes": [{**vars(n), "values": dict(n.values)} for n in self.notes],
            "rounded": dict(self.rounded),
        }

    @classmethod
    def of(
        cls,
        facts: Mapping[str, Any],
        tables: Mapping[str, pa.Table],
        set_aside: Mapping[str, pa.Table],
        quarantine: pa.Table,
    ) -> Checked:
        """The part whose :meth:`facts` and tables these are."""
        return cls(
            tables,
            set_aside,
            quarantine,
            {name: Tally.of_dict(tally) for name, tally in facts["tallies"].items()},
            facts["minor_units"],
            facts["currency"],
            facts["timezone"],
            facts["one_sided"],
            tuple(SourceFile(**f) for f in facts["files"]),
            tuple(Note(**n) for n in facts["notes"]),
            facts["rounded"],
        )


@dataclass(frozen=True)
class JoinReport:
    """What the whole-case checks found.

    Attributes
    ----------
    tallies
        By table: what became of the rows of all sources. `Tables` has besides the rows in `added`.
    added
        By table: keys that no table described, with the column that names them (``key``, ``named_by``).
    dangling
        One row a value that should be a key of another table and is not, its row kept: ``table``, ``column``,
        ``refers``, ``value``, ``rows``.
    conflicts
        Sources that say different things: ``table``, ``key``, ``column``, ``kept``, ``other``,
        ``source_file``, ``source_sheet``, ``source_row`` (of the other).
    excess
        Companies whose stakes sum to more than 1: ``company_id``, ``since`` (when it begins), ``share`` (the
        greatest sum, parts per billion).
    rounded
        By ``table.column``: how many shares were rounded to nine decimals.
    further
        By table: the columns that are none of ours, each with the one of ours that its file lacks and that it
        is nearly called, or None.
    notes
        What else a reader should know, those of the loaders among it.
    """

    tallies: Mapping[str, Tally]
    added: Mapping[str, pa.Table]
    dangling: pa.Table
    conflicts: pa.Table
    excess: pa.Table
    rounded: Mapping[str, int]
    further: Mapping[str, Mapping[str, str | None]]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Tables:
    """The checked tables of a case. They are never changed, and never in a broken state.

    ``tables.transfers`` is a pandas frame (your own shallow copy), ``tables.arrow("transfers")`` the Arrow
    table behind it. A table that the case does not have is an empty frame, and ``None`` in Arrow.

    Attributes
    ----------
    currency, timezone
        The case's.
    minor_units
        Digits after the point, of every currency that occurs.
    accounts_by_row
        Where the ``source`` and the ``target`` of each transfer stand in the table of accounts, if the checks
        have found that already.
    """

    stored: Mapping[str, Any] = field(repr=False)
    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    minor_units: Mapping[str, int] = field(default_factory=dict)
    accounts_by_row: Mapping[str, npt.NDArray[np.int32]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)
    _known: dict[tuple[str, str | None], bool] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _origins: dict[str, pa.Table] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The tables that the case has, in the order of :data:`SCHEMA`."""
        return tuple(name for name in SCHEMA if name in self.stored)

    def arrow(self, name: str, columns: Collection[str] | None = None) -> pa.Table | None:
        """A table as Arrow, or None where the case does not have it.

        Parameters
        ----------
        name : str
            The table.
        columns : collection of str, optional
            Those of them that the table has; of a table on disk no other is read.

        Returns
        -------
        pyarrow.Table or None
            Money in minor units, shares in parts per billion, times in UTC.
        """
        _spec(name)
        if columns is None or name not in self.stored:
            return self.stored.get(name)
        if hasattr(self.stored, "select"):
            part: pa.Table = self.stored.select(name, columns)
            return part
        rows = self.stored[name]
        return rows.select([column for column in rows.column_names if column in columns])

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether the case has a table with rows, or a column of it with any value.

        Parameters
        ----------
        table, column : str
            Their names; without a column the table is asked about.

        Returns
        -------
        bool
            False also of a table that is empty, and of a column without a value.
        """
        key = table, column
        if key not in self._known:
            # of a large table on disk one column is read, not all of them
            rows = self.arrow(table, () if column is None else (column,))
            if rows is None or rows.num_rows == 0:
                self._known[key] = False
            else:
                given = [rows[name] for name in rows.column_names]
                self._known[key] = column is None or any(x.null_count < len(x) for x in given)
        return self._known[key]

    def origins(self, name: str) -> pa.Table:
        """Where the rows of a table stand in their files: of `PROVENANCE` the columns that it has, read once.

        Parameters
        ----------
        name : str
            A table that the case has.

        Returns
        -------
        pyarrow.Table
            In the order of the table; names of files and sheets are dictionaries.
        """
        if name not in self._origins:
            rows = self.arrow(name, PROVENANCE)
            assert rows is not None
            columns = {
                column: rows[column]
                if pa.types.is_integer(rows[column].type)
                else rows[column].combine_chunks().cast(pa.large_string()).dictionary_encode()
                for column in rows.column_names
            }
            self._origins[name] = pa.table(columns)
        return self._origins[name]

    def frame(self, name: str) -> pd.DataFrame:
        """A table as a pandas frame: all given columns, money as whole minor units.

        Parameters
        ----------
        name : str
            The table.

        Returns
        -------
        pandas.DataFrame
            Your own shallow copy; empty, with the columns of the table, where the case does not have it.
        """
        if name not in self._frames:
            rows = self.arrow(name)
            if rows is None:
                spec = _spec(name)
                rows = pa.table({c.name: pa.array([], c.type) for c in spec.columns.values()})
            self._frames[name] = as_frame(rows)
        return self._frames[name].copy(deep=False)

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_") or name not in SCHEMA:
            raise AttributeError(f"Tables have no {name!r}; there is {', '.join(SCHEMA)}")
        return self.frame(name)

    def with_table(self, name: str, rows: pa.Table) -> Tables:
        """The same with one table replaced.

        Parameters
        ----------
        name : str
            The table.
        rows : pyarrow.Table
            What is to stand in its place, already checked.

        Returns
        -------
        Tables
            The others as they are.
        """
        _spec(name)
        return replace(self, stored={**self.stored, name: rows}, accounts_by_row={}, _frames={})


def _spec(name: str) -> TableSpec:
    if name not in SCHEMA:
        raise AttributeError(f"there is no table {name!r}; there is {', '.join(SCHEMA)}")
    return SCHEMA[name]


_TEXT: Any = pd.StringDtype("pyarrow", na_value=np.nan)


def as_frame(rows: pa.Table) -> pd.DataFrame:
    """Arrow to pandas so that no whole number ever becomes a float.

    Examples
    --------
    >>> as_frame(pa.table({"a": [2**62 + 1, None]}))["a"].sum()
    np.int64(4611686018427387905)
    """
    columns: dict[str, Any] = {}
    for name in rows.column_names:
        column = rows[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        # to make a series of each first costs half a millisecond
        kind = column.type
        if kind in _WITH_NULLS:
            nullable = _WITH_NULLS[kind]
            columns[name] = nullable.__from_arrow__(column) if column.null_count else column.to_numpy()
        elif kind == pa.large_string() and column.null_count < len(column):
            columns[name] = _TEXT.__from_arrow__(column)
        elif pa.types.is_timestamp(kind) and kind.tz == "UTC":
            columns[name] = pd.DatetimeIndex(column.to_numpy(), dtype=_moments(kind)).array
        elif column.null_count:  # pandas' own type of text is not for a column without any
            columns[name] = column.to_pandas(types_mapper=_WITH_NULLS.get)
        else:
            columns[name] = column.to_pandas()
    return pd.DataFrame(columns, copy=False)


_WITH_NULLS: Mapping[pa.DataType, Any] = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


@functools.cache
def _moments(kind: pa.DataType) -> Any:
    """The type of a column of times that pandas makes of Arrow's."""
    return pa.array([], kind).to_pandas().dtype


def typed(rows: pa.Table, name: str) -> bool:
    """Whether the columns of a table have the types of :data:`SCHEMA`."""
    spec = _spec(name)
    return all(
        rows.schema.field(c).type == spec.columns[c].type for c in rows.column_names if c in spec.columns
    )


def problems(quarantine: pa.Table) -> tuple[Problem, ...]:
    """The quarantine as problems, one for each table, column and reason: what a strict load raises."""
    if quarantine.num_rows == 0:
        return ()
    grouped: dict[tuple[str, str, str, str], list[int]] = {}
    keys = zip(*(quarantine[c].to_pylist() for c in ("table", "column", "reason", "expected")), strict=True)
    for i, key in enumerate(keys):
        grouped.setdefault(key, []).append(i)
    out = []
    for (table, column, reason, expected), found in grouped.items():
        row = quarantine.slice(found[0], 1).to_pylist()[0]
        where = f"{table}.{column}" if column else table
        where += f" (×{len(found)})" if len(found) > 1 else ""
        value = f"'{shown(row['value'] or '', 100)}'"
        first = Told(N_("{where}: {what}"), where=place(row), what=value)
        out.append(Problem(where, reason, {}, first, expected or ""))
    return tuple(out)


def refuse(quarantine: pa.Table) -> None:
    """Raise one :class:`InputError` with all problems, if there are any."""
    found = problems(quarantine)
    if found:
        raise InputError(*found)


def place(row: Mapping[str, Any]) -> Told:
    """A row's place as a person finds it; a message shows it in its own language.

    Examples
    --------
    >>> place({"source_file": "a.xlsx", "source_sheet": "S", "source_row": 4})
    'a.xlsx [S] row 4'
    """
    sheet = f" [{row['source_sheet']}]" if row.get("source_sheet") else ""
    file = f"{row.get('source_file') or '?'}{sheet}"
    return Told(N_("{file} row {row}"), file=file, row=row.get("source_row"))


def say_expected(expected: str, language: str = "en") -> str:
    """The column ``expected`` of a quarantine in a language: the words that it lists stay as they are.

    Examples
    --------
    >>> say_expected("one of: person, company", "en")
    'one of: person, company'
    """
    return said(expected, functools.partial(translate, language=language))


def quarantine_frame(quarantine: pa.Table, language: str = "en") -> pd.DataFrame:
    """The quarantine as a pandas frame, its texts in a language."""
    frame = as_frame(quarantine)
    for column, say in (("reason", translate), ("expected", say_expected)):
        known = {text: say(text, language) for text in frame[column].dropna().unique()}
        frame[column] = frame[column].map(known)
    return frame


def closed(tallies: Mapping[str, Tally]) -> None:
    """Raise, as a defect of ours, if a report does not close."""
    bad = [
        Problem(name, "the import report does not close", {}, str(t.as_dict()))
        for name, t in tallies.items()
        if not t.closes
    ]
    if bad:
        raise GraphflowError(*bad)


@functools.cache
def no_quarantine() -> pa.Table:
    """An empty quarantine."""
    return QUARANTINE.empty_table()


def joined_quarantine(parts: Iterable[pa.Table]) -> pa.Table:
    """Quarantines one after another."""
    return pa.concat_tables([no_quarantine(), *parts])
