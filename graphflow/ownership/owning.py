"""Who owns a company in the end, and how much: integrated shares, with rings, ranges and the unknown."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow.errors import InputError, Problem
from graphflow.kernels import shares as kernels
from graphflow.language import N_
from graphflow.ownership.stakes import Ints, Numbers, Stakes, party_number, stakes_of, together
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

Reals = npt.NDArray[np.float64]

NOBODY = "unknown"
"""The kind of the row that stands for owners who are not known."""

EXCESS = "excess"
"""The kind of the row that takes off what owners have of more than the whole."""

SLIGHT = 1e-9
"""What a solver may be wrong by."""

AXES = ("share", "votes")
"""What an owner has of a company: part of its money, and part of its votes."""


@dataclass(frozen=True)
class Upstream:
    """All parties from which stakes lead to one company, as a small graph of their own.

    Attributes
    ----------
    parties
        Their numbers among all parties, the company's first.
    pointer, owners
        Stakes by company, parties by their place in `parties`.
    stakes
        The place of each of these stakes among all.
    """

    all: Stakes
    parties: Ints
    pointer: Ints
    owners: Ints
    stakes: Ints

    @classmethod
    def of(cls, stakes: Stakes, company: int) -> Upstream:
        """What stands above a company."""
        return cls(stakes, *kernels.upstream(stakes.pointer, stakes.owners, company, stakes.places))

    @cached_property
    def rings(self) -> Ints:
        """The number of each party's ring; owners before what they own."""
        return kernels.components(self.pointer, self.owners)

    @property
    def has_rings(self) -> bool:
        """Whether any of them owns itself through others."""
        return len(set(self.rings.tolist())) < self.rings.size

    @cached_property
    def companies(self) -> Ints:
        """The company of each stake, by its place."""
        return np.repeat(np.arange(self.parties.size), np.diff(self.pointer))

    def column(self, axis: str, bound: str) -> Ints:
        """Of each stake its share or votes: the ``"least"`` or the ``"most"``."""
        name = bound if axis == "share" else f"votes_{bound}"
        return np.asarray(getattr(self.all, name)[self.stakes], np.int64)

    def whole(self, axis: str) -> Ints:
        """Of each party the parts that its owners have together, or the votes that can be cast."""
        return np.asarray((self.all.whole if axis == "share" else self.all.votes)[self.parties], np.int64)

    def by_owner(self, place: int, parts: Ints) -> dict[int, int]:
        """What each owner of one of them has of it, several stakes of one owner together."""
        own = slice(int(self.pointer[place]), int(self.pointer[place + 1]))
        return together(self.owners[own].tolist(), parts[own].tolist())

    def ends(self) -> npt.NDArray[np.bool_]:
        """Which of them nobody is known to own."""
        return np.asarray(np.diff(self.pointer) == 0)

    def held(self, axis: str) -> tuple[Ints, Ints, Ints, Ints]:
        """The stakes that are surely more than nothing, and the rings that these make.

        Pointer, owners, shares, rings: through a stake of nothing a ring that owns itself would seem open.
        """
        shares = self.column(axis, "least")
        real = shares > 0
        pointer = np.concatenate([[0], np.cumsum(real)])[self.pointer].astype(np.int64)
        owners = self.owners[real]
        return pointer, owners, shares[real], kernels.components(pointer, owners)

    def integrated(self, axis: str, at: int = 0) -> tuple[Reals, Reals, bool]:
        """What of one party passes through each, what goes to owners unknown, and whether a ring owns itself.

        Where shares are ranges, the least of each.
        """
        comes = np.zeros(self.parties.size)
        comes[at] = 1.0
        pointer, owners, shares, rings = self.held(axis)
        whole = self.whole(axis)
        passes, lost, ended = kernels.integrate(pointer, owners, shares, whole, rings, comes)
        if ended == kernels.LARGE:
            passes, lost = self._sparse(axis, comes)
            return passes, lost, bool(self.orphans(axis).any())
        # a company without a stake of more than nothing has owners, and none of them is known
        bare = (np.diff(pointer) == 0) & (np.diff(self.pointer) > 0)
        return passes, np.where(bare, passes, lost), bool(ended & kernels.ORPHAN)

    def _sparse(self, axis: str, comes: Reals) -> tuple[Reals, Reals]:
        """The same where a ring is large: a sparse factorisation, its residual once taken off again."""
        from scipy.sparse import csc_array, identity
        from scipy.sparse.linalg import splu

        size, whole = self.parties.size, self.whole(axis)
        pointer, owners, shares, _ = self.held(axis)
        companies = np.repeat(np.arange(size), np.diff(pointer))
        orphans = self.orphans(axis)
        keep = ~orphans[companies]
        value = (shares / whole[companies])[keep]
        inside = csc_array((value, (owners[keep], companies[keep])), shape=(size, size))
        matrix = (identity(size, format="csc") - inside).tocsc()
        try:
            solver = splu(matrix)
        except RuntimeError:  # singular
            raise self._without_end(axis, pointer, shares) from None
        passes = solver.solve(comes)
        passes += solver.solve(comes - matrix @ passes)
        if not np.isfinite(passes).all() or passes.min() < -SLIGHT:
            raise self._without_end(axis, pointer, shares)
        rest = whole - np.bincount(companies, weights=shares, minlength=size)
        return passes, np.where(self.ends() | orphans, 0.0, passes * (rest / whole))

    def _without_end(self, axis: str, pointer: Ints, shares: Ints) -> InputError:
        """The error that more comes back round a ring than went into it: there is no answer."""
        total = np.diff(np.concatenate([[0], np.cumsum(shares)])[pointer])
        over = np.flatnonzero(total > self.whole(axis))
        names = ", ".join(self.all.name(self.parties[place]) for place in over[:12])
        return InputError(
            Problem(
                f"stakes.{axis}",
                N_(
                    "more comes back round a ring than went into it: "
                    "{count} companies have owners of more than the whole"
                ),
                {"count": over.size},
                names,
                N_("stakes of at most 1 together, or normalise=True to take their sum for the whole"),
            )
        )

    def orphans(self, axis: str = "share") -> npt.NDArray[np.bool_]:
        """The members of rings that own all of themselves: nobody stands behind them."""
        pointer, owners, shares, rings = self.held(axis)
        return closed_rings(pointer, owners, shares, self.whole(axis), rings)

    def most(self, axis: str, wanted: npt.NDArray[np.bool_]) -> Reals:
        """The greatest share that some of them can have together in each, where stakes are ranges."""
        return kernels.greatest(
            self.pointer, self.owners, self.column(axis, "least"), self.column(axis, "most"),
            self.whole(axis), self.rings, wanted,
        )  # fmt: skip

    def is_exact(self, axis: str) -> bool:
        """Whether every stake is one figure."""
        return bool((self.column(axis, "least") == self.column(axis, "most")).all())

    def paths(self, axis: str) -> Iterator[tuple[float, tuple[int, ...]]]:
        """Ways up from the company to owners whom nobody owns, each with its product of shares: see `ways`.

        Ways of less than a millionth are left out, and no more than `MOST_BEGUN` are begun.
        """
        shares, whole, ends = self.column(axis, "least"), self.whole(axis), self.ends()

        def above(place: int) -> list[tuple[int, float]]:
            of = int(whole[place])
            return [(owner, part / of) for owner, part in self.by_owner(place, shares).items()]

        return ways(above, lambda place: bool(ends[place]), LEAST_WAY, MOST_BEGUN)


def ways(
    behind: Callable[[int], Sequence[tuple[int, float]]],
    is_end: Callable[[int], bool],
    least: float,
    most: int,
) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Ways from the place 0 to the ends, from the widest place on; none passes a place twice.

    What goes round a ring is in no way. An end is told as soon as the place before it is reached, so not the
    widest way first: where ways fork again and again, all beginnings are wider than any whole way.

    Parameters
    ----------
    behind
        What stands behind a place, each with its part.
    is_end
        Whether a place is an end: also one with something behind it may be.
    least, most
        Ways of less are left out, and no more are begun: places that stand behind one another have too many.
    """
    known: dict[int, Sequence[tuple[int, float]]] = {}

    def of(place: int) -> Sequence[tuple[int, float]]:
        if place not in known:
            known[place] = behind(place)
        return known[place]

    heap: list[tuple[float, tuple[int, ...]]] = [(-1.0, (0,))]
    if is_end(0):
        yield 1.0, (0,)
    for _ in range(most):
        if not heap:
            return
        minus, way = heapq.heappop(heap)
        for place, part in of(way[-1]):
            share = -minus * part
            if place in way or share < least:
                continue
            if is_end(place):
                yield share, (*way, place)
            if of(place):
                heapq.heappush(heap, (-share, (*way, place)))


def closed_rings(
    pointer: Ints, owners: Ints | Numbers, shares: Ints, whole: Ints, rings: Ints
) -> npt.NDArray[np.bool_]:
    """The members of rings that own all of themselves."""
    companies = np.repeat(np.arange(whole.size), np.diff(pointer))
    same = rings[owners] == rings[companies]
    within = np.zeros(whole.size, np.int64)
    np.add.at(within, companies[same], shares[same])
    loose = np.zeros(whole.size, np.bool_)
    loose[rings[within != whole]] = True
    return np.asarray(~loose[rings] & (np.bincount(rings, minlength=1)[rings] > 1))


MOST_PATHS = 5
"""Paths shown of each owner."""

MOST_BEGUN = 5_000
"""Ways looked at for one company, also those that have not come to an end."""

LEAST_WAY = 1e-6
"""Ways of a smaller part of the company are not shown."""


def owners(
    case: Case,
    company: str,
    as_of: Moment | None = None,
    *,
    between: bool = False,
    normalise: bool = False,
) -> pd.DataFrame:
    """Who owns a company in the end: the integrated share of everybody whom nobody owns.

    A share of a share is their product, and the products along all ways add up, also round rings of companies
    that own one another: ``U = D (I - W)^-1``. What no stake names is a row of its own, so that the shares
    add up to one. A nominee's stake counts for its principal; what a company holds of itself is nobody's.

    Parameters
    ----------
    company
        Id of a party, or a name that only one has.
    as_of
        The date; None means the last moment of which the case knows anything.
    between
        Also the companies between: `share` is then what each would have without what comes back to it round a
        ring (Brioschi and Baldone), `share_uncorrected` with it. They are not part of the sum.
    normalise
        Where a company's stakes are more than the whole, take their sum for the whole.

    Returns
    -------
    pandas.DataFrame
        One row an owner, the greatest first: `owner_id` (missing for the unknown rest), `kind` (the party's;
        ``unknown``; ``ring`` for members of a ring that owns all of itself; ``excess`` for what takes off
        that stakes are more than the whole), `ultimate`, `share`, `votes`
        (the same with votes, multiplied along), each with its `_min` and `_max`, which differ where stakes
        are ranges (`share` is then missing), `direct` (the share held without others), `paths` (up to five
        ways from the owner down to the company, the greatest first) and `in_paths` (how much of the share
        they explain: the rest is in further paths or goes round rings).

    Raises
    ------
    UsageError
        For a party that is not there.
    InputError
        Where more comes back round a ring than went into it, because companies have owners of more than the
        whole, unless they are to be normalised.

    See Also
    --------
    greatest_owners : who has a certain share, of all companies at once.

    References
    ----------
    Brioschi, Buzzacchi, Colombo (1989), Risk capital financing and the separation of ownership and control in
    business groups; 穿透 of shareholders as the clean-up plan asks (国办发〔2016〕21号).

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> owners(holders.o2(), "B")[["owner_id", "share"]].round(6).values.tolist()
    [['Q', 0.851064], ['P', 0.148936]]
    """
    stakes = stakes_of(case, as_of)
    if normalise:
        stakes = stakes.with_wholes()
    number = party_number(stakes, company, "company")
    return _frame(Upstream.of(stakes, number), between)


def _frame(up: Upstream, between: bool) -> pd.DataFrame:
    stakes = up.all
    ends = up.ends()
    orphans = up.orphans()
    final = ends | orphans
    final[0] &= bool(orphans[0])
    columns: dict[str, Any] = {}
    for axis in AXES:
        columns |= _axis(up, axis, final)
    shown = [int(place) for place in np.flatnonzero(final)]
    rows: list[dict[str, Any]] = []
    direct = np.zeros(up.parties.size)
    first = slice(int(up.pointer[0]), int(up.pointer[1]))
    np.add.at(direct, up.owners[first], up.column("share", "least")[first] / up.whole("share")[0])
    found = paths_by_owner(up)
    for place in shown:
        value = {name: column[place] for name, column in columns.items()}
        if not any(value[name] > 0 for name in ("share_max", "votes_max")):
            continue
        kind = "ring" if orphans[place] else str(stakes.kinds[up.parties[place]])
        paths = found.get(place, [])
        rows.append({
            "owner_id": stakes.name(up.parties[place]), "kind": kind, "ultimate": True, **value,
            "direct": direct[place], "paths": tuple(path for _, path in paths),
            "in_paths": float(sum(share for share, _ in paths)),
        })  # fmt: skip
    rows.sort(key=lambda row: (-row["share_max"], -row["votes_max"], row["owner_id"]))
    unknown = {name: column[-1] for name, column in columns.items()}
    if up.pointer[0] == up.pointer[1]:  # of the company itself no owner is known
        unknown = dict.fromkeys(unknown, 1.0)
    excess = {name: -column[-2] for name, column in columns.items()}
    for kind, values in ((NOBODY, unknown), (EXCESS, excess)):
        if any(values[name] != 0 for name in ("share_min", "share_max", "votes_min", "votes_max")):
            rows.append({"owner_id": None, "kind": kind, "ultimate": True, **values, "direct": np.nan,
                         "paths": (), "in_paths": 0.0})  # fmt: skip
    if between:
        rows += _between(up, final, direct)
    names = ["owner_id", "kind", "ultimate", *columns, "direct", "paths", "in_paths"]
    frame = pd.DataFrame(rows, columns=names + (["share_uncorrected"] if between else []))
    return frame.astype({"owner_id": "str", "kind": "str", "ultimate": bool})


def _axis(up: Upstream, axis: str, final: npt.NDArray[np.bool_]) -> dict[str, Reals]:
    """The value of an axis for every party, then of more than the whole, and last for those not known."""
    passes, lost, _ = up.integrated(axis)
    least = np.concatenate([passes, [np.maximum(-lost, 0).sum(), np.maximum(lost, 0).sum()]])
    most = least.copy()
    if not up.is_exact(axis):
        for place in np.flatnonzero(final):
            wanted = np.zeros(final.size, np.bool_)
            wanted[place] = True
            most[place] = up.most(axis, wanted)[0]
        least[-1] = max(1.0 - up.most(axis, final)[0], 0.0)
    exact = np.where(most - least <= 1e-15, least, np.nan)
    return {axis: exact, f"{axis}_min": least, f"{axis}_max": most}


def paths_by_owner(up: Upstream, axis: str = "share") -> dict[int, list[tuple[float, tuple[str, ...]]]]:
    """The greatest ways from each owner down to the company, each with its product of shares."""
    found: dict[int, list[tuple[float, tuple[int, ...]]]] = {}
    for share, path in up.paths(axis):
        found.setdefault(path[-1], []).append((-share, path))
    return {
        owner: [
            (-minus, tuple(up.all.name(up.parties[place]) for place in reversed(path)))
            for minus, path in sorted(mine)[:MOST_PATHS]
        ]
        for owner, mine in found.items()
    }


def _between(up: Upstream, final: npt.NDArray[np.bool_], direct: Reals) -> list[dict[str, Any]]:
    """The companies between the owners and the company, and what it has of itself round a ring."""
    passes, _, _ = up.integrated("share")
    votes, _, _ = up.integrated("votes")
    rows = []
    rings = np.bincount(up.rings)[up.rings] > 1
    for place in np.flatnonzero(~final):
        mine = passes[place] - (place == 0)
        if mine <= 0:
            continue
        back = up.integrated("share", int(place))[0][place] if rings[place] else 1.0
        rows.append({
            "owner_id": up.all.name(up.parties[place]), "kind": str(up.all.kinds[up.parties[place]]),
            "ultimate": False, "share": mine / back, "share_min": mine / back, "share_max": mine / back,
            "share_uncorrected": mine, "votes": votes[place] - (place == 0), "votes_min": np.nan,
            "votes_max": np.nan, "direct": direct[place], "paths": (), "in_paths": 0.0,
        })  # fmt: skip
    return sorted(rows, key=lambda row: (-row["share"], row["owner_id"]))


def exact_shares(up: Upstream, axis: str, wanted: Sequence[int]) -> list[Any]:
    """Integrated shares as exact fractions, where there is no ring: for a threshold that is touched.

    Shares are parts per billion, so that each product is a ratio of whole numbers.
    """
    from fractions import Fraction

    shares, whole = up.column(axis, "least"), up.whole(axis)
    passes = [Fraction(0)] * up.parties.size
    passes[0] = Fraction(1)
    for place in np.argsort(-up.rings, kind="stable"):
        for k in range(int(up.pointer[place]), int(up.pointer[place + 1])):
            part = Fraction(int(shares[k]), int(whole[place]))
            passes[int(up.owners[k])] += passes[int(place)] * part
    return [passes[place] for place in wanted]
