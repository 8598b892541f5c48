"""What people wait for, measured as they meet it: the Python API, the command line, files on disk.

Each figure is taken in a process of its own, so that its peak memory is its own. "Warm" means that the files
are in the page cache and the kernels compiled (`make warm`).
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.measure import command, job, median, peak_memory, random_access, timed
from benchmarks.results import seconds_said

LOCAL = 100_000
"""Questions that reach at most so many transfers are local."""
RULES = ("fifo", "lifo", "prorata", "libr", "poison")

LEAST = 10_000_000
"""The targets are for this many transfers; with fewer, times are shown and not judged."""


# ---------------------------------------------------------------------- tracing
def local_trace(size: int, rule: str, count: int) -> dict[str, Any]:
    """Traces of single transfers, half of them from the first tenth of the rows and half from the last; under
    poison all of them from the last hundredth: an early one touches nearly everything.
    """
    import graphflow as gf
    from graphflow.tracing.references import resolve
    from graphflow.tracing.seeds import find_seeds

    case = gf.open_case(data.case_folder(size))
    ledger = case.ledger
    rng = np.random.default_rng(5)
    early = rng.integers(0, max(size // 10, 1), count // 2)
    late = rng.integers(size - max(size // 10, 1), size, count - count // 2)
    if rule == "poison":
        early, late = (size - 1 - rng.integers(0, max(size // 100, 1), len(part)) for part in (early, late))
    names = [ledger.transfer_ids[int(row)].as_py() for row in np.concatenate((early, late))]
    for name in names[:3] + names[-3:]:
        gf.trace(case, f"transfer:{name}", rule=rule).ends  # noqa: B018 - the first calls import and map
    api, with_ends, kernel, reached = [], [], [], []
    for name in names:
        begun = time.perf_counter()
        found = gf.trace(case, f"transfer:{name}", rule=rule)
        traced = time.perf_counter()
        ends = found.ends
        ended = time.perf_counter()
        if found.attributes and int(ends["seed_amount"].sum()) != found.seed:
            raise AssertionError(f"the ends of {name} do not add up to its seed")
        api.append(traced - begun)
        with_ends.append(ended - begun)
        reached.append(len(found.transfers))
        seeds = find_seeds(
            case, resolve(case, f"transfer:{name}"), backward=False, currency=None, since=None, until=None
        )
        kernel.append(_kernel_alone(ledger, seeds, rule))
    half = count // 2
    return {
        "api": median(api),
        "with_ends": median(with_ends),
        "kernel": median(kernel),
        "early": median(api[:half]),
        "late": median(api[half:]),
        "slowest": max(api),
        "local": sum(x <= LOCAL for x in reached),
        "reached": median(reached),
        "most_reached": max(reached),
        "runs": count,
        "peak": peak_memory(),
    }


def _kernel_alone(ledger: Any, seeds: Any, rule: str) -> float:
    """The kernel's own time, with the scratch arrays that the ledger keeps."""
    from graphflow.kernels.fifo import trace_lots
    from graphflow.kernels.libr import trace_lowest
    from graphflow.kernels.poison import spread
    from graphflow.kernels.prorata import trace_shares
    from graphflow.tracing.walk import PATIENCE

    side, last = ledger.debits, len(ledger.steps) - 1
    row, amount = int(seeds.rows[0]), int(seeds.amounts[0])
    if rule == "lifo":
        from graphflow.kernels.lifo import trace_stack

        table = np.array([[2 * row, -1, 0, amount, 0]], np.int64)
        whole = (side.pointer, side.steps, side.starts, side.held, side.lows)
        with ledger.scratch(2) as scratch:
            begun = time.perf_counter()
            trace_stack(ledger.steps, whole, ledger.converted, table, scratch, last, False, PATIENCE)
            return time.perf_counter() - begun
    if rule == "fifo":
        table = np.array([[2 * row, -1, 0, amount, 0]], np.int64)
        with ledger.scratch(2) as scratch:
            begun = time.perf_counter()
            trace_lots(ledger.steps, side.pointer, side.steps, side.starts, table, scratch, last, False)
            return time.perf_counter() - begun
    table = np.array([[2 * row, -1, amount, amount]], np.int64)
    if rule == "libr":
        whole = (side.pointer, side.steps, side.starts, side.held, side.lows)
        with ledger.scratch(4) as scratch:
            begun = time.perf_counter()
            trace_lowest(ledger.steps, whole, table, ledger.converted, scratch, last, PATIENCE)
            return time.perf_counter() - begun
    elif rule == "poison":
        both = (side.pointer, side.steps, ledger.credits.pointer, ledger.credits.steps, ledger.compartments)
        with ledger.scratch(4) as scratch:
            begun = time.perf_counter()
            how = (last, -1, False, False)
            spread(ledger.steps, ledger.pots, both, table, ledger.converted, scratch, how, PATIENCE)
            return time.perf_counter() - begun
    else:
        with ledger.scratch(6) as scratch:
            begun = time.perf_counter()
            trace_shares(
                ledger.steps,
                (side.pointer, side.steps, side.starts, side.held),
                table,
                ledger.converted,
                scratch,
                last,
                False,
                PATIENCE,
            )
            return time.perf_counter() - begun


def full_trace(size: int, rule: str) -> dict[str, Any]:
    """All that the busiest account paid, through the Python API, with its ends."""
    import graphflow as gf

    case = gf.open_case(data.case_folder(size))
    reference = f"account:{case.ledger.account_ids[0].as_py()}"
    found = gf.trace(case, reference, rule=rule)
    if found.attributes and int(found.ends["seed_amount"].sum()) != found.seed:
        raise AssertionError("the ends do not add up to the seed")
    runs = timed(lambda: gf.trace(case, reference, rule=rule).ends, 5, warm=True)
    peak = peak_memory()
    return {
        "seconds": runs,
        "reached": len(found.transfers),
        "peak": peak,
        **beside_bound(case, reference, rule),
    }


def beside_bound(case: Any, reference: str, rule: str) -> dict[str, Any]:
    """The rule alone, with the arrays that it fills, and what the random accesses take that it must make.

    A transfer that carries traced money is a step somewhere, and touches the records of two accounts.
    """
    from graphflow.tracing.chains import Limits
    from graphflow.tracing.references import resolve
    from graphflow.tracing.seeds import find_seeds
    from graphflow.tracing.walk import View, follow

    ledger = case.ledger
    asked: dict[str, Any] = {"backward": False, "currency": None, "since": None, "until": None}
    seeds = find_seeds(case, resolve(case, reference), **asked)
    moved = len(follow(ledger, seeds, rule, View(), Limits())[0].moved)
    alone = timed(lambda: follow(ledger, seeds, rule, View(), Limits()), 3, warm=True)
    access = random_access(ledger.steps, len(ledger.pots))
    return {"alone": median(alone), "moved": moved, "access": access, "bound": moved * access}


def bound_said(found: dict[str, Any]) -> str:
    """The rule alone beside its bound, in words."""
    pace, access = found["moved"] / found["alone"] / 1e6, 1e-6 / found["access"]
    share = found["bound"] / found["alone"]
    return (
        f"{found['moved']:,} transfers, {pace:.1f} million a second; reaching a random step and the records "
        f"of its two accounts, {access:.0f} million a second here, takes {seconds_said(found['bound'])}: "
        f"{share:.0%} of it"
    )


# ---------------------------------------------------------------------- reading
def read_and_number(size: int) -> dict[str, Any]:
    """A CSV with text ids to columns of numbers: times, amounts and accounts, by the functions that an import
    uses; the accounts are numbered by their ids.
    """
    from concurrent.futures import ThreadPoolExecutor

    import pyarrow as pa
    import pyarrow.compute as pc

    import loaders
    from graphflow.kernels.text import decimals, times
    from graphflow.tables.columns import as_text, buffers
    from graphflow.tables.keys import numbered

    folder = data.csv_folder(size)

    def number(names: pa.Array) -> np.ndarray:
        numbers, texts = numbered(names)
        order = pc.sort_indices(texts).to_numpy()
        rank = np.empty(len(texts), np.int32)
        rank[order] = np.arange(len(texts), dtype=np.int32)
        return rank[numbers]

    def ask() -> int:
        rows = 0
        for loader, source in loaders.recognise(folder / "transfers.csv"):
            table = loader.load(source, currency=None, timezone=None).tables["transfers"]
            rows += len(table)
            with ThreadPoolExecutor(2) as threads:  # as an import does: pieces on every core
                names = pa.concat_arrays([*table["source"].chunks, *table["target"].chunks])
                sides = threads.submit(number, names)
                for piece in table["amount"].chunks:
                    threads.submit(decimals, *buffers(as_text(piece)), np.full(1, 2, np.int8), False)
                for piece in table["time"].chunks:
                    threads.submit(times, *buffers(as_text(piece)))
                assert len(sides.result()) == 2 * len(table)
        return rows

    used = time.process_time()
    runs = timed(ask, 3)
    return {"seconds": runs, "cpu": (time.process_time() - used) / (len(runs) + 1), "peak": peak_memory()}


def read_and_number_duckdb(size: int) -> dict[str, Any]:
    """The same by DuckDB, which is told the columns' types: times, exact amounts, accounts numbered by their
    ids.
    """
    import duckdb

    path = data.csv_folder(size) / "transfers.csv"

    def ask() -> int:
        base = duckdb.connect()
        base.execute(
            f"create table given as select * from read_csv('{path.as_posix()}', header = true, columns = {{"
            "'transfer_id': 'varchar', 'time': 'timestamp', 'sequence': 'bigint', 'source': 'varchar',"
            " 'target': 'varchar', 'amount': 'decimal(18, 2)'})"
        )
        base.execute(
            "create table accounts as select id, row_number() over (order by id) - 1 as number"
            " from (select source as id from given union select target from given)"
        )
        base.execute(
            "create table transfers as select g.transfer_id, g.time, g.sequence, a.number as source,"
            " b.number as target, (g.amount * 100)::bigint as amount from given g"
            " join accounts a on g.source = a.id join accounts b on g.target = b.id"
        )
        rows = base.execute("select count(*) from transfers").fetchone()[0]
        base.close()
        return int(rows)

    used = time.process_time()
    runs = timed(ask, 3)
    return {"seconds": runs, "cpu": (time.process_time() - used) / (len(runs) + 1), "peak": peak_memory()}


def import_case(source: str, size: int, limit: float) -> dict[str, Any]:
    """`graphflow import` of a folder into a new case: read, checked, compiled and written."""
    folder = data.csv_folder(size) if source == "csv" else data.tables_folder(size)
    with tempfile.TemporaryDirectory(dir=data.CACHE, prefix=".case-") as aside:
        seconds, peak, _ = command(["import", str(folder), "--case", str(Path(aside) / "case")], limit)
        size_on_disk = sum(file.stat().st_size for file in Path(aside).rglob("*") if file.is_file())
    return {"seconds": [seconds], "peak": peak, "disk": size_on_disk}


# ---------------------------------------------------------------------- start-up
def warm_command(size: int, rule: str, runs: int, limit: float) -> dict[str, Any]:
    """`graphflow trace` of one transfer on a case, warm, as a process."""
    case = data.case_folder(size)
    reference = f"transfer:T{max(size // 2, 1):09}"
    arguments = ["trace", str(case), "--from", reference, "--rule", rule, "--format", "json"]
    command(arguments, limit)
    found, peaks = [], []
    for _ in range(runs):
        seconds, peak, said = command(arguments, limit)
        found.append(seconds)
        peaks.append(peak)
    answer = json.loads(said)
    return {"seconds": found, "peak": max(peaks), "reached": len(answer["transfers"])}


def bare_python(runs: int) -> list[float]:
    """What it takes to start Python with numpy, numba and pyarrow, and nothing of ours."""
    import subprocess
    import sys

    found = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import numpy, numba, pyarrow, pandas"], check=True)
        found.append(time.perf_counter() - begun)
    return found


# ---------------------------------------------------------------------- the table
Row = dict[str, Any]


TRACING = ("local", "full")
PARTS = (*TRACING, "command", "read", "import")


def measure(size: int, parts: Sequence[str], only: str | None, limit: float, quick: bool) -> list[Row]:
    """One row a target: what was asked for, what was measured, met or not."""
    ask: dict[str, Callable[[], list[Row]]] = {
        "local": lambda: _local(size, limit, *((20, RULES[:1]) if quick else (100, RULES))),
        "full": lambda: _full(size, limit, RULES[:1] if quick else RULES),
        "command": lambda: _command(size, limit, 2 if quick else 5),
        "read": lambda: _reading(size, limit),
        "import": lambda: _imports(size, limit),
    }
    return [row for name in parts if not only or only in name for row in ask[name]()]


def _local(size: int, limit: float, count: int, rules: Sequence[str]) -> list[Row]:
    rows = []
    for rule in rules:
        found = job("benchmarks.targets:local_trace", size, rule, count, limit=limit)
        when = "all very" if rule == "poison" else "half early and half"
        facts = (
            f"{found['runs']} seeds, {when} late; {found['local']} reach at most {LOCAL:,} "
            f"transfers, median {found['reached']:.0f}, most {found['most_reached']:,}; "
            f"early {_ms(found['early'])}, late {_ms(found['late'])}, "
            f"slowest {_ms(found['slowest'])}, with its ends {_ms(found['with_ends'])}"
        )
        area = f"local trace, {rule}"
        rows.append(_target(f"{area}, Python API", size, found["api"], 1e-3, found, facts))
        rows.append(_target(f"{area}, kernel", size, found["kernel"], 50e-6, found, ""))
    return rows


def _full(size: int, limit: float, rules: Sequence[str]) -> list[Row]:
    rows = []
    for rule in rules:
        found = job("benchmarks.targets:full_trace", size, rule, limit=limit)
        facts = f"{found['reached']:,} transfers carry traced money; 5 s at 100 million, in proportion"
        area = f"all that the busiest account paid, {rule}, with its ends"
        rows.append(_target(area, size, median(found["seconds"]), 5.0 * size / 1e8, found, facts))
        area = f"all that the busiest account paid, {rule}, the rule alone"
        rows.append(_target(area, size, found["alone"], None, found, bound_said(found)))
    return rows


def _command(size: int, limit: float, runs: int) -> list[Row]:
    bare = median(bare_python(runs))
    rows = []
    for rule in ("fifo", "prorata"):
        found = warm_command(size, rule, runs, limit)
        facts = f"{found['reached']:,} transfers; Python with numpy, numba, pyarrow, pandas: {bare:.2f} s"
        rows.append(
            _target(f"graphflow trace, {rule}, warm", size, median(found["seconds"]), 1.5, found, facts)
        )
    return rows


def _reading(size: int, limit: float) -> list[Row]:
    ours = job("benchmarks.targets:read_and_number", size, limit=limit)
    row = _target(
        "CSV with text ids: reading and numbering",
        size,
        median(ours["seconds"]),
        None,
        ours,
        f"{ours['cpu']:.1f} cpu-s",
    )
    try:
        import duckdb  # noqa: F401
    except ImportError:
        row["facts"] += "; DuckDB is not installed"
        return [row]
    theirs = job("benchmarks.targets:read_and_number_duckdb", size, limit=limit)
    ratio, cpu = median(theirs["seconds"]) / row["measured"], theirs["cpu"] / ours["cpu"]
    row["target"] = "3 times DuckDB" if size >= LEAST else None
    row["met"] = ratio >= 3 if size >= LEAST else None
    row["ratio"] = ratio
    row["facts"] = (
        f"DuckDB {median(theirs['seconds']):.2f} s, {theirs['cpu']:.1f} cpu-s, "
        f"{theirs['peak'] / 2**30:.1f} GiB: {ratio:.1f} times in time, "
        f"{cpu:.1f} in processor time (ours {ours['cpu']:.1f} cpu-s)"
    )
    return [row]


def _imports(size: int, limit: float) -> list[Row]:
    rows = []
    for source, target, note in (
        ("csv", 30.0, "at 10 million rows"),
        ("parquet", 120.0 * size / 100_000_000, "120 s at 100 million rows, in proportion"),
    ):
        found = import_case(source, size, limit)
        area = f"{'CSV with text ids' if source == 'csv' else 'Parquet'} to a ready case, everything checked"
        row = _target(
            area,
            size,
            median(found["seconds"]),
            target,
            found,
            f"{note}; {found['disk'] / 2**20:,.0f} MiB on disk",
        )
        rows.append(row)
    return rows


def _target(area: str, size: int, measured: float, target: float | None, found: Row, facts: str) -> Row:
    if size < LEAST:
        target = None
    return {
        "area": area,
        "size": size,
        "target": target,
        "measured": measured,
        "met": None if target is None else measured <= target,
        "peak": found["peak"],
        "runs": found["runs"] if "runs" in found else len(found["seconds"]),
        "facts": facts,
    }


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"


def clean() -> None:
    """Remove what an interrupted run left in the cache."""
    for left in data.CACHE.glob(".case-*"):
        shutil.rmtree(left, ignore_errors=True)
