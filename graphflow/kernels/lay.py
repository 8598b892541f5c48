"""Records of the ledger, written and read whole: a record is a line of the cache, and is fetched once."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graphflow.kernels.prefetch import prefetch

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Records = NDArray[np.void]
Flags = NDArray[np.bool_]

AHEAD = 12
"""How many steps ahead memory is asked for; for what depends on what was asked for, half of that."""

ENTRY = np.dtype([("start", "i8"), ("held", "i8"), ("step", "i4"), ("", "i4")])
"""One payment in an index, while it is laid out: its place on the pot's ruler, what the pot holds, the step.

Entries are written in random order: one record is one access to memory, three arrays are three.
"""


@njit(cache=True, nogil=True)
def lay_rows(
    rows: Records,
    origin: Numbers,
    times: tuple[Ints, Ints],
    sides: tuple[Numbers, Numbers],
    amounts: tuple[Ints, Ints],
    currency: Numbers,
) -> None:
    """Write the transfers, in the order of ``origin``, into ``rows``.

    ``times`` are when each leaves and arrives, ``sides`` its accounts, ``amounts`` as stated and net.
    """
    for i in range(rows.size):
        r = origin[i]
        rows[i]["time"] = times[0][r]
        rows[i]["arrives"] = times[1][r]
        rows[i]["source"] = sides[0][r]
        rows[i]["target"] = sides[1][r]
        rows[i]["amount"] = amounts[0][r]
        rows[i]["net"] = amounts[1][r]
        rows[i]["currency"] = currency[r]
        rows[i]["origin"] = r


@njit(cache=True, nogil=True)
def lay_steps(
    steps: Records, row: Numbers, pots: tuple[Numbers, Numbers], amount: Ints, flags: Numbers
) -> None:
    """Write what is known of the steps before their balances are run; without ``flags`` none has any."""
    for s in range(steps.size):
        steps[s]["row"] = row[s]
        steps[s]["src"] = pots[0][s]
        steps[s]["dst"] = pots[1][s]
        steps[s]["flags"] = flags[s] if flags.size > 0 else np.int32(0)
        steps[s]["amount"] = amount[s]
        steps[s]["avail"] = 0
        steps[s]["after"] = 0
        steps[s]["repaid"] = 0
        steps[s]["dplace"] = 0
        steps[s]["cplace"] = 0


@njit(cache=True, nogil=True)
def count_keys(keys: Numbers, counts: Ints) -> None:
    """Add to ``counts`` how often each key is there."""
    for i in range(keys.size):
        if i + 2 * AHEAD < keys.size:
            prefetch(counts, np.int64(keys[i + 2 * AHEAD]))
        counts[keys[i]] += 1


@njit(cache=True, nogil=True)
def index_steps(steps: Records, first: int, back: bool, pointer: Ints, free: Ints, entries: Records) -> None:
    """Enter steps under the pots that pay (``back``: receive) them, as :data:`ENTRY`, each with its place on
    the pot's ruler and what the pot held (can pay before it, ``back``: stands there behind it).

    ``first`` is the number of the first step; ``pointer`` where the entries of each pot begin, ``free`` where
    its next one goes. Of parts that come in together only the last says what stands there then, the others
    -1; they are given in one call.
    """
    for s in range(steps.size):
        if s + 2 * AHEAD < steps.size:
            prefetch(free, np.int64(steps[s + 2 * AHEAD]["dst"] if back else steps[s + 2 * AHEAD]["src"]))
        if s + AHEAD < steps.size:
            prefetch(entries, free[steps[s + AHEAD]["dst"] if back else steps[s + AHEAD]["src"]])
        p = steps[s]["dst"] if back else steps[s]["src"]
        at = free[p]
        free[p] += 1
        entries[at]["step"] = first + s
        entries[at]["start"] = steps[s]["cplace"] if back else steps[s]["dplace"]
        entries[at]["held"] = steps[s]["after"] if back else steps[s]["avail"]
        if back and steps[s]["flags"] & 512 and at > pointer[p]:
            before = entries[at - 1]["step"] - first
            if before >= 0 and steps[before]["flags"] & 512 and steps[before]["row"] == steps[s]["row"]:
                entries[at - 1]["held"] = -1


@njit(cache=True, nogil=True)
def first_beyond(steps: Records, outside: Flags, most: int) -> tuple[int, int, int]:
    """The first step at which a balance of its payer, of its payee, its amount reach ``most``; -1: none.

    Pots ``outside`` have no balances.
    """
    payer = -1
    payee = -1
    amount = -1
    for s in range(steps.size):
        if payer < 0 and steps[s]["avail"] >= most and not outside[steps[s]["src"]]:
            payer = s
        if payee < 0 and steps[s]["after"] >= most and not outside[steps[s]["dst"]]:
            payee = s
        if amount < 0 and steps[s]["amount"] >= most:
            amount = s
    return payer, payee, amount


@njit(cache=True, nogil=True)
def lay_lenders(steps: Records, leads: Numbers, owed: Ints) -> tuple[Ints, Ints]:
    """The ruler of what lenders paid for each book, in the order of time: the oldest is repaid first.

    Parameters
    ----------
    steps : record array (m)
    leads : int32 (pots)
        Of each pot the first of its book; empty where every pot is a book of its own.
    owed : int64 (pots)
        What each book owes at its opening, by its first pot: that is repaid before all else.

    Returns
    -------
    lent, repaid : int64 (l, 2), (r, 2)
        Steps of which a lender pays a part, ascending, and its place on the ruler; steps that repay, and
        theirs: what repays the opening lies below 0, what lies at the same place otherwise is the same money.
    """
    lends = 0
    repays = 0
    for s in range(steps.size):
        if steps[s]["amount"] > steps[s]["avail"]:
            lends += 1
        if steps[s]["repaid"] > 0:
            repays += 1
    lent = np.empty((lends, 2), np.int64)
    repaid = np.empty((repays, 2), np.int64)
    paid = np.zeros(owed.size, np.int64)
    back = -owed
    lends = 0
    repays = 0
    for s in range(steps.size):
        if steps[s]["amount"] > steps[s]["avail"]:
            book = leads[steps[s]["src"]] if leads.size > 0 else steps[s]["src"]
            lent[lends, 0] = s
            lent[lends, 1] = paid[book]
            lends += 1
            paid[book] += steps[s]["amount"] - steps[s]["avail"]
        if steps[s]["repaid"] > 0:
            book = leads[steps[s]["dst"]] if leads.size > 0 else steps[s]["dst"]
            repaid[repays, 0] = s
            repaid[repays, 1] = back[book]
            repays += 1
            back[book] += steps[s]["repaid"]
    return lent, repaid
