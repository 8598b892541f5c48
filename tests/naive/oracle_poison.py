"""Poison: everything that an account pays out after it was touched; backward everything that could have contributed.

An upper bound, not an attribution: nothing is conserved, there are no chains, and nothing is worth anything in the seed's
currency. Written from the definition alone (tracing.md), to be read. A comment that begins `READING:` stands where the
definition leaves room.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from tests.naive.oracle_books import Booking, keep_books
from tests.naive.oracle_rows import Step

if TYPE_CHECKING:
    from tests.naive.oracle import Question


class Poison:
    def __init__(self, question: Question) -> None:
        self.q, self.rows = question, question.rows
        self.hops: dict[tuple, int] = {}  # touched sub-ledgers: the fewest transfers after a seed
        self.inside: dict[tuple, int] = {}  # what is in transit
        self.transfers: dict[str, list] = {}
        self.ends: dict[tuple, list] = defaultdict(lambda: [0, None])
        self.lines: dict[tuple, dict[tuple[str, int], Booking]] = {}  # of each sub-ledger, by side and place

    def run(self) -> None:
        size = len(self.rows.steps)
        # Balance seeds stand between the steps: the one at a place before the step at that place.
        for place in reversed(range(size + 1)) if self.q.backward else range(size + 1):
            if not self.q.backward:
                self.cuts_at(place)
            if place < size:
                self.pass_step(self.rows.steps[place], place)
            if self.q.backward:
                self.cuts_at(place)
        for key in self.hops:
            self.end(*self.q.at_close(key), self.balance_of(key))

    def end(self, word: str, account: str, currency: str, amount: int) -> None:
        holder = self.rows.party(account) if self.q.by == "party" else account
        if amount:
            self.ends[word, holder, currency][0] += amount

    def touch(self, key: tuple, account: str, hops: int) -> None:
        # READING: an account that a lender takes all of the touched money from is touched, too: the money was booked. So is
        # one to which a conversion brings a part of so little that it rounds to nothing.
        self.q.touched.add(account)
        self.hops[key] = min(hops, self.hops.get(key, hops))

    def pass_step(self, step: Step, place: int) -> None:
        """One step in the direction of the question: what leaves a touched sub-ledger, or starts here."""
        q, rows, row = self.q, self.rows, step.row
        name = row["transfer_id"]
        if not rows.net[name] or not q.opens <= step.time <= q.closes:  # what was undone never moved
            return
        if q.backward:
            key, account, currency = rows.key_in(step), step.target, step.currency_in
            begins, starts, onto = step.arrives, step.leaves and name in q.seeds, step.source
        else:
            key, account, currency = rows.key_out(step), step.source, row["currency"]
            begins, starts, onto = step.leaves, step.leaves and name in q.seeds, step.target
        hops, size = self.hops.get(key), 0
        if hops is not None:
            # READING: the whole payment counts, also where a part of it is an overdraft's. A part of a transfer that is in
            # transit stays that part.
            size = self.inside.get(key, self.whole(step, currency))
        if hops is not None and begins and name in q.seeds:
            self.end("recirculated", q.seen_at(key, account), currency, size)
            hops = None
        elif hops is not None and begins:
            same = rows.party(row["source"]) == rows.party(row["target"])
            hops += 0 if q.by == "party" and same else 1
            if hops > q.max_hops:
                self.end("horizon", q.seen_at(key, account), currency, size)
                hops = None
            else:
                self.transfers[name] = [rows.net[name], None]
        if starts:
            hops, size = 0, q.seeds[name]
        if hops is not None:
            self.arrive(step, place, onto, hops, size)

    def whole(self, step: Step, currency: str) -> int:
        """The whole payment, net of what was undone, in that currency."""
        row = step.row
        if row.get("target_currency") and currency == row["target_currency"]:
            return row["target_amount"]
        return self.rows.net[row["transfer_id"]]

    def arrive(self, step: Step, place: int, account: str, hops: int, size: int) -> None:
        q, rows, row = self.q, self.rows, step.row
        currency = row["currency"] if q.backward else step.currency_in
        if step.arrives and row.get("target_currency"):
            a, b = row["amount"], row["target_amount"]
            if not q.backward:
                size = (2 * size * b + a) // (2 * a)
            elif not (
                step.leaves and row["transfer_id"] in q.seeds
            ):  # a seed is in the currency in which it left
                size = (2 * size * a + b) // (2 * b)
        word = q.stops(step, account)
        if word:
            self.end(word, account, currency, size)
            return
        key = rows.key_out(step) if q.backward else rows.key_in(step)
        side = "out" if q.backward else "in"
        if key not in self.lines:
            kept: dict[tuple[str, int], Booking] = {}
            for line in keep_books(rows.history(key)).lines:
                kept.setdefault((line.side, line.place), line)
            self.lines[key] = kept
        # READING: of a seed's part no more than the part repays a lender.
        self.end("lender", account, currency, min(self.lines[key][side, place].lender, size))
        if account.startswith("transit:"):
            self.inside[key] = size
        self.touch(key, account, hops)

    def cuts_at(self, place: int) -> None:
        """Balance seeds that stand before the step at that place."""
        q = self.q
        for account, currency, cut in q.cuts:
            if cut != place:
                continue
            left, time = q.cuts[account, currency, cut], q.cut_times[account, currency, cut]
            # READING: what stands in a touched account where a balance seed cuts it, ends as recirculated, whole.
            for key in q.keys(account, currency, time):
                if key in self.hops:
                    books = keep_books(self.rows.history(key), cut)
                    self.end("recirculated", account, currency, sum(books.balance.values()))
                    del self.hops[key]
            for key, _, amount in q.stands(account, currency, cut, time):
                if left:
                    self.touch(key, account, 0)
                left -= min(left, amount)

    def balance_of(self, key: tuple) -> int:
        """What stands in a touched sub-ledger when the period closes (backward: when it opens)."""
        if key in self.inside:
            arrived = any(
                self.q.opens <= step.time <= self.q.closes
                and key == (self.rows.key_in(step) if self.q.backward else self.rows.key_out(step))
                for step in self.rows.steps
            )
            return 0 if arrived else self.inside[key]
        return sum(keep_books(self.rows.history(key), self.edge).balance.values())

    @cached_property
    def edge(self) -> int:
        """Where the period ends, as the question goes: how many steps are before it."""
        if self.q.backward:
            return sum(step.time < self.q.opens for step in self.rows.steps)
        return sum(step.time <= self.q.closes for step in self.rows.steps)
