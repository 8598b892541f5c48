"""RL-05, maturity mismatch: P5's ladder and its breach through the door, each test alone, each guard, random books."""

from __future__ import annotations

import datetime
import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.redlines import check, rl05_maturity_mismatch
from graphflow.synthesis.lines import rl05
from graphflow.synthesis.small import case_of, frame_of

START = datetime.date(2024, 3, 1)


def found(frames: Mapping[str, Any], **asked: Any) -> list[Finding]:
    return list(check(case_of(dict(frames)), only="RL-05", **asked).findings)


def figures(f: Finding) -> dict[str, Any]:
    return {m.name: m.value for m in f.measures}


def outcomes(f: Finding) -> dict[str, str]:
    return {each.name: each.state for each in f.counter_evidence}


def states(f: Finding) -> dict[str, str]:
    return {each.name: each.state for each in f.elements}


def hits(f: Finding) -> set[str]:
    return {t.name for t in f.tests if t.hit}


def rows_of(frame: Any) -> list[dict[str, str]]:
    return [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]


def test_p5_the_breach_with_the_whole_ladder_beside_it() -> None:
    (f,) = found(rl05.toy_tables())
    assert (f.measure, f.value, f.threshold, f.measures[0].basis) == ("overhang", 630, 0, "law")
    assert figures(f) == {
        "overhang": 630, "late": 5000, "rollover": Fraction(1, 2), "rollover_30": Fraction(1, 2),
        "rollover_90": Fraction(4, 5), "wam_liabilities": 66, "wam_assets": 414, "wam_gap": 348, "gap_ratio_90": -4,
        "gap_30": -2000, "gap_90": -8000, "gap_180": -5000, "gap_365": -5000, "gap_all": 0,
    }  # fmt: skip
    assert hits(f) == {"asset_end", "ladder"} and f.severity == "high" and f.amount == 5000
    assert states(f) == {"waits": "shown", "longer": "shown", "rolled": "inferred"}


def test_p5_is_the_same_whatever_day_the_case_goes_on_to() -> None:
    frames = rl05.toy_tables()
    later = {"transfer_id": "2", "time": "2026-12-31T10:00:00", "source": "a", "target": "b", "amount": "1"}
    frames["transfers"] = frame_of([*rows_of(frames["transfers"]), later])
    (f,) = found(frames)
    assert (figures(f)["wam_gap"], figures(f)["rollover_90"]) == (348, Fraction(4, 5))
    (f,) = found(frames, as_of="2024-03-01")
    assert (figures(f)["wam_gap"], figures(f)["rollover_90"]) == (348, Fraction(4, 5))
    (f,) = found(frames, as_of="2024-04-10")  # 40 are overdue, and what was cash is still there
    assert (f.value, figures(f)["rollover_30"]) == (630, Fraction(1, 2))


def test_p5_without_a_calendar_the_ladder_alone() -> None:
    (f,) = found(rl05.ladder_toy_tables())
    assert (f.measure, f.value, f.threshold, f.amount) == ("rollover", Fraction(1, 2), Fraction(1, 2), 5000)
    assert hits(f) == {"ladder"} and f.severity == "high"


def test_without_days_on_which_anybody_is_owed_there_is_no_ladder() -> None:
    frames = rl05.ladder_toy_tables()
    frames["subscriptions"] = frames["subscriptions"].drop(columns="due")
    assert not found(frames)
    frames["products"] = frames["products"].assign(open_type="open")
    assert not found(frames), "open at any time: nobody says when they will ask"


@pytest.mark.parametrize(("end", "days"), [("2024-05-30", None), ("2024-05-31", 1)])
def test_a_day_too_late_is_too_late(end: str, days: int | None) -> None:
    frames = rl05.toy_tables()
    del frames["subscriptions"]
    frames["holdings"]["end"] = ["", "2028-08-28", end]
    assert [f.value for f in found(frames)] == ([days] if days else [])


def test_an_open_product_by_its_next_opening_and_what_a_closed_trust_hides() -> None:
    (f,) = found(rl05.open_toy_tables())
    assert hits(f) == {"asset_end", "through"} and f.severity == "medium"
    assert figures(f) == {"overhang": 639, "late": 4500}
    frames = rl05.open_toy_tables()
    frames["products"].loc[1, "open_type"] = "open"  # the trust can be left
    (f,) = found(frames)
    assert figures(f) == {"overhang": 1, "late": 1500} and hits(f) == {"asset_end"}


def test_of_an_opening_that_is_over_only_what_was_held_through_it() -> None:
    frames = rl05.open_toy_tables()
    frames["products"].loc[0, "next_open"] = "2024-02-01"
    frames["holdings"] = frame_of([
        {**row, "start": "2024-02-15" if row["asset_id"] == "N" else ""} for row in rows_of(frames["holdings"])
    ])  # fmt: skip
    assert not found(frames)
    frames["holdings"].loc[2, "start"] = "2024-01-15"
    (f,) = found(frames)
    assert figures(f) == {"overhang": 61, "late": 1500}


def test_of_a_product_that_may_be_either_the_later_day_counts() -> None:
    frames = rl05.open_toy_tables()
    frames["products"] = frame_of([
        {**row, "open_type": "" if row["product_id"] == "W" else row["open_type"],
         "end": "2024-04-02" if row["product_id"] == "W" else row["end"]}
        for row in rows_of(frames["products"])
    ])  # fmt: skip
    (f,) = found(frames)
    assert hits(f) == {"through"} and f.value == 638 and states(f)["waits"] == "inferred"


def test_unlisted_equity_has_to_be_left_in_time_in_private_products_since_2023() -> None:
    frames = rl05.toy_tables()
    del frames["subscriptions"]
    frames["holdings"]["asset_kind"] = ["cash", "standard_debt", "equity"]
    (f,) = found(frames)
    assert (
        hits(f) == {"equity"}
        and states(f)["waits"] == "inferred"
        and any("二十六" in a.article for a in f.law)
    )
    frames["products"]["offering"] = "public"
    assert not found(frames)
    frames["products"]["offering"] = "private"
    frames["holdings"]["end"] = ""
    assert not found(frames), "listed or not is not stated"


@pytest.mark.parametrize("amount", ["49.99", "50"])
def test_a_committed_line_covers_what_is_lacking_or_is_told(amount: str) -> None:
    frames = rl05.line_near_miss_tables()
    frames["guarantees"]["amount"] = amount
    got = found(frames)
    assert len(got) == (amount != "50")
    assert all(outcomes(f)["credit_line"] == "present" for f in got)


def test_a_line_for_another_product_or_of_another_kind_is_none() -> None:
    frames = rl05.line_near_miss_tables()
    frames["guarantees"]["kind"] = "连带责任保证"
    (f,) = found(frames)
    assert outcomes(f)["credit_line"] == "clear"


@pytest.mark.parametrize(("since", "count"), [("2024-05-30", 0), ("2024-05-31", 1)])
def test_a_put_is_one_by_the_products_end(since: str, count: int) -> None:
    frames = rl05.put_near_miss_tables()
    frames["guarantees"]["since"] = since
    frames["guarantees"]["until"] = "2027-01-01"
    frames["transfers"]["time"] = "2024-06-01T00:00:00"
    assert len(found(frames)) == count


def test_a_cash_management_product_still_must_not_hold_what_ends_later() -> None:
    frames = rl05.toy_tables()
    frames["products"]["name"] = "现金管理一号"
    (f,) = found(frames)
    assert hits(f) == {"asset_end"} and outcomes(f)["cash_rule"] == "present"


def test_critical_where_redemptions_were_paid_of_new_money_under_every_rule() -> None:
    (f,) = found(rl05.realised_toy_tables())
    assert f.severity == "critical" and f.kinds == {"register": "shown", "flow": "shown"}
    assert (figures(f)["realised"], figures(f)["redeemed"]) == (1, 200000000)
    assert states(f)["rolled"] == "shown"
    (f,) = found(rl05._rolled(earned=True))
    assert figures(f)["realised"] == 0 and "realised" not in hits(f)
    assert f.severity == "high", "by what falls due on both sides"


def test_of_less_than_a_million_it_is_not_critical() -> None:
    frames = rl05.realised_toy_tables()
    for table, column in (
        ("transfers", "amount"),
        ("subscriptions", "amount"),
        ("subscriptions", "redeemed_amount"),
    ):
        frames[table][column] = [
            each.replace("00000", "0", 1) if each else each for each in frames[table][column]
        ]
    (f,) = found(frames)
    assert f.severity == "high" and "realised" in hits(f)


def test_closed_products_run_for_90_days_since_2018() -> None:
    (f,) = found(rl05.short_toy_tables())
    assert (f.subject_id, f.measure, f.value) == ("W", "closed_days", 89) and f.amount is None
    assert not list(rl05_maturity_mismatch.find(case_of(rl05.short_toy_tables()), closed_days=89))


def test_a_tenth_can_be_sold_when_it_opens() -> None:
    (f,) = found(rl05.liquid_toy_tables())
    assert (f.measure, f.value, hits(f)) == ("liquid", Fraction(9, 100), {"liquidity"})
    frames = rl05.liquid_toy_tables()
    frames["products"]["next_open"] = "2024-03-09"
    assert not found(frames), "it is not open yet"
    frames["products"]["next_open"] = "2024-03-08"
    assert found(frames)


def test_thirty_billion_in_one_asset_is_yuan() -> None:
    (f,) = found(rl05.same_asset_toy_tables())
    assert (f.subject_id, f.value, figures(f)["products"]) == ("M", 30_000_000_003 * 100, 3)
    frames = rl05.same_asset_toy_tables()
    frames["holdings"] = frames["holdings"].iloc[:1].assign(amount="40000000000")
    assert not found(frames), "one product alone is under another limit"
    from graphflow.case import Case

    euros = Case.from_tables(currency="EUR", **rl05.same_asset_toy_tables())
    assert not check(euros, only="RL-05").findings


def test_platforms_by_listing_and_loan() -> None:
    (f,) = found(rl05.platform_toy_tables())
    assert (f.subject_id, f.value, figures(f)["loans"], figures(f)["listings"]) == ("P", Fraction(1, 4), 2, 2)
    assert f.amount == 12000000 and outcomes(f)["instalments"] == "unknown"
    frames = rl05.instalments_near_miss_tables()
    frames["instalments"].loc[0, "amount"] = "17999"  # of L0: 59,999 within its 90 days
    (f,) = found(frames)
    assert figures(f)["loans"] == 1 and f.amount == 6000000 and outcomes(f)["instalments"] == "clear"


def test_before_the_rule_of_2018_no_end_and_no_term_is_too_late() -> None:
    frames = rl05.toy_tables()
    frames["products"]["start"] = "2018-01-01"
    frames["products"]["end"] = "2018-03-01"
    frames["holdings"]["as_of"] = "2018-01-02"
    frames["subscriptions"]["time"] = "2018-01-02"
    frames["transfers"]["time"] = "2018-01-02T00:00:00"
    assert not [f for f in found(frames, as_of="2018-04-26") if hits(f) - {"ladder"}]
    assert not [f for f in found(frames) if "asset_end" in hits(f)], "the transition had not ended"
    later = {"transfer_id": "2", "time": "2022-01-01T10:00:00", "source": "a", "target": "b", "amount": "1"}
    frames["transfers"] = frame_of([*rows_of(frames["transfers"]), later])
    assert [f for f in found(frames) if "asset_end" in hits(f)]


# ---------------------------------------------------------------- random books, reckoned by hand


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**40))
def test_breach_and_ladder_are_those_of_the_formulas(seed: int) -> None:
    rng = random.Random(seed)

    def day(days: int) -> str:
        return str(START + datetime.timedelta(days))

    end = rng.randint(1, 300)
    held = [
        (
            rng.choice(("cash", "standard_debt", "nonstandard_debt", "loan")),
            rng.randint(1, 900),
            rng.randint(1, 800),
        )
        for _ in range(rng.randint(1, 6))
    ]
    owed = [(rng.randint(1, 900), rng.randint(1, end)) for _ in range(rng.randint(1, 4))]
    frames = {
        "transfers": frame_of(rl05._PAID),
        "products": frame_of([
            {"product_id": "W", "open_type": "closed", "end": day(end), "start": day(-200)}
        ]),
        "holdings": frame_of([
            {"product_id": "W", "asset_id": f"a{n}", "asset_kind": kind, "amount": str(amount),
             "end": "" if kind == "cash" else day(days), "as_of": day(0)}
            for n, (kind, amount, days) in enumerate(held)
        ]),
        "subscriptions": frame_of([
            {"product_id": "W", "investor_id": f"p{n}", "amount": str(amount), "time": day(0), "due": day(days)}
            for n, (amount, days) in enumerate(owed)
        ]),
    }  # fmt: skip
    late = [
        (amount, days - end)
        for kind, amount, days in held
        if kind in ("nonstandard_debt", "loan") and days > end
    ]
    assets = [
        (0 if kind == "cash" else days, amount, kind in ("cash", "standard_debt"))
        for kind, amount, days in held
    ]

    def needed(by: int, sell: bool) -> Fraction:
        owes = sum(amount for amount, days in owed if days <= by)
        has = sum(amount for days, amount, sold in assets if days <= by or (sell and sold))
        return Fraction(max(owes - has, 0), owes) if owes else Fraction(0)

    unsold = any(kind in ("nonstandard_debt", "loan") for kind, _, _ in held)
    rolls = unsold and max(needed(30, True), needed(90, True)) >= Fraction(1, 2)
    got = found(frames)
    assert len(got) == bool(late or rolls)
    for f in got:
        told = figures(f)
        assert hits(f) == ({"asset_end"} if late else set()) | ({"ladder"} if rolls else set())
        if late:
            assert told["overhang"] == max(days for _, days in late)
            assert told["late"] == 100 * sum(amount for amount, _ in late)
        assert (told["rollover_30"], told["rollover_90"]) == (needed(30, False), needed(90, False))
        mean = Fraction(sum(d * a for d, a, _ in assets), sum(a for _, a, _ in assets))
        mean_owed = Fraction(sum(d * a for a, d in owed), sum(a for a, _ in owed))
        assert (told["wam_assets"], told["wam_liabilities"]) == (mean, mean_owed)
        for by in (30, 90, 180, 365):
            gap = sum(a for d, a, _ in assets if d <= by) - sum(a for a, d in owed if d <= by)
            assert told[f"gap_{by}"] == 100 * gap
