"""What if: an excerpt with something changed gives what the whole case, changed and compiled anew, gives."""

from __future__ import annotations

import copy
import random
from typing import Any

import hypothesis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow.synthesis import toys
from graphflow.tracing.excerpt import settled
from graphflow.tracing.orders import asked_rows
from graphflow.tracing.question import ask as ask_again
from graphflow.tracing.seeds import ends_of_case
from tests.strategies import KNOWN, Asked, Tables, features, ledgers, questions
from tests.test_tracing_properties import EXAMPLES, ask, carried, case_of, divisible, ends

some = settings(max_examples=max(EXAMPLES // 4, 1))
RULES = st.sampled_from(("fifo", "prorata"))
pytestmark = pytest.mark.usefixtures("few_orders")


def traced(tables: Tables, asked: Asked, rule: str) -> Any:
    """The trace, if the question has an answer."""
    case = divisible(tables)
    try:
        return ask(case, asked, rule)
    except gf.GraphflowError:
        hypothesis.reject()


@some
@given(st.data())
def test_an_excerpt_gives_what_the_whole_case_gives(data: st.DataObject) -> None:
    tables = data.draw(ledgers())
    found = traced(tables, data.draw(questions(tables)), data.draw(RULES))
    span = ends_of_case(found._ledger)
    asked = []

    def again(excerpt: Any) -> Any:
        part = ask_again(excerpt.case(), found._question, span)
        asked.append(part)
        return part, excerpt.accounts[part._reached[0]]

    held = [found._ledger.account(x.id) for x in found._question.references if x.kind == "balance"]
    part = settled(found._case, [*held, *found._reached[0]], asked_rows(found._case, found._question), again)
    assert len(asked) == 1  # the accounts that the money is in are enough
    assert part.seed == found.seed
    assert part._end_amounts == found._end_amounts
    assert part._carried_amounts == found._carried_amounts
    assert chains_of(part) == chains_of(found)


def chains_of(trace: Any) -> list[tuple]:
    """All chains; who holds the end's account follows from it, and two accounts of nobody get a holder of their own."""
    return sorted(tuple(chain._replace(party_id=None)) for chain in trace.iter_chains())


@some
@given(st.data())
def test_what_is_supposed_is_what_the_changed_case_gives(data: st.DataObject) -> None:
    tables = data.draw(ledgers(features(orders=KNOWN, dates=False)))
    asked, rule = data.draw(questions(tables)), data.draw(RULES)
    found = traced(tables, asked, rule)
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    changed = copy.deepcopy(tables)
    change: dict[str, Any] = {}
    kind = rng.choice(("leave_out", "same_holder", "reversal_of"))
    rows = tables["transfers"]
    if kind == "leave_out":
        gone = {row["transfer_id"] for row in rng.sample(rows, min(len(rows) - 1, rng.randint(1, 3)))}
        hypothesis.assume(gone)
        change["leave_out"] = sorted(gone)
        changed["transfers"] = [row for row in changed["transfers"] if row["transfer_id"] not in gone]
    elif kind == "same_holder":
        accounts = {row["account_id"]: row for row in changed["accounts"]}
        hypothesis.assume(len(accounts) > 1)
        one, other = rng.sample(sorted(accounts), 2)
        used = {row[side] for row in rows for side in ("source", "target")}
        hypothesis.assume({one, other} <= used)
        holder = accounts[one].get("party_id") or accounts[other].get("party_id") or "somebody"
        for name in (one, other):
            accounts[name]["party_id"] = holder
        if holder == "somebody":
            changed["parties"].append({"party_id": holder, "name": holder, "kind": "person"})
        change["same_holder"] = [(one, other)]
    else:
        reversal = rng.choice([row for row in rows if row.get("reversal_of")] or rows)
        original = rng.choice((None, rng.choice(rows)["transfer_id"]))
        change["reversal_of"] = {reversal["transfer_id"]: original}
        for row in changed["transfers"]:
            if row["transfer_id"] == reversal["transfer_id"]:
                row["reversal_of"] = original
    times = [(row["time"], row.get("target_time") or "") for row in rows]
    kept = [(row["time"], row.get("target_time") or "") for row in changed["transfers"]]
    hypothesis.assume(min(times)[0] == min(kept)[0] and max(map(max, times)) == max(map(max, kept)))
    try:
        wanted = ask(case_of(changed), asked, rule)
    except gf.GraphflowError:
        with pytest.raises(gf.UsageError):
            found.suppose(**change)
        return
    supposed = found.suppose(**change)
    assert supposed.trace.seed == wanted.seed
    assert carried(supposed.trace) == carried(wanted)
    assert ends(supposed.trace) == ends(wanted)
    assert chains_of(supposed.trace) == chains_of(wanted)
    # the difference closes
    of_ends = supposed.ends
    assert (of_ends["after"] - of_ends["before"] == of_ends["difference"]).all()
    assert of_ends["before"].sum() == found.ends["amount"].sum()
    assert of_ends["after"].sum() == wanted.ends["amount"].sum()


def test_all_that_is_wrong_with_a_supposition_is_said_at_once() -> None:
    found = gf.trace(toys.t1(), "transfer:a")
    with pytest.raises(gf.UsageError) as error:
        found.suppose(leave_out=["nowhere"], same_holder=[("M", "nobody")], reversal_of={"x": "gone"})
    assert len(error.value.problems) == 3
    with pytest.raises(gf.UsageError):
        found.suppose()


def test_a_seed_that_is_left_out_is_an_error() -> None:
    with pytest.raises(gf.UsageError, match="moved nothing"):
        gf.trace(toys.t1(), "transfer:a").suppose(leave_out=["a"])


def test_a_reversal_that_is_none_is_an_ordinary_payment() -> None:
    """T10: without its link the money that came back is a new deposit, and the payment before it stands."""
    found = gf.trace(toys.t10(), "transfer:t")
    supposed = found.suppose(reversal_of={"r": None})
    moved = supposed.transfers[["transfer_id", "before", "after"]].values.tolist()
    # fifo: 50 of t went to X and came back behind c's 100, so that y is paid of t's other 50 and of c's
    # (X, which is not covered, keeps it: nothing says of what it paid r)
    assert sorted(moved) == [["x", 0, 5000], ["y", 10000, 5000]]
    assert found._carried_amounts == {"y": 10000}  # the trace itself is as it was


def test_a_balance_that_nothing_is_paid_of_is_a_chain_of_its_own_account() -> None:
    """Under pro rata the chain named another account: pots are numbered anew where chains are laid out."""
    for rule in ("fifo", "prorata"):
        chains = gf.trace(toys.t1(), "balance:M@2030-01-01", rule=rule).chains()
        assert chains[["accounts", "account_id"]].values.tolist() == [[("M",), "M"]]


@pytest.mark.parametrize("rule", ["prorata", "libr"])
def test_what_lies_beyond_a_limit_counts_in_a_part_of_the_case_too(rule: str) -> None:
    """Money that comes back from beyond a limit shares what leaves; the part of the case was too small for that."""
    names, sources, targets = "s b c d e x u", "A M B D C M U", "M B C C M X V"
    rows = {
        "transfer_id": names.split(), "source": sources.split(), "target": targets.split(),
        "time": [f"2024-03-01T09:0{i}:00" for i in range(7)], "amount": ["100", "50", "50", "50", "50", "60", "1"],
    }  # fmt: skip
    case = gf.Case.from_tables(transfers=rows)
    t = gf.trace(case, "transfer:s", rule=rule, max_hops=1)
    same = t.suppose(leave_out=["u"])
    assert same.transfers["difference"].tolist() == [0] * len(t.transfers)
    assert same.ends["difference"].tolist() == [0] * len(t.ends)
    over = gf.trace(case, "transfer:s", rule=rule, max_hops=1, cash_gaps=True)
    pd.testing.assert_frame_equal(over.ends, t.ends)
    pd.testing.assert_frame_equal(over.transfers, t.transfers)


def test_a_part_where_only_some_statements_are_held_is_the_case_that_says_so() -> None:
    """`only`, `paid_to` and `until` of a change, against tables in which the same is written."""
    from graphflow.tracing.excerpt import Change, surroundings

    rows = [
        ("1", "01", "a", "m", "100"), ("2", "02", "b", "m", "50"), ("3", "03", "m", "c", "120"),
        ("4", "04", "c", "m", "20"), ("5", "05", "m", "d", "40"), ("6", "06", "b", "m", "9"),
    ]  # fmt: skip
    columns = ("transfer_id", "time", "source", "target", "amount")
    frame = pd.DataFrame(
        [(n, f"2023-01-{day}", *rest) for n, day, *rest in rows], columns=columns, dtype="str"
    )
    frame["reversal_of"] = ["", "", "", "3", "", ""]
    case = gf.Case.from_tables(transfers=frame)
    change = Change(
        only=frozenset({"m"}),
        paid_to={"3": "label", "5": "label"},
        until=int(pd.Timestamp("2023-01-05", tz="UTC").value // 1000),
    )
    part = surroundings(case).excerpt(
        pd.Series([case.ledger.account("m")]).to_numpy(), pd.Series([], dtype="int64").to_numpy()
    ).case(change=change)  # fmt: skip
    written = frame.iloc[:5].copy()
    written.loc[[2, 4], "target"] = "label"
    written.loc[3, "source"] = "label"
    accounts = pd.DataFrame(
        {"account_id": ["a", "b", "m", "label"], "covered": ["false", "false", "true", "false"]}
    )
    same = gf.Case.from_tables(transfers=written, accounts=accounts.astype("str"))
    for rule in ("fifo", "lifo", "prorata"):
        one, two = (gf.trace(each, "account:label", rule=rule, backward=True) for each in (part, same))
        assert one.seed == two.seed == 14_000  # 120 less 20 taken back, and 40
        assert one._end_amounts == two._end_amounts and one._carried_amounts == two._carried_amounts
        assert dict(zip(*(x.tolist() for x in one.carried), strict=True)) == dict(
            zip(
                one.transfers["transfer_id"].map(one.case.ledger.row),
                one.transfers["seed_amount"],
                strict=True,
            )
        )
