"""Data frames as a source: what `Case.from_tables` is given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from graphflow.errors import InputError, Problem, shown
from graphflow.language import N_
from graphflow.tables.columns import is_text
from graphflow.tables.raw import Raw
from graphflow.tables.schema import PROVENANCE, SCHEMA

MIXED = N_("this column holds values of different kinds")
DOUBLED = N_("this column is there more than once")
UNKNOWN_TYPE = N_("this column is {type}, which cannot be taken as it is")
A_TEXT = N_("text, numbers or times")
_WANTED = {"source_row": N_("whole numbers"), "source_file": N_("text"), "source_sheet": N_("text")}
FLOAT = N_("money is never floating-point: this column is {type}")


def frames_to_raw(frames: Mapping[str, Any]) -> Raw:
    """Frames named and shaped as the tables, as a loader would return them.

    Parameters
    ----------
    frames
        By name of table: a pandas frame, or an Arrow table. Its rows are counted from 1.

    Raises
    ------
    InputError
        Where a column cannot be taken as it is: money as floats, values of several kinds.

    Examples
    --------
    >>> frames_to_raw({"parties": pd.DataFrame({"party_id": ["P1"]})}).tables["parties"].column_names
    ['party_id', 'source_file', 'source_row']
    """
    found: list[Problem] = []
    tables: dict[str, pa.Table] = {}
    for name, frame in frames.items():
        if name not in SCHEMA:  # also where it has no row
            known = {"names": ", ".join(SCHEMA)}
            found.append(Problem(name, "there is no such table", known, expected="one of: {names}"))
            continue
        if isinstance(frame, pa.Table):
            table = frame
        elif isinstance(frame, pd.DataFrame):
            arrays: list[pa.Array] = [
                _array(f"{name}.{column}", name, _name(column), series, found)
                for column, series in frame.items()
            ]
            table = pa.Table.from_arrays(arrays, names=[_name(c) for c in frame.columns])
        else:
            found.append(
                Problem(name, "not a frame", {}, type(frame).__name__, "a pandas DataFrame or an Arrow table")
            )
            continue
        table = _plain_types(name, table, found)
        n = table.num_rows
        if "source_file" not in table.column_names:
            table = table.append_column(
                "source_file", pa.repeat(pa.scalar(f"<{name}>", pa.large_string()), n)
            )
        if "source_row" not in table.column_names:
            table = table.append_column("source_row", pa.array(range(1, n + 1), pa.int64()))
        tables[name] = table
    if found:
        raise InputError(*found)
    return Raw(tables)


def _array(where: str, table: str, column: str, series: pd.Series[Any], found: list[Problem]) -> pa.Array:
    spec = SCHEMA[table].columns.get(column) if table in SCHEMA else None
    kind = spec.kind if spec else "text"
    try:
        if kind == "money" and series.dtype == object:
            floats = series.map(lambda x: isinstance(x, float) and not math.isnan(x))
            if floats.any():
                found.append(
                    Problem(
                        where,
                        FLOAT,
                        {"type": "float"},
                        shown(series[floats].iloc[0]),
                        "major units as text or Decimal; or minor units as whole numbers with money='minor'",
                    )
                )
                return pa.nulls(len(series))
            series = series.map(lambda x: None if pd.isna(x) else x if isinstance(x, int) else _plain(x))
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        found.append(Problem(where, MIXED, {}, shown(error), "values of one kind, best as text"))
        return pa.nulls(len(series))
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _name(column: object) -> str:
    """A column's name as text that can be written down."""
    return str(column).encode("utf-8", "backslashreplace").decode()


def _plain_types(name: str, table: pa.Table, found: list[Problem]) -> pa.Table:
    """The table with columns of types that the checks know; where rows stand as text and whole numbers."""
    given = table.column_names
    found += [
        Problem(f"{name}.{column}", DOUBLED) for column in sorted({c for c in given if given.count(c) > 1})
    ]
    columns = []
    ours = SCHEMA[name].columns if name in SCHEMA else {}
    for column, values in zip(given, table.columns, strict=True):
        made: Any = values
        try:
            if column == "source_row":
                made = values.cast(pa.int64())
            elif column in PROVENANCE:
                made = values.cast(pa.large_string())
            elif pa.types.is_unsigned_integer(values.type):
                made = values.cast(pa.int64())
            elif not _known(values.type):
                if column in ours:
                    found.append(
                        Problem(f"{name}.{column}", UNKNOWN_TYPE, {"type": str(values.type)}, expected=A_TEXT)
                    )
                made = pa.array(
                    [None if x is None else _name(x) for x in values.to_pylist()], pa.large_string()
                )
        except (pa.ArrowException, OverflowError, ValueError) as error:
            found.append(
                Problem(
                    f"{name}.{column}",
                    UNKNOWN_TYPE,
                    {"type": str(values.type)},
                    shown(error),
                    _WANTED.get(column, A_TEXT),
                )
            )
            made = pa.nulls(len(values), pa.int64() if column == "source_row" else pa.large_string())
        columns.append(made)
    return pa.Table.from_arrays(columns, names=given)


def _known(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(
        is_text(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_date(kind)
    )


def _plain(value: Any) -> str:
    from decimal import Decimal

    return format(value, "f") if isinstance(value, Decimal) and value.is_finite() else str(value)
