"""RL-08: own loans counted and divided exactly; each guard, each test alone, and figures told another way."""

from __future__ import annotations

import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.limits import first_day
from graphflow.redlines.rl08_lending import LINE, find
from graphflow.synthesis.lines import rl08
from graphflow.synthesis.small import Frames, case_of, frame_of


def found(frames: Frames, **settings_: Any) -> list[Finding]:
    return list(check(case_of(frames), only="RL-08", **settings_).findings)


def rows_of(frames: Frames, table: str) -> list[dict[str, str]]:
    return [dict(row) for row in frames[table].to_dict("records")]


def test_the_vector() -> None:
    (f,) = found(rl08.toy_tables())
    assert (f.measure, f.value) == ("own_lend_share", Fraction(3, 10))
    assert {m.name: m.value for m in f.measures}["count"] == 12
    assert f.amount == 600_000_000 and f.severity == "high" and not f.severity_note
    assert f.kinds == {"contract": "shown", "flow": "shown"}
    assert [t.name for t in f.tests if t.hit] == ["principal"]
    assert {e.name: e.state for e in f.counter_evidence} == {
        "licensed": "unknown", "employees": "unknown", "trade": "unknown", "lenders_money": "clear",
    }  # fmt: skip


def test_by_record_it_rests_on_register_and_ownership() -> None:
    (f,) = found(rl08.affiliate_toy_tables())
    assert f.value == Fraction(3, 10) and f.kinds == {"contract": "shown", "ownership": "shown"}
    assert [t.name for t in f.tests if t.hit] == ["lender"]
    states = {e.name: e.state for e in f.counter_evidence}
    assert states == {"licensed": "clear", "employees": "clear", "trade": "clear", "lenders_money": "unknown"}


def test_without_the_stake_the_affiliate_is_a_stranger() -> None:
    frames = rl08.affiliate_toy_tables()
    del frames["stakes"]
    assert not found(frames)


def test_a_licence_covers_what_was_lent_under_it_only() -> None:
    frames = rl08.near_miss_tables()
    frames["licences"]["until"] = "2020-06-01"  # four of the twelve began before
    frames["transfers"]["time"] = "2020-01-02T10:00:00"
    assert not found(frames)
    (f,) = find(case_of(frames), count=8)
    assert f.value == Fraction(8 * 500_000, 20_000_000)
    licensed = next(e for e in f.counter_evidence if e.name == "licensed")
    assert licensed.state == "present" and licensed.note == "left out: 4 loans"


def test_a_licence_of_somebody_else_covers_nothing() -> None:
    frames = rl08.near_miss_tables()
    frames["licences"]["party_id"] = "OTHER"
    assert len(found(frames)) == 1


def test_what_lenders_had_paid_in_is_taken_off_and_what_they_pay_later_is_not() -> None:
    frames = rl08.lenders_near_miss_tables()
    assert not found(frames)
    late = frames["transfers"]["time"].str.replace("T09", "T11")  # after the principal had been paid
    frames["transfers"] = frames["transfers"].assign(time=late)
    assert [f.value for f in found(frames)] == [Fraction(3, 10)]
    some = rl08.lenders_near_miss_tables()  # less than half of each loan is lenders' money
    of_lenders = some["transfers"]["transfer_id"].str.startswith("in")
    some["transfers"].loc[of_lenders, "amount"] = "200000"
    (f,) = found(some)
    assert f.amount == 12 * 300_000_00 and f.value == Fraction(3_600, 20_000)


def test_a_reversed_payment_paid_no_principal() -> None:
    frames = rl08.toy_tables()
    rows = rows_of(frames, "transfers")
    rows += [
        {"transfer_id": f"undo{n}", "time": f"{rows[n]['time'][:10]}T12:00:00", "source": rows[n]["target"],
         "target": "own", "amount": "500000", "loan_id": "", "reversal_of": rows[n]["transfer_id"]}
        for n in range(3)
    ]  # fmt: skip
    frames["transfers"] = frame_of(rows)
    assert not found(frames)  # nine are left


def test_loans_to_the_own_group_are_no_loans_to_the_public() -> None:
    frames = rl08.affiliate_toy_tables()
    stakes = rows_of(frames, "stakes")
    stakes += [{"owner_id": "PLATFORM", "company_id": f"B{n:02d}", "share": "1"} for n in range(3)]
    assert not found({**frames, "stakes": frame_of(stakes)})


def test_ten_within_two_years_are_counted_and_not_ten_in_a_longer_time() -> None:
    frames = rl08.affiliate_toy_tables()
    rows = rows_of(frames, "loans")
    for n in range(12):
        start = datetime.date(2014, 1, 1) + datetime.timedelta(90 * n)  # nine and a bit in any two years
        rows[n] |= {"start": str(start), "end": str(start + datetime.timedelta(30))}
    assert not found({**frames, "loans": frame_of(rows)})
    (f,) = find(case_of({**frames, "loans": frame_of(rows)}), count=9)
    assert {m.name: m.value for m in f.measures}["count"] == 9
    assert f.parameters["count"] == {"value": "9", "basis": "argument", "unit": ""}


@pytest.mark.parametrize(
    ("rate", "severity", "note"), [("0.48", "critical", ""), ("0.24", "high", ""), ("", "high", "rate")]
)
def test_it_is_critical_at_the_figures_of_the_crime(rate: str, severity: str, note: str) -> None:
    frames = rl08.affiliate_toy_tables()
    rows = rows_of(frames, "loans")
    for row in rows:
        row |= {"rate": rate, "principal": "900000"}  # 10.8 million of the affiliate
    (f,) = found({**frames, "loans": frame_of(rows)})
    assert f.severity == severity and (note in f.severity_note if note else not f.severity_note)


def test_another_currency_is_not_compared_with_yuan() -> None:
    frames = rl08.affiliate_toy_tables()
    rows = rows_of(frames, "loans")
    for row in rows:
        row |= {"rate": "0.48", "principal": "90000000"}
    frames["loans"] = frame_of(rows)
    import graphflow as gf

    (f,) = check(gf.Case.from_tables(currency="USD", **frames), only="RL-08").findings
    assert f.severity == "high" and f.currency == "USD" and "yuan" in f.severity_note


def test_without_a_register_who_pays_back_in_parts_was_lent_to() -> None:
    (f,) = found(rl08.unregistered_toy_tables())
    assert f.measure == "count" and f.value == 12 and f.amount == 108_000_000
    assert f.kinds == {"flow": "inferred"} and f.severity == "medium"


def test_without_a_register_a_licensed_lender_lends_as_it_may() -> None:
    frames = rl08.unregistered_toy_tables()
    held = {"party_id": "PLATFORM", "function": "lending", "number": "X1"}
    frames["licences"] = frame_of([held])
    assert not found(frames)
    late = {
        "transfer_id": "late",
        "time": "2023-06-01T10:00:00",
        "source": "own",
        "target": "own2",
        "amount": "1",
    }
    frames["transfers"] = frame_of([*rows_of(frames, "transfers"), late])
    frames["licences"] = frame_of([{**held, "since": "2015-01-01", "until": "2022-12-31"}])
    assert not found(frames), "it had one when it lent"
    frames["licences"] = frame_of([{**held, "since": "2015-01-01", "until": "2018-12-31"}])
    assert len(found(frames)) == 1


def test_clients_of_the_ledger_are_paid_what_is_theirs() -> None:
    frames = rl08.clients_near_miss_tables()
    assert not found(frames)
    nobody = {name: frame for name, frame in frames.items() if name != "client_ledger"}
    (f,) = found(nobody)
    assert f.value == 12
    two = {**frames, "client_ledger": frames["client_ledger"].head(2)}
    (f,) = found(two)
    assert f.value == 10
    note = next(str(e.note) for e in f.counter_evidence if e.name == "lenders_money")
    assert note == "left out: 2 clients whom a table names; whose money the rest was is open"


def test_employees_who_pay_an_advance_back_are_no_public() -> None:
    frames = rl08.unregistered_toy_tables()
    ties = [{"party_id": f"B{n:02d}", "other_id": "PLATFORM", "kind": "employee"} for n in range(3)]
    assert not found({**frames, "relations": frame_of(ties)})
    (f,) = found({**frames, "relations": frame_of(ties[:2])})
    assert f.value == 10
    assert {e.name: (e.state, e.note) for e in f.counter_evidence}["employees"] == (
        "present",
        "left out: 2 parties",
    )


def lent_dearly(start: str) -> Frames:
    """Twelve loans of 900,000 each at 48 %, by the affiliate, from a day on one a month."""
    frames = rl08.affiliate_toy_tables()
    first = datetime.date.fromisoformat(start)
    rows = rows_of(frames, "loans")
    for n, row in enumerate(rows):
        day = first + datetime.timedelta(30 * (n % 12))
        row |= {"rate": "0.48", "principal": "900000", "start": str(day), "end": ""}
    return {**frames, "loans": frame_of(rows)}


def changed_rate(frames: Frames, rate: str) -> Frames:
    return {**frames, "loans": frames["loans"].assign(rate=rate)}


def test_before_their_law_the_figures_of_the_crime_are_none() -> None:
    """法发〔2019〕24号 is in force from 2019-10-21, and not for what was done before (art. 8)."""
    old = lent_dearly("2016-01-10")
    (f,) = found(old, as_of="2018-12-31")
    assert f.severity == "high" and "not yet in force" in f.severity_note
    assert not [name for name in f.parameters if name.startswith("crime")]
    (f,) = found(old)
    assert f.severity == "high" and "lent before the law" in f.severity_note
    assert [f.severity for f in found(lent_dearly("2019-10-21"))] == ["critical"]
    cheap = changed_rate(old, "0.24")
    assert not found(cheap)[0].severity_note, "nothing holds it down"
    (f,) = found(lent_dearly("2019-10-20"))  # eleven, 9.9 million, are left
    assert f.severity == "high" and "lent before the law" in f.severity_note


def test_a_limit_that_somebody_gives_holds_on_every_day(tmp_path: Path) -> None:
    file = tmp_path / "law.csv"
    lines = ("code,name,value", "RL-08,crime_rate,0.24", "RL-08,crime_company,5000000")
    file.write_text("\n".join(lines), encoding="utf-8")
    (f,) = found(lent_dearly("2016-01-10"), as_of="2018-12-31", law=file)
    assert f.severity == "critical" and f.parameters["crime_company"]["basis"] == "file"
    (f,) = found(lent_dearly("2016-01-10"), law=file)
    assert f.severity == "critical"


def test_savers_pay_first_and_are_no_borrowers() -> None:
    frames = rl08.unregistered_toy_tables()
    rows = rows_of(frames, "transfers")
    for n in range(12):  # the same parties had put money in before: what they get is their own
        rows.append(
            {"transfer_id": f"s{n}", "time": "2019-12-01T10:00:00", "source": f"a{n:02d}", "target": "own",
             "amount": "90000"}
        )  # fmt: skip
    assert not found({**frames, "transfers": frame_of(rows)})


def test_as_of_a_day_only_what_was_lent_until_then_counts() -> None:
    assert not found(rl08.toy_tables(), as_of="2021-01-31")
    assert len(found(rl08.toy_tables(), as_of="2021-12-31")) == 1


loans = st.lists(
    st.tuples(
        st.integers(0, 1500), st.integers(1, 9), st.sampled_from(["CREDIT", "P1", ""]), st.integers(0, 5)
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=30)
@given(loans)
def test_the_share_and_the_count_are_what_plain_loops_say(drawn: list[tuple[int, int, str, int]]) -> None:
    frames = rl08.affiliate_toy_tables()
    day = datetime.date(2018, 1, 1)
    frames["loans"] = frame_of(
        [
            {"loan_id": f"L{n}", "platform_id": "PLATFORM", "lender_id": lender, "borrower_id": f"B{who:02d}",
             "principal": f"{thousand}000", "start": str(day + datetime.timedelta(at))}
            for n, (at, thousand, lender, who) in enumerate(drawn)
        ]
    )  # fmt: skip
    own = [(at, thousand, who) for at, thousand, lender, who in drawn if lender == "CREDIT"]
    most = max((sum(0 <= other - at <= 730 for other, _, _ in own) for at, _, _ in own), default=0)
    who = {each for _, _, each in own}
    case = case_of(frames)
    facts = list(find(case, count=2, borrowers=1, as_of=None))
    if most < 2:
        assert not facts
        return
    (f,) = facts
    assert f.value == Fraction(sum(t for _, t, _ in own), sum(t for _, t, _, _ in drawn))
    assert [int(m.value) for m in f.measures[1:]] == [most, len(who)]


def test_before_a_law_gave_a_count_our_default_is_what_it_is_compared_with() -> None:
    """Ten times within two years is of 2019-10-21: what was lent before is no business by that law."""

    def count(day: str, **more: Any) -> tuple[str, str]:
        (f,) = find(case_of(lent_dearly(day)), **more)
        return next(m.basis for m in f.measures if m.name == "count"), state(f, "business")

    assert count("2016-01-10") == ("default", "inferred")
    assert count("2016-01-10", as_of="2018-12-31") == ("default", "inferred")
    assert count("2019-10-21") == ("law", "shown")
    assert count("2019-10-20") == ("law", "shown"), "eleven of them are left, and are enough"
    assert count("2016-01-10", count=10) == ("argument", "shown"), "what is given holds on every day"


def state(f: Finding, name: str) -> str:
    return next(e.state for e in f.elements if e.name == name)


def test_a_limit_is_from_its_first_law_on_and_a_given_one_from_ever() -> None:
    case = case_of(rl08.toy_tables())
    ask = Inquiry(LINE, case, "2018-12-31", None)
    assert not ask.in_force("count") and ask.in_force("share")
    assert first_day(ask, "count") == datetime.date(2019, 10, 21) and first_day(ask, "share") is None
    given_one = Inquiry(LINE, case, "2018-12-31", {("RL-08", "count"): Fraction(5)})
    assert given_one.in_force("count") and first_day(given_one, "count", given=True) is None
    assert first_day(given_one, "count") == datetime.date(2019, 10, 21), "no rule is older for that"


def test_without_a_register_a_licence_covers_what_was_lent_under_it_only() -> None:
    frames = rl08.unregistered_toy_tables()
    paid = sorted(row["time"] for row in rows_of(frames, "transfers"))
    (f,) = found(frames)

    def under(since: str, until: str) -> list[Finding]:
        holders = {row["party_id"] for row in rows_of(frames, "accounts")} - {""}
        rows = [
            {"party_id": each, "function": "lending", "since": since, "until": until}
            for each in sorted(holders)
        ]
        return found({**frames, "licences": frame_of(rows)})

    assert not under("2000-01-01", "")
    (again,) = under("2000-01-01", paid[0][:10])
    assert again.amount == f.amount, "one that was over when it lent covers nothing"
