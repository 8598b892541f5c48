"""Who decides: the parties that somebody controls, each with what brought it in; and the other way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from graphflow import sets
from graphflow.kernels import control as kernels
from graphflow.kernels import shares
from graphflow.law import law_on
from graphflow.ownership.stakes import (
    RUN_BY_OTHERS,
    WHOLE,
    Ints,
    Numbers,
    Stakes,
    in_force,
    numbers_of,
    party_number,
    pointer_to,
    stakes_of,
    together,
)
from graphflow.rows import Moment
from graphflow.tables.columns import one

if TYPE_CHECKING:
    from graphflow.case import Case

MANY = 64
"""Whoever controls so many is asked about by many."""

ENOUGH = np.int64(2**40)
"""What a tie counts that decides alone: more than all votes."""

VOTES, CONTRACT, MANAGER, TRUSTEE, PARTNER, DE_FACTO = range(6)
HOW = ("votes", "controller", "manager", "trustee", "general_partner", "de_facto")
"""By what a party is controlled, as `controls` says it."""

_TIES = {"controller": CONTRACT, "manager": MANAGER, "trustee": TRUSTEE}


@dataclass(frozen=True)
class Ties:
    """Everything by which somebody decides over a party: votes, contracts, the running of funds and trusts.

    Attributes
    ----------
    owners, companies
        Who decides over whom, ordered by owner.
    least, most
        Votes that each tie certainly, and at most, gives; `ENOUGH` where it decides alone.
    how
        The place in `HOW`.
    quota
        Of each party: votes that are not enough; one more is.
    castable
        Of each party: the votes that can be cast.
    """

    stakes: Stakes = field(repr=False)
    pointer: Ints = field(repr=False)
    owners: Numbers = field(repr=False)
    companies: Numbers = field(repr=False)
    least: Ints = field(repr=False)
    most: Ints = field(repr=False)
    how: npt.NDArray[np.int8] = field(repr=False)
    quota: Ints = field(repr=False)
    castable: Ints = field(repr=False)
    concert: Ints = field(repr=False)

    @cached_property
    def gained(self) -> Ints:
        """Scratch for `kernels.control.controlled`: all zero between two questions."""
        return np.zeros(self.stakes.size, np.int64)

    @cached_property
    def by_company(self) -> tuple[Ints, Ints]:
        """Where the ties over each party begin in the list of ties by company, and that list."""
        order = np.argsort(self.companies, kind="stable").astype(np.int64)
        return pointer_to(self.companies[order], self.stakes.size), order

    def together(self, party: int) -> Ints:
        """The party and those who act in concert with it."""
        group = self.concert[party]
        return np.flatnonzero(self.concert == group) if group >= 0 else np.array([party], np.int64)

    def under(self, starts: Iterable[int], *, possible: bool = False) -> tuple[Ints, Ints]:
        """Whom some parties control together, in the order in which they come in, and with how many votes."""
        votes = self.most if possible else self.least
        begin = np.asarray(list(starts), np.int64)
        return kernels.controlled(self.pointer, self.companies, votes, self.quota, begin, self.gained)

    def reach(self, starts: Ints, party: int, *, possible: bool = False) -> bool:
        """Whether some parties control another together; who controls many is worked out once."""
        known: dict[tuple[bytes, bool], Ints] = self.__dict__.setdefault("_many", {})
        key = starts.tobytes(), possible
        if key not in known:
            found = self.under(starts, possible=possible)[0]
            if found.size < MANY:
                return party in found
            known[key] = np.sort(found)
        under = known[key]
        at = int(np.searchsorted(under, party))
        return at < under.size and int(under[at]) == party

    def above(self, party: int) -> Ints:
        """Everybody from whom ties lead to a party, without it."""
        pointer, order = self.by_company
        found, _, _, _ = shares.upstream(pointer, self.owners[order], party, self.stakes.places)
        return np.asarray(found[1:], np.int64)


def ties_of(stakes: Stakes, *, de_facto: bool = False) -> Ties:
    """The ties in force at the moment of some stakes."""
    known: dict[bool, Ties] = stakes.__dict__.setdefault("_ties", {})
    if de_facto not in known:
        known[de_facto] = _build(stakes, de_facto)
    return known[de_facto]


def _build(stakes: Stakes, de_facto: bool) -> Ties:
    owners, companies = stakes.owners, stakes.companies
    least, most = stakes.votes_least.copy(), stakes.votes_most.copy()
    how = np.full(owners.size, VOTES, np.int8)
    partnership = stakes.kinds == "partnership"
    how[partnership[companies] & (least >= WHOLE)] = PARTNER
    contracts = _contracts(stakes)
    if de_facto:
        contracts += _blocks(stakes)
    if contracts:
        more = [np.array(column) for column in zip(*contracts, strict=True)]
        owners = np.concatenate([owners, more[0].astype(np.int32)])
        companies = np.concatenate([companies, more[1].astype(np.int32)])
        least = np.concatenate([least, np.full(len(contracts), ENOUGH)])
        most = np.concatenate([most, np.full(len(contracts), ENOUGH)])
        how = np.concatenate([how, more[2].astype(np.int8)])
    order = np.argsort(owners, kind="stable")
    quota = stakes.votes // 2
    partners = np.bincount(companies[how == PARTNER], minlength=stakes.size)
    several = partners > 1  # they decide together only
    quota[several] = partners[several] * WHOLE - 1
    ties = Ties(
        stakes, pointer_to(owners[order], stakes.size), owners[order], companies[order], least[order],
        most[order], how[order], quota, stakes.votes.copy(), _concerts(stakes),
    )  # fmt: skip
    _mute_cross_held(ties)
    return ties


def relations_of(stakes: Stakes, kinds: Iterable[str]) -> tuple[Numbers, Numbers, npt.NDArray[np.object_]]:
    """Who stands in one of some relations to whom, at the moment of the stakes."""
    rows = stakes.tables.arrow("relations")
    if rows is None or rows.num_rows == 0:
        none = np.array([], np.int32)
        return none, none, np.array([], object)
    rows = rows.filter(pc.is_in(one(rows["kind"]), value_set=_texts(kinds)))
    held = np.flatnonzero(in_force(rows, stakes.at))
    rows = rows.take(held)
    kind = np.asarray(one(rows["kind"]).to_numpy(zero_copy_only=False), object)
    return numbers_of(rows["party_id"], stakes.ids), numbers_of(rows["other_id"], stakes.ids), kind


def _texts(words: Iterable[str]) -> Any:
    import pyarrow as pa

    return pa.array(list(words), pa.large_string())


def _contracts(stakes: Stakes) -> list[tuple[int, int, int]]:
    """Ties that decide alone: who controls by agreement, and who runs funds and trusts."""
    one_, other, kinds = relations_of(stakes, _TIES)
    found = []
    for party, over, kind in zip(one_.tolist(), other.tolist(), kinds, strict=True):
        if kind == "controller" or str(stakes.kinds[over]) in RUN_BY_OTHERS:
            found.append((party, over, _TIES[kind]))
    return found


def _blocks(stakes: Stakes) -> list[tuple[int, int, int]]:
    """Blocks that decide alone in fact, as far as a rule of thumb goes: the others are small and apart."""
    (rule,) = (row for row in law_on("control", None) if row["rule"] == "de_facto")
    least, times = Fraction(rule["threshold"]), Fraction(rule["times"])
    found = []
    for company in np.flatnonzero(np.diff(stakes.pointer) > 0).tolist():
        own = slice(int(stakes.pointer[company]), int(stakes.pointer[company + 1]))
        by_owner = together(stakes.owners[own].tolist(), stakes.votes_least[own].tolist())
        (owner, most), *others = sorted(by_owner.items(), key=lambda item: -item[1])
        second = others[0][1] if others else 0
        enough = least * int(stakes.votes[company])
        if (most > enough or (most == enough and rule["inclusive"] == "true")) and most >= times * second:
            found.append((owner, company, DE_FACTO))
    return found


def _concerts(stakes: Stakes) -> Ints:
    """The number of each party's group of those who act in concert, -1 for those who act alone."""
    one_, other, _ = relations_of(stakes, ("concert",))
    group = np.full(stakes.size, -1, np.int64)
    if one_.size == 0:
        return group
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names, places = np.unique(np.concatenate([one_, other]), return_inverse=True)
    half = one_.size
    graph = coo_array((np.ones(half), (places[:half], places[half:])), shape=(names.size, names.size))
    group[names] = connected_components(graph, directed=False)[1]
    return group


def _mute_cross_held(ties: Ties) -> None:
    """Take the votes from shares that a company's own subsidiaries hold in it: they cannot be cast.

    公司法 (2023) art. 141 for listed companies. Who is a subsidiary is told with all votes counted.
    """
    stakes = ties.stakes
    rings = shares.components(stakes.pointer, stakes.owners.astype(np.int64))
    inside = rings[stakes.owners] == rings[stakes.companies]
    if not inside.any():
        return
    asked = sets.unique(stakes.companies[inside]).astype(np.int64)
    below = kernels.held_from_below(ties.pointer, ties.owners, ties.companies, ties.least, ties.quota, asked)
    below &= ties.how == VOTES
    np.subtract.at(ties.castable, ties.companies[below], ties.least[below])
    ties.least[below] = ties.most[below] = 0
    fewer = sets.unique(ties.companies[below])
    others = np.zeros(stakes.size, np.int64)  # who has more than the whole of the votes can cast them
    np.add.at(others, ties.companies, np.where(ties.least < ENOUGH, ties.least, 0))
    ties.castable[fewer] = np.maximum(ties.castable[fewer], others[fewer])
    fewer = fewer[ties.quota[fewer] == stakes.votes[fewer] // 2]  # not where several partners decide together
    ties.quota[fewer] = ties.castable[fewer] // 2


def controls(case: Case, party: str, as_of: Moment | None = None, *, de_facto: bool = False) -> pd.DataFrame:
    """Whom a party controls: the least set that holds it and everybody whose majority of votes lies within.

    A party comes under control when those that are under control already, and the party itself, have more
    than half of the votes that can be cast in it together; or by a contract (relation ``controller``); a
    contract fund or trust by its manager or trustee; a partnership by its general partner, or by all of them
    together. Those who act in concert with the party count as one with it, and control jointly. A nominee's
    votes are its principal's; shares that a company's own subsidiaries hold in it have no vote.

    Parameters
    ----------
    party
        Id of a party, or a name that only one has.
    as_of
        The date; None means the last moment of which the case knows anything.
    de_facto
        Also by the greatest block of votes, of at least 30 % and twice the next (a row of `graphflow.law`): a
        rule of thumb, no law.

    Returns
    -------
    pandas.DataFrame
        One row a party, in the order in which they come under control: `party_id`, `how` (``votes``,
        ``controller``, ``manager``, ``trustee``, ``general_partner``, ``de_facto``), `votes` (the part of the
        votes that can be cast which those before it had), `through` (each of those with its part), `joint`
        (with others who act in concert), `certain` (false: only if votes that are ranges or unknown are as
        high as they may be).

    Raises
    ------
    UsageError
        For a name that no party has, or several; for a date that is none.

    See Also
    --------
    all_controls : the sets of all parties at once.

    References
    ----------
    公司法 (2023) art. 265(2), (3); art. 141 for shares without votes.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> controls(holders.o5(), "P")[["party_id", "how", "votes"]].values.tolist()
    [['A', 'votes', 0.51], ['B', 'votes', 0.51], ['C', 'votes', 0.55]]
    """
    stakes = stakes_of(case, as_of)
    ties = ties_of(stakes, de_facto=de_facto)
    number = party_number(stakes, party)
    starts = ties.together(number)
    rows = []
    certain, _ = ties.under(starts)
    possible, _ = ties.under(starts, possible=True)
    sure = set(certain.tolist())
    for inside, is_certain in ((certain, True), (possible, False)):
        place = {int(each): at for at, each in enumerate(inside.tolist())}
        for each in inside[starts.size :].tolist():
            if is_certain or each not in sure:
                rows.append(_step(ties, each, place, starts.size > 1, is_certain))
    return pd.DataFrame(rows, columns=["party_id", "how", "votes", "through", "joint", "certain"]).astype(
        {"party_id": "str", "how": "str", "joint": bool, "certain": bool, "votes": float}
    )


def _step(ties: Ties, party: int, place: dict[int, int], joint: bool, certain: bool) -> dict[str, Any]:
    """What brought a party under control: the ties of those that were in before it."""
    pointer, order = ties.by_company
    over = [
        tie for tie in order[pointer[party] : pointer[party + 1]].tolist()
        if place.get(int(ties.owners[tie]), place[party]) < place[party]
    ]  # fmt: skip
    votes = ties.least if certain else ties.most
    alone = [tie for tie in over if votes[tie] >= ENOUGH]
    whole = int(ties.castable[party])
    if alone:
        how = HOW[ties.how[alone[0]]]
    else:
        partner = any(ties.how[tie] == PARTNER for tie in over)
        how = HOW[PARTNER if partner else VOTES]
    through: dict[str, float] = {}
    total = 0
    for tie in alone or [tie for tie in over if votes[tie] > 0]:
        had = 0 if alone else int(votes[tie])
        total += had
        name = ties.stakes.name(ties.owners[tie])
        through[name] = through.get(name, 0.0) + (had / whole if had else 0.0)
    return {
        "party_id": ties.stakes.name(party), "how": how, "votes": np.nan if alone else total / whole,
        "through": tuple(through) if alone else tuple(through.items()), "joint": joint, "certain": certain,
    }  # fmt: skip


def controllers(
    case: Case, party: str, as_of: Moment | None = None, *, de_facto: bool = False
) -> pd.DataFrame:
    """Who controls a party, alone or jointly; the ultimate ones are controlled by nobody themselves.

    Parameters
    ----------
    party
        Id of a party, or a name that only one has.
    as_of, de_facto
        As for `controls`.

    Returns
    -------
    pandas.DataFrame
        One row a controller: `party_id`, `kind`, `ultimate`, `joint`, `with_parties` (who act in concert with
        it), `certain`.

    Raises
    ------
    UsageError
        For a name that no party has, or several; for a date that is none.

    See Also
    --------
    controls : the rule.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> controllers(holders.o5(), "C")[["party_id", "ultimate"]].values.tolist()
    [['P', True]]
    """
    stakes = stakes_of(case, as_of)
    ties = ties_of(stakes, de_facto=de_facto)
    number = party_number(stakes, party)
    rows = []
    for above, certain in controllers_of(ties, number).items():
        group = ties.together(above)
        rows.append({
            "party_id": stakes.name(above), "kind": str(stakes.kinds[above]),
            "ultimate": not any(controllers_of(ties, above).values()), "joint": group.size > 1,
            "with_parties": tuple(stakes.name(each) for each in group if each != above), "certain": certain,
        })  # fmt: skip
    columns = ["party_id", "kind", "ultimate", "joint", "with_parties", "certain"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype({"party_id": "str", "kind": "str", "ultimate": bool, "joint": bool, "certain": bool})
    return frame.sort_values(["ultimate", "party_id"], ascending=[False, True], ignore_index=True)


def controllers_of(ties: Ties, party: int) -> dict[int, bool]:
    """Everybody who controls a party, and whether that is certain."""
    known: dict[int, dict[int, bool]] = ties.__dict__.setdefault("_controllers", {})
    if party not in known:
        found: dict[int, bool] = {}
        for above in ties.above(party).tolist():
            starts = ties.together(above)
            if party in starts:
                continue
            if ties.reach(starts, party):
                found[above] = True
            elif ties.reach(starts, party, possible=True):
                found[above] = False
        known[party] = found
    return known[party]


def group_of(ties: Ties, party: int) -> tuple[frozenset[int], frozenset[int]]:
    """A party's ultimate controllers (itself, where it has none), and everything under them: its group.

    Whoever has the same controllers is given the same group, put together once.
    """
    above = [each for each, certain in controllers_of(ties, party).items() if certain]
    tops = frozenset(each for each in above if not any(controllers_of(ties, each).values()))
    tops = tops or frozenset({party})
    known: dict[frozenset[int], frozenset[int]] = ties.__dict__.setdefault("_groups", {})
    if tops not in known:
        under = (ties.under(ties.together(top))[0].tolist() for top in tops)
        known[tops] = tops.union(*under)
    return tops, known[tops]
