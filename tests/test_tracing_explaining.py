"""Why a transfer carries that much: what the explanation computes is what the trace found."""

from __future__ import annotations

import random

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


@pytest.mark.parametrize("rule", RULES)
def test_the_arithmetic_comes_to_what_the_transfer_carries(rule: str) -> None:
    @settings(max_examples=max(EXAMPLES // 4, 1))
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        tables = data.draw(ledgers(features(converts=False)))
        asked = data.draw(questions(tables, limits=False))
        case = divisible(tables)
        try:
            found = ask(case, asked, rule)
        except gf.GraphflowError:
            hypothesis.reject()
        moved = carried(found)
        names = sorted(moved) + sorted({row["transfer_id"] for row in tables["transfers"]} - set(moved))
        seeds = set(found.seeds["transfer_id"].dropna())
        rng = random.Random(data.draw(st.integers(0, 2**32)))
        for name in names[:4] + rng.sample(names, min(3, len(names))):
            said = Explanation(found, name, "en")
            assert name in said.text()
            balance_seed = bool(found.seeds["transfer_id"].isna().any())
            # backward, and of balances, the lots that are listed are not compared yet
            if found.backward or balance_seed or name in seeds or not moved.get(name, (0, 0))[0]:
                continue
            if balanced(found, said):
                wanted = moved[name][0] - standing_part(found, said)
                assert said.taken == wanted, said.text()

    agree()


def balanced(found: object, said: Explanation) -> bool:
    """Whether the arithmetic is all there: not where several compartments or a whole transit pay."""
    steps = said.ledger.steps_of(said.row)
    return len(said.parts([s for s in steps if not said.ledger.steps["flags"][s] & 256],
                          [s for s in steps if said.ledger.steps["flags"][s] & 256])) == 1  # fmt: skip


def standing_part(found: object, said: Explanation) -> int:
    """What the transfer carries of a balance seed: its lots have no transfer before this one."""
    if said.trace.rule not in ("fifo", "lifo"):
        return 0
    return sum(
        chain.amount
        for chain in {
            (c.transfers, c.kind, c.account_id, c.currency): c for c in said.trace.iter_chains()
        }.values()
        if chain.transfers and chain.transfers[0] == said.transfer(said.row)
    )


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule in ("fifo", "lifo")])
@pytest.mark.parametrize("backward", [False, True])
def test_lots_add_up_to_the_payment(rule: str, backward: bool) -> None:
    @settings(max_examples=max(EXAMPLES // 4, 1))
    @given(st.data())
    def add_up(data: st.DataObject) -> None:
        tables = data.draw(ledgers(features(custody=False)))
        case = divisible(tables)
        name = data.draw(st.sampled_from(sorted(row["transfer_id"] for row in tables["transfers"])))
        try:
            found = gf.trace(case, f"transfer:{name}", rule=rule, backward=backward)
        except gf.GraphflowError:
            hypothesis.reject()
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

    add_up()


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


def test_what_is_not_there_is_an_error() -> None:
    found = gf.trace(toys.t1(), "transfer:a")
    with pytest.raises(gf.UsageError) as error:
        explain(found, "nowhere", "fr")
    assert len(error.value.problems) == 2
