"""RL-07, by hand: each of the seven signs alone, what speaks against them, and what cannot be told."""

from __future__ import annotations

from fractions import Fraction

import pytest

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.asking import Inquiry, span
from graphflow.redlines.rl07_fictitious_projects import LINE, SIGNS, _Look, _Raised
from graphflow.redlines.signs import Sign
from graphflow.synthesis.lines import rl07
from graphflow.synthesis.small import Frames, case_of, frame_of
from tests.redlines.edits import changed, rows, with_rows, without_column

VECTOR = {"passed", "shared", "repaid", "young"}


def found(frames: Frames, **settings: object) -> list[Finding]:
    return list(LINE.find(case_of(frames), **settings))


def hits(f: Finding) -> set[str]:
    return {t.name for t in f.tests if t.hit}


def signs_of(frames: Frames, borrower: str = "BORROWER", hops: int = 3, **asked: object) -> dict[str, Sign]:
    """Every sign of one borrower, whatever the others are."""
    ask = Inquiry(LINE, case_of(frames), None, None, **asked)
    look = _Look(ask, span("48h"), span("365D"), hops)
    claims = look.claims_of[borrower]
    told = {test: of.get(borrower) or look._absent(test, borrower, claims) for test, of in look.quick.items()}
    out = look.out.of(claims)
    coin = int(look.out.currency[out[0]]) if out.size else None
    loan = _Raised(borrower, claims, coin, out, {}, ("unknown", ""))
    look._follow([loan])
    return {
        **told, "shared": look.shared(borrower), "footprint": look.footprint(borrower, claims),
        "passed": look.passed(loan), "repaid": look.repaid(borrower, claims, coin),
    }  # fmt: skip


def test_the_vector() -> None:
    (f,) = check(rl07.toy(), only="RL-07").findings
    assert hits(f) == VECTOR and f.value == 4 and f.threshold == 3
    by_name = {m.name: m.value for m in f.measures}
    assert by_name["passed"] == Fraction(49, 50)
    assert by_name["repaid"] == 1 and by_name["shares_phone"] == 4 and by_name["founded"] == 30
    assert f.by_rule == dict.fromkeys(("fifo", "libr", "lifo", "prorata"), 4) and f.robust
    assert f.amount == 50_000_000 and f.severity == "high"
    assert {t.name for t in f.tests if not t.ran} == {"duplicate", "denied"}


def test_a_sign_that_cannot_be_told_is_said_so_and_not_counted() -> None:
    (f,) = found(rl07.toy_tables())
    (said,) = (e for e in f.elements if e.name == "false")
    assert "(1)(3)(4)(5)" in said.note and "cannot be told: (2)(6)(7)" in said.note
    assert "(2) it is younger than that" in said.note
    told = signs_of(rl07.toy_tables())
    assert {name for name, sign in told.items() if not sign.told} == {"footprint", "duplicate", "denied"}


def test_three_signs_are_enough_and_two_are_not() -> None:
    three = without_column(rl07.toy_tables(), "parties", "founded")
    (f,) = found(three)
    assert f.value == 3 and hits(f) == {"passed", "shared", "repaid"}
    assert not found(without_column(three, "parties", "phone"))
    assert found(without_column(three, "parties", "phone"), signs=2)


@pytest.mark.parametrize(
    ("gone", "table", "column"),
    [("shared", "parties", "phone"), ("young", "parties", "founded"), ("repaid", "transfers", "loan_id")],
)
def test_without_its_tables_a_sign_is_not_assessable_and_the_others_are(
    gone: str, table: str, column: str
) -> None:
    c = check(case_of(without_column(rl07.toy_tables(), table, column)), only="RL-07")
    ran = dict(zip(c.tests["test"], c.tests["ran"], strict=True))
    assert not ran[gone] and all(ran[each] for each in VECTOR - {gone})
    (f,) = c.findings
    assert hits(f) == VECTOR - {gone}


def test_where_no_transfer_names_a_loan_it_is_told_by_amount_and_day() -> None:
    (f,) = found(without_column(rl07.toy_tables(), "transfers", "loan_id"))
    assert "passed" in hits(f) and f.kinds["flow"] == "inferred"
    late = changed(
        without_column(rl07.toy_tables(), "transfers", "loan_id"),
        "loans",
        {"loan_id": "LOAN"},
        start="2018-02-20",
    )
    assert not signs_of(late)["passed"].told  # nine days behind its start it is not taken for it


# ---------------------------------------------------------------- (1)


def test_money_that_leaves_after_the_hours_does_not_count() -> None:
    base = rl07.toy_tables()
    assert signs_of(changed(base, "transfers", {"transfer_id": "use1"}, time="2018-03-03T09:00:00"))[
        "passed"
    ].hit
    assert not signs_of(changed(base, "transfers", {"transfer_id": "use1"}, time="2018-03-03T09:00:01"))[
        "passed"
    ].hit


def test_the_part_that_left_is_compared_exactly() -> None:
    base = rl07.toy_tables()
    assert signs_of(changed(base, "transfers", {"transfer_id": "use1"}, amount="450000"))["passed"].hit
    assert not signs_of(changed(base, "transfers", {"transfer_id": "use1"}, amount="449999.99"))["passed"].hit


def test_cash_counts_and_a_way_over_others_is_followed() -> None:
    cash = changed(rl07.toy_tables(), "transfers", {"transfer_id": "use1"}, target="cash:borrower")
    cash = with_rows(cash, accounts=[{"account_id": "cash:borrower", "kind": "cash"}])
    assert signs_of(cash)["passed"].measures[0].value == Fraction(49, 50)
    over = changed(rl07.toy_tables(), "transfers", {"transfer_id": "use1"}, target="shell")
    over = with_rows(
        over, accounts=[{"account_id": "shell", "opening_balance": "0"}],
        transfers=[{"transfer_id": "on", "time": "2018-03-02T09:00:00", "source": "shell", "target": "affiliate",
                    "amount": "480000"}],
    )  # fmt: skip
    assert signs_of(over)["passed"].measures[0].value == Fraction(48, 50)
    assert not signs_of(over, hops=1)["passed"].hit


def test_repaying_an_older_loan_is_not_passing_the_new_one_on() -> None:
    base = changed(rl07.toy_tables(), "transfers", {"transfer_id": "use1"}, target="platform")
    old = with_rows(
        base, loans=[{"loan_id": "OLD", "platform_id": "PLATFORM", "borrower_id": "BORROWER", "principal": "490000",
                      "start": "2017-09-01", "end": "2018-03-01"}],
        transfers=[{"transfer_id": "old", "time": "2017-09-01T09:00:00", "source": "custody", "target": "borrower",
                    "amount": "490000", "loan_id": "OLD"},
                   {"transfer_id": "spent", "time": "2017-09-20T09:00:00", "source": "borrower", "target": "lender1",
                    "amount": "490000"}],
    )  # fmt: skip
    assert signs_of(old, passed="0.4")["passed"].measures[0].value == Fraction(49, 99)
    repaid = changed(old, "transfers", {"transfer_id": "use1"}, loan_id="OLD")
    assert not signs_of(repaid, passed="0.4")["passed"].hit
    at_once = changed(base, "transfers", {"transfer_id": "use1"}, loan_id="LOAN")
    assert signs_of(at_once)["passed"].hit
    assert not signs_of(changed(at_once, "transfers", {"transfer_id": "use1"}, kind="repayment"))[
        "passed"
    ].hit


def test_a_borrower_of_the_platforms_own_group_keeps_what_stays_with_it() -> None:
    base = with_rows(
        rl07.toy_tables(), stakes=[{"owner_id": "PLATFORM", "company_id": "BORROWER", "share": "1"}]
    )
    assert signs_of(base)["passed"].measures[0].value == Fraction(49, 50)
    kept = changed(base, "transfers", {"transfer_id": "use1"}, target="supplier")
    kept = with_rows(kept, accounts=[{"account_id": "supplier", "party_id": "SUPPLIER"}])
    assert not signs_of(kept)["passed"].hit


def test_own_money_in_the_account_makes_it_depend_on_the_rule() -> None:
    rich = changed(rl07.toy_tables(), "accounts", {"account_id": "borrower"}, opening_balance="500000")
    sign = signs_of(rich)["passed"]
    assert sign.by_rule == {"fifo": False, "lifo": True, "prorata": False, "libr": False}
    assert [m.value for m in sign.measures] == [0, Fraction(49, 50)]  # the least, then the most
    (f,) = found(rich)
    assert f.value == 3 and f.by_rule["fifo"] == 3 and f.by_rule["lifo"] == 4 and f.robust
    assert hits(f) == VECTOR - {"passed"}
    (said,) = (e for e in f.elements if e.name == "false")
    assert "under some rules of tracing only, and not counted: (1)" in said.note
    assert not found(rich, signs=4)


def test_a_sign_that_one_rule_of_four_gives_is_none() -> None:
    """Own money could have paid all of it: with two signs beside it nobody is found, let alone of a crime."""
    own = rl07.own_money_near_miss_tables()
    assert not found(own)
    (f,) = found(own, signs=2)
    assert hits(f) == {"shared", "young"} and f.by_rule == {"fifo": 2, "libr": 2, "lifo": 3, "prorata": 2}
    without = changed(own, "accounts", {"account_id": "borrower"}, opening_balance="0")
    (f,) = found(without)
    assert f.severity == "critical" and "passed" in hits(f) and f.robust


def test_without_the_borrowers_statement_the_first_sign_cannot_be_told() -> None:
    base = changed(rl07.toy_tables(), "accounts", {"account_id": "borrower"}, covered="false")
    for each in ("custody", "platform", "affiliate"):
        base = changed(base, "accounts", {"account_id": each}, covered="true")
    sign = signs_of(base)["passed"]
    assert not sign.told and "not held" in sign.note


# ---------------------------------------------------------------- (2)


def old_firm(*before: dict[str, str]) -> Frames:
    """The toy's borrower founded long ago, on a case that begins two years before."""
    base = changed(rl07.toy_tables(), "parties", {"party_id": "BORROWER"}, founded="2010-01-01")
    first = {
        "transfer_id": "first",
        "time": "2016-01-04T09:00:00",
        "source": "x",
        "target": "y",
        "amount": "1",
    }
    return with_rows(base, transfers=[first, *before])


def spent(target: str, time: str = "2017-09-01T10:00:00", **more: str) -> dict[str, str]:
    return {
        "transfer_id": "spent",
        "time": time,
        "source": "borrower",
        "target": target,
        "amount": "9",
        **more,
    }


def test_no_business_in_the_year_before() -> None:
    (f,) = found(old_firm())
    assert hits(f) == {"passed", "footprint", "shared", "repaid"}
    assert not signs_of(old_firm(spent("supplier")))["footprint"].hit
    assert signs_of(old_firm(spent("supplier", "2018-03-02T10:00:00")))["footprint"].hit  # only since then
    assert signs_of(old_firm(spent("supplier", "2016-12-01T10:00:00")))["footprint"].hit  # long before
    assert signs_of(old_firm(spent("affiliate")))["footprint"].hit  # the platform's side is no supplier
    assert signs_of(old_firm(spent("lender1")))["footprint"].hit  # nor a person,
    assert not signs_of(old_firm(spent("lender1", memo="1月工资")))["footprint"].hit  # but of wages
    assert not signs_of(old_firm(spent("taxes")))["footprint"].hit  # whoever is not known may be one


def test_a_history_that_is_not_held_tells_nothing() -> None:
    short = changed(rl07.toy_tables(), "parties", {"party_id": "BORROWER"}, founded="2010-01-01")
    sign = signs_of(short)["footprint"]
    assert not sign.told and "not held" in sign.note
    part = old_firm()
    part = changed(
        part, "accounts", {"account_id": "borrower"}, covered_from="2017-06-01", covered_to="2018-12-31"
    )
    assert not signs_of(part)["footprint"].told


# ---------------------------------------------------------------- (3)


def test_three_other_borrowers_are_enough_and_two_are_not() -> None:
    base = rl07.toy_tables()
    fewer = changed(base, "parties", {"party_id": "OTHER4"}, phone="13900001111")
    assert signs_of(fewer)["shared"].measures[0].value == 3
    assert not signs_of(changed(fewer, "parties", {"party_id": "OTHER3"}, phone="13900002222"))["shared"].hit


def test_a_telephone_that_says_nothing_is_shared_by_nobody() -> None:
    base = rl07.toy_tables()
    for party in ("BORROWER", "OTHER1", "OTHER2", "OTHER3", "OTHER4"):
        base = changed(base, "parties", {"party_id": party}, phone="不详")
    sign = signs_of(base)["shared"]
    assert not sign.hit and not sign.told


@pytest.mark.parametrize("kind", ["signer", "medium", "mac", "shared_address"])
def test_other_marks_are_looked_at(kind: str) -> None:
    base = without_column(rl07.toy_tables(), "parties", "phone")
    others = [f"OTHER{n}" for n in range(1, 5)]
    if kind == "signer":
        base = changed(base, "accounts", {"account_id": "borrower"}, signer_id="AGENT")
        base = with_rows(
            base, accounts=[{"account_id": f"a{o}", "party_id": o, "signer_id": "AGENT"} for o in others]
        )
    if kind in ("medium", "mac"):
        base = with_rows(base, accounts=[{"account_id": f"a{o}", "party_id": o} for o in others])
    if kind == "medium":
        base = with_rows(
            base, media=[{"medium_id": "phone-1", "kind": "mobile"}],
            sign_ins=[{"medium_id": "phone-1", "account_id": a, "time": "2018-02-01T10:00:00"}
                      for a in ("borrower", *(f"a{o}" for o in others))],
        )  # fmt: skip
    if kind == "mac":
        base = changed(base, "transfers", {"transfer_id": "use1"}, mac="00-1B-44-11-3A-B7")
        base = with_rows(base, transfers=[
            {"transfer_id": f"t{o}", "time": "2018-02-05T10:00:00", "source": f"a{o}", "target": "supplier",
             "amount": "5", "mac": "001b44113ab7"} for o in others
        ])  # fmt: skip
    if kind == "shared_address":
        base = with_rows(base, relations=[
            {"party_id": "BORROWER", "other_id": o, "kind": "shared_address"} for o in others
        ])  # fmt: skip
    sign = signs_of(base)["shared"]
    assert sign.hit and sign.measures[0].name == f"shares_{kind}" and sign.measures[0].value == 4


def test_one_of_the_platforms_staff_is_enough() -> None:
    base = without_column(rl07.toy_tables(), "parties", "phone")
    base = changed(base, "accounts", {"account_id": "borrower"}, signer_id="CLERK")
    clerk = {"party_id": "CLERK", "name": "业务员", "kind": "person"}
    assert not signs_of(with_rows(base, parties=[clerk]))["shared"].hit
    tied = with_rows(
        base, parties=[clerk], relations=[{"party_id": "CLERK", "other_id": "PLATFORM", "kind": "employee"}]
    )
    assert signs_of(tied)["shared"].measures[0].name == "staff_signer"


# ---------------------------------------------------------------- (4)


def test_what_the_side_paid_through_the_borrower_counts_too() -> None:
    """The affiliate gives the borrower the money back, in time for each instalment."""
    base = rl07.supplier_near_miss_tables()
    through = [
        {**row, "source": "affiliate"} if row["transfer_id"].startswith("sale") else row
        for row in rows(base["transfers"])
    ]
    with_affiliate = {**base, "transfers": frame_of(through)}
    with_affiliate = with_rows(
        with_affiliate,
        accounts=[{"account_id": "affiliate", "party_id": "AFFILIATE", "opening_balance": "525000"}],
    )
    sign = signs_of(with_affiliate)["repaid"]
    assert sign.hit and sign.by_rule == dict.fromkeys(("fifo", "lifo", "prorata"), True)
    # the least: under first in, first out the 10,000 left of the loan repay first
    assert {m.name: m.value for m in sign.measures} == {
        "repaid": Fraction(103, 105), "repaid_in_all": 52_500_000, "repaid_most": 1,
    }  # fmt: skip
    assert not signs_of(base)["repaid"].hit


def test_a_loan_that_the_platform_paid_out_is_not_its_repayment() -> None:
    """Paid out of the platform's own account, repaid at once of what was left: the borrower's own money."""
    base = changed(rl07.supplier_near_miss_tables(), "transfers", {"transfer_id": "out"}, source="platform")
    assert not signs_of(base, repaid="0.01")["repaid"].hit


def test_a_pool_that_only_passes_on_what_the_borrower_paid_repays_nothing() -> None:
    base = rl07.supplier_near_miss_tables()
    pool = {**base, "accounts": frame_of([
        {**row, "party_id": "PLATFORM", "kind": "settlement"} if row["account_id"] == "custody" else row
        for row in rows(base["accounts"])
    ])}  # fmt: skip
    assert not signs_of(pool, repaid="0.01")["repaid"].hit


def test_instalments_say_who_paid_where_no_transfer_names_a_loan() -> None:
    base = without_column(rl07.toy_tables(), "transfers", "loan_id")
    paid = [
        {"loan_id": "LOAN", "due": f"2018-0{m}-01", "amount": "105000", "paid": "105000", "paid_on": f"2018-0{m}-01",
         "paid_by": "platform" if m < 8 else "borrower"} for m in range(4, 9)
    ]  # fmt: skip
    sign = signs_of(with_rows(base, instalments=paid))["repaid"]
    assert sign.hit and [m.value for m in sign.measures] == [Fraction(4, 5), 52_500_000]
    paid[0]["paid_by"] = "borrower"
    assert not signs_of(with_rows(base, instalments=paid))["repaid"].hit


# ---------------------------------------------------------------- (5), (6), (7)


def test_a_new_owner_is_as_good_as_a_founding() -> None:
    base = changed(rl07.toy_tables(), "parties", {"party_id": "BORROWER"}, founded="2010-01-01")
    founder = {
        "owner_id": "A",
        "company_id": "BORROWER",
        "share": "1",
        "since": "2010-01-01",
        "until": "2018-02-01",
    }
    buyer = {"owner_id": "B", "company_id": "BORROWER", "share": "1", "since": "2018-02-01"}
    sold = signs_of(with_rows(base, stakes=[founder, buyer]))["young"]
    assert sold.hit and sold.measures[0].name == "new_owner" and sold.measures[0].value == 28
    assert not signs_of(with_rows(base, stakes=[founder, {**buyer, "since": "2017-11-01"}]))["young"].hit
    assert not signs_of(with_rows(base, stakes=[founder, {**buyer, "share": "0.5"}]))["young"].hit
    assert not signs_of(with_rows(base, stakes=[founder]))["young"].hit


def test_ninety_days_are_old_enough() -> None:
    base = rl07.toy_tables()
    assert signs_of(changed(base, "parties", {"party_id": "BORROWER"}, founded="2017-12-02"))["young"].hit
    assert not signs_of(changed(base, "parties", {"party_id": "BORROWER"}, founded="2017-12-01"))["young"].hit


def pledged(*numbers: str, start: str = "2018-03-01", borrower: str = "OTHER1") -> Frames:
    base = changed(rl07.toy_tables(), "loans", {"loan_id": "LOAN"}, collateral=numbers[0])
    second = {"loan_id": "SECOND", "platform_id": "PLATFORM", "borrower_id": borrower, "principal": "100000",
              "start": start, "end": "2019-01-01", "collateral": numbers[1]}  # fmt: skip
    return with_rows(base, loans=[second])


def test_the_same_collateral_for_two_loans_at_one_time() -> None:
    sign = signs_of(pledged("宁房权证 12345", "宁房权证12345"))["duplicate"]
    assert sign.hit and sign.measures[0].value == 2
    assert not signs_of(pledged("宁房权证12345", "宁房权证99999"))["duplicate"].hit
    assert not signs_of(pledged("宁房权证12345", "宁房权证12345", start="2018-08-01"))[
        "duplicate"
    ].hit  # repaid by then
    assert not signs_of(pledged("房产证", "房产证"))["duplicate"].told  # no number
    one_project = signs_of(pledged("宁房权证12345", "宁房权证12345", borrower="BORROWER"))["duplicate"]
    assert one_project.told and not one_project.hit


def test_what_is_denied_is_a_sign_and_what_nobody_confirmed_is_not() -> None:
    def held(confirmed: str) -> Frames:
        return with_rows(
            rl07.toy_tables(), products=[{"product_id": "P", "manager_id": "PLATFORM"}],
            holdings=[{"product_id": "P", "asset_id": "RECEIVABLE", "asset_kind": "nonstandard_debt",
                       "amount": "3000000", "borrower_id": "BORROWER", "confirmed": confirmed}],
        )  # fmt: skip

    sign = signs_of(held("false"))["denied"]
    assert sign.hit and sign.measures[0].value == 300_000_000
    assert signs_of(held("true"))["denied"].told and not signs_of(held("true"))["denied"].hit
    assert not signs_of(held(""))["denied"].told
    (f,) = found(held("false"))
    assert f.value == 5 and f.kinds["statement"] == "shown"


# ---------------------------------------------------------------- severity, guards, and the like


def test_critical_from_a_million_or_a_hundred_and_fifty_lenders() -> None:
    base = rl07.toy_tables()
    for transfer in ("lend1", "lend2", "lend3", "lend4", "lend5"):
        base = changed(base, "transfers", {"transfer_id": transfer}, amount="200000")
    base = changed(base, "transfers", {"transfer_id": "out"}, amount="1000000")
    base = changed(base, "transfers", {"transfer_id": "use1"}, amount="980000")
    (f,) = found(base)
    assert f.severity == "critical" and f.amount == 100_000_000
    many = with_rows(rl07.toy_tables(), transfers=[
        {"transfer_id": f"more{n}", "time": "2018-03-01T08:30:00", "source": f"small{n}", "target": "custody",
         "amount": "1", "loan_id": "LOAN"} for n in range(145)
    ])  # fmt: skip
    (f,) = found(many)
    assert f.severity == "critical" and next(m.value for m in f.measures if m.name == "investors") == 150


def test_before_its_law_a_figure_of_the_crime_is_none() -> None:
    """法释〔2022〕5号 is in force from 2022-03-01: asked of a day before, nothing is compared with it."""
    base = changed(
        rl07.own_money_near_miss_tables(), "accounts", {"account_id": "borrower"}, opening_balance="0"
    )
    (f,) = check(case_of(base), only="RL-07", as_of="2019-12-31").findings
    assert f.severity == "high" and "not yet in force" in f.severity_note
    assert not {"raised", "investors"} & set(f.parameters)
    assert next(m for m in f.measures if m.name == "investors").threshold is None
    (f,) = check(case_of(base), only="RL-07", as_of="2022-03-01").findings
    assert f.severity == "critical" and not f.severity_note


def test_spending_saves_only_the_sign_that_it_is_young() -> None:
    (f,) = found(rl07.toy_tables())
    assert {e.name: e.state for e in f.counter_evidence} == {
        "vehicle": "unknown", "supplier": "clear", "spends": "clear",
    }  # fmt: skip
    assert not found(rl07.near_miss_tables()) and found(rl07.near_miss_tables(), signs=2)
    one = rl07.near_miss_tables()  # all to one payee is no business's spending
    for number in (2, 3):
        one = changed(one, "transfers", {"transfer_id": f"use{number}"}, target="supplier")
    assert hits(found(one)[0]) == {"shared", "repaid", "young"}


def test_a_vehicle_is_one_by_a_licence_in_its_group_or_by_what_it_issues() -> None:
    base = rl07.vehicle_near_miss_tables()
    assert not found(base)
    (f,) = found(changed(base, "licences", {"party_id": "LESSOR"}, function="payment"))
    assert next(e.state for e in f.counter_evidence if e.name == "vehicle") == "clear"
    issued = [{"product_id": "ABS", "issuer_id": "BORROWER", "kind": "abs"}]
    assert not found(with_rows(rl07.toy_tables(), products=issued))


def test_who_else_paid_on_a_loan_is_neither_lender_nor_the_side() -> None:
    """A guarantor pays a part: it counts as paid, and not by the platform's side."""
    base = rl07.toy_tables()
    for number in (1, 2):
        base = changed(base, "transfers", {"transfer_id": f"back{number}"}, source="supplier")
    base = with_rows(base, accounts=[{"account_id": "supplier", "party_id": "SUPPLIER"}])
    assert signs_of(base, repaid="0.6")["repaid"].measures[0].value == Fraction(3, 5)


def test_persons_are_neither_founded_nor_without_a_business() -> None:
    base = changed(rl07.toy_tables(), "parties", {"party_id": "BORROWER"}, kind="person")
    (f,) = found(base)
    assert hits(f) == {"passed", "shared", "repaid"}


def test_signs_and_tests_are_the_same_list() -> None:
    assert tuple(t.name for t in LINE.tests) == SIGNS


def test_as_of_a_day_nothing_later_is_seen() -> None:
    (f,) = check(rl07.toy(), only="RL-07", as_of="2018-03-01").findings
    assert hits(f) == {"passed", "shared", "young"}  # nothing was repaid yet
    (f,) = check(rl07.toy(), only="RL-07", as_of="2018-04-30").findings
    assert hits(f) == VECTOR
    assert not check(rl07.toy(), only="RL-07", as_of="2018-02-28").findings  # only the others have borrowed


def test_a_loan_that_names_no_platform_is_on_the_side_of_the_firm_that_lent_it() -> None:
    frames = changed(rl07.toy_tables(), "parties", {"party_id": "PLATFORM"}, sector="")
    frames = changed(frames, "loans", {"platform_id": "PLATFORM"}, platform_id="", lender_id="PLATFORM")
    (found,) = check(case_of(frames), only="RL-07").findings
    assert found.subject_id == "BORROWER" and "passed" in {t.name for t in found.tests if t.hit}
    for lender in ("LENDER1", "BANK", "SHOP"):
        other = changed(frames, "loans", {"lender_id": "PLATFORM"}, lender_id=lender)
        assert not check(case_of(other), only="RL-07").findings, lender
