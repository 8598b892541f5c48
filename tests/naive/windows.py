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


def mark_of(key, stretch, bits):
    """The first bits of a key times a number that spreads them, and the stretch added, within the table."""
    return ((int(key) * 0x9E3779B97F4A7C15) % 2**64 // 2 ** (64 - bits) + int(stretch)) % 2**bits


def crowded(keys, time, window, least, bits):
    """Rows whose place in a table, with the one before or behind it, is that of enough rows."""
    size = 2**bits
    places = [mark_of(key, at // (window + 1), bits) for key, at in zip(keys, time, strict=True)]
    counts = [min(places.count(here), 255) for here in range(size)]
    return [
        max(counts[here] + counts[here - 1], counts[here] + counts[(here + 1) % size]) >= min(least, 255)
        for here in places
    ]
