"""RL-18, by hand: what counts as credit and what does not, and licences of the time in which it was done."""

from __future__ import annotations

from fractions import Fraction

import pytest

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.classes import classify
from graphflow.synthesis.lines import rl18
from graphflow.synthesis.small import Frames, case_of, frame_of
from tests.redlines.edits import changed, rows, with_rows


def found(frames: Frames, code: str = "RL-18") -> list[Finding]:
    return list(check(case_of(frames), only=code).findings)


def measures(f: Finding) -> dict[str, Fraction | int]:
    return {m.name: m.value for m in f.measures}


def told(f: Finding, name: str) -> str:
    return next(str(e.note) for e in (*f.elements, *f.counter_evidence) if e.name == name)


def all_of(frames: Frames, prefix: str, **values: str) -> Frames:
    """Other values in the transfers from or to accounts whose names begin so."""
    out = rows(frames["transfers"])
    for row in out:
        if row["source"].startswith(prefix) or row["target"].startswith(prefix):
            row.update(values)
    return {**frames, "transfers": frame_of(out)}


def test_taking_money_to_lend_it_on() -> None:
    (f,) = found(rl18.deposit_toy_tables())
    assert measures(f) == {"lenders": 30, "borrowers": 10, "gained": 3}
    assert next(m for m in f.measures if m.name == "gained").threshold == 3
    two = changed(rl18.deposit_toy_tables(), "transfers", {"target": "saver02"}, amount="10000")
    assert not found(two), "two of thirty are not several"


def test_a_gain_is_what_may_be_interest() -> None:
    base = rl18.deposit_toy_tables()
    for amount, is_one in (("10100", True), ("10099.99", False), ("30000", True), ("30000.01", False)):
        assert bool(found(changed(base, "transfers", {"target": "saver02"}, amount=amount))) == is_one, amount
    early = rows(base["transfers"])
    early.append(  # who was paid before ever paying in works there, or borrows
        {"transfer_id": "first", "time": "2024-05-01T10:00:00", "source": "x", "target": "saver02", "amount": "1"}
    )  # fmt: skip
    assert not found({**base, "transfers": frame_of(early)})


def test_lending_says_what_was_given() -> None:
    (f,) = found(rl18.lending_toy_tables())
    assert measures(f) == {"borrowers": 10, "gain": Fraction(2, 25)}
    assert "500,000.00 CNY was given" in f.summary


@pytest.mark.parametrize("kind", ["purchase", "salary", "fee", "rent", "tax", "commission", "Purchase"])
def test_what_says_that_it_is_no_credit_is_none(kind: str) -> None:
    assert not found(all_of(rl18.lending_toy_tables(), "debtor", kind=kind))
    assert not found(all_of(rl18.deposit_toy_tables(), "saver", kind=kind))


@pytest.mark.parametrize(
    ("memo", "is_one"), [("货款", False), ("3月工资", False), ("还款", True), ("", True)]
)
def test_what_the_memo_says_counts_too(memo: str, is_one: bool) -> None:
    assert bool(found(all_of(rl18.lending_toy_tables(), "debtor", memo=memo))) == is_one


def test_what_is_left_out_is_told() -> None:
    more = [{"transfer_id": "goods", "time": "2024-07-01T10:00:00", "source": "x", "target": "debtor00", "amount": "9",
             "kind": "purchase"}]  # fmt: skip
    (f,) = found(with_rows(rl18.lending_toy_tables(), transfers=more))
    assert (
        told(f, "merchant")
        == "left out: 1 payments said to be for goods, wages and the like, or to employees"
    )


def test_the_shop_and_the_maker_do_no_financial_business() -> None:
    for case, party in ((rl18.shop_near_miss(), "X"), (rl18.rebate_near_miss(), "X")):
        assert party not in set(classify(case).query("six != 'OK'")["party_id"])


def test_wages_to_who_left_since_are_wages_all_the_same() -> None:
    left = rl18.staff_near_miss_tables()
    left["relations"] = left["relations"].assign(since="2020-01-01", until="2024-06-20")
    assert not found(left)
    before = left["relations"].assign(until="2024-01-01")
    assert len(found({**left, "relations": before})) == 1


@pytest.mark.parametrize(
    ("since", "until", "is_one"),
    [
        ("2015-01-01", "2024-06-01", True), ("2015-01-01", "2024-08-01", False), ("2025-01-01", "", True),
        ("2024-08-01", "", True), ("", "", False),
    ],
)  # fmt: skip
def test_a_licence_of_the_time_counts_and_one_of_another_does_not(
    since: str, until: str, is_one: bool
) -> None:
    frames = rl18.lapsed_near_miss_tables()
    frames = changed(frames, "licences", {"party_id": "X"}, since=since, until=until)
    hits = found(frames)
    assert bool(hits) == is_one
    for f in hits:
        assert told(f, "licence") == "its licences for it were not in force then"


def test_a_licence_clears_the_business_of_its_time_alone() -> None:
    """One loan of eleven was made under a licence: ten others were not, and are counted without it."""
    frames = rl18.lapsed_near_miss_tables()
    old = {
        "transfer_id": "old",
        "time": "2023-01-02T10:00:00",
        "source": "x",
        "target": "owner",
        "amount": "50000",
    }
    back = {
        "transfer_id": "back",
        "time": "2023-03-02T10:00:00",
        "source": "owner",
        "target": "x",
        "amount": "51000",
    }
    frames = with_rows(frames, transfers=[old, back])

    def under(since: str, until: str) -> list[Finding]:
        return found(changed(frames, "licences", {"party_id": "X"}, since=since, until=until))

    (f,) = under("2015-01-01", "2023-12-31")
    assert measures(f)["borrowers"] == 10 and f.amount == 500_000_00
    assert not under("2015-01-01", "2024-12-31"), "near miss: all was lent under it"
    (before,) = under("2024-08-01", "")
    assert measures(before)["borrowers"] == 10, "a licence of later clears no loan of before"


def test_money_settled_after_a_licence_lapsed_is_settled_without_one() -> None:
    frames = rl18.near_miss_tables()
    days = sorted({row["time"][:10] for row in rows(frames["transfers"])})
    assert not found(frames)
    late = changed(frames, "licences", {"party_id": "X"}, since="2015-01-01", until=days[0])
    (f,) = found(late)
    assert told(f, "licence") == "its licences for it were not in force then" and f.code == "RL-18"
