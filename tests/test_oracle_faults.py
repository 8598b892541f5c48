"""Faults planted in the oracle are seen by what is known without it (tests/oracle_checks.py).

Each is one line, changed in a copy of the source; nothing of the real modules is touched.
"""

from __future__ import annotations

import random
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.naive import oracle
from tests.oracle_checks import (
    LINEAR_VECTORS,
    agree_unit_by_unit,
    check_bounds,
    check_libr,
    check_linear,
    check_paired,
    check_t6,
    flows,
    transposed,
)  # fmt: skip
from tests.oracle_vectors import LIBR_VECTORS, PAIRED
from tests.strategies import Writer, choose_features, random_question

NAIVE = Path(oracle.__file__).parent
# In the order in which they import one another.
FILES = (
    "oracle_rows",
    "oracle_books",
    "oracle_rules",
    "oracle_gaps",
    "oracle_poison",
    "oracle",
    "oracle_orders",
    "envelope",
)


@contextmanager
def planted(file: str, old: str, new: str) -> Iterator[Any]:
    """All these modules in a copy, one of them with a fault in it."""
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
        yield types.SimpleNamespace(**{name: sys.modules[f"planted.{name}"] for name in FILES})
    finally:
        for full in [*names, "planted"]:
            sys.modules.pop(full, None)


def rules_agree(modules: Any) -> None:
    for name in LINEAR_VECTORS:
        check_linear(name, modules.oracle)
    for name in LIBR_VECTORS:
        check_libr(name, modules.oracle)
    for number in range(60):
        rng = random.Random(number)
        tables = Writer(rng, choose_features(rng.choice, converts=False, large=False, most=20)).tables()
        transposed(tables, "exact", module=modules.oracle)
        for rule in ("fifo", "lifo"):
            agree_unit_by_unit(tables, rule, module=modules.oracle)
        try:
            agree_unit_by_unit(tables, "fifo", True, modules.oracle)
        except modules.oracle.TooLongError:
            continue


def gaps_agree(modules: Any) -> None:
    for case in PAIRED:
        check_paired(case, modules.oracle_gaps)


def orders_agree(modules: Any) -> None:
    check_t6(modules.oracle_orders)


def networks_agree(modules: Any) -> None:
    check_bounds(modules.envelope)
    for number in (*range(120), 277):  # a seed in part, of which more stands: the last
        rng = random.Random(number)
        tables = Writer(rng, choose_features(rng.choice, large=False, most=8)).tables()
        flows(tables, random_question(rng, tables, False, True), modules.envelope)


@pytest.mark.parametrize("agree", [rules_agree, gaps_agree, orders_agree, networks_agree])
def test_without_a_fault_nothing_is_seen(agree: Any) -> None:
    with planted("oracle", "class Oracle:", "class Oracle:") as modules:
        agree(modules)


FAULTS = [
    # lifo: the lender takes the first; the oldest leaves first; the order is not turned; a debt takes what stays
    ("oracle_rules", "at = stays if self.last_first else 0", "at = 0", rules_agree),
    ("oracle_rules", "lot = lots[-1] if self.turns else lots[0]", "lot = lots[0]", rules_agree),
    ("oracle_rules", "low = lot[2] - size if self.turns else lot[1]", "low = lot[1]", rules_agree),
    ("oracle_rules", 'self.turns = self.last_first and not history.account.startswith("transit:")', "self.turns = self.last_first", rules_agree),
    ("oracle", "part = part.turn(piece.size)", "pass", rules_agree),
    ("oracle_rules", "low = 0 if self.last_first else line.lender", "low = 0", rules_agree),
    # overdrafts: what was repaid is forgotten; the latest is repaid first; a negative opening is somebody's payment
    ("oracle_rules", "debt[1:] = [debt[1] + size, debt[2] - size]", "debt[1:] = [debt[1], debt[2] - size]", rules_agree),
    ("oracle_rules", "self.debts.append([line.place, start, line.lender])", "self.debts.appendleft([line.place, start, line.lender])", rules_agree),
    ("oracle_rules", "if coordinated and debt[0] is not None:", "if False:", rules_agree),
    # shares: own money does not leave first; proportions are wrong; shares that are not the claimants'
    ("oracle_rules", "return max(0, amount - own)", "return min(amount, self.T[compartment])", rules_agree),
    ("oracle_rules", "return max(0, lender - (amount - total))", "return min(lender, total)", rules_agree),
    ("oracle_rules", "return self.T[compartment] * Fraction(amount, balance)", "return self.T[compartment] * Fraction(amount, balance + 1)", rules_agree),
    ("oracle", "self.moving[root] += value * carried / whole", "self.moving[root] += value * carried / whole / 2", rules_agree),
    # gaps of cash
    ("oracle_gaps", "(-other.time, other.row", "(other.time, other.row", gaps_agree),
    ("oracle_gaps", "least * paid <= amount <= paid", "least * paid < amount <= paid", gaps_agree),
    ("oracle_gaps", "and earlier < place", "", gaps_agree),
    ("oracle_gaps", "and rows.day(other.time) == rows.day(step.time)", "", gaps_agree),
    ("oracle_gaps", 'relation["kind"] != "agent" or', "", gaps_agree),
    ("oracle_gaps", 'if other.row["transfer_id"] not in joined', "if True", gaps_agree),
    ("oracle_gaps", "and other.currency_in", 'and "USD" == other.currency_in != "CNY" or other.currency_in', gaps_agree),
    # orders: one of two decisions; an order that forgets what is known
    ("oracle_orders", "yield from decided(rows, first_before(behind, b, a), accounts)", "pass", orders_agree),
    ("oracle_orders", "if reached <= accounts:", "if True:", orders_agree),
    # the network: an unknown opening is the least; what came before is traced; the seed may be less; no lender
    ("envelope", "most: list[int | None] = [None if unknown else amount for amount in held]", "most: list[int | None] = list(held)", networks_agree),
    ("envelope", "self.edges.append(Edge(tail, head, whole, name if first and not meets else None))", "self.edges.append(Edge(tail, head, whole - 1, name if first and not meets else None))", networks_agree),
    ("envelope", "if lines[number].lender and", "if False and", networks_agree),
    ("envelope", 'head = ("end", "recirculated", account, currency)', "pass", networks_agree),
    ("envelope", "self.given[tail] += self.part(key, cut)", "self.given[tail] += asked.cuts[account, currency, cut]", networks_agree),
    ("envelope", "last = sum(time <= asked.closes for time in times)", "last = len(times)", networks_agree),
    ("envelope", "first = sum(time < asked.opens for time in times)", "first = 0", networks_agree),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "agree"), FAULTS)
def test_a_planted_fault_is_seen(file: str, old: str, new: str, agree: Any) -> None:
    with planted(file, old, new) as modules, pytest.raises(Exception):  # noqa: B017 a fault may show itself in any way
        agree(modules)
