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
from dataclasses import replace
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

# the kernel (and a function that it calls, if the line is there), a line of it, what stands there instead
MUTANTS = (
    ("index.index_by", "pointer[keys[i] + 1] += 1", "pointer[keys[i]] += 1"),
    ("index.index_by", "free[k] += 1", "free[k] += 0"),
    ("index.index_by", "for k in range(size):", "for k in range(size - 1):"),
    ("index.period_of", "if ends[middle] < time[i]:", "if ends[middle] <= time[i]:"),
    ("index.period_of", "begins[low] <= time[i]", "begins[low] < time[i]"),
    ("index.history_keys", "slot = period[i] - pointer[a] + 1", "slot = period[i] - pointer[a]"),
    ("index.history_keys", "and kept[a] and slot > 0:", "and kept[a]:"),
    ("index.history_keys", "* widest + slot) * marks", "* widest + slot)"),
    ("index.sort_hashes", "ordered[at - 1] > key", "ordered[at - 1] >= key"),
    ("index.sort_hashes", "begin = end", "begin = end + 1"),
    ("text.shifted", "if good[i] == 0:", "if False:"),
    ("text.shifted", "if local[i] < start or local[i] >= end:", "if local[i] >= end:"),
    ("text.shifted", "if number - first < shifts.size", "if number < shifts.size"),
    ("text.shifted", "end = start + day", "end = start + day + 1"),
    ("numbering.find_texts", "if valid.size > 0 and valid[i] == 0:", "if False:"),
    ("numbering.hold_texts", "np.uint64(i + 1)", "np.uint64(max(i, 1))"),
    ("numbering.hold_texts", "if slots[slot] == np.uint64(0):", "if True:"),
    ("numbering.find_texts", "held = slots[slot]", "held = np.uint64(0)"),
    ("numbering.number_texts", "2 * (count + end - block) > slots.size", "False"),
    ("numbering.number_texts", "or count + end - block >= starts.size", ""),
    ("numbering.number_texts", "starts[count] = at", "starts[count - 1] = at"),
    ("numbering.number_texts", "if held == np.uint64(0):", "if False:"),
    ("numbering.number_texts", "numbers[i] = o", "numbers[i] = 0"),
    ("lay.lay_rows", "r = origin[i]", "r = i"),
    ("lay.lay_rows", 'rows[i]["net"] = amounts[1][r]', 'rows[i]["net"] = amounts[0][r]'),
    ("lay.lay_steps", 'steps[s]["dst"] = pots[1][s]', 'steps[s]["dst"] = pots[0][s]'),
    ("lay.lay_steps", 'steps[s]["repaid"] = 0', "pass"),
    ("lay.count_keys", "counts[keys[i]] += 1", "counts[keys[i]] = 1"),
    ("lay.index_steps", 'steps[s]["cplace"] if back', 'steps[s]["dplace"] if back'),
    ("lay.index_steps", 'entries[at - 1]["held"] = -1', 'entries[at]["held"] = -1'),
    ("lay.index_steps", "free[p] += 1", "free[p] += 0"),
    ("lay.index_steps", "first + s", "s"),
    ("lay.index_steps", "if before >= 0 and", "if"),
    ("lay.first_beyond", 'steps[s]["avail"] >= most', 'steps[s]["avail"] > most'),
    ("lay.first_beyond", "if payee < 0 and", "if"),
    ("lay.first_beyond", ' and not outside[steps[s]["src"]]', ""),
    ("lows.build_lows", "count = (count + 15) >> 4\n        total", "count = count >> 4\n        total"),
    ("lows.build_lows", "lows[at >> 4] = min(lows[at >> 4], low)", "lows[at >> 4] = low"),
    ("lows.build_lows", "begin += count", "begin += 0"),
    ("lows.build_lows", "above = begin + count + (i >> 4)", "above = begin + count"),
    (
        "lows.build_lows",
        'if entries[at]["held"] >= 0 and (at == 0 or entries[at - 1]["held"] >= 0):',
        'if entries[at]["held"] >= 0:',
    ),
    ("lows.build_lows", 'elif entries[at]["held"] >= 0:', "else:"),
    ("lows.build_lows/left_behind", "first -= 1", "break"),
    ("lows.build_lows/left_behind", "min(last, held)", "last"),
    ("lows.build_lows/left_behind", " + last)", ")"),
    ("lows.build_lows/left_behind", "if at + 1 < end:", "if at < end:"),
    ("lifo.first_below", "node = at\n", "node = at + ahead\n"),
    ("lifo.first_below", "if low < height:", "if low <= height:"),
    ("lifo.first_below", "node >>= 4", "node = (node >> 4) + ahead"),
    ("lifo.first_below", "if shift > 0:\n            offset +=", "if shift > 4:\n            offset +="),
    ("lifo.first_below", "offset -= count", "offset -= 0"),
    ("lifo.first_below", "(node << 4) + 15 - edge", "node << 4"),
    ("lifo.first_below", "node == last", "node == last + 16"),
    ("lifo.first_below/left_behind", "first -= 1", "break"),
    ("lifo.first_below/left_behind", "if at + 1 < end:", "if at + 1 <= end:"),
    ("lifo.first_below/left_behind", "converted[low, 1]", "converted[low, 0]"),
    ("order.topological", "waits[after[i]] += 1", "waits[before[i]] += 1"),
    ("order.topological", "heap[(i - 1) // 2] > follower", "heap[(i - 1) // 2] < follower"),
    ("order.topological", "heap[child + 1] < heap[child]", "heap[child + 1] > heap[child]"),
    ("order.topological", "forced[node] = True", "forced[node] = False"),
    ("balances.book_rows", "sums[p, 0] = min(sums[p, 0], sums[p, 1])", "sums[p, 0] = sums[p, 1]"),
    ("balances.book_rows", "sums[p, 1] -= paid[i]", "sums[p, 1] -= received[i]"),
    ("balances.book_rows", "of_target[i] = sums[q, 1]", "of_target[i] = sums[p, 1]"),
    ("balances.divide_custody", "if turn == 0:", "if turn == 7:"),
    ("balances.divide_custody", "owed[b] += rest", "owed[b] = rest"),
    ("balances.divide_custody", "first[b] = later[pot]", "first[b] = earlier[pot]"),
    ("balances.divide_custody", "earlier[later[pot]] = earlier[pot]", "earlier[later[pot]] = pot"),
    ("balances.divide_custody", "rest = received[i] - repaid[i]", "rest = received[i]"),
    ("balances.run_balances", 'pots[p]["paid"] += min(amount, available)', 'pots[p]["paid"] += amount'),
    ("balances.run_balances", 'available = max(pots[p]["held"], 0)', 'available = pots[p]["held"]'),
    ("balances.run_balances", 'min(arrives, max(-pots[q]["held"], 0))', 'max(-pots[q]["held"], 0)'),
    ("balances.run_balances", '["credited"] += arrives - steps[s]["repaid"]', '["credited"] += arrives'),
    ("balances.run_balances", '["credit"] = arrives - steps[s]["repaid"]', '["credit"] = arrives'),
    ("balances.run_balances", 'pots[p]["debit"] = amount', 'pots[p]["debit"] += amount'),
    ("balances.run_balances", 'if not pots[q]["divided"]:', "if True:"),
    ("balances.run_balances", "turn += 1", "turn += 2"),
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
    ("prorata.next_payment", "== step and not back", "== step"),
    ("prorata.next_payment", "low - 1 if low > pointer[pot]", "low if low > pointer[pot]"),
    ("prorata.trace_shares/walk", "if fraction > 2147483648:", "if fraction >= 2147483648:"),
    ("prorata.trace_shares/walk", "taken = held - stays", "taken = held - whole"),
    ("prorata.trace_shares/walk", "if pays >= balance:", "if pays >= balance - 1:"),
    (
        "prorata.trace_shares/walk",
        "to_lender = nearest(arrived, paid - own, paid)",
        "to_lender = np.int64(0)",
    ),
    (
        "prorata.trace_shares/walk",
        "to_lender = nearest(arrived, repaid, came)",
        "to_lender = min(arrived, repaid)",
    ),
    ("prorata.trace_shares/walk", "upto = nearest(rest, done, own)", "upto = min(rest, done)"),
    ("prorata.trace_shares/walk", 'own += min(amount, steps[low + k]["avail"])', "own += amount"),
    ("prorata.trace_shares/walk", "if parts[k, 2] != parts[k, 0] or parts[k, 3] > 0", "if parts[k, 3] > 0"),
    ("prorata.trace_shares/walk", "if state[payer, 3] != held:", "if state[payer, 3] > held:"),
    ("prorata.trace_shares/walk", "state[payer, 3] -= taken_seed", "state[payer, 3] -= taken"),
    (
        "prorata.trace_shares/walk",
        "if state[payer, 4] > 0 and (dense or",
        "if state[payer, 4] > 0 and (False or",
    ),
    (
        "prorata.trace_shares/walk",
        "settle(steps, side, converted, state, payee, place, back)",
        "pass",
    ),
    ("prorata.trace_shares/walk", "state[payer, 4] += -number if back else 1", "state[payer, 4] += 0"),
    ("prorata.trace_shares/walk", "state[payee, 4] != state[payee, 5]", "state[payee, 5] == 0"),
    ("prorata.look", "(fraction > 2147483648) != held", "(fraction > 2147483648) == 0"),
    ("prorata.look", "return at if at != end else np.int64(-1)", "return np.int64(-1)"),
    (
        "prorata.settle",
        "if positions[at] < latest if back else positions[at] > latest:",
        "if positions[at] <= latest if back else positions[at] >= latest:",
    ),
    ("prorata.settle", "if pays > 0:", "if pays > 1:"),
    ("prorata.settle/payment", "if at + 1 < top:", "if at < top:"),
    (
        "prorata.settle/payment",
        'min(steps[positions[at]]["amount"], balance)',
        'steps[positions[at]]["amount"]',
    ),
    ("prorata.settle/payment", "or held[at] >= 0:", "or True:"),
    ("prorata.settle", "state[pot, 4] = at + 1", "state[pot, 4] = at"),
    ("prorata.trace_shares", "        state[pot] = 0", "        state[pot, 1] = 0"),
    ("claims.divide", "kept[i] < whole[i] and", ""),
    ("claims.divide", "rest[i] > rest[best]", "rest[i] >= rest[best]"),
    ("claims.divide", "rest[best] -= 1.0", "pass"),
    ("claims.divide", "min(np.int64(exact[i]), whole[i])", "np.int64(exact[i])"),
    (
        "claims.split_claims",
        "exact[i] *= np.float64(stays) / together",
        "exact[i] *= np.float64(pays) / together",
    ),
    ("claims.split_claims", "chain[entry, 1] += amount[i] - kept[i]", "chain[entry, 1] += amount[i]"),
    ("claims.split_claims", "shares[entry] += share[i] - exact[i]", "shares[entry] += share[i]"),
    ("claims.split_claims", "chain[last, 2] = after", "pass"),
    ("claims.split_claims", "unused = chain[entry, 2]", "unused = unused"),
    ("claims.split_claims", 'if steps[s]["flags"] & 7 or', "if"),
    ("poison.first_behind", "if positions[middle] <= step:", "if positions[middle] < step:"),
    ("poison.touch/visit", "left -= 1", "left -= 0"),
    ("poison.touch/visit", "amount = max(amount, seeds[turn, 1])", "amount = seeds[turn, 1]"),
    ("poison.touch/visit", "& 7 == 0", "& 63 == 0"),
    ("poison.touch/visit", "left > reached[q, 2]:", "left > 0:"),
    ("poison.touch/visit", "+ 1\n            if place <", "+ 1\n            if 1 + place <"),
    ("poison.touch/visit", "waiting -= 1", "waiting -= 2"),
    ("poison.touch/visit", "s = min(s, seeds[turn, 0])", "s = max(s, seeds[turn, 0])"),
    ("poison.touch/visit", "if not able and", "if able and"),
    ("poison.touch/visit", "if reached[q, 0] == 0:", "if turn == 1:"),
    ("poison.touch/sweep", "if left > 1:", "if left > 0:"),
    ("poison.touch/sweep", "reached[q, 2] = max(reached[q, 2], left)", "reached[q, 2] = left"),
    ("poison.touch/sweep", "amount = max(amount, seeds[turn, 1])", "amount = seeds[turn, 1]"),
    ("poison.touch/sweep", "range(mark[0] + 1, last + 1)", "range(mark[0], last + 1)"),
    ("poison.touch/sweep", "& 7 == 0", "& 63 == 0"),
    ("poison.touch", "reached[touched[i]] = 0", "reached[touched[i]] = 1"),
    ("poison.touch", "touched[: mark[3]]\n", "touched[0]\n"),
    ("poison.book_of", "if books[middle, 0] <= pot:", "if books[middle, 0] < pot:"),
    ("poison.book_of", "pot < books[low - 1, 1]", "pot <= books[low - 1, 1]"),
    ("poison.next_payment", "size - 2 - place", "size - 1 - place"),
    ("poison.next_payment", "at if at < pointer[pot + 1]", "at if at <= pointer[pot + 1]"),
    ("poison.nearest", "if remainder >= parts - remainder:", "if remainder > parts - remainder:"),
    ("poison.held", "sides[1][paid] > s:", "sides[1][paid] >= s:"),
    ("poison.held", 'return steps[s]["after"]', 'return steps[s]["avail"]'),
    ("poison.held", 'np.int64(pots[pot]["opening"])', 'np.int64(pots[pot]["closing"])'),
    ("poison.held", "if step >= steps.size - 1:", "if step >= steps.size - 2:"),
    ("poison.spread/walk", "state[book_of(books, seeds[i, 1])[0], 0] > 0", "state[seeds[i, 1], 0] > 0"),
    ("poison.spread/walk", "                    state[pot, 0] = 0\n", "                    pass\n"),
    ("poison.spread/walk", "if seeds[turn, 2] > 0:", "if True:"),
    ("poison.spread/walk", "if turn == 0 or seeds[turn - 1, 0] != key:", "if True:"),
    ("poison.spread/walk", "if left > 0:  # all that", "if False:  # all that"),
    (
        "poison.spread/walk",
        "arriving(steps, converted, k) if back",
        "arriving(steps, converted, k) if not back",
    ),
    ("poison.spread/walk", "carried += seeds[turn, 2]", "carried += paid"),
    ("poison.spread/walk", "if left == 1 and (back or not arrival):", "if left == 1:"),
    ("poison.spread/walk", "state[home, 3] += came if back else paid", "state[home, 3] += paid"),
    ("poison.spread/walk", "if back or not arrival:  # what", "if True:  # what"),
    ("poison.spread/walk", "carried = min(carried, state[home, 2])", "pass"),
    ("poison.spread/walk", "                state[home, 0] = 0\n", "                pass\n"),
    ("poison.spread/walk", 'amount = min(rest, steps[k]["amount"])', 'amount = steps[k]["amount"]'),
    ("poison.spread/walk", "arrived = nearest(came, carried, paid)", "arrived = came"),
    ("poison.spread/walk", "paid - own if back else repaid", "repaid"),
    ("poison.spread/walk", "lent = min(arrived,", "lent = max(np.int64(0),"),
    ("poison.spread/walk", 'own += min(amount, steps[k]["avail"])', "own += amount"),
    ("poison.spread/walk", "if back and arrival:  # its", "if False:  # its"),
    ("poison.spread/walk", "if arrival or not back:", "if not back:"),
    ("poison.spread/walk", "state[home, 0] = max(state[home, 0], left)", "state[home, 0] = left"),
    ("poison.spread/walk", "payee, place, until)", "payee, key >> 1, until)"),
    ("poison.spread/walk", "state[payer, 1] = 0\n", "pass\n"),
    ("poison.spread/walk", "if o <= last:\n", "if o < last:\n"),
    ("poison.spread/wait_for", "if o <= last:", "if o < last:"),
    ("poison.spread/wait_for", "range(begin, end)", "range(pot, pot + 1)"),
    ("poison.spread", "steps.size - 2 - last", "steps.size - 1 - last"),
    ("poison.spread", 'pots[pot]["kind"] == 4', "False"),
    ("poison.spread", "if state[begin, 3] > 0:", "if False:"),
    ("poison.spread", "            state[pot] = 0\n", "            state[begin] = 0\n"),
    ("poison.spread", "if state[begin, 0] > 0:", "if True:"),
    ("chains.nearest", "if remainder >= parts - remainder:", "if remainder > parts - remainder:"),
    ("chains.payment_at", "if starts[middle] <= unit:", "if starts[middle] < unit:"),
    ("chains.worth", "if back:", "if not back:"),
    ("chains.position_of", "if values[middle, 0] < value:", "if values[middle, 0] <= value:"),
    ("chains.walk_chains", "cut = min(high, start + pays)", "cut = high"),
    ("chains.walk_chains", "hops + 1 > most", "hops > most"),
    ("chains.walk_chains", "total < least", "total <= least"),
    ("chains.walk_chains", "came <= standing[b, 1]", "came < standing[b, 1]"),
    ("chains.walk_chains", "lent = max(min(high, repaid) - low, 0)", "lent = np.int64(0)"),
    ("chains.walk_chains", "pieces[found, 5] = base - start", "pieces[found, 5] = low - start"),
    ("chains.walk_chains", "turned += high - low", "turned += amount"),
    ("chains.walk_chains", "turned_seed += amount_seed", "turned_seed += high - low"),
    ("chains.walk_chains", "total += amount_seed", "total += cut - low"),
)


def plain_copy(kernel: str, old: str = "", new: str = "") -> Callable[..., Any]:
    """A kernel as plain Python, out of its source with one thing changed."""
    kernel, _, inner = kernel.partition("/")
    room, _, name = kernel.partition(".")
    source = (KERNELS / f"{room}.py").read_text(encoding="utf-8")
    assert "from numba import njit\n" in source
    source = source.replace("from numba import njit\n", PLAIN)
    if old:
        start = source.index(f"def {inner or name}(")
        end = source.find("\n@njit", start)
        body = source[start:] if end < 0 else source[start:end]
        assert old in body, f"{kernel} has no {old!r} any more: plant the mutant anew"
        changed = body.replace(old, new, 1)
        source = source.replace(body, changed)
    module = types.ModuleType(f"mutant_of_{room}")
    exec(compile(source, f"{room}.py", "exec"), module.__dict__)
    if hasattr(module, "prefetch"):  # says nothing to plain Python
        module.__dict__["prefetch"] = lambda array, place: None
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
    assert differs(BY_NAME[name.partition("/")[0]], kernel, EXAMPLES)


def test_every_kernel_has_a_mutant() -> None:
    assert {name.partition("/")[0] for name, _, _ in MUTANTS} == set(BY_NAME)


ALIKE = ("    return key ^ (key >> np.uint64(32))", "    return np.uint64(7)")


@pytest.mark.parametrize(
    "fault",
    [
        "if data[a] != other[b]:",
        "if word_at(data, a) != word_at(other, b):",
        "if end - start != its_end - its_start:",
    ],
)
@pytest.mark.parametrize("name", ["find_texts", "number_texts"])
def test_texts_whose_keys_are_equal_are_told_apart(name: str, fault: str) -> None:
    source = (KERNELS / "numbering.py").read_text(encoding="utf-8").replace("from numba import njit\n", PLAIN)
    assert source.count(ALIKE[0]) == source.count(fault) == 1
    inputs = {
        "find_texts": lambda rng, size: (*cases.few_texts(rng, size), *cases.few_texts(rng, size)[:2]),
        "number_texts": lambda rng, size: (
            cases.few_texts(rng, size),
            0,
            np.zeros(size, np.int32),
            (np.zeros(256, np.uint64), np.zeros(200, np.int64), np.zeros(2000, np.uint8)),
            0,
        ),
    }
    pair = replace(BY_NAME[f"numbering.{name}"], make=inputs[name])
    for text, wrong in ((source, False), (source.replace(fault, "if False:"), True)):
        module = types.ModuleType("all_keys_alike")
        exec(compile(text.replace(*ALIKE), "numbering.py", "exec"), module.__dict__)
        module.__dict__["prefetch"] = lambda array, place: None
        assert differs(pair, getattr(module, name), 100) == wrong
