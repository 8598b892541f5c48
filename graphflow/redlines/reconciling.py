"""What a client ledger says is owed beside what stands in the accounts that are to cover it, day by day.

Of a day the last row of each client counts; a client of whom a day has no row is taken to be owed nothing
then, which is the least that can be owed. What is lacking counts only where it is not made good by the end
of the next working day; holidays are not known here, and where statements end before, that is said. A day
on which some account's balance is not known is not judged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.findings import Cited, cited
from graphflow.language import N_
from graphflow.redlines.facts import DAY, Facts, Ints, latest, local_days, micros
from graphflow.redlines.standing import EARLIEST, Stretch, held, stretches


@dataclass(frozen=True)
class Gap:
    """One day of the ledger beside the accounts.

    Attributes
    ----------
    at
        The moment, in microseconds: that of the day's last row; of a bare date the end of its day.
    owed, overdrawn, transit
        What clients are owed, of which so much is taken off for clients who owe; what is on its way to them.
    stood
        What stood in the accounts.
    lacking
        What was lacking then, and was not made good by the end of the next working day.
    settled
        Whether the statements reach so far.
    rows
        The ledger's rows of the day.
    """

    at: int
    owed: int
    overdrawn: int
    transit: int
    stood: int
    lacking: int
    settled: bool
    rows: Ints = field(repr=False)

    @property
    def gap(self) -> int:
        """What was lacking at the moment itself."""
        return self.owed + self.transit - self.stood


@dataclass(frozen=True)
class Reconciled:
    """The days of a ledger that could be judged, and how many could not."""

    days: Sequence[Gap]
    unknown: int
    ledger: Ints = field(repr=False)
    accounts: Ints = field(repr=False)

    def beyond(self, part: Fraction, in_transit: bool) -> list[Gap]:
        """The days on which more was lacking than a part of what was owed, or than was in transit."""
        found = []
        for day in self.days:
            if day.lacking > tolerance(day, part, in_transit):
                found.append(day)
        return found


def tolerance(day: Gap, part: Fraction, in_transit: bool) -> Fraction:
    """How much may be lacking: a part of what is owed, or what is known to be in transit."""
    return max(part * day.owed, Fraction(day.transit if in_transit else 0))


def reconcile(
    facts: Facts, platforms: Collection[str], members: Collection[str], accounts: Ints, in_transit: bool
) -> Reconciled | None:
    """The ledger of some platforms beside some accounts, in the case's currency; None where one is missing.

    The group's own positions in the ledger count neither way: they are no clients.
    """
    rows = facts.rows("client_ledger")
    rows = rows[rows["platform_id"].isin(platforms)]
    name = facts.tables.currency
    if rows.empty or not accounts.size or name not in facts.currencies:
        return None
    parts = stretches(facts, accounts.tolist(), facts.currencies.index(name))
    clients = rows[~rows["client_id"].isin(members)]
    if clients.empty:
        return None
    still = _still(facts, sets.minus(accounts, [part.account for part in parts]))
    days: list[Gap] = []
    unknown = 0
    listed = list(_days(facts, clients, in_transit))
    for number, (at, owed, overdrawn, transit, places) in enumerate(listed):
        stood = _stood(parts, at)
        if stood is None or still is None:
            unknown += 1
            continue
        stood += still
        if owed + transit <= stood:
            days.append(Gap(at, owed, overdrawn, transit, stood, 0, True, places))
            continue
        limit = _next_working_day(facts, at)
        later = [_lack(parts, still, each) for each in listed[number + 1 :][:8] if each[0] <= limit]
        soon = [each for each in later if each is not None]
        lacking, settled = owed + transit - stood, True
        if soon:
            lacking = min(lacking, *soon)
        else:
            most = _most(parts, at, min(limit, facts.at)) + still
            settled = facts.at >= limit and all(_reaches(parts, each.account, limit) for each in parts)
            lacking = min(lacking, owed + transit - most)
        days.append(Gap(at, owed, overdrawn, transit, stood, max(lacking, 0), settled, places))
    return Reconciled(days, unknown, rows.index.to_numpy().astype(np.int64), accounts)


def _days(facts: Facts, rows: pd.DataFrame, in_transit: bool) -> Iterator[tuple[int, int, int, int, Ints]]:
    """Of each local day: its moment, what is owed, taken off and in transit, and the rows that say so."""
    at, day = latest(rows, "date"), local_days(facts, micros(rows["date"]))
    frame = pd.DataFrame(
        {
            "at": at, "day": day,
            "who": rows["client_id"].to_numpy(), "platform": rows["platform_id"].to_numpy(),
            "owed": rows["balance"].to_numpy().astype(np.int64),
            "transit": rows["in_transit"].fillna(0).to_numpy().astype(np.int64) if in_transit else 0,
            "place": rows.index.to_numpy().astype(np.int64),
        }
    ).sort_values(["day", "at", "place"], kind="stable")  # fmt: skip
    frame = frame.drop_duplicates(["day", "who", "platform"], keep="last")
    frame["minus"] = np.minimum(frame["owed"], 0)
    grouped = frame.groupby("day", sort=True)
    sums = grouped.agg(
        at=("at", "max"), owed=("owed", "sum"), minus=("minus", "sum"), transit=("transit", "sum")
    )
    places = {int(str(d)): part.to_numpy(np.int64) for d, part in grouped["place"]}
    for d, one in zip(sums.index.tolist(), sums.itertuples(index=False), strict=True):
        yield int(one.at), int(one.owed), -int(one.minus), int(one.transit), places[int(d)]  # type: ignore[arg-type]


def _stood(parts: Sequence[Stretch], at: int) -> int | None:
    """What stood in the accounts; None where one's statement does not reach, or its opening is not known.

    Where no statement says when it begins, none is known to have begun before the first row of any.
    """
    then = [part for part in parts if part.covers(at)]
    begun = any(part.begins > EARLIEST or (part.times.size and part.times[0] <= at) for part in then)
    return held(parts, at) if begun and all(part.known for part in then) else None


def _lack(parts: Sequence[Stretch], still: int, day: tuple[int, int, int, int, Ints]) -> int | None:
    at, owed, _, transit, _ = day
    stood = _stood(parts, at)
    return None if stood is None else owed + transit - stood - still


def _most(parts: Sequence[Stretch], since: int, until: int) -> int:
    """At most so much stood in the accounts at one moment of a time: each account's own greatest."""
    best: dict[int, int] = {}
    for part in parts:
        if not part.covers(since):
            continue
        first, last = np.searchsorted(part.times, [since, until], side="right")
        values = [part.at(since), *part.after[first:last].tolist()]
        best[part.account] = max(values)
    return sum(best.values())


def _reaches(parts: Sequence[Stretch], account: int, limit: int) -> bool:
    return any(part.account == account and part.ends >= limit for part in parts)


def _next_working_day(facts: Facts, at: int) -> int:
    """The end of the working day after a moment, at the latest: Saturdays and Sundays are none."""
    day = int(local_days(facts, [at])[0])
    ahead = int(np.busday_offset(np.datetime64(day, "D"), 1, roll="forward").astype(np.int64)) - day
    return at + (ahead + 1) * DAY


def cut_off(day: Gap) -> tuple[str, str]:
    """Whether what was lacking may have been on its way."""
    if day.settled:
        return (
            "unknown",
            N_(
                "not made good by the end of the next day that is no Saturday or Sunday; whether that was a "
                "holiday is not known"
            ),
        )
    return "unknown", N_("the statements end before the next working day is over")


def cite_gap(facts: Facts, found: Reconciled, day: Gap) -> Iterator[Cited]:
    """The ledger's rows of a day and all that moved the accounts until then; the rest of both is context."""
    flows, arrivals = facts.flows, facts.arrivals
    ledger = facts.rows("client_ledger")
    mine = ledger.loc[day.rows]
    some = (mine["balance"] != 0) | (mine["in_transit"].fillna(0) != 0)
    yield facts.cite("client_ledger", mine[some])
    yield cited("client_ledger", found.ledger, False)
    accounts = found.accounts.tolist()
    ins, outs = facts.paid_to(accounts), facts.paid_by(accounts)
    inner = sets.common(ins, outs)
    ins_then = ins[arrivals["time"].to_numpy()[ins] <= day.at]
    outs_then = outs[flows["time"].to_numpy()[outs] <= day.at]
    coin = facts.currencies.index(facts.tables.currency)
    then = sets.union(
        ins_then[arrivals["currency"].to_numpy()[ins_then] == coin],
        outs_then[flows["currency"].to_numpy()[outs_then] == coin],
    )
    rows = flows["row"].to_numpy()
    shown = rows[sets.minus(then, inner)]
    yield cited("transfers", sets.union(shown, facts.reversals_of(shown)))
    every = rows[sets.union(ins, outs)]
    yield cited("transfers", sets.union(every, facts.reversals_of(every)), False)
    yield from facts.cite_last()


def _still(facts: Facts, accounts: Ints) -> int | None:
    """What stands in accounts in which nothing moves, by their stated opening; None where one has none."""
    rows = facts.rows("accounts").iloc[accounts]
    coin = rows["currency"].fillna(facts.tables.currency) == facts.tables.currency
    openings = rows["opening_balance"][coin]
    return None if openings.isna().any() else int(openings.sum())
