"""The classes of RL-27 and RL-28 on the vectors of the rules: what puts whom where."""

from __future__ import annotations

import dataclasses

import pytest

from graphflow.findings import Finding
from graphflow.redlines import REDLINES, check
from graphflow.redlines.amounts import raised
from graphflow.redlines.classes import AXES, SIX, THREE, classify, six, three
from graphflow.synthesis.lines import amounts, quiet, rl01, rl06, rl14, rl18, rl22, rl26


@pytest.fixture(scope="module")
def some() -> Finding:
    return check(rl06.amount_toy()).findings[0]


def of(some: Finding, *codes: str, severity: str = "medium") -> list[Finding]:
    return [
        dataclasses.replace(
            some,
            code=code,
            severity=severity,
            kinds={"flow": "shown", "register": "shown"},
            elements=(),
            counter_evidence=(),
        )
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
    found = six(False, of(some, "RL-01") + of(some, "RL-07", severity="critical"))
    assert found.code == "U3" and all(each.startswith("RL-07") for each in found.reasons)
    assert six(False, of(some, "RL-01", "RL-07", severity="high")).code == "U2", (
        "no sign of a crime by itself"
    )
    assert six(True, of(some, "RL-18", "RL-19")).code == "L3"
    assert six(False, of(some, "RL-08", severity="critical")).code == "U3"
    assert six(False, of(some, "RL-08"), raised(amounts.raising(), "FUND")).code == "U2", "it has a loss"


def test_what_is_not_known_is_not_taken_for_the_mildest_or_the_gravest(some: Finding) -> None:
    assert six(None, []).code == "OK"
    found = six(None, of(some, "RL-06"))
    assert found.code == "?" and "L2" in str(found.reasons[0]) and "U2" in str(found.reasons[0])
    assert found.reasons[1].startswith("RL-06")
    unknown = six(False, of(some, "RL-08"))
    assert unknown.code == "U1" and "not known" in str(unknown.reasons[-1])
    small = raised(amounts.raising(), "FUND", as_of="2024-08-01")
    small = dataclasses.replace(small, investors=small.investors.assign(net_loss=0))
    dollars = dataclasses.replace(small, currency="USD")
    assert "not known" in str(six(False, of(some, "RL-08"), dollars).reasons[-1]), "a million is yuan"
    unseen = dataclasses.replace(small, investors=small.investors.iloc[:0], seen=False)
    assert "not known" in str(six(False, of(some, "RL-08"), unseen).reasons[-1]), "zeros are not small"


def test_no_grave_class_hangs_on_what_cannot_be_told(some: Finding) -> None:
    """A platform that only signs for accounts: whether they are in custody is not known."""
    (signed,) = check(rl01.signed_toy(), only="RL-01").findings
    found = six(False, [signed])
    assert (
        found.code == "?" and found.reasons[0] == "U2 as it was found, OK if what is open speaks against it"
    )
    assert f"{signed.id} leaves open: it is a custody, reserve or clearing account" in found.reasons
    assert signed.id in found.reasons, "it is not made milder in silence"
    platform, _ = three([signed, *of(some, "RL-02", severity="high")])
    assert platform.code == "?" and str(platform.reasons[0]).startswith("ban as it was found, rectify if")
    (known,) = check(rl01.toy(), only="RL-01").findings
    assert six(False, [known]).code == "U2", "its custody is known"
    assert three([known, *of(some, "RL-02", severity="high")])[0].code == "ban"
    both = six(False, [signed, known])
    assert both.code == "U2" and both.reasons == (known.id,), "the one that is sure is enough"
    (public,) = check(rl14.public_toy(), only="RL-14").findings
    crime = six(False, [public])
    assert public.severity == "critical" and crime.code == "?" and str(crime.reasons[0]).startswith("U3 as")
    assert six(False, [public, *of(some, "RL-08", severity="critical")]).code == "U3"


def test_a_borrower_over_his_limit_may_not_be_terms_split(some: Finding) -> None:
    """The element is open, so it is business, and no disorder yet."""
    found = six(False, [some])
    assert (
        found.code == "?" and found.reasons[0] == "U2 as it was found, U1 if what is open speaks against it"
    )
    (split,) = check(rl06.toy(), only="RL-06").findings
    assert six(False, [split]).code == "U2"


def test_what_no_table_can_answer_is_said_beside_a_grave_class() -> None:
    (acquirer,) = check(rl22.acquirer_toy(), only="RL-22").findings
    found = six(False, [acquirer])
    assert (
        found.code == "U3" and f"{acquirer.id} leaves open: it acts for a licensed principal" in found.reasons
    )


def test_a_name_alone_is_no_business() -> None:
    (named,) = check(rl26.toy(), only="RL-26").findings
    assert six(False, [named]).code == "N" and six(False, [named]).reasons == (named.id,)
    assert six(False, [named], shells=3).code == "N" and six(False, [], shells=3).code == "OK"
    (public,) = check(rl26.public_toy(), only="RL-26").findings
    assert six(False, [public]).code == "U1"


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


def test_an_axis_that_could_not_be_asked_has_no_figure(some: Finding) -> None:
    _, axes = three(of(some, "RL-06"), asked=["RL-06", "RL-07"])
    assert axes == {
        "intermediary": None, "compliance": 70, "custody": None, "disclosure": 100, "facilities": None,
    }  # fmt: skip


def test_every_red_line_is_on_one_axis() -> None:
    placed = sorted(code for _, lines in AXES.values() for code in lines)
    assert placed == [line.code for line in REDLINES]
    assert set(SIX) == {"L1", "L2", "L3", "U1", "U2", "U3", "OK", "N", "?"}
    assert set(THREE) == {"ban", "rectify", "compliant", "?"}
    assert three([], asked=set())[0].code == "?"


def test_a_case_is_classified() -> None:
    frame = classify(rl18.toy()).set_index("party_id")
    assert frame.loc["X", "six"] == "U2" and not frame.loc["X", "licensed"]
    quiet_ones = classify(quiet.quiet())
    assert set(quiet_ones["six"]) == {"OK"}
    platform = quiet_ones.set_index("party_id").loc["PLATFORM"]
    assert platform["three"] == "compliant" and platform["custody"] == 100
