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
def worth(low: int, high: int, base: int, length: int, seed: int, back: bool) -> int:
    """What places ``low`` to ``high`` are worth, of ``length`` from ``base`` that are ``seed`` together.

    Spread by rounding at every place, counted from the beginning of the money: backward that is its far end.
    """
    if back:
        return nearest(length - (low - base), seed, length) - nearest(length - (high - base), seed, length)
    return nearest(high - base, seed, length) - nearest(low - base, seed, length)


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
    seeds : int64 (k, 6)
        Step (-1: money that stands in a pot), pot, from, to (backward: mirrored), place in time order,
        number: rows of one number are one seed, in several compartments.
    barriers : (steps, pots)
        Steps that restart, ascending (b, 1), and pots with standing seeds: pot, place (p, 2).
    limits : (last, hops, least, back)
        Last place in time order; most transfers after the seed (-1: any); least amount in the seed's
        currency; 1 for backward.
    stack : (levels, path, state)
        ``levels`` (depth, 19), ``path`` (depth), ``state``: next seed, depth. Grown by the call, and
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
    # Columns of a level: 0 step, 1 pot, 2 from, 3 to, 4 to 6 base: where the money was last converted, how
    # much it was then, and that in the seed's currency; 7 hops, 8 its head, 9 place, 10 length of the path,
    # 11 to 18 what ends here: stays, lender, met a seed, limit, each local and in the seed's currency.
    # Money that came by one path can lie in several pieces or compartments of one account: these are levels
    # with one head, the lowest of them, which keeps what ends.
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
    pieces = np.empty((16, 9), np.int64)  # step, pot, from, to, place, base and what it was then, worth now
    count = 0
    used = 0
    seed = state[0]
    depth = state[1]
    while True:
        if count + 2 > capacity or used + 2 * (depth + 4) > rows.size:
            if count > 0:
                state[0] = seed
                state[1] = depth
                return bounds[: count + 1], rows[:used], ends[:count], (levels, path, state), True
            rows = np.empty(4 * (depth + 4) + 2 * rows.size, np.int64)
        found = 0  # pieces that arrive together
        root = depth < 0
        code = -1  # of an end, if this round finds one
        amount_stopped = np.int64(0)
        seed_stopped = np.int64(0)
        hops = np.int64(0)
        length = np.int64(0)
        if root:
            if seed >= seeds.shape[0]:
                state[0] = seed
                state[1] = depth
                return bounds[: count + 1], rows[:used], ends[:count], (levels, path, state), False
            number = seeds[seed, 5]
            while seed < seeds.shape[0] and seeds[seed, 5] == number:
                if seeds[seed, 2] < seeds[seed, 3]:
                    if found == pieces.shape[0]:
                        grown = np.empty((2 * found, 9), np.int64)
                        grown[:found] = pieces
                        pieces = grown
                    pieces[found, :5] = seeds[seed, :5]
                    pieces[found, 5] = seeds[seed, 2]
                    pieces[found, 6:8] = seeds[seed, 3] - seeds[seed, 2]
                    found += 1
                seed += 1
        else:
            head = levels[depth, 8]
            hops = levels[head, 7]
            length = levels[head, 10]
            # the next payment of any compartment, with all that it takes of them
            row = np.int64(-1)
            first = np.int64(size)
            total = np.int64(0)
            for turn in range(2):  # look for it, then take it
                for level in range(head, depth + 1):
                    pot = levels[level, 1]
                    low = levels[level, 2]
                    high = levels[level, 3]
                    while low < high:
                        s = payment_at(pointer, positions, starts, pot, low, back)
                        o = np.int64(size)
                        start = np.int64(0)
                        cut = high
                        if s >= 0:
                            if back:
                                o = size - 1 - s
                                pays = steps[s]["amount"] - steps[s]["repaid"]
                                if steps[s]["flags"] & 128:
                                    pays = converted[position_of(converted, s), 1] - steps[s]["repaid"]
                                start = -(steps[s]["cplace"] + pays)
                            else:
                                o = s
                                pays = min(steps[s]["amount"], steps[s]["avail"])
                                start = steps[s]["dplace"]
                            if low >= start + pays or o > last:
                                # a pot's payments lie on its ruler in time order: all of the rest stays
                                s = np.int64(-1)
                                o = np.int64(size)
                            else:
                                cut = min(high, start + pays)
                        met = s >= 0 and position_of(restarts, s) >= 0
                        for b in range(standing.shape[0]):
                            came = levels[level, 9]
                            if levels[level, 0] < 0:
                                came += 1  # a standing seed does not meet itself
                            if standing[b, 0] == pot and came <= standing[b, 1] and o > standing[b, 1]:
                                met = True
                        base = levels[level, 4]
                        amount_seed = worth(low, cut, base, levels[level, 5], levels[level, 6], back)
                        if s < 0 or met:
                            kept = 15 if met else 11
                            levels[head, kept] += cut - low
                            levels[head, kept + 1] += amount_seed
                            low = cut
                            continue
                        if turn == 0:
                            if o < first:
                                first = o
                                row = np.int64(steps[s]["row"])
                            break
                        if steps[s]["row"] != row:
                            break
                        if found == pieces.shape[0]:
                            grown = np.empty((2 * found, 9), np.int64)
                            grown[:found] = pieces
                            pieces = grown
                        pieces[found, 0] = s
                        pieces[found, 1] = -1
                        pieces[found, 2] = low - start
                        pieces[found, 3] = cut - start
                        pieces[found, 4] = o
                        pieces[found, 5] = base - start
                        pieces[found, 6] = levels[level, 5]
                        pieces[found, 7] = levels[level, 6]
                        found += 1
                        total += amount_seed
                        low = cut
                    levels[level, 2] = low
                if row < 0:
                    break
            if found == 0:  # all of it has gone on, or ends here
                for kind in range(4):
                    if levels[head, 11 + 2 * kind] > 0 or levels[head, 12 + 2 * kind] > 0:
                        code = 0 if kind == 0 else 4 + kind
                        pot = levels[head, 1]
                        amount = levels[head, 11 + 2 * kind]
                        amount_seed = levels[head, 12 + 2 * kind]
                        levels[head, 11 + 2 * kind] = 0
                        levels[head, 12 + 2 * kind] = 0
                        break
                if code < 0:
                    depth = head - 1
                    continue
            elif length == 0 or path[length - 1] != row:
                if (most >= 0 and hops + 1 > most) or total < least:
                    for i in range(found):
                        levels[head, 17] += pieces[i, 3] - pieces[i, 2]
                    levels[head, 18] += total
                    continue
                hops += 1

        if depth + found + 2 >= levels.shape[0]:
            grown = np.empty((2 * levels.shape[0] + found, levels.shape[1]), np.int64)
            grown[: levels.shape[0]] = levels
            levels = grown
        if length + 2 >= path.size:
            grown_path = np.empty(2 * path.size, np.int64)
            grown_path[: path.size] = path
            path = grown_path
        # all that one path brings to a transfer is converted together: its worth is spread evenly over that
        turned = np.int64(0)
        turned_seed = np.int64(0)
        for i in range(found):
            s = pieces[i, 0]
            low = pieces[i, 2]
            high = pieces[i, 3]
            base = pieces[i, 5]
            base_length = pieces[i, 6]
            base_seed = pieces[i, 7]
            amount_seed = worth(low, high, base, base_length, base_seed, back)
            pieces[i, 8] = amount_seed
            if s < 0:
                continue
            amount = high - low
            if steps[s]["flags"] & 128 and not (back and root):  # a seed is counted where it left
                paid = steps[s]["amount"]
                other = converted[position_of(converted, s), 1]
                if back:
                    low = paid - nearest(other - low, paid, other)
                    high = paid - nearest(other - high, paid, other)
                    amount = high - low
                else:
                    low, high = nearest(low, other, paid), nearest(high, other, paid)
                pieces[i, 2] = low
                pieces[i, 3] = high
                pieces[i, 5] = low - turned
                pieces[i, 6] = -1
                turned += high - low
                turned_seed += amount_seed
            if carried.shape[0] > 0:
                carried[s, 0] += amount
                carried[s, 1] += amount_seed
        head = depth + 1
        came_length = length
        for i in range(found):
            s = pieces[i, 0]
            low = pieces[i, 2]
            high = pieces[i, 3]
            base = pieces[i, 5]
            base_length = pieces[i, 6]
            base_seed = pieces[i, 7]
            if base_length < 0:
                base_length = turned
                base_seed = turned_seed
            lent = np.int64(0)
            lent_seed = np.int64(0)
            length = came_length
            if s < 0:
                payee = pieces[i, 1]
            else:
                flags = steps[s]["flags"]
                row = steps[s]["row"]
                if length == 0 or path[length - 1] != row:
                    path[length] = row
                    length += 1
                stop = flags & 7
                if back:
                    payee = steps[s]["src"]
                    own = min(steps[s]["amount"], steps[s]["avail"])
                    repaid = steps[s]["amount"] - own
                    shift = -(steps[s]["dplace"] + own)
                    stop = (flags & 56) >> 3
                else:
                    payee = steps[s]["dst"]
                    repaid = steps[s]["repaid"]
                    shift = steps[s]["cplace"]
                if stop != 0:
                    code = stop
                    pot = payee
                    amount_stopped += high - low
                    seed_stopped += pieces[i, 8]
                    continue
                lent = max(min(high, repaid) - low, 0)
                if lent > 0:
                    lent_seed = worth(low, low + lent, base, base_length, base_seed, back)
                low += shift - repaid + lent
                high += shift - repaid
                base += shift - repaid
            depth += 1
            levels[depth, 0] = s
            levels[depth, 1] = payee
            levels[depth, 2] = low
            levels[depth, 3] = high
            levels[depth, 4] = base
            levels[depth, 5] = base_length
            levels[depth, 6] = base_seed
            levels[depth, 7] = hops
            levels[depth, 8] = head
            levels[depth, 9] = pieces[i, 4]
            levels[depth, 10] = length
            levels[depth, 11:] = 0
            levels[head, 13] += lent
            levels[head, 14] += lent_seed
            if s >= 0 and base_length == 0:  # a conversion rounded it to nothing: it ends there
                levels[head, 12] += pieces[i, 8]
        if found > 0 and code >= 0:
            amount = amount_stopped
            amount_seed = seed_stopped
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
