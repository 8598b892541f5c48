"""Tracing on data that nobody here wrote: FinBench and AMLSim, through import and the front door.

A thousand random seeds conserve under both rules and their chains add up; forward and backward agree; two hundred
agree with the oracle, row for row.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pandas as pd
import pytest

import graphflow as gf
from tests.conftest import shared_data
from tests.naive.oracle import Oracle, Ref

pytestmark = [pytest.mark.data, pytest.mark.slow]

SETS = {"finbench": ("finbench_sf0.01", "snapshot"), "amlsim": ("amlsim_12k",)}
RULES = ("fifo", "prorata")
SEEDS = int(os.environ.get("GRAPHFLOW_SEEDS", "1000"))
FLOWS = ("transfer_id", "source", "target", "amount", "currency", "sequence", "loan_id", "product_id", "order_id",
         "clearing_id", "fee_of", "reversal_of")  # fmt: skip
HOLDERS = ("account_id", "party_id", "kind", "currency", "opening_balance")


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
    frame = trace.ends
    keys = zip(frame["kind"], frame["account_id"], strict=True)
    return dict(zip(keys, frame["seed_amount"].tolist(), strict=True))


def carried(trace: Any) -> dict[str, int]:
    return dict(zip(trace.transfers["transfer_id"], trace.transfers["traced"].tolist(), strict=True))


@pytest.mark.parametrize("rule", RULES)
def test_random_seeds_conserve_and_their_chains_add_up(case: gf.Case, rule: str) -> None:
    amount = dict(
        zip(case.tables.transfers["transfer_id"], case.tables.transfers["amount"].tolist(), strict=True)
    )
    for number, name in enumerate(seeds(case, SEEDS)):
        t = gf.trace(case, f"transfer:{name}", rule=rule, backward=number % 2 == 1)
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
        assert dict(by_end) == held, name
        assert dict(by_transfer) == moved, name


def test_forward_and_backward_agree(case: gf.Case) -> None:
    """What reaches transfer *o* from transfer *i* is the same asked either way."""
    pairs = 0
    for name in seeds(case, 300, salt=1):
        reached = carried(gf.trace(case, f"transfer:{name}"))
        for other in sorted(reached)[:5]:
            assert carried(gf.trace(case, f"transfer:{other}", backward=True))[name] == reached[other]
            pairs += 1
    assert pairs > 20


def test_forward_and_backward_agree_within_the_rounding(case: gf.Case) -> None:
    """Pro rata in whole units: within one for each rounding on the way."""
    pairs = 0
    for name in seeds(case, 100, salt=2):
        reached = carried(gf.trace(case, f"transfer:{name}", rule="prorata"))
        most = sorted(reached, key=lambda other: -reached[other])[:2]
        for other in most:
            back = carried(gf.trace(case, f"transfer:{other}", rule="prorata", backward=True))
            assert abs(back.get(name, 0) - reached[other]) <= 2 + len(reached) + len(back)
            pairs += 1
    assert pairs > 20


@pytest.mark.parametrize("rule", RULES)
def test_random_seeds_agree_with_the_oracle(case: gf.Case, oracle: Oracle, rule: str) -> None:
    for number, name in enumerate(seeds(case, SEEDS // 10, salt=3)):
        backward = number % 2 == 1
        t = gf.trace(case, f"transfer:{name}", rule=rule, backward=backward)
        expected = oracle.trace([Ref("transfer", name)], rule, backward, paths=False)
        assert carried(t) == {other: value[0] for other, value in expected.transfers.items() if value[0]}, (
            name
        )
        assert ends(t) == {
            (kind, account): value[0] for (kind, account, _), value in expected.ends.items()
        }, name


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
