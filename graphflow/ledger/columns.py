"""Columns of the canonical tables as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.ledger.order import NONE
from graphflow.tables.columns import as_text, one
from graphflow.tables.keys import places
from graphflow.tables.shelf import Shelf, nulls_of

Ints = NDArray[np.int64]


def whole(table: Any, name: str) -> Any:
    """A column as one array, or None where the table has none or nothing is known in it."""
    if table is None or name not in table.column_names or nulls_of(table, name) == len(table):
        return None
    return one(table.column(name))


def integers(table: Any, name: str, size: int) -> Ints:
    """A column of integers or times; :data:`NONE` where unknown."""
    if table is None or name not in table.column_names or nulls_of(table, name) == len(table):
        return np.broadcast_to(np.int64(NONE), size)  # takes no memory
    if not isinstance(table, Shelf):
        return _integers(whole(table, name))
    values, at = np.empty(size, np.int64), 0
    for piece in table.pieces_of(name):
        values[at : at + len(piece)] = _integers(piece)
        at += len(piece)
    return values


def _integers(column: Any) -> Ints:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", "UTC")).view(pa.int64())
    column = column.cast(pa.int64())
    if column.null_count:
        column = pc.fill_null(column, NONE)
    values: Ints = column.to_numpy(zero_copy_only=False)
    return values


def flags(table: Any, name: str, size: int, unknown: bool = False) -> NDArray[np.bool_]:
    """A column of yes and no."""
    column = whole(table, name)
    if column is None:
        return np.full(size, unknown, np.bool_)
    values: NDArray[np.bool_] = pc.fill_null(column, unknown).to_numpy(zero_copy_only=False)
    return values


def known(table: Any, name: str, size: int) -> NDArray[np.bool_]:
    """Whether anything stands in a column."""
    column = whole(table, name)
    if column is None:
        return np.zeros(size, np.bool_)
    values: NDArray[np.bool_] = column.is_valid().to_numpy(zero_copy_only=False)
    return values


def texts(table: Any, name: str) -> Any:
    """A column of text as one large_string array, or None."""
    column = whole(table, name)
    return None if column is None else column.cast(pa.large_string())


def text_pieces(table: Any, name: str) -> Iterator[Any]:
    """A column of text, none missing, piece by piece."""
    if isinstance(table, Shelf):
        yield from table.pieces_of(name)
    elif len(table):
        yield texts(table, name)


def positions(column: Any, values: Any) -> NDArray[np.int32]:
    """Where each text of a column stands in ``values``; -1 where it does not; nowhere, without any row."""
    return np.zeros(0, np.int32) if column is None else places(as_text(column), values)


def fixed(values: NDArray[Any], kind: type[np.generic]) -> NDArray[Any]:
    """The values as a kernel takes them, in one piece and read-only: to numba, others are another type."""
    view = np.ascontiguousarray(values, kind).view()
    view.flags.writeable = False
    return view
