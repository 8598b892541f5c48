"""Our own tables: a folder of NAME.csv, .parquet or .xlsx, a workbook, or one file of transfers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import InputError, Problem
from graphflow.language import N_
from graphflow.tables import LONG, PROVENANCE, SCHEMA, Note, Pieces, Raw
from loaders import grid as grids
from loaders.grid import Grid
from loaders.mapping import (
    grid_notes,
    join,
    provenance,
    source_files,
    texts,
    unread_notes,
    unreadable_rows,
)
from loaders.source import File, Source

SUFFIXES = ("csv", "tsv", "txt", "parquet", "pq", "xlsx", "xls", "xlsm", "xlsb")
_AT_ONCE = 1 << 19  # rows of a long table
LEAST = {"time", "source", "target", "amount"}  # by these columns a file of any name is one of transfers

# Headers of formats that also name a file "accounts" or "transactions".
FOREIGN = {
    "acct_id",
    "orig_acct",
    "bene_acct",
    "tran_id",
    "fromid",
    "toid",
    "accountid",
    "from bank",
    "交易金额",
    "交易时间",
}

TABLE_FILE = N_("a CSV, Parquet or Excel file with the columns of the table {table}")


def claims(source: Source) -> tuple[File, ...]:
    """Files named like a table, in the topmost folders that have any; or the one file with transfers."""
    named = [file for file in source.files if _tables_of(file)]
    if not named and len(source.files) == 1 and set(_first_header(source.files[0])) >= LEAST:
        return source.files
    depths = [file.name.count("/") for file in named]
    return tuple(file for file, depth in zip(named, depths, strict=True) if depth == min(depths))


def load(source: Source, *, currency: str | None = None, timezone: str | None = None) -> Raw:
    """Read every table; see `tables.md` for what may stand in them.

    Parameters
    ----------
    source
        Files that `claims` has named.
    currency, timezone
        Not used: our tables say both themselves, or mean the case's.
    """
    raw = Raw({}, files=source_files(source, "tables"))
    notes: list[Note] = unread_notes(source)
    problems: list[Problem] = []
    parts: dict[str, list[tuple[File, pa.Table]]] = {}
    refused: dict[str, list[pa.Table]] = {}
    read: dict[str, int] = {}
    for file in source.files:
        try:
            for table, grid in _read(file):
                ready, bad = _ready(table, file, grid)
                parts.setdefault(table, []).append((file, ready))
                refused.setdefault(table, []).extend(bad)
                read[table] = read.get(table, 0) + ready.num_rows + sum(part.num_rows for part in bad)
                if isinstance(grid, Grid):
                    notes += grid_notes(grid)
                if not ready.num_rows and not bad:
                    where = f"{file.name} [{grid.sheet}]" if getattr(grid, "sheet", None) else file.name
                    text = N_("{file} has a header and no rows")
                    notes.append(Note("no_rows", text, {"file": where}))
        except InputError as error:
            problems += error.problems
    problems += _twice(parts)
    if problems:
        raise InputError(*problems)
    raw.tables = {table: join([part for _, part in found]) for table, found in parts.items()}
    raw.refused = {table: join(bad) for table, bad in refused.items() if bad}
    raw.rows_read = read
    raw.notes = tuple(notes)
    return raw


def _ready(table: str, file: File, grid: Any) -> tuple[Any, list[pa.Table]]:
    """A table as it was read with our columns, and the rows of it that could not be read."""
    if isinstance(grid, Grid):
        return _columns(table, grid)
    return (grid if isinstance(grid, Pieces) else _typed(table, file, grid)), []


def _twice(parts: dict[str, list[tuple[File, pa.Table]]]) -> list[Problem]:
    """The same table in two files of one folder: which counts is not ours to guess."""
    problems = []
    for table, found in parts.items():
        folders: dict[str, list[str]] = {}
        for file, _ in found:
            folders.setdefault(file.folder, []).append(file.name)
        for folder, names in folders.items():
            if len(names) > 1:
                problems.append(
                    Problem(
                        folder or names[0],
                        N_("the table {table} is there {count} times"),
                        {"table": table, "count": len(names)},
                        first=", ".join(names),
                        expected=N_("one file a table"),
                    )
                )
    return problems


def _tables_of(file: File) -> dict[str, str | None]:
    """Tables in a file, by name, with the sheet of each (None: the file itself)."""
    stem = file.stem.strip().lower()
    if file.suffix not in SUFFIXES:
        return {}
    if file.kind in ("xlsx", "xls") and not _locked(file):
        sheets = grids.sheet_names(file)
        found: dict[str, str | None] = {
            name.strip().lower(): name for name in sheets if name.strip().lower() in SCHEMA
        }
        if not found and stem in SCHEMA and len(sheets) == 1:
            found = {stem: sheets[0]}
        return found
    if stem in SCHEMA and not FOREIGN & set(_first_header(file)):
        return {stem: None}
    return {}


def _locked(file: File) -> bool:
    try:
        grids.open_workbook(file)
    except InputError:
        return True
    return False


def _first_header(file: File) -> list[str]:
    """The first row's cells, lower case; nothing where there is no row to look at."""
    if file.kind == "parquet":
        return [name.lower() for name in grids.parquet_columns(file)]
    if file.kind == "text":
        return [cell.lower() for cell in grids.split_line(grids.first_line(file))]
    if file.kind in ("xlsx", "xls") and not _locked(file):
        for sheet in grids.sheet_names(file):
            for row in grids.sheet_head(file, sheet):
                if any(row):
                    return [cell.lower() for cell in row]
    return []


def _read(file: File) -> list[tuple[str, Any]]:
    """(table, Grid or pyarrow.Table) of each table in a file."""
    tables = _tables_of(file) or {"transfers": None}
    if file.kind == "parquet":
        if grids.parquet_rows(file) >= LONG and _is_plain(file):
            return [(table, _long(table, file)) for table in tables]
        return [(table, grids.read_parquet(file)) for table in tables]
    if file.kind in ("xlsx", "xls"):
        grids.open_workbook(file)  # says why, where it cannot be opened
        sheets = grids.sheet_names(file)
        read = [(table, grids.read_sheet(file, sheet or sheets[0])) for table, sheet in tables.items()]
        empty = [table for table, grid in read if grid is None]
        if empty:
            raise InputError(
                *(
                    Problem(
                        f"{file.name} [{table}]",
                        N_("is empty"),
                        expected=N_("a row of column names, then rows"),
                    )
                    for table in empty
                )
            )
        return read
    table = next(iter(tables))
    if file.kind == "empty":
        raise InputError(Problem(file.name, N_("is empty"), expected=N_("a row of column names, then rows")))
    if file.kind != "text":
        raise grids.refuse_kind(file, TABLE_FILE, table=table)
    return [(table, grids.read_text(file))]


def _names(given: Sequence[str], table: str, where: str) -> list[str]:
    """Column names: ours whatever their case, others as they are; no two alike."""
    ours = SCHEMA[table].columns
    names = []
    for position, name in enumerate(given):
        plain = grids.trimmed(name)
        if plain.lower() in ours:
            plain = plain.lower()
        elif plain in PROVENANCE:
            plain = "given_" + plain  # an exported table: these rows stand in this file now
        names.append(plain or f"column_{position + 1}")
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise InputError(
            Problem(
                where,
                N_("has {count} column names twice"),
                {"count": len(double)},
                first=double[0],
                expected=N_("each column once"),
            )
        )
    return names


def _columns(table: str, grid: Grid) -> tuple[pa.Table, list[pa.Table]]:
    """A grid of text as a table of ours, and the rows of it that could not be read."""
    where = f"{grid.file.name} [{grid.sheet}]" if grid.sheet else grid.file.name
    names = _names(grid.header, table, where)
    columns: dict[str, Any] = {}
    for position, name in enumerate(names):
        column = grid.column(position)
        if grid.header[position] or not _blank(column):
            columns[name] = column
    unread = unreadable_rows(grid)
    return provenance(columns, grid.file, grid.sheet, grid.rows), [] if unread is None else [unread]


def _blank(column: pa.ChunkedArray) -> bool:
    return not pc.any(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(column)), 0)).as_py()


def _is_plain(file: File) -> bool:
    """Whether no value of a Parquet file's columns can make its type one that we do not take."""
    kinds = grids.parquet_schema(file).types
    return not any(pa.types.is_timestamp(kind) and kind.unit == "ns" for kind in kinds)


def _long(table: str, file: File) -> Pieces:
    """A Parquet file that is read piece by piece."""

    def read() -> Iterator[pa.Table]:
        first = 1
        for piece in grids.parquet_pieces(file, _AT_ONCE):
            yield _typed(table, file, piece, first)
            first += piece.num_rows

    empty = _typed(table, file, grids.parquet_schema(file).empty_table())
    return Pieces(file.name, empty.schema, grids.parquet_rows(file), read)


def _typed(table: str, file: File, given: pa.Table, first: int = 1) -> pa.Table:
    """A Parquet file's columns: text as it is, other types where they lose nothing; no floats for money."""
    names = _names(given.column_names, table, file.name)
    columns: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, column in zip(names, given.columns, strict=True):
        spec = SCHEMA[table].columns.get(name)
        ready, problem = _cast(column, spec.kind if spec is not None else "text")
        if problem:
            problems.append(
                Problem(
                    f"{file.name}: {name}",
                    problem,
                    {"type": str(column.type)},
                    expected=_WANTED.get(spec.kind if spec is not None else "text", N_("text")),
                )
            )
        columns[name] = ready
    if problems:
        raise InputError(*problems)
    return provenance(columns, file, None, np.arange(first, first + given.num_rows, dtype=np.int64))


_WANTED = {
    "money": N_("decimal text or a decimal type, in major units"),
    "id": N_("text"),
    "time": N_("a timestamp, a date, or ISO 8601 text"),
}


def _cast(column: pa.ChunkedArray, kind: str) -> tuple[Any, str]:
    """A column in a type that a raw table may have, and what is wrong with it."""
    type_ = column.type
    if pa.types.is_dictionary(type_):
        column = column.cast(type_.value_type)
        type_ = type_.value_type
    if pa.types.is_null(type_):
        return column.cast(pa.large_string()), ""
    if pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return column.cast(pa.large_string()), ""
    if kind == "money":
        if pa.types.is_decimal(type_):
            return column, ""
        if pa.types.is_floating(type_):
            return column, N_("money stands in a column of floats ({type}), which do not hold cents exactly")
        if pa.types.is_integer(type_):
            return column, N_("money stands in a column of integers ({type}): major or minor units?")
        return column, N_("money stands in a column of type {type}")
    if kind == "id" and pa.types.is_floating(type_):
        return column, N_("ids stand in a column of floats ({type}), which do not hold long numbers")
    if pa.types.is_timestamp(type_):
        try:
            return column.cast(pa.timestamp("us", type_.tz)), ""
        except pa.ArrowInvalid:
            return column, N_("times stand in {type} with parts of a microsecond")
    if pa.types.is_date(type_):
        return column.cast(pa.date32()).cast(pa.large_string()), ""
    if kind == "time":
        return column, N_("times stand in a column of type {type}")
    if pa.types.is_integer(type_):
        return (column.cast(pa.int64()) if kind == "integer" else column.cast(pa.large_string())), ""
    if pa.types.is_boolean(type_):
        return (column if kind == "bool" else column.cast(pa.large_string())), ""
    if pa.types.is_floating(type_):
        return _shortest(column), ""
    try:
        return column.cast(pa.large_string()), ""
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return texts([None if value is None else str(value) for value in column.to_pylist()]), ""


def _shortest(column: pa.ChunkedArray) -> pa.Array:
    """Floats (shares, rates) as their shortest text, without exponents."""
    return texts(
        [
            None if value is None or math.isnan(value) else grids.cell_text(value)
            for value in column.to_pylist()
        ]
    )
