"""RL-23: clients' and own money told apart, what of it was spent and diverted by rule, and what is short."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.facts import facts_of
from graphflow.redlines.keeping import CLIENT, OTHER, OWN, Limits, keepers
from graphflow.redlines.rl23_client_money import find
from graphflow.synthesis.lines import rl23
from graphflow.synthesis.small import Frames, case_of
from tests.redlines.edits import changed, rows, with_rows, without_rows, without_tables


def found(frames: Frames, test: str = "", **settings_: Any) -> list[Finding]:
    """The findings, or those of one test."""
    every = check(case_of(frames), only="RL-23", **settings_).findings
    return [f for f in every if not test or test in [t.name for t in f.tests if t.hit]]


def asked(frames: Frames, **thresholds: Any) -> list[Finding]:
    return list(find(case_of(frames), **thresholds))


def figures(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def pay(number: str, time: str, source: str, target: str, amount: str, **more: str) -> dict[str, str]:
    return {"transfer_id": number, "time": time, "source": source, "target": target, "amount": amount, **more}


# ---------------------------------------------------------------- the vector


def test_the_vector() -> None:
    mixed, spent = found(rl23.toy_tables())
    assert mixed.value == Fraction(1, 10) and mixed.severity == "high" and mixed.subject_id == "custody"
    assert figures(mixed)["clients_in"] == 90_000 and figures(mixed)["own_in"] == 10_000
    assert figures(spent)["spent"] == 5_000 and figures(spent)["spent_wages"] == 5_000
    assert (spent.amount_least, spent.amount) == (0, 5_000)
    assert spent.by_rule == {
        "fifo": 1, "lifo": 0, "prorata": Fraction(9, 10), "libr": 0, "poison": 1,
    }  # fmt: skip
    assert spent.severity == "medium" and not spent.robust
    states = {e.name: e.state for e in spent.counter_evidence}
    assert states["own_first"] == "present"


def test_without_own_money_every_rule_says_the_same() -> None:
    (spent,) = found(rl23.apart_toy_tables())
    assert figures(spent)["spent"] == 8_000 and figures(spent)["spent_rent"] == 3_000
    assert (spent.amount_least, spent.amount) == (8_000, 8_000)
    assert set(spent.by_rule.values()) == {Fraction(1)} and spent.severity == "high" and spent.robust
    assert {e.name: e.state for e in spent.elements}["spent"] == "shown"  # the employee's row says so
    assert spent.chains and spent.chains[0]["transfers"][0] == "t001"


def test_what_only_a_memo_says_is_inferred() -> None:
    (f,) = found(without_rows(rl23.apart_toy_tables(), "transfers", "t010"))
    assert {e.name: e.state for e in f.elements}["spent"] == "inferred"


# ---------------------------------------------------------------- what is mixed


def test_a_hundredth_is_not_yet_mixed() -> None:
    frames = rl23.toy_tables()
    ten = changed(frames, "transfers", {"source": "boss"}, amount="9.09")
    assert not found(ten, "mixed")
    more = changed(frames, "transfers", {"source": "boss"}, amount="9.10")
    (f,) = found(more, "mixed")
    assert f.value == Fraction(910, 90_910)


def test_what_cannot_be_told_makes_the_index_the_least_that_it_can_be() -> None:
    frames = with_rows(
        rl23.toy_tables(),
        transfers=[pay("x", "2018-01-20T09:00:00", "customer", "custody", "1000")],
    )
    (f,) = found(frames, "mixed")
    assert f.value == Fraction(100, 2_000) and figures(f)["other_in"] == 100_000


def test_two_clients_are_too_few() -> None:
    frames = rl23.toy_tables()
    frames["client_ledger"] = frames["client_ledger"].iloc[:2]
    assert not found(frames)
    frames = rl23.toy_tables()
    frames["client_ledger"] = frames["client_ledger"].iloc[:3]
    (mixed, _spent) = found(frames)
    assert figures(mixed)["clients"] == 3 and figures(mixed)["other_in"] == 60_000


def test_contracts_tell_clients_money_where_no_ledger_names_clients() -> None:
    frames = without_tables(rl23.toy_tables(), "client_ledger")
    assert not found(frames)
    loan = {
        "loan_id": "B1",
        "platform_id": "PLATFORM",
        "borrower_id": "BORROWER",
        "principal": "900",
        "start": "2018-01-09",
    }
    frames = with_rows(frames, loans=[loan])
    for number in range(9):
        frames = changed(frames, "transfers", {"transfer_id": f"t{number + 1:03d}"}, loan_id="B1")
    (mixed,) = found(frames)  # in custody the salary is first paid of what has no earmark: the owner's money
    assert mixed.value == Fraction(1, 10)
    # the platform's own loan, repaid, is no client's money
    assert not found(changed(frames, "loans", {"loan_id": "B1"}, lender_id="PLATFORM"))


def test_own_money_over_an_own_account_is_own_and_a_lenders_too() -> None:
    frames = rl23.toy_tables()
    over = changed(frames, "transfers", {"source": "boss"}, source="own")
    (f,) = found(over, "mixed")
    assert f.value == Fraction(1, 10)
    lent = changed(frames, "transfers", {"source": "boss"}, source="credit")
    lent = with_rows(
        lent, accounts=[{"account_id": "credit", "party_id": "BANK", "kind": "loan", "covered": "false"}]
    )
    (f,) = found(lent, "mixed")
    assert f.value == Fraction(1, 10)


def test_a_bank_holds_deposits_and_mixes_nothing() -> None:
    frames = changed(rl23.toy_tables(), "parties", {"party_id": "PLATFORM"}, sector="bank")
    assert not found(frames)


# ---------------------------------------------------------------- guards


def test_fees_beyond_a_twentieth_are_no_fees() -> None:
    frames = rl23.near_miss_tables()
    assert not found(frames)
    for each in rows(frames["transfers"]):
        if each["amount"] in ("4", "36"):
            amount = "6" if each["amount"] == "4" else "54"
            frames = changed(frames, "transfers", {"transfer_id": each["transfer_id"]}, amount=amount)
    mixed = found(frames, "mixed")
    spent = found(frames, "spent")
    assert [f.value for f in mixed] == [Fraction(54, 954)]
    assert figures(spent[0])["spent_own"] == 5_400
    assert not asked(frames, fees="0.06")


def test_a_small_payment_beside_custody_is_a_fee() -> None:
    more = [pay(f"s{n}", f"2018-01-11T09:0{n}:00", f"l{n}", "own", "5") for n in range(1, 5)]
    base = without_rows(rl23.near_miss_tables(), "transfers")
    assert not found(with_rows(base, transfers=more))
    big = [{**each, "amount": "6"} for each in more]
    covered, mixed = found(with_rows(base, transfers=big))
    assert (covered.measure, covered.value) == ("covered", Fraction(900, 924))
    assert (mixed.subject_id, mixed.value) == (
        "own",
        Fraction(24, 24 + 36 + 1),
    )  # with the fees out of custody


@pytest.mark.parametrize(("day", "count"), [("2018-04-21", 0), ("2018-04-23", 2)])
def test_interest_is_to_be_taken_out_within_a_month(day: str, count: int) -> None:
    frames = changed(
        rl23.interest_near_miss_tables(),
        "transfers",
        {"target": "own", "amount": "50"},
        time=f"{day}T09:00:00",
    )
    assert len(found(frames)) == count


@pytest.mark.parametrize(("day", "count"), [("2018-01-15", 0), ("2018-01-16", 1)])
def test_an_entry_is_to_be_put_right_within_five_days(day: str, count: int) -> None:
    frames = changed(
        rl23.correction_near_miss_tables(), "transfers", {"target": "boss"}, time=f"{day}T09:00:00"
    )
    assert len(found(frames, "mixed")) == count


@pytest.mark.parametrize("mark", ["order_id", "clearing_id"])
def test_what_names_an_order_is_paid_for_clients(mark: str) -> None:
    frames = rl23.apart_toy_tables()
    assert found(frames)
    for to in ("wage", "landlord"):
        frames = changed(frames, "transfers", {"target": to}, **{mark: "O1"})
    assert not found(frames)


def test_what_goes_to_a_client_is_no_purpose_of_its_own() -> None:
    frames = changed(rl23.apart_toy_tables(), "transfers", {"target": "wage"}, target="l1")
    frames = changed(frames, "transfers", {"target": "landlord"}, target="l2")
    assert not found(frames)


def test_a_client_account_with_nothing_in_it_covers_nothing() -> None:
    (f,) = found(rl23.client_owner_toy_tables())
    assert f.severity == "high" and figures(f)["spent_owner"] == 50_000 and f.amount_least == 50_000
    (f,) = found(rl23.client_worker_toy_tables())
    assert f.severity == "high" and figures(f)["spent_wages"] == 5_000
    late = changed(
        rl23.client_owner_toy_tables(), "client_ledger", {"client_id": "LANDLORD"}, date="2018-06-29"
    )
    (f,) = found(late)
    assert (f.severity, f.amount_least, f.amount) == ("medium", 0, 50_000)
    assert {e.name: e.state for e in f.counter_evidence}["on_behalf"] == "unknown"


def test_a_holder_of_stakes_takes_out_what_he_paid_in_and_no_more() -> None:
    base = rl23.client_owner_near_miss_tables()
    assert not found(base)
    (f,) = found(changed(base, "transfers", {"memo": "提现"}, amount="400"))
    assert figures(f)["spent_owner"] == 10_000 and f.amount == 10_000
    owed = changed(base, "client_ledger", {"client_id": "LANDLORD"}, balance="400")
    assert not found(changed(owed, "transfers", {"memo": "提现"}, amount="400"))


def test_a_lender_by_contract_is_owed_what_he_lent() -> None:
    frames = rl23.client_owner_near_miss_tables()
    loan = {
        "loan_id": "B1", "platform_id": "PLATFORM", "borrower_id": "BORROWER", "lender_id": "LANDLORD",
        "principal": "100", "start": "2018-02-01",
    }  # fmt: skip
    more = changed(frames, "transfers", {"memo": "提现"}, amount="400")
    assert found(more) and not found(with_rows(more, loans=[loan]))


def test_a_shell_that_is_named_a_client_is_followed_all_the_same() -> None:
    row = {"platform_id": "PLATFORM", "date": "2018-01-31", "client_id": "SHELL", "balance": "0"}
    (f,) = found(with_rows(rl23.diverted_toy_tables(), client_ledger=[row]), "diverted")
    assert (f.severity, f.amount_least, f.amount) == ("critical", 4_000, 5_000)


def test_taxes_and_own_debts_are_purposes_of_its_own() -> None:
    base = rl23.apart_toy_tables()
    accounts = [
        {"account_id": "tax", "party_id": "TAX", "kind": "tax", "covered": "false"},
        {"account_id": "credit", "party_id": "BANK", "kind": "loan", "covered": "false"},
    ]
    more = [
        pay("x1", "2018-04-01T09:00:00", "custody", "tax", "7"),
        pay("x2", "2018-04-02T09:00:00", "custody", "credit", "8"),
        pay("x3", "2018-04-03T09:00:00", "custody", "customer", "9", memo="广告费"),
    ]
    accounts.append({"account_id": "owner2", "party_id": "LANDLORD", "covered": "false"})
    more.append(pay("x4", "2018-04-04T09:00:00", "custody", "owner2", "11"))
    stake = {
        "owner_id": "LANDLORD",
        "company_id": "PLATFORM",
        "share": "0.01",
        "votes": "0",
        "since": "2016-01-01",
    }
    frames = changed(
        with_rows(base, transfers=more, accounts=accounts), "stakes", {"owner_id": "BOSS"}, share="0.99"
    )
    frames = with_rows(frames, stakes=[stake])
    (f,) = found(frames)
    told = figures(f)
    assert told["spent_tax"] == 700 and told["spent_debt"] == 800 and told["spent_ads"] == 900
    assert told["spent_owner"] == 1_100 + 3_000  # the rent goes to who now holds a stake
    assert told["spent"] == 5_000 + 3_000 + 700 + 800 + 900 + 1_100


# ---------------------------------------------------------------- diverted


def test_what_reached_the_owner_over_a_stranger_by_every_rule() -> None:
    (f,) = found(rl23.diverted_toy_tables())
    assert (f.severity, f.amount_least, f.amount) == ("critical", 4_000, 5_000)
    assert f.by_rule == {
        "fifo": Fraction(4, 5), "lifo": 1, "prorata": Fraction(4286, 5000), "libr": Fraction(4, 5), "poison": 1,
    }  # fmt: skip
    assert figures(f)["controllers"] == 4_000 and set(f.kinds) == {"flow", "contract", "ownership"}
    assert [len(chain["transfers"]) for chain in f.chains] == [3] * len(f.chains)


def test_straight_to_the_owner_too() -> None:
    frames = changed(
        rl23.diverted_toy_tables(), "transfers", {"target": "shell", "memo": "咨询费"}, target="boss"
    )
    (f,) = found(frames)
    assert f.severity == "critical" and (f.amount_least, f.amount) == (6_000, 6_000)


def test_where_own_money_may_have_paid_it_is_not_critical() -> None:
    frames = with_rows(
        changed(
            rl23.diverted_toy_tables(), "transfers", {"target": "shell", "memo": "咨询费"}, target="boss"
        ),
        transfers=[pay("x", "2018-01-08T09:00:00", "boss", "custody", "70")],
    )
    (f,) = found(frames, "diverted")
    assert f.severity == "medium" and f.amount_least == 0 and f.amount == 6_000


def test_an_affiliate_that_controls_nothing_is_high() -> None:
    frames = changed(rl23.diverted_toy_tables(), "transfers", {"target": "boss"}, target="sister")
    frames = with_rows(
        frames,
        accounts=[{"account_id": "sister", "party_id": "SISTER", "covered": "false"}],
        parties=[{"party_id": "SISTER", "name": "姊妹公司", "kind": "company", "sector": ""}],
        stakes=[
            {"owner_id": "BOSS", "company_id": "SISTER", "share": "1", "votes": "1", "since": "2015-01-01"}
        ],
    )
    (f,) = found(frames)
    assert f.severity == "high" and figures(f)["controllers"] == 0 and f.amount_least == 4_000


def test_two_payments_in_between_are_within_three() -> None:
    frames = rl23.diverted_toy_tables()
    longer = changed(frames, "transfers", {"target": "boss"}, source="second")
    longer = with_rows(
        longer,
        accounts=[
            {"account_id": "second", "party_id": "LANDLORD", "covered": "true", "opening_balance": "0"}
        ],
        transfers=[pay("x", "2018-02-05T09:00:00", "shell", "second", "50")],
    )
    assert len(found(longer)) == 1
    assert not asked(longer, hops=2)


def test_a_stranger_without_a_statement_is_not_followed() -> None:
    frames = changed(rl23.diverted_toy_tables(), "accounts", {"account_id": "shell"}, covered="false")
    assert not found(frames)


# ---------------------------------------------------------------- custody


def test_what_went_past_custody() -> None:
    (f,) = found(rl23.covered_toy_tables())
    assert f.value == Fraction(2, 3) and f.amount == 30_000 and f.severity == "high"
    assert figures(f)["clients"] == 3


def test_without_an_account_in_custody_it_is_held_at_medium() -> None:
    frames = changed(rl23.covered_toy_tables(), "accounts", {"account_id": "custody"}, kind="settlement")
    (f,) = found(frames, "covered")
    assert f.value == 0 and f.severity == "medium" and f.severity_note


def test_a_banks_custody_counts_where_clients_pay_for_contracts() -> None:
    frames = changed(rl23.covered_toy_tables(), "accounts", {"account_id": "custody"}, party_id="BANK")
    (f,) = found(frames, "covered")
    assert f.value == Fraction(2, 3)


# ---------------------------------------------------------------- short


def test_what_is_short_on_the_worst_day() -> None:
    (f,) = found(rl23.short_toy_tables())
    assert f.value == 4_000 and f.severity == "high" and f.amount == 4_000
    told = figures(f)
    assert told["owed"] == 90_000 and told["stood"] == 86_000 and told["days"] == 1


def test_on_tuesday_it_comes_too_late() -> None:
    frames = rl23.cut_off_near_miss_tables()
    late = changed(frames, "transfers", {"source": "l2", "amount": "40"}, time="2018-07-04T09:00:00")
    assert [f.value for f in found(late)] == [4_000]


def test_the_next_days_ledger_says_whether_it_lasted() -> None:
    frames = rl23.short_toy_tables()
    less = [
        {**each, "date": "2018-06-30T20:00:00", "balance": "97"} for each in rows(frames["client_ledger"])
    ]
    (f,) = found(with_rows(frames, client_ledger=less))
    assert f.value == 1_300  # of 40 that were lacking 13 still were the next day


def test_an_opening_that_is_not_known_says_nothing() -> None:
    frames = rl23.short_toy_tables()
    frames = changed(frames, "accounts", {"account_id": "custody"}, opening_balance="")
    assert not found(frames)


def test_before_the_next_working_day_is_over_it_is_held_at_medium() -> None:
    frames = without_rows(rl23.short_toy_tables(), "transfers", "t011")
    (f,) = found(frames)
    assert f.severity == "medium"
    assert {e.name: e.state for e in f.counter_evidence}["cut_off"] == "unknown"


def test_loans_outstanding_may_be_what_the_ledger_counts() -> None:
    loan = {
        "loan_id": "B1",
        "platform_id": "PLATFORM",
        "borrower_id": "BORROWER",
        "principal": "40",
        "start": "2018-02-01",
    }
    (f,) = found(with_rows(rl23.short_toy_tables(), loans=[loan]))
    assert f.severity == "medium"
    assert {e.name: e.state for e in f.counter_evidence}["invested"] == "unknown"
    (f,) = found(with_rows(rl23.short_toy_tables(), loans=[{**loan, "principal": "39"}]))
    assert f.severity == "high"


def test_a_client_who_owes_is_taken_off_and_told() -> None:
    frames = changed(rl23.short_toy_tables(), "client_ledger", {"client_id": "L9"}, balance="-5")
    assert not found(frames)
    frames = changed(frames, "client_ledger", {"client_id": "L8"}, balance="210")
    (f,) = found(frames)
    assert f.value == 90_500 - 86_000 and f.amount == f.value + 500
    assert figures(f)["overdrawn"] == 500


def test_the_groups_own_positions_are_no_clients() -> None:
    mine = {"platform_id": "PLATFORM", "date": "2018-06-29T20:00:00", "client_id": "BOSS", "balance": "500"}
    (f,) = found(with_rows(rl23.short_toy_tables(), client_ledger=[mine]))
    assert f.value == 4_000


# ---------------------------------------------------------------- day and tables


def test_as_of_a_day_what_came_later_is_not_seen() -> None:
    assert not found(rl23.toy_tables(), as_of="2018-01-09")
    assert [
        f.measure for f in found(rl23.toy_tables(), as_of="2018-01-31")
    ] == []  # no ledger names clients yet
    assert len(found(rl23.toy_tables(), as_of="2018-12-31")) == 2


def test_before_the_plan_only_older_rules_hold() -> None:
    frames = rl23.toy_tables()
    for table, column in (("transfers", "time"), ("client_ledger", "date")):
        frames[table][column] = frames[table][column].str.replace("2018", "2014")
    assert not found(frames, as_of="2014-12-31")
    trust = changed(frames, "parties", {"party_id": "PLATFORM"}, sector="trust_company")
    assert len(found(trust, as_of="2014-12-31")) == 2


# ---------------------------------------------------------------- told another way

moves = st.lists(
    st.tuples(st.sampled_from(["l1", "l2", "l3", "boss", "customer"]), st.integers(1, 50)),
    min_size=1,
    max_size=30,
)


@settings(max_examples=25)
@given(moves)
def test_the_index_is_what_a_plain_loop_says(drawn: list[tuple[str, int]]) -> None:
    frames = without_rows(rl23.toy_tables(), "transfers", *(f"t{n:03d}" for n in range(1, 13)))
    new = [
        pay(f"x{n}", f"2018-02-{1 + n % 28:02d}T09:{n:02d}:00", who, "custody", str(amount))
        for n, (who, amount) in enumerate(drawn)
    ]
    named = {each["account_id"] for each in rows(frames["accounts"])}
    more = [
        {"account_id": a, "party_id": a.upper(), "covered": "false"}
        for a, _ in dict(drawn).items()
        if a not in named
    ]
    frames = with_rows(frames, transfers=new, accounts=more)
    sums = {CLIENT: 0, OWN: 0, OTHER: 0}
    for who, amount in drawn:
        sums[CLIENT if who.startswith("l") else OWN if who == "boss" else OTHER] += amount * 100
    (keeper,) = keepers(facts_of(case_of(frames)), Limits(Fraction(1, 100), Fraction(1, 20), 3))
    ins = keeper.ins
    assert {what: int(ins["amount"][ins["what"] == what].sum()) for what in sums} == sums
    clients = len({who for who, _ in drawn if who.startswith("l")})
    index = Fraction(min(sums[CLIENT], sums[OWN]), sum(sums.values()))
    expected = [index] if index > Fraction(1, 100) and clients >= 3 else []
    assert [f.value for f in found(frames, "mixed")] == expected


# ---------------------------------------------------------------- to the unit, and what does not count


def states(f: Finding) -> dict[str, str]:
    return {e.name: e.state for e in (*f.elements, *f.counter_evidence)}


def test_exactly_a_threshold_is_borne() -> None:
    assert [f.measure for f in asked(rl23.toy_tables(), spent=1)] == ["mixed"]
    assert [f.measure for f in asked(rl23.toy_tables(), mixed="0.1")] == ["spent_part"]
    assert not asked(rl23.diverted_toy_tables(), diverted=1)
    assert not asked(rl23.covered_toy_tables(), covered=Fraction(2, 3))
    (f,) = asked(rl23.diverted_toy_tables(), critical=40)
    assert f.severity == "high" and figures(f)["controllers"] == 4_000
    (f,) = asked(rl23.diverted_toy_tables(), critical="39.99")
    assert f.severity == "critical"


def test_own_money_of_another_currency_mixes_and_pays_nothing() -> None:
    (f,) = found(changed(rl23.toy_tables(), "transfers", {"source": "boss"}, currency="USD"))
    assert f.measure == "spent_part" and (f.amount_least, f.amount) == (5_000, 5_000)
    assert states(f)["own_first"] == "clear" and states(f)["mixed"] == "unknown" and f.severity == "high"


def test_custody_is_asked_of_each_currency() -> None:
    frames = changed(
        rl23.covered_toy_tables(), "transfers", {"target": "own", "memo": "充值"}, currency="USD"
    )
    (f,) = found(frames)
    assert (f.currency, f.value, f.amount) == ("USD", 0, 30_000) and figures(f)["clients_in"] == 30_000


def test_two_clients_past_custody_are_too_few() -> None:
    assert not found(changed(rl23.covered_toy_tables(), "transfers", {"source": "l9"}, target="custody"))


def test_a_reserve_is_another_lines() -> None:
    assert not found(
        changed(rl23.toy_tables(), "accounts", {"account_id": "custody"}, kind="reserve_central")
    )
    short = changed(
        rl23.short_toy_tables(), "parties", {"party_id": "PLATFORM"}, sector="payment_institution"
    )
    assert not found(short)


def test_what_was_put_right_is_told_beside_what_was_not() -> None:
    entry = pay("x1", "2018-01-10T09:00:00", "boss", "custody", "100")
    back = pay("x2", "2018-01-13T09:00:00", "custody", "boss", "100")
    (f,) = found(with_rows(rl23.apart_toy_tables(), transfers=[entry, back]))
    told = states(f)
    assert (told["corrections"], told["fees"], told["interest"]) == ("present", "clear", "clear")
    # pro rata the hundred that went back took 90 of clients with it
    assert (f.amount_least, f.amount) == (7_200, 8_000) and told["own_first"] == "clear"


def test_what_is_said_of_the_rest_is_what_was_seen() -> None:
    _mixed, spent = found(rl23.toy_tables())
    assert states(spent)["mixed"] == "shown" and states(spent)["diverted"] == "unknown"
    frames = changed(
        rl23.diverted_toy_tables(), "transfers", {"target": "shell", "memo": "咨询费"}, target="boss"
    )
    own = pay("x", "2018-01-08T09:00:00", "boss", "custody", "70")
    (f,) = found(with_rows(frames, transfers=[own]), "diverted")
    assert states(f)["diverted"] == "inferred" and states(f)["own_first"] == "present"


# ---------------------------------------------------------------- claims


def test_what_is_on_its_way_to_a_client_is_owed_too() -> None:
    frames = changed(
        rl23.client_owner_toy_tables(), "client_ledger", {"client_id": "LANDLORD"}, in_transit="500"
    )
    assert not found(frames)
    (f,) = found(changed(frames, "client_ledger", {"client_id": "LANDLORD"}, in_transit="499.99"))
    assert f.amount == f.amount_least == 1


def test_what_comes_at_the_same_moment_is_there() -> None:
    base = rl23.client_owner_near_miss_tables()
    same = changed(base, "transfers", {"source": "landlord"}, time="2018-03-15T09:00:00")
    assert not found(same)
    late = changed(base, "transfers", {"source": "landlord"}, time="2018-03-25T09:00:00")
    (f,) = found(late)
    assert figures(f)["spent_owner"] == 30_000


def test_a_contract_is_a_claim_from_its_day_and_of_whom_it_is_with() -> None:
    base = changed(rl23.client_owner_near_miss_tables(), "transfers", {"memo": "提现"}, amount="400")
    loan = {"loan_id": "B1", "platform_id": "PLATFORM", "borrower_id": "BORROWER", "lender_id": "LANDLORD",
            "principal": "100", "start": "2018-02-01"}  # fmt: skip
    assert not found(with_rows(base, loans=[loan]))
    assert found(with_rows(base, loans=[loan | {"start": "2018-04-01"}]))
    assert found(with_rows(base, loans=[loan | {"platform_id": "CUSTOMER"}]))
    assert found(with_rows(base, loans=[loan | {"principal": "99.99"}]))
    bought = {"product_id": "P", "investor_id": "LANDLORD", "amount": "100", "time": "2018-02-01"}
    for manager, count in (("PLATFORM", 0), ("CUSTOMER", 1)):
        product = {"product_id": "P", "name": "一号", "manager_id": manager, "start": "2018-01-01"}
        assert len(found(with_rows(base, subscriptions=[bought], products=[product]))) == count
    taken = {"assignment_id": "A", "loan_id": "B1", "seller_id": "L1", "buyer_id": "LANDLORD", "amount": "100",
             "time": "2018-02-02"}  # fmt: skip
    of_l1 = loan | {"lender_id": "L1"}
    assert found(with_rows(base, loans=[of_l1]))
    assert not found(with_rows(base, loans=[of_l1], assignments=[taken]))


# ---------------------------------------------------------------- several institutions of one group


def with_honest_sister(frames: Frames, lacking: str = "0") -> Frames:
    """老板 has another platform, first by id, whose nine clients pay into custody of its own."""
    clients = [f"M{number}" for number in range(1, 10)]
    stake = {"owner_id": "BOSS", "company_id": "ABROAD", "share": "1", "votes": "1", "since": "2015-01-01"}
    custody = {"account_id": "apart", "party_id": "ABROAD", "kind": "client_custody", "covered": "true"}
    return with_rows(
        frames,
        parties=[
            {"party_id": "ABROAD", "name": "海外易贷", "kind": "company", "sector": "p2p_platform"},
            *({"party_id": each, "name": each, "kind": "person", "sector": ""} for each in clients),
        ],
        stakes=[stake],
        accounts=[
            {**custody, "opening_balance": "0"},
            *(
                {"account_id": each.lower(), "party_id": each, "kind": "", "covered": "false"}
                for each in clients
            ),
        ],
        client_ledger=[
            {"platform_id": "ABROAD", "date": "2018-06-29T20:00:00", "client_id": each, "balance": "100"}
            for each in clients
        ],
        transfers=[
            pay(f"s{each}", f"2018-01-09T10:0{number}:00", each.lower(), "apart", "100")
            for number, each in enumerate(clients)
        ],
    )


@pytest.mark.parametrize("toy", ["diverted", "covered", "short"])
def test_an_honest_sister_of_the_group_is_not_named_for_what_the_other_did(toy: str) -> None:
    frames = getattr(rl23, f"{toy}_toy_tables")()
    (alone,) = found(frames, toy)
    (beside,) = found(with_honest_sister(frames), toy)
    assert alone.subject_id == beside.subject_id == "PLATFORM"
    assert (beside.value, beside.amount_least, beside.amount) == (
        alone.value,
        alone.amount_least,
        alone.amount,
    )
    assert "海外易贷" not in str(beside.summary)


def test_what_stands_in_a_sisters_custody_covers_no_other() -> None:
    frames = with_honest_sister(rl23.short_toy_tables())
    rich = changed(frames, "accounts", {"account_id": "apart"}, opening_balance="1000000")
    assert [f.subject_id for f in found(rich, "short")] == ["PLATFORM"]
    poor = without_rows(frames, "transfers", "sM1")
    assert sorted(f.subject_id for f in found(poor, "short")) == ["ABROAD", "PLATFORM"]


def test_custody_that_two_share_is_asked_of_both_together() -> None:
    frames = with_honest_sister(rl23.short_toy_tables())
    (alone,) = found(frames, "short")
    shared = changed(frames, "accounts", {"account_id": "apart"}, party_id="BANK")
    shared = changed(shared, "accounts", {"account_id": "custody"}, party_id="BANK")
    shared = changed(shared, "transfers", {"source": "m9"}, target="custody")
    (f,) = found(shared, "short")
    assert f.subject_id == "ABROAD" and "海外易贷, 易贷网络" in str(f.summary)
    assert figures(f)["owed"] == figures(alone)["owed"] + 90_000


def test_a_client_of_two_is_told_by_the_contract_or_the_account() -> None:
    frames = with_honest_sister(rl23.covered_toy_tables())
    both = with_rows(
        frames,
        client_ledger=[
            {"platform_id": "ABROAD", "date": "2018-06-29T20:00:00", "client_id": "L1", "balance": "1"}
        ],
    )
    (f,) = found(both, "covered")
    (keeper,) = keepers(facts_of(case_of(both)), Limits(Fraction(1, 100), Fraction(1, 20), 3))
    told = {who: int(rows.sum()) for who, rows in keeper.shares}
    assert f.subject_id == "PLATFORM" and told == {("ABROAD",): 9, ("PLATFORM",): 9}
    stranger = changed(both, "accounts", {"account_id": "custody"}, party_id="BANK")
    stranger = changed(stranger, "accounts", {"account_id": "own"}, party_id="BANK", signer_id="BOSS")
    (keeper,) = keepers(facts_of(case_of(stranger)), Limits(Fraction(1, 100), Fraction(1, 20), 3))
    told = {who: int(rows.sum()) for who, rows in keeper.shares}
    assert told == {("ABROAD",): 9, ("PLATFORM",): 8, ("ABROAD", "PLATFORM"): 1}


def test_an_account_is_named_with_its_holder() -> None:
    frames = with_honest_sister(rl23.toy_tables())
    mixed, spent = found(frames)
    assert (
        mixed.subject_id == "custody"
        and "易贷网络" in str(mixed.summary)
        and "易贷网络" in str(spent.summary)
    )
    assert "海外" not in str(mixed.summary) + str(spent.summary)
