"""Counts within windows of time, each window looked through anew."""

from __future__ import annotations


def distinct_within(pointer, positions, other, time, at_pointer, at, window, ahead):
    """By moment: how many different others, and between which places the window's transfers lie."""
    counts, begins, ends = [], [], []
    for account in range(len(pointer) - 1):
        mine = range(pointer[account], pointer[account + 1])
        for k in range(at_pointer[account], at_pointer[account + 1]):
            first, last = (at[k], at[k] + window) if ahead else (at[k] - window, at[k])
            inside = [i for i in mine if first <= time[positions[i]] <= last]
            before = [i for i in mine if time[positions[i]] < first]
            begin = pointer[account] + len(before)
            counts.append(len({other[positions[i]] for i in inside}))
            begins.append(begin)
            ends.append(begin + len(inside))
    return counts, begins, ends
