"""What a trace found, as frames that add up."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow import sets
from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.ledger.form import ARRIVAL, BASES, CLEARING, CUSTODY, GAP, LENT, OUTSIDE, TRANSIT, Ints, Ledger
from graphflow.tables.currencies import major
from graphflow.tables.result import as_frame
from graphflow.tracing.chains import Chains
from graphflow.tracing.holders import Holders
from graphflow.tracing.orders import Intervals, Key, intervals
from graphflow.tracing.seeds import Seeds
from graphflow.tracing.supposing import LARGE, Supposed, suppose
from graphflow.tracing.telling import Chain, Telling, frame_of
from graphflow.tracing.walk import (
    HORIZON,
    LENDER,
    RECIRCULATED,
    STAYS,
    Flow,
)
from graphflow.tracing.walk import OUTSIDE as MET_OUTSIDE

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.tracing.excerpt import Excerpt
    from graphflow.tracing.question import Question

_CODES = {1: "cash", 2: "fee", 3: "hub", LENDER: "lender", RECIRCULATED: "recirculated", HORIZON: "horizon"}

END_KINDS = (
    "balance", "frontier", "returned", "asset", "cash", "fee", "hub", "lender", "recirculated", "horizon",
)  # fmt: skip
"""Every kind of end."""

ORDER_NOTES = {
    "exact": N_(
        "nothing decides the order of these rows: the figures are those of the one shown, "
        "the interval beside one that differs holds those of every order"
    ),
    "outer": N_(
        "nothing decides the order of these rows: the figures are those of the one shown; "
        "the orders are too many to try each, and the intervals are outer bounds of them"
    ),
    "none": N_(
        "nothing decides the order of these rows: the figures are those of the one shown, "
        "and what they are in another order is not known"
    ),
}
"""What is assumed of rows whose order nothing decides, by what is known of the other orders."""

OVERDRAWN = {
    "lender": N_("it paid more than it held: what its statement lacks counts as the money of a lender"),
    "coordinated": N_("it paid more than it held: what repaid that counts as the money that was paid then"),
}
"""What is assumed of overdrawn accounts, by how overdrafts are told."""


class Trace:
    """Where the seed's money went (backward: where it came from), and the rows that show it.

    Made by :func:`graphflow.trace`. All amounts are minor units; `seed_amount` is in the seed's currency
    and adds up to `seed` (under ``poison`` it is empty).

    Attributes
    ----------
    seed : int
        The seed.
    currency, rule, backward
        The seed's currency; the rule's name; whether the question was asked backward.
    attributes : bool
        Whether the rule says how much of the seed each transfer carries: all but ``poison``.
    parameters : mapping
        What was asked, so that it can be asked again.
    """

    def __init__(
        self,
        case: Case,
        question: Question,
        seeds: Seeds,
        flow: Flow,
        chains: Callable[[], Chains],
        parameters: Mapping[str, Any],
        excerpt: Excerpt | None = None,
    ) -> None:
        self._case = case
        self._excerpt = excerpt  # where the answer comes from a part of the case
        self._question = question
        self._ledger: Ledger = case.ledger
        self._seeds = seeds
        self._flow = flow
        self._lay_out = chains
        self.rule = question.rule.name
        self.attributes = question.rule.attributes
        self.backward = question.backward
        self.parameters = dict(parameters)
        self.seed = seeds.total
        self.currency = self._ledger.currencies[seeds.currency]
        self.minor_units = int(self._ledger.minor_units[self.currency])

    def __repr__(self) -> str:
        word = "backward" if self.backward else "forward"
        return f"<Trace {self.rule} {word}: {self._major(self.seed)} {self.currency}, {len(self.ends)} ends>"

    def _major(self, amount: int, currency: str | None = None) -> str:
        """An amount as decimal text, as people write it."""
        return str(major(amount, int(self._ledger.minor_units[currency or self.currency])))

    @property
    def case(self) -> Case:
        """The case that was asked; where the answer comes from a part of it, the whole."""
        return self._case if self._excerpt is None else self._excerpt.around.case

    @cached_property
    def _chains(self) -> Chains:
        return self._lay_out()

    # ------------------------------------------------------------------ transfers

    @cached_property
    def _carried(self) -> tuple[Ints, Ints, Ints]:
        """Rows that carry traced money, with what they carry: as it left, and in the seed's currency."""
        ledger = self._ledger
        steps, local, seed = self._flow.moved[:, 0], self._flow.moved[:, 1], self._flow.moved[:, 2]
        rows = ledger.steps["row"][steps].astype(np.int64)
        if len(ledger.row_pointer) == 0:  # every transfer is one step
            order = np.argsort(rows)
            return rows[order], local[order], seed[order]
        # of a transfer in two legs the one that the money comes to first counts
        second = (ledger.steps["flags"][steps] & ARRIVAL) > 0
        last = ledger.row_steps[ledger.row_pointer[rows + 1] - 1]
        moving = (ledger.steps["flags"][last] & ARRIVAL) > 0
        count = ~moving | (second == self.backward)
        return sum_by(rows[count], local[count], seed[count])

    @cached_property
    def transfers(self) -> pd.DataFrame:
        """One row a transfer that carries traced money beyond the seed, in the order that is shown.

        Columns ``transfer_id``, ``time`` (UTC), ``source``, ``target``, ``currency``, ``amount`` (the whole
        transfer), ``traced`` (of it), ``seed_amount`` (that in the seed's currency), ``traced_min`` and
        ``traced_max``: the least and the greatest over every order of rows that is possible, as `ends` says.
        """
        ledger = self._ledger
        rows, local, seed = self._carried
        keep = ~np.isin(rows, self._seeds.rows)
        rows, local, seed = rows[keep], local[keep], seed[keep]
        low = high = local
        found = self._intervals
        if self._open_accounts and found is None:
            low = high = pa.nulls(len(rows), pa.int64())
        elif found is not None:
            spans = {ledger.row(name): span for name, span in found.transfers.items()}
            listed = set(rows.tolist())
            more = np.array(sorted(row for row in spans if row not in listed and any(spans[row])), np.int64)
            rows = np.concatenate((rows, more))
            order = np.argsort(rows)
            rows = rows[order]
            none = np.zeros(more.size, np.int64)
            local, seed = (np.concatenate((x, none))[order] for x in (local, seed))
            low, high = _bounds([spans.get(row, (0, 0)) for row in rows.tolist()])
        of = ledger.rows[rows]
        return _frame(
            transfer_id=_taken(ledger.transfer_ids, rows),
            time=_times(of["time"]),
            source=_taken(ledger.account_ids, of["source"]),
            target=_taken(ledger.account_ids, of["target"]),
            currency=_named(ledger.currencies, of["currency"]),
            amount=of["amount"],
            traced=local,
            seed_amount=self._in_seed(seed),
            traced_min=low,
            traced_max=high,
        )

    @cached_property
    def _carried_amounts(self) -> dict[str, int]:
        """What each transfer carries beyond the seed, by its id."""
        rows, local, _ = self._carried
        keep = ~np.isin(rows, self._seeds.rows)
        names = self._ledger.transfer_ids.take(pa.array(rows[keep])).to_pylist()
        return dict(zip(names, local[keep].tolist(), strict=True))

    @property
    def carried(self) -> tuple[Ints, Ints]:
        """The transfers of `transfers`, as the ledger of the case numbers them, and their `seed_amount`.

        Only those that carry something in the order that is shown: this costs no more than the trace did.
        """
        rows, _, seed = self._carried
        keep = ~np.isin(rows, self._seeds.rows)
        return rows[keep], seed[keep]

    @property
    def seed_rows(self) -> Ints:
        """The seed transfers, as the ledger of the case numbers them."""
        return self._seeds.rows

    @property
    def order_is_open(self) -> bool:
        """Whether nothing decides the order of rows of an account that the money came to."""
        return bool(self._open_accounts)

    @cached_property
    def seeds(self) -> pd.DataFrame:
        """What the trace starts from: ``transfer_id`` (empty: a balance), ``account_id``, ``time``,
        ``seed_amount``.

        ``account_id`` is where the traced money is first; ``reversed`` what was taken back of a seed
        transfer.
        """
        ledger = self._ledger
        of = ledger.rows[self._seeds.rows]
        first = of["source" if self.backward else "target"]
        taken = dict(self._seeds.reduced)
        reversed_ = np.array([taken.get(int(row), 0) for row in self._seeds.rows] if taken else [], np.int64)
        frame = _frame(
            transfer_id=_taken(ledger.transfer_ids, self._seeds.rows),
            account_id=_taken(ledger.account_ids, first),
            time=_times(of["time"]),
            seed_amount=self._seeds.amounts,
            reversed=reversed_ if taken else np.zeros(len(of), np.int64),
        )
        standing = [
            {
                "transfer_id": None,
                "account_id": self._account_of(stand.pot),
                "time": pd.to_datetime(stand.time, unit="us", utc=True),
                "seed_amount": stand.ends - stand.begins,
                "reversed": 0,
            }
            for stand in self._seeds.standing
        ]
        return pd.concat([frame, pd.DataFrame(standing)], ignore_index=True) if standing else frame

    @cached_property
    def _intervals(self) -> Intervals | None:
        """The figures over all orders of the rows, where an order is open; of too many orders bounds from
        outside, if those of the envelope speak of this question.
        """
        if not self._open_accounts:
            return None
        found = intervals(self)
        if found is None:
            from graphflow.tracing.envelope import outer_bounds  # it imports this file

            found = outer_bounds(self)
        return found

    def _in_seed(self, amounts: Ints) -> Any:
        """Amounts in the seed's currency: unknown under a rule that attributes nothing."""
        return amounts if self.attributes else pa.nulls(len(amounts), pa.int64())

    # ----------------------------------------------------------------------- ends

    @cached_property
    def ends(self) -> pd.DataFrame:
        """Where the traced money stands when the period closes; ``seed_amount`` adds up to the seed.

        Columns ``kind`` (one of :data:`END_KINDS`), ``account_id``, ``party_id``, ``currency``, ``amount``,
        ``seed_amount``, ``amount_min``, ``amount_max``. Greatest first. By party the ends of one party are
        summed: ``account_id`` is empty where the account has one. Under ``poison``, which attributes
        nothing, ``seed_amount`` is empty: an end is the whole balance of a touched account, or the whole of
        what stopped, met a seed or a limit, or paid a lender.

        ``amount_min`` and ``amount_max`` differ where the order of rows is open: the least and the greatest
        over every order that is possible, exact up to 1,000 of them (an end to which money comes in another
        order only is listed with nothing). Of more, bounds from outside, by merging an account's events of
        one time; empty where there is no such bound (see `order_bounds`).
        """
        ledger, holders = self._ledger, self._holders
        holder, kind, coin, local, seed = self._end_sums
        low = high = local
        found = self._intervals
        if self._open_accounts and found is None:
            low = high = pa.nulls(len(local), pa.int64())
        whose = list(zip(holders.accounts(holder), holders.parties(holder).to_pylist(), strict=True))
        if found is not None:
            words = (_names(END_KINDS, kind), self._end_names(holder), _names(ledger.currencies, coin))
            listed = list(zip(*words, strict=True))
            spans = found.ends
            known = set(listed)
            for more in sorted(key for key, span in spans.items() if key not in known and any(span)):
                listed.append(more)
                account, party = (name or None for name in more[1])
                if account is not None and (number := ledger.account(account)) >= 0:
                    party = holders.party_of(number)
                whose.append((account, party))
                kind = np.append(kind, END_KINDS.index(more[0]))
                coin = np.append(coin, ledger.currencies.index(more[2]))
                local, seed = np.append(local, 0), np.append(seed, 0)
            low, high = _bounds([spans.get(key, (0, 0)) for key in listed])
        return _frame(
            kind=_named(END_KINDS, kind),
            account_id=pa.array([account for account, _ in whose], pa.large_string()),
            party_id=pa.array([party for _, party in whose], pa.large_string()),
            currency=_named(ledger.currencies, coin),
            amount=local,
            seed_amount=self._in_seed(seed),
            amount_min=low,
            amount_max=high,
        )

    @cached_property
    def _holders(self) -> Holders:
        return Holders(self._ledger, self._question.by == "party", self.backward)

    @cached_property
    def _end_sums(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Ends summed by holder, kind and currency: these, the amount and that in the seed's currency; the
        greatest first.
        """
        ledger = self._ledger
        found = self._flow.ends[(self._flow.ends[:, 2] != 0) | (self._flow.ends[:, 3] != 0)]
        kind = self._kinds(found[:, 0], found[:, 1])
        holder = self._holders.of_pots(found[:, 1])
        coin = ledger.pots["currency"][found[:, 1]].astype(np.int64)
        width, coins = len(END_KINDS), len(ledger.currencies)
        key, local, seed = sum_by((holder * width + kind) * coins + coin, found[:, 2], found[:, 3])
        holder, kind, coin = key // coins // width, key // coins % width, key % coins
        names = np.array(END_KINDS)[kind]
        # accounts and parties are numbered in the order of their ids
        order = np.lexsort((coin, holder, names, -seed))
        holder, kind, coin, local, seed = (x[order] for x in (holder, kind, coin, local, seed))
        return holder, kind, coin, local, seed

    @property
    def ends_at(self) -> tuple[Ints, Ints]:
        """The accounts of `ends`, as the ledger of the case numbers them (-1: it stands in none), and what
        stands there of the seed: where the names of many cost more than the answer.
        """
        holder, *_, seed = self._end_sums
        return self._holders.numbers(holder), seed

    @cached_property
    def _end_amounts(self) -> dict[Key, int]:
        """The amount of each end, by kind, holder and currency."""
        holder, kind, coin, local, _ = self._end_sums
        words = (_names(END_KINDS, kind), self._end_names(holder), _names(self._ledger.currencies, coin))
        return dict(zip(zip(*words, strict=True), local.tolist(), strict=True))

    def _end_names(self, holder: Ints) -> list[tuple[str, str]]:
        """Holders as an account's id and a party's: one of them is empty."""
        parties = self._holders.parties(holder).to_pylist()
        accounts = self._holders.accounts(holder)
        return [(a or "", "" if a else str(p)) for a, p in zip(accounts, parties, strict=True)]

    def _account_of(self, pot: int) -> str:
        return self._holders.name(
            int(Holders(self._ledger, False, self.backward).of_pots(np.array([pot]))[0])
        )

    @cached_property
    def _paid_seed(self) -> tuple[Ints, Any]:
        """Accounts and parties that paid any of the seed (backward: received it)."""
        parties = self._ledger.account_party[self._seeds.payers]
        return self._seeds.payers[parties < 0], sets.unique(parties[parties >= 0])

    def _kinds(self, codes: Ints, pots: Ints) -> Ints:
        """The kinds of ends, as places in :data:`END_KINDS`: the first statement of the definition
        that holds.
        """
        ledger = self._ledger
        place = {name: i for i, name in enumerate(END_KINDS)}
        of = ledger.pots[pots]
        account = of["account"].astype(np.int64)
        accounts, parties = self._paid_seed
        party = ledger.account_party[np.maximum(account, 0)]
        paid = np.where(party >= 0, np.isin(party, parties), np.isin(account, accounts)) & (account >= 0)
        asset = ledger.account_asset[np.maximum(account, 0)]
        out = np.zeros(len(codes), np.int64)
        for code, name in _CODES.items():
            out[codes == code] = place[name]
        outside = np.where(paid, place["returned"], np.where(asset, place["asset"], place["frontier"]))
        out = np.where(codes == MET_OUTSIDE, outside, out)
        # what stands outside any period, or on its way, has no coverage that could end
        held = np.flatnonzero(~np.isin(of["kind"], (OUTSIDE, TRANSIT, GAP)))
        period = ledger.periods[of["period"][held]]
        left = np.zeros(len(codes), np.bool_)
        left[held] = (
            period["begins"] > self._seeds.opens if self.backward else period["ends"] < self._seeds.closes
        )
        stays = np.where(paid, place["returned"], np.where(left, place["frontier"], place["balance"]))
        stays = np.where(of["kind"] == TRANSIT, place["balance"], stays)
        stays = np.where(of["kind"] == GAP, place["cash"], stays)
        stays = np.where(of["kind"] == CLEARING, place["hub"], stays)
        return np.where(codes == STAYS, stays, out).astype(np.int64)

    # ------------------------------------------------------------------- envelope

    def envelope(self, ends: Iterable[Any] | None = None, budget: int | None = None) -> pd.DataFrame:
        """For each end the least and the greatest amount that any conserving attribution could give it.

        Any attribution: one that pays out what came in, in time order, and no more of it than stands in
        an account, whatever it says of which money leaves first. Every rule's figure lies between the two,
        whatever this trace's own rule is. Rows stand in the order that is shown. Where an opening is unknown,
        any larger one may be true too; limits are not known to the envelope, and what is converted ends in it
        as ``converted``, at the account that it left.

        Parameters
        ----------
        ends
            A list of (kind, account) or (kind, account, currency) counts as one, and gives one row; a list
            of such lists a row each. None: every end of this trace, and every other that some attribution
            could reach, as far as the budget goes.
        budget
            How many edges of the unrolled network may be looked at, by default 50 million (a few seconds);
            laying it out counts as forty looks at each. Beyond it a row is not ``exact``: its bounds are
            then 0 and the most that could arrive there at all.

        Returns
        -------
        DataFrame
            Columns ``kind``, ``account_id``, ``currency``, ``least``, ``greatest`` (in the seed's currency)
            and ``exact``: this trace's own ends first. ``attrs["left_out"]`` is how many other ends the
            budget left out, ``attrs["reasons"]`` says why something is not exact, and what the bounds do not
            speak of: other orders of the rows, say.

        Raises
        ------
        UsageError
            Where overdrafts are coordinated: money leaves there before it came. What is no end or no budget.

        Notes
        -----
        The greatest is the maximum flow to the ends through the network of accounts unrolled in time, the
        least the seed less the maximum flow to all the others; in whole units, exactly. L. R. Ford and D. R.
        Fulkerson, Flows in Networks (1962); E. A. Dinic, Soviet Math. Doklady 11 (1970) 1277.

        Examples
        --------
        >>> from graphflow.synthesis import toys
        >>> import graphflow as gf
        >>> t = gf.trace(toys.t1(), "transfer:a,c")
        >>> found = t.envelope()
        >>> sorted(zip(found["account_id"], found["least"].tolist(), found["greatest"].tolist()))
        [('M', 0, 15000), ('X', 0, 25000), ('Y', 0, 30000)]
        >>> t.envelope([("frontier", "X"), ("frontier", "Y")])[["least", "greatest", "exact"]]
           least  greatest  exact
        0  25000     40000   True
        """
        from graphflow.tracing.envelope import envelope_of

        return envelope_of(self, ends, budget)

    # --------------------------------------------------------------------- chains

    @cached_property
    def _telling(self) -> Telling:
        kinds = (END_KINDS, self._kinds)
        return Telling(self._case, self._chains, self._holders, kinds, self.backward)

    def iter_chains(self) -> Iterator[Chain]:
        """Chains one by one, in the order that they are found; nothing is kept.

        A chain's ``hops`` are its transfers after the seed, its ``transfers`` ids with the seed transfer
        first, its ``accounts`` those that they pass (backward, as the question goes: from the receiver
        back; by party the parties, or an account that has none), its ``amount`` in the seed's currency.
        Chains are disjoint and add up to the ends. Under ``prorata`` they are one way to lay the amounts out:
        first in, first out among the traced money.

        Raises
        ------
        UsageError
            Under ``poison``, which has none.
        """
        return self._telling.all()

    def chains(self, top: int | None = None, order: str = "amount") -> pd.DataFrame:
        """Chains as a frame; with `top`, the first so many, and ``frame.attrs["left_out"]`` says what is
        left out. No more of them are kept than are asked for.

        Parameters
        ----------
        top
            How many; None for all of them.
        order
            ``"amount"``: greatest first; ``"hops"``: longest first; ``"speed"``: fastest first, by the time
            between the leaving of the seed and the arrival of the last transfer (backward: between the
            leaving of the last one and the arrival of the seed; of an account's balances the first as the
            question goes), those without any transfer behind the seed last; ``"found"``: as they are found.
            Of equal ones the first that was found.
        """
        chains, left = self._telling.top(top, order)
        frame = frame_of(chains)
        frame.attrs["left_out"] = left
        return frame

    def ways_to(self, wanted: NDArray[np.bool_], top: int, most: int) -> list[tuple[int, Ints]]:
        """The greatest ways to some transfers, by number, of the first ``most`` chains.

        A way is a chain cut behind the first of these that it passes; chains that are alike up to there are
        one, and their amounts are added up. Of equal ones the one whose transfers are first in time.

        Parameters
        ----------
        wanted : bool (transfers of the case)
            The transfers.

        Returns
        -------
        list of (amount, transfers)
            Greatest first; the transfers as the ledger of the case numbers them, the seed transfer first.
        """
        found: dict[bytes, int] = {}
        for batch in self._chains.batches():
            bounds = batch.bounds[: most + 1]
            most -= bounds.size - 1
            met = np.append(np.flatnonzero(wanted[batch.rows[: bounds[-1]]]), batch.rows.size)
            first = met[np.searchsorted(met, bounds[:-1])]
            for at in np.flatnonzero(first < bounds[1:]).tolist():
                way = batch.rows[bounds[at] : first[at] + 1].tobytes()
                found[way] = found.get(way, 0) + int(batch.ends[at, 3])
            if most <= 0:
                break
        ways = ((amount, np.frombuffer(way, np.int64)) for way, amount in found.items())
        return heapq.nsmallest(top, ways, key=lambda each: (-each[0], each[1].tolist()))

    def first_met(self, transfers: Sequence[str]) -> tuple[Ints, NDArray[np.object_], Ints]:
        """Chain by chain: the first of some transfers behind its seed, the kind of its end, its amount.

        Parameters
        ----------
        transfers
            Their ids.

        Returns
        -------
        met : int64 (chains)
            Which of them, by place; -1: none.
        kinds : object (chains)
            The kind of its end, as `ends` says it.
        amounts : int64 (chains)
            Minor units of the seed's currency; they add up to the seed.
        """
        ids = self._ledger.transfer_ids
        place = pc.fill_null(pc.index_in(ids, value_set=pa.array(transfers, ids.type)), -1)
        wanted = place.to_numpy(zero_copy_only=False).astype(np.int64)
        found, kinds, amounts = [np.zeros(0, np.int64)], [np.zeros(0, object)], [np.zeros(0, np.int64)]
        words = np.array(END_KINDS, object)
        for batch in self._chains.batches():
            begins = batch.bounds[:-1] + (self._chains.seeds[batch.ends[:, 4], 0] >= 0)
            of = np.append(wanted[batch.rows], -1)
            met = np.append(np.flatnonzero(of >= 0), batch.rows.size)
            first = met[np.searchsorted(met, begins)]
            found.append(np.where(first < batch.bounds[1:], of[first], -1))
            kinds.append(words[self._kinds(batch.ends[:, 0], batch.ends[:, 1])])
            amounts.append(batch.ends[:, 3].astype(np.int64))
        return np.concatenate(found), np.concatenate(kinds), np.concatenate(amounts)

    def ends_by_seed(self) -> tuple[Ints, Ints, Ints]:
        """The same as `by_seed` by number, where the names of many cost more than the answer: seed transfers
        and accounts (-1: of neither), as the case numbers them, and how much of the seed's money
        stands there. A pair may be named more than once.
        """
        ledger = self._ledger
        parts = [np.zeros((0, 3), np.int64)]
        for batch in self._chains.batches():
            step = self._chains.seeds[batch.ends[:, 4], 0]
            row = np.where(step >= 0, self._chains.steps["row"][np.maximum(step, 0)], -1)
            account = ledger.pots["account"][batch.ends[:, 1]]
            parts.append(np.column_stack((row, account, batch.ends[:, 3])).astype(np.int64))
        row, account, amount = np.concatenate(parts).T
        return row, account, amount

    def by_seed(self, by: str = "transfer") -> pd.DataFrame:
        """Whose money is where: each end divided among the seeds, as the rule itself divides it.

        Under first in, first out (and last in, first out) the lots are the rule's own. Where the rule says
        how much traced money a payment carries but not which, it is every claimant's in proportion to what it
        has in the account: followed in double precision, in whole units, so that every row and column closes.

        Parameters
        ----------
        by
            ``"transfer"``: one claimant a seed transfer (a balance: its account, in a question by party its
            party); ``"party"``: a claimant is the party that paid the seed (backward: received it), an
            account without one its own.

        Returns
        -------
        pandas.DataFrame
            ``seed``, ``kind``, ``account_id``, ``currency``, ``seed_amount`` (minor units of the seed's
            currency). The amounts of a seed add up to it, those of an end to that of `ends`.

        Examples
        --------
        >>> from graphflow import trace
        >>> from graphflow.synthesis import toys
        >>> split = trace(toys.t1(), "transfer:a,transfer:c", rule="prorata").by_seed()
        >>> split.groupby("seed")["seed_amount"].sum().tolist()
        [30000, 10000]
        """
        if by not in ("transfer", "party"):
            raise UsageError(
                Problem("by", N_("seeds are told apart by transfer or by party"), {}, by, "transfer, party")
            )
        parts = []
        for batch in self._chains.batches():
            kind = self._kinds(batch.ends[:, 0], batch.ends[:, 1])
            keys = np.column_stack((batch.ends[:, 4], kind, batch.ends[:, 1]))
            each, inverse = np.unique(keys, axis=0, return_inverse=True)
            total = np.zeros(len(each), np.int64)
            np.add.at(total, inverse.ravel(), batch.ends[:, 3])
            parts.append(np.column_stack((each, total)))
        found = np.concatenate([np.zeros((0, 4), np.int64), *parts])
        ledger = self._ledger
        numbers, claimant = np.unique(found[:, 0], return_inverse=True)
        pots, place = np.unique(found[:, 2], return_inverse=True)
        # several numbers may have one name, and several pots one account
        names = [self._claimant(number, by) for number in numbers.tolist()]
        holders = Holders(ledger, False, self.backward)
        accounts = [str(name) for name in holders.accounts(holders.of_pots(pots))]
        coins = [ledger.currencies[coin] for coin in ledger.pots["currency"][pots].tolist()]
        columns = [
            _ordered(names, claimant),
            _ordered(list(END_KINDS), found[:, 1]),
            _ordered(accounts, place),
            _ordered(coins, place),
        ]
        keys = np.column_stack([codes for codes, _ in columns])
        each, inverse = np.unique(keys, axis=0, return_inverse=True)
        total = np.zeros(len(each), np.int64)
        np.add.at(total, inverse.ravel(), found[:, 3])
        each, total = each[total != 0], total[total != 0]
        frame = {
            name: words.take(pa.array(each[:, i]))
            for i, (name, (_, words)) in enumerate(
                zip(("seed", "kind", "account_id", "currency"), columns, strict=True)
            )
        }
        return _frame(**frame, seed_amount=total)

    def _claimant(self, number: int, by: str) -> str:
        """What a seed is called: its transfer, its account, or who paid (backward: received) it."""
        ledger, step = self._ledger, int(self._chains.seeds[number, 0])
        if step >= 0:
            row = int(self._chains.steps["row"][step])
            if by == "transfer":
                return str(ledger.transfer_ids[row].as_py())
            account = int(ledger.rows["target" if self.backward else "source"][row])
        else:
            account = int(ledger.pots["account"][self._chains.stands_in(number)])
            by = "party" if self._question.by == "party" else by  # it begins in what counts as one there
        party = int(ledger.account_party[account]) if by == "party" else -1
        return str((ledger.party_ids[party] if party >= 0 else ledger.account_ids[account]).as_py())

    def routes(self, by: str | None = None, *, most: int = 1_000_000) -> pd.DataFrame:
        """Chains summed over what they pass and where they end, the greatest first.

        Columns ``amount`` (seed currency), ``chains`` (how many), what is passed, ``kind``, ``account_id``
        (of the end; empty for a party, and by institution or product), ``currency``.

        Parameters
        ----------
        by
            None: as the question was asked, in a column ``accounts`` as the chains have it. ``"account"``;
            ``"party"``: the holders, in a column ``parties``; ``"institution"``: the banks that keep the
            accounts (``accounts.bank``); ``"product"``: the products that the accounts are held for
            (``accounts.product_id``; what a transfer says that it was paid for does not count, as the
            product is not where the money was). An account without one stands for itself, and what follows
            itself counts once.
        most
            Chains are summed as they are found, and no more than so many routes are kept: if there are more,
            it is an error.
        """
        return self._telling.routes(by, most)

    # ---------------------------------------------------------------- assumptions

    @cached_property
    def _touched(self) -> tuple[Ints, Ints]:
        """Pots with a history that traced money came to, and how much (in the seed's currency)."""
        return self._came_to(self._flow.moved)

    def _came_to(self, moved: Ints) -> tuple[Ints, Ints]:
        ledger = self._ledger
        steps, seed = moved[:, 0], moved[:, 2]
        pots = ledger.steps["src" if self.backward else "dst"][steps].astype(np.int64)
        flags = ledger.steps["flags"][steps]
        stops = (flags & 56 if self.backward else flags & 7) > 0
        walked = ~stops & ~np.isin(ledger.pots["kind"][pots], (TRANSIT, GAP))
        standing = self._seeds.standing
        pots = np.concatenate((pots[walked], np.array([x.pot for x in standing], np.int64)))
        seed = np.concatenate((seed[walked], np.array([x.ends - x.begins for x in standing], np.int64)))
        key, total, _ = sum_by(pots, seed, seed)
        return key, total

    @cached_property
    def _reached(self) -> tuple[Ints, Ints]:
        """Accounts of these pots, and how much came to each."""
        pots, amounts = self._touched
        accounts, total, _ = sum_by(self._ledger.pots["account"][pots].astype(np.int64), amounts, amounts)
        return accounts, total

    @property
    def _whole(self) -> Ledger:
        """The ledger of the whole case."""
        return self._ledger if self._excerpt is None else self._excerpt.around.ledger

    @property
    def _walked(self) -> Ints:
        """Accounts whose rows the answer depends on, as the whole case's ledger numbers them: those that the
        money was in, under shares also beyond a limit.
        """
        accounts = self._reached[0]
        if self._flow.whole is not None:
            pots, _ = self._came_to(self._flow.whole)
            accounts = sets.unique(self._ledger.pots["account"][pots].astype(np.int64))
        return accounts if self._excerpt is None else self._excerpt.accounts[accounts]

    @cached_property
    def _over_gaps(self) -> list[tuple[int, int, int]]:
        """Accounts with deposits (backward: withdrawals) to which traced money came over a gap of cash, how
        much of it in the seed's currency, and how many these are.
        """
        ledger = self._ledger
        steps, seed = self._flow.moved[:, 0], self._flow.moved[:, 2]
        paid, near = ("dst", "source") if self.backward else ("src", "target")
        pots = ledger.steps[paid][steps]
        over = np.flatnonzero(ledger.pots["kind"][pots] == GAP)
        if over.size == 0:
            return []
        accounts = ledger.rows[near][ledger.steps["row"][steps[over]]].astype(np.int64)
        key, amount, count = sum_by(accounts, seed[over], np.ones(over.size, np.int64))
        return list(zip(key.tolist(), amount.tolist(), count.tolist(), strict=True))

    @cached_property
    def _overdrawn(self) -> list[tuple[int, int]]:
        """Accounts with transfers of this trace that an overdraft paid some of, or that repaid one, and how
        many these are.
        """
        ledger = self._ledger
        moved = self._flow.moved[:, 0]
        steps = ledger.steps[moved]
        lent = (steps["amount"] > steps["avail"]) | ((steps["flags"] & LENT) > 0)
        repaid = steps["repaid"] > 0
        pots = np.concatenate((steps["src"][lent], steps["dst"][repaid])).astype(np.int64)
        rows = np.concatenate((steps["row"][lent], steps["row"][repaid])).astype(np.int64)
        walked = np.isin(pots, self._touched[0])
        whose = np.column_stack((ledger.pots["account"][pots[walked]], rows[walked]))
        accounts, count = np.unique(np.unique(whose, axis=0)[:, 0], return_counts=True)
        return list(zip(accounts.tolist(), count.tolist(), strict=True))

    @cached_property
    def _open_accounts(self) -> dict[int, int]:
        """Reached accounts with rows whose order nothing decides, and how many."""
        whose = self._whole.open_rows[:, 1]
        if len(whose) == 0:
            return {}
        accounts, rows = np.unique(whose[np.isin(whose, self._walked)], return_counts=True)
        return dict(zip(accounts.tolist(), rows.tolist(), strict=True))

    @property
    def order_bounds(self) -> str:
        """What ``amount_min`` and ``amount_max``, ``traced_min`` and ``traced_max`` are.

        ``known``: the order of every row that matters is known; ``exact``: over every order that is
        possible; ``outer``: these are too many, and the bounds hold for all of them, perhaps not closely;
        ``none``: nothing can be said, and the columns are empty.
        """
        if not self._open_accounts:
            return "known"
        found = self._intervals
        return "none" if found is None else "exact" if found.orders else "outer"

    @cached_property
    def assumptions(self) -> pd.DataFrame:
        """What was assumed, with the traced money that came to where it was.

        Columns ``kind``, ``account_id``, ``currency``, ``seed_amount`` (traced money that came there),
        ``value`` (an opening in minor units, a number of rows) and ``note``. Kinds: ``coverage`` (no
        account says for which time its statement is held, so that the case counts as complete; or how often
        nothing says whether rows are missing between two statements of an account), ``opening``
        (unknown: the least that never overdraws is taken), ``order`` (nothing decides the order of rows),
        ``reversal`` (a seed transfer counts net), ``balance`` (stated balances do not follow from the rows),
        ``earmark`` (a custody or reserve account whose money is divided by earmark, into how many parts),
        ``overdraft`` (transfers of this trace that an overdraft paid some of, or that repaid one).
        """
        ledger = self._ledger
        found: list[tuple[str, str | None, str, int, int, str]] = []
        if not ledger.coverage_stated:
            note = N_("no account says for which time its statement is held: the case counts as complete")
            found.append(("coverage", None, self.currency, self.seed, len(self._whole.account_ids), note))
        accounts, came = self._reached
        by_account = dict(zip(accounts.tolist(), came.tolist(), strict=True))
        for account, rows in self._open_accounts.items():
            name = self._whole.account_ids[account].as_py()
            amount = by_account.get(ledger.account(name), 0)  # none where it is beyond a limit
            found.append(("order", name, self.currency, amount, rows, ORDER_NOTES[self.order_bounds]))
        note = N_("cash that was withdrawn is taken to be what was paid in again that day: an inference")
        for account, amount, deposits in self._over_gaps:
            name = ledger.account_ids[account].as_py()
            found.append(("cash", name, self.currency, amount, deposits, note))
        note = N_("a seed transfer counts net of what was reversed")
        for row, taken in self._seeds.reduced:
            payee = ledger.account_ids[int(ledger.rows["target"][row])].as_py()
            found.append(("reversal", payee, self.currency, taken, 1, note))
        broken = Counter(
            ("coverage" if gap["kind"] == "gap" else "balance", str(gap["account_id"]))
            for gap in ledger.breaks
            if gap["kind"] in ("balance", "opening", "gap") and gap["account_id"] is not None
        )
        notes = {
            "balance": N_("stated balances do not follow from the rows"),
            "coverage": N_("nothing says whether rows are missing between two statements of this account"),
        }
        for (kind, name), rows in broken.items():
            account = ledger.account(name)
            if account in by_account:
                found.append((kind, name, self.currency, by_account[account], rows, notes[kind]))
        # poison knows no compartments
        divided = (self._ledger.pots["kind"][self._touched[0]] == CUSTODY) & self.attributes
        note = N_("what this account holds is divided by the earmarks of its rows")
        whose, amounts, _ = sum_by(
            self._ledger.pots["account"][self._touched[0][divided]].astype(np.int64),
            self._touched[1][divided],
            self._touched[1][divided],
        )
        for account, amount in zip(whose.tolist(), amounts.tolist(), strict=True):
            parts = sum(int(self._ledger.pots["kind"][pot]) == CUSTODY for pot in ledger.pots_of(account))
            if parts > 1:
                name = ledger.account_ids[account].as_py()
                found.append(("earmark", name, self.currency, amount, parts, note))
        note = OVERDRAWN[self._question.overdraft]
        for account, rows in self._overdrawn:
            name = ledger.account_ids[account].as_py()
            found.append(("overdraft", name, self.currency, by_account[account], rows, note))
        openings = self._unknown_openings()
        listed = _frame(
            kind=pa.array([x[0] for x in found], pa.large_string()),
            account_id=pa.array([x[1] for x in found], pa.large_string()),
            currency=pa.array([x[2] for x in found], pa.large_string()),
            seed_amount=np.array([x[3] for x in found], np.int64),
            value=np.array([x[4] for x in found], np.int64),
            note=pa.array([x[5] for x in found], pa.large_string()),
        )
        both = pd.concat([listed, openings], ignore_index=True) if found else openings
        both = (
            both.assign(first=both["kind"] != "coverage")
            .sort_values(
                ["first", "seed_amount", "kind", "account_id"],
                ascending=[True, False, True, True],
                ignore_index=True,
            )
            .drop(columns="first")
        )
        if not self.attributes:
            both["seed_amount"] = pd.array([None] * len(both), "Int64")
        return both

    def _unknown_openings(self) -> pd.DataFrame:
        """The reached accounts whose opening balance is not known."""
        ledger = self._ledger
        pots, came = self._touched
        of = ledger.pots[pots]
        which = (of["basis"] == BASES.index("unknown")) & (of["kind"] != CLEARING)
        of, came = of[which], came[which]
        coins = len(ledger.currencies)
        key, amounts, opening = sum_by(
            of["account"].astype(np.int64) * coins + of["currency"], came, of["opening"]
        )
        note = N_("the opening balance is unknown: the least one that never overdraws is taken")
        return _frame(
            kind=_named(("opening",), np.zeros(len(key), np.int64)),
            account_id=_taken(ledger.account_ids, key // coins),
            currency=_named(ledger.currencies, key % coins),
            seed_amount=amounts,
            value=opening,
            note=_named((note,), np.zeros(len(key), np.int64)),
        )

    @cached_property
    def misuse(self) -> pd.DataFrame:
        """Money that custody and reserve accounts paid out of others' earmarks, on the transfers of this
        trace.

        Columns ``transfer_id``, ``account_id``, ``earmark`` (the payment's own, empty: none), ``taken_from``,
        ``amount`` and ``traced`` (of it).
        """
        ledger = self._ledger
        steps = self._flow.moved[:, 0]
        pot = ledger.steps["src"][steps]
        custody = ledger.pots["kind"][pot] == CUSTODY
        lent = (ledger.steps["flags"][steps] & LENT) > 0
        rows = ledger.steps["row"][steps]
        own = ledger.row_earmark[rows] if len(ledger.row_earmark) else np.full(len(rows), -1)
        of = ledger.pots["earmark"][pot]
        other = np.flatnonzero(custody & ~lent & (of >= 0) & (of != own))

        return _frame(
            transfer_id=_taken(ledger.transfer_ids, rows[other]),
            account_id=_taken(ledger.account_ids, ledger.pots["account"][pot[other]]),
            earmark=_taken(ledger.earmarks, own[other]),
            taken_from=_taken(ledger.earmarks, of[other]),
            amount=ledger.steps["amount"][steps[other]],
            traced=self._flow.moved[other, 1],
        )

    # --------------------------------------------------------------------- what if

    def suppose(
        self,
        *,
        leave_out: Iterable[str] = (),
        same_holder: Iterable[tuple[str, str]] = (),
        reversal_of: Mapping[str, str | None] | None = None,
    ) -> Supposed:
        """Ask the same question where something is supposed to be otherwise, without changing the case.

        Parameters
        ----------
        leave_out
            Transfers that are supposed not to be there.
        same_holder
            Pairs of accounts: the second is supposed to be held by the holder of the first.
        reversal_of
            By transfer, the one that it is supposed to reverse; None: none.

        Returns
        -------
        Supposed
            ``ends`` and ``transfers`` with the figures as they are, as supposed, and the difference;
            ``trace`` is the whole answer under the supposition.

        Raises
        ------
        UsageError
            Transfers or accounts that are not there; a seed that is left with nothing.

        Notes
        -----
        Only the histories of accounts that the money reaches are compiled anew, whatever the size of the
        case. Rows stand in the order that is shown; an opening that is unknown is again the least one that
        never overdraws.

        Examples
        --------
        >>> from graphflow import trace
        >>> from graphflow.synthesis import toys
        >>> t = trace(toys.t1(), "transfer:a")
        >>> t.suppose(leave_out=["x"]).ends[["account_id", "before", "after", "difference"]].values.tolist()
        [['X', 15000, 0, -15000], ['M', 0, 10000, 10000], ['Y', 15000, 20000, 5000]]
        """
        return suppose(self, leave_out, same_holder, reversal_of or {})

    def explain(self, transfer_id: str, language: str = "en") -> str:
        """Why a transfer carries that much, in words: what its account held before, the rule, the arithmetic,
        the rows.

        Parameters
        ----------
        transfer_id
            Any transfer of the case; of one that carries nothing it says why.
        language
            ``"en"`` or ``"zh"``.

        Returns
        -------
        str
            Lines of text.

        Raises
        ------
        UsageError
            An unknown transfer or language.

        Examples
        --------
        >>> from graphflow import trace
        >>> from graphflow.synthesis import toys
        >>> print(trace(toys.t1(), "transfer:a").explain("y"))
        Transfer y: 300.00 CNY from M to Y, 2024-03-01 09:04:00.
        ...
        It carries 150.00 CNY of the traced money.
        Before it M held 450.00 CNY, of which 150.00 CNY were traced.
          1. 150.00 CNY of a from A, 2024-03-01 09:00:00; traced: 150.00 CNY
          2. 150.00 CNY of b from B, 2024-03-01 09:01:00; traced: 0.00 CNY
        <BLANKLINE>
        """
        from graphflow.tracing.explaining import explain

        return explain(self, transfer_id, language)

    def with_large_openings(self) -> Supposed:
        """What the rule gives where every opening that is not known is very large, beside what it gives with
        the least one that never overdraws.

        An opening that no statement says may be anything from that least one up. A figure that is the same
        in both columns does not rest on it.

        Examples
        --------
        >>> import graphflow as gf
        >>> rows = {"transfer_id": ["t", "x"], "time": ["2024-03-01T09:00:00", "2024-03-01T10:00:00"],
        ...         "source": ["T", "M"], "target": ["M", "X"], "amount": ["50", "120"]}
        >>> t = gf.trace(gf.Case.from_tables(transfers=rows), "transfer:t")
        >>> t.with_large_openings().ends[["account_id", "before", "after"]].values.tolist()
        [['X', 5000, 0], ['M', 0, 5000]]
        """
        return suppose(self, (), (), {}, spare=LARGE)

    def sensitivity(self, transfer_id: str) -> pd.DataFrame:
        """How every end depends on one row: each as it is and as it were without that transfer.

        Columns ``kind``, ``account_id``, ``party_id``, ``currency``, ``before``, ``after``, ``difference``,
        in minor units of the end's currency.

        Examples
        --------
        >>> from graphflow import trace
        >>> from graphflow.synthesis import toys
        >>> int(trace(toys.t1(), "transfer:a").sensitivity("x")["difference"].sum())
        0
        """
        return self.suppose(leave_out=[transfer_id]).ends

    # ------------------------------------------------------------------- pictures

    def to_networkx(self) -> Any:
        """A networkx MultiDiGraph: accounts that the money passed, one edge a transfer with its amounts."""
        import networkx

        graph: Any = networkx.MultiDiGraph(
            rule=self.rule, currency=self.currency, seed=self.seed, backward=self.backward
        )
        for edge in self._edges():
            graph.add_edge(edge["source"], edge["target"], key=edge["transfer_id"], **edge)
        return graph

    def to_igraph(self) -> Any:
        """The same as an igraph Graph, accounts by their attribute ``name``."""
        import igraph

        edges = self._edges()
        names = sorted({edge[x] for edge in edges for x in ("source", "target")})
        number = {name: i for i, name in enumerate(names)}
        graph = igraph.Graph(
            n=len(names), edges=[(number[e["source"]], number[e["target"]]) for e in edges], directed=True
        )
        graph.vs["name"] = names
        for key in ("transfer_id", "time", "currency", "amount", "traced", "seed_amount", "seed"):
            graph.es[key] = [edge[key] for edge in edges]
        return graph

    def _edges(self) -> list[dict[str, Any]]:
        ledger = self._ledger
        rows, local, seed = self._carried
        of = ledger.rows[rows]
        times = pd.to_datetime(of["time"], unit="us", utc=True)
        return [
            {
                "transfer_id": ledger.transfer_ids[int(rows[i])].as_py(),
                "source": ledger.account_ids[int(of["source"][i])].as_py(),
                "target": ledger.account_ids[int(of["target"][i])].as_py(),
                "time": times[i].isoformat(),
                "currency": ledger.currencies[int(of["currency"][i])],
                "amount": int(of["amount"][i]),
                "traced": int(local[i]),
                "seed_amount": int(seed[i]) if self.attributes else None,
                "seed": bool(np.isin(rows[i], self._seeds.rows)),
            }
            for i in range(len(rows))
        ]

    def _repr_html_(self) -> str:
        """The picture, and the ends as a table; both in major units."""
        from graphflow.pictures import sankey_svg

        title = f"{self.rule}, {'backward' if self.backward else 'forward'}"
        picture = ""
        routes = self.routes() if self.attributes else ()
        if len(routes):
            picture = sankey_svg(
                routes, title=title, unit=self.currency, digits=self.minor_units, backward=self.backward
            )
        ends = self.ends[["kind", "account_id", "party_id", "currency"]].copy()
        ends["amount"] = [
            self._major(int(amount), currency)
            for amount, currency in zip(self.ends["amount"], self.ends["currency"], strict=True)
        ]
        if self.attributes:
            ends[f"of the seed, {self.currency}"] = [
                self._major(int(amount)) for amount in self.ends["seed_amount"]
            ]
        return picture + str(ends.to_html(index=False, na_rep="", max_rows=60, show_dimensions=True))


def _ordered(words: list[str], codes: Ints) -> tuple[Ints, pa.Array]:
    """Texts in their order, each once, and for each code the place of its text among them."""
    texts = sorted(set(words))
    place = {text: number for number, text in enumerate(texts)}
    where = np.fromiter((place[word] for word in words), np.int64, len(words))
    return where[codes], pa.array(texts, pa.large_string())


def sum_by(key: Ints, *values: Any) -> tuple[Ints, Ints, Ints]:
    """Distinct keys, ascending, and the sums of two columns of whole numbers over each."""
    order = np.argsort(key, kind="stable")
    placed = key[order]
    heads = np.flatnonzero(
        np.concatenate((np.ones(min(1, placed.size), np.bool_), placed[1:] != placed[:-1]))
    )
    if heads.size == 0:
        none = np.zeros(0, np.int64)
        return none, none, none
    first, second = (np.add.reduceat(np.asarray(v, np.int64)[order], heads) for v in values)
    return placed[heads], first, second


def _taken(values: Any, places: Any) -> Any:
    """Texts at places; none where the place is negative."""
    where = np.asarray(places, np.int64)
    gone = where < 0
    return values.take(pa.array(where, mask=gone if gone.any() else None)).cast(pa.large_string())


def _named(words: Any, places: Any) -> Any:
    """Words by their places in a list of few."""
    codes = pa.array(np.asarray(places, np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(words), pa.large_string())).cast(
        pa.large_string()
    )


def _names(words: Any, places: Ints) -> list[str]:
    """The same as a list."""
    return [words[place] for place in places.tolist()]


def _times(values: Any) -> Any:
    return pa.array(np.ascontiguousarray(values)).cast(pa.timestamp("us", "UTC"))


def _bounds(spans: list[tuple[int, int]]) -> tuple[Any, Any]:
    """The least and the greatest as columns."""
    low, high = ([span[i] for span in spans] for i in (0, 1))
    return pa.array(low, pa.int64()), pa.array(high, pa.int64())


def _frame(**columns: Any) -> pd.DataFrame:
    return as_frame(pa.table({name: _column(values) for name, values in columns.items()}))


def _column(values: Any) -> Any:
    return values if isinstance(values, pa.Array) else pa.array(np.ascontiguousarray(values, np.int64))
