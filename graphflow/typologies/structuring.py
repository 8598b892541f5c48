"""Structuring: several transfers each a little below the amount from which a bank must report."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from graphflow.law import law
from graphflow.mirrors import local_days
from graphflow.typologies.episodes import busy, pointer_of, ranges
from graphflow.typologies.found import Asked, Found, nothing, sums
from graphflow.typologies.payments import Payments

Ints = npt.NDArray[np.int64]


def find(payments: Payments, asked: Asked) -> Found:
    """Holders with at least `least` transfers one way within the window, each just below a reporting limit.

    Just below: less than the limit of the day in the transfer's currency, but by no more thousandths of it
    than `permille`. Cash (an account of kind cash on the other side) has one limit; transfers have that of
    natural persons or that of others, by the kind of the holder's party: where nobody says it, they are not
    looked at. Limits stand in ``law/reporting_limits.csv``; that of money which crosses the border is not
    asked, for no table says so. The one member is the holder; the amount is their sum.

    Examples
    --------
    >>> from graphflow.case import Case
    >>> from graphflow.typologies.payments import payments_of
    >>> case = Case.from_tables(
    ...     accounts={"account_id": ["cash:A"], "kind": ["cash"]},
    ...     transfers={"transfer_id": ["t1", "t2", "t3"], "amount": ["49000", "48000", "40000"],
    ...                "time": ["2024-03-01", "2024-03-02", "2024-03-03"], "source": ["cash:A"] * 3,
    ...                "target": ["A"] * 3})
    >>> found = find(payments_of(case), Asked(window=7 * 86_400_000_000, least=3, permille=200))
    >>> found.transfers.tolist(), found.amount.tolist()
    ([0, 1, 2], [13700000])
    """
    transfers, holders, pointers = [], [], [0]
    for which, side in _candidates(payments, asked):
        holder = payments.ends[which, side].astype(np.int64)
        each, time = np.arange(len(which)), payments.time[which]
        order, begin, end = busy(holder, each, time, asked.window, asked.least)
        which, holder = which[order], holder[order]
        transfers.append(which[ranges(begin, end)])
        holders.append(holder[begin])
        pointers += (end - begin).tolist()
    if len(pointers) == 1:
        return nothing()
    bounds, all_of = pointer_of(np.array(pointers[1:], np.int64)), np.concatenate(transfers)
    members = np.concatenate(holders)
    return Found(bounds, all_of, np.arange(len(members) + 1), members, sums(payments, bounds, all_of))


def _candidates(payments: Payments, asked: Asked) -> Iterator[tuple[Ints, int]]:
    """By limit and side: the transfers of holders for whom it is the limit that lie just below it."""
    days = local_days(payments.time, payments.timezone)
    share = 1000 if asked.permille < 0 else min(asked.permille, 1000)
    for row in law("reporting_limits"):
        if row["currency"] not in payments.currencies:
            continue
        currency = payments.currencies.index(row["currency"])
        limit = int(row["value"]) * 10 ** payments.digits.get(row["currency"], 2)
        since, until = (_day(row[name]) for name in ("since", "until"))
        cash = row["money"] == "cash"
        for side in (0, 1):
            amount, coin = (payments.money[:, column + 2 * side] for column in (0, 1))
            near = (payments.cash == cash) & (coin == currency) & (amount < limit)
            near &= amount * 1000 >= limit * (1000 - share)
            near &= (days >= (since or 0)) & (days <= (until or 2**31))
            which = np.flatnonzero(near)
            holder = payments.ends[which, side]
            if cash:
                mine = ~payments.is_cash[holder]
            else:
                mine = payments.is_person[holder] == (1 if row["holder"] == "person" else 0)
            if mine.any():
                yield which[mine], side


def _day(text: str) -> int | None:
    """The local day of a date, counted from 1970-01-01."""
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days if text else None
