"""Money that goes through an account: what comes in beside what goes out soon after."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def close_enough(came: int, goes: int, permille: int) -> bool:
    """Whether an amount goes on as another: apart by at most so many thousandths of it. No limit below 0."""
    if permille < 0:
        return True
    allowed = (came // 1000) * permille + ((came % 1000) * permille) // 1000
    return came - allowed <= goes <= came + allowed


@njit(cache=True, nogil=True)
def passes(
    ends: Numbers, time: Ints, money: Ints, index: tuple[Ints, Numbers, Ints, Numbers], limits: Ints
) -> tuple[Numbers, Numbers]:
    """Pairs of one account's transfers: one in, and one out of it within a window from then on, to another.

    Parameters
    ----------
    ends : int32 (n, 2)
        Payer and payee, transfers in time order.
    time : int64 (n)
    money : int64 (n, 4)
        What leaves and its currency, what arrives and its currency; two currencies are not compared.
    index : pointer and positions by payer, and by payee
        As `kernels.index.index_by` gives them.
    limits : int64 (3)
        The window, the thousandths by which what goes out may differ from what came in (below 0: no limit),
        and how many pairs are looked at for one account at most.

    Returns
    -------
    pairs : int32 (k, 2)
        In and out, by account, then in the order of what came in, then of what went out.
    cut : int32
        Accounts with more pairs than the limit: none of theirs is there.
    """
    out_pointer, out_at, in_pointer, in_at = index
    window, permille, most = limits[0], limits[1], limits[2]
    pairs = np.empty((64, 2), np.int32)
    cut = np.empty(16, np.int32)
    count, cuts = 0, 0
    for account in range(out_pointer.size - 1):
        low, end = out_pointer[account], out_pointer[account + 1]
        before, looked = count, 0
        for i in range(in_pointer[account], in_pointer[account + 1]):
            came = in_at[i]
            while low < end and time[out_at[low]] < time[came]:
                low += 1
            for k in range(low, end):
                goes = out_at[k]
                if time[goes] > time[came] + window or looked > most:
                    break
                looked += 1
                if ends[came, 0] == ends[goes, 1]:
                    continue
                if money[came, 3] == money[goes, 1] and not close_enough(
                    money[came, 2], money[goes, 0], permille
                ):
                    continue
                if count == len(pairs):
                    longer = np.empty((2 * count, 2), np.int32)
                    longer[:count] = pairs
                    pairs = longer
                pairs[count, 0] = came
                pairs[count, 1] = goes
                count += 1
            if looked > most:
                break
        if looked > most:
            count = before
            if cuts == cut.size:
                more = np.empty(2 * cuts, np.int32)
                more[:cuts] = cut
                cut = more
            cut[cuts] = account
            cuts += 1
    return pairs[:count], cut[:cuts]


@njit(cache=True, nogil=True)
def one_to_one(pairs: Numbers, size: int) -> Flags:
    """Which pairs remain if each transfer is in one at most: the first in takes the first out that is free.

    ``size`` is how many transfers there are.
    """
    taken = np.zeros(size, np.bool_)
    kept = np.zeros(len(pairs), np.bool_)
    last = -1
    for k in range(len(pairs)):
        if pairs[k, 0] != last and not taken[pairs[k, 1]]:
            last = pairs[k, 0]
            taken[pairs[k, 1]] = True
            kept[k] = True
    return kept


@njit(cache=True, nogil=True)
def both_paid(
    ends: Numbers, time: Ints, pointer: Ints, positions: Numbers, window: int, most: int
) -> tuple[Numbers, Numbers]:
    """Pairs of one payer's transfers to two others, within a window.

    ``pointer`` and ``positions`` are by payer; ``most`` is how many pairs are looked at for one payer.

    Returns
    -------
    pairs : int32 (k, 2)
        By payer, then in the order of the earlier one, then of the later; of a pair first the transfer to
        the payee with the lower number.
    cut : int32
        Payers with more pairs than the limit: none of theirs is there.
    """
    pairs = np.empty((64, 2), np.int32)
    cut = np.empty(16, np.int32)
    count, cuts = 0, 0
    for payer in range(pointer.size - 1):
        before, looked, end = count, 0, pointer[payer + 1]
        for i in range(pointer[payer], end):
            one = positions[i]
            for k in range(i + 1, end):
                other = positions[k]
                if time[other] > time[one] + window or looked > most:
                    break
                looked += 1
                if ends[one, 1] == ends[other, 1]:
                    continue
                if count == len(pairs):
                    longer = np.empty((2 * count, 2), np.int32)
                    longer[:count] = pairs
                    pairs = longer
                later = ends[one, 1] > ends[other, 1]
                pairs[count, 0] = other if later else one
                pairs[count, 1] = one if later else other
                count += 1
            if looked > most:
                break
        if looked > most:
            count = before
            if cuts == cut.size:
                more = np.empty(2 * cuts, np.int32)
                more[:cuts] = cut
                cut = more
            cut[cuts] = payer
            cuts += 1
    return pairs[:count], cut[:cuts]
