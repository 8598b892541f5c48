"""The plan of the lending platform's case, by number: who appears, what is offered, who lends what when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphflow.synthesis.cast import BANKS, Accounts, Blocks, account_ids, card_numbers, make_parties
from graphflow.synthesis.rows import Rows, chosen, rows, together

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

RAISED, RETURNED = 762, 382  # of what was raised, what went back to lenders
SHELLS_IN_20 = 19
HOUR, DAY = 3_600, 86_400


def seconds(text: str) -> int:
    """Local seconds since 1970."""
    return int(np.datetime64(text, "s").astype(np.int64))


START, FIRST, LAST = seconds("2014-06-01"), seconds("2014-06-10"), seconds("2015-12-06")
SEALED, END = seconds("2015-12-08T18:00:00"), seconds("2016-01-01")
EARLY_END = seconds("2015-06-30")
_GROWTH = 20.0  # how many times busier the last day is than the first
TERMS = np.array([30, 90, 180, 365])
YIELDS = np.array([900, 1100, 1300, 1460])  # promised, in basis points, by term
_TERM_WEIGHTS = (0.25, 0.35, 0.25, 0.15)
PRODUCT_IDS = ("F030", "F090", "F180", "F365")
MONTHS = np.arange("2014-06", "2016-01", dtype="datetime64[M]")


@dataclass
class Plan:
    """Everything that the scheme consists of, by number."""

    size: int
    seed: int
    parties: Blocks
    accounts: Accounts
    # listings
    opened: Ints
    filled: Ints
    term: Ints
    raised: Ints
    honest: Flags
    offline: Flags
    loan: Ints
    part: Ints  # 0 for the first or only listing of a loan
    first_sub: Ints
    # loans
    borrower: Ints  # account
    loan_start: Ints
    loan_days: Ints
    loan_rate: Ints  # basis points
    loan_principal: Ints
    loan_honest: Flags
    rolling: Ints  # loans that are sold as a chain of listings
    # subscriptions
    listing: Ints
    investor: Ints  # party
    account: Ints
    amount: Ints
    time: Ints
    due: Ints
    redeemed: Ints  # time; 0 = never
    redeemed_amount: Ints
    # shells
    agent_of: Ints
    affiliate_of: Ints
    # the scheme's rows in order of time; `event` numbers them by family
    events: Rows
    families: dict[str, tuple[int, int]]
    #: family → the listing, subscription or other number that each of its rows is about
    about: dict[str, Ints] = field(default_factory=dict)
    returned: int = 0
    stopped: int = 0  # when the last lender was paid

    @property
    def total_raised(self) -> int:
        """What all subscriptions add up to."""
        return int(self.raised.sum())

    @property
    def product(self) -> Ints:
        """The product as which each listing was sold."""
        return np.searchsorted(TERMS, self.term)

    def family(self, name: str) -> Ints:
        """The event numbers of one family."""
        start, count = self.families[name]
        return np.arange(start, start + count)


def draft(size: int, seed: int, rng: np.random.Generator) -> Plan:
    """A plan up to the point where money begins to move: listings, loans and subscriptions."""
    parties, accounts, listings = make_cast(size)
    plan = _offer(size, seed, parties, accounts, listings, rng)
    _subscribe(plan, rng)
    return plan


def make_cast(size: int) -> tuple[Blocks, Accounts, int]:
    """Parties, accounts and the number of listings for a case of about `size` transfers."""
    subs = size // 4
    listings = 20 * max(round(subs / 12.5 / 20), 4)
    investors = round(subs / 2.5)
    living = investors * 6 // 10
    shells = max(listings * SHELLS_IN_20 // 20 // 8, 6)
    parties = make_parties(
        {
            "affiliate": max(int(shells**0.5), 4),
            "sink": 6,
            "agency": max(listings // 200, 3),
            "agent": max(shells // 12, 2),
            "shell": shells,
            "nominee": shells // 2 + 1,
            "honest": max(listings // 25, 3),
            "owner": max(listings // 25, 3),
            "staff": max(investors // 100, 8),
            "investor": investors,
            "other": max(investors // 2, 10),
            "employer": max(living // 25, 4),
            "shop": max(living // 6, 12),
            "utility": 3,
            "supplier": max(living // 20, 6),
            "customer": max(living // 20, 6),
            "bank": len(BANKS),
        }
    )
    return parties, _make_accounts(parties, living), listings


def _make_accounts(parties: Blocks, living: int) -> Accounts:
    holders = {
        "custody": ("processor", 1, "reserve_special"),
        "pool": ("platform", 1, "settlement"),
        "operating": ("platform", 1, "settlement"),
        "controller": ("controller", 1, "settlement"),
        **{
            name: (name, 0, "settlement")
            for name in ("affiliate", "sink", "agency", "agent", "shell", "honest")
        },
        **{name: (name, 0, "settlement") for name in ("staff", "investor")},
        "second": ("investor", max(parties.count["investor"] // 20, 2), "settlement"),
        "dollar": ("investor", max(parties.count["investor"] // 100, 2), "settlement"),
        **{name: (name, 0, "settlement") for name in ("other", "employer", "shop", "utility")},
        **{name: (name, 0, "settlement") for name in ("supplier", "customer")},
        "fee": ("bank", 0, "internal"),
        "interest": ("bank", 0, "internal"),
        "tax": ("treasury", 1, "tax"),
        "cash": ("", living, "cash"),
    }
    blocks = Blocks()
    for name, (party, count, _) in holders.items():
        blocks.add(name, count or parties.count[party])
    kinds = ["settlement", "reserve_special", "payroll", "tax", "cash", "internal"]
    holder_of = np.full(blocks.total, -1, np.int64)
    kind = np.zeros(blocks.total, np.int64)
    for name, (holder, _, word) in holders.items():
        mine = blocks.numbers(name)
        kind[mine] = kinds.index(word)
        if holder:
            holder_of[mine] = parties.start[holder] + np.arange(len(mine))
    kind[blocks.numbers("employer")] = kinds.index("payroll")
    number = np.arange(blocks.total)
    bank = number * 31 // 7 % len(BANKS)
    for name in ("fee", "interest"):
        bank[blocks.numbers(name)] = np.arange(len(BANKS))
    second = blocks.numbers("second")  # at another bank than the first account
    bank[second] = (bank[blocks.of("investor", np.arange(len(second)))] + 3) % len(BANKS)
    covered = np.zeros(blocks.total, bool)
    for name in ("custody", "pool", "operating", "controller", "affiliate", "shell", "honest"):
        covered[blocks.numbers(name)] = True
    for name in ("second", "employer"):
        covered[blocks.numbers(name)] = True
    investor = np.arange(blocks.count["investor"])
    covered[blocks.numbers("investor")] = (investor < living) | (investor % 10 < 7)
    covered[blocks.of("shop", np.arange(blocks.count["shop"] * 3 // 10))] = True
    covered_to = np.where(covered, END - 1, 0)
    early = blocks.numbers("investor")[(investor >= living) & (investor % 10 == 3)]
    covered_to[early] = EARLY_END + DAY - 1
    cash_of = blocks.of("investor", np.arange(living))
    has_card = np.zeros(blocks.total, bool)
    for name in ("staff", "investor", "second", "agent", "controller"):
        has_card[blocks.numbers(name)] = True
    ids = account_ids(blocks, bank, cash_of)
    return Accounts(
        blocks, holder_of, bank, kind, covered, covered_to, ids, card_numbers(blocks, bank, has_card), kinds
    )


def _offer(
    size: int, seed: int, parties: Blocks, accounts: Accounts, listings: int, rng: np.random.Generator
) -> Plan:
    """Listings and the loans behind them."""
    spread = (np.arange(listings) + rng.random(listings)) / listings
    days = np.log1p(spread * (_GROWTH - 1)) / np.log(_GROWTH) * ((LAST - FIRST) // DAY)
    opened = FIRST + days.astype(np.int64) * DAY + 9 * HOUR + rng.integers(0, 7 * HOUR, listings)
    honest = np.zeros(listings, bool)
    honest[np.arange(0, listings, 20) + rng.integers(0, 20, listings // 20)] = True
    chains = max(round(listings / 240), 1)
    slots = np.sort(rng.choice(np.flatnonzero(~honest), 12 * chains, replace=False)).reshape(12, chains)
    begin = FIRST + rng.integers(0, 60, chains) * DAY + 10 * HOUR
    opened[slots] = begin + 30 * DAY * np.arange(12)[:, None]
    part, loan = np.zeros(listings, np.int64), np.full(listings, -1, np.int64)
    part[slots] = np.arange(12)[:, None]
    single = np.ones(listings, bool)
    single[slots] = False
    loan[single] = np.arange(single.sum())
    loan[slots] = single.sum() + np.arange(chains)
    loans = int(single.sum()) + chains
    term = np.where(honest, rng.choice(TERMS[1:3], listings), rng.choice(TERMS, listings, p=_TERM_WEIGHTS))
    term[slots] = 30
    offline = single & ~honest & (rng.random(listings) < 0.15)
    loan_honest = np.zeros(loans, bool)
    loan_honest[loan[honest]] = True
    shells, payers = parties.count["shell"], parties.count["honest"]
    blocks, borrower = accounts.blocks, np.empty(loans, np.int64)
    borrower[~loan_honest] = blocks.of("shell", rng.permutation(int((~loan_honest).sum())) % shells)
    borrower[loan_honest] = blocks.of("honest", np.arange(int(loan_honest.sum())) % payers)
    loan_days = np.zeros(loans, np.int64)
    loan_days[loan] = term
    longer = ~loan_honest & (rng.random(loans) < 0.3)  # a long loan behind one short listing
    loan_days[longer] = 720
    loan_days[single.sum() :] = 360
    none, no_rows = (
        np.zeros(0, np.int64),
        together([rows(np.zeros(0, np.int64), 0, 0, 0, memo="转账", kind="transfer")]),
    )
    agents, affiliates = parties.count["agent"], parties.count["affiliate"]
    return Plan(
        size=size,
        seed=seed,
        parties=parties,
        accounts=accounts,
        opened=opened,
        filled=none,
        term=term,
        raised=none,
        honest=honest,
        offline=offline,
        loan=loan,
        part=part,
        first_sub=none,
        borrower=borrower,
        loan_start=none,
        loan_days=loan_days,
        loan_rate=np.zeros(loans, np.int64),
        loan_principal=none,
        loan_honest=loan_honest,
        rolling=slots.T.copy(),
        listing=none,
        investor=none,
        account=none,
        amount=none,
        time=none,
        due=none,
        redeemed=none,
        redeemed_amount=none,
        agent_of=np.arange(shells) % agents,
        affiliate_of=np.arange(shells) % agents % affiliates,
        events=no_rows,
        families={},
    )


def _subscribe(plan: Plan, rng: np.random.Generator) -> None:
    """Who lends how much to which listing, and when."""
    listings = len(plan.opened)
    subs = max(plan.size // 4, 4 * listings)
    count = 3 + rng.multinomial(subs - 3 * listings, np.full(listings, 1 / listings))
    count[plan.rolling] = count[plan.rolling[:, :1]]
    plan.first_sub = np.concatenate(([0], np.cumsum(count)))
    plan.listing = np.repeat(np.arange(listings), count)
    subs = len(plan.listing)
    plan.time = plan.opened[plan.listing] + rng.integers(60, 36 * HOUR, subs)
    hundreds = np.clip(np.exp(rng.normal(5.1, 0.95, subs)), 1, 20_000)
    hundreds = np.where(plan.honest[plan.listing], hundreds * 0.8, hundreds)
    plan.amount = np.maximum(hundreds.astype(np.int64), 1) * 10_000
    for chain in plan.rolling:  # every listing of a chain raises the whole loan again
        model = plan.amount[plan.first_sub[chain[0]] : plan.first_sub[chain[0] + 1]]
        for listing in chain[1:]:
            plan.amount[plan.first_sub[listing] : plan.first_sub[listing + 1]] = rng.permutation(model)
    persons = plan.parties.count["investor"]
    again = (persons * rng.random(max(subs - persons, 0)) ** 1.6).astype(np.int64)
    place = rng.permutation(np.concatenate([rng.permutation(persons), again])[:subs])
    plan.investor = plan.parties.of("investor", place)
    plan.account = plan.accounts.blocks.of("investor", place)
    plan.raised = np.add.reduceat(plan.amount, plan.first_sub[:-1])
    plan.filled = np.maximum.reduceat(plan.time, plan.first_sub[:-1])
    plan.due = plan.filled[plan.listing] // DAY * DAY + plan.term[plan.listing] * DAY
    plan.redeemed = np.zeros(subs, np.int64)
    plan.redeemed_amount = np.zeros(subs, np.int64)
    heads = np.flatnonzero(plan.part == 0)
    plan.loan_start, plan.loan_principal = np.zeros(len(plan.loan_days), np.int64), plan.loan_days.copy()
    plan.loan_start[plan.loan[heads]] = plan.filled[heads]
    plan.loan_principal[plan.loan[heads]] = plan.raised[heads]
    plan.loan_rate[plan.loan] = YIELDS[plan.product]


def find_family(plan: Plan, name: str) -> Any:
    """Rows of one family, in the family's own order."""
    start, count = plan.families[name]
    places = np.empty(len(plan.events["event"]), np.int64)
    places[plan.events["event"]] = np.arange(len(places))
    return chosen(plan.events, places[start : start + count])
