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
from graphflow.tables import PROVENANCE, Checked, JoinReport, Note, Tables, Tally, join_parts, sums

TEXT = pa.large_string()


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
    listed = _listed(report, parts)
    mirrors: tuple[int, Mapping[str, int]] = (0, {})
    transfers = tables.arrow("transfers")
    if transfers is not None and tables.has("transfers", "statement_side"):
        paired = pair(transfers, timezone=timezone)
        gone = transfers.filter(pa.array(paired.merged_into >= 0))
        mirrors = (gone.num_rows, sums(gone["amount"], gone["currency"]))
        tallies["transfers"] = tallies["transfers"].moved("loaded", "duplicates", *mirrors)
        listed["possible_mirrors"] = paired.possible
        coverage = infer_coverage(transfers, tables.arrow("coverage"), timezone=timezone)
        tables = tables.with_table("accounts", mark_covered(tables.stored["accounts"], transfers))
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


def mark_covered(accounts: pa.Table, transfers: pa.Table) -> pa.Table:
    """The accounts: covered where their own statement was read, not covered where only others' show them."""
    rows = transfers.filter(pc.is_valid(transfers["statement_side"]))
    is_payer = pc.equal(rows["statement_side"], "source")
    own = pc.unique(pc.if_else(is_payer, rows["source"], rows["target"]))
    other = pc.unique(pc.if_else(is_payer, rows["target"], rows["source"]))
    ids = accounts["account_id"]
    no_word = pa.scalar(None, pa.bool_())
    seen = pc.if_else(pc.is_in(ids, value_set=other), pa.scalar(False), no_word)
    covered = pc.if_else(pc.is_in(ids, value_set=own), pa.scalar(True), seen)
    if "covered" not in accounts.column_names:
        return accounts.add_column(accounts.column_names.index("source_file"), "covered", covered)
    column = pc.coalesce(accounts["covered"], covered)
    return accounts.set_column(accounts.column_names.index("covered"), "covered", column)


def _listed(report: JoinReport, parts: Sequence[Checked]) -> dict[str, pa.Table]:
    """What the joining found, by kind. The placeholders of unknown other sides are told from other additions."""
    listed = {"conflicts": report.conflicts, "dangling": report.dangling, "excess": report.excess}
    for name, rows in report.added.items():
        is_unknown = pc.starts_with(rows["key"], "?:")
        listed[f"added_{name}"] = rows.filter(pc.invert(is_unknown))
        if name == "accounts":
            listed["unknown_sides"] = rows.filter(is_unknown)
    return listed | _set_aside(parts)


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
