"""RL-29, lending on: what a bank lent, lent out again within a month (套取信贷转贷).

A contract by which somebody lends on what he borrowed from a financial institution is void (民间借贷规定 art.
13 (1)). Looked at: loans of banks and trust companies, by their register or by what the payment says, whose
borrower soon lends: on loans of his own in the register, or by payments called so. How much of the bank's
money it was is traced under each rule, and has to be enough first in first out and in proportion. Not it:
lending inside one group, a borrower who is licensed to lend, own savings in the same account, advances in
trade, paying a loan back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, by_rules, cited
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.borrowing import (
    Borrowing,
    Reached,
    borrowing_of,
    cite_claims,
    cite_whose,
    context,
    follow,
    kind_is,
    says,
    whose,
)
from graphflow.redlines.facts import Flags
from graphflow.redlines.registers import money
from graphflow.redlines.rl08_lending import LICENSED, TRADE
from graphflow.redlines.rl29_marketing import licences_of

BOTH = ("fifo", "prorata")
"""It has to be so under both."""

LENT = ("贷款发放", "发放贷款", "放款", "loan disbursement")
"""What stands in the memo of a loan that a bank pays out; the kind ``disbursement`` says it too."""

LENDING = ("出借", "借给", "借出", "转贷", "拆借", "借款", "lend to", "loan to")
BACK = ("还", "repay", "退")
"""What stands in the memo of what somebody lends out, and of what he pays back."""

LENDERS = ("banking", "trust")
"""Licences of the financial institutions that are meant."""


@dataclass(frozen=True)
class _Loan:
    """A loan of an institution to a borrower: its claim (-1: by the payment alone) and what was paid out."""

    claim: int
    borrower: int
    paid: pd.DataFrame = field(repr=False)

    @property
    def amount(self) -> int:
        """What was paid out."""
        return int(self.paid["amount"].sum())


def onlending(ask: Inquiry, within: int, hops: int) -> Iterator[Finding]:
    """Loans of banks whose borrowers lent them on."""
    look = _Look(ask, within)
    for loan in look.loans():
        found = follow(
            ask,
            loan.paid,
            np.zeros(look.who.size, np.bool_),
            within,
            hops=hops,
            over=look.lent_by(loan)["row"].to_numpy(),
        )
        parts = {rule: Fraction(each.amount, loan.amount) for rule, each in found.items()}
        if min(parts[rule] for rule in BOTH) >= ask.threshold("onlent"):
            yield _finding(ask, look, loan, found, parts)


class _Look:
    """Who borrows of institutions, and who lends, in one asking."""

    def __init__(self, ask: Inquiry, within: int) -> None:
        self.ask, self.facts, self.within = ask, ask.facts, within
        self.all: Borrowing = borrowing_of(ask.facts)
        self.who = whose(ask.facts)
        self.institution = self._institutions()
        self.worded = self._worded()
        self.lent = self._lent()

    def _institutions(self) -> Flags:
        facts = self.facts
        found = facts.party_is("bank") | np.isin(facts.party_sector, ("bank", "trust_company"))
        if facts.has("licences"):
            rows = facts.rows("licences")
            for each in rows.loc[rows["function"].isin(LENDERS), "party_id"]:
                found[facts.party_number[str(each)]] = True
        return np.asarray(found, np.bool_)

    def _worded(self) -> pd.DataFrame:
        """Transfers of an institution that say that they pay a loan out; with ``borrower``."""
        facts = self.facts
        flows = facts.flows
        source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
        of = np.append(self.institution, False)[self.who]
        borrower = self.who[target]
        # an account of loans in the borrower's own name, or of nobody known, is his bank's
        loan = facts.account_is("loan")[source]
        loan &= (self.who[source] < 0) | (self.who[source] == borrower)
        at = np.flatnonzero((of[source] | loan) & (borrower >= 0) & ~of[target])
        rows = flows.iloc[at]
        places = rows["row"].to_numpy()
        said = (says(facts, places, LENT) | kind_is(facts, places, ("disburse", "放款"))) & ~says(
            facts, places, BACK
        )
        return rows[said].assign(borrower=borrower[at][said])

    def _lent(self) -> pd.DataFrame:
        """What parties lent out: rows of `Facts.flows` with ``lender``, ``claim`` (-1: by its words alone).

        Not inside one group, not as an advance in trade, not by whoever is licensed to lend.
        """
        facts, claims = self.facts, self.all.claims
        flows = facts.flows
        lender = np.array([facts.party_number.get(each, -2) for each in claims["lender"]], np.int64)
        purpose = np.char.lower(claims["purpose"].to_numpy().astype(str))
        trade = np.zeros(len(claims), np.bool_)
        for word in TRADE:
            trade |= np.char.find(purpose, word) >= 0
        out = self.all.out
        on = out["claim"].to_numpy()
        source = out["source"].to_numpy()
        mine = (self.who[source] == lender[on]) & ~trade[on] if len(out) else np.zeros(0, np.bool_)
        claim_of = pd.Series(on[mine], out["row"].to_numpy()[mine])
        places = flows["row"].to_numpy()
        named = np.isin(places, claim_of.index)
        payer, payee = self.who[flows["source"].to_numpy()], self.who[flows["target"].to_numpy()]
        borrowers = sets.union(self.worded["borrower"], self._registered()["borrower"])
        near = np.isin(payer, borrowers)
        near &= ~np.append(self.institution, False)[payee] & ~facts.guarded[flows["target"].to_numpy()]
        near &= ~np.isin(places, out["row"].to_numpy()[~mine])
        at = np.flatnonzero(near)
        said = named[at]
        words = places[at[~said]]
        by_word = says(facts, words, LENDING) & ~says(facts, words, (*BACK, *TRADE))
        said[~said] = by_word
        rows = flows.iloc[at[said]].assign(lender=payer[at[said]], to=payee[at[said]])
        rows["claim"] = claim_of.reindex(rows["row"]).fillna(-1).to_numpy(np.int64)
        return rows[~self._free(rows)]

    def _free(self, rows: pd.DataFrame) -> Flags:
        """Of what was lent out, what stays in one group, and what a licence allows."""
        facts = self.facts
        found = np.zeros(len(rows), np.bool_)
        if rows.empty:
            return found
        licensed: set[str] = set()
        if facts.has("licences"):
            held = facts.in_force_between("licences", int(rows["time"].min()), int(rows["time"].max()))
            licensed = {str(each) for each in held.loc[held["function"].isin(LICENSED), "party_id"]}
        lender, to = rows["lender"].to_numpy(), rows["to"].to_numpy()
        for one in sets.unique(lender).tolist():
            name = str(facts.party_ids[one])
            inside = [facts.party_number[each] for each in facts.group(name) if each in facts.party_number]
            found |= (lender == one) & (np.isin(to, inside) | (name in licensed))
        return found

    def _registered(self) -> pd.DataFrame:
        """What institutions paid out on loans of the register: rows of `Borrowing.out` with ``borrower``."""
        facts, claims, out = self.facts, self.all.claims, self.all.out
        lender = np.array([facts.party_number.get(each, -1) for each in claims["lender"]], np.int64)
        borrower = np.array([facts.party_number.get(each, -1) for each in claims["borrower"]], np.int64)
        of = np.append(self.institution, False)
        loans = (claims["table"] == "loans").to_numpy(np.bool_) & of[lender] & ~of[borrower] & (borrower >= 0)
        on = out["claim"].to_numpy()
        keep = loans[on] if len(out) else np.zeros(0, np.bool_)
        return out[keep].assign(borrower=borrower[on[keep]])

    def loans(self) -> Iterator[_Loan]:
        """Loans of institutions of which enough may have been lent on: so much was lent out in time."""
        lends = set(self.lent["lender"].tolist())
        known = self._registered()
        known = known[known["borrower"].isin(lends)]
        said = self.worded[self.worded["borrower"].isin(lends)]
        said = said[~said["row"].isin(known["row"])]
        for _, paid in known.groupby(["claim", "currency"]):
            yield from self._candidate(int(paid["claim"].iloc[0]), paid)
        for place in range(len(said)):
            yield from self._candidate(-1, said.iloc[place : place + 1])

    def _candidate(self, claim: int, paid: pd.DataFrame) -> Iterator[_Loan]:
        loan = _Loan(claim, int(paid["borrower"].iloc[0]), paid)
        if int(self.lent_by(loan)["amount"].sum()) >= self.ask.threshold("onlent") * loan.amount:
            yield loan

    def lent_by(self, loan: _Loan) -> pd.DataFrame:
        """What the borrower of a loan lent out in time, in its money."""
        lent = self.lent
        first, last = int(loan.paid["time"].min()), int(loan.paid["time"].max()) + self.within
        keep = (lent["lender"] == loan.borrower) & lent["time"].between(first, last)
        return lent[keep & (lent["currency"] == int(loan.paid["currency"].iloc[0]))]


def _finding(
    ask: Inquiry, look: _Look, loan: _Loan, found: dict[str, Reached], parts: dict[str, Fraction]
) -> Finding:
    facts = ask.facts
    claims = look.all.claims
    name = str(facts.party_ids[loan.borrower])
    currency = facts.currencies[int(loan.paid["currency"].iloc[0])]
    shown = sets.unique(np.concatenate([each.rows for each in found.values()]))
    lent = look.lent_by(loan)
    lent = lent[lent["row"].isin(shown)]
    amounts = [each.amount for each in found.values()]
    own = claims.loc[sorted(set(lent["claim"].tolist()) - {-1})]
    mine = claims.loc[[loan.claim]] if loan.claim >= 0 else claims.iloc[:0]
    worded = set(look.worded["row"].tolist())
    accounts = {*lent["source"].tolist(), *lent["target"].tolist(), *loan.paid["source"].tolist()}
    by_words = loan.claim < 0 or bool((lent["claim"] < 0).any())
    told = {"who": facts.name_of(name) or name, "loan": money(facts, loan.amount, currency)}
    return ask.finding(
        subject=("party", name),
        hit=("onlending",),
        summary=Told(
            N_("of {loan} that a bank lent to {who}, {part} were lent on within the time"),
            part=by_rules(*(money(facts, each(amounts), currency) for each in (min, max))), **told,
        ),
        measures=[
            ask.measure(
                "onlent", N_("part of the loan that was lent on: the least under both rules"),
                min(parts[rule] for rule in BOTH), "onlent",
            ),
            ask.measure("loan", N_("what the bank paid out"), loan.amount, unit=currency),
            ask.measure("lent", N_("what was lent out in time"), int(lent["amount"].sum()), unit=currency),
            *_dearer(ask, mine, own),
        ],
        rows=[
            *cite_claims(facts, mine, shows=not set(loan.paid["row"].tolist()) <= worded),
            *_lent_on(ask, own, lent),
            cited("transfers", sets.union(shown, loan.paid["row"].to_numpy())),
            *context(ask, found), *cite_whose(facts, accounts),
            facts.cite_parties({name, *(str(each) for each in (*mine["lender"], *own["borrower"]))}),
            *licences_of(facts, frozenset({name, *(str(each) for each in mine["lender"])})),
            *facts.cite_group(name), facts.cite_parties(facts.group(name)),
            facts.cite("loans", claims.loc[claims["lender"] == name, "place"].to_numpy(), False),
        ],
        severity="medium",
        kinds={"flow": "inferred" if by_words else "shown"} | ({"contract": "shown"} if len(mine) else {}),
        elements={
            "done": ("inferred", N_("by what the payments are called")) if by_words else "shown",
            "size": "shown",
            "unallowed": "shown"
            if facts.has("licences")
            else ("unknown", N_("no table lists licences")),
        },
        against={
            "group": ("clear", N_("what is lent inside its group is left out")),
            "licensed": ("clear", N_("it has no licence to lend"))
            if facts.has("licences")
            else ("unknown", N_("no table lists licences")),
            "own_business": (
                "clear", N_("it is so first in first out and in proportion: it is not its own savings"),
            ),
            "trade": ("clear", N_("no purpose or payment says an advance in trade"))
            if facts.has("loans.purpose") or facts.has("transfers.memo")
            else ("unknown", N_("nothing says what for")),
        },
        amount=max(amounts),
        amount_least=min(amounts),
        currency=currency,
        by_rule=parts,
        chains=found["fifo"].chains,
    )  # fmt: skip


def _lent_on(ask: Inquiry, own: pd.DataFrame, lent: pd.DataFrame) -> list[Cited]:
    """The loans of the borrower's own: they show it unless the payments say the same."""
    facts = ask.facts
    places = lent["row"].to_numpy()
    said = says(facts, places, LENDING) & ~says(facts, places, (*BACK, *TRADE))
    by_word = set(lent["claim"].to_numpy()[said].tolist())
    shows = np.array([each not in by_word for each in own.index], np.bool_)
    return [*cite_claims(facts, own[shows]), *cite_claims(facts, own[~shows], shows=False)]


def _dearer(ask: Inquiry, mine: pd.DataFrame, own: pd.DataFrame) -> list[Measure]:
    """By how much the dearest loan of its own is dearer than the bank's, where both state a rate."""
    rates = ask.facts.rows("loans")["rate"]
    of = [
        [Fraction(str(rate)) for rate in rates.loc[frame["place"]] if pd.notna(rate)]
        for frame in (mine[mine["table"] == "loans"], own[own["table"] == "loans"])
    ]
    if not of[0] or not of[1]:
        return []
    return [
        ask.measure("dearer", N_("rate of its own loans above the bank's, at most"), max(of[1]) - of[0][0])
    ]
