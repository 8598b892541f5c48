"""What a user names is found by every number it has; where it is not, the message says what there is."""

from __future__ import annotations

import pandas as pd
import pytest

import graphflow as gf
import graphflow.tracing.references as references_module
import graphflow.tracing.seeds as seeds_module
from graphflow.language import describe
from graphflow.tracing.references import reference_to, resolve, written

TRANSFERS = [
    ("t1", "2024-01-02", "A1", "B1", "100.00", "CNY", "m1", "L"),
    ("t2", "2024-02-02", "B1", "A2", "40.00", "CNY", "m2", None),
    ("t3", "2024-03-02", "B1", "A1", "7.00", "USD", "m2", None),
    ("t4", "2024-03-03", "A2", "A1", "5.00", "CNY", None, None),
]
COLUMNS = ("transfer_id", "time", "source", "target", "amount", "currency", "mirror_id", "loan_id")


@pytest.fixture(scope="module")
def case() -> gf.Case:
    import pandas as pd

    accounts = pd.DataFrame(
        {
            "account_id": ["A1", "A2", "B1"],
            "party_id": ["PA", "PA", "PB"],
            "aliases": ["6222020200001234567;card", "joint", "joint"],
        }
    )
    parties = pd.DataFrame(
        {"party_id": ["PA", "PB", "PC"], "kind": "person", "name": ["张三", "李四", "张三"]}
    )
    loans = pd.DataFrame(
        {"loan_id": ["loan:93", "loan:7", "7"], "borrower_id": "PB", "principal": "1", "start": "2024-01-01"}
    )
    transfers = pd.DataFrame(TRANSFERS, columns=COLUMNS)
    return gf.Case.from_tables(transfers=transfers, accounts=accounts, parties=parties, loans=loans)


def said(case: gf.Case, reference: str, language: str = "en", **settings: object) -> str:
    with pytest.raises(gf.UsageError) as raised:
        gf.trace(case, reference, **settings)
    return describe(raised.value, language)


@pytest.mark.parametrize(
    ("name", "kind", "ident"),
    [
        ("card", "account", "A1"),
        ("account:6222020200001234567", "account", "A1"),
        ("m1", "transfer", "t1"),
        ("93", "loan", "loan:93"),
        ("李四", "party", "PB"),
    ],
)
def test_every_number_is_found_with_its_kind_and_without(case, name, kind, ident):
    assert [(each.kind, each.id) for each in resolve(case, name)] == [(kind, ident)]


@pytest.mark.parametrize(
    ("name", "hits"),
    [
        ("joint", "account:A2, account:B1"),
        ("account:joint", "account:A2, account:B1"),
        ("m2", "transfer:t2, transfer:t3"),
        ("transfer:m2", "transfer:t2, transfer:t3"),
        ("张三", "party:PA, party:PC"),
    ],
)
def test_what_several_have_is_taken_for_none_of_them(case, name, hits):
    assert said(case, name).endswith(f"could be 2 things; given: {name}; expected: {hits}")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("party:张三", "; expected: party:PA, party:PC"),
        ("account:PB", "; expected: party:PB"),
        ("party:card", "; expected: account:A1"),
        ("account:nosuch", "given: account:nosuch"),
        ("transfer:tt1", "; expected: transfer:t1"),
        ("account:b1x", "; expected: account:B1"),
        ("loan:92", "; expected: loan:93"),
    ],
)
def test_only_what_may_be_meant_is_hinted_at(case, name, hint):
    kind = name.partition(":")[0]
    assert f"no {kind} has the id" in said(case, name) and said(case, name).endswith(hint)
    assert "没有" in said(case, name, "zh") and f"的 {kind}" not in said(case, name, "zh")


def test_a_mistyped_number_among_many_alike_is_found():
    """One wrong digit anywhere in nineteen; numbers that merely begin alike are not offered."""
    import pandas as pd

    numbers = [f"62220202000{i * 7919:08d}" for i in range(3000)]
    rows = [(f"t{i}", "2024-01-01", number, "X", "1.00") for i, number in enumerate(numbers)]
    case = gf.Case.from_tables(transfers=pd.DataFrame(rows, columns=COLUMNS[:5]))
    for at in (0, 9, 18):
        wrong = numbers[2900][:at] + "x" + numbers[2900][at + 1 :]
        assert f"; expected: account:{numbers[2900]}" in said(case, f"account:{wrong}")
    assert "expected" not in said(case, "account:6222020200099999999")


def test_a_reference_without_money_says_which_way_in_what_currency_when_and_what_there_is(case):
    assert said(case, "account:A1", currency="USD") == (
        "reference: A1 paid others nothing in USD in the whole case, net of reversals; in the whole case it paid "
        "others 100.00 CNY (2024-01-02) and received 5.00 CNY (2024-03-03), 7.00 USD (2024-03-02); "
        "given: account:A1"
    )
    assert "PB received nothing from others since 2024-02-01" in said(
        case, "party:PB", backward=True, since="2024-02-01"
    )
    assert "no repayment in CNY of loan loan:93 until 2024-05-01" not in said(
        case, "loan:93", backward=True, until="2024-05-01"
    )
    assert "no repayment of loan loan:93 until 2024-05-01" in said(
        case, "loan:93", backward=True, until="2024-05-01"
    )
    between = said(case, "transfer:t1", since="2024-02-01", until="2024-02-03")
    assert "t1 moved nothing between 2024-02-01 and 2024-02-03" in between and "100.00 CNY" in between
    assert said(case, "account:A1=0").startswith("reference: there is nothing to trace in an amount of zero")
    assert "A1 没有以 USD 向他方付款" in said(case, "account:A1", "zh", currency="USD")


def test_a_wrong_currency_is_one_error(case):
    assert len(said(case, "account:A1,account:B1", currency="EUR").splitlines()) == 1
    several = said(case, "account:B1,account:A1")
    assert len(several.splitlines()) == 1 and "CNY 140.00, USD 7.00" in several


def test_a_reference_is_written_as_shortly_as_it_is_still_found(case):
    assert reference_to(case, "loan", "loan:93") == "loan:93"
    assert reference_to(case, "loan", "loan:7") == "loan:loan:7"  # loan:7 is another one
    for ident in ("loan:93", "loan:7", "7"):
        assert resolve(case, reference_to(case, "loan", ident))[0].id == ident


def test_a_reference_means_exactly_its_id():
    assert written("account", "14001001000048271") == "account:14001001000048271"
    assert written("account", "A@B") == 'account:"A@B"'


def test_a_balance_at_two_times_between_which_nothing_moved_is_one_seed() -> None:
    """Also where rows of others lie between; a row of its own makes it two, of which the later meets the earlier."""
    rows = [
        ("in", "S", "A", "10", "09:00"),
        ("other", "X", "Y", "5", "11:00"),
        ("out", "A", "Z", "4", "13:00"),
    ]
    transfers = pd.DataFrame(
        [(name, a, b, amount, f"2024-03-01 {time}") for name, a, b, amount, time in rows],
        columns=["transfer_id", "source", "target", "amount", "time"], dtype="str",
    )  # fmt: skip
    accounts = pd.DataFrame([{"account_id": "A", "opening_balance": "0"}], dtype="str")
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts, timezone="Asia/Shanghai")

    def seeds(*times: str, backward: bool = False) -> list[tuple[str, int]]:
        t = gf.trace(case, [f"balance:A@2024-03-01 {time}" for time in times], backward=backward)
        assert int(t.ends["seed_amount"].sum()) == t.seed == int(t.seeds["seed_amount"].sum())
        local = t.seeds["time"].dt.tz_convert("Asia/Shanghai").dt.strftime("%H:%M")
        return list(zip(local, t.seeds["seed_amount"].tolist(), strict=True))

    for backward in (False, True):
        assert seeds("10:00", "12:00", backward=backward) == [("10:00", 1000)]
        assert seeds("12:00", "14:00", backward=backward) == [("12:00", 1000), ("14:00", 600)]


@pytest.mark.parametrize("currency", [None, "CNY", "USD"])
@pytest.mark.parametrize("asked", [{}, {"since": "2024-01-03"}, {"until": "2024-01-03"}])
@pytest.mark.parametrize(
    "which", ["all of one currency", "of two", "unknown among them", "in part, and twice"]
)
def test_many_transfers_are_looked_up_as_one_by_one(
    monkeypatch: pytest.MonkeyPatch, which: str, asked: dict[str, str], currency: str | None
) -> None:
    rows = [
        (
            f"t{i}",
            f"2024-01-{1 + i // 4:02d}T10:{i:02d}:00",
            "A",
            f"B{i % 3}",
            f"{100 + i}",
            "USD" if i % 5 == 0 else "CNY",
        )
        for i in range(20)
    ]
    table = pd.DataFrame(rows, columns=["transfer_id", "time", "source", "target", "amount", "currency"])
    case = gf.Case.from_tables(transfers=table)
    names = [f"transfer:t{i}" for i in range(20) if which != "all of one currency" or i % 5]
    if which == "unknown among them":
        names = [*names[1:5], "transfer:nobody", *names[6:10], "transfer:none=4"]
    if which == "in part, and twice":
        names = [*names[1:5], "transfer:t1=0.50", "transfer:t2", *names[6:10], 'transfer:"t3"=1']
    told = []
    for few in (1, 1000):
        monkeypatch.setattr(references_module, "FEW", few)
        monkeypatch.setattr(seeds_module, "FEW", few)
        try:
            t = gf.trace(case, names, currency=currency, **asked)
        except gf.UsageError as error:
            told.append(("refused", sorted(each.text() for each in error.problems)))
        else:
            told.append((t.seed, t.parameters, t.transfers.to_csv(), t.ends.to_csv()))
    assert told[0] == told[1]
