"""The ledger's records, laid out: transfers, their steps, and why money that arrives goes no further."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphflow.errors import InputError, Problem
from graphflow.kernels.lay import first_beyond, index_steps, lay_rows, lay_steps
from graphflow.kernels.lows import build_lows
from graphflow.language import N_
from graphflow.ledger.columns import fixed, known
from graphflow.ledger.form import ARRIVAL, CONVERTS, INNER, OUTSIDE, ROW, STEP, Index

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]
Records = NDArray[np.void]

GREATEST = 2**52
"""Balances below this many minor units are divided exactly."""


def lay_out_rows(
    origin: Numbers,
    times: tuple[Ints, Ints],
    sides: tuple[Numbers, Numbers],
    amounts: tuple[Ints, Ints],
    currency: Numbers,
) -> Records:
    """The transfers in order: ``origin`` is the row of the table that each is."""
    rows = np.empty(origin.size, ROW)
    lay_rows(
        rows,
        fixed(origin, np.int32),
        (fixed(times[0], np.int64), fixed(times[1], np.int64)),
        (fixed(sides[0], np.int32), fixed(sides[1], np.int32)),
        (fixed(amounts[0], np.int64), fixed(amounts[1], np.int64)),
        fixed(currency, np.int32),
    )
    return rows


def lay_out_steps(
    events: tuple[Numbers, Flags, Flags],
    pots_of: tuple[Numbers, Numbers],
    sides: tuple[Numbers, Numbers],
    amounts: tuple[Ints, Ints],
    converts: Flags,
    row_of: Numbers,
    pots: Records,
    accounts: tuple[NDArray[np.int8], Numbers],
    transfers: Any,
    bridged: tuple[Flags, Flags],
) -> tuple[Records, Ints]:
    """One step an event that still moves money, in order; conversions happen on arrival.

    ``events`` are the row of each, whether it is the first leg of a transfer in transit, whether the second;
    ``amounts`` are net and received, by row; ``accounts`` are the kind of each and its party; ``bridged``,
    whether an event's payer, and its payee, is the place of cash between two of them (without any, no entry).
    """
    event_row, first, second = events
    source_pot, target_pot = pots_of
    net, received = amounts
    amount = net[event_row]
    keep = amount > 0
    if not keep.all():
        event_row, first, second = event_row[keep], first[keep], second[keep]
        source_pot, target_pot, amount = source_pot[keep], target_pot[keep], amount[keep]
    leaving, arriving = first, second  # on that side there is no account
    if bridged[0].size:
        leaving, arriving = first | bridged[1][keep], second | bridged[0][keep]
    kind, party = accounts
    flags = _stops(event_row, leaving, arriving, (source_pot, target_pot), sides, pots, kind, transfers)
    # an account without a party is its own
    inner = (sides[0] == sides[1]) | ((party[sides[0]] >= 0) & (party[sides[0]] == party[sides[1]]))
    if inner.any():
        flags = flags if flags.size else np.zeros(event_row.size, np.int32)
        flags[inner[event_row]] |= INNER
    which = np.zeros(0, np.int64)
    if converts.any():
        which = np.flatnonzero(converts[event_row] & ~first)
        flags = flags if flags.size else np.zeros(event_row.size, np.int32)
        flags[which] |= CONVERTS
    if second.any():
        flags = flags if flags.size else np.zeros(event_row.size, np.int32)
        flags[second] |= ARRIVAL
    steps = np.empty(event_row.size, STEP)
    lay_steps(
        steps,
        fixed(row_of[event_row], np.int32),
        (fixed(source_pot, np.int32), fixed(target_pot, np.int32)),
        fixed(amount, np.int64),
        fixed(flags, np.int32),
    )
    return steps, np.column_stack((which, received[event_row[which]])).astype(np.int64).reshape(-1, 2)


def _stops(
    event_row: Numbers,
    first: Flags,
    second: Flags,
    pots_of: tuple[Numbers, Numbers],
    sides: tuple[Numbers, Numbers],
    pots: Records,
    kind: NDArray[np.int8],
    transfers: Any,
) -> Numbers:
    """Flags that say why money goes no further, forward and backward; without any, no entry."""
    gone = pots["kind"] == OUTSIDE
    special = np.isin(kind, (1, 2, 3, 4))
    if not gone.any() and not special.any():
        return np.zeros(0, np.int32)
    flags = np.zeros(event_row.size, np.int32)
    fee = known(transfers, "fee_of", len(transfers))
    (source_pot, target_pot), (source, target) = pots_of, sides
    for pot, side, transit, shift, forward in (
        (target_pot, target, first, 0, True),
        (source_pot, source, second, 3, False),
    ):
        place = np.flatnonzero(gone[pot] | special[side[event_row]])  # all others walk on
        row = event_row[place]
        outside, what = gone[pot[place]], kind[side[row]]
        stop = np.where(outside, 4, 0)
        stop = np.where((what == 4) & outside, 3, stop)
        if forward:
            stop = np.where(outside & fee[row] & (what != 1) & (what != 4), 2, stop)
        stop = np.where((what == 2) | (what == 3), 2, stop)
        stop = np.where(what == 1, 1, stop)
        flags[place] |= (np.where(transit[place], 0, stop) << shift).astype(np.int32)
    return flags


def index_of(steps: Records, converted: Ints, back: bool, size: int) -> Index:
    """What each pot pays, or receives."""
    side = index_steps(steps, back, size)
    return Index(*side, build_lows(steps, side, converted, back))


def refuse_too_large(
    steps: Records, converted: Ints, pots: Records, account_ids: Any, transfer_of: Any
) -> None:
    """Refuse by name what pro rata and conversions would not divide exactly."""
    problems: list[Problem] = []
    *balances, largest = first_beyond(steps, pots["kind"] == OUTSIDE, GREATEST)
    for name, side, i in zip(("avail", "after"), ("src", "dst"), balances, strict=True):
        if i >= 0:
            account = int(pots["account"][steps[side][i]])
            problem = Problem(
                "transfers",
                N_("the balance of account {account} reaches {balance} minor units"),
                {
                    "account": account_ids[account].as_py() if account >= 0 else "",
                    "balance": int(steps[name][i]),
                },
                expected=N_("balances below 4503599627370496 (2**52) minor units"),
            )
            if problem not in problems:
                problems.append(problem)
    # an amount beyond it can still stand between accounts that are not covered, or overdrawn
    large = [(int(largest), int(steps["amount"][largest]))] if largest >= 0 else []
    large += [(int(s), int(amount)) for s, amount in converted[converted[:, 1] >= GREATEST][:1]]
    for step, amount in [] if problems else large[:1]:
        problems.append(
            Problem(
                "transfers",
                N_("the amount of transfer {transfer} is {amount} minor units"),
                {"transfer": transfer_of(int(steps["row"][step])), "amount": amount},
                expected=N_("amounts below 4503599627370496 (2**52) minor units"),
            )
        )
    if problems:
        raise InputError(*problems)
