"""What all red lines stand on: whose account is whose, whatever order their rows are in."""

from __future__ import annotations

import pandas as pd
import pytest

import graphflow as gf
from graphflow.redlines.facts import Facts, payrolls
from graphflow.synthesis.small import case_of, frame_of


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


def paid_alike(**more: str) -> gf.Case:
    """Six persons are paid about the same on two days of two months; `more` stands in what they are paid by."""
    people = [f"p{number}" for number in range(6)]
    rows = [
        {"transfer_id": f"t{month}{each}", "time": f"2018-0{month}-05T10:00:00", "source": "desk", "target": each,
         "amount": str(100 + number), **more}
        for month in (3, 4) for number, each in enumerate(people)
    ]  # fmt: skip
    return people_case(rows, people)


def people_case(rows: list[dict[str, str]], people: list[str]) -> gf.Case:
    """Some persons, each with an account, and a firm with two."""
    accounts = [{"account_id": each, "party_id": each.upper()} for each in people]
    accounts += [{"account_id": "desk", "party_id": "FIRM"}, {"account_id": "till", "party_id": "FIRM"}]
    parties = [{"party_id": each.upper(), "name": each, "kind": "person"} for each in people]
    parties.append({"party_id": "FIRM", "name": "某公司", "kind": "company"})
    return case_of(
        {"transfers": frame_of(rows), "accounts": frame_of(accounts), "parties": frame_of(parties)}
    )


def test_who_pays_back_what_was_paid_in_pays_no_wages() -> None:
    wages = paid_alike()
    (desk,) = payrolls(Facts(wages))
    assert Facts(wages).account_ids[desk] == "desk"
    assert payrolls(Facts(paid_alike(product_id="FUND"))) == []
    assert payrolls(Facts(paid_alike(loan_id="LOAN"))) == []
    assert payrolls(Facts(paid_alike(product_id="FUND", memo="工资"))), "what says that it is wages is"
    rows = wages.tables.transfers[["transfer_id", "source", "target"]].astype("str").to_dict("records")
    given = [
        {**row, "time": f"2018-0{3 + int(n > 5)}-05T10:00:00", "amount": str(100 + n % 6)}
        for n, row in enumerate(rows)
    ]
    into = [
        {"transfer_id": f"in{number}", "time": "2018-01-05T10:00:00", "source": f"p{number}", "target": "till", "amount": "500"}
        for number in range(6)
    ]  # fmt: skip
    assert payrolls(Facts(people_case([*given, *into], [f"p{number}" for number in range(6)]))) == []
    assert payrolls(Facts(people_case([*given, *into[:1]], [f"p{number}" for number in range(6)])))
