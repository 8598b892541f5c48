"""Text files and worksheets as one shape: a `Grid` of text columns that knows which row each cell came from.

Nothing is guessed from values here: a column is text, whatever stands in it. A row that cannot be a row (too
many cells, a NUL, a cell of a million characters, bytes of no encoding) is set down in `unreadable` with its
number, and the others are read.
"""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import python_calamine

from graphflow.errors import InputError, Problem
from graphflow.language import N_
from loaders.source import KIND_NAMES, MOST_CELLS, File

Rows = npt.NDArray[np.int64]
FindHeader = Callable[[Sequence[str]], bool]

BLOCK = 1 << 24  # bytes that are parsed at a time; a row longer than that is read with one block of its own
LONGEST_CELL = 100_000  # characters; Excel's own limit is 32,767
MOST_PREAMBLE = 60  # lines above a header
MOST_CELLS_SHOWN = 2_000  # characters of an unreadable row that are kept

UNREADABLE = {
    "cells": N_("the row has another number of cells than the header"),
    "quote": N_(
        "the row has another number of cells than the header: a quotation mark is open over several lines"
    ),
    "nul": N_("the row has NUL characters in it"),
    "long": N_("a cell is longer than 100,000 characters"),
    "bytes": N_("the row's bytes are neither UTF-8 nor GB18030"),
}


@dataclass
class Unreadable:
    """A row that could not be read as one: its number, why (a key of `UNREADABLE`), and what it says."""

    row: int
    reason: str
    text: str


@dataclass
class Grid:
    """A file or worksheet read as text.

    `header` are the names as written (trimmed); `table` has one large_string column for each of them, named
    by its position ("0", "1", ...), because real headers name two columns alike. `rows` counts as a person
    does, from 1, the header and everything above it included.
    """

    file: File
    sheet: str | None
    header: list[str]
    header_row: int
    table: pa.Table
    rows: Rows
    preamble: list[str] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    encoding: str = "utf-8"
    mixed: int = 0  # lines in another encoding than the rest of the file

    def column(self, position: int) -> pa.ChunkedArray:
        return self.table.column(position)


# ---------------------------------------------------------------- text files


def read_text(file: File, is_header: FindHeader | None = None) -> Grid:
    """Read a delimited text file whose header is the first line for which `is_header` holds.

    Without `is_header` the header is the first line that is not empty. Raises InputError where there is none.
    """
    data, encoding, mixed, broken = _utf8(file)
    start = _Start(data, is_header)
    if start.header is None:
        raise InputError(
            Problem(
                file.name,
                N_("has no header row that is known") if is_header else N_("is empty"),
                first=start.lines[0][:200] if start.lines else "",
                expected=N_("a row of column names, then rows"),
            )
        )
    grid = Grid(file, None, start.header, start.header_row, pa.table({}), np.empty(0, np.int64))
    grid.preamble = start.lines[: start.header_row - 1]
    grid.encoding, grid.mixed = encoding, mixed
    body = data[start.body :]
    # In another encoding than UTF-8 the place of a quote has moved.
    last_quote = file.contents.last_quote if file.contents.utf8 else file.size
    table, rows, odd = _parse(file, body, start, quotes=last_quote >= start.body)
    grid.rows = rows + start.header_row
    for row, text in odd:
        reason = "quote" if "\n" in text.strip("\r\n") else "cells"
        grid.unreadable.append(Unreadable(row + start.header_row, reason, text))
    grid.table = table
    _put_back(grid, start)
    if file.contents.nul:
        _drop(grid, "nul", [pc.fill_null(pc.match_substring(c, "\0"), False) for c in grid.table.columns])
    _drop_long(grid)
    _drop_empty(grid)
    if broken:
        _drop(grid, "bytes", [pc.match_substring(c, "\ufffd") for c in grid.table.columns])
    grid.table = grid.table.select(range(len(grid.header)))
    return grid


def first_line(file: File) -> str:
    """The first line of a text file that is not empty; empty where there is none."""
    return next((line for line in head_lines(file, 1 << 13) if line.strip()), "")


def head_lines(file: File, size: int = 1 << 17) -> list[str]:
    """The first lines of a text file, for recognising it."""
    head = file.head(size)
    encoding = _encoding_of(head)
    if encoding == "utf-8":
        try:
            # A cut character at the end is no reason to take the file for GB18030.
            codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < size)
        except UnicodeDecodeError:
            encoding = "gb18030"
    text = head.decode(encoding, errors="replace").removeprefix("\ufeff")
    return text.splitlines()[: MOST_PREAMBLE + 1]


def split_line(line: str, delimiter: str | None = None) -> list[str]:
    """One line's cells, trimmed; without a delimiter, by the one that gives most cells."""
    delimiter = delimiter or delimiter_of(line)
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return [line]
    return [trimmed(cell) for cell in cells]


def delimiter_of(line: str) -> str:
    bare = re.sub(r'"[^"]*"', "", line)
    return max(",\t|;", key=lambda mark: (bare.count(mark), mark == ","))


def trimmed(cell: str) -> str:
    return cell.strip(" \t\r\n\v\f\u3000\ufeff\xa0")


class _Start:
    """Where the header of a text file is, what it says, and where the rows begin."""

    def __init__(self, data: pa.Buffer, is_header: FindHeader | None) -> None:
        head = bytes(data[: 1 << 20])
        self.header: list[str] | None = None
        self.header_row = 0
        self.body = 3 if head.startswith(b"\xef\xbb\xbf") else 0
        self.lines: list[str] = []
        self.delimiter = ","
        self.width = 0
        following: list[str] = []
        for raw in head[self.body :].splitlines(keepends=True)[: 10 * MOST_PREAMBLE]:
            line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
            self.lines.append(line)
            if self.header is not None:
                following.append(line)
                continue
            self.body += len(raw)
            if len(self.lines) > MOST_PREAMBLE + 1:
                continue
            cells = split_line(line)
            if is_header(cells) if is_header else any(cells):
                if self.body >= len(head) < data.size and not raw.endswith((b"\n", b"\r")):
                    return  # a line that goes on beyond what is looked at is no header
                self.header, self.header_row = cells, len(self.lines)
                self.delimiter = delimiter_of(line)
        if self.header is None:
            return
        while self.header and not self.header[-1]:
            self.header.pop()
        # Rows that end in one delimiter more than the header are usual: then most of the first ones do.
        own = max(len(self.header), 1)
        rows = [_cells(line, self.delimiter) for line in following if line]
        longer = [len(row) for row in rows if len(row) > own and not any(cell.strip() for cell in row[own:])]
        usual = max(set(longer), key=longer.count, default=own)
        self.width = usual if 2 * longer.count(usual) > len(rows) else own


def _encoding_of(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    half = max(1, len(head) // 2)
    if head[1::2].count(0) > 0.4 * half:
        return "utf-16-le"
    if head[0::2].count(0) > 0.4 * half:
        return "utf-16-be"
    return "utf-8"


def _has_utf8_word(whole: bytes) -> bool:
    """Whether somewhere a word could be Chinese in UTF-8; where none can, no line is in UTF-8.

    Examples
    --------
    >>> _has_utf8_word("张三,100,转账".encode("gb18030"))
    False
    >>> _has_utf8_word("张三,".encode("gb18030") + "李四".encode())
    True
    """
    block = 1 << 24
    for start in range(0, len(whole), block):
        data = np.frombuffer(whole, np.uint8, min(block + 300, len(whole) - start), start)
        high = np.r_[np.uint8(0), data >> 7, np.uint8(0)]
        edges = np.flatnonzero(high[1:] != high[:-1])
        first, last = edges[::2], edges[1::2]
        first = first[(last - first) % 3 == 0]  # the words that are a whole number of three bytes
        lead, second, third = data[first], data[first + 1], data[first + 2]
        like = ((lead >= 0xE3) & (lead <= 0xE9) | (lead == 0xEF)) & (second < 0xC0) & (third < 0xC0)
        if like.any():
            return True
    return False


_CJK = re.compile("[\u3000-\u9fff\uff00-\uffef]")


def _utf8(file: File) -> tuple[pa.Buffer, str, int, int]:
    """The file's text as UTF-8 bytes; its encoding; lines in another one; lines in none."""
    encoding = _encoding_of(file.head(1 << 12))
    if encoding != "utf-8":
        try:
            text = file.path.read_bytes().decode(encoding)
        except UnicodeDecodeError as error:
            raise InputError(
                Problem(file.name, N_("is not whole UTF-16 text: {reason}"), {"reason": error.reason})
            ) from error
        return pa.py_buffer(text.encode("utf-8")), "utf-16", 0, 0
    if file.contents.utf8:
        if file.size == 0:
            return pa.py_buffer(b""), "utf-8", 0, 0
        return pa.memory_map(str(file.path)).read_buffer(), "utf-8", 0, 0
    # GB18030 has no newline inside a character, so lines can be told apart before they are decoded. Almost
    # any UTF-8 passes for GB18030 (as nonsense), hardly any GB18030 for UTF-8: so UTF-8 is tried first, by
    # lines.
    whole = file.path.read_bytes()
    if not _has_utf8_word(whole):
        try:
            return pa.py_buffer(whole.decode("gb18030").encode("utf-8")), "gb18030", 0, 0
        except UnicodeDecodeError:
            pass
    lines: list[str] = []
    as_utf8 = as_gb = broken = 0
    for raw in whole.split(b"\n"):
        if raw.isascii():
            lines.append(raw.decode("ascii"))
            continue
        try:
            line = raw.decode("utf-8")
            if not _CJK.search(line):
                raise UnicodeDecodeError("utf-8", raw, 0, 1, "no Chinese in it")
            as_utf8 += 1
        except UnicodeDecodeError:
            try:
                line = raw.decode("gb18030")
                as_gb += 1
            except UnicodeDecodeError:
                line = raw.decode("gb18030", errors="replace")
                broken += 1
        lines.append(line)
    data = pa.py_buffer("\n".join(lines).removeprefix("\ufeff").encode("utf-8"))
    return data, "gb18030" if as_gb >= as_utf8 else "utf-8", min(as_utf8, as_gb), broken


def _parse(
    file: File, body: pa.Buffer, start: _Start, *, quotes: bool
) -> tuple[pa.Table, Rows, list[tuple[int, str]]]:
    """Rows (numbered from 1 at the first after the header) and the lines with another number of cells."""
    names = [str(i) for i in range(start.width)]

    def parse(threads: bool, block: int) -> tuple[pa.Table, list[tuple[int, str]]]:
        # A list of its own each time: threads of a reading that has failed may still find odd rows.
        odd: list[tuple[int, str]] = []

        def keep(row: Any) -> str:
            odd.append((row.number or 0, row.text))
            return "skip"

        table = pacsv.read_csv(
            pa.BufferReader(body),
            read_options=pacsv.ReadOptions(column_names=names, use_threads=threads, block_size=block),
            parse_options=pacsv.ParseOptions(
                delimiter=start.delimiter,
                newlines_in_values=quotes,
                ignore_empty_lines=False,
                invalid_row_handler=keep,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.large_string() for name in names},
                strings_can_be_null=False,
                check_utf8=False,  # it has been, in the pass over the whole file
            ),
        )
        return table, odd

    if not body.size or (not bytes(body[: 1 << 12]).strip(b"\r\n \t") and body.size < 1 << 12):
        return pa.table({name: pa.array([], pa.large_string()) for name in names}), np.empty(0, np.int64), []
    try:
        table, odd = parse(True, BLOCK)
        if odd:  # their numbers are only known to a reader that goes row by row
            table, odd = parse(False, BLOCK)
    except pa.ArrowInvalid:
        try:  # a row longer than a block
            table, odd = parse(False, min(max(body.size + 1, 1 << 20), (1 << 31) - 1))
        except pa.ArrowInvalid as error:
            raise InputError(
                Problem(file.name, N_("cannot be read as rows of text: {reason}"), {"reason": str(error)})
            ) from error
    total = table.num_rows + len(odd)
    kept = np.ones(total, dtype=bool)
    kept[[row - 1 for row, _ in odd]] = False
    return table, np.flatnonzero(kept).astype(np.int64) + 1, odd


def _put_back(grid: Grid, start: _Start) -> None:
    """Rows that only had empty cells too many, or lacked empty ones at the end, are rows like the others."""
    back: list[list[str]] = []
    rows: list[int] = []
    left: list[Unreadable] = []
    for odd in grid.unreadable:
        cells = [] if len(odd.text) > LONGEST_CELL * 10 else _cells(odd.text, start.delimiter)
        while len(cells) > start.width and not cells[-1].strip():
            cells.pop()
        if len(cells) == start.width:
            back.append(cells)
            rows.append(odd.row)
        else:
            left.append(odd)
    grid.unreadable = left
    if not back:
        return
    added = pa.table(
        {str(i): pa.array([cells[i] for cells in back], pa.large_string()) for i in range(start.width)}
    )
    all_rows = np.concatenate([grid.rows, np.asarray(rows, np.int64)])
    order = np.argsort(all_rows, kind="stable")
    grid.table = pa.concat_tables([grid.table, added]).take(pa.array(order))
    grid.rows = all_rows[order]


def _cells(text: str, delimiter: str) -> list[str]:
    """Cells of one record; `csv`'s own limit on a cell's length does not bind here."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


def _drop(grid: Grid, reason: str, masks: Sequence[Any]) -> None:
    """Move the rows of any mask to `unreadable`."""
    if not masks or not grid.table.num_rows:
        return
    bad = np.zeros(grid.table.num_rows, dtype=bool)
    for mask in masks:
        bad |= np.asarray(pc.fill_null(mask, False), dtype=bool)
    if not bad.any():
        return
    for at in np.flatnonzero(bad):
        text = ",".join(str(c[int(at)].as_py())[:MOST_CELLS_SHOWN] for c in grid.table.columns)
        grid.unreadable.append(Unreadable(int(grid.rows[at]), reason, text))
    grid.unreadable.sort(key=lambda odd: odd.row)
    grid.table = grid.table.filter(pa.array(~bad))
    grid.rows = grid.rows[~bad]


def _drop_long(grid: Grid) -> None:
    long = [c for c in grid.table.columns if _longest(c) > LONGEST_CELL]
    _drop(grid, "long", [pc.greater(pc.binary_length(c), LONGEST_CELL) for c in long])
    for odd in grid.unreadable:
        if len(odd.text) > LONGEST_CELL:
            odd.reason = "long"


def _longest(column: pa.ChunkedArray) -> int:
    return max((pc.max(pc.binary_length(chunk)).as_py() or 0 for chunk in column.chunks), default=0)


def _drop_empty(grid: Grid) -> None:
    """Rows without a single cell are no rows; only those with an empty first cell are looked at."""
    if not grid.table.num_rows or not grid.table.num_columns:
        return
    empty = np.asarray(pc.equal(pc.binary_length(grid.table.column(0)), 0), dtype=bool)
    at = np.flatnonzero(empty)
    if not len(at):
        return
    some = grid.table.take(pa.array(at))
    blank = np.ones(len(at), dtype=bool)
    for column in some.columns:
        blank &= np.asarray(pc.equal(pc.binary_length(pc.utf8_trim_whitespace(column)), 0), dtype=bool)
    if blank.any():
        keep = np.ones(grid.table.num_rows, dtype=bool)
        keep[at[blank]] = False
        grid.table = grid.table.filter(pa.array(keep))
        grid.rows = grid.rows[keep]


# ---------------------------------------------------------------- workbooks


def open_workbook(file: File) -> Any:
    """A workbook, or one InputError that says why it cannot be opened."""
    try:
        if file.kind == "xlsx" and file.cells > MOST_CELLS:
            raise InputError(
                Problem(
                    file.name,
                    N_("has a sheet with cells so far apart that it spans {cells} of them"),
                    {"cells": file.cells, "most": MOST_CELLS},
                    expected=N_(
                        "sheets that span at most {most} cells; delete what stands far from the table"
                    ),
                )
            )
        return python_calamine.CalamineWorkbook.from_path(str(file.path))
    except python_calamine.PasswordError as error:
        raise InputError(
            Problem(file.name, N_("is locked with a password"), expected=N_("save it without one"))
        ) from error
    except _BROKEN as error:
        raise _broken(file, error) from error


_BROKEN = (python_calamine.CalamineError, OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError)


def _broken(file: File, error: Exception) -> InputError:
    return InputError(
        Problem(
            file.name,
            N_("is not a whole Excel workbook: {reason}"),
            {"reason": str(error)},
            expected=N_("a workbook that Excel opens without repairing it"),
        )
    )


def _sheet(file: File, name: str, rows: int | None = None) -> tuple[Any, list[list[Any]]]:
    """A worksheet and its cells, from its first row and column on."""
    workbook = open_workbook(file)
    try:
        sheet = workbook.get_sheet_by_name(name)
        return sheet, sheet.to_python(skip_empty_area=False, nrows=rows)
    except _BROKEN as error:
        raise _broken(file, error) from error


def sheet_names(file: File) -> list[str]:
    return list(open_workbook(file).sheet_names)


def sheet_head(file: File, sheet: str) -> list[list[str]]:
    """The first rows of a worksheet, for recognising it."""
    _, rows = _sheet(file, sheet, MOST_PREAMBLE + 1)
    return [[trimmed(cell_text(cell)) for cell in row] for row in rows]


def read_sheet(
    file: File, sheet: str, is_header: FindHeader | None = None, *, fill: bool = False
) -> Grid | None:
    """Read a worksheet; None where no row is a header. `fill` gives merged cells their value in every row.

    Cells are values: a formula's is what Excel last computed for it, and is never evaluated here.
    """
    worksheet, cells = _sheet(file, sheet)
    heads = [[trimmed(cell_text(cell)) for cell in row] for row in cells[: MOST_PREAMBLE + 1]]
    at = next((i for i, row in enumerate(heads) if (is_header(row) if is_header else any(row))), None)
    if at is None:
        return None
    header = heads[at]
    while header and not header[-1]:
        header.pop()
    if fill:
        _fill_merged(worksheet, cells, at, header)
    body = cells[at + 1 :]
    columns = [_texts([row[i] if i < len(row) else "" for row in body]) for i in range(len(header))]
    grid = Grid(
        file,
        sheet,
        header,
        at + 1,
        pa.table({str(i): pa.array(column, pa.large_string()) for i, column in enumerate(columns)}),
        np.arange(at + 2, at + 2 + len(body), dtype=np.int64),
        preamble=["\t".join(trimmed(cell_text(cell)) for cell in row).strip() for row in cells[:at]],
        encoding="excel",
    )
    _drop(grid, "nul", [pc.match_substring(c, "\0") for c in grid.table.columns])
    _drop_long(grid)
    _drop_empty(grid)
    return grid


# A merged account number belongs to every row beside it; a merged amount was booked once.
_MERGED = re.compile("账号|账卡号|卡号|户名|名称|证件|证照|account|card")


def _fill_merged(worksheet: Any, cells: list[list[Any]], header_at: int, header: list[str]) -> None:
    for (top, left), (bottom, right) in worksheet.merged_cell_ranges or ():
        if left == right and top > header_at and left < len(header) and _MERGED.search(header[left]):
            for row in range(top + 1, min(bottom + 1, len(cells))):
                cells[row][left] = cells[top][left]


def _texts(values: list[Any]) -> list[str]:
    # A midnight comes as a bare date; beside cells with a time of day it is a midnight.
    timed = any(isinstance(value, datetime.datetime) for value in values)
    texts: list[str] = []
    for value in values:
        if timed and isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            value = datetime.datetime(value.year, value.month, value.day)
        texts.append(cell_text(value))
    return texts


def cell_text(value: Any) -> str:
    """A cell as text, a number as its exact shortest decimal.

    A number of more than 15 digits has lost some in Excel: it is written in scientific notation, by which
    every check of ids knows it.

    Examples
    --------
    >>> cell_text(1234.5), cell_text(7.0), cell_text(0.1), cell_text(6222021234567890123.0)
    ('1234.5', '7', '0.1', '6.222021234567890E+18')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else f"{float(value):.15E}"
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        if value.is_integer():
            return str(int(value)) if abs(value) < 1e15 else f"{value:.15E}"
        return format(Decimal(repr(value)), "f")
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.isoformat()
    return str(value)


# ---------------------------------------------------------------- Parquet


_NO_PARQUET = (pa.ArrowException, OSError, ValueError)


def parquet_columns(file: File) -> list[str]:
    """The columns of a Parquet file; none where it cannot be read."""
    try:
        return list(pq.read_schema(file.path).names)
    except _NO_PARQUET:
        return []


def read_parquet(file: File) -> pa.Table:
    try:
        table = pq.ParquetFile(file.path, memory_map=True).read()
        table.validate(full=True)
    except _NO_PARQUET as error:
        raise _no_parquet(file, error) from error
    return table


def parquet_rows(file: File) -> int:
    """The rows of a Parquet file; none where it cannot be read."""
    try:
        return int(pq.read_metadata(file.path).num_rows)
    except _NO_PARQUET:
        return 0


def parquet_schema(file: File) -> pa.Schema:
    try:
        return pq.read_schema(file.path)
    except _NO_PARQUET as error:
        raise _no_parquet(file, error) from error


def parquet_pieces(file: File, rows: int) -> Iterator[pa.Table]:
    """A Parquet file in pieces of some such number of rows, as it is divided itself, where that is not too
    coarse; the next one is read while the caller looks at one.
    """
    with ThreadPoolExecutor(1) as thread:
        found = _parquet_pieces(file, rows)
        after = thread.submit(next, found, None)
        while True:
            try:
                piece = after.result()
            except _NO_PARQUET as error:
                raise _no_parquet(file, error) from error
            if piece is None:
                return
            after = thread.submit(next, found, None)
            yield piece


def _parquet_pieces(file: File, rows: int) -> Iterator[pa.Table]:
    with pq.ParquetFile(file.path) as parquet:
        waiting: list[int] = []
        count = 0
        for group in range(parquet.num_row_groups):
            size = parquet.metadata.row_group(group).num_rows
            if waiting and count + size > rows:
                yield _validated(parquet.read_row_groups(waiting))
                waiting, count = [], 0
            if size > 2 * rows:
                for batch in parquet.iter_batches(batch_size=rows, row_groups=[group]):
                    yield _validated(pa.Table.from_batches([batch]))
                continue
            waiting.append(group)
            count += size
        if waiting:
            yield _validated(parquet.read_row_groups(waiting))


def _validated(table: pa.Table) -> pa.Table:
    table.validate(full=True)
    return table


def _no_parquet(file: File, error: Exception) -> InputError:
    return InputError(Problem(file.name, N_("is not a whole Parquet file: {reason}"), {"reason": str(error)}))


def iterate_grids(file: File, is_header: FindHeader, *, fill: bool = False) -> Iterator[Grid]:
    """Every table of a file whose header is known: the one of a text file, those of a workbook."""
    if file.kind in ("xlsx", "xls"):
        for sheet in sheet_names(file):
            grid = read_sheet(file, sheet, is_header, fill=fill)
            if grid is not None:
                yield grid
    elif file.kind == "text":
        yield read_text(file, is_header)


def refuse_kind(file: File, expected: str, **values: object) -> InputError:
    """The error for a file whose bytes are not what its name says."""
    kind = KIND_NAMES.get(file.kind)
    what = (
        N_("is not a table: by its first bytes it is {kind}")
        if kind
        else N_("is not a table: its bytes are of no known kind")
    )
    if file.kind == "xlsb":
        expected = N_("save it as .xlsx")
    return InputError(Problem(file.name, what, {**values, "kind": kind}, expected=expected))
