"""Generated affairs: reproducible, closed to the unit, honest ones ten to one, and the tool gives their figures."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import graphflow as gf
from benchmarks import affairs as bench
from graphflow.redlines import REDLINES, check
from graphflow.redlines.facts import facts_of, micros
from graphflow.synthesis import make
from graphflow.synthesis.affairs import AFFAIRS
from graphflow.synthesis.affairs.book import affordable, shared
from graphflow.synthesis.affairs.told import Affair

NAMES = [each.name for each in AFFAIRS]
SCALE = 0.02
OURS = {
    "guoying": ["pool0", "pool1", "pool2"],
    "zhouhui": [f"zhou{n}" for n in range(8)],
    "ezubao": ["pool", "psp-reserve", "aff0", "aff1", "aff2"],
    "xuesong": ["hq", "factor0", "factor1", "s0", "s1"],
    "zhongzhi": ["w0", "w1", "w2", "w3", "t0-custody", "a4-custody"],
    "ftx": ["north", "wallet", "alameda"],
    "synapse": ["fbo0", "fbo1", "fbo2", "fbo3"],
}
"""Accounts into which nothing was put but what the case tells."""


@cache
def made(name: str) -> Affair:
    return import_module(f"graphflow.synthesis.affairs.{name}").affair(scale=SCALE, seed=4)


@cache
def case(name: str) -> gf.Case:
    return made(name).case()


def paid(name: str, sources: Iterable[str], targets: Iterable[str]) -> int:
    """What some accounts paid others, net of reversals, as the ledger has it."""
    facts = facts_of(case(name))
    ids = facts.account_ids[facts.flows[["source", "target"]].to_numpy()]
    some = np.isin(ids[:, 0], list(sources)) & np.isin(ids[:, 1], list(targets))
    return int(facts.flows["amount"].to_numpy()[some].sum())


def close(value: int, of: int, published: float, digits: int = 3) -> bool:
    return round(value / of, digits) == round(published, digits)


# ---------------------------------------------------------------- every affair


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_rows_and_another_one_others(name: str) -> None:
    verb = import_module(f"graphflow.synthesis.affairs.{name}").affair
    again, other = verb(scale=SCALE, seed=4), verb(scale=SCALE, seed=5)
    assert made(name).musts and again.musts == made(name).musts
    for table, frame in made(name).tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[table])
    assert not made(name).tables["transfers"].equals(other.tables["transfers"])


@pytest.mark.parametrize("name", NAMES)
def test_the_honest_are_ten_to_one_and_the_truth_names_who_is_there(name: str) -> None:
    affair, tables = made(name), made(name).tables
    assert len(affair.honest) >= 10 * len(affair.guilty) and not affair.honest & affair.guilty
    there = set(tables["parties"]["party_id"]) | set(tables["accounts"]["account_id"])
    for table, column in (("products", "product_id"), ("loans", "loan_id"), ("listings", "listing_id")):
        there |= set(tables[table][column]) if table in tables else set()
    for told in (*affair.musts, *affair.mays):
        assert told.ids <= there, (told.code, told.ids - there)
        assert not told.ids & affair.honest and told.why
    codes = {line.code for line in REDLINES} | {f"RL-{n:02d}" for n in range(1, 30)}
    assert {m.code for m in (*affair.musts, *affair.mays)} <= codes
    assert len({(m.code, m.subject) for m in affair.musts}) == len(affair.musts)


@pytest.mark.parametrize("name", NAMES)
def test_the_scheme_lives_of_what_comes_in(name: str) -> None:
    accounts = made(name).tables["accounts"].set_index("account_id")
    assert set(accounts.loc[OURS[name], "opening_balance"]) == {"0.00"}
    assert len(case(name).quarantine) == 0


def test_shares_close_to_the_unit() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        weights = rng.integers(0, 10**12, int(rng.integers(1, 40)))
        weights[0] += 1
        total = int(rng.integers(0, 10**15))
        parts = shared(total, weights)
        assert int(parts.sum()) == total
        exact = [total * int(w) / int(weights.sum()) for w in weights]
        assert all(abs(p - e) < 1 + e * 1e-12 for p, e in zip(parts.tolist(), exact, strict=True))


def test_what_is_spent_leaves_enough_for_every_later_payment() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        ins = np.sort(rng.integers(0, 100, 20)), rng.integers(1, 50, 20)
        outs = rng.integers(100, 200, 10), rng.integers(1, 30, 10)
        slots = np.sort(rng.integers(0, 220, 15))
        total = int(ins[1].sum() - outs[1].sum())
        if total <= 0:
            continue
        spent = affordable(slots, [total] * 15, ins, outs)
        events = sorted(
            [(t, 2, a) for t, a in zip(*map(np.ndarray.tolist, ins), strict=True)]
            + [(t, 0, -a) for t, a in zip(*map(np.ndarray.tolist, outs), strict=True)]
            + [(t, 1, -a) for t, a in zip(slots.tolist(), spent, strict=True)]
        )
        assert min(np.cumsum([a for *_, a in events])) >= 0


@pytest.mark.parametrize("name", ["synapse", "zhouhui"])
def test_an_affair_is_written_by_the_verb_for_generated_cases(name: str, tmp_path: Path) -> None:
    for folder, form in (("one", "csv"), ("two", "parquet")):
        facts = make(name, tmp_path / folder, size=1_000, seed=2, form=form)
        assert facts["transfers"] > 1_000
        assert (tmp_path / folder / "truth" / f"redlines.{form}").exists()
    one = pd.read_csv(tmp_path / "one" / "transfers.csv", dtype="str", keep_default_na=False)
    assert one.equals(pd.read_parquet(tmp_path / "two" / "transfers.parquet").fillna("").astype("str"))
    currency = {"synapse": "USD", "zhouhui": "CNY"}[name]
    assert facts["currency"] == currency


# ---------------------------------------------------------------- published figures, out of the tool


def test_guoying_6478_of_10000_to_investors_and_3714_unpaid() -> None:
    totals = gf.raised(case("guoying"), "GROUP").totals
    assert totals["gross"] == totals["fresh"] and totals["outstanding"] is not None
    assert close(int(totals["returned"] or 0), int(totals["gross"] or 0), 0.6478, 4)
    assert close(totals["outstanding"], int(totals["gross"] or 0), 0.3714, 4)


def test_zhouhui_returned_67_per_cent_and_35_not() -> None:
    found = gf.raised(case("zhouhui"), "ZHOU")
    gross, returned = int(found.totals["gross"] or 0), int(found.totals["returned"] or 0)
    assert close(returned, gross, 0.671) and found.inferred
    loans = case("zhouhui").tables.loans
    loans = loans[loans["platform_id"] == "PLATFORM"]
    assert close(int(loans["balance"].sum()), int(loans["principal"].sum()), 0.346)
    assert int(loans["principal"].sum()) == gross


def test_ezubao_half_is_lost_19_of_20_listings_are_shells_and_16_per_mille_paid_for_them() -> None:
    from graphflow.redlines.rl25_new_for_old import payouts

    table = payouts(case("ezubao"), rules=("fifo",))
    mine = table[table["subject_id"] == "PLATFORM"]
    tables = case("ezubao").tables
    raised = int(tables.listings.loc[tables.listings["platform_id"] == "PLATFORM", "amount"].sum())
    assert close(raised - int(mine["paid"].sum()), raised, 380 / 762)
    new = int((mine["others"] + mine["cross"]).sum())
    assert new / int(mine["paid"].sum()) > 0.9
    shells = {f.subject_id for f in check(case("ezubao"), only="RL-07").findings}
    loans = tables.loans[tables.loans["platform_id"] == "PLATFORM"]
    assert loans["borrower_id"].isin(shells).mean() == 0.95
    agents = [each for each in tables.accounts["account_id"] if each.startswith("g0")]
    assert close(paid("ezubao", ["aff0", "aff1", "aff2"], agents), raised, 0.016, 4)


def test_xuesong_112_of_220_from_two_shells_nearly_none_confirmed_158_to_the_controller_84_off_the_books() -> (
    None
):
    tables = case("xuesong").tables
    mine = tables.holdings[tables.holdings["product_id"].str.startswith("P")]
    price = int(mine["amount"].sum())
    sold = tables.loans.set_index("loan_id")["borrower_id"].reindex(mine["asset_id"]).to_numpy()
    assert close(int(mine.loc[np.isin(sold, ["S0", "S1"]), "amount"].sum()), price, 112 / 220)
    denied = mine["confirmed"].eq(False).fillna(False)
    assert int(mine.loc[denied, "amount"].sum()) / price > 0.95
    everybody = case("xuesong").tables.accounts["account_id"]
    to_hq = paid("xuesong", everybody, ["hq"])
    raised = int(gf.raised(case("xuesong"), "TRUST").totals["gross"] or 0)
    assert close(to_hq, raised, 158 / 200)
    assert close(paid("xuesong", ["hq"], [f"xj{n:06d}" for n in range(4)]), to_hq, 84 / 158)
    assert gf.raised(case("xuesong"), "TRUST").totals["outstanding"] == raised


def test_zhongzhi_assets_of_2000_against_liabilities_and_four_firms_over_five_managers_to_builders() -> None:
    c = case("zhongzhi")
    assets = sum(gf.look_through(c, f"A{n}").total for n in range(5))
    owed = int(gf.raised(c, "GROUP").totals["outstanding"] or 0)
    assert 2_000 / 4_600 <= assets / owed <= 2_000 / 4_200
    financials = c.tables.financials.set_index("party_id").loc["GROUP"]
    assert int(financials["total_assets"]) == assets
    assert int(financials["total_assets"]) - int(financials["net_assets"]) == owed
    newest = gf.look_through(c, "D023")
    assert newest.depth == 2
    assert set(newest.assets["borrower_id"].dropna()) <= {f"BUILDER{n}" for n in range(5)}
    assert len({each for each in c.tables.products["manager_id"].dropna() if each.startswith("W")}) == 4


def _last(name: str) -> pd.DataFrame:
    ledger = case(name).tables.client_ledger
    mine = ledger[ledger["platform_id"] == {"ftx": "EXCHANGE", "synapse": "SYNAPSE"}[name]]
    return mine[micros(mine["date"]) == micros(mine["date"]).max()]


def test_ftx_87_owed_64_of_it_currency_and_an_account_of_minus_89() -> None:
    last = _last("ftx")
    owed = int(last.loc[last["balance"] > 0, "balance"].sum())
    special = int(last.loc[last["client_id"] == "KOREAN", "balance"].iloc[0])
    assert close(-special, owed, 89 / 87)
    people = [each for each in case("ftx").tables.accounts["account_id"] if each.startswith("i0")]
    kept = paid("ftx", people, ["north"]) - paid("ftx", ["north"], people)
    assert close(kept, owed, 64 / 87)
    assert paid("ftx", ["north"], ["alameda"]) == kept


def test_synapse_265_against_180_and_219_with_four_banks_before() -> None:
    c = case("synapse")
    facts = facts_of(c)
    boxes = [facts.account_number[f"fbo{n}"] for n in range(4)]
    ledger = c.tables.client_ledger
    mine = ledger[ledger["platform_id"] == "SYNAPSE"]
    gaps = {}
    for day, rows in mine.groupby("date"):
        at = int(micros(rows["date"])[0])
        flows = facts.flows[facts.flows["time"] <= at]
        held = int(flows.loc[flows["target"].isin(boxes), "amount"].sum())
        held -= int(flows.loc[flows["source"].isin(boxes), "amount"].sum())
        gaps[str(day)[:10]] = (int(rows["balance"].sum()), held)
    owed, held = gaps[max(gaps)]
    assert close(held, owed, 180 / 265) and close(owed - held, owed, 0.321)
    then, with_banks = gaps["2024-05-18"] if "2024-05-18" in gaps else gaps["2024-05-17"]
    assert close(with_banks, owed, 219 / 265) and then - with_banks == owed - held
    first = min(day for day, (a, b) in gaps.items() if a > b)
    assert first.startswith("2023-1")


# ---------------------------------------------------------------- the benchmark


def test_a_missed_one_and_a_wrong_one_are_counted_and_said() -> None:
    affair = made("synapse")
    (must,) = affair.musts
    right = bench.judged(affair, must.code, ["fbo1"])
    assert (right["met"], right["right"], right["accused"]) == (1, 1, [])
    honest = sorted(affair.honest)[0]
    wrong = bench.judged(affair, must.code, [honest])
    assert (wrong["met"], wrong["right"], wrong["honest"]) == (0, 0, [honest])
    rows = [
        {"affair": "synapse", "seed": 1, "code": must.code, "seconds": 1.0, "ran": True, **each}
        for each in (right, wrong)
    ]
    text = bench.said(rows, {}, "2026-11-28", SCALE)
    assert "| 0.50" in text and "no reason is given yet" in text
    assert "because" in bench.said(rows, {f"{must.code} synapse": "because"}, "2026-11-28", SCALE)


def test_the_benchmark_reads_the_list_of_red_lines() -> None:
    rows = bench.ask("synapse", SCALE, 1, only="RL-26,RL-18")
    assert [row["code"] for row in rows] == ["RL-18", "RL-26"]
    assert all(row["accused"] == [] for row in rows)
