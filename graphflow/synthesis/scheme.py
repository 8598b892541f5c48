"""The scheme of the lending platform's case: who lends what through which listing, and where the money goes.

Proportions of case 3 of the domain's list (a platform that raised 76.2 billion and lost 38.0): nineteen of
twenty listings are of shell borrowers, 1.6 % of what was raised is paid for the shells, and 382 of every 762
raised go back to lenders, nearly all of it from the money of other lenders. Money passes

    lender → custody → shell → affiliate within 48 hours → the platform's own account, the pool

and from the pool back through custody to earlier lenders. What shops collect goes into the pool at once and
from there to the shell. The affiliates buy gold, houses and projects on the way, and the pool pays
advertising and wages. Everything here is planned with arrays of the size of the number of subscriptions;
nothing is written.
"""

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
FEE_PER_MILLE = 16  # of all that was raised, paid for the shells' identities
BURN_PER_CENT = 30  # of a shell's listing, spent by its affiliate at once
COMMISSION_PER_CENT = 2  # of what a shop collected
#: What the pool spends, in thousandths of what was raised since it last did.
ADS, WAGES, RENT, LEVIES = 60, 50, 8, 3

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
BURNS = ("黄金采购", "购房款", "股东往来", "项目投资款")
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


@dataclass
class _Events:
    parts: dict[str, Rows] = field(default_factory=dict)
    families: dict[str, tuple[int, int]] = field(default_factory=dict)
    about: dict[str, Ints] = field(default_factory=dict)
    total: int = 0

    def add(self, name: str, about: Ints, part: Rows) -> None:
        count = len(part["time"])
        part["event"][:] = np.arange(self.total, self.total + count)
        self.parts[name] = part
        self.families[name] = (self.total, count)
        self.about[name] = about
        self.total += count


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


def make_plan(size: int, seed: int) -> Plan:
    """Plan the whole scheme."""
    parties, accounts, listings = make_cast(size)
    rng = np.random.default_rng([seed, 1])
    plan = _offer(size, seed, parties, accounts, listings, rng)
    _subscribe(plan, rng)
    events = _Events()
    _lend(plan, events, rng)
    _pass_on(plan, events, rng)
    _repay_honestly(plan, events, rng)
    _repay_from_pool(plan, events, rng)
    _spend(plan, events)
    _honest_business(plan, events, rng)
    everything = together(events.parts.values())
    plan.events = chosen(everything, np.argsort(everything["time"], kind="stable"))
    plan.families, plan.about = events.families, events.about
    return plan


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


def _lend(plan: Plan, events: _Events, rng: np.random.Generator) -> None:
    """Money comes in, and goes out to the borrowers."""
    blocks, on = plan.accounts.blocks, plan.listing
    holding = np.where(plan.offline, blocks.of("pool", 0), blocks.of("custody", 0))
    events.add(
        "subscription",
        np.arange(len(on)),
        rows(
            plan.time,
            plan.account,
            holding[on],
            plan.amount,
            memo="出借投资",
            kind="subscription",
            channel="手机银行",
            loan=plan.loan[on],
            listing=on,
            product=plan.product[on],
        ),
    )
    when = plan.filled + 600 + rng.integers(0, 6 * HOUR, len(plan.filled))
    out = np.flatnonzero((plan.part == 0) & (when <= SEALED))
    taken = plan.raised * COMMISSION_PER_CENT // 100 * plan.offline
    shops = out[plan.offline[out]]
    seller = blocks.of("staff", shops % blocks.count["staff"])
    events.add(
        "commission",
        shops,
        rows(
            when[shops] - 300,
            blocks.of("pool", 0),
            seller,
            taken[shops],
            memo="佣金",
            kind="commission",
            loan=plan.loan[shops],
            listing=shops,
        ),
    )
    events.add(
        "disbursement",
        out,
        rows(
            when[out],
            holding[out],
            plan.borrower[plan.loan[out]],
            (plan.raised - taken)[out],
            memo="放款",
            kind="disbursement",
            loan=plan.loan[out],
            listing=out,
        ),
    )


def _pass_on(plan: Plan, events: _Events, rng: np.random.Generator) -> None:
    """A shell passes its money to its affiliate in two days; the affiliate pays, buys and feeds the pool."""
    blocks = plan.accounts.blocks
    lent = events.parts["disbursement"]
    shell = lent["source"] >= 0
    shell &= ~plan.honest[lent["listing"]]
    listing, account = lent["listing"][shell].astype(np.int64), lent["target"][shell].astype(np.int64)
    when = lent["time"][shell] + HOUR + rng.integers(0, 45 * HOUR, len(listing))
    kept = (lent["amount"][shell] * rng.random(len(listing)) * 0.005).astype(np.int64) // 100 * 100
    done = when <= SEALED
    listing, account, when = listing[done], account[done], when[done]
    through = (lent["amount"][shell] - kept)[done]
    place = account - blocks.start["shell"]
    affiliate = blocks.of("affiliate", plan.affiliate_of[place])
    loan, device = plan.loan[listing], plan.agent_of[place]
    tags: dict[str, Any] = {"loan": loan, "listing": listing}
    events.add(
        "pass_on",
        listing,
        rows(when, account, affiliate, through, memo="货款往来", kind="transfer", device=device, **tags),
    )
    rounds = np.argsort(when, kind="stable")  # so that in order of time the sum follows what was raised
    share = np.zeros(len(listing), np.int64)
    owed = plan.total_raised * FEE_PER_MILLE // 1000
    so_far = np.cumsum(plan.raised[listing[rounds]])
    paid = (so_far.astype(np.longdouble) / max(int(so_far[-1]), 1) * owed).astype(np.int64)
    paid[-1] = owed
    share[rounds] = np.diff(paid, prepend=0)
    burnt = plan.raised[listing] * BURN_PER_CENT // 100 // 10_000 * 10_000
    fee_time = np.minimum(when + HOUR + rng.integers(0, 9 * HOUR, len(when)), SEALED)
    events.add(
        "shell_fee",
        listing,
        rows(
            fee_time,
            affiliate,
            blocks.of("agent", plan.agent_of[place]),
            share,
            memo="咨询服务费",
            kind="fee",
            **tags,
        ),
    )
    later = when + HOUR + rng.integers(0, 23 * HOUR, len(when))
    bought = (later <= SEALED) & (burnt > 0)
    sort = rng.integers(0, len(BURNS), len(when))
    sink = np.array([0, 2, 0, 4])[sort] + rng.integers(0, 2, len(when))
    payee = np.where(sort == 2, blocks.of("controller", 0), blocks.of("sink", sink))
    for code, memo in enumerate(BURNS):
        some = bought & (sort == code)
        events.add(
            f"burn_{code}",
            listing[some],
            rows(
                later[some],
                affiliate[some],
                payee[some],
                burnt[some],
                memo=memo,
                kind="transfer",
                loan=loan[some],
                listing=listing[some],
            ),
        )
    fed = when + 1800 + rng.integers(0, 11 * HOUR, len(when))
    some = fed <= SEALED
    events.add(
        "to_pool",
        listing[some],
        rows(
            fed[some],
            affiliate[some],
            blocks.of("pool", 0),
            (through - share - burnt)[some],
            memo="归集",
            kind="transfer",
            loan=loan[some],
            listing=listing[some],
        ),
    )


def _repay_honestly(plan: Plan, events: _Events, rng: np.random.Generator) -> None:
    """Honest borrowers repay in monthly instalments, out of what they earn."""
    blocks = plan.accounts.blocks
    subs = np.flatnonzero(plan.honest[plan.listing])
    months = plan.term[plan.listing[subs]] // 30
    sub = np.repeat(subs, months)
    first = np.cumsum(months) - months
    month = np.arange(len(sub)) - np.repeat(first, months) + 1
    last = month == np.repeat(months, months)
    each = plan.amount[sub] // np.repeat(months, months)
    principal = np.where(last, plan.amount[sub] - each * (month - 1), each)
    interest = plan.amount[sub] * YIELDS[plan.product[plan.listing[sub]]] // 120_000
    listing = plan.listing[sub]
    base = plan.filled[listing] // DAY * DAY + month * 30 * DAY + 10 * HOUR + listing * 61 % (3 * HOUR)
    some = base <= SEALED - 3 * HOUR
    sub, listing, base, month = sub[some], listing[some], base[some], month[some]
    paid = (principal + interest)[some]
    key, where = np.unique(listing * 16 + month, return_inverse=True)
    total = np.zeros(len(key), np.int64)
    np.add.at(total, where, paid)
    when = np.zeros(len(key), np.int64)
    when[where] = base
    owing = key // 16
    tags: dict[str, Any] = {"loan": plan.loan[owing], "listing": owing}
    payer = plan.borrower[plan.loan[owing]]
    events.add(
        "instalment",
        owing,
        rows(when - HOUR, payer, blocks.of("custody", 0), total, memo="还款", kind="repayment", **tags),
    )
    buyer = blocks.of("customer", key % blocks.count["customer"])
    events.add(
        "sale",
        owing,
        rows(when - 3 * DAY, buyer, payer, total * 13 // 10, memo="销售回款", kind="transfer"),
    )
    at = base + 600 + rng.integers(0, 2 * HOUR, len(sub))
    events.add(
        "honest_payout",
        sub,
        rows(
            at,
            blocks.of("custody", 0),
            plan.account[sub],
            paid,
            memo="回款本息",
            kind="redemption",
            channel="系统",
            loan=plan.loan[listing],
            listing=listing,
            product=plan.product[listing],
        ),
    )
    np.maximum.at(plan.redeemed, sub, at)
    np.add.at(plan.redeemed_amount, sub, paid)


def _repay_from_pool(plan: Plan, events: _Events, rng: np.random.Generator) -> None:
    """Lenders to shells are paid when due, from the pool or the next listing, until 382 of 762 are back."""
    blocks = plan.accounts.blocks
    target = plan.total_raised * RETURNED // RAISED - int(plan.redeemed_amount.sum())
    listings = np.flatnonzero(~plan.honest)
    base = (
        plan.filled // DAY * DAY + plan.term * DAY + 10 * HOUR + np.arange(len(plan.filled)) * 37 % (4 * HOUR)
    )
    base[plan.rolling] = plan.opened[plan.rolling] + 32 * DAY  # two days after the next listing has opened
    is_rolling = np.zeros(len(base), bool)
    is_rolling[plan.rolling] = True
    order = listings[np.argsort(base[listings], kind="stable")]
    in_time = base[order] <= SEALED - DAY
    lengths = np.diff(plan.first_sub)
    sub = _runs(plan.first_sub[order], lengths[order])
    listing = plan.listing[sub]
    interest = plan.amount[sub] * YIELDS[plan.product[listing]] * plan.term[listing] // 3_650_000
    owed = plan.amount[sub] + interest
    before = np.cumsum(owed) - owed
    paid = np.clip(target - before, 0, owed)
    some = paid > 0
    late = ~np.repeat(in_time, lengths[order])
    if (late & some).any():  # too little falls due in so small a case: the rest is paid back early
        hurried = plan.filled + DAY + np.arange(len(plan.filled)) * 101 % (6 * HOUR)
        base = np.where(
            base <= SEALED - DAY, base, np.minimum(np.maximum(hurried, SEALED - 9 * DAY), SEALED - 3 * HOUR)
        )
    sub, listing, paid, interest = sub[some], listing[some], paid[some], interest[some]
    plan.returned = int(paid.sum() + plan.redeemed_amount.sum())
    rolled = (plan.part[listing] < 11) & is_rolling[listing]
    from_pool = np.where(rolled, np.minimum(interest, paid), paid)
    at = base[listing] + 1800 + rng.integers(0, HOUR, len(sub))
    plan.stopped = int(at.max())
    payer = np.where(plan.offline[listing], blocks.of("pool", 0), blocks.of("custody", 0))
    events.add(
        "payout",
        sub,
        rows(
            at,
            payer,
            plan.account[sub],
            paid,
            memo="回款本息",
            kind="redemption",
            channel="系统",
            loan=plan.loan[listing],
            listing=listing,
            product=plan.product[listing],
        ),
    )
    events.about["payout_from_pool"] = from_pool
    plan.redeemed[sub] = at
    plan.redeemed_amount[sub] = paid
    online = ~plan.offline[listing]
    amount = np.zeros(len(plan.filled), np.int64)
    np.add.at(amount, listing[online], from_pool[online])
    funded = np.flatnonzero(amount)
    events.add(
        "funding",
        funded,
        rows(
            base[funded],
            blocks.of("pool", 0),
            blocks.of("custody", 0),
            amount[funded],
            memo="还本付息资金",
            kind="repayment",
            loan=plan.loan[funded],
            listing=funded,
        ),
    )


def _runs(starts: Ints, lengths: Ints) -> Ints:
    """The numbers of several runs, one run after the other."""
    ends = np.cumsum(lengths)
    return np.asarray(np.arange(int(ends[-1])) + np.repeat(starts - (ends - lengths), lengths))


def _spend(plan: Plan, events: _Events) -> None:
    """Advertising by the week, wages, rent and taxes by the month, in proportion to what was raised since."""
    blocks = plan.accounts.blocks
    feed = events.parts["to_pool"]
    order = np.argsort(feed["time"], kind="stable")
    times = feed["time"][order]
    sums = np.concatenate(([0], np.cumsum(plan.raised[feed["listing"][order]])))

    def shares(dates: Ints, per_mille: int) -> Ints:
        """What is due on each date."""
        return np.asarray(np.diff(sums[np.searchsorted(times, dates)] * per_mille // 1000, prepend=0))

    def pay(name: str, dates: Ints, per_mille: int, block: str, memo: str, kind: str, each: Flags) -> None:
        due, payees = shares(dates, per_mille), each.sum(axis=1)
        date, payee = np.nonzero(each & (due // np.maximum(payees, 1) > 0)[:, None])
        amount = due[date] // payees[date]
        when = dates[date] + payee % 7200
        target = blocks.of(block, payee)
        events.add(
            name,
            payee,
            rows(
                when,
                blocks.of("pool", 0),
                target,
                amount,
                memo=memo,
                kind=kind,
                channel="代发" if name == "wages" else "网银",
            ),
        )

    weeks = np.arange(FIRST + 7 * DAY + 11 * HOUR, SEALED, 7 * DAY)
    agencies, staff = np.arange(blocks.count["agency"]), np.arange(blocks.count["staff"])
    pay(
        "ads",
        weeks,
        ADS,
        "agency",
        "广告费",
        "transfer",
        (np.arange(len(weeks))[:, None] + agencies) % 4 == 0,
    )
    months = MONTHS[2:].astype("datetime64[s]").astype(np.int64)
    months = months[months < SEALED]
    everybody = np.ones((len(months), len(staff)), bool)
    pay("wages", months + 4 * DAY + 9 * HOUR, WAGES, "staff", "工资", "salary", everybody)
    one = np.ones((len(months), 1), bool)
    pay("rent", months + 2 * DAY + 15 * HOUR, RENT, "other", "房租", "rent", one)
    pay("levies", months + 6 * DAY + 16 * HOUR, LEVIES, "tax", "缴税", "tax", one)


def _honest_business(plan: Plan, events: _Events, rng: np.random.Generator) -> None:
    """Honest borrowers pay suppliers with what they borrowed; they have wages, taxes and bills."""
    blocks = plan.accounts.blocks
    lent = events.parts["disbursement"]
    some = np.flatnonzero(plan.honest[lent["listing"]])
    listing = lent["listing"][some].astype(np.int64)
    payer, amount, when = lent["target"][some], lent["amount"][some], lent["time"][some]
    tags: dict[str, Any] = {"loan": plan.loan[listing], "listing": listing}
    events.add(
        "service_fee",
        listing,
        rows(
            when + HOUR, payer, blocks.of("operating", 0), amount // 50, memo="平台服务费", kind="fee", **tags
        ),
    )
    for name, share, days in (("purchase_1", 45, 2), ("purchase_2", 40, 9)):
        at = when + days * DAY + rng.integers(0, 5 * HOUR, len(some))
        early = at <= END - HOUR
        supplier = blocks.of("supplier", rng.integers(0, blocks.count["supplier"], len(some)))
        events.add(
            name,
            listing[early],
            rows(
                at[early],
                payer[early],
                supplier[early],
                (amount * share // 100)[early],
                memo="采购款",
                kind="transfer",
                loan=plan.loan[listing[early]],
                listing=listing[early],
            ),
        )
    firm, month = (axis.ravel() for axis in np.meshgrid(np.arange(blocks.count["honest"]), MONTHS))
    firm = firm.astype(np.int64)
    begin = month.astype("datetime64[s]").astype(np.int64)
    own = blocks.of("honest", firm)
    for name, days, target, low, memo, kind in (
        ("honest_wages", 9, blocks.of("other", firm % blocks.count["other"]), 4_000_00, "工资", "salary"),
        ("honest_tax", 14, np.full(len(firm), blocks.of("tax", 0)), 2_000_00, "缴税", "tax"),
        (
            "honest_bills",
            19,
            blocks.of("utility", firm % blocks.count["utility"]),
            800_00,
            "水电燃气费",
            "transfer",
        ),
    ):
        at = begin + days * DAY + 10 * HOUR + rng.integers(0, 6 * HOUR, len(firm))
        amount = low + rng.integers(0, low, len(firm))
        events.add(name, firm, rows(at, own, target, amount, memo=memo, kind=kind))


def find_family(plan: Plan, name: str) -> Any:
    """Rows of one family, in the family's own order."""
    start, count = plan.families[name]
    places = np.empty(len(plan.events["event"]), np.int64)
    places[plan.events["event"]] = np.arange(len(places))
    return chosen(plan.events, places[start : start + count])
