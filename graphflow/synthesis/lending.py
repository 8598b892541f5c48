"""The lending platform's case: its transfers in order of time, its registers, and the truth beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphflow.language import N_
from graphflow.synthesis.balances import Balances, Ints, sorted_order
from graphflow.synthesis.columns import (
    READABLE,
    TableFile,
    choose,
    digits,
    fixed_text,
    moment,
    money,
    numbered,
)
from graphflow.synthesis.ordinary import month_of_life, months, share_of_month
from graphflow.synthesis.plan import MONTHS, PRODUCT_IDS, Plan
from graphflow.synthesis.registers import write_registers
from graphflow.synthesis.rows import CHANNELS, KINDS, MEMOS, Rows, chosen, together
from graphflow.synthesis.scheme import make_plan
from graphflow.synthesis.truth import write_truth

Progress = Callable[[str, int, int], None]

OVERDRAFT = 80_000_00  # how far one employer is in the red at its worst


def p2p(
    out: Path, *, size: int = 20_000, seed: int = 1, form: str | None = None, progress: Progress | None = None
) -> None:
    """Write a lending platform's case to the folder `out`: a table a file, and ``truth/``.

    The proportions are those of a real case (76.2 billion raised, 38.0 lost): nineteen of twenty listings are
    of shell borrowers, 1.6 % of what was raised is paid for the shells, and 382 of every 762 raised go back
    to lenders, out of other lenders' money but for what a few honest borrowers repay. Around it is ordinary
    life: wages, shops, rent, taxes, fees, interest, cash, reversals, currency changed. Every name is
    invented.

    ``truth/`` says which transfers carried whose money to what end, as the people who moved it would tell it
    (`flows`, `ends`, `investors`), and which facts are planted with the rows that show them (`redlines`,
    `redline_rows`). Nothing of graphflow reads it.

    Parameters
    ----------
    out : Path
        An empty folder.
    size : int
        Transfers, at least 2,000.
    seed : int
        The same seed and size give the same bytes.
    form : str, optional
        ``"parquet"`` or ``"csv"``; None is CSV up to 200,000 transfers.
    progress : callable, optional
        Called with what is being done, how much is done and how much there is.

    Examples
    --------
    >>> import json, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     p2p(Path(folder), size=2_000, seed=1)
    ...     told = json.loads((Path(folder) / "truth" / "summary.json").read_text(encoding="utf-8"))
    >>> returned, raised = told["returned_over_raised"]
    >>> returned == raised * 382 // 762, told["shell_listings"] / told["listings"]
    (True, 0.95)
    """
    form = form or ("csv" if size <= READABLE else "parquet")
    plan = make_plan(size, seed)
    book = Book(plan, len(plan.accounts.party))
    steps = 2 * len(MONTHS) + 2
    for month in months():
        book.preview(month)
        if progress is not None:
            progress(N_("finding opening balances"), month + 1, steps)
    book.open()
    with TableFile(out, "transfers", form) as file:
        for month in months():
            for piece in book.post(month):
                file.write(piece)
            if progress is not None:
                progress(N_("writing transfers"), len(MONTHS) + month + 1, steps)
    if progress is not None:
        progress(N_("writing the registers"), steps - 1, steps)
    write_registers(plan, book.opening, book.used, book.row_of_event, out, form)
    if progress is not None:
        progress(N_("writing the truth"), steps, steps)
    write_truth(plan, int(book.opening[plan.accounts.blocks.of("pool", 0)]), book.row_of_event, out, form)


@dataclass
class Book:
    """The running state of the bank's books: first previewed, then opened, then posted month by month."""

    plan: Plan
    accounts: int

    def __post_init__(self) -> None:
        self._preview = Balances(self.accounts)
        self._balances = self._preview
        self.opening: Ints = np.zeros(self.accounts, np.int64)
        self.row_of_event = np.full(len(self.plan.events["time"]), -1, np.int64)
        self.rows = 0
        self._cut = np.searchsorted(self.plan.events["time"], MONTHS.astype("datetime64[s]").astype(np.int64))
        self._cut = np.append(self._cut, len(self.plan.events["time"]))

    def _month(self, month: int) -> Rows:
        """All rows of a month in order of time; ties point at places in that order."""
        scheme = chosen(self.plan.events, slice(int(self._cut[month]), int(self._cut[month + 1])))
        life = month_of_life(self.plan, month, share_of_month(self.plan, month))
        life["tie"] = np.where(life["tie"] >= 0, life["tie"] + len(scheme["time"]), -1)
        table = together([scheme, life])
        order = (
            sorted_order(table["time"] - table["time"].min()) if len(table["time"]) else np.zeros(0, np.int64)
        )
        table = chosen(table, order)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        table["tie"] = np.where(table["tie"] >= 0, place[table["tie"]], -1)
        return table

    @staticmethod
    def _book(balances: Balances, table: Rows) -> tuple[Ints, Ints, Ints, Ints]:
        """Book both sides of every row; balance and place of the source's side, then of the target's."""
        sides = np.stack([table["source"], table["target"]], axis=1).ravel()
        arriving = np.where(table["dollars"] > 0, table["dollars"], table["amount"])
        changes = np.stack([-table["amount"], arriving], axis=1).ravel()
        if table["delay"].any():
            times = np.stack([table["time"], table["time"] + table["delay"]], axis=1).ravel()
            order = sorted_order(times - times.min())
            after, place = np.empty(len(sides), np.int64), np.empty(len(sides), np.int64)
            after[order], place[order] = balances.advance(sides[order], changes[order])
        else:
            after, place = balances.advance(sides, changes)
        return after[0::2], place[0::2], after[1::2], place[1::2]

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which accounts have any row, or are spoken of in a register all the same."""
        used = self._preview.count > 0
        for name in ("affiliate", "employer", "fee", "interest", "tax"):
            used[self.plan.accounts.blocks.numbers(name)] = True
        return used

    def preview(self, month: int) -> None:
        """See how low each account goes from an opening of nothing."""
        self._book(self._preview, self._month(month))

    def open(self) -> None:
        """Open every account with what it needs, and people and firms with something more."""
        blocks, number = self.plan.accounts.blocks, np.arange(self.accounts)
        spare = number * 7_919 % 2_000_000
        for name in ("custody", "pool", "affiliate"):
            spare[blocks.numbers(name)] = 0
        spare[blocks.numbers("shell")] %= 30_000
        self.opening = spare - self._preview.least
        self.opening[blocks.of("employer", 0)] = max(
            -int(self._preview.least[blocks.of("employer", 0)]) - OVERDRAFT, 0
        )
        self._balances = Balances(self.accounts, self.opening)

    def post(self, month: int, piece: int = 250_000) -> Iterator[pa.Table]:
        """The month's rows as they are written."""
        table = self._month(month)
        first = self.rows
        self.rows += len(table["time"])
        of_scheme = table["event"] >= 0
        self.row_of_event[table["event"][of_scheme]] = first + np.flatnonzero(of_scheme)
        books = self._book(self._balances, table)
        for start in range(0, len(table["time"]), piece):
            some = slice(start, start + piece)
            part = tuple(column[some] for column in books)
            yield self._texts(chosen(table, some), part, first, first + start)

    def _texts(self, table: Rows, books: tuple[NDArray[np.int64], ...], month_at: int, at: int) -> pa.Table:
        accounts = self.plan.accounts
        source_balance, source_place, target_balance, target_place = books
        row = at + np.arange(len(table["time"]))
        arrival = table["time"] + table["delay"]
        held = accounts.covered[table["source"]] & (table["time"] <= accounts.covered_to[table["source"]])
        held_there = accounts.covered[table["target"]] & (arrival <= accounts.covered_to[table["target"]])
        same = (table["event"] >= 0) | (table["delay"] > 0) | (row * 2_654_435_761 % 10 < 6)
        other = np.where(same, 1, 2)
        undone = np.where(table["tied_as"] == 1, table["tie"] + month_at + 1, -1)
        charged = np.where(table["tied_as"] == 2, table["tie"] + month_at + 1, -1)
        agents = np.arange(self.plan.parties.count["agent"])
        changed = table["dollars"] > 0
        return pa.table(
            {
                "transfer_id": numbered("T", row + 1, 9),
                "time": moment(table["time"]),
                "target_time": moment(arrival, table["delay"] > 0),
                "source_sequence": pa.array(source_place, mask=~held),
                "target_sequence": pa.array(target_place, mask=~held_there),
                "source": accounts.ids.take(pa.array(table["source"])),
                "target": accounts.ids.take(pa.array(table["target"])),
                "amount": money(table["amount"]),
                "memo": choose(MEMOS, table["memo"]),
                "loan_id": numbered("L", table["loan"].astype(np.int64), 8),
                "listing_id": numbered("B", table["listing"].astype(np.int64), 8),
                "product_id": choose(PRODUCT_IDS, table["product"]),
                "kind": choose(KINDS, table["kind"]),
                "channel": choose(CHANNELS, table["channel"]),
                "ip": choose([f"10.66.{a // 250}.{a % 250 + 2}" for a in agents], table["device"]),
                "mac": choose([f"02:00:5E:00:{a // 256:02X}:{a % 256:02X}" for a in agents], table["device"]),
                "source_reference": fixed_text(digits(row * 10 + 11, 13), known=held),
                "target_reference": fixed_text(digits(row * 10 + 10 + other, 13), known=held_there),
                "source_balance": money(source_balance, held),
                "target_balance": money(target_balance, held_there),
                "reversal_of": numbered("T", undone, 9),
                "fee_of": numbered("T", charged, 9),
                "target_amount": money(table["dollars"], changed),
                "target_currency": choose(["USD"], np.where(changed, 0, -1)),
            }
        )
