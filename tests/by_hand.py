"""The arithmetic of the manual, as a person does it with a pencil: what the worked examples are compared with.

A third reading of the rules, beside the kernels and the oracle: a list of lots, or a balance and the traced money in it,
account by account, one transfer after the other, in minor units. It imports nothing of ours and knows no period, no
coverage and no currency: only what the examples need. Nothing here is a test; `test_manual.py` uses it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

OWN = "own"  # money that nobody asks about
KEPT = 1 << 32  # pro rata keeps what an account would hold exactly in parts of so much of a minor unit

Lots = list[tuple[str, int | Fraction]]  # whose money, how much of it; in an order, where the rule has one


@dataclass(frozen=True)
class Move:
    """One transfer."""

    name: str
    source: str
    target: str
    amount: int


@dataclass
class Answer:
    """What was found: the traced money in each transfer after the seeds, and where it stands, by whose it is."""

    carried: dict[str, dict[str, int | Fraction]] = field(default_factory=dict)
    ends: dict[str, dict[str, int | Fraction]] = field(default_factory=dict)
    lender: int | Fraction = 0

    def left(self, account: str) -> int | Fraction:
        return sum(self.ends.get(account, {}).values())

    def through(self, name: str) -> int | Fraction:
        return sum(self.carried.get(name, {}).values())


def joined(lots: Iterable[tuple[str, int | Fraction]]) -> dict[str, int | Fraction]:
    """How much is whose; nothing is left out, and nobody stands there with nothing."""
    found: dict[str, int | Fraction] = {}
    for whose, amount in lots:
        found[whose] = found.get(whose, 0) + amount
    return dict(there(found.items()))


def there(lots: Iterable[tuple[str, int | Fraction]]) -> Lots:
    """Without lots of nothing."""
    return [(whose, amount) for whose, amount in lots if amount]


class Queue:
    """An account under first in, first out, or last in, first out: its money lot by lot."""

    def __init__(self, rule: str, opening: int, label: str = OWN) -> None:
        self.last = rule == "lifo"
        self.lots: deque[tuple[str, int | Fraction]] = deque([(label, opening)] if opening > 0 else [])
        self.debt = max(-opening, 0)

    @property
    def balance(self) -> int | Fraction:
        return sum(amount for _, amount in self.lots) - self.debt

    def take(self, lots: deque[tuple[str, int | Fraction]], amount: int | Fraction) -> Lots:
        """So much from the end that the rule names, in the order of taking."""
        taken: Lots = []
        while amount and lots:
            whose, size = lots.pop() if self.last else lots.popleft()
            part = min(size, amount)
            taken.append((whose, part))
            amount -= part
            if part < size:
                (lots.append if self.last else lots.appendleft)((whose, size - part))
        return taken

    def pay(self, amount: int) -> Lots:
        taken = self.take(self.lots, amount)
        short = amount - sum(part for _, part in taken)
        self.debt += short
        return [
            *taken,
            *([(OWN, short)] if short else []),
        ]  # the lender's money is nobody's that is asked about

    def receive(self, lots: Lots) -> Lots:
        """Take money in; returns what repays the lender."""
        coming = deque(lots)
        repaid = self.take(coming, min(self.debt, sum(amount for _, amount in lots)))
        self.debt -= sum(amount for _, amount in repaid)
        self.lots.extend(coming)
        return repaid

    def held(self) -> Lots:
        return list(self.lots)


class Blend:
    """An account under pro rata: by whose it is, in fractions; or in whole units with what is kept beside them."""

    def __init__(self, rule: str, opening: int, label: str = OWN) -> None:
        self.whole = rule == "prorata"
        self.balance: int = opening
        self.of: dict[str, int | Fraction] = {label: opening} if opening > 0 and label != OWN else {}
        self.kept = {whose: int(amount) * KEPT for whose, amount in self.of.items()}

    def pay(self, amount: int) -> Lots:
        before, self.balance = self.balance, self.balance - amount
        out: Lots = []
        for whose, held in self.of.items():
            paid = min(amount, max(before, 0))
            if not self.whole:
                gone: int | Fraction = Fraction(held) * paid / before if before > 0 else 0
            else:
                self.kept[whose] -= self.kept[whose] * paid // before if before > 0 else 0
                # the nearest whole stays, a half goes
                gone = held - -((KEPT - 2 * self.kept[whose]) // (2 * KEPT))
            self.of[whose] = held - gone
            out.append((whose, gone))
        return there([*out, (OWN, amount - sum(part for _, part in out))])

    def receive(self, lots: Lots) -> Lots:
        total = sum(part for _, part in lots)
        repaid = min(max(-self.balance, 0), total)
        self.balance += int(total)
        out: Lots = []
        for whose, part in lots:
            if whose == OWN:
                continue
            # to the nearest whole, a half to the lender
            share = (
                (2 * part * repaid + total) // (2 * total) if self.whole else Fraction(part) * repaid / total
            )
            out.append((whose, share))
            self.of[whose] = self.of.get(whose, 0) + part - share
            self.kept[whose] = self.kept.get(whose, 0) + int(part - share) * KEPT
        return out

    def held(self) -> Lots:
        rest = max(self.balance, 0) - sum(self.of.values())
        return there([*self.of.items(), (OWN, rest)])


class Lowest:
    """An account under the lowest intermediate balance: what is not traced leaves first; claimants share pro rata."""

    def __init__(self, rule: str, opening: int, label: str = OWN) -> None:
        self.balance: int = opening
        self.of: dict[str, int | Fraction] = {label: opening} if opening > 0 and label != OWN else {}

    def pay(self, amount: int) -> Lots:
        traced = sum(self.of.values())
        self.balance -= amount
        # never more than the balance: what was spent is not made good by what comes later
        goes = traced - min(traced, max(self.balance, 0))
        out: Lots = []
        for whose, held in self.of.items():
            part = Fraction(held) * goes / traced if traced else 0
            self.of[whose] = held - part
            out.append((whose, part))
        return there([*out, (OWN, amount - sum(part for _, part in out))])

    def receive(self, lots: Lots) -> Lots:
        total = sum(part for _, part in lots)
        own = sum(part for whose, part in lots if whose == OWN)
        short = max(
            min(max(-self.balance, 0), total) - own, 0
        )  # the lender takes the holder's own money first
        self.balance += int(total)
        out: Lots = []
        for whose, part in lots:
            if whose == OWN:
                continue
            share = Fraction(part) * short / (total - own)
            out.append((whose, share))
            self.of[whose] = self.of.get(whose, 0) + part - share
        return out

    def held(self) -> Lots:
        rest = max(self.balance, 0) - sum(self.of.values())
        return there([*self.of.items(), (OWN, rest)])


class Poisoned:
    """An account under poison: clean until traced money touches it, and then all of it is traced, for good."""

    def __init__(self, rule: str, opening: int, label: str = OWN) -> None:
        self.balance: int = opening
        self.touched = label != OWN

    def pay(self, amount: int) -> Lots:
        self.balance -= amount
        return [("traced" if self.touched else OWN, amount)]

    def receive(self, lots: Lots) -> Lots:
        total = sum(part for _, part in lots)
        repaid = min(max(-self.balance, 0), total)
        self.balance += int(total)
        self.touched |= any(whose != OWN and part for whose, part in lots)
        return [("traced", repaid)] if self.touched and repaid else []

    def held(self) -> Lots:
        return [("traced" if self.touched else OWN, max(self.balance, 0))]


ACCOUNTS = {
    "fifo": Queue,
    "lifo": Queue,
    "prorata": Blend,
    "exact": Blend,
    "libr": Lowest,
    "poison": Poisoned,
}


def follow(
    moves: Iterable[Move],
    openings: Mapping[str, int],
    seeds: Mapping[str, str],
    rule: str,
    opening_of: str | None = None,
) -> Answer:
    """Follow money forward.

    Parameters
    ----------
    openings
        The accounts whose statements are held, with their opening balances; money that comes to another stays there.
    seeds
        Which transfers are traced, each in full, and what their money is called.
    rule
        Of `ACCOUNTS`; "exact" is pro rata in fractions.
    opening_of
        An account whose opening is traced too, under its name.
    """
    accounts = {
        name: ACCOUNTS[rule](rule, opening, name if name == opening_of else OWN)
        for name, opening in openings.items()
    }
    found = Answer()
    outside: dict[str, Lots] = {}
    for move in moves:
        lots: Lots = [(OWN, move.amount)]
        if move.source in accounts:
            lots = accounts[move.source].pay(move.amount)
        if move.name in seeds:
            lots = [(seeds[move.name], move.amount)]
        elif traced := {whose: part for whose, part in joined(lots).items() if whose != OWN}:
            found.carried[move.name] = traced
        if move.target in accounts:
            repaid = joined(accounts[move.target].receive(lots))
            found.lender += sum(part for whose, part in repaid.items() if whose != OWN)
        else:
            outside.setdefault(move.target, []).extend(lots)
    for name, account in accounts.items():
        outside[name] = account.held()
    for name, lots in outside.items():
        if traced := {whose: part for whose, part in joined(lots).items() if whose != OWN}:
            found.ends[name] = traced
    return found


def lots_after(moves: Iterable[Move], opening: int, labels: Mapping[str, str], rule: str) -> dict[str, Lots]:
    """One account, every sort of money by its name: what each payment takes, and what is left (under "left").

    The account is called M; its opening is called O.
    """
    account = ACCOUNTS[rule](rule, opening, "O")
    found: dict[str, Lots] = {}
    for move in moves:
        if move.source == "M":
            found[move.name] = account.pay(move.amount)
        else:
            account.receive([(labels[move.name], move.amount)])
    return found | {"left": account.held()}


# ---------------------------------------------------------------------- all that any attribution could say


def attributions(
    moves: list[Move], openings: Mapping[str, int], seeds: Iterable[str], unit: int
) -> set[tuple[tuple[str, int], ...]]:
    """Where the seed's money could stand, if every payment could take of it whatever was there: all possibilities.

    Amounts are tried in steps of `unit`. A payment takes at most what is traced in its account and at least what its
    other money cannot pay; nothing else is asked of it.
    """
    seeds = set(seeds)
    payments = [move for move in moves if move.source in openings and move.name not in seeds]
    found = set()
    for choice in product(*(range(0, move.amount + 1, unit) for move in payments)):
        taken = dict(zip((move.name for move in payments), choice, strict=True))
        balance = dict(openings)
        traced = dict.fromkeys(openings, 0)
        ends: dict[str, int] = {}
        possible = True
        for move in moves:
            part = move.amount if move.name in seeds else taken.get(move.name, 0)
            if move.name in taken:
                other = balance[move.source] - traced[move.source]
                possible = part <= traced[move.source] and move.amount - part <= other
                balance[move.source] -= move.amount
                traced[move.source] -= part
            if move.target in openings:
                balance[move.target] += move.amount
                traced[move.target] += part
            else:
                ends[move.target] = ends.get(move.target, 0) + part
            if not possible:
                break
        if possible:
            found.add(tuple(sorted((ends | traced).items())))
    return found


def extremes(found: set[tuple[tuple[str, int], ...]], names: Iterable[str]) -> tuple[int, int]:
    """The least and the greatest that some ends have together."""
    names = set(names)
    sums = [sum(amount for name, amount in each if name in names) for each in found]
    return min(sums), max(sums)
