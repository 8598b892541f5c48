"""What looking for a pattern gives: sets of transfers with their members, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from graphflow.typologies.payments import LeftOut, Payments

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """How a pattern is looked for.

    ``window`` in microseconds; ``least`` how many make a pattern, as each says of itself; ``permille`` by how
    many thousandths an amount may differ from the one that it goes on from, below 0: no limit; ``most`` the
    most transfers of a cycle; ``budget`` how many steps or pairs are tried for one transfer or holder,
    ``total`` how many steps for all first transfers of cycles.
    """

    window: int
    least: int
    permille: int = -1
    most: int = 10
    budget: int = 1_000_000
    total: int = 200_000_000
    progress: Callable[..., Any] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Found:
    """Patterns of one kind.

    Attributes
    ----------
    pointer, transfers
        The transfers of pattern ``k``, as places in `Payments`, are ``transfers[pointer[k]:pointer[k + 1]]``.
    members_pointer, members
        Its holders in the same way, in the order that the kind says.
    amount : int64
        What went through it; -1 where it is in several currencies.
    left_out
        Where it was not looked for to the end.
    """

    pointer: Ints
    transfers: Ints
    members_pointer: Ints
    members: Ints
    amount: Ints
    left_out: tuple[LeftOut, ...] = ()

    @property
    def size(self) -> int:
        """How many patterns."""
        return len(self.pointer) - 1


def nothing(left_out: tuple[LeftOut, ...] = ()) -> Found:
    """No patterns."""
    none = np.zeros(0, np.int64)
    return Found(np.zeros(1, np.int64), none, np.zeros(1, np.int64), none, none, left_out)


def scores(payments: Payments, found: Found) -> Reals:
    """How unusual each pattern is for its members: the part of a member's transfers in it, on average.

    Examples
    --------
    >>> from graphflow.synthesis import toys
    >>> from graphflow.typologies.payments import payments_of
    >>> p = payments_of(toys.t1())                        # M has five transfers, A one
    >>> one = Found(np.array([0, 1]), np.array([0]), np.array([0, 2]), p.ends[0].astype(np.int64),
    ...             np.array([30000]))
    >>> scores(p, one).round(3).tolist()                  # the mean of 1 and 1/5
    [0.6]
    """
    if not found.size:
        return np.zeros(0, np.float64)
    size = np.int64(payments.holders)
    which = np.repeat(np.arange(found.size), np.diff(found.pointer))
    ends = payments.ends[found.transfers].astype(np.int64)
    touched, counts = np.unique(
        np.concatenate([which * size + ends[:, 0], which * size + ends[:, 1]]), return_counts=True
    )
    of = np.repeat(np.arange(found.size), np.diff(found.members_pointer))
    mine = counts[np.searchsorted(touched, of * size + found.members)]
    parts = mine / payments.degree[found.members]
    summed: Reals = np.add.reduceat(parts, found.members_pointer[:-1])
    return summed / np.diff(found.members_pointer)


def sums(payments: Payments, pointer: Ints, transfers: Ints) -> Ints:
    """What the transfers of each group carry; -1 where they are in several currencies."""
    if len(pointer) < 2:
        return np.zeros(0, np.int64)
    amount = payments.money[transfers, 0]
    total = np.add.reduceat(amount, pointer[:-1])
    return np.where(one_currency(payments, pointer, transfers), total, -1)


def one_currency(payments: Payments, pointer: Ints, transfers: Ints) -> npt.NDArray[np.bool_]:
    """Whether all transfers of each group are in one currency, on both sides."""
    currency = payments.money[transfers][:, [1, 3]]
    first = currency[pointer[:-1], 0]
    differs = (currency != np.repeat(first, np.diff(pointer))[:, None]).any(axis=1)
    same: npt.NDArray[np.bool_] = np.add.reduceat(differs, pointer[:-1], dtype=np.int64) == 0
    return same
