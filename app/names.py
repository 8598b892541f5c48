"""What accounts, parties and the words of the tables are called where people read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from app.session import say
from graphflow import tracing
from graphflow.language import N_
from graphflow.pictures.words import OWNING_WORDS, SECTORS

RULES: Mapping[str, tracing.Rule] = {rule.name: rule for rule in tracing.RULES}
"""The rules by which money is traced, by name."""

# The other side where a row has none (`cash:ACCOUNT` and the like): what it is, and of whom.
_OTHER_SIDES = {
    "cash": N_("cash of {name}"),
    "interest": N_("interest of {name}"),
    "fee": N_("fees of {name}"),
    "transit": N_("in transit: {name}"),
    "?": N_("unknown, across from {name}"),
}

# Words of ours that stand in cells: kinds of transfers, accounts and parties, sectors, words of ownership.
_WORDS = {
    "transfer": N_("transfer"),
    "withdrawal": N_("withdrawal"),
    "deposit": N_("deposit"),
    "disbursement": N_("disbursement"),
    "repayment": N_("repayment"),
    "purchase": N_("purchase"),
    "rent": N_("rent"),
    "wages": N_("wages"),
    "salary": N_("wages"),
    "commission": N_("commission"),
    "fee": N_("fee"),
    "tax": N_("tax"),
    "interest": N_("interest"),
    "cash": N_("cash"),
    "refund": N_("refund"),
    "reversal": N_("reversal"),
    "subscription": N_("subscription"),
    "redemption": N_("redemption"),
    "conversion": N_("conversion"),
    "settlement": N_("settlement account"),
    "client_custody": N_("client custody"),
    "reserve_central": N_("central reserve"),
    "reserve_special": N_("special reserve"),
    "margin": N_("margin"),
    "securities": N_("securities"),
    "payroll": N_("payroll"),
    "loan": N_("loan"),
    "wallet": N_("wallet"),
    "clearing": N_("clearing"),
    "internal": N_("bank's own"),
    **SECTORS,
    **OWNING_WORDS,
}


def word(text: str) -> str:
    """A word of ours in the reader's language; another text as it is."""
    return say(_WORDS[text]) if text in _WORDS else text


def rule_title(name: str) -> str:
    """A rule's title where room is short: without its name in the other language."""
    return say(RULES[name].title).split(" (")[0]


def called(names: Mapping[str, str], who: str) -> str:
    """What an account or party is called, by the names that are known."""
    own = names.get(who)
    if own and own != who:
        return own
    if who == "tax":
        return say("tax")
    head, colon, rest = who.partition(":")
    if colon and head in _OTHER_SIDES:
        of = rest.split(":")[0] if head == "?" else rest
        return say(_OTHER_SIDES[head], name=names.get(of, of))
    return who


def behind(accounts: Collection[str]) -> set[str]:
    """The accounts, and those by which the other sides among them are called.

    Examples
    --------
    >>> sorted(behind(["A", "cash:B", "?:C:t1"]))
    ['?:C:t1', 'A', 'B', 'C', 'cash:B']
    """
    return {
        *accounts,
        *(each.split(":")[1] for each in accounts if each.partition(":")[0] in _OTHER_SIDES and ":" in each),
    }
