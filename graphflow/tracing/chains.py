"""Chains of transfers, enumerated when they are asked for."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphflow.errors import Problem, UsageError
from graphflow.kernels import chains as kernel
from graphflow.kernels.chains import walk_chains
from graphflow.language import N_
from graphflow.ledger.form import Index

Ints = NDArray[np.int64]

NO_LENDERS = (
    np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64),
    np.zeros((0, 2), np.int64),
)  # fmt: skip
"""Where nobody asks what lenders paid."""

LONGEST = 5_000_000
"""Moves that may follow one another before a chain ends, where overdrafts are coordinated."""


@dataclass(frozen=True)
class Limits:
    """Most transfers after a seed (-1: any number) and the least amount of a path, in the seed's currency."""

    hops: int = -1
    least: int = 0

    @property
    def none(self) -> bool:
        return self.hops < 0 and self.least <= 1


@dataclass(frozen=True)
class Batch:
    """Some chains: those of ``i`` are ``rows[bounds[i]:bounds[i + 1]]``, its end ``ends[i]`` (code, pot,
    amount, seed amount, a row of the seeds, number of the path: those of one path follow one another, in one
    batch).
    """

    bounds: Ints
    rows: Ints
    ends: Ints


class Chains:
    """Chains, enumerated when they are asked for, as often as they are asked for.

    Parameters
    ----------
    steps, side, converted, lenders
        A ledger, as the kernel takes it.
    seeds, restarts, standing
        What the chains begin with, and where traced money meets it.
    last
        The last place of the period, in time order.
    asked
        What is asked, as the kernel's bits.
    limits
        Which chains are kept.
    real_pots, real_steps
        Where it is not the case's own ledger: what its pots and steps are there.
    """

    def __init__(
        self,
        steps: NDArray[np.void],
        side: Index,
        converted: Ints,
        seeds: Ints,
        restarts: Ints,
        standing: Ints,
        last: int,
        asked: int,
        limits: Limits,
        real_pots: Ints | None = None,
        real_steps: Ints | None = None,
        lenders: kernel.Lenders = NO_LENDERS,
    ) -> None:
        self.steps = steps
        self.side = side
        self.converted = converted
        self.seeds = seeds
        self.restarts = restarts
        self.standing = standing
        self.last = last
        self.asked = asked
        self.limits = limits
        self.real_pots = real_pots
        self.real_steps = real_steps
        self._side = (side.pointer, side.steps, side.starts, side.held, side.lows)
        self._lenders = lenders
        for array in (steps, *self._side, converted, *lenders, seeds, restarts, standing):
            array.setflags(write=False)  # to numba another type than what can be written

    def limited(self, limits: Limits) -> Chains:
        """The same chains under other limits."""
        other = copy.copy(self)
        other.limits = limits
        return other

    def stands_in(self, number: int) -> int:
        """The pot in which a seed stands; -1 for a transfer."""
        pot = int(self.seeds[number, 1])
        return pot if self.real_pots is None or pot < 0 else int(self.real_pots[pot])

    def batches(self, carried: Ints | None = None) -> Iterator[Batch]:
        """All chains, a few thousand at a time."""
        if carried is None:
            carried = np.zeros((0, 2), np.int64)
        stack = (
            np.zeros(16, kernel.GROUP), np.zeros(16, kernel.PIECE), np.zeros(16, kernel.END),
            np.zeros(16, np.int64), np.array(kernel.START, np.int64),
        )  # fmt: skip
        payments = (self._side, self.converted, self._lenders)
        limits = (self.last, self.limits.hops, self.limits.least, self.asked, LONGEST)
        more = True
        while more:
            bounds, rows, ends, stack, more = walk_chains(
                self.steps, payments, self.seeds, (self.restarts, self.standing), limits, stack, carried
            )
            if stack[-1][0] < 0:
                raise UsageError(
                    Problem(
                        "overdraft",
                        N_("overdrawn accounts hand the same money round more than {most} times"),
                        {"most": LONGEST},
                        "coordinated",
                        "lender",
                    )
                )
            if self.real_pots is not None:
                ends[:, 1] = self.real_pots[ends[:, 1]]
            yield Batch(bounds, rows, ends)

    def sums(self) -> tuple[Ints, Ints]:
        """What each step carries and where it ends, as sums of the chains."""
        carried = np.zeros((len(self.steps), 2), np.int64)
        ends: dict[tuple[int, int], list[int]] = {}
        for batch in self.batches(carried):
            keys, inverse = np.unique(batch.ends[:, :2], axis=0, return_inverse=True)
            local = np.zeros(len(keys), np.int64)
            seed = np.zeros(len(keys), np.int64)
            np.add.at(local, inverse.ravel(), batch.ends[:, 2])
            np.add.at(seed, inverse.ravel(), batch.ends[:, 3])
            for (code, pot), a, b in zip(keys.tolist(), local.tolist(), seed.tolist(), strict=True):
                total = ends.setdefault((code, pot), [0, 0])
                total[0] += a
                total[1] += b
        visited = np.flatnonzero(carried.any(axis=1))
        moved = np.column_stack((visited, carried[visited]))
        if self.real_steps is not None:  # each seed's part of a step is a step by itself here
            steps, inverse = np.unique(self.real_steps[visited], return_inverse=True)
            moved = np.zeros((steps.size, 3), np.int64)
            moved[:, 0] = steps
            np.add.at(moved[:, 1:], inverse.ravel(), carried[visited])
        table = np.array([[*key, *value] for key, value in sorted(ends.items())], np.int64).reshape(-1, 4)
        return moved, table


def ruler(pot: Ints, amount: Ints) -> Ints:
    """Where each amount begins on its pot's ruler, in the order given."""
    order = np.argsort(pot, kind="stable")
    sums = np.cumsum(amount[order]) - amount[order]
    heads = (
        np.flatnonzero(np.concatenate(([True], pot[order][1:] != pot[order][:-1])))
        if pot.size
        else np.zeros(0, np.int64)
    )
    start = np.repeat(sums[heads], np.diff(np.append(heads, pot.size)))
    out = np.empty(pot.size, np.int64)
    out[order] = sums - start
    return out
