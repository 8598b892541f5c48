"""Tracing on data that nobody here wrote: FinBench and AMLSim, through import and the front door.

A thousand random seeds conserve under every rule, their chains add up and they are flows of the envelope's network;
forward and backward agree; two hundred agree with the oracle, row for row; bounds of ends contain every rule's figure.
"""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pytest

import graphflow as gf
from graphflow.tracing.envelope import _Work
from graphflow.tracing.network import network_of, reached
from graphflow.tracing.rules import Rule
from graphflow.tracing.shifting import feasible
from tests.conftest import shared_data
from tests.naive.oracle import Oracle, Ref
from tests.test_tracing_envelope import as_igraph, most

pytestmark = [pytest.mark.data, pytest.mark.slow, pytest.mark.usefixtures("few_orders")]

SETS = {"finbench": ("finbench_sf0.01", "snapshot"), "amlsim": ("amlsim_12k",)}
RULES = gf.tracing.RULES
ATTRIBUTING = [rule for rule in RULES if rule.attributes]
SEEDS = int(os.environ.get("GRAPHFLOW_SEEDS", "30"))
FLOWS = ("transfer_id", "source", "target", "amount", "currency", "sequence", "loan_id", "product_id", "order_id",
         "clearing_id", "fee_of", "reversal_of")  # fmt: skip
HOLDERS = ("account_id", "party_id", "kind", "currency", "opening_balance")


def str_of(rule: Rule) -> str:
    return rule.name


@pytest.fixture(scope="module", params=SETS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> gf.Case:
    source = shared_data().joinpath(*SETS[request.param])
    if not source.is_dir():
        pytest.skip(f"data: there is no {source} (GRAPHFLOW_DATA says where else)")
    folder = tmp_path_factory.mktemp(request.param) / "case"
    gf.import_sources(str(folder), [str(source)])
    return gf.open_case(str(folder))


@pytest.fixture(scope="module")
def oracle(case: gf.Case) -> Oracle:
    transfers = records(case.tables.transfers, FLOWS)
    for row, moment in zip(transfers, case.tables.transfers["time"], strict=True):
        row["time"] = int(moment.timestamp()) * 1_000_000 + moment.microsecond
    return Oracle(
        {"transfers": transfers, "accounts": records(case.tables.accounts, HOLDERS)}, case.tables.currency, 0
    )


def records(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[dict]:
    names = [name for name in columns if name in frame]
    lines = zip(*(frame[name].tolist() for name in names), strict=True)
    return [{n: v for n, v in zip(names, line, strict=True) if not pd.isna(v)} for line in lines]


def seeds(case: gf.Case, count: int, salt: int = 0) -> list[str]:
    names = case.tables.transfers["transfer_id"].tolist()
    return random.Random(2024 + salt).sample(names, min(count, len(names)))


def ends(trace: Any) -> dict[tuple[str, str], int]:
    """What came to each end; one that money comes to in another order of rows only is listed with nothing."""
    rows = zip(trace.ends["kind"], trace.ends["account_id"], trace.ends["amount"].tolist(), strict=True)
    return {(kind, account): amount for kind, account, amount in rows if amount}


def carried(trace: Any) -> dict[str, int]:
    rows = zip(trace.transfers["transfer_id"], trace.transfers["traced"].tolist(), strict=True)
    return {name: traced for name, traced in rows if traced}


def amounts(case: gf.Case) -> dict[str, int]:
    rows = case.tables.transfers
    return dict(zip(rows["transfer_id"], rows["amount"].tolist(), strict=True))


def backward(rule: Rule, number: int) -> bool:
    """Every other seed is asked backward, where the rule can be."""
    return rule.backward and number % 2 == 1


@pytest.mark.parametrize("rule", ATTRIBUTING, ids=str_of)
def test_random_seeds_conserve_and_are_a_flow(case: gf.Case, rule: Rule) -> None:
    """What is traced adds up, its chains add up to it, and it is one of the flows of which the envelope speaks."""
    amount = amounts(case)
    for number, name in enumerate(seeds(case, SEEDS)):
        t = gf.trace(case, f"transfer:{name}", rule=rule.name, backward=backward(rule, number))
        held, moved, chains = ends(t), carried(t), t.chains()
        assert t.seed == amount[name] == sum(held.values()), name
        assert all(0 < value <= amount[other] for other, value in moved.items()), name
        by_end: Counter = Counter()
        by_transfer: Counter = Counter()
        for path, kind, account, value in zip(
            chains["transfers"], chains["kind"], chains["account_id"], chains["amount"].tolist(), strict=True
        ):
            by_end[kind, account] += value
            assert path[0] == name
            for other in path[1:]:
                by_transfer[other] += value
        assert +by_end == held, name
        assert +by_transfer == moved, name
        assert feasible(network_of(reached(t._ledger, t._seeds, t.backward)), t), name


def test_poison_bounds_every_rule(case: gf.Case) -> None:
    amount = amounts(case)
    for number, name in enumerate(seeds(case, SEEDS)):
        for back in (False, True):
            poison = gf.trace(case, f"transfer:{name}", rule="poison", backward=back)
            touched, held = carried(poison), ends(poison)
            assert all(0 < value <= amount[other] for other, value in touched.items()), name
            assert touched.keys() <= amount.keys() - {name}, name
            rule = ATTRIBUTING[number % len(ATTRIBUTING)]
            if back and not rule.backward:
                continue
            t = gf.trace(case, f"transfer:{name}", rule=rule.name, backward=back)
            assert all(value <= touched[other] for other, value in carried(t).items()), name
            assert all(value <= held[end] for end, value in ends(t).items()), name


def test_the_bounds_of_ends_contain_every_rule(case: gf.Case) -> None:
    """Ten ends of twenty seeds, by the product's own maximum flow and by igraph's."""
    rng, bounded = random.Random(11), 0
    for number, name in enumerate(far_seeds(case, 20)):
        back = number % 2 == 1
        found = {
            rule.name: gf.trace(case, f"transfer:{name}", rule=rule.name, backward=back)
            for rule in ATTRIBUTING
            if rule.backward or not back
        }
        named = sorted({end for t in found.values() for end in ends(t)})
        asked = rng.sample(named, min(10, len(named)))
        one = found["fifo"]
        envelope = one.envelope([[end] for end in asked])
        assert envelope["exact"].all()
        net = network_of(reached(one._ledger, one._seeds, back))
        graph, at = as_igraph(net), places(one)
        for end, least, greatest in zip(asked, envelope["least"], envelope["greatest"], strict=True):
            bounded += 1
            assert greatest == most(graph, net, at[end])
            others = np.setdiff1d(np.arange(len(net.ends)), at[end])
            assert least == net.seed - most(graph, net, others)
            for rule, t in found.items():
                assert least <= ends(t).get(end, 0) <= greatest, (name, rule, end)
    assert bounded >= 100


def places(t: Any) -> dict[tuple[str, str], list[int]]:
    """The network's ends by kind and account; one that no flow comes to has none."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for key, at in _Work(t, 10**9).members.items():
        found[key.kind, key.account] += list(at)
    return found


def far_seeds(case: gf.Case, count: int) -> list[str]:
    """Seeds whose money comes to several ends."""
    found = []
    for name in seeds(case, SEEDS, salt=5):
        if len(ends(gf.trace(case, f"transfer:{name}", rule="prorata", backward=len(found) % 2 == 1))) > 4:
            found.append(name)
        if len(found) == count:
            break
    return found


@pytest.mark.parametrize("rule", ["fifo", "lifo", "poison"])
def test_forward_and_backward_agree(case: gf.Case, rule: str) -> None:
    """What reaches transfer *o* from transfer *i* is the same asked either way; under poison, that it does."""
    pairs = 0
    # poison reaches much, and is slow to tell
    for name in seeds(case, SEEDS // 2 if rule == "poison" else max(SEEDS, 300), salt=1):
        found = carried(gf.trace(case, f"transfer:{name}", rule=rule))
        for other in sorted(found)[:5]:
            back = carried(gf.trace(case, f"transfer:{other}", rule=rule, backward=True))
            assert name in back if rule == "poison" else back[name] == found[other]
            pairs += 1
    assert pairs > 20


def test_forward_and_backward_agree_within_the_rounding(case: gf.Case) -> None:
    """Pro rata in whole units: within one for each rounding on the way."""
    pairs = 0
    for name in seeds(case, SEEDS, salt=2):
        found = carried(gf.trace(case, f"transfer:{name}", rule="prorata"))
        for other in sorted(found, key=lambda other: -found[other])[:2]:
            back = carried(gf.trace(case, f"transfer:{other}", rule="prorata", backward=True))
            assert abs(back.get(name, 0) - found[other]) <= 2 + len(found) + len(back)
            pairs += 1
    assert pairs > 20


@pytest.mark.parametrize("rule", RULES, ids=str_of)
def test_random_seeds_agree_with_the_oracle(case: gf.Case, oracle: Oracle, rule: Rule) -> None:
    """The oracle follows units and exact fractions, and shares no code with the product."""
    count = SEEDS // 5 if rule.attributes or SEEDS >= 1000 else SEEDS // 20
    for number, name in enumerate(seeds(case, count, salt=3)):
        back = backward(rule, number)
        t = gf.trace(case, f"transfer:{name}", rule=rule.name, backward=back)
        expected = oracle.trace([Ref("transfer", name)], rule.name, back, paths=False)
        assert carried(t) == {o: value[0] for o, value in expected.transfers.items() if value[0]}, name
        assert ends(t) == {(k, a): value[0] for (k, a, _), value in expected.ends.items() if value[0]}, name


@pytest.mark.parametrize("case", ["finbench"], indirect=True)  # AMLSim has no loans
def test_a_loan_has_chains_and_its_money_is_found_again_from_behind(case: gf.Case) -> None:
    rows = case.tables.transfers
    paid_out = rows.loc[rows["loan_id"].notna() & (rows["kind"] == "disbursement"), "transfer_id"].tolist()
    far = 0
    for name in random.Random(7).sample(paid_out, 60):
        t = gf.trace(case, f"transfer:{name}")
        chains = t.chains()
        assert chains["amount"].sum() == t.seed == sum(ends(t).values())
        for path, value in zip(chains["transfers"], chains["amount"].tolist(), strict=True):
            if len(path) > 2:
                far += 1
                back = gf.trace(case, f"transfer:{path[-1]}", backward=True)
                assert carried(back)[path[0]] >= value
    assert far > 20
