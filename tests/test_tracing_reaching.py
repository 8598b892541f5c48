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


# ---------------------------------------------------------------- by hand

FAR = 2**60


def small(rows: list[tuple[str, str, str, str, str]], openings: dict[str, str] | None = None) -> gf.Case:
    """Payments of a morning (id, minute, from, to, amount); of X, Y and out no statement is held."""
    transfers = [
        {"transfer_id": name, "time": f"2024-03-01T09:{minute}:00", "source": source, "target": target,
         "amount": amount} for name, minute, source, target, amount in rows
    ]  # fmt: skip
    names = sorted({side for _, _, *sides, _ in rows for side in sides})
    accounts = [
        {"account_id": each, "party_id": each.upper(), "opening_balance": (openings or {}).get(each, "0"),
         "covered": "false" if each in ("X", "Y", "out") else "true"} for each in names
    ]  # fmt: skip
    return case_of({"transfers": frame_of(transfers), "accounts": frame_of(accounts)})


def minute(number: int) -> int:
    return int(START.timestamp() * 1e6) + 60_000_000 * number


def asked_of(case: gf.Case, seeds: dict[str, int], hops: int = 6, count: int = 2) -> Asked:
    """Seeds with their last moments; X is goal 1, Y goal 2."""
    ledger = case.ledger
    goals = np.zeros(len(ledger.account_ids), np.int8)
    for number, name in enumerate(("X", "Y"), 1):
        if ledger.account(name) >= 0:
            goals[ledger.account(name)] = number
    until = {ledger.row(name): moment for name, moment in seeds.items()}
    rows = np.array(sorted(until))
    return Asked(ledger, rows, np.array([until[row] for row in rows.tolist()]), goals, hops, count)


SEVERAL = [
    ("s0", "00", "out", "a", "100"), ("s1", "01", "out", "b", "50"), ("x0", "02", "a", "X", "60"),
    ("y1", "03", "b", "Y", "20"), ("x1", "04", "b", "X", "30"), ("x2", "05", "a", "X", "40"),
]  # fmt: skip


def test_each_of_several_seeds_has_its_own_last_moment_to_the_microsecond() -> None:
    case = small(SEVERAL)
    for last, wanted in (
        ((2, 4), [[6_000, 0], [3_000, 2_000]]), ((5, 3), [[10_000, 0], [0, 2_000]]), ((9, 9), [[10_000, 0], [3_000, 2_000]]),
        ((1, 2), [[0, 0], [0, 0]]),
    ):  # fmt: skip
        asked = asked_of(case, {"s0": minute(last[0]), "s1": minute(last[1])})
        found, lots = by_rule(asked, 2)
        assert {rule: amounts.tolist() for rule, amounts in found.items()} == {
            "fifo": wanted,
            "prorata": wanted,
        }
        first, _ = by_rule(asked, 1)
        assert {rule: amounts.tolist() for rule, amounts in first.items()} == {
            rule: [row[:1] for row in wanted] for rule in ("fifo", "prorata")
        }
        assert lots.amounts.tolist() == wanted
    just = asked_of(case, {"s0": minute(2) - 1, "s1": minute(4) - 1})
    assert (
        by_rule(just, 2)[0]["fifo"].tolist()
        == by_rule(just, 2)[0]["prorata"].tolist()
        == [[0, 0], [0, 2_000]]
    )


def test_what_carried_it_are_the_payments_to_the_first_goal_and_the_greatest_ways_come_first() -> None:
    case = small(SEVERAL)
    lots = lots_reaching(asked_of(case, {"s0": FAR, "s1": FAR}))
    name = [str(each) for each in case.ledger.transfer_ids.to_pylist()]
    assert [(int(seed), name[row]) for seed, row in lots.carried.tolist()] == [
        (0, "s0"), (0, "x0"), (0, "x2"), (1, "s1"), (1, "x1"),
    ]  # fmt: skip
    assert [(amount, [name[row] for row in way]) for amount, way in lots.ways] == [
        (6_000, ["s0", "x0"]), (4_000, ["s0", "x2"]), (3_000, ["s1", "x1"]),
    ]  # fmt: skip
    many = small(
        [("s0", "00", "out", "a", "150"), *((f"x{n}", f"0{n}", "a", "X", f"{n}0") for n in range(1, 6))]
    )
    ways = lots_reaching(asked_of(many, {"s0": FAR})).ways
    assert [amount for amount, _ in ways] == [5_000, 4_000, 3_000], "the three greatest"


def test_beside_other_money_each_rule_says_its_own() -> None:
    """100 of its own stand there, 50 are the seed; 60 are paid to X, 30 to Y, 60 remain."""
    case = small(
        [("s0", "00", "out", "a", "50"), ("x", "01", "a", "X", "120"), ("y", "02", "a", "Y", "15")],
        {"a": "100"},
    )
    found, _ = by_rule(asked_of(case, {"s0": FAR}), 2)
    assert found["fifo"].tolist() == [[2_000, 1_500]] and found["prorata"].tolist() == [[4_000, 500]]
    third = small([("s0", "00", "out", "a", "1"), ("x", "01", "a", "X", "2")], {"a": "2"})
    nearest, _ = by_rule(asked_of(third, {"s0": FAR}), 1)
    assert nearest["prorata"].tolist() == [[67]], "66.67 fen: the nearest whole one"


def test_what_stays_or_ends_where_it_may_go_no_further_has_come_to_nobody() -> None:
    case = small(
        [
            ("s0", "00", "out", "a", "10"),
            ("m", "01", "a", "b", "10"),
            ("n", "02", "b", "c", "10"),
            ("x", "03", "c", "X", "10"),
        ]
    )
    for hops, wanted in ((0, 0), (2, 0), (3, 1_000)):
        found, _ = by_rule(asked_of(case, {"s0": FAR}, hops), 2)
        assert {rule: amounts.tolist() for rule, amounts in found.items()} == {
            rule: [[wanted, 0]] for rule in ("fifo", "prorata")
        }
    straight = small([("s0", "00", "out", "X", "10"), ("s1", "01", "out", "Y", "20")])
    found, _ = by_rule(asked_of(straight, {"s0": FAR, "s1": FAR}, 0), 2)
    assert found["fifo"].tolist() == [[1_000, 0], [0, 2_000]]


def test_the_range_is_of_the_goals_asked_about_and_of_the_time_of_each_seed() -> None:
    """Beside 100 of its own, 60 of the seed's 100 at most and none at least come to X until the second minute."""
    rows = [("s0", "00", "out", "a", "100"), ("y", "01", "a", "Y", "30"), ("x0", "02", "a", "X", "60"),
            ("x1", "05", "a", "X", "100")]  # fmt: skip
    case = small(rows, {"a": "100"})
    both = asked_of(case, {"s0": minute(2)})
    seed = np.array([0])
    to_x, _ = range_of(both, seed, (1,), 10**8)
    assert (to_x.least, to_x.greatest, to_x.exact) == (0, 6_000, True)
    to_both, _ = range_of(both, seed, (1, 2), 10**8)
    assert (to_both.least, to_both.greatest) == (0, 9_000)
    later, _ = range_of(asked_of(case, {"s0": FAR}), seed, (1,), 10**8)
    assert (later.least, later.greatest) == (6_000, 10_000), "160 to X and 10 left, of which 100 were its own"


def test_bounds_of_several_moments_are_added_and_what_the_budget_left_out_too() -> None:
    case = small(SEVERAL)
    asked = asked_of(case, {"s0": minute(5), "s1": minute(4)})
    bounds, left = range_of(asked, np.arange(2), (1,), 10**8)
    assert (bounds.least, bounds.greatest, bounds.exact, bounds.left_out) == (13_000, 13_000, False, 0)
    _, one = range_of(asked, np.array([0]), (1,), 10**8)
    _, other = range_of(asked, np.array([1]), (1,), 10**8)
    assert 10**8 - left == (10**8 - one) + (10**8 - other) > 0
    nothing, _ = range_of(asked, np.arange(2), (1,), 0)
    assert (nothing.least, nothing.greatest, nothing.left_out, nothing.exact) == (0, 15_000, 15_000, False)
    single, _ = range_of(asked, np.array([0]), (1,), 0)
    assert (single.least, single.greatest, single.left_out, single.exact) == (0, 10_000, 10_000, False)


def test_money_has_come_when_it_arrives_not_when_it_leaves() -> None:
    transfers = [
        {"transfer_id": "s0", "time": "2024-03-01T09:00:00", "target_time": "", "source": "out", "target": "a", "amount": "100"},
        {"transfer_id": "x0", "time": "2024-03-01T09:02:00", "target_time": "2024-03-01T09:10:00", "source": "a",
         "target": "X", "amount": "60"},
    ]  # fmt: skip
    accounts = [
        {"account_id": each, "party_id": each, "opening_balance": "0", "covered": "true" if each == "a" else "false"}
        for each in ("out", "a", "X")
    ]  # fmt: skip
    late = case_of({"transfers": frame_of(transfers), "accounts": frame_of(accounts)})
    for last, wanted in ((minute(10) - 1, 0), (minute(10), 6_000)):
        found, _ = by_rule(asked_of(late, {"s0": last}), 1)
        assert {rule: int(amounts[0, 0]) for rule, amounts in found.items()} == dict.fromkeys(
            ("fifo", "prorata"), wanted
        )
