"""The sides of lending platforms: a platform with its group, its loans, and the accounts it may pay from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from graphflow.law import law
from graphflow.redlines.borrowing import whose, words_of
from graphflow.redlines.clients import clients_of
from graphflow.redlines.facts import Facts, Flags, Ints, Known, known
from graphflow.rows import moment

RESERVE = (
    "风险备付金", "风险准备金", "风险保障金", "风险保证金", "风险储备金", "质保服务金", "质保金",
    "risk reserve", "risk provision", "provision fund",
)  # fmt: skip
"""What the name of a platform's risk-reserve account says."""


@dataclass(frozen=True)
class Side:
    """A lending platform with its group, and the accounts from which it may pay for borrowers.

    Attributes
    ----------
    platform, why
        Who it is, and the rows that say so.
    group, numbers
        The parties under one control with it.
    loans
        The loans on it.
    own, reserve
        Accounts of the group that are neither custody nor reserve of clients, and of its risk reserve.
    """

    platform: str
    why: Known = field(repr=False)
    group: frozenset[str]
    numbers: Ints = field(repr=False)
    loans: pd.DataFrame = field(repr=False)
    own: Flags = field(repr=False)
    reserve: Flags = field(repr=False)

    def products(self, facts: Facts) -> set[str]:
        """The products that its group issues or manages."""
        rows = facts.rows("products")
        mine = rows["issuer_id"].isin(self.group) | rows["manager_id"].isin(self.group)
        return set(rows.loc[mine, "product_id"])


def sides(facts: Facts) -> list[Side]:
    """Every lending platform of a case."""
    platforms = facts.platforms("lending")
    loans = facts.rows("loans")
    named = _named_reserves(facts)
    found = []
    for platform, why in platforms.items():
        group = facts.group(platform)
        here = (loans["platform_id"] == platform).to_numpy(np.bool_, na_value=False)
        if len(platforms) == 1:  # where one platform is all there is, a loan that names none is its
            here = here | ~known(loans["platform_id"])
        numbers = np.array(sorted(facts.party_number[p] for p in group if p in facts.party_number), np.int64)
        inside = np.isin(whose(facts), numbers)
        # a reserve that a bank holds, or of which nobody says whose it is, is that of whose loan it pays
        bank = np.append(facts.party_is("bank"), True)[facts.account_party]
        reserve = named & (inside | bank)
        found.append(
            Side(platform, why, group, numbers, loans[here], inside & ~facts.guarded & ~reserve, reserve)
        )
    return found


def _named_reserves(facts: Facts) -> Flags:
    """Accounts whose name says that they are a platform's risk reserve."""
    rows = facts.tables.arrow("accounts", ("name",))
    if rows is None or "name" not in rows.column_names:
        return np.zeros(facts.account_ids.size, np.bool_)
    hit = pc.match_substring_regex(rows["name"], "|".join(RESERVE), ignore_case=True)
    return np.asarray(pc.fill_null(hit, False).to_numpy(), np.bool_)


def rule_began(facts: Facts) -> int:
    """The moment from which on the first of RL-03's articles held."""
    first = min(row["since"] for row in law("articles") if row["code"] == "RL-03")
    return moment(first, facts.tables.timezone)[0]


def lenders_of(facts: Facts, side: Side) -> pd.DataFrame:
    """Whom tables name as lenders or clients of the platform, see `Clients.pairs`."""
    return clients_of(facts).of(side.numbers.tolist())


def borrowers_of(facts: Facts, side: Side) -> Ints:
    """The borrower of each loan of the side, by number."""
    numbers = (facts.party_number.get(each, -2) for each in words_of(side.loans["borrower_id"]))
    return np.fromiter(numbers, np.int64, len(side.loans))
