"""RL-16 Private products packaged for the public (私募产品打包、拆分向公众销售).

The rule: private products must not be sold to the public by packing several together or splitting one
(国办发〔2016〕21号, 私募条例 art. 18). Looked at: products and firms that hold private products and raised
money from persons: how much of what they raised went on into the private ones, by the registers and traced
under several rules; and whether they sold it to more than 200, below the least that the private product asks,
or publicly. Not it: a registered fund of funds or of managers, asset-backed securities, a family's trust, a
registered public product of a licensed institution, a firm that invests what its own business earned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.errors import Told
from graphflow.findings import Cited, Finding, number_text
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, chains_of
from graphflow.redlines.facts import Facts, known
from graphflow.redlines.registers import BACK, cite_products, given_of, least_unit, money, named
from graphflow.rows import Moment, local_time

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.tracing import Trace

RULES = ("fifo", "lifo", "prorata", "libr")
"""The rules of tracing under which what was raised is followed."""

FAMILY = ("家族信托", "家庭信托", "家族", "family")
"""What stands in the name or the ground of a family's trust."""

LICENSED = ("bank", "insurer", "trust_company", "broker")
"""Sectors of institutions that need a licence to be what they are."""

SELLS = ("company", "partnership", "contract_fund", "trust", "person")
"""Kinds of parties that may have raised money for what they bought."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    back: Number | None = None,
    persons: Number | None = None,
    least: Number | None = None,
    min_fixed: Number | None = None,
    min_mixed: Number | None = None,
    min_equity: Number | None = None,
    min_trust: Number | None = None,
) -> Iterator[Finding]:
    """Who raised money from persons and put most of it into private products.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    back
        Least part of what was raised that went into private products; None: what the table of law says.
    persons
        How many may be sold to.
    least
        From fewer persons it is no sale to the public, whatever each put in.
    min_fixed
        Least that is put into a private product of fixed income, or of a kind that is not stated.
    min_mixed
        The same of a mixed one.
    min_equity
        The same of one of equity or commodities.
    min_trust
        The same of a trust plan.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl16
    >>> [(f.subject_id, f.measure, float(f.value)) for f in find(rl16.toy())]
    [('V', 'back', 0.92)]
    >>> len(list(find(rl16.near_miss())))
    0
    """
    ask = Inquiry(
        LINE, case, as_of, law, back=back, persons=persons, least=least, min_fixed=min_fixed,
        min_mixed=min_mixed, min_equity=min_equity, min_trust=min_trust,
    )  # fmt: skip
    if not (ask.runs("registers") or ask.runs("flows")):
        return
    for each in _sellers(ask):
        found = _seen(ask, each)
        if found is not None:
            yield found


# ---------------------------------------------------------------- who sold, what they bought


@dataclass
class _Seller:
    """Who raised money and holds private products: a product, or a party; and the rows that say so."""

    kind: str
    id: str
    private: list[str]
    bought: pd.DataFrame = field(repr=False)
    held: pd.DataFrame = field(repr=False)
    sold: pd.DataFrame = field(repr=False)
    raised: pd.DataFrame = field(repr=False)

    @property
    def put_in(self) -> int:
        """What it has in private products by the registers."""
        rows = self.bought if len(self.bought) else self.held
        return int(rows["amount"].sum())


def _sellers(ask: Inquiry) -> Iterator[_Seller]:
    facts = ask.facts
    p = facts.positions
    private = {name for name in p.products if _is_private(facts, str(name)) is not None}
    subs = facts.rows("subscriptions")
    into = subs[subs["product_id"].isin(private)]
    held = p.holdings
    if len(held):
        held = held[(held["asset_kind"] == "product") & held["asset_id"].isin(private)]
    who: dict[tuple[str, str], None] = {}
    for each in into["investor_id"]:
        name = str(each)
        if name in p.products:
            who["product", name] = None
        elif p.party_kinds.get(name, "") in SELLS:
            who["party", name] = None
    for each in held["product_id"] if len(held) else ():
        who["product", str(each)] = None
    payments = _payments(facts, [name for kind, name in who if kind == "party"]) if ask.runs("flows") else {}
    for kind, name in who:
        bought = into[into["investor_id"] == name]
        mine = held[held["product_id"] == name] if kind == "product" and len(held) else held.iloc[:0]
        names = sorted({*bought["product_id"], *(mine["asset_id"] if len(mine) else ())})
        names = [each for each in names if each != name]
        sold = subs[subs["product_id"] == name] if kind == "product" else subs.iloc[:0]
        if kind == "product":
            person = [
                str(each) not in p.products and p.party_kinds.get(str(each), "") in ("person", "")
                for each in sold["investor_id"]
            ]
            if not any(person):
                continue
            raised = _paid_for(facts, name, sold) if ask.runs("flows") else facts.flows.iloc[:0]
            yield _Seller(kind, name, names, bought, mine, sold, raised)
        elif name in payments:
            for _, raised in payments[name].groupby("currency"):
                yield _Seller(kind, name, names, bought, mine, sold, raised)


def _is_private(facts: Facts, product: str) -> bool | None:
    """Whether a product is private: stated, or a trust plan; False: by what it asks of each; else None."""
    given = given_of(facts, product)
    if given.get("offering") == "private" or (
        given.get("kind") == "trust" and given.get("offering") != "public"
    ):
        return True
    unit = given.get("unit_minimum")
    large = facts.tables.currency == "CNY" and unit is not None and int(unit) >= HIGH
    return False if large and given.get("offering") is None else None


HIGH = 30_000_000
"""A minimum of so many fen is one of private products: 300,000 yuan, the least that the law asks of any."""


def _payments(facts: Facts, parties: list[str]) -> Mapping[str, pd.DataFrame]:
    """By party: what outside natural persons paid into its accounts, who were not paid by it first."""
    flows = facts.flows[~facts.flows["own"]]
    numbers = np.array([facts.party_number[each] for each in parties if each in facts.party_number], np.int64)
    person = facts.party_is("person")
    payer, payee = flows["payer"].to_numpy(), flows["payee"].to_numpy()
    either = np.isin(payer, numbers) | np.isin(payee, numbers)
    flows, payer, payee = flows[either], payer[either], payee[either]
    came = np.isin(payee, numbers)
    pair = pd.DataFrame({
        "party": np.where(came, payee, payer), "other": np.where(came, payer, payee), "came": came,
    })  # fmt: skip
    first = pair.drop_duplicates(["party", "other"]).set_index(["party", "other"])["came"]
    kind = np.char.lower(facts.texts("kind", flows["row"]).astype(str))
    other = facts.texts("loan_id", flows["row"]) != ""
    for word in BACK:
        other |= np.char.find(kind, word) >= 0
    keep = came & (payer >= 0) & person[np.maximum(payer, 0)] & ~other
    keep &= ~facts.guarded[flows["target"].to_numpy()]
    flows, payer, payee = flows[keep], payer[keep], payee[keep]
    if not len(flows):
        return {}
    led = first.reindex(pd.MultiIndex.from_arrays([payee, payer])).to_numpy(np.bool_)
    return {str(facts.party_ids[int(number)]): rows for number, rows in flows[led].groupby("payee")}


def _paid_for(facts: Facts, product: str, sold: pd.DataFrame) -> pd.DataFrame:
    """The transfers that paid for a product's subscriptions: those they name, else its investors' into it."""
    flows = facts.flows
    named_ = sold["transfer_id"].dropna()
    if len(named_):
        found = flows[flows["row"].isin(facts.at_place(named_))]
    elif facts.has("accounts.product_id"):
        accounts = facts.rows("accounts")
        mine = accounts.index[(accounts["product_id"] == product).to_numpy()]
        numbers = [
            facts.party_number[str(each)] for each in sold["investor_id"] if str(each) in facts.party_number
        ]
        found = flows[flows["target"].isin(mine) & flows["payer"].isin(numbers)]
    else:
        found = flows.iloc[:0]
    codes = [code for code, name in enumerate(facts.currencies) if name == facts.tables.currency]
    return found[found["currency"].isin(codes)]


# ---------------------------------------------------------------- how much went on


@dataclass
class _Traced:
    """What part of what was raised went into private products, by rule, and the rows that carried it."""

    by_rule: Mapping[str, Fraction]
    amounts: Mapping[str, int]
    raised: int
    shown: list[str]
    traces: list[Trace]
    chains: list[Mapping[str, Any]]


def _traced(ask: Inquiry, seller: _Seller) -> _Traced | None:
    from graphflow.tracing import trace

    facts = ask.facts
    if seller.raised.empty:
        return None
    ends = _into(facts, seller)
    if not ends:
        return None
    seeds = ",".join(f'transfer:"{each}"' for each in facts.ids(seller.raised["row"]))
    until = local_time(facts.at, facts.tables.timezone) if facts.asked else None
    by_rule, amounts, shown, traces = {}, {}, set(), []
    chains: list[Mapping[str, Any]] = []
    for rule in RULES:
        t = trace(facts.case, seeds, rule=rule, until=until)
        amount = 0
        for chain in t.iter_chains():
            if not ends.isdisjoint(chain.transfers):
                amount += int(chain.amount)
                shown |= set(chain.transfers)
        by_rule[rule], amounts[rule] = Fraction(amount, t.seed), amount
        traces.append(t)
        if rule == RULES[0]:
            chains = [each for each in chains_of(t, 20) if not ends.isdisjoint(each["transfers"])][:3]
    return _Traced(by_rule, amounts, traces[0].seed, sorted(shown), traces, chains)


def _into(facts: Facts, seller: _Seller) -> set[str]:
    """The transfers into the private products: those that its purchases name, and into their accounts."""
    found = {str(each) for each in seller.bought["transfer_id"].dropna()} if len(seller.bought) else set()
    flows = facts.flows
    rows: set[int] = set()
    if facts.has("accounts.product_id"):
        accounts = facts.rows("accounts")
        theirs = accounts.index[accounts["product_id"].isin(seller.private).to_numpy()]
        inside = flows["target"].isin(theirs) & ~flows["source"].isin(theirs)
        rows |= set(flows.loc[inside, "row"].tolist())
    if not rows and not found:
        marks, names = facts.codes("product_id", flows["row"])
        wanted = [place for place, name in enumerate(names) if name in set(seller.private)]
        rows |= set(flows.loc[np.isin(marks, wanted), "row"].tolist())
    return found | set(facts.ids(sorted(rows)))


# ---------------------------------------------------------------- findings


def _seen(ask: Inquiry, seller: _Seller) -> Finding | None:
    facts = ask.facts
    given = given_of(facts, seller.id) if seller.kind == "product" else {}
    if _is_something_else(facts, seller, given):
        return None
    own = facts.tables.currency
    if seller.kind == "party":
        own = facts.currencies[int(seller.raised["currency"].iloc[0])]
    sums = _units(facts, seller)
    count = len(sums)
    if count < ask.threshold("least"):
        return None
    unit, name = int(sums.min()), _highest(ask, seller.private) if own == "CNY" else None
    small = name is not None and unit < ask.threshold(name)
    many, public = count > ask.threshold("persons"), given.get("offering") == "public"
    if not (small or many or public):
        return None
    sold = int(seller.sold["amount"].sum()) if len(seller.sold) else 0
    register = Fraction(seller.put_in, sold) if sold and seller.put_in and ask.runs("registers") else None
    least = ask.threshold("back")
    if (register is None or register < least) and seller.raised.empty:
        return None
    traced = _traced(ask, seller) if ask.runs("flows") else None
    most = max(traced.by_rule.values()) if traced is not None else None
    by_flow = most is not None and most >= least
    if not by_flow and (register is None or register < least):
        return None
    value = most if by_flow and most is not None else register
    assert value is not None
    if by_flow and traced is not None:
        amount, amount_least, raised = (
            max(traced.amounts.values()),
            min(traced.amounts.values()),
            traced.raised,
        )
    else:
        amount, amount_least, raised = seller.put_in, seller.put_in, sold
    measures = [
        ask.measure("back", N_("part of what was raised that went into private products"), value, "back")
    ]
    if register is not None and by_flow:
        measures.append(ask.measure("register", N_("the same by the registers alone"), register, "back"))
    if name is not None:
        measures.append(ask.measure("unit", N_("least that one of them put in"), unit, name, "<"))
    measures += [
        ask.measure("persons", N_("persons from whom it was raised"), count, "persons", ">"),
        ask.measure("raised", N_("raised from them"), raised, unit=own),
        ask.measure("private", N_("private products that it went into"), len(seller.private)),
    ]
    stated = all(_is_private(facts, each) for each in seller.private)
    return ask.finding(
        subject=(seller.kind, seller.id),
        hit=[
            *(("registers",) if register is not None and register >= least else ()),
            *(("flows",) if by_flow else ()),
        ],
        summary=Told(
            N_("{seller} raised {raised} from {count} persons; {back} % of it went into private products"),
            seller=_name(facts, seller), raised=money(facts, raised, own), count=count,
            back=number_text(100 * value), products=len(seller.private),
        ),
        measures=measures,
        rows=_rows(ask, seller, traced),
        severity="high" if stated else "medium",
        kinds=({"register": "shown"})
        | ({"flow": "shown"} if by_flow else {}),
        elements={
            "passed_on": "shown" if by_flow
            else ("shown", N_("by the registers: no payment of it is there to trace")) if traced is None
            else ("inferred", Told(
                N_("by the registers; traced, at most {part} of it is seen to go there"),
                part=number_text(most or 0),
            )),
            "private": "shown" if stated else ("inferred", N_("by the least that it asks of each")),
            "to_public": (
                "shown" if _stated_persons(facts, seller) else "inferred", _how(small, many, public),
            ),
        },
        against=_against(facts, seller, given, by_flow),
        amount=amount,
        amount_least=amount_least,
        currency=own,
        by_rule=traced.by_rule if by_flow and traced is not None else {},
        chains=traced.chains if by_flow and traced is not None else (),
    )  # fmt: skip


def _how(small: bool, many: bool, public: bool) -> str:
    if many:
        return (
            N_("to more than may be sold to, and below the least that is asked of each")
            if small
            else N_("to more than may be sold to")
        )
    return N_("below the least that is asked of each") if small else N_("it is offered to the public")


def _name(facts: Facts, seller: _Seller) -> str:
    return named(facts, seller.id) if seller.kind == "product" else facts.name_of(seller.id) or seller.id


def _units(facts: Facts, seller: _Seller) -> pd.Series:
    """What each natural person put in, all his payments together."""
    if seller.kind == "product":
        kinds = facts.positions.party_kinds
        person = [kinds.get(str(each), "") in ("person", "") for each in seller.sold["investor_id"]]
        return seller.sold[np.array(person, np.bool_)].groupby("investor_id")["amount"].sum()
    return seller.raised.groupby("payer")["amount"].sum()


def _stated_persons(facts: Facts, seller: _Seller) -> bool:
    """Whether of all that are counted it is stated that they are natural persons."""
    kinds = facts.positions.party_kinds
    return all(kinds.get(str(each), "") for each in seller.sold["investor_id"])


def _highest(ask: Inquiry, private: list[str]) -> str | None:
    """The threshold of the least that the private products ask of each: of several the highest."""
    names = [name for each in private if (name := least_unit(ask, each)) is not None]
    return max(names, key=lambda name: (ask.threshold(name), name)) if names else None


def _is_something_else(facts: Facts, seller: _Seller, given: Mapping[str, Any]) -> bool:
    """Whether it is a registered fund of funds or public product, backed by assets, or a family's trust."""
    if given.get("kind") in ("abs", "pension"):
        return True
    if given.get("offering") == "public" and given.get("registered") and _licensed(facts, given):
        return True
    if given.get("kind") == "fund_of_funds" and (given.get("registered") or given.get("exempt")):
        return True
    said = f"{_name(facts, seller)} {given.get('exempt') or ''}".lower()
    trust = given.get("kind") == "trust" or facts.positions.party_kinds.get(seller.id) == "trust"
    return trust and any(word in said for word in FAMILY)


def _licensed(facts: Facts, given: Mapping[str, Any]) -> bool:
    """Whether who issues or manages a product has a licence for it, by the register or by what it is."""
    runs = {str(given[role]) for role in ("issuer_id", "manager_id") if given.get(role)}
    if facts.has("licences"):
        rows = facts.in_force("licences")
        rows = rows[rows["function"].isin(["asset_management", "banking", "trust", "insurance"])]
        if runs & set(rows["party_id"]):
            return True
    numbers = [facts.party_number[each] for each in runs if each in facts.party_number]
    return any(facts.party_sector[number] in LICENSED for number in numbers)


def _against(
    facts: Facts, seller: _Seller, given: Mapping[str, Any], by_flow: bool
) -> dict[str, tuple[str, str] | str]:
    kind = given.get("kind")
    unknown = seller.kind == "product" and kind is None
    return {
        "fund_of_funds": ("unknown", N_("what kind of product it is is not stated")) if unknown
        else ("unknown", N_("it is one, and no number in the register is stated of it"))
        if kind == "fund_of_funds" else "clear",
        "abs": ("unknown", N_("what kind of product it is is not stated")) if unknown else "clear",
        "licensed": "clear" if given.get("offering") != "public" or facts.has("products.registered")
        else ("unknown", N_("no product has a number in the register")),
        "family": "clear" if facts.name_of(seller.id) or given.get("name")
        else ("unknown", N_("its name is not stated")),
        "own_business": ("clear", N_("what is followed is the money of those persons alone"))
        if by_flow
        else "clear" if seller.kind == "product"
        else ("unknown", N_("no payment of it is there to trace")),
    }  # fmt: skip


def _rows(ask: Inquiry, seller: _Seller, traced: _Traced | None) -> list[Cited]:
    facts = ask.facts
    found = [
        facts.cite("subscriptions", seller.sold),
        facts.cite("subscriptions", seller.bought),
        facts.cite("holdings", seller.held, seller.bought.empty) if len(seller.held) else None,
        *cite_products(facts, [*seller.private, *([seller.id] if seller.kind == "product" else [])]),
        facts.cite_parties({seller.id, *(str(each) for each in seller.sold["investor_id"])}),
        *facts.cite_last(),
    ]
    if traced is not None:
        found += [
            facts.cite("transfers", facts.at_place(traced.shown)),
            facts.cite("transfers", seller.raised["row"].to_numpy(np.int64)),
            *(each.as_context() for each in ask.cite_trace(*traced.traces)),
        ]
        accounts = facts.rows("accounts")
        theirs = accounts[known(accounts["product_id"])]
        theirs = theirs[theirs["product_id"].isin(seller.private)]
        found.append(facts.cite_accounts(theirs.index.tolist()))
    return [each for each in found if each is not None]


LINE = RedLine(
    code="RL-16",
    name=N_("Private products packaged for the public"),
    name_zh="私募产品打包、拆分向公众销售",
    asks=N_("Did somebody raise money from many, or in small sums, and put it into private products?"),
    tests=(
        Test(
            "registers",
            N_("what was raised beside what went into private products, by the registers"),
            ("subscriptions", ("products.offering", "products.kind", "products.unit_minimum")),
        ),
        Test(
            "flows",
            N_("what was raised, traced into private products"),
            (
                "transfers",
                "subscriptions",
                "parties",
                ("accounts.party_id", "accounts.product_id"),
                ("products.offering", "products.kind", "products.unit_minimum"),
            ),
        ),
    ),
    elements={
        "passed_on": N_("most of what was raised goes into private products"),
        "private": N_("these are private"),
        "to_public": N_("it is sold to more than may be, below what is asked of each, or publicly"),
    },
    guards={
        "fund_of_funds": N_("it is a registered fund of funds or of managers"),
        "abs": N_("it is an asset-backed security of an exchange"),
        "licensed": N_(
            "it is a registered public product of a licensed institution, whose layers RL-17 asks"
        ),
        "family": N_("it is a family's trust"),
        "own_business": N_("it invests what its own business earned"),
    },
    find=find,
)
