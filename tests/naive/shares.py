"""Shares in a share, written to be read: exact fractions, dense elimination, all ways through a graph."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

LARGE, ORPHAN = 1, 2


def upstream(pointer, owners, start, places):
    """All parties from which stakes lead to one, level by level."""
    nodes, begins, above, stakes = [int(start)], [0], [], []
    for node in nodes:
        for k in range(int(pointer[node]), int(pointer[node + 1])):
            owner = int(owners[k])
            if owner not in nodes:
                nodes.append(owner)
            above.append(nodes.index(owner))
            stakes.append(k)
        begins.append(len(above))
    return nodes, begins, above, stakes


def components(pointer, owners):
    """Sets of parties that stand above one another, in an order in which owners come first."""
    size = len(pointer) - 1
    above = [{int(owners[k]) for k in range(int(pointer[j]), int(pointer[j + 1]))} for j in range(size)]
    changed = True
    while changed:
        changed = False
        for j in range(size):
            more = set().union(above[j], *(above[i] for i in above[j]))
            changed |= more != above[j]
            above[j] = more
    return [frozenset({j} | {i for i in above[j] if j in above[i]}) for j in range(size)], above


def solve(matrix, right):
    """Exact fractions: elimination with the first row that serves; None where there is no one answer."""
    size = len(right)
    rows = [[*matrix[i], right[i]] for i in range(size)]
    for k in range(size):
        pick = next((i for i in range(k, size) if rows[i][k] != 0), None)
        if pick is None:
            return None
        rows[k], rows[pick] = rows[pick], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(size):
            if i != k and rows[i][k] != 0:
                factor = rows[i][k]
                rows[i] = [value - factor * other for value, other in zip(rows[i], rows[k], strict=True)]
    return [row[size] for row in rows]


def settle_ring(inside, leaks, comes):
    """What passes through each member: ``(I - inside) x = comes``, the diagonal of `inside` not looked at."""
    size = len(leaks)
    columns = []
    for j in range(size):
        others = [Fraction(float(inside[i][j])) if i != j else Fraction(0) for i in range(size)]
        # what the member keeps for itself is what neither the others have nor leaves
        columns.append([-value for value in others])
        columns[j][j] = sum(others) + Fraction(float(leaks[j]))
    matrix = [[columns[j][i] for j in range(size)] for i in range(size)]
    return [float(value) for value in solve(matrix, [Fraction(float(value)) for value in comes])]


def integrate(pointer, owners, shares, whole, ring, comes):
    """``(I - W) x = comes`` for all at once; members of closed rings pass nothing on."""
    size = len(pointer) - 1
    rings, _ = components(pointer, owners)
    w = [[Fraction(0)] * size for _ in range(size)]
    rest = [int(whole[j]) for j in range(size)]
    inside = [0] * size
    for j in range(size):
        for k in range(int(pointer[j]), int(pointer[j + 1])):
            i = int(owners[k])
            w[i][j] += Fraction(int(shares[k]), int(whole[j]))
            rest[j] -= int(shares[k])
            inside[j] += int(shares[k]) if i in rings[j] else 0
    closed = [len(rings[j]) > 1 and all(inside[m] == int(whole[m]) for m in rings[j]) for j in range(size)]
    for j in range(size):
        if closed[j]:
            for i in range(size):
                w[i][j] = Fraction(0)
    matrix = [[int(i == j) - w[i][j] for j in range(size)] for i in range(size)]
    passes = solve(matrix, [Fraction(float(value)) for value in comes])
    lost = [
        float(passes[j] * Fraction(rest[j], int(whole[j])))
        if pointer[j + 1] > pointer[j] and not closed[j]
        else 0.0
        for j in range(size)
    ]
    return [float(value) for value in passes], lost, ORPHAN if any(closed) else 0


def greatest(pointer, owners, least, most, whole, ring, wanted):
    """Every way of filling every company's stakes, one stake after another; of each the shares; the best."""
    size = len(pointer) - 1
    choices = []
    for j in range(size):
        own = range(int(pointer[j]), int(pointer[j + 1]))
        fillings = {()}
        for order in permutations_of(list(own)):
            room = int(whole[j]) - sum(int(least[k]) for k in own)
            filled = {k: int(least[k]) for k in own}
            for k in order:
                more = max(min(int(most[k]) - int(least[k]), room), 0)
                filled[k] += more
                room -= more
            fillings.add(tuple(sorted(filled.items())))
        choices.append(sorted(fillings - {()}) or [()])
    best = [Fraction(int(bool(wanted[j]))) for j in range(size)]
    for chosen in product(*choices):
        # what nothing of the wanted stands above has nothing of theirs, also if it owns all of itself
        under = {j for j in range(size) if wanted[j]}
        for _ in range(size):
            under |= {
                j for j in range(size) if any(part and int(owners[k]) in under for k, part in chosen[j])
            }
        matrix = [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]
        for j in under:
            for k, part in chosen[j] if not wanted[j] else ():
                if int(owners[k]) in under:
                    matrix[j][int(owners[k])] -= Fraction(part, int(whole[j]))
        value = solve(matrix, [Fraction(int(bool(wanted[j]))) for j in range(size)])
        best = [max(one, other) for one, other in zip(best, value, strict=True)]
    return [float(value) for value in best]


def permutations_of(values):
    """All orders of a few values."""
    if not values:
        return [[]]
    return [[one, *rest] for one in values for rest in permutations_of([x for x in values if x != one])]


def swell(pointer, owners, shares, whole, ring):
    """Owners have at most all that goes up; of rings, at most one of them has all that leaves it."""
    size = len(pointer) - 1
    stakes = [
        [(int(owners[k]), int(shares[k])) for k in range(int(pointer[j]), int(pointer[j + 1])) if shares[k]]
        for j in range(size)
    ]
    begins = [sum(len(each) for each in stakes[:j]) for j in range(size + 1)]
    rings, _ = components(begins, [i for each in stakes for i, _ in each])
    known = {}

    def most(j):
        if j not in known:
            leaving = [i for m in rings[j] for i, _ in stakes[m] if i not in rings[j]]
            if pointer[j] == pointer[j + 1]:
                known[j] = 1.0
            elif len(rings[j]) == 1:
                known[j] = sum(part / int(whole[j]) * most(i) for i, part in stakes[j])
            elif any(sum(part for _, part in stakes[m]) > int(whole[m]) for m in rings[j]):
                known[j] = float("inf")
            else:
                known[j] = max((most(i) for i in leaving), default=0.0)
        return known[j]

    return [most(j) for j in range(size)]


def spread_up(pointer, owners, shares, whole, most, companies, bounds):
    """What all owners of each company have, exactly; of one below what has no answer, None."""
    found = []
    for company in companies:
        if most[company] == float("inf"):
            found.append(None)
            continue
        above = upstream(pointer, owners, company, None)
        nodes, begins, over, stakes = above
        comes = [int(place == 0) for place in range(len(nodes))]
        parts, wholes = [int(shares[k]) for k in stakes], [int(whole[j]) for j in nodes]
        passes, _, _ = integrate(begins, over, parts, wholes, None, comes)
        ends = [place for place in range(len(nodes)) if begins[place] == begins[place + 1]]
        found.append({nodes[place]: passes[place] for place in ends if passes[place] > 0})
    return found
