"""The kernels of ownership beside their naive twins: groups of companies, with rings and without."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphflow.kernels import control, power, shares
from tests.naive import control as naive_control
from tests.naive import power as naive_power
from tests.naive import shares as naive_shares


def ints(values: Any) -> np.ndarray:
    return np.array(values, np.int64)


class Near(float):
    """A number that was solved for: equal to another to twelve digits."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, float) and abs(self - other) <= 1e-12 * max(1.0, abs(self), abs(other))

    __hash__ = float.__hash__


def near(found: Any, args: tuple = ()) -> list[Near]:
    return [Near(value) for value in found]


@dataclass
class Group:
    """Companies and their stakes: pyramids, rings, closed rings, companies that hold some of themselves."""

    pointer: np.ndarray
    owners: np.ndarray
    shares: np.ndarray
    whole: np.ndarray

    @classmethod
    def drawn(cls, rng: random.Random, size: int, most: int = 4) -> Group:
        pointer, owners, parts = [0], [], []
        whole = [1000 - (rng.randrange(400) if rng.random() < 0.2 else 0) for _ in range(size)]
        upwards = rng.random() < 0.3  # no rings at all
        for company in range(size):
            others = [i for i in range(company + 1 if upwards else 0, size) if i != company]
            count = min(rng.choice((0, 1, 1, 2, 3, most)), len(others))
            left = whole[company]
            for place in range(count):
                all_of_it = place == count - 1 and rng.random() < 0.5
                part = left if all_of_it else rng.randint(0, left)
                if part:  # who has nothing is no owner: that is seen to before
                    owners.append(rng.choice(others))
                    parts.append(part)
                left -= part
            pointer.append(len(owners))
        return cls(ints(pointer), ints(owners), ints(parts), ints(whole))

    def rings(self) -> np.ndarray:
        """A number for each ring, owners before what they own: whoever has more above it comes later."""
        members, above = naive_shares.components(self.pointer, self.owners)
        own = [(len(above[j] | {j}), min(members[j])) for j in range(len(members))]
        return ints([sorted(set(own)).index(key) for key in own])

    def by_owner(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        order = np.argsort(self.owners, kind="stable")
        companies = np.repeat(np.arange(len(self.whole)), np.diff(self.pointer))
        counts = np.bincount(self.owners, minlength=len(self.whole))
        return ints([0, *np.cumsum(counts)]), companies[order].astype(np.int32), self.shares[order]


def upstream_inputs(rng: random.Random, size: int) -> tuple:
    group = Group.drawn(rng, size)
    return group.pointer, group.owners.astype(np.int32), rng.randrange(size), np.full(size, -1, np.int64)


def upstream_outcome(found: Any, args: tuple) -> Any:
    return [list(map(int, each)) for each in found], args[3].tolist()


def components_inputs(rng: random.Random, size: int) -> tuple:
    group = Group.drawn(rng, size)
    return group.pointer, group.owners


def components_outcome(found: Any, args: tuple) -> Any:
    """The rings; of ours also that owners never come after what they own."""
    pointer, owners = args
    if isinstance(found, tuple):
        return found[0], True
    size = len(pointer) - 1
    rings = [frozenset(np.flatnonzero(found == found[j]).tolist()) for j in range(size)]
    ahead = all(
        found[owners[k]] <= found[j] for j in range(size) for k in range(int(pointer[j]), int(pointer[j + 1]))
    )
    return rings, ahead


def ring_inputs(rng: random.Random, size: int) -> tuple:
    """A ring through all members, of which something leaves somewhere: much, or next to nothing."""
    size = min(size, 12)
    inside, leaks = np.zeros((size, size)), np.zeros(size)
    for j in range(size):
        parts = [rng.choice((0, 1, 5, 300, 10**9)) for _ in range(size + 1)]
        parts[j] = 0
        parts[(j + 1) % size] += size > 1
        if j == size - 1 and not leaks.any():
            parts[size] += 1
        inside[:, j] = np.array(parts[:size]) / sum(parts)
        leaks[j] = parts[size] / sum(parts)
    return inside, leaks, np.array([rng.choice((0.0, 1.0, 0.25)) for _ in range(size)])


def integrate_inputs(rng: random.Random, size: int) -> tuple:
    group = Group.drawn(rng, min(size, 12))
    comes = np.zeros(len(group.whole))
    comes[rng.randrange(len(comes))] = 1.0
    return group.pointer, group.owners, group.shares, group.whole, group.rings(), comes


def integrate_outcome(found: Any, args: tuple) -> Any:
    passes, lost, ended = found
    return near(passes), near(lost), int(ended)


def greatest_inputs(rng: random.Random, size: int) -> tuple:
    group = Group.drawn(rng, min(size, 4), most=3)
    least = ints([rng.randint(0, share) for share in group.shares])
    most = ints([rng.randint(share, 1000) for share in group.shares])
    wanted = np.array([rng.random() < 0.4 for _ in group.whole])
    return group.pointer, group.owners, least, most, group.whole, group.rings(), wanted


def control_inputs(rng: random.Random, size: int) -> tuple:
    pointer, companies, votes = Group.drawn(rng, size).by_owner()
    quota = ints([rng.choice((500, 500, 499, 300)) for _ in range(size)])
    starts = ints([rng.randrange(size) for _ in range(rng.choice((1, 1, 2)))])
    return pointer, companies, votes, quota, starts, np.zeros(size, np.int64)


def control_outcome(found: Any, args: tuple) -> Any:
    """The set; of ours also that all came in with more votes than the quota, once, and the scratch is clean."""
    if isinstance(found, set):
        return found, True
    inside, had = found
    first = len(set(args[4].tolist()))
    enough = all(had[m] > args[3][inside[m]] for m in range(first, len(inside)))
    once = len(set(inside.tolist())) == len(inside)
    return set(inside.tolist()), bool(enough and once and not args[5].any())


def swing_inputs(rng: random.Random, size: int) -> tuple:
    weights = [rng.choice((0, 1, 2, 5, 16, 17, 18, 30)) for _ in range(min(size, 7))]
    return ints(weights), rng.randint(0, max(sum(weights), 1))


def counts(found: Any, args: tuple) -> Any:
    return [list(map(int, row)) for row in found]


#: Name, kernel, twin, inputs, how outcomes compare, sizes to measure at.
OWNING = (
    ("shares.upstream", shares.upstream, naive_shares.upstream, upstream_inputs, upstream_outcome, (100, 300)),
    ("shares.components", shares.components, naive_shares.components, components_inputs, components_outcome, (30,)),
    ("shares.settle_ring", shares.settle_ring, naive_shares.settle_ring, ring_inputs, near, (12,)),
    ("shares.integrate", shares.integrate, naive_shares.integrate, integrate_inputs, integrate_outcome, (12,)),
    ("shares.greatest", shares.greatest, naive_shares.greatest, greatest_inputs, near, (4,)),
    ("control.controlled", control.controlled, naive_control.controlled, control_inputs, control_outcome, (100, 300)),
    ("power.count_swings", power.count_swings, naive_power.count_swings, swing_inputs, counts, (7,)),
)  # fmt: skip
