"""What stands behind a product, in one direction: a graph with edges in whole units, and its solution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from graphflow.errors import InputError, Problem
from graphflow.kernels import shares as kernels
from graphflow.language import N_
from graphflow.ownership.owning import closed_rings
from graphflow.products.positions import Key

Edges = list[tuple[Key, int]]


@dataclass(frozen=True)
class Web:
    """What stands behind a node, in one direction: for each node what it consists of, in whole units.

    What a node has of itself is in no edge: the others have the whole of what is left. `own` names these.
    """

    nodes: list[Key]
    edges: list[Edges]
    own: frozenset[Key] = frozenset()

    @classmethod
    def grown(cls, start: Key, behind: Callable[[Key], Edges]) -> Web:
        """Everything that is reached from a node."""
        nodes, place, own = [start], {start: 0}, set()
        edges: list[Edges] = []
        for node in nodes:
            found = behind(node)
            if any(other == node for other, _ in found):
                own.add(node)
                found = [each for each in found if each[0] != node] or [(("unknown", node[1]), 1)]
            edges.append(found)
            for other, _ in found:
                if other not in place:
                    place[other] = len(nodes)
                    nodes.append(other)
        return cls(nodes, edges, frozenset(own))

    @cached_property
    def arrays(self) -> tuple[Any, Any, Any, Any]:
        """Pointer, others, amounts and wholes, as the kernels take them."""
        place = {node: number for number, node in enumerate(self.nodes)}
        pointer = np.cumsum([0, *(len(each) for each in self.edges)]).astype(np.int64)
        others = np.array([place[other] for each in self.edges for other, _ in each], np.int64)
        amounts = np.array([amount for each in self.edges for _, amount in each], np.int64)
        whole = np.array([max(sum(amount for _, amount in each), 1) for each in self.edges], np.int64)
        return pointer, others, amounts, whole

    @cached_property
    def rings(self) -> Any:
        """The number of each node's ring."""
        pointer, others, _, _ = self.arrays
        return kernels.components(pointer, others)

    def ring_members(self) -> list[Key]:
        """Nodes that stand behind themselves, through others or at once."""
        size = np.bincount(self.rings)
        return [
            node
            for node, ring in zip(self.nodes, self.rings, strict=True)
            if size[ring] > 1 or node in self.own
        ]

    @cached_property
    def passes(self) -> Any:
        """How much of the first node passes through each, what comes round a ring again counted again."""
        pointer, others, amounts, whole = self.arrays
        comes = np.zeros(len(self.nodes))
        comes[0] = 1.0
        passes, _, ended = kernels.integrate(pointer, others, amounts, whole, self.rings, comes)
        if ended == kernels.LARGE:
            raise InputError(
                Problem(
                    "holdings, subscriptions",
                    N_("too little of what comes into a ring of products leaves it to tell what it is in"),
                    {},
                    ", ".join(name for _, name in self.ring_members()[:12]),
                    N_("what its members hold besides one another"),
                )
            )
        return passes

    @cached_property
    def last(self) -> Any:
        """Which nodes nothing stands behind, and the members of rings that nothing leaves."""
        pointer, others, amounts, whole = self.arrays
        return (np.diff(pointer) == 0) | closed_rings(pointer, others, amounts, whole, self.rings)

    def parts(self) -> dict[Key, float]:
        """The part of each last node in the first; what a closed ring keeps is its members'."""
        return {
            node: float(value)
            for node, value, end in zip(self.nodes, self.passes, self.last, strict=True)
            if end and value > 0
        }
