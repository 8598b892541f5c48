"""The envelope, slowly: the least and the greatest that any conserving attribution in time order could give an end.

The network of tracing.md, built from the oracle's rows: every account unrolled in time, one node a line of its history; the
balance carried from line to line, and every transfer, are edges with their amounts as capacities. What an attribution says
is a flow of the whole seed through it; the bounds are found by a linear programme, for tiny ledgers only. Written from the
definition alone, to be read; nothing of the product is imported. A comment that begins `READING:` stands where the
definition leaves room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from tests.naive.oracle import Answer, Oracle, Question, Ref
from tests.naive.oracle_books import keep_books

Node = tuple  # ("line", sub-ledger, number), ("arrives", sub-ledger, number), or ("end", kind, account, currency)


@dataclass
class Edge:
    """Money may flow from `tail` to `head`, in the direction of the question: backward against time."""

    tail: Node
    head: Node
    most: int | None  # None: no limit
    transfer: str | None = None  # the transfer that it is, beyond the seed


class Network:
    """What a question may find, as a network.

    Attributes
    ----------
    seed : int
        What flows.
    edges : list of Edge
    given : dict
        Node: what begins there. A seed transfer is full of its part, so its part begins where it comes to.
    """

    def __init__(
        self,
        oracle: Oracle,
        refs: list[Ref],
        backward: bool = False,
        currency: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> None:
        self.asked = Question(oracle, "fifo", backward, since, until, "account", True, False, None, 0)
        self.asked.choose(refs, currency)
        self.rows, self.backward = oracle.rows, backward
        self.edges: list[Edge] = []
        self.given: dict[Node, int] = defaultdict(int)
        self.numbers: dict[tuple, dict[tuple[str, int], int]] = {}  # of a sub-ledger's lines
        self.make_transfers()
        for account, name, cut in self.asked.cuts:
            for key in self.asked.keys(account, name, self.asked.cut_times[account, name, cut]):
                self.lines(key)
        for key in self.numbers:
            self.make_balances(key)
        self.seed = sum(self.given.values())

    # ------------------------------------------------------------------ building
    def node(self, key: tuple, side: str, place: int) -> Node:
        return ("line", key, self.lines(key)[side, place])

    def arrival(self, key: tuple, side: str, place: int) -> Node:
        """Where what comes to a line is first: a lender takes of it alone, never of what stands in the account."""
        node = self.node(key, side, place)
        return ("arrives", *node[1:]) if keep_books(self.rows.history(key)).lines[node[2]].lender else node

    def lines(self, key: tuple) -> dict[tuple[str, int], int]:
        if key not in self.numbers:
            entries = self.rows.history(key).entries
            self.numbers[key] = {(line.side, line.place): number for number, line in enumerate(entries)}
        return self.numbers[key]

    def make_transfers(self) -> None:
        """Every transfer of the period, from the line of its payer to that of its payee (backward: against it)."""
        asked, rows = self.asked, self.rows
        for place, step in enumerate(rows.steps):
            name, row = step.row["transfer_id"], step.row
            if not rows.net[name] or not asked.opens <= step.time <= asked.closes:
                continue
            paid, got = rows.key_out(step), rows.key_in(step)
            if self.backward:
                tail = None if got is None else self.node(got, "in", place)
                head = None if paid is None else self.arrival(paid, "out", place)
                account, currency, onto = step.target, step.currency_in, step.source
                meets = step.arrives and name in asked.seeds
            else:
                tail = None if paid is None else self.node(paid, "out", place)
                head = None if got is None else self.arrival(got, "in", place)
                account, currency, onto = step.source, row["currency"], step.target
                meets = step.leaves and name in asked.seeds
            converts = step.arrives and bool(row.get("target_currency"))
            whole = row["target_amount"] if converts and self.backward else rows.net[name]
            word = asked.stops(step, onto)
            if word or head is None:
                head = ("end", word, onto, row["currency"])
            # READING: what is converted ends at the account that it would have left, like what a limit stops.
            converted = ("end", "converted", row["target" if self.backward else "source"], currency)
            if name in asked.seeds and step.leaves:
                # A seed is in the currency in which it left: backward, where it converts, that is behind the conversion.
                self.given[converted if converts and not self.backward else head] += asked.seeds[name]
            if tail is None:
                continue
            if meets:
                head = ("end", "recirculated", account, currency)
            elif converts:
                head = converted
            first = step.arrives if self.backward else step.leaves  # a transfer in transit is counted once
            self.edges.append(Edge(tail, head, whole, name if first and not meets else None))

    def make_balances(self, key: tuple) -> None:
        """What a sub-ledger holds from one line to the next; its lender; its close (backward its opening)."""
        asked, rows = self.asked, self.rows
        history, account, currency = rows.history(key), key[0], key[1]
        lines = keep_books(history).lines
        held = [max(history.opening, 0)]  # before each line, and behind the last
        for line in lines:
            held.append(held[-1] + (line.amount - line.lender) * (1 if line.side == "in" else -1))
        unknown = history.opening_from == "unknown"
        most: list[int | None] = [None if unknown else amount for amount in held]
        cuts = asked.cuts_of(key)
        close: Node = ("end", *asked.at_close(key))
        # The lines of the period. Before each, and behind the last, money can stand.
        times = [rows.steps[line.place].time for line in lines]
        first = sum(time < asked.opens for time in times)
        last = sum(time <= asked.closes for time in times)
        for number in range(first, last):
            if lines[number].lender and lines[number].side == ("out" if self.backward else "in"):
                lender = ("end", "lender", account, currency)
                rest = None if unknown else lines[number].amount - lines[number].lender
                self.edges.append(Edge(("arrives", key, number), lender, lines[number].lender))
                self.edges.append(Edge(("arrives", key, number), ("line", key, number), rest))
        for number in range(first, last + 1):  # the balance before line `number`
            tail, head = ("line", key, number - 1), ("line", key, number)
            if self.backward:
                tail, head = head, tail
            opens, closes = number == first, number == last
            if self.backward:
                opens, closes = closes, opens
            if closes:
                head = close
            here = [cut for cut in cuts if sum(line.place < cut for line in lines) == number]
            for cut in sorted(here, reverse=self.backward):
                # What comes to a balance seed ends there, and the seed starts behind it. Behind it, and before another
                # seed at the same place, no line can give it away.
                if not opens:
                    self.edges.append(Edge(tail, ("end", "recirculated", account, currency), most[number]))
                tail, opens = ("cut", key, cut), False
                self.given[tail] += self.part(key, cut)
            if not opens:
                self.edges.append(Edge(tail, head, most[number]))

    def part(self, key: tuple, cut: int) -> int:
        """How much of a balance seed stands in this sub-ledger: a clearing account has several."""
        asked = self.asked
        account, currency = key[:2]
        left, found = asked.cuts[account, currency, cut], 0
        for place, _, amount in asked.stands(account, currency, cut, asked.cut_times[account, currency, cut]):
            found += min(left, amount) if place == key else 0
            left -= min(left, amount)
        return found

    # ------------------------------------------------------------------ asking
    def ends(self) -> set[Node]:
        """Kind, account and currency of everything that could be an end."""
        nodes = {edge.head for edge in self.edges} | set(self.given)
        return {node[1:] for node in nodes if node[0] == "end"}

    def amount(self, ends: Collection[Node]) -> tuple[np.ndarray, int]:
        """What goes into a set of ends: a coefficient for each edge, and what begins there."""
        into = np.array([float(edge.head[0] == "end" and edge.head[1:] in ends) for edge in self.edges])
        begun = sum(part for node, part in self.given.items() if node[0] == "end" and node[1:] in ends)
        return into, begun

    def conservation(self) -> tuple[list[np.ndarray], list[int]]:
        """What leaves every node is what comes to it and what begins there."""
        nodes = {node for edge in self.edges for node in (edge.tail, edge.head)} | set(self.given)
        inner = {node: number for number, node in enumerate(n for n in nodes if n[0] != "end")}
        matrix = np.zeros((len(inner), len(self.edges)))
        for number, edge in enumerate(self.edges):
            matrix[inner[edge.tail], number] += 1
            if edge.head in inner:
                matrix[inner[edge.head], number] -= 1
        return list(matrix), [self.given.get(node, 0) for node in inner]

    def solve(
        self, wanted: np.ndarray, rows: Iterable[np.ndarray] = (), values: Iterable[float] = ()
    ) -> float | None:
        """The least value of a linear form over all flows (with further equations); None if there is no flow."""
        if not self.edges:
            return 0.0 if not any(values) else None
        matrix, right = self.conservation()
        found = linprog(
            wanted,
            A_eq=np.array([*matrix, *rows]),
            b_eq=np.array([*right, *values], dtype=float),
            bounds=[(0, edge.most) for edge in self.edges],
            method="highs",
        )
        return None if found.status == 2 else float(found.fun)

    def bounds(self, ends: Collection[Node]) -> tuple[int, int]:
        """The least and the greatest that any attribution gives a set of ends together."""
        into, begun = self.amount({*ends})
        least, greatest = self.solve(into), self.solve(-into)
        assert least is not None and greatest is not None, "the seed does not flow"
        return whole(least) + begun, whole(-greatest) + begun

    def feasible(self, answer: Answer) -> bool:
        """Whether what a rule says that the transfers carry, and where it ends, is a flow of this network."""
        carried, ended = self.said(answer)
        rows, values = [], []
        for number, edge in enumerate(self.edges):
            if edge.transfer is not None:
                rows.append(np.eye(1, len(self.edges), number)[0])
                values.append(float(carried.pop(edge.transfer, 0)))
        for end in self.ends():
            into, begun = self.amount({end})
            rows.append(into)
            values.append(float(ended.pop(end, 0) - begun))
        if any(carried.values()) or any(ended.values()):
            return False  # it says something of what is not here at all
        return self.solve(np.zeros(len(self.edges)), rows, values) is not None

    def said(self, answer: Answer) -> tuple[dict, dict]:
        """What an answer says, up to where money is first converted."""
        if not self.rows.converts:
            transfers = {name: amounts[0] for name, amounts in answer.transfers.items()}
            return transfers, {end: amounts[0] for end, amounts in answer.ends.items()}
        carried: dict = defaultdict(int)
        ended: dict = defaultdict(int)
        for (path, *end), value in answer.chains.items():
            last = tuple(end)
            for number, name in enumerate(path):
                row = self.rows.rows[name]
                seed = number == 0 and name in answer.seeds
                if not seed:
                    carried[name] += value
                waits = (
                    not self.backward and last[1] == "transit:" + name
                )  # what is in transit is not yet converted
                if row.get("target_currency") and not (seed and self.backward) and not waits:
                    left = row["target"] if self.backward else row["source"]
                    last = ("converted", left, answer.currency)
                    break
            ended[last] += value
        return carried, ended


def whole(value: float) -> int:
    """A whole number: such are the corners of a network's flows."""
    assert abs(value - round(value)) <= 1e-6 * max(1.0, abs(value)), value
    return round(value)
