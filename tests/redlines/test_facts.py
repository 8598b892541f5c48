"""What all red lines stand on: whose account is whose, whatever order their rows are in."""

from __future__ import annotations

import pandas as pd
import pytest

import graphflow as gf
from graphflow.redlines.facts import Facts


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_flows_are_between_the_accounts_that_the_rows_name(order: tuple[int, ...]) -> None:
    accounts = pd.DataFrame({"account_id": ["a", "b", "c"], "party_id": ["PA", "PB", "PC"]}, dtype="str")
    transfers = {
        "transfer_id": ["1"],
        "time": ["2018-01-02"],
        "source": ["c"],
        "target": ["a"],
        "amount": ["5"],
    }
    parties = {"party_id": ["PA", "PB", "PC"], "name": ["甲", "乙", "丙"], "kind": ["person"] * 3}
    case = gf.Case.from_tables(
        transfers=pd.DataFrame(transfers, dtype="str"),
        accounts=accounts.iloc[list(order)],
        parties=pd.DataFrame(parties),
    )
    facts = Facts(case)
    (row,) = facts.flows.itertuples()
    assert (facts.account_ids[row.source], facts.account_ids[row.target]) == ("c", "a")
    assert (facts.party_ids[row.payer], facts.party_ids[row.payee]) == ("PC", "PA")
