"""Statements of beneficial owners and filings of funds: ours, made by hand, and real ones where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import graphflow as gf


def entity(record: str, **more: Any) -> dict:
    return _statement(record, "entity", {"name": record, "entityType": {"type": "registeredEntity"}, **more})


def person(record: str) -> dict:
    return _statement(
        record, "person", {"personType": "knownPerson", "names": [{"type": "legal", "fullName": record}]}
    )


def held(
    record: str,
    owner: str,
    company: str,
    share: Any,
    *,
    day: str = "2020-01-01",
    status: str = "new",
    **more: Any,
) -> dict:
    interest = {"type": "shareholding", "directOrIndirect": "direct", "share": share, **more}
    details = {"subject": company, "interestedParty": owner, "interests": [interest]}
    return _statement(record, "relationship", details, day, status)


def _statement(record: str, kind: str, details: dict, day: str = "2020-01-01", status: str = "new") -> dict:
    return {
        "statementId": f"{record} {day} {status}", "recordId": record, "recordType": kind, "recordStatus": status,
        "statementDate": day, "recordDetails": details,
    }  # fmt: skip


def case_of(folder: Path, statements: list[dict]) -> gf.Case:
    (folder / "in.json").write_text(json.dumps(statements), encoding="utf-8")
    gf.import_sources(folder / "case", [folder / "in.json"])
    return gf.open_case(folder / "case")


def test_statements_become_parties_and_stakes(tmp_path: Path) -> None:
    case = case_of(
        tmp_path, [entity("A"), person("p"), held("r", "p", "A", {"exact": 37.5}, startDate="2019-01-01")]
    )
    assert case.tables.stakes[["owner_id", "company_id", "share"]].values.tolist() == [
        ["p", "A", 375_000_000]
    ]
    assert gf.owners(case, "A")["share"].tolist() == [0.375, 0.625]


def test_a_range_stays_a_range_and_an_unknown_share_is_unknown(tmp_path: Path) -> None:
    case = case_of(tmp_path, [
        entity("A"), person("p"), person("q"), held("r", "p", "A", {"minimum": 25, "exclusiveMaximum": 50}),
        held("s", "q", "A", {}),
    ])  # fmt: skip
    frame = gf.owners(case, "A").set_index("owner_id")
    assert frame.loc["p", ["share_min", "share_max"]].tolist() == [0.25, 0.5]
    assert frame.loc["q", ["share_min", "share_max"]].tolist() == [0.0, 0.75]


def test_versions_hold_one_after_another(tmp_path: Path) -> None:
    case = case_of(tmp_path, [
        entity("A"), person("p"), held("r", "p", "A", {"exact": 50}, startDate="2019-01-01"),
        held("r", "p", "A", {"exact": 80}, day="2021-06-01", status="updated", startDate="2019-01-01"),
        held("r", "p", "A", {"exact": 80}, day="2022-03-01", status="closed", startDate="2019-01-01", endDate="2022-02-01"),
    ])  # fmt: skip
    for day, share in (("2018-01-01", []), ("2020-01-01", [0.5]), ("2021-06-02", [0.8]), ("2022-02-02", [])):
        frame = gf.owners(case, "A", day)
        assert frame.loc[frame["owner_id"].notna(), "share"].tolist() == share, day


def test_what_is_declared_through_others_is_compared_and_not_counted(tmp_path: Path) -> None:
    statements = [
        entity("A"), entity("B"), person("p"), held("1", "B", "A", {"exact": 60}), held("2", "p", "B", {"exact": 100}),
        held("3", "p", "A", {"exact": 50}, directOrIndirect="indirect"),
    ]  # fmt: skip
    case = case_of(tmp_path, statements)
    assert gf.owners(case, "A").set_index("owner_id").loc["p", "share"] == 0.6
    (row,) = gf.declared(case).to_dict("records")
    assert (row["declared_min"], row["share_min"], row["through_controlled"], row["agrees"]) == (
        0.5,
        0.6,
        0.6,
        "no",
    )
    assert row["difference"] == pytest.approx(-0.1)
    assert "excess" not in case.report.listed, "what is held once is counted once"


def note(report: gf.ImportReport, kind: str) -> str:
    """What the report says of a kind, as a person reads it."""
    (found,) = [each for each in report.notes if each.kind == kind]
    text = found.text.format(**found.values)
    assert text in report.text() and text in report.json()
    return text


def test_a_relation_says_where_it_comes_from(tmp_path: Path) -> None:
    """Of all versions that say it; without a source it is the standard's."""
    board = {"type": "boardMember", "startDate": "2020-01-01"}
    details = {"subject": "A", "interestedParty": "p", "interests": [board]}
    said = {"type": ["officialRegister"], "url": "https://r.example/1", "assertedBy": [{"name": "B"}]}
    statements = [
        entity("A"), person("p"), _statement("r", "relationship", details) | {"source": said},
        _statement("r", "relationship", details, "2021-01-01", "updated") | {"source": {"description": "return of 2021"}},
        _statement("r", "relationship", details, "2022-01-01", "updated") | {"source": said},
        _statement("s", "relationship", details | {"interests": [{"type": "trustee"}]}),
    ]  # fmt: skip
    case = case_of(tmp_path, statements)
    assert case.tables.relations[["kind", "source"]].values.tolist() == [
        ["director", "officialRegister; https://r.example/1; B; return of 2021"], ["trustee", "BODS"],
    ]  # fmt: skip
    assert not case.report.notes, "all of it is kept"


def test_a_number_keeps_its_scheme_and_a_scheme_alone_is_counted(tmp_path: Path) -> None:
    statements = [
        entity("A", identifiers=[{"scheme": "GB-COH", "id": "007"}, {"scheme": "XI-LEI", "id": "LEI1"}]),
        entity("B", identifiers=[{"schemeName": "Register of B"}]), entity("C", identifiers=[{"id": "9"}]),
    ]  # fmt: skip
    case = case_of(tmp_path, statements)
    columns = ["party_id", "id_type", "id_number", "source_id"]
    assert case.tables.parties[columns].astype(object).where(case.tables.parties.notna(), None).values.tolist() == [
        ["A", "GB-COH", "007", "LEI1"], ["B", None, None, None], ["C", None, None, "9"],
    ]  # fmt: skip
    assert note(case.report, "bods_fields") == (
        "2 values in in.json have no place in our tables, by field: entity.identifiers.scheme (2)"
    )


def test_nothing_of_a_statement_is_lost_uncounted(tmp_path: Path) -> None:
    """Every field of a kind that our tables have no place for, and every statement that gives no row."""
    p = person("p")
    p["recordDetails"] |= {
        "birthDate": "1970", "nationalities": [{"code": "GB"}], "addresses": [{"address": "1 X", "postCode": "Y"}, {"address": "2 X"}],
    }  # fmt: skip
    p["recordDetails"]["names"].append({"type": "alternative", "fullName": "q"})
    board = {
        "type": "boardMember",
        "details": "chairs it",
        "share": {"exact": 1},
        "directOrIndirect": "indirect",
    }
    statements = [
        entity("A", foundingDate="1999", entityType={"type": "unknownEntity", "subtype": "other", "details": "x"}),
        entity("A") | {"statementDate": "2021-01-01", "recordDetails": entity("A")["recordDetails"] | {"foundingDate": "1999"}},
        p, _statement("b", "relationship", {"subject": "A", "interestedParty": "p", "interests": [board]}),
        held("r", "p", "A", {"exact": 30}, startDate="2020", beneficialOwnershipOrControl=True) | {"annotations": [{}], "source": {"url": "u"}},
        _statement("n", "relationship", {"subject": "A", "interestedParty": {"reason": "unknown"}, "interests": [board]}),
        _statement("e", "relationship", {"subject": "A", "interestedParty": "p"}), _statement("x", "other", {}),
        _statement("v", "relationship", {"subject": "A", "interestedParty": "p", "componentRecords": ["r"], "interests": [
            {"type": "shareholding", "directOrIndirect": "direct", "share": {"exact": 10}},
            {"type": "shareholding", "directOrIndirect": "direct", "share": {"exact": 20}},
            {"type": "votingRights", "share": {"minimum": 10}}, {"type": "settlor"},
        ]}),
    ]  # fmt: skip
    case = case_of(tmp_path, statements)
    fields = {
        "entity.foundingDate": 1, "person.birthDate": 1, "person.nationalities": 1, "person.addresses": 1,
        "person.addresses.postCode": 1, "person.names": 1, "relationship.interests.details": 1,
        "relationship.interests.directOrIndirect": 1, "relationship.interests.share": 3, "relationship.annotations": 1,
        "relationship.interests.startDate": 1, "relationship.interests.beneficialOwnershipOrControl": 1,
        "relationship.source": 1, "relationship.componentRecords": 1,
    }  # fmt: skip
    assert note(case.report, "bods_fields").partition("by field: ")[2] == ", ".join(
        f"{name} ({count})" for name, count in sorted(fields.items())
    )
    assert note(case.report, "bods_nobody").startswith("1 relationships in in.json do not say between which")
    assert (
        note(case.report, "bods_empty") == "1 relationships in in.json name no interest: they are not loaded"
    )
    assert note(case.report, "bods_earlier").startswith("1 statements in in.json are earlier versions")
    unused = sorted(str(each.values["what"]) for each in case.report.notes if each.kind == "bods_unused")
    assert unused == ["interest settlor", "other"]


@pytest.mark.parametrize(
    "text", ["[", "[1]", '[{"recordType": "entity", "statementId": "x", "recordId": NaN}']
)
def test_broken_statements_are_one_clear_error(tmp_path: Path, text: str) -> None:
    broken = text if "recordType" in text else text + ' "recordType" "statementId"'
    (tmp_path / "in.json").write_text(broken, encoding="utf-8")
    with pytest.raises(gf.InputError, match=r"in\.json"):
        gf.import_sources(tmp_path / "case", [tmp_path / "in.json"])


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("mutilple-indirect-ownership-2", [("yes", 0.0)]),
        ("bods-package-fi-soe", [("yes", 0.0)]),
        ("multiple-indirect-ownership", [("no", -0.4)]),
        ("mixed-direct-and-indirect-ownership", [("yes", 0.0)]),
        ("fermcat", []),
    ],
)
def test_published_examples(data: Path, tmp_path: Path, name: str, wanted: list) -> None:
    report = gf.import_sources(tmp_path / "case", [data / "bods/data-standard/examples" / f"{name}.json"])
    assert report.quarantined == 0
    found = gf.declared(gf.open_case(tmp_path / "case"))
    assert [(row.agrees, pytest.approx(row.difference)) for row in found.itertuples()] == wanted


@pytest.mark.data
def test_every_published_example_loads(data: Path, tmp_path: Path) -> None:
    for file in sorted((data / "bods/data-standard/examples").glob("*.json")):
        assert gf.import_sources(tmp_path / file.stem, [file]).quarantined == 0, file.name


FILING = """<?xml version="1.0"?>
<edgarSubmission xmlns="http://www.sec.gov/edgar/nport"><formData><genInfo><regName>R</regName><regCik>1</regCik>
<seriesName>S</seriesName><seriesId>S1</seriesId><repPdDate>2022-12-31</repPdDate></genInfo>
<fundInfo><totAssets>110.00</totAssets><netAssets>100.00000</netAssets></fundInfo><invstOrSecs>
<invstOrSec><name>N</name><cusip>1</cusip><valUSD>80.5000</valUSD><pctVal>80.5</pctVal><assetCat>DBT</assetCat>
<debtSec><maturityDt>2023-12-31</maturityDt></debtSec></invstOrSec>
<invstOrSec><name>M</name><cusip>1</cusip><valUSD>-3</valUSD><assetCat>DFE</assetCat></invstOrSec>
</invstOrSecs></formData></edgarSubmission>"""


def test_a_filing_becomes_a_product_and_its_holdings(tmp_path: Path) -> None:
    (tmp_path / "f.xml").write_text("\n" + FILING, encoding="utf-8")
    report = gf.import_sources(tmp_path / "case", [tmp_path / "f.xml"], currency="USD")
    assert report.quarantined == 1, "a short position has no place among what is held"
    r = gf.look_through(gf.open_case(tmp_path / "case"), "S1")
    assert r.assets[["asset_id", "amount"]].values.tolist() == [["1", 8050]]
    assert (r.wam_assets, r.wam_liabilities) == (365, 1), "an open series redeems every day"
    assert r.leverage["nominal"].tolist() == [1.1]


def test_the_currency_of_filings_must_be_stated(tmp_path: Path) -> None:
    (tmp_path / "f.xml").write_text(FILING, encoding="utf-8")
    with pytest.raises(gf.InputError, match="US dollars"):
        gf.import_sources(tmp_path / "case", [tmp_path / "f.xml"])


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: "<!DOCTYPE x>" + text[22:]])
def test_a_damaged_filing_is_one_clear_error(tmp_path: Path, damage: Any) -> None:
    (tmp_path / "f.xml").write_text(damage(FILING), encoding="utf-8")
    with pytest.raises(gf.InputError, match=r"f\.xml"):
        gf.import_sources(tmp_path / "case", [tmp_path / "f.xml"], currency="USD")


@pytest.mark.data
def test_a_real_fund_is_longer_than_it_owes(data: Path, tmp_path: Path) -> None:
    gf.import_sources(tmp_path / "case", [data / "nport/data/NPORT.Dupree.xml"], currency="USD")
    case = gf.open_case(tmp_path / "case")
    holdings = case.tables.holdings
    assert len(holdings) == 55
    assert round(sum(map(float, holdings["percent"])), 4) == 97.8358
    r = gf.look_through(case, "S000012000")
    assert round(r.wam_assets / 365.25, 2) == 3.46 and r.wam_liabilities == 1
    assert (
        r.ladder.set_index("bucket").loc["0-1", "liabilities"] == case.tables.products["net_assets"].iloc[0]
    )


@pytest.mark.data
def test_every_row_of_every_real_filing_is_loaded_or_in_quarantine(data: Path, tmp_path: Path) -> None:
    for file in sorted((data / "nport/data/nport/samples").glob("*.xml")):
        report = gf.import_sources(tmp_path / file.stem, [file], currency="USD")
        read = sum(tally.rows["read"] for tally in report.tallies.values())
        assert read > 0 and read == sum(
            tally.rows[kind] for tally in report.tallies.values()
            for kind in ("loaded", "quarantined", "duplicates", "set_aside")
        )  # fmt: skip
