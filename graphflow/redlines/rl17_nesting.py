"""RL-17 Nested products (资管产品多层嵌套): products in products beyond the one layer that is allowed.

The rule: a product may be invested in one more layer of products, which may then hold no product but public
securities funds (资管新规 art. 22); the total assets of a product, those of the products that it holds looked
through, may be so much of its net assets (art. 20). Looked at: the layers below each product that investors
face, rings of products, the debtors behind the layers, and leverage looked through. Not it: what is no layer
(public funds, asset-backed securities, pension products, grounds that the register states), a product that is
a unit class of the one that it holds, products of before the rule while the transition lasted.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.products.leaves import related_assets, restricted_assets
from graphflow.products.looking import LookThrough
from graphflow.products.positions import Key
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.facts import Facts
from graphflow.redlines.registers import (
    cite_products,
    facing,
    given_of,
    holders_of_products,
    legacy,
    money,
    named,
    ring_rows,
    step_rows,
)
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    layers: Number | None = None,
    deep: Number | None = None,
    public_open: Number | None = None,
    other: Number | None = None,
    bond: Number | None = None,
    bond_share: Number | None = None,
    transition: Number | None = None,
) -> Iterator[Finding]:
    """Products with more layers of products below them than allowed, rings of products, hidden leverage.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    layers
        How many layers of products are allowed; None: what the table of law says.
    deep
        From so many layers on it is grave.
    public_open
        Most total over net assets of an open public product, looked through.
    other
        The same of every other product; also where nothing is stated of its kind.
    bond
        The same of a private product that has more than `bond_share` in the bonds of one issuer.
    bond_share
        That part of its net assets.
    transition
        The year to whose end products of before the rule were let be.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl17
    >>> [(f.subject_id, f.measure, int(f.value)) for f in find(rl17.toy())], len(list(find(rl17.near_miss())))
    ([('W', 'layers', 2)], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, layers=layers, deep=deep, public_open=public_open, other=other, bond=bond,
        bond_share=bond_share, transition=transition,
    )  # fmt: skip
    holders = holders_of_products(ask.facts)
    if ask.runs("layers") and ask.in_force("layers"):
        yield from _layers(ask, holders)
    if ask.runs("leverage") and ask.in_force("other"):
        yield from _leverage(ask, holders)


# ---------------------------------------------------------------- layers


def _layers(ask: Inquiry, holders: list[str]) -> Iterator[Finding]:
    facts, limit = ask.facts, ask.threshold("layers")
    faces = facing(facts)
    rings: set[frozenset[Key]] = set()
    for name in holders:
        if legacy(ask, name, "layers")[0] == "present":
            continue
        r = LookThrough(facts.positions, name)
        rings |= set(r.rings_apart)
        if name not in faces or r.depth is None:
            continue
        depth, unit = r.depth, _unit_class(facts, r)
        if depth - (unit == "present") > limit:
            yield _nested(ask, r, depth - (unit == "present"), unit)
    for ring in sorted(rings, key=sorted):
        yield _ring(ask, ring, faces)


def _nested(ask: Inquiry, r: LookThrough, depth: int, unit: str) -> Finding:
    facts, limit = ask.facts, ask.threshold("layers")
    steps = r.steps(int(limit) + (unit == "present"))
    rows = step_rows(facts.positions, steps)
    first = sum(
        int(part.loc[part[column] == r.product_id, "amount"].sum())
        for part, column in ((rows["holdings"], "product_id"), (rows["subscriptions"], "investor_id"))
    )
    inside = {r.product_id, *steps.loc[steps["held_kind"] == "product", "held"]}
    behind = steps[(steps["held_kind"] == "product") & (steps["layer"] > limit + (unit == "present"))]
    hidden = _behind(ask, sorted(inside), sorted(set(behind["held"])))
    grave = depth >= ask.threshold("deep") or hidden.amount > 0
    return ask.finding(
        subject=("product", r.product_id),
        hit=("layers", *hidden.hit),
        summary=Told(
            N_("below {product} lie {depth} layers of products, {limit} allowed: {money} of it are in them"),
            product=named(facts, r.product_id),
            depth=depth,
            limit=number_text(limit),
            money=money(facts, first),
        ),
        measures=[
            ask.measure("layers", N_("layers of products below it"), depth, "layers", ">"),
            ask.measure(
                "layers_total", N_("the same with companies that only pass money on"), r.depth_total or 0
            ),
            _units(ask, rows),
            *hidden.measures,
        ],
        rows=[
            *(facts.cite(table, part) for table, part in rows.items()),
            *cite_products(facts, inside),
            facts.cite_parties(set(steps["held"]) | set(steps["holder"])),
            *hidden.rows,
            *facts.cite_last(),
        ],
        severity="high" if grave else "medium",
        kinds={"register": "shown"} | hidden.kinds,
        elements={"layers": "shown", "counted": _counted(facts, inside), "behind": hidden.state},
        against=_against(ask, r.product_id, inside, unit),
        amount=first,
        currency=facts.tables.currency,
    )  # fmt: skip


def _ring(ask: Inquiry, ring: frozenset[Key], faces: frozenset[str]) -> Finding:
    facts = ask.facts
    products = sorted(name for kind, name in ring if kind == "product")
    subject = next((name for name in products if name in faces), products[0])
    rows = ring_rows(facts.positions, ring)
    return ask.finding(
        subject=("product", subject),
        hit=("layers",),
        summary=Told(
            N_("{count} products hold one another in a ring, {money} in all: their layers have no end"),
            count=len(products),
            money=money(facts, _sum(rows)),
        ),
        measures=[
            ask.measure("ring", N_("products that hold themselves through others"), len(products)),
            _units(ask, rows),
        ],
        rows=[
            *(facts.cite(table, part) for table, part in rows.items()),
            *cite_products(facts, products),
            facts.cite_parties(name for kind, name in ring if kind == "party"),
            *facts.cite_last(),
        ],
        severity="medium",
        kinds={"register": "shown"},
        elements={
            "layers": "shown",
            "counted": _counted(facts, products),
            "behind": ("unknown", N_("a ring has no end to look at")),
        },
        against=_against(ask, subject, products, "clear"),
        amount=_sum(rows),
        currency=facts.tables.currency,
    )  # fmt: skip


def _units(ask: Inquiry, rows: dict[str, pd.DataFrame]) -> Measure:
    title = N_("units held along these layers, all layers together")
    return ask.measure("units", title, _sum(rows), unit=ask.facts.tables.currency)


def _sum(rows: dict[str, pd.DataFrame]) -> int:
    return sum(int(part["amount"].sum()) for part in rows.values() if len(part))


# ---------------------------------------------------------------- what lies behind them


class _Hidden:
    """What stands behind the layers: debtors related to those who run them, debtors of restricted sectors."""

    def __init__(self) -> None:
        self.amount = 0
        self.hit: list[str] = []
        self.measures: list[Any] = []
        self.rows: list[Cited] = []
        self.kinds: dict[str, str] = {}
        self.state: tuple[str, str] | str = (
            "unknown",
            N_("no table says who the debtors behind the layers are"),
        )


def _behind(ask: Inquiry, products: list[str], beyond: list[str]) -> _Hidden:
    facts, found = ask.facts, _Hidden()
    p = facts.positions
    parts = [p.held[each] for each in beyond if each in p.held]
    rows = pd.concat(parts) if parts else p.holdings.iloc[:0]
    rows = rows[~rows["asset_kind"].isin(["product", "cash"])] if len(rows) else rows
    if rows.empty or not (ask.runs("related") or ask.runs("restricted")):
        return found
    assets = rows.assign(weight=0.0)
    if "borrower_id" not in assets:
        assets["borrower_id"] = None
    for test, title in (
        ("related", N_("held behind the layers of debtors related to those who run them")),
        ("restricted", N_("held behind the layers of debtors in restricted sectors")),
    ):
        if not ask.runs(test):
            continue
        said = related_assets(p, products, assets) if test == "related" else restricted_assets(p, assets)
        mine = rows[(said[test] == "yes").to_numpy()]
        if not len(mine):
            continue
        debtors = set(said.loc[said[test] == "yes", "party_id"])
        found.hit.append(test)
        found.amount += int(mine["amount"].sum())
        found.measures.append(ask.measure(test, title, int(mine["amount"].sum()), unit=facts.tables.currency))
        found.rows += [facts.cite("holdings", mine), facts.cite_parties(debtors), *_loans_of(facts, mine)]
        if test == "related":
            found.kinds["ownership"] = "shown"
            found.rows += facts.cite_ties({*debtors, *_runners(facts, products)})
    found.state = (
        "shown" if found.hit
        else ("unknown", N_("no debtor behind the layers is known to be related or in a restricted sector"))
    )  # fmt: skip
    return found


def _runners(facts: Facts, products: list[str]) -> set[str]:
    given = [given_of(facts, each) for each in products]
    return {str(each[role]) for each in given for role in ("issuer_id", "manager_id") if each.get(role)}


def _loans_of(facts: Facts, holdings: pd.DataFrame) -> list[Cited]:
    """The loans that some holdings are: their debtors may stand there only."""
    if not facts.has("loans"):
        return []
    names = {f"{prefix}{each}" for each in holdings["asset_id"] for prefix in ("", "loan:")}
    loans = facts.rows("loans")
    return [facts.cite("loans", loans[loans["loan_id"].isin(names)], False)]


# ---------------------------------------------------------------- guards


def _counted(facts: Facts, products: Any) -> tuple[str, str] | str:
    unknown = sum(not given_of(facts, each).get("kind") for each in products)
    if not unknown:
        return "shown"
    text = N_("of {count} of them no kind is stated: each is taken to be a layer")
    return "inferred", Told(text, count=unknown)


def _against(ask: Inquiry, subject: str, products: Any, unit: str) -> dict[str, tuple[str, str] | str]:
    facts = ask.facts
    unknown = sum(not given_of(facts, each).get("kind") for each in products)
    text = N_("of {count} products no kind is stated: one may be a public fund, which is no layer")
    return {
        "exempt": ("unknown", Told(text, count=unknown)) if unknown else "clear",
        "unit_class": (unit, UNIT_NOTES[unit]),
        "legacy": legacy(ask, subject, "layers"),
    }


UNIT_NOTES = {
    "present": N_("it is a unit class of the product that it holds, and that layer is not counted"),
    "clear": N_("what it holds is not one product alone under the same manager and custodian"),
    "unknown": N_("it holds one product alone, and who manages and keeps the two is not stated"),
}


def _unit_class(facts: Facts, r: LookThrough) -> str:
    """Whether a product is but a class of units of the one that it holds: same manager, same custodian."""
    rows = facts.positions.held.get(r.product_id)
    held = rows[rows["asset_kind"] != "cash"] if rows is not None else None
    below = {other for other, _ in r.held_directly if other[0] != "asset:cash"}
    if len(below) != 1 or (held is not None and held["asset_id"].nunique() > 1):
        return "clear"
    ((kind, name),) = below
    if kind != "product":
        return "clear"
    one, two = given_of(facts, r.product_id), given_of(facts, name)
    for role in ("manager_id", "custodian_id"):
        if one.get(role) and two.get(role) and one[role] != two[role]:
            return "clear"
    stated = all(each.get(role) for each in (one, two) for role in ("manager_id", "custodian_id"))
    return "present" if stated else "unknown"


# ---------------------------------------------------------------- leverage


def _leverage(ask: Inquiry, holders: list[str]) -> Iterator[Finding]:
    facts = ask.facts
    for name in holders:
        r = LookThrough(facts.positions, name)
        found = r.leverages["proportional"]
        if found is None or legacy(ask, name, "layers")[0] == "present":
            continue
        limit, issuer = _limit(ask, r)
        if found > ask.threshold(limit):
            yield _levered(ask, r, limit, issuer)


def _limit(ask: Inquiry, r: LookThrough) -> tuple[str, str]:
    """The limit that a product is under, by its name; and the issuer whose bonds decide it."""
    facts = ask.facts
    given = given_of(facts, r.product_id)
    if given.get("offering") == "public" and given.get("open_type") == "open":
        return "public_open", ""
    if given.get("offering") == "private" and ask.in_force("bond"):
        bonds = _bonds(facts, r.product_id)
        if len(bonds):
            by_issuer = bonds.groupby("issuer")["amount"].sum()
            most = str(by_issuer.sort_values(kind="stable").index[-1])
            if Fraction(int(by_issuer[most]), int(given["net_assets"])) > ask.threshold("bond_share"):
                return "bond", most
    return "other", ""


def _bonds(facts: Facts, product: str) -> pd.DataFrame:
    """A product's bonds, by who issued each; of one of which that is not stated, each is one of its own."""
    rows = facts.positions.held.get(product)
    if rows is None:
        return pd.DataFrame({"issuer": [], "amount": []})
    bonds = rows[rows["asset_kind"] == "standard_debt"]
    issuer = bonds["borrower_id"] if "borrower_id" in bonds else pd.Series(None, bonds.index, dtype=object)
    return bonds.assign(issuer=issuer.astype(object).where(issuer.notna(), bonds["asset_id"].astype(object)))


def _levered(ask: Inquiry, r: LookThrough, limit: str, issuer: str) -> Finding:
    facts = ask.facts
    figures = {name: value for name, value in r.leverages.items() if value is not None}
    value, most = figures["proportional"], ask.threshold(limit)
    net = int(given_of(facts, r.product_id)["net_assets"])
    below = r.below
    products = [name for kind, name in below if kind == "product"]
    shown, context = [], []
    for each in products:
        rows = facts.positions.held.get(each)
        if rows is None:
            continue
        units = rows["asset_kind"] == "product"
        stated = bool(given_of(facts, each).get("total_assets"))
        shown.append(rows[units] if stated else rows)
        context.append(rows[~units] if stated else rows.iloc[:0])
    bonds = _bonds(facts, r.product_id)
    deciding = bonds[bonds["issuer"] == issuer] if issuer else bonds.iloc[:0]
    measures = [
        ask.measure(
            "leverage", N_("total over net assets, what it holds looked through"), value, limit, ">"
        ),
        ask.measure("nominal", N_("the same by its own figures"), figures["nominal"]),
    ]  # fmt: skip
    if "consolidated" in figures:
        title = N_("the same with products held by half taken whole")
        measures.append(ask.measure("consolidated", title, figures["consolidated"]))
    if issuer:
        part = Fraction(int(deciding["amount"].sum()), net)
        title = N_("part of its net assets in the bonds of one issuer")
        measures.append(ask.measure("bond_share", title, part, "bond_share", ">"))
    return ask.finding(
        subject=("product", r.product_id),
        hit=("leverage",),
        summary=Told(
            N_(
                "total assets of {product} are {leverage} times its net assets with what it holds looked "
                "through, {limit} allowed; by its own figures {nominal} times"
            ),
            product=named(facts, r.product_id),
            leverage=number_text(value),
            limit=number_text(most),
            nominal=number_text(figures["nominal"]),
        ),
        measures=measures,
        rows=[
            *(facts.cite("holdings", each) for each in shown),
            facts.cite("holdings", deciding),
            *(facts.cite("holdings", each, False) for each in context),
            *cite_products(facts, products, shows=True),
            *facts.cite_last(),
        ],
        severity="medium",
        kinds={"register": "shown"},
        elements={
            "layers": ("unknown", N_("the limit of leverage holds however many layers there are")),
            "counted": ("unknown", N_("the limit of leverage counts every product, whatever its kind")),
            "behind": "shown",
        },
        against={
            "exempt": ("clear", LEVERAGE_KINDS[limit]),
            "unit_class": ("clear", N_("the limit of leverage looks through a unit class all the same")),
            "legacy": legacy(ask, r.product_id, "layers"),
        },
        amount=int((value - most) * net),
        currency=facts.tables.currency,
    )  # fmt: skip


LEVERAGE_KINDS = {
    "public_open": N_("it is stated to be open and public"),
    "bond": N_("it is stated to be private, and more than half of it is in the bonds of one issuer"),
    "other": N_(
        "the limit that is asked is the widest that any product has; whether it is tiered is not known"
    ),
}

LINE = RedLine(
    code="RL-17",
    name=N_("Nested products"),
    name_zh="资管产品多层嵌套",
    asks=N_("Do products hold products beyond the one layer that is allowed, and what do the layers hide?"),
    tests=(
        Test(
            "layers",
            N_("how many layers of products lie below each product that investors face"),
            ("products", ("holdings", "subscriptions")),
        ),
        Test(
            "related",
            N_("whether debtors behind the layers are related to those who run them"),
            (
                "holdings",
                ("holdings.borrower_id", "loans"),
                ("products.issuer_id", "products.manager_id"),
                ("stakes", "relations"),
            ),
        ),
        Test(
            "restricted",
            N_("whether debtors behind the layers are in restricted sectors"),
            ("holdings", ("holdings.borrower_id", "loans"), "parties.sector"),
        ),
        Test(
            "leverage",
            N_("total over net assets with the products that are held looked through"),
            ("holdings", "products.net_assets"),
        ),
    ),
    elements={
        "layers": N_("more layers of products lie between the investors and the assets than are allowed"),
        "counted": N_("each of them is a product that counts as a layer"),
        "behind": N_("the layers keep something from sight: related debtors, restricted sectors, leverage"),
    },
    guards={
        "exempt": N_(
            "a layer is one that does not count (public fund, asset-backed security, pension product, "
            "private fund of funds)"
        ),
        "unit_class": N_("the product is but a unit class of the one that it holds"),
        "legacy": N_("the product is of before the rule and the transition had not ended"),
    },
    find=find,
)  # fmt: skip
