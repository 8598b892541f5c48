"""The peers, each with the best statement of the question that was found for it.

What is timed is the question alone: each engine has the transfers in memory in its own best form before,
accounts as numbers, and `build` (timed apart) is what that took. Each runs with all cores that it can use.

All but igraph work a level of transfers at a time, from the accounts to which touched money came earlier than
the level before knew; a transfer is touched if it comes behind that place in its payer. Where that saves
work, each transfer is taken once only: behind the new place, and not behind the old one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.question import Answer

NEVER = np.int32(2**31 - 1)


@dataclass(frozen=True)
class Peer:
    """An engine: its name, the package that it is, and how it is built and asked.

    `most` is the greatest size that is asked, and `why` the reason where it is not every one.
    """

    name: str
    package: str
    build: Callable[[int], Any]
    ask: Callable[[Any, int, int], Answer]
    most: int | None = None
    why: str = ""

    @property
    def version(self) -> str | None:
        """The installed version, or None."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


# ---------------------------------------------------------------------- graphflow
def build_graphflow(size: int) -> Any:
    from graphflow.case import open_case

    return open_case(data.case_folder(size)).ledger  # mapped: the first question brings it into memory


def ask_graphflow(ledger: Any, seed: int, hops: int) -> Answer:
    """The kernel `poison.touch`: it sums by account as it goes."""
    from graphflow.kernels.poison import touch
    from graphflow.tracing.walk import PATIENCE

    steps, side = ledger.steps, ledger.debits
    seeds = np.array([[seed, steps["amount"][seed]]], np.int64)
    with ledger.scratch(4) as reached:
        _, came = touch(
            steps, side.pointer, side.steps, seeds, reached, len(steps) - 1, hops, False, PATIENCE
        )
    return Answer.of(ledger.pots["account"][came[:, 0]], came[:, 1], came[:, 2])


# ---------------------------------------------------------------------- DuckDB
def build_duckdb(size: int) -> Any:
    """Transfers in time order: sorted or indexed by payer, no question was faster at 1 million."""
    import duckdb

    table = data.numbers(size)
    source, target, amount = (np.asarray(x) for x in (table.source, table.target, table.amount))
    place = np.arange(size, dtype=np.int32)
    base = duckdb.connect()
    rows = {"place": place, "source": source, "target": target, "amount": amount}
    base.register("given", rows)
    base.execute("create table transfers as select place, source, target, amount from given order by place")
    base.unregister("given")
    return base


_RECURSIVE = """
    with recursive came(account, place, before, received, level) using key (account) as (
        select target, place, {never}, amount::hugeint, 0 from transfers where place = {seed}
        union all
        select new.target, least(new.place, coalesce(known.place, {never})), coalesce(known.place, {never}),
            new.received + coalesce(known.received, 0), new.level
        from (
            select t.target, min(t.place) as place, sum(t.amount) as received,
                any_value(came.level) + 1 as level
            from came join transfers t
                on t.source = came.account and t.place > came.place and t.place <= came.before
            where t.place > {seed} and came.level < {hops}
            group by t.target
        ) new left join recurring.came known on known.account = new.target
    )
    select account, place, received::bigint as received from came order by place
"""


def ask_duckdb_recursive(base: Any, seed: int, hops: int) -> Answer:
    """One recursive query whose table is keyed by account."""
    found = base.execute(_RECURSIVE.format(seed=seed, hops=hops, never=NEVER)).fetchnumpy()
    return Answer.of(found["account"], found["place"], found["received"])


def ask_duckdb_levels(base: Any, seed: int, hops: int) -> Answer:
    """A statement a level, from Python."""
    base.execute(
        "create or replace temp table came as"
        f" select target as account, place, {NEVER} as before, amount as received from transfers"
        f" where place = {seed}"
    )
    for _ in range(hops):
        base.execute(
            "create or replace temp table new as select t.target as account, min(t.place) as place,"
            " sum(t.amount)::bigint as received from came join transfers t on t.source = came.account"
            f" and t.place > came.place and t.place <= came.before where t.place > {seed} group by t.target"
        )
        if not base.execute("select count(*) from new").fetchone()[0]:
            break
        base.execute(
            "create or replace temp table came as select account,"
            f" least(came.place, coalesce(new.place, {NEVER})) as place, came.place as before,"
            " came.received + coalesce(new.received, 0) as received from came left join new using (account)"
            f" union all select account, place, {NEVER}, received from new anti join came using (account)"
        )
    found = base.execute("select account, place, received from came order by place").fetchnumpy()
    return Answer.of(found["account"], found["place"], found["received"])


def build_duckdb_beside(size: int) -> Any:
    return build_duckdb(size), data.numbers(size).accounts


def ask_duckdb_beside(state: Any, seed: int, hops: int) -> Answer:
    """A statement a level for the payments alone; what is known of each account is kept beside, by number.

    Faster than all in DuckDB where little of much is reached: each level reads from its own first place on.
    """
    import pyarrow as pa

    base, accounts = state
    target, amount = base.execute(f"select target, amount from transfers where place = {seed}").fetchall()[0]
    came = np.full(accounts, NEVER, np.int32)
    received = np.zeros(accounts, np.int64)
    came[target], received[target] = seed, amount
    new = {"account": np.array([target]), "place": np.array([seed]), "before": np.array([NEVER])}
    for _ in range(hops):
        base.register("new", pa.table(new))
        found = base.execute(
            "select t.target, min(t.place) as place, sum(t.amount)::bigint as received"
            " from transfers t join new on t.source = new.account and t.place > new.place"
            f" and t.place <= new.before where t.place > {new['place'].min()} group by t.target"
        ).fetchnumpy()
        account, place = found["target"], found["place"]
        received[account] += found["received"]
        before = came[account]
        earlier = place < before
        new = {"account": account[earlier], "place": place[earlier], "before": before[earlier]}
        came[account[earlier]] = place[earlier]
        if not earlier.any():
            break
    account = np.flatnonzero(came != NEVER)
    return Answer.of(account, came[account], received[account])


# ---------------------------------------------------------------------- Polars
def build_polars(size: int) -> Any:
    import polars as pl

    table = data.numbers(size)
    rows = {"source": table.source, "target": table.target, "amount": table.amount}
    frame = pl.DataFrame({name: np.array(values) for name, values in rows.items()})
    return frame.with_row_index("place").with_columns(pl.col("place").cast(pl.Int32)), table.accounts


def ask_polars(state: Any, seed: int, hops: int) -> Answer:
    """The places by account are a dense column, looked up by number: faster than joins."""
    import polars as pl

    frame, accounts = state
    frame = frame.slice(seed)
    came = np.full(accounts, NEVER, np.int32)
    came[frame["target"][0]] = seed
    received = np.zeros(accounts, np.int64)
    received[frame["target"][0]] = frame["amount"][0]
    before = np.full(accounts, NEVER, np.int32)
    place, source = frame["place"], frame["source"]
    for _ in range(hops):
        new = (place > pl.Series(came).gather(source)) & (place <= pl.Series(before).gather(source))
        found = frame.filter(new).group_by("target").agg(pl.col("place").min(), pl.col("amount").sum())
        account = found["target"].to_numpy()
        before = came.copy()
        came[account] = np.minimum(came[account], found["place"].to_numpy())
        received[account] += found["amount"].to_numpy()
        if np.array_equal(came, before):
            break
    account = np.flatnonzero(came != NEVER)
    return Answer.of(account, came[account], received[account])


# ---------------------------------------------------------------------- networkx
def build_networkx(size: int) -> Any:
    """A multigraph whose edges are keyed by their place in time order."""
    import networkx as nx

    table = data.numbers(size)
    graph = nx.MultiDiGraph()
    places = range(size)
    rows = zip(table.source.tolist(), table.target.tolist(), places, table.amount.tolist(), strict=True)
    graph.add_edges_from((a, b, place, {"amount": amount}) for a, b, place, amount in rows)
    graph.graph["ends"] = (table.target, table.amount)
    return graph


def ask_networkx(graph: Any, seed: int, hops: int) -> Answer:
    """Edges out of the accounts whose place became earlier."""
    target, amount = graph.graph["ends"]
    came = {int(target[seed]): seed}
    new = dict(came)
    for _ in range(hops - 1):
        found: dict[int, int] = {}
        for payer, payee, place in graph.out_edges(new, keys=True):
            if place > new[payer] and place < came.get(payee, NEVER) and place < found.get(payee, NEVER):
                found[payee] = place
        if not found:
            break
        came.update(found)
        new = found
    first = {int(target[seed]): seed}
    received = {int(target[seed]): int(amount[seed])}
    for payer, payee, place, amount in graph.out_edges(came, keys=True, data="amount"):
        if place > came[payer]:
            if place < first.get(payee, NEVER):
                first[payee] = place
            received[payee] = received.get(payee, 0) + amount
    accounts = list(received)
    return Answer.of(accounts, [first[x] for x in accounts], [received[x] for x in accounts])


# ---------------------------------------------------------------------- igraph
def build_igraph(size: int) -> Any:
    """Transfers as vertices, so that the search runs in compiled code.

    A transfer leads to its payee's next payment (one transfer more), and a payment to its payer's next one
    (none more).
    """
    import igraph

    table = data.numbers(size)
    source, target = np.asarray(table.source), np.asarray(table.target)
    place = np.arange(size)
    order = np.argsort(source, kind="stable")
    follows = source[order][1:] == source[order][:-1]
    later = np.column_stack((order[:-1][follows], order[1:][follows]))
    # the payee's first payment behind a transfer, by binary search among payments sorted by payer and place
    keys = source[order].astype(np.int64) * size + order
    at = np.searchsorted(keys, target.astype(np.int64) * size + place, side="right")
    at = np.minimum(at, size - 1)
    pays = (source[order[at]] == target) & (order[at] > place)
    onward = np.column_stack((place[pays], order[at][pays]))
    graph = igraph.Graph(n=size, edges=np.concatenate((onward, later)), directed=True)
    begins = np.full(size, -1)
    begins[onward[:, 0]] = onward[:, 1]
    return graph, [1] * len(onward) + [0] * len(later), begins, target, np.asarray(table.amount)


def ask_igraph(state: Any, seed: int, hops: int) -> Answer:
    """Shortest paths, by the number of transfers, from the payment that follows the seed."""
    graph, weights, begins, target, amount = state
    touched = np.array([seed])
    if begins[seed] >= 0:
        length = np.array(graph.distances(int(begins[seed]), weights=weights)[0])
        touched = np.append(touched, np.flatnonzero(length <= hops - 1))
    account, first = np.unique(target[touched], return_index=True)
    received = np.zeros(int(target.max()) + 1, np.int64)
    np.add.at(received, target[touched], amount[touched])
    return Answer.of(account, touched[first], received[account])


# ---------------------------------------------------------------------- Raphtory
def build_raphtory(size: int) -> Any:
    import pandas as pd
    from raphtory import Graph

    table = data.numbers(size)
    frame = pd.DataFrame(
        {
            "place": np.arange(size),
            "source": table.source.astype(np.uint64),
            "target": table.target.astype(np.uint64),
            "amount": np.asarray(table.amount),
        }
    )
    graph = Graph()
    graph.load_edges(frame, time="place", src="source", dst="target", properties=["amount"])
    return graph, table


def ask_raphtory(state: Any, seed: int, hops: int) -> Answer:
    """Its views of one account's edges after a time, a level at a time.

    Its own `temporally_reachable_nodes` counts hops otherwise and, in 0.17, loses transfers, not the same
    ones each time, so that it has no answer that could be compared.
    """
    graph, table = state
    start = int(table.target[seed])
    came = {start: seed}
    new = dict(came)
    for _ in range(hops - 1):
        found: dict[int, int] = {}
        for payer, place in new.items():
            node = graph.after(place).node(payer)
            if node is None:
                continue
            edges = node.out_edges
            for payee, first in zip(edges.dst.id.collect(), edges.earliest_time.collect(), strict=True):
                if first < came.get(payee, NEVER) and first < found.get(payee, NEVER):
                    found[payee] = first
        if not found:
            break
        came.update(found)
        new = found
    places = [np.array([seed], np.int64)]
    for payer, place in came.items():
        node = graph.after(place).node(payer)
        if node is not None:
            places.append(np.array(node.out_edges.explode().time.collect(), np.int64))
    touched = np.unique(np.concatenate(places))
    account, at = np.unique(table.target[touched], return_index=True)
    received = np.zeros(table.accounts, np.int64)
    np.add.at(received, table.target[touched], table.amount[touched])
    return Answer.of(account, touched[at], received[account])


TOO_LARGE = 1_000_000
PEERS = (
    Peer("graphflow", "graphflow-lookthrough", build_graphflow, ask_graphflow),
    Peer("DuckDB, one recursive query", "duckdb", build_duckdb, ask_duckdb_recursive),
    Peer("DuckDB, a statement a level", "duckdb", build_duckdb, ask_duckdb_levels),
    Peer("DuckDB, a statement a level, numpy beside", "duckdb", build_duckdb_beside, ask_duckdb_beside),
    Peer("Polars", "polars", build_polars, ask_polars),
    Peer("igraph", "igraph", build_igraph, ask_igraph),
    Peer(
        "networkx", "networkx", build_networkx, ask_networkx, TOO_LARGE,
        "it takes over ten seconds a question at 1 million already",
    ),
    Peer(
        "Raphtory", "raphtory", build_raphtory, ask_raphtory, TOO_LARGE,
        "it takes over ten seconds a question at 1 million already",
    ),
)  # fmt: skip
"""The one list of peers, ours first: its answer is the one that the others' must equal."""


def installed() -> tuple[Peer, ...]:
    """The peers that are here."""
    return tuple(peer for peer in PEERS if peer.version or peer.name == "graphflow")
