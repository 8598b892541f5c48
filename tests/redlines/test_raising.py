"""Who raises money, and of whom: by what payments name, also where most were never paid back."""

from __future__ import annotations

import graphflow as gf
from graphflow.redlines.amounts import raised
from graphflow.redlines.facts import Facts
from graphflow.redlines.raising import Raising, raisings
from graphflow.synthesis.small import case_of, frame_of
from tests.redlines.edits import changed, without_column

LENDERS = [f"l{number:02d}" for number in range(12)]


def frames() -> dict:
    """Twelve lend on two listings, and are paid back on the first alone: most get less, and less often."""
    rows = []
    for number, each in enumerate(LENDERS):
        for loan, day in (("L1", "2018-01-05"), ("L2", "2018-02-05")):
            rows.append(
                {
                    "transfer_id": f"{loan}{each}",
                    "time": f"{day}T10:{number:02d}:00",
                    "source": each,
                    "target": "pool",
                    "amount": "100",
                    "loan_id": loan,
                }
            )
        rows.append(
            {
                "transfer_id": f"back{each}",
                "time": f"2018-03-05T10:{number:02d}:00",
                "source": "pool",
                "target": each,
                "amount": "103",
                "loan_id": "L1",
            }
        )
    for loan, day, who in (("L1", "2018-01-07", "b1"), ("L2", "2018-02-07", "b2")):
        rows.append(
            {
                "transfer_id": f"out{loan}",
                "time": f"{day}T10:00:00",
                "source": "pool",
                "target": who,
                "amount": "1000",
                "loan_id": loan,
            }
        )
    rows.append(
        {
            "transfer_id": "repays",
            "time": "2018-03-01T10:00:00",
            "source": "b1",
            "target": "pool",
            "amount": "50",
            "loan_id": "L1",
        }
    )
    rows.append(
        {
            "transfer_id": "buys",
            "time": "2018-01-02T10:00:00",
            "source": "shopper",
            "target": "pool",
            "amount": "9",
        }
    )
    people = [*LENDERS, "b1", "b2", "shopper"]
    return {
        "transfers": frame_of(rows),
        "accounts": frame_of(
            [
                {"account_id": "pool", "party_id": "PLATFORM", "opening_balance": "0"},
                *({"account_id": each, "party_id": each.upper()} for each in people),
            ]
        ),
        "parties": frame_of(
            [
                {"party_id": "PLATFORM", "name": "易贷", "kind": "company", "sector": "p2p_platform"},
                *({"party_id": each.upper(), "name": each, "kind": "person"} for each in people),
            ]
        ),
        "loans": frame_of(
            [
                {
                    "loan_id": loan,
                    "platform_id": "PLATFORM",
                    "borrower_id": who,
                    "principal": "1000",
                    "start": day,
                    "end": "2018-09-01",
                }
                for loan, day, who in (("L1", "2018-01-07", "B1"), ("L2", "2018-02-07", "B2"))
            ]
        ),
    }


def of(case: gf.Case) -> list[Raising]:
    return list(raisings(Facts(case)))


def test_who_pays_for_a_listing_before_its_money_goes_out_has_invested() -> None:
    (found,) = of(case_of(frames()))
    facts = Facts(case_of(frames()))
    assert {str(facts.party_ids[each]) for each in found.investors} == {each.upper() for each in LENDERS}
    assert not found.inferred and len(found.ins) == 24 and len(found.outs) == 12
    assert {each.table for each in found.cited} >= {"loans"}


def test_without_the_loan_s_name_flows_do_not_say_so() -> None:
    assert of(case_of(without_column(frames(), "transfers", "loan_id"))) == []
    assert of(case_of(changed(frames(), "loans", {"platform_id": "PLATFORM"}, platform_id=""))) == []


def test_a_borrower_who_repays_has_raised_nobody_s_money() -> None:
    totals = raised(case_of(frames()), "PLATFORM").totals
    assert (totals["gross"], totals["participants"]) == (24 * 10_000 + 900, 13)  # the shopper: who knows
    other = changed(frames(), "loans", {"loan_id": "L1"}, borrower_id="B2")
    assert raised(case_of(other), "PLATFORM").totals["gross"] == 24 * 10_000 + 900 + 5_000
