"""Small cases at the edges of the definition, each of which once gave a wrong answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import graphflow as gf
from graphflow.ledger import Ledger
from graphflow.synthesis import toys
from graphflow.tracing import chains

RULES = ("fifo", "prorata")


def frame(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Transfers: id, source, target, amount and further columns, ten minutes after one another."""
    lines = []
    for number, (name, source, target, amount, *more) in enumerate(rows):
        line = {"transfer_id": name, "time": f"2024-05-01T{9 + number // 6:02d}:{number % 6}0:00"}
        line.update({"source": source, "target": target, "amount": amount, **(more[0] if more else {})})
        lines.append(line)
    columns = sorted({name for line in lines for name in line})
    return pd.DataFrame({name: [line.get(name) for line in lines] for name in columns}, dtype="str")


def ends(trace: Any) -> list[tuple[Any, ...]]:
    columns = ("kind", "account_id", "currency", "amount", "seed_amount")
    return sorted(zip(*(trace.ends[name].tolist() for name in columns), strict=True))


def into(currency: str, amount: str) -> dict[str, str]:
    return {"target_currency": currency, "target_amount": amount}


@pytest.mark.parametrize("rule", RULES)
def test_a_limit_beyond_a_conversion_ends_in_the_other_currency(rule: str) -> None:
    transfers = frame(
        ("s", "X", "A", "100"),
        ("c", "A", "B", "100", into("USD", "14")),
        ("d", "B", "C", "14", {"currency": "USD"}),
    )
    trace = gf.trace(gf.Case.from_tables(transfers=transfers), "transfer:s", rule=rule, max_hops=1)
    assert ends(trace) == [("horizon", "B", "USD", 1400, 10000)]


@pytest.mark.parametrize("rule", RULES)
def test_what_one_compartment_paid_and_a_conversion_rounded_to_nothing_ends_there(rule: str) -> None:
    transfers = frame(
        ("s1", "X", "K", "0.10", {"order_id": "o1"}),
        ("s2", "X", "K", "0.10", {"order_id": "o2"}),
        ("c", "K", "B", "0.20", {"order_id": "o1", **into("USD", "0.01")}),
        ("d", "B", "C", "0.01", {"currency": "USD"}),
    )
    accounts = pd.DataFrame({"account_id": ["K"], "kind": ["client_custody"]})
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    trace = gf.trace(case, "transfer:s1,s2", rule=rule)
    # under pro rata nobody's money is first: all of it is worth one
    paid = {"fifo": [("balance", "B", "USD", 0, 10), ("balance", "C", "USD", 1, 10)]}
    assert ends(trace) == paid.get(rule, [("balance", "C", "USD", 1, 20)])
    assert trace.chains()["amount"].sum() == trace.seed == 20


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("backward", [False, True])
def test_a_row_that_was_undone_still_opens_and_closes_the_case(rule: str, backward: bool) -> None:
    rows = [
        ("s", "A", "B", "2"),
        ("u", "P", "Q", "3"),
        ("v", "Q", "P", "3", {"reversal_of": "u"}),
    ]
    if backward:  # the undone rows first
        rows = [*rows[1:], rows[0]]
    period = (
        {"covered_from": ["2024-05-01T09:20:00"]} if backward else {"covered_to": ["2024-05-01T09:05:00"]}
    )
    accounts = pd.DataFrame({"account_id": ["A" if backward else "B"], **period})
    case = gf.Case.from_tables(transfers=frame(*rows), accounts=accounts)
    trace = gf.trace(case, "transfer:s", rule=rule, backward=backward)
    assert ends(trace) == [("frontier", "A" if backward else "B", "CNY", 200, 200)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("backward", [False, True])
def test_a_balance_is_a_seed_where_every_row_was_undone(rule: str, backward: bool) -> None:
    transfers = frame(("a", "B", "A", "3"), ("b", "A", "B", "3", {"reversal_of": "a"}))
    accounts = pd.DataFrame({"account_id": ["B"], "opening_balance": ["5"]})
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    trace = gf.trace(case, "balance:B@2024-05-01T12:00:00", rule=rule, backward=backward)
    assert (trace.seed, ends(trace)) == (500, [("balance", "B", "CNY", 500, 500)])
    assert trace.chains()["amount"].tolist() == [500]
    assert len(trace.seeds) == 1


def test_sums_that_64_bits_would_not_hold_are_refused() -> None:
    """The rulers of an account are as long as all that passed it, however little stands there."""
    money = "45035996273704.95"  # 2**52 - 1 minor units
    there = [(f"t{i}", *("AB" if i % 2 else "BA"), money) for i in range(1100)]
    frame_ = frame(*there).assign(time=[f"2024-05-01T10:00:00.{i:06d}" for i in range(1100)])
    case = gf.Case.from_tables(transfers=frame_)
    with pytest.raises(gf.InputError, match=f"add up to {1100 * (2**52 - 1)}"):
        gf.trace(case, "transfer:t0")


def test_an_amount_that_would_not_be_divided_exactly_is_refused_also_outside_coverage() -> None:
    transfers = frame(("big", "X", "A", "45035996273704.96"), ("s", "A", "B", "1"))
    accounts = pd.DataFrame({"account_id": ["B"], "covered": ["true"]})
    with pytest.raises(gf.InputError, match="too large a number; .*45035996273704.96"):
        gf.Case.from_tables(transfers=transfers, accounts=accounts)


@pytest.mark.parametrize("rule", RULES)
def test_statements_that_contradict_one_another_do_not_let_later_rows_come_first(rule: str) -> None:
    """The payer says first a, then b, the payee the other way round; c and d are later, in no known order."""
    transfers = frame(
        ("a", "A", "B", "1", {"source_sequence": "1", "target_sequence": "2"}),
        ("b", "A", "B", "1", {"source_sequence": "2", "target_sequence": "1"}),
        ("c", "B", "C", "1"),
        ("d", "B", "D", "1"),
    )
    transfers["time"] = ["2024-05-01T09:00:00"] * 2 + ["2024-05-01T09:10:00"] * 2
    case = gf.Case.from_tables(transfers=transfers)
    assert case.ledger.transfer_ids.to_pylist() == ["a", "b", "c", "d"]
    assert [gap["transfer_id"] for gap in case.ledger.breaks] == ["a"]
    trace = gf.trace(case, "transfer:a", rule=rule)
    assert "balance:B" not in {f"{kind}:{account}" for kind, account, *_ in ends(trace)}


@pytest.mark.parametrize(
    ("references", "seed"),
    [
        ("balance:B@2024-05-01,C@2024-05-02", 200 + 100),
        ('balance:B@2024-05-01,"C"@2024-05-02=0.40', 200 + 40),
        ('transfer:"a"=0.30', 30),
    ],
)
def test_times_and_amounts_of_references(references: str, seed: int) -> None:
    transfers = frame(("a", "A", "B", "3"), ("b", "B", "C", "1"))
    assert gf.trace(gf.Case.from_tables(transfers=transfers), references).seed == seed


@pytest.mark.parametrize(
    ("references", "says"),
    [
        ('transfer:"a"x', "behind an id in quotes"),
        ('transfer:"a"@2024-05-01', "only a balance has a time"),
        ('account:"A"@2024', "only a balance has a time"),
        ("balance:B@2024-05-01,C", "a balance needs a time"),
    ],
)
def test_what_stands_behind_a_reference_is_never_ignored(references: str, says: str) -> None:
    case = gf.Case.from_tables(transfers=frame(("a", "A", "B", "3"), ("b", "B", "C", "1")))
    with pytest.raises(gf.UsageError, match=says):
        gf.trace(case, references)


@pytest.mark.parametrize("rule", RULES)
def test_limits_beyond_64_bits_are_limits(rule: str) -> None:
    case = gf.Case.from_tables(transfers=frame(("a", "A", "B", "3"), ("b", "B", "C", "1")))
    trace = gf.trace(case, "transfer:a", rule=rule, max_hops=10**30)
    assert ends(trace) == [("balance", "B", "CNY", 200, 200), ("balance", "C", "CNY", 100, 100)]
    trace = gf.trace(case, "transfer:a", rule=rule, min_amount="1e30")
    assert ends(trace) == [("balance", "B", "CNY", 200, 200), ("horizon", "B", "CNY", 100, 100)]
    for wrong in (1.5, "3", True, -1):
        with pytest.raises(gf.UsageError, match="max_hops"):
            gf.trace(case, "transfer:a", rule=rule, max_hops=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("harm", ["gone", "empty", "half"])
def test_a_damaged_ledger_is_one_clear_message(tmp_path: Path, harm: str) -> None:
    ledger = gf.Case.from_tables(transfers=frame(("a", "A", "B", "3"), ("b", "B", "C", "1"))).ledger
    ledger.save(tmp_path)
    assert Ledger.open(tmp_path).size == 2
    for file in sorted(tmp_path.iterdir()):
        content = file.read_bytes()
        if harm == "gone":
            file.unlink()
        else:
            file.write_bytes(b"" if harm == "empty" else content[: len(content) // 2])
        with pytest.raises(gf.InputError, match="damaged"):
            Ledger.open(tmp_path)
        file.write_bytes(content)


@pytest.mark.parametrize("timezone", ["Asia/Shanghai", "America/New_York"])
def test_the_first_and_the_last_day_of_the_calendar_are_periods_without_an_end(timezone: str) -> None:
    case = gf.Case.from_tables(transfers=frame(("a", "A", "B", "3"), ("b", "B", "C", "1")), timezone=timezone)
    for backward in (False, True):
        trace = gf.trace(case, "transfer:b", backward=backward, since="0001-01-01", until="9999-12-31")
        assert ends(trace) == ends(gf.trace(case, "transfer:b", backward=backward))


def accounts_of(**kinds: dict[str, str]) -> pd.DataFrame:
    """A table of accounts: what is told of each."""
    lines = [{"account_id": name, **told} for name, told in kinds.items()]
    columns = sorted({column for line in lines for column in line})
    return pd.DataFrame({name: [line.get(name) for line in lines] for name in columns}, dtype="str")


@pytest.mark.parametrize("rule", RULES)
def test_the_period_holds_rows_by_their_own_time_where_others_are_on_their_way(rule: str) -> None:
    """The period's last step is the arrival of an earlier row; backward its first is that of one."""
    transfers = frame(
        ("a", "A", "B", "3", {"target_time": "2024-05-01T09:15:00"}),
        ("s", "C", "D", "1"),
        ("u", "A", "B", "3", {"target_time": "2024-05-01T09:35:00"}),
        ("v", "P", "D", "1"),
        ("w", "P", "D", "1"),
    )
    transfers.loc[1, "time"] = "2024-05-01T09:12:00"
    case = gf.Case.from_tables(transfers=transfers)
    trace = gf.trace(case, "transfer:s", rule=rule, until="2024-05-01T09:15:00")
    assert ends(trace) == [("balance", "D", "CNY", 100, 100)]
    trace = gf.trace(case, "transfer:w", rule=rule, backward=True, since="2024-05-01T09:35:00")
    assert ends(trace) == [("balance", "P", "CNY", 100, 100)]
    for asked in ({"until": "2024-05-01T09:11:59"}, {"since": "2024-05-01T09:12:01", "backward": True}):
        with pytest.raises(gf.UsageError, match="moved nothing (until|since)"):
            gf.trace(case, "transfer:s", rule=rule, **asked)


@pytest.mark.parametrize("rule", RULES)
def test_what_a_custody_account_owes_at_first_is_its_lenders_once(rule: str) -> None:
    transfers = frame(("in", "E", "A", "0.27"), ("out", "A", "C", "0.28"))
    accounts = accounts_of(A={"kind": "client_custody", "opening_balance": "-0.01"})
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    trace = gf.trace(case, "transfer:in", rule=rule)
    assert ends(trace) == [("balance", "C", "CNY", 26, 26), ("lender", "A", "CNY", 1, 1)]
    with pytest.raises(gf.UsageError, match="nothing stood"):
        gf.trace(case, "balance:A@2024-05-01T12:00:00", rule=rule)


@pytest.mark.parametrize("rule", RULES)
def test_a_custody_account_all_of_whose_rows_were_undone_is_divided_among_nobody(rule: str) -> None:
    transfers = frame(
        ("a", "A", "B", "5"),
        ("c", "B", "C", "5", into("USD", "1")),
        ("u", "B", "A", "5", {"reversal_of": "a"}),
    )
    accounts = accounts_of(A={"kind": "reserve_special"})
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    assert ends(gf.trace(case, "transfer:c", rule=rule)) == [("balance", "C", "USD", 100, 500)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("backward", [False, True])
def test_money_that_stood_still_is_a_balance(rule: str, backward: bool) -> None:
    """An opening is stated, and no row is of that account, period or currency."""
    transfers = frame(("a", "A", "B", "3"), ("b", "B", "D", "1"))
    accounts = accounts_of(
        B={"covered": "true"},
        D={"covered": "true", "opening_balance": "44"},
        E={"kind": "client_custody", "currency": "USD", "covered": "true", "opening_balance": "7"},
        G={"kind": "clearing", "opening_balance": "9"},
    )
    coverage = pd.DataFrame(
        {
            "account_id": ["B", "B", "F"],
            "from": ["2024-05-01", "2024-07-01", "2024-04-01"],
            "to": ["2024-05-31", "2024-07-31", "2024-05-31"],
            "opening_balance": ["1", "12", "6"],
        },
        dtype="str",
    )
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts, coverage=coverage)

    def standing(place: str) -> list[tuple[Any, ...]]:
        return ends(gf.trace(case, f"balance:{place}", rule=rule, backward=backward))

    assert standing("D@2024-04-30") == [("balance", "D", "CNY", 4400, 4400)]
    assert standing("E@2024-05-01") == [("balance", "E", "USD", 700, 700)]
    # what stood there before the case's first row had come before it, and the second period begins after the last
    assert standing("F@2024-04-01") == [("balance", "F", "CNY", 600, 600)]
    there = ("frontier" if backward else "balance", "B", "CNY", 1200, 1200)
    assert standing("B@2024-07-15") == [there]
    for nothing in ("G@2024-05-01", "A@2024-05-01"):
        with pytest.raises(gf.UsageError, match="nothing stood" if nothing[0] == "G" else "no statement"):
            standing(nothing)


@pytest.mark.parametrize("rule", RULES)
def test_an_amount_that_is_worth_nothing_stays_among_the_ends(rule: str) -> None:
    """Converted, two units are worth a hundred; one that is paid on is worth nothing in the seed's currency."""
    transfers = frame(
        ("s", "X", "E", "0.01", into("USD", "0.02")), ("p", "E", "C", "0.01", {"currency": "USD"})
    )
    case = gf.Case.from_tables(transfers=transfers)
    trace = gf.trace(case, "transfer:s", rule=rule)
    assert {(kind, account): (local, seed) for kind, account, _, local, seed in ends(trace)} == {
        ("balance", "C"): (1, 1), ("balance", "E"): (1, 0)
    }  # fmt: skip
    assert trace.chains()["amount"].sum() == trace.seed == 1


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("backward", [False, True])
def test_what_several_compartments_pay_is_converted_as_one_transfer(rule: str, backward: bool) -> None:
    """The first compartment's cent alone would be worth nothing in the other currency."""
    transfers = frame(
        ("s1", "X", "K", "0.01", {"order_id": "o1"}),
        ("s2", "Y", "K", "0.29", {"order_id": "o2"}),
        ("c", "K", "B", "0.40", {"order_id": "o1", **into("USD", "0.04")}),
        ("d", "B", "C", "0.04", {"currency": "USD"}),
    )
    accounts = accounts_of(K={"kind": "client_custody", "opening_balance": "0"})
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    trace = gf.trace(case, "transfer:c", rule=rule, backward=backward)
    shared = [("balance", "X", "CNY", 1, 1), ("balance", "Y", "CNY", 29, 29), ("lender", "K", "CNY", 10, 10)]
    assert ends(trace) == (shared if backward else [("balance", "C", "USD", 4, 40)])
    trace = gf.trace(case, "transfer:d", rule=rule, backward=True)
    assert sum(seed for *_, seed in ends(trace)) == trace.seed == 4
    assert [(kind, account, local) for kind, account, _, local, _ in ends(trace)] == [
        x[:2] + x[3:4] for x in shared
    ]
    assert trace.transfers.set_index("transfer_id")["traced"].to_dict() == {"s1": 1, "s2": 29, "c": 40}
    assert {tuple(way)[:2] for way in trace.chains()["transfers"]} == {("d", "c")}
    mixed = gf.trace(case, "balance:K@2024-05-01T09:10:00", rule=rule)
    assert ends(mixed) == [("balance", "C", "USD", 3, 30)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("backward", [False, True])
def test_money_in_transit_arrives_where_all_events_stand_in_order_already(rule: str, backward: bool) -> None:
    transfers = frame(("a", "A", "B", "3"), ("b", "B", "C", "2", {"target_time": "2024-05-01T09:30:00"}))
    case = gf.Case.from_tables(transfers=transfers)
    trace = gf.trace(case, f"transfer:{'b' if backward else 'a'}", rule=rule, backward=backward)
    stands = [("balance", "A", "CNY", 200, 200)]
    assert ends(trace) == (
        stands if backward else [("balance", "B", "CNY", 100, 100), ("balance", "C", "CNY", 200, 200)]
    )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("backward", [False, True])
def test_a_part_of_what_a_clearing_account_holds_is_of_the_earmark_that_came_first(
    rule: str, backward: bool
) -> None:
    transfers = frame(
        ("z", "D", "K", "3", {"clearing_id": "o9"}),
        ("a", "C", "K", "5", {"clearing_id": "o1"}),
        ("p", "K", "E", "3", {"clearing_id": "o9"}),
        ("q", "K", "F", "4", {"clearing_id": "o1"}),
    )
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts_of(K={"kind": "clearing"}))
    for part, taken in (("3", {"D": 300}), ("4.50", {"D": 300, "C": 150}), ("8", {"D": 300, "C": 500})):
        trace = gf.trace(case, f"balance:K@2024-05-01T09:10:00={part}", rule=rule, backward=backward)
        found = {account: amount for _, account, _, amount, _ in ends(trace)}
        if backward:
            assert found == taken
        elif part == "8":
            assert found == {"E": 300, "F": 400, "K": 100}
        else:
            assert found["E"] == 300


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("later", ["", "2024-05-01T10:00:00"])
def test_a_part_of_a_seed_is_its_first_money_also_where_it_was_in_transit(rule: str, later: str) -> None:
    """The account pays out of its own money first, then out of that of the order."""
    transfers = frame(
        ("y", "B", "K", "5", {"order_id": "o1"}), ("x", "K", "C", "8", {"target_time": later or None})
    )
    accounts = accounts_of(K={"kind": "reserve_special", "opening_balance": "4"})
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    trace = gf.trace(case, "transfer:x=5", rule=rule, backward=True)
    assert ends(trace) == [("balance", "B", "CNY", 100, 100), ("balance", "K", "CNY", 400, 400)]


def test_worth_is_spread_from_the_beginning_of_the_money_backward_too() -> None:
    transfers = frame(("x", "C", "A", "0.01"), ("z", "A", "B", "0.02", into("USD", "0.03")))
    accounts = accounts_of(A={"opening_balance": "0.01"})
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    trace = gf.trace(case, "balance:B@2024-05-01T12:00:00", rule="fifo", backward=True)
    assert ends(trace) == [("balance", "A", "CNY", 1, 2), ("balance", "C", "CNY", 1, 1)]


@pytest.mark.parametrize("rule", RULES)
def test_a_row_that_was_undone_closes_the_case_when_it_would_have_arrived(rule: str) -> None:
    transfers = frame(
        ("s", "A", "B", "2"),
        ("u", "P", "Q", "3"),
        ("v", "Q", "P", "3", {"reversal_of": "u", "target_time": "2024-05-01T10:00:00"}),
    )
    accounts = accounts_of(B={"covered_to": "2024-05-01T09:40:00"})
    trace = gf.trace(gf.Case.from_tables(transfers=transfers, accounts=accounts), "transfer:s", rule=rule)
    assert ends(trace) == [("frontier", "B", "CNY", 200, 200)]


def test_a_period_that_ends_before_it_begins() -> None:
    with pytest.raises(gf.UsageError, match="begins after the period ends"):
        gf.trace(toys.t1(), "transfer:a", since="2024-03-02", until="2024-03-01")


def test_balances_prove_nothing_against_rows_whose_order_is_open() -> None:
    """Forty rows of one second: too many orders chain to look through them; the row behind them has a say."""
    held = 1000
    rows: list[tuple[Any, ...]] = [("a", "2024-03-01T08:00:00", "B", "A", 1000, None, held)]
    for number in range(20):  # paid and given back, twenty times over
        at = "2024-03-01T09:00:00"
        rows.append((f"paid{number:02d}", at, "A", "B", 10, held - 10, None))
        rows.append((f"repaid{number:02d}", at, "B", "A", 10, None, held))

    def breaks(behind: int) -> list[Any]:
        last = ("z", "2024-03-01T10:00:00", "A", "B", 5, behind, None)
        names = ["transfer_id", "time", "source", "target", "amount", "source_balance", "target_balance"]
        texts = [[None if x is None else str(x) for x in row] for row in (*rows, last)]
        ledger = gf.Case.from_tables(transfers=pd.DataFrame(texts, columns=names)).ledger
        assert set(ledger.open_rows[:, 1].tolist()) == {0, 1}
        return [(found["kind"], found["transfer_id"], found["amount"]) for found in ledger.breaks]

    assert breaks(held - 5) == []
    assert breaks(held - 105) == [("balance", "z", -100_00)]


@pytest.mark.parametrize("by", ["account", "party"])
def test_money_that_overdrafts_hand_round_too_often_is_refused_by_name(
    by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B pays A before it has anything and A more than that back: a unit that covers A's last one is each time a
    unit nearer to the first."""
    transfers = frame(
        ("y", "B", "Y", "0.01"),
        ("there", "B", "A", "1.00"),
        ("back", "A", "B", "1.01"),
        ("s", "S", "A", "0.01"),
    )
    accounts = pd.DataFrame(
        [{"account_id": name, "opening_balance": "0", "party_id": "P"} for name in "AB"], dtype="str"
    )
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    trace = gf.trace(case, "transfer:s", overdraft="coordinated", by=by)
    assert ends(trace) == [("balance", "Y", "CNY", 1, 1)]
    assert dict(zip(trace.transfers["transfer_id"], trace.transfers["traced"].tolist(), strict=True)) == {
        "y": 1, "there": 100, "back": 101
    }  # fmt: skip
    assert trace.chains()["hops"].tolist() == [202 if by == "account" else 1]
    monkeypatch.setattr(chains, "LONGEST", 203)  # the seed is a move as well
    assert ends(gf.trace(case, "transfer:s", overdraft="coordinated", by=by)) == ends(trace)
    monkeypatch.setattr(chains, "LONGEST", 202)
    with pytest.raises(gf.UsageError, match="hand the same money round more than 202 times"):
        gf.trace(case, "transfer:s", overdraft="coordinated", by=by)
    assert ends(gf.trace(case, "transfer:s", by=by)) == [
        ("lender", None if by == "party" else "A", "CNY", 1, 1)
    ]


EVERY = ("fifo", "lifo", "prorata", "libr")


@pytest.mark.parametrize("rule", EVERY)
def test_a_limited_question_with_several_seeds_lists_a_transfer_once(rule: str) -> None:
    """Each seed's share of a payment was listed as a transfer of its own."""
    transfers = frame(
        ("a", "A", "M", "30"), ("b", "B", "M", "70"), ("x", "M", "X", "100"), ("y", "X", "Y", "90")
    )
    trace = gf.trace(gf.Case.from_tables(transfers=transfers), "transfer:a,b", rule=rule, max_hops=1)
    assert trace.transfers[["transfer_id", "traced", "seed_amount"]].values.tolist() == [["x", 10000, 10000]]


@pytest.mark.parametrize("rule", EVERY)
def test_balances_of_one_account_are_one_beginning(rule: str) -> None:
    """What left a limit at several times was listed as several chains without transfers."""
    transfers = frame(
        ("a", "A", "M", "100"), ("x", "M", "X", "30"), ("b", "B", "M", "50"), ("y", "M", "Y", "40")
    )
    case = gf.Case.from_tables(transfers=transfers)
    seed = "balance:M@2024-05-01T09:05:00,balance:M@2024-05-01T09:25:00"
    trace = gf.trace(case, seed, rule=rule, max_hops=0)
    listed = trace.chains()[["transfers", "kind", "amount"]].values.tolist()
    assert sorted(listed) == [[(), "balance", 8000], [(), "horizon", 7000], [(), "recirculated", 7000]]
    # of the two only both together are as much
    kept = gf.trace(case, seed, rule=rule, min_amount="50", max_hops=1).chains()
    assert sorted(map(tuple, kept[["transfers", "amount"]].values)) == [((), 7000), ((), 7000), ((), 8000)]
    full = gf.trace(case, seed, rule=rule)
    assert full.chains(order="speed")["transfers"].tolist()[:2] == [("x",), ("y",)]
    assert full.by_seed()["seed"].unique().tolist() == ["M"]


@pytest.mark.parametrize("rule", EVERY)
def test_balances_of_one_party_are_one_beginning_by_party(rule: str) -> None:
    transfers = frame(
        ("a", "A", "M", "10"), ("b", "B", "N", "20"), ("i", "N", "M", "20"), ("x", "M", "X", "30")
    )
    accounts = pd.DataFrame({"account_id": ["M", "N"], "party_id": ["P", "P"]})
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    trace = gf.trace(
        case, "balance:M@2024-05-01T09:15:00,balance:N@2024-05-01T09:15:00", rule=rule, by="party"
    )
    assert trace.chains()[["transfers", "amount"]].values.tolist() == [[("x",), 3000]]
    assert trace.by_seed()[["seed", "seed_amount"]].values.tolist() == [["P", 3000]]
