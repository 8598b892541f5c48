"""Dossiers: everything that the case says of a party, the same in both languages, and hostile names stay text."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import graphflow as gf
from graphflow.errors import UsageError
from graphflow.evidence.dossier import _file_name
from graphflow.pictures import Words
from graphflow.synthesis.lines import quiet, rl01, rl06, rl22


@pytest.mark.parametrize("toy", [rl06.amount_toy, rl01.toy, quiet.quiet])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_party_has_a_page(toy, language):
    case = toy()
    d = gf.Dossiers(case)
    for party in case.tables.parties["party_id"].head(8):
        page = d.html(party, language)
        assert party in page
        for f in d.findings(party):
            assert f.id in page


def test_money_in_and_out_is_that_of_the_rows():
    case = rl01.toy()
    d = gf.Dossiers(case)
    party = d.top(1)[0]
    page = d.html(party, "en")
    of = d.facts.party_number[party]
    flows = d.facts.flows
    mine = flows[~flows["own"]]
    into = int(mine.loc[mine["payee"] == of, "amount"].sum())
    assert into
    years = re.findall(r"<tr><td[^>]*><bdi>(\d{4})</bdi></td>.*?</tr>", page)
    assert years
    shown = re.findall(r"<tr><td[^>]*><bdi>\d{4}</bdi></td><td[^>]*><bdi>\w+</bdi></td>(.*?)</tr>", page)
    total = 0
    for row in shown:
        cells = re.findall(r"<bdi>(.*?)</bdi>", row)
        total += int(cells[1].replace(",", "").replace(".", ""))
    assert total == into


def test_a_decision_stands_in_the_dossier():
    case = rl06.amount_toy()
    f = gf.check(case, only="RL-06").findings[0]
    gf.decide(case, f, "dismiss", reason="<b>known</b>", by="Li")
    page = gf.Dossiers(case).html(f.subject_id, "en")
    assert "&lt;b&gt;known&lt;/b&gt;" in page and "<b>known" not in page


def test_the_history_is_that_of_the_nights(tmp_path):
    rl06.amount_toy().save(tmp_path / "case")
    for day in ("2013-01-01", "2020-01-01", "2020-01-02"):
        gf.night(tmp_path / "case", day, tmp_path / "out")
    d = gf.Dossiers(gf.open_case(tmp_path / "case"), "2020-01-02", out=tmp_path / "out")
    page = d.html(d.top(1)[0], "en")
    assert "2013-01-01" in page and "2020-01-01" in page


def test_files_are_written_whole_under_harmless_names(tmp_path):
    d = gf.Dossiers(rl06.amount_toy())
    files = gf.write_dossiers(d, d.top(2), tmp_path / "out", forms=("html", "pdf"))
    assert len(files) == 4 * len(d.top(2))
    assert all(file.stat().st_size > 500 for file in files)
    assert next(f for f in files if f.suffix == ".pdf").read_bytes().startswith(b"%PDF")
    assert "/" not in _file_name("../../etc/passwd") and ".." not in _file_name("..")
    with pytest.raises(UsageError, match="there is no such form"):
        gf.write_dossiers(d, d.top(1), tmp_path, forms=("docx",))
    with pytest.raises(UsageError, match="nobody is named"):
        gf.write_dossiers(d, [], tmp_path)


def test_a_dossier_is_the_same_bytes_each_time():
    one, other = gf.Dossiers(rl06.amount_toy()), gf.Dossiers(rl06.amount_toy())
    party = one.top(1)[0]
    assert one.pdf(party) == other.pdf(party)
    assert one.html(party) == other.html(party)


def test_roll_ups_count_each_finding_where_its_parties_are():
    case = rl22.toy()
    checked = gf.check(case)
    for by in ("region_registered", "region_operating"):
        frame = gf.roll_up(case, by=by, checked=checked)
        assert frame["findings"].sum() >= len(checked.findings)
        assert (frame[["critical", "high", "medium", "watch"]].sum(axis=1) == frame["findings"]).all()
    carried = gf.unlicensed_payment(case, checked=checked)
    assert len(carried) == 1 and carried["volume"].iloc[0] > 0 and carried["merchants"].iloc[0] > 1
    with pytest.raises(UsageError, match="there is no such way"):
        gf.roll_up(case, by="planet")


def _people(**of_company):
    tables = {
        "parties": [
            {"party_id": "C", "name": "甲", "kind": "company", "sector": "ordinary", "founded": "2014-02-25"}
            | of_company,
            {"party_id": "Q", "name": "乙", "kind": "person"},
        ],
        "licences": [{"party_id": "Q", "function": "payment", "number": "Z1", "since": "2011-05-18"}],
        "transfers": [
            {"transfer_id": "T", "time": "2024-03-01", "source": "A", "target": "B", "amount": "5"}
        ],
        "accounts": [{"account_id": "A", "party_id": "C"}, {"account_id": "B", "party_id": "Q"}],
        "stakes": [{"owner_id": "Q", "company_id": "C", "share": "0.2"}],
    }
    return gf.Dossiers(gf.Case.from_tables(**{name: pd.DataFrame(rows) for name, rows in tables.items()}))


def _words_of(dossiers, party, language):
    said = []
    for part in dossiers.parts(party, language):
        if isinstance(part, Words):
            said += [part.title, *part.paragraphs]
        else:
            said += [str(cell) for row in part.rows for cell in row]
    return said


def test_days_are_those_of_where_the_case_is_at_home():
    dossiers = _people()
    assert "2014-02-25" in _words_of(dossiers, "C", "zh")
    assert "2011-05-18" in _words_of(dossiers, "Q", "zh")


def test_words_of_the_tables_are_said_in_the_language_of_the_page():
    dossiers = _people()
    zh = {*_words_of(dossiers, "C", "zh"), *_words_of(dossiers, "Q", "zh")}
    assert not {"company", "person", "ordinary", "payment", "contract", "flow"} & zh
    assert {"company", "payment services"} <= {
        *_words_of(dossiers, "C", "en"),
        *_words_of(dossiers, "Q", "en"),
    }


def test_a_party_without_licences_is_told_so_in_words():
    dossiers = _people()
    parts = [part for part in dossiers.parts("C", "en") if isinstance(part, Words)]
    (said,) = (part for part in parts if part.title.startswith("Licences"))
    assert said.paragraphs[0] == "The register has no licence of this party."
    assert "<thead" not in dossiers.html("C", "en").split("Controllers</h2>")[1].split("<h2>")[0]


def test_what_a_screen_may_lack_is_named_by_number():
    page = _people(name="𠮷田\x07🏦").html("C", "en")
    assert "may lack, or not show: U+0007, 🏦 U+1F3E6, 𠮷 U+20BB7" in page
    assert "may lack" not in _people().html("C", "en")
