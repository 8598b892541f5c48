"""Registers of the lending platform's case: people, accounts, ownership; `credit` has what was sold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.synthesis.cast import BANKS, id_numbers, is_person, party_ids, party_kinds, party_names
from graphflow.synthesis.columns import (
    choose,
    day,
    digits,
    every,
    fixed_text,
    joined,
    letters,
    moment,
    money,
    numbered,
    one,
    picked,
    write_records,
    write_table,
    yes_no,
)
from graphflow.synthesis.credit import credit_registers
from graphflow.synthesis.plan import (
    DAY,
    FIRST,
    PRODUCT_IDS,
    SEALED,
    START,
    TERMS,
    YIELDS,
    Plan,
    find_family,
    seconds,
)

Ints = NDArray[np.int64]
OVERDRAFT_LIMIT = "200000.00"
_REGIONS = ("东浦市", "南岗市", "海曲市", "北塬市", "江口市", "云岭市")
_MISSING = pa.scalar(None, pa.string())


def write_registers(
    plan: Plan, opening: Ints, used: NDArray[np.bool_], row_of_event: Ints, out: Path, form: str
) -> None:
    """Write them all to `out`."""
    ids, names = party_ids(plan.parties), party_names(plan.parties)
    tables = {
        "parties": _parties(plan, ids, names),
        "accounts": _accounts(plan, ids, names, opening, used),
        "coverage": _coverage(plan, opening),
        "sign_ins": _sign_ins(plan),
        "stakes": _stakes(plan, ids),
        "relations": _relations(plan, ids),
        "media": _media(plan),
    }
    for name, columns in (tables | credit_registers(plan, ids, row_of_event)).items():
        write_table(out, name, form, columns)
    _small_registers(plan, ids, out, form)


def major(amount: int) -> str:
    """Minor units as decimal text of major units."""
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def _parties(plan: Plan, ids: pa.Array, names: pa.Array) -> dict[str, pa.Array]:
    parties, total = plan.parties, plan.parties.total
    person, number = is_person(parties), np.arange(total)
    shells, agent = parties.numbers("shell"), plan.agent_of
    contact = number.copy()  # whose telephone, address and device it is: a shell's are its agent's
    contact[shells] = parties.of("agent", agent)
    sectors = ["ordinary", "p2p_platform", "guarantor", "lender", "payment_institution", "bank", "developer"]
    sector = np.where(person, -1, 0)
    for name, word in (("platform", 1), ("guarantor", 2), ("insurer", 2), ("leasing", 3), ("processor", 4)):
        sector[parties.start[name]] = word
    sector[parties.numbers("bank")] = 5
    sector[parties.of("sink", np.array([2, 3]))] = 6
    sector[parties.start["treasury"]] = -1
    scopes = [
        "",
        "网络借贷信息中介服务；金融信息服务；财富管理咨询",
        "融资性担保",
        "融资租赁",
        "互联网支付",
        "一般贸易",
    ]
    scope = np.zeros(total, np.int64)
    for name, word in (("platform", 1), ("guarantor", 2), ("insurer", 2), ("leasing", 3), ("processor", 4)):
        scope[parties.start[name]] = word
    scope[shells] = 5
    capital = np.where(person, -1, 1_000_000_00 + number * 31 % 50 * 1_000_000_00)
    paid = capital.copy()
    for name in ("platform", "holding", "guarantor", "leasing", "processor", "insurer"):
        capital[parties.start[name]] = paid[parties.start[name]] = 100_000_000_00
    capital[shells], paid[shells] = 10_000_000_00, 0
    for name in ("bank", "treasury"):
        capital[parties.numbers(name)] = paid[parties.numbers(name)] = -1
    founded = seconds("2004-01-01") + number * 7_919 % 3_000 * DAY
    first = np.full(len(shells), SEALED)
    of_shell = plan.borrower[plan.loan] - plan.accounts.blocks.start["shell"]
    np.minimum.at(first, of_shell[~plan.honest], plan.opened[~plan.honest])
    new = np.arange(len(shells)) % 10 < 7  # seven of ten were founded for it
    founded[shells] = first - np.where(new, 20 + np.arange(len(shells)) % 60, 400) * DAY
    founded[parties.start["platform"]] = seconds("2014-02-25")
    house = pa.array(contact % 9973).cast(pa.string())
    some_contact = pa.array(parties.of("agent", 0) <= contact)
    return {
        "party_id": ids,
        "name": names,
        "id_type": choose(["居民身份证", "统一社会信用代码"], np.where(person, 0, 1)),
        "id_number": id_numbers(parties),
        "kind": party_kinds(parties),
        "sector": choose(sectors, sector),
        "scope": choose(scopes, np.where(scope > 0, scope, -1)),
        "registered_capital": money(np.maximum(capital, 0), capital >= 0),
        "paid_in_capital": money(np.maximum(paid, 0), paid >= 0),
        "address": joined(choose(_REGIONS, contact % len(_REGIONS)), "样例路", house, "号"),
        "phone": fixed_text(letters("100", total), digits(contact, 8)),
        "device": pc.if_else(some_contact, fixed_text(letters("DV", total), digits(contact, 8)), _MISSING),
        "founded": day(founded, ~person),
        "region_registered": choose(_REGIONS, number % len(_REGIONS)),
        "region_operating": choose(_REGIONS, contact % len(_REGIONS)),
    }


def _accounts(
    plan: Plan, ids: pa.Array, names: pa.Array, opening: Ints, used: NDArray[np.bool_]
) -> dict[str, pa.Array]:
    accounts, blocks = plan.accounts, plan.accounts.blocks
    number = np.flatnonzero(used)
    covered, party = accounts.covered[number], accounts.party[number]
    own = np.isin(number, blocks.numbers("affiliate"))  # theirs is in the table of coverage
    shell = number - blocks.start["shell"]
    is_shell = (shell >= 0) & (shell < blocks.count["shell"])
    signer = plan.parties.of("nominee", np.where(is_shell, shell // 2, 0))
    dollar = np.isin(number, blocks.numbers("dollar"))
    in_bank = number < blocks.start["fee"]
    stated = covered & ~own
    holder = pa.array(np.where(party >= 0, party, 0))
    named = pa.array(party >= 0)
    return {
        "account_id": picked(accounts.ids, number),
        "name": pc.if_else(named, names.take(holder), _MISSING),
        "aliases": picked(accounts.cards, number),
        "party_id": pc.if_else(named, ids.take(holder), _MISSING),
        "signer_id": pc.if_else(pa.array(is_shell), picked(ids, signer), _MISSING),
        "bank": choose(BANKS, np.where(in_bank, accounts.bank[number], -1)),
        "kind": choose(accounts.kinds, accounts.kind[number]),
        "currency": choose(["CNY", "USD"], dollar.astype(np.int64)),
        "overdraft_limit": choose([OVERDRAFT_LIMIT], np.where(number == blocks.start["employer"], 0, -1)),
        "opened": day(np.minimum(seconds("2009-01-01") + number * 7_919 % 1_900 * DAY, START), in_bank),
        "opening_balance": money(opening[number], stated),
        "covered_from": day(np.full(len(number), START), stated),
        "covered_to": day(accounts.covered_to[number], stated),
        "covered": pa.array(covered, mask=own),
    }


def _coverage(plan: Plan, opening: Ints) -> dict[str, pa.Array]:
    """The affiliates' statements came in two deliveries that overlap by a month."""
    number = np.repeat(plan.accounts.blocks.numbers("affiliate"), 2)
    second = np.arange(len(number)) % 2 == 1
    return {
        "account_id": picked(plan.accounts.ids, number),
        "from": day(np.where(second, seconds("2015-01-01"), START)),
        "to": day(np.where(second, seconds("2015-12-31"), seconds("2015-01-31"))),
        "opening_balance": money(opening[number], ~second),
        "source": choose(["第一次调取", "第二次调取"], second.astype(np.int64)),
    }


def _media(plan: Plan) -> dict[str, pa.Array]:
    agents, lenders = plan.parties.count["agent"], plan.parties.count["investor"] // 20
    return {
        "medium_id": pa.concat_arrays(
            [numbered("DVG", np.arange(agents), 6), numbered("DVI", np.arange(lenders), 6)]
        ),
        "kind": choose(["computer", "phone"], np.repeat([0, 1], [agents, lenders])),
        "blocked": yes_no(np.zeros(agents + lenders, bool)),
        "opened": day(np.full(agents + lenders, START)),
    }


def _sign_ins(plan: Plan) -> dict[str, pa.Array]:
    """An agent's computer signs in to its shells' accounts; some lenders' telephones to their own."""
    moved = find_family(plan, "pass_on")
    device = moved["device"].astype(np.int64)
    place = plan.investor - plan.parties.start["investor"]
    own = np.flatnonzero(place < plan.parties.count["investor"] // 20)
    return {
        "medium_id": pa.concat_arrays([numbered("DVG", device, 6), numbered("DVI", place[own], 6)]),
        "account_id": picked(plan.accounts.ids, np.concatenate([moved["source"], plan.account[own]])),
        "time": moment(np.concatenate([moved["time"], plan.time[own]]) - 40),
        "location": choose(
            _REGIONS, np.concatenate([plan.parties.of("agent", device), plan.investor[own]]) % len(_REGIONS)
        ),
    }


def _stakes(plan: Plan, ids: pa.Array) -> dict[str, pa.Array]:
    parties = plan.parties
    at = parties.start
    group: list[tuple[int, int, str, int]] = [
        (at["controller"], at["holding"], "0.9", -1),
        (at["partner"], at["holding"], "0.1", -1),
        (at["holding"], at["platform"], "1", -1),
        (at["holding"], at["guarantor"], "1", -1),
        (at["holding"], at["leasing"], "0.75", -1),
        (at["partner"], at["leasing"], "0.25", -1),
    ]
    for place, number in enumerate(parties.numbers("affiliate").tolist()):
        if place % 2:
            group.append(
                (int(parties.of("nominee", place % parties.count["nominee"])), number, "1", at["controller"])
            )
        else:
            group += [(at["holding"], number, "0.8", -1), (at["partner"], number, "0.2", -1)]
    shells, honest, firms = (parties.numbers(name) for name in ("shell", "honest", "employer"))
    owner = [
        parties.of("nominee", np.arange(len(shells)) // 2),
        parties.of("owner", np.arange(len(honest))),
        parties.of("other", np.arange(len(firms)) % parties.count["other"]),
    ]
    rest = np.concatenate(owner)
    owned = np.concatenate([shells, honest, firms])
    behind = np.where(np.arange(len(owned)) < len(shells), at["controller"], -1)
    owners = np.concatenate([[row[0] for row in group], rest])
    companies = np.concatenate([[row[1] for row in group], owned])
    nominee_for = np.concatenate([[row[3] for row in group], behind])
    known = pa.array(nominee_for >= 0)
    return {
        "owner_id": picked(ids, owners),
        "company_id": picked(ids, companies),
        "share": pa.concat_arrays([pa.array([row[2] for row in group]), every("1", len(owned))]),
        "since": day(np.full(len(owners), seconds("2014-02-25"))),
        "nominee_for": pc.if_else(known, picked(ids, np.maximum(nominee_for, 0)), _MISSING),
    }


def _relations(plan: Plan, ids: pa.Array) -> dict[str, pa.Array]:
    parties = plan.parties
    shells, agents = np.arange(parties.count["shell"]), parties.count["agent"]
    same = shells[shells + agents < len(shells)]  # the next shell of the same agent
    held = parties.numbers("affiliate")[1::2]
    staff, couples = parties.numbers("staff"), np.arange(parties.count["investor"] // 50)
    shell = parties.of("shell", shells)
    listed: Sequence[tuple[Ints, Ints, str, str]] = (
        (parties.of("nominee", shells // 2), shell, "legal_representative", "工商登记"),
        (parties.of("agent", plan.agent_of), parties.of("nominee", shells // 2), "agent", "开户资料"),
        (parties.of("shell", same), parties.of("shell", same + agents), "shared_phone", "开户资料"),
        (parties.of("shell", same), parties.of("shell", same + agents), "shared_device", "登录日志"),
        (np.full(len(held), parties.start["controller"]), held, "controller", "代持协议"),
        (
            np.full(2, parties.start["controller"]),
            parties.of("platform", np.arange(2)),
            "legal_representative",
            "工商登记",
        ),
        (staff, np.full(len(staff), parties.start["platform"]), "employee", "劳动合同"),
        (parties.of("investor", couples * 2), parties.of("investor", couples * 2 + 1), "spouse", "户籍"),
    )
    lengths = [len(one) for one, _, _, _ in listed]
    return {
        "party_id": picked(ids, np.concatenate([one for one, _, _, _ in listed])),
        "other_id": picked(ids, np.concatenate([other for _, other, _, _ in listed])),
        "kind": choose([kind for _, _, kind, _ in listed], np.repeat(np.arange(len(listed)), lengths)),
        "source": choose([source for _, _, _, source in listed], np.repeat(np.arange(len(listed)), lengths)),
    }


def _small_registers(plan: Plan, ids: pa.Array, out: Path, form: str) -> None:
    """Registers of a few rows each."""
    parties, blocks = plan.parties, plan.accounts.blocks
    platform, account = one(ids, parties.start["platform"]), plan.accounts.ids
    products = [
        (
            PRODUCT_IDS[place],
            f"例易贷{name}",
            platform,
            platform,
            one(ids, parties.start["processor"]),
            "public",
            "wealth_management",
            "closed",
            str(np.datetime64(FIRST, "s").astype("datetime64[D]")),
            f"{YIELDS[place] / 10_000:.4f}",
            "本息保障",
            "100.00",
            "1",
            f"{TERMS[place]}天",
        )
        for place, name in enumerate(("月月稳", "季季盈", "半年丰", "年年安"))
    ]
    columns = (
        "product_id name issuer_id manager_id custodian_id offering kind open_type start promised_yield "
        "guarantee unit_minimum risk_level project"
    )
    write_records(out, "products", form, columns.split(), products)
    licences = [
        (one(ids, parties.start["processor"]), "payment", "Z0000000000001", "人民银行", "2011-05-18"),
        (one(ids, parties.start["insurer"]), "guarantee", "R0000000000001", "地方金融办", "2010-03-01"),
    ]
    licences += [
        (one(ids, number), "banking", f"B{place:013d}", "银监会", "2001-01-01")
        for place, number in enumerate(parties.numbers("bank").tolist())
    ]
    write_records(out, "licences", form, "party_id function number regulator since".split(), licences)
    roles = [(one(account, blocks.of("custody", 0)), "reserve", "开户资料"), ("tax", "tax_social", "国库")]
    for name in ("fee", "interest"):
        roles += [(one(account, number), "bank_internal", "银行") for number in blocks.numbers(name).tolist()]
    roles += [(one(ids, number), "utility", "工商登记") for number in parties.numbers("utility").tolist()]
    roles += [
        (one(account, number), "payroll", "开户资料") for number in blocks.numbers("employer")[:200].tolist()
    ]
    write_records(out, "roles", form, "subject_id role source".split(), roles)
    raised = plan.total_raised
    sheet = [
        (platform, "2014-12-31", raised // 10, 100_000_00, raised // 50, -raised // 100),
        (
            one(ids, parties.start["holding"]),
            "2014-12-31",
            raised // 5,
            50_000_00,
            raised // 90,
            -raised // 50,
        ),
        (one(ids, parties.start["guarantor"]), "2014-12-31", 120_000_000_00, 100_000_000_00, 0, 0),
        (
            one(ids, parties.start["insurer"]),
            "2014-12-31",
            900_000_000_00,
            400_000_000_00,
            90_000_000_00,
            9_000_000_00,
        ),
    ]
    texts = [(party, date, *(major(amount) for amount in rest)) for party, date, *rest in sheet]
    write_records(
        out,
        "financials",
        form,
        "party_id period_end total_assets net_assets revenue net_profit".split(),
        texts,
    )
