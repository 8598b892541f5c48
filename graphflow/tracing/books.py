"""Books: an account in one currency and one period of coverage, its compartments together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphflow.ledger.form import CONVERTS, Ledger

Ints = NDArray[np.int64]

KEPT = 4
"""Of so many books the history is kept: whoever asks of very many payments asks of the same few again."""


def books_of(ledger: Ledger, pots: Ints) -> Ints:
    """The first pot of each pot's book."""
    if ledger.leads.size == 0:
        return pots.astype(np.int64)
    return np.where(pots >= 0, ledger.leads[np.maximum(pots, 0)], pots).astype(np.int64)


def arriving_of(ledger: Ledger, steps: Ints, amount: Ints) -> Ints:
    """What arrives by each step, in the receiving pot's currency."""
    turns = np.flatnonzero(ledger.steps["flags"][steps] & CONVERTS) if len(ledger.converted) else ()
    if len(turns) == 0:
        return amount
    out = amount.copy()
    out[turns] = ledger.converted[np.searchsorted(ledger.converted[:, 0], steps[turns]), 1]
    return out


@dataclass(frozen=True)
class Standing:
    """What a book owns behind each of its events: ``keys`` are twice the step, plus 1 for what came in.

    ``total`` counts what was overdrawn as owed; ``paid`` and ``came`` are what went out and came in so far.
    """

    opening: int
    keys: Ints
    total: Ints
    paid: Ints
    came: Ints

    @classmethod
    def of(cls, ledger: Ledger, book: int) -> Standing:
        """The whole history of a book, all its compartments together; of the last few it is kept."""
        kept: dict[int, Standing] = ledger.__dict__.setdefault("_standing_of", {})
        if book not in kept:
            kept[book] = cls._read(ledger, book)
            for old in list(kept)[:-KEPT]:
                del kept[old]
        return kept[book]

    @classmethod
    def _read(cls, ledger: Ledger, book: int) -> Standing:
        end = book + 1
        if ledger.leads.size:
            end = int(np.searchsorted(ledger.leads, book, side="right"))
        debits, credits_ = (
            np.sort(index.steps[int(index.pointer[book]) : int(index.pointer[end])]).astype(np.int64)
            for index in (ledger.debits, ledger.credits)
        )
        out = ledger.steps["amount"][debits].astype(np.int64)
        into = arriving_of(ledger, credits_, ledger.steps["amount"][credits_].astype(np.int64))
        keys = np.concatenate((2 * debits, 2 * credits_ + 1))
        order = np.argsort(keys)
        none, also = np.zeros(len(credits_), np.int64), np.zeros(len(debits), np.int64)
        paid = np.cumsum(np.concatenate((out, none))[order])
        came = np.cumsum(np.concatenate((also, into))[order])
        opening = int(ledger.pots["opening"][book:end].sum())
        return cls(opening, keys[order], opening + came - paid, paid, came)

    def signed(self, key: Ints) -> Ints:
        """The balance before all events of that key or a later one; negative is owed."""
        at = np.searchsorted(self.keys, key) - 1
        return np.where(at >= 0, self.total[at] if self.total.size else 0, self.opening).astype(np.int64)

    def behind(self, key: Ints) -> Ints:
        """The same, as far as it is the account's own."""
        return np.maximum(self.signed(key), 0)

    def between(self, low: Ints, high: Ints) -> tuple[Ints, Ints]:
        """What went out and what came in by events of keys from ``low`` to below ``high``."""
        begin, end = np.searchsorted(self.keys, low) - 1, np.searchsorted(self.keys, high) - 1
        found = []
        for sums in (self.paid, self.came):
            upto = np.where(end >= 0, sums[end] if sums.size else 0, 0)
            found.append(upto - np.where(begin >= 0, sums[begin] if sums.size else 0, 0))
        return found[0].astype(np.int64), found[1].astype(np.int64)


def summed(keys: Ints, values: tuple[Ints, ...], by: Any) -> tuple[Ints, Ints, tuple[Ints, ...]]:
    """Rows that are equal, together: where each first stands, in ascending order, to which each row belongs,
    and values over each.
    """
    order = np.lexsort(tuple(keys[:, i] for i in range(keys.shape[1] - 1, -1, -1)))
    placed = keys[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (placed[1:] != placed[:-1]).any(axis=1)
    heads = np.flatnonzero(new)
    of = np.empty(len(order), np.int64)
    of[order] = np.cumsum(new) - 1
    if heads.size == 0:
        return heads, of, tuple(np.zeros(0, np.int64) for _ in values)
    return order[heads], of, tuple(by.reduceat(value[order], heads) for value in values)
