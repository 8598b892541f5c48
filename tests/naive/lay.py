"""Records of the ledger, field by field."""

from __future__ import annotations


def lay_rows(rows, origin, times, sides, amounts, currency):
    for record, r in zip(rows, origin, strict=True):
        record["origin"] = r
        record["time"], record["arrives"] = times[0][r], times[1][r]
        record["source"], record["target"] = sides[0][r], sides[1][r]
        record["amount"], record["net"] = amounts[0][r], amounts[1][r]
        record["currency"] = currency[r]


def lay_steps(steps, row, pots, amount, flags):
    for name in steps.dtype.names:
        steps[name] = 0
    steps["row"], steps["src"], steps["dst"], steps["amount"] = row, pots[0], pots[1], amount
    if len(flags):
        steps["flags"] = flags


def count_keys(keys, counts):
    for key in range(len(counts)):
        counts[key] += sum(1 for k in keys if k == key)


def index_steps(steps, first, back, pointer, free, entries):
    """The steps of each pot, one behind the other from its free place on."""
    side, place = ("dst", "cplace") if back else ("src", "dplace")
    for pot in range(len(free)):
        order = [s for s in range(len(steps)) if steps[side][s] == pot]
        for s, stands in zip(order, held(steps, order, back), strict=True):
            entry = entries[free[pot]]
            entry["step"], entry["start"], entry["held"] = first + s, steps[place][s], stands
            free[pot] += 1


def held(steps, order, back):
    """What the payer has before each step, backward the payee behind it: -1 if more parts of it follow."""
    if not back:
        return [int(steps["avail"][s]) for s in order]
    found = []
    for s, other in zip(order, [*order[1:], None], strict=False):
        follows = other is not None and steps["dst"][s] == steps["dst"][other]
        parts = follows and steps["flags"][s] & steps["flags"][other] & 512
        found.append(-1 if parts and steps["row"][s] == steps["row"][other] else int(steps["after"][s]))
    return found


def first_beyond(steps, outside, most):
    found = []
    for name, side in (("avail", "src"), ("after", "dst"), ("amount", None)):
        at = [
            s for s in range(len(steps)) if steps[name][s] >= most and not (side and outside[steps[side][s]])
        ]
        found.append(at[0] if at else -1)
    return tuple(found)


def lay_lenders(steps, leads, owed):
    """Every unit that a lender pays or gets back has a number in its book; what repays the opening is below 0."""
    pays, gets = [0] * len(owed), [-int(debt) for debt in owed]
    lent, repaid = [], []
    for s, step in enumerate(steps):
        src, dst = (int(leads[step[side]]) if len(leads) else int(step[side]) for side in ("src", "dst"))
        beyond = max(int(step["amount"]) - int(step["avail"]), 0)
        if beyond:
            lent.append([s, pays[src]])
            pays[src] += beyond
        if step["repaid"]:
            repaid.append([s, gets[dst]])
            gets[dst] += int(step["repaid"])
    return lent, repaid
