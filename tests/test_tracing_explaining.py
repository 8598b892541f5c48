"""Why a transfer carries that much: what the explanation computes is what the trace found."""

from __future__ import annotations

import itertools
from dataclasses import replace

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow.synthesis import toys
from graphflow.tracing.explaining import Explanation, explain, paid_of
from tests.strategies import features, ledgers, questions
from tests.test_tracing_properties import EXAMPLES, ask, carried, divisible

RULES = tuple(rule.name for rule in gf.tracing.RULES if rule.attributes)
pytestmark = pytest.mark.usefixtures("few_orders")


@settings(max_examples=max(EXAMPLES // 4, 1))
@given(st.data())
def test_lots_add_up_to_the_payment(data: st.DataObject) -> None:
    tables = data.draw(ledgers(features(custody=False)))
    case = divisible(tables)
    name = data.draw(st.sampled_from(sorted(row["transfer_id"] for row in tables["transfers"])))
    for rule, backward in itertools.product(("fifo", "lifo"), (False, True)):
        try:
            found = gf.trace(case, f"transfer:{name}", rule=rule, backward=backward)
        except gf.GraphflowError:
            continue
        ledger = case.ledger
        for s in range(len(ledger.steps)):
            pot = int(ledger.steps["dst" if backward else "src"][s])
            if ledger.pots["kind"][pot] not in (1, 3):
                continue
            step = ledger.steps[s]
            lots = list(paid_of(found, s, pot))
            assert all(lot.amount > 0 for lot in lots)
            if backward:
                came = step["amount"] if not step["flags"] & 128 else dict(ledger.converted.tolist())[s]
                assert sum(lot.amount for lot in lots) == came - step["repaid"]
            else:
                assert sum(lot.amount for lot in lots) == min(step["amount"], step["avail"])


@settings(max_examples=max(EXAMPLES // 4, 1))
@given(st.data())
def test_the_arithmetic_comes_to_what_the_transfer_carries(data: st.DataObject) -> None:
    """Forward, for every transfer that is no seed: the lots, or the fraction, that the text shows."""
    tables = data.draw(ledgers())
    asked = replace(data.draw(questions(tables, limits=False)), backward=False)
    case = divisible(tables)
    for rule in RULES:
        try:
            found = ask(case, asked, rule)
        except gf.GraphflowError:
            hypothesis.reject()  # the seeds are those of every rule
        moved = carried(found)
        for name in sorted(
            {row["transfer_id"] for row in tables["transfers"]} - set(found.seeds["transfer_id"])
        ):
            text = Explanation(found, name, "en")
            text.text()
            local, seed = moved.get(name, (0, 0))
            assert text.taken == (seed if rule in ("fifo", "lifo") else local), (rule, name)


def test_every_rule_says_its_arithmetic_in_both_languages() -> None:
    case = toys.t1()
    wanted = {
        "fifo": "150.00 CNY of a from A",
        "prorata": "91.666667 CNY are left",
        "libr": "450.00 CNY − 400.00 CNY = 50.00 CNY",
        "poison": "as a whole",
    }
    for rule, text in wanted.items():
        if rule not in {each.name for each in gf.tracing.RULES}:
            continue
        found = gf.trace(case, "transfer:a,transfer:c", rule=rule)
        assert text in explain(found, "y", "en")
        chinese = explain(found, "y", "zh")
        assert chinese.count("\n") == explain(found, "y", "en").count("\n")
        assert "Transfer" not in chinese
        assert "Before it" not in chinese


def test_an_open_order_is_said_with_what_others_give() -> None:
    """Two rows of one second: what goes out carries more or less of one of them by which came first."""
    rows = {
        "transfer_id": ["t", "b", "x"], "time": ["2024-03-01T09:00:00"] * 2 + ["2024-03-01T10:00:00"],
        "source": ["T", "B", "M"], "target": ["M", "M", "X"], "amount": ["100", "50", "120"],
    }  # fmt: skip
    said = explain(gf.trace(gf.Case.from_tables(transfers=rows), "transfer:t"), "x", "en")
    assert "Times are those of Asia/Shanghai." in said
    assert "Nothing decides the order of some rows of M" in said
    assert "Over every order it carries from 70.00 CNY to 100.00 CNY." in said
    assert "Nothing decides" not in explain(gf.trace(toys.t1(), "transfer:a"), "y", "en")


def test_what_is_not_there_is_an_error() -> None:
    found = gf.trace(toys.t1(), "transfer:a")
    with pytest.raises(gf.UsageError) as error:
        explain(found, "nowhere", "fr")
    assert len(error.value.problems) == 2


def test_what_the_answer_knows_nothing_of_is_still_a_transfer_of_the_case() -> None:
    """Over gaps of cash and under a supposition only the reached part of the case is looked at."""
    rows = {
        "transfer_id": ["t", "x", "u"], "time": [f"2024-03-01T09:0{i}:00" for i in range(3)],
        "source": ["T", "A", "U"], "target": ["A", "X", "V"], "amount": ["10", "10", "5"],
    }  # fmt: skip
    case = gf.Case.from_tables(transfers=rows)
    plain = gf.trace(case, "transfer:t")
    supposed = plain.suppose(leave_out=["x"]).trace
    assert "It carries 0.00 CNY" in explain(plain, "u", "en")
    for found in (gf.trace(case, "transfer:t", cash_gaps=True), supposed):
        said = explain(found, "u", "en")
        assert "Transfer u: 5.00 CNY from U to V" in said and "It carries 0.00 CNY" in said
    assert "It is supposed not to be there." in explain(supposed, "x", "en")
    with pytest.raises(gf.UsageError, match="no transfer has the id"):
        explain(supposed, "nothing", "en")


def test_a_coordinated_overdraft_is_told_as_such() -> None:
    found = gf.trace(toys.t7(), "transfer:t", overdraft="coordinated")
    assert "Overdrafts are coordinated: 60.00 CNY are of money that repaid" in explain(found, "x", "en")
    assert "coordinated" not in explain(gf.trace(toys.t7(), "transfer:t"), "x", "en")
