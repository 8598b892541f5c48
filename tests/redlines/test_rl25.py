"""RL-25: the vector, three real cases in proportion, what is no payout, and the parts to the unit."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.facts import facts_of
from graphflow.redlines.origins import PARTS, origins_of
from graphflow.redlines.raising import raisings
from graphflow.redlines.rl25_new_for_old import RULES, payouts
from graphflow.synthesis.lines import rl25
from graphflow.synthesis.small import Frames, case_of, frame_of


def found_in(frames: Frames, **more: object) -> list[Finding]:
    return list(check(case_of(frames), only="RL-25", **more).findings)  # type: ignore[arg-type]


def the_one(frames: Frames, **more: object) -> Finding:
    (found,) = found_in(frames, **more)
    return found


def measured(found: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in found.measures}


def changed(frames: Frames, table: str, where: str, value: str, column: str, to: str) -> Frames:
    frame = frames[table].copy()
    frame.loc[frame[where] == value, column] = to
    return {**frames, table: frame}


def test_the_vector() -> None:
    found = the_one(rl25.toy_tables())
    assert found.measure == "new_money" and found.value == Fraction(8, 9) and found.robust
    assert set(found.by_rule.values()) == {Fraction(8, 9)} and set(found.by_rule) == set(RULES)
    told = measured(found)
    assert (told["paid"], told["paid_asset"], told["paid_others"]) == (900_000_000, 100_000_000, 800_000_000)
    assert told["coverage"] == Fraction(1, 9) and told["runoff"] == 0 and told["used"] == Fraction(9, 17)
    assert found.severity == "critical" and set(found.kinds) == {"flow", "contract"}
    assert (found.amount, found.amount_least) == (800_000_000, 800_000_000)


def test_three_real_cases_in_proportion() -> None:
    guoying = the_one(rl25.guoying_toy_tables())
    told = measured(guoying)
    assert told["paid_back"] == Fraction(4976, 7681) == Fraction(guoying.amount or 0, int(told["raised"]))
    assert told["raised"] - told["paid"] == Fraction(541, 20) * 1_000_000 * 100  # P8: left
    assert told["loss"] == Fraction(2853, 7681) and guoying.severity == "critical"
    zhouhui = the_one(rl25.zhouhui_toy_tables())
    told = measured(zhouhui)
    assert told["paid_back"] == Fraction(691, 1030) and told["loss"] == Fraction(178, 515)
    assert 1 - told["paid_back"] - told["loss"] == Fraction(-17, 100) * 100 / 1030  # what some gained
    assert zhouhui.kinds == {"flow": "inferred"} and zhouhui.severity == "high" and zhouhui.severity_note
    ezubao = the_one(rl25.ezubao_toy_tables())
    told = measured(ezubao)
    assert told["loss"] == Fraction(190, 381) and told["paid"] == 382 * 100_000 * 100
    assert told["used"] == Fraction(762 - 382, 762)  # what shells and affiliate only passed on does not count


def test_the_table_behind_it_adds_up_month_by_month() -> None:
    table = payouts(rl25.guoying_toy())
    assert (table[list(PARTS)].sum(axis=1) == table["paid"]).all()
    assert sorted(set(table["month"])) == ["2022-05", "2022-06", "2022-07"]
    assert table.groupby("rule")["cross"].sum().tolist() == [4_976_000_000] * 3


def test_money_goes_round_through_shells_and_is_not_earned() -> None:
    frames = rl25.ezubao_toy_tables()
    told = measured(the_one(frames))
    assert told["paid_asset"] == 0 and told["coverage"] == 0
    unlinked = {**frames, "stakes": frames["stakes"].iloc[:0]}
    (near,) = check(case_of(unlinked), only="RL-25").findings
    assert measured(near)["paid_others"] == 3_820_000_000  # hops: reserve, shell, affiliate, pool
    # not followed so far, the same money looks as if the affiliate had paid it
    (cut,) = gf.redlines.rl25_new_for_old.find(case_of(unlinked), hops=2)
    assert cut.measure == "subsidy" and measured(cut)["paid_others"] == 0


def test_what_is_no_payout() -> None:
    assert not found_in(rl25.open_near_miss_tables())
    promised = changed(rl25.open_near_miss_tables(), "products", "product_id", "P1", "promised_yield", "0.12")
    assert the_one(promised).value == Fraction(8, 9)  # an open product that promises is no fund at its value
    refund = rl25.refund_near_miss_tables()
    assert not found_in(refund)
    late = refund["transfers"].copy()
    late["time"] = late["time"].where(late["memo"] != "流标退款", "2023-05-20T10:00:00")
    assert the_one({**refund, "transfers": late}).measure == "new_money"
    used = pd.concat(
        [refund["transfers"], frame_of([{"transfer_id": "use", "time": "2023-03-08T10:00:00", "source": "pool",
         "target": "elsewhere", "amount": "1", "memo": "放款", "listing_id": "X"}])]
    )  # fmt: skip
    assert the_one({**refund, "transfers": used.fillna("")}).value > Fraction(1, 2)


def test_who_is_no_collector() -> None:
    assert not found_in(rl25.bank_near_miss_tables())
    assert found_in(rl25.zhouhui_toy_tables())
    role = frame_of([{"subject_id": "ZHOU", "role": "administrator", "source": "法院裁定"}])
    assert not found_in({**rl25.zhouhui_toy_tables(), "roles": role})
    assert not found_in(rl25.shop_near_miss_tables())
    # the same buyers, paid more than they paid: they are investors, and nobody earned it
    gains = rl25.shop_near_miss_tables()
    rows = gains["transfers"].copy()
    rows.loc[rows["memo"] == "退货款", "amount"] = "150500"
    rows.loc[rows["memo"] == "进货", "amount"] = "1700000"
    assert not found_in({**gains, "transfers": rows}), "who was never paid says that he bought"
    rows.loc[rows["memo"] == "购货", "memo"] = "充值"
    assert the_one({**gains, "transfers": rows}).kinds == {"flow": "inferred"}


def test_what_was_earned_covers_half() -> None:
    for real, hits in ((4_499_999, 1), (4_500_000, 0)):
        frames = changed(rl25.toy_tables(), "transfers", "memo", "货款", "amount", str(real))
        assert len(found_in(frames)) == hits


def earned_before(amount: str) -> Frames:
    """What really came in stood in the pool for a month before the new money came."""
    frames = rl25.toy_tables()
    rows = frames["transfers"].copy()
    rows.loc[rows["memo"] == "货款", ["time", "amount"]] = ["2023-03-20T10:00:00", amount]
    return {**frames, "transfers": rows}


def test_it_does_not_hold_under_every_rule() -> None:
    found = the_one(earned_before("6000000"))
    assert found.by_rule["lifo"] == Fraction(8, 9) and found.by_rule["fifo"] == Fraction(1, 3)
    assert Fraction(1, 2) < found.by_rule["prorata"] < Fraction(8, 9)
    assert found.value == found.by_rule["prorata"] and not found.robust, "two rules say so much"
    assert found.severity == "high" and "every rule" in found.severity_note
    assert found.amount == 800_000_000 and found.amount_least == 300_000_000
    assert "33.3333 % to 88.8889 %, by the rule of tracing" in str(found.summary)
    assert said(found, "others") == "inferred"
    assert said(found, "income") == "unknown", "6 of 9 million had come in, before these months"
    less = the_one(earned_before("4400000"))
    assert said(less, "income") == "clear", "from the beginning less than half came in"
    assert said(the_one(rl25.toy_tables()), "income") == "clear"
    stood = changed(rl25.toy_tables(), "accounts", "account_id", "pool", "opening_balance", "3500000")
    bought = changed(stood, "transfers", "memo", "购房款", "amount", "12500000")
    assert said(the_one(bought), "income") == "unknown", "it may have earned what stood there"


def said(found: Finding, name: str) -> str:
    (one,) = [e for e in (*found.elements, *found.counter_evidence) if e.name == name]
    return one.state


def test_sales_of_who_borrows_for_its_own_business_are_earned() -> None:
    frames = rl25.bond_near_miss_tables()
    table = payouts(case_of(frames))
    assert (table["asset"] == 105_000_000).all() and (table["subsidy"] == 0).all()
    opening = changed(frames, "accounts", "account_id", "ops", "opening_balance", "1050000")
    assert not found_in(opening), "a debtor may pay of its own"
    for column, value in (("manager_id", "TEA"), ("kind", "wealth_management")):
        other = changed(frames, "products", "product_id", "P1", column, value)
        assert the_one(other).measure == "subsidy", "what who manages adds of its fees is its own"
    platform = changed(frames, "parties", "party_id", "TEA", "sector", "p2p_platform")
    assert the_one(platform).measure == "subsidy"


def test_buyers_are_no_investors() -> None:
    frames = rl25.consignment_near_miss_tables()
    assert not found_in(frames)
    bare = {**frames, "transfers": frames["transfers"].drop(columns="order_id")}
    found = the_one(bare)
    assert said(found, "others") == "inferred", "nothing tells that they bought"
    rows = bare["transfers"].copy()
    rows.loc[rows["source"].str.startswith("b"), "memo"] = "购车款"
    assert not found_in({**bare, "transfers": rows}), "each payment says so"


def test_an_open_product_is_exempt_where_something_shows_that_it_deals_at_its_value() -> None:
    found = the_one(rl25.open_toy_tables())
    assert found.value == Fraction(8, 9) and said(found, "netting") == "unknown"
    assert found.severity == "high" and "net asset value" in found.severity_note
    for column, value in (
        ("net_assets", "1"),
        ("next_open", "2023-05-01"),
        ("registered", "S1"),
        ("kind", "public_fund"),
    ):
        assert not found_in(changed(rl25.open_toy_tables(), "products", "product_id", "P1", column, value))


def test_what_is_so_under_one_rule_alone_is_not_told() -> None:
    alone = earned_before("8900000")  # of 9,000,000: else all that investors put in would stand there
    table = payouts(case_of(alone)).set_index("rule")["new_money"]
    assert table["lifo"] >= 0.8 and max(table["prorata"], table["fifo"]) < 0.5
    assert not found_in(alone)


def test_clients_take_out_their_own_while_everything_stands_there() -> None:
    found = the_one(rl25.keeper_toy_tables())
    assert measured(found)["paid"] == 200_000_000 and found.value >= Fraction(1, 2)
    cent = rl25._keeper(1, 0)  # a yuan less than all is not all
    assert the_one(cent).measure == "new_money"
    interest = rl25.keeper_near_miss_tables()
    rows = interest["transfers"].assign(kind="")
    rows.loc[rows["memo"] == "提现", "kind"] = "interest"
    assert found_in({**interest, "transfers": rows}), "interest is nobody's own money"
    more = rl25.keeper_near_miss_tables()["transfers"].copy()
    more.loc[more["memo"] == "提现", "amount"] = "1000001"
    assert found_in({**interest, "transfers": more}), "more than was paid in is not one's own"
    for fee, hits in (("500000", 0), ("500001", 1)):  # a twentieth of what was paid in, and more
        some = rl25._keeper(int(fee), 0)
        rows = some["transfers"].copy()
        rows.loc[rows["memo"] == "云服务器采购款", "memo"] = "手续费"
        assert len(found_in({**some, "transfers": rows})) == hits
    unknown = changed(
        rl25.keeper_near_miss_tables(), "accounts", "account_id", "clients", "opening_balance", ""
    )
    assert found_in(unknown), "what is not known to stand there covers nothing"


def test_one_month_counts_in_yuan_only() -> None:
    rows = rl25.toy_tables()
    dollars = {**rows, "transfers": rows["transfers"].assign(currency="USD")}
    assert not found_in(dollars)  # one million is yuan, and nobody here knows a rate
    many = rl25.zhouhui_toy_tables()
    found = the_one({**many, "transfers": many["transfers"].assign(currency="USD")})
    assert found.currency == "USD" and found.value == 1  # three months in a row are months in any currency
    small = rows["transfers"].assign(amount=(rows["transfers"]["amount"].astype(int) // 100).astype(str))
    assert not found_in({**rows, "transfers": small})


def test_two_months_are_not_three() -> None:
    frames = rl25.zhouhui_toy_tables()
    rows = frames["transfers"].assign(amount=(frames["transfers"]["amount"].astype(int) // 10).astype(str))
    assert the_one({**frames, "transfers": rows}).value == 1
    two = rows[~((rows["memo"] == "本息") & rows["time"].str.startswith("2022-06"))]
    assert not found_in({**frames, "transfers": two})


def test_a_test_that_lacks_its_tables_does_not_run() -> None:
    frames = rl25.toy_tables()
    bare = {**frames, "transfers": frames["transfers"].drop(columns="product_id")}
    found = check(case_of(bare), only="RL-25")
    assert found.tests.set_index("test")["ran"].to_dict() == {
        "new_money": True,
        "cross": False,
        "subsidy": True,
    }
    assert found.findings[0].value == Fraction(8, 9)


def test_flows_alone_are_enough() -> None:
    frames = {"transfers": rl25.zhouhui_toy_tables()["transfers"]}
    found = [f for f in found_in(frames) if f.subject_kind == "account"]
    assert found == []  # eight accounts of at most five payers each: nobody knows that they are one's
    one = frames["transfers"].copy()
    for side in ("source", "target"):
        one[side] = one[side].str.replace(r"^z\d$", "z", regex=True)
    (whole,) = found_in({"transfers": one})
    assert (whole.subject_kind, whole.subject_id, whole.value) == ("account", "z", 1)
    assert measured(whole)["loss"] == Fraction(178, 515)


def test_as_of_a_day_nothing_later_is_seen() -> None:
    frames = rl25.guoying_toy_tables()
    assert not found_in(frames, as_of="2022-05-13")
    early = the_one(frames, as_of="2022-05-31")
    assert measured(early)["paid"] == 1237 * 10_000 * 100 and early.value == 1


def test_a_group_is_one_subject() -> None:
    found = the_one(rl25.guoying_toy_tables())
    assert found.subject_id == "MANAGER"  # not the person above it, nor the project company
    assert the_one(rl25.ezubao_toy_tables()).subject_id == "PLATFORM"


# ---------------------------------------------------------------- parts, against plain Python


PAYERS = ("i0", "i1", "i2", "customer")


@st.composite
def books(draw: st.DrawFn) -> tuple[int, list[tuple[str, str, int]]]:
    """An opening and rows of one pool: who pays in, or who is paid, and how much: never more than is there."""
    opening = draw(st.integers(0, 50))
    held, rows = opening, []
    for _ in range(draw(st.integers(2, 12))):
        if held and draw(st.booleans()):
            amount = draw(st.integers(1, held))
            rows.append(("out", draw(st.sampled_from((*PAYERS[:3], "supplier"))), amount))
            held -= amount
        else:
            amount = draw(st.integers(1, 60))
            rows.append(("in", draw(st.sampled_from(PAYERS)), amount))
            held += amount
    return opening, rows


def naive(opening: int, rows: list[tuple[str, str, int]], last_first: bool) -> dict[str, int]:
    """What all payouts to investors are made of, lot by lot."""
    lots = [["opening", opening]] if opening else []
    parts = dict.fromkeys(PARTS, 0)
    for way, who, amount in rows:
        if way == "in":
            lots.append([who, amount])
            continue
        while amount:
            lot = lots[-1 if last_first else 0]
            taken = min(amount, int(lot[1]))
            lot[1] = int(lot[1]) - taken
            amount -= taken
            if who != "supplier":
                whose = lot[0]
                part = "unknown" if whose == "opening" else "asset" if whose == "customer" else "others"
                parts["own" if whose == who else part] += taken
            if not lot[1]:
                lots.remove(lot)
    return parts


@settings(max_examples=30, deadline=None)
@given(books())
def test_the_parts_are_those_of_lots(book: tuple[int, list[tuple[str, str, int]]]) -> None:
    opening, rows = book
    if not any(way == "out" and who != "supplier" for way, who, _ in rows):
        return
    people = [{"party_id": p.upper(), "name": p, "kind": "person"} for p in PAYERS[:3]]
    others = [
        {"party_id": p.upper(), "name": p, "kind": "company"} for p in ("customer", "supplier", "raiser")
    ]
    accounts = [{"account_id": p, "party_id": p.upper(), "covered": "false"} for p in (*PAYERS, "supplier")]
    pool = {"account_id": "pool", "party_id": "RAISER", "covered": "true", "opening_balance": f"{opening}"}
    case = case_of({
        "transfers": frame_of([
            {"transfer_id": f"{n}", "time": f"2023-03-01T09:{n:02d}:00", "amount": f"{amount}",
             "source": "pool" if way == "out" else who, "target": who if way == "out" else "pool"}
            for n, (way, who, amount) in enumerate(rows)
        ]),
        "accounts": frame_of([pool, *accounts]),
        "parties": frame_of([*people, *others]),
        "products": frame_of([{"product_id": "P", "issuer_id": "RAISER", "start": "2023-01-01"}]),
        "subscriptions": frame_of([
            {"product_id": "P", "investor_id": p.upper(), "amount": "1", "time": "2023-01-01"} for p in PAYERS[:3]
        ]),
    })  # fmt: skip
    facts = facts_of(case)
    for raising in raisings(facts):
        found = origins_of(facts, raising, "CNY", RULES, raising.outs, 4)
        assert (found.parts.sum(axis=2) == found.paid).all()
        for number, last_first in ((0, False), (1, True)):
            minor = {name: 100 * value for name, value in naive(opening, rows, last_first).items()}
            assert dict(zip(PARTS, found.parts[number, 0].tolist(), strict=True)) == minor


@pytest.mark.parametrize("name", ["subsidy_near_miss", "near_miss"])
def test_thresholds_can_be_given(name: str) -> None:
    frames = getattr(rl25, f"{name}_tables")()
    case = case_of(changed(frames, "transfers", "memo", "货款", "amount", "8999999"))  # a yuan short
    find = gf.redlines.rl25_new_for_old.find
    assert [f.measure for f in find(case, subsidy="0.04", coverage="1.5", ponzi="0.4")] == (
        ["subsidy"] if name == "subsidy_near_miss" else ["new_money"]
    )
