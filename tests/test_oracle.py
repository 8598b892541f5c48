"""The oracle itself: the written vectors under every rule, and what must hold of any right answer.

The oracle is what the product is compared with (tests/test_tracing_properties.py), so it is held to what is known
without it: the vectors of the law, conservation, transposition, bounds, and money that is followed coin by coin. Faults
that are planted in it are seen (tests/test_oracle_faults.py).
"""

from __future__ import annotations

import importlib
import math
import os
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import oracle
from tests.naive.envelope import Network
from tests.naive.oracle import Oracle, Ref, RefusedError, TooLongError
from tests.naive.oracle_orders import intervals, spans
from tests.oracle_checks import (
    CONSERVING,
    LINEAR,
    agree_unit_by_unit,
    amount_at,
    answered,
    check_bounds,
    check_libr,
    check_linear,
    check_paired,
    check_t6,
    every_order,
    flows,
    holds,
    place_ref,
    transposed,
)  # fmt: skip
from tests.oracle_vectors import (
    DAY,
    LIBR_VECTORS,
    LINEAR_VECTORS,
    PAIRED,
    START,
    T1,
    T5,
    T7,
    T8,
    T11,
    book,
    cash_case,
)  # fmt: skip
from tests.strategies import Tables, features, ledgers, questions

EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "120"))
many = settings(max_examples=EXAMPLES)


# ---------------------------------------------------------------------- the vectors
@pytest.mark.parametrize("name", LINEAR_VECTORS)
def test_a_vector_forward_and_backward(name: str) -> None:
    check_linear(name)


@pytest.mark.parametrize("name", [name for name in LINEAR_VECTORS if name.endswith(("prorata", "rolling"))])
def test_pro_rata_in_whole_units_is_within_one_of_a_vector(name: str) -> None:
    _, tables, shares = LINEAR_VECTORS[name]
    asked = Oracle(tables)
    for place, of in shares.items():
        for label, amount in of.items():
            answer = asked.trace([place_ref(label, START)], "prorata")
            assert abs(amount_at(answer, place) - amount) <= 1


@pytest.mark.parametrize("name", LIBR_VECTORS)
def test_a_vector_of_the_lowest_intermediate_balance(name: str) -> None:
    check_libr(name)


def test_poison_touches_everything_behind_it() -> None:
    answer = Oracle(T1).trace([Ref("transfer", "r0"), Ref("transfer", "r3")], "poison")
    assert answer.transfers == {"r2": [250, None], "r4": [300, None]}
    assert answer.ends == {
        ("balance", "X", "CNY"): [250, None],
        ("balance", "Y", "CNY"): [300, None],
        ("balance", "M", "CNY"): [150, None],
    }
    assert (answer.seed, answer.chains) == (400, {})
    ends = Oracle(T5).trace([Ref("transfer", "r1")], "poison").ends
    assert {account: ends["balance", account, "CNY"][0] for account in "PQR"} == {"P": 60, "Q": 50, "R": 110}
    # a payment made before is not touched; what repays an overdraft is the lender's, and touched all the same
    answer = Oracle(T7).trace([Ref("transfer", "r1")], "poison")
    assert answer.ends == {("lender", "M", "CNY"): [60, None], ("balance", "Y", "CNY"): [40, None]}
    # backward: everything that could have contributed
    answer = Oracle(T5).trace([Ref("transfer", "r4")], "poison", backward=True)
    assert set(answer.transfers) == {"r0", "r1", "r2", "r3"}
    assert answer.ends == {("balance", "clean", "CNY"): [120, None], ("balance", "taint", "CNY"): [100, None]}
    assert Oracle(T7).trace([Ref("transfer", "r0")], "poison", backward=True).ends == {
        ("lender", "M", "CNY"): [60, None]
    }
    answer = Oracle(T8).trace([Ref("transfer", "r1")], "poison", backward=True)
    assert answer.ends == {("balance", "M", "CNY"): [80, None], ("balance", "t", "CNY"): [50, None]}


def test_poison_goes_as_far_as_the_shortest_path() -> None:
    """From A to C directly and through B: what C pays is two transfers behind the seed, not three."""
    rows = [("S", "A", 9), ("A", "B", 3), ("B", "C", 3), ("C", "D", 1), ("A", "C", 2), ("C", "E", 1)]
    answer = Oracle(book(rows, {})).trace([Ref("transfer", "r0")], "poison", max_hops=2)
    assert set(answer.transfers) == {"r1", "r2", "r4", "r5"}
    assert answer.ends["horizon", "C", "CNY"] == [1, None]
    with pytest.raises(RefusedError):
        Oracle(T1).trace([Ref("transfer", "r0")], "poison", min_amount=1)


def test_whose_money_is_where_by_party() -> None:
    """T1's trust: A has three of four parts of what the pot pays, C one; of one party they are one."""
    asked = Oracle({**T1, "accounts": [*T1["accounts"], {"account_id": "A", "party_id": "P"}]})
    answer = asked.trace([Ref("transfer", "r0"), Ref("transfer", "r3")], "libr")
    whose = {(seed, account): value for (seed, _, account, _), value in asked.by_party(answer).items()}
    assert whose == {
        ("P", "Y"): Fraction(375, 2), ("account C", "Y"): Fraction(125, 2),
        ("P", "M"): Fraction(225, 2), ("account C", "M"): Fraction(75, 2),
    }  # fmt: skip
    asked = Oracle({**T1, "accounts": [*T1["accounts"], *({"account_id": a, "party_id": "P"} for a in "AC")]})
    whose = {key[0]: value for key, value in asked.by_party(answer).items() if key[2] == "Y"}
    assert whose == {"P": 250}


def test_t6_an_order_within_one_second() -> None:
    for first, touched in (("t", 100), ("c", 0)):
        rows = [(first, "M", 100), ("c" if first == "t" else "t", "M", 100), ("M", "X", 100)]
        tables = book(rows, {"M": 0})
        seed = Ref("transfer", "r0" if first == "t" else "r1")
        assert amount_at(Oracle(tables).trace([seed]), "r2") == touched
        assert amount_at(Oracle(tables).trace([seed], "lifo"), "r2") == 100 - touched
        assert amount_at(Oracle(tables).trace([seed], "prorata"), "r2") == 50


def test_t7_money_that_repays_an_overdraft_goes_on_as_its_payment() -> None:
    asked = Oracle(T7)
    answer = asked.trace([Ref("transfer", "r1")], overdraft="coordinated")
    assert answer.ends == {("balance", "X", "CNY"): [60, 60], ("balance", "Y", "CNY"): [40, 40]}
    assert answer.chains == {
        (("r1", "r0"), "balance", "X", "CNY"): 60,
        (("r1", "r2"), "balance", "Y", "CNY"): 40,
    }
    for name, amount in (("r0", 60), ("r2", 40)):
        answer = asked.trace([Ref("transfer", name)], overdraft="coordinated", backward=True)
        assert answer.ends == {("balance", "t", "CNY"): [amount, amount]}
    with pytest.raises(RefusedError):
        asked.trace([Ref("transfer", "r1")], "lifo", overdraft="coordinated")
    # the oldest overdraft is repaid first, and a negative opening, the oldest of all, stays the lender's
    rows = [("M", "X", 60), ("M", "Z", 30), ("t", "M", 70), ("u", "M", 50)]
    asked = Oracle(book(rows, {"M": -10}))
    answer = asked.trace([Ref("transfer", "r2")], overdraft="coordinated")
    assert answer.ends == {("lender", "M", "CNY"): [10, 10], ("balance", "X", "CNY"): [60, 60]}
    answer = asked.trace([Ref("transfer", "r3")], overdraft="coordinated")
    assert answer.ends == {("balance", "Z", "CNY"): [30, 30], ("balance", "M", "CNY"): [20, 20]}
    # what nobody has repaid stays the lender's
    asked = Oracle(book([*rows[:2], ("t", "M", 75)], {"M": -10}))
    answer = asked.trace([Ref("transfer", "r1")], overdraft="coordinated", backward=True)
    assert answer.ends == {("balance", "t", "CNY"): [5, 5], ("lender", "M", "CNY"): [25, 25]}


@pytest.mark.parametrize(("rule", "dollars"), [("fifo", 50), ("lifo", 50), ("prorata", 50), ("libr", 50)])
def test_t11_a_conversion_at_the_executed_rate(rule: str, dollars: int) -> None:
    answer = Oracle(T11).trace([Ref("transfer", "r1")], rule)
    assert answer.ends == {("balance", "N", "USD"): [dollars, 360]}
    assert answer.transfers == {"r2": [360, 360]}


def test_under_lifo_an_order_is_turned_on_taking_and_not_in_transit() -> None:
    """S pays 1 then 2; lifo takes the 2 first; behind a transfer in transit the order is as it was."""
    rows = [("a", "M", 1), ("b", "M", 2), ("M", "N", 3), ("N", "X", 1), ("N", "Y", 2)]
    asked = Oracle(book(rows, {"M": 0, "N": 0}))
    # taken in the order b, a: the last of it, a, leaves first
    assert asked.trace([Ref("transfer", "r0")], "lifo").transfers == {"r2": [1, 1], "r3": [1, 1]}
    later = {"target_time": "2024-05-01T10:02:30"}
    asked = Oracle(book([*rows[:2], (*rows[2], later), *rows[3:]], {"M": 0, "N": 0}))
    assert asked.trace([Ref("transfer", "r0")], "lifo").transfers == {"r2": [1, 1], "r3": [1, 1]}
    # a lender is repaid out of a credit's last money, which is the first that came
    asked = Oracle(book([("N", "Z", 1), *rows], {"M": 0, "N": 0}))
    assert asked.trace([Ref("transfer", "r1")], "lifo").ends == {("lender", "N", "CNY"): [1, 1]}
    # what stands is the oldest first
    asked = Oracle(book(rows, {"M": 0, "N": 0}))
    answer = asked.trace([Ref("balance", "M", "2024-05-01T10:01:30", 1)], "lifo", backward=True)
    assert answer.ends == {("balance", "a", "CNY"): [1, 1]}
    answer = asked.trace([Ref("balance", "M", "2024-05-01T10:01:30", 1)], "lifo")
    assert answer.ends == {("balance", "X", "CNY"): [1, 1]}


# ---------------------------------------------------------------------- what holds of every answer
@pytest.mark.parametrize("rule", CONSERVING)
def test_nothing_is_created_or_lost(rule: str) -> None:
    @many
    @given(st.data())
    def check(data: st.DataObject) -> None:
        tables = data.draw(ledgers())
        question = data.draw(questions(tables))
        if rule == "libr":
            question = replace(question, backward=False)
        hypothesis.assume(holds(tables, question, rule))

    check()


def test_nothing_is_created_or_lost_where_overdrafts_are_coordinated() -> None:
    @many
    @given(st.data())
    def check(data: st.DataObject) -> None:
        tables = data.draw(ledgers(features(overdrafts=True, large=False)))
        hypothesis.assume(holds(tables, data.draw(questions(tables)), "fifo", "coordinated"))

    check()


@pytest.mark.parametrize("rule", LINEAR)
def test_forward_and_backward_are_one_question(rule: str) -> None:
    """But not where overdrafts are coordinated: round a circle, a seed is passed once and another transfer often."""

    @settings(max_examples=max(EXAMPLES // 3, 1))
    @given(ledgers(features(converts=False, large=False)))
    def check(tables: Tables) -> None:
        transposed(tables, rule)

    check()


def test_poison_is_a_bound_of_every_rule() -> None:
    @many
    @given(st.data())
    def check(data: st.DataObject) -> None:
        tables = data.draw(ledgers())
        question = data.draw(questions(tables, limits=False))
        asked = Oracle(tables)
        most = answered(asked, question, "poison")
        hypothesis.assume(most is not None)
        assert most is not None
        for rule in CONSERVING:
            answer = answered(asked, question, rule)
            if answer is None:
                assert rule == "libr" and question.backward
                continue
            assert answer.touched <= most.touched
            if rule == "exact" and asked.rows.converts:
                continue  # fractions of what poison rounds
            for name, (traced, _) in answer.transfers.items():
                assert not traced or traced <= most.transfers[name][0]
            for end, (amount, _) in answer.ends.items():
                assert not amount or amount <= most.ends[end][0]

    check()


def test_libr_keeps_the_lowest_balance_since_the_money_came() -> None:
    """The textbook's recursion, in one account of which nothing else is known: T = min(T + trust, balance)."""

    @many
    @given(st.integers(0, 2**32 - 1))
    def check(seed: int) -> None:
        rng = random.Random(seed)
        rows, trust, balance, held = [], [], 20, 0
        for _ in range(rng.randint(1, 15)):
            amount = rng.randint(1, 12)
            if rng.random() < 0.5:
                if rng.random() < 0.5:
                    trust.append(f"r{len(rows)}")
                    held += amount
                rows.append(("S", "M", amount))
                balance += amount
            elif balance:
                amount = min(amount, balance)
                rows.append(("M", "X", amount))
                balance -= amount
            held = min(held, balance)
        hypothesis.assume(trust)
        answer = Oracle(book(rows, {"M": 20})).trace([Ref("transfer", name) for name in trust], "libr")
        assert answer.ends.get(("balance", "M", "CNY"), [0])[0] == held

    check()


# ---------------------------------------------------------------------- unit by unit
@pytest.mark.parametrize("rule", ["fifo", "lifo", "coordinated"])
def test_lots_are_what_their_units_are(rule: str) -> None:
    @settings(max_examples=max(EXAMPLES // 3, 1))
    @given(ledgers(features(converts=False, large=False)))
    def check(tables: Tables) -> None:
        try:
            agree_unit_by_unit(tables, rule if rule == "lifo" else "fifo", rule == "coordinated")
        except TooLongError:
            hypothesis.reject()

    check()


# ---------------------------------------------------------------------- gaps of cash
@pytest.mark.parametrize(
    ("rule", "put"), [("fifo", 8000), ("lifo", 8000), ("prorata", 9600), ("exact", 9600), ("libr", 8000)]
)
def test_t12_cash_that_was_withdrawn_and_put_in_again(rule: str, put: int) -> None:
    tables = cash_case(
        [
            (DAY + "09:00:00", "t", "M", 10_000),
            (DAY + "10:02:00", "M", "cash:M", 50_000),
            (DAY + "15:40:00", "cash:N", "N", 48_000),
        ],
        opening=40_000,
    )
    asked = Oracle(tables)
    stops = asked.trace([Ref("transfer", "r0")], rule)
    assert stops.ends == {("cash", "cash:M", "CNY"): [10_000, 10_000]}
    answer = asked.trace([Ref("transfer", "r0")], rule, cash_gaps=True)
    rest = 10_000 - put
    assert answer.ends == {("balance", "N", "CNY"): [put, put], ("cash", "cash:M", "CNY"): [rest, rest]}
    assert answer.transfers == {"r1": [10_000, 10_000], "r2": [put, put]}
    if rule != "exact":
        inferred = (("r0", "r1", "r2"), "balance", "N", "CNY")
        assert answer.chains == {inferred: put, (("r0", "r1"), "cash", "cash:M", "CNY"): rest}
        assert answer.inferred == {inferred}
        # a limit counts both; what it stops has not come through the gap
        answer = asked.trace([Ref("transfer", "r0")], rule, cash_gaps=True, max_hops=1)
        end = (("r0", "r1"), "horizon", "cash:M", "CNY")
        assert (answer.chains[end], answer.inferred) == (put, set())
    if rule != "libr":
        answer = asked.trace([Ref("transfer", "r2")], rule, backward=True, cash_gaps=True)
        assert answer.ends == {
            ("balance", "t", "CNY"): [put, put],
            ("returned", "M", "CNY"): [48_000 - put, 48_000 - put],  # N's holder got it, and is M's
        }
    poison = asked.trace([Ref("transfer", "r0")], "poison", cash_gaps=True)
    assert poison.transfers == {"r1": [50_000, None], "r2": [48_000, None]}
    assert poison.ends == {("balance", "N", "CNY"): [48_000, None], ("cash", "cash:M", "CNY"): [2_000, None]}
    # the period closes between the two
    answer = asked.trace([Ref("transfer", "r0")], rule, cash_gaps=True, until=DAY + "12:00:00")
    assert answer.ends == {("cash", "cash:M", "CNY"): [10_000, 10_000]}


@pytest.mark.parametrize("number", range(len(PAIRED)))
def test_which_deposit_is_which_withdrawals(number: int) -> None:
    check_paired(PAIRED[number])


def test_with_gaps_of_cash_nothing_is_lost_and_lots_are_their_units() -> None:
    @settings(max_examples=max(EXAMPLES // 6, 1))
    @given(ledgers(features(cash=True, large=False, converts=False, most=16)))
    def check(tables: Tables) -> None:
        asked = Oracle(tables)
        joined = asked.over_gaps().rows.gap_of
        hypothesis.assume(joined)
        for rule in ("fifo", "lifo"):
            agree_unit_by_unit(tables, rule, gaps=True)
        transposed(tables, "exact", gaps=True)
        for name in sorted(joined)[:4]:
            for backward in (False, True):
                network = Network(asked.over_gaps(), [Ref("transfer", name)], backward)
                for rule in CONSERVING:
                    if rule == "libr" and backward:
                        continue
                    answer = asked.trace([Ref("transfer", name)], rule, backward, cash_gaps=True)
                    assert sum(seed for _, seed in answer.ends.values()) == answer.seed
                    assert network.feasible(answer)

    check()


# ---------------------------------------------------------------------- open orders
def test_t6_whose_order_nobody_knows_is_an_interval() -> None:
    check_t6()


def test_intervals_are_those_over_every_order_that_is_possible() -> None:
    """Of all permutations of the rows that nothing forbids: none says less or more."""

    @settings(max_examples=max(EXAMPLES // 3, 1))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        few = features(orders=("open", "sides", "balances"), most=6, vague=True, large=False)
        tables = data.draw(ledgers(few))
        question = data.draw(questions(tables))
        hypothesis.assume(
            all(ref.amount is None or ref.kind in ("transfer", "balance") for ref in question.refs)
        )
        asked = Oracle(tables)
        hypothesis.assume("contradictory order" not in asked.rows.breaks)
        possible = 1
        for group in asked.rows.groups:
            possible *= math.factorial(len(group))
        hypothesis.assume(1 < possible <= 1000)
        rule = data.draw(st.sampled_from(("fifo", "lifo", "prorata", "poison")))
        where = question.settings() | ({"min_amount": 0} if rule == "poison" else {})
        answers = []
        for order in every_order(asked.rows):
            try:
                answers.append(
                    Oracle.of(asked.rows.reordered(order)).trace(list(question.refs), rule, **where)
                )
            except RefusedError:
                continue
        hypothesis.assume(answers)
        found = intervals(asked, list(question.refs), rule=rule, **where)
        assert found is not None
        for mine, theirs in (
            (found.transfers, [answer.transfers for answer in answers]),
            (found.ends, [answer.ends for answer in answers]),
        ):
            wanted = spans([{key: amounts[0] for key, amounts in each.items()} for each in theirs])
            assert {k: v for k, v in mine.items() if any(v)} == {k: v for k, v in wanted.items() if any(v)}

    check()


# ---------------------------------------------------------------------- the envelope
def test_the_envelope_of_t1_and_of_t8() -> None:
    check_bounds()


def test_what_is_no_flow_is_seen() -> None:
    network = Network(Oracle(T1), [Ref("transfer", "r0"), Ref("transfer", "r3")])
    x, y, left = ("balance", "X", "CNY"), ("balance", "Y", "CNY"), ("balance", "M", "CNY")
    for paid_x, paid_y, stays, good in [
        (150, 150, 100, True), (0, 300, 100, True), (251, 100, 49, False), (100, 149, 151, False),
        (0, 250, 149, False), (0, 300, 99, False),
    ]:  # fmt: skip
        answer = Oracle(T1).trace([Ref("transfer", "r0"), Ref("transfer", "r3")])
        answer.transfers = {"r2": [paid_x, paid_x], "r4": [paid_y, paid_y]}
        answer.ends = {x: [paid_x, paid_x], y: [paid_y, paid_y], left: [stays, stays]}
        assert network.feasible(answer) == good
    # time: X is paid before C's money came
    answer = Oracle(T1).trace([Ref("transfer", "r3")])
    answer.transfers, answer.ends = {"r2": [1, 1]}, {x: [1, 1], left: [99, 99]}
    assert not Network(Oracle(T1), [Ref("transfer", "r3")]).feasible(answer)


def test_every_rule_is_a_flow_and_within_the_bounds() -> None:
    @settings(max_examples=max(EXAMPLES // 2, 1))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        tables = data.draw(ledgers(features(large=False, most=12)))
        hypothesis.assume(flows(tables, data.draw(questions(tables, limits=False))))

    check()


def test_the_oracle_imports_nothing_of_the_product() -> None:
    for file in [*Path(oracle.__file__).parent.glob("oracle*.py"), Path("envelope.py")]:
        module = importlib.import_module(f"tests.naive.{file.stem}")
        for value in vars(module).values():
            home = getattr(value, "__module__", None) or getattr(value, "__name__", "")
            assert not str(home).startswith("graphflow"), file.name
