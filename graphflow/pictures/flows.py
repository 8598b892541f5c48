"""What a picture of money holds: nodes in columns, links between them, the small ones folded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple


class Key(NamedTuple):
    """Which node: what it is, whose, and in which column (money that comes by again makes another)."""

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
    """The flow of plain links, in layers; a link that would close a cycle leads to a copy of its target.

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
    """Each link's columns, and whether it closes a cycle: longest path over what is left without those."""
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
            following = next(targets, None)
            if following is None:
                stack.pop()
                state[name] = 2
                done.append(name)
                continue
            target = following
            if state.get(target) == 1:
                closing.add((name, target))
            elif target not in state:
                state[target] = 1
                stack.append((target, iter(out.get(target, []))))
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
        for source, target in pairwise(drawn):
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
