"""Poison: everything that an account pays out after it was touched. An upper bound, not an attribution.

`touch` answers the question that every engine can state: which pots, by which step, how much. `spread` is the
rule: money stops, meets seeds and limits, repays lenders, is converted, is on its way for a while; what a
touched pot holds at the close ends there; and backward it is the same on time reversed.

What the compiled code computes with is all in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graphflow.kernels.prefetch import prefetch

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Records = NDArray[np.void]
Sides = tuple[Ints, Numbers, Ints, Numbers, Ints]

DONE, DENSE = 1, 2

NEVER = 9223372036854775807
ENDLESS = 4611686018427387904
"""How many transfers may follow where nothing limits them: one less for each, and it never ends."""

INNER = 1024
"""Flag of a step inside one party, as in ``ledger/form.py``."""

STAYS, LENDER, RECIRCULATED, HORIZON = 0, 5, 6, 7
"""How money ends that does not stop on arrival (1 to 4, as in the steps' flags)."""

AHEAD = 32
"""Steps between asking for a pot's record and using it: the walk is bound by waiting for memory."""


@njit(cache=True, nogil=True)
def sift(heap: Ints, count: int, key: int) -> None:
    """Put ``key`` on the heap, which has room for it."""
    i = count
    while i > 0 and heap[(i - 1) // 2] > key:
        heap[i] = heap[(i - 1) // 2]
        i = (i - 1) // 2
    heap[i] = key


@njit(cache=True, nogil=True)
def replace(heap: Ints, count: int, key: int) -> None:
    """Put ``key`` in the place of the least key on a heap of ``count`` keys."""
    i = 0
    while True:
        child = 2 * i + 1
        if child >= count:
            break
        if child + 1 < count and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = key


@njit(cache=True, nogil=True)
def first_behind(pointer: Ints, positions: Numbers, pot: int, step: int) -> int:
    """Where in ``positions`` the first payment of a pot behind a step is; else where its part ends."""
    low = pointer[pot]
    high = pointer[pot + 1]
    while low < high:
        middle = (low + high) // 2
        if positions[middle] <= step:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def visit(
    steps: Records,
    pointer: Ints,
    positions: Numbers,
    seeds: Ints,
    reached: Ints,
    limits: tuple[int, int, int],
    moved: Ints,
    touched: Numbers,
    heap: Ints,
    mark: Ints,
) -> None:
    """Go through the payments of touched pots, the earliest first, until one of the lists is full or a
    straight pass over the rest is cheaper.

    ``limits``: the last step, how many transfers may follow a seed plus 1, after how many steps to look
    whether those visited lie close together; ``mark``: how far it is (step, next seed, touched steps, touched
    pots, keys on the heap, visited, the step when that was looked at, DONE or DENSE). A key is a pot's next
    payment: its step, and where in ``positions`` it is.
    """
    last, start, patience = limits
    s, turn, count, touches, waiting, visited, window, status = mark
    listed = moved.shape[0] > 0
    while (not listed or count < moved.shape[0]) and touches < touched.size and waiting < heap.size:
        if visited >= patience and visited % patience == 0:
            # a visit costs as much as 16 steps of a straight pass; what was spent bounds what is risked
            if s - window < 16 * patience and visited * 64 > last - s:
                status = DENSE
                break
            window = s
        s = last + 1
        if waiting > 0:
            s = heap[0] >> 32
        if turn < seeds.shape[0]:
            s = min(s, seeds[turn, 0])
        if s > last:
            status = DONE
            break
        visited += 1
        if waiting > 0 and heap[0] >> 32 == s:  # the same pot's next payment takes its place
            place = (heap[0] & 4294967295) + 1
            if place < pointer[steps[s]["src"] + 1]:
                replace(heap, waiting, np.int64(positions[place]) << 32 | place)
            else:
                waiting -= 1
                replace(heap, waiting, heap[waiting])
        left = reached[steps[s]["src"], 2]
        amount = np.int64(0)
        if left > 1:
            amount = steps[s]["amount"]
            left -= 1
        if turn < seeds.shape[0] and seeds[turn, 0] == s:
            amount = max(amount, seeds[turn, 1])
            left = start
            turn += 1
        if amount == 0:
            continue
        if listed:
            moved[count, 0] = s
            moved[count, 1] = amount
            count += 1
        q = np.int64(steps[s]["dst"])
        if reached[q, 0] == 0:
            touched[touches] = q
            touches += 1
            reached[q, 1] = s
        reached[q, 0] += amount
        if steps[s]["flags"] & 7 == 0 and left > reached[q, 2]:
            able = reached[q, 2] > 1
            reached[q, 2] = left
            if not able and left > 1:
                place = first_behind(pointer, positions, q, s)
                if place < pointer[q + 1]:
                    sift(heap, waiting, np.int64(positions[place]) << 32 | place)
                    waiting += 1
    mark[:] = (s, turn, count, touches, waiting, visited, window, status)


@njit(cache=True, nogil=True)
def sweep(
    steps: Records,
    seeds: Ints,
    reached: Ints,
    limits: tuple[int, int, int],
    moved: Ints,
    touched: Numbers,
    mark: Ints,
) -> None:
    """The same for all steps behind the place, straight on; the lists have room for all of them.

    A loop of its own: with the other in one, the straight pass took two fifths longer.
    """
    last, start, _ = limits
    turn, count, touches = mark[1:4]
    listed = moved.shape[0] > 0
    for s in range(mark[0] + 1, last + 1):
        if s + AHEAD <= last:
            prefetch(reached, np.int64(steps[s + AHEAD]["src"]))
            prefetch(reached, np.int64(steps[s + AHEAD]["dst"]))
        left = reached[steps[s]["src"], 2]
        amount = np.int64(0)
        if left > 1:
            amount = steps[s]["amount"]
            left -= 1
        if turn < seeds.shape[0] and seeds[turn, 0] == s:
            amount = max(amount, seeds[turn, 1])
            left = start
            turn += 1
        if amount == 0:
            continue
        if listed:
            moved[count, 0] = s
            moved[count, 1] = amount
            count += 1
        q = np.int64(steps[s]["dst"])
        if reached[q, 0] == 0:
            touched[touches] = q
            touches += 1
            reached[q, 1] = s
        reached[q, 0] += amount
        if steps[s]["flags"] & 7 == 0:
            reached[q, 2] = max(reached[q, 2], left)
    mark[1:4] = (turn, count, touches)


@njit(cache=True, nogil=True)
def touch(
    steps: Records,
    pointer: Ints,
    positions: Numbers,
    seeds: Ints,
    reached: Ints,
    last: int,
    most: int,
    listed: bool,
    patience: int,
) -> tuple[Ints, Ints]:
    """Mark what the seeds' money touches, forward, in time order.

    A local question visits the payments of touched pots alone; where nearly everything is reached, a straight
    pass over the steps is cheaper. Lists grow here and not in the loops: to a variable that is bound anew
    numba would count the references at every step.

    Parameters
    ----------
    steps : record array (m)
    pointer, positions : payments of each pot
    seeds : int64 (k, 2): step and amount, ascending
    reached : int64 (pots, 4), zero before and after
        Of each pot: what touched money came to it; the first step by which it did; how many more transfers
        may follow when it pays, plus 1 (0: none came, or what came goes no further).
    last : the last step of the period
    most : most transfers after a seed; -1 for any number
    listed : whether the touched steps are wanted too
    patience : after how many visited steps to look whether a straight pass is cheaper

    Returns
    -------
    moved : int64 (v, 2)
        Step and amount, in time order (none unless ``listed``). A seed step carries its seed's amount, or the
        whole where its payer was touched before.
    came : int64 (w, 3)
        The pots that touched money came to, in the order in which it first did: pot, first step, how much.
    """
    start = np.int64(ENDLESS) if most < 0 else np.int64(most) + 1
    limits = (np.int64(last), start, np.int64(patience))
    moved = np.empty((256 if listed else 0, 2), np.int64)
    touched = np.empty(256, np.int32)
    heap = np.empty(256, np.int64)
    mark = np.zeros(8, np.int64)
    mark[0] = -1
    while mark[7] == 0:
        visit(steps, pointer, positions, seeds, reached, limits, moved, touched, heap, mark)
        dense = mark[7] == DENSE
        if listed and (dense or mark[2] == moved.shape[0]):
            # what is not written to takes no memory
            grown = np.empty((mark[2] + last - mark[0] if dense else 2 * mark[2], 2), np.int64)
            grown[: mark[2]] = moved[: mark[2]]
            moved = grown
        if dense or mark[3] == touched.size:
            grown_pots = np.empty(reached.shape[0] if dense else 2 * touched.size, np.int32)
            grown_pots[: mark[3]] = touched[: mark[3]]
            touched = grown_pots
        if dense:
            sweep(steps, seeds, reached, limits, moved, touched, mark)
        elif mark[4] == heap.size:
            grown_heap = np.empty(2 * heap.size, np.int64)
            grown_heap[: mark[4]] = heap
            heap = grown_heap
    came = np.empty((mark[3], 3), np.int64)
    for i in range(mark[3]):
        came[i, 0] = touched[i]
        came[i, 1] = reached[touched[i], 1]
        came[i, 2] = reached[touched[i], 0]
        reached[touched[i]] = 0
    return moved[: mark[2]], came


# ---------------------------------------------------------------------- the rule
@njit(cache=True, nogil=True)
def drop(heap: Ints, count: int) -> None:
    """Take the least key off a heap of ``count`` keys."""
    replace(heap, count - 1, heap[count - 1])


@njit(cache=True, nogil=True)
def book_of(books: Ints, pot: int) -> tuple[int, int]:
    """The first pot of a pot's book, and the one behind its last: books of several pots are listed."""
    low = 0
    high = books.shape[0]
    while low < high:
        middle = (low + high) // 2
        if books[middle, 0] <= pot:
            low = middle + 1
        else:
            high = middle
    if low > 0 and pot < books[low - 1, 1]:
        return books[low - 1, 0], books[low - 1, 1]
    return pot, pot + 1


@njit(cache=True, nogil=True)
def next_payment(pointer: Ints, positions: Numbers, pot: int, place: int, back: bool, size: int) -> int:
    """Where in ``positions`` the pot's first payment behind a place in time order is, or -1.

    Backward, places count from the end, and what the pot received is what it pays.
    """
    if not back:
        at = first_behind(pointer, positions, pot, place)
        return at if at < pointer[pot + 1] else np.int64(-1)
    at = first_behind(pointer, positions, pot, size - 2 - place) - 1
    return at if at >= pointer[pot] else np.int64(-1)


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
def held(steps: Records, pots: Records, sides: Sides, pot: int, step: int) -> int:
    """What stands in a pot behind a step (-1: before all of them); what it owes is nothing that it holds."""
    if step >= steps.size - 1:
        return max(np.int64(pots[pot]["closing"]), np.int64(0))
    paid = first_behind(sides[0], sides[1], pot, step) - 1
    came = first_behind(sides[2], sides[3], pot, step) - 1
    s = np.int64(-1)
    if came >= sides[2][pot]:
        s = np.int64(sides[3][came])
    if paid >= sides[0][pot] and sides[1][paid] > s:  # of one step the debit comes first
        s = np.int64(sides[1][paid])
        return max(steps[s]["avail"] - steps[s]["amount"], np.int64(0))
    if s >= 0:
        return steps[s]["after"]
    return max(np.int64(pots[pot]["opening"]), np.int64(0))


@njit(cache=True, nogil=True)
def wait_for(
    sides: Sides, state: Ints, heap: Ints, waiting: int, pot: int, place: int, most: tuple[int, int, bool]
) -> int:
    """Put the next payment of every pot of a book on the heap; how many keys that has then.

    ``most``: the last place that counts, how many steps there are, whether the question goes backward.
    """
    last, size, back = most
    pointer, positions = (sides[2], sides[3]) if back else (sides[0], sides[1])
    begin, end = book_of(sides[4], pot)
    for p in range(begin, end):
        if state[p, 1] > 0:
            continue
        at = next_payment(pointer, positions, p, place, back, size)
        if at >= 0:
            s = np.int64(positions[at])
            o = size - 1 - s if back else s
            if o <= last:
                sift(heap, waiting, o << 32 | at)
                waiting += 1
                state[p, 1] = at + 1
    return waiting


@njit(cache=True, nogil=True)
def pass_on(
    steps: Records,
    books: Ints,
    state: Ints,
    place: int,
    upto: int,
    how: tuple[bool, bool],
    moved: Ints,
    touched: Ints,
    mark: Ints,
) -> int:
    """Go straight on from behind a place over payments that pass touched money on and do nothing else; the
    place of the first other payment of a touched book, or the one behind the last that is asked for.

    A loop of its own, as in `sweep`; the lists have room for all of it. ``how``: backward, by party.
    """
    back, party = how
    size = steps.size
    ahead = -AHEAD if back else AHEAD
    other = 952 if back else 903  # it stops there, is converted, is on its way, is one of several parts
    if party:
        other |= INNER
    count = mark[2]
    touches = mark[4]
    found = upto + 1
    for o in range(place + 1, upto + 1):
        s = size - 1 - o if back else o
        if o + AHEAD <= upto:
            prefetch(state, np.int64(steps[s + ahead]["src"]))
            prefetch(state, np.int64(steps[s + ahead]["dst"]))
        payer = np.int64(steps[s]["dst"] if back else steps[s]["src"])
        if books.shape[0] > 0:
            payer = book_of(books, payer)[0]
        left = state[payer, 0]
        if left == 0:
            continue
        amount = steps[s]["amount"]
        lent = steps[s]["avail"] < amount or state[payer, 2] > 0 if back else steps[s]["repaid"] > 0
        if left == 1 or lent or steps[s]["flags"] & other:
            found = np.int64(o)
            break
        moved[count, 0] = s
        moved[count, 1] = amount
        moved[count, 2] = amount
        count += 1
        payee = np.int64(steps[s]["src"] if back else steps[s]["dst"])
        if not back:
            state[payee, 2] = amount
        if books.shape[0] > 0:
            payee = book_of(books, payee)[0]
        if state[payee, 0] == 0:
            touched[touches] = payee
            touches += 1
        state[payee, 0] = max(state[payee, 0], left - 1)
    mark[2] = count
    mark[4] = touches
    return found


@njit(cache=True, nogil=True)
def walk(
    steps: Records,
    sides: Sides,
    seeds: Ints,
    converted: Ints,
    state: Ints,
    limits: tuple[int, int, int, int, bool, bool, bool],
    moved: Ints,
    ended: Ints,
    touched: Ints,
    heap: Ints,
    mark: Ints,
) -> None:
    """Walk until there is no more, a list is full, or a straight pass over the rest is cheaper.

    ``limits``: the last place, how many transfers may follow a seed plus 1, after how many places to look
    whether those visited lie close together, the most pots of a book, whether the question goes backward,
    whether it is by party, whether this is the straight pass; ``mark``: how far it is (the place, the next
    seed; how much of each list is used: moved, ended, touched, heap; visited, the place when that was looked
    at, why it stopped, for how many more rows there has to be room). A key on the heap is a pot's next
    payment: its place, and where in ``positions`` it is.
    """
    last, start, patience, widest, back, party, dense = limits
    pointer, positions = (sides[2], sides[3]) if back else (sides[0], sides[1])
    books = sides[4]
    size = steps.size
    ahead = -1 if back else 1
    until = (last, size, back)
    place, turn, count, stops, touches, waiting, visited, window = mark[:8]
    mark[8] = 0
    while True:
        # the next place: the earliest seed, or the earliest payment of a touched pot
        key = NEVER
        if turn < seeds.shape[0]:
            key = seeds[turn, 0]
        if dense:
            upto = last if key == NEVER else min(last, (key - 1) >> 1)
            mark[2] = count
            mark[4] = touches
            found = pass_on(steps, books, state, place, upto, (back, party), moved, touched, mark)
            count = mark[2]
            touches = mark[4]
            if found <= upto:
                key = 2 * found
        elif waiting > 0:
            key = min(key, 2 * (heap[0] >> 32))
        if key == NEVER:
            mark[8] = DONE
            break
        if key & 1:  # money that stands in pots: they restart
            together = np.int64(1)
            while turn + together < seeds.shape[0] and seeds[turn + together, 0] == key:
                together += 1
            if stops + together > ended.shape[0] or touches == touched.size or waiting + widest > heap.size:
                mark[9] = together
                break
            if turn == 0 or seeds[turn - 1, 0] != key:
                # what touched books hold there ends; what they hold of the seed begins
                for i in range(turn, turn + together):
                    if state[book_of(books, seeds[i, 1])[0], 0] > 0:
                        ended[stops, 0] = RECIRCULATED
                        ended[stops, 1] = seeds[i, 1]
                        ended[stops, 2] = seeds[i, 3]
                        stops += 1
                for i in range(turn, turn + together):
                    pot = book_of(books, seeds[i, 1])[0]
                    state[pot, 0] = 0
            if seeds[turn, 2] > 0:
                pot = book_of(books, seeds[turn, 1])[0]
                if state[pot, 0] == 0:
                    touched[touches] = pot
                    touches += 1
                    if not dense:
                        waiting = wait_for(sides, state, heap, waiting, pot, key >> 1, until)
                state[pot, 0] = start
            turn += 1
            place = key >> 1  # a straight pass goes on behind it
            continue

        s = size - 1 - (key >> 1) if back else key >> 1
        # what several compartments pay together is one transfer: [low, high]
        low = s
        high = s
        if steps[s]["flags"] & 512:
            row = steps[s]["row"]
            while low > 0 and steps[low - 1]["row"] == row and steps[low - 1]["flags"] & 512:
                low -= 1
            while high < size - 1 and steps[high + 1]["row"] == row and steps[high + 1]["flags"] & 512:
                high += 1
        number = high - low + 1
        if (
            count + number > moved.shape[0]
            or stops + number + 2 > ended.shape[0]
            or touches == touched.size
            or waiting + number + widest > heap.size
        ):
            mark[9] = number + 2
            break
        if not dense:
            if visited >= patience and visited % patience == 0:
                # a visit costs as much as 16 places of a straight pass; what was spent bounds what is risked
                if place - window < 16 * patience and visited * 64 > last - place:
                    mark[8] = DENSE
                    break
                window = place
            visited += 1
        is_seed = turn < seeds.shape[0] and seeds[turn, 0] == key
        place = size - 1 - low if back else high
        while not dense and waiting > 0 and heap[0] >> 32 <= place:
            drop(heap, waiting)
            waiting -= 1
        payer = np.int64(steps[low]["dst"] if back else steps[low]["src"])
        home = book_of(books, payer)[0]
        left = state[home, 0]
        paid = np.int64(0)  # as it leaves the source, and of that by the source itself
        own = np.int64(0)
        came = np.int64(0)  # as it enters the target, and of that what repays a lender
        repaid = np.int64(0)
        for k in range(low, high + 1):
            amount = steps[k]["amount"]
            paid += amount
            own += min(amount, steps[k]["avail"])
            came += arriving(steps, converted, k)
            repaid += steps[k]["repaid"]
            if not dense:
                payer = np.int64(steps[k]["dst"] if back else steps[k]["src"])
                at = state[payer, 1] - 1
                if at < 0 or positions[at] < low or positions[at] > high:
                    continue
                state[payer, 1] = 0
                if left > 0:
                    while low <= positions[at] <= high:
                        at += ahead
                        if at < pointer[payer] or at >= pointer[payer + 1]:
                            break
                    if pointer[payer] <= at < pointer[payer + 1]:
                        s = np.int64(positions[at])
                        o = size - 1 - s if back else s
                        if o <= last:
                            sift(heap, waiting, o << 32 | at)
                            waiting += 1
                            state[payer, 1] = at + 1
        carried = paid
        arrival = steps[high]["flags"] & 256 != 0
        inner = party and steps[high]["flags"] & INNER != 0  # inside a party it is no further transfer
        if is_seed:
            carried = np.int64(0)
            for k in range(low, high + 1):
                if left > 0:  # all that was paid met the seed
                    amount = arriving(steps, converted, k) if back else steps[k]["amount"]
                    ended[stops, 0] = RECIRCULATED
                    ended[stops, 1] = steps[k]["dst"] if back else steps[k]["src"]
                    ended[stops, 2] = amount
                    stops += 1
                carried += seeds[turn, 2]
                turn += 1
            left = start
        elif left == 0:
            continue
        else:
            if left == 1 and not inner and (back or not arrival):
                state[home, 3] += came if back else paid
                continue
            if not inner and (back or not arrival):  # what was on its way is no further transfer
                left -= 1
            if state[home, 2] > 0 if back else arrival:
                # of what was on its way no more arrives than was traced
                carried = min(carried, state[home, 2])
                state[home, 0] = 0
        arrived = carried
        if steps[high]["flags"] & 128 and not back:
            arrived = nearest(came, carried, paid)
        rest = carried
        for k in range(low, high + 1):  # of a part of a transfer its first money
            amount = min(rest, steps[k]["amount"])
            if amount > 0:
                moved[count, 0] = k
                moved[count, 1] = amount
                moved[count, 2] = arrived if low == high else amount
                count += 1
                rest -= amount
        flags = steps[low]["flags"]
        stop = (flags & 56) >> 3 if back else flags & 7
        payee = np.int64(steps[low]["src"] if back else steps[low]["dst"])
        lent = min(arrived, paid - own if back else repaid)
        if stop != 0 or lent > 0:
            ended[stops, 0] = stop if stop != 0 else LENDER
            ended[stops, 1] = payee
            ended[stops, 2] = arrived if stop != 0 else lent
            stops += 1
        if stop != 0:
            continue
        if back and arrival and not inner:  # its two legs are one transfer
            left += 1
        if arrival or not back:
            state[payee, 2] = carried
        home = book_of(books, payee)[0]
        if state[home, 0] == 0:
            touched[touches] = home
            touches += 1
            if not dense:
                waiting = wait_for(sides, state, heap, waiting, payee, place, until)
        state[home, 0] = max(state[home, 0], left)
    mark[:8] = (place, turn, count, stops, touches, waiting, visited, window)


@njit(cache=True, nogil=True)
def longer(rows: Ints, used: int, room: int) -> Ints:
    """The same list with room for at least so many rows behind those in use; as it is, if it has that."""
    if used + room <= rows.shape[0]:
        return rows
    grown = np.empty((max(2 * rows.shape[0], used + room),) + rows.shape[1:], np.int64)
    grown[:used] = rows[:used]
    return grown


@njit(cache=True, nogil=True)
def spread(
    steps: Records,
    pots: Records,
    sides: Sides,
    seeds: Ints,
    converted: Ints,
    state: Ints,
    limits: tuple[int, int, bool, bool],
    patience: int,
) -> tuple[Ints, Ints]:
    """What the seeds' money touches, and where it ends.

    A local question visits the payments of touched books alone; where nearly everything is reached, a
    straight pass over the steps is cheaper. Lists grow here and not in the loop: to a variable that is bound
    anew numba would count the references at every step.

    Parameters
    ----------
    steps : record array (m)
    pots : record array (p)
    sides : int64 (p + 1), int32 (m), int64 (p + 1), int32 (m), int64 (b, 2)
        Debits of each pot: those of pot ``p`` are ``pointer[p]`` to ``pointer[p + 1]`` of the steps behind
        it; its credits; and books of several pots, ascending: the first pot and the one behind the last. One
        touched pot touches its book.
    seeds : int64 (k, 4)
        Ordered: twice the step's place in time order, or for money that stands in a pot twice the
        place after which it stands, plus 1; the pot of a standing seed (else -1); the amount; the
        pot's whole balance, which a standing seed restarts.
    converted : int64 (c, 2)
        Steps that arrive as another amount, ascending, and that amount.
    state : int64 (p, 4), zero before and after
        Of each book's first pot: how many more transfers may follow when it pays, plus 1 (0: it is not
        touched); of each pot: the place of its next payment in its side, plus 1 (0: none is awaited); what
        came to it last, which counts where a transfer is on its way; of each book's first pot: what it paid
        that was one transfer too many.
    limits : the last place in time order that belongs to the period, most transfers after a seed (-1 for any
        number), whether the question goes backward, whether transfers inside one party count as none
    patience : after how many visited places to look whether a straight pass is cheaper

    Returns
    -------
    moved : int64 (v, 3)
        Step, amount as it left (backward, too), and as it goes on; in time order. A seed's step carries the
        seed's amount.
    ended : int64 (w, 3)
        How (0 stays, 1 to 4 as in the steps' flags, 5 lender, 6 met a seed, 7 limit), pot, amount as it is
        there.
    """
    last, most, back, party = limits
    start = np.int64(ENDLESS) if most < 0 else np.int64(most) + 1
    books = sides[4]
    widest = np.int64(1)
    for i in range(books.shape[0]):
        widest = max(widest, books[i, 1] - books[i, 0])
    dense = np.bool_(False)  # `False` is a type of its own, and `walk` would be compiled for it too
    moved = np.empty((256, 3), np.int64)
    ended = np.empty((256, 3), np.int64)
    touched = np.empty(256, np.int64)
    heap = np.empty(256, np.int64)
    mark = np.zeros(10, np.int64)
    mark[0] = -1
    while mark[8] != DONE:
        asked = (np.int64(last), start, np.int64(patience), widest, back, party, dense)
        walk(steps, sides, seeds, converted, state, asked, moved, ended, touched, heap, mark)
        room = max(mark[9], 1)
        if mark[8] == DENSE:
            dense = True
            # what is not written to takes no memory
            moved = longer(moved, mark[2], last - mark[0] + room)
            touched = longer(touched, mark[4], last - mark[0] + seeds.shape[0])
        moved = longer(moved, mark[2], room)
        ended = longer(ended, mark[3], room)
        touched = longer(touched, mark[4], np.int64(1))
        heap = longer(heap, mark[5], room + widest)
    # what stands in touched books at the close (backward: stood there when the period opened)
    count = mark[3]
    room = np.int64(0)
    for i in range(mark[4]):
        begin, end = book_of(books, touched[i])
        room += end - begin + 1
    ended = longer(ended, count, room)
    upto = steps.size - 2 - last if back else np.int64(last)
    for i in range(mark[4]):
        if i + AHEAD < mark[4]:
            prefetch(pots, touched[i + AHEAD])
            prefetch(state, touched[i + AHEAD])
        begin, end = book_of(books, touched[i])
        for pot in range(begin, end):
            amount = np.int64(0)
            if state[begin, 0] > 0:
                # of what is on its way only what was traced
                amount = state[pot, 2] if pots[pot]["kind"] == 4 else held(steps, pots, sides, pot, upto)
            if amount > 0:
                ended[count, 0] = STAYS
                ended[count, 1] = pot
                ended[count, 2] = amount
                count += 1
        if state[begin, 3] > 0:
            ended[count, 0] = HORIZON
            ended[count, 1] = begin
            ended[count, 2] = state[begin, 3]
            count += 1
        for pot in range(begin, end):
            state[pot] = 0
    return moved[: mark[2]], ended[:count]
