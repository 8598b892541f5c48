"""Poison: everything that an account pays out after it was touched. An upper bound, not an attribution.

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

DONE, DENSE = 1, 2

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
    patience: int = 1024,
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
    start = np.int64(4611686018427387904) if most < 0 else np.int64(most) + 1
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
