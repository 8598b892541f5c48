"""A part of a case, compiled by itself: the rows of some accounts, in another order or otherwise changed.

One account's history is independent of every other's. So a question that reaches only some accounts gets the
same answer from their rows alone, and the same question can be asked of what these rows would be in another
order, without one of them, or held by others, at the cost of these rows and not of the case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow import sets
from graphflow.case import Case
from graphflow.kernels.index import index_by
from graphflow.ledger import compile_ledger
from graphflow.ledger.columns import positions, texts
from graphflow.ledger.form import Ledger
from graphflow.ledger.gaps import find_gaps
from graphflow.tables import Tables

Ints = NDArray[np.int64]

COMPILED = (
    "transfer_id", "time", "time_day", "target_time", "target_time_day", "sequence", "source_sequence",
    "target_sequence", "source", "target", "amount", "currency", "target_amount", "target_currency",
    "source_balance", "target_balance", "reversal_of", "fee_of", "clearing_id", "order_id", "loan_id",
    "product_id",
)  # fmt: skip
"""The columns of the transfers from which a ledger is compiled and references are found."""


@dataclass(frozen=True)
class Change:
    """What is supposed to be otherwise than the tables say.

    Attributes
    ----------
    leave_out
        Transfers that are supposed not to be there.
    holder
        By account, the account whose holder is supposed to hold it too.
    reversal_of
        By transfer, the one that it is supposed to reverse; None: none.
    spare
        How many minor units more than it must have every opening is supposed to have that is not known.
    only
        The accounts of which statements are supposed to be held, no others; None: as the tables say. Money
        stops at all others.
    paid_to
        By transfer, the account that it is supposed to be paid to; what reverses it comes from there.
    until
        Transfers later than this (microseconds of UTC) are supposed not to be there; None: all are.
    """

    leave_out: frozenset[str] = frozenset()
    holder: Mapping[str, str] = field(default_factory=dict)
    reversal_of: Mapping[str, str | None] = field(default_factory=dict)
    spare: int = 0
    only: frozenset[str] | None = None
    paid_to: Mapping[str, str] = field(default_factory=dict)
    until: int | None = None


class Surroundings:
    """What excerpts of one case need, read once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.ledger: Ledger = case.ledger
        stored = case.tables
        transfers = stored.arrow("transfers", COMPILED)
        assert transfers is not None
        self.transfers = transfers
        self._accounts = stored.arrow("accounts")
        coverage, parties = stored.arrow("coverage"), stored.arrow("parties")
        self.coverage, self.parties = coverage, parties
        ids = self.ledger.account_ids
        self._account_row = np.full(len(ids), -1, np.int64)
        if self._accounts is not None:
            self._account_row[positions(texts(self._accounts, "account_id"), ids)] = np.arange(
                len(self._accounts)
            )
        self._links = self._reversals()
        self._gaps: Ints | None = None
        self._undone = self._without_steps()

    def _reversals(self) -> Ints:
        """Pairs of a reversal and what it says that it reverses, as rows."""
        links = texts(self.transfers, "reversal_of")
        if links is None:
            return np.zeros((0, 2), np.int64)
        said = np.flatnonzero(links.is_valid().to_numpy(zero_copy_only=False))
        original = positions(links.take(pa.array(said)), texts(self.transfers, "transfer_id"))
        place = np.empty(self.ledger.size, np.int64)
        place[self.ledger.rows["origin"]] = np.arange(self.ledger.size)
        known = original >= 0
        return np.column_stack((place[said[known]], place[original[known]]))

    def _without_steps(self) -> tuple[Ints, Ints]:
        """Rows that were undone, of which there is no step, by both of their accounts."""
        ledger = self.ledger
        if len(ledger.row_pointer) == 0:
            return np.zeros(len(ledger.account_ids) + 1, np.int64), np.zeros(0, np.int64)
        rows = np.flatnonzero(np.diff(ledger.row_pointer) == 0)
        of = ledger.rows[rows]
        keys = np.concatenate((of["source"], of["target"]))
        pointer, places = index_by(np.ascontiguousarray(keys), len(ledger.account_ids))
        return pointer, np.concatenate((rows, rows))[places]

    @property
    def gaps(self) -> Ints:
        """Withdrawals and deposits, as rows, that are taken to be the same cash; found once."""
        if self._gaps is None:
            self._gaps = find_gaps(self.case.tables, self.ledger)
        return self._gaps

    def rows_of(self, accounts: Ints, more: Ints, over_gaps: bool) -> Ints:
        """All rows that touch the accounts, some more, and those that undo or are undone by any of these, or
        are the other half of a gap of cash.
        """
        ledger = self.ledger
        links = np.concatenate((self._links, self.gaps)) if over_gaps else self._links
        found: list[Ints] = [more]
        pointer, undone = self._undone
        for account in accounts.tolist():
            pots = ledger.pots_of(account)
            for index in (ledger.debits, ledger.credits):
                steps = index.steps[int(index.pointer[pots.start]) : int(index.pointer[pots.stop])]
                found.append(ledger.steps["row"][steps].astype(np.int64))
            found.append(undone[int(pointer[account]) : int(pointer[account + 1])])
        rows = sets.unique(np.concatenate(found))
        while len(links):
            linked = links[np.isin(links, rows).any(axis=1)]
            more = sets.union(rows, linked)
            if more.size == rows.size:
                break
            rows = more
        return rows

    def excerpt(self, accounts: Ints, more: Ints, over_gaps: bool = False) -> Excerpt:
        """All rows of these accounts (as the ledger numbers them), and some more; ``over_gaps``: cash that is
        withdrawn and paid in again is joined.
        """
        return Excerpt(self, sets.unique(accounts), more, over_gaps)


class Excerpt:
    """The rows of some accounts, ready to be compiled.

    Attributes
    ----------
    whole : int64
        The accounts of which all rows are here, as the case's ledger numbers them. Of others only rows that
        these share: what such an account holds is not known here.
    rows : int64
        The rows, as the case's ledger numbers them: row ``i`` of the excerpt's table is ``rows[i]``.
    accounts : int64
        All accounts of these rows: account ``i`` of the excerpt's ledger is ``accounts[i]``.
    events : int64
        The events of these rows in the order that is shown: twice the row of the case, plus 1 for an arrival.
    """

    def __init__(self, around: Surroundings, whole: Ints, more: Ints, over_gaps: bool) -> None:
        ledger = around.ledger
        self.around, self.whole, self.over_gaps = around, whole, over_gaps
        self.rows = around.rows_of(whole, more, over_gaps)
        of = ledger.rows[self.rows]
        self.accounts: Ints = sets.union(sets.union(of["source"], of["target"]), whole).astype(np.int64)
        arrives = ledger.arrivals[np.isin(ledger.arrivals[:, 0], self.rows)]
        # a row leaves at an odd place, what arrives behind so many of them at an even one
        key = np.concatenate((2 * self.rows + 1, 2 * arrives[:, 1]))
        code = np.concatenate((2 * self.rows, 2 * arrives[:, 0] + 1))
        self.events: Ints = code[np.argsort(key, kind="stable")]
        self._tables = self._cut()

    def _cut(self) -> dict[str, pa.Table]:
        """The tables, cut down to what these rows need."""
        around, ledger = self.around, self.around.ledger
        cut = {"transfers": around.transfers.take(pa.array(ledger.rows["origin"][self.rows]))}
        rows = around._account_row[self.accounts]
        ids = ledger.account_ids.take(pa.array(self.accounts))
        if around._accounts is None:
            cut["accounts"] = pa.table({"account_id": ids})
        else:
            cut["accounts"] = around._accounts.take(pa.array(rows))
            # an account that only rows name has no row of its own in a bare case
            cut["accounts"] = cut["accounts"].set_column(
                cut["accounts"].column_names.index("account_id"), "account_id", ids
            )
        if around.coverage is not None:
            own = pc.is_in(around.coverage["account_id"], value_set=ids.cast(pa.large_string()))
            cut["coverage"] = around.coverage.filter(own)
        if around.parties is not None and "party_id" in cut["accounts"].column_names:
            held = cut["accounts"]["party_id"].combine_chunks().cast(pa.large_string())
            cut["parties"] = around.parties.filter(pc.is_in(around.parties["party_id"], value_set=held))
        return cut

    def case(self, events: Ints | None = None, change: Change | None = None) -> Case:
        """These rows as a case of their own.

        Parameters
        ----------
        events
            In which order, as in `events`; None: as shown.
        change
            What is supposed to be otherwise.
        """
        tables, events = dict(self._tables), self.events if events is None else events
        rows = self.rows
        spare = 0
        stated = bool(self.around.ledger.coverage_stated)
        if change is not None:
            tables, rows = self._changed(tables, change)
            spare = change.spare
            stated |= change.only is not None
        place = np.searchsorted(rows, events >> 1)
        here = place < rows.size
        here[here] = rows[place[here]] == events[here] >> 1
        place, second = place[here], (events[here] & 1) > 0
        # compiling numbers the arrivals behind the rows, by row
        arriving = np.sort(place[second])
        order = np.where(second, rows.size + np.searchsorted(arriving, place), place)
        base = self.around.case.tables
        part = Tables(_Instead(tables, base.stored), base.currency, base.timezone, base.minor_units)
        case = Case(part)
        gaps = None
        if self.over_gaps:
            both = self.around.gaps
            both = both[np.isin(both, rows).all(axis=1)]
            gaps = np.searchsorted(rows, both)
        case.__dict__["ledger"] = compile_ledger(part, order=order, stated=stated, gaps=gaps, spare=spare)
        return case

    def _changed(self, tables: dict[str, pa.Table], change: Change) -> tuple[dict[str, pa.Table], Ints]:
        transfers, accounts, rows = tables["transfers"], tables["accounts"], self.rows
        if change.reversal_of:
            named = transfers["transfer_id"].to_pylist()
            links = (
                transfers["reversal_of"].to_pylist()
                if "reversal_of" in transfers.column_names
                else [None] * len(named)
            )
            said = [change.reversal_of.get(name, link) for name, link in zip(named, links, strict=True)]
            transfers = _with(transfers, "reversal_of", said)
        if change.until is not None:
            kept = np.flatnonzero(self.around.ledger.rows["time"][rows] <= change.until)
            transfers, rows = transfers.take(pa.array(kept)), rows[kept]
        if change.leave_out:
            gone = pc.is_in(
                transfers["transfer_id"], value_set=pa.array(list(change.leave_out), pa.large_string())
            )
            kept = np.flatnonzero(~gone.to_numpy(zero_copy_only=False))
            transfers, rows = transfers.take(pa.array(kept)), rows[kept]
        if change.paid_to:
            transfers = _paid_otherwise(transfers, change.paid_to)
            named = pa.array(sorted(set(change.paid_to.values())), pa.large_string())
            new = named.filter(pc.invert(pc.is_in(named, value_set=accounts["account_id"].combine_chunks())))
            accounts = pa.concat_tables([accounts, pa.table({"account_id": new})], promote_options="default")
        if change.only is not None:
            accounts = self._held_only(accounts, change.only)
        if change.holder:
            accounts = _with(accounts, "party_id", list(self._holders(accounts, change)))
        return {**tables, "transfers": transfers, "accounts": accounts}, rows

    def _held_only(self, accounts: pa.Table, only: frozenset[str]) -> pa.Table:
        """Accounts, those alone covered of which statements are supposed to be held."""
        held = pc.is_in(accounts["account_id"], value_set=pa.array(sorted(only), pa.large_string()))
        said = (
            accounts["covered"] if "covered" in accounts.column_names else pa.nulls(len(accounts), pa.bool_())
        )
        if not self.around.ledger.coverage_stated:  # nobody says anything: all count as covered
            said = pa.array([True]).take(pa.array(np.zeros(len(accounts), np.int64)))
        covered = pc.if_else(held, said, False)
        if "covered" in accounts.column_names:
            return accounts.set_column(accounts.column_names.index("covered"), "covered", covered)
        return accounts.append_column("covered", covered)

    def _holders(self, accounts: pa.Table, change: Change) -> Iterator[str | None]:
        """Who is supposed to hold each account: an account without a party is its own."""
        ledger = self.around.ledger

        def holder(account: str) -> str | None:
            number = ledger.account(account)
            party = int(ledger.account_party[number])
            return str(ledger.party_ids[party].as_py()) if party >= 0 else None

        shared: dict[str, str] = {}
        for account, other in change.holder.items():
            name = shared.get(other) or holder(other) or shared.get(account) or holder(account)
            name = name or f"{other}+{account}"
            shared[account] = name
            shared.setdefault(other, name)
        for name in accounts["account_id"].to_pylist():
            yield shared.get(name) or holder(name)


class _Instead(Mapping[str, pa.Table]):
    """Tables, some of them instead of others."""

    def __init__(self, tables: Mapping[str, pa.Table], others: Mapping[str, pa.Table]) -> None:
        self._tables, self._others = tables, others

    def __getitem__(self, name: str) -> pa.Table:
        return self._tables[name] if name in self._tables else self._others[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tables or name in self._others

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._others), **self._tables})

    def __len__(self) -> int:
        return len(list(iter(self)))


def _paid_otherwise(transfers: pa.Table, paid_to: Mapping[str, str]) -> pa.Table:
    """Transfers, some of them paid to other accounts; a reversal of one comes from there."""
    known = pa.array(list(paid_to), pa.large_string())
    accounts = pa.array(list(paid_to.values()), pa.large_string())
    for by, side in (("transfer_id", "target"), ("reversal_of", "source")):
        if by in transfers.column_names:
            other = accounts.take(
                pc.index_in(transfers[by].combine_chunks().cast(known.type), value_set=known)
            )
            put = pc.coalesce(other, transfers[side].combine_chunks().cast(known.type))
            transfers = transfers.set_column(transfers.column_names.index(side), side, put)
    return transfers


def _with(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    """A table with one column of texts replaced or added."""
    column = pa.array(values, pa.large_string())
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, column)
    return table.append_column(name, column)


def surroundings(case: Case) -> Surroundings:
    """What excerpts of a case need, read once and kept with it."""
    kept = case.__dict__.get("_surroundings")
    if kept is None:
        kept = case.__dict__["_surroundings"] = Surroundings(case)
    return kept


def settled(
    case: Case,
    start: Ints,
    rows: Ints,
    ask: Callable[[Excerpt], tuple[Any, Ints]],
    over_gaps: bool = False,
) -> Any:
    """Ask excerpts that grow until the answer's money is in no account of which rows are missing.

    Parameters
    ----------
    start, rows
        The accounts to begin with, and rows that are needed besides theirs, as the ledger numbers them.
    ask
        Answers from an excerpt, and says which accounts its money was in.
    """
    accounts = sets.unique(start)
    while True:
        answer, reached = ask(surroundings(case).excerpt(accounts, rows, over_gaps))
        grown = sets.union(accounts, reached)
        if grown.size == accounts.size:
            return answer
        accounts = grown
