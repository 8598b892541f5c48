"""One account's books, and pieces of traced money: what every rule of the oracle works with.

Written from the definition alone (tracing.md), to be read. A comment that begins `READING:` stands where the definition
leaves room.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tests.naive.oracle_rows import FOREVER, History


# ---------------------------------------------------------------------- one account's books
@dataclass
class Booking:
    """How one line of a history divides: depends on balances alone, so it is the same for every rule."""

    side: str
    place: int
    amount: int
    parts: list[
        tuple[str | None, int, int]
    ]  # compartment, amount, its balance before ("out") or after ("in")
    lender: int  # "out": what the lender paid (last); "in": what the lender is repaid (first)


@dataclass
class Books:
    lines: list[Booking] = field(default_factory=list)
    balance: dict[str | None, int] = field(default_factory=dict)
    filled: dict[str | None, int] = field(default_factory=dict)  # since when a compartment is not empty
    overdraft: int = 0

    def order(self, first: str | None) -> list[str | None]:
        """Its own compartment, the one without an earmark, then the others, the one non-empty longest first."""
        others = sorted((c for c in self.balance if c not in (first, None)), key=lambda c: self.filled[c])
        return [first, *([None] if first is not None else []), *others]


def keep_books(history: History, before: int = FOREVER) -> Books:
    """Book the lines of a history (those at places less than `before`)."""
    books = Books(
        balance={None: max(history.opening, 0)}, filled={None: -1}, overdraft=max(-history.opening, 0)
    )
    for number, line in enumerate(history.entries):
        if line.place >= before:
            break
        own = line.earmark if history.custody else None
        if line.side == "in":
            repaid = min(line.amount, books.overdraft)
            books.overdraft -= repaid
            rest = line.amount - repaid
            parts = []
            if rest:
                if not books.balance.get(own):
                    books.filled[own] = number
                books.balance[own] = books.balance.get(own, 0) + rest
                parts = [(own, rest, books.balance[own])]
            books.lines.append(Booking("in", line.place, line.amount, parts, repaid))
        else:
            need, parts = line.amount, []
            for compartment in books.order(own):
                held = books.balance.get(compartment, 0)
                if need and held:
                    taken = min(need, held)
                    parts.append((compartment, taken, held))
                    books.balance[compartment] = held - taken
                    need -= taken
            books.overdraft += need
            books.lines.append(Booking("out", line.place, line.amount, parts, need))
    return books


# ---------------------------------------------------------------------- traced money
class Path:
    """The way that money came, transfer by transfer; one object a way, so that equal ways are the same object.

    `shown` is the same way as it is told: in party view without the transfers inside one party. Hops and flows, which
    the limits look at, are those of what is told.
    """

    def __init__(self, parent: Path | None, name: object, shown: Path | None = None) -> None:
        self.parent, self.name = parent, name
        self.root: object = name if parent is None else parent.root
        self.hops: int = 0 if parent is None else parent.hops + 1
        self.flow = 0  # what flows along it where nothing is limited, in the seed's currency
        self.inferred = parent is not None and parent.inferred  # it leads through a gap of cash
        self.shown: Path = shown or self
        self.next: dict[object, Path] = {}

    def step(self, name: object, hidden: bool = False) -> Path:
        if name not in self.next:
            if self.shown is self and not hidden:
                shown = None
            else:
                shown = self.shown if hidden else self.shown.step(name)
            self.next[name] = Path(self, name, shown)
        return self.next[name]

    def bridge(self, name: object) -> Path:
        """The same way, led through a gap of cash: no transfer more, but inferred from here on."""
        path = self.step(name, hidden=True)
        path.inferred = True
        return path

    def transfers(self) -> tuple[str, ...]:
        names: list[str] = []
        path: Path | None = self.shown
        while path is not None:
            if isinstance(path.name, str):
                names.append(path.name)
            path = path.parent
        return tuple(reversed(names))


@dataclass
class Lot:
    """Traced money [low, high) of a transfer (or of the traced money in it), with what it is in the seed's currency.

    `whole` local units, from `offset` of which this lot is cut, are `seed` units of the seed's currency, evenly. Last in,
    first out turns money round: a lot that is `turned` has its last unit first. What a unit is worth never changes by it.
    """

    low: int
    high: int
    path: Path | None
    whole: int
    seed: int
    offset: int
    counted: bool = (
        True  # False: beyond a limit; it moves on (how money is shared never depends on a limit), uncounted
    )
    turned: bool = False

    def value(self) -> int:
        if self.path is None:
            return self.high - self.low
        if not self.whole:  # a conversion rounded it to nothing
            return self.seed
        return self.cut(self.offset + self.high - self.low) - self.cut(self.offset)

    def cut(self, at: int) -> int:
        return (2 * at * self.seed + self.whole) // (2 * self.whole)

    def part(self, low: int, high: int, shift: int = 0) -> Lot:
        """The piece [low, high) of it, moved by `shift`."""
        offset = self.offset + (self.high - high if self.turned else low - self.low)
        return Lot(
            low + shift, high + shift, self.path, self.whole, self.seed, offset, self.counted, self.turned
        )

    def turn(self, size: int) -> Lot:
        """The same lot of money of that size, looked at from its other end."""
        low, high = size - self.high, size - self.low
        return Lot(low, high, self.path, self.whole, self.seed, self.offset, self.counted, not self.turned)

    def along(self, path: Path, counted: bool) -> Lot:
        return Lot(self.low, self.high, path, self.whole, self.seed, self.offset, counted, self.turned)

    def follows(self, other: Lot) -> bool:
        """Whether it is the continuation of another lot, in the same order of the same money."""
        if other.high != self.low or other.path is not self.path or other.counted != self.counted:
            return False
        if self.path is None:
            return True
        if (self.whole, self.seed, self.turned) != (other.whole, other.seed, other.turned):
            return False
        if self.turned:
            return other.offset == self.offset + self.high - self.low
        return self.offset == other.offset + other.high - other.low


def together(lots: list[Lot]) -> list[Lot]:
    """In order, adjoining lots of one way joined."""
    joined: list[Lot] = []
    for lot in sorted(lots, key=lambda lot: lot.low):
        if joined and lot.follows(joined[-1]):
            joined[-1].high = lot.high
            if lot.turned:
                joined[-1].offset = lot.offset
        else:
            joined.append(lot.part(lot.low, lot.high))
    return joined


def size_of(lots: list[Lot]) -> int:
    return sum(lot.high - lot.low for lot in lots)


def split(queue: deque[Lot], amount: int) -> list[Lot]:
    first: list[Lot] = []
    while amount:
        lot = queue.popleft()
        size = min(amount, lot.high - lot.low)
        first.append(lot.part(lot.low, lot.low + size))
        if size < lot.high - lot.low:
            queue.appendleft(lot.part(lot.low + size, lot.high))
        amount -= size
    return first


def laid_out(lots: list[Lot]) -> list[Lot]:
    """The lots one behind the other from 0."""
    out, at = [], 0
    for lot in lots:
        out.append(lot.part(lot.low, lot.high, at - lot.low))
        at += lot.high - lot.low
    return out
