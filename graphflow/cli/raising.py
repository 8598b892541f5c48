"""What the verb `amounts` prints: each amount with its definition, the law's numbers, and every investor."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphflow.cli.showing import out, party_names, print_facts, print_table, write_csv
from graphflow.errors import Problem, UsageError
from graphflow.findings import MARK_NAMES, evidence_records
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table, amount_text
from graphflow.redlines.amounts import DEFINITIONS, OF_MEASURE, TIERS, Raised
from graphflow.terminal import jsonable, money_text, write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    from graphflow.case import Case

SHOWN = 50
"""Investors that a person is shown; the rest is counted, with the money."""

NAMES = {
    "gross": N_("gross"),
    "fresh": N_("fresh"),
    "returned": N_("returned"),
    "net_loss": N_("net loss"),
    "outstanding": N_("outstanding"),
    "participants": N_("participants"),
}

COUNTS = frozenset({"participants"})
"""What is a number of persons; everything else is money."""


def show_amounts(
    case: Case, r: Raised, as_of: str | None, form: str, language: str, part: str = "amounts"
) -> None:
    """Print what a party raised: tables for people, all of it as JSON, one of the tables as CSV."""
    if form == "json":
        write_json(_pairs(case, r, as_of, language), sys.stdout)
    elif form == "csv":
        rows = {"amounts": _amounts(r, language), "investors": _investors(r), "tiers": _tiers(r)}
        write_csv(rows[part], list(_COLUMNS[part]))
    else:
        _print(case, r, as_of, language)


def refuse_part(part: str, form: str) -> None:
    """Complain of a part of the answer where all of it is printed."""
    if part != "amounts" and form != "csv":
        text, other = N_("{one} does not go together with {other}"), f"--format {form}"
        raise UsageError(Problem("--part", text, {"one": "--part", "other": other}))


_COLUMNS = {
    "amounts": ("name", "value", "definition"),
    "investors": ("investor", "gross", "fresh", "returned", "net_loss", "outstanding"),
    "tiers": (
        "crime", "name_zh", "name_en", "tier", "measure", "amount", "value", "threshold", "reached",
        "article", "mark",
    ),
}  # fmt: skip


def _amounts(r: Raised, language: str) -> list[dict[str, Any]]:
    """Each amount, as decimal text, beside what it is."""
    return [
        {
            "name": name,
            "value": None if value is None else value if name in COUNTS else money_text(value, r.digits),
            "definition": translate(DEFINITIONS[name], language),
        }
        for name, value in r.totals.items()
    ]


def _investors(r: Raised) -> list[dict[str, Any]]:
    return [
        {
            name: plain if name == "investor" or plain is None else money_text(plain, r.digits)
            for name in _COLUMNS["investors"]
            for plain in (jsonable(row[name]),)
        }
        for row in r.investors.to_dict("records")
    ]


def _tiers(r: Raised) -> list[dict[str, Any]]:
    """The numbers of the law, each with the amount of ours that it is compared with."""
    rows: list[dict[str, Any]] = []
    for row in r.tiers.to_dict("records"):
        name = OF_MEASURE[row["measure"]]
        told = {
            **{str(key): value for key, value in row.items()},
            "amount": name,
            "reached": bool(row["reached"]),
        }
        for each in ("value", "threshold"):
            told[each] = int(row[each]) if name in COUNTS else money_text(row[each], r.digits)
        rows.append(told)
    return rows


def _pairs(case: Case, r: Raised, as_of: str | None, language: str) -> Iterator[tuple[str, object]]:
    yield "version", VERSION
    yield "case_hash", case.hash
    yield "party_id", r.party_id
    yield "as_of", as_of
    yield "currency", r.currency
    yield "inferred", r.inferred
    yield "amounts", _amounts(r, language)
    yield "investors", iter(_investors(r))
    yield "tiers", _tiers(r)
    yield "evidence", iter(evidence_records(r.evidence(case)))


def _print(case: Case, r: Raised, as_of: str | None, language: str) -> None:
    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    def money(value: Any) -> str:
        plain = jsonable(value)
        return "" if plain is None else amount_text(plain, r.digits)

    names = party_names(case, {r.party_id, *r.investors["investor"]})

    def named(party: str) -> str:
        return f"{names[party]} ({party})" if names.get(party, party) != party else party

    some = bool(r.investors["outstanding"].notna().any())
    whose = (
        N_("unknown: no account of theirs is seen to receive anything, and no subscription is recorded")
        if not r.seen
        else N_("those whose subscriptions are recorded")
        if not r.inferred
        else N_(
            "those whose subscriptions are recorded, and natural persons from outside who pay in: inferred"
        )
        if some
        else N_("natural persons from outside who pay in: inferred")
    )
    facts = [(N_("party"), named(r.party_id)), (N_("currency"), r.currency), (N_("investors"), say(whose))]
    facts += [(N_("As of"), as_of)] if as_of else []
    print_facts(Facts([(say(name), value) for name, value in facts]))
    totals = r.totals
    unknown = (
        N_("unknown: of some investors no subscription is recorded")
        if some
        else N_("unknown: no subscription is recorded")
    )
    print_table(
        Table(
            say(N_("Amounts of raised money")),
            [say(each) for each in (N_("amount"), N_("value"), N_("what it is"))],
            [
                [
                    say(NAMES[name]),
                    say(unknown) if value is None else f"{value:,}" if name in COUNTS else money(value),
                    say(DEFINITIONS[name]),
                ]
                for name, value in totals.items()
            ],
            right=(1,),
        ),
        wraps=2,
    )
    if r.currency == "CNY" and len(r.tiers):
        print_table(_law(r, language))
        out(say(N_("The numbers are set side by side: whether it is a crime, and which, is for a court.")))
    elif r.currency == "CNY":
        out(say(N_("The law of that day has no numbers to set beside them.")))
    else:
        out(say(N_("The numbers of the law are yuan: nothing is converted.")))
    shown = r.investors.sort_values(["gross", "investor"], ascending=[False, True])
    rest = shown.iloc[SHOWN:]
    print_table(
        Table(
            say(N_("By investor, the greatest first")),
            [say(each) for each in (N_("investor"), *list(NAMES.values())[:-1])],
            [
                [named(row["investor"]), *(money(row[name]) for name in list(NAMES)[:-1])]
                for row in shown.head(SHOWN).to_dict("records")
            ],
            right=(1, 2, 3, 4, 5),
        )
    )
    if len(rest):
        text = N_("and {count} more investors with {money} gross; --format csv --part investors has them all")
        out(say(text, count=f"{len(rest):,}", money=money(int(rest["gross"].sum()))))


def _law(r: Raised, language: str) -> Table:
    def say(text: str) -> str:
        return translate(text, language)

    rows = []
    for row in r.tiers.to_dict("records"):
        name = OF_MEASURE[row["measure"]]
        value, threshold = (
            f"{row[each]:,}" if name in COUNTS else amount_text(row[each], r.digits)
            for each in ("value", "threshold")
        )
        crime = row["name_zh"] if language == "zh" else row["name_en"]
        said = (say(TIERS[row["tier"]]), say(NAMES[name]), value, threshold)
        met = say(N_("yes")) if row["reached"] else say(N_("no"))
        rows.append([crime, *said, met, row["article"], say(MARK_NAMES[row["mark"]])])
    heads = (
        N_("crime"), N_("tier"), N_("amount"), N_("value"), N_("threshold"), N_("reached"), N_("article"),
        N_("checked"),
    )  # fmt: skip
    return Table(say(N_("Beside the numbers of the law")), [say(h) for h in heads], rows, right=(3, 4))
