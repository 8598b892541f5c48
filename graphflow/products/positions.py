"""What products hold and who holds products, at a date: edges of the same kind as stakes."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.law import law_on
from graphflow.ownership.stakes import Stakes, last_moment, stakes_at
from graphflow.rows import Moment, moment
from graphflow.tables.columns import EVER

if TYPE_CHECKING:
    from graphflow.case import Case

DAY = 86_400 * 1_000_000

KEPT = 4
"""Dates whose positions a case remembers."""

Key = tuple[str, str]
"""A node: ``("product", id)``, ``("party", id)``, ``("asset", id)`` or ``("unknown", id of the product)``."""

LAWS = ("product_layers", "investor_counts", "restricted_sectors")
"""Tables of law by which products are looked through."""

VEHICLES = ("partnership", "contract_fund", "trust")
"""Parties that stand for those who hold them."""


@dataclass(frozen=True)
class Positions:
    """Holdings and subscriptions in force at a moment.

    Attributes
    ----------
    products
        The rows of products by id.
    holdings, subscriptions
        Rows in force; of several snapshots of a product's holdings the last one before the moment.
    ever
        All subscriptions up to the moment, also what was paid back.
    at
        The moment, in microseconds.
    asked
        Whether somebody asked for this date: else the law is taken as it was last.
    whole
        Parties that count as one investor, whoever holds them.

    Notes
    -----
    Of what was put in, `redeemed_amount` is no longer in the product, all of it where that is empty. Where
    less was paid back than was put in, the rest is still owed: whether it is lost the tables do not say.
    """

    case: Case = field(repr=False)
    stakes: Stakes = field(repr=False)
    products: Mapping[str, Mapping[str, Any]] = field(repr=False)
    holdings: pd.DataFrame = field(repr=False)
    subscriptions: pd.DataFrame = field(repr=False)
    ever: pd.DataFrame = field(repr=False)
    at: int
    asked: bool = False
    whole: frozenset[str] = frozenset()

    def local_day(self, at: int) -> datetime.date:
        """The day of a moment where the case is."""
        return pd.Timestamp(at, unit="us", tz="UTC").tz_convert(self.case.tables.timezone).date()

    @cached_property
    def day(self) -> datetime.date:
        """The day of the moment."""
        return self.local_day(self.at)

    @cached_property
    def law(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        """The rows of law on products that were in force on the day asked about; else as they were last."""
        return {name: law_on(name, self.day if self.asked else None) for name in LAWS}

    @cached_property
    def party_kinds(self) -> Mapping[str, str]:
        """The kind of every party."""
        return dict(zip(self.stakes.ids.to_pylist(), self.stakes.kinds.tolist(), strict=True))

    @cached_property
    def operating(self) -> frozenset[str]:
        """Parties with a business of their own: some revenue is stated, or they borrow."""
        tables = self.case.tables
        found: set[str] = set()
        if tables.has("financials", "revenue"):
            rows = tables.financials
            found |= set(rows.loc[rows["revenue"].fillna(0) > 0, "party_id"])
        for table, column in (("loans", "borrower_id"), ("holdings", "borrower_id")):
            if tables.has(table, column):
                found |= set(tables.frame(table)[column].dropna())
        return frozenset(found)

    @cached_property
    def bought_by(self) -> Mapping[str, pd.DataFrame]:
        """Subscriptions in force by investor."""
        return _ByName(self.subscriptions, "investor_id")

    @cached_property
    def sold_ever(self) -> Mapping[str, pd.DataFrame]:
        """All subscriptions up to the moment by product, also what was paid back."""
        return _ByName(self.ever, "product_id")

    @cached_property
    def sold(self) -> Mapping[str, pd.DataFrame]:
        """Subscriptions in force by product."""
        return _ByName(self.subscriptions, "product_id")

    @cached_property
    def held(self) -> Mapping[str, pd.DataFrame]:
        """Holdings in force by product."""
        return _ByName(self.holdings, "product_id")

    def passes_on(self, party: str) -> bool:
        """Whether a company or vehicle only passes money on: it is in products, and has no business.

        That is inferred, from revenue and debt that are not known of it: no table says so.
        """
        if self.party_kinds.get(party, "") not in ("company", *VEHICLES) or party in self.operating:
            return False
        return party in self.bought_by


class _ByName(Mapping[str, pd.DataFrame]):
    """The rows of a frame by a column of names, each cut out only when it is asked for: there may be many."""

    def __init__(self, frame: pd.DataFrame, column: str) -> None:
        codes, names = pd.factorize(frame[column], sort=True)
        self._frame = frame
        self._order = np.argsort(codes, kind="stable")[int((codes < 0).sum()) :]
        self._begins = np.searchsorted(codes[self._order], np.arange(len(names) + 1))
        self._place = {str(name): number for number, name in enumerate(names)}

    def __getitem__(self, name: str) -> pd.DataFrame:
        place = self._place[name]
        return self._frame.iloc[self._order[self._begins[place] : self._begins[place + 1]]]

    def __contains__(self, name: object) -> bool:
        return name in self._place

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)


def positions_of(case: Case, as_of: Moment | None = None) -> Positions:
    """What is held at a date; None: at the last moment of which the case knows anything, never today."""
    tables = case.tables
    at = last_moment(tables) if as_of is None else moment(as_of, tables.timezone, "as_of")[1]
    known: dict[tuple[int, bool], Positions] = case.__dict__.setdefault("_positions", {})
    key = at, as_of is not None
    if key not in known:
        known[key] = _build(case, *key)
        for old in list(known)[:-KEPT]:
            del known[old]
    return known[key]


def micros(values: pd.Series) -> Any:
    """Times as microseconds; what is empty is never."""
    stamps = values.astype("datetime64[us, UTC]")
    return np.where(stamps.isna(), int(EVER), stamps.astype("int64"))


def _build(case: Case, at: int, asked: bool) -> Positions:
    tables = case.tables
    products = {row["product_id"]: row for row in _given(tables.products)}
    holdings = tables.holdings.copy()
    if len(holdings):
        keep = np.ones(len(holdings), np.bool_)
        if "start" in holdings:
            start = micros(holdings["start"])
            keep &= (start <= at) | (start == int(EVER))
        if "as_of" in holdings:
            day = micros(holdings["as_of"])
            dated = day != int(EVER)
            keep &= ~dated | (day <= at)
            last = (
                pd.Series(np.where(keep & dated, day, -1))
                .groupby(holdings["product_id"].to_numpy())
                .transform("max")
            )
            keep &= ~dated | (day == last.to_numpy())
        holdings = holdings[keep]
    ever = tables.subscriptions.copy()
    current = ever
    if len(ever):
        ever = ever[micros(ever["time"]) <= at]
        current = ever
        if "redeemed" in ever:
            gone = micros(ever["redeemed"]) <= at
            paid = (
                ever["redeemed_amount"] if "redeemed_amount" in ever else pd.Series(pd.NA, index=ever.index)
            )
            back = paid.where(gone, 0).fillna(ever["amount"].where(gone, 0))
            left = (ever["amount"] - back).clip(lower=0).astype("int64")
            # READING: paid back with a gain is paid back, and no more; paid back less than was put in is a
            # part, and the rest is still in it. The tables do not tell a loss from that: `register` lists it.
            current = ever.assign(amount=left)[left > 0]
    return Positions(case, stakes_at(case, at), products, holdings, current, ever, at, asked)


def paid_for(subscriptions: pd.DataFrame) -> Mapping[str, pd.DataFrame]:
    """What subscriptions say of the transfers that they name: as payments, and as redemptions.

    One row a transfer and product: `transfer_id`, `of`, `part` (what of it is the product's, in minor units).
    """
    found: dict[str, pd.DataFrame] = {}
    for column, amount in (("transfer_id", "amount"), ("redemption_transfer_id", "redeemed_amount")):
        if column not in subscriptions:
            none = pd.DataFrame({"transfer_id": [], "of": []}, dtype=object)
            found[column] = none.assign(part=pd.Series([], dtype="int64"))
            continue
        rows = subscriptions.dropna(subset=[column])
        part = rows[amount].fillna(rows["amount"]) if amount in rows else rows["amount"]
        sums = part.astype("int64").groupby([rows[column], rows["product_id"]]).sum().reset_index()
        sums.columns = pd.Index(["transfer_id", "of", "part"])
        found[column] = sums
    return found


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame, one mapping each."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _given(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows without what is empty."""
    return [{name: value for name, value in row.items() if not _is_empty(value)} for row in records(frame)]


def _is_empty(value: Any) -> bool:
    return value is None or bool(pd.isna(value))
