"""What stands in every account before and after each step.

A *book* is an account in one currency and one period of coverage. A *pot* is a book, or one
compartment of it. Amounts are minor units. ``-1`` for a book or pot is the world outside.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graphflow.kernels.prefetch import prefetch

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Records = NDArray[np.void]
Flags = NDArray[np.bool_]

AHEAD = 24
"""How many rows ahead the books and pots are asked for that they will need."""

STAND = np.dtype(
    [
        ("held", "i8"),
        ("paid", "i8"),
        ("credited", "i8"),
        ("debit", "i8"),
        ("credit", "i8"),
        ("outside", "i4"),
        ("divided", "i4"),
    ]
)
"""How a pot stands while balances are run: what it holds (negative is owed), where the next debit and the
next credit begin on its rulers, how much its last debit was and what was left of its last credit; whether it
has no history here, whether it is one compartment of several (whose lender is known already).
"""


@njit(cache=True, nogil=True)
def book_rows(
    source: Numbers, target: Numbers, paid: Ints, received: Ints, size: int, wanted: bool
) -> tuple[Ints, Ints, Ints]:
    """Rows as booked: the lowest and the last of each book's sums (size, 2), starting from nothing.

    With ``wanted``, the sums of both sides after each row are returned too (else empty arrays). A
    row of a book to itself is a debit, then a credit.
    """
    sums = np.zeros((size, 2), np.int64)
    length = source.size if wanted else 0
    of_source = np.zeros(length, np.int64)
    of_target = np.zeros(length, np.int64)
    for i in range(source.size):
        if i + AHEAD < source.size:
            prefetch(sums, max(np.int64(source[i + AHEAD]), 0))
            prefetch(sums, max(np.int64(target[i + AHEAD]), 0))
        p = source[i]
        if p >= 0:
            sums[p, 1] -= paid[i]
            sums[p, 0] = min(sums[p, 0], sums[p, 1])
            if wanted:
                of_source[i] = sums[p, 1]
        q = target[i]
        if q >= 0:
            sums[q, 1] += received[i]
            if wanted:
                of_target[i] = sums[q, 1]
    return sums, of_source, of_target


@njit(cache=True, nogil=True)
def divide_custody(
    payer: Ints,
    payee: Ints,
    own: Ints,
    into: Ints,
    amount: Ints,
    received: Ints,
    opening: Ints,
    bare: Ints,
) -> tuple[Ints, Ints, Ints, Flags, Ints]:
    """Which compartment of a custody account pays each payment, and what repays its lender.

    Parameters are one row a step that touches a custody book, in order: ``payer`` and ``payee`` are
    custody books (-1: not one), ``own`` the payment's own compartment, ``into`` the compartment that
    receives, both as pots. ``opening`` and ``bare`` (the pot without an earmark) are by custody book.

    A payment empties its own compartment, then the one without an earmark, then the others, the one
    that has been non-empty longest first; the rest is the lender's. A credit to an overdrawn book
    repays the lender first.

    Returns the parts (row, pot, amount, lent) and what each row repays.
    """
    pots = 0
    for i in range(own.size):
        pots = max(pots, own[i] + 1, into[i] + 1)
    for b in range(bare.size):
        pots = max(pots, bare[b] + 1)
    held = np.zeros(pots, np.int64)
    later = np.full(pots, -1, np.int64)
    earlier = np.full(pots, -1, np.int64)
    first = np.full(bare.size, -1, np.int64)
    last = np.full(bare.size, -1, np.int64)
    owed = np.zeros(bare.size, np.int64)
    for b in range(bare.size):
        if opening[b] > 0:
            held[bare[b]] = opening[b]
            first[b] = bare[b]
            last[b] = bare[b]
        else:
            owed[b] = -opening[b]

    room = payer.size * 2 + 16
    part_row = np.empty(room, np.int64)
    part_pot = np.empty(room, np.int64)
    part_amount = np.empty(room, np.int64)
    part_lent = np.empty(room, np.bool_)
    count = 0
    repaid = np.zeros(payer.size, np.int64)
    for i in range(payer.size):
        b = payer[i]
        if b >= 0:
            rest = amount[i]
            turn = 0
            while rest > 0:
                if turn == 0:
                    pot = own[i]
                elif turn == 1:
                    pot = bare[b]
                else:
                    pot = first[b]
                turn += 1
                lent = pot < 0
                if lent:
                    pot = own[i]
                    taken = rest
                    owed[b] += rest
                else:
                    taken = min(rest, held[pot])
                    if taken == 0:
                        continue
                    held[pot] -= taken
                    if held[pot] == 0:
                        if earlier[pot] >= 0:
                            later[earlier[pot]] = later[pot]
                        else:
                            first[b] = later[pot]
                        if later[pot] >= 0:
                            earlier[later[pot]] = earlier[pot]
                        else:
                            last[b] = earlier[pot]
                        later[pot] = -1
                        earlier[pot] = -1
                rest -= taken
                if count == room:
                    room *= 2
                    grown_row = np.empty(room, np.int64)
                    grown_pot = np.empty(room, np.int64)
                    grown_amount = np.empty(room, np.int64)
                    grown_lent = np.empty(room, np.bool_)
                    grown_row[:count] = part_row
                    grown_pot[:count] = part_pot
                    grown_amount[:count] = part_amount
                    grown_lent[:count] = part_lent
                    part_row, part_pot = grown_row, grown_pot
                    part_amount, part_lent = grown_amount, grown_lent
                part_row[count] = i
                part_pot[count] = pot
                part_amount[count] = taken
                part_lent[count] = lent
                count += 1
        b = payee[i]
        if b >= 0:
            repaid[i] = min(received[i], owed[b])
            owed[b] -= repaid[i]
            pot = into[i]
            rest = received[i] - repaid[i]
            if rest > 0:
                if held[pot] == 0:
                    earlier[pot] = last[b]
                    if last[b] >= 0:
                        later[last[b]] = pot
                    else:
                        first[b] = pot
                    last[b] = pot
                held[pot] += rest
    return part_row[:count], part_pot[:count], part_amount[:count], part_lent[:count], repaid


@njit(cache=True, nogil=True)
def run_balances(steps: Records, pots: Records, converts: Ints, received: Ints) -> None:
    """Fill in each step's balances and its places on the rulers of its two pots, which go on from how they
    stand.

    A debit's place starts where the earlier debits of its pot end, counting only what the pot itself
    paid; a credit's where the opening and the earlier credits end, counting only what was not taken
    by a lender. What lies at the same place on both rulers is, first in first out, the same money.

    ``pots`` are :data:`STAND`; ``converts`` are the steps that arrive as another amount, ascending, and
    ``received`` that amount.
    """
    turn = 0
    for s in range(steps.size):
        if s + AHEAD < steps.size:
            prefetch(pots, np.int64(steps[s + AHEAD]["src"]))
            prefetch(pots, np.int64(steps[s + AHEAD]["dst"]))
        amount = steps[s]["amount"]
        p = steps[s]["src"]
        steps[s]["dplace"] = pots[p]["paid"]
        pots[p]["debit"] = amount
        if pots[p]["outside"]:
            steps[s]["avail"] = amount
        elif steps[s]["flags"] & 64:  # a lender pays
            steps[s]["avail"] = 0
        else:
            available = max(pots[p]["held"], 0)
            steps[s]["avail"] = available
            pots[p]["held"] -= amount
            pots[p]["paid"] += min(amount, available)
        arrives = amount
        if turn < converts.size and converts[turn] == s:
            arrives = received[turn]
            turn += 1
        q = steps[s]["dst"]
        steps[s]["cplace"] = pots[q]["credited"]
        if pots[q]["outside"]:
            steps[s]["repaid"] = 0
            steps[s]["after"] = 0
        else:
            if not pots[q]["divided"]:
                steps[s]["repaid"] = min(arrives, max(-pots[q]["held"], 0))
                pots[q]["held"] += arrives
            else:
                pots[q]["held"] += arrives - steps[s]["repaid"]
            pots[q]["credited"] += arrives - steps[s]["repaid"]
            steps[s]["after"] = max(pots[q]["held"], 0)
        pots[q]["credit"] = arrives - steps[s]["repaid"]
