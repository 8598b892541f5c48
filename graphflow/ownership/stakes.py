"""The stakes in force at a date, as arrays: who holds what of whom, in cash and in votes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import InputError, Problem, UsageError
from graphflow.language import N_
from graphflow.rows import Moment, local_time, moment, party_named
from graphflow.tables.columns import EVER, marked, one, periods
from graphflow.tables.schema import SHARE_DIGITS

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.tables import Tables

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

WHOLE = 10**SHARE_DIGITS
"""All of a company: shares and votes are parts per billion."""

KEPT = 4
"""Moments whose stakes a case keeps at least: those of a million parties take a tenth of a gibibyte."""

KEPT_PARTIES = 2_000_000
"""Of small cases more moments are kept, of so many parties together: who is related is asked at dozens."""

# Those whose holders decide nothing: the manager or trustee does.
RUN_BY_OTHERS = ("contract_fund", "trust")


@dataclass(frozen=True)
class Stakes:
    """The stakes in force at a moment, ordered by company; parties are numbered as they stand in their table.

    A stake of a nominee is its principal's. A company's stake in itself is nobody's: the others have the
    whole of what is left.

    Attributes
    ----------
    ids, kinds
        Of the parties; a kind is empty where it is unknown.
    at
        The moment, in microseconds; what ends at it has ended.
    pointer, owners
        Stakes by company: those in party ``j`` are ``pointer[j]`` to ``pointer[j + 1]``.
    least, most
        Of each stake: its share in parts of `whole`; they differ where the share is a range, or is not known.
    votes_least, votes_most
        The same for votes.
    rows
        The stake's row in the table.
    nominees
        The party that holds it for the owner; -1 for none.
    whole, votes
        Of each party: the parts that its owners have together, and the votes that can be cast.
    """

    case: Case = field(repr=False)
    ids: pa.Array = field(repr=False)
    kinds: npt.NDArray[np.object_] = field(repr=False)
    at: int
    pointer: Ints = field(repr=False)
    owners: Numbers = field(repr=False)
    least: Ints = field(repr=False)
    most: Ints = field(repr=False)
    votes_least: Ints = field(repr=False)
    votes_most: Ints = field(repr=False)
    rows: Ints = field(repr=False)
    nominees: Numbers = field(repr=False)
    whole: Ints = field(repr=False)
    votes: Ints = field(repr=False)

    @property
    def tables(self) -> Tables:
        """The tables of the case."""
        return self.case.tables

    @property
    def said_at(self) -> str:
        """The moment as a person writes it, in the zone of the case; empty where the case knows of none."""
        if self.at in (0, int(EVER)):
            return ""
        return local_time(self.at, self.tables.timezone).isoformat(sep=" ", timespec="seconds")

    @property
    def size(self) -> int:
        """How many parties there are."""
        return len(self.ids)

    @cached_property
    def companies(self) -> Numbers:
        """The company of each stake."""
        return np.repeat(np.arange(self.size, dtype=np.int32), np.diff(self.pointer))

    @cached_property
    def places(self) -> Ints:
        """Scratch for `kernels.shares.upstream`: all -1 between two questions."""
        return np.full(self.size, -1, np.int64)

    def name(self, number: int) -> str:
        """The id of a party."""
        return str(self.ids[int(number)].as_py())

    def owners_of(self, company: int) -> tuple[dict[str, int], int]:
        """What each owner of a company has of it at least, by its id; and what of it no stake names."""
        own = slice(int(self.pointer[company]), int(self.pointer[company + 1]))
        found = together(self.owners[own].tolist(), self.least[own].tolist())
        rest = int(self.whole[company]) - sum(found.values())
        return {self.name(owner): part for owner, part in found.items()}, max(rest, 0)

    def with_wholes(self) -> Stakes:
        """The same, each company whose stakes are more than the whole taken to be what they add up to."""

        def at_least(whole: Ints, parts: Ints) -> Ints:
            total = np.zeros(self.size, np.int64)
            np.add.at(total, self.companies, parts)
            return np.maximum(whole, total)

        return replace(
            self,
            whole=at_least(self.whole, self.least),
            votes=at_least(self.votes, self.votes_least),
        )


def together(owners: Iterable[int], parts: Iterable[int]) -> dict[int, int]:
    """What each owner has, several stakes of one together."""
    found: dict[int, int] = {}
    for owner, part in zip(owners, parts, strict=True):
        found[owner] = found.get(owner, 0) + part
    return found


def stakes_of(case: Case, as_of: Moment | None = None) -> Stakes:
    """The stakes in force at a date.

    Parameters
    ----------
    as_of
        A stake is in force from its `since` until its `until`, which it does not reach; a bare date means the
        end of that local day. None: the last moment of which the case knows anything (a transfer, a stake or
        a relation that begins), never today.
    """
    tables = case.tables
    return stakes_at(
        case, last_moment(tables) if as_of is None else moment(as_of, tables.timezone, "as_of")[1]
    )


def stakes_at(case: Case, at: int | None) -> Stakes:
    """The stakes in force at a moment, in microseconds; None: all that there ever were.

    A case keeps those of the last few moments.
    """
    known: dict[int | None, Stakes] = case.__dict__.setdefault("_stakes", {})
    found = known.get(at)
    if found is None:
        found = known[at] = _build(case, at)
        most = max(KEPT, KEPT_PARTIES // max(found.size, 1))
        for oldest in list(known)[:-most]:
            known.pop(oldest, None)
    return found


def last_moment(tables: Tables) -> int:
    """The last moment of which a case knows anything, in microseconds; 0 where it knows of none."""
    found = [0]
    for table, columns in (
        ("transfers", ("time", "target_time")),
        ("stakes", ("since",)),
        ("relations", ("since",)),
        ("holdings", ("start", "as_of")),
        ("subscriptions", ("time", "redeemed")),
    ):
        rows = tables.arrow(table, (*columns, *(f"{column}_day" for column in columns)))
        for column in columns:
            if rows is not None and column in rows.column_names:
                last = pc.max(rows[column].cast(pa.int64())).as_py()
                if last is not None:
                    found.append(last)
    return max(found)


def in_force(rows: pa.Table, at: int) -> Flags:
    """Which rows with a `since` and an `until` hold at a moment; at `EVER` every one."""
    if at == EVER:
        return np.ones(rows.num_rows, np.bool_)
    since, until = periods(rows)
    held: Flags = (since <= at) & (until > at)
    return held


def is_indirect(rows: pa.Table) -> Flags:
    """Which rows declare what somebody has through others: no stakes, but statements to compare with them."""
    return marked(rows, "indirect")


def numbers_of(values: Any, ids: pa.Array) -> Numbers:
    """The numbers of parties by their ids."""
    found = pc.index_in(one(values), value_set=ids)
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int32)


def bounds_of(rows: pa.Table) -> tuple[Ints, Ints]:
    """The least and the most of each share: one figure, a range, or anything."""
    n = rows.num_rows

    def column(name: str) -> tuple[Ints, Flags]:
        if name not in rows.column_names:
            return np.zeros(n, np.int64), np.zeros(n, np.bool_)
        values = one(rows[name])
        known = np.asarray(values.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        return np.asarray(pc.fill_null(values, 0).to_numpy(zero_copy_only=False), np.int64), known

    share, stated = column("share")
    low, has_low = column("share_min")
    high, has_high = column("share_max")
    least = np.where(stated, share, np.where(has_low, low, 0))
    most = np.where(stated, share, np.where(has_high, high, WHOLE))
    return least, np.maximum(most, least)


def _votes(rows: pa.Table, kinds: npt.NDArray[np.object_], shares: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """The votes of each stake: as stated, else as its share, but for partnerships, funds and trusts."""
    least, most = shares[0].copy(), shares[1].copy()
    partner = kinds == "partnership"
    if partner.any():
        kind = np.full(rows.num_rows, "", object)
        if "class" in rows.column_names:
            kind = np.asarray(pc.fill_null(one(rows["class"]), "").to_numpy(zero_copy_only=False), object)
        general, limited = kind == "general_partner", kind == "limited_partner"
        least = np.where(partner, np.where(general, WHOLE, 0), least)
        most = np.where(partner, np.where(limited, 0, WHOLE), most)
    others = np.isin(kinds.astype(str), RUN_BY_OTHERS)
    least, most = np.where(others, 0, least), np.where(others, 0, most)
    if "votes" in rows.column_names:
        values = one(rows["votes"])
        known = np.asarray(values.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        stated = np.asarray(pc.fill_null(values, 0).to_numpy(zero_copy_only=False), np.int64)
        least, most = np.where(known, stated, least), np.where(known, stated, most)
    return least, most


def _build(case: Case, at: int | None) -> Stakes:
    tables = case.tables
    parties = tables.arrow("parties", ("party_id", "kind"))
    rows = tables.arrow("stakes")
    if parties is None:
        ids, kinds = pa.array([], pa.large_string()), np.array([], object)
    else:
        ids = one(parties["party_id"])
        kinds = np.asarray(pc.fill_null(one(parties["kind"]), "").to_numpy(zero_copy_only=False), object)
    size = len(ids)
    if rows is None or parties is None:
        rows = pa.table(
            {"owner_id": pa.array([], pa.large_string()), "company_id": pa.array([], pa.large_string())}
        )
    in_date = np.ones(rows.num_rows, np.bool_) if at is None else in_force(rows, at)
    held = np.flatnonzero(in_date & ~is_indirect(rows))
    if held.size < rows.num_rows:
        rows = rows.take(pa.array(held))
    owners, companies = numbers_of(rows["owner_id"], ids), numbers_of(rows["company_id"], ids)
    if owners.size and min(owners.min(), companies.min()) < 0:
        raise InputError(Problem("stakes", N_("some name a party that the case does not have")))
    nominees = np.full(owners.size, -1, np.int32)
    if "nominee_for" in rows.column_names:
        behind = numbers_of(rows["nominee_for"], ids)
        nominees = np.where(behind >= 0, owners, nominees)
        owners = np.where(behind >= 0, behind, owners)
    shares = bounds_of(rows)
    votes = _votes(rows, kinds[companies], shares)
    order = np.argsort(companies, kind="stable")
    owners, companies, nominees, held = owners[order], companies[order], nominees[order], held[order]
    least, most = shares[0][order], shares[1][order]
    votes_least, votes_most = votes[0][order], votes[1][order]
    own = owners == companies
    own_shares, mute = np.zeros(size, np.int64), np.zeros(size, np.int64)
    np.add.at(own_shares, companies[own], least[own])
    np.add.at(mute, companies[own], votes_least[own])
    keep = ~own
    return Stakes(
        case,
        ids,
        kinds,
        int(EVER) if at is None else at,
        pointer_to(companies[keep], size),
        owners[keep],
        least[keep],
        most[keep],
        votes_least[keep],
        votes_most[keep],
        held[keep].astype(np.int64),
        nominees[keep],
        np.maximum(WHOLE - own_shares, 1),
        np.maximum(WHOLE - mute, 1),
    )


def pointer_to(numbers: Any, size: int) -> Ints:
    """Where each number begins in a sorted list of them."""
    pointer = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(numbers, minlength=size), out=pointer[1:])
    return pointer


def party_number(stakes: Stakes, name: str, where: str = "party") -> int:
    """The number of a party that a user names: by its id, by ``party:ID``, or by a name that no other has.

    Raises
    ------
    UsageError
        For a name that no party has, or that several have.
    """
    for wanted in (name, name.removeprefix("party:").strip('"')):
        found = pc.index(stakes.ids, pa.scalar(wanted, stakes.ids.type)).as_py()
        if found >= 0:
            return int(found)
    known = party_named(stakes.tables, name.removeprefix("party:").strip('"'), where)
    return int(pc.index(stakes.ids, pa.scalar(known, stakes.ids.type)).as_py())


def party_numbers(stakes: Stakes, **wanted: str) -> tuple[int, ...]:
    """The numbers of several parties, each by the argument that names it; see `party_number`.

    Raises
    ------
    UsageError
        With all the names at once that no party has, or that several have.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> party_numbers(stakes_of(holders.o5()), one="X", other="Y")
    Traceback (most recent call last):
    ...
    graphflow.errors.UsageError: one: no party has this id or name; given: X
    other: no party has this id or name; given: Y
    """
    numbers: list[int] = []
    problems: list[Problem] = []
    for where, name in wanted.items():
        try:
            numbers.append(party_number(stakes, name, where))
        except UsageError as error:
            problems += error.problems
    if problems:
        raise UsageError(*problems)
    return tuple(numbers)
