"""RL-26 Sensitive words in name or scope (名称/经营范围敏感字样): who calls itself finance without a licence.

The rule: words such as 金融, 交易所, 理财, 支付 stand in a firm's name or scope only where it may do that
business (防非条例 art. 9; 国办发〔2016〕21号 三（一）). Looked at: the names and scopes of companies and
partnerships, the words of the day by level (law, national list, local list), their licences, and whether
outside persons pay in. Not it: who is licensed; 金融 as part of a street or a house; holding firms called
投资 or 控股 into which no outside person pays, and in whose group nobody raises money.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow.errors import Told
from graphflow.findings import Finding
from graphflow.language import N_
from graphflow.law import law_on
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.facts import Facts, known, micros
from graphflow.redlines.raising import Raising, raisings
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

LEVELS = ("law", "national", "local")
"""How binding a list of words is; the first that hits is the one that is told."""

DENIED = re.compile(r"[（(][^）)]*(?:不得|不含|除外)[^）)]*[）)]|(?:不得|不含|未经)[^；;。）)]*")
"""Where a register says what a firm may not do: its words there are no business of it."""

FUNDS = ("asset_management", "fund_sale", "trust", "banking", "insurance")
"""Licences of whoever may run a fund."""

FIRMS = ("company", "partnership", "contract_fund", "branch", "")


def find(
    case: Case, *, as_of: Moment | None = None, law: LawFile = None, payers: Number | None = None
) -> Iterator[Finding]:
    """Firms whose name or scope says a financial business for which they have no licence.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    payers
        From so many outside natural persons who pay in on it deals with the public, which makes it graver.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl26
    >>> [f.subject_name for f in find(rl26.toy())], len(list(find(rl26.near_miss())))
    (['汇鑫财富管理有限公司'], 0)
    """
    ask = Inquiry(LINE, case, as_of, law, payers=payers)
    if not ask.runs("name"):
        return
    facts = ask.facts
    words = sorted(law_on("sensitive_names", facts.day), key=lambda row: LEVELS.index(row["level"]))
    licences = facts.in_force("licences")
    held = {str(party): set(rows["function"]) for party, rows in licences.groupby("party_id")}
    parties = facts.rows("parties")
    payers_of = facts.collectors.groupby("party")["payers"].max().to_dict() if facts.has("transfers") else {}
    later = micros(parties["founded"]) > facts.at
    funds = _registered_funds(facts)
    for place, party, name, scope, kind, unborn in zip(
        parties.index, parties["party_id"], parties["name"], parties["scope"], parties["kind"], later,
        strict=True,
    ):  # fmt: skip
        if (kind if isinstance(kind, str) else "") not in FIRMS or unborn or str(party) in funds:
            continue
        texts = {"name": str(name), "scope": DENIED.sub("", scope) if isinstance(scope, str) else ""}
        paying = int(payers_of.get(facts.party_number[str(party)], 0))
        group: Raising | None = None
        for row in words:
            where = next((each for each, text in texts.items() if _counts(row, each, text)), None)
            if where is None or _allowed(row, held.get(str(party), set())):
                continue
            if row["level"] == "local" and not paying:
                group = _raised_around(facts, str(party))
                if group is None:
                    continue  # a holding firm into which nobody from outside pays
            yield _finding(ask, str(party), int(place), row, where, texts[where], paying, group)
            break


def _raised_around(facts: Facts, party: str) -> Raising | None:
    """Whoever raises money in a firm's group, perhaps not on the firm's own accounts but on its owner's."""
    if not facts.has("transfers"):
        return None
    return next((each for each in raisings(facts) if party in each.members), None)


def _registered_funds(facts: Facts) -> set[str]:
    """Parties that are products of a register, or of a manager who is licensed: their name is their kind."""
    if not facts.has("products"):
        return set()
    rows = facts.rows("products")
    licensed = set(facts.in_force("licences").loc[lambda held: held["function"].isin(FUNDS), "party_id"])
    fine = known(rows["registered"]) | rows["manager_id"].isin(licensed) | rows["issuer_id"].isin(licensed)
    return {str(each) for each in rows.loc[fine, "product_id"]} & set(facts.party_number)


def _counts(row: Mapping[str, str], where: str, text: str) -> bool:
    """Whether a row's words stand in a text of which the row speaks: some articles speak of names alone."""
    return row["where"] in ("both", where) and bool(_says(row, text))


def _says(row: Mapping[str, str], text: str) -> str:
    """The word of a row that a text has, but not where it only names a place or another thing; or nothing."""
    left = re.sub(row["but"], "", text) if row["but"] else text
    found = re.search(row["words"], left)
    return found[0] if found else ""


def _allowed(row: Mapping[str, str], functions: set[str]) -> bool:
    return bool(functions) if row["functions"] == "*" else bool(functions & set(row["functions"].split("|")))


def _finding(
    ask: Inquiry,
    party: str,
    place: int,
    row: Mapping[str, str],
    where: str,
    text: str,
    paying: int,
    group: Raising | None,
) -> Finding:
    facts = ask.facts
    if group is not None:
        paying = int(_paid(facts, party, group)["payer"].nunique())
    public = paying >= ask.threshold("payers")
    licences = facts.rows("licences")  # that they were given at all is what its absence rests on
    rows = [facts.cite_parties([party], shows=True), facts.cite("licences", licences.head(1), False)]
    measures = [ask.measure("words", N_("lists of words that it breaks"), 1)]
    if public or group is not None:
        paid = _paid(facts, party, group)
        first = paid.drop_duplicates("payer")
        rows += [
            facts.cite("transfers", first["row"].to_numpy()),
            facts.cite("transfers", paid["row"].to_numpy(), False),
            facts.cite_accounts(sorted({*paid["source"], *paid["target"]})),
            facts.cite_parties(str(facts.party_ids[each]) for each in first["payer"]),
        ]
        rows += [] if group is None else group.cite(facts)
        text_ = N_("outside natural persons who pay in, to it or to who raises money in its group")
        measures.append(ask.measure("payers", text_, paying, "payers"))
    return ask.finding(
        subject=("party", party),
        hit=("name", "public") if public else ("name",),
        summary=Told(
            N_("its {where} says {word}, and no licence for that business is known of it"),
            where=Told(N_("name")) if where == "name" else Told(N_("scope of business")),
            word=_says(row, text),
        ),
        measures=measures,
        rows=rows,
        severity="medium" if public else "watch",
        kinds={"register": "shown"} | ({"flow": "shown" if group is None else "inferred"} if public else {}),
        elements={
            "word": "shown",
            "licence": ("inferred", N_("no licence of it is among those that were given")),
            "business": "unknown"
            if not public
            else "shown"
            if group is None
            else ("inferred", N_("they pay another of its group, which raises money from investors")),
        },
        against={
            "licensed": "clear",
            "place": ("clear", N_("no place and no other thing of that name, and nothing that is denied")),
            "holding": ("clear", N_("outside persons pay in"))
            if paying and group is None
            else ("clear", N_("money is raised from investors in its group"))
            if paying
            else ("unknown", N_("no payer is known")),
            "grandfathered": ("unknown", N_("no table says whether the name was kept by an old filing")),
        },
    )


def _paid(facts: Facts, party: str, group: Raising | None) -> pd.DataFrame:
    """What outside natural persons paid in: to the firm, or to who raises money in its group."""
    if group is not None:
        paid = group.ins
    else:
        flows = facts.flows
        mine = np.isin(flows["target"], facts.accounts_of([party], signed=True))
        paid = flows[mine & ~flows["own"].to_numpy()]
    person = (paid["payer"].to_numpy() >= 0) & (facts.party_kind[paid["payer"]] == "person")
    found: pd.DataFrame = paid[person]
    return found


LINE = RedLine(
    code="RL-26",
    name=N_("Sensitive words in name or scope"),
    name_zh="名称/经营范围敏感字样",
    asks=N_("Does a firm's name or scope say a financial business for which it has no licence?"),
    tests=(
        Test("name", N_("words in name and scope, beside the licences"), ("parties", "licences")),
        Test("public", N_("whether outside persons pay in"), ("parties", "licences", "accounts.party_id")),
    ),
    elements={
        "word": N_("a word of the list stands in name or scope"),
        "licence": N_("it has no licence for that business"),
        "business": N_("it deals with the public"),
    },
    guards={
        "licensed": N_("it has a licence for that business"),
        "place": N_("the word only names a place, a house or another thing"),
        "holding": N_("it is a holding firm without outside investors"),
        "grandfathered": N_("the name was kept by an old filing (备案)"),
    },
    find=find,
)
