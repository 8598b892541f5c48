"""Settling: what all sources of a case say together, derived anew from what each of them gave.

Nothing here depends on which source came first: a case is a function of the set of its files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.mirrors import Paired, local_days, midnights, pair
from graphflow.tables import PROVENANCE, Checked, JoinReport, Note, Tables, Tally, join_parts, sums
from graphflow.tables.join import resolve

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
    further: Mapping[str, Mapping[str, str | None]]
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
        tallies["transfers"] = _counted(tallies["transfers"].moved("loaded", "duplicates", *mirrors), paired)
        listed["possible_mirrors"] = paired.possible
        stated = tables.arrow("coverage")
        coverage = infer_coverage(parts, stated, other_numbers(tables.stored["accounts"]), timezone=timezone)
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
        report.further,
        report.notes,
    )


def _counted(tally: Tally, paired: Paired) -> Tally:
    """The tally, with what is loaded counted afresh from the rows: that it closes is then a finding."""
    rows = paired.transfers
    loaded = sums(rows["amount"], rows["currency"])
    return replace(
        tally,
        rows={**tally.rows, "loaded": rows.num_rows},
        money={**tally.money, "loaded": loaded},
    )


def infer_coverage(
    parts: Sequence[Checked], stated: pa.Table | None, names: Mapping[str, str], *, timezone: str
) -> pa.Table:
    """The coverage table with a period for each statement that states none: its first to its last local day.

    A statement is one account's own rows in one file, those among them that another file has, too.

    Parameters
    ----------
    parts
        The sources; of each, the one-sided rows.
    stated
        The periods that the sources state.
    names
        The account for which another number in the sources stands.
    timezone
        In which days are counted.

    Returns
    -------
    pyarrow.Table
        `stated` and, with ``inferred`` true, the periods inferred.
    """
    rows = [_own_days(part.tables["transfers"], timezone) for part in parts if _is_statement(part)]
    days = pa.concat_tables(rows)
    if names:
        own = days["account_id"].combine_chunks()
        place = pc.index_in(own, value_set=pa.array(list(names), TEXT))
        days = days.set_column(
            0, "account_id", pc.coalesce(pa.array(list(names.values()), TEXT).take(place), own)
        )
    spans = days.group_by(["account_id", "source_file"]).aggregate([("first", "min"), ("last", "max")])
    if stated is not None and stated.num_rows:
        keys = stated.select(["account_id", "source_file"]).append_column(
            "known", pa.repeat(pa.scalar(True), stated.num_rows)
        )
        keys = keys.group_by(["account_id", "source_file"]).aggregate([("known", "max")])
        spans = spans.join(keys, ["account_id", "source_file"], join_type="left anti")
    spans = spans.sort_by(
        [(name, "ascending") for name in ("account_id", "first_min", "last_max", "source_file")]
    )
    moment = pa.timestamp("us", "UTC")
    count = spans.num_rows
    yes = pa.repeat(pa.scalar(True), count)
    inferred = pa.table(
        {
            "account_id": spans["account_id"].cast(TEXT),
            "from": pa.array(midnights(spans["first_min"].to_numpy(), timezone)).cast(moment),
            "from_day": yes,
            "to": pa.array(midnights(spans["last_max"].to_numpy(), timezone)).cast(moment),
            "to_day": yes,
            "source": pa.repeat(pa.scalar("statement", TEXT), count),
            "inferred": pa.repeat(pa.scalar("true", TEXT), count),
            "source_file": spans["source_file"].cast(TEXT),
            "source_sheet": pa.nulls(count, TEXT),
            "source_row": pa.nulls(count, pa.int64()),
        }
    )
    return inferred if stated is None else pa.concat_tables([stated, inferred], promote_options="default")


def _is_statement(part: Checked) -> bool:
    rows = part.tables.get("transfers")
    return rows is not None and "statement_side" in rows.column_names and rows.num_rows > 0


def _own_days(transfers: pa.Table, timezone: str) -> pa.Table:
    """The first and last local day of each account's own rows in one file."""
    rows = transfers.filter(pc.is_valid(transfers["statement_side"]))
    moments = np.asarray(rows["time"].cast(pa.int64()).to_numpy(), np.int64)
    days = pa.array(local_days(moments, timezone))
    own = pc.if_else(pc.equal(rows["statement_side"], "source"), rows["source"], rows["target"])
    table = pa.table(
        {"account_id": own.cast(TEXT), "source_file": rows["source_file"].cast(TEXT), "day": days}
    )
    spans = table.group_by(["account_id", "source_file"]).aggregate([("day", "min"), ("day", "max")])
    return spans.select(["account_id", "source_file", "day_min", "day_max"]).rename_columns(
        ["account_id", "source_file", "first", "last"]
    )


def other_numbers(accounts: pa.Table) -> dict[str, str]:
    """The account for which each other number (a card's, say) stands, as the sources together say.

    Examples
    --------
    >>> other_numbers(pa.table({"account_id": ["A", "B"], "aliases": ["card;old", None]}))
    {'card': 'A', 'old': 'A'}
    """
    claims: dict[str, set[str]] = {}
    if "aliases" in accounts.column_names:
        known = accounts.filter(pc.is_valid(accounts["aliases"])).select(["account_id", "aliases"])
        for row in known.to_pylist():
            for number in row["aliases"].split(";"):
                if number != row["account_id"]:
                    claims.setdefault(number, set()).add(row["account_id"])
    return resolve(claims)[0]


def mark_covered(accounts: pa.Table, transfers: pa.Table) -> pa.Table:
    """The accounts: covered where their own statement was read, not where only those of others show them."""
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
    """What the joining found, by kind, the placeholders of unknown other sides apart from other additions."""
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
