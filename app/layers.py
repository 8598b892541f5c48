"""A graph in layers as ECharts draws it: all places are computed here, the browser draws and reports clicks.

The first node stands at one side, the others in columns away from it, each as far as the longest way to it;
where that are too many columns, the same is turned, and they are rows. Nothing is drawn through words, by how
the space between two columns is shared out:

- beside the column that is further away every edge has a piece of its own, straight, with its words on it;
- in the rest of the space, and only there, edges run aslant to the column that is nearer;
- an edge past a column has a lane of its own through it; one that closes a ring goes round below all others.

Words and boxes keep their size however wide the page is: only the space between them grows.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import streamlit as st

from app.placing import ordered, ranked, spread
from app.session import say
from graphflow.pictures.words import shorten, width_of

SIDE, WHOLE = 560, 1060
"""Pixels that a picture has beside its table, and above it, on a screen of 1366."""

BOX, NARROW = 124, 60
"""Pixels: how wide a node's box is; and how wide at least, or there are too many columns."""

ASLANT, HEAD, LANE, BETWEEN = 32, 8, 10, 8
"""Pixels: for edges aslant between two columns, of an arrow's head, of a lane, and between two boxes."""

TEXT = 15
"""Pixels from one line of words to the next."""

CROWDED = 12
"""Nodes in a column from which on their boxes have one line of words each."""

MOST_WORDS = 150
"""Pixels of an edge's words; of those that are longer the pointer tells all."""

LEGEND = 26
"""Pixels above the picture for what the colours mean."""

NODES = "nodes"
"""The series of the chart in which the nodes stand, in their order: by it a click is told."""

COLOURS = {
    "chosen": "#cf4a4a",
    "person": "#2f76c0",
    "company": "#8494a8",
    "partnership": "#8a6cc4",
    "contract_fund": "#8a6cc4",
    "trust": "#8a6cc4",
    "government": "#b9922b",
    "branch": "#8494a8",
    "bank": "#2b9db5",
    "product": "#5b7be0",
    "asset": "#2e9a6a",
    "others": "#a9a9a9",
    "unknown": "#a9a9a9",
}

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Node:
    """One node: its key, its kind (see `COLOURS`), its words, and more words for the pointer."""

    key: str
    kind: str
    words: str
    more: str = ""


@dataclass(frozen=True)
class Edge:
    """One edge between two nodes, by their place.

    Words stand above its line and under it, more words only where it is pointed at; `weight` is how thick it
    is (0 to 1).
    """

    source: int
    target: int
    over: str
    weight: float
    under: str = ""
    more: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Drawing:
    """Where everything stands, in pixels from the upper left corner.

    Attributes
    ----------
    inward
        Whether edges lead to the first node.
    down
        Whether layers are rows, and edges lead down; else they are columns, and edges lead to the right.
    words
        Pixels for the words of an edge; 0 where there is no room for any.
    size
        How wide and tall it all is; drawn wider, all that is computed here moves apart.
    middles, boxes
        The middle of each node, and how wide and tall its box is.
    lines
        Of each edge the points from its source to its target.
    ports
        Of each edge the point in the box further from the first node beside which its words stand.
    """

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    inward: bool
    down: bool
    words: float
    size: Point
    middles: list[Point]
    boxes: list[Point]
    lines: list[list[Point]]
    ports: list[Point]

    @property
    def whole(self) -> bool:
        """Whether it needs the whole width of the page."""
        return self.size[0] > SIDE

    @property
    def told(self) -> bool:
        """Whether the words of the edges are drawn."""
        return self.words > 0

    @property
    def height(self) -> int:
        """Pixels of the picture with its legend."""
        return max(round(self.size[1]) + LEGEND, 120)

    def covered(self, scale: float = 1.0) -> tuple[list[Rectangle], list[Rectangle]]:
        """What the boxes of nodes and the words of edges cover, drawn so many times as wide."""
        boxes = [
            (x * scale - wide / 2, y - tall / 2, x * scale + wide / 2, y + tall / 2)
            for (x, y), (wide, tall) in zip(self.middles, self.boxes, strict=True)
        ]
        words = []
        for at, edge in enumerate(self.edges) if self.told else ():
            x, y = self.ports[at]
            wide = min(_width(edge), self.words)
            right, below = self._aside(at)
            left = x * scale + right - (0 if right > 0 else wide)
            words.append((left, y + below - TEXT, left + wide, y + below + (TEXT if edge.under else 0)))
        return boxes, words

    def _far(self, at: int) -> int:
        edge = self.edges[at]
        return edge.source if self.inward else edge.target

    def _aside(self, at: int) -> Point:
        """How far to the right of its port an edge's words begin (left of it: end), and how far below it."""
        wide, tall = self.boxes[self._far(at)]
        away = 1 if self.inward else -1
        if self.down:
            return 4.0, away * (tall / 2 + HEAD + 2 + TEXT)
        return away * (wide / 2 + HEAD + 2), 0.0

    def option(self, kinds: Mapping[str, str]) -> dict[str, Any]:
        """The ECharts option; `kinds` are what the colours mean, as message ids."""
        wide, tall = self.size
        shown = [kind for kind in COLOURS if any(node.kind == kind for node in self.nodes)]
        legend = {say(kinds.get(kind, kind)): COLOURS[kind] for kind in shown}
        return {
            "animation": False,
            "tooltip": {
                "trigger": "item", "confine": True, "appendTo": "body", "textStyle": {"fontSize": 12},
            },
            "legend": {
                "data": list(legend), "top": 0, "left": 0, "itemWidth": 12, "itemHeight": 10,
                "selectedMode": False, "textStyle": {"fontSize": 11},
            },
            "grid": {"left": 0, "right": 0, "top": LEGEND, "bottom": 0},
            "xAxis": {"type": "value", "min": 0, "max": wide, "show": False},
            "yAxis": {"type": "value", "min": 0, "max": tall, "inverse": True, "show": False},
            "series": [
                {
                    "id": "edges", "type": "lines", "coordinateSystem": "cartesian2d", "polyline": True,
                    "z": 1,
                    "lineStyle": {"color": "#9aa5b1", "opacity": 1, "join": "round"},
                    "emphasis": {"lineStyle": {"color": "#4b5563"}},
                    "data": [self._line(at) for at in range(len(self.edges))],
                },
                {
                    "id": "words", "type": "scatter", "silent": True, "z": 2,
                    "itemStyle": {"color": "#8793a1", "opacity": 1},
                    "data": [*self._heads(), *self._words()],
                },
                {
                    "id": NODES, "type": "scatter", "z": 3, "selectedMode": "single",
                    "itemStyle": {"opacity": 1}, "emphasis": {"scale": False},
                    "data": [self._node(at) for at in range(len(self.nodes))],
                },
                # series of nothing: a legend has the names of series
                *({"type": "scatter", "name": name, "symbol": "roundRect", "data": [],
                   "itemStyle": {"color": colour}} for name, colour in legend.items()),
            ],
        }  # fmt: skip

    def _node(self, at: int) -> dict[str, Any]:
        node, (wide, tall) = self.nodes[at], self.boxes[at]
        signs = int((wide - 10) / 6) * min(int((tall - 6) / 14), 3)
        return {
            "name": node.key,
            "value": list(self.middles[at]),
            "symbol": _rounded(wide, tall),
            "symbolSize": [wide, tall],
            "itemStyle": {"color": _pale(COLOURS.get(node.kind, COLOURS["asset"]))},
            "label": {
                "show": True,
                "position": "inside",
                "formatter": _plain(shorten(node.words, max(signs, 3))),
                "width": wide - 8,
                "overflow": "breakAll",
                "lineHeight": 14,
                "fontSize": 11,
                "color": "#1f2937",
            },
            "tooltip": {"formatter": f"<b>{html.escape(node.words)}</b><br/>{html.escape(node.more)}"},
        }

    def _line(self, at: int) -> dict[str, Any]:
        edge = self.edges[at]
        source, target = (html.escape(self.nodes[each].words) for each in (edge.source, edge.target))
        words = "<br/>".join(html.escape(each) for each in (edge.over, edge.under, edge.more) if each)
        return {
            "coords": [list(point) for point in self.lines[at]],
            "lineStyle": {
                "width": 1 + 3 * min(max(edge.weight, 0.0), 1.0),
                "type": "dashed" if edge.dashed else "solid",
            },
            "tooltip": {"formatter": f"{source} → {target}<br/><b>{words}</b>"},
        }

    def _heads(self) -> Iterator[dict[str, Any]]:
        """The heads of arrows, one where several edges come together."""
        for at, target in {
            (self.middles[edge.target] if self.inward else port): edge.target
            for edge, port in zip(self.edges, self.ports, strict=True)
        }.items():
            wide, tall = self.boxes[target]
            away = -((tall if self.down else wide) / 2 + HEAD / 2 + 1)
            yield {
                "value": list(at),
                "symbol": "triangle",
                "symbolRotate": 180 if self.down else -90,
                "symbolSize": [HEAD, HEAD],
                "symbolOffset": [0, away] if self.down else [away, 0],
            }

    def _words(self) -> Iterator[dict[str, Any]]:
        """The words of edges, as many lines over the middle as under it: the edge runs between them."""
        for at, edge in enumerate(self.edges) if self.told else ():
            right, below = self._aside(at)
            yield {
                "value": list(self.ports[at]),
                "symbolSize": 0,
                "label": {
                    "show": True,
                    "formatter": _plain(f"{edge.over}\n{edge.under or ' '}"),
                    "position": "right" if right > 0 else "left",
                    "distance": 0,
                    "offset": [right, below],
                    "width": self.words,
                    "overflow": "truncate",
                    "lineHeight": TEXT,
                    "fontSize": 10,
                    "color": "#4b5563",
                },
            }


def places(drawing: Drawing) -> tuple[Any, Any]:
    """Where a picture and its table stand: side by side; the table below where the picture is too wide."""
    if drawing.whole:
        return st.container(), st.container()
    picture, table = st.columns([1.25, 1], gap="medium")
    return picture, table


# ---------------------------------------------------------------- where everything stands


@dataclass(frozen=True)
class _Sizes:
    """Pixels of what stands in columns (or rows): along the way from the first node, and across it."""

    down: bool
    words: float
    box: float  # a node's box along the way, and across it at least
    across: float
    stub: float  # of an edge, straight, with its words
    port: float  # between edges of one box, across; what the last of them needs beside it, and inside its box
    beside: float
    inside: float

    @property
    def step(self) -> float:
        """From one column to the next."""
        return self.box + self.stub + ASLANT


def drawn(nodes: Sequence[Node], edges: Sequence[Edge], *, inward: bool) -> Drawing:
    """A graph laid out.

    Parameters
    ----------
    nodes, edges
        The graph; all of it is reached from the first node, along the edges or against them.
    inward
        Whether edges lead to the first node, which then stands at the right (or at the bottom); else they
        lead away from it, and it stands at the left (or at the top). Edges go to the right (or down) either
        way, but for those that close a ring.

    Examples
    --------
    >>> nodes = [Node("C", "company", "C"), Node("A", "company", "A"), Node("P", "person", "P")]
    >>> laid = drawn(nodes, [Edge(1, 0, "60 %", 0.6), Edge(2, 1, "100 %", 1.0)], inward=True)
    >>> laid.down, [x for x, _ in laid.middles] == sorted((x for x, _ in laid.middles), reverse=True)
    (False, True)
    """
    arcs = [(edge.target, edge.source) if inward else (edge.source, edge.target) for edge in edges]
    columns, back = ranked(len(nodes), arcs)
    for sizes in _sizes(columns, edges, bool(back)):
        found = _laid(nodes, edges, arcs, columns, back, sizes, inward)
        if found.size[0] < WHOLE + 1:
            break
    return found


def _sizes(columns: Sequence[int], edges: Sequence[Edge], ring: bool) -> Iterator[_Sizes]:
    """What is tried, one after another: columns beside the table, above it, rows; columns without words."""
    many = max(columns) + 1
    full = max(Counter(columns).values()) > CROWDED
    two = any(edge.under for edge in edges)
    words = min(max((_width(edge) for edge in edges), default=1.0), MOST_WORDS)
    tall = 2.0 * TEXT if two else TEXT + 3.0

    def beside_one_another(room: float, words: float) -> _Sizes:
        stub = words + HEAD + 6
        margin = stub + 2 * ASLANT if ring else 4.0
        box = min((room - margin - (many - 1) * (stub + ASLANT)) / many, BOX)
        across = 20.0 if full else 36.0 if box >= 90 else 50.0
        return _Sizes(False, words, box, across, stub, tall + 6, (tall + BETWEEN) / 2, tall / 2)

    for room in (SIDE, WHOLE):
        sizes = beside_one_another(room, words)
        if sizes.box >= NARROW:
            yield sizes
    yield _Sizes(True, words, 36.0, BOX, 2.0 * TEXT + HEAD + 6, words + 14, words + 10, 10.0)
    sizes = beside_one_another(WHOLE, 0.0)
    yield replace(sizes, box=max(sizes.box, 16.0))


def _laid(
    nodes: Sequence[Node],
    edges: Sequence[Edge],
    arcs: Sequence[tuple[int, int]],
    columns: Sequence[int],
    back: set[int],
    sizes: _Sizes,
    inward: bool,
) -> Drawing:
    """Everything at its place, for these sizes: first along and across, at last as it stands on the page."""
    ways = [list(arc) for arc in arcs]  # the things that an edge passes, from the nearer node to the further
    items = [*columns]  # of all things that take room in a column its number: nodes, then lanes
    for number, (near, far) in enumerate(arcs):
        if number not in back:
            past = range(columns[near] + 1, columns[far])
            ways[number][1:1] = range(len(items), len(items) + len(past))
            items += past
    joined = [pair for number, way in enumerate(ways) if number not in back for pair in pairwise(way)]
    ports = Counter(far for _, far in arcs)
    more = [max(ports[at] - 1, 0) * sizes.port for at in range(len(nodes))]
    size = [max(sizes.across, each + 2 * sizes.inside) for each in more]
    room = [max(s + BETWEEN, m + 2 * sizes.beside) for s, m in zip(size, more, strict=True)]
    room += [LANE] * (len(items) - len(nodes))
    across = spread(ordered(items, joined), joined, room)
    lowest = max(at + need / 2 for at, need in zip(across, room, strict=True))
    before = sizes.stub + ASLANT if any(columns[arcs[number][1]] == 0 for number in back) else 2.0
    half = sizes.box / 2
    along = [before + half + column * sizes.step for column in items]
    length = before + max(columns) * sizes.step + sizes.box + (ASLANT if back else 2.0)

    def turned(point: Point) -> Point:
        way, aside = (length - point[0] if inward else point[0]), point[1]
        return (aside, way) if sizes.down else (way, aside)

    used: Counter[int] = Counter()
    port: list[Point] = [(0.0, 0.0)] * len(edges)
    for number in sorted(range(len(edges)), key=lambda each: (each in back, across[ways[each][-2]])):
        far = arcs[number][1]
        port[number] = (along[far], across[far] + used[far] * sizes.port - more[far] / 2)
        used[far] += 1
    lines = []
    for number, way in enumerate(ways):
        near, far = arcs[number]
        points = [(along[near], across[near]), (along[near] + half, across[near])]
        if number in back:
            aside = 5.0 + 4.0 * (sorted(back).index(number) % 6)
            far_off, below = along[far] - half - sizes.stub - aside, lowest + aside
            points += [(along[near] + half + aside, across[near]), (along[near] + half + aside, below)]
            points += [(far_off, below), (far_off, port[number][1])]
        for lane in way[1:-1]:
            points += [(along[lane] - half - sizes.stub, across[lane]), (along[lane] + half, across[lane])]
        points += [(along[far] - half - sizes.stub, port[number][1]), port[number]]
        lines.append([turned(point) for point in (points[::-1] if inward else points)])
    wide, tall = length, lowest + (32.0 if back else 2.0)
    return Drawing(
        nodes,
        edges,
        inward,
        sizes.down,
        sizes.words,
        (tall, wide) if sizes.down else (wide, tall),
        [turned((along[at], across[at])) for at in range(len(nodes))],
        [(each, sizes.box) if sizes.down else (sizes.box, each) for each in size],
        lines,
        [turned(point) for point in port],
    )


def _width(edge: Edge) -> float:
    """Pixels that an edge's words need."""
    return max(width_of(edge.over), width_of(edge.under)) * 5.6 + 4


def _rounded(wide: float, tall: float) -> str:
    """The path of a box with round corners: ECharts stretches those of its own."""
    r = 6.0
    return (
        f"path://M{r},0 H{wide - r} Q{wide},0 {wide},{r} V{tall - r} Q{wide},{tall} {wide - r},{tall} "
        f"H{r} Q0,{tall} 0,{tall - r} V{r} Q0,0 {r},0 Z"
    )


def _pale(colour: str) -> str:
    """A colour mixed with white, so that dark words can be read on it."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - part) * 0.3):02x}" for part in parts)


def _plain(words: str) -> str:
    """Words that ECharts takes as they are: braces would be its own."""
    return words.replace("{", "(").replace("}", ")")
