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


def odd_group(rng: random.Random, size: int) -> tuple[Group, np.ndarray]:
    """A group and its rings: some have owners of more than the whole, some stakes are nothing; nobody has
    stakes in the members of closed rings."""
    group = Group.drawn(rng, min(size, 12))
    if rng.random() < 0.5:
        for k in range(len(group.shares)):
            if rng.random() < 0.2:
                group.shares[k] = rng.choice((0, 2, 3)) * group.shares[k]
    companies = np.repeat(np.arange(len(group.whole)), np.diff(group.pointer))
    rings = real_rings(group)
    inside = np.zeros(len(group.whole), np.int64)
    same = rings[group.owners] == rings[companies]
    np.add.at(inside, companies[same], group.shares[same])
    closed = [
        bool((rings == ring).sum() > 1 and (inside == group.whole)[rings == ring].all()) for ring in rings
    ]
    keep = ~np.array(closed)[companies]
    counts = np.bincount(companies[keep], minlength=len(group.whole))
    pointer = ints([0, *np.cumsum(counts)])
    return Group(pointer, group.owners[keep].astype(np.int32), group.shares[keep], group.whole), rings


def real_rings(group: Group) -> np.ndarray:
    """Rings of stakes that are more than nothing."""
    real = group.shares > 0
    pointer = np.concatenate(([0], np.cumsum(real)))[group.pointer]
    return Group(pointer, group.owners[real], group.shares[real], group.whole).rings()


def swell_inputs(rng: random.Random, size: int) -> tuple:
    group, rings = odd_group(rng, size)
    return group.pointer, group.owners, group.shares, group.whole, rings


def swell_outcome(found: Any, args: tuple) -> list[Any]:
    return [Near(value) if value < np.inf else "without end" for value in found]


def spread_inputs(rng: random.Random, size: int) -> tuple:
    group, _ = odd_group(rng, size)
    companies = ints([rng.randrange(len(group.whole)) for _ in range(rng.randint(1, 4))])
    bounds = (
        rng.choice((1e-9, 0.25, 0.5)), rng.choice((1e-3, 1e-10)), rng.choice((0, 5, 10**6)),
        rng.choice((2, 5, 10**6)),
    )  # fmt: skip
    given = (group.pointer, group.owners, group.shares, group.whole)
    most = np.array(naive_shares.swell(*given, None), np.float64)
    return *given, most, companies, bounds


def spread_outcome(found: Any, args: tuple) -> Any:
    """The owners of each company, exactly; ours where what it says is not right of these."""
    if isinstance(found, list):
        return found
    begins, owners, values, stays = found
    exact = naive_shares.spread_up(*args)
    least, slight, few, many = args[-1]
    said: list[Any] = []
    for c, wanted in enumerate(exact):
        own = slice(int(begins[c]), int(begins[c + 1]))
        has = dict(zip(owners[own].tolist(), values[own].tolist(), strict=True))
        rest = float(stays[c])
        if wanted is None:
            said.append(None if rest == np.inf and not has else (has, rest))
            continue
        within = all(
            share - 1e-12 <= wanted.get(i, 0.0) <= share + rest + 1e-12 and share + rest >= least
            for i, share in has.items()
        )
        missed = [share for i, share in wanted.items() if i not in has]
        none_missed = all(share < least + 1e-12 or share <= rest + 1e-12 for share in missed)
        clear = rest < least and all(share >= least for share in has.values())
        done = rest <= slight or (few < 10**6 and clear) or many < 10**6
        said.append(wanted if within and none_missed and done else (has, rest))
    return said


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


def groups_inputs(rng: random.Random, size: int) -> tuple:
    """Groups that have nobody in common."""
    pointer, companies, votes, quota, _, _ = control_inputs(rng, size)
    starts = rng.sample(range(size), rng.randint(1, size))
    cuts = sorted(rng.sample(range(len(starts) + 1), min(3, len(starts))))
    begins = sorted({0, *cuts, len(starts)})
    return pointer, companies, votes, quota, ints(begins), ints(starts)


def groups_outcome(found: Any, args: tuple) -> Any:
    """The sets, without the groups themselves; of ours also that nobody is in one twice."""
    if isinstance(found, list):
        return [(each, len(each)) for each in found]
    ends, under = found
    own = [under[ends[g] : ends[g + 1]].tolist() for g in range(len(ends) - 1)]
    return [(set(each), len(each)) for each in own]


def below_inputs(rng: random.Random, size: int) -> tuple:
    pointer, companies, votes, quota, _, _ = control_inputs(rng, size)
    owners = np.repeat(np.arange(size), np.diff(pointer)).astype(np.int32)
    asked = ints(sorted(rng.sample(range(size), rng.randint(0, size))))
    return pointer, owners, companies, votes, quota, asked


def flags(found: Any, args: tuple) -> list[bool]:
    return [bool(each) for each in found]


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
    ("shares.swell", shares.swell, naive_shares.swell, swell_inputs, swell_outcome, (12,)),
    ("shares.spread_up", shares.spread_up, naive_shares.spread_up, spread_inputs, spread_outcome, (12,)),
    ("shares.greatest", shares.greatest, naive_shares.greatest, greatest_inputs, near, (4,)),
    ("control.controlled", control.controlled, naive_control.controlled, control_inputs, control_outcome, (100, 300)),
    (
        "control.controlled_by_each", control.controlled_by_each, naive_control.controlled_by_each,
        groups_inputs, groups_outcome, (30, 100),
    ),
    (
        "control.held_from_below", control.held_from_below, naive_control.held_from_below,
        below_inputs, flags, (30, 100),
    ),
    ("power.count_swings", power.count_swings, naive_power.count_swings, swing_inputs, counts, (7,)),
)  # fmt: skip
