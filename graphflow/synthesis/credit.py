"""Registers of the lending platform's case: what was sold, lent, owed and promised."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.synthesis.columns import choose, day, every, moment, money, numbered, one, picked, yes_no
from graphflow.synthesis.plan import DAY, PRODUCT_IDS, SEALED, YIELDS, Plan, find_family, seconds

Ints = NDArray[np.int64]

_MISSING = pa.scalar(None, pa.string())
_LEDGER_DATES = ("2014-12-31", "2015-06-30", "2015-12-08")


def credit_registers(plan: Plan, ids: pa.Array, row_of_event: Ints) -> dict[str, dict[str, pa.Array]]:
    """Every one of them, by name."""
    return {
        "subscriptions": _subscriptions(plan, ids, row_of_event),
        "loans": _loans(plan, ids),
        "listings": _listings(plan, ids),
        "instalments": _instalments(plan),
        "holdings": _holdings(plan, ids),
        "client_ledger": _client_ledger(plan, ids),
        "guarantees": _guarantees(plan, ids),
        "assignments": _assignments(plan, ids),
    }


def _subscriptions(plan: Plan, ids: pa.Array, row_of_event: Ints) -> dict[str, pa.Array]:
    subs = len(plan.amount)
    last = np.full(subs, -1, np.int64)
    for name in ("payout", "honest_payout"):
        np.maximum.at(last, plan.about[name], row_of_event[plan.family(name)])
    back = plan.redeemed_amount > 0
    place = plan.investor - plan.parties.start["investor"]
    return {
        "product_id": choose(PRODUCT_IDS, plan.product[plan.listing]),
        "investor_id": picked(ids, plan.investor),
        "amount": money(plan.amount),
        "time": moment(plan.time),
        "due": day(plan.due),
        "redeemed": moment(plan.redeemed, back),
        "redeemed_amount": money(plan.redeemed_amount, back),
        "qualified": yes_no(place % 40 == 0),
        "evidence": choose(["资产证明"], np.where(place % 40 == 0, 0, -1)),
        "kyc": choose(["实名"], np.where(place % 25 == 0, -1, 0)),
        "risk_tolerance": pa.array(1 + place % 5),
        "transfer_id": numbered("T", row_of_event[plan.family("subscription")] + 1, 9),
        "redemption_transfer_id": numbered("T", np.where(last >= 0, last + 1, -1), 9),
    }


def _loan_ids(numbers: Ints) -> pa.Array:
    return numbered("L", numbers, 8)


def unpaid_by_listing(plan: Plan) -> Ints:
    """Of what each listing raised, what belongs to lenders who were not paid at all."""
    unpaid = np.zeros(len(plan.raised), np.int64)
    open_ = plan.redeemed_amount == 0
    np.add.at(unpaid, plan.listing[open_], plan.amount[open_])
    return unpaid


def _loans(plan: Plan, ids: pa.Array) -> dict[str, pa.Array]:
    loans = np.arange(len(plan.borrower))
    balance = np.zeros(len(loans), np.int64)
    np.add.at(balance, plan.loan, unpaid_by_listing(plan))
    end = plan.loan_start // DAY * DAY + plan.loan_days * DAY
    status = np.where(balance == 0, 0, np.where(end < SEALED, 1, 2))
    shared = loans % max(len(loans) // 4, 1)  # a contract's number stands under four shell loans
    collateral = np.where(plan.loan_honest, loans + len(loans), shared)
    return {
        "loan_id": _loan_ids(loans),
        "platform_id": every(one(ids, plan.parties.start["platform"]), len(loans)),
        "borrower_id": picked(ids, plan.accounts.party[plan.borrower]),
        "principal": money(plan.loan_principal),
        "rate": choose([f"{rate / 10_000:.4f}" for rate in YIELDS], np.searchsorted(YIELDS, plan.loan_rate)),
        "start": day(plan.loan_start),
        "end": day(end),
        "purpose": choose(["融资租赁项目", "经营周转"], plan.loan_honest.astype(np.int64)),
        "status": choose(["repaid", "overdue", "outstanding"], status),
        "balance": money(balance),
        "collateral": numbered("HT", collateral, 8),
    }


def _listings(plan: Plan, ids: pa.Array) -> dict[str, pa.Array]:
    count = len(plan.raised)
    return {
        "listing_id": numbered("B", np.arange(count), 8),
        "loan_id": _loan_ids(plan.loan),
        "platform_id": every(one(ids, plan.parties.start["platform"]), count),
        "amount": money(plan.raised),
        "term_days": pa.array(plan.term),
        "opened": moment(plan.opened),
        "filled": moment(plan.filled),
    }


def _instalments(plan: Plan) -> dict[str, pa.Array]:
    """What borrowers owed when, and whose account paid: the pool for the shells, the honest themselves."""
    paid = find_family(plan, "instalment")
    interest = plan.amount * YIELDS[plan.product[plan.listing]] * plan.term[plan.listing] // 3_650_000
    owed, given, when = (np.zeros(len(plan.raised), np.int64) for _ in range(3))
    np.add.at(owed, plan.listing, plan.amount + interest)
    np.add.at(given, plan.listing, plan.redeemed_amount)
    np.maximum.at(when, plan.listing, plan.redeemed)
    due = plan.filled // DAY * DAY + plan.term * DAY
    shells = np.flatnonzero(~plan.honest & ((due <= SEALED) | (given > 0)))
    loan = np.concatenate([plan.loan[shells], paid["loan"].astype(np.int64)])
    amount = np.concatenate([owed[shells], paid["amount"]])
    given = np.concatenate([given[shells], paid["amount"]])
    when = np.concatenate([when[shells], paid["time"]])
    payer = np.concatenate([np.full(len(shells), plan.accounts.blocks.of("pool", 0)), paid["source"]])
    due = np.concatenate([due[shells], paid["time"] // DAY * DAY])
    return {
        "loan_id": _loan_ids(loan),
        "due": day(due),
        "amount": money(amount),
        "paid": money(given),
        "paid_on": day(when, given > 0),
        "paid_by": pc.if_else(pa.array(given > 0), picked(plan.accounts.ids, payer), _MISSING),
    }


def _holdings(plan: Plan, ids: pa.Array) -> dict[str, pa.Array]:
    """What stood behind each product when it was closed: the loans of listings not paid back."""
    unpaid = unpaid_by_listing(plan)
    listing = np.flatnonzero(unpaid)
    loan = plan.loan[listing]
    return {
        "product_id": choose(PRODUCT_IDS, plan.product[listing]),
        "asset_id": _loan_ids(loan),
        "asset_kind": every("loan", len(loan)),
        "amount": money(unpaid[listing]),
        "borrower_id": picked(ids, plan.accounts.party[plan.borrower[loan]]),
        "start": day(plan.loan_start[loan]),
        "end": day(plan.loan_start[loan] // DAY * DAY + plan.loan_days[loan] * DAY),
        "as_of": day(np.full(len(loan), SEALED)),
        "confirmed": yes_no(plan.honest[listing]),
    }


def _client_ledger(plan: Plan, ids: pa.Array) -> dict[str, pa.Array]:
    """What the platform told each lender that it owed, on three days."""
    dates, clients, balances = [], [], []
    place = plan.investor - plan.parties.start["investor"]
    for text in _LEDGER_DATES:
        at = seconds(text)
        standing = (plan.time < at + DAY) & ((plan.redeemed == 0) | (plan.redeemed >= at + DAY))
        owed = np.zeros(plan.parties.count["investor"], np.int64)
        np.add.at(owed, place[standing], plan.amount[standing])
        client = np.flatnonzero(owed)
        dates.append(np.full(len(client), at))
        clients.append(client)
        balances.append(owed[client])
    date, debtor = np.concatenate(dates), np.concatenate(clients)
    return {
        "platform_id": every(one(ids, plan.parties.start["platform"]), len(date)),
        "date": day(date),
        "client_id": picked(ids, plan.parties.of("investor", debtor)),
        "balance": money(np.concatenate(balances)),
        "in_transit": money(np.zeros(len(date), np.int64)),
    }


def _guarantees(plan: Plan, ids: pa.Array) -> dict[str, pa.Array]:
    loans = np.arange(len(plan.borrower))
    giver = np.where(plan.loan_honest, plan.parties.start["insurer"], plan.parties.start["guarantor"])
    return {
        "guarantor_id": picked(ids, giver),
        "beneficiary_id": every(one(ids, plan.parties.start["platform"]), len(loans)),
        "loan_id": _loan_ids(loans),
        "amount": money(plan.loan_principal),
        "kind": every("连带责任保证", len(loans)),
        "since": day(plan.loan_start),
        "until": day(plan.loan_start // DAY * DAY + plan.loan_days * DAY),
    }


def _assignments(plan: Plan, ids: pa.Array) -> dict[str, pa.Array]:
    """The claims that shops sold came from the group's leasing company, which promised to buy them back."""
    listing = np.flatnonzero(plan.offline)
    return {
        "loan_id": _loan_ids(plan.loan[listing]),
        "seller_id": every(one(ids, plan.parties.start["leasing"]), len(listing)),
        "buyer_id": every(one(ids, plan.parties.start["platform"]), len(listing)),
        "amount": money(plan.raised[listing]),
        "time": moment(plan.filled[listing]),
        "repurchase": yes_no(np.ones(len(listing), bool)),
    }
