"""Scores: every figure can be worked out by hand, decisions count, nothing is left of what was dismissed."""

from __future__ import annotations

from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import given

import graphflow as gf
from graphflow.errors import InputError, UsageError
from graphflow.scoring.rating import DIGITS, Lead, parts_of, read_parameters, score_of
from graphflow.synthesis.lines import quiet, rl06, rl18

P = read_parameters()


def _by_hand(parts) -> float:
    """The score out of its parts, as a person works it out: of each kind of evidence the weightiest."""
    best: dict[str, Fraction] = {}
    for part in parts:
        value = Fraction(part["weight"]) * Fraction(part["strength"]) * Fraction(part["confidence"])
        if part["decision"] != "dismiss":
            best[part["evidence"]] = max(best.get(part["evidence"], Fraction(0)), value)
    left = Fraction(1)
    for value in best.values():
        left *= 1 - value
    return float(round(1 - left, DIGITS))


@pytest.mark.parametrize("toy", [rl06.toy, rl06.amount_toy, rl18.toy])
def test_every_score_can_be_worked_out_from_its_parts(toy):
    scores = gf.score(toy())
    assert (scores["score"] > 0).any()
    for row in scores.to_dict("records"):
        assert row["score"] == _by_hand(row["parts"]), row


def test_every_subject_is_there_once_and_the_quiet_case_has_no_score():
    case = quiet.quiet()
    scores = gf.score(case)
    assert not scores.duplicated(["subject_kind", "subject_id"]).any()
    for kind, table in (("party", "parties"), ("account", "accounts"), ("product", "products")):
        mine = scores.loc[scores["subject_kind"] == kind, "subject_id"]
        assert set(mine) == set(case.tables.frame(table)[f"{kind}_id"])
    assert scores["score"].eq(0).all()


def test_a_finding_about_a_loan_counts_for_its_platform_and_one_about_an_account_for_its_holder():
    case = rl06.toy()
    f = gf.check(case, only="RL-06").findings[0]
    assert f.subject_kind == "loan"
    scores = gf.score(case)
    platform = case.tables.loans["platform_id"].iloc[0]
    assert f.id in [p["finding"] for p in scores.set_index("subject_id").loc[platform, "parts"]]


def test_a_dismissed_finding_counts_nothing_and_a_confirmed_one_in_full():
    case = rl06.amount_toy()
    f = gf.check(case, only="RL-06").findings[0]

    def now() -> float:
        return float(gf.score(case).set_index("subject_id").loc[f.subject_id, "score"])

    before = now()
    gf.decide(case, f.id, "dismiss", reason="split long ago", by="Li")
    assert now() == 0
    gf.decide(case, f, "confirm", reason="it was not", by="Wang")
    assert now() > before
    gf.decide(case, f.id, "reopen", reason="not sure", by="Li")
    assert now() == before
    assert gf.decisions(case)["counts"].tolist() == [False, False, True]
    assert gf.decisions(case)["by"].tolist() == ["Li", "Wang", "Li"]


def test_a_dismissed_finding_is_up_again_when_its_evidence_changes():
    case = rl06.amount_toy()
    f = gf.check(case, only="RL-06").findings[0]
    gf.decide(case, f, "dismiss", reason="known")
    assert gf.score(case)["score"].max() == 0
    frames = {name: case.tables.frame(name) for name in case.tables.names}
    loans = frames["loans"]
    frames["loans"] = loans[loans["loan_id"] != loans["loan_id"].iloc[0]]
    other = gf.Case.from_tables(money="minor", **frames)
    other.actions._lines += case.actions._lines
    changed = gf.check(other, only="RL-06").findings
    assert changed
    assert f.id not in [g.id for g in changed]
    assert gf.score(other)["score"].max() > 0


@pytest.mark.parametrize(
    ("finding", "verdict", "reason", "said"),
    [
        ("RL-06-000000000000", "dismiss", "x", "the case has no such finding"),
        ("nonsense", "dismiss", "x", "this is not the id of a finding"),
        ("RL-06-000000000000", "drop", " ", "verdict.*\n.*a decision needs a reason"),
    ],
)
def test_a_decision_on_nothing_is_refused(finding, verdict, reason, said):
    case = rl06.amount_toy()
    with pytest.raises(UsageError, match=said):
        gf.decide(case, finding, verdict, reason=reason)
    assert case.actions.read() == ()


LEADS = st.lists(
    st.builds(
        Lead,
        id=st.integers(0, 9).map("f{}".format),
        code=st.sampled_from(sorted(P.weight)),
        subjects=st.just((("party", "P"),)),
        severity=st.sampled_from(sorted(P.strength)),
        kinds=st.dictionaries(
            st.sampled_from(["flow", "ownership", "contract", "register", "statement"]),
            st.sampled_from(["shown", "inferred"]), min_size=1,
        ),
    ),
    max_size=8,
)  # fmt: skip


@given(LEADS, st.randoms())
def test_a_score_lies_between_nothing_and_all_grows_with_leads_and_has_no_order(leads, random):
    whole = score_of(parts_of(leads, P, {}))
    assert 0 <= whole <= 1
    assert score_of(parts_of(leads[:-1], P, {})) <= whole
    other = list(leads)
    random.shuffle(other)
    assert parts_of(other, P, {}) == parts_of(leads, P, {})


@given(LEADS)
def test_two_findings_on_one_kind_of_evidence_count_once(leads):
    twice = [*leads, *(Lead(f"{x.id}b", x.code, x.subjects, x.severity, x.kinds) for x in leads)]
    assert score_of(parts_of(twice, P, {})) == score_of(parts_of(leads, P, {}))


def test_parameters_of_ones_own_and_all_that_is_wrong_with_them(tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_text("kind,name,value\nweight,RL-06,1\n")
    assert read_parameters(mine).weight["RL-06"] == 1
    assert read_parameters(mine).version.endswith("+mine.csv")
    usual = gf.score(rl06.amount_toy())["score"].max()
    assert gf.score(rl06.amount_toy(), parameters=mine)["score"].max() == pytest.approx(2 * usual)
    mine.write_text("kind,name,value\nweight,RL-99,1\nstrength,high,2\nlevel,high,x\n")
    with pytest.raises(InputError) as error:
        read_parameters(mine)
    assert [p.where[-2:] for p in error.value.problems] == [":2", ":3", ":4"]
    with pytest.raises(InputError, match="cannot be read"):
        read_parameters(tmp_path / "none.csv")


def test_every_red_line_and_pattern_has_a_weight():
    from graphflow.redlines import REDLINES
    from graphflow.typologies import PATTERNS

    assert set(P.weight) == {line.code for line in REDLINES} | {p.name for p in PATTERNS}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_on_operating_computes_as_the_program_does(language):
    from graphflow.manual import read

    page = read("operating", language).source
    one = Lead("a", "RL-06", (), "medium", {"contract": "shown"})
    two = Lead("b", "RL-01", (), "high", {"flow": "shown"})
    alone, both = score_of(parts_of([one], P, {})), score_of(parts_of([one, two], P, {}))
    assert f"**{float(alone):.3f}**" in page and f"**{float(both):.4f}**" in page
    for value in (P.weight["RL-06"], P.strength["medium"], P.confidence["shown"], P.weight["RL-01"]):
        assert f"{float(value):g}" in page
    toy = gf.check(rl06.amount_toy(), only="RL-06").findings[0]
    assert toy.id in page
