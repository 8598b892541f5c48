"""The demo and the generator, as a newcomer meets them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from graphflow.cli import run

pytestmark = pytest.mark.slow


def test_the_demo_shows_everything_and_can_be_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    pages = []
    for _ in range(2):
        assert run(["demo", "--out", str(folder), "--size", "3000", "--language", "en"]) == 0
        said = capsys.readouterr().out
        pages.append((folder / "trace.html").read_bytes())
        for words in (
            "Ends:",
            "Chains:",
            "first out",
            f"graphflow app {folder / 'case'}",
            str(folder / "trace.html"),
        ):
            assert words in said
    assert pages[0] == pages[1]
    shown = [Decimal(p) for p in re.findall(r" (\d+\.\d)$", said.split("Chains:")[0], re.MULTILINE)]
    assert Decimal(90) < sum(shown) <= Decimal(100)
    assert run(["demo", "--out", str(folder), "--size", "3000", "--language", "zh"]) == 0
    assert "完成" in capsys.readouterr().out
    assert "资金去向" in (folder / "trace.html").read_text(encoding="utf-8")


def test_the_demo_touches_no_folder_of_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "mine.txt").write_text("mine", encoding="utf-8")
    assert run(["demo", "--out", str(tmp_path)]) == 2
    assert "no demo's" in capsys.readouterr().err
    assert (tmp_path / "case" / "mine.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("style", ["tables", "statements"])
def test_what_is_generated_can_be_imported_and_traced(
    style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "synth",
        "p2p",
        "--out",
        str(tmp_path / "s"),
        "--size",
        "2000",
        "--as",
        style,
        "--format",
        "json",
    ]
    assert run(words) == 0
    facts = json.loads(capsys.readouterr().out)
    assert run(["import", str(tmp_path / "s"), "--case", str(tmp_path / "c"), "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tallies"]["transfers"]["rows"]["loaded"] == facts["transfers"]
    for rule in ("fifo", "prorata"):
        question = ["trace", str(tmp_path / "c"), "--from", facts["seed_reference"], "--rule", rule]
        assert run([*question, "--format", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert sum(Decimal(end["seed_amount"]) for end in told["ends"]) == Decimal(told["seed"]) > 0
        assert sum(Decimal(chain["amount"]) for chain in told["chains"]) == Decimal(told["seed"])


def test_info_lists_the_statements_to_ask_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "transfer_id,time,source,target,amount\nt1,2024-01-01,A,B,10.00\nt2,2024-01-02,B,C,7.00\nt3,2024-01-03,B,D,9.00\n"
    accounts = "account_id,covered,kind\nA,true,\nB,true,\nC,false,\nD,false,\ncash:A,false,cash\n"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "transfers.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "in" / "accounts.csv").write_text(accounts, encoding="utf-8")
    assert run(["import", str(tmp_path / "in"), "--case", str(tmp_path / "c")]) == 0
    capsys.readouterr()
    assert run(["info", str(tmp_path / "c"), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["account_id"], row["received"], row["paid"]) for row in told["ask_for"]] == [
        ("D", "9.00", "0.00"),
        ("C", "7.00", "0.00"),
    ]
    assert told["coverage"]["covered"] == 2
    assert run(["info", str(tmp_path / "c")]) == 0
    assert "Statements to ask for" in capsys.readouterr().out


ASKED = """
from graphflow.cli import run
from graphflow.kernels import chains, claims, fifo, libr, lifo, maxflow, poison, prorata, unroll

assert run(["warm"]) == 0
asked = (fifo.trace_lots, lifo.trace_stack, prorata.trace_shares, libr.trace_lowest, poison.spread,
         chains.walk_chains, claims.split_claims, maxflow.push, unroll.reach, unroll.unroll)
print([kernel.py_func.__name__ for kernel in asked if not kernel.signatures])
"""


def test_warm_compiles_what_questions_of_every_rule_use() -> None:
    """In a process of its own: others have compiled some here."""
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["[]"]), done.stderr
