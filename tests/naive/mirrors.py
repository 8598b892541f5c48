"""Pairing the two records of one transfer, written to be read: try everything."""

from __future__ import annotations

from collections.abc import Sequence

Row = tuple[int, tuple[int, int, int]]  # group; earliest, latest, time


def pair_in_order(payers: Sequence[Row], payees: Sequence[Row], tolerance: int) -> tuple[int, int]:
    """How many pairs there can be at most, and how far apart in sum they then are at least.

    A pair is of one group, its intervals at most `tolerance` apart. Pairs of one group do not cross.
    """
    pairs, apart = 0, 0
    for group in {row[0] for row in payers} & {row[0] for row in payees}:
        ours = [when for its, when in payers if its == group]
        theirs = [when for its, when in payees if its == group]
        most, least = _best(ours, theirs, tolerance)
        pairs += most
        apart -= least
    return pairs, apart


def _best(
    ours: Sequence[tuple[int, int, int]], theirs: Sequence[tuple[int, int, int]], tolerance: int
) -> tuple[int, int]:
    """The greatest (pairs, minus distance) over every way to pair them in their order."""
    if not ours or not theirs:
        return 0, 0
    first, rest = ours[0], ours[1:]
    best = _best(rest, theirs, tolerance)
    for at, other in enumerate(theirs):
        gap = max(other[0] - first[1], first[0] - other[1])
        if gap <= tolerance:
            pairs, distance = _best(rest, theirs[at + 1 :], tolerance)
            best = max(best, (pairs + 1, distance - abs(first[2] - other[2])))
    return best
