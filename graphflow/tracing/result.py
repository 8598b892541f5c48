"""What a trace found, as frames that add up."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.ledger.form import BASES, CLEARING, CUSTODY, OUTSIDE, TRANSIT, Ints, Ledger
from graphflow.tracing.rules import Rule
from graphflow.tracing.seeds import Seeds
from graphflow.tracing.walk import (
    HORIZON,
    LENDER,
    RECIRCULATED,
    STAYS,
    Batch,
    Chains,
    Flow,
)
from graphflow.tracing.walk import OUTSIDE as MET_OUTSIDE

if TYPE_CHECKING:
    from graphflow.case import Case

_CODES = {1: "cash", 2: "fee", 3: "hub", LENDER: "lender", RECIRCULATED: "recirculated", HORIZON: "horizon"}

END_KINDS = (
    "balance", "frontier", "returned", "asset", "cash", "fee", "hub", "lender", "recirculated", "horizon",
)  # fmt: skip
"""Every kind of end."""


class Chain(NamedTuple):
    """One sequence of transfers, each funded by the one before, with the amount that flowed all the way."""

    amount: int
    hops: int
    transfers: tuple[str, ...]
    accounts: tuple[str, ...]
    kind: str
    account_id: str
    currency: str


class Trace:
    """Where the seed's money went (backward: where it came from), and the rows that show it.

    Made by :func:`graphflow.trace`. All amounts are minor units; `seed_amount` is in the seed's currency
    and adds up to `seed`.

    Attributes
    ----------
    seed : int
        The seed.
    currency, rule, backward
        The seed's currency; the rule's name; whether the question was asked backward.
    parameters : mapping
        What was asked, so that it can be asked again.
    """

    def __init__(
        self,
        case: Case,
        seeds: Seeds,
        rule: Rule,
        backward: bool,
        flow: Flow,
        chains: Chains,
        parameters: Mapping[str, Any],
    ) -> None:
        self._case = case
        self._ledger: Ledger = case.ledger
        self._seeds = seeds
        self._flow = flow
        self._chains = chains
        self.rule = rule.name
        self.backward = backward
        self.parameters = dict(parameters)
        self.seed = seeds.total
        self.currency = self._ledger.currencies[seeds.currency]
        self.minor_units = int(self._ledger.minor_units[self.currency])

    def __repr__(self) -> str:
        word = "backward" if self.backward else "forward"
        return (
            f"<Trace {self.rule} {word}: {self.seed} minor units of {self.currency}, {len(self.ends)} ends>"
        )

    # ------------------------------------------------------------------ transfers

    @cached_property
    def _carried(self) -> tuple[Ints, Ints, Ints]:
        """Rows that carry traced money, with what they carry: as it left, and in the seed's currency."""
        ledger = self._ledger
        steps, local, seed = self._flow.moved[:, 0], self._flow.moved[:, 1], self._flow.moved[:, 2]
        rows = ledger.steps["row"][steps].astype(np.int64)
        # a transfer in transit is two steps: the one that the money comes to first counts
        second = (ledger.steps["flags"][steps] & 256) > 0
        moving = ledger.rows["arrives"][rows] > ledger.rows["time"][rows]
        count = ~moving | (second == self.backward)
        rows, local, seed = rows[count], local[count], seed[count]
        distinct, place = np.unique(rows, return_inverse=True)
        sum_local = np.zeros(distinct.size, np.int64)
        sum_seed = np.zeros(distinct.size, np.int64)
        np.add.at(sum_local, place, local)
        np.add.at(sum_seed, place, seed)
        return distinct, sum_local, sum_seed

    @cached_property
    def transfers(self) -> pd.DataFrame:
        """One row a transfer that carries traced money beyond the seed, in the order that is shown.

        Columns ``transfer_id``, ``time`` (UTC), ``source``, ``target``, ``currency``, ``amount`` (the whole
        transfer), ``traced`` (of it), ``seed_amount`` (that in the seed's currency), ``traced_min`` and
        ``traced_max``: empty where the order of rows is open (see `assumptions`), else the same as
        ``traced``.
        """
        ledger = self._ledger
        rows, local, seed = self._carried
        keep = ~np.isin(rows, self._seeds.rows)
        rows, local, seed = rows[keep], local[keep], seed[keep]
        of = ledger.rows[rows]
        low, high = self._bounds(local)
        return pd.DataFrame(
            {
                "transfer_id": _texts(ledger.transfer_ids, rows),
                "time": pd.to_datetime(of["time"], unit="us", utc=True),
                "source": _texts(ledger.account_ids, of["source"]),
                "target": _texts(ledger.account_ids, of["target"]),
                "currency": pd.array([ledger.currencies[c] for c in of["currency"]], dtype="str"),
                "amount": of["amount"].astype(np.int64),
                "traced": local,
                "seed_amount": seed,
                "traced_min": low,
                "traced_max": high,
            }
        )

    @cached_property
    def seeds(self) -> pd.DataFrame:
        """What the trace starts from: ``transfer_id`` (empty: a balance), ``account_id``, ``time``,
        ``seed_amount``.

        ``account_id`` is where the traced money is first; ``reversed`` what was taken back of a seed
        transfer.
        """
        ledger = self._ledger
        of = ledger.rows[self._seeds.rows]
        first = of["source" if self.backward else "target"]
        taken = dict(self._seeds.reduced)
        frame = pd.DataFrame(
            {
                "transfer_id": _texts(ledger.transfer_ids, self._seeds.rows),
                "account_id": _texts(ledger.account_ids, first),
                "time": pd.to_datetime(of["time"], unit="us", utc=True),
                "seed_amount": self._seeds.amounts,
                "reversed": np.array([taken.get(int(row), 0) for row in self._seeds.rows], np.int64),
            }
        )
        standing = [
            {
                "transfer_id": None,
                "account_id": self._account_of(stand.pot),
                "time": pd.to_datetime(_time_of(ledger, stand.after), unit="us", utc=True),
                "seed_amount": stand.ends - stand.begins,
                "reversed": 0,
            }
            for stand in self._seeds.standing
        ]
        return pd.concat([frame, pd.DataFrame(standing)], ignore_index=True) if standing else frame

    def _bounds(self, local: Ints) -> tuple[Any, Any]:
        if self._open_accounts:
            unknown = pd.array([pd.NA] * len(local), dtype="Int64")
            return unknown, unknown.copy()
        return local.copy(), local.copy()

    # ----------------------------------------------------------------------- ends

    @cached_property
    def ends(self) -> pd.DataFrame:
        """Where the traced money stands when the period closes; ``seed_amount`` adds up to the seed.

        Columns ``kind`` (one of :data:`END_KINDS`), ``account_id``, ``party_id``, ``currency``, ``amount``,
        ``seed_amount``, ``amount_min``, ``amount_max`` (empty where the order of rows is open). Greatest
        first.
        """
        sums: dict[tuple[str, str, str | None, str], list[int]] = {}
        for code, pot, amount, seed in self._flow.ends.tolist():
            if amount == 0 and seed == 0:
                continue
            key = self._end(code, pot)
            total = sums.setdefault(key, [0, 0])
            total[0] += amount
            total[1] += seed
        listed = sorted(sums.items(), key=lambda item: (-item[1][1], item[0][0], item[0][1], item[0][3]))
        amounts = np.array([value[0] for _, value in listed], np.int64)
        low, high = self._bounds(amounts)
        return pd.DataFrame(
            {
                "kind": pd.array([key[0] for key, _ in listed], dtype="str"),
                "account_id": pd.array([key[1] for key, _ in listed], dtype="str"),
                "party_id": pd.array([key[2] for key, _ in listed], dtype="str"),
                "currency": pd.array([key[3] for key, _ in listed], dtype="str"),
                "amount": amounts,
                "seed_amount": np.array([value[1] for _, value in listed], np.int64),
                "amount_min": low,
                "amount_max": high,
            }
        )

    def _end(self, code: int, pot: int) -> tuple[str, str, str | None, str]:
        """Kind, account, party and currency of an end."""
        found = self._end_cache.get((code, pot))
        if found is None:
            ledger = self._ledger
            of = ledger.pots[pot]
            account = int(of["account"])
            party = int(ledger.account_party[account]) if account >= 0 else -1
            found = (
                self._kind(code, pot),
                self._account_of(pot),
                ledger.party_ids[party].as_py() if party >= 0 else None,
                ledger.currencies[int(of["currency"])],
            )
            self._end_cache[(code, pot)] = found
        return found

    @cached_property
    def _end_cache(self) -> dict[tuple[int, int], tuple[str, str, str | None, str]]:
        return {}

    def _account_of(self, pot: int) -> str:
        of = self._ledger.pots[pot]
        if int(of["kind"]) == TRANSIT:
            row = int(np.flatnonzero(self._ledger.rows["origin"] == int(of["period"]))[0])
            return f"transit:{self._ledger.transfer_ids[row].as_py()}"
        return str(self._ledger.account_ids[int(of["account"])].as_py())

    @cached_property
    def _paid_seed(self) -> tuple[frozenset[int], frozenset[int]]:
        """Accounts and parties that paid any of the seed (backward: received it)."""
        parties = self._ledger.account_party[self._seeds.payers]
        return (
            frozenset(self._seeds.payers[parties < 0].tolist()),
            frozenset(parties[parties >= 0].tolist()),
        )

    def _paid(self, account: int) -> bool:
        accounts, parties = self._paid_seed
        party = int(self._ledger.account_party[account])
        return party in parties if party >= 0 else account in accounts

    def _kind(self, code: int, pot: int) -> str:
        """The kind of an end, by the first statement of the definition that holds."""
        ledger = self._ledger
        of = ledger.pots[pot]
        account = int(of["account"])
        if code == MET_OUTSIDE:
            if self._paid(account):
                return "returned"
            return "asset" if bool(ledger.account_asset[account]) else "frontier"
        if code != STAYS:
            return _CODES[code]
        kind = int(of["kind"])
        if kind == CLEARING:
            return "hub"
        if kind == TRANSIT:
            return "balance"
        if self._paid(account):
            return "returned"
        period = ledger.periods[int(of["period"])]
        if self.backward:
            left = int(period["begins"]) > self._seeds.opens
        else:
            left = int(period["ends"]) < self._seeds.closes
        return "frontier" if left else "balance"

    # --------------------------------------------------------------------- chains

    def iter_chains(self) -> Iterator[Chain]:
        """Chains one by one, in the order that they are found; nothing is kept.

        A chain's ``hops`` are its transfers after the seed, its ``transfers`` ids with the seed transfer
        first, its ``accounts`` those that they pass (backward, as the question goes: from the receiver
        back), its ``amount`` in the seed's currency. Chains are disjoint and add up to the ends. Under
        ``prorata`` they are one way to lay the amounts out: first in, first out among the traced money.
        """
        for batch in self._chains.batches():
            yield from self._chains_of(batch, range(len(batch.ends)))

    def _chains_of(self, batch: Batch, which: Any) -> Iterator[Chain]:
        ledger = self._ledger
        far, near = ("target", "source") if self.backward else ("source", "target")
        for i in which:
            rows = batch.rows[batch.bounds[i] : batch.bounds[i + 1]]
            code, pot, _, amount, number = batch.ends[i].tolist()
            kind, account, _, currency = self._end(code, pot)
            if len(rows):
                of = ledger.rows[rows]
                accounts = (int(of[far][0]), *(int(x) for x in of[near]))
            else:
                accounts = (int(ledger.pots["account"][int(self._chains.seeds[number, 1])]),)
            yield Chain(
                amount=amount,
                hops=len(rows) - (1 if self._starts_with_transfer(number) else 0),
                transfers=tuple(ledger.transfer_ids[int(row)].as_py() for row in rows),
                accounts=tuple(ledger.account_ids[a].as_py() for a in accounts),
                kind=kind,
                account_id=account,
                currency=currency,
            )

    def _starts_with_transfer(self, number: int) -> bool:
        return int(self._chains.seeds[number, 0]) >= 0

    def chains(self, top: int | None = None, order: str = "amount") -> pd.DataFrame:
        """Chains as a frame; with `top`, the first so many, and ``frame.attrs["left_out"]`` says what is
        left out.

        Parameters
        ----------
        top
            How many; None for all of them.
        order
            ``"amount"``: greatest first; ``"hops"``: longest first; ``"found"``: as they are found.
        """
        if order not in ("amount", "hops", "found"):
            raise UsageError(
                Problem(
                    "order",
                    N_("chains cannot be ordered by {order}"),
                    {"order": order},
                    order,
                    "amount, hops, found",
                )
            )
        count = 0
        total = 0
        kept: list[tuple[tuple[int, int], Chain]] = []
        for batch in self._chains.batches():
            size = len(batch.ends)
            amounts = batch.ends[:, 3]
            total += int(amounts.sum())
            which = np.arange(size)
            if top is not None and order == "amount" and size > top:
                which = np.sort(
                    np.argsort(-amounts, kind="stable")[:top]
                )  # no other of this batch can be among them
            for i, chain in zip(which, self._chains_of(batch, which), strict=True):
                number = count + int(i)
                rank = {"amount": chain.amount, "hops": chain.hops, "found": -number}[order]
                entry = ((rank, -number), chain)
                if top is None or len(kept) < top:
                    heapq.heappush(kept, entry) if top is not None else kept.append(entry)
                elif top and entry[0] > kept[0][0]:
                    heapq.heapreplace(kept, entry)
            count += size
        kept.sort(key=lambda item: item[0], reverse=True)
        chains = [chain for _, chain in kept]
        frame = _chain_frame(chains)
        frame.attrs["left_out"] = {
            "count": count - len(chains),
            "amount": total - sum(chain.amount for chain in chains),
        }
        return frame

    def routes(self, by: str = "account") -> pd.DataFrame:
        """Chains summed over equal accounts (``by="party"``: equal holders) and equal ends.

        Columns ``amount`` (seed currency), ``chains`` (how many), ``accounts`` (or ``parties``), ``kind``,
        ``account_id``, ``currency``. Greatest first.
        """
        if by not in ("account", "party"):
            raise UsageError(Problem("by", N_("routes are by account or by party"), {}, by, "account, party"))
        sums: dict[tuple[Any, ...], list[int]] = {}
        for chain in self.iter_chains():
            way = chain.accounts if by == "account" else self._parties_of(chain.accounts)
            total = sums.setdefault((way, chain.kind, chain.account_id, chain.currency), [0, 0])
            total[0] += chain.amount
            total[1] += 1
        listed = sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))
        return pd.DataFrame(
            {
                "amount": np.array([value[0] for _, value in listed], np.int64),
                "chains": np.array([value[1] for _, value in listed], np.int64),
                "accounts" if by == "account" else "parties": pd.Series(
                    [key[0] for key, _ in listed], dtype=object
                ),
                "kind": pd.array([key[1] for key, _ in listed], dtype="str"),
                "account_id": pd.array([key[2] for key, _ in listed], dtype="str"),
                "currency": pd.array([key[3] for key, _ in listed], dtype="str"),
            }
        )

    def _parties_of(self, accounts: tuple[str, ...]) -> tuple[str, ...]:
        """Holders along a way; one that follows itself counts once, an account without one stands for
        itself.
        """
        ledger = self._ledger
        out: list[str] = []
        for account in accounts:
            party = int(ledger.account_party[ledger.account(account)])
            name = ledger.party_ids[party].as_py() if party >= 0 else account
            if not out or out[-1] != name:
                out.append(name)
        return tuple(out)

    # ---------------------------------------------------------------- assumptions

    @cached_property
    def _touched(self) -> dict[int, int]:
        """Traced money (in the seed's currency) that came into each pot with a history."""
        ledger = self._ledger
        steps, seed = self._flow.moved[:, 0], self._flow.moved[:, 2]
        pots = ledger.steps["src" if self.backward else "dst"][steps]
        walked = np.isin(ledger.pots["kind"][pots], (OUTSIDE, TRANSIT), invert=True)
        out: dict[int, int] = {}
        for pot, amount in zip(pots[walked].tolist(), seed[walked].tolist(), strict=True):
            out[pot] = out.get(pot, 0) + amount
        for stand in self._seeds.standing:
            out[stand.pot] = out.get(stand.pot, 0) + stand.ends - stand.begins
        return out

    @cached_property
    def _open_accounts(self) -> dict[int, int]:
        """Reached accounts with rows whose order nothing decides, and how many."""
        if not self._ledger.open_orders:
            return {}
        reached = {int(self._ledger.pots["account"][pot]) for pot in self._touched}
        out: dict[int, int] = {}
        for entry in self._ledger.open_orders:
            if entry["account"] in reached:
                out[entry["account"]] = out.get(entry["account"], 0) + 1
        return out

    @cached_property
    def assumptions(self) -> pd.DataFrame:
        """What was assumed, with the traced money that came to where it was.

        Columns ``kind``, ``account_id``, ``currency``, ``seed_amount`` (traced money that came there),
        ``value`` (an opening in minor units, a number of rows) and ``note``. Kinds: ``coverage`` (no
        account says for which time its statement is held, so that the case counts as complete), ``opening``
        (unknown: the least that never overdraws is taken), ``order`` (nothing decides the order of rows),
        ``reversal`` (a seed transfer counts net), ``balance`` (stated balances do not follow from the rows).
        """
        ledger = self._ledger
        found: list[tuple[str, str | None, str, int, int, str]] = []
        if not ledger.coverage_stated:
            found.append(
                ("coverage", None, self.currency, self.seed, len(ledger.account_ids),
                 N_("no account says for which time its statement is held: the case counts as complete"))
            )  # fmt: skip
        openings: dict[tuple[int, int], list[int]] = {}
        for pot, amount in self._touched.items():
            of = ledger.pots[pot]
            if int(of["basis"]) == BASES.index("unknown") and int(of["kind"]) != CLEARING:
                entry = openings.setdefault((int(of["account"]), int(of["currency"])), [0, 0])
                entry[0] += amount
                entry[1] += int(of["opening"])
        for (account, currency), (amount, opening) in openings.items():
            found.append(
                ("opening", ledger.account_ids[account].as_py(), ledger.currencies[currency], amount, opening,
                 N_("the opening balance is unknown: the least one that never overdraws is taken"))
            )  # fmt: skip
        by_account: dict[int, int] = {}
        for pot, amount in self._touched.items():
            account = int(ledger.pots["account"][pot])
            by_account[account] = by_account.get(account, 0) + amount
        for account, rows in self._open_accounts.items():
            found.append(
                ("order", ledger.account_ids[account].as_py(), self.currency, by_account[account], rows,
                 N_("nothing decides the order of these rows: the figures are those of the one shown"))
            )  # fmt: skip
        for row, taken in self._seeds.reduced:
            payee = ledger.account_ids[int(ledger.rows["target"][row])].as_py()
            found.append(
                ("reversal", payee, self.currency, taken, 1,
                 N_("a seed transfer counts net of what was reversed"))
            )  # fmt: skip
        reached = {ledger.account_ids[account].as_py(): account for account in by_account}
        broken: dict[str, int] = {}
        for gap in ledger.breaks:
            if gap["kind"] == "balance" and gap["account_id"] in reached:
                broken[str(gap["account_id"])] = broken.get(str(gap["account_id"]), 0) + 1
        for name, rows in broken.items():
            found.append(
                ("balance", name, self.currency, by_account[reached[name]], rows,
                 N_("stated balances do not follow from the rows"))
            )  # fmt: skip
        found.sort(key=lambda x: (x[0] != "coverage", -x[3], x[0], x[1] or ""))
        return pd.DataFrame(
            {
                "kind": pd.array([x[0] for x in found], dtype="str"),
                "account_id": pd.array([x[1] for x in found], dtype="str"),
                "currency": pd.array([x[2] for x in found], dtype="str"),
                "seed_amount": np.array([x[3] for x in found], np.int64),
                "value": np.array([x[4] for x in found], np.int64),
                "note": pd.array([x[5] for x in found], dtype="str"),
            }
        )

    @cached_property
    def misuse(self) -> pd.DataFrame:
        """Money that custody and reserve accounts paid out of others' earmarks, on the transfers of this
        trace.

        Columns ``transfer_id``, ``account_id``, ``earmark`` (the payment's own, empty: none), ``taken_from``,
        ``amount`` and ``traced`` (of it).
        """
        ledger = self._ledger
        steps = self._flow.moved[:, 0]
        pot = ledger.steps["src"][steps]
        custody = ledger.pots["kind"][pot] == CUSTODY
        lent = (ledger.steps["flags"][steps] & 64) > 0
        rows = ledger.steps["row"][steps]
        own = ledger.row_earmark[rows] if len(ledger.row_earmark) else np.full(len(rows), -1)
        of = ledger.pots["earmark"][pot]
        other = np.flatnonzero(custody & ~lent & (of >= 0) & (of != own))

        def name(number: int) -> str | None:
            return None if number < 0 else str(ledger.earmarks[number].as_py())

        return pd.DataFrame(
            {
                "transfer_id": _texts(ledger.transfer_ids, rows[other]),
                "account_id": _texts(ledger.account_ids, ledger.pots["account"][pot[other]]),
                "earmark": pd.array([name(int(x)) for x in own[other]], dtype="str"),
                "taken_from": pd.array([name(int(x)) for x in of[other]], dtype="str"),
                "amount": ledger.steps["amount"][steps[other]].astype(np.int64),
                "traced": self._flow.moved[other, 1],
            }
        )

    # ------------------------------------------------------------------- pictures

    def to_networkx(self) -> Any:
        """A networkx MultiDiGraph: accounts that the money passed, one edge a transfer with its amounts."""
        import networkx

        graph: Any = networkx.MultiDiGraph(
            rule=self.rule, currency=self.currency, seed=self.seed, backward=self.backward
        )
        for edge in self._edges():
            graph.add_edge(edge["source"], edge["target"], key=edge["transfer_id"], **edge)
        return graph

    def to_igraph(self) -> Any:
        """The same as an igraph Graph, accounts by their attribute ``name``."""
        import igraph

        edges = self._edges()
        names = sorted({edge[x] for edge in edges for x in ("source", "target")})
        number = {name: i for i, name in enumerate(names)}
        graph = igraph.Graph(
            n=len(names), edges=[(number[e["source"]], number[e["target"]]) for e in edges], directed=True
        )
        graph.vs["name"] = names
        for key in ("transfer_id", "time", "currency", "amount", "traced", "seed_amount", "seed"):
            graph.es[key] = [edge[key] for edge in edges]
        return graph

    def _edges(self) -> list[dict[str, Any]]:
        ledger = self._ledger
        rows, local, seed = self._carried
        of = ledger.rows[rows]
        times = pd.to_datetime(of["time"], unit="us", utc=True)
        return [
            {
                "transfer_id": ledger.transfer_ids[int(rows[i])].as_py(),
                "source": ledger.account_ids[int(of["source"][i])].as_py(),
                "target": ledger.account_ids[int(of["target"][i])].as_py(),
                "time": times[i].isoformat(),
                "currency": ledger.currencies[int(of["currency"][i])],
                "amount": int(of["amount"][i]),
                "traced": int(local[i]),
                "seed_amount": int(seed[i]),
                "seed": bool(np.isin(rows[i], self._seeds.rows)),
            }
            for i in range(len(rows))
        ]

    def _repr_html_(self) -> str:
        """The picture, and the ends as a table."""
        from graphflow.pictures import flow_of_routes, sankey_svg

        routes = self.routes().head(200)
        title = f"{self.rule}, {'backward' if self.backward else 'forward'}"
        picture = (
            sankey_svg(flow_of_routes(routes), title=title, unit=self.currency, digits=self.minor_units)
            if len(routes)
            else ""
        )
        ends = self.ends.copy()
        return picture + str(ends.to_html(index=False))


def _time_of(ledger: Ledger, step: int) -> int:
    if step < 0:
        return int(ledger.rows["time"][0])
    return int(ledger.rows["time"][int(ledger.steps["row"][step])])


def _texts(values: Any, places: Any) -> Any:
    """Texts at places, as pandas shows them."""
    taken = values.take(pa.array(np.asarray(places, np.int64)))
    return pd.array(taken.to_numpy(zero_copy_only=False), dtype="str")


def _chain_frame(chains: list[Chain]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "amount": np.array([c.amount for c in chains], np.int64),
            "hops": np.array([c.hops for c in chains], np.int64),
            "transfers": pd.Series([c.transfers for c in chains], dtype=object),
            "accounts": pd.Series([c.accounts for c in chains], dtype=object),
            "kind": pd.array([c.kind for c in chains], dtype="str"),
            "account_id": pd.array([c.account_id for c in chains], dtype="str"),
            "currency": pd.array([c.currency for c in chains], dtype="str"),
        }
    )
