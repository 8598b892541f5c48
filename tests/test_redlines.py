"""Every red line, by the one list: its toys, its near misses, the quiet case, and that its rows are evidence."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import graphflow as gf
from graphflow.errors import Told
from graphflow.findings import KINDS, OUTCOMES, SEVERITIES, STATES, Finding
from graphflow.law import law
from graphflow.redlines import REDLINES, RedLine, check
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.facts import IN_YUAN, SOME_IN_YUAN
from graphflow.synthesis import lines
from graphflow.synthesis.small import case_of
from graphflow.tables import SCHEMA
from graphflow.tracing import RULES

names_of_rules = [rule.name for rule in RULES]

MOST_DROPPED = int(os.environ.get("GRAPHFLOW_DROPPED", "2"))
"""Rows of a finding that are left out one by one; of more, so many at equal distances."""

ASKED: dict[str, set[str]] = {}
"""Of each line the lines whose thresholds were asked about on its toys so far."""

CODES = [line.code for line in REDLINES]
BY_CODE = {line.code: line for line in REDLINES}


def toys(suffix: str) -> list[tuple[str, str]]:
    """(code, name) of every toy of every line whose name ends so; ``toy``, ``amount_toy`` …"""
    found = []
    for module in pkgutil.iter_modules(lines.__path__):
        if module.name.startswith("rl"):
            room = importlib.import_module(f"graphflow.synthesis.lines.{module.name}")
            code = f"RL-{module.name[2:4]}"
            found += [(code, name) for name, f in vars(room).items() if callable(f) and name.endswith(suffix)]
    return sorted(found)


def frames_of(code: str, name: str) -> dict[str, pd.DataFrame]:
    room = importlib.import_module(f"graphflow.synthesis.lines.rl{code[3:5]}")
    return dict(getattr(room, f"{name}_tables")())


def essence(f: Finding) -> tuple[Any, ...]:
    """What a finding says: everything that a missing row could change."""
    return (
        f.code, f.subject_kind, f.subject_id, f.severity, f.amount, f.amount_least, f.currency,
        tuple((m.name, m.value, m.threshold) for m in f.measures), tuple(sorted(f.by_rule.items())),
    )  # fmt: skip


def of_rows(frames: Mapping[str, pd.DataFrame], evidence: pd.DataFrame) -> gf.Case:
    """The case that some rows of evidence are, taken from the frames that they came from."""
    kept = {}
    for table, rows in evidence.groupby("table"):
        places = sorted(int(row) - 1 for row in rows["source_row"] if row is not pd.NA)
        kept[str(table)] = frames[str(table)].iloc[places].reset_index(drop=True)
    kept.setdefault("transfers", frames["transfers"].iloc[:0])
    if kept["transfers"].empty:  # a case is of transfers: one of strangers, which says nothing
        kept["transfers"] = pd.DataFrame(
            {"transfer_id": ["-"], "time": [frames["transfers"]["time"].iloc[0]], "source": ["?a"], "target": ["?b"],
             "amount": ["0.01"]}, dtype="str"
        )  # fmt: skip
    return gf.Case.from_tables(strict=False, **kept)


@pytest.fixture(scope="module", params=toys("toy"), ids=lambda p: f"{p[0]}-{p[1]}")
def toy(request: pytest.FixtureRequest) -> tuple[RedLine, dict[str, pd.DataFrame], list[Finding]]:
    code, name = request.param
    frames = frames_of(code, name)
    with pytest.MonkeyPatch.context() as patch:
        asked: set[str] = set()
        made = Inquiry.__init__

        def begin(self: Inquiry, line: RedLine, *rest: Any, **settings: Any) -> None:
            asked.add(line.code)
            made(self, line, *rest, **settings)

        patch.setattr(Inquiry, "__init__", begin)
        found = list(check(case_of(frames), only=code).findings)
    ASKED.setdefault(code, set()).update(asked)
    return BY_CODE[code], frames, found


def test_the_list_is_in_order_and_says_each_once() -> None:
    assert sorted(set(CODES)) == CODES


@pytest.mark.parametrize("line", REDLINES, ids=CODES)
def test_a_line_has_a_toy_and_a_near_miss(line: RedLine) -> None:
    assert [name for code, name in toys("toy") if code == line.code]
    assert [name for code, name in toys("near_miss") if code == line.code]


def test_a_toy_is_found(toy: tuple[RedLine, dict[str, pd.DataFrame], list[Finding]]) -> None:
    assert toy[2]


@pytest.mark.parametrize(("code", "name"), toys("near_miss"))
def test_a_near_miss_is_not(code: str, name: str) -> None:
    found = check(case_of(frames_of(code, name)), only=code)
    assert [f.summary for f in found.findings] == []
    assert found.tests["ran"].any(), "silent because nothing ran: that is no near miss"


@pytest.fixture(scope="module")
def quiet_case() -> gf.Case:
    from graphflow.synthesis.lines import quiet

    return quiet.quiet()


@pytest.mark.parametrize("line", REDLINES, ids=CODES)
def test_the_quiet_case_is_silent_and_every_test_runs_on_it(line: RedLine, quiet_case: gf.Case) -> None:
    found = check(quiet_case, only=line.code)
    assert [f.summary for f in found.findings] == []
    assert found.tests["ran"].all(), found.tests[~found.tests["ran"]]


def test_a_line_says_which_others_it_looks_at(
    toy: tuple[RedLine, dict[str, pd.DataFrame], list[Finding]],
) -> None:
    """A night asks a line anew where a threshold of one that it looks at was changed, and no other."""
    code = toy[0].code
    assert ASKED[code] - {code} <= set(toy[0].uses)


def test_the_cited_rows_alone_give_the_finding_again(
    toy: tuple[RedLine, dict[str, pd.DataFrame], list[Finding]],
) -> None:
    line, frames, found = toy
    for f in found:
        again = check(of_rows(frames, f.evidence), only=line.code).findings
        assert essence(f) in [essence(each) for each in again], f.summary


def test_without_a_row_that_shows_it_the_finding_is_another(
    toy: tuple[RedLine, dict[str, pd.DataFrame], list[Finding]],
) -> None:
    line, frames, found = toy
    for f in found:
        shows = f.evidence.index[f.evidence["shows"]]
        if line.whole:
            case = of_rows(frames, f.evidence[~f.evidence["shows"]])
            assert essence(f) not in [essence(e) for e in check(case, only=line.code).findings]
            continue
        for row in shows[:: max(len(shows) // MOST_DROPPED, 1)]:
            case = of_rows(frames, f.evidence.drop(index=row))
            again = [essence(each) for each in check(case, only=line.code).findings]
            assert essence(f) not in again, f"{f.summary}: {f.evidence.loc[row].to_dict()}"


def test_a_finding_is_whole(toy: tuple[RedLine, dict[str, pd.DataFrame], list[Finding]]) -> None:
    line, _, found = toy
    assert len({f.id for f in found}) == len(found)
    for f in found:
        assert f.code == line.code and f.severity in SEVERITIES and 0 < f.confidence < 1
        assert set(f.kinds) <= set(KINDS) and f.kinds
        hits = {t.name for t in f.tests if t.hit}
        assert {e.name for e in f.elements} == set(line.elements_for(hits))
        assert {e.state for e in f.elements} <= set(STATES)
        assert {e.name for e in f.counter_evidence} == set(line.guards_against(hits))
        assert {e.state for e in f.counter_evidence} <= set(OUTCOMES)
        assert any(t.hit for t in f.tests) and all(t.ran for t in f.tests if t.hit)
        assert f.law and f.regulator and all(a.mark in ("V", "V~", "G") for a in f.law)
        assert f.measures[0].met, "a finding's first measure stands to its threshold as it has to"
        assert f.evidence["source_row"].notna().all() and f.evidence["sha256"].str.len().eq(64).all()
        assert isinstance(f.summary, Told), "a summary is a message, to be said in both languages"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_finding_reads_as_a_paragraph(
    toy: tuple[RedLine, dict[str, pd.DataFrame], list[Finding]], language: str
) -> None:
    for f in toy[2]:
        text = f.text(language)
        assert "{" not in text and "}" not in text
        assert "characters)" not in text, "cut off"
        assert f.id in text and f.title_zh in text
        if language == "zh":
            ours = text
            for data in (
                f.subject_id,
                f.subject_name,
                f.id,
                *(str(v) for v in getattr(f.summary, "values", {}).values()),
            ):
                ours = ours.replace(str(data), "")
            words = [
                w
                for w in ours.replace("（", " ").replace("）", " ").split()
                if w.isascii() and w.isalpha() and len(w) > 3 and w not in (*SCHEMA, *names_of_rules)
            ]
            assert not words, f"left in English: {words}: {text}"


@pytest.mark.parametrize("line", REDLINES, ids=CODES)
def test_no_table_no_answer(line: RedLine) -> None:
    nothing = gf.Case.from_tables(transfers=pd.DataFrame(
        {"transfer_id": ["1"], "time": ["2024-03-01"], "source": ["a"], "target": ["b"], "amount": ["1"]}, dtype="str"
    ))  # fmt: skip
    found = check(nothing, only=line.code)
    assert not found.findings
    there = ("transfers", IN_YUAN, SOME_IN_YUAN)
    needing = [t for t in line.tests if any(n not in there for n in t.needs)]
    if len(needing) == len(line.tests):
        assert found.not_assessable["code"].tolist() == [line.code]
        assert found.not_assessable["missing"].iloc[0]


@pytest.mark.parametrize("line", REDLINES, ids=CODES)
def test_each_setting_is_documented_and_each_threshold_is_law_or_default(line: RedLine) -> None:
    settings = list(inspect.signature(line.find).parameters)
    assert settings[:3] == ["case", "as_of", "law"]
    text = inspect.getdoc(line.find) or ""
    documented = {name for row in text.splitlines() for name in row.split(", ")}
    assert set(settings[1:]) <= documented, line.code
    rows = {row["name"]: row for row in law("thresholds") if row["code"] == line.code}
    for row in rows.values():
        assert row["basis"] in ("law", "default") and row["mark"] in ("V", "V~", "G", "def")
        assert (row["basis"] == "default") == (row["mark"] == "def"), row
        assert row["basis"] == "default" or row["since"], "a threshold of law has a day"
    assert [row for row in law("articles") if row["code"] == line.code]
    assert all(row["since"] for row in law("articles") if row["code"] == line.code)
    assert {
        t for row in law("articles") if row["code"] == line.code for t in row["test"].split("|") if t
    } <= {t.name for t in line.tests}


@pytest.mark.parametrize("line", REDLINES, ids=CODES)
def test_before_there_was_a_rule_nothing_is_found(line: RedLine) -> None:
    code, name = next(each for each in toys("toy") if each[0] == line.code)
    found = check(case_of(frames_of(code, name)), only=code, as_of="1990-01-01")
    assert not found.findings


def test_a_file_of_thresholds_takes_the_place_of_ours(tmp_path: Path) -> None:
    from graphflow.synthesis.lines import rl06

    file = tmp_path / "law.csv"
    file.write_text("code,name,value\nRL-06,company_platform,2000000\n", encoding="utf-8")
    assert not check(rl06.amount_toy(), only="RL-06", law=file).findings
    file.write_text("code,name,value\nRL-06,company_platform,1400000\n", encoding="utf-8")
    (found,) = check(rl06.amount_toy(), only="RL-06", law=file).findings
    assert found.measures[0].basis == "file" and found.threshold == 140000000
    assert found.parameters["company_platform"] == {"value": "1400000", "basis": "file", "unit": "CNY"}
    file.write_text("code,name,value\nRL-06,company_platfrm,1\nRL-06,split,two\n", encoding="utf-8")
    with pytest.raises(gf.InputError) as caught:
        check(rl06.toy(), law=file)
    assert len(caught.value.problems) == 2 and "company_platform" in str(caught.value)


def test_what_was_asked_with_an_argument_says_so() -> None:
    from graphflow.synthesis.lines import rl06

    (found,) = [f for f in BY_CODE["RL-06"].find(rl06.toy(), split="11.5") if f.measure == "split"]
    assert found.measures[0].basis == "argument" and str(found.measures[0].threshold) == "23/2"
    assert not [f for f in BY_CODE["RL-06"].find(rl06.toy(), split=13) if f.measure == "split"]


def test_an_id_stays_while_its_rows_do() -> None:
    from graphflow.synthesis.lines import rl06

    (one,) = check(rl06.amount_toy()).findings
    (same,) = check(rl06.amount_toy()).findings
    assert one.id == same.id and one.id.startswith("RL-06-")


# ---------------------------------------------------------------- the guards, each seen to catch its fault


def line_that(change: Callable[[dict[str, Any]], None]) -> Callable[[], Iterator[Finding]]:
    """RL-06 on its toy, what it says of a finding changed before it becomes one."""
    from graphflow.synthesis.lines import rl06

    def run() -> Iterator[Finding]:
        ask = Inquiry(BY_CODE["RL-06"], rl06.amount_toy(), None, None)
        (found,) = check(rl06.amount_toy(), only="RL-06").findings
        given: dict[str, Any] = {
            "subject": ("party", "COMPANY"), "hit": ("amount",), "summary": found.summary,
            "measures": found.measures, "rows": found.cited, "severity": found.severity, "kinds": found.kinds,
            "elements": {e.name: e.state for e in found.elements},
            "against": {e.name: e.state for e in found.counter_evidence},
        }  # fmt: skip
        change(given)
        return iter([ask.finding(**given)])

    return run


def test_a_finding_without_rows_cannot_be_built() -> None:
    with pytest.raises(gf.GraphflowError, match="without rows"):
        line_that(lambda g: g.update(rows=[c.as_context() for c in g["rows"]]))()


def test_a_line_that_leaves_a_guard_unsaid_is_a_defect() -> None:
    with pytest.raises(ValueError, match="guards"):
        line_that(lambda g: g["against"].pop("own_income"))()
    with pytest.raises(ValueError, match="elements"):
        line_that(lambda g: g["elements"].update(project="perhaps"))()


def test_critical_needs_two_kinds_of_evidence() -> None:
    (held,) = line_that(lambda g: g.update(severity="critical"))()
    assert held.severity == "high" and held.severity_note
    (both,) = line_that(
        lambda g: g.update(severity="critical", kinds={"flow": "shown", "register": "shown"})
    )()
    assert both.severity == "critical" and not both.severity_note
    with pytest.raises(gf.GraphflowError, match="one kind"):
        dataclasses.replace(held, severity="critical")


def test_a_finding_without_law_cannot_be_built() -> None:
    from graphflow.synthesis.lines import rl06

    (found,) = check(rl06.amount_toy()).findings
    with pytest.raises(gf.GraphflowError, match="article"):
        dataclasses.replace(found, law=())


def test_an_unknown_code_says_which_there_are() -> None:
    from graphflow.synthesis.lines import rl06

    with pytest.raises(gf.UsageError, match="RL-06"):
        check(rl06.toy(), only="RL-66")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_of_the_manual_is_what_the_list_says(language: str) -> None:
    from graphflow.manual import read
    from graphflow.redlines.page import page

    assert read("redlines", language).source == page(language), "run python -m graphflow.redlines.page"


@pytest.mark.parametrize(
    ("code", "name", "test"),
    [
        ("RL-05", "toy", "same_asset"), ("RL-06", "amount_toy", "amount"), ("RL-24", "toy", "paid"),
        ("RL-24", "toy", "promised"), ("RL-29", "toy", "cash"), ("RL-29", "toy", "person"),
    ],
)  # fmt: skip
def test_a_limit_in_yuan_is_not_asked_of_other_money(code: str, name: str, test: str) -> None:
    """It was not looked at: that must not read as if nothing had been found."""
    for currency, unasked in (("CNY", False), ("EUR", True)):
        frames = {
            table: frame.assign(currency=currency) if "currency" in frame else frame
            for table, frame in frames_of(code, name).items()
        }
        case = gf.Case.from_tables(currency=currency, **frames)
        found = check(case, only=code).tests.set_index("test").loc[test]
        assert ("yuan" in found["missing"]) == unasked
        assert not (unasked and found["ran"])
