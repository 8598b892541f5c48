"""Rows of a case as text that anybody can read, and a case out of such text again."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from graphflow import sets
from graphflow.case import Case
from graphflow.tables import PROVENANCE, SCHEMA, SHARE_DIGITS, Tables
from graphflow.tables.currencies import major

if TYPE_CHECKING:
    from graphflow.tables import ColumnSpec

Ints = npt.NDArray[np.int64]
Place = tuple[str, str, str, str]
"""Where a row stands: its table, source file, sheet and row."""


def as_csv(tables: Tables, name: str, places: Ints) -> bytes:
    """Some rows of a table as canonical text, with where each of them is from.

    Money is decimal text of major units, shares are decimals, times are local with their offset (a bare date
    where only the date is known).
    """
    held = tables.arrow(name)
    assert held is not None
    rows = held.take(pa.array(places))
    spec = SCHEMA[name]
    own = {c: rows[c].to_pylist() for c in rows.column_names}
    columns = [c for c in spec.columns if c in own and any(v is not None for v in own[c])]
    told = {c: [_text(v, spec.columns[c], n, own, tables) for n, v in enumerate(own[c])] for c in columns}
    for column in PROVENANCE:
        told[column] = ["" if v is None else str(v) for v in own.get(column, [None] * rows.num_rows)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(told)
    writer.writerows(zip(*told.values(), strict=True))
    return out.getvalue().encode()


def _text(value: Any, spec: ColumnSpec, n: int, own: Mapping[str, Sequence[Any]], tables: Tables) -> str:
    if value is None:
        return ""
    if spec.kind == "money":
        return major(int(value), tables.minor_units.get(_currency(spec, n, own, tables), 2))
    if spec.kind == "share":
        return major(int(value), SHARE_DIGITS)
    if spec.kind == "time":
        local: datetime.datetime = value.astimezone(ZoneInfo(tables.timezone))
        is_day = own.get(f"{spec.name}_day")
        return local.date().isoformat() if is_day is not None and is_day[n] else local.isoformat()
    if spec.kind == "rate":
        return repr(float(value))
    if spec.kind == "bool":
        return "true" if value else "false"
    return str(value)


def _currency(spec: ColumnSpec, n: int, own: Mapping[str, Sequence[Any]], tables: Tables) -> str:
    """The currency of an amount: of its row, of its account, else the case's."""
    if spec.currency == "account_id":
        accounts = tables.arrow("accounts", ("account_id", "currency"))
        if accounts is not None and "currency" in accounts.column_names:
            found = dict(
                zip(accounts["account_id"].to_pylist(), accounts["currency"].to_pylist(), strict=True)
            )
            return found.get(own["account_id"][n]) or tables.currency
    elif spec.currency and spec.currency in own:
        return own[spec.currency][n] or tables.currency
    return tables.currency


def read_rows(data: bytes) -> list[dict[str, str]]:
    """The rows of such text."""
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def case_of(
    rows: Mapping[str, Sequence[Mapping[str, str]]],
    files: Mapping[str, str],
    *,
    currency: str,
    timezone: str,
    minor_units: Mapping[str, int],
) -> Case:
    """A case of rows as text, checked at the door like any other; each row keeps where it was from.

    Parameters
    ----------
    rows
        By table.
    files
        The SHA-256 of each source file, by its name.
    """
    frames: dict[str, Any] = {}
    for name, mine in rows.items():
        frame = pd.DataFrame(mine, dtype="str")
        for column in frame.columns:
            frame[column] = frame[column].replace("", None)
        frame = frame.dropna(axis="columns", how="all")
        if "source_row" in frame:
            frame["source_row"] = frame["source_row"].astype("int64")
        frames[name] = frame
    if not len(frames.get("transfers", ())):  # a case is of transfers: one of strangers, which says nothing
        frames["transfers"] = pd.DataFrame(
            {
                "transfer_id": ["-"], "time": ["1970-01-02"], "source": ["?a"], "target": ["?b"],
                "amount": ["0.01"],
            }, dtype="str",
        )  # fmt: skip
    made = Case.from_tables(
        currency=currency, timezone=timezone, minor_units=minor_units, strict=False, **frames
    )
    sources = [{"name": name, "sha256": digest} for name, digest in sorted(files.items())]
    return Case(made.tables, manifest={"sources": sources, "hash": made.hash})


def place_of(table: str, row: Mapping[str, Any]) -> Place:
    """Where a row of evidence or of text stands."""
    said = [row.get(c) for c in PROVENANCE]
    return (table, *("" if pd.isna(v) else str(v) for v in said))  # type: ignore[return-value]


def together(places: Iterable[tuple[str, Ints]]) -> dict[str, Ints]:
    """Places by table, each once and in order."""
    found: dict[str, list[Ints]] = {}
    for table, rows in places:
        found.setdefault(table, []).append(rows)
    return {table: sets.unique(np.concatenate(parts)) for table, parts in sorted(found.items())}
