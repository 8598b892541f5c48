"""Shifting a flow through the unrolled network: how much of it can go another way.

A flow of the whole seed is there from the beginning: any attribution is one. What cannot be shifted towards
some ends any more is the most that any could give them; what cannot be shifted away from them the least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphflow.errors import Problem, UsageError
from graphflow.kernels.maxflow import SPENT, arcs, meet, pour, push
from graphflow.language import N_
from graphflow.ledger.form import TRANSIT
from graphflow.tracing.books import books_of
from graphflow.tracing.network import CONVERTED, Network, left_by

if TYPE_CHECKING:
    from graphflow.tracing.result import Trace

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
BUDGET = 50_000_000
"""Edges that may be looked at, unless a budget is given: a few seconds."""


# ----------------------------------------------------------------------------------------- flows
class Flows:
    """A flow of the whole seed through a network, and how far it can be shifted.

    Attributes
    ----------
    looked, budget : int
        How many edges were looked at so far, and how many may be.
    spent : bool
        Whether a shift was broken off for that.
    """

    def __init__(self, network: Network, budget: int = BUDGET) -> None:
        self.network = network
        self.budget = budget
        self.looked = 0
        self.spent = False
        ends = network.ends[:, 0]
        self._sink = network.nodes
        tail = np.concatenate((network.tail, ends)).astype(np.int32)
        head = np.concatenate((network.head, np.full(len(ends), self._sink))).astype(np.int32)
        capacity = np.concatenate((network.capacity, np.full(len(ends), network.seed)))
        pointer, to, mate, self._room, place = arcs(tail, head, capacity, self._sink + 1)
        self._graph = (pointer, to, mate)
        self._mate = mate
        self._edge, self._drain = place[: len(network.tail)], place[len(network.tail) :]
        self._mark = np.zeros((self._sink + 1, 2), np.int32)
        self._stirred = False
        if network.ordered:
            came = pour(pointer, to, mate, self._room, network.nodes - len(ends))
        else:
            came = self._shift(0, self._sink, network.seed, limited=False)
        # every rule gives such a flow: without one the network would be wrong
        assert came == network.seed, f"of {network.seed} no more than {came} flows to the ends"
        self._stirred = False
        self._first = self._room.copy()

    def _shift(self, start: int, goal: int, most: int, *, limited: bool = True) -> int:
        """Send up to so much more from one node to another, as far as the budget goes.

        Mostly few ways do, and two searches meet soon; where all arcs could have been looked at meanwhile,
        the rest is pushed all at once.
        """
        if most <= 0:
            return 0
        spare = self.budget - self.looked if limited else 2**62
        first = min(spare, len(self._mate))
        sent, looked, ended = meet(self._graph, self._room, self._mark, start, goal, most, first)
        if ended == SPENT and looked <= spare:
            more, also, ended = push(self._graph, self._room, start, goal, most - sent, spare - looked)
            sent, looked = sent + more, looked + also
            self._stirred = True
        if limited:
            self.looked += int(looked)
            self.spent |= ended == SPENT
        return int(sent)

    def _calm(self) -> None:
        """Where much was shifted, start again from the first flow: to go on from there costs more."""
        if self._stirred:
            self._room[:] = self._first
            self._stirred = False

    def held(self, ends: Ints) -> int:
        """What flows to these ends now; by their places in the network's list."""
        return int(self._room[self._mate[self._drain[ends]]].sum())

    def greatest(self, ends: Ints, most: int) -> int:
        """The most that can flow to these ends together; ``most`` is known to be no less."""
        return self._settle(ends, most, towards=True)

    def least(self, ends: Ints) -> int:
        """The least that can flow to these ends together."""
        return self._settle(ends, 0, towards=False)

    def _settle(self, ends: Ints, goal: int, towards: bool) -> int:
        """Shift what flows towards or away from ends, one after the other: what one of them can no more get
        or lose, shifting the others does not bring back.
        """
        held = self.held(ends)
        if held == goal:
            return held
        drain = self._drain[ends]
        flows = self._room[self._mate[drain]].copy()
        # none of it goes round by these ends themselves
        self._room[drain] = 0
        self._room[self._mate[drain]] = 0
        for i, node in enumerate(self.network.ends[ends, 0].tolist()):
            if towards:
                sent = self._shift(self._sink, node, goal - held)
                flows[i] += sent
                held += sent
            else:
                sent = self._shift(node, self._sink, int(flows[i]))
                flows[i] -= sent
                held -= sent
        self._room[drain] = self.network.seed - flows
        self._room[self._mate[drain]] = flows
        self._calm()
        return held

    def between(self, edge: int) -> tuple[int, int]:
        """The least and the most that can flow over an edge."""
        a = int(self._edge[edge])
        b = int(self._mate[a])
        tail, head = int(self.network.tail[edge]), int(self.network.head[edge])
        capacity = int(self.network.capacity[edge])
        found = []
        for down in (True, False):
            flow = int(self._room[b])
            self._room[a] = self._room[b] = 0
            if down:
                flow -= self._shift(tail, head, flow)
            else:
                flow += self._shift(head, tail, capacity - flow)
            self._room[a], self._room[b] = capacity - flow, flow
            self._calm()
            found.append(flow)
        return found[0], found[1]


def carried_between(flows: Flows, rows: Ints) -> tuple[Ints, Ints, Flags]:
    """The least and the most that transfers can carry under any conserving attribution; whether exactly so.

    What a transfer carries beyond the seed; in two legs, by the one that the money comes to first. Where the
    budget is spent, or a conversion lies before a transfer, the bounds are what holds trivially.

    Parameters
    ----------
    flows
        A flow of the network.
    rows : int64 (k)
        Transfers, by number.
    """
    network = flows.network
    moves, ledger = network.reached.moves, network.reached.ledger
    of = ledger.steps["row"][moves.first].astype(np.int64)
    order = np.argsort(of, kind="stable")  # the first leg of each first
    at = np.searchsorted(of[order], rows)
    met = np.zeros(len(rows), np.bool_)
    inside = np.flatnonzero(at < len(of))
    met[inside] = of[order][at[inside]] == rows[inside]
    edge_of = np.full(len(moves), -1, np.int64)
    which = np.flatnonzero((network.move >= 0) & (network.tail > 0))
    edge_of[network.move[which]] = which
    low, high, exact = (
        np.zeros(len(rows), np.int64),
        np.zeros(len(rows), np.int64),
        np.ones(len(rows), np.bool_),
    )
    for i in np.flatnonzero(met).tolist():
        move = int(order[at[i]])
        edge = int(edge_of[move])
        if edge >= 0 and not moves.seed[move]:
            flows.spent = False
            low[i], high[i] = flows.between(edge)
            if flows.spent:
                exact[i] = False
                low[i], high[i] = 0, network.capacity[edge]
        # amid merged events a transfer to itself would lead from a node to that node: it is no edge
        loops = not network.ordered and moves.pure[move] and moves.payer[move] == moves.payee[move]
        if moves.turned[move] or (loops and edge < 0):
            exact[i] = False
            low[i] = 0
            high[i] = moves.whole[move] if moves.turned[move] else min(moves.whole[move], network.seed)
    flows.spent = False
    return low, high, exact


# -------------------------------------------------------------------------------------- feasible
def feasible(network: Network, trace: Trace) -> bool:
    """Whether what a rule has found is a flow of the network: what payments carry, and what ends where.

    Of money that is converted the way up to there counts. Under ``prorata``, where converted money comes back
    among such as was not, what a payment carries says nothing of either: that is refused.
    """
    carried, ended = _pure_flow(network, trace)
    if carried is None:
        return False
    moves = network.reached.moves
    edges = np.flatnonzero((network.move >= 0) & (network.tail > 0))
    edges = edges[~moves.seed[network.move[edges]]]
    edge_of = np.full(len(moves), -1, np.int64)
    edge_of[network.move[edges]] = edges
    used = np.flatnonzero(carried)
    if (edge_of[used] < 0).any() or (carried[used] > network.capacity[edge_of[used]]).any():
        return False
    places = {(int(code), int(book)): int(node) for node, code, book in network.ends.tolist()}
    if any(amount and key not in places for key, amount in ended.items()):
        return False
    # what every payment carries is fixed: what is left is whether it fits between them
    source, sink = network.nodes, network.nodes + 1
    fixed = np.zeros(len(network.tail), np.bool_)
    fixed[edges] = True
    flow = np.zeros(len(network.tail), np.int64)
    flow[edges] = carried[network.move[edges]]
    begins = network.tail == 0
    rest = ~fixed & ~begins
    stops = [(places[key], amount) for key, amount in ended.items() if amount]
    tail = (network.tail[rest], np.full(int(fixed.sum() + begins.sum()), source), network.tail[fixed])
    head = (network.head[rest], network.head[fixed | begins], np.full(int(fixed.sum()), sink))
    room = (network.capacity[rest], np.where(begins, network.capacity, flow)[fixed | begins], flow[fixed])
    tails = np.concatenate((*tail, [node for node, _ in stops])).astype(np.int32)
    heads = np.concatenate((*head, [sink for _ in stops])).astype(np.int32)
    rooms = np.concatenate((*room, [amount for _, amount in stops])).astype(np.int64)
    wanted = int(flow.sum()) + network.seed
    if sum(amount for _, amount in stops) != network.seed:
        return False
    pointer, to, mate, spare, _ = arcs(tails, heads, rooms, sink + 1)
    sent, _, _ = push((pointer, to, mate), spare, source, sink, wanted, 2**62)
    return int(sent) == wanted


def _pure_flow(network: Network, trace: Trace) -> tuple[Ints | None, dict[tuple[int, int], int]]:
    """What every payment carries that no conversion has changed, and what ends where; None where a rule has
    money carried by what is no payment of the network.
    """
    found = network.reached
    moves, ledger = found.moves, found.ledger
    moved, ends = trace._flow.moved, trace._flow.ends
    move_of = np.full(len(ledger.steps), -1, np.int64)
    move_of[moves.first] = np.arange(len(moves))
    for i in np.flatnonzero(moves.last > moves.first).tolist():
        move_of[moves.first[i] : moves.last[i] + 1] = i
    at = move_of[moved[:, 0]]
    if (at[moved[:, 2] > 0] < 0).any():
        return None, {}
    carried = np.zeros(len(moves), np.int64)
    ended: dict[tuple[int, int], int] = {}
    # in the seed's currency: at a conversion backward the other one is what it leaves by
    np.add.at(carried, at[at >= 0], moved[at >= 0, 2])
    if not (carried[moves.converts] > 0).any():
        carried[moves.seed] = 0
        books = books_of(ledger, ends[:, 1])
        for code, book, amount in zip(ends[:, 0].tolist(), books.tolist(), ends[:, 3].tolist(), strict=True):
            ended[code, book] = ended.get((code, book), 0) + amount
        return carried, ended
    if trace.rule == "prorata" and (moves.pure & moves.turned).any():
        raise UsageError(
            Problem("rule", N_("converted money may have come back among such as was not"), {}, trace.rule)
        )
    # of each chain what lies before its first conversion
    carried[:] = 0
    leaves = left_by(found)
    legs: dict[int, list[int]] = {}
    for i, row in enumerate(ledger.steps["row"][moves.first].tolist()):
        legs.setdefault(row, []).append(i)
    for batch in trace._chains.batches():
        books = books_of(ledger, batch.ends[:, 1])
        kinds = ledger.pots["kind"][batch.ends[:, 1]]
        for i, (code, _, _, amount, *_) in enumerate(batch.ends.tolist()):
            end = (code, int(books[i]))
            rows = batch.rows[batch.bounds[i] : batch.bounds[i + 1]].tolist()
            way = [move for row in rows for move in legs[row]]
            if kinds[i] == TRANSIT:  # of its last transfer only the first leg
                way = way[: len(way) - len(legs[rows[-1]]) + 1]
            for move in way:
                if not moves.seed[move]:
                    carried[move] += amount
                if moves.converts[move]:
                    end = (CONVERTED, int(leaves[move]))
                    break
            ended[end] = ended.get(end, 0) + amount
    return carried, ended
