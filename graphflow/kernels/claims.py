"""Whose money: what is traced in a mixed account belongs to its claimants in proportion.

Where a rule says how much traced money a payment carries but not which, every seed has its present share of
it. The shares are followed in double precision; whole units go with them, so that nothing is created or lost:
behind a payment every seed has what is nearest to its share, as far as whole units of it are there.

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
Records = NDArray[np.void]

LEAST = 1e-9
"""A share of fewer minor units is let go of."""


@njit(cache=True, nogil=True)
def divide(whole: Ints, exact: Reals, count: int, stays: int, kept: Ints, rest: Reals) -> None:
    """Divide ``stays`` units among the first ``count`` claimants, into ``kept``: to each what is nearest to
    ``exact``, and no more than its ``whole`` units.

    Whole parts first, then a unit each to those with the greatest rest, the first of equals.
    """
    left = stays
    for i in range(count):
        units = min(np.int64(exact[i]), whole[i])
        units = max(min(units, left), 0)
        kept[i] = units
        rest[i] = exact[i] - units
        left -= units
    while left > 0:
        best = -1
        for i in range(count):
            if kept[i] < whole[i] and (best < 0 or rest[i] > rest[best]):
                best = i
        kept[best] += 1
        rest[best] -= 1.0
        left -= 1


@njit(cache=True, nogil=True)
def longer(rows: Ints, used: int, room: int) -> Ints:
    """The same list with room for at least so many rows behind those in use; as it is, if it has that."""
    if used + room <= rows.shape[0]:
        return rows
    grown = np.empty((max(2 * rows.shape[0], used + room),) + rows.shape[1:], np.int64)
    grown[:used] = rows[:used]
    return grown


@njit(cache=True, nogil=True)
def longer_reals(values: Reals, used: int, room: int) -> Reals:
    """The same for real numbers."""
    if used + room <= values.size:
        return values
    grown = np.empty(max(2 * values.size, used + room), np.float64)
    grown[:used] = values[:used]
    return grown


@njit(cache=True, nogil=True)
def split_claims(steps: Records, enters: Ints, pots: int, seeds: int) -> tuple[Ints, Ints]:
    """What every step carries of each seed's money.

    Parameters
    ----------
    steps : record array (m)
        A ledger of the traced money alone, in the seed's currency, in time order.
    enters : int64 (k, 4)
        Ordered by the first: what is seed and where it begins: the step (its whole amount), or the step
        before which it stands in a pot; that pot (-1: a transfer); how much; number of the seed.
    pots : how many pots
    seeds : how many seeds

    Returns
    -------
    parts : int64 (v, 4)
        Step, number of the seed, how much of it, and of that repaid to a lender: a step's one behind another.
    left : int64 (u, 3)
        Pot, number of the seed, how much: what stands there in the end.
    """
    head = np.full(pots, -1, np.int64)
    chain = np.empty((256, 3), np.int64)  # seed, whole units, the next of the same pot
    shares = np.empty(256, np.float64)
    used = 0
    unused = np.int64(-1)
    parts = np.empty((256, 4), np.int64)
    count = 0
    # the claimants of one payment
    whole = np.empty(seeds, np.int64)
    exact = np.empty(seeds, np.float64)
    kept = np.empty(seeds, np.int64)
    rest = np.empty(seeds, np.float64)
    number = np.empty(seeds, np.int64)
    amount = np.empty(seeds, np.int64)
    share = np.empty(seeds, np.float64)
    turn = 0
    for s in range(steps.size + 1):
        found = 0
        while turn < enters.shape[0] and enters[turn, 0] == s and enters[turn, 1] >= 0:
            # money that stands: the pot is empty of other traced money by now
            if used == chain.shape[0]:
                chain = longer(chain, used, np.int64(1))
                shares = longer_reals(shares, used, chain.shape[0] - used)
            pot = enters[turn, 1]
            chain[used, 0] = enters[turn, 3]
            chain[used, 1] = enters[turn, 2]
            chain[used, 2] = head[pot]
            shares[used] = np.float64(enters[turn, 2])
            head[pot] = np.int64(used)
            used += 1
            turn += 1
        if s == steps.size:
            break
        pays = steps[s]["amount"]
        if turn < enters.shape[0] and enters[turn, 0] == s:
            number[0] = enters[turn, 3]
            amount[0] = pays
            share[0] = np.float64(pays)
            found = 1
            turn += 1
        else:
            payer = np.int64(steps[s]["src"])
            total = np.int64(0)
            together = 0.0
            claimants = 0
            entry = head[payer]
            while entry >= 0:
                total += chain[entry, 1]
                together += shares[entry]
                whole[claimants] = chain[entry, 1]
                exact[claimants] = shares[entry]
                claimants += 1
                entry = chain[entry, 2]
            stays = total - pays
            if claimants > 0:
                for i in range(claimants):
                    exact[i] *= np.float64(stays) / together
                divide(whole, exact, claimants, stays, kept, rest)
            last = np.int64(-1)
            i = 0
            entry = head[payer]
            while entry >= 0:
                after = chain[entry, 2]
                # together the shares are what is there, but for what floating point loses
                number[found] = chain[entry, 0]
                amount[found] = whole[i] - kept[i]
                share[found] = shares[entry] * (np.float64(total) / together) - exact[i]
                if amount[found] > 0 or share[found] > LEAST:
                    found += 1
                chain[entry, 1] = kept[i]
                shares[entry] = exact[i]
                if kept[i] == 0 and exact[i] < LEAST:
                    if last < 0:
                        head[payer] = after
                    else:
                        chain[last, 2] = after
                    chain[entry, 2] = unused
                    unused = entry
                else:
                    last = entry
                entry = after
                i += 1
        # what repays a lender is everybody's in proportion
        lent = steps[s]["repaid"]
        part = np.float64(lent) / np.float64(pays) if pays > 0 else 0.0
        for i in range(found):
            whole[i] = amount[i]
            exact[i] = share[i] * part
        if found > 0:
            divide(whole, exact, found, lent, kept, rest)
        parts = longer(parts, count, found)
        payee = np.int64(steps[s]["dst"])
        for i in range(found):
            if amount[i] > 0:
                parts[count, 0] = s
                parts[count, 1] = number[i]
                parts[count, 2] = amount[i]
                parts[count, 3] = kept[i]
                count += 1
            if steps[s]["flags"] & 7 or (amount[i] == kept[i] and share[i] - exact[i] < LEAST):
                continue
            entry = head[payee]
            while entry >= 0 and chain[entry, 0] != number[i]:
                entry = chain[entry, 2]
            if entry < 0:
                if unused >= 0:
                    entry = unused
                    unused = chain[entry, 2]
                else:
                    if used == chain.shape[0]:
                        chain = longer(chain, used, np.int64(1))
                        shares = longer_reals(shares, used, chain.shape[0] - used)
                    entry = np.int64(used)
                    used += 1
                chain[entry, 0] = number[i]
                chain[entry, 1] = 0
                chain[entry, 2] = head[payee]
                shares[entry] = 0.0
                head[payee] = entry
            chain[entry, 1] += amount[i] - kept[i]
            shares[entry] += share[i] - exact[i]
    left = np.empty((used, 3), np.int64)
    stands = 0
    for pot in range(pots):
        entry = head[pot]
        while entry >= 0:
            if chain[entry, 1] > 0:
                left[stands, 0] = pot
                left[stands, 1] = chain[entry, 0]
                left[stands, 2] = chain[entry, 1]
                stands += 1
            entry = chain[entry, 2]
    return parts[:count], left[:stands]
