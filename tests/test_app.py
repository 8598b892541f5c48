"""The app's screens, run without a browser: what they ask, say, and hold out against."""

from __future__ import annotations

import json
import re
import shutil
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import graphflow as gf
from app import cases, recent
from app.screens import SCREENS
from graphflow import tracing
from graphflow.language import translate
from graphflow.penetration import Penetration
from graphflow.synthesis import holders, make, toys
from graphflow.tables import SCHEMA

pytest.importorskip("streamlit")
from streamlit.testing.v1 import AppTest

MAIN = Path(__file__).resolve().parent.parent / "app" / "main.py"
HOSTILE = "![x](http://graphflow-guard.invalid/a.png) <img src=x onerror=alert(1)> {b} *A* :red[x]"

# Markdown or HTML that is not escaped: it would draw, link or load.
LIVE = re.compile(r"(?<!\\)(!\[|<img|\]\(|\*A)")


@pytest.fixture(autouse=True)
def remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the app remembers stays in this test; what it cached is forgotten."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("GRAPHFLOW_LANGUAGE", raising=False)
    monkeypatch.setattr("sys.argv", ["main.py"])
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def p2p(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("p2p")
    make("p2p", folder / "files", size=4_000, seed=3)
    gf.import_sources(folder / "case", folder / "files")
    return folder / "case"


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    toys.t1().save(tmp_path / "toy")
    return tmp_path / "toy"


def started(path: str = "trace", **asked: object) -> AppTest:
    """The app as a link opens it; `path` is the screen."""
    at = AppTest.from_file(str(MAIN), default_timeout=120)
    for key, value in asked.items():
        at.query_params[key.rstrip("_")] = str(value)
    at.run()
    if path != "trace":
        [at._page_hash] = [key for key, page in at._registered_pages.items() if page["url_pathname"] == path]
        at.run()
    return at


def said(at: AppTest) -> str:
    """Everything that the screen says in words."""
    parts = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.success, *at.subheader]
    return "\n".join(str(part.value) for part in parts) + "\n".join(f"{m.label} {m.value}" for m in at.metric)


def fine(at: AppTest) -> AppTest:
    assert not at.exception, at.exception
    assert "our fault" not in said(at) and "本程序" not in said(at), said(at)
    return at


def tables(at: AppTest) -> dict[str, pd.DataFrame]:
    """The tables on the screen by the key of their widget."""
    found = {}
    for each in at.dataframe:
        key = each.proto.id.rsplit("-", 1)[-1]
        found[key.rstrip("0123456789").rstrip("_")] = each.value
    return found


# ---------------------------------------------------------------- the frame


def test_without_a_case_the_app_says_how_to_begin() -> None:
    at = fine(started(lang="en"))
    assert "Open a case to begin" in said(at)
    assert "No case is open." in said(at)
    assert {button.label for button in at.button} >= {"Open", "Import files"}


def test_every_screen_of_the_one_list_is_shown_in_both_languages(toy: Path) -> None:
    for language in ("en", "zh"):
        for screen in SCREENS:
            at = fine(started(screen.path, lang=language, case=toy))
            assert at.session_state.language == language
            assert len(at.dataframe) + len(at.button) + len(at.header) + len(at.info) > 0
    assert len({screen.path for screen in SCREENS}) == len(SCREENS)


def test_the_language_can_be_changed_and_stands_in_the_address(toy: Path) -> None:
    at = fine(started(lang="en", case=toy, from_="transfer:a"))
    assert "The ends add up to the seed: 300" in said(at).replace("\\", "")
    at.session_state.language = "zh"
    fine(at.run())
    assert "各去向合计等于所查资金" in said(at)
    assert at.query_params["lang"] in ("zh", ["zh"])
    assert "The ends" not in said(at)


def test_the_manual_is_shown_whole_in_both_languages_and_needs_no_case() -> None:
    from graphflow.manual import read

    for language in ("en", "zh"):
        at = fine(started("manual", lang=language, page="tracing"))
        sections = read("tracing", language).sections()
        assert [each.value for each in (*at.title, *at.header, *at.subheader)] == [
            section.title for level in (1, 2, 3) for section in sections if section.level == level
        ]
        texts = {str(each.value) for each in at.markdown}
        assert {section.text for section in sections if section.text} <= texts
        assert "<!--" not in "".join(texts) and "$\n" not in "".join(texts)
        assert at.query_params["page"] in ("tracing", ["tracing"])
    assert fine(started("manual", lang="en", page="no such page")).title[0].value == read("tracing").title


def test_the_trace_screen_leads_to_the_manual(toy: Path) -> None:
    at = fine(started(lang="en", case=toy, from_="transfer:a"))
    links = [each.proto for each in at.get("page_link")]
    assert [(each.label, each.page) for each in links] == [
        ("How each rule counts, with examples by hand", "manual")
    ]


def test_the_unit_is_switched_everywhere(toy: Path) -> None:
    at = fine(started(lang="zh", case=toy, from_="transfer:a"))
    assert at.metric[0].value == "300.00"
    at.session_state.scale = "middle"
    fine(at.run())
    assert at.metric[0].value == "0.03"
    assert "300.00 元" in said(at).replace("\\", ""), "what adds up is said to the cent, whatever the unit"


def test_a_case_that_is_not_there_is_said(tmp_path: Path) -> None:
    at = fine(started(lang="en", case=tmp_path / "none"))
    [error] = at.error
    assert "there is no case here" in error.value.replace("\\", "")


def test_a_case_deleted_meanwhile_is_said_and_nothing_breaks(toy: Path) -> None:
    at = fine(started(lang="zh", case=toy, from_="transfer:a"))
    shutil.rmtree(toy)
    fine(at.run())
    assert at.error, "the case is gone"


def test_a_case_that_is_no_json_is_said(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "case.json").write_text("{broken")
    at = fine(started(lang="en", case=tmp_path / "case"))
    assert at.error


def test_a_case_imported_again_meanwhile_is_seen(tmp_path: Path) -> None:
    rows = "transfer_id,time,source,target,amount\nt1,2024-03-01T09:00:00,A,B,5.00\n"
    (tmp_path / "one.csv").write_text(rows)
    gf.import_sources(tmp_path / "case", tmp_path / "one.csv")
    at = fine(started(lang="en", case=tmp_path / "case", from_="account:A"))
    assert at.metric[0].value == "5.00"
    (tmp_path / "two.csv").write_text(rows.replace("t1", "t2").replace("5.00", "7.50"))
    gf.import_sources(tmp_path / "case", tmp_path / "two.csv")
    fine(at.run())
    assert at.metric[0].value == "12.50"


# ---------------------------------------------------------------- the question and its answer


def test_the_ends_add_up_to_the_seed(p2p: Path) -> None:
    case = gf.open_case(p2p)
    platform = case.tables.parties.query("sector == 'p2p_platform'")["party_id"].iloc[0]
    for rule in ("fifo", "prorata"):
        for back in ("", "1"):
            at = fine(started(lang="en", case=p2p, from_=f"party:{platform}", rule=rule, back=back))
            answer = gf.trace(case, f"party:{platform}", rule=rule, backward=bool(back))
            shown = tables(at)
            assert "add up to the seed" in said(at)
            assert round(float(shown["trace_ends"]["seed_amount"].sum()) * 100) == answer.seed
            assert len(shown["trace_ends"]) == len(answer.ends)
            assert len(shown["trace_rows"]) == min(len(answer.transfers) + len(answer.seeds), 5_000)
            assert "Left out" in said(at)


def test_ends_that_do_not_add_up_are_never_shown_as_if_they_did(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = gf.trace

    def wrong(*given: Any, **more: Any) -> Any:
        result = real(*given, **more)
        result.ends["seed_amount"] += 1
        return result

    monkeypatch.setattr(gf, "trace", wrong)
    at = started(lang="en", case=toy, from_="transfer:a,transfer:c")
    assert any("do not add up" in error.value for error in at.error)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"from_": "account:NOBODY"}, "NOBODY"),
        ({"from_": "transfer:a=999999"}, "a"),
        ({"from_": ",,,"}, ""),
        ({"from_": "balance:M@yesterday"}, "yesterday"),
        ({"from_": "transfer:a", "min_": "abc"}, "abc"),
        ({"from_": "account:A", "since": "2024-03-01", "until": "2024-02-01"}, ""),
    ],
)
def test_a_wrong_question_is_answered_readably(toy: Path, asked: dict[str, str], words: str) -> None:
    at = fine(started(lang="zh", case=toy, **asked))
    if asked.get("until"):
        return  # a day outside the case is dropped: the widget would refuse it
    assert at.error and words in at.error[0].value.replace("\\", "")


def test_an_address_full_of_nonsense_is_survived(toy: Path) -> None:
    fine(
        started(
            lang="xx", case=toy, unit="zz", from_="transfer:a", rule="nope", back="maybe", by="planet",
            since="yesterday", until="2999-01-01", hops="-3", min_="0", currency="XXX",
        )
    )  # fmt: skip


def test_limits_are_asked_for_and_said(toy: Path) -> None:
    at = fine(started(lang="en", case=toy, from_="transfer:a", hops="0"))
    assert "beyond the limit set" in set(tables(at)["trace_ends"]["what"])
    at = fine(started(lang="en", case=toy, from_="transfer:a", min_="100"))
    assert "add up" in said(at)


def test_a_row_selected_lights_its_path_and_offers_a_trace(toy: Path) -> None:
    at = fine(started(lang="en", case=toy, from_="transfer:a"))
    key = f"trace_rows_{at.session_state.trace_serials['rows']}"
    at.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    fine(at.run())
    assert "1 selected" in said(at)
    assert {"Trace this transfer", "Trace the payer", "Trace the payee"} <= {each.label for each in at.button}
    next(each for each in at.button if each.label == "Trace the payee").click()
    fine(at.run())
    assert at.text_input(key="trace_from").value == "account:M"


def test_nothing_asked_offers_references_of_this_case(p2p: Path) -> None:
    at = fine(started(lang="en", case=p2p))
    offers = [each for each in at.button if str(each.key).startswith("suggest_")]
    assert {each.key.removeprefix("suggest_").split(":")[0] for each in offers} >= {
        "loan",
        "party",
        "account",
    }
    next(each for each in offers if "loan:" in each.key).click()
    fine(at.run())
    assert at.metric or at.error


def test_names_from_data_are_text_on_every_screen(tmp_path: Path) -> None:
    frames = {
        "transfers": pd.DataFrame(
            {"transfer_id": ["t1", HOSTILE], "time": ["2024-03-01", "2024-03-02"],
             "source": ["A", "B"], "target": ["B", "C"], "amount": ["9", "4"], "memo": [HOSTILE, "=1+1"]}),
        "accounts": pd.DataFrame({"account_id": ["A", "B", "C"], "party_id": ["P", "P", "Q"]}),
        "parties": pd.DataFrame({"party_id": ["P", "Q"], "name": [HOSTILE, "Q"], "kind": ["person", "trust"]}),
    }  # fmt: skip
    gf.Case.from_tables(**frames).save(tmp_path / HOSTILE.replace("/", "_"))
    case = tmp_path / HOSTILE.replace("/", "_")
    at = fine(started(lang="en", case=case, from_="account:A"))
    for part in [*at.markdown, *at.caption, *at.error, *at.info]:
        assert not LIVE.search(part.value), part.value
    at = fine(started(lang="en", case=case, from_="no " + HOSTILE))
    assert at.error and not LIVE.search(at.error[0].value)


def test_two_sessions_compute_one_at_a_time(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = [0], [0]
    real = gf.trace

    def counted(*given: Any, **more: Any) -> Any:
        running[0] += 1
        most[0] = max(most[0], running[0])
        threading.Event().wait(0.05)
        try:
            return real(*given, **more)
        finally:
            running[0] -= 1

    monkeypatch.setattr(gf, "trace", counted)
    sessions = [AppTest.from_file(str(MAIN), default_timeout=120) for _ in range(3)]
    for number, at in enumerate(sessions):
        at.query_params["case"], at.query_params["from"] = str(toy), "transfer:" + "abc"[number]
        at.query_params["min"] = "0.0"
    threads = [threading.Thread(target=at.run) for at in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert most[0] == 1
    assert cases.COMPUTING is not None


# ---------------------------------------------------------------- rows, parties, data


def test_rows_are_searched_summed_and_said_how_many(p2p: Path) -> None:
    case = gf.open_case(p2p)
    at = fine(started("transfers", lang="en", case=p2p))
    total = len(case.tables.transfers)
    assert f"500 of {total:,} rows shown" in said(at)
    word = case.tables.transfers["memo"].dropna().iloc[0]
    at.text_input(key="rows_text").set_value(word)
    fine(at.run())
    found = case.transfers(text=word)
    assert f"of {len(found):,} rows shown" in said(at)
    assert len(tables(at)["rows_table"]) == min(len(found), 500)
    at.text_input(key="rows_text").set_value("no row has this in it")
    fine(at.run())
    assert "No row matches" in said(at)
    at.text_input(key="rows_text").set_value("")
    at.text_input(key="rows_least").set_value("1万")
    fine(at.run())
    assert f"of {len(case.transfers(least=1_000_000)):,} rows shown" in said(at)


def test_rows_of_another_currency_are_summed_in_it(tmp_path: Path) -> None:
    gf.Case.from_tables(
        transfers=pd.DataFrame(
            {"transfer_id": ["a", "b", "c"], "time": "2024-03-01", "source": "A", "target": "B",
             "amount": ["1.00", "2.00", "4.00"], "currency": ["CNY", "USD", "USD"], "memo": ["x", "y", "y"]})
    ).save(tmp_path / "case")  # fmt: skip
    at = fine(started("transfers", lang="en", case=tmp_path / "case"))
    assert "sum of all" not in said(at), "two currencies have no sum"
    assert set(tables(at)["rows_table"]["amount_text"]) == {"1.00 CNY", "2.00 USD", "4.00 USD"}
    at.text_input(key="rows_text").set_value("y")
    fine(at.run())
    assert "sum of all 2: 6.00 USD" in said(at).replace("\\", "")


def test_a_party_that_is_not_there_is_said(p2p: Path) -> None:
    at = started("transfers", lang="en", case=p2p)
    at.text_input(key="rows_party").set_value("nobody at all")
    fine(at.run())
    assert at.error


def test_parties_and_accounts_are_found(p2p: Path) -> None:
    case = gf.open_case(p2p)
    name = case.tables.parties["name"].iloc[0]
    at = started("transfers", lang="zh", case=p2p)
    at.text_input(key="people_text").set_value(name)
    fine(at.run())
    assert name in set(tables(at)["people_table"]["name"])
    rows, total = cases.find(case, "1", 7)
    assert len(rows) == 7 < total


def test_the_import_report_and_the_quarantine_are_shown(tmp_path: Path) -> None:
    (tmp_path / "transfers.csv").write_text(
        "transfer_id,time,source,target,amount\nt1,2024-03-01,A,B,5.00\nt2,never,A,B,1.00\nt3,2024-03-01,A,B,-1\n"
    )
    (tmp_path / "parties.csv").write_text("party_id,name,kind\nP,P,robot\n")
    gf.import_sources(tmp_path / "case", [tmp_path / "transfers.csv", tmp_path / "parties.csv"])
    at = fine(started("data", lang="zh", case=tmp_path / "case"))
    shown = [each.value for each in at.dataframe]
    report = next(frame for frame in shown if "quarantined" in frame)
    assert report.loc[
        report["table"] == translate(SCHEMA["transfers"].title, "zh"), ["read", "loaded", "quarantined"]
    ].iloc[0].tolist() == [
        3,
        1,
        2,
    ]
    refused = next(frame for frame in shown if "reason" in frame)
    assert set(refused["source_row"]) == {2, 3, 4} and not any(each.isascii() for each in refused["reason"])
    (words,) = [each for each in refused["expected"] if "person" in each]
    assert not words.isascii() and "one of" not in words


def test_an_import_from_a_path_makes_a_case(tmp_path: Path) -> None:
    (tmp_path / "transfers.csv").write_text("transfer_id,time,source,target,amount\nt1,2024-03-01,A,B,5.00\n")
    at = fine(started("data", lang="en"))
    at.text_input(key="import_place").set_value(str(tmp_path / "transfers.csv"))
    at.text_input(key="import_target").set_value(str(tmp_path / "made"))
    fine(at.run())
    at.button(key="import_go").click()
    fine(at.run())
    assert "1 files added, 1 rows read, 0 in quarantine" in said(at)
    assert gf.open_case(tmp_path / "made").tables.transfers["amount"].tolist() == [500]
    assert at.session_state.case == str((tmp_path / "made").resolve())


def test_columns_of_an_unknown_table_are_assigned_and_remembered(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("When,From whom,To whom,How much\n2024-03-01,A,B,5.00\nnever,A,B,1\n")
    header = ["When", "From whom", "To whom", "How much"]
    for again in (False, True):
        at = fine(started("data", lang="en"))
        at.text_input(key="import_place").set_value(str(tmp_path / "x.csv"))
        at.text_input(key="import_target").set_value(str(tmp_path / f"made{again}"))
        fine(at.run())
        assert "What are the columns?" in said(at)
        key = f"0_0_{recent.signature(header)[:8]}"
        if not again:
            assert at.button(key="import_go").disabled
            at.button_group(key=f"assign_both_{key}").set_value(True)
            fine(at.run())
            assert "Choose the columns of payer and payee." in said(at)
            for name, place in (("time", 0), ("source", 1), ("target", 2), ("amount", 3)):
                at.selectbox(key=f"assign_{name}_True_{key}").set_value(place)
            fine(at.run())
        assert not at.button(key="import_go").disabled, "what was assigned once is known"
        at.button(key="import_go").click()
        fine(at.run())
        case = gf.open_case(tmp_path / f"made{again}")
        assert case.tables.transfers["amount"].tolist() == [500] and len(case.quarantine) == 1


def test_an_import_that_fails_writes_nothing(tmp_path: Path) -> None:
    at = fine(started("data", lang="en"))
    at.text_input(key="import_place").set_value(str(tmp_path / "gone"))
    at.text_input(key="import_target").set_value(str(tmp_path / "made"))
    fine(at.run())
    assert at.error and at.button(key="import_go").disabled
    at.text_input(key="import_place").set_value(str(tmp_path / "transfers.csv"))
    (tmp_path / "transfers.csv").write_text("transfer_id,time,source,target,amount\nt1,2024-03-01,A,B,x\n")
    at.checkbox(key="import_strict").set_value(True)
    fine(at.run())
    at.button(key="import_go").click()
    fine(at.run())
    assert at.error and not (tmp_path / "made").exists()


def test_an_import_never_takes_the_place_of_another_case(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "transfers.csv").write_text("transfer_id,time,source,target,amount\nt1,2024-03-01,A,B,5.00\n")
    at = fine(started("data", lang="en"))
    at.text_input(key="import_place").set_value(str(tmp_path / "transfers.csv"))
    at.text_input(key="import_target").set_value(str(toy))
    fine(at.run())
    at.button(key="import_go").click()
    fine(at.run())
    assert "there is a case here already" in at.error[0].value
    assert len(gf.open_case(toy).tables.transfers) == 5


# ---------------------------------------------------------------- what is remembered


def test_a_case_opened_is_offered_again(toy: Path) -> None:
    fine(started(lang="en", case=toy))
    assert recent.cases() == [str(toy.resolve())]
    at = fine(started(lang="en"))
    button = next(each for each in at.button if str(each.key).startswith("recent_0"))
    button.click()
    fine(at.run())
    assert at.session_state.case == str(toy.resolve())
    state = json.loads((recent.state_folder() / "recent.json").read_text())
    assert state == [str(toy.resolve())]


def test_a_new_folder_is_offered_to_be_filled(tmp_path: Path) -> None:
    """`graphflow app NEW` on an empty folder is no error: its case is made by importing into it."""
    (tmp_path / "new").mkdir()
    at = fine(started("data", lang="en", case=tmp_path / "new"))
    assert "There is no case in" in said(at) and "import files into it" in said(at) and not at.error
    assert at.text_input(key="import_target").value == str(tmp_path / "new")
    assert "no case yet" in said(at)
    (tmp_path / "new" / "notes.txt").write_text("x")
    at = started("data", lang="en", case=tmp_path / "new")
    assert at.error and "there is no case here" in said(at)


def test_transfers_stand_in_the_order_of_their_times(tmp_path: Path) -> None:
    """However they are stored, and searched or not; pages follow one another."""
    times = ["2024-03-05", "2024-03-01", "2024-03-04", "2024-03-02", "2024-03-03"] * 130
    rows = pd.DataFrame(
        {
            "transfer_id": [f"t{i}" for i in range(len(times))],
            "time": times,
            "source": "A",
            "target": "B",
            "amount": "1.00",
            "memo": [f"m{i % 2}" for i in range(len(times))],
        }
    )
    gf.Case.from_tables(transfers=rows).save(tmp_path / "case")
    at = fine(started("transfers", lang="en", case=tmp_path / "case"))
    [first] = [frame for frame in tables(at).values() if "at" in frame]
    at.number_input(key="rows_page").set_value(2).run()
    [second] = [frame for frame in tables(fine(at)).values() if "at" in frame]
    shown = [*first["at"], *second["at"]]
    assert len(shown) == len(times) and shown == sorted(times)
    at.text_input(key="rows_text").set_value("m1").run()
    [found] = [frame for frame in tables(fine(at)).values() if "at" in frame]
    assert len(found) == len(times) // 2 and list(found["at"]) == sorted(found["at"])


def test_an_example_names_its_kind_once(tmp_path: Path) -> None:
    loans = pd.DataFrame({"loan_id": ["loan:9"], "borrower_id": "P", "principal": "1", "start": "2024-01-01"})
    transfers = pd.DataFrame(
        [("t", "2024-01-01", "A", "B", "1.00")], columns=["transfer_id", "time", "source", "target", "amount"]
    )
    gf.Case.from_tables(transfers=transfers, loans=loans).save(tmp_path / "case")
    labels = [button.label.replace("\\", "") for button in fine(started(case=tmp_path / "case")).button]
    assert "loan:9" in labels and not [each for each in labels if "loan:loan" in each]


def test_the_browsers_way_back_leads_to_the_question_before(toy: Path) -> None:
    """And what a person has just changed is never undone by an address that lags behind."""
    at = fine(started(lang="en", case=toy, from_="transfer:a", hops="3"))
    first = dict(at.query_params)
    at.text_input(key="trace_from").set_value("transfer:b")
    at.number_input(key="trace_hops").set_value(None)
    fine(at.run())
    assert "transfer:b" in at.query_params["from"] and "hops" not in at.query_params
    at.query_params.clear()
    at.query_params.update(first)
    fine(at.run())
    assert (
        at.text_input(key="trace_from").value == "transfer:a" and at.number_input(key="trace_hops").value == 3
    )
    assert "300.00" in said(at)
    at.text_input(key="trace_from").set_value("transfer:c")  # typed while the address still has transfer:a
    fine(at.run())
    assert "transfer:c" in at.query_params["from"]
    at.query_params.clear()
    at.query_params.update(first)
    at.text_input(key="trace_from").set_value("transfer:b")
    fine(at.run())
    assert at.text_input(key="trace_from").value == "transfer:b"
    at.query_params.clear()  # another screen, and back by the menu
    fine(at.run())
    assert at.text_input(key="trace_from").value == "transfer:b"


def test_accounts_of_one_name_are_told_apart(tmp_path: Path) -> None:
    transfers = pd.DataFrame(
        [("t1", "2024-01-01", "A", "620001", "5.00"), ("t2", "2024-01-02", "620001", "620002", "5.00")],
        columns=["transfer_id", "time", "source", "target", "amount"],
    )
    accounts = pd.DataFrame({"account_id": ["A", "620001", "620002"], "name": ["甲", "张三", "张三"]})
    gf.Case.from_tables(transfers=transfers, accounts=accounts).save(tmp_path / "case")
    at = fine(started(case=tmp_path / "case", from_="transfer:t1"))
    rows = tables(at)["trace_rows"]
    assert list(rows["source_called"]) == ["甲", "张三 (620001)"]
    assert list(rows["target_called"]) == ["张三 (620001)", "张三 (620002)"]


# ---------------------------------------------------------------- rules, side by side and one by one


def having(at: AppTest, *columns: str) -> Any:
    """The first table with these columns: one that nothing can be selected in has no key here."""
    return next((each.value for each in at.dataframe if set(columns) <= set(each.value.columns)), None)


def test_every_rule_is_chosen_one_after_another(toy: Path) -> None:
    case = gf.open_case(toy)
    at = fine(started(lang="en", case=toy, from_="transfer:a,transfer:c"))
    for rule in tracing.RULES:
        at.selectbox(key="trace_rule").select(rule.name)
        fine(at.run())
        answer = gf.trace(case, "transfer:a,transfer:c", rule=rule.name)
        amount = "seed_amount" if rule.attributes else "amount"
        shown = having(at, "what", "called", amount)
        assert [round(each * 100) for each in shown[amount]] == answer.ends[amount].tolist()
        assert ("The ends add up to the seed" in said(at)) == rule.attributes
        assert ("there are no chains" in said(at)) == (not rule.attributes)
        assert at.query_params["rule"] in (rule.name, [rule.name])
        for words in (rule.title, rule.says, rule.used_by, rule.source):
            assert words in at.selectbox(key="trace_rule").help


def test_a_rule_that_has_no_backward_says_so(toy: Path) -> None:
    at = fine(started(lang="en", case=toy, from_="transfer:y", rule="libr", back="1"))
    assert "not defined backward" in at.error[0].value.replace("\\", "")


def test_rules_are_compared_on_a_click_with_the_envelope(toy: Path) -> None:
    at = fine(started(lang="en", case=toy, from_="transfer:a,transfer:c"))
    assert having(at, "fifo", "least") is None, "nothing is compared before it is asked for"
    at.button(key="trace_compare").click()
    fine(at.run())
    shown = having(at, "fifo", "least")
    expected = gf.compare_rules(gf.open_case(toy), "transfer:a,transfer:c")
    for name in ("fifo", "lifo", "prorata", "libr", "poison", "least", "greatest"):
        assert [round(each * 100) for each in shown[name]] == expected[name].tolist(), name
    at.selectbox(key="trace_rule").select("lifo")
    fine(at.run())
    assert having(at, "fifo", "least") is not None, "another rule is the same comparison"
    labels = {str(each.proto.label) for each in at.get("download_button")}
    assert "CSV · Rules compared" in labels and "CSV · Statements to ask for" in labels


def test_what_a_rule_cannot_answer_in_a_comparison_is_said(toy: Path) -> None:
    at = fine(started(lang="en", case=toy, from_="transfer:y", back="1"))
    at.button(key="trace_compare").click()
    fine(at.run())
    assert "libr" not in having(at, "fifo", "least") and "libr is not defined backward" in said(at).replace(
        "\\", ""
    )


def test_the_envelope_stands_beside_the_ends_and_in_the_address(toy: Path) -> None:
    at = fine(started(lang="en", case=toy, from_="transfer:a,transfer:c", envelope="1"))
    shown = tables(at)["trace_ends"]
    assert dict(zip(shown["called"], shown["greatest"], strict=True)) == {"X": 250.0, "Y": 300.0, "M": 150.0}
    assert at.query_params["envelope"] in ("1", ["1"])
    at.toggle(key="trace_envelope").set_value(False)
    fine(at.run())
    assert "greatest" not in tables(at)["trace_ends"]


def test_statements_to_ask_for_are_ranked_by_the_money_they_would_explain(p2p: Path) -> None:
    case = gf.open_case(p2p)
    platform = case.tables.parties.query("sector == 'p2p_platform'")["party_id"].iloc[0]
    for by in ("account", "party"):
        at = fine(started(lang="en", case=p2p, from_=f"party:{platform}", by=by))
        ends = gf.trace(case, f"party:{platform}", by=by).ends.query("kind == 'frontier'")
        ends = ends.assign(who=ends["account_id"].fillna(ends["party_id"]))
        ends = ends[~ends["who"].str.startswith("?:")]
        shown = having(at, "why", "who")
        assert [round(each * 100) for each in shown["amount"]] == sorted(ends["seed_amount"], reverse=True)
        assert set(shown["who"]) == set(ends["who"])


def test_by_party_transfers_inside_a_party_are_left_out(tmp_path: Path) -> None:
    gf.Case.from_tables(
        accounts={"account_id": ["A", "B1", "B2", "C"], "party_id": ["PA", "PB", "PB", "PC"]},
        parties={"party_id": ["PA", "PB", "PC"], "name": ["Anna", "Bert", "Carl"], "kind": ["person"] * 3},
        transfers={
            "transfer_id": ["t1", "t2", "t3"],
            "time": ["2024-03-01T09:00:00", "2024-03-01T10:00:00", "2024-03-01T11:00:00"],
            "source": ["A", "B1", "B2"], "target": ["B1", "B2", "C"], "amount": ["50", "50", "20"],
        },
    ).save(tmp_path / "case")  # fmt: skip
    at = fine(started(lang="en", case=tmp_path / "case", from_="transfer:t1"))
    assert list(tables(at)["trace_rows"]["transfer_id"]) == ["t1", "t2", "t3"]
    at = fine(started(lang="en", case=tmp_path / "case", from_="transfer:t1", by="party"))
    assert list(tables(at)["trace_rows"]["transfer_id"]) == ["t1", "t3"]
    assert "Left out: 1 transfers between accounts of one party" in said(at)
    shown = tables(at)["trace_ends"]
    assert list(zip(shown["called"], shown["seed_amount"], strict=True)) == [("Bert", 30.0), ("Carl", 20.0)]


def test_figures_that_rest_on_unknown_openings_stand_beside_very_large_ones(tmp_path: Path) -> None:
    gf.Case.from_tables(
        transfers={
            "transfer_id": ["t", "x"], "time": ["2024-03-01T09:00:00", "2024-03-01T10:00:00"],
            "source": ["T", "M"], "target": ["M", "X"], "amount": ["50", "120"],
        },
    ).save(tmp_path / "case")  # fmt: skip
    at = fine(started(lang="en", case=tmp_path / "case", from_="transfer:t", openings="1", envelope="1"))
    shown = tables(at)["trace_ends"]
    assert list(zip(shown["called"], shown["seed_amount"], shown["large"], strict=True)) == [
        ("X", 50.0, 0.0),
        ("M", 0.0, 50.0),
    ]
    assert "2 of 2 ends rest on openings" in said(at)


def test_a_transfer_selected_is_explained_in_the_readers_language(toy: Path) -> None:
    answer = gf.trace(gf.open_case(toy), "transfer:a,transfer:c")
    for language in ("en", "zh"):
        at = fine(started(lang=language, case=toy, from_="transfer:a,transfer:c"))
        key = f"trace_rows_{at.session_state.trace_serials['rows']}"
        at.session_state[key] = {"selection": {"rows": [1], "columns": [], "cells": []}}
        fine(at.run())
        shown = str(tables(at)["trace_rows"]["transfer_id"].iloc[1])
        assert [each.value for each in at.code] == [answer.explain(shown, language).strip()]


def test_options_stand_in_the_address_and_are_asked(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    real = gf.trace

    def watched(*given: Any, **more: Any) -> Any:
        asked.append(more)
        return real(*given, **more)

    monkeypatch.setattr(gf, "trace", watched)
    at = fine(started(lang="en", case=toy, from_="transfer:a,transfer:c", overdraft="coordinated", gaps="1"))
    assert (asked[-1]["overdraft"], asked[-1]["cash_gaps"]) == ("coordinated", True)
    assert at.query_params["overdraft"] in ("coordinated", ["coordinated"])
    at.selectbox(key="trace_rule").select("lifo")
    fine(at.run())
    assert asked[-1]["overdraft"] == "lender", "only first in, first out coordinates overdrafts"


# ---------------------------------------------------------------- owners behind


def test_owners_behind_the_ends_are_asked_for_and_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: list[Penetration] = []
    walk = Penetration.iter_chains
    monkeypatch.setattr(Penetration, "iter_chains", lambda found: (walks.append(found), walk(found))[1])
    holders.j1().save(tmp_path / "j1")
    at = fine(started(lang="en", case=tmp_path / "j1", from_="account:i1,account:i2"))
    assert "trace_standing" not in tables(at)  # every tab is made at every click: not unasked
    at.button(key="trace_stands").click()
    fine(at.run())
    plain = said(at).replace("\\", "")
    assert "All of it adds up to the seed: 1,000,000.00" in plain
    assert len(walks) == 1, "all chains are gone through once for all that is shown"
    at.text_input(key="trace_controller").set_value("X")
    fine(at.run())
    plain = said(at).replace("\\", "")
    assert "**275,000.00" in plain and "27.5%" in plain and "the 1 under its control" in plain
    assert "takes about as long as the trace" not in plain, "what was asked is not asked for again"
    assert "**With whom the money stands**" in plain and "**Through which products and companies**" in plain
    (ways,) = [each.value["way"].tolist() for each in at.dataframe if "way" in each.value]
    assert len(ways) == 5 and "loan B: 50.00% of what T holds (2024-03-29)" in ways[3]
    at.text_input(key="trace_controller").set_value("nobody")
    assert "no party" in said(fine(at.run())).lower() or at.error
    at.text_input(key="trace_controller").set_value("X")
    at.session_state.language = "zh"
    assert "归属" in said(fine(at.run()))


def test_owners_behind_are_refused_where_they_cannot_be_told(tmp_path: Path, toy: Path) -> None:
    holders.j1().save(tmp_path / "j1")
    at = fine(started(lang="en", case=tmp_path / "j1", from_="account:a", back="1"))
    assert "This is asked of where money went" in said(at)
    assert "neither who owns whom" in said(fine(started(lang="en", case=toy, from_="transfer:a")))


def test_what_of_a_product_is_overdue_is_said_and_no_money_of_tomorrow(tmp_path: Path) -> None:
    holders.p5().save(tmp_path / "p5")
    at = fine(started("products", case=tmp_path / "p5", lang="en"))
    assert not any("verdue" in warning.value for warning in at.warning)
    at = fine(at.date_input(key="product_as_of").set_value("2024-09-01").run())
    [warning] = [warning.value for warning in at.warning if "verdue" in warning.value]
    assert "Overdue assets: 1, of 30.00 CNY, for up to 4 days." in warning
    assert "Overdue liabilities: 2, of 100.00 CNY, for up to 154 days." in warning
    assert "Overdue assets are in no gap up to a day" in warning
    [ladder] = [each.value for each in at.dataframe if "rollover_dependency" in each.value]
    assert ladder["bucket"].tolist()[:2] == ["overdue", "0-1"]


# ---------------------------------------------------------------- why two are related


def test_why_two_are_related_is_said_in_a_sentence_and_nothing_chosen_says_what_to_do(tmp_path: Path) -> None:
    holders.o5().save(tmp_path / "o5")
    nobody = said(fine(started("ownership", lang="en", case=tmp_path / "o5")))
    assert "Name a company or a person" in nobody

    at = fine(started("ownership", lang="en", case=tmp_path / "o5", party="A"))
    assert "Two parties are related where an article says so" in said(at)
    assert "Name another party" in said(at)
    offered = [button.key for button in at.button if str(button.key).startswith("owner_other_")]
    assert offered == [f"owner_other_{each}" for each in ("P", "B", "C", "E")]
    at.button(key="owner_other_C").click()
    plain = said(fine(at.run())).replace("\\", "")
    assert "### :material/link: Related" in plain
    assert "A and C are related: both are controlled by the same (企业会计准则第36号第三条)." in plain
    assert "Between them stands: P." in plain

    at.text_input(key="owner_other").set_value("A")
    assert "This is the party itself" in said(fine(at.run()))
    at.text_input(key="owner_other").set_value("nobody")
    told = said(fine(at.run()))
    assert "Other party" in told and "nobody" in told and "other:" not in told
    at.text_input(key="owner_party").set_value("D")
    at.text_input(key="owner_other").set_value("E")
    plain = said(fine(at.run()))
    assert "It is disputed whether D and E are related" in plain and "does not relate them" in plain
    at.session_state.language = "zh"
    assert "D 与 E 是否构成关联方存在争议" in said(fine(at.run())).replace("\\", "")


def test_two_with_nothing_between_them_are_said_to_have_none(tmp_path: Path) -> None:
    stakes = pd.DataFrame({"owner_id": ["P", "Q"], "company_id": ["A", "B"], "share": ["1", "1"]})
    kinds = {"party_id": [*"PQAB"], "name": [*"PQAB"], "kind": ["person"] * 2 + ["company"] * 2}
    moved = {"transfer_id": ["1"], "time": ["2024-03-01"], "source": ["x"], "target": ["y"], "amount": ["1"]}
    case = gf.Case.from_tables(transfers=pd.DataFrame(moved), stakes=stakes, parties=pd.DataFrame(kinds))
    case.save(tmp_path / "case")
    at = fine(started("ownership", lang="en", case=tmp_path / "case", party="A", other="B"))
    plain = said(at).replace("\\", "")
    assert "Not related, by what is known" in plain
    assert "no manager or relative joins A and B in what this case knows" in plain
    assert "related_table" not in tables(at)


# ---------------------------------------------------------------- products


def test_rules_tables_and_kinds_on_the_screen_of_products_are_in_the_readers_language(tmp_path: Path) -> None:
    holders.p7().save(tmp_path / "p7")
    at = fine(started("products", lang="zh", case=tmp_path / "p7", product="W"))
    assert at.selectbox(key="product_rule").options[0] == "先进先出"
    (gaps,) = [each.value["table"] for each in at.dataframe if "problem" in each.value]
    assert {"认购", "产品"} <= set(gaps) and not any(each.isascii() for each in gaps)
    holders.p1().save(tmp_path / "p1")
    at = fine(started("products", lang="en", case=tmp_path / "p1", product="W"))
    (rows,) = [each.value for each in at.dataframe if "nominal_count" in each.value]
    assert "public securities fund" in set(rows["kind"])


def test_an_asset_ends_on_the_day_of_the_cases_zone_and_on_none_where_none_is_stated(tmp_path: Path) -> None:
    holders.p5().save(tmp_path / "p5")
    at = fine(started("products", lang="en", case=tmp_path / "p5", product="W"))
    (rows,) = [each.value for each in at.dataframe if "borrower" in each.value]
    assert dict(zip(rows["asset"], rows["end"], strict=True)) == {
        "cash": "", "bill": "2024-08-28", "loan": "2026-02-19",
    }  # fmt: skip
