"""How much of what a product paid back was money of new subscriptions: realised roll-over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Problem, Told, UsageError
from graphflow.language import N_
from graphflow.products.positions import Positions
from graphflow.rows import with_names
from graphflow.tracing import END_KINDS, trace
from graphflow.tracing.orders import over_orders
from graphflow.tracing.references import Reference
from graphflow.tracing.rules import RULES
from graphflow.tracing.seeds import rows_of

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.rows import Moment
    from graphflow.tracing import Trace

OWN, SIBLINGS = "same_product", "same_issuer"
"""Money that came in as a subscription of the product itself, or of another product of its issuer."""

UNTOLD = ("balance", "frontier", "hub", "cash", "recirculated", "horizon")
"""Ends at which nothing more is known: the money may have been a subscription before."""


@dataclass(frozen=True)
class Rollover:
    """Where the money of a product's redemptions came from.

    Attributes
    ----------
    product_id, rule, currency
        What was asked, and the currency of all amounts.
    redeemed
        The redemptions that were traced, net of reversals, in minor units.
    sources
        Frame, one row a source: `source` (``same_product``, ``same_issuer``, or the kind of end at which the
        trace stops), `amount`, `share` (of `redeemed`), `transfers` (how many subscription transfers),
        `told` (false: what it was before cannot be told), `amount_min`, `amount_max`: they differ where the
        order of rows is open, and are missing where its orders are too many to try. The amounts add up to
        `redeemed`.
    orders
        How many orders of rows were tried: 1 where none is open, 0 where they are too many.
    """

    product_id: str
    rule: str
    currency: str
    redeemed: int
    sources: pd.DataFrame
    orders: int

    def _part(self, *sources: str) -> Fraction:
        rows = self.sources[self.sources["source"].isin(sources)]
        return Fraction(int(rows["amount"].sum()), self.redeemed)

    @property
    def share(self) -> float:
        """The part of the redemptions that was money of new subscriptions of the product itself."""
        return float(self._part(OWN))

    @property
    def share_issuer(self) -> float:
        """The same with subscriptions of other products of its issuer."""
        return float(self._part(OWN, SIBLINGS))

    @property
    def untold(self) -> float:
        """The part of which it cannot be told: by so much at most `share_issuer` may be greater."""
        return float(self._part(*UNTOLD))

    def __repr__(self) -> str:
        return f"<Rollover {self.product_id}, {self.rule}: {self.share:.1%} of {self.redeemed} redeemed>"


def realised_rollover(
    positions: Positions,
    product: str,
    *,
    rule: str = "fifo",
    currency: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> Rollover:
    """Trace a product's redemptions backward, and say what of their money was subscribed just before.

    On its way back each piece of money is counted at the first subscription transfer that it comes to: the
    last one before the redemption. What comes to none is counted where the trace ends.
    """
    case = positions.case
    _refuse_rule(product, rule)
    issuer = positions.products.get(product, {}).get("issuer_id")
    siblings = [
        name
        for name, row in positions.products.items()
        if name != product and issuer is not None and row.get("issuer_id") == issuer
    ]
    kinds: dict[str, str] = {}
    for name in siblings:
        kinds |= dict.fromkeys(_subscribed(case, name), SIBLINGS)
    kinds |= dict.fromkeys(_subscribed(case, product), OWN)
    try:
        found = trace(
            case,
            f'product:"{product}"',
            rule=rule,
            backward=True,
            currency=currency,
            since=since,
            until=until,
        )
    except UsageError as error:
        raise UsageError(*(_of_product(positions, product, each) for each in error.problems)) from None
    amounts, passed = _sources(found, kinds)
    every = over_orders(found, lambda each: amounts if each is found else _sources(each, kinds)[0])
    names = [OWN, SIBLINGS, *END_KINDS]
    seen = {name for each in (amounts, *(every or [])) for name in each}
    rows = [
        {
            "source": name,
            "amount": amounts.get(name, 0),
            "share": amounts.get(name, 0) / found.seed,
            "transfers": passed.get(name, 0),
            "told": name not in UNTOLD,
            "amount_min": min(each.get(name, 0) for each in every) if every else None,
            "amount_max": max(each.get(name, 0) for each in every) if every else None,
        }
        for name in names
        if name in seen or name in (OWN, SIBLINGS)
    ]
    frame = pd.DataFrame(rows).astype({"amount_min": "Int64", "amount_max": "Int64"})
    return Rollover(product, rule, found.currency, found.seed, frame, len(every or ()))


def _refuse_rule(product: str, rule: str) -> None:
    """Complain of a rule by which nobody can say where money came from."""
    able = [each.name for each in RULES if each.backward and each.attributes]
    if rule in able:
        return
    why = {
        "poison": Told(N_("it says what may be touched, not whose money was paid")),
        "libr": Told(N_("it follows money forward only")),
    }.get(rule, Told(N_("there is no such rule")))
    what = N_("what the redemptions of {id} were paid of cannot be told by the rule {rule}: {why}")
    raise UsageError(Problem("rule", what, {"id": product, "rule": rule, "why": why}, rule, ", ".join(able)))


def _of_product(positions: Positions, product: str, problem: Problem) -> Problem:
    """A problem of the trace as one of the product, with what would help."""
    if problem.where != "reference":
        return problem
    case, values = positions.case, dict(problem.values)
    rows = rows_of(case, Reference(product, "product", product), True)
    own = positions.sold_ever.get(product)
    paid_back = 0 if own is None or "redeemed" not in own else int(own["redeemed"].notna().sum())
    if (case.ledger.rows["net"][rows[rows >= 0]] > 0).any():
        expected = N_("a period in which there are redemptions")
    elif paid_back:
        values["count"] = paid_back
        expected = N_(
            "in subscriptions, redemption_transfer_id: {count} are said to be redeemed and name no transfer "
            "that is there; or in accounts, the product_id of an account that paid, and in its transfers, too"
        )
    else:
        values["others"] = _redeemed(positions)
        expected = N_("a product of which something was redeemed: {others}")
        if not values["others"]:
            expected = N_("redemptions: the case has none, of any product")
    return Problem("product", problem.what, values, product, expected)


def _redeemed(positions: Positions) -> str:
    """The products of which subscriptions say a transfer by which they were redeemed."""
    rows = positions.ever
    if "redemption_transfer_id" not in rows:
        return ""
    names = sorted(set(rows.loc[rows["redemption_transfer_id"].notna(), "product_id"]))
    return with_names({name: positions.products.get(name, {}).get("name") for name in names})


def _subscribed(case: Case, product: str) -> list[str]:
    """The transfers that paid for a product's subscriptions."""
    rows = sets.unique(rows_of(case, Reference(product, "product", product), False))
    return [str(case.ledger.transfer_ids[int(row)].as_py()) for row in rows[rows >= 0]]


def _sources(found: Trace, kinds: Mapping[str, str]) -> tuple[dict[str, int], dict[str, int]]:
    """The money of a trace by where it came from, and how many subscription transfers it passed."""
    met, ends, amounts = found.first_met(list(kinds))
    words = np.array([*kinds.values(), ""], object)
    frame = pd.DataFrame({"source": np.where(met >= 0, words[met], ends), "met": met, "amount": amounts})
    sums = frame.groupby("source")["amount"].sum()
    passed = frame[frame["met"] >= 0].groupby("source")["met"].nunique()
    return {str(k): int(v) for k, v in sums.items()}, {str(k): int(v) for k, v in passed.items()}
