"""How thin a chain of stakes is, and how much a block of votes decides."""

from __future__ import annotations

import heapq
from fractions import Fraction
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow.errors import Problem, UsageError
from graphflow.kernels.power import count_swings
from graphflow.language import N_
from graphflow.ownership.controlling import VOTES, ties_of
from graphflow.ownership.owning import Upstream
from graphflow.ownership.stakes import party_number, party_numbers, stakes_of
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

MOST_BLOCKS = 24
"""Blocks of votes of which every set is looked at."""


def weakest_link(
    case: Case, owner: str, company: str, as_of: Moment | None = None, *, most: int = 20
) -> pd.DataFrame:
    """The chains of stakes from an owner to a company, each with its thinnest stake.

    A chain is as strong as its thinnest stake. The figures of several chains are not added up: what they have
    in common would be counted twice.

    Parameters
    ----------
    owner, company
        Ids of parties, or names that only one has.
    as_of
        The date; None means the last moment of which the case knows anything.
    most
        How many chains: those with the thickest thinnest stake. No chain passes a party twice.

    Returns
    -------
    pandas.DataFrame
        One row a chain, the strongest first: `path` (from the owner down), `shares` (of each stake on it),
        `thinnest`, `product`. Where a stake is a range, its least.

    Raises
    ------
    UsageError
        For a name that no party has, or several; for one party given twice; for a date that is none.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> weakest_link(holders.o6(), "P", "C")["thinnest"].tolist()
    [0.3, 0.25, 0.2]
    """
    stakes = stakes_of(case, as_of)
    start, end = party_numbers(stakes, owner=owner, company=company)
    if start == end:
        raise UsageError(Problem("owner", N_("owner and company are the same party"), {}, owner))
    up = Upstream.of(stakes, end)
    goal = np.flatnonzero(up.parties == start)
    shares, whole = up.column("share", "least"), up.whole("share")
    rows: list[dict[str, object]] = []
    # the thinnest stake so far, the number of stakes, and the way up from the company
    heap: list[tuple[float, int, tuple[int, ...], tuple[float, ...]]] = [(-1.0, 0, (0,), ())]
    below = _reaches(up, int(goal[0])) if goal.size else set()
    while heap and len(rows) < most and goal.size:
        minus, _, path, parts = heapq.heappop(heap)
        top = path[-1]
        if top == goal[0]:
            rows.append({
                "path": tuple(stakes.name(up.parties[place]) for place in reversed(path)),
                "shares": tuple(reversed(parts)), "thinnest": -minus, "product": float(np.prod(parts)),
            })  # fmt: skip
            continue
        for place, share in up.by_owner(top, shares).items():
            if place in below and place not in path and share > 0:
                part = share / int(whole[top])
                heapq.heappush(heap, (max(minus, -part), len(path), (*path, place), (*parts, part)))
    return pd.DataFrame(rows, columns=["path", "shares", "thinnest", "product"])


def _reaches(up: Upstream, owner: int) -> set[int]:
    """All parties of which an owner has something, itself among them: other ways up lead nowhere."""
    companies = up.companies
    found, fresh = {owner}, [owner]
    while fresh:
        inside = np.isin(up.owners, fresh)
        fresh = [place for place in set(companies[inside].tolist()) if place not in found]
        found.update(fresh)
    return found


def power(
    case: Case, company: str, as_of: Moment | None = None, *, quota: Fraction | str | None = None
) -> pd.DataFrame:
    """How often each block of votes decides: Shapley and Shubik's index, and Banzhaf's.

    A block decides in a set of others if they lose without it and win with it. Shapley and Shubik weigh the
    sets as if all voted one after another in every order; Banzhaf counts every set once. Those who act in
    concert are one block. Votes that nobody is known to have are cast by nobody.

    Parameters
    ----------
    company
        Id of a party, or a name that only one has.
    as_of
        The date; None means the last moment of which the case knows anything.
    quota
        The part of all votes that is not enough; one vote more is. None means half.

    Returns
    -------
    pandas.DataFrame
        One row a block, the greatest first: `party_id`, `with_parties` (who act in concert with it), `votes`,
        `shapley_shubik`, `banzhaf` (each sums to one, or is zero where nobody can win).

    Raises
    ------
    UsageError
        For more than 24 blocks: every set of them is looked at.

    References
    ----------
    Shapley and Shubik (1954), A method for evaluating the distribution of power in a committee system;
    Banzhaf (1965), Weighted voting doesn't work.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> power(holders.o7(), "C")[["party_id", "with_parties", "votes", "shapley_shubik"]].values.tolist()
    [['P', ('Q', 'R'), 0.51, 1.0], ['H', (), 0.3, 0.0]]
    """
    stakes = stakes_of(case, as_of)
    number = party_number(stakes, company, "company")
    ties = ties_of(stakes)
    pointer, order = ties.by_company
    blocks: dict[tuple[str, int], int] = {}
    members: dict[tuple[str, int], set[int]] = {}
    for tie in order[pointer[number] : pointer[number + 1]].tolist():
        votes = int(ties.least[tie])
        if ties.how[tie] != VOTES or votes == 0:
            continue
        owner = int(ties.owners[tie])
        group = int(ties.concert[owner])
        key = ("alone", owner) if group < 0 else ("concert", group)
        blocks[key] = blocks.get(key, 0) + votes
        members.setdefault(key, set()).add(owner)
    if len(blocks) > MOST_BLOCKS:
        raise UsageError(
            Problem(
                "company",
                N_("{count} blocks have votes in it; every set of up to {most} is looked at"),
                {"count": len(blocks), "most": MOST_BLOCKS},
                company,
            )
        )
    whole = int(ties.castable[number])
    not_enough = int(ties.quota[number]) if quota is None else int(Fraction(quota) * whole)
    weights = np.array(list(blocks.values()), np.int64)
    n = weights.size
    swings = count_swings(weights, not_enough) if n else np.zeros((0, 0), np.int64)
    pivotal = [
        sum(
            Fraction(int(count) * factorial(size) * factorial(n - 1 - size), factorial(n))
            for size, count in enumerate(row)
        )
        for row in swings
    ]
    total = int(swings.sum())
    rows = []
    for (key, votes), index, row in zip(blocks.items(), pivotal, swings, strict=True):
        first, *others = sorted(stakes.name(each) for each in members[key])
        rows.append({
            "party_id": first, "with_parties": tuple(others), "votes": votes / whole,
            "shapley_shubik": float(index), "banzhaf": int(row.sum()) / total if total else 0.0,
        })  # fmt: skip
    frame = pd.DataFrame(rows, columns=["party_id", "with_parties", "votes", "shapley_shubik", "banzhaf"])
    return frame.sort_values(["votes", "party_id"], ascending=[False, True], ignore_index=True)
