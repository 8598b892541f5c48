"""Pro rata: every payment takes every sort of money in its present proportion.

The kernel walks steps in time order and visits only what traced money reaches. Backward is the same
walk on time reversed: what a pot received then pays, closing balances stand for openings.

Most payments of a great account carry nothing of a small question: the exact amount shrinks by a little, and
no whole unit leaves. They are not visited one by one: after a payment the next ones of its pot are looked
through for the first that carries something, and those before it are caught up with when the pot is needed.

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
Side = tuple[Ints, Numbers, Ints, Ints]

DONE, DENSE = 1, 2
"""Why a walk stops: there is no more, or a straight pass over the rest is cheaper (0: a list is full)."""

AHEAD = 32
"""Steps between asking for a pot's record and using it: the walk is bound by waiting for memory."""

LOOK = 32
"""How many payments of a pot are looked through at once: money may come before they are reached."""

NEVER = 9223372036854775807


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
def next_payment(pointer: Ints, positions: Numbers, pot: int, place: int, back: bool, size: int) -> int:
    """Where in ``positions`` the pot's first payment behind a place in time order is, or -1.

    Backward, places count from the end, and what the pot received is what it pays.
    """
    low = pointer[pot]
    high = pointer[pot + 1]
    step = size - 1 - place if back else place
    while low < high:  # forward the first behind the step, backward the first not before it
        middle = (low + high) // 2
        if positions[middle] < step or (positions[middle] == step and not back):
            low = middle + 1
        else:
            high = middle
    if back:
        return low - 1 if low > pointer[pot] else np.int64(-1)
    return low if low < pointer[pot + 1] else np.int64(-1)


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
def payment(
    steps: Records, side: Side, converted: Ints, at: int, end: int, top: int, back: bool
) -> tuple[int, int, int]:
    """What a pot pays at a place of its part of ``side``, out of how much, and the place behind it.

    Neighbours on its ruler say how much, so that only the last step is read. Backward, all parts of one
    transfer are one payment.
    """
    _, positions, starts, held = side
    balance = held[at]
    pays = np.int64(0)
    while True:
        if at + 1 < top:
            pays += starts[at + 1] - starts[at]
        elif back:
            pays += arriving(steps, converted, positions[at]) - steps[positions[at]]["repaid"]
        else:
            pays += min(steps[positions[at]]["amount"], balance)
        at += -1 if back else 1
        if not back or at == end or held[at] >= 0:
            return pays, balance, at


@njit(cache=True, nogil=True)
def settle(
    steps: Records, side: Side, converted: Ints, state: Ints, pot: int, place: int, back: bool
) -> None:
    """Catch up with a pot's payments up to a place, which carry nothing: only its exact amount changes."""
    pointer, positions, _, _ = side
    at = state[pot, 4] - 1
    end = pointer[pot] - 1 if back else pointer[pot + 1]
    latest = steps.size - 1 - place if back else place
    whole = state[pot, 1]
    fraction = state[pot, 2]
    while at != end:
        if positions[at] < latest if back else positions[at] > latest:
            break
        pays, balance, at = payment(steps, side, converted, at, end, pointer[pot + 1], back)
        if pays > 0:
            whole, fraction = take(whole, fraction, pays, balance)
    state[pot, 1] = whole
    state[pot, 2] = fraction
    state[pot, 4] = at + 1


@njit(cache=True, nogil=True)
def look(steps: Records, side: Side, converted: Ints, state: Ints, pot: int, back: bool) -> int:
    """The pot's next payment that carries something, as its place in ``side``, or the one from which to look
    again; -1 where none does.
    """
    pointer = side[0]
    at = state[pot, 4] - 1
    end = pointer[pot] - 1 if back else pointer[pot + 1]
    held = state[pot, 0]
    whole = state[pot, 1]
    fraction = state[pot, 2]
    for _ in range(LOOK):
        if at == end:
            return np.int64(-1)
        pays, balance, behind = payment(steps, side, converted, at, end, pointer[pot + 1], back)
        if pays > 0:
            whole, fraction = take(whole, fraction, pays, balance)
            if whole + (fraction > 2147483648) != held:
                return at
        at = behind
    return at if at != end else np.int64(-1)


@njit(cache=True, nogil=True)
def walk(
    steps: Records,
    side: Side,
    seeds: Ints,
    converted: Ints,
    state: Ints,
    limits: tuple[int, int, bool, bool],
    moved: Ints,
    aside: Ints,
    stopped: Ints,
    touched: Ints,
    heap: Ints,
    parts: Ints,
    mark: Ints,
) -> None:
    """Walk until there is no more, a list is full, or a straight pass over the rest is cheaper.

    ``limits``: the last place, after how many places to look whether those visited lie close together,
    whether the question goes backward, whether this is the straight pass; ``mark``: how far it is (the place,
    the next seed; how much of each list is used: moved, stopped, touched, heap; visited, the place when that
    was looked at, how much of ``aside`` is used, why it stopped, how many parts the transfer has for which a
    list was too short). A key on the heap is a pot's next payment: its place, and where in ``positions`` it
    is.
    """
    last, patience, back, dense = limits
    pointer, positions, _, _ = side
    size = steps.size
    ahead = -1 if back else 1
    place, turn, count, stops, touches, waiting, visited, window, asides = mark[:9]
    mark[9] = 0
    while True:
        # the next place: the earliest seed, or the earliest payment of a pot with traced money
        key = NEVER
        if turn < seeds.shape[0]:
            key = seeds[turn, 0]
        if dense:
            until = last if key == NEVER else min(last, (key - 1) >> 1)
            for o in range(place + 1, until + 1):
                s = size - 1 - o if back else o
                if o + AHEAD <= last:
                    soon = s + ahead * AHEAD
                    prefetch(state, np.int64(steps[soon]["src"]))
                    prefetch(state, np.int64(steps[soon]["dst"]))
                payer = steps[s]["dst"] if back else steps[s]["src"]
                if state[payer, 1] != 0 or state[payer, 2] != 0:
                    key = np.int64(2 * o)
                    break
        else:
            while waiting > 0 and heap[0] >> 32 <= last:
                s = size - 1 - (heap[0] >> 32) if back else heap[0] >> 32
                payer = steps[s]["dst"] if back else steps[s]["src"]
                if state[payer, 5] == (heap[0] & 4294967295) + 1:
                    break
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
                stopped[stops, 3] = state[pot, 3]
                stops += 1
            awake = state[pot, 0] > 0
            amount = seeds[turn, 2]
            state[pot, 0] = amount
            state[pot, 1] = amount
            state[pot, 2] = 0
            state[pot, 3] = amount
            state[pot, 4] = 0
            state[pot, 5] = 0
            if not awake and amount > 0:
                touched[touches] = pot
                touches += 1
            if not dense and amount > 0:
                at = next_payment(pointer, positions, pot, key >> 1, back, size)
                if at >= 0:
                    s = np.int64(positions[at])
                    sift(heap, waiting, (size - 1 - s if back else s) << 32 | at)
                    waiting += 1
                    state[pot, 4] = at + 1
                    state[pot, 5] = at + 1
            turn += 1
            place = key >> 1  # a straight pass goes on behind it
            continue

        s = size - 1 - (key >> 1) if back else key >> 1
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
                # a visit costs as much as 16 places of a straight pass; what was spent bounds what is risked
                if place - window < 16 * patience and visited * 64 > last - place:
                    mark[9] = DENSE
                    break
                window = place
            visited += 1
        is_seed = turn < seeds.shape[0] and seeds[turn, 0] == key
        place = key >> 1
        if number > 1:
            place = size - 1 - low if back else high
        while not dense and waiting > 0 and heap[0] >> 32 <= place:
            drop(heap, waiting)
            waiting -= 1
        paid = np.int64(0)  # as it leaves the source, and of that by the source itself
        own = np.int64(0)
        came = np.int64(0)  # as it enters the target, and of that what repays a lender
        repaid = np.int64(0)
        for k in range(number):
            amount = steps[low + k]["amount"]
            paid += amount
            own += min(amount, steps[low + k]["avail"])
            repaid += steps[low + k]["repaid"]
            came += arriving(steps, converted, low + k) if flags & 128 else amount
        carried = np.int64(0)
        carried_seed = np.int64(0)
        for k in range(number):
            # backward the target pays for all parts at once
            if back:
                payer = np.int64(steps[high]["dst"])
                balance = steps[high]["after"]
                pays = came - repaid if k == 0 else np.int64(0)
            else:
                payer = np.int64(steps[low + k]["src"])
                balance = steps[low + k]["avail"]
                pays = min(steps[low + k]["amount"], balance)
            if state[payer, 4] > 0 and (dense or state[payer, 0] > 0) and (k == 0 or not back):
                before = (size - 1 - high if back else low + k) - 1
                settle(steps, side, converted, state, payer, before, back)
                if dense:
                    state[payer, 4] = 0  # from here on all its payments are visited
            taken = np.int64(0)
            taken_seed = np.int64(0)
            held = state[payer, 0]
            if pays > 0 and (held > 0 or (dense and (state[payer, 1] != 0 or state[payer, 2] != 0))):
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
                        taken_seed = taken  # the same where nothing was converted
                        if state[payer, 3] != held:
                            taken_seed = nearest(state[payer, 3], taken, held)
                        state[payer, 3] -= taken_seed
            if not dense and state[payer, 0] > 0 and (k == 0 or not back):
                state[payer, 4] += -number if back else 1
                after = look(steps, side, converted, state, payer, back)
                state[payer, 5] = after + 1
                if after >= 0:
                    s = np.int64(positions[after])
                    sift(heap, waiting, (size - 1 - s if back else s) << 32 | after)
                    waiting += 1
            elif not dense and held > 0 and (k == 0 or not back):  # nothing whole is left
                if state[payer, 4] > 0:
                    state[payer, 4] += -number if back else 1
                state[payer, 5] = 0
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
        of_seed = is_seed
        if back and number > 1:
            for i in range(turn):  # of a transfer in two legs the second is the seed
                leg = size - 1 - (seeds[i, 0] >> 1)
                of_seed |= seeds[i, 1] < 0 and steps[leg]["row"] == steps[low]["row"]
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
            if arrived > 0 and to_lender > 0:
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
                if number > 1 and of_seed:
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
                upto = arrived if number == 1 else nearest(arrived, done, carried)
                parts[k, 2] = upto - given
                given = upto
                parts[k, 3] = min(to_lender, parts[k, 2])
                parts[k, 4] = min(to_lender_seed, parts[k, 1])
                to_lender -= parts[k, 3]
                to_lender_seed -= parts[k, 4]
            if parts[k, 0] == 0 and parts[k, 1] == 0 and parts[k, 2] == 0:
                continue
            if parts[k, 2] != parts[k, 0] or parts[k, 3] > 0 or parts[k, 4] > 0:
                aside[asides, 0] = count
                aside[asides, 1] = parts[k, 2]
                aside[asides, 2] = parts[k, 3]
                aside[asides, 3] = parts[k, 4]
                asides += 1
            moved[count, 0] = low + k
            moved[count, 1] = parts[k, 0]
            moved[count, 2] = parts[k, 1]
            count += 1
            if stop != 0:
                continue
            payee = np.int64(steps[low + k]["src"] if back else steps[low + k]["dst"])
            more = parts[k, 2] - parts[k, 3]
            if more == 0:
                if parts[k, 1] > parts[k, 4]:
                    # a conversion rounded this part to nothing: it ends there
                    stopped[stops, 0] = -2
                    stopped[stops, 1] = payee
                    stopped[stops, 2] = 0
                    stopped[stops, 3] = parts[k, 1] - parts[k, 4]
                    stops += 1
                continue
            if state[payee, 4] > 0:
                settle(steps, side, converted, state, payee, place, back)
                if dense:
                    state[payee, 4] = 0
            if state[payee, 0] == 0:
                touched[touches] = payee
                touches += 1
            if not dense and state[payee, 1] == 0 and state[payee, 2] == 0:
                state[payee, 4] = next_payment(pointer, positions, payee, place, back, size) + 1
                state[payee, 5] = 0
            state[payee, 0] += more
            state[payee, 1] += more
            state[payee, 3] += parts[k, 1] - parts[k, 4]
            if not dense and state[payee, 4] != state[payee, 5]:
                after = state[payee, 4] - 1
                if after != (pointer[payee] - 1 if back else pointer[payee + 1]) and after >= 0:
                    s = np.int64(positions[after])
                    sift(heap, waiting, (size - 1 - s if back else s) << 32 | after)
                    waiting += 1
                    state[payee, 5] = after + 1
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
def trace_shares(
    steps: Records,
    side: Side,
    seeds: Ints,
    converted: Ints,
    state: Ints,
    last: int,
    back: bool,
    patience: int,
) -> tuple[Ints, Ints, Ints, Ints]:
    """What each step carries of the seeds' money.

    Lists grow here and not in the loop: to a variable that is bound anew numba would count the references at
    every step.

    Parameters
    ----------
    steps : record array (m)
    side : int64 (pots + 1), int32 (m), int64 (m), int64 (m)
        The payments of each pot (forward: debits, backward: credits): those of pot ``p`` are ``pointer[p]``
        to ``pointer[p + 1]`` of the others; their steps, their places on its ruler, what it holds.
    seeds : int64 (k, 4)
        Ordered: twice the step's place in time order, or for money that stands in a pot twice the
        place after which it stands, plus 1; the pot of a standing seed (else -1); the amount; the
        pot's whole balance, which a standing seed restarts.
    converted : int64 (c, 2)
        Steps that arrive as another amount, ascending, and that amount.
    state : int64 (pots, 6), zero before and after
        Of each pot: traced money in whole units; the exact amount, whole and fraction in units of 2**-32; the
        traced money in the currency of the seed; places in ``positions``, plus 1 (0: none), of its first
        payment that the exact amount does not know of yet, and of the one that is awaited.
    last : the last place in time order that belongs to the period
    patience : after how many visited places to look whether a straight pass is cheaper

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
    left : int64 (u, 5)
        Pots in which traced money is left, how much, and how much in the seed's currency; the exact amount,
        whole and fraction.
    """
    dense = np.bool_(False)  # `False` is a type of its own, and `walk` would be compiled for it too
    moved = np.empty((256, 3), np.int64)
    aside = np.empty((64, 4), np.int64)
    stopped = np.empty((64, 4), np.int64)
    touched = np.empty(256, np.int64)
    heap = np.empty(256, np.int64)
    parts = np.empty((16, 5), np.int64)
    mark = np.zeros(11, np.int64)
    mark[0] = -1
    while mark[9] != DONE:
        limits = (np.int64(last), np.int64(patience), back, dense)
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
    left = np.empty((mark[4], 5), np.int64)
    count = 0
    for i in range(mark[4]):
        pot = touched[i]
        if state[pot, 0] > 0:
            if state[pot, 4] > 0:
                settle(steps, side, converted, state, pot, last, back)
            left[count, 0] = pot
            left[count, 1] = state[pot, 0]
            left[count, 2] = state[pot, 3]
            left[count, 3] = state[pot, 1]
            left[count, 4] = state[pot, 2]
            count += 1
        state[pot] = 0
    return moved[: mark[2]], aside[: mark[8]], stopped[: mark[3]], left[:count]
