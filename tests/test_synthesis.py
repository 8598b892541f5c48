"""Generated cases: the same bytes again, true proportions, balances, references, truth."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import graphflow as gf
from graphflow.errors import UsageError
from graphflow.synthesis import SYNTHESES, make, toys
from graphflow.synthesis.balances import Balances, sorted_order
from graphflow.synthesis.truth import match

SIZE, SEED = 12_000, 3


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", dtype="str", keep_default_na=False)


def cents(column: Any) -> pd.Series:
    """Decimal text as minor units; empty text is nothing."""
    return column.map(lambda text: int(Decimal(text) * 100) if text else 0).astype("int64")


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def lending(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthesis") / "p2p"
    make("p2p", folder, size=SIZE, seed=SEED)
    return folder


# ---------------------------------------------------------------- the same again


@pytest.mark.parametrize(
    ("name", "size", "style"),
    [("p2p", 2_000, "tables"), ("p2p", 2_000, "statements"), ("ledger", 3_000, "tables")],
)
def test_same_seed_gives_same_bytes_and_another_one_others(
    tmp_path: Path, name: str, size: int, style: str
) -> None:
    for folder, seed in (("one", 5), ("two", 5), ("other", 6)):
        make(name, tmp_path / folder, size=size, seed=seed, style=style)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert hashes(tmp_path / "one") != hashes(tmp_path / "other")


def test_parquet_and_csv_say_the_same(tmp_path: Path) -> None:
    for form in ("csv", "parquet"):
        make("p2p", tmp_path / form, size=2_000, seed=1, form=form)
    import pyarrow.parquet as pq

    from graphflow.synthesis.columns import as_text

    names = {file.stem for file in (tmp_path / "csv").glob("*.csv")}
    assert names == {file.stem for file in (tmp_path / "parquet").glob("*.parquet")}
    for name in sorted(names):
        stored = as_text(pq.read_table(tmp_path / "parquet" / f"{name}.parquet")).to_pandas()
        written = read(tmp_path / "csv", name)
        assert stored.fillna("").astype("str").equals(written.astype("str")), name


# ---------------------------------------------------------------- folder and arguments


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "p2q"}, "p2p, ledger"),
        ({"size": 100}, "2000"),
        ({"style": "xml"}, "statements"),
        ({"form": "xml"}, "parquet"),
        ({"seed": -1}, "negative"),
        ({"name": "ledger", "style": "statements"}, "tables"),
    ],
)
def test_wrong_arguments_are_said_and_nothing_is_written(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    given = {"name": "p2p", "out": tmp_path / "new", "size": 5_000, **wrong}
    with pytest.raises(UsageError) as error:
        make(given.pop("name"), given.pop("out"), **given)
    assert said in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_toy_can_be_written_and_read_again(tmp_path: Path, form: str) -> None:
    for name, tables in toys.TOYS.items():
        facts = make(name, tmp_path / name, form=form)
        frames = tables()
        counts = {table: facts[table] for table in frames if table in facts}
        assert counts and counts == {table: len(frames[table]) for table in counts}
        assert "seed_reference" not in facts, "that of the generated ledger is no account of a toy"
        gf.import_sources(tmp_path / f"{name}-case", tmp_path / name)
        case, made = gf.open_case(tmp_path / f"{name}-case"), gf.Case.from_tables(**frames)
        for table, frame in frames.items():
            columns = list(frame.columns)
            read, given = case.tables.frame(table)[columns], made.tables.frame(table)[columns]
            order = columns if table != "transfers" else ["transfer_id"]
            read, given = (each.sort_values(order, ignore_index=True) for each in (read, given))
            assert read.equals(given), (name, table)


def test_a_toy_has_no_other_size_and_no_banks(tmp_path: Path) -> None:
    for given, words in (({"size": 9}, "takes no size"), ({"style": "statements"}, "no banks")):
        with pytest.raises(UsageError, match=words):
            make("t1", tmp_path / "t1", **given)
    with pytest.raises(UsageError, match="p2p, ledger, .*t1, t2"):
        make("t13", tmp_path / "t13")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError):
        make("ledger", tmp_path, size=100)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_case_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make("p2p", tmp_path / "new", size=2_000, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_at_its_total(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    for synthesis in SYNTHESES:
        folder = tmp_path / synthesis.name
        make(synthesis.name, folder, size=synthesis.least, progress=lambda *step: told.append(step))
        assert told[-1][1] == told[-1][2]
        told.clear()


# ---------------------------------------------------------------- the lending platform


@pytest.mark.parametrize(("size", "seed"), [(2_000, 0), (12_000, 3), (40_000, 11)])
def test_proportions_are_those_of_the_case(tmp_path: Path, size: int, seed: int) -> None:
    """Of 762 raised 382 back, 19 of 20 listings shells', 1.6 % paid for them, 90 % of payouts new money."""
    make("p2p", tmp_path / "case", size=size, seed=seed)
    transfers, listings, loans, parties = (
        read(tmp_path / "case", name) for name in ("transfers", "listings", "loans", "parties")
    )
    assert len(transfers) == size
    amount = cents(transfers["amount"])
    raised = int(amount[transfers["kind"] == "subscription"].sum())
    returned = int(amount[transfers["kind"] == "redemption"].sum())
    assert returned == raised * 382 // 762
    borrower = listings["loan_id"].map(loans.set_index("loan_id")["borrower_id"])
    shell = borrower.str.startswith("S")
    assert int(shell.sum()) * 20 == len(listings) * 19
    assert int(amount[transfers["memo"] == "咨询服务费"].sum()) == raised * 16 // 1000
    honest = transfers["listing_id"].isin(listings.loc[~shell, "listing_id"])
    repaid = int(amount[(transfers["kind"] == "redemption") & honest].sum())
    assert 0 < repaid <= returned // 10
    own = transfers["target"].map(read(tmp_path / "case", "accounts").set_index("account_id")["party_id"])
    kinds = own.map(parties.set_index("party_id")["kind"])
    assert set(kinds[transfers["kind"] == "redemption"]) == {"person"}


def test_shells_pass_their_money_on_within_48_hours(lending: Path) -> None:
    transfers = read(lending, "transfers")
    times = pd.to_datetime(transfers["time"])
    lent = transfers["kind"] == "disbursement"
    passed = transfers["memo"] == "货款往来"
    out = times[lent].groupby(transfers["loan_id"]).min()
    on = times[passed].groupby(transfers["loan_id"]).min()
    waited = (on - out.reindex(on.index)).dt.total_seconds() / 3600
    assert len(on) > 150
    assert waited.between(0, 48).all()
    got, gave = (
        cents(transfers["amount"])[some].groupby(transfers["loan_id"]).sum() for some in (lent, passed)
    )
    assert (gave * 100 >= got.reindex(gave.index) * 99).all()


def test_running_balances_are_right_and_nobody_is_overdrawn_unplanned(lending: Path) -> None:
    """Added up again row by row, side by side, as slowly as it can be done."""
    transfers, accounts = read(lending, "transfers"), read(lending, "accounts").set_index("account_id")
    coverage = read(lending, "coverage")
    first = coverage[coverage["opening_balance"] != ""].set_index("account_id")["opening_balance"]
    holds = cents(accounts["opening_balance"]) + cents(first.reindex(accounts.index).fillna(""))
    holds = holds.to_dict()
    events = []
    for place, row in enumerate(transfers.to_dict("records")):
        events.append((row["time"], place, 0, row))
        events.append((row["target_time"] or row["time"], place, 1, row))
    seen: dict[str, int] = {}
    least: dict[str, int] = {}
    for _, _, side, row in sorted(events, key=lambda event: event[:3]):
        which = ("source", "target")[side]
        account = row[which]
        change = (
            int(Decimal(row["target_amount"] or row["amount"]) * 100)
            if side
            else -int(Decimal(row["amount"]) * 100)
        )
        holds[account] += change
        if row[f"{which}_balance"]:
            seen[account] = seen.get(account, 0) + 1
            assert int(Decimal(row[f"{which}_balance"]) * 100) == holds[account]
            assert int(row[f"{which}_sequence"]) == seen[account]
            least[account] = min(least.get(account, 0), holds[account])
    assert len(seen) > 500
    overdrawn = {account for account, low in least.items() if low < 0}
    limit = accounts["overdraft_limit"]
    assert overdrawn == set(limit.index[limit != ""])
    assert all(-least[account] <= int(Decimal(limit[account]) * 100) for account in overdrawn)


def test_every_transfer_stands_in_some_statement(lending: Path) -> None:
    transfers = read(lending, "transfers")
    assert ((transfers["source_sequence"] != "") | (transfers["target_sequence"] != "")).all()
    assert (transfers["source"] != transfers["target"]).all()
    for name in ("source_reference", "target_reference"):
        given = transfers.loc[transfers[name] != "", name]
        assert given.is_unique


def test_reversals_and_fees_point_at_what_they_undo_and_charge(lending: Path) -> None:
    transfers = read(lending, "transfers").set_index("transfer_id")
    undoing = transfers[transfers["reversal_of"] != ""]
    undone = transfers.loc[undoing["reversal_of"]]
    assert len(undoing) > 10
    assert (undoing["source"].to_numpy() == undone["target"].to_numpy()).all()
    assert (undoing["target"].to_numpy() == undone["source"].to_numpy()).all()
    assert (undoing["amount"].to_numpy() == undone["amount"].to_numpy()).all()
    assert (undoing["time"].to_numpy() > undone["time"].to_numpy()).all()
    charging = transfers[transfers["fee_of"] != ""]
    assert len(charging) > 20
    assert (charging["source"].to_numpy() == transfers.loc[charging["fee_of"], "source"].to_numpy()).all()
    assert charging["target"].str.startswith("fee:").all()


def test_the_door_takes_every_row(lending: Path) -> None:
    """Strict: one bad row, reference or sum of stakes would be an error."""
    from graphflow.case import Case

    frames = {file.stem: read(lending, file.stem) for file in lending.glob("*.csv")}
    case = Case.from_tables(**frames)
    assert len(case.quarantine) == 0
    for name, frame in frames.items():
        assert len(getattr(case.tables, name)) == len(frame), name
    assert not case.ledger.breaks
    assert not len(case.ledger.open_rows)


def test_a_broken_row_is_seen_at_the_door(lending: Path) -> None:
    """The check above can fail: a transfer to itself undone, an amount gone, an unknown loan."""
    from graphflow.case import Case
    from graphflow.errors import InputError

    frames = {file.stem: read(lending, file.stem) for file in lending.glob("*.csv")}
    frames["transfers"].loc[7, "amount"] = "-1.00"
    with pytest.raises(InputError):
        Case.from_tables(**frames)


# ---------------------------------------------------------------- its truth


def test_every_listing_ends_where_its_money_went(lending: Path) -> None:
    listings, ends = read(lending, "listings"), read(lending / "truth", "ends")
    raised = cents(listings["amount"]).set_axis(listings["listing_id"])
    ended = cents(ends["amount"]).groupby(ends["listing_id"]).sum()
    assert (cents(ends["amount"]) > 0).all()
    assert ended.reindex(raised.index).equals(raised.rename_axis("listing_id").rename("amount"))


def test_no_transfer_carries_more_than_its_amount(lending: Path) -> None:
    transfers, flows = read(lending, "transfers"), read(lending / "truth", "flows")
    carried = cents(flows["amount"]).groupby(flows["transfer_id"]).sum()
    amount = cents(transfers["amount"]).set_axis(transfers["transfer_id"])
    assert (carried <= amount.reindex(carried.index)).all()
    subscribed = transfers.loc[transfers["kind"] == "subscription", "transfer_id"]
    assert (carried.reindex(subscribed) == amount.reindex(subscribed)).all()
    # every payout to lenders of shells is somebody's money, to the cent
    shell = read(lending, "listings").merge(read(lending, "loans"), on="loan_id")
    shell = set(shell.loc[shell["borrower_id"].str.startswith("S"), "listing_id"])
    paid = transfers[(transfers["kind"] == "redemption") & transfers["listing_id"].isin(shell)]
    assert (carried.reindex(paid["transfer_id"]) == amount.reindex(paid["transfer_id"])).all()


def test_money_of_a_listing_leaves_an_account_after_it_came(lending: Path) -> None:
    """Of a listing's money an account has never paid more than had come to it."""
    transfers, flows = read(lending, "transfers"), read(lending / "truth", "flows")
    rows = flows[flows["listing_id"] != ""].merge(
        transfers[["transfer_id", "source", "target", "kind"]], on="transfer_id"
    )
    held: dict[tuple[str, str], int] = {}
    for row in rows.sort_values("transfer_id", kind="stable").to_dict("records"):
        amount = int(Decimal(row["amount"]) * 100)
        if row["kind"] != "subscription":
            key = (row["source"], row["listing_id"])
            held[key] = held.get(key, 0) - amount
            assert held[key] >= 0, row
        key = (row["target"], row["listing_id"])
        held[key] = held.get(key, 0) + amount
    assert len(held) > 1_000


def test_lenders_lose_what_the_platform_did_not_return(lending: Path) -> None:
    investors, transfers = read(lending / "truth", "investors"), read(lending, "transfers")
    accounts = read(lending, "accounts").set_index("account_id")
    amount = cents(transfers["amount"])
    for kind, side, column in (("subscription", "source", "paid"), ("redemption", "target", "returned")):
        some = transfers["kind"] == kind
        party = transfers.loc[some, side].map(accounts["party_id"])
        told = cents(investors[column]).set_axis(investors["party_id"])
        summed = amount[some].groupby(party).sum()
        assert summed.sum() == told.sum()
        assert (told[told > 0].sort_index() == summed.sort_index()).all()
    paid, back = cents(investors["paid"]), cents(investors["returned"])
    assert (cents(investors["loss"]) == np.maximum(paid - back, 0)).all()


def test_planted_facts_have_rows_that_exist(lending: Path) -> None:
    facts, rows = read(lending / "truth", "redlines"), read(lending / "truth", "redline_rows")
    codes = {"RL-01", "RL-02", "RL-03", "RL-04", "RL-05", "RL-06", "RL-07", "RL-23", "RL-24", "RL-25"}
    assert set(facts["code"]) == codes
    assert set(rows["fact"]) == set(facts["fact"])
    keys = {"transfers": "transfer_id", "listings": "listing_id", "loans": "loan_id", "guarantees": "loan_id",
            "products": "product_id"}  # fmt: skip
    for name, some in rows.groupby("table"):
        known = set(read(lending, str(name))[keys[str(name)]])
        assert set(some["key"]) <= known, name


def test_the_pool_is_one_by_its_own_rows(lending: Path) -> None:
    """RL-01 and RL-23, counted again: matched is what came for the same loan within three days."""
    facts, transfers = read(lending / "truth", "redlines"), read(lending, "transfers")
    told = facts[facts["code"] == "RL-01"].set_index("measure")
    pool = told["subject_id"].iloc[0]
    transfers["cents"] = cents(transfers["amount"])
    transfers["when"] = pd.to_datetime(transfers["time"])
    into, out = transfers[transfers["target"] == pool], transfers[transfers["source"] == pool]
    matched = 0
    for loan, left in out[out["loan_id"] != ""].groupby("loan_id"):
        came = into[into["loan_id"] == loan]
        recent = [
            came[(came["when"] <= when) & (came["when"] >= when - pd.Timedelta(days=3))]["cents"].sum()
            for when in left["when"]
        ]
        matched += min(int(came["cents"].sum()), int(left["cents"][np.array(recent) > 0].sum()))
    value = 1 - matched / int(out["cents"].sum())
    assert told.loc["unmatched share of what leaves (POOL)", "value"] == f"{value:.6f}"
    assert value >= 0.3
    lenders = into[into["kind"] == "subscription"]["source"].nunique()
    assert lenders == int(told.loc["lenders who pay into it", "value"]) >= 30
    own = out[out["memo"].isin(["广告费", "工资", "房租", "缴税"])]["cents"].sum()
    assert int(Decimal(facts.set_index("code").loc["RL-23", "amount"]) * 100) == own


def test_shells_bear_their_signs_and_honest_borrowers_do_not(lending: Path) -> None:
    parties = read(lending, "parties").set_index("party_id")
    accounts, transfers = read(lending, "accounts").set_index("account_id"), read(lending, "transfers")
    loans, listings = read(lending, "loans"), read(lending, "listings")
    borrowers = pd.Index(loans["borrower_id"].unique())
    shells, honest = (borrowers[borrowers.str.startswith(letter)] for letter in "SH")
    shared = parties["phone"].map(parties["phone"].value_counts())
    assert (shared[shells] >= 4).all()
    assert (shared[honest] == 1).all()
    payer = transfers["source"].map(accounts["party_id"])
    footprint = transfers["memo"].isin(["工资", "缴税", "水电燃气费"])
    assert not payer[footprint].isin(shells).any()
    assert set(honest) <= set(payer[footprint])
    first = pd.to_datetime(listings.merge(loans, on="loan_id").groupby("borrower_id")["opened"].min())
    age = (first - pd.to_datetime(parties["founded"].reindex(first.index))).dt.days
    assert (age[shells] < 90).mean() > 0.6
    assert (age[honest] > 365).all()
    contract = loans.groupby("collateral")["borrower_id"].nunique()
    assert contract.max() >= 3
    repaid = transfers[(transfers["kind"] == "repayment") & payer.isin(honest)]
    assert len(repaid) > 0
    assert not (payer[transfers["kind"] == "repayment"].isin(shells)).any()


def test_a_chain_of_listings_is_repaid_by_the_next(lending: Path) -> None:
    """RL-06: one loan of 360 days as twelve listings of thirty, each repaid within three days of the next."""
    facts = read(lending / "truth", "redlines")
    listings, transfers, loans = (read(lending, name) for name in ("listings", "transfers", "loans"))
    chains = facts[facts["code"] == "RL-06"]["subject_id"]
    assert len(chains) >= 1
    for loan in chains:
        chain = listings[listings["loan_id"] == loan].sort_values("opened")
        assert list(chain["term_days"]) == ["30"] * 12
        assert set(chain["amount"]) == set(loans[loans["loan_id"] == loan]["principal"])
        for this, following in zip(chain["listing_id"], chain["listing_id"][1:], strict=False):
            paid = transfers[(transfers["listing_id"] == this) & (transfers["kind"] == "redemption")]
            came = transfers[(transfers["listing_id"] == following) & (transfers["kind"] == "subscription")]
            wait = pd.to_datetime(paid["time"]).min() - pd.to_datetime(came["time"]).max()
            assert pd.Timedelta(0) < wait < pd.Timedelta(days=3)


def test_the_truth_says_what_the_rows_say(lending: Path) -> None:
    told = json.loads((lending / "truth" / "summary.json").read_text(encoding="utf-8"))
    transfers = read(lending, "transfers")
    amount = cents(transfers["amount"])
    assert int(Decimal(told["raised"]) * 100) == amount[transfers["kind"] == "subscription"].sum()
    assert int(Decimal(told["returned"]) * 100) == amount[transfers["kind"] == "redemption"].sum()
    accounts = set(read(lending, "accounts")["account_id"])
    assert set(told["seed_reference"].removeprefix("account:").split(",")) <= accounts


# ---------------------------------------------------------------- the plain ledger


def test_a_plain_ledger_has_its_size_and_is_never_overdrawn(tmp_path: Path) -> None:
    make("ledger", tmp_path / "case", size=6_000, seed=2)
    transfers, accounts = (read(tmp_path / "case", name) for name in ("transfers", "accounts"))
    assert len(transfers) == 6_000
    assert len(accounts) == 600
    assert transfers["time"].is_monotonic_increasing
    assert transfers["time"].is_unique
    assert transfers["sequence"].tolist() == [str(place + 1) for place in range(6_000)]
    holds = cents(accounts["opening_balance"]).set_axis(accounts["account_id"]).to_dict()
    least = dict(holds)
    for source, target, amount in zip(
        transfers["source"], transfers["target"], cents(transfers["amount"]), strict=True
    ):
        assert source != target
        holds[source] -= amount
        holds[target] += amount
        least[source] = min(least[source], holds[source])
    assert min(least.values()) == 0
    # a power law: the busiest hundredth of the accounts does a good fifth of all that is done
    degree = np.sort(np.bincount(pd.factorize(pd.concat([transfers["source"], transfers["target"]]))[0]))[
        ::-1
    ]
    assert degree[:6].sum() > 12_000 // 5
    assert np.median(degree) < degree.mean()


def test_a_ledger_of_several_pieces_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphflow.synthesis import powerlaw

    monkeypatch.setattr(powerlaw, "CHUNK", 700)
    make("ledger", tmp_path / "case", size=3_000, seed=2, form="parquet")
    frame = pd.read_parquet(tmp_path / "case" / "transfers.parquet")
    assert len(frame) == 3_000
    assert frame["transfer_id"].is_unique
    assert frame["time"].is_monotonic_increasing


# ---------------------------------------------------------------- its parts


def test_balances_agree_with_adding_up_one_by_one() -> None:
    rng = np.random.default_rng(1)
    opening = rng.integers(-5, 50, 9)
    balances = Balances(9, opening)
    now, least, count = opening.copy(), opening.copy(), np.zeros(9, np.int64)
    for rows in (0, 1, 40, 300):
        accounts, changes = rng.integers(0, 9, rows), rng.integers(-20, 21, rows)
        after, place = balances.advance(accounts, changes)
        for at in range(rows):
            account = accounts[at]
            now[account] += changes[at]
            count[account] += 1
            least[account] = min(least[account], now[account])
            assert (after[at], place[at]) == (now[account], count[account])
    assert balances.now.tolist() == now.tolist()
    assert balances.least.tolist() == least.tolist()


def test_sorted_order_is_stable() -> None:
    keys = np.array([3, 1, 3, 0, 1, 1])
    assert sorted_order(keys).tolist() == np.argsort(keys, kind="stable").tolist()
    assert sorted_order(np.zeros(0, np.int64)).tolist() == []
    assert sorted_order(np.array([4])).tolist() == [0]


def test_match_pays_debits_with_the_oldest_credits() -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        credits, debits = (rng.integers(0, 9, rng.integers(0, 7)) for _ in range(2))
        left, expected = [[place, amount] for place, amount in enumerate(credits.tolist())], []
        for place, amount in enumerate(debits.tolist()):
            while amount and left:
                part = min(amount, left[0][1])
                if part:
                    expected.append((left[0][0], place, part))
                left[0][1] -= part
                amount -= part
                if not left[0][1]:
                    left.pop(0)
        assert list(zip(*(part.tolist() for part in match(credits, debits)), strict=True)) == expected
