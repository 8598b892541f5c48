"""Cycles of transfers in time order, found by trying every way."""

from __future__ import annotations


def first_from(positions, begin, end, time, at):
    """The first of some positions whose time is not before a moment."""
    return next((i for i in range(begin, end) if time[positions[i]] >= at), end)


def first_behind(positions, begin, end, time, at):
    """The first of some positions whose time is later than a moment."""
    return next((i for i in range(begin, end) if time[positions[i]] > at), end)


def close_enough(came, goes, permille):
    """Whether two amounts differ by at most so many thousandths of the first."""
    return permille < 0 or abs(goes - came) <= came * permille // 1000


def may_begin(ends, time, which, accounts, window):
    """Transfers after which, within the window, the payee pays something and the payer receives something."""
    found = []
    for e in which:
        later = [i for i in which if time[e] <= time[i] <= time[e] + window]
        if any(ends[i][0] == ends[e][1] for i in later) and any(ends[i][1] == ends[e][0] for i in later):
            found.append(e)
    return found


def cycles(ends, time, money, index, limits, roots):
    """Every simple cycle as the transfers that it consists of, by first transfer; none is cut."""
    least, most, window, permille, _ = limits
    found = []

    def go(way, accounts):
        last = way[-1]
        for edge in range(len(ends)):
            if ends[edge][0] != ends[last][1] or not time[last] <= time[edge] <= time[way[0]] + window:
                continue
            if money[last][3] == money[edge][1] and not close_enough(
                money[last][2], money[edge][0], permille
            ):
                continue
            if ends[edge][1] == ends[way[0]][0]:
                one = [*way, edge]
                same_time = time[edge] == time[way[0]]
                if len(one) >= least and not (same_time and min(one) < way[0]):
                    found.append(one)
            elif len(way) + 1 < most and ends[edge][1] not in accounts:
                go([*way, edge], accounts | {ends[edge][1]})

    for root in roots:
        if ends[root][0] != ends[root][1]:
            go([root], {ends[root][0], ends[root][1]})
    return found, []
