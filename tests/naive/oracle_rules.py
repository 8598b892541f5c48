"""The rules inside one sub-ledger: which of its money leaves first.

Written from the definition alone (tracing.md), to be read. A comment that begins `READING:` stands where the definition
leaves room.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from fractions import Fraction

from tests.naive.oracle_books import Booking, Lot, keep_books, laid_out, size_of, split
from tests.naive.oracle_rows import History

UNIT = 1 << 32  # pro rata keeps what an account would hold exactly in 2**-32 of a minor unit


# ---------------------------------------------------------------------- lots: first or last in, first out
@dataclass
class Piece:
    """Money [low, low+size) of a credit is [start, start+size) of a debit. None: opening or close. "lender": the lender.

    `turned`: the last unit of the one is the first of the other.
    """

    credit: int | str | None
    low: int
    debit: int | str | None
    start: int
    size: int
    compartment: str | None
    turned: bool = False


class Match:
    """Which credit of a sub-ledger pays which of its debits.

    Under `fifo` the oldest lot of a compartment leaves first, and a credit's first money repays the lender. Under `lifo`
    a compartment is a stack: what came last leaves first, the last unit of it before the others, and a credit's last
    money repays the lender. In transit the order of a transfer is kept under both.
    """

    def __init__(self, history: History, rule: str = "fifo", coordinated: bool = False) -> None:
        self.last_first = rule == "lifo"
        self.turns = self.last_first and not history.account.startswith("transit:")
        self.pieces: list[Piece] = []
        self.held: dict[str | None, deque[list]] = defaultdict(
            deque
        )  # lots: credit, low, high; the oldest left
        # What the lender paid and was not yet repaid, the oldest first: [debit, start, size]; the opening's debt is None.
        self.debts: deque[list] = deque()
        if history.opening > 0:
            self.held[None].append([None, 0, history.opening])
        elif history.opening < 0:
            self.debts.append([None, 0, -history.opening])
        for line in keep_books(history).lines:
            if line.side == "in":
                self.credit(line, coordinated)
            else:
                self.debit(line)
        for debit, start, size in self.debts:
            if debit is not None:
                self.pieces.append(Piece("lender", 0, debit, start, size, None))
        for compartment, lots in self.held.items():
            for credit, low, high in lots:
                self.pieces.append(Piece(credit, low, None, 0, high - low, compartment))
        self.by_credit: dict[int | str | None, list[Piece]] = defaultdict(list)
        self.by_debit: dict[int | str | None, list[Piece]] = defaultdict(list)
        for piece in self.pieces:
            self.by_credit[piece.credit].append(piece)
            self.by_debit[piece.debit].append(piece)
        for group in self.by_credit.values():
            group.sort(key=lambda piece: piece.low)
        for group in self.by_debit.values():
            group.sort(key=lambda piece: piece.start)

    def credit(self, line: Booking, coordinated: bool) -> None:
        repaid, stays = line.lender, line.amount - line.lender
        at = stays if self.last_first else 0  # where the lender's part of the credit begins
        while repaid:
            debt = self.debts[0]
            size = min(repaid, debt[2])
            if coordinated and debt[0] is not None:
                # The money goes on as the payment that the overdraft made.
                self.pieces.append(Piece(line.place, at, debt[0], debt[1], size, None))
            else:
                self.pieces.append(Piece(line.place, at, "lender", 0, size, None))
                if debt[0] is not None:
                    self.pieces.append(Piece("lender", 0, debt[0], debt[1], size, None))
            debt[1:] = [debt[1] + size, debt[2] - size]
            if not debt[2]:
                self.debts.popleft()
            at += size
            repaid -= size
        for compartment, amount, _ in line.parts:
            low = 0 if self.last_first else line.lender
            self.held[compartment].append([line.place, low, low + amount])

    def debit(self, line: Booking) -> None:
        start = 0
        for compartment, amount, _ in line.parts:
            lots = self.held[compartment]
            while amount:
                lot = lots[-1] if self.turns else lots[0]
                size = min(amount, lot[2] - lot[1])
                low = lot[2] - size if self.turns else lot[1]
                self.pieces.append(Piece(lot[0], low, line.place, start, size, compartment, self.turns))
                if self.turns:
                    lot[2] -= size
                else:
                    lot[1] += size
                if lot[1] == lot[2]:
                    lots.remove(lot)
                start += size
                amount -= size
        if line.lender:
            self.debts.append([line.place, start, line.lender])


# ---------------------------------------------------------------------- shares: how much, not which
class Pot:
    """A sub-ledger of which is known how much traced money it holds, by compartment, and not which money it is.

    Backward it is the same on time reversed: what went out comes in, closing balances stand for openings. The lots are
    one way to lay the traced money out: first in, first out.
    """

    def __init__(self, history: History, backward: bool, kept: dict) -> None:
        key = (id(history), backward)
        if key not in kept:  # the books do not depend on the question
            lines = keep_books(history).lines
            lines = lines[::-1] if backward else lines
            kept[key] = (lines, {(line.side, line.place): n for n, line in enumerate(lines)})
        self.lines, self.where = kept[key]
        self.backward = backward
        self.leaving, self.arriving = ("in", "out") if backward else ("out", "in")
        self.at = 0
        self.T: dict[str | None, int | Fraction] = defaultdict(int)
        self.lots: dict[str | None, deque[Lot]] = defaultdict(deque)
        # Of the line that was booked last: what left each compartment and what it had held; what came into each.
        self.left: list[tuple[str | None, int | Fraction, int | Fraction]] = []
        self.came: list[tuple[str | None, int | Fraction]] = []

    # What a rule says: how much of a compartment's traced money a payment takes, how much of a credit's the lender does.
    def taken(self, compartment: str | None, amount: int, balance: int) -> int | Fraction:
        raise NotImplementedError

    def repaid(self, total: int | Fraction, lender: int, amount: int) -> int | Fraction:
        raise NotImplementedError

    def next_leaving(self) -> int | None:
        """The place of the next payment that could carry traced money."""
        if any(self.T.values()):
            for number in range(self.at, len(self.lines)):
                if self.lines[number].side == self.leaving:
                    return self.lines[number].place
        return None

    def pay(self, line: Booking) -> list[Lot]:
        out: list[Lot] = []
        self.left = []
        for compartment, amount, balance in line.parts:
            held = self.T[compartment]
            carried = self.taken(compartment, amount, balance)
            assert 0 <= carried <= amount
            assert 0 <= held - carried <= balance - amount
            self.T[compartment] = held - carried
            self.left.append((compartment, carried, held))
            out += split(self.lots[compartment], carried)
        return laid_out(out)

    def put(self, compartment: str | None, lots: list[Lot]) -> None:
        self.T[compartment] += size_of(lots)
        self.lots[compartment] += lots

    def forward_to(self, place: int, side: str) -> Booking:
        """Book everything before that line; none of it can carry traced money, or it had been asked for."""
        goal = self.where[side, place]
        while self.at < goal:
            if self.lines[self.at].side == self.leaving:
                assert not self.pay(self.lines[self.at])
            self.at += 1
        self.at = goal + 1
        return self.lines[goal]

    def leave(self, place: int) -> list[Lot]:
        return self.pay(self.forward_to(place, self.leaving))

    def arrive(self, place: int, lots: list[Lot], seed: bool = False) -> list[Lot]:
        """Take lots in; returns what the lender gets of them."""
        line = self.forward_to(place, self.arriving)
        total = size_of(lots)
        share = self.repaid(total, line.lender, line.amount)
        queue = deque(lots)
        # READING: laid out, the lender gets the first of a credit (forward) and the last of a debit (backward).
        lender = [] if self.backward else split(queue, share)
        rest, size, done, moved = total - share, line.amount - line.lender, 0, 0
        self.came = []
        for compartment, amount, _ in line.parts:
            done += amount
            if seed:  # a seed in part is the first money of its transfer
                upto = min(rest, done)
            else:
                upto = self.divided(rest, done, size)
            self.put(compartment, split(queue, upto - moved))
            self.came.append((compartment, upto - moved))
            moved = upto
        return lender + list(queue)

    def divided(self, rest: int | Fraction, done: int, size: int) -> int | Fraction:
        # READING: backward, a payment out of several compartments is divided by cumulative rounding.
        return (2 * rest * done + size) // (2 * size)

    def stand(self, cut: int) -> list[Lot]:
        """Book everything before the cut and hand over all traced money that stands there."""
        while self.at < len(self.lines) and (self.lines[self.at].place < cut) != self.backward:
            if self.lines[self.at].side == self.leaving:
                assert not self.pay(self.lines[self.at])
            self.at += 1
        held = [lot for queue in self.lots.values() for lot in queue]
        self.T.clear()
        self.lots.clear()
        return held


class Blend(Pot):
    """Pro rata in whole units: beside its whole traced amount T it keeps E, what it would hold exactly."""

    def __init__(self, history: History, backward: bool, kept: dict) -> None:
        super().__init__(history, backward, kept)
        self.E: dict[str | None, int] = defaultdict(int)

    def taken(self, compartment: str | None, amount: int, balance: int) -> int | Fraction:
        held = self.E[compartment]
        self.E[compartment] = held - held * amount // balance
        stays = (self.E[compartment] + UNIT // 2 - 1) // UNIT  # the nearest stays, a half goes
        return self.T[compartment] - stays

    def repaid(self, total: int | Fraction, lender: int, amount: int) -> int | Fraction:
        return (2 * total * lender + amount) // (2 * amount)  # a half to the lender

    def put(self, compartment: str | None, lots: list[Lot]) -> None:
        super().put(compartment, lots)
        self.E[compartment] += size_of(lots) * UNIT

    def stand(self, cut: int) -> list[Lot]:
        held = super().stand(cut)
        self.E.clear()
        return held


class Exact(Pot):
    """Pro rata in fractions."""

    def taken(self, compartment: str | None, amount: int, balance: int) -> int | Fraction:
        return self.T[compartment] * Fraction(amount, balance)

    def repaid(self, total: int | Fraction, lender: int, amount: int) -> int | Fraction:
        return total * Fraction(lender, amount)

    def divided(self, rest: int | Fraction, done: int, size: int) -> int | Fraction:
        return rest * Fraction(done, size)


class Own(Pot):
    """`libr`: the holder's own, untraced money leaves first, to a lender too; later deposits do not replenish.

    What a payment carries is what it takes beyond the untraced money of the compartments that it empties, so that traced
    money in a compartment is at most its lowest balance since it came.
    """

    def taken(self, compartment: str | None, amount: int, balance: int) -> int | Fraction:
        own = balance - self.T[compartment]
        return max(0, amount - own)

    def repaid(self, total: int | Fraction, lender: int, amount: int) -> int | Fraction:
        return max(0, lender - (amount - total))


POTS = {"prorata": Blend, "exact": Exact, "libr": Own}
