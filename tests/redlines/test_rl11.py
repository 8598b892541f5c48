"""RL-11, by hand: down payments that were borrowed, lenders of many, and houses bought by a crowd."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl11_down_payment_loans import LINE
from graphflow.synthesis.lines import rl11
from graphflow.synthesis.small import Frames, case_of, frame_of
from tests.redlines.edits import changed, rows, with_rows, without_rows, without_tables
from tests.test_redlines import essence, of_rows

ALL = ("fifo", "lifo", "prorata", "libr")


def found(frames: Frames, **asked: object) -> list[Finding]:
    return list(LINE.find(case_of(frames), **asked))


def measured(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def hits(f: Finding) -> set[str]:
    return {t.name for t in f.tests if t.hit}


def test_the_vector() -> None:
    (f,) = check(rl11.toy(), only="RL-11").findings
    assert (f.measure, f.value, f.threshold) == ("dp_borrowed", Fraction(2, 5), Fraction(3, 10))
    assert measured(f)["share"] == Fraction(9, 10) and measured(f)["down_payment"] == 90_000_000
    assert f.by_rule == dict.fromkeys(ALL, Fraction(2, 5)) and f.amount == f.amount_least == 36_000_000
    assert f.severity == "medium" and hits(f) == {"share", "down_payment"} and f.subject_id == "LOAN"


def test_without_a_mortgage_it_is_a_loan_that_went_into_a_house() -> None:
    (f,) = check(rl11.house_toy(), only="RL-11").findings
    assert (f.measure, f.value, f.severity, hits(f)) == ("share", Fraction(9, 10), "watch", {"share"})
    assert f.by_rule == dict.fromkeys(ALL, Fraction(9, 10))
    late = changed(rl11.toy_tables(), "loans", {"loan_id": "HOME"}, start="2018-07-20")
    assert found(late)[0].measure == "share"  # 61 days behind the payment
    assert found(changed(late, "loans", {"loan_id": "HOME"}, start="2018-07-19"))[0].measure == "dp_borrowed"


def test_a_small_part_of_the_down_payment_is_no_loan_for_it() -> None:
    base = changed(rl11.toy_tables(), "transfers", {"transfer_id": "own"}, amount="840000")
    base = changed(base, "accounts", {"account_id": "saved"}, opening_balance="840000")
    assert measured(found(base)[0])["dp_borrowed"] == Fraction(3, 10)
    more = changed(base, "transfers", {"transfer_id": "own"}, amount="840000.01")
    (f,) = found(more)
    assert f.measure == "share" and "too little" in next(e.note for e in f.elements if e.name == "mortgage")


@pytest.mark.parametrize(("amount", "hit"), [("200000", True), ("199999.99", False)])
def test_half_of_the_loan(amount: str, hit: bool) -> None:
    assert bool(found(changed(rl11.toy_tables(), "transfers", {"transfer_id": "on"}, amount=amount))) == hit


def test_ninety_days() -> None:
    base = rl11.house_toy_tables()
    assert found(changed(base, "transfers", {"transfer_id": "on"}, time="2018-07-31T09:00:00"))
    assert not found(changed(base, "transfers", {"transfer_id": "on"}, time="2018-07-31T09:00:01"))


def test_savings_in_the_same_account_are_left_to_both_rules() -> None:
    base = changed(rl11.toy_tables(), "accounts", {"account_id": "borrower"}, opening_balance="100000")
    (f,) = found(base)
    assert f.measure == "share"  # 0.29 of the down payment, first in first out
    assert f.by_rule["fifo"] == f.by_rule["libr"] == Fraction(26, 40) and f.by_rule["lifo"] == Fraction(9, 10)
    assert not found(rl11.savings_near_miss_tables())


def test_savings_in_the_same_account_give_a_range() -> None:
    base = changed(rl11.toy_tables(), "accounts", {"account_id": "borrower"}, opening_balance="60000")
    (f,) = found(base)
    assert f.measure == "dp_borrowed" and f.value == f.by_rule["fifo"] == Fraction(1, 3)
    assert (
        f.by_rule["lifo"] == Fraction(2, 5) and f.by_rule["fifo"] < f.by_rule["prorata"] < f.by_rule["lifo"]
    )
    assert (f.amount, f.amount_least) == (36_000_000, 30_000_000) and f.robust


# ---------------------------------------------------------------- to whom


def test_a_friend_on_the_way_and_an_escrow_account() -> None:
    base = changed(rl11.house_toy_tables(), "transfers", {"transfer_id": "on"}, target="friend")
    base = with_rows(
        base, accounts=[{"account_id": "friend", "party_id": "FRIEND", "opening_balance": "0"},
                        {"account_id": "escrow", "party_id": "BANK", "kind": "client_custody"}],
        parties=[{"party_id": "FRIEND", "name": "朋友", "kind": "person", "sector": "ordinary"}],
        transfers=[{"transfer_id": "then", "time": "2018-05-22T10:00:00", "source": "friend", "target": "escrow",
                    "amount": "360000"}],
    )  # fmt: skip
    assert not found(base)  # a bank's custody account is no house
    stated = with_rows(base, roles=[{"subject_id": "escrow", "role": "presale_escrow", "source": "监管协议"}])
    assert found(stated)[0].value == Fraction(9, 10) and not found(stated, hops=1)


def test_a_seller_is_known_by_the_words_of_the_payment() -> None:
    base = changed(
        rl11.house_toy_tables(), "transfers", {"transfer_id": "on"}, target="contractor", memo="购房首付款"
    )
    (f,) = found(base)
    assert next(e.state for e in f.elements if e.name == "house") == "inferred"
    assert not found(changed(base, "transfers", {"transfer_id": "on"}, memo="装修款"))


def test_money_of_the_mortgage_is_no_down_payment() -> None:
    """The bank pays the borrower, who pays the developer: by the loan's name, or by its amount."""
    base = changed(rl11.toy_tables(), "transfers", {"transfer_id": "mortgage"}, target="saved")
    on = {"transfer_id": "last", "time": "2018-06-06T10:00:00", "source": "saved", "target": "developer",
          "amount": "2100000"}  # fmt: skip
    for row in (on, {**on, "loan_id": "HOME"}):
        assert measured(found(with_rows(base, transfers=[row]))[0])["down_payment"] == 90_000_000
    other = with_rows(base, transfers=[{**on, "amount": "2000000"}])
    assert found(other)[0].measure == "share"  # then it is 0.12 of what was paid


# ---------------------------------------------------------------- which loans


def test_mortgages_and_companies_are_not_asked() -> None:
    base = rl11.house_toy_tables()
    assert not found(changed(base, "loans", {"loan_id": "LOAN"}, purpose="个人住房贷款"))
    bought = changed(base, "loans", {"loan_id": "LOAN"}, purpose="购房")
    assert found(bought)
    assert not found(changed(bought, "loans", {"loan_id": "LOAN"}, lender_id="BANK"))  # a bank's for a house
    assert found(changed(bought, "loans", {"loan_id": "LOAN"}, lender_id="BANK", purpose="购房首付"))
    assert not found(changed(base, "parties", {"party_id": "BORROWER"}, kind="company"))


def test_employers_and_family() -> None:
    base = rl11.house_toy_tables()
    assert not found(rl11.employer_near_miss_tables())
    wages = with_rows(base, transfers=[
        {"transfer_id": "w", "time": "2018-04-02T09:00:00", "source": "lender", "target": "saved", "amount": "9000",
         "memo": "3月工资"},
    ])  # fmt: skip
    assert not found(wages)
    kin = changed(base, "parties", {"party_id": "LENDER"}, kind="person")
    assert found(kin)
    assert not found(
        with_rows(kin, relations=[{"party_id": "LENDER", "other_id": "BORROWER", "kind": "parent"}])
    )


def test_each_test_needs_its_tables() -> None:
    c = check(case_of(without_tables(rl11.toy_tables(), "loans")), only="RL-11")
    assert dict(zip(c.tests["test"], c.tests["ran"], strict=True)) == {
        "share": False, "down_payment": False, "scheme": False, "crowd": True,
    }  # fmt: skip


# ---------------------------------------------------------------- lenders of many


def many(count: int) -> Frames:
    """So many borrowers of one lender who put its loans into houses."""
    base = rl11.house_toy_tables()
    more: dict[str, list[dict[str, str]]] = {"transfers": [], "accounts": [], "parties": [], "loans": []}
    for number in range(1, count):
        more["parties"].append(
            {"party_id": f"B{number}", "name": f"购房人{number}", "kind": "person", "sector": "ordinary"}
        )
        more["accounts"].append(
            {"account_id": f"b{number}", "party_id": f"B{number}", "opening_balance": "0"}
        )
        more["loans"].append({"loan_id": f"L{number}", "lender_id": "LENDER", "borrower_id": f"B{number}",
                              "principal": "100000", "start": "2018-05-02", "purpose": "消费"})  # fmt: skip
        more["transfers"] += [
            {"transfer_id": f"o{number}", "time": f"2018-05-03T09:{number:02d}:00", "source": "lender",
             "target": f"b{number}", "amount": "100000", "loan_id": f"L{number}"},
            {"transfer_id": f"h{number}", "time": f"2018-05-04T09:{number:02d}:00", "source": f"b{number}",
             "target": "developer", "amount": "80000"},
        ]  # fmt: skip
    return with_rows(base, **more)


def test_a_lender_of_many_is_found_itself() -> None:
    got = found(many(3), cases=3)
    assert len(got) == 4 and len(found(many(3), cases=4)) == 3
    lender = got[-1]
    assert (lender.subject_id, lender.measure, lender.value, lender.severity) == (
        "LENDER",
        "cases",
        3,
        "high",
    )
    assert lender.amount == 52_000_000 and hits(lender) == {"scheme", "share"}
    assert LINE.find(case_of(many(2))) and LINE.code == "RL-11"


def test_the_rows_of_a_lender_of_many_are_evidence() -> None:
    frames = many(3)
    lender = found(frames, cases=3)[-1]
    again = [essence(f) for f in LINE.find(of_rows(frames, lender.evidence), cases=3)]
    assert essence(lender) in again
    for row in lender.evidence.index[lender.evidence["shows"]]:
        fewer = of_rows(frames, lender.evidence.drop(index=row))
        assert essence(lender) not in [essence(f) for f in LINE.find(fewer, cases=3)], lender.evidence.loc[
            row
        ]


# ---------------------------------------------------------------- crowds


def test_a_house_bought_by_a_crowd() -> None:
    (f,) = check(rl11.crowd_toy(), only="RL-11").findings
    assert (f.measure, f.value, f.threshold, f.severity) == ("persons", 12, 10, "medium")
    got = measured(f)
    assert got["pooled"] == 1 and got["factor"] == Fraction(6, 5) and got["paid_in"] == 93_000_000
    assert f.by_rule == dict.fromkeys(("fifo", "lifo", "prorata"), 12) and f.amount == 93_000_000
    assert found(rl11.crowd_toy_tables(), cases=12)[0].severity == "high"


def test_ten_persons_are_a_crowd_and_nine_are_not() -> None:
    base = rl11.crowd_toy_tables()
    fewer = without_rows(base, "transfers", "in00", "in01", "back00", "back01")
    fewer = changed(fewer, "transfers", {"transfer_id": "buy"}, amount="825000")
    assert found(fewer)[0].value == 10
    nine = without_rows(fewer, "transfers", "in02", "back02")
    assert not found(changed(nine, "transfers", {"transfer_id": "buy"}, amount="765000"))


def test_a_buyer_with_much_money_of_its_own_bought_it_itself() -> None:
    base = changed(rl11.crowd_toy_tables(), "accounts", {"account_id": "buyer"}, opening_balance="2000000")
    assert not found(base)
    half = changed(rl11.crowd_toy_tables(), "accounts", {"account_id": "buyer"}, opening_balance="50000")
    (f,) = found(half)
    assert measured(f)["pooled"] < 1 and f.amount > f.amount_least


def test_what_goes_back_unevenly_or_to_few_is_no_crowds() -> None:
    base = rl11.crowd_toy_tables()
    few = without_rows(base, "transfers", *(f"back{n:02d}" for n in range(5, 12)))
    assert not found(few)
    uneven = base
    for number in range(0, 12, 3):
        uneven = changed(uneven, "transfers", {"transfer_id": f"back{number:02d}"}, amount="10000")
    assert not found(uneven)


def test_words_or_a_mark_on_the_payments_say_it_too() -> None:
    base = rl11.shop_near_miss_tables()
    assert not found(base)
    worded, marked = base, base
    for number in range(12):
        worded = changed(worded, "transfers", {"transfer_id": f"in{number:02d}"}, memo="众筹买房份额")
        marked = changed(marked, "transfers", {"transfer_id": f"in{number:02d}"}, order_id="HOUSE-1")
    for frames in (worded, marked):
        (f,) = found(frames)
        assert f.value == 12 and next(e.state for e in f.elements if e.name == "back") == "unknown"


def test_an_agency_passes_on_and_a_platform_lends() -> None:
    base = rl11.crowd_toy_tables()
    assert not found(changed(base, "parties", {"party_id": "BUYER"}, sector="property_agency"))
    lent = changed(base, "transfers", {"transfer_id": "buy"}, loan_id="L")
    lent = with_rows(lent, loans=[{"loan_id": "L", "platform_id": "BUYER", "borrower_id": "DEVELOPER",
                                   "principal": "930000", "start": "2018-03-20"}])  # fmt: skip
    assert not found(lent)


def test_a_title_that_is_held_is_said() -> None:
    base = with_rows(
        rl11.crowd_toy_tables(), products=[{"product_id": "P", "issuer_id": "BUYER"}],
        holdings=[{"product_id": "P", "asset_id": "HOUSE", "asset_kind": "property", "amount": "930000"}],
    )  # fmt: skip
    (f,) = found(base)
    assert (
        next(e.state for e in f.elements if e.name == "title") == "shown" and f.kinds["register"] == "shown"
    )


def test_nothing_later_is_seen() -> None:
    assert not check(rl11.toy(), only="RL-11", as_of="2018-05-19").findings
    (f,) = check(rl11.toy(), only="RL-11", as_of="2018-05-21").findings
    assert f.measure == "share"  # the mortgage is not drawn yet


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 500_000),
    st.lists(st.tuples(st.integers(1, 400_000), st.booleans()), min_size=1, max_size=5),
)
def test_the_rules_as_a_naive_account_has_them(savings: int, pays: list[tuple[int, bool]]) -> None:
    """An account with savings and a loan, random payments: first in first out, last in first out, own money first."""
    base = rl11.house_toy_tables()
    left = {"own": savings, "loan": 400_000}
    lifo = dict(left)
    reached = {"fifo": 0, "lifo": 0}
    more = []
    for number, (amount, house) in enumerate(pays):
        amount = min(amount, sum(left.values()))
        if not amount:
            break
        more.append({"transfer_id": f"p{number}", "time": f"2018-05-{10 + number}T10:00:00", "source": "borrower",
                     "target": "developer" if house else "contractor", "amount": str(amount)})  # fmt: skip
        own = min(left["own"], amount)
        left = {"own": left["own"] - own, "loan": left["loan"] - (amount - own)}
        of_loan = min(lifo["loan"], amount)
        lifo = {"loan": lifo["loan"] - of_loan, "own": lifo["own"] - (amount - of_loan)}
        reached["fifo"] += (amount - own) * house
        reached["lifo"] += of_loan * house
    base = changed(without_rows(base, "transfers", "on", "own"), "accounts", {"account_id": "borrower"},
                   opening_balance=str(savings))  # fmt: skip
    got = found(with_rows(base, transfers=more), share="0.0001")
    if not got:
        assert reached["fifo"] < 40 or reached["lifo"] == 0
        return
    assert got[0].by_rule["fifo"] == got[0].by_rule["libr"] == Fraction(reached["fifo"], 400_000)
    assert got[0].by_rule["lifo"] == Fraction(reached["lifo"], 400_000)


def test_the_quickly_told_bound_leaves_nothing_out() -> None:
    """The loan is paid out to one account of the borrower, moved to a second, and the house paid from there."""
    base = changed(rl11.house_toy_tables(), "transfers", {"transfer_id": "on"}, source="second")
    base = with_rows(
        base, accounts=[{"account_id": "second", "party_id": "BORROWER", "opening_balance": "0"}],
        transfers=[{"transfer_id": "move", "time": "2018-05-10T10:00:00", "source": "borrower", "target": "second",
                    "amount": "360000"}],
    )  # fmt: skip
    assert found(base)[0].value == Fraction(9, 10)
    assert rows(base["transfers"]) and frame_of(rows(base["transfers"])).shape[0] == 4
