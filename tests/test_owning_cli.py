"""The vectors of ownership and of products through the command line: what is printed, to twelve digits.

One row a question: what is asked, and what must stand where in the JSON that is printed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from graphflow.cli import run

TWELVE = Fraction(1, 10**12)
BILLION = 10**9

# Blocks of votes that no toy has: shares of one company C.
BLOCKS = {"blocks 40": (40, 30, 30), "blocks 35": (35, 30, 20, 15), "blocks 51": (51, 49)}


@pytest.fixture(scope="module")
def case_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The case of a toy, made as a person would: generated, then imported."""
    folder = tmp_path_factory.mktemp("vectors")

    def made(name: str) -> Path:
        case = folder / "cases" / name.replace(" ", "")
        if not case.exists():
            tables = folder / "tables" / name.replace(" ", "")
            if name in BLOCKS:
                tables.mkdir(parents=True)
                rows = [f"h{place},C,0.{share:02d}\n" for place, share in enumerate(BLOCKS[name])]
                (tables / "stakes.csv").write_text(
                    "owner_id,company_id,share\n" + "".join(rows), encoding="utf-8"
                )
            else:
                assert run(["synth", name, "--out", str(tables)]) == 0
            assert run(["import", str(tables), "--case", str(case)]) == 0
        return case

    return made


def ask(case: Path, words: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """What a verb prints as JSON, numbers as the decimals that are printed."""
    capsys.readouterr()
    verb, *rest = words.split()
    assert run([verb, str(case), *rest, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out, parse_float=Fraction)


def at(answer: Any, where: str) -> Any:
    """What stands at a place: names and numbers by spaces; of a list the one row of which all that is named holds."""
    for word in where.split():
        if isinstance(answer, Mapping):
            answer = answer[word]
        elif "=" in word:
            wanted = [each.split("=") for each in word.split(",")]
            found = [row for row in answer if all(str(row[name]) == value for name, value in wanted)]
            assert len(found) == 1, f"{len(found)} rows with {word}"
            answer = found[0]
        else:
            answer = answer[int(word)]
    return answer


def f(text: str) -> Fraction:
    return Fraction(text)


def shares(**wanted: str) -> dict[str, Fraction]:
    return {f"owners owner_id={owner} share": f(part) for owner, part in wanted.items()}


VECTORS: list[tuple[str, str, dict[str, Any]]] = [
    # O1: a pyramid
    ("o1", "owners B", shares(P="2/5", Q="3/5")),
    ("o1", "owners A", shares(P="3/5", Q="2/5")),
    # O2: two that own one another; corrected and not
    ("o2", "owners A", shares(P="35/47", Q="12/47")),
    ("o2", "owners B", shares(P="7/47", Q="40/47")),
    ("o2", "owners B --between", {
        "owners owner_id=A share_uncorrected": f("10/47"), "owners owner_id=A share": f("1/5"),
        "owners owner_id=B share_uncorrected": f("3/47"), "owners owner_id=B share": f("3/50"),
    }),
    ("o2", "owners A --between", {
        "owners owner_id=B share_uncorrected": f("15/47"), "owners owner_id=B share": f("3/10"),
        "owners owner_id=A share_uncorrected": f("3/47"), "owners owner_id=A share": f("3/50"),
    }),
    # O3: a ring lifts a share over a quarter
    ("o3", "owners A", shares(P="25/39", Q="4/39", R="10/39")),
    ("o3", "owners B", shares(P="10/39", Q="25/39", R="4/39")),
    ("o3", "owners C", shares(P="4/39", Q="10/39", R="25/39")),
    ("o3", "beneficial-owners B", {
        "beneficial_owners party_id=P,axis=share value": f("10/39"), "beneficial_owners party_id=Q,axis=share met": "yes",
        "beneficial_owners party_id=P,axis=share met": "yes", "beneficial_owners party_id=P,axis=share threshold": f("1/4"),
    }),
    ("o3", "weakest-link P B", {"weakest_link 0 product": f("0.24"), "weakest_link 0 path": ["P", "A", "B"]}),
    # O4: money and votes; these are held in parts per billion, 5/7 to nine digits
    ("o4", "owners C", shares(P="1/5", Q="4/5") | {
        "owners owner_id=P votes": Fraction(round(f("5/7") * BILLION), BILLION),
        "owners owner_id=Q votes": Fraction(round(f("2/7") * BILLION), BILLION),
    }),
    ("o4", "beneficial-owners C", {
        "beneficial_owners party_id=P,axis=votes met": "yes", "beneficial_owners party_id=Q,axis=share met": "yes",
        "beneficial_owners party_id=P,axis=control met": "yes",
    }),
    # O5: control with less than a quarter of the money
    ("o5", "controls P", {
        "controls 0 party_id": "A", "controls 1 party_id": "B", "controls 2 party_id": "C",
        "controls party_id=A votes": f("51/100"), "controls party_id=B votes": f("51/100"), "controls party_id=C votes": f("55/100"),
        "controls party_id=C through": [["A", f("1/4")], ["B", f("3/10")]],
    }),
    ("o5", "controllers C", {"controllers party_id=P ultimate": True, "controllers party_id=P certain": True}),
    ("o5", "owners A", shares(P="51/100")),
    ("o5", "owners B", shares(P="3581/10000")),
    ("o5", "owners C", shares(P="23493/100000")),
    ("o5", "beneficial-owners C", {
        "beneficial_owners party_id=P axis": "control", "beneficial_owners axis=unknown value": 1 - f("0.23493"),
    }),
    # O6: the thinnest stake of each chain
    ("o6", "weakest-link P C", {
        "weakest_link 0 path": ["P", "A", "B", "C"], "weakest_link 0 thinnest": f("3/10"),
        "weakest_link 1 path": ["P", "A", "C"], "weakest_link 1 thinnest": f("1/4"),
        "weakest_link 2 path": ["P", "B", "C"], "weakest_link 2 thinnest": f("1/5"),
        "weakest_link 0 product": f("0.3") * f("0.4") * f("0.6"),
    }),
    # O7: three in concert against one; and how often blocks decide
    ("o7", "controls Q", {
        "controls party_id=C votes": f("51/100"), "controls party_id=C joint": True,
        "controls party_id=C through": [["P", f("0.18")], ["Q", f("0.17")], ["R", f("0.16")]],
    }),
    ("o7", "controls H", {"controls": []}),
    ("o7", "controllers C", {
        "controllers party_id=P with_parties": ["Q", "R"], "controllers party_id=R joint": True, "controllers party_id=Q ultimate": True,
    }),
    ("o7", "power C", {"power party_id=P shapley_shubik": 1, "power party_id=P votes": f("51/100"), "power party_id=H banzhaf": 0}),
    ("blocks 40", "power C", {f"power party_id=h{n} shapley_shubik": f("1/3") for n in range(3)}),
    ("blocks 35", "power C", {
        "power party_id=h0 shapley_shubik": f("5/12"), "power party_id=h1 shapley_shubik": f("1/4"),
        "power party_id=h2 shapley_shubik": f("1/4"), "power party_id=h3 shapley_shubik": f("1/12"),
    }),
    ("blocks 51", "power C", {"power party_id=h0 shapley_shubik": 1, "power party_id=h1 shapley_shubik": 0}),
    # O8: a majority over a minority, multiplied and not
    ("o8", "owners T", shares(P="153/1000")),
    ("o8", "beneficial-owners T", {"beneficial_owners 0 axis": "unknown", "beneficial_owners 0 value": f("847/1000")}),
    ("o8", "beneficial-owners T --regime EU", {
        "beneficial_owners party_id=P,axis=share value": f("3/10"), "beneficial_owners party_id=P,axis=share mode": "majority_chain",
    }),
    ("o8", "beneficial-owners T --regime UK", {"beneficial_owners party_id=P,axis=votes value": f("3/10")}),
    # Related parties, of O5 with D and E, from either side
    *(
        ("o5", f"related {one} {other}", {"answer": "yes"})
        for pair in ("PA", "AB", "BC", "EA", "EB", "EC", "EP", "DP", "DA", "DB", "DC") for one, other in (pair, pair[::-1])
    ),
    ("o5", "related D E", {"answer": "disputed", "basis rule=common_influence answer": "no", "basis rule=through_person answer": "disputed"}),
    ("o5", "related E D", {"answer": "disputed"}),
    ("o5", "related E D --as-of 2019-12-31", {"answer": "yes", "basis rule=common_influence mark": "V"}),
    # P1: layers
    *(("p1", f"products {name}", {"depth": depth, "layers 0 depth": depth}) for name, depth in (("W", 2), ("W2", 1), ("X", 1))),
    # P2: investors
    ("p2", "products V", {"nominal_count": 34, "investor_count": 207}),
    # P4: leverage
    ("p4", "products W", {
        "leverage 0 nominal": f("6/5"), "leverage 0 proportional": f("8/5"), "leverage 0 consolidated": f("12/5"),
        "assets asset_id=bonds weight": f("2/3"), "assets asset_id=loans weight": f("1/3"),
    }),
    # P5: maturities
    ("p5", "products W --as-of 2024-03-01T00:00:00", {
        "wam_liabilities": 66, "wam_assets": 414, "wam_gap": 348,
        "ladder bucket=8-30 cumulative_gap": "-20.00", "ladder bucket=31-90 cumulative_gap": "-80.00",
        "ladder bucket=91-180 cumulative_gap": "-50.00", "ladder bucket=181-365 cumulative_gap": "-50.00",
        "ladder bucket=>365 cumulative_gap": "0.00", "ladder bucket=31-90 gap_ratio": f("-4"),
        "ladder bucket=8-30 rollover_dependency": f("1/2"), "ladder bucket=31-90 rollover_dependency": f("4/5"),
    }),
]  # fmt: skip


def same(found: Any, wanted: Any) -> bool:
    """Equal; numbers to twelve digits, each in its place."""
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, Fraction) or (isinstance(wanted, int) and not isinstance(wanted, bool)):
        return isinstance(found, (Fraction, int)) and abs(found - wanted) < TWELVE
    return bool(found == wanted)


@pytest.mark.parametrize(
    ("toy", "words", "wanted"), VECTORS, ids=[f"{toy} {words}" for toy, words, _ in VECTORS]
)
def test_a_vector_is_printed_to_twelve_digits(
    toy: str,
    words: str,
    wanted: dict[str, Any],
    case_of: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = ask(case_of(toy), words, capsys)
    for where, value in wanted.items():
        found = at(answer, where)
        assert same(found, value), f"{where}: {found} is not {value}"


def test_every_vector_is_asked() -> None:
    asked = {toy for toy, _, _ in VECTORS}
    assert asked >= {*(f"o{n}" for n in range(1, 9)), "p1", "p2", "p4", "p5"}
    assert {words.split()[0] for _, words, _ in VECTORS} == {
        "owners", "controls", "controllers", "beneficial-owners", "related", "weakest-link", "power", "products",
    }  # fmt: skip


def test_owners_who_are_not_asked_for_are_in_the_answer_too(
    case_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every column of shares sums to one, nobody is left out of the print."""
    for toy, company in (("o1", "B"), ("o2", "A"), ("o3", "C"), ("o5", "C"), ("o8", "T")):
        rows = ask(case_of(toy), f"owners {company}", capsys)["owners"]
        for axis in ("share", "votes"):
            assert abs(sum(row[axis] for row in rows) - 1) < TWELVE, (toy, axis)


def test_people_read_the_names_of_rules_and_no_empty_facts(
    case_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    case = str(case_of("o5"))
    capsys.readouterr()
    assert run(["related", case, "D", "E"]) == 0
    said = capsys.readouterr().out
    assert "common significant influence" in said and "through a principal investor or key manager" in said
    assert "through_person" not in said and "As of" not in said, "no stake has a date"
    assert run(["related", case, "D", "E", "--language", "zh", "--as-of", "2024-06-30"]) == 0
    said = capsys.readouterr().out
    assert "同受重大影响" in said and "截至" in said and "线索提示（不作为证明）：无" in said


def test_what_is_not_known_is_null(
    case_of: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(case_of("o5"), "owners C", capsys)
    assert answer["as_of"] is None, "no stake has a date"
    nobody = at(answer, "owners kind=unknown")
    assert nobody["owner_id"] is None and nobody["direct"] is None and same(nobody["share"], 1 - f("0.23493"))
    assert ask(case_of("o5"), "owners C --as-of 2024-06-30", capsys)["as_of"] == "2024-06-30 23:59:59+08:00"
