"""Chains of money, one after the other, at any depth.

A chain is a sequence of transfers with one amount that flowed all the way to one end. The money of one path
lies in *pieces*, intervals of what a pot holds: of its rulers first in, first out (``kernels/fifo.py``), of
its heights last in, first out (``kernels/lifo.py``). A transfer takes the pieces' money and lays it down
somewhere else, so that walking the chains is moving intervals depth first: no queue, no set of paths, memory
for one path only.

*Place* is where a unit lies in a pot, *offset* where it lies in a transfer, *order* when a step happens as
the question goes (backward the last step is the first). Everything of one path that has not gone on is a
*group*; its pieces are a heap by the payment that takes of them next.

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Records = NDArray[np.void]
Side = tuple[Ints, Numbers, Ints, Ints, Ints]
Lenders = tuple[Numbers, Ints, Numbers, Ints, Ints]
Books = tuple[Records, Side, Ints, Lenders, Ints, Ints]
Limits = tuple[int, int, int, int, int]
Stack = tuple[Records, Records, Records, Ints, Ints]

BACK, LIFO, PARTY, COORDINATED = 1, 2, 4, 8
"""What is asked, as bits: backward, last in first out, transfers inside a party carry no hop, what repays a
lender goes on as the payment that the overdraft made.
"""

STAYS, LENDER, MET, LIMIT = 0, 5, 6, 7
"""How money ends; 1 to 4 as in the steps' flags."""

CONVERTS, ARRIVAL, PARTS, INNER = 128, 256, 512, 1024
"""Flags of a step, as in ``ledger/form.py``."""


def of_numbers(names: str) -> np.dtype:
    """A record of whole numbers."""
    return np.dtype([(name, np.int64) for name in names.split()])


GROUP = of_numbers("piece end hops length")
"""All that one path brought: its first piece and first end, hops, length of the path."""

PIECE = of_numbers(
    "pot low high lane came moving trail base turn whole worth key step from upto shift flip silent"
)
"""Money in a pot, and what takes of it next.

``low`` to ``high`` are its places; ``lane`` 1: on the ruler of what lenders paid; ``came`` when it came,
twice its order (a standing seed: and 1); ``moving`` 1: in transit; ``trail`` a number for the way that it
came, transfers inside a party among it. ``whole`` units that are ``worth`` in the seed's currency were last
converted together: place ``x`` is the one numbered ``turn * (x - base)`` of them.

``step`` takes the part ``from`` one place ``upto`` another; offset ``y`` of it is at place ``shift + flip *
y``. ``silent`` 1: it carries no hop. The least ``key`` of a heap is next.
"""

CUT = of_numbers("step pot low high trail base turn whole worth value")
"""Money in a transfer, by offsets, with the pot that it left; ``value`` in the seed's currency."""

END = of_numbers("code pot amount value")
"""Money of a group that goes no further."""

START = (0, -1, 0, 0, 0, 0)
"""The state before the first call: the next seed; groups but one, pieces and ends on the stack; paths that
have been told; trails that were given a number.
"""


# ---------------------------------------------------------------------- numbers
@njit(cache=True, nogil=True)
def nearest(amount: int, part: int, parts: int) -> int:
    """``amount * part / parts`` to the nearest whole number, a half up, for values below 2**52."""
    if parts in (part, 0):
        return amount
    quotient = np.int64(np.float64(amount) * np.float64(part) / np.float64(parts))
    # the remainder is small whatever the size of the products, so it comes out right in wrapping integers
    remainder = np.int64(np.uint64(amount) * np.uint64(part) - np.uint64(quotient) * np.uint64(parts))
    while remainder < 0:
        remainder += parts
        quotient -= 1
    while remainder >= parts:
        remainder -= parts
        quotient += 1
    if remainder >= parts - remainder:
        quotient += 1
    return quotient


@njit(cache=True, nogil=True)
def position_of(values: Ints, value: int) -> int:
    """Where ``value`` stands in the first column of ascending rows, or -1."""
    low = 0
    high = values.shape[0]
    while low < high:
        middle = (low + high) // 2
        if values[middle, 0] < value:
            low = middle + 1
        else:
            high = middle
    if low < values.shape[0] and values[low, 0] == value:
        return low
    return -1


@njit(cache=True, nogil=True)
def worth(low: int, high: int, base: int, turn: int, whole: int, seed: int) -> int:
    """What ``low`` to ``high`` are worth: of ``whole`` units that are ``seed`` together, those numbered
    ``turn * (x - base)``. Every cut is rounded from the beginning of the whole.
    """
    if whole in (seed, 0):
        return high - low if whole else seed
    if turn < 0:
        return nearest(base - low, seed, whole) - nearest(base - high, seed, whole)
    return nearest(high - base, seed, whole) - nearest(low - base, seed, whole)


# ---------------------------------------------------------------------- payments of a pot
@njit(cache=True, nogil=True)
def placed_at(pointer: Ints, starts: Ints, pot: int, place: int) -> int:
    """Which of the pot's payments covers ``place`` on its ruler, or is the last one before it; -1: none."""
    low = pointer[pot]
    high = pointer[pot + 1]
    while low < high:
        middle = (low + high) // 2
        if starts[middle] <= place:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low > pointer[pot] else np.int64(-1)


@njit(cache=True, nogil=True)
def behind(pointer: Ints, positions: Numbers, pot: int, step: int, back: bool) -> int:
    """Where the pot's first payment behind ``step`` stands, or just beyond its last one."""
    low = pointer[pot]
    high = pointer[pot + 1]
    edge = step if back else step + 1
    while low < high:
        middle = (low + high) // 2
        if positions[middle] < edge:
            low = middle + 1
        else:
            high = middle
    return low - 1 if back else low


@njit(cache=True, nogil=True)
def arriving(step: Records, converted: Ints, s: int) -> int:
    """What arrives by a step."""
    if step["flags"] & CONVERTS:
        return converted[position_of(converted, s), 1]
    return step["amount"]


@njit(cache=True, nogil=True)
def debit_lies(step: Records, lifo: bool) -> tuple[int, int, int]:
    """Where a debit's money lies in its pot: offsets below the first number at place ``second + third *
    offset``; the others are the lender's.
    """
    own = min(step["amount"], step["avail"])
    if not lifo:
        return own, step["dplace"], np.int64(1)
    if step["flags"] & ARRIVAL:  # out of transit: the order is kept
        return own, np.int64(0), np.int64(1)
    return own, step["avail"], np.int64(-1)


@njit(cache=True, nogil=True)
def credit_lies(step: Records, amount: int, lifo: bool) -> tuple[int, int, int]:
    """Where a credit of ``amount`` lies in its pot: offsets from the first number to the second at place
    ``third + offset``; the others are the lender's: first in, first out they come first, else last.
    """
    if not lifo:
        return step["repaid"], amount, step["cplace"] - step["repaid"]
    kept = amount - step["repaid"]
    return np.int64(0), kept, step["after"] - kept


@njit(cache=True, nogil=True)
def part_lies(steps: Records, s: int) -> tuple[int, int, int]:
    """The same, last in first out, for one of the parts that compartments paid together: they lie one on the
    other, and the last money of the whole of them is the lender's.
    """
    step = steps[s]
    before = np.int64(0)
    kept = step["amount"] - step["repaid"]
    other = s
    while other > 0 and together(step, steps[other - 1]):
        other -= 1
        before += steps[other]["amount"]
        kept += steps[other]["amount"] - steps[other]["repaid"]
    other = s
    while other + 1 < steps.size and together(step, steps[other + 1]):
        other += 1
        kept += steps[other]["amount"] - steps[other]["repaid"]
    return np.int64(0), min(max(kept - before, 0), step["amount"]), steps[other]["after"] - kept + before


@njit(cache=True, nogil=True)
def together(step: Records, other: Records) -> bool:
    """Whether two steps are parts of one transfer, paid by several compartments."""
    return step["row"] == other["row"] and step["flags"] & other["flags"] & PARTS != 0


@njit(cache=True, nogil=True)
def far_part(steps: Records, s: int, back: bool) -> int:
    """The last part of a payment, in time order: it is not paid out of what the others bring."""
    if not back:
        while s + 1 < steps.size and together(steps[s], steps[s + 1]):
            s += 1
    else:
        while s > 0 and together(steps[s], steps[s - 1]):
            s -= 1
    return s


@njit(cache=True, nogil=True)
def left_behind(steps: Records, side: Side, converted: Ints, at: int, end: int, back: bool) -> int:
    """What is left in the pot behind its payment at a place of ``side``, as in ``kernels/lows.py``."""
    _, positions, starts, held, _ = side
    if held[at] < 0:
        return np.int64(2**62)
    first = at
    if back:
        while first > 0 and held[first - 1] < 0:
            first -= 1
    if at + 1 < end:
        return held[at] - (starts[at + 1] - starts[first])
    s = np.int64(positions[at])
    if not back:
        return held[at] - min(steps[s]["amount"], held[at])
    moved = arriving(steps[s], converted, s)
    return max(held[at] - (starts[at] - starts[first] + moved - steps[s]["repaid"]), 0)


@njit(cache=True, nogil=True)
def first_below(
    steps: Records, side: Side, converted: Ints, pot: int, at: int, height: int, back: bool
) -> int:
    """The pot's first payment from place ``at`` on that leaves less than ``height`` behind, as in
    ``kernels/lifo.py``; -1 where none does.
    """
    pointer, positions, _, _, lows = side
    begin = pointer[pot]
    end = pointer[pot + 1]
    ahead = -1 if back else 1
    edge = 0 if back else 15  # the last of sixteen
    node = at
    shift = 0  # of the level: 4 bits each
    offset = 0  # where the level begins
    found = False
    while not found:
        last = begin >> shift if back else (end - 1) >> shift
        while node * ahead <= last * ahead:
            if shift == 0:
                low = left_behind(steps, side, converted, node, end, back)
            else:
                low = lows[offset + node]
            if low < height:
                found = True
                break
            node += ahead
            if (node - ahead) & 15 == edge:
                break
        if found:
            break
        if node * ahead > last * ahead:
            return np.int64(-1)
        if shift > 0:
            offset += (positions.size + (np.int64(1) << shift) - 1) >> shift
        node >>= 4
        shift += 4
    while shift > 0:
        shift -= 4
        node = (node << 4) + 15 - edge  # backward no node below is missing: all lie before the place
        last = begin >> shift if back else (end - 1) >> shift
        if shift > 0:
            offset -= (positions.size + (np.int64(1) << shift) - 1) >> shift
        while node * ahead <= last * ahead:
            if shift == 0:
                low = left_behind(steps, side, converted, node, end, back)
            else:
                low = lows[offset + node]
            if low < height:
                break
            node += ahead
        if node * ahead > last * ahead:
            return np.int64(-1)  # it is another pot's
    return np.int64(node)


# ---------------------------------------------------------------------- pieces
@njit(cache=True, nogil=True)
def find_stacked(steps: Records, side: Side, converted: Ints, piece: Records, back: bool) -> int:
    """Where in ``side`` the payment is that takes of a piece first, last in, first out; -1: none."""
    s = piece["came"] >> 1
    if back:
        s = steps.size - 1 - s
    at = behind(side[0], side[1], piece["pot"], s, back)
    return first_below(steps, side, converted, piece["pot"], at, piece["high"], back)


@njit(cache=True, nogil=True)
def aim(piece: Records, s: int, low: int, high: int, shift: int, flip: int) -> None:
    """A payment takes what lies at places ``low`` to ``high`` of a piece."""
    piece["step"] = s
    piece["from"] = max(low, piece["low"])
    piece["upto"] = min(high, piece["high"])
    piece["shift"] = shift
    piece["flip"] = flip


@njit(cache=True, nogil=True)
def aim_placed(piece: Records, step: Records, s: int, amount: int, back: bool) -> int:
    """First in, first out the payment ``s`` takes of a piece (backward: a credit of ``amount``): ``s``, or -1
    where it is the last one and the piece lies behind it.
    """
    if back:
        first, upto, shift = credit_lies(step, amount, False)
        if piece["high"] > shift + upto:
            return np.int64(-1)
        aim(piece, s, shift + first, shift + upto, shift, 1)
    else:
        upto, shift, _ = debit_lies(step, False)
        if piece["low"] >= shift + upto:
            return np.int64(-1)
        aim(piece, s, shift, shift + upto, shift, 1)
    return s


@njit(cache=True, nogil=True)
def aim_lent(piece: Records, step: Records, s: int, begin: int, back: bool) -> int:
    """Of money that repaid lenders the payment ``s`` takes, that a lender made, backward what repaid it;
    where nobody did, -1, and the piece says how much that is.
    """
    own = min(step["amount"], step["avail"])
    if not back:
        aim(piece, s, begin, begin + step["amount"] - own, begin - own, 1)
    elif piece["high"] <= begin + step["repaid"]:
        aim(piece, s, begin, begin + step["repaid"], begin, 1)
    else:
        piece["from"] = max(piece["low"], begin + step["repaid"])
        return np.int64(-1)
    return s


@njit(cache=True, nogil=True)
def stacked_credit(steps: Records, converted: Ints, s: int, height: int) -> tuple[int, int]:
    """Last in, first out the credit that lies just below a height, and where it begins: of several parts the
    last one was found, and the others lie below it.
    """
    if not steps[s]["flags"] & PARTS:
        _, _, shift = credit_lies(steps[s], arriving(steps[s], converted, s), True)
        return s, shift
    _, _, shift = part_lies(steps, s)
    while shift >= height:
        s -= 1
        _, _, shift = part_lies(steps, s)
    return s, shift


@njit(cache=True, nogil=True)
def shrink(piece: Records) -> None:
    """Leave the rest of a piece, without the part that was aimed at."""
    if piece["from"] > piece["low"]:
        piece["high"] = piece["from"]
    else:
        piece["low"] = piece["upto"]


@njit(cache=True, nogil=True)
def cut_off(piece: Records, cut: Records) -> None:
    """What a payment takes of a piece, as it lies in that transfer; the rest stays a piece."""
    low, high = piece["from"], piece["upto"]
    shift, flip = piece["shift"], piece["flip"]
    cut["step"] = piece["step"]
    cut["pot"] = piece["pot"]
    cut["trail"] = piece["trail"]
    cut["low"] = low - shift if flip > 0 else shift - high
    cut["high"] = high - shift if flip > 0 else shift - low
    cut["base"] = flip * (piece["base"] - shift)
    cut["turn"] = flip * piece["turn"]
    cut["whole"] = piece["whole"]
    cut["worth"] = piece["worth"]
    cut["value"] = worth(low, high, piece["base"], piece["turn"], piece["whole"], piece["worth"])
    shrink(piece)


@njit(cache=True, nogil=True)
def lay_down(cut: Records, low: int, high: int, shift: int, flip: int, piece: Records) -> None:
    """Offsets ``low`` to ``high`` of what was cut, at place ``shift + flip * offset``, as a piece."""
    piece["low"] = low + shift if flip > 0 else shift - high
    piece["high"] = high + shift if flip > 0 else shift - low
    piece["trail"] = cut["trail"]
    piece["base"] = shift + flip * cut["base"]
    piece["turn"] = flip * cut["turn"]
    piece["whole"] = cut["whole"]
    piece["worth"] = cut["worth"]


@njit(cache=True, nogil=True)
def plant(seed: Ints, cut: Records, piece: Records) -> None:
    """A seed: what its transfer carries, or what stands in a pot."""
    cut["step"] = seed[0]
    cut["trail"] = 0
    cut["low"] = seed[2]
    cut["high"] = seed[3]
    cut["base"] = seed[2]
    cut["turn"] = 1
    cut["whole"] = seed[3] - seed[2]
    cut["worth"] = cut["whole"]
    cut["value"] = cut["whole"]
    if seed[0] < 0:
        lay_down(cut, seed[2], seed[3], np.int64(0), np.int64(1), piece)
        piece["pot"] = seed[1]
        piece["lane"] = 0
        piece["moving"] = 0
        piece["came"] = 2 * seed[4] + 1


@njit(cache=True, nogil=True)
def crosses(standing: Ints, pot: int, came: int, goes: int) -> bool:
    """Whether a standing seed of the pot lies between two moments, as twice the order (and 1: behind it)."""
    low = 0
    high = standing.shape[0]
    while low < high:
        middle = (low + high) // 2
        if standing[middle, 0] < pot or (standing[middle, 0] == pot and standing[middle, 1] <= came):
            low = middle + 1
        else:
            high = middle
    return low < standing.shape[0] and standing[low, 0] == pot and standing[low, 1] < goes


# ---------------------------------------------------------------------- the stack
@njit(cache=True, nogil=True)
def sift(pieces: Records, begin: int, at: int, spare: int) -> None:
    """Bring the piece at ``at`` to its place in the heap from ``begin``; nobody uses the one at ``spare``."""
    i = at - begin
    pieces[spare] = pieces[at]
    while i > 0 and pieces[begin + (i - 1) // 2]["key"] > pieces[spare]["key"]:
        pieces[begin + i] = pieces[begin + (i - 1) // 2]
        i = (i - 1) // 2
    pieces[begin + i] = pieces[spare]


@njit(cache=True, nogil=True)
def drop(pieces: Records, begin: int, end: int) -> None:
    """Take the first piece out of the heap: it lies at its end then. Nobody uses the one behind."""
    last = end - 1
    pieces[end] = pieces[begin]
    size = last - begin
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and pieces[begin + child + 1]["key"] < pieces[begin + child]["key"]:
            child += 1
        if pieces[begin + child]["key"] >= pieces[last]["key"]:
            break
        pieces[begin + i] = pieces[begin + child]
        i = child
    pieces[begin + i] = pieces[last]
    pieces[last] = pieces[end]


@njit(cache=True, nogil=True)
def add_end(ends: Records, begin: int, end: int, code: int, pot: int, amount: int, value: int) -> int:
    """Add to the ends of a group, for which there is room; returns how many ends there are."""
    if amount == 0 and value == 0:
        return end
    i = end - 1
    while i >= begin and i >= end - 8:  # in a party of many pots one may be told twice
        if ends[i]["code"] == code and ends[i]["pot"] == pot:
            ends[i]["amount"] += amount
            ends[i]["value"] += value
            return end
        i -= 1
    ends[end]["code"] = code
    ends[end]["pot"] = pot
    ends[end]["amount"] = amount
    ends[end]["value"] = value
    return end + 1


@njit(cache=True, nogil=True)
def longer(values: Records, size: int) -> Records:
    """The same with room for twice so many."""
    grown = np.empty(2 * size, values.dtype)
    for i in range(values.size):
        grown[i] = values[i]
    return grown


# ---------------------------------------------------------------------- transfers
@njit(cache=True, nogil=True)
def comes_before(cut: Records, other: Records) -> bool:
    """Whether a cut comes before another one: by trail, in each as they lie in the transfer."""
    if cut["trail"] != other["trail"]:
        return cut["trail"] < other["trail"]
    if cut["step"] != other["step"]:
        return cut["step"] < other["step"]
    return cut["low"] < other["low"]


@njit(cache=True, nogil=True)
def in_order(taken: Records, found: int) -> None:
    """Put what a transfer takes into order; there is room for one more. A heap: it may be much."""
    for begin in range(found // 2 - 1, -1, -1):
        sink(taken, begin, found)
    for end in range(found - 1, 0, -1):
        taken[found] = taken[0]
        taken[0] = taken[end]
        taken[end] = taken[found]
        sink(taken, 0, end)


@njit(cache=True, nogil=True)
def sink(taken: Records, at: int, end: int) -> None:
    """Let the cut at ``at`` sink below those of a heap that come after it."""
    while True:
        child = 2 * at + 1
        if child >= end:
            break
        if child + 1 < end and comes_before(taken[child], taken[child + 1]):
            child += 1
        if not comes_before(taken[at], taken[child]):
            break
        spare = taken.size - 1
        taken[spare] = taken[at]
        taken[at] = taken[child]
        taken[child] = taken[spare]
        at = child


@njit(cache=True, nogil=True)
def convert(taken: Records, found: int, old: int, new: int) -> None:
    """What came one way to a transfer of ``old`` units that become ``new`` is converted together: its worth
    is spread evenly over that.
    """
    begin = 0
    while begin < found:
        whole = np.int64(0)
        value = np.int64(0)
        end = begin
        while end < found and taken[end]["trail"] == taken[begin]["trail"]:
            cut = taken[end]
            cut["low"] = nearest(cut["low"], new, old)
            cut["high"] = nearest(cut["high"], new, old)
            cut["base"] = cut["low"] - whole
            cut["turn"] = 1
            whole += cut["high"] - cut["low"]
            value += cut["value"]
            end += 1
        for i in range(begin, end):
            taken[i]["whole"] = whole
            taken[i]["worth"] = value
        begin = end


# ---------------------------------------------------------------------- the walk
@njit(cache=True, nogil=True)
def kept_state(seed: int, depth: int, held: int, ended: int, paths: int, trails: int) -> Ints:
    """Where a call stops and the next one goes on."""
    return np.array([seed, depth, held, ended, paths, trails], np.int64)


@njit(cache=True, nogil=True)
def walk_chains(
    steps: Records,
    payments: tuple[Side, Ints, Lenders],
    seeds: Ints,
    barriers: tuple[Ints, Ints],
    limits: Limits,
    stack: Stack,
    carried: Ints,
) -> tuple[Ints, Ints, Ints, Stack, bool]:
    """The next chains, until the buffers are full or there are no more.

    Parameters
    ----------
    steps : record array (m)
    payments : (side, converted, lenders)
        ``side`` is what each pot pays (forward: debits, backward: credits): pointer, positions, places on its
        ruler, what it holds, and for last in first out the tree of what is left. ``converted`` (c, 2): steps
        that arrive as another amount, ascending, and that amount. ``lenders``, for coordinated questions:
        the book of each pot (empty: each is its own); by book pointer, positions, places on the ruler of
        what lenders paid (forward: of the payments that they made, backward: of what repaid them); steps
        on the other side, ascending, and their places on it (l, 2), negative: of the opening.
    seeds : int64 (k, 6)
        Step (-1: money that stands in a pot), pot, from, to (offsets in the transfer, places in the pot),
        place in time order, number: rows of one number are one seed, in several compartments.
    barriers : (steps, pots)
        Steps that restart, ascending (b, 1), and pots with standing seeds, ascending: pot, twice the place
        behind which it stands and 1 (p, 2).
    limits : (last, hops, least, asked, longest)
        Last place in time order; most transfers after the seed (-1: any); least amount in the seed's
        currency; what is asked, as bits; coordinated, how many moves may follow one another before a chain
        ends: the same money can be handed round as often as it has units.
    stack : (groups, pieces, ends, path, state)
        Grown by the call, and returned; a call goes on where the last one stopped.
    carried : int64 (m, 2) or (0, 2): amounts that each step carries are added to it.

    Returns
    -------
    bounds : chains' bounds in ``rows`` (count + 1)
    rows : the transfers of each chain, seed first, as rows
    told : int64 (count, 6)
        Code, pot, amount, amount in the seed's currency, number of the seed's last row, number of the path:
        chains of one path follow one another. Codes: 0 stays, 1 to 4 as in the steps' flags, 5 lender, 6 met
        a seed, 7 limit.
    stack : as given, to be handed to the next call
    more : whether there are more chains; where one is too long, ``state`` begins with -1 and there are none
    """
    side, converted, lenders = payments
    pointer, positions, starts = side[0], side[1], side[2]
    book, lent_pointer, lent_positions, lent_starts, arrivals = lenders
    restarts, standing = barriers
    last, most, least, asked, longest = limits
    back = asked & BACK != 0
    lifo = asked & LIFO != 0
    coordinated = asked & COORDINATED != 0
    groups, pieces, ends, path, state = stack
    seed, depth, held, ended, paths, trails = state  # pieces and ends: the first so many

    capacity = 4096
    bounds = np.zeros(capacity + 1, np.int64)
    told = np.empty((capacity, 6), np.int64)
    rows = np.empty(capacity * 8, np.int64)
    count = 0
    taken = np.empty(16, CUT)
    found = 0  # what the payment at hand has taken
    silent = False  # whether it carries no hop: the second leg of one in transit, by party one inside a party
    loose = 0  # pieces behind the first so many that are not in a heap yet
    told_at = trails
    while True:
        if depth + 2 > groups.size:
            groups = longer(groups, depth + 2)
        if depth + 2 > path.size:  # a path is at most as long as there are groups
            path = longer(path, depth + 2)
        if held + loose + 2 > pieces.size:
            pieces = longer(pieces, held + loose + 2)
        if ended + 2 > ends.size:
            ends = longer(ends, ended + 2)
        if found + 3 > taken.size:
            taken = longer(taken, found + 3)
        group = groups[max(depth, 0)]
        length = group["length"]

        # what has come, or was left behind, looks for the payment that takes of it next
        if loose > 0:
            piece = pieces[held]
            pot = piece["pot"]
            goes = False
            while not goes and piece["low"] < piece["high"]:
                unit = piece["high"] - 1 if back else piece["low"]  # what leaves first
                piece["from"] = piece["low"]  # all of it, if nothing takes of it
                piece["upto"] = piece["high"]
                s = np.int64(-1)
                code = STAYS
                if piece["lane"] == 1:
                    code = LENDER
                    at = placed_at(lent_pointer, lent_starts, pot, unit)
                    if at >= 0:
                        s = np.int64(lent_positions[at])
                        s = aim_lent(piece, steps[s], s, lent_starts[at], back)
                elif lifo:
                    at = find_stacked(steps, side, converted, piece, back)
                    if at >= 0:
                        s = np.int64(positions[at])
                        if back:
                            s, shift = stacked_credit(steps, converted, s, piece["high"])
                            aim(piece, s, shift, piece["high"], shift, 1)
                        else:
                            own, shift, flip = debit_lies(steps[s], True)
                            aim(piece, s, shift if flip > 0 else shift - own, piece["high"], shift, flip)
                else:
                    at = placed_at(pointer, starts, pot, unit)
                    if at >= 0:
                        s = np.int64(positions[at])
                        amount = arriving(steps[s], converted, s) if back else np.int64(0)
                        s = aim_placed(piece, steps[s], s, amount, back)
                order = steps.size - 1 - s if back else s
                if s < 0 or order > last:
                    order = np.int64(steps.size)  # never, and so all that follow
                    if s >= 0:
                        piece["from"] = piece["low"]
                        piece["upto"] = piece["high"]
                else:
                    goes = position_of(restarts, s) < 0
                    code = MET
                # what repays a lender never stood in the account
                if piece["lane"] == 0 and crosses(standing, pot, piece["came"], 2 * order):
                    goes = False
                    code = MET
                if not goes:
                    low, high = piece["from"], piece["upto"]
                    value = worth(low, high, piece["base"], piece["turn"], piece["whole"], piece["worth"])
                    ended = add_end(ends, group["end"], ended, code, pot, high - low, value)
                    shrink(piece)
            if goes:
                piece["key"] = order
                passes = piece["moving"] == 1 if back else steps[s]["flags"] & ARRIVAL != 0
                inner = asked & PARTY != 0 and steps[s]["flags"] & INNER != 0
                piece["silent"] = 1 if passes or inner else 0
                if coordinated and asked & PARTY:
                    # time runs both ways: what moves inside the party does so before anything leaves it, and
                    # none of it waits behind what another payment takes
                    if piece["silent"] == 1:
                        piece["key"] = order - steps.size
                    pieces[held + loose] = piece
                    shrink(pieces[held + loose])
                    piece["low"] = piece["from"]
                    piece["high"] = piece["upto"]
                    loose += 1
                if held > group["piece"]:
                    sift(pieces, group["piece"], held, held + loose)
                held += 1
            elif loose > 1:
                pieces[held] = pieces[held + loose - 1]
            loose -= 1
            continue

        if depth < 0:  # the next seed
            if seed == seeds.shape[0]:
                state = kept_state(seed, depth, held, ended, paths, trails)
                stack = (groups, pieces, ends, path, state)
                return bounds[: count + 1], rows[: bounds[count]], told[:count], stack, False
            depth = np.int64(0)
            group["piece"] = held
            group["end"] = ended
            group["hops"] = 0
            group["length"] = 0
            number = seeds[seed, 5]
            while seed < seeds.shape[0] and seeds[seed, 5] == number:
                if found + 3 > taken.size:
                    taken = longer(taken, found + 3)
                if held + loose + 2 > pieces.size:
                    pieces = longer(pieces, held + loose + 2)
                if seeds[seed, 2] < seeds[seed, 3]:
                    plant(seeds[seed], taken[found], pieces[held + loose])
                    if seeds[seed, 0] >= 0:
                        found += 1
                    else:
                        loose += 1
                seed += 1
            if found == 0:
                continue
            root = True
            path[0] = steps[taken[0]["step"]]["row"]
            group["length"] = 1
        else:
            root = False
            begin = group["piece"]
            if held > begin:
                s = pieces[begin]["step"]
                if found == 0:
                    silent = pieces[begin]["silent"] == 1
                if found == 0 or s == taken[0]["step"] or together(steps[s], steps[taken[0]["step"]]):
                    # of the same payment, by this compartment or another one
                    if held > begin + 1:
                        drop(pieces, begin, held)
                    held -= 1
                    loose = 1
                    cut_off(pieces[held], taken[found])
                    found += 1
                    continue
            if found == 0:  # nothing of this path goes on: its ends are chains
                size = ended - group["end"]
                if count + size > capacity or bounds[count] + size * length > rows.size:
                    if count > 0:
                        state = kept_state(seed, depth, held, ended, paths, trails)
                        stack = (groups, pieces, ends, path, state)
                        return bounds[: count + 1], rows[: bounds[count]], told[:count], stack, True
                    capacity = max(capacity, size)
                    bounds = np.zeros(capacity + 1, np.int64)
                    told = np.empty((capacity, 6), np.int64)
                    rows = np.empty(max(rows.size, size * length), np.int64)
                for i in range(group["end"], ended):
                    at = bounds[count]
                    for j in range(length):
                        rows[at + j] = path[j]
                    told[count, 0] = ends[i]["code"]
                    told[count, 1] = ends[i]["pot"]
                    told[count, 2] = ends[i]["amount"]
                    told[count, 3] = ends[i]["value"]
                    told[count, 4] = seed - 1
                    told[count, 5] = paths
                    count += 1
                    bounds[count] = at + length
                paths += 1
                ended = group["end"]
                told_at = trails
                depth -= 1
                continue
            if found > 1:
                in_order(taken, found)
            s = taken[0]["step"]
            if not silent:  # one hop more, if it may be
                total = np.int64(0)
                for i in range(found):
                    total += taken[i]["value"]
                if (most >= 0 and group["hops"] + 1 > most) or total < least:
                    if ended + found > ends.size:
                        ends = longer(ends, ended + found)
                    for i in range(found):
                        cut = taken[i]
                        amount = cut["high"] - cut["low"]
                        ended = add_end(ends, group["end"], ended, LIMIT, cut["pot"], amount, cut["value"])
                    found = 0
                    continue
                depth += 1
                path[length] = steps[s]["row"]
                group = groups[depth]
                group["piece"] = held
                group["end"] = ended
                group["hops"] = groups[depth - 1]["hops"] + 1
                group["length"] = length + 1

        # what the payment has taken is converted, counted as it left (a seed: as it stands), and laid down
        s = taken[0]["step"]
        turns = steps[s]["flags"] & CONVERTS != 0 and not (back and root)
        if turns and back:
            convert(taken, found, arriving(steps[s], converted, s), steps[s]["amount"])
        if carried.shape[0] > 0:
            for i in range(found):
                carried[taken[i]["step"], 0] += taken[i]["high"] - taken[i]["low"]
                carried[taken[i]["step"], 1] += taken[i]["value"]
        if turns and not back:
            convert(taken, found, steps[s]["amount"], arriving(steps[s], converted, s))
        before = np.int64(-1)
        for i in range(found):
            if taken[i]["trail"] != before:
                before = taken[i]["trail"]
                trails += 1
            taken[i]["trail"] = trails
        if coordinated and trails - told_at > longest:
            state = kept_state(np.int64(-1), depth, held, ended, paths, trails)
            stack = (groups, pieces, ends, path, state)
            return bounds[:1], rows[:0], told[:0], stack, False
        if held + 2 * found + 2 > pieces.size:
            pieces = longer(pieces, held + 2 * found + 2)
        if ended + 2 * found > ends.size:
            ends = longer(ends, ended + 2 * found)
        for i in range(found):
            cut = taken[i]
            s = cut["step"]
            flags = steps[s]["flags"]
            stop = (flags >> 3) & 7 if back else flags & 7
            pot = np.int64(steps[s]["src"] if back else steps[s]["dst"])
            if stop != 0:
                amount = cut["high"] - cut["low"]
                ended = add_end(ends, group["end"], ended, stop, pot, amount, cut["value"])
                continue
            if cut["whole"] == 0:  # a conversion rounded it to nothing: it ends there
                ended = add_end(ends, group["end"], ended, STAYS, pot, 0, cut["value"])
                continue
            first = np.int64(0)
            flip = np.int64(1)
            if back:
                upto, shift, flip = debit_lies(steps[s], lifo)
            elif lifo and flags & PARTS:
                first, upto, shift = part_lies(steps, s)
            else:
                first, upto, shift = credit_lies(steps[s], arriving(steps[s], converted, s), lifo)
            low, high = max(cut["low"], first), min(cut["high"], upto)
            if low < high:
                piece = pieces[held + loose]
                lay_down(cut, low, high, shift, flip, piece)
                piece["pot"] = pot
                piece["lane"] = 0
                piece["moving"] = 1 if back and flags & ARRIVAL else 0
                if lifo and flags & PARTS:
                    s = far_part(steps, s, back)
                piece["came"] = 2 * (steps.size - 1 - s if back else s)
                loose += 1
            # the lender's is the first of it or the last
            low, high = max(cut["low"], upto), cut["high"]
            if first > 0:
                low, high = cut["low"], min(cut["high"], first)
            if low < high and coordinated:
                shift = arrivals[position_of(arrivals, s), 1]
                if back:
                    shift -= upto
                opening = min(max(low, -shift), high)
                if opening < high:
                    piece = pieces[held + loose]
                    lay_down(cut, opening, high, shift, 1, piece)
                    piece["pot"] = np.int64(book[pot]) if book.size > 0 else pot
                    piece["lane"] = 1
                    piece["moving"] = 0
                    loose += 1
                high = opening  # a negative opening, the oldest of all, stays the lender's
            if low < high:
                value = worth(low, high, cut["base"], cut["turn"], cut["whole"], cut["worth"])
                ended = add_end(ends, group["end"], ended, LENDER, pot, high - low, value)
        found = 0
