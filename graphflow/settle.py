"""Settling: what all sources of a case say together, derived anew from what each of them gave.

Nothing here depends on which source came first: a case is a function of the set of its files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.mirrors import local_days, midnights, pair
from graphflow.tables import PROVENANCE, SCHEMA, Checked, Note, Tables, Tally, join_parts
from graphflow.tables.result import sums

TEXT = pa.large_string()
#: The accounts that stand for a kind of other side, by how their ids begin, and their kinds.
_STANDING = {"cash:": "cash", "interest:": "internal", "fee:": "internal"}
_HINTS = ("target_name", "source_name")


@dataclass(frozen=True)
class Settled:
    """A whole case, and the account of how it came about.

    Attributes
    ----------
    tallies
        By table: what became of the rows of all sources; a mirror merged into its pair is a duplicate.
    mirrors
        How many of those there are, and their money by currency.
    listed
        What a person should look at, each kind as a table: possible mirrors, conflicts between sources,
        values that refer to nothing, stakes of more than the whole, what was added, what was set aside.
    """

    tables: Tables
    quarantine: pa.Table
    tallies: Mapping[str, Tally]
    mirrors: tuple[int, Mapping[str, int]]
    listed: Mapping[str, pa.Table]
    rounded: Mapping[str, int]
    notes: tuple[Note, ...]


def settle(parts: Sequence[Checked], *, currency: str, timezone: str) -> Settled:
    """Join the checked sources of a case: ids, duplicates, aliases, references; then mirrors and coverage.

    Parameters
    ----------
    parts
        One for each source file.
    currency, timezone
        The case's.
    """
    tables, quarantine, report = join_parts(parts, currency=currency, timezone=timezone)
    tallies = dict(report.tallies)
    listed = {
        "conflicts": report.conflicts,
        "dangling": report.dangling,
        "excess": report.excess,
        **{f"added_{name}": rows for name, rows in report.added.items()},
        **_set_aside(parts),
    }
    mirrors: tuple[int, Mapping[str, int]] = (0, {})
    transfers = tables.arrow("transfers")
    if transfers is not None and tables.has("transfers", "statement_side"):
        transfers = name_unknown(transfers)
        paired = pair(transfers, timezone=timezone)
        gone = transfers.filter(pa.array(paired.merged_into >= 0))
        mirrors = (gone.num_rows, sums(gone["amount"], gone["currency"]))
        tallies["transfers"] = tallies["transfers"].moved("loaded", "duplicates", *mirrors)
        listed["possible_mirrors"] = paired.possible
        coverage = infer_coverage(transfers, tables.arrow("coverage"), timezone=timezone)
        tables = tables.with_table("accounts", describe_accounts(tables.stored["accounts"], transfers))
        tables = tables.with_table("coverage", coverage)
        tables = tables.with_table("transfers", paired.transfers)
    return Settled(
        tables,
        quarantine,
        tallies,
        mirrors,
        {name: rows for name, rows in listed.items() if rows.num_rows},
        report.rounded,
        report.notes,
    )


def name_unknown(transfers: pa.Table) -> pa.Table:
    """Give every other side that a row does not name a placeholder of its own, ``?:ACCOUNT:TRANSFER_ID``.

    Examples
    --------
    >>> rows = pa.table({"transfer_id": ["h"], "source": ["A"], "target": pa.array([None], pa.string())})
    >>> name_unknown(rows)["target"].to_pylist()
    ['?:A:h']
    """
    ids = transfers["transfer_id"]
    for name, own in (("source", "target"), ("target", "source")):
        column = transfers[name]
        if column.null_count:
            stand_in = pc.binary_join_element_wise("?", transfers[own], ids, ":")
            index = transfers.column_names.index(name)
            transfers = transfers.set_column(index, name, pc.coalesce(column, stand_in))
    return transfers


def infer_coverage(transfers: pa.Table, stated: pa.Table | None, *, timezone: str) -> pa.Table:
    """The coverage table with a period for each statement that states none: its first to its last local day.

    A statement is one account's own rows in one file. Inferred rows say so in the column ``inferred``.
    """
    side = transfers["statement_side"]
    rows = transfers.filter(pc.is_valid(side))
    own = pc.if_else(pc.equal(rows["statement_side"], "source"), rows["source"], rows["target"])
    moments = rows["time"].cast(pa.int64()).to_numpy()
    spans = (
        pa.table(
            {
                "account_id": own,
                "source_file": rows["source_file"],
                "day": local_days(np.asarray(moments, np.int64), timezone),
            }
        )
        .group_by(["account_id", "source_file"])
        .aggregate([("day", "min"), ("day", "max")])
    )
    if stated is not None and stated.num_rows:
        keys = stated.select(["account_id", "source_file"]).append_column(
            "known", pa.repeat(pa.scalar(True), stated.num_rows)
        )
        keys = keys.group_by(["account_id", "source_file"]).aggregate([("known", "max")])
        spans = spans.join(keys, ["account_id", "source_file"], join_type="left anti")
    spans = spans.sort_by(
        [(name, "ascending") for name in ("account_id", "day_min", "day_max", "source_file")]
    )
    moment = pa.timestamp("us", "UTC")
    count = spans.num_rows
    yes = pa.repeat(pa.scalar(True), count)
    inferred = pa.table(
        {
            "account_id": spans["account_id"].cast(TEXT),
            "from": pa.array(midnights(spans["day_min"].to_numpy(), timezone)).cast(moment),
            "from_day": yes,
            "to": pa.array(midnights(spans["day_max"].to_numpy(), timezone)).cast(moment),
            "to_day": yes,
            "source": pa.repeat(pa.scalar("statement", TEXT), count),
            "inferred": pa.repeat(pa.scalar("true", TEXT), count),
            "source_file": spans["source_file"].cast(TEXT),
            "source_sheet": pa.nulls(count, TEXT),
            "source_row": pa.nulls(count, pa.int64()),
        }
    )
    return inferred if stated is None else pa.concat_tables([stated, inferred], promote_options="default")


def describe_accounts(accounts: pa.Table, transfers: pa.Table) -> pa.Table:
    """The accounts, with what the statements say of them.

    Those whose statement was read are covered, those seen only as a counterparty are not; cash, interest,
    fees and tax get their kinds; and a row for each placeholder, with the name as written beside it.
    """
    rows = transfers.filter(pc.is_valid(transfers["statement_side"]))
    is_payer = pc.equal(rows["statement_side"], "source")
    own = pc.unique(pc.if_else(is_payer, rows["source"], rows["target"]))
    other = pc.if_else(is_payer, rows["target"], rows["source"])

    is_hidden = pc.starts_with(other, "?:")
    hints = [rows[name] if name in rows.column_names else pa.nulls(rows.num_rows, TEXT) for name in _HINTS]
    hidden = {"account_id": other.filter(is_hidden), "name": pc.if_else(is_payer, *hints).filter(is_hidden)}
    for name in PROVENANCE:
        hidden[name] = rows[name].filter(is_hidden)
    accounts = pa.concat_tables([accounts, pa.table(hidden)], promote_options="default")

    for name in ("kind", "covered"):
        if name not in accounts.column_names:
            kind = SCHEMA["accounts"].columns[name].type
            accounts = accounts.append_column(name, pa.nulls(accounts.num_rows, kind))
    ids = accounts["account_id"]
    is_own = pc.is_in(ids, value_set=own)
    is_other = pc.and_not(pc.is_in(ids, value_set=pc.unique(other)), is_own)
    standing = pa.nulls(len(ids), TEXT)
    for begins, kind in _STANDING.items():
        standing = pc.if_else(pc.and_(is_other, pc.starts_with(ids, begins)), kind, standing)
    standing = pc.if_else(pc.and_(is_other, pc.equal(ids, "tax")), "tax", standing)
    covered = pc.if_else(is_own, True, pc.if_else(is_other, False, pa.scalar(None, pa.bool_())))
    for name, said in (("kind", standing), ("covered", covered)):
        column = pc.coalesce(accounts[name], said)
        accounts = accounts.set_column(accounts.column_names.index(name), name, column)
    return accounts


def _set_aside(parts: Sequence[Checked]) -> dict[str, pa.Table]:
    """The rows that were read and are no movement, of all parts, by table."""
    names = sorted({name for part in parts for name in part.set_aside})
    together = {}
    for name in names:
        rows = [part.set_aside[name] for part in parts if name in part.set_aside]
        table = pa.concat_tables(rows, promote_options="permissive")
        keys = [(key, "ascending") for key in PROVENANCE if key in table.column_names]
        together[f"set_aside_{name}"] = table.sort_by(keys) if keys else table
    return together
