"""What must hold of the oracle, or of a copy of it that may have a fault: `tests/test_oracle.py` asks all of it.

Modules are handed in, so that the same checks see the faults that `tests/test_oracle_faults.py` plants.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.naive import envelope, oracle, oracle_gaps, oracle_orders
from tests.naive.oracle import Answer, Oracle, Ref, RefusedError, TooLongError
from tests.naive.oracle_books import keep_books
from tests.naive.oracle_rows import Rows, Step, earmark_of
from tests.oracle_vectors import (
    DAY,
    END,
    LIBR_VECTORS,
    LINEAR_VECTORS,
    START,
    T1,
    T7,
    T8,
    book,
    cash_case,
)  # fmt: skip
from tests.strategies import Asked, Tables

LINEAR = ("fifo", "lifo", "exact")
CONSERVING = ("fifo", "lifo", "prorata", "exact", "libr")


def place_ref(place: str, time: str) -> Ref:
    return Ref("balance", place[1:], time) if place[0] == "=" else Ref("transfer", place)


def amount_at(answer: Answer, place: str) -> Any:
    """What an answer says of a place: a transfer, =M what is left in M (backward its opening), !M its lender."""
    if place[0] in "=!":
        word = {"=": "balance", "!": "lender"}[place[0]]
        return answer.ends.get((word, place[1:], "CNY"), [0])[0]
    return answer.transfers.get(place, [0])[0]


def check_linear(name: str, module: Any = oracle) -> None:
    """Asked from every side: of each place whose money it is, of each money where it went."""
    rule, tables, shares = LINEAR_VECTORS[name]
    asked = module.Oracle(tables)
    whose = sorted({label for place in shares.values() for label in place})
    for label in whose:
        answer = asked.trace([place_ref(label, START)], rule)
        for place, of in shares.items():
            assert amount_at(answer, place) == of.get(label, 0), (label, place)
    for place, of in shares.items():
        if place[0] == "!":
            continue
        answer = asked.trace([place_ref(place, END)], rule, backward=True)
        for label in whose:
            assert amount_at(answer, label) == of.get(label, 0), (place, label)
    # with several seeds: whose money is where, and all of it
    together = asked.trace([place_ref(label, START) for label in whose if label[0] != "="], rule)
    by_seed: Counter = Counter()
    for (seed, kind, account, _), value in together.by_seed.items():
        by_seed[seed, {"balance": "=", "lender": "!"}[kind] + account] += value
    for place, of in shares.items():
        for label in whose:
            if place[0] != "r" and label[0] != "=":
                assert by_seed[label, place] == of.get(label, 0)


def check_libr(name: str, module: Any = oracle) -> None:
    tables, trust, shares = LIBR_VECTORS[name]
    answer = module.Oracle(tables).trace([Ref("transfer", seed) for seed in trust], "libr")
    assert {place: sum(of.values()) for place, of in shares.items()} == {
        place: amount_at(answer, place) for place in shares
    }
    assert set(answer.transfers) == {place for place in shares if place[0] == "r"}
    for place, of in shares.items():
        if place[0] != "r":
            word = {"=": "balance", "!": "lender"}[place[0]]
            found = {seed: v for (seed, *end), v in answer.by_seed.items() if end[:2] == [word, place[1:]]}
            assert found == of
        elif len(trust) > 1:
            target = next(row["target"] for row in tables["transfers"] if row["transfer_id"] == place)
            found = {seed: v for (seed, _, account, _), v in answer.by_seed.items() if account == target}
            assert found == of
    with pytest.raises(module.RefusedError):
        module.Oracle(tables).trace([Ref("transfer", trust[0])], "libr", backward=True)


def answered(asked: Oracle, question: Asked, rule: str, **more: Any) -> Answer | None:
    limits = question.settings()
    if rule == "exact":
        limits |= {"max_hops": None, "min_amount": 0}
    try:
        return asked.trace(list(question.refs), rule, **limits, **more)
    except (RefusedError, TooLongError):
        return None


def holds(tables: Tables, question: Asked, rule: str, overdraft: str = "lender") -> bool:
    """Conservation, in all its forms; False where there is no answer."""
    asked = Oracle(tables)
    answer = answered(asked, question, rule, overdraft=overdraft)
    if answer is None:
        return False
    converts = asked.rows.converts
    ended = {end: value for end, (_, value) in answer.ends.items() if value}
    for name, (traced, seed) in answer.transfers.items():
        assert 0 <= traced <= asked.rows.net[name]
        assert 0 <= seed <= answer.seed or rule == "exact" or overdraft == "coordinated"
    if rule != "exact":  # which has no chains, and counts in local units
        assert sum(ended.values()) == answer.seed
        by_end, by_transfer = Counter(), Counter()
        for (path, *end), value in answer.chains.items():
            by_end[tuple(end)] += value
            by_transfer.update({name: value for name in path if name not in answer.seeds})
            steps = [asked.rows.leave_place[name] for name in path]
            assert overdraft == "coordinated" or steps == sorted(steps, reverse=question.backward)
            if question.max_hops is not None:
                assert len([name for name in path if name not in answer.seeds]) <= question.max_hops
        assert by_end == ended
        if not converts and overdraft == "lender":  # else one chain may pass a transfer more than once
            assert by_transfer == {name: seed for name, (_, seed) in answer.transfers.items() if seed}
    if rule != "exact" or not converts:
        rows: dict[object, Any] = defaultdict(int)
        columns: dict[tuple, Any] = defaultdict(int)
        for (seed, *end), value in answer.by_seed.items():
            assert value >= 0
            rows[seed] += value
            columns[tuple(end)] += value
        assert {seed: value for seed, value in rows.items() if isinstance(seed, str)} == answer.seeds
        assert sum(rows.values()) == answer.seed
        if not converts or rule in ("fifo", "lifo"):
            assert columns == ended
    whole_accounts_as_parties(asked, question, rule, overdraft, answer)
    return True


def whole_accounts_as_parties(
    asked: Oracle, question: Asked, rule: str, overdraft: str, answer: Answer
) -> None:
    """In party view the totals are the same; a limit that does not bind changes nothing."""
    if question.max_hops is not None or question.min_amount:
        return
    party = asked.rows.party
    view = answered(asked, question, rule, overdraft=overdraft, by="party")
    assert view is not None
    by_party: dict[tuple, list] = defaultdict(lambda: [0, 0])
    for (kind, account, currency), value in answer.ends.items():
        for n in (0, 1):
            by_party[kind, party(account), currency][n] += value[n]
    assert view.ends == by_party
    assert view.transfers == answer.transfers
    rows = asked.rows.rows
    folded: Counter = Counter()
    for (path, kind, account, currency), value in answer.chains.items():
        kept = tuple(
            name
            for number, name in enumerate(path)
            if (number == 0 and name in answer.seeds)
            or party(rows[name]["source"]) != party(rows[name]["target"])
        )
        folded[kept, kind, party(account), currency] += value
    assert view.chains == folded
    if rule != "exact" and overdraft == "lender":
        limits = question.settings() | {"max_hops": 10**6, "min_amount": 1}
        again = asked.trace(list(question.refs), rule, **limits)
        assert again.chains == answer.chains or asked.rows.converts


def transposed(tables: Tables, rule: str, module: Any = oracle, gaps: bool = False) -> None:
    """What reaches transfer o from transfer i is the same asked either way."""
    asked = module.Oracle(tables)
    asked = asked.over_gaps() if gaps else asked
    names = [name for name, net in asked.rows.net.items() if net]
    found: dict[tuple[str, str], Any] = {}
    for name in names:
        answer = asked.trace([Ref("transfer", name)], rule, paths=False)
        found |= {(name, other): value for other, (value, _) in answer.transfers.items() if value}
    for name in names:
        answer = asked.trace([Ref("transfer", name)], rule, backward=True, paths=False)
        for other, (value, _) in answer.transfers.items():
            if value:
                assert found.pop((other, name), 0) == value, (other, name)
    assert not found


def unit_by_unit(rows: Rows, rule: str, coordinated: bool = False) -> tuple[dict, dict]:
    """What every unit of every transfer is next, and what it was before: a heap of coins for every compartment.

    A unit is (transfer, number). It becomes the unit of a later payment, or ("rest", account): it stands there or has
    stopped, or ("lender", account). Only where nothing is converted.
    """
    coins: dict[tuple, list] = defaultdict(list)
    debts: dict[tuple, list] = {}
    books: dict[tuple, Iterator[Any]] = {}
    after: dict[tuple, Any] = {}
    before: dict[tuple, Any] = {}
    moving: dict[str, list] = {}  # in transit

    def stops(step: Step, account: str, key: tuple | None) -> bool:
        """It goes no further in either direction: nothing is paid there of what could be traced."""
        if key is not None and key[0].startswith("gap:"):
            return False
        kind = rows.kind(account)
        return kind in ("cash", "internal", "tax") or (kind == "clearing" and not earmark_of(step.row))

    def line_of(key: tuple) -> Any:
        if key not in books:
            history = rows.history(key)
            books[key] = iter(keep_books(history).lines)
            coins[key, None] = [("rest", history.account)] * max(history.opening, 0)
            debts[key] = [None] * max(-history.opening, 0)
        return next(books[key])

    for step in rows.steps:
        name, amount = step.row["transfer_id"], rows.net[step.row["transfer_id"]]
        if not amount:
            continue
        key, units = rows.key_out(step), []
        if not step.leaves:
            units = moving.pop(name)
            line_of(key)
        elif key is not None:
            line = line_of(key)
            for compartment, part, _ in line.parts:
                heap = coins[key, compartment]
                units += [heap.pop(-1 if rule == "lifo" else 0) for _ in range(part)]
            debts[key] += [(name, len(units) + n) for n in range(line.lender)]
            units += [("lender", step.source)] * line.lender
        else:
            units = [("rest", step.source)] * amount
        if stops(step, step.source, key):
            units = [("rest", step.source)] * amount
        if step.leaves:
            for number, unit in enumerate(units):
                before[name, number] = unit
                if unit[0] not in ("rest", "lender"):
                    after[unit] = (name, number)
            units = [(name, number) for number in range(amount)]
        if not step.arrives:
            moving[name] = units
            line_of(rows.key_in(step))
            for unit in units:
                after[unit] = ("rest", step.target)
            continue
        for unit in units:
            after[unit] = ("rest", step.target)
        key = rows.key_in(step)
        if key is None:
            continue
        line = line_of(key)
        stays = amount - line.lender
        if stops(step, step.target, key):
            units = [("rest", step.target)] * amount
        repaid = units[stays:] if rule == "lifo" else units[: line.lender]
        for unit in repaid:
            debt = debts[key].pop(0)
            if unit[0] != "rest":
                after[unit] = ("lender", step.target)
            if coordinated and debt is not None:
                before[debt] = unit
                if unit[0] != "rest":
                    after[unit] = debt
        for compartment, _, _ in line.parts:
            coins[key, compartment] += units[:stays] if rule == "lifo" else units[line.lender :]
    return after, before


def agree_unit_by_unit(
    tables: Tables, rule: str, coordinated: bool = False, module: Any = oracle, gaps: bool = False
) -> None:
    """Every transfer, forward and backward: its chains are those that its units make."""
    asked = module.Oracle(tables)
    asked = asked.over_gaps() if gaps else asked
    rows = asked.rows
    after, before = unit_by_unit(rows, rule, coordinated)
    for backward, onward in ((False, after), (True, before)):
        for name, net in rows.net.items():
            if not net:
                continue
            expected: Counter = Counter()
            for number in range(net):
                unit, path = onward[name, number], [name]
                while unit[0] not in ("rest", "lender", name):
                    path.append(unit[0])
                    unit = onward[unit]
                end = unit
                if unit[0] == name:
                    end = ("recirculated", rows.rows[name]["target" if backward else "source"])
                expected[tuple(path), *end] += 1
            more = {"overdraft": "coordinated"} if coordinated else {}
            answer = asked.trace([module.Ref("transfer", name)], rule, backward, **more)
            found: Counter = Counter()
            for (path, word, account, _), value in answer.chains.items():
                found[path, word if word in ("lender", "recirculated") else "rest", account] += value
            assert found == expected, (rule, backward, name)


# ---------------------------------------------------------------------- gaps, orders, the envelope
def check_paired(case: tuple, module: Any = oracle_gaps) -> None:
    """Which deposit is which withdrawal's."""
    rows, relations, joined = case
    hours = {"24": "2024-05-02T00:00:00"}
    timed = [(hours.get(hour, f"{DAY}{hour}:00:00"), *row) for hour, *row in rows]
    assert module.gaps_of(Oracle(cash_case(timed, relations)).rows) == joined


def every_order(rows: Rows) -> Iterator[list[int]]:
    """All orders of the steps that what is known of the groups allows, one by one."""
    choices = []
    for group in rows.groups:
        places = sorted(group)
        allowed = [
            order
            for order in itertools.permutations(places)
            if all(b not in group[a] for b, a in itertools.combinations(order, 2))
        ]
        choices.append((places, allowed))
    for chosen in itertools.product(*(allowed for _, allowed in choices)):
        order = list(range(len(rows.steps)))
        for (places, _), places_now in zip(choices, chosen, strict=True):
            for at, place in zip(places, places_now, strict=True):
                order[at] = place
        yield order


def check_t6(module: Any = oracle_orders) -> None:
    """One second, and nobody knows which came first."""
    tables = book([("t", "M", 100), ("c", "M", 100), ("M", "X", 100)], {"M": 0})
    for row in tables["transfers"]:
        row["time"] = "2024-05-01T10:00:00"
    # by statement of M the payment is the last
    tables["transfers"][2]["source_sequence"] = 3
    tables["transfers"][0]["target_sequence"] = tables["transfers"][1]["target_sequence"] = 2
    for rule in ("fifo", "lifo"):
        found = module.intervals(Oracle(tables), [Ref("transfer", "r0")], rule=rule)
        assert found.transfers == {"r2": (0, 100)}
        assert found.ends == {("balance", "M", "CNY"): (0, 100), ("balance", "X", "CNY"): (0, 100)}
        assert found.orders == 2
    found = module.intervals(Oracle(tables), [Ref("transfer", "r0")], rule="prorata")
    assert found.transfers == {"r2": (50, 50)}
    assert module.intervals(Oracle(tables), [Ref("transfer", "r0")], most=1) is None
    # every order has its own least opening: paid first, M had 100 before
    for row in tables["transfers"]:
        row["target_sequence"] = row["source_sequence"] = None
    tables["accounts"] = []
    found = module.intervals(Oracle(tables), [Ref("transfer", "r0")])
    assert (found.transfers, found.orders) == ({"r2": (0, 100)}, 6)


def check_bounds(module: Any = envelope) -> None:
    """The envelope of T1 and of T8, and some that follow from the amounts alone."""
    x, y, left = ("balance", "X", "CNY"), ("balance", "Y", "CNY"), ("balance", "M", "CNY")
    network = module.Network(Oracle(T1), [Ref("transfer", "r0"), Ref("transfer", "r3")])
    assert network.seed == 400
    assert network.bounds([x]) == (0, 250)
    assert network.bounds([y]) == (0, 300)
    assert network.bounds([x, y]) == (250, 400)
    assert network.bounds([left]) == (0, 150)
    # the opening is not known: it may be so large that nothing of t was ever paid out
    network = module.Network(Oracle(T8), [Ref("transfer", "r0")])
    assert [network.bounds([end]) for end in (x, y, left)] == [(0, 50), (0, 40), (0, 50)]
    stated = {"transfers": T8["transfers"], "accounts": [{"account_id": "M", "opening_balance": 80}]}
    assert module.Network(Oracle(stated), [Ref("transfer", "r0")]).bounds([x]) == (40, 50)
    network = module.Network(Oracle(T8), [Ref("transfer", "r1")], backward=True)
    assert network.bounds([("balance", "t", "CNY")]) == (0, 50)
    assert network.bounds([left]) == (70, 120)
    network = module.Network(Oracle(T7), [Ref("transfer", "r1")])
    assert network.bounds([("lender", "M", "CNY")]) == (60, 60)
    # a period that closes, or opens, amid the rows: what comes later makes no room, and what came before is a balance
    network = module.Network(Oracle(T1), [Ref("transfer", "r0")], until="2024-05-01T10:02:30")
    assert network.bounds([left]) == (50, 300)
    network = module.Network(Oracle(T1), [Ref("transfer", "r4")], True, since="2024-05-01T10:01:30")
    assert network.bounds([left]) == (200, 300)
    # a balance seed cuts what stands: what came from A ends there, and half of what stands goes on
    seeds = [Ref("transfer", "r0"), Ref("balance", "M", "2024-05-01T10:01:00", 300)]
    network = module.Network(Oracle(T1), seeds)
    assert network.bounds([("recirculated", "M", "CNY")]) == (300, 300)
    assert network.bounds([x]) == (0, 250)
    # a seed that is paid out of what was traced before: that ends at the account that it left
    network = module.Network(Oracle(T1), [Ref("transfer", "r0"), Ref("transfer", "r2", None, 10)])
    assert network.bounds([("recirculated", "M", "CNY")]) == (0, 250)
    assert network.bounds([x]) == (10, 10)


def flows(tables: Tables, question: Asked, module: Any = envelope) -> bool:
    """Every conserving rule is a flow of the network, and within its bounds; False where there is no answer."""
    asked = Oracle(tables)
    where = question.settings()
    del where["max_hops"], where["min_amount"]
    if answered(asked, replace(question, max_hops=None, min_amount=0), "fifo") is None:
        return False
    network = module.Network(asked, list(question.refs), **where)
    bounds: dict[tuple, tuple[int, int]] = {}
    for rule in CONSERVING:
        answer = answered(asked, question, rule)
        if answer is None or (rule == "exact" and asked.rows.converts):
            continue
        assert network.seed == answer.seed
        assert network.feasible(answer), rule
        for end, amount in network.said(answer)[1].items():
            if end not in bounds:
                bounds[end] = network.bounds([end])
            least, greatest = bounds[end]
            assert least <= amount <= greatest, (rule, end)
    return True
