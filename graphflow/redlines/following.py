"""Following the money of very many at once: of each how much came to certain accounts, under each rule.

`borrowing.follow` asks for one borrower, and each time of the whole case. Here all are asked together. What
has come to an account asked about, or to one behind which money is not followed, is gone: it goes no further.
So the money of most of them never meets, and those whose money cannot meet are traced as one question; first
in, first out and last in, first out, where nobody's money depends on what else is asked, all of them are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphflow import sets
from graphflow.kernels.chains import MET
from graphflow.ledger import Ledger
from graphflow.redlines.borrowing import stops
from graphflow.redlines.facts import Facts, Flags, Ints, Numbers, runs_of
from graphflow.tracing.walk import lay_chains, stopped_at

LINEAR = ("fifo", "lifo")
"""Rules under which what is asked of one does not depend on what else is asked."""

MOST_TOGETHER = 1_000
"""Of those whose money goes through the same accounts so many are asked under the other rules."""

_NOWHERE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Question:
    """Whose money is followed: seed transfers, and others over which it is not followed, both by place.

    Among the accounts asked about ``own`` ones do not count: its money goes on from there.
    """

    seeds: Ints
    without: Ints
    own: Ints


@dataclass(frozen=True)
class Came:
    """Of some money, what came to the accounts asked about within the time, under one rule.

    Attributes
    ----------
    amount
        How much, in minor units.
    rows
        The transfers by which it came, by place, seeds among them.
    walked
        The accounts through which it came, without the last ones: what is needed to follow it again.
    """

    amount: int
    rows: Ints = field(repr=False)
    walked: Ints = field(repr=False)
    _ways: tuple[Ints, Ints, Ints] = field(repr=False)
    _facts: Facts = field(repr=False)
    _currency: str = ""

    def chains(self, top: int = 3) -> list[Mapping[str, Any]]:
        """The greatest ways; those of equal amounts by the ids of their transfers."""
        amounts, bounds, rows = self._ways
        ids = self._facts.ledger.transfer_ids
        sums: dict[tuple[int, ...], int] = {}
        for i, amount in enumerate(amounts.tolist()):
            way = tuple(rows[bounds[i] : bounds[i + 1]].tolist())
            sums[way] = sums.get(way, 0) + amount
        edge = sorted(sums.values(), reverse=True)[:top][-1:]
        ways = [
            (amount, [ids[row].as_py() for row in way])
            for way, amount in sums.items()
            if amount >= (edge[0] if edge else 0)
        ]
        ways.sort(key=lambda way: (-way[0], way[1]))
        return [{"amount": a, "currency": self._currency, "transfers": w} for a, w in ways[:top]]


def follow_all(
    facts: Facts,
    questions: Sequence[Question],
    aims: Flags,
    within: int,
    *,
    hops: int,
    rules: Sequence[str],
    currency: int,
) -> list[dict[str, Came]]:
    """How much of each one's money came to certain accounts within some time, under each rule.

    It counts at the first of the accounts that it comes to, by the time since its own seed, and is not
    followed through the accounts of `borrowing.stops` nor over transfers in ``without``.

    Parameters
    ----------
    questions
        No two have a seed in common; all seeds are in ``currency``.
    aims
        Accounts.
    within
        Microseconds.
    hops
        Most transfers after the seed.
    """
    return _Following(facts, questions, aims, within, hops, currency).asked(rules) if questions else []


class _Following:
    def __init__(
        self, facts: Facts, questions: Sequence[Question], aims: Flags, within: int, hops: int, currency: int
    ) -> None:
        self.facts, self.questions = facts, questions
        self.within, self.hops, self.currency = within, hops, currency
        ledger = facts.ledger
        self.aims = aims[facts.of_ledger]
        self.blocked = (stops(facts) & ~aims)[facts.of_ledger]
        self.seeds = [sets.unique(facts.ledger_row[each.seeds]).astype(np.int64) for each in questions]
        self.whose = np.full(ledger.size, -1, np.int32)
        self.barred = np.full(ledger.size, -1, np.int32)
        for number, (question, seeds) in enumerate(zip(questions, self.seeds, strict=True)):
            self.whose[seeds] = number
            self.barred[facts.ledger_row[question.without]] = number
        self.owner = self._owners()
        self.stops = self.aims | self.blocked
        first = np.concatenate([self._steps_of(ledger, rows) for rows in self.seeds])
        self.ledger, self.changed = stopped_at(ledger, self.stops, self.owner, first)
        self.until = min(int(ledger.rows["time"][np.concatenate(self.seeds)].max()) + within, facts.at)

    def _owners(self) -> Numbers:
        """By account asked about whose own it is; those of several belong to none, and set them apart."""
        owner = np.full(self.aims.size, -1, np.int32)
        self.apart: set[int] = set()
        for number, question in enumerate(self.questions):
            mine = self.facts.in_ledger[question.own]
            mine = mine[mine >= 0]
            mine = mine[self.aims[mine]]
            taken = mine[owner[mine] >= 0]
            if taken.size:
                self.apart |= {number, *owner[taken].tolist()}
            owner[mine] = number
        return owner

    def asked(self, rules: Sequence[str]) -> list[dict[str, Came]]:
        """What came of each one's money, by rule."""
        self._set_apart()
        found = self._together(rules, sets.minus(np.arange(len(self.questions)), list(self.apart)))
        for number in sorted(self.apart):
            with self._opened(number):
                found[number] = self._together(rules, np.array([number]))[number]
        return found

    def _set_apart(self) -> None:
        """Those whose own account is asked about and may be paid by who got their money: it would go on."""
        ledger = self.ledger
        reached = self._reached()[0]
        of = ledger.pots["account"]
        steps = self.changed
        steps = steps[self.owner[of[ledger.steps["dst"][steps]]] >= 0]
        steps = steps[reached[ledger.steps["src"][steps]]]
        source, target = (of[ledger.steps[side][steps]] for side in ("src", "dst"))
        owner = np.where(source >= 0, self.owner[source], -1)
        self.apart |= set(self.owner[target[owner < 0]].tolist())

    @contextmanager
    def _opened(self, number: int) -> Iterator[None]:
        """One question alone, of whose own accounts none stops its money."""
        mine = self.facts.in_ledger[self.questions[number].own]
        mine = mine[mine >= 0]
        kept = self.owner[mine].copy()
        steps = self.changed[
            np.isin(self.ledger.pots["account"][self.ledger.steps["dst"][self.changed]], mine)
        ]
        self.ledger.steps.setflags(write=True)
        self.ledger.steps["flags"][steps] &= ~7
        self.ledger.steps.setflags(write=False)
        self.owner[mine] = number
        try:
            yield
        finally:
            self.ledger.steps.setflags(write=True)
            self.ledger.steps["flags"][steps] |= 4
            self.ledger.steps.setflags(write=False)
            self.owner[mine] = kept

    def _together(self, rules: Sequence[str], everybody: Ints) -> list[dict[str, Came]]:
        found: list[dict[str, Came]] = [{} for _ in self.questions]
        for rule in rules if everybody.size else ():
            left_out: set[int] = set()
            if rule in LINEAR:
                ways, again = self._ways(everybody, rule)
                parts = [ways]
                for number in again.tolist():  # its money came to another one's seed, and goes on from there
                    parts.append(self._ways(np.array([number]), rule)[0])
                told = [(part, again if part is ways else everybody[:0]) for part in parts]
            else:
                rounds, left_out = self._rounds(everybody)
                told = [(self._ways(numbers, rule)[0], everybody[:0]) for numbers in rounds]
            here = np.zeros(len(self.questions), np.bool_)
            for part, but in told:
                for number, came in self._told(part, set(but.tolist())):
                    found[number][rule] = came
                    here[number] = True
            for number in everybody[~here[everybody]].tolist():
                if number not in left_out:
                    found[number][rule] = self._nothing(number)
        return found

    # ------------------------------------------------------------ one question of several

    def _ways(self, numbers: Ints, rule: str) -> tuple[tuple[Ints, Ints, Ints, Ints], Ints]:
        """The ways by which the money of some of them came: whose, how much, from where to where in their
        rows; and those whose money met a seed of another one before anything was decided.
        """
        rows = np.sort(np.concatenate([self.seeds[each] for each in numbers.tolist()]))
        chains = lay_chains(self.ledger, rows, rule, self.hops, until=self.until)
        of = self.facts.ledger.rows
        whose, amounts, lengths, flat, again = [], [], [], [], []
        for batch in chains.batches():
            heads, size = batch.bounds[:-1], np.diff(batch.bounds)
            if not size.size:
                continue
            chain = np.repeat(np.arange(size.size), size)
            at = np.arange(batch.rows.size) - heads[chain]
            seed = batch.rows[heads]
            owner = self.whose[seed]
            passed = np.abs(of["time"][batch.rows] - of["time"][seed][chain])
            account = of["target"][batch.rows]
            ends = (passed > self.within) | self.blocked[account]
            ends |= (self.barred[batch.rows] == owner[chain]) & (at > 0)
            comes = self.aims[account] & (self.owner[account] != owner[chain]) & ~ends
            first_end = np.minimum.reduceat(np.where(ends, at, _NOWHERE), heads)
            first = np.minimum.reduceat(np.where(comes, at, _NOWHERE), heads)
            came = first < first_end
            met = ~came & (first_end == _NOWHERE) & (batch.ends[:, 0] == MET)
            again.append(sets.unique(owner[met]))
            whose.append(owner[came])
            amounts.append(batch.ends[came, 3])
            lengths.append(first[came] + 1)
            flat.append(batch.rows[came[chain] & (at <= first[chain])])
        nothing = [np.zeros(0, np.int64)]
        return (
            tuple(
                np.concatenate(nothing + part).astype(np.int64) for part in (whose, amounts, lengths, flat)
            ),
            sets.unique(np.concatenate(nothing + again)).astype(np.int64),
        )  # type: ignore[return-value]

    def _told(self, ways: tuple[Ints, Ints, Ints, Ints], but: set[int]) -> Iterator[tuple[int, Came]]:
        """What came, of each of whose money anything did."""
        whose, amounts, lengths, flat = ways
        if not whose.size:
            return
        order = np.argsort(whose, kind="stable")
        begins = np.cumsum(lengths) - lengths
        rows = flat[runs_of(np.append(begins, flat.size), order)]
        whose, amounts, lengths = whose[order], amounts[order], lengths[order]
        bounds = np.append(0, np.cumsum(lengths))
        numbers, first = np.unique(whose, return_index=True)
        for number, low, high in zip(
            numbers.tolist(), first.tolist(), [*first[1:].tolist(), whose.size], strict=True
        ):
            if number in but:
                continue
            mine = rows[bounds[low] : bounds[high]]
            inside = np.ones(mine.size, np.bool_)
            inside[bounds[low + 1 : high + 1] - bounds[low] - 1] = False  # where it came to, it was not mixed
            yield number, self._came(
                number, int(amounts[low:high].sum()), mine, mine[inside],
                (amounts[low:high], bounds[low : high + 1] - bounds[low], mine),
            )  # fmt: skip

    def _came(
        self, number: int, amount: int, rows: Ints, inside: Ints, ways: tuple[Ints, Ints, Ints]
    ) -> Came:
        facts = self.facts
        of = facts.ledger.rows
        walked = sets.unique(of["target"][np.concatenate([inside, self.seeds[number]])])
        walked = walked[~self.stops[walked] | (self.owner[walked] == number)]
        return Came(
            amount, sets.unique(of["origin"][rows]).astype(np.int64), facts.of_ledger[walked], ways, facts,
            facts.currencies[self.currency],
        )  # fmt: skip

    def _nothing(self, number: int) -> Came:
        none = np.zeros(0, np.int64)
        return self._came(number, 0, none, none, (none, np.zeros(1, np.int64), none))

    # ------------------------------------------------------------ whose money never meets

    def _rounds(self, everybody: Ints) -> tuple[list[Ints], set[int]]:
        """All of them, in as few rounds as there may be: of those whose money can meet one a round; and those
        for whom there are too many.
        """
        key = everybody.tobytes()
        kept: dict[bytes, tuple[list[Ints], set[int]]] = self.__dict__.setdefault("_kept_rounds", {})
        if key not in kept:
            if everybody.size == 1:
                return [everybody], set()
            turn = self._turns(everybody)
            order = np.argsort(turn, kind="stable")
            order = order[turn[order] < MOST_TOGETHER]
            rounds = np.split(everybody[order], np.flatnonzero(np.diff(turn[order])) + 1)
            kept[key] = rounds, set(everybody[turn >= MOST_TOGETHER].tolist())
        return kept[key]

    def _reached(self) -> tuple[Flags, Ints, Ints]:
        """The pots that money of any of them can come to, and between which: by both ends of each step."""
        ledger = self.ledger
        steps, index = ledger.steps, ledger.debits
        seeds = np.concatenate([self._steps_of(ledger, rows) for rows in self.seeds])
        frontier = sets.unique(steps["dst"][seeds[self._goes_on(seeds)]])
        reached = np.zeros(len(ledger.pots), np.bool_)
        ones, others = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
        while frontier.size:
            reached[frontier] = True
            taken = index.steps[runs_of(index.pointer, frontier.astype(np.int64))].astype(np.int64)
            taken = taken[self._goes_on(taken)]
            ones.append(steps["src"][taken])
            others.append(steps["dst"][taken])
            frontier = sets.unique(others[-1])
            frontier = frontier[~reached[frontier]]
        return reached, np.concatenate(ones), np.concatenate(others)

    def _turns(self, everybody: Ints) -> Ints:
        """Of each its turn among those whose money may come to the same pots, whenever it does."""
        steps, size = self.ledger.steps, len(self.ledger.pots)
        reached, one, other = self._reached()
        ones, others = [one], [other]
        # of one question all pots are tied, and a seed that is paid out of a pot which money comes to
        of_seed = [self._steps_of(self.ledger, self.seeds[number]) for number in everybody.tolist()]
        for seeds in of_seed:
            pots = sets.unique(steps["dst"][seeds[self._goes_on(seeds)]])
            paid_from = sets.unique(steps["src"][seeds])
            pots = np.concatenate([pots, paid_from[reached[paid_from]]])
            ones.append(pots[:-1])
            others.append(pots[1:])
        one, other = np.concatenate(ones), np.concatenate(others)
        _, label = connected_components(
            coo_array((np.ones(one.size, np.bool_), (one, other)), shape=(size, size)), directed=False
        )
        part = size + np.arange(len(of_seed))  # what goes no further meets nobody's
        for number, seeds in enumerate(of_seed):
            on = seeds[self._goes_on(seeds)]
            if on.size:
                part[number] = label[steps["dst"][on[0]]]
        return np.asarray(pd.Series(part).groupby(part).cumcount(), np.int64)

    def _goes_on(self, steps: Ints) -> Flags:
        found: Flags = self.ledger.steps["flags"][steps] & 7 == 0
        return found

    @staticmethod
    def _steps_of(ledger: Ledger, rows: Ints) -> Ints:
        if len(ledger.row_pointer) == 0:
            return rows
        return ledger.row_steps[runs_of(ledger.row_pointer, rows)].astype(np.int64)
