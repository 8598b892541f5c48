"""How much of many seeds came to some accounts: beside what a trace says of the same seeds."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow.synthesis.small import case_of, frame_of
from graphflow.tracing.reaching import Asked, by_rule, lots_reaching, range_of, shares_reaching

NAMES = ("a", "b", "c", "d", "X", "Y")
SEEDS = 3
START = datetime.datetime(2024, 3, 1, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))

moves = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(1, 300)), min_size=3, max_size=30
)


def world(drawn: list[tuple[int, int, int]]) -> tuple[gf.Case, Asked]:
    """Three seeds into a, b and c, some between the other payments; X is goal 1, Y goal 2, and both end money."""
    rows = [(f"s{n}", "out", NAMES[n], 200) for n in range(SEEDS)]
    paid = [
        (f"m{i}", NAMES[one], NAMES[other], amount)
        for i, (one, other, amount) in enumerate(drawn)
        if one != other
    ]
    mixed = [rows[0], *paid[::2], rows[1], *paid[1::2][:4], rows[2], *paid[1::2][4:]]
    transfers = [
        {"transfer_id": name, "time": (START + datetime.timedelta(minutes=i)).isoformat(), "source": source,
         "target": target, "amount": str(amount)} for i, (name, source, target, amount) in enumerate(mixed)
    ]  # fmt: skip
    accounts = [
        {"account_id": each, "party_id": each.upper(), "opening_balance": "150" if each == "b" else "0",
         "covered": "false" if each in ("X", "Y", "out") else "true"} for each in (*NAMES, "out")
    ]  # fmt: skip
    case = case_of({"transfers": frame_of(transfers), "accounts": frame_of(accounts)})
    ledger = case.ledger
    goals = np.zeros(len(ledger.account_ids), np.int8)
    for number, name in enumerate(("X", "Y"), 1):
        if ledger.account(name) >= 0:
            goals[ledger.account(name)] = number
    seeds = np.array([ledger.row(f"s{n}") for n in range(SEEDS)])
    return case, Asked(ledger, seeds, np.full(SEEDS, 2**60), goals, 50, 2)


@settings(max_examples=60, deadline=None)
@given(moves, st.lists(st.integers(0, 33), min_size=SEEDS, max_size=SEEDS), st.integers(0, 5))
def test_first_in_first_out_it_is_the_chains_that_arrive_in_time(
    drawn: list[tuple[int, int, int]], minutes: list[int], hops: int
) -> None:
    case, asked = world(drawn)
    first = int(START.timestamp() * 1e6)
    until = np.array([first + 60_000_000 * each for each in minutes])
    asked = Asked(asked.ledger, asked.rows, until, asked.goals, hops, 2)
    wanted = np.zeros((SEEDS, 2), np.int64)
    t = gf.trace(case, [f"transfer:s{n}" for n in range(SEEDS)], max_hops=hops)
    for chain in t.iter_chains():
        last = int(case.ledger.rows["time"][case.ledger.row(chain.transfers[-1])])
        seed = int(chain.transfers[0][1:])
        if chain.account_id in ("X", "Y") and chain.kind == "frontier" and last <= until[seed]:
            wanted[seed, "XY".index(chain.account_id)] += chain.amount
    found = lots_reaching(asked)
    assert found.amounts.tolist() == wanted.tolist()
    assert sum(amount for amount, _ in found.ways) <= wanted[:, 0].sum()
    carried = {case.ledger.transfer_ids[int(row)].as_py() for _, row in found.carried}
    assert (not carried) == (not wanted[:, 0].any())


@settings(max_examples=60, deadline=None)
@given(moves, st.integers(0, 33))
def test_pro_rata_it_is_what_each_seed_alone_brings(drawn: list[tuple[int, int, int]], minute: int) -> None:
    case, asked = world(drawn)
    at = START + datetime.timedelta(minutes=minute)
    until = np.full(1, int(at.timestamp() * 1e6))
    for number, row in enumerate(asked.rows):
        time = int(asked.ledger.rows["time"][row])
        if time > until[0]:
            continue
        alone = Asked(asked.ledger, asked.rows[[number]], until, asked.goals, 50, 2)
        ends = gf.trace(case, f"transfer:s{number}", rule="prorata", until=at.isoformat()).ends
        wanted = [int(ends.loc[ends["account_id"] == each, "seed_amount"].sum()) for each in ("X", "Y")]
        # every payment rounds once, by half a unit at most
        assert np.abs(shares_reaching(alone, 2)[0] - wanted).max() <= len(drawn)


@settings(max_examples=40, deadline=None)
@given(moves)
def test_what_it_says_lies_in_the_envelope_and_that_is_the_traces(drawn: list[tuple[int, int, int]]) -> None:
    case, asked = world(drawn)
    if asked.ledger.account("X") < 0:
        return
    found, _ = by_rule(asked, 1)
    bounds, left = range_of(asked, np.arange(SEEDS), (1,), 10**8)
    assert bounds.exact and 0 < left <= 10**8
    for amounts in found.values():
        assert bounds.least - SEEDS <= int(amounts.sum()) <= bounds.greatest + SEEDS
    t = gf.trace(case, [f"transfer:s{n}" for n in range(SEEDS)])
    row = t.envelope([("frontier", "X")]).iloc[0]
    assert (row["least"], row["greatest"]) == (bounds.least, bounds.greatest)


def test_seeds_of_several_last_moments_are_bounded_from_outside_and_a_spent_budget_says_so() -> None:
    case, asked = world([(0, 4, 100), (1, 4, 100), (2, 4, 100)])
    until = np.array([2**60, 2**60 + 1, 2**60 + 2])
    several = Asked(case.ledger, asked.rows, until, asked.goals, 50, 2)
    bounds, _ = range_of(several, np.arange(SEEDS), (1,), 10**8)
    assert not bounds.exact and bounds.left_out == 0
    bounds, _ = range_of(several, np.arange(SEEDS), (1,), 0)
    assert (bounds.least, bounds.greatest, bounds.left_out) == (0, 60_000, 60_000)


def test_nothing_asked_nothing_found() -> None:
    _, asked = world([(0, 4, 100), (1, 4, 100), (2, 4, 100)])
    nobody = Asked(asked.ledger, asked.rows[:0], asked.until[:0], asked.goals, 3, 2)
    found, lots = by_rule(nobody, 2)
    assert [amounts.shape for amounts in found.values()] == [(0, 2), (0, 2)] and not lots.ways


@pytest.mark.parametrize("hops", [0, 1, 2])
def test_transfers_between_accounts_of_one_party_carry_no_hop(hops: int) -> None:
    rows = [("s", "out", "a", "10"), ("own", "a", "a2", "10"), ("on", "a2", "b", "10"), ("x", "b", "X", "10")]
    transfers = [
        {
            "transfer_id": name,
            "time": f"2024-03-01T09:0{i}:00",
            "source": source,
            "target": target,
            "amount": amount,
        }
        for i, (name, source, target, amount) in enumerate(rows)
    ]
    accounts = [
        {"account_id": each, "party_id": each[0].upper(), "opening_balance": "0",
         "covered": "false" if each in ("X", "out") else "true"} for each in ("a", "a2", "b", "X", "out")
    ]  # fmt: skip
    ledger = case_of({"transfers": frame_of(transfers), "accounts": frame_of(accounts)}).ledger
    goals = np.zeros(len(ledger.account_ids), np.int8)
    goals[ledger.account("X")] = 1
    asked = Asked(ledger, np.array([ledger.row("s")]), np.array([2**60]), goals, hops)
    found, _ = by_rule(asked, 1)
    assert {rule: int(amounts[0, 0]) for rule, amounts in found.items()} == dict.fromkeys(
        ("fifo", "prorata"), 1_000 if hops == 2 else 0
    )
