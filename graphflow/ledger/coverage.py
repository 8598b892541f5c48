"""For which time an account's own statement is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.kernels.index import period_of
from graphflow.ledger.columns import fixed, flags, integers, known, positions, texts
from graphflow.ledger.form import PERIOD
from graphflow.ledger.order import NONE

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]
SideOf = tuple[Numbers, Ints, Numbers, Ints, Ints]

ALWAYS = np.iinfo(np.int64).max
SECOND = 1_000_000
DAY = 86_400 * SECOND
YEAR_9999 = 253_370_764_800 * SECOND


@dataclass(frozen=True)
class Coverage:
    """Periods by account, in order, and their stated openings (:data:`NONE`: not stated).

    Attributes
    ----------
    later
        Openings that are stated for a time within a period: account, time, balance.
    disputed
        Openings of one time that differ, so that none counts: account, time, balances.
    tells : bool (periods)
        Whether an opening is stated for the period or within it.
    loose : bool (periods)
        Whether nothing but the first or the last row of a delivery says that a period ends before the next
        one of its account begins.
    """

    periods: NDArray[np.void]
    openings: Ints
    pointer: Ints
    stated: bool
    later: tuple[tuple[int, int, int], ...] = ()
    disputed: tuple[tuple[int, int, tuple[int, ...]], ...] = ()
    tells: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))
    loose: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))

    def find(self, account: NDArray[np.int32], time: Ints) -> NDArray[np.int32]:
        """The period of each account that holds each time; -1 where none does."""
        if not self.stated:  # each account throughout, or never
            return self._throughout[account]
        return period_of(fixed(account, np.int32), fixed(time, np.int64), self.pointer, *self._bounds)

    @cached_property
    def _bounds(self) -> tuple[Ints, Ints]:
        begins, ends = (np.ascontiguousarray(self.periods[name]) for name in ("begins", "ends"))
        return begins, ends

    @cached_property
    def _throughout(self) -> Numbers:
        """The one period of each account, -1 where it has none; the last one is nobody's."""
        periods = np.where(self.pointer[1:] > self.pointer[:-1], self.pointer[:-1], -1)
        return np.append(periods, -1).astype(np.int32)


def end_of_day(times: Ints, bare: Flags, timezone: str) -> Ints:
    """Times of which only the date is known, as the last microsecond of that local day.

    Examples
    --------
    >>> end_of_day(np.array([0]), np.array([True]), "UTC")
    array([86399999999])
    """
    which = bare & (times != NONE)
    far = which & (times >= YEAR_9999)
    out = times
    if which.any():
        out = times.copy()
        out[far] = ALWAYS  # so banks write that there is no end; the calendar has no day after it
        which &= ~far
        local = pd.to_datetime(times[which], unit="us", utc=True).tz_convert(timezone).tz_localize(None)
        later = (local + pd.Timedelta(days=1)).tz_localize(
            timezone, ambiguous=True, nonexistent="shift_forward"
        )
        out[which] = later.tz_convert("UTC").as_unit("us").asi8 - 1
    return out


def read_coverage(
    accounts: Any, coverage: Any, ids: Any, always: Flags, timezone: str, stated: bool = False
) -> Coverage:
    """Join all statements about coverage.

    If nobody says anything about coverage, every account is covered throughout, unless it is ``stated``
    elsewhere. ``always`` are accounts that count as covered whatever is said (clearing).
    """
    size = len(ids)
    number = positions(texts(accounts, "account_id"), ids) if accounts is not None else np.zeros(0, np.int64)
    count = number.size
    begins = integers(accounts, "covered_from", count)
    ends = end_of_day(
        integers(accounts, "covered_to", count), flags(accounts, "covered_to_day", count), timezone
    )
    opening = integers(accounts, "opening_balance", count)
    # the unknown other side of a row is never covered, and says nothing about the case
    nobody = pc.starts_with(ids, "?:").to_numpy(zero_copy_only=False)
    says = known(accounts, "covered", count) & ~nobody[number]
    dated = (begins != NONE) | (ends != NONE)
    stated = stated or bool(says.any() or dated.any()) or (coverage is not None and len(coverage) > 0)

    if not stated:
        by_account = np.full(size, NONE, np.int64)
        by_account[number] = opening
        covered_all = np.flatnonzero(~nobody)
        periods = np.zeros(covered_all.size, PERIOD)
        periods["account"] = covered_all
        periods["begins"] = NONE
        periods["ends"] = ALWAYS
        pointer = np.concatenate(([0], np.cumsum(~nobody))).astype(np.int64)
        openings = by_account[covered_all]
        return Coverage(periods, openings, pointer, False, tells=openings != NONE)

    # an account that is only called covered is so for its own rows of `coverage`, else throughout
    listed = np.zeros(size, np.bool_)
    if coverage is not None and len(coverage):
        listed[positions(texts(coverage, "account_id"), ids)] = True
    denied = says & ~flags(accounts, "covered", count)
    covered = ((flags(accounts, "covered", count) & ~listed[number]) | dated) & ~always[number] & ~denied
    # an opening without a date stands before the account's first period
    undated = np.full(size, NONE, np.int64)
    undated[number[~dated]] = opening[~dated]
    ends = np.where(ends == NONE, ALWAYS, ends)
    opening = np.where(dated, opening, NONE)
    parts = [
        (number[covered], begins[covered], ends[covered], opening[covered], np.zeros(covered.sum(), np.bool_))
    ]
    if coverage is not None and len(coverage):
        rows = len(coverage)
        to = end_of_day(integers(coverage, "to", rows), flags(coverage, "to_day", rows), timezone)
        who = positions(texts(coverage, "account_id"), ids)
        refused = np.zeros(size, np.bool_)
        refused[number[denied]] = True
        keep = ~always[who] & ~refused[who]
        parts.append(
            (
                who[keep],
                integers(coverage, "from", rows)[keep],
                np.where(to == NONE, ALWAYS, to)[keep],
                integers(coverage, "opening_balance", rows)[keep],
                _inferred(coverage)[keep],
            )
        )
    open_accounts = np.flatnonzero(always)
    parts.append(
        (
            open_accounts,
            np.full(open_accounts.size, NONE),
            np.full(open_accounts.size, ALWAYS),
            np.full(open_accounts.size, NONE),
            np.zeros(open_accounts.size, np.bool_),
        )
    )
    columns = [np.concatenate([part[i] for part in parts]) for i in range(5)]
    sort = np.lexsort((columns[2], columns[1], columns[0]))
    account, begins, ends, opening, inferred = (x[sort] for x in columns)
    # overlapping and adjoining periods are one; adjoining is up to the second that statements are written in
    new = np.ones(account.size, np.bool_)
    furthest = ends.copy()
    guessed = inferred.copy()  # that the period ends there
    for i in (np.flatnonzero(account[1:] == account[:-1]) + 1).tolist():
        if begins[i] == NONE or furthest[i - 1] == ALWAYS or begins[i] <= furthest[i - 1] + SECOND:
            new[i] = False
            if furthest[i - 1] == furthest[i]:
                guessed[i] &= guessed[i - 1]
            elif furthest[i - 1] > furthest[i]:
                furthest[i], guessed[i] = furthest[i - 1], guessed[i - 1]
    heads = np.flatnonzero(new)
    tails = np.append(heads, account.size)[1:] - 1
    whose = account[heads]
    first = np.concatenate(([True], whose[1:] != whose[:-1])) if whose.size else np.zeros(0, np.bool_)
    openings = opening[heads].copy()
    tells = np.zeros(heads.size, np.bool_)
    lone = first & (undated[whose] != NONE)
    later: list[tuple[int, int, int]] = []
    disputed: list[tuple[int, int, tuple[int, ...]]] = []
    for place in np.flatnonzero((tails > heads) | lone).tolist():
        head = int(heads[place])
        said: dict[int, set[int]] = {}
        if lone[place]:
            said[int(begins[head])] = {int(undated[whose[place]])}
        for i in range(head, int(tails[place]) + 1):
            if opening[i] != NONE:
                said.setdefault(int(begins[i]), set()).add(int(opening[i]))
        openings[place] = NONE
        for time, values in said.items():
            if len(values) > 1:
                disputed.append((int(whose[place]), time, tuple(sorted(values))))
            elif time == begins[head]:
                openings[place] = values.pop()
            else:
                later.append((int(whose[place]), time, values.pop()))
        tells[place] = bool((opening[head : tails[place] + 1] != NONE).any())
    periods = np.zeros(heads.size, PERIOD)
    periods["account"] = account[heads]
    periods["begins"] = begins[heads]
    periods["ends"] = furthest[tails]
    pointer = np.searchsorted(periods["account"], np.arange(size + 1)).astype(np.int64)
    same = np.append(whose[1:] == whose[:-1], False)
    tells |= openings != NONE
    loose = same & (guessed[tails] | np.append(inferred[heads][1:], False))
    return Coverage(periods, openings, pointer, True, tuple(later), tuple(disputed), tells, loose)


def _inferred(coverage: Any) -> Flags:
    """Rows of coverage whose period is only that of the rows in a delivery."""
    words = texts(coverage, "inferred")
    if words is None:
        return np.zeros(len(coverage), np.bool_)
    found: Flags = pc.fill_null(pc.equal(words, "true"), False).to_numpy(zero_copy_only=False)
    return found


def join_deliveries(coverage: Coverage, sides: Iterable[SideOf]) -> Coverage:
    """Join periods between which nothing is missing, as the running balances say.

    A statement that does not say for which period it is ends with its last row. Where the balance behind that
    row is the one before the first row of the account's next statement, in every currency that says it, and
    nobody else's statement has a row of the account between the two, the one goes on where the other ended.

    Parameters
    ----------
    sides
        For each side of the events, in order: account (-1: none), time, currency, the balance behind it
        (:data:`NONE`: not stated) and what it changed.
    """
    loose = coverage.loose
    if not loose.any():
        return coverage
    concerned = np.zeros(len(coverage.pointer), np.bool_)  # the last is nobody
    concerned[coverage.periods["account"][loose]] = True
    parts = []
    for number, columns in enumerate(sides):
        events = np.flatnonzero(concerned[columns[0]])
        parts.append((events, np.full(events.size, number), *(x[events] for x in columns)))
    event, side, account, time, coin, balance, change = (np.concatenate(x) for x in zip(*parts, strict=True))
    period = coverage.find(account, time)
    follows = np.zeros(loose.size, np.bool_)
    breaks = np.zeros(loose.size, np.bool_)
    # rows that only somebody else's statement has, in between
    ends = coverage.periods["ends"]
    out = np.flatnonzero(period < 0)
    whose = np.concatenate((coverage.periods["account"], account[out]))
    row = np.repeat((False, True), (loose.size, out.size))
    order = np.lexsort((row, np.concatenate((ends, time[out])), whose))
    place = (np.cumsum(~row[order]) - 1)[row[order]]  # the period before each
    same = (place >= 0) & (coverage.periods["account"][place] == whose[order][row[order]])
    breaks[place[same]] = True
    sort = np.lexsort((side, event, coin, account))
    account, coin, period, balance, change = (x[sort] for x in (account, coin, period, balance, change))
    next_one = (account[1:] == account[:-1]) & (coin[1:] == coin[:-1]) & (period[:-1] >= 0)
    next_one &= period[1:] == period[:-1] + 1
    next_one &= (balance[:-1] != NONE) & (balance[1:] != NONE)
    at = np.flatnonzero(next_one)
    equal = balance[at] == balance[at + 1] - change[at + 1]
    follows[period[at[equal]]] = True
    breaks[period[at[~equal]]] = True
    joined = loose & follows & ~breaks
    head = ~np.append(False, joined[:-1])
    periods = coverage.periods[head].copy()
    periods["ends"] = ends[~joined]
    pointer = np.searchsorted(periods["account"], np.arange(len(coverage.pointer))).astype(np.int64)
    return replace(
        coverage,
        periods=periods,
        openings=coverage.openings[head],
        tells=coverage.tells[head],
        pointer=pointer,
        loose=loose[~joined],
    )


def missing(coverage: Coverage, ids: Any) -> list[Mapping[str, Any]]:
    """Times between two deliveries of which nothing says whether something is missing, as breaks."""
    found: list[Mapping[str, Any]] = []
    for place in np.flatnonzero(coverage.loose).tolist():
        before, after = coverage.periods[place], coverage.periods[place + 1]
        name = ids[int(before["account"])].as_py()
        since, until = int(before["ends"]) + 1, int(after["begins"]) - 1
        found.append({"kind": "gap", "account_id": name, "from": since, "to": until})
    return found
