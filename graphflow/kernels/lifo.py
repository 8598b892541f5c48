"""Last in, first out: the newest money of a pot leaves first.

What stands in a pot is a height: what comes in lies on top, and a payment takes from the top down. Traced
money is a set of intervals of heights, a stack; a payment touches it only where it leaves less behind than
the height of the stack's top, and the first one that does is found in a tree (:mod:`graphflow.kernels.lows`).

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graphflow.kernels.prefetch import prefetch

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Records = NDArray[np.void]
Side = tuple[Ints, Numbers, Ints, Ints, Ints]

NEVER = np.int64(2**62)
AHEAD = 32
"""How many steps ahead a straight pass asks for the pots that it will need."""

FULL, DONE, DENSE, CONVERTED = 0, 1, 2, 3
"""Why the walk stopped."""


@njit(cache=True, nogil=True)
def left_behind(steps: Records, side: Side, converted: Ints, at: int, end: int, back: bool) -> int:
    """What is left in the pot behind its payment at a place of ``side``, as ``lows.left_behind`` says."""
    _, positions, starts, held, _ = side
    if held[at] < 0:
        return NEVER
    first = at
    if back:
        while first > 0 and held[first - 1] < 0:
            first -= 1
    if at + 1 < end:
        return held[at] - (starts[at + 1] - starts[first])
    s = np.int64(positions[at])
    moved = np.int64(steps[s]["amount"])
    if not back:
        return held[at] - min(moved, held[at])
    if steps[s]["flags"] & 128:
        low = 0
        high = converted.shape[0]
        while low < high:
            middle = (low + high) // 2
            if converted[middle, 0] < s:
                low = middle + 1
            else:
                high = middle
        moved = converted[low, 1]
    return max(held[at] - (starts[at] - starts[first] + moved - steps[s]["repaid"]), 0)  # 0: outside


@njit(cache=True, nogil=True)
def first_below(
    steps: Records, side: Side, converted: Ints, pot: int, at: int, height: int, back: bool
) -> int:
    """Where in ``side`` a pot's first payment is, from place ``at`` on (backward: down from it), that leaves
    less than ``height`` behind; -1 where none does.

    Up the tree, past sixteens that stay above the height, and down to the first leaf that does not.
    """
    pointer, positions, _, _, lows = side
    begin = pointer[pot]
    end = pointer[pot + 1]
    ahead = -1 if back else 1
    edge = 0 if back else 15  # the last of sixteen
    node = at
    shift = 0  # of the level: 4 bits each
    offset = 0  # where the level begins
    found = False
    while not found:
        last = begin >> shift if back else (end - 1) >> shift
        while node * ahead <= last * ahead:
            if shift == 0:
                low = left_behind(steps, side, converted, node, end, back)
            else:
                low = lows[offset + node]
            if low < height:
                found = True
                break
            node += ahead
            if (node - ahead) & 15 == edge:
                break
        if found:
            break
        if node * ahead > last * ahead:
            return np.int64(-1)
        if shift > 0:
            offset += (positions.size + (np.int64(1) << shift) - 1) >> shift
        node >>= 4
        shift += 4
    while shift > 0:
        shift -= 4
        node = (node << 4) + 15 - edge  # backward no node below is missing: all lie before the place
        last = begin >> shift if back else (end - 1) >> shift
        if shift > 0:
            offset -= (positions.size + (np.int64(1) << shift) - 1) >> shift
        while node * ahead <= last * ahead:
            if shift == 0:
                low = left_behind(steps, side, converted, node, end, back)
            else:
                low = lows[offset + node]
            if low < height:
                break
            node += ahead
        if node * ahead > last * ahead:
            return np.int64(-1)  # it is another pot's
    return np.int64(node)


@njit(cache=True, nogil=True)
def first_behind(pointer: Ints, positions: Numbers, pot: int, place: int, back: bool, size: int) -> int:
    """Where in ``positions`` the pot's first payment behind a place in time order is; just beyond its part of
    them if there is none.
    """
    low = pointer[pot]
    high = pointer[pot + 1]
    step = size - 1 - place if back else place + 1
    while low < high:
        middle = (low + high) // 2
        if positions[middle] < step:
            low = middle + 1
        else:
            high = middle
    return low - 1 if back else low


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
def arriving(steps: Records, converted: Ints, s: int) -> int:
    """What a step arrives as, in the currency of its payee."""
    if not steps[s]["flags"] & 128:
        return steps[s]["amount"]
    low = 0
    high = converted.shape[0]
    while low < high:
        middle = (low + high) // 2
        if converted[middle, 0] < s:
            low = middle + 1
        else:
            high = middle
    return converted[low, 1]


@njit(cache=True, nogil=True)
def walk(
    steps: Records,
    side: Side,
    converted: Ints,
    seeds: Ints,
    queue: Ints,
    limits: tuple[int, int, bool, bool],
    moved: Ints,
    stopped: Ints,
    touched: Ints,
    heap: Ints,
    lots: Ints,
    mark: Ints,
) -> None:
    """Walk until there is no more, a list is full, a conversion is met, or a straight pass over the rest is
    cheaper.

    ``limits``: the last place, after how many places to look whether those visited lie close together,
    whether the question goes backward, whether this is the straight pass. ``mark``: how far it is (the place,
    the next seed; how much of each list is used: moved, stopped, touched, heap, lots; the first unused lot;
    visited, the place when that was looked at, why it stopped). A lot: from, to, the lot below it, the place
    at which its pot is awaited for it. A key on the heap is a place.
    """
    last, patience, back, dense = limits
    pointer, positions, _, _, _ = side
    size = steps.size
    ahead = -1 if back else 1
    place, turn, count, stops, touches, waiting, used, unused, visited, window = mark[:10]
    mark[10] = FULL
    # the parts of the transfer that several compartments paid last: its steps, its amount, what of it repays
    # a lender, what stands in the payee before it; the part that is next, and the amount of those before it
    low_part = np.int64(0)
    high_part = np.int64(-1)
    whole = np.int64(0)
    owed = np.int64(0)
    floor = np.int64(0)
    part = np.int64(0)
    done = np.int64(0)
    while True:
        # the next place: the earliest seed, or the earliest payment that takes traced money
        key = NEVER
        if turn < seeds.shape[0]:
            key = seeds[turn, 0]
        if dense:
            until = np.int64(last)
            if key != NEVER:
                until = min(until, (key - 1) >> 1)
            for o in range(place + 1, until + 1):
                s = size - 1 - o if back else o
                if o + AHEAD <= last:
                    soon = s + ahead * AHEAD
                    prefetch(queue, np.int64(steps[soon]["src"]))
                    prefetch(queue, np.int64(steps[soon]["dst"]))
                payer = steps[s]["dst"] if back else steps[s]["src"]
                if queue[payer, 0] != 0:
                    if back:
                        behind = np.int64(0)  # what needs a closer look
                        if not steps[s]["flags"] & 640:
                            behind = steps[s]["after"] - steps[s]["amount"] + steps[s]["repaid"]
                    else:
                        behind = max(steps[s]["avail"] - steps[s]["amount"], 0)
                    if queue[payer, 1] > behind:
                        key = np.int64(2 * o)
                        break
        elif waiting > 0:
            key = min(key, 2 * heap[0])
        if key == NEVER:
            mark[10] = DONE
            break
        if (
            count == moved.shape[0]
            or stops == stopped.shape[0]
            or touches == touched.size
            or waiting + 2 > heap.size
            or used + 2 > lots.shape[0]
        ):
            break
        place = key >> 1
        s = size - 1 - place if back else place
        first = np.int64(0)  # the lots that move, by their offsets
        final = np.int64(0)
        if key & 1:  # money that stands in a pot: what was traced there before ends
            payee = seeds[turn, 1]
            payer = payee
            gone = np.int64(0)
            while queue[payee, 0] != 0:
                lot = queue[payee, 0]
                gone += lots[lot, 1] - lots[lot, 0]
                queue[payee, 0] = lots[lot, 2]
                lots[lot, 2] = unused
                unused = lot
            if gone > 0:
                stopped[stops, 0] = -1
                stopped[stops, 1] = payee
                stopped[stops, 2] = gone
                stops += 1
            carried = seeds[turn, 3] - seeds[turn, 2]
            is_seed = True
            base = np.int64(0)
            begins = np.int64(0)
            ends = NEVER
            turned = False
            amid = False
        else:
            if not dense:
                if visited >= patience and visited % patience == 0:
                    # a visit costs as much as 32 places of a straight pass; what was spent bounds the risk
                    if place - window < 32 * patience and visited * 64 > last - place:
                        place -= 1
                        mark[10] = DENSE
                        break
                    window = place
                visited += 1
            while not dense and waiting > 0 and heap[0] == place:
                drop(heap, waiting)
                waiting -= 1
            is_seed = turn < seeds.shape[0] and seeds[turn, 0] == key
            flags = steps[s]["flags"]
            amount = steps[s]["amount"]
            avail = steps[s]["avail"]
            own = min(amount, avail)
            came = amount
            if flags & 128:
                came = arriving(steps, converted, s)
            repaid = steps[s]["repaid"]
            after = steps[s]["after"]
            if flags & 512:
                # what repays a lender is the last of the whole, however many parts it has
                if s < low_part or s > high_part:
                    low_part = s
                    high_part = s
                    row = steps[s]["row"]
                    while low_part > 0 and steps[low_part - 1]["row"] == row:
                        if not steps[low_part - 1]["flags"] & 512:
                            break
                        low_part -= 1
                    while high_part < size - 1 and steps[high_part + 1]["row"] == row:
                        if not steps[high_part + 1]["flags"] & 512:
                            break
                        high_part += 1
                    whole = np.int64(0)
                    owed = np.int64(0)
                    for t in range(low_part, high_part + 1):
                        whole += steps[t]["amount"]
                        owed += steps[t]["repaid"]
                    floor = steps[high_part]["after"] - (whole - owed)
                    part = high_part if back else low_part
                    done = np.int64(0)
                while part != s:
                    done += steps[part]["amount"]
                    part += ahead
                if back:
                    repaid = min(max(owed - done, 0), amount)
                    after = floor + min(whole - done, whole - owed)
                else:
                    repaid = min(max(owed - (whole - done - amount), 0), amount)
                    after = floor + done + amount - repaid
            if back:
                payer = np.int64(steps[s]["dst"])
                payee = np.int64(steps[s]["src"])
                pays = came - repaid
                top = after
                skip = repaid  # offsets count from the last of the transfer
                base = avail - amount
                begins = amount - own
                ends = NEVER
                stop = flags & 56
                turned = (flags & 256) != 0
            else:
                payer = np.int64(steps[s]["src"])
                payee = np.int64(steps[s]["dst"])
                pays = own
                top = avail
                skip = np.int64(0)
                base = after - (came - repaid)
                begins = np.int64(0)
                ends = came - repaid
                stop = flags & 7
                turned = False
            amid = back and (flags & 512) != 0 and s > low_part
            behind = top - pays
            carried = np.int64(0)
            reached = pays > 0 and queue[payer, 0] != 0 and lots[queue[payer, 0], 1] > behind
            if flags & 128 and (reached or is_seed):
                mark[10] = CONVERTED
                break
            if reached:
                upright = (flags & 256) != 0 and not back  # in transit the order is kept
                while queue[payer, 0] != 0:
                    lot = queue[payer, 0]
                    high = lots[lot, 1]
                    if high <= behind:
                        break
                    low = lots[lot, 0]
                    if low < behind:
                        low = behind
                        lots[lot, 1] = behind
                        if unused != 0:
                            lot = unused
                            unused = lots[lot, 2]
                        else:
                            lot = used
                            used += 1
                    else:
                        queue[payer, 0] = lots[lot, 2]
                    carried += high - low
                    if upright:
                        lots[lot, 0] = low - behind
                        lots[lot, 1] = high - behind
                        lots[lot, 2] = first
                        first = lot
                        if final == 0:
                            final = lot
                    else:
                        lots[lot, 0] = skip + top - high
                        lots[lot, 1] = skip + top - low
                        lots[lot, 2] = 0
                        if first == 0:
                            first = lot
                        else:
                            lots[final, 2] = lot
                        final = lot
                if queue[payer, 0] != 0:
                    queue[payer, 1] = lots[queue[payer, 0], 1]
            if is_seed:
                if carried > 0:
                    stopped[stops, 0] = s
                    stopped[stops, 1] = payer
                    stopped[stops, 2] = carried
                    stops += 1
                    lots[final, 2] = unused
                    unused = first
                    first = np.int64(0)
                carried = seeds[turn, 3] - seeds[turn, 2]
        if is_seed:
            if carried > 0:
                if unused != 0:
                    first = unused
                    unused = lots[first, 2]
                else:
                    first = used
                    used += 1
                lots[first, 0] = seeds[turn, 2]
                lots[first, 1] = seeds[turn, 3]
                lots[first, 2] = 0
                final = first
            turn += 1
        if not key & 1 and carried > 0:
            to_lender = np.int64(0)
            if stop == 0:
                lot = first
                while lot != 0:
                    to_lender += max(min(lots[lot, 1], begins) - lots[lot, 0], 0)
                    to_lender += max(lots[lot, 1] - max(lots[lot, 0], ends), 0)
                    lot = lots[lot, 2]
            moved[count, 0] = s
            moved[count, 1] = carried
            moved[count, 2] = to_lender
            count += 1
            if stop != 0:
                lots[final, 2] = unused
                unused = first
                first = np.int64(0)
        if turned and first != 0:  # into transit the other way round
            lot = first
            first = np.int64(0)
            while lot != 0:
                after_it = lots[lot, 2]
                low = lots[lot, 0]
                lots[lot, 0] = amount - lots[lot, 1]
                lots[lot, 1] = amount - low
                lots[lot, 2] = first
                first = lot
                lot = after_it

        # what arrives lies on top of what stands there
        if first != 0 and queue[payee, 0] == 0:
            touched[touches] = payee
            touches += 1
        while first != 0:
            lot = first
            first = lots[lot, 2]
            low = base + max(lots[lot, 0], begins)
            high = base + min(lots[lot, 1], ends)
            if low < high and queue[payee, 0] != 0 and queue[payee, 1] == low:
                lots[queue[payee, 0], 1] = high
                lots[queue[payee, 0], 3] = -1
                queue[payee, 1] = high
                low = high
            elif low < high:
                lots[lot, 0] = low
                lots[lot, 1] = high
                lots[lot, 2] = queue[payee, 0]
                lots[lot, 3] = -1
                queue[payee, 0] = lot
                queue[payee, 1] = high
                continue
            lots[lot, 2] = unused
            unused = lot

        if dense:
            continue
        for turn_of in range(2):
            pot = payer if turn_of == 0 else payee
            lot = queue[pot, 0]
            if lot == 0 or lots[lot, 3] > place:
                continue
            lots[lot, 3] = NEVER
            if amid and pot == payer and lots[lot, 1] > floor:
                lots[lot, 3] = place + 1  # the other parts of the same transfer
            else:
                at = first_behind(pointer, positions, pot, place, back, size)
                at = first_below(steps, side, converted, pot, at, lots[lot, 1], back)
                if at >= 0:
                    s_then = np.int64(positions[at])
                    lots[lot, 3] = size - 1 - s_then if back else s_then
            if lots[lot, 3] <= last:
                sift(heap, waiting, lots[lot, 3])
                waiting += 1
    mark[:10] = (place, turn, count, stops, touches, waiting, used, unused, visited, window)


@njit(cache=True, nogil=True)
def longer(rows: Ints, used: int, room: int) -> Ints:
    """The same list with room for at least so many rows behind those in use; as it is, if it has that."""
    if used + room <= rows.shape[0]:
        return rows
    grown = np.empty((max(2 * rows.shape[0], used + room),) + rows.shape[1:], np.int64)
    grown[:used] = rows[:used]
    return grown


@njit(cache=True, nogil=True)
def trace_stack(
    steps: Records,
    side: Side,
    converted: Ints,
    seeds: Ints,
    queue: Ints,
    last: int,
    back: bool,
    patience: int,
) -> tuple[int, Ints, Ints, Ints]:
    """What each step carries of the seeds' money, where nothing is converted.

    A credit of which ``net = arriving - repaid`` stays lies at heights ``after - net`` to ``after``, in the
    order of the transfer; a debit takes what it pays of its own from the top, so that offset ``o`` of the
    transfer was at height ``avail - 1 - o``, out of a pot in transit at height ``o``. What repays a lender is
    the last of the whole transfer. Backward the same heights are walked the other way, and offsets count from
    the last of the transfer.

    Both sides of a transfer within one account are one compartment, if it has any: so of several parts only
    the first can be paid by the compartment that receives them all, and parts may be walked one by one.

    Lists grow here and not in the loop: to a variable that is bound anew numba would count the references at
    every step.

    Parameters
    ----------
    steps : record array (m)
    side : int64 (pots + 1), int32 (m), int64 (m), int64 (m), int64
        The payments of each pot (forward: debits, backward: credits): those of pot ``p`` are ``pointer[p]``
        to ``pointer[p + 1]`` of the others; their steps, their places on its ruler, what it holds; the tree
        of what is left behind them.
    converted : int64 (c, 2)
        Steps that arrive as another amount, ascending, and that amount.
    seeds : int64 (k, 5)
        Ordered: twice the step's place in time order, or for money that stands in a pot twice the place after
        which it stands, plus 1; the pot of a standing seed (else -1); from and to, as offsets in the transfer
        (backward counted from its last) or heights in the pot (the same in both directions); 0.
    queue : int64 (pots, 2)
        The highest lot of each pot and its height; the first is zero before and after the call.
    last : the last place in time order that belongs to the period
    patience : after how many visited places to look whether a straight pass is cheaper

    Returns
    -------
    status : 0, or 1 where a conversion was met (then nothing else counts)
    moved : int64 (v, 3): step, traced, of that repaid to a lender
    stopped : int64 (w, 3): step (-1: a standing seed), pot, what met a seed and ends there
    left : int64 (u, 2): pot, what stands in it at the end
    """
    dense = np.bool_(False)  # `False` is a type of its own, and `walk` would be compiled for it too
    moved = np.empty((256, 3), np.int64)
    stopped = np.empty((64, 3), np.int64)
    touched = np.empty(256, np.int64)
    heap = np.empty(256, np.int64)
    lots = np.empty((256, 4), np.int64)
    mark = np.zeros(11, np.int64)
    mark[0] = -1
    mark[6] = 1  # lot 0 is nobody's
    while True:
        limits = (np.int64(last), np.int64(patience), back, dense)
        walk(steps, side, converted, seeds, queue, limits, moved, stopped, touched, heap, lots, mark)
        if mark[10] == DONE or mark[10] == CONVERTED:
            break
        if mark[10] == DENSE:
            dense = True
            moved = longer(moved, mark[2], last - mark[0] + 1)  # what is not written to takes no memory
        moved = longer(moved, mark[2], np.int64(1))
        stopped = longer(stopped, mark[3], np.int64(1))
        touched = longer(touched, mark[4], np.int64(1))
        heap = longer(heap, mark[5], np.int64(2))
        lots = longer(lots, mark[6], np.int64(2))
    if mark[10] == CONVERTED:
        for i in range(mark[4]):
            queue[touched[i]] = 0
        return 1, moved[:0], stopped[:0], lots[:0, :2]
    left = np.empty((mark[4], 2), np.int64)
    stands = 0
    for i in range(mark[4]):
        pot = touched[i]
        total = np.int64(0)
        lot = queue[pot, 0]
        while lot != 0:
            total += lots[lot, 1] - lots[lot, 0]
            lot = lots[lot, 2]
        queue[pot] = 0  # a pot is touched more than once, and counted once
        if total > 0:
            left[stands, 0] = pot
            left[stands, 1] = total
            stands += 1
    return 0, moved[: mark[2]], stopped[: mark[3]], left[:stands]
