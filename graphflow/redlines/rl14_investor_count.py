"""RL-14 Investors beyond the count (变相增加投资者人数): more than 200 behind a product that is not public.

The rule: who is offered a security that is not public may be 200 in all, those of a private fund too, whoever
bought through partnerships, contracts and other vehicles counted himself (证券法 art. 9, 基金法 art. 87, 私募
暂行办法 art. 13); one project must not be put into several products to stay below (私募条例 art. 18). Looked
at: the registers of each product and of every vehicle behind it, each person once, now and ever; products of
one project or one debtor together; the holders of partnerships, funds and trusts; and where no register is
there, who paid into the product's account. Not it: public products, what stops the count (social security,
filed plans and the like), an employees' plan, one investor who took another's place.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.errors import Told
from graphflow.findings import Cited, Finding
from graphflow.language import N_
from graphflow.ownership.stakes import party_number
from graphflow.products.looking import LookThrough, ground_of, vehicle_registers
from graphflow.products.positions import VEHICLES, Positions
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.facts import POSITIONED, Facts, known, micros
from graphflow.redlines.registers import cite_products, given_of, named, paid_in
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

OWN_COUNT = ("public_fund", "abs", "pension", "social_security", "pension_stated", "charity")
"""Grounds of `investor_counts` on which a product is under no limit of 200 of its own."""

RETAIL = ("public_fund", "wealth_management")
"""Kinds of products that are public where nothing else is stated."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    limit: Number | None = None,
    watch: Number | None = None,
    project_share: Number | None = None,
    replaced: str = "3D",
) -> Iterator[Finding]:
    """Products and projects that are not public, and have more investors in the end than are allowed.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    limit
        How many investors are allowed; None: what the table of law says.
    watch
        From so many on a product is to be watched.
    project_share
        Part of what a product holds that has to be of one debtor for that to be its project.
    replaced
        Within what time somebody who subscribes as much as another is paid back has taken his place.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl14
    >>> [(f.subject_id, int(f.value)) for f in find(rl14.toy())], len(list(find(rl14.near_miss())))
    ([('V', 207)], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, limit=limit, watch=watch, project_share=project_share, replaced=replaced
    )
    counting = _Counting(ask, span(replaced, "replaced"))
    over: set[str] = set()
    if ask.runs("count"):
        for name in counting.candidates():
            counted = counting.of([name])
            if _reaches(ask, counted):
                over |= {name} if len(counted.ends) > ask.threshold("limit") else set()
                yield _product(ask, name, counted)
    if ask.runs("project"):
        yield from _projects(ask, counting, over)
    if ask.runs("vehicle"):
        yield from _vehicles(ask, counting)
    if ask.runs("payers"):
        yield from _payers(ask, counting)


# ---------------------------------------------------------------- counting


@dataclass
class _Counted:
    """Who stands behind some targets in the end, and the rows that say so."""

    entries: pd.DataFrame
    targets: Sequence[str]
    positions: Positions = field(repr=False)
    inferred: int
    current: int | None
    amount: int | None
    swapped: pd.DataFrame = field(repr=False)
    plans: frozenset[str]

    @cached_property
    def ends(self) -> set[tuple[str, str]]:
        return _ends(self.entries)

    @property
    def nominal(self) -> int:
        rows = self.entries[self.entries["register"].isin(self.targets)]
        return len(set(zip(rows["kind"], rows["id"], strict=True)))

    @property
    def entered(self) -> int:
        """How often they stand in registers: the count without taking the same person together."""
        return int(self.entries["end"].sum())

    @property
    def vehicles(self) -> list[str]:
        """The vehicles whose registers were read."""
        rows = self.entries[
            (self.entries["register_kind"] == "party") & ~self.entries["register"].isin(self.targets)
        ]
        return sorted(set(rows["register"]))


@dataclass(frozen=True)
class _Books:
    """Registers to count in: companies as one, and with those that seem to pass money on looked through."""

    ever: pd.DataFrame = field(repr=False)
    swapped: pd.DataFrame = field(repr=False)
    strict: Positions = field(repr=False)
    loose: Positions = field(repr=False)


class _Counting:
    """Counts investors: companies as one, employees' plans as one, who took another's place not again."""

    def __init__(self, ask: Inquiry, within: int) -> None:
        self.ask, self.facts, self.within = ask, ask.facts, within
        self.p = ask.facts.positions
        kinds = self.p.party_kinds
        self.companies = frozenset(each for each, kind in kinds.items() if kind == "company")
        self.plans = _employees_plans(self.facts)

    def candidates(self) -> list[str]:
        """Products that are not public and may have so many: by their own register, or by a vehicle's."""
        ever = self.p.ever
        if not len(ever):
            return []
        least = self.ask.threshold("watch")
        counts = ever.groupby("product_id")["investor_id"].nunique()
        kinds = self.p.party_kinds
        through = ever["investor_id"].map(
            lambda who: who in self.p.products or kinds.get(who, "") in VEHICLES or self.p.passes_on(who)
        )
        many = set(counts.index[counts >= int(least)]) | set(
            ever.loc[through.to_numpy(np.bool_), "product_id"]
        )
        return [str(each) for each in self.p.products if each in many and _limited(self.facts, str(each))]

    @cached_property
    def known(self) -> _Books:
        """What the subscriptions say."""
        return self.books(self.p.ever, self.p.subscriptions)

    def books(self, ever: pd.DataFrame, now: pd.DataFrame) -> _Books:
        """Registers to count in, without those whose place others took."""
        swapped = _swapped(ever, self.within)
        kept = ever.drop(index=swapped.index[swapped["out"]])
        strict = dataclasses.replace(self.p, ever=kept, subscriptions=now, whole=self.companies | self.plans)
        return _Books(ever, swapped, strict, dataclasses.replace(strict, whole=self.plans))

    def of(self, products: Sequence[str], books: _Books | None = None) -> _Counted:
        """The investors of some products together."""
        books = books or self.known

        def of_all(p: Positions, ever: bool) -> pd.DataFrame:
            return pd.concat([LookThrough(p, each).registers(ever=ever) for each in products])

        entries = of_all(books.strict, True).drop_duplicates(ignore_index=True)
        swapped = books.swapped
        if len(swapped):
            read = {*products, *entries.loc[entries["register_kind"] == "product", "register"]}
            swapped = swapped[books.ever.loc[swapped.index, "product_id"].isin(read).to_numpy(np.bool_)]
        sold = [
            books.strict.sold_ever[each]["amount"].sum()
            for each in products
            if each in books.strict.sold_ever
        ]
        return _Counted(
            entries, products, books.strict, len(_ends(of_all(books.loose, True))),
            len(_ends(of_all(books.strict, False))) if books is self.known else None,
            int(sum(sold)), swapped, self.plans,
        )  # fmt: skip

    def of_vehicle(self, party: str) -> _Counted:
        """The holders of a partnership, fund or trust."""
        strict = dataclasses.replace(self.p, whole=(self.companies | self.plans) - {party})
        loose = dataclasses.replace(self.p, whole=self.plans - {party})
        none = pd.DataFrame({"out": pd.Series([], dtype=bool)})
        wide = len(_ends(vehicle_registers(loose, party)))
        return _Counted(vehicle_registers(strict, party), [party], strict, wide, None, None, none, self.plans)


def _ends(entries: pd.DataFrame) -> set[tuple[str, str]]:
    rows = entries[entries["end"]]
    return set(zip(rows["kind"], rows["id"], strict=True))


def _swapped(rows: pd.DataFrame, within: int) -> pd.DataFrame:
    """Subscriptions in which somebody took another's place: both rows; ``out`` marks who left.

    Of one product the same amount was paid back and put in within the time; one to one, the earliest first.
    """
    found: dict[int, bool] = {}
    if len(rows) and "redeemed" in rows:
        back = rows["redeemed_amount"] if "redeemed_amount" in rows else rows["amount"]
        money = back.fillna(rows["amount"]).astype("int64").to_numpy()
        gone, came = micros(rows["redeemed"]), micros(rows["time"])
        who, places = rows["investor_id"].to_numpy(object), rows.index.to_numpy()
        free: dict[tuple[str, int], list[int]] = {}
        for place in np.argsort(came, kind="stable").tolist():
            key = str(rows["product_id"].iloc[place]), int(rows["amount"].iloc[place])
            free.setdefault(key, []).append(place)
        for place in np.flatnonzero(known(rows["redeemed"]))[
            np.argsort(gone[known(rows["redeemed"])], kind="stable")
        ]:
            others = free.get((str(rows["product_id"].iloc[place]), int(money[place])), [])
            for other in others:
                if (
                    abs(int(came[other]) - int(gone[place])) <= within
                    and who[other] != who[place]
                    and int(places[place]) not in found
                    and int(places[other]) not in found
                ):
                    found[int(places[place])], found[int(places[other])] = True, False
                    others.remove(other)
                    break
    index = sorted(found)
    return pd.DataFrame({"out": [found[each] for each in index]}, index=index, dtype=bool)


def _employees_plans(facts: Facts) -> frozenset[str]:
    """Vehicles all of whose holders are employees of one company: an employees' plan counts as one."""
    if not facts.has("relations") or not facts.has("stakes"):
        return frozenset()
    ties = facts.in_force("relations")
    ties = ties[ties["kind"] == "employee"]
    works: dict[str, set[str]] = {}
    for one, other in zip(ties["party_id"], ties["other_id"], strict=True):
        works.setdefault(str(one), set()).add(str(other))
    stakes = facts.in_force("stakes")
    kinds = facts.positions.party_kinds
    stakes = stakes[[kinds.get(each, "") in VEHICLES for each in stakes["company_id"]]]
    found = set()
    for vehicle, rows in stakes.groupby("company_id"):
        owners = [str(each) for each in rows["owner_id"] if facts.is_person(str(each))]
        others = [str(each) for each in rows["owner_id"] if not facts.is_person(str(each))]
        employers = set.intersection(*(works.get(each, set()) for each in owners)) if owners else set()
        if employers and set(others) <= employers:  # the company itself may run it
            found.add(str(vehicle))
    return frozenset(found)


def _limited(facts: Facts, product: str) -> bool:
    """Whether a product may be under the limit: not where it is public, or a ground frees it."""
    given = given_of(facts, product)
    stated = str(given.get("exempt") or "").lower()
    for rule in facts.positions.law["investor_counts"]:
        words = rule["value"].split("|")
        met = given.get("kind") in words if rule["field"] == "kind" else any(each in stated for each in words)
        if met and rule["ground"] in OWN_COUNT:
            return False
    if given.get("offering") == "public":
        return facts.has("products.registered") and not given.get("registered")
    return given.get("offering") == "private" or given.get("kind") not in RETAIL


# ---------------------------------------------------------------- findings


def _reaches(ask: Inquiry, counted: _Counted) -> bool:
    """Whether there are so many that it is to be told."""
    return len(counted.ends) >= ask.threshold("watch") or counted.inferred > ask.threshold("limit")


@dataclass
class _Graded:
    """How many there are, beside which threshold, and how grave that is."""

    severity: str
    first: Any
    inferred: bool


def _graded(ask: Inquiry, counted: _Counted, high: str) -> _Graded:
    count = len(counted.ends)
    title = N_("investors in the end, each once, ever")
    if count > ask.threshold("limit"):
        return _Graded(high, ask.measure("investors", title, count, "limit", ">"), False)
    if counted.inferred > ask.threshold("limit"):
        title = N_("investors in the end with those behind companies that seem to pass money on")
        return _Graded("watch", ask.measure("inferred", title, counted.inferred, "limit", ">"), True)
    return _Graded("watch", ask.measure("investors", title, count, "watch"), False)


def _measures(ask: Inquiry, counted: _Counted, graded: _Graded) -> list[Any]:
    found = [graded.first]
    if graded.inferred:
        found.append(ask.measure("investors", N_("investors in the end, each once, ever"), len(counted.ends)))
    if counted.current is not None:
        found.append(ask.measure("current", N_("of them with money in it now"), counted.current))
    found.append(ask.measure("nominal", N_("who stand in its own register"), counted.nominal))
    found.append(
        ask.measure("entered", N_("entries of all registers, the same person several times"), counted.entered)
    )
    return found


def _product(ask: Inquiry, name: str, counted: _Counted) -> Finding:
    facts = ask.facts
    given = given_of(facts, name)
    public = given.get("offering") == "public"
    paid = _payments(facts, counted.positions.ever, [name])
    high = "critical" if public else "high" if given.get("offering") == "private" else "medium"
    graded = _graded(ask, counted, high)
    return ask.finding(
        subject=("product", name),
        hit=("count",),
        summary=_said(facts, name, counted),
        measures=_measures(ask, counted, graded),
        rows=[*_rows(ask, counted), *cite_products(facts, [name, *_registered(facts, public)]), paid],
        severity=graded.severity,
        kinds=_kinds(counted, graded) | ({"flow": "shown"} if paid.rows.size else {}),
        elements=_elements(facts, [name], counted, graded),
        against=_against(ask, [name], counted),
        amount=counted.amount,
        currency=facts.tables.currency,
    )


def _registered(facts: Facts, public: bool) -> list[str]:
    """A product with a number in the register: without one nothing could be said of lacking a number."""
    return [name for name, row in facts.positions.products.items() if public and row.get("registered")][:1]


def _said(facts: Facts, product: str, counted: _Counted) -> Told:
    return Told(
        N_("{product} has {count} investors in the end, {nominal} by its own register"),
        product=named(facts, product), count=len(counted.ends), nominal=counted.nominal,
    )  # fmt: skip


def _kinds(counted: _Counted, graded: _Graded) -> dict[str, str]:
    found = {"register": "inferred" if graded.inferred else "shown"}
    if counted.vehicles:
        found["ownership"] = "inferred" if graded.inferred else "shown"
    return found


def _payments(facts: Facts, ever: pd.DataFrame, products: Iterable[str]) -> Cited:
    """The transfers by which its subscriptions were paid, as context."""
    none = Cited("transfers", np.zeros(0, np.int64), False)
    if "transfer_id" not in ever:
        return none
    ids = ever.loc[ever["product_id"].isin(list(products)), "transfer_id"].dropna()
    return facts.cite("transfers", facts.at_place(ids), False) if len(ids) else none


def _elements(
    facts: Facts, products: Sequence[str], counted: _Counted, graded: _Graded
) -> dict[str, tuple[str, str] | str]:
    stated = {given_of(facts, each).get("offering") for each in products}
    unknown = _unknown_vehicles(counted)
    many: tuple[str, str] | str = "inferred" if graded.inferred else "shown"
    if unknown:
        text = N_("of {count} vehicles no holder is known, each counts as one: there are at least so many")
        many = ("inferred" if graded.inferred else "shown", Told(text, count=unknown))
    return {
        "many": many,
        "through": (
            "shown" if counted.vehicles or len(products) > 1 or counted.nominal != len(counted.ends)
            else ("unknown", N_("all of them stand in its own register"))
        ),
        "private": (
            "shown" if stated == {"private"}
            else ("shown", N_("it is offered to the public, and no number in the register is stated of it"))
            if "public" in stated
            else ("inferred", N_("it is not stated that it is offered to the public"))
        ),
    }  # fmt: skip


def _unknown_vehicles(counted: _Counted) -> int:
    kinds = counted.positions.party_kinds
    return sum(
        kind == "party" and kinds.get(name, "") in VEHICLES and name not in counted.positions.whole
        for kind, name in counted.ends
    )


def _against(ask: Inquiry, products: Sequence[str], counted: _Counted) -> dict[str, tuple[str, str] | str]:
    facts, p = ask.facts, counted.positions
    stopped = sum(
        kind == "product" and bool(ground_of(p.products.get(name, {}), p.law["investor_counts"]))
        for kind, name in counted.ends
    )
    plans = sum(name in counted.plans for kind, name in counted.ends if kind == "party")
    left = int(counted.swapped["out"].sum())

    def told(count: int, text: str, need: str, unknown: str) -> tuple[str, str] | str:
        if count:
            return "present", Told(text, count=count)
        return "clear" if facts.has(need) else ("unknown", unknown)

    return {
        "exempt": told(stopped, N_("{count} that stop the count are one each"), "products", ""),
        "employees": told(
            plans, N_("{count} employees' plans are one each"), "relations",
            N_("no table says who works for whom"),
        ),
        "secondary": told(
            left, N_("{count} whose place others took are not counted"), "subscriptions.redeemed",
            N_("no table says what was paid back"),
        ),
        "public": "clear" if all(given_of(facts, each).get("offering") for each in products)
        else ("unknown", N_("how it is offered is not stated")),
    }  # fmt: skip


def _rows(ask: Inquiry, counted: _Counted) -> list[Cited]:
    """The rows of the registers: what changes a count or the sum shows it, all else is context."""
    facts, p = ask.facts, counted.positions
    entries = counted.entries
    met = Counter(zip(entries["kind"], entries["id"], strict=True))
    size = Counter(entries["register"])
    # one that is met in several registers and is no end changes nothing where it is left out of one, nor does
    # the only entry of a vehicle, which would be an end in its place
    same = {
        (register, who)
        for register, kind, who, end in zip(
            entries["register"], entries["kind"], entries["id"], entries["end"], strict=True
        )
        if register not in counted.targets and ((not end and met[kind, who] > 1) or size[register] == 1)
    }
    products = sorted(set(entries.loc[entries["register_kind"] == "product", "register"]))
    vehicles = sorted(set(entries.loc[entries["register_kind"] == "party", "register"]))
    found: list[Cited] = []
    bought = p.ever[p.ever["product_id"].isin(products)]
    if len(bought):
        paid = bought[bought.index < 0]
        bought = bought[bought.index >= 0]
        if len(paid):
            found += _cite_paid(facts, paid)
        pair = list(zip(bought["product_id"], bought["investor_id"], strict=True))
        often = Counter(pair)
        swapped = set(counted.swapped.index)
        shows = np.array([
            place not in swapped
            and each not in same
            and (each[0] in counted.targets or often[each] == 1)
            for place, each in zip(bought.index, pair, strict=True)
        ], np.bool_)  # fmt: skip
        found += [
            facts.cite("subscriptions", bought[shows]),
            facts.cite("subscriptions", bought[~shows], False),
        ]
    if len(counted.swapped):
        found.append(facts.cite("subscriptions", counted.swapped.index.to_numpy(), False))
    for each in vehicles:
        number = party_number(p.stakes, each)
        own = slice(int(p.stakes.pointer[number]), int(p.stakes.pointer[number + 1]))
        owners = [p.stakes.name(owner) for owner in p.stakes.owners[own].tolist()]
        often_ = Counter(owners)
        shows = np.array([(each, owner) not in same and often_[owner] == 1 for owner in owners], np.bool_)
        rows = p.stakes.rows[own]
        found += [facts.cite("stakes", rows[shows]), facts.cite("stakes", rows[~shows], False)]
    parties = {name for kind, name in met if kind == "party"} | set(vehicles)
    found.append(facts.cite_parties(parties))
    found += cite_products(facts, {*products, *(name for kind, name in met if kind == "product")})
    found += _cite_employees(facts, counted.plans & parties)
    found += facts.cite_last(*POSITIONED)
    return found


def _cite_paid(facts: Facts, paid: pd.DataFrame) -> list[Cited]:
    """Payments that are taken for subscriptions, with their accounts, and what else decided that they are."""
    rows = paid["row"].to_numpy(np.int64)
    flows = facts.flows[np.isin(facts.flows["row"], rows)]
    return [
        facts.cite("transfers", rows),
        facts.cite("transfers", facts.reversals_of(rows), False),
        facts.cite_accounts({*flows["source"].tolist(), *flows["target"].tolist()}),
    ]


def _cite_employees(facts: Facts, plans: Iterable[str]) -> list[Cited]:
    """Employees' plans: who holds them, and for whom they work."""
    if not plans:
        return []
    stakes, ties = facts.in_force("stakes"), facts.in_force("relations")
    held = stakes[stakes["company_id"].isin(list(plans))]
    works = ties[(ties["kind"] == "employee") & ties["party_id"].isin(held["owner_id"])]
    return [
        facts.cite("stakes", held, False),
        facts.cite("relations", works, False),
        facts.cite_parties({*held["owner_id"], *works["other_id"]}),
    ]


# ---------------------------------------------------------------- one project


def _projects(ask: Inquiry, counting: _Counting, over: set[str]) -> Iterator[Finding]:
    """Products of one project together, where none of them alone has too many."""
    facts = ask.facts
    told: set[frozenset[str]] = set()
    for products, holdings in _same_project(ask, counting):
        if frozenset(products) in told or set(products) & over:
            continue
        told.add(frozenset(products))
        counted = counting.of(products)
        if not _reaches(ask, counted):
            continue
        runs = {
            given_of(facts, each).get("manager_id") or given_of(facts, each).get("issuer_id")
            for each in products
        }
        (one, *more) = sorted(runs, key=str)
        subject = ("party", str(one)) if one and not more else ("product", products[0])
        private = all(given_of(facts, each).get("offering") == "private" for each in products)
        graded = _graded(ask, counted, "high" if private else "medium")
        measures = _measures(ask, counted, graded)
        measures.append(ask.measure("products", N_("products of the project"), len(products)))
        yield ask.finding(
            subject=subject,
            hit=("project",),
            summary=Told(
                N_("{products} products of one project together have {count} investors in the end"),
                products=len(products),
                count=len(counted.ends),
            ),
            measures=measures,
            rows=[
                *_rows(ask, counted),
                *cite_products(facts, products),
                *holdings,
                facts.cite_parties({str(one)} if one else ()),
            ],
            severity=graded.severity,
            kinds=_kinds(counted, graded),
            elements=_elements(facts, products, counted, graded),
            against=_against(ask, products, counted),
            amount=counted.amount,
            currency=facts.tables.currency,
        )


def _same_project(ask: Inquiry, counting: _Counting) -> Iterator[tuple[list[str], list[Cited]]]:
    """Products that serve one project as the register states it, or are mainly in one debtor's debt."""
    facts, p = ask.facts, counting.p
    sold = set(p.ever["product_id"]) if len(p.ever) else set()
    names = [str(each) for each in p.products if each in sold and _limited(facts, str(each))]
    stated: dict[str, list[str]] = {}
    for name in names:
        project = given_of(facts, name).get("project")
        if project:
            stated.setdefault(str(project), []).append(name)
    for products in stated.values():
        if len(products) > 1:
            yield products, []
    debts: dict[tuple[str, Any], list[str]] = {}
    looks: dict[str, LookThrough] = {}
    runs = Counter(_run_by(facts, name) for name in names if name in p.held)
    for name in names:
        who = _run_by(facts, name)
        if not who or runs[who] < 2 or name not in p.held:
            continue
        looks[name] = LookThrough(p, name)
        main = _main_debtor(ask, looks[name])
        if main is not None:
            debts.setdefault((who, main), []).append(name)
    for products in debts.values():
        if len(products) > 1:
            below = {name for each in products for kind, name in looks[each].below if kind == "product"}
            held = pd.concat([p.held[each] for each in sorted(below) if each in p.held])
            debtors = set(held["borrower_id"].dropna()) if "borrower_id" in held else set()
            yield (
                products,
                [
                    facts.cite("holdings", held, False),
                    *cite_products(facts, below),
                    facts.cite_parties(debtors),
                    *(row for each in sorted(debtors) for row in facts.cite_group(str(each))),
                ],
            )


def _run_by(facts: Facts, product: str) -> str:
    given = given_of(facts, product)
    return str(given.get("manager_id") or given.get("issuer_id") or "")


def _main_debtor(ask: Inquiry, r: LookThrough) -> Any:
    """The debtor, with its group, or the asset that most of a product is in; no bonds, cash or funds."""
    rows = r.assets
    rows = rows[rows["asset_kind"].isin(["nonstandard_debt", "loan", "equity", "property", "other"])]
    sums: dict[Any, int] = {}
    for asset, borrower, amount in zip(rows["asset_id"], rows["borrower_id"], rows["amount"], strict=True):
        key = (
            ask.facts.group(str(borrower))
            if isinstance(borrower, str) and borrower
            else ("asset", str(asset))
        )
        sums[key] = sums.get(key, 0) + int(amount)
    most = ask.threshold("project_share") * r.total
    return next((key for key, amount in sums.items() if amount and amount >= most), None)


# ---------------------------------------------------------------- vehicles, and payers where no register is


def _vehicles(ask: Inquiry, counting: _Counting) -> Iterator[Finding]:
    facts, p = ask.facts, counting.p
    stakes = facts.in_force("stakes")
    kinds = p.party_kinds
    many = stakes.groupby("company_id")["owner_id"].nunique()
    through = stakes[[kinds.get(each, "") in VEHICLES for each in stakes["owner_id"]]]
    wanted = set(many.index[many >= int(ask.threshold("watch"))]) | set(through["company_id"])
    for name in sorted(str(each) for each in wanted if kinds.get(each, "") in VEHICLES):
        if name in counting.plans:
            continue
        counted = counting.of_vehicle(name)
        if not _reaches(ask, counted):
            continue
        graded = _graded(ask, counted, "medium")
        yield ask.finding(
            subject=("party", name),
            hit=("vehicle",),
            summary=Told(
                N_("{party} has {count} holders in the end, {nominal} by its own register"),
                party=facts.name_of(name) or name, count=len(counted.ends), nominal=counted.nominal,
            ),
            measures=_measures(ask, counted, graded),
            rows=_rows(ask, counted),
            severity=graded.severity,
            kinds={"ownership": "inferred" if graded.inferred else "shown"},
            elements=_elements(facts, [], counted, graded)
            | {"private": ("inferred", N_("it is not stated that it is offered to the public"))},
            against=_against(ask, [], counted) | {
                "public": ("unknown", N_("how it is offered is not stated")),
                "secondary": ("unknown", N_("only those who hold it at the date are counted")),
            },
        )  # fmt: skip


def _payers(ask: Inquiry, counting: _Counting) -> Iterator[Finding]:
    """Products without a register of subscriptions, by who paid into their accounts."""
    facts, p = ask.facts, counting.p
    paid = paid_in(facts)
    counts = paid.groupby("product_id")["investor_id"].nunique()
    through = paid["investor_id"].isin(
        [*p.products, *(k for k, kind in p.party_kinds.items() if kind in VEHICLES)]
    )
    through_ = set(paid.loc[through, "product_id"])
    both = pd.concat([p.ever, paid])
    books = counting.books(both, both)
    for name in (str(each) for each in counts.index):
        if not _limited(facts, name) or (counts[name] < ask.threshold("watch") and name not in through_):
            continue
        counted = counting.of([name], books)
        if not _reaches(ask, counted):
            continue
        graded = _graded(ask, counted, "medium")
        coins = sorted({facts.currencies[each] for each in paid.loc[paid["product_id"] == name, "currency"]})
        yield ask.finding(
            subject=("product", name),
            hit=("payers",),
            summary=Told(
                N_("{count} in the end paid into accounts of {product}, {nominal} themselves"),
                product=named(facts, name), count=len(counted.ends), nominal=counted.nominal,
            ),
            measures=_measures(ask, counted, graded),
            rows=_rows(ask, counted),
            severity=graded.severity,
            kinds={"flow": "inferred"} | ({"ownership": "inferred"} if counted.vehicles else {}),
            elements=_elements(facts, [name], counted, graded)
            | {"many": ("inferred", N_("no register is there: they are persons and vehicles that paid in"))},
            against=_against(ask, [name], counted)
            | {"secondary": ("unknown", N_("no table says what was paid back"))},
            amount=counted.amount if len(coins) == 1 else None,
            currency=coins[0] if len(coins) == 1 else "",
        )  # fmt: skip


LINE = RedLine(
    code="RL-14",
    name=N_("Investors beyond the count"),
    name_zh="变相增加投资者人数（200人穿透）",
    asks=N_("Do more than 200 stand behind a product that is not public, once vehicles are looked through?"),
    tests=(
        Test(
            "count",
            N_("the investors of each product in the end, vehicles looked through"),
            ("products", "subscriptions"),
        ),
        Test(
            "project",
            N_("the investors of all products of one project together"),
            (
                "subscriptions",
                ("products.project", "holdings"),
            ),
        ),
        Test(
            "vehicle",
            N_("the holders of partnerships, funds and trusts in the end"),
            ("stakes", "parties"),
        ),
        Test(
            "payers",
            N_("who paid into the accounts of products that have no register"),
            ("accounts.product_id", "transfers", "parties"),
        ),
    ),
    elements={
        "many": N_("more than 200 have put money in, each counted once"),
        "through": N_("they stand behind vehicles, or in several products of one project"),
        "private": N_("it is not offered to the public under a registration"),
    },
    guards={
        "exempt": N_(
            "an investor is one that stops the count (social security, pension, charity, filed plan)"
        ),
        "employees": N_("they are employees in a plan under the rules"),
        "secondary": N_("investors took the place of others, and no more came"),
        "public": N_("the product is public and registered"),
    },
    find=find,
)
