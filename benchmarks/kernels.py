"""Every kernel: against its naive twin at a size that the twin can bear, and alone at named sizes.

The pairs are those of `tests/cases.py`; the outcomes are compared before any time is kept. Kernels that work
on one value are seen through those that call them. Alone, a kernel is given a ledger of a power law of
accounts; where what it is asked touches nearly everything, that is said in `WHAT`.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.measure import job, median, timed
from benchmarks.question import HOPS
from graphflow.tracing.walk import PATIENCE

Run = tuple[Callable[[], Any], Callable[[], None] | None]


# ---------------------------------------------------------------------- beside the twins
def beside_twins(longest: float, quick: bool) -> list[dict[str, Any]]:
    """In a process of its own: each kernel and its twin on the same inputs, the largest that the twin can
    bear.
    """
    from tests.cases import PAIRS

    rows = []
    for pair in PAIRS:
        for size in sorted(pair.sizes, reverse=not quick)[:1]:
            args = pair.make(random.Random(size), size)
            for_kernel, for_twin = copy.deepcopy(args), copy.deepcopy(args)
            begun = time.perf_counter()
            theirs = pair.outcome(pair.twin(*for_twin), for_twin)
            slow = [time.perf_counter() - begun]
            if pair.outcome(pair.kernel(*for_kernel), for_kernel) != theirs:
                raise AssertionError(f"{pair.name} differs from its twin at {size}")
            rows.append(_row(pair.name, size, args, pair.kernel, pair.twin, slow, longest))
    return rows + _texts_beside_twins(longest)


def _row(
    name: str, size: int, args: tuple, kernel: Callable, twin: Callable, slow: list[float], longest: float
) -> dict[str, Any]:
    held: list[tuple] = []

    def prepare() -> None:
        held[:] = [copy.deepcopy(args)]

    while len(slow) < 3 and sum(slow) < longest:
        prepare()
        begun = time.perf_counter()
        twin(*held[0])
        slow.append(time.perf_counter() - begun)
    fast = timed(lambda: kernel(*held[0]), 7, prepare)
    return {"kernel": name, "size": size, "twin": median(slow), "ours": median(fast), "runs": len(fast)}


def _texts_beside_twins(longest: float) -> list[dict[str, Any]]:
    """The text kernels: their twins take lists of text, so that the two are fed apart."""
    import pyarrow as pa

    from graphflow.kernels import text as kernels
    from graphflow.tables.columns import buffers
    from tests.naive import text as naive

    size = 10_000
    rng = random.Random(size)
    amounts = [f"{rng.randint(0, 10**9)}.{rng.randint(0, 99):02}" for _ in range(size)]
    stamps = [
        f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:00:00.000125"
        for _ in amounts
    ]
    words = [f"A{rng.randint(0, size):08}" for _ in amounts]

    def laid(texts: list[str]) -> tuple:
        return tuple(buffers(pa.array(texts, pa.large_string())))

    digits = np.full(1, 2, np.int8)
    hashes = kernels.hash64(*laid(words))
    cases: list[tuple[str, Callable, tuple, Callable, tuple]] = [
        (
            "text.decimals",
            kernels.decimals,
            (*laid(amounts), digits, False),
            naive.decimals,
            (amounts, [2], False),
        ),
        ("text.times", kernels.times, laid(stamps), naive.times, (stamps,)),
        ("text.ids", kernels.ids, laid(words), naive.ids, (words,)),
        ("text.hash64", kernels.hash64, laid(words), naive.hash64, (words,)),
        ("text.first_of", kernels.first_of, (hashes, *laid(words)), naive.first_of, (words,)),
    ]
    rows = []
    for name, kernel, args, twin, theirs in cases:
        begun = time.perf_counter()
        expected = twin(*theirs)
        slow = [time.perf_counter() - begun]
        found = kernel(*args)
        first = found[0] if isinstance(found, tuple) else found
        if name == "text.times":
            expected = [row[0] for row in expected]
        elif name == "text.decimals":
            expected = expected[0]
        if first.tolist() != list(expected):
            raise AssertionError(f"{name} differs from its twin at {size}")
        while len(slow) < 3 and sum(slow) < longest:
            begun = time.perf_counter()
            twin(*theirs)
            slow.append(time.perf_counter() - begun)
        fast = timed(lambda kernel=kernel, args=args: kernel(*args), 7)  # type: ignore[misc]
        rows.append(
            {"kernel": name, "size": size, "twin": median(slow), "ours": median(fast), "runs": len(fast)}
        )
    return rows


# ---------------------------------------------------------------------- alone
class Given:
    """A compiled ledger and the question that touches nearly all of it: everything that the busiest account
    paid.
    """

    def __init__(self, size: int) -> None:
        from graphflow.case import open_case

        self.size = size
        self.ledger = open_case(data.case_folder(size)).ledger
        self.steps = self.ledger.steps
        self.pots = len(self.ledger.pots)
        self.seeds = np.flatnonzero(self.steps["src"] == 0)
        self.amounts = self.steps["amount"][self.seeds].astype(np.int64)
        self.none = np.full_like(self.seeds, -1)

    def held(self, make: Callable[[], Any]) -> tuple[list[Any], Callable[[], None]]:
        """Something that a run spoils, and what makes it anew before each."""
        box: list[Any] = []

        def prepare() -> None:
            box[:] = [make()]

        return box, prepare


def index_by(given: Given) -> Run:
    from graphflow.kernels.index import index_by as kernel

    keys = np.ascontiguousarray(given.steps["src"])
    return lambda: kernel(keys, given.pots), None


def topological(given: Given) -> Run:
    from graphflow.kernels.order import topological as kernel

    rng = np.random.default_rng(1)
    nodes = given.size
    before = rng.integers(0, nodes - 1, given.size)
    after = before + 1 + rng.integers(0, nodes, given.size) % (nodes - 1 - before)
    return lambda: kernel(before, after, nodes), None


def book_rows(given: Given) -> Run:
    from graphflow.kernels.balances import book_rows as kernel

    source, target = (np.ascontiguousarray(given.steps[side]) for side in ("src", "dst"))
    amount = given.steps["amount"].astype(np.int64)
    return lambda: kernel(source, target, amount, amount, given.pots, False), None


def divide_custody(given: Given) -> Run:
    from graphflow.kernels.balances import divide_custody as kernel

    rng = np.random.default_rng(1)
    size, compartments = given.size, 1000
    pays = rng.random(size) < 0.5
    amount = rng.integers(1, 100_000, size)
    own = rng.integers(1, compartments, size)
    book, nobody = np.zeros(size, np.int64), np.full(size, -1)
    args = (
        np.where(pays, book, nobody), np.where(pays, nobody, book), own, own, amount, amount,
        np.array([10**6]), np.array([0]),
    )  # fmt: skip
    return lambda: kernel(*args), None


def run_balances(given: Given) -> Run:
    from graphflow.kernels.balances import STAND
    from graphflow.kernels.balances import run_balances as kernel

    stand = np.zeros(given.pots, STAND)
    stand["held"] = given.ledger.pots["opening"]
    stand["credited"] = np.maximum(stand["held"], 0)
    box, prepare = given.held(stand.copy)
    none = np.zeros(0, np.int64)
    steps = given.steps.copy()
    return lambda: kernel(steps, box[0], none, none), prepare


def index_steps(given: Given) -> Run:
    from graphflow.kernels.lay import ENTRY
    from graphflow.kernels.lay import index_steps as kernel

    pointer = given.ledger.debits.pointer
    entries = np.empty(given.size, ENTRY)
    box, prepare = given.held(pointer[:-1].copy)
    return lambda: kernel(given.steps, 0, False, pointer, box[0], entries), prepare


def trace_lots(given: Given) -> Run:
    from graphflow.kernels.fifo import trace_lots as kernel

    side = given.ledger.debits
    zero = np.zeros_like(given.seeds)
    seeds = np.column_stack((2 * given.seeds, given.none, zero, given.amounts, zero))
    box, prepare = given.held(lambda: np.zeros((given.pots, 2), np.int64))
    last = len(given.steps) - 1
    return lambda: kernel(
        given.steps, side.pointer, side.steps, side.starts, seeds, box[0], last, False
    ), prepare


def trace_stack(given: Given) -> Run:
    from graphflow.kernels.lifo import trace_stack as kernel

    side, converted = given.ledger.debits, given.ledger.converted
    zero = np.zeros_like(given.seeds)
    seeds = np.column_stack((2 * given.seeds, given.none, zero, given.amounts, zero))
    box, prepare = given.held(lambda: np.zeros((given.pots, 2), np.int64))
    last = len(given.steps) - 1
    whole = (side.pointer, side.steps, side.starts, side.held, side.lows)
    return lambda: kernel(given.steps, whole, converted, seeds, box[0], last, False, PATIENCE), prepare


def build_lows(given: Given) -> Run:
    from graphflow.kernels.lay import ENTRY
    from graphflow.kernels.lows import build_lows as kernel

    side = given.ledger.debits
    entries = np.empty(side.steps.size, ENTRY)
    entries["step"], entries["start"], entries["held"] = side.steps, side.starts, side.held
    paid = given.steps["amount"][side.steps[np.maximum(side.pointer[1:] - 1, 0)]].astype(np.int64)
    return lambda: kernel(side.pointer, entries, paid, False), None


def trace_shares(given: Given) -> Run:
    from graphflow.kernels.prorata import trace_shares as kernel

    side, converted = given.ledger.debits, given.ledger.converted
    seeds = np.column_stack((2 * given.seeds, given.none, given.amounts, given.amounts))
    box, prepare = given.held(lambda: np.zeros((given.pots, 6), np.int64))
    last = len(given.steps) - 1
    return lambda: kernel(
        given.steps,
        (side.pointer, side.steps, side.starts, side.held),
        seeds,
        converted,
        box[0],
        last,
        False,
        PATIENCE,
    ), prepare


def trace_lowest(given: Given) -> Run:
    from graphflow.kernels.libr import trace_lowest as kernel

    side, converted = given.ledger.debits, given.ledger.converted
    seeds = np.column_stack((2 * given.seeds, given.none, given.amounts, given.amounts))
    box, prepare = given.held(lambda: np.zeros((given.pots, 4), np.int64))
    last = len(given.steps) - 1
    whole = (side.pointer, side.steps, side.starts, side.held, side.lows)
    return lambda: kernel(given.steps, whole, seeds, converted, box[0], last, PATIENCE), prepare


def spread(given: Given) -> Run:
    from graphflow.kernels.poison import spread as kernel

    ledger = given.ledger
    sides = (ledger.debits.pointer, ledger.debits.steps, ledger.credits.pointer, ledger.credits.steps)
    seeds = np.column_stack((2 * given.seeds, given.none, given.amounts, given.amounts))
    box, prepare = given.held(lambda: np.zeros((given.pots, 4), np.int64))
    limits = (len(given.steps) - 1, -1, False, False)
    both = (*sides, ledger.compartments)
    return lambda: kernel(
        given.steps, ledger.pots, both, seeds, ledger.converted, box[0], limits, PATIENCE
    ), prepare  # fmt: skip


def touch(given: Given) -> Run:
    from graphflow.kernels.poison import touch as kernel

    side = given.ledger.debits
    place = data.seeds(given.size).full
    seeds = np.array([[place, given.steps["amount"][place]]], np.int64)
    box, prepare = given.held(lambda: np.zeros((given.pots, 4), np.int64))
    last = len(given.steps) - 1
    return lambda: kernel(
        given.steps, side.pointer, side.steps, seeds, box[0], last, HOPS, True, PATIENCE
    ), prepare


def walk_chains(given: Given) -> Run:
    from graphflow.tracing.chains import Chains, Limits

    ledger = given.ledger
    which = slice(0, max(len(given.seeds) // 10, 1))
    numbers = np.arange(len(given.seeds[which]))
    zero = np.zeros_like(numbers)
    steps = given.seeds[which]
    seeds = np.column_stack((steps, zero - 1, zero, given.amounts[which], steps, numbers))
    found = Chains(
        given.steps, ledger.debits, ledger.converted, seeds, steps.reshape(-1, 1),
        np.zeros((0, 2), np.int64), len(given.steps) - 1, 0, Limits(),
    )  # fmt: skip
    return lambda: sum(len(batch.bounds) - 1 for batch in found.batches()), None


def _text(given: Given, column: str, kernel: str, more: tuple = ()) -> Run:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from graphflow.kernels import text
    from graphflow.tables.columns import buffers

    values = pq.read_table(data.tables_folder(given.size) / "transfers.parquet", columns=[column])[column]
    args = (*buffers(values.cast(pa.large_string()).combine_chunks()), *more)
    if kernel == "first_of":
        args = (text.hash64(*args), *args)
    return lambda: getattr(text, kernel)(*args), None


WHAT: dict[str, tuple[Callable[[Given], Run], str]] = {
    "index.index_by": (index_by, "steps by paying account"),
    "order.topological": (topological, "as many rows as orders between two of them"),
    "balances.book_rows": (book_rows, ""),
    "balances.divide_custody": (divide_custody, "one custody account of 1,000 earmarks"),
    "balances.run_balances": (run_balances, ""),
    "lay.index_steps": (index_steps, "steps by paying account"),
    "lows.build_lows": (build_lows, "debits"),
    "fifo.trace_lots": (trace_lots, "all that the busiest account paid"),
    "lifo.trace_stack": (trace_stack, "all that the busiest account paid"),
    "prorata.trace_shares": (trace_shares, "all that the busiest account paid; reaches nearly everything"),
    "libr.trace_lowest": (trace_lowest, "all that the busiest account paid; reaches nearly everything"),
    "poison.spread": (spread, "all that the busiest account paid, with its ends; reaches nearly everything"),
    "poison.touch": (touch, "one seed, 6 hops; reaches nearly everything"),
    "chains.walk_chains": (walk_chains, "the first tenth of what the busiest account paid"),
    "text.decimals": (
        lambda given: _text(given, "amount", "decimals", (np.full(1, 2, np.int8), False)),
        "amounts",
    ),
    "text.times": (lambda given: _text(given, "time", "times"), "times"),
    "text.ids": (lambda given: _text(given, "source", "ids"), "account ids"),
    "text.hash64": (lambda given: _text(given, "transfer_id", "hash64"), "transfer ids"),
    "text.first_of": (lambda given: _text(given, "source", "first_of"), "account ids"),
}


def alone(names: list[str], size: int) -> list[dict[str, Any]]:
    """In a process of its own: kernels at one size."""
    given = Given(size)
    rows = []
    for name in names:
        make, what = WHAT[name]
        run, prepare = make(given)
        rows.append({"kernel": name, "size": size, "ours": timed(run, 5, prepare), "what": what})
    return rows


def measure(sizes: list[int], only: str | None, quick: bool, limit: float) -> dict[str, list[dict[str, Any]]]:
    """Both tables of the kernels."""
    names = [name for name in WHAT if not only or only in name]
    beside: Any = job("benchmarks.kernels:beside_twins", 0.2 if quick else 3.0, quick, limit=limit)
    rows: list[dict[str, Any]] = []
    for size in sizes:
        found: Any = job("benchmarks.kernels:alone", names, size, limit=limit)
        rows += found
    rows.sort(key=lambda row: names.index(row["kernel"]))
    return {"beside_twins": [row for row in beside if not only or only in row["kernel"]], "alone": rows}
