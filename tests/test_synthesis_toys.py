"""Each toy's docstring names answers worked out by hand: here they are asked of the product."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

import graphflow as gf
from graphflow.case import Case
from graphflow.synthesis import holders, toys

# toy, question, rule: how much of it ends in which account, in minor units
ANSWERS: list[tuple[str, str, str, dict[str, int]]] = [
    ("two_victims", "account:chen", "fifo",
     {"chen": 500000, "cash:desk": 100000, "shop": 400000, "dealer": 1200000, "safe": 800000}),
    ("two_victims", "account:chen", "prorata",
     {"chen": 300000, "cash:desk": 360000, "shop": 360000, "dealer": 540000, "desk": 900000, "mule": 180000,
      "safe": 360000}),
    ("two_victims", "account:lin", "fifo", {"cash:desk": 500000, "desk": 1500000}),
    ("mixing", "account:victim", "fifo", {"out": 70000, "left": 30000}),
    ("mixing", "account:victim", "prorata", {"out": 75000, "left": 15000, "hub": 5000, "right": 5000}),
    ("by_hand", "account:V", "fifo", {"A": 10000, "B": 10000, "C": 5000, "V": 5000, "X": 30000}),
    ("by_hand", "account:V", "prorata", {"A": 15000, "B": 11538, "C": 2788, "V": 2789, "X": 27885}),
    ("custody", "account:P", "fifo", {"X": 15000, "K": 15000}),
    ("custody", "account:Q", "prorata", {"X": 20000}),
    ("t12", "account:T", "fifo", {"cash:M": 5000000}),
    ("t1", "transfer:a,c", "fifo", {"X": 15000, "Y": 15000, "M": 10000}),
    ("t2", "account:Paul", "fifo", {"X": 1000}),
    ("t2", "account:Michael", "fifo", {"Y": 1000}),
    ("t2", "account:Karen", "fifo", {"M": 1000}),
    ("t2", "account:Paul", "prorata", {"X": 500, "Y": 250, "M": 250}),
    ("t2", "account:Karen", "prorata", {"Y": 500, "M": 500}),
    ("t3", "transfer:t", "fifo", {"X": 90000, "Y": 10000}),
    ("t5", "transfer:t", "fifo", {"P": 6000, "R": 4000}),
    ("t5", "transfer:t", "prorata", {"P": 3000, "Q": 2000, "R": 5000}),
    ("t6", "transfer:t", "fifo", {"X": 10000}),
    ("t6", "transfer:t", "prorata", {"X": 5000, "M": 5000}),
    ("t7", "transfer:t", "fifo", {"M": 6000, "Y": 4000}),
    ("t8", "transfer:t", "fifo", {"X": 4000, "Y": 1000}),
    ("t9", "transfer:t", "fifo", {"X": 3000, "fee:BANK": 200, "M": 1800}),
    ("t9", "transfer:t", "prorata", {"X": 4000, "fee:BANK": 100, "M": 900}),
    ("t10", "transfer:t", "fifo", {"Y": 10000}),
    ("t10", "transfer:c", "fifo", {"Y": 2000, "M": 8000}),
]  # fmt: skip


@pytest.mark.parametrize(("toy", "start", "rule", "answer"), ANSWERS)
def test_toys_have_the_answers_that_they_promise(
    toy: str, start: str, rule: str, answer: dict[str, int]
) -> None:
    found = gf.trace(getattr(toys, toy)(), start, rule=rule)
    ends = found.ends.groupby("account_id")["seed_amount"].sum()
    assert ends[ends != 0].to_dict() == answer
    assert found.seed == sum(answer.values())


@pytest.mark.parametrize(
    ("toy", "start", "answer"),
    [
        ("t1", "transfer:a,c", {"X": Fraction(125), "Y": Fraction(550, 3), "M": Fraction(275, 3)}),
        ("t3", "transfer:t", {"M": Fraction(250, 3)}),
        ("t8", "transfer:t", {"X": Fraction(600, 13), "Y": Fraction(50, 13)}),
    ],
)
def test_thirds_are_within_a_unit(toy: str, start: str, answer: dict[str, Fraction]) -> None:
    found = gf.trace(getattr(toys, toy)(), start, rule="prorata")
    ends = found.ends.groupby("account_id")["seed_amount"].sum()
    for account, exact in answer.items():
        assert abs(int(ends[account]) - exact * 100) <= 1
    assert int(ends.sum()) == found.seed


def test_the_order_within_a_second_decides() -> None:
    other = gf.trace(toys.t6("c"), "transfer:t", rule="fifo").ends
    assert other.set_index("account_id")["seed_amount"].to_dict() == {"M": 10000}
    # where nobody knows, the order that is shown has the least id first: c's credit
    shown = gf.trace(toys.t6(None), "transfer:t", rule="fifo").ends.set_index(["kind", "account_id"])
    assert shown["seed_amount"][shown["seed_amount"] > 0].to_dict() == {("balance", "M"): 10000}
    assert (shown["amount_min"] == 0).all() and len(shown) == 3
    assert (shown["amount_max"] == 10000).all()


def test_the_lender_is_paid_first() -> None:
    ends = gf.trace(toys.t7(), "transfer:t", rule="fifo").ends.set_index("kind")["seed_amount"]
    assert ends["lender"] == 6000


def test_changed_money_keeps_its_share() -> None:
    ends = gf.trace(toys.t11(), "transfer:t", rule="prorata").ends.set_index("account_id")
    assert (ends["currency"] == "USD").all()
    assert ends["amount"].to_dict() == {"X": 2000, "D": 3000}
    assert int(ends["seed_amount"].sum()) == 36000
    first = gf.trace(toys.t11(), "transfer:t", rule="fifo").ends.set_index("account_id")
    assert first["amount"].to_dict() == {"D": 5000}


def test_every_toy_is_in_the_list_and_passes_the_door() -> None:
    listed: set[str] = set()
    for room in (toys, holders):
        functions = {
            name.removesuffix("_tables") for name in dir(room) if name.endswith("_tables") and name[0] != "_"
        }
        assert functions <= set(toys.TOYS)
        listed |= functions
        for name in functions:
            case, frames = getattr(room, name)(), toys.TOYS[name]()
            assert isinstance(case, Case)
            assert len(case.quarantine) == 0
            assert {table: len(frame) for table, frame in frames.items()} == {
                table: len(case.tables.frame(table)) for table in frames
            }
            if "transfers" in frames:
                total = sum(Decimal(amount) for amount in frames["transfers"]["amount"])
                assert case.tables.transfers["amount"].sum() == int(total * 100)
            assert getattr(room, name).__doc__
    assert listed == set(toys.TOYS)
