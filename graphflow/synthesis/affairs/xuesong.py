"""A trust company whose plans buy receivables that their debtors deny (case 10 of the list).

Figures: the verdict of 10 February 2026 and reports of the case (雪松/长青): 42 plans of the trust raised
20 billion yuan of 6,800 to 8,000 investors on 22.0 billion of receivables from enterprises of the state,
which denied nearly all; the two largest sellers of them, 11.2 billion, were shells of the group that looked
like the state's; 15.8 billion went to the controller, of these 8.4 billion off the books; about 20 billion
are unpaid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphflow.synthesis.affairs import honest_funds, honest_lending
from graphflow.synthesis.affairs.book import DAY, HOUR, Book, on, rounded, shared
from graphflow.synthesis.affairs.honest_funds import Product, sold
from graphflow.synthesis.affairs.told import Affair, Figure, May, Must

SOURCE = "雪松信托（长青系列）案：2026-02-10一审判决及相关报道"
PLANS, INVESTORS = 42, 162
CLAIMS, OF_SHELLS, CONFIRMED = 220, (60, 52), 6
RAISED, TO_CONTROLLER, OFF_BOOKS = 200, 158, 84
OTHERS, DENIERS, KEEPERS = 8, 12, 4
SINCE, UNTIL, FIRST, LAST = "2019-03-01", "2023-06-30", "2019-06-10", "2021-09-20"


@dataclass(frozen=True)
class _Claim:
    """One receivable: number, the plan that has it, who sold it, who is said to owe it, face and price."""

    ident: str
    plan: int
    seller: str
    debtor: str
    face: int
    price: int
    confirmed: bool


def affair(*, scale: float = 1.0, seed: int = 0) -> Affair:
    """The trust company, and honest ones around it.

    Investors pay a plan's custody account; the plan lends to a factoring company of the group, against
    receivables that this has bought; it pays their sellers. Two sellers are shells, with the telephone of
    the group's bookkeepers, and pass all of it to the group the next day; eight others trade for real and
    pass a part. A week later more than half of what the group got is in accounts of four bookkeepers.

    Parameters
    ----------
    scale
        1 is forty-two plans with 162 investors each.
    seed
        The same scale and seed give the same rows.

    Returns
    -------
    Affair

    Examples
    --------
    >>> found = affair(scale=0.1)
    >>> {name: float(round(f.ratio, 3)) for name, f in found.figures.items()}
    {'receivables of two shells': 0.509, 'unconfirmed': 0.973, 'to the controller': 0.79,
     'of it off the books': 0.532}
    """
    book = Book(seed, "2017-01-01", UNTIL)
    honest_lending.institutions(book)
    plans = max(round(PLANS * scale), 4)
    unit = 1_000 * max(round(10_000_000_000 * plans / PLANS / 1_000), 1)
    _cast(book, plans, unit)
    debtors = honest_funds.owners_of_state(book, "SOE", DENIERS)
    claims = _claims(book, plans, unit, debtors)
    products = _plans(book, plans, claims)
    _flow(book, products, claims, unit)
    honest_funds.trusts(book, len(book.guilty), SINCE, UNTIL, plans=4, investors=20)
    of_shells = sum(c.face for c in claims if c.seller in ("S0", "S1"))
    unconfirmed = sum(c.face for c in claims if not c.confirmed)
    figures = (
        Figure("receivables of two shells", of_shells, CLAIMS * unit, "112 of 220"),
        Figure("unconfirmed", unconfirmed, CLAIMS * unit, "> 95 %"),
        Figure("to the controller", TO_CONTROLLER * unit, RAISED * unit, "158 of 200"),
        Figure("of it off the books", OFF_BOOKS * unit, TO_CONTROLLER * unit, "84 of 158"),
    )
    return book.affair("xuesong", SOURCE, _truth(products, claims), figures)


def _cast(book: Book, plans: int, unit: int) -> None:
    book.party("ZHANG", "张某", "person")
    book.account("zhang", "ZHANG")
    book.company("HQ", "松例实业集团有限公司", scope="大宗商品贸易")
    book.account("hq", "HQ")
    book.owns("ZHANG", "HQ")
    book.company("TRUST", "长例国际信托有限责任公司", "trust_company", scope="资金信托")
    book.licence("TRUST", "trust")
    book.account("trust-own", "TRUST", opening=10_000_000_00)
    book.owns("HQ", "TRUST", since="2019-04-20")
    for quarter in ("2019-03-31", "2020-03-31", "2021-03-31", "2022-03-31"):
        book.add(
            "financials",
            party_id="TRUST",
            period_end=quarter,
            total_assets=20 * unit,
            net_assets=18 * unit,
            net_capital=15 * unit,
        )
    keepers = book.people("XJ", KEEPERS)
    for each in keepers:
        book.add(
            "relations", party_id=each, other_id="HQ", kind="employee", since="2015-01-01", source="社保记录"
        )
    for number in range(2):
        book.company(f"FACTOR{number}", f"松例{'甲乙'[number]}商业保理有限公司", scope="商业保理")
        book.licence(f"FACTOR{number}", "lending")
        book.account(f"factor{number}", f"FACTOR{number}")
        book.owns("HQ", f"FACTOR{number}")
    book.company("CENTER", "中例国资发展中心有限公司", scope="资产经营")
    for number in range(2):
        book.company(
            f"S{number}",
            f"中例{('石化', '能源')[number]}物资有限公司",
            scope="物资销售",
            founded="2018-01-10",
            phone="13800002222",
            address="松例大厦17层",
        )
        book.account(f"s{number}", f"S{number}")
        book.owns("CENTER", f"S{number}", since="2018-01-10")
    book.party("SECRETARY", "财务专员", "person", phone="13800002222")
    book.add(
        "relations",
        party_id="SECRETARY",
        other_id="HQ",
        kind="employee",
        since="2015-01-01",
        source="社保记录",
    )
    for number in range(OTHERS):
        book.company(f"O{number}", book.firm_name("供应链有限公司"), scope="大宗贸易")
        book.owns(book.people(f"O{number}P", 1)[0], f"O{number}")
        book.account(f"o{number}", f"O{number}", opening=900_000_00)
    trade = honest_lending.traders(book, "X", 4)
    staff = [each.lower() for each in book.people("W", 5 * OTHERS)]
    honest_lending.business(
        book, [f"o{n}" for n in range(OTHERS)], on("2018-02-01"), on("2022-03-01"), trade, staff
    )
    book.guilty |= {"ZHANG", "HQ", "TRUST", "FACTOR0", "FACTOR1", "S0", "S1", *keepers}
    book.guilty |= {f"P{number:02d}" for number in range(plans)}


def _claims(book: Book, plans: int, unit: int, debtors: list[str]) -> list[_Claim]:
    """Four receivables a plan, one of each shell and two of others, and one that is real."""
    rows: list[tuple[int, str, int, bool]] = []
    for number, size in enumerate(OF_SHELLS):
        weights = book.rng.integers(80, 121, plans)
        rows += [
            (place, f"S{number}", int(face), False) for place, face in enumerate(shared(size * unit, weights))
        ]
    rest = CLAIMS - sum(OF_SHELLS) - CONFIRMED
    faces = shared(rest * unit, book.rng.integers(80, 121, 2 * plans))
    rows += [(place % plans, f"O{place % OTHERS}", int(face), False) for place, face in enumerate(faces)]
    rows.append((0, "O7", CONFIRMED * unit, True))
    prices = shared(RAISED * unit, [face for _, _, face, _ in rows])
    return [
        _Claim(
            f"R{place:04d}", plan, seller, debtors[place % len(debtors)].upper(), face, int(price), confirmed
        )
        for place, ((plan, seller, face, confirmed), price) in enumerate(zip(rows, prices, strict=True))
    ]


def _plans(book: Book, plans: int, claims: list[_Claim]) -> list[Product]:
    rng = book.rng
    people = book.people("I", plans * INVESTORS * 4 // 5)
    starts = on(FIRST) + np.arange(plans) * (on(LAST) - on(FIRST)) // max(plans - 1, 1) // DAY * DAY
    products = []
    for number in range(plans):
        raised = sum(c.price for c in claims if c.plan == number)
        who = [people[place] for place in np.sort(rng.choice(len(people), INVESTORS, replace=False))]
        least = 1_000_000_00
        paid = rounded(raised - least * INVESTORS, rng.integers(5, 40, INVESTORS), 10_000_00) + least
        product = sold(
            book,
            f"P{number:02d}",
            "TRUST",
            who,
            paid,
            int(starts[number]),
            720,
            kind="trust",
            promised_yield="0.075",
            name=f"长例{number + 1}号",
        )
        honest_funds.subscribed(book, product)
        products.append(product)
    return products


def _flow(book: Book, products: list[Product], claims: list[_Claim], unit: int) -> None:
    whole = sum(c.price for c in claims if c.seller in ("S0", "S1"))
    others = [c for c in claims if c.seller not in ("S0", "S1")]
    parts = shared(TO_CONTROLLER * unit - whole, [c.price for c in others])
    passed = {c.ident: c.price for c in claims} | {
        c.ident: int(p) for c, p in zip(others, parts, strict=True)
    }
    hidden = shared(OFF_BOOKS * unit, [passed[c.ident] for c in claims])
    for number, product in enumerate(products):
        factor = f"FACTOR{number % 2}"
        end = product.end - 20 * DAY
        book.add(
            "loans",
            loan_id=f"{product.ident}L",
            lender_id="TRUST",
            borrower_id=factor,
            principal=product.raised,
            rate="0.095",
            start=product.start,
            end=end,
            purpose="受让应收账款",
            status="overdue",
            balance=product.raised,
            collateral=f"{product.ident}应收账款包",
        )
        book.pay(
            product.start + 10 * HOUR,
            product.custody,
            factor.lower(),
            product.raised,
            memo="信托贷款",
            kind="disbursement",
            product_id=product.ident,
            loan_id=f"{product.ident}L",
        )
    traders = [f"x{n:04d}" for n in range(4)]
    for place, claim in enumerate(claims):
        product, factor = products[claim.plan], f"FACTOR{claim.plan % 2}"
        end = product.end - 20 * DAY
        seller = claim.seller.lower()
        book.add(
            "loans",
            loan_id=claim.ident,
            lender_id=factor,
            borrower_id=claim.seller,
            principal=claim.price,
            rate="0.1",
            start=product.start,
            end=end,
            purpose="有追索权保理",
            status="overdue",
            balance=claim.price,
            collateral=f"应收账款合同第{place + 1:05d}号",
        )
        book.add(
            "holdings",
            product_id=product.ident,
            asset_id=claim.ident,
            asset_kind="nonstandard_debt",
            amount=claim.price,
            borrower_id=claim.debtor,
            start=product.start,
            end=end,
            as_of=product.start + 30 * DAY,
            confirmed="true" if claim.confirmed else "false",
            face=f"{claim.face // 100}.{claim.face % 100:02d}",
        )
        at = product.start + 13 * HOUR + place % 60 * 60
        book.pay(
            at,
            factor.lower(),
            seller,
            claim.price,
            memo="保理融资款",
            kind="disbursement",
            loan_id=claim.ident,
        )
        amount = passed[claim.ident]
        book.pay(at + 20 * HOUR, seller, "hq", amount, memo="往来款", kind="transfer")
        if amount < claim.price:
            rest = shared(claim.price - amount, [1, 1])
            when = at + np.array([4, 11]) * DAY
            book.pay(
                when,
                seller,
                [traders[place % 4], traders[(place + 1) % 4]],
                rest,
                memo="采购款",
                kind="purchase",
            )
        book.pay(
            at + 7 * DAY, "hq", f"xj{place % KEEPERS:06d}", int(hidden[place]), memo="备用金", kind="transfer"
        )
        open_ = amount - int(hidden[place])
        book.pay(at + 8 * DAY, "hq", traders[place % 4], open_, memo="大宗商品货款", kind="purchase")


def _truth(products: list[Product], claims: list[_Claim]) -> tuple[tuple[Must, ...], tuple[May, ...]]:
    plans = frozenset(p.ident for p in products)
    group = frozenset({"HQ", "hq", "ZHANG", "TRUST", "FACTOR0", "FACTOR1", "factor0", "factor1"})
    musts = [
        Must(
            "RL-19",
            "TRUST",
            "lends factoring companies of its own group many times what the limit allows",
            frozenset({"FACTOR0", "FACTOR1"}),
        ),
    ]
    for shell in ("S0", "S1"):
        mine = frozenset(c.ident for c in claims if c.seller == shell)
        musts.append(
            Must(
                "RL-07",
                shell,
                "no business, the telephone of the group's staff, all passed to the group in a day",
                mine,
            )
        )
    for product in products:
        if len(product.who) >= 160:
            musts.append(
                Must("RL-14", product.ident, f"{len(product.who)} investors: to be watched from 160 on")
            )
    mays = (
        May(
            "RL-01",
            group,
            "plans' money is mixed in the group's accounts, which it reaches on the third step",
        ),
        May("RL-02", group | plans, "79 % of what the plans raised went to the controller: by analogy"),
        May("RL-14", frozenset({"TRUST"}), "all plans together, if they are taken for one project"),
        May(
            "RL-23",
            group,
            "plans' money is spent by the group, in accounts that it reaches on the third step",
        ),
    )
    return tuple(musts), mays
