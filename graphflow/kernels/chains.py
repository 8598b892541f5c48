"""Chains of first-in-first-out money, one after the other, at any depth.

A chain is a sequence of transfers with one amount that flowed all the way to one end. On the rulers
of ``kernels/fifo.py`` it is an interval, so that walking the chains is walking intervals depth first:
no queue, no set of paths, memory for one path only.

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Records = NDArray[np.void]
Stack = tuple[Ints, Ints, Ints]


@njit(cache=True, nogil=True)
def nearest(amount: int, part: int, parts: int) -> int:
    """``amount * part / parts`` to the nearest whole number, a half up, for values below 2**52."""
    if parts in (part, 0):
        return amount
    quotient = np.int64(np.float64(amount) * np.float64(part) / np.float64(parts))
    # the remainder is small whatever the size of the products, so it comes out right in wrapping integers
    remainder = np.int64(np.uint64(amount) * np.uint64(part) - np.uint64(quotient) * np.uint64(parts))
    while remainder < 0:
        remainder += parts
        quotient -= 1
    while remainder >= parts:
        remainder -= parts
        quotient += 1
    if remainder >= parts - remainder:
        quotient += 1
    return quotient


@njit(cache=True, nogil=True)
def payment_at(pointer: Ints, positions: Numbers, starts: Ints, pot: int, place: int, back: bool) -> int:
    """The step whose payment out of ``pot`` covers ``place`` on its ruler, or the last one before it."""
    low = pointer[pot]
    high = pointer[pot + 1]
    first = low
    unit = place
    if back:  # the unit at mirrored place x lies at place -x - 1
        unit = -place - 1
    while low < high:
        middle = (low + high) // 2
        if starts[middle] <= unit:
            low = middle + 1
        else:
            high = middle
    if low == first:
        return np.int64(-1)
    return np.int64(positions[low - 1])


@njit(cache=True, nogil=True)
def position_of(values: Ints, value: int) -> int:
    """Where ``value`` stands in the first column of ascending rows, or -1."""
    low = 0
    high = values.shape[0]
    while low < high:
        middle = (low + high) // 2
        if values[middle, 0] < value:
            low = middle + 1
        else:
            high = middle
    if low < values.shape[0] and values[low, 0] == value:
        return low
    return -1


@njit(cache=True, nogil=True)
def walk_chains(
    steps: Records,
    payments: tuple[Ints, Numbers, Ints],
    starts: Ints,
    seeds: Ints,
    barriers: tuple[Ints, Ints],
    limits: tuple[int, int, int, int],
    stack: Stack,
    carried: Ints,
) -> tuple[Ints, Ints, Ints, Stack, bool]:
    """The next chains, until the buffers are full or there are no more.

    Parameters
    ----------
    steps : record array (m)
    payments : (pointer, positions, converted)
        Payments of each pot (forward: debits, backward: credits); ``converted`` (c, 2): steps that
        arrive as another amount, ascending, and that amount.
    starts : places of the payments on their rulers
    seeds : int64 (k, 5)
        Step (-1: money that stands in a pot), pot, from, to (backward: mirrored), place in time order.
    barriers : (steps, pots)
        Steps that restart, ascending (b, 1), and pots with standing seeds: pot, place (p, 2).
    limits : (last, hops, least, back)
        Last place in time order; most transfers after the seed (-1: any); least amount in the seed's
        currency; 1 for backward.
    stack : (levels, path, state)
        ``levels`` (depth, 12), ``path`` (depth), ``state``: next seed, depth. Grown by the call, and
        returned; a call goes on where the last one stopped.
    carried : int64 (m, 2) or (0, 2): amounts that each step carries are added to it.

    Returns
    -------
    bounds : chains' bounds in ``rows`` (count + 1)
    rows : the transfers of each chain, seed first, as rows
    ends : int64 (count, 5): code, pot, amount, amount in the seed's currency, number of the seed.
        Codes: 0 stays, 1 to 4 as in the steps' flags, 5 lender, 6 met a seed, 7 limit.
    stack : as given, to be handed to the next call
    more : whether there are more chains
    """
    pointer, positions, converted = payments
    restarts, standing = barriers
    last, most, least, backward = limits
    back = backward == 1
    levels, path, state = stack
    size = steps.size

    capacity = 4096
    bounds = np.zeros(capacity + 1, np.int64)
    ends = np.empty((capacity, 5), np.int64)
    rows = np.empty(capacity * 8, np.int64)
    count = 0
    used = 0
    seed = state[0]
    depth = state[1]
    while True:
        if count + 3 > capacity or used + 3 * (depth + 4) > rows.size:
            if count > 0:
                state[0] = seed
                state[1] = depth
                return bounds[: count + 1], rows[:used], ends[:count], (levels, path, state), True
            grown_rows = np.empty(2 * rows.size, np.int64)
            rows = grown_rows
        if depth + 2 >= path.size:
            grown_levels = np.empty((2 * levels.shape[0], levels.shape[1]), np.int64)
            grown_levels[: levels.shape[0]] = levels
            levels = grown_levels
            grown_path = np.empty(2 * path.size, np.int64)
            grown_path[: path.size] = path
            path = grown_path

        code = -1  # of an end, if this round finds one
        length = 0
        if depth < 0:
            if seed >= seeds.shape[0]:
                state[0] = seed
                state[1] = depth
                return bounds[: count + 1], rows[:used], ends[:count], (levels, path, state), False
            low = seeds[seed, 2]
            high = seeds[seed, 3]
            s = seeds[seed, 0]
            pot = seeds[seed, 1]
            place = seeds[seed, 4]
            seed += 1
            if low >= high:
                continue
            amount_seed = high - low
            hops = 0
            length = 0
            base, base_length, base_seed = low, high - low, high - low
            if s < 0:
                depth = 0
                levels[0, 0] = -1
                levels[0, 1] = pot
                levels[0, 2] = low
                levels[0, 3] = high
                levels[0, 4] = base
                levels[0, 5] = base_length
                levels[0, 6] = base_seed
                levels[0, 7] = 0
                levels[0, 8] = 0
                levels[0, 9] = place
                levels[0, 10] = 0
                levels[0, 11] = 0
                continue
        else:
            pot = levels[depth, 1]
            low = levels[depth, 2]
            high = levels[depth, 3]
            base = levels[depth, 4]
            base_length = levels[depth, 5]
            base_seed = levels[depth, 6]
            hops = levels[depth, 7]
            length = levels[depth, 10]
            if low >= high:  # all of it has gone on; what a limit stopped ends here
                if levels[depth, 11] > 0:
                    code = 7
                    amount = levels[depth, 11]
                    amount_seed = levels[depth, 8]
                depth -= 1
                s = np.int64(-1)
                if code < 0:
                    continue
            else:
                s = payment_at(pointer, positions, starts, pot, low, back)
                o = np.int64(-1)
                if s >= 0:
                    o = size - 1 - s if back else s
                    if back:
                        pays = steps[s]["amount"] - steps[s]["repaid"]
                        if steps[s]["flags"] & 128:
                            pays = converted[position_of(converted, s), 1] - steps[s]["repaid"]
                        start = -(steps[s]["cplace"] + pays)
                    else:
                        pays = min(steps[s]["amount"], steps[s]["avail"])
                        start = steps[s]["dplace"]
                    if low >= start + pays or o > last:
                        s = np.int64(-1)
                cut = high
                if s >= 0:
                    cut = min(high, start + pays)
                else:  # a pot's payments lie on its ruler in time order: all of the rest stays
                    o = size
                met = False
                for b in range(standing.shape[0]):
                    came = levels[depth, 9]
                    if levels[depth, 0] < 0:
                        came += 1  # a standing seed does not meet itself
                    if standing[b, 0] == pot and came <= standing[b, 1] and o > standing[b, 1]:
                        met = True
                levels[depth, 2] = cut
                first_cut = nearest(low - base, base_seed, base_length)
                second_cut = nearest(cut - base, base_seed, base_length)
                amount_seed = second_cut - first_cut
                amount = cut - low
                if met or (s >= 0 and position_of(restarts, s) >= 0):
                    code = 6
                    s = np.int64(-1)
                elif s < 0:
                    code = 0
                else:
                    same = length > 0 and path[length - 1] == steps[s]["row"]
                    if not same:
                        if (most >= 0 and hops + 1 > most) or amount_seed < least:
                            levels[depth, 8] += amount_seed
                            levels[depth, 11] += amount
                            continue
                        hops += 1
                    base = base - start
                    high = cut - start
                    low = low - start

        if s >= 0:  # the piece [low, high) of step s arrives
            flags = steps[s]["flags"]
            if length == 0 or path[length - 1] != steps[s]["row"]:
                path[length] = steps[s]["row"]
                length += 1
            paid = steps[s]["amount"]
            if back:
                payee = steps[s]["src"]
                own = min(paid, steps[s]["avail"])
                repaid = paid - own
                shift = -(steps[s]["dplace"] + own)
                stop = (flags & 56) >> 3
            else:
                payee = steps[s]["dst"]
                repaid = steps[s]["repaid"]
                shift = steps[s]["cplace"]
                stop = flags & 7
            amount = high - low
            if flags & 128 and not (back and depth < 0):  # a seed is counted where it left
                other = converted[position_of(converted, s), 1]
                if back:
                    low, high = (
                        paid - nearest(other - low, paid, other),
                        paid - nearest(other - high, paid, other),
                    )
                    amount = high - low
                else:
                    low, high = nearest(low, other, paid), nearest(high, other, paid)
                base, base_length, base_seed = low, high - low, amount_seed
            if carried.shape[0] > 0:
                carried[s, 0] += amount
                carried[s, 1] += amount_seed
            amount = high - low
            pot = payee
            if stop != 0:
                code = stop
            elif amount == 0:
                code = 0
            else:
                lent = max(min(high, repaid) - low, 0)
                if lent > 0:
                    lent_seed = nearest(low + lent - base, base_seed, base_length) - nearest(
                        low - base, base_seed, base_length
                    )
                    rows[used : used + length] = path[:length]
                    used += length
                    ends[count, 0] = 5
                    ends[count, 1] = payee
                    ends[count, 2] = lent
                    ends[count, 3] = lent_seed
                    ends[count, 4] = seed - 1
                    count += 1
                    bounds[count] = used
                    low += lent
                if low < high:
                    depth += 1
                    levels[depth, 0] = s
                    levels[depth, 1] = payee
                    levels[depth, 2] = low + shift - repaid
                    levels[depth, 3] = high + shift - repaid
                    levels[depth, 4] = base + shift - repaid
                    levels[depth, 5] = base_length
                    levels[depth, 6] = base_seed
                    levels[depth, 7] = hops
                    levels[depth, 8] = 0
                    levels[depth, 9] = size - 1 - s if back else s
                    levels[depth, 10] = length
                    levels[depth, 11] = 0
                continue
        if code >= 0:
            rows[used : used + length] = path[:length]
            used += length
            ends[count, 0] = code
            ends[count, 1] = pot
            ends[count, 2] = amount
            ends[count, 3] = amount_seed
            ends[count, 4] = seed - 1
            count += 1
            bounds[count] = used
