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

from graphflow.synthesis.plan import (
    DAY,
    END,
    FIRST,
    HOUR,
    MONTHS,
    RAISED,
    RETURNED,
    SEALED,
    YIELDS,
    Flags,
    Ints,
    Plan,
    draft,
)
from graphflow.synthesis.rows import Rows, chosen, rows, together

FEE_PER_MILLE = 16  # of all that was raised, paid for the shells' identities
BURN_PER_CENT = 30  # of a shell's listing, spent by its affiliate at once
COMMISSION_PER_CENT = 2  # of what a shop collected
#: What the pool spends, in thousandths of what was raised since it last did.
ADS, WAGES, RENT, LEVIES = 60, 50, 8, 3
BURNS = ("黄金采购", "购房款", "股东往来", "项目投资款")


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


def make_plan(size: int, seed: int) -> Plan:
    """Plan the whole scheme."""
    rng = np.random.default_rng([seed, 1])
    plan = draft(size, seed, rng)
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
