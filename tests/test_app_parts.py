"""The app's parts that need no server: figures, pictures of chains, tables and files, remembered things."""

from __future__ import annotations

import csv
import doctest
import importlib
import io
import re
from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import layers, recent, sankey
from app.money import SCALES, Figures, minor_of, times
from app.names import _WORDS, behind
from app.sankey import END, OTHERS, Chain, View, build
from app.style import verbatim
from app.tables import COUNT, MONEY, TEXT, Column, Sheet, csv_bytes, excel_bytes
from app.tracing.files import picture_file
from graphflow.language import translate
from graphflow.pictures import END_NAMES, ORIGIN_NAMES
from graphflow.pictures.colours import END_COLOURS
from graphflow.pictures.words import ASSET_KINDS, PARTY_KINDS, PRODUCT_KINDS, SECTORS
from graphflow.tables import SCHEMA

HOSTILE = "![x](http://graphflow-guard.invalid/a.png) <img src=x onerror=alert(1)> {b} *A* :red[x] $5$"

# ---------------------------------------------------------------- figures


@given(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 8),
    st.sampled_from(["zh", "en"]),
    st.sampled_from(SCALES),
)
def test_an_amount_is_written_exactly_or_rounded_half_to_even(
    minor: int, digits: int, language: str, scale: str
) -> None:
    figures = Figures("CNY", digits, language, scale)
    exact = Decimal(minor).scaleb(-digits - figures.power)
    expected = exact.quantize(Decimal(1).scaleb(-figures.decimals), ROUND_HALF_EVEN)
    assert Decimal(figures.text(minor).replace(",", "").replace("−", "-")) == expected


def test_units_say_what_they_are() -> None:
    assert [Figures("CNY", 2, "zh", scale).unit for scale in SCALES] == ["元", "万元", "亿元"]
    assert Figures("CNY", 2, "zh").text(-123456789) == "−1,234,567.89"
    assert Figures("JPY", 0, "en").text(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("", 0), ("0", 0), ("12", 1200), ("1,234.56", 123456), ("１２．５", 1250), ("3万", 3_000_000),
        ("1.5亿元", 15_000_000_000), ("5元", 500),
         ("12.345", None), ("-1", None), ("abc", None), ("NaN", None),
        ("Infinity", None), ("1e400", None), ("万", None), ("1e3", 100_000), ("9" * 40, None),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_a_person_types_it(text: str, minor: int | None) -> None:
    assert minor_of(text, 2) == minor


def test_a_column_too_large_for_a_browsers_numbers_is_text() -> None:
    figures = Figures("CNY")
    assert figures.column(pd.Series([2**53 - 1])).dtype == "float64"
    assert list(figures.column(pd.Series([2**53]))) == ["90,071,992,547,409.92"]


def test_times_stand_in_the_cases_zone_and_days_stay_days() -> None:
    at = pd.Series(
        pd.to_datetime(["2024-03-01T16:00:00Z", "2024-03-01T16:00:00.250Z", None], format="ISO8601")
    )
    days = pd.Series([True, False, None])
    assert list(times(at, "Asia/Shanghai", days)) == ["2024-03-02", "2024-03-02 00:00:00.250", ""]
    assert list(times(at, "UTC", fraction=False))[1] == "2024-03-01 16:00:00"


# ---------------------------------------------------------------- the picture

names = st.sampled_from([f"A{i}" for i in range(30)])


@st.composite
def chains(draw: st.DrawFn) -> list[Chain]:
    found = []
    for number in range(draw(st.integers(1, 25))):
        way = draw(st.lists(names, min_size=2, max_size=9))
        rows = tuple(f"t{number}-{i}" for i in range(len(way) - 1))
        found.append(
            Chain(draw(st.integers(1, 10**12)), tuple(way), rows, draw(st.sampled_from([*END_NAMES])))
        )
    return found


def groups_of(name: str) -> str:
    return name if int(name[1:]) % 3 else "P"


@given(chains(), st.integers(8, 80), st.integers(2, 9), st.booleans(), st.booleans())
def test_a_view_keeps_all_money_at_every_node(
    found: list[Chain], most: int, columns: int, backward: bool, by_party: bool
) -> None:
    seed = sum(chain.amount for chain in found)
    view = build(
        found, seed, group=groups_of if by_party else str, most=most, columns=columns, backward=backward
    )
    comes: Counter[int] = Counter()
    goes: Counter[int] = Counter()
    for link in view.links:
        comes[link.target] += link.amount
        goes[link.source] += link.amount
        assert view.nodes[link.source].step < view.nodes[link.target].step, "ECharts refuses cycles"
    for at, node in enumerate(view.nodes):
        if node.kind == END:
            assert (goes if backward else comes)[at] == node.amount
        elif comes[at] and goes[at]:
            # what starts or stops here is the difference
            assert max(comes[at], goes[at]) == node.amount
    ends = [node for node in view.nodes if node.kind == END]
    assert sum(node.amount for node in ends) == view.drawn == seed
    assert 0 <= view.named <= seed
    assert len(view.nodes) <= max(most, len(ends) + 5 * columns) + columns


@given(chains(), st.integers(8, 80), st.integers(2, 9), st.booleans())
def test_every_transfer_of_a_chain_is_behind_a_link_of_its_path(
    found: list[Chain], most: int, columns: int, by_party: bool
) -> None:
    view = build(found, 1, group=groups_of if by_party else str, most=most, columns=columns)
    assert len(view.chains) == len(found)
    for chain, (amount, rows, path) in zip(found, view.chains, strict=True):
        assert (amount, rows) == (chain.amount, chain.transfers)
        behind_links = {row for link in path for row in view.rows_of_link(link)}
        assert set(rows) <= behind_links
        assert view.paths_of_transfers(rows[:1]) >= set(path)
        assert view.paths_of_links(path[:1]) >= set(path)
        joined = [view.links[link] for link in path]
        assert all(one.target == two.source for one, two in pairwise(joined))


def test_a_link_leads_to_its_own_rows_only() -> None:
    view = build(
        [Chain(5, ("A", "B", "C"), ("t1", "t2"), "balance"), Chain(3, ("A", "B", "D"), ("t1", "t3"), "cash")],
        8,
    )
    rows = {(view.nodes[link.source].key, view.nodes[link.target].key): link.transfers for link in view.links}
    assert rows == {
        ("0@A", "1@B"): ("t1",), ("1@B", "2@C"): ("t2",), ("2@C", "end@balance"): ("t2",),
        ("1@B", "2@D"): ("t3",), ("2@D", "end@cash"): ("t3",),
    }  # fmt: skip
    assert view.rows_of_node([node.key for node in view.nodes].index("1@B")) == ("t1", "t2", "t3")
    assert view.rows_of_link(99) == () and view.rows_of_node(-1) == ()


def test_an_account_that_money_passes_again_stands_there_again() -> None:
    view = build([Chain(5, ("A", "B", "A", "B"), ("t1", "t2", "t3"), "balance")], 5)
    assert [node.key for node in view.nodes] == ["0@A", "1@B", "2@A", "3@B", "end@balance"]


def test_transfers_inside_a_party_are_no_step_and_are_not_lost() -> None:
    view = build(
        [
            Chain(5, ("A", "P1", "P2", "B"), ("t1", "t2", "t3"), "balance"),
            Chain(2, ("A", "P1", "P2"), ("t1", "t4"), "cash"),
        ],
        7,
        group=lambda name: name[:1],
    )
    assert [node.key for node in view.nodes if node.kind != END] == ["0@A", "1@P", "2@B"]
    rows = {row for link in view.links for row in link.transfers}
    assert rows == {"t1", "t2", "t3", "t4"}


def test_folding_says_how_many_and_how_much() -> None:
    found = [Chain(1000 - i, ("S", f"A{i}", "Z"), (f"a{i}", f"b{i}"), "balance") for i in range(100)]
    view = build(found, sum(chain.amount for chain in found), most=20)
    [fold] = [node for node in view.nodes if node.kind == OTHERS]
    named = [node for node in view.nodes if node.step == 1 and node.kind != OTHERS]
    assert fold.members + len(named) == 100
    assert fold.amount + view.named == view.seed
    assert min(node.amount for node in named) >= 1000 - len(named)


def drawn(view: View, **more: object) -> dict[str, object]:
    given = {"label": lambda node: node.name or node.ident, "money": lambda amount: f"{amount} 元", **more}
    return sankey.option(view, **given)  # type: ignore[arg-type]


def test_names_in_a_picture_are_text() -> None:
    view = build([Chain(5, ("A", "B"), ("t1",), "balance")], 5, names={"A": HOSTILE, "B": "{a}{b}{c}"})
    option = drawn(view)
    series = option["series"][0]  # type: ignore[index]
    tips = [each["tooltip"]["formatter"] for each in [*series["data"], *series["links"]]]
    assert any("&lt;img" in tip for tip in tips)
    assert not any("<" in tip.replace("<br/>", "").replace("<b>", "").replace("</b>", "") for tip in tips)
    labels = [each["label"]["formatter"] for each in option["series"][0]["data"]]  # type: ignore[index]
    assert not any("{" in label or "}" in label for label in labels)
    assert option["series"][0]["draggable"] is False  # type: ignore[index]


def test_what_is_lit_stands_out() -> None:
    view = build([Chain(5, ("A", "B"), ("t1",), "balance"), Chain(5, ("A", "C"), ("t2",), "cash")], 10)
    lit = view.paths_of_transfers(["t2"])
    links = drawn(view, lit=lit)["series"][0]["links"]  # type: ignore[index]
    strong = {at for at, link in enumerate(links) if link["lineStyle"]["opacity"] > 0.3}
    assert strong == set(lit) and len(lit) == 2


# ---------------------------------------------------------------- pictures in layers


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[layers.Node], list[layers.Edge], bool]:
    """Up to 30 nodes that hang together, edges past layers and back among them, drawn either way."""
    count, inward = draw(st.integers(1, 30)), draw(st.booleans())
    near = st.integers(0, 10**6)
    arcs = [(draw(near) % each, each) for each in range(1, count)]
    arcs += draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=8))
    words = st.sampled_from(["5 %", "33.3333 %", "0 – 100 %"])
    under = draw(st.sampled_from(["", "votes 12.5 %", "表决权 66.6667 %", "1,234,567,890.00"]))
    return (
        [layers.Node(f"{each}", "company", f"公司{each}") for each in range(count)],
        [
            layers.Edge(*((far, near) if inward else (near, far)), draw(words), 0.5, under)
            for near, far in dict.fromkeys(arcs)
        ],
        inward,
    )


def meets(one: layers.Rectangle, other: layers.Rectangle) -> bool:
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > 0.5
        and min(one[3], other[3]) - max(one[1], other[1]) > 0.5
    )


def passes(start: layers.Point, end: layers.Point, box: layers.Rectangle) -> bool:
    """Whether a line goes through the inside of a box (Liang and Barsky: what of it is within all four sides)."""
    first, last = 0.0, 1.0
    for at in (0, 1):
        low, high, way = box[at] + 0.5, box[at + 2] - 0.5, end[at] - start[at]
        if abs(way) < 1e-9:
            if not low < start[at] < high:
                return False
            continue
        one, other = sorted(((low - start[at]) / way, (high - start[at]) / way))
        first, last = max(first, one), min(last, other)
    return first < last


@given(graphs(), st.sampled_from([1.0, 1.7]))
def test_nothing_in_a_picture_in_layers_stands_or_runs_over_words(
    graph: tuple[list[layers.Node], list[layers.Edge], bool], scale: float
) -> None:
    nodes, edges, inward = graph
    drawing = layers.drawn(nodes, edges, inward=inward)
    boxes, words = drawing.covered(scale)
    for one, other in combinations([*boxes, *words], 2):
        assert not meets(one, other), (one, other)
    for number, (line, edge) in enumerate(zip(drawing.lines, edges, strict=True)):
        for start, end in pairwise((x * scale, y) for x, y in line):
            for node, box in enumerate(boxes):
                if node not in (edge.source, edge.target):
                    assert not passes(start, end, box), f"edge {number} runs through node {node}"
            for other, box in enumerate(words):
                if other != number:
                    assert not passes(start, end, box), f"edge {number} runs through the words of {other}"


@given(graphs())
def test_a_picture_in_layers_is_whole_and_on_the_page(
    graph: tuple[list[layers.Node], list[layers.Edge], bool],
) -> None:
    nodes, edges, inward = graph
    drawing = layers.drawn(nodes, edges, inward=inward)
    wide, tall = drawing.size
    assert wide < layers.WHOLE + 1 or not drawing.told, "no wider than the page, unless words are left out"
    for x, y in [point for line in drawing.lines for point in line]:
        assert -0.5 <= x <= wide + 0.5 and -0.5 <= y <= tall + 0.5
    for left, top, right, bottom in drawing.covered()[0]:
        assert left >= -0.5 and top >= -0.5 and right <= wide + 0.5 and bottom <= tall + 0.5
    for line, edge in zip(drawing.lines, edges, strict=True):
        for (x, y), node in ((line[0], edge.source), (line[-1], edge.target)):
            (left, top, right, bottom) = drawing.covered()[0][node]
            assert left <= x <= right and top <= y <= bottom, "it begins and ends at its nodes"


def test_what_does_not_close_a_ring_leads_one_way() -> None:
    nodes = [layers.Node(each, "company", each) for each in "CAPB"]
    # P owns C both directly and through A; C owns B, and B owns A: a ring
    edges = [layers.Edge(*pair, "1 %", 0.5) for pair in ((1, 0), (2, 1), (2, 0), (0, 3), (3, 1))]
    drawing = layers.drawn(nodes, edges, inward=True)
    back = [line[0][0] >= line[-1][0] for line in drawing.lines]
    assert back == [False, False, False, True, False]


def test_a_small_graph_tells_all_its_edges_and_a_deep_one_stands_on_end() -> None:
    def chain(count: int) -> layers.Drawing:
        nodes = [layers.Node(f"{each}", "company", "c") for each in range(count)]
        edges = [layers.Edge(each + 1, each, "51 %", 0.5, "votes 51 %") for each in range(count - 1)]
        return layers.drawn(nodes, edges, inward=True)

    assert [chain(count).told for count in (2, 3, 6, 12, 30)] == [True] * 5
    assert [chain(count).down for count in (2, 3, 6, 12, 30)] == [False, False, False, True, True]
    assert [chain(count).whole for count in (2, 3, 6, 12)] == [False, False, True, False]
    wide = [layers.Node(f"{each}", "asset", "a") for each in range(31)]
    fan = layers.drawn(
        wide, [layers.Edge(0, each, "3 %", 0.1, "600.00") for each in range(1, 31)], inward=False
    )
    assert fan.told and not fan.down and not fan.whole and fan.height < 1_200


def test_every_kind_of_end_has_a_colour() -> None:
    assert set(END_NAMES) == set(ORIGIN_NAMES) == set(END_COLOURS)


# ---------------------------------------------------------------- tables and files


def sheet() -> Sheet:
    frame = pd.DataFrame(
        {
            "id": ["=1+1", "+86", "@x", "-5", "6222020200001234567", "007"],
            "amount": pd.Series([1, 2**62, -3, 100, 5, 6], dtype="int64"),
            "rows": [1, 2, 3, 4, 5, 6],
        }
    )
    return Sheet(
        "T[1]",
        frame,
        {"id": Column("Id", TEXT), "amount": Column("Amount", MONEY), "rows": Column("n", COUNT)},
    )


def test_a_csv_holds_exact_money_and_nothing_that_runs() -> None:
    data = csv_bytes(sheet(), Figures("CNY", 2, "en", "large"))
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[0] == ["Id", "Amount (CNY)", "n"]
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+86", "'@x", "'-5", "6222020200001234567", "007"]
    assert [row[1] for row in rows[1:4]] == ["0.01", "46116860184273879.04", "-0.03"]


def test_an_excel_file_holds_ids_as_text_and_no_formula() -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    assert xlsxwriter
    import zipfile

    from python_calamine import CalamineWorkbook

    data = excel_bytes([sheet()], Figures("CNY"))
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        pages = [book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name]
    assert pages and not any("<f>" in page for page in pages)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert rows[1][0] == "=1+1" and rows[5][0] == "6222020200001234567"
    assert rows[2][2] == "46116860184273879.04", "the exact amount stands beside the number"
    assert rows[4][1] == 1.0 and rows[4][2] == "1.00"


# ---------------------------------------------------------------- words, references, memory


@given(st.text(max_size=60))
def test_text_from_data_in_markdown_is_only_text(text: str) -> None:
    shown = verbatim(text)
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown) == " ".join(text.split())
    assert not re.search(r"(?<!\\)[\[\]()<>*_`$!:#|]", shown.replace("\\\\", ""))


def test_other_sides_are_known_by_their_account() -> None:
    assert behind(["cash:A", "?:B:h", "loan:9", "C"]) == {"cash:A", "A", "?:B:h", "B", "loan:9", "C"}


def test_the_app_remembers_cases_and_mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "state_folder", lambda: tmp_path / "state")
    assert recent.cases() == [] and recent.mapping(["a"]) is None
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "case.json").write_text("{}")
        recent.remember_case(str(tmp_path / name))
    assert [Path(each).name for each in recent.cases()] == ["two", "one"]
    (tmp_path / "two" / "case.json").unlink()
    assert [Path(each).name for each in recent.cases()] == ["one"], "a case that is gone is not offered"
    recent.remember_mapping(["时间", " 金额 "], {"time": "时间"})
    assert recent.mapping(["时间", "金额"]) == {"time": "时间"}
    (tmp_path / "state" / "recent.json").write_text("{broken")
    assert recent.cases() == []


def test_a_machine_that_cannot_remember_still_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(recent, "state_folder", lambda: tmp_path / "file" / "state")
    recent.remember_case(str(tmp_path))
    assert recent.cases() == []


@pytest.mark.parametrize(
    "name", ["layers", "money", "names", "placing", "sankey", "screens.data", "style", "tables"]
)
def test_the_examples_in_the_app_run(name: str) -> None:
    module = importlib.import_module(f"app.{name}")
    failed, tried = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried and not failed


def test_files_speak_the_language_of_the_session_that_asked() -> None:
    """They are made when they are fetched, outside the session: its language has gone by then."""
    figures = Figures("CNY", 2, "zh")
    assert (
        "金额（元）"
        in csv_bytes(Sheet("表", pd.DataFrame({"a": [1]}), {"a": Column("金额", MONEY)}), figures).decode()
    )
    chains = [Chain(100, ("B", "A"), ("t",), "frontier")]
    view = build(chains, 100, backward=True)
    words = SimpleNamespace(
        view=view,
        case=SimpleNamespace(path=None),
        result=SimpleNamespace(currency="CNY"),
        figures=figures,
        backward=True,
    )
    svg = picture_file(words)
    assert 'lang="zh"' in svg and "来自已调流水范围之外" in svg  # a source, not an end


def test_bands_stay_visible_however_many_nodes_are_drawn() -> None:
    """Between nodes at most two fifths of the height: at 150 nodes nothing of the bands had been left."""
    for count, most in ((3, 60), (60, 60), (140, 150)):
        chains = [Chain(100, ("S", f"A{at}"), (f"t{at}",), "balance") for at in range(count)]
        view = build(chains, 100 * count, most=most)
        tall = sankey.height(view)
        drawn = sankey.option(view, label=lambda node: node.ident, money=str)["series"][0]
        fullest = max(sum(node.step == step for node in view.nodes) for step in range(view.steps))
        assert drawn["nodeGap"] * (fullest - 1) <= tall * 0.45, (count, tall)
        assert tall >= 7 * fullest


def test_every_word_of_ours_that_a_table_may_hold_is_called_something() -> None:
    """In the columns that screens and command line show: a new word there would be read as it stands in a file."""
    for column, names in {
        "parties.kind": PARTY_KINDS, "parties.sector": SECTORS, "products.kind": PRODUCT_KINDS,
        "holdings.asset_kind": ASSET_KINDS, "accounts.kind": _WORDS,
    }.items():  # fmt: skip
        table, _, name = column.partition(".")
        words = SCHEMA[table].columns[name].words
        assert words and set(words) <= names.keys(), column
    assert {translate(each, "zh") for each in SECTORS.values()}.isdisjoint(SECTORS.values())
