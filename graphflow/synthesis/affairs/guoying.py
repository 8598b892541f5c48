"""A group of private fund managers that pays old investors of new ones' money (case 1 of the list).

Figures: the forty-fourth batch of guiding cases of the Supreme People's Procuratorate
(最高检第四十四批指导性案例, 2023-06): 133 private funds of three licensed managers raised 7,681 million
yuan from October 2014 to August 2018 and promised 7.5 to 14 %; 4,976 million went to earlier investors;
2,853 million of principal was not paid back. That is 6,478 of every 10,000 raised to earlier investors and
3,714 of principal lost; that both together are more than 10,000 is the 192 of interest among the payments.
"""

from __future__ import annotations

import numpy as np

from graphflow.synthesis.affairs import honest_funds, honest_lending
from graphflow.synthesis.affairs.book import DAY, HOUR, Book, Ints, affordable, on, rounded, shared
from graphflow.synthesis.affairs.honest_funds import Product, sold
from graphflow.synthesis.affairs.told import Affair, Figure, May, Must

SOURCE = "最高检第四十四批指导性案例（2023-06）"
PRODUCTS, RAISED, TO_INVESTORS, UNPAID = 133, 10_000, 6_478, 3_714
SINCE, UNTIL, FIRST, LAST = "2014-10-01", "2018-12-31", "2014-10-20", "2018-08-01"
GROWTH = 0.6
FEWEST = 20  # of fewer funds, each could not wait for the next to be paid
INVESTORS = 40
TERM = 104  # days: interest of 192 on 6,286 of principal is what 7.5 to 14 % come to in that time


def affair(*, scale: float = 1.0, seed: int = 0) -> Affair:
    """The group, and honest managers around it.

    Money goes from investors into each fund's custody account, the next day to a project company of the
    group's, which keeps a fiftieth for wages and losses, and at once on to three accounts of a trading
    company of the group's; from these earlier investors are paid, and what the group and its owner spend.
    Every tenth fund has an investor who subscribes with the money of three others and passes on what he is
    paid.

    Parameters
    ----------
    scale
        1 is 133 funds with forty investors each, and thirteen hundred honest ones around them.
    seed
        The same scale and seed give the same rows.

    Returns
    -------
    Affair

    Examples
    --------
    >>> found = affair(scale=0.03)
    >>> {name: float(round(f.ratio, 4)) for name, f in found.figures.items()}
    {'to earlier investors': 0.6478, 'principal unpaid': 0.3714, 'left for projects and cost': 0.3522}
    """
    book = Book(seed, "2013-01-01", UNTIL)
    honest_lending.institutions(book)
    count = max(round(PRODUCTS * scale), FEWEST)
    unit = max(round(768_100_000_000 * count / PRODUCTS / RAISED), 1)
    managers = _group(book, count)
    products, yields = _sold(book, count, managers, RAISED * unit)
    _run(book, products, yields, unit)
    honest = -(-100 * (2 * count + 6) // 22)  # a fund comes with its company, and a manager with five
    honest_funds.managers(book, -(-honest // 5), SINCE, UNTIL, funds=5, investors=8)
    figures = (
        Figure("to earlier investors", TO_INVESTORS * unit, RAISED * unit, "6,478 of 10,000"),
        Figure("principal unpaid", UNPAID * unit, RAISED * unit, "3,714 of 10,000"),
        Figure(
            "left for projects and cost", (RAISED - TO_INVESTORS) * unit, RAISED * unit, "3,522 of 10,000"
        ),
    )
    return book.affair("guoying", SOURCE, _truth(products, yields, managers), figures)


def _group(book: Book, count: int) -> list[str]:
    """Who controls whom: an owner, his group, three managers, the company of the pool, project companies."""
    book.party("ZHANG", "张某强", "person")
    book.account("zhang", "ZHANG")
    book.company("GROUP", "国例实业集团有限公司", scope="实业经营")
    book.account("group", "GROUP")
    book.owns("ZHANG", "GROUP")
    managers = [f"M{number}" for number in range(3)]
    for number, manager in enumerate(managers):
        book.company(
            manager, f"国例{'甲乙丙'[number]}基金管理有限公司", "asset_manager", scope="私募基金管理"
        )
        book.licence(manager, "asset_management", "fund_sale")
        book.account(f"{manager.lower()}-own", manager)
        book.owns("GROUP", manager)
    book.company("POOL", "国例贸易有限公司", scope="货物贸易")
    book.owns("GROUP", "POOL")
    for number in range(3):
        book.account(f"pool{number}", "POOL")
    for number in range(count):
        book.company(f"PROJECT{number:03d}", book.firm_name("置业项目有限公司"), scope="项目开发")
        book.account(f"project{number:03d}", f"PROJECT{number:03d}", opening=600_000_00)
        book.owns("GROUP", f"PROJECT{number:03d}")
    book.guilty |= {"ZHANG", "GROUP", "POOL", *managers, *(f"PROJECT{number:03d}" for number in range(count))}
    return managers


def _sold(book: Book, count: int, managers: list[str], raised: int) -> tuple[list[Product], Ints]:
    """The funds in the order of their days, each of forty investors, a third of whom come back."""
    rng = book.rng
    sizes = rounded(raised, rng.integers(95, 106, count), 1_000_000_00)
    part = np.arange(count) / (count - 1)  # ever more often
    span = on(LAST) - on(FIRST)
    starts = on(FIRST) + (np.log1p(part * np.expm1(GROWTH)) / GROWTH * span).astype(np.int64) // DAY * DAY
    yields = rng.integers(75, 141, count)  # per mille
    people = book.people("I", max(count * INVESTORS * 2 // 3, 60))
    products = []
    for number in range(count):
        ident = f"F{number:03d}"
        some = max(min(INVESTORS, int(sizes[number]) // 1_050_000_00), 12)
        first = number * len(people) * 2 // (3 * count)
        window = people[first : first + len(people) // 3]
        who = [
            window[place] for place in np.sort(rng.choice(len(window), min(some, len(window)), replace=False))
        ]
        least = 1_000_000_00
        more = rounded(int(sizes[number]) - least * len(who), rng.integers(1, 10, len(who)), 10_000_00)
        if number % 10 == 2:  # who pays with three others' money too puts in a million exactly
            more[-1] += more[0]
            more[0] = 0
        product = sold(
            book,
            ident,
            managers[number % 3],
            who,
            more + least,
            int(starts[number]),
            TERM,
            promised_yield=f"0.{int(yields[number]):03d}",
            guarantee="到期还本付息，差额由集团补足",
            name=f"国例{number + 1}号",
        )
        if number % 10 == 2:
            _pooled(book, product, number)
        products.append(product)
        book.guilty.add(ident)
    return products, yields


def _pooled(book: Book, product: Product, number: int) -> None:
    """Three others pay the first investor four fifths of his million in the days before he subscribes."""
    others = [each.lower() for each in book.people(f"J{number:03d}", 3)]
    when = product.start - 7 * DAY + np.array([10, 34, 58]) * HOUR
    book.pay(when, others, product.who[0].lower(), [300_000_00, 300_000_00, 200_000_00], memo="凑款")


def _run(book: Book, products: list[Product], yields: Ints, unit: int) -> None:
    """The money: to the pool, back to the earliest investors until they have 6,478 of 10,000, and away."""
    for number, product in enumerate(products):
        project, turn = f"project{number:03d}", number % 3
        passed = product.raised - _kept(product)
        book.pay(
            product.start + 10 * HOUR,
            product.custody,
            project,
            product.raised,
            memo="投资款",
            kind="transfer",
            product_id=product.ident,
        )
        book.pay(
            product.start + DAY + 9 * HOUR, project, f"pool{turn}", passed, memo="往来款", kind="transfer"
        )
        if turn:
            book.pay(
                product.start + DAY + 10 * HOUR, f"pool{turn}", "pool0", passed, memo="归集", kind="transfer"
            )
        book.add(
            "holdings",
            product_id=product.ident,
            asset_id=f"{product.ident}A",
            asset_kind="nonstandard_debt",
            amount=product.raised,
            borrower_id=project.upper(),
            start=product.start,
            end=product.end,
            as_of=product.start + 20 * DAY,
        )
    repaid = (RAISED - UNPAID) * unit
    sub = np.concatenate([np.full(len(p.who), place) for place, p in enumerate(products)])
    principal = np.concatenate([p.paid for p in products])
    back = np.clip(
        repaid - (np.cumsum(principal) - principal), 0, principal
    )  # the earliest, until there is no more
    weights = [int(b) * int(yields[p]) for b, p in zip(back, sub, strict=True)]
    gain = shared(TO_INVESTORS * unit - repaid, weights)
    _pay_back(book, products, sub, back, gain)
    outs = np.zeros(len(products), np.int64)
    np.add.at(outs, sub, back + gain)
    _spend(book, products, outs, unit)


def _kept(product: Product) -> int:
    """What the project company keeps for its wages, taxes and losses."""
    return product.raised // 50 // 100 * 100


def _pay_back(book: Book, products: list[Product], sub: Ints, back: Ints, gain: Ints) -> None:
    for place, product in enumerate(products):
        mine = sub == place
        principal, interest = back[mine], gain[mine]
        some = np.flatnonzero(principal > 0)
        count = len(product.who)
        accounts = [each.lower() for each in product.who]
        at = product.end + 10 * HOUR + np.arange(count) * 60
        ids = [""] * count
        if some.size:
            made = book.pay(
                at[some],
                "pool0",
                [accounts[each] for each in some],
                (principal + interest)[some],
                memo="兑付本息",
                kind="redemption",
                product_id=product.ident,
            )
            for each, transfer in zip(some.tolist(), made, strict=True):
                ids[each] = transfer
        honest_funds.subscribed(
            book,
            product,
            [int(at[each]) if principal[each] else "" for each in range(count)],
            [int(principal[each]) if principal[each] else "" for each in range(count)],
            ids,
        )
        if place % 10 == 2 and principal[0] == product.paid[0]:  # the pooled one passes on what he was paid
            whole = int(principal[0] + interest[0])
            parts = shared(whole * 4 // 5, [3, 3, 2])
            others = [f"j{place:03d}{other:06d}" for other in range(3)]
            when = int(at[0]) + DAY + np.arange(3) * HOUR
            book.pay(when, accounts[0], others, parts, memo="还款")


def _spend(book: Book, products: list[Product], outs: Ints, unit: int) -> None:
    """Of the 3,522: what project companies keep, the group's costs, its owner; when there is enough."""
    trade = honest_lending.traders(book, "X", 6)
    staff = [each.lower() for each in book.people("W", 30)]
    projects = [f"project{number:03d}" for number in range(len(products))]
    honest_lending.business(book, projects, on("2013-09-01"), on(UNTIL), trade, staff)
    for place, product in enumerate(products):
        parts = shared(_kept(product), [4, 3, 2])
        book.pay(
            product.start + np.array([3, 9, 20]) * DAY + 11 * HOUR,
            f"project{place:03d}",
            [trade[place % 6], trade[(place + 1) % 6], trade[(place + 2) % 6]],
            parts,
            memo="工程款",
            kind="purchase",
        )
    for place, amount in enumerate(_afforded(products, outs, unit)):
        if amount:
            when = products[place].start + 5 * DAY + np.array([10, 11, 12]) * HOUR
            book.pay(
                when,
                "pool0",
                ["group", trade[place % 6], "zhang"],
                shared(amount, [5, 3, 2]),
                memo=["集团往来", "贷款归还", "股东借款"],
                kind="transfer",
            )


def _afforded(products: list[Product], outs: Ints, unit: int) -> list[int]:
    """What is spent five days after each fund: in proportion, and no more than can be spared."""
    came = np.array([p.raised - _kept(p) for p in products], np.int64)
    start, end = np.array([p.start for p in products]), np.array([p.end for p in products])
    away = (RAISED - TO_INVESTORS) * unit - sum(_kept(p) for p in products)
    raised = np.cumsum([p.raised for p in products]).tolist()
    wanted = [away * each // raised[-1] for each in raised]
    return affordable(start + 5 * DAY, wanted, (start + DAY + 11 * HOUR, came), (end + 10 * HOUR, outs))


def _truth(
    products: list[Product], yields: Ints, managers: list[str]
) -> tuple[tuple[Must, ...], tuple[May, ...]]:
    funds = [p.ident for p in products]
    pool = ["POOL", "pool0", "pool1", "pool2"]
    group = frozenset({*pool, "GROUP", "ZHANG", *managers})
    projects = frozenset(f"PROJECT{number:03d}" for number in range(len(products)))
    musts = [
        Must(
            "RL-01", "POOL", "the money of all funds is mixed in the trading company's three accounts", group
        ),
        Must(
            "RL-02",
            "GROUP",
            "what the funds raise goes to the group's own project companies and on to its pool",
            group | projects | set(funds),
        ),
        Must("RL-25", "POOL", "6,478 of every 10,000 raised went to earlier investors", group),
    ]
    for place, product in enumerate(products):
        musts.append(
            Must(
                "RL-04",
                product.ident,
                "principal and interest are promised, and the group makes up what lacks",
                group,
            )
        )
        if yields[place] >= 100:
            musts.append(Must("RL-24", product.ident, f"it promises {yields[place] / 10:.1f} % a year"))
        if place % 10 == 2 and _whole(products, place):
            musts.append(
                Must(
                    "RL-15",
                    product.who[0],
                    "four fifths of his million are three others', who get their parts of it",
                    frozenset({product.ident}),
                )
            )
    for manager in managers:
        of = {who for p in products[managers.index(manager) :: 3] for who in p.who}
        if len(of) >= 160:
            musts.append(
                Must(
                    "RL-14",
                    manager,
                    f"its funds serve one group of borrowers and have {len(of)} investors together",
                    frozenset(funds),
                )
            )
    mays = (
        May(
            "RL-23",
            group | set(funds),
            "clients' money is spent, in accounts that it reaches on the second step",
        ),
        May("RL-24", frozenset(funds) | group, "7.5 to 10 % are steps of the ladder below the last"),
        May(
            "RL-03",
            group | set(funds),
            "the group makes up what lacks: a guarantee of its own, told as a text",
        ),
    )
    return tuple(musts), mays


def _whole(products: list[Product], place: int) -> bool:
    """Whether the fund's investors were paid back at all, so that there was something to pass on."""
    raised = sum(p.raised for p in products)
    before = sum(p.raised for p in products[:place])
    return before + int(products[place].paid[0]) <= raised * (RAISED - UNPAID) // RAISED
