"""The unrolled network: every way in which conserving money could have gone, in time order.

A book (an account in one currency and one period of coverage, its compartments together; in a clearing
account one earmark; a transfer in transit) is a line of nodes, one for each payment that the seeds' money
could have left by. Between two of them an edge is what stands in the book, with its balance as capacity;
a payment is an edge to the payee's next node, with what the account itself paid. What comes in needs no node
of its own: the balance behind it is the balance before it and itself, so the edge between limits nothing.

An attribution of the seed under any rule that conserves is a flow of the whole seed through this network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphflow import sets
from graphflow.kernels.unroll import PURE, SEED, TURNED, reach, unroll
from graphflow.ledger.form import ARRIVAL, BASES, CONVERTS, CUSTODY, PARTS, TRANSIT, Ledger
from graphflow.tracing.books import Standing, arriving_of, books_of, summed
from graphflow.tracing.seeds import Seeds
from graphflow.tracing.spans import Spans
from graphflow.tracing.walk import HORIZON, LENDER, PATIENCE, RECIRCULATED, _roots

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CONVERTED = HORIZON + 1
"""How money ends, for the envelope, that is paid in another currency than it came in."""

UNLIMITED = 2**62
"""The capacity of an edge without a limit."""


PART = 1_000_000
"""Payments at a time, where there may be very many."""

UNKNOWN = BASES.index("unknown")
FIRST = BASES.index("first balance")


@dataclass(frozen=True)
class Moves:
    """Payments that the seeds' money could reach, one a transfer (or leg of one), in time order.

    Attributes
    ----------
    first, last : int64 (v)
        Its steps in the ledger: several where several compartments pay.
    place : int64 (v)
        Where it stands in the order of the question: backward the last step has place 0.
    payer, payee : int64 (v)
        Books, by their first pots (backward the other way round).
    pays, whole, lends, into : int64 (v)
        What the payer itself paid; the whole transfer; what of it a lender may take at most when it arrives;
        what the payee's account gets at most.
    left : int64 (v)
        What stands in the payer's book behind it.
    stop : int64 (v)
        Why money that arrives goes no further, or 0.
    converts, seed : bool (v)
    part : int64 (v)
        Of a seed transfer: how much is seed.
    pure, turned : bool (v)
        Whether its payer may hold the seeds' money as it left; and such that a conversion has changed.
    """

    first: Ints
    last: Ints
    place: Ints
    payer: Ints
    payee: Ints
    pays: Ints
    whole: Ints
    lends: Ints
    into: Ints
    left: Ints
    stop: Ints
    converts: Flags
    seed: Flags
    part: Ints
    pure: Flags
    turned: Flags

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True)
class Reached:
    """What the seeds' money can reach in time order at all.

    Attributes
    ----------
    moves
        The payments.
    cuts : int64 (c, 3), in time order
        Balance seeds: book, twice the place behind which it stands plus 1, how much is seed.
    total : int
        The seed.
    """

    ledger: Ledger
    backward: bool
    moves: Moves
    cuts: Ints
    total: int


def reached(ledger: Ledger, seeds: Seeds, backward: bool, spans: Spans | None = None) -> Reached:
    """The payments and books that the seeds' money can reach in time order under any rule.

    Parameters
    ----------
    ledger, seeds, backward
        The question.
    spans
        Events of equal time and open order: money that comes to an account in one of them can leave by all
        of that account's payments in it.
    """
    steps = reached_steps(ledger, seeds, backward, spans)
    return Reached(ledger, backward, _moves(ledger, seeds, steps, backward), *_cuts(ledger, seeds, backward))


def reached_in_parts(
    ledger: Ledger, seeds: Seeds, backward: bool, steps: Ints, length: int = PART
) -> Iterator[Reached]:
    """The same, some payments at a time: all of them at once may be more than memory holds."""
    cuts, total = _cuts(ledger, seeds, backward)
    begin = 0
    while begin < len(steps):
        end = min(begin + length, len(steps))
        row = ledger.steps["row"]
        while end < len(steps) and row[steps[end, 0]] == row[steps[end - 1, 0]]:
            end += 1  # what several compartments pay is one payment
        moves = _moves(ledger, seeds, steps[begin:end], backward)
        yield Reached(ledger, backward, moves, cuts[: 0 if begin else len(cuts)], total)
        begin = end
    if len(steps) == 0:
        yield Reached(ledger, backward, _moves(ledger, seeds, steps, backward), cuts, total)


def reached_steps(ledger: Ledger, seeds: Seeds, backward: bool, spans: Spans | None = None) -> Ints:
    """The steps that the seeds' money can reach, with what their payers may hold; as the kernel says."""
    roots = _roots(ledger, seeds, backward)
    transfers = roots.step >= 0
    table = np.zeros((len(roots.step), 4), np.int64)
    table[:, 0] = roots.place
    table[:, 1] = np.where(transfers, -1, books_of(ledger, roots.pot))
    table[:, 2] = np.where(roots.ends > roots.begins, PURE, 0)
    table[:, 3] = ~transfers
    # what stands in several compartments of one book is one seed
    heads, _, (bits,) = summed(table[:, :2], (table[:, 2],), np.maximum)
    table = np.column_stack((table[heads, :2], bits, table[heads, 3]))
    size = len(ledger.steps)
    last = size - 1 - seeds.first if backward else seeds.last
    loose = np.zeros(0, np.bool_) if spans is None else spans.loose
    side = (*ledger.by_book(backward), ledger.leads, loose)
    found = table
    while True:
        with ledger.scratch(1) as state:
            steps = reach(ledger.steps, ledger.pots, side, found, state, last, backward, PATIENCE)
        if spans is None:
            return steps
        # what comes into a group of open order may have come before everything in it
        touches = [
            spans.touches(part.moves, backward) for part in reached_in_parts(ledger, seeds, backward, steps)
        ]
        touched = np.concatenate(touches)
        heads, _, (bits,) = summed(touched[:, :2], (touched[:, 2],), np.bitwise_or)
        more = np.column_stack((touched[heads, :2], bits, np.zeros(len(heads), np.int64)))
        more = np.concatenate((table, more))
        more = more[np.lexsort((more[:, 1], more[:, 0]))]
        if len(more) == len(found) and bool((more == found).all()):
            return steps
        found = more


def _cuts(ledger: Ledger, seeds: Seeds, backward: bool) -> tuple[Ints, int]:
    """Balance seeds by book, and the whole seed."""
    roots = _roots(ledger, seeds, backward)
    standing = np.flatnonzero(roots.step < 0)
    stands = np.column_stack((books_of(ledger, roots.pot[standing]), roots.place[standing]))
    heads, _, (amounts,) = summed(stands, ((roots.ends - roots.begins)[standing],), np.add)
    cuts = np.column_stack((stands[heads], amounts)).reshape(-1, 3)
    return cuts[np.argsort(cuts[:, 1], kind="stable")], seeds.total


# --------------------------------------------------------------------------------- payments
def _moves(ledger: Ledger, seeds: Seeds, moved: Ints, backward: bool) -> Moves:
    """The payments of these steps; those that several compartments paid together are one."""
    first, last, bits = _joined(ledger, moved)
    sums = _sums(ledger, first, last)
    head, tail = ledger.steps[first], ledger.steps[last]
    flags = head["flags"].astype(np.int64)
    source, target = (books_of(ledger, head[side].astype(np.int64)) for side in ("src", "dst"))
    payer, payee = (target, source) if backward else (source, target)
    own, came = sums.own, sums.arrives - sums.repaid
    pays, into = (came, own) if backward else (own, came)
    lends = sums.amount - own if backward else sums.repaid
    whole = sums.arrives if backward else sums.amount
    stop = (flags >> 3) & 7 if backward else flags & 7
    converts = (flags & CONVERTS) > 0
    seed = (bits & SEED) > 0
    if backward:
        converts &= ~seed  # the seed is what left, and starts behind its conversion
    # any larger opening may be true: then it pays all by itself, and there is no end to what may stand
    free = ledger.pots["basis"] == UNKNOWN if len(first) > len(ledger.pots) else None
    payer_free, payee_free = (
        ledger.pots["basis"][book] == UNKNOWN if free is None else free[book] for book in (payer, payee)
    )
    pays = np.where(payer_free, whole, pays)
    into = np.where(payee_free, sums.amount if backward else sums.arrives, into)
    left = tail["after"] - came if backward else head["avail"] - own
    left = np.where(payer_free, UNLIMITED, left)
    divided = np.flatnonzero((ledger.pots["kind"][payer] == CUSTODY) & ~payer_free)
    for book in sets.unique(payer[divided]).tolist():
        which = divided[payer[divided] == book]
        history = Standing.of(ledger, book)
        if backward:
            left[which] = history.behind(2 * last[which] + 2) - came[which]
        else:
            left[which] = history.behind(2 * first[which]) - own[which]
    part = np.zeros(len(first), np.int64)
    which = np.flatnonzero(seed)
    part[which] = seeds.amounts[np.searchsorted(seeds.rows, head["row"][which])]
    return Moves(
        first=first,
        last=last,
        place=len(ledger.steps) - 1 - last if backward else first,
        payer=payer,
        payee=payee,
        pays=pays,
        whole=whole,
        lends=np.where(stop > 0, 0, lends),
        into=into,
        left=left,
        stop=stop,
        converts=converts,
        seed=seed,
        part=part,
        pure=(bits & PURE) > 0,
        turned=(bits & TURNED) > 0,
    )


def _joined(ledger: Ledger, moved: Ints) -> tuple[Ints, Ints, Ints]:
    """The first and the last step of each payment, and what its payer may hold."""
    steps, bits = moved[:, 0], moved[:, 1]
    first, last = steps.copy(), steps.copy()
    if len(ledger.row_pointer) == 0:
        return first, last, bits
    several = np.flatnonzero(ledger.steps["flags"][steps] & PARTS)
    if several.size == 0:
        return first, last, bits
    rows = ledger.steps["row"][steps[several]].astype(np.int64)
    first[several] = ledger.row_steps[ledger.row_pointer[rows]]
    # what was in transit, or is converted as a whole, has an arrival behind its parts
    end = ledger.row_pointer[rows + 1] - 1
    end -= (ledger.steps["flags"][ledger.row_steps[end]] & ARRIVAL) > 0
    last[several] = ledger.row_steps[end]
    heads, _, (bits,) = summed(first.reshape(-1, 1), (bits,), np.bitwise_or)
    order = np.argsort(heads)
    return first[heads[order]], last[heads[order]], bits[order]


@dataclass(frozen=True)
class _Sums:
    """Payments as they left, what of it their accounts paid, as they arrive, what of it repays a lender."""

    amount: Ints
    own: Ints
    arrives: Ints
    repaid: Ints


def _sums(ledger: Ledger, first: Ints, last: Ints) -> _Sums:
    """Sums over the steps of each payment, those included that carry nothing."""
    lengths = last - first + 1
    several = bool((lengths > 1).any())
    begins = np.cumsum(lengths) - lengths
    steps = np.repeat(first - begins, lengths) + np.arange(int(lengths.sum())) if several else first
    of = ledger.steps[steps]
    amount = of["amount"].astype(np.int64)
    own = np.minimum(amount, of["avail"])
    arrives = arriving_of(ledger, steps, amount)
    parts = (amount, own, arrives, of["repaid"].astype(np.int64))
    if several:
        parts = tuple(np.add.reduceat(part, begins) for part in parts)  # type: ignore[assignment]
    return _Sums(*parts)


# ----------------------------------------------------------------------------------- the network
@dataclass(frozen=True)
class Network:
    """Nodes and edges that any conserving attribution is a flow of; node 0 is the source.

    Attributes
    ----------
    tail, head, capacity : int64 (m)
        Edges. Those out of the source are always full.
    move : int64 (m)
        The payment that an edge is, or -1.
    nodes : int
        How many there are: the source, those of books, ends.
    ends : int64 (e, 3)
        Nodes where money ends, the last ones: node, why (as in the walk, and :data:`CONVERTED`), book.
    seed : int
        What leaves the source.
    ordered : bool
        Whether every edge leads from the source, or to a lower number, or to an end.
    """

    reached: Reached
    tail: Ints
    head: Ints
    capacity: Ints
    move: Ints
    nodes: int
    ends: Ints
    seed: int
    ordered: bool


def network_of(found: Reached, spans: Spans | None = None) -> Network:
    """The network of what was reached; with ``spans``, with the events of open order merged.

    An account's events of equal time and open order are one node then, in before out, with an edge to its
    lender where paying first would overdraw: a flow of any order's network is one of this, not the other way
    round. A balance seed amid such events is not provided for: one stands there only on a day of bare dates.
    """
    ledger, moves, cuts = found.ledger, found.moves, found.cuts
    merged = _merged(found, spans)
    pots = len(ledger.pots)

    def end(code: Any, books: Ints) -> Any:
        return -1 - (np.asarray(code, np.int64) * pots + books)

    target = np.where(moves.stop > 0, end(moves.stop, moves.payee), 0)
    turns = np.flatnonzero(moves.converts)
    target[turns] = end(CONVERTED, left_by(found)[turns])
    table = np.column_stack(
        (
            moves.payer,
            moves.payee,
            np.where(moves.pure, merged.pays, 0),
            target,
            merged.lends,
            merged.into,
            merged.left,
            moves.part,
            np.where(moves.seed, end(RECIRCULATED, moves.payer), 0),
            merged.out,
            merged.come,
            end(LENDER, moves.payee),
        )
    )
    before = np.searchsorted(2 * moves.place, cuts[:, 1])
    standing = np.column_stack((before, cuts[:, 0], cuts[:, 2], end(RECIRCULATED, cuts[:, 0])))
    joint = np.column_stack((merged.joint, end(LENDER, merged.joint[:, 0])))
    with ledger.scratch(1) as latest:
        edges, inner = unroll(table, standing, joint, latest)
    tail, head, capacity, move = (np.ascontiguousarray(edges[:, i]) for i in range(4))
    where = np.flatnonzero(head < 0)
    names, number = np.unique(-1 - head[where], return_inverse=True)
    head[where] = inner + number
    ends = np.column_stack((inner + np.arange(len(names)), names // pots, names % pots))
    np.minimum(capacity, found.total, out=capacity)
    return Network(found, tail, head, capacity, move, inner + len(names), ends, found.total, len(joint) == 0)


@dataclass(frozen=True)
class _Merged:
    """What payments may carry where the events of open order are one: as :class:`Moves` says, where none is.

    ``out`` and ``come`` are which of ``joint`` a payment leaves and comes to; ``joint`` are books, what
    stands behind their events, and what a lender may get of what comes in by them.
    """

    pays: Ints
    lends: Ints
    into: Ints
    left: Ints
    out: Ints
    come: Ints
    joint: Ints


def _merged(found: Reached, spans: Spans | None) -> _Merged:
    moves, ledger = found.moves, found.ledger
    none = np.full(len(moves), -1, np.int64)
    if spans is None:
        empty = np.zeros((0, 3), np.int64)
        return _Merged(moves.pays, moves.lends, moves.into, moves.left, none, none, empty)
    # in another order these may open with another balance than in the one that is shown
    loose = np.flatnonzero(spans.loose)
    basis = ledger.pots["basis"][loose]
    undone = bool((ledger.rows["net"] != ledger.rows["amount"]).any())
    vague = loose[(basis == FIRST) | ((basis == UNKNOWN) & undone)]
    payer, payee = np.isin(moves.payer, vague), np.isin(moves.payee, vague)
    out, come = (spans.find(books, moves.first) for books in (moves.payer, moves.payee))
    pairs = np.concatenate(
        (
            np.column_stack((moves.payer[out >= 0], out[out >= 0])),
            np.column_stack((moves.payee[come >= 0], come[come >= 0])),
        )
    )
    heads, of, _ = summed(pairs, (), np.add)
    count = int((out >= 0).sum())
    pair, other = none.copy(), none.copy()
    pair[out >= 0], other[come >= 0] = of[:count], of[count:]
    walks = (moves.stop == 0) & ~moves.converts
    other[~walks] = -1
    return _Merged(
        pays=np.where(payer | (out >= 0), moves.whole, moves.pays),
        lends=np.where(walks & (come < 0), np.where(payee, UNLIMITED, moves.lends), 0),
        into=np.where(payee | (come >= 0), UNLIMITED, moves.into),
        left=np.where(payer, UNLIMITED, moves.left),
        out=pair,
        come=other,
        joint=_together(found, spans, pairs[heads], vague),
    )


def _together(found: Reached, spans: Spans, pairs: Ints, vague: Ints) -> Ints:
    """What stands behind each book's merged events, and what a lender may get of what comes in by them."""
    ledger = found.ledger
    left, may = np.full(len(pairs), UNLIMITED), np.zeros(len(pairs), np.int64)
    low, high = 2 * spans.begins[pairs[:, 1]], 2 * spans.ends[pairs[:, 1]] + 2
    unsure = set(vague.tolist())
    for book in sets.unique(pairs[:, 0]).tolist():
        which = np.flatnonzero(pairs[:, 0] == book)
        history = Standing.of(ledger, book)
        paid, came = history.between(low[which], high[which])
        before, behind = history.signed(low[which]), history.signed(high[which])
        if found.backward:
            paid, came, before, behind = came, paid, behind, before
        if book in unsure:
            may[which] = came
        elif ledger.pots["basis"][book] != UNKNOWN:
            left[which] = np.maximum(behind, 0)
            owed = np.maximum(-before, 0) + np.maximum(paid - np.maximum(before, 0), 0)
            may[which] = np.minimum(came, owed)
    return np.column_stack((pairs[:, 0], left, may)).reshape(-1, 3)


def left_by(found: Reached) -> Ints:
    """The book that each payment leaves: not that of a transfer in transit, but its payer's."""
    ledger, moves = found.ledger, found.moves
    books = moves.payer.copy()
    for i in np.flatnonzero(moves.converts & (ledger.pots["kind"][books] == TRANSIT)).tolist():
        first = ledger.steps_of(int(ledger.steps["row"][moves.first[i]]))[0]
        books[i] = books_of(ledger, ledger.steps["src"][[first]].astype(np.int64))[0]
    return books
