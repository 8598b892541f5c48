"""Every vector of the red lines through the command line: tables in files, imported, checked, read back as JSON."""

from __future__ import annotations

import json
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from graphflow.cli import run

Wanted = dict[str, str]

VECTORS: list[tuple[str, str, str, str, Wanted]] = [
    # line, tables, subject, thresholds other than ours, measures
    ("RL-01", "vector", "pool", "investors=3", {"pool": "4/5", "payers_hhi": "1/3", "payees_hhi": "9/25"}),
    ("RL-01", "residence", "pool", "investors=2", {"residence": "21/4"}),
    ("RL-02", "toy", "PLATFORM", "", {"self_funding": "7/20"}),
    ("RL-03", "toy", "PLATFORM", "", {"covered": "19/20"}),
    ("RL-04", "toy", "P", "", {"smooth": "1", "maturities": "12"}),
    (
        "RL-05",
        "ladder_toy",
        "W",
        "",
        {
            "wam_liabilities": "66",
            "wam_assets": "414",
            "wam_gap": "348",
            "rollover_30": "1/2",
            "rollover_90": "4/5",
        },
    ),
    ("RL-06", "toy", "LOAN", "", {"split": "12", "rollover": "11/12"}),
    ("RL-06", "amount_toy", "COMPANY", "", {"owed": "1500000"}),
    ("RL-07", "toy", "BORROWER", "", {"signs": "4", "passed": "49/50", "shares_phone": "4", "founded": "30"}),
    ("RL-08", "toy", "PLATFORM", "", {"own_lend_share": "3/10", "count": "12"}),
    (
        "RL-09",
        "vector_toy",
        "LENDER0",
        "",
        {"resale": "49/50", "loans": "400", "hold": "2", "assignees": "3500"},
    ),
    ("RL-10", "toy", "FINANCIER", "", {"lev": "5"}),
    ("RL-11", "toy", "LOAN", "", {"dp_borrowed": "2/5", "share": "9/10"}),
    ("RL-12", "toy", "CROWD", "", {"proceeds": "7/10"}),
    ("RL-13", "toy", "COMPANY", "", {"rate": "2/25", "signs": "4"}),
    ("RL-14", "toy", "V", "", {"investors": "207", "nominal": "34", "entered": "222"}),  # P2
    ("RL-15", "toy", "I", "", {"pooled": "4/5", "alike": "1"}),
    ("RL-16", "toy", "V", "", {"back": "23/25", "persons": "320"}),
    ("RL-17", "toy", "W", "", {"layers": "2"}),  # P1
    ("RL-17", "leverage_toy", "W", "", {"nominal": "6/5", "leverage": "8/5", "consolidated": "12/5"}),  # P4
    ("RL-18", "toy", "X", "", {"forwarded": "197/200", "payers": "400", "payees": "55"}),
    ("RL-19", "toy", "BANK", "", {"single": "3/25", "group": "4/25", "all": "12/25"}),  # O9
    ("RL-20", "toy", "PSP", "", {"gap": "35"}),
    ("RL-21", "toy", "PSP", "", {"matched": "3/100"}),
    ("RL-22", "toy", "X", "", {"forwarded": "247/250", "fee": "3/250"}),
    ("RL-23", "toy", "custody", "", {"mixed": "1/10"}),
    ("RL-23", "toy", "custody", "", {"spent": "50"}),
    ("RL-24", "toy", "BID", "", {"paid": "33/125"}),
    ("RL-25", "toy", "RAISER", "", {"new_money": "8/9"}),
    ("RL-25", "guoying_toy", "MANAGER", "", {"paid": "49760000"}),  # P8
    ("RL-25", "zhouhui_toy", "ZHOU", "", {"paid": "6910000"}),  # P8
]


@pytest.mark.parametrize(("code", "name", "subject", "law", "wanted"), VECTORS)
def test_the_vector(
    code: str,
    name: str,
    subject: str,
    law: str,
    wanted: Wanted,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = tmp_path / "tables"
    source.mkdir()
    lines = import_module(f"graphflow.synthesis.lines.rl{code[3:]}")
    for table, frame in getattr(lines, f"{name}_tables")().items():
        frame.to_csv(source / f"{table}.csv", index=False)
    assert run(["import", str(source), "--case", str(tmp_path / "case")]) == 0
    words = ["check", str(tmp_path / "case"), "--only", code, "--format", "json"]
    if law:
        threshold, value = law.split("=")
        (tmp_path / "law.csv").write_text(f"code,name,value\n{code},{threshold},{value}\n", encoding="utf-8")
        words += ["--law", str(tmp_path / "law.csv")]
    capsys.readouterr()
    assert run(words) == 0
    told = json.loads(capsys.readouterr().out)
    found = [figures(each) for each in told["findings"] if each["subject"]["id"] == subject]
    asked = {measure: Fraction(value) for measure, value in wanted.items()}
    assert asked in [{measure: each.get(measure) for measure in asked} for each in found], found


def figures(finding: dict[str, Any]) -> dict[str, Fraction]:
    """The measures of a finding as exact numbers."""
    return {each["name"]: Fraction(each["exact"]) for each in finding["measures"]}
