"""What a reader is told of red lines: the paragraph, the notebook, files of thresholds."""

from __future__ import annotations

from fractions import Fraction

import pytest

import graphflow as gf
from graphflow.errors import InputError
from graphflow.redlines.asking import read_thresholds
from graphflow.synthesis.lines import quiet, rl01, rl02, rl06


@pytest.fixture(scope="module")
def owed():
    return gf.check(rl06.amount_toy(), only="RL-06").findings[0]


def dated(finding, first, last):
    import dataclasses

    return dataclasses.replace(finding, period=(first, last))


def test_law_that_came_after_the_rows_is_said_to_be_later(owed):
    """Planted: the measures of 2016-08-17 stand under rows of 2015; on that very day they are law."""
    early = dated(owed, "2015-01-01", "2016-08-16")
    assert [each.since for each in early.later_law] == ["2016-08-17"]
    assert "In force only after 2016-08-16" in early.text() and "--as-of 2016-08-16" in early.text()
    assert early.as_dict(evidence=False)["later_law"] == [early.later_law[0].article]
    for since in ("2016-08-17", "2018-01-15"):
        later = dated(owed, "2015-01-01", since)
        assert not later.later_law and "In force only after" not in later.text()
    assert not dated(owed, "", "").later_law


def test_a_measure_stands_beside_its_threshold_in_words(owed):
    said = owed.text()
    assert "owed at once: 1,500,000.00 CNY (threshold: more than 1,000,000.00 CNY; law)" in said
    assert ">=" not in said and "> " not in said


def test_one_day_is_no_period(owed):
    assert "Day: 2018-01-01." in dated(owed, "2018-01-01", "2018-01-01").text()
    assert "Period: 2018-01-01 to 2018-01-15." in owed.text()


def test_what_stands_alike_for_one_reason_is_said_once(owed):
    import dataclasses

    one, two, *rest = owed.counter_evidence
    alike = [dataclasses.replace(each, state="unknown", note="no table says it") for each in (one, two)]
    said = dataclasses.replace(owed, counter_evidence=(*alike, *rest)).text()
    assert said.count("no table says it") == 1
    assert f"{one.text}; {two.text} (all cannot be told): no table says it" in said


def test_what_was_not_looked_at_is_not_said_to_have_been_checked():
    for finding in gf.check(rl01.toy(), only="RL-01").findings:
        assert "checked: does not apply" not in finding.text()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("RL-01,pool,-0.3,", "never less than nothing"),
        ("RL-01,pool,30,", "not a percentage"),
        ("RL-01,residence,3,months", "another unit"),
        ("RL-02,loss,500000,USD", "another unit"),
        ("RL-14,limit,200.5,persons", "whole number"),
        ("RL-01,pool,0.3,\nRL-01,pool,0.4,", "given twice"),
        ("RL-01,pool,0.3,,more", "more cells"),
        ("RL-01,pool", "not a number"),
    ],
)
def test_a_file_of_thresholds_that_would_be_misread_is_refused(tmp_path, rows, words):
    file = tmp_path / "law.csv"
    file.write_text(f"code,name,value,unit\n{rows}\n", encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_thresholds(file)


def test_a_column_that_nobody_reads_is_refused_and_a_line_is_named_as_it_stands(tmp_path):
    file = tmp_path / "law.csv"
    file.write_text("code,name,value,since\n\nRL-01,pool,x,2020-01-01\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_thresholds(file)
    said = str(caught.value)
    assert "there is no such column" in said and "since" in said and "law.csv:3" in said


def test_a_file_with_units_is_read(tmp_path):
    file = tmp_path / "law.csv"
    file.write_text(
        "code, name, value, unit\nRL-01,residence,5,days\nRL-01,pool,3/10,\nRL-29,cash,20000,CNY\n",
        encoding="utf-8",
    )
    assert read_thresholds(file) == {
        ("RL-01", "residence"): 5,
        ("RL-01", "pool"): Fraction(3, 10),
        ("RL-29", "cash"): 20000,
    }


def test_codes_are_taken_as_people_write_them():
    assert gf.check(rl06.toy(), only=" rl-06,").findings[0].code == "RL-06"
    with pytest.raises(gf.errors.UsageError):
        gf.check(rl06.toy(), only=" , ")


def test_a_notebook_says_what_was_not_found_and_what_was_not_asked():
    shown = gf.check(rl06.toy(), only="RL-06,RL-14")._repr_html_()
    assert "Term and amount splitting" in shown and "no determination" in shown
    assert "Not assessable" in shown and "RL-14" in shown
    nothing = gf.check(quiet.quiet(), only="RL-26")._repr_html_()
    assert "Nothing was found in what could be asked" in nothing and "no determination" in nothing


def test_a_notebook_counts_the_rows_that_it_leaves_out(owed):
    finding = gf.check(rl01.toy(), only="RL-01").findings[0]
    more = len(finding.evidence) - 20
    assert more > 0 and f"and {more} more rows" in finding._repr_html_()
    assert len(owed.evidence) <= 20 and "more rows" not in owed._repr_html_()


def test_what_hangs_on_the_rule_of_tracing_is_told_as_a_range():
    """Nothing came there under one rule: the sentence must not say that the most did."""
    toys = [toy for name, toy in vars(rl02).items() if name.endswith("toy") and callable(toy)]
    found = [f for toy in toys for f in gf.check(toy(), only="RL-02").findings]
    apart = [f for f in found if f.amount != f.amount_least and f.measure != "listing"]
    assert apart and all("by the rule of tracing" in str(f.summary) for f in apart)
    assert any(str(f.summary).startswith("0.00 CNY to 150.00 CNY that 易贷 raised, 0 % to") for f in apart)
