"""The verbs `amounts` and `classes`: every figure of theirs is that of the functions, in every form of printing."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import graphflow as gf
import graphflow.cli
from graphflow.cli import run
from graphflow.redlines.amounts import DEFINITIONS
from graphflow.synthesis.lines import amounts, rl18
from graphflow.synthesis.small import Frames
from tests.redlines.edits import with_rows, without_tables


def stored(frames: Frames, folder: Path) -> str:
    source = folder / "tables"
    source.mkdir(parents=True)
    for name, frame in frames.items():
        frame.to_csv(source / f"{name}.csv", index=False)
    assert run(["import", str(source), "--case", str(folder / "case")]) == 0
    return str(folder / "case")


@pytest.fixture(scope="module")
def raising(tmp_path_factory: pytest.TempPathFactory) -> str:
    return stored(amounts.raising_tables(), tmp_path_factory.mktemp("raising"))


@pytest.fixture(scope="module")
def payment(tmp_path_factory: pytest.TempPathFactory) -> str:
    return stored(rl18.toy_tables(), tmp_path_factory.mktemp("payment"))


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    capsys.readouterr()
    got = run(list(words))
    streams = capsys.readouterr()
    assert got == code, streams.err
    return streams.out if code == 0 else streams.err


def as_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(said(capsys, *words, "--format", "json"))


def test_it_says_how_the_investors_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = amounts.raising_tables()
    more = with_rows(
        base,
        transfers=[{"transfer_id": "t5", "time": "2024-07-01T10:00:00", "source": "d", "target": "fund", "amount": "1"}],
        accounts=[{"account_id": "d", "party_id": "D"}],
        parties=[{"party_id": "D", "name": "投资者D", "kind": "person"}],
    )  # fmt: skip
    text = " ".join(said(capsys, "amounts", stored(more, tmp_path / "more"), "FUND").split())
    assert "are recorded, and natural persons" in text and "of some investors no subscription" in text
    unseen = without_tables(base, "subscriptions", "products")
    unseen["accounts"] = unseen["accounts"].drop(columns="product_id")
    text = " ".join(said(capsys, "amounts", stored(unseen, tmp_path / "unseen"), "FUND").split())
    assert "unknown: no account of theirs is seen" in text


def test_the_amounts_are_those_of_the_function_as_decimal_text(
    raising: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = as_json(capsys, "amounts", raising, "FUND")
    totals = gf.raised(gf.open_case(raising), "FUND").totals
    found = {row["name"]: row["value"] for row in answer["amounts"]}
    assert found.pop("participants") == totals.pop("participants") == 3
    assert {name: int(Decimal(value) * 100) for name, value in found.items()} == totals
    assert {row["name"]: row["definition"] for row in answer["amounts"]} == DEFINITIONS
    assert answer["party_id"] == "FUND" and not answer["inferred"] and answer["currency"] == "CNY"
    for name in ("gross", "fresh", "returned", "net_loss", "outstanding"):
        assert sum(Decimal(row[name]) for row in answer["investors"]) == Decimal(found[name])
    assert {(row["table"], Path(row["source_file"]).name) for row in answer["evidence"]} == {
        ("transfers", "transfers.csv"), ("subscriptions", "subscriptions.csv"),
    }  # fmt: skip


def test_the_numbers_of_the_law_stand_beside_them_with_article_and_mark(
    raising: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tiers = as_json(capsys, "amounts", raising, "FUND")["tiers"]
    loss = next(row for row in tiers if row["measure"] == "unreturned" and row["tier"] == "large")
    assert loss["value"] == "250000.00" and loss["threshold"] == "100000.00" and loss["reached"] is True
    assert "第八条" in loss["article"] and loss["mark"] == "V" and loss["amount"] == "net_loss"
    assert not as_json(capsys, "amounts", raising, "FUND", "--as-of", "2021-01-01")["tiers"]


def test_a_day_shows_what_was_known_then(raising: str, capsys: pytest.CaptureFixture[str]) -> None:
    then = as_json(capsys, "amounts", raising, "FUND", "--as-of", "2024-08-01")
    found = {row["name"]: row["value"] for row in then["amounts"]}
    assert found["gross"] == "300000.00" and found["returned"] == "0.00" and then["as_of"] == "2024-08-01"


@pytest.mark.parametrize("part", graphflow.cli.AMOUNT_PARTS)
def test_each_table_of_amounts_is_printed_as_csv(
    raising: str, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "amounts", raising, "FUND", "--format", "csv", "--part", part)
    rows = list(csv.DictReader(io.StringIO(text)))
    other = as_json(capsys, "amounts", raising, "FUND")[part]
    assert [{n: str(v) for n, v in row.items()} for row in other] == rows


def test_people_read_them_in_both_languages(raising: str, capsys: pytest.CaptureFixture[str]) -> None:
    english = said(capsys, "amounts", raising, "FUND", "--language", "en")
    for text in (
        "350,000.00",
        "250,000.00",
        DEFINITIONS["net_loss"],
        "fund-raising fraud",
        "checked against",
    ):
        assert text in english
    chinese = said(capsys, "amounts", raising, "FUND", "--language", "zh")
    assert "集资诈骗" in chinese and "350,000.00" in chinese and "汇鑫资产" in chinese


def test_what_is_asked_wrongly_is_told(raising: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "PARTY" in said(capsys, "amounts", raising, "NOBODY", code=2)
    assert "--currency" in said(capsys, "amounts", raising, "FUND", "--currency", "XXX", code=2)
    assert "--part" in said(capsys, "amounts", raising, "FUND", "--part", "tiers", code=2)
    assert "--as-of" in said(capsys, "amounts", raising, "FUND", "--as-of", "soon", code=2)
    assert "--as-of" in said(capsys, "classes", raising, "--as-of", "soon", code=2)


def test_the_classes_are_those_of_the_function_with_their_findings(
    payment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = as_json(capsys, "classes", payment)
    frame = gf.classify(gf.open_case(payment))
    assert [(row["party_id"], row["six"], row["licensed"]) for row in answer["classes"]] == [
        (party, six, bool(licensed))
        for party, six, licensed in frame[["party_id", "six", "licensed"]].itertuples(index=False)
    ]
    ids = {f["id"] for f in answer["findings"]}
    reasons = {reason for row in answer["classes"] for reason in row["reasons"]}
    assert ids and reasons & ids
    assert answer["not_assessable"]
    rows = list(csv.DictReader(io.StringIO(said(capsys, "classes", payment, "--format", "csv"))))
    assert [row["six"] for row in rows] == [row["six"] for row in answer["classes"]]


def test_people_read_the_classes_and_their_reasons(payment: str, capsys: pytest.CaptureFixture[str]) -> None:
    english = said(capsys, "classes", payment, "--language", "en")
    assert "unlicensed and disorderly" in english and "RL-18" in english and "Not asked" in english
    chinese = said(capsys, "classes", payment, "--language", "zh")
    assert "坚决予以取缔" in chinese and "RL-18" in chinese


def test_without_findings_platforms_and_licences_there_is_nobody_to_class(
    raising: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No party" in said(capsys, "classes", raising, "--language", "en")
    assert as_json(capsys, "classes", raising)["classes"] == []


def test_reasons_that_are_words_are_said_in_the_readers_language(
    payment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from graphflow.cli.classing import show_classes

    case = gf.open_case(payment)
    c = gf.check(case, only="RL-18")
    frame = gf.classify(case, checked=c)
    from graphflow.redlines.classes import six

    *_, worded = six(False, c.findings, shells=4).reasons
    frame.at[len(frame) - 1, "reasons"] = (worded,)
    show_classes(case, dataclasses.replace(c, findings=()), frame, "table", "zh")
    text = capsys.readouterr().out
    assert "4" in text and worded not in text
