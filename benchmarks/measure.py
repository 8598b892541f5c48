"""Measuring: repeated runs, medians, peak memory, and each measurement in a process of its own."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from benchmarks.data import ROOT

ENOUGH = 10.0
"""Seconds after which a measurement is not repeated further, once it has two runs."""


def timed(
    ask: Callable[[], Any], runs: int, prepare: Callable[[], None] | None = None, warm: bool = False
) -> list[float]:
    """Wall seconds of each run after one that does not count (none if `warm`): fewer runs where they take
    long.
    """
    if not warm:
        if prepare is not None:
            prepare()
        ask()
    found: list[float] = []
    while len(found) < runs and (len(found) < 2 or sum(found) < ENOUGH):
        if prepare is not None:
            prepare()
        begun = time.perf_counter()
        ask()
        found.append(time.perf_counter() - begun)
    return found


def median(values: Sequence[float]) -> float:
    return float(statistics.median(values))


def peak_memory() -> int:
    """The most memory that this process has held so far, in bytes; what it mapped of files counts."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(held) * (1 if sys.platform == "darwin" else 1024)


def random_access(steps: Any, pots: int) -> float:
    """Seconds for what no rule can do without: reading a step anywhere in the ledger, and for each of its two
    accounts reading and writing a record of two words.

    The places are known ahead and nothing depends on what is found: only the memory is waited for.
    """
    from numba import njit

    @njit(nogil=True)
    def visit(steps: Any, state: Any, places: Any) -> None:
        for i in range(places.size):
            step = steps[places[i]]
            state[step["src"], 0] += 1
            state[step["dst"], 1] += step["amount"]

    count = min(10_000_000, 10 * len(steps))
    state, places = np.zeros((pots, 2), np.int64), np.random.default_rng(7).integers(0, len(steps), count)
    return median(timed(lambda: visit(steps, state, places), 5)) / count


class JobError(Exception):
    """A measurement that ended without a result."""


def job(function: str, *arguments: object, limit: float) -> dict[str, Any]:
    """The result of ``module:function`` with these arguments, in a process of its own.

    Since `share_imports` that is one that begins with what another has imported.

    Raises
    ------
    JobError
        It took longer than `limit` seconds, or failed; the message is what it said last.
    """
    if _SHARED:
        return _shared_job(function, arguments, limit)
    command = [sys.executable, "-m", "benchmarks.measure", function, json.dumps(arguments)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False, env=surroundings()
        )
    except subprocess.TimeoutExpired:
        raise JobError(f"not within {limit:.0f} s") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or "nothing").splitlines()[-1]
        raise JobError(f"ended with {done.returncode}: {said}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


_SHARED: list[Any] = []


def share_imports(*modules: str) -> None:
    """From now on each process begins as a copy of one that has imported these modules.

    That takes seconds less each, but what it holds at its peak is no longer its own: to see that everything
    works, not to publish.
    """
    os.environ.update(surroundings())
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    _SHARED.append(context)


def _shared_job(function: str, arguments: Sequence[object], limit: float) -> dict[str, Any]:
    ours, its = _SHARED[0].Pipe(duplex=False)
    process = _SHARED[0].Process(target=_answer, args=(its, function, json.dumps(arguments)))
    process.start()
    its.close()
    try:
        if not ours.poll(limit):
            raise JobError(f"not within {limit:.0f} s")
        found: dict[str, Any] = json.loads(ours.recv())
    except EOFError:
        process.join()
        raise JobError(f"ended with {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
        ours.close()
    if "failed" in found:
        raise JobError(f"ended with 1: {found['failed']}")
    result: dict[str, Any] = found["result"]
    return result


def _answer(where: Any, function: str, arguments: str) -> None:
    try:
        said = {"result": _asked(function, arguments)}
    except Exception as error:
        said = {"failed": f"{type(error).__name__}: {error}"}
    where.send(json.dumps(said))


def _asked(function: str, arguments: str) -> Any:
    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)(*json.loads(arguments))


def command(arguments: Sequence[str], limit: float) -> tuple[float, int, str]:
    """Run ``python -m graphflow ...``: wall seconds, peak memory in bytes, and what it printed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "graphflow", *arguments],
            cwd=ROOT,
            stdout=out,
            stderr=errors,
            env=surroundings(),
        )
        timer = threading.Timer(limit, process.send_signal, (signal.SIGKILL,))
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            said = errors.read().decode(errors="replace").strip() or f"not within {limit:.0f} s"
            raise JobError(f"graphflow {arguments[0]}: {said.splitlines()[-1]}")
        held = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return seconds, int(held), out.read().decode()


def surroundings() -> dict[str, str]:
    """English messages, whoever runs it."""
    return {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}


# ---------------------------------------------------------------------- where it was measured
PACKAGES = (
    "numpy", "numba", "pyarrow", "pandas", "scipy", "networkx", "igraph", "duckdb", "polars", "raphtory",
    "snapml",
)  # fmt: skip


def machine() -> Mapping[str, Any]:
    """Cores, memory, processor and versions: no names of machines or people."""
    from graphflow.version import VERSION

    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "graphflow": VERSION,
        "packages": found,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = dict(
                line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line
            )
    except OSError:
        return platform.processor() or platform.machine()
    facts = {name.strip(): value.strip() for name, value in lines.items()}
    model = f"family {facts.get('cpu family', '?')}, model {facts.get('model', '?')}"
    return f"{facts.get('model name', platform.machine())} ({model})"


def load_average() -> float | None:
    """How many processes wanted a core in the last minute: above the number of cores, times are too long."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


if __name__ == "__main__":
    print("\n" + json.dumps(_asked(sys.argv[1], sys.argv[2])))
