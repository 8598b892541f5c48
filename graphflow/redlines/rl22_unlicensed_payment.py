"""RL-22 Payment without a licence (无证经营支付): settling for merchants; firms' money made private.

The rule: no payment business without approval (支付条例 art. 6; 国办发〔2016〕21号 二（三）3). Looked at:
entities without a licence for payment into which many pay and from which nearly all goes on to many others
within three days at about a fee (二清 where the money comes from a licensed acquirer), and accounts through
which firms' money goes on to natural persons within a day (公转私). Not it: a merchant that buys and sells, a
head office that settles its own shops, payroll, and a licensed institution's own split settlement.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from graphflow.errors import Told
from graphflow.findings import Finding
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.facts import Facts
from graphflow.redlines.rl18_substance import licensed, rows_of
from graphflow.redlines.signatures import (
    Limits,
    Signature,
    chains_of_paths,
    forwarded_within,
    parties_that_pass_on,
    payments,
    while_licensed,
)
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

DAYS = 3


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    payers: Number | None = None,
    payees: Number | None = None,
    forwarded: Number | None = None,
    fee: Number | None = None,
    private: Number | None = None,
) -> Iterator[Finding]:
    """Entities without a licence for payment that settle for others, or pass firms' money on to persons.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    payers, payees
        Least numbers of outsiders who pay in and are paid.
    forwarded
        Least part of what comes in that goes on within three days.
    fee
        Greatest part that is kept.
    private
        Least part of what firms pay in that goes on to natural persons within a day.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl22
    >>> [f.measures[1].value for f in find(rl22.toy())], len(list(find(rl22.near_miss())))
    ([Fraction(3, 250)], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, payers=payers, payees=payees, forwarded=forwarded, fee=fee, private=private
    )
    facts = ask.facts
    if ask.runs("signature"):
        limits = Limits(
            int(ask.threshold("payers")), int(ask.threshold("payees")), ask.threshold("forwarded"),
            ask.threshold("fee"), DAYS, 0, 0,
        )  # fmt: skip
        for signature in payments(facts, limits):
            yield _settling(ask, signature)
    if ask.runs("private"):
        yield from _to_persons(ask)


def _settling(ask: Inquiry, signature: Signature) -> Finding:
    facts = ask.facts
    party = str(facts.party_ids[signature.party])
    currency = facts.currencies[signature.currency]
    figures = signature.statistics
    amount = int(figures["amount"])
    flows = facts.flows
    payers = flows.loc[flows["row"].isin(signature.incoming), "payer"].unique()
    acquirer = [each for each in payers.tolist() if each >= 0 and licensed(facts, each, "payment")]
    serious = currency == "CNY" and amount >= ask.threshold("serious")
    return ask.finding(
        subject=("party", party),
        hit=("signature", "acquirer") if acquirer else ("signature",),
        summary=Told(
            N_(
                "it took {amount} from {payers} payers, passed it on to {payees} within three days, and no "
                "licence for payment is known"
            ),
            amount=f"{amount_text(amount, facts.tables.minor_units.get(currency, 2))} {currency}",
            payers=int(figures["payers"]),
            payees=int(figures["payees"]),
        ),
        measures=[
            ask.measure("forwarded", N_("part that goes on in time"), figures["forwarded"], "forwarded"),
            ask.measure("fee", N_("part that it keeps"), figures["fee"], "fee", "<="),
            ask.measure("payers", N_("outside payers"), figures["payers"], "payers"),
            ask.measure("payees", N_("outside payees"), figures["payees"], "payees"),
        ],
        rows=rows_of(facts, signature),
        severity="critical" if serious else "high",
        kinds={"flow": "shown", "register": "inferred"},
        elements={
            "settles": "shown",
            "licence": ("inferred", N_("no licence of it is among those that were given")),
            "acquirer": "shown"
            if acquirer
            else ("unknown", N_("no licensed institution is among its payers")),
        },
        against=_guards(facts, signature),
        amount=amount,
        currency=currency,
        chains=chains_of_paths(facts, signature),
    )


def _guards(facts: Facts, signature: Signature) -> dict[str, tuple[str, str]]:
    flows = facts.flows
    other = flows[(flows["payer"] == signature.party) & ~flows["row"].isin(signature.outgoing)]
    kinds = facts.account_kind[other["target"].to_numpy()]
    merchant = (
        "unknown" if not facts.has("accounts.kind") or np.isin(kinds, ["tax", "payroll"]).any() else "clear"
    )
    return {
        "merchant": (
            merchant,
            N_("whether goods move is in no table; wages and taxes would show a business"),
        ),
        "own_shops": ("clear", N_("what moves inside its group is left out")),
        "agent": ("unknown", N_("no table says for whom it acts")),
    }


def _to_persons(ask: Inquiry) -> Iterator[Finding]:
    """Firms pay in, and it goes on to natural persons within a day: firms' money made private."""
    facts = ask.facts
    for party, currency, came, went in parties_that_pass_on(facts, 1, int(ask.threshold("payees"))):
        came = came[~while_licensed(facts, party, "payment", came)]
        went = went[~while_licensed(facts, party, "payment", went)]
        firm = np.isin(facts.party_kind[np.maximum(came["payer"].to_numpy(), 0)], ["company", "partnership"])
        of = came[firm & (came["payer"].to_numpy() >= 0)]
        person = facts.party_kind[np.maximum(went["payee"].to_numpy(), 0)] == "person"
        to = went[person & (went["payee"].to_numpy() >= 0)]
        wages = [facts.role(int(each)) for each in to["source"].unique()]
        if (
            of.empty
            or to["payee_key"].nunique() < ask.threshold("payees")
            or any(r and r.role == "payroll" for r in wages)
        ):
            continue
        total = int(of["amount"].sum())
        on, pairs = forwarded_within(of, to, 1)
        if Fraction(on, total) < ask.threshold("private"):
            continue
        used = {row for pair in pairs for row in pair[:2]}
        signature = Signature(
            party, currency, "payment", {"amount": Fraction(total)}, of["row"].to_numpy(),
            to.loc[to["row"].isin(used), "row"].to_numpy(), tuple((a, b) for a, b, _ in pairs[:30]),
        )  # fmt: skip
        name = facts.currencies[currency]
        serious = name == "CNY" and on >= ask.threshold("serious")
        yield ask.finding(
            subject=("party", str(facts.party_ids[party])),
            hit=("private",),
            summary=Told(
                N_("of {amount} that firms paid in, {on} went on to {persons} natural persons within a day"),
                amount=f"{amount_text(total, facts.tables.minor_units.get(name, 2))} {name}",
                on=f"{amount_text(on, facts.tables.minor_units.get(name, 2))} {name}",
                persons=to.loc[to["row"].isin(used), "payee"].nunique(),
            ),
            measures=[
                ask.measure(
                    "private", N_("part that goes on to persons within a day"), Fraction(on, total), "private"
                ),
                ask.measure(
                    "persons",
                    N_("persons who are paid"),
                    to.loc[to["row"].isin(used), "payee"].nunique(),
                    unit="persons",
                ),
            ],
            rows=[*rows_of(facts, signature), facts.cite("transfers", to["row"].to_numpy(), False)],
            severity="critical" if serious else "high",
            kinds={"flow": "shown", "register": "inferred"},
            elements={
                "settles": "shown",
                "licence": ("inferred", N_("no licence of it is among those that were given")),
                "acquirer": "unknown",
            },
            against=_guards(facts, signature),
            amount=on,
            currency=name,
            chains=chains_of_paths(facts, signature),
        )


LINE = RedLine(
    code="RL-22",
    name=N_("Payment without a licence"),
    name_zh="无证经营支付",
    asks=N_("Does an entity settle payments for others, or make firms' money private, without a licence?"),
    tests=(
        Test(
            "signature",
            N_("many pay in, nearly all goes on to many others within three days"),
            ("accounts.party_id", "licences"),
        ),
        Test(
            "acquirer",
            N_("whether the money comes from a licensed institution (二清)"),
            ("accounts.party_id", "licences"),
        ),
        Test(
            "private",
            N_("firms' money that goes on to natural persons within a day (公转私)"),
            ("accounts.party_id", "parties", "licences"),
        ),
    ),
    elements={
        "settles": N_("it moves other people's money between them"),
        "licence": N_("it has no licence for payment"),
        "acquirer": N_("a licensed institution pays it as one merchant (二清)"),
    },
    guards={
        "merchant": N_("it is a merchant that buys and sells itself"),
        "own_shops": N_("it settles shops of its own"),
        "agent": N_("it acts for a licensed principal"),
    },
    find=find,
)
