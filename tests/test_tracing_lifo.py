"""Last in, first out, by hand: the written vectors, and cases in which the order inside a transfer decides.

Inputs and the answers of `T1`, `T2` and `T5` are those of `domain.md` §2.2; the others are worked out in the comments.
Amounts are major units, and exact.
"""

from __future__ import annotations

import pandas as pd
import pytest

import graphflow as gf
from tests.test_tracing_vectors import START, T1, T2, T3, T5, T7, T8, T9, T10, Vector

CLOSE = "2024-05-01"

# T1: X takes B200 A50, Y takes C100 A200, O100 A50 are left. T3: own money lies above what is left of T. T8: the opening
# of 80 lies lowest. T10: c lies above t.
FORWARD = {
    "T1.O": (T1, f"balance:M@{START}", {}, {("balance", "M"): 100}),
    "T1.A": (
        T1, "transfer:r0", {"r2": 50, "r4": 200}, {("balance", "X"): 50, ("balance", "Y"): 200, ("balance", "M"): 50},
    ),
    "T1.B": (T1, "transfer:r1", {"r2": 200}, {("balance", "X"): 200}),
    "T1.C": (T1, "transfer:r3", {"r4": 100}, {("balance", "Y"): 100}),
    "T1.taint": (
        T1, "transfer:r0,transfer:r3", {"r2": 50, "r4": 300},
        {("balance", "X"): 50, ("balance", "Y"): 300, ("balance", "M"): 50},
    ),
    # of a balance in part the oldest: O100 A50 of O100 A300 B200
    "T1.150 of the balance": (T1, "balance:M@2024-05-01T10:01:00=150", {}, {("balance", "M"): 150}),
    "T1.200 of the balance": (
        T1, "balance:M@2024-05-01T10:01:00=200", {"r4": 50}, {("balance", "M"): 150, ("balance", "Y"): 50},
    ),
    # of A the first 100, which lie lowest
    "T1.100 of A": (T1, "transfer:r0=100", {"r4": 50}, {("balance", "Y"): 50, ("balance", "M"): 50}),
    "T2.Paul": (T2, "transfer:r0", {}, {("balance", "M"): 10}),
    "T2.Michael": (T2, "transfer:r1", {"r2": 10}, {("balance", "X"): 10}),
    "T2.Karen": (T2, "transfer:r3", {"r4": 10}, {("balance", "Y"): 10}),
    "T3": (T3, "transfer:r0", {"r1": 900}, {("balance", "X"): 900, ("balance", "M"): 100}),
    "T5": (T5, "transfer:r1", {"r3": 80, "r4": 50, "r5": 20}, {("balance", "Q"): 30, ("balance", "R"): 70}),
    # what repays the lender is the last of the credit
    "T7": (T7, "transfer:r1", {"r2": 40}, {("lender", "M"): 60, ("balance", "Y"): 40}),
    "T7.its first 40": (T7, "transfer:r1=40", {"r2": 40}, {("balance", "Y"): 40}),
    "T7.its first 60": (T7, "transfer:r1=60", {"r2": 40}, {("lender", "M"): 20, ("balance", "Y"): 40}),
    "T8.t": (T8, "transfer:r0", {"r1": 50}, {("balance", "X"): 50}),
    "T8.c": (T8, "transfer:r2", {"r3": 30}, {("balance", "Y"): 30}),
    "T8.U": (T8, f"balance:M@{START}", {"r1": 70, "r3": 10}, {("balance", "X"): 70, ("balance", "Y"): 10}),
    "T9.t": (T9, "transfer:r0", {"r1": 50}, {("balance", "X"): 50}),
    "T9.c": (
        T9, f"balance:M@{START}", {"r1": 30, "r2": 2},
        {("balance", "X"): 30, ("balance", "FEE"): 2, ("balance", "M"): 18},
    ),
    "T10.t": (T10, "transfer:r0", {"r4": 20}, {("balance", "Y"): 20, ("balance", "M"): 80}),
    "T10.c": (T10, "transfer:r1", {"r4": 100}, {("balance", "Y"): 100}),
}  # fmt: skip

BACKWARD = {
    "T1.X": (T1, "transfer:r2", {"r0": 50, "r1": 200}, {("balance", "A"): 50, ("balance", "B"): 200}),
    "T1.Y": (T1, "transfer:r4", {"r0": 200, "r3": 100}, {("balance", "A"): 200, ("balance", "C"): 100}),
    "T1.left": (T1, f"balance:M@{CLOSE}", {"r0": 50}, {("balance", "M"): 100, ("balance", "A"): 50}),
    "T1.100 of what is left": (T1, f"balance:M@{CLOSE}=100", {}, {("balance", "M"): 100}),
    # the first 100 of X are the newest
    "T1.100 of X": (T1, "transfer:r2=100", {"r1": 100}, {("balance", "B"): 100}),
    "T2.left": (T2, f"balance:M@{CLOSE}", {"r0": 10}, {("balance", "Paul"): 10}),
    "T3.left": (
        T3, f"balance:M@{CLOSE}", {"r0": 100, "r2": 400, "r4": 700}, {("balance", "T"): 100, ("balance", "own"): 1100},
    ),
    "T5.P": (T5, f"balance:P@{CLOSE}", {"r0": 60}, {("balance", "clean"): 60}),
    "T5.Q": (
        T5, f"balance:Q@{CLOSE}", {"r1": 30, "r2": 20, "r3": 30}, {("balance", "clean"): 20, ("balance", "taint"): 30},
    ),
    "T5.R": (
        T5, f"balance:R@{CLOSE}", {"r0": 40, "r1": 70, "r3": 50, "r4": 50, "r5": 60},
        {("balance", "clean"): 40, ("balance", "taint"): 70},
    ),
    "T7.X": (T7, "transfer:r0", {}, {("lender", "M"): 60}),
    "T7.Y": (T7, "transfer:r2", {"r1": 40}, {("balance", "t"): 40}),
    "T8.X": (T8, "transfer:r1", {"r0": 50}, {("balance", "M"): 70, ("balance", "t"): 50}),
    "T8.Y": (T8, "transfer:r3", {"r2": 30}, {("balance", "M"): 10, ("balance", "c"): 30}),
    "T9.fee": (T9, "transfer:r2", {}, {("balance", "M"): 2}),
    "T10.Y": (T10, "transfer:r4", {"r0": 20, "r1": 100}, {("balance", "t"): 20, ("balance", "c"): 100}),
}  # fmt: skip


def check(case: gf.Case, seed: str, transfers: dict, ends: dict, backward: bool = False) -> None:
    t = gf.trace(case, seed, rule="lifo", backward=backward)
    carried = dict(zip(t.transfers["transfer_id"], t.transfers["traced"].tolist(), strict=True))
    names = (t.ends[name] for name in ("kind", "account_id", "amount"))
    held = {(kind, account): amount for kind, account, amount in zip(*names, strict=True)}
    assert carried == {name: 100 * amount for name, amount in transfers.items()}
    assert held == {key: 100 * amount for key, amount in ends.items()}
    assert int(t.ends["seed_amount"].sum()) == t.seed


@pytest.mark.parametrize("name", FORWARD)
def test_forward(name: str) -> None:
    vector, *rest = FORWARD[name]
    check(vector.case(), *rest)


@pytest.mark.parametrize("name", BACKWARD)
def test_backward(name: str) -> None:
    vector, *rest = BACKWARD[name]
    check(vector.case(), *rest, backward=True)


def test_t6_an_order_given_within_one_second() -> None:
    for first, second, tainted in (("t", "c", 0), ("c", "t", 100)):
        rows = [("M", "X", 100, {"sequence": "3"}), (second, "M", 100, {"sequence": "2"})]
        vector = Vector([*rows, (first, "M", 100, {"sequence": "1"})], {"M": "0"}, same_time=True)
        seed = "transfer:r2" if first == "t" else "transfer:r1"
        end = {("balance", "X" if tainted else "M"): 100}
        check(vector.case(), seed, {"r0": 100} if tainted else {}, end)


def test_what_an_account_pays_itself_is_a_debit_and_then_a_credit() -> None:
    # M has a10 b10; of the 15 that it pays itself b's 10 come first and so lie lowest, a's 5 on top
    vector = Vector([("a", "M", 10), ("b", "M", 10), ("M", "M", 15), ("M", "Z", 5)], {"M": "0"})
    check(vector.case(), "transfer:r0", {"r2": 5, "r3": 5}, {("balance", "M"): 5, ("balance", "Z"): 5})
    check(vector.case(), "transfer:r1", {"r2": 10}, {("balance", "M"): 10})
    check(vector.case(), "transfer:r3", {"r0": 5, "r2": 5}, {("balance", "a"): 5}, backward=True)


def test_a_seed_met_on_the_way_restarts() -> None:
    # T1's X (B200 A50) is a seed too: what of A comes to it ends there
    t = gf.trace(T1.case(), "transfer:r0,transfer:r2", rule="lifo")
    held = {(x.kind, x.account_id): x.amount for x in t.ends.itertuples()}
    assert held == {
        ("recirculated", "M"): 5_000, ("returned", "M"): 5_000, ("balance", "X"): 25_000, ("balance", "Y"): 20_000,
    }  # fmt: skip
    assert sum(held.values()) == t.seed == 55_000


def test_in_transit_the_order_is_kept() -> None:
    # M pays b's 10, then a's 5; N receives them in that order and so pays a's first; then b's
    later = {"target_time": "2024-05-01T11:00:00"}
    rows = [("a", "M", 10), ("b", "M", 10), ("M", "N", 15, later)]
    frame = pd.concat(
        [
            Vector(rows).frame(),
            pd.DataFrame(
                {"transfer_id": ["r3"], "time": ["2024-05-01T12:00:00"], "source": ["N"], "target": ["Z"],
                 "amount": ["7"]}
            ),
        ]
    )  # fmt: skip
    case = gf.Case.from_tables(transfers=frame.astype("str").replace("nan", None))
    check(case, "transfer:r0", {"r2": 5, "r3": 5}, {("balance", "M"): 5, ("balance", "Z"): 5})
    check(case, "transfer:r1", {"r2": 10, "r3": 2}, {("balance", "N"): 8, ("balance", "Z"): 2})
    check(
        case,
        "transfer:r3",
        {"r0": 5, "r1": 2, "r2": 7},
        {("balance", "a"): 5, ("balance", "b"): 2},
        backward=True,
    )
    # on its way at the close
    t = gf.trace(case, "transfer:r0", rule="lifo", until="2024-05-01T10:30:00")
    assert {(x.kind, x.account_id): x.amount for x in t.ends.itertuples()} == {
        ("balance", "M"): 500, ("balance", "transit:r2"): 500,
    }  # fmt: skip


def custody() -> gf.Case:
    """C holds p's 10 for order o1 and q's 10 for o2, and pays 15 for o1 to D, which is overdrawn by 8."""
    marks = [{}, {"order_id": "o1"}, {"order_id": "o2"}, {"order_id": "o1"}, {}]
    rows = [("D", "E", 8), ("p", "C", 10), ("q", "C", 10), ("C", "D", 15), ("D", "F", 6)]
    frame = Vector([(*row, mark) for row, mark in zip(rows, marks, strict=True)]).frame()
    accounts = pd.DataFrame(
        {"account_id": ["C", "D"], "kind": ["client_custody", "settlement"], "opening_balance": ["0", "0"]}
    )
    return gf.Case.from_tables(transfers=frame, accounts=accounts)


def test_several_compartments_pay_one_transfer_whose_last_money_repays() -> None:
    # the transfer is p10 q5; its last 8 (p3 q5) repay, p7 stays, and F is paid the last 6 of it
    case = custody()
    check(
        case,
        "transfer:r1",
        {"r3": 10, "r4": 6},
        {("lender", "D"): 3, ("balance", "D"): 1, ("balance", "F"): 6},
    )
    check(case, "transfer:r2", {"r3": 5}, {("lender", "D"): 5, ("balance", "C"): 5})
    check(
        case, "transfer:r1=4", {"r3": 4, "r4": 1}, {("lender", "D"): 3, ("balance", "F"): 1}
    )  # p's newest go first
    check(case, "transfer:r4", {"r1": 6, "r3": 6}, {("balance", "p"): 6}, backward=True)
    check(
        case, "transfer:r3", {"r1": 10, "r2": 5}, {("balance", "p"): 10, ("balance", "q"): 5}, backward=True
    )
    check(case, f"balance:D@{CLOSE}", {"r1": 1, "r3": 1}, {("balance", "p"): 1}, backward=True)
