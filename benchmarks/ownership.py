"""Who stands behind everybody: a million parties and 1.2 million stakes, beside scipy and networkx.

Three graphs: a plain one without rings, a deep one with thousands of them, and one of which a quarter of all
parties are in one ring. Each engine is measured in a process of its own, on the same stakes; figures that two
engines both give are equal before any time is shown. Party `n` is row `n` of its table.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from operator import eq
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import data
from benchmarks.common import DifferentAnswers
from benchmarks.measure import JobError, job, median, peak_memory, timed

FULL = 1_000_000
"""Parties of which the targets speak; with fewer, times are shown and not judged."""

WHOLE = 10**9
GRAPHS = {"plain": 1, "ring-rich": 10, "one great ring": 10}
"""How many times a target each may take."""

TARGETS = {
    "stakes of a case, opened and numbered": 5.0,
    "strongly connected components": 1.0,
    "owners of one party, solved for": 10e-3,
    "owners of one party, gf.owners": 10e-3,
    "owners of a quarter or more, all parties": 60.0,
    "sets of control, all parties": 60.0,
}
LOAD, RINGS, ONE, ONE_API, ALL, CONTROL = TARGETS
ABOVE = "all who stand above one party"

SAMPLE = 200
"""Companies that are asked about one by one, as far as `LONGEST` seconds go."""
LONGEST = 40.0
MEMORY = 8 * 2**30
"""What a peer may take: a factorisation fills in."""

Row = dict[str, Any]
Ints = NDArray[np.int64]


# ---------------------------------------------------------------------- the stakes
def drawn(size: int, graph: str) -> tuple[Ints, Ints, Ints, int]:
    """Of each stake its company, its owner and its share in parts per billion, by company; and how many
    companies there are, the first parties.

    Plain: half are companies, half their owners persons, the others companies of lower numbers, so that there
    is no ring. Ring-rich: four fifths are companies, three quarters of their owners companies nearby, above
    or below; with a great ring three fifths are, so that each has more owners. Of three companies in ten a
    part is held by nobody who is known.
    """
    rng = np.random.default_rng(data.SEED)
    rich = graph != "plain"
    count = size * {"plain": 5, "ring-rich": 8, "one great ring": 6}[graph] // 10
    stakes = size * 6 // 5
    company = np.sort(np.concatenate([np.arange(count), rng.integers(0, count, stakes - count)]))
    far = np.exp(rng.random(stakes) * np.log(min(count, 1000) if rich else count)).astype(np.int64)
    if rich:
        other = (company + np.where(rng.random(stakes) < 0.5, far, -far)) % count
        held = rng.random(stakes) < 0.75
    else:
        other = company - far
        held = (rng.random(stakes) < 0.5) & (other >= 0)
    owner = np.where(held, other, rng.integers(count, size, stakes))
    weight = rng.exponential(1, stakes)
    total = np.bincount(company, weights=weight, minlength=count)
    known = np.where(rng.random(count) < 0.3, rng.random(count), 1.0)
    share = np.floor(weight / total[company] * known[company] * WHOLE).astype(np.int64)
    keep = (owner != company) & (share > 0)
    return company[keep], owner[keep], share[keep], count


def case_folder(size: int, graph: str) -> Path:
    """The same as a case, from Parquet."""
    from graphflow.folder import SCHEMA_VERSION

    name = f"case-ownership-{graph.replace(' ', '-')}-{size}-layout-{SCHEMA_VERSION}"
    return data._made(name, lambda folder: _import(folder, size, graph))


def _import(folder: Path, size: int, graph: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from graphflow.intake import import_sources

    company, owner, share, count = drawn(size, graph)
    ids = pa.array([f"P{n:07}" for n in range(size)], pa.large_string())
    kind = np.where(np.arange(size) < count, "company", "person")
    aside = folder.with_name(f"{folder.name}-tables")
    aside.mkdir()
    pq.write_table(pa.table({"party_id": ids, "name": ids, "kind": kind}), aside / "parties.parquet")
    exact = pc.cast(pa.array(share), pa.decimal128(19, 0))
    parts = pc.multiply(exact, pa.scalar("0.000000001").cast(pa.decimal128(10, 9)))
    rows = {"owner_id": ids.take(pa.array(owner)), "company_id": ids.take(pa.array(company)), "share": parts}
    pq.write_table(pa.table(rows), aside / "stakes.parquet")
    import_sources(folder, aside)
    for file in aside.iterdir():
        file.unlink()
    aside.rmdir()


def sample(size: int, graph: str) -> list[int]:
    """The companies that every engine is asked about."""
    count = drawn(size, graph)[3]
    rng = np.random.default_rng(7)
    return sorted(rng.choice(count, min(SAMPLE, count // 2), replace=False).tolist())


# ---------------------------------------------------------------------- answers that are compared
def rings_digest(ring: NDArray[Any]) -> str:
    """Of a number for each party: the same where the same parties are together, whatever the numbers."""
    _, first, place = np.unique(ring, return_index=True, return_inverse=True)
    return hashlib.sha256(first[place].astype(np.int64).tobytes()).hexdigest()


Shares = dict[str, list[list[float]]]


def shares_said(owners: Any, shares: Any) -> list[list[float]]:
    """Owners, persons only, with their shares."""
    return [[int(i), float(share)] for i, share in sorted(zip(owners, shares, strict=True)) if share > 0]


def equal_shares(ours: Shares, theirs: Shares) -> bool:
    """Whether owners of those that both were asked about have the same shares, but for a billionth."""
    both = ours.keys() & theirs.keys()
    for company in both:
        found = dict(map(tuple, ours[company]))  # type: ignore[arg-type]
        other = dict(map(tuple, theirs[company]))  # type: ignore[arg-type]
        if any(abs(found.get(i, 0.0) - other.get(i, 0.0)) > 1e-9 for i in found | other):
            return False
    return bool(both) or not theirs


def same_owners(found: dict[str, list[list[float]]], solved: Shares, least: float = 0.25) -> bool:
    """Whether the owners found of all at once (share, more by at most) are those solved for."""
    for company in found.keys() & solved.keys():
        wanted = {int(i): share for i, share in solved[company] if share >= least - 1e-9}
        if {int(i) for i, _, _ in found[company]} != wanted.keys():
            return False
        for i, share, within in found[company]:
            if not share - 1e-9 <= wanted[int(i)] <= share + within + 1e-9:
                return False
    return True


def _enough(seconds: list[float]) -> bool:
    return sum(seconds) > LONGEST


# ---------------------------------------------------------------------- ours
def _warm() -> None:
    """What the first calls import, and the kernels from their cache."""
    import graphflow as gf
    from graphflow.synthesis import holders

    toy = holders.o5()
    gf.owners(toy, "C"), gf.greatest_owners(toy), gf.all_controls(toy)


def all_at_once(size: int, graph: str) -> dict[str, Any]:
    """In a process of its own: stakes, components, and what is asked of all parties."""
    import graphflow as gf
    from graphflow.kernels import shares as kernels
    from graphflow.ownership.stakes import stakes_of

    _warm()
    folder = case_folder(size, graph)
    box: list[Any] = []

    def load() -> None:
        box[:] = [gf.open_case(folder)]
        stakes_of(box[0])

    seconds: dict[str, list[float]] = {LOAD: timed(load, 3, warm=True)}
    case = box[0]
    stakes = stakes_of(case)
    above = stakes.owners.astype(np.int64)
    ring = kernels.components(stakes.pointer, above)
    seconds[RINGS] = timed(lambda: kernels.components(stakes.pointer, above), 5, warm=True)

    def owners() -> None:
        box[:] = [gf.greatest_owners(case)]

    seconds[ALL] = timed(owners, 1, warm=True)
    frame = box[0]

    def control() -> None:
        stakes.__dict__.pop("_ties", None)
        box[:] = [gf.all_controls(case)]

    seconds[CONTROL] = timed(control, 1, warm=True)
    pairs, ask = box[0], sample(size, graph)
    peak = peak_memory()
    _check_control(pairs, case, [stakes.name(number) for number in ask[:50]])
    by_company = dict(iter(frame[frame["kind"] == "person"].groupby("company_id")))
    found = {}
    for number in ask:
        rows = by_company.get(stakes.name(number))
        columns = (
            () if rows is None else (rows["owner_id"].str[1:].astype(int), rows["share"], rows["within"])
        )
        found[str(number)] = [[int(i), share, within] for i, share, within in zip(*columns, strict=True)]
    counts = np.bincount(ring)
    return {
        "seconds": seconds, "peak": peak, "rings": rings_digest(ring), "found": found,
        "stakes": int(stakes.owners.size), "in_rings": int(counts[counts > 1].sum()),
        "largest": int(counts.max()), "rows": len(frame), "within": float(frame["within"].max()),
        "loose": int((frame["within"] > 0).sum()), "pairs": len(pairs),
    }  # fmt: skip


def one_by_one(size: int, graph: str) -> dict[str, Any]:
    """In a process of its own: what is asked of one party, by the kernels and by the Python API."""
    import graphflow as gf
    from graphflow.ownership.owning import Upstream
    from graphflow.ownership.stakes import stakes_of

    _warm()
    case = gf.open_case(case_folder(size, graph))
    stakes = stakes_of(case)
    persons = stakes.kinds == "person"
    shares: Shares = {}
    held = []
    seconds: dict[str, list[float]] = {ONE: [], ONE_API: [], ABOVE: []}
    for number in sample(size, graph):
        begun = time.perf_counter()
        up = Upstream.of(stakes, number)
        found = time.perf_counter()
        passes = up.integrated("share")[0]
        seconds[ONE].append(time.perf_counter() - begun)
        seconds[ABOVE].append(found - begun)
        mine = persons[up.parties]
        shares[str(number)] = shares_said(up.parties[mine], passes[mine])
        held.append(up.parties.size)
        if _enough(seconds[ONE]):
            break
    for number in sample(size, graph):
        begun = time.perf_counter()
        gf.owners(case, stakes.name(number))
        seconds[ONE_API].append(time.perf_counter() - begun)
        if _enough(seconds[ONE_API]):
            break
    return {"seconds": seconds, "peak": peak_memory(), "shares": shares, "above": held}


def _check_control(pairs: Any, case: Any, names: list[str]) -> None:
    import graphflow as gf

    by_party = dict(iter(pairs.groupby("party_id")["company_id"]))
    for name in names:
        found = by_party[name].tolist() if name in by_party else []
        if found != gf.controls(case, name)["party_id"].tolist():
            raise DifferentAnswers(f"control of {name}")


# ---------------------------------------------------------------------- peers
def _limited() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _matrix(size: int, graph: str) -> Any:
    """Of each company, a column, what others have of it; members of closed rings have nobody above them."""
    from scipy.sparse import csc_array
    from scipy.sparse.csgraph import connected_components

    company, owner, share, _ = drawn(size, graph)
    part = csc_array((share / WHOLE, (owner, company)), shape=(size, size))
    ring = connected_components(part, connection="strong")[1]
    inside = np.zeros(size, np.int64)
    same = ring[owner] == ring[company]
    np.add.at(inside, company[same], share[same])
    loose = np.zeros(size, np.bool_)
    loose[ring[inside != WHOLE]] = True
    keep = loose[ring[company]]
    return csc_array((share[keep] / WHOLE, (owner[keep], company[keep])), shape=(size, size))


def scipy_above(size: int, graph: str) -> dict[str, Any]:
    """Breadth first upwards, then `spsolve` of what stands above the one party."""
    from scipy.sparse import identity
    from scipy.sparse.csgraph import breadth_first_order, connected_components
    from scipy.sparse.linalg import spsolve

    _limited()
    company, owner, share, count = drawn(size, graph)
    from scipy.sparse import csr_array

    whole = csr_array((share / WHOLE, (owner, company)), shape=(size, size))
    ring = connected_components(whole, connection="strong")[1]
    seconds = {RINGS: timed(lambda: connected_components(whole, connection="strong"), 5, warm=True)}
    matrix = _matrix(size, graph)
    upwards = matrix.T.tocsr()
    shares: Shares = {}
    seconds[ONE] = []
    for number in sample(size, graph):
        begun = time.perf_counter()
        above = breadth_first_order(upwards, number, return_predecessors=False)
        inside = matrix[:, above][above, :]
        right = np.zeros(above.size)
        right[0] = 1.0
        passes = np.atleast_1d(spsolve((identity(above.size, format="csc") - inside).tocsc(), right))
        seconds[ONE].append(time.perf_counter() - begun)
        persons = above >= count
        shares[str(number)] = shares_said(above[persons], passes[persons])
        if _enough(seconds[ONE]):
            break
    return {"seconds": seconds, "peak": peak_memory(), "rings": rings_digest(ring), "shares": shares}


def scipy_all(size: int, graph: str) -> dict[str, Any]:
    """`splu` of the whole once, then a column solved for each party: of all, by what a sample takes."""
    from scipy.sparse import identity
    from scipy.sparse.linalg import splu

    _limited()
    matrix = (identity(size, format="csc") - _matrix(size, graph)).tocsc()
    count = drawn(size, graph)[3]
    begun = time.perf_counter()
    solver = splu(matrix)
    factored = time.perf_counter() - begun
    shares: Shares = {}
    used = []
    for number in sample(size, graph):
        right = np.zeros(size)
        right[number] = 1.0
        begun = time.perf_counter()
        passes = solver.solve(right)
        persons = count + np.flatnonzero(passes[count:])
        used.append(time.perf_counter() - begun)
        shares[str(number)] = shares_said(persons, passes[persons])
        if _enough(used):
            break
    return {
        "seconds": {ONE: used, ALL: [factored + median(used) * count]}, "peak": peak_memory(),
        "shares": shares, "factored": factored,
    }  # fmt: skip


def networkx(size: int, graph: str) -> dict[str, Any]:
    """Components, and the ancestors of one party."""
    import networkx as nx

    company, owner, _, _ = drawn(size, graph)
    made = nx.DiGraph()
    made.add_nodes_from(range(size))
    made.add_edges_from(zip(owner.tolist(), company.tolist(), strict=True))
    ring = np.empty(size, np.int64)

    def rings() -> None:
        for number, members in enumerate(nx.strongly_connected_components(made)):
            ring[list(members)] = number

    seconds: dict[str, list[float]] = {RINGS: timed(rings, 2, warm=True), ABOVE: []}
    held = []
    for number in sample(size, graph):
        begun = time.perf_counter()
        held.append(len(nx.ancestors(made, number)) + 1)
        seconds[ABOVE].append(time.perf_counter() - begun)
        if _enough(seconds[ABOVE]):
            break
    return {"seconds": seconds, "peak": peak_memory(), "rings": rings_digest(ring), "above": held}


PEERS: tuple[tuple[str, str, Callable[[int, str], dict[str, Any]]], ...] = (
    ("scipy, of what is above", "scipy", scipy_above),
    ("scipy, splu of the whole", "scipy", scipy_all),
    ("networkx", "networkx", networkx),
)


# ---------------------------------------------------------------------- the table
def measure(size: int, only: str | None, limit: float, quick: bool = False) -> Iterator[list[Row]]:
    """All rows so far, after each graph: one a question, graph and engine, ours first.

    `only` is part of a graph's name or of a peer's; where it has to be quick one graph is asked.

    Raises
    ------
    DifferentAnswers
        Where two engines give different figures.
    """
    asked = (only or "").lower()
    graphs = [graph for graph in GRAPHS if asked in graph] or list(GRAPHS)
    engines = [peer for peer in PEERS if asked in peer[0].lower()] or list(PEERS)
    order = [*TARGETS, ABOVE]
    rows: list[Row] = []
    for graph in graphs[: 1 if quick else None]:
        case_folder(size, graph)
        ours: dict[str, Any] = {}
        for ask, question in (("all_at_once", ALL), ("one_by_one", ONE)):
            try:
                found = job(f"benchmarks.ownership:{ask}", size, graph, limit=4 * limit)
            except JobError as error:
                rows.append({
                    "question": question, "graph": graph, "size": size, "engine": "graphflow", "target": None,
                    "met": None, "facts": "", "why": str(error),
                })  # fmt: skip
            else:
                rows += _own(size, graph, found)
                ours |= found
        if not same_owners(ours.get("found", {}), ours.get("shares", {})):
            raise DifferentAnswers(f"owners of all at once and of each, {graph}, {size} parties")
        for name, package, peer in engines:
            rows += _peer(size, graph, f"{name} ({version(package)})", peer.__name__, ours, limit)
        rows.sort(key=lambda row: (order.index(row["question"]), list(GRAPHS).index(row["graph"])))
        yield rows


def _own(size: int, graph: str, ours: dict[str, Any]) -> list[Row]:
    if "shares" in ours:
        above = ours["above"]
        facts = {
            ONE: f"{len(above)} companies; above one {median(above):,.0f} parties, at most {max(above):,}",
            ONE_API: "with votes, kinds and ways",
        }
    else:
        facts = {
            LOAD: f"{ours['stakes']:,} stakes; {ours['in_rings']:,} in rings, {ours['largest']:,} in one",
            ALL: f"{ours['rows']:,} rows, {ours['loose']:,} of them within {ours['within']:.1g} at most",
            CONTROL: f"{ours['pairs']:,} pairs",
        }
    rows = []
    for question, runs in ours["seconds"].items():
        target = TARGETS[question] * GRAPHS[graph] if question in TARGETS and size >= FULL else None
        middle = median(runs)
        rows.append({
            "question": question, "graph": graph, "size": size, "engine": "graphflow", "seconds": middle,
            "most": max(runs), "runs": len(runs), "target": target, "peak": ours["peak"],
            "met": None if target is None else middle <= target, "facts": facts.get(question, ""),
        })  # fmt: skip
    return rows


def _peer(size: int, graph: str, name: str, ask: str, ours: dict[str, Any], limit: float) -> list[Row]:
    row: Row = {"graph": graph, "size": size, "engine": name, "target": None, "met": None, "facts": ""}
    try:
        found = job(f"benchmarks.ownership:{ask}", size, graph, limit=limit)
    except JobError as error:
        return [{**row, "question": ALL if ask == "scipy_all" else ONE, "why": str(error)}]
    wrong = [
        what
        for what, equal in (
            ("rings", "rings" not in ours or found.get("rings", ours["rings"]) == ours["rings"]),
            ("shares", "shares" not in ours or equal_shares(ours["shares"], found.get("shares", {}))),
            ("who is above", all(map(eq, found.get("above", ()), ours.get("above", ())))),
        )
        if not equal
    ]
    if wrong:
        raise DifferentAnswers(f"{name}, {graph}, {size} parties: {', '.join(wrong)}")
    rows = []
    for question, runs in found["seconds"].items():
        facts = ""
        if ask == "scipy_all":
            facts = f"factored once in {found['factored']:.2f} s"
            facts += "; projected from a sample" if question == ALL else ", which is not counted"
        rows.append({
            **row, "question": question, "seconds": median(runs), "most": max(runs), "runs": len(runs),
            "peak": found["peak"], "facts": facts,
        })  # fmt: skip
    return rows
