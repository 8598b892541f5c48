"""Ownership out and in again: what the standard asks of statements, the same stakes, and what is left out."""

from __future__ import annotations

import datetime
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ownership import group

import graphflow as gf
from graphflow.cli import run
from graphflow.folder import whole_file
from graphflow.ownership.stakes import Stakes, stakes_of
from graphflow.stores import TARGETS, bods, export
from graphflow.synthesis import holders

DAY = "2024-06-30"

# ---------------------------------------------------------------------- what the standard asks (0.4, in our words)

REASONS = set(
    "noBeneficialOwners subjectUnableToConfirmOrIdentifyBeneficialOwner interestedPartyHasNotProvidedInformation "
    "subjectExemptFromDisclosure interestedPartyExemptFromDisclosure unknown informationUnknownToPublisher".split()
)
INTERESTS = set(
    "shareholding votingRights appointmentOfBoard otherInfluenceOrControl seniorManagingOfficial settlor trustee "
    "protector beneficiaryOfLegalArrangement rightsToSurplusAssetsOnDissolution rightsToProfitOrIncome "
    "rightsGrantedByContract conditionalRightsGrantedByContract controlViaCompanyRulesOrArticles "
    "controlByLegalFramework boardMember boardChair unknownInterest unpublishedInterest enjoymentAndUseOfAssets "
    "rightToProfitOrIncomeFromAssets nominee nominator".split()
)
SUBTYPES = {
    "arrangement": {"trust", "nomination", "other"}, "legalEntity": {"trust", "other"},
    "stateBody": {"governmentDepartment", "stateAgency", "other"}, "registeredEntity": {"other"}, "state": {"other"},
    "anonymousEntity": {"other"}, "unknownEntity": {"other"},
}  # fmt: skip


def is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.date.fromisoformat(value)) and len(value) == 10
    except ValueError:
        return False


def wrong(statements: list[dict[str, Any]]) -> Iterator[str]:
    """What in some statements breaks the standard, each by a word."""
    kinds = {each["recordId"]: each["recordType"] for each in statements}
    details = {each["recordId"]: each["recordDetails"] for each in statements}
    components = {part for each in details.values() for part in each.get("componentRecords", ())}
    for name, times in Counter(each["statementId"] for each in statements).items():
        if times > 1 or not 32 <= len(name) <= 64:
            yield f"statementId {name}"
    seen: set[str] = set()
    for each in statements:
        own, kind = each["recordDetails"], each["recordType"]
        if not re.match(r"\d{4}-\d\d-\d\d", each.get("statementDate", "")):
            yield "statementDate"
        if kinds.get(each["declarationSubject"]) not in ("entity", "person"):
            yield "declarationSubject"
        if each.get("recordStatus", "new") not in ("new", "updated", "closed"):
            yield "recordStatus"
        published = each.get("publicationDetails")
        if published is not None and (
            not {"publicationDate", "bodsVersion", "publisher"} <= published.keys()
            or published["bodsVersion"] != "0.4"
        ):
            yield "publicationDetails"
        if not isinstance(own.get("isComponent"), bool) or (
            own["isComponent"] and each["recordId"] not in components
        ):
            yield "isComponent"
        if kind == "entity":
            form = own["entityType"]
            if form["type"] not in SUBTYPES or form.get("subtype", "other") not in SUBTYPES[form["type"]]:
                yield "entityType"
            if "foundingDate" in own and not is_day(own["foundingDate"]):
                yield "foundingDate"
        elif kind == "person":
            if own["personType"] not in ("knownPerson", "anonymousPerson", "unknownPerson"):
                yield "personType"
            if any("fullName" not in name for name in own.get("names", ())):
                yield "names"
        elif kind == "relationship":
            yield from _wrong_relationship(own, kinds, details, seen)
        else:
            yield "recordType"
        if kind != "relationship":
            if any(not {"scheme", "schemeName"} & each.keys() for each in own.get("identifiers", ())):
                yield "identifiers"
            place = own.get("jurisdiction", {"name": ""})
            if "name" not in place or not 2 <= len(place.get("code", "XX")) <= 6:
                yield "jurisdiction"
        seen.add(each["recordId"])


def _wrong_relationship(own: dict, kinds: dict, details: dict, seen: set[str]) -> Iterator[str]:
    for end in ("subject", "interestedParty"):
        named = own[end]
        if isinstance(named, str):
            if kinds.get(named) not in (("entity",) if end == "subject" else ("entity", "person")):
                yield end
            elif named not in seen:
                yield f"{end} is said later"
        elif named.get("reason") not in REASONS:
            yield f"{end} unspecified"
    if own["isComponent"] and own.get("componentRecords"):
        yield "componentRecords of a component"
    if not set(own.get("componentRecords", ())) <= seen:
        yield "componentRecords"
    for each in own.get("interests", ()):
        if each.get("type", "shareholding") not in INTERESTS:
            yield "interest"
        if each.get("directOrIndirect", "direct") not in ("direct", "indirect", "unknown"):
            yield "directOrIndirect"
        party = own["interestedParty"]
        if (
            each.get("beneficialOwnershipOrControl") is True
            and kinds.get(party if isinstance(party, str) else "") != "person"
        ):
            yield "beneficial owner that is no person"
        if any(name in each and not is_day(each[name]) for name in ("startDate", "endDate")):
            yield "dates"
        share = each.get("share", {})
        if any(not 0 <= value <= 100 for value in share.values()) or ("exact" in share and len(share) > 1):
            yield "share"
        low, high = (
            share.get("minimum", share.get("exclusiveMinimum")),
            share.get("maximum", share.get("exclusiveMaximum")),
        )
        if low is not None and high is not None and low >= high:
            yield "share bounds"
        subject = details.get(own["subject"] if isinstance(own["subject"], str) else "", {}).get(
            "entityType", {}
        )
        if each.get("type") in ("nominee", "nominator") and subject.get("subtype") != "nomination":
            yield "nomination"
        if each.get("type") in ("settlor", "trustee", "protector") and subject.get("subtype") != "trust":
            yield "trust"


@pytest.mark.data
def test_the_published_examples_break_none_of_these_rules(data: Path) -> None:
    files = sorted((data / "bods/data-standard/examples").glob("*.json"))
    assert len(files) > 10
    for file in files:
        assert not [*wrong(json.loads(file.read_text(encoding="utf-8")))], file.name


def spoiled(path: str, value: Any) -> Callable[[list[dict]], None]:
    def change(statements: list[dict]) -> None:
        *way, last = path.split(".")
        at: Any = statements
        for word in way:
            at = at[int(word)] if isinstance(at, list) else at[word]
        at[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (spoiled("0.statementId", "short"), "statementId"), (spoiled("0.declarationSubject", "?"), "declarationSubject"),
        (spoiled("-1.recordDetails.subject", "P"), "subject"), (spoiled("-1.recordDetails.interestedParty", "?"), "interestedParty"),
        (spoiled("-1.recordDetails.interests.0.share", {"exact": 101}), "share"), (spoiled("-1.recordDetails.interests.0.type", "x"), "interest"),
        (spoiled("-1.recordDetails.interests.0.startDate", "2020"), "dates"), (spoiled("0.recordDetails.entityType.type", "x"), "entityType"),
        (lambda statements: statements.insert(0, statements.pop()), "is said later"),
    ],
)  # fmt: skip
def test_a_fault_in_a_statement_is_seen(
    tmp_path: Path, change: Callable[[list[dict]], None], word: str
) -> None:
    statements = written(holders.o2(), tmp_path)
    assert not [*wrong(statements)]
    change(statements)
    assert any(word in each for each in wrong(statements))


# ---------------------------------------------------------------------- there and back


def written(case: gf.Case, folder: Path, day: str | None = DAY, **more: Any) -> list[dict[str, Any]]:
    made = gf.to_bods(case, folder / "case.bods.json", day, **more)
    statements = json.loads(made.path.read_text(encoding="utf-8"))
    assert sum(made.counts[kind] for kind in ("entity", "person", "relationship")) == len(statements)
    return statements


def back(folder: Path, place: str = "back") -> gf.Case:
    report = gf.import_sources(folder / place, [folder / "case.bods.json"], timezone="Asia/Shanghai")
    assert report.quarantined == 0
    return gf.open_case(folder / place)


def held(stakes: Stakes) -> Counter[tuple]:
    """The stakes in force, with what they mean: who, for whom, how much, how many votes."""
    names = [*stakes.ids.to_pylist(), None]
    columns = (
        [names[each] for each in stakes.owners], [names[each] for each in stakes.companies],
        [names[each] for each in stakes.nominees], stakes.least.tolist(), stakes.most.tolist(),
        stakes.votes_least.tolist(), stakes.votes_most.tolist(),
    )  # fmt: skip
    return Counter(zip(*columns, strict=True))


def told(case: gf.Case, table: str, names: str, day: str = DAY) -> Counter[tuple]:
    """Rows of a table as they are held; what a table lacks is empty."""
    frame = getattr(case.tables, table)
    end = pd.Timestamp(stakes_of(case, day).at, unit="us", tz="UTC")
    for name, keep in (("since", lambda times: times <= end), ("until", lambda times: times > end)):
        if name in frame:
            frame = frame[frame[name].isna() | keep(frame[name])]
    rows = [
        tuple("" if pd.isna(value) else str(value) for value in values)
        for values in zip(
            *(frame[name] if name in frame else [None] * len(frame) for name in names.split()), strict=True
        )
    ]
    return Counter(rows)


KINDS = ("company", "partnership", "contract_fund", "trust", "government", "branch", "bank")


def drawn(rng: random.Random) -> gf.Case:
    """Stakes of every kind that the table knows: ranges, votes, classes, nominees, dates, declarations."""
    companies = {f"C{n}": rng.choice(KINDS) for n in range(rng.randint(1, 5))}
    persons = {f"p{n}": "person" for n in range(rng.randint(1, 4))}
    everybody = [*companies, *persons]
    stakes: list[tuple] = []
    for company, form in companies.items():
        left = 10**9
        for owner in rng.sample(everybody, rng.randint(0, min(3, len(everybody)))):
            part = rng.choice((left, left // 3, min(1, left), rng.randint(0, left)))
            left -= part
            more: dict[str, str] = {}
            share = f"{Decimal(part).scaleb(-9):f}"
            if rng.random() < 0.3:
                low, high = rng.randint(0, part), rng.randint(part, 10**9)
                bounds = {
                    "share_min": f"{Decimal(low).scaleb(-9):f}",
                    "share_max": f"{Decimal(high).scaleb(-9):f}",
                }
                more |= {name: bounds[name] for name in rng.sample(sorted(bounds), rng.randint(0, 2))}
                share = ""
            if rng.random() < 0.3:
                more["votes"] = f"{Decimal(rng.randint(0, 10**9)).scaleb(-9):f}"
            if form == "partnership":
                more["class"] = rng.choice(("general_partner", "limited_partner", ""))
            if rng.random() < 0.3:
                more["nominee_for"] = rng.choice([*(each for each in everybody if each != owner), ""])
            if rng.random() < 0.5:
                more["since"] = rng.choice(("2019-12-31", "2024-06-30", "2024-07-01"))
            if rng.random() < 0.5:
                more["until"] = rng.choice(("2024-07-01", "2024-07-02", "9999-12-31"))
            if rng.random() < 0.1 and "nominee_for" not in more:
                more["indirect"] = "true"
            stakes += [(owner, company, share, more)] * rng.choice((1, 1, 1, 2))
    ties = [
        {"party_id": rng.choice(everybody), "other_id": rng.choice([*companies]), "kind": kind,
         "since": rng.choice(("", "2020-01-01")), "until": rng.choice(("", "2024-06-30", "2025-01-01"))}
        for kind in rng.sample(sorted(bods.INTERESTS), rng.randint(0, 3))
    ]  # fmt: skip
    stakes.append(("p0", "C0", "0", {"since": "2000-01-01"}))
    return group(stakes, companies | persons, **({"relations": ties} if ties else {}))


@settings(max_examples=40)
@given(st.integers(0, 2**40))
def test_every_stake_comes_back_as_it_went(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder = tmp_path_factory.mktemp("bods")
    case = drawn(random.Random(seed))
    statements = written(case, folder)
    assert not [*wrong(statements)]
    again = back(folder)
    assert held(stakes_of(case, DAY)) == held(stakes_of(again, DAY))
    columns = "owner_id company_id votes class since until nominee_for indirect"
    plain = {name for name in columns.split() if name in case.tables.stakes}
    names = " ".join(name for name in columns.split() if name in plain)
    mine, theirs = (told(each, "stakes", names.replace(" nominee_for", "")) for each in (case, again))
    assert mine == theirs
    assert told(case, "relations", "party_id other_id kind since until") == told(
        again, "relations", "party_id other_id kind since until"
    )
    kinds = dict(case.tables.parties[["party_id", "kind"]].itertuples(index=False))
    assert all(
        kinds[who] == kind for who, kind in again.tables.parties[["party_id", "kind"]].itertuples(index=False)
    )
    # written again it is the same, but for the rows from which statements come
    written(again, folder)
    assert without_sources(statements) == without_sources(
        json.loads((folder / "case.bods.json").read_text("utf-8"))
    )


def without_sources(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in each.items() if key not in ("source", "statementId")}
        for each in statements
    ]


def test_what_is_owned_in_the_end_is_the_same(tmp_path: Path) -> None:
    for name, make in (("o3", holders.o3), ("o4", holders.o4), ("o5", holders.o5)):
        case = make()
        written(case, tmp_path)
        again = back(tmp_path, name)
        for company in sorted(set(case.tables.stakes["company_id"])):
            assert gf.owners(case, company, DAY).equals(gf.owners(again, company, DAY)), (name, company)


@pytest.mark.data
def test_published_examples_come_back_as_they_went(data: Path, tmp_path: Path) -> None:
    compared = 0
    for file in sorted((data / "bods/data-standard/examples").glob("*.json")):
        folder = tmp_path / file.stem
        gf.import_sources(folder / "first", [file])
        case = gf.open_case(folder / "first")
        if not case.tables.has("stakes"):
            continue
        made = gf.to_bods(case, folder / "case.bods.json", "2025-01-01")
        assert not [*wrong(json.loads(made.path.read_text("utf-8")))], file.name
        gf.import_sources(folder / "second", [made.path])
        assert held(stakes_of(case, "2025-01-01")) == held(
            stakes_of(gf.open_case(folder / "second"), "2025-01-01")
        )
        compared += 1
    assert compared > 10


# ---------------------------------------------------------------------- single things


def interests(statements: list[dict], record: str) -> list[tuple]:
    return [
        (each["recordDetails"]["interestedParty"], interest["type"], interest.get("share"), interest["directOrIndirect"])
        for each in statements if each["recordType"] == "relationship" and each["recordDetails"]["subject"] == record
        for interest in each["recordDetails"]["interests"]
    ]  # fmt: skip


def test_shares_votes_ranges_and_the_unknown_rest(tmp_path: Path) -> None:
    case = group([
        ("p", "A", "0.333333333", {"votes": "0.5"}), ("q", "A", "", {"share_min": "0.1", "share_max": "0.2"}), ("B", "A", ""),
    ])  # fmt: skip
    statements = written(case, tmp_path)
    unknown = {"reason": "informationUnknownToPublisher"}
    assert sorted(interests(statements, "A"), key=str) == sorted([
        ("p", "shareholding", {"exact": 33.3333333}, "direct"), ("p", "votingRights", {"exact": 50}, "direct"),
        ("q", "shareholding", {"minimum": 10, "maximum": 20}, "direct"), ("B", "shareholding", None, "direct"),
        (unknown, "shareholding", {"minimum": 0, "maximum": 56.6666667}, "unknown"),
    ], key=str)  # fmt: skip
    assert interests(statements, "B") == [(unknown, "shareholding", {"exact": 100}, "unknown")]


def test_a_nominee_is_an_arrangement_and_its_principal_the_owner(tmp_path: Path) -> None:
    statements = written(
        group([("n", "A", "0.6", {"nominee_for": "p"}), ("q", "A", "0.4")], {"p": "person"}), tmp_path
    )
    nomination = next(
        each
        for each in statements
        if each["recordDetails"].get("entityType", {}).get("subtype") == "nomination"
    )
    record = nomination["recordId"]
    assert {who: kind for who, kind, _, _ in interests(statements, record)} == {
        "p": "nominator",
        "n": "nominee",
    }
    assert sorted(interests(statements, "A"), key=str) == sorted([
        (record, "shareholding", {"exact": 60}, "direct"), ("p", "shareholding", {"exact": 60}, "indirect"),
        ("q", "shareholding", {"exact": 40}, "direct"),
    ], key=str)  # fmt: skip
    primary = next(each for each in statements if each["recordDetails"].get("componentRecords"))
    assert (
        len(primary["recordDetails"]["componentRecords"]) == 4 and not primary["recordDetails"]["isComponent"]
    )
    assert gf.declared(back(tmp_path), DAY).empty, "what is held once is read once"


@pytest.mark.data
def test_the_published_nomination_is_read_as_one(data: Path, tmp_path: Path) -> None:
    gf.import_sources(tmp_path / "case", [data / "bods/data-standard/examples/nomination.json"])
    tables = gf.open_case(tmp_path / "case").tables
    assert set(tables.parties["party_id"]) == {"101AB1984F", "102AB1984E", "104AB1984C"}, (
        "the arrangement is no party"
    )
    assert sorted(tables.relations[["party_id", "other_id", "kind"]].itertuples(index=False, name=None)) == [
        ("101AB1984F", "104AB1984C", "controller"), ("102AB1984E", "104AB1984C", "director"),
    ]  # fmt: skip


def test_beneficial_owners_are_marked_by_a_regime(tmp_path: Path) -> None:
    def marks(case: gf.Case, regime: str | None) -> dict[tuple[str, str], Any]:
        return {
            (each["recordDetails"]["interestedParty"], each["recordDetails"]["subject"]):
                each["recordDetails"]["interests"][0].get("beneficialOwnershipOrControl", "open")
            for each in written(case, tmp_path, "2024-12-01", regime=regime) if each["recordDetails"].get("interests")
            and isinstance(each["recordDetails"]["interestedParty"], str)
        }  # fmt: skip

    assert marks(holders.o2(), None) == {
        ("P", "A"): "open",
        ("Q", "B"): "open",
        ("A", "B"): False,
        ("B", "A"): False,
    }
    assert marks(holders.o2(), "CN") == {
        ("P", "A"): True,
        ("Q", "B"): True,
        ("A", "B"): False,
        ("B", "A"): False,
    }
    case = group(
        [("p", "A", "0.1"), ("q", "A", "", {"share_min": "0.1", "share_max": "0.6"}), ("r", "A", "0.3")]
    )
    assert marks(case, "CN") == {("p", "A"): False, ("q", "A"): "open", ("r", "A"): True}, (
        "possible is left open"
    )
    with pytest.raises(gf.UsageError, match="was not in force"):
        gf.to_bods(holders.o2(), tmp_path / "x.bods.json", "2015-01-01", regime="CN")
    assert not (tmp_path / "x.bods.json").exists()


def test_only_what_is_in_force_and_the_rest_is_counted(tmp_path: Path) -> None:
    case = group(
        [
            ("p", "A", "0.6", {"since": "2020-01-01", "until": "2021-01-01"}), ("q", "A", "0.4", {"since": "2021-01-01T08:30:00"}),
            ("A", "p", "0.1"), ("q", "B", "0.33333333333", {"votes": "0.33333333333"}),
        ],
        {"alone": "person"},
        relations=[
            {"party_id": "p", "other_id": "q", "kind": "spouse"}, {"party_id": "p", "other_id": "q", "kind": "concert"},
            {"party_id": "q", "other_id": "A", "kind": "director"},
        ],
    )  # fmt: skip
    made = gf.to_bods(case, tmp_path / "x.bods.json", "2024-01-01")
    found = {(row.where, row.reason): (row.count, row.first) for row in made.left_out.itertuples()}
    assert found == {
        ("parties", "no_part"): (1, "alone"), ("relations: concert", "no_place"): (1, "p"), ("relations: spouse", "no_place"): (1, "p"),
        ("stakes", "no_subject"): (1, "p"), ("stakes", "not_in_force"): (1, "p"), ("stakes.share_stated", "rounded"): (1, "q"), ("stakes.votes_stated", "rounded"): (1, "q"),
        ("stakes.since", "day_only"): (1, "q"),
    }  # fmt: skip
    assert not [*wrong(json.loads(made.path.read_text("utf-8")))]


def test_numbers_and_sources_come_back_and_a_kind_of_number_alone_is_counted(tmp_path: Path) -> None:
    frame = group([("p", "A", "1")]).tables.stakes[["owner_id", "company_id"]].astype("str")
    parties = pd.DataFrame({
        "party_id": ["A", "p"], "name": ["A", "p"], "kind": ["company", "person"], "id_type": ["营业执照", "护照"], "id_number": ["91", ""],
    })  # fmt: skip
    ties = pd.DataFrame(
        {"party_id": ["p"], "other_id": ["A"], "kind": ["director"], "source": ["the minutes"]}
    )
    made = gf.to_bods(
        gf.Case.from_tables(stakes=frame, parties=parties, relations=ties), tmp_path / "case.bods.json", DAY
    )
    lost = made.left_out[["where", "count", "first", "reason"]].values.tolist()
    assert lost == [["parties.id_type", 1, "p", "no_place"]]
    tables = back(tmp_path).tables
    company = tables.parties.set_index("party_id").loc["A"]
    assert (company["id_type"], company["id_number"]) == ("营业执照", "91")
    assert tables.relations["source"].tolist() == ["the minutes; <relations>, row 1"]


def test_a_party_of_which_nothing_is_known_is_an_entity_not_identified(tmp_path: Path) -> None:
    frame = group([("p", "A", "1")]).tables.stakes[["owner_id", "company_id"]].astype("str")
    made = gf.to_bods(gf.Case.from_tables(stakes=frame), tmp_path / "x.bods.json", DAY)
    statements = json.loads(made.path.read_text("utf-8"))
    assert {each["recordDetails"]["entityType"]["type"] for each in statements[:2]} == {"unknownEntity"}
    assert made.left_out["reason"].tolist() == ["unknown_kind"] and not [*wrong(statements)]


def test_ids_are_the_same_whatever_the_order_and_the_date(tmp_path: Path) -> None:
    rows = [("p", "A", "0.5"), ("p", "A", "0.2"), ("q", "A", "0.3", {"nominee_for": "p"})]
    one, other = (written(group(each), tmp_path) for each in (rows, rows[::-1]))
    assert without_sources(one) == without_sources(other)
    later = written(group(rows), tmp_path, "2025-01-01")
    assert [each["recordId"] for each in later] == [each["recordId"] for each in one]
    assert not {each["statementId"] for each in later} & {each["statementId"] for each in one}
    again = gf.to_bods(group(rows), tmp_path / "again.bods.json", "2025-01-01")
    assert again.path.read_bytes() == (tmp_path / "case.bods.json").read_bytes()


# ---------------------------------------------------------------------- files, and what cannot be written


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.bods.json"
    gf.to_bods(holders.o1(), file, DAY)
    before = file.read_bytes()

    def stops() -> None:
        with whole_file(file) as out:
            out.write("[")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        stops()
    real = bods._Statements._relationship
    calls = iter(range(10))

    def breaks(*given: Any, **more: Any) -> Any:
        if next(calls) == 2:
            raise RuntimeError("planted")
        return real(*given, **more)

    monkeypatch.setattr(bods._Statements, "_relationship", breaks)
    with pytest.raises(RuntimeError, match="planted"):
        gf.to_bods(holders.o2(), file, DAY)
    assert file.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == [file.name]


def test_what_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(gf.UsageError, match="knows of none"):
        gf.to_bods(holders.o1(), tmp_path / "x.bods.json")
    with pytest.raises(gf.UsageError, match="there is no folder"):
        gf.to_bods(holders.o1(), tmp_path / "no" / "x.bods.json", DAY)
    with pytest.raises(gf.UsageError, match="is a folder"):
        gf.to_bods(holders.o1(), tmp_path, DAY)
    with pytest.raises(gf.InputError, match="says nothing of owners"):
        gf.to_bods(holders.p1(), tmp_path / "x.bods.json", DAY)
    with pytest.raises(gf.UsageError, match="there is no regime MARS"):
        gf.to_bods(group([("A", "B", "1")]), tmp_path / "x.bods.json", DAY, regime="MARS")
    with pytest.raises(gf.UsageError, match="no format is known"):
        export(holders.o1(), tmp_path / "x.csv", DAY)
    with pytest.raises(gf.UsageError, match="no such option"):
        export(holders.o1(), tmp_path / "x.bods.json", DAY, colour="red")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_the_command_writes_and_says_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert run(["synth", "o7", "--out", str(tmp_path / "o7")]) == 0
    assert run(["import", str(tmp_path / "o7"), "--case", str(tmp_path / "case")]) == 0
    capsys.readouterr()
    file = tmp_path / "o7.bods.json"
    asked = [
        "export",
        str(tmp_path / "case"),
        "--to",
        str(file),
        "--as-of",
        "2024-12-01",
        "--regime",
        "CN",
        "--format",
        form,
    ]
    assert run(asked) == 0
    said = capsys.readouterr().out
    assert not [*wrong(json.loads(file.read_text("utf-8")))]
    if form == "json":
        answer = json.loads(said)
        assert answer["file"] == str(file) and answer["as_of"] == "2024-12-01"
        assert answer["counts"] == {"entity": 2, "person": 3, "relationship": 6, "unspecified": 2}
        assert answer["left_out"] == [
            {"where": "relations: concert", "count": 2, "first": "P", "reason": "no_place"}
        ]
    else:
        assert "concert" in said
    assert run(["export", str(tmp_path / "case"), "--to", str(tmp_path / "x.xyz")]) == 2
    assert run(["export", str(tmp_path / "case"), "--to", str(file)]) == 2
    told_ = capsys.readouterr().err
    assert "--to: no format is known" in told_ and "--as-of: every statement has a date" in told_


def test_every_format_ends_in_its_own_way() -> None:
    endings = [each.ending for each in TARGETS]
    assert len(set(endings)) == len(endings) and all(
        one.endswith(other) <= (one == other) for one in endings for other in endings
    )
