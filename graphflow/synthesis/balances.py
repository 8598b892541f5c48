"""Running balances of all accounts over a stream of movements, a slice of time at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def sorted_order(keys: NDArray[Any]) -> Ints:
    """The stable order of non-negative integer keys: sorting one packed number is faster than an argsort."""
    rows = len(keys)
    shift = max(rows - 1, 1).bit_length()
    packed = (keys.astype(np.int64) << shift) | np.arange(rows, dtype=np.int64)
    packed.sort()
    return packed & ((1 << shift) - 1)


class Balances:
    """What every account holds, the least that it ever held, and how many movements it has had."""

    def __init__(self, accounts: int, opening: Ints | None = None) -> None:
        self.now = np.zeros(accounts, np.int64) if opening is None else opening.copy()
        self.least = np.zeros(accounts, np.int64) if opening is None else opening.copy()
        self.count = np.zeros(accounts, np.int64)

    def advance(self, accounts: NDArray[Any], changes: NDArray[Any]) -> tuple[Ints, Ints]:
        """Book movements in the order given: the balance after each, and its place in its account's list."""
        order = sorted_order(accounts)
        account, running = accounts[order], np.cumsum(changes[order])
        first = np.flatnonzero(np.concatenate(([True], account[1:] != account[:-1])))
        if len(account) == 0:
            return running, running
        length = np.diff(np.append(first, len(account)))
        head = account[first]
        before = np.concatenate(([0], running[first[1:] - 1]))
        running += np.repeat(self.now[head] - before, length)
        place = np.arange(len(account)) + np.repeat(self.count[head] + 1 - first, length)
        self.now[head] = running[first + length - 1]
        self.least[head] = np.minimum(self.least[head], np.minimum.reduceat(running, first))
        self.count[head] += length
        after, places = np.empty_like(running), np.empty_like(running)
        after[order], places[order] = running, place
        return after, places
