"""The invariants of tracing on random ledgers, and the front door against the oracle.

`GRAPHFLOW_EXAMPLES` sets how many ledgers are tried (200 by default); `GRAPHFLOW_EXAMPLES=20000` is a long run.
"""

from __future__ import annotations

import copy
import itertools
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from tests.naive.oracle import Answer, Oracle, RefusedError, TooLongError
from tests.strategies import KNOWN, Asked, Tables, features, frames, ledgers, major, questions, reference

EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "200"))
RULES = ("fifo", "lifo", "prorata", "libr")
EVERY = (*RULES, "poison")
SHARES = ("prorata", "libr")  # these say how much goes, not which: a layout in chains is one of many
many = settings(max_examples=EXAMPLES)
pytestmark = pytest.mark.usefixtures("few_orders")


# ---------------------------------------------------------------------- asking
def case_of(tables: Tables) -> gf.Case:
    return gf.Case.from_tables(currency="CNY", timezone="Asia/Shanghai", **frames(tables))


def as_can_be(asked: Asked, rule: str) -> Asked:
    """The question, as the rule can be asked it; what it refuses has tests of its own."""
    if rule == "libr":
        return replace(asked, backward=False)
    return replace(asked, min_amount=0) if rule == "poison" else asked


def ask(case: gf.Case, asked: Asked, rule: str, **how: Any) -> Any:
    asked = as_can_be(asked, rule)
    limits: dict[str, Any] = {}
    if asked.max_hops is not None:
        limits["max_hops"] = asked.max_hops
    if asked.min_amount:
        limits["min_amount"] = major(asked.min_amount)
    return gf.trace(
        case,
        reference(asked.refs),
        rule=rule,
        backward=asked.backward,
        currency=asked.currency,
        since=asked.since,
        until=asked.until,
        **limits,
        **how,
    )


def carried(trace: Any) -> dict[str, tuple[int, int]]:
    """What each transfer carries beyond the seed: its own currency, the seed's (nothing where a rule attributes none)."""
    frame = trace.transfers
    columns = (frame["transfer_id"], frame["traced"].tolist(), frame["seed_amount"].fillna(0).tolist())
    rows = list(zip(*columns, strict=True))
    assert len({name for name, _, _ in rows}) == len(rows)
    # what carries something in another order of rows only is listed with nothing
    return {name: (traced, seed) for name, traced, seed in rows if traced or seed}


def ends(trace: Any) -> dict[tuple[str, str, str], tuple[int, int]]:
    """What stands at each end, by kind, account (by party: the party, of an account that has one) and currency."""
    frame = trace.ends
    holder = frame["account_id"].where(frame["account_id"].notna(), frame["party_id"])
    columns = (frame["kind"], holder, frame["currency"], frame["amount"], frame["seed_amount"].fillna(0))
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    assert len({row[:3] for row in rows}) == len(rows)
    return {row[:3]: row[3:] for row in rows if any(row[3:])}


def chains(trace: Any) -> dict[tuple, int]:
    """Chains by transfers and end: the amount in the seed's currency; each chain once."""
    frame = trace.chains()
    holder = frame["account_id"].where(frame["account_id"].notna(), frame["party_id"])
    columns = (frame["transfers"], frame["kind"], holder, frame["currency"], frame["amount"])
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    assert len({row[:4] for row in rows}) == len(rows)
    return {row[:4]: row[4] for row in rows if row[4]}


def answered(case: gf.Case, oracle: Oracle, asked: Asked, rule: str, **how: Any) -> tuple[Answer, Any] | None:
    """The oracle's answer and the product's; both refuse (None), or neither."""
    asked = as_can_be(asked, rule)
    try:
        expected = oracle.trace(list(asked.refs), rule, **asked.settings(), **how)
    except RefusedError:
        with pytest.raises(gf.GraphflowError):
            ask(case, asked, rule, **how)
        return None
    except TooLongError:  # coordinated overdrafts may hand the same money round, a unit at a time
        return None
    return expected, ask(case, asked, rule, **how)


def both(tables: Tables) -> tuple[gf.Case, Oracle]:
    """The case and its oracle; which of two rows that contradict one another comes first is nowhere defined."""
    case, oracle = divisible(tables), Oracle(tables)
    hypothesis.assume("contradictory order" not in oracle.rows.breaks)
    return case, oracle


def divisible(tables: Tables) -> gf.Case:
    """The case, compiled; what cannot be divided exactly in 64 bits is refused by name, and put aside."""
    try:
        case = case_of(tables)
        assert case.ledger.size
    except gf.InputError as error:
        if "2**52" not in str(error) or not beyond(tables):
            raise
        hypothesis.reject()
    return case


def beyond(tables: Tables) -> bool:
    """Whether some money is so much that balances of 2**52 can come of it."""
    return max(max(row["amount"], row.get("target_amount") or 0) for row in tables["transfers"]) > 2**50


def converts(tables: Tables) -> bool:
    return any(row.get("target_currency") for row in tables["transfers"])


# ---------------------------------------------------------------------- the oracle
@many
@given(st.data())
def test_the_front_door_agrees_with_the_oracle(data: st.DataObject) -> None:
    """Every rule, of one ledger and one question; and invariants 1 to 3 of what it says."""
    tables = data.draw(ledgers())
    asked = data.draw(questions(tables))
    case, oracle = both(tables)
    for rule in EVERY:
        found = answered(case, oracle, asked, rule)
        if found is not None:
            compare(tables, asked, rule, *found)
            if rule != "poison":
                closing(tables, oracle, *found)


OPTIONS: dict[str, tuple[tuple[str, ...], dict[str, Any], dict[str, Any]]] = {
    "party": (EVERY, {"by": "party"}, {}),
    "coordinated": (("fifo",), {"overdraft": "coordinated"}, {"overdrafts": True, "large": False}),
    "cash": (EVERY, {"cash_gaps": True}, {"cash": True}),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_the_options_agree_with_the_oracle(option: str) -> None:
    rules, how, wants = OPTIONS[option]

    @settings(max_examples=max(EXAMPLES // 4, 1))
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        tables = data.draw(ledgers(features(**wants)))
        asked = data.draw(questions(tables))
        case, oracle = both(tables)
        for rule in rules:
            found = answered(case, oracle, asked, rule, **how)
            if found is not None:
                compare(tables, asked, rule, *found)

    agree()


def compare(tables: Tables, asked: Asked, rule: str, expected: Answer, trace: Any) -> None:
    assert (trace.seed, trace.currency) == (expected.seed, expected.currency), rule
    # Under pro rata a layout in chains is one of many: with several seeds or limits it need not be the oracle's, and what
    # is converted carries its worth in the seed's currency by proportion.
    loose = rule in SHARES and (asked.max_hops is not None or asked.min_amount)
    only_local = rule == "poison" or (rule in SHARES and converts(tables))
    if not loose:
        mine = {name: tuple(amounts) for name, amounts in expected.transfers.items() if amounts[0]}
        theirs = {name: amounts for name, amounts in carried(trace).items() if amounts[0]}
        held = {named(key): tuple(amounts) for key, amounts in expected.ends.items()}
        found = ends(trace)
        if only_local:
            mine, theirs, held, found = (
                {key: amounts[0] for key, amounts in each.items() if amounts[0]}
                for each in (mine, theirs, held, found)
            )
        assert theirs == mine, rule
        assert found == held, rule
    if rule in ("fifo", "lifo"):
        wanted = {(path, *named(end)): amount for (path, *end), amount in expected.chains.items()}
        assert chains(trace) == wanted, rule
        assert ways_to(trace) == naive_ways_to(trace), rule
        assert first_met(trace) == naive_first_met(trace), rule
    elif rule != "poison":
        assert sum(chain.amount for chain in trace.iter_chains()) == trace.seed, rule


def some_rows(trace: Any) -> Any:
    """Every third transfer of the trace's ledger."""
    return np.arange(trace._ledger.size) % 3 == 1


def ways_to(trace: Any) -> list[tuple[int, tuple[str, ...]]]:
    ids = trace._ledger.transfer_ids
    found = trace.ways_to(some_rows(trace), 5, 10**6)
    return sorted((-amount, tuple(ids[int(row)].as_py() for row in way)) for amount, way in found)


def naive_ways_to(trace: Any) -> list[tuple[int, tuple[str, ...]]]:
    ids = trace._ledger.transfer_ids.to_pylist()
    place = {name: row for row, name in enumerate(ids)}
    wanted = {ids[row] for row in np.flatnonzero(some_rows(trace))}
    sums: dict[tuple[str, ...], int] = {}
    for chain in trace.iter_chains():
        met = [number for number, name in enumerate(chain.transfers) if name in wanted]
        if met:
            way = tuple(chain.transfers[: met[0] + 1])
            sums[way] = sums.get(way, 0) + int(chain.amount)
    ways = sorted(sums, key=lambda way: (-sums[way], [place[name] for name in way]))
    return sorted((-sums[way], way) for way in ways[:5])


def first_met(trace: Any) -> list[tuple[str, str, int]]:
    ids = trace._ledger.transfer_ids.to_pylist()
    wanted = [ids[row] for row in np.flatnonzero(some_rows(trace))]
    sums: dict[tuple[str, str], int] = {}
    for place, kind, amount in zip(*trace.first_met(wanted), strict=True):
        key = wanted[place] if place >= 0 else "", str(kind)
        sums[key] = sums.get(key, 0) + int(amount)
    return sorted((*key, amount) for key, amount in sums.items())


def naive_first_met(trace: Any) -> list[tuple[str, str, int]]:
    ids = trace._ledger.transfer_ids.to_pylist()
    wanted = {ids[row] for row in np.flatnonzero(some_rows(trace))}
    sums: dict[tuple[str, str], int] = {}
    for chain in trace.iter_chains():
        behind = chain.transfers[len(chain.transfers) - chain.hops :]
        key = next((each for each in behind if each in wanted), ""), chain.kind
        sums[key] = sums.get(key, 0) + int(chain.amount)
    return sorted((*key, amount) for key, amount in sums.items())


def named(end: Iterable[str]) -> tuple[str, str, str]:
    """An end of the oracle's as the product names it: by party an account that has none stands for itself."""
    kind, holder, currency = end
    return kind, holder.removeprefix("account "), currency


# ---------------------------------------------------------------------- invariants 1 to 3
def closing(tables: Tables, asked: Oracle, expected: Answer, trace: Any) -> None:
    oracle = asked.rows
    found, moved, laid = ends(trace), carried(trace), trace.chains()
    # 1. the ends add up to the seed
    assert sum(seed for _, seed in found.values()) == trace.seed == expected.seed
    assert all(amount >= 0 and seed >= 0 for amount, seed in found.values())
    # 2. no transfer carries more than its amount (net of what was undone)
    for name, (traced, seed) in moved.items():
        assert 0 <= traced <= oracle.net[name]
        assert seed >= 0
    # chains add up to the ends, and to the transfers
    by_end: Counter = Counter()
    by_transfer: Counter = Counter()
    places = oracle.leave_place
    for chain in laid.to_dict("records"):
        by_end[chain["kind"], chain["account_id"], chain["currency"]] += chain["amount"]
        path = list(chain["transfers"])
        beyond = path[1:] if path and path[0] in expected.seeds else path
        assert chain["hops"] == len(beyond)
        for name in beyond:
            by_transfer[name] += chain["amount"]
        # 3. money never leaves before it came
        order = [places[name] for name in path]
        assert order == sorted(order, reverse=trace.backward)
        connected(tables, path, trace.backward)
    assert +by_end == {key: seed for key, (_, seed) in found.items() if seed}
    if not converts(tables):
        assert +by_transfer == {name: seed for name, (_, seed) in moved.items() if seed}
        assert all(traced == seed for traced, seed in moved.values())


def connected(tables: Tables, path: list[str], backward: bool) -> None:
    rows = {row["transfer_id"]: row for row in tables["transfers"]}
    for first, then in itertools.pairwise(path):
        earlier, later = (then, first) if backward else (first, then)
        assert rows[earlier]["target"] == rows[later]["source"]


# ---------------------------------------------------------------------- 4. transposition
@many
@given(st.data())
def test_forward_and_backward_are_one_question(data: st.DataObject) -> None:
    tables = data.draw(ledgers(features(converts=False)))
    case = divisible(tables)
    names = sorted(name for name, net in Oracle(tables).rows.net.items() if net)
    hypothesis.assume(len(names) > 1)
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    some = rng.sample(names, min(6, len(names)))
    for rule in ("fifo", "lifo"):
        forward = {name: carried(gf.trace(case, f"transfer:{name}", rule=rule)) for name in some}
        reached = sorted({other for row in forward.values() for other in row})
        others = rng.sample(reached, min(6, len(reached))) + rng.sample(names, 1)
        for other in others:
            backward = carried(gf.trace(case, f"transfer:{other}", rule=rule, backward=True))
            for name in some:
                assert backward.get(name) == forward[name].get(other), rule


def test_forward_and_backward_agree_under_prorata_within_the_rounding() -> None:
    """The oracle in fractions is its own transpose; the product in integers lies within its roundings of it."""

    @many
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        tables = data.draw(ledgers(features(converts=False, most=12, large=False)))
        case, oracle = case_of(tables), Oracle(tables)
        names = [name for name, net in oracle.rows.net.items() if net]
        exact: dict[tuple[str, str], Any] = defaultdict(int)
        for name in names:
            for other, amounts in oracle.trace(refs_of(name), "exact").transfers.items():
                exact[name, other] += amounts[0]
        for name in names:
            for other, amounts in oracle.trace(refs_of(name), "exact", backward=True).transfers.items():
                assert exact[other, name] == amounts[0]
                exact.pop((other, name))
            # every payment that carries it rounds once, and what it rounds off goes on in later ones
            bound = 1 + len(tables["transfers"])
            for back in (False, True):
                found = carried(gf.trace(case, f"transfer:{name}", rule="prorata", backward=back))
                wanted = oracle.trace(refs_of(name), "exact", backward=back).transfers
                for other in set(found) | set(wanted):
                    difference = found.get(other, (0, 0))[0] - wanted.get(other, (0, 0))[0]
                    assert abs(difference) <= bound
        assert not any(exact.values())

    agree()


def refs_of(name: str) -> list:
    from tests.naive.oracle import Ref

    return [Ref("transfer", name)]


# ---------------------------------------------------------------------- 6. what changes nothing
@many
@given(st.data())
def test_renaming_and_shuffling_change_nothing_where_the_order_is_known(data: st.DataObject) -> None:
    tables = data.draw(ledgers(features(orders=KNOWN, dates=False)))
    asked = data.draw(questions(tables))
    # Of rows of several accounts at one time no order is known: which of them a part begins with, their names decide.
    refs = [
        ref if ref.kind in ("transfer", "account", "balance") else replace(ref, amount=None)
        for ref in asked.refs
    ]
    asked = replace(asked, refs=tuple(refs))
    case, oracle = both(tables)
    renamed, back = rename(tables, random.Random(data.draw(st.integers(0, 2**32))))
    question, again = renamed_question(asked, back), case_of(renamed)
    accounts = {new: old for (kind, old), new in back.items() if kind == "account"}
    transfers = {new: old for (kind, old), new in back.items() if kind == "transfer"}

    def place(account: str) -> str:
        head, _, tail = account.partition(":")
        return f"{head}:{transfers[tail]}" if head == "transit" else accounts.get(account, account)

    for rule in EVERY:
        found = answered(case, oracle, asked, rule)
        if found is not None:
            other, trace = ask(again, question, rule), found[1]
            assert {transfers[name]: amounts for name, amounts in carried(other).items()} == carried(trace)
            assert {(kind, place(a), c): v for (kind, a, c), v in ends(other).items()} == ends(trace)


def rename(tables: Tables, rng: random.Random) -> tuple[Tables, dict[tuple[str, str], str]]:
    """The same case with other names for transfers and accounts, its rows in another order."""
    new = copy.deepcopy(tables)
    names = sorted({row["transfer_id"] for row in new["transfers"]})
    accounts = sorted(
        {row[side] for row in new["transfers"] for side in ("source", "target")}
        | {row["account_id"] for name in ("accounts", "coverage") for row in new.get(name, [])}
    )
    back = {("transfer", name): f"n{i}" for i, name in enumerate(rng.sample(names, len(names)))}
    for i, name in enumerate(rng.sample(accounts, len(accounts))):
        back["account", name] = f"?:{i}" if name.startswith("?:") else f"b{i}"
    for row in new["transfers"]:
        for column in ("transfer_id", "reversal_of", "fee_of"):
            if row.get(column):
                row[column] = back["transfer", row[column]]
        for column in ("source", "target"):
            row[column] = back["account", row[column]]
    for table in ("accounts", "coverage"):
        for row in new.get(table, []):
            row["account_id"] = back["account", row["account_id"]]
    for row in new.get("subscriptions", []):
        for column in ("transfer_id", "redemption_transfer_id"):
            if row.get(column):
                row[column] = back["transfer", row[column]]
    for rows in new.values():
        rng.shuffle(rows)
    return new, back


def renamed_question(asked: Asked, back: dict[tuple[str, str], str]) -> Asked:
    refs = []
    for ref in asked.refs:
        kind = {"balance": "account"}.get(ref.kind, ref.kind)
        refs.append(replace(ref, name=back.get((kind, ref.name), ref.name)))
    return replace(asked, refs=tuple(refs))


@many
@given(st.data())
def test_what_is_not_connected_changes_nothing(data: st.DataObject) -> None:
    """Two ledgers in one case: each question gets the answer that it gets in its own, period and coverage the same."""
    wants = features(orders=("sides", "times"), dates=False, coverage="none", parties=False)
    first, second = data.draw(ledgers(wants)), data.draw(ledgers(wants))
    asked = data.draw(questions(first, periods=False))
    case, oracle = both(first)
    apart, _ = rename(second, random.Random(1))
    joined = divisible({name: first.get(name, []) + apart.get(name, []) for name in {*first, *apart}})
    for rule in EVERY:
        found = answered(case, oracle, asked, rule)
        if found is not None:
            other, trace = ask(joined, asked, rule), found[1]
            assert (carried(other), ends(other)) == (carried(trace), ends(trace))
