"""IBM AMLSim: `transactions`, `accounts` and the alert files, as CSV or Parquet.

`tran_id` is the simulator's order (it counts on while hundreds of transfers share one time), so it is
`sequence`; `initial_deposit` is the opening balance. A step is a day; a file with bare step numbers counts
them from AMLSim's default base date. Amounts are written as floats with two decimals: they are read back
exactly.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import InputError, Problem
from graphflow.language import N_
from graphflow.tables import Note, Raw
from loaders import grid as grids
from loaders.mapping import (
    TEXT,
    exact_cents,
    provenance,
    source_files,
    texts,
    told_by,
    unread_notes,
    unreadable_rows,
)
from loaders.source import File, Source

TRANSFERS = {"tran_id", "orig_acct", "bene_acct", "base_amt", "tran_timestamp"}
ACCOUNTS = {"acct_id", "dsply_nm", "initial_deposit"}
ALERT_TRANSFERS = TRANSFERS | {"alert_type"}
ALERT_ACCOUNTS = {"alert_id", "alert_type", "acct_id"}
BASE_DATE = "2017-01-01"  # AMLSim's conf.json, where nobody has changed it

_OURS = {
    "transfers": {
        "tran_id": "transfer_id",
        "orig_acct": "source",
        "bene_acct": "target",
        "base_amt": "amount",
        "tran_timestamp": "time",
        "tx_type": "kind",
    },
    "accounts": {
        "acct_id": "account_id",
        "dsply_nm": "name",
        "acct_rptng_crncy": "currency",
        "initial_deposit": "opening_balance",
        "bank_id": "bank",
    },
}


def claims(source: Source) -> tuple[File, ...]:
    return tuple(file for file in source.files if _role(file))


def _role(file: File) -> str:
    names = {name.strip().lower() for name in _header(file)}
    if names >= ALERT_TRANSFERS:
        return "alert_transfers"
    if names >= TRANSFERS:
        return "transfers"
    if names >= ACCOUNTS:
        return "accounts"
    return "alert_accounts" if names >= ALERT_ACCOUNTS else ""


def _header(file: File) -> list[str]:
    if file.kind == "parquet":
        return grids.parquet_columns(file)
    if file.kind == "text":
        return grids.split_line(grids.first_line(file))
    return []


def load(source: Source, *, currency: str | None = None, timezone: str | None = None) -> Raw:
    """Read the files of one AMLSim run.

    Parameters
    ----------
    source
        Files that `claims` has named.
    currency
        Of the amounts, where no accounts file says it.
    timezone
        Of times without an offset; AMLSim's have one (UTC).
    """
    found: dict[str, list[File]] = {}
    for file in source.files:
        found.setdefault(_role(file), []).append(file)
    double = {role: files for role, files in found.items() if len(files) > 1}
    if double or "transfers" not in found:
        raise InputError(
            *(
                Problem(
                    str(source.path),
                    N_("{count} files hold the same AMLSim table"),
                    {"count": len(files)},
                    first=", ".join(file.name for file in files),
                    expected=N_("one file a table; import other runs one by one"),
                )
                for files in double.values()
            ),
            *(
                ()
                if "transfers" in found
                else (
                    Problem(
                        str(source.path),
                        N_("has no AMLSim transactions"),
                        expected="tran_id, orig_acct, bene_acct, base_amt, tran_timestamp",
                    ),
                )
            ),
        )
    raw = Raw({}, timezone=timezone or "UTC", files=source_files(source, "amlsim"))
    notes = unread_notes(source)
    part = {role: _part(files[0]) for role, files in found.items()}
    accounts = part.get("accounts")
    alerts = part.get("alert_accounts")
    if accounts is not None:
        raw.tables["accounts"] = accounts.table("accounts", _alerts_of_accounts(accounts, alerts))
    transfers = part["transfers"]
    more: dict[str, Any] = {"currency": _currency(transfers, accounts, currency)}
    number = transfers.columns["tran_id"]
    more["sequence"] = number.cast(pa.int64()) if pa.types.is_integer(number.type) else number.cast(TEXT)
    if "alert_transfers" in part:
        more["alert_type"] = _alert_types(transfers, part["alert_transfers"])
    if transfers.steps:
        step = _whole(pc.cast(transfers.columns["tran_timestamp"], pa.int64()))
        days = np.asarray(pc.fill_null(step, -1))
        is_step = (days >= 0) & (days < 10**7)  # others are no time at all
        base = np.datetime64(BASE_DATE, "us")
        moments = base + np.where(is_step, days, 0).astype("timedelta64[D]")
        more["time"] = pa.array(moments, pa.timestamp("us", "UTC"), mask=~is_step)
        notes.append(
            Note(
                "steps",
                N_("times are step numbers: counted as days from {date}, AMLSim's own base date"),
                {"date": BASE_DATE},
            )
        )
    raw.tables["transfers"] = transfers.table("transfers", more)
    for role, table in (("transfers", "transfers"), ("accounts", "accounts")):
        bad = part[role].bad if role in part else None
        if bad is not None:
            raw.refused[table] = bad
    raw.rows_read = {
        name: table.num_rows + (raw.refused[name].num_rows if name in raw.refused else 0)
        for name, table in raw.tables.items()
    }
    for role, name in (("alert_transfers", "transfers"), ("alert_accounts", "accounts")):
        if role in part:
            notes.append(told_by(part[role].file, len(part[role].rows), name))
    raw.notes = tuple(notes)
    return raw


class _part:
    """One file's columns under their own (lower case) names, text or integers, money exact."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.bad: pa.Table | None = None
        self.typed = file.kind == "parquet"
        if self.typed:
            table = grids.read_parquet(file)
            self.rows: npt.NDArray[np.int64] = np.arange(1, table.num_rows + 1, dtype=np.int64)
            self.columns = {
                n.lower(): _plain(n.lower(), c)
                for n, c in zip(table.column_names, table.columns, strict=True)
            }
        else:
            grid = grids.read_text(file)
            self.bad = unreadable_rows(grid)
            self.rows = grid.rows
            self.columns = {name.lower(): grid.column(i) for i, name in enumerate(grid.header) if name}
        stamps = self.columns.get("tran_timestamp")
        self.steps = stamps is not None and bool(
            pa.types.is_integer(stamps.type)
            or (len(stamps) and pc.all(pc.match_substring_regex(stamps, r"^\d{1,7}$")).as_py())
        )

    def table(self, name: str, more: dict[str, Any]) -> pa.Table:
        ours = _OURS[name]
        columns = {}
        for old, column in self.columns.items():
            new = ours.get(old, old)
            if new == "kind":
                column = pc.utf8_lower(column)
            elif new == "alert_id":  # -1 is none
                column = column.cast(TEXT)
                column = pc.if_else(pc.equal(column, "-1"), pa.scalar(None, TEXT), column)
            elif new not in ("opening_balance", "amount", "time"):
                column = column.cast(TEXT)
            columns[new] = column
        # "state" and "type" are AMLSim's own words; they stand beside ours under their own names.
        return provenance({**columns, **more}, self.file, None, self.rows)


def _plain(name: str, column: pa.ChunkedArray) -> Any:
    if name in ("base_amt", "initial_deposit") and pa.types.is_floating(column.type):
        return exact_cents(column.to_numpy())
    if pa.types.is_floating(column.type):
        return texts([None if v is None or math.isnan(v) else grids.cell_text(v) for v in column.to_pylist()])
    if name == "tran_timestamp" and (pa.types.is_timestamp(column.type) or pa.types.is_integer(column.type)):
        return column
    return column if pa.types.is_integer(column.type) else column.cast(TEXT)


def _currency(transfers: _part, accounts: _part | None, given: str | None) -> Any:
    """The reporting currency of the paying account; one for all in every known run."""
    if accounts is None or "acct_rptng_crncy" not in accounts.columns:
        return texts([given] * len(transfers.rows))
    codes = accounts.columns["acct_rptng_crncy"]
    one = pc.unique(codes)
    if len(one) == 1:
        return pa.repeat(pa.scalar(one[0].as_py(), TEXT), len(transfers.rows))
    at = pc.index_in(
        transfers.columns["orig_acct"].cast(TEXT), value_set=_whole(accounts.columns["acct_id"].cast(TEXT))
    )
    return _whole(codes).take(at).cast(TEXT)


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _alert_types(transfers: _part, alerts: _part) -> Any:
    at = pc.index_in(
        transfers.columns["tran_id"].cast(TEXT), value_set=_whole(alerts.columns["tran_id"].cast(TEXT))
    )
    return _whole(alerts.columns["alert_type"]).take(_whole(at)).cast(TEXT)


def _alerts_of_accounts(accounts: _part, alerts: _part | None) -> dict[str, Any]:
    """The alerts that an account is part of, `;` between."""
    if alerts is None:
        return {}
    ids: dict[str, list[str]] = {}
    kinds: dict[str, list[str]] = {}
    rows = (alerts.columns[name].cast(TEXT).to_pylist() for name in ("acct_id", "alert_id", "alert_type"))
    for account, alert, kind in zip(*rows, strict=True):
        ids.setdefault(account, []).append(alert)
        kinds.setdefault(account, []).append(kind)
    own = accounts.columns["acct_id"].cast(TEXT).to_pylist()
    return {
        "alert_id": texts([";".join(ids[one]) if one in ids else None for one in own]),
        "alert_type": texts([";".join(kinds[one]) if one in kinds else None for one in own]),
    }
