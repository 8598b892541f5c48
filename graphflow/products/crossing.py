"""Sums in whole units that are spread and still add up: over one list, and over a table both ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """A sum in whole units by weights: rounded down, and the greatest remainders up; it adds up.

    None gets more than its weight where the total is not more than all weights together.

    Examples
    --------
    >>> apportion(100, [1, 1, 1])
    [34, 33, 33]
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at))
    for place in by_rest[: total - sum(parts)]:
        parts[place] += 1
    return parts


def apportioned(total: int, weights: Sequence[float]) -> list[int]:
    """The same by parts of one.

    Examples
    --------
    >>> apportioned(100, [1 / 3, 1 / 3, 1 / 3])
    [34, 33, 33]
    """
    return apportion(total, [int(weight * 2**64) for weight in weights])


def crossed(rows: Sequence[int], columns: Sequence[int]) -> Ints:
    """A table of whole units whose rows and columns have given sums, each cell nearly in proportion.

    A cell is row times column over the total, rounded down, or one more. Which ones have one more: a row's
    missing units go, one each, to the columns that still miss the most (of equal ones to the greatest
    remainder, then the first). That this always comes out is the theorem of Gale and Ryser: the remainders
    themselves are a table between nought and one with these sums.

    Parameters
    ----------
    rows, columns
        Sums in whole units, none below nought; both lists add up to the same, below 2**63.

    References
    ----------
    H. J. Ryser, Combinatorial properties of matrices of zeros and ones, Canad. J. Math. 9 (1957) 371;
    D. Gale, A theorem on flows in networks, Pacific J. Math. 7 (1957) 1073.

    Examples
    --------
    >>> crossed([50, 50], [33, 33, 34]).tolist()
    [[17, 16, 17], [16, 17, 17]]
    """
    down, across = np.array(rows, np.int64), np.array(columns, np.int64)
    total = int(down.sum())
    if not total or not across.size:
        return np.zeros((down.size, across.size), np.int64)
    table = np.zeros((down.size, across.size), np.int64)
    left = np.zeros(down.size, np.int64)
    rest = np.zeros_like(table)
    for place, row in enumerate(rows):
        if total >= 2**52:  # beyond what doubles tell
            exact = [divmod(int(row) * int(column), total) for column in columns]
            table[place], rest[place] = ([each[k] for each in exact] for k in (0, 1))
            left[place] = row - int(table[place].sum())
            continue
        # a quotient in doubles is off by a few units; what the product leaves, exact modulo 2**64, tells them
        table[place] = (row * (across / total)).astype(np.int64)
        over = np.int64(row) * across - table[place] * np.int64(total)
        table[place] += over // total
        rest[place] = over % total
        left[place] = row - int(table[place].sum())
    lack = across - table.sum(axis=0)
    for place, count in enumerate(left.tolist()):
        most = np.lexsort((np.arange(across.size), -rest[place], -lack))[:count]
        table[place, most] += 1
        lack[most] -= 1
    return table
