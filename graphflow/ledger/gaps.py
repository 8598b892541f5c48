"""Gaps of cash: which deposit is taken to be the money of which withdrawal."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphflow.ledger.columns import integers, texts
from graphflow.ledger.form import CONVERTS, KINDS, Index, Ledger
from graphflow.ledger.order import NONE

if TYPE_CHECKING:
    from graphflow.tables import Tables

Ints = NDArray[np.int64]

CASH_RATIO = Fraction(9, 10)
"""The least part of a withdrawal that a deposit of its money is; the greatest is all of it."""


def find_gaps(tables: Tables, ledger: Ledger, least: Fraction = CASH_RATIO) -> Ints:
    """Withdrawals in cash, each with the later deposit that is taken to be paid of it.

    A deposit belongs to a withdrawal of the same local day and currency of which it is between nine tenths
    and all, where both accounts have one party, or their parties are tied by a relation `agent` at that time.
    One to one: by time of deposit, the latest free withdrawal first, then the least id. What was undone never
    moved.

    Returns
    -------
    int64 (g, 2) : rows of the ledger, withdrawal and deposit, by withdrawal.

    Notes
    -----
    An inference, never evidence: it is made only where it is asked for.
    """
    accounts = np.flatnonzero(ledger.account_kind == KINDS.index("cash"))
    withdrawn, deposited = (
        _steps_at(ledger, accounts, *side) for side in ((ledger.credits, "source"), (ledger.debits, "target"))
    )
    if withdrawn.size == 0 or deposited.size == 0:
        return np.zeros((0, 2), np.int64)
    steps = ledger.steps
    of, back = (ledger.rows[steps["row"][x]] for x in (withdrawn, deposited))
    came, went = of["net"].astype(np.int64), back["net"]
    changed = np.flatnonzero(steps["flags"][withdrawn] & CONVERTS)
    came[changed] = ledger.converted[np.searchsorted(ledger.converted[:, 0], withdrawn[changed]), 1]
    coin = ledger.pots["currency"][steps["dst"][withdrawn]]
    paid_in = ledger.pots["currency"][steps["src"][deposited]]
    left_at, paid_at = of["arrives"], back["time"]
    left_day, paid_day = (_days(x, tables.timezone) for x in (left_at, paid_at))
    tied = _Hands(tables, ledger)

    waiting: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, key in enumerate(zip(left_day.tolist(), coin.tolist(), strict=True)):
        waiting[key].append(i)
    names = ledger.transfer_ids
    found: list[tuple[int, int]] = []
    taken: set[int] = set()
    for j in np.lexsort((deposited, paid_at)).tolist():
        payee = int(back["target"][j])
        fitting = []
        for i in waiting[int(paid_day[j]), int(paid_in[j])]:
            whole, part = int(came[i]), int(went[j])
            if i in taken or withdrawn[i] >= deposited[j] or not least * whole <= part <= whole:
                continue
            if tied.same(int(of["source"][i]), payee, int(paid_at[j])):
                row = int(steps["row"][withdrawn[i]])
                fitting.append((-int(left_at[i]), names[row].as_py(), i))
        if fitting:
            i = min(fitting)[2]
            taken.add(i)
            found.append((int(steps["row"][withdrawn[i]]), int(steps["row"][deposited[j]])))
    return np.array(sorted(found), np.int64).reshape(-1, 2)


def _steps_at(ledger: Ledger, accounts: Ints, index: Index, other: str) -> Ints:
    """The steps by which money comes to accounts (or leaves them) from others: one a transfer, in order."""
    held = np.zeros(len(ledger.account_ids), np.bool_)
    held[accounts] = True
    found = [np.zeros(0, np.int64)]
    for account in accounts.tolist():
        pots = ledger.pots_of(account)
        found.append(
            index.steps[int(index.pointer[pots.start]) : int(index.pointer[pots.stop])].astype(np.int64)
        )
    steps = np.sort(np.concatenate(found))
    steps = steps[~held[ledger.rows[other][ledger.steps["row"][steps]]]]
    # of what several compartments paid, the first part stands for all
    _, first = np.unique(ledger.steps["row"][steps], return_index=True)
    return np.sort(steps[first]).astype(np.int64)


def _days(times: Ints, zone: str) -> Ints:
    """Local days, by number."""
    import pandas as pd

    local = pd.to_datetime(times, unit="us", utc=True).tz_convert(zone).tz_localize(None)
    days: Ints = local.normalize().as_unit("us").asi8
    return days


class _Hands:
    """Whether money that leaves one account and comes to another may have been in the same hands."""

    def __init__(self, tables: Tables, ledger: Ledger) -> None:
        self._ledger = ledger
        self._agents: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        relations = tables.arrow("relations")
        if relations is None or len(relations) == 0:
            return
        from graphflow.ledger.columns import flags
        from graphflow.ledger.coverage import end_of_day

        count = len(relations)
        kinds = texts(relations, "kind").to_pylist()
        since, until = (integers(relations, name, count) for name in ("since", "until"))
        until = end_of_day(until, flags(relations, "until_day", count), tables.timezone)
        ends = [texts(relations, name).to_pylist() for name in ("party_id", "other_id")]
        for i, kind in enumerate(kinds):
            if kind != "agent":
                continue
            one, other = (ledger.party(side[i]) for side in ends)
            span = (int(since[i]), 2**63 - 1 if until[i] == NONE else int(until[i]))
            self._agents[one, other].append(span)
            self._agents[other, one].append(span)

    def same(self, payer: int, payee: int, time: int) -> bool:
        if payer == payee:
            return True
        one, other = (int(self._ledger.account_party[account]) for account in (payer, payee))
        if one < 0 or other < 0:  # an account without a party is its own
            return False
        if one == other:
            return True
        return any(since <= time <= until for since, until in self._agents.get((one, other), ()))
