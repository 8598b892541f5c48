"""What the rows say before any money is traced: order, reversals, coverage, openings, histories.

Written from the definition alone (tracing.md, tables.md), over plain lists of dicts, to be read rather than run fast.
Rows have text times (ISO 8601, or a bare date), whole numbers of minor units, and None (or no key) for unknown.
A comment that begins `READING:` stands where the definition leaves room.
"""

from __future__ import annotations

import copy
import heapq
import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

DAY = 86_400_000_000
FOREVER = 10**30
STOPPING_KINDS = ("cash", "internal", "tax")
CUSTODY_KINDS = ("client_custody", "reserve_central", "reserve_special")


@dataclass
class Step:
    """One movement between two accounts at one time: a whole row, or one half of a row in transit."""

    row: dict
    time: int
    dated: bool  # a bare date: some time on that day
    source: str
    target: str
    leaves: bool = True  # this step is where the row leaves its source
    arrives: bool = True  # this step is where the row reaches its target

    @property
    def currency_in(self) -> str:
        """The currency in which it comes to its target."""
        # READING: a conversion happens where the row arrives; in transit it is still the source's currency.
        return (self.arrives and self.row.get("target_currency")) or self.row["currency"]


@dataclass
class Entry:
    """One line of an account's own history."""

    side: str  # "out" or "in"
    place: int  # the step's place in the shown order
    amount: int  # net of reversals
    booked: int
    earmark: str | None
    balance: int | None  # running balance after it, where stated


@dataclass
class Period:
    start: int
    end: int
    opening: int | None = None
    later: list[tuple[int, int]] = field(
        default_factory=list
    )  # balances stated for the beginning of a later part


@dataclass
class History:
    """One sub-ledger: an account, a currency, a period of coverage (and an earmark, in a clearing account)."""

    account: str
    currency: str
    period: Period
    earmark: str | None
    opening: int
    opening_from: str  # stated, balance, unknown, nothing
    custody: bool
    entries: list[Entry] = field(default_factory=list)


def earmark_of(row: dict) -> str | None:
    """The row's earmark: clearing, else order, else loan, else product."""
    for name in ("clearing_id", "order_id", "loan_id", "product_id"):
        if row.get(name) not in (None, ""):
            return row[name]
    return None


class Rows:
    """The tables of one case, made ready for questions."""

    def __init__(self, tables: dict[str, list[dict]], currency: str = "CNY", hours: int = 8) -> None:
        self.currency = currency
        self.zone = timezone(timedelta(hours=hours))
        self.hours = hours
        self.tables = tables
        self.accounts = {row["account_id"]: row for row in tables.get("accounts", [])}
        self.parties = {row["party_id"]: row for row in tables.get("parties", [])}
        self.rows = {row["transfer_id"]: row for row in tables["transfers"]}
        self.breaks: list[str] = []
        self.make_steps()
        self.first = min((step.time for step in self.steps), default=0)
        self.last = max((step.time for step in self.steps), default=0)
        self.converts = any(row.get("target_currency") for row in self.rows.values())
        self.make_order()
        self.net_of_reversals()
        self.make_coverage()
        self.histories: dict[tuple, History] = {}
        self.gap_of: dict[str, str] = {}  # withdrawals and deposits that are joined: the withdrawal of each

    def with_gaps(self, joined: dict[str, str]) -> Rows:
        """The same rows where these withdrawals pay these deposits: each pair is a place of its own."""
        # READING: they do not stand in the books of the cash accounts, from which they are taken.
        rows = copy.copy(self)
        rows.histories = {}
        rows.gap_of = {name: taken for taken, put in joined.items() for name in (taken, put)}
        rows.periods = {**self.periods, **{"gap:" + name: [Period(-FOREVER, FOREVER, 0)] for name in joined}}
        return rows

    # ------------------------------------------------------------------ times and steps
    def moment(self, text: str) -> tuple[int, bool]:
        """Microseconds, and whether the text is a bare date (then: that day's local midnight)."""
        if isinstance(text, int):
            return text, False
        dated = len(text.strip()) == 10
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=self.zone)
        return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), dated

    def last_moment(self, text: str) -> int:
        # READING: a bare date as the inclusive end of something means the whole of that local day.
        time, dated = self.moment(text)
        return time + DAY - 1 if dated else time

    def day(self, time: int) -> int:
        return (time + self.hours * 3_600_000_000) // DAY

    def make_steps(self) -> None:
        self.steps: list[Step] = []
        for row in self.rows.values():
            time, dated = self.moment(row["time"])
            if row.get("target_time"):
                arrival, arrival_dated = self.moment(row["target_time"])
                # READING: a target_time that is a bare date of the same day is not later.
                if arrival > time and not (arrival_dated and self.day(arrival) == self.day(time)):
                    place = "transit:" + row["transfer_id"]
                    self.steps.append(Step(row, time, dated, row["source"], place, arrives=False))
                    self.steps.append(Step(row, arrival, arrival_dated, place, row["target"], leaves=False))
                    continue
            self.steps.append(Step(row, time, dated, row["source"], row["target"]))

    # ------------------------------------------------------------------ order
    def make_order(self) -> None:
        """Put the steps into the order that is shown; note which accounts have an open order."""
        dated_days = {self.day(step.time) for step in self.steps if step.dated}
        clusters: dict[tuple, list[int]] = defaultdict(list)
        for number, step in enumerate(self.steps):
            day = self.day(step.time)
            # READING: a day on which any row has a bare date is one group for the whole case, in which all rows with
            # a time keep their order.
            clusters[(day * DAY, 0) if day in dated_days else (day * DAY, step.time)].append(number)
        self.stated: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.open_accounts: set[str] = set()
        self.last_balance: dict[tuple[str, str], int] = {}
        self.groups: list[dict[int, set[int]]] = []  # of each group, what is known to come behind every step
        order: list[int] = []
        for _, members in sorted(clusters.items()):
            order += [members[0]] if len(members) == 1 else self.order_of_group(members)
            for number in members if len(members) == 1 else order[-len(members) :]:
                self.remember_balance(number)
        place_of = {number: place for place, number in enumerate(order)}
        self.groups = [
            {place_of[n]: {place_of[m] for m in later} for n, later in group.items()} for group in self.groups
        ]
        self.steps = [self.steps[number] for number in order]
        self.note_places()

    def note_places(self) -> None:
        self.leave_place: dict[str, int] = {}
        for place, step in enumerate(self.steps):
            if step.leaves:
                self.leave_place[step.row["transfer_id"]] = place

    def reordered(self, order: list[int]) -> Rows:
        """The same rows in another order: the steps at these places, one after the other."""
        # READING: what is undone, and what the statements say about the order, is as in the order that is shown.
        rows = copy.copy(self)
        rows.steps = [self.steps[place] for place in order]
        rows.note_places()
        rows.histories, rows.gap_of = {}, {}
        return rows

    def remember_balance(self, number: int) -> None:
        step = self.steps[number]
        row = step.row
        if step.leaves:
            self.last_balance[step.source, row["currency"]] = row.get("source_balance")
        if step.arrives:
            currency = row.get("target_currency") or row["currency"]
            self.last_balance[step.target, currency] = row.get("target_balance")

    def order_of_group(self, members: list[int]) -> list[int]:
        after: dict[int, set[int]] = {number: set() for number in members}

        def chain(sequence: list[list[int]]) -> None:
            for earlier, later in itertools.pairwise(sequence):
                for a in earlier:
                    after[a].update(set(later) - {a})

        def levels(numbers: list[int], key) -> list[list[int]]:
            return [list(group) for _, group in itertools.groupby(sorted(numbers, key=key), key=key)]

        steps = self.steps
        # READING: the arrival of a row in transit has its row's sequence, at its own time.
        whole = all(steps[n].row.get("sequence") is not None for n in members)
        if whole:
            numbered = levels(members, lambda n: steps[n].row["sequence"])
            if len(numbered) == len(members) and not any(steps[n].dated for n in members):
                return [n for (n,) in numbered]  # nothing is left open, and nothing can contradict it
            chain(numbered)
        # The two halves of one row, where both fall into the group.
        halves: dict[str, list[int]] = defaultdict(list)
        for n in members:
            halves[steps[n].row["transfer_id"]].append(n)
        for pair in halves.values():
            if len(pair) == 2:
                chain([[n] for n in sorted(pair, key=lambda n: steps[n].arrives)])
        by_account: dict[str, list[int]] = defaultdict(list)
        for n in members:
            for account in {steps[n].source, steps[n].target}:
                by_account[account].append(n)
        chain(levels([n for n in members if not steps[n].dated], lambda n: steps[n].time))
        for account, numbers in by_account.items():
            if not whole and len(numbers) > 1:
                self.order_of_statement(account, numbers, chain, levels)
        return self.topological(members, after, by_account)

    def order_of_statement(self, account: str, numbers: list[int], chain, levels) -> None:
        """What one account's own statement says about the order of its rows in a group."""

        def own(n: int) -> list[int]:
            step = self.steps[n]
            given = []
            if step.source == account and step.leaves:
                given.append(step.row.get("source_sequence"))
            if step.target == account and step.arrives:
                given.append(step.row.get("target_sequence"))
            return [value for value in given if value is not None]

        sequences = {n: own(n) for n in numbers}
        if all(sequences.values()):
            # READING: a self-transfer stands at its first place in the statement.
            chain(levels(numbers, lambda n: sequences[n][0]))
            return
        # READING: where only some rows have a place in the statement, those keep it among themselves.
        chain(levels([n for n in numbers if sequences[n]], lambda n: sequences[n][0]))
        # READING: the running balance orders the rows of one currency where all of them state it: what every
        # chaining sequence has in common is known. It begins at the balance stated last before the group, else anywhere.
        by_currency: dict[str, list[int]] = defaultdict(list)
        for n in numbers:
            step = self.steps[n]
            names = set()
            if step.source == account and step.leaves:
                names.add(step.row["currency"])
            if step.target == account and step.arrives:
                names.add(step.row.get("target_currency") or step.row["currency"])
            for name in names:
                by_currency[name].append(n)
        for currency, group in by_currency.items():
            found = self.chaining(account, currency, group)
            for a, b in itertools.permutations(group, 2):
                if found and all(order.index(a) < order.index(b) for order in found):
                    chain([[a], [b]])

    def chaining(self, account: str, currency: str, group: list[int]) -> list[list[int]]:
        """Every order of the group in which each row's balance follows from the one before."""
        jumps: dict[int, tuple[int, int]] = {}
        for n in group:
            row = self.steps[n].row
            before = after = None
            out = self.steps[n].source == account and self.steps[n].leaves and row["currency"] == currency
            arriving = row.get("target_currency") or row["currency"]
            into = self.steps[n].target == account and self.steps[n].arrives and arriving == currency
            if out:
                if row.get("source_balance") is None:
                    return []
                before, after = row["source_balance"] + row["amount"], row["source_balance"]
            if into:
                if row.get("target_balance") is None:
                    return []
                amount = row["target_amount"] if row.get("target_currency") else row["amount"]
                if out and row["target_balance"] - amount != after:
                    return []
                before = before if out else row["target_balance"] - amount
                after = row["target_balance"]
            jumps[n] = (before, after)
        start = self.last_balance.get((account, currency))
        found: list[list[int]] = []

        def walk(order: list[int], at: int | None) -> None:
            if len(found) > 5000:
                return
            if len(order) == len(group):
                found.append(order)
                return
            for n in group:
                if n not in order and (at is None or jumps[n][0] == at):
                    walk([*order, n], jumps[n][1])

        walk([], start)
        return found if len(found) <= 5000 else []

    def topological(self, members: list[int], after: dict[int, set[int]], by_account: dict) -> list[int]:
        waiting = dict.fromkeys(members, 0)
        for later in after.values():
            for n in later:
                waiting[n] += 1

        def name(n: int) -> tuple[str, bool, int]:
            return (self.steps[n].row["transfer_id"], not self.steps[n].leaves, n)

        free = [name(n) for n in members if not waiting[n]]
        heapq.heapify(free)
        order: list[int] = []
        done: set[int] = set()
        while len(order) < len(members):
            if not free:
                # READING: where orders contradict one another, the least transfer_id of what is left goes next.
                self.breaks.append("contradictory order")
                heapq.heappush(free, min(name(n) for n in members if n not in done))
            n = heapq.heappop(free)[2]
            if n in done:
                continue
            done.add(n)
            order.append(n)
            for later in after[n]:
                waiting[later] -= 1
                if waiting[later] == 0 and later not in done:
                    heapq.heappush(free, name(later))
        reach: dict[int, set[int]] = {}
        for n in reversed(order):
            reach[n] = set().union(*({m} | reach.get(m, set()) for m in after[n])) if after[n] else set()
        self.groups.append(reach)
        for account, numbers in by_account.items():
            if any(b not in reach[a] and a not in reach[b] for a, b in itertools.combinations(numbers, 2)):
                self.open_accounts.add(account)
        return order

    # ------------------------------------------------------------------ reversals
    def net_of_reversals(self) -> None:
        """self.net: what is left of every row; a reversal that counts has nothing left."""
        self.net = {name: row["amount"] for name, row in self.rows.items()}
        self.undone: dict[str, int] = defaultdict(int)
        by_place = sorted(self.rows, key=lambda name: self.leave_place[name])
        for name in by_place:
            row = self.rows[name]
            if not row.get("reversal_of"):
                continue
            first = self.rows.get(row["reversal_of"])
            if first is not None and self.undoes(row, first):
                self.net[first["transfer_id"]] -= row["amount"]
                self.undone[first["transfer_id"]] += row["amount"]
                self.net[name] = 0
            else:
                self.breaks.append("reversal " + name)

    def undoes(self, row: dict, first: dict) -> bool:
        def same(a: str, b: str) -> bool:
            return a == b or a.startswith("?:") or b.startswith("?:")

        (time, dated), (first_time, first_dated) = self.moment(row["time"]), self.moment(first["time"])
        if dated or first_dated:
            # READING: with a bare date on either side, only a row of a later day is certainly later.
            later = self.day(first_time) > self.day(time)
        else:
            later = first_time > time
        return (
            not later
            and not first.get("reversal_of")
            and not first.get("target_currency")
            and not row.get("target_currency")
            and row["amount"] <= self.net[first["transfer_id"]]
            and same(row["source"], first["target"])
            and same(row["target"], first["source"])
            and row["currency"] == first["currency"]
        )

    # ------------------------------------------------------------------ coverage
    def make_coverage(self) -> None:
        spoken = bool(self.tables.get("coverage")) or any(
            row.get(name) is not None
            for row in self.accounts.values()
            for name in ("covered", "covered_from", "covered_to")
        )
        self.complete = not spoken
        rows: dict[str, list[Period]] = defaultdict(list)
        for row in self.tables.get("coverage", []):
            rows[row["account_id"]].append(
                self.period(row.get("from"), row.get("to"), row.get("opening_balance"))
            )
        self.periods: dict[str, list[Period]] = {}
        for step in self.steps:
            for account in (step.source, step.target):
                if account not in self.periods:
                    self.periods[account] = self.periods_of(account, rows.get(account, []))
        for account in self.accounts:
            if account not in self.periods:
                self.periods[account] = self.periods_of(account, rows.get(account, []))

    def period(self, start: str | None, end: str | None, opening: int | None) -> Period:
        first = self.moment(start)[0] if start else -FOREVER
        last = self.last_moment(end) if end else FOREVER
        return Period(first, last, opening)

    def periods_of(self, account: str, given: list[Period]) -> list[Period]:
        row = self.accounts.get(account, {})
        stated = row.get("opening_balance")
        if account.startswith("transit:"):
            return [Period(-FOREVER, FOREVER, 0)]
        if row.get("kind") == "clearing":
            return [Period(-FOREVER, FOREVER, 0)]
        if account.startswith("?:"):
            return []  # a placeholder for an unknown other side is never covered, in a complete case neither
        if self.complete:
            return [Period(-FOREVER, FOREVER, stated)]
        if row.get("covered") is False:
            # READING: `covered = false` wins over periods that are stated beside it.
            return []
        periods = list(given)
        if row.get("covered_from") or row.get("covered_to"):
            periods.append(self.period(row.get("covered_from"), row.get("covered_to"), stated))
        elif row.get("covered") and not periods:
            periods.append(Period(-FOREVER, FOREVER, stated))
        joined: list[Period] = []
        for period in sorted(periods, key=lambda p: p.start):
            if joined and period.start <= joined[-1].end + 1:
                joined[-1].end = max(joined[-1].end, period.end)
            else:
                joined.append(Period(period.start, period.end))
            if period.opening is not None:
                joined[-1].later.append((period.start, period.opening))
        if joined and stated is not None and not (row.get("covered_from") or row.get("covered_to")):
            # READING: an opening balance without covered_from stands before the account's first period.
            joined[0].later.append((joined[0].start, stated))
        for period in joined:
            # READING: openings of one time that differ contradict one another: none of them counts.
            said = set(period.later)
            times = [start for start, _ in said]
            period.later = sorted(pair for pair in said if times.count(pair[0]) == 1)
            if period.later and period.later[0][0] == period.start:
                period.opening = period.later.pop(0)[1]
        return joined

    def period_at(self, account: str, time: int) -> int | None:
        for number, period in enumerate(self.periods[account]):
            if period.start <= time <= period.end:
                return number
        return None

    # ------------------------------------------------------------------ histories
    def kind(self, account: str) -> str | None:
        return self.accounts.get(account, {}).get("kind")

    def party(self, account: str) -> str:
        """The party of an account; an account without one is its own."""
        return self.accounts.get(account, {}).get("party_id") or "account " + account

    def key(self, account: str, currency: str, time: int, earmark: str | None) -> tuple | None:
        """The sub-ledger in which a row of the account stands at that time, or None where it is not covered."""
        number = self.period_at(account, time)
        if number is None:
            return None
        return (account, currency, number, earmark if self.kind(account) == "clearing" else None)

    def key_out(self, step: Step) -> tuple | None:
        """The sub-ledger that a step leaves."""
        gap = self.gap_of.get(step.row["transfer_id"])
        if gap is not None and gap != step.row["transfer_id"] and step.leaves:
            return ("gap:" + gap, step.row["currency"], 0, None)
        return self.key(step.source, step.row["currency"], step.time, earmark_of(step.row))

    def key_in(self, step: Step) -> tuple | None:
        """The sub-ledger that a step comes to."""
        if self.gap_of.get(step.row["transfer_id"]) == step.row["transfer_id"] and step.arrives:
            return ("gap:" + step.row["transfer_id"], step.currency_in, 0, None)
        return self.key(step.target, step.currency_in, step.time, earmark_of(step.row))

    def history(self, key: tuple) -> History:
        if not self.histories:
            self.make_entries()
        if key not in self.histories:
            account, currency, number, earmark = key
            self.histories[key] = self.start(account, currency, number, earmark, [])
        return self.histories[key]

    def make_entries(self) -> None:
        entries: dict[tuple, list[Entry]] = defaultdict(list)
        for place, step in enumerate(self.steps):
            row = step.row
            mark = earmark_of(row)
            net = self.net[row["transfer_id"]]
            key = self.key_out(step)
            if key is not None:
                balance = row.get("source_balance") if step.leaves else None
                entries[key].append(Entry("out", place, net, row["amount"], mark, balance))
            key = self.key_in(step)
            if key is not None:
                converted = step.arrives and bool(row.get("target_currency"))
                amount, booked = (row["target_amount"],) * 2 if converted else (net, row["amount"])
                balance = row.get("target_balance") if step.arrives else None
                entries[key].append(Entry("in", place, amount, booked, mark, balance))
        for (account, currency, number, earmark), lines in entries.items():
            key = (account, currency, number, earmark)
            self.histories[key] = self.start(account, currency, number, earmark, lines)

    def moved(self, lines: list[Entry], time: int) -> int:
        """What the rows before a time, as booked, have changed."""
        before = [line for line in lines if self.steps[line.place].time < time]
        return sum(line.booked if line.side == "in" else -line.booked for line in before)

    def start(
        self, account: str, currency: str, number: int, earmark: str | None, lines: list[Entry]
    ) -> History:
        period = self.periods[account][number]
        own = self.accounts.get(account, {}).get("currency") or self.currency
        if account.startswith(("transit:", "gap:")) or self.kind(account) == "clearing":
            opening, origin = 0, "nothing"
        elif period.opening is not None and currency == own:
            opening, origin = period.opening, "stated"
        else:
            opening, origin = opening_from(lines)
            if origin == "unknown" and period.later and currency == own:
                # READING: what is stated for the beginning of a later part of the period is a balance, too.
                time, balance = period.later[0]
                opening, origin = balance - self.moved(lines, time), "balance"
        custody = self.kind(account) in CUSTODY_KINDS
        left = [line for line in lines if line.amount]
        return History(account, currency, period, earmark, opening, origin, custody, left)


def opening_from(lines: list[Entry]) -> tuple[int, str]:
    """The opening by the first running balance, else the least one that never overdraws; rows as booked."""
    moved = least = 0
    for line in lines:
        moved += line.booked if line.side == "in" else -line.booked
        if line.balance is not None:
            return line.balance - moved, "balance"
        least = min(least, moved)
    return -least, "unknown"
