"""``python -m benchmarks.big``: one very large case, from generated Parquet to its answers; printed and kept.

Every stage runs in a process of its own, so that its peak memory is its own: making the data, importing them
into a new case (read, checked, compiled, written), opening it, one transfer under every rule, forward and
backward, and the question that all peers can state. Peak memory is the most that was resident at a time, and
what a process has mapped of the case's files counts in it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import data, results
from benchmarks.__main__ import say, sizes_of
from benchmarks.measure import JobError, command, job, load_average, machine, peak_memory
from benchmarks.question import HOPS
from benchmarks.results import seconds_said
from benchmarks.targets import LOCAL, RULES, beside_bound, bound_said

Row = dict[str, Any]

FULL = 100_000_000
"""The targets are for this many transfers; with fewer they are shown and not judged."""
BUILD, MEMORY, OPEN, ANSWER, BUSIEST = 120.0, 16 << 30, 2.0, 1.0, 5.0
"""Seconds and bytes that building may take, seconds of opening, of a question that reaches little, and of one
that reaches very much.
"""
ROOM = 300
"""Bytes of disk that are wanted free for each transfer."""


# ---------------------------------------------------------------------- stages, each in a process of its own
def generate(size: int) -> Row:
    """The tables as Parquet."""
    begun = time.perf_counter()
    data.tables_folder(size)
    return {"seconds": time.perf_counter() - begun, "peak": peak_memory()}


def open_whole(path: str) -> Row:
    """The case and its ledger: in a process that has only just begun, and once more."""
    import graphflow as gf

    seconds = []
    for _ in range(2):
        begun = time.perf_counter()
        ledger = gf.open_case(path).ledger
        seconds.append(time.perf_counter() - begun)
    assert ledger.row(ledger.transfer_ids[ledger.size // 2].as_py()) == ledger.size // 2
    facts = f"{ledger.size:,} transfers, {len(ledger.account_ids):,} accounts, {len(ledger.pots):,} histories"
    return {"seconds": seconds[0], "again": seconds[1], "peak": peak_memory(), "facts": facts}


def trace_one(path: str, rule: str, backward: bool) -> Row:
    """The transfer in the middle, with its ends: as the first question to the case, and once more."""
    import graphflow as gf
    from graphflow.synthesis import toys

    toy = toys.two_victims()  # brings in the kernels
    gf.trace(toy, f"transfer:{toy.ledger.transfer_ids[0].as_py()}", rule=rule, backward=backward).ends  # noqa: B018
    case = gf.open_case(path)
    reference = f"transfer:{case.ledger.transfer_ids[case.ledger.size // 2].as_py()}"
    seconds = []
    for _ in range(2):
        begun = time.perf_counter()
        found = gf.trace(case, reference, rule=rule, backward=backward)
        ends = found.ends
        seconds.append(time.perf_counter() - begun)
    if found.attributes and int(ends["seed_amount"].sum()) != found.seed:
        raise AssertionError(f"the ends of {reference} do not add up to its seed")
    peak = peak_memory()  # before the rows are looked at one by one
    reached = len(found.transfers) if len(ends) <= LOCAL else None
    return {"seconds": seconds[0], "again": seconds[1], "ends": len(ends), "reached": reached, "peak": peak}


def trace_busiest(path: str, rule: str) -> Row:
    """All that the busiest account paid, with its ends, and the rule alone beside its bound."""
    import graphflow as gf

    case = gf.open_case(path)
    reference = f"account:{case.ledger.account_ids[0].as_py()}"
    begun = time.perf_counter()
    found = gf.trace(case, reference, rule=rule)
    ends = found.ends
    seconds = time.perf_counter() - begun
    if found.attributes and int(ends["seed_amount"].sum()) != found.seed:
        raise AssertionError(f"the ends of {reference} do not add up to its seed")
    count = len(ends)
    del found, ends
    beside = beside_bound(case, reference, rule)
    facts = f"{count:,} ends; the rule alone {seconds_said(beside['alone'])}: {bound_said(beside)}"
    return {"seconds": seconds, "peak": peak_memory(), "facts": facts}


def ask_all(path: str) -> Row:
    """The question that all peers can state; its seed is the first transfer into the busiest account."""
    import graphflow as gf
    from benchmarks.peers import ask_graphflow
    from graphflow.synthesis import toys

    ask_graphflow(toys.two_victims().ledger, 0, HOPS)  # brings in the kernel
    ledger = gf.open_case(path).ledger
    coming, (pot,) = ledger.credits, ledger.pots_of(0)
    seed = int(coming.steps[coming.pointer[pot]])
    seconds = []
    for _ in range(2):
        begun = time.perf_counter()
        answer = ask_graphflow(ledger, seed, HOPS)
        seconds.append(time.perf_counter() - begun)
    return {
        "seconds": seconds[0],
        "again": seconds[1],
        "peak": peak_memory(),
        "facts": f"{len(answer.account):,} of {len(ledger.account_ids):,} accounts touched",
        "digest": answer.digest(),
    }


# ---------------------------------------------------------------------- all of them
def measure(size: int, aside: Path, limit: float, tell: Any = say, rules: Sequence[str] = RULES) -> list[Row]:
    """One row a stage; a stage that fails says why, and those after the build go on without it."""
    rows: list[Row] = []
    folder = data.CACHE / f"ledger-{size}"
    if folder.exists():
        rows.append(_row("generate", size, {"facts": "made before, not measured"}, disk=bytes_in(folder)))
    else:
        tell("generating")
        found = job("benchmarks.big:generate", size, limit=limit)
        rows.append(_row("generate", size, found, disk=bytes_in(folder)))
    tell("building")
    case = aside / "case"
    used = sum(os.times()[2:4])  # what ended processes of this one have used
    seconds, peak, _ = command(["import", str(folder), "--case", str(case)], limit)
    used = sum(os.times()[2:4]) - used
    found = {"seconds": seconds, "peak": peak, "cpu": used, "facts": f"{used:.0f} s of processor time"}
    built = _row("build: Parquet to a ready case", size, found, BUILD, bytes_in(case))
    built["most"] = MEMORY
    built["met"] = None if size < FULL else seconds <= BUILD and peak <= MEMORY
    rows.append(built)
    stages: list[tuple[str, float | None, tuple[Any, ...]]]
    stages = [("open the case and its ledger", OPEN, ("open_whole", str(case)))]
    stages += [
        (f"one transfer, {rule}, {'backward' if backward else 'forward'}", ANSWER,
         ("trace_one", str(case), rule, backward))
        for rule in rules for backward in (False, True) if not (backward and rule == "libr")
    ]  # fmt: skip
    stages += [
        (f"all that the busiest account paid, {rule}", BUSIEST, ("trace_busiest", str(case), rule))
        for rule in rules
    ]
    stages.append((f"the question that all peers can state, {HOPS} hops", None, ("ask_all", str(case))))
    for name, target, (function, *arguments) in stages:
        tell(name)
        try:
            found = job(f"benchmarks.big:{function}", *arguments, limit=limit)
        except JobError as error:
            rows.append(_row(name, size, {"facts": f"no answer: {error}"}))
            continue
        rows.append(_row(name, size, found, target))
    return rows


def _row(stage: str, size: int, found: Row, target: float | None = None, disk: int | None = None) -> Row:
    row: Row = {
        "stage": stage,
        "size": size,
        "target": target,
        "disk": disk,
        "met": None,
        "facts": "",
        **found,
    }
    if "ends" in found:
        reached = found["reached"]
        many = "" if reached is None else f", {reached:,} transfers"
        row["facts"] = f"{found['ends']:,} ends{many}"
        if reached is None or reached > LOCAL:  # the target is a local question's
            row["target"] = None
    if row["target"] is not None and size >= FULL:
        row["met"] = found["again" if "ends" in found else "seconds"] <= row["target"]
    return row


def bytes_in(folder: Path) -> int:
    """What the files of a folder take on the disk; one that has two names counts once."""
    files = {(s.st_dev, s.st_ino): s.st_size for s in (x.stat() for x in folder.rglob("*") if x.is_file())}
    return sum(files.values())


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.big", description=__doc__)
    parser.add_argument("--size", type=sizes_of, default=[FULL], help="transfers: 1e8, 10M")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds after which a stage is given up")
    parser.add_argument("--out", type=Path, default=data.ROOT / "benchmarks" / "results")
    parser.add_argument("--note", help="what a reader of the results should know")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    ask = arguments(given)
    (size,) = ask.size
    data.CACHE.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(data.CACHE).free
    if free < ROOM * size:
        sys.exit(f"benchmarks: {ROOM * size:,} bytes of disk are wanted, {free:,} are free")
    found: Row = {"date": results.today(), "load_before": load_average(), "machine": machine()}
    if ask.note:
        found["note"] = ask.note
    aside = data.CACHE / f".big-{size}"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir()
        found["big"] = measure(size, aside, ask.limit)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    found["load_after"] = load_average()
    text, figures = results.keep(found, ask.out, f"big-{results.rows_said(size)}")
    print(results.said(found))
    say(f"kept: {text.name} and {figures.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
