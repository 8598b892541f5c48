"""RL-10, by hand: leverage, owner and interest, what speaks against them, and loans that went into shares."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl10_margin_lending import LINE
from graphflow.synthesis.lines import rl10
from graphflow.synthesis.small import Frames, case_of, frame_of
from tests.redlines.edits import changed, rows, with_rows, without_column, without_rows


def found(frames: Frames, **asked: object) -> list[Finding]:
    return list(LINE.find(case_of(frames), **asked))


def measured(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def test_the_vector() -> None:
    (f,) = check(rl10.toy(), only="RL-10").findings
    assert (f.measure, f.value, f.threshold) == ("lev", 5, 2)
    assert f.amount == f.amount_least == 40_000 and f.subject_id == "FINANCIER" and f.severity == "high"
    assert measured(f) == {"lev": 5, "clients": 1, "interest": 20, "gains": 800, "margins": 10_000}
    assert {e.name: e.state for e in f.elements} == {
        "lent": "shown", "account": "shown", "interest": "inferred", "used": "unknown",
    }  # fmt: skip


def test_over_a_nominees_bank_account_it_is_followed_under_each_rule() -> None:
    (f,) = found(rl10.nominee_toy_tables())
    assert f.by_rule == dict.fromkeys(("fifo", "lifo", "prorata", "libr"), 5) and f.robust
    rich = changed(rl10.nominee_toy_tables(), "accounts", {"account_id": "owner"}, opening_balance="500")
    (f,) = found(rich)
    assert f.by_rule == {"fifo": 0, "lifo": 5, "prorata": Fraction(5, 2), "libr": 0}
    assert f.value == 5 and (f.amount, f.amount_least) == (40_000, 0) and not f.robust


@pytest.mark.parametrize(("put", "hit"), [("200", True), ("199.99", False)])
def test_a_leverage_of_two(put: str, hit: bool) -> None:
    assert bool(found(changed(rl10.toy_tables(), "transfers", {"transfer_id": "put"}, amount=put))) == hit


def test_without_interest_it_is_none() -> None:
    base = rl10.toy_tables()
    assert found(
        without_rows(base, "transfers", *(f"interest{n:02d}" for n in range(4, 21)))
    )  # three are left
    assert not found(without_rows(base, "transfers", *(f"interest{n:02d}" for n in range(3, 21))))
    uneven = base
    for number in range(1, 21, 2):
        uneven = changed(uneven, "transfers", {"transfer_id": f"interest{number:02d}"}, amount=f"{number}.00")
    assert not found(uneven)


def test_interest_is_paid_at_least_monthly() -> None:
    def spaced(days: int) -> Frames:
        base = without_rows(rl10.toy_tables(), "transfers", *(f"interest{n:02d}" for n in range(1, 21)))
        return with_rows(base, transfers=[
            {"transfer_id": f"i{n}", "time": f"2020-{6 + (n * days) // 30:02d}-{1 + (n * days) % 30:02d}T12:00:00",
             "source": "client", "target": "financier", "amount": "8"} for n in range(1, 5)
        ])  # fmt: skip

    assert found(spaced(30)) and not found(spaced(45))


def test_money_that_follows_days_later_is_not_the_margins() -> None:
    base = rl10.toy_tables()
    assert found(changed(base, "transfers", {"transfer_id": "put"}, time="2020-06-04T09:30:00"))
    late = changed(base, "transfers", {"transfer_id": "put"}, time="2020-06-04T09:30:01")
    assert not found(late) and found(late, within="4D")
    assert not found(changed(base, "transfers", {"transfer_id": "put"}, time="2020-06-01T09:29:00"))


def test_a_margin_that_is_no_larger_than_interest_is_none() -> None:
    base = changed(rl10.toy_tables(), "transfers", {"transfer_id": "margin"}, amount="1.19")
    assert not found(base)
    assert found(changed(base, "transfers", {"transfer_id": "margin"}, amount="1.20"))


def test_a_margin_paid_to_the_nominee_stands_in_the_account_beside_what_the_financier_adds() -> None:
    base = changed(rl10.toy_tables(), "transfers", {"transfer_id": "margin"}, target="owner")
    base = changed(base, "transfers", {"transfer_id": "put"}, amount="400")
    (f,) = found(base)
    assert f.value == 5 and f.amount == 40_000


def test_what_was_put_in_at_other_times_is_not_the_margins() -> None:
    other = {"transfer_id": "other", "time": "2020-06-20T10:00:00", "source": "financier", "target": "shares",
             "amount": "300"}  # fmt: skip
    for row in (other, {**other, "time": "2020-05-20T10:00:00"}):
        assert found(with_rows(rl10.toy_tables(), transfers=[row]))[0].value == 5
    second = [
        {**row, "transfer_id": f"2{row['transfer_id']}", "source": "client2",
         "time": row["time"] if "interest" in row["transfer_id"] else "2020-05-25T09:00:00"}
        for row in rows(rl10.toy_tables()["transfers"]) if row["source"] == "client"
    ]  # fmt: skip
    early = with_rows(
        rl10.toy_tables(), transfers=second, accounts=[{"account_id": "client2", "party_id": "CLIENT2"}],
        parties=[{"party_id": "CLIENT2", "name": "股民二", "kind": "person"}],
    )  # fmt: skip
    (f,) = found(early)
    assert f.value == 5 and measured(f)["clients"] == 1  # the second one's margin was followed by nothing


def test_a_group_speaks_once() -> None:
    base = changed(rl10.toy_tables(), "transfers", {"transfer_id": "put"}, amount="300")
    base = with_rows(
        base, parties=[{"party_id": "FUND", "name": "鼎鑫基金", "kind": "company"}],
        accounts=[{"account_id": "fund", "party_id": "FUND", "opening_balance": "200"}],
        stakes=[{"owner_id": "FINANCIER", "company_id": "FUND", "share": "1"}],
        transfers=[{"transfer_id": "put2", "time": "2020-06-01T10:40:00", "source": "fund", "target": "shares",
                    "amount": "200"}],
    )  # fmt: skip
    (f,) = found(base)
    assert f.value == 5 and f.subject_id == "FINANCIER"


def test_whoever_owns_the_account_is_no_client() -> None:
    assert not found(rl10.own_near_miss_tables())
    base = without_column(rl10.toy_tables(), "accounts", "party_id")
    assert not check(case_of(base), only="RL-10").tests["ran"].any()


def test_an_account_of_nobody_known_shows_nothing() -> None:
    base = changed(rl10.toy_tables(), "accounts", {"account_id": "shares"}, party_id="")
    assert not found(base)


# ---------------------------------------------------------------- accounts of his own group


def landlord(tenants: int) -> Frames:
    """The landlord, with so many tenants who each came in the week in which he bought shares."""
    base = rl10.landlord_near_miss_tables()
    base = changed(base, "transfers", {"transfer_id": "saved"}, amount="1000000")
    more = [
        {**row, "transfer_id": f"{row['transfer_id']}-{n}", "source": f"tenant{n}"}
        for n in range(1, tenants) for row in rows(base["transfers"]) if row["source"] == "tenant"
    ]  # fmt: skip
    return with_rows(
        base, transfers=more,
        accounts=[{"account_id": f"tenant{n}", "party_id": f"T{n}"} for n in range(1, tenants)],
        parties=[{"party_id": f"T{n}", "name": f"租客{n}", "kind": "person"} for n in range(1, tenants)],
    )  # fmt: skip


def test_ones_own_shares_prove_little_until_clients_are_many_or_use_the_account() -> None:
    assert not found(landlord(4))
    (f,) = found(landlord(5))
    assert measured(f)["clients"] == 5
    moved = changed(landlord(5), "transfers", {"transfer_id": "saved"}, source="second")
    moved = with_rows(
        moved, accounts=[{"account_id": "second", "party_id": "LANDLORD"}],
        transfers=[{"transfer_id": "move", "time": "2020-06-02T09:00:00", "source": "landlord", "target": "second",
                    "amount": "1000000"}],
    )  # fmt: skip
    assert found(moved)[0].value == f.value == 10  # once, over however many of his accounts
    signed = changed(landlord(1), "accounts", {"account_id": "shares"}, signer_id="TENANT")
    (f,) = found(signed)
    assert measured(f)["users"] == 1 and f.kinds == {"flow": "shown", "register": "shown"}
    assert next(t.hit for t in f.tests if t.name == "link")


def test_signing_in_with_one_device_is_using_the_account() -> None:
    base = with_rows(
        landlord(1), media=[{"medium_id": "phone", "kind": "mobile"}],
        sign_ins=[{"medium_id": "phone", "account_id": a, "time": "2020-06-03T10:00:00"} for a in ("tenant", "shares")],
    )  # fmt: skip
    assert found(base)
    other = changed(base, "sign_ins", {"account_id": "tenant"}, account_id="landlord")
    assert not found(other)


# ---------------------------------------------------------------- guards


def test_a_licence_of_the_group_is_a_licence() -> None:
    base = rl10.toy_tables()
    licensed = with_rows(
        base, parties=[{"party_id": "PARENT", "name": "证券公司", "kind": "company"}],
        stakes=[{"owner_id": "PARENT", "company_id": "FINANCIER", "share": "1"}],
        licences=[{"party_id": "PARENT", "function": "margin_financing", "since": "2012-01-01"}],
    )  # fmt: skip
    assert not found(licensed)
    (f,) = found(changed(licensed, "licences", {"party_id": "PARENT"}, function="fund_sale"))
    assert next(e.state for e in f.counter_evidence if e.name == "licensed") == "clear"


def test_a_spouses_account_is_the_familys() -> None:
    base = rl10.family_near_miss_tables()
    assert not found(base) and found(changed(base, "relations", {"party_id": "CLIENT"}, kind="agent"))


def test_a_plan_of_which_the_client_holds_units_is_its_own() -> None:
    base = changed(rl10.toy_tables(), "accounts", {"account_id": "shares"}, product_id="PLAN")
    base = with_rows(
        base, products=[{"product_id": "PLAN", "manager_id": "FINANCIER"}],
        subscriptions=[{"product_id": "PLAN", "investor_id": "OTHER", "amount": "100", "time": "2020-06-01"}],
    )  # fmt: skip
    assert found(base)
    assert not found(changed(base, "subscriptions", {"investor_id": "OTHER"}, investor_id="CLIENT"))


def test_wages_and_loans_to_the_owner_are_not_put_into_the_account() -> None:
    base = rl10.nominee_toy_tables()
    assert not found(changed(base, "transfers", {"transfer_id": "put"}, memo="5月工资"))
    loan = changed(base, "transfers", {"transfer_id": "put"}, loan_id="L")
    loan = with_rows(loan, loans=[{"loan_id": "L", "lender_id": "FINANCIER", "borrower_id": "NOMINEE",
                                   "principal": "500", "start": "2020-06-01"}])  # fmt: skip
    assert [f.measure for f in found(loan)] == ["stock"]


def test_critical_from_the_amounts_of_the_crime_with_two_kinds_of_evidence() -> None:
    base = rl10.toy_tables()
    scaled = {**base, "transfers": frame_of([
        {**row, "amount": f"{float(row['amount']) * 1000:.2f}"} for row in rows(base["transfers"])
    ])}  # fmt: skip
    (f,) = found(scaled)
    assert f.severity == "high" and f.severity_note  # held down: flows alone
    signed = changed(scaled, "accounts", {"account_id": "shares"}, signer_id="CLIENT")
    (f,) = found(signed)
    assert f.severity == "critical" and f.value == 5


def test_currencies_are_kept_apart() -> None:
    base = rl10.toy_tables()
    usd = [
        {**row, "transfer_id": f"u{row['transfer_id']}", "currency": "USD"} for row in rows(base["transfers"])
    ]
    assert sorted((f.currency, f.value) for f in found(with_rows(base, transfers=usd))) == [
        ("CNY", 5),
        ("USD", 5),
    ]
    only = [row for row in usd if "interest" not in row["transfer_id"]]
    assert [f.currency for f in found(with_rows(base, transfers=only))] == ["CNY"]


# ---------------------------------------------------------------- loans


def test_the_part_of_a_loan_that_went_into_shares() -> None:
    (f,) = found(rl10.loan_toy_tables())
    assert (f.measure, f.value, f.subject_kind, f.subject_id) == ("stock", Fraction(3, 5), "loan", "LOAN")
    assert (
        f.by_rule == dict.fromkeys(("fifo", "lifo", "prorata", "libr"), Fraction(3, 5))
        and f.amount == 6_000_000
    )
    base = rl10.loan_toy_tables()
    assert found(changed(base, "transfers", {"transfer_id": "put"}, amount="50000"))
    assert not found(changed(base, "transfers", {"transfer_id": "put"}, amount="49999.99"))
    assert found(changed(base, "transfers", {"transfer_id": "put"}, time="2020-07-01T09:00:00"))
    assert not found(changed(base, "transfers", {"transfer_id": "put"}, time="2020-07-01T09:00:01"))


def test_savings_in_the_account_are_left_to_the_rule() -> None:
    base = changed(rl10.loan_toy_tables(), "accounts", {"account_id": "borrower"}, opening_balance="20000")
    base = changed(base, "transfers", {"transfer_id": "put"}, amount="70000")
    (f,) = found(base)
    assert f.by_rule == {
        "fifo": Fraction(1, 2), "lifo": Fraction(7, 10), "prorata": Fraction(5_833_333, 10_000_000), "libr": Fraction(1, 2),
    }  # fmt: skip
    assert f.value == f.by_rule["prorata"] and (f.amount, f.amount_least) == (7_000_000, 5_000_000)


def test_over_another_account_and_to_a_broker_it_counts_too() -> None:
    base = changed(
        rl10.loan_toy_tables(), "accounts", {"account_id": "shares"}, kind="settlement", party_id="BROKER"
    )
    base = with_rows(
        base, accounts=[{"account_id": "x", "kind": "securities"}],
        parties=[{"party_id": "BROKER", "name": "证券公司", "kind": "company", "sector": "broker"}],
    )  # fmt: skip
    assert found(base)
    over = changed(base, "transfers", {"transfer_id": "put"}, target="friend")
    over = with_rows(over, transfers=[
        {"transfer_id": "on", "time": "2020-06-12T10:00:00", "source": "friend", "target": "shares", "amount": "60000"}
    ])  # fmt: skip
    assert found(over) and not found(over, hops=1)


def test_a_licensed_brokers_loan_is_lent_for_that() -> None:
    base = changed(rl10.loan_toy_tables(), "loans", {"loan_id": "LOAN"}, platform_id="", lender_id="BROKER")
    base = with_rows(base, parties=[{"party_id": "BROKER", "name": "证券公司", "kind": "company"}])
    assert found(base)
    assert not found(with_rows(base, licences=[{"party_id": "BROKER", "function": "margin_financing"}]))
    assert not found(changed(base, "parties", {"party_id": "BROKER"}, sector="broker"))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60_000), st.booleans()), max_size=6))
def test_loans_as_a_naive_queue_has_them(moves: list[tuple[int, int, bool]]) -> None:
    """Random payments of an account with nothing in it but a loan: first in, first out by hand."""
    base = rl10.loan_toy_tables()
    pays = sorted(moves, key=lambda m: m[0])
    left, reached, more = 10_000_000, 0, []
    for number, (hours, amount, shares) in enumerate(pays):
        cents = min(amount * 100, left)
        if not cents:
            break
        more.append({"transfer_id": f"m{number}", "source": "borrower", "target": "shares" if shares else "shop",
                     "time": f"2020-06-{2 + hours // 2:02d}T{10 + 5 * (hours % 2):02d}:{number:02d}:00",
                     "amount": f"{cents / 100:.2f}"})  # fmt: skip
        left -= cents
        reached += cents if shares else 0
    base = without_rows(base, "transfers", "put")
    got = found(with_rows(base, transfers=more))
    if reached * 2 < 10_000_000:
        assert not got
    else:
        assert got[0].value == Fraction(reached, 10_000_000) and got[0].robust
