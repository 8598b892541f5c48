"""Shares in a share: who stands above a company, rings among companies, what each owner has in the end.

Stakes lie by company: those in party ``j`` are ``pointer[j]`` to ``pointer[j + 1]`` of ``owners`` and of the
columns beside it. A holding of a product in another product is a stake to these loops as well.

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

LARGEST_RING = 256
"""Members of a ring that is solved densely. In larger ones, and where the members have more than the whole of
one of them, shares go round until nothing is left of them."""

MOST_ROUNDS = 2_000
"""After so many rounds something is left where next to nothing leaves a ring: a sparse solver's work."""

NOTHING = 1e-16
"""What went round in the last round: all that is not counted yet is less than a few times this."""

LARGE, ORPHAN = 1, 2
"""Something was left to a sparse solver; a closed ring owns itself, and nobody stands behind it."""


@njit(cache=True, nogil=True)
def longer(values: Ints, room: int) -> Ints:
    """The same list with room for at least so many."""
    grown = np.empty(max(2 * values.size, room), np.int64)
    grown[: values.size] = values
    return grown


@njit(cache=True, nogil=True)
def upstream(pointer: Ints, owners: Numbers, start: int, places: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """All parties from which stakes lead to one, as a small graph of their own.

    Parameters
    ----------
    pointer, owners
        All stakes, by company.
    start
        The party below them all.
    places : int64 (parties)
        All -1; left so.

    Returns
    -------
    tuple
        The parties, `start` first; where the stakes in each begin; for every stake the place of its owner
        among the parties, and the stake's place among all.
    """
    nodes = np.empty(16, np.int64)
    nodes[0] = start
    places[start] = 0
    count = 1
    begins = np.empty(17, np.int64)
    begins[0] = 0
    above = np.empty(16, np.int64)
    stakes = np.empty(16, np.int64)
    edges = np.int64(0)
    i = 0
    while i < count:
        j = nodes[i]
        more = pointer[j + 1] - pointer[j]
        if edges + more > above.size:
            above = longer(above, edges + more)
            stakes = longer(stakes, edges + more)
        for k in range(pointer[j], pointer[j + 1]):
            owner = np.int64(owners[k])
            if places[owner] < 0:
                if count == nodes.size:
                    nodes = longer(nodes, count + 1)
                    begins = longer(begins, nodes.size + 1)
                places[owner] = count
                nodes[count] = owner
                count += 1
            above[edges] = places[owner]
            stakes[edges] = k
            edges += 1
        i += 1
        begins[i] = edges
    for i in range(count):
        places[nodes[i]] = -1
    return nodes[:count].copy(), begins[: count + 1].copy(), above[:edges].copy(), stakes[:edges].copy()


@njit(cache=True, nogil=True)
def components(pointer: Ints, owners: Ints) -> Ints:
    """Number the rings: parties that stand above one another have the same number; owners come before what
    they own (Tarjan's algorithm, without recursion).

    Returns
    -------
    int64 (parties)
        The number of each party's ring; one that is in none has a number of its own.
    """
    size = pointer.size - 1
    found = np.full(size, -1, np.int64)
    order = np.full(size, -1, np.int64)
    low = np.empty(size, np.int64)
    at = np.empty(size, np.int64)
    stack = np.empty(size, np.int64)
    path = np.empty(size, np.int64)
    turn = np.int64(0)
    rings = np.int64(0)
    held = np.int64(0)
    for root in range(size):
        if order[root] >= 0:
            continue
        deep = np.int64(0)
        path[0] = root
        order[root] = turn
        low[root] = turn
        turn += 1
        at[root] = pointer[root]
        stack[held] = root
        held += 1
        while deep >= 0:
            j = path[deep]
            if at[j] < pointer[j + 1]:
                i = np.int64(owners[at[j]])
                at[j] += 1
                if order[i] < 0:
                    order[i] = turn
                    low[i] = turn
                    turn += 1
                    at[i] = pointer[i]
                    stack[held] = i
                    held += 1
                    deep += 1
                    path[deep] = i
                elif found[i] < 0:
                    low[j] = min(low[j], order[i])
                continue
            if low[j] == order[j]:
                while True:
                    held -= 1
                    found[stack[held]] = rings
                    if stack[held] == j:
                        break
                rings += 1
            deep -= 1
            if deep >= 0:
                low[path[deep]] = min(low[path[deep]], low[j])
    return found


@njit(cache=True, nogil=True)
def settle_ring(inside: Reals, leaks: Reals, comes: Reals) -> Reals:
    """What passes through each member of a ring, of what comes into it.

    Nothing is ever subtracted (Grassmann, Taksar and Heyman 1985), so that the smallest part is as precise
    as the largest, however little leaves the ring.

    Parameters
    ----------
    inside : float64 (m, m)
        Share of the column's member that the row's member has; its diagonal is not looked at. Overwritten.
    leaks : float64 (m)
        Share of each member that none of the others has; not all are zero. Overwritten.
    comes : float64 (m)
        What comes into each from outside. Overwritten.
    """
    size = leaks.size
    leaves = np.empty(size, np.float64)
    for k in range(size - 1, -1, -1):
        out = leaks[k]
        for i in range(k):
            out += inside[i, k]
        leaves[k] = out
        if out <= 0.0:  # nothing can come out of it any more, nor has anything come in
            continue
        for i in range(k):
            inside[i, k] /= out
        gone = leaks[k] / out
        for j in range(k):
            part = inside[k, j]
            if part > 0.0:
                leaks[j] += gone * part
                for i in range(k):
                    if i != j:
                        inside[i, j] += inside[i, k] * part
        for i in range(k):
            comes[i] += inside[i, k] * comes[k]
    passes = np.empty(size, np.float64)
    for k in range(size):
        whole = comes[k]
        for j in range(k):
            whole += inside[k, j] * passes[j]
        passes[k] = whole / leaves[k] if leaves[k] > 0.0 else 0.0
    return passes


@njit(cache=True, nogil=True)
def integrate(
    pointer: Ints, owners: Ints, shares: Ints, whole: Ints, ring: Ints, comes: Reals
) -> tuple[Reals, Reals, int]:
    """How much of what comes in at some parties passes through each of those above: the integrated shares.

    Parameters
    ----------
    pointer, owners : int64
        Stakes, by company.
    shares : int64 (stakes)
        What of its company each is, in the company's own units; more than nothing.
    whole : int64 (parties)
        How many units a company has; what its stakes leave of them is unknown.
    ring : int64 (parties)
        From `components`.
    comes : float64 (parties)
        What comes in where: one, at the company that is asked about.

    Returns
    -------
    passes : float64 (parties)
        Of an owner without owners: its integrated share. Of a company: one for itself, if it is asked about,
        and what of that comes to it. Of a closed ring: what comes in, which never leaves it.
    lost : float64 (parties)
        How much of what passes through a company goes to owners that are not known; less than nothing where
        its stakes are more than the whole.
    ended : int
        `LARGE`: too little leaves a ring, and nothing is right; `ORPHAN`: there is a closed ring.
    """
    size = pointer.size - 1
    passes = comes.copy()
    lost = np.zeros(size, np.float64)
    ended = np.int64(0)
    rings = np.int64(0)
    for j in range(size):
        rings = max(rings, ring[j] + 1)
    first = np.zeros(rings + 1, np.int64)
    for j in range(size):
        first[ring[j] + 1] += 1
    for r in range(rings):
        first[r + 1] += first[r]
    at = first.copy()
    members = np.empty(size, np.int64)
    local = np.empty(size, np.int64)
    for j in range(size):
        local[j] = at[ring[j]] - first[ring[j]]
        members[at[ring[j]]] = j
        at[ring[j]] += 1
    for r in range(rings - 1, -1, -1):
        count = first[r + 1] - first[r]
        if count > 1:
            leaks = np.empty(count, np.float64)
            enters = np.empty(count, np.float64)
            closed = True
            over = False
            for m in range(count):
                j = members[first[r] + m]
                rest = whole[j]
                for k in range(pointer[j], pointer[j + 1]):
                    if ring[owners[k]] == r:
                        rest -= shares[k]
                leaks[m] = rest / whole[j]
                enters[m] = passes[j]
                closed = closed and rest == 0
                over = over or rest < 0
            if closed:
                ended |= ORPHAN
                continue
            if count > LARGEST_RING or over:
                for m in range(count):
                    passes[members[first[r] + m]] = 0.0
                left = np.inf
                for _ in range(MOST_ROUNDS):
                    # what has come to a member passes through it; what stays in the ring comes to others
                    left = 0.0
                    for m in range(count):
                        much = enters[m]
                        if much == 0.0:
                            continue
                        enters[m] = 0.0
                        j = members[first[r] + m]
                        passes[j] += much
                        left += much
                        for k in range(pointer[j], pointer[j + 1]):
                            if ring[owners[k]] == r:
                                enters[local[owners[k]]] += much * (shares[k] / whole[j])
                    if left <= NOTHING:
                        break
                if left > NOTHING:
                    return passes, lost, np.int64(LARGE)
            else:
                inside = np.zeros((count, count), np.float64)
                for m in range(count):
                    j = members[first[r] + m]
                    for k in range(pointer[j], pointer[j + 1]):
                        if ring[owners[k]] == r:
                            inside[local[owners[k]], m] += shares[k] / whole[j]
                through = settle_ring(inside, leaks, enters)
                for m in range(count):
                    passes[members[first[r] + m]] = through[m]
        for m in range(first[r], first[r + 1]):
            j = members[m]
            rest = whole[j]
            for k in range(pointer[j], pointer[j + 1]):
                rest -= shares[k]
                if count == 1 or ring[owners[k]] != r:
                    passes[owners[k]] += passes[j] * (shares[k] / whole[j])
            if pointer[j + 1] > pointer[j]:
                lost[j] = passes[j] * (rest / whole[j])
    return passes, lost, ended


@njit(cache=True, nogil=True)
def greatest(
    pointer: Ints, owners: Ints, least: Ints, most: Ints, whole: Ints, ring: Ints, wanted: Flags
) -> Reals:
    """The greatest integrated share that some owners can have together, where stakes are known as ranges.

    In every company the stakes take what leaves the wanted owners the most: each at least its least, none
    more than its most, all together no more than the whole. What one company gives does not bind another, so
    that the best of each is the best of all; in rings it is approached from below until nothing changes.

    Parameters
    ----------
    pointer, owners, whole, ring
        As in `integrate`.
    least, most : int64 (stakes)
        The bounds of each stake.
    wanted : bool (parties)
        The owners; what stands above them is not looked at.

    Returns
    -------
    float64 (parties)
        Their greatest share in each party.
    """
    size = pointer.size - 1
    best = np.zeros(size, np.float64)
    for j in range(size):
        if wanted[j]:
            best[j] = 1.0
    order = np.argsort(ring)
    begin = 0
    while begin < size:
        end = begin
        while end < size and ring[order[end]] == ring[order[begin]]:
            end += 1
        for _ in range(100_000 if end - begin > 1 else 1):
            grown = False
            for m in range(begin, end):
                j = order[m]
                if wanted[j] or pointer[j] == pointer[j + 1]:
                    continue
                worth = np.empty(pointer[j + 1] - pointer[j], np.float64)
                for k in range(pointer[j], pointer[j + 1]):
                    worth[k - pointer[j]] = -best[owners[k]]
                room = whole[j]
                for k in range(pointer[j], pointer[j + 1]):
                    room -= least[k]
                value = 0.0
                for n in np.argsort(worth):
                    k = pointer[j] + n
                    more = max(min(most[k] - least[k], room), 0)
                    room -= more
                    value += (least[k] + more) / whole[j] * best[owners[k]]
                if value > best[j]:
                    grown = grown or value > best[j] * (1 + 1e-15)
                    best[j] = value
            if not grown:
                break
        begin = end
    return best
