"""Looking through a product: its layers, investors and assets in the end, leverage, maturities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.ownership.controlling import group_of, ties_of
from graphflow.ownership.stakes import last_moment, party_number
from graphflow.products.crossing import apportioned, crossed
from graphflow.products.leaves import fee_stack, related_assets, restricted_assets, summed
from graphflow.products.positions import DAY, VEHICLES, Key, Positions, micros, positions_of, records
from graphflow.products.rolling import Rollover, realised_rollover
from graphflow.products.webs import Edges, Web
from graphflow.rows import Moment, local_time, with_names
from graphflow.tables.columns import EVER

if TYPE_CHECKING:
    from graphflow.case import Case

BUCKETS = (
    ("0-1", 1), ("2-7", 7), ("8-30", 30), ("31-90", 90), ("91-180", 180), ("181-365", 365), (">365", None),
)  # fmt: skip
"""The ladder's buckets and the last day of each."""

OVERDUE, NO_DATE = "overdue", "no date"
"""The ladder's first row and its last: what was due on a day before the date, and what has none."""

ON_DEMAND = 1
"""Days after which money can be had that may be asked back at any time."""

HALF = Fraction(1, 2)
"""From this part of a product on, its assets are consolidated whole."""

MOST_CELLS = 20_000_000
"""Rows that the matrix of investors by assets may have."""

PASSES_ON = "passes_on"
"""The ground of a company that is no layer: it only passes money on, which is inferred."""


@dataclass(frozen=True)
class LookThrough:
    """A product looked through, at a date.

    Attributes
    ----------
    product_id
        The product.
    depth, depth_total
        Layers of products below it, and with companies and partnerships that only pass money on; None where
        it is part of a ring.
    layers
        Frame: the products and companies below it: `id`, `kind`, `name`, `depth`, `counts` (whether it is a
        layer), `ground` (why not; ``passes_on`` of a company is inferred: no revenue or debt of it is known).
    rings
        Ids of products and companies that hold themselves through others.
    investors
        Frame, one row a person, operating company or exempt vehicle, once: `party_id` (missing for owners who
        are not known), `kind`, `share` (of what is subscribed), `amount` (of `total`, minor units),
        `qualified` (true where all its subscriptions to these products say so).
    investor_count, investor_count_cumulative, project_investor_count
        Of those with money in it now, ever, and over all products that serve the same project.
    nominal_count
        Of those who subscribed to it directly.
    unknown_vehicles
        Vehicles among the investors of which nobody is known to hold anything: the count is at least so high.
    assets
        Frame: `asset_id`, `asset_kind`, `weight`, `amount` (of the product's holdings, minor units),
        `borrower_id`, `end`; the weights sum to one.
    total
        What it holds, in minor units; where no holding is known, what is subscribed.
    borrowers
        Frame: `borrower_id`, `weight`, `group` (its ultimate controllers, itself without one), `group_weight`
        (of all borrowers under them, also where a borrower is the controller itself).
    matrix
        Frame, one row an investor and an asset: `party_id`, `kind`, `asset_id`, `asset_kind`, `share`,
        `amount`.
    leverage
        Frame with one row: `nominal`, `proportional`, `consolidated`: total over net assets; missing where
        net assets are.
    ladder
        Frame: `bucket` (days), `assets`, `liabilities`, `gap`, `cumulative_gap`, `gap_ratio`,
        `rollover_dependency`; the first row is what is overdue, the last one what has no date.
    overdue
        Frame, one row each for ``assets`` and ``liabilities`` (`side`): what was due on a day before the date
        and is still there: `count`, `amount`, `longest` (days since, of the oldest; missing without any).
    wam_assets, wam_liabilities
        Mean days to maturity, weighted by amount; None where nothing has a date. Overdue assets are in no
        mean, overdue liabilities count as due at once.
    """

    positions: Positions = field(repr=False)
    product_id: str

    # ------------------------------------------------------------ layers

    def _below(self, node: Key) -> Edges:
        """What a product or a passing company holds; the same whether holdings or subscriptions say so."""
        p = self.positions
        kind, name = node
        found: dict[Key, int] = {}
        if kind == "product":
            rows = p.held.get(name)
            for row in records(rows) if rows is not None else ():
                other = self._asset(row)
                found[other] = found.get(other, 0) + int(row["amount"])
        rows = (
            p.bought_by.get(name) if kind == "party" or (kind == "product" and name in p.products) else None
        )
        if rows is not None:
            for row in records(rows):
                other = ("product", str(row["product_id"]))
                if kind == "party" or other not in found:  # a holding that is known from the other side only
                    found[other] = found.get(other, 0) + int(row["amount"])
        if not found and kind == "product":
            return [(("unknown", name), 1)]
        return list(found.items())

    def _asset(self, row: Mapping[str, Any]) -> Key:
        name = str(row["asset_id"])
        if row["asset_kind"] == "product":
            return "product", name
        if row["asset_kind"] == "equity" and self.positions.passes_on(name):
            return "party", name
        return f"asset:{row['asset_kind']}", name

    @cached_property
    def _down(self) -> Web:
        return Web.grown(
            ("product", self.product_id), lambda n: self._below(n) if n[0] in ("product", "party") else []
        )

    def _ground(self, product: str) -> str:
        """Why a product is no layer, or nothing."""
        return ground_of(self.positions.products.get(product, {}), self.positions.law["product_layers"])

    def _exempt(self, product: str, field: str) -> bool:
        """Whether its kind, or what is stated of it, makes a product no layer."""
        rules = [rule for rule in self.positions.law["product_layers"] if rule["field"] == field]
        return bool(ground_of(self.positions.products.get(product, {}), rules))

    def _counts(self, node: Key, companies: bool) -> bool:
        """Whether what a node holds stands a layer below it."""
        kind, name = node
        return companies if kind == "party" else not self._exempt(name, "exempt")

    def _step(self, node: Key, other: Key, companies: bool) -> int | None:
        """How many layers one lies below the other; None of what is no product that counts."""
        if other[0] not in ("product", "party") or (other[0] == "product" and self._exempt(other[1], "kind")):
            return None
        if other[0] == "party":  # a company in between is a layer of its own, or none
            return int(companies)
        return int((node[0] == "party" and not companies) or self._counts(node, companies))

    @cached_property
    def _depths(self) -> Mapping[bool, Mapping[Key, int]]:
        """Layers below each product, counted on what is left when rings are taken together.

        Without companies that pass money on, and with them.
        """
        return {companies: self._layers_below(companies) for companies in (False, True)}

    def _layers_below(self, companies: bool) -> dict[Key, int]:
        web = self._down
        depth: dict[int, int] = {}
        by_ring: dict[int, list[int]] = {}
        for place, ring in enumerate(web.rings.tolist()):
            by_ring.setdefault(ring, []).append(place)
        number = {node: place for place, node in enumerate(web.nodes)}
        for ring in sorted(by_ring):
            most = 0
            for place in by_ring[ring]:
                node = web.nodes[place]
                for other, _ in web.edges[place]:
                    below, more = int(web.rings[number[other]]), self._step(node, other, companies)
                    if below != ring and more is not None:
                        most = max(most, depth[below] + more)
            depth[ring] = most
        return {node: depth[int(web.rings[place])] for node, place in number.items()}

    @property
    def rings(self) -> list[str]:
        """Ids of what holds itself through others."""
        return [name for _, name in self._down.ring_members()]

    @property
    def rings_apart(self) -> list[frozenset[Key]]:
        """The same, each ring by itself."""
        web = self._down
        found: dict[int, set[Key]] = {}
        members = set(web.ring_members())
        for node, ring in zip(web.nodes, web.rings.tolist(), strict=True):
            if node in members:
                found.setdefault(ring, set()).add(node)
        return [frozenset(each) for each in found.values()]

    @property
    def below(self) -> list[Key]:
        """Itself, and everything that it holds through any number of steps."""
        return list(self._down.nodes)

    @property
    def held_directly(self) -> list[tuple[Key, int]]:
        """What it holds itself, with its amount in minor units."""
        return list(self._down.edges[0])

    @property
    def depth(self) -> int | None:
        """Layers of products below it; None in a ring."""
        return None if self.product_id in self.rings else self._depths[False]["product", self.product_id]

    @property
    def depth_total(self) -> int | None:
        """The same with companies and partnerships that only pass money on; None in a ring."""
        return None if self.product_id in self.rings else self._depths[True]["product", self.product_id]

    def steps(self, layers: int) -> pd.DataFrame:
        """The steps down that lie on ways with more than so many layers of products.

        Parameters
        ----------
        layers
            How many layers are not too many.

        Returns
        -------
        pandas.DataFrame
            One row a step: `holder_kind`, `holder`, `held_kind`, `held` (``product`` or ``party``, and its
            id), `layer` (how many layers the held lies below this product, on the way with the most). A ring
            counts as one place.
        """
        web, depths = self._down, self._depths[False]
        number = {node: place for place, node in enumerate(web.nodes)}
        rings = web.rings.tolist()
        down = {rings[place]: depths[node] for node, place in number.items()}
        above = {rings[0]: 0}
        ways = [
            (rings[place], rings[number[other]], node, other, more)
            for place, node in enumerate(web.nodes)
            for other, _ in web.edges[place]
            if (more := self._step(node, other, False)) is not None
        ]
        for ring, below, _, _, more in sorted(ways, key=lambda way: -way[0]):  # holders before what they hold
            if below != ring and ring in above:
                above[below] = max(above.get(below, 0), above[ring] + more)
        rows = [
            {"holder_kind": node[0], "holder": node[1], "held_kind": other[0], "held": other[1],
             "layer": above[below]}
            for ring, below, node, other, more in ways
            if ring in above and above[ring] + (more if below != ring else 0) + down[below] > layers
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["holder_kind", "holder", "held_kind", "held", "layer"])

    @property
    def layers(self) -> pd.DataFrame:
        """The products and passing companies below it, each with its own depth."""
        depths = self._depths[False]
        rows = []
        for node in self._down.nodes:
            kind, name = node
            if kind not in ("product", "party"):
                continue
            given = self.positions.products.get(name, {}) if kind == "product" else {}
            ground = self._ground(name) if kind == "product" else PASSES_ON
            rows.append({"id": name, "kind": given.get("kind", kind), "name": given.get("name"),
                         "depth": depths[node], "counts": not ground, "ground": ground})  # fmt: skip
        return pd.DataFrame(rows, columns=["id", "kind", "name", "depth", "counts", "ground"])

    # ------------------------------------------------------------ investors

    def _above(self, node: Key, ever: bool) -> Edges:
        """Who put money into a product, or holds a vehicle; nobody for whom the look stops."""
        p = self.positions
        kind, name = node
        if kind == "product":
            if name != self.product_id and ground_of(p.products.get(name, {}), p.law["investor_counts"]):
                return []
            rows = (p.sold_ever if ever else p.sold).get(name)
            if rows is None:
                return []
            summed = rows.groupby("investor_id")["amount"].sum()
            return [(self._investor(str(who)), int(amount)) for who, amount in summed.items()]
        if kind != "party" or not self._is_vehicle(name):
            return []
        parts, rest = p.stakes.owners_of(party_number(p.stakes, name))
        found: dict[Key, int] = {("party", owner): part for owner, part in parts.items()}
        if found and rest:
            found["unknown", name] = rest
        return list(found.items())

    def _investor(self, who: str) -> Key:
        return ("product", who) if who in self.positions.products else ("party", who)

    def _is_vehicle(self, party: str) -> bool:
        if party in self.positions.whole:
            return False
        kind = self.positions.party_kinds.get(party, "")
        return kind in VEHICLES or (kind == "company" and self.positions.passes_on(party))

    @cached_property
    def _up(self) -> Web:
        return Web.grown(("product", self.product_id), lambda node: self._above(node, False))

    @cached_property
    def _up_ever(self) -> Web:
        return Web.grown(("product", self.product_id), lambda node: self._above(node, True))

    @cached_property
    def investors(self) -> pd.DataFrame:
        """Who has money in it in the end, each once."""
        web = self._up
        said = self._qualified(web)
        rows: list[dict[str, Any]] = []
        unknown = 0.0
        for (kind, name), share in web.parts().items():
            if (kind, name) == web.nodes[0]:
                continue
            if kind == "unknown":
                unknown += share
                continue
            label = self.positions.party_kinds.get(name, "") if kind == "party" else kind
            rows.append(
                {"party_id": name, "kind": label, "share": share, "qualified": said.get((kind, name))}
            )
        rows.sort(key=lambda row: (-row["share"], row["party_id"]))
        if unknown > 0:
            rows.append({"party_id": None, "kind": "unknown", "share": unknown, "qualified": None})
        frame = pd.DataFrame(rows, columns=["party_id", "kind", "share", "qualified"])
        frame.insert(3, "amount", apportioned(self.total, frame["share"].tolist()))
        return frame

    def _qualified(self, web: Web) -> dict[Key, bool | None]:
        rows = self.positions.subscriptions
        if "qualified" not in rows:
            return {}
        mine = rows[rows["product_id"].isin([name for kind, name in web.nodes if kind == "product"])]
        found: dict[Key, bool | None] = {}
        for who, values in mine.groupby("investor_id")["qualified"]:
            known = values.dropna()
            found[self._investor(str(who))] = bool(known.all()) if len(known) == len(values) else None
        return found

    @staticmethod
    def _ends(web: Web) -> set[Key]:
        """Who stands at the end of a web of investors, each once; owners who are not known are nobody."""
        return {
            node
            for node, behind in zip(web.nodes, web.edges, strict=True)
            if not behind and node[0] in ("party", "product") and node != web.nodes[0]
        }

    def registers(self, *, ever: bool = False) -> pd.DataFrame:
        """The entries of every register that counting its investors reads: its own, and those behind it.

        Parameters
        ----------
        ever
            Also what was paid back.

        Returns
        -------
        pandas.DataFrame
            One row an entry: `register_kind`, `register` (a product or a vehicle), `kind`, `id` (who is in
            it), `end` (whether the look stops there: those count, each once); owners who are not known have
            no row.
        """
        return registers_of(self._up_ever if ever else self._up)

    @property
    def investor_count(self) -> int:
        """How many have money in it in the end, each once."""
        return len(self._ends(self._up))

    @property
    def investor_count_cumulative(self) -> int:
        """How many ever had."""
        return len(self._ends(self._up_ever))

    @property
    def nominal_count(self) -> int:
        """How many subscribed directly."""
        rows = self.positions.sold.get(self.product_id)
        return 0 if rows is None else int(rows["investor_id"].nunique())

    @property
    def project_products(self) -> list[str]:
        """The products that serve the same financing project, this one among them."""
        project = self.positions.products.get(self.product_id, {}).get("project")
        if not project:
            return [self.product_id]
        return [name for name, row in self.positions.products.items() if row.get("project") == project]

    @property
    def project_investor_count(self) -> int:
        """How many have money in any product of the same project, each once."""
        others = [LookThrough(self.positions, name) for name in self.project_products]
        return len(set().union(*(self._ends(each._up) for each in others)))

    @property
    def unknown_vehicles(self) -> list[str]:
        """Vehicles of which no holder is known: each counts as one, and is at least one."""
        return [
            name for kind, name in self._up.nodes
            if kind == "party" and (kind, name) in self._ends(self._up) and self._is_vehicle(name)
        ]  # fmt: skip

    # ------------------------------------------------------------ assets

    @property
    def total(self) -> int:
        """What it holds, in minor units; where no holding is known, what is subscribed."""
        rows = self.positions.held.get(self.product_id)
        rows = self.positions.sold.get(self.product_id) if rows is None else rows
        return int(rows["amount"].sum()) if rows is not None else 0

    @cached_property
    def assets(self) -> pd.DataFrame:
        """What its money is in, in the end; the weights sum to one."""
        details = self._details()
        rows = []
        for (kind, name), weight in self._down.parts().items():
            label = kind.removeprefix("asset:") if kind.startswith("asset:") else kind
            borrower, end = details.get((kind, name), (None, None))
            rows.append(
                {"asset_id": name, "asset_kind": label, "weight": weight, "borrower_id": borrower, "end": end}
            )
        frame = pd.DataFrame(rows, columns=["asset_id", "asset_kind", "weight", "borrower_id", "end"])
        frame = frame.sort_values(["weight", "asset_id"], ascending=[False, True], ignore_index=True)
        frame.insert(3, "amount", apportioned(self.total, frame["weight"].tolist()))
        return frame

    @cached_property
    def matrix(self) -> pd.DataFrame:
        """Whose money is in what, in the end: investors by assets, ``S (I - N)^-1 A``.

        All of a product's investors are in the same assets: a share of the one times a weight of the other.
        `amount` adds up to the unit both ways, to the investor's in `investors` and to the asset's in
        `assets`: each is the product of the two over `total`, rounded down, or one more (`crossed`).
        Where no investor is known there is one row of them, which is missing.

        Raises
        ------
        UsageError
            Where it would have more than `MOST_CELLS` rows: `cross` sums what is beyond the greatest.
        """
        return self.cross()

    def cross(self, investors: int | None = None, assets: int | None = None) -> pd.DataFrame:
        """The matrix of so many investors and assets with the greatest shares, the others as one of each.

        Parameters
        ----------
        investors, assets
            How many of each have rows of their own; None for all. The rest has `kind` (and `asset_kind`)
            ``others``, and adds up with them.

        Returns
        -------
        pandas.DataFrame
            As `matrix`: `party_id`, `kind`, `asset_id`, `asset_kind`, `share`, `amount`.

        Raises
        ------
        UsageError
            For more rows than can be held at once.
        """
        who = self.investors[["party_id", "kind", "share", "amount"]]
        what = self.assets[["asset_id", "asset_kind", "weight", "amount"]]
        if who.empty:
            who = pd.DataFrame([[None, "unknown", 1.0, self.total]], columns=who.columns)
        who, what = _with_others(who, investors), _with_others(what, assets)
        if len(who) * len(what) > MOST_CELLS:
            raise UsageError(
                Problem(
                    "matrix",
                    N_("{investors} investors by {assets} assets are more rows than {most}"),
                    {"investors": len(who), "assets": len(what), "most": MOST_CELLS},
                    expected="cross(investors=100, assets=100)",
                )
            )
        rows, columns = np.indices((len(who), len(what))).reshape(2, -1)
        amounts = crossed(who["amount"].tolist(), what["amount"].tolist())
        share, weight = who["share"].to_numpy(float), what["weight"].to_numpy(float)
        return pd.DataFrame({
            "party_id": who["party_id"].to_numpy(object)[rows], "kind": who["kind"].to_numpy(object)[rows],
            "asset_id": what["asset_id"].to_numpy(object)[columns],
            "asset_kind": what["asset_kind"].to_numpy(object)[columns],
            "share": share[rows] * weight[columns], "amount": amounts.reshape(-1),
        })  # fmt: skip

    @cached_property
    def related_assets(self) -> pd.DataFrame:
        """Each asset in the end with whether its debtor is related to those who run the products.

        Frame: `asset_id`, `asset_kind`, `party_id` (who owes it: the borrower of the holding, else of the
        loan; of equity the company), `weight`, `amount`, `related` (``yes``, ``disputed``, ``no``;
        ``unknown`` where no debtor is stated, or nobody who runs the product), `to` (the issuers and managers
        it is related to: of this product and of those below it), `basis` (the rules, as `gf.related` names
        them; ``same``: it is one of them).
        """
        names = [name for kind, name in self._down.nodes if kind == "product"]
        return related_assets(self.positions, names, self.assets)

    @property
    def related_shares(self) -> pd.DataFrame:
        """The same summed: `related`, `assets` (how many), `weight`, `amount`; adds up to all assets."""
        return summed(self.related_assets, ["related"])

    @cached_property
    def restricted_assets(self) -> pd.DataFrame:
        """Each asset in the end with its debtor's sector and the row of law that restricts it.

        The rows are those in force at the date; where no date was asked about, as they were last.

        Frame: `asset_id`, `asset_kind`, `party_id`, `weight`, `amount`, `sector`, `restricted` (``yes``,
        ``no``; ``unknown`` where no sector of a debtor is stated), `article`, `since`, `mark`.
        """
        return restricted_assets(self.positions, self.assets)

    @property
    def restricted_shares(self) -> pd.DataFrame:
        """The same summed by sector: `sector`, `article`, `since`, `mark`, `restricted`, `assets`, `weight`,
        `amount`; adds up to all assets.
        """
        return summed(self.restricted_assets, ["sector", "article", "since", "mark", "restricted"])

    @property
    def distances(self) -> Mapping[Key, int]:
        """How many steps each product, company and asset lies below it, on the shortest way."""
        web = self._down
        found = {web.nodes[0]: 0}
        for node, below in zip(web.nodes, web.edges, strict=True):
            for other, _ in below:
                found.setdefault(other, found[node] + 1)
        return found

    @cached_property
    def fees(self) -> pd.DataFrame:
        """The fees paid along the layers, and the part of them that falls on it.

        Frame, one row a layer and currency, this product first: `id`, `kind`, `depth`, `currency`, `fees`
        (all that the layer's accounts paid up to the date, in minor units; missing where no account of it is
        in the case), `part` (what of the layer is this product's: of its net assets, else of what it holds),
        `amount` (that part of the fees, rounded to the unit), `rate` (over `total`), `ground` (why `part` is
        missing, else missing itself: ``ring``, the layer is in a ring that holds all of itself, what comes
        into that goes round without end, and no part of it is anybody's; ``unknown_holdings``, neither its
        net assets nor what it holds are known). The stack is the sum of `amount`: what the layers without a
        part have paid stands in `fees` and is in no sum. Fees are those paid by transfers; the tables have no
        rates of fees.
        """
        web, distances = self._down, self.distances
        nodes = []
        for node, passes, below, last in zip(web.nodes, web.passes, web.edges, web.last, strict=True):
            if node[0] in ("product", "party"):
                net = self._net(node[1]) if node[0] == "product" else None
                held = sum(amount for other, amount in below if other[0] != "unknown")
                # one that holds something and is last all the same is in a ring that nothing leaves
                comes = None if last and below else float(passes)
                nodes.append((node, distances[node], comes, net or held or None))
        return fee_stack(self.positions, nodes, self.total)

    @property
    def fee_rate(self) -> float | None:
        """The fees whose part is known, of all layers, over what it holds; None where none is known."""
        rates = self.fees["rate"].dropna()
        return float(rates.sum()) if len(rates) else None

    def _details(self) -> dict[Key, tuple[str | None, Any]]:
        found: dict[Key, tuple[str | None, Any]] = {}
        for row in records(self.positions.holdings):
            borrower = row.get("borrower_id")
            end = row.get("end")
            found[self._asset(row)] = (
                None if borrower is None or pd.isna(borrower) else str(borrower),
                None if end is None or pd.isna(end) else end,
            )
        return found

    @property
    def borrowers(self) -> pd.DataFrame:
        """Whom its money is lent to, in the end; those under one ultimate controller stand together."""
        rows = self.assets.dropna(subset=["borrower_id"])
        summed = rows.groupby("borrower_id")["weight"].sum()
        frame = pd.DataFrame({"borrower_id": summed.index.astype(str), "weight": summed.to_numpy()})
        frame["group"] = [self._group(each) for each in frame["borrower_id"]]
        frame["group_weight"] = frame.groupby("group")["weight"].transform("sum")
        frame = frame.astype({"borrower_id": "str", "group": "str", "weight": float, "group_weight": float})
        return frame.sort_values(
            ["group_weight", "group", "weight", "borrower_id"], ascending=[False, True, False, True],
            ignore_index=True,
        )  # fmt: skip

    def _group(self, party: str) -> str:
        """The ultimate controllers of a party, all of them where they are several; itself without one."""
        stakes = self.positions.stakes
        tops, _ = group_of(ties_of(stakes), party_number(stakes, party))
        return ", ".join(sorted(stakes.name(top) for top in tops))

    # ------------------------------------------------------------ leverage

    def _net(self, product: str) -> int | None:
        value = self.positions.products.get(product, {}).get("net_assets")
        return int(value) if value else None

    def _total(self, product: str) -> int | None:
        value = self.positions.products.get(product, {}).get("total_assets")
        if value:
            return int(value)
        held = self.positions.held.get(product)
        return int(held["amount"].sum()) if held is not None else None

    @cached_property
    def leverages(self) -> Mapping[str, Fraction | None]:
        """What `leverage` has, exactly, by name."""
        net, total = self._net(self.product_id), self._total(self.product_id)
        found: dict[str, Fraction | None] = dict.fromkeys(("nominal", "proportional", "consolidated"))
        if net and total:
            found["nominal"] = Fraction(total, net)
            for name, whole in (("proportional", False), ("consolidated", True)):
                value = self._looked_through(self.product_id, whole, {})
                found[name] = None if value is None else value / net
        return found

    @cached_property
    def leverage(self) -> pd.DataFrame:
        """Total over net assets: as stated, sub-products in proportion, those held by half whole."""
        row = {name: None if value is None else float(value) for name, value in self.leverages.items()}
        return pd.DataFrame([row], columns=list(row)).astype(float)

    def _looked_through(
        self, product: str, whole: bool, known: dict[str, Fraction | None]
    ) -> Fraction | None:
        """Total assets, those of sub-products in place of units; None where a figure is missing."""
        if product in known:
            return known[product]
        known[product] = None  # a ring has no such figure
        total = self._total(product)
        if total is None:
            return None
        value = Fraction(total)
        held = self.positions.held.get(product)
        units = held[held["asset_kind"] == "product"] if held is not None else None
        for name, amount in units.groupby("asset_id")["amount"].sum().items() if units is not None else ():
            net, below = self._net(str(name)), self._looked_through(str(name), whole, known)
            if net is None or below is None:
                return None
            part = Fraction(int(amount), net)
            value += (below if whole and part >= HALF else part * below) - int(amount)
        known[product] = value
        return value

    # ------------------------------------------------------------ maturity

    def _days(self, time: Any) -> int | None:
        """Days until a time, less than nothing where its day is over; None where it is empty."""
        if time is None or pd.isna(time):
            return None
        return self._days_until(int(pd.Timestamp(time).value // 1000))

    def _days_until(self, moment: int) -> int:
        over = (self.positions.day - self.positions.local_day(moment)).days
        return -over if over > 0 else max(-((self.positions.at - moment) // DAY), 0)

    @cached_property
    def _asset_days(self) -> list[tuple[int | None, int]]:
        rows = []
        for row in records(self.assets):
            days = 0 if row["asset_kind"] == "cash" else self._days(row["end"])
            rows.append((days, int(row["amount"])))
        return rows

    @cached_property
    def _liability_days(self) -> list[tuple[int | None, int]]:
        rows = self.positions.sold.get(self.product_id)
        given = self.positions.products.get(self.product_id, {})
        if rows is None:  # of an open product all may be asked back, whoever holds it
            net = self._net(self.product_id)
            return [(ON_DEMAND, net)] if net and net > 0 and given.get("open_type") == "open" else []
        without = self._days_of_all(given)
        found = []
        due = micros(rows["due"]) if "due" in rows else np.full(len(rows), int(EVER))
        days = {when: self._days_until(when) for when in set(due.tolist()) - {int(EVER)}}
        for when, amount in zip(due.tolist(), rows["amount"].tolist(), strict=True):
            found.append((days.get(when, without), int(amount)))
        return found

    def _days_of_all(self, given: Mapping[str, Any]) -> int | None:
        """Days until money may be asked back of which no subscription says it."""
        opens, ends = self._days(given.get("next_open")), self._days(given.get("end"))
        if opens is not None and opens >= 0:
            return opens
        # READING: a next opening that is over is no debt that was not paid: the one after it is not stated
        if given.get("open_type") == "open" and (ends is None or (opens is not None and ends >= 0)):
            return ON_DEMAND
        return ends

    @property
    def maturities(self) -> pd.DataFrame:
        """What comes due when, position by position: what `ladder` sums.

        Frame: `side` (``assets``, ``liabilities``), `kind` (of an asset), `days` (less than nothing: overdue;
        missing: no date), `amount`.
        """
        kinds = self.assets["asset_kind"].tolist()
        rows = [("assets", kind, *due) for kind, due in zip(kinds, self._asset_days, strict=True)]
        rows += [("liabilities", None, *due) for due in self._liability_days]
        frame = pd.DataFrame(rows, columns=["side", "kind", "days", "amount"])
        return frame.astype({"days": "Int64", "amount": "int64"})

    @cached_property
    def overdue(self) -> pd.DataFrame:
        """What was due on a day before the date and is still there, on both sides.

        Examples
        --------
        >>> from graphflow.synthesis import holders
        >>> look_through(holders.p5(), "W", "2024-09-01").overdue.values.tolist()
        [['assets', 1, 3000, 4], ['liabilities', 2, 10000, 154]]
        """
        rows: list[dict[str, Any]] = []
        for side, due in (("assets", self._asset_days), ("liabilities", self._liability_days)):
            late = [(-days, amount) for days, amount in due if days is not None and days < 0]
            rows.append({
                "side": side, "count": len(late), "amount": sum(amount for _, amount in late),
                "longest": max((days for days, _ in late), default=None),
            })  # fmt: skip
        return pd.DataFrame(rows).astype({"longest": "Int64"})

    @cached_property
    def ladder(self) -> pd.DataFrame:
        """What comes due when, on both sides, and what is lacking by then.

        What is overdue stands in a row of its own. An overdue asset did not come when it was due, and nobody
        knows when it will: no gap up to a bucket counts it, and no mean. An overdue liability is to be paid
        at once: every gap up to a bucket counts it.
        """
        sides = []
        for rows in (self._asset_days, self._liability_days):
            sums = [0] * (len(BUCKETS) + 2)
            for days, amount in rows:
                sums[_bucket(days)] += amount
            sides.append(sums)
        out = []
        assets = liabilities = 0
        for place, name in enumerate((OVERDUE, *(name for name, _ in BUCKETS), NO_DATE)):
            own, owed = sides[0][place], sides[1][place]
            row: dict[str, Any] = {"bucket": name, "assets": own, "liabilities": owed, "gap": own - owed}
            if name != NO_DATE:
                assets, liabilities = assets + (own if name != OVERDUE else 0), liabilities + owed
                row["cumulative_gap"] = assets - liabilities
                row["gap_ratio"] = (assets - liabilities) / assets if assets else np.nan
                row["rollover_dependency"] = (
                    max(0, liabilities - assets) / liabilities if liabilities else np.nan
                )
            out.append(row)
        columns = [
            "bucket",
            "assets",
            "liabilities",
            "gap",
            "cumulative_gap",
            "gap_ratio",
            "rollover_dependency",
        ]
        return pd.DataFrame(out, columns=columns).astype({"cumulative_gap": "Int64"})

    @property
    def wam_assets(self) -> float | None:
        """Mean days to maturity of what it holds and is not overdue, weighted by amount."""
        return _mean((days, amount) for days, amount in self._asset_days if days is None or days >= 0)

    @property
    def wam_liabilities(self) -> float | None:
        """Mean days until its investors can have their money, weighted by amount; at once what is overdue."""
        rows = self._liability_days
        return _mean((None if days is None else max(days, 0), amount) for days, amount in rows)

    @property
    def wam_gap(self) -> float | None:
        """By how many days its assets are longer."""
        if self.wam_assets is None or self.wam_liabilities is None:
            return None
        return self.wam_assets - self.wam_liabilities

    def realised_rollover(
        self,
        rule: str = "fifo",
        *,
        currency: str | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> Rollover:
        """What part of its redemptions was, traced backward, the money of new subscriptions.

        The transfers that paid its redemptions (those that its subscriptions name, else those from its own
        accounts that name it) are traced under a rule. Each piece of money counts at the first subscription
        transfer that it comes to on its way back, of this product or of another of the same issuer; what
        comes to none counts where the trace ends, and where that is the end of what is known, it is untold.

        Parameters
        ----------
        rule
            ``"fifo"``, ``"lifo"`` or ``"prorata"``.
        currency
            Of the redemptions, where they are in several.
        since, until
            The period of the redemptions, inclusive; what came in before it is not looked at. None: up to the
            date of the look.

        Returns
        -------
        Rollover
            By source of the money: `sources`, which add up to `redeemed`; `share`, `share_issuer`, `untold`.

        Raises
        ------
        UsageError
            Where nothing was redeemed in the period, or no transfer is known that paid it, and what would
            help; where the rule does not say whose money was paid; for redemptions in several currencies.

        References
        ----------
        The design's measure of realised roll-over: the share of redemptions traced to new subscriptions.

        Examples
        --------
        >>> from graphflow.synthesis import holders
        >>> look_through(holders.p6(), "F").realised_rollover().share
        0.75
        """
        if until is None and self.positions.at < last_moment(self.positions.case.tables):
            until = local_time(self.positions.at, self.positions.case.tables.timezone).isoformat()
        return realised_rollover(
            self.positions, self.product_id, rule=rule, currency=currency, since=since, until=until
        )

    @property
    def rollover_dependency(self) -> dict[str, float]:
        """The part of what falls due by each bucket's end that new money must pay."""
        return dict(zip(self.ladder["bucket"][:-1], self.ladder["rollover_dependency"][:-1], strict=True))

    def __repr__(self) -> str:
        depth = "ring" if self.depth is None else self.depth
        counts = f"{self.investor_count} investors, {len(self.assets)} assets"
        return f"<LookThrough {self.product_id}: depth {depth}, {counts}>"


def registers_of(web: Web) -> pd.DataFrame:
    """The entries of the registers of a web of investors; see `LookThrough.registers`."""
    ends = LookThrough._ends(web)
    rows = [
        (*node, *other, other in ends)
        for node, behind in zip(web.nodes, web.edges, strict=True)
        for other, _ in behind
        if other[0] in ("party", "product")
    ]
    frame = pd.DataFrame(rows, columns=["register_kind", "register", "kind", "id", "end"])
    return frame.astype({"end": bool})


def vehicle_registers(positions: Positions, party: str) -> pd.DataFrame:
    """The entries of the registers of a partnership's, fund's or trust's holders, and of those behind them.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> int(vehicle_registers(positions_of(holders.p2()), "LP2")["end"].sum())
    90
    """
    look = LookThrough(positions, "")
    return registers_of(Web.grown(("party", party), lambda node: look._above(node, True)))


def _with_others(frame: pd.DataFrame, most: int | None) -> pd.DataFrame:
    """The first rows of a frame of id, kind, share and amount; the others summed to one."""
    if most is None or len(frame) <= most:
        return frame
    rest = frame.iloc[most:]
    sums = [None, "others", float(rest.iloc[:, 2].sum()), int(rest.iloc[:, 3].sum())]
    rows = [*frame.iloc[:most].to_numpy(object).tolist(), sums]
    return pd.DataFrame(rows, columns=frame.columns)


def ground_of(row: Mapping[str, Any], rules: Iterable[Mapping[str, str]]) -> str:
    """The ground of some rows of law that a product meets, as it is stated of the product; or nothing.

    `product_layers` has what is no layer, `investor_counts` where the count of investors stops: the one does
    not follow from the other.
    """
    for rule in rules:
        value = str(row.get(rule["field"]) or "")
        words = rule["value"].split("|")
        if rule["field"] == "exempt":
            met = bool(value) and ("*" in words or any(word in value.lower() for word in words))
        else:
            met = value in words
        if met:
            return rule["ground"] if rule["field"] == "kind" else value
    return ""


def _bucket(days: int | None) -> int:
    """The row of the ladder: the first what is overdue, the last what has no date."""
    if days is None:
        return len(BUCKETS) + 1
    if days < 0:
        return 0
    return next(place for place, (_, last) in enumerate(BUCKETS, 1) if last is None or days <= last)


def _mean(rows: Iterable[tuple[int | None, int]]) -> float | None:
    known = [(days, amount) for days, amount in rows if days is not None]
    total = sum(amount for _, amount in known)
    return float(Fraction(sum(days * amount for days, amount in known), total)) if total else None


def look_through(case: Case, product: str, as_of: Moment | None = None) -> LookThrough:
    """Look through a product: from its investors in the end to its assets in the end.

    Parameters
    ----------
    product
        Id of a product, or a name that only one has.
    as_of
        The date, of what is held and of the law; None means the last moment of which the case knows anything,
        and the law as it was last.

    Returns
    -------
    LookThrough
        What it comes to, computed as it is asked for: layers (`depth`, `layers`), `investors`, `assets`,
        `borrowers`, `leverage`, `ladder`, `fees`, the shares of related parties and of sectors.

    Raises
    ------
    UsageError
        For a name that no product has, or several; for a date that is none.

    References
    ----------
    关于规范金融机构资产管理业务的指导意见（银发〔2018〕106号）art. 22, 27;
    证券期货经营机构私募资产管理业务管理规定.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> r = look_through(holders.p4(), "W")
    >>> r.leverage.iloc[0].tolist()
    [1.2, 1.6, 2.4]
    """
    positions = positions_of(case, as_of)
    name = product.removeprefix("product:").strip('"')
    if name not in positions.products:
        named = [each for each, row in positions.products.items() if row.get("name") == name]
        if len(named) != 1:
            names = {each: row.get("name") for each, row in positions.products.items()}
            near = [each for each, called in names.items() if name in each or name in (called or "")]
            known = with_names({each: names[each] for each in named or near or names})
            what = N_("several products have this name") if named else N_("no product has this id or name")
            raise UsageError(Problem("product", what, {}, product, known))
        name = named[0]
    return LookThrough(positions, name)


def list_products(case: Case, as_of: Moment | None = None) -> pd.DataFrame:
    """Every product of a case, with its layers and investors.

    Returns
    -------
    pandas.DataFrame
        One row a product: `product_id`, `name`, `kind`, `issuer_id`, `depth`, `depth_total`, `nominal_count`,
        `investor_count`, `wam_gap`.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> list_products(holders.p1())[["product_id", "depth"]].values.tolist()[:2]
    [['W', 2], ['T', 1]]
    """
    positions = positions_of(case, as_of)
    rows = []
    for name, given in positions.products.items():
        r = LookThrough(positions, name)
        rows.append({
            "product_id": name, "name": given.get("name"), "kind": given.get("kind"),
            "issuer_id": given.get("issuer_id"), "depth": r.depth, "depth_total": r.depth_total,
            "nominal_count": r.nominal_count, "investor_count": r.investor_count, "wam_gap": r.wam_gap,
        })  # fmt: skip
    columns = ["product_id", "name", "kind", "issuer_id", "depth", "depth_total", "nominal_count"]
    frame = pd.DataFrame(rows, columns=[*columns, "investor_count", "wam_gap"])
    return frame.astype({"depth": "Int64", "depth_total": "Int64", "wam_gap": float})
