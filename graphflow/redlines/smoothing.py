"""Smoothing: investors are paid what was promised though what the assets earned went up and down.

A maturity is what all were paid who put money into a product on one day and had it back on another. What
the assets earned is told period by period, from one report of a product's holdings to the next, of all of
them together: single assets that differ are no sign, a product that holds many pays their mean. Standard
deviations are compared by their squares, so that nothing is rounded.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.findings import Cited, Measure
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.facts import Facts, known, local_days, micros
from graphflow.redlines.registers import cite_products
from graphflow.redlines.yields import root, variance, years

_NOWHERE = np.zeros(0, np.int64)
_FIRST = datetime.date(1970, 1, 1)


@dataclass(frozen=True)
class Smooth:
    """What the investors of some products were paid beside what the assets earned.

    Attributes
    ----------
    measures
        The first is how much is smoothed away, rounded down.
    amount
        What was paid back, in minor units.
    rows
        Evidence.
    """

    measures: tuple[Measure, ...]
    amount: int
    maturities: int
    kept: Fraction
    rows: tuple[Cited, ...] = field(repr=False)


class Results:
    """What investors were paid and what assets earned, of all products, put together once."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        rows = facts.rows("subscriptions")
        rows = rows[known(rows["redeemed"]) & known(rows["redeemed_amount"])]
        begin, end = local_days(facts, micros(rows["time"])), local_days(facts, micros(rows["redeemed"]))
        rows = rows.assign(begin=begin, end=end)
        self.subscriptions = rows[rows["end"] > rows["begin"]]
        self.maturities = self.subscriptions.groupby(["product_id", "begin", "end"], as_index=False).agg(
            amount=("amount", "sum"), back=("redeemed_amount", "sum")
        )
        self._paid: Mapping[Any, Any] = self.maturities.groupby("product_id").indices
        self.counts: Mapping[str, int] = {str(name): len(at) for name, at in self._paid.items()}
        held = facts.rows("holdings")
        held = held[known(held["as_of"])]
        held = held[micros(held["as_of"]) <= facts.at]
        self.holdings = held.assign(day=local_days(facts, micros(held["as_of"])))
        self._held: Mapping[Any, Any] = self.holdings.groupby("product_id").indices

    def paid(self, products: Sequence[str]) -> list[tuple[str, Fraction]]:
        """The yield a year of each maturity of some products, with the product."""
        at = np.concatenate([self._paid.get(each, _NOWHERE) for each in products])
        rows = self.maturities.iloc[np.sort(at)]
        return [
            (str(name), Fraction(int(back) - int(amount), int(amount)) / years(_date(begin), _date(end)))
            for name, begin, end, amount, back in rows[
                ["product_id", "begin", "end", "amount", "back"]
            ].itertuples(index=False, name=None)
        ]

    def earned(self, product: str) -> tuple[list[Fraction], pd.DataFrame]:
        """The yield a year of all that a product held, period by period; and the rows that say so.

        A period of which the income of anything but cash is not stated is left out.
        """
        rows = self.holdings.iloc[self._held.get(product, _NOWHERE)]
        lacking = rows[~known(rows["income"]) & (rows["asset_kind"] != "cash").to_numpy(np.bool_)]
        last = self._begins(product, rows)
        found, used = [], []
        for day in sets.unique(rows["day"]).tolist():
            then = rows[(rows["day"] == day).to_numpy(np.bool_)]
            amount = int(then["amount"].sum())
            if last is not None and last < day and day not in set(lacking["day"]):
                income = int(then["income"].fillna(0).sum())
                found.append(Fraction(income, amount) / years(_date(last), _date(day)))
                used.append(then)
            last = day if last is None else max(last, day)  # what is reported before it began ends nothing
        return found, pd.concat(used) if used else rows.iloc[:0]

    def _begins(self, product: str, rows: pd.DataFrame) -> int | None:
        """The day on which a product's first period begins."""
        facts = self.facts
        products = facts.rows("products")
        mine = products[products["product_id"] == product]
        for start in (mine["start"], rows["start"]):
            told = start[known(start)]
            if len(told):
                return int(local_days(facts, micros(told)).min())
        return None

    def smoothed(self, ask: Inquiry, promised: Mapping[str, Fraction]) -> Smooth | None:
        """Whether the investors of some products were paid as promised, and their assets earned otherwise.

        None where it is not so, or cannot be told: too few maturities or periods, or assets that hardly vary.
        """
        paid = self.paid(list(promised))
        if len(paid) < ask.threshold("maturities"):
            return None
        near = ask.threshold("close")
        kept = Fraction(sum(abs(promised[name] - each) < near for name, each in paid), len(paid))
        if kept < ask.threshold("kept"):
            return None
        earned: list[Fraction] = []
        held = []
        for name in promised:
            values, rows = self.earned(name)
            earned += values
            held.append(rows)
        if not earned or len(earned) < ask.threshold("periods"):
            return None
        theirs, assets = variance([each for _, each in paid]), variance(earned)
        least = ask.threshold("smooth")
        steady = not assets or assets < ask.threshold("spread") ** 2
        if steady or least > 1 or theirs > (1 - least) ** 2 * assets:
            return None
        return self._told(ask, promised, paid, kept, (theirs, assets, len(earned)), pd.concat(held))

    def _told(
        self, ask: Inquiry, promised: Mapping[str, Fraction], paid: Sequence[tuple[str, Fraction]],
        kept: Fraction, apart: tuple[Fraction, Fraction, int], held: pd.DataFrame,
    ) -> Smooth:  # fmt: skip
        facts = self.facts
        own = facts.tables.currency
        theirs, assets, periods = apart
        digits = 12
        smooth = 1 - root(theirs / assets, digits)
        while smooth < ask.threshold("smooth"):  # the squares say that it is at least that: look closer
            digits += 12
            smooth = 1 - root(theirs / assets, digits)
        rows = self.subscriptions[self.subscriptions["product_id"].isin(list(promised))]
        back = int(rows["redeemed_amount"].sum())
        yields = [each for _, each in paid]
        income = int(held["income"].fillna(0).sum())
        told: tuple[tuple[str, str, Fraction | int, str | None, str], ...] = (
            (
                "smooth",
                N_("part of the assets' ups and downs that investors did not feel"),
                smooth,
                "smooth",
                "",
            ),
            ("maturities", N_("maturities on which investors were paid back"), len(paid), "maturities", ""),
            ("kept", N_("part of them that were paid as promised"), kept, "kept", ""),
            ("spread", N_("standard deviation of what the assets earned a year"), root(assets), "spread", ""),
            ("periods", N_("periods of which it is known what they earned"), periods, "periods", ""),
            ("least_paid", N_("the least that was paid a year"), min(yields), None, ""),
            ("most_paid", N_("the most that was paid a year"), max(yields), None, ""),
            ("redeemed", N_("paid back to its investors"), back, None, own),
            ("put_in", N_("what they had put in"), int(rows["amount"].sum()), None, own),
            ("income", N_("income of the assets in these periods"), income, None, own),
            ("held", N_("holdings, report by report"), int(held["amount"].sum()), None, own),
        )
        measures = tuple(
            ask.measure(name, title, value, threshold, unit=unit)
            for name, title, value, threshold, unit in told
        )
        every = self.holdings[self.holdings["product_id"].isin(list(promised))]
        return Smooth(
            measures, back, len(paid), kept,
            (
                facts.cite("subscriptions", rows), facts.cite("holdings", held),
                facts.cite("holdings", every, False), *cite_products(facts, list(promised), shows=True),
                *facts.cite_last(),
            ),
        )  # fmt: skip


def _date(day: int) -> datetime.date:
    return _FIRST + datetime.timedelta(int(day))
