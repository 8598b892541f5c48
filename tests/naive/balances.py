"""Balances, written to be read: every figure is a sum over everything that came before."""

from __future__ import annotations

from functools import cache


def book_rows(source, target, paid, received, size, wanted):
    """Lowest and last sum of every book's rows from nothing, and the sums of both sides after each row."""
    sums = []
    of_source, of_target = [0] * len(source), [0] * len(source)
    for book in range(size):
        at, lowest = 0, 0
        for i in range(len(source)):
            if source[i] == book:
                at -= int(paid[i])
                of_source[i] = at
                lowest = min(lowest, at)
            if target[i] == book:
                at += int(received[i])
                of_target[i] = at
        sums.append([lowest, at])
    if not wanted:
        of_source, of_target = [], []
    return sums, of_source, of_target


def divide_custody(payer, payee, own, into, amount, received, opening, bare):
    """Which compartment pays: its own, the bare one, the others by how long they have not been empty; then a lender."""
    held: dict[int, int] = {}
    filled: dict[int, list[int]] = {
        b: [] for b in range(len(bare))
    }  # compartments that hold something, by age
    owed = {}
    for b in range(len(bare)):
        owed[b] = max(-int(opening[b]), 0)
        if opening[b] > 0:
            held[int(bare[b])] = int(opening[b])
            filled[b].append(int(bare[b]))
    parts, repaid = [], []
    for i in range(len(payer)):
        b = int(payer[i])
        if b >= 0:
            need = int(amount[i])
            for pot in [int(own[i]), int(bare[b]), *filled[b]]:
                taken = min(need, held.get(pot, 0))
                if taken:
                    held[pot] -= taken
                    need -= taken
                    parts.append((i, pot, taken, False))
            filled[b] = [pot for pot in filled[b] if held[pot]]
            if need:
                owed[b] += need
                parts.append((i, int(own[i]), need, True))
        b, back = int(payee[i]), 0
        if b >= 0:
            back = min(owed[b], int(received[i]))
            owed[b] -= back
            if received[i] > back:
                pot = int(into[i])
                if not held.get(pot):
                    filled[b].append(pot)
                held[pot] = held.get(pot, 0) + int(received[i]) - back
        repaid.append(back)
    columns = list(zip(*parts, strict=True)) or [(), (), (), ()]
    return (*columns, repaid)


def run_balances(steps, pots, converts, received):
    """Each step's balances and places, from how its pots stood and all that they did since."""
    arriving = {int(s): int(amount) for s, amount in zip(converts, received, strict=True)}
    repaid_before = [int(step["repaid"]) for step in steps]
    stood_held, outside, divided = (pots[name].tolist() for name in ("held", "outside", "divided"))
    stood = pots.copy()
    source, target, amounts, flags = (steps[name].tolist() for name in ("src", "dst", "amount", "flags"))

    touching = [[] for _ in stood_held]  # the steps of each pot, in their order
    for s in range(len(source)):
        for pot in {source[s], target[s]}:
            touching[pot].append(s)

    def amount(s):
        return amounts[s]

    def arrives(s):
        return arriving.get(s, amount(s))

    def lent(s):
        return bool(flags[s] & 64)

    def held(pot, before, debit_too=False):
        """What stands in a pot before a step (or between its debit and its credit)."""
        total = stood_held[pot]
        for s in touching[pot]:
            if s >= before + debit_too:
                break
            if source[s] == pot and not lent(s):
                total -= amount(s)
            if target[s] == pot and s < before:
                total += arrives(s) - (repaid_before[s] if divided[pot] else 0)
        return total

    @cache
    def own(s):
        """What its pot itself pays."""
        pot = source[s]
        if outside[pot] or lent(s):
            return 0
        return min(amount(s), max(held(pot, s), 0))

    @cache
    def repaid(s):
        """What of a credit its lender gets."""
        pot = target[s]
        if outside[pot]:
            return 0
        if divided[pot]:
            return repaid_before[s]
        return min(arrives(s), max(-held(pot, s, True), 0))

    facts = []
    for s in range(len(steps)):
        p, q = source[s], target[s]
        known = not outside[p]
        avail = 0 if lent(s) and known else max(held(p, s), 0) if known else amount(s)
        after = 0 if outside[q] else max(held(q, s + 1), 0)
        dplace = int(stood[p]["paid"]) + sum(own(t) for t in touching[p] if t < s and source[t] == p)
        entered = [arrives(t) - repaid(t) for t in touching[q] if t < s and target[t] == q]
        cplace = int(stood[q]["credited"]) + (0 if outside[q] else sum(entered))
        facts.append((avail, after, repaid(s), dplace, cplace))
    for pot in range(len(pots)):
        paid_by = [s for s in touching[pot] if source[s] == pot]
        paid_to = [s for s in touching[pot] if target[s] == pot]
        if paid_by:
            pots[pot]["debit"] = amount(paid_by[-1])
            pots[pot]["paid"] += sum(own(s) for s in paid_by)
        if paid_to:
            pots[pot]["credit"] = arrives(paid_to[-1]) - repaid(paid_to[-1])
        if not outside[pot]:
            pots[pot]["held"] = held(pot, len(steps))
            pots[pot]["credited"] += sum(arrives(s) - repaid(s) for s in paid_to)
    names = ("avail", "after", "repaid", "dplace", "cplace")
    for name, column in zip(names, zip(*facts, strict=True), strict=True) if facts else ():
        steps[name] = column
