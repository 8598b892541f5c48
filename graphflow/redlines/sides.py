"""Whose side: a platform's group at every time, and who is related to it.

Ties change: who was of the group when money came is what counts. What held within a year before or after
counts too, as the rules for related parties have it (`graphflow.law`, related_parties).
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from graphflow.law import law_on
from graphflow.ownership.controlling import group_of, ties_of
from graphflow.ownership.relating import answer_of, changes_of
from graphflow.ownership.stakes import party_numbers, stakes_at, stakes_of
from graphflow.redlines.facts import DAY, Facts, Flags, Ints
from graphflow.rows import local_time
from graphflow.tables.columns import periods

MOST_RELATED = 200
"""So many parties outside the group are asked whether they are related: those that were paid most."""

_AWAY = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Side:
    """The platform's side over some time.

    Attributes
    ----------
    spans
        Frame: ``party`` (number), ``since``, ``until`` (microseconds, the second exclusive): who is of the
        group when, or related. What held within a year before or after counts, as it does for who is related
        (`graphflow.law`, related_parties).
    related
        How many are related to the platform, but not of its group.
    disputed
        Of how many that is disputed: they do not count.
    not_asked
        How many more were not asked about.
    """

    spans: pd.DataFrame = field(repr=False)
    related: int
    disputed: int
    not_asked: int

    def members(self, facts: Facts) -> frozenset[str]:
        """Everybody who is of the side at some time."""
        return frozenset(str(facts.party_ids[each]) for each in self.spans["party"].unique())

    def apart_from(self, facts: Facts, funds: frozenset[str]) -> Side:
        """The same without funds (ids), and without companies that nobody of the side owns but funds, or for
        funds: what a fund buys is an investment, and no company of who manages it.
        """
        if not funds:
            return self
        members, apart = self.members(facts), set(funds)
        rows = facts.rows("stakes")
        rows = rows[rows["owner_id"].isin(members) & rows["company_id"].isin(members)]
        size = -1
        while size < len(apart):
            size = len(apart)
            theirs = rows["owner_id"].isin(apart) | rows["nominee_for"].isin(apart)
            whole = theirs.groupby(rows["company_id"]).all()
            apart |= set(whole.index[whole.to_numpy(np.bool_)])
        out = [facts.party_number[each] for each in apart if each in facts.party_number]
        return replace(self, spans=self.spans[~self.spans["party"].isin(out)])

    def has(self, party: Ints, times: Ints) -> Flags:
        """Whether parties, by number, are of the side at times."""
        found = np.zeros(party.size, np.bool_)
        columns = (self.spans[name].tolist() for name in ("party", "since", "until"))
        for each, since, until in zip(*columns, strict=True):
            found |= (party == each) & (times >= since) & (times < until)
        return found


def side_of(facts: Facts, platform: str, first: int, last: int, also: Iterable[str] = ()) -> Side:
    """The platform's group at every time from one moment to another, and who is related to it.

    Whether they are related is asked of whoever was paid in that time, and of some others.
    """
    number = facts.party_number.get(platform, -1)
    year = _window(law_on("related_parties", facts.day))
    begin, end = first - year, min(last + year, facts.at)
    moments = [begin, *_changes(facts, platform, begin, end)]
    rows: dict[int, list[tuple[int, int]]] = {}
    for place, at in enumerate(moments):
        members = {number}
        if number >= 0:
            tops, under = group_of(ties_of(stakes_at(facts.case, at)), number)
            members |= {int(each) for each in (*tops, *under)}
        until = moments[place + 1] + year if place + 1 < len(moments) else _AWAY
        for each in members - {-1}:
            rows.setdefault(each, []).append((at - year if place else -_AWAY, until))
    others, disputed, not_asked = _related(facts, platform, set(rows), (first, last), also)
    for each, span in others.items():
        rows[each] = [span]
    spans = pd.DataFrame(
        [(party, *span) for party, mine in sorted(rows.items()) for span in _together(mine)],
        columns=["party", "since", "until"],
    ).astype("int64")
    return Side(spans, len(others), disputed, not_asked)


def _together(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap as one.

    >>> _together([(0, 5), (4, 9), (20, 30)])
    [(0, 9), (20, 30)]
    """
    found: list[tuple[int, int]] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(until, found[-1][1])
        else:
            found.append((since, until))
    return found


def _window(rules: Iterable[Mapping[str, str]]) -> int:
    """For how long, before and after, who is related counts as related, in microseconds."""
    return max((int(row["days"]) for row in rules if row["rule"] == "window"), default=0) * DAY


def _near(facts: Facts, platform: str) -> set[str]:
    """Everybody whom stakes and relations, at any time, join to the platform."""
    joined = facts._joined
    mine = joined.get(platform)
    return {each for each, place in joined.items() if place == mine} if mine is not None else set()


def _changes(facts: Facts, platform: str, first: int, last: int) -> list[int]:
    """When a tie among those joined to the platform begins or ends, behind one moment up to another."""
    near = _near(facts, platform)
    found: set[int] = set()
    for table, column in (("stakes", "company_id"), ("relations", "other_id")):
        if facts.has(table):
            rows = facts.tables.arrow(table)
            mine = facts.rows(table)[column].isin(near).to_numpy(np.bool_)
            assert rows is not None
            for edges in periods(rows):
                at = edges[facts.rows(table).index.to_numpy()[mine]]
                found |= set(at[(at > first) & (at <= last)].tolist())
    return sorted(found)


def _related(
    facts: Facts, platform: str, group: set[int], time: tuple[int, int], also: Iterable[str]
) -> tuple[dict[int, tuple[int, int]], int, int]:
    """Who of those that ties join to the platform is related to it, though not of its group, and when; of how
    many that is disputed; and how many were not asked about.

    It is asked of the first and of the last time at which each was paid.
    """
    near = {facts.party_number[each] for each in _near(facts, platform) if each in facts.party_number} - group
    if not near:
        return {}, 0, 0
    flows = facts.flows
    times, payee = flows["time"].to_numpy(), flows["payee"].to_numpy()
    keep = (times >= time[0]) & (times <= time[1]) & np.isin(payee, sorted(near)) & ~flows["own"].to_numpy()
    frame = pd.DataFrame({"time": times[keep], "amount": flows["amount"].to_numpy()[keep]})
    paid = frame.groupby(payee[keep]).agg(
        first=("time", "min"), last=("time", "max"), amount=("amount", "sum")
    )
    chosen = {facts.party_number.get(each, -2) for each in also} & near
    more = pd.DataFrame(
        {"first": time[0], "last": time[1], "amount": 0}, index=sorted(chosen - set(paid.index.tolist()))
    )
    asked = pd.concat([paid, more]).sort_values("amount", ascending=False, kind="stable")
    year, disputed = _window(law_on("related_parties", facts.day)), 0
    found: dict[int, tuple[int, int]] = {}
    some = asked.iloc[:MOST_RELATED]
    for each, first, last in zip(
        some.index.tolist(), some["first"].tolist(), some["last"].tolist(), strict=True
    ):
        name = str(facts.party_ids[each])
        answers = [_answer(facts, platform, name, at) for at in (first, last)]
        since = -_AWAY if answers[0] == "yes" else last - year
        until = _AWAY if answers[1] == "yes" else first + year
        if "yes" in answers:
            found[each] = since, until
        disputed += "yes" not in answers and "disputed" in answers
    return found, disputed, max(len(asked) - MOST_RELATED, 0)


def _answer(facts: Facts, one: str, other: str, at: int) -> str:
    """Whether two parties are related at a moment.

    Between two changes of what joins them, and with the same rules, the answer is the same: it is asked at a
    moment at which somebody's stakes were laid out already, where there is one.
    """
    at = min(at, facts.at)
    laid: list[int] = facts.__dict__.setdefault("_moments_laid_out", [])
    ever = stakes_at(facts.case, None)
    x, y = party_numbers(ever, one=one, other=other)
    rules = _rules_of(facts, at)
    window = _window(rules)
    changes: dict[tuple[int, int], set[int]] = facts.__dict__.setdefault("_changes_between", {})
    if (x, y) not in changes:
        changes[x, y] = changes_of(ever, x, y)
    # of a change: it happens, its time before begins, its time after is over
    edges = sorted({each + more for each in changes[x, y] for more in (-window, 0, window + 1)})
    place = bisect_right(edges, at)
    begin = edges[place - 1] if place else -_AWAY
    end = edges[place] if place < len(edges) else _AWAY
    same = (each for each in laid if begin <= each < end and _rules_of(facts, each) == rules)
    moment_ = next(same, None)
    if moment_ is None:
        laid.append(at)
        moment_ = at
    kept: dict[tuple[int, int, int], str] = facts.__dict__.setdefault("_related_at", {})
    if (x, y, moment_) not in kept:
        when = local_time(moment_, facts.tables.timezone)
        kept[x, y, moment_] = answer_of(stakes_of(facts.case, when), x, y, as_of=when)[0]
    return kept[x, y, moment_]


def _rules_of(facts: Facts, at: int) -> list[Mapping[str, str]]:
    """The rules on who is related that are in force at a moment."""
    day = local_time(at, facts.tables.timezone).date()
    kept: dict[datetime.date, list[Mapping[str, str]]] = facts.__dict__.setdefault("_rules_by_day", {})
    if day not in kept:
        kept[day] = list(law_on("related_parties", day))
    return kept[day]
