"""Payments out of custody accounts, divided among the compartments that pay them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphflow.kernels.balances import divide_custody
from graphflow.ledger.form import ARRIVAL, CONVERTS, CUSTODY, LENT, PARTS, POT, TRANSIT

Ints = NDArray[np.int64]

FORWARD, BACKWARD = 7, 56
"""The bits of a step's flags that say why money goes no further."""


@dataclass(frozen=True)
class Divided:
    """Steps after the division, with what of each repays a lender, conversions, and pots with openings."""

    steps: NDArray[np.void]
    repaid: Ints
    converted: Ints
    pots: NDArray[np.void]
    opening: Ints


def divide(
    steps: NDArray[np.void], converted: Ints, pots: NDArray[np.void], opening: Ints, origin: NDArray[np.int32]
) -> Divided:
    """Divide payments out of custody accounts among their compartments.

    What several compartments pay and is converted goes through a pot of that transfer's own, as money in
    transit does: it is converted once, as a whole.

    Parameters
    ----------
    steps, converted
        One step an event, and those that arrive as another amount.
    pots, opening
        Histories, and what each opens with.
    origin
        Of each transfer as numbered in the steps, its row in the table.
    """
    custody = pots["kind"] == CUSTODY
    concerned = np.flatnonzero(custody[steps["src"]] | custody[steps["dst"]])
    if concerned.size == 0:  # there is none, or all of their rows were undone
        return Divided(steps, np.zeros(len(steps), np.int64), converted, pots, opening)
    # custody books, numbered by their bare pots: the bare pot comes first in its book
    bare = np.flatnonzero(custody & (pots["earmark"] < 0))
    book = np.searchsorted(bare, np.arange(len(pots)), side="right") - 1
    part = steps[concerned]
    pays = custody[part["src"]]
    gets = custody[part["dst"]]
    arrives = part["amount"].copy()
    place = np.searchsorted(concerned, converted[:, 0])
    inside = concerned[np.minimum(place, concerned.size - 1)] == converted[:, 0]
    arrives[place[inside]] = converted[inside, 1]
    at, pot, amount, lent, back = divide_custody(
        np.where(pays, book[part["src"]], -1),
        np.where(gets, book[part["dst"]], -1),
        np.where(pays, part["src"], -1).astype(np.int64),
        np.where(gets, part["dst"], -1).astype(np.int64),
        part["amount"].astype(np.int64),
        arrives,
        opening[bare],
        bare.astype(np.int64),
    )
    repaid = np.zeros(len(steps), np.int64)
    repaid[concerned] = back

    parts = np.ones(len(steps), np.int64)
    parts[concerned[pays]] = np.bincount(at, minlength=concerned.size)[pays]
    several = parts > 1
    joined = several & ((steps["flags"] & CONVERTS) > 0)
    last = np.cumsum(parts + joined) - 1  # the last of the steps that each becomes
    old = np.repeat(np.arange(len(steps)), parts + joined)
    new = steps[old]
    new_repaid = repaid[old]
    arrival = np.zeros(len(new), np.bool_)
    arrival[last[joined]] = True
    paid = np.flatnonzero(custody[steps["src"]][old] & ~arrival)
    new["src"][paid] = pot
    new["amount"][paid] = amount
    new["flags"][paid] |= np.where(lent, LENT, 0).astype(np.int32)
    new["flags"][several[old] & ~arrival] |= PARTS

    own = np.full(len(steps), -1, np.int64)
    own[joined] = len(pots) + np.arange(np.count_nonzero(joined))
    leaves = joined[old] & ~arrival
    new["dst"][leaves] = own[old[leaves]]
    new["flags"][leaves] &= ~(CONVERTS | FORWARD)
    new_repaid[leaves] = 0
    new["src"][arrival] = own[old[arrival]]
    new["flags"][arrival] = (new["flags"][arrival] & ~BACKWARD) | ARRIVAL
    through = np.zeros(np.count_nonzero(joined), POT)
    through["account"] = -1
    through["period"] = origin[steps["row"][joined]]
    through["currency"] = pots["currency"][steps["src"][joined]]
    through["earmark"] = -1
    through["kind"] = TRANSIT

    begins = last - parts - joined + 1
    for s in np.flatnonzero(several & ~joined & (repaid > 0)).tolist():
        # what repays a lender is the first money of the whole transfer
        rest = int(repaid[s])
        for i in range(begins[s], last[s] + 1):
            new_repaid[i] = min(rest, int(new["amount"][i]))
            rest -= int(new_repaid[i])
    changed = np.column_stack((last[converted[:, 0]], converted[:, 1]))
    return Divided(
        new,
        new_repaid,
        changed,
        np.concatenate((pots, through)),
        np.concatenate((opening, np.zeros(len(through), np.int64))),
    )
