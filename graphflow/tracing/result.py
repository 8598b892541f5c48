"""What a trace found, as frames that add up."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.ledger.form import ARRIVAL, BASES, CLEARING, CUSTODY, LENT, OUTSIDE, TRANSIT, Ints, Ledger
from graphflow.tables.currencies import major
from graphflow.tables.result import as_frame
from graphflow.tracing.seeds import Seeds
from graphflow.tracing.walk import (
    HORIZON,
    LENDER,
    RECIRCULATED,
    STAYS,
    Batch,
    Chains,
    Flow,
)
from graphflow.tracing.walk import OUTSIDE as MET_OUTSIDE

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.tracing.question import Question

_CODES = {1: "cash", 2: "fee", 3: "hub", LENDER: "lender", RECIRCULATED: "recirculated", HORIZON: "horizon"}

END_KINDS = (
    "balance", "frontier", "returned", "asset", "cash", "fee", "hub", "lender", "recirculated", "horizon",
)  # fmt: skip
"""Every kind of end."""


class Chain(NamedTuple):
    """One sequence of transfers, each funded by the one before, with the amount that flowed all the way."""

    amount: int
    hops: int
    transfers: tuple[str, ...]
    accounts: tuple[str, ...]
    kind: str
    account_id: str
    currency: str


class Trace:
    """Where the seed's money went (backward: where it came from), and the rows that show it.

    Made by :func:`graphflow.trace`. All amounts are minor units; `seed_amount` is in the seed's currency
    and adds up to `seed`.

    Attributes
    ----------
    seed : int
        The seed.
    currency, rule, backward
        The seed's currency; the rule's name; whether the question was asked backward.
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
    ) -> None:
        self._case = case
        self._question = question
        self._ledger: Ledger = case.ledger
        self._seeds = seeds
        self._flow = flow
        self._lay_out = chains
        self.rule = question.rule.name
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
        ``traced_max``: empty where the order of rows is open (see `assumptions`), else the same as
        ``traced``.
        """
        ledger = self._ledger
        rows, local, seed = self._carried
        keep = ~np.isin(rows, self._seeds.rows)
        rows, local, seed = rows[keep], local[keep], seed[keep]
        of = ledger.rows[rows]
        low, high = self._bounds(local)
        return _frame(
            transfer_id=_taken(ledger.transfer_ids, rows),
            time=_times(of["time"]),
            source=_taken(ledger.account_ids, of["source"]),
            target=_taken(ledger.account_ids, of["target"]),
            currency=_named(ledger.currencies, of["currency"]),
            amount=of["amount"],
            traced=local,
            seed_amount=seed,
            traced_min=low,
            traced_max=high,
        )

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
                "time": pd.to_datetime(_time_of(ledger, stand.after), unit="us", utc=True),
                "seed_amount": stand.ends - stand.begins,
                "reversed": 0,
            }
            for stand in self._seeds.standing
        ]
        return pd.concat([frame, pd.DataFrame(standing)], ignore_index=True) if standing else frame

    def _bounds(self, local: Ints) -> tuple[Any, Any]:
        if self._open_accounts:
            unknown = pa.nulls(len(local), pa.int64())
            return unknown, unknown
        return local, local

    # ----------------------------------------------------------------------- ends

    @cached_property
    def ends(self) -> pd.DataFrame:
        """Where the traced money stands when the period closes; ``seed_amount`` adds up to the seed.

        Columns ``kind`` (one of :data:`END_KINDS`), ``account_id``, ``party_id``, ``currency``, ``amount``,
        ``seed_amount``, ``amount_min``, ``amount_max`` (empty where the order of rows is open). Greatest
        first.
        """
        ledger = self._ledger
        found = self._flow.ends[(self._flow.ends[:, 2] != 0) | (self._flow.ends[:, 3] != 0)]
        kind = self._kinds(found[:, 0], found[:, 1])
        account = ledger.pots["account"][found[:, 1]].astype(np.int64)
        # transfers in transit have an account each, behind all others
        transit = np.flatnonzero(account < 0)
        account[transit] = len(ledger.account_ids) + found[transit, 1]
        coin = ledger.pots["currency"][found[:, 1]].astype(np.int64)
        width, coins = len(END_KINDS), len(ledger.currencies)
        key, local, seed = sum_by((account * width + kind) * coins + coin, found[:, 2], found[:, 3])
        account, kind, coin = key // coins // width, key // coins % width, key % coins
        names = np.array(END_KINDS)[kind]
        # accounts are numbered in the order of their ids
        order = np.lexsort((coin, account, names, -seed))
        account, kind, coin, local, seed = (x[order] for x in (account, kind, coin, local, seed))
        low, high = self._bounds(local)
        known = account < len(ledger.account_ids)
        ids = (
            _taken(ledger.account_ids, np.where(known, account, 0))
            if len(ledger.account_ids)
            else pa.nulls(0)
        )
        if not known.all():
            listed = ids.to_pylist()
            for i in np.flatnonzero(~known).tolist():
                listed[i] = self._account_of(int(account[i]) - len(ledger.account_ids))
            ids = pa.array(listed, pa.large_string())
        party = np.where(known, ledger.account_party[np.where(known, account, 0)], -1)
        return _frame(
            kind=_named(END_KINDS, kind),
            account_id=ids,
            party_id=_taken(ledger.party_ids, party),
            currency=_named(ledger.currencies, coin),
            amount=local,
            seed_amount=seed,
            amount_min=low,
            amount_max=high,
        )

    def _account_of(self, pot: int) -> str:
        of = self._ledger.pots[pot]
        if int(of["kind"]) == TRANSIT:
            row = int(np.flatnonzero(self._ledger.rows["origin"] == int(of["period"]))[0])
            return f"transit:{self._ledger.transfer_ids[row].as_py()}"
        return str(self._ledger.account_ids[int(of["account"])].as_py())

    @cached_property
    def _paid_seed(self) -> tuple[Ints, Any]:
        """Accounts and parties that paid any of the seed (backward: received it)."""
        parties = self._ledger.account_party[self._seeds.payers]
        return self._seeds.payers[parties < 0], np.unique(parties[parties >= 0])

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
        held = np.flatnonzero((of["kind"] != OUTSIDE) & (of["kind"] != TRANSIT))
        period = ledger.periods[of["period"][held]]
        left = np.zeros(len(codes), np.bool_)
        left[held] = (
            period["begins"] > self._seeds.opens if self.backward else period["ends"] < self._seeds.closes
        )
        stays = np.where(paid, place["returned"], np.where(left, place["frontier"], place["balance"]))
        stays = np.where(of["kind"] == TRANSIT, place["balance"], stays)
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
            How many edges of the unrolled network may be looked at, by default 100 million (a few seconds);
            laying it out counts as forty looks at each. Beyond it a row is not ``exact``: its bounds are
            then 0 and the most that could arrive there at all.

        Returns
        -------
        DataFrame
            Columns ``kind``, ``account_id``, ``currency``, ``least``, ``greatest`` (in the seed's currency)
            and ``exact``: this trace's own ends first. ``attrs["left_out"]`` is how many other ends the
            budget left out, ``attrs["reasons"]`` says why something is not exact.

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

    def iter_chains(self) -> Iterator[Chain]:
        """Chains one by one, in the order that they are found; nothing is kept.

        A chain's ``hops`` are its transfers after the seed, its ``transfers`` ids with the seed transfer
        first, its ``accounts`` those that they pass (backward, as the question goes: from the receiver
        back), its ``amount`` in the seed's currency. Chains are disjoint and add up to the ends. Under
        ``prorata`` they are one way to lay the amounts out: first in, first out among the traced money.
        """
        for batch in self._chains.batches():
            yield from self._chains_of(batch, range(len(batch.ends)))

    def _chains_of(self, batch: Batch, which: Any) -> Iterator[Chain]:
        ledger = self._ledger
        far, near = ("target", "source") if self.backward else ("source", "target")
        kinds = self._kinds(batch.ends[:, 0], batch.ends[:, 1])
        for i in which:
            rows = batch.rows[batch.bounds[i] : batch.bounds[i + 1]]
            pot, _, amount, number = batch.ends[i, 1:].tolist()
            if len(rows):
                of = ledger.rows[rows]
                accounts = (int(of[far][0]), *(int(x) for x in of[near]))
            else:
                accounts = (int(ledger.pots["account"][int(self._chains.seeds[number, 1])]),)
            yield Chain(
                amount=amount,
                hops=len(rows) - (1 if self._starts_with_transfer(number) else 0),
                transfers=tuple(ledger.transfer_ids[int(row)].as_py() for row in rows),
                accounts=tuple(ledger.account_ids[a].as_py() for a in accounts),
                kind=END_KINDS[kinds[i]],
                account_id=self._account_of(pot),
                currency=ledger.currencies[int(ledger.pots["currency"][pot])],
            )

    def _starts_with_transfer(self, number: int) -> bool:
        return int(self._chains.seeds[number, 0]) >= 0

    def chains(self, top: int | None = None, order: str = "amount") -> pd.DataFrame:
        """Chains as a frame; with `top`, the first so many, and ``frame.attrs["left_out"]`` says what is
        left out.

        Parameters
        ----------
        top
            How many; None for all of them.
        order
            ``"amount"``: greatest first; ``"hops"``: longest first; ``"found"``: as they are found.
        """
        if order not in ("amount", "hops", "found"):
            raise UsageError(
                Problem(
                    "order",
                    N_("chains cannot be ordered by {order}"),
                    {"order": order},
                    order,
                    "amount, hops, found",
                )
            )
        if top is not None and (isinstance(top, bool) or not isinstance(top, (int, np.integer)) or top < 0):
            raise UsageError(Problem("top", N_("not a whole number of chains"), {}, repr(top), "0, 1, 2, …"))
        count = 0
        total = 0
        kept: list[tuple[tuple[int, int], Chain]] = []
        for batch in self._chains.batches():
            size = len(batch.ends)
            amounts = batch.ends[:, 3]
            total += int(amounts.sum())
            which = np.arange(size)
            if top is not None and order == "amount" and size > top:
                which = np.sort(
                    np.argsort(-amounts, kind="stable")[:top]
                )  # no other of this batch can be among them
            for i, chain in zip(which, self._chains_of(batch, which), strict=True):
                number = count + int(i)
                rank = {"amount": chain.amount, "hops": chain.hops, "found": -number}[order]
                entry = ((rank, -number), chain)
                if top is None or len(kept) < top:
                    heapq.heappush(kept, entry) if top is not None else kept.append(entry)
                elif top and entry[0] > kept[0][0]:
                    heapq.heapreplace(kept, entry)
            count += size
        kept.sort(key=lambda item: item[0], reverse=True)
        chains = [chain for _, chain in kept]
        frame = _chain_frame(chains)
        frame.attrs["left_out"] = {
            "count": count - len(chains),
            "amount": total - sum(chain.amount for chain in chains),
        }
        return frame

    def routes(self, by: str = "account") -> pd.DataFrame:
        """Chains summed over equal accounts (``by="party"``: equal holders) and equal ends.

        Columns ``amount`` (seed currency), ``chains`` (how many), ``accounts`` (or ``parties``), ``kind``,
        ``account_id``, ``currency``. Greatest first.
        """
        if by not in ("account", "party"):
            raise UsageError(Problem("by", N_("routes are by account or by party"), {}, by, "account, party"))
        sums: dict[tuple[Any, ...], list[int]] = {}
        for chain in self.iter_chains():
            way = chain.accounts if by == "account" else self._parties_of(chain.accounts)
            total = sums.setdefault((way, chain.kind, chain.account_id, chain.currency), [0, 0])
            total[0] += chain.amount
            total[1] += 1
        listed = sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))
        frame = _frame(
            amount=np.array([value[0] for _, value in listed], np.int64),
            chains=np.array([value[1] for _, value in listed], np.int64),
            kind=pa.array([key[1] for key, _ in listed], pa.large_string()),
            account_id=pa.array([key[2] for key, _ in listed], pa.large_string()),
            currency=pa.array([key[3] for key, _ in listed], pa.large_string()),
        )
        ways = pd.Series([key[0] for key, _ in listed], dtype=object)
        frame.insert(2, "accounts" if by == "account" else "parties", ways)
        return frame

    def _parties_of(self, accounts: tuple[str, ...]) -> tuple[str, ...]:
        """Holders along a way; one that follows itself counts once, an account without one stands for
        itself.
        """
        ledger = self._ledger
        out: list[str] = []
        for account in accounts:
            party = int(ledger.account_party[ledger.account(account)])
            name = ledger.party_ids[party].as_py() if party >= 0 else account
            if not out or out[-1] != name:
                out.append(name)
        return tuple(out)

    # ---------------------------------------------------------------- assumptions

    @cached_property
    def _touched(self) -> tuple[Ints, Ints]:
        """Pots with a history that traced money came to, and how much (in the seed's currency)."""
        ledger = self._ledger
        steps, seed = self._flow.moved[:, 0], self._flow.moved[:, 2]
        pots = ledger.steps["src" if self.backward else "dst"][steps].astype(np.int64)
        flags = ledger.steps["flags"][steps]
        stops = (flags & 56 if self.backward else flags & 7) > 0
        walked = ~stops & (ledger.pots["kind"][pots] != TRANSIT)
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

    @cached_property
    def _open_accounts(self) -> dict[int, int]:
        """Reached accounts with rows whose order nothing decides, and how many."""
        whose = self._ledger.open_rows[:, 1]
        if len(whose) == 0:
            return {}
        accounts, rows = np.unique(whose[np.isin(whose, self._reached[0])], return_counts=True)
        return dict(zip(accounts.tolist(), rows.tolist(), strict=True))

    @cached_property
    def assumptions(self) -> pd.DataFrame:
        """What was assumed, with the traced money that came to where it was.

        Columns ``kind``, ``account_id``, ``currency``, ``seed_amount`` (traced money that came there),
        ``value`` (an opening in minor units, a number of rows) and ``note``. Kinds: ``coverage`` (no
        account says for which time its statement is held, so that the case counts as complete; or how often
        nothing says whether rows are missing between two statements of an account), ``opening``
        (unknown: the least that never overdraws is taken), ``order`` (nothing decides the order of rows),
        ``reversal`` (a seed transfer counts net), ``balance`` (stated balances do not follow from the rows),
        ``earmark`` (a custody or reserve account whose money is divided by earmark, into how many parts).
        """
        ledger = self._ledger
        found: list[tuple[str, str | None, str, int, int, str]] = []
        if not ledger.coverage_stated:
            note = N_("no account says for which time its statement is held: the case counts as complete")
            found.append(("coverage", None, self.currency, self.seed, len(ledger.account_ids), note))
        accounts, came = self._reached
        by_account = dict(zip(accounts.tolist(), came.tolist(), strict=True))
        note = N_("nothing decides the order of these rows: the figures are those of the one shown")
        for account, rows in self._open_accounts.items():
            name = ledger.account_ids[account].as_py()
            found.append(("order", name, self.currency, by_account[account], rows, note))
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
        divided = self._ledger.pots["kind"][self._touched[0]] == CUSTODY
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
        return (
            both.assign(first=both["kind"] != "coverage")
            .sort_values(
                ["first", "seed_amount", "kind", "account_id"],
                ascending=[True, False, True, True],
                ignore_index=True,
            )
            .drop(columns="first")
        )

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
                "seed_amount": int(seed[i]),
                "seed": bool(np.isin(rows[i], self._seeds.rows)),
            }
            for i in range(len(rows))
        ]

    def _repr_html_(self) -> str:
        """The picture, and the ends as a table; both in major units."""
        from graphflow.pictures import sankey_svg

        routes = self.routes()
        title = f"{self.rule}, {'backward' if self.backward else 'forward'}"
        picture = ""
        if len(routes):
            picture = sankey_svg(
                routes, title=title, unit=self.currency, digits=self.minor_units, backward=self.backward
            )
        ends = self.ends[["kind", "account_id", "party_id", "currency"]].copy()
        ends["amount"] = [
            self._major(int(amount), currency)
            for amount, currency in zip(self.ends["amount"], self.ends["currency"], strict=True)
        ]
        ends[f"of the seed, {self.currency}"] = [
            self._major(int(amount)) for amount in self.ends["seed_amount"]
        ]
        return picture + str(ends.to_html(index=False, na_rep="", max_rows=60, show_dimensions=True))


def _time_of(ledger: Ledger, step: int) -> int:
    if step < 0:
        return int(ledger.rows["time"][0])
    return int(ledger.rows["time"][int(ledger.steps["row"][step])])


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


def _times(values: Any) -> Any:
    return pa.array(np.ascontiguousarray(values)).cast(pa.timestamp("us", "UTC"))


def _frame(**columns: Any) -> pd.DataFrame:
    return as_frame(pa.table({name: _column(values) for name, values in columns.items()}))


def _column(values: Any) -> Any:
    return values if isinstance(values, pa.Array) else pa.array(np.ascontiguousarray(values, np.int64))


def _chain_frame(chains: list[Chain]) -> pd.DataFrame:
    frame = _frame(
        amount=np.array([c.amount for c in chains], np.int64),
        hops=np.array([c.hops for c in chains], np.int64),
        kind=pa.array([c.kind for c in chains], pa.large_string()),
        account_id=pa.array([c.account_id for c in chains], pa.large_string()),
        currency=pa.array([c.currency for c in chains], pa.large_string()),
    )
    frame.insert(2, "transfers", pd.Series([c.transfers for c in chains], dtype=object))
    frame.insert(3, "accounts", pd.Series([c.accounts for c in chains], dtype=object))
    return frame
