"""Whose money is where: the split among seeds closes in rows and columns, and is what the rule says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow.synthesis import toys
from tests.strategies import ledgers, questions
from tests.test_tracing_properties import EXAMPLES, ask, divisible, ends
from tests.test_tracing_vectors import T1, T2

RULES = ("fifo", "lifo", "prorata", "libr")
pytestmark = pytest.mark.usefixtures("few_orders")


@settings(max_examples=max(EXAMPLES // 2, 1))
@given(st.data())
def test_rows_and_columns_close(data: st.DataObject) -> None:
    tables = data.draw(ledgers())
    asked = data.draw(questions(tables))
    case = divisible(tables)
    for rule in RULES:
        try:
            found = ask(case, asked, rule)
        except gf.GraphflowError:
            continue
        for by in ("transfer", "party"):
            close(found, by)


def close(found: Any, by: str) -> None:
    """Of each end the claims add up to it, of each claim the ends to that; and so do the chains."""
    split = found.by_seed(by=by)
    assert not split.duplicated(["seed", "kind", "account_id", "currency"]).any()
    assert (split["seed_amount"] > 0).all()
    columns: Counter = Counter()
    for row in split.to_dict("records"):
        columns[row["kind"], row["account_id"], row["currency"]] += row["seed_amount"]
    assert +columns == {key: seed for key, (_, seed) in ends(found).items() if seed}
    rows = split.groupby("seed")["seed_amount"].sum().to_dict()
    assert sum(rows.values()) == found.seed
    if by == "transfer":
        wanted = found.seeds.assign(name=found.seeds["transfer_id"].fillna(found.seeds["account_id"]))
        assert rows == wanted.groupby("name")["seed_amount"].sum().to_dict()
    laid: Counter = Counter()
    for chain in found.iter_chains():
        laid[chain.kind, chain.account_id, chain.currency] += chain.amount
    assert +laid == +columns


def split_of(trace: Any) -> dict[tuple[str, str], int]:
    frame = trace.by_seed()
    return dict(zip(zip(frame["seed"], frame["account_id"], strict=True), frame["seed_amount"], strict=True))


def test_the_books_of_the_vectors() -> None:
    """T1 and T2: each claimant's money under the rule itself, in cents."""
    case = T1.case()
    fifo = split_of(gf.trace(case, "transfer:r0,transfer:r1,transfer:r3"))
    assert fifo == {
        ("r0", "X"): 15000, ("r0", "Y"): 15000, ("r1", "Y"): 15000, ("r1", "M"): 5000, ("r3", "M"): 10000,
    }  # fmt: skip
    shares = split_of(gf.trace(case, "transfer:r0,transfer:r3", rule="prorata"))
    exact = {
        ("r0", "X"): 12500,
        ("r0", "Y"): 35000 / 3,
        ("r0", "M"): 17500 / 3,
        ("r3", "Y"): 20000 / 3,
        ("r3", "M"): 10000 / 3,
    }
    assert shares.keys() == exact.keys()
    assert all(abs(shares[key] - exact[key]) <= 1 for key in exact)
    rolling = split_of(gf.trace(T2.case(), "transfer:r0,transfer:r1,transfer:r3", rule="prorata"))
    assert {key: rolling[key] for key in (("r0", "M"), ("r1", "M"), ("r3", "M"))} == {
        ("r0", "M"): 250, ("r1", "M"): 250, ("r3", "M"): 500,
    }  # fmt: skip


def test_parties_are_told_apart() -> None:
    with pytest.raises(gf.UsageError, match="by transfer or by party"):
        gf.trace(toys.t1(), "transfer:a").by_seed(by="account")
