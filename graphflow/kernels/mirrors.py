"""Pairing the two records of one transfer: arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numba import njit

#: Above this many comparisons in one cluster the pairs are as many, but no longer the nearest in sum.
_MOST_CELLS = 1 << 26


@njit(cache=True)
def pair_in_order(payer_group, payer_when, payee_group, payee_when, tolerance):  # type: ignore[no-untyped-def]
    """For each payer row the payee row that is its mirror, or -1.

    Both sides are sorted by group, then by time. A row's `when` is (earliest, latest, time): two rows may
    be a pair if they are of one group and their intervals are at most `tolerance` apart. Pairs never cross;
    there are as many as possible, and among those the times lie least apart in sum.
    """
    partner = np.full(payer_group.size, -1, np.int64)
    i = 0
    j = 0
    while i < payer_group.size and j < payee_group.size:
        if payer_group[i] < payee_group[j]:
            i += 1
            continue
        if payee_group[j] < payer_group[i]:
            j += 1
            continue
        # A cluster: rows of one group in which no gap is wider than the tolerance.
        group = payer_group[i]
        i_end = i
        j_end = j
        reach = min(payer_when[i, 0], payee_when[j, 0])
        while True:
            if (
                i_end < payer_group.size
                and payer_group[i_end] == group
                and payer_when[i_end, 0] - tolerance <= reach
                and (
                    j_end >= payee_group.size
                    or payee_group[j_end] != group
                    or payer_when[i_end, 0] <= payee_when[j_end, 0]
                )
            ):
                reach = max(reach, payer_when[i_end, 1])
                i_end += 1
            elif (
                j_end < payee_group.size
                and payee_group[j_end] == group
                and payee_when[j_end, 0] - tolerance <= reach
            ):
                reach = max(reach, payee_when[j_end, 1])
                j_end += 1
            else:
                break
        n = i_end - i
        m = j_end - j
        if n == 1 and m == 1:
            gap = max(payee_when[j, 0] - payer_when[i, 1], payer_when[i, 0] - payee_when[j, 1])
            if gap <= tolerance:
                partner[i] = j
        elif n > 0 and m > 0 and n * m <= _MOST_CELLS:
            # best[b] = (pairs, distance) of the first a payers and b payees; from_where remembers the step.
            step = np.zeros((n + 1, m + 1), np.int8)
            pairs = np.zeros(m + 1, np.int64)
            apart = np.zeros(m + 1, np.int64)
            for a in range(1, n + 1):
                diagonal_pairs = pairs[0]
                diagonal_apart = apart[0]
                for b in range(1, m + 1):
                    above_pairs = pairs[b]
                    above_apart = apart[b]
                    most = above_pairs
                    least = above_apart
                    how = 1
                    if pairs[b - 1] > most or (pairs[b - 1] == most and apart[b - 1] < least):
                        most = pairs[b - 1]
                        least = apart[b - 1]
                        how = 2
                    p = i + a - 1
                    q = j + b - 1
                    gap = max(payee_when[q, 0] - payer_when[p, 1], payer_when[p, 0] - payee_when[q, 1])
                    if gap <= tolerance:
                        together = diagonal_pairs + 1
                        distance = diagonal_apart + abs(payer_when[p, 2] - payee_when[q, 2])
                        if together > most or (together == most and distance <= least):
                            most = together
                            least = distance
                            how = 3
                    step[a, b] = how
                    pairs[b] = most
                    apart[b] = least
                    diagonal_pairs = above_pairs
                    diagonal_apart = above_apart
            a = n
            b = m
            while a > 0 and b > 0:
                if step[a, b] == 3:
                    partner[i + a - 1] = j + b - 1
                    a -= 1
                    b -= 1
                elif step[a, b] == 1:
                    a -= 1
                else:
                    b -= 1
        elif n > 0 and m > 0:
            p = i
            q = j
            while p < i_end and q < j_end:
                if payee_when[q, 0] - payer_when[p, 1] > tolerance:
                    p += 1
                elif payer_when[p, 0] - payee_when[q, 1] > tolerance:
                    q += 1
                else:
                    partner[p] = q
                    p += 1
                    q += 1
        i = i_end
        j = j_end
    return partner
