"""Money that comes back to where it left: cycles of transfers in time order, each account once."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]


@njit(cache=True, nogil=True)
def first_from(positions: Numbers, begin: int, end: int, time: Ints, at: int) -> int:
    """The first of some positions, which are in time order, whose time is not before `at`."""
    while begin < end:
        middle = (begin + end) // 2
        if time[positions[middle]] < at:
            begin = middle + 1
        else:
            end = middle
    return begin


@njit(cache=True, nogil=True)
def first_behind(positions: Numbers, begin: int, end: int, time: Ints, at: int) -> int:
    """The first of some positions, which are in time order, whose time is later than `at`."""
    while begin < end:
        middle = (begin + end) // 2
        if time[positions[middle]] <= at:
            begin = middle + 1
        else:
            end = middle
    return begin


@njit(cache=True, nogil=True)
def close_enough(came: int, goes: int, permille: int) -> bool:
    """Whether an amount goes on as another: apart by at most so many thousandths of it. No limit below 0."""
    if permille < 0:
        return True
    allowed = (came // 1000) * permille + ((came % 1000) * permille) // 1000
    return came - allowed <= goes <= came + allowed


@njit(cache=True, nogil=True)
def may_begin(ends: Numbers, time: Ints, which: Numbers, accounts: int, window: int) -> Numbers:
    """Transfers with which a cycle may begin: soon after, the payee pays something and the payer receives.

    Not before it, and within the window of it; most transfers are done with so, and cheaply.

    Parameters
    ----------
    ends : int32 (n, 2)
        Payer and payee, transfers in time order.
    time : int64 (n)
    which : int32, ascending
        The transfers that count.
    accounts
        How many there are.
    window
        How long a cycle may take.

    Returns
    -------
    int32, ascending
    """
    late = np.int64(9223372036854775807)
    coming = np.full((accounts, 2), late, np.int64)  # when each pays next, and when it receives
    found = np.empty(which.size, np.int32)
    kept = which.size
    end = which.size
    while end > 0:
        begin = end
        while begin > 0 and time[which[begin - 1]] == time[which[end - 1]]:  # at one moment any order counts
            begin -= 1
            edge = which[begin]
            coming[ends[edge, 0], 0] = time[edge]
            coming[ends[edge, 1], 1] = time[edge]
        limit = time[which[end - 1]] + window
        for i in range(end - 1, begin - 1, -1):
            edge = which[i]
            if coming[ends[edge, 1], 0] <= limit and coming[ends[edge, 0], 1] <= limit:
                kept -= 1
                found[kept] = edge
        end = begin
    return found[kept:]


@njit(cache=True, nogil=True)
def cycles(
    ends: Numbers, time: Ints, money: Ints, index: tuple[Ints, Numbers, Ints, Numbers],
    limits: Ints, roots: Numbers,
) -> tuple[Ints, Numbers, Numbers, int]:  # fmt: skip
    """Every simple cycle of transfers in time order, as the transfers that it consists of.

    The first is the earliest; each later one leaves the account that the one before it paid, not before it
    (at equal times any order counts), all within a window of the first; no account is passed twice. One whose
    times are all equal is named from its least transfer, so each set of transfers comes once.

    Parameters
    ----------
    ends : int32 (n, 2)
        Payer and payee, transfers in time order.
    time : int64 (n)
    money : int64 (n, 4)
        What leaves and its currency, what arrives and its currency; two currencies are not compared.
    index : pointer and positions by payer, and by payee
        As `kernels.index.index_by` gives them.
    limits : int64 (5)
        Least and greatest number of transfers, the window, the thousandths by which an amount may differ from
        the one before it (below 0: no limit), and how many steps are made for one first transfer at most.
    roots : int32
        The transfers to begin with.

    Returns
    -------
    pointer, found : the transfers of cycle ``k`` are ``found[pointer[k]:pointer[k + 1]]``
    cut : int32
        First transfers whose cycles are not all there: more steps than the limit were needed.
    steps : int
        How many were made in all.
    """
    out_pointer, out_at, in_pointer, in_at = index
    least, most, window, permille, steps = limits[0], limits[1], limits[2], limits[3], limits[4]
    accounts = out_pointer.size - 1
    # By account: for which first transfer the rest holds; the latest moment to leave it and still come home;
    # up to which place of what it receives that was passed on.
    state = np.full((accounts, 3), -1, np.int64)
    passed = np.zeros(accounts, np.bool_)
    queue = np.empty(accounts, np.int32)
    waits = np.zeros(accounts, np.bool_)
    way = np.empty(most + 1, np.int32)
    place = np.empty(most + 1, np.int64)
    pointer = np.zeros(64, np.int64)
    found = np.empty(256, np.int32)
    cut = np.empty(16, np.int32)
    count, filled, cuts, spent = 0, 0, 0, 0
    for r in range(roots.size):
        root = roots[r]
        home, second = ends[root, 0], ends[root, 1]
        begins, limit = time[root], time[root] + window
        if home == second:
            continue
        first = first_from(out_at, out_pointer[second], out_pointer[second + 1], time, begins)
        if first == out_pointer[second + 1] or time[out_at[first]] > limit:
            continue
        earliest = time[out_at[first]]  # nothing goes on before
        # Backward from home: how late each account can still be left. A later moment found is passed on anew.
        head, tail, made = 0, 0, 0
        queue[0] = home
        tail = 1
        state[home, 0], state[home, 1], state[home, 2] = root, limit, -1
        waits[home] = True
        while head < tail and made <= steps:
            node = queue[head % accounts]
            head += 1
            waits[node] = False
            begin = in_pointer[node]
            end = first_behind(in_at, begin, in_pointer[node + 1], time, state[node, 1])
            if state[node, 2] >= 0:
                begin = state[node, 2]
            state[node, 2] = end
            for i in range(end - 1, begin - 1, -1):
                edge = in_at[i]
                made += 1
                if time[edge] < earliest:
                    break
                before = ends[edge, 0]
                if state[before, 0] != root:
                    state[before, 0], state[before, 1], state[before, 2] = root, -1, -1
                elif state[before, 1] >= time[edge]:
                    continue
                state[before, 1] = time[edge]
                if not waits[before]:
                    waits[before] = True
                    queue[tail % accounts] = before
                    tail += 1
        spent += made
        while head < tail:  # the limit was met: leave no mark
            waits[queue[head % accounts]] = False
            head += 1
        if made > steps:
            if cuts == cut.size:
                longer_cut = np.empty(2 * cuts, np.int32)
                longer_cut[:cuts] = cut
                cut = longer_cut
            cut[cuts] = root
            cuts += 1
            continue
        if state[second, 0] != root:
            continue
        way[0] = root
        passed[home], passed[second] = True, True
        depth = 1
        place[1] = first
        made = 0
        while depth > 0:
            last = way[depth - 1]
            node = ends[last, 1]
            i = place[depth]
            if i == out_pointer[node + 1] or made > steps:
                passed[node] = False
                depth -= 1
                continue
            place[depth] = i + 1
            made += 1
            edge = out_at[i]
            onto = ends[edge, 1]
            if time[edge] > limit:
                place[depth] = out_pointer[node + 1]
                continue
            if onto != home and (
                depth + 1 >= most or passed[onto] or state[onto, 0] != root or state[onto, 1] < time[edge]
            ):
                continue
            if money[last, 3] == money[edge, 1] and not close_enough(
                money[last, 2], money[edge, 0], permille
            ):
                continue
            if onto != home:
                way[depth] = edge
                passed[onto] = True
                depth += 1
                place[depth] = first_from(out_at, out_pointer[onto], out_pointer[onto + 1], time, time[edge])
                continue
            if depth + 1 < least or (time[edge] == begins and edge < root):
                continue
            whole = True
            if time[edge] == begins:  # all at one moment: it could begin with any of them
                for k in range(1, depth):
                    if way[k] < root:
                        whole = False
            if not whole:
                continue
            if count + 2 > pointer.size:
                longer = np.zeros(2 * pointer.size, np.int64)
                longer[: pointer.size] = pointer
                pointer = longer
            while filled + depth + 1 > found.size:
                more = np.empty(2 * found.size, np.int32)
                more[:filled] = found[:filled]
                found = more
            for k in range(depth):
                found[filled + k] = way[k]
            found[filled + depth] = edge
            filled += depth + 1
            count += 1
            pointer[count] = filled
        passed[home] = False
        spent += made
        if made > steps:
            if cuts == cut.size:
                longer_cut = np.empty(2 * cuts, np.int32)
                longer_cut[:cuts] = cut
                cut = longer_cut
            cut[cuts] = root
            cuts += 1
    return pointer[: count + 1], found[:filled], cut[:cuts], spent
