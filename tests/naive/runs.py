"""Runs of payments, one holder after another."""

from __future__ import annotations

from collections.abc import Sequence


def number_runs(holder: Sequence[int], comes_in: Sequence[bool], amount: Sequence[int]) -> list[int]:
    """The number of the run that each row belongs to; -1 for what was paid to somebody who has not paid in."""
    found = []
    runs = 0
    paid: dict[int, int] = {}
    back: dict[int, int] = {}
    for who, is_in, money in zip(holder, comes_in, amount, strict=True):
        if is_in:
            if not paid.get(who) or back[who] >= paid[who]:
                runs += 1
                paid[who] = back[who] = 0
            paid[who] += money
            found.append(runs - 1)
        elif paid.get(who):
            back[who] += money
            found.append(runs - 1)
        else:
            found.append(-1)
    return found
