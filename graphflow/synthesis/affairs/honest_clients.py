"""Exchanges and keepers of others' ledgers who hold every unit that they owe, in clients' accounts.

Clients' money comes into client accounts and goes back from them; a fee leaves them only once it has been
booked against the client. What the client ledger says on a day stands in the client accounts on that day.
The same is what the guilty would have looked like, had they kept the rules.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphflow.synthesis.affairs.book import DAY, HOUR, Book, Ints, on


def banks(book: Book, count: int) -> list[str]:
    """Some banks; the ids of their parties."""
    found = []
    for number in range(count):
        ident = f"BANK{number}"
        book.party(ident, f"Harbor Bank {number + 1}", "bank", "bank")
        book.licence(ident, "banking")
        found.append(ident)
    return found


def month_ends(since: str, until: str) -> Ints:
    """The last moment of every month."""
    months = np.arange(np.datetime64(since, "M"), np.datetime64(until, "M") + 1)
    return (months + 1).astype("datetime64[s]").astype(np.int64) - 60


def custodian(
    book: Book,
    holder: str,
    clients: Sequence[str],
    banked: Sequence[str],
    since: str,
    until: str,
    *,
    deposits: int,
    memo: str = "customer deposit",
    programs: Sequence[str] = (),
) -> None:
    """Client money of one holder, whole: deposits, withdrawals, fees, and the ledger of each month's end.

    Parameters
    ----------
    holder
        The party that keeps the ledger; it has an account of its own, ``HOLDER-own`` in small letters.
    clients
        Parties with an account of the same name in small letters.
    banked
        Accounts for the clients' money; each client's is in one of them.
    since, until
        The first and the last day.
    deposits
        Of each client.
    memo
        Of a deposit.
    programs
        For each client whose customer it is, a further column of the ledger.
    """
    rng, size = book.rng, len(clients)
    begin, end = on(since), on(until)
    who = np.repeat(np.arange(size), deposits)
    account = np.array([each.lower() for each in clients], object)
    at = np.array(list(banked), object)
    when = book.hours(begin + rng.integers(2, (end - begin) // DAY - 40, who.size) * DAY)
    amount = rng.integers(20, 400, who.size) * 1_000_00
    book.pay(when, account[who], at[who % len(at)], amount, memo=memo, kind="deposit")
    back = rng.random(who.size) < 0.6
    later = np.minimum(when[back] + rng.integers(3, 30, int(back.sum())) * DAY, end - DAY)
    out = amount[back] * rng.integers(3, 10, int(back.sum())) // 10 // 100 * 100
    book.pay(later, at[who[back] % len(at)], account[who[back]], out, memo="withdrawal", kind="withdrawal")
    fee = amount // 500
    charged = when + 2 * DAY
    for place, each in enumerate(at.tolist()):  # once a month what was booked as fees goes to its own account
        mine = who % len(at) == place
        taken = 0
        for last in month_ends(since, until).tolist():
            booked = int(fee[mine & (charged <= last)].sum())
            if booked > taken and last <= end:
                book.pay(
                    last - 30, each, f"{holder.lower()}-own", booked - taken, memo="fees booked", kind="fee"
                )
                taken = booked
    moves = [(when, who, amount), (later, who[back], -out), (charged, who, -fee)]
    states = month_ends(since, until)
    ledger(book, holder, clients, states[states <= end], moves, programs)


def ledger(
    book: Book,
    holder: str,
    clients: Sequence[str],
    states: Ints,
    moves: Sequence[tuple[Ints, Ints, Ints]],
    programs: Sequence[str] = (),
    held: Sequence[str] = (),
) -> None:
    """What a ledger says on some moments, of movements booked: times, places of clients, amounts."""
    time, who, amount = (np.concatenate([move[part] for move in moves]) for part in range(3))
    for last in states.tolist():
        owed = np.zeros(len(clients), np.int64)
        some = time <= last
        np.add.at(owed, who[some], amount[some])
        more = {name: list(given) for name, given in (("program", programs), ("bank", held)) if given}
        book.add(
            "client_ledger",
            len(clients),
            platform_id=holder,
            date=int(last),
            client_id=list(clients),
            balance=owed,
            in_transit=0,
            **more,
        )


def exchanges(
    book: Book, count: int, since: str, until: str, *, clients: int = 30, prefix: str = "HX"
) -> None:
    """Some exchanges, each with its clients' money in a client account, and a trading firm beside it.

    The trading firm is its sister, trades with its own money and is paid no client's.

    Parameters
    ----------
    count
        Exchanges.
    since, until
        The first and the last day.
    clients
        Of each.
    prefix
        Of their ids.
    """
    places = ("Japan", "Cyprus", "Singapore", "Europe", "Bermuda", "Canada")
    for number in range(count):
        holder = f"{prefix}{number:03d}"
        book.company(
            holder, f"Meridian Exchange {places[number % 6]} {number + 1}", "exchange", scope="exchange"
        )
        book.licence(holder, "exchange")
        book.account(f"{holder.lower()}-own", holder, opening=2_000_000_00)
        book.account(
            f"{holder.lower()}-clients", holder, "client_custody", bank=f"Harbor Bank {number % 4 + 1}"
        )
        (owner,) = book.people(f"{holder}O", 1)
        maker = f"{holder}M"
        book.company(maker, f"Meridian Trading {number + 1}", scope="proprietary trading")
        for each in (holder, maker):
            book.owns(owner, each)
            book.honest.add(each)
        book.account(maker.lower(), maker, opening=1_000_000_00)
        book.pay(
            on(since) + 5 * DAY + 10 * HOUR,
            maker.lower(),
            f"{holder.lower()}-own",
            50_000_00,
            memo="seat fee",
        )
        people = book.people(f"{holder}I", clients)
        custodian(book, holder, people, [f"{holder.lower()}-clients"], since, until, deposits=4)


def keepers(
    book: Book, count: int, since: str, until: str, *, programs: int = 6, users: int = 8, prefix: str = "HK"
) -> None:
    """Firms between apps and banks that keep the apps' ledgers, and whose ledgers are what the banks hold.

    Parameters
    ----------
    count
        Keepers.
    since, until
        The first and the last day.
    programs, users
        Apps of each, and users of each app.
    prefix
        Of their ids.
    """
    for number in range(count):
        holder = f"{prefix}{number:03d}"
        book.company(holder, f"Ledgerline {number + 1} Inc", scope="software for banks")
        book.account(f"{holder.lower()}-own", holder, opening=1_000_000_00)
        (owner,) = book.people(f"{holder}O", 1)
        book.owns(owner, holder)
        book.honest.add(holder)
        accounts = []
        for place in range(2):
            account = f"{holder.lower()}-fbo{place}"
            book.account(account, holder, "client_custody", bank=f"Harbor Bank {(number + place) % 4 + 1}")
            accounts.append(account)
        apps = apps_of(book, f"{holder}A", programs)
        people = book.people(f"{holder}I", programs * users)
        custodian(
            book,
            holder,
            people,
            accounts,
            since,
            until,
            deposits=3,
            memo="ach credit",
            programs=[apps[place % programs] for place in range(programs * users)],
        )


def apps_of(book: Book, prefix: str, count: int) -> list[str]:
    """Apps: firms with a till of their own, which pay their staff; the money of their users is elsewhere."""
    found = []
    for number in range(count):
        ident = f"{prefix}{number:03d}"
        book.company(ident, f"Brightapp {prefix} {number + 1}", scope="mobile app")
        book.account(ident.lower(), ident, opening=300_000_00)
        book.honest.add(ident)
        found.append(ident)
    staff = [each.lower() for each in book.people(f"{prefix}S", count)]
    months = month_ends(book.since, book.until)
    for place, ident in enumerate(found):
        book.pay(months - 5 * DAY, ident.lower(), staff[place], 6_000_00, memo="salary", kind="salary")
    return found
