"""The classes of RL-27 and RL-28 on the vectors of the rules: what puts whom where."""

from __future__ import annotations

import dataclasses

import pytest

from graphflow.findings import Finding
from graphflow.redlines import REDLINES, check
from graphflow.redlines.amounts import raised
from graphflow.redlines.classes import AXES, SIX, THREE, classify, six, three
from graphflow.synthesis.lines import amounts, quiet, rl06, rl18


@pytest.fixture(scope="module")
def some() -> Finding:
    return check(rl06.amount_toy()).findings[0]


def of(some: Finding, *codes: str, severity: str = "medium") -> list[Finding]:
    return [
        dataclasses.replace(some, code=code, severity=severity, kinds={"flow": "shown", "register": "shown"})
        for code in codes
    ]


def test_the_six_classes_of_the_vector(some: Finding) -> None:
    small = raised(amounts.raising(), "FUND", as_of="2024-08-01")
    small = dataclasses.replace(small, investors=small.investors.assign(net_loss=0))
    assert six(True, of(some, "RL-05")).code == "L1"
    assert six(True, of(some, "RL-19")).code == "L2"
    assert six(True, of(some, "RL-18")).code == "L3"
    assert six(False, of(some, "RL-08"), small).code == "U1"  # 600,000 lent by 40 would be as small
    assert six(False, of(some, "RL-01"), shells=4).code == "U2"
    assert six(False, of(some, "RL-07", "RL-25")).code == "U3"
    assert six(True, []).code == six(False, []).code == "OK"


def test_the_first_class_that_fits_counts_and_says_why(some: Finding) -> None:
    found = six(False, of(some, "RL-01", "RL-07"))
    assert found.code == "U3" and all(each.startswith("RL-07") for each in found.reasons)
    assert six(True, of(some, "RL-18", "RL-19")).code == "L3"
    assert six(False, of(some, "RL-08", severity="critical")).code == "U3"
    assert six(False, of(some, "RL-08"), raised(amounts.raising(), "FUND")).code == "U2", "it has a loss"


def test_the_three_classes(some: Finding) -> None:
    assert three([])[0].code == "compliant"
    assert three(of(some, "RL-26", severity="watch"))[0].code == "compliant"
    assert three(of(some, "RL-06"))[0].code == "rectify"
    assert three(of(some, "RL-01", severity="high"))[0].code == "rectify"
    assert three(of(some, "RL-01", "RL-02", severity="high"))[0].code == "ban"
    assert three(of(some, "RL-24", severity="critical"))[0].code == "ban"
    assert three([], refuses=True)[0].code == "ban"
    _, axes = three(of(some, "RL-23", severity="high"))
    assert axes == {
        "intermediary": 100,
        "compliance": 100,
        "custody": 40,
        "disclosure": 100,
        "facilities": None,
    }


def test_the_axes_name_red_lines_that_there_are_or_will_be() -> None:
    codes = {f"RL-{number:02d}" for number in range(1, 30)}
    assert {line.code for line in REDLINES} <= codes
    assert {code for _, lines in AXES.values() for code in lines} <= codes
    assert set(SIX) == {"L1", "L2", "L3", "U1", "U2", "U3", "OK"} and set(THREE) == {
        "ban",
        "rectify",
        "compliant",
    }


def test_a_case_is_classified() -> None:
    frame = classify(rl18.toy()).set_index("party_id")
    assert frame.loc["X", "six"] == "U2" and not frame.loc["X", "licensed"]
    quiet_ones = classify(quiet.quiet())
    assert set(quiet_ones["six"]) == {"OK"}
    platform = quiet_ones.set_index("party_id").loc["PLATFORM"]
    assert platform["three"] == "compliant" and platform["custody"] == 100
