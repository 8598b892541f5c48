"""Chains as they are told: streamed, by the names of accounts or parties, ordered, and summed into routes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.ledger.form import Ledger
from graphflow.tables.result import as_frame
from graphflow.tracing.chains import Batch, Chains
from graphflow.tracing.holders import Holders

if TYPE_CHECKING:
    from graphflow.case import Case

Ints = NDArray[np.int64]

ORDERS = ("amount", "hops", "speed", "found")
"""What chains can be ordered by."""

ROUTES = {"account": "accounts", "party": "parties", "institution": "institutions", "product": "products"}
"""What routes can be by, and the column that names what they pass."""

NEVER = -(2**62)


class Chain(NamedTuple):
    """One sequence of transfers, each funded by the one before, with the amount that flowed all the way.

    ``account_id`` is where it ends; by party it is empty where that account has one, ``party_id`` then.
    ``inferred``: it goes over a gap of cash, from a withdrawal to a deposit.
    """

    amount: int
    hops: int
    transfers: tuple[str, ...]
    accounts: tuple[str, ...]
    kind: str
    account_id: str | None
    currency: str
    party_id: str | None = None
    inferred: bool = False


@dataclass(frozen=True)
class Told:
    """Some chains, those that are equal summed: of each its place in the batch, its amount in the seed's
    currency, its transfers after the seed, and its end by numbers.
    """

    batch: Batch
    which: Ints
    amount: Ints
    hops: Ints
    kind: Ints
    holder: Ints
    coin: Ints


class Telling:
    """The chains of one trace.

    Parameters
    ----------
    case
        The case, for what its accounts belong to.
    chains
        The chains, by number.
    holders
        Who is named: accounts or parties.
    kinds
        The words for ends, and what gives their numbers for codes and pots.
    backward
        Whether the question was asked backward: accounts are then named as the question goes.
    """

    def __init__(
        self,
        case: Case,
        chains: Chains,
        holders: Holders,
        kinds: tuple[tuple[str, ...], Callable[[Ints, Ints], Ints]],
        backward: bool,
    ) -> None:
        self._case = case
        self._ledger: Ledger = case.ledger
        self._chains, self._holders, self._backward = chains, holders, backward
        self._words, self._kinds = kinds

    # ---------------------------------------------------------------------- one by one
    def told(self) -> Iterator[Told]:
        """All chains, some at a time."""
        ledger, seeds = self._ledger, self._chains.seeds
        for batch in self._chains.batches():
            kind = self._kinds(batch.ends[:, 0], batch.ends[:, 1])
            holder = self._holders.of_pots(batch.ends[:, 1])
            coin = ledger.pots["currency"][batch.ends[:, 1]].astype(np.int64)
            hops = np.diff(batch.bounds) - (seeds[batch.ends[:, 4], 0] >= 0)
            amount = batch.ends[:, 3]
            which = np.arange(len(amount))
            path = batch.ends[:, 5]
            if (path[1:] == path[:-1]).any():
                # several compartments, or accounts of one party: chains of one path follow one another
                first = (path - path[0]) * self._holders.count + holder
                key = (first * len(self._words) + kind) * len(ledger.currencies) + coin
                _, which, inverse = np.unique(key, return_index=True, return_inverse=True)
                sums = np.zeros(which.size, np.int64)
                np.add.at(sums, inverse.ravel(), amount)
                order = np.argsort(which)
                which, amount = which[order], sums[order]
            yield Told(batch, which, amount, hops[which], kind[which], holder[which], coin[which])

    def chain(self, told: Told, i: int) -> Chain:
        """One of some chains."""
        ledger, batch, at = self._ledger, told.batch, int(told.which[i])
        rows = batch.rows[batch.bounds[at] : batch.bounds[at + 1]]
        name = self._holders.name
        holder = int(told.holder[i])
        party = self._holders.is_party(holder)
        return Chain(
            amount=int(told.amount[i]),
            hops=int(told.hops[i]),
            transfers=tuple(ledger.transfer_ids[int(row)].as_py() for row in rows),
            accounts=tuple(name(int(x)) for x in self._holders.of_accounts(self._passes(batch, at))),
            kind=self._words[told.kind[i]],
            account_id=None if party else name(holder),
            currency=ledger.currencies[told.coin[i]],
            party_id=self._holders.party_of(holder),
            inferred=bool(ledger.gaps) and self._over_gap(rows),
        )

    def _over_gap(self, rows: Ints) -> bool:
        """Whether money goes over a gap of cash between two of the transfers."""
        pairs = zip(rows[:-1].tolist(), rows[1:].tolist(), strict=True)
        return any(((b, a) if self._backward else (a, b)) in self._ledger.gaps for a, b in pairs)

    def _passes(self, batch: Batch, at: int, *, twice: bool = False) -> Ints:
        """The accounts that a chain passes; ``twice``: each as the one paid into and the one paid out of."""
        rows = batch.rows[batch.bounds[at] : batch.bounds[at + 1]]
        if rows.size == 0:  # money that never moved
            return self._ledger.pots["account"][batch.ends[at : at + 1, 1]].astype(np.int64)
        of = self._ledger.rows[rows]
        far, near = (of["target"], of["source"]) if self._backward else (of["source"], of["target"])
        if twice:
            return np.column_stack((far, near)).ravel().astype(np.int64)
        return np.concatenate((far[:1], near)).astype(np.int64)

    def all(self) -> Iterator[Chain]:
        """Chains one by one, as they are found."""
        for told in self.told():
            for i in range(len(told.which)):
                yield self.chain(told, i)

    # ---------------------------------------------------------------------- ordered
    def top(self, count: int | None, order: str) -> tuple[list[Chain], dict[str, int]]:
        """The first chains in an order, and what is left out: no more are kept than are asked for."""
        _refuse(order, ORDERS, "order", N_("chains cannot be ordered by {order}"))
        if count is not None and (
            isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 0
        ):
            raise UsageError(
                Problem("top", N_("not a whole number of chains"), {}, repr(count), "0, 1, 2, …")
            )
        seen = total = 0
        kept: list[tuple[tuple[int, int], Chain]] = []
        for told in self.told():
            rank = self._rank(told, order, seen)
            total += int(told.amount.sum())
            which = np.arange(rank.size)
            if count is not None:
                if count and len(kept) == count:  # of equal ones the first that was found stays
                    which = which[rank > kept[0][0][0]]
                which = np.sort(which[np.argsort(-rank[which], kind="stable")[:count]])
            for i in which.tolist():
                entry = ((int(rank[i]), -seen - i), self.chain(told, i))
                if count is None:
                    kept.append(entry)
                elif len(kept) < count:
                    heapq.heappush(kept, entry)
                elif entry[0] > kept[0][0]:
                    heapq.heapreplace(kept, entry)
            seen += rank.size
        kept.sort(key=lambda item: item[0], reverse=True)
        chains = [chain for _, chain in kept]
        left = {"count": seen - len(chains), "amount": total - sum(chain.amount for chain in chains)}
        return chains, left

    def _rank(self, told: Told, order: str, seen: int) -> Ints:
        """What is greater comes first."""
        if order == "amount":
            return told.amount
        if order == "hops":
            return told.hops
        if order == "speed":
            return np.where(told.hops > 0, -self._took(told), NEVER)
        return -seen - np.arange(told.which.size)

    def _took(self, told: Told) -> Ints:
        """The time between the leaving of the seed and the arrival of the last transfer, in microseconds;
        backward between the leaving of the last one and the arrival of the seed. Of balances of one account
        the first as the question goes counts.
        """
        ledger, batch = self._ledger, told.batch
        number = self._chains.seeds[:, 5]
        seeds = self._chains.seeds[np.searchsorted(number, number[batch.ends[told.which, 4]])]
        begins, ends = batch.bounds[told.which], batch.bounds[told.which + 1]
        rows = np.append(batch.rows, 0)  # where there is no transfer, any
        first = ledger.rows[rows[begins]]["arrives" if self._backward else "time"].copy()
        for i in np.flatnonzero(seeds[:, 0] < 0).tolist():
            place = int(seeds[i, 4])
            first[i] = time_of(ledger, len(ledger.steps) - 2 - place if self._backward else place)
        last = ledger.rows[rows[np.maximum(ends - 1, 0)]]["time" if self._backward else "arrives"]
        took: Ints = np.abs(last - first)
        return took

    # ---------------------------------------------------------------------- routes
    def routes(self, by: str | None, most: int) -> pd.DataFrame:
        """Chains summed over what they pass and where they end."""
        if by is not None:
            _refuse(by, tuple(ROUTES), "by", N_("routes are not by {by}"))
        view = "party" if self._holders.party else "account"
        if by == "account" and view == "party":
            problem = N_(
                "a question by party leaves transfers inside a party out: it has no routes by account"
            )
            raise UsageError(Problem("by", problem, {}, by, 'trace(..., by="account")'))
        column = "accounts" if by is None else ROUTES[by]
        by = by or view
        of, names = self._places(by)
        collapse, account = by != "account", by in ("account", "party")
        sums: dict[tuple[bytes, int, int, int], list[int]] = {}
        for told in self.told():
            for i, at in enumerate(told.which.tolist()):
                way = of[self._passes(told.batch, at, twice=collapse)]
                if collapse:  # one that follows itself counts once
                    way = way[np.append(True, way[1:] != way[:-1])]
                end = int(told.holder[i]) if account else -1
                key = (way.tobytes(), int(told.kind[i]), end, int(told.coin[i]))
                total = sums.get(key)
                if total is None:
                    total = sums[key] = [0, 0]
                    if len(sums) > most:
                        self._refuse_routes(most)
                total[0] += int(told.amount[i])
                total[1] += 1
        listed = []
        for (passing, kind, end, coin), (amount, count) in sums.items():
            passed = tuple(names(int(x)) for x in np.frombuffer(passing, np.int64))
            where = None if end < 0 or self._holders.is_party(end) else self._holders.name(end)
            listed.append((amount, count, passed, self._words[kind], where, self._ledger.currencies[coin]))
        listed.sort(key=lambda x: (-x[0], x[2], x[3], x[4] or "", x[5]))
        frame = as_frame(
            pa.table(
                {
                    "amount": pa.array([x[0] for x in listed], pa.int64()),
                    "chains": pa.array([x[1] for x in listed], pa.int64()),
                    "kind": pa.array([x[3] for x in listed], pa.large_string()),
                    "account_id": pa.array([x[4] for x in listed], pa.large_string()),
                    "currency": pa.array([x[5] for x in listed], pa.large_string()),
                }
            )
        )
        frame.insert(2, column, pd.Series([x[2] for x in listed], dtype=object))
        return frame

    def _refuse_routes(self, most: int) -> None:
        raise UsageError(
            Problem(
                "most",
                N_("there are more than {most} routes"),
                {"most": most},
                str(most),
                N_("fewer of them, by max_hops, min_amount or another `by`; or a greater `most`"),
            )
        )

    def _places(self, by: str) -> tuple[Ints, Callable[[int], str]]:
        """What each account is passed as, by number, and the names of these numbers."""
        ledger = self._ledger
        own = np.arange(len(ledger.account_ids), dtype=np.int64)
        if by == "account":
            return own, self._holders.name
        if by == "party":
            holders = Holders(ledger, True)
            return holders.of_accounts(own), holders.name
        table = self._case.tables.arrow("accounts")
        column = {"institution": "bank", "product": "product_id"}[by]
        if table is None or column not in table.column_names:
            return own, self._holders.name
        row = pc.index_in(ledger.account_ids.cast(pa.large_string()), value_set=_texts(table, "account_id"))
        said = _texts(table, column).take(row)
        said = pc.if_else(pc.equal(said, ""), pa.scalar(None, pa.large_string()), said)
        listed = said.drop_null().unique()
        number = pc.fill_null(pc.index_in(said, value_set=listed, skip_nulls=True), -1)
        number = number.to_numpy(zero_copy_only=False)
        places = np.where(number >= 0, own.size + number, own)

        def name(place: int) -> str:
            if place < own.size:
                return str(ledger.account_ids[place].as_py())
            return str(listed[place - own.size].as_py())

        return places.astype(np.int64), name


def _texts(table: Any, name: str) -> Any:
    column = table[name]
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.cast(pa.large_string())


def _refuse(value: str, known: tuple[str, ...], where: str, problem: str) -> None:
    if value not in known:
        raise UsageError(Problem(where, problem, {where: value}, str(value), ", ".join(known)))


def time_of(ledger: Ledger, step: int) -> int:
    """When the transfer of a step leaves; of what stands before all of them, when the first one does."""
    if step < 0:
        return int(ledger.rows["time"][0])
    return int(ledger.rows["time"][int(ledger.steps["row"][step])])


def frame_of(chains: list[Chain]) -> pd.DataFrame:
    """Chains as a frame."""
    frame = as_frame(
        pa.table(
            {
                "amount": pa.array([c.amount for c in chains], pa.int64()),
                "hops": pa.array([c.hops for c in chains], pa.int64()),
                "kind": pa.array([c.kind for c in chains], pa.large_string()),
                "account_id": pa.array([c.account_id for c in chains], pa.large_string()),
                "currency": pa.array([c.currency for c in chains], pa.large_string()),
                "party_id": pa.array([c.party_id for c in chains], pa.large_string()),
                "inferred": pa.array([c.inferred for c in chains], pa.bool_()),
            }
        )
    )
    frame.insert(2, "transfers", pd.Series([c.transfers for c in chains], dtype=object))
    frame.insert(3, "accounts", pd.Series([c.accounts for c in chains], dtype=object))
    return frame
