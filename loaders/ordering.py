"""The order of a statement's own rows, and which row takes which one back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DAY = 86_400_000_000
REVERSED_WITHIN = 7 * DAY  # without a common number; with one, any time


def groups_of_time(account: Ints, time: Ints, is_date: Flags) -> Ints:
    """The time that orders each row: its own, or its day where the account has a bare date on it."""
    if not is_date.any():
        return time
    day = time // DAY
    dated = set(zip(account[is_date].tolist(), day[is_date].tolist(), strict=True))
    whole = np.fromiter(
        (key in dated for key in zip(account.tolist(), day.tolist(), strict=True)), bool, len(time)
    )
    return np.where(whole, day * DAY, time)


def sequences(account: Ints, time: Ints, change: Ints, balance: Ints, known: Flags) -> Ints:
    """The place of each row in its account's statement, -1 where the running balance does not confirm one.

    At equal times the rows stand as in the file or the other way round, whichever the balances chain in;
    where both do, the balance before them decides, then the way in which the whole file runs.

    Parameters
    ----------
    account, time
        Of each row, in the order of the file; `time` as `groups_of_time` gives it.
    change, balance, known
        What the row adds to the account, what stands in it afterwards, and whether that is known.

    Examples
    --------
    >>> a = np.zeros(3, np.int64); t = np.array([9, 9, 9]); yes = np.ones(3, bool)
    >>> sequences(a, t, np.array([5, -3, 1]), np.array([5, 2, 3]), yes).tolist()
    [0, 1, 2]
    >>> sequences(a, t, np.array([1, -3, 5]), np.array([3, 2, 5]), yes).tolist()
    [2, 1, 0]
    >>> sequences(a, t, np.array([1, 5, -3]), np.array([3, 5, 2]), yes).tolist()
    [-1, -1, -1]
    """
    n = len(account)
    if n == 0:
        return np.empty(0, np.int64)
    order = np.lexsort((np.arange(n), time, account))
    a, t, c, b, k = account[order], time[order], change[order], balance[order], known[order]
    new_account = np.r_[True, a[1:] != a[:-1]]
    new_group = new_account | np.r_[True, t[1:] != t[:-1]]
    start = np.flatnonzero(new_group)
    end = np.r_[start[1:], n]
    size = end - start
    both = np.r_[False, k[1:] & k[:-1]]
    forward = both & np.r_[False, b[1:] == b[:-1] + c[1:]]
    backward = both & np.r_[False, b[:-1] == b[1:] + c[:-1]]
    as_is = np.logical_and.reduceat(forward | new_group, start)
    turned = np.logical_and.reduceat(backward | new_group, start)
    runs_back = _runs_back(account, time)[a[start]]
    # Provisional, to know the balance that each group of rows finds.
    turn = turned & (~as_is | runs_back)
    closing, closing_known = np.where(turn, b[start], b[end - 1]), np.where(turn, k[start], k[end - 1])
    before, before_known = np.r_[0, closing[:-1]], np.r_[False, closing_known[:-1]] & ~new_account[start]
    open_ = (size > 1) & as_is & turned
    fits_as_is = before_known & k[start] & (b[start] == before + c[start])
    fits_turned = before_known & k[end - 1] & (b[end - 1] == before + c[end - 1])
    turn = np.where(open_ & (fits_as_is != fits_turned), fits_turned, turn)
    confirmed = (size == 1) | as_is | turned
    at = np.arange(n)
    group = np.cumsum(new_group) - 1
    place = np.where(turn[group], start[group] + end[group] - 1 - at, at)
    first = np.maximum.accumulate(np.where(new_account, at, 0))
    sequence = np.where(confirmed[group], place - first, -1)
    result = np.empty(n, np.int64)
    result[order] = sequence
    return result


def _runs_back(account: Ints, time: Ints) -> Flags:
    """Of each account, whether its rows stand in the file from the last to the first."""
    steps = np.zeros(int(account.max()) + 1, np.int64)
    order = np.argsort(account, kind="stable")
    a, t = account[order], time[order]
    same = a[1:] == a[:-1]
    np.add.at(steps, a[1:][same], np.sign(t[1:] - t[:-1])[same])
    return steps < 0


def reversals(
    account: Ints,
    out: Flags,
    amount: Sequence[Any],
    time: Ints,
    place: Ints,
    other: Sequence[str | None],
    marks: Sequence[Sequence[str | None]],
    reversing: Flags,
) -> tuple[dict[int, int], list[int]]:
    """For each row that takes one back, the row that it takes back; and those for which none was found.

    It is an earlier row of the same account, the other way, of the same amount, with the same other side (or
    one of the two unknown), not taken back already: one with the same serial, log or voucher number, else the
    latest one of the last seven days. A row that shares a number with another reversal is left for that one.

    Parameters
    ----------
    place
        The row's place in its file, or its sequence: what comes first at equal times.
    marks
        For each kind of number (serial, log, voucher), that of every row.
    reversing
        Which rows take one back.
    """
    wanted: list[int] = np.flatnonzero(reversing).tolist()
    if not wanted:
        return {}, []
    keys = {(int(account[i]), amount[i]) for i in wanted}
    candidates: dict[tuple[int, Any, bool], list[int]] = {}
    like: list[int] = np.flatnonzero(~reversing & np.isin(account, account[wanted])).tolist()
    for i in like:
        key = (int(account[i]), amount[i])
        if key in keys:
            candidates.setdefault((*key, bool(out[i])), []).append(i)
    found: dict[int, int] = {}
    taken: set[int] = set()
    ordered = sorted(wanted, key=lambda i: (int(time[i]), int(place[i])))
    for by_number in (True, False):
        for i in ordered:
            if i in found:
                continue
            best: tuple[int, int] | None = None
            for j in candidates.get((int(account[i]), amount[i], not bool(out[i])), ()):
                earlier = (time[j], place[j]) < (time[i], place[i])
                if j in taken or not earlier or (other[i] and other[j] and other[i] != other[j]):
                    continue
                if by_number:
                    if not any(mark[i] and mark[i] == mark[j] for mark in marks):
                        continue
                elif time[i] - time[j] > REVERSED_WITHIN:
                    continue
                when = (int(time[j]), int(place[j]))
                if best is None or when > (int(time[best[1]]), int(place[best[1]])):
                    best = (0, j)
            if best is not None:
                found[i] = best[1]
                taken.add(best[1])
    return found, [i for i in ordered if i not in found]
