"""Groups of equal time in which the order of an account's rows is open, for the bound that merges them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphflow import sets
from graphflow.kernels.unroll import PURE, TURNED
from graphflow.ledger.form import TRANSIT, Ledger
from graphflow.tracing.books import summed

if TYPE_CHECKING:
    from graphflow.tracing.network import Moves

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Spans:
    """Groups of equal time in which some account's order is open, for the bound that merges its events.

    Attributes
    ----------
    begins, ends : int64 (g)
        The steps of each group, inclusive, in the order that is shown; a group is one run of steps.
    open : bool (accounts, g), as ascending keys ``account * g + group``
        Whose events in it are merged.
    loose : bool (pots)
        Books of such accounts.
    """

    ledger: Ledger
    begins: Ints
    ends: Ints
    open: Ints
    loose: Flags

    @classmethod
    def of(cls, ledger: Ledger) -> Spans | None:
        """The groups of a ledger; None where no order is open."""
        if len(ledger.open_rows) == 0:
            return None
        codes, group = ledger.open_groups[:, 0], ledger.open_groups[:, 1]
        step, event = _steps_of_events(ledger, codes)
        # an event that was undone is no step, and a group without any is none
        heads, _, (begins,) = summed(group[event].reshape(-1, 1), (step,), np.minimum)
        _, _, (ends,) = summed(group[event].reshape(-1, 1), (step,), np.maximum)
        groups = group[event][heads]
        order = np.argsort(begins)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        # in which groups each open row has events
        at = np.searchsorted(groups, group)
        held = (
            (at < len(groups)) & (groups[np.minimum(at, len(groups) - 1)] == group)
            if len(groups)
            else group < 0
        )
        by_row = np.argsort(codes >> 1, kind="stable")
        rows = (codes >> 1)[by_row]
        low, high = (np.searchsorted(rows, ledger.open_rows[:, 0], side=x) for x in ("left", "right"))
        pairs = []
        for offset in range(2):
            which = np.flatnonzero(low + offset < high)
            events = by_row[low[which] + offset]
            which, events = which[held[events]], events[held[events]]
            pairs.append(ledger.open_rows[which, 1] * len(groups) + rank[at[events]])
        open_ = sets.unique(np.concatenate(pairs))
        whose = sets.unique(open_ // max(len(groups), 1))
        loose = np.isin(ledger.pots["account"], whose)
        loose.setflags(write=False)
        return cls(ledger, begins[order], ends[order], open_, loose)

    def find(self, books: Ints, steps: Ints) -> Ints:
        """The group in which each book's event at a step is merged with others; -1: in none."""
        if len(self.begins) == 0:
            return np.full(len(steps), -1, np.int64)
        at = np.maximum(np.searchsorted(self.begins, steps, side="right") - 1, 0)
        inside = (self.begins[at] <= steps) & (steps <= self.ends[at])
        account = self.ledger.pots["account"][books].astype(np.int64)
        key = account * len(self.begins) + at
        place = np.minimum(np.searchsorted(self.open, key), max(len(self.open) - 1, 0))
        inside &= (account >= 0) & (self.open[place] == key if len(self.open) else False)
        return np.where(inside, at, -1)

    def touches(self, moves: Moves, backward: bool) -> Ints:
        """Books that money comes to in a group of theirs: it may stand there before the group begins."""
        bits = np.where(
            moves.seed, np.where(moves.part > 0, PURE, 0), moves.pure * PURE + moves.turned * TURNED
        )
        bits = np.where(moves.converts & (bits > 0), TURNED, bits)
        group = self.find(moves.payee, moves.first)
        which = np.flatnonzero((group >= 0) & (moves.stop == 0) & (bits > 0) & (moves.whole > 0))
        size = len(self.ledger.steps)
        first = size - 1 - self.ends[group[which]] if backward else self.begins[group[which]]
        keys = np.column_stack((2 * first - 1, moves.payee[which]))
        heads, _, (joined,) = summed(keys, (bits[which],), np.bitwise_or)
        return np.column_stack((keys[heads], joined, np.zeros(len(heads), np.int64))).reshape(-1, 4)


def _steps_of_events(ledger: Ledger, codes: Ints) -> tuple[Ints, Ints]:
    """The steps of events (twice the row, plus 1 for an arrival), and the event of each."""
    rows, second = codes >> 1, (codes & 1) > 0
    if len(ledger.row_pointer) == 0:
        return rows, np.arange(len(codes))
    begins = ledger.row_pointer[rows]
    lengths = ledger.row_pointer[rows + 1] - begins
    event = np.repeat(np.arange(len(codes)), lengths)
    offset = np.arange(len(event)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    steps = ledger.row_steps[begins[event] + offset].astype(np.int64)
    through = ledger.pots["kind"][ledger.steps["src"][steps]] == TRANSIT
    # what is converted through a pot of its own has an arrival too, but leaves and arrives in one event
    moving = ledger.rows["arrives"][rows] > ledger.rows["time"][rows]
    fits = ~moving[event] | (through == second[event])
    return steps[fits], event[fits]
