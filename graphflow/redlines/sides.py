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

from graphflow.law import law, law_on
from graphflow.ownership.controlling import group_of, ties_of
from graphflow.ownership.relating import answer_of, changes_of
from graphflow.ownership.stakes import party_numbers, stakes_at, stakes_of
from graphflow.redlines.facts import DAY, Facts, Flags, Ints
from graphflow.rows import local_time, moment
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
    rows |= others
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
) -> tuple[dict[int, list[tuple[int, int]]], int, int]:
    """Who of those that ties join to the platform is related to it, though not of its group, and when; of how
    many that is disputed; and how many were not asked about.

    It is asked of the times at which each was paid; of ``also`` of the whole time.
    """
    near = {facts.party_number[each] for each in _near(facts, platform) if each in facts.party_number} - group
    if not near:
        return {}, 0, 0
    flows = facts.flows
    times, payee = flows["time"].to_numpy(), flows["payee"].to_numpy()
    keep = (times >= time[0]) & (times <= time[1]) & np.isin(payee, sorted(near)) & ~flows["own"].to_numpy()
    frame = pd.DataFrame({"time": times[keep], "amount": flows["amount"].to_numpy()[keep]})
    paid = frame.groupby(payee[keep]).agg(amount=("amount", "sum"))
    chosen = {facts.party_number.get(each, -2) for each in also} & near
    more = pd.DataFrame({"amount": 0}, index=sorted(chosen - set(paid.index.tolist())))
    asked = pd.concat([paid, more]).sort_values("amount", ascending=False, kind="stable")
    some = asked.iloc[:MOST_RELATED]
    paid_at = frame.groupby(payee[keep]).indices
    disputed = 0
    found: dict[int, list[tuple[int, int]]] = {}
    for each in some.index.tolist():
        asked_of = frame["time"].to_numpy()[paid_at.get(each, np.zeros(0, np.int64))]
        if each in chosen:  # whose loans begin whenever
            asked_of = np.concatenate([asked_of, time, _edges_between(facts, platform, each, time)])
        answers = _answers(facts, platform, each, asked_of)
        spans = [span for span, answer in answers if answer == "yes"]
        if spans:
            found[each] = spans
        disputed += not spans and any(answer == "disputed" for _, answer in answers)
    return found, disputed, max(len(asked) - MOST_RELATED, 0)


def _answers(facts: Facts, one: str, other: int, times: Ints) -> list[tuple[tuple[int, int], str]]:
    """Whether a party, by its number, is related to another at some times: for each span between changes in
    which one of them lies.
    """
    name = str(facts.party_ids[other])
    edges = _edges(facts, one, name)
    place, first = np.unique(np.searchsorted(edges, times, side="right"), return_index=True)
    bounds = [-_AWAY, *edges, _AWAY]
    return [
        ((bounds[at], bounds[at + 1]), _answer(facts, one, name, int(times[where])))
        for at, where in zip(place.tolist(), first.tolist(), strict=True)
    ]


def _edges_between(facts: Facts, one: str, other: int, time: tuple[int, int]) -> Ints:
    """The changes of what joins two parties in some time."""
    edges = np.array(_edges(facts, one, str(facts.party_ids[other])), np.int64)
    return edges[(edges > time[0]) & (edges <= time[1])]


def _edges(facts: Facts, one: str, other: str) -> list[int]:
    """The moments at which it may become otherwise whether two parties are related, in order: what joins them
    is another, a time before or after that begins or is over, or the rules are others.
    """
    kept: dict[tuple[str, str], list[int]] = facts.__dict__.setdefault("_related_edges", {})
    if (one, other) not in kept:
        ever = stakes_at(facts.case, None)
        changes = changes_of(ever, *party_numbers(ever, one=one, other=other))
        rules = law("related_parties")
        windows = {int(row["days"]) * DAY for row in rules if row["rule"] == "window"} | {0}
        edges = {each + more for each in changes for window in windows for more in (-window, 0, window + 1)}
        kept[one, other] = sorted(edges | _days_of_rules(facts, rules))
    return kept[one, other]


def _days_of_rules(facts: Facts, rules: Iterable[Mapping[str, str]]) -> set[int]:
    """The moments at which rules come in force, or are no more."""
    kept: set[int] | None = facts.__dict__.get("_days_of_related_rules")
    if kept is None:
        days = {datetime.date.fromisoformat(row["since"]) for row in rules if row["since"]}
        days |= {
            datetime.date.fromisoformat(row["until"]) + datetime.timedelta(1) for row in rules if row["until"]
        }
        kept = {moment(day, facts.tables.timezone)[0] for day in days}
        facts.__dict__["_days_of_related_rules"] = kept
    return kept


def _answer(facts: Facts, one: str, other: str, at: int) -> str:
    """Whether two parties are related at a moment.

    Between two changes of what joins them, and with the same rules, the answer is the same: it is asked at a
    moment at which somebody's stakes were laid out already, where there is one.
    """
    laid: list[int] = facts.__dict__.setdefault("_moments_laid_out", [])
    edges = _edges(facts, one, other)
    place = bisect_right(edges, at)
    begin = edges[place - 1] if place else -_AWAY
    end = edges[place] if place < len(edges) else _AWAY
    moment_ = next((each for each in laid if begin <= each < end), None)
    if moment_ is None:
        laid.append(at)
        moment_ = at
    kept: dict[tuple[str, str, int], str] = facts.__dict__.setdefault("_related_at", {})
    if (one, other, moment_) not in kept:
        x, y = party_numbers(stakes_at(facts.case, None), one=one, other=other)
        when = local_time(moment_, facts.tables.timezone)
        known = facts.at if facts.asked else None
        answer = answer_of(stakes_of(facts.case, when), x, y, as_of=when, known_at=known)[0]
        kept[one, other, moment_] = answer
    return kept[one, other, moment_]
