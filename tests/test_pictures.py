"""Pictures: money is kept whatever is folded, text from data stays text, same data gives same bytes."""

from __future__ import annotations

import html.parser
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphflow.law import law
from graphflow.pictures import (
    END_NAMES,
    Facts,
    Flow,
    Picture,
    Table,
    amount_text,
    clean,
    end_name,
    flow_of_links,
    flow_of_routes,
    html_page,
    layered,
    sankey_svg,
    shorten,
    width_of,
)
from graphflow.pictures.sankey import _arrange
from graphflow.pictures.words import ASSET_KINDS, PARTY_KINDS, PRODUCT_KINDS, RELATED_RULES, SECTORS
from graphflow.tables import SCHEMA

SVG = "{http://www.w3.org/2000/svg}"
KINDS = sorted(END_NAMES)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a\x00b\x1b[2J\x85\ufffe",
    "]]><!--&amp;&#x0;",
    "invoice\u202egnp.exe",
    "=cmd|' /C calc'!A0",
    "互联网金融平台备付金专用存款账户" * 40,
    "\ud800lone",
    "",
]

routes_strategy = st.lists(
    st.tuples(
        st.lists(st.sampled_from("ABCDEFGHIJ"), min_size=1, max_size=16).map(tuple),
        st.integers(1, 10**12),
        st.sampled_from(KINDS),
    ),
    min_size=1,
    max_size=30,
)


def frame(rows: list[tuple[tuple[str, ...], int, str]]) -> dict[str, list[Any]]:
    accounts, amount, kind = zip(*rows, strict=True)
    return {"accounts": list(accounts), "amount": list(amount), "kind": list(kind)}


def balance(flow: Flow) -> dict[str, dict[Any, int]]:
    come: dict[Any, int] = defaultdict(int)
    go: dict[Any, int] = defaultdict(int)
    for link in flow.links:
        come[link.target] += link.value
        go[link.source] += link.value
    return {"in": come, "out": go}


@given(routes_strategy, st.integers(1, 40), st.integers(2, 12))
@example([(("A", "B", "A", "B", "A"), 5, "balance")], 1, 2)
def test_money_is_kept_whatever_is_folded(rows: list[Any], most: int, columns: int) -> None:
    flow = flow_of_routes(frame(rows), most=most, columns=columns)
    total = sum(amount for _, amount, _ in rows)
    sums = balance(flow)
    for node in flow.nodes:
        come, go = sums["in"][node.key], sums["out"][node.key]
        if node.role == "end":
            assert (come, go) == (node.value, 0)
        elif node.column == 0:
            assert (come, go) == (0, node.value)
        else:
            assert come == go == node.value
    by_kind: dict[str, int] = defaultdict(int)
    for _, amount, kind in rows:
        by_kind[kind] += amount
    assert {n.id: n.value for n in flow.nodes if n.role == "end"} == by_kind
    assert flow.total == total
    assert all(link.target.column == link.source.column + 1 for link in flow.links)
    named = {(node.id, node.column) for node in flow.nodes if node.role in ("seed", "account")}
    whole = sum(
        amount
        for way, amount, _ in rows
        if len(way) <= columns and all((account, hop) in named for hop, account in enumerate(way))
    )
    assert flow.shown == whole
    assert flow.accounts == len({a for way, _, _ in rows for a in way})


@given(routes_strategy, st.integers(10, 40))
def test_no_more_is_drawn_than_was_asked(rows: list[Any], most: int) -> None:
    flow = flow_of_routes(frame(rows), most=most, columns=4)
    drawn = [node for node in flow.nodes if node.role in ("seed", "account")]
    ends = [node for node in flow.nodes if node.role == "end"]
    everything = flow_of_routes(frame(rows), most=10_000, columns=4)
    if sum(node.role != "pass" for node in everything.nodes) <= most:
        assert flow == everything
    # three of each column stand in any case, and a single one left is not folded into "+1 more"
    assert len(drawn) <= max(most - len(ends), 3 * 4 + 4)
    for column in range(4):
        there = {
            a for way, _, _ in rows for i, a in enumerate(way) if i == column and (i < 3 or len(way) <= 4)
        }
        named = {node.id for node in drawn if node.column == column}
        folded = sum(node.folded for node in flow.nodes if node.role == "more" and node.column == column)
        assert folded != 1 or column == 3
        assert len(named) + folded == len(there)


def test_the_largest_are_drawn_and_the_share_is_said() -> None:
    rows = [((f"payer {i}", "hub", f"payee {i}"), 1000 - i, "balance") for i in range(100)]
    flow = flow_of_routes(frame(rows), most=20)
    drawn = {node.id for node in flow.nodes if node.role in ("seed", "account")}
    assert {"hub", "payer 0", "payee 0", "payer 1"} <= drawn
    assert "payer 50" not in drawn
    [more] = [node for node in flow.nodes if node.role == "more" and node.column == 0]
    shown = [i for i in range(100) if f"payer {i}" in drawn and f"payee {i}" in drawn]
    assert flow.shown == sum(1000 - i for i in shown)
    text = sankey_svg(flow, title="t", unit="CNY")
    assert f"+{more.folded} more" in text
    assert f"{flow.drawn} of 201 accounts are drawn" in text
    tenths = flow.shown * 1000 // flow.total
    assert f"{tenths // 10}.{tenths % 10} % of it is drawn account by account" in text


def test_a_cycle_is_unrolled() -> None:
    flow = flow_of_routes({"accounts": [("A", "B", "A", "C")], "amount": [7], "kind": ["cash"]})
    assert [(n.id, n.column) for n in flow.nodes if n.role != "end"] == [
        ("A", 0),
        ("B", 1),
        ("A", 2),
        ("C", 3),
    ]
    ring = {
        "source": ["A", "B", "C", "A", "D", "X"],
        "target": ["B", "C", "A", "C", "A", "X"],
        "value": [9, 8, 7, 3, 5, 2],
    }
    flow = flow_of_links(ring)
    copies = {(n.id, n.value) for n in flow.nodes if n.role == "again"}
    assert copies == {("A", 7), ("X", 2)}
    assert all(link.target.column == link.source.column + 1 for link in flow.links)


@given(
    st.lists(
        st.tuples(st.sampled_from("ABCDEFGH"), st.sampled_from("ABCDEFGH"), st.integers(1, 1000)),
        min_size=1,
        max_size=40,
    )
)
def test_plain_links_keep_their_money(links: list[tuple[str, str, int]]) -> None:
    source, target, value = zip(*links, strict=True)
    flow = flow_of_links({"source": source, "target": target, "value": value})
    assert flow.total == flow.shown == sum(value)
    drawn: dict[tuple[str, str], int] = defaultdict(int)
    for link in flow.links:
        if link.source.role != "pass":
            goal = link.target.id.split("\0")[-1]
            drawn[link.source.id, goal] += link.value
    asked: dict[tuple[str, str], int] = defaultdict(int)
    for one, other, amount in links:
        asked[one, other] += amount
    assert drawn == asked


@given(routes_strategy, st.integers(4, 60))
def test_boxes_stand_apart_and_inside(rows: list[Any], most: int) -> None:
    flow = flow_of_routes(frame(rows), most=most)
    boxes, width, height = _arrange(flow)
    by_column: dict[int, list[Any]] = defaultdict(list)
    for box in boxes.values():
        assert box.y >= -0.01 and box.y + box.slot <= height + 0.01
        assert 0 <= box.x <= width
        by_column[box.node.column].append(box)
    for row in by_column.values():
        row.sort(key=lambda box: box.y)
        for above, below in pairwise(row):
            assert above.y + above.slot <= below.y + 0.01


def test_places_untangle_what_can_be_untangled() -> None:
    columns = {f"a{i}": 0 for i in range(6)} | {f"b{i}": 1 for i in range(6)}
    places = layered(columns, [(f"a{i}", f"b{5 - i}", 1.0) for i in range(6)])
    assert [places[f"b{5 - i}"][1] for i in range(6)] == [places[f"a{i}"][1] for i in range(6)]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    flow = flow_of_routes({"accounts": [(name, "B", name)], "amount": [12345678], "kind": ["frontier"]})
    svg = sankey_svg(flow, title=name, unit="CNY", labels={"B": name})
    tree = ET.fromstring(svg)
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} <= {
        "svg", "title", "desc", "style", "text", "rect", "path",
    }  # fmt: skip
    assert not any(attribute.startswith("on") for element in tree.iter() for attribute in element.attrib)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", svg)
    page = html_page(
        name, [Facts([(name, name)]), Picture(svg, name), Table(name, [name], [[name]], note=name)], foot=name
    )
    seen = Tags()
    seen.feed(page)
    assert seen.tags <= ALLOWED
    assert seen.attributes <= {
        *("lang", "charset", "name", "content", "http-equiv", "class", "role", "id", "fill", "d"),
        *("aria-labelledby", "width", "height", "viewbox", "x", "y"),
    }
    page.encode("utf-8")


class Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


ALLOWED = set(
    "html head meta title style body h1 h2 p footer dl dt dd bdi div table thead tbody tr th td "
    "svg desc text rect path".split()
)


def test_a_page_asks_for_nothing() -> None:
    svg = sankey_svg({"source": ["A"], "target": ["B"], "value": [1]}, title="t")
    page = html_page("t", [Picture(svg)])
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|src=|href=|url\(|@import|<script|<link", page)


def test_the_same_data_gives_the_same_bytes() -> None:
    code = (
        "from graphflow.pictures import sankey_svg\n"
        "r = {'accounts': [(f'p{i % 7}', 'hub', f'q{i % 11}', f'p{i % 5}') for i in range(200)],"
        " 'amount': [i * 37 % 101 + 1 for i in range(200)], 'kind': ['cash', 'balance', 'fee', 'hub'] * 50}\n"
        "import hashlib; svg = sankey_svg(r, title='t', unit='CNY', most=15)\n"
        "print(hashlib.sha256(svg.encode()).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(hashes) == 1


def test_the_picture_is_told_in_words_and_in_both_languages() -> None:
    routes = {"accounts": [("A", "B")], "amount": [1_234_567_890], "kind": ["balance"]}
    for language, words in (
        ("en", ("still in the account", "12.35 m")),
        ("zh", ("仍在账户中", "1,234.57 万")),
    ):
        tree = ET.fromstring(sankey_svg(routes, title="T", unit="CNY", language=language))
        title, told = tree.find(f"{SVG}title"), tree.find(f"{SVG}desc")
        assert title is not None and told is not None and told.text is not None
        assert tree.get("role") == "img"
        assert tree.get("aria-labelledby") == f"{title.get('id')} {told.get('id')}"
        assert words[0] in told.text
        assert "12,345,678.90 CNY" in told.text
        texts = {element.text for element in tree.iter(f"{SVG}text")}
        assert {"A", "B", words[0], words[1]} <= texts


def test_nothing_flowed() -> None:
    assert "Nothing flowed." in sankey_svg({"accounts": [], "amount": [], "kind": []}, title="t")


@given(st.text(max_size=60), st.integers(3, 40))
def test_shortened_text_fits(text: str, width: int) -> None:
    short = shorten(text, width)
    assert width_of(short) <= width
    assert short == text if width_of(text) <= width and len(text) <= width else "…" in short


@given(st.integers(-(10**18), 10**18), st.integers(0, 6))
def test_amounts_are_exact(value: int, digits: int) -> None:
    text = amount_text(value, digits).replace(",", "")
    assert int(text.replace(".", "")) == value
    assert len(text.partition(".")[2]) == digits


def test_clean_cuts_what_is_absurd() -> None:
    assert len(clean("9" * 1_000_000)) == 300


@pytest.mark.browser
def test_a_browser_shows_it_and_asks_for_nothing(chromium: str, tmp_path: Path) -> None:
    sync = pytest.importorskip("playwright.sync_api")
    ways = [(f"投资人 {i}", "平台备付金账户", f"shell <{i % 9}>", f"6222{i % 30:015d}") for i in range(300)]
    routes = frame([(way, 10**7 // (i + 1) + 1, KINDS[i % 5]) for i, way in enumerate(ways)])
    page_file = tmp_path / "page.html"
    page_file.write_text(
        html_page("T", [Picture(sankey_svg(routes, title="T", unit="CNY"))]), encoding="utf-8"
    )
    with sync.sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
            ],
        )
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(page_file.as_uri())
        boxes = page.evaluate(
            "[...document.querySelectorAll('svg.gf text')].slice(0).map(t => {const b = t.getBBox();"
            " return [t.textContent, b.x, b.y, b.width, b.height]})"
        )
        drawn = page.evaluate("document.querySelectorAll('svg.gf path').length")
        browser.close()
    assert asked == [page_file.as_uri()]
    assert complaints == []
    assert drawn > 50
    boxes = [box for box in boxes if box[3] > 0]
    for i, (text, x, y, w, h) in enumerate(boxes):
        for other, x2, y2, w2, h2 in boxes[i + 1 :]:
            across = min(x + w, x2 + w2) - max(x, x2)
            down = min(y + h, y2 + h2) - max(y, y2)
            assert across < 3 or down < 4, f"{text!r} lies over {other!r}"


def test_a_long_chain_is_no_wider_than_a_laptops_screen() -> None:
    """The picture folds what goes on after its columns, and says how much of the money it shows."""
    way = tuple(f"A{i}" for i in range(30))
    svg = sankey_svg({"accounts": [way, way[:3]], "amount": [700, 300], "kind": ["balance"] * 2}, title="t")
    head = re.search(r'width="(\d+)" height="\d+" viewBox', svg)
    assert head is not None and int(head[1]) <= 1300
    assert "later hops" in svg and "30.0 % of it is drawn account by account" in svg
    assert "max-width:100%" in svg  # and narrower where the window is


def test_a_trace_shows_itself_in_the_words_of_its_direction() -> None:
    """Asked backward, money that stood in an account before is no money that is still there."""
    import graphflow as gf
    from graphflow.synthesis import toys

    for backward, words in ((False, "still in the account"), (True, "stood in the account before")):
        trace = gf.trace(toys.t1(), "transfer:x" if backward else "transfer:c", backward=backward)
        shown = trace._repr_html_()
        assert words in shown and ("where the money arrived" in shown) is backward
        width = re.search(r'width="(\d+)"', shown)
        assert width is not None and int(width[1]) <= 1300
        for wrong in (-1, "x", True, 1.5):
            with pytest.raises(gf.UsageError, match="not a whole number of chains"):
                trace.chains(top=wrong)


def test_what_is_no_frame_is_said_as_ours() -> None:
    import graphflow as gf

    with pytest.raises(gf.InputError, match="transfers: not a frame; first: int"):
        gf.Case.from_tables(transfers=5)


def test_the_names_of_ends_are_not_cut() -> None:
    """All but the longest, in both languages and directions, as they stand beside their nodes."""
    from graphflow.language import translate

    for language in ("en", "zh"):
        for backward in (False, True):
            routes = {"accounts": [("A", "B")] * 10, "amount": [10] * 10, "kind": list(END_NAMES)}
            svg = sankey_svg(routes, title="t", language=language, backward=backward)
            for kind in set(END_NAMES) - {"hub", "fee"}:
                assert f">{translate(end_name(kind, backward), language)}</text>" in svg, kind


def test_every_word_of_the_tables_has_a_name_for_people() -> None:
    """What stands in cells as a word of ours is never shown as its code."""
    for named, table, column in (
        (PRODUCT_KINDS, "products", "kind"), (SECTORS, "parties", "sector"), (PARTY_KINDS, "parties", "kind"),
    ):  # fmt: skip
        assert set(named) == set(SCHEMA[table].columns[column].words)
    assert set(ASSET_KINDS) >= set(SCHEMA["holdings"].columns["asset_kind"].words)
    assert set(RELATED_RULES) == {row["rule"] for row in law("related_parties")}
