"""Index by key, written to be read."""

from __future__ import annotations


def index_by(keys, size):
    """Positions of equal keys, in their order: how many keys are less than each key, and which are equal to it."""
    pointer = [sum(1 for key in keys if key < k) for k in range(size + 1)]
    positions = [i for k in range(size) for i, key in enumerate(keys) if key == k]
    return pointer, positions


def period_of(account, time, pointer, begins, ends):
    """The one period of its account that holds each time, or -1."""
    found = []
    for a, t in zip(account, time, strict=True):
        own = range(pointer[a], pointer[a + 1]) if a >= 0 else ()
        found.append(next((p for p in own if begins[p] <= t <= ends[p]), -1))
    return found


def history_keys(account, coin, period, mark, kept, pointer, sizes):
    """Digits of a number: account, currency, period of the account (0: none), and the earmark."""
    coins, widest, marks = sizes
    pots = []
    for i, (a, c, p) in enumerate(zip(account, coin, period, strict=True)):
        slot = p - pointer[a] + 1 if a >= 0 and p >= 0 else 0
        under = mark[i] + 1 if len(mark) and a >= 0 and kept[a] and slot else 0
        pots.append(-1 if a < 0 else (a * coins * widest + c * widest + slot) * marks + under)
    return pots


def sort_hashes(keys):
    """Ascending, and where each stood."""
    order = sorted(range(len(keys)), key=lambda i: keys[i])
    return [keys[i] for i in order], order
