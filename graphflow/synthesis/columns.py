"""Arrow columns made of numpy arrays, without a Python object a row, and the files that they go to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

#: Local time of every generated case, in seconds later than UTC (Asia/Shanghai has no summer time).
UTC_OFFSET = 8 * 3600
MONEY = pa.decimal128(18, 2)
#: Rows in one piece of a file: what is in memory at a time, and a row group of Parquet.
CHUNK = 500_000
#: Up to here a table is written as CSV unless asked otherwise: a person can open it.
READABLE = 200_000

#: Columns of few different values: a dictionary of them is worth while, of ids it only costs time.
_FEW = frozenset(
    "memo kind channel product_id ip mac target_currency bank currency id_type sector scope platform_id "
    "region_registered region_operating evidence kyc location status purpose asset_kind end table".split()
)

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


def digits(values: NDArray[Any], width: int) -> Bytes:
    """The decimal digits of non-negative integers, one row each, zeros in front."""
    rest = values.astype(np.int64, copy=True)
    out = np.empty((len(rest), width), np.uint8)
    for column in range(width - 1, -1, -1):
        shorter = rest // 10  # by a constant this is several times as fast as a remainder
        out[:, column] = rest - shorter * 10 + 48
        rest = shorter
    return out


def letters(text: str, rows: int) -> Bytes:
    """The same ASCII text on every row."""
    return np.broadcast_to(np.frombuffer(text.encode("ascii"), np.uint8), (rows, len(text)))


def fixed_text(*parts: Bytes, known: NDArray[np.bool_] | None = None) -> pa.Array:
    """One text a row from parts of fixed width; where `known` is false the value is missing."""
    block = np.ascontiguousarray(np.concatenate(parts, axis=1))
    rows, width = block.shape
    if rows * width < 2**31:
        kind, offsets = pa.string(), np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    else:
        kind, offsets = pa.large_string(), np.arange(rows + 1, dtype=np.int64) * width
    out = pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(offsets), pa.py_buffer(block)])
    return out if known is None else pc.if_else(pa.array(known), out, pa.scalar(None, kind))


def numbered(prefix: str, numbers: NDArray[Any], width: int) -> pa.Array:
    """``prefix`` and a number padded to `width`; a negative number is a missing value.

    Examples
    --------
    >>> import numpy as np
    >>> numbered("T", np.array([7, -1, 12]), 4).to_pylist()
    ['T0007', None, 'T0012']
    """
    known = numbers >= 0
    body = digits(np.where(known, numbers, 0), width)
    return fixed_text(letters(prefix, len(numbers)), body, known=None if known.all() else known)


def money(amounts: NDArray[Any], known: NDArray[np.bool_] | None = None) -> pa.Array:
    """Minor units as decimals of major units, exactly.

    Examples
    --------
    >>> import numpy as np
    >>> [str(amount) for amount in money(np.array([5, -1234])).to_pylist()]
    ['0.05', '-12.34']
    """
    words = np.empty((len(amounts), 2), np.int64)
    words[:, 0] = amounts
    words[:, 1] = words[:, 0] >> 63
    out = pa.Array.from_buffers(MONEY, len(amounts), [None, pa.py_buffer(words)])
    return out if known is None else pc.if_else(pa.array(known), out, pa.scalar(None, MONEY))


def moment(local: NDArray[Any], known: NDArray[np.bool_] | None = None, micros: bool = False) -> pa.Array:
    """Local seconds (or microseconds) since 1970 as UTC timestamps in microseconds."""
    stamps = local.astype(np.int64)
    utc = stamps - UTC_OFFSET * 1_000_000 if micros else (stamps - UTC_OFFSET) * 1_000_000
    return pa.array(utc, pa.timestamp("us", tz="UTC"), mask=None if known is None else ~known)


def day(local: NDArray[Any], known: NDArray[np.bool_] | None = None) -> pa.Array:
    """Local seconds since 1970 as dates."""
    days = (local.astype(np.int64) // 86_400).astype(np.int32)
    return pa.array(days, pa.int32(), mask=None if known is None else ~known).cast(pa.date32())


def choose(words: Sequence[str], codes: NDArray[Any]) -> pa.Array:
    """The word of each code; a negative code is a missing value."""
    known = codes >= 0
    index = pa.array(np.where(known, codes, 0), pa.int64(), mask=None if known.all() else ~known)
    return pa.array(words, pa.string()).take(index)


def joined(*parts: pa.Array | str) -> pa.Array:
    """Texts put together row by row."""
    return pc.binary_join_element_wise(*parts, "")


def one(values: pa.Array, number: int) -> str:
    """One text of a column."""
    return str(values[number].as_py())


def picked(values: pa.Array, numbers: NDArray[Any]) -> pa.Array:
    """The values at some places."""
    return values.take(pa.array(numbers))


def every(text: str, rows: int) -> pa.Array:
    """The same text on every row."""
    return choose([text], np.zeros(rows, np.int64))


def yes_no(values: NDArray[np.bool_]) -> pa.Array:
    """Truth values as arrow has them."""
    return pa.array(values, pa.bool_())


def as_text(table: pa.Table) -> pa.Table:
    """Every column as the text of a CSV file: local times without an offset, money with two decimals."""
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = column.type
        if pa.types.is_timestamp(kind):
            shift = pa.scalar(UTC_OFFSET * 1_000_000, pa.int64())
            local = pc.add(column.cast(pa.int64()), shift)
            whole = not pc.any(pc.not_equal(_remainder(local), 0)).as_py()
            text = local.cast(pa.timestamp("us")).cast(pa.timestamp("s" if whole else "us")).cast(pa.string())
            column = pc.replace_substring(text, " ", "T")
        elif pa.types.is_boolean(kind):
            column = pc.if_else(column, "true", "false")
        elif not pa.types.is_string(kind):
            column = column.cast(pa.string())
        columns[name] = column
    return pa.table(columns)


def _remainder(micros: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.subtract(micros, pc.multiply(pc.divide(micros, 1_000_000), 1_000_000))


class TableFile:
    """One table's file, ``NAME.parquet`` or ``NAME.csv``, written piece by piece."""

    def __init__(self, folder: Path, name: str, form: str) -> None:
        self.path = folder / f"{name}.{form}"
        self.rows = 0
        self._form = form
        self._writer: Any = None

    def write(self, columns: Mapping[str, pa.Array] | pa.Table) -> None:
        """Add rows; the first piece says what the columns are."""
        table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
        if self._form == "csv":
            table = as_text(table)
        if self._writer is None:
            if self._form == "csv":
                options = pyarrow.csv.WriteOptions(quoting_style="needed")
                self._writer = pyarrow.csv.CSVWriter(self.path, table.schema, write_options=options)
            else:
                few = [name for name in table.column_names if name in _FEW]
                self._writer = pq.ParquetWriter(
                    self.path, table.schema, compression="snappy", use_dictionary=few
                )
        self._writer.write_table(table)
        self.rows += table.num_rows

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> TableFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_table(folder: Path, name: str, form: str, columns: Mapping[str, Any], chunk: int = CHUNK) -> int:
    """A whole table of ready columns, written in pieces; how many rows it has."""
    table = pa.table(dict(columns))
    with TableFile(folder, name, form) as file:
        for start in range(0, max(table.num_rows, 1), chunk):
            file.write(table.slice(start, chunk))
    return int(table.num_rows)


def write_records(
    folder: Path, name: str, form: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> int:
    """A small table given row by row as texts; an empty text is a missing value."""
    listed = [tuple(row) for row in rows]
    arrays = {
        column: pa.array([row[place] or None for row in listed], pa.string())
        for place, column in enumerate(columns)
    }
    return write_table(folder, name, form, arrays)
