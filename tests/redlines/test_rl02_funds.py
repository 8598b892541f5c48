"""RL-02 of funds, by hand: what came to the manager's own side, since when a rule names it, what registers name."""

from __future__ import annotations

from fractions import Fraction

import pytest

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl02_self_financing import LINE, self_funded_by_funds
from graphflow.synthesis.lines import rl02
from graphflow.synthesis.small import Frames, case_of, frame_of
from tests.redlines.edits import changed, rows, with_rows, without_column, without_rows, without_tables


def found(frames: Frames, **settings: object) -> list[Finding]:
    return list(LINE.find(case_of(frames), **settings))


def values(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def hits(f: Finding) -> set[str]:
    return {t.name for t in f.tests if t.hit}


def states(f: Finding) -> dict[str, str]:
    return {e.name: e.state for e in (*f.elements, *f.counter_evidence)}


def notes(f: Finding) -> dict[str, str]:
    return {e.name: str(e.note) for e in (*f.elements, *f.counter_evidence)}


def paid(number: str, when: str, source: str, target: str, amount: str, **more: str) -> dict[str, str]:
    return {"transfer_id": number, "time": f"2021-03-{when}:00:00", "source": source, "target": target,
            "amount": amount, **more}  # fmt: skip


def own(account: str, party: str, **more: str) -> dict[str, str]:
    return {"account_id": account, "party_id": party, "opening_balance": "0", "kind": "settlement", **more}


# ---------------------------------------------------------------- the measure


def test_half_of_what_the_fund_paid_out() -> None:
    (f,) = found(rl02.fund_toy_tables())
    assert (f.subject_id, f.measure, f.value) == ("MANAGER", "fund_self_funding", Fraction(1, 2))
    assert f.by_rule == {"fifo": Fraction(1, 2), "prorata": Fraction(1, 2)}
    assert hits(f) == {"manager", "fund"} and f.severity == "high" and f.amount == f.amount_least == 50_000
    assert values(f) == {
        "fund_self_funding": Fraction(1, 2), "greatest_fund": Fraction(1, 2), "funds": 1, "not_named": 50_000,
        "least": Fraction(1, 2), "most": Fraction(1, 2),
    }  # fmt: skip
    assert f.kinds == {"flow": "shown", "ownership": "shown", "register": "shown"}
    assert states(f) == {
        "raised": "shown", "reaches": "shown", "side": "shown", "purpose": "unknown", "fees": "present",
        "redeemed": "clear", "holds": "clear", "named": "clear", "market": "clear",
    }  # fmt: skip
    assert "20.00 CNY" in notes(f)["fees"] and not notes(f)["raised"]
    assert f.chains[0]["transfers"] in (["out1"], ["out2", "use0"])
    assert str(f.summary).startswith("500.00 CNY that funds of 易投基金 paid out, 50 % of it")


def test_a_hundredth_less_is_less_than_half_of_one_fund() -> None:
    less = changed(rl02.fund_toy_tables(), "transfers", {"transfer_id": "use0"}, amount="199.99")
    (f,) = found(less)
    assert hits(f) == {"manager"} and f.value == Fraction(49_999, 100_000)
    (f,) = found(rl02.fund_toy_tables(), manager="0.51")
    assert hits(f) == {"fund"} and f.measure == "greatest_fund"
    assert str(f.summary).startswith(
        "500.00 CNY came to the own side of 易投基金, of 1 of its funds at least 50 %"
    )
    assert hits(found(rl02.fund_toy_tables(), manager="0.5", fund="0.51")[0]) == {"manager"}
    assert not found(less, manager="0.5")


def test_one_fund_among_larger_ones() -> None:
    (f,) = found(rl02.fund_one_toy_tables())
    assert hits(f) == {"fund"} and f.value == Fraction(3, 5) and f.amount == 60_000 and f.severity == "high"
    assert values(f)["fund_self_funding"] == Fraction(6, 100)
    table = self_funded_by_funds(rl02.fund_one_toy()).set_index("product_id")
    assert table.loc["F", ["raised", "fifo", "prorata", "share"]].tolist() == [100_000, 60_000, 60_000, 0.6]
    assert table.loc["G", "raised"] == 900_000 and table.loc["G", "share"] == 0
    assert self_funded_by_funds(rl02.toy()).empty


def test_where_the_rules_of_tracing_differ_it_is_said() -> None:
    frames = changed(rl02.fund_toy_tables(), "accounts", {"account_id": "shell"}, opening_balance="400")
    (f,) = found(frames, manager="0.35", fund="0.35")
    assert f.by_rule == {"fifo": Fraction(3, 10), "prorata": Fraction(4, 10)}
    assert (f.amount_least, f.amount, f.severity) == (30_000, 40_000, "medium")
    assert f.severity_note.startswith("It is so under one rule") and "300.00 CNY to 400.00 CNY" in str(
        f.summary
    )


def test_days_and_transfers_are_counted() -> None:
    base = changed(rl02.fund_toy_tables(), "transfers", {"transfer_id": "use0"}, time="2021-04-01T23:59:59")
    assert found(base)[0].value == Fraction(1, 2)
    late = changed(base, "transfers", {"transfer_id": "use0"}, time="2021-04-02T00:00:00")
    assert found(late)[0].value == Fraction(3, 10) and found(late, within="31D")[0].value == Fraction(1, 2)
    assert found(rl02.fund_toy_tables(), hops=0)[0].value == Fraction(3, 10)


# ---------------------------------------------------------------- whose rule, and since when


@pytest.mark.parametrize(
    ("when", "severity"), [("2020-12-29T23:59:59", "medium"), ("2020-12-30T00:00:00", "high")]
)
def test_before_the_rule_it_is_by_analogy(when: str, severity: str) -> None:
    frames = changed(rl02.fund_early_toy_tables(), "transfers", {"transfer_id": "out1"}, time=when)
    (f,) = found(frames)
    assert f.severity == severity and f.value == Fraction(1, 2)
    before = "700.00 CNY" if severity == "high" else "1,000.00 CNY"
    assert f"{before} was paid before 2020-12-30" in notes(f)["raised"]
    assert ("by analogy alone" in f.severity_note) == (severity == "medium")


def test_what_little_was_paid_since_the_rule_makes_it_no_graver() -> None:
    frames = changed(
        rl02.fund_early_toy_tables(), "transfers", {"transfer_id": "out3"}, time="2021-03-02T10:00:00"
    )
    (f,) = found(frames)  # to an outsider: nothing of it comes to the side
    assert f.severity == "medium" and f.value == Fraction(1, 2)


def test_as_of_a_day_only_the_law_of_the_day_holds() -> None:
    (f,) = found(rl02.fund_early_toy_tables(), as_of="2019-03-03")
    assert f.value == Fraction(3, 10) and [a.since for a in f.law] == ["2014-08-21"]
    old = rl02._fund_case(rl02._PAID, rl02._SPENT, year=2013)
    c = check(case_of(old), only="RL-02", as_of="2013-12-31")
    assert not c.findings and not c.tests.set_index("test").loc["fund", "ran"]


@pytest.mark.parametrize(
    ("sector", "severity"),
    [("asset_manager", "high"), ("trust_company", "medium"), ("fund_distributor", "medium"), ("", "medium"),
     ("bank", None), ("insurer", None), ("broker", None), ("equity_crowdfunding_platform", None)],
)  # fmt: skip
def test_of_whom_the_rule_speaks(sector: str, severity: str | None) -> None:
    frames = changed(rl02.fund_toy_tables(), "parties", {"party_id": "MANAGER"}, sector=sector)
    one = [f for f in found(frames) if f.measure == "fund_self_funding"]
    assert [f.severity for f in one] == ([severity] if severity else [])
    assert all(("managers of private funds" in f.severity_note) == (severity == "medium") for f in one)


@pytest.mark.parametrize(
    ("product", "hit"),
    [({"offering": "public"}, False), ({"kind": "pension"}, False), ({"kind": "abs"}, False),
     ({"kind": "public_fund"}, False), ({"offering": ""}, True), ({"kind": "trust"}, True),
     ({"manager_id": ""}, True), ({"manager_id": "SHELL", "issuer_id": "MANAGER"}, False)],
)  # fmt: skip
def test_which_products_are_looked_at(product: dict[str, str], hit: bool) -> None:
    frames = changed(rl02.fund_toy_tables(), "products", {"product_id": "F"}, **product)
    assert ("MANAGER" in {f.subject_id for f in found(frames)}) == hit


# ---------------------------------------------------------------- what registers name


def test_who_is_named_by_the_register_and_keeps_it() -> None:
    (f,) = found(rl02.fund_named_toy_tables())
    assert f.value == Fraction(98, 100) and f.severity == "medium" and values(f)["not_named"] == 0
    assert f.severity_note.startswith("Held at medium: what it came to is what the registers")
    assert states(f)["named"] == "present" and "980.00 CNY" in notes(f)["named"]


@pytest.mark.parametrize(("amount", "severity"), [("900", "high"), ("100", "high"), ("99.99", "medium")])
def test_what_the_named_company_passes_on_is_named_by_nobody(amount: str, severity: str) -> None:
    frames = changed(rl02.fund_passed_toy_tables(), "transfers", {"transfer_id": "use0"}, amount=amount)
    (f,) = found(frames)
    assert f.value == Fraction(98, 100) and f.severity == severity
    assert values(f)["not_named"] == Fraction(amount) * 100


def test_what_another_funds_register_names_is_not_named_by_its_own() -> None:
    base = rl02.fund_named_toy_tables()
    more = [
        paid("inG", "03T09", "investor1", "second", "500"),
        paid("outG", "03T10", "second", "project", "500"),
    ]
    second = rows(base["products"])[0] | {"product_id": "G"}
    frames = with_rows(
        base, transfers=more, products=[second],
        accounts=[own("second", "BANK", kind="client_custody", product_id="G")],
    )  # fmt: skip
    (f,) = found(frames)
    assert f.value == Fraction(1480, 1500) and values(f)["not_named"] == 50_000 and f.severity == "high"
    register = {"product_id": "G", "asset_id": "PROJECT", "asset_kind": "equity", "amount": "500"}
    (f,) = found(with_rows(frames, holdings=[register]))  # what it owns is named by the asset itself
    assert values(f)["not_named"] == 0 and f.severity == "medium"


def test_without_a_register_nothing_is_named() -> None:
    (f,) = found(without_tables(rl02.fund_named_toy_tables(), "holdings"))
    assert f.severity == "high" and states(f)["named"] == "unknown" and "register" not in f.kinds


# ---------------------------------------------------------------- what looks like it and is not


def test_fees_count_from_beyond_their_schedule() -> None:
    base = rl02.fund_near_miss_tables()
    assert not found(base, manager="0.0001")
    more = changed(
        base, "transfers", {"transfer_id": "out0"}, amount="60"
    )  # of 1,040, of which 52 are allowed
    (f,) = found(more, manager="1/130")
    assert f.value == Fraction(1, 130) and not found(more, manager="1/129")
    said = changed(more, "transfers", {"transfer_id": "out0"}, memo="往来款")
    assert found(said, manager="0.01")[0].value == Fraction(60, 1040)


def test_an_investor_gets_up_to_twice_what_he_paid_in() -> None:
    base = rl02.fund_redeemed_near_miss_tables()
    assert not found(base, manager="0.0001")
    for amount, hit in (("1200", False), ("1200.01", True)):
        frames = changed(base, "transfers", {"transfer_id": "use3"}, amount=amount)
        assert bool(found(frames)) == hit
    at_once = changed(
        base, "transfers", {"transfer_id": "out0"}, target="project", time="2021-03-01T09:00:00"
    )
    assert not found(at_once)  # by a day alone nothing comes first
    first = without_rows(base, "transfers", "use3")
    first = changed(first, "transfers", {"transfer_id": "out0"}, target="project", memo="")
    assert not found(changed(first, "transfers", {"transfer_id": "out0"}, amount="600"))
    (f,) = found(changed(first, "transfers", {"transfer_id": "out0"}, amount="600.01"))
    assert f.amount == 60_001  # before anything was invested no more than he paid in
    assert "left out: 1 payments" in notes(f)["redeemed"]


def test_who_gives_back_what_was_invested_is_no_investor() -> None:
    base = rl02._fund_case(
        (("project", "500"),),
        (("06T10", "project", "custody", "500"), ("07T10", "custody", "project", "500")),
    )  # fmt: skip
    (f,) = found(base)
    assert f.amount == 100_000 and f.value == 1


def test_what_is_called_a_repayment_is_paid_out_all_the_same() -> None:
    named = changed(rl02.fund_toy_tables(), "transfers", {"transfer_id": "out1"}, kind="repayment")
    assert found(named)[0].value == Fraction(1, 2)


def test_a_company_that_only_holds_it_pays_all_of_it_on_in_time() -> None:
    base = rl02.fund_holds_near_miss_tables()
    late = changed(base, "transfers", {"transfer_id": "use0"}, time="2021-03-05T10:01:01")
    assert found(late)[0].value == Fraction(98, 100) and not found(late, forward="4D")
    less = changed(base, "transfers", {"transfer_id": "use0"}, amount="979.99")
    assert found(less)[0].value == Fraction(98, 100)
    on = changed(base, "transfers", {"transfer_id": "use1"}, target="affiliate")
    (f,) = found(with_rows(on, accounts=[own("affiliate", "AFFILIATE")]))  # what it passes on is followed
    assert f.value == Fraction(9, 10) and states(f)["holds"] == "present"


def test_an_account_that_is_held_for_no_product_is_the_managers_own() -> None:
    base = changed(rl02.fund_above_near_miss_tables(), "transfers", {"transfer_id": "use0"}, amount="900")
    (f,) = found(changed(base, "accounts", {"account_id": "second"}, product_id=""))
    assert f.value == 1
    lp = {"party_id": "LP", "name": "合伙", "kind": "partnership"}
    controls = {"party_id": "MANAGER", "other_id": "LP", "kind": "controller", "since": "2015-01-01"}
    theirs = changed(base, "accounts", {"account_id": "second"}, product_id="", party_id="LP")
    theirs = with_rows(theirs, parties=[lp], relations=[controls])
    assert found(theirs)[0].value == 1  # a partnership of the group
    assert not found(changed(theirs, "products", {"product_id": "G"}, issuer_id="LP"))  # that is a fund
    assert not found(changed(theirs, "parties", {"party_id": "LP"}, kind="contract_fund"))


def test_a_company_that_a_fund_bought_is_an_investment() -> None:
    base = rl02.fund_bought_near_miss_tables()
    for owner in ("BOSS", "PROJECT"):
        (f,) = found(changed(base, "stakes", {"owner_id": "LP"}, owner_id=owner))
        assert f.value == Fraction(98, 100)
    kind = changed(base, "products", {"product_id": "F"}, issuer_id="MANAGER")
    assert found(
        changed(kind, "accounts", {"account_id": "custody"}, product_id="F")
    )  # the partnership is no fund
    assert not found(changed(base, "stakes", {"owner_id": "LP"}, owner_id="MANAGER", nominee_for="F"))
    assert not found(changed(base, "stakes", {"owner_id": "LP"}, owner_id="MANAGER", nominee_for="LP"))
    under = {"owner_id": "TARGET", "company_id": "SUPPLIER", "share": "1", "since": "2021-03-02"}
    assert not found(with_rows(base, stakes=[under]))  # nor what that owns
    founder = {"owner_id": "INVESTOR1", "company_id": "TARGET", "share": "0.3", "since": "2010-01-01"}
    assert not found(with_rows(base, stakes=[founder]))  # whoever outside holds the rest
    also = {"owner_id": "BOSS", "company_id": "TARGET", "share": "0.3", "since": "2010-01-01"}
    assert found(with_rows(base, stakes=[also]))  # the owner holds of it himself


def test_an_account_into_which_investors_pay_is_no_goal() -> None:
    base = rl02.fund_near_miss_tables()
    three = [paid(f"more{n}", "01T10", f"investor{n}", "raising", "100", product_id="F") for n in (1, 2, 3)]
    back = paid("back", "04T10", "custody", "raising", "300")
    late = paid("late", "30T10", "supplier", "target", "1") | {"time": "2021-06-01T10:00:00"}
    accounts = [own("raising", "MANAGER"), own("investor3", "INVESTOR3")]
    person = {"party_id": "INVESTOR3", "name": "三", "kind": "person"}
    frames = with_rows(base, transfers=[*three, back, late], accounts=accounts, parties=[person])
    assert not found(frames)
    (f,) = found(without_rows(frames, "transfers", "more3"))  # two are no several
    assert f.value == Fraction(300, 1300)


# ---------------------------------------------------------------- whose money a transfer is


def test_a_transfer_is_a_funds_by_what_it_names_or_by_whose_account_it_is() -> None:
    base = rl02.fund_toy_tables()
    tagged = [
        row | ({"product_id": "F"} if row["transfer_id"].startswith("out") else {}) for row in rows(base["transfers"])
    ]  # fmt: skip
    by_name = without_column({**base, "transfers": frame_of(tagged)}, "accounts", "product_id")
    assert found(by_name)[0].value == Fraction(1, 2)
    assert not found(without_column(base, "accounts", "product_id"))  # the shared custody account of a bank


def test_what_a_fund_pays_to_its_managers_own_account_counts() -> None:
    base = changed(
        rl02.fund_near_miss_tables(),
        "accounts",
        {"account_id": "custody"},
        party_id="MANAGER",
        kind="settlement",
    )
    assert not found(base)
    moved = changed(base, "transfers", {"transfer_id": "out0"}, memo="往来款", amount="500")
    assert found(moved)[0].value == Fraction(500, 1480)


def test_several_managers_are_told_apart() -> None:
    base = rl02.fund_toy_tables()
    party = {"party_id": "OTHER", "name": "别投", "kind": "company", "sector": "asset_manager"}
    second = rows(base["products"])[0] | {"product_id": "G", "manager_id": "OTHER"}
    frames = with_rows(
        base, parties=[party], products=[second],
        transfers=[paid("inG", "03T09", "investor1", "second", "500"), paid("outG", "03T10", "second", "project", "500")],
        accounts=[own("second", "BANK", kind="client_custody", product_id="G")],
    )  # fmt: skip
    (f,) = found(frames)
    assert f.subject_id == "MANAGER" and f.value == Fraction(1, 2)


def test_who_is_related_to_the_manager_is_of_its_side() -> None:
    base = changed(rl02.fund_toy_tables(), "transfers", {"transfer_id": "out1"}, target="wife")
    wife = {"party_id": "WIFE", "name": "配偶", "kind": "person"}
    tie = {"party_id": "WIFE", "other_id": "BOSS", "kind": "spouse", "since": "2010-01-01"}
    frames = with_rows(base, parties=[wife], accounts=[own("wife", "WIFE")])
    assert found(frames)[0].value == Fraction(2, 10)
    (f,) = found(with_rows(frames, relations=[tie]))
    assert f.value == Fraction(1, 2) and "related beside the group: 1" in notes(f)["side"]


def test_it_is_told_in_the_money_in_which_it_was_paid() -> None:
    base = rl02.fund_toy_tables()
    frames = {**base, "transfers": base["transfers"].assign(currency="USD")}
    (f,) = found(frames)
    assert (f.currency, f.value, f.severity) == ("USD", Fraction(1, 2), "high")


def test_money_is_not_followed_through_what_is_held_for_a_product() -> None:
    base = changed(rl02.fund_toy_tables(), "transfers", {"transfer_id": "use0"}, target="other")
    on = paid("on", "06T10", "other", "affiliate", "200")
    frames = with_rows(
        base, transfers=[on], accounts=[own("other", "SHELL", product_id="X"), own("affiliate", "AFFILIATE")]
    )
    assert found(frames)[0].value == Fraction(3, 10)
    theirs = changed(frames, "accounts", {"account_id": "other"}, party_id="MANAGER")
    assert found(theirs)[0].value == Fraction(3, 10)  # though it is in the manager's name
    assert found(changed(frames, "accounts", {"account_id": "other"}, product_id=""))[0].value == Fraction(
        1, 2
    )
