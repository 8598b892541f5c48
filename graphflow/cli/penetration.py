"""What the verb `penetrate` prints: with whom traced money stands, and how it got there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphflow.cli.showing import (
    PAGE_TOP,
    Amounts,
    TraceTables,
    account_names,
    in_unit,
    out,
    party_names,
    print_facts,
    print_table,
    write_csv,
)
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Picture, Table, html_page, sankey_svg, shorten
from graphflow.pictures.words import end_name, percents, said_steps
from graphflow.terminal import in_zone, jsonable, write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from graphflow.case import Case
    from graphflow.penetration import Penetration, Step
    from graphflow.tables import Tables

SHOWN = 20


def show_penetration(
    case: Case, found: Penetration, start: str, form: str, language: str, top: int | None
) -> None:
    """Print it: as tables for people, as JSON or CSV (with whom the money stands) for programs."""
    amounts = Amounts(case.tables.minor_units, found.currency)
    if form == "json":
        write_json(_pairs(case, found, amounts, top), sys.stdout)
    elif form == "csv":
        rows = found.standing
        write_csv(
            (_record(row, amounts) for row in rows.to_dict("records")), [str(name) for name in rows.columns]
        )
    else:
        _show(case, found, start, language, top or SHOWN)


def _record(row: Mapping[Any, Any], amounts: Amounts) -> dict[str, Any]:
    plain = {str(name): jsonable(value) for name, value in row.items()}
    return {**plain, "amount": amounts.text(plain["amount"])}


def _pairs(case: Case, found: Penetration, amounts: Amounts, top: int | None) -> Iterator[tuple[str, object]]:
    total, possible = found.total, found.total_possible
    yield "seed", amounts.text(found.seed)
    yield "currency", found.currency
    yield "rule", found.trace.rule
    yield "controlled_by", found.controller
    yield "controlled", sorted(found.certain)
    yield "possibly_controlled", sorted(found.possible - found.certain)
    yield "total", None if total is None else amounts.text(total)
    yield "total_possible", None if possible is None else amounts.text(possible)
    yield "stopped", None if found.controller is None else amounts.text(found.stopped)
    yield "as_of", found.positions.stakes.said_at
    yield "holdings", found.holdings
    yield "standing", [_record(row, amounts) for row in found.standing.to_dict("records")]
    yield "through", [_record(row, amounts) for row in found.through().to_dict("records")]
    chains = found.chains(top)
    digits = {name: amounts.of(name) for name in case.tables.minor_units}
    yield "chains", [
        {
            "amount": amounts.text(int(row["amount"])), "ground": row["ground"],
            "party_id": jsonable(row["party_id"]), "held_in": row["held_in"],
            "inferred": bool(row["inferred"]),
            "steps": [_step(step, digits, case.tables) for step in row["steps"]],
        }
        for row in chains.to_dict("records")
    ]  # fmt: skip
    left = chains.attrs["left_out"]
    yield "chains_left_out", {"count": left["chains"], "money": amounts.text(left["seed_amount"])}
    yield "notes", [_record(row, amounts) for row in found.notes.to_dict("records")]
    yield "assumptions", amounts.assumed(found.trace.assumptions)
    yield "parameters", amounts.asked(found.trace.parameters)
    yield "case_hash", case.hash
    yield "version", VERSION


def _step(step: Step, digits: Mapping[str, int], tables: Tables) -> dict[str, Any]:
    made: dict[str, Any] = {
        name: jsonable(in_zone(value, tables.timezone)) for name, value in step._asdict().items()
    }
    if step.amount is not None:
        coin = step.currency or tables.currency
        made["amount"] = Amounts(digits, coin).text(step.amount)
    return made


def _show(case: Case, found: Penetration, start: str, language: str, top: int) -> None:
    facts, standing, through, chains, notes = _parts(case, found, start, language, top)
    print_facts(facts)
    print_table(standing)
    if through.rows:
        print_table(through)
    print_table(chains, wraps=3)
    for note in notes:
        out(note)
    for rest in TraceTables(case, found.trace, start, language).rests(top):
        print_table(rest)


def penetration_page(case: Case, found: Penetration, start: str, language: str) -> str:
    """The same as a page, with the picture of transfers, holdings and stakes."""
    facts, standing, through, chains, notes = _parts(case, found, start, language, PAGE_TOP)
    traced = TraceTables(case, found.trace, start, language)
    routes = found.routes()
    ids = {str(each) for way in routes["accounts"] for each in way}
    labels = account_names(case, ids) | party_names(case, ids)
    picture = sankey_svg(
        routes,
        title=translate(N_("Transfers, then holdings, then stakes"), language),
        unit=found.currency,
        digits=found.trace.minor_units,
        language=language,
        labels=labels,
    )
    foot = translate(
        N_("graphflow {version}; case {hash}; rule {rule}."), language,
        version=VERSION, hash=case.hash, rule=found.trace.rule,
    )  # fmt: skip
    if notes:
        standing = replace(standing, note="  ".join([standing.note, *notes]).strip())
    shown: list[Table | Picture | Facts] = [facts, Picture(picture), standing]
    shown += [through] * bool(through.rows)
    shown += [chains, *traced.rests(PAGE_TOP)]
    title = translate(N_("With whom the money of {start} stands"), language, start=shorten(start, 80))
    return html_page(title, shown, language=language, foot=foot)


def _parts(
    case: Case, found: Penetration, start: str, language: str, top: int
) -> tuple[Facts, Table, Table, Table, list[str]]:
    """What was asked and its sum; with whom the money stands, and through whom; chains; what it rests on."""

    def say(text: str, **values: object) -> str:
        return translate(text, language, **values)

    tables = TraceTables(case, found.trace, start, language)
    facts = list(tables.facts().rows)
    names = party_names(case, {*found.certain, *found.possible, *found.standing["party_id"].dropna()})
    parts = percents([found.total or 0, found.seed - (found.total or 0)], found.seed)
    if found.controller is not None:
        group = [_named(each, names) for each in sorted(found.certain)]
        shown = ", ".join(group[:12])
        if group[12:]:
            shown += say(N_(" and {count} more"), count=len(group) - 12)
        facts.append((say(N_("Asked about")), _named(found.controller, names)))
        facts.append((say(N_("Under its control, with itself")), shown))
        money = f"{tables.amounts.shown(found.total or 0)} {found.currency} ({parts[0]} %)"
        facts.append((say(N_("With these stand")), money))
        if found.stopped:
            stopped = f"{tables.amounts.shown(found.stopped)} {found.currency}"
            facts.append((say(N_("Besides, in accounts of these it is not followed further")), stopped))
        if found.total_possible != found.total:
            more = f"{tables.amounts.shown(found.total_possible or 0)} {found.currency}"
            facts.append((say(N_("If votes that are not known are as high as they may be")), more))
    facts.append((say(N_("As of")), found.positions.stakes.said_at))
    notes = []
    for note in found.notes.to_dict("records"):
        money = f"{tables.amounts.shown(note['amount'])} {found.currency}"
        notes.append(
            f"{note['id']}: {say(note['note'])} ({say(N_('money concerned: {money}'), money=money)})"
        )
    standing = _standing(found.standing, found, names, language, top)
    through = _through(case, found, language, top)
    return Facts(facts), standing, through, _chains(case, found, names, language, top), notes


def _named(party: str, names: Mapping[str, str]) -> str:
    name = names.get(party, "")
    return f"{name} ({party})" if name and name != party else party


def _standing(
    frame: pd.DataFrame, found: Penetration, names: Mapping[str, str], language: str, top: int
) -> Table:
    parts = percents(frame["amount"].tolist(), found.seed)
    digits = Amounts(found.positions.case.tables.minor_units, found.currency)
    places = account_names(found.positions.case, set(frame["held_in"]))
    places = {each: f"{name} ({each})" for each, name in places.items() if name and name != each}
    rows = []
    for row, part in list(zip(frame.to_dict("records"), parts, strict=True))[:top]:
        party = jsonable(row["party_id"])
        where = places.get(row["held_in"]) or row["held_in"] if party is None else ""
        rows.append([
            translate(end_name(row["ground"]), language), _named(party, names) if party else "", where,
            digits.shown(row["amount"]), part,
        ])  # fmt: skip
    titles = [N_("ground"), N_("party"), N_("of what"), N_("amount"), N_("share")]
    left = len(frame) - len(rows)
    note = (
        translate(N_("{count} more rows: --format csv shows all"), language, count=f"{left:,}")
        if left
        else ""
    )
    title = translate(N_("With whom the money stands (资金最终归属)"), language)
    heads = [translate(each, language) for each in titles[:-2]]
    heads += [in_unit(titles[-2], found.currency, language), in_unit(titles[-1], "%", language)]
    return Table(title, heads, rows, [3, 4], note)


def _through(case: Case, found: Penetration, language: str, top: int) -> Table:
    frame = found.through()
    names = party_names(case, set(frame["id"]))
    digits = Amounts(case.tables.minor_units, found.currency)
    kinds = {"product": N_("product"), "party": N_("company")}
    rows = [
        [translate(kinds[row["kind"]], language), _named(row["id"], names), digits.shown(row["amount"])]
        for row in frame.head(top).to_dict("records")
    ]
    titles = [N_("kind"), N_("through"), N_("amount")]
    heads = [
        *(translate(each, language) for each in titles[:-1]),
        in_unit(titles[-1], found.currency, language),
    ]
    title = N_("Through which products and companies (经由)")
    if found.controller is not None:
        title = N_("Through which products and companies it stands with these (经由)")
    return Table(translate(title, language), heads, rows, [2])


def _chains(case: Case, found: Penetration, names: Mapping[str, str], language: str, top: int) -> Table:
    chains = found.chains(top)
    amounts = Amounts(case.tables.minor_units, found.currency)
    ids = {
        each for steps in chains["steps"] for step in steps for each in (step.source, step.target, step.id)
    }
    labels = account_names(case, ids) | party_names(case, ids)
    for account, (product, _) in found.accounts_of(
        ids
    ).items():  # which of its products a manager's account is
        if product is not None:
            labels[account] = f"{product} ({labels.get(account) or account})"
    rows = []
    for row in chains.to_dict("records"):
        party = jsonable(row["party_id"])
        with_whom = _named(party, names) if party else row["held_in"]
        way = " → ".join(said_steps(row["steps"], case.tables.timezone, language, labels))
        rows.append(
            [amounts.shown(row["amount"]), translate(end_name(row["ground"]), language), with_whom, way]
        )
    left = chains.attrs["left_out"]
    note = ""
    if left["chains"]:
        text = N_("{count} more chains with {money}: --top shows more")
        money = f"{amounts.shown(left['seed_amount'])} {found.currency}"
        note = translate(text, language, count=f"{left['chains']:,}", money=money)
    titles = [N_("amount"), N_("ground"), N_("stands with"), N_("way")]
    heads = [
        in_unit(titles[0], found.currency, language),
        *(translate(each, language) for each in titles[1:]),
    ]
    title = translate(N_("Chains of transfers, holdings and stakes (穿透链条)"), language)
    return Table(title, heads, rows, [0], note)
