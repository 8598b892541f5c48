"""Features: one row an account or party, as it could be known on a day. Nothing later can change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.redlines.facts import DAY, Facts, facts_of
from graphflow.rows import Moment
from graphflow.tables.columns import names

if TYPE_CHECKING:
    from graphflow.case import Case

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

WINDOW = 30
"""Days that "lately" means."""

ROUND = 10_000
"""Major units of which a round amount is a multiple."""

FEATURES: Mapping[str, tuple[str, str]] = {
    "in_count": ("int64", N_("transfers that came in, not from its own accounts")),
    "out_count": ("int64", N_("transfers that left, not to its own accounts")),
    "in_amount": ("int64", N_("what came in, minor units of the case's currency")),
    "out_amount": ("int64", N_("what left, minor units of the case's currency")),
    "in_amount_lately": ("int64", N_("what came in within the last 30 days")),
    "out_amount_lately": ("int64", N_("what left within the last 30 days")),
    "in_largest": ("int64", N_("the largest transfer in")),
    "out_largest": ("int64", N_("the largest transfer out")),
    "payers": ("int64", N_("different accounts that paid it")),
    "payees": ("int64", N_("different accounts that it paid")),
    "payers_lately": ("int64", N_("different accounts that paid it within the last 30 days")),
    "payees_lately": ("int64", N_("different accounts that it paid within the last 30 days")),
    "days_active": ("int64", N_("local days on which anything came in or left")),
    "days_since_first": ("int64", N_("days since the first transfer; -1 where there is none")),
    "days_since_last": ("int64", N_("days since the last transfer; -1 where there is none")),
    "in_concentration": ("float64", N_("sum of squared shares of the accounts that paid it, by amount")),
    "out_concentration": ("float64", N_("sum of squared shares of the accounts that it paid, by amount")),
    "passed_same_day": ("float64", N_("part of what came in that left on the same day, at most")),
    "round_share": ("float64", N_("part of its transfers that are multiples of 10,000")),
    "night_share": ("float64", N_("part of its transfers between midnight and six, local time")),
    "own_share": ("float64", N_("part of its transfers that stay with the same party")),
    "foreign_count": ("int64", N_("transfers in other currencies than the case's")),
}  # fmt: skip
"""Every feature: its type, and what it is."""

MONEY = frozenset({
    "in_amount", "out_amount", "in_amount_lately", "out_amount_lately", "in_largest", "out_largest",
})  # fmt: skip
"""Those that are money, in minor units of the case's currency."""

FEATURES_VERSION = 1
"""Of what the features mean: raised when one of them is counted otherwise, so that no ranking that was
learned from the old ones is asked about the new."""

VIEWS = ("account", "party")


def features(case: Case, as_of: Moment | None = None, *, by: str = "account") -> pd.DataFrame:
    """What the flows of each account or party look like as of a day, for statistics and learning.

    Only transfers up to the day count, each net of what was reversed up to the day; nothing that happened or
    was entered into the case with a later time changes a row. A mean over nothing is 0.

    Parameters
    ----------
    case
        The case.
    as_of
        The day; None: everything that the case knows.
    by
        ``"account"``, or ``"party"``: the accounts of one party together.

    Returns
    -------
    pandas.DataFrame
        Index `account_id` or `party_id`, in the order of the table; one column a row of `FEATURES`.

    Raises
    ------
    UsageError
        A view that there is not, or no date.

    Examples
    --------
    >>> from graphflow.synthesis import toys
    >>> f = features(toys.t1())
    >>> f.loc["M", ["in_count", "out_count", "in_amount", "payers"]].tolist()
    [3, 2, 60000, 3]
    """
    if by not in VIEWS:
        raise UsageError(
            Problem("by", N_("there is no such view"), first=str(by), expected=names([str(by)], list(VIEWS)))
        )
    facts = facts_of(case, as_of)
    ids = facts.account_ids if by == "account" else facts.party_ids
    columns = _columns(facts, by, ids.size)
    index = pd.Index(pd.array(ids.tolist(), dtype="str"), name=f"{by}_id")
    frame = pd.DataFrame(columns, index=index).astype({name: kind for name, (kind, _) in FEATURES.items()})
    return frame[list(FEATURES)]  # in the order of the list: who learns from a matrix relies on it


def _columns(facts: Facts, by: str, size: int) -> dict[str, Ints | Reals]:
    flows = facts.flows
    sides = ("source", "target") if by == "account" else ("payer", "payee")
    payer, payee = (flows[side].to_numpy(np.int64) for side in sides)
    source, target = flows["source"].to_numpy(np.int64), flows["target"].to_numpy(np.int64)
    own = flows["own"].to_numpy(np.bool_)
    amount, time = flows["amount"].to_numpy(np.int64), flows["time"].to_numpy(np.int64)
    code = facts.home
    home = flows["currency"].to_numpy() == code
    lately = time > facts.at - WINDOW * DAY
    day = _local_day(facts, time)
    unit = 10 ** facts.tables.minor_units.get(facts.tables.currency, 2) * ROUND
    made: dict[str, Ints | Reals] = {}
    for name, here, other in (("in", payee, source), ("out", payer, target)):
        mine = (here >= 0) & ~own
        paid = mine & home
        made[f"{name}_count"] = _count(here[mine], size)
        made[f"{name}_amount"] = _sum(here[paid], amount[paid], size)
        made[f"{name}_amount_lately"] = _sum(here[paid & lately], amount[paid & lately], size)
        largest = np.zeros(size, np.int64)
        np.maximum.at(largest, here[paid], amount[paid])
        made[f"{name}_largest"] = largest
        who = "payers" if name == "in" else "payees"
        made[who] = _different(here[mine], other[mine], size)
        made[f"{who}_lately"] = _different(here[mine & lately], other[mine & lately], size)
        made[f"{name}_concentration"] = _concentration(here[paid], other[paid], amount[paid], size)
    both, rows = np.concatenate([payer, payee]), np.tile(np.arange(len(flows)), 2)
    twice = np.concatenate([np.zeros(payer.size, np.bool_), payer == payee])
    some = (both >= 0) & ~twice
    both, rows = both[some], rows[some]
    count = _count(both, size)
    whole = np.maximum(count, 1)
    made["days_active"] = _different(both, day[rows], size)
    first, last = np.full(size, np.iinfo(np.int64).max), np.full(size, -1)
    np.minimum.at(first, both, time[rows])
    np.maximum.at(last, both, time[rows])
    none = count == 0
    made["days_since_first"] = np.where(none, -1, (facts.at - np.where(none, facts.at, first)) // DAY)
    made["days_since_last"] = np.where(none, -1, (facts.at - np.where(none, facts.at, last)) // DAY)
    made["passed_same_day"] = _passed(payer, payee, own | ~home, day, amount, made["in_amount"], size)
    hour = (time + _offsets(facts, time)) % DAY
    for name, which in (
        ("round_share", home & (amount % unit == 0)),
        ("night_share", hour < DAY // 4),
        ("own_share", own),
    ):
        made[name] = _count(both[which[rows]], size) / whole
    made["foreign_count"] = _count(both[~home[rows]], size)
    return made


def _count(here: Ints, size: int) -> Ints:
    return np.bincount(here, minlength=size).astype(np.int64)


def _sum(here: Ints, amount: Ints, size: int) -> Ints:
    total = np.zeros(size, np.int64)
    np.add.at(total, here, amount)
    return total


def _pairs(here: Ints, other: Ints) -> tuple[Ints, Ints]:
    """The different pairs, and of each given pair its number among them."""
    span = int(other.max(initial=0)) + 1
    found, number = np.unique(here * span + other, return_inverse=True)
    return found // span, number


def _different(here: Ints, other: Ints, size: int) -> Ints:
    return _count(_pairs(here, other - other.min(initial=0))[0], size)


def _concentration(here: Ints, other: Ints, amount: Ints, size: int) -> Reals:
    of, number = _pairs(here, other)
    each = _sum(number, amount, of.size).astype(np.float64)
    whole = _sum(here, amount, size).astype(np.float64)
    squares = np.bincount(of, (each / np.maximum(whole[of], 1.0)) ** 2, minlength=size)
    return np.asarray(squares, np.float64)


def _passed(
    payer: Ints,
    payee: Ints,
    aside: npt.NDArray[np.bool_],
    day: Ints,
    amount: Ints,
    came: Ints | Reals,
    size: int,
) -> Reals:
    into, out = (payee >= 0) & ~aside, (payer >= 0) & ~aside
    here = np.concatenate([payee[into], payer[out]])
    days = np.concatenate([day[into], day[out]])
    of, number = _pairs(here, days - days.min(initial=0))
    parts = int(into.sum())
    into_day = _sum(number[:parts], amount[into], of.size)
    out_day = _sum(number[parts:], amount[out], of.size)
    both = _sum(of, np.minimum(into_day, out_day), size)
    return np.asarray(both / np.maximum(came, 1), np.float64)


def _offsets(facts: Facts, time: Ints) -> Ints:
    """The offset of the case's zone from UTC at some moments, in microseconds."""
    zone = facts.tables.timezone
    days, number = np.unique(time // DAY, return_inverse=True)
    utc = pd.DatetimeIndex((days * DAY).astype("datetime64[us]"), tz="UTC")
    local = utc.tz_convert(zone).tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
    return np.asarray((local - days * DAY)[number], np.int64)


def _local_day(facts: Facts, time: Ints) -> Ints:
    return np.asarray((time + _offsets(facts, time)) // DAY, np.int64)
