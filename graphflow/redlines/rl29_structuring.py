"""RL-29, structuring: payments that stay a little below what banks report.

Banks report cash from 50 000 yuan on, transfers of legal persons from 2 000 000, of natural persons from
500 000 at home and 200 000 across the border (人民银行令〔2016〕第3号 art. 5). Looked at: three payments and
more within days, each a little below the limit. Not it: who passes the limit at that time as well, banks and
the state, own accounts, payments of many customers to one merchant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Finding
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.borrowing import cite_whose
from graphflow.redlines.facts import Facts, Flags, Ints, local_days

CASH = re.compile(r"^(现金|cash)$|^(现金(存|取|支|缴)|cash (deposit|withdrawal))|存现|取现", re.IGNORECASE)
ABROAD = re.compile(r"跨境|境外汇|汇出境外|cross[-_ ]border|\b(swift|cips)\b", re.IGNORECASE)
"""What stands in the channel, kind or memo of cash, and of a transfer across the border; not 现金管理."""

EXEMPT = ("government", "bank")
"""Kinds of parties whose dealings need not be reported."""


def structuring(ask: Inquiry, within: int) -> Iterator[Finding]:
    """Payments of one party just below what is reported, of each kind and direction."""
    tests = [name for name in LIMITS if ask.runs(name)]
    facts = ask.facts
    if not tests or "CNY" not in facts.currencies:
        return  # the limits are yuan: nobody here knows a rate
    flows = facts.flows
    least = min(ask.threshold(name) * ask.threshold("edge") for name in tests)
    keep = ~flows["own"].to_numpy() & (flows["currency"].to_numpy() == facts.currencies.index("CNY"))
    keep &= flows["amount"].to_numpy() >= int(least)
    flows = flows[keep]
    guarded = facts.guarded[flows["source"].to_numpy()] | facts.guarded[flows["target"].to_numpy()]
    in_cash = _in_cash(facts, flows)
    flows, in_cash = flows[~guarded | in_cash], in_cash[~guarded | in_cash]
    abroad = _said(facts, flows, ABROAD)
    for name in tests:
        for direction, mine in _series(facts, flows, name, in_cash, abroad):
            yield from _below(ask, name, direction, mine, within)


LIMITS = ("cash", "company", "person", "abroad")


def _said(facts: Facts, flows: pd.DataFrame, words: re.Pattern[str]) -> Flags:
    """Which transfers have certain words in their channel, kind or memo."""
    found = np.zeros(len(flows), np.bool_)
    for column in ("channel", "kind", "memo"):
        numbers, texts = facts.codes(column, flows["row"].to_numpy())
        if texts:
            has = np.array([bool(words.search(text)) for text in texts] + [False], np.bool_)
            found |= has[numbers]
    return found


def _in_cash(facts: Facts, flows: pd.DataFrame) -> Flags:
    """Which transfers are cash: one side is an account of that kind, or the row says so."""
    cash = facts.account_is("cash")
    sides = cash[flows["source"].to_numpy()] | cash[flows["target"].to_numpy()]
    return np.asarray(sides | _said(facts, flows, CASH), np.bool_)


def _series(
    facts: Facts, flows: pd.DataFrame, name: str, in_cash: Flags, abroad: Flags
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The transfers that a limit is for, with whose they are in ``who``: a party, or behind them an account.

    Transfers are counted with who makes them: what many customers pay to one merchant is nobody's splitting.
    Cash is counted with whose account it comes to or leaves.
    """
    size = facts.party_ids.size
    kinds = facts.party_kind
    if name == "cash":
        cash = facts.account_is("cash")
        source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
        # Where only words say so, it was put in by a stranger, else taken from the payer's account.
        put = in_cash & ~cash[target] & (cash[source] | (facts.account_party[source] < 0))
        taken = in_cash & ~cash[source] & ~put
        for direction, which, side in (("in", put, target), ("out", taken, source)):
            party = facts.account_party[side]
            who = np.where(party >= 0, party, size + side)
            exempt = (party >= 0) & np.isin(kinds[np.maximum(party, 0)], EXEMPT)
            yield direction, flows.assign(who=who)[which & ~exempt]
        return
    payer = flows["payer"].to_numpy()
    kind = np.where(payer >= 0, kinds[np.maximum(payer, 0)], "")
    if name == "company":
        which = ~np.isin(kind, ("person", "", *EXEMPT))
    else:
        which = (kind == "person") & (abroad if name == "abroad" else ~abroad)
    yield "out", flows.assign(who=payer)[which & ~in_cash]


def runs_of(who: Ints, times: Ints, count: int, within: int) -> Ints:
    """By row of a series in the order of ``who`` and time: how many of one's stand within some time of it.

    The most that any stretch of that length holds which the row is part of; 0 where that is below the count.

    Examples
    --------
    >>> runs_of(np.array([1, 1, 1, 1, 2]), np.array([0, 5, 9, 30, 9]), 3, 9).tolist()
    [3, 3, 3, 0, 0]
    """
    found = np.zeros(who.size, np.int64)
    if not who.size:
        return found
    far = max(count - 1, 0)
    begins = np.arange(max(who.size - far, 0))
    enough = (who[begins + far] == who[begins]) & (times[begins + far] - times[begins] <= within)
    for one in sets.unique(who[begins[enough]]):
        first, last = np.searchsorted(who, [one, one + 1])
        mine = times[first:last]
        ends = np.searchsorted(mine, mine + within, side="right")
        for begin, end in enumerate(ends):
            held = int(end) - begin
            if held >= count:
                part = found[first + begin : first + int(end)]
                np.maximum(part, held, out=part)
    return found


def _below(ask: Inquiry, name: str, direction: str, series: pd.DataFrame, within: int) -> Iterator[Finding]:
    limit = ask.threshold(name)
    amounts = series["amount"].to_numpy()
    edge = limit * ask.threshold("edge")
    # Whole minor units: the least that is not below the edge, and below the limit.
    below = series[(amounts >= -(-edge.numerator // edge.denominator)) & (amounts < limit)]
    below = below.sort_values(["who", "time", "row"])
    count = -(-ask.threshold("structured").numerator // ask.threshold("structured").denominator)
    runs = runs_of(below["who"].to_numpy(), below["time"].to_numpy(), count, within)
    for who, mine in below.assign(run=runs)[runs > 0].groupby("who"):
        first, last = int(mine["time"].min()) - within, int(mine["time"].max()) + within
        others = series[(series["who"] == who) & series["time"].between(first, last)]
        if (others["amount"] >= limit).any():
            continue  # the limit was passed as well: it is not what the amounts are for
        yield _structured(ask, name, direction, int(str(who)), mine)


_TEXTS: Mapping[tuple[str, str], str] = {
    ("cash", "in"): N_(
        "{who} put cash in {count} times just below {limit}, {amount} in all, {most} of them within days"
    ),
    ("cash", "out"): N_(
        "{who} took cash out {count} times just below {limit}, {amount} in all, {most} of them within days"
    ),
    ("company", "out"): N_(
        "{who} made {count} transfers just below {limit}, {amount} in all, {most} of them within days"
    ),
    ("person", "out"): N_(
        "{who} made {count} transfers just below {limit}, {amount} in all, {most} of them within days"
    ),
    ("abroad", "out"): N_(
        "{who} made {count} transfers across the border just below {limit}, {amount} in all, "
        "{most} of them within days"
    ),
}  # fmt: skip


def _structured(ask: Inquiry, name: str, direction: str, who: int, mine: pd.DataFrame) -> Finding:
    facts = ask.facts
    size = facts.party_ids.size
    subject = (
        ("party", str(facts.party_ids[who]))
        if who < size
        else ("account", str(facts.account_ids[who - size]))
    )
    digits = facts.tables.minor_units.get("CNY", 2)
    amount = int(mine["amount"].sum())
    limit = ask.threshold(name)
    days = pd.Series(mine["amount"].to_numpy()).groupby(local_days(facts, mine["time"])).sum()
    reported = int((days >= limit).sum())
    named = facts.name_of(subject[1]) if subject[0] == "party" else ""
    return ask.finding(
        subject=subject,
        hit=(name,),
        summary=Told(
            _TEXTS[name, direction],
            who=named or subject[1],
            count=len(mine),
            most=int(mine["run"].max()),
            limit=f"{amount_text(int(limit), digits)} CNY",
            amount=f"{amount_text(amount, digits)} CNY",
        ),
        measures=[
            ask.measure(
                "structured", N_("payments just below the limit, within the time"), int(mine["run"].max()),
                "structured",
            ),
            ask.measure("largest", N_("the largest of them"), int(mine["amount"].max()), name, "<"),
        ],
        rows=[
            facts.cite("transfers", mine["row"].to_numpy()),
            facts.cite("transfers", facts.reversals_of(mine["row"].to_numpy()), False),
            *cite_whose(facts, {*mine["source"], *mine["target"]}),
        ],
        severity="medium",
        kinds={"flow": "shown"},
        elements={
            "done": "shown",
            "size": "shown",
            "unallowed": ("inferred", N_("why the amounts are what they are is open")),
        },
        against={
            "above": ("clear", N_("no payment of its kind reached the limit at that time")),
            "exempt": ("clear", N_("neither the state nor a bank"))
            if subject[0] == "party"
            else ("unknown", N_("nobody says whose account it is")),
            "same_day": (
                "present",
                Told(N_("on {days} days their sum reaches the limit: to be reported"), days=reported),
            )
            if reported
            else ("clear", N_("on no day does their sum reach the limit")),
        },
        amount=amount,
        currency="CNY",
    )  # fmt: skip
