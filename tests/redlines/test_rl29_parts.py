"""RL-29, the other parts: exact figures, each threshold on both sides, and each guard seen to matter."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
import pytest

from graphflow.case import Case
from graphflow.findings import Finding
from graphflow.redlines import REDLINES, check
from graphflow.redlines.rl29_supplementary import clawback
from graphflow.synthesis.lines import rl29
from graphflow.synthesis.small import Frames, case_of
from tests.redlines.edits import changed, with_rows, without_rows, without_tables


def found(case: Case | Frames, **more: object) -> list[Finding]:
    told = case_of(case) if isinstance(case, dict) else case
    return list(check(told, only="RL-29", **more).findings)  # type: ignore[arg-type]


def figures(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def hits(f: Finding) -> list[str]:
    return [t.name for t in f.tests if t.hit]


def guard(f: Finding, name: str) -> str:
    return {g.name: g.state for g in f.counter_evidence}[name]


def ran(case: Case | Frames, test: str, **more: object) -> bool:
    told = case_of(case) if isinstance(case, dict) else case
    tests = check(told, only="RL-29", **more).tests  # type: ignore[arg-type]
    return bool(tests.loc[tests["test"] == test, "ran"].iloc[0])


def test_a_finding_says_nothing_of_guards_of_other_parts() -> None:
    (f,) = found(rl29.commission_toy())
    assert [g.name for g in f.counter_evidence] == ["licensed", "merchant", "staff"]
    line = next(line for line in REDLINES if line.code == "RL-29")
    of = {name for test in line.tests for name in line.guards_against([test.name])}
    assert of == set(line.guards) == set(line.guards_of), "each guard concerns some part"


# ---------------------------------------------------------------- commission


def test_commission_is_three_in_a_hundred_of_what_was_raised() -> None:
    (f,) = found(rl29.commission_toy())
    assert (f.subject_kind, f.subject_id, hits(f), f.severity) == ("party", "X", ["commission"], "medium")
    assert figures(f) == {
        "commission": Fraction(3, 100), "payees": 50, "paid": 1_800_000, "raised": 60_000_000, "largest": 36_000,
    }  # fmt: skip
    assert f.amount == 1_800_000 and f.currency == "CNY" and f.kinds == {"flow": "shown"}
    assert any("第二十六条（五）" in a.article and a.mark == "V" for a in f.law)
    assert guard(f, "licensed") == "clear" and guard(f, "staff") == "unknown"


def test_a_fen_less_commission_or_a_payee_less_is_not_enough() -> None:
    frames = rl29.commission_toy_tables()
    assert found(changed(frames, "transfers", {"target": "s49"}, amount="359.99")) == []
    assert found(changed(frames, "transfers", {"target": "s49"}, target="s48")) == [], "49 payees"
    frames = changed(frames, "parties", {"party_id": "S49"}, kind="company")
    assert found(frames) == [], "a firm is no natural person"


def test_what_was_subscribed_for_counts_where_it_is_more() -> None:
    (f,) = found(rl29.commission_subscribed_toy())
    assert figures(f)["raised"] == 60_000_000 and f.amount == 1_800_000
    frames = changed(rl29.commission_toy_tables(), "subscriptions", {"investor_id": "I00"}, amount="50000.01")
    assert found(frames) == [], "more was raised than the accounts show"
    own = changed(
        rl29.commission_subscribed_toy_tables(), "subscriptions", {"investor_id": "I00"}, investor_id="X"
    )
    (less,) = found(own)
    assert figures(less)["raised"] == 55_000_000, "what it bought itself was not raised"


@pytest.mark.parametrize("function", ["banking", "insurance", "fund_sale", "securities", "trust"])
def test_who_may_sell_to_the_public_pays_agents(function: str) -> None:
    frames = rl29.commission_toy_tables()
    assert found(changed(frames, "licences", {"party_id": "X"}, function=function)) == []


def test_a_licence_of_another_time_or_business_allows_nothing() -> None:
    frames = changed(
        rl29.commission_toy_tables(), "licences", {"party_id": "X"}, function="fund_sale", until="2021-01-01"
    )
    assert len(found(frames)) == 1
    lending = changed(rl29.commission_toy_tables(), "licences", {"party_id": "X"}, function="online_lending")
    assert len(found(lending)) == 1
    (f,) = found(without_tables(rl29.commission_toy_tables(), "licences"))
    assert guard(f, "licensed") == "unknown"


def test_wages_are_no_commission_and_rewards_of_customers_neither() -> None:
    assert found(rl29.wages_near_miss()) == [] and found(rl29.merchant_near_miss()) == []
    frames = rl29.commission_toy_tables()
    by_kind = {**frames, "transfers": frames["transfers"].assign(kind="")}
    by_kind = changed(by_kind, "transfers", {"memo": "推荐奖"}, memo="", kind="commission")
    assert len(found(by_kind)) == 1, "by its kind"
    paid_as_wages = changed(by_kind, "transfers", {"kind": "commission"}, kind="salary commission")
    assert found(paid_as_wages) == []


def test_what_was_undone_is_no_commission() -> None:
    frames = rl29.commission_toy_tables()
    (one,) = [r for r in frames["transfers"].to_dict("records") if r["target"] == "s49"]
    back = {**one, "transfer_id": "r", "source": "s49", "target": "x", "reversal_of": one["transfer_id"]}
    assert found(with_rows(frames, transfers=[back])) == []


def test_staff_who_got_commission_are_told() -> None:
    frames = with_rows(
        rl29.commission_toy_tables(),
        relations=[{"party_id": "S07", "other_id": "X", "kind": "employee", "source": "社保"}],
    )
    (f,) = found(frames)
    assert guard(f, "staff") == "present"
    other = changed(frames, "relations", {"party_id": "S07"}, party_id="I00")
    assert guard(found(other)[0], "staff") == "clear"


def test_the_list_of_what_is_taken_back() -> None:
    rows = clawback(rl29.commission_toy())
    assert rows["amount"].sum() == 1_800_000 and set(rows["raiser_id"]) == {"X"} and len(rows) == 50
    first = rows[rows["payee_id"] == "S00"].iloc[0]
    assert (first["payments"], first["amount"], first["transfers"]) == (2, 36_000, ("t012", "t013"))
    assert rows["natural_person"].all()
    assert clawback(rl29.commission_near_miss()).empty and clawback(rl29.toy()).empty
    assert len(clawback(rl29.commission_toy(), payees=51)) == 0


def test_before_the_rule_marketing_is_not_asked() -> None:
    assert not ran(rl29.commission_toy(), "commission", as_of="2016-04-11")
    assert ran(rl29.commission_toy(), "commission", as_of="2016-04-12")


# ---------------------------------------------------------------- identity


def test_who_is_stated_not_to_be_verified() -> None:
    (f,) = found(rl29.unverified_toy())
    assert (f.subject_kind, f.subject_id, hits(f)) == ("product", "F", ["unverified"])
    assert figures(f) == {"unverified": 2, "unstated": 1} and f.amount == 20_000_000
    assert f.severity == "medium" and f.kinds == {"register": "shown"}


@pytest.mark.parametrize(("said", "counts"), [
    ("否", True), ("false", True), ("未认证", True), ("非实名", True), ("待核验", True), ("not done", True),
    ("unverified", True), ("是", False), ("done", False), ("实名", False), ("verified", False), ("不详", False),
    ("已通过", False), ("notarised", False), ("", False),
])  # fmt: skip
def test_words_for_not_verified(said: str, counts: bool) -> None:
    frames = changed(rl29.unverified_near_miss_tables(), "subscriptions", {"investor_id": "I0"}, kyc=said)
    assert bool(found(frames)) == counts


def test_accounts_of_others() -> None:
    (f,) = found(rl29.third_toy())
    assert hits(f) == ["third"] and figures(f) == {"third": 3} and f.amount == 30_000_000
    assert f.severity == "watch" and f.kinds == {"flow": "shown"} and guard(f, "family") == "unknown"
    frames = rl29.third_toy_tables()
    assert found(changed(frames, "transfers", {"transfer_id": "t001"}, source="i1")) == [], "two are too few"


def test_one_of_the_family_is_told_and_left_out() -> None:
    frames = with_rows(
        rl29._bought(("实名",) * 5, ("P0", "P1", "P2", "P2", "I4")).tables(),
        relations=[{"party_id": "I0", "other_id": "P0", "kind": "spouse", "source": "户籍"}],
    )
    (f,) = found(frames)
    assert figures(f) == {"third": 3} and guard(f, "family") == "present"
    friend = changed(frames, "relations", {"party_id": "I0"}, kind="employee")
    assert figures(found(friend)[0]) == {"third": 4} and guard(found(friend)[0], "family") == "clear"


def test_who_signs_runs_the_product_or_is_licensed_is_no_stranger() -> None:
    frames = rl29.third_toy_tables()
    signs = {**frames, "accounts": frames["accounts"].assign(signer_id="")}
    assert found(changed(signs, "accounts", {"account_id": "p1"}, signer_id="I1")) == []
    keeps = {**frames, "products": frames["products"].assign(custodian_id="P2")}
    assert found(keeps) == []
    assert found(rl29.collected_near_miss()) == [] and found(rl29.custody_near_miss()) == []
    other = changed(rl29.collected_near_miss_tables(), "licences", {"party_id": "D"}, function="guarantee")
    assert len(found(other)) == 1
    ended = changed(rl29.collected_near_miss_tables(), "licences", {"party_id": "D"}, until="2021-01-01")
    assert len(found(ended)) == 1
    grouped = with_rows(frames, stakes=[{"owner_id": "I1", "company_id": "P1", "share": "1", "votes": "1"}])
    assert found(changed(grouped, "parties", {"party_id": "P1"}, kind="company")) == [], "his own company"


def test_both_of_one_product_are_one_finding() -> None:
    frames = changed(rl29.third_toy_tables(), "subscriptions", {"investor_id": "I0"}, kyc="否")
    (f,) = found(frames)
    assert hits(f) == ["unverified", "third"] and figures(f) == {"unverified": 1, "third": 3}
    assert f.amount == 40_000_000 and f.kinds == {"register": "shown", "flow": "shown"}


# ---------------------------------------------------------------- selling others' products


def test_products_of_a_bank_sold_by_a_platform() -> None:
    (f,) = found(rl29.selling_toy())
    assert (f.subject_id, hits(f)) == ("P", ["selling"]) and figures(f) == {"sold": 3, "money": 6_000_000}
    assert f.amount == 6_000_000 and "第十条（七）" in f.law[0].article and f.law[0].mark == "V"
    frames = rl29.selling_toy_tables()
    assert found(changed(frames, "transfers", {"source": "i2"}, source="i1")) == [], "two are too few"
    assert found(changed(frames, "parties", {"party_id": "I2"}, kind="company")) == []
    (named,) = found(rl29.subscribed_toy())
    assert figures(named) == figures(f)


def test_what_a_platform_is_paid_for_selling() -> None:
    (f,) = found(rl29.selling_fee_toy())
    assert figures(f) == {"fees": 3, "paid": 450_000} and f.elements[0].state == "inferred"
    frames = rl29.selling_fee_toy_tables()
    assert found(without_rows(frames, "transfers", "t000")) == []
    assert found(changed(frames, "transfers", {"source": "b"}, memo="存款利息")) == []
    assert found(changed(frames, "transfers", {"source": "b"}, source="i0")) == [], "the institution pays"


def test_own_purchases_own_products_and_licences() -> None:
    assert found(rl29.selling_near_miss()) == [] and found(rl29.licensed_near_miss()) == []
    frames = rl29.licensed_near_miss_tables()
    assert len(found(changed(frames, "licences", {"party_id": "P"}, until="2024-01-01"))) == 1
    assert len(found(changed(frames, "licences", {"party_id": "P"}, function="online_lending"))) == 1
    frames = rl29.selling_toy_tables()
    assert found(changed(frames, "products", {"product_id": "W"}, issuer_id="P")) == [], (
        "its own: another rule"
    )
    assert found(changed(frames, "parties", {"party_id": "P"}, sector="fund_distributor")) == []
    plain = changed(
        without_tables(frames, "licences"), "parties", {"party_id": "B"}, kind="company", sector="ordinary"
    )
    assert found(plain) == [], "no institution"
    (by_licence,) = found(changed(frames, "parties", {"party_id": "B"}, kind="company", sector="ordinary"))
    assert by_licence.subject_id == "P"


# ---------------------------------------------------------------- members of an exchange


def test_a_member_without_a_licence_and_its_clients() -> None:
    (f,) = found(rl29.exchange_toy())
    assert (f.subject_id, hits(f), f.severity) == ("M", ["exchange"], "medium")
    assert figures(f) == {"clients": 10, "money": 10_000_000, "returned": 4_004_500, "dues": 3_000_000}
    assert {e.name: e.state for e in f.elements} == {
        "done": "inferred",
        "size": "shown",
        "unallowed": "inferred",
    }
    frames = rl29.exchange_toy_tables()
    assert found(changed(frames, "transfers", {"target": "k09"}, target="k08")) == [], "nine are too few"
    assert found(changed(frames, "transfers", {"memo": "会员年费"}, memo="货款")) == []
    assert found(changed(frames, "transfers", {"memo": "会员年费"}, target="k00")) == []


def test_an_exchange_is_known_by_sector_licence_or_role() -> None:
    frames = changed(rl29.exchange_toy_tables(), "parties", {"party_id": "E"}, sector="ordinary")
    assert len(found(frames)) == 1, "by its licence"
    none = changed(frames, "licences", {"party_id": "E"}, function="guarantee")
    assert found(none) == []
    role = {"subject_id": "e", "role": "exchange", "source": "名录"}
    assert len(found(with_rows(none, roles=[role]))) == 1


def test_who_trades_for_himself_or_is_licensed_is_no_member_of_that_kind() -> None:
    assert found(rl29.exchange_near_miss()) == [] and found(rl29.broker_near_miss()) == []
    ended = changed(rl29.broker_near_miss_tables(), "licences", {"party_id": "M"}, until="2020-01-01")
    assert len(found(ended)) == 1
    assert not ran(without_tables(rl29.exchange_toy_tables(), "licences"), "exchange")


# ---------------------------------------------------------------- partners without a licence


def test_contracts_of_a_bank_over_an_unlicensed_lender() -> None:
    (f,) = found(rl29.cooperation_toy())
    assert (f.subject_id, hits(f)) == ("B", ["cooperation"])
    assert figures(f) == {"contracts": 10, "between": 10_000_000, "with_others": 9_800_000}
    assert f.amount == 10_000_000 and "三（五）" in f.law[0].article
    frames = rl29.cooperation_toy_tables()
    assert found(changed(frames, "transfers", {"target": "z09"}, loan_id="L08")) == [], "nine are too few"
    assert found(changed(frames, "parties", {"party_id": "Y"}, sector="ordinary")) == []
    assert found(changed(frames, "licences", {"party_id": "B"}, until="2020-01-01")) == []


def test_fees_for_bringing_clients() -> None:
    (f,) = found(rl29.cooperation_fee_toy())
    assert figures(f) == {"fees": 3, "paid": 1_500_000} and f.amount == 1_500_000
    frames = rl29.cooperation_fee_toy_tables()
    assert found(without_rows(frames, "transfers", "t000")) == []
    assert found(changed(frames, "transfers", {"source": "b"}, memo="利息")) == []


def test_a_bank_s_customer_a_licence_and_one_group_are_no_partners() -> None:
    for case in (rl29.cooperation_near_miss(), rl29.bank_services_near_miss(), rl29.one_group_near_miss()):
        assert found(case) == []
    frames = changed(rl29.cooperation_near_miss_tables(), "licences", {"party_id": "Y"}, until="2021-01-01")
    assert len(found(frames)) == 1
    stakes = changed(rl29.one_group_near_miss_tables(), "stakes", {"owner_id": "B"}, share="0.1", votes="0.1")
    assert len(found(stakes)) == 1
    assert (
        found(changed(rl29.cooperation_toy_tables(), "accounts", {"account_id": "b"}, kind="client_custody"))
        == []
    )


# ---------------------------------------------------------------- lending on


def test_a_bank_s_loan_lent_on_by_rule() -> None:
    (f,) = found(rl29.onlending_toy())
    assert (f.subject_id, hits(f)) == ("X", ["onlending"])
    assert figures(f) == {
        "onlent": Fraction(3, 5), "loan": 100_000_000, "lent": 70_000_000, "dearer": Fraction(11, 100),
    }  # fmt: skip
    assert (f.amount_least, f.amount) == (60_000_000, 70_000_000)
    assert {rule: part * 100_000_000 for rule, part in f.by_rule.items()} == {
        "fifo": 60_000_000, "lifo": 70_000_000, "prorata": f.by_rule["prorata"] * 100_000_000, "libr": 60_000_000,
    }  # fmt: skip
    assert f.by_rule["prorata"] * 100_000_000 in (63_636_363, 63_636_364)
    assert f.kinds == {"flow": "shown", "contract": "shown"}
    assert any("第十三条（一）" in a.article and a.mark == "V" for a in f.law)


def test_half_of_it_and_a_month_are_the_limits() -> None:
    half = rl29._lent_on(100_000, 600_000).tables()
    assert [f.value for f in found(half)] == [Fraction(1, 2)]
    less = changed(half, "transfers", {"loan_id": "ON"}, amount="599999.99")
    assert found(less) == []
    last = rl29._lent_on(100_000, 700_000, "2024-07-03").tables()
    assert found(last) == [], "a minute behind thirty days"
    at = changed(last, "transfers", {"loan_id": "ON"}, time="2024-07-03T09:01:00")
    assert len(found(at)) == 1 and found(rl29.late_near_miss()) == []


def test_without_a_register_the_payments_say_it() -> None:
    (f,) = found(rl29.worded_toy())
    assert f.kinds == {"flow": "inferred"} and f.value == Fraction(3, 5)
    frames = rl29.worded_toy_tables()
    for memo in ("归还借款", "货款", "预付借款"):
        assert found(changed(frames, "transfers", {"memo": "出借款"}, memo=memo)) == [], memo
    assert found(changed(frames, "transfers", {"memo": "贷款发放"}, memo="存款支取")) == []
    firm = changed(frames, "parties", {"party_id": "B"}, kind="company", sector="ordinary")
    assert len(found(firm)) == 1, "by its licence"
    assert found(without_tables(firm, "licences")) == []


def test_savings_group_licence_and_trade_speak_against_it() -> None:
    for case in (
        rl29.savings_near_miss(), rl29.inside_near_miss(), rl29.lender_near_miss(), rl29.trade_near_miss(),
    ):  # fmt: skip
        assert found(case) == []
    stakes = changed(rl29.inside_near_miss_tables(), "stakes", {"owner_id": "X"}, share="0.1", votes="0.1")
    assert len(found(stakes)) == 1
    ended = changed(rl29.lender_near_miss_tables(), "licences", {"party_id": "X"}, until="2021-01-01")
    assert len(found(ended)) == 1


def test_the_rule_is_that_of_the_day() -> None:
    def law(day: str) -> list[str]:
        (f,) = found(moved(day), as_of=day)
        return [a.article for a in f.law if "民间借贷" in a.article]

    def moved(day: str) -> Frames:
        frames = rl29.onlending_toy_tables()
        times = frames["transfers"]["time"].str.replace("2024", str(int(day[:4]) - 1))
        starts = frames["loans"]["start"].str.replace("2024", str(int(day[:4]) - 1))
        return {
            **frames,
            "transfers": frames["transfers"].assign(time=times),
            "loans": frames["loans"].assign(start=starts),
        }

    assert "法释〔2015〕18号" in law("2016-01-01")[0]
    assert "2020年8月" in law("2020-09-01")[0]
    assert "第二次修正" in law("2021-01-01")[0]


def test_a_thousand_loans_are_asked_in_one_pass() -> None:
    """Only borrowers who lend are traced: the others cost no trace."""
    frames = rl29.onlending_toy_tables()
    many = [
        {
            "loan_id": f"M{n}",
            "lender_id": "B",
            "borrower_id": f"N{n}",
            "principal": "100",
            "start": "2024-06-03",
        }
        for n in range(300)
    ]
    parties = [{"party_id": f"N{n}", "name": f"N{n}", "kind": "company"} for n in range(300)]
    accounts = [{"account_id": f"n{n}", "party_id": f"N{n}", "kind": "settlement"} for n in range(300)]
    paid = [
        {
            "transfer_id": f"m{n}",
            "time": "2024-06-03T10:00:00",
            "source": "b",
            "target": f"n{n}",
            "amount": "100",
            "loan_id": f"M{n}",
            "memo": "流贷",
        }
        for n in range(300)
    ]
    (f,) = found(with_rows(frames, loans=many, parties=parties, accounts=accounts, transfers=paid))
    assert f.subject_id == "X" and isinstance(f.evidence, pd.DataFrame)


def test_a_loan_account_in_the_borrower_s_name_is_his_bank_s() -> None:
    frames = rl29.worded_toy_tables()
    own = changed(frames, "accounts", {"account_id": "b"}, party_id="X", kind="loan")
    assert len(found(own)) == 1
    others = changed(own, "accounts", {"account_id": "b"}, party_id="K")
    assert found(others) == [], "a loan of somebody else is no bank's"


# ---------------------------------------------------------------- guards that the toys do not reach


def test_payees_are_counted_in_one_money() -> None:
    frames = rl29.commission_toy_tables()
    transfers = frames["transfers"].assign(currency="CNY")
    some = transfers["target"].isin([f"s{n:02d}" for n in range(30, 50)])
    transfers.loc[some, ["currency", "amount"]] = ["USD", "99999"]
    paid = with_rows(
        {**frames, "transfers": transfers},
        transfers=[
            {"transfer_id": "big", "time": "2024-06-21T10:00:00", "source": "x", "target": "s00", "memo": "推荐奖",
             "amount": "20000", "currency": "CNY"}
        ],
    )  # fmt: skip
    assert found(paid) == [], "thirty in yuan, twenty in dollars"


def test_money_to_custody_is_no_commission() -> None:
    frames = changed(rl29.commission_toy_tables(), "accounts", {"account_id": "s49"}, kind="client_custody")
    assert found(frames) == []


def test_who_is_tied_otherwise_is_no_staff() -> None:
    tie = {"party_id": "S07", "other_id": "X", "kind": "supervisor", "source": "登记"}
    (f,) = found(with_rows(rl29.commission_toy_tables(), relations=[tie]))
    assert guard(f, "staff") == "clear"


def test_a_bank_that_pays_is_no_stranger_and_family_is_so_both_ways() -> None:
    frames = rl29._bought(("实名",) * 4, ("D", "D", "D", "D")).tables()
    assert len(found(frames)) == 1
    assert found(changed(frames, "parties", {"party_id": "D"}, kind="bank")) == []
    turned = rl29.family_near_miss_tables()
    swap = {"party_id": turned["relations"]["other_id"], "other_id": turned["relations"]["party_id"]}
    assert found({**turned, "relations": turned["relations"].assign(**swap)}) == []


def test_a_payment_institution_is_no_platform_and_a_platform_s_own_product_is_not_another_s() -> None:
    ledger = {"platform_id": "P", "client_id": "I0", "date": "2024-06-04", "balance": "1"}
    frames = with_rows(rl29.selling_toy_tables(), client_ledger=[ledger])
    for sector, count in (("payment_institution", 0), ("ordinary", 1)):
        assert len(found(changed(frames, "parties", {"party_id": "P"}, sector=sector))) == count, sector
    own = changed(rl29.selling_toy_tables(), "products", {"product_id": "W"}, issuer_id="P")
    manages = {"party_id": "P", "function": "asset_management", "since": "2020-01-01"}
    assert found(with_rows(own, licences=[manages])) == []


def test_an_exchange_that_pays_another_is_no_member_of_that_kind() -> None:
    frames = changed(rl29.exchange_toy_tables(), "parties", {"party_id": "M"}, sector="exchange")
    assert found(frames) == []


def test_a_fee_on_a_contract_counts_once_and_a_licence_is_one_of_that_time() -> None:
    frames = rl29.cooperation_toy_tables()
    fees = [
        {"transfer_id": f"f{n}", "time": "2024-06-05T10:00:00", "source": "b", "target": "y", "amount": "100",
         "memo": "助贷服务费", "loan_id": f"L{n:02d}"}
        for n in range(3)
    ]  # fmt: skip
    (f,) = found(with_rows(frames, transfers=fees))
    assert f.amount == 10_030_000 and "fees" not in figures(f)
    early = {
        "transfer_id": "old",
        "time": "2019-06-05T10:00:00",
        "source": "z00",
        "target": "z01",
        "amount": "1",
    }
    ended = changed(with_rows(frames, transfers=[early]), "licences", {"party_id": "B"}, until="2020-01-01")
    assert found(ended) == []


def test_what_goes_back_to_a_bank_is_not_lent_on() -> None:
    frames = rl29.worded_toy_tables()
    assert found(changed(frames, "parties", {"party_id": "Z"}, kind="bank")) == []
