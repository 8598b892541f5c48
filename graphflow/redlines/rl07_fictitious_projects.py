"""RL-07 Fictitious projects (虚构标的): money is raised for what is not what it is said to be.

The rule: a platform must not make up projects or present them falsely (暂行办法 art. 10 (10)); who raises
money so in order to take it commits fraud (法释〔2022〕5号 art. 7 names signs of it). Looked at: seven
signs, each a test of its own with its own tables: (1) what was raised leaves the borrower at once for the
platform's group or for cash; (2) no business in the year before; (3) an identity shared with other borrowers
or the platform's staff; (4) the platform's side repays; (5) founded or sold shortly before; (6) the same
collateral twice at one time; (7) what is claimed to be there is denied. A borrower is found from three signs
on. A sign that cannot be told is said so and does not count. Whether the registered capital was raised
tenfold shortly before, a part of (5), no table can say. Not it: vehicles of licensed lessors and of
securitisations, money that goes to a supplier at once, young companies that really spend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, cited
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.borrowing import (
    REPAYING,
    Borrowing,
    borrowing_of,
    cite_claims,
    cite_whose,
    context,
    covered,
    follow,
    kind_is,
    near,
    of_party,
    paid_to,
    says,
    stops,
    whose,
    words_of,
)
from graphflow.redlines.facts import DAY, WAGES, Facts, Flags, Ints, known, micros
from graphflow.redlines.identities import Identities, numbered, plain
from graphflow.redlines.signs import NOT_SO, UNTOLD, Sign, hits, kinds_of, numbers, said
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

SIGNS = ("passed", "footprint", "shared", "repaid", "young", "duplicate", "denied")
"""The tests, in the order in which the signs are numbered."""

STAFF = ("director", "supervisor", "manager", "legal_representative", "employee", "controller", "agent")
LICENSED = ("lending", "trust", "banking", "asset_management", "insurance")
"""Licences whose holders finance through vehicles of their own."""

SUPPLIERS = 3
"""To so many payees outside a young company has to pay for its spending to be a business's."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    signs: Number | None = None,
    passed: Number | None = None,
    shared: Number | None = None,
    repaid: Number | None = None,
    young: Number | None = None,
    within: str = "48h",
    history: str = "365D",
    hops: int = 3,
) -> Iterator[Finding]:
    """Borrowers and projects on whom at least three of seven signs of being made up are seen.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    signs
        Least number of signs; None: what the table of law says.
    passed
        Least part of what was raised that went to the platform's group, or to cash, within the time.
    shared
        Least number of other borrowers who share the identity.
    repaid
        Least part of the repayments that the platform's side paid for.
    young
        Days before the listing within which a company counts as just founded or sold.
    within
        In what time the money has to have left.
    history
        How long before the first listing nothing of a business must be seen, and its statements must be held.
    hops
        Over how many transfers the money is followed.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl07
    >>> [(f.measure, int(f.value), f.subject_id) for f in find(rl07.toy())], len(list(find(rl07.near_miss())))
    ([('signs', 4, 'BORROWER')], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, signs=signs, passed=passed, shared=shared, repaid=repaid, young=young,
        within=within, history=history, hops=hops,
    )  # fmt: skip
    look = _Look(ask, span(within), span(history, "history"), hops)
    for borrower, claims in look.asked():
        yield from look.at(borrower, claims)


class _Look:
    """One asking: what is known of all borrowers at once, then of one after another."""

    def __init__(self, ask: Inquiry, within: int, history: int, hops: int) -> None:
        self.ask, self.facts = ask, ask.facts
        self.within, self.history, self.hops = within, history, hops
        self.all: Borrowing = borrowing_of(ask.facts)
        self.need = ask.threshold("signs")
        self._sides: dict[str, Flags] = {}
        self.who = whose(ask.facts)

    # ------------------------------------------------------------ who is looked at

    def asked(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Borrowers who may have enough signs, by what is quickly told of all of them."""
        claims = self.all.claims
        maybe = [
            *(set(found) for found in self.quick.values()),
            self.sharing,
            self.may_pass,
            self.may_be_repaid,
        ]
        for borrower, mine in claims[claims["borrower"] != ""].groupby("borrower"):
            name = str(borrower)
            most = sum(name in found for found in maybe)
            most += self.ask.runs("footprint") and not self.facts.is_person(name)
            if most >= self.need:
                yield name, mine

    @cached_property
    def quick(self) -> Mapping[str, Mapping[str, Sign]]:
        """The signs that tables alone tell: by test, of each borrower who has it."""
        return {"young": self.young(), "duplicate": self.duplicate(), "denied": self.denied()}

    @cached_property
    def may_pass(self) -> set[str]:
        """Borrowers from whose accounts enough can have come to a platform's side, or to cash: more are asked
        about than have it, and none is left out.
        """
        out = self.all.out
        if not self.ask.runs("passed") or out.empty:
            return set()
        names = self.all.claims["borrower"].to_numpy()
        least = self.ask.threshold("passed")
        close = near(self.facts, self.any_side | (self.facts.account_kind == "cash"), self.hops - 1)
        borrowers = names[out["claim"].to_numpy()]
        elsewhere = self.who[out["account"].to_numpy()] != self._numbers(borrowers)
        found = set(borrowers[elsewhere])  # paid out to somebody else: it may have been there at once
        spans = out.groupby(["claim", "currency"]).agg(
            begins=("time", "min"), ends=("time", "max"), amount=("amount", "sum")
        )
        coins = spans.index.get_level_values("currency").to_numpy()
        for currency in sorted(set(coins.tolist())):
            part = spans[coins == currency]
            parties = self._numbers(names[part.index.get_level_values("claim").to_numpy()])
            most = paid_to(
                self.facts, close, currency, parties, part["begins"].to_numpy(),
                part["ends"].to_numpy() + self.within,
            )  # fmt: skip
            frame = pd.DataFrame({"who": parties, "amount": part["amount"].to_numpy()})
            frame["most"] = np.minimum(most, frame["amount"])
            whole = frame[frame["who"] >= 0].groupby("who").sum()
            enough = [
                Fraction(int(left), int(amount)) >= least
                for left, amount in zip(whole["most"], whole["amount"], strict=True)
            ]
            found |= set(self.facts.party_ids[whole.index.to_numpy()[enough]])
        return found

    @cached_property
    def may_be_repaid(self) -> set[str]:
        """Borrowers whose debts a platform's side may have paid, itself or through them."""
        if not self.ask.runs("repaid"):
            return set()
        claims, back, side = self.all.claims, self.all.back, self.any_side
        flows = self.facts.flows
        source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
        lent = np.isin(flows["row"].to_numpy(), self.all.out["row"].to_numpy())
        names = claims["borrower"].to_numpy()
        found = set(names[back.loc[side[back["source"].to_numpy()], "claim"].to_numpy()])
        fed = side
        for _ in range(self.hops - 1):
            more = fed.copy()
            more[target[fed[source] & ~lent]] = True
            fed = more & (~stops(self.facts) | side)
        owners = np.unique(self.who[target[fed[source] & ~lent]])
        found |= {str(self.facts.party_ids[p]) for p in owners if p >= 0} & set(names)
        if self.facts.has("instalments.paid_by"):
            rows = self.facts.rows("instalments")
            paid = set(words_of(rows.loc[known(rows["paid_by"]), "loan_id"]))
            found |= set(claims.loc[claims["name"].isin(paid) & (claims["table"] == "loans"), "borrower"])
        return found

    def _numbers(self, parties: Iterable[object]) -> Ints:
        return np.array([self.facts.party_number.get(str(each), -1) for each in parties], np.int64)

    # ------------------------------------------------------------ the platform's side

    def group(self, platform: str) -> frozenset[str]:
        """Who is on the platform's side: its group; of a claim that names none, that of the only platform."""
        if not platform:
            named = list(self.facts.platforms("lending"))
            platform = named[0] if len(named) == 1 else ""
        return self.facts.group(platform) if platform else frozenset()

    def side(self, platform: str) -> Flags:
        """Accounts of the platform's side, without custody and the like."""
        if platform not in self._sides:
            numbers = self._numbers(self.group(platform))
            self._sides[platform] = np.isin(self.who, numbers[numbers >= 0]) & ~self.facts.guarded
        return self._sides[platform]

    @cached_property
    def any_side(self) -> Flags:
        """Accounts of any platform's side."""
        found = np.zeros(self.facts.account_ids.size, np.bool_)
        for platform in sorted(set(self.all.claims["platform"])):
            found |= self.side(platform)
        return found

    def aims(self, platform: str) -> Flags:
        """Accounts in which what was raised is gone: those of the platform's side, and cash."""
        found: Flags = self.side(platform) | (self.facts.account_kind == "cash")
        return found

    # ------------------------------------------------------------ one borrower

    def at(self, borrower: str, claims: pd.DataFrame) -> Iterator[Finding]:
        """What is found on one borrower, by currency."""
        told: dict[str, Sign] = {
            test: found.get(borrower) or self._absent(test, borrower, claims)
            for test, found in self.quick.items()
        }
        told["shared"] = self.shared(borrower)
        told["footprint"] = self.footprint(borrower, claims)
        out = self.all.of(self.all.out, claims.index)
        coins = sorted(set(out["currency"].tolist())) or [None]
        for coin in coins:
            paid = out[out["currency"] == coin] if coin is not None else out
            spent, note = self.spends(borrower, claims, paid)
            mine = dict(told)
            if spent == "present" and mine["young"].hit:
                mine["young"] = NOT_SO
            if sum(sign.hit for sign in mine.values()) + 2 < self.need:
                continue
            mine["passed"] = self.passed(borrower, claims, paid)
            if sum(sign.hit for sign in mine.values()) + 1 < self.need:
                continue
            mine["repaid"] = self.repaid(borrower, claims, coin)
            if sum(sign.hit for sign in mine.values()) >= self.need:
                vehicle = self.vehicle(borrower, claims)
                if vehicle[0] != "present":
                    yield self.finding(borrower, claims, paid, coin, mine, (spent, note), vehicle)

    def _absent(self, test: str, borrower: str, claims: pd.DataFrame) -> Sign:
        """A sign that was not seen: whether it could have been."""
        if not self.ask.runs(test):
            return UNTOLD
        facts = self.facts
        if test == "young":
            if facts.is_person(borrower):
                return Sign(False, note=N_("a natural person was not founded"))
            number = facts.party_number.get(borrower, -1)
            frame = facts.rows("parties")
            dated = number >= 0 and bool(known(frame["founded"].iloc[[number]])[0])
            owned = facts.rows("stakes")
            if not dated and not (known(owned["since"]) & (owned["company_id"] == borrower).to_numpy()).any():
                return Sign(False, note=N_("neither the day of founding nor of any owner is known"))
        if test == "duplicate" and not any(numbered(each) for each in self._collateral(claims)):
            return Sign(False, note=N_("no collateral is stated by a number"))
        if test == "denied":
            held = claims[claims["table"] == "holdings"]
            asked = facts.rows("holdings").loc[held["place"], "confirmed"]
            if not known(asked).any():
                return Sign(False, note=N_("nobody was asked to confirm what is claimed"))
        return NOT_SO

    def _collateral(self, claims: pd.DataFrame) -> Sequence[str]:
        loans = claims[claims["table"] == "loans"]
        return list(words_of(self.facts.rows("loans").loc[loans["place"], "collateral"]))

    # ------------------------------------------------------------ (1)

    def passed(self, borrower: str, claims: pd.DataFrame, paid: pd.DataFrame) -> Sign:
        """(1) What was raised goes to the platform's side, or to cash, at once."""
        if not self.ask.runs("passed"):
            return UNTOLD
        if paid.empty:
            return Sign(False, note=N_("no transfer is known by which it was paid out"))
        if borrower not in self.may_pass:
            return NOT_SO
        total = int(paid["amount"].sum())
        unseen = ~np.array([
            covered(self.facts, int(a), int(t), int(t) + self.within)
            for a, t in zip(paid["account"], paid["time"], strict=True)
        ], bool)  # fmt: skip
        mine = self.facts.accounts_of([borrower], signed=True)
        amounts: dict[str, int] = {}
        shown: list[Ints] = [paid["row"].to_numpy()]
        rows: list[Cited] = []
        chains: list[Mapping[str, object]] = []
        aims_of: set[int] = set()
        for platform, part in paid.groupby(claims["platform"].loc[paid["claim"]].to_numpy()):
            aims = self.aims(str(platform)).copy()
            aims[mine] = False
            old = self._repayments(claims)
            found = follow(self.ask, part, aims, self.within, hops=self.hops, without=old)
            for rule, each in found.items():
                amounts[rule] = amounts.get(rule, 0) + each.amount
                shown.append(each.rows)
            best = max(found.values(), key=lambda each: each.amount)
            chains += best.chains
            aims_of |= {int(a) for each in found.values() for a in self._accounts(each.rows)}
            rows += context(self.ask, found)
        if unseen.all() and not any(amounts.values()):
            return Sign(False, note=N_("the statements of the accounts that it was paid into are not held"))
        least = self.ask.threshold("passed")
        parts = {rule: Fraction(amount, total) for rule, amount in amounts.items()}
        most = max(parts.values())
        title = N_("part of what was raised that went to the platform's side or to cash")
        return Sign(
            True, most >= least, (self.ask.measure("passed", title, most, "passed"),),
            (
                cited("transfers", np.unique(np.concatenate(shown))), *rows,
                *cite_whose(self.facts, [*aims_of, *paid["source"]]), *self._cite_side(claims),
            ),
            by_rule={rule: each >= least for rule, each in parts.items()},
            state="shown" if paid["tagged"].all() else "inferred", chains=tuple(chains[:3]),
        )  # fmt: skip

    def _repayments(self, claims: pd.DataFrame) -> Ints:
        """Transfers that repay older debts, or say that they repay: a new loan is not passed on by them."""
        back = self.all.of(self.all.back, claims.index)
        begun = self.all.of(self.all.out, claims.index).groupby("claim")["time"].min()
        said = kind_is(self.facts, back["row"].to_numpy(), REPAYING)
        old = back["time"].to_numpy() - begun.reindex(back["claim"]).to_numpy() > self.within
        found: Ints = back["row"].to_numpy()[old | said]
        return found

    def _cite_side(self, claims: pd.DataFrame) -> list[Cited]:
        """The rows by which the platform's side hangs together."""
        named = sorted(set(claims["platform"]) - {""})
        rows = [row for each in named for row in self.facts.cite_group(each)]
        return [*rows, self.facts.cite_parties(self.group_of(claims))]

    def _accounts(self, rows: Ints) -> Ints:
        flows = self.facts.flows
        mine = flows[np.isin(flows["row"].to_numpy(), rows)]
        return np.unique(np.concatenate([mine["source"].to_numpy(), mine["target"].to_numpy()]))

    def group_of(self, claims: pd.DataFrame) -> frozenset[str]:
        """Everybody on the side of the platforms of some claims."""
        return frozenset().union(*(self.group(str(each)) for each in set(claims["platform"])))

    # ------------------------------------------------------------ (2)

    def footprint(self, borrower: str, claims: pd.DataFrame) -> Sign:
        """(2) No wages, taxes, utilities or purchases in the year before."""
        if not self.ask.runs("footprint"):
            return UNTOLD
        facts = self.facts
        if facts.is_person(borrower):
            return Sign(False, note=N_("a natural person need not have a business"))
        first = int(claims["listed"].min())
        begins = first - self.history
        founded = self._founded(borrower)
        if founded is not None and founded > begins:
            return Sign(False, note=N_("it is younger than that: sign (5) looks at this"))
        accounts = facts.accounts_of([borrower])
        if not accounts.size or not all(covered(facts, int(a), begins, first) for a in accounts):
            return Sign(False, note=N_("its statements of the year before are not held"))
        flows = facts.flows
        mine = flows[np.isin(flows["source"].to_numpy(), accounts) & ~flows["own"].to_numpy()]
        times = mine["time"].to_numpy()
        before = mine[(times >= begins) & (times < first)]
        if self.businesslike(before, facts.group(borrower) | self.group_of(claims)).any():
            return NOT_SO
        around = flows[
            np.isin(flows["source"].to_numpy(), accounts) | np.isin(flows["target"].to_numpy(), accounts)
        ]
        measure = self.ask.measure("footprint", N_("purchases, wages and taxes in the year before"), 0)
        return Sign(
            True, True, (measure,),
            (
                cited("transfers", around["row"].to_numpy(), False),
                *cite_whose(facts, np.unique(np.concatenate([around["source"], around["target"], accounts]))),
                cited("transfers", _edges(facts), False),
            ),
        )  # fmt: skip

    def _founded(self, party: str) -> int | None:
        number = self.facts.party_number.get(party, -1)
        founded = self.facts.rows("parties")["founded"]
        if number < 0 or not known(founded.iloc[[number]])[0]:
            return None
        return int(micros(founded.iloc[[number]])[0])

    def businesslike(self, rows: pd.DataFrame, inside: frozenset[str]) -> Flags:
        """Which payments are of a business: taxes, wages, utilities, and to anybody outside who is no person.

        Who is not known may be a supplier.
        """
        facts = self.facts
        target = rows["target"].to_numpy()
        payee = self.who[target]
        person = of_party(facts.party_kind, payee) == "person"
        ours = np.isin(payee, self._numbers(inside)) & (payee >= 0)
        wages = says(facts, rows["row"].to_numpy(), WAGES)
        kind = facts.account_kind[target]
        fee = np.isin(kind, ("internal", "cash", "client_custody"))
        found: Flags = (~person & ~ours & ~fee) | (person & wages)
        return found

    # ------------------------------------------------------------ (3)

    @cached_property
    def identities(self) -> Identities:
        """What borrowers share with one another, and with the platform's staff."""
        borrowers = frozenset(self.all.claims["borrower"]) - {""}
        inside = self.group_of(self.all.claims)
        staff = {each for each in inside if self.facts.is_person(each)}
        if self.facts.tables.has("relations"):
            ties = self.facts.in_force("relations")
            of = ties[ties["kind"].isin(STAFF) & ties["other_id"].isin(inside)]
            staff |= {each for each in words_of(of["party_id"]) if self.facts.is_person(each)}
        return Identities(self.facts, borrowers, frozenset(staff) - borrowers)

    @cached_property
    def sharing(self) -> set[str]:
        """Borrowers whose identity is shared widely enough."""
        if not self.ask.runs("shared"):
            return set()
        least = self.ask.threshold("shared")
        return {
            borrower
            for borrower in self.identities.parties
            if any(staff or len(peers) >= least for _, peers, staff in self.identities.shared(borrower))
        }

    def shared(self, borrower: str) -> Sign:
        """(3) Signer, phone, address, device shared with other borrowers, or with the platform's staff."""
        if not self.ask.runs("shared"):
            return UNTOLD
        if not self.identities.known_of(borrower):
            return Sign(False, note=N_("nothing is known by which it could be told from others"))
        if borrower not in self.sharing:
            return NOT_SO
        measures: list[Measure] = []
        rows: list[Cited] = []
        claims = self.all.claims
        for kind, peers, staff in self.identities.shared(borrower):
            if len(peers) >= self.ask.threshold("shared"):
                title = SHARED[kind.removeprefix("shared_")]
                measures.append(self.ask.measure(f"shares_{kind}", title, len(peers), "shared"))
                rows += self.identities.rows(borrower, kind, peers)
                theirs = claims[claims["borrower"].isin(peers)].drop_duplicates("borrower")
                rows += cite_claims(self.facts, theirs, shows=False)
            elif staff:
                title = STAFFED[kind.removeprefix("shared_")]
                measures.append(self.ask.measure(f"staff_{kind}", title, len(staff)))
                rows += [*self.identities.rows(borrower, kind, staff), *self._tied(sorted(staff))]
        return Sign(True, True, tuple(measures), tuple(rows), kind="register")

    def _tied(self, staff: Sequence[str]) -> list[Cited]:
        """The rows by which some persons belong to the platform's side."""
        rows: list[Cited] = []
        for platform in sorted(set(self.all.claims["platform"]) - {""}):
            rows += self.facts.cite_group(platform)
            rows.append(self.facts.cite_parties(self.group(platform)))
        if self.facts.tables.has("relations"):
            ties = self.facts.in_force("relations")
            rows.append(self.facts.cite("relations", ties[ties["party_id"].isin(staff)], False))
        return rows

    # ------------------------------------------------------------ (4)

    def repaid(self, borrower: str, claims: pd.DataFrame, coin: int | None) -> Sign:
        """(4) The platform's side pays what the borrower owes, itself or through the borrower's accounts."""
        if not self.ask.runs("repaid"):
            return UNTOLD
        back = self.all.of(self.all.back, claims.index)
        back = back[back["currency"] == coin]
        own_coin = coin is None or self.facts.currencies[coin] == self.facts.tables.currency
        if back.empty:
            return self._instalments(claims) if own_coin else Sign(False, note=N_("no repayment is known"))
        facts = self.facts
        mine = facts.accounts_of([borrower], signed=True)
        whole = 0
        direct = 0
        own_paid: list[pd.DataFrame] = []
        shown: list[Ints] = []
        for number in sorted(set(back["claim"].tolist())):
            rows = back[back["claim"] == number]
            side = self.side(str(claims["platform"].loc[number])).copy()
            side[mine] = False
            source, target = rows["source"].to_numpy(), rows["account"].to_numpy()
            first = self.all.of(self.all.before, [number])
            lent = np.union1d(first["source"], self.all.of(self.all.out, [number])["source"])
            by_side, into_side = side[source] & ~side[target], side[target] & ~side[source]
            own = np.isin(source, mine) & ~np.isin(target, mine)
            other = ~side[source] & ~np.isin(source, mine) & ~facts.guarded[source] & ~np.isin(source, lent)
            paid_by = int(rows.loc[by_side, "amount"].sum())
            paid_in = int(rows.loc[into_side, "amount"].sum())
            extra = max(0, paid_by - paid_in)
            direct += extra
            whole += extra + int(rows.loc[own | other, "amount"].sum())
            own_paid.append(rows[own])
            shown.append(rows.loc[by_side | into_side | own | other, "row"].to_numpy())
        if not whole:
            return self._instalments(claims) if own_coin else Sign(False, note=N_("no repayment is known"))
        paid = pd.concat(own_paid)
        amounts = dict.fromkeys(("fifo", "lifo", "prorata"), direct)
        cites: list[Cited] = []
        chains: list[Mapping[str, object]] = []
        for platform, part in paid.groupby(claims["platform"].loc[paid["claim"]].to_numpy()):
            side = self.side(str(platform)).copy()
            side[mine] = False
            if not self._fed(side, mine):
                continue
            first_paid = int(self.all.of(self.all.out, claims.index)["time"].min())
            back_to = int(part["time"].max()) - first_paid
            found = follow(
                self.ask, part, side, back_to, hops=self.hops - 1, backward=True,
                rules=tuple(amounts), without=self.all.out["row"].to_numpy(),
            )  # fmt: skip
            for rule, each in found.items():
                amounts[rule] += each.amount
                shown.append(each.rows)
            cites += context(self.ask, found)
            chains += next(iter(found.values())).chains
        least = self.ask.threshold("repaid")
        parts = {rule: Fraction(amount, whole) for rule, amount in amounts.items()}
        most = max(parts.values())
        if most < least:
            return NOT_SO
        measures = self._repaid(most, whole, coin)
        rows_shown = np.unique(np.concatenate(shown))
        first = self.all.of(self.all.before, claims.index)
        return Sign(
            True, True, measures,
            (
                cited("transfers", rows_shown), cited("transfers", first["row"].to_numpy(), False),
                cited("transfers", self.all.of(self.all.out, claims.index)["row"].to_numpy(), False),
                *cites, *cite_whose(facts, self._accounts(rows_shown)), *self._cite_side(claims),
            ),
            by_rule={rule: each >= least for rule, each in parts.items()}, chains=tuple(chains[:3]),
        )  # fmt: skip

    def _repaid(self, part: Fraction, whole: int, coin: int | None) -> tuple[Measure, ...]:
        currency = self.facts.tables.currency if coin is None else self.facts.currencies[coin]
        return (
            self.ask.measure(
                "repaid", N_("part of what was repaid that the platform's side paid for"), part, "repaid"
            ),
            self.ask.measure("repaid_in_all", N_("what was repaid"), whole, unit=currency),
        )

    def _fed(self, side: Flags, mine: Ints) -> bool:
        """Whether anything but loans came to the borrower's accounts from the side, or from who it paid."""
        flows = self.facts.flows
        source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
        keep = np.isin(target, mine) & ~np.isin(flows["row"].to_numpy(), self.all.out["row"].to_numpy())
        payers = np.unique(source[keep])
        return bool(side[payers].any()) or bool(np.isin(payers, target[side[source]]).any())

    def _instalments(self, claims: pd.DataFrame) -> Sign:
        """The same, where no transfer names a loan, by the accounts that paid instalments."""
        facts = self.facts
        if not facts.has("instalments.paid_by"):
            return Sign(False, note=N_("no repayment is known"))
        rows = facts.rows("instalments")
        loans = claims[claims["table"] == "loans"].set_index("name")
        rows = rows[
            known(rows["paid_by"]) & known(rows["paid"]) & rows["loan_id"].isin(loans.index).to_numpy()
        ]
        rows = rows[rows["paid"] > 0]
        if rows.empty:
            return Sign(False, note=N_("no repayment is known"))
        mine = set(facts.accounts_of([str(loans["borrower"].iloc[0])], signed=True).tolist())
        accounts = [facts.account_number[str(each)] for each in rows["paid_by"]]
        by_side = np.array([
            bool(self.side(str(loans["platform"].loc[[loan]].iloc[0]))[a]) and a not in mine
            for loan, a in zip(words_of(rows["loan_id"]), accounts, strict=True)
        ], bool)  # fmt: skip
        paid = rows["paid"].to_numpy(np.int64)
        part = Fraction(int(paid[by_side].sum()), int(paid.sum()))
        if part < self.ask.threshold("repaid"):
            return NOT_SO
        return Sign(
            True, True, self._repaid(part, int(paid.sum()), None),
            (
                facts.cite("instalments", rows), *cite_whose(facts, accounts), *self._cite_side(claims),
            ),
        )  # fmt: skip

    # ------------------------------------------------------------ (5)

    def young(self) -> Mapping[str, Sign]:
        """(5) Founded, or come to a new owner, shortly before it was listed."""
        if not self.ask.runs("young"):
            return {}
        facts = self.facts
        days = self.ask.threshold("young")
        claims = self.all.claims
        listed = {str(b): np.sort(part["listed"].to_numpy()) for b, part in claims.groupby("borrower")}
        founded = facts.rows("parties")
        founded = founded[known(founded["founded"]) & founded["party_id"].isin(listed).to_numpy()]
        found = {}
        for place, party, at in zip(
            founded.index, words_of(founded["party_id"]), micros(founded["founded"]), strict=True
        ):
            before = Fraction(int(listed[party][0]) - int(at), DAY)
            if before < days and not facts.is_person(party):
                measure = self.ask.measure(
                    "founded", N_("days from founding to the first listing"), before, "young", "<", N_("days")
                )
                found[party] = Sign(True, True, (measure,), (cited("parties", [place]),), kind="register")
        stakes = facts.rows("stakes")
        stakes = stakes[known(stakes["since"]) & stakes["company_id"].isin(listed).to_numpy()]
        since = micros(stakes["since"])
        for company, rows in stakes[since <= facts.at].groupby("company_id"):
            party = str(company)
            if party in found:
                continue
            begun = micros(rows["since"])
            earliest = begun.min()
            for place, owner, share, at in zip(
                rows.index, words_of(rows["owner_id"]), rows["share"], begun, strict=True
            ):
                same = rows[(words_of(rows["owner_id"]) == owner) & (begun < at)]
                if at == earliest or len(same) or not _more_than_half(share):
                    continue  # its founders, or an owner who only has more now
                after = listed[party][listed[party] >= at]
                if after.size and Fraction(int(after[0]) - int(at), DAY) < days:
                    measure = self.ask.measure(
                        "new_owner", N_("days from a new owner to the next listing"),
                        Fraction(int(after[0]) - int(at), DAY), "young", "<", N_("days"),
                    )  # fmt: skip
                    shown = (cited("stakes", [place]), cited("stakes", rows.index, False))
                    found[party] = Sign(True, True, (measure,), shown, kind="ownership")
                    break
        return found

    # ------------------------------------------------------------ (6)

    def duplicate(self) -> Mapping[str, Sign]:
        """(6) The same collateral for loans that run at one time and are not one project's.

        Loans of one number that follow one another without a gap are looked at together; those of one
        borrower, platform and purpose are one project.
        """
        if not self.ask.runs("duplicate"):
            return {}
        claims = self.all.claims[self.all.claims["table"] == "loans"]
        stated = words_of(self.facts.rows("loans").loc[claims["place"], "collateral"])
        numbers = np.array([plain(each) if numbered(each) else "" for each in stated], object)
        part = claims.assign(number=numbers)[numbers != ""]
        found: dict[str, set[int]] = {}
        for _, mine in part[part.duplicated("number", keep=False)].groupby("number"):
            together: list[tuple[int, str, str, str]] = []
            until = -1
            rows = mine.sort_values(["begins", "place"])
            for each in [*rows.to_dict("records"), None]:
                if each is None or each["begins"] >= until:  # all before it were repaid by then
                    if len({project[1:] for project in together}) > 1:
                        for _, borrower, _, _ in together:
                            found.setdefault(borrower, set()).update(place for place, *_ in together)
                    together, until = [], -1
                if each is not None:
                    together.append((each["place"], each["borrower"], each["platform"], each["purpose"]))
                    until = max(until, each["ends"])
        return {
            borrower: Sign(
                True, True,
                (self.ask.measure("duplicate", N_("loans at one time on the same collateral"), len(places)),),
                (cited("loans", sorted(places)),), kind="contract",
            )
            for borrower, places in found.items()
        }  # fmt: skip

    # ------------------------------------------------------------ (7)

    def denied(self) -> Mapping[str, Sign]:
        """(7) What is claimed to be there is not confirmed by the other side."""
        if not self.ask.runs("denied"):
            return {}
        frame = self.facts.rows("holdings")
        no = frame[known(frame["confirmed"]) & known(frame["borrower_id"])]
        no = no[~no["confirmed"].astype(bool)]
        return {
            str(borrower): Sign(
                True, True,
                (
                    self.ask.measure(
                        "denied", N_("what is claimed and was denied"), int(rows["amount"].sum()),
                        unit=self.facts.tables.currency,
                    ),
                ),
                (self.facts.cite("holdings", rows),), kind="statement",
            )
            for borrower, rows in no.groupby("borrower_id")
        }  # fmt: skip

    # ------------------------------------------------------------ what speaks against it

    def spends(self, borrower: str, claims: pd.DataFrame, paid: pd.DataFrame) -> tuple[str, str]:
        """Whether a young company really spends what it raised on a business."""
        facts = self.facts
        accounts = facts.accounts_of([borrower])
        if paid.empty or not accounts.size:
            return "unknown", N_("no transfer is known by which it was paid out")
        first = int(paid["time"].min())
        if not all(covered(facts, int(a), first, first + self.within) for a in set(paid["account"])):
            return "unknown", N_("the statements of the accounts that it was paid into are not held")
        flows = facts.flows
        mine = flows[np.isin(flows["source"].to_numpy(), accounts) & ~flows["own"].to_numpy()]
        mine = mine[(mine["time"] >= first) & (mine["currency"] == paid["currency"].iloc[0])]
        back = self.all.of(self.all.back, claims.index)["row"].to_numpy()
        real = mine[
            self.businesslike(mine, facts.group(borrower) | self.group_of(claims))
            & ~np.isin(mine["row"].to_numpy(), back)
        ]
        part = Fraction(int(real["amount"].sum()), int(paid["amount"].sum()))
        payees = np.unique(real["target"].to_numpy()).size
        if part >= Fraction(1, 2) and payees >= SUPPLIERS:
            return "present", Told(N_("it spent {part} of what it raised outside"), part=f"{float(part):.2f}")
        return "clear", Told(N_("it spent {part} of what it raised outside"), part=f"{float(part):.2f}")

    def vehicle(self, borrower: str, claims: pd.DataFrame) -> tuple[str, str]:
        """Whether the borrower is the vehicle of a licensed lender, or of a securitisation."""
        facts = self.facts
        products = facts.rows("products")
        if len(products):
            issued = products[products["issuer_id"].isin([borrower]) & (products["kind"] == "abs").to_numpy()]
            if len(issued):
                return "present", N_("it issues a securitisation")
        inside = facts.group(borrower) - self.group_of(claims)
        if facts.tables.has("licences"):
            held = facts.in_force("licences")
            held = held[held["party_id"].isin(inside) & held["function"].isin(LICENSED).to_numpy()]
            if len(held):
                return "present", N_("a licensed lender or manager is in its group")
            return "clear", N_("nobody in its group has a licence for that")
        return "unknown", N_("no table of licences is here")

    # ------------------------------------------------------------ the finding

    def finding(
        self, borrower: str, claims: pd.DataFrame, paid: pd.DataFrame, coin: int | None,
        signs: Mapping[str, Sign], spends: tuple[str, str], vehicle: tuple[str, str],
    ) -> Finding:  # fmt: skip
        facts, ask = self.facts, self.ask
        hit = hits(SIGNS, signs)
        score = len(hit)
        rules = sorted({rule for test in hit for rule in signs[test].by_rule})
        by_rule = {rule: Fraction(sum(signs[test].by_rule.get(rule, True) for test in hit)) for rule in rules}
        currency = facts.currencies[coin] if coin is not None else facts.tables.currency
        amount = int(paid["amount"].sum()) if len(paid) else int(claims["amount"].sum())
        investors, lent, lending = self._lenders(claims, coin)
        grave = currency == "CNY" and max(amount, lent) >= ask.threshold("raised")
        grave |= investors >= ask.threshold("investors")
        measures = [ask.measure("signs", N_("signs of seven"), score, "signs")]
        measures += [each for test in hit for each in signs[test].measures]
        if investors:
            measures.append(ask.measure("investors", N_("who lent"), investors, "investors"))
            measures.append(ask.measure("lent", N_("what they lent"), lent, unit=currency))
        return ask.finding(
            subject=("party", borrower),
            hit=hit,
            summary=Told(
                N_("{score} of seven signs that {borrower} is made up: {numbers}"),
                score=score, borrower=facts.name_of(borrower) or borrower, numbers=numbers(SIGNS, hit),
            ),
            measures=measures,
            rows=[
                *cite_claims(facts, claims.loc[np.unique(paid["claim"])] if len(paid) else claims),
                *cite_claims(facts, claims, shows=False), facts.cite_parties([borrower]),
                facts.cite_accounts(facts.accounts_of([borrower], signed=True)),
                *facts.cite_group(borrower),
                *(row for test in hit for row in signs[test].rows), *lending,
                cited("transfers", paid["row"].to_numpy()),
            ],
            severity="critical" if grave else "high",
            kinds=kinds_of(signs[test] for test in hit),
            elements={
                "offered": "shown",
                "false": ("inferred", said(SIGNS, signs)),
            },
            against={
                "vehicle": vehicle,
                "supplier": (
                    "clear", N_("only what went to the platform's side or to cash counts as gone")
                ) if "passed" in hit else "clear",
                "spends": spends,
            },
            amount=amount,
            currency=currency,
            by_rule=by_rule,
            chains=[chain for test in hit for chain in signs[test].chains],
        )  # fmt: skip

    def _lenders(self, claims: pd.DataFrame, coin: int | None) -> tuple[int, int, list[Cited]]:
        """Who paid for the claims, how much, and the rows: payers that are no custody nor the platform's."""
        facts = self.facts
        rows = pd.concat([self.all.of(each, claims.index) for each in (self.all.before, self.all.out)])
        rows = rows[rows["currency"] == coin] if coin is not None else rows.iloc[:0]
        side = np.zeros(facts.account_ids.size, np.bool_)
        for platform in set(claims["platform"]):
            side |= self.side(str(platform))
        source = rows["source"].to_numpy()
        rows = rows[~side[source] & ~facts.guarded[source]]
        source = rows["source"].to_numpy()
        payer = np.where(self.who[source] >= 0, self.who[source], -1 - source)
        if not len(rows):
            return 0, 0, []
        shown = cited("transfers", rows["row"].to_numpy())
        return int(np.unique(payer).size), int(rows["amount"].sum()), [shown, *cite_whose(facts, source)]


def _edges(facts: Facts) -> Ints:
    """The first and the last row of the case: they say from when to when it knows of transfers."""
    rows = facts.ledger.rows
    return np.unique(
        rows["origin"][[int(rows["time"].argmin()), int(rows["time"].argmax())]].astype(np.int64)
    )


def _more_than_half(share: object) -> bool:
    """Whether a stated share, in parts per billion, is more than half; an unknown one is not."""
    return share is not None and not pd.isna(share) and int(share) > 500_000_000  # type: ignore[call-overload]


SHARED: Mapping[str, str] = {
    "phone": N_("other borrowers with the same telephone"),
    "address": N_("other borrowers with the same address"),
    "email": N_("other borrowers with the same e-mail"),
    "device": N_("other borrowers with the same device"),
    "signer": N_("other borrowers with the same signer"),
    "medium": N_("other borrowers who sign in with the same device or card"),
    "mac": N_("other borrowers who pay from the same machine"),
}
STAFFED: Mapping[str, str] = {
    "phone": N_("persons of the platform with the same telephone"),
    "address": N_("persons of the platform with the same address"),
    "email": N_("persons of the platform with the same e-mail"),
    "device": N_("persons of the platform with the same device"),
    "signer": N_("persons of the platform who sign for it"),
    "medium": N_("persons of the platform who sign in with the same device or card"),
    "mac": N_("persons of the platform who pay from the same machine"),
}

CLAIMS = ("loans", "holdings.borrower_id")
REPAYMENTS = ("transfers.loan_id", "transfers.listing_id", "transfers.product_id", "instalments.paid_by")
SINCE = ("parties.founded", "stakes.since")
DENIALS = ("holdings.confirmed", "holdings.borrower_id")

LINE = RedLine(
    code="RL-07",
    name=N_("Fictitious projects"),
    name_zh="虚构标的",
    asks=N_("Is money raised for borrowers or projects that are not what they are said to be?"),
    tests=(
        Test("passed", N_("(1) whether what was raised left at once"), (CLAIMS, "accounts.party_id")),
        Test("footprint", N_("(2) whether there was a business before"), (CLAIMS, "accounts.party_id")),
        Test(
            "shared",
            N_("(3) whether the identity is shared with other borrowers or staff"),
            (
                CLAIMS,
                (
                    "parties.phone", "parties.address", "parties.email", "parties.device",
                    "accounts.signer_id", "sign_ins", "transfers.mac", "relations",
                ),
            ),
        ),
        Test("repaid", N_("(4) whether the platform's side repaid"), (CLAIMS, REPAYMENTS)),
        Test("young", N_("(5) whether it was founded or sold shortly before"), (CLAIMS, SINCE)),
        Test("duplicate", N_("(6) whether collateral was used twice"), ("loans.collateral",)),
        Test("denied", N_("(7) whether what is claimed was denied"), DENIALS),
    ),
    elements={
        "offered": N_("money was raised for it"),
        "false": N_("it is not what it is said to be"),
    },
    guards={
        "vehicle": N_("it is the vehicle of a licensed lessor, or of a securitisation"),
        "supplier": N_("the money went to a supplier at once, as agreed (受托支付)"),
        "spends": N_("it is young, and really spends on a business"),
    },
    find=find,
)  # fmt: skip
