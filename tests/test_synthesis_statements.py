"""A case as its banks' statements: full of dirt, and importing it gives the same transfers in their order."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from graphflow.case import Case, open_case
from graphflow.intake import import_sources
from graphflow.synthesis import make

SIZE, SEED = 12_000, 3
SAME = (
    "time target_time source target amount currency memo ip mac source_reference target_reference "
    "source_balance target_balance reversal_of"
).split()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same case, as tables and as statements."""
    base = tmp_path_factory.mktemp("statements")
    for style in ("tables", "statements"):
        make("p2p", base / style, size=SIZE, seed=SEED, style=style)
    return base / "tables", base / "statements"


@pytest.fixture(scope="module")
def cases(folders: tuple[Path, Path]) -> tuple[Case, Case]:
    """Both, imported."""
    opened = []
    for folder in folders:
        import_sources(folder.parent / f"case-{folder.name}", [folder])
        opened.append(open_case(folder.parent / f"case-{folder.name}"))
    return opened[0], opened[1]


def with_key(case: Case) -> pd.DataFrame:
    """The transfers, by the serial numbers that both forms have; links by those of the row linked to."""
    frame = case.tables.transfers
    key = frame["source_reference"].fillna("") + "|" + frame["target_reference"].fillna("")
    frame = frame.set_axis(key)
    assert frame.index.is_unique
    of_id = dict(zip(frame["transfer_id"], key, strict=True))
    frame["reversal_of"] = frame["reversal_of"].map(of_id)
    return frame


def test_importing_the_statements_gives_the_same_transfers(cases: tuple[Case, Case]) -> None:
    told, imported = (with_key(case) for case in cases)
    assert len(imported) == SIZE
    assert set(imported.index) == set(told.index)
    imported = imported.reindex(told.index)
    hidden = imported["target"].str.startswith("?:")
    assert 0 < hidden.sum() < SIZE // 100
    assert set(told.loc[hidden, "kind"]) == {"purchase"}
    for column in SAME:
        one, other = told[column], imported[column]
        if column == "target":
            one, other = one[~hidden], other[~hidden]
        differs = ~((one == other) | (one.isna() & other.isna()))
        assert not differs.any(), (column, one[differs].head(), other[differs].head())
    assert told["reversal_of"].notna().sum() > 10


def test_importing_the_statements_gives_the_same_order(cases: tuple[Case, Case]) -> None:
    """In every account that has a statement, the rows stand in the order in which they were booked."""
    orders = []
    for case in cases:
        frame, ledger = with_key(case), case.ledger
        assert not ledger.breaks
        assert not len(ledger.open_rows)
        shown = frame.iloc[ledger.rows["origin"]]
        covered = set(shown.loc[shown["source_sequence"].notna(), "source"])
        covered |= set(shown.loc[shown["target_sequence"].notna(), "target"])
        by_account: dict[str, list[str]] = {account: [] for account in covered}
        for key, source, target in zip(shown.index, shown["source"], shown["target"], strict=True):
            for account in (source, target):
                if account in by_account:
                    by_account[account].append(key)
        orders.append(by_account)
    assert len(orders[0]) > 500
    assert orders[0] == orders[1]


def test_openings_and_coverage_are_those_of_the_tables(cases: tuple[Case, Case]) -> None:
    held: list[dict[str, list[tuple[int, ...]]]] = []
    for ledger in (case.ledger for case in cases):
        of_account: dict[str, list[tuple[int, ...]]] = {}
        pots = ledger.pots[(ledger.pots["period"] >= 0) & (ledger.pots["account"] >= 0)]
        for pot in pots:
            begins, ends = (int(ledger.periods[int(pot["period"])][name]) for name in ("begins", "ends"))
            name = ledger.account_ids[int(pot["account"])].as_py()
            if (
                not pots["earmark"][pots["account"] == pot["account"]].max() >= 0
            ):  # custody, as statements show none
                of_account.setdefault(name, []).append(
                    (int(pot["opening"]), int(pot["closing"]), begins, ends)
                )
        held.append(of_account)
    told, imported = held
    both = sorted(told.keys() & imported.keys())
    assert len(both) > 500
    assert {account: told[account] for account in both} == {account: imported[account] for account in both}


def test_the_report_closes_and_counts_the_dirt(cases: tuple[Case, Case], folders: tuple[Path, Path]) -> None:
    dirt = json.loads((folders[1] / "truth" / "dirt.json").read_text(encoding="utf-8"))
    assert all(count > 0 for count in dirt.values())
    rows = cases[1].report.tallies["transfers"].rows
    assert rows["read"] == rows["loaded"] + rows["quarantined"] + rows["duplicates"] + rows["set_aside"]
    assert rows["loaded"] == SIZE
    assert rows["quarantined"] == 0
    assert len(cases[1].quarantine) == 0
    hidden = cases[1].tables.transfers["target"].str.startswith("?:").sum()
    assert hidden == dirt["masked"]


def test_every_kind_of_dirt_is_there(folders: tuple[Path, Path]) -> None:
    """What the loaders must stand is really in the files: otherwise the tests above say little."""
    raw = {file: file.read_bytes() for file in folders[1].rglob("*交易明细信息*.csv")}
    assert len(raw) == 24
    utf8 = [data for data in raw.values() if data.startswith(b"\xef\xbb\xbf")]
    others = [data for data in raw.values() if not data.startswith(b"\xef\xbb\xbf")]
    assert utf8 and others
    for data in others:
        with pytest.raises(UnicodeDecodeError):
            data.decode("utf-8")
    texts = [data.decode("utf-8-sig") for data in utf8] + [data.decode("gb18030") for data in others]
    everything = "".join(texts)
    for sign in (
        "\t6",  # a tab before a long number
        "  ,",  # spaces behind a name
        "查询起止日期",  # lines above the header
        "以上为查询期间",
        "合计,",  # lines below the rows
        "打印时间",
        "冲正",
        "******",
        "０",  # full-width digits
        '"1,',  # separators of thousands
        ",否,",
        ",0.00,",
        "利息税",
    ):
        assert sign in everything, sign
    assert all(text.count("\r\n") == text.count("\n") for text in texts)
    headers = {line for text in texts for line in text.split("\r\n") if line.startswith("交易卡号,")}
    assert sorted(line.count(",") + 1 for line in headers) == [31, 34, 34]
    assert any(sum(line.startswith("交易卡号,") for line in text.split("\r\n")) > 1 for text in texts)
    for kind in ("账户信息", "人员信息"):
        assert len(list(folders[1].rglob(f"*{kind}.csv"))) == 8


def test_the_serials_lead_from_the_truth_to_the_statements(
    cases: tuple[Case, Case], folders: tuple[Path, Path]
) -> None:
    serials = pd.read_parquet(folders[1] / "truth" / "serials.parquet")
    key = serials["source_reference"].fillna("") + "|" + serials["target_reference"].fillna("")
    assert set(key) == set(with_key(cases[1]).index)
    flows = pd.read_parquet(folders[1] / "truth" / "flows.parquet")
    assert set(flows["transfer_id"]) <= set(serials["transfer_id"])
