"""What to say where a reference names no money: what was asked for, and what there is instead."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from graphflow import sets
from graphflow.errors import Problem, Told
from graphflow.language import N_
from graphflow.tables.currencies import major

if TYPE_CHECKING:
    from graphflow.ledger.form import Ledger
    from graphflow.rows import Moment
    from graphflow.tracing.references import Reference

Ints = NDArray[np.int64]

# By kind of reference: what it did not do forward, what backward, and what it did in the whole case.
_SAYS = {
    "account": (
        N_("{id} paid others nothing{coin} {period}, net of reversals"),
        N_("{id} received nothing{coin} from others {period}, net of reversals"),
        N_("in the whole case it paid others {out} and received {into}"),
    ),
    "loan": (
        N_("no disbursement{coin} of loan {id} {period}, net of reversals"),
        N_("no repayment{coin} of loan {id} {period}, net of reversals"),
        N_("in the whole case disbursed: {out}; repaid: {into}"),
    ),
    "product": (
        N_("no subscription{coin} of product {id} {period}, net of reversals"),
        N_("no redemption{coin} of product {id} {period}, net of reversals"),
        N_("in the whole case subscribed: {out}; redeemed: {into}"),
    ),
    "transfer": (
        N_("transfer {id} moved nothing{coin} {period}, net of reversals"),
        N_("transfer {id} moved nothing{coin} {period}, net of reversals"),
        N_("booked: {booked}; net of reversals: {out}"),
    ),
    "balance": (
        N_("nothing{coin} stood in account {id} at that time"),
        N_("nothing{coin} stood in account {id} at that time"),
        "",
    ),
}
_SAYS["party"] = _SAYS["account"]


def nothing_there(
    ledger: Ledger,
    reference: Reference,
    *,
    backward: bool,
    currency: str | None,
    since: Moment | None,
    until: Moment | None,
    out: Ints,
    into: Ints,
) -> Problem:
    """The problem of a reference without money.

    Parameters
    ----------
    currency
        The one that was asked for; None where there is money in none.
    out, into
        All rows that the reference means forward and backward, whenever they were.
    """
    forward_says, backward_says, instead = _SAYS[reference.kind]
    values = {
        "id": reference.id,
        "coin": Told(N_(" in {currency}"), currency=currency) if currency else "",
        "period": _period(since, until),
        "out": _sums(ledger, out, "net"),
        "into": _sums(ledger, into, "net"),
        "booked": _sums(ledger, out, "amount"),
    }
    asked = Told(backward_says if backward else forward_says, **values)
    if reference.kind == "balance":
        period = Told(N_("looked for {period}"), period=values["period"])
        said = N_("{asked}") if since is None and until is None else N_("{asked}; {instead}")
        return Problem("reference", said, {"asked": asked, "instead": period}, reference.text)
    found = {"asked": asked, "instead": Told(instead, **values)}
    return Problem("reference", N_("{asked}; {instead}"), found, reference.text)


def _period(since: Moment | None, until: Moment | None) -> Told:
    if since is None and until is None:
        return Told(N_("in the whole case"))
    if until is None:
        return Told(N_("since {since}"), since=since)
    if since is None:
        return Told(N_("until {until}"), until=until)
    return Told(N_("between {since} and {until}"), since=since, until=until)


def _sums(ledger: Ledger, rows: Ints, column: str) -> str | Told:
    """The money of rows by currency, with the days of the first and the last; of a single one the time."""
    of = ledger.rows[rows[rows >= 0]]
    of = of[of[column] > 0]
    if len(of) == 0:
        return Told(N_("nothing"))
    zone = ZoneInfo(ledger.timezone)

    def day(microseconds: int) -> str:
        at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))).astimezone(zone)
        timed = len(of) == 1 and at.time() != time()
        return f"{at:%Y-%m-%d %H:%M:%S}" if timed else at.date().isoformat()

    parts = []
    for coin in sets.unique(of["currency"]).tolist():
        some = of[of["currency"] == coin]
        code = ledger.currencies[coin]
        first, last = day(some["time"].min()), day(some["time"].max())
        days = first if first == last else f"{first} – {last}"
        total = sum(int(each) for each in some[column])
        parts.append(f"{major(total, ledger.minor_units[code])} {code} ({days})")
    return ", ".join(parts)
