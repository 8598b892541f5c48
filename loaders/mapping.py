"""What every loader needs to hand over rows: provenance, refusals, notes; how ids may not look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow import tables
from graphflow.language import N_
from graphflow.tables import Note, Pieces, SourceFile
from loaders.grid import UNREADABLE, Grid
from loaders.source import File, Source

TEXT = pa.large_string()
MOST_NOTES = 20  # of files that were not read, each with a line of its own

# 6.22202E+18: what Excel makes of a long number. One digit, a fraction, E, a signed exponent: digits are
# lost.
SPOILED_ID = r"^\s*\d(?:[.,]\d+)?[Ee]\+\d+\s*$"
# 6222021234567890123.0: went through a float, which holds 15 digits.
FLOAT_ID = r"^\s*\d{16,}\.0+\s*$"

LOST_DIGITS = N_("the number has lost digits: a spreadsheet has stored it as a float")
WHOLE_ID = N_("the number in full, stored as text")


def texts(values: Iterable[Any]) -> pa.Array:
    return pa.array(values, TEXT)


def constant(value: str | None, count: int) -> pa.Array:
    return pa.nulls(count, TEXT) if value is None else pa.repeat(pa.scalar(value, TEXT), count)


def provenance(
    columns: Mapping[str, Any], file: File, sheet: str | None, rows: npt.NDArray[np.int64]
) -> pa.Table:
    """The columns with where each row came from."""
    table = dict(columns)
    table["source_file"] = tables.constant(file.name, len(rows))
    table["source_sheet"] = tables.constant(sheet, len(rows))
    table["source_row"] = pa.array(rows, pa.int64())
    return pa.table(table)


def refused_rows(
    columns: Mapping[str, Any],
    file: File,
    sheet: str | None,
    rows: npt.NDArray[np.int64],
    *,
    reason: Any,
    column: Any,
    value: Any,
    expected: Any = None,
) -> pa.Table:
    """Rows for the quarantine; `reason`, `column`, `value`, `expected`: one text for all, or one a row."""

    def full(given: Any) -> Any:
        return constant(given, len(rows)) if given is None or isinstance(given, str) else given

    return (
        provenance(columns, file, sheet, rows)
        .append_column("reason", full(reason))
        .append_column("column", full(column))
        .append_column("value", full(value))
        .append_column("expected", full(expected))
    )


def unreadable_rows(grid: Grid) -> pa.Table | None:
    """The rows of a grid that could not be read as rows, for the quarantine."""
    if not grid.unreadable:
        return None
    return refused_rows(
        {},
        grid.file,
        grid.sheet,
        np.asarray([odd.row for odd in grid.unreadable], np.int64),
        reason=texts([UNREADABLE[odd.reason] for odd in grid.unreadable]),
        column="",
        value=texts([odd.text[:2000] for odd in grid.unreadable]),
        expected=N_("a row with one cell for each column"),
    )


def join(tables: Sequence[Any]) -> Any:
    """Tables with different columns, one below the other; a single one as it is."""
    if len(tables) == 1:
        return tables[0]
    held = [table.whole() if isinstance(table, Pieces) else table for table in tables]
    return pa.concat_tables(held, promote_options="permissive")


def spoiled(column: Any) -> npt.NDArray[np.bool_]:
    """Which ids have lost digits in a spreadsheet.

    Examples
    --------
    >>> spoiled(texts(["6222021234567890123", "6.22202E+18", "6222021234567890123.0", "12E5", None])).tolist()
    [False, True, True, False, False]
    """
    found = pc.or_(pc.match_substring_regex(column, SPOILED_ID), pc.match_substring_regex(column, FLOAT_ID))
    return np.asarray(pc.fill_null(found, False), dtype=bool)


def source_files(source: Source, loader: str) -> tuple[SourceFile, ...]:
    return tuple(source_file(file, loader) for file in source.files)


def source_file(file: File, loader: str, mapping: str = "") -> SourceFile:
    return SourceFile(file.name, file.contents.sha256, file.size, loader, mapping)


def told_by(file: File, count: int, table: str) -> Note:
    """A note for a file whose rows complete those of another one, and are none of their own."""
    return Note(
        "completes",
        N_("{count} rows of {file} complete rows of {table}, and are counted there"),
        {"count": count, "file": file.name, "table": table},
        count,
    )


def unread_notes(source: Source) -> list[Note]:
    """A note for each file that nobody claimed: nothing is left out in silence; many are one note."""
    folders = _folders_of_truth(source.others)
    truth = [file for file in source.others if file.folder in folders and file.stem in TRUTH]
    others = [file for file in source.others if file not in truth]
    notes = []
    if truth:
        text = N_("{count} files say what is planted in a generated case, and were left aside: {folders}")
        values = {"count": len(truth), "folders": ", ".join(sorted(folders))}
        notes.append(Note("truth", text, values))
    if len(others) > MOST_NOTES:
        values = {"count": len(others), "files": "; ".join(file.name for file in others)}
        text = N_("{count} files were not read, no loader knows them: {files}")
        return [*notes, Note("unread_files", text, values)]
    text = N_("{file} was not read: no loader knows it")
    return [*notes, *(Note("unread_file", text, {"file": file.name}) for file in others)]


# What `graphflow synth` writes into the folder `truth`, beside the case that it generates.
TRUTH = frozenset("summary flows ends investors redlines redline_rows serials dirt".split())


def _folders_of_truth(files: Sequence[File]) -> set[str]:
    told = {file.folder for file in files if file.name.endswith(("/truth/summary.json", "/truth/dirt.json"))}
    return {folder for folder in told if folder.endswith("/truth")}


def grid_notes(grid: Grid) -> list[Note]:
    where = f"{grid.file.name} [{grid.sheet}]" if grid.sheet else grid.file.name
    notes = []
    if grid.mixed:
        notes.append(
            Note(
                "mixed_encodings",
                N_("{file} mixes encodings: most of it is {encoding}, {count} lines are in another one"),
                {"file": where, "encoding": grid.encoding, "count": grid.mixed},
                grid.mixed,
            )
        )
    return notes


def exact_cents(values: npt.NDArray[np.float64]) -> pa.Array:
    """Floats that were written with at most two decimals, as exact decimals; others as their shortest text.

    A float is the nearest one to exactly one number of cents; dividing back shows which, without a guess.

    Examples
    --------
    >>> exact_cents(np.array([0.1, 522.86, 1e9 + 0.01])).to_pylist()
    [Decimal('0.10'), Decimal('522.86'), Decimal('1000000000.01')]
    >>> exact_cents(np.array([0.125, np.nan])).to_pylist()
    ['0.125', None]
    """
    known = ~np.isnan(values)
    cents = np.rint(np.where(known, values, 0.0) * 100)
    exact = (np.abs(cents) < 2**53) & (cents / 100 == np.where(known, values, 0.0))
    if not exact.all():
        from decimal import Decimal

        return texts([None if math.isnan(v) else format(Decimal(repr(float(v))), "f") for v in values])
    wide = np.zeros((len(values), 2), np.int64)
    wide[:, 0] = cents.astype(np.int64)
    wide[:, 1] = wide[:, 0] >> 63
    array = pa.Array.from_buffers(pa.decimal128(18, 2), len(values), [None, pa.py_buffer(wide)])
    return array if known.all() else pc.if_else(pa.array(known), array, pa.scalar(None, array.type))
