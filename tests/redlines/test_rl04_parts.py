"""RL-04, to the unit: whose promise it is, what a period is, and what the payers of others' money are seen to be."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import graphflow as gf
from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl04_promised_principal import find
from graphflow.synthesis.lines import rl04, rl25
from graphflow.synthesis.small import Frames, case_of, frame_of
from tests.redlines.edits import changed, rows, with_rows, without_column
from tests.test_redlines import essence, of_rows


def found(frames: Frames, **more: Any) -> list[Finding]:
    return list(check(case_of(frames), only="RL-04", **more).findings)


def the_one(frames: Frames, **more: Any) -> Finding:
    (only,) = found(frames, **more)
    return only


def figures(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def states(f: Finding) -> dict[str, str]:
    return {e.name: e.state for e in (*f.elements, *f.counter_evidence)}


def shown(f: Finding) -> dict[str, int]:
    """How many rows of each table show it."""
    return f.evidence[f.evidence["shows"]].groupby("table").size().to_dict()


def again(frames: Frames, f: Finding) -> bool:
    """Whether the cited rows alone give the finding again."""
    return essence(f) in [essence(each) for each in check(of_rows(frames, f.evidence), only="RL-04").findings]


# ---------------------------------------------------------------- who promises


def _of_another(frames: Frames, issuer: str) -> Frames:
    """The products are issued by somebody else than who manages them."""
    party = {"party_id": issuer, "name": "华信发行", "kind": "company", "sector": "ordinary"}
    return with_rows(changed(frames, "products", {}, issuer_id=issuer), parties=[party])


def test_a_guarantee_of_the_managers_group_counts_whoever_issues() -> None:
    f = the_one(_of_another(rl04.guarantor_toy_tables(), "ISSUER"))
    assert (f.subject_id, f.amount, f.severity) == ("P", 500_000_000, "medium")
    assert f.kinds == {"contract": "shown"} and states(f)["promised"] == "shown"
    assert "guaranteed by who runs it" in str(f.summary)


def test_a_series_is_its_managers_not_its_issuers() -> None:
    frames = _of_another(rl04.series_toy_tables(), "ISSUER")
    assert the_one(frames).subject_id == "MANAGER"
    alone = without_column(frames, "products", "manager_id")
    f = the_one(alone)
    assert (f.subject_id, f.severity) == ("ISSUER", "high") and "华信发行" in str(f.summary)


def test_the_name_of_a_product_is_what_it_says() -> None:
    f = the_one(rl04._frames(rl04._product(name="保本一号")))
    assert "保本一号 says: 保本一号" in str(f.summary) and f.value == 1 and shown(f) == {"products": 1}


@pytest.mark.parametrize(("exempt", "count"), [("养老基金", 0), ("资产管理产品", 1)])
def test_a_fund_of_pensions_is_guaranteed_by_law(exempt: str, count: int) -> None:
    assert len(found(rl04._frames(rl04._product(guarantee="保证本金", exempt=exempt)))) == count


@pytest.mark.parametrize(("kind", "sector"), [("bank", ""), ("company", "bank")])
def test_a_bank_is_one_by_its_kind_or_its_sector(kind: str, sector: str) -> None:
    frames = changed(rl04.legal_near_miss_tables(), "parties", {"party_id": "BANK"}, kind=kind, sector=sector)
    assert not found(frames)


def test_guarantees_are_added_up_and_stand_beside_what_was_paid() -> None:
    given = {"guarantor_id": "MANAGER", "beneficiary_id": "I01", "product_id": "P", "amount": "2000000",
             "since": "2022-02-01"}  # fmt: skip
    f = the_one(with_rows(rl04.guarantor_toy_tables(), guarantees=[given]))
    assert (f.amount, f.value, figures(f)["own_guarantees"]) == (700_000_000, 2, 2)
    assert shown(f) == {"guarantees": 2}
    both = the_one(with_rows(rl04.toy_tables(), guarantees=[given]))
    assert both.amount == 200_000_000, "more than the 1,449,600 that were paid back"
    less = the_one(with_rows(rl04.toy_tables(), guarantees=[{**given, "amount": "1000000"}]))
    assert less.amount == 144_960_000


def test_no_text_is_no_promise_however_few_are_asked_for() -> None:
    assert not list(find(case_of(rl04.near_miss_tables()), promises=0))


def test_the_licence_of_somebody_else_makes_nobody_an_institution() -> None:
    other = {"party_id": "AFFILIATE", "function": "asset_management", "since": "2015-01-01"}
    text = rl04._product(guarantee="保本保息")
    frames = with_rows(rl04._frames(text, sector=""), licences=[other])
    f = the_one(frames)
    assert (f.severity, f.severity_note) == ("high", "") and again(frames, f)
    assert the_one(with_rows(rl04._frames(text), licences=[other])).severity == "medium", "by its sector"


def test_what_is_said_against_it_is_what_was_looked_at() -> None:
    def notes(f: Finding) -> dict[str, str]:
        return {e.name: str(e.note) for e in f.counter_evidence}

    text, smooth = notes(the_one(rl04.text_toy_tables())), notes(the_one(rl04.toy_tables()))
    assert "words before" in text["denied"] and "what was promised" in text["steady"]
    assert "what was paid" in smooth["denied"] and "vary by more" in smooth["steady"]
    assert states(the_one(rl04.toy_tables()))["promised"] == "inferred"


def test_it_is_told_in_the_money_of_the_case() -> None:
    for tables in (rl04.toy_tables(), rl04.guarantor_toy_tables()):
        (f,) = check(gf.Case.from_tables(currency="EUR", **tables), only="RL-04").findings
        assert f.currency == "EUR"
        assert {m.unit for m in f.measures if m.name in ("redeemed", "put_in", "income", "held")} <= {"EUR"}


# ---------------------------------------------------------------- maturities and periods


def test_what_was_not_paid_back_or_on_the_same_day_is_no_maturity() -> None:
    put_in = {"product_id": "P", "investor_id": "X", "amount": "120000", "time": "2022-01-15T09:00:00"}
    same = {**put_in, "redeemed": "2022-01-15T15:00:00", "redeemed_amount": "120000"}
    open_ = {**put_in, "redeemed": "2022-02-15T15:00:00"}
    f = the_one(with_rows(rl04.toy_tables(), subscriptions=[same, open_, put_in]))
    assert f.value == 1 and figures(f)["put_in"] == 12 * 12_000_000
    assert shown(f) == {"subscriptions": 12, "holdings": 4, "products": 1}


def test_the_least_and_the_most_that_was_paid() -> None:
    told = figures(the_one(rl04._smoothed(paid=[800] * 19 + [790])))
    assert (told["least_paid"], told["most_paid"]) == (Fraction(79, 1000), Fraction(8, 100))


def test_a_report_of_the_day_on_which_it_began_ends_no_period() -> None:
    """The first two of five reports, of April and July, say nothing of a product that began in July."""
    frames = changed(
        rl04._smoothed(("0.02", "0.06", "0.10", "0.14", "0.02")), "products", {}, start="2022-07-15"
    )
    assert not found(frames)
    more = changed(
        rl04._smoothed(("0.02", "0.06", "0.10", "0.14", "0.02", "0.06")), "products", {}, start="2022-07-15"
    )
    assert figures(the_one(more))["periods"] == 4


def test_a_first_period_begins_with_the_product_else_with_what_it_holds() -> None:
    exact = figures(the_one(rl04.toy_tables()))["spread"]
    none = changed(rl04.toy_tables(), "products", {}, start="")
    assert figures(the_one(none))["spread"] == exact
    older = changed(rl04.toy_tables(), "holdings", {}, start="2021-01-15")
    assert figures(the_one(older))["spread"] == exact, "bought before: the product's own start counts"
    late = changed(none, "holdings", {"as_of": "2022-04-15"}, start="2022-02-15")
    assert figures(the_one(late))["spread"] == exact, "the earliest of them"
    neither = changed(none, "holdings", {}, start="")
    assert not found(neither), "three periods of which it is known when they began"


def test_more_than_all_of_it_cannot_be_smoothed_away_and_of_no_period_nothing_is_said() -> None:
    assert not list(find(case_of(rl04.toy_tables()), smooth="1.01"))
    assert not list(find(case_of(changed(rl04.toy_tables(), "holdings", {}, income="")), periods=0))


# ---------------------------------------------------------------- of whose money


def _third(asset: int, third: tuple[int, ...] = (200_000,)) -> Frames:
    """`third_toy`, the asset and the third party paying otherwise; of the latter's payments the second in October."""
    frames = rl04.third_toy_tables()
    frames = changed(frames, "transfers", {"memo": "回款"}, amount=str(asset))
    frames = changed(frames, "transfers", {"memo": "代偿款"}, amount=str(third[0]))
    if len(third) == 1:
        return frames
    (first,) = [row for row in rows(frames["transfers"]) if row["memo"] == "代偿款"]
    later = {**first, "transfer_id": "x", "time": "2023-10-05T09:00:00", "amount": str(third[1])}
    for number in range(6, 11):
        frames = changed(
            frames,
            "transfers",
            {"target": f"i{number:02d}", "memo": "兑付"},
            time=f"2023-10-06T09:{number:02d}:00",
        )
    return with_rows(frames, transfers=[later])


def test_the_least_under_any_rule_is_what_is_told() -> None:
    f = the_one(_third(900_000))
    assert (f.by_rule["fifo"], f.by_rule["lifo"]) == (Fraction(1, 10), Fraction(1, 5))
    assert abs(f.by_rule["prorata"] - Fraction(2, 11)) <= Fraction(10, 100_000_000), "ten payouts, a fen each"
    assert (f.value, f.amount_least, f.amount) == (Fraction(1, 10), 10_000_000, 20_000_000)
    assert figures(f)["paid_stand_in"] == 10_000_000 and "10 %" in str(f.summary)
    assert not found(_third(1_000_000)), "first in first out none of it"


def test_all_months_are_added_up() -> None:
    f = the_one(_third(800_000, (100_000, 100_000)))
    assert set(f.by_rule.values()) == {Fraction(1, 5)} and f.amount_least == f.amount == 20_000_000
    assert again(_third(800_000, (100_000, 100_000)), f)


def test_nothing_of_it_is_nothing_however_little_is_asked_for() -> None:
    assert not list(find(case_of(rl04.third_tables("货款", False, "ordinary")), source=0))


def test_new_investors_money_in_months_of_new_for_old() -> None:
    f = the_one(rl25.toy_tables())
    assert f.value == Fraction(8, 9) and figures(f)["paid_rolled"] == f.amount == 800_000_000
    assert figures(f)["raised"] == 1_700_000_000 and figures(f)["real"] == 100_000_000
    assert states(f)["stands_in"] == "shown" and f.kinds["contract"] == "shown"


def _lone(**more: str) -> Frames:
    """`straight_toy` without the statement of custody: what it paid is known by the register alone."""
    frames = rl04.straight_toy_tables()
    lone = [
        row for row in rows(frames["transfers"]) if not (row["source"] == "custody" and row["memo"] == "兑付")
    ]
    lone = [row | more if row["source"] == "third" else row for row in lone]
    return {**frames, "transfers": frame_of(lone)}


def test_what_the_register_says_was_paid_besides() -> None:
    f = the_one(_lone())
    assert f.kinds == {"flow": "shown", "register": "shown"} and states(f)["netting"] == "clear"
    assert shown(f) == {"transfers": 2, "subscriptions": 10} and again(_lone(), f)
    other = {
        "product_id": "Q",
        "name": "别家",
        "issuer_id": "ASSET",
        "manager_id": "ASSET",
        "start": "2023-03-01",
    }
    sold = {"product_id": "Q", "investor_id": "I01", "amount": "900000", "time": "2023-03-06T09:00:00",
            "redeemed": "2023-09-06T09:00:00", "redeemed_amount": "900000"}  # fmt: skip
    assert figures(the_one(with_rows(_lone(), products=[other], subscriptions=[sold])))["paid"] == 100_000_000
    less = changed(_lone(), "subscriptions", {}, redeemed_amount="10000")
    assert figures(the_one(less))["paid"] == 20_000_000, "the transfers are more than the register says"


def test_one_transfer_that_pays_two_subscriptions_back_counts_once() -> None:
    frames = rl04.straight_toy_tables()
    (last,) = [row for row in rows(frames["subscriptions"]) if row["investor_id"] == "I10"]
    halves = [{**last, "amount": "47500", "redeemed_amount": "50000"}] * 2
    others = [row for row in rows(frames["subscriptions"]) if row["investor_id"] != "I10"]
    f = the_one({**frames, "subscriptions": frame_of([*others, *halves])})
    assert figures(f)["paid_straight"] == 20_000_000 and figures(f)["paid"] == 100_000_000


def test_who_manages_it_is_who_is_paid_for() -> None:
    frames = _of_another(_lone(), "ISSUER")
    f = the_one(frames)
    assert f.subject_id == "MANAGER" and f.severity == "medium"
    assert the_one(without_column(frames, "products", "manager_id")).subject_id == "ISSUER"


def test_other_money_is_told_by_itself() -> None:
    frames = changed(rl04.straight_toy_tables(), "transfers", {"source": "third"}, currency="USD")
    f = the_one(frames)
    assert (f.currency, f.value, f.amount) == ("USD", 1, 20_000_000) and figures(f)["paid"] == 20_000_000
    assert all(m.unit == "USD" for m in f.measures if m.name.startswith("paid"))
    one = changed(
        rl04.straight_toy_tables(), "transfers", {"source": "third", "target": "i10"}, currency="USD"
    )
    assert {g.currency: (g.value, g.amount) for g in found(one)} == {
        "CNY": (Fraction(1, 9), 10_000_000), "USD": (1, 10_000_000),
    }  # fmt: skip


def test_what_goes_to_who_runs_it_or_stays_with_the_payer_pays_no_investor() -> None:
    """An asset pays custody, a firm moves its own money: a register that names such a transfer is mistaken."""
    frames = rl04.straight_toy_tables()
    for target in ("custody", "own", "third2"):
        accounts = [
            {"account_id": "own", "party_id": "MANAGER", "covered": "false"},
            {"account_id": "third2", "party_id": "THIRD", "covered": "false"},
        ]
        moved = changed(with_rows(frames, accounts=accounts), "transfers", {"source": "third"}, target=target)
        assert all(figures(f)["paid_straight"] == 0 for f in found(moved)), target


def test_redemptions_left_out_of_an_open_fund_are_told() -> None:
    frames = rl04.third_toy_tables()
    more = with_rows(
        frames,
        products=[
            {"product_id": "Q", "name": "恒信货币", "issuer_id": "MANAGER", "kind": "public_fund",
             "open_type": "open", "start": "2023-03-01"}
        ],
        subscriptions=[
            {"product_id": "Q", "investor_id": "I01", "amount": "10", "time": "2023-03-06T09:00:00",
             "transfer_id": "q1"}
        ],
        transfers=[
            {"transfer_id": "q1", "time": "2023-03-06T08:00:00", "source": "i01", "target": "pool", "amount": "10",
             "memo": "认购", "product_id": "Q"},
            {"transfer_id": "q2", "time": "2023-03-06T09:30:00", "source": "pool", "target": "i01", "amount": "10",
             "memo": "赎回", "product_id": "Q"},
        ],
    )  # fmt: skip
    f = the_one(more)
    notes = {e.name: e for e in f.counter_evidence}
    assert notes["netting"].state == "present" and "1" in str(notes["netting"].note)
    assert figures(f)["paid"] == 100_000_000
    assert states(the_one(frames))["netting"] == "clear"


def test_what_no_table_says_is_not_ruled_out() -> None:
    own = states(the_one(rl04.own_toy_tables()))
    assert (own["units"], own["loans"]) == ("unknown", "clear")
    f = the_one(without_column(rl04.own_toy_tables(), "parties", "sector"))
    assert states(f)["loans"] == "unknown" and f.severity == "medium" and "not stated" in f.severity_note
    assert states(the_one(rl04.straight_toy_tables()))["units"] == "clear"


def test_through_how_many_others_money_is_followed_is_asked() -> None:
    """Of the asset's 800,000 all had gone out to it, which its own statement shows: nothing of it was earned."""
    frames = changed(
        rl04.third_toy_tables(), "accounts", {"account_id": "asset"}, covered="true", opening_balance="0"
    )
    real = {hops: [int(figures(f)["real"]) for f in find(case_of(frames), hops=hops)] for hops in (1, 2, 4)}
    assert real == {1: [100_000_000], 2: [20_000_000], 4: [20_000_000]}


def test_assets_that_vary_by_just_so_much_are_asked_about() -> None:
    """5 and 15 % in turn lie five hundredths from their mean."""
    frames = rl04._smoothed(("0.05", "0.15", "0.05", "0.15"))
    assert list(find(case_of(frames), spread="0.05")) and not list(find(case_of(frames), spread="0.0501"))
