"""Last in, first out, written to be read: every pot is a stack of single units, each traced or not."""

from __future__ import annotations

from tests.naive.lows import left_behind


def first_below(steps, side, converted, pot, at, height, back):
    """The first payment from a place on that leaves less than so much in the pot, or -1: one by one."""
    begin, end = int(side[0][pot]), int(side[0][pot + 1])
    arriving = {int(s): int(amount) for s, amount in converted}
    for i in range(at, begin - 1, -1) if back else range(at, end):
        if left_behind(steps, side, arriving, i, end, back) < height:
            return i
    return -1


def first_behind(pointer, positions, pot, place, back, size):
    """The pot's first payment behind a place in time order; one beyond its last if there is none."""
    own = range(int(pointer[pot]), int(pointer[pot + 1]))
    later = [i for i in own if (size - 1 - int(positions[i]) if back else int(positions[i])) > place]
    if back:
        return max(later, default=own.start - 1)
    return min(later, default=own.stop)


def stands(steps, pot, seeds, back):
    """How many units a pot opens with, backward closes with; where nothing says so, what a seed says."""
    for step in reversed(steps) if back else steps:
        own = min(int(step["amount"]), int(step["avail"]))
        if back and step["dst"] == pot:
            return int(step["after"])
        if step["src"] == pot and not step["flags"] & 64:
            return int(step["avail"]) - (own if back else 0)
        if step["dst"] == pot:
            return int(step["cplace"])
    return max((int(row[3]) for row in seeds if row[1] == pot), default=0)


def transfers(steps, back):
    """The steps in order, those together that are parts of one transfer."""
    found = []
    for s in reversed(range(len(steps))) if back else range(len(steps)):
        before = steps[found[-1][-1]] if found else None
        if found and steps[s]["flags"] & before["flags"] & 512 and steps[s]["row"] == before["row"]:
            found[-1].append(s)
        else:
            found.append([s])
    return found


def trace_stack(steps, side, converted, seeds, queue, last, back, patience=0):
    """What each step carries of the seeds' money, unit by unit.

    A transfer is a row of units: forward in its own order, the last of them a lender's; backward from its last unit
    to its first, so that the lender's come first.
    """
    arriving = {int(s): int(amount) for s, amount in converted}
    amounts = [arriving.get(s, int(step["amount"])) for s, step in enumerate(steps)]
    held = [
        [False] * stands(steps, pot, seeds, back) for pot in range(len(queue))
    ]  # from the oldest to the newest
    moved, stopped = [], []

    def restart(event):
        for at, pot, low, high, _ in seeds:
            if at == event:
                if any(held[pot]):
                    stopped.append((-1, int(pot), sum(held[pot])))
                held[pot] = [low <= i < high for i in range(len(held[pot]))]

    def take(pot, amount, upright):
        """Units out of a pot, the newest first, or, out of one in transit, the oldest."""
        stack = held[pot]
        if len(stack) < amount:  # no history there: what it pays is not traced
            return [False] * amount
        taken, stack[len(stack) - amount :] = stack[len(stack) - amount :], []
        return taken if upright else taken[::-1]

    restart(-1)
    place = -1
    for parts in transfers(steps, back):
        if place + len(parts) > last:
            break
        repaid = sum(int(steps[s]["repaid"]) for s in parts)
        units = []  # of the whole, as they leave
        if back:
            pot = int(steps[parts[0]]["dst"])
            units = [False] * repaid + take(pot, sum(amounts[s] for s in parts) - repaid, False)
        else:
            for s in parts:
                step = steps[s]
                own = min(int(step["amount"]), int(step["avail"]))
                units += take(int(step["src"]), own, bool(step["flags"] & 256))
                units += [False] * (int(step["amount"]) - own)
        arrived = []  # of the whole, as they come
        for s in parts:
            place += 1
            step = steps[s]
            amount = int(step["amount"])
            leaves, enters = (amounts[s], amount) if back else (amount, amounts[s])
            these, units = units[:leaves], units[leaves:]
            seed = [row for row in seeds if row[0] == 2 * place]
            if seed:
                if any(these):
                    stopped.append((s, int(step["dst" if back else "src"]), sum(these)))
                these = [seed[0][2] <= i < seed[0][3] for i in range(amount)]
            if step["flags"] & 128 and (any(these) or seed):
                return 1, [], [], []
            stops = step["flags"] & (56 if back else 7)
            lent = amount - min(amount, int(step["avail"]))  # backward: these come first
            if any(these):
                last_own = sum(amounts[t] for t in parts) - repaid - len(arrived)
                lenders = these[:lent] if back else these[max(last_own, 0) :]
                moved.append((s, sum(these), 0 if stops else sum(lenders)))
            if stops or leaves != enters:
                these = [False] * enters
            if not back:
                arrived += these
            elif step["flags"] & 256:
                held[int(step["src"])] += these[::-1]  # in transit the order is kept
            else:
                held[int(step["src"])] += these[lent:]
        if not back:
            held[int(step["dst"])] += arrived[: len(arrived) - repaid]
        restart(2 * place + 1)
    left = [(pot, sum(held[pot])) for pot in range(len(queue)) if any(held[pot])]
    return 0, moved, stopped, left
