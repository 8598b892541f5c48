"""The command line: what it prints, in which language, with which exit code, and how it fails."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import graphflow.cli
from graphflow.cli import run
from graphflow.errors import BusyError, GraphflowError, InputError, Problem, UsageError
from graphflow.pictures import width_of
from graphflow.terminal import Column, Progress, table_lines, while_compiling, write_json

ROOT = Path(__file__).resolve().parent.parent
TRANSFERS = """transfer_id,time,source,target,amount
t1,2024-01-01T10:00:00,A,B,"1234.50"
t2,2024-01-02T10:00:00,B,C,1000.00
t3,2024-01-03T10:00:00,B,D,200.25
t4,2024-01-04T10:00:00,C,A,0.01
"""
PARTIES = "party_id,name,kind\nP1,张三,person\nP2,=1+1 <b>,company\n"
ACCOUNTS = "account_id,party_id\nA,P1\nB,P2\n"


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("cli")
    source = folder / "in"
    source.mkdir()
    for name, text in (("transfers", TRANSFERS), ("parties", PARTIES), ("accounts", ACCOUNTS)):
        (source / f"{name}.csv").write_text(text, encoding="utf-8")
    assert (
        run(
            [
                "import",
                str(source),
                "--case",
                str(folder / "case"),
                "--authority",
                "市局",
                "--basis",
                "调取通知书",
            ]
        )
        == 0
    )
    return str(folder / "case")


def command(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **more.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "graphflow", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **more,
    )


# ---------------------------------------------------------------- import and info


def test_import_reports_and_can_be_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "transfers.csv").write_text(TRANSFERS, encoding="utf-8")
    words = ["import", str(tmp_path / "transfers.csv"), "--case", str(tmp_path / "case"), "--format", "json"]
    assert run(words) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["tallies"]["transfers"]["rows"]["loaded"] == 4
    assert first["tallies"]["transfers"]["money"]["loaded"] == {"CNY": "2434.76"}
    assert run(words) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["hash"] == first["hash"]
    assert again["tallies"] == first["tallies"]


def test_import_with_a_bad_row_says_so_by_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "transfers.csv"
    file.write_text(TRANSFERS + "t5,2024-01-05T10:00:00,A,B,-7\n", encoding="utf-8")
    words = ["import", str(file), "--case", str(tmp_path / "case")]
    assert run([*words, "--format", "csv"]) == 3
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    told = next(row for row in rows if row["table"] == "transfers" and row["of"] == "rows")
    assert (told["read"], told["loaded"], told["quarantined"]) == ("5", "4", "1")
    assert run(["import", str(file), "--case", str(tmp_path / "strict"), "--strict"]) == 4
    assert not (tmp_path / "strict" / "case.json").exists()
    assert "amount" in capsys.readouterr().err


def test_info(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", case, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["transfers"] == 4
    assert told["money"] == {"CNY": "2434.76"}
    assert told["tables"]["transfers"] == 4
    assert told["period"] == ["2024-01-01T10:00:00+08:00", "2024-01-04T10:00:00+08:00"]
    assert {source["authority"] for source in told["sources"]} == {"市局"}
    assert run(["info", case, "--language", "zh"]) == 0
    said = capsys.readouterr().out
    assert "2,434.76 CNY" in said
    assert "按流水完整处理" in said


# ---------------------------------------------------------------- trace


def traced(case: str, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert run(["trace", case, "--from", "transfer:t1", "--format", "json", *more]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize("rule", ["fifo", "lifo", "prorata", "libr"])
def test_trace_as_json_keeps_its_contract(case: str, rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = traced(case, capsys, "--rule", rule)
    assert {
        *("seed", "rule", "transfers", "ends", "chains", "envelope", "currency", "backward", "parameters"),
        *("assumptions", "misuse", "case_hash", "version"),
    } <= told.keys()
    assert (told["seed"], told["rule"], told["backward"], told["envelope"]) == ("1234.50", rule, False, None)
    assert told["currency"] == "CNY"
    assert sum(Decimal(end["seed_amount"]) for end in told["ends"]) == Decimal("1234.50")
    assert sum(Decimal(chain["amount"]) for chain in told["chains"]) == Decimal("1234.50")
    assert {row["transfer_id"] for row in told["transfers"]} == {"t2", "t3", "t4"}
    for chain in told["chains"]:
        assert {"amount", "hops", "transfers", "accounts", "kind", "account_id", "currency"} <= chain.keys()
        assert chain["transfers"][0] == "t1"
        assert len(chain["transfers"]) == chain["hops"] + 1
    for row in told["transfers"]:
        assert re.fullmatch(r"\d+\.\d\d", row["traced"])


def test_top_counts_what_it_leaves_out(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    whole = traced(case, capsys)["chains"]
    told = traced(case, capsys, "--top", "1")
    assert len(told["chains"]) == 1
    assert told["chains_left_out"]["count"] == len(whole) - 1
    left = Decimal("1234.50") - Decimal(told["chains"][0]["amount"])
    assert Decimal(told["chains_left_out"]["money"]) == left > 0


def test_options_reach_the_question(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert {end["kind"] for end in traced(case, capsys, "--max-hops", "0")["ends"]} >= {"horizon"}
    assert run(["trace", case, "--from", "transfer:t2", "--backward", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["backward"] is True
    assert run(["trace", case, "--from", "transfer:t1=100.25", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["seed"] == "100.25"


def test_trace_as_csv(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trace", case, "--from", "transfer:t1", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert sum(Decimal(row["seed_amount"]) for row in rows) == Decimal("1234.50")
    for part in ("chains", "routes", "transfers", "assumptions", "misuse"):
        assert run(["trace", case, "--from", "transfer:t1", "--format", "csv", "--part", part]) == 0
        assert capsys.readouterr().out


def test_trace_for_people(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trace", case, "--from", "account:A", "--language", "en"]) == 0
    said = capsys.readouterr()
    assert "1,234.50 CNY" in said.out
    assert "张三 (A) → =1+1 <b> (B)" in said.out
    assert said.err == ""
    assert run(["trace", case, "--from", "account:A", "--language", "zh"]) == 0
    assert "先进先出" in capsys.readouterr().out


def test_trace_writes_a_page(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "trace.html"
    assert run(["trace", case, "--from", "transfer:t1", "--html", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "=1+1 &lt;b&gt; (B)" in text
    assert "<svg" in text
    assert "t1 t2" in text
    assert "<b>" not in text
    assert f"written: {page}" in capsys.readouterr().err
    assert run(["trace", case, "--from", "transfer:t1", "--html", str(tmp_path / "none" / "x.html")]) == 2
    assert f"there is no folder {tmp_path / 'none'}" in capsys.readouterr().err
    assert run(["trace", case, "--from", "transfer:t1", "--html", str(tmp_path)]) == 2
    assert "is a folder, not a file" in capsys.readouterr().err


# ---------------------------------------------------------------- all that a trace can be asked


def test_the_lists_of_choices_are_those_of_tracing() -> None:
    from graphflow.tracing.holders import VIEWS
    from graphflow.tracing.question import OVERDRAFTS
    from graphflow.tracing.rules import RULES
    from graphflow.tracing.telling import ORDERS

    assert tuple(rule.name for rule in RULES) == graphflow.cli.RULES
    assert (tuple(VIEWS), OVERDRAFTS, ORDERS) == (
        graphflow.cli.VIEWS, graphflow.cli.OVERDRAFTS, graphflow.cli.ORDERS,
    )  # fmt: skip


def test_poison_in_every_format(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = traced(case, capsys, "--rule", "poison", "--top", "1")
    assert told["chains"] is None and "chains_left_out" not in told
    assert {end["seed_amount"] for end in told["ends"]} == {None}
    words = ["trace", case, "--from", "transfer:t1", "--rule", "poison"]
    page = tmp_path / "poison.html"
    assert run([*words, "--html", str(page)]) == 0
    said = capsys.readouterr().out
    assert "%" not in said and "Poison attributes nothing" in said and "Chains" not in said
    assert "Poison attributes nothing" in page.read_text(encoding="utf-8")
    assert run([*words, "--format", "csv"]) == 0
    assert {row["seed_amount"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))} == {""}
    assert run([*words, "--format", "csv", "--part", "chains", "--order", "hops"]) == 2
    said = capsys.readouterr().err
    assert "--part" in said and "--order" in said


def test_the_envelope_stands_beside_the_ends(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    import graphflow as gf

    told = traced(case, capsys, "--envelope")
    frame = gf.trace(gf.open_case(case), "transfer:t1").envelope()
    assert [{**row, "exact": bool(row["exact"])} for row in told["envelope"]] == [
        {**row, "least": f"{row['least'] / 100:.2f}", "greatest": f"{row['greatest'] / 100:.2f}"}
        for row in frame.to_dict("records")
    ]
    for end in told["ends"]:
        [of] = [row for row in told["envelope"] if all(row[k] == end[k] for k in ("kind", "account_id"))]
        assert Decimal(of["least"]) <= Decimal(end["seed_amount"]) <= Decimal(of["greatest"])
    assert run(["trace", case, "--from", "transfer:t1", "--envelope"]) == 0
    said = capsys.readouterr().out
    assert "least" in said and "greatest" in said and "Least and greatest: under any rule, in CNY." in said
    assert run(["trace", case, "--from", "transfer:t1", "--envelope", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["account_id"]: row["greatest"] for row in rows}["D"] == "200.25"


def test_all_rules_beside_one_another(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = traced(case, capsys, "--all-rules", "--top", "1")
    assert set(told) == {"rules", "comparison"} and set(told["rules"]) == set(graphflow.cli.RULES)
    single = traced(case, capsys, "--rule", "lifo", "--top", "1")
    assert told["rules"]["lifo"] == single
    for row in told["comparison"]:
        for name in ("fifo", "lifo", "prorata", "libr"):
            ends = told["rules"][name]["ends"]
            found = [
                e["seed_amount"]
                for e in ends
                if (e["kind"], e["account_id"]) == (row["kind"], row["account_id"])
            ]
            assert Decimal(row[name]) == sum(map(Decimal, found))
            assert Decimal(row["least"]) <= Decimal(row[name]) <= Decimal(row["greatest"])
    words = ["trace", case, "--from", "transfer:t2", "--backward", "--all-rules"]
    assert run([*words, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["rules"]["libr"]) == {"error"} and "libr" in told["rules"]["libr"]["error"]
    assert {row["libr"] for row in told["comparison"]} == {None}
    assert run([*words, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == len(told["comparison"])
    assert list(rows[0]) == list(told["comparison"][0]) and {row["libr"] for row in rows} == {""}
    assert run(words) == 0
    said = capsys.readouterr().out
    sums = next(line.split()[2:] for line in said.splitlines() if line.startswith("all together"))
    seed = next(line.split()[2] for line in said.splitlines() if line.startswith("Money traced"))
    assert set(sums) == {seed}, "every column but poison's adds up to the seed"
    assert "Every rule beside the others" in said and "\nlibr: " in said


def test_what_is_asked_is_said_and_reaches_the_question(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--by", "party", "--overdraft", "coordinated", "--cash-gaps")
    told = traced(case, capsys, *asked)["parameters"]
    assert (told["by"], told["overdraft"], told["cash_gaps"]) == ("party", "coordinated", True)
    assert run(["trace", case, "--from", "transfer:t1", *asked]) == 0
    said = capsys.readouterr().out
    assert "inside one party" in said and "coordinated" in said and "gaps of cash" in said
    assert "张三 (P1)" in said
    words = ["trace", case, "--from", "transfer:t1", "--overdraft", "coordinated", "--rule", "lifo"]
    assert run(words) == 2
    assert "--overdraft" in capsys.readouterr().err


def test_chains_in_another_order(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = traced(case, capsys, "--order", "hops")["chains"]
    assert [chain["hops"] for chain in told] == sorted((chain["hops"] for chain in told), reverse=True)
    assert traced(case, capsys, "--order", "hops", "--top", "1")["chains"] == told[:1]


def test_a_transfer_is_explained(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["trace", case, "--from", "transfer:t1", "--explain"]
    assert run([*words, "t2"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Transfer t2: 1,000.00 CNY")
    assert run([*words, "t2", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["explanation"].splitlines()[0] == said.splitlines()[0]
    assert run([*words, "none"]) == 2
    assert "--explain" in capsys.readouterr().err
    assert run([*words, "t2", "--all-rules", "--envelope", "--html", "no/such/folder/x"]) == 2
    said = capsys.readouterr().err
    assert "--all-rules" in said and "--envelope" in said and "no/such/folder" in said, "all at once"


def test_statements_to_ask_for_and_what_rests_on_openings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (
        ("transfers", "transfer_id,time,source,target,amount\nt,2024-03-01T09:00:00,T,M,50\n"
                      "x,2024-03-01T10:00:00,M,X,120\ny,2024-03-01T11:00:00,M,Y,30\n"
                      "s,2024-03-01T08:00:00,S,M,40\n"),
        ("accounts", "account_id,covered\nM,true\n"),
    ):  # fmt: skip
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    files = [str(tmp_path / f"{name}.csv") for name in ("transfers", "accounts")]
    assert run(["import", *files, "--case", str(tmp_path / "case")]) == 0
    capsys.readouterr()
    assert run(["trace", str(tmp_path / "case"), "--from", "transfer:t,s"]) == 0
    said = capsys.readouterr().out
    asked_for = said.split("Statements to ask for next")[1].splitlines()[3:5]
    assert [line.split()[:2] for line in asked_for] == [["1", "X"], ["2", "Y"]]
    assert (
        "If the unknown openings were very large, 2 of the 2 ends would differ, and 1 would be added." in said
    )
    assert run(["trace", str(tmp_path / "case"), "--from", "transfer:t,s", "--all-rules"]) == 0
    said = capsys.readouterr().out
    asked_for = said.split("Statements to ask for next")[1].split("\n\n")[0].splitlines()[3:]
    assert [line.split()[:3] for line in asked_for] == [["1", "X", "60.00–90.00"], ["2", "Y", "0.00–30.00"]]
    assert "(under fifo)" in said, "what is assumed is one rule's"
    assert run(["trace", str(tmp_path / "case"), "--from", "transfer:t,s", "--top", "1"]) == 0
    parts = re.findall(r"(\d+\.\d)(?: %)?", capsys.readouterr().out.split("Ends:")[1].split("Chains")[0])
    assert parts


def test_percentages_are_rounded_one_by_one() -> None:
    """Of two equal amounts none is more of the whole, and less than the whole is not 100.0."""
    from graphflow.pictures.words import percents

    for parts in ([1, 1, 1], [7, 11, 13, 17], [1] * 7):
        wanted = [round(Decimal(100 * part) / sum(parts) + Decimal("1e-20"), 1) for part in parts]
        assert list(map(Decimal, percents(parts, sum(parts)))) == wanted
    assert percents([999_999], 1_000_000) == ["99.9"]
    assert percents([1], 3) == ["33.3"] and percents([2], 3) == ["66.7"] and percents([1], 0) == ["0.0"]


# ---------------------------------------------------------------- wrong usage and errors


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["trace", "{case}", "--from", "transfer:nothing"], 2, "nothing"),
        (["trace", "{case}", "--from", "transfer:t1", "--rule", "hifo"], 2, "fifo"),
        (["trace", "{case}", "--from", "transfer:t1", "--rule", "lifo", "--all-rules"], 2, "--all-rules"),
        (["trace", "{case}", "--from", "transfer:t1", "--explain", "nothing"], 2, "--explain"),
        (["trace", "{case}", "--from", "transfer:t1", "--max-hops", "-1"], 2, "--max-hops"),
        (["trace", "{case}", "--fro", "transfer:t1"], 2, "--from"),
        (["trace", "{case}", "--from", "transfer:t1", "--min-amount", "a lot"], 2, "a lot"),
        (["trace", "no/such/case", "--from", "transfer:t1"], 4, "no/such/case"),
        (["info", "no/such/case"], 4, "no/such/case"),
        (["import", "no/such/file", "--case", "{tmp}/c"], 4, "no/such/file"),
        (["import", "{case}/case.json", "--case", "{tmp}/c", "--loader", "nonsense"], 2, "nonsense"),
        (["app", "no/such/case"], 4, "no/such/case"),
        (["synth", "nothing", "--out", "{tmp}/s"], 2, "nothing"),
        (["frobnicate"], 2, "frobnicate"),
        ([], 2, "VERB"),
    ],
)
def test_errors_are_one_message_and_an_exit_code(
    words: list[str], code: int, said: str, case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    got = run([word.format(case=case, tmp=tmp_path) for word in words])
    streams = capsys.readouterr()
    assert got == code, streams.err
    assert streams.out == ""
    assert said in streams.err
    assert "Traceback" not in streams.err
    assert not (tmp_path / "c" / "case.json").exists()


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert run(["--help"]) == 0
    for verb in graphflow.cli.VERBS:
        assert run([verb, "--help", "--language", "zh"]) == 0
    said = capsys.readouterr().out
    assert "用法：" in said
    assert "选项" in said


@pytest.mark.parametrize(
    ("environment", "words", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, [], "zh"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, [], "en"),
        ({"LC_MESSAGES": "zh_CN", "LANG": "en_US"}, [], "zh"),
        ({"LANG": "fr_FR"}, [], "en"),
        ({}, [], "en"),
        ({"LANG": "zh_CN"}, ["--language", "en"], "en"),
        ({}, ["--language=zh"], "zh"),
    ],
)
def test_the_language_is_the_environments_unless_said(
    environment: dict[str, str], words: list[str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert graphflow.cli._language(["info", "x", *words]) == language


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError(Problem("here", "wrong")), 2),
        (InputError(Problem("here", "wrong"), Problem("there", "wrong too")), 4),
        (BusyError(Problem("here", "wrong")), 75),
        (PermissionError(13, "Permission denied", "here"), 4),
        (OSError(28, "No space left on device"), 4),
        (MemoryError(), 4),
        (GraphflowError(Problem("here", "wrong")), 70),
        (ZeroDivisionError("division by zero"), 70),
    ],
)
def test_exit_codes(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setitem(graphflow.cli.VERBS, "info", fail)
    assert run(["info", "x"]) == code
    said = capsys.readouterr().err
    assert said.strip()
    assert "Traceback" not in said
    if isinstance(error, InputError):
        assert said.splitlines() == ["here: wrong", "there: wrong too"]
    if code == 70:
        assert "a defect of graphflow" in said
        log = Path(said.split("is in ")[-1].strip())
        assert "Traceback" in log.read_text(encoding="utf-8")
        log.unlink()
    assert run(["info", "x", "--debug"]) == code
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(graphflow.cli.VERBS, "info", stop)
    assert run(["info", "x", "--language", "zh"]) == 130
    assert capsys.readouterr().err == "已中断\n"


@pytest.mark.skipif(os.name == "nt", reason="platform: no pipes of this kind on Windows")
def test_a_reader_that_leaves_is_no_error(case: str) -> None:
    shell = f"{sys.executable} -m graphflow trace {case} --from transfer:t1 --format json; echo code $? >&2"
    result = subprocess.run(
        ["bash", "-c", f"({shell}) | true"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in result.stderr
    assert "Broken" not in result.stderr
    assert re.search(
        r"code (0|141)\n", result.stderr
    )  # 0 where all of it fitted into the pipe before it was closed


# ---------------------------------------------------------------- printing


def test_columns_line_up_for_chinese_too() -> None:
    columns = [Column("名称"), Column("amount", right=True)]
    lines = list(table_lines(columns, [["资金池", "1.00"], ["abc", "1,000.00"], ["\x1b[31mred", "5"]]))
    assert len({width_of(line) for line in lines}) == 1
    assert "\x1b" not in "".join(lines)


def test_nothing_of_a_long_cell_is_lost_in_a_pipe(case: str, tmp_path: Path) -> None:
    result = command("trace", case, "--from", "transfer:t1", env={"COLUMNS": "40"})
    assert "…" not in result.stdout


def test_json_streams_and_stays_json() -> None:
    import numpy as np
    import pandas as pd

    out = io.StringIO()
    rows = (
        {"a": value}
        for value in (np.int64(1), pd.NA, float("nan"), pd.Timestamp("2024-01-01", tz="UTC"), ("x",))
    )
    write_json([("rows", rows), ("none", iter(())), ("text", '"\n资')], out)
    assert json.loads(out.getvalue()) == {
        "rows": [{"a": 1}, {"a": None}, {"a": None}, {"a": "2024-01-01T00:00:00+00:00"}, {"a": ["x"]}],
        "none": [],
        "text": '"\n资',
    }


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_progress_without_a_terminal_is_json_lines() -> None:
    out = io.StringIO()
    with Progress(stream=out, every=0.01) as progress:
        progress("reading", 1, 4)
        until(lambda: out.getvalue().count("\n") >= 2)
    line = json.loads(out.getvalue().splitlines()[0])
    assert (line["progress"], line["done"], line["total"]) == ("reading", 1, 4)
    assert Progress(stream=io.StringIO()).every == 10


def test_progress_on_a_terminal_is_a_bar_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    with Progress("zh", stream=out, every=0.01) as progress:
        progress("reading", 1, 4)
        until(lambda: "25 %" in out.getvalue())
    assert "读取" in out.getvalue()
    last = out.getvalue().split("\r")
    assert last[-1] == ""
    assert last[-2].strip() == ""


def test_progress_tells_of_an_end_without_waiting() -> None:
    begun = time.monotonic()
    with Progress(stream=io.StringIO()) as progress:
        progress("reading")
    assert time.monotonic() - begun < 5


# ---------------------------------------------------------------- what only a process shows


def test_the_whole_command_is_a_process_like_any_other(case: str) -> None:
    done = command(
        "trace", case, "--from", "transfer:t1", "--format", "json", env={"LC_ALL": "POSIX", "PYTHONUTF8": "0"}
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["seed"] == "1234.50"
    assert done.stderr == ""
    ascii_only = command("trace", case, "--from", "account:A", env={"PYTHONIOENCODING": "ascii"})
    assert ascii_only.returncode == 0, ascii_only.stderr
    assert "\\u5f20" in ascii_only.stdout


@pytest.mark.skipif(os.name == "nt", reason="platform: no such signals on Windows")
@pytest.mark.parametrize("after", [0.0, 1.5])
def test_ctrl_c_ends_the_app(after: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "graphflow", "app", "--no-browser", "--language", "en"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert re.search(r"http://127\.0\.0\.1:85\d\d", line)
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err


def test_columns_of_a_case_on_disk_are_read_alone(case: str) -> None:
    import graphflow as gf

    opened = gf.open_case(case)
    alone = opened.tables.arrow("transfers", {"amount", "transfer_id", "no such column"})
    whole = opened.tables.arrow("transfers")
    assert alone is not None and whole is not None
    assert alone.equals(whole.select(alone.column_names))
    assert sorted(alone.column_names) == ["amount", "transfer_id"]
    again = opened.tables.arrow("transfers", ["amount"])  # of a table that is in memory by now
    assert again is not None and again.column_names == ["amount"]
    assert opened.tables.arrow("loans", ["loan_id"]) is None


def test_language_is_said_before_the_verb_or_after_it(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--language", "zh", "info", case], ["info", case, "--language", "zh"]):
        assert run(words) == 0
        said = capsys.readouterr().out
        assert "期初余额  未知，取不致透支的最小值 4" in said and "unknown" not in said
        assert "\n流水" in said and "transfers " not in said  # tables by their titles


def test_assumed_openings_are_decimal_text_everywhere(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["trace", case, "--from", "transfer:t2", "--min-amount", "12.5"]
    assert run([*asked, "--format", "csv", "--part", "assumptions"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert run([*asked, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["value"] for row in rows] == [str(row["value"]) for row in told["assumptions"]]
    assert {row["value"] for row in rows if row["kind"] == "opening"} == {"0.00"}
    assert told["parameters"]["min_amount"] == "12.50"


@pytest.mark.parametrize("words", [["--top", "0"], ["--max-hops", "-1"], ["--max-hops", "1.5"]])
def test_a_count_says_what_it_wants(case: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trace", case, "--from", "A", *words]) == 2
    assert re.search(r"is not a whole number of at least [01]\n", capsys.readouterr().err)


def test_compiling_is_told_of_as_such() -> None:
    """A kernel compiled under the watch is told of, with what it calls as one; a compiled one is not."""
    numba = pytest.importorskip("numba")
    if numba.config.DISABLE_JIT:
        pytest.skip("nothing is compiled")
    inner = numba.njit(lambda x: x + 1)
    outer = numba.njit(lambda x: inner(x) + 1)
    with Progress(stream=io.StringIO(), every=60) as progress:
        progress("tracing", 1, 2)
        seen: list[tuple[str, int | None, int | None]] = []
        with progress.compiling(), while_compiling(lambda count: seen.append(progress._now), lambda: None):
            assert outer(1) == 3 and outer(2) == 4
        assert [said[:2] for said in seen] == [("compiling, once on this machine", 1)]
        assert progress._now == ("tracing", 1, 2)
        with while_compiling(lambda count: seen.append(progress._now), lambda: None):
            assert outer(3) == 5
        assert len(seen) == 1


def test_digits_of_a_currency_are_no_money(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", case, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["minor_units"]["CNY"] == 2 and told["money"]["CNY"] == "2434.76"
    assert all(source["minor_units"].get("CNY", 2) == 2 for source in told["sources"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["app", "--port", "99999999"], "more than 65535"),
        (["app", "--port", "0"], "at least 1"),
        (["trace", "CASE", "--from", "A", "--since", "2015-13-01"], "--since, --until: this is not a time"),
        (["trace", "CASE", "--from", "A", "--currency", "EUR"], "--currency: the case has no money in EUR"),
        (["trace", "CASE", "--from", "balance:A@yesterday"], "--from: this is not a time"),
        (["trace", "CASE", "--from", "A", "--since", "yesterday"], "--since, --until: this is not a time"),
        (
            ["trace", "CASE", "--from", "A", "--part", "chains"],
            "--part: --part does not go together with --format table",
        ),
        (["trace", "CASE", "--from", "nobody"], "--from: nothing has the id or name nobody"),
        (["trace", "CASE", "--from", "@no.txt"], "cannot be read: No such file or directory"),
        (["import", "CASE", "--case", "x", "--timezone", "Mars"], "--timezone: there is no such time zone"),
    ],
)
def test_a_wrong_argument_is_called_as_it_was_typed(
    case: str, words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run([case if word == "CASE" else word for word in words]) == 2
    said = capsys.readouterr().err
    assert told in said and "Errno" not in said


def test_chinese_help_fits_and_breaks_no_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for verb in ([], ["import"], ["trace"], ["app"]):
        assert run([*verb, "--help", "--language", "zh"]) == 0
        said = capsys.readouterr().out
        prose = [line for line in said.splitlines() if re.search("^ .*[一-鿿]", line)]
        assert prose and max(width_of(line) for line in prose) <= 80
        assert "show program's version" not in said
        assert "product:产品编号" in said or verb != ["trace"]
