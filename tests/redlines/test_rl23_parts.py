"""RL-23, beside what it finds: whose money it is, over whom it is followed, and what of it is told."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from graphflow.findings import Finding
from graphflow.redlines import check, diverting
from graphflow.redlines.facts import facts_of
from graphflow.redlines.keeping import Limits, keepers
from graphflow.redlines.rl23_client_money import find
from graphflow.synthesis.lines import rl23
from graphflow.synthesis.small import Frames, case_of
from tests.redlines.edits import changed, rows, with_rows, without_rows
from tests.redlines.test_rl23 import with_honest_sister
from tests.test_redlines import essence, of_rows

Row = dict[str, str]


def found(frames: Frames, test: str = "", **more: Any) -> list[Finding]:
    every = check(case_of(frames), only="RL-23", **more).findings
    return [f for f in every if not test or test in [t.name for t in f.tests if t.hit]]


def figures(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def states(f: Finding) -> dict[str, str]:
    return {e.name: e.state for e in (*f.elements, *f.counter_evidence)}


def pay(number: str, time: str, source: str, target: str, amount: str, **more: str) -> Row:
    return {"transfer_id": number, "time": time, "source": source, "target": target, "amount": amount, **more}


def shown(f: Finding) -> dict[str, int]:
    return f.evidence[f.evidence["shows"]].groupby("table").size().to_dict()


# ---------------------------------------------------------------- accounts


def test_what_is_mixed_is_told_with_its_rows_and_severity() -> None:
    mixed, spent = found(rl23.toy_tables())
    assert (mixed.amount, mixed.currency, mixed.severity) == (90_000, "CNY", "high")
    assert shown(mixed) == {"transfers": 10} and shown(spent) == {"transfers": 11}
    assert mixed.kinds == spent.kinds == {"flow": "shown", "contract": "shown"}
    (far,) = found(rl23.diverted_toy_tables())
    assert shown(far) == {"transfers": 11}, "nine paid in, one on to the shell, one to the owner"


def test_what_another_account_left_out_is_not_said_of_this_one() -> None:
    """An entry put right in the platform's own account: in custody, from which the salary is paid, there is none."""
    entry = pay("x1", "2018-01-10T09:00:00", "boss", "own", "100")
    back = pay("x2", "2018-01-13T09:00:00", "own", "boss", "100")
    (f,) = found(with_rows(rl23.apart_toy_tables(), transfers=[entry, back]), "spent")
    assert states(f)["corrections"] == "clear"


def test_of_too_many_payments_the_greatest_are_followed_and_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames = changed(rl23.apart_toy_tables(), "transfers", {"source": "l9"}, amount="50")
    (whole,) = found(frames)
    assert "left_out" not in figures(whole) and figures(whole)["clients_in"] == 85_000
    monkeypatch.setattr(diverting, "MOST", 8)
    (f,) = found(frames)
    assert figures(f)["left_out"] == 5_000 and figures(f)["clients_in"] == 85_000
    monkeypatch.setattr(diverting, "MOST", 7)
    (f,) = found(rl23.diverted_toy_tables())
    assert figures(f)["left_out"] == 20_000 and figures(f)["clients_in"] == 90_000


# ---------------------------------------------------------------- over whom it is followed


@pytest.mark.parametrize(
    "change",
    [
        {"party_id": "BANK"}, {"party_id": "TAX"}, {"party_id": "L1"}, {"kind": "clearing"}, {"kind": "loan"},
        {"kind": "client_custody"},
    ],
)  # fmt: skip
def test_it_is_not_followed_over_who_has_others_money_by_trade_or_a_claim(change: Row) -> None:
    frames = changed(rl23.diverted_toy_tables(), "accounts", {"account_id": "shell"}, **change)
    assert not found(frames, "diverted")


@pytest.mark.parametrize(("role", "count"), [("exchange", 0), ("court_escrow", 0), ("payroll", 1)])
def test_it_is_not_followed_over_whose_stated_role_is_to_hold_others_money(role: str, count: int) -> None:
    stated = {"subject_id": "shell", "role": role, "source": "名录"}
    assert len(found(with_rows(rl23.diverted_toy_tables(), roles=[stated]), "diverted")) == count


def test_what_comes_into_custody_of_the_group_reached_nobody() -> None:
    frames = changed(rl23.diverted_toy_tables(), "transfers", {"target": "boss"}, target="keeps")
    kept = {"account_id": "keeps", "party_id": "BOSS", "kind": "client_custody", "covered": "false"}
    assert not found(with_rows(frames, accounts=[kept]), "diverted")
    assert found(with_rows(frames, accounts=[{**kept, "kind": "settlement"}]), "diverted")


def test_it_is_not_followed_over_who_borrowed() -> None:
    loan = {"loan_id": "B9", "platform_id": "PLATFORM", "borrower_id": "SHELL", "principal": "60",
            "start": "2018-01-31"}  # fmt: skip
    assert not found(with_rows(rl23.diverted_toy_tables(), loans=[loan]))


def test_a_fee_over_a_stranger_is_none_of_the_groups_money() -> None:
    frames = changed(rl23.diverted_toy_tables(), "transfers", {"target": "boss"}, memo="服务费")
    assert not found(frames)


def test_what_comes_back_to_the_platform_reached_no_other_of_its_group() -> None:
    frames = changed(rl23.diverted_toy_tables(), "transfers", {"target": "boss"}, target="own")
    assert not found(frames, "diverted")


def test_only_what_reached_who_controls_it_is_critical() -> None:
    """The owner gets 10, a company that he owns 40: of what is the clients' money only his counts as a controller's."""
    frames = changed(rl23.diverted_toy_tables(), "transfers", {"target": "boss"}, amount="10")
    frames = with_rows(
        frames,
        accounts=[{"account_id": "sister", "party_id": "SISTER", "covered": "false"}],
        parties=[{"party_id": "SISTER", "name": "姊妹公司", "kind": "company", "sector": ""}],
        stakes=[
            {"owner_id": "BOSS", "company_id": "SISTER", "share": "1", "votes": "1", "since": "2015-01-01"}
        ],
        transfers=[pay("x", "2018-02-11T09:00:00", "shell", "sister", "40", memo="往来款")],
    )
    (f,) = found(frames)
    assert (f.amount_least, f.amount) == (4_000, 5_000) and figures(f)["paid"] == 5_000
    assert figures(f)["controllers"] == 0 and f.severity == "high", "first of the shell's own 10"
    assert "2 others of the group" in str(f.summary)


# ---------------------------------------------------------------- claims


def test_a_client_who_owes_has_no_claim_and_owes_nothing_of_what_he_is_paid() -> None:
    frames = changed(
        rl23.client_owner_toy_tables(), "client_ledger", {"client_id": "LANDLORD"}, balance="-100"
    )
    (f,) = found(frames)
    assert f.amount == f.amount_least == 50_000


def test_dollars_paid_in_are_no_claim_on_yuan() -> None:
    frames = changed(
        rl23.client_owner_near_miss_tables(), "transfers", {"source": "landlord"}, currency="USD"
    )
    (f,) = [each for each in found(frames, "spent") if each.currency == "CNY"]
    assert figures(f)["spent_owner"] == 30_000


@pytest.mark.parametrize(("date", "least"), [("2018-03-08T09:00:00", 50_000), ("2018-03-08T08:59:59", 0)])
def test_a_row_of_the_ledger_says_for_a_week_what_he_is_owed(date: str, least: int) -> None:
    frames = changed(rl23.client_owner_toy_tables(), "client_ledger", {"client_id": "LANDLORD"}, date=date)
    (f,) = found(frames)
    assert (f.amount_least, f.amount) == (least, 50_000)


def test_no_more_is_certain_than_goes_beyond_every_claim() -> None:
    loan = {"loan_id": "B1", "platform_id": "PLATFORM", "borrower_id": "BORROWER", "lender_id": "LANDLORD",
            "principal": "100", "start": "2018-02-01"}  # fmt: skip
    (f,) = found(with_rows(rl23.client_owner_toy_tables(), loans=[loan]), "spent")
    assert (f.amount_least, f.amount) == (40_000, 40_000)


# ---------------------------------------------------------------- short


def test_the_worst_day_is_told_and_the_first_of_equals() -> None:
    frames = rl23.short_toy_tables()
    more = [
        {**each, "date": "2018-07-05T20:00:00", "balance": "98"} for each in rows(frames["client_ledger"])
    ]
    (f,) = found(with_rows(frames, client_ledger=more))
    assert f.value == 4_000 and figures(f)["days"] == 2 and (f.amount_least, f.amount) == (4_000, 4_000)
    assert figures(f)["days_unknown"] == 0
    less = changed(with_rows(frames, client_ledger=more), "client_ledger", {"balance": "98"}, balance="101")
    (f,) = found(less)
    assert f.value == 4_900


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({}, "medium"), ({"start": "2018-07-01"}, "high"), ({"end": "2018-06-01"}, "high"), ({"end": "2018-12-31"}, "medium"),
        ({"platform_id": "CUSTOMER"}, "high"),
    ],
)  # fmt: skip
def test_only_its_own_loans_that_run_that_day_may_explain_it(change: Row, severity: str) -> None:
    loan = {"loan_id": "B1", "platform_id": "PLATFORM", "borrower_id": "BORROWER", "principal": "40",
            "start": "2018-02-01", **change}  # fmt: skip
    halves = [{**loan, "principal": "25"}, {**loan, "loan_id": "B2", "principal": "15"}]
    frames = with_rows(rl23.short_toy_tables(), loans=halves)
    (f,) = found(frames, "short")
    assert f.severity == severity
    again = check(of_rows(frames, f.evidence), only="RL-23").findings
    assert essence(f) in [essence(each) for each in again]


# ---------------------------------------------------------------- of whom


def _keeper(frames: Frames) -> Any:
    (keeper,) = keepers(facts_of(case_of(frames)), Limits(Fraction(1, 100), Fraction(1, 20), 3))
    return keeper


def test_the_contract_says_whose_client_paid_before_the_account_does() -> None:
    """L1, a client of both, pays into one's account for a loan of the other's."""
    frames = with_honest_sister(rl23.covered_toy_tables())
    loan = {"loan_id": "B1", "platform_id": "ABROAD", "borrower_id": "BORROWER", "lender_id": "L1",
            "principal": "100", "start": "2018-01-09"}  # fmt: skip
    frames = changed(with_rows(frames, loans=[loan]), "transfers", {"source": "l1"}, loan_id="B1")
    told = {who: int(which.sum()) for who, which in _keeper(frames).shares}
    assert told == {("ABROAD",): 10, ("PLATFORM",): 8}


def test_an_account_is_his_whose_product_it_keeps_else_whose_clients_pay_into_it() -> None:
    frames = with_honest_sister(rl23.short_toy_tables())
    frames = changed(frames, "accounts", {"account_id": "apart"}, party_id="BANK")
    keeper = _keeper(frames)
    accounts = {str(name): number for number, name in enumerate(keeper.facts.account_ids)}

    def apart(keeper: Any) -> dict[str, tuple[str, ...]]:
        parts = keeper.apart(np.array([accounts["custody"], accounts["apart"]], np.int64))
        return {name: who for who, at in parts for name in ("custody", "apart") if accounts[name] in at}

    assert apart(keeper) == {"custody": ("PLATFORM",), "apart": ("ABROAD",)}, "by who pays into it"
    product = {"product_id": "P", "name": "一号", "manager_id": "PLATFORM", "start": "2018-01-01"}
    by_product = with_rows(
        changed(frames, "accounts", {"account_id": "apart"}, product_id="P"), products=[product]
    )
    assert apart(_keeper(by_product)) == {"custody": ("PLATFORM",), "apart": ("PLATFORM",)}
    signed = changed(frames, "accounts", {"account_id": "apart"}, signer_id="PLATFORM")
    assert apart(_keeper(signed))["apart"] == ("PLATFORM",)
    silent = without_rows(frames, "transfers", *(f"sM{n}" for n in range(1, 10)))
    both = ("ABROAD", "PLATFORM")
    assert apart(_keeper(silent)) == {"custody": both, "apart": both}, "nothing tells whose it is"


def test_of_each_institution_the_clients_money_that_reached_the_group_is_told() -> None:
    """The sister's custody pays the owner 30 straight; the platform's, over the shell, 40 to 50."""
    out = pay("s", "2018-03-01T09:00:00", "apart", "boss", "30", memo="往来款")
    frames = with_rows(with_honest_sister(rl23.diverted_toy_tables()), transfers=[out])
    told = {
        f.subject_id: (f.amount_least, f.amount, int(figures(f)["clients_in"]))
        for f in found(frames, "diverted")
    }
    assert told == {"PLATFORM": (4_000, 5_000, 90_000), "ABROAD": (3_000, 3_000, 90_000)}


def test_through_no_payment_nothing_is_followed() -> None:
    assert not list(find(case_of(rl23.diverted_toy_tables()), hops=0))
    straight = changed(
        rl23.diverted_toy_tables(), "transfers", {"target": "shell", "memo": "咨询费"}, target="boss"
    )
    assert [f.amount for f in find(case_of(straight), hops=1)] == [6_000]
