"""Every kernel equals its naive twin, to the unit; and every kernel has one."""

from __future__ import annotations

import ast
import copy
import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.kernels import lows
from tests import cases
from tests.cases import PAIRS, Pair
from tests.naive import lows as naive_lows

EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "60"))
# Those that say where money went are tried on more ledgers.
MORE = int(os.environ.get("GRAPHFLOW_EXAMPLES", "120"))
TRACING = {
    "fifo.trace_lots", "lifo.trace_stack", "prorata.trace_shares", "libr.trace_lowest", "poison.touch",
    "poison.spread", "chains.walk_chains",
}  # fmt: skip
KERNELS = Path(__file__).resolve().parent.parent / "graphflow" / "kernels"
# Parts of kernels that have no meaning of their own (heaps, growing arrays, keys, loops): seen through their
# callers.
PARTS = {
    "sift", "drop", "replace", "room_for", "longer", "longer_reals", "word_at", "text_key", "same_text",
    "visit", "sweep", "walk", "payment", "arriving", "wait_for", "rank", "drive", "pass_on",
    "left_behind",
    "together", "debit_lies", "credit_lies", "part_lies", "far_part", "find_stacked", "stacked_credit", "aim",
    "aim_placed", "aim_lent", "shrink", "cut_off", "lay_down", "plant", "add_end", "comes_before", "in_order",
    "sink", "convert", "kept_state",
}  # fmt: skip
# Kernels of other rooms have their pairs in those rooms' tests.
ELSEWHERE = {"text", "mirrors"}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_kernel_equals_its_twin(pair: Pair) -> None:
    @settings(max_examples=MORE if pair.name in TRACING else EXAMPLES)
    @given(st.data())
    def equal(data: st.DataObject) -> None:
        args = data.draw(pair.inputs())
        for_twin = copy.deepcopy(args)
        expected = pair.outcome(pair.twin(*for_twin), for_twin)
        with np.errstate(over="ignore"):  # keys wrap around, which plain Python (JIT off) would warn of
            found = pair.kernel(*args)
        assert pair.outcome(found, args) == expected

    equal()


def test_the_tree_of_lows_is_that_of_the_steps_themselves() -> None:
    for number in range(EXAMPLES):
        rng = random.Random(number)
        back = rng.random() < 0.5
        if number % 3:
            world = cases.World(rng, 12)
            steps, side, converted = world.steps, world.side(back), world.converted
        else:
            steps, side, converted = cases.many_payments(rng, 60, back)
        found = lows.build_lows(*cases.entries_of(steps, side, converted, back))
        assert found.tolist() == naive_lows.lows_of(steps, side, converted, back)


def test_every_kernel_has_its_twin() -> None:
    named = {pair.name for pair in PAIRS}
    assert named >= TRACING
    missing = []
    for path in sorted(KERNELS.glob("*.py")):
        if path.stem in ELSEWHERE:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list and node.name not in PARTS:
                name = f"{path.stem}.{node.name}"
                if name not in named:
                    missing.append(name)
    assert not missing
    for pair in PAIRS:
        assert pair.kernel.__module__.rpartition(".")[2] + "." + pair.kernel.__name__ == pair.name
