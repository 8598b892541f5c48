"""The ledger's records, laid out: transfers, their steps, and why money that arrives goes no further."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphflow.errors import InputError, Problem
from graphflow.kernels.balances import STAND, run_balances
from graphflow.kernels.index import index_by
from graphflow.kernels.lay import ENTRY, count_keys, first_beyond, index_steps, lay_rows, lay_steps
from graphflow.kernels.lows import build_lows
from graphflow.language import N_
from graphflow.ledger.columns import fixed
from graphflow.ledger.division import divide
from graphflow.ledger.form import ARRIVAL, CONVERTS, CUSTODY, INNER, OUTSIDE, ROW, STEP, Index
from graphflow.ledger.histories import Events
from graphflow.ledger.keeping import STRETCH, Growing, InMemory, Keeping
from graphflow.threads import threads

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]
Records = NDArray[np.void]

GREATEST = 2**52
"""Balances below this many minor units are divided exactly."""


@dataclass(frozen=True)
class Moves:
    """All that steps are made of.

    Attributes
    ----------
    events
        Every transfer and the arrival of those in transit, in order.
    pots_of
        The pots of both sides, by event.
    accounts, net, received, converts
        By row of the table: its two accounts, its amount net of reversals, what arrives, whether that is
        another amount.
    row_of
        The number of each row in the order that is shown.
    pots, kind, party
        Histories, and the kind and the party of each account.
    fee
        Rows that are the fee of another.
    bridged
        Whether an event's payer, and its payee, is the place of cash between two of them; without any, no
        entry.
    """

    events: Events
    pots_of: tuple[Numbers, Numbers]
    accounts: tuple[Numbers, Numbers]
    net: Ints
    received: Ints
    converts: Flags
    row_of: Numbers
    pots: Records
    kind: NDArray[np.int8]
    party: Numbers
    fee: Flags
    bridged: tuple[Flags, Flags]

    @cached_property
    def whole(self) -> bool:
        """Whether every event moves money."""
        return bool(self.net.min(initial=1) > 0)

    @cached_property
    def gone(self) -> Flags:
        """Pots of the world outside."""
        return np.asarray(self.pots["kind"] == OUTSIDE)

    @cached_property
    def special(self) -> Flags:
        """Accounts of a kind at which money may go no further."""
        return np.isin(self.kind, (1, 2, 3, 4))

    @cached_property
    def parties(self) -> bool:
        """Whether anybody's party is known."""
        return bool((self.party >= 0).any())

    @cached_property
    def stops(self) -> bool:
        """Whether money goes no further anywhere."""
        return bool(self.gone.any() or self.special.any())


@dataclass(frozen=True)
class Laid:
    """The steps with their balances and indexes: what of a ledger follows from :class:`Moves`."""

    steps: Records
    converted: Ints
    pots: Records
    debits: Index
    credits: Index
    row_pointer: Ints
    row_steps: Numbers


def lay_out_rows(
    keeping: Keeping,
    origin: Numbers,
    times: tuple[Ints, Ints],
    sides: tuple[Numbers, Numbers],
    amounts: tuple[Ints, Ints],
    currency: Numbers,
) -> Records:
    """The transfers in order: ``origin`` is the row of the table that each is."""
    columns = (
        (fixed(times[0], np.int64), fixed(times[1], np.int64)),
        (fixed(sides[0], np.int32), fixed(sides[1], np.int32)),
        (fixed(amounts[0], np.int64), fixed(amounts[1], np.int64)),
        fixed(currency, np.int32),
    )
    rows = keeping.growing("rows", ROW, origin.size)
    for at in range(0, origin.size, STRETCH):
        part = fixed(origin[at : at + STRETCH], np.int32)
        room = rows.room(part.size)
        lay_rows(room, part, *columns)
        rows.put(room)
    return rows.end()


def lay_out_steps(
    moves: Moves, opening: Ints, origin: Numbers, keeping: Keeping, named: tuple[Any, Callable[[int], str]]
) -> Laid:
    """One step an event that still moves money, in order, with its balances, under the pots of both sides.

    ``opening`` is what each pot opens with, ``origin`` the row of the table that each transfer is; ``named``
    says what accounts and transfers are called, where there is something to refuse.
    """
    pots, size = moves.pots, moves.row_of.size
    if (pots["kind"] == CUSTODY).any():
        whole = InMemory().growing("steps", STEP, _count(moves))
        parts = [(at, found) for at, steps, found in _stretches(moves, whole)]
        converted = _joined(parts)
        divided = divide(whole.end(), converted, pots, opening, origin)
        pots, opening, steps = divided.pots, divided.opening, divided.steps
        steps["repaid"] = divided.repaid
        counts = [np.bincount(steps[side], minlength=len(pots)) for side in ("src", "dst")]
        given: Iterable[tuple[int, Records, Ints]] = [(0, steps, divided.converted)]
        target = keeping.growing("steps", STEP, len(steps))
    else:
        counts = [_counted(moves, side) for side in (0, 1)]
        target = keeping.growing("steps", STEP, int(counts[0].sum()))
        given = _stretches(moves, target)
        steps = None
    total = int(counts[0].sum())
    run = _Run(pots, opening, counts, total)
    parts = []
    with threads(2, size) as aside:  # what is laid out is entered in the indexes beside the next
        entered: Future[None] | None = None
        for first, laid, found in given:
            if steps is not None:  # all of them are there
                room = target.room(len(laid))
                room[:] = laid
                laid = room
            run_balances(laid, run.stand, found[:, 0].copy(), found[:, 1].copy())
            if entered is not None:
                entered.result()
            entered = aside.submit(run.enter, first, laid)
            parts.append((first, found))
            target.put(laid)
        if entered is not None:
            entered.result()
    del moves, given, steps
    converted = _joined(parts)
    pots["opening"] = opening
    pots["closing"] = run.stand["held"]
    run.refuse(converted, pots, *named)
    with threads(2, size) as pool:
        indexes = [pool.submit(run.index, back, keeping) for back in (False, True)]
        row_pointer, row_steps = run.by_row(size)
        debits, credits_ = (x.result() for x in indexes)
        return Laid(target.end(), converted, pots, debits, credits_, row_pointer, row_steps)


def _count(moves: Moves) -> int:
    """How many steps there will be."""
    if moves.whole:
        return moves.events.row.size
    return sum(int((moves.net[moves.events.row[part]] > 0).sum()) for part, _ in moves.events.stretches())


def _counted(moves: Moves, side: int) -> Ints:
    """How many steps each pot pays, or receives."""
    counts = np.zeros(len(moves.pots), np.int64)
    for part, _ in moves.events.stretches():
        pots = moves.pots_of[side][part]
        if not moves.whole:
            pots = pots[moves.net[moves.events.row[part]] > 0]
        count_keys(fixed(pots, np.int32), counts)
    return counts


def _joined(parts: list[tuple[int, Ints]]) -> Ints:
    """The conversions of stretches of steps, each with the number of its first one."""
    found = [np.column_stack((first + some[:, 0], some[:, 1])) for first, some in parts if len(some)]
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)


def _stretches(moves: Moves, target: Growing) -> Iterator[tuple[int, Records, Ints]]:
    """Stretches of steps, each with the number of its first, laid out but for their balances; and those that
    arrive as another amount, by their places in the stretch, and that amount. Conversions happen on arrival.
    """
    at = 0
    for part, _ in moves.events.stretches():
        row, first, second = moves.events.row[part], moves.events.first[part], moves.events.second[part]
        payer, payee = (pots[part] for pots in moves.pots_of)
        amount = moves.net[row]
        leaving, arriving = first, second  # on that side there is no account
        if moves.bridged[0].size:
            leaving, arriving = first | moves.bridged[1][part], second | moves.bridged[0][part]
        if not moves.whole:
            keep = amount > 0
            row, first, second = row[keep], first[keep], second[keep]
            leaving, arriving = leaving[keep], arriving[keep]
            payer, payee, amount = payer[keep], payee[keep], amount[keep]
        flags = _stops(moves, row, leaving, arriving, (payer, payee)) if moves.stops else None
        flags = _flags(moves, row, first, second, flags)
        which = np.zeros(0, np.int64)
        if flags.size:
            which = np.flatnonzero(flags & CONVERTS)
        steps = target.room(row.size)
        lay_steps(
            steps,
            fixed(moves.row_of[row], np.int32),
            (fixed(payer, np.int32), fixed(payee, np.int32)),
            fixed(amount, np.int64),
            fixed(flags, np.int32),
        )
        found = np.column_stack((which, moves.received[row[which]])).astype(np.int64).reshape(-1, 2)
        yield at, steps, found
        at += row.size


def _flags(moves: Moves, row: Numbers, first: Flags, second: Flags, stops: Numbers | None) -> Numbers:
    """The flags of steps: why money goes no further, and what else is known; without any, no entry."""
    flags = stops
    source, target = (side[row] for side in moves.accounts)
    inner = source == target
    if moves.parties:  # an account without a party is its own
        inner |= (moves.party[source] >= 0) & (moves.party[source] == moves.party[target])
    marks = [(INNER, inner), (ARRIVAL, second)]
    if moves.converts.any():
        marks.append((CONVERTS, moves.converts[row] & ~first))
    for mark, which in marks:
        if which.any():
            flags = np.zeros(row.size, np.int32) if flags is None else flags
            flags[which] |= mark
    return np.zeros(0, np.int32) if flags is None else flags


def _stops(
    moves: Moves, row: Numbers, first: Flags, second: Flags, pots_of: tuple[Numbers, Numbers]
) -> Numbers:
    """Flags that say why money goes no further, forward and backward."""
    gone, special = moves.gone, moves.special
    flags = np.zeros(row.size, np.int32)
    (source_pot, target_pot), (source, target) = pots_of, moves.accounts
    for pot, side, transit, shift, forward in (
        (target_pot, target, first, 0, True),
        (source_pot, source, second, 3, False),
    ):
        place = np.flatnonzero(gone[pot] | special[side[row]])  # all others walk on
        these = row[place]
        outside, what = gone[pot[place]], moves.kind[side[these]]
        stop = np.where(outside, 4, 0)
        stop = np.where((what == 4) & outside, 3, stop)
        if forward:
            stop = np.where(outside & moves.fee[these] & (what != 1) & (what != 4), 2, stop)
        stop = np.where((what == 2) | (what == 3), 2, stop)
        stop = np.where(what == 1, 1, stop)
        flags[place] |= (np.where(transit[place], 0, stop) << shift).astype(np.int32)
    return flags


class _Run:
    """The state of the pots while steps are run through, and the indexes that come of it."""

    def __init__(self, pots: Records, opening: Ints, counts: list[Ints], total: int) -> None:
        self.outside = pots["kind"] == OUTSIDE
        self.stand = np.zeros(len(pots), STAND)
        self.stand["outside"] = self.outside
        divided = pots["kind"] == CUSTODY
        self.stand["divided"] = divided
        self.stand["credited"] = np.maximum(opening, 0)
        # a compartment owes nothing: its lender is known already
        self.stand["held"] = np.where(divided, self.stand["credited"], opening)
        self.pointers = [np.concatenate(([0], np.cumsum(x))).astype(np.int64) for x in counts]
        self.free = [pointer[:-1].copy() for pointer in self.pointers]
        self.entries: list[Any] = [np.empty(total, ENTRY) for _ in counts]
        self.beyond: list[Any] = [None, None, None]
        self.rows: list[Numbers | range] = []

    def enter(self, first: int, steps: Records) -> None:
        """Enter steps in both indexes, and note the first that is beyond what is divided exactly."""
        for back in (False, True):
            index_steps(
                steps, first, back, fixed(self.pointers[back], np.int64), self.free[back], self.entries[back]
            )
        for i, s in enumerate(first_beyond(steps, self.outside, GREATEST)):
            if s >= 0 and self.beyond[i] is None:
                self.beyond[i] = (first + s, steps[s].copy())
        rows = np.arange(first, first + len(steps), dtype=np.int32)
        plain = bool((steps["row"] == rows).all())
        self.rows.append(range(first, first + len(steps)) if plain else steps["row"].copy())

    def by_row(self, size: int) -> tuple[Ints, Numbers]:
        """The steps of each row; empty where every row is one step."""
        if all(isinstance(x, range) for x in self.rows) and sum(len(x) for x in self.rows) == size:
            return np.zeros(0, np.int64), np.zeros(0, np.int32)
        rows = [np.arange(x.start, x.stop, dtype=np.int32) if isinstance(x, range) else x for x in self.rows]
        return index_by(np.concatenate([np.zeros(0, np.int32), *rows]), size)

    def index(self, back: bool, keeping: Keeping) -> Index:
        """The index of one side; what it was laid out in is let go of."""
        name = "credits" if back else "debits"
        entries, self.entries[back] = self.entries[back], None
        last = np.ascontiguousarray(self.stand["credit" if back else "debit"])
        lows = build_lows(fixed(self.pointers[back], np.int64), entries, fixed(last, np.int64), back)
        columns = {}
        for column, field in (("steps", "step"), ("starts", "start"), ("held", "held")):
            array = keeping.growing(f"{name}_{column}", ENTRY[field], len(entries))
            for at in range(0, len(entries), STRETCH):
                part = entries[field][at : at + STRETCH]
                room = array.room(part.size)
                room[:] = part
                array.put(room)
            columns[column] = array.end()
        return Index(pointer=self.pointers[back], lows=keeping.whole(f"{name}_lows", lows), **columns)

    def refuse(
        self, converted: Ints, pots: Records, account_ids: Any, transfer_of: Callable[[int], str]
    ) -> None:
        """Refuse by name what pro rata and conversions would not divide exactly."""
        problems: list[Problem] = []
        for found, name, side in zip(self.beyond, ("avail", "after"), ("src", "dst"), strict=False):
            if found:
                step = found[1]
                account = int(pots["account"][step[side]])
                problem = Problem(
                    "transfers",
                    N_("the balance of account {account} reaches {balance} minor units"),
                    {
                        "account": account_ids[account].as_py() if account >= 0 else "",
                        "balance": int(step[name]),
                    },
                    expected=N_("balances below 4503599627370496 (2**52) minor units"),
                )
                if problem not in problems:
                    problems.append(problem)
        # an amount beyond it can still stand between accounts that are not covered, or overdrawn
        large = [(int(found[1]["row"]), int(found[1]["amount"])) for found in self.beyond[2:] if found]
        large += [
            (self._row_of(int(s)), int(amount)) for s, amount in converted[converted[:, 1] >= GREATEST][:1]
        ]
        for row, amount in [] if problems else large[:1]:
            problems.append(
                Problem(
                    "transfers",
                    N_("the amount of transfer {transfer} is {amount} minor units"),
                    {"transfer": transfer_of(row), "amount": amount},
                    expected=N_("amounts below 4503599627370496 (2**52) minor units"),
                )
            )
        if problems:
            raise InputError(*problems)

    def _row_of(self, step: int) -> int:
        for rows in self.rows:
            if step < len(rows):
                return int(rows[step])
            step -= len(rows)
        raise IndexError(step)
