"""How much of very many seeds came to some accounts, each within its own time: one question, not one a seed.

It is asked of a ledger in which those accounts are not covered, so that money stops there (an excerpt of a
case, say). First in, first out one walk of the chains of all seeds tells it, pro rata one pass back in time
(`graphflow.kernels.reaching`): there the part of every seed is followed in double precision, and the amount
is the nearest whole unit. Transfers between accounts of one party carry no hop. A seed transfer restarts, as
in `graphflow.trace`: money of one seed that comes to another seed's transfer ends before it.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from graphflow import sets
from graphflow.kernels.reaching import reaching_parts
from graphflow.ledger.form import Ledger
from graphflow.tracing.chains import Batch, Chains, Limits
from graphflow.tracing.envelope import bounds_at
from graphflow.tracing.seeds import Seeds, ends_of_case, step_after
from graphflow.tracing.walk import View, _roots, lots_of

Ints = NDArray[np.int64]
Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]

RULES = ("fifo", "prorata")
"""The rules under which it is told."""

WAYS = 3
"""So many of the greatest ways are kept."""


@dataclass(frozen=True)
class Asked:
    """Seeds, each with its last moment, and the goals.

    Attributes
    ----------
    ledger
        A ledger in which no account of a goal is covered.
    rows : int64 (k), ascending
        The seed transfers, as the ledger numbers them, of one currency.
    until : int64 (k)
        Of each: the last moment, in microseconds, by which money counts that has arrived.
    goals : int8 (accounts)
        Of each account of the ledger: 0, or the goal that it belongs to (from 1).
    hops
        Most transfers after the seed.
    count
        How many goals there are.
    """

    ledger: Ledger = field(repr=False)
    rows: Ints = field(repr=False)
    until: Ints = field(repr=False)
    goals: Codes = field(repr=False)
    hops: int = 6
    count: int = 1

    @property
    def seeds(self) -> Seeds:
        """The seeds, each in full."""
        return seeds_of(self.ledger, self.rows)


@dataclass(frozen=True)
class Reached:
    """What came to the goals first in, first out.

    Attributes
    ----------
    amounts : int64 (seeds, goals)
        Minor units of the seeds' currency.
    carried : int64 (v, 2)
        Transfers by which money came to the first goal, seeds among them: the seed's place, and the row.
    ways
        The greatest ways to the first goal: amount, and the rows.
    """

    amounts: Ints
    carried: Ints = field(repr=False)
    ways: Sequence[tuple[int, tuple[int, ...]]] = field(repr=False)


def seeds_of(ledger: Ledger, rows: Ints) -> Seeds:
    """Transfers as seeds, each in full, of the whole period: ascending, and of one currency."""
    opens, closes = ends_of_case(ledger)
    net = ledger.rows["net"][rows].astype(np.int64)
    return Seeds(
        rows=rows,
        amounts=net,
        standing=(),
        currency=int(ledger.rows["currency"][rows[0]]) if rows.size else 0,
        total=int(net.sum()),
        payers=sets.unique(ledger.rows["source"][rows]).astype(np.int64),
        first=0,
        last=len(ledger.steps) - 1,
        opens=opens,
        closes=closes,
    )


def lots_reaching(asked: Asked) -> Reached:
    """What of each seed came to each goal, first in, first out."""
    ledger = asked.ledger
    if not asked.rows.size:
        return Reached(np.zeros((0, asked.count), np.int64), np.zeros((0, 2), np.int64), ())
    chains = lots_of(ledger, asked.seeds, "fifo", View(party=True), Limits(asked.hops))
    amounts = np.zeros((asked.rows.size, asked.count), np.int64)
    carried: list[Ints] = [np.zeros((0, 2), np.int64)]
    ways: list[tuple[int, tuple[int, ...]]] = []
    for batch in chains.batches():
        number, goal = _met(asked, chains, batch)
        good = goal > 0
        np.add.at(amounts, (number[good], goal[good] - 1), batch.ends[good, 3])
        first = np.flatnonzero(goal == 1)
        if not first.size:
            continue
        lengths = batch.bounds[first + 1] - batch.bounds[first]
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        rows = batch.rows[np.repeat(batch.bounds[first], lengths) + within]
        carried.append(np.unique(np.column_stack((np.repeat(number[first], lengths), rows)), axis=0))
        for at in first[np.argsort(-batch.ends[first, 3], kind="stable")[:WAYS]].tolist():
            way = tuple(batch.rows[batch.bounds[at] : batch.bounds[at + 1]].tolist())
            ways.append((int(batch.ends[at, 3]), way))
        ways = heapq.nsmallest(WAYS, ways, key=lambda one: (-one[0], one[1]))
    return Reached(amounts, np.unique(np.concatenate(carried), axis=0), ways)


def _met(asked: Asked, chains: Chains, batch: Batch) -> tuple[Ints, Ints]:
    """Of each chain its seed's place, and the goal that it came to in time; 0 for none."""
    ledger = asked.ledger
    steps = chains.seeds[batch.ends[:, 4], 0]
    number = np.searchsorted(asked.rows, chains.steps["row"][steps])
    account = ledger.pots["account"][batch.ends[:, 1]].astype(np.int64)
    code = batch.ends[:, 0]
    stopped = (code >= 1) & (code <= 4) & (account >= 0)
    goal = np.where(stopped, asked.goals[np.maximum(account, 0)], 0).astype(np.int64)
    last = batch.rows[batch.bounds[1:] - 1]
    goal[ledger.rows["arrives"][last] > asked.until[number]] = 0
    return number, goal


def shares_reaching(asked: Asked, goals: int) -> Ints:
    """What of each seed came to each of the first so many goals, pro rata: int64 (seeds, goals)."""
    ledger = asked.ledger
    amounts = np.zeros((asked.rows.size, goals), np.int64)
    if not asked.rows.size or not goals:
        return amounts
    roots = _roots(ledger, asked.seeds, False)
    number = np.searchsorted(asked.rows, ledger.steps["row"][roots.step])
    until = asked.until[number]
    order = np.lexsort((roots.step, until))
    step, number, until = roots.step[order], number[order], until[order]
    part = (roots.ends - roots.begins)[order]
    heads = np.flatnonzero(np.concatenate(([True], until[1:] != until[:-1])))
    classes = np.column_stack(
        (step[heads], [step_after(ledger, int(until[head])) - 1 for head in heads.tolist()], heads)
    ).astype(np.int64)
    seed_of = np.full(len(ledger.steps), -1, np.int64)
    seed_of[step] = np.arange(step.size)
    stops = (ledger.steps["flags"] & 7) > 0
    account = ledger.pots["account"][ledger.steps["dst"]].astype(np.int64)
    goal = np.where(stops & (account >= 0), asked.goals[np.maximum(account, 0)], 0).astype(np.int8)
    goal[goal > goals] = 0
    state = np.zeros((len(ledger.pots), asked.hops + 1, goals))
    found = reaching_parts(ledger.steps, ledger.converted, goal, seed_of, classes, state, step.size)
    np.add.at(amounts, number, np.rint(found * part[:, None]).astype(np.int64))
    return amounts


@dataclass(frozen=True)
class Range:
    """The least and the greatest amount that any conserving attribution in time order could give.

    Attributes
    ----------
    least, greatest
        Minor units.
    exact
        Whether both are reached by some attribution; else they are bounds from outside.
    left_out
        How much of the seeds the budget did not allow to ask about: all and nothing of it are possible.
    """

    least: int
    greatest: int
    exact: bool
    left_out: int = 0


def range_of(asked: Asked, which: Ints, goals: Sequence[int], budget: int) -> tuple[Range, int]:
    """The envelope of what some seeds brought to some goals; and what is left of the budget.

    Seeds with one last moment are asked about together; of several such the bounds are added up, which are
    bounds from outside then. Limits of hops are not known to the envelope.
    """
    ledger = asked.ledger
    accounts = np.isin(asked.goals, np.asarray(goals))
    least = greatest = left_out = 0
    moments = sets.unique(asked.until[which])
    exact = moments.size <= 1
    for until in moments.tolist():
        rows = asked.rows[which[asked.until[which] == until]]
        seeds = seeds_of(ledger, rows)
        seeds = replace(seeds, last=step_after(ledger, until) - 1, closes=min(until, seeds.closes))
        low, high, enough, looked = bounds_at(ledger, seeds, accounts, budget)
        budget -= looked
        least, greatest = least + low, greatest + high
        if not enough:
            exact = False
            left_out += seeds.total
    return Range(least, greatest, exact, left_out), budget


def by_rule(asked: Asked, goals: int) -> tuple[Mapping[str, Ints], Reached]:
    """What of each seed came to each of the first so many goals under every rule; and first in, first out in
    full.

    Examples
    --------
    >>> from graphflow.synthesis import toys
    >>> ledger = toys.t1().ledger
    >>> X = np.zeros(len(ledger.account_ids), np.int8)
    >>> X[ledger.account("X")] = 1
    >>> rows = np.array([ledger.row("a"), ledger.row("c")])
    >>> found, _ = by_rule(Asked(ledger, rows, np.full(2, 2**62), X), 1)
    >>> {rule: amounts[:, 0].tolist() for rule, amounts in found.items()}
    {'fifo': [15000, 0], 'prorata': [12500, 0]}
    """
    lots = lots_reaching(asked)
    return {"fifo": lots.amounts[:, :goals], "prorata": shares_reaching(asked, goals)}, lots
