"""The app in a real browser: what a person sees, clicks and reads, and that nothing leaves the machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import graphflow as gf
from graphflow.ownership import ownership_graph
from graphflow.pictures.words import brief_percent
from graphflow.synthesis import make

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from app import cases
from tests.browser import (
    AWAY,
    Guard,
    Sankey,
    app,
    chromium_at,
    free_port,
    looking,
    open_page,
    served,
    settle,
    streamlit_page,
    table,
    text,
    words,
)
from tests.test_loaders_assigned import OWN

pytestmark = pytest.mark.browser

HOSTILE = f"![x]({AWAY}) <img src={AWAY}>"


@pytest.fixture(scope="module")
def p2p(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("p2p")
    make("p2p", folder / "files", size=20_000, seed=1)
    gf.import_sources(folder / "case", folder / "files")
    return folder / "case"


@pytest.fixture(scope="module")
def finbench(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finbench")
    gf.import_sources(folder / "case", data / "finbench_sf0.01" / "snapshot")
    return folder / "case"


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard()


@pytest.fixture(scope="module")
def address(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, running; asked for after the browser, so that without one nothing is started."""
    with app(tmp_path_factory.mktemp("server")) as where:
        yield where


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with chromium_at(chromium) as made:
        yield made


@pytest.fixture(scope="module")
def context(browser: Any, guard: Guard) -> Iterator[Any]:
    with looking(browser, guard, height=1000) as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_leaves(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test: no page asked for anything off this machine."""
    yield
    if "guard" in request.fixturenames:
        request.getfixturevalue("guard").check()


def platform(case: Path) -> str:
    parties = gf.open_case(case).tables.parties
    return f"party:{parties.loc[parties['sector'] == 'p2p_platform', 'party_id'].iloc[0]}"


def drawn_words(page: Any) -> set[str]:
    """The words of a graph in layers as the browser has drawn them: none of them over another."""
    page.wait_for_selector("[_echarts_instance_] svg text", timeout=60_000)
    drawn = page.evaluate(
        """() => [...document.querySelectorAll('[_echarts_instance_] svg text')].map((each) => {
            const box = each.getBoundingClientRect();
            return [each.textContent, box.left, box.top, box.right, box.bottom];
        }).filter((each) => each[0].trim())"""
    )
    for (one, *a), (other, *b) in combinations(drawn, 2):
        aside = min(a[2], b[2]) - max(a[0], b[0]) < 1
        # a line of type is taller than its letters
        assert aside or min(a[3], b[3]) - max(a[1], b[1]) < 4, f"{one} stands over {other}"
    return {text for text, *_ in drawn}


def numbers(said: str) -> list[str]:
    return re.findall(r"\d[\d,]*\.\d\d", said)


def follows_both_ways(page: Any, seed: int) -> None:
    """A click on a link filters the rows; a row selected lights its path; the ends add up."""
    whole = Sankey.on(page)
    before = table(page, "trace_rows")
    assert before and whole.lit() == {link["index"] for link in whole.links}, "nothing is selected yet"

    wide = max(
        (link for link in whole.links if not link["target"].startswith("end@")), key=lambda l: l["wide"]
    )
    whole.click(wide)
    after, lit = table(page, "trace_rows"), Sankey.on(page)
    assert after != before, "the click did not change the table"
    assert wide["index"] in lit.lit() and (
        len(lit.lit()) < len(lit.links) or len(lit.links) == len(lit.lit())
    )
    assert " → " in text(page)

    page.keyboard.press("Escape")
    settle(page)
    assert table(page, "trace_rows") == before
    assert Sankey.on(page).lit() == {link["index"] for link in whole.links}

    # the first row's box is at the left edge of the table's canvas, under its head
    box = page.locator('[class*="st-key-trace_rows"] canvas').first.bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + 36 + 15)
    settle(page)
    lit = Sankey.on(page)
    assert 0 < len(lit.lit()) < len(lit.links), "a row lights its path and no other"

    ends = [node for node in whole.nodes if node["key"].startswith("end@")]
    assert sum(node["value"] for node in ends) == seed, "the ends drawn add up to the seed"


def test_a_trace_of_the_platform_is_drawn_clicked_and_adds_up(
    p2p: Path, address: str, context: Any, guard: Guard
) -> None:
    case = gf.open_case(p2p)
    reference = platform(p2p)
    answer = gf.trace(case, reference)
    page = open_page(context, address, case=str(p2p), lang="zh", **{"from": reference})
    said = text(page)
    seed = f"{answer.seed // 100:,}.{answer.seed % 100:02d}"
    assert f"各去向合计等于所查资金：{seed} = {seed} 元" in said
    drawn = Sankey.on(page)
    assert 20 < len(drawn.nodes) <= 150
    follows_both_ways(page, answer.seed)
    page.close()


def test_a_loan_of_finbench_is_drawn_clicked_and_adds_up(
    finbench: Path, address: str, context: Any, guard: Guard
) -> None:
    case = gf.open_case(finbench)
    reference = str(case.tables.loans["loan_id"].iloc[0])
    answer = gf.trace(case, reference)
    page = open_page(context, address, case=str(finbench), lang="en", **{"from": reference})
    assert "The ends add up to the seed" in text(page)
    rows = table(page, "trace_ends")
    assert len(rows) == len(answer.ends) < 10, "so few that the browser has them all"
    assert sum(round(float(row[2].replace(",", "")) * 100) for row in rows) == answer.seed
    follows_both_ways(page, answer.seed)
    page.close()


def test_the_language_is_switched_and_nothing_stays_in_the_other(
    p2p: Path, address: str, context: Any, guard: Guard
) -> None:
    page = open_page(context, address, case=str(p2p), lang="en", **{"from": platform(p2p)})
    english = words(page)
    assert "Money asked about" in english
    page.get_by_text("中文", exact=True).click()
    settle(page)
    chinese = words(page)
    assert "所查资金" in chinese and "lang=zh" in page.url
    left = set(re.findall(r"[A-Za-z]{3,}", chinese)) - {
        "Language", "English", "party", "account", "loan", "transfer", "Esc", "case", "CSV", "SVG", "Excel", "PNG", "yyyy",
    }  # fmt: skip
    assert not left, f"English left in Chinese: {left}"
    page.get_by_test_id("stSidebarNav").get_by_text("流水", exact=True).click()
    settle(page)
    assert "/transfers" in page.url and "lang=zh" in page.url, "the path is the same in every language"
    page.close()


def test_backward_and_pro_rata_and_party_are_chosen_with_the_mouse(
    p2p: Path, address: str, context: Any, guard: Guard
) -> None:
    case = gf.open_case(p2p)
    reference = platform(p2p)
    page = open_page(context, address, case=str(p2p), lang="en", **{"from": reference})
    for label in ("Backward", "Party"):
        page.locator(".st-key-question").get_by_text(label, exact=True).click()
        settle(page)
    page.locator(".st-key-trace_rule").get_by_role("combobox").click()
    page.get_by_role("option", name="Pro rata").click()
    settle(page)
    answer = gf.trace(case, reference, rule="prorata", backward=True)
    seed = f"{answer.seed // 100:,}.{answer.seed % 100:02d}"
    assert f"The origins add up to the seed: {seed} = {seed} CNY" in text(page)
    assert "back=1" in page.url and "rule=prorata" in page.url and "by=party" in page.url
    drawn = Sankey.on(page)
    first = min(drawn.nodes, key=lambda node: node["left"])
    assert first["key"].startswith("end@"), "backward the ends stand at the left: money flows to the right"
    again = open_page(
        context, page.url.split("?")[0].rstrip("/"), "", **dict(part.split("=", 1) for part in [])
    )
    again.goto(page.url)
    settle(again)
    assert f"{seed} = {seed} CNY" in text(again), "a link shows the same"
    again.close()
    page.close()


def test_a_party_is_found_by_name_and_traced(p2p: Path, address: str, context: Any, guard: Guard) -> None:
    case = gf.open_case(p2p)
    name = case.tables.parties.loc[case.tables.parties["sector"] == "p2p_platform", "name"].iloc[0]
    page = open_page(context, address, case=str(p2p), lang="zh")
    page.get_by_role("button", name="查找").click()
    page.get_by_placeholder("名称、编号或号码").fill(str(name)[:4])
    page.keyboard.press("Enter")
    settle(page)
    hits = table(page, "trace_hits")
    assert hits and str(name)[:4] in hits[0][1]
    box = page.locator(".st-key-trace_hits canvas").first.bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + 36 + 18)
    settle(page)
    page.keyboard.press("Escape")
    settle(page)
    assert page.get_by_role("textbox", name="起点").input_value() == platform(p2p)
    assert "合计等于所查资金" in text(page)
    page.close()


def test_a_trace_starts_from_a_row(p2p: Path, address: str, context: Any, guard: Guard) -> None:
    """In the language and the unit that were chosen, which the way to another screen does not lose."""
    page = open_page(context, address, "transfers", case=str(p2p), lang="zh", unit="middle")
    page.get_by_role("textbox", name="搜索").fill("消费")
    page.keyboard.press("Enter")
    settle(page)
    assert table(page, "rows_table")
    box = page.locator('[class*="st-key-rows_table"] canvas').first.bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + 36 + 18)
    settle(page)
    page.get_by_role("button", name="追踪此笔交易").click()
    page.wait_for_url(
        "**from=transfer**"
    )  # the other screen is a page of its own, and comes after the script
    settle(page)
    assert "/transfers" not in page.url and "from=transfer" in page.url
    assert "lang=zh" in page.url and "unit=middle" in page.url
    assert "各去向合计等于所查资金" in text(page) and "所查资金（万元）" in text(page)
    page.close()


def test_owners_are_drawn_a_click_asks_about_one_and_two_are_related(
    p2p: Path, address: str, context: Any, guard: Guard
) -> None:
    case = gf.open_case(p2p)
    platform_id = platform(p2p).removeprefix("party:")
    found = gf.owners(case, platform_id)
    page = open_page(context, address, "ownership", case=str(p2p), lang="en", party=platform_id)
    rows = table(page, "owners_table")
    assert [row[2] for row in rows] == [f"{share * 100:.4f} %" for share in found["share"]]
    assert "The shares add up to one." in text(page)
    graph = ownership_graph(case, platform_id)
    said = drawn_words(page)
    for row in graph.edges.to_dict("records"):
        assert brief_percent(row["share_min"]) in said and f"votes {brief_percent(row['votes_min'])}" in said
    owner = graph.edges.loc[graph.edges["company_id"] == platform_id, "owner_id"].iloc[0]
    name = cases.party_names(case, [owner])[owner]
    page.locator("[_echarts_instance_] svg text").get_by_text(name[:6]).click(force=True)
    settle(page)
    assert page.get_by_role("textbox", name="Company or person").input_value() == owner
    page.get_by_role("textbox", name="Company or person").fill(platform_id)
    page.keyboard.press("Enter")
    settle(page)
    borrower = case.tables.holdings["borrower_id"].dropna().iloc[0]
    page.get_by_role("tab", name="Related to another").click()
    page.get_by_role("textbox", name="Other party").fill(borrower)
    page.keyboard.press("Enter")
    settle(page)
    answer = gf.related(case, platform_id, borrower)
    assert answer.answer == "yes" and "are related: " in text(page) and f"other={borrower}" in page.url
    assert len(table(page, "related_table")) == len(answer.basis)
    page.get_by_text("中文", exact=True).click()
    settle(page)
    assert "关联方" in text(page) and "Related to" not in text(page)
    page.close()


def test_money_is_looked_through_to_the_group_of_a_person(
    p2p: Path, address: str, context: Any, guard: Guard
) -> None:
    case = gf.open_case(p2p)
    reference = platform(p2p)
    stakes = case.tables.stakes
    holding = stakes.loc[stakes["company_id"] == reference.removeprefix("party:"), "owner_id"].iloc[0]
    person = gf.controllers(case, str(holding)).query("ultimate")["party_id"].iloc[0]
    found = gf.penetrate(gf.trace(case, reference), str(person))
    page = open_page(context, address, case=str(p2p), lang="en", **{"from": reference})
    page.get_by_role("tab", name="Owners behind").click()
    settle(page)
    page.get_by_placeholder("id or name; empty").fill(str(person))
    page.keyboard.press("Enter")
    settle(page)
    total = f"{(found.total or 0) // 100:,}.{(found.total or 0) % 100:02d} CNY"
    seed = f"{found.seed // 100:,}.{found.seed % 100:02d}"
    assert f"the {len(found.certain) - 1} under its control" in text(page) and total in text(page)
    assert f"All of it adds up to the seed: {seed} = {seed} CNY" in text(page)
    rows = table(page, "trace_standing")
    assert [row[5] for row in rows] == found.standing["held_in"].tolist()[: len(rows)]
    ways = table(page, "trace_stands_chains")
    assert ways and all("→" in row[3] for row in ways)
    page.close()


def test_a_product_is_looked_through_with_its_ladder(
    p2p: Path, finbench: Path, address: str, context: Any, guard: Guard
) -> None:
    case = gf.open_case(p2p)
    product = str(case.tables.holdings["product_id"].value_counts().index[0])
    r = gf.look_through(case, product)
    page = open_page(context, address, "products", case=str(p2p), lang="en", product=product)
    assert f"{r.investor_count:,}" in text(page)
    said = drawn_words(page)
    for row in r.assets.head(5).itertuples():
        assert brief_percent(row.weight) in said and f"{row.amount / 100:,.2f}" in said
    assert len(r.assets) > 31 and f"{len(r.assets) - 30} more assets" in said, "the others are drawn as one"
    rows = table(page, "product_assets")  # the browser has those that are seen
    assert [row[0] for row in rows] == r.assets["asset_id"].tolist()[: len(rows)]
    assert "The assets add up to what it holds" in text(page)
    page.get_by_role("tab", name="Maturities").click()
    settle(page)
    ladder = table(page, "product_ladder")
    owed = sum(round(float(row[2].replace(",", "")) * 100) for row in ladder)
    assert owed == r.ladder["liabilities"].sum()
    page.get_by_role("tab", name="Investors").click()
    settle(page)
    crossed = table(page, "product_matrix")
    first = r.cross(investors=12, assets=6)["amount"].iloc[: len(crossed[0]) - 2]
    assert [round(float(each.replace(",", "")) * 100) for each in crossed[0][1:-1]] == first.tolist()
    assert "Rows and columns add up to what it holds" in text(page)
    page.get_by_role("tab", name="Leaves and fees").click()
    settle(page)
    assert [row[0] for row in table(page, "product_related")] == r.related_shares["related"].tolist()
    assert "No account of these products is in the case" in text(page), "an empty state says what is lacking"
    page.get_by_role("tab", name="Register").click()
    settle(page)
    found = gf.register(case)
    shown = table(page, "product_register")
    assert [row[0] for row in shown] == found.products["product_id"].tolist()
    assert {row[3] for row in shown} == {"no number stated"}
    page.get_by_role("tab", name="Redemptions").click()
    settle(page)
    page.get_by_role("combobox", name="Rule").click()
    page.get_by_role("option", name="First in, first out").click()
    settle(page)
    rolled = r.realised_rollover("fifo")
    rows = table(page, "product_sources")
    assert [round(float(row[1].replace(",", "")) * 100) for row in rows] == rolled.sources["amount"].tolist()
    assert f"{rolled.share * 100:.4f} %" in text(page)
    page.close()
    other = open_page(context, address, "products", case=str(finbench), lang="zh")
    assert "案件没有产品表" in text(other), "an empty state says what is lacking"
    other.close()


def test_owners_of_finbench_with_more_than_the_whole_are_shown_and_said(
    finbench: Path, address: str, context: Any, guard: Guard
) -> None:
    case = gf.open_case(finbench)
    company = case.tables.stakes["company_id"].value_counts().index[0]
    page = open_page(context, address, "ownership", case=str(finbench), lang="en", party=company)
    frame = gf.owners(case, company)
    rows = table(page, "owners_table")
    assert rows[0][2] == f"{frame['share'].iloc[0] * 100:.4f} %"
    assert ("more than the whole" in text(page)) == (frame["kind"] == "excess").any()
    page.close()


def test_streamlits_own_menus_speak_the_readers_language(
    p2p: Path, address: str, context: Any, guard: Guard
) -> None:
    """And its download of a table, rounded and open to formulas, is not offered: ours are exact."""
    page = open_page(context, address, "transfers", case=str(p2p), lang="zh")
    grid = page.locator('[class*="st-key-rows_table"] canvas').first
    box = grid.bounding_box()
    page.mouse.move(box["x"] + 500, box["y"] + 18)
    page.wait_for_timeout(400)
    page.mouse.click(box["x"] + 535, box["y"] + 18)
    menu = page.get_by_test_id("stDataFrameColumnMenu")
    menu.wait_for()
    page.wait_for_timeout(200)
    assert "升序排列" in menu.inner_text() and "Sort" not in menu.inner_text()
    page.keyboard.press("Escape")
    page.mouse.move(box["x"] + 400, box["y"] + 200)
    buttons = page.locator('[class*="st-key-rows_table"] [data-testid="stElementToolbar"] button')
    offered = [button.get_attribute("aria-label") for button in buttons.all() if button.is_visible()]
    assert "Search" in offered and "Download as CSV" not in offered
    page.close()


def test_the_way_back_leads_to_the_question_before(
    p2p: Path, address: str, context: Any, guard: Guard
) -> None:
    page = open_page(context, address, case=str(p2p), lang="en", **{"from": platform(p2p)})
    forward = page.url
    page.get_by_text("Backward", exact=True).click()
    settle(page)
    backward = page.url
    assert backward != forward and "The origins add up" in text(page)
    page.go_back()
    settle(page)
    assert page.url == forward and "The ends add up" in text(page)
    page.go_forward()
    settle(page)
    assert page.url == backward and "The origins add up" in text(page)
    page.close()


def test_files_are_dropped_imported_and_reported(
    tmp_path: Path, address: str, context: Any, guard: Guard
) -> None:
    good = tmp_path / "transfers.csv"
    good.write_text(
        "transfer_id,time,source,target,amount,memo\n"
        "t1,2024-03-01T09:00:00,A,B,100.00,\n"
        "t2,2024-03-01T10:00:00,B,C,60.00,\n"
        "t3,yesterday,B,C,1.00,\n",
        encoding="utf-8",
    )
    page = open_page(context, address, "data", lang="zh")
    page.get_by_role("tab", name="导入", exact=True).click()
    page.locator('input[type="file"]').first.set_input_files(str(good))
    settle(page)
    page.get_by_role("textbox", name="新案件的文件夹").fill(str(tmp_path / "case"))
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_role("button", name="导入", exact=True).last.click()
    settle(page)
    assert (tmp_path / "case" / "case.json").is_file()
    page.get_by_role("tab", name="隔离区").click()
    settle(page)
    assert "yesterday" in str(table_of_text(page))
    page.get_by_test_id("stSidebarNav").get_by_text("资金穿透", exact=True).click()
    settle(page)
    page.get_by_role("textbox", name="起点").fill("transfer:t1")
    page.keyboard.press("Enter")
    settle(page)
    assert "各去向合计等于所查资金：100.00 = 100.00 元" in text(page)
    page.close()


def test_a_statement_of_unknown_layout_is_assigned_tried_and_imported(
    tmp_path: Path, address: str, context: Any, guard: Guard
) -> None:
    (tmp_path / "流水.csv").write_bytes(OWN.encode("gb18030"))
    page = open_page(context, address, "data", lang="zh")
    page.get_by_role("tab", name="导入", exact=True).click()
    page.locator('input[type="file"]').first.set_input_files(str(tmp_path / "流水.csv"))
    settle(page)
    assert (
        "各列是什么" in text(page) and page.get_by_role("button", name="导入", exact=True).last.is_disabled()
    )
    page.get_by_role("textbox", name="本流水所属账户的账号").fill("6222000000000000099")
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_role("button", name="试读").click()
    settle(page)
    assert "读入 7 行，入库 3 行，隔离 3 行" in text(page)
    page.get_by_role("textbox", name="新案件的文件夹").fill(str(tmp_path / "case"))
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_role("button", name="导入", exact=True).last.click()
    settle(page)
    assert gf.open_case(tmp_path / "case").tables.transfers["amount"].sum() == 150_000
    page.close()


def table_of_text(page: Any) -> list[str]:
    cells = page.evaluate(
        "() => [...document.querySelectorAll('canvas table td')].map((cell) => cell.textContent)"
    )
    return [str(cell) for cell in cells]


def test_a_file_that_is_nothing_of_ours_is_refused_and_nothing_is_written(
    tmp_path: Path, address: str, context: Any, guard: Guard
) -> None:
    bad = tmp_path / "notes.pdf"
    bad.write_bytes(b"%PDF-1.4 nothing")
    page = open_page(context, address, "data", lang="en")
    page.get_by_role("tab", name="Import", exact=True).click()
    page.locator('input[type="file"]').first.set_input_files(str(bad))
    settle(page)
    page.get_by_role("textbox", name="Folder of the new case").fill(str(tmp_path / "case"))
    page.keyboard.press("Enter")
    settle(page)
    assert page.get_by_role("button", name="Import", exact=True).last.is_disabled()
    said = text(page)
    assert "is not recognised" in said and "PDF" in said
    assert not (tmp_path / "case").exists()
    page.close()


def test_hostile_names_load_nothing(tmp_path: Path, address: str, context: Any, guard: Guard) -> None:
    import pandas as pd

    gf.Case.from_tables(
        transfers=pd.DataFrame(
            {"transfer_id": ["t1", "t2"], "time": ["2024-03-01", "2024-03-02"], "source": ["A", "B"],
             "target": ["B", "C"], "amount": ["9", "4"], "memo": [HOSTILE, HOSTILE]}),
        accounts=pd.DataFrame({"account_id": ["A", "B", "C"], "party_id": ["P", "Q", "R"]}),
        parties=pd.DataFrame({"party_id": ["P", "Q", "R"], "name": [HOSTILE, HOSTILE + "2", "R"], "kind": "company"}),
    ).save(tmp_path / "case")  # fmt: skip
    page = open_page(context, address, case=str(tmp_path / "case"), lang="en", **{"from": "account:A"})
    drawn = Sankey.on(page)
    for link in drawn.links:
        page.mouse.move(drawn.box["x"] + link["x"], drawn.box["y"] + link["y"])
        page.wait_for_timeout(300)
    drawn.click(drawn.links[0])
    page.get_by_role("textbox", name="From").fill(HOSTILE)
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate("() => document.querySelectorAll('img[src*=\"graphflow-guard\"]').length") == 0
    page.close()


def test_pages_of_two_widths_hold_their_parts(p2p: Path, address: str, browser: Any, guard: Guard) -> None:
    for width, height in ((1366, 768), (1920, 1080)):
        with looking(browser, guard, width=width, height=height) as wide:
            page = open_page(wide, address, case=str(p2p), lang="zh", **{"from": platform(p2p)})
            over = page.evaluate(
                "() => document.querySelector('[data-testid=\"stMain\"]').scrollWidth"
                " - document.querySelector('[data-testid=\"stMain\"]').clientWidth"
            )
            assert over <= 1, "nothing stands out to the right"
            chart, rows = (
                page.locator(place).first.bounding_box()
                for place in ("[_echarts_instance_]", '[class*="st-key-trace_rows"]')
            )
            assert rows["x"] >= chart["x"] + chart["width"] - 1, "the table stands beside the picture"
            assert chart["y"] < height * 0.6, "the picture begins on the first screen"


# ---------------------------------------------------------------- the guard itself


def test_the_guard_catches_a_page_that_asks_off_the_machine(browser: Any, tmp_path: Path) -> None:
    script = tmp_path / "bad.py"
    script.write_text(f"import streamlit as st\nst.markdown('![x]({AWAY})')\nst.sidebar.write('x')\n")
    port = free_port()
    caught = Guard()
    server = served(streamlit_page(script, tmp_path, port), port, tmp_path / "state")
    with server as where, looking(browser, caught) as other:
        open_page(other, where).wait_for_timeout(500)
    with pytest.raises(AssertionError, match="leave this machine"):
        caught.check()
    assert AWAY in caught.left


def test_the_guard_catches_an_icon_fetched_from_elsewhere(browser: Any, tmp_path: Path) -> None:
    """A Material icon as the page's own icon comes from the network: Streamlit does that unasked."""
    script = tmp_path / "icon.py"
    script.write_text(
        "import streamlit as st\nst.set_page_config(page_icon=':material/home:')\nst.sidebar.write('x')\n"
    )
    port = free_port()
    caught = Guard()
    server = served(streamlit_page(script, tmp_path, port), port, tmp_path / "state")
    with server as where, looking(browser, caught) as other:
        open_page(other, where).wait_for_timeout(500)
    assert caught.left, "Streamlit no longer fetches it: this test has become needless"


def test_the_server_answers_only_on_this_machine(address: str) -> None:
    import http.client

    host = address.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Host": "graphflow-guard.invalid"}  # fmt: skip
    connection.request("GET", "/_stcore/stream", headers=upgrade)
    assert connection.getresponse().status == 403, "a name of somewhere else is refused (DNS rebinding)"
    connection.close()


def test_the_manual_is_read_and_left_and_found_again(
    tmp_path: Path, address: str, context: Any, guard: Guard
) -> None:
    from graphflow.manual import read
    from graphflow.synthesis import toys

    toys.by_hand().save(tmp_path / "case")
    page = open_page(context, address, case=str(tmp_path / "case"), lang="zh", **{"from": "transfer:1"})
    page.get_by_test_id("stPageLink").click()
    settle(page)
    assert "/manual?" in page.url and "page=tracing" in page.url
    blocks = [*read("tracing", "zh").blocks()]
    tables = page.locator('[class*="st-key-manual_text"] table')
    assert tables.count() == sum(block.kind == "table" for block in blocks)
    [ends] = [block for block in blocks if block.note == "by_hand.ends"]
    shown = page.evaluate(
        "key => [...document.querySelectorAll('[class*=\"st-key-manual_text\"] table')]"
        ".map(table => [...table.rows].map(row => [...row.cells].map(cell => cell.innerText.trim())))"
        ".find(table => table[0].length === key)",
        len(ends.rows[0]),
    )
    assert shown == [list(row) for row in ends.rows]
    assert page.locator('[class*="st-key-manual_text"] pre').count() == sum(b.kind == "code" for b in blocks)

    head = page.locator("#by-hand-libr")
    assert head.bounding_box()["y"] > 2_000, "far below"
    page.locator('[class*="st-key-manual_contents"] a[href="#by-hand-libr"]').click()
    page.wait_for_timeout(1_500)
    assert -5 <= head.bounding_box()["y"] < 400, "the contents lead to it"
    assert page.locator('[class*="st-key-manual_contents"]').bounding_box()["y"] >= 0, "and stay in sight"

    page.get_by_test_id("stSidebarNav").get_by_text("资金穿透", exact=True).click()
    settle(page)
    assert page.get_by_label("起点", exact=True).input_value() == "transfer:1", "the question is still there"
    again = open_page(context, address, "manual", page="tracing", lang="en")
    assert "Lowest intermediate balance" in text(again)
    assert "No case is open." in again.inner_text("body"), "it needs none"
    page.close()
    again.close()
