"""Managers of private funds, wealth firms and trust companies that keep to the rules.

Each product has its own custody account, qualified investors above the minimum, and one asset of somebody
who is nobody's relative, which ends before the product does; what the asset returned is what investors are
paid, once the asset has paid. Here and there: a parent gives an investor money shortly before he
subscribes, a fund of funds buys into another fund (one layer, as allowed), an open public fund is redeemed
at its value while others subscribe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphflow.synthesis.affairs.book import DAY, HOUR, Book, Ints, on, rounded, shared
from graphflow.synthesis.affairs.honest_lending import WORKERS, business, traders

EVIDENCE = "金融资产证明600万元"
UNIT = 1_000_000_00


def managers(
    book: Book,
    count: int,
    since: str,
    until: str,
    *,
    funds: int = 5,
    investors: int = 12,
    prefix: str = "HM",
    seller: str = "",
) -> None:
    """Some managers, each with private funds; every fourth has an open public fund beside them.

    Parameters
    ----------
    count
        Managers.
    since, until
        When the first fund begins, and the last day.
    funds, investors
        Funds of each manager, and investors of each fund.
    prefix
        Of their ids.
    seller
        A prefix of wealth firms, one a manager, which sell its funds for a commission; empty: it sells them
        itself.
    """
    trade = traders(book, f"{prefix}T", max(count, 4))
    workers = [each.lower() for each in book.people(f"{prefix}W", count * funds * WORKERS)]
    firms: list[str] = []
    for number in range(count):
        manager = f"{prefix}{number:03d}"
        book.company(
            manager, book.firm_name("基金管理有限公司"), "asset_manager", scope="私募股权、债权基金管理"
        )
        book.licence(manager, "asset_management", "fund_sale")
        book.account(f"{manager.lower()}-own", manager, opening=2_000_000_00)
        (owner,) = book.people(f"{manager}O", 1)
        book.owns(owner, manager)
        book.honest.add(manager)
        wealth = ""
        if seller:
            wealth = f"{seller}{number:03d}"
            book.company(wealth, book.firm_name("财富管理有限公司"), "fund_distributor", scope="基金销售")
            book.licence(wealth, "fund_sale")
            book.account(f"{wealth.lower()}-own", wealth, opening=2_000_000_00)
            (owner,) = book.people(f"{wealth}O", 1)
            book.owns(owner, wealth)
            book.honest.add(wealth)
        for fund in range(funds):
            firms.append(
                _fund(
                    book,
                    manager,
                    f"{manager}F{fund}",
                    investors,
                    on(since),
                    on(until),
                    trade,
                    wealth,
                    nested=number % 4 == 1 and fund == 0,
                )
            )
        if number % 4 == 0:
            _public(book, manager, on(since), on(until))
    business(book, firms, on(since) - 400 * DAY, min(on(until), on(since) + 700 * DAY), trade, workers)


def account_of(investor: str) -> str:
    """The account of an investor: of a person its own, of a product its custody account."""
    return f"{investor.lower()}-custody" if investor.endswith("N") else investor.lower()


@dataclass(frozen=True)
class Product:
    """A product as it is sold: its id, custody account, days, and who put in how much by which transfer."""

    ident: str
    custody: str
    start: int
    end: int
    who: list[str]
    paid: Ints
    ids: list[str]

    @property
    def raised(self) -> int:
        return int(self.paid.sum())


def sold(
    book: Book, ident: str, manager: str, who: list[str], paid: Ints, start: int, days: int, **more: object
) -> Product:
    """A private product with a custody account of its own, subscribed on its first days."""
    custody, end = f"{ident.lower()}-custody", start + days * DAY
    given: dict[str, Any] = {
        "name": f"{ident}号",
        "issuer_id": manager,
        "manager_id": manager,
        "custodian_id": "BANK",
        "offering": "private",
        "kind": "fixed_income",
        "open_type": "closed",
        "unit_minimum": UNIT,
        "risk_level": 3,
        "registered": f"S{ident}",
        "project": f"{ident}项目",
        **more,
    }
    raised = int(paid.sum())
    book.add(
        "products", product_id=ident, start=start, end=end, net_assets=raised, total_assets=raised, **given
    )
    book.account(custody, "BANK", "client_custody", product_id=ident)
    accounts = np.array([account_of(each) for each in who], object)
    when = book.hours(start - DAY * book.rng.integers(1, 4, len(who)))
    ids = book.pay(when, accounts, custody, paid, memo="认购", kind="subscription", product_id=ident)
    return Product(ident, custody, start, end, who, paid, ids)


def subscribed(
    book: Book,
    product: Product,
    redeemed: int | list[Any] = 0,
    amounts: Ints | list[Any] | None = None,
    paid_by: list[str] | None = None,
) -> None:
    """The register of who subscribed, and, where it was paid back, when and how much."""
    count = len(product.who)
    back: dict[str, Any] = {}
    if amounts is not None and paid_by is not None:
        back = {"redeemed": redeemed, "redeemed_amount": amounts, "redemption_transfer_id": paid_by}
    book.add(
        "subscriptions",
        count,
        product_id=product.ident,
        investor_id=product.who,
        amount=product.paid,
        time=product.start,
        due=product.end,
        qualified="true",
        evidence=EVIDENCE,
        kyc="done",
        risk_tolerance=4,
        transfer_id=product.ids,
        **back,
    )


def _fund(
    book: Book,
    manager: str,
    ident: str,
    investors: int,
    begin: int,
    end: int,
    trade: list[str],
    wealth: str,
    *,
    nested: bool,
) -> str:
    """One closed fund in one company's debt or shares, wound up in time; the company's account."""
    rng = book.rng
    start = begin + int(rng.integers(10, 200)) * DAY
    days = int(rng.choice([270, 360, 450]))
    company, who = f"{ident}C", book.people(f"{ident}I", investors)
    account = company.lower()
    book.company(company, book.firm_name("实业有限公司"), scope="装备制造", registered_capital=20_000_000_00)
    (founder,) = book.people(f"{ident}P", 1)
    book.owns(founder, company)
    book.account(account, company, opening=2_000_000_00)
    book.honest |= {company, ident}
    (mother,) = book.people(f"{ident}Q", 1)
    if rng.integers(3) == 0:  # a gift in the family is nobody's pooling
        book.add("relations", party_id=mother, other_id=who[0], kind="parent", source="户籍")
        book.pay(start - 6 * DAY + 10 * HOUR, mother.lower(), who[0].lower(), 300_000_00, memo="赠与")
    paid = UNIT + rng.integers(0, 11, investors) * 100_000_00
    above = None
    if nested:  # a fund of funds, which puts all that it raised into this one
        above = _above(book, manager, ident, start, days)
        who, paid = [*who, above.ident], np.append(paid, above.raised)
    equity = int(rng.integers(3)) == 0
    product = sold(book, ident, manager, who, paid, start, days, kind="equity" if equity else "fixed_income")
    fee = product.raised // 100
    used = product.raised - fee
    marks = {"product_id": ident}
    book.pay(
        start + 10 * HOUR, product.custody, f"{manager.lower()}-own", fee, memo="管理费", kind="fee", **marks
    )
    if wealth:
        book.pay(
            start + 5 * DAY + 11 * HOUR,
            f"{manager.lower()}-own",
            f"{wealth.lower()}-own",
            fee * 3 // 10,
            memo="销售服务费",
            kind="fee",
        )
    book.pay(start + 14 * HOUR, product.custody, account, used, memo="投资款", kind="transfer", **marks)
    asset_end = product.end - 5 * DAY
    gain = used * int(rng.integers(20, 85)) * days // 365_000
    book.add(
        "holdings",
        product_id=ident,
        asset_id=f"{ident}A",
        asset_kind="equity" if equity else "nonstandard_debt",
        amount=used,
        income=gain,
        borrower_id="" if equity else company,
        start=start,
        end="" if equity else asset_end,
        as_of=start + 30 * DAY,
        confirmed="true",
    )
    spends = rounded(used * 9 // 10, [3, 2, 2], 100_00)
    at = start + DAY * rng.integers(4, 40, 3) + 11 * HOUR
    payees = np.array(trade, object)[rng.integers(0, len(trade), 3)]
    book.pay(at, account, payees, spends, memo="设备采购款", kind="purchase")
    if product.end + 30 * DAY > end:
        subscribed(book, product)
        if above is not None:
            subscribed(book, above)
        return account
    income = np.array(trade, object)[rng.integers(0, len(trade), 4)]
    parts = rounded(used + gain, [1, 1, 1, 1], 100_00)
    book.pay(
        asset_end - DAY * rng.integers(5, 60, 4) + 9 * HOUR,
        income,
        account,
        parts,
        memo="销售回款",
        kind="transfer",
    )
    whole = used + gain
    book.pay(asset_end + 9 * HOUR, account, product.custody, whole, memo="本息", kind="repayment", **marks)
    back = shared(whole, paid)
    _wind_up(book, product, back, "清算分配")
    if above is not None:
        _wind_up(book, above, shared(int(back[-1]), above.paid), "清算分配")
    return account


def _above(book: Book, manager: str, ident: str, start: int, days: int) -> Product:
    """A fund of funds: six investors, and all of it in one fund, which ends before it."""
    who = book.people(f"{ident}U", 6)
    paid = UNIT + book.rng.integers(0, 6, 6) * 100_000_00
    book.honest.add(f"{ident}N")
    first = start - 8 * DAY
    above = sold(
        book, f"{ident}N", manager, who, paid, first, days + 20, kind="fund_of_funds", exempt="私募基金中基金"
    )
    book.add(
        "holdings",
        product_id=above.ident,
        asset_id=ident,
        asset_kind="product",
        amount=above.raised,
        start=start,
        as_of=start + 30 * DAY,
        confirmed="true",
    )
    return above


def _wind_up(book: Book, product: Product, back: Ints, memo: str) -> None:
    """What is left of a product is paid to its investors, and written into its register."""
    accounts = np.array([account_of(each) for each in product.who], object)
    at = product.end + 10 * HOUR
    ids = book.pay(
        at + np.arange(len(accounts)) * 60,
        product.custody,
        accounts,
        back,
        memo=memo,
        kind="redemption",
        product_id=product.ident,
    )
    subscribed(book, product, at, back, ids)


def _public(book: Book, manager: str, begin: int, end: int) -> None:
    """An open public fund in treasury bonds: redeemed at its value, the same day as others subscribe."""
    ident = f"{manager}PUB"
    custody = f"{ident.lower()}-custody"
    count = 24
    who = book.people(f"{ident}I", count)
    book.honest.add(ident)
    book.add(
        "products",
        product_id=ident,
        name=f"{ident}开放式",
        issuer_id=manager,
        manager_id=manager,
        custodian_id="BANK",
        offering="public",
        kind="public_fund",
        open_type="open",
        start=begin,
        next_open=end + 5 * DAY,
        net_assets=1_000_000_00,
        total_assets=1_000_000_00,
        unit_minimum=1_00,
        risk_level=2,
        registered=f"S{ident}",
    )
    book.account(custody, "BANK", "client_custody", product_id=ident)
    book.add(
        "holdings",
        product_id=ident,
        asset_id="国债",
        asset_kind="standard_debt",
        amount=1_000_000_00,
        start=begin,
        end=end + 700 * DAY,
        as_of=begin + 30 * DAY,
        confirmed="true",
    )
    day = begin + 20 * DAY + np.arange(count) * 9 * DAY
    amount = book.rng.integers(2, 9, count) * 10_000_00
    accounts = np.array([each.lower() for each in who], object)
    marks = {"product_id": ident}
    ids = book.pay(day + 9 * HOUR, accounts, custody, amount, memo="申购", kind="subscription", **marks)
    half = count // 2  # the first half sell to the second, at the value of the day
    value = amount[:half] * 101 // 100
    at = day[half:] + 15 * HOUR
    backs = book.pay(at, custody, accounts[:half], value, memo="赎回", kind="redemption", **marks)
    common = {"product_id": ident, "qualified": "", "kyc": "done", "risk_tolerance": 4}
    book.add(
        "subscriptions",
        half,
        investor_id=who[:half],
        amount=amount[:half],
        time=day[:half] + 9 * HOUR,
        redeemed=at,
        redeemed_amount=value,
        transfer_id=ids[:half],
        redemption_transfer_id=backs,
        **common,
    )
    book.add(
        "subscriptions",
        count - half,
        investor_id=who[half:],
        amount=amount[half:],
        time=day[half:] + 9 * HOUR,
        transfer_id=ids[half:],
        **common,
    )


def trusts(
    book: Book,
    count: int,
    since: str,
    until: str,
    *,
    plans: int = 4,
    investors: int = 20,
    prefix: str = "HT",
    debtors: list[str] | None = None,
) -> None:
    """Trust companies with plans on receivables that debtors confirm, bought of independent factors.

    Parameters
    ----------
    count
        Trust companies.
    since, until
        When the first plan begins, and the last day.
    plans, investors
        Plans of each company, and investors of each plan.
    prefix
        Of their ids.
    debtors
        Accounts, by the ids of their parties in small letters, of those who owe the receivables; None: made
        here.
    """
    trade = traders(book, f"{prefix}T", max(count, 4))
    workers = [each.lower() for each in book.people(f"{prefix}W", count * plans * WORKERS)]
    if debtors is None:
        debtors = owners_of_state(book, f"{prefix}D", max(count, 4))
    firms: list[str] = []
    for number in range(count):
        trust, factor = f"{prefix}{number:03d}", f"{prefix}{number:03d}K"
        book.company(trust, book.firm_name("信托有限责任公司"), "trust_company", scope="资金信托")
        book.licence(trust, "trust")
        book.add(
            "financials",
            party_id=trust,
            period_end=since,
            total_assets=9_000_000_000_00,
            net_assets=8_000_000_000_00,
            net_capital=7_000_000_000_00,
        )
        book.account(f"{trust.lower()}-own", trust, opening=5_000_000_00)
        book.company(factor, book.firm_name("商业保理有限公司"), scope="商业保理")
        book.licence(factor, "lending")
        book.account(factor.lower(), factor, opening=3_000_000_00)
        for each in (trust, factor):
            (owner,) = book.people(f"{each}O", 1)
            book.owns(owner, each)
        book.honest |= {trust, factor}
        for plan in range(plans):
            debtor = debtors[(number * plans + plan) % len(debtors)]
            firms.append(
                _plan(book, trust, factor, f"{trust}P{plan}", investors, on(since), on(until), debtor)
            )
    business(book, firms, on(since) - 400 * DAY, min(on(until), on(since) + 700 * DAY), trade, workers)


def owners_of_state(book: Book, prefix: str, count: int) -> list[str]:
    """Enterprises of the state, which owe what they confirm and deny what they do not owe; their accounts."""
    found = []
    book.party(f"{prefix}SASAC", "国有资产监督管理委员会", "government")
    for number in range(count):
        ident = f"{prefix}{number:03d}"
        book.company(ident, book.firm_name("建设集团有限公司"), scope="建筑施工")
        book.owns(f"{prefix}SASAC", ident)
        book.account(ident.lower(), ident, opening=50_000_000_00)
        book.honest.add(ident)
        found.append(ident.lower())
    return found


def _plan(
    book: Book, trust: str, factor: str, ident: str, investors: int, begin: int, end: int, debtor: str
) -> str:
    """One plan on one receivable: investors, custody, factor, seller; and the debtor pays. The seller."""
    rng = book.rng
    start = begin + int(rng.integers(10, 160)) * DAY
    days = int(rng.choice([270, 360]))
    seller, claim = f"{ident}C", f"{ident}R"
    account = seller.lower()
    book.company(seller, book.firm_name("物资有限公司"), scope="建材销售")
    (founder,) = book.people(f"{ident}F", 1)
    book.owns(founder, seller)
    book.account(account, seller, opening=1_000_000_00)
    book.honest |= {seller, ident}
    who = book.people(f"{ident}I", investors)
    paid = UNIT + rng.integers(0, 21, investors) * 100_000_00
    product = sold(book, ident, trust, who, paid, start, days, kind="trust")
    fee = product.raised // 200
    used = product.raised - fee
    marks = {"product_id": ident}
    book.pay(
        start + 10 * HOUR, product.custody, f"{trust.lower()}-own", fee, memo="信托报酬", kind="fee", **marks
    )
    book.pay(
        start + 12 * HOUR,
        product.custody,
        factor.lower(),
        used,
        memo="受让应收账款",
        kind="transfer",
        order_id=claim,
        **marks,
    )
    kept = used // 200
    book.pay(
        start + 15 * HOUR,
        factor.lower(),
        account,
        used - kept,
        memo="保理融资款",
        kind="transfer",
        order_id=claim,
        **marks,
    )
    face = used + used * int(rng.integers(35, 65)) * days // 365_000
    falls = product.end - 8 * DAY
    book.add(
        "holdings",
        product_id=ident,
        asset_id=claim,
        asset_kind="nonstandard_debt",
        amount=used,
        borrower_id=debtor.upper(),
        start=start,
        end=falls,
        as_of=start + 20 * DAY,
        confirmed="true",
    )
    if product.end + 10 * DAY > end:
        subscribed(book, product)
        return account
    book.pay(falls + 9 * HOUR, debtor, factor.lower(), face, memo="支付货款", kind="transfer", order_id=claim)
    book.pay(
        falls + 11 * HOUR,
        factor.lower(),
        product.custody,
        face,
        memo="应收账款回款",
        kind="repayment",
        order_id=claim,
        **marks,
    )
    back = shared(face, paid)
    _wind_up(book, product, back, "信托利益分配")
    return account
