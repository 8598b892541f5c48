"""Pictures from plain frames: layers, a Sankey as SVG, a page that needs nothing else.

A picture is a function of its data, byte for byte, and is drawn without a browser. Nothing is left out in
silence: what is too small to draw is folded into "+N more", and the picture says how much of the money it
shows. Frames are taken as they come (anything with named columns); money is whole minor units.

>>> routes = {"accounts": [("A", "B", "C"), ("A", "B")], "amount": [700, 300], "kind": ["balance", "cash"]}
>>> flow = flow_of_routes(routes)
>>> [(node.label, node.column, node.value) for node in flow.nodes if node.role == "account"]
[('B', 1, 1000), ('C', 2, 700)]
>>> sankey_svg(flow, title="A's money", unit="CNY").startswith("<svg ")
True
"""

from __future__ import annotations

from graphflow.pictures.flows import Flow, Key, Link, Node, flow_of_links, flow_of_routes, layered
from graphflow.pictures.page import Facts, Picture, Table, Words, html_page
from graphflow.pictures.sankey import sankey_svg
from graphflow.pictures.words import (
    END_NAMES,
    ORIGIN_NAMES,
    amount_text,
    brief,
    clean,
    end_name,
    shorten,
    width_of,
)

__all__ = [
    "END_NAMES",
    "ORIGIN_NAMES",
    "Facts",
    "Flow",
    "Key",
    "Link",
    "Node",
    "Picture",
    "Table",
    "Words",
    "amount_text",
    "brief",
    "clean",
    "end_name",
    "flow_of_links",
    "flow_of_routes",
    "html_page",
    "layered",
    "sankey_svg",
    "shorten",
    "width_of",
]
