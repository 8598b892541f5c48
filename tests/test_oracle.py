"""The oracle itself: the written vectors under every rule, and what must hold of any right answer.

The oracle is what the product is compared with (tests/test_tracing_properties.py), so it is held to what is known
without it: the vectors of the law, conservation, transposition, bounds. Faults that are planted in it are seen.
"""

from __future__ import annotations

import importlib
import itertools
import math
import os
import random
import sys
import types
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import oracle
from tests.naive.envelope import Network
from tests.naive.oracle import Answer, Oracle, Ref, RefusedError, TooLongError
from tests.naive.oracle_books import keep_books
from tests.naive.oracle_gaps import gaps_of
from tests.naive.oracle_orders import intervals, spans
from tests.naive.oracle_rows import Rows, Step, earmark_of
from tests.strategies import (
    Asked,
    Tables,
    Writer,
    choose_features,
    features,
    ledgers,
    questions,
)

F = Fraction
EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "300"))
many = settings(max_examples=EXAMPLES)
LINEAR = ("fifo", "lifo", "exact")
CONSERVING = ("fifo", "lifo", "prorata", "exact", "libr")
START, END = "2024-05-01T09:00:00", "2024-05-01T23:00:00"


# ---------------------------------------------------------------------- the vectors of domain.md, section 2.2
def book(rows: list[tuple], opening: dict[str, int], accounts: list[dict] = ()) -> Tables:
    """Tables of a small case: source, target, amount and further columns; each a minute after the one before."""
    transfers = []
    for number, (source, target, amount, *more) in enumerate(rows):
        row = {"transfer_id": f"r{number}", "time": f"2024-05-01T10:{number:02d}:00", "currency": "CNY"}
        row |= {"source": source, "target": target, "amount": amount}
        transfers.append(row | (more[0] if more else {}))
    stated = [{"account_id": name, "opening_balance": value} for name, value in opening.items()]
    return {"transfers": transfers, "accounts": [*stated, *accounts]}


T1 = book([("A", "M", 300), ("B", "M", 200), ("M", "X", 250), ("C", "M", 100), ("M", "Y", 300)], {"M": 100})
T2 = book(
    [("Paul", "M", 10), ("Michael", "M", 10), ("M", "X", 10), ("Karen", "M", 10), ("M", "Y", 10)], {"M": 0}
)
T3 = book(
    [("T", "M", 1000), ("M", "X", 900), ("own", "M", 500), ("M", "Y", 100), ("own", "M", 700)], {"M": 0}
)
T4 = book([("trust", "M", 200_000), ("M", "car", 75_000), ("M", "boat and jet", 179_500)], {"M": 100_000})
T5 = book(
    [
        ("clean", "P", 100),
        ("taint", "P", 100),
        ("clean", "Q", 20),
        ("P", "Q", 80),
        ("Q", "R", 50),
        ("P", "R", 60),
    ],
    {"P": 0, "Q": 0, "R": 0},
)
T7 = book([("M", "X", 60), ("t", "M", 100), ("M", "Y", 40)], {"M": 0})
T8 = book([("t", "M", 50), ("M", "X", 120), ("c", "M", 30), ("M", "Y", 40)], {})
T9 = book([("t", "M", 50), ("M", "X", 80), ("M", "FEE", 2, {"fee_of": "r1"})], {"M": 50})
UNDONE = {"reversal_of": "r2"}
T10 = book(
    [("t", "M", 100), ("c", "M", 100), ("M", "X", 50), ("X", "M", 50, UNDONE), ("M", "Y", 120)], {"M": 0}
)
DOLLARS = {"target_amount": 100, "target_currency": "USD"}
T11 = book([("c", "M", 360), ("t", "M", 360), ("M", "N", 720, DOLLARS)], {"M": 0})

# Rule, tables; of each place (a transfer, or =M: what is left in M), of whom its money is (a transfer, or =M: M's opening).
LINEAR_VECTORS = {
    "T1.fifo": ("fifo", T1, {"r2": {"=M": 100, "r0": 150}, "r4": {"r0": 150, "r1": 150}, "=M": {"r1": 50, "r3": 100}}),
    "T1.lifo": ("lifo", T1, {"r2": {"r1": 200, "r0": 50}, "r4": {"r3": 100, "r0": 200}, "=M": {"=M": 100, "r0": 50}}),
    "T1.prorata": ("exact", T1, {
        "r2": {"=M": F(125, 3), "r0": 125, "r1": F(250, 3)},
        "r4": {"=M": F(350, 9), "r0": F(350, 3), "r1": F(700, 9), "r3": F(200, 3)},
        "=M": {"=M": F(175, 9), "r0": F(175, 3), "r1": F(350, 9), "r3": F(100, 3)},
    }),
    "T2.fifo": ("fifo", T2, {"r2": {"r0": 10}, "r4": {"r1": 10}, "=M": {"r3": 10}}),
    "T2.lifo": ("lifo", T2, {"r2": {"r1": 10}, "r4": {"r3": 10}, "=M": {"r0": 10}}),
    "T2.rolling": ("exact", T2, {
        "r2": {"r0": 5, "r1": 5},
        "r4": {"r0": F(5, 2), "r1": F(5, 2), "r3": 5},
        "=M": {"r0": F(5, 2), "r1": F(5, 2), "r3": 5},
    }),
    "T3.fifo": ("fifo", T3, {"r1": {"r0": 900}, "r3": {"r0": 100}, "=M": {"r2": 500, "r4": 700}}),
    "T3.lifo": ("lifo", T3, {"r1": {"r0": 900}, "r3": {"r2": 100}, "=M": {"r0": 100, "r2": 400, "r4": 700}}),
    "T3.prorata": ("exact", T3, {
        "r1": {"r0": 900}, "r3": {"r0": F(50, 3), "r2": F(250, 3)}, "=M": {"r0": F(250, 3), "r2": F(1250, 3), "r4": 700},
    }),
    "T5.fifo": ("fifo", T5, {"=P": {"r1": 60}, "=Q": {"r0": 50}, "=R": {"r0": 50, "r1": 40, "r2": 20}}),
    "T5.lifo": ("lifo", T5, {"=P": {"r0": 60}, "=Q": {"r1": 30, "r2": 20}, "=R": {"r1": 70, "r0": 40}}),
    "T5.prorata": ("exact", T5, {
        "=P": {"r0": 30, "r1": 30}, "=Q": {"r0": 20, "r1": 20, "r2": 10}, "=R": {"r0": 50, "r1": 50, "r2": 10},
    }),
    "T7.fifo": ("fifo", T7, {"r2": {"r1": 40}, "!M": {"r1": 60}}),
    "T7.lifo": ("lifo", T7, {"r2": {"r1": 40}, "!M": {"r1": 60}}),
    "T7.prorata": ("exact", T7, {"r2": {"r1": 40}, "!M": {"r1": 60}}),
    "T8.fifo": ("fifo", T8, {"r1": {"=M": 80, "r0": 40}, "r3": {"r0": 10, "r2": 30}}),
    "T8.lifo": ("lifo", T8, {"r1": {"=M": 70, "r0": 50}, "r3": {"=M": 10, "r2": 30}}),
    "T8.prorata": ("exact", T8, {
        "r1": {"=M": F(960, 13), "r0": F(600, 13)}, "r3": {"=M": F(80, 13), "r0": F(50, 13), "r2": 30},
    }),
    "T9.fifo": ("fifo", T9, {"r1": {"=M": 50, "r0": 30}, "r2": {"r0": 2}, "=M": {"r0": 18}}),
    "T9.lifo": ("lifo", T9, {"r1": {"=M": 30, "r0": 50}, "r2": {"=M": 2}, "=M": {"=M": 18}}),
    "T9.prorata": ("exact", T9, {
        "r1": {"=M": 40, "r0": 40}, "r2": {"=M": 1, "r0": 1}, "=M": {"=M": 9, "r0": 9},
    }),
    "T10.fifo": ("fifo", T10, {"r4": {"r0": 100, "r1": 20}, "=M": {"r1": 80}}),
    "T10.lifo": ("lifo", T10, {"r4": {"r1": 100, "r0": 20}, "=M": {"r0": 80}}),
    "T10.prorata": ("exact", T10, {"r4": {"r0": 60, "r1": 60}, "=M": {"r0": 40, "r1": 40}}),
}  # fmt: skip

# tables, the trust's money; of each place, whose money is there: by claimant, pro rata inside the trust's
LIBR_VECTORS = {
    "T1.libr": (T1, ("r0", "r3"), {"r4": {"r0": F(375, 2), "r3": F(125, 2)}, "=M": {"r0": F(225, 2), "r3": F(75, 2)}}),
    "T3.libr": (T3, ("r0",), {"r1": {"r0": 900}, "=M": {"r0": 100}}),
    "T4.libr": (T4, ("r0",), {"r2": {"r0": 154_500}, "=M": {"r0": 45_500}}),
    "T5.libr": (T5, ("r1",), {"r5": {"r1": 40}, "=P": {"r1": 60}, "=R": {"r1": 40}}),
    "T7.libr": (T7, ("r1",), {"r2": {"r1": 40}, "!M": {"r1": 60}}),
    "T8.libr": (T8, ("r0",), {"r1": {"r0": 40}, "r3": {"r0": 10}}),
    "T9.libr": (T9, ("r0",), {"r1": {"r0": 30}, "r2": {"r0": 2}, "=M": {"r0": 18}}),
    "T10.libr": (T10, ("r0",), {"r4": {"r0": 20}, "=M": {"r0": 80}}),
}  # fmt: skip


def place_ref(place: str, time: str) -> Ref:
    return Ref("balance", place[1:], time) if place[0] == "=" else Ref("transfer", place)


def amount_at(answer: Answer, place: str) -> Any:
    """What an answer says of a place: a transfer, =M what is left in M (backward its opening), !M its lender."""
    if place[0] in "=!":
        word = {"=": "balance", "!": "lender"}[place[0]]
        return answer.ends.get((word, place[1:], "CNY"), [0])[0]
    return answer.transfers.get(place, [0])[0]


def check_linear(name: str, module: Any = oracle) -> None:
    """Asked from every side: of each place whose money it is, of each money where it went."""
    rule, tables, shares = LINEAR_VECTORS[name]
    asked = module.Oracle(tables)
    whose = sorted({label for place in shares.values() for label in place})
    for label in whose:
        answer = asked.trace([place_ref(label, START)], rule)
        for place, of in shares.items():
            assert amount_at(answer, place) == of.get(label, 0), (label, place)
    for place, of in shares.items():
        if place[0] == "!":
            continue
        answer = asked.trace([place_ref(place, END)], rule, backward=True)
        for label in whose:
            assert amount_at(answer, label) == of.get(label, 0), (place, label)
    # with several seeds: whose money is where, and all of it
    together = asked.trace([place_ref(label, START) for label in whose if label[0] != "="], rule)
    by_seed: Counter = Counter()
    for (seed, kind, account, _), value in together.by_seed.items():
        by_seed[seed, {"balance": "=", "lender": "!"}[kind] + account] += value
    for place, of in shares.items():
        for label in whose:
            if place[0] != "r" and label[0] != "=":
                assert by_seed[label, place] == of.get(label, 0)


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


def check_libr(name: str, module: Any = oracle) -> None:
    tables, trust, shares = LIBR_VECTORS[name]
    answer = module.Oracle(tables).trace([Ref("transfer", seed) for seed in trust], "libr")
    assert {place: sum(of.values()) for place, of in shares.items()} == {
        place: amount_at(answer, place) for place in shares
    }
    assert set(answer.transfers) == {place for place in shares if place[0] == "r"}
    for place, of in shares.items():
        if place[0] != "r":
            word = {"=": "balance", "!": "lender"}[place[0]]
            found = {seed: v for (seed, *end), v in answer.by_seed.items() if end[:2] == [word, place[1:]]}
            assert found == of
        elif len(trust) > 1:
            target = next(row["target"] for row in tables["transfers"] if row["transfer_id"] == place)
            found = {seed: v for (seed, _, account, _), v in answer.by_seed.items() if account == target}
            assert found == of
    with pytest.raises(module.RefusedError):
        module.Oracle(tables).trace([Ref("transfer", trust[0])], "libr", backward=True)


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
def answered(asked: Oracle, question: Asked, rule: str, **more: Any) -> Answer | None:
    limits = question.settings()
    if rule == "exact":
        limits |= {"max_hops": None, "min_amount": 0}
    try:
        return asked.trace(list(question.refs), rule, **limits, **more)
    except (RefusedError, TooLongError):
        return None


def holds(tables: Tables, question: Asked, rule: str, overdraft: str = "lender") -> bool:
    """Conservation, in all its forms; False where there is no answer."""
    asked = Oracle(tables)
    answer = answered(asked, question, rule, overdraft=overdraft)
    if answer is None:
        return False
    converts = asked.rows.converts
    ended = {end: value for end, (_, value) in answer.ends.items() if value}
    for name, (traced, seed) in answer.transfers.items():
        assert 0 <= traced <= asked.rows.net[name]
        assert 0 <= seed <= answer.seed or rule == "exact" or overdraft == "coordinated"
    if rule != "exact":  # which has no chains, and counts in local units
        assert sum(ended.values()) == answer.seed
        by_end, by_transfer = Counter(), Counter()
        for (path, *end), value in answer.chains.items():
            by_end[tuple(end)] += value
            by_transfer.update({name: value for name in path if name not in answer.seeds})
            steps = [asked.rows.leave_place[name] for name in path]
            assert overdraft == "coordinated" or steps == sorted(steps, reverse=question.backward)
            if question.max_hops is not None:
                assert len([name for name in path if name not in answer.seeds]) <= question.max_hops
        assert by_end == ended
        if not converts and overdraft == "lender":  # else one chain may pass a transfer more than once
            assert by_transfer == {name: seed for name, (_, seed) in answer.transfers.items() if seed}
    if rule != "exact" or not converts:
        rows: dict[object, Any] = defaultdict(int)
        columns: dict[tuple, Any] = defaultdict(int)
        for (seed, *end), value in answer.by_seed.items():
            assert value >= 0
            rows[seed] += value
            columns[tuple(end)] += value
        assert {seed: value for seed, value in rows.items() if isinstance(seed, str)} == answer.seeds
        assert sum(rows.values()) == answer.seed
        if not converts or rule in ("fifo", "lifo"):
            assert columns == ended
    whole_accounts_as_parties(asked, question, rule, overdraft, answer)
    return True


def whole_accounts_as_parties(
    asked: Oracle, question: Asked, rule: str, overdraft: str, answer: Answer
) -> None:
    """In party view the totals are the same; a limit that does not bind changes nothing."""
    if question.max_hops is not None or question.min_amount:
        return
    party = asked.rows.party
    view = answered(asked, question, rule, overdraft=overdraft, by="party")
    assert view is not None
    by_party: dict[tuple, list] = defaultdict(lambda: [0, 0])
    for (kind, account, currency), value in answer.ends.items():
        for n in (0, 1):
            by_party[kind, party(account), currency][n] += value[n]
    assert view.ends == by_party
    assert view.transfers == answer.transfers
    rows = asked.rows.rows
    folded: Counter = Counter()
    for (path, kind, account, currency), value in answer.chains.items():
        kept = tuple(
            name
            for number, name in enumerate(path)
            if (number == 0 and name in answer.seeds)
            or party(rows[name]["source"]) != party(rows[name]["target"])
        )
        folded[kept, kind, party(account), currency] += value
    assert view.chains == folded
    if rule != "exact" and overdraft == "lender":
        limits = question.settings() | {"max_hops": 10**6, "min_amount": 1}
        again = asked.trace(list(question.refs), rule, **limits)
        assert again.chains == answer.chains or asked.rows.converts


@pytest.mark.parametrize("rule", CONSERVING)
def test_nothing_is_created_or_lost(rule: str) -> None:
    @many
    @given(st.data())
    def check(data: st.DataObject) -> None:
        tables = data.draw(ledgers())
        hypothesis.assume(holds(tables, data.draw(questions(tables)), rule))

    check()


def test_nothing_is_created_or_lost_where_overdrafts_are_coordinated() -> None:
    @many
    @given(st.data())
    def check(data: st.DataObject) -> None:
        tables = data.draw(ledgers(features(overdrafts=True, large=False)))
        hypothesis.assume(holds(tables, data.draw(questions(tables)), "fifo", "coordinated"))

    check()


def transposed(tables: Tables, rule: str, module: Any = oracle, gaps: bool = False) -> None:
    """What reaches transfer o from transfer i is the same asked either way."""
    asked = module.Oracle(tables)
    asked = asked.over_gaps() if gaps else asked
    names = [name for name, net in asked.rows.net.items() if net]
    found: dict[tuple[str, str], Any] = {}
    for name in names:
        answer = asked.trace([Ref("transfer", name)], rule, paths=False)
        found |= {(name, other): value for other, (value, _) in answer.transfers.items() if value}
    for name in names:
        answer = asked.trace([Ref("transfer", name)], rule, backward=True, paths=False)
        for other, (value, _) in answer.transfers.items():
            if value:
                assert found.pop((other, name), 0) == value, (other, name)
    assert not found


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
def unit_by_unit(rows: Rows, rule: str, coordinated: bool = False) -> tuple[dict, dict]:
    """What every unit of every transfer is next, and what it was before: a heap of coins for every compartment.

    A unit is (transfer, number). It becomes the unit of a later payment, or ("rest", account): it stands there or has
    stopped, or ("lender", account). Only where nothing is converted.
    """
    coins: dict[tuple, list] = defaultdict(list)
    debts: dict[tuple, list] = {}
    books: dict[tuple, Iterator[Any]] = {}
    after: dict[tuple, Any] = {}
    before: dict[tuple, Any] = {}
    moving: dict[str, list] = {}  # in transit

    def stops(step: Step, account: str, key: tuple | None) -> bool:
        """It goes no further in either direction: nothing is paid there of what could be traced."""
        if key is not None and key[0].startswith("gap:"):
            return False
        kind = rows.kind(account)
        return kind in ("cash", "internal", "tax") or (kind == "clearing" and not earmark_of(step.row))

    def line_of(key: tuple) -> Any:
        if key not in books:
            history = rows.history(key)
            books[key] = iter(keep_books(history).lines)
            coins[key, None] = [("rest", history.account)] * max(history.opening, 0)
            debts[key] = [None] * max(-history.opening, 0)
        return next(books[key])

    for step in rows.steps:
        name, amount = step.row["transfer_id"], rows.net[step.row["transfer_id"]]
        if not amount:
            continue
        key, units = rows.key_out(step), []
        if not step.leaves:
            units = moving.pop(name)
            line_of(key)
        elif key is not None:
            line = line_of(key)
            for compartment, part, _ in line.parts:
                heap = coins[key, compartment]
                units += [heap.pop(-1 if rule == "lifo" else 0) for _ in range(part)]
            debts[key] += [(name, len(units) + n) for n in range(line.lender)]
            units += [("lender", step.source)] * line.lender
        else:
            units = [("rest", step.source)] * amount
        if stops(step, step.source, key):
            units = [("rest", step.source)] * amount
        if step.leaves:
            for number, unit in enumerate(units):
                before[name, number] = unit
                if unit[0] not in ("rest", "lender"):
                    after[unit] = (name, number)
            units = [(name, number) for number in range(amount)]
        if not step.arrives:
            moving[name] = units
            line_of(rows.key_in(step))
            for unit in units:
                after[unit] = ("rest", step.target)
            continue
        for unit in units:
            after[unit] = ("rest", step.target)
        key = rows.key_in(step)
        if key is None:
            continue
        line = line_of(key)
        stays = amount - line.lender
        if stops(step, step.target, key):
            units = [("rest", step.target)] * amount
        repaid = units[stays:] if rule == "lifo" else units[: line.lender]
        for unit in repaid:
            debt = debts[key].pop(0)
            if unit[0] != "rest":
                after[unit] = ("lender", step.target)
            if coordinated and debt is not None:
                before[debt] = unit
                if unit[0] != "rest":
                    after[unit] = debt
        for compartment, _, _ in line.parts:
            coins[key, compartment] += units[:stays] if rule == "lifo" else units[line.lender :]
    return after, before


def agree_unit_by_unit(
    tables: Tables, rule: str, coordinated: bool = False, module: Any = oracle, gaps: bool = False
) -> None:
    """Every transfer, forward and backward: its chains are those that its units make."""
    asked = module.Oracle(tables)
    asked = asked.over_gaps() if gaps else asked
    rows = asked.rows
    after, before = unit_by_unit(rows, rule, coordinated)
    for backward, onward in ((False, after), (True, before)):
        for name, net in rows.net.items():
            if not net:
                continue
            expected: Counter = Counter()
            for number in range(net):
                unit, path = onward[name, number], [name]
                while unit[0] not in ("rest", "lender", name):
                    path.append(unit[0])
                    unit = onward[unit]
                end = unit
                if unit[0] == name:
                    end = ("recirculated", rows.rows[name]["target" if backward else "source"])
                expected[tuple(path), *end] += 1
            more = {"overdraft": "coordinated"} if coordinated else {}
            answer = asked.trace([module.Ref("transfer", name)], rule, backward, **more)
            found: Counter = Counter()
            for (path, word, account, _), value in answer.chains.items():
                found[path, word if word in ("lender", "recirculated") else "rest", account] += value
            assert found == expected, (rule, backward, name)


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
def cash_case(rows: list[tuple], relations: list[dict] = (), opening: int = 0) -> Tables:
    """Withdrawals and deposits: time, source, target, amount; M, N and K are accounts of P, P and Q."""
    tables = book([row[1:] for row in rows], {"M": opening})
    for row, (time, *_) in zip(tables["transfers"], rows, strict=True):
        row["time"] = time
    tables["accounts"][0]["party_id"] = "P"
    tables["accounts"] += [{"account_id": "N", "party_id": "P"}, {"account_id": "K", "party_id": "Q"}]
    tables["accounts"] += [{"account_id": name, "kind": "cash"} for name in ("cash:M", "cash:N", "cash:K")]
    return {**tables, "relations": list(relations)}


DAY = "2024-05-01T"


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
        # a limit counts both; what it stops has come through the gap all the same
        answer = asked.trace([Ref("transfer", "r0")], rule, cash_gaps=True, max_hops=1)
        end = (("r0", "r1"), "horizon", "cash:N", "CNY")
        assert (answer.chains[end], answer.inferred) == (put, {end})
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


AGENT = {"party_id": "Q", "other_id": "P", "kind": "agent"}


@pytest.mark.parametrize(
    ("rows", "relations", "joined"),
    [
        # the same holder; not another's, but for an agent's, at that time, whichever is named first
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "N", 48)], [], {"r0": "r1"}),
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [], {}),
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [AGENT], {"r0": "r1"}),
        ([("10", "K", "cash:K", 50), ("12", "cash:M", "M", 48)], [AGENT], {"r0": "r1"}),
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [{**AGENT, "kind": "employee"}], {}),
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [{**AGENT, "until": "2024-04-30"}], {}),
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [{**AGENT, "until": "2024-05-01"}], {"r0": "r1"}),
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [{**AGENT, "since": "2024-05-02"}], {}),
        # accounts without a party are their own
        ([("10", "A", "cash:M", 50), ("12", "cash:K", "A", 48)], [], {"r0": "r1"}),
        ([("10", "A", "cash:M", 50), ("12", "cash:K", "B", 48)], [], {}),
        # from nine tenths to all of it
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "M", 45)], [], {"r0": "r1"}),
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "M", 44)], [], {}),
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "M", 50)], [], {"r0": "r1"}),
        ([("10", "M", "cash:M", 50), ("12", "cash:K", "M", 51)], [], {}),
        # later on the same day
        ([("10", "cash:M", "M", 50), ("12", "M", "cash:K", 50)], [], {}),
        ([("23", "M", "cash:M", 50), ("24", "cash:M", "M", 50)], [], {}),
        # one to one: by time of deposit the latest free withdrawal, then the least id
        ([("10", "M", "cash:M", 50), ("11", "M", "cash:M", 50), ("12", "cash:M", "M", 48)], [], {"r1": "r2"}),
        ([("10", "M", "cash:M", 50), ("11", "M", "cash:M", 50), ("12", "cash:M", "M", 48), ("13", "cash:M", "M", 50)], [], {"r1": "r2", "r0": "r3"}),
        ([("10", "M", "cash:M", 50), ("12", "cash:M", "M", 48), ("13", "cash:M", "M", 48)], [], {"r0": "r1"}),
        ([("10", "M", "cash:M", 50), ("10", "M", "cash:M", 50), ("12", "cash:M", "M", 48)], [], {"r0": "r2"}),
        ([("10", "M", "cash:M", 50), ("12", "cash:M", "M", 48), ("11", "cash:M", "M", 47)], [], {"r0": "r2"}),
        # from cash to cash is neither
        ([("10", "cash:K", "cash:M", 50), ("12", "cash:M", "cash:K", 50)], [], {}),
        ([("10", "M", "cash:M", 50), ("12", "cash:M", "X", 9, {"currency": "USD"}), ("13", "cash:M", "M", 50, {"currency": "USD"})], [], {}),
    ],
)  # fmt: skip
def test_which_deposit_is_which_withdrawals(rows: list[tuple], relations: list[dict], joined: dict) -> None:
    hours = {"24": "2024-05-02T00:00:00"}
    timed = [(hours.get(hour, f"{DAY}{hour}:00:00"), *row) for hour, *row in rows]
    assert gaps_of(Oracle(cash_case(timed, relations)).rows) == joined


def test_with_gaps_of_cash_nothing_is_lost_and_lots_are_their_units() -> None:
    @settings(max_examples=max(EXAMPLES // 3, 1))
    @given(ledgers(features(cash=True, large=False, converts=False)))
    def check(tables: Tables) -> None:
        asked = Oracle(tables)
        hypothesis.assume(asked.over_gaps().rows.gap_of)
        for rule in ("fifo", "lifo"):
            agree_unit_by_unit(tables, rule, gaps=True)
        transposed(tables, "exact", gaps=True)
        names = [name for name, net in asked.rows.net.items() if net]
        for name in names[:6]:
            for rule, backward in ((rule, back) for rule in CONSERVING for back in (False, True)):
                if rule == "libr" and backward:
                    continue
                answer = asked.trace([Ref("transfer", name)], rule, backward, cash_gaps=True)
                assert sum(seed for _, seed in answer.ends.values()) == answer.seed
                network = Network(asked.over_gaps(), [Ref("transfer", name)], backward)
                assert network.feasible(answer)

    check()


# ---------------------------------------------------------------------- open orders
def test_t6_whose_order_nobody_knows_is_an_interval() -> None:
    tables = book([("t", "M", 100), ("c", "M", 100), ("M", "X", 100)], {"M": 0})
    for row in tables["transfers"]:
        row["time"] = "2024-05-01T10:00:00"
    # by statement of M the payment is the last
    tables["transfers"][2]["source_sequence"] = 3
    tables["transfers"][0]["target_sequence"] = tables["transfers"][1]["target_sequence"] = 2
    for rule in ("fifo", "lifo"):
        found = intervals(Oracle(tables), [Ref("transfer", "r0")], rule=rule)
        assert found is not None
        assert found.transfers == {"r2": (0, 100)}
        assert found.ends == {("balance", "M", "CNY"): (0, 100), ("balance", "X", "CNY"): (0, 100)}
        assert found.orders == 2
    found = intervals(Oracle(tables), [Ref("transfer", "r0")], rule="prorata")
    assert found is not None
    assert found.transfers == {"r2": (50, 50)}
    assert intervals(Oracle(tables), [Ref("transfer", "r0")], most=1) is None
    # every order has its own least opening: paid first, M had 100 before
    for row in tables["transfers"]:
        row["target_sequence"] = row["source_sequence"] = None
    tables["accounts"] = []
    found = intervals(Oracle(tables), [Ref("transfer", "r0")])
    assert found is not None
    assert (found.transfers, found.orders) == ({"r2": (0, 100)}, 6)


def test_intervals_are_those_over_every_order_that_is_possible() -> None:
    """Of all permutations of the rows that nothing forbids: none says less or more."""

    @settings(max_examples=max(EXAMPLES // 3, 1))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        few = features(orders=("open", "sides", "balances"), most=6, vague=True, large=False)
        tables = data.draw(ledgers(few))
        question = data.draw(questions(tables))
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


def every_order(rows: Rows) -> Iterator[list[int]]:
    """All orders of the steps that what is known of the groups allows, one by one."""
    choices = []
    for group in rows.groups:
        places = sorted(group)
        allowed = [
            order
            for order in itertools.permutations(places)
            if all(b not in group[a] for b, a in itertools.combinations(order, 2))
        ]
        choices.append((places, allowed))
    for chosen in itertools.product(*(allowed for _, allowed in choices)):
        order = list(range(len(rows.steps)))
        for (places, _), places_now in zip(choices, chosen, strict=True):
            for at, place in zip(places, places_now, strict=True):
                order[at] = place
        yield order


# ---------------------------------------------------------------------- the envelope
def test_the_envelope_of_t1_and_of_t8() -> None:
    x, y, left = ("balance", "X", "CNY"), ("balance", "Y", "CNY"), ("balance", "M", "CNY")
    network = Network(Oracle(T1), [Ref("transfer", "r0"), Ref("transfer", "r3")])
    assert network.seed == 400
    assert network.bounds([x]) == (0, 250)
    assert network.bounds([y]) == (0, 300)
    assert network.bounds([x, y]) == (250, 400)
    assert network.bounds([left]) == (0, 150)
    # the opening is not known: it may be so large that nothing of t was ever paid out
    network = Network(Oracle(T8), [Ref("transfer", "r0")])
    assert [network.bounds([end]) for end in (x, y, left)] == [(0, 50), (0, 40), (0, 50)]
    stated = {"transfers": T8["transfers"], "accounts": [{"account_id": "M", "opening_balance": 80}]}
    assert Network(Oracle(stated), [Ref("transfer", "r0")]).bounds([x]) == (40, 50)
    network = Network(Oracle(T8), [Ref("transfer", "r1")], backward=True)
    assert network.bounds([("balance", "t", "CNY")]) == (0, 50)
    assert network.bounds([left]) == (70, 120)
    assert Network(Oracle(T7), [Ref("transfer", "r1")]).bounds([("lender", "M", "CNY")]) == (60, 60)


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
    @many
    @given(st.data())
    def check(data: st.DataObject) -> None:
        tables = data.draw(ledgers(features(large=False, most=12)))
        question = data.draw(questions(tables, limits=False))
        asked = Oracle(tables)
        where = question.settings()
        del where["max_hops"], where["min_amount"]
        try:
            network = Network(asked, list(question.refs), **where)
        except RefusedError:
            hypothesis.reject()
        bounds: dict[tuple, tuple[int, int]] = {}
        for rule in CONSERVING:
            if rule == "exact" and asked.rows.converts:
                continue
            answer = answered(asked, question, rule)
            if answer is None:
                continue
            assert network.seed == answer.seed
            assert network.feasible(answer), rule
            for end, amount in network.said(answer)[1].items():
                if end not in bounds:
                    bounds[end] = network.bounds([end])
                least, greatest = bounds[end]
                assert least <= amount <= greatest, (rule, end)

    check()


# ---------------------------------------------------------------------- faults are seen
NAIVE = Path(oracle.__file__).parent
FILES = ("oracle_rows", "oracle_books", "oracle_rules", "oracle_gaps", "oracle_poison", "oracle")


@contextmanager
def planted(file: str, old: str, new: str) -> Iterator[Any]:
    """The oracle with a fault in it."""
    names = [f"planted.{name}" for name in FILES]
    sys.modules["planted"] = types.ModuleType("planted")
    try:
        for name, full in zip(FILES, names, strict=True):
            text = (NAIVE / f"{name}.py").read_text(encoding="utf-8").replace("tests.naive.", "planted.")
            if name == file:
                assert text.count(old) == 1, f"the line to be changed is there {text.count(old)} times"
                text = text.replace(old, new)
            module = types.ModuleType(full)
            sys.modules[full] = module
            exec(compile(text, f"{name}.py", "exec"), module.__dict__)
        yield sys.modules["planted.oracle"]
    finally:
        for full in [*names, "planted"]:
            sys.modules.pop(full, None)


def agrees(module: Any) -> None:
    """Everything that is known without the oracle, of a module that may have a fault."""
    for name in LINEAR_VECTORS:
        check_linear(name, module)
    for name in LIBR_VECTORS:
        check_libr(name, module)
    for number in range(60):
        rng = random.Random(number)
        tables = Writer(rng, choose_features(rng.choice, converts=False, large=False, most=20)).tables()
        transposed(tables, "exact", module=module)
        for rule in ("fifo", "lifo"):
            agree_unit_by_unit(tables, rule, module=module)


def test_without_a_fault_nothing_is_seen() -> None:
    with planted("oracle", "class Oracle:", "class Oracle:") as module:
        agrees(module)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        # lifo: the lender takes the first; the oldest leaves first; the order is not turned; or not what is worth
        ("oracle_rules", "at = stays if self.last_first else 0", "at = 0"),
        ("oracle_rules", "lot = lots[-1] if self.turns else lots[0]", "lot = lots[0]"),
        ("oracle_rules", "low = lot[2] - size if self.turns else lot[1]", "low = lot[1]"),
        ("oracle", "part = part.turn(piece.size)", "pass"),
        ("oracle_rules", "low = 0 if self.last_first else line.lender", "low = 0"),
        # libr: own money does not leave first
        ("oracle_rules", "return max(0, amount - own)", "return min(amount, self.T[compartment])"),
        ("oracle_rules", "return self.T[compartment] * Fraction(amount, balance)", "return self.T[compartment] * Fraction(amount, balance + 1)"),
        # a fifo that forgets what was repaid, and shares that are not the claimants'
        ("oracle_rules", "debt[1:] = [debt[1] + size, debt[2] - size]", "debt[1:] = [debt[1], debt[2] - size]"),
        ("oracle", "self.moving[root] += value * carried / whole", "self.moving[root] += value * carried / whole / 2"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_seen(file: str, old: str, new: str) -> None:
    with planted(file, old, new) as module, pytest.raises(Exception):  # noqa: B017 a fault may show itself in any way
        agrees(module)


def test_the_oracle_imports_nothing_of_the_product() -> None:
    for file in sorted(NAIVE.glob("oracle*.py")):
        module = importlib.import_module(f"tests.naive.{file.stem}")
        for value in vars(module).values():
            home = getattr(value, "__module__", None) or getattr(value, "__name__", "")
            assert not str(home).startswith("graphflow"), file.name
