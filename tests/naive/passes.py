"""Money through accounts, by looking at all pairs."""

from __future__ import annotations


def close_enough(came, goes, permille):
    """Whether two amounts differ by at most so many thousandths of the first."""
    return permille < 0 or abs(goes - came) <= came * permille // 1000


def passes(ends, time, money, index, limits):
    """Pairs in and out of an account, and accounts that have too many within the window."""
    window, permille, most = limits
    accounts = len(index[0]) - 1
    pairs, cut = [], []
    for account in range(accounts):
        ins = [e for e in range(len(ends)) if ends[e][1] == account]
        outs = [f for f in range(len(ends)) if ends[f][0] == account]
        near = [(e, f) for e in ins for f in outs if time[e] <= time[f] <= time[e] + window]
        if len(near) > most:
            cut.append(account)
            continue
        for e, f in near:
            compared = money[e][3] == money[f][1]
            if ends[e][0] != ends[f][1] and not (
                compared and not close_enough(money[e][2], money[f][0], permille)
            ):
                pairs.append((e, f))
    return pairs, cut


def one_to_one(pairs, size):
    """Which pairs remain if each transfer is in one at most."""
    kept, ins, outs = [], set(), set()
    for e, f in pairs:
        free = e not in ins and f not in outs
        kept.append(free)
        if free:
            ins.add(e)
            outs.add(f)
    return kept


def both_paid(ends, time, pointer, positions, window, most):
    """Pairs of one payer's transfers to two others, and payers that have too many within the window."""
    pairs, cut = [], []
    for payer in range(len(pointer) - 1):
        mine = [e for e in range(len(ends)) if ends[e][0] == payer]
        near = [(e, f) for e in mine for f in mine if e < f and time[f] <= time[e] + window]
        if len(near) > most:
            cut.append(payer)
        else:
            pairs += [
                tuple(sorted((e, f), key=lambda each: ends[each][1]))
                for e, f in near
                if ends[e][1] != ends[f][1]
            ]
    return pairs, cut
