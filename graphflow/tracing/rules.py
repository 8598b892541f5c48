"""The rules that say which money leaves a mixed account first."""

from __future__ import annotations

from dataclasses import dataclass

from graphflow.errors import Problem, UsageError
from graphflow.language import N_


@dataclass(frozen=True)
class Rule:
    """A rule: its name, what it says, who uses it, and its source.

    ``attributes``: whether it says how much of the seed each payment carries; ``backward``: whether it can be
    asked where money came from.
    """

    name: str
    title: str
    says: str
    used_by: str
    source: str
    attributes: bool = True
    backward: bool = True


RULES: tuple[Rule, ...] = (
    Rule(
        "fifo",
        N_("First in, first out (先进先出)"),
        N_("The oldest money of an account leaves first; inside a transfer the order of taking is kept."),
        N_(
            "Courts of England by default between innocent claimants; "
            "forensic accountants in China where a balance does not suffice."
        ),
        N_("Clayton's Case, Devaynes v Noble (1816) 1 Mer 572"),
    ),
    Rule(
        "lifo",
        N_("Last in, first out (后进先出)"),
        N_(
            "The newest money of an account leaves first; a transfer arrives in the order in which it was "
            "taken, and the last of it leaves first."
        ),
        N_(
            "Forfeiture in the United States, where the government may choose it; "
            "tracing of crypto-currencies."
        ),
        N_("US v Banco Cafetero (2d Cir 1986), cited unverified; a published example by P. Todd"),
    ),
    Rule(
        "prorata",
        N_("Pro rata (比例法)"),
        N_(
            "Every payment takes every sort of money in its present proportion; "
            "whole minor units move, the exact share is kept to 2^-32."
        ),
        N_("Chinese courts for property bought with mixed money; rolling charge, haircut."),
        N_("法释〔2014〕13号 art. 10; Barlow Clowes v Vaughan [1991] EWCA Civ 11"),
    ),
    Rule(
        "libr",
        N_("Lowest intermediate balance (差额法)"),
        N_(
            "The holder's own, untraced money leaves first; later deposits do not replenish what was spent. "
            "Forward only."
        ),
        N_("Courts of the United States: constructive trusts, bankruptcy, proceeds in a mixed account."),
        N_("UCC 9-315(b)(2)"),
        backward=False,
    ),
    Rule(
        "poison",
        N_("Poison (污染法)"),
        N_(
            "Everything that an account pays out after it was touched, and all that it holds at the close: "
            "an upper bound that attributes nothing and adds up to more than the seed."
        ),
        N_("Tracing of crypto-currencies; anybody who asks which accounts to look at."),
        N_("no court's: a convention of analysts"),
        attributes=False,
    ),
)
"""The one list of rules. Their exact definitions are in the manual's page on tracing."""


def rule_named(name: str) -> Rule:
    """The rule of that name.

    Raises
    ------
    UsageError
        For another name; it lists those that there are.
    """
    for rule in RULES:
        if rule.name == name:
            return rule
    raise UsageError(
        Problem(
            "rule",
            N_("there is no rule {name}"),
            {"name": name},
            name,
            ", ".join(rule.name for rule in RULES),
        )
    )
