"""For which time an account's own statement is held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.kernels.index import period_of
from graphflow.ledger.columns import fixed, flags, integers, known, positions, texts
from graphflow.ledger.form import PERIOD
from graphflow.ledger.order import NONE

Ints = NDArray[np.int64]

ALWAYS = np.iinfo(np.int64).max
SECOND = 1_000_000
DAY = 86_400 * SECOND


@dataclass(frozen=True)
class Coverage:
    """Periods by account, in order, and their stated openings (:data:`NONE`: not stated)."""

    periods: NDArray[np.void]
    openings: Ints
    pointer: Ints
    stated: bool

    def find(self, account: NDArray[np.int32], time: Ints) -> NDArray[np.int32]:
        """The period of each account that holds each time; -1 where none does."""
        begins, ends = (np.ascontiguousarray(self.periods[name]) for name in ("begins", "ends"))
        return period_of(fixed(account, np.int32), fixed(time, np.int64), self.pointer, begins, ends)


def end_of_day(times: Ints, bare: NDArray[np.bool_], timezone: str) -> Ints:
    """Times of which only the date is known, as the last microsecond of that local day.

    Examples
    --------
    >>> end_of_day(np.array([0]), np.array([True]), "UTC")
    array([86399999999])
    """
    which = bare & (times != NONE)
    out = times
    if which.any():
        out = times.copy()
        local = pd.to_datetime(times[which], unit="us", utc=True).tz_convert(timezone).tz_localize(None)
        later = (local + pd.Timedelta(days=1)).tz_localize(
            timezone, ambiguous=True, nonexistent="shift_forward"
        )
        out[which] = later.tz_convert("UTC").as_unit("us").asi8 - 1
    return out


def read_coverage(
    accounts: Any, coverage: Any, ids: Any, always: NDArray[np.bool_], timezone: str
) -> Coverage:
    """Join all statements about coverage.

    If nobody says anything about coverage, every account is covered throughout. ``always`` are accounts that
    count as covered whatever is said (clearing).
    """
    size = len(ids)
    number = positions(texts(accounts, "account_id"), ids) if accounts is not None else np.zeros(0, np.int64)
    count = number.size
    begins = integers(accounts, "covered_from", count)
    ends = end_of_day(
        integers(accounts, "covered_to", count), flags(accounts, "covered_to_day", count), timezone
    )
    opening = integers(accounts, "opening_balance", count)
    # the unknown other side of a row is never covered, and says nothing about the case
    nobody = pc.starts_with(ids, "?:").to_numpy(zero_copy_only=False)
    says = known(accounts, "covered", count) & ~nobody[number]
    dated = (begins != NONE) | (ends != NONE)
    stated = bool(says.any() or dated.any()) or (coverage is not None and len(coverage) > 0)

    if not stated:
        by_account = np.full(size, NONE, np.int64)
        by_account[number] = opening
        covered_all = np.flatnonzero(~nobody)
        periods = np.zeros(covered_all.size, PERIOD)
        periods["account"] = covered_all
        periods["begins"] = NONE
        periods["ends"] = ALWAYS
        pointer = np.concatenate(([0], np.cumsum(~nobody))).astype(np.int64)
        return Coverage(periods, by_account[covered_all], pointer, False)

    # an account that is only called covered is so for its own rows of `coverage`, else throughout
    listed = np.zeros(size, np.bool_)
    if coverage is not None and len(coverage):
        listed[positions(texts(coverage, "account_id"), ids)] = True
    denied = says & ~flags(accounts, "covered", count)
    covered = ((flags(accounts, "covered", count) & ~listed[number]) | dated) & ~always[number] & ~denied
    parts = [
        (number[covered], begins[covered], np.where(ends == NONE, ALWAYS, ends)[covered], opening[covered])
    ]
    if coverage is not None and len(coverage):
        rows = len(coverage)
        to = end_of_day(integers(coverage, "to", rows), flags(coverage, "to_day", rows), timezone)
        who = positions(texts(coverage, "account_id"), ids)
        refused = np.zeros(size, np.bool_)
        refused[number[denied]] = True
        keep = ~always[who] & ~refused[who]
        parts.append(
            (
                who[keep],
                integers(coverage, "from", rows)[keep],
                np.where(to == NONE, ALWAYS, to)[keep],
                integers(coverage, "opening_balance", rows)[keep],
            )
        )
    open_accounts = np.flatnonzero(always)
    parts.append(
        (
            open_accounts,
            np.full(open_accounts.size, NONE),
            np.full(open_accounts.size, ALWAYS),
            np.full(open_accounts.size, NONE),
        )
    )
    account, begins, ends, opening = (np.concatenate([part[i] for part in parts]) for i in range(4))
    sort = np.lexsort((ends, begins, account))
    account, begins, ends, opening = (x[sort] for x in (account, begins, ends, opening))
    # overlapping and adjoining periods are one; adjoining is up to the second that statements are written in
    new = np.ones(account.size, np.bool_)
    furthest = ends.copy()
    for i in (np.flatnonzero(account[1:] == account[:-1]) + 1).tolist():
        if begins[i] == NONE or furthest[i - 1] == ALWAYS or begins[i] <= furthest[i - 1] + SECOND:
            new[i] = False
            furthest[i] = max(furthest[i], furthest[i - 1])
            if begins[i] == begins[i - 1] and opening[i] == NONE:
                opening[i] = opening[i - 1]
    heads = np.flatnonzero(new)
    tails = np.append(heads, account.size)[1:] - 1
    first_opening = opening[heads].copy()
    for place in np.flatnonzero(tails > heads).tolist():
        # several rows may state the opening of the same beginning; the first that says one is taken
        for i in range(int(heads[place]), int(tails[place]) + 1):
            if begins[i] == begins[heads[place]] and opening[i] != NONE and first_opening[place] == NONE:
                first_opening[place] = opening[i]
    # an opening without a date stands before the account's first period
    undated = np.full(size, NONE, np.int64)
    undated[number[~dated]] = integers(accounts, "opening_balance", count)[~dated]
    whose = account[heads]
    first = np.concatenate(([True], whose[1:] != whose[:-1])) if whose.size else np.zeros(0, np.bool_)
    bare = first & (first_opening == NONE)
    first_opening[bare] = undated[whose[bare]]
    periods = np.zeros(heads.size, PERIOD)
    periods["account"] = account[heads]
    periods["begins"] = begins[heads]
    periods["ends"] = furthest[tails]
    pointer = np.searchsorted(periods["account"], np.arange(size + 1)).astype(np.int64)
    return Coverage(periods, first_opening, pointer, True)
