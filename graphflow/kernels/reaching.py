"""What part of a seed reaches certain payments, pro rata: for very many seeds in one pass back in time.

Pro rata every unit that stands in a pot goes the same ways. So what part of one reaches a goal is a property
of the pot and the time, whosever money it is: walking the payments from the last to the first it is known
before each of them from what it is behind it. A seed looks it up where it comes in.

Seeds that have the same last step are a class: each class is one pass over its own stretch of steps.

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.int8]
Reals = NDArray[np.float64]
Records = NDArray[np.void]

CONVERTS, ARRIVAL, INNER = 128, 256, 1024
"""Flags of a step, as in ``ledger/form.py``."""


@njit(cache=True, nogil=True)
def arriving(step: Records, converted: Ints, s: int) -> int:
    """What arrives by a step."""
    if not step["flags"] & CONVERTS:
        return step["amount"]
    low = 0
    high = converted.shape[0]
    while low < high:
        middle = (low + high) // 2
        if converted[middle, 0] < s:
            low = middle + 1
        else:
            high = middle
    return converted[low, 1]


@njit(cache=True, nogil=True)
def reaching_parts(
    steps: Records,
    converted: Ints,
    goal: Codes,
    seed_of: Ints,
    classes: Ints,
    state: Reals,
    seeds: int,
) -> Reals:
    """What part of each seed reaches the payments of each goal within its time and number of transfers.

    Parameters
    ----------
    steps : record array (m)
    converted : int64 (c, 2)
        Steps that arrive as another amount, ascending, and that amount.
    goal : int8 (m)
        Of each step: 0, or the number (from 1) of the goal that money has reached by it: there it stops.
    seed_of : int64 (m)
        Of each step: the seed that it is, or -1. Money that comes to a seed's step stops before it.
    classes : int64 (k, 3)
        First and last step of each class, and how many seeds of a lower number than its own there are:
        seeds are numbered class by class.
    state : float64 (pots, hops + 1, goals), zero before and after
        What part of a pot's money reaches each goal, with so many transfers left.
    seeds : how many seeds there are

    Returns
    -------
    parts : float64 (seeds, goals)
    """
    hops = state.shape[1] - 1
    goals = state.shape[2]
    parts = np.zeros((seeds, goals), np.float64)
    for c in range(classes.shape[0]):
        first = classes[c, 0]
        low = classes[c, 2]
        high = classes[c + 1, 2] if c + 1 < classes.shape[0] else seeds
        for s in range(classes[c, 1], first - 1, -1):
            step = steps[s]
            payer = step["src"]
            payee = step["dst"]
            came = arriving(step, converted, s)
            stays = 0.0  # of what comes, what a lender does not get
            if goal[s] == 0 and step["flags"] & 7 == 0 and came > 0:
                stays = np.float64(came - step["repaid"]) / np.float64(came)
            seed = seed_of[s]
            if low <= seed < high:
                for g in range(goals):
                    if goal[s] == g + 1:
                        parts[seed, g] = 1.0
                    elif stays > 0.0:
                        parts[seed, g] = stays * state[payee, hops, g]
            pays = min(step["amount"], step["avail"])
            if pays <= 0:
                continue
            goes = np.float64(pays) / np.float64(step["avail"])
            if pays == step["avail"]:
                goes = 1.0
            if seed >= 0:
                for k in range(hops + 1):
                    for g in range(goals):
                        state[payer, k, g] *= 1.0 - goes
                continue
            free = step["flags"] & (ARRIVAL | INNER) != 0  # it carries no hop
            for k in range(hops, -1, -1):
                left = k if free else k - 1
                for g in range(goals):
                    part = 0.0
                    if left >= 0:
                        if goal[s] == g + 1:
                            part = 1.0
                        elif stays > 0.0:
                            part = stays * state[payee, left, g]
                    state[payer, k, g] = (1.0 - goes) * state[payer, k, g] + goes * part
        for s in range(first, classes[c, 1] + 1):
            payer = steps[s]["src"]
            for k in range(hops + 1):
                for g in range(goals):
                    state[payer, k, g] = 0.0
    return parts
