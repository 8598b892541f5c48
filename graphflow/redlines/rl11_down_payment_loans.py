"""RL-11 Loans for down payments, and houses bought by a crowd (首付贷、众筹买房、贷款进楼市).

The rule: no business of the nature of a loan for the down payment (国办发〔2016〕21号 二（一）4;
建房〔2017〕215号); a consumer loan must be used as agreed. Looked at, of loans to natural persons that are no
mortgages: how much of what was paid out came within three months to developers, agencies, escrow for houses
not yet built, or to whom the borrower says that he pays for a house, first in first out and in proportion;
and where a mortgage was drawn about then, what part of the down payment it was. Of crowds: houses that
somebody paid for mostly with the money of many natural persons, who are paid back in proportion, or whose
payments say what they are for. Not it: a loan for decoration, own savings in the same account, an employer's
or a family's loan; an agency or an employer that only passes on what each pays for a house of his own.

A lender of whom many such loans are found is found itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, cited
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.borrowing import (
    Borrowing,
    Reached,
    borrowing_of,
    cite_claims,
    cite_whose,
    context,
    follow,
    near,
    of_party,
    paid_to,
    says,
    those,
    whose,
    words_of,
)
from graphflow.redlines.facts import DAY, WAGES, Facts, Flags, Ints
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

BOTH = ("fifo", "prorata")
"""It has to be so under both."""

BUILDS = ("developer", "property_agency")
HOUSE = ("首付", "购房", "房款", "楼款", "down payment")
"""What stands in the memo of payments for a house."""

MORTGAGES = ("按揭", "住房贷款", "房贷", "公积金", "mortgage", "home loan")
POOLED = ("众筹", "合买", "认筹", "购房", "房产", "份额")
FAMILY = ("spouse", "parent", "child", "sibling")
LIKE = Fraction(1, 20)
"""Shares of proceeds are in proportion within so much."""

MOST = Fraction(4, 5)


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    borrowed: Number | None = None,
    share: Number | None = None,
    cases: Number | None = None,
    persons: Number | None = None,
    pooled: Number | None = None,
    within: str = "90D",
    around: str = "60D",
    gather: str = "180D",
    hops: int = 3,
) -> Iterator[Finding]:
    """Loans that paid for houses, lenders of many of them, and houses bought by a crowd.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    borrowed
        Least part of a down payment that was borrowed; None: what the table of law says.
    share
        Least part of the loan that went into a house.
    cases
        From so many loans of one lender on he is found himself; from so many persons on a crowd is grave.
    persons
        Least number of natural persons who paid for a house together.
    pooled
        Least part of the house that their money paid for.
    within
        In what time the loan has to have come to the house.
    around
        How far from the payment a mortgage may be drawn.
    gather
        How long before a house is paid the crowd's money may have come in.
    hops
        Over how many transfers a loan is followed.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl11
    >>> [(f.measure, f.value) for f in find(rl11.toy())], len(list(find(rl11.near_miss())))
    ([('dp_borrowed', Fraction(2, 5))], 0)
    >>> [(f.measure, int(f.value)) for f in find(rl11.crowd_toy())]
    [('persons', 12)]
    """
    ask = Inquiry(
        LINE, case, as_of, law, borrowed=borrowed, share=share, cases=cases, persons=persons, pooled=pooled,
        within=within, around=around, gather=gather, hops=hops,
    )  # fmt: skip
    if ask.runs("share"):
        yield from _Loans(ask, span(within), span(around, "around"), hops).findings()
    if ask.runs("crowd"):
        yield from _Crowds(ask, span(gather, "gather")).findings()


def houses(facts: Facts) -> Flags:
    """Accounts of those who sell houses: developers, agencies, escrow for houses not yet built."""
    party = facts.account_party
    found: Flags = np.isin(of_party(facts.party_sector, party), BUILDS)
    if facts.tables.has("roles"):
        stated = facts.in_force("roles")
        named = set(words_of(stated.loc[those(stated, "role", "presale_escrow"), "subject_id"]))
        accounts = [facts.account_number[each] for each in named if each in facts.account_number]
        found = found | np.isin(np.arange(found.size), accounts)
        parties = [facts.party_number[each] for each in named if each in facts.party_number]
        found = found | ((party >= 0) & np.isin(party, parties))
    return found


# ---------------------------------------------------------------- loans


@dataclass(frozen=True)
class _Into:
    """A loan that went into a house, for the count of its lender."""

    lender: str
    borrower: str
    currency: str
    amount: int
    least: int
    finding: Finding = field(repr=False)


class _Loans:
    """One asking about loans."""

    def __init__(self, ask: Inquiry, within: int, around: int, hops: int) -> None:
        self.ask, self.facts = ask, ask.facts
        self.within, self.around, self.hops = within, around, hops
        self.all: Borrowing = borrowing_of(ask.facts)
        self.who = whose(ask.facts)
        self.aims = houses(ask.facts)
        flows = ask.facts.flows
        said = says(ask.facts, flows["row"].to_numpy(), HOUSE) & ~flows["own"].to_numpy()
        self.said = flows[said]  # by their own words for a house, whoever is paid

    def mortgage(self, claims: pd.DataFrame) -> Flags:
        """Which loans are mortgages: by their purpose; for a purchase only if a bank lends."""
        facts = self.facts
        purpose = np.char.lower(claims["purpose"].to_numpy().astype(str))
        by_word = np.logical_or.reduce([np.char.find(purpose, word) >= 0 for word in MORTGAGES])
        lender = [facts.party_number.get(each, -1) for each in claims["lender"]]
        bank = np.array(
            [p >= 0 and (facts.party_kind[p] == "bank" or facts.party_sector[p] == "bank") for p in lender],
            bool,
        )
        buys = (np.char.find(purpose, "购房") >= 0) & (np.char.find(purpose, "首付") < 0)
        found: Flags = by_word | (bank & buys)
        return found

    def findings(self) -> Iterator[Finding]:
        """Each loan, then the lenders of many."""
        found: list[_Into] = []
        for number, coin in self.candidates():
            one = self.at(number, coin)
            if one is not None:
                found.append(one)
                yield one.finding
        by_lender: dict[tuple[str, str], list[_Into]] = {}
        for each in found:
            if each.lender:
                by_lender.setdefault((each.lender, each.currency), []).append(each)
        for (lender, currency), mine in sorted(by_lender.items()):
            if self.ask.runs("scheme") and len({each.borrower for each in mine}) >= self.ask.threshold(
                "cases"
            ):
                yield self.scheme(lender, currency, mine)

    def candidates(self) -> Iterator[tuple[int, int]]:
        """Loans to natural persons, and currencies, of which enough may have come to a house."""
        facts, claims, out = self.facts, self.all.claims, self.all.out
        person = [facts.is_person(each) for each in claims["borrower"]]
        asked = np.array(person, bool) & (claims["table"] == "loans").to_numpy(np.bool_)
        asked[asked] = ~self.mortgage(claims[asked])
        out = out[asked[out["claim"].to_numpy()]]
        if out.empty:
            return
        anywhere = self.aims.copy()
        anywhere[self.said["target"].to_numpy()] = True
        close = near(facts, anywhere, self.hops - 1) | anywhere
        spans = out.groupby(["claim", "currency"], as_index=False).agg(
            begins=("time", "min"), ends=("time", "max"), amount=("amount", "sum")
        )
        straight = set(out.loc[anywhere[out["account"].to_numpy()], "claim"])
        borrower = [facts.party_number[each] for each in claims["borrower"].to_numpy()[spans["claim"]]]
        least = self.ask.threshold("share")
        for coin in sorted(set(spans["currency"].tolist())):
            in_coin = (spans["currency"] == coin).to_numpy(np.bool_)
            part = spans[in_coin]
            upper = paid_to(
                facts, close, coin, np.array(borrower, np.int64)[in_coin], part["begins"].to_numpy(),
                part["ends"].to_numpy() + self.within,
            )  # fmt: skip
            for number, whole, most in zip(part["claim"], part["amount"], upper, strict=True):
                if number in straight or Fraction(int(most), int(whole)) >= least:
                    yield int(number), coin

    def at(self, number: int, coin: int) -> _Into | None:
        """What is found on one loan."""
        facts, ask = self.facts, self.ask
        claim = self.all.claims.loc[[number]]
        borrower = str(claim["borrower"].iloc[0])
        me = facts.party_number[borrower]
        paid = self.all.of(self.all.out, [number])
        paid = paid[paid["currency"] == coin]
        aims = self.aims.copy()
        by_word = self.said["target"].to_numpy()[self.who[self.said["source"].to_numpy()] == me]
        aims[by_word[~facts.guarded[by_word]]] = True
        aims[self.who == me] = False
        found = follow(ask, paid, aims, self.within, hops=self.hops)
        whole = int(paid["amount"].sum())
        parts = {rule: Fraction(each.amount, whole) for rule, each in found.items()}
        part = min(parts[rule] for rule in BOTH)
        if part < ask.threshold("share"):
            return None
        guards = self.guards(claim, borrower)
        if any(state == "present" for state, _ in guards.values()):
            return None
        return self._case(claim, borrower, paid, found, parts, aims, guards)

    def guards(self, claim: pd.DataFrame, borrower: str) -> dict[str, tuple[str, str]]:
        """What speaks against it."""
        facts = self.facts
        lender = str(claim["lender"].iloc[0])
        found = {
            "decoration": ("clear", N_("only what came to sellers of houses counts")),
            "savings": ("clear", N_("it is so first in first out and in proportion")),
            "each": ("clear", ""),
        }
        if not lender:
            unknown = ("unknown", N_("it is not known who lent"))
            return {**found, "employer": unknown, "family": unknown}
        employs = kin = False
        if facts.tables.has("relations"):
            ties = facts.in_force("relations")
            pair = those(ties, "party_id", borrower) & those(ties, "other_id", lender)
            back = those(ties, "other_id", borrower) & those(ties, "party_id", lender)
            employs = bool((pair & those(ties, "kind", "employee")).any())
            kin = bool(((pair | back) & ties["kind"].isin(FAMILY).to_numpy()).any())
        flows = facts.flows
        wages = flows[
            (flows["payer"] == facts.party_number.get(lender, -2))
            & (flows["payee"] == facts.party_number[borrower])
        ]
        employs = employs or bool(says(facts, wages["row"].to_numpy(), WAGES).any())
        found["employer"] = (
            ("present", "") if employs else ("clear", N_("the lender does not employ the borrower"))
        )
        found["family"] = (
            ("present", "") if kin
            else ("clear", N_("the lender is no kin of the borrower")) if facts.tables.has("relations")
            else ("unknown", N_("no table says who is kin of whom"))
        )  # fmt: skip
        return found

    def down_payment(
        self, borrower: int, coin: int, found: dict[str, Reached], aims: Flags, mortgages: pd.DataFrame
    ) -> pd.DataFrame:
        """What was paid for the house about then: by the borrower, and what the loan's money came by; without
        what is the mortgage's own money.
        """
        facts = self.facts
        flows = facts.flows
        source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
        shown = np.isin(flows["row"].to_numpy(), np.concatenate([each.rows for each in found.values()]))
        arrived = flows[shown & aims[target]]
        sellers = sets.unique(self.who[arrived["target"].to_numpy()])
        same = (aims & (self.who >= 0) & np.isin(self.who, sellers)) | np.isin(
            np.arange(aims.size), arrived["target"].to_numpy()
        )
        first, last = int(arrived["time"].min()) - self.within, int(arrived["time"].max()) + self.within
        mine = (self.who[source] == borrower) & same[target] & (flows["currency"].to_numpy() == coin)
        mine &= (flows["time"].to_numpy() >= first) & (flows["time"].to_numpy() <= last)
        rows = flows[mine | (shown & aims[target])]
        of_mortgage = np.isin(rows["row"].to_numpy(), self._tagged(mortgages))
        for principal, begins in zip(mortgages["amount"], mortgages["begins"], strict=True):
            drawn = (rows["amount"].to_numpy() == principal) & (rows["time"].to_numpy() >= begins)
            of_mortgage |= drawn & (rows["time"].to_numpy() < begins + 8 * DAY)
        price: pd.DataFrame = rows[~of_mortgage]
        return price

    def _tagged(self, claims: pd.DataFrame) -> Ints:
        frames = [self.all.of(each, claims.index) for each in (self.all.out, self.all.back, self.all.before)]
        return np.concatenate([each["row"].to_numpy() for each in frames])

    def _case(
        self, claim: pd.DataFrame, borrower: str, paid: pd.DataFrame, found: dict[str, Reached],
        parts: dict[str, Fraction], aims: Flags, guards: dict[str, tuple[str, str]],
    ) -> _Into:  # fmt: skip
        facts, ask = self.facts, self.ask
        claims = self.all.claims
        coin = int(paid["currency"].iloc[0])
        mine = claims[(claims["borrower"] == borrower) & (claims["table"] == "loans")]
        mine = mine[self.mortgage(mine)]
        flows = facts.flows
        shown = sets.unique(np.concatenate([each.rows for each in found.values()]))
        arrived = flows[np.isin(flows["row"].to_numpy(), shown) & aims[flows["target"].to_numpy()]]
        apart = np.abs(mine["begins"].to_numpy()[:, None] - arrived["time"].to_numpy()[None, :])
        near_it = (apart <= self.around).any(axis=1)
        mortgages = mine[near_it]
        price = self.down_payment(facts.party_number[borrower], coin, found, aims, mortgages)
        down = int(price["amount"].sum())
        amounts = {rule: each.amount for rule, each in found.items()}
        borrowed = {
            rule: Fraction(min(amount, down), down) if down else Fraction(0)
            for rule, amount in amounts.items()
        }
        part = min(parts[rule] for rule in BOTH)
        is_down = bool(len(mortgages)) and min(borrowed[rule] for rule in BOTH) >= ask.threshold("borrowed")
        currency = facts.currencies[coin]
        measures = [ask.measure("share", N_("part of the loan that went into a house"), part, "share")]
        rows: list[Cited] = [
            *cite_claims(facts, claim),
            cited("transfers", sets.union(shown, paid["row"].to_numpy())),
        ]
        if is_down:
            least = min(borrowed[rule] for rule in BOTH)
            measures = [
                ask.measure(
                    "dp_borrowed", N_("part of the down payment that was borrowed"), least, "borrowed"
                ),
                *measures,
                ask.measure("down_payment", N_("the down payment"), down, unit=currency),
            ]
            rows += [cited("transfers", price["row"].to_numpy()), *cite_claims(facts, mortgages)]
        else:
            rows += [
                cited("transfers", price["row"].to_numpy(), False),
                *cite_claims(facts, mortgages, shows=False),
            ]
        note = TOO_LITTLE if len(mortgages) else NO_MORTGAGE
        moved = flows[np.isin(flows["row"].to_numpy(), sets.union(shown, price["row"].to_numpy()))]
        accounts = sets.unique(np.concatenate([moved["source"].to_numpy(), moved["target"].to_numpy()]))
        lender = str(claim["lender"].iloc[0] or claim["platform"].iloc[0])
        digits = facts.tables.minor_units.get(currency, 2)
        name = facts.name_of(borrower) or borrower
        values = {
            "loan": claim["name"].iloc[0], "borrower": name, "share": f"{float(part * 100):.1f}",
            "part": f"{float(min(borrowed[rule] for rule in BOTH) * 100):.1f}",
            "down": f"{amount_text(down, digits)} {currency}",
        }  # fmt: skip
        finding = ask.finding(
            subject=("loan", str(claim["name"].iloc[0])),
            hit=("share", "down_payment") if is_down else ("share",),
            summary=Told(DOWN_PAYMENT if is_down else INTO_HOUSE, **values),
            measures=measures,
            rows=[
                *rows, *context(ask, found), *cite_whose(facts, accounts),
                facts.cite_parties([borrower, lender]),
                cited("transfers", self._tagged(mortgages), False),
            ],
            severity="medium" if is_down else "watch",
            kinds={"flow": "shown" if paid["tagged"].all() else "inferred", "contract": "shown"},
            elements={
                "money": "shown",
                "house": _house(self.aims[arrived["target"].to_numpy()]),
                "mortgage": "shown" if is_down else ("unknown", note),
                "title": "unknown",
                "back": "unknown",
            },
            against=guards,
            amount=max(amounts.values()),
            amount_least=min(amounts.values()),
            currency=currency,
            by_rule=borrowed if is_down else parts,
            chains=found["fifo"].chains,
        )  # fmt: skip
        return _Into(lender, borrower, currency, max(amounts.values()), min(amounts.values()), finding)

    def scheme(self, lender: str, currency: str, found: Sequence[_Into]) -> Finding:
        """A lender of many of them."""
        facts, ask = self.facts, self.ask
        persons = len({each.borrower for each in found})
        amount, least = sum(each.amount for each in found), sum(each.least for each in found)
        digits = facts.tables.minor_units.get(currency, 2)
        return ask.finding(
            subject=("party", lender),
            hit=("scheme", "share"),
            summary=Told(
                N_("{count} borrowers of {lender} put {amount} of its loans into houses"),
                count=persons, lender=facts.name_of(lender) or lender,
                amount=f"{amount_text(amount, digits)} {currency}",
            ),
            measures=[
                ask.measure("cases", N_("borrowers whose loans went into houses"), persons, "cases"),
                ask.measure("into_houses", N_("what went into houses"), amount, unit=currency),
            ],
            rows=[row for each in found for row in each.finding.cited],
            severity="high",
            kinds={"flow": "shown", "contract": "shown"},
            elements={
                "money": "shown", "house": "shown", "mortgage": "unknown", "title": "unknown",
                "back": "unknown",
            },
            against={
                "decoration": "clear", "savings": "clear", "each": "clear",
                "employer": "clear" if facts.tables.has("relations") else "unknown",
                "family": "clear" if facts.tables.has("relations") else "unknown",
            },
            amount=amount,
            amount_least=least,
            currency=currency,
        )  # fmt: skip


DOWN_PAYMENT = N_(
    "{share} % of the loan {loan} to {borrower} went into a house of which a mortgage paid the rest: "
    "{part} % of the down payment of {down} were borrowed"
)
NO_MORTGAGE = N_("no mortgage of the borrower is known of that time")
TOO_LITTLE = N_("a mortgage was drawn, but too little of the down payment was borrowed")


def _house(sellers: Flags) -> str | tuple[str, str]:
    """How it stands that a house was paid for: who was paid sells houses, or the payment only says so."""
    return "shown" if sellers.all() else ("inferred", N_("by the words of the payment"))


INTO_HOUSE = N_("{share} % of the loan {loan} to {borrower} went into a house")


# ---------------------------------------------------------------- crowds


class _Crowds:
    """One asking about crowds."""

    def __init__(self, ask: Inquiry, gather: int) -> None:
        self.ask, self.facts, self.gather = ask, ask.facts, gather
        self.who = whose(ask.facts)
        self.aims = houses(ask.facts)
        self.person: Flags = of_party(ask.facts.party_kind, self.who) == "person"

    def findings(self) -> Iterator[Finding]:
        """What is found, a buyer and a currency at a time."""
        facts = self.facts
        flows = facts.flows
        source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
        buyer = self.who[source]
        house = self.aims[target] | (says(facts, flows["row"].to_numpy(), HOUSE) & ~facts.guarded[target])
        keep = house & (buyer >= 0) & ~self.aims[source] & ~facts.guarded[source] & ~flows["own"].to_numpy()
        keep &= ~np.isin(flows["row"].to_numpy(), borrowing_of(facts).out["row"].to_numpy())
        bought = flows[keep].assign(buyer=buyer[keep])
        if bought.empty:
            return
        into = flows[
            np.isin(self.who[target], bought["buyer"]) & self.person[source] & ~flows["own"].to_numpy()
        ]
        payees = self.who[into["target"].to_numpy()]
        persons = into.assign(payee_=payees, payer_=self.who[into["source"].to_numpy()])
        counts = persons.groupby(["payee_", "currency"])["payer_"].nunique()
        enough = counts[counts >= float(self.ask.threshold("persons"))].index
        for party, coin in sorted(enough.tolist()):
            mine = bought[(bought["buyer"] == party) & (bought["currency"] == coin)]
            found = self.at(party, coin, mine) if len(mine) else None
            if found is not None:
                yield found

    def at(self, buyer: int, coin: int, bought: pd.DataFrame) -> Finding | None:
        """What is found on one buyer."""
        facts, ask = self.facts, self.ask
        aims = self.person & (self.who != buyer)
        found = follow(
            ask, bought, aims, self.gather, hops=1, backward=True, rules=("fifo", "lifo", "prorata")
        )
        price = int(bought["amount"].sum())
        flows = facts.flows
        funders = {rule: self._funders(flows, each.rows, bought) for rule, each in found.items()}
        persons = {rule: len(set(each["payer_"])) for rule, each in funders.items()}
        parts = {rule: Fraction(each.amount, price) for rule, each in found.items()}
        many = min(persons[rule] for rule in BOTH)
        part = min(parts[rule] for rule in BOTH)
        if many < ask.threshold("persons") or part < ask.threshold("pooled"):
            return None
        paid_in = pd.concat(list(funders.values())).drop_duplicates("row")
        if self._one_by_one(bought, paid_in):
            return None
        back = self.paid_back(buyer, coin, bought, paid_in)
        said = self._said(paid_in)
        if back is None and not said:
            return None
        return self.finding(buyer, coin, bought, found, paid_in, persons, parts, back)

    def _funders(self, flows: pd.DataFrame, rows: Ints, bought: pd.DataFrame) -> pd.DataFrame:
        mine = flows[np.isin(flows["row"].to_numpy(), sets.minus(rows, bought["row"].to_numpy()))]
        return mine.assign(payer_=self.who[mine["source"].to_numpy()])

    def _one_by_one(self, bought: pd.DataFrame, paid_in: pd.DataFrame) -> bool:
        """Whether each payment for a house is one person's money: each buys a house of his own."""
        contributions = paid_in.groupby("payer_")["amount"].sum().value_counts()
        singly = paid_in["amount"].value_counts()
        paid = bought["amount"].value_counts()
        matched = max(
            sum(min(int(paid.get(amount, 0)), int(count)) for amount, count in each.items())
            for each in (contributions, singly)
        )
        return matched >= MOST * paid_in["payer_"].nunique()

    def _said(self, paid_in: pd.DataFrame) -> bool:
        """Whether the payments say that they are for one purchase: by their words, or one mark on most."""
        facts = self.facts
        rows = paid_in["row"].to_numpy()
        if int(says(facts, paid_in["row"].to_numpy(), POOLED).sum()) >= MOST * len(rows):
            return True
        for column in ("product_id", "listing_id", "order_id"):
            marks, counts = np.unique(facts.texts(column, rows), return_counts=True)
            if any(mark and count >= MOST * len(rows) for mark, count in zip(marks, counts, strict=True)):
                return True
        return False

    def paid_back(
        self, buyer: int, coin: int, bought: pd.DataFrame, paid_in: pd.DataFrame
    ) -> tuple[Fraction, pd.DataFrame] | None:
        """What those who paid were paid back later, where it is in proportion: the factor, and the rows."""
        flows = self.facts.flows
        source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
        gave = paid_in.groupby("payer_")["amount"].sum()
        keep = (self.who[source] == buyer) & np.isin(self.who[target], gave.index)
        keep &= (flows["time"].to_numpy() > int(bought["time"].max())) & (
            flows["currency"].to_numpy() == coin
        )
        rows = flows[keep]
        rows = rows.assign(payee_=self.who[rows["target"].to_numpy()])
        got = rows.groupby("payee_")["amount"].sum()
        if len(got) * 2 < len(gave):
            return None
        factors = sorted(Fraction(int(got[each]), int(gave[each])) for each in got.index)
        middle = factors[len(factors) // 2]
        like = sum(abs(each - middle) <= LIKE * middle for each in factors)
        if like < MOST * len(factors):
            return None
        return Fraction(int(got.sum()), int(gave[got.index].sum())), rows

    def finding(
        self, buyer: int, coin: int, bought: pd.DataFrame, found: dict[str, Reached], paid_in: pd.DataFrame,
        persons: dict[str, int], parts: dict[str, Fraction], back: tuple[Fraction, pd.DataFrame] | None,
    ) -> Finding:  # fmt: skip
        facts, ask = self.facts, self.ask
        name = str(facts.party_ids[buyer])
        currency = facts.currencies[coin]
        digits = facts.tables.minor_units.get(currency, 2)
        amounts = [each.amount for each in found.values()]
        many = min(persons[rule] for rule in BOTH)
        measures = [
            ask.measure("persons", N_("natural persons who paid"), many, "persons"),
            ask.measure(
                "pooled", N_("part of the houses that they paid for"), min(parts[r] for r in BOTH), "pooled"
            ),
            ask.measure("paid_in", N_("what they paid in"), int(paid_in["amount"].sum()), unit=currency),
        ]
        rows = [bought, paid_in]
        if back is not None:
            measures.append(
                ask.measure("factor", N_("what they were paid back over what they paid in"), back[0])
            )
            measures.append(
                ask.measure(
                    "paid_back", N_("what they were paid back"), int(back[1]["amount"].sum()), unit=currency
                )
            )
            rows.append(back[1])
        shown = pd.concat(rows)
        accounts = sets.unique(np.concatenate([shown["source"].to_numpy(), shown["target"].to_numpy()]))
        title, titles = self._title(name)
        return ask.finding(
            subject=("party", name),
            hit=("crowd",),
            summary=Told(
                N_("{count} natural persons paid {amount} to {buyer}, who bought houses of it"),
                count=many, buyer=facts.name_of(name) or name,
                amount=f"{amount_text(int(paid_in['amount'].sum()), digits)} {currency}",
            ),
            measures=measures,
            rows=[
                cited("transfers", shown["row"].to_numpy()), *context(ask, found),
                *cite_whose(facts, accounts), *titles,
            ],
            severity="high" if many >= ask.threshold("cases") else "medium",
            kinds={"flow": "shown"} | ({"register": "shown"} if titles else {}),
            elements={
                "money": "shown",
                "house": _house(self.aims[bought["target"].to_numpy()]),
                "mortgage": "unknown",
                "title": ("shown" if titles else "unknown", title),
                "back": "unknown" if back is None else "shown",
            },
            against={
                "decoration": "clear",
                "savings": ("clear", N_("it is so first in first out and in proportion")),
                "employer": "unknown",
                "family": "unknown",
                "each": ("clear", N_("the payments for houses are not those of single persons")),
            },
            amount=max(amounts),
            amount_least=min(amounts),
            currency=currency,
            by_rule={rule: Fraction(count) for rule, count in persons.items()},
            chains=found["fifo"].chains,
        )  # fmt: skip

    def _title(self, buyer: str) -> tuple[str, list[Cited]]:
        """Whether a product of the buyer holds property."""
        facts = self.facts
        products = facts.rows("products")
        mine = set(
            words_of(
                products.loc[
                    those(products, "issuer_id", buyer) | those(products, "manager_id", buyer), "product_id"
                ]
            )
        )
        holdings = facts.rows("holdings")
        held = holdings[
            those(holdings, "asset_kind", "property") & holdings["product_id"].isin(mine).to_numpy()
        ]
        if len(held):
            return N_("the title is held for a product of the buyer"), [
                facts.cite("holdings", held, False),
                facts.cite("products", products[products["product_id"].isin(mine)], False),
            ]
        return N_("in whose name the title stands, no table says"), []


HELD = ("accounts.party_id", ("parties.sector", "roles", "transfers.memo"))

LINE = RedLine(
    code="RL-11",
    name=N_("Loans for down payments, houses bought by a crowd"),
    name_zh="首付贷、众筹买房",
    asks=N_("Do loans pay for houses, or do many buy houses through one?"),
    tests=(
        Test("share", N_("how much of a loan came to sellers of houses"), ("loans", "parties.kind", *HELD)),
        Test(
            "down_payment",
            N_("what part of the down payment it was, beside a mortgage"),
            ("loans.purpose", "parties.kind", *HELD),
        ),
        Test(
            "scheme",
            N_("whether a lender has many such loans"),
            (("loans.lender_id", "loans.platform_id"), "parties.kind", *HELD),
        ),
        Test("crowd", N_("whether many natural persons paid for houses together"), ("parties.kind", *HELD)),
    ),
    elements={
        "money": N_("it is borrowed money, or that of a crowd"),
        "house": N_("it went into a house"),
        "mortgage": N_("a mortgage was drawn beside the down payment"),
        "title": N_("one has the title for all"),
        "back": N_("those who paid get back in proportion"),
    },
    guards={
        "decoration": N_("it is a loan for decoration, paid to a contractor"),
        "savings": N_("own savings stood in the same account"),
        "employer": N_("the employer lends for a house"),
        "family": N_("the money is of the family"),
        "each": N_("each of them buys a house of his own"),
    },
    find=find,
)  # fmt: skip
