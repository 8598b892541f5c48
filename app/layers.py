"""A graph in layers as ECharts draws it: positions are computed here, the browser draws and reports clicks.

Owners stand above what they own, products above what they hold. In each layer nodes stand in the order of the
middle of those that they are joined to, so that few edges cross.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDE, TALL, GAP = 150, 104, 16
"""Pixels: how wide a node's place is, how far layers are apart at least, and what is left around all."""

MOST_WORDS = 9
"""Edges that have their words beside them; of more, the pointer tells."""

COLOURS = {
    "person": "#2f76c0",
    "company": "#8494a8",
    "partnership": "#8a6cc4",
    "contract_fund": "#8a6cc4",
    "trust": "#8a6cc4",
    "government": "#b9922b",
    "bank": "#2b9db5",
    "product": "#5b7be0",
    "asset": "#2e9a6a",
    "unknown": "#a9a9a9",
    "chosen": "#cf4a4a",
}


@dataclass(frozen=True)
class Node:
    """One node: its key, its layer (0 at the bottom), its kind, its words, and more words for the pointer."""

    key: str
    layer: int
    kind: str
    words: str
    more: str = ""


@dataclass(frozen=True)
class Edge:
    """One edge from a node to another, both by their place; its words, and how thick it is (0 to 1)."""

    source: int
    target: int
    words: str
    weight: float
    dashed: bool = False


def ordered(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[list[int]]:
    """The places of the nodes of each layer, from the left.

    Examples
    --------
    >>> nodes = [Node("c", 0, "company", "c"), Node("a", 1, "person", "a"), Node("b", 1, "person", "b")]
    >>> ordered(nodes, [Edge(2, 0, "", 1.0), Edge(1, 0, "", 1.0)])
    [[0], [1, 2]]
    """
    layers: dict[int, list[int]] = {}
    for place, node in enumerate(nodes):
        layers.setdefault(node.layer, []).append(place)
    joined: dict[int, list[int]] = {}
    for edge in edges:
        joined.setdefault(edge.source, []).append(edge.target)
        joined.setdefault(edge.target, []).append(edge.source)
    at = {place: i / max(len(row), 1) for row in layers.values() for i, place in enumerate(row)}
    for sweep in range(6):
        for layer in sorted(layers, reverse=sweep % 2 == 1):
            row = layers[layer]

            def middle(place: int) -> float:
                near = [
                    at[other] for other in joined.get(place, ()) if nodes[other].layer != nodes[place].layer
                ]
                return sum(near) / len(near) if near else at[place]

            row.sort(key=middle)
            at.update({place: (i + 0.5) / len(row) for i, place in enumerate(row)})
    return [layers[layer] for layer in sorted(layers)]


def size(nodes: Sequence[Node]) -> tuple[int, int]:
    """How wide and how tall the picture is, in pixels."""
    counts: dict[int, int] = {}
    for node in nodes:
        counts[node.layer] = counts.get(node.layer, 0) + 1
    wide = max(max(counts.values(), default=1) * WIDE, 480)
    return wide, round(len(counts) * max(TALL, wide / 6)) + 2 * GAP


def height(nodes: Sequence[Node], room: int = 620) -> int:
    """How tall the picture is on a page that leaves it so many pixels of width."""
    wide, tall = size(nodes)
    return min(max(round(tall * min(room / wide, 1.0)), 240), 760)


def option(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, Any]:
    """The ECharts option of a graph in layers."""
    wide, tall = size(nodes)
    rows = ordered(nodes, edges)
    apart = (tall - 2 * GAP) / max(len(rows), 1)
    told = len(edges) <= MOST_WORDS
    data: list[dict[str, Any]] = [{} for _ in nodes]
    for level, row in enumerate(rows):
        for i, place in enumerate(row):
            node = nodes[place]
            colour = COLOURS.get(node.kind, COLOURS["asset"])
            data[place] = {
                "name": node.key,
                "x": (i + 0.5) / len(row) * wide,
                "y": tall - GAP - apart / 2 - level * apart,
                "symbol": "circle" if node.kind == "person" else "roundRect",
                "symbolSize": 20 if node.kind == "person" else [26, 18],
                "itemStyle": {"color": colour},
                "label": {"formatter": _plain(node.words), "position": "bottom", "distance": 4},
                "tooltip": {"formatter": f"<b>{html.escape(node.words)}</b><br/>{html.escape(node.more)}"},
            }
    links = [
        {
            "source": edge.source,
            "target": edge.target,
            "label": {"show": told and bool(edge.words), "formatter": _plain(edge.words)},
            "lineStyle": {
                "width": 1 + 4 * min(max(edge.weight, 0.0), 1.0),
                "type": "dashed" if edge.dashed else "solid",
                "curveness": 0.18 if nodes[edge.source].layer <= nodes[edge.target].layer else 0.0,
            },
            "tooltip": {
                "formatter": f"{html.escape(nodes[edge.source].words)} → "
                f"{html.escape(nodes[edge.target].words)}<br/><b>{html.escape(edge.words)}</b>"
            },
        }
        for edge in edges
    ]
    return {
        "animation": False,
        "tooltip": {"trigger": "item", "confine": True, "appendTo": "body", "textStyle": {"fontSize": 12}},
        "series": [
            {
                "type": "graph",
                "layout": "none",
                "data": data,
                "links": links,
                "roam": True,
                "scaleLimit": {"min": 0.4, "max": 4},
                "selectedMode": "single",
                "labelLayout": {"hideOverlap": True},
                "edgeSymbol": ["none", "arrow"],
                "edgeSymbolSize": 8,
                "label": {
                    "show": True,
                    "fontSize": 11,
                    "color": "#1f2937",
                    "width": WIDE - 14,
                    "overflow": "truncate",
                },
                "edgeLabel": {
                    "show": True,
                    "rotate": 0,
                    "fontSize": 10,
                    "color": "#4b5563",
                    "backgroundColor": "rgba(255,255,255,.75)",
                },
                "lineStyle": {"color": "#9aa5b1", "opacity": 0.9},
                "emphasis": {"focus": "adjacency"},
            }
        ],
    }


def _plain(words: str) -> str:
    """Words that ECharts takes as they are: braces would be its own."""
    return words.replace("{", "(").replace("}", ")")
