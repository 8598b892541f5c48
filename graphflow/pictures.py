"""Pictures from plain frames: layers, a Sankey as SVG, a page that needs nothing else.

A picture is a function of its data, byte for byte, and is drawn without a browser. Nothing is left out in
silence: what is too small to draw is folded into "+N more", and the picture says how much of the money it shows.
Frames are taken as they come (anything with named columns); money is whole minor units.

>>> routes = {"accounts": [("A", "B", "C"), ("A", "B")], "amount": [700, 300], "kind": ["balance", "cash"]}
>>> flow = flow_of_routes(routes)
>>> [(node.label, node.column, node.value) for node in flow.nodes if node.role == "account"]
[('B', 1, 1000), ('C', 2, 700)]
>>> sankey_svg(flow, title="A's money", unit="CNY").startswith("<svg ")
True
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphflow.language import N_, translate

END_NAMES: Mapping[str, str] = {
    "balance": N_("still in the account"),
    "cash": N_("taken in cash"),
    "fee": N_("fees and taxes"),
    "hub": N_("lost in a clearing account"),
    "returned": N_("returned to the payer"),
    "asset": N_("bought assets"),
    "frontier": N_("left our statements"),
    "lender": N_("repaid an overdraft"),
    "recirculated": N_("met another seed"),
    "horizon": N_("beyond the limit set"),
}
"""What the kinds of ends are called where people read them."""

# Told apart by people who see few colours too; each is readable on white and on near-black.
_COLOURS = {
    "seed": "#2f76c0",
    "account": "#8494a8",
    "again": "#8494a8",
    "more": "#a9a9a9",
    "balance": "#2e9a6a",
    "cash": "#cf4a4a",
    "fee": "#94705f",
    "hub": "#8a6cc4",
    "returned": "#2b9db5",
    "asset": "#b9922b",
    "frontier": "#e0822a",
    "lender": "#cf62a0",
    "recirculated": "#5b7be0",
    "horizon": "#7d7d7d",
}
_NODE_WIDTH = 11.0
_COLUMN_PITCH = 188.0
_LABEL_HEIGHT = 27.0
_GAP = 5.0
_BAND = 300.0  # how tall the whole of the money is drawn


class Key(NamedTuple):
    """Which node: what it is, whose, and in which column (an account that money passes again stands there again)."""

    role: str
    id: str
    column: int


@dataclass(frozen=True)
class Node:
    """One node of a flow: `role` is seed, account, again, more, end or pass (a link's way past a column)."""

    key: Key
    label: str
    value: int
    folded: int = 0  # how many accounts a "+N more" stands for

    @property
    def role(self) -> str:
        return self.key.role

    @property
    def id(self) -> str:
        return self.key.id

    @property
    def column(self) -> int:
        return self.key.column


@dataclass(frozen=True)
class Link:
    """Money from one node to another, and over how many routes."""

    source: Key
    target: Key
    value: int
    routes: int


@dataclass(frozen=True)
class Flow:
    """What a Sankey draws: nodes in columns, links between neighbouring columns, and what was folded."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    total: int  # all the money
    shown: int  # the part of it whose whole way is drawn account by account
    passed: tuple[int, int]  # money through the accounts drawn, and through all, each hop counted
    accounts: int  # how many there are
    drawn: int  # how many of them are drawn


@dataclass
class _Draft:
    """Links being summed, before the small nodes are folded."""

    paths: list[tuple[tuple[Key, ...], int]] = field(default_factory=list)

    def add(self, path: tuple[Key, ...], amount: int) -> None:
        self.paths.append((path, amount))

    def sums(self) -> dict[Key, int]:
        """What passes each node: what comes in or what goes out, whichever is more."""
        come: dict[Key, int] = defaultdict(int)
        go: dict[Key, int] = defaultdict(int)
        for path, amount in self.paths:
            for key in path[1:]:
                come[key] += amount
            for key in path[:-1]:
                go[key] += amount
        return {key: max(come.get(key, 0), go.get(key, 0)) for key in {**go, **come}}


def flow_of_routes(
    routes: Any, *, labels: Mapping[str, str] | None = None, most: int = 60, columns: int = 12
) -> Flow:
    """The flow that a set of routes (or chains) makes: column = hop, so that a cycle is unrolled.

    Parameters
    ----------
    routes
        Columns `accounts` (ids, payer first), `amount` (minor units) and `kind` (the end's); one row a route.
    labels
        Names to show for ids.
    most
        About how many nodes to draw at most; the smallest are folded, column by column.
    columns
        How many hops to draw at most; what comes later is folded into the last column.

    Examples
    --------
    >>> loop = {"accounts": [("A", "B", "A", "B")], "amount": [5], "kind": ["balance"]}
    >>> [f"{node.id}@{node.column}" for node in flow_of_routes(loop).nodes if node.role != "end"]
    ['A@0', 'B@1', 'A@2', 'B@3']
    """
    draft = _Draft()
    last = max((min(len(path), columns) for path in routes["accounts"]), default=0)
    for accounts, amount, kind in zip(routes["accounts"], routes["amount"], routes["kind"], strict=True):
        if int(amount) <= 0:
            continue
        path = [
            Key("account" if hop else "seed", str(account), hop)
            for hop, account in enumerate(accounts[: columns - 1])
        ]
        if len(accounts) >= columns:
            beyond = len(accounts) > columns
            path.append(
                Key("more", "", columns - 1) if beyond else Key("account", str(accounts[-1]), columns - 1)
            )
        path += [Key("pass", str(kind), hop) for hop in range(len(path), last)]
        draft.add((*path, Key("end", str(kind), last)), int(amount))
    names = {str(account) for path in routes["accounts"] for account in path}
    return _fold(draft, labels or {}, most, len(names))


def flow_of_links(links: Any, *, labels: Mapping[str, str] | None = None, most: int = 60) -> Flow:
    """The flow that plain links make, in layers; a link that would close a cycle leads to a copy of its target.

    Parameters
    ----------
    links
        Columns `source`, `target`, `value` (minor units), and `hop` (the source's column) where it is known.
    labels, most
        As in `flow_of_routes`.

    Examples
    --------
    >>> ring = {"source": ["A", "B", "C"], "target": ["B", "C", "A"], "value": [9, 8, 7]}
    >>> [(node.label, node.column, node.role) for node in flow_of_links(ring).nodes][-1]
    ('A', 3, 'again')
    """
    sums: dict[tuple[str, str, int], int] = defaultdict(int)
    hops = links["hop"] if "hop" in links else [-1] * len(links["source"])
    for source, target, value, hop in zip(
        links["source"], links["target"], links["value"], hops, strict=True
    ):
        if int(value) > 0:
            sums[str(source), str(target), int(hop)] += int(value)
    draft = _Draft()
    if "hop" in links:
        for (source, target, hop), value in sums.items():
            ends = Key("account" if hop else "seed", source, hop), Key("account", target, hop + 1)
            draft.add(ends, value)
    else:
        for (source, target, value), (start, stop, closes) in _layers(
            [(source, target, value) for (source, target, _), value in sums.items()]
        ):
            way = [Key("pass", f"{source}\0{target}", column) for column in range(start + 1, stop)]
            last = Key("again" if closes else "account", target, stop)
            draft.add((Key("account", source, start), *way, last), value)
    names = {name for source, target, _ in sums for name in (source, target)}
    return _fold(draft, labels or {}, most, len(names))


def _layers(
    links: Sequence[tuple[str, str, int]],
) -> list[tuple[tuple[str, str, int], tuple[int, int, bool]]]:
    """For each link its columns, and whether it closes a cycle: longest path over what is left without those."""
    out: dict[str, list[str]] = defaultdict(list)
    entered: set[str] = set()
    for source, target, _ in sorted(links, key=lambda link: (-link[2], link[0], link[1])):
        out[source].append(target)
        entered.add(target)
    starts = sorted(out, key=lambda name: (name in entered, name))
    closing: set[tuple[str, str]] = set()
    state: dict[str, int] = {}  # 1 on the way, 2 done
    done: list[str] = []
    for start in starts:
        stack = [(start, iter(out[start]))] if start not in state else []
        state.setdefault(start, 1)
        while stack:
            name, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                stack.pop()
                state[name] = 2
                done.append(name)
            elif state.get(target) == 1:
                closing.add((name, target))
            elif target not in state:
                state[target] = 1
                stack.append((target, iter(out[target] if target in out else [])))
    column: dict[str, int] = defaultdict(int)
    for name in reversed(done):
        for target in out.get(name, ()):
            if (name, target) not in closing:
                column[target] = max(column[target], column[name] + 1)
    placed = []
    for link in links:
        source, target, _ = link
        closes = (source, target) in closing
        placed.append((link, (column[source], column[source] + 1 if closes else column[target], closes)))
    return placed


def _fold(draft: _Draft, labels: Mapping[str, str], most: int, accounts: int) -> Flow:
    """Keep the nodes with the most money; what is left of a column becomes one "+N more"."""
    sums = draft.sums()
    drawable = [key for key in sums if key.role in ("seed", "account", "again")]
    ends = sum(key.role == "end" for key in sums)
    kept = set(drawable)
    if len(drawable) + ends > most:
        ranked = sorted(drawable, key=lambda key: (-sums[key], key.column, key.id))
        by_column: dict[int, list[Key]] = defaultdict(list)
        for key in ranked:
            by_column[key.column].append(key)
        kept = {key for keys in by_column.values() for key in keys[:3]}  # the largest of each, however small
        room = most - len(by_column) - ends
        for key in ranked:
            if len(kept) >= room:
                break
            kept.add(key)
        left = [[key for key in keys if key not in kept] for keys in by_column.values()]
        kept |= {keys[0] for keys in left if len(keys) == 1}  # "+1 more" would take the same room

    def place(key: Key) -> Key:
        folds = key.role in ("seed", "account", "again") and key not in kept
        return Key("more", "", key.column) if folds else key

    folded: dict[Key, set[str]] = defaultdict(set)
    links: dict[tuple[Key, Key], list[int]] = defaultdict(lambda: [0, 0])
    total = shown = 0
    merged = _Draft()
    for path, amount in draft.paths:
        total += amount
        drawn = tuple(place(key) for key in path)
        merged.add(drawn, amount)
        shown += 0 if any(key.role == "more" for key in drawn) else amount
        for key, there in zip(path, drawn, strict=True):
            if there.role == "more" and key.role != "more":
                folded[there].add(key.id)
        for source, target in zip(drawn[:-1], drawn[1:], strict=True):
            link = links[source, target]
            link[0] += amount
            link[1] += 1
    values = merged.sums()
    nodes = [
        Node(key, labels.get(key.id, key.id), values[key], len(folded[key]) if key.role == "more" else 0)
        for key in sorted(values, key=lambda key: (key.column, key.role, key.id))
    ]
    return Flow(
        tuple(nodes),
        tuple(Link(*ends, *link) for ends, link in sorted(links.items())),
        total,
        shown,
        (sum(sums[key] for key in kept), sum(sums[key] for key in drawable)),
        accounts,
        len({key.id for key in kept}),
    )


def layered(
    columns: Mapping[Any, int], links: Iterable[tuple[Any, Any, float]], *, sweeps: int = 6
) -> dict[Any, tuple[int, int]]:
    """Column and place of each node: places by the weighted middle of its neighbours, swept there and back.

    Parameters
    ----------
    columns
        Each node's column. Nodes are taken in this order where nothing else decides.
    links
        (source, target, weight). Links within a column or past one say nothing about places.
    sweeps
        How often to go over all columns.

    Examples
    --------
    >>> layered({"a": 0, "b": 0, "x": 1, "y": 1}, [("a", "y", 1), ("b", "x", 1)])
    {'a': (0, 0), 'b': (0, 1), 'y': (1, 0), 'x': (1, 1)}
    """
    rows: dict[int, list[Any]] = defaultdict(list)
    for node, column in columns.items():
        rows[column].append(node)
    before: dict[Any, list[tuple[Any, float]]] = defaultdict(list)
    after: dict[Any, list[tuple[Any, float]]] = defaultdict(list)
    for source, target, weight in links:
        if columns[target] == columns[source] + 1:
            before[target].append((source, weight))
            after[source].append((target, weight))
    place = {node: (i + 0.5) / len(row) for row in rows.values() for i, node in enumerate(row)}
    order = sorted(rows)
    for sweep in range(sweeps):
        neighbours = after if sweep % 2 else before
        for column in reversed(order) if sweep % 2 else order:
            row = rows[column]
            middle = {}
            for node in row:
                weights = neighbours[node]
                whole = sum(weight for _, weight in weights)
                middle[node] = (
                    sum(place[other] * weight for other, weight in weights) / whole if whole else place[node]
                )
            row.sort(key=middle.__getitem__)  # stable: equal ones stay as they were
            for i, node in enumerate(row):
                place[node] = (i + 0.5) / len(row)
    return {node: (column, i) for column in order for i, node in enumerate(rows[column])}


# ---------------------------------------------------------------- the drawing


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
    language, labels, most
        The reader's language; names for ids; about how many nodes to draw.

    Examples
    --------
    >>> svg = sankey_svg({"source": ["<b>"], "target": ["Bank & Co"], "value": [123456]}, title="t", unit="CNY")
    >>> "1,234.56" in svg, "&lt;b&gt;" in svg, "Bank &amp; Co" in svg
    (True, True, True)
    """
    if isinstance(links, Flow):
        flow = links
    elif "accounts" in links:
        flow = flow_of_routes(links, labels=labels, most=most)
    else:
        flow = flow_of_links(links, labels=labels, most=most)
    pen = _Pen(unit, digits, language)
    boxes, width, height = _arrange(flow)
    top = 64.0
    body = _ribbons(flow, boxes, pen, top) + _nodes(boxes.values(), pen, top)
    if not flow.nodes:
        body = [f'<text class="t" x="20" y="{top + 20:.0f}">{pen.text("Nothing flowed.")}</text>']
    text = pen.summary(flow)
    name = "gf" + hashlib.sha256("\n".join([title, text, *body]).encode()).hexdigest()[:10]
    legend = _legend(flow, pen)
    width = max(width, 560.0)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="gf" role="img" aria-labelledby="{name}t {name}d" '
            f'lang="{language}" width="{width:.0f}" height="{height + top + 30:.0f}" '
            f'viewBox="0 0 {width:.0f} {height + top + 30:.0f}">',
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
    "svg.gf{font-family:system-ui,'Noto Sans','Noto Sans CJK SC','Microsoft YaHei',sans-serif;"
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
    return boxes, 12 + (max(rows, default=0) + 1) * _COLUMN_PITCH, height


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
            f'<path fill="{colour}" d="M{x0:.1f} {y0:.1f}C{xm:.1f} {y0:.1f} {xm:.1f} {y1:.1f} {x1:.1f} {y1:.1f}'
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
            f'<text x="{x:.1f}" y="{middle - 2:.1f}">{clean(shorten(pen.name(node), 25), 200)}</text>'
            f'<text class="a" x="{x:.1f}" y="{middle + 11:.1f}">{clean(pen.short(node.value))}</text>'
        )
    return parts


def _legend(flow: Flow, pen: _Pen) -> list[str]:
    """Coloured squares with words, for what the picture has; the unit last."""
    roles = {node.role for node in flow.nodes}
    entries = [(_COLOURS[role], pen.text(words)) for role, words in _ROLES.items() if role in roles]
    x = 12.0
    parts = []
    for colour, words in entries:
        parts.append(f'<rect fill="{colour}" x="{x:.1f}" y="33" width="10" height="10"/>')
        parts.append(f'<text class="a" x="{x + 14:.1f}" y="42">{clean(words)}</text>')
        x += 26 + 6.2 * width_of(words)
    told = pen.text(
        "Amounts in {unit}, {total} in all", unit=pen.unit or "—", total=pen.amount(flow.total, bare=True)
    )
    parts.append(f'<text class="a" x="{x:.1f}" y="42">{clean(told)}</text>')
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
            return self.text(END_NAMES.get(node.id, node.id))
        if node.role == "more":
            if not node.folded:
                return self.text("later hops")
            return self.text("+{count} more", count=f"{node.folded:,}")
        if node.label != node.id:
            return f"{node.label} ({node.id})"
        return node.label

    def link(self, link: Link, source: Node, target: Node) -> str:
        names = [
            self.text(END_NAMES.get(node.id, node.id))
            if node.role == "pass" and "\0" not in node.id
            else self.name(node).replace("\0", " → ")
            for node in (source, target)
        ]
        told = f"{names[0]} → {names[1]}: {self.amount(link.value)}"
        return f"{told} ({self.text('routes: {count}', count=f'{link.routes:,}')})"

    def shown(self, flow: Flow) -> str:
        if flow.shown == flow.total:
            return self.text(
                "All {accounts} accounts are drawn, and all of the money.", accounts=f"{flow.accounts:,}"
            )
        return self.text(
            "{drawn} of {accounts} accounts are drawn, with {passed} of the money that passed through accounts; "
            "{shown} of it is drawn account by account on its whole way. The rest is folded.",
            drawn=f"{flow.drawn:,}",
            accounts=f"{flow.accounts:,}",
            passed=f"{_percent(*flow.passed)} %",
            shown=f"{_percent(flow.shown, flow.total)} %",
        )

    def summary(self, flow: Flow) -> str:
        """For those who hear the picture."""
        ends = sorted((n for n in flow.nodes if n.role == "end"), key=lambda n: (-n.value, n.id))
        told = [self.text("{total} in all.", total=self.amount(flow.total))]
        told += [f"{self.name(node)}: {self.amount(node.value)}." for node in ends]
        largest = sorted(flow.links, key=lambda k: (-k.value, k.source, k.target))
        by_key = {node.key: node for node in flow.nodes}
        told += [
            self.link(link, by_key[link.source], by_key[link.target]) + "."
            for link in largest
            if "pass" not in (link.source.role, link.target.role)
        ][:5]
        return " ".join([*told, self.shown(flow)])


def _percent(part: int, whole: int) -> str:
    """One decimal, never rounded up to 100 or down to 0."""
    if whole <= 0 or part >= whole:
        return "100"
    tenths = part * 1000 // whole
    return f"{max(tenths, 1 if part else 0) // 10}.{max(tenths, 1 if part else 0) % 10}"


# ---------------------------------------------------------------- text


def amount_text(value: int, digits: int = 2) -> str:
    """Exact, with thousands.

    >>> amount_text(-123456789), amount_text(1200, 0), amount_text(5, 3)
    ('-1,234,567.89', '1,200', '0.005')
    """
    whole, part = divmod(abs(int(value)), 10**digits)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole:,}.{part:0{digits}d}" if digits else f"{sign}{whole:,}"


def width_of(text: str) -> int:
    """Columns that a text takes where every letter is one wide and every Chinese character two.

    >>> width_of("abc"), width_of("资金"), width_of("e\\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) or unicodedata.category(c) in ("Cf", "Me", "Mn")
        else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )  # fmt: skip


def shorten(text: str, width: int) -> str:
    """At most so many columns, the middle left out: ids differ at their ends.

    >>> shorten("6222020200001234567", 9), shorten("互联网金融平台", 7)
    ('6222…4567', '互…平台')
    """
    if len(text) <= width and width_of(text) <= width:
        return text
    back = ""
    for c in reversed(text[-width:]):
        if width_of(c + back) > width // 2:
            break
        back = c + back
    front = ""
    for c in text[:width]:
        if width_of(front + c) + 1 + width_of(back) > width:
            break
        front += c
    return f"{front}…{back}"


# Not allowed in XML, or able to make a text read as another: controls, overrides of direction, surrogates.
_HOSTILE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def clean(text: str, most: int = 300) -> str:
    """Text from data, made safe to stand in SVG and HTML.

    >>> clean("<script>alert('1')</script>")
    '&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;'
    >>> clean("a\\x00b\\u202ec")
    'a�b�c'
    """
    text = str(text)
    if len(text) > most:
        text = text[: most - 1] + "…"
    return html.escape(_HOSTILE.sub("\ufffd", " ".join(text.split())), quote=True)


# ---------------------------------------------------------------- the page


@dataclass(frozen=True)
class Table:
    """A table for a page: text cells, `right` the columns that hold numbers, `note` what is not in it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawing for a page, as SVG text."""

    svg: str
    title: str = ""


@dataclass(frozen=True)
class Facts:
    """Names and values for a page."""

    rows: Sequence[tuple[str, str]]


_PAGE_STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5d6878;--ground:#fff;--line:#d8dde5;--head:#f3f5f8}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a3adba;--ground:#14181f;--line:#333b47;--head:#1d232d}}
body{margin:0 auto;max-width:1500px;padding:24px;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,"Noto Sans","Noto Sans CJK SC","Microsoft YaHei",sans-serif}
h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:28px 0 8px}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:6px}.picture{padding:8px}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{padding:4px 10px;text-align:left;border-top:1px solid var(--line);vertical-align:top}
th{background:var(--head);position:sticky;top:0;border-top:0;white-space:nowrap}
td{overflow-wrap:anywhere}td:has(bdi){unicode-bidi:isolate}
.r{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}dt{color:var(--soft)}dd{margin:0}
p.note,footer{color:var(--soft);font-size:13px}footer{margin-top:32px;border-top:1px solid var(--line);padding-top:8px}
@media print{.scroll{overflow:visible;border:0}th{position:static}tr{break-inside:avoid}}
"""


def html_page(
    title: str, parts: Sequence[Table | Picture | Facts], *, language: str = "en", foot: str = ""
) -> str:
    """A page that stands alone: no script, nothing requested from anywhere, readable light, dark and printed.

    Examples
    --------
    >>> page = html_page("A trace", [Table("Ends", ["end", "amount"], [["<b>", "1.00"]], right=[1])])
    >>> "&lt;b&gt;" in page, "http://" in page, "https://" in page
    (True, False, False)
    """
    draw: dict[type, Callable[[Any], list[str]]] = {Table: _table, Picture: _picture, Facts: _facts}
    body = [line for part in parts for line in draw[type(part)](part)]
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{"zh-CN" if language == "zh" else language}">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # Nothing may be fetched, even if something hostile got past the escaping.
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{clean(title)}</title>",
            f"<style>{_PAGE_STYLE}</style>",
            "</head>",
            "<body>",
            f"<h1>{clean(title)}</h1>",
            *body,
            f"<footer>{clean(foot, 2000)}</footer>" if foot else "",
            "</body>",
            "</html>",
            "",
        ]
    )


def _picture(part: Picture) -> list[str]:
    head = [f"<h2>{clean(part.title)}</h2>"] if part.title else []
    svg = part.svg.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1)  # HTML knows without it
    return [*head, f'<div class="scroll picture">{svg}</div>']


def _facts(part: Facts) -> list[str]:
    rows = [f"<dt>{clean(name)}</dt><dd><bdi>{clean(value, 2000)}</bdi></dd>" for name, value in part.rows]
    return ["<dl>", *rows, "</dl>"]


def _table(part: Table) -> list[str]:
    right = set(part.right)

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=r' if i in right else ''}><bdi>{clean(cell, 4000)}</bdi></{tag}>"
            for i, cell in enumerate(row)
        )

    return [
        f"<h2>{clean(part.title)}</h2>",
        '<div class="scroll"><table>',
        f"<thead><tr>{cells('th', part.columns)}</tr></thead>",
        "<tbody>",
        *(f"<tr>{cells('td', row)}</tr>" for row in part.rows),
        "</tbody></table></div>",
        f'<p class="note">{clean(part.note, 2000)}</p>' if part.note else "",
    ]
