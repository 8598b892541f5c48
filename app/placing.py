"""Where the nodes of a graph in layers stand: in which column, in what order, how far down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise


def ranked(count: int, arcs: Sequence[tuple[int, int]]) -> tuple[list[int], set[int]]:
    """The column of each node: the longest way from the first one; and which arcs close a ring, left aside.

    Examples
    --------
    >>> ranked(3, [(0, 1), (1, 2), (0, 2), (2, 1)])
    ([0, 1, 2], {3})
    """
    out: list[list[int]] = [[] for _ in range(count)]
    for number, (near, _) in enumerate(arcs):
        out[near].append(number)
    back: set[int] = set()
    done: list[int] = []  # nothing in it stands before what it leads to
    state = [0] * count
    for start in range(count):
        way = [] if state[start] else [start]
        while way:
            at = way[-1]
            state[at] = 1
            if out[at]:
                number = out[at].pop(0)
                other = arcs[number][1]
                if state[other] == 1:
                    back.add(number)
                elif state[other] == 0:
                    way.append(other)
            else:
                state[at] = 2
                done.append(way.pop())
    columns = [0] * count
    away: list[list[int]] = [[] for _ in range(count)]
    for number, (near, far) in enumerate(arcs):
        if number not in back:
            away[near].append(far)
    for at in reversed(done):
        for far in away[at]:
            columns[far] = max(columns[far], columns[at] + 1)
    return columns, back


def ordered(columns: Sequence[int], joined: Sequence[tuple[int, int]]) -> list[list[int]]:
    """What stands in each column, from the top: near the middle of its neighbours, so that few edges cross.

    Examples
    --------
    >>> ordered([0, 0, 1, 1], [(0, 3), (1, 2)])
    [[0, 1], [3, 2]]
    """
    rows: list[list[int]] = [[] for _ in range(max(columns) + 1)]
    for place, column in enumerate(columns):
        rows[column].append(place)
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for near, far in joined:
        before.setdefault(far, []).append(near)
        after.setdefault(near, []).append(far)
    at = {place: (i + 0.5) / len(row) for row in rows for i, place in enumerate(row)}
    best, fewest = [[*row] for row in rows], crossings(at, columns, joined)
    for sweep in range(8):
        beside = before if sweep % 2 == 0 else after
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            middle = {
                place: sum(at[other] for other in others) / len(others)
                if (others := beside.get(place))
                else at[place]
                for place in row
            }
            row.sort(key=middle.__getitem__)
            at.update({place: (i + 0.5) / len(row) for i, place in enumerate(row)})
        if (count := crossings(at, columns, joined)) < fewest:
            best, fewest = [[*row] for row in rows], count
    return best


def crossings(at: Mapping[int, float], columns: Sequence[int], joined: Sequence[tuple[int, int]]) -> int:
    """How many pairs of edges between the same two columns cross.

    Examples
    --------
    >>> crossings({0: 0, 1: 1, 2: 0, 3: 1}, [0, 0, 1, 1], [(0, 3), (1, 2)])
    1
    """
    return sum(
        (at[one[0]] - at[other[0]]) * (at[one[1]] - at[other[1]]) < 0
        for one, other in combinations(joined, 2)
        if columns[one[0]] == columns[other[0]]
    )


def spread(
    rows: Sequence[Sequence[int]], joined: Sequence[tuple[int, int]], room: Sequence[float]
) -> list[float]:
    """How far down each thing stands: near the middle of its neighbours, as its room in the column allows."""
    beside: dict[int, list[int]] = {}
    for near, far in joined:
        beside.setdefault(near, []).append(far)
        beside.setdefault(far, []).append(near)
    y = [0.0] * len(room)
    for row in rows:
        down = -sum(room[place] for place in row) / 2
        for place in row:
            y[place] = down + room[place] / 2
            down += room[place]
    for sweep in range(12):
        for row in rows if sweep % 2 else rows[::-1]:
            wanted = [
                sum(y[other] for other in others) / len(others) if (others := beside.get(place)) else y[place]
                for place in row
            ]
            y_row = apart(wanted, [(room[one] + room[other]) / 2 for one, other in pairwise(row)])
            for place, found in zip(row, y_row, strict=True):
                y[place] = found
    top = min(each - need / 2 for each, need in zip(y, room, strict=True))
    return [each - top for each in y]


def apart(wanted: Sequence[float], least: Sequence[float]) -> list[float]:
    """Places in this order, so far apart at least, all together as near as can be to those wanted.

    Examples
    --------
    >>> apart([0.0, 0.0, 9.0], [2.0, 2.0])
    [-1.0, 1.0, 9.0]
    """
    sums = [0.0]
    for each in least:
        sums.append(sums[-1] + each)
    pools: list[tuple[float, int]] = []  # the mean of what is wanted, of how many that stand side by side
    for value, down in zip(wanted, sums, strict=True):
        mean, count = value - down, 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        pools.append((mean, count))
    flat = [mean for mean, count in pools for _ in range(count)]
    return [mean + down for mean, down in zip(flat, sums, strict=True)]
