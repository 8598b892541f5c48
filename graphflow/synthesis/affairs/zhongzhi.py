"""Four wealth firms, what they sold, and where it went (case 12 of the list).

Figures: the group's letter of 22 November 2023 (中植): assets of about 200 billion yuan against liabilities
of 420 to 460 billion. Four wealth firms sold directed financings and trust plans, which went through five
asset managers into real estate; payments stopped in July 2023. Here liabilities are 440, the middle of what
was told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphflow.synthesis.affairs import honest_funds, honest_lending
from graphflow.synthesis.affairs.book import DAY, HOUR, Book, Ints, on, rounded, shared
from graphflow.synthesis.affairs.honest_funds import EVIDENCE
from graphflow.synthesis.affairs.told import Affair, Figure, May, Must

SOURCE = "中植企业集团致投资者的致歉函（2023-11-22）"
WEALTH, MANAGERS = 4, 5
ASSETS, LIABILITIES, REPAID = 2_000, 4_400, 2_600  # in hundreds of millions; what was repaid is ours
A_MONTH = 4  # directed financings that begin in a month, at scale 1
INVESTORS = 45
MONTHS = 24
LEAST = 300_000_00
SINCE, UNTIL, STOPPED, LETTER = "2021-07-01", "2023-11-30", "2023-07-01", "2023-11-22"
MATURES = on("2027-12-31")


@dataclass(frozen=True)
class _Sold:
    """One directed financing: its month, who sold it, what it promised, and who put in what how."""

    ident: str
    month: int
    firm: int
    start: int
    rate: int  # per mille
    who: list[str]
    paid: Ints
    ids: list[str]

    @property
    def raised(self) -> int:
        return int(self.paid.sum())

    @property
    def trust(self) -> str:
        return f"T{self.firm}"


def affair(*, scale: float = 1.0, seed: int = 0) -> Affair:
    """The group, and honest wealth firms, managers and trust companies around it.

    Investors pay each firm's own account for directed financings of a year; of that money the financings of
    the year before are paid back, and what is left goes through a trust plan and plans of five asset
    managers to five builders of the group, for years. By the registers every financing is in its trust plan
    whole.

    Parameters
    ----------
    scale
        1 is four directed financings a month, each with forty-five investors.
    seed
        The same scale and seed give the same rows.

    Returns
    -------
    Affair

    Examples
    --------
    >>> found = affair(scale=0.25)
    >>> {name: str(f.ratio) for name, f in found.figures.items()}
    {'assets': '5/11', 'wealth firms to asset managers': '4/5'}
    """
    book = Book(seed, "2020-01-01", UNTIL)
    honest_lending.institutions(book)
    each_month = max(round(A_MONTH * scale), 1)
    unit = 8_600_000 * each_month
    _cast(book, unit)
    sold = _sold(book, each_month, unit)
    _flow(book, sold)
    _registers(book, sold, unit)
    book.guilty |= {each.ident for each in sold}
    wanted = 10 * len(book.guilty)
    honest_funds.managers(book, -(-wanted * 3 // 4 // 12), SINCE, UNTIL, funds=5, investors=8, seller="HS")
    honest_funds.trusts(book, -(-wanted // 4 // 10), SINCE, UNTIL, plans=4, investors=12)
    figures = (
        Figure("assets", ASSETS * unit, LIABILITIES * unit, "2,000 against 4,200 to 4,600"),
        Figure("wealth firms to asset managers", WEALTH, MANAGERS, "4 and 5"),
    )
    return book.affair("zhongzhi", SOURCE, _truth(sold), figures)


def _cast(book: Book, unit: int) -> None:
    book.party("XIE", "解某", "person")
    book.company("GROUP", "例植企业集团有限公司", scope="实业")
    book.account("group", "GROUP")
    book.owns("XIE", "GROUP")
    book.add(
        "financials",
        party_id="GROUP",
        period_end=LETTER,
        total_assets=ASSETS * unit,
        net_assets=(ASSETS - LIABILITIES) * unit,
    )
    for number in range(WEALTH):
        book.company(
            f"W{number}", f"{'恒新大高'[number]}例财富管理有限公司", "fund_distributor", scope="基金销售"
        )
        book.licence(f"W{number}", "fund_sale")
        book.account(f"w{number}", f"W{number}")
        book.company(f"SPV{number}", f"例植{'甲乙丙丁'[number]}商务服务有限公司", scope="商务服务")
    book.company("TRUST", "中例国际信托有限公司", "trust_company", scope="资金信托")
    book.licence("TRUST", "trust")
    book.account("trust-own", "TRUST", opening=5_000_000_00)
    for number in range(MANAGERS):
        book.company(
            f"AMC{number}", f"例植{'天地玄黄宇'[number]}资产管理有限公司", "asset_manager", scope="资产管理"
        )
        book.licence(f"AMC{number}", "asset_management")
        book.company(
            f"BUILDER{number}", f"例植{'东西南北中'[number]}置业有限公司", "developer", scope="房地产开发"
        )
        book.account(f"builder{number}", f"BUILDER{number}", opening=2_000_000_00)
        book.owns("GROUP", f"AMC{number}")
        book.owns("GROUP", f"BUILDER{number}")
        book.account(f"a{number}-custody", "BANK", "client_custody", product_id=f"A{number}")
    for number in range(WEALTH):
        book.owns("GROUP", f"W{number}")
        book.owns("GROUP", f"SPV{number}")
        book.account(f"t{number}-custody", "BANK", "client_custody", product_id=f"T{number}")
    book.owns("GROUP", "TRUST")
    trade = honest_lending.traders(book, "X", 6)
    staff = [each.lower() for each in book.people("W9", 5 * MANAGERS)]
    honest_lending.business(
        book, [f"builder{n}" for n in range(MANAGERS)], on("2020-02-01"), on(UNTIL), trade, staff
    )
    book.guilty |= {"XIE", "GROUP", "TRUST"}
    for number in range(WEALTH):
        book.guilty |= {f"W{number}", f"SPV{number}", f"T{number}"}
    for number in range(MANAGERS):
        book.guilty |= {f"AMC{number}", f"BUILDER{number}", f"A{number}"}


def _sold(book: Book, each_month: int, unit: int) -> list[_Sold]:
    """Directed financings: the first twelve months' are paid back a year later, the last are not."""
    rng, count = book.rng, MONTHS * each_month
    people = book.people("I", count * INVESTORS * 2 // 3)
    half = count // 2
    sizes = np.concatenate(
        [
            rounded(REPAID * unit, rng.integers(95, 106, half), 10_000_00),
            rounded(LIABILITIES * unit, rng.integers(95, 106, count - half), 10_000_00),
        ]
    )
    months = np.arange(np.datetime64("2021-07"), np.datetime64("2023-07"))
    found = []
    for number in range(count):
        month, place = divmod(number, each_month)
        firm = (month + place) % WEALTH
        start = int(months[month].astype("datetime64[s]").astype(np.int64)) + 9 * DAY
        some = min(INVESTORS, int(sizes[number]) // (LEAST + 50_000_00))
        who = [people[place] for place in np.sort(rng.choice(len(people), some, replace=False))]
        paid = rounded(int(sizes[number]) - LEAST * some, rng.integers(2, 13, some), 10_000_00) + LEAST
        when = book.hours(start - DAY * rng.integers(1, 4, some))
        ident = f"D{number:03d}"
        ids = book.pay(
            when,
            [each.lower() for each in who],
            f"w{firm}",
            paid,
            memo="定融认购",
            kind="subscription",
            product_id=ident,
        )
        found.append(_Sold(ident, month, firm, start, int(rng.integers(75, 90)), who, paid, ids))
    return found


def _flow(book: Book, sold: list[_Sold]) -> None:
    """Old financings are paid of new ones; what is left goes through the plans to the builders."""
    half = len(sold) // 2
    trade = [f"x{n:04d}" for n in range(6)]
    for place, each in enumerate(sold):
        wallet = f"w{each.firm}"
        due = 0
        if place >= half:
            old = sold[place - half]
            parts = old.paid + old.paid * old.rate // 1_000
            due = int(parts.sum())
            at = each.start + 3 * DAY + 10 * HOUR + np.arange(len(old.who)) * 60
            back = book.pay(
                at,
                wallet,
                [one.lower() for one in old.who],
                parts,
                memo="定融兑付",
                kind="redemption",
                product_id=old.ident,
            )
            _register(book, old, at, back)
        if place >= half:
            _register(book, each, None, None)
        left = each.raised - due
        plan = f"t{each.firm}-custody"
        book.pay(each.start + 6 * DAY + 10 * HOUR, wallet, plan, left, memo="认购信托计划", kind="transfer")
        for part, manager in ((left - left // 5, each.firm), (left // 5, MANAGERS - 1)):
            book.pay(
                each.start + 7 * DAY + 10 * HOUR,
                plan,
                f"a{manager}-custody",
                part,
                memo="认购资管计划",
                kind="transfer",
                product_id=f"A{manager}",
            )
            builder = f"builder{manager}"
            book.pay(
                each.start + 8 * DAY + 10 * HOUR,
                f"a{manager}-custody",
                builder,
                part,
                memo="项目借款",
                kind="disbursement",
                product_id=f"A{manager}",
            )
            spent = shared(part * 19 // 20, [3, 2, 2])
            when = each.start + np.array([12, 19, 33]) * DAY + 11 * HOUR
            payees = [trade[(place + k) % 6] for k in range(3)]
            book.pay(when, builder, payees, spent, memo="工程款", kind="purchase")


def _register(book: Book, each: _Sold, at: Ints | None, back: list[str] | None) -> None:
    more = (
        {} if at is None else {"redeemed": at, "redeemed_amount": each.paid, "redemption_transfer_id": back}
    )
    book.add(
        "subscriptions",
        len(each.who),
        product_id=each.ident,
        investor_id=each.who,
        amount=each.paid,
        time=each.start,
        due=each.start + 365 * DAY,
        qualified="true",
        evidence=EVIDENCE,
        kyc="done",
        risk_tolerance=4,
        transfer_id=each.ids,
        **more,
    )


def _registers(book: Book, sold: list[_Sold], unit: int) -> None:
    """What is registered: financings are in trust plans, these in managers' plans, these in builders."""
    half = len(sold) // 2
    for place, each in enumerate(sold):
        end = each.start + 365 * DAY
        book.add(
            "products",
            product_id=each.ident,
            name=f"例植定融{place + 1}号",
            issuer_id=f"SPV{each.firm}",
            manager_id=f"W{each.firm}",
            offering="private",
            kind="fixed_income",
            open_type="closed",
            start=each.start,
            end=end,
            net_assets=each.raised,
            total_assets=each.raised,
            promised_yield=f"0.{each.rate:03d}",
            unit_minimum=LEAST,
            risk_level=3,
            project=f"例植定融{place + 1}号项目",
        )
        over = {"end": end} if place < half else {}
        book.add(
            "holdings",
            product_id=each.ident,
            asset_id=each.trust,
            asset_kind="product",
            amount=each.raised,
            start=each.start + 6 * DAY,
            as_of=each.start + 30 * DAY,
            **over,
        )
        gone = {"redeemed": end, "redeemed_amount": each.raised} if place < half else {}
        book.add(
            "subscriptions",
            product_id=each.trust,
            investor_id=each.ident,
            amount=each.raised,
            time=each.start + 6 * DAY,
            due=MATURES,
            qualified="true",
            kyc="done",
            risk_tolerance=4,
            **gone,
        )
    open_ = [sum(each.raised for each in sold[half:] if each.firm == firm) for firm in range(WEALTH)]
    start = on("2021-07-10")
    into = np.zeros(MANAGERS, np.int64)
    for firm, amount in enumerate(open_):
        book.add(
            "products",
            product_id=f"T{firm}",
            name=f"中例聚金{firm + 1}号",
            issuer_id="TRUST",
            manager_id="TRUST",
            custodian_id="BANK",
            offering="private",
            kind="trust",
            open_type="closed",
            start=start,
            end=MATURES,
            net_assets=amount,
            total_assets=amount,
            unit_minimum=1_000_000_00,
            risk_level=3,
            registered=f"ZX{firm}",
            project=f"聚金{firm + 1}号",
        )
        for part, manager in ((amount - amount // 5, firm), (amount // 5, MANAGERS - 1)):
            into[manager] += part
            book.add(
                "holdings",
                product_id=f"T{firm}",
                asset_id=f"A{manager}",
                asset_kind="product",
                amount=part,
                start=start,
                as_of=LETTER,
            )
            book.add(
                "subscriptions",
                product_id=f"A{manager}",
                investor_id=f"T{firm}",
                amount=part,
                time=start,
                due=MATURES,
                qualified="true",
                kyc="done",
                risk_tolerance=4,
            )
    worth = shared(ASSETS * unit, into)
    for manager in range(MANAGERS):
        book.add(
            "products",
            product_id=f"A{manager}",
            name=f"例植地产{manager + 1}号",
            issuer_id=f"AMC{manager}",
            manager_id=f"AMC{manager}",
            custodian_id="BANK",
            offering="private",
            kind="fixed_income",
            open_type="closed",
            start=start,
            end=MATURES,
            net_assets=int(worth[manager]),
            total_assets=int(worth[manager]),
            unit_minimum=300_000_00,
            risk_level=4,
            registered=f"ZG{manager}",
            project=f"例植地产{manager + 1}号",
        )
        book.add(
            "holdings",
            product_id=f"A{manager}",
            asset_id=f"LAND{manager}",
            asset_kind="nonstandard_debt",
            amount=int(worth[manager]),
            borrower_id=f"BUILDER{manager}",
            start=start,
            end=MATURES,
            as_of=LETTER,
        )


def _truth(sold: list[_Sold]) -> tuple[tuple[Must, ...], tuple[May, ...]]:
    half = len(sold) // 2
    old, new = sold[:half], sold[half:]
    firms = frozenset({x for n in range(WEALTH) for x in (f"W{n}", f"w{n}", f"SPV{n}")})
    plans = frozenset(f"A{n}" for n in range(MANAGERS))
    group = firms | {"GROUP", "XIE", "TRUST"} | {f"AMC{n}" for n in range(MANAGERS)}
    every = frozenset(each.ident for each in sold)
    musts = [
        Must("RL-25", "GROUP", "a year's financings were paid back of the next year's", group),
        Must("RL-04", "GROUP", "financings are paid back, as promised, of other financings", group | every),
    ]
    for each in new:
        musts += [
            Must("RL-17", each.ident, "a financing in a trust plan in plans of asset managers: two layers"),
            Must("RL-05", each.ident, "a year's money in what ends in 2027, behind the trust plan"),
        ]
    for each in old:
        if each.raised and len(each.who) >= 10:
            musts.append(
                Must(
                    "RL-16",
                    each.ident,
                    "sold from 300,000 yuan on, and all of it in a trust plan of a million each",
                    frozenset({f"W{each.firm}"}),
                )
            )
    for firm in range(WEALTH):
        mine = frozenset(each.ident for each in sold if each.firm == firm)
        people = {who for each in sold if each.firm == firm for who in each.who}
        its = frozenset({f"w{firm}", f"SPV{firm}"})
        musts += [
            Must("RL-01", f"W{firm}", "the money of its financings is mixed in its own account", its),
            Must("RL-23", f"W{firm}", "clients' money comes into its own account and not into custody", its),
            Must("RL-15", f"T{firm}", "the persons behind it put in less than a million each", mine),
        ]
        if len(people) >= 160:
            musts += [
                Must(
                    "RL-14",
                    f"W{firm}",
                    f"{len(people)} investors in financings of one group of builders",
                    mine,
                ),
                Must("RL-14", f"T{firm}", f"{len(people)} persons behind one trust plan"),
            ]
    behind = {
        n: {who for each in sold if n in (each.firm, MANAGERS - 1) for who in each.who}
        for n in range(MANAGERS)
    }
    for number, people in behind.items():
        if len(people) >= 160:
            musts.append(Must("RL-14", f"A{number}", f"{len(people)} persons behind one plan"))
    mays = (
        May("RL-17", frozenset(each.ident for each in old), "the same, of financings that are over"),
        May("RL-05", frozenset(each.ident for each in old), "the same, of financings that are over"),
        May(
            "RL-16",
            frozenset(each.ident for each in new) | firms,
            "by the registers all, by the flows a third went on",
        ),
        May("RL-02", group | every, "it all goes to builders of the group: by analogy"),
        May(
            "RL-15",
            plans | every,
            "the persons behind the plans, of whose parts the least are below 300,000 yuan",
        ),
        May("RL-19", frozenset({"TRUST"}), "its plans are in plans of its sisters; no loan is registered"),
        May("RL-24", every, "7.5 to 9 % are steps of the ladder below the last"),
        May(
            "RL-14",
            frozenset({"AMC0", "AMC1", "AMC2", "AMC3", "AMC4", "TRUST"}) | every,
            "the same persons, named by project",
        ),
        May("RL-01", frozenset({"GROUP", "group"}), "the four accounts taken together"),
        May("RL-23", frozenset({"GROUP", "group"}) | firms, "the four accounts taken together"),
    )
    return tuple(musts), mays
