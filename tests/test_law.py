"""The law as data: its tables hold together, and what is decided follows the rows that were in force."""

from __future__ import annotations

import ast
import datetime
import inspect
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest

import graphflow as gf
from graphflow import law as laws
from graphflow.cli import run
from graphflow.language import LANGUAGES
from graphflow.law import MARKS, law, law_on
from graphflow.ownership import relating
from graphflow.synthesis import holders
from tests.test_ownership import group

TABLES = sorted(file.stem for file in (Path(gf.__file__).parent / "law").glob("*.csv"))


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_marked_dated_and_worded_in_both_languages(name: str) -> None:
    rows = law(name)
    assert rows
    for row in rows:
        assert row["mark"] in MARKS and row.get("article", "-"), row  # who is in charge is no article
        worded = [column.removesuffix("_en") for column in row if column.endswith("_en")]
        assert worded and all(row[f"{each}_{language}"] for each in worded for language in LANGUAGES), row
        days = [datetime.date.fromisoformat(row[each]) for each in ("since", "until") if row[each]]
        assert days == sorted(days), row
        if row.get("threshold"):
            assert 0 < Fraction(row["threshold"]) < 1 and row["inclusive"] in ("true", "false"), row


@pytest.mark.parametrize("name", ["related_parties", "control"])
def test_of_one_rule_one_row_is_in_force(name: str) -> None:
    days = {
        datetime.date.fromisoformat(row[each])
        for row in law(name)
        for each in ("since", "until")
        if row[each]
    }
    for day in (*days, *(day + datetime.timedelta(1) for day in days), None):
        rules = [row["rule"] for row in law_on(name, day)]
        assert len(set(rules)) == len(rules), day


def test_every_rule_that_relates_has_a_row_and_every_row_a_rule() -> None:
    told = {
        node.value.elts[0].value for function in (relating._grounds, relating._through_persons)
        for node in ast.walk(ast.parse(inspect.getsource(function)))
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and isinstance(node.value.elts[0], ast.Constant)
    }  # fmt: skip
    told |= {"common_control", "state_only", "window"}  # the first two stand in one yield
    assert told == {row["rule"] for row in law("related_parties")}


# ---------------------------------------------------------------------- the date decides which rows


def rules_of(case: gf.Case, one: str, other: str, day: str | None) -> dict[str, tuple[str, str]]:
    basis = gf.related(case, one, other, day).basis
    return {row.rule: (row.answer, row.mark) for row in basis.itertuples()}


def test_common_influence_related_until_the_interpretation_of_2020() -> None:
    case = holders.o5()
    assert gf.related(case, "D", "E").answer == "disputed", "without a date the law is as it was last"
    assert gf.related(case, "D", "E", "2020-01-01").answer == "disputed"
    before = gf.related(case, "D", "E", "2019-12-31")
    assert before.answer == "yes" and set(before.basis["answer"]) == {"yes"}
    assert rules_of(case, "D", "E", "2019-12-31")["common_influence"] == ("yes", "V")
    assert rules_of(case, "D", "E", "2020-01-01")["common_influence"] == ("no", "G")
    # a company with influence on both, which no person stands behind
    both = group([("A", "X", "0.3"), ("A", "Y", "0.3")])
    assert (
        gf.related(both, "X", "Y", "2019-12-31").answer == "yes" and gf.related(both, "X", "Y").answer == "no"
    )


def test_associates_of_the_group_relate_since_2020() -> None:
    case = holders.o5()
    assert "group_associate" in rules_of(case, "B", "E", "2020-01-01")
    assert "group_associate" not in rules_of(case, "B", "E", "2019-12-31")


def test_the_article_of_company_law_is_the_one_of_the_date() -> None:
    case = group([("p", "A", "0.6"), ("p", "B", "0.6")])
    found = {
        day: gf.related(case, "A", "B", day)
        .basis.set_index("rule")
        .loc["company_law", ["article", "mark"]]
        .tolist()
        for day in ("2006-01-01", "2014-02-28", "2014-03-01", "2024-06-30", "2024-07-01")
    }
    articles = ["二百一十七条", "二百一十七条", "二百一十六条", "二百一十六条", "二百六十五条"]
    for (day, (article, mark)), wanted in zip(found.items(), articles, strict=True):
        assert wanted in article and article.count("条") == 1 and mark == "V", day


def test_before_the_rules_there_is_no_answer() -> None:
    with pytest.raises(
        gf.UsageError,
        match="no rule on who is related was in force on 2005-12-31: they hold from 2006-01-01",
    ):
        gf.related(holders.o5(), "A", "B", "2005-12-31")


# ---------------------------------------------------------------------- thresholds are the rows'


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch):
    """Change a value of a rule of a table for one test."""

    def change(name: str, rule: str, **values: str) -> None:
        rows: tuple[Mapping[str, str], ...] = tuple(
            {**row, **(values if row["rule"] == rule else {})} for row in law(name)
        )
        real = laws.law
        monkeypatch.setattr(laws, "law", lambda asked: rows if asked == name else real(asked))

    return change


def test_influence_is_at_least_a_fifth_of_the_votes(changed) -> None:
    exact = group([("A", "X", "0.2")])
    assert gf.related(exact, "X", "A").answer == "yes"
    assert gf.related(group([("A", "X", "0.199999999")]), "X", "A").answer == "no"
    changed("related_parties", "influence", inclusive="false")
    assert gf.related(exact, "X", "A").answer == "no"
    changed("related_parties", "influence", threshold="0.15", inclusive="true")
    assert gf.related(group([("A", "X", "0.15")]), "X", "A").answer == "yes"


def test_a_large_holder_has_a_twentieth(changed) -> None:
    case = group([("A", "X", "0.05")])
    assert gf.related(case, "X", "A").basis["rule"].tolist() == ["five_percent"]
    assert gf.related(group([("A", "X", "0.049999999")]), "X", "A").basis.empty
    changed("related_parties", "five_percent", threshold="0.06")
    assert gf.related(case, "X", "A").basis.empty


def test_the_window_is_twelve_months(changed) -> None:
    case = group([("A", "X", "0.5", {"since": "2014-01-01", "until": "2015-01-01"}), ("A", "X", "0.1")])
    assert gf.related(case, "X", "A", "2015-12-31").answer == "yes"
    assert gf.related(case, "X", "A", "2016-01-02").answer == "no"
    changed("related_parties", "window", days="30")
    assert gf.related(case, "X", "A", "2015-12-31").answer == "no"
    assert gf.related(case, "X", "A", "2015-01-15").answer == "yes"


def test_a_block_decides_in_fact_from_three_tenths_and_twice_the_next(changed) -> None:
    def decides(most: str, second: str) -> bool:
        case = group([("p", "A", most), ("q", "A", second)])
        return not gf.controls(case, "p", de_facto=True).empty

    assert decides("0.3", "0.15") and not decides("0.299999999", "0.1") and not decides("0.3", "0.150000001")
    changed("control", "de_facto", threshold="0.2", times="3")
    assert decides("0.2", "0.05") and not decides("0.3", "0.15")
    changed("control", "de_facto", threshold="0.2", times="3", inclusive="false")
    assert not decides("0.2", "0.05")


def test_the_command_line_says_the_figures_of_the_rule(changed, capsys: pytest.CaptureFixture[str]) -> None:
    changed("control", "de_facto", threshold="0.35", times="4")
    assert run(["controls", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "from 35 % on and 4 times the next" in said
