"""An exchange whose clients' money comes to its trading firm (case 19 of the list).

Figures: the debtors' report and the trial of 2023 (FTX): clients were owed about 8.7 billion US dollars,
6.4 of which were currency and stablecoins; deposits went to bank accounts of Alameda and of North
Dimension; "our Korean friend's account" stood at minus 8.9 billion in the ledger; there were some 130
entities, and those of Japan, Cyprus and Singapore kept clients' money apart.
"""

from __future__ import annotations

import numpy as np

from graphflow.synthesis.affairs import honest_clients
from graphflow.synthesis.affairs.book import DAY, HOUR, Book, Ints, affordable, on, rounded, shared
from graphflow.synthesis.affairs.told import Affair, Figure, May, Must

SOURCE = "In re FTX Trading Ltd., second interim report; United States v. Bankman-Fried (2023)"
CLIENTS, ENTITIES = 2_000, 130
OWED, CURRENCY, KOREAN = 87, 64, 89  # hundreds of millions of dollars
PAID_IN, PAID_OUT = 80, 16  # of currency; ours
COINS_IN, COINS_OUT, COINS_LEFT = 30, 7, 1
SINCE, UNTIL = "2021-01-01", "2022-11-11"
APART = ("Japan", "Cyprus", "Singapore")


def affair(*, scale: float = 1.0, seed: int = 0) -> Affair:
    """The exchange, its sisters that keep clients' money apart, and honest exchanges around it.

    Clients pay currency into a bank account of North Dimension, which is the trading firm's, and coins into
    the exchange's wallet; withdrawals are paid from the same; what is not asked for goes to the trading
    firm, which trades, buys houses and lends its owners. The ledger says what clients have, and one account
    of a friend that is as much below nought.

    Parameters
    ----------
    scale
        1 is two thousand clients and 8.7 billion dollars.
    seed
        The same scale and seed give the same rows.

    Returns
    -------
    Affair

    Examples
    --------
    >>> found = affair(scale=0.1)
    >>> {name: f.value * 10 // f.of for name, f in found.figures.items()}
    {'owed to clients': 87, 'of it currency': 64, 'the special account': 89}
    """
    book = Book(seed, SINCE, UNTIL)
    honest_clients.banks(book, 4)
    people = book.people("I", max(round(CLIENTS * scale), 120))
    unit = 100_000_00 * max(round(100_000_000 * len(people) / CLIENTS / 100_000), 1)
    _cast(book, max(round(ENTITIES * scale), 12))
    _flow(book, people, unit)
    honest_clients.exchanges(book, 20, SINCE, UNTIL, clients=25)
    figures = (
        Figure("owed to clients", OWED * unit, 10 * unit, "8.7 billion"),
        Figure("of it currency", CURRENCY * unit, 10 * unit, "6.4 billion"),
        Figure("the special account", KOREAN * unit, 10 * unit, "8.9 billion"),
    )
    return book.affair("ftx", SOURCE, _truth(), figures, ("USD", "America/New_York"))


def _cast(book: Book, entities: int) -> None:
    book.party("SAM", "S. B.", "person")
    book.account("sam", "SAM", covered=False)
    book.company("EXCHANGE", "Efteks Trading Ltd", "exchange", scope="exchange of digital assets")
    book.account("wallet", "EXCHANGE", "wallet")
    book.account("exchange-own", "EXCHANGE", opening=20_000_000_00)
    book.company("ALAMEDA", "Almeda Research LLC", scope="proprietary trading")
    book.account("alameda", "ALAMEDA")
    book.account("alameda-wallet", "ALAMEDA", "wallet")
    book.company("NORTH", "North Direction Inc", scope="electronics retail")
    book.account("north", "NORTH", bank="Harbor Bank 1")
    for each in ("EXCHANGE", "ALAMEDA"):
        book.owns("SAM", each, since="2019-05-01")
    book.owns("ALAMEDA", "NORTH", since="2020-08-01")
    book.party("KOREAN", "our Korean friend", "person")
    for number in range(entities - 7):
        book.company(f"ENTITY{number:03d}", f"Efteks Holdings {number + 1}", scope="holding")
        book.owns("EXCHANGE", f"ENTITY{number:03d}", since="2021-03-01")
    for ident, name in (
        ("VENTURES", "Seedling Ventures"),
        ("HOUSES", "Bahama Homes"),
        ("MARKET", "Deepmarket Ltd"),
    ):
        book.company(ident, name)
        book.account(ident.lower(), ident, covered=False)
    for number, place in enumerate(APART):
        holder = f"APART{number}"
        book.company(holder, f"Efteks {place} K.K.", "exchange", scope="exchange of digital assets")
        book.licence(holder, "exchange")
        book.owns("EXCHANGE", holder, since="2021-02-01")
        book.account(f"{holder.lower()}-own", holder, opening=1_000_000_00)
        book.account(f"{holder.lower()}-clients", holder, "client_custody", bank=f"Harbor Bank {number + 2}")
        book.honest.add(holder)
        clients = book.people(f"{holder}I", 25)
        honest_clients.custodian(
            book, holder, clients, [f"{holder.lower()}-clients"], SINCE, UNTIL, deposits=4
        )
    book.guilty |= {"SAM", "EXCHANGE", "ALAMEDA", "NORTH"}


def _flow(book: Book, people: list[str], unit: int) -> None:
    rng, size = book.rng, len(people)
    accounts = np.array([each.lower() for each in people], object)
    moves: list[tuple[Ints, Ints, Ints]] = []
    begin = on("2021-01-10")
    span = (on("2022-10-20") - begin) // DAY
    for account, came, went, memo in (
        ("north", PAID_IN, PAID_OUT, "wire"),
        ("wallet", COINS_IN, COINS_OUT, "coins"),
    ):
        share = rng.integers(10, 31, size)
        first = rounded(came * unit, share, 1_00)
        day = np.sort(rng.integers(0, span, size))
        at = book.hours(begin + day * DAY)
        book.pay(at, accounts, account, first, memo=f"{memo} deposit", kind="deposit")
        some = np.flatnonzero(np.arange(size) % 3 == 0)
        out = rounded(went * unit, first[some], 1_00)
        later = np.minimum(at[some] + rng.integers(5, 20, some.size) * DAY, on("2022-11-08"))
        book.pay(later, account, accounts[some], out, memo=f"{memo} withdrawal", kind="withdrawal")
        moves += [(at, np.arange(size), first), (later, some, -out)]
        _away(
            book,
            account,
            (at, first),
            (later, out),
            (came - went - (COINS_LEFT if account == "wallet" else 0)) * unit,
        )
    states = np.append(honest_clients.month_ends(SINCE, "2022-10-31"), on("2022-11-11T20:00:00"))
    honest_clients.ledger(book, "EXCHANGE", people, states, moves)
    time, _, amount = (np.concatenate([move[part] for move in moves]) for part in range(3))
    for last in states.tolist():
        owed = int(amount[time <= last].sum())
        if owed:
            book.add(
                "client_ledger",
                platform_id="EXCHANGE",
                date=int(last),
                client_id="KOREAN",
                balance=-(owed * KOREAN // OWED),
                in_transit=0,
            )


def _away(book: Book, account: str, ins: tuple[Ints, Ints], outs: tuple[Ints, Ints], total: int) -> None:
    """Fortnight by fortnight what can be spared goes to the trading firm, and on."""
    to = "alameda" if account == "north" else "alameda-wallet"
    slots = np.arange(on("2021-01-24"), on("2022-11-10"), 14 * DAY) + 20 * HOUR
    slots = np.append(slots, on("2022-11-09T20:00:00"))
    wanted = [total * int(ins[1][ins[0] < slot].sum()) // int(ins[1].sum()) for slot in slots]
    for place, amount in enumerate(affordable(slots, wanted, ins, outs)):
        if not amount:
            continue
        at = int(slots[place])
        book.pay(at, account, to, amount, memo="transfer to trading")
        parts = shared(amount, [6, 2, 1, 1])
        book.pay(
            at + 20 * HOUR,
            to,
            ["market", "ventures", "houses", "sam"],
            parts,
            memo=["trading loss", "investment", "property purchase", "loan to founder"],
        )


def _truth() -> tuple[tuple[Must, ...], tuple[May, ...]]:
    his = frozenset(
        {
            "EXCHANGE",
            "ALAMEDA",
            "NORTH",
            "SAM",
            "north",
            "alameda",
            "wallet",
            "alameda-wallet",
            "exchange-own",
        }
    )
    musts = (
        Must(
            "RL-23",
            "EXCHANGE",
            "clients pay an affiliate's account, which spends it; the ledger is owed 8.7, nothing is there",
            his,
        ),
        Must(
            "RL-01",
            "NORTH",
            "all clients' currency in one account of the trading firm's, and on without any contract",
            his,
        ),
    )
    mays = (
        May(
            "RL-25",
            his,
            "withdrawals are paid of what other clients pay in: at an exchange by itself no wrong",
        ),
        May("RL-18", his, "an electronics shop takes in the public's money"),
        May("RL-02", his, "clients' money goes to the owner's trading firm: by analogy"),
    )
    return musts, mays
