"""Where clients' money went from the accounts that keep it, under every rule of tracing, to the unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from graphflow import sets
from graphflow.redlines.borrowing import of_party
from graphflow.redlines.facts import Flags, Ints
from graphflow.redlines.keeping import CLIENT, RESERVE, Keeper, custody_of, fees
from graphflow.redlines.origins import Part, with_statement
from graphflow.tracing.references import written

RULES = ("fifo", "lifo", "prorata", "libr")
"""Rules that say how much of a payment is clients' money."""

BOUND = "poison"
"""The rule that only says what can be: all that is paid out after clients' money came."""

MOST = 20_000
"""Of the payments of clients so many are followed, the greatest; how much that leaves out is told."""

MOST_CHAINS = 50_000
"""So many chains are looked through for the greatest that are shown."""

_STOPS = ("cash", "internal", "tax", "securities", "margin", "loan", "clearing")


@dataclass(frozen=True)
class Spread:
    """Clients' money of one currency, followed through the accounts of whoever keeps it, and a few others'.

    Attributes
    ----------
    seeds
        Rows of `Keeper.ins` that are followed.
    left_out
        How much clients' money was not, for there were too many payments.
    walked
        The accounts that it is followed through; ``between`` those of them that are others'.
    carried
        By rule: transfers by place, and how much clients' money each carried.
    traces
        By rule: the trace.
    part
        The case that was traced.
    """

    keeper: Keeper
    seeds: pd.DataFrame = field(repr=False)
    left_out: int
    walked: Ints = field(repr=False)
    between: Ints = field(repr=False)
    carried: Mapping[str, tuple[Ints, Ints]] = field(repr=False)
    traces: Mapping[str, Any] = field(repr=False)
    part: Part = field(repr=False)

    def of(self, payments: pd.DataFrame) -> dict[str, int]:
        """How much clients' money some payments (``row`` and ``amount``) carried, by rule.

        Of a payment that is partly ``covered`` by its payee's claim, that part was clients' money first.
        """
        found = {}
        claims = pd.Series(payments["covered"].to_numpy(np.int64), payments["row"].to_numpy())
        rows, whole = payments["row"].to_numpy(), payments["amount"].to_numpy(np.int64)
        for rule, (places, amounts) in self.carried.items():
            if rule == BOUND:
                found[rule] = int(whole[np.isin(rows, places)].sum())
            else:
                mine = np.isin(places, rows)
                first = np.minimum(claims.reindex(places[mine]).to_numpy(), amounts[mine])
                found[rule] = int((amounts[mine] - first).sum())
        return found

    def carrying(self, rows: Ints) -> Ints:
        """Those of some transfers that carried clients' money under a rule that says how much."""
        known = sets.unique(np.concatenate([self.carried[rule][0] for rule in RULES]))
        return sets.common(rows, known)

    def chains(self, rows: Ints, top: int = 5) -> list[Mapping[str, Any]]:
        """The greatest ways to some payments, first in, first out, each as far as the payment."""
        trace, ledger = self.traces["fifo"], self.part.case.ledger
        wanted = np.isin(self.part.places[ledger.rows["origin"]], rows)
        ways = trace.ways_to(wanted, top, MOST_CHAINS)
        names = ledger.transfer_ids
        return [
            {"amount": a, "currency": trace.currency, "transfers": names.take(pa.array(way)).to_pylist()}
            for a, way in ways
        ]


def spread(keeper: Keeper, currency: int, hops: int, spent: bool, only: Flags | None = None) -> Spread | None:
    """Follow the clients' money of one currency; None where there is none, or nothing that it could reach.

    Parameters
    ----------
    hops
        Through how many payments it is followed to others of the group; 0: it is not.
    spent
        Whether something was paid for purposes of its own.
    only
        These rows of `Keeper.ins` alone.
    """
    from graphflow.tracing import trace

    facts = keeper.facts
    walked = own_accounts(keeper)
    ins = keeper.ins
    mine = (ins["what"] == CLIENT) & (ins["currency"] == currency) & np.isin(ins["account"], walked)
    if only is not None:
        mine &= only
    seeds = ins[mine].sort_values(["amount", "row"], ascending=[False, True], kind="stable")
    if seeds.empty:
        return None
    left_out = int(seeds["amount"].iloc[MOST:].sum())
    seeds = seeds.head(MOST).sort_values("row")
    between = _between(keeper, walked, hops) if hops > 1 else np.zeros(0, np.int64)
    straight = hops > 0 and bool((keeper.purposes["purpose"] == "group").any())
    if not (spent or straight or between.size):
        return None
    every = sets.union(walked, between)
    part = Part(facts, every, np.zeros(0, np.int64), np.zeros(0, object))
    references = [written("transfer", each) for each in facts.ids(seeds["row"].to_numpy())]
    name = facts.currencies[currency]
    traces = {rule: trace(part.case, references, rule=rule, currency=name) for rule in (*RULES, BOUND)}
    carried = {rule: part.carried(t) for rule, t in traces.items()}
    return Spread(keeper, seeds, left_out, every, between, carried, traces, part)


def own_accounts(keeper: Keeper) -> Ints:
    """The institutions' own accounts, those in custody for them, and others that hold clients' money.

    A reserve's money is asked about by a red line of its own.
    """
    facts, kept = keeper.facts, keeper.kept
    mine = np.isin(facts.account_party[kept], keeper.of) | np.isin(facts.account_signer[kept], keeper.of)
    mine |= np.isin(kept, keeper.custody) | keeper.holding[kept]
    return kept[mine & ~np.isin(facts.account_kind[kept], RESERVE)]


def to_group(keeper: Keeper, found: Spread) -> pd.DataFrame:
    """Payments to others of the group: out of their own accounts, and out of those between."""
    facts, flows = keeper.facts, keeper.facts.flows
    straight = keeper.purposes
    straight = straight[(straight["purpose"] == "group") & np.isin(straight["account"], found.walked)]
    at = facts.paid_by(found.between)
    at = at[_sinks(keeper)[flows["target"].to_numpy()[at]]]
    part = flows.iloc[at]
    part = part[~fees(facts, part["row"].to_numpy())]
    over = pd.DataFrame(
        {
            "at": part.index.to_numpy(), "row": part["row"].to_numpy(), "time": part["time"].to_numpy(),
            "account": part["source"].to_numpy(), "target": part["target"].to_numpy(),
            "payee": part["payee"].to_numpy(), "amount": part["amount"].to_numpy(np.int64),
            "currency": part["currency"].to_numpy(), "covered": 0, "client": False,
            "certain": part["amount"].to_numpy(np.int64),
        }
    )  # fmt: skip
    both = pd.concat([straight[over.columns], over], ignore_index=True)
    return both.drop_duplicates("row", ignore_index=True)


def _sinks(keeper: Keeper) -> Flags:
    """Accounts of others of the group that hold no clients' money."""
    facts = keeper.facts
    found = np.zeros(facts.account_ids.size, np.bool_)
    found[keeper.held] = True
    found &= np.isin(facts.account_party, keeper.group) & ~np.isin(facts.account_party, keeper.of)
    found &= ~keeper.holding & ~custody_of(facts)
    return found


def _between(keeper: Keeper, walked: Ints, hops: int) -> Ints:
    """Accounts of others over which money can have come to others of the group within so many transfers."""
    facts, flows = keeper.facts, keeper.facts.flows
    source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
    owed = facts.numbers_of(facts.rows("loans")["borrower_id"])
    # who is named a client, and is seen to have no claim, is passed as any other
    clients = sets.common(keeper.clients, keeper.creditors)
    apart = np.concatenate([clients, keeper.group, owed])
    party = facts.account_party
    free = ~facts.guarded & ~np.isin(party, apart[apart >= 0]) & ~facts.account_is(*_STOPS)
    free &= ~np.isin(of_party(facts.party_kind, party), ("bank", "government"))
    free[keeper.held] = False
    free &= with_statement(facts)
    outs = keeper.outs
    begin = outs.loc[outs["free"] & np.isin(outs["account"], walked), "target"].to_numpy()
    end = np.flatnonzero(_sinks(keeper))
    forward = _away(free, sets.unique(begin), hops - 1, lambda near: target[facts.paid_by(near)])
    backward = _away(
        free, sets.unique(source[facts.paid_to(end)]), hops - 1, lambda near: source[facts.paid_to(near)]
    )
    return np.flatnonzero(forward + backward <= hops)


def _away(free: Flags, start: Ints, steps: int, onward: Any) -> Ints:
    """How many transfers accounts are away, of those that money may pass."""
    away = np.full(free.size, np.iinfo(np.int64).max // 4, np.int64)
    near = start[free[start]]
    for step in range(1, steps + 1):
        away[near] = step
        reached = sets.unique(onward(near)) if near.size else near
        near = reached[free[reached] & (away[reached] > step)]
    return away


def total(amounts: Mapping[str, int], rules: Iterable[str] = RULES) -> tuple[int, int]:
    """The least and the greatest amount over some rules."""
    values = [amounts[rule] for rule in rules]
    return min(values), max(values)
