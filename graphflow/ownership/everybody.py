"""Everybody at once: the greatest owners of every company, and whom each party controls."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from graphflow.errors import InputError, Problem, UsageError
from graphflow.kernels import control, shares
from graphflow.language import N_
from graphflow.ownership.controlling import Ties, ties_of
from graphflow.ownership.owning import SLIGHT, Reals, Upstream, closed_rings
from graphflow.ownership.stakes import Ints, Numbers, Stakes, pointer_to, stakes_of
from graphflow.rows import Moment
from graphflow.threads import threads

if TYPE_CHECKING:
    from graphflow.case import Case

RING, ENDLESS = "ring", "endless"
"""Kinds of rows: a ring that owns all of itself; more comes back round a ring than went into it."""

# When what is left of a company is so little it is followed no further; after so many steps neither if it is
# clear who its owners are; and after so many in no case: they are solved for. More of `FEW` takes longer and
# changes nobody's place: `share` can only grow, and `share` with `within` only shrink, round the true one.
LEFT, FEW, MANY = SLIGHT / 10, 1_000, 1_000_000

_AT_ONCE = 20_000  # companies that a thread takes


def greatest_owners(
    case: Case, as_of: Moment | None = None, *, least: float = 0.25, normalise: bool = False
) -> pd.DataFrame:
    """Who has at least so much of each company in the end, of all companies at once.

    The shares are those of `owners`: multiplied along each way and added, also round rings. Where stakes are
    ranges each counts with its least. They are followed up until a billionth is left, or, where rings make
    that long, until it is clear who has the share that is asked for; that is right for every company. How far
    that is depends on `least` too: `share` is then not the figure of `owners`, which is from there up to
    `within` more.

    Parameters
    ----------
    as_of
        The date; None means the last moment of which the case knows anything.
    least
        The share that is asked for, a part of one; who has it but for a billionth is in.
    normalise
        Where a company's stakes are more than the whole, take their sum for the whole.

    Returns
    -------
    pandas.DataFrame
        One row a company and owner, the greatest first: `company_id`, `owner_id`, `kind` (the owner's;
        ``ring`` for a member of a ring that owns all of itself), `share` (at least so much) and `within` (by
        how much it may be more at most, as it was followed no further; nothing for less than a billionth). A
        company has one row of kind ``endless`` and no owner where `owners` refuses to answer: more comes back
        round a ring than went into it.

    Raises
    ------
    UsageError
        For a share that is no part of one.

    See Also
    --------
    owners : all owners of one company, with their ways and votes.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> greatest_owners(holders.o1())[["company_id", "owner_id", "share"]].round(6).values.tolist()
    [['A', 'P', 0.6], ['A', 'Q', 0.4], ['B', 'Q', 0.6], ['B', 'P', 0.4]]
    """
    if not 0 < least <= 1:
        raise UsageError(
            Problem("least", N_("no share of a company"), {}, str(least), N_("more than 0, at most 1"))
        )
    stakes = stakes_of(case, as_of)
    if normalise:
        stakes = stakes.with_wholes()
    enough = least - SLIGHT
    companies = np.flatnonzero(np.diff(stakes.pointer) > 0).astype(np.int64)
    whose, owners, low, stays, loops = _followed(stakes, companies, enough)
    # where it is not clear who has enough, also because nobody was followed, the company is solved for
    unclear = stays >= enough
    unclear[whose[low < enough]] = True
    keep = ~unclear[whose]
    parts = [(whose[keep], owners[keep], low[keep])]
    for place in np.flatnonzero(unclear).tolist():
        found = _solved(stakes, int(companies[place]), enough)
        parts.append((np.full(found[0].size, place), *found))
    stays[unclear] = 0.0
    whose, owners, low = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.lexsort((owners, -low, whose))
    whose, owners, low = whose[order], owners[order], low[order]
    nobody = owners < 0
    kind = stakes.kinds[owners].astype(object)
    kind[loops[owners]] = RING
    kind[nobody] = ENDLESS
    return pd.DataFrame({
        "company_id": _names(stakes, companies[whose]), "owner_id": _names(stakes, owners), "kind": kind,
        "share": np.where(nobody, np.nan, low), "within": np.where(stays > LEFT, stays, 0.0)[whose],
    }).astype({"kind": "str"})  # fmt: skip


def _followed(
    stakes: Stakes, companies: Ints, enough: float
) -> tuple[Ints, Numbers, Reals, Reals, npt.NDArray[np.bool_]]:
    """Owners that may have enough: of which company (its place), who, how much at least; what stays of each
    company; and, of all parties, who is in a ring that owns all of itself."""
    real = stakes.least > 0
    held = pointer_to(stakes.companies[real], stakes.size)
    rings = shares.components(held, stakes.owners[real].astype(np.int64))
    loops = closed_rings(held, stakes.owners[real], stakes.least[real], stakes.whole, rings)
    # what comes to such a ring never leaves it: its members are ends
    on = ~loops[stakes.companies]
    pointer, above, part = pointer_to(stakes.companies[on], stakes.size), stakes.owners[on], stakes.least[on]
    most = shares.swell(pointer, above, part, stakes.whole, rings)
    ask = partial(shares.spread_up, pointer, above, part, stakes.whole, most)
    pieces = [companies[at : at + _AT_ONCE] for at in range(0, companies.size, _AT_ONCE)]
    with threads(min(len(pieces), os.cpu_count() or 1), companies.size) as pool:
        found = list(pool.map(lambda piece: ask(piece, (enough, LEFT, FEW, MANY)), pieces))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros(0), loops
    counts = np.concatenate([np.diff(begins) for begins, _, _, _ in found])
    owners, low, stays = (np.concatenate([each[column] for each in found]) for column in (1, 2, 3))
    return np.repeat(np.arange(companies.size), counts), owners, low, stays, loops


def _solved(stakes: Stakes, company: int, enough: float) -> tuple[Numbers, Reals]:
    """The owners of one company who have enough, solved for; one that is nobody where there is no answer."""
    up = Upstream.of(stakes, company)
    try:
        passes = up.integrated("share")[0]
    except InputError:
        return np.array([-1], np.int32), np.zeros(1)
    loops = up.orphans()
    final = up.ends() | loops
    final[0] = loops[0]
    places = np.flatnonzero(final & (passes >= enough))
    return up.parties[places].astype(np.int32), passes[places]


def _names(stakes: Stakes, numbers: Any) -> Any:
    """The ids of parties; none for those less than nothing."""
    places = pa.array(numbers, pa.int64(), mask=np.asarray(numbers) < 0)
    return pd.array(stakes.ids.take(places).to_pandas(), dtype="str")


def all_controls(case: Case, as_of: Moment | None = None, *, de_facto: bool = False) -> pd.DataFrame:
    """Whom each party controls, of all parties at once: the sets of `controls`.

    Parameters
    ----------
    as_of, de_facto
        As for `controls`.

    Returns
    -------
    pandas.DataFrame
        One row a party and one that it controls, in the order in which they come under control: `party_id`,
        `company_id`, `certain` (false: only if votes that are ranges or unknown are as high as they may be).

    Raises
    ------
    UsageError
        For a date that is none.

    See Also
    --------
    controls : the rule; of one party, with what brought each under control.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> frame = all_controls(holders.o5())
    >>> frame.loc[frame["party_id"] == "P", "company_id"].tolist()
    ['A', 'B', 'C']
    """
    stakes = stakes_of(case, as_of)
    ties = ties_of(stakes, de_facto=de_facto)
    begins, members = _deciding(ties)
    certain = _under(ties, ties.least, begins, members)
    pairs = [(*certain, np.ones(certain[0].size, np.bool_))]
    if (ties.most != ties.least).any():
        group, under = _under(ties, ties.most, begins, members)
        new = ~np.isin(group * stakes.size + under, certain[0] * stakes.size + certain[1])
        pairs.append((group[new], under[new], np.zeros(int(new.sum()), np.bool_)))
    group, under, sure = (np.concatenate(each) for each in zip(*pairs, strict=True))
    # each member of a group has what the group has
    size = np.diff(begins)[group]
    row = np.repeat(np.arange(group.size), size)
    among = np.arange(row.size) - np.repeat(np.cumsum(size) - size, size)
    party = members[begins[group[row]] + among]
    order = np.argsort(party, kind="stable")
    party, row = party[order], row[order]
    return pd.DataFrame({
        "party_id": _names(stakes, party), "company_id": _names(stakes, under[row]), "certain": sure[row],
    })  # fmt: skip


def _deciding(ties: Ties) -> tuple[Ints, Ints]:
    """Those who have ties, in groups of those who act in concert: where each begins, and the members."""
    groups = int(ties.concert.max(initial=-1)) + 1
    alone = ties.concert < 0
    number = np.where(alone, groups + np.cumsum(alone) - 1, ties.concert)
    active = np.zeros(groups + int(alone.sum()), np.bool_)
    active[number[np.diff(ties.pointer) > 0]] = True
    members = np.flatnonzero(active[number]).astype(np.int64)
    number = (np.cumsum(active) - 1)[number[members]]
    members = members[np.argsort(number, kind="stable")]
    return pointer_to(number, int(active.sum())), members


def _under(ties: Ties, votes: Ints, begins: Ints, members: Ints) -> tuple[Ints, Ints]:
    """Of each pair the group, and whom it controls."""
    ends, under = control.controlled_by_each(ties.pointer, ties.companies, votes, ties.quota, begins, members)
    return np.repeat(np.arange(begins.size - 1), np.diff(ends)), under
