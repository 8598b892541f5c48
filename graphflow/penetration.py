"""Money, products and owners in one question: with whom traced money stands, and how it got there."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.ownership.controlling import ties_of
from graphflow.ownership.owning import ways
from graphflow.ownership.stakes import Stakes, party_number
from graphflow.products.crossing import apportion, apportioned
from graphflow.products.positions import Key, Positions, positions_of, records
from graphflow.products.webs import Web
from graphflow.rows import Moment
from graphflow.tracing.result import Trace

HOLDINGS = ("frontier", "always", "never")
"""When money in a product's account is looked through by what the product holds."""

GROUNDS = (
    "controlled", "owner", "no_owner_known", "unknown_owner", "ring", "product_cash", "product_asset",
    "unknown_holdings", "no_party", "cash", "fee", "hub", "lender", "recirculated", "horizon",
)  # fmt: skip
"""Why money counts as standing where it does, see `Penetration.standing`."""

MOST_WAYS = 1000
"""Ways through holdings and stakes that are told one by one, for each account in which money ends."""

_TRIED = 20_000  # ways begun, for each such account
_STOPS = ("cash", "hub", "lender", "recirculated", "horizon")  # ends behind which nobody is looked for
_PERSONS = ("person", "government")


class Step(NamedTuple):
    """One step of a chain: a transfer, a holding of a product, or a stake in a company.

    ``id`` is the transfer's, the asset's or the owner's; ``amount`` what the row says, in minor units of
    ``currency``, or of the case's where that is None (a stake has no amount); ``share`` the part that goes
    this way (a transfer has none: the rule decides); ``time`` when it left, from when the stake or of which
    day the holding is. Of kind ``further``: ways that are not told one by one, and what goes round rings.
    """

    kind: str
    id: str
    source: str
    target: str
    amount: int | None = None
    share: float | None = None
    time: pd.Timestamp | None = None
    currency: str | None = None


@dataclass(frozen=True)
class _Way:
    """From where money ended to with whom it stands: the nodes passed (none: further ways), and its part."""

    nodes: tuple[Key, ...]
    last: Key
    amount: int


@dataclass
class _Greatest:
    """The greatest of the chains that it is given, and how many all are, with what money."""

    top: int | None
    found: list[tuple[int, int, dict[str, Any]]] = field(default_factory=list)
    count: int = 0
    money: int = 0

    @classmethod
    def of(cls, top: int | None) -> _Greatest:
        if top is not None and top < 1:
            raise UsageError(Problem("top", N_("at least one is asked for"), first=str(top)))
        return cls(top)

    def add(self, chain: dict[str, Any]) -> None:
        entry = (chain["amount"], -self.count, chain)
        self.count, self.money = self.count + 1, self.money + chain["amount"]
        if self.top is None or len(self.found) < self.top:
            heapq.heappush(self.found, entry)
        else:
            heapq.heappushpop(self.found, entry)

    def sorted(self) -> list[dict[str, Any]]:
        """The greatest first, of equal ones the one that came first."""
        return [chain for _, _, chain in sorted(self.found, key=lambda entry: (-entry[0], -entry[1]))]


@dataclass
class _Sums:
    """The amounts of the chains that it is given, and how many they are, by what each passes."""

    keys: Callable[[Mapping[str, Any]], Iterable[Any]]
    sums: dict[Any, list[int]] = field(default_factory=dict)

    def add(self, chain: Mapping[str, Any]) -> None:
        for key in self.keys(chain):
            both = self.sums.setdefault(key, [0, 0])
            both[0] += chain["amount"]
            both[1] += 1


def _route(chain: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """All that a chain passes, and its ground."""
    way: _Way = chain["way"]
    behind = [name for _, name in way.nodes[1:]] or [chain["held_in"]] * (not way.nodes)
    yield (*chain["accounts"], *behind), chain["ground"]


@dataclass(frozen=True)
class Penetration:
    """Traced money, looked through products and companies. Made by :func:`penetrate`.

    Attributes
    ----------
    trace
        The traced money.
    controller
        The id of the party whose group is asked about, or None.
    at
        The date of stakes and holdings, in microseconds.
    certain, possible
        Ids of the controller and those under its control, for certain and at most.
    holdings
        When products are looked through.
    seed, currency
        The money: minor units of this currency.
    """

    trace: Trace = field(repr=False)
    positions: Positions = field(repr=False)
    controller: str | None
    certain: frozenset[str] = field(repr=False)
    possible: frozenset[str] = field(repr=False)
    holdings: str

    @property
    def at(self) -> int:
        """The date of stakes and holdings."""
        return self.positions.at

    @property
    def seed(self) -> int:
        """The money in question."""
        return self.trace.seed

    @property
    def currency(self) -> str:
        """Of the seed, and of all amounts."""
        return self.trace.currency

    # ------------------------------------------------------------------ what stands behind what

    @property
    def _stakes(self) -> Stakes:
        return self.positions.stakes

    @cached_property
    def _number(self) -> Mapping[str, int]:
        return {str(name): number for number, name in enumerate(self._stakes.ids.to_pylist())}

    @cached_property
    def _accounts(self) -> Mapping[str, tuple[str | None, str | None]]:
        """The product and the party of each account in which money ended."""
        return self.accounts_of(self.trace.ends["account_id"].dropna().unique())

    def accounts_of(self, ids: Iterable[str]) -> Mapping[str, tuple[str | None, str | None]]:
        """The product and the party of accounts.

        Parameters
        ----------
        ids
            Of accounts; what is none is left out.

        Returns
        -------
        mapping
            By account: the product for which it is held and the party that holds it, each None if not known.
        """
        rows = self.positions.case.tables.arrow("accounts", ("account_id", "product_id", "party_id"))
        if rows is None:
            return {}
        wanted = pa.array(sorted(ids), rows["account_id"].type)
        rows = rows.filter(pc.is_in(rows["account_id"], value_set=wanted))
        return {row["account_id"]: (row.get("product_id"), row.get("party_id")) for row in rows.to_pylist()}

    def _start(self, kind: str, account: str) -> Key:
        """The node in which money ended."""
        if kind in _STOPS:
            return kind, account
        product, party = self._accounts.get(account, (None, None))
        if product is not None:
            looked = self.holdings == "always" or (self.holdings == "frontier" and kind == "frontier")
            return ("product" if looked else "product_cash"), str(product)
        if party is not None:
            return "party", str(party)
        return ("fee" if kind == "fee" else "no_party"), account

    def _behind(self, node: Key) -> list[tuple[Key, int]]:
        """What a product holds, or who owns a company: each with its part."""
        kind, name = node
        found: dict[Key, int] = {}
        if kind == "product":
            held = self.positions.held.get(name)
            for row in records(held) if held is not None else ():
                other = self._asset(row)
                found[other] = found.get(other, 0) + int(row["amount"])
            return list(found.items()) or [(("unknown_holdings", name), 1)]
        if kind != "party" or name in self.certain or name not in self._number:
            return []
        parts, rest = self._stakes.owners_of(self._number[name])
        found |= {("party", owner): part for owner, part in parts.items() if part > 0}
        if parts and rest:
            found["unknown_owner", name] = rest
        return list(found.items())

    def _asset(self, row: Mapping[str, Any]) -> Key:
        """What a holding is: another product, the party that owes or is owned, else a thing."""
        name, kind = str(row["asset_id"]), str(row["asset_kind"])
        if kind == "product":
            return "product", name
        borrower = row.get("borrower_id")
        if borrower is not None and not pd.isna(borrower):
            return "party", str(borrower)
        if kind == "equity" and name in self._number:
            return "party", name
        return f"product_asset:{kind}", name

    @cached_property
    def _webs(self) -> dict[Key, tuple[Web, dict[Key, float]]]:
        return {}

    @cached_property
    def _ways_of(self) -> dict[tuple[str, str, str], list[_Way]]:
        return {}

    @cached_property
    def _steps_between(self) -> dict[tuple[Key, Key], Step]:
        return {}

    def _web(self, start: Key) -> tuple[Web, dict[Key, float]]:
        """Everything behind a node, and the part of it that stands with each of the last ones."""
        if start not in self._webs:
            web = Web.grown(start, self._behind)
            self._webs[start] = web, web.parts()
        return self._webs[start]

    # ------------------------------------------------------------------ with whom it stands

    @cached_property
    def _ends(self) -> dict[tuple[str, str, str], tuple[Key, int]]:
        """The node and the amount of each end, by kind, account and currency."""
        rows = self.trace.ends
        columns = (rows[name].tolist() for name in ("kind", "account_id", "currency", "seed_amount"))
        return {
            (kind, account, coin): (self._start(kind, account), int(amount))
            for kind, account, coin, amount in zip(*columns, strict=True)
        }

    def _cells(self, key: tuple[str, str, str]) -> list[tuple[Key, float, int]]:
        """With whom an end's money stands: the part of each, and its amount; these add up to the end's."""
        start, amount = self._ends[key]
        parts = self._web(start)[1]
        whole = apportioned(amount, list(parts.values()))
        return [(node, part, one) for (node, part), one in zip(parts.items(), whole, strict=True)]

    @cached_property
    def standing(self) -> pd.DataFrame:
        """With whom the money stands; the amounts add up to the seed.

        One row a party, asset or place, the greatest first: `ground`, `party_id` (missing where it is
        nobody's), `held_in` (the company, product, asset or account concerned), `kind` (of the party, or of
        the asset), `amount` (minor units of the seed's currency), `share` (of the seed).

        Grounds: ``controlled``: the party is the controller or under its control for certain; ``owner``: a
        person or a state that owns in the end; ``no_owner_known``: a company of which no owner is known;
        ``unknown_owner``: the part of a company that no stake names; ``ring``: a company in a ring that owns
        itself; ``product_cash``: in the account of a product; ``product_asset``: a thing that one holds;
        ``unknown_holdings``: a product of which nobody says what it holds; ``no_party``: an account that
        nobody is known to have; and what the trace's ends are called where it goes no further: ``cash``,
        ``fee``, ``hub``, ``lender``, ``recirculated``, ``horizon``.
        """
        sums: dict[Key, int] = {}
        for key in self._ends:
            for node, _, amount in self._cells(key):
                sums[node] = sums.get(node, 0) + amount
        rows = [
            {**self._said(node), "amount": amount, "share": amount / self.seed if self.seed else 0.0}
            for node, amount in sums.items() if amount
        ]  # fmt: skip
        rows.sort(
            key=lambda row: (
                -row["amount"],
                GROUNDS.index(row["ground"]),
                row["party_id"] or "",
                row["held_in"],
            )
        )
        columns = ["ground", "party_id", "held_in", "kind", "amount", "share"]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.astype({"party_id": "str", "amount": "int64", "share": float})

    def _said(self, node: Key) -> dict[str, Any]:
        kind, name = node
        if kind == "party":
            what = self.positions.party_kinds.get(name, "")
            if name in self.certain:
                ground = "controlled"
            elif self._behind(node):
                ground = "ring"
            else:
                ground = "owner" if what in _PERSONS else "no_owner_known"
            return {"ground": ground, "party_id": name, "held_in": name, "kind": what}
        if kind == "product":  # one of a ring that holds all of itself
            return {"ground": "ring", "party_id": None, "held_in": name, "kind": kind}
        ground, _, what = ("unknown_holdings" if kind == "unknown" else kind).partition(":")
        return {"ground": ground, "party_id": None, "held_in": name, "kind": what}

    @property
    def total(self) -> int | None:
        """How much stands with the controller and those under its control for certain; None without one."""
        if self.controller is None:
            return None
        rows = self.standing
        return int(rows.loc[rows["ground"] == "controlled", "amount"].sum())

    @cached_property
    def stopped(self) -> int:
        """What is followed no further in accounts of the controller and those under its control.

        It met another seed there, repaid an overdraft, went beyond a limit: in none of them it stands.
        """
        found = 0
        for (kind, account, _), (_, amount) in self._ends.items():
            if kind in _STOPS and (self._accounts.get(account, (None, None))[1] or "") in self.certain:
                found += amount
        return found

    @cached_property
    def total_possible(self) -> int | None:
        """The same, if votes that are ranges or unknown are as high as they may be."""
        return self.total if self.possible == self.certain else replace(self, certain=self.possible).total

    # ------------------------------------------------------------------ how it got there

    def _ways(self, key: tuple[str, str, str]) -> list[_Way]:
        """The ways from an end to those with whom its money stands; their amounts add up to the end's."""
        if key not in self._ways_of:
            self._ways_of[key] = list(self._find_ways(key))
        return self._ways_of[key]

    def _find_ways(self, key: tuple[str, str, str]) -> Iterator[_Way]:
        start, amount = self._ends[key]
        web, _ = self._web(start)
        cells = self._cells(key)
        last = {node for node, _, _ in cells}
        by_last: dict[Key, list[tuple[float, tuple[Key, ...]]]] = {}
        for tried, (share, nodes) in enumerate(_paths(web, last, 0.5 / max(amount, 1))):
            if tried == MOST_WAYS:
                break
            by_last.setdefault(nodes[-1], []).append((share, nodes))
        for node, part, whole in cells:
            told = by_last.get(node, [])
            rest = max(part - sum(share for share, _ in told), 0.0)
            if rest * amount < 0.5 and told:
                rest = 0.0
            amounts = apportioned(whole, [*(share for share, _ in told), rest])
            for (_, nodes), one in zip(told, amounts, strict=False):
                if one:
                    yield _Way(nodes, node, one)
            if amounts[-1]:
                yield _Way((), node, amounts[-1])

    def iter_chains(self) -> Iterator[dict[str, Any]]:
        """Chains one by one: each chain of the trace divided among the ways on from its end.

        What a row of `chains` has, but for `steps`; `way` has the nodes instead. Sums close both ways: over
        the ways to the amount of the trace's chain, over the chains to what stands with each.
        """
        left: dict[tuple[str, str, str], tuple[list[_Way], list[int]]] = {}
        for chain in self.trace.iter_chains():
            key = chain.kind, str(chain.account_id), chain.currency
            if key not in left:
                ways = self._ways(key)
                left[key] = ways, [way.amount for way in ways]
            ways, rest = left[key]
            for place, amount in enumerate(apportion(chain.amount, rest)):
                if amount:
                    rest[place] -= amount
                    yield {
                        "amount": amount, **self._said(ways[place].last), "transfers": chain.transfers,
                        "accounts": chain.accounts, "inferred": chain.inferred, "way": ways[place],
                        "start": self._ends[key][0],
                    }  # fmt: skip

    def chains(self, top: int | None = None) -> pd.DataFrame:
        """Chains whose steps are transfers, holdings and stakes; the greatest first, they add up to the seed.

        Parameters
        ----------
        top
            How many; None for all of them. ``frame.attrs["left_out"]`` says what is left out.

        Returns
        -------
        pandas.DataFrame
            `amount` (minor units of the seed's currency), `ground`, `party_id`, `held_in` (as in `standing`),
            `transfers` (ids, the seed first), `steps` (tuple of :class:`Step`), `inferred` (over a gap of
            cash).
        """
        kept = _Greatest.of(top)
        for chain in self.iter_chains():
            kept.add(chain)
        return self._chains(kept)

    def _chains(self, kept: _Greatest) -> pd.DataFrame:
        chains = kept.sorted()
        transfers = self._transfers({name for chain in chains for name in chain["transfers"]})
        for chain in chains:
            moved = tuple(Step("transfer", name, *transfers[name]) for name in chain["transfers"])
            chain["steps"] = moved + tuple(self._steps(chain["start"], chain["way"]))
        columns = ["amount", "ground", "party_id", "held_in", "transfers", "steps", "inferred"]
        frame = pd.DataFrame([{name: chain[name] for name in columns} for chain in chains], columns=columns)
        frame = frame.astype({"amount": "int64", "party_id": "str", "inferred": bool})
        shown = sum(chain["amount"] for chain in chains)
        frame.attrs["left_out"] = {"chains": kept.count - len(chains), "seed_amount": kept.money - shown}
        return frame

    def through(self, *grounds: str) -> pd.DataFrame:
        """Through which products and companies the money stands where it does.

        Parameters
        ----------
        grounds
            Only of chains that end on one of these grounds, see `standing`; none: on ``controlled`` where a
            party was asked about, else on any.

        Returns
        -------
        pandas.DataFrame
            One row a product or company between the account in which money ended and with whom it stands, the
            greatest first: `kind` (``product``, ``party``), `id`, `amount` (minor units of the seed's
            currency, each chain counted once), `chains` (how many). What goes through two of them counts for
            both. Of ways that are not told one by one only where they begin is in it: `amount` is the least.
        """
        passed = self._wanted(grounds)
        for chain in self.iter_chains():
            passed.add(chain)
        return self._through(passed)

    def _wanted(self, grounds: Iterable[str]) -> _Sums:
        """What chains on some grounds pass."""
        wanted = set(grounds) or ({"controlled"} if self.controller is not None else set(GROUNDS))
        if unknown := wanted - set(GROUNDS):
            what = N_("there is no such ground")
            raise UsageError(Problem("grounds", what, {}, ", ".join(sorted(unknown)), ", ".join(GROUNDS)))

        def passed(chain: Mapping[str, Any]) -> Iterable[Key]:
            if chain["ground"] not in wanted:
                return ()
            way: _Way = chain["way"]
            nodes = set(way.nodes[:-1]) if way.nodes else {chain["start"]} - {way.last}
            return [node for node in nodes if node[0] in ("product", "party")]

        return _Sums(passed)

    @staticmethod
    def _through(passed: _Sums) -> pd.DataFrame:
        rows = sorted((-amount, kind, name, count) for (kind, name), (amount, count) in passed.sums.items())
        frame = pd.DataFrame(
            [(kind, name, -amount, count) for amount, kind, name, count in rows],
            columns=["kind", "id", "amount", "chains"],
        )
        return frame.astype({"amount": "int64", "chains": "int64"})

    def routes(self) -> pd.DataFrame:
        """Chains summed over what they pass: accounts, then what is held, then who owns.

        Columns `amount`, `chains` (how many), `accounts` (tuple: accounts, products' assets and parties by
        their ids, as the money goes), `kind` (the ground); the greatest first.
        """
        summed = _Sums(_route)
        for chain in self.iter_chains():
            summed.add(chain)
        return self._routes(summed)

    @staticmethod
    def _routes(summed: _Sums) -> pd.DataFrame:
        rows = sorted(
            ((amount, count, *key) for key, (amount, count) in summed.sums.items()),
            key=lambda row: (-row[0], row[2:]),
        )
        frame = pd.DataFrame(rows, columns=["amount", "chains", "accounts", "kind"])
        return frame.astype({"amount": "int64", "chains": "int64"})

    def tables(self, top: int | None = None) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """`chains`, `routes` and `through` at once: all chains are gone through a single time.

        Parameters
        ----------
        top
            How many chains; None for all of them.

        Returns
        -------
        tuple of pandas.DataFrame
            The three, each as the method of its name gives it.
        """
        kept, summed, passed = _Greatest.of(top), _Sums(_route), self._wanted(())
        for chain in self.iter_chains():
            for each in (kept, summed, passed):
                each.add(chain)
        return self._chains(kept), self._routes(summed), self._through(passed)

    def flows(self) -> pd.DataFrame:
        """How much of the money goes over each transfer, holding and stake.

        Columns `kind` (``transfer``, ``holding``, ``stake``; ``further`` for ways not told one by one), `id`
        (as in :class:`Step`), `source`, `target` (accounts, then products, assets and parties by their ids),
        `amount` (minor units of the seed's currency); in the order of kinds, the greatest first. A chain that
        goes over a transfer twice counts twice.
        """
        sums: dict[tuple[str, str, str, str], int] = {}
        for chain in self.iter_chains():
            accounts = chain["accounts"]
            moved = zip(chain["transfers"], accounts[:-1], accounts[1:], strict=False)
            steps = [("transfer", *each) for each in moved]
            for behind in self._steps(chain["start"], chain["way"]):
                steps.append((behind.kind, behind.id, behind.source, behind.target or behind.source))
            for step in steps:
                sums[step] = sums.get(step, 0) + chain["amount"]
        order = ("transfer", "holding", "stake", "further")
        rows = sorted(sums.items(), key=lambda row: (order.index(row[0][0]), -row[1], row[0]))
        columns = ["kind", "id", "source", "target", "amount"]
        return pd.DataFrame([(*key, amount) for key, amount in rows], columns=columns).astype(
            {"amount": "int64"}
        )

    def to_networkx(self) -> Any:
        """A networkx MultiDiGraph of `flows`: one edge a transfer, holding or stake."""
        import networkx

        graph: Any = networkx.MultiDiGraph(currency=self.currency, seed=self.seed)
        for edge in records(self.flows()):
            graph.add_edge(edge["source"], edge["target"], key=(edge["kind"], edge["id"]), **edge)
        return graph

    def to_igraph(self) -> Any:
        """The same as an igraph Graph; nodes by their attribute ``name``."""
        import igraph

        edges = self.flows()
        names = sorted({*edges["source"], *edges["target"]})
        number = {name: place for place, name in enumerate(names)}
        pairs = [(number[a], number[b]) for a, b in zip(edges["source"], edges["target"], strict=True)]
        graph = igraph.Graph(n=len(names), edges=pairs, directed=True)
        graph.vs["name"] = names
        for column in ("kind", "id", "amount"):
            graph.es[column] = edges[column].tolist()
        return graph

    def _repr_html_(self) -> str:
        """The picture, and with whom the money stands as a table; in major units."""
        from graphflow.pictures import sankey_svg

        routes = self.routes()
        title = f"{self.trace.rule}, looked through"
        digits = self.trace.minor_units
        picture = sankey_svg(routes, title=title, unit=self.currency, digits=digits) if len(routes) else ""
        shown = self.standing.assign(
            amount=[self.trace._major(int(each)) for each in self.standing["amount"]]
        )
        return picture + str(shown.to_html(index=False, na_rep="", max_rows=60, show_dimensions=True))

    def _transfers(self, ids: set[str]) -> dict[str, tuple[str, str, int, None, pd.Timestamp, str]]:
        """Payer, payee, amount, no share, time and currency of some transfers."""
        columns = ("transfer_id", "source", "target", "amount", "currency")
        rows = self.positions.case.tables.arrow("transfers", (*columns, "time"))
        if rows is None or not ids:
            return {}
        rows = rows.filter(
            pc.is_in(rows["transfer_id"], value_set=pa.array(sorted(ids), rows["transfer_id"].type))
        )
        values = (rows[name].to_pylist() for name in columns)
        return {
            name: (source, target, int(amount), None, time, coin)
            for name, source, target, amount, coin, time in zip(
                *values, rows["time"].to_pandas(), strict=True
            )
        }

    def _steps(self, start: Key, way: _Way) -> Iterator[Step]:
        if not way.nodes:
            yield Step("further", "", start[1], way.last[1])
            return
        known = self._steps_between
        for upper, lower in zip(way.nodes[:-1], way.nodes[1:], strict=True):
            if (upper, lower) not in known:
                of = self._holding if upper[0] == "product" else self._stake
                known[upper, lower] = of(upper[1], lower)
            yield known[upper, lower]

    def _holding(self, product: str, node: Key) -> Step:
        held = self.positions.held.get(product)
        if held is None or node[0] in ("unknown", "unknown_holdings"):
            return Step("holding", "", product, node[1])
        given = [(self._asset(row), row) for row in records(held)]
        rows = [row for other, row in given if other == node]
        amount = sum(int(row["amount"]) for row in rows)
        total = sum(int(row["amount"]) for other, row in given if other != ("product", product))
        dates = [row.get(name) for row in rows for name in ("as_of", "start")]
        known = [date for date in dates if date is not None and not pd.isna(date)]
        names = ", ".join(dict.fromkeys(str(row["asset_id"]) for row in rows))
        return Step("holding", names, product, node[1], amount, amount / total, known[0] if known else None)

    def _stake(self, company: str, node: Key) -> Step:
        stakes, number = self._stakes, self._number[company]
        own = range(int(stakes.pointer[number]), int(stakes.pointer[number + 1]))
        parts = dict(self._behind(("party", company)))
        whole = max(int(stakes.whole[number]), sum(parts.values()))
        rows = [int(stakes.rows[k]) for k in own if stakes.name(stakes.owners[k]) == node[1]]
        since = None
        table = self.positions.case.tables.arrow("stakes", ("since",))
        if rows and table is not None and "since" in table.column_names:
            values = [
                value for value in table["since"].take(pa.array(rows)).to_pandas() if not pd.isna(value)
            ]
            since = max(values) if values else None
        name = node[1] if node[0] == "party" else ""
        return Step("stake", name, company, node[1] if name else "", None, parts[node] / whole, since)

    # ------------------------------------------------------------------ what it rests on

    @cached_property
    def notes(self) -> pd.DataFrame:
        """What was assumed behind the trace's ends: `kind`, `id`, `amount` of the money concerned, `note`.

        The trace's own are in `trace.assumptions`.
        """
        concerned: dict[tuple[str, str], int] = {}
        for start, amount in self._ends.values():
            for node in self._web(start)[0].nodes:
                for kind in self._doubts(node):
                    concerned[kind, node[1]] = concerned.get((kind, node[1]), 0) + amount
        rows = [
            (kind, name, -less, _NOTES[kind])
            for kind, less, name in sorted((kind, -each, name) for (kind, name), each in concerned.items())
            if less
        ]
        return pd.DataFrame(rows, columns=["kind", "id", "amount", "note"]).astype({"amount": "int64"})

    def _doubts(self, node: Key) -> Iterator[str]:
        kind, name = node
        if kind == "party" and name in self._number and name not in self.certain:
            stakes, company = self._stakes, self._number[name]
            own = slice(int(stakes.pointer[company]), int(stakes.pointer[company + 1]))
            if stakes.least[own].sum() > stakes.whole[company]:
                yield "excess"
            if (stakes.least[own] < stakes.most[own]).any():
                yield "range"
        held = self.positions.held.get(name) if kind == "product" else None
        if held is not None and ("as_of" not in held or held["as_of"].isna().any()):
            yield "undated"

    def __repr__(self) -> str:
        major = self.trace._major
        said = f"{major(self.seed)} {self.currency}"
        if self.controller is None:
            return f"<Penetration of {said}: {len(self.standing)} places>"
        return f"<Penetration of {said}: {major(self.total or 0)} with {self.controller} and its group>"


_NOTES: Mapping[str, str] = {
    "excess": N_("its stakes are more than the whole: each counts in proportion"),
    "range": N_("stakes in it are ranges: each counts with its least, the rest as an owner who is not known"),
    "undated": N_("no day is stated for some of its holdings: they count as held at the date asked about"),
}


def _paths(web: Web, last: set[Key], least: float) -> Iterator[tuple[float, tuple[Key, ...]]]:
    """Ways from the first node to the last ones: see `ways`."""
    place = {node: number for number, node in enumerate(web.nodes)}

    def behind(number: int) -> list[tuple[int, float]]:
        whole = sum(part for _, part in web.edges[number])
        return [(place[other], part / whole) for other, part in web.edges[number]]

    for share, way in ways(behind, lambda number: web.nodes[number] in last, least, _TRIED):
        yield share, tuple(web.nodes[number] for number in way)


def penetrate(
    trace: Trace,
    controlled_by: str | None = None,
    *,
    as_of: Moment | None = None,
    holdings: str = "frontier",
) -> Penetration:
    """Look through where traced money stands: products to what they hold, companies to who owns them.

    Money in a company's account stands with those who own it in the end, in proportion to their integrated
    shares; with a party under the control of the one asked about it stands whole, and no further owners of
    that party are looked for. So of money in a company that is not controlled, that part stands with the
    controller's group which the group's stakes in it are.

    Parameters
    ----------
    trace
        A trace, forward, by account, under a rule that says how much of the seed each transfer carries.
    controlled_by
        A party (id, or a name that only one has): how much stands with it and those it controls, see
        :func:`graphflow.controls`. None: with whom the money stands, whoever controls.
    as_of
        The date of stakes, control and holdings; None means the last moment of which the case knows anything.
    holdings
        When money in the account of a product is looked through by what the product holds:
        ``"frontier"``: where the trail of transfers ends because the account's statement is not in the case
        (what is traced as still in the account is the product's cash); ``"always"``: also what is still in
        the account, as a claim on all that the product holds; ``"never"``.

    Returns
    -------
    Penetration
        With `standing`, `total`, `chains`, `notes`.

    Raises
    ------
    UsageError
        For a party that is not there, a trace that was asked backward, by party or under ``poison``.
    InputError
        Where more comes back round a ring of stakes than went into it.

    References
    ----------
    国办发〔2016〕21号: 透过表面判定业务本质属性; the measures are those of :func:`graphflow.owners`,
    :func:`graphflow.controls` and :func:`graphflow.look_through`.

    Examples
    --------
    >>> import graphflow as gf
    >>> from graphflow.synthesis import holders
    >>> found = gf.penetrate(gf.trace(holders.j1(), "account:i1,account:i2"), "X")
    >>> found.total, found.seed
    (27500000, 100000000)
    """
    given: object = trace
    if not isinstance(given, Trace):
        what = N_("this is no trace: ask `trace` first, and hand its answer on")
        raise UsageError(Problem("trace", what, {}, type(given).__name__))
    for wrong, said, what in (
        (trace.backward, "backward", N_("it is looked through where money went, not where it came from")),
        (not trace.attributes, trace.rule, N_("this rule does not say how much of the seed stands where")),
        (
            trace.parameters.get("by") == "party",
            "party",
            N_("by party, accounts of products are not told apart"),
        ),
    ):  # fmt: skip
        if wrong:
            raise UsageError(Problem("trace", what, {}, said, N_("a trace forward, by account")))
    if holdings not in HOLDINGS:
        raise UsageError(
            Problem("holdings", N_("there is no such choice"), {}, holdings, ", ".join(HOLDINGS))
        )
    positions = positions_of(trace.case, as_of)
    controller, certain, possible = None, frozenset[str](), frozenset[str]()
    if controlled_by is not None:
        stakes = positions.stakes
        number = party_number(stakes, controlled_by, "controlled_by")
        controller = stakes.name(number)
        ties = ties_of(stakes)
        starts = ties.together(number)
        certain, possible = (
            frozenset(stakes.name(each) for each in ties.under(starts, possible=maybe)[0])
            for maybe in (False, True)
        )
    return Penetration(trace, positions, controller, certain, possible, holdings)
