"""A flow drawn as a Sankey, as SVG text."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphflow.language import N_, translate
from graphflow.pictures.colours import ACCOUNT, END_COLOURS, FOLDED, GROUND_COLOURS, SEED
from graphflow.pictures.flows import Flow, Key, Link, Node, flow_of_links, flow_of_routes, layered
from graphflow.pictures.words import amount_text, brief, clean, end_name, percents, shorten, width_of

_COLOURS = {
    "seed": SEED,
    "account": ACCOUNT,
    "again": ACCOUNT,
    "more": FOLDED,
    **END_COLOURS,
    **GROUND_COLOURS,
}
_NODE_WIDTH = 11.0
_COLUMN_PITCH = 178.0
_LAST = 40.0  # more for the names of the ends; with six columns before them a picture is 1298 wide
_LABEL_HEIGHT = 27.0
_GAP = 5.0
_BAND = 300.0  # how tall the whole of the money is drawn


@dataclass
class _Box:
    """Where a node is drawn: its slot holds the label too."""

    node: Node
    x: float
    height: float
    slot: float
    y: float = 0.0  # the slot's top

    @property
    def top(self) -> float:
        return self.y + (self.slot - self.height) / 2

    @property
    def middle(self) -> float:
        return self.y + self.slot / 2


def sankey_svg(
    links: Any,
    *,
    title: str,
    unit: str = "",
    digits: int = 2,
    language: str = "en",
    labels: Mapping[str, str] | None = None,
    most: int = 60,
    columns: int = 6,
    backward: bool = False,
) -> str:
    """A Sankey as SVG text: the same bytes for the same data, readable on light and on dark ground.

    Parameters
    ----------
    links
        A `Flow`, or routes (a column `accounts`) or plain links (`source`, `target`, `value`) to make one of.
    title
        What the picture shows.
    unit
        The currency, written beside amounts.
    digits
        Digits of the minor unit.
    language, labels, most, columns
        The reader's language; names for ids; about how many nodes, and of routes how many columns before the
        ends, to draw: what is more is folded, and the picture says so.
    backward
        The money flowed from right to left: the first column is where it arrived.

    Examples
    --------
    >>> links = {"source": ["<b>"], "target": ["Bank & Co"], "value": [123456]}
    >>> svg = sankey_svg(links, title="t", unit="CNY")
    >>> "1,234.56" in svg, "&lt;b&gt;" in svg, "Bank &amp; Co" in svg
    (True, True, True)
    """
    if isinstance(links, Flow):
        flow = links
    elif "accounts" in links:
        flow = flow_of_routes(links, labels=labels, most=most, columns=columns)
    else:
        flow = flow_of_links(links, labels=labels, most=most)
    pen = _Pen(unit, digits, language, backward)
    boxes, width, height = _arrange(flow)
    top = 64.0
    body = _ribbons(flow, boxes, pen, top) + _nodes(boxes.values(), pen, top)
    if not flow.nodes:
        body = [f'<text class="t" x="20" y="{top + 20:.0f}">{pen.text(N_("Nothing flowed."))}</text>']
    text = pen.summary(flow)
    name = (
        "gf"
        + hashlib.sha256("\n".join([title, text, *body]).encode("utf-8", "surrogatepass")).hexdigest()[:10]
    )
    legend = _legend(flow, pen)
    width, tall = max(width, 560.0), height + top + 30
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="gf" role="img" '
            f'aria-labelledby="{name}t {name}d" lang="{language}" '
            f'width="{width:.0f}" height="{tall:.0f}" viewBox="0 0 {width:.0f} {tall:.0f}">',
            f'<title id="{name}t">{clean(title)}</title>',
            f'<desc id="{name}d">{clean(text, 2000)}</desc>',
            _STYLE,
            f'<text class="h" x="12" y="20">{clean(title)}</text>',
            *legend,
            *body,
            f'<text class="n" x="12" y="{height + top + 18:.0f}">{clean(pen.shown(flow), 2000)}</text>',
            "</svg>",
            "",
        ]
    )


_STYLE = (
    "<style>"
    "svg.gf{max-width:100%;height:auto;"
    "font-family:system-ui,'Noto Sans','Noto Sans CJK SC','Microsoft YaHei',sans-serif;"
    "--ink:#1d2430;--soft:#5d6878;--ground:#fff}"
    "@media (prefers-color-scheme:dark){svg.gf{--ink:#e8ebf0;--soft:#a3adba;--ground:#14181f}}"
    "svg.gf text{fill:var(--ink);font-size:11.5px;paint-order:stroke;stroke:var(--ground);stroke-width:3px;"
    "stroke-linejoin:round}"
    "svg.gf text.h{font-size:15px;font-weight:600}svg.gf text.a{font-size:10.5px;fill:var(--soft)}"
    "svg.gf text.n{font-size:11px;fill:var(--soft)}"
    "svg.gf path{fill-opacity:.34}svg.gf path:hover{fill-opacity:.62}"
    "svg.gf rect.more,svg.gf rect.again{fill-opacity:.35;stroke:var(--soft);stroke-dasharray:3 2}"
    "</style>"
)


def _arrange(flow: Flow) -> tuple[dict[Key, _Box], float, float]:
    """Boxes with their places, and the size of the drawing."""
    columns = {node.key: node.column for node in flow.nodes}
    places = layered(columns, [(link.source, link.target, link.value) for link in flow.links])
    rows: dict[int, list[_Box]] = defaultdict(list)
    tallest = max(
        (sum(n.value for n in flow.nodes if n.column == c) for c in set(columns.values())), default=1
    )
    boxes: dict[Key, _Box] = {}
    by_key = {node.key: node for node in flow.nodes}
    for key in sorted(places, key=places.__getitem__):
        node = by_key[key]
        height = max(node.value * _BAND / tallest, 1.0)
        slot = height if node.role == "pass" else max(height, _LABEL_HEIGHT)
        boxes[key] = _Box(node, 12 + node.column * _COLUMN_PITCH, height, slot)
        rows[node.column].append(boxes[key])
    height = max((sum(b.slot + _GAP for b in row) for row in rows.values()), default=60.0)
    for row in rows.values():
        y = (height - sum(b.slot + _GAP for b in row)) / 2
        for box in row:
            box.y = y
            y += box.slot + _GAP
    near: dict[Key, list[tuple[_Box, int]]] = defaultdict(list)
    for link in flow.links:
        near[link.source].append((boxes[link.target], link.value))
        near[link.target].append((boxes[link.source], link.value))
    for _ in range(24):  # towards the middle of what each is joined to, in the order that was found
        for column in sorted(rows):
            for box in rows[column]:
                weights = near[box.node.key]
                if weights:
                    middle = sum(other.middle * value for other, value in weights) / sum(
                        v for _, v in weights
                    )
                    box.y += 0.5 * (middle - box.middle)
            _spread(rows[column], height)
    return boxes, 12 + (max(rows, default=0) + 1) * _COLUMN_PITCH + _LAST, height


def _spread(row: list[_Box], height: float) -> None:
    """Push boxes apart, in their order, inside the drawing."""
    floor = 0.0
    for box in row:
        box.y = max(box.y, floor)
        floor = box.y + box.slot + _GAP
    ceiling = height
    for box in reversed(row):
        box.y = min(box.y, ceiling - box.slot)
        ceiling = box.y - _GAP


def _colour(node: Node) -> str:
    return _COLOURS.get(node.id if node.role in ("end", "pass") else node.role, _COLOURS["account"])


def _ribbons(flow: Flow, boxes: Mapping[Key, _Box], pen: _Pen, top: float) -> list[str]:
    """One path a link, its width the money."""
    used_out: dict[Key, float] = defaultdict(float)
    used_in: dict[Key, float] = defaultdict(float)
    leaves: dict[tuple[Key, Key], float] = {}
    arrives: dict[tuple[Key, Key], float] = {}
    for link in sorted(flow.links, key=lambda k: (k.source, boxes[k.target].y)):
        box = boxes[link.source]
        leaves[link.source, link.target] = box.top + used_out[link.source]
        used_out[link.source] += box.height * link.value / box.node.value
    for link in sorted(flow.links, key=lambda k: (k.target, boxes[k.source].y)):
        box = boxes[link.target]
        arrives[link.source, link.target] = box.top + used_in[link.target]
        used_in[link.target] += box.height * link.value / box.node.value
    parts = []
    for link in sorted(flow.links, key=lambda k: (-k.value, k.source, k.target)):
        source, target = boxes[link.source], boxes[link.target]
        y0 = leaves[link.source, link.target] + top
        y1 = arrives[link.source, link.target] + top
        h0 = max(source.height * link.value / source.node.value, 0.7)
        h1 = max(target.height * link.value / target.node.value, 0.7)
        x0 = source.x + (0 if source.node.role == "pass" else _NODE_WIDTH)
        x1 = target.x + (_NODE_WIDTH if target.node.role == "pass" else 0)
        if source.node.role == "pass":  # carries on where the ribbon before it stopped
            x0 += _NODE_WIDTH
        xm = (x0 + x1) / 2
        colour = _colour(target.node if target.node.role in ("end", "pass") else source.node)
        told = pen.link(link, source.node, target.node)
        parts.append(
            f'<path fill="{colour}" d="M{x0:.1f} {y0:.1f}'
            f"C{xm:.1f} {y0:.1f} {xm:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
            f"L{x1:.1f} {y1 + h1:.1f}C{xm:.1f} {y1 + h1:.1f} {xm:.1f} {y0 + h0:.1f} {x0:.1f} {y0 + h0:.1f}Z"
            f'"><title>{clean(told, 400)}</title></path>'
        )
    return parts


def _nodes(boxes: Iterable[_Box], pen: _Pen, top: float) -> list[str]:
    parts = []
    for box in boxes:
        node = box.node
        if node.role == "pass":
            continue
        told = f"{pen.name(node)}: {pen.amount(node.value)}"
        middle = box.middle + top
        x = box.x + _NODE_WIDTH + 5
        parts.append(
            f'<rect class="{node.role}" fill="{_colour(node)}" x="{box.x:.1f}" y="{box.top + top:.1f}" '
            f'width="{_NODE_WIDTH:.0f}" height="{box.height:.1f}"><title>{clean(told, 400)}</title></rect>'
            f'<text x="{x:.1f}" y="{middle - 2:.1f}">{clean(pen.brief(node), 200)}</text>'
            f'<text class="a" x="{x:.1f}" y="{middle + 11:.1f}">{clean(pen.short(node.value))}</text>'
        )
    return parts


def _legend(flow: Flow, pen: _Pen) -> list[str]:
    """Coloured squares with words, for what the picture has; the unit last."""
    roles = {node.role for node in flow.nodes}
    told = {**_ROLES, "seed": N_("where the money arrived")} if pen.backward else _ROLES
    entries = [(_COLOURS[role], pen.text(words)) for role, words in told.items() if role in roles]
    x = 12.0
    parts = []
    for colour, words in entries:
        parts.append(f'<rect fill="{colour}" x="{x:.1f}" y="33" width="10" height="10"/>')
        parts.append(f'<text class="a" x="{x + 14:.1f}" y="42">{clean(words)}</text>')
        x += 26 + 6.2 * width_of(words)
    unit = pen.text(
        N_("Amounts in {unit}, {total} in all"), unit=pen.unit or "—", total=pen.amount(flow.total, bare=True)
    )
    parts.append(f'<text class="a" x="{x:.1f}" y="42">{clean(unit)}</text>')
    return parts


_ROLES = {
    "seed": N_("where the money started"),
    "account": N_("account on its way"),
    "more": N_("folded together"),
    "again": N_("drawn before: a cycle"),
}


@dataclass(frozen=True)
class _Pen:
    """Words and amounts in the reader's language."""

    unit: str
    digits: int
    language: str
    backward: bool = False

    def text(self, words: str, **values: object) -> str:
        return translate(words, self.language, **values)

    def amount(self, value: int, *, bare: bool = False) -> str:
        text = amount_text(value, self.digits)
        return text if bare or not self.unit else f"{text} {self.unit}"

    def short(self, value: int) -> str:
        """Few digits where the amount is long; the exact one stands in the tooltip and in the tables."""
        whole = value / 10**self.digits
        steps = ((1e8, "亿"), (1e4, "万")) if self.language == "zh" else ((1e9, "bn"), (1e6, "m"))
        for step, name in steps:
            if whole >= step:
                return f"{whole / step:,.2f} {name}"
        return amount_text(value, self.digits)

    def name(self, node: Node) -> str:
        if node.role == "end":
            return self.text(end_name(node.id, self.backward))
        if node.role == "more":
            if not node.folded:
                return self.text(N_("later hops"))
            return self.text(N_("+{count} more"), count=f"{node.folded:,}")
        if node.label != node.id:
            return f"{node.label} ({node.id})"
        return node.label

    def brief(self, node: Node) -> str:
        """What fits beside a node; the whole name is in the tooltip."""
        if node.role in ("end", "more"):
            return shorten(self.name(node), 33 if node.role == "end" else 25)
        return brief(node.label, node.id, 25)

    def link(self, link: Link, source: Node, target: Node) -> str:
        names = [
            self.text(end_name(node.id, self.backward))
            if node.role == "pass" and "\0" not in node.id
            else self.name(node).replace("\0", " – ")
            for node in (source, target)
        ]
        if source.role == "pass":  # the same ribbon, drawn on: no further flow
            return self.text(N_("{what}: {amount}, drawn on"), what=names[0], amount=self.amount(link.value))
        told = f"{names[0]} {'←' if self.backward else '→'} {names[1]}: {self.amount(link.value)}"
        return f"{told} ({self.text(N_('routes: {count}'), count=f'{link.routes:,}')})"

    def shown(self, flow: Flow) -> str:
        if flow.shown == flow.total:
            return self.text(
                N_("All {accounts} accounts are drawn, and all of the money."), accounts=f"{flow.accounts:,}"
            )
        return self.text(
            N_(
                "{drawn} of {accounts} accounts are drawn, with {passed} of the money that passed "
                "through accounts; {shown} of it is drawn account by account on its whole way. "
                "The rest is folded."
            ),
            drawn=f"{flow.drawn:,}",
            accounts=f"{flow.accounts:,}",
            passed=f"{percents([flow.passed[0]], flow.passed[1])[0]} %",
            shown=f"{percents([flow.shown], flow.total)[0]} %",
        )

    def summary(self, flow: Flow) -> str:
        """For those who hear the picture."""
        ends = sorted((n for n in flow.nodes if n.role == "end"), key=lambda n: (-n.value, n.id))
        told = [self.text(N_("{total} in all."), total=self.amount(flow.total))]
        told += [f"{self.name(node)}: {self.amount(node.value)}." for node in ends]
        largest = sorted(flow.links, key=lambda k: (-k.value, k.source, k.target))
        by_key = {node.key: node for node in flow.nodes}
        told += [
            self.link(link, by_key[link.source], by_key[link.target]) + "."
            for link in largest
            if "pass" not in (link.source.role, link.target.role)
        ][:5]
        return " ".join([*told, self.shown(flow)])
