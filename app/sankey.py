"""From chains to a Sankey that can be read, and to the ECharts option that draws it.

Which nodes are drawn and what is folded is decided by graphflow's pictures, so that a report shows the same
picture. What is added here is the way back: every chain behind each link, so that a click leads to rows, and
a row to its path. ECharts refuses cycles, so an account stands once a step: its node is ``step@id``.
"""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from graphflow.pictures import Flow, flow_of_routes
from graphflow.pictures.colours import ACCOUNT as PASS_COLOUR
from graphflow.pictures.colours import END_COLOURS, FOLDED
from graphflow.pictures.colours import SEED as SEED_COLOUR

ACCOUNT, OTHERS, END = "account", "others", "end"
COLUMNS = 6  # steps drawn; what goes on is folded into the last
MOST = 60  # nodes drawn, about
LOW, HIGH = 640, 1100  # pixels that a picture is tall at most, of few nodes and of many
MARGIN = 112  # pixels for the names of the ends


@dataclass(frozen=True)
class Chain:
    """One chain in the order of the question: from the seed outward, so backward from payee to payer."""

    amount: int
    accounts: tuple[str, ...]
    transfers: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Node:
    """One node: an account (or party) at a step, a fold, or a kind of end."""

    key: str
    step: int  # the column, from the left
    kind: str  # account, others, end
    name: str  # as shown; empty for folds and ends, which the screen words
    ident: str  # the account, the party, or the kind of the end
    amount: int
    members: int = 1


@dataclass(frozen=True)
class Link:
    source: int
    target: int
    amount: int
    transfers: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """What is drawn, and what is behind it."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    seed: int
    drawn: int  # money of the chains behind the picture
    named: int  # of it, money whose whole way is drawn by name
    groups_named: int
    groups: int
    steps: int
    flow: Flow = field(repr=False)
    backward: bool = False
    chains: tuple[tuple[int, tuple[str, ...], tuple[int, ...]], ...] = field(repr=False, default=())

    @property
    def share(self) -> float:
        return self.named / self.seed if self.seed else 0.0

    def rows_of_link(self, index: int) -> tuple[str, ...]:
        return self.links[index].transfers if 0 <= index < len(self.links) else ()

    def rows_of_node(self, index: int) -> tuple[str, ...]:
        """The transfers into and out of a node, each once."""
        if not 0 <= index < len(self.nodes):
            return ()
        seen: dict[str, None] = {}
        for link in self.links:
            if index in (link.source, link.target):
                seen.update(dict.fromkeys(link.transfers))
        return tuple(seen)

    def paths_of_links(self, links: Collection[int]) -> frozenset[int]:
        """Every link of the chains that pass one of these."""
        wanted = set(links)
        return frozenset(each for _, _, path in self.chains if wanted.intersection(path) for each in path)

    def paths_of_node(self, index: int) -> frozenset[int]:
        near = [at for at, link in enumerate(self.links) if index in (link.source, link.target)]
        return self.paths_of_links(near)

    def paths_of_transfers(self, transfers: Collection[str]) -> frozenset[int]:
        """Every link of the chains that one of these transfers carries."""
        wanted = set(transfers)
        return frozenset(each for _, rows, path in self.chains if wanted.intersection(rows) for each in path)


def build(
    chains: Iterable[Chain],
    seed: int,
    *,
    names: Mapping[str, str] | None = None,
    group: Callable[[str], str] = str,
    backward: bool = False,
    most: int = MOST,
    columns: int = COLUMNS,
) -> View:
    """Chains, folded into about `most` nodes.

    Parameters
    ----------
    seed : int
        The whole money asked about; what the chains leave out of it is not drawn.
    names : mapping
        The names that groups are shown by.
    group : callable
        The group (an account itself, or its party) of an account.
    backward : bool
        Draws the ends at the left: money flows from left to right either way.

    Examples
    --------
    >>> view = build([Chain(70, ("V", "A", "X"), ("t1", "t2"), "balance"),
    ...               Chain(30, ("V", "A"), ("t1",), "frontier")], 100)
    >>> [(view.nodes[l.source].key, view.nodes[l.target].key, l.amount, l.transfers) for l in view.links]
    [('0@V', '1@A', 100, ('t1',)), ('1@A', '2@X', 70, ('t2',)), ('2@X', 'end@balance', 70, ('t2',)),
     ('1@A', 'end@frontier', 30, ('t1',))]
    """
    names = names or {}
    routes: dict[tuple[tuple[str, ...], str], int] = defaultdict(int)
    walked: list[tuple[Chain, tuple[str, ...], tuple[tuple[str, ...], ...]]] = []
    for chain in chains:
        steps, moves = _collapse([group(account) for account in chain.accounts], chain.transfers)
        routes[steps, chain.kind] += chain.amount
        walked.append((chain, steps, moves))
    flow = flow_of_routes(
        {
            "accounts": [steps for steps, _ in routes],
            "kind": [kind for _, kind in routes],
            "amount": list(routes.values()),
        },
        labels=names,
        most=most,
        columns=columns,
    )
    return _with_chains(flow, walked, seed, backward, columns)


def _collapse(
    groups: Sequence[str], transfers: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Steps inside one group are no step; their transfers stay with the step that follows them."""
    steps: list[str] = [groups[0]]
    moves: list[tuple[str, ...]] = []
    waiting: list[str] = []
    for at, who in enumerate(groups[1:]):
        if at < len(transfers):
            waiting.append(transfers[at])
        if who != steps[-1]:
            steps.append(who)
            moves.append(tuple(waiting))
            waiting = []
    if waiting:
        moves.append(tuple(waiting))  # with the link to the end
    return tuple(steps), tuple(moves)


def _with_chains(
    flow: Flow,
    walked: Sequence[tuple[Chain, tuple[str, ...], tuple[tuple[str, ...], ...]]],
    seed: int,
    backward: bool,
    columns: int,
) -> View:
    """A flow's nodes and links, with the chains behind each link."""
    last = max((node.column for node in flow.nodes), default=0)
    nodes: list[Node] = []
    place: dict[str, int] = {}
    for each in flow.nodes:
        if each.role == "pass":  # ECharts draws a link past a column by itself
            continue
        if each.role == "end":
            key, kind, name, ident = f"{END}@{each.id}", END, "", each.id
        elif each.role == "more":
            key, kind, name, ident = f"{each.column}*", OTHERS, "", ""
        else:
            key, kind, name, ident = f"{each.column}@{each.id}", ACCOUNT, each.label, each.id
        place[key] = len(nodes)
        nodes.append(
            Node(
                key,
                last - each.column if backward else each.column,
                kind,
                name,
                ident,
                each.value,
                max(each.folded, 1),
            )
        )
    links: dict[tuple[str, str], tuple[int, list[int], dict[str, None]]] = {}
    through: list[tuple[int, tuple[str, ...], tuple[int, ...]]] = []
    for chain, steps, moves in walked:
        if chain.amount <= 0:
            continue
        keys = [f"{at}@{who}" for at, who in enumerate(steps[:columns])]
        keys = [key if key in place else f"{at}*" for at, key in enumerate(keys)]
        if len(steps) > columns:
            keys[-1] = f"{columns - 1}*"
        keys.append(f"{END}@{chain.kind}")
        path = []
        for at, pair in enumerate(pairwise(keys)):
            number, amount, rows = links.setdefault(pair, (len(links), [0], {}))
            amount[0] += chain.amount
            path.append(number)
            for move in moves[at:] if at == len(keys) - 2 else moves[at : at + 1]:
                rows.update(dict.fromkeys(move))
        if chain.transfers and not moves[len(keys) - 2 :]:
            rows[chain.transfers[-1]] = None  # the row that brought the money there
        through.append((chain.amount, chain.transfers, tuple(path)))
    drawn = tuple(
        Link(
            *((place[target], place[source]) if backward else (place[source], place[target])),
            amount[0],
            tuple(rows),
        )
        for (source, target), (_, amount, rows) in links.items()
    )
    return View(
        nodes=tuple(nodes),
        links=drawn,
        seed=seed,
        drawn=flow.total,
        named=flow.shown,
        groups_named=flow.drawn,
        groups=flow.accounts,
        steps=last + 1,
        backward=backward,
        flow=flow,
        chains=tuple(through),
    )


def option(
    view: View,
    *,
    label: Callable[[Node], str],
    money: Callable[[int], str],
    lit: Collection[int] = (),
    chosen: tuple[str, int] | None = None,
) -> dict[str, Any]:
    """The ECharts option of a view.

    Parameters
    ----------
    label : callable
        A node's words in the reader's language.
    money : callable
        An amount with its unit.
    lit : collection of int
        Links of the path to show; the others fade. None lit: all show alike.
    chosen : tuple or None
        What to mark: ``("node", 3)`` or ``("link", 5)``.
    """
    data = []
    for at, node in enumerate(view.nodes):
        words = label(node)
        data.append(
            {
                "name": node.key,
                "depth": node.step,
                "itemStyle": {
                    "color": _colour(node, view),
                    "borderWidth": 2 if chosen == ("node", at) else 0,
                    "borderColor": "#111827",
                    "opacity": 1.0 if not lit or _touches(view, at, lit) else 0.3,
                },
                "label": {
                    "formatter": _plain(words),
                    "color": "#1f2937" if not lit or _touches(view, at, lit) else "#b6bcc4",
                    "position": _side(node, view),
                    **({"width": MARGIN - 12, "overflow": "break"} if node.kind == END else {}),
                },
                "tooltip": {"formatter": f"{_safe(words)}<br/><b>{_safe(money(node.amount))}</b>"},
            }
        )
    edges = []
    for at, link in enumerate(view.links):
        source, target = view.nodes[link.source], view.nodes[link.target]
        inner = target if not view.backward else source
        colour = END_COLOURS.get(inner.ident, FOLDED) if inner.kind == END else _colour(source, view)
        edges.append(
            {
                "source": source.key,
                "target": target.key,
                "value": link.amount,
                "lineStyle": {"color": colour, "opacity": _strength(at, lit, chosen)},
                "tooltip": {
                    "formatter": f"{_safe(label(source))} → {_safe(label(target))}<br/>"
                    f"<b>{_safe(money(link.amount))}</b>"
                },
            }
        )
    return {
        "animation": False,
        "tooltip": {"trigger": "item", "confine": True, "appendTo": "body", "textStyle": {"fontSize": 12}},
        "series": [
            {
                "type": "sankey",
                "data": data,
                "links": edges,
                "draggable": False,
                "selectedMode": "single",
                "nodeAlign": "left",
                "nodeWidth": 14,
                "nodeGap": _gap(view),
                "layoutIterations": 48,
                "left": MARGIN if view.backward else 6,
                "right": 10 if view.backward else MARGIN,
                "top": 8,
                "bottom": 10,
                "emphasis": {"focus": "trajectory"},
                "select": {
                    "itemStyle": {"borderWidth": 2, "borderColor": "#111827"},
                    "lineStyle": {"opacity": 0.85},
                },
                "label": {
                    "fontSize": 11,
                    "width": _room(view),
                    "overflow": "truncate",
                    "ellipsis": "…",
                    "textBorderColor": "#ffffff",
                    "textBorderWidth": 2,
                },
                "labelLayout": {"hideOverlap": True},
            }
        ],
    }


def height(view: View) -> int:
    """Pixels that leave every node of the fullest step some room; more where many nodes were asked for."""
    most = LOW if len(view.nodes) <= 1.5 * MOST else HIGH
    return max(260, min(most, 30 + 21 * _fullest(view)))


def _fullest(view: View) -> int:
    """How many nodes the fullest step has."""
    return max(Counter(node.step for node in view.nodes).values(), default=1)


def _gap(view: View) -> int:
    """Pixels between nodes: where there are many, at most two fifths of the height, or no band is seen."""
    return max(1, min(8, 2 * height(view) // (5 * _fullest(view))))


def _strength(link: int, lit: Collection[int], chosen: tuple[str, int] | None) -> float:
    """How strongly a link is drawn."""
    if chosen == ("link", link):
        return 0.85
    return 0.32 if not lit else 0.55 if link in lit else 0.06


def _room(view: View) -> int:
    """Pixels that a name has before the next step begins, on a narrow screen."""
    return max(58, min(150, 470 // max(view.steps - 1, 1) - 14))


def _side(node: Node, view: View) -> str:
    """Where a label stands: an end's outside, in the margin; an account's over what flows on."""
    outside = "left" if view.backward else "right"
    inside = "left" if node.step == view.steps - 1 else "right"
    return outside if node.kind == END else inside


def _touches(view: View, node: int, lit: Collection[int]) -> bool:
    return any(node in (view.links[at].source, view.links[at].target) for at in lit)


def _colour(node: Node, view: View) -> str:
    if node.kind == END:
        return END_COLOURS.get(node.ident, FOLDED)
    if node.kind == OTHERS:
        return FOLDED
    seed = view.steps - 1 if view.backward else 0
    return SEED_COLOUR if node.step == seed else PASS_COLOUR


def _plain(text: str) -> str:
    """ECharts reads braces in a label as a template: names from data are only text."""
    return text.replace("{", "｛").replace("}", "｝").replace("\n", " ")


def _safe(text: str) -> str:
    """A tooltip is HTML: names from data are only text."""
    return html.escape(_plain(text), quote=True)
