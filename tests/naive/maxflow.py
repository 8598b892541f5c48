"""Maximum flow, written to be read: one way after the other, each found by looking everywhere."""

from __future__ import annotations

from collections import deque

DONE = 0


def arcs(tail, head, capacity, nodes):
    """Every edge as two arcs, one at each of its nodes."""
    of = [[] for _ in range(nodes)]  # of each node: the edge, and whether it leaves here
    for i in range(len(tail)):
        of[tail[i]].append((i, True))
        of[head[i]].append((i, False))
    placed = [item for v in range(nodes) for item in of[v]]
    where = {item: a for a, item in enumerate(placed)}
    pointer = [0]
    for v in range(nodes):
        pointer.append(pointer[-1] + len(of[v]))
    to = [int(head[i] if leaves else tail[i]) for i, leaves in placed]
    mate = [where[i, not leaves] for i, leaves in placed]
    room = [int(capacity[i]) if leaves else 0 for i, leaves in placed]
    return pointer, to, mate, room, [where[i, True] for i in range(len(tail))]


def pour(pointer, to, mate, room, inner):
    """Every node passes on what has come to it, over its arcs in their order."""
    nodes = len(pointer) - 1
    order = [0, *range(inner - 1, 0, -1), *range(inner, nodes)]
    came = dict.fromkeys(order, 0)
    done = set()
    for v in order:
        done.add(v)
        for a in range(pointer[v], pointer[v + 1]):
            if to[a] in done:
                continue
            amount = int(room[a]) if v == 0 else min(int(room[a]), came[v])
            room[a] -= amount
            room[mate[a]] += amount
            came[to[a]] += amount
            came[v] -= amount
    return came[nodes - 1]


def shift(graph, room, start, goal, most):
    """Ford and Fulkerson."""
    pointer, to, mate = graph
    sent = 0
    while sent < most:
        via = {start: None}
        waiting = deque([start])
        while waiting:
            u = waiting.popleft()
            for a in range(pointer[u], pointer[u + 1]):
                if room[a] > 0 and int(to[a]) not in via:
                    via[int(to[a])] = a
                    waiting.append(int(to[a]))
        if goal not in via:
            break
        way = []
        u = goal
        while via[u] is not None:
            way.append(via[u])
            u = int(to[mate[via[u]]])
        amount = min([most - sent, *(int(room[a]) for a in way)])
        for a in way:
            room[a] -= amount
            room[mate[a]] += amount
        sent += amount
    return sent


def meet(graph, room, mark, start, goal, most, spare):
    """As much as can be sent."""
    return shift(graph, room, start, goal, most), 0, DONE


def push(graph, room, start, goal, most, spare):
    """As much as can be sent."""
    return shift(graph, room, start, goal, most), 0, DONE
