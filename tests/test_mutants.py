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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
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
    ("runs.number_runs", "elif back >= paid:", "elif back > paid:"),
    ("runs.number_runs", "            back += amount[i]", "            back = amount[i]"),
    ("windows.mark_of", "& ((np.int64(1) << bits) - 1)", "& (np.int64(1) << bits)"),
    ("windows.crowded", "many = min(least, 255)", "many = min(least, 255) + 1"),
    ("windows.crowded", "found[i] = mine + before >= many or", "found[i] ="),
    ("reaching.reaching_parts", "(1.0 - goes) * state[payer, k, g] + goes * part", "goes * part"),
    ("reaching.reaching_parts", "left = k if free else k - 1", "left = k"),
    ("passes.both_paid", "time[other] > time[one] + window", "time[other] >= time[one] + window"),
    ("passes.both_paid", "if ends[one, 1] == ends[other, 1]:", "if False:"),
    ("passes.both_paid", "ends[one, 1] > ends[other, 1]", "False"),
    ("passes.both_paid", "longer[:count] = pairs", "pass"),
    ("passes.both_paid", "count = before", "pass"),
    ("passes.both_paid", "if looked > most:\n            count", "if looked >= most:\n            count"),
    ("passes.close_enough", "if permille < 0:", "if permille <= 0:"),
    ("passes.close_enough", "+ ((came % 1000) * permille) // 1000", ""),
    ("passes.passes", "time[out_at[low]] < time[came]", "time[out_at[low]] <= time[came]"),
    ("passes.passes", "time[goes] > time[came] + window", "time[goes] >= time[came] + window"),
    ("passes.passes", "if ends[came, 0] == ends[goes, 1]:", "if False:"),
    ("passes.passes", "if money[came, 3] == money[goes, 1] and not", "if not"),
    ("passes.passes", "money[came, 2], money[goes, 0], permille", "money[came, 0], money[goes, 0], permille"),
    ("passes.passes", "longer[:count] = pairs", "pass"),
    ("passes.passes", "count = before", "pass"),
    ("passes.passes", "if looked > most:\n            count", "if looked >= most:\n            count"),
    ("passes.passes", "looked += 1", "looked += 0"),
    ("passes.one_to_one", "pairs[k, 0] != last and", ""),
    ("passes.one_to_one", "and not taken[pairs[k, 1]]", ""),
    ("passes.one_to_one", "taken[pairs[k, 1]] = True", "pass"),
    ("windows.distinct_within", "most = max(most, other[i])", "most = other[i]"),
    ("windows.distinct_within", "time[positions[high]] <= last", "time[positions[high]] < last"),
    ("windows.distinct_within", "time[positions[low]] < first", "time[positions[low]] <= first"),
    (
        "windows.distinct_within",
        "if seen[who] == 0:\n                    distinct += 1",
        "if True:\n                    distinct += 1",
    ),
    (
        "windows.distinct_within",
        "if seen[who] == 0:\n                    distinct -= 1",
        "if True:\n                    distinct -= 1",
    ),
    ("windows.distinct_within", "seen[other[positions[i]]] = 0", "pass"),
    ("windows.distinct_within", "at[k] if ahead else at[k] - window", "at[k]"),
    ("windows.distinct_within", "begins[k] = low", "begins[k] = pointer[account]"),
    ("cycles.first_behind", "if time[positions[middle]] <= at:", "if time[positions[middle]] < at:"),
    ("cycles.first_from", "if time[positions[middle]] < at:", "if time[positions[middle]] <= at:"),
    ("cycles.may_begin", "time[which[begin - 1]] == time[which[end - 1]]", "begin == end"),
    ("cycles.may_begin", "coming[ends[edge, 1], 0] <= limit", "coming[ends[edge, 1], 0] < limit"),
    ("cycles.may_begin", "and coming[ends[edge, 0], 1] <= limit", ""),
    ("cycles.may_begin", "coming[ends[edge, 1], 1] = time[edge]", "coming[ends[edge, 1], 0] = time[edge]"),
    ("cycles.close_enough", "if permille < 0:", "if permille <= 0:"),
    ("cycles.close_enough", "+ ((came % 1000) * permille) // 1000", ""),
    ("cycles.close_enough", "<= came + allowed", "< came + allowed"),
    ("cycles.cycles", "time[root] + window", "time[root] + window - 1"),
    ("cycles.cycles", "time[out_at[first]] > limit", "time[out_at[first]] >= limit"),
    ("cycles.cycles", "if time[edge] < earliest:", "if time[edge] <= earliest:"),
    ("cycles.cycles", "begin = state[node, 2]", "begin = end"),
    ("cycles.cycles", "state[node, 2] = end", "state[node, 2] = in_pointer[node + 1]"),
    ("cycles.cycles", "elif state[before, 1] >= time[edge]:", "else:"),
    ("cycles.cycles", "state[before, 1], state[before, 2] = root, -1, -1", "state[before, 1] = root, -1"),
    ("cycles.cycles", "if not waits[before]:", "if False:"),
    ("cycles.cycles", "waits[node] = False", "pass"),
    ("cycles.cycles", "passed[home], passed[second] = True, True", "passed[home] = True"),
    ("cycles.cycles", "passed[node] = False", "pass"),
    ("cycles.cycles", "passed[onto] = True", "pass"),
    ("cycles.cycles", "if time[edge] > limit:", "if time[edge] >= limit:"),
    ("cycles.cycles", "if money[last, 3] == money[edge, 1] and not", "if not"),
    ("cycles.cycles", "money[last, 2], money[edge, 0], permille", "money[last, 0], money[edge, 0], permille"),
    ("cycles.cycles", "or (time[edge] == begins and edge < root)", ""),
    ("cycles.cycles", "if depth + 1 < least", "if depth < least"),
    ("cycles.cycles", "if way[k] < root:", "if False:"),
    ("cycles.cycles", "depth + 1 >= most or", "depth >= most or"),
    ("cycles.cycles", "passed[onto] or state[onto, 0] != root", "state[onto, 0] != root"),
    ("cycles.cycles", "or state[onto, 1] < time[edge]", "or state[onto, 1] <= time[edge]"),
    ("cycles.cycles", "out_pointer[onto + 1], time, time[edge])", "out_pointer[onto + 1], time, begins)"),
    ("cycles.cycles", "more[:filled] = found[:filled]", "pass"),
    ("cycles.cycles", "longer[: pointer.size] = pointer", "pass"),
    ("shares.upstream", "if places[owner] < 0:", "if True:"),
    ("shares.upstream", "places[nodes[i]] = -1", "pass"),
    ("shares.upstream", "above[edges] = places[owner]", "above[edges] = count - 1"),
    ("shares.components", "low[j] = min(low[j], order[i])", "pass"),
    ("shares.components", "low[path[deep]] = min(low[path[deep]], low[j])", "pass"),
    ("shares.settle_ring", "leaks[j] += gone * part", "pass"),
    ("shares.settle_ring", "comes[i] += inside[i, k] * comes[k]", "pass"),
    ("shares.settle_ring", "inside[i, j] += inside[i, k] * part", "pass"),
    ("shares.integrate", "ended |= ORPHAN", "pass"),
    ("shares.integrate", "if count == 1 or ring[owners[k]] != r:", "if True:"),
    ("shares.integrate", "lost[j] = passes[j] * (rest / whole[j])", "lost[j] = rest / whole[j]"),
    (
        "shares.greatest",
        "worth[k - pointer[j]] = -best[owners[k]]",
        "worth[k - pointer[j]] = best[owners[k]]",
    ),
    ("shares.swell", "if shares[k] > 0:", "if True:"),
    ("shares.swell", "total > whole[j]", "total >= whole[j]"),
    ("shares.swell", "if pointer[j] == pointer[j + 1]:", "if comes == 0.0:"),
    ("shares.swell", "best = max(best, most[owners[k]])", "best = max(best, comes)"),
    ("shares.spread_up", "if most[start] == np.inf:", "if False:"),
    ("shares.spread_up", "has[start] = 1.0", "pass"),
    ("shares.spread_up", "rest += waits[i] * most[i]", "rest += waits[i]"),
    ("shares.spread_up", "waits[i] > little and not is_in[i]:", "waits[i] > little:"),
    ("shares.spread_up", "if rest <= slight or", "if rest <= least or"),
    ("shares.spread_up", "or steps >= many:\n", "or steps >= few:\n"),
    ("shares.spread_up", "if steps >= few:", "if True:"),
    ("shares.spread_up", "has[i] >= least or", "has[i] + rest >= least or"),
    ("shares.spread_up", "waits[j] = much", "pass"),
    ("shares.spread_up", "has[i] += part", "has[i] = part"),
    ("shares.spread_up", "waits[i] += part", "waits[i] = part"),
    ("shares.spread_up", "little *= 0.1", "pass"),
    ("shares.spread_up", "and has[i] + rest >= least", "and has[i] >= least"),
    ("shares.spread_up", "            seen[i] = False", "            pass"),
    ("shares.spread_up", "            has[i] = 0.0", "            pass"),
    ("shares.spread_up", "            waits[i] = 0.0", "            pass"),
    ("shares.spread_up", "longer_found[:count] = found", "pass"),
    ("shares.spread_up", "longer_values[:count] = values", "pass"),
    ("shares.greatest", "room -= least[k]", "pass"),
    ("shares.greatest", "room -= more", "pass"),
    ("control.controlled", "if gained[j] > quota[j]:", "if gained[j] >= quota[j]:"),
    ("control.controlled", "gained[companies[k]] = 0", "pass"),
    ("control.controlled", "gained[j] += votes[k]", "gained[j] = votes[k]"),
    ("control.controlled_by_each", "inside.size - group.size", "inside.size"),
    ("control.controlled_by_each", "longer[:count] = under[:count]", "pass"),
    ("control.controlled_by_each", "inside[group.size :]", "inside[: more]"),
    ("control.held_from_below", "start[0] = company", "start[0] = asked[0]"),
    ("control.held_from_below", "if companies[k] == company:", "if True:"),
    ("power.count_swings", "total <= quota and", ""),
    ("power.count_swings", "size += 1 if inside[flip] else -1", "size += 1"),
    ("power.count_swings", "total + weights[i] > quota", "total + weights[i] >= quota"),
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
    ("lifo.first_below", "offset -= (positions", "offset -= 0 * (positions"),
    (
        "lifo.first_below",
        "- edge  # backward no node below is missing: all lie before the place\n        last = begin >> shift if back else",
        "- edge\n        last = positions.size - 1 if not back else 0 if shift else begin if back else",
    ),
    ("lifo.first_below", "(node << 4) + 15 - edge", "node << 4"),
    ("lifo.first_below/left_behind", "first -= 1", "break"),
    ("lifo.first_below/left_behind", "if at + 1 < end:", "if at + 1 <= end:"),
    ("lifo.first_below/left_behind", "converted[low, 1]", "converted[low, 0]"),
    ("order.topological", "waits[after[i]] += 1", "waits[before[i]] += 1"),
    ("order.topological", "heap[(i - 1) // 2] > follower", "heap[(i - 1) // 2] < follower"),
    ("order.topological", "heap[child + 1] < heap[child]", "heap[child + 1] > heap[child]"),
    ("order.topological", "forced[node] = True", "forced[node] = False"),
    ("order.chain_balances", "surplus[behind[i]] -= 1", "pass"),
    ("order.chain_balances", "if reached < count:", "if reached <= count:"),
    ("order.chain_balances", "reached = depth + 1", "reached = depth"),
    ("order.chain_balances", "seen[w] = asked", "pass"),
    ("order.chain_balances", "tried[depth] = 0\n                if", "if"),
    ("order.chain_balances", "if found == most:", "if found > most:"),
    ("order.chain_balances", "begin += 1", "break"),
    ("order.chain_balances", "if surplus[v] != 0 and not open_ended:", "if surplus[v] != 0:"),
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
    ("lifo.first_behind", "step = size - 1 - place if back", "step = size - place if back"),
    ("lifo.first_behind", "if positions[middle] < step:", "if positions[middle] <= step:"),
    ("lifo.first_behind", "return low - 1 if back", "return low if back"),
    ("lifo.trace_stack/walk", "if high <= behind:", "if high < behind:"),
    ("lifo.trace_stack/walk", "if low < behind:", "if False:"),
    ("lifo.trace_stack/walk", "lots[lot, 1] = behind", "pass"),
    ("lifo.trace_stack/walk", "skip = repaid", "skip = np.int64(0)"),
    ("lifo.trace_stack/walk", "begins = amount - own", "begins = np.int64(0)"),
    ("lifo.trace_stack/walk", "ends = came - repaid", "ends = came"),
    ("lifo.trace_stack/walk", "base = after - (came - repaid)", "base = after - came"),
    ("lifo.trace_stack/walk", "base = avail - amount", "base = avail"),
    ("lifo.trace_stack/walk", "turned = (flags & 256) != 0", "turned = False"),
    ("lifo.trace_stack/walk", "upright = (flags & 256) != 0 and not back", "upright = False"),
    ("lifo.trace_stack/walk", "stop = flags & 56", "stop = flags & 7"),
    ("lifo.trace_stack/walk", "low_part -= 1", "break"),
    ("lifo.trace_stack/walk", "high_part += 1", "break"),
    ("lifo.trace_stack/walk", 'done += steps[part]["amount"]', "done += 0"),
    ("lifo.trace_stack/walk", "repaid = min(max(owed - done, 0), amount)", "repaid = repaid"),
    ("lifo.trace_stack/walk", "owed - (whole - done - amount)", "owed - (whole - amount)"),
    ("lifo.trace_stack/walk", "min(whole - done, whole - owed)", "whole - done"),
    ("lifo.trace_stack/walk", "after = floor + done + amount - repaid", "pass"),
    ("lifo.trace_stack/walk", "reached = pays > 0 and", "reached ="),
    ("lifo.trace_stack/walk", "queue[payee, 1] = high\n                low = high", "low = high"),
    ("lifo.trace_stack/walk", "queue[payee, 1] = high\n                continue", "continue"),
    ("lifo.trace_stack/walk", "and (reached or is_seed):", "and is_seed:"),
    ("lifo.trace_stack/walk", "and (reached or is_seed):", "and reached:"),
    ("lifo.trace_stack/walk", "max(min(lots[lot, 1], begins) - lots[lot, 0], 0)", "0"),
    ("lifo.trace_stack/walk", "max(lots[lot, 1] - max(lots[lot, 0], ends), 0)", "0"),
    (
        "lifo.trace_stack/walk",
        "lots[lot, 0] = amount - lots[lot, 1]",
        "lots[lot, 0] = amount - lots[lot, 1] - 1",
    ),
    ("lifo.trace_stack/walk", "and queue[payee, 1] == low:", "and True:"),
    ("lifo.trace_stack/walk", "lots[lot, 3] = place + 1", "pass"),
    ("lifo.trace_stack/walk", "if lots[lot, 3] <= last:", "if lots[lot, 3] < last:"),
    ("lifo.trace_stack/walk", "if lot == 0 or lots[lot, 3] > place:", "if lot == 0 or lots[lot, 3] >= 0:"),
    ("lifo.trace_stack/walk", 'if not steps[s]["flags"] & 640:', "if True:"),
    ("lifo.trace_stack/walk", "                        place -= 1\n", "                        place -= 0\n"),
    ("lifo.trace_stack/walk", "range(place + 1, until + 1)", "range(place + 2, until + 1)"),
    ("lifo.trace_stack", "queue[pot] = 0", "pass"),
    ("lifo.trace_stack", "queue[touched[i]] = 0", "pass"),
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
    ("libr.nearest", "if remainder >= parts - remainder:", "if remainder > parts - remainder:"),
    ("libr.first_below", "if positions[middle] <= step:", "if positions[middle] < step:"),
    ("libr.first_below", "if node == last:", "if node == end - 1:"),
    ("libr.first_below", "if node & 15 == 0:", "if node & 7 == 0:"),
    (
        "libr.first_below",
        "if low < height:\n                found",
        "if low <= height:\n                found",
    ),
    (
        "libr.first_below",
        "if low < height:\n                break",
        "if low <= height:\n                break",
    ),
    ("libr.first_below/left_behind", "if at + 1 < end:", "if at < end:"),
    ("libr.trace_lowest/walk", "- (balance - held), np.int64(0))", "- balance + held - 1, np.int64(0))"),
    ("libr.trace_lowest/walk", "min(amount, balance) - (balance - held)", "amount - (balance - held)"),
    ("libr.trace_lowest/walk", "state[payer, 1] -= taken_seed", "state[payer, 1] -= taken"),
    ("libr.trace_lowest/walk", "nearest(state[payer, 1], taken, held)", "taken"),
    ("libr.trace_lowest/walk", "side[1][state[payer, 2] - 1] <= high", "side[1][state[payer, 2] - 1] < high"),
    ("libr.trace_lowest/walk", "repaid - (came - arrived)", "min(repaid, arrived)"),
    ("libr.trace_lowest/walk", "came += arriving(steps, converted, low + k)", "came += amount"),
    ("libr.trace_lowest/walk", "repaid += steps", "repaid = steps"),
    ("libr.trace_lowest/walk", "arrived = nearest(came, carried, paid)", "arrived = came"),
    ("libr.trace_lowest/walk", "nearest(carried_seed, to_lender, arrived)", "to_lender"),
    ("libr.trace_lowest/walk", "more = arrived if number == 1 else taken", "more = taken"),
    ("libr.trace_lowest/walk", "to_lender -= lent\n", "pass\n"),
    ("libr.trace_lowest/walk", "to_lender_seed -= lent_seed\n", "pass\n"),
    ("libr.trace_lowest/walk", "if more != taken or lent > 0", "if lent > 0"),
    ("libr.trace_lowest/walk", "state[payee, 1] += taken_seed - lent_seed", "state[payee, 1] += taken_seed"),
    ("libr.trace_lowest/walk", "elif taken_seed > lent_seed:", "elif False:"),
    ("libr.trace_lowest/walk", "if state[payee, 0] > before:", "if state[payee, 0] > before + 1:"),
    ("libr.trace_lowest/walk", "if before == 0:", "if False:"),
    ("libr.trace_lowest/walk", "state[pot, 1] = seeds[turn, 2]", "pass"),
    ("libr.trace_lowest/walk", "waiting = wait_for(steps, side, state, heap, waiting, pot, place)", "pass"),
    (
        "libr.trace_lowest/walk",
        'max(steps[s]["avail"] - steps[s]["amount"], np.int64(0)) < held',
        'steps[s]["amount"] >= steps[s]["avail"]',
    ),
    ("libr.trace_lowest/walk", "if stop == 0:", "if True:"),
    (
        "libr.trace_lowest/walk",
        "if waiting > 0 and heap[0] >> 32 <= last:",
        "if waiting > 0 and heap[0] >> 32 < last:",
    ),
    ("libr.trace_lowest/walk", "stopped[stops, 3] = state[pot, 1]", "stopped[stops, 3] = state[pot, 0]"),
    ("libr.trace_lowest/wait_for", "if at < 0:", "if at < 1:"),
    ("libr.trace_lowest/wait_for", "state[pot, 2] = at + 1", "state[pot, 2] = at"),
    ("libr.trace_lowest", "        state[pot] = 0", "        state[pot, 0] = 0"),
    ("unroll.next_of", "(positions[middle] < step) if back", "(positions[middle] <= step) if back"),
    ("unroll.next_of", "else (positions[middle] <= step)", "else (positions[middle] < step)"),
    ("unroll.next_of", "return low - 1 if low > begin", "return low - 1 if low >= begin"),
    ("unroll.next_of", "return low if low < end", "return low if low <= end"),
    ("unroll.reach/visit", "pays = came if back else own", "pays = own"),
    ("unroll.reach/visit", "into = own if back else came", "into = came"),
    ("unroll.reach/visit", 'came = amount - steps[s]["repaid"]', "came = amount"),
    ("unroll.reach/visit", "if flags & 128:  #", "if False:  #"),
    ("unroll.reach/visit", 'pots[payer]["basis"] == 3 or', "False or"),
    ("unroll.reach/visit", 'pots[payee]["basis"] == 3 or', "False or"),
    ("unroll.reach/visit", "loose[payer])", "False)"),
    ("unroll.reach/visit", "loose[payee])", "False)"),
    ("unroll.reach/visit", 'and pots[payer]["kind"] != 2:', ":"),
    ("unroll.reach/visit", "if left == 0:", "if left <= 1:"),
    ("unroll.reach/visit", "if flags & 512:", "if False:"),
    (
        "unroll.reach/visit",
        'left = steps[s]["after"] - pays if back',
        'left = steps[s]["avail"] - pays if back',
    ),
    ("unroll.reach/visit", "bits = np.int64(TURNED)", "pass"),
    ("unroll.reach/visit", "and not (back and is_seed):", "and not is_seed:"),
    ("unroll.reach/visit", "flags & 56 if back", "flags & 7 if back"),
    ("unroll.reach/visit", "state[payee, 0] &= ~3", "pass"),
    ("unroll.reach/visit", "if more and bits != 0:", "if more and bits == 1:"),
    ("unroll.reach/visit", "state[payer, 0] &= ~WAITS", "pass"),
    ("unroll.reach/visit", "key = min(key, 2 * (heap[0] >> 32))", "key = 2 * (heap[0] >> 32)"),
    ("unroll.reach/visit", "min(last, key >> 1)", "last"),
    ("unroll.reach/visit", "key = np.int64(2 * o)", "key = np.int64(2 * o + 2)"),
    ("unroll.reach/visit", "payee = np.int64(leads[payee])", "pass"),
    ("unroll.reach", "state[touched[i, 0], 0] = 0", "pass"),
    ("unroll.reach", "grown[: mark[2]] = moved[: mark[2]]", "pass"),
    ("unroll.unroll", "cuts[turn, 0] == i:", "cuts[turn, 0] > i:"),
    ("unroll.unroll", "latest[book, 0] = cuts[turn, 3]", "pass"),
    ("unroll.unroll", "for i in range(moves.shape[0], -1, -1):", "for i in range(moves.shape[0], 0, -1):"),
    ("unroll.unroll", "latest[book, 0] = nodes\n", "pass\n"),
    ("unroll.unroll", "made[k] = nodes", "pass"),
    (
        "unroll.unroll",
        "edges[count] = (nodes, lender, lends, -1)",
        "edges[count] = (nodes, lender, pays, -1)",
    ),
    ("unroll.unroll", "target = np.int64(nodes)", "pass"),
    ("unroll.unroll", "edges[count] = (0, target, part, m)", "edges[count] = (0, target, pays, m)"),
    ("unroll.unroll", "latest[payer, 0] = node", "pass"),
    ("unroll.unroll", "target = met\n", "pass\n"),
    ("unroll.unroll", "if target != node:", "if True:"),
    ("unroll.unroll", "latest[moves[m, 0], 0] = 0", "pass"),
    ("maxflow.arcs", "pointer[head[i] + 1] += 1", "pass"),
    ("maxflow.arcs", "mate[b] = a", "mate[b] = b"),
    ("maxflow.arcs", "to[b] = tail[i]", "to[b] = head[i]"),
    ("maxflow.arcs", "place[i] = a", "place[i] = b"),
    ("maxflow.pour", "v = inner - i if 0 < i < inner else i", "v = i"),
    ("maxflow.pour", "if turn > i and amount > 0:", "if amount > 0:"),
    ("maxflow.pour", "held[v] -= amount", "pass"),
    ("maxflow.meet", "room[mate[join]] += amount", "pass"),
    ("maxflow.meet", "amount = min(most - sent, room[join])", "amount = room[join]"),
    ("maxflow.meet", "if room[a] > 0 and mark[v, 0] != 1:", "if mark[v, 0] != 1:"),
    ("maxflow.meet", "if room[mate[b]] > 0 and", "if room[b] > 0 and"),
    ("maxflow.meet", "mark[behind[j], 0] = 0", "pass"),
    ("maxflow.meet", "i < out and k < back", "i < out and k < 1"),
    ("maxflow.meet", "u = to[mate[a]]", "u = to[mate[join]]"),
    ("maxflow.push/rank", "room[mate[b]] > 0:", "room[b] > 0:"),
    (
        "maxflow.push/rank",
        "and v not in (goal, idle) and level[v] < nodes:",
        "and v != goal and level[v] < 1:",
    ),
    ("maxflow.push/rank", "turn[v] = pointer[v]", "turn[v] = pointer[v + 1]"),
    ("maxflow.push/drive", "amount = min(room[a], excess[u])", "amount = room[a]"),
    ("maxflow.push/drive", "room[mate[a]] += amount", "pass"),
    ("maxflow.push/drive", "highest = max(highest, level[v])", "pass"),
    ("maxflow.push/drive", "if excess[v] == 0 and v not in (goal, idle):", "if v == goal:"),
    ("maxflow.push/drive", "lowest = min(lowest, level[to[a]] + 1)", "lowest = nodes"),
    ("maxflow.push/drive", "if gap < level[v] < nodes:", "if level[v] < nodes:"),
    ("maxflow.push/drive", "turn[u] = pointer[u]", "pass"),
    ("maxflow.push", "excess[start] = most", "excess[start] = most + 1"),
    ("maxflow.push", "if excess[goal] < most:", "if False:"),
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
    (
        "poison.spread/walk",
        "if left == 1 and not inner and (back or not arrival):",
        "if left == 1 and not inner:",
    ),
    ("poison.spread/walk", "if left == 1 and not inner and (back", "if left == 1 and (back"),
    ("poison.spread/walk", "arrival and not inner:  # its", "arrival:  # its"),
    ("poison.spread/pass_on", "        other |= INNER\n", "        pass\n"),
    ("poison.spread/walk", "state[home, 3] += came if back else paid", "state[home, 3] += paid"),
    ("poison.spread/walk", "if not inner and (back or not arrival):  # what", "if not inner:  # what"),
    (
        "poison.spread/walk",
        "if not inner and (back or not arrival):  # what",
        "if back or not arrival:  # what",
    ),
    ("poison.spread/walk", "carried = min(carried, state[home, 2])", "pass"),
    ("poison.spread/walk", "                state[home, 0] = 0\n", "                pass\n"),
    ("poison.spread/walk", 'amount = min(rest, steps[k]["amount"])', 'amount = steps[k]["amount"]'),
    ("poison.spread/walk", "arrived = nearest(came, carried, paid)", "arrived = came"),
    ("poison.spread/walk", "paid - own if back else repaid", "repaid"),
    ("poison.spread/walk", "lent = min(arrived,", "lent = max(np.int64(0),"),
    ("poison.spread/walk", 'own += min(amount, steps[k]["avail"])', "own += amount"),
    ("poison.spread/walk", "if back and arrival and not inner:  # its", "if False:  # its"),
    ("poison.spread/walk", "if arrival or not back:", "if not back:"),
    ("poison.spread/walk", "state[home, 0] = max(state[home, 0], left)", "state[home, 0] = left"),
    ("poison.spread/walk", "payee, place, until)", "payee, key >> 1, until)"),
    ("poison.spread/walk", "state[payer, 1] = 0\n", "pass\n"),
    ("poison.spread/walk", "if o <= last:\n", "if o < last:\n"),
    ("poison.spread/walk", "if found <= upto:", "if found < upto:"),
    ("poison.spread/walk", "arrived if low == high else amount", "amount"),
    ("poison.spread/pass_on", "952 if back else 903", "903"),
    ("poison.spread/pass_on", "952 if back else 903", "952 if back else 647"),
    ("poison.spread/pass_on", 'steps[s]["avail"] < amount or', "False or"),
    ("poison.spread/pass_on", "state[payer, 2] > 0 if", "False if"),
    ("poison.spread/pass_on", 'steps[s]["repaid"] > 0', "False"),
    ("poison.spread/pass_on", "left == 1 or", ""),
    (
        "poison.spread/pass_on",
        "state[payee, 0] = max(state[payee, 0], left - 1)",
        "state[payee, 0] = left - 1",
    ),
    ("poison.spread/pass_on", "if not back:\n", "if False:\n"),
    ("poison.spread/pass_on", "payee = book_of(books, payee)[0]", "pass"),
    ("poison.spread/pass_on", "payer = book_of(books, payer)[0]", "pass"),
    ("poison.spread/pass_on", "range(place + 1, upto + 1)", "range(place + 1, upto)"),
    ("poison.spread/pass_on", "if left == 0:", "if left <= 1:"),
    ("poison.spread/wait_for", "if o <= last:", "if o < last:"),
    ("poison.spread/wait_for", "range(begin, end)", "range(pot, pot + 1)"),
    ("poison.spread", "steps.size - 2 - last", "steps.size - 1 - last"),
    ("poison.spread", 'pots[pot]["kind"] == 4', "False"),
    ("poison.spread", "if state[begin, 3] > 0:", "if False:"),
    ("poison.spread", "            state[pot] = 0\n", "            state[begin] = 0\n"),
    ("poison.spread", "if state[begin, 0] > 0:", "if True:"),
    ("chains.nearest", "if remainder >= parts - remainder:", "if remainder > parts - remainder:"),
    ("chains.placed_at", "if starts[middle] <= place:", "if starts[middle] < place:"),
    ("chains.behind", "edge = step if back else step + 1", "edge = step"),
    ("chains.worth", "if turn < 0:", "if turn > 0:"),
    ("chains.position_of", "if values[middle, 0] < value:", "if values[middle, 0] <= value:"),
    ("chains.crosses", "standing[middle, 1] <= came", "standing[middle, 1] < came"),
    ("chains.crosses", "standing[low, 1] < goes", "standing[low, 1] <= goes"),
    ("chains.first_below", "node = at\n", "node = at + ahead\n"),
    ("chains.first_below", "if low < height:", "if low <= height:"),
    ("chains.first_below", "node >>= 4", "node = (node >> 4) + ahead"),
    ("chains.first_below", "if shift > 0:\n            offset +=", "if shift > 4:\n            offset +="),
    ("chains.first_below", "offset -= (positions", "offset -= 0 * (positions"),
    (
        "chains.first_below",
        "- edge  # backward no node below is missing: all lie before the place\n        last = begin >> shift if back else",
        "- edge\n        last = positions.size - 1 if not back else 0 if shift else begin if back else",
    ),
    ("chains.first_below", "(node << 4) + 15 - edge", "node << 4"),
    ("chains.first_below/left_behind", "first -= 1", "break"),
    ("chains.first_below/left_behind", "if at + 1 < end:", "if at + 1 <= end:"),
    ("chains.walk_chains", 'hops"] + 1 > most', 'hops"] > most'),
    ("chains.walk_chains", "total < least", "total <= least"),
    ("chains.walk_chains", 'total += taken[i]["value"]', 'total += taken[i]["high"] - taken[i]["low"]'),
    ("chains.walk_chains", "if s < 0 or order > last:", "if s < 0 or order >= last:"),
    ("chains.walk_chains", "goes = position_of(restarts, s) < 0", "goes = True"),
    ("chains.walk_chains", 'if piece["lane"] == 0 and crosses(', "if crosses("),
    ("chains.walk_chains", "passes or inner", "inner"),
    ("chains.walk_chains", "asked & PARTY != 0 and steps[s]", "steps[s]"),
    ("chains.walk_chains", 'piece["key"] = order - steps.size', "pass"),
    ("chains.walk_chains", "shrink(pieces[held + loose])\n", "pass\n"),
    ("chains.walk_chains", 'or together(steps[s], steps[taken[0]["step"]])', ""),
    ("chains.walk_chains", "and not (back and root)", ""),
    ("chains.walk_chains", "if turns and back:", "if turns and not back:"),
    ("chains.walk_chains", 'if cut["whole"] == 0:', 'if cut["high"] == cut["low"]:'),
    ("chains.walk_chains", "s = far_part(steps, s, back)", "pass"),
    ("chains.walk_chains", "trails += 1", "trails += 0"),
    ("chains.walk_chains", "elif lifo and flags & PARTS:", "elif False:"),
    ("chains.walk_chains", "shift -= upto", "shift -= 0"),
    ("chains.walk_chains", "opening = min(max(low, -shift), high)", "opening = low"),
    ("chains.walk_chains", "np.int64(book[pot]) if book.size > 0 else pot", "pot"),
    ("chains.walk_chains", 'ended = group["end"]\n', "ended = ended\n"),
    ("chains.walk_chains/aim_placed", 'if piece["low"] >= shift + upto:', 'if piece["low"] > shift + upto:'),
    ("chains.walk_chains/aim_lent", "begin - own, 1)", "begin, 1)"),
    ("chains.walk_chains/aim_lent", 'begin + step["repaid"])\n', "begin)\n"),
    ("chains.walk_chains/stacked_credit", "while shift >= height:", "while False:"),
    ("chains.walk_chains/part_lies", "min(max(kept - before, 0)", "min(max(kept, 0)"),
    ("chains.walk_chains/part_lies", 'before += steps[other]["amount"]', "before += 0"),
    ("chains.walk_chains/debit_lies", 'step["avail"], np.int64(-1)', 'step["avail"], np.int64(1)'),
    ("chains.walk_chains/debit_lies", 'if step["flags"] & ARRIVAL:', "if False:"),
    ("chains.walk_chains/credit_lies", "np.int64(0), kept, step", "np.int64(0), amount, step"),
    ("chains.walk_chains/shrink", 'piece["high"] = piece["from"]', 'piece["low"] = piece["from"]'),
    ("chains.walk_chains/cut_off", 'flip * (piece["base"] - shift)', 'piece["base"] - shift'),
    ("chains.walk_chains/cut_off", 'flip * piece["turn"]', 'piece["turn"]'),
    ("chains.walk_chains/lay_down", 'flip * cut["turn"]', 'cut["turn"]'),
    ("chains.walk_chains/lay_down", 'piece["trail"] = cut["trail"]', 'piece["trail"] = 0'),
    ("chains.walk_chains/sift", "pieces[begin + i] = pieces[spare]", "pieces[at] = pieces[spare]"),
    ("chains.walk_chains/drop", "pieces[last] = pieces[end]", "pass"),
    ("chains.walk_chains/drop", '< pieces[begin + child]["key"]:', '> pieces[begin + child]["key"]:'),
    ("chains.walk_chains/add_end", 'ends[i]["value"] += value', 'ends[i]["value"] += amount'),
    (
        "chains.walk_chains/comes_before",
        'return cut["low"] < other["low"]',
        'return cut["low"] > other["low"]',
    ),
    ("chains.walk_chains/in_order", "range(found // 2 - 1, -1, -1)", "range(0)"),
    ("chains.walk_chains/convert", 'cut["low"] - whole', 'cut["low"]'),
    ("chains.walk_chains/convert", '== taken[begin]["trail"]', ">= 0"),
    ("chains.walk_chains/convert", 'value += cut["value"]', 'value += cut["high"] - cut["low"]'),
    ("lay.lay_lenders", "back = -owed", "back = 0 * owed"),
    (
        "lay.lay_lenders",
        'paid[book] += steps[s]["amount"] - steps[s]["avail"]',
        'paid[book] += steps[s]["amount"]',
    ),
    ("lay.lay_lenders", 'book = leads[steps[s]["dst"]] if', 'book = steps[s]["dst"] if'),
)

# Faults that few examples see: one that does, found by a search that began where the others are looked for.
RARE = {
    ("chains.walk_chains", "trails += 1", "trails += 0"): 412,
    ("chains.walk_chains/lay_down", 'piece["trail"] = cut["trail"]', 'piece["trail"] = 0'): 412,
    ("chains.walk_chains/convert", '== taken[begin]["trail"]', ">= 0"): 412,
    ("unroll.reach/visit", "if flags & 512:", "if False:"): 418,
    ("chains.walk_chains", 'if cut["whole"] == 0:', 'if cut["high"] == cut["low"]:'): 423,
    ("lifo.trace_stack/walk", "skip = repaid", "skip = np.int64(0)"): 462,
    ("fifo.trace_lots", "if after > place and after <= last:", "if after > place and after < last:"): 553,
    ("lifo.trace_stack/walk", "min(whole - done, whole - owed)", "whole - done"): 622,
    ("chains.walk_chains/cut_off", 'flip * piece["turn"]', 'piece["turn"]'): 874,
    (
        "chains.walk_chains/comes_before",
        'return cut["low"] < other["low"]',
        'return cut["low"] > other["low"]',
    ): 921,
    ("chains.walk_chains/in_order", "range(found // 2 - 1, -1, -1)", "range(0)"): 921,
    ("chains.walk_chains/convert", 'cut["low"] - whole', 'cut["low"]'): 921,
    ("chains.walk_chains", 'or together(steps[s], steps[taken[0]["step"]])', ""): 1035,
    ("chains.walk_chains/part_lies", "min(max(kept - before, 0)", "min(max(kept, 0)"): 1788,
    ("prorata.look", "return at if at != end else np.int64(-1)", "return np.int64(-1)"): 1819,
    ("prorata.trace_shares/walk", "upto = nearest(rest, done, own)", "upto = min(rest, done)"): 2569,
    ("chains.walk_chains/lay_down", 'flip * cut["turn"]', 'cut["turn"]'): 3741,
    ("chains.walk_chains", 'if piece["lane"] == 0 and crosses(', "if crosses("): 4006,
    ("chains.walk_chains", 'piece["key"] = order - steps.size', "pass"): 4388,
    ("chains.walk_chains", "s = far_part(steps, s, back)", "pass"): 4513,
    ("poison.spread/pass_on", "        other |= INNER\n", "        pass\n"): 3546,
}


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


@cache
def example(pair: Pair, number: int) -> tuple[Any, Any]:
    """Inputs of a kernel, and what its twin makes of them: the same for every mutant."""
    args = pair.make(random.Random(number), (12, 30, 4)[number % 3])
    for_twin = copy.deepcopy(args)
    return args, pair.outcome(pair.twin(*for_twin), for_twin)


def differs(pair: Pair, kernel: Callable[..., Any], examples: Iterable[int]) -> bool:
    """Whether the property sees a difference in one of these examples."""
    for number in examples:
        args, expected = copy.deepcopy(example(pair, number))
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
    assert not differs(BY_NAME[name], kernel, range(EXAMPLES // 10))


@pytest.mark.parametrize(("name", "old", "new"), MUTANTS, ids=lambda text: str(text).strip())
def test_a_planted_fault_is_seen(name: str, old: str, new: str, walks_plainly: Callable[..., None]) -> None:
    kernel = plain_copy(name, old, new)
    if name == "chains.walk_chains":
        walks_plainly(kernel)
    rare = RARE.get((name, old, new))
    examples = (*((rare,) if rare is not None else ()), *range(EXAMPLES))
    assert differs(BY_NAME[name.partition("/")[0]], kernel, examples)


def test_every_kernel_has_a_mutant() -> None:
    assert set(RARE) <= set(MUTANTS)
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
        assert differs(pair, getattr(module, name), range(100)) == wrong
