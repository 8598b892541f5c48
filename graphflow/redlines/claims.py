"""What an institution's own tables show that a client may be paid: only as much is paid to him as a client.

A row that names somebody a client says neither that he is owed something nor how much. He has a claim on what
he paid in and what contracts say that he lent, bought or subscribed, less what he was paid; or on what the
client ledger last said that he is owed, and what he paid in since, less what he was paid since. The greater
of the two counts, for that is what speaks for whoever paid him. Others of the institution's group have what
the ledger says, and nothing else: what they pay in is the group's own money.

Between two rows of the ledger a claim can have grown by what is in no table (others' orders, returns), at
most by all clients' money that came in since. What goes beyond a claim is certain only as far as it is more
than that, and a row of the ledger is from the days before; else it is told as not certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.findings import Cited
from graphflow.redlines.clients import clients_of
from graphflow.redlines.facts import DAY, Facts, Flags, Ints, among, latest, micros

if TYPE_CHECKING:
    from graphflow.redlines.keeping import Keeper

STATED = 7 * DAY
"""A row of the ledger says what a client is owed for so long: a week, ours."""

CONTRACTS = (
    ("loans", "lender_id", "principal", "start"), ("assignments", "buyer_id", "amount", "time"),
    ("subscriptions", "investor_id", "amount", "time"),
)  # fmt: skip
"""Tables by which somebody is a client: who, how much he put in, and when."""

_IN, _OUT, _LEDGER = range(3)
"""Of one moment: what comes in counts before what goes out, and the ledger says what is left after both."""


def registered(facts: Facts, institutions: Ints, members: Ints) -> Ints:
    """Whom a table names a client of some institutions; of others of their group whom the ledger names."""
    pairs = clients_of(facts).pairs
    mine = np.isin(pairs["institution"], institutions) & ~np.isin(pairs["client"], institutions)
    mine &= ~np.isin(pairs["client"], members) | (pairs["table"] == "client_ledger").to_numpy()
    return sets.unique(pairs["client"].to_numpy(np.int64)[mine])


def beyond(keeper: Keeper, outs: pd.DataFrame, counted: Flags) -> tuple[Ints, Ints]:
    """Of payments to registered clients: what goes beyond a claim, and how much of it is certain.

    Parameters
    ----------
    outs
        Rows of `Keeper.outs`, all of them to these clients.
    counted
        Which of them a claim is used up by; of the others nothing goes beyond it.
    """
    who = sets.unique(outs["payee"].to_numpy(np.int64))
    paid = pd.DataFrame(
        {
            "who": outs["payee"].to_numpy(), "currency": outs["currency"].to_numpy(),
            "time": outs["time"].to_numpy(), "kind": _OUT, "amount": -outs["amount"].to_numpy(np.int64),
            "place": np.arange(len(outs)),
        }
    )[counted]  # fmt: skip
    came = _paid_in(keeper, who)
    outside = sets.minus(who, keeper.group)
    by_contract = _contracts(keeper, outside)
    own = pd.concat([paid, came[~np.isin(came["who"], keeper.group)], by_contract], ignore_index=True)
    found = _uncovered(own, len(outs))
    sure = np.zeros(len(outs), np.int64)
    for institution in keeper.institutions:
        rows = _stated(keeper, institution, who)
        if len(rows):
            less, said = _by_ledger(pd.concat([paid, came, rows], ignore_index=True), len(outs))
            found = np.minimum(found, less)
            grown = keeper.clients_between(outs["currency"], said, outs["time"])
            sure = np.maximum(sure, np.where(said >= 0, np.maximum(less - grown, 0), 0))
    return found, np.minimum(found, sure)


def _paid_in(keeper: Keeper, who: Ints) -> pd.DataFrame:
    """What some parties paid in, to the institution itself or where clients' money is held."""
    ins = keeper.paid_in
    ins = ins[np.isin(ins["payer"], who)]
    return _events(ins["payer"], ins["currency"], ins["time"], _IN, ins["amount"])


def _contracts(keeper: Keeper, who: Ints) -> pd.DataFrame:
    """What contracts say that they lent, bought or subscribed, in the case's currency."""
    facts = keeper.facts
    parts = []
    for table, column, amount, time in CONTRACTS:
        places = contracts_of(keeper, table, who)
        rows = facts.rows(table).loc[places]
        numbers = facts.numbers_of(rows[column])
        parts.append(_events(numbers, facts.home, micros(rows[time]), _IN, rows[amount].fillna(0)))
    return pd.concat(parts, ignore_index=True)


def contracts_of(keeper: Keeper, table: str, who: Ints) -> Ints:
    """The rows of a table by which some parties are clients of theirs."""
    facts = keeper.facts
    rows = facts.rows(table)
    if not len(rows):
        return np.zeros(0, np.int64)
    column = next(each for name, each, _, _ in CONTRACTS if name == table)
    mine = np.isin(facts.numbers_of(rows[column]), who)
    if table == "subscriptions":
        products = facts.rows("products")
        theirs = products["manager_id"].isin(keeper.institutions) | products["issuer_id"].isin(
            keeper.institutions
        )
        mine &= rows["product_id"].isin(products.loc[theirs, "product_id"]).to_numpy()
    else:
        loans = facts.rows("loans")
        theirs = loans["platform_id"].isin(keeper.institutions)
        mine &= among(rows["loan_id"], loans.loc[theirs, "loan_id"])
    return rows.index.to_numpy().astype(np.int64)[mine]


def _ledger_rows(keeper: Keeper, institution: str, who: Ints) -> pd.DataFrame:
    rows = keeper.facts.rows("client_ledger")
    if not len(rows):
        return rows
    mine: pd.DataFrame = rows[
        (rows["platform_id"] == institution) & np.isin(keeper.facts.numbers_of(rows["client_id"]), who)
    ]
    return mine


def _stated(keeper: Keeper, institution: str, who: Ints) -> pd.DataFrame:
    """What the ledger says that they are owed, in transit too; a bare date is the end of its day."""
    facts = keeper.facts
    rows = _ledger_rows(keeper, institution, who)
    if not len(rows):
        return _events([], [], [], _LEDGER, [])
    owed = rows["balance"].fillna(0).to_numpy(np.int64) + rows["in_transit"].fillna(0).to_numpy(np.int64)
    who_ = facts.numbers_of(rows["client_id"])
    return _events(who_, facts.home, latest(rows, "date"), _LEDGER, owed)


def _events(who: object, currency: object, time: object, kind: int, amount: object) -> pd.DataFrame:
    columns = {"who": who, "currency": currency, "time": time, "kind": kind, "amount": amount, "place": -1}
    arrays = {name: np.asarray(each) for name, each in columns.items()}
    size = arrays["who"].size
    return pd.DataFrame({name: np.broadcast_to(each, size).astype(np.int64) for name, each in arrays.items()})


def _uncovered(events: pd.DataFrame, size: int, keys: tuple[str, ...] = ("who", "currency")) -> Ints:
    """What goes out beyond what is there, by the place of the payment; it never has to be made good.

    So who begins with a debt is as one who begins with nothing: only what makes it greater counts.

    Examples
    --------
    >>> one = pd.DataFrame(
    ...     {"who": 1, "currency": 0, "time": [1, 2, 3], "kind": [0, 1, 1], "amount": [100, -60, -60],
    ...      "place": [-1, 0, 1]}
    ... )
    >>> _uncovered(one, 2).tolist()
    [0, 20]
    """
    ordered = events.sort_values([*keys, "time", "kind", "place"], kind="stable")
    grouped = [ordered[key] for key in keys]
    stood = ordered["amount"].groupby(grouped).cumsum()
    lacking = (-stood.groupby(grouped).cummin()).clip(lower=0)
    more = (lacking - lacking.groupby(grouped).shift(fill_value=0)).to_numpy(np.int64)
    found = np.zeros(size, np.int64)
    places = ordered["place"].to_numpy()
    found[places[places >= 0]] = more[places >= 0]
    return found


def _by_ledger(events: pd.DataFrame, size: int) -> tuple[Ints, Ints]:
    """The same from each row of the ledger on; and when that is from, where from the days before, else -1."""
    keys = ["who", "currency"]
    events = events.sort_values([*keys, "time", "kind", "place"], kind="stable", ignore_index=True)
    row = events["kind"] == _LEDGER
    parts = [events[key] for key in keys]
    events["since"] = row.astype(np.int64).groupby(parts).cumsum()
    found = _uncovered(events, size, ("who", "currency", "since"))
    said = events["time"].where(row).groupby(parts).ffill()
    near = (events["since"] > 0) & (events["time"] - said <= STATED)
    stated = np.full(size, -1, np.int64)
    places = events["place"].to_numpy()
    stated[places[places >= 0]] = said.where(near, -1).to_numpy(np.int64)[places >= 0]
    return found, stated


def cite_claims(keeper: Keeper, who: Ints) -> Iterator[Cited]:
    """All rows that say what some clients may be paid, as context."""
    facts = keeper.facts
    for institution in keeper.institutions:
        rows = _ledger_rows(keeper, institution, who)
        if len(rows):
            yield facts.cite("client_ledger", rows, False)
    loans = facts.rows("loans")
    for table, *_ in CONTRACTS:
        places = contracts_of(keeper, table, sets.minus(who, keeper.group))
        if not places.size:
            continue
        yield facts.cite(table, places, False)
        if table == "assignments":
            named = facts.rows(table).loc[places, "loan_id"]
            yield facts.cite("loans", loans[loans["loan_id"].isin(named)], False)
        if table == "subscriptions":
            products = facts.rows("products")
            named = facts.rows(table).loc[places, "product_id"]
            yield facts.cite("products", products[products["product_id"].isin(named)], False)
