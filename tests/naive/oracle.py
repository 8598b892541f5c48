"""The whole question, slowly: given some money, where did it go (or come from), exactly, under every rule.

A second, independent reading of the definition (tracing.md). Everything is plain Python: a lot is a list entry, money is
a whole number, `rule="exact"` is pro rata in fractions. A comment that begins `READING:` stands where the definition
leaves room. Nothing of the product is imported. In neighbouring files: what the rows say (oracle_rows), an account's
books and pieces of money (oracle_books), the rules inside one account (oracle_rules), poison (oracle_poison).
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from tests.naive.oracle_books import Lot, Path, keep_books, size_of, together
from tests.naive.oracle_gaps import gaps_of
from tests.naive.oracle_poison import Poison
from tests.naive.oracle_rows import FOREVER, STOPPING_KINDS, Rows, Step, earmark_of
from tests.naive.oracle_rules import POTS, Match, Piece, Pot

LOTS = ("fifo", "lifo")
RULES = (*LOTS, *POTS, "poison")
End = tuple[str, str, str]  # kind, account (in party view its party), currency


class RefusedError(Exception):
    """The question has no answer: it must be refused, not answered with something else."""


class TooLongError(Exception):
    """Coordinated overdrafts lead a little money round in a circle so often that nobody waits for the end."""


@dataclass(frozen=True)
class Ref:
    """One reference of a question: kind and id, a time for a balance, an amount (minor units) for a part."""

    kind: str
    name: str
    time: str | None = None
    amount: int | None = None


# ---------------------------------------------------------------------- the question
@dataclass
class Answer:
    """What was found. Under `poison` there are no chains, and every seed_amount is None."""

    seed: int
    currency: str
    transfers: dict[str, list]  # id: traced (its own currency), seed_amount
    ends: dict[End, list]  # kind, account, currency: amount, seed_amount
    chains: dict[
        tuple[tuple[str, ...], str, str, str], int
    ]  # transfers, kind, account, currency: seed_amount
    seeds: dict[str, int]  # seed transfers and their parts
    open_order: bool  # some account of the case has rows whose order is not known
    touched: set[str]  # accounts that the traced money was in
    inferred: set[tuple[tuple[str, ...], str, str, str]] = field(
        default_factory=set
    )  # chains some of whose money went through a gap of cash
    # seed, kind, account, currency: seed_amount. The seed is a transfer, or ("balance", account, currency, place of the cut).
    by_seed: dict[tuple[object, str, str, str], int | Fraction] = field(default_factory=dict)


class Oracle:
    """Questions to one case."""

    def __init__(self, tables: dict[str, list[dict]], currency: str = "CNY", hours: int = 8) -> None:
        self.take(Rows(tables, currency, hours))

    @classmethod
    def of(cls, rows: Rows) -> Oracle:
        """Questions to rows that are made ready already."""
        oracle = cls.__new__(cls)
        oracle.take(rows)
        return oracle

    def take(self, rows: Rows) -> None:
        self.rows = rows
        self.matches: dict[tuple, Match] = {}
        self.books: dict[tuple, tuple] = {}
        self.gapped: Oracle | None = None

    def over_gaps(self) -> Oracle:
        """The same case, where cash that was withdrawn and put in again is the same money."""
        if self.gapped is None:
            self.gapped = Oracle.of(self.rows.with_gaps(gaps_of(self.rows)))
        return self.gapped

    def by_party(
        self, answer: Answer, backward: bool = False
    ) -> dict[tuple[object, str, str, str], int | Fraction]:
        """The split of an answer among the parties that paid the seed (backward: that received it)."""
        # READING: a balance seed was paid by nobody and stays by itself.
        found: dict = defaultdict(int)
        for (seed, *end), value in answer.by_seed.items():
            if isinstance(seed, str):
                seed = self.rows.party(self.rows.rows[seed]["target" if backward else "source"])
            found[(seed, *end)] += value
        return dict(found)

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
        overdraft: str = "lender",
        cash_gaps: bool = False,
    ) -> Answer:
        if cash_gaps:
            asked = self.over_gaps()
            return asked.trace(
                refs, rule, backward, currency, since, until, max_hops, min_amount, by, paths, overdraft
            )
        if rule not in RULES:
            raise RefusedError(f"there is no rule {rule}")
        if rule == "libr" and backward:
            raise RefusedError("libr looks forward only: which money is untraced depends on what is traced")
        if rule == "poison" and min_amount:
            raise RefusedError("poison knows no amounts that flow along a path")
        if overdraft == "coordinated" and rule != "fifo":
            raise RefusedError("coordinated overdrafts are defined for fifo only")
        settings = (self, rule, backward, since, until, by, paths, overdraft == "coordinated")
        question = Question(*settings, max_hops, min_amount)
        question.choose(refs, currency)
        if min_amount:
            # What flows along a path, is known when all of it has come: so once without a limit.
            whole = Question(*settings, None, 0)
            whole.choose(refs, currency)
            whole.run()
            question.roots = whole.roots
        if rule == "poison":
            return question.poison()
        return question.run()


class Question:
    def __init__(
        self, oracle, rule, backward, since, until, by, paths, coordinated, max_hops, min_amount
    ) -> None:
        self.oracle, self.rows = oracle, oracle.rows
        self.rule, self.backward, self.by, self.coordinated = rule, backward, by, coordinated
        rows = self.rows
        # READING: a bare date as `since` is that day's first moment, as `until` its last.
        self.since = rows.moment(since)[0] if since else -FOREVER
        self.until = rows.last_moment(until) if until else FOREVER
        self.opens = self.since if backward and since else rows.first
        self.closes = self.until if not backward and until else rows.last
        self.max_hops = FOREVER if max_hops is None else max_hops
        self.min_amount = min_amount
        self.exact = rule == "exact"
        self.lots = rule in LOTS
        # Without the ways that money came, lots that adjoin are one: only where nothing is converted and no limit is set.
        self.paths = paths and not self.exact
        if not self.paths:
            assert self.exact or not rows.converts
            assert max_hops is None and not min_amount
        self.transfers: dict[str, list] = defaultdict(lambda: [0, 0])
        self.ends: dict[End, list] = defaultdict(lambda: [0, 0])
        self.chains: dict[tuple, int] = defaultdict(int)
        self.inferred: set[tuple] = set()
        self.by_root: dict[tuple, int] = defaultdict(int)
        self.touched: set[str] = set()
        self.roots: dict[object, Path] = {}
        self.pending: dict[int, list[Lot]] = defaultdict(list)
        self.due = self.pending
        self.pots: dict[tuple, Pot] = {}
        self.heap: list[int] = []
        self.queued: set[int] = set()
        self.started: set[str] = set()
        self.claims: Claims | None = None
        if rule in POTS and max_hops is None and min_amount <= 1:
            self.claims = Claims()

    # ------------------------------------------------------------------ seeds
    def choose(self, refs: list[Ref], currency: str | None) -> None:
        rows = self.rows
        self.seeds: dict[str, int] = {}
        self.cuts: dict[
            tuple[str, str, int], int
        ] = {}  # account, currency, place before which it is cut: part
        self.cut_times: dict[tuple[str, str, int], int] = {}
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
        # READING: at two times between which nothing came to the account in that currency or went out of it, what stands
        # there is one and the same money.
        edge = max(self.opens, rows.periods[ref.name][rows.period_at(ref.name, time)].start)
        places = [sum(step.time < edge for step in rows.steps)]
        for ledger in self.keys(ref.name, name, time):
            places += [line.place + 1 for line in rows.history(ledger).entries if self.moves(line.place, cut)]
        cut = min(cut, max(places))
        key = (ref.name, name, cut)
        self.cuts[key] = max(self.cuts.get(key, 0), amount if ref.amount is None else ref.amount)
        self.cut_times[key] = time
        return name

    def moves(self, place: int, cut: int) -> bool:
        """Whether a step is before the cut, and was not undone."""
        return place < cut and bool(self.rows.net[self.rows.steps[place].row["transfer_id"]])

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
        if self.coordinated:
            self.in_rounds()
        while self.heap:
            self.handle(abs(heapq.heappop(self.heap)))
        for key, pot in self.pots.items():
            for compartment, queue in pot.lots.items():
                self.close(key, list(queue), (key, compartment))
        self.ends = {key: value for key, value in self.ends.items() if any(value)}
        chains = {key: value for key, value in self.chains.items() if value}
        by_seed: dict = self.claims.ended if self.claims else self.by_root
        return Answer(
            total, self.currency, dict(self.transfers), self.ends, chains, self.seeds,
            bool(self.rows.open_accounts & self.touched), self.touched, self.inferred & set(chains),
            {key: value for key, value in by_seed.items() if value},
        )  # fmt: skip

    def poison(self) -> Answer:
        poison = Poison(self)
        poison.run()
        total = sum(self.seeds.values()) + sum(self.cuts.values())
        return Answer(
            total, self.currency, poison.transfers, dict(poison.ends), {}, self.seeds,
            bool(self.rows.open_accounts & self.touched), self.touched,
        )  # fmt: skip

    def in_rounds(self) -> None:
        """Where money can go back in time, every lot moves one step a round: lots of one way move together.

        No money goes on for ever: a unit of a transfer is the same money as at most one unit of another, so that a circle
        could only lead back into the seed. But one unit can pass a circle of a million a million times, each time one unit
        further on in the same transfers.
        """
        rounds = moved = 0
        while self.heap:
            rounds, moved = rounds + 1, moved + sum(map(len, self.pending.values()))
            if rounds > 5_000 or moved > 50_000:
                raise TooLongError
            self.due, self.pending = self.pending, defaultdict(list)
            events, self.heap = self.heap, []
            self.queued.clear()
            for event in sorted(events):
                self.handle(abs(event))

    def handle(self, event: int) -> None:
        if event % 2 == 0:
            for account, currency, cut in self.cuts:
                if 2 * cut == event:
                    self.cut_balance(account, currency, cut)
        elif self.opens <= self.rows.steps[event // 2].time <= self.closes:
            (self.step_back if self.backward else self.step_on)(event // 2)

    def fresh(self, low: int, high: int, root: object) -> Lot:
        """Money of a seed."""
        if self.claims:
            self.claims.start(root, high - low)
        if not self.paths:
            return Lot(low, high, None, 1, 1, 0)
        path = self.roots.setdefault(root, Path(None, root))
        return Lot(low, high, path, high - low, high - low, 0)

    def start(self, name: str) -> list[Lot]:
        """The part of a seed transfer, once."""
        if name in self.started:
            return []
        self.started.add(name)
        return [self.fresh(0, self.seeds[name], name)]

    def step_on(self, place: int) -> None:
        step = self.rows.steps[place]
        name, row = step.row["transfer_id"], step.row
        key = self.rows.key_out(step)
        lots = self.incoming(key, place)
        if step.leaves and name in self.seeds:
            self.end("recirculated", self.seen_at(key, step.source), row["currency"], lots, 1)
            lots = self.start(name)
        elif step.leaves:
            lots = self.bridged(key, self.extend(step, lots, self.seen_at(key, step.source), row["currency"]))
            self.record(name, lots)
        if lots:
            self.arrive(step, place, self.converted(step, lots), step.target)

    def step_back(self, place: int) -> None:
        step = self.rows.steps[place]
        name = step.row["transfer_id"]
        key = self.rows.key_in(step)
        lots = self.incoming(key, place)
        if step.arrives and name in self.seeds:
            self.end("recirculated", self.seen_at(key, step.target), step.currency_in, lots, 1)
            lots = []
        elif step.arrives:
            lots = self.bridged(
                key, self.extend(step, lots, self.seen_at(key, step.target), step.currency_in)
            )
            lots = self.converted(step, lots)
            self.record(name, lots)
        if step.leaves and name in self.seeds:
            lots = self.start(name)
        if lots:
            self.arrive(step, place, lots, step.source)

    def incoming(self, key: tuple | None, place: int) -> list[Lot]:
        """Traced money that this step moves, in the order of taking."""
        if self.claims:
            self.claims.moving = {}
        if self.lots:
            return together(self.due.pop(place, []))
        if key not in self.pots:
            return []
        pot = self.pots[key]
        side = "in" if self.backward else "out"
        if pot.where.get((side, place), -1) < pot.at:
            return []
        lots = pot.leave(place)
        if self.claims:
            self.claims.leave(key, pot.left)
        self.again(key)
        return lots if self.paths else together(lots)

    def seen_at(self, key: tuple | None, account: str) -> str:
        """The account in which money is that a payment out of a sub-ledger would take."""
        # READING: what no payment takes out of a gap of cash has not come through it: it stands where it was seen last.
        return self.cash_of(key[0]) if key is not None and key[0].startswith("gap:") else account

    def bridged(self, key: tuple | None, lots: list[Lot]) -> list[Lot]:
        """What comes out of a gap of cash: from here on the way is inferred."""
        if key is None or not key[0].startswith("gap:") or not self.paths:
            return lots
        return [lot.along(lot.path.bridge(("gap", key[0])), lot.counted) for lot in lots]

    def again(self, key: tuple) -> None:
        place = self.pots[key].next_leaving()
        if place is not None:
            self.push(2 * place + 1)

    def extend(self, step: Step, lots: list[Lot], account: str, currency: str) -> list[Lot]:
        """The ways that money came, one transfer longer; what a limit stops ends at the account that it would leave."""
        if not self.paths:
            return lots
        # READING: a transfer is inside one party where its two accounts have the same party; of an account without one,
        # only a transfer to itself is. A seed transfer stays in its chains also where it is inside one party.
        same = self.rows.party(step.row["source"]) == self.rows.party(step.row["target"])
        hidden = self.by == "party" and same
        ways = [lot.path.step(step.row["transfer_id"], hidden) for lot in lots]
        if not self.min_amount:
            for lot, way in zip(lots, ways, strict=True):
                way.shown.flow += 0 if hidden else lot.value()
        out = []
        for lot, way in zip(lots, ways, strict=True):
            kept = lot.counted
            # READING: min_amount is compared with what flows along the way in the seed's currency.
            beyond = way.shown.hops > self.max_hops or way.shown.flow < self.min_amount
            if kept and beyond and not hidden:
                self.end("horizon", account, currency, [lot])
                kept = False
            out.append(lot.along(way, kept))
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
        rows = self.rows
        currency = step.row["currency"] if self.backward else step.currency_in
        word = self.stops(step, account)
        if word:
            self.end(word, account, currency, lots, 1)
            return
        if any(lot.counted for lot in lots):
            self.touched.add(account)
        key = rows.key_out(step) if self.backward else rows.key_in(step)
        # READING: what a conversion rounds to nothing ends where it came to, under the word of the close. (Under pro rata
        # and libr nobody's money is first: who has a share in it, has it in what is left.)
        nothing = [lot for lot in lots if lot.high == lot.low]
        lots = [lot for lot in lots if lot.high > lot.low]
        self.end(*self.at_close(key), nothing, 0 if lots else 1)
        if not lots:
            return
        if self.lots:
            for lot in lots:
                self.follow(key, place, lot)
            return
        if key not in self.pots:
            self.pots[key] = POTS[self.rule](rows.history(key), self.backward, self.oracle.books)
        pot, total = self.pots[key], size_of(lots)
        seed = self.backward and step.row["transfer_id"] in self.seeds
        lender = pot.arrive(place, lots, seed)
        self.end("lender", account, currency, lender, Fraction(size_of(lender), total))
        if self.claims:
            self.claims.arrive(key, pot.came, total)
        self.again(key)

    def stops(self, step: Step, account: str) -> str | None:
        """The first of tracing.md's four words that holds, or None: walked."""
        rows, row = self.rows, step.row
        key = rows.key_out(step) if self.backward else rows.key_in(step)
        if account.startswith("transit:") or (key is not None and key[0].startswith("gap:")):
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

    def end(self, word: str, account: str, currency: str, lots: list[Lot], share: int | Fraction = 0) -> None:
        """Lots end; `share` is how much of what the claimants have on the way ends with them."""
        holder = self.rows.party(account) if self.by == "party" else account
        if self.claims:
            self.claims.end((word, holder, currency), share)
        for lot in lots:
            if not lot.counted:
                continue
            self.ends[word, holder, currency][0] += lot.high - lot.low
            self.ends[word, holder, currency][1] += lot.value()
            if lot.path is not None:
                chain = (lot.path.transfers(), word, holder, currency)
                self.chains[chain] += lot.value()
                self.by_root[lot.path.root, word, holder, currency] += lot.value()
                if lot.path.inferred and lot.value():
                    self.inferred.add(chain)

    def at_close(self, key: tuple) -> End:
        """Under which word, where and in what currency money stands in a sub-ledger when the period closes (opens)."""
        account, currency, number, _ = key
        if account.startswith("gap:"):
            return "cash", self.cash_of(account), currency
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
        return word, account, currency

    def cash_of(self, gap: str) -> str:
        """The cash account at which money stands in a gap: where it came to."""
        # READING: forward that is the withdrawal's, backward the deposit's.
        taken = gap.removeprefix("gap:")
        if not self.backward:
            return self.rows.rows[taken]["target"]
        put = next(name for name, other in self.rows.gap_of.items() if other == taken != name)
        return self.rows.rows[put]["source"]

    def close(self, key: tuple, lots: list[Lot], place: tuple | None = None) -> None:
        """Money that stands in a sub-ledger when the period closes (backward: opens)."""
        word, account, currency = self.at_close(key)
        if self.claims and place is not None:
            self.claims.take(place)
            self.end(word, account, currency, lots, 1)
        else:
            self.end(word, account, currency, lots)

    # ------------------------------------------------------------------ lots
    def match(self, key: tuple) -> Match:
        known = (key, self.rule, self.coordinated)
        if known not in self.oracle.matches:
            self.oracle.matches[known] = Match(self.rows.history(key), self.rule, self.coordinated)
        return self.oracle.matches[known]

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
                part = lot.part(low, high, -here)
                if piece.turned:
                    part = part.turn(piece.size)
                self.hand_over(key, piece, part, 2 * place + 1)

    def hand_over(self, key: tuple, piece: Piece, lot: Lot, event: int) -> None:
        """A lot to a piece's other side; it is counted from where the piece begins there."""
        account, currency = key[:2]
        onto, start = (piece.credit, piece.low) if self.backward else (piece.debit, piece.start)
        if onto == "lender":
            self.end("lender", account, currency, [lot])
            return
        place = (-FOREVER if self.backward else FOREVER) if onto is None else 2 * onto + 1
        # A balance seed cuts what stands: traced money that reaches it ends there, and the seed starts behind. What goes
        # on as the payment of an earlier overdraft does not stand there.
        low, high = (place, event) if self.backward else (event, place)
        if any(low < 2 * cut < high for cut in self.cuts_of(key)):
            self.end("recirculated", account, currency, [lot])
        elif onto is None or not self.opens <= self.rows.steps[onto].time <= self.closes:
            self.close(key, [lot])
        else:
            self.pending[onto].append(lot.part(lot.low, lot.high, start))
            self.push(2 * onto + 1)

    # ------------------------------------------------------------------ balance seeds
    def cuts_of(self, key: tuple) -> list[int]:
        """Where balance seeds cut a sub-ledger."""
        return [
            cut
            for (account, currency, cut), time in self.cut_times.items()
            if (account, currency, self.rows.period_at(account, time)) == key[:3]
        ]

    def cut_balance(self, account: str, currency: str, cut: int) -> None:
        left = self.cuts[account, currency, cut]
        time = self.cut_times[account, currency, cut]
        standing = self.stands(account, currency, cut, time)
        self.touched.add(account)
        # READING: a way begins in the account whose balance is a seed, at whatever time; by party in its party.
        root = ("balance", self.rows.party(account) if self.by == "party" else account, currency)
        if not self.lots:
            self.clear_pots(account, currency, cut, time)
        whole, done = left, 0
        for key, compartment, amount in standing:
            part = min(left, amount)
            if not part:
                break
            left -= part
            if not self.lots:
                self.pots[key].put(compartment, [self.fresh(done, done + part, root)])
                if self.claims:
                    self.claims.arrive(key, [(compartment, part)], part)
                self.again(key)
                done += part
                continue
            for piece in self.standing_pieces(key, compartment, cut):
                size = min(part, piece.size)
                if size:
                    lot = self.fresh(0, size, root)
                    if lot.path is not None:
                        lot.whole, lot.seed, lot.offset = whole, whole, done
                    if piece.turned and not self.backward:
                        lot = lot.turn(piece.size)  # backward it goes on to the credit, as it stands
                    self.hand_over(key, piece, lot, 2 * cut)
                    done += size
                    part -= size

    def clear_pots(self, account: str, currency: str, cut: int, time: int) -> None:
        """Where shares are followed: what came to a balance seed ends there."""
        for key in self.keys(account, currency, time):
            if key not in self.pots:
                self.pots[key] = POTS[self.rule](self.rows.history(key), self.backward, self.oracle.books)
            compartments = list(self.pots[key].lots)
            lots = self.pots[key].stand(cut)
            if self.claims:
                for compartment in compartments:
                    self.claims.take((key, compartment))
                    self.end("recirculated", account, currency, [], 1)
            self.end("recirculated", account, currency, lots)

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


# ---------------------------------------------------------------------- whose money, where shares are followed
class Claims:
    """What each seed has of the traced money, in fractions of the seed's currency: pro rata inside every compartment."""

    def __init__(self) -> None:
        self.held: dict[tuple, dict[object, Fraction]] = defaultdict(dict)  # sub-ledger, compartment: by seed
        self.moving: dict[object, Fraction] = {}  # what is on its way now
        self.ended: dict[tuple, Fraction] = defaultdict(Fraction)

    def start(self, root: object, amount: int) -> None:
        self.moving = {root: Fraction(amount)}

    def leave(self, key: tuple, left: list[tuple]) -> None:
        """Of each compartment, so much of so much leaves."""
        self.moving = defaultdict(Fraction)
        for compartment, carried, whole in left:
            for root, value in self.held[key, compartment].items() if whole else ():
                self.moving[root] += value * carried / whole
                self.held[key, compartment][root] -= value * carried / whole

    def take(self, place: tuple) -> None:
        """All that a compartment holds."""
        self.moving = self.held.pop(place, {})

    def arrive(self, key: tuple, came: list[tuple], total: int | Fraction) -> None:
        for compartment, amount in came:
            place = self.held[key, compartment]
            for root, value in self.moving.items():
                place[root] = place.get(root, Fraction(0)) + value * Fraction(amount) / total

    def end(self, end: End, share: int | Fraction) -> None:
        if share:
            for root, value in self.moving.items():
                self.ended[(root, *end)] += value * share


__all__ = ["RULES", "Answer", "Oracle", "Ref", "RefusedError", "TooLongError"]
