"""The whole question, slowly: given some money, where did it go (or come from), exactly, under fifo and prorata.

A second, independent reading of the definition (tracing.md). Everything is plain Python: a lot is a list entry, money is
a whole number, `rule="exact"` is pro rata in fractions. A comment that begins `READING:` stands where the definition
leaves room. Nothing of the product is imported.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from tests.naive.oracle_rows import FOREVER, STOPPING_KINDS, Entry, History, Rows, Step, earmark_of

UNIT = 1 << 32  # pro rata keeps what an account would hold exactly in 2**-32 of a minor unit


class RefusedError(Exception):
    """The question has no answer: it must be refused, not answered with something else."""


@dataclass(frozen=True)
class Ref:
    """One reference of a question: kind and id, a time for a balance, an amount (minor units) for a part."""

    kind: str
    name: str
    time: str | None = None
    amount: int | None = None


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
    """The way that money came; one object a way, so that equal ways are the same object."""

    def __init__(self, parent: Path | None, name: object, account: str) -> None:
        self.parent, self.name, self.account = parent, name, account
        self.hops: int = 0 if parent is None else parent.hops + 1
        self.next: dict[object, Path] = {}

    def step(self, name: str, account: str) -> Path:
        if name not in self.next:
            self.next[name] = Path(self, name, account)
        return self.next[name]

    def transfers(self) -> tuple[str, ...]:
        names: list[str] = []
        path: Path | None = self
        while path is not None:
            if isinstance(path.name, str):
                names.append(path.name)
            path = path.parent
        return tuple(reversed(names))


@dataclass
class Lot:
    """Traced money [low, high) of a transfer (or of the traced money in it), with what it is in the seed's currency.

    `whole` local units, from `offset` of which this lot is cut, are `seed` units of the seed's currency, evenly.
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
        offset = self.offset + low - self.low
        return Lot(low + shift, high + shift, self.path, self.whole, self.seed, offset, self.counted)


def together(lots: list[Lot]) -> list[Lot]:
    """In order, adjoining lots of one way joined."""
    joined: list[Lot] = []
    for lot in sorted(lots, key=lambda lot: lot.low):
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.high == lot.low
            and last.path is lot.path
            and last.counted == lot.counted
            and (
                lot.path is None
                or (last.whole, last.seed, last.offset + last.high - last.low)
                == (lot.whole, lot.seed, lot.offset)
            )
        ):
            last.high = lot.high
        else:
            joined.append(lot.part(lot.low, lot.high))
    return joined


# ---------------------------------------------------------------------- first in, first out
@dataclass
class Piece:
    """Money [low, low+size) of a credit is [start, start+size) of a debit. None: opening or close. "lender": the lender."""

    credit: int | str | None
    low: int
    debit: int | str | None
    start: int
    size: int
    compartment: str | None


class Match:
    """Which credit of a sub-ledger pays which of its debits: the oldest lot of a compartment leaves first."""

    def __init__(self, history: History) -> None:
        books = keep_books(history)
        queues: dict[str | None, deque[list]] = defaultdict(deque)
        if history.opening > 0:
            queues[None].append([None, 0, history.opening])
        pieces: list[Piece] = []
        for line in books.lines:
            if line.side == "in":
                if line.lender:
                    pieces.append(Piece(line.place, 0, "lender", 0, line.lender, None))
                for compartment, amount, _ in line.parts:
                    queues[compartment].append([line.place, line.lender, line.lender + amount])
                continue
            start = 0
            for compartment, amount, _ in line.parts:
                queue = queues[compartment]
                while amount:
                    lot = queue[0]
                    size = min(amount, lot[2] - lot[1])
                    pieces.append(Piece(lot[0], lot[1], line.place, start, size, compartment))
                    lot[1] += size
                    start += size
                    amount -= size
                    if lot[1] == lot[2]:
                        queue.popleft()
            if line.lender:
                pieces.append(Piece("lender", 0, line.place, start, line.lender, None))
        for compartment, queue in queues.items():
            pieces += [Piece(credit, low, None, 0, high - low, compartment) for credit, low, high in queue]
        self.by_credit: dict[int | str | None, list[Piece]] = defaultdict(list)
        self.by_debit: dict[int | str | None, list[Piece]] = defaultdict(list)
        for piece in pieces:
            self.by_credit[piece.credit].append(piece)
            self.by_debit[piece.debit].append(piece)
        for group in self.by_credit.values():
            group.sort(key=lambda piece: piece.low)
        for group in self.by_debit.values():
            group.sort(key=lambda piece: piece.start)


# ---------------------------------------------------------------------- pro rata
class Blend:
    """A sub-ledger under pro rata: what it holds of traced money, exactly (E) and in whole units (T), by compartment.

    Backward it is the same on time reversed: what went out comes in, closing balances stand for openings.
    """

    def __init__(self, history: History, backward: bool, exact: bool, kept: dict) -> None:
        if (id(history), backward) not in kept:  # the books do not depend on the question
            lines = keep_books(history).lines
            lines = lines[::-1] if backward else lines
            where = {(line.side, line.place): n for n, line in enumerate(lines)}
            kept[id(history), backward] = (lines, where)
        self.lines, self.where = kept[id(history), backward]
        self.backward, self.exact = backward, exact
        self.leaving, self.arriving = ("in", "out") if backward else ("out", "in")
        self.at = 0
        self.E: dict[str | None, int | Fraction] = defaultdict(int)
        self.T: dict[str | None, int | Fraction] = defaultdict(int)
        self.lots: dict[str | None, deque[Lot]] = defaultdict(deque)

    def next_leaving(self) -> int | None:
        """The place of the next payment that could carry traced money."""
        if any(self.T.values()):
            for number in range(self.at, len(self.lines)):
                if self.lines[number].side == self.leaving:
                    return self.lines[number].place
        return None

    def pay(self, line: Booking) -> list[Lot]:
        out: list[Lot] = []
        for compartment, amount, balance in line.parts:
            held, whole = self.E[compartment], self.T[compartment]
            if not held:
                continue
            if self.exact:
                stays = held - held * Fraction(amount, balance)
                self.E[compartment] = self.T[compartment] = stays
            else:
                self.E[compartment] = held - held * amount // balance
                self.T[compartment] = (
                    self.E[compartment] + UNIT // 2 - 1
                ) // UNIT  # the nearest stays, a half goes
            carried = whole - self.T[compartment]
            assert 0 <= carried <= amount
            assert 0 <= self.T[compartment] <= balance - amount
            out += self.take(compartment, carried)
        return laid_out(out)

    def take(self, compartment: str | None, carried: int) -> list[Lot]:
        """The first of the traced money in a compartment: one way to lay it out."""
        queue, out = self.lots[compartment], []
        while carried:
            lot = queue[0]
            size = min(carried, lot.high - lot.low)
            out.append(lot.part(lot.low, lot.low + size))
            if size == lot.high - lot.low:
                queue.popleft()
            else:
                queue[0] = lot.part(lot.low + size, lot.high)
            carried -= size
        return out

    def put(self, compartment: str | None, lots: list[Lot]) -> None:
        amount = sum(lot.high - lot.low for lot in lots)
        self.T[compartment] += amount
        self.E[compartment] += amount if self.exact else amount * UNIT
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
        total = sum(lot.high - lot.low for lot in lots)
        if self.exact:
            share = total * Fraction(line.lender, line.amount)
        else:
            share = (2 * total * line.lender + line.amount) // (2 * line.amount)  # a half to the lender
        queue = deque(lots)
        # READING: laid out, the lender gets the first of a credit (forward) and the last of a debit (backward).
        lender = [] if self.backward else split(queue, share)
        rest, size, done, moved = total - share, line.amount - line.lender, 0, 0
        for compartment, amount, _ in line.parts:
            # READING: backward, a payment out of several compartments is divided by cumulative rounding.
            done += amount
            upto = rest * Fraction(done, size) if self.exact else (2 * rest * done + size) // (2 * size)
            if seed:  # a seed in part is the first money of its transfer
                upto = min(rest, done)
            self.put(compartment, split(queue, upto - moved))
            moved = upto
        return lender + list(queue)

    def stand(self, cut: int) -> list[Lot]:
        """Book everything before the cut and hand over all traced money that stands there."""
        while self.at < len(self.lines) and (self.lines[self.at].place < cut) != self.backward:
            if self.lines[self.at].side == self.leaving:
                assert not self.pay(self.lines[self.at])
            self.at += 1
        held = [lot for queue in self.lots.values() for lot in queue]
        self.E.clear()
        self.T.clear()
        self.lots.clear()
        return held


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


# ---------------------------------------------------------------------- the question
@dataclass
class Answer:
    seed: int
    currency: str
    transfers: dict[str, list[int]]  # id: traced (its own currency), seed_amount
    ends: dict[tuple[str, str, str], list[int]]  # kind, account, currency: amount, seed_amount
    chains: dict[
        tuple[tuple[str, ...], str, str, str], int
    ]  # transfers, kind, account, currency: seed_amount
    seeds: dict[str, int]  # seed transfers and their parts
    open_order: bool  # some account of the case has rows whose order is not known
    touched: set[str]  # accounts that the traced money was in


class Oracle:
    """Questions to one case."""

    def __init__(self, tables: dict[str, list[dict]], currency: str = "CNY", hours: int = 8) -> None:
        self.rows = Rows(tables, currency, hours)
        self.matches: dict[tuple, Match] = {}
        self.books: dict[tuple, tuple] = {}

    def trace(
        self,
        refs: list[Ref],
        rule: str = "fifo",
        backward: bool = False,
        currency: str | None = None,
        since: str | None = None,
        until: str | None = None,
        max_hops: int | None = None,
        min_amount: int = 0,
        by: str = "account",
        paths: bool = True,
    ) -> Answer:
        question = Question(self, rule, backward, since, until, max_hops, min_amount, by, paths)
        question.choose(refs, currency)
        return question.run()


class Question:
    def __init__(self, oracle, rule, backward, since, until, max_hops, min_amount, by, paths) -> None:
        self.oracle, self.rows = oracle, oracle.rows
        self.rule, self.backward, self.by = rule, backward, by
        rows = self.rows
        # READING: a bare date as `since` is that day's first moment, as `until` its last.
        self.since = rows.moment(since)[0] if since else -FOREVER
        self.until = rows.last_moment(until) if until else FOREVER
        self.opens = self.since if backward and since else rows.first
        self.closes = self.until if not backward and until else rows.last
        self.max_hops = FOREVER if max_hops is None else max_hops
        self.min_amount = min_amount
        self.exact = rule == "exact"
        # Without the ways that money came, lots that adjoin are one: only where nothing is converted and no limit is set.
        self.paths = paths and not self.exact
        if not self.paths:
            assert self.exact or not rows.converts
            assert max_hops is None and not min_amount
        self.transfers: dict[str, list] = defaultdict(lambda: [0, 0])
        self.ends: dict[tuple, list] = defaultdict(lambda: [0, 0])
        self.chains: dict[tuple, int] = defaultdict(int)
        self.touched: set[str] = set()
        self.roots: dict[object, Path] = {}
        self.pending: dict[int, list[Lot]] = defaultdict(list)
        self.blends: dict[tuple, Blend] = {}
        self.heap: list[int] = []
        self.queued: set[int] = set()

    # ------------------------------------------------------------------ seeds
    def choose(self, refs: list[Ref], currency: str | None) -> None:
        rows = self.rows
        self.seeds: dict[str, int] = {}
        self.cuts: dict[
            tuple[str, str, int], int
        ] = {}  # account, currency, place before which it is cut: part
        currencies: set[str] = set()
        for ref in refs:
            if ref.kind == "balance":
                currencies.add(self.choose_balance(ref, currency))
                continue
            names = [name for name in self.named(ref) if rows.net[name] and self.in_period(name)]
            if currency:
                names = [name for name in names if rows.rows[name]["currency"] == currency]
            found = {rows.rows[name]["currency"] for name in names}
            if len(found) != 1:
                raise RefusedError(f"{ref}: nothing, or several currencies: {sorted(found)}")
            currencies |= found
            left = ref.amount
            for name in sorted(set(names), key=lambda name: rows.leave_place[name]):
                part = rows.net[name] if left is None else min(left, rows.net[name])
                if part:
                    self.seeds[name] = max(self.seeds.get(name, 0), part)
                left = None if left is None else left - part
            if left:
                raise RefusedError(f"{ref}: less than was asked")
        if len(currencies) != 1:
            raise RefusedError(f"seeds in several currencies: {sorted(currencies)}")
        (self.currency,) = currencies
        side = "target" if self.backward else "source"
        self.payers = {rows.party(rows.rows[name][side]) for name in self.seeds}

    def in_period(self, name: str) -> bool:
        # READING: since and until choose a seed by the time at which it left, in both directions.
        return self.since <= self.rows.moment(self.rows.rows[name]["time"])[0] <= self.until

    def named(self, ref: Ref) -> Iterator[str]:
        rows = self.rows
        own, other = ("target", "source") if self.backward else ("source", "target")
        if ref.kind == "transfer":
            yield ref.name
        elif ref.kind == "account":
            yield from (n for n, row in rows.rows.items() if row[own] == ref.name != row[other])
        elif ref.kind == "party":
            for name, row in rows.rows.items():
                if rows.party(row[own]) == ref.name != rows.party(row[other]):
                    yield name
        elif ref.kind == "product":
            column = "redemption_transfer_id" if self.backward else "transfer_id"
            lines = [line for line in rows.tables.get("subscriptions", []) if line["product_id"] == ref.name]
            # READING: a product without any subscription is like one whose subscription names no transfer.
            for line in lines or [{}]:
                if line.get(column):
                    yield line[column]
                    continue
                for name, row in rows.rows.items():
                    account = rows.accounts.get(row["source" if self.backward else "target"], {})
                    if row.get("product_id") == ref.name == account.get("product_id"):
                        yield name
        elif ref.kind == "loan":
            borrowers = {row["borrower_id"] for row in rows.tables["loans"] if row["loan_id"] == ref.name}
            side = "source" if self.backward else "target"
            # READING: as written, a transfer between two of the borrower's own accounts with that loan counts too.
            for name, row in rows.rows.items():
                if row.get("loan_id") == ref.name and rows.party(row[side]) in borrowers:
                    yield name

    def choose_balance(self, ref: Ref, currency: str | None) -> str:
        rows = self.rows
        time = rows.last_moment(ref.time)
        cut = sum(step.time <= time for step in rows.steps)
        standing = {}
        names = {row["currency"] for row in rows.rows.values()} | {rows.currency}
        names |= {row["target_currency"] for row in rows.rows.values() if row.get("target_currency")}
        if rows.accounts.get(ref.name, {}).get("currency"):
            names.add(rows.accounts[ref.name]["currency"])
        for name in names:
            amount = sum(part[-1] for part in self.stands(ref.name, name, cut, time))
            if amount and (not currency or name == currency):
                standing[name] = amount
        # READING: a balance at a time outside since..until, or where the account is not covered, gives nothing.
        if len(standing) != 1 or not self.since <= rows.moment(ref.time)[0] <= self.until:
            raise RefusedError(f"{ref}: nothing, or several currencies: {sorted(standing)}")
        ((name, amount),) = standing.items()
        if ref.amount is not None and ref.amount > amount:
            raise RefusedError(f"{ref}: less than was asked")
        key = (ref.name, name, cut)
        self.cuts[key] = max(self.cuts.get(key, 0), amount if ref.amount is None else ref.amount)
        self.cut_times = {**getattr(self, "cut_times", {}), key: time}
        return name

    def keys(self, account: str, currency: str, time: int) -> list[tuple]:
        """The sub-ledgers of an account in one currency at a time (several only in a clearing account)."""
        rows = self.rows
        if account not in rows.periods or (number := rows.period_at(account, time)) is None:
            return []
        marks: list[str | None] = [None]
        if rows.kind(account) == "clearing":
            marks = sorted({m for row in rows.rows.values() if (m := earmark_of(row)) is not None})
        return [(account, currency, number, mark) for mark in marks]

    def stands(self, account: str, currency: str, cut: int, time: int) -> list[tuple]:
        """What stands there: (sub-ledger, compartment, amount), as a payment without an earmark would take it."""
        found = []
        for key in self.keys(account, currency, time):
            books = keep_books(self.rows.history(key), cut)
            for compartment in books.order(None):
                if books.balance.get(compartment):
                    found.append((books.filled[compartment], key, compartment, books.balance[compartment]))
        if self.rows.kind(account) == "clearing":
            # READING: of the earmarks of a clearing account the one non-empty longest comes first.
            found.sort(key=lambda item: self.rows.history(item[1]).entries[item[0]].place)
        return [item[1:] for item in found]

    # ------------------------------------------------------------------ the sweep
    def push(self, event: int) -> None:
        """Steps are the odd events (2 * place + 1), cuts of balances the even ones (2 * place)."""
        if event not in self.queued:
            self.queued.add(event)
            heapq.heappush(self.heap, -event if self.backward else event)

    def run(self) -> Answer:
        for name in self.seeds:
            self.push(2 * self.rows.leave_place[name] + 1)
        for _, _, cut in self.cuts:
            self.push(2 * cut)
        total = sum(self.seeds.values()) + sum(self.cuts.values())
        while self.heap:
            event = abs(heapq.heappop(self.heap))
            if event % 2 == 0:
                for account, currency, cut in self.cuts:
                    if 2 * cut == event:
                        self.cut_balance(account, currency, cut)
            elif self.opens <= self.rows.steps[event // 2].time <= self.closes:
                (self.step_back if self.backward else self.step_on)(event // 2)
        for key, blend in self.blends.items():
            self.close(key, [lot for queue in blend.lots.values() for lot in queue])
        self.ends = {key: value for key, value in self.ends.items() if any(value)}
        chains = {key: value for key, value in self.chains.items() if value}
        return Answer(
            total, self.currency, dict(self.transfers), self.ends, chains, self.seeds,
            bool(self.rows.open_accounts & self.touched), self.touched,
        )  # fmt: skip

    def fresh(self, low: int, high: int, root: object, account: str) -> Lot:
        """Money of a seed."""
        if not self.paths:
            return Lot(low, high, None, 1, 1, 0)
        path = self.roots.setdefault(root, Path(None, root, account))
        return Lot(low, high, path, high - low, high - low, 0)

    def step_on(self, place: int) -> None:
        step = self.rows.steps[place]
        name, row = step.row["transfer_id"], step.row
        key = self.rows.key(step.source, row["currency"], step.time, earmark_of(row))
        lots = self.incoming(key, place)
        if step.leaves and name in self.seeds:
            self.end("recirculated", step.source, row["currency"], lots)
            lots = [self.fresh(0, self.seeds[name], name, step.target)]
        elif step.leaves:
            lots = self.extend(step, lots, step.source, row["currency"], step.target)
            self.record(name, lots)
        if lots:
            self.arrive(step, place, self.converted(step, lots), step.target)

    def step_back(self, place: int) -> None:
        step = self.rows.steps[place]
        name, row = step.row["transfer_id"], step.row
        currency = (step.arrives and row.get("target_currency")) or row["currency"]
        key = self.rows.key(step.target, currency, step.time, earmark_of(row))
        lots = self.incoming(key, place)
        if step.arrives and name in self.seeds:
            self.end("recirculated", step.target, currency, lots)
            lots = []
        elif step.arrives:
            lots = self.extend(step, lots, step.target, currency, step.source)
            lots = self.converted(step, lots)
            self.record(name, lots)
        if step.leaves and name in self.seeds:
            lots = [self.fresh(0, self.seeds[name], name, step.source)]
        if lots:
            self.arrive(step, place, lots, step.source)

    def incoming(self, key: tuple | None, place: int) -> list[Lot]:
        """Traced money that this step moves, in the order of taking."""
        if self.rule == "fifo":
            return together(self.pending.pop(place, []))
        if key not in self.blends:
            return []
        side = "in" if self.backward else "out"
        if (side, place) not in self.blends[key].where:
            return []
        if self.blends[key].where[side, place] < self.blends[key].at:
            return []
        lots = self.blends[key].leave(place)
        self.again(key)
        return lots if self.paths else together(lots)

    def again(self, key: tuple) -> None:
        place = self.blends[key].next_leaving()
        if place is not None:
            self.push(2 * place + 1)

    def extend(self, step: Step, lots: list[Lot], account: str, currency: str, onto: str) -> list[Lot]:
        """The ways that money came, one transfer longer; what a limit stops ends at the account that it would leave."""
        if not self.paths:
            return lots
        if self.by == "party" and self.rows.party(step.row["source"]) == self.rows.party(step.row["target"]):
            return lots
        flows: dict[int, int] = defaultdict(int)
        for lot in lots:
            flows[id(lot.path)] += lot.value() if lot.counted else 0
        out = []
        for lot in lots:
            kept = lot.counted
            # READING: min_amount is compared with what flows along the way in the seed's currency.
            if kept and (lot.path.hops + 1 > self.max_hops or flows[id(lot.path)] < self.min_amount):
                self.end("horizon", account, currency, [lot])
                kept = False
            out.append(
                Lot(
                    lot.low,
                    lot.high,
                    lot.path.step(step.row["transfer_id"], onto),
                    lot.whole,
                    lot.seed,
                    lot.offset,
                    kept,
                )
            )
        return out

    def record(self, name: str, lots: list[Lot]) -> None:
        for lot in lots:
            if lot.counted:
                self.transfers[name][0] += lot.high - lot.low
                self.transfers[name][1] += lot.value()

    def converted(self, step: Step, lots: list[Lot]) -> list[Lot]:
        row = step.row
        if not (step.arrives and row.get("target_currency")):
            return lots
        a, b = row["amount"], row["target_amount"]
        if self.exact:
            lots = together(lots)
            factor = Fraction(a, b) if self.backward else Fraction(b, a)
            return [Lot(lot.low * factor, lot.high * factor, None, 1, 1, 0) for lot in lots]
        if self.backward:
            a, b = b, a
        # READING: seed_amount is spread evenly over all that one way through the transfers brings to a conversion.
        whole: dict[tuple, int] = defaultdict(int)
        worth: dict[tuple, int] = defaultdict(int)
        cuts = [((2 * lot.low * b + a) // (2 * a), (2 * lot.high * b + a) // (2 * a)) for lot in lots]
        for lot, (low, high) in zip(lots, cuts, strict=True):
            whole[id(lot.path), lot.counted] += high - low
            worth[id(lot.path), lot.counted] += lot.value()
        done: dict[tuple, int] = defaultdict(int)
        out = []
        for lot, (low, high) in zip(lots, cuts, strict=True):
            key = (id(lot.path), lot.counted)
            if not whole[key]:
                out.append(Lot(low, low, lot.path, 0, lot.value(), 0, lot.counted))
            elif high > low:
                out.append(Lot(low, high, lot.path, whole[key], worth[key], done[key], lot.counted))
                done[key] += high - low
        return out

    def arrive(self, step: Step, place: int, lots: list[Lot], account: str) -> None:
        """Money comes to an account: it stops there, or is walked."""
        row, rows = step.row, self.rows
        forward_conversion = not self.backward and step.arrives and row.get("target_currency")
        currency = row["target_currency"] if forward_conversion else row["currency"]
        word = self.stops(step, account)
        if word:
            self.end(word, account, currency, lots)
            return
        self.touched.add(account)
        key = rows.key(account, currency, step.time, earmark_of(row))
        # READING: what a conversion rounds to nothing ends where it came to, under the word of the close.
        self.close(key, [lot for lot in lots if lot.high == lot.low])
        lots = [lot for lot in lots if lot.high > lot.low]
        if not lots:
            return
        if self.rule == "fifo":
            for lot in lots:
                self.follow(key, place, lot)
        else:
            if key not in self.blends:
                self.blends[key] = Blend(rows.history(key), self.backward, self.exact, self.oracle.books)
            seed = self.backward and row["transfer_id"] in self.seeds
            self.end("lender", account, currency, self.blends[key].arrive(place, lots, seed))
            self.again(key)

    def stops(self, step: Step, account: str) -> str | None:
        """The first of tracing.md's four words that holds, or None: walked."""
        rows, row = self.rows, step.row
        if account.startswith("transit:"):
            return None
        kind = rows.kind(account)
        covered = rows.period_at(account, step.time) is not None
        if kind == "cash":
            return "cash"
        if kind in STOPPING_KINDS or (row.get("fee_of") and not self.backward and not covered):
            return "fee"
        if kind == "clearing" and earmark_of(row) is None:
            return "hub"
        if not covered:
            if rows.party(account) in self.payers:
                return "returned"
            sector = rows.parties.get(rows.party(account), {}).get("sector")
            if kind in ("securities", "margin") or sector in ("developer", "property_agency"):
                return "asset"
            return "frontier"
        return None

    def end(self, word: str, account: str, currency: str, lots: list[Lot]) -> None:
        holder = self.rows.party(account) if self.by == "party" else account
        for lot in lots:
            if not lot.counted:
                continue
            self.ends[word, holder, currency][0] += lot.high - lot.low
            self.ends[word, holder, currency][1] += lot.value()
            if lot.path is not None:
                self.chains[lot.path.transfers(), word, holder, currency] += lot.value()

    def close(self, key: tuple, lots: list[Lot]) -> None:
        """Money that stands in a sub-ledger when the period closes (backward: opens)."""
        account, currency, number, _ = key
        period = self.rows.periods[account][number]
        ended = period.start > self.opens if self.backward else period.end < self.closes
        if account.startswith("transit:"):
            word = "balance"
        elif self.rows.kind(account) == "clearing":
            word = "hub"
        elif self.rows.party(account) in self.payers:
            word = "returned"
        else:
            word = "frontier" if ended else "balance"
        self.end(word, account, currency, lots)

    # ------------------------------------------------------------------ first in, first out
    def match(self, key: tuple) -> Match:
        if key not in self.oracle.matches:
            self.oracle.matches[key] = Match(self.rows.history(key))
        return self.oracle.matches[key]

    def follow(self, key: tuple, place: int, lot: Lot) -> None:
        """A lot of a credit goes on to the debits that it pays (backward: of a debit, to the credits that paid it)."""
        match = self.match(key)
        pieces = match.by_debit[place] if self.backward else match.by_credit[place]
        first = bisect_left(pieces, lot.low, key=lambda p: (p.start if self.backward else p.low) + p.size - 1)
        for piece in pieces[first:]:
            here = piece.start if self.backward else piece.low
            if here >= lot.high:
                break
            low, high = max(lot.low, here), min(lot.high, here + piece.size)
            if low < high:
                self.hand_over(key, piece, lot.part(low, high, -here), 2 * place + 1)

    def hand_over(self, key: tuple, piece: Piece, lot: Lot, event: int) -> None:
        """A lot, counted from the beginning of the piece, to the piece's other side."""
        account, currency = key[:2]
        onto, start = (piece.credit, piece.low) if self.backward else (piece.debit, piece.start)
        if onto == "lender":
            self.end("lender", account, currency, [lot])
            return
        place = (-FOREVER if self.backward else FOREVER) if onto is None else 2 * onto + 1
        low, high = sorted((event, place))
        # A balance seed cuts what stands: traced money that reaches it ends there, and the seed starts behind.
        if any((a, c) == (account, currency) and low < 2 * cut < high for a, c, cut in self.cuts):
            self.end("recirculated", account, currency, [lot])
        elif onto is None or not self.opens <= self.rows.steps[onto].time <= self.closes:
            self.close(key, [lot])
        else:
            self.pending[onto].append(lot.part(lot.low, lot.high, start))
            self.push(2 * onto + 1)

    # ------------------------------------------------------------------ balance seeds
    def cut_balance(self, account: str, currency: str, cut: int) -> None:
        left = self.cuts[account, currency, cut]
        time = self.cut_times[account, currency, cut]
        standing = self.stands(account, currency, cut, time)
        self.touched.add(account)
        root = ("balance", account, currency)
        if self.rule != "fifo":
            for key in self.keys(account, currency, time):
                if key in self.blends:
                    self.end("recirculated", account, currency, self.blends[key].stand(cut))
                else:
                    self.blends[key] = Blend(
                        self.rows.history(key), self.backward, self.exact, self.oracle.books
                    )
                    self.blends[key].stand(cut)
        whole, done = left, 0
        for key, compartment, amount in standing:
            part = min(left, amount)
            if not part:
                break
            left -= part
            if self.rule != "fifo":
                self.blends[key].put(compartment, [self.fresh(done, done + part, root, account)])
                self.again(key)
                done += part
                continue
            for piece in self.standing_pieces(key, compartment, cut):
                size = min(part, piece.size)
                if size:
                    lot = self.fresh(0, size, root, account)
                    if lot.path is not None:
                        lot.whole, lot.seed, lot.offset = whole, whole, done
                    self.hand_over(key, piece, lot, 2 * cut)
                    done += size
                    part -= size

    def standing_pieces(self, key: tuple, compartment: str | None, cut: int) -> list[Piece]:
        """The lots that stand in a compartment before the step at that place, the oldest first."""
        found = []
        for credit, pieces in self.match(key).by_credit.items():
            if credit == "lender" or (credit is not None and credit >= cut):
                continue
            for piece in pieces:
                later = piece.debit is None or (piece.debit != "lender" and piece.debit >= cut)
                if later and piece.compartment == compartment:
                    found.append(piece)
        return sorted(found, key=lambda piece: (-1 if piece.credit is None else piece.credit, piece.low))


__all__ = ["Answer", "Entry", "Oracle", "Ref", "RefusedError"]
