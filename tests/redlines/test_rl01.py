"""RL-01: the figures of its vectors through `check`, its guards, each test alone, and formulas by hand."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.pooling import match
from graphflow.redlines.rl01_fund_pool import find
from graphflow.synthesis.lines import rl01
from graphflow.synthesis.small import Frames, case_of, frame_of


def only(case: gf.Case, law: Path | None = None) -> Finding:
    (found,) = check(case, only="RL-01", law=law).findings
    return found


def values(finding: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in finding.measures}


def law_of(folder: Path, **thresholds: str) -> Path:
    file = folder / "law.csv"
    lines = [f"RL-01,{name},{value}" for name, value in thresholds.items()]
    file.write_text("code,name,value\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return file


def without(frames: Frames, *tables: str) -> Frames:
    return {name: frame for name, frame in frames.items() if name not in tables}


# ---------------------------------------------------------------- the vectors


def test_the_pool_of_three(tmp_path: Path) -> None:
    found = only(rl01.vector(), law_of(tmp_path, investors="3"))
    told = values(found)
    assert told["pool"] == Fraction(4, 5) and told["investors"] == 3
    assert (told["payers_hhi"], told["payees_hhi"]) == (Fraction(1, 3), Fraction(9, 25))
    assert found.measures[1].basis == "file"
    assert not check(rl01.vector(), only="RL-01").findings, "three investors are fewer than are asked for"


def test_the_residence(tmp_path: Path) -> None:
    told = values(only(rl01.residence(), law_of(tmp_path, investors="2")))
    assert told["residence"] == Fraction(21, 4) == Fraction(1050, 200)
    assert told["pool"] == 1, "no leg carries a contract, and no amount that left came in"


def test_the_toy_has_both_at_thirty_investors() -> None:
    found = only(rl01.toy())
    told = values(found)
    assert (told["pool"], told["residence"], told["investors"]) == (Fraction(4, 5), Fraction(21, 4), 30)
    assert (found.subject_kind, found.subject_id) == ("account", "pool")
    assert found.amount == 300_00 and told["not_returned"] == 300_00 and told["paid_back"] == 0
    assert found.severity == "high" and found.kinds == {"flow": "shown", "contract": "shown"}
    assert [t.name for t in found.tests if t.hit] == ["platform"]
    assert {a.article for a in found.law if "第十条" in a.article}


def test_a_collector_of_many_with_a_promise_and_no_licence_is_critical() -> None:
    found = only(rl01.collector_toy())
    told = values(found)
    assert (found.subject_kind, found.subject_id) == ("party", "BOSS"), "two accounts that pay one another"
    assert told["investors"] == 160 and found.amount == 1_600_000_00
    assert (told["paid_back"], told["not_returned"]) == (240_000_00, 1_360_000_00)
    assert found.severity == "critical" and found.kinds["register"] == "shown"
    states = {e.name: e.state for e in found.elements}
    assert states["collects"] == "inferred" and states["promise"] == states["unlicensed"] == "shown"


def test_before_its_law_no_figure_of_a_crime_counts() -> None:
    """法释〔2022〕5号 is in force from 2022-03-01 on."""
    frames = rl01.collector_toy_tables()
    rows = frames["transfers"]
    rows["time"] = rows["time"].str.replace("2022-", "2021-")
    (before,) = check(case_of(frames), only="RL-01", as_of="2022-02-28").findings
    assert before.severity == "high" and "not yet in force" in before.severity_note
    (then,) = check(case_of(frames), only="RL-01", as_of="2022-03-01").findings
    assert then.severity == "critical" and not then.severity_note


def test_without_the_register_it_is_not_critical() -> None:
    found = only(case_of(without(rl01.collector_toy_tables(), "licences")))
    assert found.severity == "high"
    assert {e.name: e.state for e in found.elements}["unlicensed"] == "unknown"


def test_a_licence_keeps_it_from_critical_and_is_cited() -> None:
    frames = rl01.collector_toy_tables()
    frames["licences"] = frame_of(
        [{"party_id": "BOSS", "function": "fund_sale", "number": "7", "since": "2020-01-01"}]
    )
    found = only(case_of(frames))
    assert found.severity == "high" and "licences" in set(found.evidence["table"])
    frames["licences"] = frame_of(
        [{"party_id": "BOSS", "function": "fund_sale", "since": "2020-01-01", "until": "2022-02-28"}]
    )
    assert only(case_of(frames)).severity == "critical", "it had run out before money came in"


def test_one_products_asset_paid_with_anothers_money() -> None:
    found = only(rl01.separability_toy())
    third = {"fifo": Fraction(1, 3), "lifo": Fraction(2, 3), "prorata": Fraction(1, 2)}
    assert found.by_rule == third and found.robust
    assert (found.amount, found.amount_least) == (100_00, 50_00)
    assert values(found)["products"] == 2 and values(found)["assets"] == 1
    assert {"holdings", "transfers"} <= set(found.evidence.loc[found.evidence["shows"], "table"])


def test_money_that_came_through_custody_counts_its_products_investors() -> None:
    found = only(rl01.products_toy())
    assert values(found)["investors"] == 40 and values(found)["products"] == 2
    assert found.subject_id == "run" and found.amount == 40_000_00
    frames = rl01.products_toy_tables()
    frames["subscriptions"]["amount"] = "11000"  # of 220,000 a fund only a tenth less a little came here
    assert not check(case_of(frames), only="RL-01").findings


def test_what_a_project_company_passes_on_is_its_one_funds() -> None:
    found = only(rl01.projects_toy())
    assert values(found)["investors"] == 40 and values(found)["products"] == 2
    assert (found.subject_id, found.amount) == ("run", 39_200_00)
    frames = rl01.projects_toy_tables()
    rows = frames["transfers"]
    rows.loc[rows["source"] == "c2", "target"] = "works1"  # one company of two funds: it is neither's
    rows.loc[rows["source"] == "works2", "source"] = "works1"
    assert not check(case_of(frames), only="RL-01").findings
    frames = rl01.projects_toy_tables()
    investor = {"product_id": "F1", "investor_id": "WORKS2", "amount": "1", "time": "2024-03-04T09:00:00"}
    frames["subscriptions"] = pd.concat([frames["subscriptions"], frame_of([investor])]).fillna("")
    assert not check(case_of(frames), only="RL-01").findings, "what an investor got back is its own"


def test_where_a_quarter_came_from_elsewhere_it_is_still_the_funds() -> None:
    for earned, hits in (("6666.66", 1), ("6666.67", 0)):
        assert len(check(case_of(rl01._through_projects(earned)), only="RL-01").findings) == hits


def test_a_product_joins_what_came_and_left_also_by_its_account() -> None:
    frames = rl01.projects_toy_tables()
    rows = frames["transfers"]
    rows.loc[rows["source"] == "run", ["target", "amount"]] = [["c1", "19600"], ["c2", "19600"]]
    rows.loc[rows["source"] == "run", "time"] = ["2024-03-07T09:00:00", "2024-03-08T09:00:00"]
    assert not check(case_of(frames), only="RL-01", as_of=None).findings, "each fund's money goes back to it"


# ---------------------------------------------------------------- guards


def test_each_near_miss_differs_from_a_toy_in_one_thing() -> None:
    frames = rl01.toy_tables()
    accounts = frames["accounts"]
    accounts.loc[accounts["account_id"] == "pool", "kind"] = "reserve_central"
    assert not check(case_of(frames), only="RL-01").findings
    frames = rl01.toy_tables() | {
        "roles": frame_of([{"subject_id": "pool", "role": "court_escrow", "source": "法院公告"}])
    }
    assert not check(case_of(frames), only="RL-01").findings
    frames = rl01.shop_near_miss_tables()
    frames["transfers"] = frames["transfers"].drop(columns="order_id")
    assert not check(case_of(frames), only="RL-01").findings, (
        "nobody is paid more than he paid, or more often"
    )


def test_products_mixed_for_a_day_are_being_settled() -> None:
    frames = rl01.products_toy_tables()
    transfers = frames["transfers"]
    out = transfers["source"] == "run"
    transfers.loc[out, "time"] = "2024-03-06T09:10:00"
    assert not check(case_of(frames), only="RL-01").findings
    transfers.loc[out, "time"] = "2024-03-07T09:10:00"
    assert values(only(case_of(frames)))["residence"] > 2


def test_of_two_legs_that_name_listings_the_listings_decide(tmp_path: Path) -> None:
    frames = rl01.vector_tables()
    transfers = frames["transfers"]
    law = law_of(tmp_path, investors="3")
    legs = transfers["loan_id"] == "B3"
    transfers["listing_id"] = ""
    transfers.loc[legs, "listing_id"] = "first"
    assert values(only(case_of(frames), law))["pool"] == Fraction(4, 5)
    transfers.loc[legs & (transfers["source"] == "pool"), "listing_id"] = ""
    assert values(only(case_of(frames), law))["pool"] == Fraction(4, 5), (
        "the loan joins what names no listing"
    )
    transfers.loc[legs & (transfers["source"] == "pool"), "listing_id"] = "second"
    assert values(only(case_of(frames), law))["pool"] == 1, "one listing's money repaid another's"


def test_who_was_paid_first_is_a_borrower_or_works_there() -> None:
    frames = rl01.collector_toy_tables()
    transfers = frames["transfers"]
    paid = transfers["source"].str.startswith("boss") & transfers["target"].str.startswith("q")
    early = transfers.loc[paid].assign(transfer_id=lambda t: "e" + t["transfer_id"])
    early["time"] = early["time"].str.replace("2022-06", "2022-02")
    frames["transfers"] = frame_of([*early.to_dict("records"), *transfers.to_dict("records")])
    assert not check(case_of(frames), only="RL-01").findings, "lent, paid back, and lent again"


def test_an_account_that_is_not_covered_is_not_judged() -> None:
    frames = rl01.toy_tables()
    frames["accounts"].loc[frames["accounts"]["account_id"] == "pool", ["covered", "opening_balance"]] = [
        "false",
        "",
    ]
    frames["accounts"].loc[frames["accounts"]["account_id"] == "a1", "covered"] = "true"
    assert not check(case_of(frames), only="RL-01").findings


def element(found: Finding, name: str) -> tuple[str, str]:
    (one,) = [e for e in (*found.elements, *found.counter_evidence) if e.name == name]
    return one.state, str(one.note)


def test_one_leg_with_a_contract_does_not_end_the_joining_of_equal_amounts() -> None:
    assert not check(rl01.through_near_miss(), only="RL-01").findings
    frames = rl01.through_near_miss_tables()
    rows = frames["transfers"]
    late = (rows["source"] == "pool") & (rows["time"] > "2018-01-13")  # half of it a day too late
    rows.loc[late, "time"] = "2018-01-17T08:00:00"
    found = only(case_of(frames))
    assert values(found)["pool"] == Fraction(sum(range(115, 130)), sum(range(100, 130)))
    assert element(found, "unjoined")[0] == "inferred"
    rows["loan_id"] = ""
    rows.loc[rows["order_id"] == "", "loan_id"] = "L" + rows["transfer_id"]
    found = only(case_of(frames))
    assert values(found)["pool"] == 1, "legs of other contracts are not joined for being equal"
    assert element(found, "unjoined")[0] == "shown"


def test_money_stands_to_the_end_of_the_statement() -> None:
    found = only(rl01.standing_toy())
    days = values(found)["residence"]  # 3,000 for six hours, 2,300 ten minutes, 1,800 for 356 days and more
    assert 214 < days < Fraction(2141, 10) and "end of the statement" in element(found, "stands")[1]
    assert not check(rl01.standing_toy(), only="RL-01", as_of="2018-01-10").findings
    open_ = rl01._residence_tables("")
    assert not check(case_of(open_), only="RL-01").findings, "up to the last row"
    assert not check(case_of(rl01._residence_tables("9999-12-31")), only="RL-01").findings, "no end is stated"


def test_an_account_that_a_bank_holds_is_not_held_against_the_bank() -> None:
    case = rl01.signed_toy()
    result = check(case, only="RL-01")
    (found,) = result.findings
    assert (found.subject_kind, found.subject_id) == ("party", "PLATFORM")
    assert "signs for" in str(found.summary)
    for name in ("custody", "broker"):
        assert element(found, name)[0] == "unknown"
    classes = gf.classify(case, checked=result).set_index("party_id")
    assert "BANK" not in classes.index or classes.loc["BANK", "six"] == "OK"
    frames = rl01.signed_toy_tables()
    frames["products"] = frame_of([{"product_id": "B", "issuer_id": "BANK", "promised_yield": "0.02"}])
    assert element(only(case_of(frames)), "promise")[0] == "unknown", "what the bank promises is the bank's"


def test_deposits_given_back_make_nobody_an_investor() -> None:
    assert not check(rl01.lease_near_miss(), only="RL-01").findings
    bare = rl01.lease_near_miss_tables(orders=False)
    assert not check(case_of(bare), only="RL-01").findings, "no more and no more often than they paid"
    rows = bare["transfers"]
    rows.loc[rows["memo"] == "退押金", "amount"] = "5001"
    found = only(case_of(bare))
    assert element(found, "refunds")[0] == "unknown" and values(found)["investors"] == 30
    orders = rl01.lease_near_miss_tables()
    rows = orders["transfers"]
    rows.loc[rows["memo"] == "退押金", "amount"] = "5001"
    assert element(only(case_of(orders)), "refunds")[0] == "clear", "more than the order's money is no refund"


# ---------------------------------------------------------------- with other tables


def test_two_accounts_that_pay_one_another_are_one_pool() -> None:
    frames = rl01.toy_tables()
    transfers, accounts = frames["transfers"], frames["accounts"]
    transfers.loc[transfers["source"] == "pool", "source"] = "second"
    between = {
        "transfer_id": "x",
        "time": "2018-01-09T09:00:01",
        "source": "pool",
        "target": "second",
        "amount": "300",
    }
    frames["transfers"] = frame_of([*transfers.to_dict("records"), between])
    second = {"account_id": "second", "party_id": "PLATFORM", "opening_balance": "0", "covered": "true"}
    frames["accounts"] = frame_of([*accounts.to_dict("records"), second])
    found = only(case_of(frames))
    assert (found.subject_kind, found.subject_id) == ("party", "PLATFORM")
    assert values(found)["pool"] == Fraction(4, 5) and values(found)["residence"] == Fraction(21, 4)
    assert found.amount == 300_00, "what moves between them is counted once"


def test_an_account_that_the_platform_only_signs_for() -> None:
    frames = rl01.toy_tables()
    accounts = frames["accounts"]
    accounts["signer_id"] = ""
    accounts.loc[accounts["account_id"] == "pool", ["party_id", "signer_id"]] = ["FRONT", "PLATFORM"]
    frames["parties"] = frame_of(
        [*frames["parties"].to_dict("records"), {"party_id": "FRONT", "name": "某人", "kind": "person"}]
    )
    assert only(case_of(frames)).subject_id == "pool"


def test_an_account_of_the_group_by_ownership() -> None:
    frames = rl01.toy_tables()
    frames["accounts"].loc[frames["accounts"]["account_id"] == "pool", "party_id"] = "SISTER"
    frames["parties"] = frame_of(
        [*frames["parties"].to_dict("records"), {"party_id": "SISTER", "name": "关联公司", "kind": "company"},
         {"party_id": "TOP", "name": "母公司", "kind": "company"}]
    )  # fmt: skip
    assert not check(case_of(frames), only="RL-01").findings
    frames["stakes"] = frame_of(
        [{"owner_id": "TOP", "company_id": each, "share": "0.6"} for each in ("SISTER", "PLATFORM")]
    )
    found = only(case_of(frames))
    assert found.subject_id == "pool" and "stakes" in set(found.evidence["table"])


def test_lenders_named_by_loans_or_assignments_alone() -> None:
    frames = without(rl01.toy_tables(), "client_ledger", "loans")
    assert not check(case_of(frames), only="RL-01").findings, (
        "nobody is a known investor, nobody was paid back"
    )
    people = [f"p{number:02d}" for number in range(1, 31)]
    loans = [
        {"loan_id": f"x{each}", "platform_id": "PLATFORM", "lender_id": each, "borrower_id": "a1", "principal": "10",
         "start": "2018-01-09"} for each in people
    ]  # fmt: skip
    assert values(only(case_of({**frames, "loans": frame_of(loans)})))["investors"] == 30
    bare = [{**loan, "lender_id": ""} for loan in loans]
    bought = [
        {
            "loan_id": f"x{each}",
            "seller_id": "PLATFORM",
            "buyer_id": each,
            "amount": "10",
            "time": "2018-01-09",
        }
        for each in people
    ]
    found = only(case_of({**frames, "loans": frame_of(bare), "assignments": frame_of(bought)}))
    assert values(found)["investors"] == 30


def test_flows_alone_with_who_is_who() -> None:
    frames = without(rl01.collector_toy_tables(), "products", "licences")
    result = check(case_of(frames), only="RL-01")
    (found,) = result.findings
    assert [t.name for t in found.tests if t.hit] == ["anybody"] and found.severity == "high"
    assert values(found)["investors"] == 160


def test_what_was_undone_never_came() -> None:
    frames = rl01.toy_tables()
    rows = frames["transfers"].to_dict("records")
    (first,) = [row for row in rows if row["source"] == "p01"]
    back = {**first, "transfer_id": "undo", "source": "pool", "target": "p01", "reversal_of": first["transfer_id"],
            "time": "2018-01-09T10:00:00"}  # fmt: skip
    frames["transfers"] = frame_of([*rows, back])
    assert not check(case_of(frames), only="RL-01").findings, "twenty-nine paid in"
    back["amount"] = "5"
    frames["transfers"] = frame_of([*rows, back])
    found = only(case_of(frames))
    assert found.amount == 295_00 and "undo" in found.evidence.loc[found.evidence["shows"], "key"].str.cat()


def test_another_currency_is_another_finding() -> None:
    frames = rl01.toy_tables()
    frames["transfers"]["currency"] = "USD"
    frames["accounts"]["currency"] = "USD"
    found = only(case_of(frames))
    assert found.currency == "USD" and found.amount == 300_00
    half = rl01.toy_tables()
    half["transfers"]["currency"] = ["CNY" if number % 2 else "USD" for number in range(33)]
    assert not check(case_of(half), only="RL-01").findings, "of each currency too few paid in"


def test_nothing_later_is_seen() -> None:
    assert not check(rl01.toy(), only="RL-01", as_of="2018-01-10").findings
    assert check(rl01.toy(), only="RL-01", as_of="2018-01-15").findings


def test_a_collector_counts_from_its_shares_of_payers_paid_back() -> None:
    case = rl01.collector_toy()
    assert list(find(case, returned="0.5")) and not list(find(case, returned="0.51"))
    assert list(find(case, investors=160)) and not list(find(case, investors=161))


# ---------------------------------------------------------------- formulas by hand

DAY0 = datetime.date(2018, 1, 1)


def working_days_after(day: int, count: int) -> int:
    at = DAY0 + datetime.timedelta(day)
    while at.weekday() > 4:
        at += datetime.timedelta(1)
    while count:
        at += datetime.timedelta(1)
        count -= at.weekday() < 5
    return (at - DAY0).days


LEG = st.tuples(st.integers(-1, 2), st.integers(0, 12), st.integers(1, 9))


def joined(ins: list[tuple[int, int, int]], outs: list[tuple[int, int, int]], days: int) -> int:
    """The most that can be joined, as a flow from what came in to what left."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["s", "t"])
    for i, (key, day, amount) in enumerate(ins):
        graph.add_edge("s", ("in", i), capacity=amount)
        for o, (other, then, _) in enumerate(outs):
            if key == other >= 0 and day <= then <= working_days_after(day, days):
                graph.add_edge(("in", i), ("out", o))
    for o, (_, _, amount) in enumerate(outs):
        graph.add_edge(("out", o), "t", capacity=amount)
    return int(nx.maximum_flow_value(graph, "s", "t"))


@settings(max_examples=60)
@given(st.lists(LEG, max_size=6), st.lists(LEG, max_size=6), st.integers(0, 4))
def test_as_much_is_joined_as_can_be(
    ins: list[tuple[int, int, int]], outs: list[tuple[int, int, int]], days: int
) -> None:
    def columns(legs: list[tuple[int, int, int]]) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
        table = np.array(legs, np.int64).reshape(-1, 3)
        first = (DAY0 - datetime.date(1970, 1, 1)).days
        return [table[:, 0].copy(), table[:, 1] + first, table[:, 2].copy()]

    came, went = columns(ins), columns(outs)
    match(came[0], came[1], came[2], went[0], went[1], went[2], days)
    total = joined(ins, outs, days)
    assert sum(leg[2] for leg in ins) - came[2].sum() == total == sum(leg[2] for leg in outs) - went[2].sum()
    assert (came[2] >= 0).all() and (went[2] >= 0).all()


EVENT = st.tuples(
    st.booleans(), st.integers(0, 3), st.integers(0, 12), st.integers(1, 500), st.integers(0, 3)
)


@settings(max_examples=30)
@given(st.lists(EVENT, min_size=1, max_size=8), st.integers(0, 300))
def test_the_measures_are_what_they_say(events: list[tuple[bool, int, int, int, int]], opening: int) -> None:
    rows = []
    for number, (into, who, day, amount, contract) in enumerate(
        sorted(events, key=lambda e: (e[2], not e[0]))
    ):
        source, target = (f"p{who}", "pool") if into else ("pool", f"a{who}")
        time = f"{DAY0 + datetime.timedelta(day)}T{8 + number:02d}:00:00"
        rows.append({"transfer_id": str(number), "time": time, "source": source, "target": target,
                     "amount": f"{amount / 100:.2f}", "loan_id": f"L{contract}" if contract else ""})  # fmt: skip
    accounts = [{"account_id": "pool", "party_id": "PLATFORM", "opening_balance": f"{opening / 100:.2f}"}]
    accounts += [
        {"account_id": f"{side}{who}", "party_id": f"{side}{who}"} for side in "pa" for who in range(4)
    ]
    parties = [{"party_id": "PLATFORM", "name": "x", "kind": "company", "sector": "p2p_platform"}]
    parties += [{"party_id": f"p{who}", "name": "y", "kind": "person"} for who in range(4)]
    parties += [{"party_id": f"a{who}", "name": "z", "kind": "company"} for who in range(4)]
    ledger = [
        {"platform_id": "PLATFORM", "date": "2018-02-01", "client_id": f"p{who}", "balance": "1"}
        for who in range(4)
    ]
    case = case_of({"transfers": frame_of(rows), "accounts": frame_of(accounts), "parties": frame_of(parties),
                    "client_ledger": frame_of(ledger)})  # fmt: skip
    ins = [e for e in events if e[0]]
    outs = [e for e in events if not e[0]]
    found = list(find(case, pool=0, investors=1, residence=0, settled=0))
    if not ins or not outs:
        assert not found
        return
    (finding,) = found
    told = values(finding)
    keys = {e: e[4] or 3 + e[3] for e in events}  # a contract, else the amount
    legs_in, legs_out = ([(keys[e], e[2], e[3]) for e in side] for side in (ins, outs))
    left = sum(e[3] for e in outs)
    assert told["pool"] == 1 - Fraction(joined(legs_in, legs_out, 3), left)
    assert told["investors"] == len({e[1] for e in ins})
    for name, side in (("payers_hhi", ins), ("payees_hhi", outs)):
        sums: dict[int, int] = {}
        for e in side:
            sums[e[1]] = sums.get(e[1], 0) + e[3]
        assert told[name] == sum(Fraction(s, sum(sums.values())) ** 2 for s in sums.values())
    assert told["residence"] == naive_residence(rows, opening)


def naive_residence(rows: list[Mapping[str, str]] | list[dict[str, str]], opening: int) -> Fraction:
    """Balance times days, an hour at a time, over what came in."""
    at = [datetime.datetime.fromisoformat(row["time"]) for row in rows]
    cents = [int(Fraction(row["amount"]) * 100) * (1 if row["target"] == "pool" else -1) for row in rows]
    balance, total = opening, Fraction(0)
    moment = at[0]
    while moment < at[-1]:
        now = balance + sum(c for t, c in zip(at, cents, strict=True) if t <= moment)
        total += max(now, 0)
        moment += datetime.timedelta(hours=1)
    return total / 24 / (opening + sum(c for c in cents if c > 0))


def test_no_finding_on_nothing() -> None:
    frames = {"transfers": pd.DataFrame({"transfer_id": ["1"], "time": ["2024-03-01"], "source": ["a"],
                                         "target": ["b"], "amount": ["1"]}, dtype="str")}  # fmt: skip
    result = check(case_of(frames), only="RL-01")
    assert not result.findings and result.not_assessable["code"].tolist() == ["RL-01"]
    with pytest.raises(gf.UsageError):
        list(find(rl01.toy(), pool="much"))
