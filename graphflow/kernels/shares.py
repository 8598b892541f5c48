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


@njit(cache=True, nogil=True)
def swell(pointer: Ints, owners: Numbers, shares: Ints, whole: Ints, ring: Ints) -> Reals:
    """How much can come to one owner at most, of one unit at each party.

    It is more than one only where somebody above has owners of more than the whole.

    Parameters
    ----------
    pointer, owners, shares, whole
        Stakes, by company; who has none is an end, and so are all members of a ring that owns all of itself.
    ring : int64 (parties)
        From `components`.

    Returns
    -------
    float64 (parties)
        Infinite in a ring of which a member has owners of more than the whole, and below it.
    """
    size = pointer.size - 1
    most = np.zeros(size, np.float64)
    order = np.argsort(ring)
    begin = 0
    while begin < size:
        end = begin
        while end < size and ring[order[end]] == ring[order[begin]]:
            end += 1
        best = 0.0
        for m in range(begin, end):
            j = order[m]
            total = np.int64(0)
            comes = 0.0
            for k in range(pointer[j], pointer[j + 1]):
                if shares[k] > 0:
                    total += shares[k]
                    comes += shares[k] / whole[j] * most[owners[k]]
                    if end - begin > 1:  # nobody in the ring gets more than one who takes all that leaves it
                        best = max(best, most[owners[k]])
            if pointer[j] == pointer[j + 1]:
                best = 1.0
            elif end - begin == 1:
                best = comes
            elif total > whole[j]:
                best = np.inf
        for m in range(begin, end):
            most[order[m]] = best
        begin = end
    return most


@njit(cache=True, nogil=True)
def spread_up(
    pointer: Ints,
    owners: Numbers,
    shares: Ints,
    whole: Ints,
    most: Reals,
    companies: Ints,
    bounds: tuple[float, float, int, int],
) -> tuple[Ints, Numbers, Reals, Reals]:
    """The greatest owners of many companies, each followed up as far as it matters.

    From a company its whole goes up, stake by stake. Where little waits it stays at first, and what is little
    becomes less and less; so the greatest part is known after few steps. An owner has what has come to it,
    and at most all that still waits.

    Parameters
    ----------
    pointer, owners, shares, whole
        Stakes, by company; who has none is an end, and has what comes to it.
    most : float64 (parties)
        From `swell`.
    companies : int64
        The companies asked about.
    bounds : tuple of four numbers
        ``least``: owners that have less, with all that waits, are left out; ``slight``: a company is done
        when no more may come to anybody; after ``few`` steps it is also when it is clear who has ``least``;
        and after ``many`` in any case.

    Returns
    -------
    tuple
        Where each company's owners begin (and the end), the owners, what each has, and of each company how
        much may still come to anybody (without end: nothing was followed).
    """
    least, slight, few, many = bounds
    size = pointer.size - 1
    waits = np.zeros(size, np.float64)
    has = np.zeros(size, np.float64)
    is_in = np.zeros(size, np.bool_)
    seen = np.zeros(size, np.bool_)
    queue = np.empty(size, np.int64)  # goes round: nobody is in it twice
    touched = np.empty(size, np.int64)
    begins = np.zeros(companies.size + 1, np.int64)
    found = np.empty(4, np.int32)
    values = np.empty(4, np.float64)
    stays = np.empty(companies.size, np.float64)
    count = np.int64(0)
    for c in range(companies.size):
        start = companies[c]
        begins[c + 1] = count
        if most[start] == np.inf:
            stays[c] = np.inf
            continue
        touches = np.int64(1)
        touched[0] = start
        seen[start] = True
        if pointer[start] == pointer[start + 1]:
            has[start] = 1.0
        else:
            waits[start] = 1.0
        little = 0.1
        steps = np.int64(0)
        while True:
            head = np.int64(0)
            waiting = np.int64(0)
            rest = 0.0
            for t in range(touches):
                i = touched[t]
                if waits[i] > 0.0:
                    rest += waits[i] * most[i]
            if rest <= slight or steps >= many:
                break
            if steps >= few:
                clear = True
                for t in range(touches):
                    i = touched[t]
                    clear = clear and (has[i] >= least or has[i] + rest < least)
                if clear:
                    break
            for t in range(touches):
                i = touched[t]
                if waits[i] > little:
                    is_in[i] = True
                    queue[waiting] = i
                    waiting += 1
            while waiting > 0:
                j = queue[head]
                head = head + 1 if head + 1 < size else np.int64(0)
                waiting -= 1
                is_in[j] = False
                much = waits[j]
                waits[j] = 0.0
                steps += 1
                if steps >= many:
                    little = np.inf  # whoever is in the queue leaves it, and nobody comes in
                    waits[j] = much
                    continue
                for k in range(pointer[j], pointer[j + 1]):
                    i = np.int64(owners[k])
                    if not seen[i]:
                        seen[i] = True
                        touched[touches] = i
                        touches += 1
                    part = much * (shares[k] / whole[j])
                    if pointer[i] == pointer[i + 1]:
                        has[i] += part
                        continue
                    waits[i] += part
                    if waits[i] > little and not is_in[i]:
                        is_in[i] = True
                        place = head + waiting
                        queue[place if place < size else place - size] = i
                        waiting += 1
            little *= 0.1
        for t in range(touches):
            i = touched[t]
            if has[i] > 0.0 and has[i] + rest >= least:
                if count == found.size:
                    longer_found = np.empty(2 * count, np.int32)
                    longer_found[:count] = found
                    found = longer_found
                    longer_values = np.empty(2 * count, np.float64)
                    longer_values[:count] = values
                    values = longer_values
                found[count] = i
                values[count] = has[i]
                count += 1
            seen[i] = False
            has[i] = 0.0
            waits[i] = 0.0
        stays[c] = rest
        begins[c + 1] = count
    return begins, found[:count].copy(), values[:count].copy(), stays
