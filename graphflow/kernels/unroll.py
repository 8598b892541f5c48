"""What the seeds' money can reach in time order at all, whatever rule shares it out, and the network of it.

Every account is one book: what its compartments hold stands together. A book is touched from when some of the
money may stand in it until it has paid out everything that it held; what it pays meanwhile may carry some.

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Records = NDArray[np.void]
Flags = NDArray[np.bool_]

DONE, DENSE = 1, 2

PURE, TURNED, SEED = 1, 2, 4
"""Money as it left the seed; money that a conversion has changed; a step that is a seed itself."""

WAITS, LISTED = 8, 16
"""A book has a payment on the heap; it is among those that money came to."""

NEVER = 2**62

FIRST = 32
"""How long the lists are at first."""


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
def next_of(pointer: Ints, positions: Numbers, book: int, step: int, back: bool) -> int:
    """Where in ``positions`` a book's next payment behind a step is (``back``: the one before it), or -1."""
    low = pointer[book]
    high = pointer[book + 1]
    begin = low
    end = high
    while low < high:
        middle = (low + high) // 2
        if (positions[middle] < step) if back else (positions[middle] <= step):
            low = middle + 1
        else:
            high = middle
    if back:
        return low - 1 if low > begin else np.int64(-1)
    return low if low < end else np.int64(-1)


@njit(cache=True, nogil=True)
def visit(
    steps: Records,
    pots: Records,
    side: tuple[Ints, Numbers, Numbers, Flags],
    seeds: Ints,
    state: Ints,
    limits: tuple[int, bool, int],
    lists: tuple[Ints, Ints, Ints],
    mark: Ints,
) -> None:
    """Go through the payments of touched books, the earliest first, until one of the lists is full, or a
    straight pass over the rest is cheaper; with ``mark`` at DENSE, straight on.

    ``mark``: how far it is (place, next seed, listed steps, listed books, keys on the heap, visited, the
    place when that was looked at, DONE or DENSE). A key is a book's next payment: its place, and where in
    ``positions`` it is.
    """
    pointer, positions, leads, loose = side
    last, back, patience = limits
    moved, touched, heap = lists
    size = steps.size
    place, turn, count, touches, waiting, visited, window, status = mark
    while count < moved.shape[0] and touches < touched.shape[0] and waiting < heap.size:
        key = np.int64(NEVER)
        if turn < seeds.shape[0]:
            key = seeds[turn, 0]
        if status == DENSE:
            until = np.int64(min(last, key >> 1))
            for o in range(place + 1, until + 1):
                s = size - 1 - o if back else o
                payer = np.int64(steps[s]["dst"] if back else steps[s]["src"])
                if leads.size > 0:
                    payer = np.int64(leads[payer])
                if state[payer, 0] & 3 != 0:
                    key = np.int64(2 * o)
                    break
        else:
            if visited >= patience and visited % patience == 0:
                # a visit costs as much as 16 steps of a straight pass; what was spent bounds what is risked
                if place - window < 16 * patience and visited * 64 > last - place:
                    status = np.int64(DENSE)
                    break
                window = place
            if waiting > 0:
                key = min(key, 2 * (heap[0] >> 32))
        if key >> 1 > last:
            status = np.int64(DONE)
            break
        visited += 1
        place = key >> 1
        bits = np.int64(0)
        into = np.int64(1)
        stop = np.int64(0)
        if key & 1:
            payee = seeds[turn, 1]
            bits = seeds[turn, 2]
            if seeds[turn, 3] != 0:  # what comes to a standing seed ends there
                state[payee, 0] &= ~3
            turn += 1
        else:
            s = size - 1 - place if back else place
            payer = np.int64(steps[s]["dst"] if back else steps[s]["src"])
            payee = np.int64(steps[s]["src"] if back else steps[s]["dst"])
            if leads.size > 0:
                payer = np.int64(leads[payer])
                payee = np.int64(leads[payee])
            bits = state[payer, 0] & 3
            if status != DENSE and waiting > 0 and heap[0] >> 32 == place:
                at = (heap[0] & 4294967295) + (-1 if back else 1)
                more = at >= pointer[payer] if back else at < pointer[payer + 1]
                if more and bits != 0:  # the same book's next payment takes its place
                    ahead = np.int64(positions[at])
                    replace(heap, waiting, (size - 1 - ahead if back else ahead) << 32 | at)
                else:
                    waiting -= 1
                    replace(heap, waiting, heap[waiting])
                    state[payer, 0] &= ~WAITS
            flags = steps[s]["flags"]
            amount = steps[s]["amount"]
            own = min(amount, steps[s]["avail"])
            came = amount - steps[s]["repaid"]
            if flags & 128:  # it comes to something: how much stands elsewhere
                came = np.int64(1)
            pays = came if back else own
            into = own if back else came
            free = pots[payer]["basis"] == 3 or (loose.size > 0 and loose[payer])
            if free:  # a larger opening, or another order, lets it pay the whole
                pays = amount
            if pots[payee]["basis"] == 3 or (loose.size > 0 and loose[payee]):
                into = amount
            if flags & 512:  # a lender takes some of the whole, not of this part or that
                into = np.int64(1)
            if pays <= 0:
                bits = np.int64(0)
            elif bits != 0 and not free and pots[payer]["kind"] != 2:
                left = steps[s]["after"] - pays if back else steps[s]["avail"] - pays
                if left == 0:
                    state[payer, 0] &= ~3
            is_seed = turn < seeds.shape[0] and seeds[turn, 0] == key
            if bits == 0 and not is_seed:
                continue
            moved[count, 0] = s
            moved[count, 1] = bits
            if is_seed:
                moved[count, 1] |= SEED
                bits = seeds[turn, 2]
                turn += 1
            count += 1
            if bits != 0 and flags & 128 and not (back and is_seed):
                bits = np.int64(TURNED)
            stop = np.int64(flags & 56 if back else flags & 7)
        if bits == 0 or stop != 0 or into <= 0:
            continue
        state[payee, 0] |= bits
        if state[payee, 0] & LISTED == 0:
            state[payee, 0] |= LISTED
            touched[touches, 0] = payee
            touches += 1
        if status != DENSE and state[payee, 0] & WAITS == 0:
            at = next_of(pointer, positions, payee, size - 1 - place if back else place, back)
            if at >= 0:
                ahead = np.int64(positions[at])
                sift(heap, waiting, (size - 1 - ahead if back else ahead) << 32 | at)
                waiting += 1
                state[payee, 0] |= WAITS
    mark[:] = (place, turn, count, touches, waiting, visited, window, status)


@njit(cache=True, nogil=True)
def reach(
    steps: Records,
    pots: Records,
    side: tuple[Ints, Numbers, Numbers, Flags],
    seeds: Ints,
    state: Ints,
    last: int,
    back: bool,
    patience: int,
) -> Ints:
    """Which steps may carry the seeds' money, in time order: each with what its payer may hold (PURE,
    TURNED), and SEED for a seed.

    Parameters
    ----------
    steps, pots : record arrays
    side : payments of each book (backward: what it receives), as pointer and positions; of each pot the first
        of its book (empty: every pot is a book); books whose order is open, so that they may pay
        whatever the order that is shown says (empty: none)
    seeds : int64 (k, 4)
        Ordered: twice the step's place in time order, or for money that stands in a book twice the place
        after which it stands, plus 1; the book of a standing seed (else -1); what the seed is (0: nothing,
        PURE, TURNED); whether it ends what comes to it.
    state : int64 (pots, 1), zero before and after
        What may stand in a book; whether it waits on the heap, and is listed.
    last : the last place in time order that belongs to the period
    patience : after how many visited steps to look whether a straight pass is cheaper
    """
    limits = (np.int64(last), back, np.int64(patience))
    moved = np.empty((FIRST, 2), np.int64)
    touched = np.empty((FIRST, 1), np.int64)
    heap = np.empty(FIRST, np.int64)
    mark = np.zeros(8, np.int64)
    mark[0] = -1
    while mark[7] != DONE:
        visit(steps, pots, side, seeds, state, limits, (moved, touched, heap), mark)
        dense = mark[7] == DENSE
        if mark[2] == moved.shape[0] or (dense and moved.shape[0] < mark[2] + last - mark[0] + 1):
            # what is not written to takes no memory
            grown = np.empty((mark[2] + last - mark[0] + 1 if dense else 2 * mark[2], 2), np.int64)
            grown[: mark[2]] = moved[: mark[2]]
            moved = grown
        if mark[3] == touched.shape[0]:
            more = np.empty((2 * mark[3], 1), np.int64)
            more[: mark[3]] = touched
            touched = more
        if mark[4] == heap.size and not dense:
            taller = np.empty(2 * heap.size, np.int64)
            taller[: mark[4]] = heap
            heap = taller
    for i in range(mark[3]):
        state[touched[i, 0], 0] = 0
    return moved[: mark[2]].copy()


@njit(cache=True, nogil=True)
def unroll(moves: Ints, cuts: Ints, joint: Ints, latest: Ints) -> tuple[Ints, int]:
    """The network of payments that may carry the seeds' money: built from the last to the first.

    A book is a line of nodes, one a payment; what comes in goes to the next one. Node 0 is where the seeds'
    money comes from; an edge never leads to a node of a higher number (but where an order is open). Where
    money ends is a negative number: ``-1 - (pots * code + book)``.

    Parameters
    ----------
    moves : int64 (v, 12), in time order
        Payer and payee (books); what the payer may pay of it; where it ends when it arrives (0: it goes on);
        what of it a lender may take, what the payee's book gets at most; what stands in the payer's book
        behind it; how much of it is seed; where it ends because it is a seed itself (else 0); of open order:
        which of ``joint`` pays it, and which it comes to (else -1); where its lender's part ends.
    cuts : int64 (c, 4), in time order
        Balance seeds: how many payments there are before it, the book, how much is seed, where ends what
        comes to it.
    joint : int64 (j, 4)
        Events of open order together: the book, what stands in it behind them, what a lender may get of what
        comes in by them, where that ends.
    latest : int64 (pots, 1), zero before and after
        The next node of each book.

    Returns
    -------
    edges : int64 (m, 4): from, to, capacity, payment (-1: none)
    nodes : how many there are, without those where money ends
    """
    edges = np.empty((5 * moves.shape[0] + cuts.shape[0] + 2 * joint.shape[0], 4), np.int64)
    made = np.zeros(joint.shape[0], np.int64)
    count = 0
    nodes = 1
    turn = cuts.shape[0] - 1
    for i in range(moves.shape[0], -1, -1):
        while turn >= 0 and cuts[turn, 0] == i:
            book = cuts[turn, 1]
            if cuts[turn, 2] > 0:
                ahead = latest[book, 0] if latest[book, 0] != 0 else -1 - book
                edges[count] = (0, ahead, cuts[turn, 2], -1)
                count += 1
            latest[book, 0] = cuts[turn, 3]
            turn -= 1
        if i == 0:
            break
        m = i - 1
        payer, payee, pays, target, lends, into, left, part, met, pair, other, lender = moves[m]
        for side in range(2):  # the nodes of events of open order
            k = other if side == 0 else pair
            if k >= 0 and made[k] == 0:
                book = joint[k, 0]
                ahead = latest[book, 0] if latest[book, 0] != 0 else -1 - book
                if joint[k, 1] > 0:
                    edges[count] = (nodes, ahead, joint[k, 1], -1)
                    count += 1
                if joint[k, 2] > 0:
                    edges[count] = (nodes, joint[k, 3], joint[k, 2], -1)
                    count += 1
                latest[book, 0] = nodes
                made[k] = nodes
                nodes += 1
        if target == 0 and (part > 0 or (pays > 0 and met == 0)):
            target = latest[payee, 0] if latest[payee, 0] != 0 else -1 - payee
            if lends > 0:
                if into > 0:
                    edges[count] = (nodes, target, into, -1)
                    count += 1
                edges[count] = (nodes, lender, lends, -1)
                count += 1
                target = np.int64(nodes)
                nodes += 1
        if part > 0:
            edges[count] = (0, target, part, m)
            count += 1
        if pays > 0:
            node = np.int64(nodes)
            if pair >= 0:
                node = made[pair]
            else:
                if left > 0:
                    ahead = latest[payer, 0] if latest[payer, 0] != 0 else -1 - payer
                    edges[count] = (node, ahead, left, -1)
                    count += 1
                latest[payer, 0] = node
                nodes += 1
            if met != 0:
                target = met
            if target != node:
                edges[count] = (node, target, pays, m)
                count += 1
    for m in range(moves.shape[0]):
        latest[moves[m, 0], 0] = 0
        latest[moves[m, 1], 0] = 0
    for c in range(cuts.shape[0]):
        latest[cuts[c, 1], 0] = 0
    for j in range(joint.shape[0]):
        latest[joint[j, 0], 0] = 0
    return edges[:count].copy(), nodes
