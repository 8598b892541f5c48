"""Pro rata: every payment takes every sort of money in its present proportion.

The kernel walks steps in time order and visits only what traced money reaches. Backward is the same
walk on time reversed: what a pot received then pays, closing balances stand for openings.

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Records = NDArray[np.void]


@njit(cache=True, nogil=True)
def share(whole: int, part: int, parts: int) -> tuple[int, int]:
    """``whole * part // parts`` and the remainder, exactly, for values below 2**52.

    The product does not fit 64 bits: a floating-point quotient is within a few units of the answer,
    and the remainder, small whatever the size of the product, comes out right in wrapping integers.
    """
    quotient = np.int64(np.float64(whole) * np.float64(part) / np.float64(parts))
    with_wrap = np.uint64(whole) * np.uint64(part) - np.uint64(quotient) * np.uint64(parts)
    remainder = np.int64(with_wrap)
    while remainder < 0:
        remainder += parts
        quotient -= 1
    while remainder >= parts:
        remainder -= parts
        quotient += 1
    return quotient, remainder


@njit(cache=True, nogil=True)
def take(whole: int, fraction: int, part: int, parts: int) -> tuple[int, int]:
    """What is left of ``whole + fraction / 2**32`` after a payment of ``part`` out of ``parts``.

    Takes ``floor(value * part / parts)``, counted in units of 2**-32.
    """
    quotient, remainder = share(whole, part, parts)
    # remainder * 2**32 / parts: below 2**32, found like the quotient above
    high = np.int64(np.float64(remainder) * 4294967296.0 / np.float64(parts))
    rest = np.int64(np.uint64(remainder) * np.uint64(4294967296) - np.uint64(high) * np.uint64(parts))
    while rest < 0:
        rest += parts
        high -= 1
    while rest >= parts:
        rest -= parts
        high += 1
    low, rest_low = share(fraction, part, parts)
    taken_fraction = high + low
    if rest + rest_low >= parts:
        taken_fraction += 1
    quotient += taken_fraction >> 32
    taken_fraction &= 4294967295
    whole -= quotient
    fraction -= taken_fraction
    if fraction < 0:
        fraction += 4294967296
        whole -= 1
    return whole, fraction


@njit(cache=True, nogil=True)
def nearest(amount: int, part: int, parts: int) -> int:
    """``amount * part / parts`` to the nearest whole number, a half up."""
    if parts == 0:
        return np.int64(0)
    quotient, remainder = share(amount, part, parts)
    if remainder >= parts - remainder:
        quotient += 1
    return quotient


@njit(cache=True, nogil=True)
def sift(heap: Ints, count: int, key: int) -> None:
    """Put ``key`` on the heap, which has room for it."""
    i = count
    while i > 0 and heap[(i - 1) // 2] > key:
        heap[i] = heap[(i - 1) // 2]
        i = (i - 1) // 2
    heap[i] = key


@njit(cache=True, nogil=True)
def drop(heap: Ints, count: int) -> None:
    """Take the least key off a heap of ``count`` keys."""
    count -= 1
    last = heap[count]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= count:
            break
        if child + 1 < count and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= last:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = last


@njit(cache=True, nogil=True)
def next_step(pointer: Ints, positions: Numbers, pot: int, place: int, back: bool, size: int) -> int:
    """The place in time order of the pot's first payment after ``place``, or -1.

    Backward, places count from the end, and what the pot received is what it pays.
    """
    low = pointer[pot]
    high = pointer[pot + 1]
    if back:
        step = size - 1 - place
        while low < high:  # first position not below step
            middle = (low + high) // 2
            if positions[middle] < step:
                low = middle + 1
            else:
                high = middle
        if low == pointer[pot]:
            return -1
        return size - 1 - positions[low - 1]
    while low < high:  # first position above place
        middle = (low + high) // 2
        if positions[middle] <= place:
            low = middle + 1
        else:
            high = middle
    if low == pointer[pot + 1]:
        return -1
    return np.int64(positions[low])


@njit(cache=True, nogil=True)
def trace_shares(
    steps: Records,
    pointer: Ints,
    positions: Numbers,
    seeds: Ints,
    converted: Ints,
    state: Ints,
    last: int,
    back: bool,
) -> tuple[Ints, Ints, Ints]:
    """What each step carries of the seeds' money.

    Parameters
    ----------
    steps : record array (m)
    pointer, positions : payments of each pot (forward: debits, backward: credits)
    seeds : int64 (k, 4)
        Ordered: twice the step's place in time order, or for money that stands in a pot twice the
        place after which it stands, plus 1; the pot of a standing seed (else -1); the amount; the
        pot's whole balance, which a standing seed restarts.
    converted : int64 (c, 2)
        Steps that arrive as another amount, ascending, and that amount.
    state : int64 (pots, 4), zero
        Whole traced, exact whole, exact fraction, in the currency of the seed.
        After the call: what is left in the pots.
    last : the last place in time order that belongs to the period

    Returns
    -------
    moved : int64 (v, 6)
        Step, traced in the currency in which it left, in that in which it entered the next pot, in the
        seed's; of these repaid to a lender, in the next pot's currency and in the seed's.
    stopped : int64 (w, 4)
        Step (-2: rounded to nothing, -3 - i: met the standing seed i), pot, amount, amount in the
        seed's currency: what met a seed and ends there.
    touched : pots that held traced money
    """
    size = steps.size
    room = 256
    moved = np.empty((room, 6), np.int64)
    count = 0
    stopped_room = 64
    stopped = np.empty((stopped_room, 4), np.int64)
    stops = 0
    touched = np.empty(256, np.int64)
    touches = 0
    heap = np.empty(256, np.int64)
    waiting = 0
    parts = np.empty((16, 5), np.int64)
    turn = 0
    scanning = False
    place = np.int64(-1)
    while True:
        # the next place: the earliest seed, or the earliest payment of a pot with traced money
        if scanning:
            key = np.int64(-2)  # none; -1 is before everything
            until = last
            if turn < seeds.shape[0]:
                key = seeds[turn, 0]
                until = min(last, (key - 1) >> 1)
            for o in range(place + 1, until + 1):
                s = size - 1 - o if back else o
                payer = steps[s]["dst"] if back else steps[s]["src"]
                if state[payer, 1] != 0 or state[payer, 2] != 0:
                    key = np.int64(2 * o)
                    break
        else:
            key = np.int64(-2)
            if waiting > 0:
                key = 2 * heap[0]
            if turn < seeds.shape[0] and (key < -1 or seeds[turn, 0] < key):
                key = seeds[turn, 0]
        if key < -1:
            break
        if key & 1:  # money that stands in a pot: what was traced there before ends
            pot = seeds[turn, 1]
            if state[pot, 0] > 0:
                if stops == stopped_room:
                    stopped_room *= 2
                    grown = np.empty((stopped_room, 4), np.int64)
                    grown[:stops] = stopped
                    stopped = grown
                stopped[stops, 0] = -3 - turn
                stopped[stops, 1] = pot
                stopped[stops, 2] = state[pot, 0]
                stopped[stops, 3] = state[pot, 3]
                stops += 1
            idle = state[pot, 1] == 0 and state[pot, 2] == 0
            amount = seeds[turn, 2]
            state[pot, 0] = amount
            state[pot, 1] = amount
            state[pot, 2] = 0
            state[pot, 3] = amount
            if idle and amount > 0:
                if touches == touched.size:
                    grown1 = np.empty(touches * 2, np.int64)
                    grown1[:touches] = touched
                    touched = grown1
                touched[touches] = pot
                touches += 1
                if not scanning:
                    after = next_step(pointer, positions, pot, key >> 1, back, size)
                    if after >= 0 and after <= last:
                        if waiting == heap.size:
                            grown1 = np.empty(waiting * 2, np.int64)
                            grown1[:waiting] = heap
                            heap = grown1
                        sift(heap, waiting, after)
                        waiting += 1
            turn += 1
            continue

        place = key >> 1
        s = size - 1 - place if back else place
        flags = steps[s]["flags"]
        # what several compartments pay together is one transfer: [low, high]
        low = s
        high = s
        if flags & 512:
            row = steps[s]["row"]
            while low > 0 and steps[low - 1]["row"] == row and steps[low - 1]["flags"] & 512:
                low -= 1
            while high < size - 1 and steps[high + 1]["row"] == row and steps[high + 1]["flags"] & 512:
                high += 1
            place = size - 1 - low if back else high
        while not scanning and waiting > 0 and heap[0] <= place:
            drop(heap, waiting)
            waiting -= 1
        number = high - low + 1
        if number > parts.shape[0]:
            parts = np.empty((2 * number, 5), np.int64)
        is_seed = turn < seeds.shape[0] and seeds[turn, 0] == key
        paid = np.int64(0)  # as it leaves the source, and of that by the source itself
        own = np.int64(0)
        came = np.int64(0)  # as it enters the target, and of that what repays a lender
        repaid = np.int64(0)
        for k in range(number):
            amount = steps[low + k]["amount"]
            paid += amount
            own += min(amount, steps[low + k]["avail"])
            repaid += steps[low + k]["repaid"]
            if flags & 128:
                first = 0
                until = converted.shape[0]
                while first < until:
                    middle = (first + until) // 2
                    if converted[middle, 0] < low + k:
                        first = middle + 1
                    else:
                        until = middle
                came += converted[first, 1]
            else:
                came += amount
        carried = np.int64(0)
        carried_seed = np.int64(0)
        for k in range(number):
            # backward the target pays for all parts at once
            if back:
                payer = steps[high]["dst"]
                balance = steps[high]["after"]
                pays = came - repaid if k == 0 else np.int64(0)
            else:
                payer = steps[low + k]["src"]
                balance = steps[low + k]["avail"]
                pays = min(steps[low + k]["amount"], balance)
            taken = np.int64(0)
            taken_seed = np.int64(0)
            if pays > 0 and (state[payer, 1] != 0 or state[payer, 2] != 0):
                held = state[payer, 0]
                if pays >= balance:
                    taken = held
                    taken_seed = state[payer, 3]
                    state[payer] = 0
                else:
                    whole, fraction = take(state[payer, 1], state[payer, 2], pays, balance)
                    state[payer, 1] = whole
                    state[payer, 2] = fraction
                    stays = whole
                    if fraction > 2147483648:  # a half goes
                        stays += 1
                    taken = held - stays
                    state[payer, 0] = stays
                    if taken > 0:
                        taken_seed = nearest(state[payer, 3], taken, held)
                        state[payer, 3] -= taken_seed
            if not scanning and (state[payer, 1] != 0 or state[payer, 2] != 0) and (k == 0 or not back):
                after = next_step(pointer, positions, payer, place, back, size)
                if after >= 0 and after <= last:
                    if waiting == heap.size:
                        grown1 = np.empty(waiting * 2, np.int64)
                        grown1[:waiting] = heap
                        heap = grown1
                    sift(heap, waiting, after)
                    waiting += 1
            if is_seed:
                if taken > 0:
                    if stops == stopped_room:
                        stopped_room *= 2
                        grown = np.empty((stopped_room, 4), np.int64)
                        grown[:stops] = stopped
                        stopped = grown
                    stopped[stops, 0] = low + k
                    stopped[stops, 1] = payer
                    stopped[stops, 2] = taken
                    stopped[stops, 3] = taken_seed
                    stops += 1
                taken = seeds[turn, 2]
                taken_seed = taken
                turn += 1
            parts[k, 0] = taken
            parts[k, 1] = taken_seed
            carried += taken
            carried_seed += taken_seed
        if carried == 0:
            continue
        arrived = carried
        if flags & 128 and not (is_seed and back):  # a seed is counted where it left
            if back:
                arrived = nearest(paid, carried, came)
            else:
                arrived = nearest(came, carried, paid)
        stop = flags & 56 if back else flags & 7
        to_lender = np.int64(0)
        to_lender_seed = np.int64(0)
        if stop == 0:
            if back and own < paid:
                to_lender = nearest(arrived, paid - own, paid)
            elif not back and repaid > 0:
                to_lender = nearest(arrived, repaid, came)
            if arrived > 0:
                to_lender_seed = nearest(carried_seed, to_lender, arrived)
        # divide it: forward it comes in the parts in which it was paid, the lender takes the first of it;
        # backward every compartment has its share, by cumulative rounding, and the lender the last
        rest = arrived - to_lender
        rest_seed = carried_seed - to_lender_seed
        done = np.int64(0)
        given = np.int64(0)
        given_seed = np.int64(0)
        for k in range(number):
            if back:
                done += min(steps[low + k]["amount"], steps[low + k]["avail"])
                upto = rest
                if number > 1 and is_seed:
                    upto = min(rest, done)  # a part is the first money of its transfer
                elif number > 1 and own > 0:
                    upto = nearest(rest, done, own)
                upto_seed = rest_seed
                if rest > 0 and upto < rest:
                    upto_seed = nearest(rest_seed, upto, rest)
                parts[k, 2] = upto - given
                parts[k, 1] = upto_seed - given_seed
                given = upto
                given_seed = upto_seed
                parts[k, 3] = 0
                parts[k, 4] = 0
                if k == number - 1:
                    parts[k, 2] += to_lender
                    parts[k, 1] += to_lender_seed
                    parts[k, 3] = to_lender
                    parts[k, 4] = to_lender_seed
                parts[k, 0] = parts[k, 2]
            else:
                done += parts[k, 0]
                upto = nearest(arrived, done, carried)
                parts[k, 2] = upto - given
                given = upto
                parts[k, 3] = min(to_lender, parts[k, 2])
                parts[k, 4] = min(to_lender_seed, parts[k, 1])
                to_lender -= parts[k, 3]
                to_lender_seed -= parts[k, 4]
            if parts[k, 0] == 0 and parts[k, 1] == 0 and parts[k, 2] == 0:
                continue
            if count == room:
                room *= 2
                grown = np.empty((room, 6), np.int64)
                grown[:count] = moved
                moved = grown
            moved[count, 0] = low + k
            moved[count, 1] = parts[k, 0]
            moved[count, 2] = parts[k, 2]
            moved[count, 3] = parts[k, 1]
            moved[count, 4] = parts[k, 3]
            moved[count, 5] = parts[k, 4]
            count += 1
            payee = steps[low + k]["src"] if back else steps[low + k]["dst"]
            more = parts[k, 2] - parts[k, 3]
            if stop == 0 and more == 0 and parts[k, 1] > parts[k, 4]:
                # a conversion rounded this part to nothing: it ends there
                if stops == stopped_room:
                    stopped_room *= 2
                    grown = np.empty((stopped_room, 4), np.int64)
                    grown[:stops] = stopped
                    stopped = grown
                stopped[stops, 0] = -2
                stopped[stops, 1] = payee
                stopped[stops, 2] = 0
                stopped[stops, 3] = parts[k, 1] - parts[k, 4]
                stops += 1
            if stop != 0 or more == 0:
                continue
            idle = state[payee, 1] == 0 and state[payee, 2] == 0
            state[payee, 0] += more
            state[payee, 1] += more
            state[payee, 3] += parts[k, 1] - parts[k, 4]
            if idle:
                if touches == touched.size:
                    grown1 = np.empty(touches * 2, np.int64)
                    grown1[:touches] = touched
                    touched = grown1
                touched[touches] = payee
                touches += 1
                if not scanning:
                    after = next_step(pointer, positions, payee, place, back, size)
                    if after >= 0 and after <= last:
                        if waiting == heap.size:
                            grown1 = np.empty(waiting * 2, np.int64)
                            grown1[:waiting] = heap
                            heap = grown1
                        sift(heap, waiting, after)
                        waiting += 1
        if not scanning and count > 1024 and count * 16 > last:
            scanning = True  # nearly everything is reached: a straight pass is cheaper than a heap
    return moved[:count], stopped[:stops], touched[:touches]
