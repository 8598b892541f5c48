"""Sets of numbers as sorted arrays: what numpy's functions of the same purpose give, by sorting.

numpy finds distinct integers by a hash table, which for a million different ones takes forty times as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SORTED = "iub"
"""Kinds of numbers of which equal ones stand side by side when they are sorted."""


def unique(values: ArrayLike) -> NDArray[Any]:
    """The distinct values, ascending: `numpy.unique`.

    Examples
    --------
    >>> unique([3, 1, 3]).tolist()
    [1, 3]
    """
    flat = np.asarray(values).ravel()
    if flat.dtype.kind not in _SORTED:
        found: NDArray[Any] = np.unique(flat)
        return found
    if flat.size < 2:
        return flat.copy()
    flat = np.sort(flat)
    first = np.empty(flat.size, np.bool_)
    first[0] = True
    np.not_equal(flat[1:], flat[:-1], out=first[1:])
    distinct: NDArray[Any] = flat[first]
    return distinct


def union(one: ArrayLike, other: ArrayLike) -> NDArray[Any]:
    """What is in either, ascending: `numpy.union1d`.

    Examples
    --------
    >>> union([3, 1], [2, 3]).tolist()
    [1, 2, 3]
    """
    return unique(np.concatenate((np.ravel(one), np.ravel(other))))


def common(one: ArrayLike, other: ArrayLike) -> NDArray[Any]:
    """What is in both, ascending: `numpy.intersect1d`.

    Examples
    --------
    >>> common([3, 1, 3], [2, 3]).tolist()
    [3]
    """
    found: NDArray[Any] = np.intersect1d(unique(one), unique(other), assume_unique=True)
    return found


def minus(one: ArrayLike, other: ArrayLike) -> NDArray[Any]:
    """What is in the first and not in the second, ascending: `numpy.setdiff1d`.

    Examples
    --------
    >>> minus([3, 1, 3], [2, 3]).tolist()
    [1]
    """
    found: NDArray[Any] = np.setdiff1d(unique(one), np.ravel(other), assume_unique=True)
    return found
