"""What stands in accounts, as their own statements and the rows say: at a moment, and how long.

Balances are of the rows net of reversals, from the opening that the ledger gives each account. Where that is
the least one that never overdraws, it is said to be unknown: then a balance is the least that can have stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from graphflow.findings import Cited
from graphflow.ledger.form import BASES, CUSTODY, ORDINARY
from graphflow.redlines.facts import Facts, Flags, Ints

_UNKNOWN = BASES.index("unknown")
EARLIEST = np.iinfo(np.int64).min // 2
"""When a statement begins that does not say when."""

_LATEST = int(np.datetime64("9999-01-01", "us").astype(np.int64))  # some write "no end" like that


@dataclass(frozen=True)
class Stretch:
    """An account's balance in one currency over one period of its statement.

    Attributes
    ----------
    account
        Its number.
    begins, ends
        The period, in microseconds; far away where the statement says none.
    opening, known
        What it opened with, and whether that is known.
    times, after
        When the balance changed, in order, and what it was then.
    """

    account: int
    begins: int
    ends: int
    opening: int
    known: bool
    times: Ints = field(repr=False)
    after: Ints = field(repr=False)

    def at(self, moment: int) -> int:
        """The balance behind everything up to a moment."""
        place = int(np.searchsorted(self.times, moment, side="right"))
        return int(self.after[place - 1]) if place else self.opening

    def each(self, moments: Ints) -> Ints:
        """The same behind each of some moments."""
        return np.append(self.opening, self.after)[np.searchsorted(self.times, moments, side="right")]

    @property
    def ended(self) -> bool:
        """Whether the statement says up to when it speaks."""
        return self.ends < _LATEST

    def covers(self, moment: int) -> bool:
        """Whether the statement speaks of a moment."""
        return self.begins <= moment <= self.ends


def stretches(facts: Facts, accounts: Iterable[int], currency: int) -> list[Stretch]:
    """The balances of some accounts in one currency (a code, as in `Facts.flows`), period by period."""
    found = []
    pots = facts.ledger.pots
    for account in accounts:
        periods: dict[int, list[int]] = {}
        for pot in facts.ledger.pots_of(int(facts.in_ledger[account])):
            if pots["currency"][pot] == currency and pots["kind"][pot] in (ORDINARY, CUSTODY):
                periods.setdefault(int(pots["period"][pot]), []).append(pot)
        for period, mine in periods.items():
            found.append(_stretch(facts, int(account), currency, period, mine))
    return found


def _stretch(facts: Facts, account: int, currency: int, period: int, pots: list[int]) -> Stretch:
    ledger = facts.ledger
    begins, ends = (int(ledger.periods[name][period]) for name in ("begins", "ends"))
    opening = int(ledger.pots["opening"][pots].sum())
    known = not bool((ledger.pots["basis"][pots] == _UNKNOWN).any())
    times, amounts = [], []
    for frame, where, sign in (
        (facts.flows, facts.paid_by((account,)), -1),
        (facts.arrivals, facts.paid_to((account,)), 1),
    ):
        at = frame["time"].to_numpy()[where]
        keep = (frame["currency"].to_numpy()[where] == currency) & (begins <= at) & (at <= ends)
        keep &= at <= facts.at
        times.append(at[keep])
        amounts.append(sign * frame["amount"].to_numpy()[where[keep]])
    when = np.concatenate(times)
    # of one moment what came in first: no balance is lower than it has to be
    order = np.lexsort((np.repeat((1, 0), [len(times[0]), len(times[1])]), when))
    return Stretch(
        account,
        max(begins, EARLIEST),
        ends,
        opening,
        known,
        when[order].astype(np.int64),
        opening + np.cumsum(np.concatenate(amounts)[order].astype(np.int64)),
    )


def within(parts: Sequence[Stretch], accounts: Ints, times: Ints) -> Flags:
    """Which rows, by account and time, some statements speak of."""
    found = np.zeros(times.size, np.bool_)
    for part in parts:
        found |= (accounts == part.account) & (part.begins <= times) & (times <= part.ends)
    return found


def held(parts: Sequence[Stretch], moment: int) -> int | None:
    """What stood in some accounts together at a moment; None where a statement does not reach to it.

    Examples
    --------
    >>> one = Stretch(0, 0, 100, 5, True, np.array([10, 20]), np.array([8, 3]))
    >>> held([one], 10), held([one], 99), held([one], 101)
    (8, 3, None)
    """
    total = 0
    for account in {part.account for part in parts}:
        mine = [part for part in parts if part.account == account and part.covers(moment)]
        if not mine:
            return None
        total += mine[0].at(moment)
    return total


def money_time(parts: Sequence[Stretch], until: int) -> tuple[int, int]:
    """The sum over time of what stood in some accounts, up to a moment; and what they opened with.

    The first is minor units times microseconds. What was overdrawn counts as nothing. An opening stands
    from the beginning of its statement, where that is known, else from the first row.

    Examples
    --------
    >>> one = Stretch(0, 0, 100, 0, True, np.array([0, 2, 5, 10]), np.array([100, 200, 50, 0]))
    >>> money_time([one], 10)
    (1050, 0)
    """
    total = opened = 0
    for part in parts:
        end = min(until, part.ends)
        upto = int(np.searchsorted(part.times, end, side="right"))
        times = part.times[:upto].tolist()
        if part.begins > EARLIEST:
            times = [min(part.begins, end), *times]
        elif times:
            times = [times[0], *times]
        else:
            continue
        opened += max(part.opening, 0)
        balances = [part.opening, *part.after[:upto].tolist()]
        for since, later, balance in zip(times, [*times[1:], end], balances, strict=True):
            total += max(balance, 0) * (later - since)
    return total, opened


def cite_coverage(facts: Facts, accounts: Ints) -> Iterator[Cited]:
    """The rows that say for which time the statements of some accounts are held, as context."""
    if facts.has("coverage"):
        yield facts.cite("coverage", facts.coverage_of(accounts), False)
