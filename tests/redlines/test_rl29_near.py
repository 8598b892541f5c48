"""RL-29, beside what it finds: what belongs to somebody else, to other money or another day, and does not count."""

from __future__ import annotations

from fractions import Fraction

import pytest

from graphflow.case import Case
from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl29_supplementary import clawback, find
from graphflow.synthesis.lines import rl29
from graphflow.synthesis.small import Frames, case_of
from tests.redlines.edits import changed, rows, with_rows, without_rows, without_tables
from tests.test_redlines import essence, of_rows

Row = dict[str, str]


def found(case: Case | Frames, **more: object) -> list[Finding]:
    told = case_of(case) if isinstance(case, dict) else case
    return list(check(told, only="RL-29", **more).findings)  # type: ignore[arg-type]


def the_one(frames: Frames) -> Finding:
    (only,) = found(frames)
    return only


def figures(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def states(f: Finding) -> dict[str, str]:
    return {e.name: e.state for e in (*f.elements, *f.counter_evidence)}


def again(frames: Frames, f: Finding) -> bool:
    """Whether the cited rows alone give the finding again."""
    return essence(f) in [essence(each) for each in found(of_rows(frames, f.evidence))]


def pay(number: str, day: str, source: str, target: str, amount: str, **more: str) -> Row:
    time = day if "T" in day else f"{day}T10:00:00"
    return {"transfer_id": number, "time": time, "source": source, "target": target, "amount": amount, **more}


def party(ident: str, kind: str = "company", sector: str = "ordinary") -> Row:
    return {"party_id": ident, "name": f"{ident}名", "kind": kind, "sector": sector}


def account(ident: str, of: str, **more: str) -> Row:
    return {"account_id": ident, "party_id": of, "kind": "settlement", **more}


def stake(owner: str, company: str, share: str = "1") -> Row:
    return {"owner_id": owner, "company_id": company, "share": share, "votes": share, "since": "2010-01-01"}


# ---------------------------------------------------------------- structuring


def test_dollars_beside_yuan_make_no_third_payment() -> None:
    assert not found(changed(rl29.person_toy_tables(), "transfers", {"amount": "490000"}, currency="USD"))


def test_money_to_custody_is_not_split_and_cash_stays_cash() -> None:
    frames = rl29.person_toy_tables()
    assert not found(changed(frames, "accounts", {"account_id": "q"}, kind="client_custody"))
    cash = changed(rl29.toy_tables(), "accounts", {"account_id": "p"}, kind="client_custody")
    assert len(found(cash)) == 1, "cash is reported whatever account it comes to"
    assert not found(changed(frames, "transfers", {}, memo="现金存入")), (
        "cash has a limit of its own: it is passed"
    )


def test_a_payer_of_whom_nothing_is_known_is_no_legal_person_and_no_bank() -> None:
    assert not found(changed(rl29.company_toy_tables(), "accounts", {"account_id": "c"}, party_id=""))
    unknown = changed(rl29.toy_tables(), "accounts", {"account_id": "p"}, party_id="")
    f = the_one(changed(unknown, "parties", {"party_id": "P"}, kind="bank"))
    assert f.subject_id == "p", "the first of all parties is a bank: that says nothing of this account"


def test_what_goes_across_the_border_is_not_below_the_limit_at_home() -> None:
    assert not found(changed(rl29.person_toy_tables(), "transfers", {}, channel="跨境汇款"))


@pytest.mark.parametrize(("time", "count"), [
    ("2024-05-27T10:00:00", 0), ("2024-05-27T09:59:59", 1), ("2024-06-17T10:00:00", 0), ("2024-06-17T10:00:01", 1),
])  # fmt: skip
def test_the_limit_is_passed_at_that_time_within_seven_days_before_and_after(time: str, count: int) -> None:
    frames = with_rows(rl29.toy_tables(), transfers=[pay("x", time, "till", "p", "90000")])
    assert len(found(frames)) == count


def test_a_day_is_that_of_the_place_where_it_is_paid() -> None:
    frames = changed(rl29.toy_tables(), "transfers", {"transfer_id": "t0"}, time="2024-06-03T07:00:00")
    frames = changed(frames, "transfers", {"transfer_id": "t1"}, time="2024-06-03T09:00:00")
    (note,) = [g.note for g in the_one(frames).counter_evidence if g.name == "same_day"]
    assert "1 days" in str(note)


def test_a_shorter_time_is_asked_for() -> None:
    (f,) = find(rl29.toy(), within="3D")
    assert f.value == 3


# ---------------------------------------------------------------- commission


def test_other_money_raised_or_paid_is_told_by_itself() -> None:
    frames = rl29.commission_toy_tables()
    dollars = [
        pay("u1", "2024-06-03", "i00", "x", "100000", memo="认购", product_id="F", currency="USD"),
        pay("u2", "2024-07-03", "x", "i00", "100", memo="付息", product_id="F", currency="USD"),
    ]
    assert figures(the_one(with_rows(frames, transfers=dollars)))["raised"] == 60_000_000
    assert not found(changed(frames, "transfers", {"memo": "推荐奖"}, currency="USD")), (
        "in which nothing was raised"
    )


def test_what_stays_in_the_group_is_no_commission() -> None:
    frames = with_rows(
        rl29.commission_toy_tables(),
        parties=[party("AFF"), party("HELD")],
        accounts=[account("aff", "AFF"), account("held", "HELD", signer_id="X")],
        stakes=[stake("X", "AFF")],
        transfers=[
            pay("g1", "2024-06-20", "x", "aff", "900", memo="推荐奖"),
            pay("g2", "2024-06-20", "x", "held", "900", memo="推荐奖"),
        ],
    )
    assert figures(the_one(frames))["paid"] == 1_800_000


def test_investors_who_are_known_by_flows_alone_are_inferred() -> None:
    frames = without_tables(rl29.commission_toy_tables(), "products", "subscriptions", "licences")
    paid = [pay(f"z{n}", "2024-08-03", "x", f"i{n:02d}", "600", memo="付息") for n in range(12)]
    frames = {**frames, "transfers": frames["transfers"].drop(columns=["product_id"])}
    f = the_one(with_rows(frames, transfers=paid))
    assert f.kinds == {"flow": "inferred"} and figures(f)["raised"] == 60_000_000
    (merchant,) = [g for g in f.counter_evidence if g.name == "merchant"]
    assert "by their gains" in str(merchant.note) and states(f)["unallowed"] == "unknown"


def test_a_licence_to_sell_of_somebody_else_allows_nothing() -> None:
    other = {"party_id": "I00", "function": "fund_sale", "since": "2020-01-01"}
    assert len(found(with_rows(rl29.commission_toy_tables(), licences=[other]))) == 1


def test_a_group_that_sells_two_products_is_one_raiser() -> None:
    frames = with_rows(
        rl29.commission_subscribed_toy_tables(),
        parties=[party("AFF")],
        stakes=[stake("X", "AFF")],
        products=[{"product_id": "G", "name": "鑫财二号", "issuer_id": "AFF", "manager_id": "AFF"}],
        subscriptions=[{"product_id": "G", "investor_id": "I00", "amount": "1", "time": "2024-06-03"}],
    )
    (f,) = find(case_of(frames), commission_share="0.0299")
    assert f.subject_id == "X" and figures(f)["raised"] == 60_000_100 and f.amount == 1_800_000


def test_who_manages_raises_and_no_product_is_an_investor() -> None:
    base = rl29.commission_subscribed_toy_tables()
    by_other = with_rows(
        changed(base, "products", {"product_id": "F"}, issuer_id="SPV"), parties=[party("SPV")]
    )
    f = the_one(by_other)
    assert f.subject_id == "X" and figures(f)["raised"] == 60_000_000
    fund = {"product_id": "F", "investor_id": "FUND", "amount": "50000", "time": "2024-06-03"}
    fed = with_rows(
        base, subscriptions=[fund], products=[{"product_id": "FUND", "name": "母基金", "issuer_id": "I00"}]
    )
    assert figures(the_one(fed))["raised"] == 60_000_000


def test_the_most_of_one_is_added_up() -> None:
    (first, *_) = [row for row in rows(rl29.commission_toy_tables()["transfers"]) if row["target"] == "s00"]
    frames = changed(
        rl29.commission_toy_tables(), "transfers", {"transfer_id": first["transfer_id"]}, amount="400"
    )
    assert figures(the_one(frames))["largest"] == 58_000


@pytest.mark.parametrize("change", [{"other_id": "I00"}, {"until": "2020-01-01"}])
def test_who_works_elsewhere_or_had_left_is_no_staff(change: Row) -> None:
    tie = {"party_id": "S07", "other_id": "X", "kind": "employee", "source": "社保", **change}
    assert states(the_one(with_rows(rl29.commission_toy_tables(), relations=[tie])))["staff"] == "clear"


def test_the_list_of_what_is_taken_back_says_who_and_of_what_kind() -> None:
    frames = rl29._raising("推荐奖", 51, True).tables()
    frames = changed(frames, "parties", {"party_id": "S50"}, kind="company")
    more = pay("m", "2024-06-21", "x", "s07", "500", memo="推荐奖")
    frames = with_rows(frames, transfers=[more], accounts=[account("nobody", "")])
    frames = with_rows(frames, transfers=[pay("n", "2024-06-21", "x", "nobody", "100", memo="推荐奖")])
    listed = clawback(case_of(frames)).set_index("payee_id")
    assert listed.index[0] == "S07" and listed.loc["S07", "amount"] == 86_000
    assert listed.loc["S07", "payee_name"] == "S07名" and listed.loc["S07", "natural_person"]
    assert not listed.loc["S50", "natural_person"] and listed.loc["nobody", "payee_name"] == ""
    assert not listed.loc["nobody", "natural_person"] and set(listed["currency"]) == {"CNY"}


# ---------------------------------------------------------------- identity


def test_one_investor_is_one_however_often_he_buys() -> None:
    frames = rl29.third_toy_tables()
    for investor in ("I2", "I3"):
        frames = changed(frames, "subscriptions", {"investor_id": investor}, investor_id="I1")
    assert not found(frames)
    twice = {"product_id": "F", "investor_id": "I2", "amount": "100000", "time": "2024-06-03", "kyc": ""}
    assert figures(the_one(with_rows(rl29.unverified_toy_tables(), subscriptions=[twice]))) == {
        "unverified": 2, "unstated": 1,
    }  # fmt: skip


def test_a_product_that_buys_and_a_payer_nobody_knows_are_no_strangers() -> None:
    fund = {"product_id": "F", "investor_id": "G", "amount": "100000", "time": "2024-06-03", "kyc": "否"}
    more = with_rows(
        rl29.unverified_toy_tables(), subscriptions=[fund], products=[{"product_id": "G", "name": "母"}]
    )
    assert figures(the_one(more))["unverified"] == 2
    frames = changed(rl29.third_toy_tables(), "accounts", {"account_id": "p2"}, party_id="")
    assert not found(frames)
    assert not found(changed(rl29.third_toy_tables(), "parties", {"party_id": "P2"}, kind="government"))
    affiliate = with_rows(rl29.third_toy_tables(), stakes=[stake("P2", "X")])
    assert not found(affiliate), "who owns who runs it"


def test_who_was_of_the_family_long_ago_is_a_stranger() -> None:
    frames = rl29.family_near_miss_tables()
    assert not found(frames)
    assert len(found(changed(frames, "relations", {}, until="2020-01-01"))) == 1


def test_what_two_had_paid_for_by_others_is_not_added_to_who_is_not_verified() -> None:
    frames = changed(rl29.third_toy_tables(), "transfers", {"transfer_id": "t001"}, source="i1")
    frames = changed(frames, "subscriptions", {"investor_id": "I0"}, kyc="否")
    f = the_one(frames)
    assert figures(f) == {"unverified": 1} and f.amount == 10_000_000 and f.kinds == {"register": "shown"}
    (third,) = find(rl29.third_toy(), unverified=0)
    assert figures(third) == {"third": 3} and states(third)["unallowed"] == "unknown"


# ---------------------------------------------------------------- selling others' products


def test_the_institution_is_who_issues_else_who_manages() -> None:
    frames = rl29.selling_toy_tables()
    managed = changed(frames, "products", {"product_id": "W"}, issuer_id="", manager_id="B")
    assert figures(the_one(managed))["sold"] == 3
    other = changed(frames, "products", {"product_id": "W"}, manager_id="I0")
    f = the_one(other)
    assert figures(f)["sold"] == 3 and f.severity == "medium" and states(f)["done"] == "shown"
    by_kind = without_tables(changed(frames, "parties", {"party_id": "B"}, sector=""), "licences")
    assert len(found(by_kind)) == 1, "a bank by its kind"


def _aff(of: str = "P", **more: str) -> dict[str, list[Row]]:
    """A company that P owns, with an account."""
    return {
        "parties": [party("AFF")],
        "accounts": [account("aff", "AFF", **more)],
        "stakes": [stake(of, "AFF")],
    }


def test_what_an_affiliate_or_a_helper_collects_went_over_the_platform_once() -> None:
    frames = changed(
        with_rows(rl29.selling_toy_tables(), **_aff()), "transfers", {"memo": "购买理财"}, target="aff"
    )
    assert figures(the_one(frames)) == {"sold": 3, "money": 6_000_000}
    held = with_rows(
        rl29.selling_toy_tables(),
        parties=[party("H", "person")],
        accounts=[account("h", "H", signer_id="P")],
        transfers=[pay("on", "2024-06-03T12:00:00", "h", "p", "60000", product_id="W")],
    )
    held = changed(held, "transfers", {"memo": "购买理财"}, target="h")
    assert figures(the_one(held)) == {"sold": 3, "money": 6_000_000}, "what he hands on is theirs, not his"


def test_one_of_its_group_buys_for_himself_and_a_licence_of_the_group_is_one() -> None:
    frames = rl29.selling_toy_tables()
    assert not found(with_rows(frames, stakes=[stake("I2", "P")])), "two outsiders"
    licence = {"party_id": "AFF", "function": "fund_sale", "since": "2020-01-01"}
    assert not found(with_rows(frames, **_aff(), licences=[licence]))
    manager = changed(frames, "parties", {"party_id": "B"}, kind="company", sector="asset_manager")
    manager = changed(manager, "licences", {"party_id": "B"}, function="asset_management")
    assert found(manager) and not found(with_rows(manager, stakes=[stake("P", "B")])), "its own sister's"


def test_buyers_and_fees_are_counted_in_one_money_and_told_together() -> None:
    frames = rl29.selling_toy_tables()
    assert not found(changed(frames, "transfers", {"source": "i2"}, currency="USD"))
    fees = [pay(f"f{n}", f"2024-07-0{n}", "b", "p", "1500", memo="代销手续费") for n in range(1, 4)]
    f = the_one(with_rows(frames, transfers=fees))
    assert figures(f) == {"sold": 3, "money": 6_000_000, "fees": 3, "paid": 450_000} and f.amount == 6_000_000
    some = [{**fees[0], "currency": "USD"}, *fees[1:]]
    assert figures(the_one(with_rows(frames, transfers=some))) == {"sold": 3, "money": 6_000_000}


# ---------------------------------------------------------------- members of an exchange


def test_an_affiliates_licence_and_a_members_custody_speak_against_it() -> None:
    frames = rl29.exchange_toy_tables()
    licence = {"party_id": "AFF", "function": "securities", "since": "2015-01-01"}
    assert not found(with_rows(frames, **_aff("M"), licences=[licence]))
    assert found(with_rows(frames, **_aff("M")))
    clients = with_rows(frames, accounts=[account("m2", "M", kind="client_custody")])
    for side in ("source", "target"):
        for number in range(10):
            other = {"source": "target", "target": "source"}[side]
            clients = changed(clients, "transfers", {other: f"k{number:02d}"}, **{side: "m2"})
    assert not found(clients)
    assert not found(with_rows(frames, stakes=[stake("K09", "M")])), "who controls it is no client: nine"


def test_dues_and_clients_are_counted_in_one_money() -> None:
    frames = rl29.exchange_toy_tables()
    more = [
        pay("d", "2024-06-02", "m", "e", "999", memo="会员年费", currency="USD"),
        pay("b", "2024-06-21", "m", "k00", "999", memo="出金", currency="USD"),
        pay("c", "2024-06-04", "k00", "m", "999", memo="入金", currency="USD"),
    ]
    told = [f for f in found(with_rows(frames, transfers=more)) if f.currency == "CNY"]
    assert [figures(f) for f in told] == [figures(the_one(frames))]
    assert not found(changed(frames, "transfers", {"source": "k09"}, currency="USD")), "nine in yuan"


def test_a_platform_by_its_ledger_is_found_again() -> None:
    ledger = {"platform_id": "P", "client_id": "I0", "date": "2024-06-04", "balance": "1"}
    frames = with_rows(rl29.selling_toy_tables(), client_ledger=[ledger])
    frames = changed(frames, "parties", {"party_id": "P"}, sector="ordinary")
    assert again(frames, the_one(frames))


def test_an_exchange_by_its_role_or_its_licence_is_found_again() -> None:
    licensed = changed(rl29.exchange_toy_tables(), "parties", {"party_id": "E"}, sector="ordinary")
    first = {"party_id": "K00", "function": "guarantee", "since": "2015-01-01"}
    licences = [first, *rows(licensed["licences"])]
    licensed = with_rows(without_tables(licensed, "licences"), licences=licences)
    assert again(licensed, the_one(licensed))
    frames = changed(rl29.exchange_toy_tables(), "parties", {"party_id": "E"}, sector="ordinary")
    frames = changed(frames, "licences", {"party_id": "E"}, function="guarantee")
    frames = with_rows(frames, roles=[{"subject_id": "e", "role": "exchange", "source": "名录"}])
    assert again(frames, the_one(frames))


# ---------------------------------------------------------------- partners without a licence


def test_a_platform_is_of_the_trade_whatever_its_sector_says_and_a_bank_is_no_such_partner() -> None:
    frames = changed(rl29.cooperation_toy_tables(), "parties", {"party_id": "Y"}, sector="ordinary")
    platform = changed(frames, "loans", {}, platform_id="Y")
    f = the_one(platform)
    assert figures(f)["contracts"] == 10 and again(platform, f)
    for kind in ("bank", "government"):
        assert not found(changed(rl29.cooperation_toy_tables(), "parties", {"party_id": "Y"}, kind=kind))


def test_fees_are_paid_either_way_and_not_into_custody() -> None:
    frames = rl29.cooperation_fee_toy_tables()
    f = the_one(frames)
    assert states(f)["done"] == "inferred" and f.severity == "medium"
    turned = frames["transfers"].assign(
        source=frames["transfers"]["target"], target=frames["transfers"]["source"]
    )
    assert figures(the_one({**frames, "transfers": turned})) == {"fees": 3, "paid": 1_500_000}
    for name in ("b", "y"):
        assert not found(changed(frames, "accounts", {"account_id": name}, kind="client_custody"))
    assert not found(changed(frames, "transfers", {}, memo="渠道往来款")), "no fee"
    assert not found(changed(frames, "transfers", {}, memo="账户管理费")), "for no client"


def test_contracts_are_those_that_both_sides_name() -> None:
    frames = rl29.cooperation_toy_tables()
    assert not found(changed(frames, "transfers", {"memo": "放款"}, currency="USD")), "in one money"
    nine = changed(frames, "transfers", {"loan_id": "L09"}, loan_id="")
    assert not found(nine), "what names none is no tenth"
    one_product = changed(frames, "transfers", {}, product_id="W")
    assert figures(the_one(one_product))["contracts"] == 10, "of one product, but ten loans"
    others = frames["transfers"].assign(listing_id="")
    on = others["memo"] == "放款"
    others.loc[on, "listing_id"] = [f"A{n}" for n in range(10)]
    others.loc[on, "loan_id"] = ""
    assert not found({**frames, "transfers": others}), "the first loan is not the first listing"


# ---------------------------------------------------------------- lending on


def test_own_money_that_came_later_counts_by_rule() -> None:
    """The bank's 1,000,000 first, then 300,000 of its own, then 700,000 lent out."""
    frames = changed(
        rl29.onlending_toy_tables(), "transfers", {"source": "k"}, time="2024-06-10T09:00:00", amount="300000"
    )
    f = the_one(frames)
    assert (f.by_rule["fifo"], f.by_rule["lifo"]) == (Fraction(7, 10), Fraction(4, 10))
    assert f.value == f.by_rule["prorata"] and abs(f.value - Fraction(7, 13)) <= Fraction(1, 100_000_000)
    assert (f.amount_least, f.amount) == (40_000_000, 70_000_000)


def test_who_lends_to_whom_is_a_loan_of_a_financial_institution() -> None:
    frames = rl29.onlending_toy_tables()
    trust = changed(frames, "parties", {"party_id": "B"}, kind="company", sector="trust_company")
    assert found(without_tables(trust, "licences")) and found(frames)
    for tables in (frames, rl29.worded_toy_tables()):
        assert not found(changed(tables, "parties", {"party_id": "X"}, kind="bank")), "between banks"
    worded = rl29.worded_toy_tables()
    nobodys = changed(worded, "accounts", {"account_id": "b"}, party_id="", kind="loan")
    assert len(found(nobodys)) == 1, "an account of loans that nobody holds is a bank's"


def test_what_the_payments_say() -> None:
    worded = rl29.worded_toy_tables()
    by_kind = changed(worded, "transfers", {"memo": "贷款发放"}, memo="", kind="disbursement")
    assert len(found(by_kind)) == 1
    assert not found(changed(worded, "transfers", {"memo": "贷款发放"}, memo="退回贷款发放"))
    assert not found(changed(worded, "accounts", {"account_id": "z"}, kind="client_custody"))
    trade = changed(rl29.trade_near_miss_tables(), "transfers", {"loan_id": "ON"}, memo="出借款")
    assert not found(trade), "the register says that it is for goods"
    assert (
        len(found(changed(rl29.onlending_toy_tables(), "transfers", {"loan_id": "BANK"}, memo="贷款发放")))
        == 1
    )


def test_what_is_lent_by_words_on_a_loan_of_the_register_is_inferred() -> None:
    frames = without_rows(rl29.onlending_toy_tables(), "loans", "ON")
    f = the_one(changed(frames, "transfers", {"loan_id": "ON"}, loan_id="", memo="出借款"))
    assert f.kinds == {"flow": "inferred", "contract": "shown"} and states(f)["done"] == "inferred"
    assert f.value == Fraction(3, 5) and "dearer" not in figures(f)


def test_the_dearest_of_its_own_loans_and_only_what_carried_the_banks_money() -> None:
    frames = changed(rl29.onlending_toy_tables(), "transfers", {"loan_id": "ON"}, amount="400000")
    frames = with_rows(
        frames,
        loans=[
            {"loan_id": "ON2", "lender_id": "X", "borrower_id": "Z", "principal": "300000", "rate": "0.10",
             "start": "2024-06-20", "purpose": "周转"},
            {"loan_id": "ON3", "lender_id": "X", "borrower_id": "Z", "principal": "50000", "rate": "0.30",
             "start": "2024-06-20", "purpose": "周转"},
        ],
        accounts=[account("x2", "X")],
        transfers=[
            pay("o2", "2024-06-20T10:00:00", "x", "z", "300000", loan_id="ON2"),
            pay("k2", "2024-06-20T09:00:00", "k", "x2", "50000", memo="货款"),
            pay("o3", "2024-06-20T11:00:00", "x2", "z", "50000", loan_id="ON3"),
        ],
    )  # fmt: skip
    f = the_one(frames)
    assert figures(f)["lent"] == 70_000_000 and figures(f)["dearer"] == Fraction(11, 100)
    assert f.amount_least == 60_000_000


def test_what_a_supplier_lends_out_was_not_lent_on_by_who_paid_it() -> None:
    """X lends 500,001 and pays W for goods; W, whom the bank lent something as well, lends 200,000 out."""
    frames = rl29._lent_on(1, 500_001).tables()
    frames = with_rows(
        frames,
        loans=[
            {"loan_id": "BZ", "lender_id": "B", "borrower_id": "W", "principal": "1000", "start": "2024-06-03"},
            {"loan_id": "WK", "lender_id": "W", "borrower_id": "K", "principal": "200000", "start": "2024-06-22"},
        ],
        parties=[party("W")],
        accounts=[account("w", "W")],
        transfers=[
            pay("bz", "2024-06-21T08:00:00", "b", "w", "1000", loan_id="BZ"),
            pay("xw", "2024-06-21T09:00:00", "x", "w", "200000", memo="货款"),
            pay("wk", "2024-06-22T09:00:00", "w", "k", "200000", loan_id="WK"),
        ],
    )  # fmt: skip
    (mine,) = [f for f in found(frames) if f.subject_id == "X"]
    assert (mine.amount_least, mine.amount) == (50_000_000, 50_000_100)


def test_a_shorter_time_is_asked_for_in_lending_on() -> None:
    assert list(find(rl29.onlending_toy(), onward="18D")) and not list(
        find(rl29.onlending_toy(), onward="16D")
    )
