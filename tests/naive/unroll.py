"""What money can reach, and the network of it, written to be read."""

from __future__ import annotations

from collections import defaultdict

PURE, TURNED, SEED = 1, 2, 4
UNKNOWN, CUSTODY, PARTS = 3, 2, 512


def next_of(pointer, positions, book, step, back):
    """Where in ``positions`` a book's next payment behind a step is (``back``: the one before it), or -1."""
    own = range(int(pointer[book]), int(pointer[book + 1]))
    if back:
        return max((i for i in own if positions[i] < step), default=-1)
    return min((i for i in own if positions[i] > step), default=-1)


def reach(steps, pots, side, seeds, state, last, back, patience):
    """Step by step in the order of the question: every step whose payer may hold some of the money."""
    leads, loose = side[2:]
    size = len(steps)
    holds = defaultdict(int)
    moved = []
    by_key = defaultdict(list)
    for key, book, bits, cut in seeds:
        by_key[int(key)].append((int(book), int(bits), bool(cut)))

    def book_of(pot):
        return int(leads[pot]) if len(leads) else int(pot)

    def free(book):
        return pots[book]["basis"] == UNKNOWN or (len(loose) > 0 and bool(loose[book]))

    for key in range(-1, 2 * int(last) + 2):
        if key % 2:
            for book, bits, cut in by_key[key]:
                holds[book] = bits if cut else holds[book] | bits
            continue
        s = size - 1 - key // 2 if back else key // 2
        step = steps[s]
        payer, payee = (book_of(step[name]) for name in (("dst", "src") if back else ("src", "dst")))
        amount, converts = int(step["amount"]), bool(step["flags"] & 128)
        own = min(amount, int(step["avail"]))
        came = 1 if converts else amount - int(step["repaid"])
        pays, into = (came, own) if back else (own, came)
        if free(payer):
            pays = amount
        if free(payee):
            into = amount
        if step["flags"] & PARTS:  # what a lender takes is some of the whole, not of this part or that
            into = 1
        bits = holds[payer] if pays > 0 else 0
        # what has paid out all that it held has none of the money any more
        stands = int(step["after"] if back else step["avail"])
        known = not free(payer) and pots[payer]["kind"] != CUSTODY
        if bits and known and stands == pays:
            holds[payer] = 0
        if not bits and not by_key[key]:
            continue
        moved.append([s, bits + (SEED if by_key[key] else 0)])
        if by_key[key]:
            bits = by_key[key][0][1]
        if bits and converts and not (back and by_key[key]):
            bits = TURNED
        if into > 0 and not step["flags"] & (56 if back else 7):
            holds[payee] |= bits
    return moved


def unroll(moves, cuts, joint, latest):
    """Every book's stations in time order; what comes in goes to the next one, what stands too."""
    moves, cuts, joint = ([[int(x) for x in row] for row in table] for table in (moves, cuts, joint))
    stations = defaultdict(list)  # of a book: when, and the node (a number below zero: where money ends)
    names = []  # of nodes

    def node(name):
        names.append(name)
        return len(names)

    leaves = {}
    for m, (payer, _, pays, *_, pair, _, _) in enumerate(moves):
        if pays > 0 and pair < 0:
            leaves[m] = node(("pays", m))
            stations[payer].append((3 * m, leaves[m]))
    together = {}
    for k, (book, *_) in enumerate(joint):
        times = [3 * m + 1.5 for m, move in enumerate(moves) if k in move[9:11]]
        if times:
            together[k] = node(("joint", k))
            stations[book].append((max(times), together[k]))
    for before, book, _, ended in cuts:
        stations[book].append((3 * before - 1, ended))

    def after(book, time):
        later = [(t, number) for t, number in stations[book] if t > time]
        return min(later)[1] if later else -1 - book

    edges = []
    for m, (payer, payee, pays, ends, lends, into, left, part, met, pair, other, lender) in enumerate(moves):
        target = ends
        if not ends and (part > 0 or (pays > 0 and not met)):
            target = together[other] if other >= 0 else after(payee, 3 * m + 1)
            if lends > 0:
                arrival = node(("arrives", m))
                edges += [(arrival, target, into, -1), (arrival, lender, lends, -1)]
                target = arrival
        edges.append((0, target, part, m))
        if pays > 0:
            here = together[pair] if pair >= 0 else leaves[m]
            if pair < 0:
                edges.append((here, after(payer, 3 * m), left, -1))
            edges.append((here, met or target, pays, m))
    for k, (book, left, may, lender) in enumerate(joint):
        if k in together:
            time = next(t for t, number in stations[book] if number == together[k])
            edges += [(together[k], after(book, time), left, -1), (together[k], lender, may, -1)]
    for before, book, part, _ in cuts:
        edges.append((0, after(book, 3 * before - 1), part, -1))
    return [edge for edge in edges if edge[2] > 0 and edge[0] != edge[1]], len(names) + 1
