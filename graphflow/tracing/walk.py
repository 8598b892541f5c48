"""From seeds to what every transfer carries, where it ends, and by which chains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphflow import sets
from graphflow.errors import Problem, UsageError
from graphflow.kernels import chains as kernel
from graphflow.kernels.fifo import trace_lots
from graphflow.kernels.index import index_by
from graphflow.kernels.libr import trace_lowest
from graphflow.kernels.lifo import trace_stack
from graphflow.kernels.poison import spread
from graphflow.kernels.prorata import nearest, trace_shares
from graphflow.language import N_
from graphflow.ledger.form import ARRIVAL, CLEARING, INNER, PARTS, STEP, TRANSIT, Index, Ledger
from graphflow.tracing.chains import NO_LENDERS, Chains, Limits, ruler
from graphflow.tracing.claims import apart
from graphflow.tracing.rules import RULES
from graphflow.tracing.seeds import Seeds, step_after

Ints = NDArray[np.int64]

STAYS, CASH, FEE, HUB, OUTSIDE, LENDER, RECIRCULATED, HORIZON = range(8)
"""How a piece of money ends, as the kernels number it."""

PATIENCE = 1024
"""After so many places that were visited out of order a kernel looks whether a straight pass is cheaper."""


@dataclass(frozen=True)
class Flow:
    """What a question found.

    Attributes
    ----------
    moved : int64 (v, 3)
        Step, traced in its own currency, traced in the seed's; in the order that it was found.
    ends : int64 (e, 4)
        Code, pot, amount, amount in the seed's currency; may name a pot more than once.
    whole : int64 (w, 3)
        What moves without limits, where what is kept within them depends on that: under shares what leaves
        an account depends on all that is in it.
    """

    moved: Ints
    ends: Ints
    whole: Ints | None = None


@dataclass(frozen=True)
class _Roots:
    """Seeds as the kernels take them: one row a step of a seed transfer or a standing pot, in time order."""

    place: Ints
    step: Ints
    pot: Ints
    begins: Ints
    ends: Ints
    balance: Ints


def _side(ledger: Ledger, backward: bool) -> Index:
    return ledger.credits if backward else ledger.debits


def _roots(ledger: Ledger, seeds: Seeds, backward: bool) -> _Roots:
    """Each seed transfer's steps, with the part of each that is seed, and each pot with standing money."""
    if not seeds.standing and len(ledger.row_pointer) == 0:
        return _plain_roots(ledger, seeds, backward)
    size = len(ledger.steps)
    found: list[tuple[int, int, int, int, int, int]] = []
    for row, part in zip(seeds.rows.tolist(), seeds.amounts.tolist(), strict=True):
        steps = ledger.steps_of(row)
        # forward the first leg of a transfer in two is what restarts, backward the second
        second = backward and bool(int(ledger.steps["flags"][steps[-1]]) & ARRIVAL)
        legs = [s for s in steps if bool(int(ledger.steps["flags"][s]) & ARRIVAL) == second]
        run = 0
        for s in legs:
            amount = int(ledger.steps["amount"][s])
            low, high = 0, max(0, min(part - run, amount))
            run += amount
            if backward:
                low, high = amount - high, amount
                found.append((2 * (size - 1 - s), s, -1, low, high, amount))
            else:
                found.append((2 * s, s, -1, low, high, amount))
    for stand in seeds.standing:
        low, high = stand.begins, stand.ends
        place = stand.after
        if backward:
            low, high = -high, -low
            place = size - 2 - stand.after
        found.append((2 * place + 1, -1, stand.pot, low, high, stand.balance))
    found.sort()
    table = np.array(found, np.int64).reshape(-1, 6)
    return _Roots(*(np.ascontiguousarray(table[:, i]) for i in range(6)))


def _plain_roots(ledger: Ledger, seeds: Seeds, backward: bool) -> _Roots:
    """The same where every transfer is one step and nothing stands."""
    steps, part = seeds.rows, seeds.amounts
    amount = ledger.steps["amount"][steps].astype(np.int64)
    none = np.full(steps.size, -1, np.int64)
    if backward:
        steps, part, amount = steps[::-1].copy(), part[::-1].copy(), amount[::-1].copy()
        return _Roots(2 * (len(ledger.steps) - 1 - steps), steps, none, amount - part, amount, amount)
    return _Roots(2 * steps, steps, none, np.zeros_like(part), part.copy(), amount)


@dataclass(frozen=True)
class View:
    """How a question is asked.

    Attributes
    ----------
    backward
        Where the money came from.
    party
        Transfers inside one party carry no hop and are left out of chains.
    coordinated
        What repays a lender goes on as the payment that the overdraft made.
    """

    backward: bool = False
    party: bool = False
    coordinated: bool = False

    def asked(self, rule: str) -> int:
        """The same, and the rule, as the kernel of chains takes it."""
        return (
            kernel.BACK * self.backward
            + kernel.LIFO * (rule == "lifo")
            + kernel.PARTY * self.party
            + kernel.COORDINATED * self.coordinated
        )


def follow(
    ledger: Ledger, seeds: Seeds, rule: str, view: View, limits: Limits
) -> tuple[Flow, Callable[[], Chains]]:
    """Run a rule.

    Without limits (and, under ``fifo`` and ``lifo``, without conversions on the way) the amounts come from
    one pass in time order; otherwise they are the sums of the chains that are kept. So they are where
    overdrafts are coordinated: time runs both ways there.
    """
    backward, asked = view.backward, view.asked(rule)
    roots = _roots(ledger, seeds, backward)
    size = len(ledger.steps)
    last = size - 1 - seeds.first if backward else seeds.last
    if rule == "poison":
        return _poison_flow(ledger, roots, last, view, limits), _no_chains
    if rule in ("prorata", "libr"):
        shares = (_lowest if rule == "libr" else _shares)(ledger, roots, last, backward)
        flow = _shares_flow(ledger, shares, backward)
        if limits.none:
            return flow, lambda: apart(_laid_out(ledger, roots, shares, asked))
        kept_chains = apart(_laid_out(ledger, roots, shares, asked)).limited(limits)
        kept, pieces = kept_chains.sums()
        came = _came(ledger, roots, shares, backward)
        moved, ends = _scaled(kept, flow.moved), _scaled_ends(pieces, flow.ends, came)
        return Flow(moved, ends, flow.moved), lambda: kept_chains
    chains = _lots_chains(ledger, roots, last, asked, limits)
    if rule == "lifo" and limits.none:
        flow_of = _stacked(ledger, roots, last, backward)
        if flow_of is not None:
            return flow_of, lambda: chains
    # READING: coordinated, the period closes as it does otherwise: what repays an overdraft goes on as a
    # payment that is earlier in time (backward later), and of a period only the other side closes.
    if limits.none and not view.coordinated and rule == "fifo":
        side = _side(ledger, backward)
        table = np.column_stack(
            (roots.place, roots.pot, roots.begins, roots.ends, np.zeros_like(roots.place))
        )
        with ledger.scratch(2) as queue:
            status, moved, stopped, left = trace_lots(
                ledger.steps, side.pointer, side.steps, side.starts, table, queue, last, backward
            )
        if status == 0:
            return _lots_flow(ledger, moved, stopped, left, backward), lambda: chains
    moved, ends = chains.sums()
    return Flow(moved, ends), lambda: chains


def stopped_at(
    ledger: Ledger, accounts: NDArray[np.bool_], owner: NDArray[np.int32], seeds: Ints
) -> tuple[Ledger, Ints]:
    """The same ledger, in which what comes to some accounts, as it numbers them, goes no further; and the
    steps that were changed so.

    But what ``seeds`` (steps) bring goes on, and what comes from an account of the same ``owner`` (-1: none).
    """
    of = ledger.pots["account"]
    into = of[ledger.steps["dst"]]
    stop = (into >= 0) & accounts[into] & (ledger.steps["flags"] & 7 == 0)
    stop[seeds] = False
    own = np.flatnonzero(stop & (owner[into] >= 0))
    source = of[ledger.steps["src"][own]]
    stop[own[(source >= 0) & (owner[source] == owner[into[own]])]] = False
    steps = ledger.steps.copy()
    changed = np.flatnonzero(stop)
    steps["flags"][changed] |= OUTSIDE
    return replace(ledger, steps=steps), changed


def lay_chains(
    ledger: Ledger, rows: Ints, rule: str, hops: int, *, until: int | None = None, since: int | None = None
) -> Chains:
    """The chains alone of some transfers, all of one currency, by number and ascending: what `follow` takes
    amounts from besides is left out. Forward until a time, or backward ``since`` one.
    """
    net, none = ledger.rows["net"][rows].astype(np.int64), np.zeros(0, np.int64)
    backward, times = since is not None, ledger.rows["time"]
    first, last = 0, len(ledger.steps) - 1
    if since is not None:
        first = step_after(ledger, since - 1)
    elif until is not None:
        last = step_after(ledger, until) - 1
    seeds = Seeds(
        rows, net, (), int(ledger.rows["currency"][rows[0]]), int(net.sum()), none, first, last,
        int(times[0]), int(times[-1]),
    )  # fmt: skip
    roots, limits, asked = _roots(ledger, seeds, backward), Limits(hops), View(backward).asked(rule)
    last = len(ledger.steps) - 1 - first if backward else last
    if rule not in ("prorata", "libr"):
        return _lots_chains(ledger, roots, last, asked, limits)
    shares = (_lowest if rule == "libr" else _shares)(ledger, roots, last, backward)
    return apart(_laid_out(ledger, roots, shares, asked)).limited(limits)


def lots_of(ledger: Ledger, seeds: Seeds, rule: str, view: View, limits: Limits) -> Chains:
    """The chains of seeds first in, first out or last in, first out, to be enumerated once: without sums."""
    roots = _roots(ledger, seeds, view.backward)
    last = len(ledger.steps) - 1 - seeds.first if view.backward else seeds.last
    return _lots_chains(ledger, roots, last, view.asked(rule), limits)


def _stacked(ledger: Ledger, roots: _Roots, last: int, backward: bool) -> Flow | None:
    """Last in, first out; None where something is converted on the way.

    A balance seed is the oldest money of its pot: the lowest heights, both ways.
    """
    side = _side(ledger, backward)
    stands = roots.step < 0
    begins = np.where(stands, 0, roots.begins)
    ends = np.where(stands, roots.ends - roots.begins, roots.ends)
    table = np.column_stack((roots.place, roots.pot, begins, ends, np.zeros_like(roots.place)))
    with ledger.scratch(2) as queue:
        status, moved, stopped, left = trace_stack(
            ledger.steps, (side.pointer, side.steps, side.starts, side.held, side.lows), ledger.converted,
            table, queue, last, backward, PATIENCE,
        )  # fmt: skip
    return None if status else _lots_flow(ledger, moved, stopped, left, backward)


def _lots_flow(ledger: Ledger, moved: Ints, stopped: Ints, left: Ints, backward: bool) -> Flow:
    amounts = moved[:, (0, 1, 1)]
    ends = [np.column_stack((np.full(len(left), STAYS), left[:, 0], left[:, 1], left[:, 1]))]
    ends.append(
        np.column_stack((np.full(len(stopped), RECIRCULATED), stopped[:, 1], stopped[:, 2], stopped[:, 2]))
    )
    ends.append(_stops(ledger, moved[:, 0], moved[:, 1], moved[:, 1], backward))
    lent = moved[moved[:, 2] > 0]
    payee = ledger.steps["src" if backward else "dst"][lent[:, 0]]
    ends.append(np.column_stack((np.full(len(lent), LENDER), payee, lent[:, 2], lent[:, 2])))
    return Flow(amounts, np.concatenate(ends))


def _poison_flow(ledger: Ledger, roots: _Roots, last: int, view: View, limits: Limits) -> Flow:
    """What is touched. Nothing is an amount in the seed's currency: these columns have others, unshown.

    Where the definition leaves room:

    READING: "everything that an account pays out" is the whole of a payment, what an overdraft paid of it
    too (backward: what repaid a lender too).
    READING: an account is touched also where all that came to it repaid its lender, or where a conversion
    rounded it to nothing: it was booked there.
    READING: of a seed in part it is that part that is traced, stops, or repays a lender (as far as there is
    something to repay), also where it is in transit. What it meets is the whole payment.
    READING: where a balance is a seed, what a touched book holds there ends; what the book holds of the
    seed touches it anew, and a sub-ledger of a clearing account that holds none of it is touched no longer.
    """
    table = np.column_stack((roots.place, roots.pot, roots.ends - roots.begins, roots.balance))
    emptied = _emptied(ledger, roots)
    if len(emptied):
        table = np.concatenate((table, emptied))
        table = table[np.lexsort((table[:, 1], table[:, 0]))]
    sides = (
        ledger.debits.pointer, ledger.debits.steps, ledger.credits.pointer, ledger.credits.steps,
        ledger.compartments,
    )  # fmt: skip
    with ledger.scratch(4) as state:
        moved, ended = spread(
            ledger.steps,
            ledger.pots,
            sides,
            table,
            ledger.converted,
            state,
            (last, limits.hops, view.backward, view.party),
            PATIENCE,
        )
    return Flow(moved, ended[:, (0, 1, 2, 2)])


def _emptied(ledger: Ledger, roots: _Roots) -> Ints:
    """Sub-ledgers without money of the clearing accounts whose balance is a seed, as roots of nothing."""
    standing = np.flatnonzero(roots.step < 0)
    standing = standing[ledger.pots["kind"][roots.pot[standing]] == CLEARING]
    names = ["account", "currency", "period"]
    found = [np.zeros((0, 4), np.int64)]
    done: set[tuple[int, ...]] = set()
    for place, pot in zip(roots.place[standing].tolist(), roots.pot[standing].tolist(), strict=True):
        of = ledger.pots[pot]
        key = (place, *(int(of[name]) for name in names))
        if key in done:
            continue
        done.add(key)
        all_of = ledger.pots_of(key[1])
        near = ledger.pots[all_of.start : all_of.stop]
        same = near["kind"] == CLEARING
        for name in names[1:]:
            same &= near[name] == of[name]
        empty = sets.minus(all_of.start + np.flatnonzero(same), roots.pot[roots.place == place])
        nothing = np.zeros_like(empty)
        found.append(np.column_stack((np.full_like(empty, place), empty, nothing, nothing)))
    return np.concatenate(found)


def _no_chains() -> Chains:
    """There are none under poison.

    Raises
    ------
    UsageError
        Always.
    """
    raise UsageError(
        Problem(
            "rule",
            N_(
                "poison gives an upper bound of what money can have touched, and attributes none of it: "
                "there are no chains, routes or shares of single seeds"
            ),
            {},
            "poison",
            ", ".join(rule.name for rule in RULES if rule.attributes),
        )
    )


def _stops(ledger: Ledger, steps: Ints, amounts: Ints, seed_amounts: Ints, backward: bool) -> Ints:
    """Ends of money that arrives where it goes no further."""
    flags = ledger.steps["flags"][steps]
    which = np.flatnonzero(flags & (56 if backward else 7))
    code = (flags[which] >> 3) & 7 if backward else flags[which] & 7
    pot = ledger.steps["src" if backward else "dst"][steps[which]]
    return np.column_stack((code, pot, amounts[which], seed_amounts[which])).astype(np.int64)


def _lots_chains(ledger: Ledger, roots: _Roots, last: int, asked: int, limits: Limits) -> Chains:
    backward = bool(asked & kernel.BACK)
    restarts = sets.unique(roots.step[roots.step >= 0]).reshape(-1, 1)
    standing = np.column_stack((roots.pot, roots.place))[roots.step < 0]
    return Chains(
        ledger.steps,
        _side(ledger, backward),
        ledger.converted,
        _joined(ledger, roots, asked),
        restarts,
        standing[np.lexsort((standing[:, 1], standing[:, 0]))],
        last,
        asked,
        limits,
        lenders=ledger.lenders(backward) if asked & kernel.COORDINATED else NO_LENDERS,
    )


def _joined(ledger: Ledger, roots: _Roots, asked: int) -> Ints:
    """Seeds of chains, those of one transfer or one account together.

    A seed is the first money of its transfer; of what stands in a pot the oldest, last in first out the
    lowest.
    """
    part = roots.ends - roots.begins
    lies = -roots.ends if asked & kernel.BACK else roots.begins
    low = np.where((roots.step >= 0) | bool(asked & kernel.LIFO), 0, lies)
    table = np.column_stack(
        (roots.step, roots.pot, low, low + part, roots.place >> 1, np.arange(len(roots.step)))
    )
    if len(table) == 0 or (len(ledger.row_pointer) == 0 and not (roots.step < 0).any()):
        return table
    whose = _whose(ledger, roots.pot, bool(asked & kernel.PARTY))
    transfers = roots.step >= 0  # of none there may be no steps at all
    whose[transfers] = ledger.steps["row"][roots.step[transfers]]
    return _by_seed(table, whose)


def _whose(ledger: Ledger, pots: Ints, party: bool) -> Ints:
    """A negative number for each pot's account; by party for the party of one that has one."""
    accounts = ledger.pots["account"][np.maximum(pots, 0)].astype(np.int64)
    if not party:
        return -1 - accounts
    parties = ledger.account_party[accounts].astype(np.int64)
    return np.where(parties >= 0, -1 - len(ledger.account_ids) - parties, -1 - accounts)


def _by_seed(table: Ints, whose: Ints) -> Ints:
    """Rows of one seed beside one another and numbered as one: what several compartments paid, and what
    stood in one account, at whatever times, so that a path is told once. What comes first is the first.
    """
    _, first, inverse = np.unique(whose, return_index=True, return_inverse=True)
    order = np.argsort(first[inverse], kind="stable")
    begins = first[inverse][order]
    table = table[order]
    table[1:, 5] = np.cumsum(begins[1:] != begins[:-1])
    table[:1, 5] = 0
    return table


@dataclass(frozen=True)
class _Shares:
    """What the kernel of pro rata found, or that of the lowest intermediate balance, as it says."""

    moved: Ints
    aside: Ints
    stopped: Ints
    left: Ints

    @cached_property
    def entered(self) -> tuple[Ints, Ints, Ints]:
        """Of every row of ``moved``: what entered the next pot; of it repaid to a lender, in that currency
        and in the seed's.
        """
        came = self.moved[:, 1].copy()
        lent, lent_seed = np.zeros_like(came), np.zeros_like(came)
        which = self.aside[:, 0]
        came[which], lent[which], lent_seed[which] = self.aside[:, 1], self.aside[:, 2], self.aside[:, 3]
        return came, lent, lent_seed


def _shares(ledger: Ledger, roots: _Roots, last: int, backward: bool) -> _Shares:
    """Pro rata: amounts by the kernel; chains are laid out first in, first out among the traced money."""
    side = _side(ledger, backward)
    table = np.column_stack((roots.place, roots.pot, roots.ends - roots.begins, roots.balance))
    with ledger.scratch(6) as state:
        return _Shares(
            *trace_shares(
                ledger.steps, (side.pointer, side.steps, side.starts, side.held), table, ledger.converted,
                state, last, backward, PATIENCE,
            )
        )  # fmt: skip


def _lowest(ledger: Ledger, roots: _Roots, last: int, backward: bool) -> _Shares:
    """Lowest intermediate balance: the same. It is not asked backward."""
    assert not backward
    side = ledger.debits
    table = np.column_stack((roots.place, roots.pot, roots.ends - roots.begins, roots.balance))
    with ledger.scratch(4) as state:
        return _Shares(
            *trace_lowest(
                ledger.steps, (side.pointer, side.steps, side.starts, side.held, side.lows), table,
                ledger.converted, state, last, PATIENCE,
            )
        )  # fmt: skip


def _shares_flow(ledger: Ledger, shares: _Shares, backward: bool) -> Flow:
    moved, aside, stopped, left = shares.moved, shares.aside, shares.stopped, shares.left
    met = stopped[stopped[:, 0] != NOTHING]
    nothing = stopped[stopped[:, 0] == NOTHING]
    ends = [np.column_stack((np.full(len(left), STAYS), left[:, :3]))]
    ends.append(np.column_stack((np.full(len(met), RECIRCULATED), met[:, 1], met[:, 2], met[:, 3])))
    ends.append(np.column_stack((np.full(len(nothing), STAYS), nothing[:, 1], nothing[:, 2], nothing[:, 3])))
    came = shares.entered[0] if len(aside) else moved[:, 1]
    ends.append(_stops(ledger, moved[:, 0], came, moved[:, 2], backward))
    lent = aside[(aside[:, 2] > 0) | (aside[:, 3] > 0)]
    payee = ledger.steps["src" if backward else "dst"][moved[lent[:, 0], 0]]
    ends.append(np.column_stack((np.full(len(lent), LENDER), payee, lent[:, 2], lent[:, 3])))
    return Flow(moved, np.concatenate(ends))


def _came(ledger: Ledger, roots: _Roots, shares: _Shares, backward: bool) -> Ints:
    """What came into each pot and stayed for a while: pot, amount, seed amount; a pot more than once."""
    came, lent, lent_seed = shares.entered
    payees = ledger.steps["src" if backward else "dst"][shares.moved[:, 0]]
    stands = roots.step < 0
    part = (roots.ends - roots.begins)[stands]
    return np.concatenate(
        (
            np.column_stack((payees, came - lent, shares.moved[:, 2] - lent_seed)),
            np.column_stack((roots.pot[stands], part, part)),
        )
    )


NOTHING = -2
"""In the kernel's list of stops: a conversion rounded it to nothing."""


def _laid_out(ledger: Ledger, roots: _Roots, shares: _Shares, asked: int) -> Chains:
    """A ledger of the traced money alone, in the seed's currency, whose chains are walked first in, first
    out.

    What met a seed is a payment into nowhere. Pots are numbered anew; the last two are nobody's, and where
    money rests that a conversion rounded to nothing.
    """
    backward = bool(asked & kernel.BACK)
    moved, stopped = shares.moved, shares.stopped
    entered, lent, lent_seed = shares.entered
    size = len(ledger.steps)
    payer = ledger.steps["dst" if backward else "src"]
    payee = ledger.steps["src" if backward else "dst"]
    moved_place = size - 1 - moved[:, 0] if backward else moved[:, 0]
    seeded = np.isin(moved[:, 0], roots.step)
    vanished = (entered == lent) & (moved[:, 2] > lent_seed)
    met = stopped[stopped[:, 0] != NOTHING]
    standing = np.flatnonzero(roots.step < 0)
    met_key = np.where(met[:, 0] >= 0, 2 * (size - 1 - met[:, 0] if backward else met[:, 0]), 0)
    for i in np.flatnonzero(met[:, 0] < NOTHING).tolist():
        met_key[i] = roots.place[-3 - int(met[i, 0])]

    # in order: at one place, first what meets the seed, then the seed
    key = np.concatenate((2 * moved_place, met_key))
    kind = np.concatenate((np.ones(len(moved), np.int64), np.zeros(len(met), np.int64)))
    source = np.concatenate((np.where(seeded, -1, payer[moved[:, 0]]), met[:, 1]))
    target = np.concatenate((np.where(vanished, -2, payee[moved[:, 0]]), np.full(len(met), -1)))
    amount = np.concatenate((moved[:, 2], met[:, 3]))
    repaid = np.concatenate((lent_seed, np.zeros(len(met), np.int64)))
    number = np.concatenate((moved[:, 0], np.full(len(met), -1)))
    flags = ledger.steps["flags"][moved[:, 0]].astype(np.int64)
    stop = (flags >> 3) & 7 if backward else flags & 7
    # the second leg of a transfer in transit, as the question goes
    arrives = ledger.pots["kind"][payer[moved[:, 0]]] == TRANSIT
    marks = stop | (flags & (INNER | PARTS)) | np.where(arrives, ARRIVAL, 0)
    marks = np.concatenate((marks, np.zeros(len(met), np.int64)))
    stop = np.concatenate((stop, np.zeros(len(met), np.int64)))
    order = np.lexsort((kind, key))
    key, kind, source, target, amount, repaid, number, stop, marks = (
        x[order] for x in (key, kind, source, target, amount, repaid, number, stop, marks)
    )
    stand_pots = roots.pot[standing]
    named = [part[part >= 0] for part in (source, target, stand_pots)]
    if sum(part.size for part in named) < len(ledger.pots) // 32:
        real = sets.unique(np.concatenate(named))
    else:
        present = np.zeros(len(ledger.pots), np.bool_)
        for part in named:
            present[part] = True
        real = np.flatnonzero(present)
    vanish_from = np.flatnonzero(target == -2)
    real_pots = np.concatenate((real, payee[number[vanish_from]].astype(np.int64), [np.int64(0)]))
    nobody = len(real_pots) - 1
    source = np.where(source >= 0, np.searchsorted(real, source), nobody)
    place = np.where(target >= 0, np.searchsorted(real, target), nobody)
    place[vanish_from] = len(real) + np.arange(len(vanish_from))

    steps = np.zeros(len(key), STEP)
    steps["row"] = np.where(number >= 0, ledger.steps["row"][np.maximum(number, 0)], -1)
    steps["src"] = source
    steps["dst"] = place
    steps["amount"] = amount
    steps["avail"] = amount
    steps["repaid"] = repaid
    steps["flags"] = marks
    steps["dplace"] = ruler(source, amount)
    # standing seeds lie on the rulers like credits
    stand_key = roots.place[standing]
    stand_pot = np.searchsorted(real, stand_pots)
    stand_amount = (roots.ends - roots.begins)[standing]
    came = np.concatenate((np.where(stop == 0, amount - repaid, 0), stand_amount))
    into = np.concatenate((place, stand_pot))
    when = np.concatenate((key, stand_key))
    merged = np.lexsort((when, into))
    places = np.empty(len(came), np.int64)
    places[merged] = ruler(into[merged], came[merged])
    steps["cplace"] = places[: len(key)]

    pointer, positions = index_by(np.ascontiguousarray(steps["src"]), len(real_pots))
    none = np.zeros(0, np.int64)  # nobody asks for the lowest balances of these pots
    index = Index(pointer, positions, steps["dplace"][positions], steps["avail"][positions], none)
    seed_steps = np.flatnonzero(np.isin(number, roots.step[roots.step >= 0]) & (number >= 0))
    rows = [(int(key[s]), int(s), -1, 0, int(amount[s])) for s in seed_steps]
    for i in range(standing.size):
        low = int(places[len(key) + i])
        rows.append((int(stand_key[i]), -1, int(stand_pot[i]), low, low + int(stand_amount[i])))
    rows.sort()
    laid = np.array([[s, pot, low, high, at >> 1, 0] for at, s, pot, low, high in rows], np.int64)
    laid = laid.reshape(-1, 6)
    whose = _whose(ledger, real_pots[laid[:, 1]], bool(asked & kernel.PARTY))
    transfers = laid[:, 0] >= 0
    whose[transfers] = steps["row"][laid[transfers, 0]]
    laid = _by_seed(laid, whose)
    # a standing seed's money came in before every step behind it: its place is not compared here
    restarts = np.flatnonzero(number < 0).reshape(-1, 1)
    return Chains(
        steps, index, np.zeros((0, 2), np.int64), laid, restarts, np.zeros((0, 2), np.int64),
        len(key) - 1, asked & kernel.PARTY, Limits(), real_pots, number,
    )  # fmt: skip


def _scaled(kept: Ints, whole: Ints) -> Ints:
    """Amounts of the kept chains in each step's own currency: in proportion to what the step carries
    in all.
    """
    full = {int(s): (int(a), int(b)) for s, a, b in whole.tolist()}
    out = kept.copy()
    for i, (step, _, seed) in enumerate(kept.tolist()):
        local, total = full[step]
        out[i, 1] = local if seed == total else nearest(local, seed, total)
    return out


def _scaled_ends(pieces: Ints, whole: Ints, came: Ints) -> Ints:
    """Ends of the kept chains in their own currency, likewise: in proportion to what ends there in all, at a
    limit to what came into that pot; where nothing is converted nothing changes.
    """
    rate: dict[tuple[int, int], tuple[int, int]] = {}
    for code, pot, local, seed in whole.tolist():
        a, b = rate.get((code, pot), (0, 0))
        rate[code, pot] = (a + local, b + seed)
    for pot, local, seed in came.tolist():
        a, b = rate.get((HORIZON, pot), (0, 0))
        rate[HORIZON, pot] = (a + local, b + seed)
    out = pieces.copy()
    for i, (code, pot, _, seed) in enumerate(pieces.tolist()):
        local, total = rate.get((code, pot), (seed, seed))
        if total and local != total:
            out[i, 2] = (2 * local * seed + total) // (2 * total)
    return out
