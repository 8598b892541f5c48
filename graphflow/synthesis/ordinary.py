"""Ordinary life in the background of a generated case, a month at a time: it means nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphflow.synthesis.plan import DAY, END, HOUR, MONTHS, Plan
from graphflow.synthesis.rows import Rows, rows, together

Ints = NDArray[np.int64]

#: Shares of the background in thousandths; what is left over is bought in shops.
_WAGES, _RENT, _BILLS, _FRIENDS, _OWN = 280, 40, 50, 60, 20
_CASH_OUT, _CASH_IN, _FEES, _INTEREST = 50, 20, 30, 60
_SUPPLIES, _SALES, _LEVIES, _UNDONE, _CHANGED = 50, 40, 20, 6, 4
_RATE = 635  # yuan for a hundred dollars


def living(plan: Plan) -> int:
    """How many of the lenders have an ordinary life."""
    return plan.accounts.blocks.count["cash"]


def month_of_life(plan: Plan, month: int, count: int) -> Rows:
    """`count` rows of the month-th month, a function of the plan, the month and the count alone."""
    rng = np.random.default_rng([plan.seed, 2, month])
    blocks, bank = plan.accounts.blocks, plan.accounts.bank
    begin = int(MONTHS[month].astype("datetime64[s]").astype(np.int64))
    end = int(MONTHS[month + 1].astype("datetime64[s]").astype(np.int64)) if month + 1 < len(MONTHS) else END
    persons = living(plan)

    def part(per_mille: int) -> int:
        return count * per_mille // 1000

    def some(block: str, number: int, power: float = 1.0) -> Ints:
        place = (blocks.count[block] * rng.random(number) ** power).astype(np.int64)
        return np.asarray(blocks.of(block, place))

    def person(number: int) -> Ints:
        return np.asarray(blocks.of("investor", rng.integers(0, persons, number)))

    def within(number: int, first: int, last: int, open_: int = 8, close: int = 22) -> Ints:
        days = rng.integers(first, min(last, (end - begin) // DAY - 1) + 1, number)
        return np.asarray(begin + days * DAY + rng.integers(open_ * HOUR, close * HOUR, number))

    def about(number: int, middle: float, spread: float) -> Ints:
        return np.maximum(np.exp(rng.normal(np.log(middle * 100), spread, number)).astype(np.int64), 100)

    parts: list[Rows] = []
    employed = min(part(_WAGES), persons)
    worker = np.arange(employed)
    employer = worker * 7 % blocks.count["employer"]
    wage = 300_000 + worker * 7_919 % 900 * 1000 + rng.integers(0, 20_000, employed)
    payday = begin + (8 + employer % 8) * DAY + 9 * HOUR + worker * 13 % (2 * HOUR)
    arrives = np.where(worker * 17 % 100 < 4, np.where(worker % 3 == 0, 20 * HOUR, 5 + worker % 60), 0)
    parts.append(
        rows(
            payday,
            blocks.of("employer", employer),
            blocks.of("investor", worker),
            wage,
            memo="工资",
            kind="salary",
            channel="代发",
            delay=arrives,
        )
    )
    tenants = part(_RENT)
    tenant = np.arange(tenants) * 3 % persons
    parts.append(
        rows(
            within(tenants, 0, 4),
            blocks.of("investor", tenant),
            blocks.of("other", tenant % blocks.count["other"]),
            180_000 + tenant * 31 % 40 * 10_000,
            memo="房租",
            kind="rent",
            channel="手机银行",
        )
    )
    bills, friends, own = part(_BILLS), part(_FRIENDS), part(_OWN)
    parts.append(
        rows(
            within(bills, 4, 27),
            person(bills),
            some("utility", bills),
            about(bills, 120, 0.6),
            memo="水电燃气费",
            kind="transfer",
        )
    )
    one, other, give = person(friends), some("other", friends), rng.random(friends) < 0.5
    gifts = rows(
        within(friends, 0, 30),
        np.where(give, one, other),
        np.where(give, other, one),
        about(friends, 500, 1.1),
        memo="转账",
        kind="transfer",
        channel="手机银行",
    )
    gifts_at = sum(len(table["time"]) for table in parts)
    parts.append(gifts)
    second = rng.integers(0, blocks.count["second"], own)
    out = rng.random(own) < 0.6
    first, spare = blocks.of("investor", second), blocks.of("second", second)
    parts.append(
        rows(
            within(own, 0, 30),
            np.where(out, first, spare),
            np.where(out, spare, first),
            about(own, 2_000, 0.9),
            memo="转账",
            kind="transfer",
            channel="手机银行",
        )
    )
    drawn, paid_in = part(_CASH_OUT), part(_CASH_IN)
    holder = rng.integers(0, persons, drawn)
    notes = (1 + rng.integers(0, 50, drawn)) * 10_000
    parts.append(
        rows(
            within(drawn, 0, 30),
            blocks.of("investor", holder),
            blocks.of("cash", holder),
            notes,
            memo="现金支取",
            kind="withdrawal",
            channel="ATM",
        )
    )
    holder = rng.integers(0, persons, paid_in)
    notes = (1 + rng.integers(0, 100, paid_in)) * 10_000
    parts.append(
        rows(
            within(paid_in, 0, 30, 9, 17),
            blocks.of("cash", holder),
            blocks.of("investor", holder),
            notes,
            memo="现金存入",
            kind="deposit",
            channel="柜面",
        )
    )
    if (month + 6) % 3 == 0:  # June, September, December, March: a quarter's interest, on the 21st
        earning = min(part(_INTEREST) * 3, persons)
        earner = blocks.of("investor", rng.choice(persons, earning, replace=False))
        parts.append(
            rows(
                begin + 20 * DAY + rng.integers(0, 2 * HOUR, earning),
                blocks.of("interest", bank[earner]),
                earner,
                about(earning, 6, 1.0),
                memo="结息",
                kind="interest",
                channel="系统",
            )
        )
    supplies, sales, levies = part(_SUPPLIES), part(_SALES), part(_LEVIES)
    keeper = blocks.of("shop", rng.integers(0, blocks.count["shop"] * 3 // 10, supplies))
    parts.append(
        rows(
            within(supplies, 0, 30, 9, 17),
            keeper,
            some("supplier", supplies, 2.0),
            about(supplies, 3_000, 0.8),
            memo="采购款",
            kind="transfer",
        )
    )
    parts.append(
        rows(
            within(sales, 0, 30, 9, 17),
            some("customer", sales, 2.0),
            some("employer", sales),
            about(sales, 90_000, 0.7),
            memo="销售回款",
            kind="transfer",
        )
    )
    parts.append(
        rows(
            within(levies, 10, 15, 9, 17),
            some("employer", levies),
            blocks.of("tax", 0),
            about(levies, 8_000, 0.6),
            memo="缴税",
            kind="tax",
        )
    )
    changed = part(_CHANGED)
    holder = rng.integers(0, min(blocks.count["dollar"], persons), changed)
    dollars = (1 + rng.integers(0, 30, changed)) * 10_000
    parts.append(
        rows(
            within(changed, 0, 30, 9, 17),
            blocks.of("investor", holder),
            blocks.of("dollar", holder),
            dollars * _RATE // 100,
            memo="购汇",
            kind="conversion",
            dollars=dollars,
        )
    )
    undone, charged = part(_UNDONE), min(part(_FEES), friends)
    bought = count - sum(len(table["time"]) for table in parts) - undone - charged
    purchases = rows(
        within(bought, 0, 30),
        person(bought),
        some("shop", bought, 2.5),
        about(bought, 110, 1.0),
        memo="消费",
        kind="purchase",
        channel="POS",
    )
    undone = min(undone, bought)
    before = sum(len(table["time"]) for table in parts)
    place = np.arange(undone)
    back = rows(
        purchases["time"][:undone] + rng.integers(60, 50 * 60, undone),
        purchases["target"][:undone],
        purchases["source"][:undone],
        purchases["amount"][:undone],
        memo="冲正",
        kind="reversal",
        channel="POS",
        tie=before + place,
        tied_as=1,
    )
    payer = np.flatnonzero(give)[:charged]
    fees = rows(
        gifts["time"][payer] + 1,
        gifts["source"][payer],
        blocks.of("fee", bank[gifts["source"][payer]]),
        np.minimum(200 + gifts["amount"][payer] // 1000, 5_000),
        memo="手续费",
        kind="fee",
        channel="系统",
        tie=gifts_at + payer,
        tied_as=2,
    )
    missing = count - before - bought - undone - len(payer)
    more = rows(
        within(missing, 0, 30),
        person(missing),
        some("shop", missing, 2.5),
        about(missing, 110, 1.0),
        memo="消费",
        kind="purchase",
        channel="POS",
    )
    table = together([*parts, purchases, back, fees, more])
    return _within_month(table, end)


def _within_month(table: Rows, end: int) -> Rows:
    """Nothing leaves or arrives after the month: what would is moved to its last seconds."""
    table["time"] = np.minimum(table["time"], end - 1)
    table["delay"] = np.where(table["time"] + table["delay"] < end, table["delay"], 0).astype(np.int32)
    return table


def share_of_month(plan: Plan, month: int) -> int:
    """How many rows of ordinary life the month-th month has, so that all rows are `size` of them."""
    left = max(plan.size - len(plan.events["time"]), 0)
    each, over = divmod(left, len(MONTHS))
    return each + (over if month == len(MONTHS) - 1 else 0)


def months() -> Any:
    """The months' numbers."""
    return range(len(MONTHS))
