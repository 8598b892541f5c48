"""The dry run: what it says would come and go is what a night with the new thresholds finds; nothing is written."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

import graphflow as gf
from graphflow.cli import run
from graphflow.errors import InputError, UsageError
from graphflow.scoring import trying
from graphflow.scoring.trying import CHANGES
from graphflow.synthesis.lines import rl06

DAYS = ("2019-12-30", "2019-12-31", "2020-01-01")


def _law(folder: Path, **values: object) -> Path:
    file = folder / "law.csv"
    file.write_text(
        "code,name,value\n" + "".join(f"RL-06,{name},{value}\n" for name, value in values.items())
    )
    return file


@pytest.fixture
def kept(tmp_path):
    """A case with three nights."""
    rl06.amount_toy().save(tmp_path / "case")
    for day in DAYS:
        gf.night(tmp_path / "case", day, tmp_path / "nights")
    return tmp_path


def _everything(folder: Path) -> dict[str, str]:
    return {
        str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*"))
        if f.is_file() and f.name not in ("lock", "law.csv", "in-use") and "ledger" not in f.parts
    }


@pytest.mark.parametrize("limit", [400_000, 1_400_000, 2_000_000])
def test_what_would_be_found_is_what_a_night_with_these_thresholds_finds(kept, limit):
    law = _law(kept, company_platform=limit)
    case = gf.open_case(kept / "case")
    tried = gf.dry_run(case, law, nights=kept / "nights", last=3)
    assert tried.codes == ("RL-06",) and tried.nights["as_kept"].tolist() == ["yes"] * 3
    for day in DAYS:
        made = gf.night(kept / "case", day, kept / f"other-{limit}", law=law)
        theirs = set(pd.read_parquet(made.folder / "findings.parquet")["id"])
        mine = tried.findings[tried.findings["as_of"] == day]
        assert set(mine["finding"]) - {""} == theirs
        before = set(pd.read_parquet(kept / "nights" / day / "findings.parquet")["id"])
        assert set(mine["finding_before"]) - {""} == before
        night = tried.nights.set_index("as_of").loc[day]
        assert night["after"] == len(theirs) and night["before"] == len(before)
        assert night[list(CHANGES)].sum() == len(mine)
    want = "goes" if limit == 2_000_000 else "stays"
    assert set(tried.findings["change"]) <= {want, "other", "graver", "milder"}


def test_nothing_is_written(kept):
    law = _law(kept, company_platform=2_000_000)
    case = gf.open_case(kept / "case")
    gf.check(case)  # compiles the ledger, which a case keeps
    before = _everything(kept)
    gf.dry_run(case, law, nights=kept / "nights").ppv("0.2")
    assert _everything(kept) == before


def test_a_finding_that_would_come_is_named_and_nobody_decided_of_it(tmp_path):
    case = rl06.amount_near_miss()
    tried = gf.dry_run(case, {("RL-06", "company_platform"): Fraction(800_000)}, as_of="2020-01-01")
    [row] = tried.findings.to_dict("records")
    assert (row["change"], row["finding_before"], row["subject_id"]) == ("comes", "", "COMPANY")
    assert tried.counts()["undecided_new"] == 1
    assert tried.ppv("0.2")["ppv"].isna().all()  # nobody decided: nothing is known
    assert tried.thresholds.values.tolist() == [["RL-06", "company_platform", "", "800000"]]


def test_the_law_of_a_night_is_what_it_is_compared_with(kept):
    law = _law(kept, company_platform=2_000_000)
    gf.night(kept / "case", "2020-01-02", kept / "nights", law=law)
    case = gf.open_case(kept / "case")
    same = gf.dry_run(case, law, nights=kept / "nights", last=1)
    assert same.codes == () and same.findings.empty and same.thresholds.empty
    back = gf.dry_run(case, {}, nights=kept / "nights", last=2)  # ours again
    assert back.findings[["as_of", "change"]].values.tolist() == [["2020-01-02", "comes"]]
    assert back.thresholds.values.tolist() == [["RL-06", "company_platform", "2000000", ""]]


def test_a_night_of_other_rows_is_said(kept):
    case = gf.open_case(kept / "case")
    frames = {name: case.tables.frame(name) for name in case.tables.names}
    frames["loans"] = frames["loans"].iloc[1:]  # a row is gone: the evidence is another
    other = gf.Case.from_tables(money="minor", **frames)
    tried = gf.dry_run(
        other, {("RL-06", "company_platform"): Fraction(2_000_000)}, nights=kept / "nights", last=1
    )
    assert tried.nights["as_kept"].tolist() == ["no"]
    assert tried.findings["change"].tolist() == ["goes"]  # the threshold's doing alone


def test_decisions_of_what_goes_are_counted_and_give_the_ppv(kept):
    case = gf.open_case(kept / "case")
    law = {("RL-06", "company_platform"): Fraction(2_000_000)}
    finding = gf.check(case, only="RL-06", as_of=DAYS[-1]).findings[0]
    gf.decide(case, finding, "dismiss", reason="paid back", by="Li")
    tried = gf.dry_run(case, law, nights=kept / "nights", last=1)
    assert tried.findings["verdict"].tolist() == ["dismiss"]
    assert tried.nights[["confirmed_gone", "dismissed_gone"]].values.tolist() == [[0, 1]]
    n = tried.counts()
    assert (n["dismissed"], n["dismissed_before"], n["dismissed_after"], n["confirmed"]) == (1, 1, 0, 0)


def test_the_ppv_is_that_of_a_count_by_hand():
    """Four confirmed, of which a stricter threshold keeps three; ten dismissed, of which it keeps two."""
    rows = [("confirm", k < 3) for k in range(4)] + [("dismiss", k < 2) for k in range(10)]
    findings = pd.DataFrame(
        [
            {
                "as_of": "", "change": "stays" if stays else "goes", "code": "RL-06", "subject_kind": "party",
                "subject_id": f"P{n}", "subject_name": "", "measure": "m", "finding_before": f"f{n}",
                "finding": f"f{n}" if stays else "", "severity_before": "", "severity": "", "verdict": verdict,
                "summary": "",
            }
            for n, (verdict, stays) in enumerate(rows)
        ]
    )  # fmt: skip
    decided = {f"f{n}": verdict for n, (verdict, _) in enumerate(rows)}
    tried = trying.DryRun(
        pd.concat([findings, findings.assign(as_of="twice")]),
        pd.DataFrame(),
        pd.DataFrame(),
        ("RL-06",),
        decided,
    )
    before, after = tried.ppv("0.1").to_dict("records")
    assert before["ppv"] == pytest.approx(0.1)  # everything is named: as much is true as of the candidates
    assert (after["confirmed"], after["of_confirmed"], after["dismissed"], after["of_dismissed"]) == (
        3,
        4,
        2,
        10,
    )
    assert after["ppv"] == pytest.approx(0.75 * 0.1 / (0.75 * 0.1 + 0.2 * 0.9))
    assert 0 < after["ppv_least"] < after["ppv"]
    other = findings.assign(
        change="other", finding=[f"g{n}" for n in range(len(rows))]
    )  # the same findings, on other rows
    moved = trying.DryRun(other, pd.DataFrame(), pd.DataFrame(), ("RL-06",), decided)
    assert moved.counts()["confirmed_after"] == 4 and moved.counts()["undecided_new"] == 14


class _Finding:
    def __init__(self, ident: str, subject: str = "P", measure: str = "m") -> None:
        self.id, self.subject_id, self.measure = ident, subject, measure
        self.code, self.subject_kind = "RL-06", "party"


def test_findings_are_paired_by_id_and_then_by_subject_and_measure():
    before = [_Finding("a"), _Finding("b"), _Finding("c", "Q"), _Finding("d", "R")]
    after = [_Finding("b"), _Finding("x"), _Finding("y"), _Finding("d", "R", "n")]
    pairs = [(a and a.id, b and b.id) for a, b in trying.paired(before, after)]
    assert pairs == [("b", "b"), ("d", "d"), ("a", "x"), (None, "y"), ("c", None)]
    ids = {each for pair in pairs for each in pair if each}
    assert ids == {"a", "b", "c", "d", "x", "y"}  # nothing is lost, nothing is there twice
    assert len(pairs) == len(set(pairs))


def test_a_red_line_that_cannot_be_asked_is_named(kept, capsys):
    case = gf.open_case(kept / "case")
    law = {("RL-06", "company_platform"): Fraction(2_000_000), ("RL-17", "layers"): Fraction(3)}
    tried = gf.dry_run(case, law, nights=kept / "nights", last=2)
    assert tried.codes == ("RL-06", "RL-17")
    assert list(tried.not_assessable) == ["RL-17"] and tried.not_assessable["RL-17"]
    file = kept / "law.csv"
    file.write_text("code,name,value\nRL-17,layers,3\n")
    assert run(["dry-run", str(kept / "case"), "--law", str(file), "--language", "en"]) == 0
    assert "RL-17 cannot be asked of this case for want of" in capsys.readouterr().out


def test_what_cannot_be_tried_is_said(kept, tmp_path):
    case = gf.open_case(kept / "case")
    law = {("RL-06", "links"): Fraction(4)}
    with pytest.raises(UsageError, match="there are no nights here"):
        gf.dry_run(case, law, nights=tmp_path / "none")
    with pytest.raises(UsageError, match="nights have days of their own"):
        gf.dry_run(case, law, nights=kept / "nights", as_of="2020-01-01")
    with pytest.raises(UsageError, match="this is too small"):
        gf.dry_run(case, law, nights=kept / "nights", last=0)
    with pytest.raises(InputError, match="there is no such threshold"):
        gf.dry_run(case, _law(tmp_path, nonsense=1))
    (kept / "nights" / DAYS[-1] / "night.json").write_text("{}")
    with pytest.raises(InputError, match="this night cannot be read"):
        gf.dry_run(case, law, nights=kept / "nights")


def test_the_verb_says_what_would_change(kept, capsys):
    law = _law(kept, company_platform=2_000_000)
    asked = [
        "dry-run",
        str(kept / "case"),
        "--law",
        str(law),
        "--nights",
        str(kept / "nights"),
        "--last",
        "2",
    ]
    assert run([*asked, "--format", "json", "--base-rate", "0.2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["change"] for row in told["findings"]] == ["goes", "goes"]
    assert told["base_rate"] == "1/5" and [row["ppv"] for row in told["ppv"]] == [None, None]
    assert run([*asked, "--base-rate", "0.2", "--language", "en"]) == 0
    said = capsys.readouterr().out
    assert "would go" in said and "2000000" in said and "not known" in said
    assert run([*asked, "--language", "zh"]) == 0
    assert run([*asked, "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 3
    law.write_text("code,name,value\nRL-06,company_platform,1000000\n")
    assert run(["dry-run", str(kept / "case"), "--law", str(law), "--language", "en"]) == 0
    assert "No finding would come or go." in capsys.readouterr().out
