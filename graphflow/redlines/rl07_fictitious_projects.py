"""RL-07 Fictitious projects (虚构标的): money is raised for what is not what it is said to be.

The rule: a platform must not make up projects or present them falsely (暂行办法 art. 10 (10)); who raises
money so in order to take it commits fraud (法释〔2022〕5号 art. 7 names signs of it). Looked at: seven
signs, each a test of its own with its own tables: (1) what was raised leaves the borrower at once for the
platform's group or for cash; (2) no business in the year before; (3) an identity shared with other borrowers
or the platform's staff; (4) the platform's side repays; (5) founded or sold shortly before; (6) the same
collateral twice at one time; (7) what is claimed to be there is denied. A borrower is found from three signs
on. A sign that cannot be told is said so and does not count; nor does one that follows money and is seen
under some rules of tracing only: own money could have paid as well. Whether the registered capital was raised
tenfold shortly before, a part of (5), no table can say. Not it: vehicles of licensed lessors and of
securitisations, money that goes to a supplier at once, young companies that really spend.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, cited
from graphflow.kernels.index import index_by
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.borrowing import (
    REPAYING,
    RULES,
    Borrowing,
    all_covered,
    borrowing_of,
    cite_whose,
    context,
    follow,
    kind_is,
    near,
    paid_to,
    says,
    stops,
    whose,
    whose_rows,
    words_of,
)
from graphflow.redlines.facts import DAY, WAGES, Facts, Flags, Ints, Numbers, known, micros, picked
from graphflow.redlines.following import Came, Question, follow_all
from graphflow.redlines.identities import Identities, numbered, plain
from graphflow.redlines.limits import BEFORE_ITS_LAW
from graphflow.redlines.signs import (
    NOT_SO,
    UNTOLD,
    Sign,
    hits,
    kinds_of,
    numbers,
    open_by_rule,
    said,
)
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
    yield from ask.once(lambda: _Look(ask, span(within), span(history, "history"), hops).findings())


@dataclass
class _Raised:
    """What one borrower raised in one currency, with the signs told so far.

    ``claims`` and ``paid`` are places among the claims and what was paid out; ``came`` is what came to the
    side of each of its platforms, under each rule.
    """

    borrower: str
    claims: Ints
    coin: int | None
    paid: Ints
    signs: dict[str, Sign]
    spends: tuple[str, str]
    came: list[dict[str, Came]] = field(default_factory=list)


def _with_lenders(facts: Facts, found: Borrowing) -> Borrowing:
    """The same, where a loan that names no platform is on the side of the firm that lent it.

    A factor or trust company lends others' money as a platform brokers it. Persons and banks are left out.
    """
    claims = found.claims
    lenders = {
        each for each in set(claims["lender"]) - {""}
        if facts.party_kind[facts.party_number[each]] not in ("person", "bank", "government", "")
        and facts.party_sector[facts.party_number[each]] != "bank"
    }  # fmt: skip
    mine = (claims["platform"] == "") & claims["lender"].isin(lenders)
    if not mine.any():
        return found
    return replace(found, claims=claims.assign(platform=claims["lender"].where(mine, claims["platform"])))


class _Look:
    """One asking: what is known of all borrowers at once, then of one after another."""

    def __init__(self, ask: Inquiry, within: int, history: int, hops: int) -> None:
        self.ask, self.facts = ask, ask.facts
        self.within, self.history, self.hops = within, history, hops
        self.all: Borrowing = _with_lenders(ask.facts, borrowing_of(ask.facts))
        claims = self.all.claims
        self.out, self.back, self.before = (
            self.all.on(each) for each in (self.all.out, self.all.back, self.all.before)
        )
        self.borrower, self.platform, self.table, self.name = (
            claims[name].to_numpy(object) for name in ("borrower", "platform", "table", "name")
        )
        self.listed, self.place = (claims[name].to_numpy(np.int64) for name in ("listed", "place"))
        self.need = ask.threshold("signs")
        self._sides: dict[str, Flags] = {}
        self._feeders: dict[str, Ints] = {}
        self._of_side: dict[frozenset[str], list[Cited]] = {}
        self.who = whose(ask.facts)

    # ------------------------------------------------------------ who is looked at

    def asked(self) -> Iterator[tuple[str, Ints]]:
        """Borrowers who may have enough signs, by what is quickly told of all of them; with their claims."""
        maybe = [
            *(set(found) for found in self.quick.values()),
            self.sharing,
            self.may_pass,
            self.may_be_repaid,
        ]
        for name, claims in self.claims_of.items():
            most = sum(name in found for found in maybe)
            most += self.ask.runs("footprint") and not self.facts.is_person(name)
            if most >= self.need:
                yield name, claims

    @cached_property
    def claims_of(self) -> Mapping[str, Ints]:
        """The claims on each borrower, by number."""
        codes, names = pd.factorize(self.borrower, sort=True)
        order = np.argsort(codes, kind="stable")
        parts = np.split(order, np.searchsorted(codes[order], np.arange(1, len(names))))
        return {str(name): part for name, part in zip(names, parts, strict=False) if name != ""}

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
        names = self.borrower
        least = self.ask.threshold("passed")
        close = near(self.facts, self.any_side | self.facts.account_is("cash"), self.hops - 1)
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
        lent = self.lent[flows["row"].to_numpy()]
        names = self.borrower
        found = set(names[back.loc[side[back["source"].to_numpy()], "claim"].to_numpy()])
        fed = side
        for _ in range(self.hops - 1):
            more = fed.copy()
            more[target[fed[source] & ~lent]] = True
            fed = more & (~stops(self.facts) | side)
        owners = sets.unique(self.who[target[fed[source] & ~lent]])
        found |= {str(self.facts.party_ids[p]) for p in owners if p >= 0} & set(names)
        if self.facts.has("instalments.paid_by"):
            rows = self.facts.rows("instalments")
            paid = set(words_of(rows.loc[known(rows["paid_by"]), "loan_id"]))
            found |= set(claims.loc[claims["name"].isin(paid) & (claims["table"] == "loans"), "borrower"])
        return found

    @cached_property
    def lent(self) -> Flags:
        """The transfers by which something was paid out, by place in the table."""
        found = np.zeros(self.facts.ledger.size, np.bool_)
        found[self.out.row] = True
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
        for platform in sorted(set(self.platform)):
            found |= self.side(platform)
        return found

    def aims(self, platform: str) -> Flags:
        """Accounts in which what was raised is gone: those of the platform's side, and cash."""
        found: Flags = self.side(platform) | self.facts.account_is("cash")
        return found

    def platforms(self, claims: Ints) -> frozenset[str]:
        """The platforms of some claims, empty where they name none."""
        return frozenset(self.platform[claims])

    # ------------------------------------------------------------ one borrower after another

    def findings(self) -> Iterator[Finding]:
        """What is found on each borrower, by currency."""
        loans = deque(loan for name, claims in self.asked() for loan in self.first_signs(name, claims))
        self._follow(loans)
        while loans:  # what is done is let go of
            yield from self.second_signs(loans.popleft())

    def first_signs(self, borrower: str, claims: Ints) -> Iterator[_Raised]:
        """What one borrower raised in each currency, where the signs that need no trace leave it open."""
        told: dict[str, Sign] = {
            test: found.get(borrower) or self._absent(test, borrower, claims)
            for test, found in self.quick.items()
        }
        told["shared"] = self.shared(borrower)
        told["footprint"] = self.footprint(borrower, claims)
        out = self.out.of(claims)
        coins: list[int | None] = sorted(set(self.out.currency[out].tolist())) or [None]
        for coin in coins:
            paid = out[self.out.currency[out] == coin] if coin is not None else out
            spends = self.spends(borrower, claims, paid)
            mine = dict(told)
            if spends[0] == "present" and mine["young"].hit:
                mine["young"] = NOT_SO
            if sum(sign.hit for sign in mine.values()) + 2 >= self.need:
                yield _Raised(borrower, claims, coin, paid, mine, spends)

    def second_signs(self, loan: _Raised) -> Iterator[Finding]:
        """The signs that follow money, and the finding."""
        mine = loan.signs
        mine["passed"] = self.passed(loan)
        if sum(sign.hit for sign in mine.values()) + 1 < self.need:
            return
        mine["repaid"] = self.repaid(loan.borrower, loan.claims, loan.coin)
        if sum(sign.hit for sign in mine.values()) >= self.need:
            vehicle = self.vehicle(loan.borrower, loan.claims)
            if vehicle[0] != "present":
                yield self.finding(loan, vehicle)

    def _absent(self, test: str, borrower: str, claims: Ints) -> Sign:
        """A sign that was not seen: whether it could have been."""
        if not self.ask.runs(test):
            return UNTOLD
        facts = self.facts
        if test == "young":
            if facts.is_person(borrower):
                return Sign(False, note=N_("a natural person was not founded"))
            if self._founded(borrower) is None and borrower not in self.owned_since:
                return Sign(False, note=N_("neither the day of founding nor of any owner is known"))
        if test == "duplicate" and not self.is_numbered[claims].any():
            return Sign(False, note=N_("no collateral is stated by a number"))
        if test == "denied":
            held = self.place[claims[self.table[claims] == "holdings"]]
            if not self.was_asked[held].any():
                return Sign(False, note=N_("nobody was asked to confirm what is claimed"))
        return NOT_SO

    @cached_property
    def owned_since(self) -> set[str]:
        """Companies of whose owners any has a first day."""
        owned = self.facts.rows("stakes")
        return set(words_of(owned.loc[known(owned["since"]), "company_id"]))

    @cached_property
    def was_asked(self) -> Flags:
        """Which rows of holdings somebody was asked to confirm, by place."""
        asked = self.facts.rows("holdings")["confirmed"]
        found = np.zeros(int(asked.index.max()) + 1 if len(asked) else 0, np.bool_)
        found[asked.index.to_numpy()] = known(asked)
        return found

    @cached_property
    def collateral(self) -> npt.NDArray[np.object_]:
        """The number of the collateral of each claim; empty where none is stated by a number."""
        found = np.full(self.borrower.size, "", object)
        loans = np.flatnonzero(self.table == "loans")
        stated = words_of(self.facts.rows("loans").loc[self.place[loans], "collateral"])
        codes, words = pd.factorize(stated)
        numbers = np.array([plain(each) if numbered(each) else "" for each in words], object)
        if len(words):
            found[loans] = numbers[codes]
        return found

    @cached_property
    def is_numbered(self) -> Flags:
        """Of each claim whether a collateral is stated by a number."""
        return np.asarray(self.collateral != "", np.bool_)

    # ------------------------------------------------------------ (1)

    def _follow(self, loans: Iterable[_Raised]) -> None:
        """Follow what all of them raised, those of one platform and currency together."""
        if not self.ask.runs("passed"):
            return
        together: dict[tuple[str, int], list[tuple[_Raised, Ints]]] = {}
        for loan in loans:
            if not loan.paid.size or loan.borrower not in self.may_pass or loan.coin is None:
                continue
            platform = self.platform[self.out.claim[loan.paid]]
            for each in sorted(set(platform)):
                together.setdefault((each, loan.coin), []).append((loan, loan.paid[platform == each]))
        for (platform, coin), asked in together.items():
            questions = [
                Question(
                    self.out.row[paid], self._repayments(loan.claims),
                    self.facts.accounts_of([loan.borrower], signed=True),
                )
                for loan, paid in asked
            ]  # fmt: skip
            found = follow_all(
                self.facts, questions, self.aims(platform), self.within, hops=self.hops, rules=RULES,
                currency=coin,
            )  # fmt: skip
            for (loan, _), came in zip(asked, found, strict=True):
                loan.came.append(came)

    def passed(self, loan: _Raised) -> Sign:
        """(1) What was raised goes to the platform's side, or to cash, at once."""
        if not self.ask.runs("passed"):
            return UNTOLD
        paid = loan.paid
        if not paid.size:
            return Sign(False, note=N_("no transfer is known by which it was paid out"))
        if not loan.came:
            return NOT_SO
        facts, times = self.facts, self.out.time[paid]
        total = int(self.out.amount[paid].sum())
        unseen = ~all_covered(facts, self.out.account[paid], times, times + self.within)
        rules = [rule for rule in RULES if all(rule in came for came in loan.came)]
        amounts = {rule: sum(came[rule].amount for came in loan.came) for rule in rules}
        if unseen.all() and not any(amounts.values()):
            return Sign(False, note=N_("the statements of the accounts that it was paid into are not held"))
        least = self.ask.threshold("passed")
        parts = {rule: Fraction(amount, total) for rule, amount in amounts.items()}
        title = N_("part of what was raised that went to the platform's side or to cash")
        measures = [self.ask.measure("passed", title, min(parts.values()), "passed"), *_most("passed", parts)]
        if len(rules) < len(RULES):
            text = N_("rules of tracing asked: too many borrowers' money meets for the others")
            measures.append(self.ask.measure("passed_rules", text, len(rules)))
        found = [each for came in loan.came for each in came.values()]
        shown = sets.unique(np.concatenate([self.out.row[paid], *(each.rows for each in found)]))
        walked = sets.unique(np.concatenate([each.walked for each in found]))
        chains = [
            chain
            for came in loan.came
            for chain in max(came.values(), key=lambda each: each.amount).chains(3)
        ]
        return Sign(
            True, min(parts.values()) >= least, tuple(measures),
            (
                cited("transfers", shown), *facts.cite_moved(walked),
                *self._whose(lambda: facts.sides_of(shown)), *self._cite_side(loan.claims),
            ),
            by_rule={rule: each >= least for rule, each in parts.items()},
            state="shown" if self.out.tagged[paid].all() else "inferred", chains=tuple(chains[:3]),
        )  # fmt: skip

    def _whose(self, accounts: Callable[[], Iterable[int]]) -> list[Cited]:
        """`cite_whose` of accounts that are sought when somebody asks."""
        tables = ["accounts", "parties"] + ["roles"] * self.facts.tables.has("roles")

        def seek(table: str) -> Callable[[], Ints]:
            return lambda: sets.unique(whose_rows(self.facts, np.fromiter(accounts(), np.int64), table))

        return [Cited(table, seek(table), False) for table in tables]

    def _repayments(self, claims: Ints) -> Ints:
        """Transfers that repay older debts, or say that they repay: a new loan is not passed on by them."""
        back = self.back.of(claims)
        old = self.back.time[back] - self.begun[self.back.claim[back]] > self.within
        found: Ints = self.back.row[back][old | self.repaying[back]]
        return found

    @cached_property
    def begun(self) -> npt.NDArray[np.float64]:
        """When the first of each claim was paid out; nowhere where nothing was."""
        first = pd.Series(self.out.time).groupby(self.out.claim).min()
        return np.asarray(first.reindex(range(self.borrower.size)).to_numpy(np.float64))

    @cached_property
    def repaying(self) -> Flags:
        """Which of what came back says that it repays."""
        return kind_is(self.facts, self.back.row, REPAYING)

    def _cite_side(self, claims: Ints) -> list[Cited]:
        """The rows by which the platform's side hangs together."""
        platforms = self.platforms(claims)
        if platforms not in self._of_side:
            rows = [row for each in sorted(platforms - {""}) for row in self.facts.cite_group(each)]
            self._of_side[platforms] = [*rows, self.facts.cite_parties(self.group_of(claims))]
        return self._of_side[platforms]

    def group_of(self, claims: Ints) -> frozenset[str]:
        """Everybody on the side of the platforms of some claims."""
        return frozenset().union(*(self.group(each) for each in self.platforms(claims)))

    # ------------------------------------------------------------ (2)

    def footprint(self, borrower: str, claims: Ints) -> Sign:
        """(2) No wages, taxes, utilities or purchases in the year before."""
        if not self.ask.runs("footprint"):
            return UNTOLD
        facts = self.facts
        if facts.is_person(borrower):
            return Sign(False, note=N_("a natural person need not have a business"))
        first = int(self.listed[claims].min())
        begins = first - self.history
        founded = self._founded(borrower)
        if founded is not None and founded > begins:
            return Sign(False, note=N_("it is younger than that: sign (5) looks at this"))
        accounts = facts.accounts_of([borrower])
        times = (np.full(accounts.size, each, np.int64) for each in (begins, first))
        if not accounts.size or not all_covered(facts, accounts, *times).all():
            return Sign(False, note=N_("its statements of the year before are not held"))
        paid = self._paid(accounts)
        time = self.facts.flow["time"][paid]
        before = paid[(time >= begins) & (time < first)]
        if self.businesslike(before, borrower, claims).any():
            return NOT_SO
        measure = self.ask.measure("footprint", N_("purchases, wages and taxes in the year before"), 0)

        def around() -> Ints:
            return sets.union(facts.paid_by(accounts), facts.paid_to(accounts))

        def met() -> Ints:
            rows = around()
            return sets.unique(
                np.concatenate([self.facts.flow["source"][rows], self.facts.flow["target"][rows], accounts])
            )

        return Sign(
            True, True, (measure,),
            (
                Cited("transfers", lambda: np.sort(self.facts.flow["row"][around()]), False),
                *self._whose(met), cited("transfers", self.edges, False),
            ),
        )  # fmt: skip

    @cached_property
    def edges(self) -> Ints:
        """The first and the last row of the case."""
        return _edges(self.facts)

    def _paid(self, accounts: Ints) -> Ints:
        """What some accounts paid to others than their own party, by place in the flows."""
        found = self.facts.paid_by(accounts)
        return found[~self.facts.flow["own"][found].astype(np.bool_)]

    @cached_property
    def founded(self) -> tuple[Flags, Ints]:
        """Of each party whether the day of founding is known, and it."""
        column = self.facts.rows("parties")["founded"]
        return known(column), micros(column)

    def _founded(self, party: str) -> int | None:
        number = self.facts.party_number.get(party, -1)
        dated, days = self.founded
        return int(days[number]) if number >= 0 and dated[number] else None

    @cached_property
    def is_person(self) -> Flags:
        """Of each party whether it is a natural person; the last, nobody, is none."""
        return np.append(self.facts.party_is("person"), False).astype(np.bool_)

    @cached_property
    def to_fee(self) -> Flags:
        """Accounts into which nothing that a business buys is paid."""
        return self.facts.account_is("internal", "cash", "client_custody")

    def businesslike(self, paid: Ints, borrower: str, claims: Ints) -> Flags:
        """Which payments are of a business: taxes, wages, utilities, and to anybody outside who is no person.

        Who is not known may be a supplier.
        """
        facts = self.facts
        if not paid.size:
            return np.zeros(0, np.bool_)
        target = self.facts.flow["target"][paid]
        payee = self.who[target]
        person = self.is_person[payee]
        inside = self._numbers(facts.group(borrower))
        ours = (np.isin(payee, inside) | self.on_side(claims)[payee]) & (payee >= 0)
        wages = np.zeros(paid.size, np.bool_)
        if person.any():
            wages[person] = says(facts, self.facts.flow["row"][paid[person]], WAGES)
        found: Flags = (~person & ~ours & ~self.to_fee[target]) | (person & wages)
        return found

    def on_side(self, claims: Ints) -> Flags:
        """Of each party whether it is on the side of the platforms of some claims; the last is nobody."""
        platforms = self.platforms(claims)
        kept: dict[frozenset[str], Flags] = self.__dict__.setdefault("_on_side", {})
        if platforms not in kept:
            found = np.zeros(self.facts.party_ids.size + 1, np.bool_)
            numbers = self._numbers(self.group_of(claims))
            found[numbers[numbers >= 0]] = True
            kept[platforms] = found
        return kept[platforms]

    # ------------------------------------------------------------ (3)

    @cached_property
    def identities(self) -> Identities:
        """What borrowers share with one another, and with the platform's staff."""
        borrowers = frozenset(self.borrower) - {""}
        inside = self.group_of(np.arange(self.borrower.size))
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
        for kind, peers, staff in self.identities.shared(borrower):
            if len(peers) >= self.ask.threshold("shared"):
                title = SHARED[kind.removeprefix("shared_")]
                measures.append(self.ask.measure(f"shares_{kind}", title, len(peers), "shared"))
                rows += self.identities.rows(borrower, kind, peers)
                theirs = np.sort([self.claims_of[each][0] for each in peers])
                rows += self.all.cite(self.facts, theirs, shows=False)
            elif staff:
                title = STAFFED[kind.removeprefix("shared_")]
                measures.append(self.ask.measure(f"staff_{kind}", title, len(staff)))
                rows += [*self.identities.rows(borrower, kind, staff), *self._tied(sorted(staff))]
        return Sign(True, True, tuple(measures), tuple(rows), kind="register")

    def _tied(self, staff: Sequence[str]) -> list[Cited]:
        """The rows by which some persons belong to the platform's side."""
        rows = list(self._sides_cited)
        if self.facts.tables.has("relations"):
            rows.append(Cited("relations", lambda: self.facts.tied("relations", "party_id", staff), False))
        return rows

    @cached_property
    def _sides_cited(self) -> tuple[Cited, ...]:
        """The rows by which the side of every platform hangs together."""
        rows: list[Cited] = []
        for platform in sorted(set(self.platform) - {""}):
            rows += self.facts.cite_group(platform)
            rows.append(self.facts.cite_parties(self.group(platform)))
        return tuple(rows)

    # ------------------------------------------------------------ (4)

    @cached_property
    def came_back(self) -> Mapping[str, Flags]:
        """Of what came back on claims: whether the platform's side paid it, or was paid, whether it was the
        borrower's own, and whether somebody else's who had not lent.
        """
        back, facts = self.back, self.facts
        numbers = self._numbers(self.borrower)[back.claim]
        mine = [
            ((facts.account_party[side] == numbers) | (facts.account_signer[side] == numbers))
            & (numbers >= 0)
            for side in (back.source, back.account)
        ]
        sides = [np.zeros(back.row.size, np.bool_) for _ in range(2)]
        platform = self.platform[back.claim]
        for each in sorted(set(platform)):
            of = platform == each
            for found, accounts in zip(sides, (back.source, back.account), strict=True):
                found[of] = self.side(each)[accounts[of]]
        source, target = (side & ~own for side, own in zip(sides, mine, strict=True))
        size = facts.account_ids.size
        lenders = np.concatenate([each.claim * size + each.source for each in (self.before, self.out)])
        lent = np.isin(back.claim * size + back.source, lenders)
        return {
            "by": source & ~target, "into": target & ~source, "own": mine[0] & ~mine[1],
            "other": ~source & ~mine[0] & ~facts.guarded[back.source] & ~lent,
        }  # fmt: skip

    def repaid(self, borrower: str, claims: Ints, coin: int | None) -> Sign:
        """(4) The platform's side pays what the borrower owes, itself or through the borrower's accounts."""
        if not self.ask.runs("repaid"):
            return UNTOLD
        back = self.back.of(claims)
        back = back[self.back.currency[back] == coin] if coin is not None else back[:0]
        own_coin = coin is None or self.facts.currencies[coin] == self.facts.tables.currency
        none_known = Sign(False, note=N_("no repayment is known"))
        if not back.size:
            return self._instalments(claims) if own_coin else none_known
        facts, amount = self.facts, self.back.amount
        by, into, own, other = (self.came_back[name][back] for name in ("by", "into", "own", "other"))
        whole = direct = 0
        of = self.back.claim[back]
        for number in sets.unique(of).tolist():
            on = of == number
            extra = max(0, int(amount[back[on & by]].sum()) - int(amount[back[on & into]].sum()))
            direct += extra
            whole += extra + int(amount[back[on & (own | other)]].sum())
        if not whole:
            return self._instalments(claims) if own_coin else none_known
        shown: list[Ints] = [self.back.row[back[by | into | own | other]]]
        amounts, cites, chains = self._paid_through(borrower, claims, back[own], direct, shown)
        least = self.ask.threshold("repaid")
        parts = {rule: Fraction(each, whole) for rule, each in amounts.items()}
        if max(parts.values()) < least:
            return NOT_SO
        measures = (*self._repaid(min(parts.values()), whole, coin), *_most("repaid", parts))
        rows_shown = sets.unique(np.concatenate(shown))
        return Sign(
            True, min(parts.values()) >= least, measures,
            (
                cited("transfers", rows_shown),
                cited("transfers", self.before.row[self.before.of(claims)], False),
                cited("transfers", self.out.row[self.out.of(claims)], False),
                *cites, *self._whose(lambda: facts.sides_of(rows_shown)), *self._cite_side(claims),
            ),
            by_rule={rule: each >= least for rule, each in parts.items()}, chains=tuple(chains[:3]),
        )  # fmt: skip

    def _paid_through(
        self, borrower: str, claims: Ints, own: Ints, direct: int, shown: list[Ints]
    ) -> tuple[dict[str, int], list[Cited], list[Mapping[str, object]]]:
        """What the side paid in all by each rule: what it paid itself, and what came through the borrower."""
        amounts = dict.fromkeys(("fifo", "lifo", "prorata"), direct)
        cites: list[Cited] = []
        chains: list[Mapping[str, object]] = []
        mine = self.facts.accounts_of([borrower], signed=True)
        platforms = self.platform[self.back.claim[own]]
        for platform in sorted(set(platforms)):
            if not self._fed(platform, mine):
                continue
            side = self.side(platform).copy()
            side[mine] = False
            part = self.all.back.iloc[own[platforms == platform]]
            first_paid = int(self.out.time[self.out.of(claims)].min())
            found = follow(
                self.ask, part, side, int(part["time"].max()) - first_paid, hops=self.hops - 1, backward=True,
                rules=tuple(amounts), without=self.out.row,
            )  # fmt: skip
            for rule, each in found.items():
                amounts[rule] += each.amount
                shown.append(each.rows)
            cites += context(self.ask, found)
            chains += next(iter(found.values())).chains
        return amounts, cites, chains

    def _repaid(self, part: Fraction, whole: int, coin: int | None) -> tuple[Measure, ...]:
        currency = self.facts.tables.currency if coin is None else self.facts.currencies[coin]
        return (
            self.ask.measure(
                "repaid", N_("part of what was repaid that the platform's side paid for"), part, "repaid"
            ),
            self.ask.measure("repaid_in_all", N_("what was repaid"), whole, unit=currency),
        )

    def _fed(self, platform: str, mine: Ints) -> bool:
        """Whether anything but loans came to the borrower's accounts from the side, or from who it paid."""
        facts = self.facts
        came = facts.paid_to(mine)
        came = came[~self.lent[facts.flow["row"][came]]]
        payers = sets.unique(facts.flow["source"][came])
        side = self.side(platform)
        theirs = sets.minus(payers, mine)
        if side[theirs].any():
            return True
        own = facts.paid_by(mine[side[mine]])  # what the borrower's own accounts pay does not count
        paid = sets.unique(facts.flow["target"][own] * side.size + facts.flow["source"][own]) // side.size
        begins, ends = (np.searchsorted(paid, payers, each) for each in ("left", "right"))
        return bool((self.feeders(platform)[payers] > ends - begins).any())

    def feeders(self, platform: str) -> Ints:
        """From how many accounts of the platform's side each account is paid."""
        if platform not in self._feeders:
            side, flow = self.side(platform), self.facts.flow
            paid = side[flow["source"]]
            pairs = sets.unique(flow["target"][paid] * side.size + flow["source"][paid])
            self._feeders[platform] = np.bincount(pairs // side.size, minlength=side.size)
        return self._feeders[platform]

    @cached_property
    def instalments(self) -> tuple[tuple[Ints, Numbers], Ints, Ints, Ints, Ints]:
        """Paid instalments by claim: an index; their places, claims, amounts, and the paying accounts."""
        rows = self.facts.rows("instalments")
        rows = rows[known(rows["paid_by"]) & known(rows["paid"])]
        rows = rows[rows["paid"] > 0]
        loans = np.flatnonzero(self.table == "loans")
        of_loan = dict(zip(self.name[loans].tolist(), loans.tolist(), strict=True))
        claim = np.array([of_loan.get(each, -1) for each in words_of(rows["loan_id"])], np.int64)
        rows, claim = rows[claim >= 0], claim[claim >= 0]
        numbers = self.facts.account_number
        accounts = np.array([numbers[str(each)] for each in rows["paid_by"]], np.int64)
        index = index_by(claim.astype(np.int32), self.borrower.size)
        places = rows.index.to_numpy().astype(np.int64)
        return index, places, claim, rows["paid"].to_numpy(np.int64), accounts

    def _instalments(self, claims: Ints) -> Sign:
        """The same, where no transfer names a loan, by the accounts that paid instalments."""
        facts = self.facts
        if not facts.has("instalments.paid_by"):
            return Sign(False, note=N_("no repayment is known"))
        index, places, of, paid, accounts = self.instalments
        loans = claims[self.table[claims] == "loans"]
        rows = picked(index, loans)
        if not rows.size:
            return Sign(False, note=N_("no repayment is known"))
        mine = facts.accounts_of([str(self.borrower[loans[0]])], signed=True)
        by_side = np.array([
            bool(self.side(str(self.platform[claim]))[account])
            for claim, account in zip(of[rows].tolist(), accounts[rows].tolist(), strict=True)
        ], np.bool_) & ~np.isin(accounts[rows], mine)  # fmt: skip
        part = Fraction(int(paid[rows][by_side].sum()), int(paid[rows].sum()))
        if part < self.ask.threshold("repaid"):
            return NOT_SO
        return Sign(
            True, True, self._repaid(part, int(paid[rows].sum()), None),
            (
                cited("instalments", places[rows]), *cite_whose(facts, accounts[rows]),
                *self._cite_side(claims),
            ),
        )  # fmt: skip

    # ------------------------------------------------------------ (5)

    def young(self) -> Mapping[str, Sign]:
        """(5) Founded, or come to a new owner, shortly before it was listed."""
        if not self.ask.runs("young"):
            return {}
        facts = self.facts
        days = self.ask.threshold("young")
        listed = {name: np.sort(self.listed[claims]) for name, claims in self.claims_of.items()}
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
        stakes = stakes[micros(stakes["since"]) <= facts.at]
        # of one owner alone nobody is new
        stakes = stakes[stakes.duplicated("company_id", keep=False)]
        for company, rows in stakes.groupby("company_id"):
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
        part = self.all.claims.assign(number=self.collateral)[self.is_numbered]
        part = part[part.duplicated("number", keep=False)].sort_values(["number", "begins", "place"])
        found: dict[str, set[int]] = {}
        together: list[tuple[int, str, str, str]] = []
        number, until = "", -1
        columns = ("number", "begins", "ends", "place", "borrower", "platform", "purpose")
        rows = zip(*(part[name].tolist() for name in columns), strict=True)
        for each in itertools.chain(rows, [("", 0, 0, 0, "", "", "")]):
            if each[0] != number or each[1] >= until:  # all before it were repaid by then
                if len({project[1:] for project in together}) > 1:
                    for _, borrower, _, _ in together:
                        found.setdefault(borrower, set()).update(place for place, *_ in together)
                number, until, together = each[0], -1, []
            together.append((each[3], each[4], each[5], each[6]))
            until = max(until, each[2])
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
        codes, names = pd.factorize(no["borrower_id"], sort=True)
        order = np.argsort(codes, kind="stable")
        parts = np.split(order, np.searchsorted(codes[order], np.arange(1, max(len(names), 1))))
        places, amounts = no.index.to_numpy(), no["amount"].to_numpy(np.int64)
        return {
            str(borrower): Sign(
                True, True,
                (
                    self.ask.measure(
                        "denied", N_("what is claimed and was denied"), int(amounts[rows].sum()),
                        unit=self.facts.tables.currency,
                    ),
                ),
                (cited("holdings", places[rows]),), kind="statement",
            )
            for borrower, rows in zip(names, parts, strict=False)
        }  # fmt: skip

    # ------------------------------------------------------------ what speaks against it

    def spends(self, borrower: str, claims: Ints, paid: Ints) -> tuple[str, str]:
        """Whether a young company really spends what it raised on a business."""
        facts = self.facts
        accounts = facts.accounts_of([borrower])
        if not paid.size or not accounts.size:
            return "unknown", N_("no transfer is known by which it was paid out")
        first = int(self.out.time[paid].min())
        into = sets.unique(self.out.account[paid])
        times = (np.full(into.size, each, np.int64) for each in (first, first + self.within))
        if not all_covered(facts, into, *times).all():
            return "unknown", N_("the statements of the accounts that it was paid into are not held")
        mine = self._paid(accounts)
        mine = mine[self.facts.flow["time"][mine] >= first]
        mine = mine[self.facts.flow["currency"][mine] == self.out.currency[paid[0]]]
        mine = mine[~np.isin(self.facts.flow["row"][mine], self.back.row[self.back.of(claims)])]
        real = mine[self.businesslike(mine, borrower, claims)]
        part = Fraction(int(self.facts.flow["amount"][real].sum()), int(self.out.amount[paid].sum()))
        payees = sets.unique(self.facts.flow["target"][real]).size
        state = "present" if part >= Fraction(1, 2) and payees >= SUPPLIERS else "clear"
        return state, Told(N_("it spent {part} of what it raised outside"), part=f"{float(part):.2f}")

    def vehicle(self, borrower: str, claims: Ints) -> tuple[str, str]:
        """Whether the borrower is the vehicle of a licensed lender, or of a securitisation."""
        facts = self.facts
        if borrower in self.securitising:
            return "present", N_("it issues a securitisation")
        if facts.tables.has("licences"):
            if self.licensed & (facts.group(borrower) - self.group_of(claims)):
                return "present", N_("a licensed lender or manager is in its group")
            return "clear", N_("nobody in its group has a licence for that")
        return "unknown", N_("no table of licences is here")

    @cached_property
    def securitising(self) -> set[str]:
        """Who issues a securitisation."""
        products = self.facts.rows("products")
        return set(products.loc[(products["kind"] == "abs").to_numpy(), "issuer_id"].dropna())

    @cached_property
    def licensed(self) -> set[str]:
        """Who has a licence by which one finances through vehicles of one's own."""
        held = self.facts.in_force("licences")
        return set(held.loc[held["function"].isin(LICENSED).to_numpy(), "party_id"])

    # ------------------------------------------------------------ the finding

    def finding(self, loan: _Raised, vehicle: tuple[str, str]) -> Finding:
        facts, ask = self.facts, self.ask
        borrower, claims, coin, paid, signs = loan.borrower, loan.claims, loan.coin, loan.paid, loan.signs
        hit = hits(SIGNS, signs)
        score = len(hit)
        unsure = open_by_rule(SIGNS, signs)
        rules = sorted({rule for test in (*hit, *unsure) for rule in signs[test].by_rule})
        by_rule = {
            rule: Fraction(score + sum(signs[test].by_rule.get(rule, False) for test in unsure))
            for rule in rules
        }
        currency = facts.currencies[coin] if coin is not None else facts.tables.currency
        amounts = self.out.amount[paid] if paid.size else self.amount[claims]
        amount = int(amounts.sum())
        investors, lent, lending = self._lenders(claims, coin)
        grave, note = self._grave(currency, max(amount, lent), investors)
        measures = [ask.measure("signs", N_("signs of seven"), score, "signs")]
        measures += [each for test in hit for each in signs[test].measures]
        if investors:
            limit = "investors" if ask.in_force("investors") else None
            measures.append(ask.measure("investors", N_("who lent"), investors, limit))
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
                *self.all.cite(facts, sets.unique(self.out.claim[paid]) if paid.size else claims),
                *self.all.cite(facts, claims, shows=False), facts.cite_parties([borrower]),
                facts.cite_accounts(facts.accounts_of([borrower], signed=True)),
                *facts.cite_group(borrower),
                *(row for test in hit for row in signs[test].rows), *lending,
                *(row.as_context() for test in unsure for row in signs[test].rows),
                cited("transfers", self.out.row[paid]),
            ],
            severity="critical" if grave else "high",
            severity_note=note,
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
                "spends": loan.spends,
            },
            amount=amount,
            currency=currency,
            by_rule=by_rule,
            chains=[chain for test in hit for chain in signs[test].chains],
        )  # fmt: skip

    def _grave(self, currency: str, amount: int, investors: int) -> tuple[bool, str]:
        """Whether the figures are those of the crime; and what is said where their law is none yet."""
        ask = self.ask
        figures = {"investors": investors} | ({"raised": amount} if currency == "CNY" else {})
        told = {name: value for name, value in figures.items() if ask.in_force(name)}
        grave = any(value >= ask.threshold(name) for name, value in told.items())
        return grave, BEFORE_ITS_LAW if len(told) < len(figures) and not grave else ""

    @cached_property
    def amount(self) -> Ints:
        """What each claim is about, in minor units."""
        return self.all.claims["amount"].to_numpy(np.int64)

    def _lenders(self, claims: Ints, coin: int | None) -> tuple[int, int, list[Cited]]:
        """Who paid for the claims, how much, and the rows: payers that are no custody nor the platform's."""
        facts = self.facts
        if coin is None:
            return 0, 0, []
        parts = [(each, each.of(claims)) for each in (self.before, self.out)]
        parts = [(each, at[each.currency[at] == coin]) for each, at in parts]
        source, row, amount = (
            np.concatenate([getattr(each, name)[at] for each, at in parts])
            for name in ("source", "row", "amount")
        )
        keep = ~facts.guarded[source]
        for platform in self.platforms(claims):
            keep &= ~self.side(platform)[source]
        source, row, amount = source[keep], row[keep], amount[keep]
        if not row.size:
            return 0, 0, []
        payer = np.where(self.who[source] >= 0, self.who[source], -1 - source)
        whose_ = self._whose(lambda: source)
        return int(sets.unique(payer).size), int(amount.sum()), [cited("transfers", row), *whose_]


def _most(name: str, parts: Mapping[str, Fraction]) -> list[Measure]:
    """What a part is at most, where it is another by another rule of tracing."""
    if len(set(parts.values())) == 1:
        return []
    title = N_("the same, under the rule of tracing that gives the most")
    return [Measure(f"{name}_most", title, max(parts.values()))]


def _edges(facts: Facts) -> Ints:
    """The first and the last row of the case: they say from when to when it knows of transfers."""
    rows = facts.ledger.rows
    return sets.unique(
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
