"""RL-03: what a platform's group covers, each way of telling it, each guard; how much a guarantor answers for."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl03_self_guarantee import find
from graphflow.synthesis.lines import rl03
from graphflow.synthesis.small import Frames, case_of, frame_of
from tests.redlines.edits import changed, rows, with_rows, without_column, without_rows, without_tables


def found(frames: Frames, **more: Any) -> list[Finding]:
    return list(check(case_of(frames), only="RL-03", **more).findings)


def the_one(frames: Frames, **more: Any) -> Finding:
    (only,) = found(frames, **more)
    return only


def figures(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def hits(f: Finding) -> set[str]:
    return {t.name for t in f.tests if t.hit}


def outcomes(f: Finding) -> dict[str, str]:
    return {e.name: e.state for e in f.counter_evidence}


def states(f: Finding) -> dict[str, str]:
    return {e.name: e.state for e in f.elements}


def shifted(frames: Frames, memo: str, days: int, **where: str) -> Frames:
    """Transfers with a memo, and perhaps a source, so many days later."""
    out = rows(frames["transfers"])
    for row in out:
        if row.get("memo") == memo and all(row.get(k) == v for k, v in where.items()):
            at = datetime.datetime.fromisoformat(row["time"]) + datetime.timedelta(days)
            row["time"] = at.isoformat()
    return {**frames, "transfers": frame_of(out)}


OWNED = {"owner_id": "PLATFORM", "company_id": "GUARANTOR", "share": "1"}


# ---------------------------------------------------------------- what is covered


def test_the_vector() -> None:
    f = the_one(rl03.toy_tables())
    assert (f.measure, f.value) == ("covered", Fraction(95, 100)) and hits(f) == {"payouts"}
    told = figures(f)
    assert (told["count"], told["helped"]) == (20, 19)
    assert (told["overdue"], told["paid"], told["seen"]) == (100_000_000, 95_000_000, 95_000_000)
    assert (told["given"], told["reached"], told["share_own"]) == (95_000_000, 95_000_000, Fraction(19, 20))
    assert f.amount == 95_000_000 and f.severity == "high"
    assert f.kinds == {"contract": "shown", "flow": "shown", "ownership": "shown"}
    assert states(f) == {
        "platform": "shown", "stands_in": "inferred", "lenders": "shown", "unpaid": "shown",
    }  # fmt: skip
    assert set(outcomes(f).values()) == {"clear"}


def test_through_custody_it_is_the_same_money() -> None:
    f = the_one(rl03.custody_toy_tables())
    told = figures(f)
    assert f.value == Fraction(19, 20) and f.severity == "high"
    assert (told["given"], told["reached"]) == (95_000_000, 95_000_000)
    frames = rl03.custody_toy_tables()
    # what custody pays out counts as the borrower's first: two fifths of each instalment came of it, late
    more = [
        {"transfer_id": f"b{loan}{month}", "time": f"{rl03._due(month) + datetime.timedelta(2)}T10:00:00",
         "source": f"b{loan}", "target": "custody", "amount": "20000", "loan_id": f"L{loan}", "kind": "repayment"}
        for loan in range(4) for month in range(1, 6)
    ]  # fmt: skip
    less = the_one(with_rows(frames, transfers=more))
    assert figures(less)["paid"] == 19 * 30_000_00 and figures(less)["overdue"] == 100_000_000


def test_money_that_lenders_never_got_covers_nothing() -> None:
    frames = rl03.custody_toy_tables()
    out = [
        row for row in rows(frames["transfers"])
        if not (row["source"] == "custody" and row.get("memo") == "回款" and row["time"] > "2019-02-20")
    ]  # fmt: skip
    assert not found({**frames, "transfers": frame_of(out)})


def test_of_the_risk_reserve_it_is_less_grave() -> None:
    f = the_one(rl03.reserve_toy_tables())
    assert f.value == Fraction(19, 20) and figures(f)["share_own"] == 0 and f.severity == "medium"
    assert f.kinds == {"contract": "shown", "flow": "shown"}
    other = changed(rl03.reserve_toy_tables(), "accounts", {"account_id": "reserve"}, name="易贷网存管专户")
    assert not found(other), "an account in custody that is called nothing else pays what is lenders' own"
    theirs = changed(rl03.reserve_toy_tables(), "accounts", {"account_id": "reserve"}, party_id="GUARANTOR")
    assert not found(theirs), "a guarantor's own reserve is not the platform's"


def test_by_the_register_it_rests_on_statements() -> None:
    f = the_one(rl03.register_toy_tables())
    assert f.value == Fraction(19, 20) and hits(f) == {"register"}
    assert f.kinds == {"contract": "shown", "statement": "shown", "ownership": "shown"}
    assert {t.name for t in f.tests if not t.ran} == {"contract", "payouts", "multiple"}
    assert outcomes(f)["late"] == outcomes(f)["again"] == "unknown" and figures(f)["seen"] == 0


def test_a_register_that_names_one_account_for_all_does_not_say_who_paid() -> None:
    frames = rl03.register_toy_tables()
    for loan in range(4):
        frames = changed(frames, "instalments", {"paid_by": f"b{loan}"}, paid_by="affiliate")
    assert not found(frames)


def test_the_register_counts_five_days_too_and_what_borrowers_paid_in_before() -> None:
    frames = rl03.register_toy_tables()

    def paid_after(days: int) -> Frames:
        dues = rows(frames["instalments"])
        for row in dues:
            if row.get("paid_by") == "affiliate":
                row["paid_on"] = str(datetime.date.fromisoformat(row["due"]) + datetime.timedelta(days))
        return {**frames, "instalments": frame_of(dues)}

    assert the_one(paid_after(5)).value == Fraction(19, 20) and not found(paid_after(6))
    before = [
        {"transfer_id": f"b{loan}{month}", "time": f"{rl03._due(month) + datetime.timedelta(2)}T10:00:00",
         "source": f"b{loan}", "target": "own", "amount": "50000"}
        for loan in range(4) for month in range(1, 6)
    ]  # fmt: skip
    assert not found(with_rows(frames, transfers=before))


def test_custody_in_the_platforms_name_is_custody() -> None:
    book = rl03._Book()
    for loan in range(4):
        for month in range(6):
            book.due(loan, month)
            if month:
                book.to_lenders(loan, rl03._due(month) + datetime.timedelta(3), 12, "custody")
    frames = changed(book.frames(), "accounts", {"account_id": "custody"}, party_id="PLATFORM")
    assert not found(frames)
    open_ = changed(frames, "accounts", {"account_id": "custody"}, kind="settlement")
    assert the_one(open_).value == 1, "the same account, if it were the platform's own"


def test_a_blank_in_a_register_that_states_nothing_is_not_an_unpaid_instalment() -> None:
    frames = rl03.toy_tables()
    # custody is not known: nobody can say whether borrowers paid
    out = [row for row in rows(frames["transfers"]) if row.get("kind") != "repayment"]
    assert not found({**frames, "transfers": frame_of(out)})
    kept = changed({**frames, "transfers": frame_of(out)}, "instalments", {"due": "2019-02-09"}, paid="50000",
                   paid_on="2019-02-09")  # fmt: skip
    f = the_one(kept)
    assert f.value == Fraction(19, 20) and states(f)["unpaid"] == "inferred"


def test_what_register_and_borrowers_paid_is_not_overdue() -> None:
    frames = rl03.toy_tables()
    dues = rows(frames["instalments"])
    for row in dues[:12]:
        row |= {"paid": "20000", "paid_on": row["due"]}
    f = the_one({**frames, "instalments": frame_of(dues)})
    # of ten instalments (two had been paid whole) 20,000 each were paid in time
    assert figures(f)["overdue"] == 100_000_000 - 10 * 20_000_00
    for row in dues:
        row |= {"paid": "50000", "paid_on": row["due"]}
    assert not found({**frames, "instalments": frame_of(dues)})


def test_whoever_is_no_lender_is_not_kept_free_of_loss() -> None:
    frames = rl03.toy_tables()
    out = rows(frames["transfers"])
    for row in out:
        if row["source"] == "affiliate":
            row["target"] = "stranger"
    strangers = {**frames, "transfers": frame_of(out)}
    assert not found(strangers)
    # of loans of which no row names a lender, persons who are paid are taken for some
    nobody = [row for row in rows(frames["transfers"]) if row.get("memo") != "出借"]
    f = the_one({**frames, "transfers": frame_of(nobody)})
    assert states(f)["lenders"] == "inferred" and f.kinds["flow"] == "inferred"


def test_a_debt_of_its_own_group_is_its_own() -> None:
    frames = with_rows(
        rl03.toy_tables(),
        stakes=[{"owner_id": "PLATFORM", "company_id": f"B{n}", "share": "1"} for n in (0, 1, 2)],
    )
    assert not found(frames), "five instalments of another's are left"
    assert [f.value for f in find(case_of(frames), overdue=5)] == [Fraction(4, 5)]


def test_without_the_stake_the_affiliate_is_a_stranger() -> None:
    assert not found(without_tables(rl03.toy_tables(), "stakes"))


def test_a_payment_that_was_undone_covers_nothing() -> None:
    frames = rl03.toy_tables()
    undo = [
        {"transfer_id": f"u{row['transfer_id']}", "time": row["time"].replace("T15", "T17"), "source": row["target"],
         "target": "affiliate", "amount": row["amount"], "reversal_of": row["transfer_id"]}
        for row in rows(frames["transfers"]) if row["source"] == "affiliate"
    ]  # fmt: skip
    assert figures(the_one(with_rows(frames, transfers=undo[:2])))["paid"] == 90_000_000
    assert not found(with_rows(frames, transfers=undo))


# ---------------------------------------------------------------- what is not meant


def test_an_independent_guarantor_that_is_none() -> None:
    frames = rl03.near_miss_tables()
    assert not found(frames)
    f = the_one(with_rows(frames, stakes=[OWNED]))
    assert hits(f) == {"contract", "payouts"} and f.value == Fraction(19, 20)
    assert figures(f)["guarantees"] == 4 and outcomes(f)["independent"] == "clear"


def test_a_guarantor_of_the_group_beside_an_independent_one() -> None:
    frames = rl03.contract_toy_tables()
    f = the_one(changed(frames, "guarantees", {"loan_id": "L3"}, guarantor_id="GUARANTOR"))
    assert (
        figures(f)["guarantees"] == 3 and f.amount == 90_000_000 and outcomes(f)["independent"] == "present"
    )
    assert not list(find(case_of(frames), guarantees=5))


def test_a_borrower_who_pays_late_through_the_platform() -> None:
    frames = rl03.late_near_miss_tables()
    assert not found(frames)
    out = rows(frames["transfers"])
    for row in out:
        if row["target"] == "own":
            del row["loan_id"]
    assert not found({**frames, "transfers": frame_of(out)}), (
        "it names no loan, and is the borrower's all the same"
    )
    for row in out:
        if row["target"] == "own":
            row["time"] = row["time"].replace("T13", "T20")  # behind what the platform paid
    f = the_one({**frames, "transfers": frame_of(out)})
    assert f.value == Fraction(19, 20) and outcomes(f)["late"] == "clear"
    half = rows(frames["transfers"])
    for row in half:
        if row["target"] == "own":
            row["amount"] = "20000"
    f = the_one({**frames, "transfers": frame_of(half)})
    assert figures(f)["paid"] == 19 * 30_000_00 and outcomes(f)["late"] == "present"


def test_a_borrower_who_pays_late_as_the_register_says() -> None:
    frames = rl03.toy_tables()
    dues = rows(frames["instalments"])
    for row in dues:
        late = datetime.date.fromisoformat(row["due"]) + datetime.timedelta(4)
        row |= {"paid": "50000", "paid_on": str(late)}
    assert not found({**frames, "instalments": frame_of(dues)})


def test_a_payment_made_again_had_failed() -> None:
    frames = rl03.again_near_miss_tables()
    assert not found(frames)
    out = [row for row in rows(frames["transfers"]) if not row.get("reversal_of")]
    failed = {row["reversal_of"] for row in rows(frames["transfers"]) if row.get("reversal_of")}
    out = [row for row in out if row["transfer_id"] not in failed]  # nothing had failed
    f = the_one({**frames, "transfers": frame_of(out)})
    assert figures(f)["count"] == 16 and f.value == 1 and hits(f) == {"payouts"}
    for row in out:
        if row["source"] == "own":
            row["memo"] = "退票重划"
    assert not found({**frames, "transfers": frame_of(out)}), "they say so themselves"


def test_each_failed_payment_is_made_again_once() -> None:
    frames = rl03.again_near_miss_tables()
    out = rows(frames["transfers"])
    more = [
        {**row, "transfer_id": f"x{row['transfer_id']}", "time": row["time"].replace("T15", "T16")}
        for row in out if row["source"] == "own" and "T15" in row["time"]
    ]  # fmt: skip
    f = the_one({**frames, "transfers": frame_of([*out, *more])})
    assert f.value == 1 and outcomes(f)["again"] == "present"


# ---------------------------------------------------------------- thresholds


def test_thresholds_are_least_ones() -> None:
    case = case_of(rl03.toy_tables())
    assert len(list(find(case, covered="0.95"))) == 1 and not list(find(case, covered="0.951"))
    assert len(list(find(case, overdue=20))) == 1 and not list(find(case, overdue=21))
    assert len(list(find(case, days=3))) == 1 and not list(find(case, days=2))
    (f,) = find(case, grave="0.95")
    assert f.severity == "medium" and f.parameters["grave"]["basis"] == "argument"
    (f,) = find(case, grave="0.94")
    assert f.severity == "high"


def test_five_days_are_counted_from_the_day_on_which_it_was_due() -> None:
    frames = rl03.toy_tables()
    assert figures(the_one(shifted(frames, "回款", 2, source="affiliate")))["paid"] == 95_000_000
    assert not found(shifted(frames, "回款", 3, source="affiliate"))
    assert figures(the_one(shifted(frames, "回款", -3, source="affiliate")))["paid"] == 80_000_000
    assert not found(shifted(frames, "回款", -4, source="affiliate")), "before it was due nothing is overdue"


def test_as_of_a_day_only_what_was_known_counts() -> None:
    frames = rl03.toy_tables()
    assert not found(frames, as_of="2019-04-20"), "two months: eight instalments"
    f = the_one(frames, as_of="2019-05-20")
    assert figures(f)["count"] == 12 and f.value == 1
    assert not found(rl03.register_toy_tables(), as_of="2019-04-20")


def test_before_the_rule_nothing_is_meant() -> None:
    frames = rl03.toy_tables()
    early = {}
    for table, columns in (("transfers", ("time",)), ("instalments", ("due",)), ("loans", ("start",))):
        out = rows(frames[table])
        for row in out:
            for column in columns:
                row[column] = row[column].replace("2019", "2014", 1)
        early[table] = frame_of(out)
    assert not found({**frames, **early})
    contract = changed(rl03.contract_toy_tables(), "guarantees", {}, since="2013-01-01", until="2015-07-01")
    assert not found(contract)
    assert found(changed(contract, "guarantees", {}, until="2015-09-01"))


# ---------------------------------------------------------------- guarantees by contract


def test_guarantees_of_the_group() -> None:
    f = the_one(rl03.contract_toy_tables())
    assert (f.measure, f.value, f.amount, f.severity) == ("guarantees", 4, 120_000_000, "medium")
    assert hits(f) == {"contract"} and f.kinds == {"contract": "shown", "ownership": "shown"}
    assert states(f)["unpaid"] == "unknown" and states(f)["stands_in"] == "shown"


def test_what_is_no_guarantee_to_its_lenders() -> None:
    frames = rl03.contract_toy_tables()
    assert not found(without_column(frames, "guarantees", "loan_id")), (
        "for whatever the borrowers owe elsewhere"
    )
    lender = changed(without_column(frames, "guarantees", "loan_id"), "guarantees", {}, beneficiary_id="P00")
    assert not found(lender), "no table names a lender"
    named = with_rows(lender, client_ledger=[
        {"platform_id": "PLATFORM", "date": "2019-02-01", "client_id": "P00", "balance": "1"},
    ])  # fmt: skip
    assert the_one(named).value == 4
    own = changed(frames, "guarantees", {}, guarantor_id="B0")
    tied = with_rows(own, stakes=[{"owner_id": "PLATFORM", "company_id": "B0", "share": "1"}])
    assert the_one(tied).value == 3, "who answers for what it owes itself is no guarantor"


def test_a_guarantee_of_a_product_of_its_group() -> None:
    frames = changed(
        without_column(rl03.contract_toy_tables(), "guarantees", "loan_id"), "guarantees", {}, product_id="F"
    )
    products = [{"product_id": "F", "name": "易贷计划", "issuer_id": "PLATFORM", "start": "2019-01-01"}]
    assert the_one(with_rows(frames, products=products)).value == 4
    products[0]["issuer_id"] = "GUARANTOR"
    assert not found(with_rows(frames, products=products))


def test_an_amount_that_is_not_stated_is_the_loans_or_unknown() -> None:
    frames = rl03.contract_toy_tables()
    frames["guarantees"].loc[0, "amount"] = ""
    assert the_one(frames).amount == 120_000_000
    frames = without_column(frames, "guarantees", "amount")
    product = [
        {"guarantor_id": "AFFILIATE", "beneficiary_id": "B0", "product_id": "F", "since": "2019-01-01"},
    ]  # fmt: skip
    issued = [{"product_id": "F", "name": "易贷计划", "issuer_id": "PLATFORM", "start": "2019-01-01"}]
    f = the_one(with_rows(frames, guarantees=product, products=issued))
    assert f.amount == 120_000_000 and figures(f)["unstated"] == 1


# ---------------------------------------------------------------- how much a guarantor answers for


def test_ten_times_and_fifteen() -> None:
    f = the_one(rl03.multiple_toy_tables())
    assert (f.subject_id, f.measure, f.value, f.threshold) == ("GUARANTOR", "multiple", 12, 10)
    assert f.measures[0].basis == "law" and f.amount == 1_200_000_000 and outcomes(f)["small"] == "clear"
    assert f.kinds == {"contract": "shown", "statement": "shown"} and hits(f) == {"multiple"}
    assert len(list(find(case_of(rl03.multiple_near_miss_tables()), multiple="9.99"))) == 1
    over = the_one(rl03._answering(3_750_001, "小微企业担保"))
    assert over.threshold == 15 and outcomes(over)["small"] == "present"
    assert not found(rl03._answering(3_750_000, "小微企业担保"))
    nothing = the_one(without_column(rl03.multiple_toy_tables(), "parties", "scope"))
    assert outcomes(nothing)["small"] == "unknown"


def test_without_net_assets_nothing_may_be_guaranteed() -> None:
    f = the_one(rl03._answering(1, "融资性担保业务", -5))
    assert (f.measure, f.value, f.threshold) == ("answers", 400, 0) and figures(f)["net_assets"] == -500


def test_the_limit_is_a_guarantors_by_trade() -> None:
    frames = rl03.multiple_toy_tables()
    company = changed(frames, "parties", {"party_id": "GUARANTOR"}, sector="ordinary")
    assert not found(company)
    licence = [{"party_id": "GUARANTOR", "function": "guarantee", "since": "2015-01-01"}]
    assert the_one(with_rows(company, licences=licence)).value == 12


def test_what_it_answers_for_is_what_stands_at_a_balance_date_or_now() -> None:
    frames = rl03.multiple_toy_tables()
    assert not found(changed(frames, "guarantees", {}, until="2019-06-30"))
    books = [{"party_id": "GUARANTOR", "period_end": "2020-03-31", "net_assets": "3000000"}]
    f = the_one(with_rows(frames, financials=books))
    assert f.value == 12, "at the end of 2019 it was so, whatever was paid in since"
    assert not found(with_rows(frames, financials=books), as_of="2019-06-01"), "no balance was known then"
    later = changed(frames, "guarantees", {}, since="2020-05-01")
    assert the_one(later).value == 12 and not found(later, as_of="2020-04-01")
    dollars = changed(frames, "financials", {}, currency="USD")
    assert not found(dollars), "nobody here knows a rate"


def test_of_a_loan_no_more_is_answered_for_than_is_owed() -> None:
    frames = with_rows(
        rl03.multiple_toy_tables(),
        loans=[
            {"loan_id": f"L{n}", "borrower_id": f"B{n}", "principal": "3000000", "start": "2019-01-01",
             "end": "2020-01-31", "balance": "2000000"} for n in range(4)
        ],
    )  # fmt: skip
    given = rows(frames["guarantees"])
    for n, row in enumerate(given):
        row["loan_id"] = f"L{n}"
    tied = {**frames, "guarantees": frame_of(given)}
    assert the_one(tied).value == 12, "at the balance date what is still owed is not known"
    now = changed(tied, "guarantees", {}, since="2020-01-15")
    assert not found(now), "eight times"
    for row in given:
        del row["until"]
        row["since"] = "2020-01-15"
    assert not found({**frames, "guarantees": frame_of(given)})


def test_before_2017_there_was_no_such_limit() -> None:
    frames = rl03.multiple_toy_tables()
    for table, column in (("guarantees", "since"), ("financials", "period_end")):
        frames = changed(frames, table, {}, **{column: "2016-01-01"})
    assert found(frames, as_of="2017-10-01") and not found(frames, as_of="2017-09-30")
    assert not found(changed(frames, "guarantees", {}, until="2017-06-30")), (
        "what had ended by then had no limit"
    )


def test_each_test_says_what_it_lacks() -> None:
    tests = check(case_of(rl03.toy_tables()), only="RL-03").tests.set_index("test")
    assert tests["ran"].to_dict() == {
        "contract": False,
        "payouts": True,
        "register": False,
        "multiple": False,
    }
    assert tests.loc["contract", "missing"] == "guarantees"
    euros = gf.Case.from_tables(currency="EUR", **rl03.toy_tables())
    assert [f.value for f in check(euros, only="RL-03").findings] == [Fraction(19, 20)]


# ---------------------------------------------------------------- random books, reckoned in plain Python

payments = st.lists(st.tuples(st.integers(0, 130), st.integers(1, 90)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=4), payments, payments, st.integers(0, 8))
def test_overdue_and_covered_are_what_plain_loops_say(
    dues: list[int], own: list[tuple[int, int]], covers: list[tuple[int, int]], days: int
) -> None:
    start = datetime.date(2019, 1, 1)

    def at(day: int) -> str:
        return str(start + datetime.timedelta(day))

    said = [(at(-2), "p", "custody", 100, {}), (at(-1), "custody", "b", 100, {"kind": "disbursement"})]
    said += [(at(day), "b", "custody", amount, {"kind": "repayment"}) for day, amount in own]
    said += [(at(day), "affiliate", "p", amount, {}) for day, amount in covers]
    frames = without_rows(
        without_tables(rl03.toy_tables(), "transfers", "accounts", "loans", "instalments"), "parties", "-"
    )
    frames |= {
        "transfers": frame_of([
            *({"transfer_id": f"t{n}", "time": f"{day}T10:{n:02d}:00", "source": source, "target": target,
               "amount": str(amount), "loan_id": "L", **more} for n, (day, source, target, amount, more) in enumerate(said)),
            {"transfer_id": "last", "time": f"{at(400)}T10:00:00", "source": "own", "target": "affiliate", "amount": "1"},
        ]),
        "accounts": frame_of([
            {"account_id": "own", "party_id": "PLATFORM"}, {"account_id": "affiliate", "party_id": "AFFILIATE"},
            {"account_id": "p", "party_id": "P00"}, {"account_id": "b", "party_id": "B0"},
            {"account_id": "custody", "party_id": "BANK", "kind": "client_custody"},
        ]),
        "loans": frame_of([
            {"loan_id": "L", "platform_id": "PLATFORM", "borrower_id": "B0", "principal": "100", "start": at(-1)},
        ]),
        # the register keeps payments, of another instalment that was paid
        "instalments": frame_of([
            {"loan_id": "L", "due": at(-1), "amount": "1", "paid": "1", "paid_on": at(-1)},
            *({"loan_id": "L", "due": at(30 * (n + 1)), "amount": str(amount)} for n, amount in enumerate(dues)),
        ]),
    }  # fmt: skip
    overdue, covered, count, earlier = 0, 0, 0, 1
    open_: list[tuple[int, int]] = []
    for n, amount in enumerate(dues):
        due = 30 * (n + 1)
        came = sum(a for day, a in own if day <= due)
        lacking = amount - min(max(came - earlier, 0), amount)
        earlier += amount
        if lacking:
            open_.append((due, lacking))
    for due, lacking in open_:
        count += 1
        overdue += lacking
        covered += min(lacking, sum(a for day, a in covers if due <= day <= due + days))
    got = list(find(case_of(frames), overdue=1, covered="0", days=days))
    if not covered:
        assert not got
        return
    (f,) = got
    assert f.value == Fraction(covered, overdue) and figures(f)["count"] == count
    assert (figures(f)["overdue"], figures(f)["paid"]) == (100 * overdue, 100 * covered)


@pytest.mark.parametrize("name", ["near_miss", "late_near_miss", "again_near_miss"])
def test_near_misses_are_caught_by_their_guard(name: str) -> None:
    case = case_of(getattr(rl03, f"{name}_tables")())
    assert check(case, only="RL-03").tests.set_index("test")["ran"]["payouts"]
    assert not list(find(case, overdue=1, covered="0"))
