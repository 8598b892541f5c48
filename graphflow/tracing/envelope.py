"""The envelope: for each end the least and the greatest amount that any conserving attribution could give it.

An attribution of the seed, under whatever rule, is a flow of the whole seed through the unrolled network
(:mod:`graphflow.tracing.network`). So the greatest amount for a set of ends is the maximum flow to them, and
the least is the seed less the maximum flow to all the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from graphflow import sets
from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.ledger.form import Ledger
from graphflow.tables.result import as_frame
from graphflow.tracing.books import summed
from graphflow.tracing.network import (
    CONVERTED,
    Network,
    Reached,
    left_by,
    network_of,
    reached_in_parts,
    reached_steps,
)
from graphflow.tracing.orders import Intervals
from graphflow.tracing.orders import Key as OrderKey
from graphflow.tracing.result import END_KINDS, Trace
from graphflow.tracing.seeds import Seeds
from graphflow.tracing.shifting import BUDGET, Flows, carried_between
from graphflow.tracing.spans import Spans
from graphflow.tracing.walk import HORIZON, LENDER, RECIRCULATED, STAYS
from graphflow.tracing.walk import OUTSIDE as MET_OUTSIDE

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ENVELOPE_KINDS = (*(kind for kind in END_KINDS if kind != "horizon"), "converted")
"""Every kind of end that the envelope knows: it has no limits, and does not follow what is converted."""

LAYING = 40
"""How often an edge counts as looked at while the network is laid out: that is how much more it costs."""

SPENT_FIRST = N_("the budget was spent before all these ends were looked at")
TOO_LARGE = N_("the money can go more ways than the budget allows to lay out")
TURNED_TOO = N_("money that was converted could also have come to these ends: in the envelope it ends before")
ORDER_OPEN = N_("the order of rows is open: these are bounds over every order that it allows")
ORDER_SHOWN = N_(
    "the order of some rows is open: these bounds are for the one that is shown, and in another an end can "
    "lie outside of them"
)
NO_LIMITS = N_("the envelope knows no limits: what one stops goes on in it")
IN_TIME = N_("the envelope is of money that leaves after it came: it says nothing of coordinated overdrafts")


@dataclass(frozen=True, order=True)
class Key:
    """What one row is about; by party, accounts without one stand for themselves."""

    kind: str
    account: str
    party: str
    currency: str


@dataclass(frozen=True)
class Places:
    """Ends that some attribution could reach: why money ends there, the book, the most that could arrive."""

    code: Ints
    book: Ints
    most: Ints

    @classmethod
    def of(cls, network: Network) -> Places:
        """The ends of a network."""
        first = network.nodes - len(network.ends)
        into = network.head >= first
        heads, _, (most,) = summed(
            network.head[into].reshape(-1, 1), (_shares(network.capacity[into], network.seed),), np.add
        )
        nodes = network.head[into][heads]
        total = np.zeros(len(network.ends), np.int64)
        total[nodes - first] = np.minimum(most, network.seed)
        return cls(network.ends[:, 1], network.ends[:, 2], total)

    @classmethod
    def before(cls, found: Iterable[Reached], total: int) -> tuple[Places, tuple[Ints, Ints]]:
        """The same without a network: every end with all the payments that could arrive there; and those that
        converted money could reach.
        """
        names, amounts = np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
        turned = names
        for part in found:
            code, book, most = (np.concatenate(x) for x in zip(*_arriving(part), strict=True))
            some = most > 0
            keys = np.concatenate((names, np.column_stack((code[some], book[some]))))
            values = _shares(np.concatenate((amounts, most[some])), total)
            heads, _, (values,) = summed(keys, (values,), np.add)
            names, amounts = keys[heads], np.minimum(values, total)
            turned = np.unique(np.concatenate((turned, np.column_stack(turned_ends(part)))), axis=0)
        return cls(names[:, 0], names[:, 1], amounts), (turned[:, 0], turned[:, 1])

    def of_accounts(self, ledger: Ledger, names: Iterable[str]) -> Places:
        """Those of some accounts or parties; of what is in transit, or converted (it may come back), all."""
        numbers = [ledger.account(name) for name in names]
        held = [ledger.accounts_of(party) for name in names if (party := ledger.party(name)) >= 0]
        wanted = np.zeros(len(ledger.account_ids) + 1, np.bool_)
        wanted[numbers] = True
        for accounts in held:
            wanted[accounts] = True
        wanted[-1] = True  # what is in transit is in no account, and what is none has no number
        keep = wanted[np.maximum(ledger.pots["account"][self.book], -1)] | (self.code == CONVERTED)
        return Places(self.code[keep], self.book[keep], self.most[keep])


def _arriving(found: Reached) -> list[tuple[Ints, Ints, Ints]]:
    """What payments could bring to ends: why money ends, the book, how much."""
    moves, cuts = found.moves, found.cuts
    leaves = np.where(moves.pure, moves.pays, 0)
    comes = np.where(moves.seed, moves.part, leaves)
    walks = (moves.stop == 0) & ~moves.converts
    return [
        (moves.stop, moves.payee, np.where(walks | moves.converts, 0, comes)),
        (np.full(len(moves), CONVERTED), left_by(found), np.where(moves.converts, comes, 0)),
        (np.full(len(moves), STAYS), moves.payee, np.where(walks, np.minimum(comes, moves.into), 0)),
        (np.full(len(moves), LENDER), moves.payee, np.where(walks, np.minimum(comes, moves.lends), 0)),
        (np.full(len(moves), RECIRCULATED), moves.payer, np.where(moves.seed, leaves, 0)),
        (np.full(len(cuts), STAYS), cuts[:, 0], cuts[:, 2]),
        (np.full(len(cuts), RECIRCULATED), cuts[:, 0], np.full(len(cuts), found.total)),
    ]


def _shares(amounts: Ints, most: int) -> Ints:
    """Amounts cut so that no sum of them goes beyond 64 bits, and one beyond ``most`` stays beyond it."""
    if len(amounts) and most > 2**62 // len(amounts):
        return np.full(len(amounts), most)  # as if each could be all of it
    return np.minimum(amounts, most)


def turned_ends(found: Reached) -> tuple[Ints, Ints]:
    """Ends that converted money could reach, as code and book: of a book that it comes to, all."""
    moves = found.moves
    bears = moves.turned | (moves.converts & (moves.pure | (moves.part > 0)))
    books = sets.unique(moves.payee[bears & (moves.stop == 0)])
    stops = np.flatnonzero(bears & (moves.stop > 0))
    met = np.flatnonzero(moves.seed & moves.turned)
    code = [np.full(len(books), x) for x in (STAYS, LENDER, RECIRCULATED)]
    code += [moves.stop[stops], np.full(len(met), RECIRCULATED)]
    return np.concatenate(code), np.concatenate((books, books, books, moves.payee[stops], moves.payer[met]))


class _Work:
    """What one envelope is worked out from.

    ``only`` are the accounts (or parties) that are asked for, where the network is too large to be laid out.
    """

    def __init__(
        self, trace: Trace, budget: int, merge_open: bool = False, only: Iterable[str] | None = None
    ) -> None:
        self.trace = trace
        ledger, seeds, backward = trace._ledger, trace._seeds, trace.backward
        self.spans = Spans.of(ledger) if merge_open else None
        self.flows: Flows | None = None
        self.steps = steps = reached_steps(ledger, seeds, backward, self.spans)
        if 3 * LAYING * len(steps) <= budget:  # a payment is three edges at most, but for few
            (found,) = reached_in_parts(ledger, seeds, backward, steps, len(steps) + 1)
            network = network_of(found, self.spans)
            self.flows = Flows(network, budget)
            self.flows.looked = LAYING * len(network.tail)
            self.places = Places.of(network)
            self._turned = turned_ends(found)
        else:
            parts = reached_in_parts(ledger, seeds, backward, steps)
            self.places, self._turned = Places.before(parts, seeds.total)
        self.count = len(self.places.code)
        if self.flows is None and only is not None:
            self.places = self.places.of_accounts(ledger, only)
        self.members: dict[Key, list[int]] = {}
        self.most: dict[Key, int] = {}
        for i, key in enumerate(self.keys(self.places.code, self.places.book)):
            self.members.setdefault(key, []).append(i)
            self.most[key] = self.most.get(key, 0) + int(self.places.most[i])

    @cached_property
    def turned(self) -> set[Key]:
        """Ends that converted money could reach."""
        return set(self.keys(*self._turned)) if len(self._turned[0]) else set()

    def keys(self, code: Ints, book: Ints) -> list[Key]:
        """What ends are called."""
        trace, ledger = self.trace, self.trace._ledger
        pots = ledger.pots[book]
        kinds = trace._kinds(np.where(code == CONVERTED, HORIZON, code), book)
        words = [
            "converted" if c == CONVERTED else END_KINDS[k]
            for c, k in zip(code.tolist(), kinds.tolist(), strict=True)
        ]
        coins = [ledger.currencies[c] for c in pots["currency"].tolist()]
        accounts = [
            ledger.account_ids[a].as_py() if a >= 0 else trace._account_of(b)
            for a, b in zip(pots["account"].tolist(), book.tolist(), strict=True)
        ]
        if trace.parameters["by"] != "party":
            return [Key(k, a, "", c) for k, a, c in zip(words, accounts, coins, strict=True)]
        party = np.where(pots["account"] >= 0, ledger.account_party[np.maximum(pots["account"], 0)], -1)
        holders = [ledger.party_ids[p].as_py() if p >= 0 else "" for p in party.tolist()]
        return [
            Key(k, "" if h else a, h, c) for k, a, h, c in zip(words, accounts, holders, coins, strict=True)
        ]

    def bounds(self, keys: Sequence[Key]) -> tuple[int, int, bool]:
        """The least and the greatest amount for ends together, and whether the budget was enough."""
        wider = list(dict.fromkeys(keys))
        if self.turned and any(key in self.turned for key in keys):
            wider += [key for key in self.members if key.kind == "converted" and key not in keys]
        most = min(self.trace.seed, sum(self.most.get(key, 0) for key in wider))
        flows = self.flows
        if flows is None:
            return 0, most, most == 0
        flows.spent = False
        places = self._places(wider)
        greatest = flows.greatest(places, most) if len(places) else 0
        if flows.spent:
            greatest = most
        enough, flows.spent = not flows.spent, False
        places = self._places(keys)
        least = flows.least(places) if len(places) else 0
        if flows.spent:
            least = 0
        return least, greatest, enough and not flows.spent

    def _places(self, keys: Iterable[Key]) -> Ints:
        return np.array(sorted({i for key in keys for i in self.members.get(key, ())}), np.int64)


def envelope_of(
    trace: Trace,
    ends: Iterable[Any] | None = None,
    budget: int | None = None,
    *,
    merge_open: bool = False,
) -> pd.DataFrame:
    """The least and the greatest amount for each end, as :meth:`Trace.envelope` says.

    With `merge_open` they are bounds over every order of rows that is open, and no row is exact.
    """
    limit = BUDGET if budget is None else _budget(budget)
    if trace.parameters["overdraft"] != "lender":
        raise UsageError(Problem("overdraft", IN_TIME, {}, str(trace.parameters["overdraft"]), "lender"))
    asked = None if ends is None else _asked(trace, ends)
    own = _own(trace)
    only = (
        [key.party or key.account for key in own] if asked is None else [x[1] for some in asked for x in some]
    )
    work = _Work(trace, limit, merge_open, only)
    left_out = 0
    wanted: list[list[Key]]
    if asked is None:
        rest = set(work.members) - set(own)
        wanted = [[key] for key in (*own, *sorted(rest, key=lambda key: (-work.most[key], key)))]
        if work.flows is None:  # nothing can be said of the others
            wanted = wanted[: len(own)]
            left_out = work.count - sum(len(work.members.get(key, ())) for key in own)
    else:
        called: dict[tuple[str, str], list[Key]] = {}
        for key in (*work.members, *sorted(work.turned - set(work.members))):
            called.setdefault((key.kind, key.party or key.account), []).append(key)
        wanted = [
            list(
                dict.fromkeys(
                    k
                    for end in some
                    for k in called.get((end[0], end[1]), ())
                    if end[2:] in ((), (k.currency,))
                )
            )
            for some in asked
        ]
    rows: list[tuple[Any, ...]] = []
    reasons: dict[str, None] = {}
    for n, keys in enumerate(wanted):
        other = asked is None and n >= len(own)
        if other and work.flows is not None and work.flows.looked > limit:
            left_out += len(wanted) - n
            break
        least, greatest, enough = work.bounds(keys)
        behind = any(key in work.turned for key in keys)
        if other and not enough:
            left_out += 1
            continue
        if other and greatest == 0:
            continue
        if not enough:
            reasons[SPENT_FIRST if work.flows is not None else TOO_LARGE] = None
        if behind:
            reasons[TURNED_TOO] = None
        exact = enough and not behind and work.spans is None
        rows.append((*_label(keys, () if asked is None else asked[n]), least, greatest, exact))
    if left_out:
        reasons[SPENT_FIRST if work.flows is not None else TOO_LARGE] = None
    if work.spans is not None:
        reasons[ORDER_OPEN] = None
    elif trace._open_accounts:
        reasons[ORDER_SHOWN] = None
    if bool((trace.ends["kind"] == "horizon").any()):
        reasons[NO_LIMITS] = None
    frame = _frame(trace, rows)
    frame.attrs["budget"] = limit
    frame.attrs["looked_at"] = 0 if work.flows is None else work.flows.looked
    frame.attrs["left_out"] = left_out
    frame.attrs["reasons"] = list(reasons)
    return frame


def bounds_at(ledger: Ledger, seeds: Seeds, accounts: Flags, budget: int) -> tuple[int, int, bool, int]:
    """Of some seeds, forward, the least and the greatest amount that stops at some accounts.

    Money stops there if the ledger does not cover them; they count as one end. Beyond the budget, and where
    money is converted on the way, the bounds are from outside.

    Returns
    -------
    least, greatest
        In the seeds' currency.
    enough
        Whether both are exact.
    looked
        How many edges were looked at: no more than the budget.
    """
    steps = reached_steps(ledger, seeds, False)
    if 3 * LAYING * len(steps) > budget:
        return 0, seeds.total, False, 0
    (found,) = reached_in_parts(ledger, seeds, False, steps, len(steps) + 1)
    network = network_of(found)
    flows = Flows(network, budget)
    flows.looked = LAYING * len(network.tail)
    places = Places.of(network)
    account = ledger.pots["account"][places.book].astype(np.int64)
    stops = (places.code >= 1) & (places.code <= MET_OUTSIDE) & (account >= 0)
    which = np.flatnonzero(stops & accounts[np.maximum(account, 0)])
    if not which.size and not found.moves.converts.any():
        return 0, 0, True, flows.looked
    most = min(seeds.total, int(_shares(places.most[which], seeds.total).sum()))
    greatest = flows.greatest(which, most) if which.size else 0
    if flows.spent:
        greatest = most
    enough, flows.spent = not flows.spent, False
    least = flows.least(which) if which.size else 0
    if flows.spent:
        least, enough = 0, False
    if found.moves.converts.any():  # what comes of a conversion is not the envelope's to say
        greatest, enough = seeds.total, False
    return least, greatest, enough, min(flows.looked, budget)


OUTER = 10_000_000
"""Edges that may be looked at for bounds over every order: they are asked for with every result."""


def outer_bounds(trace: Trace) -> Intervals | None:
    """Bounds of a trace's figures over every order of rows, where these are too many to be tried.

    Every order that is possible is a flow of the network in which an account's events of one time are one, so
    that network's envelope holds them all. It speaks of rules that attribute, without limits, and of a seed
    that is the same in every order: of no balance, where no reversal is among the rows concerned, and where
    none of the money can be converted.
    """
    question, ledger = trace._question, trace._ledger
    limited = question.max_hops is not None or trace.parameters["min_amount"]
    other = question.by != "account" or question.overdraft != "lender" or question.cash_gaps
    if not trace.attributes or limited or other or trace._seeds.standing or trace._excerpt is not None:
        return None
    if _reversals_among(trace):
        return None
    work = _Work(trace, OUTER, merge_open=True)
    if work.turned:  # what comes of a conversion, in which order, is not the envelope's to say
        return None
    ends: dict[OrderKey, tuple[int, int]] = {}
    for key in work.members:
        least, greatest, _ = work.bounds([key])
        ends[key.kind, (key.account, ""), key.currency] = (least, greatest)
    rows = sets.minus(ledger.steps["row"][work.steps[:, 0]].astype(np.int64), trace._seeds.rows)
    names = ledger.transfer_ids.take(pa.array(rows)).to_pylist()
    if work.flows is None:
        low, high = np.zeros(len(rows), np.int64), ledger.rows["net"][rows].astype(np.int64)
    else:
        low, high, _ = carried_between(work.flows, rows)
    spans = {n: (a, b) for n, a, b in zip(names, low.tolist(), high.tolist(), strict=True)}
    return Intervals(spans, ends, 0)


def _reversals_among(trace: Trace) -> bool:
    """Whether a reversal is among the rows whose order is open: what it undoes could depend on that."""
    table = trace._case.tables.arrow("transfers", ("reversal_of",))
    if table is None or "reversal_of" not in table.column_names:
        return False
    open_ = sets.unique(trace._ledger.open_rows[:, 0])
    reverses = table["reversal_of"].take(pa.array(trace._ledger.rows["origin"][open_].astype(np.int64)))
    return bool(reverses.null_count < len(reverses))


def _own(trace: Trace) -> list[Key]:
    """The ends of the trace itself, but those at a limit."""
    party = trace.parameters["by"] == "party"
    columns = (trace.ends[name] for name in ("kind", "account_id", "party_id", "currency"))
    keys: dict[Key, None] = {}
    for kind, account, holder, coin in zip(*columns, strict=True):
        if kind != "horizon":
            by_party = party and isinstance(holder, str)
            keys[Key(kind, "" if by_party else account, holder if by_party else "", coin)] = None
    return list(keys)


def _frame(trace: Trace, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    text = pa.large_string()
    columns = {
        name: pa.array([row[i] or None for row in rows], text)
        for i, name in enumerate(("kind", "account_id", "party_id", "currency"))
    }
    if trace.parameters["by"] != "party":
        del columns["party_id"]
    for i, name in ((4, "least"), (5, "greatest")):
        columns[name] = pa.array([row[i] for row in rows], pa.int64())
    columns["exact"] = pa.array([row[6] for row in rows], pa.bool_())
    return as_frame(pa.table(columns))


def _label(keys: Sequence[Key], asked: Sequence[tuple[str, ...]]) -> tuple[str, str, str, str]:
    """What a row is called: of several ends what they have in common once, what differs in a list."""
    parts: list[list[str]] = [[key.kind, key.account, key.party, key.currency] for key in keys]
    parts += [[end[0], end[1], "", end[2] if len(end) > 2 else ""] for end in asked if not keys]
    joined = [", ".join(dict.fromkeys(part[i] for part in parts if part[i])) for i in range(4)]
    return joined[0], joined[1], joined[2], joined[3]


def _budget(budget: Any) -> int:
    if isinstance(budget, bool) or not isinstance(budget, (int, np.integer)) or budget < 0:
        raise UsageError(
            Problem(
                "budget",
                N_("not a whole number of edges that may be looked at"),
                {},
                repr(budget),
                str(BUDGET),
            )
        )
    return int(budget)


def _asked(trace: Trace, ends: Iterable[Any]) -> list[list[tuple[str, ...]]]:
    """The sets of ends that are asked for, checked.

    Raises
    ------
    UsageError
        For what is no end, a kind or an account that does not exist, all of them at once.
    """
    listed = list(ends)
    several = listed and all(isinstance(x, (list, set, frozenset)) for x in listed)
    groups = [list(x) for x in listed] if several else [listed]
    problems: list[Problem] = []
    for some in groups:
        if not some:
            problems.append(
                Problem("ends", N_("there is no end in this"), {}, repr(ends), '[("balance", "A1")]')
            )
        for end in some:
            problem = _problem_of(trace, end)
            if problem is not None:
                problems.append(problem)
    if problems:
        raise UsageError(*problems)
    return [[tuple(end) for end in some] for some in groups]


def _problem_of(trace: Trace, end: Any) -> Problem | None:
    ledger = trace._ledger
    if not isinstance(end, tuple) or len(end) not in (2, 3) or not all(isinstance(x, str) for x in end):
        expected = N_("(kind, account) or (kind, account, currency)")
        return Problem("ends", N_("this is not an end"), {}, repr(end), expected)
    if end[0] not in ENVELOPE_KINDS:
        unknown = N_("the envelope knows no ends of kind {kind}")
        return Problem("ends", unknown, {"kind": end[0]}, repr(end), ", ".join(ENVELOPE_KINDS))
    if not is_end(trace, end):
        return Problem("ends", N_("the case has no account {account}"), {"account": end[1]}, repr(end))
    if len(end) > 2 and end[2] not in ledger.currencies:
        missing = N_("the case has no money in {currency}")
        return Problem("ends", missing, {"currency": end[2]}, repr(end), ", ".join(ledger.currencies))
    return None


def is_end(trace: Trace, end: Sequence[str]) -> bool:
    """Whether the envelope of a trace can tell of money of that kind there."""
    ledger = trace._ledger
    known = ledger.account(end[1]) >= 0 or end[1].startswith("transit:")
    if trace.parameters["by"] == "party":
        known |= ledger.party(end[1]) >= 0
    return known and end[0] in ENVELOPE_KINDS
