"""Maximum flow in whole units, from a flow that is there already: only what can be shifted is looked at.

A network is laid out as arcs by node: an edge is two of them, there and back (its mate), with the room that
is left in each; what flows on an edge is the room of its arc back. Sending more along ways that two searches
find from both ends is Ford and Fulkerson's method (1956); where many small ways add up, pushing it all
towards lower and lower levels is Goldberg and Tarjan's (1988).

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]

DONE, SPENT = range(2)
"""How a search ended: nothing more can be sent; more was looked at than may be."""

NEVER = 2**62


@njit(cache=True, nogil=True)
def arcs(
    tail: Numbers, head: Numbers, capacity: Ints, nodes: int
) -> tuple[Numbers, Numbers, Numbers, Ints, Numbers]:
    """Lay edges out as arcs by node, in the order given.

    Returns
    -------
    pointer : arcs of node ``v`` are ``pointer[v]`` to ``pointer[v + 1]``
    to, mate : where each arc leads, and which is its other half
    room : what may still be sent over it
    place : the arc of each edge
    """
    size = tail.size
    pointer = np.zeros(nodes + 1, np.int32)
    for i in range(size):
        pointer[tail[i] + 1] += 1
        pointer[head[i] + 1] += 1
    for v in range(nodes):
        pointer[v + 1] += pointer[v]
    free = pointer[:-1].copy()
    to = np.empty(2 * size, np.int32)
    mate = np.empty(2 * size, np.int32)
    room = np.zeros(2 * size, np.int64)
    place = np.empty(size, np.int32)
    for i in range(size):
        a = free[tail[i]]
        free[tail[i]] += 1
        b = free[head[i]]
        free[head[i]] += 1
        to[a] = head[i]
        to[b] = tail[i]
        mate[a] = b
        mate[b] = a
        room[a] = capacity[i]
        place[i] = a
    return pointer, to, mate, room, place


@njit(cache=True, nogil=True)
def pour(pointer: Numbers, to: Numbers, mate: Numbers, room: Ints, inner: int) -> int:
    """Fill all arcs out of node 0, and let every node pass on what comes to it over its arcs in their order.

    Nodes below ``inner`` are passed from the highest to the lowest, then the others, ascending: no edge leads
    the other way. Returns what comes to the last node.
    """
    nodes = pointer.size - 1
    held = np.zeros(nodes, np.int64)
    for i in range(nodes):
        v = inner - i if 0 < i < inner else i
        for a in range(pointer[v], pointer[v + 1]):
            u = to[a]
            turn = inner - u if 0 < u < inner else u
            amount = room[a] if v == 0 else min(room[a], held[v])
            if turn > i and amount > 0:
                room[a] -= amount
                room[mate[a]] += amount
                held[to[a]] += amount
                held[v] -= amount
    return held[nodes - 1]


@njit(cache=True, nogil=True)
def meet(
    graph: tuple[Numbers, Numbers, Numbers],
    room: Ints,
    mark: Numbers,
    start: int,
    goal: int,
    most: int,
    spare: int,
) -> tuple[int, int, int]:
    """Send up to ``most`` from one node to another, along one way after the other.

    A search goes on from both ends, each time from that which has looked at less; where they meet is a way.
    ``mark`` (nodes, 2) is zero in its first column before and after. Returns what was sent, how many arcs
    were looked at (of ``spare`` that may be), and how it ended.
    """
    pointer, to, mate = graph
    nodes = pointer.size - 1
    ahead = np.empty(nodes, np.int32)
    behind = np.empty(nodes, np.int32)
    sent = np.int64(0)
    looked = np.int64(0)
    ended = DONE
    while sent < most:
        if looked > spare:
            ended = SPENT
            break
        ahead[0] = start
        behind[0] = goal
        mark[start, 0] = 1
        mark[goal, 0] = 2
        out = 1
        back = 1
        i = 0
        k = 0
        from_start = np.int64(0)
        from_goal = np.int64(0)
        join = -1
        while join < 0 and i < out and k < back:
            if from_start <= from_goal:
                u = ahead[i]
                i += 1
                from_start += pointer[u + 1] - pointer[u]
                for a in range(pointer[u], pointer[u + 1]):
                    v = to[a]
                    if room[a] > 0 and mark[v, 0] != 1:
                        if mark[v, 0] == 2:
                            join = a
                            break
                        mark[v, 0] = 1
                        mark[v, 1] = a
                        ahead[out] = v
                        out += 1
            else:
                u = behind[k]
                k += 1
                from_goal += pointer[u + 1] - pointer[u]
                for b in range(pointer[u], pointer[u + 1]):
                    v = to[b]
                    if room[mate[b]] > 0 and mark[v, 0] != 2:
                        if mark[v, 0] == 1:
                            join = mate[b]
                            break
                        mark[v, 0] = 2
                        mark[v, 1] = mate[b]
                        behind[back] = v
                        back += 1
        looked += from_start + from_goal
        if join >= 0:
            amount = min(most - sent, room[join])
            for go in range(2):  # first how much, then send it
                if go == 1:
                    room[join] -= amount
                    room[mate[join]] += amount
                    sent += amount
                u = to[mate[join]]
                while u != start:
                    a = mark[u, 1]
                    if go == 1:
                        room[a] -= amount
                        room[mate[a]] += amount
                    else:
                        amount = min(amount, room[a])
                    u = to[mate[a]]
                u = to[join]
                while u != goal:
                    a = mark[u, 1]
                    if go == 1:
                        room[a] -= amount
                        room[mate[a]] += amount
                    else:
                        amount = min(amount, room[a])
                    u = to[a]
        for j in range(out):
            mark[ahead[j], 0] = 0
        for j in range(back):
            mark[behind[j], 0] = 0
        if join < 0:
            break
    return sent, looked, ended


@njit(cache=True, nogil=True)
def rank(
    graph: tuple[Numbers, Numbers, Numbers],
    room: Ints,
    excess: Ints,
    goal: int,
    idle: int,
    lists: tuple[Numbers, Numbers, Numbers, Numbers, Numbers, Numbers],
) -> tuple[int, int]:
    """Set each node's level to its distance from the goal, and list those with an excess by level.

    Returns the highest level with one, and how many arcs were looked at.
    """
    pointer, to, mate = graph
    level, turn, first, after, count, queue = lists
    nodes = level.size
    level[:] = nodes
    first[:] = -1
    count[:] = 0
    level[goal] = 0
    queue[0] = goal
    found = 1
    i = 0
    looked = 0
    while i < found:
        u = queue[i]
        i += 1
        looked += pointer[u + 1] - pointer[u]
        for b in range(pointer[u], pointer[u + 1]):
            v = to[b]
            if level[v] == nodes and room[mate[b]] > 0:
                level[v] = level[u] + 1
                queue[found] = v
                found += 1
    highest = 0
    for v in range(nodes):
        turn[v] = pointer[v]
        count[level[v]] += 1
        if excess[v] > 0 and v not in (goal, idle) and level[v] < nodes:
            after[v] = first[level[v]]
            first[level[v]] = v
            highest = max(highest, level[v])
    return highest, looked


@njit(cache=True, nogil=True)
def drive(
    graph: tuple[Numbers, Numbers, Numbers],
    room: Ints,
    excess: Ints,
    goal: int,
    idle: int,
    most: int,
    spare: int,
    lists: tuple[Numbers, Numbers, Numbers, Numbers, Numbers, Numbers],
) -> int:
    """Push every excess towards the goal as far as it goes, the highest level first, until ``most`` is there.

    Node ``idle`` (-1: none) keeps what it has. Returns how many arcs were looked at (of ``spare``).
    """
    pointer, to, mate = graph
    level, turn, first, after, count, _ = lists
    nodes = level.size
    highest, looked = rank(graph, room, excess, goal, idle, lists)
    since = 0
    while highest >= 0 and excess[goal] < most and looked <= spare:
        u = first[highest]
        if u < 0:
            highest -= 1
            continue
        first[highest] = after[u]
        if level[u] != highest:
            continue
        while excess[u] > 0 and level[u] < nodes:
            if turn[u] < pointer[u + 1]:
                a = turn[u]
                v = to[a]
                looked += 1
                if room[a] > 0 and level[u] == level[v] + 1:
                    amount = min(room[a], excess[u])
                    room[a] -= amount
                    room[mate[a]] += amount
                    excess[u] -= amount
                    if excess[v] == 0 and v not in (goal, idle):
                        after[v] = first[level[v]]
                        first[level[v]] = v
                        highest = max(highest, level[v])
                    excess[v] += amount
                else:
                    turn[u] += 1
                continue
            # no way down is left: to just above the lowest that there is room towards
            lowest = nodes
            for a in range(pointer[u], pointer[u + 1]):
                if room[a] > 0:
                    lowest = min(lowest, level[to[a]] + 1)
            looked += pointer[u + 1] - pointer[u]
            since += pointer[u + 1] - pointer[u] + 12
            count[level[u]] -= 1
            if count[level[u]] == 0:  # nothing gets over a level that is empty
                gap = level[u]
                for v in range(nodes):
                    if gap < level[v] < nodes:
                        count[level[v]] -= 1
                        level[v] = nodes
                        count[nodes] += 1
                lowest = nodes
            level[u] = lowest
            count[lowest] += 1
            turn[u] = pointer[u]
        if since > to.size:  # levels have become too low by far
            since = 0
            highest, more = rank(graph, room, excess, goal, idle, lists)
            looked += more
    return looked


@njit(cache=True, nogil=True)
def push(
    graph: tuple[Numbers, Numbers, Numbers], room: Ints, start: int, goal: int, most: int, spare: int
) -> tuple[int, int, int]:
    """Send up to ``most`` from one node to another, all at once: what cannot arrive is sent back at the end.

    Returns what was sent, how many arcs were looked at (of ``spare`` that may be), and how it ended.
    """
    nodes = graph[0].size - 1
    excess = np.zeros(nodes, np.int64)
    lists = (
        np.empty(nodes, np.int32),
        np.empty(nodes, np.int32),
        np.empty(nodes + 1, np.int32),
        np.empty(nodes, np.int32),
        np.empty(nodes + 1, np.int32),
        np.empty(nodes, np.int32),
    )
    excess[start] = most
    looked = drive(graph, room, excess, goal, np.int64(-1), most, spare, lists)
    ended = SPENT if looked > spare and excess[goal] < most else DONE
    if excess[goal] < most:
        looked += drive(graph, room, excess, start, goal, most, np.int64(NEVER), lists)
    return excess[goal], looked, ended
