"""First in, first out: the oldest money of a pot leaves first.

Every pot has two rulers of cumulative money, one for what came in and one for what went out. What
lies at the same place on both is the same money, so traced money is a set of intervals that move
from ruler to ruler. Backward, rulers and time are mirrored (place ``x`` becomes ``-x``) and the same
code runs: what a pot received is then what it pays.

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
def payment_at(pointer: Ints, positions: Numbers, starts: Ints, pot: int, place: int, back: bool) -> int:
    """The step whose payment out of ``pot`` covers ``place`` on its ruler, or the last one before it.

    -1 where the pot pays nothing at or before that place. The caller checks that the payment is long
    enough: behind the last one, money stays.
    """
    low = pointer[pot]
    high = pointer[pot + 1]
    if back:  # the unit at mirrored place x lies at place -x - 1
        unit = -place - 1
        first = low
        while low < high:
            middle = (low + high) // 2
            if starts[middle] <= unit:
                low = middle + 1
            else:
                high = middle
        if low == first:
            return np.int64(-1)
        return np.int64(positions[low - 1])
    first = low
    while low < high:
        middle = (low + high) // 2
        if starts[middle] <= place:
            low = middle + 1
        else:
            high = middle
    if low == first:
        return np.int64(-1)
    return np.int64(positions[low - 1])


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
def room_for(rows: Ints, count: int) -> Ints:
    """The same rows with room for one more."""
    if count < rows.shape[0]:
        return rows
    grown = np.empty((2 * rows.shape[0], rows.shape[1]), np.int64)
    grown[:count] = rows
    return grown


@njit(cache=True, nogil=True)
def trace_lots(
    steps: Records,
    pointer: Ints,
    positions: Numbers,
    starts: Ints,
    seeds: Ints,
    queue: Ints,
    last: int,
    back: bool,
) -> tuple[int, Ints, Ints, Ints]:
    """What each step carries of the seeds' money, where nothing is converted.

    Parameters
    ----------
    steps : record array (m)
    pointer, positions, starts : payments of each pot and their places (forward: debits, backward: credits)
    seeds : int64 (k, 5)
        Ordered: twice the step's place in time order, or for money that stands in a pot twice the
        place after which it stands, plus 1; the pot of a standing seed (else -1); from and to, as
        offsets in the transfer or places in the pot; 0. Backward, all of them mirrored.
    queue : int64 (pots, 2)
        First and last interval of each pot; the first is zero before and after the call.
    last : the last place in time order that belongs to the period

    Returns
    -------
    status : 0, or 1 where a conversion was met (then nothing else counts)
    moved : int64 (v, 3): step, traced, of that repaid to a lender
    stopped : int64 (w, 3): step (-1: a standing seed), pot, what met a seed and ends there
    left : int64 (u, 2): pot, what stands in it at the end
    """
    size = steps.size
    moved = np.empty((256, 3), np.int64)
    count = 0
    stopped = np.empty((64, 3), np.int64)
    stops = 0
    touched = np.empty((256, 1), np.int64)
    touches = 0
    lots = np.empty((256, 3), np.int64)  # from, to, next; the first is nobody's
    used = 1
    unused = np.int64(0)
    heap = np.empty((256, 1), np.int64)
    waiting = 0
    turn = 0
    scanning = False
    place = np.int64(-1)
    pieces = np.empty((16, 2), np.int64)
    while True:
        key = np.int64(-2)  # none; -1 is before everything
        if scanning:
            until = last
            if turn < seeds.shape[0]:
                key = seeds[turn, 0]
                until = min(last, (key - 1) >> 1)
            for o in range(place + 1, until + 1):
                s = size - 1 - o if back else o
                payer = steps[s]["dst"] if back else steps[s]["src"]
                if queue[payer, 0] != 0:
                    key = np.int64(2 * o)
                    break
        else:
            if waiting > 0:
                key = 2 * heap[0, 0]
            if turn < seeds.shape[0] and (key < -1 or seeds[turn, 0] < key):
                key = seeds[turn, 0]
        if key < -1:
            break
        found = 0  # intervals that arrive, as offsets in the step
        if key & 1:
            place = key >> 1
            payee = seeds[turn, 1]
            gone = np.int64(0)
            while queue[payee, 0] != 0:
                lot = queue[payee, 0]
                gone += lots[lot, 1] - lots[lot, 0]
                queue[payee, 0] = lots[lot, 2]
                lots[lot, 2] = unused
                unused = lot
            if gone > 0:
                stopped = room_for(stopped, stops)
                stopped[stops, 0] = -1
                stopped[stops, 1] = payee
                stopped[stops, 2] = gone
                stops += 1
            if seeds[turn, 3] > seeds[turn, 2]:
                pieces[0, 0] = seeds[turn, 2]
                pieces[0, 1] = seeds[turn, 3]
                found = 1
            shift = seeds[turn, 2]  # as given: they are places already
            repaid = seeds[turn, 2]
            turn += 1
        else:
            place = key >> 1
            s = size - 1 - place if back else place
            flags = steps[s]["flags"]
            if flags & 128:
                for i in range(touches):
                    queue[touched[i, 0], 0] = 0
                return 1, moved[:0], stopped[:0], lots[:0, :2]
            is_seed = turn < seeds.shape[0] and seeds[turn, 0] == key
            amount = steps[s]["amount"]
            if back:
                payer = steps[s]["dst"]
                payee = steps[s]["src"]
                pays = amount - steps[s]["repaid"]
                start = -(steps[s]["cplace"] + pays)
                own = min(amount, steps[s]["avail"])
                repaid = amount - own
                shift = -(steps[s]["dplace"] + own)
                stop = flags & 56
            else:
                payer = steps[s]["src"]
                payee = steps[s]["dst"]
                pays = min(amount, steps[s]["avail"])
                start = steps[s]["dplace"]
                repaid = steps[s]["repaid"]
                shift = steps[s]["cplace"]
                stop = flags & 7
            carried = np.int64(0)
            while not scanning and waiting > 0 and heap[0, 0] == place:
                drop(heap[:, 0], waiting)
                waiting -= 1
            while queue[payer, 0] != 0:
                lot = queue[payer, 0]
                if lots[lot, 0] >= start + pays:
                    break
                low = lots[lot, 0] - start
                high = min(lots[lot, 1] - start, pays)
                carried += high - low
                if not is_seed:
                    pieces = room_for(pieces, found)
                    pieces[found, 0] = low
                    pieces[found, 1] = high
                    found += 1
                if high + start < lots[lot, 1]:
                    lots[lot, 0] = high + start
                else:
                    queue[payer, 0] = lots[lot, 2]
                    lots[lot, 2] = unused
                    unused = lot
            if not scanning and queue[payer, 0] != 0:
                after = payment_at(pointer, positions, starts, payer, lots[queue[payer, 0], 0], back)
                if after >= 0:
                    if back:
                        after = size - 1 - after
                    if after > place and after <= last:
                        heap = room_for(heap, waiting)
                        sift(heap[:, 0], waiting, after)
                        waiting += 1
            if is_seed:
                if carried > 0:
                    stopped = room_for(stopped, stops)
                    stopped[stops, 0] = s
                    stopped[stops, 1] = payer
                    stopped[stops, 2] = carried
                    stops += 1
                found = 0
                carried = seeds[turn, 3] - seeds[turn, 2]
                if carried > 0:
                    pieces[0, 0] = seeds[turn, 2]
                    pieces[0, 1] = seeds[turn, 3]
                    found = 1
                turn += 1
            if carried == 0:
                continue
            to_lender = np.int64(0)
            if stop == 0 and repaid > 0:
                for i in range(found):
                    to_lender += max(min(pieces[i, 1], repaid) - pieces[i, 0], 0)
            moved = room_for(moved, count)
            moved[count, 0] = s
            moved[count, 1] = carried
            moved[count, 2] = to_lender
            count += 1
            if not scanning and count > 1024 and count * 16 > last:
                scanning = True  # nearly everything is reached: a straight pass is cheaper than a heap
            if stop != 0:
                continue

        # what arrives stands on the payee's ruler, behind what came earlier
        idle = queue[payee, 0] == 0
        for i in range(found):
            low = max(pieces[i, 0], repaid)
            high = pieces[i, 1]
            if low >= high:
                continue
            low += shift - repaid
            high += shift - repaid
            if queue[payee, 0] != 0 and lots[queue[payee, 1], 1] == low:
                lots[queue[payee, 1], 1] = high
                continue
            if unused != 0:
                lot = unused
                unused = lots[lot, 2]
            else:
                lots = room_for(lots, used)
                lot = used
                used += 1
            lots[lot, 0] = low
            lots[lot, 1] = high
            lots[lot, 2] = 0
            if queue[payee, 0] == 0:
                queue[payee, 0] = lot
            else:
                lots[queue[payee, 1], 2] = lot
            queue[payee, 1] = lot
        if idle and queue[payee, 0] != 0:
            touched = room_for(touched, touches)
            touched[touches, 0] = payee
            touches += 1
            if not scanning:
                after = payment_at(pointer, positions, starts, payee, lots[queue[payee, 0], 0], back)
                if after >= 0:
                    if back:
                        after = size - 1 - after
                    if after > place and after <= last:
                        heap = room_for(heap, waiting)
                        sift(heap[:, 0], waiting, after)
                        waiting += 1

    left = np.empty((touches, 2), np.int64)
    stands = 0
    for i in range(touches):
        pot = touched[i, 0]
        total = np.int64(0)
        lot = queue[pot, 0]
        while lot != 0:
            total += lots[lot, 1] - lots[lot, 0]
            lot = lots[lot, 2]
        if total > 0:
            left[stands, 0] = pot
            left[stands, 1] = total
            stands += 1
            queue[pot, 0] = 0  # a pot is touched more than once, and counted once
    return 0, moved[:count], stopped[:stops], left[:stands]
