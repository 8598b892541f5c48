"""The compiled ledger: a case's transfers as read-only arrays in time order."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.errors import InputError, Problem
from graphflow.kernels.index import index_by
from graphflow.kernels.lay import lay_lenders
from graphflow.kernels.text import hash64
from graphflow.language import N_
from graphflow.ledger.keeping import TEXTS, InFolder, mapped, text_buffers, texts_of
from graphflow.sealing import Sealing

FORM = 5
"""Version of the arrays' layout on disk: another one is compiled anew from the tables."""

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]

STEP = np.dtype(
    [
        ("row", "i4"),
        ("src", "i4"),
        ("dst", "i4"),
        ("flags", "i4"),
        ("amount", "i8"),
        ("avail", "i8"),
        ("after", "i8"),
        ("repaid", "i8"),
        ("dplace", "i8"),
        ("cplace", "i8"),
    ]
)
"""One movement between two pots, 64 bytes: one line of the cache.

``row`` its transfer; ``src``, ``dst`` pots; ``amount`` as it leaves; ``avail`` what its pot can pay before it
(the rest a lender pays); ``after`` what stands in the receiving pot behind it; ``repaid`` what of it
repays a lender; ``dplace`` and ``cplace`` its places on the rulers of both pots.
"""

STOPS = ("", "cash", "fee", "hub", "outside")
"""Why money that arrives goes no further, as numbered in a step's flags: bits 0 to 2 forward, 3 to 5
backward.
"""

LENT, CONVERTS, ARRIVAL, PARTS, INNER = 64, 128, 256, 512, 1024
"""Further flags of a step.

A lender pays it; it arrives as another amount; it is the second leg of a transfer in transit; it is one of
several parts that the compartments of an account pay together; its two accounts have one party.
"""

POT = np.dtype(
    [
        ("account", "i4"),
        ("currency", "i4"),
        ("period", "i4"),
        ("earmark", "i4"),
        ("opening", "i8"),
        ("closing", "i8"),
        ("basis", "i4"),
        ("kind", "i4"),
    ]
)
"""One history: an account's, in one currency and one period of coverage, or one earmark's part of it.

``period`` -1: outside any coverage, so no history. ``account`` -1: no account's; a transfer's own, in transit
(``period`` is its row of the table), or that of cash between a withdrawal and a deposit (``period`` and
``earmark`` are their rows), where a ledger was compiled with such pairs.
"""

BASES = ("none", "stated", "first balance", "unknown")
"""How an opening is known. ``unknown``: the least one that never overdraws."""

OUTSIDE, ORDINARY, CUSTODY, CLEARING, TRANSIT, GAP = range(6)

ROW = np.dtype(
    [
        ("time", "i8"),
        ("arrives", "i8"),
        ("source", "i4"),
        ("target", "i4"),
        ("amount", "i8"),
        ("net", "i8"),
        ("currency", "i4"),
        ("origin", "i4"),
    ]
)
"""One transfer, in the order that is shown. ``net`` of reversals; ``origin`` its row in the table."""

PERIOD = np.dtype([("account", "i4"), ("begins", "i8"), ("ends", "i8")])

KINDS = ("ordinary", "cash", "internal", "tax", "clearing", "custody", "securities")
"""What tracing tells apart in ``accounts.kind``."""


@dataclass(frozen=True)
class Index:
    """Steps by pot: those of pot ``p`` are ``steps[pointer[p]:pointer[p + 1]]``, their places on its ruler,
    and what it holds (before a payment; behind what comes in, where of several parts the last one says so and
    the others -1). ``lows`` is a tree over what is left behind each (:mod:`graphflow.kernels.lows`).
    """

    pointer: Ints
    steps: Numbers
    starts: Ints
    held: Ints
    lows: Ints


INDEX = ("pointer", "steps", "starts", "held", "lows")


@dataclass(frozen=True)
class Ledger:
    """A case's transfers, compiled: everything that a trace needs, in time order, read-only.

    Built by :func:`compile_ledger`, kept in a case's folder, and opened memory-mapped: opening costs the same
    for a thousand transfers and for a hundred million.

    Attributes
    ----------
    rows : record array (n)
        Transfers in the order that is shown, as :data:`ROW`.
    steps : record array (m)
        Movements between pots in that order, as :data:`STEP`.
    pots : record array
        Histories, as :data:`POT`.
    debits, credits : Index
        What each pot pays and receives.
    converted : int64 (c, 2)
        Steps that arrive as another amount, ascending, and that amount.
    row_pointer, row_steps
        Steps by transfer; empty where every transfer is one step.
    open_rows : int64 (k, 2)
        Rows, with the account among whose rows nothing decides their place.
    open_groups : int64 (g, 2)
        The events of equal times in which an order is open, in the order that is shown: twice the row, plus 1
        for the arrival of one in transit; the group.
    open_pairs : int64 (p, 2)
        Which of these (by their places) comes before which, as far as it is known.
    arrivals : int64 (t, 2)
        Transfers in transit in the order in which they arrive, and how many rows leave before each does.
    """

    steps: NDArray[np.void]
    rows: NDArray[np.void]
    pots: NDArray[np.void]
    periods: NDArray[np.void]
    converted: Ints
    debits: Index
    credits: Index
    account_kind: NDArray[np.int8]
    account_party: Numbers
    account_asset: NDArray[np.bool_]
    party_pointer: Ints
    party_accounts: Numbers
    row_earmark: Numbers
    row_pointer: Ints
    row_steps: Numbers
    id_hashes: NDArray[np.uint64]
    id_rows: Numbers
    transfer_ids: Any
    account_ids: Any
    party_ids: Any
    earmarks: Any
    currencies: tuple[str, ...]
    minor_units: Mapping[str, int]
    timezone: str
    coverage_stated: bool
    open_rows: Ints
    open_groups: Ints
    open_pairs: Ints
    arrivals: Ints
    breaks: tuple[Mapping[str, Any], ...] = ()
    format: int = field(default=FORM)

    def __post_init__(self) -> None:
        # Read-only in memory as on disk: to numba these are two types, and each kernel would compile twice.
        for part in fields(self):
            value = getattr(self, part.name)
            held = tuple(getattr(value, x) for x in INDEX) if isinstance(value, Index) else (value,)
            for array in held:
                if isinstance(array, np.ndarray):
                    array.setflags(write=False)

    @property
    def size(self) -> int:
        """Number of transfers."""
        return len(self.rows)

    @cached_property
    def pot_pointer(self) -> Ints:
        """Pots of each account: ``pots_of`` between two neighbours of this."""
        count = len(self.account_ids)
        known = self.pots["account"]
        return np.searchsorted(np.where(known < 0, count, known), np.arange(count + 1)).astype(np.int64)

    def lenders(self, back: bool) -> tuple[Numbers, Ints, Numbers, Ints, Ints]:
        """What lenders paid, on a ruler for each book.

        :attr:`leads`; by first pot of a book pointer, steps and places of the payments that lenders made
        (``back``: of what repaid them); the steps on the other side, ascending, with their places, below 0
        where they repay a negative opening.
        """
        rulers: tuple[Numbers, Ints, Numbers, Ints, Ints] = self._lenders[back]
        return rulers

    @cached_property
    def _lenders(self) -> tuple[Any, ...]:
        owed = np.maximum(-self.pots["opening"].astype(np.int64), 0)
        lent, repaid = (_fixed(side) for side in lay_lenders(self.steps, self.leads, owed))
        found = []
        for side, end, other in ((lent, "src", repaid), (repaid, "dst", lent)):
            pots = self.steps[end][side[:, 0]]
            books = np.ascontiguousarray(self.leads[pots] if self.leads.size else pots)
            pointer, positions = index_by(books, len(self.pots))
            steps, places = side[positions, 0].astype(np.int32), side[positions, 1].copy()
            found.append((_fixed(self.leads), _fixed(pointer), _fixed(steps), _fixed(places), other))
        return tuple(found)

    @cached_property
    def leads(self) -> Numbers:
        """Of each pot the first of its book; empty where every pot is a book of its own."""
        found = np.zeros(0, np.int32)
        if (self.account_kind == KINDS.index("custody")).any():  # looking through the pots takes longer
            divided = (self.pots["kind"] == CUSTODY) & (self.pots["earmark"] >= 0)
            if divided.any():  # the pots of a book are neighbours, the bare one first
                numbers = np.arange(len(self.pots), dtype=np.int32)
                found = np.maximum.accumulate(np.where(divided, np.int32(0), numbers))
        found.setflags(write=False)
        return found

    @cached_property
    def compartments(self) -> Ints:
        """Books of several pots, which custody accounts have: the first of each and the one behind its last,
        ascending.
        """
        if self.leads.size == 0:
            return np.zeros((0, 2), np.int64)
        begins, counts = np.unique(self.leads, return_counts=True)
        several = counts > 1
        return np.column_stack((begins, begins + counts))[several].astype(np.int64)

    @cached_property
    def gaps(self) -> frozenset[tuple[int, int]]:
        """Withdrawals and deposits, as rows, that count as the same cash, where it was compiled so."""
        of = self.pots[self.pots["kind"] == GAP]
        if of.size == 0:
            return frozenset()
        place = np.empty(self.size, np.int64)
        place[self.rows["origin"]] = np.arange(self.size)
        return frozenset(zip(place[of["period"]].tolist(), place[of["earmark"]].tolist(), strict=True))

    def by_book(self, back: bool) -> tuple[Ints, Numbers]:
        """What each book pays (``back``: receives), ascending, at its first pot; its others have none."""
        return self._received_by_book if back else self._paid_by_book

    @cached_property
    def _paid_by_book(self) -> tuple[Ints, Numbers]:
        return self._joined(self.debits)

    @cached_property
    def _received_by_book(self) -> tuple[Ints, Numbers]:
        return self._joined(self.credits)

    def _joined(self, index: Index) -> tuple[Ints, Numbers]:
        if self.leads.size == 0:
            return index.pointer, index.steps
        pointer, positions = index.pointer.copy(), index.steps.copy()
        numbers = np.arange(len(self.pots))
        first = np.flatnonzero((self.leads == numbers) & np.append(self.leads[1:] != numbers[1:], False))
        upto = np.searchsorted(self.leads, first, side="right")
        for lead, end in zip(first.tolist(), upto.tolist(), strict=True):
            positions[pointer[lead] : pointer[end]].sort()
            pointer[lead + 1 : end] = pointer[end]
        pointer.setflags(write=False)
        positions.setflags(write=False)
        return pointer, positions

    @cached_property
    def _idle(self) -> threading.local:
        return threading.local()

    @contextmanager
    def scratch(self, width: int) -> Iterator[Ints]:
        """An array of zeros, one row a pot, to be handed back all zeros: a question clears what it touched.

        Fresh memory would cost a small question more than its answer. One array a thread and width is kept;
        after an error it is dropped.
        """
        kept = self._idle.__dict__
        array = kept.pop(str(width), None)
        if array is None:
            array = np.zeros((len(self.pots), width), np.int64)
        yield array
        kept[str(width)] = array

    def pots_of(self, account: int) -> range:
        """The pots of an account, by number."""
        return range(int(self.pot_pointer[account]), int(self.pot_pointer[account + 1]))

    def account(self, account_id: str) -> int:
        """Number of the account with that id, or -1."""
        return find_text(self.account_ids, account_id)

    def party(self, party_id: str) -> int:
        """Number of the party with that id, or -1."""
        return find_text(self.party_ids, party_id)

    def row(self, transfer_id: str) -> int:
        """Number of the transfer with that id, or -1."""
        key = hash_ids(pa.array([transfer_id], pa.large_string()))[0]
        place = int(np.searchsorted(self.id_hashes, key))
        while place < len(self.id_hashes) and self.id_hashes[place] == key:
            number = int(self.id_rows[place])
            if self.transfer_ids[number].as_py() == transfer_id:
                return number
            place += 1
        return -1

    def rows_named(self, transfer_ids: list[str]) -> Ints:
        """Numbers of the transfers with those ids, -1 where there is none: many in one pass."""
        wanted = pa.array(transfer_ids, pa.large_string())
        if not len(wanted) or not len(self.id_hashes):
            return np.full(len(wanted), -1, np.int64)
        place = np.searchsorted(self.id_hashes, hash_ids(wanted))
        found: Ints = self.id_rows[np.minimum(place, len(self.id_rows) - 1)].astype(np.int64)
        names = self.transfer_ids.take(pa.array(found)).cast(pa.large_string())
        same = pc.equal(names, wanted).to_numpy(zero_copy_only=False)
        for other in np.flatnonzero(~same).tolist():  # of another id, or of one with the same hash
            found[other] = self.row(transfer_ids[other])
        return found

    def accounts_of(self, party: int) -> Numbers:
        """Accounts of a party, by number."""
        return self.party_accounts[self.party_pointer[party] : self.party_pointer[party + 1]]

    def steps_of(self, row: int) -> list[int]:
        """The steps of a transfer: none if it was undone, several if several compartments pay it or
        it is in transit.
        """
        if len(self.row_pointer) == 0:
            return [row]
        return [int(x) for x in self.row_steps[int(self.row_pointer[row]) : int(self.row_pointer[row + 1])]]

    def save(self, folder: Path, sealing: Sealing | None = None) -> None:
        """Write the arrays into a folder that exists: uncompressed, so that they open memory-mapped.

        Those that were compiled straight into it, by the same `sealing`, lie there already.
        """
        keeping = InFolder(folder, sealing or Sealing())
        facts: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, np.ndarray):
                keeping.save(part.name, value)
            elif isinstance(value, Index):
                for name in INDEX:
                    keeping.save(f"{part.name}_{name}", getattr(value, name))
            elif isinstance(value, pa.Array):
                starts, data = text_buffers(value)
                keeping.save(f"{part.name}_{TEXTS[0]}", starts)
                keeping.save(f"{part.name}_{TEXTS[1]}", data)
            else:
                facts[part.name] = dict(value) if isinstance(value, Mapping) else value
        (folder / "ledger.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")

    @staticmethod
    def is_current(folder: Path) -> bool:
        """Whether saved arrays have the layout that this version reads; those that are damaged may have."""
        try:
            facts = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
            return bool(facts["format"] == FORM)
        except (OSError, ValueError, TypeError, KeyError):
            return True  # opening it says what is wrong

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """Open a saved ledger, memory-mapped.

        Raises
        ------
        InputError
            Where the arrays were written in another layout, or cannot be read: compile the tables anew.
        """
        try:
            return cls._read(folder)
        except (OSError, EOFError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                Problem(
                    str(folder),
                    N_("the compiled ledger is damaged: {reason}"),
                    {"reason": str(error)},
                    expected=N_("a case compiled by this version: import its sources again"),
                )
            ) from error

    @classmethod
    def _read(cls, folder: Path) -> Ledger:
        facts = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
        if facts["format"] != FORM:
            raise InputError(
                Problem(
                    str(folder),
                    N_("the compiled ledger has layout {found}; this version reads {known}"),
                    {"found": facts["format"], "known": FORM},
                    expected=N_("a case compiled by this version: import its sources again"),
                )
            )
        for part in fields(cls):
            name = part.name
            if (folder / f"{name}.npy").exists():
                facts[name] = mapped(folder / f"{name}.npy")
            elif (folder / f"{name}_{TEXTS[0]}.npy").exists():
                facts[name] = texts_of(*(mapped(folder / f"{name}_{x}.npy") for x in TEXTS))
            elif (folder / f"{name}_pointer.npy").exists():
                facts[name] = Index(*(mapped(folder / f"{name}_{x}.npy") for x in INDEX))
        for name in ("currencies", "breaks"):
            facts[name] = tuple(facts[name])
        return cls(**facts)


def _fixed(array: Any) -> Any:
    """The array, read-only: as everything of a ledger is."""
    array.setflags(write=False)
    return array


def hash_ids(ids: Any) -> NDArray[np.uint64]:
    """A 64-bit hash of each id."""
    return hash64(*text_buffers(ids.cast(pa.large_string())), np.zeros(0, np.uint8))


def find_text(ids: Any, wanted: str) -> int:
    """Position of a text in ascending texts (by their UTF-8 bytes), or -1."""
    low, high = 0, len(ids)
    while low < high:
        middle = (low + high) // 2
        # code points compare as UTF-8 bytes do
        if ids[middle].as_py() < wanted:
            low = middle + 1
        else:
            high = middle
    return low if low < len(ids) and ids[low].as_py() == wanted else -1
