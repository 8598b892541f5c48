"""Roll-ups, worked out by hand: regions, authorities, and who carries payments without a licence."""

from __future__ import annotations

import pandas as pd
import pytest

import graphflow as gf
from graphflow.cli import run
from graphflow.synthesis.lines import rl22
from graphflow.synthesis.small import case_of, frame_of


def _two_firms() -> gf.Case:
    """X takes 400 × 5,000.00 of payers, one of them a licensed acquirer, pays 55 shops and Y; Y pays shops too.

    By hand: X took in 2,000,000.00 and paid 55 shops of which two accounts are one shop's: 54 merchants. Y
    took in 400 × 5,000.00 of others and 20,000.00 of X: 2,020,000.00, and paid 55 shops. The money passes X,
    then Y: 2 deep; Y passes it to nobody: 1.
    """
    x, y = rl22.toy_tables(), rl22.toy_tables()
    for table in y.values():
        for column in table.columns:
            if column in ("source", "target", "account_id", "transfer_id"):
                table[column] = "y-" + table[column].astype(str)
            if column == "party_id":
                table[column] = ["BANK" if each == "BANK" else f"Y-{each}" for each in table[column]]
    accounts = pd.concat([x["accounts"], y["accounts"]])
    accounts.loc[accounts["account_id"] == "shop01", "party_id"] = "SHOP00"
    parties = pd.concat([x["parties"], y["parties"]]).drop_duplicates("party_id")
    parties["region_registered"] = parties["party_id"].map({"X": "甲市", "Y-X": "乙市"})
    parties["region_operating"] = parties["party_id"].map({"X": "丙市", "Y-X": "丙市"})
    parties.loc[parties["party_id"] == "PAYER000", "kind"] = "company"
    licence = {"party_id": "PAYER000", "function": "payment"}
    onward = {
        "transfer_id": "on", "time": "2024-06-04T18:00:00", "source": "x", "target": "y-x", "amount": "20000"
    }  # fmt: skip
    return case_of({
        "transfers": pd.concat([x["transfers"], y["transfers"], frame_of([onward])]),
        "accounts": accounts, "parties": parties,
        "licences": pd.concat([x["licences"], frame_of([licence])]),
    })  # fmt: skip


@pytest.fixture(scope="module")
def two() -> tuple[gf.Case, gf.Check]:
    case = _two_firms()
    return case, gf.check(case, only="RL-18,RL-22")


def test_who_carries_payments_is_counted_as_by_hand(two):
    case, checked = two
    found = gf.unlicensed_payment(case, checked=checked).set_index("party_id")
    columns = ["currency", "volume", "merchants", "providers", "depth"]
    assert found.loc["X", columns].tolist() == ["CNY", 200_000_000, 54, 1, 2]
    assert found.loc["Y-X", columns].tolist() == ["CNY", 202_000_000, 55, 0, 1]
    assert len(found) == 2 and found["finding"].str.startswith(("RL-22", "RL-18")).all()


def test_findings_by_region_are_counted_as_by_hand(two):
    case, checked = two
    of = {"X": [], "Y-X": []}
    for f in checked.findings:
        of[f.subject_id].append(f.amount)
    rows = gf.roll_up(case, by="region_registered", checked=checked).set_index("key")
    for key, party in (("甲市", "X"), ("乙市", "Y-X")):
        assert rows.loc[key, ["parties", "findings", "amount"]].tolist() == [
            1,
            len(of[party]),
            sum(of[party]),
        ]
    (row,) = gf.roll_up(case, by="region_operating", checked=checked).to_dict("records")
    assert [row["key"], row["parties"], row["findings"]] == ["丙市", 2, len(checked.findings)]
    assert row["amount"] == sum(map(sum, of.values()))


def test_each_authority_has_one_row_and_is_said_in_the_readers_language(two, tmp_path, capsys):
    case, checked = two
    rows = gf.roll_up(case, by="authority", checked=checked)
    payment = sum(f.code == "RL-22" for f in checked.findings)
    (row,) = rows[rows["key"] == "人民银行、市场监管总局、公安部"].to_dict("records")
    assert row["findings"] == payment and row["parties"] == 2
    assert not rows["key"].duplicated().any() and not rows["key"].str.contains("；").any()
    case.save(tmp_path / "case")
    assert run(["roll-up", str(tmp_path / "case"), "--by", "authority"]) == 0
    assert "人民银行、" not in capsys.readouterr().out
