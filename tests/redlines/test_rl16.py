"""RL-16, private products packaged for the public: the vector through the door, each guard, random books."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.case import Case
from graphflow.findings import Finding
from graphflow.redlines import check, rl16_packaging
from graphflow.synthesis.lines import rl16
from graphflow.synthesis.small import case_of, frame_of


def found(frames: Mapping[str, Any], **asked: Any) -> list[Finding]:
    return list(check(case_of(dict(frames)), only="RL-16", **asked).findings)


def figures(f: Finding) -> dict[str, Any]:
    return {m.name: m.value for m in f.measures}


def outcomes(f: Finding) -> dict[str, str]:
    return {each.name: each.state for each in f.counter_evidence}


def states(f: Finding) -> dict[str, str]:
    return {each.name: each.state for each in f.elements}


def hits(f: Finding) -> set[str]:
    return {t.name for t in f.tests if t.hit}


def rows_of(frame: Any) -> list[dict[str, str]]:
    return [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]


def changed(
    frames: dict[str, Any], table: str, change: Callable[[dict[str, str]], dict[str, str] | None]
) -> None:
    rows = [change(row) for row in rows_of(frames[table])]
    frames[table] = frame_of([row for row in rows if row is not None])


def small(**product: str) -> dict[str, Any]:
    """Twelve put in 50,000 each; 550,000 of it goes into the private fund."""
    return rl16._product([50_000] * 12, 550_000, **product)


def test_the_vector() -> None:
    (f,) = found(rl16.toy_tables())
    assert (f.subject_id, f.measure, f.value, f.threshold) == ("V", "back", Fraction(23, 25), Fraction(4, 5))
    assert figures(f) == {
        "back": Fraction(23, 25), "register": Fraction(23, 25), "unit": 1000000, "persons": 320,
        "raised": 5_000_000_000, "private": 1,
    }  # fmt: skip
    assert {m.name: m.threshold for m in f.measures}["unit"] == 100_000_000
    assert {m.name: m.met for m in f.measures}["persons"]
    assert f.by_rule == dict.fromkeys(("fifo", "lifo", "prorata", "libr"), Fraction(23, 25)) and f.robust
    assert (f.amount, f.amount_least, f.severity) == (4_600_000_000, 4_600_000_000, "high")
    assert f.kinds == {"register": "shown", "flow": "shown"} and hits(f) == {"registers", "flows"}
    assert f.chains


def test_the_registers_alone() -> None:
    (f,) = found(rl16.register_toy_tables())
    assert f.value == Fraction(11, 12) and hits(f) == {"registers"} and f.kinds == {"register": "shown"}
    assert not f.by_rule and f.amount == 55_000_000


def test_the_flows_alone_of_a_firm_that_has_no_register() -> None:
    (f,) = found(rl16.platform_toy_tables())
    assert (f.subject_kind, f.subject_id, f.value) == ("party", "S", Fraction(14, 15))
    assert hits(f) == {"flows"} and figures(f)["persons"] == 15 and f.amount == 70_000_000
    (f,) = rl16_packaging.find(case_of(rl16.business_near_miss_tables()), back="0")
    assert f.by_rule["fifo"] == Fraction(1, 75), (
        "what of the persons' money was left when the goods were paid"
    )


def test_of_a_statement_that_is_not_held_the_registers_are_told_and_that_they_are_not_traced() -> None:
    frames = small()
    changed(frames, "accounts", lambda row: row | {"covered": "false", "opening_balance": ""})
    (f,) = found(frames)
    assert hits(f) == {"registers"} and states(f)["passed_on"] == "inferred" and not f.by_rule


def test_registers_and_flows_that_differ_are_both_told() -> None:
    frames = small()
    changed(
        frames, "subscriptions", lambda row: row | ({"amount": "300000"} if row["product_id"] == "U" else {})
    )
    (f,) = found(frames)
    assert hits(f) == {"flows"} and figures(f)["register"] == Fraction(1, 2) and f.value == Fraction(11, 12)


def test_what_stays_below_four_fifths_is_none() -> None:
    assert found(rl16._product([50_000] * 12, 480_000))
    assert not found(rl16._product([50_000] * 12, 479_999))


@pytest.mark.parametrize(("count", "amount", "told"), [(10, 50_000, True), (9, 50_000, False), (12, 999_999, True),
                                                       (12, 1_000_000, False), (200, 1_000_000, False),
                                                       (201, 1_000_000, True)])  # fmt: skip
def test_more_than_200_or_less_than_is_asked_of_each_and_not_of_a_few(
    count: int, amount: int, told: bool
) -> None:
    frames = rl16._product([amount] * count, count * amount * 9 // 10)
    assert bool(found(frames)) is told


def test_offered_publicly_is_enough() -> None:
    frames = rl16._product([1_000_000] * 12, 11_000_000, offering="public")
    (f,) = found(frames)
    assert "least" not in f.measure and f.severity == "high"


def test_two_payments_of_one_person_are_his_together() -> None:
    frames = rl16._product([500_000] * 24, 11_000_000)
    assert found(frames)
    changed(frames, "subscriptions", lambda row: row | {
        "investor_id": f"p{int(row['investor_id'][1:]) % 12:03d}" if row["product_id"] == "V" else "V"
    })  # fmt: skip
    assert not found(frames)


@pytest.mark.parametrize(
    ("given", "silent"),
    [
        ({"kind": "fund_of_funds", "registered": "S1"}, True),
        ({"kind": "fund_of_funds"}, False),
        ({"kind": "abs"}, True),
        ({"kind": "pension"}, True),
        ({"kind": "trust", "name": "王氏家族信托"}, True),
        ({"kind": "trust", "name": "王氏信托"}, False),
        ({"kind": "mixed", "name": "王氏家族信托"}, False),
    ],
)
def test_what_is_something_else(given: dict[str, str], silent: bool) -> None:
    got = found(small(**given))
    assert (not got) is silent
    if given == {"kind": "fund_of_funds"}:
        assert outcomes(got[0])["fund_of_funds"] == "unknown"


def test_a_registered_public_product_is_let_be_only_of_a_licensed_institution() -> None:
    frames = rl16.public_near_miss_tables()
    assert not found(frames)
    del frames["licences"]
    assert found(frames)
    changed(frames, "parties", lambda row: row | ({"sector": "bank"} if row["party_id"] == "S" else {}))
    assert not found(frames)
    frames["products"]["registered"] = ""
    assert found(frames)


def test_a_public_fund_that_it_holds_is_not_private() -> None:
    frames = small()
    changed(
        frames, "products", lambda row: row | ({"offering": "public"} if row["product_id"] == "U" else {})
    )
    assert not found(frames)
    changed(frames, "products", lambda row: row | ({"offering": ""} if row["product_id"] == "U" else {}))
    (f,) = found(frames)
    assert states(f)["private"] == "inferred" and f.severity == "medium", (
        "by the million that it asks of each"
    )
    changed(frames, "products", lambda row: row | {"unit_minimum": ""})
    assert not found(frames)


def test_several_private_products_are_counted_together() -> None:
    frames = small()
    frames["products"] = frame_of(
        [*rows_of(frames["products"]), {**rl16._PRIVATE, "product_id": "T", "kind": "mixed"}]
    )
    changed(
        frames, "transfers", lambda row: row | ({"amount": "300000"} if row["transfer_id"] == "u" else {})
    )
    changed(
        frames, "subscriptions", lambda row: row | ({"amount": "300000"} if row["product_id"] == "U" else {})
    )
    last = rows_of(frames["transfers"])[-2]
    frames["transfers"] = frame_of([
        *rows_of(frames["transfers"]), {**last, "transfer_id": "t", "target": "t", "amount": "250000", "product_id": "T"},
    ])  # fmt: skip
    frames["accounts"] = frame_of([
        *rows_of(frames["accounts"]), {"account_id": "t", "party_id": "BANK", "product_id": "T", "covered": "false"},
    ])  # fmt: skip
    frames["subscriptions"] = frame_of([
        *rows_of(frames["subscriptions"]),
        {"product_id": "T", "investor_id": "V", "amount": "250000", "time": "2024-01-15", "transfer_id": "t"},
    ])  # fmt: skip
    (f,) = found(frames)
    assert (f.value, figures(f)["private"]) == (Fraction(11, 12), 2)


def test_money_that_goes_over_a_firm_in_between_is_followed() -> None:
    frames = small()
    changed(
        frames,
        "transfers",
        lambda row: row | ({"target": "mid", "product_id": ""} if row["transfer_id"] == "u" else {}),
    )
    frames["transfers"] = frame_of([
        *rows_of(frames["transfers"]),
        {"transfer_id": "u2", "time": "2024-01-15T15:00:00", "source": "mid", "target": "u", "amount": "550000"},
    ])  # fmt: skip
    frames["accounts"] = frame_of([
        *rows_of(frames["accounts"]), {"account_id": "mid", "party_id": "S", "covered": "true", "opening_balance": "0"},
    ])  # fmt: skip
    changed(
        frames, "subscriptions", lambda row: row | ({"transfer_id": ""} if row["product_id"] == "U" else {})
    )
    (f,) = found(frames)
    assert f.value == Fraction(11, 12) and hits(f) == {"registers", "flows"}
    assert all(len(chain["transfers"]) == 3 for chain in f.chains)


def test_of_other_money_no_minimum_in_yuan_is_asked() -> None:
    euros = Case.from_tables(currency="EUR", **small())
    assert not check(euros, only="RL-16").findings
    many = Case.from_tables(currency="EUR", **rl16.toy_tables())
    (f,) = check(many, only="RL-16").findings
    assert f.currency == "EUR" and "unit" not in figures(f)


def test_before_the_plan_of_2016_there_is_no_rule() -> None:
    assert not found(small(), as_of="2016-04-11")


@pytest.mark.parametrize("how", ["guarded", "loan", "lent first"])
def test_what_a_firm_is_paid_otherwise_is_not_raised(how: str) -> None:
    frames = rl16.platform_toy_tables()
    if how == "guarded":
        changed(
            frames,
            "accounts",
            lambda row: row | {"kind": "client_custody" if row["account_id"] == "s" else ""},
        )
    elif how == "loan":
        changed(
            frames, "transfers", lambda row: row | {"kind": "loan repayment" if row["target"] == "s" else ""}
        )
    else:
        lent = [
            {**row, "transfer_id": f"o{row['transfer_id']}", "time": "2023-06-01T09:00:00", "source": "s",
             "target": row["source"], "amount": "40000"}
            for row in rows_of(frames["transfers"]) if row["target"] == "s"
        ]  # fmt: skip
        frames["transfers"] = frame_of([*lent, *rows_of(frames["transfers"])])
    assert not found(frames)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**40))
def test_fifo_is_that_of_a_queue(seed: int) -> None:
    rng = random.Random(seed)
    names = [f"p{n:02d}" for n in range(12)]
    moves = [("s", name, rng.randint(1, 40) * 1000) for name in names]
    moves += [("clean", "wholesale", rng.randint(1, 60) * 1000) for _ in range(rng.randint(0, 3))]
    rng.shuffle(moves)
    queue: list[tuple[str, int]] = []
    went = raised = 0
    rows = []
    for place, (kind, who, amount) in enumerate(moves):
        rows.append((f"i{place}", f"a{who}", "s", amount))
        queue.append((kind, amount))
        raised += amount if kind == "s" else 0
        held = sum(each for _, each in queue)
        if place in (6, len(moves) - 1):
            for target in ("u", "x"):
                pay = held * rng.randint(1, 4) // 10 if target == "x" else held * rng.randint(3, 6) // 10
                if not pay:
                    continue
                rows.append((f"o{place}{target}", "s", target, pay))
                left = pay
                while left:
                    origin, first = queue[0]
                    part = min(first, left)
                    went += part if origin == "s" and target == "u" else 0
                    left -= part
                    queue[0] = (origin, first - part)
                    if queue[0][1] == 0:
                        queue.pop(0)
    outside = {side for row in rows for side in row[1:3]} - {"s", "u"}
    frames = rl16.platform_toy_tables() | {
        "transfers": frame_of([
            {"transfer_id": name, "time": f"2024-01-10T{9 + n // 60:02d}:{n % 60:02d}:00", "source": source,
             "target": target, "amount": str(amount)}
            for n, (name, source, target, amount) in enumerate(rows)
        ]),
        "accounts": frame_of([
            {"account_id": "s", "party_id": "S", "covered": "true", "opening_balance": "0"},
            {"account_id": "u", "party_id": "BANK", "product_id": "U", "kind": "client_custody", "covered": "false"},
            *({"account_id": each, "party_id": each[1:] if each[1:] in names else "", "covered": "false"}
              for each in sorted(outside)),
        ]),
        "parties": frame_of(rl16._parties(names)),
        "subscriptions": frame_of([
            {"product_id": "U", "investor_id": "S", "amount": "1", "time": "2024-01-09"}
        ]),
    }  # fmt: skip
    (f,) = rl16_packaging.find(case_of(frames), back=0)
    assert f.by_rule["fifo"] == Fraction(went, raised)
    assert f.value == max(f.by_rule.values()) and f.amount_least == min(
        int(part * raised * 100) for part in f.by_rule.values()
    )
