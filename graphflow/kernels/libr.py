"""Lowest intermediate balance: the holder's own money leaves first, and later deposits do not replenish.

Of every pot it is known how much traced money stands in it; a payment carries some only where it leaves less
behind than that, and then the difference. Forward only.

Most payments carry nothing: the next one of a pot that does is found in a tree
(:mod:`graphflow.kernels.lows`), so that a question visits only what carries traced money, and what that
reaches.

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

DONE, DENSE = 1, 2
"""Why a walk stops: there is no more, or a straight pass over the rest is cheaper (0: a list is full)."""

AHEAD = 32
"""Steps between asking for a pot's record and using it: the walk is bound by waiting for memory."""

NEVER = 9223372036854775807


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
    """What arrives by a step, in the receiving pot's currency."""
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
def left_behind(steps: Records, side: Side, at: int, end: int) -> int:
    """What is left in a pot behind its payment at a place of ``side``; the pot's part of it ends at ``end``.

    Neighbours on the ruler say what was paid, so that only the last step of a pot is read.
    """
    _, positions, starts, held, _ = side
    if at + 1 < end:
        return held[at] - (starts[at + 1] - starts[at])
    return held[at] - min(np.int64(steps[positions[at]]["amount"]), held[at])


@njit(cache=True, nogil=True)
def first_below(steps: Records, side: Side, pot: int, step: int, height: int) -> int:
    """Where in ``side`` a pot's first payment behind a step is that leaves less than ``height`` behind; -1
    where none does.

    Up the tree, past sixteens that stay above the height, and down to the first leaf that does not. At its
    edges a node covers other pots' leaves too: no level is followed beyond the pot's last payment.
    """
    pointer, positions, _, _, lows = side
    node = pointer[pot]
    end = pointer[pot + 1]
    high = end
    while node < high:
        middle = (node + high) // 2
        if positions[middle] <= step:
            node = middle + 1
        else:
            high = middle
    shift = 0  # of the level: 4 bits each
    offset = 0  # where the level begins
    found = False
    while not found:
        last = (end - 1) >> shift
        while node <= last:
            low = left_behind(steps, side, node, end) if shift == 0 else lows[offset + node]
            if low < height:
                found = True
                break
            node += 1
            if node & 15 == 0:
                break
        if not found:
            if node > last:
                return np.int64(-1)
            if shift > 0:
                offset += (positions.size + (np.int64(1) << shift) - 1) >> shift
            node >>= 4
            shift += 4
    while shift > 0:
        shift -= 4
        node <<= 4
        last = (end - 1) >> shift
        if shift > 0:
            offset -= (positions.size + (np.int64(1) << shift) - 1) >> shift
        while True:
            low = left_behind(steps, side, node, end) if shift == 0 else lows[offset + node]
            if low < height:
                break
            if node == last:
                return np.int64(-1)
            node += 1
    return np.int64(node)


@njit(cache=True, nogil=True)
def wait_for(steps: Records, side: Side, state: Ints, heap: Ints, waiting: int, pot: int, step: int) -> int:
    """Put a pot's next payment behind a step that carries something on the heap, unless it is there already;
    how many keys that has then.
    """
    at = first_below(steps, side, pot, step, state[pot, 0])
    if at + 1 == state[pot, 2]:
        return waiting
    state[pot, 2] = at + 1
    if at < 0:
        return waiting
    sift(heap, waiting, np.int64(side[1][at]) << 32 | at)
    return waiting + 1


@njit(cache=True, nogil=True)
def walk(
    steps: Records,
    side: Side,
    seeds: Ints,
    converted: Ints,
    state: Ints,
    limits: tuple[int, int, bool],
    moved: Ints,
    aside: Ints,
    stopped: Ints,
    touched: Ints,
    heap: Ints,
    parts: Ints,
    mark: Ints,
) -> None:
    """Walk until there is no more, a list is full, or a straight pass over the rest is cheaper.

    ``limits``: the last step, after how many steps to look whether those visited lie close together, whether
    this is the straight pass; ``mark``: how far it is (the step, the next seed; how much of each list is
    used: moved, stopped, touched, heap; visited, the step when that was looked at, how much of ``aside`` is
    used, why it stopped, how many parts the transfer has for which a list was too short). A key on the heap
    is a pot's next payment that carries something: its step, and where in ``side`` it is.
    """
    last, patience, dense = limits
    size = steps.size
    place, turn, count, stops, touches, waiting, visited, window, asides = mark[:9]
    mark[9] = 0
    while True:
        # the next step: the earliest seed, or the earliest payment that carries something
        key = NEVER
        if turn < seeds.shape[0]:
            key = seeds[turn, 0]
        if dense:
            for s in range(place + 1, (last if key == NEVER else min(last, (key - 1) >> 1)) + 1):
                if s + AHEAD <= last:
                    prefetch(state, np.int64(steps[s + AHEAD]["src"]))
                    prefetch(state, np.int64(steps[s + AHEAD]["dst"]))
                held = state[steps[s]["src"], 0]
                if held > 0 and max(steps[s]["avail"] - steps[s]["amount"], np.int64(0)) < held:
                    key = np.int64(2 * s)
                    break
        else:
            while waiting > 0 and state[steps[heap[0] >> 32]["src"], 2] != (heap[0] & 4294967295) + 1:
                drop(heap, waiting)  # the pot is awaited elsewhere by now
                waiting -= 1
            if waiting > 0 and heap[0] >> 32 <= last:
                key = min(key, 2 * (heap[0] >> 32))
        if key == NEVER:
            mark[9] = DONE
            break
        if key & 1:  # money that stands in a pot: what was traced there before ends
            if stops == stopped.shape[0] or touches == touched.size or waiting == heap.size:
                break
            pot = seeds[turn, 1]
            if state[pot, 0] > 0:
                stopped[stops, 0] = -3 - turn
                stopped[stops, 1] = pot
                stopped[stops, 2] = state[pot, 0]
                stopped[stops, 3] = state[pot, 1]
                stops += 1
            else:
                touched[touches] = pot
                touches += 1
            state[pot, 0] = seeds[turn, 2]
            state[pot, 1] = seeds[turn, 2]
            place = key >> 1  # a straight pass goes on behind it
            if not dense:
                waiting = wait_for(steps, side, state, heap, waiting, pot, place)
            turn += 1
            continue

        # what several compartments pay together is one transfer: [low, high]
        low = key >> 1
        high = low
        flags = steps[low]["flags"]
        if flags & 512:
            row = steps[low]["row"]
            while low > 0 and steps[low - 1]["row"] == row and steps[low - 1]["flags"] & 512:
                low -= 1
            while high < size - 1 and steps[high + 1]["row"] == row and steps[high + 1]["flags"] & 512:
                high += 1
        number = high - low + 1
        if (
            count + number > moved.shape[0]
            or asides + number > aside.shape[0]
            or stops + 2 * number > stopped.shape[0]
            or touches + number > touched.size
            or waiting + 2 * number > heap.size
            or number > parts.shape[0]
        ):
            mark[10] = number
            break
        if not dense:
            if visited >= patience and visited % patience == 0:
                # a visit costs as much as 16 steps of a straight pass; what was spent bounds what is risked
                if place - window < 16 * patience and visited * 64 > last - place:
                    mark[9] = DENSE
                    break
                window = place
            visited += 1
        is_seed = turn < seeds.shape[0] and seeds[turn, 0] == key
        place = high
        while not dense and waiting > 0 and heap[0] >> 32 <= high:
            drop(heap, waiting)
            waiting -= 1
        payee = np.int64(steps[low]["dst"])
        paid = np.int64(0)  # as it leaves the source
        came = np.int64(0)  # as it enters the target, and of that what repays a lender
        repaid = np.int64(0)
        carried = np.int64(0)
        carried_seed = np.int64(0)
        for k in range(number):
            amount = steps[low + k]["amount"]
            balance = steps[low + k]["avail"]
            paid += amount
            came += arriving(steps, converted, low + k)
            repaid += steps[low + k]["repaid"]
            payer = np.int64(steps[low + k]["src"])
            held = state[payer, 0]
            taken = max(min(amount, balance) - (balance - held), np.int64(0))  # its own money leaves first
            taken_seed = np.int64(0)
            if taken > 0:
                taken_seed = nearest(state[payer, 1], taken, held)
                state[payer, 0] -= taken
                state[payer, 1] -= taken_seed
            if not dense and state[payer, 0] > 0 and side[1][state[payer, 2] - 1] <= high:
                waiting = wait_for(steps, side, state, heap, waiting, payer, high)
            if is_seed:
                if taken > 0:
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
        if flags & 128:
            arrived = nearest(came, carried, paid)
        stop = flags & 7
        to_lender = np.int64(0)
        to_lender_seed = np.int64(0)
        if stop == 0:  # what is not traced of it repays the lender first
            to_lender = max(repaid - (came - arrived), np.int64(0))
            if to_lender > 0:
                to_lender_seed = nearest(carried_seed, to_lender, arrived)
        before = state[payee, 0]
        for k in range(
            number
        ):  # it comes in the parts in which it was paid, the lender takes the first of it
            taken = parts[k, 0]
            taken_seed = parts[k, 1]
            if taken == 0:
                continue
            more = arrived if number == 1 else taken  # what several compartments pay is not converted yet
            lent = min(to_lender, more)
            lent_seed = min(to_lender_seed, taken_seed)
            to_lender -= lent
            to_lender_seed -= lent_seed
            if more != taken or lent > 0 or lent_seed > 0:
                aside[asides, 0] = count
                aside[asides, 1] = more
                aside[asides, 2] = lent
                aside[asides, 3] = lent_seed
                asides += 1
            moved[count, 0] = low + k
            moved[count, 1] = taken
            moved[count, 2] = taken_seed
            count += 1
            if stop != 0:
                continue
            if more > lent:
                state[payee, 0] += more - lent
                state[payee, 1] += taken_seed - lent_seed
            elif taken_seed > lent_seed:
                # a conversion rounded it to nothing: it ends there
                stopped[stops, 0] = -2
                stopped[stops, 1] = payee
                stopped[stops, 2] = 0
                stopped[stops, 3] = taken_seed - lent_seed
                stops += 1
        if state[payee, 0] > before:
            if before == 0:
                touched[touches] = payee
                touches += 1
            if not dense:
                waiting = wait_for(steps, side, state, heap, waiting, payee, high)
    mark[:9] = (place, turn, count, stops, touches, waiting, visited, window, asides)


@njit(cache=True, nogil=True)
def longer(rows: Ints, used: int, room: int) -> Ints:
    """The same list with room for at least so many rows behind those in use; as it is, if it has that."""
    if used + room <= rows.shape[0]:
        return rows
    grown = np.empty((max(2 * rows.shape[0], used + room),) + rows.shape[1:], np.int64)
    grown[:used] = rows[:used]
    return grown


@njit(cache=True, nogil=True)
def trace_lowest(
    steps: Records, side: Side, seeds: Ints, converted: Ints, state: Ints, last: int, patience: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """What each step carries of the seeds' money.

    Lists grow here and not in the loop: to a variable that is bound anew numba would count the references at
    every step.

    Parameters
    ----------
    steps : record array (m)
    side : int64 (pots + 1), int32 (m), int64 (m), int64 (m), int64
        The payments of each pot: those of pot ``p`` are ``pointer[p]`` to ``pointer[p + 1]`` of the others;
        their steps, their places on its ruler, what it can pay before each, the tree of what is left behind.
    seeds : int64 (k, 4)
        Ordered: twice the step, or for money that stands in a pot twice the step after which it stands, plus
        1; the pot of a standing seed (else -1); the amount; the pot's whole balance, which a standing seed
        restarts.
    converted : int64 (c, 2)
        Steps that arrive as another amount, ascending, and that amount.
    state : int64 (pots, 4), zero before and after
        Of each pot: traced money; that in the currency of the seed; the place in ``side``, plus 1 (0: none),
        of its next payment that carries some.
    last : the last step that belongs to the period
    patience : after how many visited steps to look whether a straight pass is cheaper

    Returns
    -------
    moved : int64 (v, 3)
        Step, traced in the currency in which it left, and in the seed's.
    aside : int64 (x, 4)
        Rows of ``moved`` of which another amount entered the next pot, or some of it repaid a lender: the
        row; traced in the next pot's currency; of it repaid, in that and in the seed's.
    stopped : int64 (w, 4)
        Step (-2: rounded to nothing, -3 - i: met the standing seed i), pot, amount, amount in the
        seed's currency: what met a seed and ends there.
    left : int64 (u, 3)
        Pots in which traced money is left, how much, and how much in the seed's currency.
    """
    dense = np.bool_(False)  # `False` is a type of its own, and `walk` would be compiled for it too
    moved = np.empty((256, 3), np.int64)
    aside = np.empty((64, 4), np.int64)
    stopped = np.empty((64, 4), np.int64)
    touched = np.empty(256, np.int64)
    heap = np.empty(256, np.int64)
    parts = np.empty((16, 2), np.int64)
    mark = np.zeros(11, np.int64)
    mark[0] = -1
    while mark[9] != DONE:
        limits = (np.int64(last), np.int64(patience), dense)
        walk(
            steps, side, seeds, converted, state, limits,
            moved, aside, stopped, touched, heap, parts, mark,
        )  # fmt: skip
        number = max(mark[10], 1)
        if mark[9] == DENSE:
            dense = True
            # what is not written to takes no memory
            moved = longer(moved, mark[2], last - mark[0] + number)
        moved = longer(moved, mark[2], number)
        aside = longer(aside, mark[8], number)
        stopped = longer(stopped, mark[3], 2 * number)
        touched = longer(touched, mark[4], number)
        heap = longer(heap, mark[5], 2 * number)
        parts = longer(parts, np.int64(0), number)
    left = np.empty((mark[4], 3), np.int64)
    count = 0
    for i in range(mark[4]):
        pot = touched[i]
        if state[pot, 0] > 0:
            left[count, 0] = pot
            left[count, 1] = state[pot, 0]
            left[count, 2] = state[pot, 1]
            count += 1
        state[pot] = 0
    return moved[: mark[2]], aside[: mark[8]], stopped[: mark[3]], left[:count]
