"""RL-29 Supplementary tests: what else of the plan and of its neighbours data can partly show.

Each part stands on its own tables and its own articles, and has a file of its own: structuring
(`rl29_structuring`), commission and identity (`rl29_marketing`), others' products, members of exchanges and
partners without a licence (`rl29_dealing`), bank loans lent on (`rl29_onlending`).

What no table carries, and is not asked: whether marketing took place offline (only what is paid for it is
seen); to whom something was promoted who did not buy; through whom a subscription came whose money did not
pass that party; who is a member of which exchange and by whose approval (only dues and clients are seen);
what two institutions agreed on, beside the money between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from graphflow.findings import Finding
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.facts import SOME_IN_YUAN
from graphflow.redlines.rl29_dealing import cooperation, exchange, selling
from graphflow.redlines.rl29_marketing import commission, commissions, identity
from graphflow.redlines.rl29_onlending import onlending
from graphflow.redlines.rl29_structuring import structuring
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    structured: Number | None = None,
    edge: Number | None = None,
    cash: Number | None = None,
    company: Number | None = None,
    person: Number | None = None,
    abroad: Number | None = None,
    commission_share: Number | None = None,
    payees: Number | None = None,
    unverified: Number | None = None,
    third: Number | None = None,
    sold: Number | None = None,
    fees: Number | None = None,
    clients: Number | None = None,
    contracts: Number | None = None,
    onlent: Number | None = None,
    within: str = "7D",
    onward: str = "30D",
    hops: int = 3,
) -> Iterator[Finding]:
    """What the supplementary tests see: each finding says which of them it rests on.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    structured
        Least number of payments below the limit; None: what the table of law says.
    edge
        From which part of the limit on a payment is just below it.
    cash, company, person, abroad
        Limits in yuan: cash, transfers of legal persons, of natural persons at home and across the border.
    commission_share
        Least part of what was raised that was paid for bringing it in.
    payees
        Least number of natural persons who were paid for it.
    unverified
        Least number of investors of a product of whom it is stated that their identity was not verified.
    third
        Least number of investors of a product who paid from accounts of others.
    sold
        Least number of persons who paid a platform for others' products.
    fees
        Least number of payments for selling, or for bringing clients.
    clients
        Least number of clients of a member of an exchange.
    contracts
        Least number of contracts whose money goes over a partner without a licence.
    onlent
        Least part of a bank's loan that was lent on.
    within
        How far apart the payments below a limit may lie.
    onward
        In what time a bank's loan has to be lent on.
    hops
        Over how many transfers a bank's loan is followed.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl29
    >>> [(f.subject_id, f.measure, int(f.value)) for f in find(rl29.toy())], list(find(rl29.near_miss()))
    ([('P', 'structured', 4)], [])
    >>> [(f.measure, str(f.value), f.amount_least, f.amount) for f in find(rl29.onlending_toy())]
    [('onlent', '3/5', 60000000, 70000000)]
    """
    ask = Inquiry(
        LINE, case, as_of, law, structured=structured, edge=edge, cash=cash, company=company, person=person,
        abroad=abroad, commission_share=commission_share, payees=payees, unverified=unverified, third=third,
        sold=sold, fees=fees, clients=clients, contracts=contracts, onlent=onlent, within=within,
        onward=onward, hops=hops,
    )  # fmt: skip
    yield from structuring(ask, span(within))
    if ask.runs("commission"):
        yield from commission(ask)
    if ask.runs("unverified") or ask.runs("third"):
        yield from identity(ask)
    if ask.runs("selling"):
        yield from selling(ask)
    if ask.runs("exchange"):
        yield from exchange(ask)
    if ask.runs("cooperation"):
        yield from cooperation(ask)
    if ask.runs("onlending"):
        yield from onlending(ask, span(onward, "onward"), hops)


def clawback(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    commission_share: Number | None = None,
    payees: Number | None = None,
) -> pd.DataFrame:
    """Who was paid for bringing in money, and how much: what 防非条例 art. 26 (5) takes back, payee by payee.

    Only of raisings that the test of commission finds: their payments for it, net of what was reversed. That
    somebody stands here says what was paid, not that he knew what for.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    commission_share, payees
        As of `find`.

    Returns
    -------
    pandas.DataFrame
        One row a payee of a raising in one currency, the greatest first: `raiser_id`, `payee_id` (a party,
        else an account), `payee_name`, `natural_person`, `payments`, `amount` (minor units), `currency`,
        `transfers` (ids).

    See Also
    --------
    find : the test.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl29
    >>> rows = clawback(rl29.commission_toy())
    >>> len(rows), int(rows["amount"].sum()), rows["payee_id"].tolist()[:2], rows["transfers"].iloc[0]
    (50, 1800000, ['S00', 'S01'], ('t012', 't013'))
    """
    ask = Inquiry(LINE, case, as_of, law, commission_share=commission_share, payees=payees)
    facts = ask.facts
    columns = [
        "raiser_id", "payee_id", "payee_name", "natural_person", "payments", "amount", "currency",
        "transfers",
    ]  # fmt: skip
    found = []
    for each in commissions(ask) if ask.runs("commission") else ():
        paid = each.paid.assign(transfer=facts.texts("transfer_id", each.paid["row"].to_numpy()))
        for to, mine in paid.groupby("to"):
            number, size = int(str(to)), facts.party_ids.size
            payee = str(facts.party_ids[number] if number < size else facts.account_ids[number - size])
            found.append(
                (
                    each.subject[1], payee, facts.name_of(payee) if number < size else "",
                    bool(mine["person"].iloc[0]), len(mine), int(mine["amount"].sum()),
                    facts.currencies[each.currency], tuple(mine["transfer"]),
                )
            )  # fmt: skip
    frame = pd.DataFrame(found, columns=columns)
    order = frame.sort_values(
        ["raiser_id", "currency", "amount", "payee_id"], ascending=[True, True, False, True]
    )
    return order.reset_index(drop=True)


WORDS = ("transfers.memo", "transfers.kind")

LINE = RedLine(
    code="RL-29",
    name=N_("Supplementary tests"),
    name_zh="补充检验",
    asks=N_(
        "Does money show one of the supplementary signs: payments just below what is reported, commission to "
        "many, buyers who are not identified, others' products sold, members of exchanges and partners "
        "without a licence, bank loans lent on?"
    ),
    tests=(
        Test(
            "cash",
            N_("cash just below what is reported"),
            (("accounts.kind", "transfers.channel", "transfers.kind", "transfers.memo"), SOME_IN_YUAN),
        ),
        Test(
            "company",
            N_("transfers of legal persons just below what is reported"),
            ("accounts.party_id", "parties", SOME_IN_YUAN),
        ),
        Test(
            "person",
            N_("transfers of natural persons just below what is reported"),
            ("accounts.party_id", "parties", SOME_IN_YUAN),
        ),
        Test(
            "abroad",
            N_("transfers of natural persons across the border just below what is reported"),
            (
                "accounts.party_id",
                "parties",
                ("transfers.channel", "transfers.kind", "transfers.memo"),
                SOME_IN_YUAN,
            ),
        ),
        Test(
            "commission",
            N_("commission to many natural persons for bringing in money, beside what was raised"),
            ("accounts.party_id", "parties.kind", WORDS),
        ),
        Test(
            "unverified",
            N_("subscriptions of whom it is stated that the identity was not verified"),
            ("subscriptions.kyc",),
        ),
        Test(
            "third",
            N_("subscriptions paid from an account of somebody else"),
            ("subscriptions.transfer_id", "accounts.party_id"),
        ),
        Test(
            "selling",
            N_("others' products whose money goes over a platform, or that it is paid for selling"),
            (
                "accounts.party_id",
                "parties.kind",
                ("products.issuer_id", "products.manager_id"),
                ("parties.sector", "loans.platform_id", "listings", "client_ledger"),
            ),
        ),
        Test(
            "exchange",
            N_("who pays an exchange a member's dues and has clients, without a licence"),
            ("accounts.party_id", "parties.kind", "licences", "transfers.memo"),
        ),
        Test(
            "cooperation",
            N_("contracts and fees between a licensed institution and a financial one without a licence"),
            (
                "accounts.party_id",
                "licences",
                ("parties.sector", "loans.platform_id", "listings", "client_ledger"),
            ),
        ),
        Test(
            "onlending",
            N_("how much of a bank's loan its borrower lent on soon, traced under each rule"),
            ("accounts.party_id", "parties.kind", ("loans.lender_id", *WORDS)),
        ),
    ),
    elements={
        "done": N_("what the rule is about was done"),
        "size": N_("it is of the size from which it counts"),
        "unallowed": N_("nothing allows it"),
    },
    guards={
        "above": N_("the limit was passed at that time as well: it is not avoided"),
        "exempt": N_("dealings of the state and of banks need not be reported"),
        "same_day": N_("what is paid on one day is summed, and reported all the same"),
        "licensed": N_("a licence allows it"),
        "merchant": N_("it is a merchant that rewards who brings customers"),
        "staff": N_("those who are paid are its own staff"),
        "family": N_("the investor's family paid"),
        "passes_on": N_("custody, or a licensed seller, only passes it on"),
        "own_business": N_("it is its own money, or its own business"),
        "bank_services": N_("it is what a bank does for any customer"),
        "group": N_("it stays inside one group"),
        "trade": N_("it is an advance in trade"),
    },
    guards_of={
        **dict.fromkeys(("above", "exempt", "same_day"), ("cash", "company", "person", "abroad")),
        "licensed": ("commission", "selling", "exchange", "cooperation", "onlending"),
        **dict.fromkeys(("merchant", "staff"), ("commission",)),
        "family": ("third",),
        "passes_on": ("unverified", "third", "cooperation"),
        "own_business": ("selling", "exchange", "onlending"),
        "bank_services": ("cooperation",),
        "group": ("cooperation", "onlending"),
        "trade": ("onlending",),
    },
    find=find,
)  # fmt: skip
