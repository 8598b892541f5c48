"""AMLSim, FinBench and AMLworld: small files made here, and the real ones counted a second time by other means."""

from __future__ import annotations

import csv
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import loaders
from graphflow.case import open_case
from graphflow.errors import InputError
from graphflow.intake import import_sources
from graphflow.tables import Raw, read_raw
from tests.conftest import shared_data
from tests.small_files import csv_text, write


def load(path: Path, loader: str | None = None) -> Raw:
    ((_, raw),) = [(one.name, one.load(found)) for one, found in loaders.recognise(path, loader)]
    return raw


def refusal(path: Path, loader: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        load(path, loader)
    return str(caught.value)


def data(name: str) -> Path:
    folder = shared_data() / name
    if not folder.exists():
        pytest.skip(f"no data set {name} (GRAPHFLOW_DATA)")
    return folder


# ---------------------------------------------------------------- AMLSim


def amlsim(folder: Path, times: list[object], amounts: list[float]) -> Path:
    folder.mkdir(exist_ok=True)
    n = len(times)
    pq.write_table(
        pa.table(
            {"tran_id": range(1, n + 1), "orig_acct": [5] * n, "bene_acct": range(6, 6 + n), "tx_type": ["TRANSFER"] * n,
             "base_amt": amounts, "tran_timestamp": times, "is_sar": [False] * n, "alert_id": [-1] * (n - 1) + [7]}
        ),
        folder / "transactions.parquet",
    )  # fmt: skip
    return folder


def test_amlsim_amounts_come_back_to_the_cent(tmp_path: Path) -> None:
    amounts = [0.1, 0.29, 1.15, 1e9 + 0.07, 123456789.99]
    raw = load(amlsim(tmp_path, ["2017-01-01T00:00:00Z"] * 5, amounts))
    assert raw.tables["transfers"]["amount"].to_pylist() == [
        Decimal(repr(value)).quantize(Decimal("0.01")) for value in amounts
    ]
    assert raw.tables["transfers"]["alert_id"].to_pylist() == [None] * 4 + ["7"]
    raw = load(amlsim(tmp_path, ["2017-01-01T00:00:00Z"] * 2, [0.125, 3.0]))
    assert raw.tables["transfers"]["amount"].to_pylist() == ["0.125", "3.0"]
    assert read_raw(raw, currency="USD").quarantine.num_rows == 1


def test_amlsim_steps_are_days(tmp_path: Path) -> None:
    raw = load(amlsim(tmp_path, [0, 31], [1.0, 2.0]))
    assert [str(time)[:10] for time in raw.tables["transfers"]["time"].to_pylist()] == [
        "2017-01-01",
        "2017-02-01",
    ]
    assert [note.kind for note in raw.notes] == ["steps"]


def test_amlsim_steps_and_numbers_that_are_none(tmp_path: Path) -> None:
    amlsim(tmp_path, [1, 10**18, -5, None], [10.5, 1.0, 1.0, 1.0])
    checked = read_raw(load(tmp_path))
    assert checked.tables["transfers"]["time"].to_pylist()[0].isoformat() == "2017-01-02T00:00:00+00:00"
    assert checked.quarantine["column"].to_pylist() == ["time"] * 3
    table = pq.read_table(tmp_path / "transactions.parquet")
    named = table.set_column(table.column_names.index("tran_id"), "tran_id", pa.array(["1", "x", "3", "4"]))
    pq.write_table(named, tmp_path / "transactions.parquet")
    assert read_raw(load(tmp_path)).quarantine["also"].to_pylist() == [
        "sequence: not a whole number: x", None, None
    ]  # fmt: skip


def test_amlsim_as_csv_with_its_accounts(tmp_path: Path) -> None:
    write(tmp_path / "transactions.csv", csv_text(
        ["tran_id", "orig_acct", "bene_acct", "tx_type", "base_amt", "tran_timestamp", "is_sar", "alert_id"],
        [["10", "1", "2", "TRANSFER", "5.50", "2017-01-01T00:00:00Z", "False", "-1"]]))  # fmt: skip
    write(tmp_path / "accounts.csv", csv_text(
        ["acct_id", "dsply_nm", "acct_rptng_crncy", "initial_deposit", "bank_id"],
        [["1", "C_1", "USD", "100.00", "bank_a"], ["2", "C_2", "EUR", "50.1", "bank_b"]]))  # fmt: skip
    raw = load(tmp_path)
    (row,) = raw.tables["transfers"].to_pylist()
    assert (row["transfer_id"], row["sequence"], row["amount"], row["currency"]) == (
        "10",
        "10",
        "5.50",
        "USD",
    )
    checked = read_raw(raw)
    assert checked.tables["transfers"]["sequence"].to_pylist() == [10]
    assert [row["opening_balance"] for row in checked.tables["accounts"].to_pylist()] == [10000, 5010]


def test_amlsim_files_that_are_there_twice_or_not_at_all(tmp_path: Path) -> None:
    amlsim(tmp_path / "one", ["2017-01-01T00:00:00Z"], [1.0])
    amlsim(tmp_path / "two", ["2017-01-01T00:00:00Z"], [1.0])
    assert "same AMLSim table" in refusal(tmp_path)
    write(tmp_path / "x" / "accounts.csv", "acct_id,dsply_nm,initial_deposit\n1,a,2\n")
    assert "no AMLSim transactions" in refusal(tmp_path / "x")


def test_amlsim_12k(tmp_path: Path) -> None:
    folder = data("amlsim_12k")
    given = pq.read_table(folder / "transactions.parquet")
    report = import_sources(tmp_path / "case", folder)
    tables = open_case(tmp_path / "case").tables
    frame = tables.transfers
    total = sum((Decimal(repr(value)) for value in given["base_amt"].to_pylist()), Decimal(0))
    assert (len(frame), total) == (204_916, Decimal("111279451.09"))
    assert Decimal(int(frame["amount"].sum())) / 100 == total
    assert report.tallies["transfers"].money["loaded"] == {"USD": 11127945109}
    by_id = frame.set_index("transfer_id").loc[[str(one) for one in given["tran_id"].to_pylist()]]
    assert by_id["source"].tolist() == [str(one) for one in given["orig_acct"].to_pylist()]
    assert by_id["target"].tolist() == [str(one) for one in given["bene_acct"].to_pylist()]
    assert by_id["sequence"].tolist() == given["tran_id"].to_pylist()
    assert frame["time"].nunique() == 720
    accounts = pq.read_table(folder / "accounts.parquet")
    opening = tables.accounts.set_index("account_id")["opening_balance"]
    assert len(opening) == 12_043
    for number, deposit in zip(
        accounts["acct_id"].to_pylist()[::97], accounts["initial_deposit"].to_pylist()[::97], strict=True
    ):
        assert Decimal(int(opening[str(number)])) / 100 == Decimal(repr(deposit))
    alerts = pq.read_table(folder / "alert_transactions.parquet")
    assert frame["alert_type"].notna().sum() == alerts.num_rows == 3_776


# ---------------------------------------------------------------- FinBench


FINBENCH = {
    "Person": "personId|personName|isBlocked|createTime\n93|Ann|false|2020-01-01 00:00:00.5\n",
    "Company": "companyId|companyName|business|country\n93|Firm|Trade|China\n",
    "Account": "accountId|createTime|accoutType|nickname\n4894005420068176276|2020-01-02 00:00:00|debit card|x\n7|2020-01-02 00:00:00|debit card|y\n",
    "Loan": "loanId|loanAmount|balance|createTime|loanUsage|interestRate\n4894005420068176276|100.0|100.0|2020-01-03 00:00:00|other|0.05\n",
    "PersonOwnAccount": "personId|accountId|createTime\n93|7|2020-01-02 00:00:00\n",
    "CompanyOwnAccount": "companyId|accountId|createTime\n93|4894005420068176276|2020-01-02 00:00:00\n",
    "PersonApplyLoan": "personId|loanId|createTime|org\n93|4894005420068176276|2020-01-03 00:00:00|Bank\n",
    "LoanDepositAccount": "loanId|accountId|amount|createTime\n4894005420068176276|7|60.5|2020-01-04 00:00:00\n",
    "AccountRepayLoan": "accountId|loanId|amount|createTime\n7|4894005420068176276|1.25|2020-01-06 00:00:00\n",
    "AccountTransferAccount": "fromId|toId|amount|createTime|orderNum|comment|payType|goodsType\n7|4894005420068176276|2.5|2020-01-05 00:00:00.123|55|a, b; c|Cash|x\n",
    "AccountWithdrawAccount": "fromId|toId|amount|createTime\n4894005420068176276|7|3.0|2020-01-05 01:00:00\n",
    "PersonInvestCompany": "investorId|companyId|ratio|createTime\n93|93|0.16045368071703914|2020-01-01 00:00:00\n",
    "PersonGuaranteePerson": "fromId|toId|createTime|relation\n93|93|2020-01-01 00:00:00|friend\n",
    "Medium": "mediumId|mediumType|isBlocked|createTime\n93|POS|true|2020-01-01 00:00:00\n",
    "MediumSignInAccount": "mediumId|accountId|createTime|location\n93|7|2020-01-01 00:00:00|x\n",
}  # fmt: skip


def finbench(folder: Path, **changed: str) -> Path:
    for name, text in {**FINBENCH, **changed}.items():
        write(folder / f"{name}.csv", text)
    return folder


def test_finbench_keeps_kinds_of_ids_apart(tmp_path: Path) -> None:
    checked = read_raw(load(finbench(tmp_path)))
    assert not checked.quarantine.num_rows
    tables = {name: table.to_pylist() for name, table in checked.tables.items()}
    assert {row["kind"]: (row["source"], row["target"], row["amount"]) for row in tables["transfers"]} == {
        "transfer": ("7", "4894005420068176276", 250),
        "withdrawal": ("4894005420068176276", "7", 300),
        "disbursement": ("loan:4894005420068176276", "7", 6050),
        "repayment": ("7", "loan:4894005420068176276", 125),
    }
    assert {row["loan_id"] for row in tables["transfers"]} == {None, "loan:4894005420068176276"}
    assert {row["party_id"]: (row["kind"], row["source_id"]) for row in tables["parties"]} == {
        "person:93": ("person", "93"),
        "company:93": ("company", "93"),
    }
    assert {row["account_id"]: (row["party_id"], row["kind"]) for row in tables["accounts"]} == {
        "4894005420068176276": ("company:93", None),
        "7": ("person:93", None),
        "loan:4894005420068176276": (None, "loan"),
    }
    (loan,) = tables["loans"]
    assert (loan["loan_id"], loan["borrower_id"], loan["principal"]) == (
        "loan:4894005420068176276",
        "person:93",
        10000,
    )
    (stake,) = tables["stakes"]
    assert (stake["owner_id"], stake["company_id"], stake["share"]) == ("person:93", "company:93", 160453681)
    assert stake["share_stated"] == "0.16045368071703914"
    (medium,) = tables["media"]
    assert (medium["medium_id"], medium["blocked"]) == ("93", True)
    moved = next(row for row in tables["transfers"] if row["kind"] == "transfer")
    assert (moved["memo"], moved["channel"], moved["source_reference"]) == ("a, b; c", "Cash", "55")
    assert str(moved["time"]) == "2020-01-05 00:00:00.123000+00:00"
    assert moved["source_row"] == 2 and str(moved["source_file"]).endswith("/AccountTransferAccount.csv")


def test_finbench_damaged(tmp_path: Path) -> None:
    finbench(tmp_path / "a", CompanyOwnAccount="companyId|accountId\n93|7\n")
    assert "two owners" in refusal(tmp_path / "a")
    finbench(tmp_path / "b" / "one")
    finbench(tmp_path / "b" / "two")
    assert "one snapshot" in refusal(tmp_path / "b")
    finbench(tmp_path / "e", AccountTransferAccount="fromId|toId|createTime\n7|8|2020-01-01 00:00:00\n")
    assert "columns are missing" in refusal(tmp_path / "e") and "amount" in refusal(tmp_path / "e")
    write(tmp_path / "c" / "Person.csv", FINBENCH["Person"])
    assert "movements of money" in refusal(tmp_path / "c")
    finbench(
        tmp_path / "d",
        AccountTransferAccount="fromId|toId|amount|createTime\n7|8|1.0\n7|8|2.0|2020-01-01 00:00:00\n7|8|x|2020-01-01 00:00:00\n",
    )
    raw = load(tmp_path / "d")
    assert raw.rows_read["transfers"] == 6 and raw.refused["transfers"].num_rows == 1
    assert read_raw(raw).quarantine.num_rows == 2


def test_finbench_snapshot(tmp_path: Path) -> None:
    folder = data("finbench_sf0.01") / "snapshot"

    def rows(name: str) -> list[dict[str, str]]:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter="|"))

    import_sources(tmp_path / "case", folder)
    case = open_case(tmp_path / "case")
    assert not len(case.quarantine)
    tables = case.tables
    expected: Counter[tuple[str, str, str, Decimal]] = Counter()
    for name, kind, ends in (
        ("AccountTransferAccount", "transfer", ("{fromId}", "{toId}")),
        ("AccountWithdrawAccount", "withdrawal", ("{fromId}", "{toId}")),
        ("LoanDepositAccount", "disbursement", ("loan:{loanId}", "{accountId}")),
        ("AccountRepayLoan", "repayment", ("{accountId}", "loan:{loanId}")),
    ):
        for row in rows(name):
            expected[(kind, ends[0].format(**row), ends[1].format(**row), Decimal(row["amount"]))] += 1
    frame = tables.transfers
    amounts = [Decimal(int(value)) / 100 for value in frame["amount"]]
    assert Counter(zip(frame["kind"], frame["source"], frame["target"], amounts, strict=True)) == expected
    assert len(frame) == 22_819
    counts = {"parties": ("Person", "Company"), "accounts": ("Account", "Loan"), "loans": ("Loan",), "media": ("Medium",),
              "sign_ins": ("MediumSignInAccount",), "stakes": ("PersonInvestCompany", "CompanyInvestCompany"),
              "guarantees": ("PersonGuaranteePerson", "CompanyGuaranteeCompany")}  # fmt: skip
    for table, files in counts.items():
        assert len(getattr(tables, table)) == sum(len(rows(name)) for name in files), table
    owners = {
        row["accountId"]: f"{kind.lower()}:{row[kind.lower() + 'Id']}"
        for kind in ("Person", "Company")
        for row in rows(f"{kind}OwnAccount")
    }
    held = tables.accounts.set_index("account_id")["party_id"].dropna()
    assert held.to_dict() == owners
    assert set(tables.loans["loan_id"]) == {f"loan:{row['loanId']}" for row in rows("Loan")}
    assert sum(Decimal(int(v)) for v in tables.loans["principal"]) / 100 == sum(
        Decimal(row["loanAmount"]) for row in rows("Loan")
    )


# ---------------------------------------------------------------- AMLworld


TRANS = "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,Payment Currency,Payment Format,Is Laundering"
PATTERNS = """BEGIN LAUNDERING ATTEMPT - FAN-OUT:  Max 2-degree Fan-Out
2022/09/01 00:06,021174,800737690,012,80011F990,2848.96,Euro,2848.96,Euro,ACH,1
2022/09/01 00:07,021174,800737690,012,80011F990,5.00,Yen,5.00,Yen,ACH,1
END LAUNDERING ATTEMPT - FAN-OUT

BEGIN LAUNDERING ATTEMPT - STACK
2022/09/01 00:07,021174,800737690,012,80011F990,5.00,Yen,5.00,Yen,ACH,1
END LAUNDERING ATTEMPT - STACK
"""


def amlworld(folder: Path, *lines: str, patterns: str = PATTERNS) -> Path:
    write(folder / "HI_Trans.csv", "\n".join([TRANS, *lines]) + "\n")
    write(folder / "HI_Patterns.txt", patterns)
    return folder


SAME = "2022/09/01 00:06,21174,800737690,12,80011F990,2848.96,Euro,2848.96,Euro,ACH,1"
OTHER = "2022/09/01 00:08,011,8000ECA90,11,8000ECA91,1.000001,Bitcoin,70000.50,US Dollar,Wire,0"


def test_amlworld_patterns_label_the_rows_that_are_there_and_bring_the_others(tmp_path: Path) -> None:
    raw = load(amlworld(tmp_path, SAME, OTHER))
    checked = read_raw(raw)
    assert not checked.quarantine.num_rows
    rows = checked.tables["transfers"].to_pylist()
    assert [
        (row["typology"], row["attempt"], row["source_row"], str(row["source_file"])[-12:]) for row in rows
    ] == [
        ("fan-out", "1", 2, "HI_Trans.csv"),
        (None, None, 3, "HI_Trans.csv"),
        ("fan-out", "1", 3, "_Patterns.txt"[-12:]),
        ("stack", "2", 7, "_Patterns.txt"[-12:]),
    ]
    assert (rows[0]["source"], rows[0]["target"], rows[0]["amount"], rows[0]["currency"]) == (
        "21174:800737690",
        "12:80011F990",
        284896,
        "EUR",
    )
    assert (rows[1]["source"], rows[1]["amount"], rows[1]["currency"]) == ("11:8000ECA90", 7000050, "USD")
    assert (rows[1]["target_amount"], rows[1]["target_currency"]) == (1000001, "BTC")
    assert (rows[2]["amount"], rows[2]["currency"], rows[2]["target_amount"]) == (500, "JPY", None)
    assert str(rows[0]["time"]) == "2022-09-01 00:06:00+00:00"


def test_amlworld_files_imported_one_by_one_count_no_row_twice(tmp_path: Path) -> None:
    folder = amlworld(tmp_path / "in", SAME, OTHER)
    for name in ("HI_Patterns.txt", "HI_Trans.csv"):
        import_sources(tmp_path / "case", folder / name)
    assert len(open_case(tmp_path / "case").tables.transfers) == 4


def test_amlworld_with_its_accounts(tmp_path: Path) -> None:
    amlworld(tmp_path, SAME)
    write(
        tmp_path / "HI_accounts.csv",
        "Bank Name,Bank ID,Account Number,Entity ID,Entity Name\nFirst,21174,800737690,E1,Individual #5\nFirst,012,80011F990,E2,Corporation #7\n",
    )
    tables = read_raw(load(tmp_path)).tables
    assert [(row["account_id"], row["party_id"], row["bank"]) for row in tables["accounts"].to_pylist()] == [
        ("21174:800737690", "E1", "First"),
        ("12:80011F990", "E2", "First"),
    ]
    assert {row["party_id"]: row["kind"] for row in tables["parties"].to_pylist()} == {
        "E1": "person",
        "E2": "company",
    }


def test_amlworld_with_a_file_of_no_accounts(tmp_path: Path) -> None:
    amlworld(tmp_path)
    write(tmp_path / "HI_accounts.csv", "Bank Name,Bank ID,Account Number,Entity ID,Entity Name\n")
    raw = load(tmp_path)
    assert raw.tables["accounts"].num_rows == raw.tables["parties"].num_rows == 0
    assert read_raw(raw).tallies["transfers"].closes


def test_amlworld_damaged(tmp_path: Path) -> None:
    assert "END" in refusal(amlworld(tmp_path, SAME, patterns=PATTERNS.rpartition("END")[0]))
    assert "eleven" in refusal(amlworld(tmp_path, SAME, patterns=PATTERNS.replace(",ACH,1", ",ACH", 1)))
    raw = load(
        amlworld(
            tmp_path,
            SAME,
            OTHER.replace("Bitcoin", "US Dollar"),
            SAME.replace("Euro", "Groat"),
            patterns=PATTERNS,
        )
    )
    assert raw.refused["transfers"]["source_row"].to_pylist() == [3]
    assert read_raw(raw).quarantine.num_rows == 2


def test_amlworld_hi_small(tmp_path: Path) -> None:
    folder = data("amlworld_hi_small")
    lines = [
        (line, "p") for line in (folder / "HI-Small_Patterns.txt").read_text().splitlines() if line[:1] == "2"
    ]
    attempts = sum(
        line.startswith("BEGIN") for line in (folder / "HI-Small_Patterns.txt").read_text().splitlines()
    )
    with (folder / "HI-Small_Trans_sample.csv").open(newline="") as file:
        sample = list(csv.reader(file))[1:]
    rows = [next(csv.reader([line])) for line, _ in lines] + sample
    assert (len(lines), len(sample), attempts) == (3_209, 572, 370)
    import_sources(tmp_path / "case", folder)
    case = open_case(tmp_path / "case")
    frame = case.tables.transfers
    assert not len(case.quarantine) and len(frame) == 3_781
    assert frame["attempt"].nunique() == 370
    digits = case.tables.minor_units
    names = {"US Dollar": "USD", "Euro": "EUR", "Yuan": "CNY", "Yen": "JPY", "Rupee": "INR", "Ruble": "RUB", "Swiss Franc": "CHF", "Shekel": "ILS",
             "UK Pound": "GBP", "Australian Dollar": "AUD", "Canadian Dollar": "CAD", "Brazil Real": "BRL", "Mexican Peso": "MXN", "Saudi Riyal": "SAR", "Bitcoin": "BTC"}  # fmt: skip
    expected = Counter(
        (f"{int(row[1])}:{row[2]}", f"{int(row[3])}:{row[4]}", Decimal(row[7]), names[row[8]]) for row in rows
    )
    amounts = [
        Decimal(int(value)).scaleb(-digits[code])
        for value, code in zip(frame["amount"], frame["currency"], strict=True)
    ]
    assert Counter(zip(frame["source"], frame["target"], amounts, frame["currency"], strict=True)) == expected
    laundering = frame[frame["typology"].notna()]
    assert len(set(laundering["source"]) | set(laundering["target"])) == 3_170
    note = next(note for note in case.report.notes if note.kind == "spoiled_ids")
    assert note.count == sum(bool(re.search(r"E\+", row[2] + row[4])) for row in sample) == 16
    assert np.isin([len(one) for one in frame["target_bank"]], range(1, 8)).all()


# ---------------------------------------------------------------- what no loader reads


def test_statements_in_other_layouts_are_refused_and_say_what_is_read(tmp_path: Path) -> None:
    for path in sorted(data("cn_statements").glob("*/*records*")) + sorted(
        data("cn_statements").glob("ccb/*.xls")
    ):
        said = refusal(path)
        assert "收付标志" in said and "transfers.csv" in said, path


def test_the_cells_of_an_old_workbook(tmp_path: Path) -> None:
    from loaders import grid as grids
    from loaders.source import open_source

    (path,) = data("cn_statements").glob("ccb/*.xls")
    (file,) = open_source(path).files
    assert file.kind == "xls"
    grid = grids.read_sheet(file, grids.sheet_names(file)[0], lambda row: "交易日期" in row)
    assert grid is not None and grid.header_row == 6 and len(grid.preamble) == 5
    assert grid.table.num_rows > 5 and grid.rows[0] == 7
