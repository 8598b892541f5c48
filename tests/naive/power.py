"""Who decides, written to be read: every set of the others, one by one."""

from __future__ import annotations

from itertools import combinations


def count_swings(weights, quota):
    """By block and by the number of others: sets that lose without the block and win with it."""
    n = len(weights)
    swings = [[0] * n for _ in range(n)]
    for i in range(n):
        others = [int(weights[j]) for j in range(n) if j != i]
        for size in range(n):
            for chosen in combinations(others, size):
                if sum(chosen) <= quota < sum(chosen) + int(weights[i]):
                    swings[i][size] += 1
    return swings
