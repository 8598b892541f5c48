"""Looking through a product: its layers, investors and assets in the end, leverage, maturities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.errors import InputError, Problem, UsageError
from graphflow.kernels import shares as kernels
from graphflow.language import N_
from graphflow.law import law
from graphflow.ownership.stakes import EVER, party_number
from graphflow.products.positions import DAY, VEHICLES, Key, Positions, micros, positions_of, records
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

BUCKETS = (
    ("0-1", 1), ("2-7", 7), ("8-30", 30), ("31-90", 90), ("91-180", 180), ("181-365", 365), (">365", None),
)  # fmt: skip
"""The ladder's buckets and the last day of each."""

ON_DEMAND = 1
"""Days after which money can be had that may be asked back at any time."""

HALF = Fraction(1, 2)
"""From this part of a product on, its assets are consolidated whole."""

Edges = list[tuple[Key, int]]


@dataclass(frozen=True)
class Web:
    """What stands behind a node, in one direction: for each node what it consists of, in whole units."""

    nodes: list[Key]
    edges: list[Edges]

    @classmethod
    def grown(cls, start: Key, behind: Callable[[Key], Edges]) -> Web:
        """Everything that is reached from a node."""
        nodes, place, edges = [start], {start: 0}, []
        for node in nodes:
            found = behind(node)
            edges.append(found)
            for other, _ in found:
                if other not in place:
                    place[other] = len(nodes)
                    nodes.append(other)
        return cls(nodes, edges)

    @cached_property
    def arrays(self) -> tuple[Any, Any, Any, Any]:
        """Pointer, others, amounts and wholes, as the kernels take them."""
        place = {node: number for number, node in enumerate(self.nodes)}
        pointer = np.cumsum([0, *(len(each) for each in self.edges)]).astype(np.int64)
        others = np.array([place[other] for each in self.edges for other, _ in each], np.int64)
        amounts = np.array([amount for each in self.edges for _, amount in each], np.int64)
        whole = np.array([max(sum(amount for _, amount in each), 1) for each in self.edges], np.int64)
        return pointer, others, amounts, whole

    @cached_property
    def rings(self) -> Any:
        """The number of each node's ring."""
        pointer, others, _, _ = self.arrays
        return kernels.components(pointer, others)

    def ring_members(self) -> list[Key]:
        """Nodes that stand behind themselves."""
        size = np.bincount(self.rings)
        return [node for node, ring in zip(self.nodes, self.rings, strict=True) if size[ring] > 1]

    def parts(self) -> dict[Key, float]:
        """The part of each last node in the first; what a closed ring keeps is its members'."""
        pointer, others, amounts, whole = self.arrays
        comes = np.zeros(len(self.nodes))
        comes[0] = 1.0
        passes, _, ended = kernels.integrate(pointer, others, amounts, whole, self.rings, comes)
        if ended == kernels.LARGE:
            raise InputError(
                Problem("holdings", N_("a ring of more than {most} products holds itself"),
                        {"most": kernels.LARGEST_RING})
            )  # fmt: skip
        last = np.diff(pointer) == 0
        if ended & kernels.ORPHAN:
            closed = self._closed()
            last = last | closed
        return {
            node: float(value)
            for node, value, end in zip(self.nodes, passes, last, strict=True)
            if end and value > 0
        }

    def _closed(self) -> Any:
        loose = set()
        ring = dict(zip(self.nodes, self.rings.tolist(), strict=True))
        for node, found in zip(self.nodes, self.edges, strict=True):
            if any(ring[other] != ring[node] for other, _ in found) or not found:
                loose.add(ring[node])
        return np.array([number not in loose for number in self.rings.tolist()])


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
        layer), `ground` (why not).
    rings
        Ids of products and companies that hold themselves through others.
    investors
        Frame, one row a person, operating company or exempt vehicle, once: `party_id`, `kind`, `share` (of
        what is subscribed), `qualified` (true where every subscription on the way says so), `ways`.
    investor_count, investor_count_cumulative, project_investor_count
        Of those with money in it now, ever, and over all products that serve the same project.
    nominal_count
        Of those who subscribed to it directly.
    unknown_vehicles
        Vehicles among the investors of which nobody is known to hold anything: the count is at least so high.
    assets
        Frame: `asset_id`, `asset_kind`, `weight`, `amount` (of the product's holdings, minor units),
        `borrower_id`, `end`; the weights sum to one.
    borrowers
        Frame: `borrower_id`, `weight`.
    leverage
        Frame with one row: `nominal`, `proportional`, `consolidated`: total over net assets; missing where
        net assets are.
    ladder
        Frame: `bucket` (days), `assets`, `liabilities`, `gap`, `cumulative_gap`, `gap_ratio`,
        `rollover_dependency`; the last row is what has no date.
    wam_assets, wam_liabilities
        Mean days to maturity, weighted by amount; None where nothing has a date.
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
        row = self.positions.products.get(product, {})
        for rule in law("product_layers"):
            value = row.get(rule["field"])
            if value and rule["value"] in ("*", value):
                return rule["ground"] if rule["field"] == "kind" else str(value)
        return ""

    def _kind_exempt(self, product: str) -> bool:
        kind = self.positions.products.get(product, {}).get("kind")
        return any(rule["field"] == "kind" and rule["value"] == kind for rule in law("product_layers"))

    def _depths(self, companies: bool) -> dict[Key, int]:
        """Layers below each product, counted on what is left when rings are taken together."""
        web = self._down
        depth: dict[int, int] = {}
        by_ring: dict[int, list[int]] = {}
        for place, ring in enumerate(web.rings.tolist()):
            by_ring.setdefault(ring, []).append(place)
        number = {node: place for place, node in enumerate(web.nodes)}
        for ring in sorted(by_ring):
            most = 0
            for place in by_ring[ring]:
                kind, name = web.nodes[place]
                counts = (
                    companies if kind == "party" else not self.positions.products.get(name, {}).get("exempt")
                )
                for other, _ in web.edges[place]:
                    below = int(web.rings[number[other]])
                    if below == ring or other[0] not in ("product", "party"):
                        continue
                    if other[0] == "product" and self._kind_exempt(other[1]):
                        continue
                    if other[0] == "party":  # a company in between is a layer of its own, or none
                        most = max(most, depth[below] + (1 if companies else 0))
                    else:
                        most = max(
                            most, depth[below] + (1 if (kind == "party" and not companies) or counts else 0)
                        )
            depth[ring] = most
        return {node: depth[int(web.rings[place])] for node, place in number.items()}

    @property
    def rings(self) -> list[str]:
        """Ids of what holds itself through others."""
        return [name for _, name in self._down.ring_members()]

    @property
    def depth(self) -> int | None:
        """Layers of products below it; None in a ring."""
        return None if self.product_id in self.rings else self._depths(False)["product", self.product_id]

    @property
    def depth_total(self) -> int | None:
        """The same with companies and partnerships that only pass money on; None in a ring."""
        return None if self.product_id in self.rings else self._depths(True)["product", self.product_id]

    @property
    def layers(self) -> pd.DataFrame:
        """The products and passing companies below it, each with its own depth."""
        depths = self._depths(False)
        rows = []
        for node in self._down.nodes:
            kind, name = node
            if kind not in ("product", "party"):
                continue
            given = self.positions.products.get(name, {}) if kind == "product" else {}
            ground = self._ground(name) if kind == "product" else "passes money on"
            rows.append({"id": name, "kind": given.get("kind", kind), "name": given.get("name"),
                         "depth": depths[node], "counts": not ground, "ground": ground})  # fmt: skip
        return pd.DataFrame(rows, columns=["id", "kind", "name", "depth", "counts", "ground"])

    # ------------------------------------------------------------ investors

    def _above(self, node: Key, ever: bool) -> Edges:
        """Who put money into a product, or holds a vehicle; nobody for whom the look stops."""
        p = self.positions
        kind, name = node
        if kind == "product":
            if name != self.product_id and self._ground(name):
                return []
            rows = p.ever[p.ever["product_id"] == name] if ever else p.sold.get(name)
            if rows is None or not len(rows):
                return []
            summed = rows.groupby("investor_id")["amount"].sum()
            return [(self._investor(str(who)), int(amount)) for who, amount in summed.items()]
        if kind != "party" or not self._is_vehicle(name):
            return []
        stakes = p.stakes
        number = party_number(stakes, name)
        own = slice(int(stakes.pointer[number]), int(stakes.pointer[number + 1]))
        found: dict[Key, int] = {}
        for owner, share in zip(stakes.owners[own].tolist(), stakes.least[own].tolist(), strict=True):
            key = ("party", stakes.name(owner))
            found[key] = found.get(key, 0) + int(share)
        rest = int(stakes.whole[number]) - sum(found.values())
        if found and rest > 0:
            found["unknown", name] = rest
        return list(found.items())

    def _investor(self, who: str) -> Key:
        return ("product", who) if who in self.positions.products else ("party", who)

    def _is_vehicle(self, party: str) -> bool:
        kind = self.positions.party_kinds.get(party, "")
        return kind in VEHICLES or (kind == "company" and self.positions.passes_on(party))

    def _up(self, ever: bool = False) -> Web:
        return Web.grown(("product", self.product_id), lambda node: self._above(node, ever))

    @cached_property
    def investors(self) -> pd.DataFrame:
        """Who has money in it in the end, each once."""
        web = self._up()
        said = self._qualified(web)
        rows = []
        for (kind, name), share in web.parts().items():
            if (kind, name) == web.nodes[0]:
                continue
            label = self.positions.party_kinds.get(name, "") if kind == "party" else kind
            rows.append({"party_id": None if kind == "unknown" else name, "kind": label, "share": share,
                         "qualified": said.get((kind, name))})  # fmt: skip
        frame = pd.DataFrame(rows, columns=["party_id", "kind", "share", "qualified"])
        return frame.sort_values(["share", "party_id"], ascending=[False, True], ignore_index=True)

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

    def _count(self, web: Web) -> int:
        ends = {node for node, behind in zip(web.nodes, web.edges, strict=True) if not behind}
        return len({node for node in ends if node[0] in ("party", "product") and node != web.nodes[0]})

    @property
    def investor_count(self) -> int:
        """How many have money in it in the end, each once."""
        return self._count(self._up())

    @property
    def investor_count_cumulative(self) -> int:
        """How many ever had."""
        return self._count(self._up(ever=True))

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
        ends: set[Key] = set()
        for name in self.project_products:
            web = LookThrough(self.positions, name)._up()
            ends |= {
                node for node, behind in zip(web.nodes, web.edges, strict=True)
                if not behind and node[0] in ("party", "product") and node != web.nodes[0]
            }  # fmt: skip
        return len(ends)

    @property
    def unknown_vehicles(self) -> list[str]:
        """Vehicles of which no holder is known: each counts as one, and is at least one."""
        web = self._up()
        return [
            name for (kind, name), behind in zip(web.nodes, web.edges, strict=True)
            if kind == "party" and not behind and self._is_vehicle(name)
        ]  # fmt: skip

    # ------------------------------------------------------------ assets

    @cached_property
    def assets(self) -> pd.DataFrame:
        """What its money is in, in the end; the weights sum to one."""
        details = self._details()
        held = self.positions.held.get(self.product_id)
        total = int(held["amount"].sum()) if held is not None else 0
        rows = []
        for (kind, name), weight in self._down.parts().items():
            label = kind.removeprefix("asset:") if kind.startswith("asset:") else kind
            borrower, end = details.get((kind, name), (None, None))
            rows.append(
                {"asset_id": name, "asset_kind": label, "weight": weight, "borrower_id": borrower, "end": end}
            )
        frame = pd.DataFrame(rows, columns=["asset_id", "asset_kind", "weight", "borrower_id", "end"])
        frame = frame.sort_values(["weight", "asset_id"], ascending=[False, True], ignore_index=True)
        frame.insert(3, "amount", _apportioned(total, frame["weight"].tolist()))
        return frame

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
        """Whom its money is lent to, in the end."""
        rows = self.assets.dropna(subset=["borrower_id"])
        summed = rows.groupby("borrower_id")["weight"].sum().sort_values(ascending=False)
        return pd.DataFrame({"borrower_id": summed.index.astype(str), "weight": summed.to_numpy()})

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
    def leverage(self) -> pd.DataFrame:
        """Total over net assets: as stated, sub-products in proportion, those held by half whole."""
        net, total = self._net(self.product_id), self._total(self.product_id)
        row: dict[str, float | None] = {"nominal": None, "proportional": None, "consolidated": None}
        if net and total:
            row["nominal"] = total / net
            for name, whole in (("proportional", False), ("consolidated", True)):
                value = self._looked_through(self.product_id, whole, {})
                row[name] = None if value is None else float(value / net)
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
        if time is None or pd.isna(time):
            return None
        return max(int(-((self.positions.at - int(pd.Timestamp(time).value // 1000)) // DAY)), 0)

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
        fallback = given.get("next_open") or given.get("end")
        open_ended = given.get("open_type") == "open" and fallback is None
        found = []
        due = micros(rows["due"]) if "due" in rows else np.full(len(rows), int(EVER))
        for when, amount in zip(due.tolist(), rows["amount"].tolist(), strict=True):
            if when != int(EVER):
                days: int | None = max(-((self.positions.at - when) // DAY), 0)
            else:
                days = ON_DEMAND if open_ended else self._days(fallback)
            found.append((days, int(amount)))
        return found

    @cached_property
    def ladder(self) -> pd.DataFrame:
        """What comes due when, on both sides, and what is lacking by then."""
        sides = []
        for rows in (self._asset_days, self._liability_days):
            sums = [0] * (len(BUCKETS) + 1)
            for days, amount in rows:
                sums[_bucket(days)] += amount
            sides.append(sums)
        out = []
        assets = liabilities = 0
        for place, (name, _) in enumerate((*BUCKETS, ("no date", None))):
            own, owed = sides[0][place], sides[1][place]
            row: dict[str, Any] = {"bucket": name, "assets": own, "liabilities": owed, "gap": own - owed}
            if name != "no date":
                assets, liabilities = assets + own, liabilities + owed
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
        """Mean days to maturity of what it holds, weighted by amount."""
        return _mean(self._asset_days)

    @property
    def wam_liabilities(self) -> float | None:
        """Mean days until its investors can have their money, weighted by amount."""
        return _mean(self._liability_days)

    @property
    def wam_gap(self) -> float | None:
        """By how many days its assets are longer."""
        if self.wam_assets is None or self.wam_liabilities is None:
            return None
        return self.wam_assets - self.wam_liabilities

    @property
    def rollover_dependency(self) -> dict[str, float]:
        """The part of what falls due by each bucket's end that new money must pay."""
        return dict(zip(self.ladder["bucket"][:-1], self.ladder["rollover_dependency"][:-1], strict=True))

    def __repr__(self) -> str:
        depth = "ring" if self.depth is None else self.depth
        counts = f"{self.investor_count} investors, {len(self.assets)} assets"
        return f"<LookThrough {self.product_id}: depth {depth}, {counts}>"


def _bucket(days: int | None) -> int:
    if days is None:
        return len(BUCKETS)
    return next(place for place, (_, last) in enumerate(BUCKETS) if last is None or days <= last)


def _mean(rows: Iterable[tuple[int | None, int]]) -> float | None:
    known = [(days, amount) for days, amount in rows if days is not None]
    total = sum(amount for _, amount in known)
    return float(Fraction(sum(days * amount for days, amount in known), total)) if total else None


def _apportioned(total: int, weights: list[float]) -> list[int]:
    """A sum in whole units by weights, the greatest remainders rounded up: it adds up."""
    exact = [total * weight for weight in weights]
    parts = [int(value) for value in exact]
    for place in sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at], at))[
        : max(total - sum(parts), 0)
    ]:
        parts[place] += 1
    return parts


def look_through(case: Case, product: str, as_of: Moment | None = None) -> LookThrough:
    """Look through a product: from its investors in the end to its assets in the end.

    Parameters
    ----------
    product
        Id of a product, or a name that only one has.
    as_of
        The date; None means the last moment of which the case knows anything.

    Raises
    ------
    UsageError
        For a product that is not there.

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
            known = ", ".join(named or list(positions.products)[:12])
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
