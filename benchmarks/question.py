"""The question that every peer can state, in words, and the form of its answer.

Given is a list of transfers, each with a payer, a payee and an amount, in time order: no two at one time. One
of them is the *seed*. A transfer is **touched** if it is the seed, or if it comes after a touched transfer
into the account that pays it, along a path of at most ``HOPS`` transfers after the seed. (This is the rule
`poison`: an upper bound, that attributes nothing.)

*Which accounts did touched money come to, by which transfer first, and how much touched money came to each in
all? In the order in which they were touched.*

Two things are asked: the **full** question, whose seed is the first transfer into the busiest account, so
that nearly every account is reached; and the **local** one, asked for many seeds one at a time, each of which
touches few transfers.

Static search (who is connected to whom) is another question: it ignores time and reaches nearly all accounts
from nearly anywhere. It is not measured here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

HOPS = 6


@dataclass(frozen=True)
class Answer:
    """Accounts by number, the first transfer that touched each, and what touched money came to it, by
    `first`.
    """

    account: Ints
    first: Ints
    received: Ints

    @classmethod
    def of(cls, account: object, first: object, received: object) -> Answer:
        """The answer from any arrays, in any order."""
        parts = [np.asarray(x).astype(np.int64) for x in (account, first, received)]
        order = np.argsort(parts[1])  # no two are equal: a transfer has one payee
        return cls(*(part[order] for part in parts))

    def digest(self) -> str:
        """SHA-256 of the whole answer: two answers are equal if these are."""
        found = hashlib.sha256()
        for part in (self.account, self.first, self.received):
            found.update(len(part).to_bytes(8, "little") + np.ascontiguousarray(part).tobytes())
        return found.hexdigest()
