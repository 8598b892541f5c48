"""RL-20: the reserve's gap to the unit, payments for no client, advances, pledges and interest."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl20_reserves import _advance, find
from graphflow.synthesis.lines import rl20
from graphflow.synthesis.small import Frames, case_of
from tests.redlines.edits import changed, rows, with_rows, without_rows, without_tables


def found(frames: Frames, test: str = "", **settings_: Any) -> list[Finding]:
    """The findings, or those of one test."""
    every = check(case_of(frames), only="RL-20", **settings_).findings
    return [f for f in every if not test or test in [t.name for t in f.tests if t.hit]]


def asked(frames: Frames, **thresholds: Any) -> list[Finding]:
    return list(find(case_of(frames), **thresholds))


def figures(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def states(f: Finding) -> dict[str, str]:
    return {e.name: e.state for e in f.counter_evidence}


def pay(number: str, time: str, source: str, target: str, amount: str, **more: str) -> dict[str, str]:
    return {"transfer_id": number, "time": time, "source": source, "target": target, "amount": amount, **more}


# ---------------------------------------------------------------- the gap


def test_the_vector() -> None:
    (f,) = found(rl20.toy_tables())
    assert (f.measure, f.value, f.threshold) == ("gap", 3_500, 2_000)
    told = figures(f)
    assert (told["owed"], told["transit"], told["stood"]) == (100_000, 2_000, 98_500)
    assert f.severity == "high" and (f.amount_least, f.amount) == (3_500, 3_500)
    assert f.kinds == {"flow": "shown", "statement": "shown"}
    assert states(f)["cut_off"] == "unknown" and states(f)["own_money"] == "clear"
    note = next(str(e.note) for e in f.counter_evidence if e.name == "cut_off")
    assert "no Saturday or Sunday" in note and "holiday is not known" in note, (
        "weekends are all that is known"
    )


def test_a_ten_thousandth_and_what_is_in_transit_are_borne() -> None:
    base = rl20.toy_tables()
    (f,) = found(changed(base, "client_ledger", {}, in_transit=""))
    assert f.value == 1_500 and f.threshold == 10
    near = changed(base, "transfers", {"target": "shop"}, amount="0.10")
    near = changed(near, "client_ledger", {}, in_transit="")
    assert not found(near)  # 10 fen of 1,000 yuan are a ten-thousandth
    assert found(changed(near, "transfers", {"target": "shop"}, amount="0.11"))
    assert asked(near, gap="0.00009")


@pytest.mark.parametrize(("time", "count"), [("2024-06-07T19:00:00", 0), ("2024-06-07T21:00:00", 1)])
def test_it_is_to_come_by_the_end_of_the_next_working_day(time: str, count: int) -> None:
    frames = changed(rl20.near_miss_tables(), "transfers", {"amount": "35"}, time=time)
    assert len(found(frames)) == count


def test_over_a_week_end_it_has_until_monday() -> None:
    frames = changed(rl20.near_miss_tables(), "client_ledger", {}, date="2024-06-07T20:00:00")
    frames = changed(frames, "transfers", {"amount": "35"}, time="2024-06-10T16:00:00")
    assert not found(frames)


def test_a_bare_date_is_the_end_of_its_day() -> None:
    frames = changed(rl20.toy_tables(), "client_ledger", {}, date="2024-06-05")
    (f,) = found(frames)
    assert f.value == 3_500
    late = with_rows(
        frames, transfers=[pay("x", "2024-06-05T22:00:00", "c1", "reserve", "35", order_id="in9")]
    )
    assert not found(late)


def test_the_last_row_of_a_day_counts() -> None:
    frames = rl20.toy_tables()
    early = [
        {**each, "date": "2024-06-05T10:00:00", "balance": "999"} for each in rows(frames["client_ledger"])
    ]
    (f,) = found(with_rows(frames, client_ledger=early))
    assert f.value == 3_500 and figures(f)["owed"] == 100_000


def test_what_stands_in_an_account_in_which_nothing_moves_covers_too() -> None:
    frames = changed(rl20.toy_tables(), "accounts", {"account_id": "special"}, opening_balance="35")
    assert not found(frames)
    unknown = changed(rl20.toy_tables(), "accounts", {"account_id": "special"}, opening_balance="")
    assert not found(unknown)


def test_own_money_in_the_reserve_covers_and_is_told() -> None:
    frames = with_rows(
        rl20.toy_tables(), transfers=[pay("x", "2024-06-04T08:00:00", "own", "reserve", "10", memo="补足")]
    )
    (f,) = found(frames)
    assert f.value == 2_500 and states(f)["own_money"] == "present"


def test_before_the_next_working_day_is_over_it_is_held_at_medium() -> None:
    (f,) = found(without_rows(rl20.toy_tables(), "transfers", "t006"))
    assert f.severity == "medium" and f.severity_note and states(f)["cut_off"] == "unknown"


def test_the_worst_day_is_told_and_all_are_counted() -> None:
    frames = rl20.toy_tables()
    more = [
        {**each, "date": "2024-06-12T20:00:00", "balance": "260"} for each in rows(frames["client_ledger"])
    ]
    (f,) = found(with_rows(frames, client_ledger=more))
    assert f.value == 3_500 + 4_000 and figures(f)["days"] == 2


def test_who_is_no_payment_institution_keeps_no_reserve() -> None:
    frames = changed(rl20.toy_tables(), "parties", {"party_id": "PSP"}, sector="")
    assert found(frames)  # its licence says so
    assert not found(without_tables(frames, "licences"))


# ---------------------------------------------------------------- payments out


def test_six_millions_to_a_sister_company_are_critical() -> None:
    (f,) = found(rl20.outflow_toy_tables())
    told = figures(f)
    assert f.severity == "critical" and f.value == 607_000_000
    assert (told["outflow_group"], told["outflow_wages"], told["outflow_own"]) == (
        600_000_000,
        5_000_000,
        2_000_000,
    )
    assert told["reached"] == 602_000_000 and set(f.kinds) == {"flow", "register", "ownership"}


def test_less_than_five_millions_are_high() -> None:
    frames = changed(rl20.outflow_toy_tables(), "transfers", {"target": "sister"}, amount="4979999.99")
    (f,) = found(frames)
    assert f.severity == "high" and figures(f)["reached"] == 499_999_999
    (f,) = found(changed(frames, "transfers", {"target": "sister"}, amount="4980000"))
    assert f.severity == "critical"


def test_own_money_in_the_reserve_may_have_paid() -> None:
    frames = rl20.outflow_toy_tables()
    own = pay("x", "2024-06-03T08:00:00", "own", "reserve", "2000000", memo="补足")
    (f,) = found(with_rows(frames, transfers=[own]))
    assert f.severity == "high" and (f.amount_least, f.amount) == (407_000_000, 607_000_000)
    (f,) = found(with_rows(frames, transfers=[{**own, "amount": "6070000"}]))
    assert f.severity == "medium" and f.amount_least == 0


def test_what_is_paid_back_was_borrowed_all_the_same() -> None:
    back = pay("x", "2024-06-11T08:00:00", "sister", "reserve", "6000000", memo="归还")
    (f,) = found(with_rows(rl20.outflow_toy_tables(), transfers=[back]))
    assert (
        f.severity == "critical" and f.amount_least == f.amount == 607_000_000
    )  # the repayment is clients' again


def test_without_a_licence_and_a_tie_it_rests_on_flows_alone() -> None:
    frames = without_tables(rl20.outflow_toy_tables(), "licences", "stakes")
    (f,) = found(frames)
    assert f.kinds == {"flow": "shown"} and f.severity == "high" and f.value == 7_000_000


def test_a_client_or_an_order_is_paid_for_clients() -> None:
    base = rl20.outflow_toy_tables()
    for to in ("sister", "wage", "own"):
        base = changed(base, "transfers", {"target": to}, order_id=f"o{to}")
    assert not found(base)
    frames = changed(rl20.outflow_toy_tables(), "transfers", {"target": "wage"}, target="c1")
    (f,) = found(
        with_rows(
            frames,
            client_ledger=[{"platform_id": "PSP", "date": "2024-06-30", "client_id": "C1", "balance": "0"}],
        )
    )
    assert "outflow_wages" not in figures(f)


def test_a_merchant_of_the_group_is_paid_what_it_is_owed() -> None:
    assert not found(rl20.merchant_near_miss_tables())
    (f,) = found(rl20.merchant_toy_tables())
    assert (f.severity, f.value, f.amount_least) == ("critical", 505_000_000, 505_000_000)
    assert figures(f)["outflow_group"] == figures(f)["reached"] == 505_000_000
    assert "beyond" in str(f.summary) and states(f)["ordered"] == "clear"
    unnamed = without_tables(rl20.merchant_near_miss_tables(), "client_ledger")
    (f,) = found(unnamed)  # whom no ledger names a client has no claim
    assert f.value == 595_000_000


def test_a_claim_that_no_late_row_states_is_not_certain() -> None:
    frames = without_tables(rl20.merchant_near_miss_tables(), "client_ledger")
    day = {"platform_id": "PSP", "date": "2024-06-02", "client_id": "SISTER", "balance": "900000"}
    (f,) = found(with_rows(frames, client_ledger=[day]))
    assert (f.severity, f.value, f.amount_least) == ("medium", 505_000_000, 0)
    assert states(f)["ordered"] == "unknown" and figures(f)["reached"] == 0 and f.severity_note
    (f,) = found(with_rows(frames, client_ledger=[{**day, "date": "2024-06-03"}]))
    assert f.severity == "critical"


def test_what_came_since_the_row_may_have_been_the_merchants() -> None:
    more = pay("x", "2024-06-10T09:00:00", "c1", "reserve", "1000000", order_id="in9")
    (f,) = found(with_rows(rl20.merchant_toy_tables(), transfers=[more]), "outflow")
    assert (f.severity, f.value, f.amount_least) == ("high", 505_000_000, 405_000_000)
    assert states(f)["ordered"] == "unknown" and figures(f)["reached"] == 405_000_000


def test_only_a_text_against_a_client_is_not_certain() -> None:
    rent = pay("x", "2024-06-10T09:00:00", "reserve", "c1", "9000000", memo="房租")
    row = {"platform_id": "PSP", "date": "2024-06-09", "client_id": "C1", "balance": "0"}
    frames = with_rows(rl20.merchant_near_miss_tables(), transfers=[rent], client_ledger=[row])
    (f,) = found(frames, "outflow")
    assert (f.severity, f.amount, f.amount_least) == ("medium", 650_000_000, 0)


def test_where_nothing_names_an_order_none_can_be_told() -> None:
    frames = rl20.merchant_toy_tables()
    frames = {**frames, "transfers": frames["transfers"].drop(columns=["order_id"])}
    (f,) = found(frames, "outflow")
    assert states(f)["ordered"] == "unknown"


def test_a_claim_is_used_up() -> None:
    again = pay("x", "2024-06-11T10:00:00", "reserve", "sister", "10", memo="商户结算")
    frames = with_rows(rl20.merchant_near_miss_tables(), transfers=[again])
    (f,) = found(frames)
    assert f.value == 1_000
    in_between = pay("y", "2024-06-11T09:00:00", "sister", "reserve", "10", memo="充值")
    assert not found(with_rows(frames, transfers=[in_between]))


def test_fees_are_small() -> None:
    frames = changed(rl20.fees_near_miss_tables(), "transfers", {"memo": "手续费划转"}, amount="500")
    assert not found(frames)
    (f,) = found(changed(frames, "transfers", {"memo": "手续费划转"}, amount="500.01"))
    assert f.value == 50_001 and figures(f)["outflow_own"] == 50_001
    assert not asked(changed(frames, "transfers", {"memo": "手续费划转"}, amount="500.01"), fees="0.06")


def test_a_stranger_without_an_order_where_the_others_have_one() -> None:
    (f,) = found(rl20.stranger_toy_tables())
    assert f.value == 70_000 and figures(f)["outflow_stranger"] == 70_000
    more = [pay(f"s{n}", f"2024-06-11T09:0{n}:00", "reserve", "stranger", "1") for n in range(2)]
    assert not found(with_rows(rl20.stranger_toy_tables(), transfers=more))  # of twelve only nine name one
    before = pay("x", "2024-06-09T09:00:00", "stranger", "reserve", "700", order_id="in8")
    assert not found(with_rows(rl20.stranger_toy_tables(), transfers=[before]))


# ---------------------------------------------------------------- advances


def test_what_was_advanced() -> None:
    (f,) = found(rl20.advance_toy_tables())
    assert (
        f.value == 18_000
        and figures(f)["redeemed"] == 30_000
        and f.kinds == {"flow": "shown", "contract": "shown"}
    )


def test_money_of_the_funds_account_counts_without_naming_the_product() -> None:
    frames = rl20.advance_toy_tables()
    frames = changed(frames, "transfers", {"order_id": "f1"}, product_id="", amount="300")
    assert not found(frames, "advance")
    frames = changed(frames, "products", {}, custodian_id="")
    (f,) = found(frames, "advance")
    assert f.value == 30_000


def test_investors_subscriptions_are_no_money_of_the_fund() -> None:
    frames = with_rows(
        rl20.advance_toy_tables(),
        transfers=[pay("x", "2024-06-19T09:00:00", "c1", "reserve", "300", product_id="MMF", order_id="b1")],
    )
    (f,) = found(frames, "advance")
    assert f.value == 18_000


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 50)), max_size=12),
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 50)), min_size=1, max_size=12),
)
def test_advances_are_what_a_plain_loop_says(
    came: list[tuple[int, int]], paid: list[tuple[int, int]]
) -> None:
    def frame(drawn: list[tuple[int, int]]) -> pd.DataFrame:
        return pd.DataFrame(
            {"time": [t for t, _ in drawn], "amount": [a for _, a in drawn], "row": range(len(drawn))}
        ).astype("int64")

    there, advanced = 0, 0
    events = [(t, 0, n, a) for n, (t, a) in enumerate(came)] + [(t, 1, n, a) for n, (t, a) in enumerate(paid)]
    for _, out, _, amount in sorted(events):
        if out:
            advanced += amount - min(amount, max(there, 0))
            there -= amount
        else:
            there += amount
    assert _advance("P", frame(paid), frame(came)).advance == advanced


# ---------------------------------------------------------------- pledges, interest, days


def test_a_pledge_and_a_collateral() -> None:
    (f,) = found(rl20.pledge_toy_tables())
    assert f.measure == "pledges" and f.value == 1 and f.amount == 50_000
    loan = {
        "loan_id": "B",
        "borrower_id": "SISTER",
        "principal": "70",
        "start": "2024-06-04",
        "collateral": "reserve",
    }
    (f,) = found(with_rows(rl20.pledge_near_miss_tables(), loans=[loan]))
    assert f.value == 1 and f.amount == 7_000
    (f,) = found(changed(rl20.pledge_toy_tables(), "guarantees", {}, amount=""))
    assert figures(f)["without_amount"] == 1 and f.amount == 0


def test_interest_of_a_year() -> None:
    (f,) = found(rl20.interest_toy_tables())
    assert (
        f.measure == "interest" and Fraction(15, 1000) < f.value < Fraction(151, 10000) and f.amount == 15_000
    )
    assert not asked(rl20.interest_toy_tables(), interest="0.016")
    assert not found(
        changed(rl20.interest_toy_tables(), "accounts", {"account_id": "reserve"}, opening_balance="")
    )


def test_interest_before_all_reserves_were_central_is_not_asked() -> None:
    frames = rl20.interest_toy_tables()
    time = frames["transfers"]["time"]
    frames["transfers"]["time"] = time.str.replace("2024", "2016").str.replace("2025", "2017")
    assert not found(frames)


def test_as_of_a_day_what_came_later_is_not_seen() -> None:
    assert not found(rl20.outflow_toy_tables(), as_of="2024-06-09")
    (f,) = found(rl20.outflow_toy_tables(), as_of="2024-06-11")
    assert f.value == 605_000_000


# ---------------------------------------------------------------- to the unit, and what does not count


def shown(f: Finding, table: str) -> list[int]:
    """The rows of a table that show it."""
    rows_ = f.evidence[f.evidence["shows"] & (f.evidence["table"] == table)]
    return sorted(int(each) for each in rows_["source_row"])


def test_of_days_that_lack_the_same_the_first_is_told() -> None:
    frames = rl20.toy_tables()
    again = [{**each, "date": "2024-06-12T20:00:00"} for each in rows(frames["client_ledger"])]
    (f,) = found(with_rows(frames, client_ledger=again))
    assert f.value == 3_500 and figures(f)["days"] == 2
    assert shown(f, "client_ledger") == [1, 2, 3, 4]


def test_what_clients_owe_is_taken_off_what_is_owed_at_least() -> None:
    frames = changed(rl20.toy_tables(), "client_ledger", {"client_id": "C1"}, balance="-50")
    frames = changed(frames, "client_ledger", {"client_id": "C2"}, balance="560")
    (f,) = found(frames)  # 1,010 and 20 on their way, beside 985
    assert f.value == 4_500 and figures(f)["overdrawn"] == 5_000
    assert (f.amount_least, f.amount) == (4_500, 9_500)


def test_the_groups_own_position_and_another_platforms_clients_are_not_owed_by_it() -> None:
    day = {"date": "2024-06-05T20:00:00", "balance": "1000"}
    more = [
        {**day, "platform_id": "PSP", "client_id": "SISTER"},
        {**day, "platform_id": "SHOP", "client_id": "C1"},
    ]
    (f,) = found(with_rows(rl20.toy_tables(), client_ledger=more))
    assert f.value == 3_500 and figures(f)["owed"] == 100_000


def test_what_is_made_good_on_any_day_until_monday_was_made_good() -> None:
    frames = rl20.toy_tables()
    days = (("2024-06-07", "250"), ("2024-06-08", "250"), ("2024-06-09", "246"), ("2024-06-10", "250"))
    ledger = [
        {"platform_id": "PSP", "date": f"{day}T20:00:00", "client_id": f"C{number}", "balance": balance}
        for day, balance in days for number in range(1, 5)
    ]  # fmt: skip
    (f,) = found(with_rows(without_tables(frames, "client_ledger"), client_ledger=ledger))
    assert f.value == 1_500 and figures(f)["days"] == 1
    assert shown(f, "client_ledger") == [13, 14, 15, 16]  # of Monday alone


def test_what_is_lacking_today_may_come_tomorrow() -> None:
    (f,) = found(rl20.toy_tables(), as_of="2024-06-06")
    assert f.severity == "medium" and states(f)["cut_off"] == "unknown"


def test_only_money_of_the_same_currency_covers_and_an_unknown_opening_is_not_judged() -> None:
    dollars = changed(
        rl20.toy_tables(), "accounts", {"account_id": "special"}, opening_balance="35", currency="USD"
    )
    (f,) = found(dollars)
    assert f.value == 3_500
    assert not found(changed(rl20.toy_tables(), "accounts", {"account_id": "reserve"}, opening_balance=""))


def test_exactly_the_threshold_of_payments_out_is_borne() -> None:
    assert not asked(rl20.stranger_toy_tables(), outflow="700")
    assert asked(rl20.stranger_toy_tables(), outflow="699.99")


def test_the_figure_of_the_crime_is_one_in_yuan() -> None:
    frames = rl20.outflow_toy_tables()
    (f,) = found({**frames, "transfers": frames["transfers"].assign(currency="USD")})
    assert (f.currency, f.severity, f.value) == ("USD", "high", 607_000_000)


def test_own_money_of_another_currency_did_not_pay() -> None:
    own = pay("x", "2024-06-03T08:00:00", "own", "reserve", "2000000", memo="补足", currency="USD")
    (f,) = found(with_rows(rl20.outflow_toy_tables(), transfers=[own]))
    assert f.severity == "critical" and f.amount_least == 607_000_000 and states(f)["own_money"] == "clear"


def test_a_clearing_is_an_order_and_a_client_or_nobody_is_no_stranger() -> None:
    base = rl20.stranger_toy_tables()
    assert not found(changed(base, "transfers", {"target": "stranger"}, clearing_id="n1"))
    assert not found(changed(base, "accounts", {"account_id": "stranger"}, party_id=""))
    client = {"platform_id": "PSP", "date": "2024-06-30", "client_id": "STRANGER", "balance": "0"}
    assert not found(with_rows(base, client_ledger=[client]))


def test_the_funds_money_of_another_currency_redeems_nothing() -> None:
    frames = changed(rl20.advance_toy_tables(), "transfers", {"order_id": "f1"}, currency="USD")
    (f,) = found(frames, "advance")
    assert f.value == 30_000


def test_the_managers_money_is_the_funds() -> None:
    frames = changed(
        rl20.advance_toy_tables(), "transfers", {"order_id": "f1"}, source="manager", product_id=""
    )
    (f,) = found(with_rows(frames, accounts=[{"account_id": "manager", "party_id": "MANAGER"}]), "advance")
    assert f.value == 18_000


def test_what_comes_at_the_moment_of_a_payment_was_there() -> None:
    frames = changed(rl20.advance_toy_tables(), "transfers", {"order_id": "f2"}, time="2024-06-20T10:02:00")
    (f,) = found(frames, "advance")
    assert f.value == 8_000  # of the second 80: the third was there
    assert len(shown(f, "transfers")) == 5


def test_a_pledge_is_asked_of_its_own_in_force_and_in_any_letters() -> None:
    base = rl20.pledge_toy_tables()
    assert not found(changed(base, "guarantees", {}, until="2024-06-10"))
    assert not found(changed(base, "guarantees", {}, guarantor_id="SHOP"))
    assert found(changed(base, "guarantees", {}, kind="Pledge of the RESERVE"))


def test_interest_is_what_a_bank_pays_and_calls_so() -> None:
    base = rl20.interest_toy_tables()
    (f,) = found(base)
    assert f.severity == "medium" and not asked(base, interest=f.value)
    assert not found(changed(base, "transfers", {"source": "bank"}, source="c1"))
    assert not found(changed(base, "transfers", {"source": "bank"}, memo="转账"))
    assert found(changed(base, "transfers", {"source": "bank"}, memo="", kind="interest"))
    ours = changed(base, "accounts", {"account_id": "bank"}, party_id="")
    assert found(ours)  # an account within a bank, whosever it is


def test_a_licence_for_something_else_makes_no_payment_institution() -> None:
    frames = changed(rl20.outflow_toy_tables(), "parties", {"party_id": "PSP"}, sector="")
    assert found(frames)
    assert not found(changed(frames, "licences", {}, function="insurance"))


def test_where_all_others_name_a_clearing_one_without_is_a_strangers() -> None:
    frames = rl20.stranger_toy_tables()
    cleared = frames["transfers"].rename(columns={"order_id": "clearing_id"})
    (f,) = found({**frames, "transfers": cleared})
    assert figures(f)["outflow_stranger"] == 70_000


def with_sister_institution(frames: Frames) -> Frames:
    """The holding has another payment institution, first by id, with a reserve of its own and no ledger."""
    return with_rows(
        frames,
        parties=[{"party_id": "APSP", "name": "安付支付", "kind": "company", "sector": "payment_institution"}],
        stakes=[
            {"owner_id": "HOLDING", "company_id": "APSP", "share": "1", "votes": "1", "since": "2015-01-01"}
        ],
        accounts=[
            {
                "account_id": "areserve", "party_id": "APSP", "kind": "reserve_central",
                "covered": "true", "opening_balance": "0",
            }
        ],
        transfers=[pay("a1", "2024-06-03T10:00:00", "c1", "areserve", "900", order_id="a1")],
    )  # fmt: skip


def test_a_sisters_reserve_covers_nothing_and_the_sister_is_not_named() -> None:
    (alone,) = found(rl20.toy_tables(), "gap")
    (beside,) = found(with_sister_institution(rl20.toy_tables()), "gap")
    assert beside.subject_id == "PSP" and "安付" not in str(beside.summary)
    assert (beside.value, figures(beside)["stood"]) == (alone.value, figures(alone)["stood"])


def test_what_each_of_two_reserves_paid_out_is_told_of_its_own() -> None:
    frames = with_sister_institution(rl20.outflow_toy_tables())
    (beside,) = found(frames, "outflow")
    (alone,) = found(rl20.outflow_toy_tables(), "outflow")
    assert beside.subject_id == "PSP" and beside.value == alone.value
    more = with_rows(frames, transfers=[pay("a2", "2024-06-07T10:00:00", "areserve", "sister", "800")])
    assert {f.subject_id: figures(f)["outflow"] for f in found(more, "outflow")} == {
        "PSP": alone.value, "APSP": 80_000,
    }  # fmt: skip


# ---------------------------------------------------------------- whose account, and what is not known


def test_own_money_in_another_account_is_none_in_the_reserve() -> None:
    """The owner pays the institution's own account: the reserve has nothing of his."""
    own = pay("x", "2024-06-03T08:00:00", "own", "fees", "2000000", memo="注资")
    more = {
        "account_id": "fees",
        "party_id": "PSP",
        "kind": "settlement",
        "covered": "true",
        "opening_balance": "0",
    }
    (f,) = found(with_rows(rl20.outflow_toy_tables(), transfers=[own], accounts=[more]), "outflow")
    assert f.severity == "critical" and f.amount_least == 607_000_000
    assert states(f)["own_money"] == "clear" and figures(f)["own_in"] == 0
    gap = with_rows(rl20.toy_tables(), transfers=[{**own, "amount": "10"}], accounts=[more])
    (f,) = found(gap, "gap")
    assert states(f)["own_money"] == "clear" and f.value == 3_500


def test_own_money_of_another_currency_covers_no_gap() -> None:
    own = pay("x", "2024-06-04T08:00:00", "own", "reserve", "10", memo="补足", currency="USD")
    (f,) = found(with_rows(rl20.toy_tables(), transfers=[own]), "gap")
    assert f.value == 3_500 and states(f)["own_money"] == "clear"


def test_an_account_that_keeps_the_product_pays_for_it_whosever_it_is() -> None:
    """The fund's money comes from an account of nobody known that keeps the product; of another one's it does not."""
    base = rl20.advance_toy_tables()
    frames = changed(base, "transfers", {"order_id": "f1"}, source="keeps", product_id="")
    kept = {"account_id": "keeps", "party_id": "", "covered": "false", "product_id": "MMF"}
    (f,) = found(with_rows(frames, accounts=[kept]), "advance")
    assert f.value == 18_000
    other = {"product_id": "OTHER", "name": "别的基金", "manager_id": "SISTER", "start": "2024-01-01"}
    (f,) = found(with_rows(frames, accounts=[{**kept, "product_id": "OTHER"}], products=[other]), "advance")
    assert f.value == 30_000


def test_before_the_first_row_of_the_reserve_nothing_is_known_of_what_stood_there() -> None:
    """The ledger is of a day in May, too, and the statements begin in June: that is not 1,020 that were lacking."""
    frames = rl20.toy_tables()
    early = [{**each, "date": "2024-05-20T20:00:00"} for each in rows(frames["client_ledger"])]
    both = with_rows(frames, client_ledger=early)
    (f,) = found(both, "gap")
    told = figures(f)
    assert (f.value, told["days"], told["days_unknown"]) == (3_500, 1, 1)
    assert figures(found(frames, "gap")[0])["days_unknown"] == 0
    began = {"account_id": "reserve", "from": "2024-05-01", "to": "2024-07-31"}
    (f,) = found(with_rows(both, coverage=[began]), "gap")
    assert (f.value, figures(f)["days"]) == (102_000, 2), (
        "where it says that it had begun, nothing stood there"
    )
    late = {"account_id": "reserve", "from": "2024-06-01", "to": "2024-07-31"}
    (f,) = found(with_rows(both, coverage=[late]), "gap")
    assert (f.value, figures(f)["days_unknown"]) == (3_500, 1)


def test_what_the_group_pays_in_is_no_claim_of_a_merchant_of_the_group() -> None:
    """The sister pays 6,000,000 in before the ledger says that she is owed 900,000: 5,050,000 go beyond that."""
    paid = pay("x", "2024-06-05T08:00:00", "sister", "reserve", "6000000", memo="往来")
    (f,) = found(with_rows(rl20.merchant_toy_tables(), transfers=[paid]), "outflow")
    assert f.value == f.amount == 505_000_000
