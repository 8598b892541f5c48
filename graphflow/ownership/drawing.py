"""The owners above a company as a graph: for a picture, for networkx and igraph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.ownership.owning import Upstream
from graphflow.ownership.stakes import party_number, stakes_of
from graphflow.rows import Moment

if TYPE_CHECKING:
    import igraph
    import networkx

    from graphflow.case import Case


@dataclass(frozen=True)
class OwnershipGraph:
    """A company, its owners, theirs, and so on.

    Attributes
    ----------
    company_id
        The company.
    nodes
        Frame: `party_id`, `kind`, `level` (stakes between it and the company at least), `share` (integrated;
        of the company itself 1), `ultimate` (nobody is known to own it), `ring` (it owns itself through
        others).
    edges
        Frame, one row an owner and company: `owner_id`, `company_id`, `share_min`, `share_max`, `votes_min`,
        `votes_max`, `nominee_id`.
    left_out
        How many parties further up are not in it, and the share that passes to them.
    """

    company_id: str
    nodes: pd.DataFrame
    edges: pd.DataFrame
    left_out: tuple[int, float] = field(default=(0, 0.0))

    def to_networkx(self) -> networkx.MultiDiGraph:
        """The same as a networkx graph, edges from owner to company.

        Examples
        --------
        >>> from graphflow.synthesis import holders
        >>> ownership_graph(holders.o5(), "C").to_networkx().edges["A", "B", 0]["share_min"]
        0.31
        """
        import networkx

        graph = networkx.MultiDiGraph()
        for row in self.nodes.to_dict("records"):
            graph.add_node(row["party_id"], **{str(k): v for k, v in row.items() if k != "party_id"})
        for row in self.edges.to_dict("records"):
            graph.add_edge(
                row["owner_id"],
                row["company_id"],
                **{str(k): v for k, v in row.items() if k not in ("owner_id", "company_id")},
            )
        return graph

    def to_igraph(self) -> igraph.Graph:
        """The same as an igraph graph; the party's id is the vertex attribute ``name``."""
        import igraph

        place = {name: number for number, name in enumerate(self.nodes["party_id"])}
        graph = igraph.Graph(directed=True)
        graph.add_vertices(
            len(self.nodes),
            {"name": self.nodes["party_id"].tolist()}
            | {str(c): self.nodes[c].tolist() for c in self.nodes if c != "party_id"},
        )
        pairs = [
            (place[o], place[c])
            for o, c in zip(self.edges["owner_id"], self.edges["company_id"], strict=True)
        ]
        names = [c for c in self.edges if c not in ("owner_id", "company_id")]
        graph.add_edges(pairs, {str(c): self.edges[c].tolist() for c in names})
        return graph


def ownership_graph(
    case: Case, company: str, as_of: Moment | None = None, *, most: int | None = None
) -> OwnershipGraph:
    """The owners above a company.

    Parameters
    ----------
    company
        Id of a party, or a name that only one has.
    as_of
        The date; None means the last moment of which the case knows anything.
    most
        How many parties: those with the greatest shares, and those between them and the company. None: all.

    Returns
    -------
    OwnershipGraph
        Its `nodes` and `edges` as frames, and how many parties are left out; `to_networkx` and `to_igraph`.

    Raises
    ------
    UsageError
        For a name that no party has, or several; for a date that is none.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> ownership_graph(holders.o5(), "C").nodes[["party_id", "level"]].values.tolist()
    [['C', 0], ['A', 1], ['B', 1], ['P', 2]]
    """
    stakes = stakes_of(case, as_of)
    up = Upstream.of(stakes, party_number(stakes, company, "company"))
    passes, _, _ = up.integrated("share")
    level = np.full(up.parties.size, -1, np.int64)
    above = np.full(up.parties.size, -1, np.int64)  # through whom it was first come to
    level[0] = 0
    for place in range(up.parties.size):  # nearest first
        for k in range(int(up.pointer[place]), int(up.pointer[place + 1])):
            owner = int(up.owners[k])
            if level[owner] < 0:
                level[owner] = level[place] + 1
                above[owner] = place
    keep = np.ones(up.parties.size, np.bool_)
    if most is not None and up.parties.size > most:
        keep[:] = False
        for place in np.argsort(-passes, kind="stable").tolist():
            way = []
            at = place
            while at >= 0 and not keep[at]:
                way.append(at)
                at = int(above[at])
            if keep.sum() + len(way) > most:
                break
            keep[way] = True
    rings = np.bincount(up.rings)[up.rings] > 1
    chosen = np.flatnonzero(keep)
    nodes = pd.DataFrame({
        "party_id": [stakes.name(up.parties[place]) for place in chosen],
        "kind": [str(stakes.kinds[up.parties[place]]) for place in chosen],
        "level": level[chosen], "share": passes[chosen], "ultimate": up.ends()[chosen], "ring": rings[chosen],
    })  # fmt: skip
    nodes = nodes.sort_values(
        ["level", "share", "party_id"], ascending=[True, False, True], ignore_index=True
    )
    left = np.flatnonzero(~keep)
    return OwnershipGraph(
        stakes.name(up.parties[0]),
        nodes,
        _edges(up, keep),
        (int(left.size), float(passes[left][up.ends()[left]].sum())),
    )


def _edges(up: Upstream, keep: np.ndarray) -> pd.DataFrame:
    """The stakes between those that are kept, several between the same two in one row."""
    stakes = up.all
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    columns = {
        f"{axis}_{word}": up.column(axis, bound) for axis in ("share", "votes")
        for word, bound in (("min", "least"), ("max", "most"))
    }  # fmt: skip
    wholes = {name: up.whole(name.partition("_")[0]) for name in columns}
    for k, (owner, company) in enumerate(zip(up.owners.tolist(), up.companies.tolist(), strict=True)):
        if not (keep[owner] and keep[company]):
            continue
        nominee = int(stakes.nominees[up.stakes[k]])
        row = rows.setdefault((owner, company), {
            "owner_id": stakes.name(up.parties[owner]), "company_id": stakes.name(up.parties[company]),
            **dict.fromkeys(columns, 0.0), "nominee_id": None,
        })  # fmt: skip
        for name, values in columns.items():
            row[name] += int(values[k]) / int(wholes[name][company])
        if nominee >= 0:
            row["nominee_id"] = stakes.name(nominee)
    names = ["owner_id", "company_id", *columns, "nominee_id"]
    return pd.DataFrame(list(rows.values()), columns=names)
