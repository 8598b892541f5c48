"""A firm between apps and banks whose ledger is more than the banks hold (case 20 of the list).

Figures: the trustee's reports in the bankruptcy of Synapse Financial Technologies (2024): 265 million US
dollars by its ledger against 180 in the banks, a gap of 85 (32.1 %), later told as 65 to 96; 219 were with
four partner banks in May 2024; some hundred apps and more than a hundred thousand users. Both sums agree if
39 were paid out between the two days: 304 against 219 on 17 May, 265 against 180 on the last, and a gap of
85 on either.
"""

from __future__ import annotations

import numpy as np

from graphflow.synthesis.affairs import honest_clients
from graphflow.synthesis.affairs.book import DAY, HOUR, Book, on, rounded, shared
from graphflow.synthesis.affairs.told import Affair, Figure, May, Must

SOURCE = "In re Synapse Financial Technologies, Inc., chapter 11 trustee's status reports (2024)"
USERS, APPS, BANKS = 2_000, 100, 4
LEDGER, BANKED, PARTNERS = 265, 180, 219  # millions of dollars
PAID = PARTNERS - BANKED
GAP = LEDGER - BANKED
SINCE, UNTIL = "2023-03-01", "2024-06-30"
FROZEN, REPORT = "2024-05-17", "2024-05-31"
TAKEN = ("2023-10-12", "2023-11-09", "2023-12-14")


def affair(*, scale: float = 1.0, seed: int = 0) -> Affair:
    """The firm and its apps, and honest firms of its kind around it.

    Users pay into accounts at four banks for the benefit of users; the firm keeps the ledger by user and
    app. From October to December 2023 it takes money from two of the accounts for itself and books nothing;
    sweeps move money between the banks. ``client_ledger`` has two more columns, the app and the bank of
    each user.

    Parameters
    ----------
    scale
        1 is two thousand users of a hundred apps, and 265 million dollars.
    seed
        The same scale and seed give the same rows.

    Returns
    -------
    Affair

    Examples
    --------
    >>> found = affair(scale=0.1)
    >>> {name: (f.value * 1_000 // f.of, f.published) for name, f in found.figures.items()}
    {'gap': (320, '32.1 %'), 'with four banks': (826, '219 of 265'), 'in the banks': (679, '180 of 265')}
    """
    book = Book(seed, SINCE, UNTIL)
    honest_clients.banks(book, BANKS)
    people = book.people("I", max(round(USERS * scale), 200))
    unit = 100 * max(round(100_000_000 * len(people) / USERS / 100), 1)
    apps = honest_clients.apps_of(book, "APP", max(round(APPS * scale), 20))
    book.company("SYNAPSE", "Sinapse Financial Technologies Inc", scope="software for banks")
    book.account("synapse-own", "SYNAPSE", opening=500_000_00)
    for number in range(BANKS):
        book.account(f"fbo{number}", "SYNAPSE", "client_custody", bank=f"Harbor Bank {number + 1}")
    book.owns(book.people("OWNER", 1)[0], "SYNAPSE")
    book.guilty.add("SYNAPSE")
    _flow(book, people, apps, unit)
    honest_clients.keepers(book, 10, SINCE, UNTIL)
    figures = (
        Figure("gap", GAP * unit, LEDGER * unit, "32.1 %"),
        Figure("with four banks", PARTNERS * unit, LEDGER * unit, "219 of 265"),
        Figure("in the banks", BANKED * unit, LEDGER * unit, "180 of 265"),
    )
    return book.affair("synapse", SOURCE, _truth(), figures, ("USD", "America/New_York"))


def _flow(book: Book, people: list[str], apps: list[str], unit: int) -> None:
    rng, size = book.rng, len(people)
    user = np.arange(size)
    accounts = np.array([each.lower() for each in people], object)
    bank = user % BANKS
    pots = np.array([f"fbo{number}" for number in range(BANKS)], object)
    gone = 36 * unit  # withdrawn in the ordinary course
    came = rounded((LEDGER + PAID) * unit + gone, rng.integers(10, 21, size), 1_00)
    out = rounded(gone, came, 1_00)
    begin = on("2023-03-10")
    at = book.hours(begin + rng.integers(0, 180, size) * DAY)
    later = at + rng.integers(10, 40, size) * DAY
    book.pay(at, accounts, pots[bank], came, memo="ach credit", kind="deposit")
    book.pay(later, pots[bank], accounts, out, memo="ach debit", kind="withdrawal")
    taken = shared(GAP * unit, [2, 2, 1])
    for day, amount in zip(TAKEN, taken, strict=True):
        parts = shared(int(amount), [3, 2])
        when = on(day) + np.array([11, 12]) * HOUR
        book.pay(when, ["fbo0", "fbo1"], "synapse-own", parts, memo="reconciliation adjustment")
        names = ("VENDOR0", "VENDOR1")
        spent = shared(int(amount), [3, 1])
        for number, name in enumerate(names):
            if day == TAKEN[0]:
                book.company(name, f"Cloudvendor {number + 1}")
                book.account(name.lower(), name, covered=False)
        book.pay(
            on(day) + 9 * DAY + np.array([11, 12]) * HOUR,
            "synapse-own",
            ["vendor0", "vendor1"],
            spent,
            memo="invoice",
        )
    for day, source, target in (
        ("2023-11-20", "fbo2", "fbo0"),
        ("2024-01-22", "fbo3", "fbo1"),
        ("2024-03-18", "fbo2", "fbo1"),
    ):
        book.pay(on(day) + 15 * HOUR, source, target, 5 * unit, memo="sweep")
    some = user[bank >= 2]
    final = rounded(PAID * unit, came[some], 1_00)
    paid = on("2024-05-18") + (some % 10) * DAY + 13 * HOUR
    book.pay(paid, pots[bank[some]], accounts[some], final, memo="ach debit", kind="withdrawal")
    moves = [(at, user, came), (later, user, -out), (paid, some, -final)]
    states = honest_clients.month_ends(SINCE, REPORT)
    states = np.sort(np.append(states, on(FROZEN) + 20 * HOUR))
    programs = [apps[each % len(apps)] for each in user.tolist()]
    held = [f"Harbor Bank {each % BANKS + 1}" for each in user.tolist()]
    honest_clients.ledger(book, "SYNAPSE", people, states, moves, programs, held)


def _truth() -> tuple[tuple[Must, ...], tuple[May, ...]]:
    its = frozenset({"SYNAPSE", "synapse-own", *(f"fbo{number}" for number in range(BANKS))})
    musts = (
        Must(
            "RL-23",
            "SYNAPSE",
            "its ledger owes users 265 and the banks hold 180; clients' money pays its vendors",
            its,
        ),
    )
    mays = (
        May("RL-20", its, "the same gap, if it is taken for a payment institution"),
        May(
            "RL-21",
            its,
            "sweeps between its accounts at four banks, if it is taken for a payment institution",
        ),
        May("RL-01", its, "users' money of a hundred apps in four accounts; they are held for clients"),
    )
    return musts, mays
