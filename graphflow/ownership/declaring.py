"""What was declared to be held through others, beside what the stakes come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.ownership.controlling import ties_of
from graphflow.ownership.owning import Upstream
from graphflow.ownership.stakes import WHOLE, bounds_of, in_force, is_indirect, numbers_of, stakes_of
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

SAME = 1e-9


def declared(case: Case, as_of: Moment | None = None) -> pd.DataFrame:
    """Compare what was declared to be held through others with what the stakes come to; nothing is repaired.

    A declaration can be met in two ways: the integrated share, as an interval where stakes between are ranges
    or unknown; and what those have directly whom the party controls, as many registers count.

    Parameters
    ----------
    as_of
        The date; None means the last moment of which the case knows anything.

    Returns
    -------
    pandas.DataFrame
        One row a declaration: `party_id`, `company_id`, `declared_min`, `declared_max`, `share_min`,
        `share_max` (integrated, without what the party holds itself), `through_controlled` (held directly by
        those whom the party controls),
        `difference` (declared less the nearer of the two), `agrees` (``yes``: one of them is the same;
        ``possible``: the interval holds it, and nothing else is known; ``no``).

    Raises
    ------
    UsageError
        For a date that is none.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> declared(holders.o8()).empty
    True
    """
    stakes = stakes_of(case, as_of)
    rows = case.tables.arrow("stakes")
    columns = [
        "party_id", "company_id", "declared_min", "declared_max", "share_min", "share_max",
        "through_controlled", "difference", "agrees",
    ]  # fmt: skip
    found: list[dict[str, Any]] = []
    if rows is not None and rows.num_rows:
        rows = rows.take(np.flatnonzero(is_indirect(rows) & in_force(rows, stakes.at)))
        least, most = bounds_of(rows)
        owners, companies = (
            numbers_of(rows["owner_id"], stakes.ids),
            numbers_of(rows["company_id"], stakes.ids),
        )
        for owner, company, low, high in zip(owners, companies, least, most, strict=True):
            said = int(low) / WHOLE, int(high) / WHOLE
            found.append(_beside(stakes, int(owner), int(company), *said))
    return pd.DataFrame(found, columns=columns)


def _beside(stakes: Any, owner: int, company: int, low: float, high: float) -> dict[str, Any]:
    up = Upstream.of(stakes, company)
    place = np.flatnonzero(up.parties == owner)
    share_min = share_max = 0.0
    if place.size:
        wanted = np.zeros(up.parties.size, np.bool_)
        wanted[place] = True
        share_min = float(up.integrated("share")[0][place[0]])
        share_max = float(up.most("share", wanted)[0])
    inside = set(ties_of(stakes).under([owner])[0].tolist()) - {owner}
    first = slice(int(up.pointer[0]), int(up.pointer[1]))
    whole = int(up.whole("share")[0])
    holders = up.parties[up.owners[first]]
    parts, at_most = up.column("share", "least")[first], up.column("share", "most")[first]
    held = sum(int(part) for part, who in zip(parts, holders.tolist(), strict=True) if who in inside) / whole
    own = holders == owner  # what it holds itself is not held through others
    share_min = max(share_min - int(parts[own].sum()) / whole, 0.0)
    share_max = max(share_max - int(at_most[own].sum()) / whole, share_min)
    figures = [held] if share_max - share_min > SAME else [share_min, held]
    gap = min((_outside(low, high, figure) for figure in figures), key=abs)
    if abs(gap) <= SAME:
        agrees = "yes"
    else:
        agrees = "possible" if held == 0 and share_min - SAME <= low and high <= share_max + SAME else "no"
    return {
        "party_id": stakes.name(owner), "company_id": stakes.name(company), "declared_min": low,
        "declared_max": high, "share_min": share_min, "share_max": share_max,
        "through_controlled": held, "difference": gap, "agrees": agrees,
    }  # fmt: skip


def _outside(low: float, high: float, figure: float) -> float:
    """By how much what is declared is more than a figure (less: negative); nothing where it holds it."""
    return low - figure if figure < low else min(high - figure, 0.0)
