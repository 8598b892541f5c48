"""Who holds what a pot holds: an account, or by party the party that it belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphflow.ledger.form import GAP, Ledger

Ints = NDArray[np.int64]

VIEWS = ("account", "party")
"""What a question can be asked by."""


class Holders:
    """Holders by number: accounts as the ledger numbers them, transfers in transit behind these, and by party
    the parties behind all of them. An account without a party is its own holder.

    Parameters
    ----------
    ledger
        The ledger.
    party
        Whether accounts of one party are one holder.
    back
        Whether the question goes backward: what is left of cash between a withdrawal and a deposit is the
        deposit's then, else the withdrawal's.
    """

    def __init__(self, ledger: Ledger, party: bool, back: bool = False) -> None:
        self.ledger, self.party, self.back = ledger, party, back
        self._transit = len(ledger.account_ids)
        self._parties = self._transit + len(ledger.pots)
        self.count = self._parties + len(ledger.party_ids)
        self._names: dict[int, str] = {}

    def of_accounts(self, accounts: Any) -> Ints:
        """The holders of accounts."""
        held: Ints = np.asarray(accounts).astype(np.int64)
        if not self.party:
            return held
        party = self.ledger.account_party[held]
        return np.where(party >= 0, self._parties + party, held).astype(np.int64)

    def of_pots(self, pots: Ints) -> Ints:
        """The holders of what stands in pots: a transfer in transit is a holder of its own."""
        account = self.ledger.pots["account"][pots].astype(np.int64)
        for i in np.flatnonzero(self.ledger.pots["kind"][pots] == GAP).tolist():
            row = int(self.ledger.pots["earmark" if self.back else "period"][pots[i]])
            of = self.ledger.rows[np.flatnonzero(self.ledger.rows["origin"] == row)[0]]
            account[i] = of["source" if self.back else "target"]
        transit = account < 0
        held = self.of_accounts(np.where(transit, 0, account)) if self._transit else account
        return np.where(transit, self._transit + pots, held)

    def numbers(self, holders: Ints) -> Ints:
        """The account of each holder, as the ledger numbers it; -1 of a party, and in transit."""
        return np.where((holders < self._transit) & (holders >= 0), holders, -1).astype(np.int64)

    def accounts(self, holders: Ints) -> list[str | None]:
        """The account of each holder; none of a party."""
        number = self.numbers(holders)
        ids: list[str | None] = self.ledger.account_ids.take(pa.array(number, mask=number < 0)).to_pylist()
        for i in np.flatnonzero((holders >= self._transit) & (holders < self._parties)).tolist():
            ids[i] = transit_id(self.ledger, int(holders[i]) - self._transit)
        return ids

    def parties(self, holders: Ints) -> Any:
        """The party of each holder; none where there is none."""
        number = self.numbers(holders)
        account = number >= 0
        of = self.ledger.account_party[np.where(account, number, 0)] if account.any() else -1
        party = np.where(holders >= self._parties, holders - self._parties, np.where(account, of, -1))
        return self.ledger.party_ids.take(pa.array(party, mask=party < 0)).cast(pa.large_string())

    def name(self, holder: int) -> str:
        """The id of a holder, be it an account's or a party's."""
        found = self._names.get(holder)
        if found is None:
            if holder >= self._parties:
                found = str(self.ledger.party_ids[holder - self._parties].as_py())
            else:
                found = str(self.accounts(np.array([holder], np.int64))[0])
            if len(self._names) < 100_000:  # a trace of ten million chains names few holders often
                self._names[holder] = found
        return found

    def party_of(self, holder: int) -> str | None:
        """The party of a holder, or none."""
        if holder < self._transit:
            party = int(self.ledger.account_party[holder])
            return str(self.ledger.party_ids[party].as_py()) if party >= 0 else None
        return self.name(holder) if self.is_party(holder) else None

    def is_party(self, holder: int) -> bool:
        """Whether that holder is a party."""
        return holder >= self._parties

    def number(self, account_id: str | None, party_id: str | None) -> int:
        """The holder with that account, or without one that party; -1 where there is none."""
        if account_id is None:
            party = self.ledger.party(str(party_id))
            return self._parties + party if party >= 0 else -1
        return self.ledger.account(account_id)


def transit_id(ledger: Ledger, pot: int) -> str:
    """The name of the account that a transfer in transit has for itself."""
    row = int(np.flatnonzero(ledger.rows["origin"] == int(ledger.pots["period"][pot]))[0])
    return f"transit:{ledger.transfer_ids[row].as_py()}"
