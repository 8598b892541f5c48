"""What an entity does, read off its flows: functional signatures, each with its statistics and sample paths.

A signature is a pattern of a business (payment, lending, taking deposits …), not a determination. It is
looked for at every party that is no bank, authority or holder of a guarded account; whether it has a licence
for what it does is asked by RL-18 and RL-22.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow.language import N_
from graphflow.redlines.borrowing import says
from graphflow.redlines.facts import DAY, WAGES, Facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Ints = npt.NDArray[np.int64]

FUNCTION_NAMES: Mapping[str, str] = {
    "payment": N_("payment and clearing (支付清算)"),
    "deposit": N_("taking money to lend it on (信用中介)"),
    "lending": N_("lending (放贷)"),
    "fund_sale": N_("selling funds (基金销售)"),
    "guarantee": N_("guarantee or insurance (担保、保险)"),
}
"""Functions that flows can show."""

LICENCES_FOR: Mapping[str, frozenset[str]] = {
    "payment": frozenset({"payment", "banking"}),
    "deposit": frozenset({"banking", "trust"}),
    "lending": frozenset({"lending", "banking", "trust", "margin_financing"}),
    "fund_sale": frozenset({"fund_sale", "asset_management", "banking", "securities", "trust"}),
    "guarantee": frozenset({"guarantee", "insurance", "banking"}),
}
"""The licences (functions of the table) of which one allows a function."""


@dataclass(frozen=True)
class Signature:
    """One function that a party's flows show, with what was counted.

    Attributes
    ----------
    party
        Its number.
    currency
        The currency's code: flows of two are not added.
    function
        One of `FUNCTION_NAMES`.
    statistics
        Exact figures by name: counts, and parts of sums.
    incoming, outgoing
        Places of the transfers in and out that were counted, in the table.
    paths
        Sample paths: (incoming, outgoing) places, the greatest first.
    left_out
        How many of the party's transfers say that they are no credit, or are to employees.
    """

    party: int
    currency: int
    function: str
    statistics: Mapping[str, Fraction]
    incoming: Ints = field(repr=False)
    outgoing: Ints = field(repr=False)
    paths: tuple[tuple[int, int], ...] = field(repr=False)
    left_out: int = 0


@dataclass(frozen=True)
class Limits:
    """From what on a pattern counts as a signature; `graphflow.law` has them with their basis."""

    payers: int
    payees: int
    forwarded: Fraction
    fee: Fraction
    days: int
    lenders: int
    borrowers: int
    gainers: int = 0


MOST = 3
"""Who gets back more than so many times what he gave was lent nothing: the same for every side of credit."""

LEAST_GAIN = Fraction(1, 100)
"""What is paid back beyond what was paid in may be interest from this part of it on: less is rounding."""

OTHERWISE = frozenset({"purchase", "salary", "fee", "rent", "tax", "commission"})
"""Kinds of transfers that are no credit, whoever is on the other side."""

GOODS = ("货款", "采购", "购货")
"""What stands in the memo of goods."""

EMPLOYED = ("employee", "manager", "director", "supervisor", "legal_representative")
"""Relations to whom a payment may be wages."""

SAMPLES = 30
"""Sample paths that a signature keeps."""


def parties_that_pass_on(
    facts: Facts, payers: int, payees: int
) -> Iterator[tuple[int, int, pd.DataFrame, pd.DataFrame]]:
    """Parties with at least so many outside payers and payees: number, currency, transfers in and out.

    Transfers within a party's group and through guarded accounts do not count; banks, authorities and parties
    with a guarded role are left out. Wages and goods count: who passes money on may call it so. Where credit
    is looked for they do not, see `of_credit`.
    """
    flows, coming, going = _met(facts)
    enough = set(coming[coming >= payers].index) & set(going[going >= payees].index)
    busy: list[tuple[int, int]] = sorted((int(party), int(currency)) for party, currency in enough)
    own, coin = flows["own"].to_numpy(np.bool_), flows["currency"].to_numpy()
    payer, payee = flows["payer"].to_numpy(), flows["payee"].to_numpy()
    for party, currency in busy:
        if _institution(facts, party):
            continue
        name = str(facts.party_ids[party])
        group = np.array([facts.party_number[each] for each in facts.group(name)], np.int64)
        accounts = facts.accounts_of([name])
        accounts = accounts[~facts.guarded[accounts]]
        into, out = (
            at[~own[at] & (coin[at] == currency) & ~np.isin(other[at], group)]
            for at, other in ((facts.paid_to(accounts), payer), (facts.paid_by(accounts), payee))
        )
        came, went = flows.iloc[into], flows.iloc[out]
        if came["payer_key"].nunique() >= payers and went["payee_key"].nunique() >= payees:
            yield party, currency, came, went


def _met(facts: Facts) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """The flows with who stands on the other side (its party, else its account for itself), and with how many
    each party deals, by currency: who pays it, whom it pays. Kept with the facts.
    """
    kept: tuple[pd.DataFrame, pd.Series, pd.Series] | None = facts.__dict__.get("_met")
    if kept is None:
        who = np.where(facts.guarded, -1, facts.account_party)
        flows = facts.flows.assign(
            payer_key=_sides(facts, facts.flows["source"]), payee_key=_sides(facts, facts.flows["target"])
        )
        counts = []
        for side, other in (("target", "payer_key"), ("source", "payee_key")):
            pairs = pd.DataFrame(
                {"party": who[flows[side]], "currency": flows["currency"], "other": flows[other]}
            )
            pairs = pairs[(pairs["party"] >= 0) & ~flows["own"].to_numpy(np.bool_)]
            counts.append(pairs.drop_duplicates().groupby(["party", "currency"]).size())
        kept = facts.__dict__["_met"] = flows, *counts
    return kept


def _sides(facts: Facts, accounts: pd.Series) -> Ints:
    """The party of each account, and an account without one for itself, as numbers that do not meet."""
    places = accounts.to_numpy()
    party = facts.account_party[places]
    return np.where(party >= 0, party, -2 - places)


def _institution(facts: Facts, party: int) -> bool:
    return bool(
        facts.party_kind[party] in ("bank", "government")
        or facts.party_sector[party] in ("bank", "clearing_house", "exchange")
    )


def of_credit(
    facts: Facts, party: int, came: pd.DataFrame, went: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """What may be credit of what a party took and paid; and how many transfers are left out.

    Left out is what says that it is for goods, wages, fees, rent or taxes, and what is paid to who was
    employed there at some time between the first and the last of them.
    """
    keep_in, keep_out = (~_said_otherwise(facts, each["row"].to_numpy()) for each in (came, went))
    if facts.tables.has("relations"):
        times = np.concatenate([came["time"].to_numpy(), went["time"].to_numpy()])
        ties = facts.in_force_between("relations", int(times.min()), int(times.max()))
        group = facts.group(str(facts.party_ids[party]))
        ties = ties[ties["kind"].isin(EMPLOYED) & ties["other_id"].isin(group)]
        keep_out &= ~np.isin(went["payee"].to_numpy(), facts.numbers_of(ties["party_id"]))
    return came[keep_in], went[keep_out], int((~keep_in).sum() + (~keep_out).sum())


def _said_otherwise(facts: Facts, rows: Ints) -> npt.NDArray[np.bool_]:
    """Which transfers say, by their kind or memo, that they are no credit."""
    kinds, words = facts.codes("kind", rows)
    by_kind = np.isin(kinds, [number for number, word in enumerate(words) if word.lower() in OTHERWISE])
    return by_kind | says(facts, rows, WAGES, "kind") | says(facts, rows, (*WAGES, *GOODS))


def while_licensed(facts: Facts, party: int, function: str, rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which transfers were made while the party had a licence of which one allows a function."""
    times = rows["time"].to_numpy(np.int64)
    return facts.licensed_then(LICENCES_FOR[function], np.full(times.size, party, np.int64), times)


def without_licence(
    facts: Facts, party: int, function: str, key: str, begun: pd.DataFrame, ended: pd.DataFrame, other: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Business that began while no licence allowed it: what began, and what others were met with.

    With whom any of it began under a licence, nothing counts: what is paid later cannot be told apart. What
    ends it (a repayment) counts whenever it comes: a licence of later does not clear what was done before.
    """
    covered = begun.loc[while_licensed(facts, party, function, begun), key].unique()
    return begun[~begun[key].isin(covered)], ended[~ended[other].isin(covered)]


def forwarded_within(
    came: pd.DataFrame, went: pd.DataFrame, days: int
) -> tuple[int, list[tuple[int, int, int]]]:
    """How much of what came went on within some days, first in first out; and the pairs of transfers.

    Each pair is (place of the incoming, place of the outgoing, amount).

    Examples
    --------
    >>> came = pd.DataFrame({"row": [0, 1], "time": [0, DAY], "amount": [100, 50]})
    >>> went = pd.DataFrame({"row": [2], "time": [DAY], "amount": [120]})
    >>> forwarded_within(came, went, 1)
    (120, [(0, 2, 100), (1, 2, 20)])
    """
    pairs: list[tuple[int, int, int]] = []
    total, i = 0, 0
    rows = list(zip(came["row"], came["time"], came["amount"], strict=True))
    left = int(rows[0][2]) if rows else 0
    for row, time, amount in zip(went["row"], went["time"], went["amount"], strict=True):
        wanted = int(amount)
        while wanted and i < len(rows) and rows[i][1] <= time:
            taken = min(wanted, left)
            if time - rows[i][1] <= days * DAY:
                total += taken
                pairs.append((int(rows[i][0]), int(row), taken))
                wanted -= taken
                left -= taken
            else:
                left = 0  # it stood longer: it did not go on in time
            if not left:
                i += 1
                left = int(rows[i][2]) if i < len(rows) else 0
    return total, pairs


def payments(facts: Facts, limits: Limits) -> Iterator[Signature]:
    """Parties that take money from many and pass nearly all of it on to others within days: payment.

    What the payees have in common with the payers is left out: who is paid back is no merchant; and so is
    what was paid while a licence allowed it.
    """
    for party, currency, came, went in parties_that_pass_on(facts, limits.payers, limits.payees):
        came = came[~while_licensed(facts, party, "payment", came)]
        went = went[~while_licensed(facts, party, "payment", went)]
        both = set(came["payer_key"]) & set(went["payee_key"])
        to = went[~went["payee_key"].isin(both)]
        of = came[~came["payer_key"].isin(both)]
        if of["payer_key"].nunique() < limits.payers or to["payee_key"].nunique() < limits.payees:
            continue
        total_in, total_out = int(of["amount"].sum()), int(to["amount"].sum())
        on, pairs = forwarded_within(of, to, limits.days)
        part, fee = Fraction(on, total_in), 1 - Fraction(total_out, total_in)
        if part >= limits.forwarded and 0 <= fee <= limits.fee:
            yield Signature(
                party, currency, "payment",
                {
                    "forwarded": part, "fee": fee, "payers": Fraction(of["payer_key"].nunique()),
                    "payees": Fraction(to["payee_key"].nunique()), "amount": Fraction(total_in),
                },
                of["row"].to_numpy(), to["row"].to_numpy(), _greatest(pairs),
            )  # fmt: skip


def deposits(facts: Facts, limits: Limits) -> Iterator[Signature]:
    """Parties that take money from many persons, pay it to several others, and pay the persons back more.

    The others are no payers of its own. Several persons have been paid back more than they had paid in, by
    what may be interest; who was paid before ever paying in works there, or borrows.
    """
    for party, currency, came, went in parties_that_pass_on(facts, limits.lenders, limits.borrowers):
        came, went = without_licence(facts, party, "deposit", "payer_key", came, went, "payee_key")
        # what it does with the money may be called anything
        spent = went[~while_licensed(facts, party, "deposit", went)]
        came, went, left_out = of_credit(facts, party, came, went)
        person = facts.party_kind[np.maximum(came["payer"].to_numpy(), 0)] == "person"
        lent = came[person & (came["payer"].to_numpy() >= 0)]
        lenders = set(lent["payer_key"])
        back = went[went["payee_key"].isin(lenders)]
        on = spent[~spent["payee_key"].isin(lenders)]
        if len(lenders) < limits.lenders or on["payee_key"].nunique() < limits.borrowers or back.empty:
            continue
        paying, paid_back = lent.groupby("payer_key"), back.groupby("payee_key")
        returned = paid_back["amount"].sum()
        paid = paying["amount"].sum().reindex(returned.index)
        before = paying["time"].min().reindex(returned.index) < paid_back["time"].min()
        gained = before & (returned <= MOST * paid)
        gained &= (returned - paid) * LEAST_GAIN.denominator >= paid * LEAST_GAIN.numerator
        if int(gained.sum()) >= max(limits.gainers, 1):
            yield Signature(
                party, currency, "deposit",
                {
                    "lenders": Fraction(len(lenders)), "borrowers": Fraction(on["payee_key"].nunique()),
                    "gained": Fraction(int(gained.sum())), "amount": Fraction(int(lent["amount"].sum())),
                },
                lent["row"].to_numpy(), np.concatenate([on["row"].to_numpy(), back["row"].to_numpy()]),
                _greatest(forwarded_within(lent, on, 30)[1]), left_out,
            )  # fmt: skip


def lendings(facts: Facts, limits: Limits) -> Iterator[Signature]:
    """Parties that pay many of whom each later pays back more: lending of one's own money.

    Who pays back a multiple pays for something else than what he was given.
    """
    for party, currency, came, went in parties_that_pass_on(facts, limits.borrowers, limits.borrowers):
        went, came = without_licence(facts, party, "lending", "payee_key", went, came, "payer_key")
        came, went, left_out = of_credit(facts, party, came, went)
        begun = went.groupby("payee_key")["time"].min()
        first_in = came.groupby("payer_key")["time"].min()
        after = [key for key in begun.index if key in first_in.index and first_in[key] > begun[key]]
        out, back = went[went["payee_key"].isin(after)], came[came["payer_key"].isin(after)]
        given, got = out.groupby("payee_key")["amount"].sum(), back.groupby("payer_key")["amount"].sum()
        borrowers = [key for key in after if given[key] < got[key] <= MOST * given[key]]
        if len(borrowers) < limits.borrowers:
            continue
        out, back = out[out["payee_key"].isin(borrowers)], back[back["payer_key"].isin(borrowers)]
        yield Signature(
            party, currency, "lending",
            {
                "borrowers": Fraction(len(borrowers)), "amount": Fraction(int(out["amount"].sum())),
                "gain": Fraction(int(back["amount"].sum()), int(out["amount"].sum())) - 1,
            },
            back["row"].to_numpy(), out["row"].to_numpy(), (), left_out,
        )  # fmt: skip


def _greatest(pairs: list[tuple[int, int, int]]) -> tuple[tuple[int, int], ...]:
    ordered = sorted(pairs, key=lambda pair: (-pair[2], pair[:2]))
    return tuple((came, went) for came, went, _ in ordered[:SAMPLES])


def chains_of_paths(facts: Facts, signature: Signature) -> list[Mapping[str, Any]]:
    """The sample paths as a finding keeps them."""
    amounts = facts.flows.set_index("row")["amount"]
    return [
        {
            "amount": int(min(amounts[came], amounts[went])),
            "currency": facts.currencies[signature.currency],
            "transfers": facts.ids([came, went]),
        }
        for came, went in signature.paths
    ]  # fmt: skip
