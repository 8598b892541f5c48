"""Several seeds under a rule that says how much traced money goes, not which: each one's money by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphflow import sets
from graphflow.kernels.claims import split_claims
from graphflow.kernels.index import index_by
from graphflow.ledger.form import STEP, Index
from graphflow.tracing.chains import Chains, ruler

Ints = NDArray[np.int64]


def apart(laid: Chains) -> Chains:
    """Lay traced money out anew so that no pot holds money of two seeds.

    Every seed has its present share of what a payment carries, to the nearest whole unit behind it; then its
    chains are laid out first in, first out among its own money. A single seed stays as it is.

    Parameters
    ----------
    laid
        Chains over a ledger of the traced money alone, in the seed's currency.
    """
    seeds = laid.seeds
    if len(seeds) == 0 or seeds[0, 5] == seeds[-1, 5]:
        return laid
    enters = _enters(laid)
    nobody = len(laid.side.pointer) - 2
    parts, _ = split_claims(laid.steps, enters[:, :4].copy(), nobody + 1, int(seeds[:, 5].max()) + 1)
    old, number, amount, repaid = parts.T
    of = laid.steps[old]

    count = int(seeds[:, 5].max()) + 1
    keys = [_own(of[side], number, count, nobody) for side in ("src", "dst")]
    stands = enters[enters[:, 1] >= 0]
    stand_keys = _own(stands[:, 1], stands[:, 3], count, nobody)
    pots = sets.unique(np.concatenate((*keys, stand_keys)))
    pots = np.append(pots[pots >= 0], -1)  # nobody is the last
    last = len(pots) - 1
    source, target, stand_pots = (
        np.where(key < 0, last, np.searchsorted(pots[:-1], key)) for key in (*keys, stand_keys)
    )
    steps = np.zeros(len(parts), STEP)
    steps["row"], steps["flags"] = of["row"], of["flags"]
    steps["src"], steps["dst"] = source, target
    steps["amount"] = steps["avail"] = amount
    steps["repaid"] = repaid
    steps["dplace"] = ruler(source, amount)
    # what stands lies on the rulers like a credit, before the step that it is named by
    came = np.concatenate((np.where(of["flags"] & 7 == 0, amount - repaid, 0), stands[:, 2]))
    into = np.concatenate((target, stand_pots))
    merged = np.lexsort((np.concatenate((2 * old + 1, 2 * stands[:, 0])), into))
    places = np.empty(len(came), np.int64)
    places[merged] = ruler(into[merged], came[merged])
    steps["cplace"] = places[: len(parts)]

    pointer, positions = index_by(np.ascontiguousarray(steps["src"]), len(pots))
    none = np.zeros(0, np.int64)  # nobody asks for the lowest balances of these pots
    side = Index(pointer, positions, steps["dplace"][positions], steps["avail"][positions], none)
    first = np.searchsorted(old, enters[:, 0])
    table = []
    turn = len(parts)
    for (_, pot, size, seed, place), part in zip(enters.tolist(), first.tolist(), strict=True):
        if pot < 0:
            table.append((part, -1, 0, size, place, seed))
        else:
            low = int(places[turn])
            table.append((-1, int(stand_pots[turn - len(parts)]), low, low + size, place, seed))
            turn += 1
    real_pots, real_steps = laid.real_pots, laid.real_steps
    assert real_pots is not None and real_steps is not None
    restarts = np.flatnonzero(real_steps[old] < 0).reshape(-1, 1)
    return Chains(
        steps, side, laid.converted, np.array(sorted(table, key=lambda row: row[5]), np.int64), restarts,
        laid.standing, len(steps) - 1, laid.asked, laid.limits,
        np.append(real_pots[pots[:-1] // count], np.int64(0)), real_steps[old],
    )  # fmt: skip


def _own(pot: Ints, seed: Ints, count: int, nobody: int) -> Ints:
    """A key for each seed's part of a pot; -1 for nobody."""
    return np.where(pot == nobody, -1, pot.astype(np.int64) * count + seed)


def _enters(laid: Chains) -> Ints:
    """Where each seed begins: the step, or the one before which it stands; its pot; how much; its number; its
    place in time order.
    """
    steps = laid.steps
    rows = []
    for step, pot, low, high, place, number in laid.seeds.tolist():
        if step >= 0:
            rows.append((step, -1, high - low, number, place))
            continue
        # what lies on the pot's rulers at its place or behind it is later
        later = (steps["src"] == pot) & (steps["dplace"] >= low)
        later |= (steps["dst"] == pot) & (steps["flags"] & 7 == 0) & (steps["cplace"] >= low)
        found = np.flatnonzero(later)
        rows.append((int(found[0]) if found.size else len(steps), pot, high - low, number, place))
    return np.array(sorted(rows, key=lambda row: (row[0], row[1] < 0)), np.int64).reshape(-1, 5)
