"""What part of each seed reaches a goal pro rata: every seed by itself, forward, in fractions."""

from __future__ import annotations

from fractions import Fraction

CONVERTS, ARRIVAL, INNER = 128, 256, 1024


def arriving(step, converted, s):
    """What arrives by a step."""
    return dict(map(tuple, converted))[s] if step["flags"] & CONVERTS else step["amount"]


def reaching_parts(steps, converted, goal, seed_of, classes, state, seeds):
    """What part of each seed reaches the payments of each goal within its time and number of transfers."""
    hops, goals = state.shape[1] - 1, state.shape[2]
    parts = [[Fraction(0)] * goals for _ in range(seeds)]
    bounds = [int(row[2]) for row in classes] + [seeds]
    for c, (first, last, _) in enumerate(classes):
        for begin in range(int(first), int(last) + 1):
            if bounds[c] <= seed_of[begin] < bounds[c + 1]:
                parts[seed_of[begin]] = _one(steps, converted, goal, seed_of, (begin, int(last), hops, goals))
    return [[float(part) for part in row] for row in parts]


def _one(steps, converted, goal, seed_of, limits):
    begin, last, hops, goals = limits
    found = [Fraction(0)] * goals
    held = {}  # by pot and transfers left
    for s in range(begin, last + 1):
        step = steps[s]
        moving = {hops: Fraction(1)} if s == begin else {}
        pays, holds = int(min(step["amount"], step["avail"])), int(step["avail"])
        if s > begin and pays > 0:
            for left in range(hops + 1):
                taken = held.get((int(step["src"]), left), Fraction(0)) * Fraction(pays, holds)
                if taken:
                    held[int(step["src"]), left] -= taken
                    free = step["flags"] & (ARRIVAL | INNER)
                    if free:
                        moving[left] = moving.get(left, 0) + taken
                    elif left > 0:
                        moving[left - 1] = moving.get(left - 1, 0) + taken
            if seed_of[s] >= 0:
                moving = {}  # it met a seed
        if goal[s]:
            found[goal[s] - 1] += sum(moving.values())
        elif not step["flags"] & 7:
            came = int(arriving(step, converted, s))
            for left, part in moving.items():
                kept = part * Fraction(came - int(step["repaid"]), came) if came else 0
                key = int(step["dst"]), left
                held[key] = held.get(key, Fraction(0)) + kept
    return found
