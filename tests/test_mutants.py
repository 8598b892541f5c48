"""Faults planted in every kernel are seen by the property that compares it with its twin.

Each mutant is one line of a kernel, changed in a copy of its source; the copy runs as plain Python on the inputs of
`tests/cases.py`. A mutant that nothing catches means that the properties are too weak, and fails here.
"""

from __future__ import annotations

import copy
import os
import random
import signal
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import cases
from tests.cases import PAIRS, Pair

KERNELS = Path(__file__).resolve().parent.parent / "graphflow" / "kernels"
EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "400"))
BY_NAME = {pair.name: pair for pair in PAIRS}
PLAIN = "def njit(*args, **keywords):\n    return lambda function: function\n"

# the kernel, a line of it, what stands there instead
MUTANTS = (
    ("index.index_by", "pointer[keys[i] + 1] += 1", "pointer[keys[i]] += 1"),
    ("index.index_by", "free[k] += 1", "free[k] += 0"),
    ("index.index_by", "for k in range(size):", "for k in range(size - 1):"),
    ("index.period_of", "if ends[middle] < time[i]:", "if ends[middle] <= time[i]:"),
    ("index.period_of", "begins[low] <= time[i]", "begins[low] < time[i]"),
    ("index.history_keys", "slot = period[i] - pointer[a] + 1", "slot = period[i] - pointer[a]"),
    ("index.history_keys", "if kept[a] and slot > 0:", "if kept[a]:"),
    ("index.compact", "if keys[i] >= 0 else -1", "if keys[i] >= 0 else 0"),
    ("index.compact", "number[k] = count", "number[k] = k"),
    ("order.topological", "waits[after[i]] += 1", "waits[before[i]] += 1"),
    ("order.topological", "heap[(i - 1) // 2] > follower", "heap[(i - 1) // 2] < follower"),
    ("order.topological", "heap[child + 1] < heap[child]", "heap[child + 1] > heap[child]"),
    ("order.topological", "forced[node] = True", "forced[node] = False"),
    ("balances.book_rows", "lowest[p] = min(lowest[p], total[p])", "lowest[p] = total[p]"),
    ("balances.book_rows", "total[p] -= paid[i]", "total[p] -= received[i]"),
    ("balances.book_rows", "of_target[i] = total[q]", "of_target[i] = total[p]"),
    ("balances.divide_custody", "if turn == 0:", "if turn == 7:"),
    ("balances.divide_custody", "owed[b] += rest", "owed[b] = rest"),
    ("balances.divide_custody", "first[b] = later[pot]", "first[b] = earlier[pot]"),
    ("balances.divide_custody", "earlier[later[pot]] = earlier[pot]", "earlier[later[pot]] = pot"),
    ("balances.divide_custody", "rest = received[i] - repaid[i]", "rest = received[i]"),
    ("balances.run_balances", "paid[p] += min(amount, available)", "paid[p] += amount"),
    ("balances.run_balances", "available = max(held[p], 0)", "available = held[p]"),
    ("balances.run_balances", "min(arrives, max(-held[q], 0))", "max(-held[q], 0)"),
    ("balances.run_balances", 'credited[q] += arrives - steps[s]["repaid"]', "credited[q] += arrives"),
    ("balances.run_balances", "credited = np.maximum(opening, 0)", "credited = opening.copy()"),
    ("fifo.payment_at", "if starts[middle] <= place:", "if starts[middle] < place:"),
    ("fifo.payment_at", "unit = -place - 1", "unit = -place"),
    ("fifo.trace_lots", "if lots[lot, 0] >= start + pays:", "if lots[lot, 0] > start + pays:"),
    ("fifo.trace_lots", "high = min(lots[lot, 1] - start, pays)", "high = lots[lot, 1] - start"),
    ("fifo.trace_lots", 'shift = -(steps[s]["dplace"] + own)', 'shift = -steps[s]["dplace"]'),
    ("fifo.trace_lots", 'repaid = steps[s]["repaid"]\n', "repaid = np.int64(0)\n"),
    ("fifo.trace_lots", "lots[queue[payee, 1], 2] = lot", "lots[queue[payee, 1], 2] = 0"),
    ("fifo.trace_lots", "if after > place and after <= last:", "if after > place and after < last:"),
    ("prorata.share", "while remainder >= parts:", "while remainder > parts:"),
    ("prorata.take", "if rest + rest_low >= parts:", "if rest + rest_low > parts:"),
    ("prorata.take", "fraction += 4294967296", "fraction += 4294967295"),
    ("prorata.nearest", "if remainder >= parts - remainder:", "if remainder > parts - remainder:"),
    ("prorata.next_step", "if positions[middle] <= place:", "if positions[middle] < place:"),
    ("prorata.trace_shares", "if fraction > 2147483648:", "if fraction >= 2147483648:"),
    ("prorata.trace_shares", "taken = held - stays", "taken = held - whole"),
    ("prorata.trace_shares", "if pays >= balance:", "if pays >= balance - 1:"),
    ("prorata.trace_shares", "to_lender = nearest(arrived, paid - own, paid)", "to_lender = np.int64(0)"),
    (
        "prorata.trace_shares",
        "to_lender = nearest(arrived, repaid, came)",
        "to_lender = min(arrived, repaid)",
    ),
    ("prorata.trace_shares", "upto = nearest(rest, done, own)", "upto = min(rest, done)"),
    ("prorata.trace_shares", 'own += min(amount, steps[low + k]["avail"])', "own += amount"),
    ("prorata.trace_shares", "state[payer, 3] -= taken_seed", "state[payer, 3] -= taken"),
    ("poison.touch", "reached[q, 0] = max(reached[q, 0], left)", "reached[q, 0] = left"),
    ("poison.touch", "if left > 1:", "if left > 0:"),
    ("poison.touch", "amount = max(amount, seeds[turn, 1])", "amount = seeds[turn, 1]"),
    ("poison.touch", "& 7 == 0", "& 63 == 0"),
    ("chains.nearest", "if remainder >= parts - remainder:", "if remainder > parts - remainder:"),
    ("chains.payment_at", "if starts[middle] <= unit:", "if starts[middle] < unit:"),
    ("chains.position_of", "if values[middle, 0] < value:", "if values[middle, 0] <= value:"),
    ("chains.walk_chains", "cut = min(high, start + pays)", "cut = high"),
    ("chains.walk_chains", "hops + 1 > most", "hops > most"),
    ("chains.walk_chains", "total < least", "total <= least"),
    ("chains.walk_chains", "came <= standing[b, 1]", "came < standing[b, 1]"),
    ("chains.walk_chains", "lent = max(min(high, repaid) - low, 0)", "lent = np.int64(0)"),
    ("chains.walk_chains", "base = pieces[i, 5]", "base = pieces[i, 2]"),
    ("chains.walk_chains", "total += amount_seed", "total += cut - low"),
)


def plain_copy(kernel: str, old: str = "", new: str = "") -> Callable[..., Any]:
    """A kernel as plain Python, out of its source with one thing changed."""
    room, _, name = kernel.partition(".")
    source = (KERNELS / f"{room}.py").read_text(encoding="utf-8")
    assert "from numba import njit\n" in source
    source = source.replace("from numba import njit\n", PLAIN)
    if old:
        start = source.index(f"def {name}(")
        end = source.find("\n@njit", start)
        body = source[start:] if end < 0 else source[start:end]
        assert old in body, f"{kernel} has no {old!r} any more: plant the mutant anew"
        changed = body.replace(old, new, 1)
        source = source.replace(body, changed)
    module = types.ModuleType(f"mutant_of_{room}")
    exec(compile(source, f"{room}.py", "exec"), module.__dict__)
    function: Callable[..., Any] = getattr(module, name)
    return function


class EndlessError(Exception):
    """The mutant does not come to an end."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise EndlessError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def differs(pair: Pair, kernel: Callable[..., Any], examples: int) -> bool:
    """Whether the property sees a difference in that many examples."""
    for number in range(examples):
        args = pair.make(random.Random(number), (12, 30, 4)[number % 3])
        for_twin = copy.deepcopy(args)
        expected = pair.outcome(pair.twin(*for_twin), for_twin)
        try:
            with np.errstate(all="ignore"), at_most(5):
                found = pair.outcome(kernel(*args), args)
        except Exception:  # a fault may show itself in any way
            return True
        if found != expected:
            return True
    return False


@pytest.fixture
def walks_plainly(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Lets the outcome of chains go on with the kernel under test."""
    return lambda kernel: monkeypatch.setattr(cases.chains, "walk_chains", kernel)


@pytest.mark.parametrize("name", BY_NAME)
def test_without_a_fault_nothing_differs(name: str, walks_plainly: Callable[..., None]) -> None:
    kernel = plain_copy(name)
    if name == "chains.walk_chains":
        walks_plainly(kernel)
    assert not differs(BY_NAME[name], kernel, EXAMPLES // 10)


@pytest.mark.parametrize(("name", "old", "new"), MUTANTS, ids=lambda text: str(text).strip())
def test_a_planted_fault_is_seen(name: str, old: str, new: str, walks_plainly: Callable[..., None]) -> None:
    kernel = plain_copy(name, old, new)
    if name == "chains.walk_chains":
        walks_plainly(kernel)
    assert differs(BY_NAME[name], kernel, EXAMPLES)


def test_every_kernel_has_a_mutant() -> None:
    assert {name for name, _, _ in MUTANTS} == set(BY_NAME)
