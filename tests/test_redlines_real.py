"""All red lines on a real bank's clients: what fires, and that it fires for a reason that a reader accepts.

The Czech bank of PKDD'99, 1993 and three months: 4,500 accounts of natural persons, 49,102 transactions. Nobody
there is known to have done wrong, so whatever fires is a test of the lines, not of the clients.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import graphflow as gf
from benchmarks import others, patterns
from benchmarks.others import _rows

pytestmark = [pytest.mark.data, pytest.mark.slow]


def read(currency: str = "CZK", years: int = 0) -> gf.Case:
    source = others.folder("berka")
    if not source.is_dir():
        pytest.skip(f"data: there is no {source} (GRAPHFLOW_DATA says where else)")
    return others.berka(currency, years)


@pytest.fixture(scope="module")
def bank() -> gf.Case:
    return read()


@pytest.fixture(scope="module")
def as_yuan() -> gf.Case:
    """The same people's money as if it were yuan, so much later that the limits of today hold: a trial."""
    return read("CNY", patterns.YEARS)


def test_the_banks_files_are_read_to_the_heller(bank: gf.Case) -> None:
    assert len(bank.quarantine) == 0
    transfers = bank.tables.transfers
    own = set(bank.tables.accounts.loc[bank.tables.accounts["opened"].notna(), "account_id"])
    into = transfers["target"].isin(own)
    assert len(transfers) == 49_102 and (into != transfers["source"].isin(own)).all()
    assert int(transfers.loc[into, "amount"].sum()) == 17_736_629_630
    assert int(transfers.loc[~into, "amount"].sum()) == 13_812_015_350
    loans = bank.tables.loans
    assert len(loans) == 682 and int(loans["principal"].sum()) == 10_326_174_000
    orders = list(_rows("order"))
    assert len(orders) == 6_471 and sum(int(100 * Decimal(row["amount"])) for row in orders) == 2_122_899_360
    months = [(int(row["duration"]), int(row["amount"])) for row in _rows("loan")]
    assert round(sum(m * a for m, a in months) / sum(a for _, a in months), 2) == 44.31


def test_balances_order_the_rows_within_a_day(bank: gf.Case) -> None:
    """By number of transaction 63 % of the balances follow from the one before, in the ledger's order 95 %.

    The bank rounds to tenths of a crown, so a balance may be off by ten hellers. Where that is so at the first row of
    a day, the ledger takes no order from that day's balances and says it: by hand 49,071 can be brought in order.
    """
    rows = bank.ledger.rows
    transfers = bank.tables.transfers.iloc[np.asarray(rows["origin"], np.int64)]
    assert chained(transfers) == 46_473
    by_number = transfers.assign(number=transfers["transfer_id"].astype(int)).sort_values(["time", "number"])
    assert chained(by_number) == 30_902


def chained(transfers: pd.DataFrame) -> int:
    """How many balances are the one before and the row's amount, but for ten hellers; the first begins at nothing."""
    into = transfers["target_balance"].notna()
    frame = pd.DataFrame({
        "own": transfers["target"].where(into, transfers["source"]),
        "balance": transfers["target_balance"].where(into, transfers["source_balance"]).astype("int64"),
        "moved": transfers["amount"].where(into, -transfers["amount"]).astype("int64"),
    })  # fmt: skip
    before = frame.groupby("own", sort=False)["balance"].shift(fill_value=0)
    return int(((before + frame["moved"] - frame["balance"]).abs() <= 10).sum())


def fired(case: gf.Case) -> list[tuple[str, str, str]]:
    return sorted((f.code, f.subject_id, str(f.summary)) for f in gf.check(case).findings)


def test_what_fires_on_the_banks_clients(bank: gf.Case) -> None:
    assert fired(bank) == []


def test_what_fires_if_their_money_were_yuan_of_today(as_yuan: gf.Case) -> None:
    assert fired(as_yuan) == []
